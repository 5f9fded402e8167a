//! SSDP, the first thing a control point and a device say to each other (UDA 1.0 §1, UDA 1.1 §1): M-SEARCH, its
//! answer, NOTIFY alive, update and byebye, each one datagram of HTTP-like text.
//!
//! What is announced, to whom and when is not decided here but in `service/discovery`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str;

use crate::limits;

/// The port of all SSDP traffic (UDA 1.1 §1.2.2).
pub const PORT: u16 = 1900;
/// The IPv4 group of all SSDP traffic (UDA 1.1 §1.2.2).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
/// The link-local IPv6 group (UDA 1.1 annex A.4.1).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc);

/// The site-local IPv6 group (UDA 1.1 annex A.4.1): for addresses that are good beyond the link.
pub const GROUP_V6_SITE: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 0, 0xc);

/// Where announcements made from `address` go: the group of its family, port 1900.
pub fn group(address: IpAddr) -> SocketAddr {
    match address {
        IpAddr::V4(_) => SocketAddr::new(GROUP_V4.into(), PORT),
        IpAddr::V6(_) => SocketAddr::new(GROUP_V6.into(), PORT),
    }
}

/// One of the six things rill is: 3 + 2d + k for a root device with three services and no embedded device
/// (UDA 1.1 §1.2.2, tables 1-1 to 1-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// `upnp:rootdevice`
    RootDevice,
    /// The UDN itself.
    Uuid,
    /// `MediaServer:1`
    DeviceType,
    /// `ContentDirectory:1`
    ContentDirectory,
    /// `ConnectionManager:1`
    ConnectionManager,
    /// `X_MS_MediaReceiverRegistrar:1`, which Windows and Xbox ask for.
    Registrar,
}

impl Target {
    /// All of them, in the order of announcing.
    pub const ALL: [Target; 6] = [
        Target::RootDevice,
        Target::Uuid,
        Target::DeviceType,
        Target::ContentDirectory,
        Target::ConnectionManager,
        Target::Registrar,
    ];

    /// The text of NT and ST; `udn` is the whole UDN, `uuid:` included.
    pub fn nt(self, udn: &str) -> &str {
        match self {
            Target::RootDevice => "upnp:rootdevice",
            Target::Uuid => udn,
            Target::DeviceType => "urn:schemas-upnp-org:device:MediaServer:1",
            Target::ContentDirectory => "urn:schemas-upnp-org:service:ContentDirectory:1",
            Target::ConnectionManager => "urn:schemas-upnp-org:service:ConnectionManager:1",
            Target::Registrar => "urn:microsoft.com:service:X_MS_MediaReceiverRegistrar:1",
        }
    }

    /// The text of USN: the UDN, and behind `::` the target unless it is the UDN itself.
    pub fn usn(self, udn: &str) -> Usn<'_> {
        Usn { target: self, udn }
    }

    /// Whether an ST asks for this target. Compared whole: every type is version 1, so there is no lower version to
    /// answer for and a higher one is not here (UDA 1.1 §1.3.3). Case counts, except in the UDN, whose hexadecimal
    /// digits have none (RFC 9562 §4).
    fn is(self, st: &str, udn: &str) -> bool {
        match self {
            Target::Uuid => st.eq_ignore_ascii_case(udn),
            other => st == other.nt(udn),
        }
    }
}

/// What an ST asks for among rill's targets: all six for `ssdp:all`, one, or none.
pub fn wanted(st: &str, udn: &str) -> &'static [Target] {
    const ALL: &[Target] = &Target::ALL;
    if st == "ssdp:all" {
        return ALL;
    }
    let mut each = ALL.chunks(1);
    each.find(|one| one.iter().any(|target| target.is(st, udn)))
        .unwrap_or_default()
}

/// The Unique Service Name of a target; printed by `Display`.
#[derive(Clone, Copy, Debug)]
pub struct Usn<'a> {
    target: Target,
    udn: &'a str,
}

impl fmt::Display for Usn<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.target {
            Target::Uuid => out.write_str(self.udn),
            other => write!(out, "{}::{}", self.udn, other.nt(self.udn)),
        }
    }
}

