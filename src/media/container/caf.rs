//! CAF (Apple, "Core Audio Format Specification" 1.0): description, packet table, data and the `info` strings.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{date, number, put, text, utf8};
use crate::media::{Class, Media};

/// Chunks that are looked at.
const CHUNKS: usize = 64;
/// Strings of `info` that are looked at, and bytes of all of them.
const STRINGS: usize = 128;
const STRING_BYTES: u64 = 64 * 1024;

/// What the chunks have told so far.
#[derive(Default)]
struct Caf {
    rate: u32,
    bytes_per_packet: u32,
    frames_per_packet: u32,
    /// `pakt`: frames without those that only fill up.
    valid_frames: Option<u64>,
    data: Option<u64>,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without the magic; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if &r.array()? != b"caff" {
        return Err(Error::Malformed("CAF magic"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::CAF);
    r.skip(4)?;
    let mut caf = Caf::default();
    let outcome = chunks(r, &mut caf, media);
    media.duration = caf.play_time();
    outcome
}

/// Four letters and 64 bits of size; all ones means: to the end, and only of the data.
fn chunks(r: &mut Reader<'_>, caf: &mut Caf, media: &mut Media) -> Result<(), Error> {
    for _ in 0..CHUNKS {
        if r.remaining() < 12 {
            break;
        }
        let kind: [u8; 4] = r.array()?;
        let len = r.be_u64()?;
        let mut body = r.sub(len)?;
        match &kind {
            b"desc" => caf.description(&mut body, media)?,
            b"pakt" => {
                body.skip(8)?;
                caf.valid_frames = Some(body.be_u64()?);
            }
            b"data" => caf.data = Some(body.len().saturating_sub(4)),
            b"info" => strings(&mut body, media)?,
            _ => {}
        }
    }
    Ok(())
}

impl Caf {
    fn description(&mut self, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
        self.rate = whole_rate(r.be_u64()?).unwrap_or(0);
        let coding: [u8; 4] = r.array()?;
        r.skip(4)?;
        self.bytes_per_packet = r.be_u32()?;
        self.frames_per_packet = r.be_u32()?;
        let (channels, bits) = (r.be_u32()?, r.be_u32()?);
        media.sample_rate = (self.rate > 0).then_some(self.rate);
        media.channels = u8::try_from(channels).ok().filter(|n| *n > 0);
        if &coding == b"lpcm" {
            media.bits_per_sample = u8::try_from(bits).ok().filter(|n| (1..=64).contains(n));
        }
        Ok(())
    }

    /// By the packet table; without one all packets are of one size.
    fn play_time(&self) -> Option<std::time::Duration> {
        let by_size = || {
            let packets = self.data?.checked_div(u64::from(self.bytes_per_packet))?;
            packets.checked_mul(u64::from(self.frames_per_packet))
        };
        let frames = self.valid_frames.filter(|n| *n > 0).or_else(by_size)?;
        play_time(frames, self.rate)
    }
}

/// A double that is a whole positive number below 2^32.
fn whole_rate(bits: u64) -> Option<u32> {
    const MANTISSA_BITS: u64 = 52;
    let exponent = (bits >> MANTISSA_BITS).checked_sub(1023)?;
    let shift = MANTISSA_BITS.checked_sub(exponent)?;
    let mantissa = (bits & ((1 << MANTISSA_BITS) - 1)) | (1 << MANTISSA_BITS);
    u32::try_from(mantissa >> shift).ok()
}

/// A count, then names and values, each with a NUL behind it.
fn strings(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    r.skip(4)?;
    let bytes = r.bytes(r.remaining().min(STRING_BYTES))?;
    let mut parts = bytes.split(|b| *b == 0).map(utf8);
    for _ in 0..STRINGS {
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "title" => put(&mut media.title, text(&value)),
            "artist" => put(&mut media.artist, text(&value)),
            "album" => put(&mut media.album, text(&value)),
            "genre" => put(&mut media.genre, text(&value)),
            "composer" => put(&mut media.composer, text(&value)),
            "track number" => put(&mut media.track, number(&value)),
            "year" | "recorded date" => put(&mut media.date, date(&value)),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    /// Half a second of 8 kHz, 16 bits, mono.
    fn short() -> Vec<u8> {
        let mut bytes = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
        bytes.extend(8000_f64.to_be_bytes());
        bytes.extend(b"lpcm\0\0\0\0\0\0\0\x02\0\0\0\x01\0\0\0\x01\0\0\0\x10");
        let strings = b"\0\0\0\x02title\0One\0track number\x003/9\0";
        bytes.extend(b"info");
        bytes.extend(u64::try_from(strings.len()).unwrap().to_be_bytes());
        bytes.extend(strings);
        bytes.extend(b"data\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0");
        bytes.extend([0; 8000]);
        bytes
    }

    #[test]
    fn length_follows_from_the_data() {
        let (media, outcome) = parse(read, &short());
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_millis(500)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(8000), Some(1), Some(16))
        );
        assert_eq!(
            (media.title.as_deref(), media.track),
            (Some("One"), Some(3))
        );
    }

    #[test]
    fn the_packet_table_wins() {
        let mut bytes = short();
        bytes.splice(
            8..8,
            *b"pakt\0\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\x1F\x40",
        );
        assert_eq!(parse(read, &bytes).0.duration, Some(Duration::from_secs(1)));
    }

    #[test]
    fn rates_that_are_no_rates_give_nothing() {
        assert_eq!(whole_rate(44_100_f64.to_bits()), Some(44_100));
        for odd in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 0.5] {
            assert_eq!(whole_rate(odd.to_bits()), None, "{odd}");
        }
    }

    #[test]
    fn damage_ends() {
        survives(read, &short());
        assert!(parse(read, b"cafe\0\x01\0\0").1.is_err());
    }
}
