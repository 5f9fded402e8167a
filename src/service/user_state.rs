//! The two actions by which a control point tells where somebody stopped: `UpdateObject` (ContentDirectory:1 §2.7.8), as
//! the standard and as Kodi has it, and Samsung's `X_SetBookmark`.
//!
//! ```text
//!  control::call ─► read ─► Change ─► (net: Change::entry ─► journal ─► Shared::keep) ─► Change::reply
//! ```
//!
//! The reply goes out once the change is on the disk. What a change does is decided when its turn comes, so that
//! `CurrentTagValue` is compared with what is true then.

use super::{Body, Now, Response, Shared, control, devices::Treatment};
use crate::{
    catalogue::{
        object_id::{ObjectId, Place},
        snapshot::Object,
        user_state::{Entry, State},
    },
    media::Class,
    wire::{
        date::DidlDate,
        didl::{Playback, PositionForm},
        http::response::Status,
        soap::{self, Call, UpnpError},
        tag_value::{self, Fragment},
        url,
    },
};

/// A change that a control point asks for.
#[derive(Debug)]
pub struct Change {
    item: ObjectId,
    wish: Wish,
    service_type: String,
    action: String,
}

#[derive(Debug)]
enum Wish {
    /// A position in milliseconds.
    Bookmark(u32),
    /// Each fragment as it is said to be, and as it shall be.
    Tags(Vec<(Fragment, Fragment)>),
}

/// True for the actions that change something.
pub(super) fn is_change(call: &Call<'_>) -> bool {
    matches!(call.action, "UpdateObject" | "X_SetBookmark")
}

/// Reads what is to be changed.
///
/// # Errors
/// What the control point is told: the arguments are not what the action takes.
pub(super) fn read(call: &Call<'_>, treatment: &Treatment) -> Result<Change, UpnpError> {
    let item = item(call.required("ObjectID")?)?;
    let wish = match call.action {
        "X_SetBookmark" => bookmark(call, treatment.bookmark_unit_ms)?,
        _ => tags(call)?,
    };
    Ok(Change {
        item,
        wish,
        service_type: call.service_type.to_string(),
        action: call.action.to_owned(),
    })
}

/// The item that an id names, wherever it is met: the state is the item's. Kodi percent-encodes the id and adds a slash.
fn item(id: &str) -> Result<ObjectId, UpnpError> {
    let id = url::decode(id).map_err(|_| UpnpError::NoSuchObject)?;
    let id = id.strip_suffix('/').unwrap_or(&id);
    let place = Place::parse(id).ok_or(UpnpError::NoSuchObject)?;
    Ok(place.object)
}

/// `CategoryType` and `RID` say nothing that is needed; some televisions leave them out.
fn bookmark(call: &Call<'_>, unit_ms: u32) -> Result<Wish, UpnpError> {
    let position = call.ui4("PosSecond")?;
    Ok(Wish::Bookmark(position.saturating_mul(unit_ms)))
}

fn tags(call: &Call<'_>) -> Result<Wish, UpnpError> {
    let list = |name: &str, malformed| {
        tag_value::parse(call.required(name)?).map_err(|error| match error {
            tag_value::Error::Malformed => malformed,
            tag_value::Error::TooMany => UpnpError::InvalidArgs,
        })
    };
    let current = list("CurrentTagValue", UpnpError::CurrentTagValue)?;
    let new = list("NewTagValue", UpnpError::NewTagValue)?;
    if current.len() != new.len() {
        return Err(UpnpError::ParameterMismatch);
    }
    Ok(Wish::Tags(current.into_iter().zip(new).collect()))
}

