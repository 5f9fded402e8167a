//! A bounded, buffered look at a file's bytes; the only door through which `media/` sees a file.
//!
//! A [`Source`] is one open file with a few small windows of its bytes and a budget ([`limits::PROBE_BYTES`]) of bytes that may
//! be read in all. A [`Reader`] is a position inside a span of it: a box, a chunk, a tag. Readers are cheap to copy and
//! share the windows and the budget, so a typical file costs a handful of system calls and a hostile one a fixed sum.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::limits;

/// Bytes fetched first and kept: most headers with their tags, and the whole of a small file.
const HEAD_BYTES: usize = 16 * 1024;
/// Bytes fetched at once elsewhere: two pages hold most headers whole, and a jump past them wastes little.
const WINDOW_BYTES: usize = 8 * 1024;
/// Windows besides the head: one walks on, while the other keeps the end of the file, or the place come from.
const WINDOWS: usize = 2;
/// What one system call costs of the budget at least, in bytes, so that tiny reads are bounded in number too.
const READ_COST: u64 = 512;
/// Bytes that one [`Reader::bytes`] returns at most. Every field kept in memory is far below it.
const FIELD_BYTES: u64 = 256 * 1024;

/// Why a file could not be understood, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The file, or the box being read, ends before its content does.
    Truncated,
    /// The named box or field holds what the standard forbids.
    Malformed(&'static str),
    /// The file is well formed as far as can be told, but of a kind that is not read.
    Unsupported,
    /// Understanding the file would cost more than [`limits::PROBE_BYTES`] or [`limits::PROBE_DEPTH`] allow.
    Limit,
    /// The system could not read the file.
    Io(io::ErrorKind),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("cut short"),
            Self::Malformed(what) => write!(f, "malformed {what}"),
            Self::Unsupported => f.write_str("unknown format"),
            Self::Limit => f.write_str("too complex to read within the limits"),
            Self::Io(kind) => write!(f, "cannot be read: {kind}"),
        }
    }
}

impl std::error::Error for Error {}

/// Bytes that can be read at any offset.
pub trait ReadAt {
    /// Reads up to `buf.len()` bytes at `offset` (bytes from the start); 0 means that nothing is there.
    ///
    /// # Errors
    /// Whatever the system says.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
}

impl ReadAt for File {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buf, offset)
    }
}

impl ReadAt for &[u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset)
            .ok()
            .and_then(|o| self.get(o..))
            .unwrap_or_default();
        Ok(io::Read::read(&mut &*rest, buf).unwrap_or_default())
    }
}

/// One open file, the parts of it now in memory, and what may still be read of it.
pub struct Source<'f> {
    file: &'f dyn ReadAt,
    len: u64,
    budget: Cell<u64>,
    windows: RefCell<Windows>,
}

/// What is in memory of the file. No byte of the head is in another window.
#[derive(Default)]
struct Windows {
    head: Window,
    /// The one used last stands first.
    others: [Window; WINDOWS],
}

/// One piece of the file; without memory of its own before it is filled.
#[derive(Default)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// The bytes held from `offset` on; empty if it lies outside.
    fn from(&self, offset: u64) -> &[u8] {
        let skip = offset
            .checked_sub(self.start)
            .and_then(|s| usize::try_from(s).ok());
        skip.and_then(|s| self.bytes.get(s..)).unwrap_or_default()
    }

    /// Holds up to `len` bytes from `start` on, or nothing after an error. One system call, if none interrupts it.
    fn fill(&mut self, file: &dyn ReadAt, start: u64, len: usize) -> Result<(), Error> {
        self.start = start;
        self.bytes.resize(len, 0);
        let filled = loop {
            match file.read_at(&mut self.bytes, start) {
                Ok(n) => break Ok(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => break Err(Error::Io(e.kind())),
            }
        };
        self.bytes.truncate(*filled.as_ref().unwrap_or(&0));
        filled.map(drop)
    }
}

impl Windows {
    /// The bytes held from `offset` on, of whichever window has some; empty if none has.
    fn from(&mut self, offset: u64) -> &[u8] {
        let held = self.others.iter().position(|w| !w.from(offset).is_empty());
        if let Some(n) = held {
            self.others
                .get_mut(..=n)
                .unwrap_or_default()
                .rotate_right(1);
            return self.others.first().map_or(&[], |w| w.from(offset));
        }
        self.head.from(offset)
    }
}

