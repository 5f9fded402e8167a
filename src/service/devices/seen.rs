//! THE table of addresses: which device each is, when it asked for what, what it plays, and what was said lately. In memory
//! only, and bounded.

use std::{fmt::Write as _, net::IpAddr, rc::Rc, time::Duration};

use super::{
    Device, Exchange, Exchanges, Given, Told, UNKNOWN,
    playing::{Playing, Streams},
    recognise,
};
use crate::{
    limits,
    service::{Request, media::Wanted, route::Resource},
};

/// What a device calls itself; a stranger's text.
pub(in crate::service) type Agent = heapless::String<{ limits::SHOWN_AGENT_BYTES }>;

/// A device that has been here.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its address.
    pub address: IpAddr,
    /// What the last request was served as.
    pub device: &'static Device,
    /// Uptime of the last request, or of when it was learned what it is.
    pub uptime: Duration,
    /// Requests so far; 0: it has only said what it is.
    pub requests: u64,
    /// What it asked for last.
    pub what: &'static str,
    pub(in crate::service) agent: Agent,
    /// What it plays, or played last.
    pub(in crate::service) playing: Option<Rc<Playing>>,
    /// What was said lately; `None`: nothing is recorded of it.
    exchanges: Option<Box<Exchanges>>,
    /// What other programs of this address are taken for.
    remembered: Option<&'static Device>,
    /// What the last request said, and who that is by itself.
    hash: u64,
    recognised: Option<&'static Device>,
}

impl Seen {
    fn new(address: IpAddr, uptime: Duration) -> Self {
        Self {
            address,
            device: &UNKNOWN,
            uptime,
            requests: 0,
            what: "",
            agent: Agent::new(),
            playing: None,
            exchanges: None,
            remembered: None,
            hash: 0,
            recognised: None,
        }
    }

    /// What was said lately.
    pub fn exchanges(&self) -> Option<&Exchanges> {
        self.exchanges.as_deref()
    }
}

/// Who has been here, at most [`limits::DEVICES_SEEN`], and what the operator says of them.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    given: Vec<Given>,
    seen: Vec<Seen>,
    streams: Streams,
    /// Requests since the start.
    requests: u64,
    /// Devices forgotten for others, and what was said by devices, likewise.
    forgotten: (u64, u64),
    /// Nothing is recorded (`RILL_RECORD`).
    is_deaf: bool,
}

impl Devices {
    /// Nobody yet. `records`: what is said is to be kept for a while.
    pub fn new(given: Vec<Given>, records: bool) -> Self {
        Self {
            given,
            is_deaf: !records,
            ..Self::default()
        }
    }

    /// Those that have been here, in no order.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// The row of an address, if it has one.
    pub fn find(&self, address: IpAddr) -> Option<&Seen> {
        let address = address.to_canonical();
        self.seen.iter().find(|seen| seen.address == address)
    }

