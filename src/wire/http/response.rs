//! Response heads (RFC 9112 §4): status line, the fields every reply has, the fields a handler adds.
//!
//! Nothing is allocated except in the buffer the head is written to.

use std::fmt::{self, Write as _};
use std::io::Write as _;

use crate::limits;
use crate::wire::date::HttpDate;
use crate::wire::text;

/// The interim reply to `Expect: 100-continue` (RFC 9110 §15.2.1): a whole head by itself.
pub const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

macro_rules! statuses {
    ($($name:ident $code:literal $reason:literal,)*) => {
        /// The status codes rill sends (RFC 9110 §15, RFC 6585 §5).
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Status {
            $(#[doc = concat!("`", $code, " ", $reason, "`")] $name = $code,)*
        }

        impl Status {
            /// The reason phrase.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }

            /// The three digits.
            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }
        }
    };
}

statuses! {
    Continue 100 "Continue",
    Ok 200 "OK",
    NoContent 204 "No Content",
    PartialContent 206 "Partial Content",
    NotModified 304 "Not Modified",
    BadRequest 400 "Bad Request",
    Forbidden 403 "Forbidden",
    NotFound 404 "Not Found",
    MethodNotAllowed 405 "Method Not Allowed",
    NotAcceptable 406 "Not Acceptable",
    RequestTimeout 408 "Request Timeout",
    LengthRequired 411 "Length Required",
    PreconditionFailed 412 "Precondition Failed",
    ContentTooLarge 413 "Content Too Large",
    UriTooLong 414 "URI Too Long",
    UnsupportedMediaType 415 "Unsupported Media Type",
    RangeNotSatisfiable 416 "Range Not Satisfiable",
    ExpectationFailed 417 "Expectation Failed",
    HeaderFieldsTooLarge 431 "Request Header Fields Too Large",
    InternalServerError 500 "Internal Server Error",
    NotImplemented 501 "Not Implemented",
    ServiceUnavailable 503 "Service Unavailable",
    VersionNotSupported 505 "HTTP Version Not Supported",
}

impl Status {
    /// Whether a reply with this status has a body, if only an empty one (RFC 9112 §6.3).
    pub const fn has_body(self) -> bool {
        !matches!(self, Self::Continue | Self::NoContent | Self::NotModified)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.reason())
    }
}

/// What every reply of a connection says, whoever made it.
#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    /// Wall clock, seconds since 1970: `Date`.
    pub unix_secs: u64,
    /// `Server`: `OS/version UPnP/1.0 product/version` (UDA 1.1 §2.2).
    pub server: &'a str,
    /// Bytes of the body, also in answer to HEAD. `None`: the handler has set `Transfer-Encoding`, or the end of
    /// the connection is the end of the body and `keep_alive` is false.
    pub content_length: Option<u64>,
    /// Whether the connection is kept.
    pub keep_alive: bool,
    /// Whether the request was HTTP/1.0, which must be told that the connection is kept.
    pub http10: bool,
}

/// A response head as a handler makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    status: Status,
    /// Whole field lines, each with its CRLF.
    fields: heapless::String<{ limits::REPLY_FIELDS_BYTES }>,
}

impl Head {
    /// A head without fields.
    pub const fn new(status: Status) -> Self {
        Self {
            status,
            fields: heapless::String::new(),
        }
    }

    /// Adds a field line. Control characters in the value, line ends among them, become blanks: a file name must
    /// not be able to end the line.
    ///
    /// A line that does not fit into [`limits::REPLY_FIELDS_BYTES`] is left out whole; `name` must be a token.
    pub fn field(&mut self, name: &str, value: impl fmt::Display) -> &mut Self {
        debug_assert!(text::is_token(name.as_bytes()), "{name:?} is no field name");
        let before = self.fields.len();
        let written = self.push_line(name, value);
        if written.is_err() {
            self.fields.truncate(before);
        }
        debug_assert!(written.is_ok(), "no room for the field {name}");
        self
    }

    fn push_line(&mut self, name: &str, value: impl fmt::Display) -> fmt::Result {
        self.fields.write_str(name)?;
        self.fields.write_str(": ")?;
        write!(WithoutControls(&mut self.fields), "{value}")?;
        self.fields.write_str("\r\n")
    }

