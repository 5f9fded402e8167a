//! H.264 / AVC: the sequence parameter set (ITU-T H.264 §7.3.2.1, annex E) and `avcC`, the box that holds it
//! (ISO/IEC 14496-15 §5.3.3.1).

use super::bits::{Bits, unescaped};
use super::{FrameRate, Video, VideoCodec};

/// NAL unit type of a sequence parameter set.
pub const SPS: u8 = 7;
/// Baseline profile.
pub const BASELINE: u8 = 66;
/// Main profile.
pub const MAIN: u8 = 77;
/// High profile.
pub const HIGH: u8 = 100;
/// Bytes of a parameter set that are looked at.
const SPS_BYTES: usize = 512;

/// Reads an `AVCDecoderConfigurationRecord`: version 1, profile, compatibility, level, length size, number of sets, sets.
pub fn avcc(record: &[u8]) -> Option<Video> {
    let &[1, profile, _, level, _, count, ref sets @ ..] = record else {
        return None;
    };
    let told = Video {
        profile: Some(profile),
        level: Some(level),
        ..Video::of(Some(VideoCodec::H264))
    };
    let first = || {
        let (len, rest) = sets.split_first_chunk::<2>()?;
        sps(rest.get(..usize::from(u16::from_be_bytes(*len)))?)
    };
    let sets_told = count & 31;
    let found = if sets_told > 0 { first() } else { None };
    Some(found.unwrap_or(told))
}

/// Reads a sequence parameter set, NAL unit header included. `None` unless all of it makes sense.
pub fn sps(nal: &[u8]) -> Option<Video> {
    let (header, payload) = nal.split_first()?;
    if header & 0x9F != SPS {
        return None;
    }
    let payload = unescaped(payload.get(..SPS_BYTES.min(payload.len()))?);
    let mut bits = Bits::new(&payload);
    let profile = bits.take_u8(8)?;
    bits.skip(8)?; // constraints
    let level = bits.take_u8(8)?;
    bits.unsigned()?; // id
    let chroma = chroma_format(&mut bits, profile)?;
    picture_order(&mut bits)?;
    bits.unsigned()?; // reference frames
    bits.skip(1)?; // gaps
    let width_mbs = bits.unsigned()?.checked_add(1)?;
    let height_units = bits.unsigned()?.checked_add(1)?;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.skip(1)?;
    }
    bits.skip(1)?; // direct inference
    let fields = if frames_only { 1 } else { 2 };
    let crop = crop(&mut bits, chroma, fields)?;
    let width = side(width_mbs.checked_mul(16)?, crop[0], crop[1])?;
    let height = side(height_units.checked_mul(16 * fields)?, crop[2], crop[3])?;
    let frame_rate = if bits.flag()? {
        timing(&mut bits)
    } else {
        None
    };
    Some(Video {
        codec: Some(VideoCodec::H264),
        profile: Some(profile),
        level: Some(level),
        width: Some(width),
        height: Some(height),
        frame_rate,
        interlaced: Some(!frames_only),
    })
}

fn side(coded: u32, before: u32, behind: u32) -> Option<u32> {
    const LONGEST: u32 = 16_384;
    coded
        .checked_sub(before.checked_add(behind)?)
        .filter(|side| (1..=LONGEST).contains(side))
}

/// `chroma_format_idc`, 4:2:0 where it is not told; scaling lists are passed over.
fn chroma_format(bits: &mut Bits<'_>, profile: u8) -> Option<u32> {
    const TELLING: [u8; 13] = [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135];
    if !TELLING.contains(&profile) {
        return Some(1);
    }
    let chroma = bits.unsigned().filter(|c| *c <= 3)?;
    if chroma == 3 && bits.flag()? {
        // Three planes coded each by itself are cropped like one without colour.
        skip_depths_and_lists(bits, 12)?;
        return Some(0);
    }
    skip_depths_and_lists(bits, if chroma == 3 { 12 } else { 8 })?;
    Some(chroma)
}

fn skip_depths_and_lists(bits: &mut Bits<'_>, lists: u32) -> Option<()> {
    bits.unsigned()?;
    bits.unsigned()?;
    bits.skip(1)?; // transform bypass
    if !bits.flag()? {
        return Some(());
    }
    for list in 0..lists {
        if bits.flag()? {
            let (mut last, mut next) = (8_i64, 8_i64);
            for _ in 0..if list < 6 { 16 } else { 64 } {
                if next != 0 {
                    next = (last + bits.signed()?).rem_euclid(256);
                }
                last = if next == 0 { last } else { next };
            }
        }
    }
    Some(())
}

fn picture_order(bits: &mut Bits<'_>) -> Option<()> {
    bits.unsigned()?; // frame number bits
    match bits.unsigned()? {
        0 => bits.unsigned().map(drop),
        1 => {
            bits.skip(1)?;
            bits.signed()?;
            bits.signed()?;
            let cycle = bits.unsigned().filter(|n| *n <= 255)?;
            (0..cycle).try_for_each(|_| bits.signed().map(drop))
        }
        2 => Some(()),
        _ => None,
    }
}

