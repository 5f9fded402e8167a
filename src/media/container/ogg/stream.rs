//! What the first packet of a stream says: Vorbis, Opus, Speex, FLAC, Theora, VP8, and the films of OGM.
//!
//! References: "Vorbis I specification" §4.2.2; RFC 7845 §5.1; "Speex manual" §7.1; "Ogg FLAC mapping"; "Theora
//! specification" §6.2. VP8's mapping and OGM were never described.

use std::time::Duration;

use super::page::Packet;
use crate::limits;
use crate::media::Media;
use crate::media::art::{self, packed::Packing};
use crate::media::container::{flac, play_time};
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::vorbis::{self, Bytes};

/// Blocks of FLAC behind the comments that are looked at.
const BLOCKS: usize = 128;
/// Bytes of a picture block that tell what it is: numbers, media type, description.
const BLOCK_HEAD_BYTES: u64 = 1088;

/// One stream that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) serial: u32,
    pub(super) coding: Coding,
    clock: Clock,
    /// Samples that one packet holds at most.
    packet_samples: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Vorbis,
    Opus,
    Speex,
    Flac,
    Theora,
    Vp8,
    Ogm,
}

/// What a granule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    /// Samples at a rate, `skip` of which come before the first that is heard.
    Samples { rate: u32, skip: u64 },
    /// Key frames above `shift`, frames since the key frame below; `frames` of them in `secs` seconds.
    Frames { shift: u32, frames: u32, secs: u32 },
    /// The upper half counts pictures, of which `frames` are shown in `secs` seconds.
    Upper { frames: u32, secs: u32 },
    /// Frames of so many nanoseconds.
    Nanos { frame: u64 },
}

impl Coding {
    pub(super) fn is_video(self) -> bool {
        matches!(self, Self::Theora | Self::Vp8 | Self::Ogm)
    }

    pub(super) fn mime(self) -> Mime {
        match self {
            Self::Vorbis | Self::Flac => Mime::OGG,
            Self::Opus => Mime::OPUS,
            Self::Speex => Mime::SPEEX,
            Self::Theora | Self::Vp8 | Self::Ogm => Mime::OGV,
        }
    }
}

impl Stream {
    /// Reads the first packet, all of `r`; `None` for a stream of another kind. What it says of the sound or the picture
    /// goes into `media` where nothing stands yet.
    ///
    /// # Errors
    /// [`Error::Malformed`] for rates and sizes that cannot be; errors of the reader.
    pub(super) fn read(
        serial: u32,
        r: &mut Reader<'_>,
        media: &mut Media,
    ) -> Result<Option<Self>, Error> {
        let mut name = [0; 8];
        let name: &[u8] = r.clone().read_some(&mut name)?;
        let (coding, clock, packet_samples) = match name {
            [1, b'v', b'o', b'r', b'b', b'i', b's', ..] => vorbis_header(r, media)?,
            b"OpusHead" => opus_header(r, media)?,
            b"Speex   " => speex_header(r, media)?,
            [0x7F, b'F', b'L', b'A', b'C', ..] => flac_header(r, media)?,
            [0x80, b't', b'h', b'e', b'o', b'r', b'a', ..] => theora_header(r, media)?,
            [0x4F, b'V', b'P', b'8', b'0', 1, ..] => vp8_header(r, media)?,
            [1, b'v', b'i', b'd', b'e', b'o', ..] => ogm_header(r, media)?,
            _ => return Ok(None),
        };
        Ok(Some(Self {
            serial,
            coding,
            clock,
            packet_samples,
        }))
    }

    /// Reads the comments out of the second packet.
    ///
    /// # Errors
    /// [`Error::Malformed`] if they are not there; errors of the packet.
    pub(super) fn comments(
        &self,
        packet: &mut Packet<'_, '_>,
        media: &mut Media,
    ) -> Result<(), Error> {
        let is_last = self.to_comments(packet)?;
        vorbis::read(packet, media)?;
        if self.coding == Coding::Flac && !is_last {
            return blocks(packet, |packet, at, len| {
                let kept = len.min(BLOCK_HEAD_BYTES);
                let mut head = vec![0; usize::try_from(kept).map_err(|_| Error::Limit)?];
                packet.read_exact(&mut head)?;
                if let Some(found) = Packing::Block.look(&head, len, 0, at) {
                    art::offer(&mut media.art, found);
                }
                Ok(None::<()>)
            })
            .map(drop);
        }
        Ok(())
    }

