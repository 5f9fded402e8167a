//! Streams of frames without a header of their own: ADTS, AC-3 and AMR are found and measured alike, and only what a
//! frame looks like differs.

use crate::media::reader::{Error, Reader};

/// Bytes of junk in front of the first frame that are searched.
const JUNK_BYTES: u64 = 64 * 1024;
/// Frames that must follow one another before junk is believed to have ended.
const CHAIN: usize = 3;
/// A stream up to this length is counted frame by frame even if its rate is constant.
const COUNTED_BYTES: u64 = 256 * 1024;
/// Places looked at to prove that a longer stream keeps one rate, and frames compared at each.
const PLACES: u64 = 4;
const FRAMES_PER_PLACE: u32 = 32;
/// Resynchronisations while counting; beyond them the stream is too broken to be counted.
const GAPS: usize = 64;

/// What counting needs to know of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes, header included; never 0.
    pub(super) len: u64,
    /// Samples per channel that it adds to the play time.
    pub(super) samples: u32,
}

/// Looks at the bytes where a frame may start: `None` if there is none.
pub(super) type Look<'l> = &'l dyn Fn(&mut Reader<'_>) -> Result<Option<Step>, Error>;

/// Goes to the first place, from here on, where several frames follow one another; a stream of fewer must end where they
/// do, or stand where it is expected: at the very start.
///
/// # Errors
/// [`Error::Malformed`] with `what` if there is none near; errors of the reader.
pub(super) fn find(r: &mut Reader<'_>, look: Look<'_>, what: &'static str) -> Result<(), Error> {
    let start = r.position();
    while r.remaining() > 0 && r.position() - start < JUNK_BYTES {
        if chained(r, look, r.position() == start)? {
            return Ok(());
        }
        r.skip(1)?;
    }
    Err(Error::Malformed(what))
}

fn chained(r: &Reader<'_>, look: Look<'_>, expected: bool) -> Result<bool, Error> {
    let mut ahead = r.clone();
    for seen in 0..CHAIN {
        if ahead.remaining() == 0 {
            return Ok(seen > 0);
        }
        let Some(step) = at(&ahead, look)? else {
            return Ok(false);
        };
        if ahead.skip(step.len).is_err() {
            // Cut off inside a frame.
            return Ok(expected || seen > 1);
        }
    }
    Ok(true)
}

/// What stands at `r`, which does not move.
fn at(r: &Reader<'_>, look: Look<'_>) -> Result<Option<Step>, Error> {
    let mut ahead = r.clone();
    match look(&mut ahead) {
        Err(Error::Truncated) => Ok(None),
        found => Ok(found?.filter(|step| step.len > 0)),
    }
}

/// As [`count`], but a long stream whose frames are alike at several places goes by its length: for codings that mostly
/// have a constant rate.
///
/// # Errors
/// Of the reader.
pub(super) fn measure(r: &mut Reader<'_>, look: Look<'_>) -> Result<u64, Error> {
    if r.remaining() > COUNTED_BYTES
        && let Some((bytes, samples)) = alike(r, look)?
    {
        let all = u128::from(r.remaining()) * u128::from(samples) / u128::from(bytes);
        return Ok(u64::try_from(all).unwrap_or(0));
    }
    count(r, look)
}

/// Bytes and samples of the frames looked at, if all are of one length, give or take the two bytes by which a rate that
/// does not divide is kept (44.1 kHz). `r` does not move.
fn alike(r: &Reader<'_>, look: Look<'_>) -> Result<Option<(u64, u64)>, Error> {
    let (mut bytes, mut samples) = (0, 0);
    let mut first = None;
    for place in 0..PLACES {
        let mut there = r.clone();
        there.skip(r.remaining() / PLACES * place)?;
        match find(&mut there, look, "junk") {
            Err(Error::Malformed(_)) => return Ok(None),
            found => found?,
        }
        for _ in 0..FRAMES_PER_PLACE {
            let Some(step) = at(&there, look)? else {
                return Ok(None);
            };
            let first = *first.get_or_insert(step);
            if step.len.abs_diff(first.len) > 2 || step.samples != first.samples {
                return Ok(None);
            }
            bytes += step.len;
            samples += u64::from(step.samples);
            if there.skip(step.len).is_err() {
                return Ok(None);
            }
        }
    }
    Ok((bytes > 0).then_some((bytes, samples)))
}

/// Samples of all whole frames from here to the end, over gaps of junk too. When the budget ends first, the rest is taken
/// to be like what was counted: by then that is megabytes, and the error a few seconds.
///
/// # Errors
/// Of the reader.
pub(super) fn count(r: &mut Reader<'_>, look: Look<'_>) -> Result<u64, Error> {
    let (start, whole) = (r.position(), r.remaining());
    let (mut samples, mut gaps) = (0_u64, 0);
    while r.remaining() > 0 {
        match at(r, look) {
            Ok(Some(step)) => {
                if r.skip(step.len).is_err() {
                    break; // the last one is cut off
                }
                samples = samples.saturating_add(u64::from(step.samples));
            }
            Ok(None) => {
                gaps += 1;
                r.skip(1)?;
                if gaps > GAPS || find(r, look, "junk").is_err() {
                    break;
                }
            }
            Err(Error::Limit) => {
                let seen = u128::from(r.position().saturating_sub(start).max(1));
                let all = u128::from(samples) * u128::from(whole) / seen;
                return Ok(u64::try_from(all).unwrap_or(0));
            }
            Err(e) => return Err(e),
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    /// A frame is `F` and its length.
    fn look(r: &mut Reader<'_>) -> Result<Option<Step>, Error> {
        let [name, len] = r.array()?;
        Ok((name == b'F').then_some(Step {
            len: u64::from(len),
            samples: 10,
        }))
    }

    fn counted(bytes: &[u8]) -> Result<u64, Error> {
        let source = Source::new(&bytes, bytes.len() as u64);
        let mut r = Reader::new(&source);
        find(&mut r, &look, "test")?;
        count(&mut r, &look)
    }

    #[test]
    fn frames_are_counted_over_junk_and_a_cut_one_is_not() {
        assert_eq!(counted(b"F\x02F\x03_F\x02"), Ok(30));
        assert_eq!(
            counted(b"junk F F\x02F\x02F\x02 gap F\x02F\x02F\x02"),
            Ok(60)
        );
        assert_eq!(counted(b"F\x02F\x09___"), Ok(10));
        assert_eq!(counted(b"F\x02"), Ok(10));
    }

    #[test]
    fn a_constant_rate_goes_by_length_and_another_is_counted() {
        let measured = |bytes: &[u8]| {
            let source = Source::new(&bytes, bytes.len() as u64);
            let samples = measure(&mut Reader::new(&source), &look);
            (samples, source.spent())
        };
        let alike = b"F\x04__F\x06____".repeat(100_000);
        let (samples, spent) = measured(&alike);
        assert_eq!(samples, Ok(2_000_000));
        assert!(spent < 100_000, "{spent}");
        let mut uneven = b"F\x04__".repeat(100_000);
        uneven.extend(b"F\x08______".repeat(100_000));
        assert_eq!(measured(&uneven).0, Ok(2_000_000));
    }

    #[test]
    fn what_has_no_frames_is_refused() {
        let silence = vec![0; 70_000];
        for bytes in [b"".as_slice(), b"F", b"F\0F\0F\0", b"nothing", &silence] {
            assert_eq!(counted(bytes), Err(Error::Malformed("test")));
        }
    }

    #[test]
    fn endless_frames_are_extrapolated() {
        let bytes = b"F\x04__".repeat(4_000_000);
        let found = counted(&bytes).unwrap();
        assert!((39_000_000..41_000_000).contains(&found), "{found}");
    }
}
