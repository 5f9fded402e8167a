//! Dolby `TrueHD`: the major sync in its access units (Dolby, "`TrueHD` (MLP) high-level bitstream description" §3.2, §4.2).

use super::bits::Bits;
use super::{AudioCodec, Sound};

/// The format that major syncs state, behind their common beginning.
const SYNC: [u8; 4] = [0xF8, 0x72, 0x6F, 0xBA];
/// Channels of each bit of an assignment, from the lowest: front, centre, low, surround, front heights, front between,
/// rear, rear centre, top, side, wide, centre height, second low.
const CHANNELS: [u8; 13] = [2, 1, 1, 2, 2, 2, 2, 1, 1, 2, 2, 1, 1];

/// Finds a major sync: every stream starts with one, but on Blu-ray AC-3 frames lie between, and repeats it.
///
/// ```text
/// | sync 32 | rate 4 | 4 | 2 | 2 | channels of up to six 5 | 2 | channels of up to eight 13 |
/// ```
pub fn sync(es: &[u8]) -> Option<Sound> {
    let at = es.windows(SYNC.len()).position(|w| w == SYNC)?;
    let mut bits = Bits::new(es.get(at + SYNC.len()..)?);
    let rate = bits.take(4)?;
    let base = if rate & 8 == 0 { 48_000 } else { 44_100 };
    let sample_rate = (rate & 7 <= 2).then_some(base << (rate & 7))?;
    bits.skip(4 + 2 + 2)?;
    let six = bits.take(5)?;
    bits.skip(2)?;
    let eight = bits.take(13)?;
    let assigned = if eight == 0 { six } else { eight };
    let channels: u8 = (0..)
        .zip(CHANNELS)
        .filter(|(bit, _)| assigned >> bit & 1 == 1)
        .map(|(_, channels)| channels)
        .sum();
    Some(Sound {
        sample_rate: Some(sample_rate),
        channels: (channels > 0).then_some(channels),
        ..Sound::of(Some(AudioCodec::TrueHd))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(rate: u32, six: u32, eight: u32) -> Option<(Option<u32>, Option<u8>)> {
        let packed: u32 = rate << 28 | six << 15 | eight;
        let bytes = [
            // An access unit's length and time; an AC-3 frame may lie in front.
            [0x0B, 0x77, 0x40, 0x10].as_slice(),
            &SYNC,
            &packed.to_be_bytes(),
        ];
        let bytes = bytes.concat();
        for n in 0..bytes.len() {
            assert_eq!(sync(&bytes[..n]), None, "{n}");
        }
        sync(&bytes).map(|sound| (sound.sample_rate, sound.channels))
    }

    #[test]
    fn rate_and_channels_are_told() {
        assert_eq!(told(0, 0b1, 0), Some((Some(48_000), Some(2))));
        assert_eq!(told(0, 0b1111, 0), Some((Some(48_000), Some(6))));
        assert_eq!(told(1, 0b1111, 0b100_1111), Some((Some(96_000), Some(8))));
        assert_eq!(told(10, 0b1, 0), Some((Some(176_400), Some(2))));
        assert_eq!(told(0, 0, 0), Some((Some(48_000), None)));
    }

    #[test]
    fn a_rate_that_is_none_is_refused() {
        assert_eq!(told(3, 1, 0), None);
        assert_eq!(told(15, 1, 0), None);
    }
}
