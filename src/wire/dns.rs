//! DNS messages as multicast DNS uses them (RFC 1035 §4, RFC 6762 §18): reading in place and writing, both without
//! allocation.
//!
//! ```text
//! byte 0    2       4         6         8           10           12
//!      | id | flags | QDCOUNT | ANCOUNT | NSCOUNT | ARCOUNT | questions, then records
//! ```
//! A reader must not trust a name: a compression pointer is followed only backwards, before the labels it was met in,
//! and a name ends with an error at 255 bytes (RFC 1035 §2.3.4). What is announced and when is decided in `service/mdns`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

mod name;
mod write;

pub use name::{Labels, Name, NameBuf};
pub use write::{Full, Header, Section, Writer, nsec};

/// The port of all multicast DNS traffic (RFC 6762 §3).
pub const PORT: u16 = 5353;
/// The IPv4 group (RFC 6762 §3).
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// The IPv6 group of one link (RFC 6762 §3).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);

/// Where messages of the family of `address` go.
pub fn group(address: IpAddr) -> SocketAddr {
    match address {
        IpAddr::V4(_) => SocketAddr::new(GROUP_V4.into(), PORT),
        IpAddr::V6(_) => SocketAddr::new(GROUP_V6.into(), PORT),
    }
}

/// Flag of a response; its absence is a query (RFC 1035 §4.1.1).
const RESPONSE: u16 = 0b1000_0000_0000_0000;
/// The four bits of OPCODE; 0 in every multicast message (RFC 6762 §18.3).
const OPCODE: u16 = 0b0111_1000_0000_0000;
/// Authoritative answer (RFC 6762 §18.4).
const AUTHORITATIVE: u16 = 0b0000_0100_0000_0000;
/// More known answers follow in another datagram (RFC 6762 §7.2).
const TRUNCATED: u16 = 0b0000_0010_0000_0000;
/// The four bits of RCODE; 0 in every multicast message (RFC 6762 §18.11).
const RCODE: u16 = 0b0000_0000_0000_1111;
/// Class Internet.
pub const CLASS_IN: u16 = 1;
/// Any class, in questions.
pub const CLASS_ANY: u16 = 255;
/// The top bit of a class: in a question "answer by unicast", in a record "forget the others" (RFC 6762 §18.12, §18.13).
const TOP_BIT: u16 = 0b1000_0000_0000_0000;

/// The types that rill speaks, by their numbers (RFC 1035 §3.2.2, RFC 2782, RFC 3596, RFC 4034).
pub mod kind {
    /// An IPv4 address.
    pub const A: u16 = 1;
    /// A name that points to another.
    pub const PTR: u16 = 12;
    /// Texts.
    pub const TXT: u16 = 16;
    /// An IPv6 address.
    pub const AAAA: u16 = 28;
    /// Host and port of a service.
    pub const SRV: u16 = 33;
    /// Which types a name has, and so which it has not.
    pub const NSEC: u16 = 47;
    /// Every type, in questions.
    pub const ANY: u16 = 255;
}

/// Why a datagram is no message; it is dropped whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It ends before what it announces.
    Truncated,
    /// A label of an unknown kind, a pointer that does not go back, or a name above 255 bytes.
    Name,
    /// Data that do not have the form of their type.
    Data,
    /// An OPCODE or RCODE that multicast DNS does not know; it says to ignore those.
    Code,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "the message ends too early",
            Self::Name => "a name is malformed",
            Self::Data => "a record's data do not fit its type",
            Self::Code => "an unknown operation or an error code",
        })
    }
}

impl std::error::Error for Error {}

/// A whole message, checked: its questions and records are read without further errors.
#[derive(Clone, Copy, Debug)]
pub struct Message<'m> {
    bytes: &'m [u8],
    /// Echoed by answers to legacy queries; else 0.
    pub id: u16,
    flags: u16,
    /// Questions, and records of the three sections.
    counts: [u16; 4],
}

