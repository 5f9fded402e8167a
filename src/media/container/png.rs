//! PNG: the size from `IHDR`, the date from `eXIf` if that is near (W3C PNG, third edition, §11), from the text in which
//! `ImageMagick` and its likes wrote EXIF before there was such a chunk, from XMP, or from `tIME`.

use crate::media::reader::{Error, Reader, Source};
use crate::media::tag::exif::{self, Dates};
use crate::media::tag::{date_of, inflated, put, xmp};
use crate::media::{Class, Media, mime, profile};

/// Chunks in front of the picture that are looked at.
const CHUNKS: usize = 64;
/// Picture chunks that are passed over on the way to an `eXIf` behind them. Writers that cut the picture into many small
/// chunks would cost a read for each.
const PICTURE_CHUNKS: usize = 4;
/// Bytes of a text chunk that are looked at for EXIF; more than 64 KiB a camera does not write.
const TEXT_BYTES: u64 = 160 * 1024;
/// Bytes that they unpack to: each of the 64 KiB is two digits, and lines have ends.
const UNPACKED_BYTES: usize = 160 * 1024;
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
    let mut dates = Dates::default();
    let outcome = chunks(r, media, &mut dates);
    dates.settle(media);
    outcome.or_else(|e| {
        if matches!(e, Error::Io(_)) {
            Err(e)
        } else {
            Ok(())
        }
    })
}

