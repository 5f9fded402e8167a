//! EXIF: when and with what a picture was taken, how it is to be turned, and where its small copy lies (Exif 2.32 §4.6;
//! TIFF 6.0 §2), out of JPEG, PNG, WebP, HEIC, and TIFF itself. Places are not read: where a family lives is its own affair.

use super::{ByteOrder, date, latin1, put, text, utf8_or_latin1, xmp};
use crate::limits;
use crate::media::art::{self, ArtKind};
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Date, Media};

/// Entries of one directory that are looked at; cameras write some sixty.
const ENTRIES: u64 = 512;
/// Bytes of a camera's name that are looked at.
const NAME_BYTES: u64 = 128;

const IMAGE_WIDTH: u16 = 0x0100;
const IMAGE_LENGTH: u16 = 0x0101;
const MAKE: u16 = 0x010F;
const MODEL: u16 = 0x0110;
const ORIENTATION: u16 = 0x0112;
const DATE_TIME: u16 = 0x0132;
const THUMBNAIL_OFFSET: u16 = 0x0201;
const THUMBNAIL_LENGTH: u16 = 0x0202;
const XMP: u16 = 0x02BC;
const RATING: u16 = 0x4746;
const EXIF_DIRECTORY: u16 = 0x8769;
const DATE_TIME_ORIGINAL: u16 = 0x9003;
const DATE_TIME_DIGITIZED: u16 = 0x9004;

const BYTE: u16 = 1;
const ASCII: u16 = 2;
const SHORT: u16 = 3;
const LONG: u16 = 4;
const UNDEFINED: u16 = 7;

/// When a picture was made, where EXIF says nothing of when it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dates {
    /// What XMP says.
    pub xmp: Option<Date>,
    /// When it was changed last.
    pub changed: Option<Date>,
}

impl Dates {
    /// Once all has been read that a picture says of itself.
    pub fn settle(self, media: &mut Media) {
        put(&mut media.date, self.xmp);
        put(&mut media.date, self.changed);
    }
}

/// Reads a TIFF structure that starts at `r`, whose span is the block it stands in: no offset leads out of it.
///
/// # Errors
/// [`Error::Malformed`] without a TIFF header; errors of the reader. What was read before is kept.
pub fn read(r: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    let mut found = Found::default();
    let outcome = directories(r, &mut found);
    found.describe(media, dates);
    outcome
}

/// Reads a TIFF file: the picture of the first directory, with the same properties.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_tiff(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let (mut found, mut dates) = (Found::default(), Dates::default());
    let outcome = directories(r, &mut found);
    found.describe(media, &mut dates);
    dates.settle(media);
    let extent = found.first.width.zip(found.first.height);
    let Some((width, height)) = extent.filter(|(w, h)| *w > 0 && *h > 0) else {
        return outcome.and(Err(Error::Malformed("TIFF size")));
    };
    (media.width, media.height) = (Some(width), Some(height));
    // Damage behind the size is no trouble: the picture is described.
    match outcome {
        Err(e @ Error::Io(_)) => Err(e),
        _ => Ok(()),
    }
}

fn directories(r: &mut Reader<'_>, found: &mut Found) -> Result<(), Error> {
    let base = r.position();
    let (order, width) = match &r.array()? {
        b"II*\0" => (ByteOrder::Little, Width::Classic),
        b"MM\0*" => (ByteOrder::Big, Width::Classic),
        b"II+\0" => (ByteOrder::Little, Width::Big),
        b"MM\0+" => (ByteOrder::Big, Width::Big),
        _ => return Err(Error::Malformed("EXIF header")),
    };
    let mut tiff = Tiff {
        r,
        base,
        order,
        width,
    };
    if width == Width::Big {
        tiff.r.skip(4)?; // bytes of an offset, which are eight, and zeros
    }
    let first = tiff.word()?;
    let next = tiff.directory(first, &mut found.first);
    let exif = match found.first.exif_offset {
        Some(offset) => tiff.directory(offset, &mut found.exif).map(drop),
        None => Ok(()),
    };
    let thumbnail = match next {
        Ok(Some(offset)) if offset != first => tiff.directory(offset, &mut found.second).map(drop),
        _ => Ok(()),
    };
    found.thumbnail = tiff.thumbnail(&found.second);
    // The second directory is a gift.
    let thumbnail = thumbnail.or_else(|e| {
        if matches!(e, Error::Io(_)) {
            Err(e)
        } else {
            Ok(())
        }
    });
    next.map(drop).and(exif).and(thumbnail)
}