    /// Who asks, once `note` has heard of the request.
    pub fn of(&self, address: IpAddr) -> &'static Device {
        self.find(address).map_or(&UNKNOWN, |seen| seen.device)
    }

    /// Requests since the start.
    pub(in crate::service) fn requests(&self) -> u64 {
        self.requests
    }

    /// Devices that were forgotten for others, and devices of which what was said was.
    pub(in crate::service) fn forgotten(&self) -> (u64, u64) {
        self.forgotten
    }

    /// What is being sent now.
    pub(in crate::service) fn playing(&self) -> impl Iterator<Item = Rc<Playing>> {
        self.streams.playing()
    }

    /// Bytes of films and music sent since the start.
    pub(in crate::service) fn sent(&self) -> u64 {
        self.streams.sent()
    }

    /// Takes note of a request for `resource`.
    pub(in crate::service) fn note(&mut self, request: &Request<'_>, resource: Option<Resource>) {
        let (address, uptime) = (request.peer.ip(), request.now.uptime);
        let told = Told::of_request(&request.head.fields);
        let hash = told.hash();
        self.requests += 1;
        let given = self
            .given
            .iter()
            .find(|given| given.is_about(address, &told));
        let given = given.map(|given| given.device);
        let seen = self.place(address, uptime);
        if seen.hash != hash {
            (seen.hash, seen.recognised) = (hash, recognise(&told));
        }
        seen.uptime = uptime;
        seen.requests += 1;
        seen.what = resource.map_or("unknown", name_of);
        if let Some(device) = seen.recognised.filter(|device| device.remembered) {
            seen.remembered = Some(device);
        }
        let device = given.or(seen.recognised).or(seen.remembered);
        seen.device = device.unwrap_or(&UNKNOWN);
        let agent = request.head.fields.user_agent.unwrap_or_default();
        // What fetches media for a television often has another name than what browses: the latter tells more.
        let tells_more = !matches!(resource, Some(Resource::Media(_) | Resource::Art(..)));
        if (tells_more || seen.agent.is_empty()) && !agent.is_empty() {
            keep(&mut seen.agent, agent);
        }
    }

    /// Takes note of what a device at `address` says in its own description; what it says in a request counts for more.
    pub fn learn(&mut self, address: IpAddr, told: &Told<'_>, uptime: Duration) {
        let Some(device) = recognise(told).filter(|device| device.remembered) else {
            return;
        };
        let seen = self.place(address, uptime);
        if seen.remembered.is_none() {
            seen.remembered = Some(device);
            if seen.recognised.is_none() {
                seen.device = device;
            }
        }
    }

    /// The bytes of `wanted` begin to leave for whoever asked; `None`: of a picture or a subtitle file, which is not played.
    pub fn play(&mut self, request: &Request<'_>, wanted: &Wanted) -> Option<Rc<Playing>> {
        let item = wanted.played()?;
        let uptime = request.now.uptime;
        let streams = &mut self.streams;
        let seen = place(
            &mut self.seen,
            &mut self.forgotten.0,
            request.peer.ip(),
            uptime,
        );
        streams.begin(&mut seen.playing, seen.address, item, uptime)
    }

    /// Keeps what was said and answered, in place of what was said longest ago.
    pub fn record(&mut self, exchange: &Exchange<'_>) {
        if self.is_deaf {
            return;
        }
        let seen = self.place(exchange.address, exchange.uptime);
        let device = seen.device;
        if let Some(exchanges) = &mut seen.exchanges {
            exchanges.add(exchange, device);
            return;
        }
        let mut new = self.take_exchanges();
        new.add(exchange, device);
        let seen = self.place(exchange.address, exchange.uptime);
        seen.exchanges = Some(new);
    }

    fn place(&mut self, address: IpAddr, uptime: Duration) -> &mut Seen {
        place(&mut self.seen, &mut self.forgotten.0, address, uptime)
    }

    /// Memory for one more device: that of the one that was here least lately, if so many have some.
    fn take_exchanges(&mut self) -> Box<Exchanges> {
        let has_some = |seen: &&mut Seen| seen.exchanges.is_some();
        let recorded = || self.seen.iter().filter(|seen| seen.exchanges.is_some());
        if recorded().count() < limits::RECORDED_DEVICES {
            return Box::new(Exchanges::new());
        }
        let all = self.seen.iter_mut().filter(has_some);
        let oldest = all.min_by_key(|seen| seen.uptime);
        let taken = oldest.and_then(|seen| seen.exchanges.take());
        self.forgotten.1 += 1;
        let mut taken = taken.unwrap_or_else(|| Box::new(Exchanges::new()));
        taken.clear();
        taken
    }
}

/// The row of `address`; one that was not here for too long begins anew. Of a full table the one that was here least
/// lately gives way.
fn place<'s>(
    all: &'s mut Vec<Seen>,
    forgotten: &mut u64,
    address: IpAddr,
    uptime: Duration,
) -> &'s mut Seen {
    let address = address.to_canonical();
    let found = all.iter().position(|seen| seen.address == address);
    let at = found.unwrap_or_else(|| {
        if all.len() < limits::DEVICES_SEEN {
            all.push(Seen::new(address, uptime));
            return all.len() - 1;
        }
        let ages = all.iter().enumerate();
        let oldest = ages.min_by_key(|(_, seen)| seen.uptime);
        *forgotten += 1;
        oldest.map_or(0, |(at, _)| at)
    });
    let seen = &mut all[at];
    let is_over = uptime.saturating_sub(seen.uptime) > limits::DEVICE_MEMORY;
    if seen.address != address || is_over {
        *seen = Seen::new(address, uptime);
    }
    seen
}

/// Keeps as much of a stranger's text as is shown.
fn keep(agent: &mut Agent, text: &[u8]) {
    if agent.as_bytes() == text {
        return;
    }
    agent.clear();
    for chunk in text.utf8_chunks() {
        for c in chunk
            .valid()
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
        {
            if agent.write_char(c).is_err() {
                return;
            }
        }
    }
}

/// What a resource is called.
fn name_of(resource: Resource) -> &'static str {
    match resource {
        Resource::Page(_) | Resource::Status | Resource::Exchanges(_) => "page",
        Resource::Description | Resource::Scpd(_) | Resource::Icon(_) => "description",
        Resource::Control(_) => "browse",
        Resource::Event(_) => "subscribe",
        Resource::Media(_) | Resource::Track(_) => "media",
        Resource::Art(..) => "picture",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_a_character_and_hold_no_controls() {
        let mut agent = Agent::new();
        keep(&mut agent, b"TV\r\n\x1b[2J\xff/1");
        assert_eq!(agent, "TV   [2J/1");
        keep(&mut agent, "\u{97f3}".repeat(100).as_bytes());
        assert!(agent.len() > limits::SHOWN_AGENT_BYTES - 3);
    }
}
