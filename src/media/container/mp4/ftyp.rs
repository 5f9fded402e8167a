//! `ftyp`: what a file says it is (ISO/IEC 14496-12 §4.3).

use super::boxes::FourCc;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};

/// Brands after the major one that are looked at; real files have at most a dozen.
const COMPATIBLE_BRANDS: u64 = 32;

/// The kinds of file that share the box structure and differ in what they are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Brand {
    /// MP4 proper, and every brand not known better.
    #[default]
    Mp4,
    /// Apple's audio file: a picture track in it is a cover or a chapter mark.
    AppleAudio,
    /// QuickTime.
    QuickTime,
    /// 3GPP.
    ThreeGp,
    /// 3GPP2.
    ThreeGp2,
    /// A picture, of the type given.
    Still(Mime),
}

impl Brand {
    /// The type of a file of this brand that has moving pictures.
    pub(super) fn video(self) -> Mime {
        match self {
            Self::Mp4 | Self::AppleAudio => Mime::MP4,
            Self::QuickTime => Mime::QUICKTIME,
            Self::ThreeGp => Mime::VIDEO_3GPP,
            Self::ThreeGp2 => Mime::VIDEO_3GPP2,
            Self::Still(mime) => mime,
        }
    }

    /// The type of a file of this brand that has sound alone.
    pub(super) fn audio(self) -> Mime {
        match self {
            Self::ThreeGp | Self::ThreeGp2 => Mime::AUDIO_3GPP,
            Self::Mp4 | Self::AppleAudio | Self::QuickTime => Mime::M4A,
            Self::Still(mime) => mime,
        }
    }
}

/// Reads the payload of `ftyp`.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Brand, Error> {
    let major = r.array()?;
    r.skip(4)?; // minor version: informative
    let mut still = None;
    for _ in 0..COMPATIBLE_BRANDS.min(r.remaining() / 4) {
        still = still.or(coded_still(r.array()?));
    }
    Ok(match &major {
        b"M4A " | b"M4B " | b"M4P " => Brand::AppleAudio,
        b"qt  " => Brand::QuickTime,
        [b'3', b'g', b'2', _] => Brand::ThreeGp2,
        [b'3', b'g', _, _] => Brand::ThreeGp,
        // The brand of the structure alone: the coding stands among the others (ISO/IEC 23008-12 §10.2).
        b"mif1" | b"msf1" => Brand::Still(still.unwrap_or(Mime::HEIF)),
        _ => coded_still(major).map_or(Brand::Mp4, Brand::Still),
    })
}

fn coded_still(brand: FourCc) -> Option<Mime> {
    match &brand {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" => Some(Mime::HEIC),
        b"avif" | b"avis" => Some(Mime::AVIF),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn brand(bytes: &[u8]) -> Result<Brand, Error> {
        let source = Source::new(&bytes, bytes.len() as u64);
        read(&mut Reader::new(&source))
    }

    #[test]
    fn the_major_brand_decides() {
        assert_eq!(brand(b"isom\0\0\x02\0isomiso2avc1mp41"), Ok(Brand::Mp4));
        assert_eq!(brand(b"M4A \0\0\0\0"), Ok(Brand::AppleAudio));
        assert_eq!(brand(b"qt  \x20\x05\x03\0qt  "), Ok(Brand::QuickTime));
        assert_eq!(brand(b"3gp5\0\0\0\0"), Ok(Brand::ThreeGp));
        assert_eq!(brand(b"3g2a\0\0\0\0"), Ok(Brand::ThreeGp2));
        assert_eq!(brand(b"zzzz\0\0\0\0"), Ok(Brand::Mp4));
    }

    #[test]
    fn pictures_are_told_by_their_coding() {
        assert_eq!(brand(b"heic\0\0\0\0mif1heic"), Ok(Brand::Still(Mime::HEIC)));
        assert_eq!(brand(b"mif1\0\0\0\0mif1avif"), Ok(Brand::Still(Mime::AVIF)));
        assert_eq!(brand(b"mif1\0\0\0\0"), Ok(Brand::Still(Mime::HEIF)));
    }

    #[test]
    fn a_short_box_is_cut_short() {
        assert_eq!(brand(b"iso"), Err(Error::Truncated));
        assert_eq!(brand(b"isom\0\0\x02"), Err(Error::Truncated));
        assert_eq!(brand(b""), Err(Error::Truncated));
    }
}
