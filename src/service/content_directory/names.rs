//! Ids by which devices ask for containers that they believe every server to have.

use crate::{
    catalogue::{
        object_id::{ObjectId, Place},
        snapshot::Snapshot,
        views::Role,
    },
    service::devices::{Disguise, Treatment},
    wire::soap::UpnpError,
};

/// The object that an id names. An empty one means the root: some Samsung televisions ask so.
///
/// Samsung's newest ask for `A`, `V_D` and the like without having been told of them, the Xbox 360 for the numbers of Windows
/// Media Connect; none of them is an id of ours. What is not shown in the views is looked for in the root.
pub(super) fn place(text: &str, treatment: &Treatment, snapshot: &Snapshot) -> Option<Place> {
    if text.is_empty() {
        return Some(home(ObjectId::ROOT));
    }
    Place::parse(text).or_else(|| {
        let names: &[(&str, Role)] = match treatment.disguise {
            Disguise::Samsung { .. } => &SAMSUNG,
            Disguise::Xbox => &MEDIA_CONNECT,
            Disguise::None | Disguise::MediaPlayer => &[],
        };
        // `A_T` and `A_D` are orders of the same.
        let name = text.strip_suffix("_T").or(text.strip_suffix("_D"));
        let name = name.unwrap_or(text);
        let mut found = names.iter().filter(|(known, _)| *known == name);
        found.next().map(|(_, role)| home(shown(*role, snapshot)))
    })
}

const SAMSUNG: [(&str, Role); 4] = [
    ("A", Role::Music),
    ("V", Role::Video),
    ("I", Role::Pictures),
    ("P", Role::Playlists),
];

const MEDIA_CONNECT: [(&str, Role); 9] = [
    ("1", Role::Music),
    ("4", Role::AllTracks),
    ("5", Role::Genres),
    ("6", Role::Artists),
    ("7", Role::Albums),
    ("F", Role::Playlists),
    ("14", Role::Music),
    ("15", Role::Video),
    ("16", Role::Pictures),
];

/// The container of a role, or the root where there is none.
pub(super) fn shown(role: Role, snapshot: &Snapshot) -> ObjectId {
    let found = snapshot.find(role.id()).map(|container| container.id());
    found.unwrap_or(ObjectId::ROOT)
}

/// Where a device begins that is shown less than all.
pub(super) fn root_for(place: Place, treatment: &Treatment, snapshot: &Snapshot) -> Place {
    match treatment.root {
        Some(role) if place == home(ObjectId::ROOT) => home(shown(role, snapshot)),
        _ => place,
    }
}

/// The item at a place among all of a category of Samsung's: 1 sound, 2 films, 3 photographs. Nothing else is told of what
/// their televisions mean by `RID` and `Index`, so both are this place.
pub(super) fn at(snapshot: &Snapshot, category: u32, index: u32) -> Result<ObjectId, UpnpError> {
    let role = match category {
        1 => Role::AllTracks,
        2 => Role::AllVideos,
        3 => Role::AllPictures,
        _ => return Err(UpnpError::InvalidArgs),
    };
    let container = snapshot.find(role.id()).ok_or(UpnpError::NoSuchObject)?;
    let child = container.child(index).ok_or(UpnpError::NoSuchObject)?;
    Ok(child.id())
}

fn home(object: ObjectId) -> Place {
    Place {
        object,
        within: None,
    }
}
