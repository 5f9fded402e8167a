//! Music: by artist, album artist, album, genre, composer and year; all of it, its playlists, and the newest.

use std::ops::Range;

use xxhash_rust::xxh3::xxh3_128;

use super::{
    RECENT,
    grow::{Face, Ground, LOOSE, Level, Plan, Row, UNKNOWN, UNKNOWN_KEY, year_face},
    is_told, items,
    names::{Names, fold},
    newest_first, property,
    role::{Role, id_below, texts},
    year,
};
use crate::{
    catalogue::{
        builder::{Builder, Full, Text},
        record::{PLAYLIST, Record, Tag, flag},
    },
    media::{Class, Date},
};

/// How folders are called that hold one disc of several; a number follows.
const DISC_FOLDERS: [&[u8]; 4] = [b"cd", b"disc", b"disk", b"disque"];
/// Digits of a disc's number that are looked at.
const DISC_DIGITS: usize = 3;

/// One track. Names are places in [`Music`]'s lists, or [`LOOSE`] where there is none.
#[derive(Clone, Copy)]
struct Track {
    item: u32,
    artist: u32,
    album: u32,
    genre: u32,
    composer: u32,
    /// Disc and number on it; no number comes last.
    order: u32,
}

/// Whose an album is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Its album artist's.
    Named(u32),
    /// Of the one who plays all of it, as far as is known.
    Player(u32),
    /// Of nobody known.
    Nobody,
    /// Of several.
    Many,
}

#[derive(Clone, Copy)]
struct Album {
    /// While tracks are gathered; afterwards [`Owner::Player`] or [`Owner::Nobody`], with a settled place.
    owner: Owner,
    /// Of its latest track.
    date: Option<Date>,
}

/// What is known of the tracks.
#[derive(Default)]
struct Music {
    tracks: Vec<Track>,
    people: Names,
    genres: Names,
    albums: Names,
    about: Vec<Album>,
}

/// Makes the container of all music; `None` if there is none.
pub(super) fn add(ground: &mut Ground<'_>) -> Result<Option<u32>, Full> {
    // Playlists of streams alone are music as well.
    let has_tracks = items(ground.builder, Class::Audio).next().is_some();
    let lists = with_music(ground.builder);
    if !has_tracks && lists.is_empty() {
        return Ok(None);
    }
    let various = ground.builder.text(texts::VARIOUS_ARTISTS.as_bytes())?;
    let mut music = Music::default();
    music.gather(ground.builder);
    music.settle(ground.builder, various);
    let top = ground.fixed(0, Role::Music)?;
    let mut children = Vec::new();
    children.extend(music.artists(ground, top)?);
    children.extend(music.album_artists(ground, top)?);
    children.extend(music.albums(ground, top)?);
    children.extend(music.genres(ground, top)?);
    children.extend(music.composers(ground, top)?);
    children.extend(music.years(ground, top)?);
    let all = music.all(ground, top)?;
    let playlists = playlists(ground, top, lists)?;
    if let Some(below) = all.or(playlists) {
        ground.set_below_as(top, below);
    }
    children.extend(all);
    children.extend(playlists);
    children.extend(music.recent(ground, top)?);
    ground.set_children(top, &children)?;
    Ok(Some(top))
}

impl Music {
    fn gather(&mut self, builder: &Builder) {
        let named = Named::gather(builder);
        for (item, record) in items(builder, Class::Audio) {
            let note = |names: &mut Names, tag| match property(builder, record, tag) {
                Some(text) => names.note(builder, text),
                None => LOOSE,
            };
            let artist = note(&mut self.people, Tag::Artist);
            let owner = note(&mut self.people, Tag::AlbumArtist);
            let composer = note(&mut self.people, Tag::Composer);
            let genre = note(&mut self.genres, Tag::Genre);
            let (folder, folder_disc) = album_folder(builder, record);
            let album = match property(builder, record, Tag::Album) {
                Some(text) => {
                    let key = match property(builder, record, Tag::AlbumArtist) {
                        Some(owner) => named_key(builder, text, owner),
                        None => {
                            let player = property(builder, record, Tag::Artist);
                            named.key(builder, text, player, folder)
                        }
                    };
                    let place = self.albums.note_as(builder, text, key);
                    self.add_to_album(place, artist, owner, record.date());
                    place
                }
                None => LOOSE,
            };
            let disc = match record.disc.get() {
                0 => folder_disc,
                disc => disc,
            };
            let number = record.track.get().checked_sub(1).unwrap_or(u16::MAX);
            self.tracks.push(Track {
                item,
                artist,
                album,
                genre,
                composer,
                order: u32::from(disc) << 16 | u32::from(number),
            });
        }
    }

