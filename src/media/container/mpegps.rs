//! MPEG program streams: MPEG-2's (ISO/IEC 13818-1 §2.5; DVD's VOB), MPEG-1's (ISO/IEC 11172-1), and bare streams of
//! pictures. The start tells the streams, the end the play time.

mod behind;
pub(crate) mod seek;

use self::behind::Behind;
use std::time::Duration;

use super::mp3;
use super::pes::{self, Stamp, Stamps};
use crate::media::codec::{
    AudioCodec, FrameRate, Language, Sound, Streams, Video, VideoCodec, elementary, mpeg2,
};
use crate::media::mime::Mime;
use crate::media::profile;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

/// Bytes from the start that are read at most, and at least: tracks that start later than the first are found there.
const HEAD_BYTES: u64 = 2 * 1024 * 1024;
const TRACKS_BYTES: u64 = 256 * 1024;
/// Bytes at the end that are searched for the last time stamp, less first: discs stamp one picture in twelve.
const TAIL_BYTES: [u64; 2] = [256 * 1024, 2 * 1024 * 1024];
/// Stamps at the end that are remembered, and bytes from one of them to the end in which pictures are counted at most.
const RECENT: usize = 4;
const BEHIND_BYTES: u64 = 1024 * 1024;
/// Bytes searched at a time for a start code; few, because it is seldom far.
const SEARCHED_BYTES: usize = 256;
/// Bytes of a packet that are looked at.
const BLOCK: usize = 4096;
/// Bytes of a packet's header that are looked at, and of a stream.
const PES_HEADER_BYTES: usize = 64;
const GATHERED_BYTES: usize = 8192;

const PACK: u8 = 0xBA;
const END: u8 = 0xB9;
const PRIVATE_1: u8 = 0xBD;

/// A stream: its start code's last byte and, in private stream 1, the first of its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Id(u8, u8);

/// What has been found so far.
#[derive(Default)]
struct Film {
    mpeg2: bool,
    /// Bytes per second that the packs promise at most.
    mux_rate: u64,
    video: Option<(u8, Vec<u8>)>,
    pictures: Option<Video>,
    sounds: Vec<(Id, Vec<u8>, Option<Sound>)>,
    captions: Vec<Id>,
    head: Stamps,
    /// Those of the first stream of sound, for where there are no pictures.
    sound_head: Stamps,
    tail: Stamps,
    /// The last few stamps of the first stream of sound, and where their packets lie; then its end.
    sound_tail: [Option<(Stamp, u64)>; RECENT],
    sound_end: Option<Stamp>,
    /// Where the packets with the last few of those lie.
    recent: [Option<u64>; RECENT],
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if it has no start codes; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let start: [u8; 4] = r.array()?;
    r.seek(0)?;
    if start == [0, 0, 1, mpeg2::SEQUENCE] {
        return bare(r, media);
    }
    media.mime = Some(Mime::MPEG_PS);
    let mut film = Film::default();
    let outcome = film
        .head(r)
        .and_then(|()| film.tail(r))
        .and_then(|()| film.behind(r))
        .and_then(|()| film.sound_to_the_end(r));
    film.describe(r.len(), media);
    outcome
}

/// Pictures alone, without packets: no time is told.
fn bare(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut bytes = [0; BLOCK];
    let video = mpeg2::sequence(r.read_some(&mut bytes)?);
    let streams = Streams {
        video: Some(video.unwrap_or_default()),
        ..Streams::default()
    };
    streams.describe(media);
    media.mime = Some(Mime::MPEG_PS);
    Ok(())
}

/// Goes behind the pack or packet that starts here with `code`; of a packet with a header, that and the payload.
fn payload<'a>(r: &mut Reader<'a>, code: u8) -> Result<Option<(pes::Header, Reader<'a>)>, Error> {
    let mut packet = r.clone();
    r.skip(4)?;
    if matches!(code, PACK | END) || r.remaining() < 2 {
        return Ok(None);
    }
    let len = u64::from(r.be_u16()?).min(r.remaining());
    r.skip(len)?;
    let mut packet = packet.sub(6 + len)?;
    let mut bytes = [0; PES_HEADER_BYTES];
    let header = pes::header(packet.read_some(&mut bytes)?);
    let header = header.filter(|header| packet.seek(header.len as u64).is_ok());
    Ok(header.map(|header| (header, packet)))
}

