//! MPEG-2 transport streams (ISO/IEC 13818-1 §2.4) in packets of 188, 192 (with time stamps: Blu-ray, AVCHD, DLNA) and 204
//! bytes. The start tells the streams, the end the play time; what lies between is never read.

pub(crate) mod seek;
mod tables;

use self::tables::{Entry, Kind, Section};
use super::pes::{self, Stamps};
use crate::media::codec::{
    AudioCodec, FrameRate, Language, Sound, Streams, Video, VideoCodec, elementary,
};
use crate::media::mime::Mime;
use crate::media::profile::{self, Packets};
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

const SYNC: u8 = 0x47;
const PACKET_BYTES: usize = 188;
/// Packets in a row that must start with the mark.
const CHAIN: u64 = 5;
/// Bytes from the start that are read until everything is known, and how far behind the pictures the rest is waited for.
const HEAD_BYTES: u64 = 2 * 1024 * 1024;
const PATIENCE_BYTES: u64 = 512 * 1024;
/// Time stamps of pictures after which the earliest is known: they come in the order of decoding.
const FIRST_STAMPS: u32 = 6;
/// Bytes at the end that are searched for the last time stamps, less first.
const TAIL_BYTES: [u64; 2] = [192 * 1024, 2 * 1024 * 1024];
/// Packets of a stream of sound that are looked at.
const SOUND_ATTEMPTS: u32 = 4;
/// Bytes of a stream, from the start of a packet of it, that are looked at.
const GATHERED_BYTES: usize = 4096;

/// How packets lie in the file.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    /// Position of the first mark.
    first: u64,
    /// Bytes from one mark to the next.
    stride: u64,
}

/// One stream of the program.
struct Stream {
    entry: Entry,
    es: Vec<u8>,
    gathering: bool,
    /// How often it has been looked at in vain.
    attempts: u32,
    stamps: Stamps,
    video: Option<Video>,
    sound: Option<Sound>,
}

/// What has been found so far.
#[derive(Default)]
struct Film {
    map_pid: Option<u16>,
    association: Section,
    map: Section,
    streams: Vec<Stream>,
    mapped: bool,
    /// One of the time stamps in front of the packets is not zero.
    stamped: bool,
    tail: Stamps,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if no packets are found; errors of the reader. What could be read is in `media` all the same.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let layout = layout(r)?;
    media.mime = Some(if layout.stride == 192 {
        Mime::M2TS
    } else {
        Mime::MPEG_TS
    });
    let mut film = Film::default();
    let outcome = film.head(r, layout);
    let outcome = outcome.and_then(|()| film.tail(r, layout));
    film.describe(r.len(), layout, media);
    outcome
}

/// The distance of the marks, and where the first is: several in a row, or all there are in a short file.
fn layout(r: &mut Reader<'_>) -> Result<Layout, Error> {
    const SEARCHED: usize = 2048;
    let mut bytes = [0; SEARCHED];
    let bytes = r.read_some(&mut bytes)?;
    for first in 0..208_u64 {
        for stride in [188, 192, 204] {
            let mark = |k: u64| {
                let at = usize::try_from(first + k * stride).unwrap_or(usize::MAX);
                bytes.get(at).is_none_or(|b| *b == SYNC)
            };
            let enough = bytes.len() as u64 > first + 2 * stride || bytes.len() as u64 == stride;
            if enough && (0..CHAIN).all(mark) {
                return Ok(Layout { first, stride });
            }
        }
    }
    Err(Error::Malformed("transport stream: no packets"))
}

/// One packet (§2.4.3.2): the number of its stream, whether something starts in it, its payload.
fn packet(bytes: &[u8; PACKET_BYTES]) -> Option<(u16, bool, &[u8])> {
    let &[SYNC, a, b, flags, adaptation, ..] = bytes else {
        return None;
    };
    // With errors, scrambled, or without payload.
    if a & 0x80 != 0 || flags & 0xC0 != 0 || flags & 0x10 == 0 {
        return None;
    }
    let skipped = if flags & 0x20 != 0 {
        5 + usize::from(adaptation)
    } else {
        4
    };
    let pid = u16::from_be_bytes([a & 0x1F, b]);
    Some((pid, a & 0x40 != 0, bytes.get(skipped..)?))
}

