//! The table of what is on the network: SSDP messages, descriptions and what a browser of multicast DNS found in,
//! appeared and gone out. No sockets, no clock.
//!
//! A row is one root device at one address: the devices inside it announce the same LOCATION and become part of it. A
//! LOCATION is believed only if it names, by number, the address that the message came from; a link-local one is on the
//! link where the message came in. A device that says the same of itself at an address of IPv6 too is told of once. A
//! service of multicast DNS is a row of its own, under its own [`Source`]; its time is kept by the browser.

use std::{collections::VecDeque, net::IpAddr, time::Duration};

use crate::{
    limits,
    service::browser::{self, Service},
    wire::{
        device::read::Description,
        ssdp::{Notice, Saying},
        url::absolute::HttpUrl,
    },
};

/// For how long a device is believed that does not say; the least that the standard allows (UDA 1.1 §1.2.2).
const MAX_AGE_SECS: u32 = 1800;
/// Bounds of what is believed when it says so: shorter would make it flicker, longer keep it for ever.
const MAX_AGE_BOUNDS: (u32, u32) = (30, 86_400);
/// Bytes of a UUID in a USN; `uuid:` and 36 digits, but some devices write their own. Beyond it: ignored.
const UUID_BYTES: usize = 128;
/// Time after which a device whose description could not be had is asked again, if it says something.
const RETRY_TIME: Duration = Duration::from_secs(5);

/// By which protocol a row was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// SSDP and the description that it points to.
    Ssdp,
    /// Multicast DNS.
    Mdns,
}

impl Source {
    /// As `--json` names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ssdp => "ssdp",
            Self::Mdns => "mdns",
        }
    }
}

/// Who sent a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sender {
    pub(super) address: IpAddr,
    /// Number of the interface it came in on.
    pub(super) interface: u32,
}

/// One device.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Who told.
    pub(super) source: Source,
    /// Its description, at its own address.
    pub(super) location: HttpUrl,
    /// The same device at other addresses.
    pub(super) also: Vec<HttpUrl>,
    /// What its description says; or in words why there is none.
    pub(super) description: Result<Description, String>,
}

impl Found {
    /// Where it is.
    pub(super) fn address(&self) -> IpAddr {
        self.location.peer.ip()
    }

    fn is_at(&self, from: Sender) -> bool {
        let link = self
            .location
            .scope()
            .is_none_or(|link| link == from.interface);
        self.address() == from.address && link
    }

    /// Whether both are one device: it says the same of itself, and has not two addresses of IPv4, as copies of a system
    /// have that were made with its UDN.
    fn is_same(&self, other: &Found) -> bool {
        let (Ok(own), Ok(others)) = (&self.description, &other.description) else {
            return false;
        };
        let says = |of: &Description| {
            (
                of.udn.clone(),
                of.friendly_name.clone(),
                of.device_type.clone(),
            )
        };
        let twice = self.address().is_ipv4() && other.address().is_ipv4();
        !twice && !own.udn.is_empty() && says(own) == says(others)
    }

    /// The lower, the better an address is to be told: IPv4, then what is good beyond the link.
    fn rank(&self) -> (bool, bool) {
        (self.address().is_ipv6(), self.location.scope().is_some())
    }
}

/// What has happened.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// A device is there, or its description can be had at last.
    Appeared(Found),
    /// It said goodbye, or was not heard of for longer than it said.
    Gone(Found),
    /// A service of multicast DNS is there.
    ServiceAppeared(Service),
    /// It said goodbye, or its records are no longer good; as it was last known.
    ServiceGone(Service),
}

/// A row with what the table needs beside it.
#[derive(Debug)]
struct Row {
    found: Found,
    state: State,
    /// What was told of it; `None`: nothing yet, or another row of the same device was told of.
    told: Option<Found>,
    /// Of the device and those inside it, at most [`limits::DEVICE_UUIDS`].
    uuids: Vec<String>,
    expires_at: Duration,
    asked_at: Duration,
    /// Of the question under way.
    number: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Its description is being fetched; nobody was told of it yet.
    New,
    /// Its description is being fetched again.
    Asked,
    /// It came, or did not.
    Told,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    services: Vec<Service>,
    questions: VecDeque<(u64, HttpUrl)>,
    changes: VecDeque<Change>,
    last_number: u64,
    elsewhere: u32,
    too_many: u32,
}

