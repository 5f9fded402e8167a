//! Request heads (RFC 9112 §2 to §6): request line, the header fields rill knows, how long the body is.
//!
//! The field lines are read by `httparse`. The request line is read here, because `httparse` refuses HTTP/1.2 and
//! cannot say that a target is too long before its end has arrived. Lenient where RFC 9112 §2.2 and §2.3 ask for
//! it (empty lines before the request, bare LF, a higher minor version); everything that two readers could
//! understand differently is refused, and the connection must then be closed.

use std::fmt;

use super::response::Status;
use crate::limits;
use crate::wire::text;
use crate::wire::url::{Authority, Target};

/// What [`parse`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "a head is looked at where it was parsed; a box would be an allocation per request"
)]
pub enum Parsed<'b> {
    /// The head has not arrived in full: read more behind the same bytes and call again.
    Incomplete,
    /// A whole head.
    Done {
        /// The request.
        head: Head<'b>,
        /// Bytes it took, the empty line included: the body begins there. At most [`limits::HEAD_BYTES`].
        used: usize,
    },
}

/// A request head; borrows from the bytes it was parsed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'b> {
    /// The method.
    pub method: Method<'b>,
    /// The target, split; its path begins with one `/`, or is `*` with OPTIONS.
    pub target: Target<'b>,
    /// Whose message rules the peer follows.
    pub version: Version,
    /// Whom the peer believes to be talking to: from an absolute target, else from `Host`. `None` in HTTP/1.0 only.
    /// That it is one of our names is for the caller to check (DNS rebinding).
    pub authority: Option<Authority<'b>>,
    /// The header fields rill knows.
    pub fields: Fields<'b>,
    /// How the body is delimited.
    pub framing: Framing,
    /// Whether the peer wants the connection kept (RFC 9112 §9.3).
    pub keep_alive: bool,
    /// Whether the peer waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1).
    pub expects_continue: bool,
}

/// A request method, case-sensitive (RFC 9110 §9.1, UDA 1.1 §3.2.1 and §4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method<'b> {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `POST`
    Post,
    /// `OPTIONS`
    Options,
    /// `SUBSCRIBE` (GENA)
    Subscribe,
    /// `UNSUBSCRIBE` (GENA)
    Unsubscribe,
    /// `NOTIFY` (GENA)
    Notify,
    /// `M-POST` (RFC 2774, the old second way of SOAP)
    MPost,
    /// Any other token.
    Other(&'b str),
}

impl Method<'_> {
    /// Whether it asks and changes nothing (RFC 9110 §9.2.1): what any page on the web can make a browser send.
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }
}

/// HTTP/1's two sets of message rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: no chunks, connections close unless asked.
    Http10,
    /// HTTP/1.1, and 1.2 to 1.9, which are compatible with it (RFC 9110 §2.5).
    Http11,
}

/// How the body of a request is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No body.
    None,
    /// `Content-Length`, bytes.
    Length(u64),
    /// `Transfer-Encoding: chunked`
    Chunked,
}

/// Why a request is refused. All are the peer's failure; where the next request begins is unknown afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The head is longer than [`limits::HEAD_BYTES`].
    HeadTooLong,
    /// There are more than [`limits::HEADER_FIELDS`] header fields.
    TooManyFields,
    /// The target is longer than [`limits::TARGET_BYTES`].
    TargetTooLong,
    /// Not `method SP target SP HTTP/n.n`; HTTP/0.9 is meant too.
    RequestLine,
    /// A major version other than 1.
    Version,
    /// The target is in none of the forms of RFC 9112 §3.2, or is `*` without OPTIONS.
    Target,
    /// A field line with a blank before the colon, folded, or holding a control character (RFC 9112 §5).
    Field,
    /// `Host` is missing in HTTP/1.1, or is no authority (RFC 9112 §3.2).
    Host,
    /// A field that decides where the message ends, whom it is for or what it selects stands there twice.
    Repeated,
    /// `Content-Length` is not a number (RFC 9112 §6.3).
    Length,
    /// `Content-Length` is a number beyond 64 bits.
    LengthTooLarge,
    /// `Transfer-Encoding` together with `Content-Length`, or in HTTP/1.0 (RFC 9112 §6.1).
    Framing,
    /// A transfer coding other than `chunked`.
    TransferCoding,
    /// An expectation other than `100-continue`.
    Expectation,
}

