//! Lists of features: the standard's shortcuts to containers (ContentDirectory:4 §5.2.11), which HEOS and `BubbleUPnP` make
//! their menus of, and Samsung's, by which their televisions find sound, films and photographs.

use super::names;
use crate::{
    catalogue::{snapshot::Snapshot, views::Role},
    wire::xml::write::{DECLARATION, Document},
};

/// Names that the standard gives, and the containers of ours that are so.
const SHORTCUTS: [(&str, Role); 15] = [
    ("MUSIC", Role::Music),
    ("MUSIC_ARTISTS", Role::Artists),
    ("MUSIC_ALBUMS", Role::Albums),
    ("MUSIC_GENRES", Role::Genres),
    ("MUSIC_PLAYLISTS", Role::Playlists),
    ("MUSIC_RECENTLY_ADDED", Role::RecentTracks),
    ("MUSIC_ALL", Role::AllTracks),
    ("VIDEOS", Role::Video),
    ("VIDEOS_YEARS", Role::VideoYears),
    ("VIDEOS_RECENTLY_ADDED", Role::RecentVideos),
    ("VIDEOS_ALL", Role::AllVideos),
    ("IMAGES", Role::Pictures),
    ("IMAGES_YEARS_MONTH", Role::Dates),
    ("IMAGES_ALBUM", Role::PhotoAlbums),
    ("IMAGES_ALL", Role::AllPictures),
];

/// Samsung's types, and the containers that hold them.
const TYPES: [(&str, Role); 3] = [
    ("object.item.audioItem", Role::Music),
    ("object.item.videoItem", Role::Video),
    ("object.item.imageItem", Role::Pictures),
];

/// `CONTAINER_SHORTCUTS`, of the containers that there are.
pub(super) fn shortcuts(snapshot: &Snapshot) -> String {
    features("CONTAINER_SHORTCUTS", |feature| {
        feature.element("shortcutlist", &[], |list| {
            let there = |(_, role): &&(&str, Role)| snapshot.find(role.id()).is_some();
            for (name, role) in SHORTCUTS.iter().filter(there) {
                list.element("shortcut", &[], |shortcut| {
                    shortcut.leaf("name", name);
                    shortcut.leaf("objectID", &role.id().to_string());
                });
            }
        });
    })
}

/// `samsung.com_BASICVIEW`: all three types, in the root where there is no container of their own.
pub(super) fn samsung(snapshot: &Snapshot) -> String {
    features("samsung.com_BASICVIEW", |feature| {
        for (class, role) in TYPES {
            let id = names::shown(role, snapshot).to_string();
            let attributes = [("id", id.as_str()), ("type", class)];
            feature.element("container", &attributes, |_| {});
        }
    })
}

fn features(name: &str, content: impl FnOnce(&mut Document)) -> String {
    let namespaces = [
        ("xmlns", "urn:schemas-upnp-org:av:avs"),
        ("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"),
        (
            "xsi:schemaLocation",
            "urn:schemas-upnp-org:av:avs http://www.upnp.org/schemas/av/avs.xsd",
        ),
    ];
    let document = Document::whole("Features", &namespaces, |features| {
        let attributes = [("name", name), ("version", "1")];
        features.element("Feature", &attributes, content);
    });
    // Within another document it needs no declaration.
    let document = String::from_utf8(document).unwrap_or_default();
    match document.strip_prefix(DECLARATION) {
        Some(bare) => bare.to_owned(),
        None => document,
    }
}
