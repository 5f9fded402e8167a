//! Tags that several containers share, and what all of them need: clean text, numbers, dates.

pub mod ape;
pub mod exif;
pub mod genre;
pub mod id3;
pub mod mp4_ilst;
pub mod vorbis;
pub mod xmp;

use std::borrow::Cow;

use super::charset::{self, Charset, CodePage, Converter};
use super::reader::{Error, Reader};
use super::{Date, Media, Precision};
use crate::limits;

/// Text as it may be stored and shown: no control characters (XML 1.0 has no way to write them), no blanks at the ends,
/// at most [`limits::TEXT_BYTES`], cut at a character. `None` if nothing is left.
pub fn text(raw: &str) -> Option<String> {
    let forbidden = |c: char| {
        (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{FFFE}' | '\u{FFFF}')
    };
    let blank = |c: char| c.is_whitespace() || forbidden(c) || c == '\u{FEFF}';
    let raw = raw.trim_matches(blank);
    let mut clean = String::with_capacity(raw.len().min(limits::TEXT_BYTES));
    for c in raw.chars().filter(|c| !forbidden(*c)) {
        if clean.len() + c.len_utf8() > limits::TEXT_BYTES {
            break;
        }
        clean.push(c);
    }
    clean.truncate(clean.trim_end().len());
    (!clean.is_empty()).then_some(clean)
}

/// Tags in a row at one end of a file; some writers leave the old one beside the new.
const TAGS: usize = 4;

/// Which tags a format is at home with: what they say counts before the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Native {
    /// APE tags at the end, as of Monkey's Audio, Musepack and `WavPack`.
    Ape,
    /// ID3 version 2 in front, as of MPEG audio and the bare frames that are treated like it.
    Id3,
}

/// The sound of a file, between the tags that may stand around it: ID3 version 2 in front, APE, Lyrics3 and ID3 behind.
///
/// # Errors
/// Of the reader; damage in a tag costs the tag alone.
pub(crate) fn around<'a>(
    r: &mut Reader<'a>,
    native: Native,
    media: &mut Media,
) -> Result<Reader<'a>, Error> {
    let mut in_front = Media::default();
    for _ in 0..TAGS {
        match id3::read(r, &mut in_front) {
            Ok(true) => {}
            Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
            _ => break,
        }
    }
    let front = r.position();
    if native == Native::Id3 {
        media.fill_from(std::mem::take(&mut in_front));
    }
    let end = behind(r, front, in_front, media)?;
    r.seek(front)?;
    r.sub(end.saturating_sub(front))
}

/// Takes what the tags at the end of a file say and returns where they start, as a position in `r` not before `front`.
/// `between` is better known than ID3 version 1, and less well than the rest.
///
/// # Errors
/// As [`around`].
pub(crate) fn behind(
    r: &mut Reader<'_>,
    front: u64,
    between: Media,
    media: &mut Media,
) -> Result<u64, Error> {
    /// Most tags at the end are shorter; one read then brings them all.
    const TAIL_BYTES: u64 = 4 * 1024;
    let mut end = r.len();
    let mut oldest = None;
    if end > front {
        r.seek(end.saturating_sub(TAIL_BYTES).max(front))?;
        r.byte()?;
    }
    if end.saturating_sub(front) >= id3::V1_BYTES {
        r.seek(end - id3::V1_BYTES)?;
        oldest = Some(r.array()?).filter(|tag: &[u8; 128]| tag.starts_with(b"TAG"));
        end -= oldest.map_or(0, |_| id3::V1_BYTES);
    }
    for _ in 0..TAGS {
        let span = r.clone();
        let start = match last_tag(span, front, end, media) {
            Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
            start => start.unwrap_or_default(),
        };
        let Some(start) = start.filter(|s| (front..end).contains(s)) else {
            break;
        };
        end = start;
    }
    media.fill_from(between);
    if let Some(tag) = oldest {
        id3::read_v1(&tag, media);
    }
    Ok(end)
}

