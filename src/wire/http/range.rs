//! Byte ranges: the `Range` header, `Content-Range`, and `multipart/byteranges` (RFC 9110 §14).

use std::fmt::{self, Write as _};

use crate::limits;
use crate::wire::text;

/// Some bytes of a body: half-open, never empty, inside the body it was resolved against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u64,
    /// Offset behind the last byte.
    pub end: u64,
}

impl Span {
    /// The same stretch of a body that begins `offset` bytes later.
    #[must_use]
    pub const fn behind(self, offset: u64) -> Self {
        Self {
            start: self.start.saturating_add(offset),
            end: self.end.saturating_add(offset),
        }
    }

    /// Bytes in it.
    pub const fn len(self) -> u64 {
        self.end.saturating_sub(self.start)
    }

    /// Never true of a span that [`resolve`] made.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether one span would hold both: they overlap, or one begins where the other ends.
    const fn touches(self, other: Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }

    fn join(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// What to send in answer to a `Range` header.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "made once per request and taken apart at once; a box would be an allocation"
)]
pub enum Selection {
    /// All, with 200: as if there were no `Range`.
    Whole,
    /// One span, with 206 and `Content-Range`. May be the whole body: `bytes=0-`.
    One(Span),
    /// Two or more that do not touch, in the order asked for, with 206 as [`Multipart`].
    Many(heapless::Vec<Span, { limits::RANGES }>),
    /// Nothing of what was asked for exists: 416 and `Content-Range: bytes */len`.
    Unsatisfiable,
}

/// Resolves a `Range` header against a body of `len` bytes (RFC 9110 §14.1.2, §14.2).
///
/// * [`Selection::Whole`] for another unit, anything malformed (`9-5`, `--5`, `0x1-2`, no range at all), and for more
///   than [`limits::RANGES`] ranges: "a server MAY ignore the Range header field".
/// * Ranges that overlap or follow each other are made one, so no byte is sent twice (RFC 9110 §15.3.7.2, §17.15).
/// * A position too large for 64 bits is one behind every end: the range then ends with the body, or does not exist.
/// * Of an empty body every range is unsatisfiable, but a suffix asks for what there is: the whole, with 200, for
///   `Content-Range` cannot express nothing.
pub fn resolve(header: &[u8], len: u64) -> Selection {
    select(header, len).unwrap_or(Selection::Whole)
}

/// [`resolve`]; `None` to ignore the header.
fn select(header: &[u8], len: u64) -> Option<Selection> {
    let equals = header.iter().position(|byte| *byte == b'=')?;
    let (unit, set) = header.split_at_checked(equals)?;
    if !text::trim_ows(unit).eq_ignore_ascii_case(b"bytes") {
        return None;
    }
    let mut spans = heapless::Vec::new();
    let mut asked = 0;
    for spec in text::list(set.get(1..)?) {
        asked += 1;
        if asked > limits::RANGES {
            return None;
        }
        match Spec::parse(spec)? {
            Spec::Suffix(1..) if len == 0 => return None,
            spec => {
                if let Some(span) = spec.span(len) {
                    insert(&mut spans, span)?;
                }
            }
        }
    }
    match spans.as_slice() {
        [] if asked == 0 => None,
        [] => Some(Selection::Unsatisfiable),
        [span] => Some(Selection::One(*span)),
        _ => Some(Selection::Many(spans)),
    }
}

/// Adds a span, joined with all that it touches; the joined one stands where the first of them stood.
fn insert(spans: &mut heapless::Vec<Span, { limits::RANGES }>, mut span: Span) -> Option<()> {
    let mut place = None;
    // Joining may bring it in touch with one that was looked at before: go round until nothing touches.
    while let Some(found) = spans.iter().position(|other| other.touches(span)) {
        span = span.join(spans.remove(found));
        place = Some(place.map_or(found, |place: usize| place.min(found)));
    }
    spans.insert(place.unwrap_or(spans.len()), span).ok()
}

/// `ranges-specifier`'s parts (RFC 9110 §14.1.1); positions as sent, inclusive.
enum Spec {
    FromTo(u64, u64),
    Suffix(u64),
}

impl Spec {
    fn parse(spec: &[u8]) -> Option<Self> {
        let dash = spec.iter().position(|byte| *byte == b'-')?;
        let (first, rest) = spec.split_at_checked(dash)?;
        match (first, rest.get(1..)?) {
            ([], suffix) => Some(Self::Suffix(position(suffix)?)),
            (first, []) => Some(Self::FromTo(position(first)?, u64::MAX)),
            (first, last) => {
                let (first, last) = (position(first)?, position(last)?);
                (first <= last).then_some(Self::FromTo(first, last))
            }
        }
    }

