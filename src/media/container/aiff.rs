//! AIFF and AIFC (Apple, "Audio Interchange File Format", 1.3 and "AIFF-C"), with their text chunks and ID3 chunk.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{id3, put, text, utf8_or_latin1};
use crate::media::{Class, Media};

/// Chunks that are looked at.
const CHUNKS: usize = 256;
/// Bytes of a text chunk that are looked at.
const TEXT_BYTES: u64 = 1024;

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] when the first twelve bytes are not those of an AIFF file; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let form: [u8; 4] = r.array()?;
    r.skip(4)?;
    if &form != b"FORM" || !matches!(&r.array()?, b"AIFF" | b"AIFC") {
        return Err(Error::Malformed("AIFF header"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::AIFF);
    let mut texts = Media::default();
    let outcome = chunks(r, media, &mut texts);
    // ID3 has gone into `media`; the text chunks are Latin letters of fifteen years earlier.
    media.fill_from(texts);
    outcome
}

fn chunks(r: &mut Reader<'_>, media: &mut Media, texts: &mut Media) -> Result<(), Error> {
    for _ in 0..CHUNKS {
        if r.remaining() < 8 {
            return Ok(());
        }
        let kind: [u8; 4] = r.array()?;
        let len = u64::from(r.be_u32()?);
        let mut body = r.sub(len)?;
        match &kind {
            b"COMM" => common(&mut body, media)?,
            b"NAME" => put(&mut texts.title, text_chunk(&mut body)?),
            b"AUTH" => put(&mut texts.artist, text_chunk(&mut body)?),
            b"ID3 " | b"id3 " => {
                if let Err(e @ (Error::Io(_) | Error::Limit)) = id3::read(&mut body, media) {
                    return Err(e);
                }
            }
            _ => {}
        }
        r.skip(len & 1 & r.remaining())?;
    }
    Ok(())
}

fn text_chunk(r: &mut Reader<'_>) -> Result<Option<String>, Error> {
    let bytes = r.bytes(r.remaining().min(TEXT_BYTES))?;
    Ok(text(&utf8_or_latin1(&bytes)))
}

/// Channels, frames, bits, rate; then in AIFC the coding.
fn common(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let channels = r.be_u16()?;
    let frames = r.be_u32()?;
    let bits = r.be_u16()?;
    let rate = extended(r.array()?);
    let coding = if r.remaining() >= 4 {
        r.array()?
    } else {
        *b"NONE"
    };
    let linear = matches!(&coding, b"NONE" | b"twos" | b"sowt" | b"in24" | b"in32");
    media.channels = u8::try_from(channels).ok().filter(|n| *n > 0);
    media.sample_rate = rate;
    if linear {
        media.bits_per_sample = u8::try_from(bits).ok().filter(|n| (1..=32).contains(n));
    }
    let samples_per_frame = match &coding {
        b"ima4" => 64,
        b"MAC3" | b"MAC6" => 6,
        _ => 1,
    };
    media.duration = rate.and_then(|rate| play_time(u64::from(frames) * samples_per_frame, rate));
    Ok(())
}

/// A rate as an 80-bit number (IEEE 754-1985 §3.3, double extended): sign, 15 bits of exponent, 64 of mantissa with its
/// leading 1. Rounded to Hz.
fn extended([a, b, mantissa @ ..]: [u8; 10]) -> Option<u32> {
    const BIAS: u32 = 16_383 + 63;
    let shift = BIAS.checked_sub(u32::from(u16::from_be_bytes([a, b])))?;
    let mantissa = u64::from_be_bytes(mantissa);
    let whole = mantissa.checked_shr(shift)?;
    let half = shift.checked_sub(1).and_then(|s| mantissa.checked_shr(s))? & 1;
    u32::try_from(whole + half).ok().filter(|rate| *rate > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    const RATE_44100: [u8; 10] = [0x40, 0x0E, 0xAC, 0x44, 0, 0, 0, 0, 0, 0];

    /// Half a second of 44.1 kHz, 16 bits, stereo.
    fn short() -> Vec<u8> {
        let mut bytes =
            b"FORM\0\0\0\0AIFFNAME\0\0\0\x03abc\0COMM\0\0\0\x12\0\x02\0\0\x56\x22\0\x10".to_vec();
        bytes.extend(RATE_44100);
        bytes.extend(b"AUTH\0\0\0\x02\xC9a");
        bytes.extend(b"ID3 \0\0\0\x19ID3\x03\0\0\0\0\0\x0FTIT2\0\0\0\x05\0\0\x03Name\0");
        bytes.extend(b"SSND\x7F\xFF\xFF\xFF\0\0");
        bytes
    }

    #[test]
    fn length_and_tags_are_read() {
        let (media, outcome) = parse(read, &short());
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_millis(500)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(44_100), Some(2), Some(16))
        );
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("Name"), Some("Éa"))
        );
    }

    #[test]
    fn rates_of_all_sizes_are_understood() {
        assert_eq!(extended(RATE_44100), Some(44_100));
        let rate_8000 = [0x40, 0x0B, 0xFA, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(extended(rate_8000), Some(8000));
        let rate_11025_4 = [0x40, 0x0C, 0xAC, 0x45, 0x99, 0x99, 0, 0, 0, 0];
        assert_eq!(extended(rate_11025_4), Some(11_025));
        assert_eq!(extended([0; 10]), None);
        assert_eq!(extended([0xFF; 10]), None);
        assert_eq!(extended([0x7F; 10]), None);
    }

    #[test]
    fn damage_ends() {
        survives(read, &short());
        assert_eq!(
            parse(read, b"FORM\0\0\0\0AIFXxxxx").1,
            Err(Error::Malformed("AIFF header"))
        );
        let endless = [
            b"FORM\0\0\0\0AIFF".as_slice(),
            &b"junk\0\0\0\0".repeat(5000),
        ]
        .concat();
        assert_eq!(parse(read, &endless).1, Ok(()));
    }
}