/// The three directories of a photograph.
#[derive(Default)]
struct Found {
    /// Of the picture.
    first: Directory,
    /// Of the camera's settings.
    exif: Directory,
    /// Of the small copy.
    second: Directory,
    thumbnail: Option<art::ArtSpan>,
}

#[derive(Default)]
struct Directory {
    width: Option<u32>,
    height: Option<u32>,
    make: Option<String>,
    model: Option<String>,
    orientation: Option<u32>,
    rating: Option<u32>,
    changed: Option<Date>,
    original: Option<Date>,
    digitized: Option<Date>,
    exif_offset: Option<u64>,
    thumbnail_offset: Option<u64>,
    thumbnail_length: Option<u64>,
    xmp: Option<Vec<u8>>,
}

impl Found {
    fn describe(&mut self, media: &mut Media, dates: &mut Dates) {
        let [first, exif] = [&mut self.first, &mut self.exif];
        // Some writers put the camera's tags into the picture's directory.
        for stated in [
            exif.original,
            first.original,
            exif.digitized,
            first.digitized,
        ] {
            put(&mut media.date, stated);
        }
        put(&mut dates.changed, first.changed);
        if let Some(packet) = first.xmp.take() {
            xmp::packet(&packet, media, dates);
        }
        let within = |n: Option<u32>, most: u8| {
            n.and_then(|n| u8::try_from(n).ok())
                .filter(|n| (1..=most).contains(n))
        };
        put(&mut media.orientation, within(first.orientation, 8));
        put(&mut media.rating, within(first.rating, 5));
        put(
            &mut media.camera,
            camera(first.make.take(), first.model.take()),
        );
        put(&mut media.thumbnail, self.thumbnail);
    }
}

/// Maker and model as people say them: `Canon` + `Canon PowerShot S40` and `NIKON CORPORATION` + `NIKON D70s` are the
/// model alone, `Apple` + `iPhone 15 Pro` is both, `OLYMPUS OPTICAL CO.,LTD` + `C-700` is without the company's form.
fn camera(make: Option<String>, model: Option<String>) -> Option<String> {
    const FORMS: [&str; 9] = [
        "corporation",
        "corp",
        "co",
        "company",
        "ltd",
        "inc",
        "imaging",
        "optical",
        "electric",
    ];
    let (make, model) = match (make, model) {
        (Some(make), Some(model)) => (make, model),
        (one, other) => return one.or(other),
    };
    let bare = |w: &str| {
        w.trim_end_matches(|c: char| c.is_ascii_punctuation())
            .to_lowercase()
    };
    let is_form = |w: &str| {
        w.split(',')
            .all(|part| FORMS.contains(&bare(part).as_str()))
    };
    let words: Vec<&str> = make.split_whitespace().collect();
    let first_of_model = model
        .split_whitespace()
        .next()
        .map(bare)
        .unwrap_or_default();
    if words.iter().any(|w| bare(w) == first_of_model) {
        return Some(model);
    }
    let named = words
        .iter()
        .enumerate()
        .filter(|(i, w)| *i == 0 || !is_form(w))
        .map(|(_, w)| *w);
    text(&format!(
        "{} {model}",
        named.collect::<Vec<_>>().join(" ").trim_end_matches(',')
    ))
}

struct Tiff<'r, 'a> {
    r: &'r mut Reader<'a>,
    base: u64,
    order: ByteOrder,
    width: Width,
}

/// How wide counts and offsets are: 32 bits, or 64 in `BigTIFF`, which is TIFF but for that.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Classic,
    Big,
}