// ---- writing -----------------------------------------------------------------------------------

/// The URL of the device description on one interface; printed by `Display`, IPv6 in brackets.
#[derive(Clone, Copy, Debug)]
pub struct Location<'a> {
    /// Address and port of the HTTP server as seen from that interface.
    pub http: SocketAddr,
    /// Path of the description, from its slash.
    pub path: &'a str,
}

impl fmt::Display for Location<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "http://{}{}", self.http, self.path)
    }
}

/// What every message of one device says, whatever the target and the interface.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    /// The UDN, `uuid:` included.
    pub udn: &'a str,
    /// SERVER: `OS/version UPnP/1.1 product/version`.
    pub server: &'a str,
    /// Seconds for which an announcement or answer is good. At least 1800 (UDA 1.1 §1.2.2).
    pub max_age_secs: u32,
    /// BOOTID.UPNP.ORG, 31 bits, greater after each restart.
    pub boot_id: u32,
    /// CONFIGID.UPNP.ORG, 0 to 16777215, another one when the description changes.
    pub config_id: u32,
    /// SEARCHPORT.UPNP.ORG: where unicast searches are answered, if not at [`PORT`] (UDA 1.1 §1.2.2).
    pub search_port: Option<u16>,
}

impl Device<'_> {
    /// Writes the answer to a search (UDA 1.1 §1.3.3). `date` prints as an HTTP date.
    ///
    /// # Errors
    /// When `out` is full.
    pub fn answer(
        &self,
        target: Target,
        location: Location<'_>,
        date: impl fmt::Display,
        out: &mut impl fmt::Write,
    ) -> fmt::Result {
        write!(
            out,
            "HTTP/1.1 200 OK\r\n\
             CACHE-CONTROL: max-age={}\r\n\
             DATE: {date}\r\n\
             EXT:\r\n\
             LOCATION: {location}\r\n\
             SERVER: {}\r\n\
             ST: {}\r\n\
             USN: {}\r\n",
            self.max_age_secs,
            self.server,
            target.nt(self.udn),
            target.usn(self.udn),
        )?;
        self.boot_and_config(out)?;
        self.search_port(out)
    }

    /// Writes NOTIFY with `ssdp:alive` (UDA 1.1 §1.2.2), for `group`.
    ///
    /// # Errors
    /// When `out` is full.
    pub fn alive(
        &self,
        target: Target,
        location: Location<'_>,
        group: SocketAddr,
        out: &mut impl fmt::Write,
    ) -> fmt::Result {
        write!(
            out,
            "NOTIFY * HTTP/1.1\r\n\
             HOST: {group}\r\n\
             CACHE-CONTROL: max-age={}\r\n\
             LOCATION: {location}\r\n\
             NT: {}\r\n\
             NTS: ssdp:alive\r\n\
             SERVER: {}\r\n\
             USN: {}\r\n",
            self.max_age_secs,
            target.nt(self.udn),
            self.server,
            target.usn(self.udn),
        )?;
        self.boot_and_config(out)?;
        self.search_port(out)
    }

    /// Writes NOTIFY with `ssdp:update` (UDA 1.1 §1.2.4), for `group`: BOOTID will be `next_boot_id`.
    ///
    /// # Errors
    /// When `out` is full.
    pub fn update(
        &self,
        target: Target,
        location: Location<'_>,
        group: SocketAddr,
        next_boot_id: u32,
        out: &mut impl fmt::Write,
    ) -> fmt::Result {
        write!(
            out,
            "NOTIFY * HTTP/1.1\r\n\
             HOST: {group}\r\n\
             LOCATION: {location}\r\n\
             NT: {}\r\n\
             NTS: ssdp:update\r\n\
             USN: {}\r\n",
            target.nt(self.udn),
            target.usn(self.udn),
        )?;
        self.boot_and_config(out)?;
        write!(out, "NEXTBOOTID.UPNP.ORG: {next_boot_id}\r\n")?;
        self.search_port(out)
    }

    /// Writes NOTIFY with `ssdp:byebye` (UDA 1.1 §1.2.3), for `group`.
    ///
    /// # Errors
    /// When `out` is full.
    pub fn byebye(
        &self,
        target: Target,
        group: SocketAddr,
        out: &mut impl fmt::Write,
    ) -> fmt::Result {
        write!(
            out,
            "NOTIFY * HTTP/1.1\r\n\
             HOST: {group}\r\n\
             NT: {}\r\n\
             NTS: ssdp:byebye\r\n\
             USN: {}\r\n",
            target.nt(self.udn),
            target.usn(self.udn),
        )?;
        self.boot_and_config(out)?;
        out.write_str("\r\n")
    }

    fn boot_and_config(&self, out: &mut impl fmt::Write) -> fmt::Result {
        let Device {
            boot_id, config_id, ..
        } = self;
        write!(
            out,
            "BOOTID.UPNP.ORG: {boot_id}\r\nCONFIGID.UPNP.ORG: {config_id}\r\n"
        )
    }

    /// The last field of a message, if it is there, and the end.
    fn search_port(&self, out: &mut impl fmt::Write) -> fmt::Result {
        if let Some(port) = self.search_port {
            write!(out, "SEARCHPORT.UPNP.ORG: {port}\r\n")?;
        }
        out.write_str("\r\n")
    }
}

