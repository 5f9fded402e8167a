//! Reading the head of an answer (RFC 9112 §4 to §6): what a control point gets from other servers.

use std::fmt;

use super::request;
use crate::limits;
use crate::wire::text;

/// How the body of an answer is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// As that of a request.
    Stated(request::Framing),
    /// By the end of the connection.
    UntilClose,
}

/// The head of an answer, as far as a control point needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The status code.
    pub status: u16,
    /// How the body is delimited.
    pub framing: Framing,
}

/// What [`parse`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The head has not arrived in full: read more behind the same bytes and call again.
    Incomplete,
    /// A whole head, and the bytes it took: the body begins there.
    Done(Head, usize),
}

/// Why an answer is none. The server's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// More than [`limits::HEAD_BYTES`].
    TooLong,
    /// No head of HTTP/1, or more than [`limits::HEADER_FIELDS`] fields.
    Malformed,
    /// A length that is no number, two that differ, or a transfer coding other than chunked.
    Framing,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the head of its answer has no end",
            Self::Malformed => "its answer is not HTTP",
            Self::Framing => "its answer does not say how long it is",
        })
    }
}

impl std::error::Error for Error {}

/// Reads the head that `bytes` begin with.
///
/// # Errors
/// See [`Error`].
pub fn parse(bytes: &[u8]) -> Result<Parsed, Error> {
    let mut fields = [httparse::EMPTY_HEADER; limits::HEADER_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let seen = bytes
        .get(..bytes.len().min(limits::HEAD_BYTES))
        .unwrap_or(bytes);
    let used = match head.parse(seen) {
        Ok(httparse::Status::Complete(used)) => used,
        Ok(httparse::Status::Partial) if bytes.len() < limits::HEAD_BYTES => {
            return Ok(Parsed::Incomplete);
        }
        Ok(httparse::Status::Partial) => return Err(Error::TooLong),
        Err(_) => return Err(Error::Malformed),
    };
    let status = head.code.ok_or(Error::Malformed)?;
    let framing = match status {
        100..200 | 204 | 304 => Framing::Stated(request::Framing::None),
        _ => framing(head.headers)?,
    };
    Ok(Parsed::Done(Head { status, framing }, used))
}

/// A transfer coding wins over a length (RFC 9112 §6.3).
fn framing(fields: &[httparse::Header<'_>]) -> Result<Framing, Error> {
    let named = |name: &'static str| {
        let fields = fields.iter();
        fields.filter(move |field| field.name.eq_ignore_ascii_case(name))
    };
    let mut codings = named("Transfer-Encoding");
    if let Some(coding) = codings.next() {
        let chunked = text::trim_ows(coding.value).eq_ignore_ascii_case(b"chunked");
        return match codings.next() {
            None if chunked => Ok(Framing::Stated(request::Framing::Chunked)),
            _ => Err(Error::Framing),
        };
    }
    let mut length = None;
    for field in named("Content-Length") {
        let stated = text::parse_u64(text::trim_ows(field.value)).ok_or(Error::Framing)?;
        if length.is_some_and(|length| length != stated) {
            return Err(Error::Framing);
        }
        length = Some(stated);
    }
    Ok(length.map_or(Framing::UntilClose, |length| {
        Framing::Stated(request::Framing::Length(length))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH_5: Framing = Framing::Stated(request::Framing::Length(5));
    const CHUNKED: Framing = Framing::Stated(request::Framing::Chunked);
    const NONE: Framing = Framing::Stated(request::Framing::None);

    #[test]
    fn heads_say_how_their_body_is_delimited() {
        for (head, status, framing) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                200,
                LENGTH_5,
            ),
            (
                "HTTP/1.0 200\r\ncontent-length:5\r\nContent-Length: 5\r\n\r\n",
                200,
                LENGTH_5,
            ),
            (
                "HTTP/1.1 500 No\nTransfer-Encoding: Chunked\nContent-Length: 9\n\n",
                500,
                CHUNKED,
            ),
            ("HTTP/1.1 200 OK\r\n\r\n", 200, Framing::UntilClose),
            ("HTTP/1.1 204 None\r\nContent-Length: 5\r\n\r\n", 204, NONE),
            ("HTTP/1.1 100 Continue\r\n\r\n", 100, NONE),
        ] {
            let whole = format!("{head}body!");
            let expected = Parsed::Done(Head { status, framing }, head.len());
            assert_eq!(parse(whole.as_bytes()), Ok(expected), "{head}");
            for end in 0..head.len() {
                assert_eq!(
                    parse(&head.as_bytes()[..end]),
                    Ok(Parsed::Incomplete),
                    "{head} {end}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for (bad, error) in [
            ("SSH-2.0-x\r\n", Error::Malformed),
            ("HTTP/2 200 OK\r\n\r\n", Error::Malformed),
            ("HTTP/1.1 abc OK\r\n\r\n", Error::Malformed),
            ("HTTP/1.1 200 OK\r\na b: c\r\n\r\n", Error::Malformed),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                Error::Framing,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
                Error::Framing,
            ),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                Error::Framing,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                Error::Framing,
            ),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
                Error::Framing,
            ),
        ] {
            assert_eq!(parse(bad.as_bytes()), Err(error), "{bad}");
        }
        let long = format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(limits::HEAD_BYTES));
        assert_eq!(parse(long.as_bytes()), Err(Error::TooLong));
        let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(65));
        assert_eq!(parse(many.as_bytes()), Err(Error::Malformed));
    }
}
