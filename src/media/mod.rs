//! Understands files: formats, tags, DLNA profiles. Reads only through the [`reader::Reader`] it is handed; never
//! panics and never uses unbounded memory, whatever the bytes say.
#![cfg_attr(
    not(test),
    warn(clippy::indexing_slicing, clippy::expect_used, clippy::panic)
)]

use std::time::Duration;

pub mod art;
pub mod charset;
pub mod codec;
pub mod container;
pub mod episode;
pub mod mime;
pub mod nfo;
pub mod picture;
pub mod playlist;
pub mod probe;
pub mod profile;
pub mod reader;
pub mod seek;
pub mod stream;
pub mod tag;
#[cfg(test)]
mod truth_tests;
pub mod webvtt;

pub use art::ArtSpan;
pub use codec::{AudioCodec, FrameRate, Language, VideoCodec};
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
    /// A list of other items, as [`playlist`] reads it; its bytes are never served.
    Playlist = 5,
}

impl Class {
    /// The `upnp:class` (ContentDirectory:1 §7).
    pub const fn upnp_class(self) -> &'static str {
        match self {
            Self::Audio => "object.item.audioItem.musicTrack",
            Self::Image => "object.item.imageItem.photo",
            Self::Video => "object.item.videoItem",
            Self::Caption => "object.item.textItem",
            Self::Playlist => "object.container.playlistContainer",
        }
    }
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
    /// Picture width in pixels: of a film as shown, of a photograph as stored, before [`Media::orientation`].
    pub width: Option<u32>,
    /// Picture height in pixels, likewise.
    pub height: Option<u32>,
    /// Audio sample rate, Hz.
    pub sample_rate: Option<u32>,
    /// Bits per audio sample, where the coding has such a thing.
    pub bits_per_sample: Option<u8>,
    /// Audio channels.
    pub channels: Option<u8>,
    /// How the first stream of pictures is coded.
    pub video_codec: Option<VideoCodec>,
    /// Its profile, as the coding numbers them: `profile_idc` of H.264 and HEVC.
    pub video_profile: Option<u8>,
    /// Its level, as stored: 41 is level 4.1 of H.264, 123 that of HEVC.
    pub video_level: Option<u8>,
    /// Pictures per second.
    pub frame_rate: Option<FrameRate>,
    /// Whether the pictures may be coded as fields.
    pub interlaced: Option<bool>,
    /// How the first stream of sound is coded.
    pub audio_codec: Option<AudioCodec>,
    /// The language of each stream of sound, in the file's order; empty if streams were not looked at.
    pub audio_tracks: Vec<Language>,
    /// The language of each stream of subtitles, in the file's order.
    pub subtitle_tracks: Vec<Language>,
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
    /// The series that a film is a part of.
    pub series: Option<String>,
    /// Season, from 1; 0 holds the specials.
    pub season: Option<u32>,
    /// Episode of the season, from 1; 0 for a pilot.
    pub episode: Option<u32>,
    /// How a stored photograph is to be turned for showing, 1 to 8 as in Exif 2.32 §4.6.4 (1: not at all; 6: a quarter to
    /// the right; 8: a quarter to the left).
    pub orientation: Option<u8>,
    /// Maker and model of the camera, in one text.
    pub camera: Option<String>,
    /// Stars that somebody gave, 1 to 5.
    pub rating: Option<u8>,
    /// Where an embedded cover lies in the file; see [`art`] for which ones count.
    pub art: Option<ArtSpan>,
    /// Most of its pixels are not in the file: nothing can be made of it but what [`Media::thumbnail`] shows.
    pub is_hollow: bool,
    /// Where the small picture lies that a camera has put into a photograph: always JPEG.
    pub thumbnail: Option<ArtSpan>,
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
        put(&mut self.series, other.series);
        put(&mut self.season, other.season);
        put(&mut self.episode, other.episode);
        put(&mut self.rating, other.rating);
        if let Some(art) = other.art {
            art::offer(&mut self.art, art);
        }
    }
}
