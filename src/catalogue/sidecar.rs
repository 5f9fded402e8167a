//! What lies beside what: subtitles and notes beside films, pictures beside songs and films.
//!
//! ```text
//!  film.mkv   film.srt  film.en.srt  Subs/film.srt  Subs/film/2_English.srt    captions
//!             film.jpg  film-poster.jpg  film-thumb.png, else cover.jpg ...    picture
//!             film.nfo, else movie.nfo                                         note
//! ```

use std::ops::Range;

use zerocopy::little_endian::U32;

use super::{
    builder::Builder,
    record::{CONTAINER, NOTE, Record, flag, stem},
};
use crate::{limits, media::Class};

/// Suffixes between stem and extension that are looked behind: `clip.forced.en.srt` has two.
const SUFFIXES: usize = 3;
/// Folders beside films that hold their subtitles; in any case.
const CAPTION_FOLDERS: [&[u8]; 3] = [b"subs", b"subtitles", b"subtitle"];
/// The note of a film that has its folder to itself.
const FILM_NOTE: &[u8] = b"movie.nfo";
/// Stems of pictures that stand for their folder, the best first; in any case.
const FOLDER_PICTURES: [&[u8]; 6] = [
    b"cover",
    b"folder",
    b"front",
    b"poster",
    b"album",
    b"albumart",
];
/// How Windows calls covers: `AlbumArt_{GUID}_Large.jpg`, `AlbumArtSmall.jpg`.
const WINDOWS_PICTURE: &[u8] = b"albumart";
/// What may stand behind a film's stem in the name of its picture.
const PICTURE_SUFFIXES: [&[u8]; 2] = [b"-poster", b"-thumb"];

/// Links every object with what lies beside it. Returns how many pictures are therefore not listed as photographs.
pub(super) fn attach(builder: &mut Builder) -> u64 {
    let plays = plays_below(builder);
    let mut found = Found::default();
    for (number, plays) in plays.into_iter().enumerate() {
        if builder.records[number].kind == CONTAINER {
            Folder::new(builder, number).search(plays, &mut found);
            found.settle(builder, number);
        }
    }
    found.unlisted
}

/// Which containers hold sound or films, at any depth.
fn plays_below(builder: &Builder) -> Vec<bool> {
    let mut plays = vec![false; builder.records.len()];
    for (number, record) in builder.records.iter().enumerate().rev() {
        if plays[number] || is_playable(record) {
            plays[number] = true;
            // The parent of the root container is no record.
            if let Some(parent) = plays.get_mut(record.parent.get() as usize) {
                *parent = true;
            }
        }
    }
    plays
}

fn is_playable(record: &Record) -> bool {
    matches!(record.class(), Some(Class::Audio | Class::Video)) && !record.has(flag::UNLISTED)
}

/// A stem, and the record it names.
type Stem<'b> = (&'b [u8], u32);

/// What was found in one folder; kept and refilled.
#[derive(Default)]
struct Found {
    /// Video, 1 unless the stems are the same, caption.
    captions: Vec<(u32, u8, u32)>,
    notes: Vec<(u32, u32)>,
    pictures: Vec<(u32, u32)>,
    /// The picture of the folder.
    folder: Option<u32>,
    /// Pictures that are not listed.
    beside: Vec<u32>,
    /// How many were not listed, in all folders.
    unlisted: u64,
}

impl Found {
    fn add_captions(&mut self, pairs: impl Iterator<Item = (u32, u8, u32)>) {
        let room = limits::FOLDER_CAPTIONS - self.captions.len();
        self.captions.extend(pairs.take(room));
    }

    fn settle(&mut self, builder: &mut Builder, container: usize) {
        self.captions.sort_unstable();
        for group in self.captions.chunk_by(|a, b| a.0 == b.0) {
            let at = u32::try_from(builder.links.len()).unwrap_or(u32::MAX);
            let captions = group.iter().map(|found| U32::new(found.2));
            builder.links.extend(captions);
            let video = &mut builder.records[group[0].0 as usize];
            video.links_at = at.into();
            video.links = u32::try_from(group.len()).unwrap_or(0).into();
        }
        for (video, note) in self.notes.drain(..) {
            builder.records[video as usize].note = note.into();
        }
        for (item, picture) in self.pictures.drain(..) {
            builder.records[item as usize].picture = picture.into();
            // Of a class that its root does not list, but somebody will ask for it.
            let picture = &mut builder.records[picture as usize];
            if picture.has(flag::UNLISTED) {
                set_beside(picture);
            }
        }
        builder.records[container].picture = self.folder.take().unwrap_or(0).into();
        for picture in self.beside.drain(..) {
            let picture = &mut builder.records[picture as usize];
            self.unlisted += u64::from(!picture.has(flag::UNLISTED | flag::BESIDE | flag::OFFLINE));
            set_beside(picture);
        }
        self.captions.clear();
    }
}

