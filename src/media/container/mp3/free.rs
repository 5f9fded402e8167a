//! MPEG audio of a free rate (ISO/IEC 11172-3 §2.4.2.3): the rate is one and the same throughout and stands nowhere, so a
//! frame is as long as it is to the next header.

use super::{Frame, frame_header};
use crate::media::container::frames::{self, Step};
use crate::media::reader::{Error, Reader};

/// Bytes of a frame at most: 640 kbit/s at 32 kHz, and some.
const FRAME_BYTES: usize = 4096;
/// Frames that must follow one another before the distance is believed.
const CHAIN: usize = 5;

/// A stream that has been proved.
pub(super) struct Free {
    /// What its frames have in common; rate and length are not of this stream.
    pub(super) frame: Frame,
    header: [u8; 4],
    /// Bytes of a frame without padding.
    len: u64,
}

/// The stream that starts exactly at `r`, which does not move; `None` if none does.
///
/// # Errors
/// Of the reader.
pub(super) fn find(r: &Reader<'_>) -> Result<Option<Free>, Error> {
    let mut bytes = [0; FRAME_BYTES];
    let read = r.clone().read_some(&mut bytes)?;
    let Some((header, body)) = read.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let Some(frame) = common(*header) else {
        return Ok(None);
    };
    for (distance, next) in (4..).zip(body.windows(4)) {
        if !matches!(next, [a, b, c, _] if same(*header, [*a, *b, *c])) {
            continue;
        }
        let free = Free {
            frame,
            header: *header,
            len: distance - padding(*header, &frame),
        };
        if free.holds(r)? {
            return Ok(Some(free));
        }
    }
    Ok(None)
}

impl Free {
    /// Whole frames from `r` on.
    ///
    /// # Errors
    /// Of the reader.
    pub(super) fn count(&self, r: &mut Reader<'_>) -> Result<u64, Error> {
        let look = |r: &mut Reader<'_>| Ok(self.step(r.array()?));
        frames::count(r, &look)
    }

    fn step(&self, header: [u8; 4]) -> Option<Step> {
        let [a, b, c, _] = header;
        same(self.header, [a, b, c]).then(|| Step {
            len: self.len + padding(header, &self.frame),
            samples: self.frame.samples,
        })
    }

    fn holds(&self, r: &Reader<'_>) -> Result<bool, Error> {
        let mut ahead = r.clone();
        for _ in 0..CHAIN {
            if ahead.remaining() < 4 {
                return Ok(false);
            }
            let Some(step) = self.step(ahead.array()?) else {
                return Ok(false);
            };
            if ahead.skip(step.len.saturating_sub(4)).is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Read as if the rate were the lowest; `None` if the header states one.
fn common([sync, version, rates, mode]: [u8; 4]) -> Option<Frame> {
    const LOWEST_RATE: u8 = 0x10;
    (rates >> 4 == 0)
        .then(|| frame_header([sync, version, rates | LOWEST_RATE, mode]))
        .flatten()
}

/// All but the padding bit, and the mode, which may change.
fn same(header: [u8; 4], [a, b, c]: [u8; 3]) -> bool {
    const PADDING: u8 = 0x02;
    let [first_a, first_b, first_c, _] = header;
    (a, b, c & !PADDING & !1) == (first_a, first_b, first_c & !PADDING & !1)
}

fn padding([_, _, rates, _]: [u8; 4], frame: &Frame) -> u64 {
    let slot = if frame.layer == 1 { 4 } else { 1 };
    slot * u64::from((rates >> 1) & 1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::media::container::mp3::read;
    use crate::media::container::testing::{parse, survives};

    /// Layer III, 32 kHz, mono, 500 bytes and one of padding in every second.
    fn stream(frames: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for n in 0..frames {
            let padded = n % 2;
            bytes.extend([0xFF, 0xFB, if padded == 1 { 0x0A } else { 0x08 }, 0xC0]);
            bytes.resize(bytes.len() + 496 + padded, 0x55);
        }
        bytes
    }

    #[test]
    fn frames_of_a_free_rate_are_counted() {
        let bytes = [
            b"ID3\x03\0\0\0\0\0\x0FTIT2\0\0\0\x05\0\0\x03Name".to_vec(),
            stream(250),
        ]
        .concat();
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(9)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.profile),
            (Some(32_000), Some(1), None)
        );
        assert_eq!(media.title.as_deref(), Some("Name"));
    }

    #[test]
    fn a_distance_that_does_not_hold_is_not_believed() {
        survives(read, &stream(8));
        assert!(parse(read, &stream(4)).1.is_err());
        let mut bytes = stream(6);
        bytes.remove(1200);
        assert!(parse(read, &bytes).1.is_err());
        assert!(
            parse(read, &[0xFF, 0xFB, 0x08, 0xC0].repeat(3000))
                .0
                .duration
                .is_none_or(|d| !d.is_zero())
        );
    }
}