/// Reads the tag that ends at `end` and returns where it starts.
fn last_tag(
    mut r: Reader<'_>,
    front: u64,
    end: u64,
    media: &mut Media,
) -> Result<Option<u64>, Error> {
    const FOOTER_BYTES: u64 = 32;
    const LYRICS_FOOTER_BYTES: u64 = 15;
    if end.saturating_sub(front) < FOOTER_BYTES {
        return Ok(None);
    }
    r.seek(end - FOOTER_BYTES)?;
    let footer: [u8; 32] = r.array()?;
    if footer.starts_with(b"APETAGEX") {
        return ape::read_before(&mut r, end, media);
    }
    let (_, tail) = footer.split_at(22);
    if tail.starts_with(b"3DI") {
        return id3::read_before(&mut r, end, media);
    }
    // Lyrics3 version 2: six digits and `LYRICS200`; the digits count all in front of themselves.
    let (_, tail) = footer.split_at(17);
    let (digits, name) = tail.split_at(6);
    let len = number(&latin1(digits)).filter(|_| name == b"LYRICS200");
    Ok(len.and_then(|len| end.checked_sub(u64::from(len) + LYRICS_FOOTER_BYTES)))
}

/// Stores a property unless a better source has told it already.
pub(crate) fn put<T>(field: &mut Option<T>, value: Option<T>) {
    if field.is_none() {
        *field = value;
    }
}

/// ISO 8859-1: every byte is the character of its number.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

/// Text that a tag declares to be ISO 8859-1, whatever it is: programs have written their system's code page there, or UTF-8.
///
/// UTF-8 is told by its form. A code page of another script is believed only where a word is of nothing but letters from the
/// upper half, as no language of Latin letters has one, and where the letters are those of a language.
pub(crate) fn declared_latin1(bytes: &[u8]) -> String {
    const FOREIGN_WORD: usize = 4;
    match std::str::from_utf8(bytes) {
        Ok(text) => return text.to_owned(),
        // A field of 30 bytes may have cut the last letter.
        Err(e) if e.error_len().is_none() => {
            let whole = bytes.get(..e.valid_up_to()).unwrap_or_default();
            if !whole.is_ascii() {
                return utf8(whole).into_owned();
            }
        }
        Err(_) => {}
    }
    let is_foreign = |word: &[u8]| word.len() >= FOREIGN_WORD;
    if bytes.split(|b| *b < 0xC0).any(is_foreign)
        && let charset @ Charset::SingleByte(
            CodePage::Windows1251 | CodePage::Windows1253 | CodePage::Windows1255 | CodePage::Koi8R,
        ) = charset::detect(bytes, None)
    {
        let (mut converter, mut text) = (Converter::new(charset), Vec::new());
        let mut put = |piece: &[u8]| text.extend_from_slice(piece);
        converter.convert(bytes, &mut put);
        converter.finish(&mut put);
        return utf8(&text).into_owned();
    }
    latin1(bytes)
}

/// UTF-8, with U+FFFD for what is not.
pub(crate) fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// Text of no stated encoding: UTF-8 where it is that, else Latin-1. Ends at the first NUL.
pub(crate) fn utf8_or_latin1(bytes: &[u8]) -> String {
    let bytes = bytes.split(|b| *b == 0).next().unwrap_or_default();
    std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned)
}

/// What zlib (RFC 1950) has packed.
///
/// # Errors
/// [`Error::Limit`] if it is more than `most` bytes; [`Error::Malformed`].
pub fn inflated(bytes: &[u8], most: usize) -> Result<Vec<u8>, Error> {
    use fdeflate::BoundedDecompressionError::{DecompressionError, OutputTooLarge};
    fdeflate::decompress_to_vec_bounded(bytes, most).map_err(|e| match e {
        OutputTooLarge { .. } => Error::Limit,
        DecompressionError { .. } => Error::Malformed("zlib"),
    })
}

/// Which byte of a UTF-16 unit comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    /// The high one.
    Big,
    /// The low one.
    Little,
}

/// UTF-16; a byte order mark wins over `order`, an odd last byte is dropped, lone surrogates become U+FFFD.
pub(crate) fn utf16(bytes: &[u8], order: ByteOrder) -> String {
    let (order, bytes) = match bytes {
        [0xFE, 0xFF, rest @ ..] => (ByteOrder::Big, rest),
        [0xFF, 0xFE, rest @ ..] => (ByteOrder::Little, rest),
        _ => (order, bytes),
    };
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| match order {
        ByteOrder::Big => u16::from_be_bytes(*pair),
        ByteOrder::Little => u16::from_le_bytes(*pair),
    });
    char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The number at the start of `3`, `03/12`, ` 3 of 12`; `None` for 0 and for anything that does not start with one.
