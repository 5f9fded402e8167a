//! GENA, the eventing of UPnP (UDA 1.0 §4, UDA 1.1 §4): what SUBSCRIBE and UNSUBSCRIBE ask, and the NOTIFY that carries
//! an event.
//!
//! A subscriber names the URLs to which its events go. A server that believes it can be made to talk to anybody
//! (CVE-2020-12695), so only the subscriber's own literal address is taken here. Who is subscribed is in
//! `service/events`.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, SocketAddrV6},
};

use uuid::{Builder, Uuid};

use super::{
    http::{request::Fields, response::Status},
    text,
    url::{Authority, Host},
    xml::write::Document,
};
use crate::limits;

/// The only NT there is (UDA 1.1 §4.1.2).
const NT: &[u8] = b"upnp:event";
/// The port of an `http` URL that names none (RFC 9110 §4.2.1).
const HTTP_PORT: u16 = 80;

/// What a SUBSCRIBE asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subscribe {
    /// A new subscription (UDA 1.1 §4.1.2).
    New {
        /// Where its events are to go: at least one.
        callbacks: Callbacks,
        /// How long, seconds; `None`: for ever, or it was not said, or not understood.
        secs: Option<u64>,
    },
    /// More time for one there is (UDA 1.1 §4.1.3).
    Renewal {
        /// Which.
        sid: Sid,
        /// As above.
        secs: Option<u64>,
    },
}

/// Why a SUBSCRIBE or UNSUBSCRIBE is refused (UDA 1.1 §4.1.2 to §4.1.4). The peer's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// SID stands together with NT or CALLBACK.
    Contradiction,
    /// NT is missing, or is not `upnp:event`.
    NotificationType,
    /// CALLBACK is missing or malformed, or none of its URLs is one that rill would send to.
    Callback,
    /// SID is missing or malformed.
    Sid,
}

impl Error {
    /// What to answer.
    pub const fn status(self) -> Status {
        match self {
            Self::Contradiction => Status::BadRequest,
            Self::NotificationType | Self::Callback | Self::Sid => Status::PreconditionFailed,
        }
    }

    /// What to answer, in words.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Contradiction => "SID cannot stand together with NT or CALLBACK.\n",
            Self::NotificationType => "NT must be upnp:event.\n",
            Self::Callback => {
                "CALLBACK must be <http://address:port/path> with the subscriber's own literal address.\n"
            }
            Self::Sid => "There is no such subscription.\n",
        }
    }
}

impl Subscribe {
    /// Reads the fields of a SUBSCRIBE that came from `peer`. An empty field counts as missing.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn parse(fields: &Fields<'_>, peer: SocketAddr) -> Result<Self, Error> {
        let (sid, nt, callback) = (said(fields.sid), said(fields.nt), said(fields.callback));
        let secs = said(fields.timeout).and_then(parse_timeout);
        match sid {
            Some(_) if nt.is_some() || callback.is_some() => Err(Error::Contradiction),
            Some(sid) => Sid::parse(sid)
                .map(|sid| Self::Renewal { sid, secs })
                .ok_or(Error::Sid),
            None if nt != Some(NT) => Err(Error::NotificationType),
            None => {
                let callbacks = callback.and_then(|list| parse_callbacks(list, peer));
                let callbacks = callbacks.filter(|callbacks| !callbacks.is_empty());
                callbacks
                    .map(|callbacks| Self::New { callbacks, secs })
                    .ok_or(Error::Callback)
            }
        }
    }
}

/// Reads the fields of an UNSUBSCRIBE (UDA 1.1 §4.1.4).
///
/// # Errors
/// [`Error::Contradiction`], [`Error::Sid`].
pub fn parse_unsubscribe(fields: &Fields<'_>) -> Result<Sid, Error> {
    if said(fields.nt).is_some() || said(fields.callback).is_some() {
        return Err(Error::Contradiction);
    }
    said(fields.sid).and_then(Sid::parse).ok_or(Error::Sid)
}

fn said(field: Option<&[u8]>) -> Option<&[u8]> {
    field.filter(|value| !value.is_empty())
}

/// `Second-1800`; `Second-infinite`, and what is neither, is `None`.
fn parse_timeout(value: &[u8]) -> Option<u64> {
    const UNIT: &[u8] = b"second-";
    let (unit, digits) = value.split_at_checked(UNIT.len())?;
    if !unit.eq_ignore_ascii_case(UNIT) {
        return None;
    }
    text::parse_u64(digits)
}

// ---- SID ---------------------------------------------------------------------------------------

/// The name of a subscription: `uuid:` and a UUID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sid(Uuid);

impl Sid {
    /// The one that these random bytes make (RFC 9562 §5.4).
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(Builder::from_random_bytes(bytes).into_uuid())
    }

    fn parse(value: &[u8]) -> Option<Self> {
        const SCHEME: &[u8] = b"uuid:";
        let (scheme, uuid) = value.split_at_checked(SCHEME.len())?;
        // Of the ways to write a UUID, only the one that was given out.
        let hyphenated = uuid.len() == uuid::fmt::Hyphenated::LENGTH;
        if !hyphenated || !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        Uuid::try_parse_ascii(uuid).ok().map(Self)
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uuid:{}", self.0.hyphenated())
    }
}

