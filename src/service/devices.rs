//! Which device asks, and what it needs: THE table is [`rows::DEVICES`].
//!
//! A device is recognised by what it says of itself in a request ([`Field`]); the first row that matches wins, so specific
//! ones stand before general ones. A television often fetches media under another name than it browses under, so what was
//! recognised is remembered for its address, for [`limits::DEVICE_MEMORY`]. A computer runs several players: one that says
//! who it is is served as that, whatever is remembered.

mod letters;
mod renderers;
mod rows;
mod treatment;

use std::{fmt, net::IpAddr, time::Duration};

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use self::{
    renderers::{Renderer, Renderers},
    rows::DEVICES,
    treatment::{
        Art, Classes, Copies, Disguise, Ending, Extra, Letters, Profiles, Titles, Treatment,
    },
};
pub(super) use letters::respell;

use crate::{limits, wire::http::request::Fields};

/// A kind of device.
#[derive(Debug, PartialEq, Eq)]
pub struct Device {
    /// Its name in `RILL_DEVICES`.
    pub kind: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What it is recognised by; any one of them.
    pub marks: &'static [Mark],
    /// Whether it says enough about its address that other programs there are taken for parts of it.
    pub remembered: bool,
    /// What it needs.
    pub treatment: Treatment,
}

/// Something that a device says of itself: a field that contains all of some texts, in these letters.
#[derive(Debug, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub field: Field,
    /// What.
    pub all: &'static [&'static str],
}

/// Where a device says what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `User-Agent`
    Agent,
    /// `X-AV-Client-Info`
    Client,
    /// `X-AV-Physical-Unit-Info`
    Unit,
    /// `FriendlyName.DLNA.ORG`, or the name in its own description.
    FriendlyName,
    /// `SERVER` of its own announcements, or that of its description.
    Server,
    /// `modelName` of its own description.
    Model,
}

/// What a device has said of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'t> {
    /// By [`Field`], in its order.
    texts: [&'t [u8]; 6],
}

impl<'t> Told<'t> {
    /// In a request.
    pub fn of_request(fields: &Fields<'t>) -> Self {
        Self {
            texts: [
                fields.user_agent,
                fields.x_av_client_info,
                fields.x_av_physical_unit_info,
                fields.friendly_name,
                None,
                None,
            ]
            .map(Option::unwrap_or_default),
        }
    }

    /// In its own announcements and description.
    pub fn of_description(server: &'t str, name: &'t str, model: &'t str) -> Self {
        Self {
            texts: ["", "", "", name, server, model].map(str::as_bytes),
        }
    }

    fn says(&self, mark: &Mark) -> bool {
        let said = self.texts[mark.field as usize];
        !said.is_empty() && mark.all.iter().all(|text| contains(said, text.as_bytes()))
    }

    /// The same for the same words.
    fn hash(&self) -> u64 {
        let texts = self.texts.iter().filter(|text| !text.is_empty());
        texts.fold(0, |seed, text| xxh3_64_with_seed(text, seed))
    }
}

fn contains(said: &[u8], text: &[u8]) -> bool {
    said.windows(text.len()).any(|part| part == text)
}

/// The kind that says nothing about itself that is known.
pub static UNKNOWN: Device = Device {
    kind: "plain",
    name: "unknown device",
    marks: &[],
    remembered: false,
    treatment: Treatment::PLAIN,
};

/// The first row that what was told matches.
fn recognise(told: &Told<'_>) -> Option<&'static Device> {
    let says_so = |device: &&Device| device.marks.iter().any(|mark| told.says(mark));
    DEVICES.iter().find(says_so)
}

/// The row of a name, as `RILL_DEVICES` has it.
pub fn by_kind(kind: &str) -> Option<&'static Device> {
    let mut all = DEVICES.iter().chain([&UNKNOWN]);
    all.find(|device| device.kind == kind)
}

// ---- what the operator says -------------------------------------------------------------------

/// A row of `RILL_DEVICES`: who is served as what, whatever the table says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Who.
    pub who: Who,
    /// As what.
    pub device: &'static Device,
}

/// Whom a row of `RILL_DEVICES` is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// One address.
    Address(IpAddr),
    /// Who says this in any field that devices are recognised by.
    Says(String),
}

/// Why a text is no row of `RILL_DEVICES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadRow {
    /// There is no `=` with something on both sides.
    NoKind,
    /// No such kind.
    UnknownKind,
}

