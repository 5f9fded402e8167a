//! JPEG: the size from the frame header of the main picture, the rest from EXIF (ITU-T T.81 §B; Exif 2.32 §4.7).
//!
//! The EXIF pixel fields are not used: editors forget them. Thumbnails stand inside segments, which are passed over.

use crate::media::profile::JpegCoding;
use crate::media::reader::{Error, Reader};
use crate::media::tag::exif::{self, Dates};
use crate::media::tag::xmp;
use crate::media::{Class, Media, mime, profile};

/// Segments in front of the frame header that are looked at. A large ICC profile or thumbnail takes a few dozen.
const SEGMENTS: usize = 512;
/// Fill bytes that may stand in front of a marker (§B.1.1.2), and stray bytes of careless writers.
const FILL_BYTES: usize = 1024;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;

/// Reads up to the frame header.
///
/// # Errors
/// [`Error::Malformed`] if the picture starts without one; errors of the reader. The size and date read so far are kept.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    media.class = Some(Class::Image);
    media.mime = Some(mime::Mime::JPEG);
    let mut dates = Dates::default();
    let outcome = segments(r, media, &mut dates);
    dates.settle(media);
    outcome
}

fn segments(r: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    for _ in 0..SEGMENTS {
        match marker(r)? {
            SOI | 0x01 | 0xD0..=0xD7 => {}
            SOS | EOI => return Err(Error::Malformed("JPEG without frame header")),
            kind => {
                let len = r
                    .be_u16()?
                    .checked_sub(2)
                    .ok_or(Error::Malformed("JPEG segment length"))?;
                let mut segment = r.sub(u64::from(len))?;
                match kind {
                    APP1 => app1(&mut segment, media, dates)?,
                    0xC0..=0xCF if !matches!(kind, 0xC4 | 0xC8 | 0xCC) => {
                        frame(kind, &mut segment, media)?;
                        media.is_hollow = r.remaining() < least_bytes(kind, media);
                        return if media.is_hollow {
                            Err(Error::Truncated)
                        } else {
                            Ok(())
                        };
                    }
                    _ => {}
                }
            }
        }
    }
    Err(Error::Limit)
}

/// The next marker's second byte.
fn marker(r: &mut Reader<'_>) -> Result<u8, Error> {
    let mut last = 0;
    for _ in 0..FILL_BYTES {
        let byte = r.byte()?;
        if last == 0xFF && !matches!(byte, 0 | 0xFF) {
            return Ok(byte);
        }
        last = byte;
    }
    Err(Error::Malformed("JPEG marker"))
}

/// Damage in EXIF or XMP costs the date, not the picture.
fn app1(segment: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    const EXIF: &[u8; 6] = b"Exif\0\0";
    let mut name = [0; xmp::IN_JPEG.len()];
    let name = segment.clone().read_some(&mut name)?.to_vec();
    let outcome = if name == xmp::IN_JPEG {
        segment.skip(name.len() as u64)?;
        xmp::read(segment, media, dates)
    } else if name.starts_with(EXIF) {
        segment.skip(EXIF.len() as u64)?;
        let mut tiff = segment.sub(segment.remaining())?;
        exif::read(&mut tiff, media, dates)
    } else {
        Ok(())
    };
    match outcome {
        Err(e @ (Error::Io(_) | Error::Limit)) => Err(e),
        _ => Ok(()),
    }
}

/// Bytes behind the frame header that the pixels take at least: a block has two codes of Huffman's, one where scans share
/// them out (§F.1.2, §G.1.2).
fn least_bytes(kind: u8, media: &Media) -> u64 {
    let bits = match kind {
        0xC0 | 0xC1 => 2,
        0xC2 => 1,
        _ => 0,
    };
    let blocks = |side: Option<u32>| u64::from(side.unwrap_or(0).div_ceil(8));
    blocks(media.width) * blocks(media.height) * bits / 8
}