fn set_beside(picture: &mut Record) {
    picture.set(flag::UNLISTED, false);
    picture.set(flag::BESIDE, true);
}

/// One folder, looked through.
struct Folder<'b> {
    builder: &'b Builder,
    children: Range<u32>,
    /// Videos, sorted.
    videos: Vec<Stem<'b>>,
}

impl<'b> Folder<'b> {
    fn new(builder: &'b Builder, container: usize) -> Self {
        let children = children_of(&builder.records[container]);
        let mut folder = Self {
            builder,
            children,
            videos: Vec::new(),
        };
        let videos = folder.of(Class::Video).filter(|(_, r)| is_playable(r));
        let mut videos: Vec<Stem<'b>> = videos.map(|(n, r)| (stem(builder.name(r)), n)).collect();
        videos.sort_unstable();
        folder.videos = videos;
        folder
    }

    fn search(&self, plays: bool, found: &mut Found) {
        if !self.videos.is_empty() {
            self.captions(found);
            self.notes(found);
        }
        if self.of(Class::Image).next().is_some() {
            self.pictures(plays, found);
        }
    }

    fn captions(&self, found: &mut Found) {
        let is_alone = self.videos.len() == 1;
        self.captions_by_name(&self.children, found);
        for (_, folder) in self.containers(&self.children) {
            let name = self.builder.name(folder);
            if !CAPTION_FOLDERS.iter().any(|n| name.eq_ignore_ascii_case(n)) {
                continue;
            }
            let children = children_of(folder);
            if is_alone {
                self.captions_of(&self.videos, &children, found);
            } else {
                self.captions_by_name(&children, found);
            }
            for (_, inner) in self.containers(&children) {
                let videos = with_stem(&self.videos, self.builder.name(inner));
                self.captions_of(videos, &children_of(inner), found);
            }
        }
    }

    /// Each caption belongs to the videos with the longest stem that its name begins with.
    fn captions_by_name(&self, range: &Range<u32>, found: &mut Found) {
        for (caption, record) in of(self.builder, range, Class::Caption) {
            let own = stem(self.builder.name(record));
            let mut wanted = own;
            for _ in 0..=SUFFIXES {
                let videos = with_stem(&self.videos, wanted);
                let rank = u8::from(wanted.len() != own.len());
                let pairs = videos.iter().map(|(_, video)| (*video, rank, caption));
                found.add_captions(pairs);
                if !videos.is_empty() {
                    break;
                }
                wanted = stem(wanted);
            }
        }
    }