impl Error {
    /// What to answer before closing.
    pub const fn status(self) -> Status {
        match self {
            Self::HeadTooLong | Self::TooManyFields => Status::HeaderFieldsTooLarge,
            Self::TargetTooLong => Status::UriTooLong,
            Self::Version => Status::VersionNotSupported,
            Self::LengthTooLarge => Status::ContentTooLarge,
            Self::TransferCoding => Status::NotImplemented,
            Self::Expectation => Status::ExpectationFailed,
            Self::RequestLine
            | Self::Target
            | Self::Field
            | Self::Host
            | Self::Repeated
            | Self::Length
            | Self::Framing => Status::BadRequest,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HeadTooLong => "the request head is too long",
            Self::TooManyFields => "the request has too many header fields",
            Self::TargetTooLong => "the request target is too long",
            Self::RequestLine => "the request line is not method, target and version",
            Self::Version => "the major version of HTTP is not 1",
            Self::Target => "the request target is neither a path nor an http URL",
            Self::Field => "a header field line is malformed",
            Self::Host => "the Host field is missing or malformed",
            Self::Repeated => "a header field that may stand once stands there twice",
            Self::Length => "the Content-Length field is not a number",
            Self::LengthTooLarge => "the Content-Length field is beyond 64 bits",
            Self::Framing => "the Transfer-Encoding field contradicts the rest of the head",
            Self::TransferCoding => "the transfer coding is not chunked",
            Self::Expectation => "the expectation is not 100-continue",
        })
    }
}

impl std::error::Error for Error {}

/// Reads one request head from the front of `buf`. Bytes behind it are not looked at.
///
/// Looks at no more than [`limits::HEAD_BYTES`], so a call is bounded however much has arrived.
///
/// # Errors
/// As soon as it is certain, not only when the head is complete: 8 KiB of target without an end are already
/// [`Error::TargetTooLong`], and the first byte of a TLS greeting is [`Error::RequestLine`].
pub fn parse(buf: &[u8]) -> Result<Parsed<'_>, Error> {
    let window = buf.get(..limits::HEAD_BYTES).unwrap_or(buf);
    match parse_window(window)? {
        Some((head, used)) => Ok(Parsed::Done { head, used }),
        None if window.len() == limits::HEAD_BYTES => Err(Error::HeadTooLong),
        None => Ok(Parsed::Incomplete),
    }
}

fn parse_window(window: &[u8]) -> Result<Option<(Head<'_>, usize)>, Error> {
    let Some((line, rest)) = RequestLine::parse(skip_empty_lines(window))? else {
        return Ok(None);
    };
    let mut slots = [httparse::EMPTY_HEADER; limits::HEADER_FIELDS];
    let (fields_len, lines) = match httparse::parse_headers(rest, &mut slots) {
        Ok(httparse::Status::Complete(done)) => done,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Error::TooManyFields),
        Err(_) => return Err(Error::Field),
    };
    let used = window.len() - rest.len() + fields_len;
    Ok(Some((line.with_fields(lines)?, used)))
}

/// "A server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF)
/// received prior to the request-line" (RFC 9112 §2.2). They count toward the length of the head.
fn skip_empty_lines(mut buf: &[u8]) -> &[u8] {
    while let [b'\r', b'\n', rest @ ..] | [b'\n', rest @ ..] = buf {
        buf = rest;
    }
    buf
}

struct RequestLine<'b> {
    method: Method<'b>,
    target: Target<'b>,
    version: Version,
}

