//! The first bytes of an elementary stream, as transport and program streams carry it: what it says about itself.

use super::bits::units;
use super::{
    AudioCodec, Sound, Video, VideoCodec, aac, ac3, dts, h264, hevc, mpeg2, mpeg4, truehd,
};
use crate::media::container::mp3;

/// Finds the headers of a stream of pictures in its first bytes; `None` if they are not there, not whole, or not read.
pub(crate) fn video(codec: VideoCodec, es: &[u8]) -> Option<Video> {
    match codec {
        VideoCodec::Mpeg1 | VideoCodec::Mpeg2 => mpeg2::sequence(es).filter(|v| v.codec.is_some()),
        VideoCodec::Mpeg4 => Some(mpeg4::stream(es)).filter(|v| v.level.is_some()),
        VideoCodec::H264 => units(es).find_map(h264::sps),
        VideoCodec::Hevc => units(es).find_map(hevc::sps),
        _ => None,
    }
}

/// Reads the first frame of a stream of sound; it starts where `es` does, except that MPEG audio is looked for.
pub(crate) fn sound(codec: AudioCodec, es: &[u8]) -> Option<Sound> {
    match codec {
        AudioCodec::Aac => aac::adts(es).or_else(|| aac::loas(es)),
        AudioCodec::Ac3 | AudioCodec::Eac3 => ac3::frame(es),
        AudioCodec::Dts | AudioCodec::DtsHd => dts::frame(es),
        AudioCodec::Mp2 | AudioCodec::Mp3 => mp3::sound_in(es),
        AudioCodec::TrueHd => truehd::sync(es),
        _ => None,
    }
}

/// Whether more bytes of a stream of this coding can tell more.
pub(crate) fn tells(codec: AudioCodec) -> bool {
    use AudioCodec::{Aac, Ac3, Dts, DtsHd, Eac3, Mp2, Mp3, TrueHd};
    matches!(codec, Aac | Ac3 | Eac3 | Dts | DtsHd | Mp2 | Mp3 | TrueHd)
}
