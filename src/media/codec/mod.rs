//! Codings of pictures and sound, as far as a renderer asks: which one, how large, how fast. Headers alone are read, no
//! picture and no sample is ever decoded.

pub mod aac;
pub mod ac3;
pub(crate) mod bits;
pub mod dts;
pub(crate) mod elementary;
pub mod h264;
pub mod hevc;
pub mod mpeg2;
pub mod mpeg4;
pub mod truehd;

use std::fmt;

use crate::media::tag::put;
use crate::media::{Class, Media};

/// How pictures are coded. The numbers are stored in snapshots and keep their meaning for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the codings' own")]
pub enum VideoCodec {
    Mpeg1 = 1,
    Mpeg2 = 2,
    /// MPEG-4 part 2: `DivX`, Xvid.
    Mpeg4 = 3,
    H263 = 4,
    H264 = 5,
    Hevc = 6,
    Vvc = 7,
    Vp6 = 8,
    Vp8 = 9,
    Vp9 = 10,
    Av1 = 11,
    Vc1 = 12,
    Wmv = 13,
    MotionJpeg = 14,
    Theora = 15,
    /// Microsoft's own early MPEG-4, `DivX` 3.
    MsMpeg4 = 16,
    ProRes = 17,
    Dv = 18,
    Sorenson = 19,
}

impl VideoCodec {
    /// The usual short name, lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mpeg1 => "mpeg1video",
            Self::Mpeg2 => "mpeg2video",
            Self::Mpeg4 => "mpeg4",
            Self::H263 => "h263",
            Self::H264 => "h264",
            Self::Hevc => "hevc",
            Self::Vvc => "vvc",
            Self::Vp6 => "vp6",
            Self::Vp8 => "vp8",
            Self::Vp9 => "vp9",
            Self::Av1 => "av1",
            Self::Vc1 => "vc1",
            Self::Wmv => "wmv",
            Self::MotionJpeg => "mjpeg",
            Self::Theora => "theora",
            Self::MsMpeg4 => "msmpeg4",
            Self::ProRes => "prores",
            Self::Dv => "dv",
            Self::Sorenson => "flv1",
        }
    }

    /// By the four letters that AVI, Matroska's `V_MS/VFW/FOURCC` and QuickTime use, in any case.
    pub fn from_fourcc(code: [u8; 4]) -> Option<Self> {
        Some(match &code.map(|b| b.to_ascii_lowercase()) {
            b"h264" | b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"x264" | b"davc" | b"vssh" => {
                Self::H264
            }
            b"hvc1" | b"hev1" | b"hevc" | b"h265" | b"x265" | b"dvh1" | b"dvhe" => Self::Hevc,
            b"vvc1" | b"vvi1" => Self::Vvc,
            b"xvid" | b"divx" | b"dx50" | b"mp4v" | b"fmp4" | b"3iv2" | b"mp4s" | b"m4s2" => {
                Self::Mpeg4
            }
            b"div3" | b"div4" | b"div5" | b"div6" | b"mp43" | b"mp42" | b"mpg4" | b"col1" => {
                Self::MsMpeg4
            }
            b"mjpg" | b"mjpa" | b"mjpb" | b"jpeg" | b"avrn" | b"dmb1" => Self::MotionJpeg,
            b"mpg1" | b"mp1v" | b"m1v " => Self::Mpeg1,
            b"mpg2" | b"mp2v" | b"m2v1" | b"hdv1" | b"hdv2" | b"hdv3" => Self::Mpeg2,
            b"h263" | b"s263" | b"i263" | b"u263" => Self::H263,
            b"flv1" => Self::Sorenson,
            b"vp60" | b"vp61" | b"vp62" | b"vp6f" | b"vp6a" => Self::Vp6,
            b"vp80" | b"vp08" => Self::Vp8,
            b"vp90" | b"vp09" => Self::Vp9,
            b"av01" => Self::Av1,
            b"wvc1" | b"vc-1" | b"wmva" => Self::Vc1,
            b"wmv1" | b"wmv2" | b"wmv3" => Self::Wmv,
            b"theo" => Self::Theora,
            b"apch" | b"apcn" | b"apcs" | b"apco" | b"ap4h" | b"ap4x" => Self::ProRes,
            b"dvsd" | b"dvhd" | b"dvsl" | b"dvc " | b"dvcp" | b"dvpp" | b"dv25" | b"dv50" => {
                Self::Dv
            }
            _ => return None,
        })
    }
}

