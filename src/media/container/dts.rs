//! DTS as a bare stream (ETSI TS 102 114 §5.3): core frames, each with the extension that may follow it.

use super::frames::{self, Step};
use super::play_time;
use crate::media::codec::dts::{core, extension};
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, tag};

/// Bytes at the start of a frame that tell its length.
const HEAD_BYTES: usize = 16;

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if no frames are found, or words of 14 bits or low byte first; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    const NONE: Error = Error::Malformed("DTS: no frames");
    let mut sound = tag::around(r, tag::Native::Id3, media)?;
    frames::find(&mut sound, &step, "DTS: no frames")?;
    let mut bytes = [0; HEAD_BYTES];
    let first = core(sound.clone().read_some(&mut bytes)?)
        .ok_or(NONE)?
        .sound;
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::DTS);
    media.sample_rate = first.sample_rate;
    media.channels = first.channels;
    let samples = frames::measure(&mut sound, &step)?;
    media.duration = play_time(samples, first.sample_rate.unwrap_or(0));
    Ok(())
}

/// A core frame and its extension.
fn step(r: &mut Reader<'_>) -> Result<Option<Step>, Error> {
    let mut behind = r.clone();
    let mut bytes = [0; HEAD_BYTES];
    let Some(frame) = core(r.read_some(&mut bytes)?) else {
        return Ok(None);
    };
    let mut len = frame.len;
    if behind.skip(frame.len).is_ok() {
        let more = extension(behind.read_some(&mut bytes)?);
        len += more.map_or(0, |frame| frame.len);
    }
    Ok(Some(Step {
        len,
        samples: frame.samples,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    /// 16 blocks of 32 samples in 64 bytes, 48 kHz, 5.1.
    fn frame() -> Vec<u8> {
        let mut bits = 0x7FFE_8001_u128 << 96;
        bits |= (15 << (128 - 46)) | (63 << (128 - 60));
        bits |= (9 << (128 - 66)) | (13 << (128 - 70)) | (1 << (128 - 87));
        let mut bytes = bits.to_be_bytes().to_vec();
        bytes.resize(64, 0x55);
        bytes
    }

    #[test]
    fn frames_are_counted() {
        let bytes = frame().repeat(300);
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(outcome, Ok(()));
        assert_eq!((media.sample_rate, media.channels), (Some(48_000), Some(6)));
        assert_eq!(media.duration, Some(Duration::from_millis(3_200)));
        survives(read, &bytes[..640]);
    }

    #[test]
    fn extensions_add_bytes_and_no_time() {
        // Behind 19 bits the size less one, in 16 bits: 36 bytes in all.
        let mut extension = b"\x64\x58\x20\x25\0\0\0\x04\x60".to_vec();
        extension.resize(36, 0x55);
        let bytes = [frame(), extension].concat().repeat(300);
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(outcome, Ok(()));
        assert_eq!(media.duration, Some(Duration::from_millis(3_200)));
    }

    #[test]
    fn other_bytes_are_refused() {
        let none = Err(Error::Malformed("DTS: no frames"));
        assert_eq!(parse(read, &[0x7F; 500]).1, none);
    }
}
