//! AVI (Microsoft "AVI RIFF File Reference") and OpenDML ("AVI File Format Extensions" 1.02), with the `LIST INFO` strings.
//! The index and the pictures are passed over.

pub(crate) mod seek;

use std::time::Duration;

use super::wav;
use crate::media::codec::{AudioCodec, FrameRate, Language, Sound, Streams, Video, VideoCodec};
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

/// Chunks that are looked at in one list.
const CHUNKS: usize = 128;

/// What the header list has told.
#[derive(Default)]
struct Film {
    streams: Streams,
    /// Main header: microseconds per picture, pictures, width, height.
    frame_micros: u32,
    frames: u32,
    size: (u32, u32),
    /// OpenDML: pictures in all parts of the file.
    all_frames: u32,
    /// The first stream of pictures: pictures, and their time.
    pictures: Option<(u32, u64, u64)>,
    /// The first stream of sound, likewise.
    heard: Option<(u32, u64, u64)>,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] when the first twelve bytes are not those of an AVI file; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if &r.array()? != b"RIFF" {
        return Err(Error::Malformed("AVI header"));
    }
    r.skip(4)?;
    if &r.array()? != b"AVI " {
        return Err(Error::Malformed("AVI header"));
    }
    media.class = Some(Class::Video);
    media.mime = Some(Mime::AVI);
    let mut film = Film::default();
    // The tags stand in front of the pictures or behind them; the size of the whole is often wrong, so it is not asked.
    let outcome = each(r, |kind, list, body| match (&kind, &list) {
        (b"LIST", b"hdrl") => film.headers(body),
        (b"LIST", b"INFO") => {
            body.seek(0)?;
            wav::info(body, media)
        }
        _ => Ok(()),
    });
    film.describe(media);
    outcome
}

/// Shows each chunk to `visit`: its name, its list type if it is a list, and its content behind that.
fn each<'a>(
    r: &mut Reader<'a>,
    mut visit: impl FnMut([u8; 4], [u8; 4], &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    for _ in 0..CHUNKS {
        if r.remaining() < 8 {
            break;
        }
        let kind: [u8; 4] = r.array()?;
        let len = u64::from(r.le_u32()?);
        let mut body = r.sub(len)?;
        let list = if &kind == b"LIST" && body.remaining() >= 4 {
            body.array()?
        } else {
            [0; 4]
        };
        match visit(kind, list, &mut body) {
            Err(e @ (Error::Limit | Error::Io(_))) => return Err(e),
            result => outcome = outcome.and(result),
        }
        r.skip(len & 1 & r.remaining())?;
    }
    outcome
}

impl Film {
    fn headers(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        each(r, |kind, list, body| match (&kind, &list) {
            (b"avih", _) => self.main_header(body),
            (b"LIST", b"strl") => self.stream(body),
            (b"LIST", b"odml") => each(body, |kind, _, body| {
                if &kind == b"dmlh" {
                    self.all_frames = body.le_u32()?;
                }
                Ok(())
            }),
            _ => Ok(()),
        })
    }

    /// ```text
    /// 0            16      32     36
    /// | us / frame | ...   | frames at 16, width at 32, height at 36
    /// ```
    fn main_header(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        self.frame_micros = r.le_u32()?;
        r.skip(12)?;
        self.frames = r.le_u32()?;
        r.skip(12)?;
        self.size = (r.le_u32()?, r.le_u32()?);
        Ok(())
    }

    /// `strh` says what the stream is and how fast, `strf` how it is coded, `strn` often its language.
    fn stream(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let mut header = None;
        each(r, |kind, _, body| {
            match (&kind, &header) {
                (b"strh", _) => header = Some(stream_header(body)?),
                (
                    b"strf",
                    Some(Header {
                        kind: [b'v', b'i', b'd', b's'],
                        ..
                    }),
                ) if self.streams.video.is_none() => {
                    let header = header.as_ref().ok_or(Error::Truncated)?;
                    self.streams.video = Some(bitmap(body, header)?);
                    self.pictures = Some((header.length, header.scale, header.rate));
                }
                (
                    b"strf",
                    Some(Header {
                        kind: [b'a', b'u', b'd', b's'],
                        ..
                    }),
                ) if self.streams.sounds.len() < Streams::MOST => {
                    self.streams.sounds.push(wave(body)?);
                    let of = |h: &Header| (h.length, h.scale, h.rate);
                    self.heard = self.heard.or(header.as_ref().map(of));
                }
                _ => {}
            }
            Ok(())
        })?;
        if header.is_some_and(|h| &h.kind == b"txts") && self.streams.captions.len() < Streams::MOST
        {
            self.streams.captions.push(Language::UNKNOWN);
        }
        Ok(())
    }

