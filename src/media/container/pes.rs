//! PES packets, in which transport and program streams carry their elementary streams (ISO/IEC 13818-1 §2.4.3.6, 11172-1
//! §2.4.3.3), and their time stamps of 33 bits at 90 kHz.

pub(super) mod seek;

use std::time::Duration;

/// A time stamp in ticks of 90 kHz, modulo 2^33.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp(pub(super) u64);

pub(super) const MODULUS: u64 = 1 << 33;

impl Stamp {
    /// Of a clock that does not go round.
    pub(super) fn at(time: Duration) -> Self {
        Self(crate::media::seek::units(time, 90_000) % MODULUS)
    }

    /// Five bytes: 4 bits of mark, 3 of stamp, 1, 15, 1, 15, 1.
    fn read(bytes: &[u8]) -> Option<Self> {
        let five: &[u8; 5] = bytes.first_chunk()?;
        let [high, rest @ ..] = five.map(u64::from);
        let marked = high & rest[1] & rest[3] & 1 == 1;
        marked.then_some(Self(
            ((high >> 1) & 7) << 30
                | rest[0] << 22
                | (rest[1] >> 1) << 15
                | rest[2] << 7
                | rest[3] >> 1,
        ))
    }

    /// Time from `earlier` to here, across the wrap after 26.5 hours; `None` for more than a day: the clock has jumped.
    pub(super) fn since(self, earlier: Self) -> Option<Duration> {
        let ticks = (self.0 + MODULUS - earlier.0) % MODULUS;
        Some(Duration::from_nanos(ticks * 100_000 / 9))
            .filter(|d| *d <= Duration::from_secs(86_400))
    }

    /// The moment so many nanoseconds later.
    pub(super) fn after(self, nanos: u64) -> Self {
        let ticks = u128::from(nanos) * 9 / 100_000;
        let ticks = u64::try_from(ticks % u128::from(MODULUS)).unwrap_or(0);
        Self((self.0 + ticks) % MODULUS)
    }

    /// Whether it lies before `other`, the shorter way round.
    fn before(self, other: Self) -> bool {
        let ahead = (other.0 + MODULUS - self.0) % MODULUS;
        ahead != 0 && ahead < MODULUS / 2
    }
}

/// The earliest and the latest stamp seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stamps {
    pub(super) first: Option<Stamp>,
    pub(super) last: Option<Stamp>,
    pub(super) count: u32,
    /// The last few, in the order of decoding.
    recent: [Option<Stamp>; 4],
    /// The least distance of any two near one another, in ticks.
    gap: Option<u64>,
}

impl Stamps {
    pub(super) fn add(&mut self, stamp: Stamp) {
        let distance = |other: &Stamp| {
            let ahead = (stamp.0 + MODULUS - other.0) % MODULUS;
            ahead.min(MODULUS - ahead)
        };
        let nearest = self
            .recent
            .iter()
            .flatten()
            .map(distance)
            .filter(|d| *d > 0)
            .min();
        self.gap = self.gap.into_iter().chain(nearest).min();
        self.recent.rotate_right(1);
        if let Some(newest) = self.recent.first_mut() {
            *newest = Some(stamp);
        }
        self.count = self.count.saturating_add(1);
        // Pictures come in the order of decoding, not a second apart from that of showing; more is a jump of the clock.
        let earlier =
            |first: Stamp| stamp.before(first) && (first.0 + MODULUS - stamp.0) % MODULUS < 90_000;
        if self.first.is_none_or(earlier) {
            self.first = Some(stamp);
        }
        if self.last.is_none_or(|last| last.before(stamp)) {
            self.last = Some(stamp);
        }
    }
}

/// What stands in front of a packet's payload.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Header {
    pub(super) stamp: Option<Stamp>,
    /// Bytes of the whole header, from the start code on.
    pub(super) len: usize,
}

/// Reads the header of a packet that starts with `00 00 01`, stream, length; MPEG-2's form, else MPEG-1's. `None` if it is
/// none, or if `bytes` end inside it.
pub(super) fn header(bytes: &[u8]) -> Option<Header> {
    let &[0, 0, 1, stream, _, _, first, ..] = bytes else {
        return None;
    };
    // Padding, maps, private stream 2 and the like have no header at all (§2.4.3.7).
    if matches!(
        stream,
        0xBC | 0xBE | 0xBF | 0xF0 | 0xF1 | 0xF2 | 0xF8 | 0xFF
    ) {
        return Some(Header {
            stamp: None,
            len: 6,
        });
    }
    if first & 0xC0 != 0x80 {
        return mpeg1(bytes);
    }
    let (flags, rest) = (*bytes.get(7)?, usize::from(*bytes.get(8)?));
    let stamp = if flags & 0x80 != 0 {
        Stamp::read(bytes.get(9..)?)
    } else {
        None
    };
    Some(Header {
        stamp,
        len: 9 + rest,
    })
}

