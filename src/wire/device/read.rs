//! Reading the description of any device (UDA 1.0 §2.1, UDA 1.1 §2.3): the pair of [`Device::write`](super::Device).
//!
//! Elements are known by their names and places, whatever their namespace: devices in the field differ there. What a
//! control point has no use for is passed over, and every text is cut at a stated length.

use std::fmt::{self, Display, Formatter};

use crate::wire::text::cut;
use crate::wire::xml::read::{self, Event, Reader};

/// Bytes of a name; UDA asks for fewer than 64 characters. Beyond it: cut at a character.
const NAME_BYTES: usize = 256;
/// Bytes of a URL. Beyond it: the URL is dropped, for a cut one leads elsewhere.
const URL_BYTES: usize = 2048;
/// Bytes of a character, at most.
const CHAR_BYTES: usize = 4;
/// Services of a device and its embedded devices. A router has 6. Beyond it: the rest is passed over.
const SERVICES: usize = 32;

/// Why a document is no description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not XML as we read it.
    Xml(read::Error),
    /// XML, but without a `device` in a `root`.
    NoDevice,
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Xml(error) => error.fmt(f),
            Self::NoDevice => f.write_str("no device in it"),
        }
    }
}

impl std::error::Error for Error {}

impl From<read::Error> for Error {
    fn from(error: read::Error) -> Self {
        Self::Xml(error)
    }
}

/// What a description says of its root device, and the services of that and of all devices inside it.
///
/// Every text is as the device wrote it, blanks around it cut off, and empty where it wrote none. Nothing in it is to
/// be trusted or shown on a terminal as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// `UDN`
    pub udn: String,
    /// `deviceType`
    pub device_type: String,
    /// `friendlyName`
    pub friendly_name: String,
    /// `manufacturer`
    pub manufacturer: String,
    /// `modelName`
    pub model_name: String,
    /// `modelNumber`
    pub model_number: String,
    /// `URLBase` (UDA 1.0 only): what relative URLs are relative to instead of the description's own.
    pub url_base: String,
    /// In the order of the document.
    pub services: Vec<Service>,
}

/// One service that a device offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Service {
    /// `serviceType`
    pub service_type: String,
    /// `controlURL`, mostly relative.
    pub control_url: String,
}

impl Description {
    /// Reads a whole document. The caller has bounded its length.
    ///
    /// # Errors
    /// Every [`Error`].
    pub fn parse(document: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::lenient(document)?;
        let mut description = Self::default();
        // The names of the open elements; the reader bounds how deep they nest.
        let mut open: Vec<&str> = Vec::new();
        let mut text = String::new();
        let mut has_device = false;
        while let Some(event) = reader.next_event()? {
            match event {
                Event::Start(name) => {
                    open.push(name.local);
                    text.clear();
                    has_device |= open == ["root", "device"];
                    if name.local == "service" && description.services.len() < SERVICES {
                        description.services.push(Service::default());
                    }
                }
                Event::Text(piece) => push_bounded(&mut text, &piece),
                Event::End => {
                    description.take(&open, text.trim());
                    text.clear();
                    open.pop();
                }
            }
        }
        let whole = Some(description).filter(|_| has_device);
        whole.ok_or(Error::NoDevice)
    }

    /// Keeps the text of the element at `path`, if it is one that counts and the first of its name.
    fn take(&mut self, path: &[&str], text: &str) {
        let last = self.services.last_mut();
        let (slot, most) = match (path, last) {
            (["root", "URLBase"], _) => (&mut self.url_base, URL_BYTES),
            (["root", "device", "UDN"], _) => (&mut self.udn, NAME_BYTES),
            (["root", "device", "deviceType"], _) => (&mut self.device_type, NAME_BYTES),
            (["root", "device", "friendlyName"], _) => (&mut self.friendly_name, NAME_BYTES),
            (["root", "device", "manufacturer"], _) => (&mut self.manufacturer, NAME_BYTES),
            (["root", "device", "modelName"], _) => (&mut self.model_name, NAME_BYTES),
            (["root", "device", "modelNumber"], _) => (&mut self.model_number, NAME_BYTES),
            ([.., "service", "serviceType"], Some(last)) => (&mut last.service_type, NAME_BYTES),
            ([.., "service", "controlURL"], Some(last)) => (&mut last.control_url, URL_BYTES),
            _ => return,
        };
        if !slot.is_empty() || most == URL_BYTES && text.len() > most {
            return;
        }
        cut(text, most).clone_into(slot);
    }
}

/// Appends as much of `piece` as tells that a URL is too long: one character more, which may have several bytes.
fn push_bounded(text: &mut String, piece: &str) {
    *text += cut(piece, (URL_BYTES + CHAR_BYTES).saturating_sub(text.len()));
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