    /// All captions belong to all `videos`.
    fn captions_of(&self, videos: &[Stem<'_>], range: &Range<u32>, found: &mut Found) {
        for (caption, record) in of(self.builder, range, Class::Caption) {
            let own = stem(self.builder.name(record));
            let pairs = videos
                .iter()
                .map(|(stem, video)| (*video, u8::from(*stem != own), caption));
            found.add_captions(pairs);
        }
    }

    /// The note by the film's own name comes last, and so wins.
    fn notes(&self, found: &mut Found) {
        let mut by_stem = Vec::new();
        for (note, record) in (self.children.clone())
            .zip(self.records())
            .filter(|(_, record)| record.kind == NOTE)
        {
            let name = self.builder.name(record);
            if self.videos.len() == 1 && name.eq_ignore_ascii_case(FILM_NOTE) {
                found.notes.push((self.videos[0].1, note));
            }
            let videos = with_stem(&self.videos, stem(name));
            by_stem.extend(videos.iter().map(|(_, video)| (*video, note)));
        }
        found.notes.append(&mut by_stem);
    }

    fn pictures(&self, plays: bool, found: &mut Found) {
        let builder = self.builder;
        let pictures = || {
            self.of(Class::Image)
                .filter(|(_, record)| !record.has(flag::REJECTED))
                .filter_map(|(number, record)| Some((number, picture_stem(builder.name(record))?)))
        };
        let ranked = || pictures().filter_map(|(n, stem)| Some((folder_rank(stem)?, n)));
        found.folder = ranked().min().map(|(_, number)| number);
        let mut has_playable = false;
        let mut by_stem: Vec<Stem<'_>> = Vec::new();
        for (item, record) in (self.children.clone()).zip(self.records()) {
            if !is_playable(record) {
                continue;
            }
            if !has_playable {
                by_stem = pictures()
                    .map(|(n, stem)| (without_suffix(stem), n))
                    .collect();
                by_stem.sort_unstable();
                has_playable = true;
            }
            // A picture of its own is never looked behind.
            if record.art_len.get() == 0 {
                let own = with_stem(&by_stem, stem(builder.name(record)));
                let picture = own.first().map(|(_, number)| *number).or(found.folder);
                found
                    .pictures
                    .extend(picture.map(|picture| (item, picture)));
            }
        }
        // The picture of an artist, above the folders of albums; among photographs it would be one of them.
        let mut listed = self
            .of(Class::Image)
            .filter(|(_, r)| !r.has(flag::UNLISTED));
        let is_photo = |name: &[u8]| picture_stem(name).and_then(folder_rank).is_none();
        if has_playable || plays && !listed.any(|(_, r)| is_photo(builder.name(r))) {
            found.beside.extend(ranked().map(|(_, number)| number));
        }
    }

    fn of(&self, class: Class) -> impl Iterator<Item = (u32, &'b Record)> + use<'b> {
        of(self.builder, &self.children, class)
    }

    fn containers(&self, range: &Range<u32>) -> impl Iterator<Item = (u32, &'b Record)> + use<'b> {
        let records = range.clone().zip(records(self.builder, range));
        records.filter(|(_, record)| record.kind == CONTAINER)
    }

    fn records(&self) -> &'b [Record] {
        records(self.builder, &self.children)
    }
}

fn children_of(container: &Record) -> Range<u32> {
    let first = container.links_at.get();
    first..first + container.links.get()
}

fn records<'b>(builder: &'b Builder, range: &Range<u32>) -> &'b [Record] {
    builder
        .records
        .get(range.start as usize..range.end as usize)
        .unwrap_or_default()
}

fn of<'b>(
    builder: &'b Builder,
    range: &Range<u32>,
    class: Class,
) -> impl Iterator<Item = (u32, &'b Record)> + use<'b> {
    let records = range.clone().zip(records(builder, range));
    records.filter(move |(_, record)| record.kind == class as u8)
}

/// Those called `wanted`; `stems` is sorted.
fn with_stem<'v, 'b>(stems: &'v [Stem<'b>], wanted: &[u8]) -> &'v [Stem<'b>] {
    let start = stems.partition_point(|found| found.0 < wanted);
    let count = stems[start..].partition_point(|found| found.0 == wanted);
    &stems[start..start + count]
}

/// The stem of a file that may be shown beside something else: JPEG and PNG, by name.
fn picture_stem(name: &[u8]) -> Option<&[u8]> {
    let stem = stem(name);
    let extension = name.get(stem.len() + 1..)?;
    let is_picture = |known: &[u8]| extension.eq_ignore_ascii_case(known);
    [&b"jpg"[..], b"jpeg", b"png"]
        .into_iter()
        .any(is_picture)
        .then_some(stem)
}

fn without_suffix(stem: &[u8]) -> &[u8] {
    let suffixes = PICTURE_SUFFIXES.iter();
    let mut bare = suffixes.filter_map(|suffix| {
        let (bare, end) = stem.split_at_checked(stem.len().checked_sub(suffix.len())?)?;
        end.eq_ignore_ascii_case(suffix).then_some(bare)
    });
    bare.next().unwrap_or(stem)
}

/// How well a picture of this stem stands for its folder, 0 the best; `None`: not at all.
fn folder_rank(stem: &[u8]) -> Option<usize> {
    let exact = |name: &&[u8]| stem.eq_ignore_ascii_case(name);
    if let Some(rank) = FOLDER_PICTURES.iter().position(exact) {
        return Some(rank);
    }
    let start = stem.get(..WINDOWS_PICTURE.len())?;
    let is_small = stem.to_ascii_lowercase().ends_with(b"small");
    start
        .eq_ignore_ascii_case(WINDOWS_PICTURE)
        .then_some(FOLDER_PICTURES.len() + usize::from(is_small))
}
