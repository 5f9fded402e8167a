//! Music: by artist, album artist, album, genre, composer and year; all of it, its playlists, and the newest.

use super::{
    RECENT,
    albums::{Album, Named, Owner, album_folder, named_key, owner_of},
    grow::{Face, Ground, LOOSE, Level, Plan, Row, UNKNOWN, UNKNOWN_KEY, year_face},
    is_told, items,
    names::Names,
    newest_first,
    playlists::{playlists, with_music},
    property,
    role::{Role, texts},
    year,
};
use crate::{
    catalogue::{
        builder::{Builder, Full, Text},
        record::Tag,
    },
    media::Class,
};

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
                    let owned_by = property(builder, record, Tag::AlbumArtist);
                    let key = if let Some(owner) = owned_by {
                        named_key(builder, text, owner)
                    } else {
                        let player = property(builder, record, Tag::Artist);
                        named.key(builder, text, player, folder)
                    };
                    let place = self.albums.note_as(builder, text, key);
                    if place as usize == self.about.len() {
                        self.about.push(Album::default());
                    }
                    self.about[place as usize].add(artist, owner, record.date());
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

fn or_unknown(place: u32) -> u32 {
    if place == LOOSE { UNKNOWN } else { place }
}
