//! MPEG-1 and MPEG-2 video: the sequence header and its extension (ISO/IEC 11172-2 §2.4.2.3; 13818-2 §6.2.2).

use super::bits::{Bits, units};
use super::{FrameRate, Video, VideoCodec};

/// Start code of a sequence header.
pub const SEQUENCE: u8 = 0xB3;
/// Start code of an extension.
const EXTENSION: u8 = 0xB5;
/// Start codes from the group of pictures on and of pictures: the headers of the sequence are over.
const GROUP: u8 = 0xB8;
const PICTURE: u8 = 0x00;

/// Finds a sequence header in an elementary stream. One with an extension is MPEG-2; one followed by pictures is MPEG-1;
/// of one at which `es` ends the coding is not known.
pub fn sequence(es: &[u8]) -> Option<Video> {
    let mut units = units(es).skip_while(|unit| unit.first() != Some(&SEQUENCE));
    let mut video = header(units.next()?.get(1..)?)?;
    for unit in units {
        match unit {
            [EXTENSION, rest @ ..] if rest.first().is_some_and(|b| b >> 4 == 1) => {
                extend(&mut video, rest)?;
                return Some(video);
            }
            [GROUP | PICTURE, ..] => {
                video.codec = Some(VideoCodec::Mpeg1);
                video.interlaced = Some(false);
                return Some(video);
            }
            _ => {}
        }
    }
    Some(video)
}

/// 12 bits of width, 12 of height, 4 of pixel shape, 4 of frame rate.
fn header(bytes: &[u8]) -> Option<Video> {
    const RATES: [(u64, u64); 8] = [
        (24_000, 1001),
        (24, 1),
        (25, 1),
        (30_000, 1001),
        (30, 1),
        (50, 1),
        (60_000, 1001),
        (60, 1),
    ];
    let mut bits = Bits::new(bytes);
    let (width, height) = (bits.take(12)?, bits.take(12)?);
    bits.skip(4)?;
    let rate = usize::try_from(bits.take(4)?).ok()?.checked_sub(1);
    let rate = rate.and_then(|i| RATES.get(i));
    Some(Video {
        width: (width > 0).then_some(width),
        height: (height > 0).then_some(height),
        frame_rate: rate.and_then(|(num, den)| FrameRate::new(*num, *den)),
        ..Video::default()
    })
}

/// Sequence extension (§6.2.2.3): id, profile and level, progressive, colour format, the high bits of both sides.
fn extend(video: &mut Video, bytes: &[u8]) -> Option<()> {
    let mut bits = Bits::new(bytes);
    bits.skip(4)?;
    let profile_level = bits.take_u8(8)?;
    let progressive = bits.flag()?;
    bits.skip(2)?;
    let (wide, high) = (bits.take(2)?, bits.take(2)?);
    bits.skip(12 + 1 + 8 + 1)?; // rate, marker, buffer, low delay
    let (num, den) = (u64::from(bits.take(2)?) + 1, u64::from(bits.take(5)?) + 1);
    video.codec = Some(VideoCodec::Mpeg2);
    video.interlaced = Some(!progressive);
    // The top bit is an escape for the profiles of several views and of 4:2:2.
    let plain = profile_level & 0x80 == 0;
    video.profile = plain.then_some((profile_level >> 4) & 7);
    video.level = plain.then_some(profile_level & 15);
    video.width = video.width.map(|w| w + (wide << 12));
    video.height = video.height.map(|h| h + (high << 12));
    if let Some(rate) = video.frame_rate {
        let (n, d) = rate.ratio();
        video.frame_rate = FrameRate::new(u64::from(n) * num, u64::from(d) * den);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 720 by 576, 25 pictures.
    const HEADER: &[u8] = &[
        0, 0, 1, 0xB3, 0x2D, 0x02, 0x40, 0x33, 0xFF, 0xFF, 0xE0, 0x18,
    ];
    /// Main profile at main level, fields.
    const FIELDS: &[u8] = &[0, 0, 1, 0xB5, 0x14, 0x82, 0x00, 0x01, 0x00, 0x00];
    const PICTURES: &[u8] = &[0, 0, 1, 0xB8, 0, 0, 0, 0];

    #[test]
    fn the_extension_makes_it_mpeg_2() {
        let video = sequence(&[&[9, 9], HEADER, FIELDS, PICTURES].concat()).unwrap();
        assert_eq!(
            (video.codec, video.width, video.height),
            (Some(VideoCodec::Mpeg2), Some(720), Some(576))
        );
        assert_eq!(
            (video.profile, video.level, video.interlaced),
            (Some(4), Some(8), Some(true))
        );
        assert_eq!(video.frame_rate, FrameRate::new(25, 1));
    }

    #[test]
    fn pictures_right_behind_make_it_mpeg_1() {
        let video = sequence(&[HEADER, PICTURES].concat()).unwrap();
        assert_eq!(
            (video.codec, video.profile),
            (Some(VideoCodec::Mpeg1), None)
        );
        assert_eq!(sequence(HEADER).unwrap().codec, None);
    }

    #[test]
    fn every_prefix_ends() {
        let whole = [HEADER, FIELDS, PICTURES].concat();
        for n in 0..whole.len() {
            let found = sequence(&whole[..n]);
            assert!(found.is_none_or(|v| v.width == Some(720)), "{n}");
        }
        assert_eq!(sequence(&[0; 64]), None);
    }
}
