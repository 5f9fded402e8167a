//! MPEG-4 part 2 video: the profile of its visual object sequence (ISO/IEC 14496-2 §6.2.2). Sizes come from the container.

use super::bits::units;
use super::{Video, VideoCodec};

/// Start code of a visual object sequence; the next byte is `profile_and_level_indication` (table G.1).
const SEQUENCE: u8 = 0xB0;

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
    fn without_a_sequence_only_the_coding_is_known() {
        for bytes in [b"".as_slice(), &[0, 0, 1], &[0, 0, 1, 0xB0]] {
            assert_eq!(configuration(bytes), Video::of(Some(VideoCodec::Mpeg4)));
        }
    }
}