    fn add_to_album(&mut self, place: u32, artist: u32, owner: u32, date: Option<Date>) {
        let place = place as usize;
        if place == self.about.len() {
            let (owner, date) = (Owner::Nobody, None);
            self.about.push(Album { owner, date });
        }
        let album = &mut self.about[place];
        album.owner = match (album.owner, owner, artist) {
            (_, owner, _) if owner != LOOSE => Owner::Named(owner),
            (known, _, LOOSE) => known,
            (Owner::Nobody, _, artist) => Owner::Player(artist),
            (Owner::Player(known), _, artist) if known != artist => Owner::Many,
            (known, _, _) => known,
        };
        let is_later = |date: &Date| {
            album
                .date
                .is_none_or(|known| known.unix_secs < date.unix_secs)
        };
        album.date = date.filter(is_later).or(album.date);
    }

    /// Puts all names into order.
    fn settle(&mut self, builder: &Builder, various: Text) {
        if self.about.iter().any(|album| album.owner == Owner::Many) {
            let various = self.people.note(builder, various);
            for album in &mut self.about {
                if album.owner == Owner::Many {
                    album.owner = Owner::Named(various);
                }
            }
        }
        let place = |places: &[u32], old: u32| places.get(old as usize).copied().unwrap_or(LOOSE);
        let people = self.people.settle(builder, |_| 0);
        for album in &mut self.about {
            album.owner = match album.owner {
                Owner::Named(owner) | Owner::Player(owner) => Owner::Player(place(&people, owner)),
                _ => Owner::Nobody,
            };
        }
        let about = std::mem::take(&mut self.about);
        let albums = self.albums.settle(builder, |old| owner_of(&about, old));
        let mut sorted = about.clone();
        for (old, new) in about.into_iter().zip(&albums) {
            sorted[*new as usize] = old;
        }
        self.about = sorted;
        let genres = self.genres.settle(builder, |_| 0);
        for track in &mut self.tracks {
            track.artist = place(&people, track.artist);
            track.composer = place(&people, track.composer);
            track.album = place(&albums, track.album);
            track.genre = place(&genres, track.genre);
        }
    }

    fn artists(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let rows = |track: &Track| Some([or_unknown(track.artist), track.album, LOOSE]);
        self.by_person(ground, top, Role::Artists, rows)
    }

    fn composers(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let rows = |track: &Track| {
            let keys = [track.composer, track.album, LOOSE];
            (track.composer != LOOSE).then_some(keys)
        };
        self.by_person(ground, top, Role::Composers, rows)
    }

    fn album_artists(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let rows = |track: &Track| {
            let keys = [
                or_unknown(owner_of(&self.about, track.album)),
                track.album,
                LOOSE,
            ];
            (track.album != LOOSE).then_some(keys)
        };
        self.by_person(ground, top, Role::AlbumArtists, rows)
    }

    /// People, their albums, and their tracks of no album.
    fn by_person(
        &self,
        ground: &mut Ground<'_>,
        top: u32,
        role: Role,
        keys: impl Fn(&Track) -> Option<[u32; 3]>,
    ) -> Result<Option<u32>, Full> {
        let mut rows = self.rows(ground.builder, keys);
        if !is_told(&rows) {
            return Ok(None);
        }
        let person = |builder: &mut Builder, key| self.person(builder, key, role != Role::Artists);
        let album = |builder: &mut Builder, key| self.album(builder, key, true);
        let levels = [
            by_title(&person, None),
            by_title(&album, Some(texts::ALL_TRACKS)),
        ];
        ground.view(top, &mut rows, &plan(role, &levels))
    }

