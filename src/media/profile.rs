//! DLNA profiles: the names that go into `DLNA.ORG_PN`, and the rules by which a file earns one.
//!
//! A renderer that sees a profile trusts it without looking further, so a rule answers only when every fact it needs is
//! known; otherwise there is no profile, and the media type alone speaks.

mod video;

pub use video::{Packets, Wma, Wmv, advanced_systems};
pub(crate) use video::{mp4, program_stream, third_generation, transport_stream};

/// One profile of the table; its number is stored in snapshots. 0 is never one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile(u16);

macro_rules! profiles {
    ($($code:literal $name:ident)*) => {
        /// The profiles by their DLNA names.
        #[allow(missing_docs, reason = "the names are the standard's own")]
        impl Profile { $(pub const $name: Profile = Profile($code);)* }
        static TABLE: &[(Profile, &str)] = &[$((Profile::$name, stringify!($name))),*];
    };
}

// A number once given keeps its meaning for ever; new profiles take the next one.
profiles! {
    1 MP3 2 MP3X
    3 AAC_ISO_320 4 AAC_ISO 5 AAC_MULT5_ISO
    6 JPEG_TN 7 JPEG_SM 8 JPEG_MED 9 JPEG_LRG
    10 PNG_TN 11 PNG_LRG
    12 GIF_LRG
    13 AAC_ADTS_320 14 AAC_ADTS 15 AAC_MULT5_ADTS
    16 AC3
    17 WMABASE 18 WMAFULL
}

impl Profile {
    /// The stable number, never 0.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// The profile with that number.
    pub fn from_code(code: u16) -> Option<Self> {
        if let Some(profile) = video::from_code(code) {
            return Some(profile);
        }
        TABLE
            .get(usize::from(code).checked_sub(1)?)
            .map(|(profile, _)| *profile)
    }

    /// The value of `DLNA.ORG_PN`.
    pub fn name(self) -> &'static str {
        if let Some(name) = video::name(self) {
            return name;
        }
        let row = usize::from(self.0)
            .checked_sub(1)
            .and_then(|i| TABLE.get(i));
        row.map(|(_, name)| *name).unwrap_or_default()
    }
}

/// Whether the picture is coded in the one way that every DLNA renderer reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JpegCoding {
    /// Sequential, Huffman, 8 bits, one or three components.
    Baseline,
    /// Progressive, arithmetic, CMYK ...
    Other,
}

/// JPEG by size in pixels, limits inclusive; only baseline pictures have a profile.
pub fn jpeg(coding: JpegCoding, width: u32, height: u32) -> Option<Profile> {
    const SIZES: [(u32, u32, Profile); 4] = [
        (160, 160, Profile::JPEG_TN),
        (640, 480, Profile::JPEG_SM),
        (1024, 768, Profile::JPEG_MED),
        (4096, 4096, Profile::JPEG_LRG),
    ];
    let sized = || {
        SIZES
            .iter()
            .find(|(w, h, _)| width <= *w && height <= *h)
            .map(|(_, _, p)| *p)
    };
    (coding == JpegCoding::Baseline).then(sized).flatten()
}

/// PNG by size in pixels, limits inclusive.
pub fn png(width: u32, height: u32) -> Option<Profile> {
    match width.max(height) {
        0..=160 => Some(Profile::PNG_TN),
        161..=4096 => Some(Profile::PNG_LRG),
        _ => None,
    }
}

/// GIF by size in pixels, limits inclusive.
pub fn gif(width: u32, height: u32) -> Option<Profile> {
    (width <= 1600 && height <= 1200).then_some(Profile::GIF_LRG)
}

/// MPEG layer III: `MP3` for the rates of MPEG-1, `MP3X` for those of MPEG-2; the rates of "MPEG 2.5" have none.
pub fn mp3(sample_rate: u32) -> Option<Profile> {
    match sample_rate {
        32_000 | 44_100 | 48_000 => Some(Profile::MP3),
        16_000 | 22_050 | 24_000 => Some(Profile::MP3X),
        _ => None,
    }
}

/// What the AAC rules need to know of an MP4 file with nothing but AAC in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aac {
    /// MPEG-4 audio object type (ISO/IEC 14496-3 §1.5.1.1); 2 is low complexity.
    pub object_type: u8,
    /// Hz, of the core coder.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u8,
    /// Of the whole file, so an upper bound of the stream's, in bits per second.
    pub bits_per_sec: u64,
}

/// AAC in MP4. At 24 kHz and less, SBR may be there without being announced: no profile then.
pub fn aac_iso(aac: Aac) -> Option<Profile> {
    let names = [
        Profile::AAC_ISO_320,
        Profile::AAC_ISO,
        Profile::AAC_MULT5_ISO,
    ];
    aac_by_rate(aac, names)
}