// ---- reading a search --------------------------------------------------------------------------

/// Why a datagram is not a search that could be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reject {
    /// NOTIFY, or the answer to somebody's search: ordinary traffic of the group, nobody's mistake.
    NotSearch,
    /// Longer than [`limits::DATAGRAM_BYTES`].
    TooLong,
    /// Ends inside a line, or before the first line is over.
    Truncated,
    /// The first line is none of SSDP's. The method counts case (RFC 9110 §9.1), the path is `*`.
    StartLine,
    /// MAN missing or other than `"ssdp:discover"` (UDA 1.0 §1.2.2). Quotes may be missing.
    Man,
    /// ST, or NT and NTS, missing, empty, or not printable text.
    Target,
    /// MX stated, but not a number in decimal digits.
    Mx,
    /// USN missing, empty, or not printable text.
    Usn,
}

impl fmt::Display for Reject {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Reject::NotSearch => "not a search",
            Reject::TooLong => "longer than any legal message",
            Reject::Truncated => "cut short",
            Reject::StartLine => "the first line is not one of SSDP",
            Reject::Man => "MAN is not \"ssdp:discover\"",
            Reject::Target => "ST or NT is missing or not text",
            Reject::Mx => "MX is not a number",
            Reject::Usn => "USN is missing or not text",
        })
    }
}

impl std::error::Error for Reject {}

/// The longest time, in seconds, over which the answers to a search may be spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mx {
    /// Stated; more than [`limits::MX_SECS`] is taken as that (UDA 1.1 §1.3.2), 0 stays 0.
    Seconds(u32),
    /// Not stated, as in every unicast search. UDA 1.1 §1.3.2 lets a device drop a multicast search without MX, but
    /// Windows Explorer sends such.
    Absent,
}

/// A search (UDA 1.1 §1.3.2). The other fields (HOST, USER-AGENT, CPFN.UPNP.ORG ...) change no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MSearch<'b> {
    /// What is looked for: not empty, no control characters, otherwise as it came.
    pub st: &'b str,
    /// The spread of the answers.
    pub mx: Mx,
}

impl<'b> MSearch<'b> {
    /// Reads one datagram.
    ///
    /// Lenient where it harms nobody: names in any case and order, blanks around values, unknown fields, lines that
    /// are no field at all, bare LF, no empty line at the end or more than one, no HOST. The first field of a name
    /// counts.
    ///
    /// # Errors
    /// Anything else is a [`Reject`]; UDP's answer to all of them is silence.
    pub fn parse(datagram: &'b [u8]) -> Result<Self, Reject> {
        let (start, fields) = split(datagram)?;
        match start {
            Start::Search => {}
            Start::Notify | Start::Answer => return Err(Reject::NotSearch),
        }
        let (mut man, mut st, mut mx) = (None, None, None);
        for field in fields {
            let Field { name, value } = field?;
            keep(&mut man, name, b"MAN", value);
            keep(&mut st, name, b"ST", value);
            keep(&mut mx, name, b"MX", value);
        }
        if !matches!(man, Some(b"\"ssdp:discover\"" | b"ssdp:discover")) {
            return Err(Reject::Man);
        }
        Ok(MSearch {
            st: st.and_then(text).ok_or(Reject::Target)?,
            mx: match mx {
                None => Mx::Absent,
                Some(digits) => {
                    let secs = number(digits).ok_or(Reject::Mx)?;
                    Mx::Seconds(secs.min(limits::MX_SECS))
                }
            },
        })
    }

