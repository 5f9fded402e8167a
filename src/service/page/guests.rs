//! Who has asked for anything, what for, and what is being played. In memory only, and bounded.

use std::{
    cell::Cell,
    fmt::Write as _,
    net::IpAddr,
    rc::{Rc, Weak},
    time::Duration,
};

use crate::{
    catalogue::object_id::ObjectId,
    limits,
    media::Class,
    service::{Request, media::Wanted, route::Resource},
};

/// What a device calls itself; a stranger's text.
pub(super) type Agent = heapless::String<{ limits::SHOWN_AGENT_BYTES }>;

/// Everybody who asked, at most [`limits::SHOWN_DEVICES`].
#[derive(Debug, Default)]
pub struct Guests {
    devices: Vec<Device>,
    /// One for each connection that sends media, so bounded as they are.
    playing: Vec<Weak<Playing>>,
    /// Requests since the start.
    pub(super) requests: u64,
    /// Bytes of media that were sent and are no longer in `playing`.
    sent: Rc<Cell<u64>>,
}

/// One address, and what is known of it.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) address: IpAddr,
    pub(super) agent: Agent,
    /// Uptime of its last request.
    pub(super) last: Duration,
    pub(super) requests: u64,
    /// What it asked for last.
    pub(super) what: &'static str,
    /// What it plays, or played last.
    pub(super) playing: Option<Rc<Playing>>,
}

/// The bytes of one item on their way to one device.
#[derive(Debug)]
pub struct Playing {
    pub(super) address: IpAddr,
    pub(super) item: ObjectId,
    /// Uptime of its start.
    pub(super) since: Duration,
    /// Where in the file it is.
    pub(super) at: Cell<u64>,
    pub(super) sent: Cell<u64>,
    /// Its number of sent bytes goes here in the end.
    total: Rc<Cell<u64>>,
    /// Uptime of its end.
    pub(super) ended: Cell<Option<Duration>>,
}

impl Playing {
    /// The bytes up to `at` have been handed to the system, `count` of them just now.
    pub fn moved(&self, at: u64, count: u64) {
        self.at.set(at);
        self.sent.set(self.sent.get().saturating_add(count));
    }

    /// No more bytes follow.
    pub fn ended(&self, uptime: Duration) {
        self.ended.set(Some(uptime));
        self.total
            .set(self.total.get().saturating_add(self.sent.get()));
    }
}

impl Guests {
    /// Takes note of a request for `resource`.
    pub(in crate::service) fn note(&mut self, request: &Request<'_>, resource: Option<Resource>) {
        self.requests += 1;
        let what = resource.map_or("unknown", name_of);
        let agent = request.head.fields.user_agent.unwrap_or_default();
        let device = self.device(request.peer.ip());
        device.last = request.now.uptime;
        device.requests += 1;
        device.what = what;
        // What fetches media for a television often has another name than what browses: the latter tells more.
        let tells_more = !matches!(resource, Some(Resource::Media(_) | Resource::Art(..)));
        if (tells_more || device.agent.is_empty()) && !agent.is_empty() {
            keep(&mut device.agent, agent);
        }
    }

    /// The row of an address; where there is no room, in place of the one that was silent for longest.
    fn device(&mut self, address: IpAddr) -> &mut Device {
        let devices = &mut self.devices;
        let found = devices.iter().position(|device| device.address == address);
        let at = found.unwrap_or_else(|| {
            if devices.len() >= limits::SHOWN_DEVICES {
                let ages = devices.iter().enumerate();
                let oldest = ages.min_by_key(|(_, device)| device.last);
                let oldest = oldest.map_or(0, |(at, _)| at);
                devices.swap_remove(oldest);
            }
            devices.push(Device {
                address,
                agent: Agent::new(),
                last: Duration::ZERO,
                requests: 0,
                what: "",
                playing: None,
            });
            devices.len() - 1
        });
        &mut devices[at]
    }

    /// The bytes of `wanted` begin to leave for whoever asked; `None`: of a picture or a subtitle file, which is not played.
    pub fn play(&mut self, request: &Request<'_>, wanted: &Wanted) -> Option<Rc<Playing>> {
        let item = wanted.played()?;
        let address = request.peer.ip();
        self.playing
            .retain(|playing| playing.strong_count() > 0 && !has_ended(playing));
        let total = Rc::clone(&self.sent);
        let place = &mut self.device(address).playing;
        let new = Playing {
            address,
            item,
            since: request.now.uptime,
            at: Cell::new(0),
            sent: Cell::new(0),
            total,
            ended: Cell::new(None),
        };
        // A player asks for one part after the other: what nobody else holds is used again.
        let playing = match place.as_mut().and_then(Rc::get_mut) {
            Some(old) => {
                *old = new;
                place.clone()?
            }
            None => Rc::clone(place.insert(Rc::new(new))),
        };
        self.playing.push(Rc::downgrade(&playing));
        Some(playing)
    }

    /// All devices, in no order.
    pub(super) fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// What is being sent now.
    pub(super) fn playing(&self) -> impl Iterator<Item = Rc<Playing>> {
        let all = self.playing.iter().filter_map(Weak::upgrade);
        all.filter(|playing| playing.ended.get().is_none())
    }

    /// Bytes of films and music sent since the start.
    pub(super) fn sent(&self) -> u64 {
        let under_way: u64 = self.playing().map(|playing| playing.sent.get()).sum();
        self.sent.get().saturating_add(under_way)
    }
}

fn has_ended(playing: &Weak<Playing>) -> bool {
    playing
        .upgrade()
        .is_none_or(|playing| playing.ended.get().is_some())
}

impl Wanted {
    /// The item, if these are the bytes of something that is played.
    fn played(&self) -> Option<ObjectId> {
        let is_itself = self.part == crate::service::media::Part::Itself;
        let object = self.snapshot.object(self.index).filter(|_| is_itself)?;
        matches!(object.class(), Some(Class::Audio | Class::Video)).then(|| object.id())
    }
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
        Resource::Page(_) | Resource::Status => "page",
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
    fn the_longest_silent_device_gives_way() {
        let mut guests = Guests::default();
        for number in 0..=255 {
            let device = guests.device([10, 0, 0, number].into());
            device.last = Duration::from_secs(number.into());
            guests.device([10, 0, 0, 0].into()).last = Duration::from_secs(999);
        }
        assert_eq!(guests.devices().len(), limits::SHOWN_DEVICES);
        let has = |last| {
            guests
                .devices()
                .iter()
                .any(|d| d.address == IpAddr::from([10, 0, 0, last]))
        };
        assert!(has(0) && has(255) && !has(1));
    }

    #[test]
    fn names_are_cut_at_a_character_and_hold_no_controls() {
        let mut agent = Agent::new();
        keep(&mut agent, b"TV\r\n\x1b[2J\xff/1");
        assert_eq!(agent, "TV   [2J/1");
        keep(&mut agent, "\u{97f3}".repeat(100).as_bytes());
        assert!(agent.len() > limits::SHOWN_AGENT_BYTES - 3);
    }
}