    /// The picture that [`Stream::comments`] found at `at` of the file.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none; errors of the packet.
    pub(super) fn picture(&self, packet: &mut Packet<'_, '_>, at: u64) -> Result<Vec<u8>, Error> {
        let is_last = self.to_comments(packet)?;
        match vorbis::picture(packet, at) {
            Err(Error::Malformed(_)) if self.coding == Coding::Flac && !is_last => {}
            found => return found,
        }
        blocks(packet, |packet, place, len| {
            if place != at {
                return Ok(None);
            }
            if len > limits::PACKED_ART_BYTES {
                return Err(Error::Limit);
            }
            let mut block = vec![0; usize::try_from(len).map_err(|_| Error::Limit)?];
            packet.read_exact(&mut block)?;
            Packing::Block.unpack(block).map(Some)
        })?
        .ok_or(Error::Malformed("picture"))
    }

    /// Goes behind the name that comments start with; says whether FLAC calls it the last of its blocks.
    fn to_comments(&self, packet: &mut impl Bytes) -> Result<bool, Error> {
        let mut start = [0; 8];
        let (start, name): (&mut [u8], &[u8]) = match self.coding {
            Coding::Vorbis | Coding::Ogm => (&mut start[..7], b"\x03vorbis"),
            Coding::Theora => (&mut start[..7], b"\x81theora"),
            Coding::Vp8 => (&mut start[..7], b"OVP80\x02 "),
            Coding::Opus => (&mut start[..8], b"OpusTags"),
            // A header of a metadata block: kind 4, and whether it is the last.
            Coding::Flac => (&mut start[..4], b"\x04"),
            Coding::Speex => (&mut start[..0], b""),
        };
        packet.read_exact(start)?;
        let mut is_last = false;
        if let (Coding::Flac, Some(kind)) = (self.coding, start.first_mut()) {
            is_last = *kind & 0x80 != 0;
            *kind &= 0x7F;
        }
        if !start.starts_with(name) {
            return Err(Error::Malformed("Ogg comments"));
        }
        Ok(is_last)
    }

    /// Where the stream starts, told by the first page on which a packet ends: at 0, if that many packets can hold all up
    /// to there; else it was cut out of a longer one, and the page itself, a fraction of a second, is given up.
    pub(super) fn start(&self, granule: u64, packets: u64) -> u64 {
        let most = self.packet_samples.saturating_mul(packets);
        match self.clock {
            Clock::Samples { .. } if granule > most => granule,
            _ => 0,
        }
    }

    /// The time from which a decoder is heard that begins behind `granule`.
    pub(super) fn heard_from(&self, start: u64, granule: u64) -> Duration {
        if granule <= start {
            return Duration::ZERO;
        }
        let later = granule.saturating_add(self.packet_samples);
        self.play_time(start, later).unwrap_or_default()
    }

    /// Play time between two granules.
    pub(super) fn play_time(&self, start: u64, end: u64) -> Option<Duration> {
        match self.clock {
            Clock::Samples { rate, skip } => {
                let skip = if start == 0 { skip } else { 0 };
                play_time(end.checked_sub(start)?.checked_sub(skip)?, rate)
            }
            Clock::Frames {
                shift,
                frames,
                secs,
            } => {
                let since_key = end & ((1 << shift) - 1);
                let all = (end >> shift).checked_add(since_key)?;
                play_time(all.checked_mul(u64::from(secs))?, frames)
            }
            Clock::Upper { frames, secs } => {
                play_time((end >> 32).checked_mul(u64::from(secs))?, frames)
            }
            Clock::Nanos { frame } => play_time(end.checked_mul(frame)?, 1_000_000_000),
        }
    }
}

/// Calls `see` with the place and length of each picture block of FLAC behind the comments, until it has an answer.
fn blocks<T>(
    packet: &mut Packet<'_, '_>,
    mut see: impl FnMut(&mut Packet<'_, '_>, u64, u64) -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    const PICTURE: u8 = 6;
    for _ in 0..BLOCKS {
        packet.next()?;
        let mut header = [0; 4];
        packet.read_exact(&mut header)?;
        let [kind, len @ ..] = header;
        let len = len.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        if kind & 0x7F == PICTURE
            && let Some(at) = packet.place()
            && let Some(found) = see(packet, at, len)?
        {
            return Ok(Some(found));
        }
        if kind & 0x80 != 0 {
            break;
        }
    }
    Ok(None)
}

type Header = (Coding, Clock, u64);

fn sound(media: &mut Media, rate: u32, channels: u8) -> Result<(), Error> {
    if rate == 0 || channels == 0 {
        return Err(Error::Malformed("Ogg sound header"));
    }
    if media.sample_rate.is_none() {
        (media.sample_rate, media.channels) = (Some(rate), Some(channels));
    }
    Ok(())
}

