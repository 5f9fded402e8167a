//! Bits from the top of each byte, and the Exp-Golomb numbers of H.264 and HEVC (ITU-T H.264 §9.1).

/// A position between the bits of a byte string. Every read past the end is `None`; nothing is read after one.
#[derive(Clone, Debug)]
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    /// Bits already taken from the first of `bytes`.
    used: u32,
}

impl<'a> Bits<'a> {
    /// Stands in front of the first bit.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, used: 0 }
    }

    /// The next `n` bits, at most 32, as a number.
    pub(crate) fn take(&mut self, n: u32) -> Option<u32> {
        let mut value = 0_u32;
        for _ in 0..n.min(32) {
            value = (value << 1) | self.bit()?;
        }
        Some(value)
    }

    /// The next `n` bits, at most 8.
    pub(crate) fn take_u8(&mut self, n: u32) -> Option<u8> {
        u8::try_from(self.take(n.min(8))?).ok()
    }

    /// One bit.
    pub(crate) fn flag(&mut self) -> Option<bool> {
        self.bit().map(|bit| bit == 1)
    }

    /// Passes over `n` bits.
    pub(crate) fn skip(&mut self, n: u32) -> Option<()> {
        let to = self.used.checked_add(n)?;
        self.bytes = self.bytes.get(usize::try_from(to / 8).ok()?..)?;
        self.used = to % 8;
        (self.used == 0 || !self.bytes.is_empty()).then_some(())
    }

    /// An unsigned Exp-Golomb number below 2^32 - 1.
    pub(crate) fn unsigned(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.bit()? == 0 {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        self.take(zeros).map(|rest| ((1 << zeros) - 1) + rest)
    }

    /// A signed Exp-Golomb number (H.264 §9.1.1).
    pub(crate) fn signed(&mut self) -> Option<i64> {
        let code = i64::from(self.unsigned()?);
        Some(if code % 2 == 0 {
            -(code / 2)
        } else {
            code / 2 + 1
        })
    }

    fn bit(&mut self) -> Option<u32> {
        let (first, rest) = self.bytes.split_first()?;
        let bit = (first >> (7 - self.used)) & 1;
        self.used += 1;
        if self.used == 8 {
            (self.bytes, self.used) = (rest, 0);
        }
        Some(u32::from(bit))
    }
}

/// A NAL unit's payload without the bytes that keep start codes out of it (H.264 §7.4.1.1).
pub(crate) fn unescaped(nal: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(nal.len());
    let mut zeros = 0;
    for byte in nal {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        out.push(*byte);
    }
    out
}

/// The units between start codes `00 00 01` (H.264 annex B; MPEG-2 has the same), each from the byte behind its code. The
/// last one goes on to the end of `bytes`, wherever that cuts it.
pub(crate) fn units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = after_start_code(bytes);
    std::iter::from_fn(move || {
        let unit = rest?;
        rest = after_start_code(unit);
        let end = rest.map_or(unit.len(), |next| unit.len() - next.len() - 3);
        unit.get(..end)
    })
}

fn after_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(3).position(|w| w == [0, 0, 1])?;
    bytes.get(at + 3..)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes what [`Bits`] reads.
    #[derive(Default)]
    pub(crate) struct Writer(Vec<bool>);

    impl Writer {
        /// `n` bits of `value`.
        pub(crate) fn put(mut self, n: u32, value: u32) -> Self {
            self.0
                .extend((0..n).rev().map(|bit| (value >> bit) & 1 == 1));
            self
        }

        /// Unsigned Exp-Golomb numbers.
        pub(crate) fn golomb(self, values: &[u32]) -> Self {
            values.iter().fold(self, |w, value| {
                let bits = 32 - (value + 1).leading_zeros();
                w.put(bits - 1, 0).put(bits, value + 1)
            })
        }

        /// Filled up with zeros.
        pub(crate) fn bytes(self) -> Vec<u8> {
            let byte = |bits: &[bool]| {
                bits.iter()
                    .zip((0..8).rev())
                    .fold(0, |sum, (bit, place)| sum | u8::from(*bit) << place)
            };
            self.0.chunks(8).map(byte).collect()
        }
    }

    #[test]
    fn bits_come_from_the_top_and_end() {
        let mut bits = Bits::new(&[0b1010_0101, 0xFF]);
        assert_eq!(
            (bits.take(3), bits.flag(), bits.take(6)),
            (Some(5), Some(false), Some(0b01_0111))
        );
        assert_eq!(
            (bits.skip(6), bits.take(1), bits.skip(1)),
            (Some(()), None, None)
        );
        assert_eq!(Bits::new(&[0; 8]).take(32), Some(0));
    }

    #[test]
    fn golomb_numbers_are_those_of_the_standard() {
        // 1 010 011 00100 00101: 0 1 2 3 4
        let bytes = [0b1010_0110, 0b0100_0010, 0b1000_0000];
        let mut bits = Bits::new(&bytes);
        let found: Vec<_> = (0..5).map_while(|_| bits.unsigned()).collect();
        assert_eq!(found, [0, 1, 2, 3, 4]);
        let mut bits = Bits::new(&bytes);
        let found: Vec<_> = (0..5).map_while(|_| bits.signed()).collect();
        assert_eq!(found, [0, 1, -1, 2, -2]);
        assert_eq!(Bits::new(&[0; 9]).unsigned(), None);
        assert_eq!(Bits::new(&[1]).unsigned(), None);
    }

    #[test]
    fn escapes_are_taken_out() {
        assert_eq!(unescaped(&[0, 0, 3, 1, 0, 0, 0, 3]), [0, 0, 1, 0, 0, 0]);
        assert_eq!(unescaped(&[]), []);
    }

    #[test]
    fn units_lie_between_start_codes() {
        let found: Vec<_> = units(&[9, 0, 0, 1, 7, 8, 0, 0, 1, 0, 0, 1, 5]).collect();
        assert_eq!(found, [[7, 8].as_slice(), &[], &[5]]);
        assert_eq!(units(&[0, 0]).count(), 0);
    }
}
