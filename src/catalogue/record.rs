//! One object in fixed-size fields, and its property list.

use std::ops::Range;

use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    byteorder::little_endian::{I64, U16, U32, U64},
};

use crate::{
    limits,
    media::{Class, Date, Media, Precision, profile::Profile},
};

/// Bytes of one record.
pub const RECORD_BYTES: usize = 172;
/// The root of a container that lies in none of them.
pub const NO_ROOT: u16 = u16::MAX;
/// The parent of the root container.
pub const NO_PARENT: u32 = u32::MAX;
/// [`Record::kind`] of a container; that of an item is its [`Class`] as a number.
pub const CONTAINER: u8 = 0;
/// [`Record::kind`] of a playlist: a container whose children are at home elsewhere.
pub const PLAYLIST: u8 = Class::Playlist as u8;
/// [`Record::kind`] of a view: a container made from what the catalogue knows, not from a directory. Its items are at home
/// elsewhere.
pub const VIEW: u8 = 254;
/// [`Record::kind`] of a note: an `.nfo` file. Never an object; what it says is told of the video beside it.
pub const NOTE: u8 = 255;

/// Bits of [`Record::flags`].
pub mod flag {
    /// Its disk was not there at the last scan: kept, not listed, not played.
    pub const OFFLINE: u16 = 1;
    /// Known, so that it is not opened again, but no object: of another class than its root allows, or no media by
    /// its content; or a container without any item below.
    pub const UNLISTED: u16 = 2;
    /// Reached through a symbolic link, or below such a directory.
    pub const LINKED: u16 = 4;
    /// The prober found it to be no media: unlisted, whatever its root allows.
    pub const REJECTED: u16 = 8;
    /// Found by its id, but among nobody's children: a folder's picture, which is shown with what lies beside it.
    pub const BESIDE: u16 = 16;
    /// Of a view: it shows again what another container of the same class stands for, or what its siblings hold.
    pub const COPY: u16 = 32;
    /// Its title was made of its name: it changes with that.
    pub const NAMED: u16 = 64;
    /// It lies on the Internet: its name is its URL, its parent a playlist. There is no file.
    pub const STREAM: u16 = 128;
    /// What is stored of it was read by an older rill ([`crate::media::probe::KNOWLEDGE`]), and nobody could read it since: its
    /// disk is not there, or its folder was not looked at.
    pub const OUTDATED: u16 = 256;
    /// A picture whose pixels are not in the file ([`crate::media::Media::is_hollow`]).
    pub const HOLLOW: u16 = 512;
}

/// Properties kept as text in the property list. Numbers of tags are never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Tag {
    /// `upnp:artist`
    Artist = 1,
    /// `upnp:artist@role=AlbumArtist`
    AlbumArtist = 2,
    /// `upnp:album`
    Album = 3,
    /// `upnp:genre`
    Genre = 4,
    /// `upnp:author@role=Composer`
    Composer = 5,
    /// `upnp:seriesTitle`
    Series = 6,
    /// Maker and model of the camera.
    Camera = 7,
    /// Not a property: what was wrong with the file, for the report of the next scan.
    Trouble = 200,
}

/// The properties that are searched for words, beside the title.
pub(super) const SEARCHED: [Tag; 6] = [
    Tag::Artist,
    Tag::AlbumArtist,
    Tag::Album,
    Tag::Genre,
    Tag::Composer,
    Tag::Series,
];

/// The title of what has none.
pub(super) const UNTITLED: &str = "untitled";