impl<'f> Source<'f> {
    /// A file of `len` bytes, of which nothing has been read yet.
    pub fn new(file: &'f dyn ReadAt, len: u64) -> Self {
        Self::with_budget(file, len, limits::PROBE_BYTES)
    }

    /// The same, of which at most `budget` bytes are read.
    pub fn with_budget(file: &'f dyn ReadAt, len: u64, budget: u64) -> Self {
        Self {
            file,
            len,
            budget: Cell::new(budget),
            windows: RefCell::default(),
        }
    }

    /// Bytes of the budget that have been used.
    pub fn spent(&self) -> u64 {
        limits::PROBE_BYTES.saturating_sub(self.budget.get())
    }

    fn copy(&self, offset: u64, out: &mut [u8]) -> Result<(), Error> {
        // Most of what is asked for lies whole in the head.
        let windows = self.windows.borrow();
        let whole = usize::try_from(offset)
            .ok()
            .and_then(|from| windows.head.bytes.get(from..)?.get(..out.len()));
        if let Some(whole) = whole {
            out.copy_from_slice(whole);
            return Ok(());
        }
        drop(windows);
        self.gather(offset, out)
    }

    /// The same, of bytes that lie elsewhere, in several windows, or nowhere yet.
    #[cold]
    fn gather(&self, mut offset: u64, mut out: &mut [u8]) -> Result<(), Error> {
        let mut windows = self.windows.borrow_mut();
        while !out.is_empty() {
            if windows.from(offset).is_empty() {
                self.fill(&mut windows, offset)?;
            }
            let have = windows.from(offset);
            if have.is_empty() {
                return Err(Error::Truncated);
            }
            let n = have.len().min(out.len());
            let (head, tail) = out.split_at_mut(n);
            head.copy_from_slice(have.get(..n).ok_or(Error::Truncated)?);
            out = tail;
            offset = offset.saturating_add(n as u64);
        }
        Ok(())
    }

    /// Brings `offset` into memory, and what lies around it: behind it first, but near the end of the file before it too,
    /// where the next look goes.
    fn fill(&self, windows: &mut Windows, offset: u64) -> Result<(), Error> {
        if self.budget.get() == 0 {
            return Err(Error::Limit);
        }
        let head = HEAD_BYTES as u64;
        let read = if offset < head && windows.head.bytes.is_empty() {
            // Not more than there is, so that a file that has grown is read as it was.
            let len = usize::try_from(self.len).unwrap_or(HEAD_BYTES);
            windows.head.fill(self.file, 0, len.min(HEAD_BYTES))?;
            windows.head.bytes.len()
        } else {
            let last = self.len.saturating_sub(WINDOW_BYTES as u64);
            let start = offset.min(last.max(head.min(offset)));
            windows.others.rotate_right(1);
            let Some(window) = windows.others.first_mut() else {
                return Err(Error::Truncated);
            };
            window.fill(self.file, start, WINDOW_BYTES)?;
            window.bytes.len()
        };
        let cost = READ_COST.max(read as u64);
        self.budget.set(self.budget.get().saturating_sub(cost));
        Ok(())
    }
}

/// A position inside a span of a [`Source`]. A copy moves by itself.
#[derive(Clone)]
pub struct Reader<'a> {
    source: &'a Source<'a>,
    start: u64,
    position: u64,
    end: u64,
    depth: u32,
}

impl<'a> Reader<'a> {
    /// Stands on the first byte of the whole file.
    pub fn new(source: &'a Source<'a>) -> Self {
        Self {
            source,
            start: 0,
            position: 0,
            end: source.len,
            depth: 0,
        }
    }

    /// Bytes of the whole file, whatever the span.
    pub fn file_len(&self) -> u64 {
        self.source.len
    }

