//! AU, the sound files of Sun and `NeXT`: six numbers, words, sound.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

/// Reads a whole file.
///
/// ```text
/// 0      4       8      12       16     20         24
/// | .snd | start | size | coding | rate | channels | words up to `start`
/// ```
///
/// # Errors
/// [`Error::Malformed`] without the magic; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if &r.array()? != b".snd" {
        return Err(Error::Malformed("AU magic"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::AU);
    let start = u64::from(r.be_u32()?);
    let size = u64::from(r.be_u32()?);
    let coding = r.be_u32()?;
    let rate = r.be_u32()?;
    let channels = r.be_u32()?;
    media.sample_rate = Some(rate).filter(|n| *n > 0);
    media.channels = u8::try_from(channels).ok().filter(|n| *n > 0);
    // G.711 both ways, linear of four sizes, floating point of two; the others have no constant rate.
    let bits: u8 = match coding {
        1 | 2 | 27 => 8,
        3 => 16,
        4 => 24,
        5 | 6 => 32,
        7 => 64,
        _ => return Ok(()),
    };
    media.bits_per_sample = Some(bits).filter(|_| (2..=7).contains(&coding));
    let there = r.file_len().saturating_sub(start);
    // All bits set where the writer did not know.
    let size = size.min(there);
    let frame = u64::from(bits / 8) * u64::from(channels);
    media.duration = size
        .checked_div(frame)
        .and_then(|frames| play_time(frames, rate));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    fn file(size: u32, coding: u32) -> Vec<u8> {
        let mut bytes = b".snd".to_vec();
        for n in [28, size, coding, 8_000, 2] {
            bytes.extend(n.to_be_bytes());
        }
        bytes.extend(b"hey\0");
        bytes.resize(28 + 16_000, 0);
        bytes
    }

    #[test]
    fn the_length_is_of_what_is_there() {
        for (size, coding, millis) in [
            (16_000, 3, 500),
            (u32::MAX, 3, 500),
            (8_000, 3, 250),
            (16_000, 1, 1_000),
            (16_000, 6, 250),
        ] {
            let (media, outcome) = parse(read, &file(size, coding));
            assert_eq!(outcome, Ok(()));
            assert_eq!(media.duration, Some(Duration::from_millis(millis)));
            assert_eq!((media.sample_rate, media.channels), (Some(8_000), Some(2)));
        }
    }

    #[test]
    fn codings_without_a_constant_rate_have_no_length() {
        assert_eq!(parse(read, &file(16_000, 23)).0.duration, None);
    }

    #[test]
    fn damage_is_survived() {
        survives(read, &file(16_000, 3));
        assert_eq!(parse(read, b"RIFF").1, Err(Error::Malformed("AU magic")));
    }
}