/// Goes to the next start code that a program stream can have; `None` at the end. `r` then stands on it.
fn next_code(r: &mut Reader<'_>, end: u64) -> Result<Option<u8>, Error> {
    let mut bytes = [0; SEARCHED_BYTES];
    while r.remaining() >= 4 && r.position() < end {
        let at = r.position();
        // Mostly it is right here.
        if let [0, 0, 1, code @ END..=255] = r.clone().array()? {
            return Ok(Some(code));
        }
        let block = r.read_some(&mut bytes)?;
        let found = (at..)
            .zip(block.windows(4))
            .find(|(_, w)| w.starts_with(&[0, 0, 1]) && w.last() >= Some(&END));
        if let Some((at, window)) = found {
            r.seek(at)?;
            return Ok(window.last().copied());
        }
        let read = block.len() as u64;
        r.seek(at + read.saturating_sub(3).max(1))?;
    }
    Ok(None)
}

impl Film {
    fn head(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let mut codes = 0;
        while let Some(code) = next_code(r, HEAD_BYTES)? {
            codes += 1;
            match code {
                END => break,
                PACK => self.pack(r)?,
                _ => self.packet(r, code)?,
            }
            if r.position() >= TRACKS_BYTES && self.is_known() {
                break;
            }
        }
        self.look();
        if codes == 0 {
            return Err(Error::Malformed("program stream: no start codes"));
        }
        Ok(())
    }

    fn is_known(&mut self) -> bool {
        self.look();
        self.pictures.is_some() && self.sounds.iter().all(|s| s.2.is_some()) && self.head.count > 0
    }

    /// `01` and 33 bits of clock in MPEG-2, `0010` and 33 bits in MPEG-1; then 22 bits of rate in 50 bytes per second.
    fn pack(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        r.skip(4)?;
        let mut bytes = [0; 10];
        let bytes = r.clone().read_some(&mut bytes)?.to_vec();
        let rate = |a: u8, b: u8, c: u8| {
            (u64::from(a) << 16 | u64::from(b) << 8 | u64::from(c)) & 0x3F_FFFF
        };
        match *bytes.as_slice() {
            [first, _, _, _, _, _, a, b, c, stuffing] if first & 0xC0 == 0x40 => {
                self.mpeg2 = true;
                self.mux_rate = self.mux_rate.max(50 * (rate(a, b, c) >> 2));
                r.skip((10 + u64::from(stuffing & 7)).min(r.remaining()))
            }
            [first, _, _, _, _, a, b, c, ..] if first & 0xF0 == 0x20 => {
                self.mux_rate = self.mux_rate.max(50 * (rate(a, b, c) >> 1));
                r.skip(8)
            }
            _ => Ok(()),
        }
    }

    /// A packet: pictures, sound or private data is gathered, all else passed over.
    fn packet(&mut self, r: &mut Reader<'_>, code: u8) -> Result<(), Error> {
        let Some((header, mut packet)) = payload(r, code)? else {
            return Ok(());
        };
        if !matches!(code, PRIVATE_1 | 0xC0..=0xEF) {
            return Ok(());
        }
        let mut payload = [0; BLOCK];
        let payload = packet.read_some(&mut payload)?;
        match code {
            0xE0..=0xEF => self.take_video(code, payload, header.stamp),
            0xC0..=0xDF => self.take_sound(Id(code, 0), payload),
            _ => self.take_private(payload),
        }
        if let (Some((Id(first, _), ..)), Some(stamp)) = (self.sounds.first(), header.stamp)
            && *first == code
        {
            self.sound_head.add(stamp);
        }
        Ok(())
    }

    fn take_video(&mut self, code: u8, payload: &[u8], stamp: Option<Stamp>) {
        let (first, es) = self.video.get_or_insert_with(|| (code, Vec::new()));
        if *first != code {
            return;
        }
        if es.len() < GATHERED_BYTES {
            es.extend(payload);
        }
        if let Some(stamp) = stamp {
            self.head.add(stamp);
        }
    }

    fn take_sound(&mut self, id: Id, payload: &[u8]) {
        if let Some((_, es, _)) = self.sounds.iter_mut().find(|s| s.0 == id) {
            if es.len() < GATHERED_BYTES {
                es.extend(payload);
            }
        } else if self.sounds.len() < Streams::MOST {
            self.sounds.push((id, payload.to_vec(), None));
        }
    }

