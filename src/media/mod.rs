//! Understands files: formats, tags, DLNA profiles. Reads only through the [`reader::Reader`] it is handed; never
//! panics and never uses unbounded memory, whatever the bytes say.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

use std::time::Duration;

pub mod charset;
pub mod container;
pub mod mime;
pub mod picture;
pub mod probe;
pub mod profile;
pub mod reader;
pub mod tag;
#[cfg(test)]
mod truth_tests;

pub use reader::Error;

/// What an item is to a control point; decides its `upnp:class` (ContentDirectory:1 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Class {
    /// `object.item.audioItem.musicTrack`
    Audio = 1,
    /// `object.item.imageItem.photo`
    Image = 2,
    /// `object.item.videoItem`
    Video = 3,
    /// A subtitle file beside a video; never listed by itself.
    Caption = 4,
}

/// How much of a [`Date`] was stated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Precision {
    /// The year alone, as in an ID3 TYER frame.
    Year,
    /// Year and month.
    Month,
    /// A calendar day.
    Day,
    /// Day and time of day.
    #[default]
    Second,
}

/// A point in time as a file states it: local to wherever it was made, no zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    /// Seconds since 1970-01-01T00:00:00, as if the stated time were UTC. What was not stated is its first value.
    pub unix_secs: i64,
    /// What was stated.
    pub precision: Precision,
}

/// All that may be known about a file; every field that the file does not tell stays empty.
///
/// A renderer decides by these whether it plays a file at all, so a wrong value is worse than none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Media {
    /// Audio, image or video, by content. `None`: the extension decides.
    pub class: Option<Class>,
    /// The media type, by content. `None`: the extension decides.
    pub mime: Option<mime::Mime>,
    /// The DLNA profile; `None` whenever the rules do not clearly say.
    pub profile: Option<profile::Profile>,
    /// Play time.
    pub duration: Option<Duration>,
    /// Mean rate of the whole file in **bytes** per second, as DIDL's `res@bitrate` counts.
    pub bitrate_bytes_per_sec: Option<u32>,
    /// Picture width in pixels, as shown (rotation applied).
    pub width: Option<u32>,
    /// Picture height in pixels, as shown (rotation applied).
    pub height: Option<u32>,
    /// Audio sample rate, Hz.
    pub sample_rate: Option<u32>,
    /// Bits per audio sample, where the coding has such a thing.
    pub bits_per_sample: Option<u8>,
    /// Audio channels.
    pub channels: Option<u8>,
    /// Title from tags.
    pub title: Option<String>,
    /// Artist of the track.
    pub artist: Option<String>,
    /// Artist of the whole album.
    pub album_artist: Option<String>,
    /// Album.
    pub album: Option<String>,
    /// Genre.
    pub genre: Option<String>,
    /// Composer.
    pub composer: Option<String>,
    /// Track number, from 1.
    pub track: Option<u32>,
    /// Disc number, from 1.
    pub disc: Option<u32>,
    /// When it was recorded, released or photographed.
    pub date: Option<Date>,
}

impl Media {
    /// Takes from a second source what the first has left open: tags alone.
    pub(crate) fn fill_from(&mut self, other: Self) {
        use tag::put;
        put(&mut self.title, other.title);
        put(&mut self.artist, other.artist);
        put(&mut self.album_artist, other.album_artist);
        put(&mut self.album, other.album);
        put(&mut self.genre, other.genre);
        put(&mut self.composer, other.composer);
        put(&mut self.track, other.track);
        put(&mut self.disc, other.disc);
        put(&mut self.date, other.date);
    }
}
