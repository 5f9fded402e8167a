//! MP4, M4A, QuickTime, 3GPP, and the pictures that use the same boxes (ISO/IEC 14496-12; QuickTime File Format;
//! ISO/IEC 23008-12). Sample tables are passed over, but for the place of the first sound where its description says too
//! little.

pub(crate) mod boxes;
mod esds;
mod fragment;
mod ftyp;
mod sample_entry;
pub(crate) mod seek;
mod still;
mod track;

use std::time::Duration;

use self::boxes::{each_box, next_box, time_field, version_flags};
use self::ftyp::Brand;
use self::track::Track;
use super::super::tag::mp4_ilst;
use crate::media::codec::aac::AudioConfig;
use crate::media::codec::{AudioCodec, FrameRate, Language, Sound, Streams, Video, elementary};
use crate::media::profile::{self, Aac};
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

/// Tracks that are looked at; a film with many languages has some thirty.
const TRACKS: usize = 64;

/// What has been found so far.
#[derive(Default)]
struct Film {
    brand: Brand,
    timescale: u32,
    duration: Option<u64>,
    tracks: Vec<Track>,
    fragmented: bool,
    /// `mehd`, in the film's units.
    fragmented_duration: Option<u64>,
    indexes: Vec<fragment::Index>,
    /// `moof`s seen.
    fragments: u32,
}

/// Reads a whole file.
///
/// # Errors
/// The first damage found; what could be read is in `media` all the same.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut film = Film::default();
    let outcome = top_level(r, &mut film, media);
    let outcome = outcome.and(film.listen(r));
    film.describe(r.file_len(), media);
    outcome
}

/// Goes along the top level until everything is known: mostly two or three boxes.
fn top_level(r: &mut Reader<'_>, film: &mut Film, media: &mut Media) -> Result<(), Error> {
    let mut outcome = Ok(());
    loop {
        let (kind, mut body) = match next_box(r) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            // Bytes behind the last box, as players see it, once the film itself is known.
            Err(Error::Malformed(_)) if !film.tracks.is_empty() => break,
            Err(e) => return Err(e),
        };
        let result = match &kind {
            b"ftyp" => ftyp::read(&mut body).map(|brand| film.brand = brand),
            b"moov" => moov(&mut body, film, media),
            b"meta" => still::read(r, &mut body, media),
            b"moof" => fragment::moof(&mut body, &mut film.tracks),
            b"sidx" => film.index(r, &mut body),
            _ => Ok(()),
        };
        match result {
            Err(e @ (Error::Limit | Error::Io(_))) => {
                // A sum that stops somewhere is a wrong one.
                film.tracks.iter_mut().for_each(|t| t.fragments = 0);
                return Err(e);
            }
            result => outcome = outcome.and(result),
        }
        if film.is_complete(kind, media) {
            return outcome;
        }
        if &kind == b"moof" {
            film.fragments += 1;
            if film.fragments == fragment::COUNTED
                && film.indexes.is_empty()
                && fragment::from_the_end(r, &mut film.tracks)?
            {
                return outcome;
            }
        }
    }
    let found = !film.tracks.is_empty() || matches!(film.brand, Brand::Still(_));
    outcome.and(if found {
        Ok(())
    } else {
        Err(Error::Malformed("file without moov"))
    })
}

fn moov(r: &mut Reader<'_>, film: &mut Film, media: &mut Media) -> Result<(), Error> {
    let mut defaults = Vec::new();
    let outcome = each_box(r, |kind, body| match &kind {
        b"mvhd" => film.mvhd(body),
        b"trak" if film.tracks.len() < TRACKS => {
            let mut track = Track::default();
            let outcome = track::read(body, &mut track);
            film.tracks.push(track);
            outcome
        }
        b"mvex" => {
            film.fragmented = true;
            film.fragmented_duration = fragment::mvex(body, &mut defaults)?;
            Ok(())
        }
        b"udta" => mp4_ilst::read_udta(body, media),
        b"meta" => mp4_ilst::read_meta(body, media),
        _ => Ok(()),
    });
    for (id, sample) in defaults {
        film.tracks
            .iter_mut()
            .filter(|t| t.id == id)
            .for_each(|t| t.fragment_sample = sample);
    }
    outcome
}

