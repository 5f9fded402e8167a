//! DTS: the headers of a core frame and of an extension substream (ETSI TS 102 114 §5.3, §7.4).

use super::bits::Bits;
use super::{AudioCodec, Sound};

/// What a frame says, its length and its time.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) sound: Sound,
    /// Bytes, header included.
    pub(crate) len: u64,
    /// Samples per channel; 0 for an extension.
    pub(crate) samples: u32,
}

/// Reads the header that `bytes` start with: of a core frame, or of an extension that stands alone (DTS Express).
pub fn frame(bytes: &[u8]) -> Option<Sound> {
    core(bytes)
        .or_else(|| extension(bytes))
        .map(|frame| frame.sound)
}

/// Reads the header of a core frame in the form with 16 bits to the word, high byte first: the one of transport and program
/// streams, and of most files.
///
/// ```text
/// 32 sync | 1 type | 5 short | 1 crc | 7 blocks | 14 size | 6 arrangement | 4 rate | 5 bit rate | 10 flags | 2 low freq.
/// ```
pub(crate) fn core(bytes: &[u8]) -> Option<Frame> {
    const SYNC: u32 = 0x7FFE_8001;
    const CHANNELS: [u8; 10] = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5];
    const RATES: [u32; 16] = [
        0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 0, 0,
    ];
    let mut bits = Bits::new(bytes);
    if bits.take(32)? != SYNC {
        return None;
    }
    bits.skip(1 + 5 + 1)?;
    let blocks = bits.take(7)? + 1;
    let len = u64::from(bits.take(14)? + 1);
    let arrangement = usize::try_from(bits.take(6)?).ok()?;
    let rate = RATES.get(usize::try_from(bits.take(4)?).ok()?).copied();
    bits.skip(5 + 10)?;
    let low = bits.take(2)?;
    let channels = CHANNELS.get(arrangement).map(|n| n + u8::from(low != 0));
    let sound = Sound {
        sample_rate: rate.filter(|r| *r > 0),
        channels,
        ..Sound::of(Some(AudioCodec::Dts))
    };
    Some(Frame {
        sound,
        len,
        samples: blocks * 32,
    })
}

/// Reads the header of an extension substream, whose first asset tells rate and channels if the fixed fields are there.
///
/// ```text
/// 32 sync | 8 user | 2 index | 1 wide | 8 or 12 header size | 16 or 20 size | 1 fixed fields |
///     2 clock | 3 duration | 1 + 36 time code | 3 presentations | 3 assets | masks | mixing |
///     sizes of the assets | 9 size of descriptor, 3 index | 1 + 4 kind | 1 + 24 language | 1 + 10 text | 5 bits | 4 rate | 8 channels
/// ```
pub(crate) fn extension(bytes: &[u8]) -> Option<Frame> {
    const SYNC: u32 = 0x6458_2025;
    let mut bits = Bits::new(bytes);
    if bits.take(32)? != SYNC {
        return None;
    }
    bits.skip(8)?;
    let index = bits.take(2)?;
    let wide = bits.flag()?;
    bits.skip(if wide { 12 } else { 8 })?;
    let size_bits = if wide { 20 } else { 16 };
    let len = u64::from(bits.take(size_bits)? + 1);
    let (sample_rate, channels) = first_asset(bits, index, size_bits).unzip();
    let sound = Sound {
        sample_rate,
        channels,
        ..Sound::of(Some(AudioCodec::DtsHd))
    };
    Some(Frame {
        sound,
        len,
        samples: 0,
    })
}

fn first_asset(mut bits: Bits<'_>, index: u32, size_bits: u32) -> Option<(u32, u8)> {
    const RATES: [u32; 16] = [
        8_000, 16_000, 32_000, 64_000, 128_000, 22_050, 44_100, 88_200, 176_400, 352_800, 12_000,
        24_000, 48_000, 96_000, 192_000, 384_000,
    ];
    if !bits.flag()? {
        return None;
    }
    bits.skip(2 + 3)?;
    if bits.flag()? {
        bits.skip(36)?;
    }
    let (presentations, assets) = (bits.take(3)? + 1, bits.take(3)? + 1);
    // Which substreams a presentation is of, and which assets of each.
    let mut masks = 0;
    for _ in 0..presentations {
        masks += bits.take(index + 1)?.count_ones();
    }
    bits.skip(8 * masks)?;
    if bits.flag()? {
        bits.skip(2)?;
        let width = (bits.take(2)? + 1) * 4;
        let outputs = bits.take(2)? + 1;
        bits.skip(width * outputs)?;
    }
    bits.skip(size_bits * assets)?;
    bits.skip(9 + 3)?;
    for kind_and_language in [4, 24] {
        if bits.flag()? {
            bits.skip(kind_and_language)?;
        }
    }
    if bits.flag()? {
        let letters = bits.take(10)? + 1;
        bits.skip(8 * letters)?;
    }
    bits.skip(5)?;
    let rate = *RATES.get(usize::try_from(bits.take(4)?).ok()?)?;
    let channels = u8::try_from(bits.take(8)? + 1).ok()?;
    Some((rate, channels))
}

#[cfg(test)]
mod tests {
    use super::super::bits::tests::Writer;
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

    /// An extension of 300 bytes with 48 kHz and 6 channels, and everything there that may be left out.
    pub(crate) fn express() -> Vec<u8> {
        let fixed = Writer::default()
            .put(32, 0x6458_2025)
            .put(8, 0)
            .put(2, 1)
            .put(1, 0)
            .put(8, 40)
            .put(16, 299)
            .put(1, 1);
        let masks = fixed
            .put(2 + 3, 0)
            .put(1, 1)
            .put(32, 7)
            .put(4, 7)
            .put(3, 1) // two presentations, of both substreams and of none
            .put(3, 0)
            .put(2, 3)
            .put(2, 0)
            .put(16, 0xFFFF);
        let mixing = masks.put(1, 1).put(2, 0).put(2, 1).put(2, 1).put(16, 0);
        let asset = mixing.put(16, 200).put(9 + 3, 0).put(1, 1).put(4, 2);
        let told = asset.put(1, 1).put(24, 0).put(1, 1).put(10, 0).put(8, 65);
        told.put(5, 23).put(4, 12).put(8, 5).bytes()
    }

    #[test]
    fn an_extension_alone_tells_rate_and_channels() {
        let bytes = express();
        let told = extension(&bytes).unwrap();
        let sound = &told.sound;
        assert_eq!((told.len, told.samples), (300, 0));
        assert_eq!((sound.sample_rate, sound.channels), (Some(48_000), Some(6)));
        assert_eq!(frame(&bytes), Some(told.sound));
        for n in 0..bytes.len() {
            assert!(extension(&bytes[..n]).is_none_or(|f| f.sound.channels.is_none()));
        }
    }
}
