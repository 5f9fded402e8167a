//! BMP: the size from the header (Windows GDI, `BITMAPFILEHEADER`, `BITMAPCOREHEADER`, `BITMAPINFOHEADER`).

use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

/// Reads the first 26 bytes.
///
/// # Errors
/// [`Error::Malformed`] if there is no size; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    const CORE_HEADER_BYTES: u32 = 12;
    if &r.array()? != b"BM" {
        return Err(Error::Malformed("BMP header"));
    }
    r.skip(12)?;
    let (width, height) = match r.le_u32()? {
        CORE_HEADER_BYTES => (u32::from(r.le_u16()?), u32::from(r.le_u16()?)),
        // A negative height means that the top line comes first.
        16..=255 => (r.le_u32()?, i32::from_le_bytes(r.array()?).unsigned_abs()),
        _ => return Err(Error::Malformed("BMP header size")),
    };
    let most = i32::MAX.unsigned_abs();
    if !(1..=most).contains(&width) || !(1..=most).contains(&height) {
        return Err(Error::Malformed("BMP size"));
    }
    media.class = Some(Class::Image);
    media.mime = Some(Mime::BMP);
    (media.width, media.height) = (Some(width), Some(height));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};

    fn with_header(header: &[u8]) -> Vec<u8> {
        [b"BM\0\0\0\0\0\0\0\0\0\0\0\0".as_slice(), header].concat()
    }

    #[test]
    fn all_headers_tell_the_size() {
        let down = with_header(b"\x28\0\0\0\x40\x01\0\0\x38\xFF\xFF\xFF");
        let (media, outcome) = parse(read, &down);
        assert_eq!(
            (media.width, media.height, outcome),
            (Some(320), Some(200), Ok(()))
        );
        let (media, _) = parse(read, &with_header(b"\x0C\0\0\0\x40\x01\xC8\x00"));
        assert_eq!((media.width, media.height), (Some(320), Some(200)));
        survives(read, &down);
        for n in 0..down.len() {
            assert_eq!(parse(read, &down[..n]).1, Err(Error::Truncated), "{n}");
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        for header in [
            b"\x28\0\0\0\0\0\0\0\x01\0\0\0".as_slice(),
            b"\x28\0\0\0\xFF\xFF\xFF\xFF\x01\0\0\0",
            b"\x0B\0\0\0\x01\0\x01\0\0\0\0\0",
        ] {
            assert!(matches!(
                parse(read, &with_header(header)).1,
                Err(Error::Malformed(_))
            ));
        }
    }
}
