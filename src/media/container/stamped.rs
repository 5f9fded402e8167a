//! Times in files that have no index but tell the time all along: guesses at the place, each judged by the time stamps near it, then back to a key
//! frame.

use std::time::Duration;

use super::pes::{MODULUS, Stamp};
use crate::media::reader::Error;
use crate::media::seek::{self, Around, Place, proportion};

/// Ticks of a second.
const TICKS: u32 = 90_000;
/// Guesses at the place of a time, the later ones by halves.
const GUESSES: u32 = 20;
const CLEVER_GUESSES: u32 = 6;
/// Bytes searched for a stamp from each guess on. Beyond it: there is none there.
const STAMP_BYTES: u64 = 2 * 1024 * 1024;
/// Bytes searched at a time for key frames, and how many such blocks on each side.
const BLOCK: u64 = 512 * 1024;
const BLOCKS: u32 = 12;
/// Stamps this long before the first one are early pictures, not late ones.
const EARLY_TICKS: u64 = 90_000 * 60;

/// The start of a picture, or of a packet of sound where there are none.
#[derive(Clone, Copy)]
pub(super) struct Picture {
    /// From where a decoder can be fed.
    pub(super) at: u64,
    pub(super) stamp: Stamp,
    pub(super) is_key: bool,
}

/// Shows the pictures that start between two places to the last argument, until that says false.
pub(super) type Scan<'s> =
    &'s mut dyn FnMut(u64, u64, &mut dyn FnMut(Picture) -> bool) -> Result<(), Error>;

/// The key frames on both sides of `time` in a file of `len` bytes and `whole` play time.
///
/// # Errors
/// Of `scan`.
pub(super) fn around(
    len: u64,
    time: Duration,
    whole: Duration,
    scan: Scan<'_>,
) -> Result<Option<Around>, Error> {
    let mut first = None;
    scan(0, len.min(STAMP_BYTES), &mut |picture| {
        first = Some(picture.stamp);
        false
    })?;
    let Some(first) = first else {
        return Ok(None);
    };
    let wanted = seek::units(time, TICKS);
    let guess = Guess {
        first,
        wanted,
        time,
        whole,
    };
    let (low, high) = guess.narrow(len, scan)?;
    let (before, after) = guess.keys(len, high, scan)?;
    let place = |(offset, ticks): (u64, u64)| Place {
        offset,
        time: seek::time(ticks, TICKS),
    };
    Ok(Some(Around {
        before: before.or(low).map_or(Place::START, place),
        after: after.map(place),
    }))
}

struct Guess {
    first: Stamp,
    /// Ticks after the first stamp.
    wanted: u64,
    time: Duration,
    whole: Duration,
}

/// A place and its ticks after the first stamp.
type Spot = (u64, u64);

impl Guess {
    fn ticks(&self, stamp: Stamp) -> u64 {
        let ticks = (stamp.0 + MODULUS - self.first.0) % MODULUS;
        if MODULUS - ticks <= EARLY_TICKS {
            0
        } else {
            ticks
        }
    }

    /// The last picture known to be in front of the time, and a place near behind it.
    fn narrow(&self, len: u64, scan: Scan<'_>) -> Result<(Option<Spot>, u64), Error> {
        let (mut low, mut high) = (None, len);
        let mut high_ticks = seek::units(self.whole, TICKS);
        let mut from = proportion(self.time, self.whole, len);
        for guess in 0..GUESSES {
            let (bottom, ticks) = low.unwrap_or((0, 0));
            if high.saturating_sub(bottom) <= BLOCK / 2 {
                break;
            }
            from = from.clamp(bottom + 1, high - 1);
            let mut found = None;
            let to = high.min(from.saturating_add(STAMP_BYTES));
            scan(from, to, &mut |picture| {
                found = Some((picture.at, self.ticks(picture.stamp)));
                false
            })?;
            let (mut low_ticks, mut low_at) = (ticks, bottom);
            match found {
                Some((at, ticks)) if ticks <= self.wanted => {
                    // Places go on, so that the search comes to its end.
                    (low_at, low_ticks) = (at.max(from), ticks);
                    low = Some((low_at, ticks));
                }
                Some((_, ticks)) => (high, high_ticks) = (from, ticks),
                None => high = from,
            }
            from = low_at + high.saturating_sub(low_at) / 2;
            if guess < CLEVER_GUESSES && high_ticks > low_ticks {
                let part = self
                    .wanted
                    .saturating_sub(low_ticks)
                    .min(high_ticks - low_ticks);
                let bytes = seek::share(part, high_ticks - low_ticks, high.saturating_sub(low_at));
                from = low_at.saturating_add(bytes);
            }
        }
        Ok((low, high))
    }