/// AAC in ADTS, by the same rules.
pub fn aac_adts(aac: Aac) -> Option<Profile> {
    let names = [
        Profile::AAC_ADTS_320,
        Profile::AAC_ADTS,
        Profile::AAC_MULT5_ADTS,
    ];
    aac_by_rate(aac, names)
}

fn aac_by_rate(aac: Aac, [slow, fast, many]: [Profile; 3]) -> Option<Profile> {
    const LOW_COMPLEXITY: u8 = 2;
    if aac.object_type != LOW_COMPLEXITY || !(32_000..=48_000).contains(&aac.sample_rate) {
        return None;
    }
    match (aac.channels, aac.bits_per_sec) {
        (1..=2, 1..=320_000) => Some(slow),
        (1..=2, 320_001..=576_000) => Some(fast),
        (3..=6, 1..=1_440_000) => Some(many),
        _ => None,
    }
}

/// Windows Media Audio, standard coding (tag 0x0161), one or two channels at 48 kHz at most, by rate.
pub fn wma(sample_rate: u32, channels: u8, bits_per_sec: u64) -> Option<Profile> {
    match (sample_rate, channels, bits_per_sec) {
        (8_000..=48_000, 1..=2, 1..=193_000) => Some(Profile::WMABASE),
        (8_000..=48_000, 1..=2, 193_001..=385_000) => Some(Profile::WMAFULL),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_row() {
        for (i, (profile, name)) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(profile.code()), i + 1, "{name}");
            assert_eq!(Profile::from_code(profile.code()), Some(*profile));
            assert_eq!(profile.name(), *name);
        }
        assert_eq!(Profile::from_code(0), None);
    }

    #[test]
    fn jpeg_limits_are_inclusive_and_count_both_sides() {
        let name = |w, h| jpeg(JpegCoding::Baseline, w, h).map(Profile::name);
        assert_eq!(name(160, 160), Some("JPEG_TN"));
        assert_eq!(name(161, 160), Some("JPEG_SM"));
        assert_eq!(name(640, 481), Some("JPEG_MED"));
        assert_eq!(name(768, 1024), Some("JPEG_LRG"));
        assert_eq!(name(4096, 4096), Some("JPEG_LRG"));
        assert_eq!(name(4097, 10), None);
        assert_eq!(jpeg(JpegCoding::Other, 10, 10), None);
    }

    #[test]
    fn other_pictures_go_by_size() {
        assert_eq!(png(160, 161), Some(Profile::PNG_LRG));
        assert_eq!(png(160, 1), Some(Profile::PNG_TN));
        assert_eq!(png(4097, 1), None);
        assert_eq!(
            (gif(1600, 1200), gif(1200, 1600)),
            (Some(Profile::GIF_LRG), None)
        );
    }

    #[test]
    fn mp3_goes_by_sample_rate() {
        assert_eq!(
            [44_100, 22_050, 11_025].map(mp3),
            [Some(Profile::MP3), Some(Profile::MP3X), None]
        );
    }

    #[test]
    fn aac_has_a_profile_only_when_all_is_sure() {
        let lc = Aac {
            object_type: 2,
            sample_rate: 44_100,
            channels: 2,
            bits_per_sec: 128_000,
        };
        assert_eq!(aac_iso(lc), Some(Profile::AAC_ISO_320));
        assert_eq!(
            aac_iso(Aac {
                bits_per_sec: 400_000,
                ..lc
            }),
            Some(Profile::AAC_ISO)
        );
        assert_eq!(
            aac_iso(Aac { channels: 6, ..lc }),
            Some(Profile::AAC_MULT5_ISO)
        );
        for unsure in [
            Aac {
                object_type: 5,
                ..lc
            },
            Aac {
                sample_rate: 22_050,
                ..lc
            },
            Aac {
                bits_per_sec: 0,
                ..lc
            },
        ] {
            assert_eq!(aac_iso(unsure), None);
        }
    }

    #[test]
    fn adts_and_wma_go_by_rate() {
        let lc = Aac {
            object_type: 2,
            sample_rate: 48_000,
            channels: 2,
            bits_per_sec: 400_000,
        };
        assert_eq!(aac_adts(lc), Some(Profile::AAC_ADTS));
        assert_eq!(
            [193_000, 193_001, 385_001].map(|rate| wma(44_100, 2, rate)),
            [Some(Profile::WMABASE), Some(Profile::WMAFULL), None]
        );
        assert_eq!(wma(96_000, 2, 1), None);
    }
}
