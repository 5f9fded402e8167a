//! WebP: the size from `VP8X`, `VP8L` or `VP8 `, the rest from `EXIF` and `XMP ` (RFC 9649 §2; RFC 6386 §9.1).

use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::exif::{self, Dates};
use crate::media::tag::xmp;
use crate::media::{Class, Media};

/// Chunks that are looked at; an animation has one for every picture, and its EXIF behind them.
const CHUNKS: usize = 256;

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if the first chunk does not tell a size; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let riff: [u8; 4] = r.array()?;
    r.skip(4)?;
    if &riff != b"RIFF" || &r.array()? != b"WEBP" {
        return Err(Error::Malformed("WebP header"));
    }
    media.class = Some(Class::Image);
    media.mime = Some(Mime::WEBP);
    let kind: [u8; 4] = r.array()?;
    let len = u64::from(r.le_u32()?);
    let mut body = r.sub(len.saturating_add(len & 1))?;
    let more = match &kind {
        b"VP8X" => extended(&mut body, media)?,
        b"VP8L" => lossless(&mut body, media).map(|()| false)?,
        b"VP8 " => lossy(&mut body, media).map(|()| false)?,
        _ => return Err(Error::Malformed("WebP first chunk")),
    };
    if more {
        // What stands in the chunks behind is a gift: damage there is no trouble.
        let mut dates = Dates::default();
        let outcome = find_exif(r, media, &mut dates);
        dates.settle(media);
        match outcome {
            Err(e @ Error::Io(_)) => return Err(e),
            _ => return Ok(()),
        }
    }
    Ok(())
}

/// Flags, three bytes of nothing, width and height less one in 24 bits each. Returns whether EXIF or XMP follows.
fn extended(r: &mut Reader<'_>, media: &mut Media) -> Result<bool, Error> {
    const EXIF_OR_XMP: u8 = 0x08 | 0x04;
    let flags = r.byte()?;
    r.skip(3)?;
    let side = |[a, b, c]: [u8; 3]| u32::from_le_bytes([a, b, c, 0]) + 1;
    let (width, height) = (side(r.array()?), side(r.array()?));
    (media.width, media.height) = (Some(width), Some(height));
    Ok(flags & EXIF_OR_XMP != 0)
}

/// A signature byte, then width and height less one in 14 bits each.
fn lossless(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if r.byte()? != 0x2F {
        return Err(Error::Malformed("WebP lossless signature"));
    }
    let packed = r.le_u32()?;
    media.width = Some((packed & 0x3FFF) + 1);
    media.height = Some(((packed >> 14) & 0x3FFF) + 1);
    Ok(())
}

/// A key frame: three bytes of tag, the start code, then 14 bits each of width and height, two of scale above them.
fn lossy(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let [tag, _, _] = r.array()?;
    if tag & 1 != 0 || r.array()? != [0x9D, 0x01, 0x2A] {
        return Err(Error::Malformed("WebP key frame"));
    }
    let (width, height) = (r.le_u16()? & 0x3FFF, r.le_u16()? & 0x3FFF);
    if width == 0 || height == 0 {
        return Err(Error::Malformed("WebP size"));
    }
    (media.width, media.height) = (Some(u32::from(width)), Some(u32::from(height)));
    Ok(())
}

fn find_exif(r: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    for _ in 0..CHUNKS {
        let kind: [u8; 4] = r.array()?;
        let len = u64::from(r.le_u32()?);
        let mut body = r.sub(len)?;
        match &kind {
            b"EXIF" => in_exif(&mut body, media, dates)?,
            b"XMP " => xmp::read(&mut body, media, dates)?,
            _ => {}
        }
        r.skip(len & 1 & r.remaining())?;
    }
    Ok(())
}

/// Some writers keep the marker that the block has in JPEG.
fn in_exif(r: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    const MARKER: &[u8; 6] = b"Exif\0\0";
    let mut ahead = r.clone();
    if ahead.remaining() > 6 && &ahead.array()? == MARKER {
        r.skip(6)?;
    }
    let mut tiff = r.sub(r.remaining())?;
    exif::read(&mut tiff, media, dates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};

    fn file(chunks: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP".as_slice(), chunks].concat()
    }

    #[test]
    fn all_three_kinds_tell_their_size() {
        let kinds = [
            file(b"VP8 \x0A\0\0\0\x30\x01\0\x9D\x01\x2A\x40\x41\xC8\x00"),
            file(b"VP8L\x05\0\0\0\x2F\x3F\xC1\x31\0\0"),
            file(b"VP8X\x0A\0\0\0\0\0\0\0\x3F\x01\0\xC7\0\0"),
        ];
        for bytes in kinds {
            let (media, outcome) = parse(read, &bytes);
            assert_eq!(
                (media.width, media.height, outcome),
                (Some(320), Some(200), Ok(()))
            );
            survives(read, &bytes);
        }
    }

    #[test]
    fn exif_is_found_behind_the_pictures() {
        let mut bytes = file(b"VP8X\x0A\0\0\0\x08\0\0\0\x3F\x01\0\xC7\0\0VP8L\x01\0\0\0\x2F\0");
        bytes.extend(b"EXIF\x20\0\0\0Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0\0\0\0\0");
        let (media, outcome) = parse(read, &bytes);
        assert_eq!((media.orientation, outcome), (Some(3), Ok(())));
        survives(read, &bytes);
    }

    #[test]
    fn xmp_behind_the_pictures_tells_the_date() {
        let mut bytes = file(b"VP8X\x0A\0\0\0\x04\0\0\0\x3F\x01\0\xC7\0\0VP8L\x01\0\0\0\x2F\0");
        bytes.extend(b"XMP \x20\0\0\0<a xmp:CreateDate=\"1970-01-02\"/>");
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(
            (media.date.map(|date| date.unix_secs), outcome),
            (Some(86_400), Ok(()))
        );
        survives(read, &bytes);
    }

    #[test]
    fn what_is_not_a_picture_is_refused() {
        let bad = [
            file(b"ALPH\0\0\0\0"),
            file(b"VP8L\x05\0\0\0\x2E\0\0\0\0\0"),
            file(b"VP8 \x0A\0\0\0\x31\x01\0\x9D\x01\x2A\x40\x01\xC8\x00"),
            file(b"VP8 \x0A\0\0\0\x30\x01\0\x9D\x01\x2A\0\0\0\0"),
        ];
        for bytes in bad {
            assert!(matches!(parse(read, &bytes).1, Err(Error::Malformed(_))));
        }
    }
}