    /// DVD: a byte of number, then for sound one of frames and two that point to the first frame.
    fn take_private(&mut self, payload: &[u8]) {
        let &[number, ref rest @ ..] = payload else {
            return;
        };
        let id = Id(PRIVATE_1, number);
        match number {
            0x20..=0x3F if !self.captions.contains(&id) && self.captions.len() < Streams::MOST => {
                self.captions.push(id);
            }
            0x80..=0x8F | 0xA0..=0xA7 => {
                let linear = number >= 0xA0;
                let pointer = rest
                    .get(1..3)
                    .map_or(0, |p| p.iter().fold(0, |n, b| n << 8 | usize::from(*b)));
                let behind = rest.get(3..).unwrap_or_default();
                let frame = if linear {
                    Some(behind)
                } else {
                    behind.get(pointer.saturating_sub(1)..)
                };
                // The first packet with a frame in it says it all; others would not fit behind it.
                let known = self.sounds.iter().any(|s| s.0 == id);
                if let Some(frame) = frame.filter(|_| !known) {
                    self.take_sound(id, frame);
                }
            }
            // Recorders that leave out the number.
            0x0B if rest.first() == Some(&0x77) => self.take_sound(Id(PRIVATE_1, 0x80), payload),
            _ => {}
        }
    }

    /// Understands what has been gathered.
    fn look(&mut self) {
        if self.pictures.is_none()
            && let Some((_, es)) = &self.video
        {
            self.pictures = [VideoCodec::Mpeg2, VideoCodec::H264]
                .into_iter()
                .find_map(|codec| elementary::video(codec, es));
        }
        for (id, es, sound) in &mut self.sounds {
            if sound.is_none() {
                *sound = match id {
                    Id(PRIVATE_1, 0x80..=0x87) => elementary::sound(AudioCodec::Ac3, es),
                    Id(PRIVATE_1, 0x88..=0x8F) => elementary::sound(AudioCodec::Dts, es),
                    Id(PRIVATE_1, _) => dvd_lpcm(es),
                    Id(..) => elementary::sound(AudioCodec::Mp2, es),
                };
            }
        }
    }

    /// The last time stamps of the pictures, or of the sound where there are none.
    fn tail(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let pictures = self.video.as_ref().map(|v| v.0);
        let sound = self.sounds.first().map(|s| s.0.0);
        let Some(wanted) = pictures.or(sound) else {
            return Ok(());
        };
        for span in TAIL_BYTES {
            r.seek(r.len().saturating_sub(span))?;
            while let Some(code) = next_code(r, u64::MAX)? {
                if code == wanted || Some(code) == sound {
                    let mut bytes = [0; PES_HEADER_BYTES];
                    let stamp = pes::header(r.clone().read_some(&mut bytes)?).and_then(|h| h.stamp);
                    if let Some(stamp) = stamp.filter(|_| Some(code) == sound) {
                        self.sound_tail.rotate_right(1);
                        if let Some(newest) = self.sound_tail.first_mut() {
                            *newest = Some((stamp, r.position()));
                        }
                    }
                    if let Some(stamp) = stamp.filter(|_| code == wanted) {
                        self.tail.add(stamp);
                        self.recent.rotate_right(1);
                        if let Some(newest) = self.recent.first_mut() {
                            *newest = Some(r.position());
                        }
                    }
                }
                // Their own start codes are below these: what is found is a packet, and its length is true.
                let mut ahead = r.clone();
                ahead.skip(4)?;
                let len = match code {
                    PACK | END => 0,
                    _ => ahead.be_u16().unwrap_or(0),
                };
                r.skip((4 + u64::from(len)).min(r.remaining()))?;
            }
            if self.tail.count > 0 {
                break;
            }
        }
        Ok(())
    }

    /// Counts the pictures that have no stamp of their own behind the last that have one.
    fn behind(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let is_numbered =
            |video: &&Video| matches!(video.codec, Some(VideoCodec::Mpeg1 | VideoCodec::Mpeg2));
        let pictures = self.pictures.as_ref().filter(is_numbered);
        let rate = pictures.and_then(|video| video.frame_rate);
        let (Some((wanted, _)), Some(rate)) = (&self.video, rate) else {
            return Ok(());
        };
        let end = r.len();
        let is_near = |at: &&u64| end.saturating_sub(**at) <= BEHIND_BYTES;
        let Some(at) = self.recent.iter().rev().flatten().find(is_near) else {
            return Ok(());
        };
        let (wanted, mut behind, mut stamped) = (*wanted, Behind::default(), None);
        r.seek(*at)?;
        while let Some(code) = next_code(r, u64::MAX)? {
            let Some((header, mut packet)) = payload(r, code)?.filter(|_| code == wanted) else {
                continue;
            };
            if header.stamp.is_some() {
                (behind, stamped) = (Behind::default(), header.stamp);
            }
            let mut bytes = [0; BLOCK];
            while packet.remaining() > 0 {
                behind.take(packet.read_some(&mut bytes)?);
            }
            if let Some(stamp) = stamped {
                let pictures = u64::from(behind.pictures());
                self.tail
                    .add(stamp.after(rate.nanos().saturating_mul(pictures)));
            }
        }
        Ok(())
    }

