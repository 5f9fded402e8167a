//! PNG: the size from `IHDR`, the date from `eXIf` if that is near (W3C PNG, third edition, §11).

use crate::media::reader::{Error, Reader};
use crate::media::tag::exif;
use crate::media::{Class, Media, mime, profile};

/// Chunks in front of the picture that are looked at.
const CHUNKS: usize = 64;
/// Picture chunks that are passed over on the way to an `eXIf` behind them. Writers that cut the picture into many small
/// chunks would cost a read for each.
const PICTURE_CHUNKS: usize = 4;
/// What every PNG starts with.
pub(crate) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1A\n";

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if the header is not where it must be; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    media.class = Some(Class::Image);
    media.mime = Some(mime::Mime::PNG);
    r.skip(SIGNATURE.len() as u64 + 4)?;
    if &r.array()? != b"IHDR" {
        return Err(Error::Malformed("PNG header"));
    }
    let (width, height) = (r.be_u32()?, r.be_u32()?);
    if width == 0 || height == 0 {
        return Err(Error::Malformed("PNG size"));
    }
    (media.width, media.height) = (Some(width), Some(height));
    media.profile = profile::png(width, height);
    r.skip(5 + 4)?;
    // What stands in the chunks behind is a gift: damage there is no trouble.
    chunks(r, media).or_else(|e| {
        if matches!(e, Error::Io(_)) {
            Err(e)
        } else {
            Ok(())
        }
    })
}

fn chunks(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut pictures = 0;
    for _ in 0..CHUNKS {
        let len = r.be_u32()?;
        match &r.array()? {
            b"IEND" => break,
            b"IDAT" if pictures == PICTURE_CHUNKS => break,
            b"eXIf" => {
                exif::read(&mut r.sub(u64::from(len))?, media)?;
            }
            kind => {
                pictures += usize::from(kind == b"IDAT");
                r.skip(u64::from(len))?;
            }
        }
        r.skip(4)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media, outcome)
    }

    const SMALL: &[u8] = &[
        0x89, b'P', b'N', b'G', 13, 10, 26, 10, // signature
        0, 0, 0, 13, b'I', b'H', b'D', b'R', // header chunk
        0, 0, 1, 0, 0, 0, 0, 16, // 256 x 16
        8, 2, 0, 0, 0, 0, 0, 0, 0, // depth, colour, methods; CRC
        0xFF, 0xFF, 0xFF, 0xFF, b't', b'E', b'X', b't', // a length that lies
    ];

    #[test]
    fn the_size_comes_from_the_header() {
        let (media, outcome) = parse(SMALL);
        assert_eq!(
            (media.width, media.height, outcome),
            (Some(256), Some(16), Ok(()))
        );
        assert_eq!(media.profile, Some(profile::Profile::PNG_LRG));
    }

    #[test]
    fn exif_behind_the_picture_is_read() {
        let mut bytes = SMALL[..33].to_vec();
        bytes.extend(b"\0\0\0\x02IDATxx____\0\0\0\x2EeXIfII*\0\x08\0\0\0\x01\0");
        bytes.extend(b"\x32\x01\x02\0\x14\0\0\0\x1A\0\0\0\0\0\0\0");
        bytes.extend(b"1970:01:02 00:01:02\0____\0\0\0\0IEND");
        let (media, outcome) = parse(&bytes);
        assert_eq!(
            (media.date.map(|d| d.unix_secs), outcome),
            (Some(86_462), Ok(()))
        );
    }

    #[test]
    fn every_prefix_ends() {
        for n in 0..33 {
            assert_eq!(parse(&SMALL[..n]).1.is_ok(), n >= 33, "{n}");
        }
    }

    #[test]
    fn a_picture_without_extent_is_refused() {
        let mut bytes = SMALL.to_vec();
        bytes[18] = 0;
        assert_eq!(parse(&bytes).1, Err(Error::Malformed("PNG size")));
    }
}