// ---- CALLBACK ----------------------------------------------------------------------------------

/// The URLs of one subscription, in the order in which they are to be tried.
pub type Callbacks = heapless::Vec<Callback, { limits::CALLBACKS }>;

/// Where events go; nothing in it can end a line of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The subscriber's own address, and the port it named.
    address: SocketAddr,
    /// Path and query as they came: printable ASCII, from the slash on.
    target: Box<str>,
}

impl Callback {
    /// Where to connect.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Reads one URL; `None` if it is not one that rill would send to.
    fn parse(url: &str, peer: SocketAddr) -> Option<Self> {
        const SCHEME: &str = "http://";
        let printable = url.bytes().all(|byte| byte.is_ascii_graphic());
        if url.len() > limits::CALLBACK_URL_BYTES || !printable || url.contains('#') {
            return None;
        }
        let (scheme, rest) = url.split_at_checked(SCHEME.len())?;
        if !scheme.eq_ignore_ascii_case(SCHEME) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let authority = Authority::parse(authority.as_bytes()).ok()?;
        let slash = if target.starts_with('/') { "" } else { "/" };
        Some(Self {
            address: own_address(authority, peer)?,
            target: [slash, target].concat().into_boxed_str(),
        })
    }
}

/// The address that `authority` names, if that is `peer`'s: spelled as an address, and nobody else's.
fn own_address(authority: Authority<'_>, peer: SocketAddr) -> Option<SocketAddr> {
    let port = authority.port.unwrap_or(HTTP_PORT);
    let named = match authority.host {
        Host::V4(address) => IpAddr::V4(address),
        Host::V6(address) => IpAddr::V6(address),
        Host::Name(_) => return None,
    };
    // A socket for both families shows IPv4 peers as mapped addresses; what stands in the URL has to be the plain one.
    if port == 0 || named != peer.ip().to_canonical() {
        return None;
    }
    Some(match (named, peer) {
        // A link-local address is good on the link on which the peer was heard.
        (IpAddr::V6(address), SocketAddr::V6(peer)) => {
            SocketAddrV6::new(address, port, 0, peer.scope_id()).into()
        }
        _ => SocketAddr::new(named, port),
    })
}

/// Reads `<http://10.0.0.5:4004/a><http://10.0.0.5:4004/b>`: keeps the first [`limits::CALLBACKS`] URLs that rill would
/// send to. `None` if it is no list of URLs in brackets: half a list is not guessed at.
fn parse_callbacks(list: &[u8], peer: SocketAddr) -> Option<Callbacks> {
    let mut callbacks = Callbacks::new();
    let mut rest = text::trim_ows(list);
    while let Some((b'<', inside)) = rest.split_first() {
        let end = inside.iter().position(|byte| matches!(byte, b'<' | b'>'))?;
        let (url, behind) = inside.split_at(end);
        let behind = behind.strip_prefix(b">")?;
        let callback = str::from_utf8(url)
            .ok()
            .and_then(|url| Callback::parse(url, peer));
        if let Some(callback) = callback {
            // What does not fit is ignored, but still has to be well-formed.
            let _ = callbacks.push(callback);
        }
        rest = text::trim_ows(behind);
    }
    rest.is_empty().then_some(callbacks)
}

// ---- NOTIFY ------------------------------------------------------------------------------------

/// The head of an event (UDA 1.1 §4.3.2).
#[derive(Clone, Copy, Debug)]
pub struct Notify<'a> {
    /// Where it goes.
    pub callback: &'a Callback,
    /// Whose it is.
    pub sid: Sid,
    /// Its number.
    pub seq: u32,
    /// Bytes of the body.
    pub content_length: usize,
}

impl fmt::Display for Notify<'_> {
    /// Writes the whole head, the empty line included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Callback { address, target } = self.callback;
        // Without the zone, which means nothing to the other side.
        let host = SocketAddr::new(address.ip(), address.port());
        write!(
            f,
            "NOTIFY {target} HTTP/1.1\r\n\
             HOST: {host}\r\n\
             CONTENT-TYPE: text/xml; charset=\"utf-8\"\r\n\
             CONTENT-LENGTH: {}\r\n\
             NT: upnp:event\r\n\
             NTS: upnp:propchange\r\n\
             SID: {}\r\n\
             SEQ: {}\r\n\
             CONNECTION: close\r\n\
             \r\n",
            self.content_length, self.sid, self.seq
        )
    }
}

/// The number of the event behind `seq`: 0 is the first one's alone (UDA 1.1 §4.3.2).
pub const fn next_seq(seq: u32) -> u32 {
    match seq {
        u32::MAX => 1,
        _ => seq + 1,
    }
}

/// The body of an event: names and values of state variables (UDA 1.1 §4.3.2). Names are XML names; values may be
/// anything.
pub fn property_set(properties: &[(&str, String)]) -> Vec<u8> {
    let namespace = [("xmlns:e", "urn:schemas-upnp-org:event-1-0")];
    Document::whole("e:propertyset", &namespace, |set| {
        for (name, value) in properties {
            set.element("e:property", &[], |property| property.leaf(name, value));
        }
    })
}

#[cfg(test)]
#[path = "gena_tests.rs"]
mod tests;