    /// The status.
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The value of the first field of that name, case ignored. The fields of [`Common`] are not among them.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.fields
            .split_terminator("\r\n")
            .filter_map(|line| line.split_once(": "))
            .find(|(field, _)| field.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Appends the whole head to `out`, the empty line included; the body comes next.
    ///
    /// ```text
    /// HTTP/1.1 206 Partial Content
    /// Date: Sun, 06 Nov 1994 08:49:37 GMT
    /// Server: Linux/6.1 UPnP/1.0 rill/0.1
    /// Content-Length: 10                      not with 100, 204, 304
    /// Connection: close                       or keep-alive to HTTP/1.0, or absent
    /// Content-Range: bytes 0-9/1000           what the handler added
    ///
    /// ```
    pub fn write(&self, out: &mut Vec<u8>, common: &Common<'_>) {
        // Writing to a Vec cannot fail.
        let _ = write!(
            out,
            "HTTP/1.1 {}\r\nDate: {}\r\nServer: {}\r\n",
            self.status,
            HttpDate(common.unix_secs),
            common.server
        );
        if let Some(length) = common.content_length.filter(|_| self.status.has_body()) {
            let _ = write!(out, "Content-Length: {length}\r\n");
        }
        if !common.keep_alive {
            out.extend_from_slice(b"Connection: close\r\n");
        } else if common.http10 {
            out.extend_from_slice(b"Connection: keep-alive\r\n");
        }
        out.extend_from_slice(self.fields.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Passes text on with a blank in place of each control character.
struct WithoutControls<'a, W>(&'a mut W);

impl<W: fmt::Write> fmt::Write for WithoutControls<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for piece in text.split_inclusive(char::is_control) {
            let clean = piece.trim_end_matches(char::is_control);
            self.0.write_str(clean)?;
            if clean.len() < piece.len() {
                self.0.write_char(' ')?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: Common<'_> = Common {
        unix_secs: 784_111_777,
        server: "Linux/6.1 UPnP/1.0 rill/0.1",
        content_length: Some(10),
        keep_alive: true,
        http10: false,
    };

    fn written(head: &Head, common: &Common<'_>) -> String {
        let mut out = Vec::new();
        head.write(&mut out, common);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_head_is_written_whole() {
        let mut head = Head::new(Status::PartialContent);
        head.field("Content-Type", "video/mp4")
            .field("Content-Range", format_args!("bytes {}-{}/{}", 0, 9, 1000));
        assert_eq!(
            written(&head, &COMMON),
            "HTTP/1.1 206 Partial Content\r\n\
             Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
             Server: Linux/6.1 UPnP/1.0 rill/0.1\r\n\
             Content-Length: 10\r\n\
             Content-Type: video/mp4\r\n\
             Content-Range: bytes 0-9/1000\r\n\
             \r\n"
        );
        assert_eq!(head.find("content-type"), Some("video/mp4"));
        assert_eq!(head.find("Content-Rang"), None);
        assert_eq!(head.status(), Status::PartialContent);
    }

    #[test]
    fn connection_is_named_only_where_the_peer_would_assume_otherwise() {
        let head = Head::new(Status::Ok);
        for (keep_alive, http10, line) in [
            (true, false, None),
            (true, true, Some("\r\nConnection: keep-alive\r\n")),
            (false, false, Some("\r\nConnection: close\r\n")),
            (false, true, Some("\r\nConnection: close\r\n")),
        ] {
            let text = written(
                &head,
                &Common {
                    keep_alive,
                    http10,
                    ..COMMON
                },
            );
            match line {
                Some(line) => assert!(text.contains(line), "{text}"),
                None => assert!(!text.contains("Connection"), "{text}"),
            }
        }
    }

    #[test]
    fn replies_without_a_body_have_no_length() {
        for status in [Status::NotModified, Status::NoContent] {
            let text = written(&Head::new(status), &COMMON);
            assert!(!text.contains("Content-Length"), "{text}");
            assert!(text.ends_with("\r\n\r\n"));
        }
        let unknown = Common {
            content_length: None,
            ..COMMON
        };
        assert!(!written(&Head::new(Status::Ok), &unknown).contains("Content-Length"));
    }

    #[test]
    fn a_value_cannot_end_its_line() {
        let mut head = Head::new(Status::Ok);
        head.field("X", "a\r\nSet-Cookie: b\n\0\x7f\u{85}\tc\u{e9}");
        assert_eq!(head.find("X"), Some("a  Set-Cookie: b     c\u{e9}"));
        head.field("Y", "\r\n").field("Z", "");
        assert_eq!(written(&head, &COMMON).matches("\r\n").count(), 8);
        assert_eq!((head.find("Y"), head.find("Z")), (Some("  "), Some("")));
    }

    #[test]
    fn fields_may_fill_the_head_to_its_last_byte() {
        let mut head = Head::new(Status::Ok);
        head.field(
            "X",
            "y".repeat(limits::REPLY_FIELDS_BYTES - "X: \r\n".len()),
        );
        assert_eq!(head.fields.len(), limits::REPLY_FIELDS_BYTES);
    }

    #[test]
    #[cfg_attr(debug_assertions, should_panic(expected = "no room for the field Y"))]
    fn a_field_that_does_not_fit_is_left_out_whole() {
        let mut head = Head::new(Status::Ok);
        head.field("X", "y")
            .field("Y", "y".repeat(limits::REPLY_FIELDS_BYTES));
        assert_eq!(head.fields.as_str(), "X: y\r\n"); // reached in a release build only
    }

    #[test]
    fn the_interim_reply_says_what_the_table_says() {
        assert_eq!(
            CONTINUE,
            format!("HTTP/1.1 {}\r\n\r\n", Status::Continue).as_bytes()
        );
    }
}