    /// The last key frame at or before the time, from a little behind `high` backwards, and the first one behind it.
    fn keys(
        &self,
        len: u64,
        high: u64,
        scan: Scan<'_>,
    ) -> Result<(Option<Spot>, Option<Spot>), Error> {
        let (mut before, mut after): (Option<Spot>, Option<Spot>) = (None, None);
        // Pictures are stored in the order of decoding: one behind may be shown before.
        let middle = high.saturating_add(BLOCK).min(len);
        let mut to = middle;
        for _ in 0..BLOCKS {
            let from = to.saturating_sub(BLOCK);
            let mut later = None;
            let outcome = scan(from, to, &mut |picture| {
                let spot = (picture.at, self.ticks(picture.stamp));
                if picture.is_key && spot.1 <= self.wanted {
                    (before, later) = (Some(spot), None);
                } else if picture.is_key {
                    later = later.or(Some(spot));
                }
                true
            });
            match outcome {
                Err(Error::Limit) => break,
                outcome => outcome?,
            }
            after = later.or(after);
            if before.is_some() || from == 0 {
                break;
            }
            to = from;
        }
        let mut from = middle;
        for _ in 0..BLOCKS {
            if after.is_some() || from >= len {
                break;
            }
            let to = from.saturating_add(BLOCK).min(len);
            let outcome = scan(from, to, &mut |picture| {
                let ticks = self.ticks(picture.stamp);
                if picture.is_key && ticks > self.wanted {
                    after = Some((picture.at, ticks));
                }
                after.is_none()
            });
            match outcome {
                Err(Error::Limit) => break,
                outcome => outcome?,
            }
            from = to;
        }
        Ok((before, after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of one picture in every 1,000 bytes and 3,600 ticks, each tenth a key frame; its clock wraps in the middle.
    fn scan_of(
        pictures: u64,
        first: u64,
    ) -> impl FnMut(u64, u64, &mut dyn FnMut(Picture) -> bool) -> Result<(), Error> {
        move |from, to, visit| {
            for n in from.div_ceil(1000)..to.div_ceil(1000).min(pictures) {
                let picture = Picture {
                    at: n * 1000,
                    stamp: Stamp((first + n * 3600) % MODULUS),
                    is_key: n % 10 == 0,
                };
                if !visit(picture) {
                    break;
                }
            }
            Ok(())
        }
    }

    #[test]
    fn the_key_frames_on_both_sides_are_found_across_the_wrap() {
        let pictures = 100_000;
        let whole = Duration::from_millis(40 * pictures);
        for first in [0, MODULUS - 1000, MODULUS - 50_000 * 3600] {
            for millis in [0, 39, 40, 399, 400, 401, 1_234_567, 3_999_960] {
                let time = Duration::from_millis(millis);
                let mut scan = scan_of(pictures, first);
                let found = around(pictures * 1000, time, whole, &mut scan)
                    .unwrap()
                    .unwrap();
                let key = millis / 400;
                assert_eq!(found.before.offset, key * 10_000, "{first} {millis}");
                assert_eq!(found.before.time, Duration::from_millis(key * 400));
                let next = (key + 1) * 10_000;
                let after = found.after.map(|place| place.offset);
                assert_eq!(after, (next < pictures * 1000).then_some(next), "{millis}");
            }
        }
    }

    #[test]
    fn without_stamps_or_keys_there_is_little_to_go_by() {
        let none = around(1000, Duration::ZERO, Duration::MAX, &mut |_, _, _| Ok(()));
        assert_eq!(none, Ok(None));
        let mut scan = scan_of(100_000, 7);
        let mut blind = |from, to, visit: &mut dyn FnMut(Picture) -> bool| {
            scan(from, to, &mut |picture| {
                visit(Picture {
                    is_key: false,
                    ..picture
                })
            })
        };
        let time = Duration::from_secs(2000);
        let whole = Duration::from_secs(4000);
        let found = around(100_000_000, time, whole, &mut blind)
            .unwrap()
            .unwrap();
        assert!(found.before.time <= time && found.before.time > Duration::from_secs(1960));
    }
}
