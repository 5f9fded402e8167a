//! AC-3 and E-AC-3 as bare streams (ETSI TS 102 366 §4.4.1, §E.1.3.1).

use super::frames::{self, Step};
use super::play_time;
use crate::media::mime::Mime;
use crate::media::profile::Profile;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, tag};

/// One synchronisation frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Frame {
    enhanced: bool,
    /// Adds channels to the frame before it, and no time.
    dependent: bool,
    sample_rate: u32,
    channels: u8,
    step: Step,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if no frames are found; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Id3, media)?;
    let any = |r: &mut Reader<'_>| Ok(frame(r)?.map(|f| f.step));
    frames::find(&mut sound, &any, "AC-3: no frames")?;
    let Some(first) = frame(&mut sound.clone())? else {
        return Err(Error::Malformed("AC-3: no frames"));
    };
    let mut ahead = sound.clone();
    let second = ahead.skip(first.step.len).and_then(|()| frame(&mut ahead));
    let more_channels = matches!(second, Ok(Some(f)) if f.dependent);
    media.class = Some(Class::Audio);
    media.mime = Some(if first.enhanced {
        Mime::EAC3
    } else {
        Mime::AC3
    });
    media.sample_rate = Some(first.sample_rate);
    media.channels = Some(first.channels).filter(|_| !more_channels);
    // The profile knows the three rates of the original coding alone.
    media.profile = (!first.enhanced && first.sample_rate >= 32_000).then_some(Profile::AC3);
    let same = |r: &mut Reader<'_>| {
        let found = frame(r)?.filter(|f| f.sample_rate == first.sample_rate);
        Ok(found.map(|f| f.step))
    };
    media.duration = play_time(frames::measure(&mut sound, &same)?, first.sample_rate);
    Ok(())
}

fn frame(r: &mut Reader<'_>) -> Result<Option<Frame>, Error> {
    if r.array()? != [0x0B, 0x77] {
        return Ok(None);
    }
    let [first, second, codes, version, modes] = r.array()?;
    // The version stands in the same place in both.
    Ok(match version >> 3 {
        version @ 0..=10 => plain(codes, version, modes),
        11..=16 => enhanced([first, second, codes]),
        _ => None,
    })
}

/// `codes` are rate and size; versions 9 and 10 halve the rate, once and twice.
fn plain(codes: u8, version: u8, modes: u8) -> Option<Frame> {
    const KBIT: [u32; 19] = [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
    ];
    let rate = *RATES.get(usize::from(codes >> 6))?;
    let kbit = *KBIT.get(usize::from((codes & 63) >> 1))?;
    // 16-bit words of 1536 samples; 44.1 kHz does not divide, so every second code has a word more (table 4.13).
    let words = kbit * 96_000 / rate + u32::from(rate == 44_100) * u32::from(codes & 1);
    Some(Frame {
        enhanced: false,
        dependent: false,
        sample_rate: rate >> version.saturating_sub(8),
        channels: channels(modes),
        step: Step {
            len: u64::from(words) * 2,
            samples: 1536,
        },
    })
}

const RATES: [u32; 3] = [48_000, 44_100, 32_000];

/// Three bits of coding mode, then levels that only some modes have, then the bit for the low channel (§4.4.2).
fn channels(modes: u8) -> u8 {
    let mode = modes >> 5;
    let has_centre = mode & 1 != 0 && mode != 1;
    let has_surround = mode & 4 != 0;
    let before = 2 * (u32::from(has_centre) + u32::from(has_surround) + u32::from(mode == 2));
    main_channels(mode) + ((modes >> 4_u32.saturating_sub(before)) & 1)
}

fn main_channels(mode: u8) -> u8 {
    match mode {
        1 => 1,
        0 | 2 => 2,
        3 | 4 => 3,
        5 | 6 => 4,
        _ => 5,
    }
}

/// Two bits of kind, three of substream, eleven of size in words less one, two of rate, two of blocks, mode, low channel.
fn enhanced([a, b, c]: [u8; 3]) -> Option<Frame> {
    let (kind, substream) = (a >> 6, (a >> 3) & 7);
    let words = ((u64::from(a & 7) << 8) | u64::from(b)) + 1;
    let (sample_rate, blocks) = match (c >> 6, (c >> 4) & 3) {
        (3, half) => (RATES.get(usize::from(half))? / 2, 6),
        (rate, blocks) => (
            *RATES.get(usize::from(rate))?,
            [1, 2, 3, 6].get(usize::from(blocks)).copied()?,
        ),
    };
    if kind == 3 {
        return None;
    }
    let counts = kind != 1 && substream == 0;
    Some(Frame {
        enhanced: true,
        dependent: kind == 1,
        sample_rate,
        channels: main_channels((c >> 1) & 7) + (c & 1),
        step: Step {
            len: words * 2,
            samples: if counts { 256 * blocks } else { 0 },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    /// 48 kHz, 32 kbit/s (64 words), version 8, 3/2 with a low channel.
    fn plain_frame() -> Vec<u8> {
        let mut frame = vec![0x0B, 0x77, 0, 0, 0x00, 0x40, 0b1110_0001];
        frame.resize(128, 0);
        frame
    }

    /// Version 16, 16 bytes, 48 kHz, six blocks, stereo; of the given kind.
    fn enhanced_frame(kind: u8) -> Vec<u8> {
        let mut frame = vec![0x0B, 0x77, kind << 6, 7, 0b0011_0100, 0x80, 0];
        frame.resize(16, 0);
        frame
    }

    #[test]
    fn frames_add_up_and_all_channels_count() {
        let bytes = plain_frame().repeat(125);
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(4)), Ok(()))
        );
        assert_eq!((media.sample_rate, media.channels), (Some(48_000), Some(6)));
        assert_eq!(
            (media.mime, media.profile),
            (Some(Mime::AC3), Some(Profile::AC3))
        );
    }

    #[test]
    fn dependent_frames_add_no_time() {
        let pair = [enhanced_frame(0), enhanced_frame(1)].concat();
        let (media, _) = parse(read, &pair.repeat(125));
        assert_eq!(media.duration, Some(Duration::from_secs(4)));
        assert_eq!(
            (media.mime, media.channels, media.profile),
            (Some(Mime::EAC3), None, None)
        );
        assert_eq!(
            parse(read, &enhanced_frame(0).repeat(5)).0.channels,
            Some(2)
        );
    }

    #[test]
    fn damage_ends_and_junk_is_refused() {
        survives(read, &plain_frame().repeat(4));
        survives(read, &enhanced_frame(0).repeat(9));
        assert!(parse(read, &[0x0B; 5000]).1.is_err());
    }
}