impl Change {
    /// What is to be kept, as things are now; `None`: nothing changes.
    ///
    /// # Errors
    /// What the control point is told: the change is not possible.
    pub fn entry(&self, shared: &Shared, now: Now) -> Result<Option<Entry>, UpnpError> {
        let snapshot = shared.snapshot();
        let object = snapshot.find(self.item).ok_or(UpnpError::NoSuchObject)?;
        let has_end = !object.is_container() && !object.is_stream();
        if !has_end || object.class() == Some(Class::Caption) {
            return Err(UpnpError::RestrictedObject);
        }
        let states = shared.states.borrow();
        let before = states.of(&object).copied().unwrap_or_default();
        let mut after = State {
            changed_secs: now.unix_secs,
            ..before
        };
        match &self.wish {
            Wish::Bookmark(position_ms) => after.position_ms = *position_ms,
            Wish::Tags(pairs) => {
                if !update(pairs, &object, &before, &mut after)? {
                    return Ok(None);
                }
            }
        }
        Ok(Some(states.next(&object, after)))
    }

    /// The answer where the disk failed.
    pub fn failed(&self) -> Response {
        self.reply(Err(UpnpError::ActionFailed))
    }

    /// The answer.
    pub fn reply(&self, outcome: Result<(), UpnpError>) -> Response {
        match outcome {
            Ok(()) => {
                let body = soap::reply(&self.service_type, &self.action, &[]);
                control::with_ext(Response::xml(Status::Ok, Body::Bytes(body)))
            }
            Err(error) => {
                log::debug!("{} of {}: {error}", self.action, self.item);
                control::fault(error)
            }
        }
    }
}

// ---- UpdateObject -----------------------------------------------------------------------------

/// A property by its tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Position,
    Count,
    /// Kodi's name for it.
    KodiCount,
    Time,
    /// Kodi's notes to itself, which nobody else understands.
    Foreign,
    /// `dc:title`, `upnp:class`: no object is without them.
    Required,
    /// Everything else belongs to the file.
    ReadOnly,
}

impl Tag {
    fn of(name: &str) -> Self {
        match name {
            "upnp:lastPlaybackPosition" => Self::Position,
            "upnp:playbackCount" => Self::Count,
            "upnp:playCount" => Self::KodiCount,
            "upnp:lastPlaybackTime" => Self::Time,
            "dc:title" | "upnp:class" => Self::Required,
            _ if name.starts_with("xbmc:") => Self::Foreign,
            _ => Self::ReadOnly,
        }
    }
}

/// Carries `pairs` out on `after`; false if they concern nothing that is kept.
fn update(
    pairs: &[(Fragment, Fragment)],
    object: &Object<'_>,
    before: &State,
    after: &mut State,
) -> Result<bool, UpnpError> {
    // Kodi does not say what the object has, but what it last saw, or what it makes up. Held to it, it would lose the
    // position of somebody who has just watched.
    let is_kodi = pairs
        .iter()
        .flat_map(|(_, new)| new)
        .any(|element| matches!(Tag::of(&element.name), Tag::KodiCount | Tag::Foreign));
    let mut is_ours = false;
    for (current, new) in pairs {
        let text_in = |fragment: &'_ Fragment, name: &str| -> Option<String> {
            let mut found = fragment.iter().filter(|element| element.name == name);
            found.next().map(|element| element.text.clone())
        };
        for element in new {
            let name = element.name.as_str();
            let was = text_in(current, name);
            is_ours |= set(
                name,
                was.as_deref(),
                Some(&element.text),
                is_kodi,
                before,
                after,
            )?;
        }
        for gone in current
            .iter()
            .filter(|gone| text_in(new, &gone.name).is_none())
        {
            is_ours |= set(&gone.name, Some(&gone.text), None, is_kodi, before, after)?;
        }
    }
    log::trace!("{:?}: {before:?} becomes {after:?}", object.id());
    Ok(is_ours)
}

