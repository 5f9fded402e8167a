//! The profiles of films and their rules, as tables.
//!
//! Sources: DLNA Guidelines part 2 (media format profiles) as minidlna 1.3 applies it, and Jellyfin where it agrees or goes
//! further (marked J). Stricter here, because a wrong name is worse than none: a size must be one that the profile's television
//! system has, sound must be there and be what the profile names, and an unknown rate, level or channel count earns nothing.
//! Matroska, WebM, AVI, QuickTime, Flash and Ogg have no profiles, and HEVC, VP9 and AV1 have none in any container.
//! `AVC_TS_BL_CIF15_*` is not given (its sound is not that of the rule), nor is VC-1 in transport streams (its level is not read).

use super::Profile;
use crate::media::codec::h264::{BASELINE, HIGH, MAIN};
use crate::media::codec::{AudioCodec, FrameRate, Sound, Streams, Video, VideoCodec, mpeg4};

/// Code of the first profile of films.
const FIRST: u16 = 100;

macro_rules! films {
    ($($code:literal $name:ident)*) => {
        static NAMES: &[&str] = &[$(stringify!($name)),*];
        $(#[allow(non_upper_case_globals, reason = "the names are the standard's own")] const $name: Profile = Profile($code);)*
    };
}

// A number once given keeps its meaning for ever; new profiles take the next one.
films! {
    100 MPEG1 101 MPEG_PS_PAL 102 MPEG_PS_NTSC
    103 MPEG_TS_HD_NA 104 MPEG_TS_HD_NA_T 105 MPEG_TS_HD_NA_ISO
    106 MPEG_TS_SD_EU 107 MPEG_TS_SD_EU_T 108 MPEG_TS_SD_EU_ISO
    109 MPEG_TS_SD_NA 110 MPEG_TS_SD_NA_T 111 MPEG_TS_SD_NA_ISO
    112 MPEG_TS_JP_T
    113 AVC_TS_HD_60_AC3 114 AVC_TS_HD_60_AC3_T 115 AVC_TS_HD_60_AC3_ISO
    116 AVC_TS_HD_50_AC3 117 AVC_TS_HD_50_AC3_T 118 AVC_TS_HD_50_AC3_ISO
    119 AVC_TS_BL_CIF30_AC3 120 AVC_TS_BL_CIF30_AC3_T 121 AVC_TS_BL_CIF30_AC3_ISO
    122 AVC_TS_BL_CIF30_AAC_MULT5 123 AVC_TS_BL_CIF30_AAC_MULT5_T 124 AVC_TS_BL_CIF30_AAC_MULT5_ISO
    125 AVC_TS_BL_CIF30_MPEG1_L3 126 AVC_TS_BL_CIF30_MPEG1_L3_T 127 AVC_TS_BL_CIF30_MPEG1_L3_ISO
    128 AVC_TS_MP_SD_AC3 129 AVC_TS_MP_SD_AC3_T 130 AVC_TS_MP_SD_AC3_ISO
    131 AVC_TS_MP_SD_AAC_MULT5 132 AVC_TS_MP_SD_AAC_MULT5_T 133 AVC_TS_MP_SD_AAC_MULT5_ISO
    134 AVC_TS_MP_SD_MPEG1_L3 135 AVC_TS_MP_SD_MPEG1_L3_T 136 AVC_TS_MP_SD_MPEG1_L3_ISO
    137 AVC_TS_MP_HD_AC3 138 AVC_TS_MP_HD_AC3_T 139 AVC_TS_MP_HD_AC3_ISO
    140 AVC_TS_MP_HD_AAC_MULT5 141 AVC_TS_MP_HD_AAC_MULT5_T 142 AVC_TS_MP_HD_AAC_MULT5_ISO
    143 AVC_TS_MP_HD_MPEG1_L3 144 AVC_TS_MP_HD_MPEG1_L3_T 145 AVC_TS_MP_HD_MPEG1_L3_ISO
    146 AVC_TS_HP_HD_AC3 147 AVC_TS_HP_HD_AC3_T 148 AVC_TS_HP_HD_AC3_ISO
    149 AVC_TS_HD_DTS_T 150 AVC_TS_HD_DTS_ISO
    151 AVC_TS_HD_50_LPCM_T
    152 AVC_TS_HP_HD_MPEG1_L2_T 153 AVC_TS_HP_HD_MPEG1_L2_ISO
    154 AVC_MP4_BL_CIF15_AMR 155 AVC_MP4_BL_CIF15_AAC_520 156 AVC_MP4_BL_CIF30_AAC_940
    157 AVC_MP4_BL_L3L_SD_AAC 158 AVC_MP4_BL_L31_HD_AAC 159 AVC_MP4_BL_L32_HD_AAC
    160 AVC_MP4_MP_SD_AC3 161 AVC_MP4_MP_SD_AAC_MULT5 162 AVC_MP4_MP_SD_MPEG1_L3
    163 AVC_MP4_MP_HD_720p_AAC 164 AVC_MP4_MP_HD_1080i_AAC 165 AVC_MP4_HP_HD_AAC
    166 MPEG4_P2_MP4_ASP_AAC 167 MPEG4_P2_MP4_SP_VGA_AAC
    168 MPEG4_P2_3GPP_SP_L0B_AAC 169 MPEG4_P2_3GPP_SP_L0B_AMR
    170 WMVSPLL_BASE 171 WMVSPML_BASE 172 WMVSPML_MP3
    173 WMVMED_BASE 174 WMVMED_FULL 175 WMVMED_PRO
    176 WMVHIGH_FULL 177 WMVHIGH_PRO
}

/// The profile with this number, if it is one of a film.
pub(super) fn from_code(code: u16) -> Option<Profile> {
    let row = usize::from(code.checked_sub(FIRST)?);
    (row < NAMES.len()).then_some(Profile(code))
}

/// The name of a film's profile.
pub(super) fn name(profile: Profile) -> Option<&'static str> {
    let row = usize::from(profile.0.checked_sub(FIRST)?);
    NAMES.get(row).copied()
}