    fn albums(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let keys = |track: &Track| (track.album != LOOSE).then_some([track.album, LOOSE, LOOSE]);
        let mut rows = self.rows(ground.builder, keys);
        let album = |builder: &mut Builder, key| self.album(builder, key, false);
        let levels = [by_title(&album, None)];
        ground.view(top, &mut rows, &plan(Role::Albums, &levels))
    }

    fn genres(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let keys = |track: &Track| Some([or_unknown(track.genre), or_unknown(track.artist), LOOSE]);
        let mut rows = self.rows(ground.builder, keys);
        if !is_told(&rows) {
            return Ok(None);
        }
        for (row, track) in rows.iter_mut().zip(&self.tracks) {
            row.place = [track.album, row.place[0], 0];
        }
        let genre = |builder: &mut Builder, key| {
            if key == UNKNOWN {
                let title = builder.text(texts::UNKNOWN_GENRE.as_bytes())?;
                return Ok(Face::new(title, UNKNOWN_KEY, Role::Genre));
            }
            let name = self.genres.at(key);
            Ok(Face::new(name.text, name.key, Role::Genre))
        };
        let person = |builder: &mut Builder, key| self.person(builder, key, true);
        let levels = [
            by_title(&genre, None),
            by_title(&person, Some(texts::ALL_TRACKS)),
        ];
        ground.view(top, &mut rows, &plan(Role::Genres, &levels))
    }

    fn years(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let builder = &*ground.builder;
        let keys = |track: &Track| {
            let date = match self.about.get(track.album as usize) {
                Some(album) => album.date,
                None => builder.records[track.item as usize].date(),
            };
            Some([newest_first(year(date?)?), track.album, LOOSE])
        };
        let mut rows = self.rows(builder, keys);
        let album = |builder: &mut Builder, key| self.album(builder, key, true);
        let levels = [
            Level {
                face: &year_face,
                is_by_title: false,
                all: None,
            },
            by_title(&album, None),
        ];
        ground.view(top, &mut rows, &plan(Role::MusicYears, &levels))
    }

    fn all(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let mut rows = self.rows(ground.builder, |_| Some([LOOSE; 3]));
        for row in &mut rows {
            let rank = ground.builder.records[row.item as usize].title_rank.get();
            row.place = [rank, 0, 0];
        }
        let plan = Plan {
            role: Role::AllTracks,
            levels: &[],
            is_by_title: true,
        };
        ground.view(top, &mut rows, &plan)
    }

    fn recent(&self, ground: &mut Ground<'_>, top: u32) -> Result<Option<u32>, Full> {
        let mut rows = self.rows(ground.builder, |_| Some([LOOSE; 3]));
        for (row, track) in rows.iter_mut().zip(&self.tracks) {
            let added = ground.builder.records[row.item as usize].added.get();
            row.place = [u32::MAX - added, track.album, track.order];
        }
        rows.sort_unstable();
        rows.truncate(RECENT);
        ground.view(top, &mut rows, &plan(Role::RecentTracks, &[]))
    }

    /// The tracks that have `keys`, in the order of their discs, or of their titles where they are of no album.
    fn rows(&self, builder: &Builder, keys: impl Fn(&Track) -> Option<[u32; 3]>) -> Vec<Row> {
        let row = |track: &Track| {
            let keys = keys(track)?;
            let place = if track.album == LOOSE {
                let record = &builder.records[track.item as usize];
                [record.title_rank.get(), 0, 0]
            } else {
                [track.order, 0, 0]
            };
            let item = track.item;
            Some(Row { keys, place, item })
        };
        self.tracks.iter().filter_map(row).collect()
    }

    fn person(&self, builder: &mut Builder, key: u32, is_copy: bool) -> Result<Face, Full> {
        let face = if key == UNKNOWN {
            let title = builder.text(texts::UNKNOWN_ARTIST.as_bytes())?;
            Face::new(title, UNKNOWN_KEY, Role::Artist)
        } else {
            let name = self.people.at(key);
            Face::new(name.text, name.key, Role::Artist)
        };
        Ok(Face { is_copy, ..face })
    }

