//! AAC: `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1) and the header of an ADTS frame (§1.A.2.2).

use super::bits::Bits;
use super::{AudioCodec, Sound};

/// `AudioSpecificConfig`, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioConfig {
    /// Audio object type of the core coder: 2 is AAC LC.
    pub object_type: u8,
    /// Hz of the core coder.
    pub core_rate: Option<u32>,
    /// Hz after spectral band replication, when that is announced.
    pub extended_rate: Option<u32>,
    /// Channels, when the configuration names a fixed arrangement.
    pub channels: Option<u8>,
}

impl AudioConfig {
    /// The rate at which sound comes out, Hz.
    pub fn output_rate(&self) -> Option<u32> {
        self.extended_rate.or(self.core_rate)
    }

    /// As a stream. The object type is told only when no extension changes what the core says.
    pub fn sound(&self) -> Sound {
        Sound {
            object_type: self.extended_rate.is_none().then_some(self.object_type),
            sample_rate: self.output_rate(),
            channels: self.channels,
            ..Sound::of(Some(AudioCodec::Aac))
        }
    }
}

/// Reads an `AudioSpecificConfig`; `None` if it is cut short or names no coder.
pub fn config(bytes: &[u8]) -> Option<AudioConfig> {
    const SBR: u8 = 5;
    const PARAMETRIC_STEREO: u8 = 29;
    let mut bits = Bits::new(bytes);
    let mut object_type = audio_object_type(&mut bits)?;
    let core_rate = frequency(&mut bits)?;
    let arrangement = bits.take_u8(4)?;
    let mut extended_rate = None;
    let stereo = object_type == PARAMETRIC_STEREO;
    if object_type == SBR || stereo {
        extended_rate = frequency(&mut bits)?;
        object_type = audio_object_type(&mut bits)?;
    } else if arrangement != 0 {
        extended_rate = announced_late(&mut bits, object_type);
    }
    let channels = match arrangement {
        1 if stereo => Some(2),
        n => channels(n),
    };
    (object_type != 0).then_some(AudioConfig {
        object_type,
        core_rate,
        extended_rate,
        channels,
    })
}

fn channels(arrangement: u8) -> Option<u8> {
    match arrangement {
        n @ 1..=6 => Some(n),
        11 => Some(7),
        7 | 12 | 14 => Some(8),
        _ => None,
    }
}

fn audio_object_type(bits: &mut Bits<'_>) -> Option<u8> {
    const ESCAPE: u8 = 31;
    match bits.take_u8(5)? {
        ESCAPE => bits.take_u8(6).map(|n| 32 + n),
        n => Some(n),
    }
}

const RATES: [u32; 13] = [
    96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000,
    7_350,
];

/// The outer `None` is the end of the bytes, the inner one a rate that is none.
#[expect(clippy::option_option, reason = "cut short and unknown are two things")]
fn frequency(bits: &mut Bits<'_>) -> Option<Option<u32>> {
    Some(match bits.take(4)? {
        15 => Some(bits.take(24)?).filter(|rate| *rate > 0),
        index => usize::try_from(index)
            .ok()
            .and_then(|i| RATES.get(i))
            .copied(),
    })
}

/// Spectral band replication announced behind the core's own fields, where old players do not look (§1.6.5.2).
fn announced_late(bits: &mut Bits<'_>, object_type: u8) -> Option<u32> {
    const SYNC: u32 = 0x2B7;
    if !matches!(object_type, 1..=4) {
        return None;
    }
    bits.skip(1)?; // frame length
    if bits.flag()? {
        bits.skip(14)?; // delay of a core coder
    }
    bits.skip(1)?; // extension: none for these types
    if bits.take(11)? != SYNC || bits.take(5)? != 5 || !bits.flag()? {
        return None;
    }
    frequency(bits).flatten()
}