impl Given {
    /// Reads `192.168.1.20=samsung-q` or `MyPlayer/2=plain`.
    ///
    /// # Errors
    /// See [`BadRow`].
    pub fn parse(text: &str) -> Result<Self, BadRow> {
        let (who, kind) = text.rsplit_once('=').ok_or(BadRow::NoKind)?;
        let (who, kind) = (who.trim(), kind.trim());
        if who.is_empty() || kind.is_empty() {
            return Err(BadRow::NoKind);
        }
        let device = by_kind(kind).ok_or(BadRow::UnknownKind)?;
        let who = match who.parse() {
            Ok(address) => Who::Address(address),
            Err(_) => Who::Says(who.to_owned()),
        };
        Ok(Self { who, device })
    }

    fn is_about(&self, address: IpAddr, told: &Told<'_>) -> bool {
        match &self.who {
            Who::Address(own) => *own == address,
            Who::Says(text) => told
                .texts
                .iter()
                .any(|said| contains(said, text.as_bytes())),
        }
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::Address(address) => write!(f, "{address}={}", self.device.kind),
            Who::Says(text) => write!(f, "{text}={}", self.device.kind),
        }
    }
}

// ---- what is remembered -----------------------------------------------------------------------

/// A device that has been here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its address.
    pub address: IpAddr,
    /// What the last request was served as.
    pub device: &'static Device,
    /// When that was.
    pub uptime: Duration,
    /// What other programs of this address are taken for.
    remembered: Option<&'static Device>,
    /// What the last request said, and who that is by itself.
    hash: u64,
    recognised: Option<&'static Device>,
}

/// Who has been here, and what the operator says of them.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    given: Vec<Given>,
    seen: Vec<Seen>,
}

impl Devices {
    /// Nobody yet.
    pub fn new(given: Vec<Given>) -> Self {
        Self {
            given,
            seen: Vec::new(),
        }
    }

    /// Those that have been here, in no order: for the status page.
    pub fn seen(&self) -> &[Seen] {
        &self.seen
    }

    /// Takes note of a request from `address`.
    pub fn note(&mut self, address: IpAddr, fields: &Fields<'_>, uptime: Duration) {
        let told = Told::of_request(fields);
        let hash = told.hash();
        let at = self.place(address, uptime);
        let Some(seen) = self.seen.get(at) else {
            return;
        };
        let recognised = if seen.hash == hash {
            seen.recognised
        } else {
            recognise(&told)
        };
        let given = self
            .given
            .iter()
            .find(|given| given.is_about(address, &told));
        let given = given.map(|given| given.device);
        let Some(seen) = self.seen.get_mut(at) else {
            return;
        };
        (seen.hash, seen.recognised, seen.uptime) = (hash, recognised, uptime);
        if let Some(device) = recognised.filter(|device| device.remembered) {
            seen.remembered = Some(device);
        }
        let device = given.or(recognised).or(seen.remembered);
        seen.device = device.unwrap_or(&UNKNOWN);
    }

    /// Takes note of what a device at `address` says in its own description; what it says in a request counts for more.
    pub fn learn(&mut self, address: IpAddr, told: &Told<'_>, uptime: Duration) {
        let Some(device) = recognise(told).filter(|device| device.remembered) else {
            return;
        };
        let at = self.place(address, uptime);
        if let Some(seen) = self.seen.get_mut(at)
            && seen.remembered.is_none()
        {
            seen.remembered = Some(device);
            if seen.recognised.is_none() {
                seen.device = device;
            }
        }
    }

    /// Who asks, once [`Self::note`] has heard of the request.
    pub fn of(&self, address: IpAddr) -> &'static Device {
        let seen = self.seen.iter().find(|seen| seen.address == address);
        seen.map_or(&UNKNOWN, |seen| seen.device)
    }

    /// The place of `address`; one that was not here for too long begins anew. Of a full table the one that was here least
    /// lately gives way.
    fn place(&mut self, address: IpAddr, uptime: Duration) -> usize {
        let fresh = Seen {
            address,
            device: &UNKNOWN,
            uptime,
            remembered: None,
            hash: 0,
            recognised: None,
        };
        if let Some(at) = self.seen.iter().position(|seen| seen.address == address) {
            if let Some(seen) = self.seen.get_mut(at)
                && uptime.saturating_sub(seen.uptime) > limits::DEVICE_MEMORY
            {
                *seen = fresh;
            }
            return at;
        }
        if self.seen.len() < limits::DEVICES_SEEN {
            self.seen.push(fresh);
            return self.seen.len() - 1;
        }
        let ages = self.seen.iter().enumerate();
        let oldest = ages
            .min_by_key(|(_, seen)| seen.uptime)
            .map_or(0, |(at, _)| at);
        if let Some(seen) = self.seen.get_mut(oldest) {
            *seen = fresh;
        }
        oldest
    }
}

#[cfg(test)]
mod tests;