/// Gives one property another value, or takes it away; false if it is none that is kept.
fn set(
    name: &str,
    current: Option<&str>,
    new: Option<&str>,
    is_kodi: bool,
    before: &State,
    after: &mut State,
) -> Result<bool, UpnpError> {
    let tag = Tag::of(name);
    if !is_kodi && !agrees(tag, current, before) {
        return Err(UpnpError::CurrentTagValue);
    }
    let parsed = |value: Option<u32>| value.ok_or(UpnpError::NewTagValue);
    let number = |text: &str| text.trim().parse().ok();
    match (tag, new) {
        (Tag::Position, None) => after.position_ms = 0,
        (Tag::Position, Some(text)) => after.position_ms = parsed(tag_value::position_ms(text))?,
        (Tag::Count | Tag::KodiCount, None) => after.play_count = 0,
        (Tag::Count, Some(text)) => after.play_count = parsed(number(text))?,
        // Kodi says 1 for "once more", whatever the count is.
        (Tag::KodiCount, Some(text)) => {
            after.play_count = match parsed(number(text))? {
                1 => before.play_count.saturating_add(1),
                count => count,
            }
        }
        (Tag::Time, Some(text)) if !text.trim().is_empty() => {
            let date = DidlDate::parse(text.trim());
            let secs = date.and_then(|date| u64::try_from(date.unix_secs).ok());
            after.changed_secs = secs.ok_or(UpnpError::NewTagValue)?;
        }
        (Tag::Time, _) => after.changed_secs = 0,
        (Tag::Foreign, _) => return Ok(false),
        (Tag::Required, None) => return Err(UpnpError::RequiredTag),
        (Tag::Required | Tag::ReadOnly, _) if current == new => return Ok(false),
        (Tag::Required | Tag::ReadOnly, _) => return Err(UpnpError::ReadOnlyTag),
    }
    Ok(true)
}

/// What the control point says of a property is so, to the precision in which it was told. What is not there may be
/// left empty or be called zero.
fn agrees(tag: Tag, current: Option<&str>, before: &State) -> bool {
    let text = current.map(str::trim).filter(|text| !text.is_empty());
    match tag {
        Tag::Position => match text {
            Some(text) => tag_value::position_ms(text).is_some_and(|ms| {
                ms == before.position_ms || ms == before.position_ms / 1000 * 1000
            }),
            None => before.position_ms == 0,
        },
        Tag::Count => match text {
            Some(text) => text.parse() == Ok(before.play_count),
            None => before.play_count == 0,
        },
        Tag::Time => match text {
            Some(text) => DidlDate::parse(text)
                .is_some_and(|date| u64::try_from(date.unix_secs) == Ok(before.changed_secs)),
            None => before.changed_secs == 0,
        },
        Tag::KodiCount | Tag::Foreign | Tag::Required | Tag::ReadOnly => true,
    }
}

// ---- units ------------------------------------------------------------------------------------

/// The form in which a device reads positions that asks with this `Filter`.
///
/// Kodi (21 and before) takes `upnp:lastPlaybackPosition` for a whole number, so that `0:12:34` is no position to it. It
/// alone asks for `xbmc:` properties.
pub(super) fn form_for(treatment: &Treatment, filter: &str) -> PositionForm {
    if filter.contains("xbmc:") {
        PositionForm::Seconds
    } else {
        treatment.position
    }
}

/// `upnp:lastPlaybackTime` as text.
pub(super) type TimeText = heapless::String<24>;

/// When it was last played, `2009-05-01T18:30:00Z`; empty if that is not known.
pub(super) fn time_text(state: Option<&State>) -> TimeText {
    use std::fmt::Write as _;
    let mut text = TimeText::new();
    let secs = state.map_or(0, |state| state.changed_secs);
    if let Ok(unix_secs @ 1..) = i64::try_from(secs) {
        let date = DidlDate {
            unix_secs,
            day_only: false,
        };
        // 20 characters always fit.
        let _ = write!(text, "{date}Z");
    }
    text
}

/// A state as a listing tells it, `time` being its [`time_text`].
pub(super) fn playback<'a>(
    state: &State,
    treatment: &Treatment,
    form: PositionForm,
    time: &'a str,
) -> Playback<'a> {
    Playback {
        position: std::time::Duration::from_millis(state.position_ms.into()),
        form,
        bookmark: (state.position_ms / treatment.bookmark_unit_ms.max(1)).into(),
        count: state.play_count,
        time: Some(time).filter(|time| !time.is_empty()),
    }
}

#[cfg(test)]
#[path = "user_state_tests.rs"]
mod tests;
