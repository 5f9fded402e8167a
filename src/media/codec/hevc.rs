//! HEVC: the sequence parameter set (ITU-T H.265 §7.3.2.2) and `hvcC` (ISO/IEC 14496-15 §8.3.3.1). The frame rate is not
//! read: it stands behind things that no rule asks for, and no DLNA profile has HEVC.

use super::bits::{Bits, unescaped};
use super::{Video, VideoCodec};

/// NAL unit type of a sequence parameter set.
pub const SPS: u8 = 33;
/// Bytes of a parameter set that are looked at.
const SPS_BYTES: usize = 256;

/// Reads an `HEVCDecoderConfigurationRecord`: version 1, then profile, compatibility, constraints, level as in the stream.
pub fn hvcc(record: &[u8]) -> Option<Video> {
    let (1, rest) = record.split_first().map(|(v, rest)| (*v, rest))? else {
        return None;
    };
    profile(&mut Bits::new(rest))
}

/// Reads a sequence parameter set, its NAL unit header of two bytes included. `None` unless all of it makes sense.
pub fn sps(nal: &[u8]) -> Option<Video> {
    let (header, payload) = nal.split_first_chunk::<2>()?;
    if (header[0] >> 1) & 0x3F != SPS {
        return None;
    }
    let payload = unescaped(payload.get(..SPS_BYTES.min(payload.len()))?);
    let mut bits = Bits::new(&payload);
    bits.skip(4)?; // video parameter set
    let sub_layers = bits.take(3)?;
    bits.skip(1)?; // nesting
    let mut video = profile(&mut bits)?;
    skip_sub_layers(&mut bits, sub_layers)?;
    bits.unsigned()?; // id
    let chroma = bits.unsigned().filter(|c| *c <= 3)?;
    if chroma == 3 {
        bits.skip(1)?; // separate planes
    }
    let (width, height) = (bits.unsigned()?, bits.unsigned()?);
    let mut crop = [0; 4];
    if bits.flag()? {
        for edge in &mut crop {
            *edge = bits.unsigned()?;
        }
    }
    let (x, y) = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    video.width = Some(side(width, crop[0], crop[1], x)?);
    video.height = Some(side(height, crop[2], crop[3], y)?);
    Some(video)
}

fn side(coded: u32, before: u32, behind: u32, unit: u32) -> Option<u32> {
    const LONGEST: u32 = 16_384;
    let cut = before.checked_add(behind)?.checked_mul(unit)?;
    coded
        .checked_sub(cut)
        .filter(|side| (1..=LONGEST).contains(side))
}

/// `profile_tier_level` without its sub-layers (§7.3.3): 88 bits of profile, 8 of level.
fn profile(bits: &mut Bits<'_>) -> Option<Video> {
    bits.skip(3)?; // space, tier
    let profile = bits.take_u8(5)?;
    bits.skip(32)?; // compatibility
    let (progressive, interlaced) = (bits.flag()?, bits.flag()?);
    bits.skip(46)?;
    let level = bits.take_u8(8)?;
    Some(Video {
        profile: Some(profile),
        level: Some(level),
        interlaced: (progressive != interlaced).then_some(interlaced),
        ..Video::of(Some(VideoCodec::Hevc))
    })
}

fn skip_sub_layers(bits: &mut Bits<'_>, count: u32) -> Option<()> {
    let mut present = [(false, false); 8];
    for place in present.iter_mut().take(usize::try_from(count).ok()?) {
        *place = (bits.flag()?, bits.flag()?);
    }
    if count > 0 {
        bits.skip(2 * (8 - count))?;
    }
    for (profile, level) in present {
        bits.skip(if profile { 88 } else { 0 })?;
        bits.skip(if level { 8 } else { 0 })?;
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::codec::bits::tests::Writer;

    /// Main profile, progressive, level 3.1.
    fn profile_tier_level(writer: Writer) -> Writer {
        writer
            .put(8, 1)
            .put(32, 0)
            .put(4, 0b1001)
            .put(32, 0)
            .put(12, 0)
            .put(8, 93)
    }

    /// 1920 by 1080 in 1088 lines, with one sub-layer that has a level.
    fn full_hd() -> Vec<u8> {
        let head = Writer::default()
            .put(16, u32::from(SPS) << 9 | 1)
            .put(4, 0)
            .put(3, 1)
            .put(1, 1);
        profile_tier_level(head)
            .put(2, 0b01)
            .put(14, 0)
            .put(8, 90)
            .golomb(&[0, 1, 1920, 1088])
            .put(1, 1)
            .golomb(&[0, 0, 0, 4])
            .bytes()
    }

    fn escaped(nal: &[u8]) -> Vec<u8> {
        let (mut out, mut zeros) = (Vec::new(), 0);
        for byte in nal {
            if zeros == 2 && *byte <= 3 {
                out.push(3);
                zeros = 0;
            }
            zeros = if *byte == 0 { zeros + 1 } else { 0 };
            out.push(*byte);
        }
        out
    }

    #[test]
    fn a_parameter_set_tells_profile_and_size() {
        let video = sps(&escaped(&full_hd())).unwrap();
        assert_eq!((video.width, video.height), (Some(1920), Some(1080)));
        assert_eq!(
            (video.profile, video.level, video.interlaced),
            (Some(1), Some(93), Some(false))
        );
    }

    #[test]
    fn a_record_tells_profile_and_level() {
        let record = profile_tier_level(Writer::default().put(8, 1)).bytes();
        let video = hvcc(&record).unwrap();
        assert_eq!(
            (video.profile, video.level, video.width),
            (Some(1), Some(93), None)
        );
        for n in 0..record.len() {
            assert_eq!(hvcc(&record[..n]), None, "{n}");
        }
    }

    #[test]
    fn every_prefix_and_foreign_units_are_refused() {
        let nal = escaped(&full_hd());
        for n in 0..nal.len() - 1 {
            assert_eq!(sps(&nal[..n]), None, "{n}");
        }
        assert_eq!(sps(&[0x40, 1, 2, 3]), None);
    }
}
