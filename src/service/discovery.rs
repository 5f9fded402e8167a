//! Discovery: when rill announces itself, whom it answers and when, and how it says goodbye (UDA 1.1 §1).
//!
//! A machine without sockets and without a clock: [`Discovery::handle`] is told what happened,
//! [`Discovery::output`] gives the next datagram that is due, [`Discovery::wake_at`] says when to come back.
//! Queues hold small fixed records; the text of a datagram is made when it is due. The messages themselves are in
//! `wire/ssdp`.
//!
//! ```text
//!  InterfaceUp, InterfaceDown ─► interfaces ─► link, one for each address and group: byebye, update, alive
//!  Datagram ─► searches ─► sources: may it be answered? ─► an answer that waits for its moment in MX
//! ```

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::limits;
use crate::service::Now;
use crate::wire::ssdp::{Device, Location};

mod interfaces;
mod link;
mod searches;
mod seen;
pub(super) mod sources;
#[cfg(test)]
mod tests;

pub use crate::wire::ssdp::{GROUP_V4, GROUP_V6, GROUP_V6_SITE, PORT};
pub use link::Interface;
use link::Link;
use searches::Pending;
pub use seen::{LastSearch, Seen};
use sources::{Budget, Sources};

/// A shorter `notify_interval` is taken as this: a start burst fits in.
const SHORTEST_INTERVAL_SECS: u64 = 5;
/// How many times `notify_interval` an announcement is good for. With three sets each period, fifteen datagrams in a row
/// must be lost before a control point believes that rill is gone.
const PERIODS_VALID: u64 = 5;
/// A longer `notify_interval` is taken as this: as many as are valid, in seconds, fit in 31 bits.
const LONGEST_INTERVAL_SECS: u64 = 0x7fff_ffff / PERIODS_VALID;
/// Announcements are good for at least so many seconds (UDA 1.1 §1.2.2).
const SHORTEST_MAX_AGE_SECS: u32 = 1800;

/// What discovery has to know about this server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The UDN, `uuid:` included.
    pub udn: String,
    /// Port of the HTTP server, for LOCATION.
    pub http_port: u16,
    /// SERVER: `OS/version UPnP/1.1 product/version`. Cut at [`limits::SERVER_BYTES`].
    pub server: String,
    /// BOOTID.UPNP.ORG; greater than at the last start. The low 31 bits count.
    pub boot_id: u32,
    /// How many BOOTIDs, from that one on, are this run's own: the next start takes a greater one. The last of them stays.
    pub boot_ids: u32,
    /// CONFIGID.UPNP.ORG; another one when the description has changed. The low 24 bits count.
    pub config_id: u32,
    /// The longest time between two announcements, whole seconds from 5. `max-age` is five of them, at least 1800 s.
    pub notify_interval: Duration,
    /// Path of the device description, from its slash.
    pub description_path: &'static str,
    /// Any number; other boards should have another one.
    pub seed: u64,
}

/// One datagram as it came in.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// All of it, or at least [`limits::DATAGRAM_BYTES`].
    pub bytes: &'a [u8],
    /// Who says to have sent it.
    pub from: SocketAddr,
    /// Number of the interface on which it arrived.
    pub interface: u32,
    /// The address it was sent to: the group, or one of rill's own.
    pub local: IpAddr,
    /// Whether it was sent to the group.
    pub multicast: bool,
}

/// What can happen.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// An address can be used now; the groups are joined. Again for a known one: only the prefix is noted.
    InterfaceUp(Interface),
    /// An address is gone.
    InterfaceDown {
        /// The kernel's number of the interface.
        index: u32,
        /// The address.
        address: IpAddr,
    },
    /// All addresses of the served interfaces, announced or not: who is in the subnet of one of them is a neighbour there.
    /// Takes the place of what was told before; at most [`limits::INTERFACES`] count.
    Subnets(&'a [Interface]),
    /// Where searches come in that are sent to rill alone; `None`: port 1900, as everywhere.
    SearchPort {
        /// For IPv6, or for IPv4.
        ipv6: bool,
        /// The port.
        port: Option<u16>,
    },
    /// Something arrived at port 1900.
    Datagram(Datagram<'a>),
    /// Nothing but time has passed. Changes nothing: [`Discovery::output`] goes by its own `now`.
    Tick,
    /// The server stops: say goodbye everywhere. Everything after it is ignored.
    Stop,
}

/// One datagram to send now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transmit<'a> {
    /// The group, or the control point that asked.
    pub to: SocketAddr,
    /// The interface it leaves by.
    pub interface: u32,
    /// The address it comes from: the one LOCATION names.
    pub source: IpAddr,
    /// The text.
    pub bytes: &'a [u8],
}

/// An address, and the group it is announced to; an IPv6 address that is good beyond its link has two.
const LINKS: usize = 2 * limits::INTERFACES;

/// The machine. About 24 KiB, all of it at once; nothing grows.
#[derive(Debug)]
pub struct Discovery {
    settings: Settings,
    links: heapless::Vec<Link, LINKS>,
    subnets: heapless::Vec<Interface, { limits::INTERFACES }>,
    pending: heapless::Vec<Pending, { limits::PENDING_ANSWERS }>,
    sources: Sources,
    budget: Budget,
    chance: Chance,
    seen: Seen,
    /// The last BOOTID that is this run's own.
    last_boot_id: u32,
    /// Somebody may have heard of the present BOOTID.
    boot_id_told: bool,
    /// What BOOTID will be, once every link that knows the present one has been told.
    next_boot_id: Option<u32>,
    /// An interface went and none has come up since.
    lost: bool,
    /// Of IPv4 and of IPv6.
    search_ports: [Option<u16>; 2],
    stopping: bool,
    text: heapless::String<{ limits::SSDP_MESSAGE_BYTES }>,
}

