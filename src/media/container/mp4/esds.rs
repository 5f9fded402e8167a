//! `esds`: the MPEG-4 description of a stream, and AAC's own inside it (ISO/IEC 14496-1 §7.2.6, 14496-3 §1.6.2.1).

use super::boxes::version_flags;
use crate::media::reader::{Error, Reader};

/// `AudioSpecificConfig`, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AudioConfig {
    /// Audio object type of the core coder: 2 is AAC LC.
    pub(super) object_type: u8,
    /// Hz of the core coder.
    pub(super) core_rate: Option<u32>,
    /// Hz after spectral band replication, when that is announced.
    pub(super) extended_rate: Option<u32>,
    /// Channels, when the configuration names a fixed arrangement.
    pub(super) channels: Option<u8>,
}

impl AudioConfig {
    /// The rate at which sound comes out, Hz.
    pub(super) fn output_rate(&self) -> Option<u32> {
        self.extended_rate.or(self.core_rate)
    }
}

const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC_INFO: u8 = 5;
/// Object type indications that carry an `AudioSpecificConfig` (14496-1 table 5): MPEG-4 and the MPEG-2 AAC profiles.
const AAC_INDICATIONS: [u8; 4] = [0x40, 0x66, 0x67, 0x68];

/// Reads the payload of `esds`; `None` for codings other than AAC.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Option<AudioConfig>, Error> {
    version_flags(r)?;
    descriptor(r, ES_DESCRIPTOR)?;
    r.skip(2)?; // ES_ID
    let flags = r.byte()?;
    if flags & 0x80 != 0 {
        r.skip(2)?; // dependsOn_ES_ID
    }
    if flags & 0x40 != 0 {
        let url = r.byte()?;
        r.skip(u64::from(url))?;
    }
    if flags & 0x20 != 0 {
        r.skip(2)?; // OCR_ES_ID
    }
    descriptor(r, DECODER_CONFIG)?;
    let indication = r.byte()?;
    if !AAC_INDICATIONS.contains(&indication) {
        return Ok(None);
    }
    r.skip(12)?; // stream type, buffer size, highest and mean rate
    let len = descriptor(r, DECODER_SPECIFIC_INFO)?;
    let mut bytes = [0; 16];
    r.sub(u64::from(len))?.read_some(&mut bytes)?;
    Ok(audio_config(&mut Bits {
        value: u128::from_be_bytes(bytes),
        left: 128,
    }))
}

