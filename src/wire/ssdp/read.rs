//! SSDP as it is read: searches, and what other devices say; and how a search is written.

use std::fmt;
use std::net::SocketAddr;
use std::str;

use crate::limits;

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
