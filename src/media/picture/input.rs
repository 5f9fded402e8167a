//! The bytes of one picture, inside a file or a tag of it, as a stream for decoders.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use crate::media::reader::{Error, ReadAt};

/// A span of a file, read in order or by jumps. It ends with its span, whatever follows there.
#[derive(Clone)]
pub(super) struct Input<'a> {
    source: &'a dyn ReadAt,
    span: Range<u64>,
    position: u64,
}

impl<'a> Input<'a> {
    /// The bytes of `source` in `span`, from its beginning.
    pub(super) fn new(source: &'a dyn ReadAt, span: Range<u64>) -> Self {
        Self {
            source,
            position: span.start,
            span,
        }
    }

    /// The first twelve bytes, zeros where there are fewer; the position stays.
    pub(super) fn head(&self) -> Result<[u8; 12], Error> {
        let mut head = [0; 12];
        let mut part = self.clone().take(12);
        let mut filled = 0;
        while let Some(rest) = head.get_mut(filled..).filter(|r| !r.is_empty()) {
            match part.read(rest).map_err(|e| io_error(&e))? {
                0 => break,
                n => filled += n,
            }
        }
        Ok(head)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.span.end.saturating_sub(self.position);
        let n = usize::try_from(left).unwrap_or(usize::MAX).min(buf.len());
        let Some(part) = buf.get_mut(..n) else {
            return Ok(0);
        };
        let read = self.source.read_at(part, self.position)?;
        self.position = self.position.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for Input<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(n) => self.span.start.checked_add(n),
            SeekFrom::End(n) => self.span.end.checked_add_signed(n),
            SeekFrom::Current(n) => self.position.checked_add_signed(n),
        };
        self.position = target
            .filter(|t| *t >= self.span.start)
            .ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position.saturating_sub(self.span.start))
    }
}

/// What a decoder's I/O error means to us: decoders report the end of the input that way too.
pub(super) fn io_error(error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Truncated,
        kind => Error::Io(kind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_begins_and_ends_with_its_span() {
        let bytes: &[u8] = &[0, 1, 2, 3, 4, 5];
        let mut input = Input::new(&bytes, 2..5);
        let mut all = Vec::new();
        input.read_to_end(&mut all).unwrap();
        assert_eq!(all, [2, 3, 4]);
        assert_eq!(input.seek(SeekFrom::Start(1)).unwrap(), 1);
        assert_eq!(input.seek(SeekFrom::Current(-1)).unwrap(), 0);
        assert!(input.seek(SeekFrom::Current(-1)).is_err());
        assert_eq!(input.seek(SeekFrom::End(-1)).unwrap(), 2);
        let mut last = [0; 4];
        assert_eq!((input.read(&mut last).unwrap(), last[0]), (1, 4));
    }

    #[test]
    fn a_span_past_the_end_of_the_file_ends_with_the_file() {
        let bytes: &[u8] = &[7, 8];
        let mut all = Vec::new();
        Input::new(&bytes, 1..u64::MAX)
            .read_to_end(&mut all)
            .unwrap();
        assert_eq!(all, [8]);
    }
}
