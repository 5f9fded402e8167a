//! Where a decoder can start.

use crate::media::codec::VideoCodec;

/// Whether a decoder can start with the picture that `es` begins with: it has the headers of its sequence, or says that it
/// refers to no other (ISO/IEC 13818-2 §6.2, 14496-2 §6.2, 14496-10 table 7-1, 23008-2 table 7-1; SMPTE 421M annex E).
pub(in crate::media::container) fn starts_with_key(codec: VideoCodec, es: &[u8]) -> bool {
    let codes = es.windows(4).filter(|w| w.starts_with(&[0, 0, 1]));
    let mut kinds = codes.filter_map(|w| w.last().copied());
    kinds.any(|kind| match codec {
        VideoCodec::Mpeg1 | VideoCodec::Mpeg2 => matches!(kind, 0xB3 | 0xB8),
        VideoCodec::Mpeg4 => matches!(kind, 0x20..=0x2F | 0xB0 | 0xB3),
        VideoCodec::H264 => matches!(kind & 0x1F, 5 | 7),
        VideoCodec::Hevc => matches!((kind >> 1) & 0x3F, 16..=21 | 32..=34),
        VideoCodec::Vc1 => kind == 0x0F,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_are_told_by_their_codes() {
        let es = |kind| [0, 0, 0, 1, kind, 9, 9];
        for (codec, key, other) in [
            (VideoCodec::Mpeg2, 0xB3, 0x00),
            (VideoCodec::H264, 0x67, 0x41),
            (VideoCodec::H264, 0x65, 0x09),
            (VideoCodec::Hevc, 0x40, 0x02),
            (VideoCodec::Hevc, 0x26, 0x46),
        ] {
            assert!(starts_with_key(codec, &es(key)), "{codec:?} {key:x}");
            assert!(!starts_with_key(codec, &es(other)), "{codec:?} {other:x}");
        }
        assert!(!starts_with_key(VideoCodec::H264, &[0, 0, 1]));
    }
}
