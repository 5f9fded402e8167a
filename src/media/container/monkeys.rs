//! Monkey's Audio: the header of all versions since 3.8, and APE tags. The format has no other description than the headers
//! of its SDK (`APE_DESCRIPTOR`, `APE_HEADER`, `APE_HEADER_OLD`).

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, tag};

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without the magic or with an impossible header; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Ape, media)?;
    if &sound.array()? != b"MAC " {
        return Err(Error::Malformed("Monkey's Audio magic"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::APE);
    let version = sound.le_u16()?;
    let header = if version >= 3980 {
        new_header(&mut sound)?
    } else {
        old_header(&mut sound, version)?
    };
    if header.sample_rate == 0 || !(1..=32).contains(&header.channels) {
        return Err(Error::Malformed("Monkey's Audio header"));
    }
    media.sample_rate = Some(header.sample_rate);
    media.channels = u8::try_from(header.channels).ok();
    media.bits_per_sample = u8::try_from(header.bits)
        .ok()
        .filter(|bits| (1..=32).contains(bits));
    let full = u64::from(header.frames.saturating_sub(1)) * u64::from(header.frame_blocks);
    if header.frames > 0 && header.last_blocks <= header.frame_blocks {
        media.duration = play_time(
            full.saturating_add(u64::from(header.last_blocks)),
            header.sample_rate,
        );
    }
    Ok(())
}

/// A block is one sample of every channel.
struct Header {
    frame_blocks: u32,
    last_blocks: u32,
    frames: u32,
    bits: u16,
    channels: u16,
    sample_rate: u32,
}

/// Behind magic and version: padding, bytes of the descriptor, and there the header.
fn new_header(r: &mut Reader<'_>) -> Result<Header, Error> {
    r.skip(2)?;
    let descriptor_bytes = r.le_u32()?;
    r.seek(u64::from(descriptor_bytes))?;
    r.skip(4)?; // compression, flags
    Ok(Header {
        frame_blocks: r.le_u32()?,
        last_blocks: r.le_u32()?,
        frames: r.le_u32()?,
        bits: r.le_u16()?,
        channels: r.le_u16()?,
        sample_rate: r.le_u32()?,
    })
}

fn old_header(r: &mut Reader<'_>, version: u16) -> Result<Header, Error> {
    const EXTRA_HIGH: u16 = 4000;
    let (compression, flags) = (r.le_u16()?, r.le_u16()?);
    let channels = r.le_u16()?;
    let sample_rate = r.le_u32()?;
    r.skip(8)?; // bytes of the WAV header and of what followed the sound
    let (frames, last_blocks) = (r.le_u32()?, r.le_u32()?);
    let frame_blocks = match (version, compression) {
        (3950.., _) => 73_728 * 4,
        (3900.., _) | (3800.., EXTRA_HIGH) => 73_728,
        _ => 9_216,
    };
    let bits = match flags & 9 {
        0 => 16,
        1 => 8,
        _ => 24,
    };
    Ok(Header {
        frame_blocks,
        last_blocks,
        frames,
        bits,
        channels,
        sample_rate,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    /// Two frames of 40000 and 100 blocks, at 40.1 kHz.
    fn new() -> Vec<u8> {
        let mut bytes = b"MAC \x8C\x0F\0\0\x34\0\0\0".to_vec();
        bytes.resize(0x34, 0);
        bytes.extend(b"\xD0\x07\0\0\x40\x9C\0\0\x64\0\0\0\x02\0\0\0\x10\0\x02\0\xA4\x9C\0\0");
        bytes
    }

    #[test]
    fn both_headers_tell_the_length() {
        let bytes = [new(), tag::ape::tests::tag(&[(0, "Title", b"One")])].concat();
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(1)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(40_100), Some(2), Some(16))
        );
        assert_eq!(media.title.as_deref(), Some("One"));
        let old =
            b"MAC \x6E\x0F\xD0\x07\0\0\x01\0\x40\x1F\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x40\x1F\0\0";
        let (media, _) = parse(read, old);
        assert_eq!(
            (media.duration, media.bits_per_sample),
            (Some(Duration::from_secs(1)), Some(16))
        );
        survives(read, old);
    }

    #[test]
    fn damage_ends_and_impossible_headers_are_refused() {
        survives(read, &new());
        let mut bytes = new();
        bytes[0x34 + 20..].fill(0);
        assert!(matches!(parse(read, &bytes).1, Err(Error::Malformed(_))));
        assert!(parse(read, b"MACHINE").1.is_err());
    }
}