/// How sound is coded. The numbers are stored in snapshots and keep their meaning for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are the codings' own")]
pub enum AudioCodec {
    Aac = 1,
    Ac3 = 2,
    Eac3 = 3,
    Dts = 4,
    DtsHd = 5,
    TrueHd = 6,
    /// MPEG audio, layer I or II.
    Mp2 = 7,
    Mp3 = 8,
    Lpcm = 9,
    Vorbis = 10,
    Opus = 11,
    Flac = 12,
    Alac = 13,
    Wma = 14,
    WmaPro = 15,
    AmrNb = 16,
    AmrWb = 17,
    Ac4 = 18,
    MpegH = 19,
    Speex = 20,
    Nellymoser = 21,
    Adpcm = 22,
    WavPack = 23,
    Tta = 24,
    G711 = 25,
}

impl AudioCodec {
    /// The usual short name, lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Ac3 => "ac3",
            Self::Eac3 => "eac3",
            Self::Dts => "dts",
            Self::DtsHd => "dts-hd",
            Self::TrueHd => "truehd",
            Self::Mp2 => "mp2",
            Self::Mp3 => "mp3",
            Self::Lpcm => "lpcm",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
            Self::Flac => "flac",
            Self::Alac => "alac",
            Self::Wma => "wma",
            Self::WmaPro => "wmapro",
            Self::AmrNb => "amr",
            Self::AmrWb => "amr-wb",
            Self::Ac4 => "ac4",
            Self::MpegH => "mpegh",
            Self::Speex => "speex",
            Self::Nellymoser => "nellymoser",
            Self::Adpcm => "adpcm",
            Self::WavPack => "wavpack",
            Self::Tta => "tta",
            Self::G711 => "g711",
        }
    }

    /// By the format tag of WAVE, AVI and Matroska's `A_MS/ACM` (Microsoft `mmreg.h`).
    pub fn from_format_tag(tag: u16) -> Option<Self> {
        Some(match tag {
            0x0001 | 0x0003 => Self::Lpcm,
            0x0002 | 0x0011 => Self::Adpcm,
            0x0006 | 0x0007 => Self::G711,
            0x0050 => Self::Mp2,
            0x0055 => Self::Mp3,
            0x00FF | 0x1600 | 0x1610 | 0x706D | 0xA106 => Self::Aac,
            0x0160 | 0x0161 => Self::Wma,
            0x0162 => Self::WmaPro,
            0x2000 => Self::Ac3,
            0x2001 | 0x0008 => Self::Dts,
            0x566F | 0x674F..=0x6751 | 0x676F..=0x6771 => Self::Vorbis,
            0xF1AC => Self::Flac,
            _ => return None,
        })
    }
}

/// Pictures per second as a ratio in lowest terms; neither part is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FrameRate {
    num: u32,
    den: u32,
}

impl FrameRate {
    /// `num / den`; `None` unless that lies between one picture in ten seconds and 300 per second: more is a time scale that
    /// was taken for a rate.
    pub fn new(num: u64, den: u64) -> Option<Self> {
        if den == 0 || num.saturating_mul(10) < den || num / den > 300 {
            return None;
        }
        let divisor = gcd(num, den);
        Some(Self {
            num: u32::try_from(num / divisor).ok()?,
            den: u32::try_from(den / divisor).ok()?,
        })
    }

    /// From the time of one picture in nanoseconds; those of 24, 30 and 60 pictures per 1.001 seconds are recognised.
    pub fn from_nanos(nanos: u64) -> Option<Self> {
        const USUAL: [(u64, u64); 9] = [
            (24_000, 1001),
            (30_000, 1001),
            (60_000, 1001),
            (24, 1),
            (25, 1),
            (30, 1),
            (50, 1),
            (60, 1),
            (15, 1),
        ];
        let near = |(num, den): &&(u64, u64)| (den * 1_000_000_000 / num).abs_diff(nanos) <= 500;
        match USUAL.iter().find(near) {
            Some((num, den)) => Self::new(*num, *den),
            None => Self::new(1_000_000_000, nanos),
        }
    }