    /// Adds up the frames of MPEG audio from one of its last stamps on.
    fn sound_to_the_end(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        const BYTES: usize = 64 * 1024;
        let first = self.sounds.first().map(|sound| sound.0.0);
        // One frame alone is not believed: the last stamp but a few has more behind it.
        let mut recent = self.sound_tail.iter().rev().flatten();
        let Some((stamp, at)) = recent.next().copied() else {
            return Ok(());
        };
        let (Some(wanted @ 0xC0..=0xDF), mut frames) = (first, Vec::new()) else {
            return Ok(());
        };
        r.seek(at)?;
        while let Some(code) = next_code(r, u64::MAX)? {
            let Some((_, mut packet)) = payload(r, code)?.filter(|_| code == wanted) else {
                continue;
            };
            let mut bytes = [0; BLOCK];
            while packet.remaining() > 0 && frames.len() < BYTES {
                frames.extend_from_slice(packet.read_some(&mut bytes)?);
            }
        }
        let nanos = mp3::time_in(&frames).and_then(|time| u64::try_from(time.as_nanos()).ok());
        self.sound_end = nanos.map(|nanos| stamp.after(nanos));
        Ok(())
    }

    /// `played`, which is from the stamp `first` on, and the sound that begins before it or ends behind it: never much, or it
    /// is not of this film.
    fn with_sound(&self, played: Duration, first: Stamp) -> Duration {
        const MOST: Duration = Duration::from_secs(1);
        let (Some(end), Some(start)) = (self.sound_end, self.sound_head.first) else {
            return played;
        };
        let behind = end.since(first).and_then(|end| end.checked_sub(played));
        let before = first.since(start);
        let few = |time: Option<Duration>| time.filter(|time| *time < MOST).unwrap_or_default();
        played + few(behind) + few(before)
    }

    fn describe(&self, len: u64, media: &mut Media) {
        let streams = Streams {
            video: self
                .video
                .as_ref()
                .map(|_| self.pictures.clone().unwrap_or_default()),
            sounds: self.sounds.iter().map(heard).collect(),
            captions: vec![Language::UNKNOWN; self.captions.len()],
        };
        streams.describe(media);
        // Streams that were not found say nothing about the pictures.
        media.class = media.class.or(Some(Class::Video));
        // Of sound, a packet holds several frames, and who knows how many the last one has.
        let picture = match &streams.video {
            Some(video) => video.frame_rate.map(FrameRate::nanos),
            None => Some(0),
        };
        let head = match &self.video {
            Some(_) => &self.head,
            None => &self.sound_head,
        };
        let played = pes::play_time(head, &self.tail, picture);
        let played = played.zip(head.first);
        let played = played.map(|(played, first)| self.with_sound(played, first));
        media.duration = played.filter(|d| {
            // Chapters of a disc start their clocks anew: a time in which the packs could not have passed is none.
            let most = u128::from(self.mux_rate) * d.as_millis() / 1000 * 4;
            self.mux_rate == 0 || most >= u128::from(len)
        });
        media.profile = profile::program_stream(&streams, self.mpeg2);
    }
}

fn heard((id, _, told): &(Id, Vec<u8>, Option<Sound>)) -> Sound {
    let mut sound = Sound::of(Some(match id {
        Id(PRIVATE_1, 0x80..=0x87) => AudioCodec::Ac3,
        Id(PRIVATE_1, 0x88..=0x8F) => AudioCodec::Dts,
        Id(PRIVATE_1, _) => AudioCodec::Lpcm,
        Id(..) => AudioCodec::Mp2,
    }));
    if let Some(told) = told {
        sound.refine(told);
    }
    sound
}

/// Behind the pointer: 1 byte of emphasis and number, then 2 bits of depth, 2 of rate, 1, 3 of channels less one.
fn dvd_lpcm(es: &[u8]) -> Option<Sound> {
    let &[_, packed, ..] = es else {
        return None;
    };
    let rate = [48_000, 96_000, 44_100, 32_000]
        .get(usize::from((packed >> 4) & 3))
        .copied();
    Some(Sound {
        sample_rate: rate,
        channels: Some((packed & 7) + 1),
        bits_per_sample: [Some(16), Some(20), Some(24), None]
            .get(usize::from(packed >> 6))
            .copied()
            .flatten(),
        ..Sound::of(Some(AudioCodec::Lpcm))
    })
}

#[cfg(test)]
#[path = "mpegps_tests.rs"]
mod tests;
