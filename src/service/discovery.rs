//! Discovery: when rill announces itself, whom it answers and when, and how it says goodbye (UDA 1.1 §1).
//!
//! A machine without sockets and without a clock: [`Discovery::handle`] is told what happened,
//! [`Discovery::output`] gives the next datagram that is due, [`Discovery::wake_at`] says when to come back.
//! Queues hold small fixed records; the text of a datagram is made when it is due. The messages themselves are in
//! `wire/ssdp`.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::limits;
use crate::service::Now;
use crate::wire::date::HttpDate;
use crate::wire::ssdp::{self, Device, Location, MSearch, Mx, Reject, Target};

mod link;
pub(super) mod sources;
#[cfg(test)]
mod tests;

pub use link::Interface;
use link::{GAP, Link, Phase};
use sources::Sources;

/// The first set of a start burst waits at most so long, so that boards powered up together do not speak together.
const START_JITTER: Duration = Duration::from_millis(100);
/// The last answer leaves so long before MX is over: time for the way back, and for a busy loop.
const MX_MARGIN: Duration = Duration::from_millis(100);
/// A shorter `notify_interval` is taken as this: a start burst fits in.
const SHORTEST_INTERVAL_SECS: u64 = 5;
/// A longer `notify_interval` is taken as this: three of them, in seconds, fit in 31 bits.
const LONGEST_INTERVAL_SECS: u64 = 0x7fff_ffff / 3;
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
    /// CONFIGID.UPNP.ORG; another one when the description has changed. The low 24 bits count.
    pub config_id: u32,
    /// The longest time between two announcements, whole seconds from 5. `max-age` is three of them, at least 1800 s.
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

/// Counts since the start, for the status page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Well-formed searches from anywhere, for anything.
    pub searches: u64,
    /// Searches to which an answer was scheduled, or was waiting already.
    pub answered: u64,
    /// Searches from outside the subnets of their interface, or from port 0.
    pub refused_off_subnet: u64,
    /// Searches for something of ours, refused because their source asks too often.
    pub limited: u64,
    /// Searches dropped because [`limits::PENDING_ANSWERS`] others were waiting.
    pub dropped: u64,
    /// Datagrams that are no message of SSDP, or a search against the rules.
    pub malformed: u64,
    /// The last search from inside a subnet, answered or not.
    pub last_search: Option<LastSearch>,
}

/// The last search seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSearch {
    /// Who asked.
    pub from: SocketAddr,
    /// What for; a stranger's text, cut at [`limits::SHOWN_TARGET_BYTES`].
    pub st: heapless::String<{ limits::SHOWN_TARGET_BYTES }>,
    /// When.
    pub uptime: Duration,
}