    /// What of it exists in a body of `len` bytes.
    fn span(self, len: u64) -> Option<Span> {
        let span = match self {
            Self::FromTo(start, last) => Span {
                start,
                end: last.saturating_add(1).min(len),
            },
            Self::Suffix(wanted) => Span {
                start: len.saturating_sub(wanted),
                end: len,
            },
        };
        (!span.is_empty()).then_some(span)
    }
}

/// `1*DIGIT`, the largest position in place of a larger one.
fn position(digits: &[u8]) -> Option<u64> {
    text::is_digits(digits).then(|| text::parse_u64(digits).unwrap_or(u64::MAX))
}

/// `Display` of a `Content-Range` value (RFC 9110 §14.4): `bytes 0-9/1000`, with 416 `bytes */1000`.
#[derive(Clone, Copy, Debug)]
pub struct ContentRange {
    /// What is sent; `None` with 416.
    pub span: Option<Span>,
    /// Bytes of the whole body.
    pub len: u64,
}

impl fmt::Display for ContentRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.span {
            Some(Span { start, end }) => {
                write!(f, "bytes {start}-{}/{}", end.saturating_sub(1), self.len)
            }
            None => write!(f, "bytes */{}", self.len),
        }
    }
}

/// A `multipart/byteranges` body (RFC 9110 §14.6): everything of it that is not file.
///
/// For `mime` `video/mp4`, spans 0..10 and 100..110 of 1000 bytes, and the boundary `rill-1f`:
///
/// ```text
/// HTTP/1.1 206 Partial Content
/// Content-Length: 179                                      content_length()
/// Content-Type: multipart/byteranges; boundary=rill-1f     content_type()
///
/// --rill-1f                                                part(0)
/// Content-Type: video/mp4
/// Content-Range: bytes 0-9/1000
///
/// 0123456789                                               spans[0]
/// --rill-1f                                                part(1), which begins with the line end above it
/// Content-Type: video/mp4
/// Content-Range: bytes 100-109/1000
///
/// 0123456789                                               spans[1]
/// --rill-1f--                                              end(), likewise
/// ```
/// Every line ends in CRLF. There is no `Content-Range` among the header fields of the response itself.
#[derive(Clone, Copy, Debug)]
pub struct Multipart<'a> {
    /// Separates the parts: 1 to 70 token bytes that are not in the file after a line end and `--`; random ones.
    pub boundary: &'a str,
    /// Media type of the file.
    pub mime: &'a str,
    /// The parts, of [`Selection::Many`].
    pub spans: &'a [Span],
    /// Bytes of the file.
    pub len: u64,
}

impl<'a> Multipart<'a> {
    /// The value of the response's `Content-Type`.
    pub const fn content_type(self) -> MultipartText<'a> {
        MultipartText(self, Piece::ContentType)
    }

    /// What goes before the bytes of `spans[index]`; nothing where there is no such span.
    pub const fn part(self, index: usize) -> MultipartText<'a> {
        MultipartText(self, Piece::Part(index))
    }

    /// What goes behind the bytes of the last span.
    pub const fn end(self) -> MultipartText<'a> {
        MultipartText(self, Piece::End)
    }

    /// The value of the response's `Content-Length`, bytes.
    pub fn content_length(self) -> u64 {
        let mut text = Counter(0);
        for index in 0..self.spans.len() {
            // A counter takes everything.
            let _ = write!(text, "{}", self.part(index));
        }
        let _ = write!(text, "{}", self.end());
        self.spans
            .iter()
            .fold(text.0, |sum, span| sum.saturating_add(span.len()))
    }
}

/// `Display` of one of the texts of a [`Multipart`].
#[derive(Clone, Copy, Debug)]
pub struct MultipartText<'a>(Multipart<'a>, Piece);

#[derive(Clone, Copy, Debug)]
enum Piece {
    ContentType,
    Part(usize),
    End,
}

impl fmt::Display for MultipartText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(
            Multipart {
                boundary,
                mime,
                spans,
                len,
            },
            piece,
        ) = *self;
        let index = match piece {
            Piece::ContentType => return write!(f, "multipart/byteranges; boundary={boundary}"),
            Piece::End => return write!(f, "\r\n--{boundary}--\r\n"),
            Piece::Part(index) => index,
        };
        let Some(span) = spans.get(index).copied() else {
            return Ok(());
        };
        let line_end = if index == 0 { "" } else { "\r\n" };
        let range = ContentRange {
            span: Some(span),
            len,
        };
        write!(
            f,
            "{line_end}--{boundary}\r\nContent-Type: {mime}\r\nContent-Range: {range}\r\n\r\n"
        )
    }
}

/// Counts bytes in place of keeping them.
struct Counter(u64);

impl fmt::Write for Counter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let bytes = u64::try_from(text.len()).map_err(|_| fmt::Error)?;
        self.0 = self.0.saturating_add(bytes);
        Ok(())
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
