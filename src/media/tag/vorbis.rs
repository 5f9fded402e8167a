//! Vorbis comments, the tags of FLAC, Ogg Vorbis, Opus and Speex (Xiph.org, "Ogg Vorbis I format specification: comment
//! field and header specification"; without the framing bit, which FLAC does not have).
//!
//! Pictures in comments are base64, see `art::packed`; in FLAC itself, which has blocks for them, they are passed over.

use super::{date, number, put, text, utf8};
use crate::limits;
use crate::media::Media;
use crate::media::art::{
    self,
    packed::{Decoder, Packing},
};
use crate::media::reader::{Error, Reader};

/// Comments that are looked at. Real files have some dozens; a picture is one too.
const COMMENTS: u32 = 4096;
/// Bytes of a comment that are looked at: its name and a full property.
const COMMENT_BYTES: u64 = limits::TEXT_BYTES as u64 + 64;

/// Bytes one after another, wherever they lie: a block of FLAC, or a packet spread over the pages of Ogg.
pub(crate) trait Bytes {
    /// Fills `out`.
    fn read_exact(&mut self, out: &mut [u8]) -> Result<(), Error>;
    /// Passes over `n` bytes.
    fn skip(&mut self, n: u64) -> Result<(), Error>;
    /// Where the next byte lies in the file, if pictures in comments count here.
    fn place(&mut self) -> Option<u64>;
}

impl Bytes for Reader<'_> {
    fn read_exact(&mut self, out: &mut [u8]) -> Result<(), Error> {
        Reader::read_exact(self, out)
    }

    fn skip(&mut self, n: u64) -> Result<(), Error> {
        Reader::skip(self, n)
    }

    fn place(&mut self) -> Option<u64> {
        None
    }
}

/// Reads vendor and comments. Fields already known stay, so the first of several values counts.
///
/// # Errors
/// [`Error::Truncated`] when a length lies; what came before is kept.
pub(crate) fn read(r: &mut impl Bytes, media: &mut Media) -> Result<(), Error> {
    let vendor = length(r)?;
    r.skip(u64::from(vendor))?;
    let count = length(r)?.min(COMMENTS);
    let beside = &mut Media::default();
    for _ in 0..count {
        let len = u64::from(length(r)?);
        let place = r.place();
        let kept = len.min(COMMENT_BYTES);
        let mut bytes = vec![0; usize::try_from(kept).map_err(|_| Error::Limit)?];
        r.read_exact(&mut bytes)?;
        let mut end = [0; 2];
        if let Some(between) = len.checked_sub(kept + end.len() as u64) {
            r.skip(between)?;
            r.read_exact(&mut end)?;
        } else {
            r.skip(len - kept)?;
            end = bytes.last_chunk().copied().unwrap_or_default();
        }
        if let (Some(at), Some((packing, text))) = (place, picture_in(&bytes)) {
            let padding = end.map(|byte| u64::from(byte == b'=')).iter().sum();
            let letters = len.saturating_sub((bytes.len() - text.len()) as u64);
            if let Some(found) = packing.look(text, letters, padding, at) {
                art::offer(&mut media.art, found);
            }
            continue;
        }
        let comment = utf8(&bytes);
        if let Some((name, value)) = comment.split_once('=') {
            // A date says more than a year, and comments have no order.
            let name = name.to_ascii_uppercase();
            let lesser = name == "YEAR";
            take(
                &name,
                value,
                if lesser { &mut *beside } else { &mut *media },
            );
        }
    }
    media.fill_from(std::mem::take(beside));
    Ok(())
}

/// How the picture is packed that the comment starting with these bytes holds, and what it starts with.
fn picture_in(comment: &[u8]) -> Option<(Packing, &[u8])> {
    let split = comment.iter().position(|b| *b == b'=')?;
    let (name, text) = comment.split_at_checked(split)?;
    let packing = Packing::of_comment(&utf8(name).to_ascii_uppercase())?;
    Some((packing, text.get(1..)?))
}

