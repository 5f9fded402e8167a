//! The bytes of a JPEG: marker segments, and the bits of its Huffman-coded scans (ITU-T T.81 annexes B, C, F.2.2).

use std::io::{BufRead, BufReader};

use super::super::input::{Input, io_error};
use crate::media::reader::Error;

/// Bits looked up at once; longer codes are rare.
const QUICK_BITS: u32 = 9;

/// A Huffman table (T.81 annex C, annex F.2.2.3).
pub(super) struct Table {
    /// By the next [`QUICK_BITS`] bits: the code's length in bits and its symbol; length 0 if the code is longer.
    quick: Vec<(u8, u8)>,
    /// By length - 1: the first 16 bits that lie behind all codes of this length, and what turns a code into the index
    /// of its symbol.
    longer: [(u32, u32); 16],
    symbols: Vec<u8>,
}

impl Table {
    /// Reads the counts of codes of 1 to 16 bits, and their symbols (T.81 §B.2.4.2).
    ///
    /// # Errors
    /// [`Error::Malformed`] if there are more codes than a length allows.
    pub(super) fn read(stream: &mut Stream<'_>) -> Result<Self, Error> {
        let mut counts = [0; 16];
        for count in &mut counts {
            *count = stream.byte()?;
        }
        let total: usize = counts.iter().map(|c| usize::from(*c)).sum();
        if total > 256 {
            return Err(Error::Malformed("Huffman table"));
        }
        let mut symbols = vec![0; total];
        for symbol in &mut symbols {
            *symbol = stream.byte()?;
        }
        Self::new(counts, symbols)
    }

    fn new(counts: [u8; 16], symbols: Vec<u8>) -> Result<Self, Error> {
        let mut quick = vec![(0, 0); 1 << QUICK_BITS];
        let mut longer = [(0, 0); 16];
        let (mut code, mut index) = (0_u32, 0_u32);
        for ((bits, count), row) in (1_u8..).zip(counts).zip(&mut longer) {
            code <<= 1;
            let (first, end) = (code, code + u32::from(count));
            if end > 1 << bits {
                return Err(Error::Malformed("Huffman table"));
            }
            *row = (end << (16 - bits), index.wrapping_sub(first));
            for (code, symbol) in (first..end).zip(symbols.iter().skip(index as usize)) {
                fill_quick(&mut quick, code, bits, *symbol);
            }
            code = end;
            index += u32::from(count);
        }
        Ok(Self {
            quick,
            longer,
            symbols,
        })
    }

    /// Bytes it takes in its segment, counts and symbols.
    pub(super) fn length(&self) -> u16 {
        u16::try_from(16 + self.symbols.len()).unwrap_or(u16::MAX)
    }

    /// The length and the symbol of the code that begins these 16 bits.
    fn look_up(&self, next: u32) -> Option<(u32, u8)> {
        let at = (next >> (16 - QUICK_BITS)) as usize;
        match self.quick.get(at) {
            Some((bits, symbol)) if *bits > 0 => Some((u32::from(*bits), *symbol)),
            _ => self.look_up_longer(next),
        }
    }

    fn look_up_longer(&self, next: u32) -> Option<(u32, u8)> {
        let rows = (1_u32..).zip(&self.longer);
        let (bits, (_, shift)) = rows.into_iter().find(|(_, (end, _))| next < *end)?;
        let index = (next >> (16 - bits)).wrapping_add(*shift);
        Some((bits, *self.symbols.get(index as usize)?))
    }
}

/// Enters a code under all bits that begin with it.
fn fill_quick(quick: &mut [(u8, u8)], code: u32, bits: u8, symbol: u8) {
    if let Some(rest) = QUICK_BITS.checked_sub(u32::from(bits)) {
        let start = (code << rest) as usize;
        let rows = quick.iter_mut().skip(start).take(1 << rest);
        rows.for_each(|row| *row = (bits, symbol));
    }
}