    /// Numerator and denominator.
    pub const fn ratio(self) -> (u32, u32) {
        (self.num, self.den)
    }

    /// Pictures in a thousand seconds, rounded: 23976, 25000, 29970.
    pub fn per_kilosecond(self) -> u32 {
        let den = u64::from(self.den);
        let rounded = (u64::from(self.num) * 1000 + den / 2) / den;
        u32::try_from(rounded).unwrap_or(u32::MAX)
    }

    /// Nanoseconds of one picture.
    pub fn nanos(self) -> u64 {
        1_000_000_000 * u64::from(self.den) / u64::from(self.num)
    }
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

/// A track's language: the primary part of its tag, two or three lower-case letters (RFC 5646 §2.2.1; ISO 639-2).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language([u8; 3]);

impl Language {
    /// Undetermined (ISO 639-2 `und`): a track that does not tell.
    pub const UNKNOWN: Language = Language(*b"und");

    /// From a code or a tag like `de`, `ger`, `pt-BR`; what is none is [`Language::UNKNOWN`].
    pub fn new(tag: &[u8]) -> Self {
        let end = tag
            .iter()
            .position(|b| !b.is_ascii_alphabetic())
            .unwrap_or(tag.len());
        let code = match tag.get(..end) {
            Some(&[a, b]) => [a, b, 0],
            Some(&[a, b, c]) => [a, b, c],
            _ => return Self::UNKNOWN,
        };
        Self(code.map(|b| b.to_ascii_lowercase()))
    }

    /// Three letters in 15 bits, each less 0x60 (ISO/IEC 14496-12 §8.4.2).
    pub fn from_packed(packed: u16) -> Self {
        let letter = |shift: u16| u8::try_from((packed >> shift) & 31).unwrap_or(0) + 0x60;
        let code = [letter(10), letter(5), letter(0)];
        if code.iter().all(u8::is_ascii_lowercase) {
            Self::new(&code)
        } else {
            Self::UNKNOWN
        }
    }

    /// The code, `und` when not known.
    pub fn as_str(&self) -> &str {
        let bytes = self.0.as_slice();
        std::str::from_utf8(bytes.strip_suffix(&[0]).unwrap_or(bytes)).unwrap_or("und")
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::UNKNOWN
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of a stream of pictures.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Video {
    /// The coding.
    pub codec: Option<VideoCodec>,
    /// `profile_idc`, or what the coding calls its profile.
    pub profile: Option<u8>,
    /// `level_idc`, or what the coding calls its level, as stored.
    pub level: Option<u8>,
    /// Pixels, cropping applied.
    pub width: Option<u32>,
    /// Pixels, cropping applied.
    pub height: Option<u32>,
    /// Pictures (not fields) per second.
    pub frame_rate: Option<FrameRate>,
    /// Whether pictures may be coded as two fields.
    pub interlaced: Option<bool>,
}

impl Video {
    /// Nothing but the coding.
    pub(crate) fn of(codec: Option<VideoCodec>) -> Self {
        Self {
            codec,
            ..Self::default()
        }
    }

    /// Takes from the coding's own headers (`other`) what they tell; they know better.
    pub(crate) fn refine(&mut self, other: &Self) {
        self.codec = other.codec.or(self.codec);
        self.profile = other.profile.or(self.profile);
        self.level = other.level.or(self.level);
        self.width = other.width.or(self.width);
        self.height = other.height.or(self.height);
        self.frame_rate = other.frame_rate.or(self.frame_rate);
        self.interlaced = other.interlaced.or(self.interlaced);
    }
}

/// What is known of a stream of sound.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sound {
    /// The coding.
    pub codec: Option<AudioCodec>,
    /// MPEG-4 audio object type of AAC; 2 is low complexity.
    pub object_type: Option<u8>,
    /// Hz.
    pub sample_rate: Option<u32>,
    /// Channels, the low-frequency one counted.
    pub channels: Option<u8>,
    /// Bits per sample, of lossless codings only.
    pub bits_per_sample: Option<u8>,
    /// The language spoken.
    pub language: Language,
}

impl Sound {
    /// Nothing but the coding.
    pub(crate) fn of(codec: Option<AudioCodec>) -> Self {
        Self {
            codec,
            ..Self::default()
        }
    }

