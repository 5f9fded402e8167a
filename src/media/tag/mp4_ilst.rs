//! Tags of MP4 and QuickTime: iTunes' `ilst`, QuickTime's `©nam` strings, 3GPP's `titl` and friends.
//!
//! References: QuickTime File Format, "User Data Atoms" and "Metadata Atoms"; 3GPP TS 26.244 §8. The `ilst` boxes have no
//! standard; every writer follows iTunes.

use super::{ByteOrder, date, genre, latin1, number, put, text, utf8, utf16, vorbis};
use crate::limits;
use crate::media::Media;
use crate::media::art::{self, ArtKind};
use crate::media::container::mp4::boxes::{FourCc, each_box, next_box};
use crate::media::reader::{Error, Reader};

/// Bytes of a text that are looked at, enough for a full property in UTF-16.
const VALUE_BYTES: u64 = 2 * limits::TEXT_BYTES as u64 + 2;
/// Keys of a QuickTime `keys` list that are remembered.
const KEYS: usize = 64;

/// Which property a box or key stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Property {
    Title,
    Artist,
    AlbumArtist,
    Album,
    Genre,
    Composer,
    Date,
    Track,
    Disc,
}

/// `©` is A9 in Mac Roman, which is what these types are written in.
fn property(kind: FourCc) -> Option<Property> {
    match &kind {
        b"\xA9nam" | b"titl" => Some(Property::Title),
        b"\xA9ART" | b"\xA9aut" | b"perf" => Some(Property::Artist),
        b"aART" => Some(Property::AlbumArtist),
        b"\xA9alb" | b"albm" => Some(Property::Album),
        b"\xA9gen" | b"gnre" => Some(Property::Genre),
        b"\xA9wrt" => Some(Property::Composer),
        b"\xA9day" => Some(Property::Date),
        _ => None,
    }
}

fn store(property: Property, value: &str, media: &mut Media) {
    match property {
        Property::Title => put(&mut media.title, text(value)),
        Property::Artist => put(&mut media.artist, text(value)),
        Property::AlbumArtist => put(&mut media.album_artist, text(value)),
        Property::Album => put(&mut media.album, text(value)),
        Property::Genre => put(&mut media.genre, text(value)),
        Property::Composer => put(&mut media.composer, text(value)),
        Property::Date => put(&mut media.date, date(value)),
        Property::Track => put(&mut media.track, number(value)),
        Property::Disc => put(&mut media.disc, number(value)),
    }
}

/// Reads the payload of `moov/udta`. Fields already known stay.
///
/// # Errors
/// Those of the boxes inside; the readable ones have been taken.
pub fn read_udta(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    // Counts only where no artist is named, before or behind.
    let mut author = Media::default();
    let outcome = each_box(r, |kind, body| match &kind {
        b"\xA9aut" => user_quicktime(kind, body, &mut author),
        b"meta" => read_meta(body, media),
        b"yrrc" => {
            body.skip(4)?;
            let year = body.be_u16()?;
            put(&mut media.date, super::date_of(&[u32::from(year)]));
            Ok(())
        }
        b"titl" | b"perf" | b"albm" | b"gnre" => user_3gpp(kind, body, media),
        [0xA9, ..] => user_quicktime(kind, body, media),
        _ => Ok(()),
    });
    media.fill_from(author);
    outcome
}

/// 3GPP: version and flags, a language in 16 bits, UTF-8 or marked UTF-16, a NUL (TS 26.244 §8.2).
fn user_3gpp(kind: FourCc, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    r.skip(6)?;
    let bytes = r.bytes(r.remaining().min(VALUE_BYTES))?;
    let value = match bytes.as_slice() {
        [0xFE, 0xFF, ..] => utf16(&bytes, ByteOrder::Big),
        other => utf8(other).into_owned(),
    };
    if let Some(property) = property(kind) {
        store(
            property,
            value.split('\0').next().unwrap_or_default(),
            media,
        );
    }
    Ok(())
}