fn picture(media: &mut Media, width: u32, height: u32) {
    if media.width.is_none() && width > 0 && height > 0 {
        (media.width, media.height) = (Some(width), Some(height));
    }
}

/// Version, channels, rate, three bit rates, two block sizes as powers of two.
fn vorbis_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    r.skip(7 + 4)?;
    let channels = r.byte()?;
    let rate = r.le_u32()?;
    r.skip(12)?;
    let longest = r.byte()? >> 4;
    sound(media, rate, channels)?;
    let clock = Clock::Samples { rate, skip: 0 };
    Ok((Coding::Vorbis, clock, 1 << longest))
}

/// Version, channels, samples to skip. Whatever the source had, the rate is 48 kHz.
fn opus_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    const RATE: u32 = 48_000;
    const PACKET_SAMPLES: u64 = 5760;
    r.skip(8 + 1)?;
    let channels = r.byte()?;
    let skip = u64::from(r.le_u16()?);
    sound(media, RATE, channels)?;
    Ok((
        Coding::Opus,
        Clock::Samples { rate: RATE, skip },
        PACKET_SAMPLES,
    ))
}

/// Name, version in words, number, header size; rate, mode, mode version, channels, bit rate, frame size, VBR, frames.
fn speex_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    r.skip(8 + 20 + 4 + 4)?;
    let rate = r.le_u32()?;
    r.skip(8)?;
    let channels = r.le_u32()?;
    r.skip(4)?;
    let frame_samples = u64::from(r.le_u32()?);
    r.skip(4)?;
    let frames = u64::from(r.le_u32()?);
    sound(media, rate, u8::try_from(channels).unwrap_or(0))?;
    let clock = Clock::Samples { rate, skip: 0 };
    Ok((Coding::Speex, clock, frame_samples.saturating_mul(frames)))
}

/// Name, mapping version, number of header packets, FLAC's own magic, the block of stream information.
fn flac_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    r.skip(5 + 2 + 2 + 4 + 4)?;
    let mut block = r.clone();
    block.skip(2)?;
    let packet_samples = u64::from(block.be_u16()?);
    let mut stated = Media::default();
    flac::stream_info(r, &mut stated)?;
    let rate = stated.sample_rate.unwrap_or(0);
    if media.sample_rate.is_none() {
        media.bits_per_sample = stated.bits_per_sample;
    }
    sound(media, rate, stated.channels.unwrap_or(0))?;
    let clock = Clock::Samples { rate, skip: 0 };
    Ok((Coding::Flac, clock, packet_samples))
}

/// Version, size in blocks, size and place of the picture, frame rate, pixel shape, colours, bit rate, then 6 bits of
/// quality and 5 of shift.
fn theora_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    r.skip(7 + 3 + 4)?;
    let (width, height) = (r.be_u24()?, r.be_u24()?);
    r.skip(2)?;
    let (frames, secs) = (r.be_u32()?, r.be_u32()?);
    r.skip(3 + 3 + 1 + 3)?;
    let shift = u32::from((r.be_u16()? >> 5) & 31);
    if frames == 0 || secs == 0 {
        return Err(Error::Malformed("Theora frame rate"));
    }
    picture(media, width, height);
    let clock = Clock::Frames {
        shift,
        frames,
        secs,
    };
    Ok((Coding::Theora, clock, 1))
}

/// Name, version in two bytes, size of the picture, pixel shape, frame rate.
fn vp8_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    r.skip(6 + 2)?;
    let (width, height) = (r.be_u16()?, r.be_u16()?);
    r.skip(3 + 3)?;
    let (frames, secs) = (r.be_u32()?, r.be_u32()?);
    picture(media, u32::from(width), u32::from(height));
    Ok((Coding::Vp8, Clock::Upper { frames, secs }, 1))
}

/// Kind, coding, size of this, time of a frame in 100 ns; samples, lengths, bits; width, height.
fn ogm_header(r: &mut Reader<'_>, media: &mut Media) -> Result<Header, Error> {
    r.skip(1 + 8 + 4 + 4)?;
    let frame = r.le_u64()?.saturating_mul(100);
    r.skip(8 + 4 + 4 + 2 + 2)?;
    let (width, height) = (r.le_u32()?, r.le_u32()?);
    if width <= 0xFFFF && height <= 0xFFFF {
        picture(media, width, height);
    }
    Ok((Coding::Ogm, Clock::Nanos { frame }, 1))
}
