//! MPEG audio: layers I, II and III of MPEG-1, -2 and "2.5" as a bare stream of frames (ISO/IEC 11172-3 §2.4,
//! 13818-3 §2.4). The stream has no header of its own: length comes from a Xing, Info or VBRI frame, else from the frames.

mod free;
pub(crate) mod seek;

use std::time::Duration;

use crate::media::codec::{AudioCodec, Sound};
use crate::media::mime::Mime;
use crate::media::profile;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{self, id3};
use crate::media::{Class, Media};

/// Bytes of junk in front of the first frame that are searched. Beyond it: not MPEG audio.
const JUNK_BYTES: u64 = 256 * 1024;
/// Tags in a row at the front; some writers leave the old one behind the new.
const TAGS: usize = 4;
/// Frames that must follow one another before junk is believed to have ended.
const CHAIN: usize = 3;
/// A stream up to this length is counted frame by frame: it costs no more reads than looking at [`PLACES`] in it.
const COUNTED_BYTES: u64 = 48 * 1024;
/// Places looked at to prove that a longer stream keeps one bit rate, and frames compared at each.
const PLACES: u64 = 4;
const FRAMES_PER_PLACE: usize = 8;
/// Resynchronisations while counting; beyond them the stream is too broken to be counted.
const GAPS: usize = 64;

/// What a frame's four header bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    /// 1, 2 or 3.
    layer: u8,
    /// MPEG-1, not one of the halved rates of MPEG-2 and 2.5.
    mpeg1: bool,
    /// Bits per second.
    bit_rate: u32,
    /// Hz.
    sample_rate: u32,
    channels: u8,
    /// Bytes, header included.
    len: u64,
    /// Samples per channel.
    samples: u32,
}

impl Frame {
    /// Same coding throughout: what does not change between the frames of one stream.
    fn continues(&self, first: &Frame) -> bool {
        (self.layer, self.mpeg1, self.sample_rate) == (first.layer, first.mpeg1, first.sample_rate)
    }

    fn time_of(&self, frames: u64) -> Option<Duration> {
        let samples = u128::from(frames) * u128::from(self.samples);
        let nanos = samples.checked_mul(1_000_000_000)? / u128::from(self.sample_rate);
        u64::try_from(nanos)
            .ok()
            .map(Duration::from_nanos)
            .filter(|d| !d.is_zero())
    }
}

/// `1111 1111 111v vll. bbbb rrp. mm..` (11172-3 §2.4.1.3): version, layer, bit rate, rate, padding, mode. Free format
/// (bit rate 0) is another matter: see [`free`].
fn frame_header([sync, a, b, c]: [u8; 4]) -> Option<Frame> {
    if sync != 0xFF || a & 0xE0 != 0xE0 {
        return None;
    }
    let (mpeg1, rate_shift) = match (a >> 3) & 3 {
        0 => (false, 2), // "MPEG 2.5"
        2 => (false, 1),
        3 => (true, 0),
        _ => return None,
    };
    let layer = 4_u8.checked_sub((a >> 1) & 3).filter(|l| *l < 4)?;
    let bit_rate = bit_rate(mpeg1, layer, b >> 4)?;
    let sample_rate = [44_100_u32, 48_000, 32_000].get(usize::from((b >> 2) & 3))? >> rate_shift;
    let padding = u32::from((b >> 1) & 1);
    let samples = match (layer, mpeg1) {
        (1, _) => 384,
        (3, false) => 576,
        _ => 1152,
    };
    let len = if layer == 1 {
        4 * (12 * bit_rate / sample_rate + padding)
    } else {
        samples / 8 * bit_rate / sample_rate + padding
    };
    let channels = if c >> 6 == 3 { 1 } else { 2 };
    Some(Frame {
        layer,
        mpeg1,
        bit_rate,
        sample_rate,
        channels,
        len: u64::from(len),
        samples,
    })
}