    /// Writes the search for `to`: the group, or one device.
    ///
    /// # Errors
    /// When `out` is full.
    pub fn write(&self, to: SocketAddr, out: &mut impl fmt::Write) -> fmt::Result {
        write!(
            out,
            "M-SEARCH * HTTP/1.1\r\nHOST: {to}\r\nMAN: \"ssdp:discover\"\r\n"
        )?;
        if let Mx::Seconds(secs) = self.mx {
            write!(out, "MX: {secs}\r\n")?;
        }
        write!(out, "ST: {}\r\n\r\n", self.st)
    }
}

// ---- reading what other devices say ------------------------------------------------------------

/// Which of the four messages a device sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Saying {
    /// NOTIFY, `ssdp:alive`: here I am.
    Alive,
    /// NOTIFY, `ssdp:byebye`: I leave.
    Byebye,
    /// NOTIFY, `ssdp:update`: my BOOTID changes (UDA 1.1 §1.2.4).
    Update,
    /// The answer to a search.
    Answer,
}

/// A NOTIFY or an answer, as far as discovery needs it. Nothing in it is to be trusted: LOCATION may name any host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice<'b> {
    /// Which message it is.
    pub saying: Saying,
    /// NT, or ST of an answer.
    pub target: &'b str,
    /// USN.
    pub usn: &'b str,
    /// LOCATION, where there is one.
    pub location: Option<&'b str>,
    /// SERVER, where there is one.
    pub server: Option<&'b str>,
    /// CACHE-CONTROL's max-age in seconds.
    pub max_age_secs: Option<u32>,
    /// BOOTID.UPNP.ORG.
    pub boot_id: Option<u32>,
    /// NEXTBOOTID.UPNP.ORG of an update.
    pub next_boot_id: Option<u32>,
    /// SEARCHPORT.UPNP.ORG.
    pub search_port: Option<u16>,
}

impl<'b> Notice<'b> {
    /// Reads one datagram, as leniently as [`MSearch::parse`].
    ///
    /// # Errors
    /// [`Reject::StartLine`] for a search too; the other kinds as their names say.
    pub fn parse(datagram: &'b [u8]) -> Result<Self, Reject> {
        let (start, fields) = split(datagram)?;
        let target_name: &[u8] = match start {
            Start::Search => return Err(Reject::StartLine),
            Start::Notify => b"NT",
            Start::Answer => b"ST",
        };
        let (mut nts, mut target, mut usn) = (None, None, None);
        let (mut location, mut server, mut cache, mut boot_id) = (None, None, None, None);
        let (mut next_boot_id, mut search_port) = (None, None);
        for field in fields {
            let Field { name, value } = field?;
            keep(&mut nts, name, b"NTS", value);
            keep(&mut target, name, target_name, value);
            keep(&mut usn, name, b"USN", value);
            keep(&mut location, name, b"LOCATION", value);
            keep(&mut server, name, b"SERVER", value);
            keep(&mut cache, name, b"CACHE-CONTROL", value);
            keep(&mut boot_id, name, b"BOOTID.UPNP.ORG", value);
            keep(&mut next_boot_id, name, b"NEXTBOOTID.UPNP.ORG", value);
            keep(&mut search_port, name, b"SEARCHPORT.UPNP.ORG", value);
        }
        let saying = match (start, nts) {
            (Start::Answer, _) => Saying::Answer,
            (_, Some(b"ssdp:alive")) => Saying::Alive,
            (_, Some(b"ssdp:byebye")) => Saying::Byebye,
            (_, Some(b"ssdp:update")) => Saying::Update,
            _ => return Err(Reject::Target),
        };
        Ok(Notice {
            saying,
            target: target.and_then(text).ok_or(Reject::Target)?,
            usn: usn.and_then(text).ok_or(Reject::Usn)?,
            location: location.and_then(text),
            server: server.and_then(text),
            max_age_secs: cache.and_then(max_age),
            boot_id: boot_id.and_then(number),
            next_boot_id: next_boot_id.and_then(number),
            search_port: search_port
                .and_then(number)
                .and_then(|port| port.try_into().ok()),
        })
    }
}