/// Tag, type, count, and the four or eight bytes that are the value or say where it is (TIFF 6.0 §2).
struct Entry {
    tag: u16,
    kind: u16,
    count: u64,
    value: [u8; 8],
}

impl Tiff<'_, '_> {
    fn number16(&self, bytes: [u8; 2]) -> u16 {
        match self.order {
            ByteOrder::Big => u16::from_be_bytes(bytes),
            ByteOrder::Little => u16::from_le_bytes(bytes),
        }
    }

    fn number32(&self, bytes: [u8; 4]) -> u32 {
        match self.order {
            ByteOrder::Big => u32::from_be_bytes(bytes),
            ByteOrder::Little => u32::from_le_bytes(bytes),
        }
    }

    fn u16(&mut self) -> Result<u16, Error> {
        let bytes = self.r.array()?;
        Ok(self.number16(bytes))
    }

    fn number64(&self, bytes: [u8; 8]) -> u64 {
        match self.order {
            ByteOrder::Big => u64::from_be_bytes(bytes),
            ByteOrder::Little => u64::from_le_bytes(bytes),
        }
    }

    /// A count or an offset.
    fn word(&mut self) -> Result<u64, Error> {
        Ok(match self.width {
            Width::Classic => {
                let bytes = self.r.array()?;
                u64::from(self.number32(bytes))
            }
            Width::Big => {
                let bytes = self.r.array()?;
                self.number64(bytes)
            }
        })
    }

    /// The offset that an entry is.
    fn offset(&self, entry: &Entry) -> u64 {
        let [a, b, c, d, ..] = entry.value;
        match self.width {
            Width::Classic => u64::from(self.number32([a, b, c, d])),
            Width::Big => self.number64(entry.value),
        }
    }

    fn seek(&mut self, offset: u64) -> Result<(), Error> {
        self.r.seek(self.base.saturating_add(offset))
    }

    /// One directory: a count, the entries, where the next one is. `None`: there is no next.
    fn directory(&mut self, offset: u64, found: &mut Directory) -> Result<Option<u64>, Error> {
        self.seek(offset)?;
        let count = match self.width {
            Width::Classic => u64::from(self.u16()?),
            Width::Big => self.word()?,
        };
        for _ in 0..count.min(ENTRIES) {
            let entry = Entry {
                tag: self.u16()?,
                kind: self.u16()?,
                count: self.word()?,
                value: self.value()?,
            };
            let next = self.r.position();
            self.take(&entry, found);
            self.r.seek(next)?;
        }
        if count > ENTRIES {
            return Ok(None);
        }
        Ok(self.word().ok().filter(|offset| *offset > 0))
    }

    /// What stands in an entry's last field, zeros behind it.
    fn value(&mut self) -> Result<[u8; 8], Error> {
        match self.width {
            Width::Classic => {
                let [a, b, c, d] = self.r.array()?;
                Ok([a, b, c, d, 0, 0, 0, 0])
            }
            Width::Big => self.r.array(),
        }
    }

    fn take(&mut self, entry: &Entry, found: &mut Directory) {
        match entry.tag {
            IMAGE_WIDTH => put(&mut found.width, self.small(entry)),
            IMAGE_LENGTH => put(&mut found.height, self.small(entry)),
            MAKE => put(&mut found.make, self.name(entry)),
            MODEL => put(&mut found.model, self.name(entry)),
            ORIENTATION => put(&mut found.orientation, self.small(entry)),
            RATING => put(&mut found.rating, self.small(entry)),
            EXIF_DIRECTORY => put(&mut found.exif_offset, self.number(entry)),
            THUMBNAIL_OFFSET => put(&mut found.thumbnail_offset, self.number(entry)),
            THUMBNAIL_LENGTH => put(&mut found.thumbnail_length, self.number(entry)),
            DATE_TIME_ORIGINAL => put(&mut found.original, self.date_time(entry)),
            DATE_TIME_DIGITIZED => put(&mut found.digitized, self.date_time(entry)),
            DATE_TIME => put(&mut found.changed, self.date_time(entry)),
            XMP => put(&mut found.xmp, self.packet(entry)),
            _ => {}
        }
    }