/// The picture in the comment that starts at `at` of the file, as [`read`] found it.
///
/// # Errors
/// [`Error::Malformed`] if there is none; [`Error::Limit`] above [`limits::PACKED_ART_BYTES`]; errors of `r`.
pub(crate) fn picture(r: &mut impl Bytes, at: u64) -> Result<Vec<u8>, Error> {
    const PIECE: usize = 4096;
    let vendor = length(r)?;
    r.skip(u64::from(vendor))?;
    for _ in 0..length(r)?.min(COMMENTS) {
        let mut left = u64::from(length(r)?);
        if r.place() != Some(at) {
            r.skip(left)?;
            continue;
        }
        if left > limits::PACKED_ART_BYTES / 3 * 4 + PIECE as u64 {
            return Err(Error::Limit);
        }
        let (mut packing, mut decoder) = (None, Decoder::default());
        let (mut piece, mut unpacked) = ([0; PIECE], Vec::new());
        while left > 0 {
            let n = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            let mut text = piece.get_mut(..n).unwrap_or_default();
            r.read_exact(text)?;
            left -= n as u64;
            if packing.is_none() {
                let (found, behind) = picture_in(text).ok_or(Error::Malformed("picture"))?;
                let name = n - behind.len();
                packing = Some(found);
                text = text.get_mut(name..).unwrap_or_default();
            }
            decoder.decode(text, &mut unpacked)?;
        }
        return packing.ok_or(Error::Truncated)?.unpack(unpacked);
    }
    Err(Error::Malformed("picture"))
}

fn length(r: &mut impl Bytes) -> Result<u32, Error> {
    let mut bytes = [0; 4];
    r.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

/// Takes what a comment of this name, in capitals, says. Fields already known stay.
pub(crate) fn take(name: &str, value: &str, media: &mut Media) {
    match name {
        "TITLE" => put(&mut media.title, text(value)),
        "ARTIST" => put(&mut media.artist, text(value)),
        "ALBUMARTIST" | "ALBUM ARTIST" | "ALBUM_ARTIST" => {
            put(&mut media.album_artist, text(value));
        }
        "ALBUM" => put(&mut media.album, text(value)),
        "GENRE" => put(&mut media.genre, text(value)),
        "COMPOSER" => put(&mut media.composer, text(value)),
        "TRACKNUMBER" | "TRACK" => put(&mut media.track, number(value)),
        "DISCNUMBER" | "DISC" => put(&mut media.disc, number(value)),
        "DATE" | "YEAR" => put(&mut media.date, date(value)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::Precision;
    use crate::media::reader::Source;

    fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media, outcome)
    }

    fn comments(lines: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"\x03\0\0\0enc".to_vec();
        bytes.extend(u32::try_from(lines.len()).unwrap().to_le_bytes());
        for line in lines {
            bytes.extend(u32::try_from(line.len()).unwrap().to_le_bytes());
            bytes.extend(*line);
        }
        bytes
    }

    #[test]
    fn names_have_no_case_and_the_first_value_counts() {
        let big = [b"METADATA_BLOCK_PICTURE=".as_slice(), &[b'A'; 9000]].concat();
        let lines: [&[u8]; 7] = [
            b"Title=One",
            &big,
            b"TITLE=Two",
            b"ARTIST=\xFFx",
            b"tracknumber=3/9",
            b"nothing",
            b"DATE=1970",
        ];
        let (media, outcome) = parse(&comments(&lines));
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("One"), Some("\u{FFFD}x"))
        );
        assert_eq!(
            (media.track, media.date.map(|d| d.unix_secs), outcome),
            (Some(3), Some(0), Ok(()))
        );
    }

    #[test]
    fn a_year_counts_where_no_date_is() {
        let lines: [&[u8]; 2] = [b"YEAR=1999", b"DATE=1970-01-02"];
        let date = |lines| parse(&comments(lines)).0.date.unwrap();
        assert_eq!(date(&lines).unix_secs, 86_400);
        assert_eq!(date(&lines[..1]).precision, Precision::Year);
    }

    #[test]
    fn every_prefix_is_cut_short_and_keeps_what_came_before() {
        let bytes = comments(&[b"TITLE=One", b"ALBUM=Two"]);
        for n in 0..bytes.len() {
            let (media, outcome) = parse(&bytes[..n]);
            assert_eq!(outcome, Err(Error::Truncated), "{n}");
            assert_eq!(media.title.is_some(), n >= 24, "{n}");
        }
    }

    #[test]
    fn lying_lengths_are_refused() {
        assert_eq!(parse(&[0xFF; 40]).1, Err(Error::Truncated));
        let mut bytes = comments(&[b"TITLE=One"]);
        bytes[7] = 0xFF;
        assert_eq!(parse(&bytes).1, Err(Error::Truncated));
        assert_eq!(parse(&comments(&[])).1, Ok(()));
    }
}