/// `max-age` among the directives of CACHE-CONTROL (RFC 9111 §5.2); blanks around `=` are seen in the field.
fn max_age(value: &[u8]) -> Option<u32> {
    value.split(|&byte| byte == b',').find_map(|directive| {
        let (name, secs) = halves(directive, b'=')?;
        let found = name.trim_ascii().eq_ignore_ascii_case(b"max-age");
        found.then(|| number(secs.trim_ascii())).flatten()
    })
}

// ---- lines and fields --------------------------------------------------------------------------

/// What the first line says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    Search,
    Notify,
    Answer,
}

/// Takes the first line off a datagram.
fn split(datagram: &[u8]) -> Result<(Start, Fields<'_>), Reject> {
    if datagram.len() > limits::DATAGRAM_BYTES {
        return Err(Reject::TooLong);
    }
    let (line, rest) = halves(datagram, b'\n').ok_or(Reject::Truncated)?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let start = match line {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            _,
            b' ',
            b'2',
            b'0',
            b'0',
            ..,
        ] => Start::Answer,
        _ => match line.strip_suffix(b"0").or(line.strip_suffix(b"1")) {
            Some(b"M-SEARCH * HTTP/1.") => Start::Search,
            Some(b"NOTIFY * HTTP/1.") => Start::Notify,
            _ => return Err(Reject::StartLine),
        },
    };
    Ok((start, Fields { rest }))
}

/// One header field: the name as it came, the value without the blanks around it.
struct Field<'b> {
    name: &'b [u8],
    value: &'b [u8],
}

/// The fields up to the empty line or the end. Lines without a colon and folded lines (RFC 9112 §5.2) are passed over.
struct Fields<'b> {
    rest: &'b [u8],
}

impl<'b> Iterator for Fields<'b> {
    type Item = Result<Field<'b>, Reject>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let Some((line, rest)) = halves(self.rest, b'\n') else {
                self.rest = &[];
                return Some(Err(Reject::Truncated));
            };
            self.rest = rest;
            if matches!(line, [] | [b'\r']) {
                self.rest = &[];
            } else if let Some((name, value)) = halves(line, b':')
                && !line.starts_with(b" ")
                && !line.starts_with(b"\t")
            {
                let value = value.trim_ascii();
                return Some(Ok(Field { name, value }));
            }
        }
        None
    }
}

/// Keeps `value` when `name` is the one wanted and nothing was kept before.
fn keep<'b>(slot: &mut Option<&'b [u8]>, name: &[u8], wanted: &[u8], value: &'b [u8]) {
    if slot.is_none() && name.eq_ignore_ascii_case(wanted) {
        *slot = Some(value);
    }
}

/// What stands before and behind the first `mark`; `None` without one.
fn halves(bytes: &[u8], mark: u8) -> Option<(&[u8], &[u8])> {
    let at = bytes.iter().position(|&byte| byte == mark)?;
    let (before, behind) = bytes.split_at_checked(at)?;
    Some((before, behind.get(1..)?))
}

/// The value as text: UTF-8, not empty, no control characters.
fn text(value: &[u8]) -> Option<&str> {
    let text = str::from_utf8(value).ok()?;
    (!text.is_empty() && !text.chars().any(char::is_control)).then_some(text)
}

/// Decimal digits and nothing else; what does not fit is taken as the largest number that does.
fn number(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| {
        let digit = digit.is_ascii_digit().then(|| digit - b'0')?;
        Some(value.saturating_mul(10).saturating_add(u32::from(digit)))
    })
}

#[cfg(test)]
#[path = "ssdp_tests.rs"]
mod tests;