/// How a transport stream's packets lie in the file; decides the end of a profile's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packets {
    /// 192 bytes, all time stamps zero: no suffix.
    Unstamped,
    /// 192 bytes with time stamps: `_T`.
    Stamped,
    /// 188 bytes: `_ISO`.
    Plain,
}

/// Sound as the rules sort it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Ac3,
    /// Low complexity, one or two channels.
    Aac,
    /// Low complexity, three to six channels.
    AacMult5,
    Mp3,
    Mp2,
    Amr,
    Dts,
    Lpcm,
}

/// Sound that `AAC_MULT5` names: it takes fewer channels too.
const UP_TO_5_1: &[Class] = &[Class::Aac, Class::AacMult5];

fn class(sound: &Sound) -> Option<Class> {
    const LOW_COMPLEXITY: u8 = 2;
    Some(match sound.codec? {
        AudioCodec::Ac3 => Class::Ac3,
        // At 24 kHz and less, SBR may be there without being announced.
        AudioCodec::Aac
            if sound.object_type == Some(LOW_COMPLEXITY) && sound.sample_rate? >= 32_000 =>
        {
            match sound.channels? {
                1..=2 => Class::Aac,
                3..=6 => Class::AacMult5,
                _ => return None,
            }
        }
        AudioCodec::Mp3 => Class::Mp3,
        AudioCodec::Mp2 => Class::Mp2,
        AudioCodec::AmrNb => Class::Amr,
        AudioCodec::Dts => Class::Dts,
        AudioCodec::Lpcm => Class::Lpcm,
        _ => return None,
    })
}

/// What every rule looks at; nothing of it is guessed.
struct Facts<'s> {
    video: &'s Video,
    codec: VideoCodec,
    width: u32,
    height: u32,
    sound: Class,
}

/// `None` when something is not known that every rule needs.
fn facts(streams: &Streams) -> Option<Facts<'_>> {
    let video = streams.video.as_ref()?;
    Some(Facts {
        video,
        codec: video.codec?,
        width: video.width?,
        height: video.height?,
        sound: class(streams.sounds.first()?)?,
    })
}

impl Facts<'_> {
    fn fits(&self, width: u32, height: u32) -> bool {
        self.width <= width && self.height <= height
    }
}