impl Film {
    /// Movie header (§8.2.2).
    fn mvhd(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let (version, _) = version_flags(r)?;
        r.skip(if version == 0 { 8 } else { 16 })?;
        self.timescale = r.be_u32()?;
        self.duration = time_field(r, version)?.filter(|d| *d > 0);
        Ok(())
    }

    /// Takes an index and passes over the part of the file it has spoken of.
    fn index(&mut self, r: &mut Reader<'_>, body: &mut Reader<'_>) -> Result<(), Error> {
        let index = fragment::sidx(body)?;
        r.skip(index.span.min(r.remaining()))?;
        self.indexes.push(index);
        Ok(())
    }

    /// Whether nothing that is still to come can tell more.
    fn is_complete(&self, last: boxes::FourCc, media: &Media) -> bool {
        match self.brand {
            Brand::Still(_) => &last == b"meta" && media.width.is_some(),
            _ => &last == b"moov" && (!self.fragmented || self.fragmented_duration.is_some()),
        }
    }

    /// Reads the first frame of the first sound, of codings whose description has a filler for the channels.
    fn listen(&mut self, file: &Reader<'_>) -> Result<(), Error> {
        const FRAME_BYTES: usize = 4096;
        const HEADER_BYTES: usize = 8;
        let mut sounds = self.tracks.iter_mut().filter(|t| &t.handler == b"soun");
        let Some(track) = sounds.next() else {
            return Ok(());
        };
        let entry = &mut track.entry;
        let Some((codec, at)) = entry.audio_codec.zip(track.first_chunk) else {
            return Ok(());
        };
        let is_silent = entry.channels.is_none() && elementary::tells(codec);
        let is_mpeg = matches!(codec, AudioCodec::Mp3 | AudioCodec::Mp2);
        let is_filled = is_mpeg || matches!(codec, AudioCodec::Dts | AudioCodec::DtsHd);
        let mut there = file.clone();
        if !(is_silent || is_filled) || there.seek(at).is_err() {
            return Ok(());
        }
        let mut bytes = [0; FRAME_BYTES];
        let frame = there.read_some(&mut bytes)?;
        // Where it lies is known: the next frame may be elsewhere, and need not follow.
        let most = if is_mpeg { HEADER_BYTES } else { FRAME_BYTES };
        let frame = frame.get(..most).unwrap_or(frame);
        if let Some(told) = elementary::sound(codec, frame) {
            entry.audio_codec = told.codec.or(entry.audio_codec);
            entry.channels = told.channels.or(entry.channels);
            entry.sample_rate = told.sample_rate.or(entry.sample_rate);
        }
        Ok(())
    }

    fn describe(&self, file_len: u64, media: &mut Media) {
        if let Brand::Still(mime) = self.brand {
            media.class = Some(Class::Image);
            media.mime = Some(mime);
            return;
        }
        let sounds = self.tracks.iter().filter(|t| &t.handler == b"soun");
        let streams = Streams {
            video: self.tracks.iter().find(|t| self.is_film(t)).map(pictures),
            sounds: sounds.map(sound).collect(),
            captions: self.captions(),
        };
        media.duration = self.play_time();
        streams.describe(media);
        if streams.video.is_some() {
            media.mime = Some(self.brand.video());
            let rate = media
                .duration
                .and_then(|d| super::bytes_per_sec(file_len, d));
            media.profile = match (self.brand, rate) {
                (Brand::Mp4, Some(rate)) => profile::mp4(&streams, rate.saturating_mul(8)),
                (Brand::ThreeGp, _) => profile::third_generation(&streams),
                _ => None,
            };
        } else if !streams.sounds.is_empty() || self.brand == Brand::AppleAudio {
            media.class = Some(Class::Audio);
            media.mime = Some(self.brand.audio());
        }
        if media.class == Some(Class::Audio) {
            media.profile = self.audio_profile(file_len, media.duration);
        }
    }