/// The machine. About 16 KiB, all of it at once; nothing grows.
#[derive(Debug)]
pub struct Discovery {
    settings: Settings,
    links: heapless::Vec<Link, { limits::INTERFACES }>,
    pending: heapless::Vec<Pending, { limits::PENDING_ANSWERS }>,
    sources: Sources,
    chance: Chance,
    seen: Seen,
    /// No interface was left at some time since the last one came up.
    off_the_network: bool,
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
        settings.config_id &= 0x00ff_ffff;
        Discovery {
            chance: Chance::new(settings.seed),
            settings,
            links: heapless::Vec::new(),
            pending: heapless::Vec::new(),
            sources: Sources::default(),
            seen: Seen::default(),
            off_the_network: false,
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
            Input::Datagram(datagram) => self.datagram(now.uptime, datagram),
            Input::Tick => {}
            Input::Stop => self.stop(now.uptime),
        }
    }

    /// The next datagram that is due, or `None`. Call it until then; each call gives one and sets the moment of its
    /// successor. A datagram that cannot be sent is simply lost, as any datagram may be.
    pub fn output(&mut self, now: Now) -> Option<Transmit<'_>> {
        // Announcements first: one datagram per link, then the link waits for GAP and the answers have their turn.
        if let Some(at) = first_due(self.links.iter().map(|link| link.due), now.uptime) {
            return self.announce(at, now);
        }
        let at = first_due(self.pending.iter().map(|pending| pending.due), now.uptime)?;
        self.answer(at, now)
    }

    /// The uptime at which [`Discovery::output`] has something; `None` until something happens.
    pub fn wake_at(&self) -> Option<Duration> {
        let links = self.links.iter().map(|link| link.due);
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

    /// BOOTID now: the one from the settings, and one more for each time the last interface went and one came back
    /// (UDA 1.1 §1.2.2). The next start has to begin above it.
    pub fn boot_id(&self) -> u32 {
        self.settings.boot_id
    }

    // ---- interfaces come and go ----------------------------------------------------------------

    fn interface_up(&mut self, now: Duration, interface: Interface) {
        let Interface { index, address, .. } = interface;
        if let Some(link) = self.links.iter_mut().find(|link| link.is(index, address)) {
            link.interface = interface; // the kernel tells of renewed addresses too
            return;
        }
        if self.off_the_network {
            self.off_the_network = false;
            self.settings.boot_id = self.settings.boot_id.wrapping_add(1) & 0x7fff_ffff;
        }
        // A goodbye still waiting for this wire would arrive behind the new alive, and undo it.
        self.links
            .retain(|link| link.phase == Phase::Announcing || link.interface.index != index);
        let due = now + self.chance.up_to(START_JITTER);
        if self.links.push(Link::new(interface, due)).is_err() {
            let most = limits::INTERFACES;
            log::warn!("not announced on {address}: rill serves at most {most} addresses");
        }
    }

    fn interface_down(&mut self, now: Duration, index: u32, address: IpAddr) {
        self.pending
            .retain(|pending| pending.interface != index || pending.source != address);
        let Some(at) = self.links.iter().position(|link| link.is(index, address)) else {
            return;
        };
        let gone = self.links.swap_remove(at);
        let mut on_that_wire = false;
        for link in &mut self.links {
            if link.phase == Phase::Announcing && link.interface.index == index {
                // The device is still on that wire, and byebye names no address: it would remove the device whole.
                // A new alive moves the control points to the LOCATION that is left.
                link.start_over(now);
                on_that_wire = true;
            }
        }
        if !on_that_wire {
            // There is room: its place has just been left.
            let _ = self.links.push(gone.leaving(Phase::Gone, now));
        }
        self.off_the_network = self
            .links
            .iter()
            .all(|link| link.phase != Phase::Announcing);
    }

    fn stop(&mut self, now: Duration) {
        self.stopping = true;
        self.pending.clear();
        for link in &mut self.links {
            if link.phase == Phase::Announcing {
                *link = link.leaving(Phase::Stopping, now);
            }
        }
    }

    // ---- searches ------------------------------------------------------------------------------

    fn datagram(&mut self, now: Duration, datagram: Datagram<'_>) {
        let search = match MSearch::parse(datagram.bytes) {
            Ok(search) => search,
            Err(Reject::NotSearch) => return, // other devices, and rill's own announcements
            Err(_) => return self.seen.malformed += 1,
        };
        self.seen.searches += 1;
        let Some(source) = self.asked_at(&datagram) else {
            return self.seen.refused_off_subnet += 1;
        };
        self.seen.last_search = Some(LastSearch {
            from: datagram.from,
            st: cut(search.st, limits::SHOWN_TARGET_BYTES)
                .try_into()
                .unwrap_or_default(),
            uptime: now,
        });
        let wanted = ssdp::wanted(search.st, &self.settings.udn);
        if wanted.is_empty() {
            return;
        }
        if !self.sources.admit(datagram.from.ip(), now) {
            return self.seen.limited += 1;
        }
        let slot = slot(search.mx, datagram.multicast, wanted);
        let pending = Pending {
            due: now + self.chance.up_to(slot),
            slot_at: now,
            slot,
            left: wanted,
            to: datagram.from,
            interface: datagram.interface,
            source,
        };
        self.enqueue(pending);
    }

    /// The address to answer from: one of that interface whose subnet holds the asker, best the one that was asked.
    fn asked_at(&self, datagram: &Datagram<'_>) -> Option<IpAddr> {
        if datagram.from.port() == 0 {
            return None;
        }
        let asker = datagram.from.ip();
        let mut addresses = self
            .links
            .iter()
            .filter(|link| {
                link.phase == Phase::Announcing
                    && link.interface.index == datagram.interface
                    && link.interface.subnet_holds(asker)
            })
            .map(|link| link.interface.address);
        let first = addresses.next()?;
        let asked = addresses.find(|&address| address == datagram.local);
        Some(asked.unwrap_or(first))
    }

    /// Control points ask two or three times over; a question whose answer still waits needs no second one.
    fn enqueue(&mut self, new: Pending) {
        if self.pending.iter().any(|old| old.serves(&new)) || self.pending.push(new).is_ok() {
            self.seen.answered += 1;
        } else {
            self.seen.dropped += 1;
        }
    }

    // ---- datagrams -----------------------------------------------------------------------------

    fn announce(&mut self, at: usize, now: Now) -> Option<Transmit<'_>> {
        // Never longer than the interval, which is at most a third of max-age.
        let interval = self.settings.notify_interval;
        let period = interval.saturating_sub(self.chance.up_to(interval / 10));
        let link = self.links.get_mut(at)?;
        let target = link.take(now.uptime, period)?;
        let Link {
            interface, phase, ..
        } = *link;
        if link.left.is_empty() {
            self.links.swap_remove(at);
        }
        self.text.clear();
        let device = self.settings.device();
        let to = ssdp::group(interface.address);
        let written = match phase {
            Phase::Announcing => {
                let location = self.settings.location(interface.address);
                device.alive(target, location, &mut self.text)
            }
            Phase::Gone | Phase::Stopping => device.byebye(target, to, &mut self.text),
        };
        debug_assert!(written.is_ok(), "the UDN or the path is absurdly long");
        written.ok()?;
        Some(Transmit {
            to,
            interface: interface.index,
            source: interface.address,
            bytes: self.text.as_bytes(),
        })
    }

    fn answer(&mut self, at: usize, now: Now) -> Option<Transmit<'_>> {
        let pending = self.pending.get_mut(at)?;
        let (&target, left) = pending.left.split_first()?;
        pending.left = left;
        pending.slot_at += pending.slot;
        pending.due = pending.slot_at + self.chance.up_to(pending.slot);
        let Pending {
            to,
            interface,
            source,
            ..
        } = *pending;
        if left.is_empty() {
            self.pending.swap_remove(at);
        }
        self.text.clear();
        let location = self.settings.location(source);
        let device = self.settings.device();
        let written = device.answer(target, location, HttpDate(now.unix_secs), &mut self.text);
        debug_assert!(written.is_ok(), "the UDN or the path is absurdly long");
        written.ok()?;
        Some(Transmit {
            to,
            interface,
            source,
            bytes: self.text.as_bytes(),
        })
    }
}

