//! What is told of an object: its texts, its dates, its numbers, its pictures.

use std::time::Duration;

use super::{
    Role,
    object::{Object, linked},
};
use crate::{
    catalogue::record::{self, NOTE, Record, Tag, flag},
    media::{Class, Date, probe::KNOWLEDGE, stream},
};

/// Items of a container of which one may have a picture to stand for it.
const COVERS: u32 = 4;

/// A picture to be shown for an object.
#[derive(Clone, Copy, Debug)]
pub struct Art<'a> {
    /// The object whose file holds it: the object itself, or a picture beside it.
    pub holder: Object<'a>,
    /// Offset and length in that file, bytes; `None`: the whole file.
    pub span: Option<(u64, u32)>,
    /// Media type, as the prober's number.
    pub mime_code: u8,
    /// DLNA profile, as the prober's number.
    pub profile_code: Option<u16>,
}

impl<'a> Object<'a> {
    /// The item whose picture stands for a container of a view that is an album: the first that has one, of the first few.
    pub fn cover(&self, has_picture: impl Fn(&Self) -> bool) -> Option<Self> {
        if !matches!(self.role(), Some(Role::Album | Role::PhotoAlbum)) {
            return None;
        }
        self.items_below(0..COVERS).find(has_picture)
    }

    /// What kind of item; `None` for a container.
    pub fn class(&self) -> Option<Class> {
        self.record.class()
    }

    /// It lies on the Internet: there is no file of it here.
    pub fn is_stream(&self) -> bool {
        self.record.has(flag::STREAM) && !self.is_container()
    }