/// MPEG-1 system streams and MPEG-2 program streams.
pub(crate) fn program_stream(streams: &Streams, mpeg2_packs: bool) -> Option<Profile> {
    let facts = facts(streams)?;
    let dvd_sound = matches!(facts.sound, Class::Ac3 | Class::Mp2 | Class::Lpcm);
    match facts.codec {
        VideoCodec::Mpeg1 if !mpeg2_packs => {
            (facts.width == 352 && facts.height <= 288 && facts.sound == Class::Mp2)
                .then_some(MPEG1)
        }
        VideoCodec::Mpeg2 if mpeg2_packs && dvd_sound && facts.width <= 720 => match facts.height {
            576 | 288 => Some(MPEG_PS_PAL),
            480 | 240 => Some(MPEG_PS_NTSC),
            _ => None,
        },
        _ => None,
    }
}

/// A rule for H.264: profiles, highest level, largest size, highest rate, sound, and what it earns.
struct Avc<P> {
    profiles: &'static [u8],
    level: u8,
    size: (u32, u32),
    bits_per_sec: u64,
    sound: &'static [Class],
    earns: P,
}

impl<P> Avc<P> {
    fn holds(&self, facts: &Facts<'_>, bits_per_sec: u64) -> bool {
        let told = |value: Option<u8>, test: &dyn Fn(u8) -> bool| value.is_some_and(test);
        told(facts.video.profile, &|p| self.profiles.contains(&p))
            && told(facts.video.level, &|l| l <= self.level)
            && facts.fits(self.size.0, self.size.1)
            && (1..=self.bits_per_sec).contains(&bits_per_sec)
            && self.sound.contains(&facts.sound)
    }
}

/// Unstamped, stamped, plain.
type Suffixed = [Profile; 3];

const CIF: (u32, u32) = (352, 288);
const SD: (u32, u32) = (720, 576);
/// 1080 lines are coded as 1088, and some streams do not crop them; the rule leaves room.
const HD: (u32, u32) = (1920, 1152);
const MBIT: u64 = 1_000_000;

const fn avc<P>(
    profiles: &'static [u8],
    level: u8,
    size: (u32, u32),
    bits_per_sec: u64,
    sound: &'static [Class],
    earns: P,
) -> Avc<P> {
    Avc {
        profiles,
        level,
        size,
        bits_per_sec,
        sound,
        earns,
    }
}

const BL: &[u8] = &[BASELINE];
/// A baseline stream may go by the rules of main where its own do not take it.
const MP: &[u8] = &[MAIN, BASELINE];
const HP: &[u8] = &[HIGH];

/// H.264 in transport streams, the first rule that holds.
#[rustfmt::skip]
static AVC_TS: &[Avc<Suffixed>] = &[
    avc(BL, 30, CIF, 3 * MBIT, &[Class::Ac3], [AVC_TS_BL_CIF30_AC3, AVC_TS_BL_CIF30_AC3_T, AVC_TS_BL_CIF30_AC3_ISO]),
    avc(BL, 30, CIF, 3 * MBIT, UP_TO_5_1, [AVC_TS_BL_CIF30_AAC_MULT5, AVC_TS_BL_CIF30_AAC_MULT5_T, AVC_TS_BL_CIF30_AAC_MULT5_ISO]),
    avc(BL, 30, CIF, 3 * MBIT, &[Class::Mp3], [AVC_TS_BL_CIF30_MPEG1_L3, AVC_TS_BL_CIF30_MPEG1_L3_T, AVC_TS_BL_CIF30_MPEG1_L3_ISO]),
    avc(MP, 32, SD, 10 * MBIT, &[Class::Ac3], [AVC_TS_MP_SD_AC3, AVC_TS_MP_SD_AC3_T, AVC_TS_MP_SD_AC3_ISO]),
    avc(MP, 32, SD, 10 * MBIT, UP_TO_5_1, [AVC_TS_MP_SD_AAC_MULT5, AVC_TS_MP_SD_AAC_MULT5_T, AVC_TS_MP_SD_AAC_MULT5_ISO]),
    avc(MP, 32, SD, 10 * MBIT, &[Class::Mp3], [AVC_TS_MP_SD_MPEG1_L3, AVC_TS_MP_SD_MPEG1_L3_T, AVC_TS_MP_SD_MPEG1_L3_ISO]),
    avc(MP, 41, HD, 20 * MBIT, &[Class::Ac3], [AVC_TS_MP_HD_AC3, AVC_TS_MP_HD_AC3_T, AVC_TS_MP_HD_AC3_ISO]),
    avc(MP, 41, HD, 20 * MBIT, UP_TO_5_1, [AVC_TS_MP_HD_AAC_MULT5, AVC_TS_MP_HD_AAC_MULT5_T, AVC_TS_MP_HD_AAC_MULT5_ISO]),
    avc(MP, 41, HD, 20 * MBIT, &[Class::Mp3], [AVC_TS_MP_HD_MPEG1_L3, AVC_TS_MP_HD_MPEG1_L3_T, AVC_TS_MP_HD_MPEG1_L3_ISO]),
    avc(HP, 41, HD, 30 * MBIT, &[Class::Ac3], [AVC_TS_HP_HD_AC3, AVC_TS_HP_HD_AC3_T, AVC_TS_HP_HD_AC3_ISO]),
];

