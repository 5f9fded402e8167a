//! Musepack: stream versions 7 and 8 (Musepack, "SV7 specification" and "SV8 specification"), and APE tags. Versions before 7
//! have no magic and are refused.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, tag};

/// Samples of one frame of version 7.
const FRAME_SAMPLES: u64 = 1152;
const RATES: [u32; 4] = [44_100, 48_000, 37_800, 32_000];
/// Packets of version 8 in front of the stream header that are looked at.
const PACKETS: usize = 8;

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without the magic or the header; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Ape, media)?;
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::MUSEPACK);
    match sound.array()? {
        [b'M', b'P', b'+', version] if version & 15 == 7 => version_7(&mut sound, media),
        [b'M', b'P', b'C', b'K'] => version_8(&mut sound, media),
        _ => Err(Error::Malformed("Musepack magic")),
    }
}

/// Frames, flags (bits 16 and 17: rate), eight bytes of gain; then bit 31: gapless, bits 20 to 30: samples of the last
/// frame. All of it is little-endian words.
fn version_7(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let frames = u64::from(r.le_u32()?);
    let flags = r.le_u32()?;
    r.skip(8)?;
    let gapless = r.le_u32()?;
    let rate = rate(flags >> 16);
    media.sample_rate = rate;
    media.channels = Some(2);
    let last = match (gapless >> 31, (gapless >> 20) & 0x7FF) {
        (1, samples @ 1..=1152) => u64::from(samples),
        _ => FRAME_SAMPLES,
    };
    let samples = frames.saturating_sub(1) * FRAME_SAMPLES + last;
    media.duration = rate.and_then(|rate| play_time(samples.min(frames * FRAME_SAMPLES), rate));
    Ok(())
}

fn rate(index: u32) -> Option<u32> {
    usize::try_from(index & 3)
        .ok()
        .and_then(|i| RATES.get(i))
        .copied()
}

/// Packets: two letters, a size that counts itself and them.
fn version_8(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    for _ in 0..PACKETS {
        let start = r.position();
        let key: [u8; 2] = r.array()?;
        let size = varint(r)?;
        let head = r.position() - start;
        let len = size.checked_sub(head);
        let mut body = r.sub(len.ok_or(Error::Malformed("Musepack packet size"))?)?;
        if &key == b"SH" {
            return stream_header(&mut body, media);
        }
    }
    Err(Error::Malformed("Musepack stream header"))
}

/// CRC, version, samples, samples of silence in front, then `rrrb bbbb ccccm fff`: rate, bands, channels less one ...
fn stream_header(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    r.skip(4)?;
    if r.byte()? != 8 {
        return Err(Error::Unsupported);
    }
    let samples = varint(r)?;
    let silence = varint(r)?;
    let [a, b] = r.array()?;
    let rate = Some(a >> 5)
        .filter(|index| *index < 4)
        .and_then(|index| rate(u32::from(index)));
    media.sample_rate = rate;
    media.channels = Some((b >> 4) + 1);
    media.duration = rate.and_then(|rate| play_time(samples.saturating_sub(silence), rate));
    Ok(())
}

/// Seven bits a byte, the highest first; bit 7 says that more follow.
fn varint(r: &mut Reader<'_>) -> Result<u64, Error> {
    let mut value = 0_u64;
    for _ in 0..9 {
        let b = r.byte()?;
        value = (value << 7) | u64::from(b & 0x7F);
        if b & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Error::Malformed("Musepack number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    #[test]
    fn version_7_knows_its_last_frame() {
        // 40 frames at 32 kHz, the last of 512 samples.
        let bytes = b"MP+\x07\x28\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0\xA0";
        let (media, outcome) = parse(read, bytes);
        let samples = 39 * 1152 + 512;
        assert_eq!(outcome, Ok(()));
        assert_eq!(media.duration, play_time(samples, 32_000));
        assert_eq!((media.sample_rate, media.channels), (Some(32_000), Some(2)));
        survives(read, bytes);
    }

    #[test]
    fn version_8_finds_its_header_among_packets() {
        // 44200 samples, 100 of them silence; 44.1 kHz, stereo.
        let bytes = b"MPCKRG\x05ab\x53H\x0E\0\0\0\0\x08\x82\xD9\x28\x64\x1B\x13";
        let (media, outcome) = parse(read, bytes);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(1)), Ok(()))
        );
        assert_eq!((media.sample_rate, media.channels), (Some(44_100), Some(2)));
        survives(read, bytes);
    }

    #[test]
    fn lies_and_older_versions_are_refused() {
        assert!(parse(read, b"MP+\x06____").1.is_err());
        assert!(parse(read, b"MPCKSH\x02").1.is_err());
        assert!(
            parse(
                read,
                b"MPCK\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
            )
            .1
            .is_err()
        );
    }
}