    /// Where a stream is: an absolute `http` or `https` URL of printable ASCII. Never to be opened by rill: whoever can
    /// write a playlist could make it ask anybody anything.
    pub fn stream_url(&self) -> Option<&'a str> {
        let url = Some(self.name()).filter(|url| self.is_stream() && stream::is_address(url))?;
        std::str::from_utf8(url).ok()
    }

    /// Media type, as the prober's number.
    pub fn mime_code(&self) -> u8 {
        self.record.mime
    }

    /// DLNA profile, as the prober's number.
    pub fn profile_code(&self) -> Option<u16> {
        some(self.record.profile.get())
    }

    /// `dc:title`: the note's beside a video, else the tag's, else the file's stem; a container's name. May hold
    /// characters that XML forbids.
    pub fn title(&self) -> &'a str {
        let noted = self.note().map(|note| note.own_text());
        let noted = noted.filter(|title| !title.is_empty());
        match noted.unwrap_or_else(|| self.own_text()) {
            "" => record::UNTITLED,
            title => title,
        }
    }

    /// The stored title, whatever a note says; a note's may be empty.
    pub(in crate::catalogue) fn own_text(&self) -> &'a str {
        let (at, len) = (self.record.title_at.get(), self.record.title_len.get());
        record::valid_start(self.snapshot.heap(at, len))
    }

    /// Place of the title among all titles of the catalogue, in natural order; equal titles have equal ranks.
    pub fn title_rank(&self) -> u32 {
        self.record.title_rank.get()
    }

    /// A text property: the note's beside a video, else the file's own.
    pub fn property(&self, tag: Tag) -> Option<&'a str> {
        let noted = self
            .note()
            .and_then(|n| record::property(n.properties(), tag));
        noted.or_else(|| record::property(self.properties(), tag))
    }

    /// The series that a video is a part of.
    pub fn series(&self) -> Option<&'a str> {
        self.property(Tag::Series)
    }

    /// Season of the series; 0 holds the specials.
    pub fn season(&self) -> Option<u16> {
        self.told(|record| record.season.get().checked_sub(1))
    }

    /// Episode of the season; 0 for a pilot.
    pub fn episode(&self) -> Option<u16> {
        self.told(|record| record.episode.get().checked_sub(1))
    }

    /// Maker and model of the camera.
    pub fn camera(&self) -> Option<&'a str> {
        self.property(Tag::Camera)
    }

    /// Stars, 1 to 5.
    pub fn rating(&self) -> Option<u8> {
        some(self.record.rating)
    }

    /// How a photograph is to be turned, 1 to 8 (Exif 2.32 §4.6.4); 1, not at all, when the file does not say.
    pub fn orientation(&self) -> u8 {
        match self.record.orientation {
            turned @ 1..=8 => turned,
            _ => 1,
        }
    }

    /// The picture to be shown for this: the one in the file itself, else the file beside it, else the folder's. A
    /// photograph has none but itself.
    pub fn art(&self) -> Option<Art<'a>> {
        if matches!(self.class(), Some(Class::Image | Class::Caption)) {
            return None;
        }
        if let Some(len) = some(self.record.art_len.get()) {
            return Some(Art {
                holder: *self,
                span: Some((self.record.art_at.get(), len)),
                mime_code: self.record.art_mime,
                profile_code: some(self.record.art_profile.get()),
            });
        }
        let holder = self.picture()?;
        Some(Art {
            holder,
            span: None,
            mime_code: holder.mime_code(),
            profile_code: holder.profile_code(),
        })
    }

    /// Its pixels are not in its file.
    pub fn is_hollow(&self) -> bool {
        self.record.has(flag::HOLLOW)
    }

    /// Offset and length of the small JPEG that a camera put into a photograph, bytes.
    pub fn thumbnail(&self) -> Option<(u64, u32)> {
        self.class()?;
        let len = some(self.record.thumbnail_len.get())?;
        Some((self.record.thumbnail_at.get().into(), len))
    }

    /// Subtitle files of a video: those with its very stem first, then in the order of their names.
    pub fn captions(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        let (snapshot, (start, count)) = (self.snapshot, self.links());
        let count = if self.is_container() { 0 } else { count };
        (0..count).filter_map(move |place| linked(snapshot, start, place))
    }

    /// File size in bytes.
    pub fn size(&self) -> u64 {
        self.record.size.get()
    }

    /// Last change of the file: seconds since 1970, nanoseconds of the second.
    pub fn modified(&self) -> (i64, u32) {
        (self.record.mtime_secs.get(), self.record.mtime_nanos.get())
    }

    /// Inode number of the file.
    pub fn inode(&self) -> u64 {
        self.record.inode.get()
    }

    /// What its content is known by, wherever the file lies; 0: unknown.
    pub fn content(&self) -> u64 {
        self.record.content.get()
    }

    /// The date the file states; not its last change.
    pub fn date(&self) -> Option<Date> {
        self.told(Record::date)
    }

    /// Play time.
    pub fn duration(&self) -> Option<Duration> {
        some(self.record.duration_ms.get()).map(|ms| Duration::from_millis(ms.into()))
    }

    /// Bytes per second.
    pub fn bitrate_bytes_per_sec(&self) -> Option<u32> {
        some(self.record.bitrate.get())
    }

    /// Width and height in pixels.
    pub fn resolution(&self) -> Option<(u32, u32)> {
        some(self.record.width.get()).zip(some(self.record.height.get()))
    }

    /// Hz.
    pub fn sample_rate(&self) -> Option<u32> {
        some(self.record.sample_rate.get())
    }

    /// Audio channels.
    pub fn channels(&self) -> Option<u8> {
        some(self.record.channels)
    }

    /// Bits per audio sample.
    pub fn bits_per_sample(&self) -> Option<u8> {
        some(self.record.bits_per_sample)
    }

    /// Coding of the pictures: [`crate::media::VideoCodec`] as a number.
    pub fn video_codec_code(&self) -> Option<u8> {
        some(self.record.video_codec)
    }

    /// Coding of the sound: [`crate::media::AudioCodec`] as a number.
    pub fn audio_codec_code(&self) -> Option<u8> {
        some(self.record.audio_codec)
    }

    /// Track number.
    pub fn track(&self) -> Option<u16> {
        some(self.record.track.get())
    }

    /// Disc number.
    pub fn disc(&self) -> Option<u16> {
        some(self.record.disc.get())
    }

    /// `ContainerUpdateID` (ContentDirectory:1 §2.5.12): the `SystemUpdateID` of the last change of this container's
    /// children; of an item, of its own last change.
    pub fn update_id(&self) -> u32 {
        self.record.update_id.get()
    }

    /// Its disk was not there at the last scan: keep it, do not play it.
    pub fn is_offline(&self) -> bool {
        self.record.has(flag::OFFLINE)
    }

    /// What is stored of it was read by a rill that knew other things: it is to be read again.
    pub(in crate::catalogue) fn is_outdated(&self) -> bool {
        self.snapshot.knowledge() != KNOWLEDGE || self.record.has(flag::OUTDATED)
    }

    /// The picture beside it that is shown for it.
    pub(in crate::catalogue) fn picture(&self) -> Option<Object<'a>> {
        let picture = self.snapshot.object(some(self.record.picture.get())?)?;
        (picture.class() == Some(Class::Image)).then_some(picture)
    }

    /// The note beside it.
    pub(in crate::catalogue) fn note(&self) -> Option<Object<'a>> {
        let note = self.snapshot.any(some(self.record.note.get())?)?;
        (note.record.kind == NOTE).then_some(note)
    }

    /// A fact of the note's, else of its own.
    fn told<T>(&self, fact: impl Fn(&Record) -> Option<T>) -> Option<T> {
        let noted = self.note().and_then(|note| fact(note.record));
        noted.or_else(|| fact(self.record))
    }

    /// The property list's bytes, whatever a note says.
    pub(in crate::catalogue) fn properties(&self) -> &'a [u8] {
        let (at, len) = (&self.record.properties_at, &self.record.properties_len);
        self.snapshot.heap(at.get(), len.get())
    }
}

fn some<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}