impl Discovery {
    /// A machine that knows no interface yet and has nothing to say.
    pub fn new(mut settings: Settings) -> Self {
        let secs = settings.notify_interval.as_secs();
        let secs = secs.clamp(SHORTEST_INTERVAL_SECS, LONGEST_INTERVAL_SECS);
        settings.notify_interval = Duration::from_secs(secs);
        let server = cut(&settings.server, limits::SERVER_BYTES);
        settings.server.truncate(server.len());
        settings.boot_id &= 0x7fff_ffff;
        let own = settings.boot_ids.saturating_sub(1);
        settings.config_id &= 0x00ff_ffff;
        Discovery {
            chance: Chance::new(settings.seed),
            last_boot_id: settings.boot_id.saturating_add(own).min(0x7fff_ffff),
            settings,
            links: heapless::Vec::new(),
            subnets: heapless::Vec::new(),
            pending: heapless::Vec::new(),
            sources: Sources::default(),
            budget: Budget::default(),
            seen: Seen::default(),
            boot_id_told: false,
            next_boot_id: None,
            lost: false,
            search_ports: [None; 2],
            stopping: false,
            text: heapless::String::new(),
        }
    }

    /// Takes in what happened. Bounded work, no allocation; nothing is sent before [`Discovery::output`].
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        if self.stopping {
            return;
        }
        match input {
            Input::InterfaceUp(interface) => self.interface_up(now.uptime, interface),
            Input::InterfaceDown { index, address } => {
                self.interface_down(now.uptime, index, address);
            }
            Input::Subnets(all) => {
                let all = all.iter().take(limits::INTERFACES);
                self.subnets = all.copied().collect();
            }
            Input::SearchPort { ipv6, port } => self.search_ports[usize::from(ipv6)] = port,
            Input::Datagram(datagram) => self.datagram(now.uptime, datagram),
            Input::Tick => {}
            Input::Stop => self.stop(now.uptime),
        }
    }

    /// The next datagram that is due, or `None`. Call it until then; each call gives one and sets the moment of its
    /// successor. A datagram that cannot be sent is simply lost, as any datagram may be.
    pub fn output(&mut self, now: Now) -> Option<Transmit<'_>> {
        // Announcements first: one datagram per link, then the link waits for a moment and the answers have their turn.
        let (to, interface, source) = if let Some(at) = self.due_link(now.uptime) {
            self.announce(at, now.uptime)?
        } else {
            loop {
                let waiting = self.pending.iter().map(|pending| pending.due);
                let at = first_due(waiting, now.uptime)?;
                if let Some(sent) = self.answer(at, now) {
                    break sent;
                }
            }
        };
        Some(Transmit {
            to,
            interface,
            source,
            bytes: self.text.as_bytes(),
        })
    }

    /// The uptime at which [`Discovery::output`] has something; `None` until something happens.
    pub fn wake_at(&self) -> Option<Duration> {
        let links = self.speaking().map(|(_, link)| link.due);
        let pending = self.pending.iter().map(|pending| pending.due);
        links.chain(pending).min()
    }

    /// After [`Input::Stop`]: whether all goodbyes have been taken. They take about 130 ms.
    pub fn finished(&self) -> bool {
        self.stopping && self.links.is_empty()
    }

    /// What came in so far.
    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// BOOTID now: the one from the settings, and one more for each time an interface came up or an address changed
    /// (UDA 1.1 §1.2.2, §1.2.4), but never beyond those that are this run's own.
    pub fn boot_id(&self) -> u32 {
        self.settings.boot_id
    }
}

impl Settings {
    fn device(&self, search_port: Option<u16>) -> Device<'_> {
        let valid = self.notify_interval.as_secs() * PERIODS_VALID;
        let valid = u32::try_from(valid).unwrap_or(u32::MAX);
        Device {
            udn: &self.udn,
            server: &self.server,
            max_age_secs: valid.max(SHORTEST_MAX_AGE_SECS),
            boot_id: self.boot_id,
            config_id: self.config_id,
            search_port,
        }
    }

    fn location(&self, address: IpAddr) -> Location<'_> {
        Location {
            http: SocketAddr::new(address, self.http_port),
            path: self.description_path,
        }
    }
}

// ---- small things ------------------------------------------------------------------------------

/// Xorshift (Marsaglia 2003): spreads answers in time, protects nothing.
#[derive(Debug)]
pub(super) struct Chance {
    state: u64,
}

impl Chance {
    pub(super) fn new(seed: u64) -> Self {
        // Spread the bits of small seeds; zero is the one state from which nothing follows.
        let state = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Chance {
            state: state.max(1),
        }
    }

    /// A time from zero to `most`, in whole microseconds.
    pub(super) fn up_to(&mut self, most: Duration) -> Duration {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX - 1);
        Duration::from_micros(self.state % most.saturating_add(1))
    }
}

/// The position of the earliest of `moments` that is not after `now`.
pub(super) fn first_due(moments: impl Iterator<Item = Duration>, now: Duration) -> Option<usize> {
    let due = moments.enumerate().filter(|&(_, moment)| moment <= now);
    due.min_by_key(|&(_, moment)| moment).map(|(at, _)| at)
}

/// The first `most` bytes of `text`, or less to end with a whole character.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}
