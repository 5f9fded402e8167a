//! DTS: the header of a core frame (ETSI TS 102 114 §5.3).

use super::bits::Bits;
use super::{AudioCodec, Sound};

/// Reads the header that `bytes` start with, in the form with 16 bits to the word, high byte first: the one of transport
/// and program streams.
///
/// ```text
/// 32 sync | 1 type | 5 short | 1 crc | 7 blocks | 14 size | 6 arrangement | 4 rate | 5 bit rate | 10 flags | 2 low freq.
/// ```
pub fn frame(bytes: &[u8]) -> Option<Sound> {
    const SYNC: u32 = 0x7FFE_8001;
    const CHANNELS: [u8; 10] = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5];
    const RATES: [u32; 16] = [
        0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 0, 0,
    ];
    let mut bits = Bits::new(bytes);
    if bits.take(32)? != SYNC {
        return None;
    }
    bits.skip(1 + 5 + 1 + 7 + 14)?;
    let arrangement = usize::try_from(bits.take(6)?).ok()?;
    let rate = RATES.get(usize::try_from(bits.take(4)?).ok()?).copied();
    bits.skip(5 + 10)?;
    let low = bits.take(2)?;
    let channels = CHANNELS.get(arrangement).map(|n| n + u8::from(low != 0));
    Some(Sound {
        sample_rate: rate.filter(|r| *r > 0),
        channels,
        ..Sound::of(Some(AudioCodec::Dts))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORE_5_1: &[u8] = &[
        0x7F,
        0xFE,
        0x80,
        0x01, // sync
        0xFC,
        0x3C,
        0x3F, // normal, 31, no crc, 15 blocks (7 bits), size (14 bits) ...
        0b0010_0010,
        0b0111_0111,
        0b1000_0000,
        0b0001_0000,
        0b0000_0000,
    ];

    #[test]
    fn prefixes_and_other_bytes_tell_nothing() {
        assert_eq!(frame(b"not DTS at all"), None);
        for n in 0..10 {
            assert_eq!(frame(&CORE_5_1[..n]), None, "{n}");
        }
    }

    #[test]
    fn a_core_frame_tells_rate_and_channels() {
        // arrangement 9, rate 13, low frequency 1 at bits 60, 66 and 85
        let mut bits = 0x7FFE_8001_u128 << 96;
        bits |= (9 << (128 - 66)) | (13 << (128 - 70)) | (1 << (128 - 87));
        let sound = frame(&bits.to_be_bytes()).unwrap();
        assert_eq!((sound.sample_rate, sound.channels), (Some(48_000), Some(6)));
    }
}