/// QuickTime: length and language in 16 bits each, then the text; several languages in a row, the first is taken.
fn user_quicktime(kind: FourCc, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let Some(property) = property(kind) else {
        return Ok(());
    };
    let len = r.be_u16()?;
    r.skip(2)?;
    let bytes = r.bytes(u64::from(len).min(r.remaining()).min(VALUE_BYTES))?;
    store(property, &quicktime_text(&bytes), media);
    Ok(())
}

/// Formally Mac Roman for old language codes; in practice UTF-8, and Latin-1 where it is not that.
fn quicktime_text(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, ..] => utf16(bytes, ByteOrder::Big),
        _ => std::str::from_utf8(bytes).map_or_else(|_| latin1(bytes), str::to_owned),
    }
}

/// Reads the payload of a `meta` that holds an `ilst`, with or without QuickTime's `keys`.
///
/// # Errors
/// As [`read_udta`].
pub fn read_meta(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    // In QuickTime `meta` is a plain box, in MP4 a full one: the first child tells, `hdlr` always comes first.
    let mut ahead = r.clone();
    let start = ahead.array::<8>()?;
    if !matches!(start, [_, _, _, _, b'h', b'd', b'l', b'r']) {
        r.skip(4)?;
    }
    let mut keys = Vec::new();
    each_box(r, |kind, body| match &kind {
        b"keys" => read_keys(body, &mut keys),
        b"ilst" => read_ilst(body, &keys, media),
        _ => Ok(()),
    })
}

/// `keys`: names such as `com.apple.quicktime.title`; the boxes of `ilst` are then numbered by them from 1.
fn read_keys(r: &mut Reader<'_>, keys: &mut Vec<Option<Property>>) -> Result<(), Error> {
    const PREFIX: &[u8] = b"com.apple.quicktime.";
    r.skip(8)?;
    while let (true, Some((_, mut name))) = (keys.len() < KEYS, next_box(r)?) {
        let name = name.bytes(name.remaining().min(VALUE_BYTES))?;
        keys.push(match name.strip_prefix(PREFIX).unwrap_or(&name) {
            b"title" | b"displayname" => Some(Property::Title),
            b"artist" => Some(Property::Artist),
            b"album" => Some(Property::Album),
            b"genre" => Some(Property::Genre),
            b"composer" => Some(Property::Composer),
            b"creationdate" | b"year" | b"date" => Some(Property::Date),
            // Without the prefix, FFmpeg's own names.
            b"album_artist" => Some(Property::AlbumArtist),
            b"track" => Some(Property::Track),
            b"disc" => Some(Property::Disc),
            _ => None,
        });
    }
    Ok(())
}

fn read_ilst(
    r: &mut Reader<'_>,
    keys: &[Option<Property>],
    media: &mut Media,
) -> Result<(), Error> {
    // What counts only where the boxes made for it are silent.
    let mut beside = Media::default();
    let outcome = each_box(r, |kind, body| {
        let number = usize::try_from(u32::from_be_bytes(kind)).ok();
        let keyed = number.and_then(|n| *keys.get(n.checked_sub(1)?)?);
        match (&kind, keyed.or_else(|| property(kind))) {
            (b"trkn", _) => put(&mut media.track, pair(body)?),
            (b"covr", _) => covers(body, media)?,
            (b"disk", _) => put(&mut media.disc, pair(body)?),
            // Episodes of television: the series, and two numbers.
            (b"tvsh", _) => put(
                &mut media.series,
                value(body)?.and_then(|v| text(&v.text())),
            ),
            (b"tvsn", _) => put(&mut media.season, value(body)?.and_then(|v| v.number())),
            (b"tves", _) => put(&mut media.episode, value(body)?.and_then(|v| v.number())),
            (b"gnre", _) => {
                let genre = value(body)?.and_then(|v| genre_text(&v));
                put(&mut beside.genre, genre);
            }
            (b"----", _) => freeform(body, &mut beside)?,
            (_, Some(property)) => {
                if let Some(value) = value(body)? {
                    store(property, &value.text(), media);
                }
            }
            _ => {}
        }
        Ok(())
    });
    media.fill_from(beside);
    outcome
}