impl Table {
    /// Takes note of an answer or announcement that came from `from`.
    pub(super) fn hear(&mut self, now: Duration, from: Sender, notice: &Notice<'_>) {
        let uuid = notice.usn.split("::").next().unwrap_or_default();
        if uuid.len() > UUID_BYTES {
            return;
        }
        match notice.saying {
            Saying::Byebye => self.byebye(from, uuid),
            Saying::Answer | Saying::Alive => self.alive(now, from, uuid, notice),
            // It goes on as it is; the alive that follows tells the rest.
            Saying::Update => {}
        }
    }

    fn alive(&mut self, now: Duration, from: Sender, uuid: &str, notice: &Notice<'_>) {
        let location = notice.location.and_then(|text| HttpUrl::parse(text).ok());
        let Some(location) = location.filter(|there| there.peer.ip() == from.address) else {
            self.elsewhere = self.elsewhere.saturating_add(1);
            return;
        };
        let location = location.on_link(from.interface);
        let (least, most) = MAX_AGE_BOUNDS;
        let max_age = notice.max_age_secs.unwrap_or(MAX_AGE_SECS);
        let expires_at = now + Duration::from_secs(max_age.clamp(least, most).into());
        let Some(at) = self.row_of(&location, from, uuid) else {
            self.add(now, from, uuid, location, expires_at);
            return;
        };
        let Some(row) = self.rows.get_mut(at) else {
            return;
        };
        row.expires_at = expires_at;
        let known = row.uuids.iter().any(|known| known == uuid);
        if !known && row.uuids.len() < limits::DEVICE_UUIDS {
            row.uuids.push(uuid.to_owned());
        }
        let moved = row.found.location != location;
        let failed = row.found.description.is_err() && now >= row.asked_at + RETRY_TIME;
        if row.state == State::Told && (moved || failed) {
            row.found.location = location.clone();
            row.state = State::Asked;
            row.asked_at = now;
            self.last_number += 1;
            row.number = self.last_number;
            self.questions.push_back((self.last_number, location));
        }
    }

    /// The row of this LOCATION; else that of the device which had another one before.
    fn row_of(&self, location: &HttpUrl, from: Sender, uuid: &str) -> Option<usize> {
        let same = |row: &Row| row.found.location == *location;
        let moved = |row: &Row| {
            row.found.is_at(from) && row.uuids.first().is_some_and(|first| first == uuid)
        };
        let mut rows = self.rows.iter();
        rows.position(same)
            .or_else(|| self.rows.iter().position(moved))
    }

    fn add(
        &mut self,
        now: Duration,
        from: Sender,
        uuid: &str,
        location: HttpUrl,
        expires_at: Duration,
    ) {
        let of_peer = self.rows.iter().filter(|row| row.found.is_at(from));
        if self.rows.len() >= limits::DEVICES || of_peer.count() >= limits::DEVICES_PER_PEER {
            self.too_many = self.too_many.saturating_add(1);
            return;
        }
        self.last_number += 1;
        self.questions
            .push_back((self.last_number, location.clone()));
        self.rows.push(Row {
            found: Found {
                source: Source::Ssdp,
                location,
                also: Vec::new(),
                description: Err("no description yet".to_owned()),
            },
            state: State::New,
            told: None,
            uuids: vec![uuid.to_owned()],
            expires_at,
            asked_at: now,
            number: self.last_number,
        });
    }

    /// A device that leaves takes its row along; one inside it does not. Only its own address may say so.
    fn byebye(&mut self, from: Sender, uuid: &str) {
        self.remove(|row| {
            let root = match &row.found.description {
                Ok(description) if !description.udn.is_empty() => description.udn == uuid,
                _ => row.uuids.iter().any(|known| known == uuid),
            };
            row.found.is_at(from) && root
        });
    }