/// Frame header (§B.2.2): precision, lines, samples per line, components.
fn frame(kind: u8, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    const BASELINE: u8 = 0xC0;
    let precision = r.byte()?;
    let (height, width) = (u32::from(r.be_u16()?), u32::from(r.be_u16()?));
    let components = r.byte()?;
    if width == 0 || height == 0 {
        return Err(Error::Malformed("JPEG size"));
    }
    (media.width, media.height) = (Some(width), Some(height));
    let baseline = kind == BASELINE && precision == 8 && matches!(components, 1 | 3);
    let coding = if baseline {
        JpegCoding::Baseline
    } else {
        JpegCoding::Other
    };
    media.profile = profile::jpeg(coding, width, height);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    /// As it stands in front of its pixels.
    fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
        parse_alone(&[bytes, &[0; 64]].concat())
    }

    fn parse_alone(bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media, outcome)
    }

    const SMALL: &[u8] = &[
        0xFF, 0xD8, // SOI
        0xFF, 0xE0, 0, 4, b'J', b'F', // APP0
        0xFF, 0xFF, 0xFE, 0, 3, 0xD9, // a fill byte, a comment that looks like a marker
        0xFF, 0xC4, 0, 3, 0, // Huffman table: not a frame header though C4
        0xFF, 0xC0, 0, 17, 8, 0, 20, 1, 0,
        3, // frame: 8 bits, 20 lines of 256, three components
    ];

    #[test]
    fn the_size_comes_from_the_frame_header() {
        let (media, outcome) = parse(SMALL);
        assert_eq!(
            (media.width, media.height, outcome),
            (Some(256), Some(20), Ok(()))
        );
        assert_eq!(media.profile, Some(profile::Profile::JPEG_SM));
    }

    #[test]
    fn the_small_copy_in_exif_is_located_in_the_file() {
        let exif = b"Exif\0\0II*\0\x08\0\0\0\0\0\x0E\0\0\0\x02\0\
            \x01\x02\x04\0\x01\0\0\0\x2C\0\0\0\x02\x02\x04\0\x01\0\0\0\x04\0\0\0\0\0\0\0\xFF\xD8\xFF\xE0";
        let app1 = [b"\xFF\xE1\0\x38".as_slice(), exif].concat();
        let bytes = [&SMALL[..2], &app1, &SMALL[2..]].concat();
        let (media, outcome) = parse(&bytes);
        assert_eq!((media.width, outcome), (Some(256), Ok(())));
        let found = media.thumbnail.unwrap();
        let at = usize::try_from(found.offset).unwrap();
        assert_eq!(
            (&bytes[at..at + 4], found.len),
            (b"\xFF\xD8\xFF\xE0".as_slice(), 4)
        );
    }

    /// A segment APP1 of XMP that says when the picture was made.
    fn with_xmp(packet: &str) -> Vec<u8> {
        let body = [xmp::IN_JPEG, packet.as_bytes()].concat();
        let len = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [b"\xFF\xE1", &len[..], &body].concat()
    }

    #[test]
    fn xmp_tells_the_date_where_exif_tells_none_of_taking() {
        let exif = b"\xFF\xE1\0\x36Exif\0\0II*\0\x08\0\0\0\x01\0\x32\x01\x02\0\x14\0\0\0\x1A\0\0\0\0\0\0\x00\
            1970:01:09 00:00:00\0";
        let taken = exif.to_vec();
        let xmp = with_xmp("<a xmp:CreateDate=\"1970-01-02\" xmp:Rating=\"3\"/>");
        let rows = [
            (vec![&xmp[..]], Some(86_400), Some(3)),
            (vec![&taken[..]], Some(8 * 86_400), None),
            (vec![&taken, &xmp], Some(86_400), Some(3)),
            (vec![&xmp, &taken], Some(86_400), Some(3)),
            (vec![&xmp[..40]], None, None),
        ];
        for (segments, date, stars) in rows {
            let bytes = [&SMALL[..2], &segments.concat(), &SMALL[2..]].concat();
            let (media, _) = parse(&bytes);
            let told = (media.date.map(|date| date.unix_secs), media.rating);
            assert_eq!(told, (date, stars), "{segments:?}");
        }
    }

    #[test]
    fn a_progressive_picture_has_no_profile() {
        let mut bytes = SMALL.to_vec();
        bytes[20] = 0xC2;
        let (media, outcome) = parse(&bytes);
        assert_eq!(
            (media.width, media.profile, outcome),
            (Some(256), None, Ok(()))
        );
    }

    #[test]
    fn every_prefix_is_cut_short() {
        for n in 0..SMALL.len() {
            assert_eq!(parse_alone(&SMALL[..n]).1, Err(Error::Truncated), "{n}");
        }
    }

    #[test]
    fn a_picture_without_its_pixels_is_hollow() {
        // 32 by 3 blocks: 192 bits; half as many where the scans share a block.
        for (kind, bytes) in [(0xC0, 24), (0xC1, 24), (0xC2, 12), (0xC3, 0)] {
            let mut head = SMALL.to_vec();
            head[20] = kind;
            // The components.
            head.extend([0; 9]);
            for pixels in 0..30 {
                head.push(0);
                let (media, outcome) = parse_alone(&head);
                let is_hollow = pixels + 1 < bytes;
                assert_eq!(
                    (media.width, media.is_hollow, outcome.is_err()),
                    (Some(256), is_hollow, is_hollow),
                    "{kind:x} {pixels}"
                );
            }
        }
    }

    #[test]
    fn lying_lengths_end() {
        assert_eq!(
            parse_alone(&[0xFF, 0xD8, 0xFF, 0xE0, 0, 1]).1,
            Err(Error::Malformed("JPEG segment length"))
        );
        assert_eq!(
            parse_alone(&[0xFF, 0xD8, 0xFF, 0xE0, 0xFF, 0xFF, 1]).1,
            Err(Error::Truncated)
        );
        assert_eq!(
            parse_alone(&[0; 5000]).1,
            Err(Error::Malformed("JPEG marker"))
        );
    }
}