impl<'b> RequestLine<'b> {
    /// The request line and what stands behind it; `None` while the line is incomplete.
    fn parse(buf: &'b [u8]) -> Result<Option<(Self, &'b [u8])>, Error> {
        if matches!(buf, [] | [b'\r']) {
            return Ok(None);
        }
        let end = buf.iter().position(|byte| *byte == b'\n');
        let (line, rest) = buf.split_at(end.unwrap_or(buf.len()));
        let mut words = line.splitn(3, |byte| *byte == b' ');
        let method = words.next().unwrap_or_default();
        let target = words.next();
        if !text::is_token(method) {
            return Err(Error::RequestLine);
        }
        if target.is_some_and(|target| target.len() > limits::TARGET_BYTES) {
            return Err(Error::TargetTooLong);
        }
        let [b'\n', rest @ ..] = rest else {
            return Ok(None);
        };
        let (Some(target), Some(version)) = (target, words.next()) else {
            return Err(Error::RequestLine);
        };
        let version = parse_version(version.strip_suffix(b"\r").unwrap_or(version))?;
        let method = Method::parse(method)?;
        let target = parse_target(target)?;
        if target.path == "*" && method != Method::Options {
            return Err(Error::Target);
        }
        let line = Self {
            method,
            target,
            version,
        };
        Ok(Some((line, rest)))
    }

    fn with_fields(self, lines: &[httparse::Header<'b>]) -> Result<Head<'b>, Error> {
        let mut fields = Fields::default();
        let (mut close, mut keep) = (false, false);
        for line in lines {
            fields.take(line)?;
            // A list may be spread over several lines (RFC 9110 §5.3), and missing a `close` would be dear.
            if line.name.eq_ignore_ascii_case("connection") {
                close |= text::list_contains(line.value, "close");
                keep |= text::list_contains(line.value, "keep-alive");
            }
        }
        let framing = fields.framing(self.version)?;
        Ok(Head {
            method: self.method,
            target: self.target,
            version: self.version,
            authority: self.authority(fields.host)?,
            fields,
            framing,
            keep_alive: !close && (keep || self.version == Version::Http11),
            expects_continue: fields.expects_continue(self.version, framing)?,
        })
    }

    /// RFC 9112 §3.2: 400 to an HTTP/1.1 request without `Host` and to any with an invalid one, even where an
    /// absolute target then takes its place.
    fn authority(&self, host: Option<&'b [u8]>) -> Result<Option<Authority<'b>>, Error> {
        if host.is_none() && self.version == Version::Http11 {
            return Err(Error::Host);
        }
        let host = host.map(Authority::parse).transpose();
        let host = host.map_err(|_| Error::Host)?;
        Ok(self.target.authority.or(host))
    }
}

fn parse_version(version: &[u8]) -> Result<Version, Error> {
    match version {
        b"HTTP/1.0" => Ok(Version::Http10),
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0'..=b'9'] => Ok(Version::Http11),
        [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Err(Error::Version),
        _ => Err(Error::RequestLine),
    }
}

fn parse_target(target: &[u8]) -> Result<Target<'_>, Error> {
    if target.iter().any(|byte| *byte <= b' ' || *byte == 0x7f) {
        return Err(Error::Target);
    }
    // Letters beyond ASCII are forbidden there, but some control points do not encode them.
    let target = str::from_utf8(target).map_err(|_| Error::Target)?;
    Target::parse(target).map_err(|_| Error::Target)
}

impl<'b> Method<'b> {
    fn parse(method: &'b [u8]) -> Result<Self, Error> {
        Ok(match method {
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"POST" => Self::Post,
            b"OPTIONS" => Self::Options,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UNSUBSCRIBE" => Self::Unsubscribe,
            b"NOTIFY" => Self::Notify,
            b"M-POST" => Self::MPost,
            other => Self::Other(str::from_utf8(other).map_err(|_| Error::RequestLine)?),
        })
    }

    /// As it stands in the request line.
    pub const fn as_str(&self) -> &'b str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Options => "OPTIONS",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Notify => "NOTIFY",
            Self::MPost => "M-POST",
            Self::Other(name) => name,
        }
    }
}

/// What a second field line of the same name means.
enum Again {
    /// Nothing: the first one counts.
    Ignored,
    /// [`Error::Repeated`], unless it says the same.
    Same,
    /// [`Error::Repeated`].
    Refused,
}

/// THE table of known header fields: Rust name, wire name in lower case, meaning of a second one.
macro_rules! known_fields {
    ($($field:ident $name:literal $again:ident,)*) => {
        /// The header fields that rill knows, trimmed of white space at both ends. Others are forgotten.
        ///
        /// Values are bytes as sent: never a control character except the tab, but possibly not UTF-8.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Fields<'b> {
            $(#[doc = concat!("`", $name, "`")] pub $field: Option<&'b [u8]>,)*
        }

        impl<'b> Fields<'b> {
            /// The place of a field, its name compared without regard to case (RFC 9110 §5.1).
            fn slot(&mut self, name: &str) -> Option<(&mut Option<&'b [u8]>, Again)> {
                $(if name.eq_ignore_ascii_case($name) {
                    return Some((&mut self.$field, Again::$again));
                })*
                None
            }
        }

        #[cfg(test)]
        const NAMES: &[&str] = &[$($name),*];
    };
}

known_fields! {
    // RFC 9110, RFC 9112
    host "host" Refused,
    connection "connection" Ignored,
    content_length "content-length" Same,
    transfer_encoding "transfer-encoding" Refused,
    expect "expect" Ignored,
    range "range" Refused,
    if_range "if-range" Refused,
    if_match "if-match" Ignored,
    if_none_match "if-none-match" Ignored,
    if_modified_since "if-modified-since" Ignored,
    if_unmodified_since "if-unmodified-since" Ignored,
    user_agent "user-agent" Ignored,
    content_type "content-type" Ignored,
    origin "origin" Same,
    // UDA 1.1 §3.2.1, §4.1
    soapaction "soapaction" Same,
    callback "callback" Same,
    nt "nt" Same,
    sid "sid" Same,
    timeout "timeout" Ignored,
    // DLNA Guidelines part 1-1, 7.4
    transfer_mode "transfermode.dlna.org" Ignored,
    get_content_features "getcontentfeatures.dlna.org" Ignored,
    time_seek_range "timeseekrange.dlna.org" Ignored,
    play_speed "playspeed.dlna.org" Ignored,
    real_time_info "realtimeinfo.dlna.org" Ignored,
    get_available_seek_range "getavailableseekrange.dlna.org" Ignored,
    friendly_name "friendlyname.dlna.org" Ignored,
    // Samsung
    get_caption_info "getcaptioninfo.sec" Ignored,
    get_media_info "getmediainfo.sec" Ignored,
    // Sony
    x_av_client_info "x-av-client-info" Ignored,
    x_av_physical_unit_info "x-av-physical-unit-info" Ignored,
}

impl<'b> Fields<'b> {
    fn take(&mut self, line: &httparse::Header<'b>) -> Result<(), Error> {
        let Some((slot, again)) = self.slot(line.name) else {
            return Ok(());
        };
        let value = text::trim_ows(line.value);
        match (*slot, again) {
            (None, _) => *slot = Some(value),
            (Some(_), Again::Ignored) => {}
            (Some(first), Again::Same) if first == value => {}
            (Some(_), Again::Same | Again::Refused) => return Err(Error::Repeated),
        }
        Ok(())
    }