/// Bits per second (11172-3 §2.4.2.3; 13818-3 §2.4.2.3), by index 1 to 14.
fn bit_rate(mpeg1: bool, layer: u8, index: u8) -> Option<u32> {
    const KBIT: [[u16; 14]; 5] = [
        [
            32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
        ],
        [
            32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
        ],
        [
            32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
        ],
        [
            32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
        ],
        [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
    ];
    let row = match (mpeg1, layer) {
        (true, _) => usize::from(layer.checked_sub(1)?),
        (false, 1) => 3,
        (false, _) => 4,
    };
    let kbit = KBIT.get(row)?.get(usize::from(index.checked_sub(1)?))?;
    Some(u32::from(*kbit) * 1000)
}

/// Play time of the whole frames in a piece of a stream, from the first one on that another follows.
pub(crate) fn time_in(bytes: &[u8]) -> Option<Duration> {
    let at = |i: usize| frame_header(*bytes.get(i..)?.first_chunk()?);
    let (first, mut place) = first_in(bytes)?;
    let mut frames = 0;
    while let Some(frame) = at(place).filter(|frame| frame.continues(&first)) {
        place = place.checked_add(usize::try_from(frame.len).ok()?.max(1))?;
        if place > bytes.len() {
            break;
        }
        frames += 1;
    }
    first.time_of(frames)
}

/// What the first frame in the middle of a stream says; the next one must follow it, unless `bytes` start with it and end
/// before that.
pub(crate) fn sound_in(bytes: &[u8]) -> Option<Sound> {
    let (frame, _) = first_in(bytes)?;
    let codec = if frame.layer == 3 {
        AudioCodec::Mp3
    } else {
        AudioCodec::Mp2
    };
    Some(Sound {
        sample_rate: Some(frame.sample_rate),
        channels: Some(frame.channels),
        ..Sound::of(Some(codec))
    })
}

/// The frame that [`sound_in`] is told by, and where it lies.
fn first_in(bytes: &[u8]) -> Option<(Frame, usize)> {
    let at = |i: usize| frame_header(*bytes.get(i..)?.first_chunk()?);
    (0..bytes.len()).find_map(|i| {
        let frame = at(i)?;
        let next = i.checked_add(usize::try_from(frame.len).ok()?)?;
        let believed = if next.checked_add(4)? <= bytes.len() {
            at(next).is_some_and(|n| n.continues(&frame))
        } else {
            i == 0
        };
        believed.then_some((frame, i))
    })
}

/// Reads a whole file, tags included.
///
/// # Errors
/// [`Error::Malformed`] if no frames are found; errors of the reader. Tags and what else was read are in `media` anyway.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let tags = front_tags(r, media);
    if let Err(e @ (Error::Io(_) | Error::Limit)) = tags {
        return Err(e);
    }
    let front = r.position();
    let stream = find_stream(r);
    let end = tag::behind(r, front, Media::default(), media)?;
    let (at, first) = match stream {
        Err(no_frames @ Error::Malformed(_)) => {
            r.seek(front)?;
            let sound = r.sub(end.saturating_sub(front))?;
            return read_free(sound, media, no_frames);
        }
        found => found?,
    };
    media.class = Some(Class::Audio);
    media.mime = Some(if first.layer == 2 {
        Mime::MP2
    } else {
        Mime::MPEG_AUDIO
    });
    media.sample_rate = Some(first.sample_rate);
    media.channels = Some(first.channels);
    media.profile = if first.layer == 3 {
        profile::mp3(first.sample_rate)
    } else {
        None
    };
    r.seek(at)?;
    let mut sound = r.sub(end.saturating_sub(at))?;
    media.duration = match stated_frames(&sound, &first)? {
        Some(frames) => first.time_of(frames),
        None => measure(&mut sound, &first)?,
    };
    tags.map(drop)
}

/// A stream of a free rate, which no DLNA profile knows.
fn read_free(mut sound: Reader<'_>, media: &mut Media, no_frames: Error) -> Result<(), Error> {
    let free = free::find(&sound)?.ok_or(no_frames)?;
    media.class = Some(Class::Audio);
    media.mime = Some(if free.frame.layer == 2 {
        Mime::MP2
    } else {
        Mime::MPEG_AUDIO
    });
    media.sample_rate = Some(free.frame.sample_rate);
    media.channels = Some(free.frame.channels);
    media.duration = super::play_time(free.count(&mut sound)?, free.frame.sample_rate);
    Ok(())
}