    fn album(&self, builder: &mut Builder, key: u32, is_copy: bool) -> Result<Face, Full> {
        let name = self.albums.at(key);
        let owner = self.people.at(owner_of(&self.about, key)).text;
        let mut properties = Vec::new();
        if owner.1 > 0 {
            properties.push(Tag::Artist as u8);
            properties.extend_from_slice(&owner.1.to_le_bytes());
            properties.extend_from_slice(builder.at(owner));
        }
        Ok(Face {
            is_copy,
            properties: builder.text(&properties)?,
            date: self.about.get(key as usize).and_then(|album| album.date),
            ..Face::new(name.text, name.key, Role::Album)
        })
    }
}

const fn plan<'p>(role: Role, levels: &'p [Level<'p>]) -> Plan<'p> {
    Plan {
        role,
        levels,
        is_by_title: false,
    }
}

const fn by_title<'p>(
    face: &'p dyn Fn(&mut Builder, u32) -> Result<Face, Full>,
    all: Option<&'static str>,
) -> Level<'p> {
    Level {
        face,
        is_by_title: true,
        all,
    }
}

/// Whose the album at `place` is, as a place among people; [`LOOSE`]: nobody's.
fn owner_of(about: &[Album], place: u32) -> u32 {
    match about.get(place as usize).map(|album| album.owner) {
        Some(Owner::Named(owner) | Owner::Player(owner)) => owner,
        _ => LOOSE,
    }
}

fn or_unknown(place: u32) -> u32 {
    if place == LOOSE { UNKNOWN } else { place }
}

/// Albums with an album artist, by the folders they lie in: their key by folder, then by artist. Sorted, each once.
#[derive(Default)]
struct Named(Vec<(u128, u128)>);

impl Named {
    fn gather(builder: &Builder) -> Self {
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
    fn key(&self, builder: &Builder, album: Text, player: Option<Text>, folder: u64) -> u128 {
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
fn named_key(builder: &Builder, album: Text, artist: Text) -> u128 {
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
fn album_folder(builder: &Builder, record: &Record) -> (u64, u16) {
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

fn links(record: &Record) -> Range<usize> {
    let at = record.links_at.get() as usize;
    at..at + record.links.get() as usize
}

/// The playlists that hold music or stations, each behind the rank of its title, by which they are sorted.
fn with_music(builder: &Builder) -> Vec<(u32, u32)> {
    let has_music = |record: &Record| {
        builder.links[links(record)]
            .iter()
            .any(|item| builder.records[item.get() as usize].class() == Some(Class::Audio))
    };
    let hidden = flag::UNLISTED | flag::OFFLINE | flag::BESIDE;
    let mut found: Vec<(u32, u32)> = (0..)
        .zip(&builder.records)
        .filter(|(_, r)| r.kind == PLAYLIST && !r.has(hidden) && has_music(r))
        .map(|(number, record)| (record.title_rank.get(), number))
        .collect();
    found.sort_unstable();
    found
}

/// Playlists, each with all it holds.
fn playlists(
    ground: &mut Ground<'_>,
    top: u32,
    found: Vec<(u32, u32)>,
) -> Result<Option<u32>, Full> {
    if found.is_empty() {
        return Ok(None);
    }
    let view = ground.fixed(top, Role::Playlists)?;
    let first = ground.next_link()?;
    let mut children = Vec::with_capacity(found.len());
    for (_, number) in found {
        let record = ground.builder.records[number as usize];
        let title = (record.title_at.get(), record.title_len.get());
        let face = Face {
            is_copy: true,
            ..Face::new(title, 0, Role::Playlist)
        };
        let id = id_below(Role::Playlists.id(), record.id.get().into());
        let copy = ground.push(view, id, &face)?;
        let at = ground.next_link()?;
        ground.builder.links.extend_from_within(links(&record));
        ground.show(copy, at, record.links.get());
        ground.set_below(copy, at, record.links.get());
        children.push(copy);
    }
    ground.set_below(view, first, ground.next_link()? - first);
    ground.set_children(view, &children)?;
    Ok(Some(view))
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
