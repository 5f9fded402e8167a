//! Views: containers made of what the catalogue knows, beside the folders.
//!
//! ```text
//!  root ┬ Music ─── Artists ─ artist ─ album ─ track      the items are at home in the folders, and appear here;
//!       ├ Video     Albums ─ album ─ track                a view is links and containers, never a copy of an item
//!       ├ Pictures  ...
//!       └ Folders ─ what the disks hold
//! ```
//!
//! | view | levels | order | what has no value |
//! |---|---|---|---|
//! | Artists | artist, album; tracks of no album behind the albums | names; disc and track | Unknown artist |
//! | Album artists | artist, album | the same | Unknown artist; tracks of no album: nowhere |
//! | Albums | album | the same | nowhere |
//! | Genres | genre, artist | names; album, disc and track | Unknown genre, Unknown artist |
//! | Composers | composer, album; tracks of no album behind | names; disc and track | nowhere |
//! | Music: Years | year, album; tracks of no album behind | newest year first; names | nowhere |
//! | Playlists | those with music | names | |
//! | Series | series, season; episodes of no season behind | names; numbers, specials last | Unknown series |
//! | Films; Video: Years | none; year | titles | episodes are no films; no date: nowhere |
//! | Dates | year, month, day; what is dated less exactly behind | newest year first, then the calendar's | Unknown date |
//! | Cameras | camera | names; date | nowhere |
//! | Pictures: Albums | folder | names; as in the folder | |
//! | All tracks, All videos | none | titles | |
//! | All pictures | none | newest first, dateless last | |
//! | Recently added | none, [`RECENT`] | newest first | |
//!
//! An album is the tracks with one album's name and one album artist; where no album artist is named, those with one
//! album's name in one folder, whoever plays (discs in folders of their own, `CD 2`, count as one). Where only some tracks
//! of a folder name the album artist, the others are of the same album. So compilations stay whole, and two "Greatest
//! Hits" are two. It belongs to the year of its latest track.
//!
//! Names that differ in capitals, accents or blanks are one container, which is called as most of them are. Where two or
//! more containers divide the tracks of an artist, a composer or a genre, "All tracks" stands before them. A view that
//! would hold nothing but what is unknown is not made, and neither is an empty one.
//!
//! One container of each artist, album, genre and photo album is the first, and the others show it again
//! ([`flag::COPY`]): who searches for albums wants each once.

mod albums;
mod grow;
mod music;
mod names;
mod pictures;
mod playlists;
pub(super) mod role;
mod video;

use std::ops::Range;

use time::OffsetDateTime;

pub use role::Role;

use self::grow::{Ground, Row, UNKNOWN};
use super::{
    builder::{Builder, Full, Text},
    record::{self, NOTE, Record, Tag, flag},
};
use crate::media::{Class, Date};

/// Items of one "Recently added": as many as a person looks through.
pub const RECENT: usize = 200;

/// What can stand at the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// Artists, albums, genres ...
    Music,
    /// Series, films ...
    Video,
    /// Photographs by date, camera ...
    Pictures,
    /// The media folders.
    Folders,
}

/// Which views are made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Views {
    /// What stands at the root, in this order, none twice. The folders alone: then they are the root.
    pub shown: Vec<View>,
    /// Most children of a container in the order of names; beyond it they are put into containers by initials.
    /// 0: any number.
    pub initials: u32,
}

impl Default for Views {
    /// The folders alone.
    fn default() -> Self {
        Self {
            shown: vec![View::Folders],
            initials: 0,
        }
    }
}

impl Views {
    /// There is something else than the folders.
    pub(super) fn are_wanted(&self) -> bool {
        self.shown.iter().any(|view| *view != View::Folders)
    }

    /// The folders are among the root's children.
    pub(super) fn show_folders(&self) -> bool {
        self.shown.contains(&View::Folders)
    }
}

/// Makes the wanted views. To be called when every item has its flags, its links and its title's rank; `folders` is the
/// record of the container of all folders. If the catalogue has no room, the folders are shown alone.
pub(super) fn add(builder: &mut Builder, views: &Views, folders: u32) {
    let (records, links, heap) = (
        builder.records.len(),
        builder.links.len(),
        builder.heap.len(),
    );
    if grow(builder, views, folders).is_err() {
        builder.records.truncate(records);
        builder.links.truncate(links);
        builder.heap.truncate(heap);
        builder.records[folders as usize].set(flag::BESIDE, false);
        let only = Views::default();
        // Nothing but one link is added.
        let _ = grow(builder, &only, folders);
    }
}

fn grow(builder: &mut Builder, views: &Views, folders: u32) -> Result<(), Full> {
    let mut ground = Ground {
        builder,
        initials: views.initials as usize,
    };
    let mut children = Vec::new();
    for view in &views.shown {
        let made = match view {
            View::Music => music::add(&mut ground)?,
            View::Video => video::add(&mut ground)?,
            View::Pictures => pictures::add(&mut ground)?,
            View::Folders => {
                let hidden = flag::UNLISTED | flag::OFFLINE | flag::BESIDE;
                let record = &ground.builder.records[folders as usize];
                (!record.has(hidden)).then_some(folders)
            }
        };
        children.extend(made);
    }
    // Folders that are not shown are no business of the root's any more.
    ground.builder.records[0].more_links = 0.into();
    ground.set_children(0, &children)
}

/// The listed items of a class, by their records. Streams are met in their playlists alone.
fn items(builder: &Builder, class: Class) -> impl Iterator<Item = (u32, &Record)> {
    (0..).zip(&builder.records).filter(move |(_, record)| {
        let hidden = flag::UNLISTED | flag::OFFLINE | flag::BESIDE | flag::STREAM;
        record.kind == class as u8 && !record.has(hidden)
    })
}

/// Where a text property lies, the note's beside a film before the file's own.
fn property(builder: &Builder, record: &Record, tag: Tag) -> Option<Text> {
    let own = |record: &Record| -> Option<Text> {
        let Range { start, end } = record::property_at(builder.properties(record), tag)?;
        let at = u32::try_from(start).ok()?;
        let len = u16::try_from(end - start).ok()?;
        Some((record.properties_at.get().checked_add(at)?, len))
    };
    told(builder, record, own)
}

/// A fact of the note's beside a film, else of its own.
fn told<T>(builder: &Builder, record: &Record, fact: impl Fn(&Record) -> Option<T>) -> Option<T> {
    let note = builder.records.get(record.note.get() as usize);
    let noted = note.filter(|note| note.kind == NOTE).and_then(&fact);
    noted.or_else(|| fact(record))
}

/// The calendar's moment of a date, as it is stated.
fn calendar(date: Date) -> Option<OffsetDateTime> {
    let at = OffsetDateTime::from_unix_timestamp(date.unix_secs).ok()?;
    (1..=9999).contains(&at.year()).then_some(at)
}

/// The year of a date.
fn year(date: Date) -> Option<u32> {
    u32::try_from(calendar(date)?.year()).ok()
}

/// The place of a year among years, the newest first.
fn newest_first(year: u32) -> u32 {
    9999_u32.saturating_sub(year)
}

/// Something tells these rows apart.
fn is_told(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.keys[0] != UNKNOWN)
}

#[cfg(test)]
#[path = "views/tests.rs"]
mod tests;