/// Any number of ID3 tags, with or without zeros between them.
fn front_tags(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    for _ in 0..TAGS {
        if !id3::read(r, media)? {
            break;
        }
    }
    Ok(())
}

/// The first place, from here on, where several frames follow one another; a stream of fewer must end where they do.
fn find_stream(r: &mut Reader<'_>) -> Result<(u64, Frame), Error> {
    const BLOCK: usize = 2048;
    let start = r.position();
    let last = start.saturating_add(JUNK_BYTES);
    let mut block = [0; BLOCK];
    while r.remaining() >= 4 && r.position() < last {
        let at = r.position();
        let bytes = r.read_some(&mut block)?;
        for (offset, window) in (at..).zip(bytes.windows(4)) {
            let &[0xFF, a, b, c] = window else {
                continue;
            };
            let Some(frame) = frame_header([0xFF, a, b, c]) else {
                continue;
            };
            if chained(r, offset, &frame, offset == start)? {
                return Ok((offset, frame));
            }
        }
        // The last three bytes may start a header that goes on in the next block.
        let read = bytes.len() as u64;
        r.seek(at + if r.remaining() == 0 { read } else { read - 3 })?;
    }
    Err(Error::Malformed("MPEG audio: no frames"))
}

/// `expected`: a frame must be here, so one that is cut off may be believed.
fn chained(r: &Reader<'_>, at: u64, first: &Frame, expected: bool) -> Result<bool, Error> {
    let mut ahead = r.clone();
    ahead.seek(at)?;
    let mut frame = *first;
    for _ in 1..CHAIN {
        if ahead.remaining() < frame.len + 4 {
            // Whole frames to the very end, or one cut off there, with no room for another header.
            return Ok(expected || ahead.remaining() == frame.len);
        }
        ahead.skip(frame.len)?;
        let Some(next) = next_header(&ahead)? else {
            return Ok(false);
        };
        match next {
            Next::Frame(next) if next.continues(first) => frame = next,
            Next::Tag => return Ok(true),
            Next::Frame(_) => return Ok(false),
        }
    }
    Ok(true)
}

enum Next {
    Frame(Frame),
    /// A tag: the sound ends here.
    Tag,
}

/// What stands at `r`, which does not move. `None` for junk.
fn next_header(r: &Reader<'_>) -> Result<Option<Next>, Error> {
    let mut ahead = r.clone();
    if ahead.remaining() < 4 {
        return Ok(None);
    }
    let bytes = ahead.array()?;
    if bytes.starts_with(b"TAG")
        || &bytes == b"APET"
        || bytes.starts_with(b"ID3")
        || bytes.starts_with(b"LYR")
    {
        return Ok(Some(Next::Tag));
    }
    Ok(frame_header(bytes).map(Next::Frame))
}

/// The frame count of a Xing, Info or VBRI header in the first frame.
///
/// A count that needs more bytes than the sound has, even at the lowest bit rate, is a lie and is not taken: the file was
/// cut, or the header copied from another.
fn stated_frames(sound: &Reader<'_>, first: &Frame) -> Result<Option<u64>, Error> {
    let side_info = match (first.mpeg1, first.channels) {
        (true, 2) => 32,
        (true, _) | (false, 2) => 17,
        (false, _) => 9,
    };
    if first.layer != 3 {
        return Ok(None);
    }
    let frames = match xing(sound.clone(), 4 + side_info) {
        Ok(None) => vbri(sound.clone(), 4 + 32),
        found => found,
    };
    let lowest = bit_rate(first.mpeg1, 3, 1).unwrap_or(8_000);
    let smallest = u64::from(first.samples / 8 * lowest / first.sample_rate);
    let plausible =
        |frames: &u64| frames.saturating_mul(smallest) <= sound.len().saturating_add(smallest);
    match frames {
        Ok(frames) => Ok(frames.filter(|n| *n > 0).filter(plausible)),
        Err(Error::Truncated) => Ok(None),
        Err(e) => Err(e),
    }
}