/// One more than ID3v1's number, in binary; some writers put words there.
fn genre_text(value: &Value) -> Option<String> {
    if value.kind == TEXT {
        return text(&value.text());
    }
    let name = genre::by_number(value.number()?.checked_sub(1)?);
    name.map(str::to_owned)
}

/// `----`: whose names they are, a name, a value. What taggers write there bears the names of Vorbis comments.
fn freeform(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    const NAME_BYTES: u64 = 64;
    let mut name = String::new();
    while let (before, Some((kind, mut body))) = (r.clone(), next_box(r)?) {
        match &kind {
            b"name" => {
                body.skip(4)?;
                let bytes = body.bytes(body.remaining().min(NAME_BYTES))?;
                name = utf8(&bytes).to_ascii_uppercase();
            }
            b"data" => {
                if let Some(value) = value(&mut before.clone())?.filter(|v| v.kind == TEXT) {
                    vorbis::take(&name, &value.text(), media);
                }
                break;
            }
            _ => {}
        }
    }
    Ok(())
}

/// `data` boxes with a picture in each, the front cover first. What kind of picture the box claims is often wrong.
fn covers(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut kind = ArtKind::Front;
    loop {
        let mut ahead = r.clone();
        let Some((name, mut body)) = next_box(r)? else {
            return Ok(());
        };
        // A box that the end of the file cuts off holds no whole picture.
        let whole = u64::from(ahead.be_u32()?) == body.len().saturating_add(8);
        if &name == b"data" && whole && body.skip(8).is_ok() {
            if let Some(found) = art::span(&body, body.remaining(), kind) {
                art::offer(&mut media.art, found);
            }
            kind = ArtKind::Other;
        }
    }
}

/// The kind of a value in UTF-8.
const TEXT: u32 = 1;

/// A `data` box: what kind of value, and its first bytes.
struct Value {
    kind: u32,
    bytes: Vec<u8>,
}

impl Value {
    fn text(&self) -> String {
        const UTF16: u32 = 2;
        match self.kind {
            UTF16 => utf16(&self.bytes, ByteOrder::Big),
            _ => utf8(&self.bytes).into_owned(),
        }
    }

    /// A big-endian number of one to four bytes.
    fn number(&self) -> Option<u32> {
        let fits = matches!(self.bytes.len(), 1..=4);
        fits.then(|| {
            self.bytes
                .iter()
                .fold(0, |sum, b| (sum << 8) | u32::from(*b))
        })
    }
}

/// The first `data` box inside: 4 bytes of kind, 4 of locale, the value.
fn value(r: &mut Reader<'_>) -> Result<Option<Value>, Error> {
    while let Some((kind, mut body)) = next_box(r)? {
        if &kind == b"data" {
            let kind = body.be_u32()? & 0x00FF_FFFF;
            body.skip(4)?;
            let bytes = body.bytes(body.remaining().min(VALUE_BYTES))?;
            return Ok(Some(Value { kind, bytes }));
        }
    }
    Ok(None)
}

/// Number and total of `trkn` and `disk`: two zero bytes, then 16 bits each. Some writers put text there.
fn pair(r: &mut Reader<'_>) -> Result<Option<u32>, Error> {
    Ok(value(r)?.and_then(|v| match v.bytes.as_slice() {
        [_, _, high, low, ..] if v.kind != TEXT => {
            Some(u32::from(u16::from_be_bytes([*high, *low]))).filter(|n| *n > 0)
        }
        _ if v.kind == TEXT => number(&v.text()),
        _ => None,
    }))
}

#[cfg(test)]
#[path = "mp4_ilst_tests.rs"]
mod tests;