    fn describe(mut self, media: &mut Media) {
        let known = |n: u32| (n > 0).then_some(n);
        media.duration = self.play_time();
        if let Some(video) = &mut self.streams.video {
            video.width = video.width.or(known(self.size.0));
            video.height = video.height.or(known(self.size.1));
        }
        self.streams.describe(media);
    }

    /// The pictures of all parts, else of the stream, else of the main header; the sound where it is alone.
    fn play_time(&self) -> Option<Duration> {
        let alone = || self.heard.filter(|_| self.streams.video.is_none());
        let (length, scale, rate) = self.pictures.or_else(alone).unwrap_or_default();
        let of = |frames: u32| {
            let nanos = (u128::from(frames) * 1_000_000_000 * u128::from(scale))
                .checked_div(u128::from(rate))?;
            u64::try_from(nanos).ok().map(Duration::from_nanos)
        };
        let by_stream = of(length.max(self.all_frames)).filter(|d| !d.is_zero() && scale > 0);
        let micros = u64::from(self.frame_micros) * u64::from(self.frames.max(self.all_frames));
        by_stream
            .or(Some(Duration::from_micros(micros)))
            .filter(|d| !d.is_zero() && *d < LONGEST)
    }
}

/// No film is longer; a length beyond it is a damaged field.
const LONGEST: Duration = Duration::from_secs(30 * 86_400);

struct Header {
    kind: [u8; 4],
    handler: [u8; 4],
    scale: u64,
    rate: u64,
    length: u32,
}

/// 4 kind, 4 handler, 12 of flags and language and start frames, 4 scale, 4 rate, 4 start, 4 length.
fn stream_header(r: &mut Reader<'_>) -> Result<Header, Error> {
    let (kind, handler) = (r.array()?, r.array()?);
    r.skip(12)?;
    let (scale, rate) = (u64::from(r.le_u32()?), u64::from(r.le_u32()?));
    r.skip(4)?;
    let length = r.le_u32()?;
    Ok(Header {
        kind,
        handler,
        scale,
        rate,
        length,
    })
}

/// `BITMAPINFOHEADER`: 4 size, 4 width, 4 height (negative: top row first), 4 planes and depth, 4 coding.
fn bitmap(r: &mut Reader<'_>, header: &Header) -> Result<Video, Error> {
    const LONGEST_SIDE: u32 = 32_768;
    r.skip(4)?;
    let side = |n: u32| (1..=LONGEST_SIDE).contains(&n).then_some(n);
    let (width, height) = (r.le_u32()?, i32::from_le_bytes(r.array()?).unsigned_abs());
    r.skip(4)?;
    let coding = VideoCodec::from_fourcc(r.array()?);
    Ok(Video {
        codec: coding.or(VideoCodec::from_fourcc(header.handler)),
        width: side(width),
        height: side(height),
        frame_rate: FrameRate::new(header.rate, header.scale),
        ..Video::default()
    })
}

/// `WAVEFORMATEX`: 2 format, 2 channels, 4 rate, 4 bytes per second, 2 block, 2 bits; where the format is "extensible",
/// 2 size, 2 valid bits, 4 speakers, and a GUID that begins with the format.
fn wave(r: &mut Reader<'_>) -> Result<Sound, Error> {
    const EXTENSIBLE: u16 = 0xFFFE;
    let mut format = r.le_u16()?;
    if format == EXTENSIBLE {
        let mut guid = r.clone();
        format = guid.skip(22).and_then(|()| guid.le_u16()).unwrap_or(format);
    }
    let codec = AudioCodec::from_format_tag(format);
    let channels = u8::try_from(r.le_u16()?).ok().filter(|c| *c > 0);
    let sample_rate = Some(r.le_u32()?).filter(|r| *r > 0);
    r.skip(6)?;
    let bits = r.le_u16().ok().and_then(|b| u8::try_from(b).ok());
    Ok(Sound {
        codec,
        sample_rate,
        channels,
        bits_per_sample: bits.filter(|b| codec == Some(AudioCodec::Lpcm) && *b > 0),
        ..Sound::default()
    })
}

#[cfg(test)]
#[path = "avi_tests.rs"]
mod tests;
