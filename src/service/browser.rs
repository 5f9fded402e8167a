//! Browsing by DNS-SD: which services are on the network (RFC 6763, RFC 6762 §5.2). For `rill discover`.
//!
//! A machine without sockets and without a clock: [`Browser::handle`] takes what arrives, [`Browser::output`] gives the
//! questions that are due, [`Browser::event`] what has come and gone. Questions are multicast from port 5353. Everything
//! that is remembered has a bound in [`limits`], and an end: its TTL, or the goodbye of its owner.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::limits;
use crate::service::Now;
use crate::service::discovery::{Chance, Datagram, Input, Interface, Transmit};
use crate::wire::dns::{self, Data, Header, Message, Name, NameBuf, Section, Writer, kind};

mod cache;
#[cfg(test)]
mod tests;

use cache::{Cache, Cached};

/// The first question waits so long, and up to [`START_JITTER`] more (RFC 6762 §5.2).
const START_WAIT: Duration = Duration::from_millis(20);
/// See [`START_WAIT`].
const START_JITTER: Duration = Duration::from_millis(100);
/// From the first question to the second; then twice as long each time (RFC 6762 §5.2) …
const FIRST_INTERVAL: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_INTERVAL: Duration = Duration::from_secs(3600);
/// Between two questions for what an instance still lacks, or what is about to expire.
const RESOLVE_INTERVAL: Duration = Duration::from_secs(1);
/// How often one instance's missing records are asked for.
const RESOLVE_TRIES: u8 = 4;

/// What is browsed for.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'t> {
    /// Every type that anybody tells of (RFC 6763 §9).
    Everything,
    /// These types, such as `_http._tcp`; at most [`limits::BROWSED_TYPES`].
    Types(&'t [&'t str]),
}

/// A service that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// What people read, `Cinema`: the instance's own label. A stranger's text.
    pub name: String,
    /// The type, `_http._tcp.local`.
    pub kind: String,
    /// The host, `board.local`.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Where the host is reached, in the order of the numbers: IPv4 first, link-local addresses last.
    pub addresses: Vec<IpAddr>,
    /// Number of the interface that link-local addresses are on.
    pub interface: u32,
    /// The texts, `path=/`. A stranger's.
    pub txt: Vec<String>,
}

/// What has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A service is there, with all that is needed to reach it; or what was known of it has changed.
    Appeared(Service),
    /// It has said goodbye, or was not heard of for as long as its records were good.
    Gone {
        /// The name it appeared with.
        name: String,
        /// The type.
        kind: String,
    },
}

/// One interface and address family.
#[derive(Debug)]
struct Link {
    interface: Interface,
    due: Duration,
    interval: Duration,
    /// Questions go out in several datagrams; types up to here were asked for.
    asked: usize,
}

/// The machine.
#[derive(Debug)]
pub struct Browser {
    /// Whether the types themselves are asked for.
    everything: bool,
    meta: NameBuf,
    types: heapless::Vec<NameBuf, { limits::BROWSED_TYPES }>,
    links: heapless::Vec<Link, { limits::INTERFACES }>,
    interfaces: heapless::Vec<Interface, { limits::INTERFACES }>,
    cache: Cache,
    /// What was told of, by the instance's name.
    told: Vec<(NameBuf, Service)>,
    events: std::collections::VecDeque<Event>,
    /// Something has changed since the services were last put together.
    changed: bool,
    resolve_at: Option<Duration>,
    chance: Chance,
    stopping: bool,
    buffer: Box<[u8; limits::DNS_SENT_BYTES]>,
}

