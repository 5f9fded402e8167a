//! TIFF: the first picture's size and properties (TIFF 6.0 §2). Its directories are EXIF's, so they are read there.

use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::exif;
use crate::media::{Class, Media};

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without header or size; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    media.class = Some(Class::Image);
    media.mime = Some(Mime::TIFF);
    exif::read_tiff(r, media)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};

    const SMALL: &[u8] = &[
        b'I', b'I', b'*', 0, 8, 0, 0, 0, // header: first directory at 8
        3, 0, // entries
        0x00, 1, 3, 0, 1, 0, 0, 0, 0x40, 1, 0, 0, // width 320, SHORT
        0x01, 1, 4, 0, 1, 0, 0, 0, 200, 0, 0, 0, // height 200, LONG
        0x12, 1, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0, // orientation 8
        8, 0, 0, 0, // the next directory is this one again
    ];

    #[test]
    fn size_and_turn_come_from_the_first_directory() {
        let (media, outcome) = parse(read, SMALL);
        assert_eq!(
            (media.width, media.height, media.orientation, outcome),
            (Some(320), Some(200), Some(8), Ok(()))
        );
    }

    #[test]
    fn damage_ends_and_a_picture_without_extent_is_refused() {
        survives(read, SMALL);
        let mut bytes = SMALL.to_vec();
        bytes[18..20].fill(0);
        assert_eq!(parse(read, &bytes).1, Err(Error::Malformed("TIFF size")));
        for n in 0..34 {
            assert!(parse(read, &SMALL[..n]).1.is_err(), "{n}");
        }
    }
}