impl<'m> Message<'m> {
    /// Reads a message and checks all of it. Bytes behind the last record are not looked at. The work is bounded by the
    /// length: each entry takes at least 5 bytes, and each name at most 128 steps.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn parse(bytes: &'m [u8]) -> Result<Self, Error> {
        let word = |at| u16_at(bytes, at).ok_or(Error::Truncated);
        let (id, flags) = (word(0)?, word(2)?);
        let counts = [word(4)?, word(6)?, word(8)?, word(10)?];
        if flags & (OPCODE | RCODE) != 0 {
            return Err(Error::Code);
        }
        let message = Message {
            bytes,
            id,
            flags,
            counts,
        };
        let mut at = HEADER_BYTES;
        for _ in 0..counts[0] {
            (_, at) = question(bytes, at)?;
        }
        for _ in 0..message.record_count() {
            (_, at) = record(bytes, at)?;
        }
        Ok(message)
    }

    /// Whether it answers; else it asks.
    pub fn is_response(&self) -> bool {
        self.flags & RESPONSE != 0
    }

    /// Whether more known answers of the same asker follow (RFC 6762 §7.2).
    pub fn is_truncated(&self) -> bool {
        self.flags & TRUNCATED != 0
    }

    /// The questions, in order.
    pub fn questions(&self) -> impl Iterator<Item = Question<'m>> {
        let (bytes, mut at) = (self.bytes, HEADER_BYTES);
        (0..self.counts[0]).map_while(move |_| {
            let (question, next) = question(bytes, at).ok()?;
            at = next;
            Some(question)
        })
    }

    /// The records of the three sections, in order.
    pub fn records(&self) -> impl Iterator<Item = (Section, Record<'m>)> {
        let bytes = self.bytes;
        let mut at = HEADER_BYTES;
        for _ in 0..self.counts[0] {
            // Checked by `parse`.
            at = question(bytes, at).map_or(bytes.len(), |(_, next)| next);
        }
        let answers = u32::from(self.counts[1]);
        let authorities = answers + u32::from(self.counts[2]);
        (0..self.record_count()).map_while(move |n| {
            let (record, next) = record(bytes, at).ok()?;
            at = next;
            let section = match n {
                n if n < answers => Section::Answer,
                n if n < authorities => Section::Authority,
                _ => Section::Additional,
            };
            Some((section, record))
        })
    }

    fn record_count(&self) -> u32 {
        self.counts[1..].iter().map(|&n| u32::from(n)).sum()
    }
}

const HEADER_BYTES: usize = 12;

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Question<'m> {
    /// Of what.
    pub name: Name<'m>,
    /// Which type; [`kind::ANY`] for all.
    pub kind: u16,
    /// Which class, without its top bit.
    pub class: u16,
    /// The top bit: an answer by unicast is wished for (RFC 6762 §5.4).
    pub unicast: bool,
}

impl Question<'_> {
    /// Whether it asks for records of this type, class Internet.
    pub fn asks_for(&self, kind: u16) -> bool {
        (self.kind == kind || self.kind == kind::ANY)
            && (self.class == CLASS_IN || self.class == CLASS_ANY)
    }
}

/// One record.
#[derive(Clone, Copy, Debug)]
pub struct Record<'m> {
    /// Of what.
    pub name: Name<'m>,
    /// Its class, without its top bit.
    pub class: u16,
    /// The top bit: the sender knows all records of this name and type, and these are they (RFC 6762 §10.2).
    pub flush: bool,
    /// Seconds for which it may be remembered; 0 takes it back.
    pub ttl_secs: u32,
    /// What it says.
    pub data: Data<'m>,
}