/// One object.
///
/// ```text
///   0  8  object id                          84  4  ContainerUpdateID
///   8  8  size, bytes                        88  4  play time, ms, 0: unknown
///  16  8  mtime, seconds since 1970          92  4  bytes per second, 0: unknown
///  24  8  inode                              96  4  width, 0: unknown    100  4  height
///  32  8  date, seconds since 1970          104  4  sample rate, Hz, 0: unknown
///  40  8  embedded picture: offset;         108  4  embedded picture: bytes, 0: none
///         of a directory: its device        112  4  camera's small picture: offset; view: first link of all items below
///  48  4  parent record                     116  4  its bytes, 0: none; view: number of all items below
///  52  4  mtime, ns
///  56  4  heap: name                        120  4  record of the picture beside it, 0: none
///  60  4  heap: title                       124  4  record of the note beside it, 0: none
///  64  4  heap: property list               128  2  bytes of the name    130  2  of the title
///  68  4  first link                        132  2  of the properties    134  2  root
///  72  4  links: children or captions       136  2  DLNA profile, 0: none 138 2  flags
///  76  4  more links: children not listed   140  2  track, 0: unknown    142  2  disc
///  80  4  rank of the title among all       144  2  DLNA profile of the embedded picture, 0: none
///                                           146  2  season + 1, 0: unknown 148 2 episode + 1
///                                           150  1  kind: 0 directory, else class, or a note
///                                           151  1  media type; of a view its role
///                                           152  1  channels, 0: unknown
///                                           153  1  bits per sample      154  1  date precision, 0: no date
///                                           155  1  media type of the embedded picture
///                                           156  1  orientation, 0: unknown 157 1 rating, 0: none
///                                           158  1  video codec, 0: unknown 159 1 audio codec
/// 160  8  what its content is known by, 0: unknown   168 4 first seen, seconds since 1970, 0: unknown
/// ```
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
#[allow(missing_docs, reason = "the drawing above says each field")]
pub struct Record {
    pub id: U64,
    pub size: U64,
    pub mtime_secs: I64,
    pub inode: U64,
    pub date_secs: I64,
    pub art_at: U64,
    pub parent: U32,
    pub mtime_nanos: U32,
    pub name_at: U32,
    pub title_at: U32,
    pub properties_at: U32,
    pub links_at: U32,
    pub links: U32,
    pub more_links: U32,
    pub title_rank: U32,
    pub update_id: U32,
    pub duration_ms: U32,
    pub bitrate: U32,
    pub width: U32,
    pub height: U32,
    pub sample_rate: U32,
    pub art_len: U32,
    pub thumbnail_at: U32,
    pub thumbnail_len: U32,
    pub picture: U32,
    pub note: U32,
    pub name_len: U16,
    pub title_len: U16,
    pub properties_len: U16,
    pub root: U16,
    pub profile: U16,
    pub flags: U16,
    pub track: U16,
    pub disc: U16,
    pub art_profile: U16,
    pub season: U16,
    pub episode: U16,
    pub kind: u8,
    pub mime: u8,
    pub channels: u8,
    pub bits_per_sample: u8,
    pub date_precision: u8,
    pub art_mime: u8,
    pub orientation: u8,
    pub rating: u8,
    pub video_codec: u8,
    pub audio_codec: u8,
    pub content: U64,
    pub added: U32,
}

const _: () = assert!(size_of::<Record>() == RECORD_BYTES);

/// What stat(2) says about a file, as far as it tells whether the file is still the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Last change, seconds since 1970.
    pub mtime_secs: i64,
    /// Last change, nanoseconds of the second.
    pub mtime_nanos: u32,
    /// Inode number.
    pub inode: u64,
}

impl Record {
    /// Takes over the facts of `media` that are numbers; text goes to the heap by another way.
    pub(super) fn describe(&mut self, media: &Media, kind: Class, mime: u8, profile: u16) {
        let ms = |d: std::time::Duration| u32::try_from(d.as_millis()).unwrap_or(0);
        let small = |n: Option<u32>| n.and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
        self.kind = media.class.unwrap_or(kind) as u8;
        self.mime = mime;
        self.profile = profile.into();
        self.duration_ms = media.duration.map_or(0, ms).into();
        self.bitrate = media.bitrate_bytes_per_sec.unwrap_or(0).into();
        self.width = media.width.unwrap_or(0).into();
        self.height = media.height.unwrap_or(0).into();
        self.sample_rate = media.sample_rate.unwrap_or(0).into();
        self.channels = media.channels.unwrap_or(0);
        self.bits_per_sample = media.bits_per_sample.unwrap_or(0);
        self.track = small(media.track).into();
        self.disc = small(media.disc).into();
        self.video_codec = media.video_codec.map_or(0, |codec| codec as u8);
        self.audio_codec = media.audio_codec.map_or(0, |codec| codec as u8);
        self.orientation = media.orientation.unwrap_or(0);
        self.rating = media.rating.unwrap_or(0);
        self.set(flag::HOLLOW, media.is_hollow);
        self.number(media.season, media.episode);
        self.illustrate(media);
        self.state(media.date);
    }

    /// Notes where the pictures inside the file lie.
    fn illustrate(&mut self, media: &Media) {
        if let Some(art) = media.art {
            self.art_at = art.offset.into();
            self.art_len = art.len.into();
            self.art_mime = art.mime.code();
            self.art_profile = art.profile.map_or(0, Profile::code).into();
        }
        // No camera puts its small picture behind the first 4 GiB.
        let small = media
            .thumbnail
            .and_then(|t| Some((u32::try_from(t.offset).ok()?, t.len)));
        if let Some((at, len)) = small {
            self.thumbnail_at = at.into();
            self.thumbnail_len = len.into();
        }
    }

