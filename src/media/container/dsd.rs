//! DSD: DSF (Sony, "DSF File Format Specification" 1.01) and DFF (Philips, "DSDIFF" 1.5). The rate is that of the one-bit
//! samples.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{id3, put, text, utf8_or_latin1};
use crate::media::{Class, Media};

/// Chunks of DFF that are looked at, at each level.
const CHUNKS: usize = 64;
/// Bytes of a text that are looked at.
const TEXT_BYTES: u64 = 1024;

/// Reads a whole DSF file: two chunks of fixed form, little-endian, and an ID3 tag where the first one says.
///
/// # Errors
/// [`Error::Malformed`] without the magic or the format; errors of the reader.
pub fn read_dsf(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if &r.array()? != b"DSD " {
        return Err(Error::Malformed("DSF magic"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::DSF);
    r.skip(8 + 8)?; // bytes of the chunk, bytes of the file
    let tag = r.le_u64()?;
    if &r.array()? != b"fmt " {
        return Err(Error::Malformed("DSF format"));
    }
    r.skip(8 + 4 + 4 + 4)?; // bytes of the chunk, version, coding, arrangement of the channels
    let (channels, rate) = (r.le_u32()?, r.le_u32()?);
    let bits = r.le_u32()?;
    let samples = r.le_u64()?;
    describe(media, channels, rate);
    if matches!(bits, 1 | 8) {
        media.duration = play_time(samples, rate);
    }
    if tag > 0 && r.seek(tag).is_ok() {
        return match id3::read(r, media) {
            Err(e @ (Error::Io(_) | Error::Limit)) => Err(e),
            _ => Ok(()),
        };
    }
    Ok(())
}

fn describe(media: &mut Media, channels: u32, rate: u32) {
    media.channels = u8::try_from(channels).ok().filter(|n| *n > 0);
    media.sample_rate = (rate > 0).then_some(rate);
    media.bits_per_sample = Some(1);
}

/// What the chunks of a DFF file have told.
#[derive(Default)]
struct Dff {
    rate: u32,
    channels: u16,
    /// Bytes of plain sound.
    plain: Option<u64>,
    /// Frames of compressed sound, and how many make a second.
    compressed: Option<(u32, u16)>,
    /// `DIIN`'s title and artist.
    info: Media,
}

/// Reads a whole DFF file.
///
/// # Errors
/// [`Error::Malformed`] without the magic; errors of the reader.
pub fn read_dff(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let form: [u8; 4] = r.array()?;
    r.skip(8)?;
    if &form != b"FRM8" || &r.array()? != b"DSD " {
        return Err(Error::Malformed("DSDIFF header"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::DFF);
    let mut dff = Dff::default();
    let outcome = each_chunk(r, |kind, body| match &kind {
        b"PROP" => {
            body.skip(4)?;
            each_chunk(body, |kind, body| dff.property(kind, body))
        }
        b"DSD " => {
            dff.plain = Some(body.len());
            Ok(())
        }
        b"DST " => each_chunk(body, |kind, body| {
            if &kind == b"FRTE" {
                dff.compressed = Some((body.be_u32()?, body.be_u16()?));
            }
            Ok(())
        }),
        b"DIIN" => each_chunk(body, |kind, body| dff.about(kind, body)),
        b"ID3 " => id3::read(body, media).map(drop),
        _ => Ok(()),
    });
    describe(media, u32::from(dff.channels), dff.rate);
    let of_plain = || {
        let bits = dff.plain?.checked_mul(8)?;
        play_time(bits.checked_div(u64::from(dff.channels))?, dff.rate)
    };
    let of_compressed = || {
        let (frames, per_second) = dff.compressed?;
        play_time(u64::from(frames), u32::from(per_second))
    };
    media.duration = of_plain().or_else(of_compressed);
    media.fill_from(dff.info);
    outcome
}

impl Dff {
    fn property(&mut self, kind: [u8; 4], r: &mut Reader<'_>) -> Result<(), Error> {
        match &kind {
            b"FS  " => self.rate = r.be_u32()?,
            b"CHNL" => self.channels = r.be_u16()?,
            _ => {}
        }
        Ok(())
    }

    /// A count of bytes and a text.
    fn about(&mut self, kind: [u8; 4], r: &mut Reader<'_>) -> Result<(), Error> {
        let field = match &kind {
            b"DITI" => &mut self.info.title,
            b"DIAR" => &mut self.info.artist,
            _ => return Ok(()),
        };
        let len = u64::from(r.be_u32()?);
        let bytes = r.bytes(len.min(r.remaining()).min(TEXT_BYTES))?;
        put(field, text(&utf8_or_latin1(&bytes)));
        Ok(())
    }
}

/// Chunks of DFF: four letters, 64 bits of size, a pad byte behind an odd one. Damage in one does not hide its neighbours.
fn each_chunk<'a>(
    r: &mut Reader<'a>,
    mut visit: impl FnMut([u8; 4], &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    for _ in 0..CHUNKS {
        if r.remaining() < 12 {
            break;
        }
        let kind = r.array()?;
        let len = r.be_u64()?;
        match visit(kind, &mut r.sub(len)?) {
            Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
            result => outcome = outcome.and(result),
        }
        r.skip(len & 1 & r.remaining())?;
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    const NAME: &[u8] = b"ID3\x03\0\0\0\0\0\x0FTIT2\0\0\0\x05\0\0\x03Name";

    /// A second of stereo at 2.8 MHz, whose sound is left out.
    fn dsf() -> Vec<u8> {
        let mut bytes = b"DSD \x1C\0\0\0\0\0\0\0".to_vec();
        bytes.extend([0; 8]);
        bytes.extend(80_u64.to_le_bytes());
        bytes.extend(b"fmt \x34\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x02\0\0\0\x02\0\0\0");
        bytes.extend(2_822_400_u32.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes.extend(2_822_400_u64.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend(NAME);
        bytes
    }

    fn chunk(kind: &[u8], body: &[u8]) -> Vec<u8> {
        let len = u64::try_from(body.len()).unwrap();
        [kind, &len.to_be_bytes(), body].concat()
    }

    /// Eight milliseconds of one channel at 1 kHz.
    fn dff(sound: &[u8]) -> Vec<u8> {
        let prop = [
            b"SND ".to_vec(),
            chunk(b"FS  ", &1000_u32.to_be_bytes()),
            chunk(b"CHNL", &[0, 1, b'C', b' ', b' ', b' ']),
        ];
        let diin = [
            chunk(b"DITI", b"\0\0\0\x02Ti"),
            chunk(b"DIAR", b"\0\0\0\x02Ar"),
        ];
        let body = [
            b"DSD ".to_vec(),
            chunk(b"PROP", &prop.concat()),
            sound.to_vec(),
            chunk(b"DIIN", &diin.concat()),
        ];
        chunk(b"FRM8", &body.concat())
    }

    #[test]
    fn dsf_counts_samples_and_says_where_its_tag_is() {
        let (media, outcome) = parse(read_dsf, &dsf());
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(1)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.title.as_deref()),
            (Some(2_822_400), Some(2), Some("Name"))
        );
        survives(read_dsf, &dsf());
    }

    #[test]
    fn dff_counts_bytes_or_frames() {
        let plain = dff(&chunk(b"DSD ", &[0])
            .into_iter()
            .chain([0])
            .collect::<Vec<_>>());
        let (media, outcome) = parse(read_dff, &plain);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_millis(8)), Ok(()))
        );
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("Ti"), Some("Ar"))
        );
        survives(read_dff, &plain);
        let frte = chunk(b"FRTE", &[0, 0, 0, 150, 0, 75]);
        let compressed = dff(&chunk(b"DST ", &frte));
        assert_eq!(
            parse(read_dff, &compressed).0.duration,
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn other_files_are_refused() {
        assert!(parse(read_dsf, b"DSD \0\0\0\0\0\0\0\0").1.is_err());
        assert!(parse(read_dff, b"FRM8\0\0\0\0\0\0\0\0DSX ").1.is_err());
    }
}