/// A descriptor's tag and size; the size is one to four groups of seven bits (14496-1 §8.3.3).
fn descriptor(r: &mut Reader<'_>, tag: u8) -> Result<u32, Error> {
    if r.byte()? != tag {
        return Err(Error::Malformed("esds descriptor"));
    }
    let mut size = 0;
    for _ in 0..4 {
        let byte = r.byte()?;
        size = (size << 7) | u32::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(size)
}

/// Up to 128 bits, taken from the top; zeros behind the end.
struct Bits {
    value: u128,
    left: u32,
}

impl Bits {
    fn take(&mut self, n: u32) -> u32 {
        let n = n.min(self.left).min(32);
        let top = self.value.checked_shr(128 - n).unwrap_or(0);
        self.value = self.value.checked_shl(n).unwrap_or(0);
        self.left -= n;
        u32::try_from(top).unwrap_or(0)
    }
}

fn audio_config(bits: &mut Bits) -> Option<AudioConfig> {
    const SBR: u8 = 5;
    const PARAMETRIC_STEREO: u8 = 29;
    let mut object_type = audio_object_type(bits);
    let core_rate = frequency(bits);
    let arrangement = bits.take(4);
    let mut extended_rate = None;
    let stereo = object_type == PARAMETRIC_STEREO;
    if object_type == SBR || stereo {
        extended_rate = frequency(bits);
        object_type = audio_object_type(bits);
    } else if arrangement != 0 {
        extended_rate = announced_late(bits, object_type);
    }
    let channels = match arrangement {
        1 if stereo => Some(2),
        n @ 1..=6 => u8::try_from(n).ok(),
        11 => Some(7),
        7 | 12 | 14 => Some(8),
        _ => None,
    };
    (object_type != 0).then_some(AudioConfig {
        object_type,
        core_rate,
        extended_rate,
        channels,
    })
}

fn audio_object_type(bits: &mut Bits) -> u8 {
    const ESCAPE: u32 = 31;
    let object_type = match bits.take(5) {
        ESCAPE => 32 + bits.take(6),
        n => n,
    };
    u8::try_from(object_type).unwrap_or(0)
}

fn frequency(bits: &mut Bits) -> Option<u32> {
    const RATES: [u32; 13] = [
        96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025,
        8_000, 7_350,
    ];
    match bits.take(4) {
        15 => Some(bits.take(24)).filter(|rate| *rate > 0),
        index => usize::try_from(index)
            .ok()
            .and_then(|i| RATES.get(i))
            .copied(),
    }
}

/// Spectral band replication announced behind the core's own fields, where old players do not look (§1.6.5.2).
fn announced_late(bits: &mut Bits, object_type: u8) -> Option<u32> {
    const SYNC: u32 = 0x2B7;
    if !matches!(object_type, 1..=4) {
        return None;
    }
    bits.take(1); // frame length
    if bits.take(1) == 1 {
        bits.take(14); // delay of a core coder
    }
    bits.take(1); // extension: none for these types
    (bits.take(11) == SYNC && bits.take(5) == 5 && bits.take(1) == 1)
        .then(|| frequency(bits))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn parse(bytes: &[u8]) -> Result<Option<AudioConfig>, Error> {
        let source = Source::new(&bytes, bytes.len() as u64);
        read(&mut Reader::new(&source))
    }

    const LC_44100_STEREO: &[u8] = &[
        0, 0, 0, 0, // version, flags
        3, 0x80, 0x80, 0x80, 0x22, 0, 1, 0, // ES_Descriptor: long size, ES_ID 1, no flags
        4, 0x80, 0x80, 0x80, 0x14, 0x40, 0x15, 0, 0, 0, 0, 1, 0xF4, 0, 0, 1, 0xF4,
        0, // DecoderConfig: AAC, rates
        5, 0x80, 0x80, 0x80, 0x02, 0x12, 0x10, // object type 2, index 4, two channels
    ];

    #[test]
    fn low_complexity_is_read() {
        let config = parse(LC_44100_STEREO).unwrap().unwrap();
        assert_eq!(
            (config.object_type, config.output_rate(), config.channels),
            (2, Some(44_100), Some(2))
        );
    }

    #[test]
    fn band_replication_doubles_the_rate_when_announced() {
        let with = |config: &[u8]| {
            let mut bytes = LC_44100_STEREO[..LC_44100_STEREO.len() - 3].to_vec();
            bytes.push(u8::try_from(config.len()).unwrap());
            bytes.extend(config);
            parse(&bytes).unwrap().unwrap()
        };
        // 00101 0110 0001 0011 00010: SBR, core 24 kHz, mono, extended 48 kHz, LC
        let early = with(&[0b0010_1011, 0b0000_1001, 0b1000_1000]);
        assert_eq!(
            (early.object_type, early.core_rate, early.output_rate()),
            (2, Some(24_000), Some(48_000))
        );
        // 00010 0110 0001 000 01010110111 00101 1 0011: LC first, the announcement behind it
        let late = with(&[
            0b0001_0011,
            0b0000_1000,
            0b0101_0110,
            0b1110_0101,
            0b1001_1000,
        ]);
        assert_eq!(
            (late.object_type, late.core_rate, late.output_rate()),
            (2, Some(24_000), Some(48_000))
        );
    }

    #[test]
    fn other_codings_are_passed_over() {
        let mut mp3 = LC_44100_STEREO.to_vec();
        mp3[17] = 0x6B;
        assert_eq!(parse(&mp3), Ok(None));
    }

    #[test]
    fn every_prefix_is_refused_quietly() {
        for n in 0..LC_44100_STEREO.len() - 2 {
            assert_eq!(
                parse(&LC_44100_STEREO[..n]).err(),
                Some(Error::Truncated),
                "{n}"
            );
        }
    }
}
