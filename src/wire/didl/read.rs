//! Reading DIDL-Lite listings of any server (ContentDirectory:1 §2.8, appendix B): the pair of the writers above.
//!
//! Elements are known by their local names: prefixes that are used and never declared are common in the field. Only
//! what a listing shows is kept, and every text is cut at a stated length.

use std::borrow::Cow;
use std::time::Duration;

use crate::wire::text::{cut, parse_u32, parse_u64};
use crate::wire::xml::read::{Error, Event, Reader};

/// Bytes of a title or class. Beyond it: cut at a character.
const TEXT_BYTES: usize = 1024;
/// Bytes of an id or URL. Beyond it: the object, or the res, is dropped, for a cut one names something else.
const URL_BYTES: usize = 4096;
/// Bytes of a character, at most.
const CHAR_BYTES: usize = 4;
/// Objects of one listing. More than anybody asks for; some servers send all they have. Beyond it: left for the next
/// page.
const OBJECTS: usize = 8192;
/// Ways to fetch one item. Servers that transcode list 10. Beyond it: the rest is passed over.
const RES: usize = 16;

/// One object of a listing, its texts as the server wrote them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object {
    /// `@id`, never empty.
    pub id: String,
    /// `container`, not `item`.
    pub is_container: bool,
    /// `dc:title`
    pub title: String,
    /// `upnp:class`
    pub class: String,
    /// `@childCount`, where it is stated.
    pub child_count: Option<u32>,
    /// The ways to fetch it, in the order of the document.
    pub res: Vec<Resource>,
}

/// One way to fetch an item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resource {
    /// `@protocolInfo`
    pub protocol_info: String,
    /// `@size`, bytes.
    pub size: Option<u64>,
    /// `@duration`
    pub duration: Option<Duration>,
    /// The text: where it is.
    pub url: String,
}

/// Reads a listing, decoded from its SOAP reply. The caller has bounded its length.
///
/// # Errors
/// Those of [`Reader`]. Objects without an id are passed over; a document of other elements is an empty listing.
pub fn objects(document: &[u8]) -> Result<Vec<Object>, Error> {
    let mut reader = Reader::lenient(document)?;
    let mut found: Vec<Object> = Vec::new();
    let mut object = None;
    let mut open: Vec<&str> = Vec::new();
    let mut text = String::new();
    while let Some(event) = reader.next_event()? {
        match event {
            Event::Start(name) => {
                open.push(name.local);
                text.clear();
                match (&*open, &mut object) {
                    ([_, "item" | "container"], _) => object = begin(name.local, &reader),
                    ([_, _, "res"], Some(object)) if object.res.len() < RES => {
                        object.res.push(resource(&reader));
                    }
                    _ => {}
                }
            }
            Event::Text(piece) => push_bounded(&mut text, &piece),
            Event::End => {
                match (&*open, &mut object) {
                    ([_, _], _) => found.extend(object.take()),
                    ([_, _, property], Some(object)) => end(property, text.trim(), object),
                    _ => {}
                }
                if found.len() >= OBJECTS {
                    break;
                }
                text.clear();
                open.pop();
            }
        }
    }
    for object in &mut found {
        object.res.retain(|res| !res.url.is_empty());
    }
    Ok(found)
}

/// An item or container as its start tag has it.
fn begin(name: &str, reader: &Reader<'_>) -> Option<Object> {
    let id = reader.attribute_value("id")?;
    let usable = !id.is_empty() && id.len() <= URL_BYTES;
    usable.then(|| Object {
        id: id.into_owned(),
        is_container: name == "container",
        child_count: reader
            .attribute_value("childCount")
            .and_then(|count| parse_u32(count.trim().as_bytes())),
        ..Object::default()
    })
}

/// A res as its start tag has it.
fn resource(reader: &Reader<'_>) -> Resource {
    let value = |name| reader.attribute_value(name).unwrap_or(Cow::Borrowed(""));
    Resource {
        protocol_info: cut(&value("protocolInfo"), TEXT_BYTES).to_owned(),
        size: parse_u64(value("size").trim().as_bytes()),
        duration: duration(value("duration").trim()),
        url: String::new(),
    }
}

/// Keeps the text of a property; of several with one name the first.
fn end(property: &str, text: &str, object: &mut Object) {
    match property {
        "title" if object.title.is_empty() => cut(text, TEXT_BYTES).clone_into(&mut object.title),
        "class" if object.class.is_empty() => cut(text, TEXT_BYTES).clone_into(&mut object.class),
        "res" if text.len() <= URL_BYTES => {
            if let Some(res) = object.res.last_mut().filter(|res| res.url.is_empty()) {
                text.clone_into(&mut res.url);
            }
        }
        _ => {}
    }
}

/// `H+:MM:SS[.F+]` or `H+:MM:SS[.F0/F1]` (ContentDirectory:1 §B.2.1.4), in milliseconds; the second form's fraction is
/// passed over.
fn duration(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = whole.split(':').map(|part| parse_u32(part.as_bytes()));
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || minutes > 59 || seconds > 59 {
        return None;
    }
    let secs = u64::from(hours) * 3600 + u64::from(minutes * 60 + seconds);
    let digits = fraction.get(..fraction.len().min(3)).unwrap_or_default();
    let millis = match (digits.len(), parse_u32(digits.as_bytes())) {
        (1, Some(tenths)) => tenths * 100,
        (2, Some(hundredths)) => hundredths * 10,
        (_, millis) => millis.unwrap_or(0),
    };
    Some(Duration::from_secs(secs) + Duration::from_millis(millis.into()))
}

/// Appends as much of `piece` as tells that a URL is too long: one character more, which may have several bytes.
fn push_bounded(text: &mut String, piece: &str) {
    *text += cut(piece, (URL_BYTES + CHAR_BYTES).saturating_sub(text.len()));
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
