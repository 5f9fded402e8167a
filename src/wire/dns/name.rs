//! Names: a view over a message, and an owned one (RFC 1035 §3.1, §4.1.4).

use std::fmt::{self, Write as _};

use super::Error;

/// Bytes of a name written out, its final zero included (RFC 1035 §2.3.4).
const NAME_BYTES: usize = 255;
/// Pointers in one name. Real ones have one or two; a chain of thousands would cost time for every name. Beyond it: an
/// error.
const POINTERS: u8 = 32;
/// Bytes of one label (RFC 1035 §2.3.4).
pub(super) const LABEL_BYTES: usize = 63;
/// The two bits that make a pointer of a length.
pub(super) const POINTER: u8 = 0b1100_0000;

/// A name inside a message; checked when it was made. Compared without regard to the case of ASCII letters
/// (RFC 6762 §16).
#[derive(Clone, Copy)]
pub struct Name<'m> {
    bytes: &'m [u8],
    at: usize,
}

impl<'m> Name<'m> {
    /// Reads the name at `at`; it, and where what follows it begins.
    #[inline(never)]
    pub(super) fn parse(bytes: &'m [u8], at: usize) -> Result<(Self, usize), Error> {
        let mut labels = Labels::new(bytes, at);
        let mut written_out = 1;
        // A label takes at least 2 of the 255 bytes, and between two labels pointers go strictly backwards.
        while let Some(label) = labels.step()? {
            written_out += 1 + label.len();
            if written_out > NAME_BYTES {
                return Err(Error::Name);
            }
        }
        let end = labels.resume_at.unwrap_or(labels.at);
        Ok((Name { bytes, at }, end))
    }

    /// The labels, from the most specific on.
    pub fn labels(&self) -> Labels<'m> {
        Labels::new(self.bytes, self.at)
    }

    /// Gives the name uncompressed, piece by piece, the final zero included.
    pub fn spell(&self, mut out: impl FnMut(&[u8])) {
        for label in self.labels() {
            out(&[u8::try_from(label.len()).unwrap_or_default()]);
            out(label);
        }
        out(&[0]);
    }

    /// An owned copy.
    pub fn to_buf(&self) -> NameBuf {
        let mut bytes = heapless::Vec::new();
        // A checked name fits.
        self.spell(|piece| drop(bytes.extend_from_slice(piece)));
        NameBuf { bytes }
    }

    /// Whether both are the same name.
    #[inline(never)]
    pub fn is(&self, other: Name<'_>) -> bool {
        let (mut own, mut others) = (self.labels(), other.labels());
        loop {
            match (own.next(), others.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a.eq_ignore_ascii_case(b) => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Debug for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// For people: labels between dots; dots and backslashes in a label escaped (RFC 6763 §4.3), other bytes as they are
/// if they are UTF-8.
impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, label) in self.labels().enumerate() {
            if n > 0 {
                f.write_char('.')?;
            }
            for part in label.utf8_chunks() {
                for c in part.valid().chars() {
                    if matches!(c, '.' | '\\') {
                        f.write_char('\\')?;
                    }
                    f.write_char(c)?;
                }
                if !part.invalid().is_empty() {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                }
            }
        }
        Ok(())
    }
}

/// The labels of a name; ends early only in bytes that were never checked.
#[derive(Clone, Debug)]
pub struct Labels<'m> {
    bytes: &'m [u8],
    at: usize,
    /// Where the labels now read began; a pointer leads before it.
    run_at: usize,
    /// What follows the name where it was met: behind its first pointer.
    resume_at: Option<usize>,
    pointers: u8,
    done: bool,
}

impl<'m> Labels<'m> {
    fn new(bytes: &'m [u8], at: usize) -> Self {
        Labels {
            bytes,
            at,
            run_at: at,
            resume_at: None,
            pointers: 0,
            done: false,
        }
    }

    /// The next label; `None` behind the last.
    // Called from everywhere; once in the binary is enough.
    #[inline(never)]
    fn step(&mut self) -> Result<Option<&'m [u8]>, Error> {
        let byte = |at: usize| self.bytes.get(at).copied().ok_or(Error::Truncated);
        while !self.done {
            let len = byte(self.at)?;
            match len & POINTER {
                POINTER => {
                    let low = byte(self.at + 1)?;
                    let to = usize::from(u16::from_be_bytes([len & !POINTER, low]));
                    // Each pointer leads before the run of labels in which it stands: they end, and never loop.
                    if to >= self.run_at || self.pointers == POINTERS {
                        return Err(Error::Name);
                    }
                    self.pointers += 1;
                    self.resume_at.get_or_insert(self.at + 2);
                    (self.at, self.run_at) = (to, to);
                }
                0 if len == 0 => {
                    self.at += 1;
                    self.done = true;
                }
                0 => {
                    let start = self.at + 1;
                    let end = start + usize::from(len);
                    let label = self.bytes.get(start..end).ok_or(Error::Truncated)?;
                    self.at = end;
                    return Ok(Some(label));
                }
                _ => return Err(Error::Name),
            }
        }
        Ok(None)
    }
}

impl<'m> Iterator for Labels<'m> {
    type Item = &'m [u8];

    fn next(&mut self) -> Option<&'m [u8]> {
        self.step().ok().flatten()
    }
}

/// A name of its own, uncompressed.
#[derive(Clone, Default)]
pub struct NameBuf {
    bytes: heapless::Vec<u8, NAME_BYTES>,
}

impl NameBuf {
    /// The name with these labels.
    ///
    /// # Errors
    /// A label that is empty or above 63 bytes; more than 255 bytes in all.
    pub fn new<'l>(labels: impl IntoIterator<Item = &'l [u8]>) -> Result<Self, Error> {
        let mut bytes = heapless::Vec::new();
        for label in labels {
            let len = u8::try_from(label.len()).unwrap_or(u8::MAX);
            if !(1..=LABEL_BYTES).contains(&len.into()) {
                return Err(Error::Name);
            }
            bytes.push(len).map_err(|_| Error::Name)?;
            bytes.extend_from_slice(label).map_err(|_| Error::Name)?;
        }
        bytes.push(0).map_err(|_| Error::Name)?;
        Ok(NameBuf { bytes })
    }

    /// A view of it.
    pub fn view(&self) -> Name<'_> {
        Name {
            bytes: if self.bytes.is_empty() {
                &[0] // the default: the root
            } else {
                &self.bytes
            },
            at: 0,
        }
    }
}

impl fmt::Debug for NameBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.view(), f)
    }
}

impl PartialEq for NameBuf {
    fn eq(&self, other: &Self) -> bool {
        self.view().is(other.view())
    }
}

impl Eq for NameBuf {}