/// `Xing` or `Info`, flags (1: frame count follows), count.
fn xing(mut r: Reader<'_>, at: u64) -> Result<Option<u64>, Error> {
    r.seek(at)?;
    let name: [u8; 4] = r.array()?;
    let flags = r.be_u32()?;
    let known = matches!(&name, b"Xing" | b"Info") && flags & 1 == 1;
    if known {
        r.be_u32().map(|n| Some(u64::from(n)))
    } else {
        Ok(None)
    }
}

/// `VBRI`, version, delay, quality (2 bytes each), bytes, frames (4 bytes each).
fn vbri(mut r: Reader<'_>, at: u64) -> Result<Option<u64>, Error> {
    r.seek(at)?;
    if &r.array()? != b"VBRI" {
        return Ok(None);
    }
    r.skip(10)?;
    r.be_u32().map(|n| Some(u64::from(n)))
}

/// Play time without a header that states it: by rate when the rate is the same everywhere, else by counting.
fn measure(sound: &mut Reader<'_>, first: &Frame) -> Result<Option<Duration>, Error> {
    if sound.len() > COUNTED_BYTES && constant_rate(sound, first)? {
        let nanos = u128::from(sound.len()) * 8 * 1_000_000_000 / u128::from(first.bit_rate);
        return Ok(u64::try_from(nanos).ok().map(Duration::from_nanos));
    }
    count(sound, first)
}

/// Whether frames at several places of the stream all have the bit rate of the first.
fn constant_rate(sound: &Reader<'_>, first: &Frame) -> Result<bool, Error> {
    for place in 0..PLACES {
        let mut there = sound.clone();
        there.seek(sound.len() / PLACES * place)?;
        if place > 0 {
            match find_stream(&mut there) {
                Ok((at, _)) => there.seek(at)?,
                Err(Error::Malformed(_)) => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        for _ in 0..FRAMES_PER_PLACE {
            match next_header(&there)? {
                Some(Next::Frame(f)) if f.continues(first) && f.bit_rate == first.bit_rate => {
                    if there.skip(f.len).is_err() {
                        break;
                    }
                }
                Some(Next::Tag) => break,
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// Counts frames, over gaps of junk too. When the budget ends first, the rest is taken to be like what was counted: by then
/// that is megabytes, and the error a few seconds.
fn count(sound: &mut Reader<'_>, first: &Frame) -> Result<Option<Duration>, Error> {
    let (mut frames, mut bytes, mut gaps) = (0_u64, 0_u64, 0);
    loop {
        match next_header(sound) {
            Ok(Some(Next::Frame(f))) if f.continues(first) => {
                frames += 1;
                bytes += f.len;
                if sound.skip(f.len).is_err() {
                    break; // the last one is cut off
                }
            }
            Ok(Some(Next::Tag)) => break,
            Err(Error::Limit) => return Ok(extrapolate(first, frames, bytes, sound.len())),
            Err(e) => return Err(e),
            Ok(_) if gaps == GAPS || !resynchronise(sound, first) => break,
            Ok(_) => gaps += 1,
        }
    }
    Ok(first.time_of(frames))
}

fn resynchronise(sound: &mut Reader<'_>, first: &Frame) -> bool {
    let mut ahead = sound.clone();
    let found = ahead.skip(1).and_then(|()| find_stream(&mut ahead));
    matches!(found, Ok((at, frame)) if frame.continues(first) && sound.seek(at).is_ok())
}

fn extrapolate(first: &Frame, frames: u64, bytes: u64, whole: u64) -> Option<Duration> {
    let all = u128::from(frames) * u128::from(whole) / u128::from(bytes.max(1));
    u64::try_from(all).ok().and_then(|n| first.time_of(n))
}

#[cfg(test)]
#[path = "mp3_tests.rs"]
mod tests;