/// A picture format of broadcasting: size, fields or frames, frames in a thousand seconds.
type Broadcast = (u32, u32, bool, u32);

#[rustfmt::skip]
const AT_60: &[Broadcast] = &[(1920, 1080, true, 29_970), (1440, 1080, true, 29_970), (720, 480, true, 29_970), (1280, 720, false, 59_940)];
#[rustfmt::skip]
const AT_50: &[Broadcast] = &[(1920, 1080, true, 25_000), (1440, 1080, true, 25_000), (720, 576, true, 25_000), (1280, 720, false, 50_000)];

/// Transport streams. `bits_per_sec` is that of the whole file; `None` if the play time is not known.
pub(crate) fn transport_stream(
    streams: &Streams,
    packets: Packets,
    bits_per_sec: Option<u64>,
) -> Option<Profile> {
    let facts = facts(streams)?;
    match facts.codec {
        VideoCodec::Mpeg2 => mpeg2_ts(&facts, packets),
        VideoCodec::H264 => avc_ts(&facts, packets, bits_per_sec?),
        _ => None,
    }
}

fn suffixed([unstamped, stamped, plain]: Suffixed, packets: Packets) -> Profile {
    match packets {
        Packets::Unstamped => unstamped,
        Packets::Stamped => stamped,
        Packets::Plain => plain,
    }
}

fn mpeg2_ts(facts: &Facts<'_>, packets: Packets) -> Option<Profile> {
    // ISO/IEC 13818-2 table 8-2; the others are for studios.
    const MAIN: u8 = 4;
    if facts.video.profile != Some(MAIN) || !facts.fits(HD.0, HD.1) {
        return None;
    }
    let suffixes = match (facts.width, facts.height) {
        (1280.., 720..) => [MPEG_TS_HD_NA, MPEG_TS_HD_NA_T, MPEG_TS_HD_NA_ISO],
        (..=720, 576 | 288) => [MPEG_TS_SD_EU, MPEG_TS_SD_EU_T, MPEG_TS_SD_EU_ISO],
        (..=720, 480 | 240) => [MPEG_TS_SD_NA, MPEG_TS_SD_NA_T, MPEG_TS_SD_NA_ISO],
        _ => return None,
    };
    match facts.sound {
        Class::Ac3 | Class::Mp2 => Some(suffixed(suffixes, packets)),
        // J: what Japan broadcasts.
        Class::Aac | Class::AacMult5 => (packets == Packets::Stamped).then_some(MPEG_TS_JP_T),
        _ => None,
    }
}

