//! Three rare lossless coders whose first bytes tell everything: TTA, TAK and `OptimFROG`, with ID3 and APE tags around.
//!
//! References: "TTA1 file format" (Alexander Djuric); TAK and `OptimFROG` have no description, so only what every known
//! file agrees with is read.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, tag};

/// Reads a whole TTA file: magic, format, channels, bits, rate, samples, little-endian.
///
/// # Errors
/// [`Error::Malformed`] without the magic; errors of the reader.
pub fn read_tta(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Id3, media)?;
    if &sound.array()? != b"TTA1" {
        return Err(Error::Malformed("TTA magic"));
    }
    sound.skip(2)?;
    let stream = Stream {
        channels: u32::from(sound.le_u16()?),
        bits: u32::from(sound.le_u16()?),
        rate: sound.le_u32()?,
        samples: u64::from(sound.le_u32()?),
    };
    stream.describe(Mime::TTA, media);
    Ok(())
}

/// Reads a whole TAK file: blocks of a kind, 24 bits of size, content.
///
/// # Errors
/// [`Error::Malformed`] without the magic or the block about the stream; errors of the reader.
pub fn read_tak(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    const BLOCKS: usize = 16;
    const STREAM_INFO: u8 = 1;
    let mut sound = tag::around(r, tag::Native::Ape, media)?;
    if &sound.array()? != b"tBaK" {
        return Err(Error::Malformed("TAK magic"));
    }
    for _ in 0..BLOCKS {
        let kind = sound.byte()? & 0x7F;
        let [a, b, c] = sound.array()?;
        let mut body = sound.sub(u64::from(u32::from_le_bytes([a, b, c, 0])))?;
        match kind {
            0 => break,
            STREAM_INFO => {
                tak_stream(body.array()?).describe(Mime::TAK, media);
                return Ok(());
            }
            _ => {}
        }
    }
    Err(Error::Malformed("TAK stream information"))
}

/// Bits from the lowest up: 6 of coder, 4 of profile, 4 of frame size, 35 of samples, 3 of kind, 18 of rate less 6000, 5
/// of bits less 8, 4 of channels less one.
fn tak_stream(bytes: [u8; 10]) -> Stream {
    let packed = bytes
        .iter()
        .rev()
        .fold(0_u128, |sum, b| (sum << 8) | u128::from(*b));
    let field = |at: u32, bits: u32| (packed >> at) & ((1 << bits) - 1);
    let small = |at, bits| u32::try_from(field(at, bits)).unwrap_or(0);
    Stream {
        samples: u64::try_from(field(14, 35)).unwrap_or(0),
        rate: small(52, 18) + 6000,
        bits: small(70, 5) + 8,
        channels: small(75, 4) + 1,
    }
}

/// Reads a whole `OptimFROG` file: magic, bytes of the header, 48 bits of samples of all channels, kind, channels less one, rate.
///
/// # Errors
/// [`Error::Malformed`] without the magic or with a header of another size; errors of the reader.
pub fn read_optimfrog(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Ape, media)?;
    if &sound.array()? != b"OFR " {
        return Err(Error::Malformed("OptimFROG magic"));
    }
    if !(12..=64).contains(&sound.le_u32()?) {
        return Err(Error::Malformed("OptimFROG header size"));
    }
    let (low, high) = (sound.le_u32()?, sound.le_u16()?);
    let [kind, channels] = sound.array()?;
    let rate = sound.le_u32()?;
    let all = (u64::from(high) << 32) | u64::from(low);
    let channels = u32::from(channels) + 1;
    // Kinds 0 to 7 are 8, 8, 16, 16, 24, 24, 32 and 32 bits, signed or not; then come floats.
    let stream = Stream {
        channels,
        bits: if kind < 8 {
            (u32::from(kind) / 2 + 1) * 8
        } else {
            0
        },
        rate,
        samples: all / u64::from(channels),
    };
    stream.describe(Mime::OPTIMFROG, media);
    Ok(())
}

struct Stream {
    channels: u32,
    bits: u32,
    rate: u32,
    samples: u64,
}

impl Stream {
    fn describe(&self, mime: Mime, media: &mut Media) {
        media.class = Some(Class::Audio);
        media.mime = Some(mime);
        media.sample_rate = (self.rate > 0).then_some(self.rate);
        media.channels = u8::try_from(self.channels).ok().filter(|n| *n > 0);
        media.bits_per_sample = u8::try_from(self.bits)
            .ok()
            .filter(|bits| (1..=32).contains(bits));
        media.duration = play_time(self.samples, self.rate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{Read, parse, survives};
    use std::time::Duration;

    fn is_a_second_of_stereo(read: Read, bytes: &[u8]) {
        let tagged = [bytes, &tag::ape::tests::tag(&[(0, "Title", b"One")])].concat();
        let (media, outcome) = parse(read, &tagged);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(1)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(8000), Some(2), Some(16))
        );
        assert_eq!(media.title.as_deref(), Some("One"));
        survives(read, bytes);
        for n in 0..bytes.len() {
            assert!(parse(read, &bytes[..n]).1.is_err(), "{n}");
        }
    }

    #[test]
    fn all_three_tell_their_length() {
        is_a_second_of_stereo(read_tta, b"TTA1\x01\0\x02\0\x10\0\x40\x1F\0\0\x40\x1F\0\0");
        is_a_second_of_stereo(
            read_optimfrog,
            b"OFR \x0C\0\0\0\x80\x3E\0\0\0\0\x02\x01\x40\x1F\0\0",
        );
        let packed = (8000_u128 << 14) | (2000 << 52) | (8 << 70) | (1 << 75);
        let bytes = packed.to_le_bytes();
        let tak = [b"tBaK\x01\x0A\0\0".as_slice(), &bytes[..10]].concat();
        is_a_second_of_stereo(read_tak, &tak);
    }

    #[test]
    fn other_files_are_refused() {
        for read in [read_tta as Read, read_tak, read_optimfrog] {
            assert!(matches!(
                parse(read, &[b'x'; 64]).1,
                Err(Error::Malformed(_))
            ));
        }
        assert!(parse(read_tak, b"tBaK\0\0\0\0").1.is_err());
        assert!(
            parse(read_optimfrog, &[b"OFR ".as_slice(), &[9; 40]].concat())
                .1
                .is_err()
        );
    }
}
