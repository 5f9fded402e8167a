//! Flash Video (Adobe "Flash Video File Format Specification" 10.1, annex E; the four-letter codings of Enhanced RTMP). The
//! facts are in `onMetaData` and in the first tags of picture and sound; the last tag tells the length when nothing else does.

use std::time::Duration;

use crate::limits;
use crate::media::codec::{
    AudioCodec, FrameRate, Sound, Streams, Video, VideoCodec, aac, h264, hevc,
};
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{utf8, vorbis};
use crate::media::{Class, Media};

/// Tags that are looked at from the front.
const TAGS: usize = 64;
/// Values of `onMetaData` that are looked at; indexes of key frames are passed over in one piece.
const VALUES: usize = 256;
/// Bytes of a coding's configuration that are looked at.
const CONFIGURATION_BYTES: usize = 512;

/// What `onMetaData` says.
#[derive(Default)]
struct Stated {
    duration: Option<f64>,
    width: Option<f64>,
    height: Option<f64>,
    frame_rate: Option<f64>,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without the signature; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if &r.array()? != b"FLV" {
        return Err(Error::Malformed("FLV signature"));
    }
    let [_, flags] = r.array()?;
    let header = u64::from(r.be_u32()?);
    media.mime = Some(Mime::FLV);
    let (mut streams, mut stated) = (Streams::default(), Stated::default());
    if flags & 1 != 0 {
        streams.video = Some(Video::default());
    }
    r.seek(header)?;
    let outcome = tags(r, flags, &mut streams, &mut stated, media);
    describe(r, &mut streams, &stated, media);
    outcome
}

/// Goes along the tags until script, pictures and sound have been seen, as the flags of the header promise them.
fn tags(
    r: &mut Reader<'_>,
    flags: u8,
    streams: &mut Streams,
    stated: &mut Stated,
    media: &mut Media,
) -> Result<(), Error> {
    let (mut script, mut video) = (false, flags & 1 == 0);
    for _ in 0..TAGS {
        if r.remaining() < 15 || (script && video && (flags & 4 == 0 || !streams.sounds.is_empty()))
        {
            break;
        }
        r.skip(4)?; // size of the tag before
        let kind = r.byte()? & 0x1F;
        let len = u64::from(r.be_u24()?);
        r.skip(7)?; // time, stream
        let mut body = r.sub(len)?;
        match kind {
            8 if streams.sounds.is_empty() => streams.sounds.push(sound(&mut body)?),
            9 if !video => {
                let found = pictures(&mut body)?;
                streams.video.get_or_insert_default().refine(&found);
                video = true;
            }
            18 if !script => {
                script = true;
                // Half of a script is better than none.
                let _ = on_meta_data(&mut body, stated, media);
            }
            _ => {}
        }
    }
    Ok(())
}

/// 4 bits of coding, 2 of rate, 1 of size, 1 of stereo; AAC has its configuration behind a zero byte.
fn sound(r: &mut Reader<'_>) -> Result<Sound, Error> {
    const RATES: [u32; 4] = [5_512, 11_025, 22_050, 44_100];
    let head = r.byte()?;
    let rate = RATES.get(usize::from((head >> 2) & 3)).copied();
    let channels = Some(1 + (head & 1));
    let (codec, sample_rate, channels) = match head >> 4 {
        0 | 3 => (Some(AudioCodec::Lpcm), rate, channels),
        1 => (Some(AudioCodec::Adpcm), rate, channels),
        2 => (Some(AudioCodec::Mp3), rate, channels),
        4 => (Some(AudioCodec::Nellymoser), Some(16_000), Some(1)),
        5 => (Some(AudioCodec::Nellymoser), Some(8_000), Some(1)),
        6 => (Some(AudioCodec::Nellymoser), rate, channels),
        7 | 8 => (Some(AudioCodec::G711), Some(8_000), channels),
        10 => (Some(AudioCodec::Aac), None, None),
        11 => (Some(AudioCodec::Speex), Some(16_000), Some(1)),
        14 => (Some(AudioCodec::Mp3), Some(8_000), channels),
        _ => (None, None, None),
    };
    let mut sound = Sound {
        sample_rate,
        channels,
        ..Sound::of(codec)
    };
    if codec == Some(AudioCodec::Aac) && r.remaining() > 0 && r.byte()? == 0 {
        let mut bytes = [0; 64];
        if let Some(config) = aac::config(r.read_some(&mut bytes)?) {
            sound.refine(&config.sound());
        }
    }
    Ok(sound)
}

/// 4 bits of frame type, 4 of coding; or, with the top bit set, 4 bits of packet type and four letters behind.
fn pictures(r: &mut Reader<'_>) -> Result<Video, Error> {
    let head = r.byte()?;
    let mut bytes = [0; CONFIGURATION_BYTES];
    if head & 0x80 != 0 {
        let mut video = Video::of(VideoCodec::from_fourcc(r.array()?));
        let record = r.read_some(&mut bytes)?;
        let packet = head & 15;
        if packet == 0 {
            let told = match video.codec {
                Some(VideoCodec::Hevc) => hevc::hvcc(record),
                Some(VideoCodec::H264) => h264::avcc(record),
                _ => None,
            };
            video.refine(&told.unwrap_or_default());
        }
        return Ok(video);
    }
    let codec = match head & 15 {
        2 => Some(VideoCodec::Sorenson),
        4 | 5 => Some(VideoCodec::Vp6),
        7 => Some(VideoCodec::H264),
        12 => Some(VideoCodec::Hevc),
        _ => None,
    };
    let mut video = Video::of(codec);
    if codec == Some(VideoCodec::Sorenson) {
        let (width, height) = sorenson(r.read_some(&mut bytes)?).unzip();
        (video.width, video.height) = (width, height);
        return Ok(video);
    }
    // 1 packet type (0: configuration), 3 composition time.
    if matches!(codec, Some(VideoCodec::H264 | VideoCodec::Hevc))
        && r.remaining() >= 4
        && r.be_u32()? >> 24 == 0
    {
        let record = r.read_some(&mut bytes)?;
        let told = if codec == Some(VideoCodec::H264) {
            h264::avcc(record)
        } else {
            hevc::hvcc(record)
        };
        video.refine(&told.unwrap_or_default());
    }
    Ok(video)
}