/// Pixels cut off at the left, right, top and bottom.
fn crop(bits: &mut Bits<'_>, chroma: u32, fields: u32) -> Option<[u32; 4]> {
    if !bits.flag()? {
        return Some([0; 4]);
    }
    let (x, y) = match chroma {
        1 => (2, 2 * fields),
        2 => (2, fields),
        _ => (1, fields),
    };
    let mut edge = |unit: u32| bits.unsigned()?.checked_mul(unit);
    Some([edge(x)?, edge(x)?, edge(y)?, edge(y)?])
}

/// The frame rate of the video usability information (annex E): a tick is the time of a field.
fn timing(bits: &mut Bits<'_>) -> Option<FrameRate> {
    const EXTENDED_ASPECT: u32 = 255;
    if bits.flag()? && bits.take(8)? == EXTENDED_ASPECT {
        bits.skip(32)?;
    }
    if bits.flag()? {
        bits.skip(1)?; // overscan
    }
    if bits.flag()? {
        bits.skip(4)?; // signal type: format, range
        if bits.flag()? {
            bits.skip(24)?;
        }
    }
    if bits.flag()? {
        bits.unsigned()?; // chroma sample positions
        bits.unsigned()?;
    }
    if !bits.flag()? {
        return None;
    }
    let (units, scale) = (bits.take(32)?, bits.take(32)?);
    FrameRate::new(u64::from(scale), 2 * u64::from(units))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::codec::bits::tests::Writer;

    /// 1920 by 1080 in 1088 lines, high profile, level 4.0; `mbs_only` 1 for frames. A tick of 1/50 s.
    fn full_hd(mbs_only: u32) -> Vec<u8> {
        let units = if mbs_only == 1 { 67 } else { 33 };
        let bottom = if mbs_only == 1 { 4 } else { 2 };
        let mut writer = Writer::default()
            .put(8, 0x67)
            .put(8, 100)
            .put(8, 0)
            .put(8, 40)
            .golomb(&[0, 1, 0, 0]) // id, 4:2:0, depths
            .put(2, 0) // no bypass, no lists
            .golomb(&[0, 2, 4]) // frame numbers, order by output, references
            .put(1, 0)
            .golomb(&[119, units])
            .put(1, mbs_only);
        if mbs_only == 0 {
            writer = writer.put(1, 1);
        }
        writer
            .put(2, 0b11) // direct inference, cropping
            .golomb(&[0, 0, 0, bottom])
            .put(1, 1) // usability information
            .put(9, 0b1_0000_0001) // aspect 1
            .put(3, 0b001) // no overscan, video signal: no, chroma: yes
            .golomb(&[0, 0])
            .put(1, 1)
            .put(32, 1)
            .put(32, 50)
            .put(3, 0b100)
            .bytes()
    }

    #[test]
    fn a_parameter_set_tells_size_rate_and_fields() {
        let video = sps(&full_hd(1)).unwrap();
        assert_eq!((video.width, video.height), (Some(1920), Some(1080)));
        assert_eq!(
            (video.profile, video.level, video.interlaced),
            (Some(HIGH), Some(40), Some(false))
        );
        assert_eq!(video.frame_rate, FrameRate::new(25, 1));
        let fields = sps(&full_hd(0)).unwrap();
        assert_eq!((fields.height, fields.interlaced), (Some(1080), Some(true)));
    }

    #[test]
    fn scaling_lists_are_passed_over() {
        let nal = Writer::default()
            .put(8, 0x67)
            .put(24, 100 << 16 | 31)
            .golomb(&[0, 1, 0, 0])
            .put(2, 0b01) // lists follow
            .put(1, 1) // the first list is there
            .golomb(&[16]) // -8: ends at once
            .put(7, 0)
            .golomb(&[0, 2, 1])
            .put(1, 0)
            .golomb(&[39, 29])
            .put(4, 0b1100)
            .bytes();
        let video = sps(&nal).unwrap();
        assert_eq!(
            (video.width, video.height, video.frame_rate),
            (Some(640), Some(480), None)
        );
    }

    #[test]
    fn a_record_tells_its_profile_even_without_sets() {
        let set = full_hd(1);
        let len = u8::try_from(set.len()).unwrap();
        let record = [&[1, 100, 0, 40, 0xFF, 0xE1, 0, len], set.as_slice()].concat();
        assert_eq!(avcc(&record).unwrap().height, Some(1080));
        let empty = avcc(&[1, 77, 0, 31, 0xFF, 0xE0]).unwrap();
        assert_eq!(
            (empty.profile, empty.level, empty.width),
            (Some(MAIN), Some(31), None)
        );
        assert_eq!((avcc(&[]), avcc(&[2, 77, 0, 31, 0xFF, 0xE0])), (None, None));
        for n in 6..record.len() {
            let told = avcc(&record[..n]).unwrap();
            assert!(told.width.is_none_or(|w| w == 1920), "{n}");
        }
    }

    #[test]
    fn every_prefix_and_impossible_sizes_are_refused() {
        let nal = full_hd(1);
        for n in 0..nal.len() - 1 {
            assert_eq!(
                sps(&nal[..n]).filter(|v| v.frame_rate.is_some()),
                None,
                "{n}"
            );
        }
        for at in 0..nal.len() {
            for value in [0, 0x55, 0xFF] {
                let mut damaged = nal.clone();
                damaged[at] = value;
                let video = sps(&damaged);
                assert!(video.is_none_or(|v| v.width.unwrap() <= 16_384), "{at}");
            }
        }
        assert_eq!(sps(&[0x68, 1, 2, 3]), None);
    }
}