    fn captions(&self) -> Vec<Language> {
        let shown = |t: &&Track| {
            matches!(&t.handler, b"sbtl" | b"subt" | b"clcp" | b"subp")
                || (&t.handler == b"text" && &t.entry.coding == b"tx3g")
        };
        self.tracks
            .iter()
            .filter(shown)
            .map(|t| t.language)
            .collect()
    }

    /// Moving pictures, not the cover or the chapter pictures of an audio file.
    fn is_film(&self, track: &Track) -> bool {
        let picture = matches!(&track.entry.coding, b"jpeg" | b"png " | b"mjpa" | b"mjpb");
        &track.handler == b"vide" && !(picture && self.brand == Brand::AppleAudio)
    }

    /// The film's own length; of a fragmented one the stated, the indexed or the summed length, the first that is told.
    fn play_time(&self) -> Option<Duration> {
        let stated = || self.duration.and_then(|d| seconds(d, self.timescale));
        let fragmented = || {
            self.fragmented_duration
                .and_then(|d| seconds(d, self.timescale))
        };
        let longest_track = || {
            self.tracks
                .iter()
                .filter_map(|t| seconds(t.duration?, t.timescale))
                .max()
        };
        let summed = || {
            self.tracks
                .iter()
                .filter_map(|t| seconds(t.whole()?, t.timescale))
                .max()
        };
        if self.fragmented {
            return fragmented()
                .or_else(|| self.indexed())
                .or_else(summed)
                .or_else(stated)
                .or_else(longest_track);
        }
        stated().or_else(longest_track)
    }

    /// Indexes of one track follow one another; those of several tracks run side by side.
    fn indexed(&self) -> Option<Duration> {
        let of = |track: u32| {
            let own = self.indexes.iter().filter(move |i| i.track == track);
            own.filter_map(|i| seconds(i.duration, i.timescale))
                .fold(Duration::ZERO, Duration::saturating_add)
        };
        let first = self.indexes.first()?;
        Some(of(first.track)).filter(|d| !d.is_zero())
    }

    fn audio_profile(&self, file_len: u64, duration: Option<Duration>) -> Option<profile::Profile> {
        let [track] = self.tracks.as_slice() else {
            return None;
        };
        let config = track.entry.aac.filter(|c| c.extended_rate.is_none())?;
        profile::aac_iso(Aac {
            object_type: config.object_type,
            sample_rate: config.core_rate?,
            channels: config.channels?,
            bits_per_sec: super::bytes_per_sec(file_len, duration?)?.saturating_mul(8),
        })
    }
}

/// `None` for nothing, for a time scale of zero, and for lengths no film has.
fn seconds(units: u64, timescale: u32) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
    if units == 0 || timescale == 0 {
        return None;
    }
    let nanos = u128::from(units) * 1_000_000_000 / u128::from(timescale);
    u64::try_from(nanos)
        .ok()
        .map(Duration::from_nanos)
        .filter(|d| *d < LONGEST)
}

fn pictures(track: &Track) -> Video {
    let known = |n: u32| (n > 0).then_some(n);
    let (width, height) = (known(track.entry.width), known(track.entry.height));
    let mut video = track.entry.video.clone();
    (video.width, video.height) = if track.quarter_turned {
        (height, width)
    } else {
        (width, height)
    };
    let sampled = track
        .sample
        .and_then(|time| FrameRate::new(u64::from(track.timescale), u64::from(time)));
    video.frame_rate = sampled.or(video.frame_rate);
    video
}

fn sound(track: &Track) -> Sound {
    let described = track.entry.aac.as_ref().map(AudioConfig::sound);
    Sound {
        codec: track.entry.audio_codec,
        object_type: described.and_then(|s| s.object_type),
        sample_rate: track.entry.sample_rate,
        channels: track.entry.channels,
        bits_per_sample: track.entry.bits_per_sample,
        language: track.language,
    }
}

#[cfg(test)]
mod tests;
