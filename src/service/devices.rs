//! Which device asks, and what it needs: THE table is [`rows::DEVICES`].
//!
//! A device is recognised by what it says of itself in a request ([`Field`]); the first row that matches wins, so specific
//! ones stand before general ones. A television often fetches media under another name than it browses under, so what was
//! recognised is remembered for its address, for [`crate::limits::DEVICE_MEMORY`]. A computer runs several players: one that says
//! who it is is served as that, whatever is remembered. All that is known of an address is in one place: [`Devices`].

mod exchanges;
mod given;
mod letters;
mod playing;
mod renderers;
mod rows;
mod seen;
mod treatment;

use xxhash_rust::xxh3::xxh3_64_with_seed;

pub use self::{
    exchanges::{Exchange, Exchanges, Ring, Said},
    given::{BadRow, Given, Who},
    playing::Playing,
    renderers::{Renderer, Renderers},
    rows::DEVICES,
    seen::{Devices, Seen},
    treatment::{
        Art, Classes, Copies, Disguise, Ending, Extra, Kind, Letters, Profiles, Titles, Treatment,
    },
};
pub(super) use letters::respell;

use crate::wire::http::request::Fields;

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

#[cfg(test)]
mod tests;