/// The bytes of one JPEG, and the bits of the scan at hand.
pub(super) struct Stream<'a> {
    reader: BufReader<Input<'a>>,
    /// Bits read ahead, the next one at the top, zeros behind the last.
    held: u32,
    count: u32,
    /// The marker at which the bits of a scan ended.
    marker: Option<u8>,
    /// The input ended inside a scan.
    ended: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn new(input: Input<'a>) -> Self {
        Self {
            reader: BufReader::with_capacity(16 * 1024, input),
            held: 0,
            count: 0,
            marker: None,
            ended: false,
        }
    }

    /// One byte, as it is.
    pub(super) fn byte(&mut self) -> Result<u8, Error> {
        let buffer = self.reader.fill_buf().map_err(|e| io_error(&e))?;
        let byte = *buffer.first().ok_or(Error::Truncated)?;
        self.reader.consume(1);
        Ok(byte)
    }

    /// Two bytes, big-endian.
    pub(super) fn word(&mut self) -> Result<u16, Error> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    /// Passes over `n` bytes.
    pub(super) fn skip(&mut self, n: u16) -> Result<(), Error> {
        (0..n).try_for_each(|_| self.byte().map(drop))
    }

    /// The next marker's second byte; whatever stands before it is passed over, as cameras leave bytes there.
    pub(super) fn next_marker(&mut self) -> Result<u8, Error> {
        (self.held, self.count) = (0, 0);
        if let Some(marker) = self.marker.take() {
            return Ok(marker);
        }
        loop {
            while self.byte()? != 0xFF {}
            let mut byte = self.byte()?;
            while byte == 0xFF {
                byte = self.byte()?;
            }
            if byte != 0 {
                return Ok(byte);
            }
        }
    }

    /// Passes over a restart marker (T.81 §F.2.1.3.1).
    pub(super) fn restart(&mut self) -> Result<(), Error> {
        match self.next_marker()? {
            0xD0..=0xD7 => Ok(()),
            _ => Err(Error::Malformed("restart")),
        }
    }

    /// The next `n` bits, 16 at most.
    pub(super) fn bits(&mut self, n: u32) -> Result<u32, Error> {
        if n == 0 {
            return Ok(0);
        }
        if self.count < n {
            self.refill()?;
        }
        let bits = self.held.checked_shr(32 - n).unwrap_or(0);
        self.consume(n)?;
        Ok(bits)
    }

    /// The next bit.
    pub(super) fn bit(&mut self) -> Result<bool, Error> {
        Ok(self.bits(1)? == 1)
    }

    /// The next symbol by a table.
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, Error> {
        if self.count < 16 {
            self.refill()?;
        }
        let (bits, symbol) = table
            .look_up(self.held >> 16)
            .ok_or(Error::Malformed("Huffman code"))?;
        self.consume(bits)?;
        Ok(symbol)
    }

    /// A signed value of `n` bits, 15 at most (T.81 §F.2.2.1, EXTEND).
    pub(super) fn value(&mut self, n: u8) -> Result<i32, Error> {
        if n == 0 {
            return Ok(0);
        }
        let n = u32::from(n.min(15));
        let bits = i32::try_from(self.bits(n)?).unwrap_or(0);
        let below = bits < 1 << (n - 1);
        Ok(if below { bits - (1 << n) + 1 } else { bits })
    }

    fn consume(&mut self, n: u32) -> Result<(), Error> {
        self.count = self.count.checked_sub(n).ok_or(if self.ended {
            Error::Truncated
        } else {
            Error::Malformed("scan")
        })?;
        self.held = self.held.checked_shl(n).unwrap_or(0);
        Ok(())
    }

    /// Reads ahead, up to the next marker (T.81 §F.2.2.5).
    fn refill(&mut self) -> Result<(), Error> {
        while self.count <= 24 && self.marker.is_none() && !self.ended {
            let byte = match self.scan_byte() {
                Ok(Some(byte)) => byte,
                Ok(None) => break,
                Err(Error::Truncated) => {
                    self.ended = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            self.held |= u32::from(byte) << (24 - self.count);
            self.count += 8;
        }
        Ok(())
    }

    /// The next byte of a scan; at a marker none, and the marker is kept.
    fn scan_byte(&mut self) -> Result<Option<u8>, Error> {
        let byte = self.byte()?;
        if byte != 0xFF {
            return Ok(Some(byte));
        }
        let mut next = self.byte()?;
        while next == 0xFF {
            next = self.byte()?;
        }
        if next == 0 {
            return Ok(Some(0xFF));
        }
        self.marker = Some(next);
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(bytes: &[u8], f: impl FnOnce(&mut Stream<'_>) -> T) -> T {
        f(&mut Stream::new(Input::new(&bytes, 0..bytes.len() as u64)))
    }

    #[test]
    fn bits_are_read_from_the_top_and_a_stuffed_zero_is_dropped() {
        with(&[0b1010_0000, 0xFF, 0x00, 0x81], |s| {
            assert_eq!((s.bits(3), s.bits(5)), (Ok(0b101), Ok(0)));
            assert_eq!((s.bits(16), s.bits(1)), (Ok(0xFF81), Err(Error::Truncated)));
        });
    }

    #[test]
    fn bits_end_at_a_marker_and_the_marker_comes_next() {
        with(&[0x80, 0xFF, 0xFF, 0xD9], |s| {
            assert_eq!((s.bit(), s.bits(7)), (Ok(true), Ok(0)));
            assert_eq!(s.bit(), Err(Error::Malformed("scan")));
            assert_eq!(
                (s.next_marker(), s.next_marker()),
                (Ok(0xD9), Err(Error::Truncated))
            );
        });
    }

    #[test]
    fn values_are_extended_to_their_sign() {
        // 1 bit: 0 is -1, 1 is 1. 3 bits: 000 is -7, 011 is -4, 100 is 4.
        with(&[0b0100_0011, 0b1000_0000], |s| {
            let values: Vec<_> = [1, 1, 3, 3, 3].map(|n| s.value(n).unwrap()).into();
            assert_eq!(values, [-1, 1, -7, -4, 4]);
            assert_eq!(s.value(0), Ok(0));
        });
    }

    #[test]
    fn codes_short_and_long_give_their_symbols() {
        // One code of 1 bit (0), one of 2 (10), one of 12 (1100 0000 0000).
        let mut counts = [0; 16];
        (counts[0], counts[1], counts[11]) = (1, 1, 1);
        let table = Table::new(counts, vec![7, 8, 9]).unwrap();
        with(&[0b0101_1000, 0b0000_0000, 0b0111_1111, 0xFE, 0xFE], |s| {
            let symbols = [(); 5].map(|()| s.symbol(&table).unwrap());
            assert_eq!(symbols, [7, 8, 9, 7, 7]);
            assert_eq!(s.symbol(&table), Err(Error::Malformed("Huffman code")));
        });
    }

    #[test]
    fn a_table_with_too_many_codes_is_refused() {
        let mut counts = [0; 16];
        counts[0] = 3;
        assert!(Table::new(counts, vec![1, 2, 3]).is_err());
        with(&[255; 600], |s| assert!(Table::read(s).is_err()));
    }
}