    /// A packet of XMP (ISO 16684-3 §1.1.10), which is bytes.
    fn packet(&mut self, entry: &Entry) -> Option<Vec<u8>> {
        const SHORTEST: u64 = 64;
        if !matches!(entry.kind, BYTE | UNDEFINED) || entry.count < SHORTEST {
            return None;
        }
        self.seek(self.offset(entry)).ok()?;
        self.r.bytes(entry.count.min(limits::XMP_BYTES)).ok()
    }

    /// A single number. Directories are sometimes typed as their own kind (13), which is a LONG too.
    fn number(&self, entry: &Entry) -> Option<u64> {
        const IFD: u16 = 13;
        const LONG8: u16 = 16;
        const IFD8: u16 = 18;
        let [a, b, c, d, ..] = entry.value;
        match entry.kind {
            _ if entry.count != 1 => None,
            SHORT => Some(u64::from(self.number16([a, b]))),
            LONG | IFD => Some(u64::from(self.number32([a, b, c, d]))),
            LONG8 | IFD8 if self.width == Width::Big => Some(self.number64(entry.value)),
            _ => None,
        }
    }

    fn small(&self, entry: &Entry) -> Option<u32> {
        u32::try_from(self.number(entry)?).ok()
    }

    /// Short texts stand in the entry itself.
    fn name(&mut self, entry: &Entry) -> Option<String> {
        if entry.kind != ASCII {
            return None;
        }
        let room = match self.width {
            Width::Classic => 4,
            Width::Big => 8,
        };
        if entry.count <= room {
            let own = entry.value.get(..usize::try_from(entry.count).ok()?)?;
            return text(&utf8_or_latin1(own));
        }
        self.seek(self.offset(entry)).ok()?;
        let bytes = self.r.bytes(entry.count.min(NAME_BYTES)).ok()?;
        text(&utf8_or_latin1(&bytes))
    }

    /// `YYYY:MM:DD HH:MM:SS` and a NUL; anything else, blanks and zeros included, is no date.
    fn date_time(&mut self, entry: &Entry) -> Option<Date> {
        if entry.kind != ASCII || entry.count < 19 {
            return None;
        }
        self.seek(self.offset(entry)).ok()?;
        date(&latin1(&self.r.array::<19>().ok()?))
    }

