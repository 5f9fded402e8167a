//! AAC as a bare stream of ADTS frames (ISO/IEC 14496-3 §1.A.2), with ID3 in front and other tags behind. Whether SBR is in
//! it cannot be told from the headers: the rate is the core coder's.

use std::time::Duration;

use super::frames::{self, Step};
use super::{bytes_per_sec, play_time};
use crate::media::mime::Mime;
use crate::media::profile::{self, Aac};
use crate::media::reader::{Error, Reader};
use crate::media::seek::{Around, Place, proportion};
use crate::media::{Class, Media, tag};

/// Samples of one block of AAC.
const BLOCK_SAMPLES: u32 = 1024;

/// What does not change from frame to frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stream {
    /// MPEG-4 audio object type; 2 is low complexity.
    object_type: u8,
    sample_rate: u32,
    /// 0: told by the sound itself.
    channel_configuration: u8,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if no frames are found; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Id3, media)?;
    frames::find(
        &mut sound,
        &|r| Ok(header(r)?.map(|(_, step)| step)),
        "ADTS: no frames",
    )?;
    let Some((stream, _)) = header(&mut sound.clone())? else {
        return Err(Error::Malformed("ADTS: no frames"));
    };
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::ADTS);
    media.sample_rate = Some(stream.sample_rate);
    media.channels = channels(stream.channel_configuration);
    let sound_bytes = sound.remaining();
    let same = |r: &mut Reader<'_>| {
        let found = header(r)?.filter(|(other, _)| *other == stream);
        Ok(found.map(|(_, step)| step))
    };
    media.duration = play_time(frames::count(&mut sound, &same)?, stream.sample_rate);
    let rate = media.duration.and_then(|d| bytes_per_sec(sound_bytes, d));
    media.profile = rate.zip(media.channels).and_then(|(rate, channels)| {
        profile::aac_adts(Aac {
            object_type: stream.object_type,
            sample_rate: stream.sample_rate,
            channels,
            bits_per_sec: rate.saturating_mul(8),
        })
    });
    Ok(())
}

/// The places on both sides of `time`: by the rate of the whole, for there is no index. Every frame can be started with.
///
/// # Errors
/// Errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let mut sound = tag::around(r, tag::Native::Id3, &mut Media::default())?;
    let start = sound.offset().saturating_sub(sound.position());
    let guess = proportion(time, whole, sound.len());
    let mut frame_at = |at: u64| -> Result<Option<Place>, Error> {
        sound.seek(at.min(sound.len()))?;
        let look = |r: &mut Reader<'_>| Ok(header(r)?.map(|(_, step)| step));
        match frames::find(&mut sound, &look, "ADTS: no frames") {
            Ok(()) if sound.remaining() > 0 => Ok(Some(Place {
                offset: start.saturating_add(sound.position()),
                time,
            })),
            Ok(()) | Err(Error::Malformed(_)) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let Some(before) = frame_at(guess)? else {
        return Ok(None);
    };
    let after = frame_at(before.offset.saturating_sub(start).saturating_add(1))?;
    Ok(Some(Around { before, after }))
}

/// ```text
/// 1111 1111 1111 vLLp  oorr rrPc  cc.. ..nn  nnnn nnnn  nnnf ffff  ffff ffbb
/// sync, version, layer (0), no CRC, object type less one, rate, private, channels, length, fullness, blocks less one
/// ```
fn header(r: &mut Reader<'_>) -> Result<Option<(Stream, Step)>, Error> {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8000, 7350,
    ];
    const HEADER_BYTES: u64 = 7;
    let [sync, rest @ ..] = r.array::<7>()?;
    let packed = rest.iter().fold(0_u64, |sum, b| (sum << 8) | u64::from(*b));
    // Counted from the last bit.
    let field = |at: u32, bits: u32| (packed >> at) & ((1 << bits) - 1);
    let small = |at, bits| u8::try_from(field(at, bits)).unwrap_or(0);
    if sync != 0xFF || field(44, 4) != 0xF || field(41, 2) != 0 {
        return Ok(None);
    }
    let Some(sample_rate) = RATES.get(usize::from(small(34, 4))) else {
        return Ok(None);
    };
    let len = field(13, 13);
    let stream = Stream {
        object_type: small(38, 2) + 1,
        sample_rate: *sample_rate,
        channel_configuration: small(30, 3),
    };
    let step = Step {
        len,
        samples: BLOCK_SAMPLES * (u32::from(small(0, 2)) + 1),
    };
    Ok((len >= HEADER_BYTES).then_some((stream, step)))
}

/// ISO/IEC 14496-3 §1.6.3.5.
fn channels(configuration: u8) -> Option<u8> {
    match configuration {
        1..=6 => Some(configuration),
        7 => Some(8),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    /// Low complexity, 32 kHz, stereo, 10 bytes.
    const FRAME: &[u8] = &[0xFF, 0xF1, 0x54, 0x80, 0x01, 0x5F, 0xFC, 1, 2, 3];

    #[test]
    fn frames_add_up_between_the_tags() {
        let mut bytes = b"ID3\x04\0\0\0\0\0\x0FTIT2\0\0\0\x05\0\0\x03Name".to_vec();
        bytes.extend(FRAME.repeat(125));
        bytes.extend(tag::ape::tests::tag(&[(0, "Artist", b"Somebody")]));
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(4)), Ok(()))
        );
        assert_eq!((media.sample_rate, media.channels), (Some(32_000), Some(2)));
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("Name"), Some("Somebody"))
        );
        assert_eq!(media.profile, Some(profile::Profile::AAC_ADTS_320));
    }

    #[test]
    fn damage_ends_and_silence_is_refused() {
        survives(read, &FRAME.repeat(20));
        assert!(parse(read, &[0xFF; 5000]).1.is_err());
        assert!(parse(read, &[0; 5000]).1.is_err());
    }
}