impl Settings {
    fn device(&self) -> Device<'_> {
        let three = u32::try_from(self.notify_interval.as_secs() * 3).unwrap_or(u32::MAX);
        Device {
            udn: &self.udn,
            server: &self.server,
            max_age_secs: three.max(SHORTEST_MAX_AGE_SECS),
            boot_id: self.boot_id,
            config_id: self.config_id,
        }
    }

    fn location(&self, address: IpAddr) -> Location<'_> {
        Location {
            http: SocketAddr::new(address, self.http_port),
            path: self.description_path,
        }
    }
}

// ---- answers that wait -------------------------------------------------------------------------

/// The answers to one search, one in each slot of time.
#[derive(Clone, Copy, Debug)]
struct Pending {
    due: Duration,
    slot_at: Duration,
    slot: Duration,
    left: &'static [Target],
    to: SocketAddr,
    interface: u32,
    source: IpAddr,
}

impl Pending {
    /// Whether this one's answers, none of them sent, are those of `new`, and not later than they may be.
    fn serves(&self, new: &Pending) -> bool {
        let same = (self.to, self.interface, self.source) == (new.to, new.interface, new.source);
        same && self.left == new.left && self.over_at() <= new.over_at()
    }

    /// The last answer leaves before.
    fn over_at(&self) -> Duration {
        let slots = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        self.slot_at + self.slot.saturating_mul(slots)
    }
}

/// The time for each answer: MX, less a margin, shared out among them (UDA 1.1 §1.3.3). Where no time was given, and
/// to unicast searches, which only one device answers, at once.
fn slot(mx: Mx, multicast: bool, wanted: &[Target]) -> Duration {
    match mx {
        Mx::Seconds(secs @ 1..) if multicast => {
            let spread = Duration::from_secs(secs.into()).saturating_sub(MX_MARGIN);
            let slots = u32::try_from(wanted.len()).unwrap_or(u32::MAX).max(1);
            spread / slots
        }
        _ if wanted.len() > 1 => GAP,
        _ => Duration::ZERO,
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