    /// Bytes of the span.
    pub fn len(&self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Whether the span holds no byte at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes from the start of the span to here.
    pub fn position(&self) -> u64 {
        self.position.saturating_sub(self.start)
    }

    /// Bytes from the start of the *file* to here.
    pub fn offset(&self) -> u64 {
        self.position
    }

    /// Bytes from here to the end of the span.
    pub fn remaining(&self) -> u64 {
        self.end.saturating_sub(self.position)
    }

    /// Goes to `position` bytes from the start of the span.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the span is shorter; the reader then stays where it is.
    pub fn seek(&mut self, position: u64) -> Result<(), Error> {
        if position > self.len() {
            return Err(Error::Truncated);
        }
        self.position = self.start.saturating_add(position);
        Ok(())
    }

    /// Passes over `n` bytes without reading them.
    ///
    /// # Errors
    /// [`Error::Truncated`] if fewer are left; the reader then stays where it is.
    pub fn skip(&mut self, n: u64) -> Result<(), Error> {
        if n > self.remaining() {
            return Err(Error::Truncated);
        }
        self.position = self.position.saturating_add(n);
        Ok(())
    }

    /// A reader of the next `len` bytes, or of all that are left if those are fewer: a download in progress ends inside a
    /// box. This reader then stands behind them.
    ///
    /// # Errors
    /// [`Error::Limit`] below [`limits::PROBE_DEPTH`] levels.
    pub fn sub(&mut self, len: u64) -> Result<Reader<'a>, Error> {
        if self.depth >= limits::PROBE_DEPTH {
            return Err(Error::Limit);
        }
        let start = self.position;
        self.position = start.saturating_add(len.min(self.remaining()));
        Ok(Self {
            source: self.source,
            start,
            position: start,
            end: self.position,
            depth: self.depth + 1,
        })
    }

    /// Fills `out`.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the span has fewer bytes left, or the file now is shorter than it was; [`Error::Limit`] when
    /// the budget is used up; [`Error::Io`].
    pub fn read_exact(&mut self, out: &mut [u8]) -> Result<(), Error> {
        let n = out.len() as u64;
        if n > self.remaining() {
            return Err(Error::Truncated);
        }
        self.source.copy(self.position, out)?;
        self.position = self.position.saturating_add(n);
        Ok(())
    }

