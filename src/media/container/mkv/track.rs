//! `TrackEntry` (RFC 9559 §5.1.4): one stream and its coding.

use super::ebml::{each, float, text, unsigned};
use crate::media::codec::{
    AudioCodec, FrameRate, Language, Sound, Video, VideoCodec, aac, h264, hevc, mpeg2, mpeg4,
};
use crate::media::reader::{Error, Reader};

/// Bytes of a coding's private data that are looked at.
const PRIVATE_BYTES: u64 = 1024;
/// Bytes of a codec identifier or a language tag.
const NAME_BYTES: u64 = 64;

/// What a track carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    Video,
    Sound,
    Caption,
    /// Menus, buttons, and what nobody has told.
    #[default]
    Other,
}

/// One track.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) number: u64,
    pub(super) kind: Kind,
    pub(super) language: Language,
    /// Nanoseconds of one frame.
    pub(super) frame_nanos: Option<u64>,
    codec_id: String,
    private: Vec<u8>,
    width: u64,
    height: u64,
    /// Left and right; top and bottom.
    cropped: (u64, u64),
    quarter_turned: bool,
    interlaced: Option<bool>,
    sample_rate: Option<u32>,
    channels: u64,
    bits: u64,
}

/// Reads the payload of a `TrackEntry`.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Track, Error> {
    let mut track = Track {
        // RFC 9559 §5.1.4.1.19: what is not told is English; and one channel (§5.1.4.1.29.3).
        language: Language::new(b"eng"),
        channels: 1,
        ..Track::default()
    };
    let mut tagged = false;
    each(r, |id, body| {
        match id {
            0xD7 => track.number = unsigned(body)?,
            0x83 => {
                track.kind = match unsigned(body)? {
                    1 => Kind::Video,
                    2 => Kind::Sound,
                    17 => Kind::Caption,
                    _ => Kind::Other,
                }
            }
            0x86 => track.codec_id = text(body, NAME_BYTES)?,
            0x63A2 => track.private = body.bytes(body.remaining().min(PRIVATE_BYTES))?,
            0x22_B59C if !tagged => {
                track.language = Language::new(text(body, NAME_BYTES)?.as_bytes());
            }
            // The tag of RFC 5646 wins over the old code.
            0x22_B59D => {
                track.language = Language::new(text(body, NAME_BYTES)?.as_bytes());
                tagged = true;
            }
            0x23_E383 => track.frame_nanos = Some(unsigned(body)?).filter(|n| *n > 0),
            0xE0 => each(body, |id, body| video(&mut track, id, body))?,
            0xE1 => each(body, |id, body| audio(&mut track, id, body))?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(track)
}

fn video(track: &mut Track, id: u32, r: &mut Reader<'_>) -> Result<(), Error> {
    match id {
        0xB0 => track.width = unsigned(r)?,
        0xBA => track.height = unsigned(r)?,
        0x54CC | 0x54DD => track.cropped.0 = track.cropped.0.saturating_add(unsigned(r)?),
        0x54AA | 0x54BB => track.cropped.1 = track.cropped.1.saturating_add(unsigned(r)?),
        0x9A => {
            track.interlaced = match unsigned(r)? {
                1 => Some(true),
                2 => Some(false),
                _ => None,
            }
        }
        // Projection: how it is turned, in degrees.
        0x7670 => each(r, |id, body| {
            if id == 0x7675 {
                let roll = float(body)?.abs();
                track.quarter_turned = (roll - 90.0).abs() < 1.0 || (roll - 270.0).abs() < 1.0;
            }
            Ok(())
        })?,
        _ => {}
    }
    Ok(())
}

fn audio(track: &mut Track, id: u32, r: &mut Reader<'_>) -> Result<(), Error> {
    match id {
        // The rate of the coder; that of the sound that comes out wins, whichever comes first.
        0xB5 => track.sample_rate = track.sample_rate.or(hertz(float(r)?)),
        0x78B5 => track.sample_rate = hertz(float(r)?).or(track.sample_rate),
        0x9F => track.channels = unsigned(r)?,
        0x6264 => track.bits = unsigned(r)?,
        _ => {}
    }
    Ok(())
}

fn hertz(rate: f64) -> Option<u32> {
    const HIGHEST: f64 = 10_000_000.0;
    if !(1.0..=HIGHEST).contains(&rate) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked above"
    )]
    let whole = rate.round() as u32;
    Some(whole)
}