    /// Takes the answer to the question of this number; too late is fine.
    pub(super) fn described(&mut self, number: u64, description: Result<Description, String>) {
        let mut rows = self.rows.iter_mut();
        let Some(row) = rows.find(|row| row.number == number && row.state != State::Told) else {
            return;
        };
        // One that was told of with its name stays so, and one that was told of without is not told of again.
        let news = row.state == State::New || row.found.description.is_err() && description.is_ok();
        row.state = State::Told;
        if row.found.description.is_err() || description.is_ok() {
            row.found.description = description;
        }
        let found = row.found.clone();
        let known = |row: &Row| row.told.is_some() && row.number != number;
        let mut others = self.rows.iter().filter(|row| known(row));
        if !news || others.any(|other| other.found.is_same(&found)) {
            return;
        }
        if let Some(row) = self.rows.iter_mut().find(|row| row.number == number) {
            row.told = Some(found.clone());
        }
        self.changes.push_back(Change::Appeared(found));
    }

    /// Takes what the browser of multicast DNS tells. Other addresses or texts of a service that is there are no news.
    pub(super) fn browsed(&mut self, event: browser::Event) {
        let at = |services: &[Service], name: &str, kind: &str| {
            let mut services = services.iter();
            services.position(|known| known.name == name && known.kind == kind)
        };
        match event {
            browser::Event::Appeared(service) => {
                let at = at(&self.services, &service.name, &service.kind);
                if let Some(known) = at.and_then(|at| self.services.get_mut(at)) {
                    *known = service;
                } else if self.services.len() < limits::SERVICES {
                    self.services.push(service.clone());
                    self.changes.push_back(Change::ServiceAppeared(service));
                } else {
                    self.too_many = self.too_many.saturating_add(1);
                }
            }
            browser::Event::Gone { name, kind } => {
                if let Some(at) = at(&self.services, &name, &kind) {
                    let service = self.services.remove(at);
                    self.changes.push_back(Change::ServiceGone(service));
                }
            }
        }
    }

    /// The services of multicast DNS that are there now.
    pub(super) fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.iter()
    }

    /// Removes what was not heard of for too long.
    pub(super) fn expire(&mut self, now: Duration) {
        self.remove(|row| row.expires_at <= now);
    }

    fn remove(&mut self, gone: impl Fn(&Row) -> bool) {
        let mut left = Vec::new();
        self.rows.retain_mut(|row| {
            let gone = gone(row);
            if gone {
                left.extend(row.told.take().map(|told| (told, row.found.clone())));
            }
            !gone
        });
        for (told, found) in left {
            // At another address it is there still.
            let mut heirs = self.rows.iter_mut().filter(|row| row.told.is_none());
            match heirs.find(|row| row.found.is_same(&found)) {
                Some(heir) => heir.told = Some(told),
                None => self.changes.push_back(Change::Gone(told)),
            }
        }
    }

    /// When [`expire`](Self::expire) has something to do.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.rows.iter().map(|row| row.expires_at).min()
    }

    /// The next description to fetch, with the number that the answer must carry.
    pub(super) fn question(&mut self) -> Option<(u64, HttpUrl)> {
        self.questions.pop_front()
    }

    /// The next thing to tell.
    pub(super) fn change(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// All that is there now, also those whose description has not come yet; each device once, at its best address.
    pub(super) fn rows(&self) -> Vec<Found> {
        let mut devices: Vec<Found> = Vec::new();
        let mut rows: Vec<&Found> = self.rows.iter().map(|row| &row.found).collect();
        rows.sort_by_key(|found| found.rank());
        for found in rows {
            match devices.iter_mut().find(|device| device.is_same(found)) {
                Some(device) => device.also.push(found.location.clone()),
                None => devices.push(found.clone()),
            }
        }
        devices
    }

    /// In words how much was not believed; `None` if all was.
    pub(super) fn ignored(&self) -> Option<String> {
        let elsewhere = format!(
            "{} messages pointed to another address than their sender's",
            self.elsewhere
        );
        let too_many = format!("{} messages named more devices than fit", self.too_many);
        match (self.elsewhere, self.too_many) {
            (0, 0) => None,
            (_, 0) => Some(elsewhere),
            (0, _) => Some(too_many),
            _ => Some(format!("{elsewhere}, {too_many}")),
        }
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
