//! Request targets and authorities: what stands in a request line and in `Host` (RFC 9112 §3.2, RFC 3986).
//!
//! Splits and checks; allocates only where a path really is percent-encoded. Dot segments (`/a/../b`) are *not*
//! resolved: rill names objects by id and never makes a file name out of a path.

pub mod absolute;

use std::borrow::Cow;
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::text;

/// Bytes of a host name (RFC 1035 §2.3.4).
const NAME_BYTES: usize = 255;
/// Bytes of one label of a host name (RFC 1035 §2.3.4).
const LABEL_BYTES: usize = 63;

/// Why a target or authority is refused. The peer's failure: 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Neither origin form (`/x`), nor absolute form (`http://host/x`), nor the asterisk.
    Form,
    /// Not `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
    Authority,
    /// `%` without two hexadecimal digits behind it.
    PercentEncoding,
    /// A control character, NUL and line ends among them, plain or encoded.
    Control,
    /// What is left after decoding is not UTF-8.
    Utf8,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Form => "the request target is neither a path nor an http URL",
            Self::Authority => "the host is not a name or address with an optional port",
            Self::PercentEncoding => "a percent sign is not followed by two hexadecimal digits",
            Self::Control => "the path holds a control character",
            Self::Utf8 => "the path is not UTF-8",
        })
    }
}

impl std::error::Error for Error {}

/// A request target, split. Path and query are still percent-encoded: see [`decode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'b> {
    /// Begins with exactly one `/`; or is `*`.
    pub path: &'b str,
    /// What stands behind the first `?`, without it.
    pub query: Option<&'b str>,
    /// Where the target was in absolute form. It then takes the place of `Host` (RFC 9112 §3.2.2).
    pub authority: Option<Authority<'b>>,
}

impl<'b> Target<'b> {
    /// Splits a target in origin, absolute or asterisk form (RFC 9112 §3.2).
    ///
    /// Several leading slashes are one: Samsung televisions of 2012 put a slash before paths that have one already.
    /// That the asterisk is for OPTIONS alone, the caller must check.
    ///
    /// # Errors
    /// [`Error::Form`], or [`Error::Authority`] in absolute form.
    pub fn parse(target: &'b str) -> Result<Self, Error> {
        if target == "*" {
            return Ok(Self {
                path: target,
                query: None,
                authority: None,
            });
        }
        if target.starts_with('/') {
            return Ok(Self::split(target, None));
        }
        let Some((scheme, rest)) = target.split_once("://") else {
            return Err(Error::Form);
        };
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(Error::Form);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let authority = Authority::parse(authority.as_bytes())?;
        Ok(Self::split(path, Some(authority)))
    }

    fn split(target: &'b str, authority: Option<Authority<'b>>) -> Self {
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target, None),
        };
        let name = path.trim_start_matches('/');
        let slash = (path.len() - name.len()).saturating_sub(1);
        // `http://host` and `http://host?x` have no path, which means the root (RFC 9112 §3.2.1).
        let path = path.get(slash..).filter(|path| !path.is_empty());
        Self {
            path: path.unwrap_or("/"),
            query,
            authority,
        }
    }
}

/// Decodes the percent-encoding of a path or query (RFC 3986 §2.1); borrows where there is none.
///
/// `+` stays a plus. `%2F` becomes a slash, so split into segments first where that matters.
///
/// # Errors
/// [`Error::PercentEncoding`], [`Error::Control`], [`Error::Utf8`].
pub fn decode(encoded: &str) -> Result<Cow<'_, str>, Error> {
    // The decoder below passes a broken escape through as it is; it must not get to see one.
    let well_formed = encoded.split('%').skip(1).all(
        |rest| matches!(rest.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()),
    );
    if !well_formed {
        return Err(Error::PercentEncoding);
    }
    let decoded = percent_encoding::percent_decode_str(encoded)
        .decode_utf8()
        .map_err(|_| Error::Utf8)?;
    if decoded.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Error::Control);
    }
    Ok(decoded)
}

/// The host of an [`Authority`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Host<'b> {
    /// Four decimal numbers; no other spelling of an IPv4 address is taken.
    V4(Ipv4Addr),
    /// Was in brackets; a zone (`%eth0`) has been dropped, it means something to the sender only.
    V6(Ipv6Addr),
    /// A host name in the sender's case, without a closing dot. Never looks like an IPv4 address.
    Name(&'b str),
}

/// `host [":" port]` as in `Host` and absolute targets (RFC 9110 §7.2, RFC 3986 §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'b> {
    /// Where to.
    pub host: Host<'b>,
    /// `None` when absent or empty: the scheme's own, 80.
    pub port: Option<u16>,
}

impl<'b> Authority<'b> {
    /// Reads an authority strictly; DNS rebinding is told by it, so a doubtful one is refused.
    ///
    /// # Errors
    /// [`Error::Authority`] for everything else: empty, blanks, user information, a port over 65535, percent
    /// signs, and names that end in a number without being an IPv4 address (`127.1`, `0x7f.1`, `1.2.3.4.5`),
    /// which some resolvers take for one.
    pub fn parse(text: &'b [u8]) -> Result<Self, Error> {
        let text = str::from_utf8(text).map_err(|_| Error::Authority)?;
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']').ok_or(Error::Authority)?;
            (parse_v6(address)?, port)
        } else {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            (parse_name_or_v4(host)?, port)
        };
        let port = match port.strip_prefix(':') {
            Some("") => None,
            Some(digits) => {
                let port = text::parse_u32(digits.as_bytes()).and_then(|port| port.try_into().ok());
                Some(port.ok_or(Error::Authority)?)
            }
            None if port.is_empty() => None,
            None => return Err(Error::Authority),
        };
        Ok(Self { host, port })
    }
}

fn parse_v6<'b>(address: &str) -> Result<Host<'b>, Error> {
    // RFC 6874 §3 wants the zone removed before sending; control points built on some libraries forget.
    let address = match address.split_once('%') {
        Some((address, zone)) if !zone.is_empty() && zone.bytes().all(text::is_token_byte) => {
            address
        }
        Some(_) => return Err(Error::Authority),
        None => address,
    };
    address.parse().map(Host::V6).map_err(|_| Error::Authority)
}

fn parse_name_or_v4(host: &str) -> Result<Host<'_>, Error> {
    if let Ok(address) = host.parse() {
        return Ok(Host::V4(address));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let well_formed = name.len() <= NAME_BYTES && name.split('.').all(is_label);
    let last = name.rsplit('.').next().unwrap_or_default();
    if !well_formed || looks_like_number(last) {
        return Err(Error::Authority);
    }
    Ok(Host::Name(name))
}

fn is_label(label: &str) -> bool {
    (1..=LABEL_BYTES).contains(&label.len())
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn looks_like_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"))
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    hexadecimal || text::is_digits(label.as_bytes())
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
