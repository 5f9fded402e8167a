//! AC-3 and E-AC-3: a frame's header, and the boxes that repeat it in MP4 (ATSC A/52:2018 §5.3, annex E §2.2, annexes F.4
//! and F.6).

use super::bits::Bits;
use super::{AudioCodec, Sound};

/// Channels by `acmod`, without the low-frequency one.
const CHANNELS: [u8; 8] = [2, 1, 2, 3, 3, 4, 4, 5];
const RATES: [u32; 3] = [48_000, 44_100, 32_000];

/// Reads the header that `bytes` start with: `0B 77`, then AC-3's or, by the version at the same place, E-AC-3's fields.
pub fn frame(bytes: &[u8]) -> Option<Sound> {
    let &[0x0B, 0x77, _, _, _, version, ..] = bytes else {
        return None;
    };
    match version >> 3 {
        0..=10 => ac3(bytes.get(4..)?, version >> 3),
        11..=16 => eac3(bytes.get(2..)?),
        _ => None,
    }
}

/// 2 bits of rate, 6 of frame size, 5 of version, 3 of mode, 3 of channels, mixing levels as these ask, 1 of low frequency.
fn ac3(bytes: &[u8], version: u8) -> Option<Sound> {
    let mut bits = Bits::new(bytes);
    let rate = *RATES.get(usize::try_from(bits.take(2)?).ok()?)?;
    if bits.take(6)? > 37 {
        return None;
    }
    bits.skip(8)?;
    let mode = bits.take(3)?;
    let centre = mode & 1 == 1 && mode != 1;
    bits.skip(if centre { 2 } else { 0 })?;
    bits.skip(if mode & 4 != 0 { 2 } else { 0 })?;
    bits.skip(if mode == 2 { 2 } else { 0 })?;
    let low = bits.flag()?;
    // Versions 9 and 10 are at a half and a quarter of the rate.
    sound(
        AudioCodec::Ac3,
        rate >> version.saturating_sub(8),
        mode,
        low,
    )
}

/// 2 bits of kind, 3 of number, 11 of frame size, 2 of rate, 2 of blocks or of half rate, 3 of channels, 1 of low frequency.
fn eac3(bytes: &[u8]) -> Option<Sound> {
    let mut bits = Bits::new(bytes);
    bits.skip(16)?;
    let rate = eac3_rate(&mut bits)?;
    let mode = bits.take(3)?;
    let low = bits.flag()?;
    sound(AudioCodec::Eac3, rate, mode, low)
}

fn eac3_rate(bits: &mut Bits<'_>) -> Option<u32> {
    let index = usize::try_from(bits.take(2)?).ok()?;
    let second = usize::try_from(bits.take(2)?).ok()?;
    match RATES.get(index) {
        Some(rate) => Some(*rate),
        None => RATES.get(second).map(|rate| rate / 2),
    }
}

fn sound(codec: AudioCodec, rate: u32, mode: u32, low: bool) -> Option<Sound> {
    let channels = CHANNELS.get(usize::try_from(mode).ok()?)? + u8::from(low);
    Some(Sound {
        sample_rate: Some(rate),
        channels: Some(channels),
        ..Sound::of(Some(codec))
    })
}

/// Reads the payload of `dac3`: 2 bits of rate, 5 of version, 3 of mode, 3 of channels, 1 of low frequency.
pub fn dac3(bytes: &[u8]) -> Option<Sound> {
    let mut bits = Bits::new(bytes);
    let rate = *RATES.get(usize::try_from(bits.take(2)?).ok()?)?;
    bits.skip(8)?;
    let mode = bits.take(3)?;
    let low = bits.flag()?;
    sound(AudioCodec::Ac3, rate, mode, low)
}

/// Reads the payload of `dec3`: 13 bits of data rate, 3 of streams; of the first 2 of rate, 5 of version, 1, 1, 3 of mode, 3
/// of channels, 1 of low frequency, 3, 4 of dependent streams. With dependent ones the channels are not told here.
pub fn dec3(bytes: &[u8]) -> Option<Sound> {
    let mut bits = Bits::new(bytes);
    bits.skip(16)?;
    let rate = RATES.get(usize::try_from(bits.take(2)?).ok()?).copied();
    bits.skip(10)?;
    let mode = bits.take(3)?;
    let low = bits.flag()?;
    bits.skip(3)?;
    let dependent = bits.take(4)?;
    let mut told = sound(AudioCodec::Eac3, rate.unwrap_or(0), mode, low)?;
    told.sample_rate = rate;
    if dependent > 0 {
        told.channels = None;
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    const AC3_5_1: &[u8] = &[
        0x0B,
        0x77,
        0xAA,
        0xBB, // sync, checksum
        0x1E,
        0x40,        // 48 kHz, size 30; version 8, mode 0
        0b1110_0001, // 3/2, centre 00, surround 00, low
    ];
    const EAC3_STEREO: &[u8] = &[
        0x0B,
        0x77,
        0x00,
        0xFF,        // sync; independent, stream 0, size
        0b0011_0100, // 48 kHz, 6 blocks, 2/0, no low
        0x80,        // version 16
    ];

    fn told(sound: Option<Sound>) -> Option<(AudioCodec, u32, u8)> {
        sound.and_then(|s| Some((s.codec?, s.sample_rate?, s.channels?)))
    }

    #[test]
    fn both_kinds_of_frame_are_read() {
        assert_eq!(told(frame(AC3_5_1)), Some((AudioCodec::Ac3, 48_000, 6)));
        assert_eq!(
            told(frame(EAC3_STEREO)),
            Some((AudioCodec::Eac3, 48_000, 2))
        );
    }

    #[test]
    fn every_prefix_and_impossible_fields_tell_nothing() {
        for whole in [AC3_5_1, EAC3_STEREO] {
            for n in 0..whole.len() {
                assert_eq!(frame(&whole[..n]), None, "{n}");
            }
        }
        for (at, value) in [(4, 0xDE), (4, 0x3F), (5, 0xFF), (0, 0)] {
            let mut bytes = AC3_5_1.to_vec();
            bytes[at] = value;
            assert_eq!(frame(&bytes), None, "{at}");
        }
    }

    #[test]
    fn boxes_say_the_same() {
        // 00 01000 000 111 1 ...
        assert_eq!(
            told(dac3(&[0x10, 0x3D, 0xC0])),
            Some((AudioCodec::Ac3, 48_000, 6))
        );
        // data rate, one stream; 00 10000 0 0 000 111 1 000 0000
        assert_eq!(
            told(dec3(&[0x14, 0x00, 0x20, 0x0F, 0x00])),
            Some((AudioCodec::Eac3, 48_000, 6))
        );
        assert_eq!(
            dec3(&[0x14, 0x00, 0x20, 0x0F, 0x02, 0]).unwrap().channels,
            None
        );
        assert_eq!((dac3(&[]), dec3(&[0, 0])), (None, None));
    }
}
