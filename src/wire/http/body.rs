//! Request bodies: `Content-Length` and chunked, decoded into one bounded buffer (RFC 9112 §6, §7.1).
//!
//! ```text
//!   5;ext=1 CRLF  hello CRLF     chunk-size [ chunk-ext ] CRLF  chunk-data CRLF
//!   0 CRLF                       last chunk
//!   Name: value CRLF  CRLF       trailer section, thrown away
//! ```
//! Chunk sizes have been remote code in other servers of this kind: a negative one (CVE-2020-28926), one taken from
//! the wrong expression (CVE-2023-33476). Here a size is unsigned, checked digit by digit, compared with what the
//! body may still hold before one byte of it is taken, and line ends are CRLF or an error: no leniency at all.

use std::fmt;

use super::request::Framing;
use super::response::Status;
use crate::limits;

/// Digits of a chunk size: as many as 64 bits need.
const SIZE_DIGITS: u8 = 16;

/// Why a body is refused. The peer's failure; the connection must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// More than [`limits::SOAP_BODY_BYTES`], announced or arrived.
    TooLarge,
    /// A chunk size that is no hexadecimal number, a line that does not end in CRLF, chunk data longer than its
    /// size, a control character in a part that is thrown away (RFC 9112 §7.1).
    Chunk,
    /// More than [`limits::CHUNK_OVERHEAD_BYTES`] of chunk extensions and trailers.
    Overhead,
}

impl Error {
    /// What to answer before closing.
    pub const fn status(self) -> Status {
        match self {
            Self::TooLarge => Status::ContentTooLarge,
            Self::Chunk | Self::Overhead => Status::BadRequest,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the request body is too large",
            Self::Chunk => "the chunked coding of the request body is malformed",
            Self::Overhead => "the chunk extensions and trailers of the request body are too long",
        })
    }
}

impl std::error::Error for Error {}

/// What one call of [`Decoder::decode`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the input that belong to the body; drop them. All of it, unless the body is done.
    pub used: usize,
    /// The body is complete; the next request begins behind `used`.
    pub done: bool,
}

/// Takes a body apart as it arrives, in whatever pieces.
#[derive(Clone, Debug)]
pub struct Decoder {
    state: State,
    /// Bytes that may still go out.
    room: usize,
    /// Bytes of extensions and trailers that may still come in.
    overhead: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In a `Content-Length` body; bytes still to come.
    Plain(usize),
    /// In a chunk size: its value and digits so far.
    Size {
        value: usize,
        digits: u8,
    },
    /// In the chunk extension of a chunk of that size.
    Extension(usize),
    /// Behind the CR that ends the size line of a chunk of that size.
    SizeLf(usize),
    /// In chunk data; bytes still to come.
    Data(usize),
    /// Behind chunk data.
    DataCr,
    /// Behind chunk data and CR.
    DataLf,
    /// At the begin of a trailer line, or of the empty line that ends them.
    TrailerStart,
    /// In a trailer line.
    Trailer,
    /// Behind the CR of a trailer line.
    TrailerLf,
    /// Behind the CR of the last, empty line.
    LastLf,
    Done,
}

impl Decoder {
    /// A decoder for the body of a request that says `framing`.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a `Content-Length` over [`limits::SOAP_BODY_BYTES`], before any of it is awaited.
    pub fn new(framing: Framing) -> Result<Self, Error> {
        Self::with_room(framing, limits::SOAP_BODY_BYTES)
    }

    /// A decoder for a body, of a request or of an answer, that may have `room` bytes.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a `Content-Length` over `room`, before any of it is awaited.
    pub fn with_room(framing: Framing, room: usize) -> Result<Self, Error> {
        let state = match framing {
            Framing::None | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Plain(
                usize::try_from(length)
                    .ok()
                    .filter(|length| *length <= room)
                    .ok_or(Error::TooLarge)?,
            ),
            Framing::Chunked => State::SIZE,
        };
        Ok(Self {
            state,
            room,
            overhead: limits::CHUNK_OVERHEAD_BYTES,
        })
    }