    /// Fills as much of `out` as the span still has and returns that part.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn read_some<'o>(&mut self, out: &'o mut [u8]) -> Result<&'o [u8], Error> {
        let n = usize::try_from(self.remaining())
            .unwrap_or(usize::MAX)
            .min(out.len());
        let part = out.get_mut(..n).ok_or(Error::Truncated)?;
        self.read_exact(part)?;
        Ok(part)
    }

    /// The next `len` bytes, in memory.
    ///
    /// # Errors
    /// [`Error::Limit`] if that is more than any field has; else as [`Reader::read_exact`].
    pub fn bytes(&mut self, len: u64) -> Result<Vec<u8>, Error> {
        if len > self.remaining() {
            return Err(Error::Truncated);
        }
        if len > FIELD_BYTES {
            return Err(Error::Limit);
        }
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| Error::Limit)?];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The next `N` bytes.
    ///
    /// # Errors
    /// As [`Reader::read_exact`], as have all numbers below.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// One byte.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn byte(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[b]| b)
    }

    /// Two bytes, big-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn be_u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes, big-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn be_u24(&mut self) -> Result<u32, Error> {
        self.array::<3>()
            .map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// Four bytes, big-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn be_u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn be_u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// Two bytes, little-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn le_u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes, little-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn le_u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, little-endian.
    ///
    /// # Errors
    /// As [`Reader::read_exact`].
    pub fn le_u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(bytes: &[u8], f: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let source = Source::new(&bytes, bytes.len() as u64);
        f(&mut Reader::new(&source))
    }

    #[test]
    fn numbers_are_read_in_both_orders() {
        with(&[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], |r| {
            assert_eq!(r.be_u16(), Ok(0x0102));
            assert_eq!(r.le_u16(), Ok(0x0403));
            assert_eq!(r.be_u24(), Ok(0x05_0607));
            assert_eq!(r.be_u64(), Ok(0x0809_0A0B_0C0D_0E0F));
            assert_eq!((r.byte(), r.remaining()), (Err(Error::Truncated), 0));
        });
    }

    #[test]
    fn a_sub_reader_ends_with_its_span_and_its_parent_goes_on_behind_it() {
        with(&[1, 2, 3, 4, 5], |r| {
            let mut sub = r.sub(2).unwrap();
            assert_eq!(sub.be_u16(), Ok(0x0102));
            assert_eq!(sub.byte(), Err(Error::Truncated));
            assert_eq!(r.byte(), Ok(3));
            let mut rest = r.sub(1 << 60).unwrap();
            assert_eq!((rest.len(), rest.be_u16()), (2, Ok(0x0405)));
        });
    }

    #[test]
    fn positions_past_the_end_are_refused_and_change_nothing() {
        with(&[7, 8], |r| {
            assert_eq!(r.skip(3), Err(Error::Truncated));
            assert_eq!(r.seek(u64::MAX), Err(Error::Truncated));
            assert_eq!(r.bytes(3), Err(Error::Truncated));
            assert_eq!(r.byte(), Ok(7));
        });
    }

    #[test]
    fn nesting_has_a_floor() {
        with(&[0; 4], |r| {
            let mut inner = r.clone();
            let mut levels = 0;
            while let Ok(next) = inner.sub(4) {
                inner = next;
                levels += 1;
            }
            assert_eq!(levels, limits::PROBE_DEPTH);
        });
    }

    #[test]
    fn a_read_across_windows_is_whole() {
        let bytes: Vec<u8> = (0..=255).cycle().take(3 * WINDOW_BYTES + 5).collect();
        with(&bytes, |r| {
            r.skip(100).unwrap();
            assert_eq!(
                r.bytes(2 * WINDOW_BYTES as u64).unwrap(),
                &bytes[100..100 + 2 * WINDOW_BYTES]
            );
        });
    }

    #[test]
    fn the_budget_ends_an_endless_file() {
        struct Zeros;
        impl ReadAt for Zeros {
            fn read_at(&self, buf: &mut [u8], _: u64) -> io::Result<usize> {
                buf.fill(0);
                Ok(buf.len())
            }
        }
        let source = Source::new(&Zeros, u64::MAX);
        let mut r = Reader::new(&source);
        let mut block = [0; 4096];
        let mut total = 0;
        while r.read_exact(&mut block).is_ok() {
            total += block.len() as u64;
        }
        assert_eq!((r.byte(), total), (Err(Error::Limit), limits::PROBE_BYTES));
    }

    #[test]
    fn a_file_shorter_than_its_stated_length_is_cut_short() {
        let bytes: &[u8] = &[1, 2, 3];
        let source = Source::new(&bytes, 100);
        assert_eq!(Reader::new(&source).be_u32(), Err(Error::Truncated));
    }

    #[test]
    fn a_large_field_is_not_taken_into_memory() {
        with(&vec![0; 300 * 1024], |r| {
            assert_eq!(r.bytes(300 * 1024), Err(Error::Limit));
        });
    }

    /// A file that writes down what is read of it.
    struct Told<'b>(&'b [u8], RefCell<Vec<(u64, usize)>>);

    impl ReadAt for Told<'_> {
        fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
            let n = self.0.read_at(buf, offset)?;
            self.1.borrow_mut().push((offset, n));
            Ok(n)
        }
    }

    /// The reads that looking at one byte at each of `offsets` takes.
    fn reads(len: usize, offsets: &[u64]) -> Vec<(u64, usize)> {
        let bytes: Vec<u8> = (0..=250).cycle().take(len).collect();
        let file = Told(&bytes, RefCell::default());
        let source = Source::new(&file, len as u64);
        for at in offsets {
            let mut r = Reader::new(&source);
            r.seek(*at).unwrap();
            assert_eq!(r.byte(), Ok((at % 251) as u8), "{at}");
        }
        file.1.into_inner()
    }

    #[test]
    fn a_small_file_is_read_once_wherever_one_looks_first() {
        assert_eq!(reads(10_000, &[9_900, 0, 5_000, 9_999]), [(0, 10_000)]);
        assert_eq!(reads(HEAD_BYTES, &[0, 16_383, 0]), [(0, HEAD_BYTES)]);
    }

    #[test]
    fn the_end_and_the_place_come_from_stay_in_memory() {
        let tail = 1_000_000 - WINDOW_BYTES as u64;
        let looks = [0, 999_872, 999_700, 50_000, 999_999, 50_100, 16_000];
        let told = [
            (0, HEAD_BYTES),
            (tail, WINDOW_BYTES),
            (50_000, WINDOW_BYTES),
        ];
        assert_eq!(reads(1_000_000, &looks), told);
        // The one that was used least lately gives way.
        assert_eq!(
            reads(1_000_000, &[0, 50_000, 999_999, 50_000, 70_000, 50_000]).len(),
            4
        );
    }

    #[test]
    fn nothing_is_read_twice_around_the_head() {
        assert_eq!(
            reads(20_000, &[0, 19_999, 16_384]),
            [(0, HEAD_BYTES), (16_384, 20_000 - HEAD_BYTES)]
        );
    }

    #[test]
    fn a_file_that_has_shrunk_is_cut_short_wherever_one_looks() {
        let bytes: &[u8] = &[0; 100];
        let source = Source::new(&bytes, 1_000_000);
        for at in [100, 20_000, 999_999] {
            let mut r = Reader::new(&source);
            r.seek(at).unwrap();
            assert_eq!(r.byte(), Err(Error::Truncated), "{at}");
        }
        assert!(source.spent() >= 3 * READ_COST);
    }
}
