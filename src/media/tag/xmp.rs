//! XMP (ISO 16684-1): when a picture was taken and how many stars it has, as programs for photographs write it into JPEG,
//! PNG, WebP and TIFF, where EXIF may say nothing.
//!
//! Only the text of a few properties with their usual prefixes is looked for, which no program has ever changed; it stands
//! in an attribute or in an element. A packet may be damaged, or end where the limit is: what stands before counts.

use super::exif::Dates;
use super::{date, put, utf8};
use crate::limits;
use crate::media::Media;
use crate::media::reader::{Error, Reader};

/// What stands in front of a packet in JPEG (ISO 16684-3 §1.1.3).
pub(crate) const IN_JPEG: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// The name of the text in PNG that is a packet (§1.1.5).
pub(crate) const IN_PNG: &[u8] = b"XML:com.adobe.xmp\0";

/// When it was taken; when it came to be as a file; what an archive says. The first that is there counts.
const TAKEN: [&str; 4] = [
    "exif:DateTimeOriginal",
    "xmp:CreateDate",
    "xap:CreateDate",
    "photoshop:DateCreated",
];
const STARS: [&str; 2] = ["xmp:Rating", "xap:Rating"];
/// Places of one name that are looked at: it may be named before it is given.
const PLACES: usize = 8;

/// Reads the packet that `r` is, up to [`limits::XMP_BYTES`] of it.
///
/// # Errors
/// Of the reader.
pub(crate) fn read(r: &mut Reader<'_>, media: &mut Media, dates: &mut Dates) -> Result<(), Error> {
    let bytes = r.bytes(r.remaining().min(limits::XMP_BYTES))?;
    packet(&bytes, media, dates);
    Ok(())
}

/// The same of a packet that is in memory.
pub(crate) fn packet(bytes: &[u8], media: &mut Media, dates: &mut Dates) {
    let text = utf8(bytes);
    let mut taken = TAKEN.iter().filter_map(|name| value(&text, name, date));
    put(&mut dates.xmp, taken.next());
    let stars = |text: &str| text.trim().parse().ok().filter(|n| (1..=5).contains(n));
    let mut rated = STARS.iter().filter_map(|name| value(&text, name, stars));
    put(&mut media.rating, rated.next());
}

/// What `read` makes of `name="…"`, or of `<name>…</name>`.
fn value<T>(text: &str, name: &str, read: fn(&str) -> Option<T>) -> Option<T> {
    let mut places = text.match_indices(name).take(PLACES);
    places.find_map(|(at, _)| {
        let before = text.get(..at)?.chars().next_back()?;
        let behind = text.get(at + name.len()..)?;
        let value = if before == '<' {
            let (attributes, value) = behind.split_once('>')?;
            let is_whole = attributes.is_empty() || attributes.starts_with(char::is_whitespace);
            value.split('<').next().filter(|_| is_whole)?
        } else if before.is_whitespace() {
            let value = behind.trim_start().strip_prefix('=')?.trim_start();
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value.get(1..)?.split_once(quote)?.0
        } else {
            return None;
        };
        read(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Option<i64>, Option<u8>) {
        let (mut media, mut dates) = (Media::default(), Dates::default());
        packet(text.as_bytes(), &mut media, &mut dates);
        dates.settle(&mut media);
        (media.date.map(|date| date.unix_secs), media.rating)
    }

    #[test]
    fn dates_and_stars_stand_in_attributes_and_in_elements() {
        let rows = [
            (
                "<rdf:Description xmp:CreateDate=\"1970-01-02T00:00:05\"/>",
                Some(86_405),
                None,
            ),
            (
                "<rdf:Description\n xmp:CreateDate = '1970-01-02T00:00:05.25+02:00'\txmp:Rating='4'>",
                Some(86_405),
                Some(4),
            ),
            (
                "<xap:CreateDate>1970-01-02</xap:CreateDate><xap:Rating>5</xap:Rating>",
                Some(86_400),
                Some(5),
            ),
            (
                "<a photoshop:DateCreated=\"1970-01-03\" xmp:CreateDate=\"1970-01-02\" exif:DateTimeOriginal=\"1970-01-01T00:00:07Z\"",
                Some(7),
                None,
            ),
            ("<photoshop:DateCreated>1970-01-03<", Some(172_800), None),
            ("<a photoshop:DateCreated=\"1970\"", Some(0), None),
            ("<a xmp:CreateDate=\"\" xmp:Rating=\"0\"", None, None),
            ("<a xmp:CreateDate=\"soon\" xmp:Rating=\"-1\"", None, None),
            (
                "<a nxmp:CreateDate=\"1970-01-02\" xmp:CreateDates=\"1970-01-02\"",
                None,
                None,
            ),
            ("<a xmp:CreateDate=1970-01-02", None, None),
            ("xmp:CreateDate=\"1970-01-02\"", None, None),
            ("<xmp:CreateDate", None, None),
            ("<xmp:CreateDateX>1970-01-02<", None, None),
            (
                "<x>xmp:CreateDate </x> xmp:CreateDate=\"1970-01-02",
                None,
                None,
            ),
        ];
        for (text, date, stars) in rows {
            assert_eq!(told(text), (date, stars), "{text}");
            for end in 0..text.len() {
                told(&text[..end]);
            }
        }
    }

    #[test]
    fn a_packet_of_nothing_but_names_ends() {
        let text = "<xmp:CreateDate>".repeat(4000);
        assert_eq!(told(&text), (None, None));
        assert_eq!(told(&"xmp:CreateDate=\"".repeat(4000)), (None, None));
    }
}