pub(crate) fn number(raw: &str) -> Option<u32> {
    let raw = raw.trim_start_matches(|c: char| c.is_whitespace() || c == '\0');
    let digits = raw
        .find(|c: char| !c.is_ascii_digit())
        .map_or(raw, |end| raw.split_at(end).0);
    digits.parse().ok().filter(|n| *n > 0)
}

/// A date in any of the forms that tags use: `2004`, `2004-11`, `2004-11-02`, `2004/11/02`, `2004:11:02 10:20:30`,
/// `2004-11-02T10:20Z`, `20041102`. What follows the first part that makes no sense is ignored; a time zone too. Where the
/// year does not come first, as in `Nov 2, 2004`, it alone is taken: which of the others is the month nobody can say.
pub(crate) fn date(raw: &str) -> Option<Date> {
    let raw = raw.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if let Some(compact) = raw
        .get(..8)
        .filter(|c| c.len() == raw.len() && c.bytes().all(|b| b.is_ascii_digit()))
    {
        let part = |range: std::ops::Range<usize>| compact.get(range).and_then(|p| p.parse().ok());
        return date_of(&[part(0..4)?, part(4..6)?, part(6..8)?]);
    }
    let mut parts = [0; 6];
    let mut count = 0;
    let stated = without_zone(raw);
    for (part, place) in stated.split(['-', '/', ':', '.', 'T', ' ']).zip(&mut parts) {
        let digits = if count == 0 { 4..=4 } else { 1..=2 };
        if !digits.contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
            break;
        }
        *place = part.parse().ok()?;
        count += 1;
    }
    if count == 0 {
        let mut words = raw.split(|c: char| !c.is_ascii_alphanumeric());
        let year = words.find(|w| w.len() == 4 && w.bytes().all(|b| b.is_ascii_digit()))?;
        return date_of(&[year.parse().ok()?]);
    }
    date_of(parts.get(..count)?)
}

/// The text in front of `Z`, `+02:00` or `-05:00`, which follow a time of day; hyphens of the day itself stay.
fn without_zone(raw: &str) -> &str {
    let Some(colon) = raw.find(':') else {
        return raw.trim_end_matches('Z');
    };
    let behind = raw.split_at(colon).1;
    let zone = behind.find(['Z', '+', '-']);
    raw.split_at(zone.map_or(raw.len(), |at| colon + at)).0
}

