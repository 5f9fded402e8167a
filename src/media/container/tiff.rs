//! TIFF and `BigTIFF`: the first picture's size and properties (TIFF 6.0 §2). Its directories are EXIF's, so they are read there.

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
    fn xmp_tells_the_date_before_the_last_change() {
        let packet = b"<rdf:Description xmp:CreateDate=\"1970-01-02\" xmp:Rating=\"1\"/>    ";
        let mut bytes = b"II*\0\x08\0\0\0\x04\0\x00\x01\x03\0\x01\0\0\0\x09\0\0\0\x01\x01\x03\0\x01\0\0\0\x09\0\0\0".to_vec();
        bytes.extend(
            b"\x32\x01\x02\0\x14\0\0\0\x3E\0\0\0\xBC\x02\x01\0\x41\0\0\0\x52\0\0\0\0\0\0\0",
        );
        assert_eq!((bytes.len(), packet.len()), (62, 65));
        bytes.extend(b"1970:01:09 00:00:00\0");
        bytes.extend(packet);
        let (media, outcome) = parse(read, &bytes);
        let told = (media.date.map(|date| date.unix_secs), media.rating);
        assert_eq!((told, outcome), ((Some(86_400), Some(1)), Ok(())));
        survives(read, &bytes);
    }

    /// `BigTIFF` in this order of bytes: 321 by 123 pixels, turned by half, the model beside the directory.
    fn big(order: [u8; 2], u16_of: fn(u16) -> [u8; 2], u64_of: fn(u64) -> [u8; 8]) -> Vec<u8> {
        let mut bytes = [order.as_slice(), &u16_of(43), &u16_of(8), &u16_of(0)].concat();
        bytes.extend(u64_of(16));
        bytes.extend(u64_of(4));
        let mut entry = |tag: u16, kind: u16, count: u64, value: &[u8]| {
            bytes.extend([u16_of(tag), u16_of(kind)].concat());
            bytes.extend(u64_of(count));
            bytes.extend(value);
            bytes.resize(bytes.len() + 8 - value.len(), 0);
        };
        entry(0x0100, 16, 1, &u64_of(321)); // LONG8
        entry(0x0101, 3, 1, &u16_of(123));
        entry(0x0110, 2, 10, &u64_of(112));
        entry(0x0112, 3, 1, &u16_of(3));
        bytes.extend(u64_of(0));
        bytes.extend(b"Leica M10\0");
        bytes
    }

    #[test]
    fn counts_and_offsets_may_be_of_64_bits() {
        let little = big(*b"II", u16::to_le_bytes, u64::to_le_bytes);
        let great = big(*b"MM", u16::to_be_bytes, u64::to_be_bytes);
        for bytes in [little, great] {
            let (media, outcome) = parse(read, &bytes);
            assert_eq!(
                (media.width, media.height, media.orientation, outcome),
                (Some(321), Some(123), Some(3), Ok(()))
            );
            assert_eq!(media.camera.as_deref(), Some("Leica M10"));
            survives(read, &bytes);
        }
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
