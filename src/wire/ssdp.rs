//! SSDP, the first thing a control point and a device say to each other (UDA 1.0 §1, UDA 1.1 §1): M-SEARCH, its
//! answer, NOTIFY alive, update and byebye, each one datagram of HTTP-like text.
//!
//! What is announced, to whom and when is not decided here but in `service/discovery`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

mod read;

pub use read::{MSearch, Mx, Notice, Reject, Saying};

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

#[cfg(test)]
#[path = "ssdp_tests.rs"]
mod tests;