impl Film {
    fn head(&mut self, r: &mut Reader<'_>, layout: Layout) -> Result<(), Error> {
        let mut known_at = None;
        r.seek(layout.first)?;
        while r.remaining() >= PACKET_BYTES as u64 && r.position() < HEAD_BYTES {
            if layout.stride == 192 && !self.stamped && r.position() >= 4 {
                r.seek(r.position() - 4)?;
                // 2 bits of copy permission in front (DLNA's and Blu-ray's four bytes).
                self.stamped = r.be_u32()? << 2 != 0;
            }
            let bytes = r.array()?;
            if let Some((pid, starts, payload)) = packet(&bytes) {
                self.take(pid, starts, payload);
            }
            if self.mapped && self.streams.iter().all(Stream::is_known) {
                return Ok(());
            }
            if known_at.is_none() && self.streams.iter().any(Stream::has_pictures) {
                known_at = Some(r.position());
            }
            if known_at.is_some_and(|at| r.position() - at > PATIENCE_BYTES) {
                return Ok(());
            }
            let gap = layout.stride - PACKET_BYTES as u64;
            r.skip(gap.min(r.remaining()))?;
        }
        // What the last packet began is all there is.
        self.streams.iter_mut().for_each(Stream::look);
        Ok(())
    }

    fn take(&mut self, pid: u16, starts: bool, payload: &[u8]) {
        if pid == 0 && self.map_pid.is_none() {
            self.map_pid = self
                .association
                .add(payload, starts)
                .and_then(tables::association);
        } else if Some(pid) == self.map_pid && !self.mapped {
            if let Some(entries) = self.map.add(payload, starts).and_then(tables::map) {
                self.mapped = true;
                let streams = entries.into_iter().take(3 * Streams::MOST);
                self.streams = streams.map(Stream::new).collect();
            }
        } else if let Some(stream) = self.streams.iter_mut().find(|s| s.entry.pid == pid) {
            stream.take(payload, starts);
        }
    }

    /// The last time stamps of the stream that gives the play time.
    fn tail(&mut self, r: &mut Reader<'_>, layout: Layout) -> Result<(), Error> {
        let Some(pid) = self.clock().map(|s| s.entry.pid) else {
            return Ok(());
        };
        for span in TAIL_BYTES {
            // On a mark again.
            let from = r.len().saturating_sub(span).max(layout.first);
            let packets = (from - layout.first) / layout.stride;
            r.seek(layout.first + packets * layout.stride)?;
            while r.remaining() >= PACKET_BYTES as u64 {
                let bytes = r.array()?;
                if let Some((found, true, payload)) = packet(&bytes)
                    && found == pid
                {
                    let stamp = pes::header(payload).and_then(|h| h.stamp);
                    if let Some(stamp) = stamp {
                        self.tail.add(stamp);
                    }
                }
                let gap = layout.stride - PACKET_BYTES as u64;
                r.skip(gap.min(r.remaining()))?;
            }
            if self.tail.count > 0 {
                break;
            }
        }
        Ok(())
    }

    /// The first stream of pictures, or of sound where there is none.
    fn clock(&self) -> Option<&Stream> {
        let pictures = self
            .streams
            .iter()
            .find(|s| matches!(s.entry.kind, Kind::Video(_)));
        let sound = || self.streams.iter().find(|s| s.entry.kind != Kind::Caption);
        pictures.or_else(sound).filter(|s| s.stamps.count > 0)
    }

    fn describe(&self, len: u64, layout: Layout, media: &mut Media) {
        let streams = Streams {
            video: self.streams.iter().find_map(Stream::pictures),
            sounds: self
                .streams
                .iter()
                .filter_map(Stream::heard)
                .take(Streams::MOST)
                .collect(),
            captions: self.captions(),
        };
        streams.describe(media);
        // A map that was not found says nothing about the pictures.
        media.class = media.class.or(Some(Class::Video));
        if let Some(clock) = self.clock() {
            // Of sound, a packet holds several frames, and who knows how many the last one has.
            let picture = match &streams.video {
                Some(video) => video.frame_rate.map(FrameRate::nanos),
                None => Some(0),
            };
            media.duration = pes::play_time(&clock.stamps, &self.tail, picture);
        }
        let packets = match (layout.stride, self.stamped) {
            (188, _) => Packets::Plain,
            (192, true) => Packets::Stamped,
            (192, false) => Packets::Unstamped,
            _ => return,
        };
        let rate = media.duration.and_then(|d| super::bytes_per_sec(len, d));
        media.profile =
            profile::transport_stream(&streams, packets, rate.map(|r| r.saturating_mul(8)));
    }

    fn captions(&self) -> Vec<Language> {
        let shown = self
            .streams
            .iter()
            .filter(|s| s.entry.kind == Kind::Caption);
        shown
            .map(|s| s.entry.language)
            .take(Streams::MOST)
            .collect()
    }
}

impl Stream {
    fn new(entry: Entry) -> Self {
        Self {
            entry,
            es: Vec::new(),
            gathering: false,
            attempts: 0,
            stamps: Stamps::default(),
            video: None,
            sound: None,
        }
    }