fn chunks(r: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    let mut pictures = 0;
    for _ in 0..CHUNKS {
        let len = r.be_u32()?;
        match &r.array()? {
            b"IEND" => break,
            b"IDAT" if pictures == PICTURE_CHUNKS => break,
            b"eXIf" => {
                exif::read(&mut r.sub(u64::from(len))?, media, dates)?;
            }
            kind @ (b"tEXt" | b"zTXt") if u64::from(len) <= TEXT_BYTES => {
                let packed = kind == b"zTXt";
                let bytes = r.bytes(u64::from(len))?;
                raw_profile(packed, &bytes, media, dates);
            }
            b"iTXt" if u64::from(len) <= TEXT_BYTES => {
                international(&r.bytes(u64::from(len))?, media, dates);
            }
            b"tIME" if len == 7 => {
                let ([high, low], rest) = (r.array()?, r.array::<5>()?);
                let [month, day, hour, minute, second] = rest.map(u32::from);
                let year = u32::from(u16::from_be_bytes([high, low]));
                dates.changed = date_of(&[year, month, day, hour, minute, second]);
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

/// `iTXt` (§11.3.3.4) of XMP: its name, whether it is packed and how, a language and the name again, each with a NUL, text.
fn international(chunk: &[u8], media: &mut Media, dates: &mut Dates) -> Option<()> {
    let (&[packed, _], text) = chunk.strip_prefix(xmp::IN_PNG)?.split_first_chunk()?;
    let text = text.splitn(3, |b| *b == 0).nth(2)?;
    if packed == 1 {
        xmp::packet(&inflated(text, UNPACKED_BYTES).ok()?, media, dates);
    } else {
        xmp::packet(text, media, dates);
    }
    Some(())
}

/// `Raw profile type exif`, a NUL and, if packed, a byte 0 for zlib; then a line with its name, one with its length, and
/// lines of hexadecimal digits. Called `APP1` it may be XMP as well. Damage costs the profile alone.
fn raw_profile(packed: bool, chunk: &[u8], media: &mut Media, dates: &mut Dates) -> Option<()> {
    const NAMES: [&[u8]; 2] = [b"Raw profile type exif\0", b"Raw profile type APP1\0"];
    let text = NAMES.iter().find_map(|name| chunk.strip_prefix(*name))?;
    let unpacked = if packed {
        inflated(text.strip_prefix(&[0])?, UNPACKED_BYTES).ok()?
    } else {
        text.to_vec()
    };
    let mut lines = unpacked.split(|b| *b == b'\n').filter(|l| !l.is_empty());
    let digits: Vec<u8> = lines.by_ref().skip(2).flatten().copied().collect();
    let digit = |b: u8| {
        char::from(b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let (pairs, _) = digits.as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs
        .iter()
        .map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?))
        .collect();
    let bytes = bytes?;
    let tiff = bytes.strip_prefix(b"Exif\0\0").unwrap_or(&bytes);
    let source = Source::new(&tiff, tiff.len() as u64);
    // Places in it are not places in the file: nothing is taken that lies somewhere.
    let mut told = Media::default();
    let _ = exif::read(&mut Reader::new(&source), &mut told, dates);
    put(&mut media.date, told.date);
    put(&mut media.camera, told.camera);
    put(&mut media.orientation, told.orientation);
    put(&mut media.rating, told.rating);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn exif_written_as_text_is_read() {
        let tiff = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\x32\x01\x02\0\x14\0\0\0\
            \x26\0\0\0\0\0\0\x001970:01:02 00:01:02\0";
        let mut lines = format!("\nexif\n{:8}\n", tiff.len()).into_bytes();
        for (i, byte) in tiff.iter().enumerate() {
            lines.extend(format!("{byte:02x}").as_bytes());
            lines.extend((i % 36 == 35).then_some(b'\n'));
        }
        // zlib that packs nothing: one stored block.
        let len = u16::try_from(lines.len()).unwrap();
        let mut packed = vec![0, 0x78, 0x01, 1];
        packed.extend(len.to_le_bytes());
        packed.extend((!len).to_le_bytes());
        packed.extend(&lines);
        let sums = lines.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        packed.extend(((sums.1 << 16) | sums.0).to_be_bytes());
        for (kind, name, content) in [
            (b"tEXt", b"exif", &lines),
            (b"zTXt", b"exif", &packed),
            (b"zTXt", b"APP1", &packed),
        ] {
            let text = [b"Raw profile type ".as_slice(), name, b"\0", content].concat();
            let mut bytes = SMALL[..33].to_vec();
            bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            bytes.extend([kind.as_slice(), &text, b"____\0\0\0\0IEND"].concat());
            let (media, outcome) = parse(&bytes);
            assert_eq!(
                (media.date.map(|d| d.unix_secs), media.orientation, outcome),
                (Some(86_462), Some(6), Ok(()))
            );
            for n in 33..bytes.len() {
                bytes[n] ^= 0x55;
                let _ = parse(&bytes);
                let _ = parse(&bytes[..n]);
            }
        }
    }

    #[test]
    fn the_date_comes_from_xmp_or_else_from_the_last_change() {
        let chunk = |kind: &[u8; 4], body: &[u8]| {
            let len = u32::try_from(body.len()).unwrap().to_be_bytes();
            [&len[..], kind, body, b"____"].concat()
        };
        let packet = b"<a xmp:CreateDate=\"1970-01-02\" xmp:Rating=\"2\"/>";
        let plain = [xmp::IN_PNG, b"\0\0\0\0", packet].concat();
        let named = [xmp::IN_PNG, b"\0\0en\0Packet\0", packet].concat();
        let mut packed = [xmp::IN_PNG, b"\x01\0\0\0"].concat();
        // zlib that packs nothing: one stored block.
        packed.extend([0x78, 0x01, 1, 47, 0, !47, 0xFF]);
        packed.extend(packet);
        let sums = packet.iter().fold((1_u32, 0_u32), |(a, b), byte| {
            let a = (a + u32::from(*byte)) % 65_521;
            (a, (b + a) % 65_521)
        });
        packed.extend(((sums.1 << 16) | sums.0).to_be_bytes());
        assert_eq!(packet.len(), 47);
        let changed = chunk(b"tIME", &[7, 178, 1, 9, 0, 0, 8]);
        let rows = [
            (chunk(b"iTXt", &plain), Some(86_400), Some(2)),
            (chunk(b"iTXt", &named), Some(86_400), Some(2)),
            (chunk(b"iTXt", &packed), Some(86_400), Some(2)),
            (
                [changed.clone(), chunk(b"iTXt", &plain)].concat(),
                Some(86_400),
                Some(2),
            ),
            (changed, Some(8 * 86_400 + 8), None),
            (chunk(b"tIME", &[7, 178, 0, 0, 0, 0, 0]), Some(0), None),
            (chunk(b"tIME", &[0, 0, 1, 1, 0, 0, 0]), None, None),
            (chunk(b"iTXt", &plain[..20]), None, None),
            (
                chunk(
                    b"iTXt",
                    b"Comment\0\0\0\0\0<a xmp:CreateDate=\"1970-01-02\"",
                ),
                None,
                None,
            ),
        ];
        for (chunks, date, stars) in rows {
            let bytes = [&SMALL[..33], &chunks, b"\0\0\0\0IEND"].concat();
            let (media, outcome) = parse(&bytes);
            let told = (media.date.map(|date| date.unix_secs), media.rating, outcome);
            assert_eq!(told, (date, stars, Ok(())), "{}", chunks.escape_ascii());
            for n in 33..bytes.len() {
                let _ = parse(&bytes[..n]);
            }
        }
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
