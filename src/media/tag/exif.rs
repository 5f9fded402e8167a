//! EXIF: when a picture was taken (Exif 2.32 §4.6; TIFF 6.0 §2), out of JPEG, PNG and whatever else embeds it.

use super::{ByteOrder, date, put};
use crate::media::Media;
use crate::media::reader::{Error, Reader};

/// Entries of one directory that are looked at; cameras write some sixty.
const ENTRIES: u16 = 512;

const DATE_TIME: u16 = 0x0132;
const EXIF_DIRECTORY: u16 = 0x8769;
const DATE_TIME_ORIGINAL: u16 = 0x9003;
const DATE_TIME_DIGITIZED: u16 = 0x9004;
const ASCII: u16 = 2;

/// Reads a TIFF structure that starts at `r`, whose span is the block it stands in: no offset leads out of it.
///
/// # Errors
/// [`Error::Malformed`] without a TIFF header; errors of the reader. What was read before is kept.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let base = r.position();
    let order = match &r.array()? {
        b"II*\0" => ByteOrder::Little,
        b"MM\0*" => ByteOrder::Big,
        _ => return Err(Error::Malformed("EXIF header")),
    };
    let mut tiff = Tiff { r, base, order };
    let first = tiff.u32()?;
    let mut found = Found::default();
    let outcome = tiff.directory(first, &mut found);
    let outcome = match found.exif_directory {
        Some(offset) => outcome.and(tiff.directory(offset, &mut found)),
        None => outcome,
    };
    let [original, digitized, changed] = [found.original, found.digitized, found.changed];
    for stated in [original, digitized, changed].into_iter().flatten() {
        put(&mut media.date, date(&super::latin1(&stated)));
    }
    outcome
}

#[derive(Default)]
struct Found {
    exif_directory: Option<u32>,
    original: Option<[u8; 19]>,
    digitized: Option<[u8; 19]>,
    changed: Option<[u8; 19]>,
}

struct Tiff<'r, 'a> {
    r: &'r mut Reader<'a>,
    base: u64,
    order: ByteOrder,
}

impl Tiff<'_, '_> {
    fn u16(&mut self) -> Result<u16, Error> {
        if self.order == ByteOrder::Big {
            self.r.be_u16()
        } else {
            self.r.le_u16()
        }
    }

    fn u32(&mut self) -> Result<u32, Error> {
        if self.order == ByteOrder::Big {
            self.r.be_u32()
        } else {
            self.r.le_u32()
        }
    }

    fn seek(&mut self, offset: u32) -> Result<(), Error> {
        self.r.seek(self.base.saturating_add(u64::from(offset)))
    }

    /// One directory: a count, then entries of tag, type, count and value or offset (TIFF 6.0 §2).
    fn directory(&mut self, offset: u32, found: &mut Found) -> Result<(), Error> {
        self.seek(offset)?;
        let entries = self.u16()?.min(ENTRIES);
        for _ in 0..entries {
            let (tag, kind, count, value) = (self.u16()?, self.u16()?, self.u32()?, self.u32()?);
            let next = self.r.position();
            match tag {
                EXIF_DIRECTORY => found.exif_directory = found.exif_directory.or(Some(value)),
                DATE_TIME_ORIGINAL => put(&mut found.original, self.date_time(kind, count, value)),
                DATE_TIME_DIGITIZED => {
                    put(&mut found.digitized, self.date_time(kind, count, value));
                }
                DATE_TIME => put(&mut found.changed, self.date_time(kind, count, value)),
                _ => {}
            }
            self.r.seek(next)?;
        }
        Ok(())
    }

    /// `YYYY:MM:DD HH:MM:SS` and a NUL; anything else, blanks and zeros included, is no date.
    fn date_time(&mut self, kind: u16, count: u32, offset: u32) -> Option<[u8; 19]> {
        if kind != ASCII || count < 19 {
            return None;
        }
        self.seek(offset).ok()?;
        self.r.array().ok()
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

    fn parse(bytes: &[u8]) -> (Option<i64>, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media.date.map(|d| d.unix_secs), outcome)
    }

    #[test]
    fn the_original_date_is_found_through_its_directory() {
        assert_eq!(parse(ONE_DATE), (Some(86_462), Ok(())));
    }

    #[test]
    fn every_prefix_ends() {
        for n in 0..ONE_DATE.len() - 1 {
            assert_eq!(parse(&ONE_DATE[..n]).0, None, "{n}");
        }
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
}