/// Reads the ADTS header that `bytes` start with: 12 bits of sync, 1 of MPEG version, 2 of layer (0), 1 of checksum, 2 of
/// object type less one, 4 of rate, 1, 3 of channels.
pub fn adts(bytes: &[u8]) -> Option<Sound> {
    let mut bits = Bits::new(bytes);
    if bits.take(12)? != 0xFFF {
        return None;
    }
    bits.skip(1)?;
    if bits.take(2)? != 0 {
        return None;
    }
    bits.skip(1)?;
    let object_type = bits.take_u8(2)? + 1;
    let rate = *RATES.get(usize::try_from(bits.take(4)?).ok()?)?;
    bits.skip(1)?;
    let arrangement = bits.take_u8(3)?;
    Some(Sound {
        object_type: Some(object_type),
        sample_rate: Some(rate),
        channels: channels(arrangement),
        ..Sound::of(Some(AudioCodec::Aac))
    })
}

/// Reads the LOAS frame that `bytes` start with (ISO/IEC 14496-3 §1.7.2, §1.7.3): 11 bits of sync, 13 of length; then
/// LATM: whether the configuration before holds, which must not be so, version 0, and 14 bits of one program, layer and
/// frame; the configuration.
pub fn loas(bytes: &[u8]) -> Option<Sound> {
    let mut bits = Bits::new(bytes);
    if bits.take(11)? != 0x2B7 {
        return None;
    }
    bits.skip(13)?;
    if bits.flag()? || bits.flag()? {
        return None;
    }
    bits.skip(1 + 6)?;
    if bits.take(4 + 3)? != 0 {
        return None;
    }
    Some(config(bytes.get(5..)?)?.sound())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_in_a_loas_frame_is_read() {
        // sync, length 20, new, version 0, one of all, LC at 48 kHz in stereo
        let frame = [0x56, 0xE0, 0x14, 0x20, 0x00, 0x11, 0x90, 0x00];
        let sound = loas(&frame).unwrap();
        assert_eq!((sound.sample_rate, sound.channels), (Some(48_000), Some(2)));
        for n in 0..7 {
            assert_eq!(loas(&frame[..n]), None, "{n}");
        }
        // The one before holds; version 1; two programs; no sync.
        for (at, value) in [(3, 0xA0), (3, 0x60), (4, 0x10), (0, 0xFF)] {
            let mut bad = frame;
            bad[at] = value;
            assert_eq!(loas(&bad), None, "{at}");
        }
    }

    #[test]
    fn low_complexity_is_read() {
        let found = config(&[0x12, 0x10]).unwrap();
        assert_eq!(
            (found.object_type, found.output_rate(), found.channels),
            (2, Some(44_100), Some(2))
        );
        assert_eq!((config(&[0x12]), config(&[])), (None, None));
    }

    #[test]
    fn band_replication_doubles_the_rate_when_announced() {
        // 00101 0110 0001 0011 00010: SBR, core 24 kHz, mono, extended 48 kHz, LC
        let early = config(&[0b0010_1011, 0b0000_1001, 0b1000_1000]).unwrap();
        assert_eq!(
            (early.object_type, early.core_rate, early.output_rate()),
            (2, Some(24_000), Some(48_000))
        );
        // 00010 0110 0001 000 01010110111 00101 1 0011: LC first, the announcement behind it
        let late = config(&[
            0b0001_0011,
            0b0000_1000,
            0b0101_0110,
            0b1110_0101,
            0b1001_1000,
        ])
        .unwrap();
        assert_eq!(
            (late.object_type, late.core_rate, late.output_rate()),
            (2, Some(24_000), Some(48_000))
        );
        assert_eq!(late.sound().object_type, None);
    }

    #[test]
    fn adts_headers_are_read() {
        // sync, MPEG-4, no checksum; LC, 44.1 kHz, two channels
        let header = [0xFF, 0xF1, 0x50, 0x80];
        let sound = adts(&header).unwrap();
        assert_eq!(
            (sound.object_type, sound.sample_rate, sound.channels),
            (Some(2), Some(44_100), Some(2))
        );
        for n in 0..4 {
            assert_eq!(adts(&header[..n]), None, "{n}");
        }
        assert_eq!(adts(&[0xFF, 0xFB, 0x50, 0x80]), None);
        assert_eq!(adts(&[0xFF, 0xF1, 0x7C, 0x80]), None);
    }
}