impl Track {
    /// The track as pictures.
    pub(super) fn pictures(&self) -> Video {
        let mut video = Video::of(video_codec(&self.codec_id));
        let told = match self.codec_id.as_str() {
            "V_MPEG4/ISO/AVC" => h264::avcc(&self.private).unwrap_or_default(),
            "V_MPEGH/ISO/HEVC" => hevc::hvcc(&self.private).unwrap_or_default(),
            "V_MPEG1" | "V_MPEG2" => mpeg2::sequence(&self.private).unwrap_or_default(),
            "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" => mpeg4::configuration(&self.private),
            // BITMAPINFOHEADER: the letters stand behind 16 bytes.
            "V_MS/VFW/FOURCC" => {
                let letters = self.private.get(16..).and_then(<[u8]>::first_chunk);
                Video::of(letters.and_then(|l| VideoCodec::from_fourcc(*l)))
            }
            _ => Video::default(),
        };
        video.refine(&told);
        let side = |whole: u64, cut: u64| {
            let rest = whole.checked_sub(cut).filter(|rest| *rest > 0);
            rest.and_then(|rest| u32::try_from(rest).ok())
        };
        let across = side(self.width, self.cropped.0);
        let down = side(self.height, self.cropped.1);
        (video.width, video.height) = if self.quarter_turned {
            (down, across)
        } else {
            (across, down)
        };
        let timed = self.frame_nanos.and_then(FrameRate::from_nanos);
        video.frame_rate = timed.or(video.frame_rate);
        video.interlaced = self.interlaced.or(video.interlaced);
        video
    }

    /// The track as sound.
    pub(super) fn sound(&self) -> Sound {
        let codec = audio_codec(&self.codec_id).or_else(|| {
            let tag = self.private.first_chunk().map(|b| u16::from_le_bytes(*b));
            tag.filter(|_| self.codec_id == "A_MS/ACM")
                .and_then(AudioCodec::from_format_tag)
        });
        let lossless = matches!(
            codec,
            Some(
                AudioCodec::Flac
                    | AudioCodec::Lpcm
                    | AudioCodec::Alac
                    | AudioCodec::Tta
                    | AudioCodec::WavPack
            )
        );
        let bits = u8::try_from(self.bits).ok();
        let mut sound = Sound {
            codec,
            object_type: None,
            // RFC 9559 §5.1.4.1.29.1: 8000 if not told, but nobody means that.
            sample_rate: self.sample_rate,
            channels: u8::try_from(self.channels).ok().filter(|c| *c > 0),
            bits_per_sample: bits.filter(|b| lossless && *b > 0),
            language: self.language,
        };
        if self.codec_id == "A_AAC"
            && let Some(config) = aac::config(&self.private)
        {
            sound.refine(&config.sound());
        }
        if codec == Some(AudioCodec::Opus) {
            // Opus decodes at 48 kHz whatever the input was (RFC 7845 §5.1).
            sound.sample_rate = Some(48_000);
        }
        sound
    }
}

/// By Matroska's identifiers (draft-ietf-cellar-codec §6).
fn video_codec(id: &str) -> Option<VideoCodec> {
    Some(match id {
        "V_MPEG4/ISO/AVC" => VideoCodec::H264,
        "V_MPEGH/ISO/HEVC" => VideoCodec::Hevc,
        "V_MPEGI/ISO/VVC" => VideoCodec::Vvc,
        "V_VP8" => VideoCodec::Vp8,
        "V_VP9" => VideoCodec::Vp9,
        "V_AV1" => VideoCodec::Av1,
        "V_MPEG1" => VideoCodec::Mpeg1,
        "V_MPEG2" => VideoCodec::Mpeg2,
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => VideoCodec::Mpeg4,
        "V_MPEG4/MS/V3" => VideoCodec::MsMpeg4,
        "V_MJPEG" => VideoCodec::MotionJpeg,
        "V_THEORA" => VideoCodec::Theora,
        "V_PRORES" => VideoCodec::ProRes,
        _ => return None,
    })
}

fn audio_codec(id: &str) -> Option<AudioCodec> {
    Some(match id {
        "A_AC3" | "A_AC3/BSID9" | "A_AC3/BSID10" => AudioCodec::Ac3,
        "A_EAC3" => AudioCodec::Eac3,
        "A_DTS" | "A_DTS/EXPRESS" => AudioCodec::Dts,
        "A_DTS/LOSSLESS" => AudioCodec::DtsHd,
        "A_TRUEHD" | "A_MLP" => AudioCodec::TrueHd,
        "A_MPEG/L1" | "A_MPEG/L2" => AudioCodec::Mp2,
        "A_MPEG/L3" => AudioCodec::Mp3,
        "A_VORBIS" => AudioCodec::Vorbis,
        "A_OPUS" => AudioCodec::Opus,
        "A_FLAC" => AudioCodec::Flac,
        "A_ALAC" => AudioCodec::Alac,
        "A_WAVPACK4" => AudioCodec::WavPack,
        "A_TTA1" => AudioCodec::Tta,
        _ if id.starts_with("A_AAC") => AudioCodec::Aac,
        _ if id.starts_with("A_PCM/") => AudioCodec::Lpcm,
        _ => return None,
    })
}