    /// Takes from the coding's own headers (`other`) what they tell; they know better. The language stays.
    pub(crate) fn refine(&mut self, other: &Self) {
        self.codec = other.codec.or(self.codec);
        self.object_type = other.object_type.or(self.object_type);
        self.sample_rate = other.sample_rate.or(self.sample_rate);
        self.channels = other.channels.or(self.channels);
        self.bits_per_sample = other.bits_per_sample.or(self.bits_per_sample);
    }
}

/// Everything that runs side by side in one file.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Streams {
    /// The first stream of pictures.
    pub(crate) video: Option<Video>,
    /// In the file's order.
    pub(crate) sounds: Vec<Sound>,
    /// Subtitles, in the file's order.
    pub(crate) captions: Vec<Language>,
}

impl Streams {
    /// Streams of each kind that are counted; a film with many languages has some thirty.
    pub(crate) const MOST: usize = 64;

    /// Writes down what the streams tell; size and sound of the first of each kind.
    pub(crate) fn describe(&self, media: &mut Media) {
        if let Some(video) = &self.video {
            media.class = Some(Class::Video);
            media.video_codec = video.codec;
            media.video_profile = video.profile;
            media.video_level = video.level;
            media.frame_rate = video.frame_rate;
            media.interlaced = video.interlaced;
            put(&mut media.width, video.width);
            put(&mut media.height, video.height);
        } else if !self.sounds.is_empty() {
            media.class = Some(Class::Audio);
        }
        if let Some(sound) = self.sounds.first() {
            media.audio_codec = sound.codec;
            media.sample_rate = sound.sample_rate;
            media.channels = sound.channels;
            media.bits_per_sample = sound.bits_per_sample;
        }
        media.audio_tracks = self.sounds.iter().map(|s| s.language).collect();
        media.subtitle_tracks.clone_from(&self.captions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_rates_are_in_lowest_terms_and_possible() {
        assert_eq!(FrameRate::new(50, 2).map(FrameRate::ratio), Some((25, 1)));
        assert_eq!(
            FrameRate::new(60_000, 2002).map(FrameRate::per_kilosecond),
            Some(29_970)
        );
        assert_eq!(
            [(0, 1), (1, 0), (1, 11), (90_000, 1), (0, 0)].map(|(n, d)| FrameRate::new(n, d)),
            [None; 5]
        );
        assert_eq!(
            FrameRate::from_nanos(41_708_333).map(FrameRate::ratio),
            Some((24_000, 1001))
        );
        assert_eq!(
            FrameRate::from_nanos(80_000_000).map(FrameRate::ratio),
            Some((25, 2))
        );
        assert_eq!(FrameRate::from_nanos(0), None);
    }

    #[test]
    fn languages_are_codes_or_unknown() {
        let shown = |tag: &[u8]| Language::new(tag).as_str().to_owned();
        assert_eq!(
            [
                shown(b"GER"),
                shown(b"pt-BR"),
                shown(b""),
                shown(b"german"),
                shown(b"\0\0\0")
            ],
            ["ger", "pt", "und", "und", "und"]
        );
        assert_eq!(Language::from_packed(0x15C7).as_str(), "eng");
        assert_eq!(Language::from_packed(0).as_str(), "und");
        assert_eq!(Language::from_packed(0x7FFF).as_str(), "und");
    }

    #[test]
    fn four_letters_have_no_case() {
        assert_eq!(VideoCodec::from_fourcc(*b"XviD"), Some(VideoCodec::Mpeg4));
        assert_eq!(
            VideoCodec::from_fourcc(*b"MJPG"),
            Some(VideoCodec::MotionJpeg)
        );
        assert_eq!(VideoCodec::from_fourcc([0; 4]), None);
    }
}