/// Stuffing, a buffer size, then `0010` with one stamp, `0011` with two, or `0000 1111`.
fn mpeg1(bytes: &[u8]) -> Option<Header> {
    const STUFFING: usize = 16;
    let mut at = 6;
    while *bytes.get(at)? == 0xFF {
        at += 1;
        if at > 6 + STUFFING {
            return None;
        }
    }
    if *bytes.get(at)? & 0xC0 == 0x40 {
        at += 2;
    }
    let stamp = || Stamp::read(bytes.get(at..)?);
    match *bytes.get(at)? >> 4 {
        2 => Some(Header {
            stamp: stamp(),
            len: at + 5,
        }),
        3 => Some(Header {
            stamp: stamp(),
            len: at + 10,
        }),
        0 => Some(Header {
            stamp: None,
            len: at + 1,
        }),
        _ => None,
    }
}

/// From the first to the last stamp, and the time of one more picture: that given, else the least distance of two stamps.
pub(super) fn play_time(
    head: &Stamps,
    tail: &Stamps,
    picture_nanos: Option<u64>,
) -> Option<Duration> {
    const SLOWEST_TICKS: u64 = 90_000 / 10;
    let gap = head.gap.filter(|g| *g <= SLOWEST_TICKS);
    let picture_nanos = picture_nanos.or(gap.map(|g| g * 100_000 / 9));
    let first = head.first?;
    let span = tail.last.or(head.last)?.since(first)?;
    Some(span.saturating_add(Duration::from_nanos(picture_nanos.unwrap_or(0))))
        .filter(|d| !d.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMPED: &[u8] = &[
        0, 0, 1, 0xE0, 0, 0, 0x80, 0x80, 5, // MPEG-2, a stamp follows
        0x21, 0x00, 0x05, 0xBF, 0x21, // 90000
        0xAA,
    ];

    #[test]
    fn both_forms_have_a_stamp() {
        assert_eq!(
            header(STAMPED),
            Some(Header {
                stamp: Some(Stamp(90_000)),
                len: 14
            })
        );
        let old = [
            0, 0, 1, 0xC0, 0, 9, 0xFF, 0xFF, 0x60, 0x20, 0x21, 0x00, 0x05, 0xBF, 0x21, 0xAA,
        ];
        assert_eq!(
            header(&old),
            Some(Header {
                stamp: Some(Stamp(90_000)),
                len: 15
            })
        );
        assert_eq!(
            header(&[0, 0, 1, 0xC0, 0, 9, 0x0F]),
            Some(Header {
                stamp: None,
                len: 7
            })
        );
        assert_eq!(header(&[0, 0, 1, 0xBE, 0, 9, 0xFF]).unwrap().len, 6);
    }

    #[test]
    fn prefixes_and_nonsense_are_none() {
        for n in 0..14 {
            assert!(
                header(&STAMPED[..n]).is_none_or(|h| h.stamp.is_none()),
                "{n}"
            );
        }
        assert_eq!(header(&[0, 0, 1, 0xC0, 0, 0, 0xFF, 0xFF]), None);
        assert_eq!(header(&[0; 20]), None);
    }

    #[test]
    fn time_goes_on_across_the_wrap_and_not_across_a_jump() {
        let (late, early) = (Stamp(MODULUS - 90_000), Stamp(45_000));
        assert_eq!(early.since(late), Some(Duration::from_millis(1500)));
        assert_eq!(late.since(early), None);
        let mut stamps = Stamps::default();
        for stamp in [late, early, Stamp(MODULUS - 1)] {
            stamps.add(stamp);
        }
        assert_eq!(
            (stamps.first, stamps.last, stamps.count),
            (Some(late), Some(early), 3)
        );
        let whole = play_time(&stamps, &Stamps::default(), Some(500_000_000));
        assert_eq!(whole, Some(Duration::from_secs(2)));
        assert_eq!(stamps.gap, Some(45_001));
        assert_eq!(play_time(&Stamps::default(), &stamps, None), None);
    }
}
