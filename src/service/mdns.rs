//! Multicast DNS: rill's web page as `_http._tcp.local`, for browsers that list what is on the network (RFC 6762,
//! RFC 6763). Probe, announce, answer, goodbye.
//!
//! A machine without sockets and without a clock, as `service/discovery` is; the messages are in `wire/dns`.
//!
//! # The name of the host
//!
//! SRV names `<host>.local`. Another responder on the same machine (avahi-daemon) tells that name too, with the same
//! addresses: that is no conflict (RFC 6762 §9), and neither is anything that comes from one of our own addresses. Where
//! such a one was heard, rill does not deny addresses of the host, lets nobody forget those that it does not know, and
//! leaves the host's addresses in the caches when it says goodbye. If another *machine* has the name, rill takes
//! `<host>-2.local`, as that responder would.
//!
//! # What rill does not do
//!
//! Probes do not ask for answers by unicast: port 5353 is shared, and the kernel may hand a unicast answer to another
//! program (RFC 6762 §15.1). Reverse names and subtypes are not told.

use std::net::IpAddr;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::limits;
use crate::service::Now;
use crate::service::discovery::sources::Sources;
use crate::service::discovery::{Chance, Datagram, Input, Interface, Transmit};
use crate::wire::dns::{self, Message};

mod answer;
mod conflict;
mod link;
mod records;
mod speak;
#[cfg(test)]
mod tests;

use answer::Pending;
use conflict::CONFLICTS;
use link::Link;
use records::{Addresses, Records};

/// The first probe waits at most so long (RFC 6762 §8.1).
const PROBE_JITTER: Duration = Duration::from_millis(250);
/// What the machine has to know about this server.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name people see; cut at 63 bytes.
    pub name: String,
    /// The host's own name, without `.local`: one label.
    pub host: String,
    /// Port of the HTTP server.
    pub http_port: u16,
    /// The UDN, `uuid:` included.
    pub udn: String,
    /// Any number; other boards should have another one.
    pub seed: u64,
}

/// Counts since the start, for the status page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Queries from inside a subnet.
    pub queries: u64,
    /// Queries for something of ours.
    pub answered: u64,
    /// Datagrams from outside the subnets of their interface.
    pub refused_off_subnet: u64,
    /// Queries refused because their source asks too often for answers of its own, or because too many wait.
    pub limited: u64,
    /// Datagrams that are no message of multicast DNS.
    pub malformed: u64,
    /// How often another device had, or wanted, one of our names.
    pub conflicts: u64,
}

/// The machine. About 20 KiB; nothing grows beyond its bound.
#[derive(Debug)]
pub struct Responder {
    records: Records,
    interfaces: heapless::Vec<Interface, { limits::INTERFACES }>,
    links: heapless::Vec<Link, { limits::INTERFACES }>,
    pending: heapless::Vec<Pending, { limits::DNS_PENDING }>,
    /// Hashes of what was multicast last: it comes back by the loop, and on another interface of the same network.
    own: heapless::Deque<u64, { limits::DNS_OWN_DATAGRAMS }>,
    conflicts: heapless::Deque<Duration, CONFLICTS>,
    /// There were too many conflicts in too short a time.
    troubled: bool,
    sources: Sources,
    chance: Chance,
    seen: Seen,
    stopping: bool,
    buffer: Box<[u8; limits::DNS_SENT_BYTES]>,
}

impl Responder {
    /// A machine that knows no interface yet and has nothing to say.
    pub fn new(settings: &Settings) -> Self {
        let udn = format!("udn={}", settings.udn);
        let texts = ["path=/", "description=DLNA media server", &udn];
        let host = settings.host.split('.').next().unwrap_or_default();
        Responder {
            records: Records::new(
                named(&settings.name),
                named(host),
                settings.http_port,
                &texts,
            ),
            interfaces: heapless::Vec::new(),
            links: heapless::Vec::new(),
            pending: heapless::Vec::new(),
            own: heapless::Deque::new(),
            conflicts: heapless::Deque::new(),
            troubled: false,
            sources: Sources::default(),
            chance: Chance::new(settings.seed ^ 0x6d44_4e53),
            seen: Seen::default(),
            stopping: false,
            buffer: Box::new([0; limits::DNS_SENT_BYTES]),
        }
    }