impl Browser {
    /// A machine that knows no interface yet. `seed`: any number, another one on other boards. Names of types that are
    /// none are left out.
    pub fn new(wanted: Wanted<'_>, seed: u64) -> Self {
        let local = |kind: &str| {
            let kind = kind.trim_end_matches('.');
            let kind = kind.strip_suffix(".local").unwrap_or(kind);
            let labels = kind.split('.').chain(["local"]).map(str::as_bytes);
            NameBuf::new(labels).ok()
        };
        let types = match wanted {
            Wanted::Everything => &[],
            Wanted::Types(types) => types,
        };
        let types = types.iter().filter_map(|kind| local(kind));
        Browser {
            everything: matches!(wanted, Wanted::Everything),
            meta: local("_services._dns-sd._udp").unwrap_or_default(),
            types: types.take(limits::BROWSED_TYPES).collect(),
            links: heapless::Vec::new(),
            interfaces: heapless::Vec::new(),
            cache: Cache::default(),
            told: Vec::new(),
            events: std::collections::VecDeque::new(),
            changed: false,
            resolve_at: None,
            chance: Chance::new(seed),
            stopping: false,
            buffer: Box::new([0; limits::DNS_SENT_BYTES]),
        }
    }

    /// Takes in what happened. After [`Input::Stop`] nothing more is asked or taken in.
    pub fn handle(&mut self, now: Now, input: Input<'_>) {
        let now = now.uptime;
        if self.stopping {
            return;
        }
        match input {
            Input::InterfaceUp(interface) => self.interface_up(now, interface),
            Input::InterfaceDown { index, address } => {
                self.interfaces
                    .retain(|own| own.index != index || own.address != address);
                let own = &self.interfaces;
                self.links.retain_mut(|link| {
                    if link.interface.index != index || link.interface.address != address {
                        return true;
                    }
                    let mut left = own.iter().filter(|own| own.index == index);
                    let heir = left.find(|own| own.address.is_ipv4() == address.is_ipv4());
                    link.interface = *heir.unwrap_or(&link.interface);
                    heir.is_some()
                });
                if self.interfaces.iter().all(|own| own.index != index) {
                    self.changed |= self.cache.forget_interface(index);
                }
            }
            Input::Datagram(datagram) => self.datagram(now, datagram),
            Input::Tick | Input::Subnets(_) | Input::SearchPort { .. } => {}
            Input::Stop => self.stopping = true,
        }
    }