    /// Takes the payload of a transport packet.
    fn take(&mut self, payload: &[u8], starts: bool) {
        if starts {
            self.look();
            self.es.clear();
            self.gathering = !self.is_told();
            let stamp = pes::header(payload).and_then(|h| h.stamp);
            if let Some(stamp) = stamp {
                self.stamps.add(stamp);
            }
        }
        if self.gathering {
            self.es.extend(payload);
            if self.es.len() >= GATHERED_BYTES {
                self.look();
            }
        }
    }

    /// Understands what has been gathered.
    fn look(&mut self) {
        if !std::mem::take(&mut self.gathering) {
            return;
        }
        let Some(es) = pes::header(&self.es).and_then(|h| self.es.get(h.len..)) else {
            return;
        };
        match self.entry.kind {
            Kind::Video(codec) => self.video = elementary::video(codec, es),
            Kind::Sound(codec) => self.sound = elementary::sound(codec, es),
            Kind::PerhapsDts => self.sound = elementary::sound(AudioCodec::Dts, es),
            Kind::BlurayLpcm => self.sound = bluray_lpcm(es),
            Kind::Caption => {}
        }
        self.attempts = self.attempts.saturating_add(1);
    }

    /// Whether the headers of its coding have been read, or never will be.
    fn is_told(&self) -> bool {
        match self.entry.kind {
            Kind::Video(codec) => self.video.is_some() || !readable(codec),
            Kind::Sound(codec) => self.is_heard() || !elementary::tells(codec),
            Kind::PerhapsDts | Kind::BlurayLpcm => self.is_heard(),
            Kind::Caption => true,
        }
    }

    /// Every packet of sound has a whole header; one that is not read in several never will be.
    fn is_heard(&self) -> bool {
        self.sound.is_some() || self.attempts >= SOUND_ATTEMPTS
    }

    fn is_known(&self) -> bool {
        let stamped = match self.entry.kind {
            Kind::Video(_) => self.stamps.count >= FIRST_STAMPS,
            Kind::Caption => true,
            Kind::Sound(_) | Kind::PerhapsDts | Kind::BlurayLpcm => self.stamps.count > 0,
        };
        stamped && self.is_told()
    }

    fn has_pictures(&self) -> bool {
        matches!(self.entry.kind, Kind::Video(_)) && self.is_known()
    }

    fn pictures(&self) -> Option<Video> {
        let Kind::Video(codec) = self.entry.kind else {
            return None;
        };
        let mut video = Video::of(Some(codec));
        if let Some(told) = &self.video {
            video.refine(told);
        }
        Some(video)
    }

    fn heard(&self) -> Option<Sound> {
        let codec = match self.entry.kind {
            Kind::Sound(codec) => codec,
            Kind::PerhapsDts if self.sound.is_some() => AudioCodec::Dts,
            Kind::BlurayLpcm => AudioCodec::Lpcm,
            Kind::Video(_) | Kind::PerhapsDts | Kind::Caption => return None,
        };
        let mut sound = Sound {
            language: self.entry.language,
            ..Sound::of(Some(codec))
        };
        if let Some(told) = &self.sound {
            sound.refine(told);
        }
        // The core that is read of it is not all of it.
        if codec == AudioCodec::DtsHd {
            sound.codec = Some(codec);
        }
        Some(sound)
    }
}

fn readable(codec: VideoCodec) -> bool {
    use VideoCodec::{H264, Hevc, Mpeg1, Mpeg2, Mpeg4};
    matches!(codec, Mpeg1 | Mpeg2 | Mpeg4 | H264 | Hevc)
}

/// 16 bits of size, 4 of arrangement, 4 of rate, 2 of depth.
fn bluray_lpcm(es: &[u8]) -> Option<Sound> {
    const CHANNELS: [u8; 12] = [0, 1, 0, 2, 3, 3, 4, 4, 5, 6, 7, 8];
    let &[_, _, packed, depth, ..] = es else {
        return None;
    };
    let rate = match packed & 15 {
        1 => 48_000,
        4 => 96_000,
        5 => 192_000,
        _ => return None,
    };
    let channels = CHANNELS
        .get(usize::from(packed >> 4))
        .copied()
        .filter(|c| *c > 0)?;
    Some(Sound {
        sample_rate: Some(rate),
        channels: Some(channels),
        bits_per_sample: [None, Some(16), Some(20), Some(24)]
            .get(usize::from(depth >> 6))
            .copied()
            .flatten(),
        ..Sound::of(Some(AudioCodec::Lpcm))
    })
}

#[cfg(test)]
mod tests;