    /// Takes in what happened. Bounded work; nothing is sent before [`Responder::output`].
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
            Input::Tick | Input::Subnets(_) | Input::SearchPort { .. } => {}
            Input::Stop => self.stop(now.uptime),
        }
    }

    /// The next datagram that is due, or `None`. Call it until then.
    pub fn output(&mut self, now: Now) -> Option<Transmit<'_>> {
        let now = now.uptime;
        loop {
            let (to, interface, source, len) = if let Some(at) = self.due_link(now) {
                match self.speak(at, now) {
                    Some(sent) => sent,
                    None => continue,
                }
            } else {
                let at = self.pending.iter().position(|waits| waits.due <= now)?;
                let pending = self.pending.swap_remove(at);
                match self.answer(&pending, now) {
                    Some(sent) => sent,
                    None => continue,
                }
            };
            let bytes = self.buffer.get(..len).unwrap_or_default();
            return Some(Transmit {
                to,
                interface,
                source,
                bytes,
            });
        }
    }

    /// The uptime at which [`Responder::output`] has something; `None` until something happens.
    pub fn wake_at(&self) -> Option<Duration> {
        let links = self.links.iter().filter_map(Link::wake_at);
        links
            .chain(self.pending.iter().map(|waits| waits.due))
            .min()
    }

    /// After [`Input::Stop`]: whether all goodbyes have been taken. They take about 250 ms.
    pub fn finished(&self) -> bool {
        self.stopping && self.links.is_empty()
    }

    /// What came in so far.
    pub fn seen(&self) -> Seen {
        self.seen
    }

    /// The name of the service instance now, and that of the host, for people.
    pub fn names(&self) -> (String, String) {
        let names = [&self.records.instance, &self.records.host];
        let [instance, host] = names.map(|name| name.view().to_string());
        (instance, host)
    }

    // ---- interfaces come and go ----------------------------------------------------------------

    fn interface_up(&mut self, now: Duration, interface: Interface) {
        let Interface { index, address, .. } = interface;
        let is = |known: &&mut Interface| known.index == index && known.address == address;
        if let Some(known) = self.interfaces.iter_mut().find(is) {
            *known = interface; // the kernel tells of renewed addresses too
            return;
        }
        let most = limits::INTERFACES;
        if self.interfaces.push(interface).is_err() {
            log::warn!("not told by multicast DNS on {address}: at most {most} addresses are");
            return;
        }
        if !self.links.iter().any(|link| link.is(index, address)) {
            let due = now + self.chance.up_to(PROBE_JITTER);
            // There are never more links than addresses.
            let _ = self.links.push(Link::new(index, address, due));
        }
        self.addresses_changed(now, index);
    }

    fn interface_down(&mut self, now: Duration, index: u32, address: IpAddr) {
        self.interfaces
            .retain(|known| known.index != index || known.address != address);
        let left = |link: &Link| {
            let mut there = self.interfaces.iter();
            there
                .find(|known| link.is(known.index, known.address))
                .map(|known| known.address)
        };
        self.links.retain_mut(|link| match left(link) {
            Some(source) => {
                link.source = source;
                true
            }
            // The way to say goodbye is gone with the address.
            None => false,
        });
        let links = &self.links;
        self.pending
            .retain(|waits| links.iter().any(|link| link.is(waits.index, waits.to.ip())));
        self.addresses_changed(now, index);
    }

    /// Tells the new addresses where the names are ours already (RFC 6762 §8.4).
    fn addresses_changed(&mut self, now: Duration, index: u32) {
        for link in &mut self.links {
            if link.index == index && link.answers() {
                link.announce(now);
            }
        }
    }

    fn stop(&mut self, now: Duration) {
        self.stopping = true;
        self.pending.clear();
        self.links.retain_mut(|link| link.leave(now));
    }

    /// The addresses of an interface, of both families.
    fn addresses(&self, index: u32) -> Addresses {
        let own = self.interfaces.iter().filter(|own| own.index == index);
        own.take(limits::DNS_ADDRESSES)
            .map(|own| own.address)
            .collect()
    }

    fn all_addresses(&self) -> heapless::Vec<IpAddr, { limits::INTERFACES }> {
        self.interfaces.iter().map(|own| own.address).collect()
    }

    // ---- datagrams in --------------------------------------------------------------------------

    fn datagram(&mut self, now: Duration, datagram: Datagram<'_>) {
        let from = datagram.from.ip();
        let link = |link: &Link| link.is(datagram.interface, from);
        let Some(at) = self.links.iter().position(link) else {
            return;
        };
        if datagram.from.port() == 0 || !self.on_link(datagram.interface, from) {
            return self.seen.refused_off_subnet += 1;
        }
        let hash = xxh3_64(datagram.bytes);
        if self.own.iter().any(|own| *own == hash) {
            return;
        }
        let Ok(message) = Message::parse(datagram.bytes) else {
            return self.seen.malformed += 1;
        };
        if !message.is_response() {
            self.seen.queries += 1;
            self.query(now, at, &datagram, &message);
        } else if datagram.from.port() == dns::PORT {
            // From another port anybody may say anything (RFC 6762 §6).
            self.response(now, at, &datagram, &message);
        }
    }

    /// Whether `address` is a neighbour on the interface, or one of our own on another one (RFC 6762 §11).
    fn on_link(&self, index: u32, address: IpAddr) -> bool {
        let link_local = matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        link_local
            || self
                .interfaces
                .iter()
                .any(|own| own.index == index && own.subnet_holds(address))
    }

    fn is_own_address(&self, address: IpAddr) -> bool {
        self.interfaces.iter().any(|own| own.address == address)
    }
}

/// `text`, or a word in its place: a label is never empty.
fn named(text: &str) -> &str {
    if text.is_empty() { "rill" } else { text }
}