/// Width and height of a picture of Sorenson's H.263 (Adobe, §E.4.3.2): 17 bits of start, 5 of version, 8 of time; 3 bits
/// that name the size, or say how many bits follow that do.
fn sorenson(bytes: &[u8]) -> Option<(u32, u32)> {
    let head = bytes.first_chunk::<9>()?;
    let bits = u128::from(u64::from_be_bytes(*head.first_chunk()?)) << 8 | u128::from(head[8]);
    let at = |from: u32, len: u32| u32::try_from((bits >> (72 - from - len)) & ((1 << len) - 1));
    if at(0, 17) != Ok(1) {
        return None;
    }
    match at(30, 3).ok()? {
        0 => Some((at(33, 8).ok()?, at(41, 8).ok()?)),
        1 => Some((at(33, 16).ok()?, at(49, 16).ok()?)),
        2 => Some((352, 288)),
        3 => Some((176, 144)),
        4 => Some((128, 96)),
        5 => Some((320, 240)),
        6 => Some((160, 120)),
        _ => None,
    }
}

/// The script: a string `onMetaData`, then an object or an array of named values (Adobe "AMF 0" §2).
/// Texts bear the names that Vorbis comments have too.
fn on_meta_data(r: &mut Reader<'_>, stated: &mut Stated, media: &mut Media) -> Result<(), Error> {
    if r.byte()? != 2 || name(r)? != b"onMetaData" {
        return Ok(());
    }
    match r.byte()? {
        3 => {}
        8 => r.skip(4)?,
        _ => return Ok(()),
    }
    for _ in 0..VALUES {
        let key = name(r)?;
        let field = match key.as_slice() {
            b"" => return Ok(()),
            b"duration" => &mut stated.duration,
            b"width" => &mut stated.width,
            b"height" => &mut stated.height,
            b"framerate" => &mut stated.frame_rate,
            _ => &mut None,
        };
        match r.byte()? {
            0 => *field = Some(f64::from_be_bytes(r.array()?)),
            1 => r.skip(1)?,
            2 => {
                let len = u64::from(r.be_u16()?);
                if len <= limits::TEXT_BYTES as u64 {
                    let bytes = r.bytes(len)?;
                    vorbis::take(&utf8(&key).to_ascii_uppercase(), &utf8(&bytes), media);
                } else {
                    r.skip(len)?;
                }
            }
            5 | 6 => {}
            11 => r.skip(10)?,
            12 => {
                let len = r.be_u32()?;
                r.skip(u64::from(len))?;
            }
            // Objects and lists stand at the end: indexes, cue points.
            _ => return Ok(()),
        }
    }
    Ok(())
}

fn name(r: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let len = r.be_u16()?;
    r.bytes(u64::from(len))
}

fn describe(r: &Reader<'_>, streams: &mut Streams, stated: &Stated, media: &mut Media) {
    if let Some(video) = &mut streams.video {
        video.width = video.width.or_else(|| whole(stated.width));
        video.height = video.height.or_else(|| whole(stated.height));
        let milli = stated.frame_rate.and_then(|f| whole(Some(f * 1000.0)));
        let rate = milli.and_then(|milli| {
            FrameRate::from_nanos(1_000_000_000_000_u64.checked_div(u64::from(milli))?)
        });
        video.frame_rate = rate.or(video.frame_rate);
    }
    streams.describe(media);
    media.class = media.class.or(Some(Class::Video));
    media.duration = stated
        .duration
        .and_then(|secs| Duration::try_from_secs_f64(secs).ok())
        .filter(|d| !d.is_zero() && *d < LONGEST)
        .or_else(|| last_tag(r).ok().flatten());
}

/// No stream is longer: its times have 32 bits of milliseconds.
const LONGEST: Duration = Duration::from_millis(u32::MAX as u64);

fn whole(value: Option<f64>) -> Option<u32> {
    const LARGEST: f64 = 1_000_000.0;
    let value = value.filter(|v| (1.0..=LARGEST).contains(v))?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked above"
    )]
    let whole = value.round() as u32;
    Some(whole)
}

/// The time of the last tag: the last four bytes say how far in front of them it starts.
fn last_tag(r: &Reader<'_>) -> Result<Option<Duration>, Error> {
    let mut r = r.clone();
    let Some(end) = r.len().checked_sub(4) else {
        return Ok(None);
    };
    r.seek(end)?;
    let len = u64::from(r.be_u32()?);
    let Some(at) = end.checked_sub(len).filter(|at| *at >= 13 && len >= 11) else {
        return Ok(None);
    };
    r.seek(at)?;
    if !matches!(r.byte()? & 0x1F, 8 | 9 | 18) || u64::from(r.be_u24()?) + 11 != len {
        return Ok(None);
    }
    let low = r.be_u24()?;
    let millis = (u64::from(r.byte()?) << 24) | u64::from(low);
    Ok(Some(Duration::from_millis(millis)).filter(|d| !d.is_zero()))
}

#[cfg(test)]
#[path = "flv_tests.rs"]
mod tests;