    /// A JPEG that lies inside the block.
    fn thumbnail(&mut self, directory: &Directory) -> Option<art::ArtSpan> {
        let (offset, len) = directory.thumbnail_offset.zip(directory.thumbnail_length)?;
        self.seek(offset).ok()?;
        art::span(self.r, len, ArtKind::Icon).filter(|span| span.mime == Mime::JPEG)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    const ONE_DATE: &[u8] = &[
        b'I', b'I', b'*', 0, 8, 0, 0, 0, // header: first directory at 8
        1, 0, 0x69, 0x87, 4, 0, 1, 0, 0, 0, 26, 0, 0, 0, 0, 0, 0,
        0, // one entry: EXIF directory at 26; no next
        1, 0, 0x03, 0x90, 2, 0, 20, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0,
        0, // one entry: original date at 44; no next
        b'1', b'9', b'7', b'0', b':', b'0', b'1', b':', b'0', b'2', b' ', b'0', b'0', b':', b'0',
        b'1', b':', b'0', b'2', 0,
    ];

    fn all(bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let mut dates = Dates::default();
        let outcome = read(&mut Reader::new(&source), &mut media, &mut dates);
        dates.settle(&mut media);
        (media, outcome)
    }

    fn parse(bytes: &[u8]) -> (Option<i64>, Result<(), Error>) {
        let (media, outcome) = all(bytes);
        (media.date.map(|d| d.unix_secs), outcome)
    }

    /// Big-endian: make, model in the entry, orientation, rating; then the directory of the small copy.
    fn photograph() -> Vec<u8> {
        let entry = |tag: u16, kind: u16, count: u32, value: [u8; 4]| {
            let [t, k] = [tag.to_be_bytes(), kind.to_be_bytes()];
            [t.as_slice(), &k, &count.to_be_bytes(), &value].concat()
        };
        let mut bytes = b"MM\0*\0\0\0\x08\0\x04".to_vec();
        bytes.extend(entry(MAKE, ASCII, 6, [0, 0, 0, 92]));
        bytes.extend(entry(MODEL, ASCII, 3, *b"X1\0\0"));
        bytes.extend(entry(ORIENTATION, SHORT, 1, [0, 6, 0, 0]));
        bytes.extend(entry(RATING, SHORT, 1, [0, 4, 0, 0]));
        bytes.extend([0, 0, 0, 62]);
        assert_eq!(bytes.len(), 62);
        bytes.extend([0, 2]);
        bytes.extend(entry(THUMBNAIL_OFFSET, LONG, 1, [0, 0, 0, 98]));
        bytes.extend(entry(THUMBNAIL_LENGTH, LONG, 1, [0, 0, 0, 4]));
        bytes.extend([0; 4]);
        bytes.extend(b"Maker\0\xFF\xD8\xFF\xE0");
        bytes
    }

    #[test]
    fn the_original_date_is_found_through_its_directory() {
        assert_eq!(parse(ONE_DATE), (Some(86_462), Ok(())));
    }

    #[test]
    fn camera_turn_stars_and_small_copy_are_found() {
        let (media, outcome) = all(&photograph());
        assert_eq!(
            (media.camera.as_deref(), outcome),
            (Some("Maker X1"), Ok(()))
        );
        assert_eq!((media.orientation, media.rating), (Some(6), Some(4)));
        assert_eq!(
            media.thumbnail.map(|t| (t.offset, t.len, t.mime)),
            Some((98, 4, Mime::JPEG))
        );
    }

    #[test]
    fn makers_are_not_said_twice() {
        let named = |make: &str, model: &str| {
            camera(Some(make.to_owned()), Some(model.to_owned())).unwrap()
        };
        assert_eq!(named("Canon", "Canon PowerShot S40"), "Canon PowerShot S40");
        assert_eq!(named("NIKON CORPORATION", "NIKON D70s"), "NIKON D70s");
        assert_eq!(named("EASTMAN KODAK COMPANY", "KODAK DX"), "KODAK DX");
        assert_eq!(named("Apple", "iPhone 15 Pro"), "Apple iPhone 15 Pro");
        assert_eq!(named("OLYMPUS OPTICAL CO.,LTD", "C-700"), "OLYMPUS C-700");
        assert_eq!(camera(None, Some("X".to_owned())).unwrap(), "X");
    }

    #[test]
    fn every_prefix_ends() {
        for n in 0..ONE_DATE.len() - 1 {
            assert_eq!(parse(&ONE_DATE[..n]).0, None, "{n}");
        }
        let bytes = photograph();
        for n in 0..bytes.len() {
            assert_eq!(all(&bytes[..n]).0.thumbnail, None, "{n}");
        }
        assert_eq!(parse(b"").1, Err(Error::Truncated));
    }

    #[test]
    fn offsets_out_of_the_block_and_blank_dates_give_nothing() {
        let mut far = ONE_DATE.to_vec();
        far[39] = 0x7F;
        assert_eq!(parse(&far).0, None);
        let mut blank = ONE_DATE.to_vec();
        blank[44..63].fill(b' ');
        assert_eq!(parse(&blank), (None, Ok(())));
        let mut cyclic = ONE_DATE.to_vec();
        cyclic[18] = 8; // the EXIF directory is the first one again
        assert_eq!(parse(&cyclic).0, None);
    }

    #[test]
    fn impossible_turns_and_stars_give_nothing() {
        let mut bytes = photograph();
        bytes[10 + 24 + 9] = 9;
        bytes[10 + 36 + 9] = 6;
        let (media, _) = all(&bytes);
        assert_eq!((media.orientation, media.rating), (None, None));
    }
}
