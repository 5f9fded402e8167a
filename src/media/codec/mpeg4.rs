//! MPEG-4 part 2 video: the profile of its visual object sequence (ISO/IEC 14496-2 §6.2.2). Sizes come from the container,
//! where it knows them.

use super::bits::{Bits, units};
use super::{Video, VideoCodec};

/// Start code of a visual object sequence; the next byte is `profile_and_level_indication` (table G.1).
const SEQUENCE: u8 = 0xB0;
/// Start codes of video object layers.
const LAYER_FIRST: u8 = 0x20;
const LAYER_LAST: u8 = 0x2F;

/// Reads the decoder configuration of a track: `profile` is 1 for Simple, 15 for Advanced Simple (the high half of the
/// indication: 0 and 15), else unknown; `level` is the whole indication.
pub fn configuration(bytes: &[u8]) -> Video {
    let told = units(bytes).find_map(|unit| match unit {
        [SEQUENCE, indication, ..] => Some(*indication),
        _ => None,
    });
    Video {
        profile: told.and_then(profile),
        level: told,
        ..Video::of(Some(VideoCodec::Mpeg4))
    }
}

/// [`configuration`] with the size that the video object layer states: for streams whose container knows none.
pub fn stream(bytes: &[u8]) -> Video {
    let size = units(bytes).find_map(|unit| match unit {
        [LAYER_FIRST..=LAYER_LAST, rest @ ..] => layer_size(rest),
        _ => None,
    });
    Video {
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        ..configuration(bytes)
    }
}

/// §6.2.3: 1 bit of access, 8 of type, version, pixel shape, control of the decoder, shape of the picture, clock; then
/// width and height of 13 bits, each between marks.
fn layer_size(bytes: &[u8]) -> Option<(u32, u32)> {
    const OWN_PIXEL_SHAPE: u32 = 15;
    let mut bits = Bits::new(bytes);
    bits.skip(1 + 8)?;
    if bits.flag()? {
        bits.skip(4 + 3)?;
    }
    if bits.take(4)? == OWN_PIXEL_SHAPE {
        bits.skip(8 + 8)?;
    }
    if bits.flag()? {
        bits.skip(2 + 1)?;
        // Rate, buffer and its filling, each with marks inside.
        if bits.flag()? {
            bits.skip(16 + 16 + 16 + 15 + 16)?;
        }
    }
    // Only rectangles have a size.
    if bits.take(2)? != 0 || !bits.flag()? {
        return None;
    }
    let ticks = bits.take(16)?;
    bits.skip(1)?;
    if bits.flag()? {
        // As many bits as the largest number of ticks below a second takes.
        bits.skip((u32::BITS - ticks.checked_sub(1)?.leading_zeros()).max(1))?;
    }
    bits.skip(1)?;
    let width = bits.take(13)?;
    bits.skip(1)?;
    let height = bits.take(13)?;
    (width > 0 && height > 0).then_some((width, height))
}

/// Simple profile.
pub const SIMPLE: u8 = 1;
/// Advanced Simple profile.
pub const ADVANCED_SIMPLE: u8 = 15;
/// The indication of Simple profile at level 0b.
pub const SIMPLE_L0B: u8 = 0x09;

fn profile(indication: u8) -> Option<u8> {
    match indication {
        0x01..=0x06 | 0x08 | SIMPLE_L0B => Some(SIMPLE),
        0xF0..=0xF5 | 0xF7 => Some(ADVANCED_SIMPLE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indication_tells_the_profile() {
        let of = |level: u8| configuration(&[0, 0, 1, 0xB0, level, 0, 0, 1, 0xB5, 9]);
        assert_eq!((of(3).profile, of(3).level), (Some(SIMPLE), Some(3)));
        assert_eq!(of(0xF5).profile, Some(ADVANCED_SIMPLE));
        assert_eq!(of(0x20).profile, None);
    }

    #[test]
    fn the_layer_tells_the_size() {
        use crate::media::codec::bits::tests::Writer;
        let clock = |w: Writer| w.put(2, 0).put(1, 1).put(16, 25).put(1, 1);
        let size = |w: Writer| w.put(1, 1).put(13, 320).put(1, 1).put(13, 180).put(1, 1);
        let plain =
            size(clock(Writer::default().put(9, 1).put(1, 0).put(4, 1).put(1, 0)).put(1, 0));
        // Versioned, with a pixel shape of its own, control with rates, and a fixed rate of pictures.
        let long = Writer::default()
            .put(9, 1)
            .put(1, 1)
            .put(7, 0x11)
            .put(4, 15)
            .put(16, 0x0C0B);
        let long = long
            .put(1, 1)
            .put(3, 3)
            .put(1, 1)
            .put(32, 0)
            .put(32, 0)
            .put(15, 0);
        let long = size(clock(long).put(1, 1).put(5, 1));
        for layer in [plain.bytes(), long.bytes()] {
            let start = [0, 0, 1, 0xB0, 1, 0, 0, 1, 0x20];
            let bytes = [start.as_slice(), &layer].concat();
            let video = stream(&bytes);
            assert_eq!((video.width, video.height), (Some(320), Some(180)));
            assert_eq!(video.profile, Some(SIMPLE));
            for n in 0..bytes.len() - 1 {
                assert_eq!(stream(&bytes[..n]).height, None, "{n}");
            }
        }
    }

    #[test]
    fn without_a_sequence_only_the_coding_is_known() {
        for bytes in [b"".as_slice(), &[0, 0, 1], &[0, 0, 1, 0xB0]] {
            assert_eq!(configuration(bytes), Video::of(Some(VideoCodec::Mpeg4)));
        }
    }
}