fn avc_ts(facts: &Facts<'_>, packets: Packets, bits_per_sec: u64) -> Option<Profile> {
    let broadcast = |formats: &[Broadcast]| {
        let rate = facts.video.frame_rate.map(FrameRate::per_kilosecond);
        let is = |(w, h, fields, fps): &Broadcast| {
            (facts.width, facts.height) == (*w, *h)
                && facts.video.interlaced == Some(*fields)
                && rate == Some(*fps)
        };
        formats.iter().any(is)
    };
    if !facts
        .video
        .profile
        .is_some_and(|p| [MAIN, HIGH, BASELINE].contains(&p))
    {
        return None;
    }
    let main_or_high = facts.video.profile != Some(BASELINE);
    let hd = facts.width >= 1280
        && main_or_high
        && facts.fits(HD.0, HD.1)
        && facts.video.level.is_some_and(|l| l <= 41)
        && bits_per_sec <= 30 * MBIT;
    match (facts.sound, packets) {
        (Class::Ac3, _) if main_or_high && broadcast(AT_60) && bits_per_sec <= 30 * MBIT => {
            Some(suffixed(
                [AVC_TS_HD_60_AC3, AVC_TS_HD_60_AC3_T, AVC_TS_HD_60_AC3_ISO],
                packets,
            ))
        }
        (Class::Ac3, _) if main_or_high && broadcast(AT_50) && bits_per_sec <= 30 * MBIT => {
            Some(suffixed(
                [AVC_TS_HD_50_AC3, AVC_TS_HD_50_AC3_T, AVC_TS_HD_50_AC3_ISO],
                packets,
            ))
        }
        // J, these three.
        (Class::Dts, Packets::Stamped) if hd => Some(AVC_TS_HD_DTS_T),
        (Class::Dts, Packets::Plain) if hd => Some(AVC_TS_HD_DTS_ISO),
        (Class::Lpcm, Packets::Stamped) if hd && broadcast(AT_50) => Some(AVC_TS_HD_50_LPCM_T),
        (Class::Mp2, Packets::Stamped) if hd => Some(AVC_TS_HP_HD_MPEG1_L2_T),
        (Class::Mp2, Packets::Plain) if hd => Some(AVC_TS_HP_HD_MPEG1_L2_ISO),
        _ => AVC_TS
            .iter()
            .find(|rule| rule.holds(facts, bits_per_sec))
            .map(|rule| suffixed(rule.earns, packets)),
    }
}

/// H.264 in MP4, the first rule that holds.
#[rustfmt::skip]
static AVC_MP4: &[Avc<Profile>] = &[
    avc(BL, 30, CIF, 599_999, &[Class::Amr], AVC_MP4_BL_CIF15_AMR),
    avc(BL, 30, CIF, 519_999, &[Class::Aac], AVC_MP4_BL_CIF15_AAC_520),
    avc(BL, 30, CIF, 940_000, &[Class::Aac], AVC_MP4_BL_CIF30_AAC_940),
    avc(BL, 30, SD, 5 * MBIT, &[Class::Aac], AVC_MP4_BL_L3L_SD_AAC),
    avc(BL, 31, (1280, 720), 15 * MBIT, &[Class::Aac], AVC_MP4_BL_L31_HD_AAC),
    avc(BL, 32, (1280, 720), 21 * MBIT, &[Class::Aac], AVC_MP4_BL_L32_HD_AAC),
    avc(&[MAIN], 32, SD, 10 * MBIT, &[Class::Ac3], AVC_MP4_MP_SD_AC3),
    avc(&[MAIN], 32, SD, 10 * MBIT, UP_TO_5_1, AVC_MP4_MP_SD_AAC_MULT5),
    avc(&[MAIN], 32, SD, 10 * MBIT, &[Class::Mp3], AVC_MP4_MP_SD_MPEG1_L3),
    avc(&[MAIN], 41, (1280, 720), 15 * MBIT, &[Class::Aac], AVC_MP4_MP_HD_720p_AAC),
    avc(&[MAIN], 41, (1920, 1080), 21 * MBIT, &[Class::Aac], AVC_MP4_MP_HD_1080i_AAC),
    avc(HP, 41, (1920, 1080), 25 * MBIT, &[Class::Aac], AVC_MP4_HP_HD_AAC),
];

/// MP4 files proper: not QuickTime, not 3GPP. `bits_per_sec` is that of the whole file.
pub(crate) fn mp4(streams: &Streams, bits_per_sec: u64) -> Option<Profile> {
    let facts = facts(streams)?;
    match facts.codec {
        VideoCodec::H264 => AVC_MP4
            .iter()
            .find(|rule| rule.holds(&facts, bits_per_sec))
            .map(|rule| rule.earns),
        VideoCodec::Mpeg4 if facts.sound == Class::Aac => match facts.video.profile? {
            mpeg4::SIMPLE | mpeg4::ADVANCED_SIMPLE
                if facts.fits(CIF.0, CIF.1) && (1..=MBIT).contains(&bits_per_sec) =>
            {
                Some(MPEG4_P2_MP4_ASP_AAC)
            }
            mpeg4::SIMPLE if facts.fits(640, 480) && (1..=4 * MBIT).contains(&bits_per_sec) => {
                Some(MPEG4_P2_MP4_SP_VGA_AAC)
            }
            _ => None,
        },
        _ => None,
    }
}