    /// The next questions that are due, or `None`. Call it until then.
    pub fn output(&mut self, now: Now) -> Option<Transmit<'_>> {
        let now = now.uptime;
        if self.stopping {
            return None;
        }
        self.changed |= self.cache.expire(now);
        let due = |link: &Link| link.due <= now;
        let (at, len) = if let Some(at) = self.links.iter().position(due) {
            (at, self.ask_for_types(at, now)?)
        } else {
            let missing = self.resolve_at.take_if(|at| *at <= now);
            let refresh = self.cache.next_refresh().filter(|at| *at <= now);
            missing.or(refresh)?;
            let (index, len) = self.ask_for_missing(now)?;
            let on = |link: &Link| link.interface.index == index;
            (self.links.iter().position(on)?, len)
        };
        let Interface { index, address, .. } = self.links.get(at)?.interface;
        Some(Transmit {
            to: dns::group(address),
            interface: index,
            source: address,
            bytes: self.buffer.get(..len)?,
        })
    }

    /// The uptime at which [`Browser::output`] or [`Browser::event`] has something; `None` until something happens.
    pub fn wake_at(&self) -> Option<Duration> {
        let links = self.links.iter().map(|link| link.due);
        let records = [self.cache.next_expiry(), self.cache.next_refresh()];
        let rest = records.into_iter().chain([self.resolve_at]);
        let due = links.chain(rest.flatten()).min();
        due.filter(|_| !self.stopping)
    }

    /// The next thing that has happened, or `None`. Call it until then, after [`Browser::handle`] and when
    /// [`Browser::wake_at`] has come.
    pub fn event(&mut self, now: Now) -> Option<Event> {
        self.changed |= self.cache.expire(now.uptime);
        if std::mem::take(&mut self.changed) {
            self.compare();
        }
        self.events.pop_front()
    }

    fn interface_up(&mut self, now: Duration, interface: Interface) {
        let Interface { index, address, .. } = interface;
        let is = |own: &&mut Interface| own.index == index && own.address == address;
        if let Some(own) = self.interfaces.iter_mut().find(is) {
            *own = interface;
            return;
        }
        let asked_already = self.links.iter().any(|link| {
            link.interface.index == index && link.interface.address.is_ipv4() == address.is_ipv4()
        });
        if self.interfaces.push(interface).is_err() || asked_already {
            return;
        }
        let due = now + START_WAIT + self.chance.up_to(START_JITTER);
        let link = Link {
            interface,
            due,
            interval: FIRST_INTERVAL,
            asked: 0,
        };
        // Never more links than interfaces.
        let _ = self.links.push(link);
    }

    // ---- what others tell ----------------------------------------------------------------------

    fn datagram(&mut self, now: Duration, datagram: Datagram<'_>) {
        let from: SocketAddr = datagram.from;
        let link_local = matches!(from.ip(), IpAddr::V6(v6) if v6.is_unicast_link_local());
        let near = |own: &Interface| {
            own.index == datagram.interface && (link_local || own.subnet_holds(from.ip()))
        };
        // Only neighbours, and only from the port that belongs to the protocol (RFC 6762 §6, §11).
        if from.port() != dns::PORT || !self.interfaces.iter().any(near) {
            return;
        }
        let Ok(message) = Message::parse(datagram.bytes) else {
            return;
        };
        if !message.is_response() {
            return;
        }
        // Types, then instances, then what belongs to them: a record is kept only if one before it leads there, and
        // they may stand in any order.
        for wanted in [
            &[kind::PTR][..],
            &[kind::SRV, kind::TXT],
            &[kind::A, kind::AAAA],
        ] {
            for (_, record) in message.records().take(limits::DNS_RECORDS) {
                let kind = record.data.kind();
                let fits = record.class == dns::CLASS_IN && wanted.contains(&kind);
                if fits && self.is_wanted(record.name, kind) {
                    self.changed |= self.cache.take(now, datagram.interface, &record);
                    self.learn_type(now, record.name, record.data);
                }
            }
        }
        if self.changed && self.resolve_at.is_none() {
            // What is missing may follow in the next datagram.
            self.resolve_at = Some(now + START_JITTER);
        }
    }

    /// Whether a record of this name leads to a service that is browsed for.
    fn is_wanted(&self, name: Name<'_>, of: u16) -> bool {
        let points_here = |kinds: u16| {
            let mut records = self.cache.records.iter();
            records.any(|known| known.kind == kinds && known.target().is_some_and(|t| t.is(name)))
        };
        match of {
            kind::PTR => self.is_browsed(name) || (self.everything && name.is(self.meta.view())),
            kind::SRV | kind::TXT => points_here(kind::PTR),
            _ => points_here(kind::SRV),
        }
    }

    fn is_browsed(&self, name: Name<'_>) -> bool {
        self.types.iter().any(|kind| name.is(kind.view()))
    }

    /// A type that somebody tells of is asked for, soon.
    fn learn_type(&mut self, now: Duration, name: Name<'_>, data: Data<'_>) {
        let Data::Ptr(target) = data else { return };
        if !name.is(self.meta.view()) || self.is_browsed(target) {
            return;
        }
        if self.types.push(target.to_buf()).is_ok() {
            for link in &mut self.links {
                link.due = link.due.min(now + START_WAIT);
                link.interval = FIRST_INTERVAL;
            }
        }
    }

    /// Puts the services together anew and tells what is different.
    fn compare(&mut self) {
        let mut found: Vec<(NameBuf, Service)> = Vec::new();
        for pointer in &self.cache.records {
            let Some(instance) = pointer.target().filter(|_| pointer.kind == kind::PTR) else {
                continue;
            };
            let name = pointer.name.view();
            if !self.is_browsed(name) || found.iter().any(|(known, _)| instance.is(known.view())) {
                continue;
            }
            if let Some(service) = self.cache.service(name, instance) {
                found.push((instance.to_buf(), service));
            }
        }
        for (name, service) in &self.told {
            if !found.iter().any(|(other, _)| other == name) {
                let (name, kind) = (service.name.clone(), service.kind.clone());
                self.events.push_back(Event::Gone { name, kind });
            }
        }
        for known in &found {
            if !self.told.contains(known) {
                self.events.push_back(Event::Appeared(known.1.clone()));
            }
        }
        self.told = found;
    }

    // ---- questions -----------------------------------------------------------------------------

    /// Asks on a link for the types, telling what is known; as many as fit, the others next time.
    fn ask_for_types(&mut self, at: usize, now: Duration) -> Option<usize> {
        let link = self.links.get_mut(at)?;
        let mut writer = Writer::new(
            &mut self.buffer[..],
            Header::Query {
                more_follows: false,
            },
        );
        let meta = self.everything.then_some(&self.meta);
        let all = meta.into_iter().chain(&self.types);
        let mut asked = heapless::Vec::<&NameBuf, { limits::BROWSED_TYPES + 1 }>::new();
        for name in all.skip(link.asked) {
            if writer.question(name.view(), kind::PTR, false).is_err() {
                break;
            }
            let _ = asked.push(name);
        }
        link.asked += asked.len();
        // What is known need not be told again (RFC 6762 §7.1); what does not fit will be.
        for known in &self.cache.records {
            let left = known.seconds_left(now);
            let useful = known.interface == link.interface.index && left > known.ttl_secs / 2;
            if let (true, Some(target)) = (useful && asked.contains(&&known.name), known.target()) {
                let data = Data::Ptr(target);
                let name = known.name.view();
                let _ = writer.record(Section::Answer, name, left, false, &data);
            }
        }
        let count = self.types.len() + usize::from(self.everything);
        if link.asked < count {
            link.due = now + START_WAIT;
        } else {
            link.asked = 0;
            link.due = now + link.interval;
            link.interval = (link.interval * 2).min(LONGEST_INTERVAL);
        }
        (!writer.is_empty()).then(|| writer.finish().len())
    }

    /// Asks for what instances lack and for what is about to expire; the interface, and the bytes.
    fn ask_for_missing(&mut self, now: Duration) -> Option<(u32, usize)> {
        let mut writer = Writer::new(
            &mut self.buffer[..],
            Header::Query {
                more_follows: false,
            },
        );
        let mut on = None;
        let mut ask = |interface: u32, name: Name<'_>, kind: u16| {
            let here = *on.get_or_insert(interface) == interface;
            here && writer.question(name, kind, false).is_ok()
        };
        for at in 0..self.cache.records.len() {
            let Some(lacking) = self.cache.lacking(at, now) else {
                continue;
            };
            let Some(record) = self.cache.records.get(at) else {
                continue;
            };
            let (asked, again) = match lacking {
                cache::Lacking::Itself => {
                    let asked = ask(record.interface, record.name.view(), record.kind);
                    (asked, true)
                }
                cache::Lacking::Target(kinds) => {
                    let target = record.target.view();
                    let asked = kinds
                        .iter()
                        .map(|kind| ask(record.interface, target, *kind));
                    (asked.fold(false, |any, one| any | one), false)
                }
            };
            if asked && let Some(record) = self.cache.records.get_mut(at) {
                record.refreshes += u8::from(again);
                record.resolves += u8::from(!again);
            }
        }
        let interface = on?;
        self.resolve_at = Some(now + RESOLVE_INTERVAL);
        (!writer.is_empty()).then(|| (interface, writer.finish().len()))
    }
}

impl Cached {
    /// The name that PTR and SRV lead to.
    fn target(&self) -> Option<Name<'_>> {
        matches!(self.kind, kind::PTR | kind::SRV).then(|| self.target.view())
    }
}