    /// Appends what `input` holds of the body to `out`: over all calls at most [`limits::SOAP_BODY_BYTES`].
    ///
    /// An empty `input` is allowed and tells whether there is anything to wait for. That the peer has closed in the
    /// middle, the caller sees: end of stream and not `done`.
    ///
    /// # Errors
    /// See [`Error`]; the decoder must not be used afterwards.
    pub fn decode(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        let mut rest = input;
        while self.state != State::Done {
            rest = match (self.state, rest) {
                (_, []) => break,
                (State::Plain(left), _) => {
                    let (left, rest) = self.copy(left, rest, out)?;
                    self.state = if left == 0 {
                        State::Done
                    } else {
                        State::Plain(left)
                    };
                    rest
                }
                (State::Data(left), _) => {
                    let (left, rest) = self.copy(left, rest, out)?;
                    self.state = if left == 0 {
                        State::DataCr
                    } else {
                        State::Data(left)
                    };
                    rest
                }
                (_, [byte, rest @ ..]) => {
                    self.state = self.step(*byte)?;
                    rest
                }
            };
        }
        Ok(Progress {
            used: input.len() - rest.len(),
            done: self.state == State::Done,
        })
    }

    /// Moves up to `left` bytes over; what is then left of both.
    fn copy<'i>(
        &mut self,
        left: usize,
        input: &'i [u8],
        out: &mut Vec<u8>,
    ) -> Result<(usize, &'i [u8]), Error> {
        let (data, rest) = input.split_at(left.min(input.len()));
        self.room = self.room.checked_sub(data.len()).ok_or(Error::TooLarge)?;
        out.extend_from_slice(data);
        Ok((left - data.len(), rest))
    }

    /// The state behind one byte that is not data.
    fn step(&mut self, byte: u8) -> Result<State, Error> {
        match (self.state, byte) {
            (State::Size { value, digits }, _) => self.size(value, digits, byte),
            (State::Extension(size), b'\r') => Ok(State::SizeLf(size)),
            (State::Extension(_), _) => self.throw_away(byte),
            (State::SizeLf(0) | State::TrailerLf, b'\n') => Ok(State::TrailerStart),
            (State::SizeLf(size), b'\n') => Ok(State::Data(size)),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::SIZE),
            (State::TrailerStart, b'\r') => Ok(State::LastLf),
            (State::Trailer, b'\r') => Ok(State::TrailerLf),
            (State::TrailerStart | State::Trailer, _) => {
                self.throw_away(byte)?;
                Ok(State::Trailer)
            }
            (State::LastLf, b'\n') => Ok(State::Done),
            _ => Err(Error::Chunk),
        }
    }

    /// `chunk-size = 1*HEXDIG`: the digits, then an extension or the end of the line.
    fn size(&self, value: usize, digits: u8, byte: u8) -> Result<State, Error> {
        let Some(digit) = char::from(byte).to_digit(16) else {
            return match byte {
                _ if digits == 0 => Err(Error::Chunk),
                b'\r' => Ok(State::SizeLf(value)),
                b';' => Ok(State::Extension(value)),
                _ => Err(Error::Chunk),
            };
        };
        if digits == SIZE_DIGITS {
            return Err(Error::Chunk);
        }
        // Compared at every digit, so the value stays far below where the multiplication could overflow.
        let value = value * 16 + usize::try_from(digit).map_err(|_| Error::Chunk)?;
        if value > self.room {
            return Err(Error::TooLarge);
        }
        Ok(State::Size {
            value,
            digits: digits + 1,
        })
    }

    /// Counts a byte of an extension or trailer, and stays where it is.
    fn throw_away(&mut self, byte: u8) -> Result<State, Error> {
        if byte.is_ascii_control() && byte != b'\t' {
            return Err(Error::Chunk);
        }
        self.overhead = self.overhead.checked_sub(1).ok_or(Error::Overhead)?;
        Ok(self.state)
    }
}

impl State {
    /// At the begin of a chunk.
    const SIZE: Self = Self::Size {
        value: 0,
        digits: 0,
    };
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
