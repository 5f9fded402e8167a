//! Albums: which tracks are one, and whose it is.

use xxhash_rust::xxh3::xxh3_128;

use super::{grow::LOOSE, items, names::fold, property};
use crate::{
    catalogue::{
        builder::{Builder, Text},
        record::{Record, Tag},
    },
    media::{Class, Date},
};

/// How folders are called that hold one disc of several; a number follows.
const DISC_FOLDERS: [&[u8]; 4] = [b"cd", b"disc", b"disk", b"disque"];
/// Digits of a disc's number that are looked at.
const DISC_DIGITS: usize = 3;

/// Whose an album is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Owner {
    /// Its album artist's.
    Named(u32),
    /// Of the one who plays all of it, as far as is known.
    Player(u32),
    /// Of nobody known.
    #[default]
    Nobody,
    /// Of several.
    Many,
}

/// What is known of an album.
#[derive(Clone, Copy, Default)]
pub(super) struct Album {
    /// While tracks are gathered; afterwards [`Owner::Player`] or [`Owner::Nobody`], with a settled place.
    pub(super) owner: Owner,
    /// Of its latest track.
    pub(super) date: Option<Date>,
}

impl Album {
    /// Takes in a track, by its artist and its album artist.
    pub(super) fn add(&mut self, artist: u32, owner: u32, date: Option<Date>) {
        self.owner = match (self.owner, owner, artist) {
            (_, owner, _) if owner != LOOSE => Owner::Named(owner),
            (known, _, LOOSE) => known,
            (Owner::Nobody, _, artist) => Owner::Player(artist),
            (Owner::Player(known), _, artist) if known != artist => Owner::Many,
            (known, _, _) => known,
        };
        let known = self.date;
        let is_later = |date: &Date| known.is_none_or(|known| known.unix_secs < date.unix_secs);
        self.date = date.filter(is_later).or(known);
    }
}

/// Whose the album at `place` is, as a place among people; [`LOOSE`]: nobody's.
pub(super) fn owner_of(about: &[Album], place: u32) -> u32 {
    match about.get(place as usize).map(|album| album.owner) {
        Some(Owner::Named(owner) | Owner::Player(owner)) => owner,
        _ => LOOSE,
    }
}

/// Albums with an album artist, by the folders they lie in: their key by folder, then by artist. Sorted, each once.
#[derive(Default)]
pub(super) struct Named(Vec<(u128, u128)>);

impl Named {
    pub(super) fn gather(builder: &Builder) -> Self {
        let mut named = Self::default();
        for (_, record) in items(builder, Class::Audio) {
            let album = property(builder, record, Tag::Album);
            let owner = property(builder, record, Tag::AlbumArtist);
            if let Some((album, owner)) = album.zip(owner) {
                let (folder, _) = album_folder(builder, record);
                let keys = (
                    folder_key(builder, album, folder),
                    named_key(builder, album, owner),
                );
                // Tracks of an album follow each other.
                if named.0.last() != Some(&keys) {
                    named.0.push(keys);
                }
            }
        }
        named.0.sort_unstable();
        named.0.dedup();
        named
    }

    /// The key of the album of a track without an album artist: it belongs to the one album of that name in its folder
    /// that has one, of several to that of its `player`; else it is of an album that the folder tells from others.
    pub(super) fn key(
        &self,
        builder: &Builder,
        album: Text,
        player: Option<Text>,
        folder: u64,
    ) -> u128 {
        let own = folder_key(builder, album, folder);
        let start = self.0.partition_point(|(folder, _)| *folder < own);
        let rest = self.0.get(start..).unwrap_or_default();
        let here = rest.partition_point(|(folder, _)| *folder == own);
        match &rest[..here] {
            [] => own,
            [(_, only)] => *only,
            several => {
                let by_player = player.map(|player| named_key(builder, album, player));
                let keys = several.iter().map(|(_, key)| *key);
                let mut is_it = keys.filter(|key| by_player == Some(*key));
                is_it.next().unwrap_or(own)
            }
        }
    }
}

/// What tells an album of an artist from others of its name.
pub(super) fn named_key(builder: &Builder, album: Text, artist: Text) -> u128 {
    let mut key = fold(builder.at(album));
    key.push(0);
    key.extend_from_slice(&fold(builder.at(artist)));
    xxh3_128(&key)
}

/// The same for an album of nobody known, by its folder.
fn folder_key(builder: &Builder, album: Text, folder: u64) -> u128 {
    let mut key = fold(builder.at(album));
    key.extend_from_slice(&[0, 0]);
    key.extend_from_slice(&folder.to_le_bytes());
    xxh3_128(&key)
}

/// The id of the folder that a track's album lies in, and the number of the disc if a folder inside it says one.
pub(super) fn album_folder(builder: &Builder, record: &Record) -> (u64, u16) {
    let folder = |number: u32| builder.records.get(number as usize);
    let Some(own) = folder(record.parent.get()) else {
        return (0, 0);
    };
    match disc_of(builder.name(own)).zip(folder(own.parent.get())) {
        Some((disc, above)) => (above.id.get(), disc),
        None => (own.id.get(), 0),
    }
}

/// The number in `CD2`, `Disc 02`, `disk_3`.
fn disc_of(name: &[u8]) -> Option<u16> {
    let begins = |word: &&&[u8]| {
        name.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let word = DISC_FOLDERS.iter().find(begins)?;
    let mut rest = &name[word.len()..];
    if let [b' ' | b'-' | b'_' | b'.', number @ ..] = rest {
        rest = number;
    }
    if rest.len() > DISC_DIGITS || !rest.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(rest).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_has_a_folder_with_a_number() {
        for (name, disc) in [
            ("CD1", Some(1)),
            ("cd 02", Some(2)),
            ("Disc-3", Some(3)),
            ("disk_10", Some(10)),
            ("CD", None),
            ("CDs", None),
            ("Discovery", None),
            ("cd 2000", None),
            ("CD +1", None),
            ("My CD1", None),
        ] {
            assert_eq!(disc_of(name.as_bytes()), disc, "{name}");
        }
    }
}