    /// Notes season and episode. Both begin at 0, which is stored as 1.
    pub(super) fn number(&mut self, season: Option<u32>, episode: Option<u32>) {
        let stored = |n: Option<u32>| {
            let n = n.and_then(|n| u16::try_from(n).ok()?.checked_add(1));
            n.unwrap_or(0)
        };
        self.season = stored(season).into();
        self.episode = stored(episode).into();
    }

    /// Notes the stated date.
    pub(super) fn state(&mut self, date: Option<Date>) {
        if let Some(date) = date {
            self.date_secs = date.unix_secs.into();
            self.date_precision = match date.precision {
                Precision::Year => 1,
                Precision::Month => 2,
                Precision::Day => 3,
                Precision::Second => 4,
            };
        }
    }

    /// Notes what stat(2) said.
    pub(super) fn stamp(&mut self, stamp: Stamp) {
        self.size = stamp.size.into();
        self.mtime_secs = stamp.mtime_secs.into();
        self.mtime_nanos = stamp.mtime_nanos.into();
        self.inode = stamp.inode.into();
    }

    /// What stat(2) said when the file was probed.
    pub fn stamped(&self) -> Stamp {
        Stamp {
            size: self.size.get(),
            mtime_secs: self.mtime_secs.get(),
            mtime_nanos: self.mtime_nanos.get(),
            inode: self.inode.get(),
        }
    }

    /// It has children: a directory, a playlist or a view.
    pub fn is_container(&self) -> bool {
        matches!(self.kind, CONTAINER | PLAYLIST | VIEW)
    }

    /// It is a container whose items are at home in other containers.
    pub fn shows_others(&self) -> bool {
        matches!(self.kind, PLAYLIST | VIEW)
    }

    /// Notes which directory it is, by device and inode.
    pub(super) fn identify(&mut self, (device, inode): (u64, u64)) {
        self.art_at = device.into();
        self.inode = inode.into();
    }

    /// Device and inode of a directory; zeros: not known.
    pub(super) fn identity(&self) -> (u64, u64) {
        (self.art_at.get(), self.inode.get())
    }

    /// The class of an item; `None` for a container, and for a number that is none.
    pub fn class(&self) -> Option<Class> {
        class_of(self.kind)
    }

    /// The stated date.
    pub fn date(&self) -> Option<Date> {
        let precision = match self.date_precision {
            1 => Precision::Year,
            2 => Precision::Month,
            3 => Precision::Day,
            4 => Precision::Second,
            _ => return None,
        };
        Some(Date {
            unix_secs: self.date_secs.get(),
            precision,
        })
    }

    /// One of the bits of [`flag`] is set.
    pub fn has(&self, flag: u16) -> bool {
        self.flags.get() & flag != 0
    }

    /// Sets a bit of [`flag`].
    pub(super) fn set(&mut self, flag: u16, on: bool) {
        let flags = self.flags.get();
        self.flags = if on { flags | flag } else { flags & !flag }.into();
    }
}

/// The class with this number.
pub(super) fn class_of(number: u8) -> Option<Class> {
    [Class::Audio, Class::Image, Class::Video, Class::Caption]
        .into_iter()
        .find(|class| *class as u8 == number)
}