    /// RFC 9112 §6.3, without its leniencies: each of them has been a request smuggled past somebody.
    fn framing(&self, version: Version) -> Result<Framing, Error> {
        match (self.transfer_encoding, self.content_length) {
            (None, None) => Ok(Framing::None),
            (None, Some(digits)) if !text::is_digits(digits) => Err(Error::Length),
            (None, Some(digits)) => match text::parse_u64(digits) {
                Some(length) => Ok(Framing::Length(length)),
                None => Err(Error::LengthTooLarge),
            },
            (Some(_), Some(_)) => Err(Error::Framing),
            (Some(_), None) if version == Version::Http10 => Err(Error::Framing),
            (Some(coding), None) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
            (Some(_), None) => Err(Error::TransferCoding),
        }
    }

    /// RFC 9110 §10.1.1. "A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore
    /// that expectation"; without a body there is nothing to wait for.
    fn expects_continue(&self, version: Version, framing: Framing) -> Result<bool, Error> {
        match self.expect {
            _ if version == Version::Http10 => Ok(false),
            None => Ok(false),
            Some(expect) if expect.eq_ignore_ascii_case(b"100-continue") => {
                Ok(!matches!(framing, Framing::None | Framing::Length(0)))
            }
            Some(_) => Err(Error::Expectation),
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