/// Year, month, day, hour, minute, second, as many as are known. Keeps the parts before the first impossible one.
pub(crate) fn date_of(parts: &[u32]) -> Option<Date> {
    let year = i32::try_from(*parts.first()?)
        .ok()
        .filter(|y| (1..=9999).contains(y))?;
    let month = parts
        .get(1)
        .and_then(|m| u8::try_from(*m).ok())
        .and_then(|m| time::Month::try_from(m).ok());
    let first =
        time::Date::from_calendar_date(year, month.unwrap_or(time::Month::January), 1).ok()?;
    let day = parts
        .get(2)
        .and_then(|d| u8::try_from(*d).ok())
        .and_then(|d| first.replace_day(d).ok());
    let (date, precision) = match (month, day) {
        (None, _) => (first, Precision::Year),
        (_, None) => (first, Precision::Month),
        (_, Some(date)) => (date, Precision::Day),
    };
    let midnight = date.midnight().assume_utc().unix_timestamp();
    let time = match parts.get(3..) {
        Some([h @ 0..=23, m @ 0..=59, rest @ ..]) if precision == Precision::Day => {
            Some(h * 3600 + m * 60 + rest.first().filter(|s| **s < 60).copied().unwrap_or(0))
        }
        _ => None,
    };
    Some(match time {
        Some(secs) => Date {
            unix_secs: midnight + i64::from(secs),
            precision: Precision::Second,
        },
        None => Date {
            unix_secs: midnight,
            precision,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_has_no_control_characters() {
        assert_eq!(text(" \0a\u{1}b\u{FFFE} c \0\n"), Some("ab c".to_owned()));
        assert_eq!(text(" \0\u{7}"), None);
        assert_eq!(text(""), None);
    }

    #[test]
    fn latin_1_is_believed_unless_it_is_clearly_something_else() {
        let rows: [(&[u8], &str); 12] = [
            (b"plain", "plain"),
            (b"Mot\xF6rhead \xD1and\xFA", "Motörhead Ñandú"),
            (b"\xC5\xC4\xD6", "ÅÄÖ"),
            (b"na\xEFve caf\xE9 \xE9\xE9n", "naïve café één"),
            ("Motörhead ☃".as_bytes(), "Motörhead ☃"),
            // Cut inside the last letter.
            (b"Caf\xC3\xA9 \xC3", "Café "),
            (b"Caf\xC3", "CafÃ"),
            // Windows-1251, KOI8-R, Windows-1253.
            (b"\xCF\xF0\xE8\xE2\xE5\xF2 \xEC\xE8\xF0", "Привет мир"),
            (
                b"DJ \xC3\xF0\xF3\xEF\xEF\xE0 \xCA\xE8\xED\xEE",
                "DJ Группа Кино",
            ),
            (
                b"\xF0\xD2\xC9\xD7\xC5\xD4 \xCD\xC9\xD2 \xC7\xD2\xD5\xD0\xD0\xC1",
                "Привет мир группа",
            ),
            (
                b"\xCA\xE1\xEB\xE7\xEC\xDD\xF1\xE1 \xEA\xFC\xF3\xEC\xE5",
                "Καλημέρα κόσμε",
            ),
            (b"", ""),
        ];
        for (bytes, wanted) in rows {
            assert_eq!(declared_latin1(bytes), wanted, "{bytes:?}");
        }
        for byte in 0..=255_u8 {
            for len in 1..9 {
                let _ = declared_latin1(&vec![byte; len]);
            }
        }
    }

    #[test]
    fn text_is_cut_at_a_character() {
        let long = format!("a{}", "é".repeat(limits::TEXT_BYTES));
        let cut = text(&long).unwrap();
        assert_eq!(cut.len(), limits::TEXT_BYTES - 1);
        assert!(long.starts_with(&cut));
    }

    #[test]
    fn utf16_obeys_its_mark_and_survives_damage() {
        assert_eq!(utf16(&[0xFF, 0xFE, 0x41, 0x00], ByteOrder::Big), "A");
        assert_eq!(
            utf16(&[0x00, 0x41, 0x26, 0x03, 0xFF], ByteOrder::Big),
            "A\u{2603}"
        );
        assert_eq!(
            utf16(&[0x00, 0xD8, 0x41, 0x00], ByteOrder::Little),
            "\u{FFFD}A"
        );
    }

    #[test]
    fn numbers_stop_at_the_first_other_character() {
        assert_eq!(
            ["3/12", "03", " 7 of 9", "\u{0}5"].map(number),
            [Some(3), Some(3), Some(7), Some(5)]
        );
        assert_eq!(["", "A1", "0", "0/9", "99999999999"].map(number), [None; 5]);
    }

    #[test]
    fn dates_keep_what_was_stated() {
        let is = |raw: &str| date(raw).map(|d| (d.unix_secs, d.precision));
        assert_eq!(is("1970"), Some((0, Precision::Year)));
        assert_eq!(is("1970-02"), Some((31 * 86_400, Precision::Month)));
        assert_eq!(is("1970/01/02"), Some((86_400, Precision::Day)));
        assert_eq!(is("19700102"), Some((86_400, Precision::Day)));
        assert_eq!(
            is("1970:01:02 01:02:03"),
            Some((86_400 + 3723, Precision::Second))
        );
        assert_eq!(is("1970-01-01T01:02Z"), Some((3720, Precision::Second)));
        assert_eq!(is("1969-12-31T23:59:59"), Some((-1, Precision::Second)));
        assert_eq!(is("1970-1-2"), Some((86_400, Precision::Day)));
        assert_eq!(is("1970-01-01T01Z"), Some((0, Precision::Day)));
        for zoned in [
            "1970-01-01T01:02:03+02:00",
            "1970-01-01T01:02:03-0500",
            "1970-01-01 01:02:03 UTC",
            "1970-01-01T01:02:03.456Z",
        ] {
            assert_eq!(is(zoned), Some((3723, Precision::Second)), "{zoned}");
        }
        assert_eq!(
            is("1970-01-01T01:02-05:00"),
            Some((3720, Precision::Second))
        );
    }

    #[test]
    fn impossible_dates_keep_their_possible_part() {
        let precision = |raw: &str| date(raw).map(|d| d.precision);
        assert_eq!(precision("2001-13-01"), Some(Precision::Year));
        assert_eq!(precision("2001-02-30"), Some(Precision::Month));
        assert_eq!(precision("2001-02-03 25:00"), Some(Precision::Day));
        assert_eq!(precision("2001-00-00"), Some(Precision::Year));
        assert_eq!(
            ["", "0000", "Oct 3", "20", "99999", "x2001y"].map(precision),
            [None; 6]
        );
    }

    #[test]
    fn a_year_that_does_not_come_first_is_taken_alone() {
        for raw in ["Jan 2, 1970", "02/01/1970", "2 January 1970", "1970;1971"] {
            let found = date(raw).map(|d| (d.unix_secs, d.precision));
            assert_eq!(found, Some((0, Precision::Year)), "{raw}");
        }
    }

    /// The tags around `SOUND`, and the sound between them.
    fn between(front: &[u8], back: &[u8]) -> (Media, Vec<u8>) {
        between_in(Native::Ape, front, back)
    }

    fn between_in(native: Native, front: &[u8], back: &[u8]) -> (Media, Vec<u8>) {
        let bytes = [front, b"SOUND", back].concat();
        let file = bytes.as_slice();
        let source = crate::media::reader::Source::new(&file, bytes.len() as u64);
        let mut media = Media::default();
        let mut sound = around(&mut Reader::new(&source), native, &mut media).unwrap();
        let len = sound.remaining();
        (media, sound.bytes(len).unwrap())
    }

    #[test]
    fn tags_of_all_kinds_are_taken_off_both_ends() {
        let front = b"ID3\x03\0\0\0\0\0\x0FTIT2\0\0\0\x05\0\0\x03Name";
        let ape = ape::tests::tag(&[(0, "Artist", b"Ape"), (0, "Title", b"Own")]);
        let lyrics = [b"LYRICSBEGIN".as_slice(), &[b'x'; 30], b"000041LYRICS200"].concat();
        let mut v1 = b"TAG".to_vec();
        v1.resize(128, 0);
        v1[3..6].copy_from_slice(b"Old");
        v1[63..68].copy_from_slice(b"Album");
        let v24 = b"ID3\x04\0\x10\0\0\0\x0FTCOM\0\0\0\x05\0\0\x03Wrot3DI\x04\0\x10\0\0\0\x0F";
        let (media, sound) = between(front, &[ape, lyrics, v24.to_vec(), v1].concat());
        assert_eq!(sound, b"SOUND");
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("Own"), Some("Ape"))
        );
        assert_eq!(
            (media.album.as_deref(), media.composer.as_deref()),
            (Some("Album"), Some("Wrot"))
        );
    }

    #[test]
    fn tags_at_home_count_before_the_others() {
        let front = b"ID3\x03\0\0\0\0\0\x0FTIT2\0\0\0\x05\0\0\x03Name";
        let ape = ape::tests::tag(&[(0, "Artist", b"Ape"), (0, "Title", b"Own")]);
        for (native, title) in [(Native::Ape, "Own"), (Native::Id3, "Name")] {
            let (media, sound) = between_in(native, front, &ape);
            assert_eq!(sound, b"SOUND");
            let found = (media.title.as_deref(), media.artist.as_deref());
            assert_eq!(found, (Some(title), Some("Ape")));
        }
    }

    #[test]
    fn tags_that_lie_about_their_size_take_no_sound() {
        assert_eq!(between(b"", &[b'x'; 40]).1.len(), 45);
        let mut ape = ape::tests::tag(&[]);
        let size = ape.len() - 32 + 12;
        ape[size..size + 4].fill(0xFF);
        assert_eq!(between(b"", &ape).1.len(), 5 + 64);
        assert_eq!(between(b"", b"________999999LYRICS200").1.len(), 28);
        assert_eq!(
            between(b"", b"______________________3DI\x04\0\0\x7F\x7F\x7F\x7F")
                .1
                .len(),
            37
        );
    }
}