/// Writes the property list of `media` into `out`; equal lists are equal bytes.
pub(super) fn write_properties(media: &Media, trouble: Option<&str>, out: &mut Vec<u8>) {
    let entries = [
        (Tag::Artist, media.artist.as_deref()),
        (Tag::AlbumArtist, media.album_artist.as_deref()),
        (Tag::Album, media.album.as_deref()),
        (Tag::Genre, media.genre.as_deref()),
        (Tag::Composer, media.composer.as_deref()),
        (Tag::Series, media.series.as_deref()),
        (Tag::Camera, media.camera.as_deref()),
        (Tag::Trouble, trouble),
    ];
    for (tag, text) in entries {
        let text = clip(text.unwrap_or_default());
        let Ok(len) = u16::try_from(text.len()) else {
            continue;
        };
        if is_visible(text) {
            out.push(tag as u8);
            out.extend_from_slice(&len.to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// The text of `tag` in a property list; a list that is cut or lies ends where it does.
pub(super) fn property(list: &[u8], tag: Tag) -> Option<&str> {
    property_at(list, tag).map(|place| valid_start(&list[place]))
}

/// Where in a property list the text of `tag` lies.
pub(super) fn property_at(list: &[u8], tag: Tag) -> Option<Range<usize>> {
    let mut rest = list;
    while let [found, a, b, tail @ ..] = rest {
        let len = usize::from(u16::from_le_bytes([*a, *b]));
        let start = list.len() - tail.len();
        let (_, tail) = tail.split_at_checked(len)?;
        if *found == tag as u8 {
            return Some(start..start + len);
        }
        rest = tail;
    }
    None
}

/// What is shown for a file or directory called `name`: its stem, or the whole name of a directory. Bytes that are
/// no UTF-8 are shown as U+FFFD. Never empty, and never of nothing but white space and characters XML forbids.
pub(super) fn title_of(name: &[u8], is_container: bool) -> String {
    let stem = if is_container { name } else { stem(name) };
    for shown in [stem, name] {
        let shown = String::from_utf8_lossy(shown);
        if is_visible(&shown) {
            return clip(&shown).to_owned();
        }
    }
    "untitled".to_owned()
}

/// A file name without its last extension.
pub(super) fn stem(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|b| *b == b'.') {
        Some(dot) if dot > 0 => &name[..dot],
        _ => name,
    }
}

/// Something of `text` is left to see when XML's forbidden characters are dropped.
pub(super) fn is_visible(text: &str) -> bool {
    text.chars()
        .any(|c| !c.is_whitespace() && !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// At most [`limits::TEXT_BYTES`] of `text`, cut at a character.
pub(super) fn clip(text: &str) -> &str {
    let mut end = text.len().min(limits::TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The part of `bytes` that is UTF-8, from the beginning.
pub(super) fn valid_start(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => std::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::{ArtSpan, AudioCodec, VideoCodec, art::ArtKind, mime::Mime};

    #[test]
    fn properties_come_back_and_every_prefix_is_harmless() {
        let media = Media {
            artist: Some("Björk".into()),
            album: Some("Post".into()),
            genre: Some("  ".into()),
            composer: Some("é".repeat(600)),
            ..Media::default()
        };
        let mut list = Vec::new();
        write_properties(&media, Some("cut short"), &mut list);
        assert_eq!(property(&list, Tag::Artist), Some("Björk"));
        assert_eq!(property(&list, Tag::Album), Some("Post"));
        assert_eq!(property(&list, Tag::Genre), None);
        assert_eq!(property(&list, Tag::Composer).unwrap().len(), 1024);
        assert_eq!(property(&list, Tag::Trouble), Some("cut short"));
        for end in 0..list.len() {
            let _ = property(&list[..end], Tag::Trouble);
        }
        assert_eq!(property(&[1, 255, 255, b'a'], Tag::Artist), None);
    }

    #[test]
    fn a_title_is_never_empty() {
        for (name, is_container, title) in [
            (&b"clip.mp4"[..], false, "clip"),
            (b"clip.en.srt", false, "clip.en"),
            (b"Vol. 1", true, "Vol. 1"),
            (b"noext", false, "noext"),
            (b"a\xffb.mp3", false, "a\u{fffd}b"),
            (b"\x01.mp3", false, "\u{1}.mp3"),
            (b" .mp3", false, " .mp3"),
            (b"\x01\x02", true, "untitled"),
            (b"\n", false, "untitled"),
        ] {
            assert_eq!(title_of(name, is_container), title, "{name:?}");
        }
    }

    fn span(offset: u64) -> ArtSpan {
        ArtSpan {
            offset,
            len: 9,
            mime: Mime::PNG,
            kind: ArtKind::Front,
            profile: Some(Profile::PNG_LRG),
        }
    }

    #[test]
    fn facts_come_back_from_a_record() {
        let date = Date {
            unix_secs: -1,
            precision: Precision::Month,
        };
        let media = Media {
            class: Some(Class::Audio),
            date: Some(date),
            track: Some(70_000),
            disc: Some(2),
            season: Some(0),
            episode: Some(65_535),
            orientation: Some(6),
            rating: Some(4),
            video_codec: Some(VideoCodec::Hevc),
            audio_codec: Some(AudioCodec::Aac),
            art: Some(span(1 << 40)),
            thumbnail: Some(span(1 << 40)),
            ..Media::default()
        };
        let mut record = Record::default();
        record.describe(&media, Class::Video, 7, 300);
        assert_eq!(record.class(), Some(Class::Audio));
        assert_eq!(record.date(), Some(date));
        assert_eq!((record.track.get(), record.disc.get()), (0, 2));
        assert_eq!((record.mime, record.profile.get()), (7, 300));
        assert_eq!((record.season.get(), record.episode.get()), (1, 0));
        assert_eq!((record.orientation, record.rating), (6, 4));
        assert_eq!((record.video_codec, record.audio_codec), (6, 1));
        assert_eq!((record.art_at.get(), record.art_len.get()), (1 << 40, 9));
        assert_eq!(record.art_mime, Mime::PNG.code());
        assert_eq!(record.art_profile.get(), Profile::PNG_LRG.code());
        assert_eq!(record.thumbnail_len.get(), 0);
    }
}