/// 3GPP files: MPEG-4 Simple at level 0b and below, which is 176 by 144 at most.
pub(crate) fn third_generation(streams: &Streams) -> Option<Profile> {
    let facts = facts(streams)?;
    let level = matches!(facts.video.level, Some(0x08 | mpeg4::SIMPLE_L0B));
    if facts.codec != VideoCodec::Mpeg4 || !level || !facts.fits(176, 144) {
        return None;
    }
    match facts.sound {
        Class::Aac => Some(MPEG4_P2_3GPP_SP_L0B_AAC),
        Class::Amr => Some(MPEG4_P2_3GPP_SP_L0B_AMR),
        _ => None,
    }
}

/// Sound of a Windows Media film, by its coding and rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wma {
    /// Windows Media Audio below 193 kbit/s.
    Base,
    /// Below 385 kbit/s.
    Full,
    /// Windows Media Audio Professional.
    Pro,
    /// MPEG layer III.
    Mp3,
}

/// Pictures of a Windows Media film, as their sequence header says (SMPTE 421M annex J.1.2), which only WMV 3 has here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wmv {
    /// Of the simple profile; else of the main profile, whose decoders read both.
    pub is_simple: bool,
    /// More than 15 pictures per second.
    pub is_fast: bool,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Bits per second at most, of the pictures.
    pub bits_per_sec: u64,
}

impl Wmv {
    /// The four bytes of the sequence header: profile in four bits, of which 0 is simple and 4 main; the frame rate less
    /// 2, by 4, in three bits.
    pub fn new(header: [u8; 4], (width, height): (u32, u32), bits_per_sec: u64) -> Option<Self> {
        let [first, ..] = header;
        let is_simple = match first >> 4 {
            0 => true,
            4 => false,
            _ => return None,
        };
        Some(Self {
            is_simple,
            is_fast: (first >> 1) & 7 > 3,
            width,
            height,
            bits_per_sec,
        })
    }
}

/// Windows Media films with pictures coded as WMV 3: by profile, size in pixels, rate (SMPTE 421M annex D.1 and D.2) and by
/// sound; the first rule that holds. The advanced profile, `WVC1`, is in none of them.
pub fn advanced_systems(film: Wmv, sound: Wma) -> Option<Profile> {
    const LOW: Wmv = level(true, false, (176, 144), 96_000);
    const MEDIUM: Wmv = level(true, false, (352, 288), 384_000);
    // The same level with smaller pictures.
    const MEDIUM_FAST: Wmv = level(true, true, (240, 176), 384_000);
    const MAIN: Wmv = level(false, true, (720, 576), 10_000_000);
    const HIGH: Wmv = level(false, true, (1920, 1080), 20_000_000);
    #[rustfmt::skip]
    const RULES: &[(Wmv, Wma, Profile)] = &[
        (LOW, Wma::Base, WMVSPLL_BASE),
        (MEDIUM, Wma::Base, WMVSPML_BASE), (MEDIUM, Wma::Mp3, WMVSPML_MP3),
        (MEDIUM_FAST, Wma::Base, WMVSPML_BASE), (MEDIUM_FAST, Wma::Mp3, WMVSPML_MP3),
        (MAIN, Wma::Base, WMVMED_BASE), (MAIN, Wma::Full, WMVMED_FULL), (MAIN, Wma::Pro, WMVMED_PRO),
        (HIGH, Wma::Full, WMVHIGH_FULL), (HIGH, Wma::Pro, WMVHIGH_PRO),
    ];
    let within = |most: &Wmv| {
        (film.is_simple || !most.is_simple)
            && (!film.is_fast || most.is_fast)
            && film.width <= most.width
            && film.height <= most.height
            && film.bits_per_sec <= most.bits_per_sec
    };
    let holds = |(most, s, _): &&(Wmv, Wma, Profile)| within(most) && sound == *s;
    RULES.iter().find(holds).map(|rule| rule.2)
}

const fn level(is_simple: bool, is_fast: bool, size: (u32, u32), bits_per_sec: u64) -> Wmv {
    Wmv {
        is_simple,
        is_fast,
        width: size.0,
        height: size.1,
        bits_per_sec,
    }
}

#[cfg(test)]
mod tests;