/// What a record says.
#[derive(Clone, Copy, Debug)]
pub enum Data<'m> {
    /// An IPv4 address.
    A(Ipv4Addr),
    /// An IPv6 address.
    Aaaa(Ipv6Addr),
    /// Another name.
    Ptr(Name<'m>),
    /// Host and port of a service (RFC 2782).
    Srv {
        /// Lower is asked first.
        priority: u16,
        /// Share among equal priorities.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Name<'m>,
    },
    /// Texts, each behind a byte of its length (RFC 1035 §3.3.14); checked.
    Txt(&'m [u8]),
    /// Of another type, also NSEC: the type and the bytes, which may hold compressed names.
    Other(u16, &'m [u8]),
}

impl Data<'_> {
    /// The number of the type.
    pub fn kind(&self) -> u16 {
        match self {
            Data::A(_) => kind::A,
            Data::Aaaa(_) => kind::AAAA,
            Data::Ptr(_) => kind::PTR,
            Data::Srv { .. } => kind::SRV,
            Data::Txt(_) => kind::TXT,
            Data::Other(kind, _) => *kind,
        }
    }

    /// Gives the bytes with every name written out, piece by piece: what a tie between two probes is decided by
    /// (RFC 6762 §8.2).
    pub fn spell(&self, mut out: impl FnMut(&[u8])) {
        match self {
            Data::A(address) => out(&address.octets()),
            Data::Aaaa(address) => out(&address.octets()),
            Data::Ptr(name) => name.spell(out),
            Data::Srv {
                priority,
                weight,
                port,
                target,
            } => {
                for word in [priority, weight, port] {
                    out(&word.to_be_bytes());
                }
                target.spell(out);
            }
            Data::Txt(bytes) | Data::Other(_, bytes) => out(bytes),
        }
    }
}

/// The texts of TXT data, each at most 255 bytes; stops where a length lies.
pub fn texts(mut data: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&len, rest) = data.split_first()?;
        let (text, rest) = rest.split_at_checked(len.into())?;
        data = rest;
        Some(text)
    })
}

/// Reads the question at `at`; it, and where the next entry begins.
fn question(bytes: &[u8], at: usize) -> Result<(Question<'_>, usize), Error> {
    let (name, at) = Name::parse(bytes, at)?;
    let kind = u16_at(bytes, at).ok_or(Error::Truncated)?;
    let class = u16_at(bytes, at + 2).ok_or(Error::Truncated)?;
    let question = Question {
        name,
        kind,
        class: class & !TOP_BIT,
        unicast: class & TOP_BIT != 0,
    };
    Ok((question, at + 4))
}

/// Reads the record at `at`; it, and where the next begins.
///
/// ```text
/// | name | type 2 | class 2 | TTL 4 | length 2 | data |
/// ```
#[inline(never)]
fn record(bytes: &[u8], at: usize) -> Result<(Record<'_>, usize), Error> {
    let (name, at) = Name::parse(bytes, at)?;
    let word = |at| u16_at(bytes, at).ok_or(Error::Truncated);
    let (kind, class) = (word(at)?, word(at + 2)?);
    let ttl_secs = u32::from(word(at + 4)?) << 16 | u32::from(word(at + 6)?);
    let (data_at, len) = (at + 10, usize::from(word(at + 8)?));
    let end = data_at + len;
    // Names in the data may point back into the message, but must not run on beyond their record.
    let up_to_end = bytes.get(..end).ok_or(Error::Truncated)?;
    let data = data(up_to_end, kind, data_at)?;
    let record = Record {
        name,
        class: class & !TOP_BIT,
        flush: class & TOP_BIT != 0,
        // A TTL above 31 bits counts as zero (RFC 2181 §8).
        ttl_secs: if ttl_secs > i32::MAX.cast_unsigned() {
            0
        } else {
            ttl_secs
        },
        data,
    };
    Ok((record, end))
}

/// Reads the data that begin at `at` and end with `bytes`.
fn data(bytes: &[u8], kind: u16, at: usize) -> Result<Data<'_>, Error> {
    let raw = bytes.get(at..).ok_or(Error::Truncated)?;
    let name = |at| match Name::parse(bytes, at) {
        Ok((name, end)) if end == bytes.len() => Ok(name),
        Err(Error::Name) => Err(Error::Name),
        _ => Err(Error::Data),
    };
    Ok(match kind {
        kind::A => Data::A(<[u8; 4]>::try_from(raw).map_err(|_| Error::Data)?.into()),
        kind::AAAA => Data::Aaaa(<[u8; 16]>::try_from(raw).map_err(|_| Error::Data)?.into()),
        kind::PTR => Data::Ptr(name(at)?),
        kind::SRV => {
            let word = |at| u16_at(bytes, at).ok_or(Error::Data);
            Data::Srv {
                priority: word(at)?,
                weight: word(at + 2)?,
                port: word(at + 4)?,
                target: name(at + 6)?,
            }
        }
        kind::TXT => {
            let taken: usize = texts(raw).map(|text| text.len() + 1).sum();
            if taken != raw.len() {
                return Err(Error::Data);
            }
            Data::Txt(raw)
        }
        other => Data::Other(other, raw),
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let (word, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u16::from_be_bytes(*word))
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
