//! ID3: version 2.2, 2.3 and 2.4 in front of the sound, version 1 behind it.
//!
//! References: id3.org, "ID3 tag version 2.4.0" (Main Structure §3, §4; Native Frames §4), "ID3 tag version 2.3.0",
//! "ID3 tag version 2"; ID3v1.1 has no better description than its 128 bytes. Pictures are located, not read.

use super::{
    ByteOrder, date, date_of, declared_latin1, genre, inflated, number, put, text, utf8, utf16,
};
use crate::limits;
use crate::media::art;
use crate::media::reader::{Error, Reader};
use crate::media::{Date, Media};

/// Bytes of a text frame that are looked at: a full property in UTF-16, its mark, and a long first value cut short.
const TEXT_FRAME_LEN: usize = 4 * limits::TEXT_BYTES;
const TEXT_FRAME_BYTES: u64 = TEXT_FRAME_LEN as u64;
/// Bytes of a version 1 tag.
pub const V1_BYTES: u64 = 128;

/// The ten bytes in front of a version 2 tag (2.4 structure §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    /// 2, 3 or 4.
    version: u8,
    flags: u8,
    /// Bytes behind the header, without a footer.
    len: u64,
}

/// Unsynchronisation was applied to the whole tag; in 2.4 to every frame.
const UNSYNCHRONISED: u8 = 0x80;
/// In 2.3 and 2.4; in 2.2 the same bit means a compression that was never defined.
const EXTENDED: u8 = 0x40;
/// 2.4: ten more bytes follow the tag.
const FOOTER: u8 = 0x10;

/// Reads the tag at `r`, if there is one, and leaves `r` behind it. Fields already known stay.
///
/// Returns whether there was one. A tag that lies about its frames still tells where it ends.
///
/// # Errors
/// [`Error::Truncated`] when the tag claims more than the file has, after reading what is there; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<bool, Error> {
    let before = r.position();
    let Some(header) = header(r)? else {
        r.seek(before)?;
        return Ok(false);
    };
    let whole = header.len <= r.remaining();
    let mut body = r.sub(header.len)?;
    if header.version == 4 && header.flags & FOOTER != 0 && r.remaining() >= 10 {
        r.skip(10)?;
    }
    let mut dates = Dates::default();
    let outcome = frames(header, &mut body, media, &mut dates);
    put(&mut media.date, dates.best());
    match outcome {
        Err(e @ (Error::Io(_) | Error::Limit)) => Err(e),
        // Damage inside the tag costs its remaining frames, not the sound behind it.
        _ if whole => Ok(true),
        _ => Err(Error::Truncated),
    }
}

/// Reads a version 2.4 tag with a footer (structure §3.4) that ends at `end`, and returns where it starts.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_before(
    r: &mut Reader<'_>,
    end: u64,
    media: &mut Media,
) -> Result<Option<u64>, Error> {
    let footer = end.checked_sub(10).ok_or(Error::Truncated)?;
    r.seek(footer)?;
    let [b'3', b'D', b'I', _, _, _, size @ ..] = r.array::<10>()? else {
        return Ok(None);
    };
    let start = synchsafe(size).and_then(|len| footer.checked_sub(u64::from(len) + 10));
    let Some(start) = start else {
        return Ok(None);
    };
    r.seek(start)?;
    Ok(read(r, media)?.then_some(start))
}

fn header(r: &mut Reader<'_>) -> Result<Option<Header>, Error> {
    if r.remaining() < 10 {
        return Ok(None);
    }
    let [
        b'I',
        b'D',
        b'3',
        version @ 2..=4,
        0..=0xFE,
        flags,
        size @ ..,
    ] = r.array::<10>()?
    else {
        return Ok(None);
    };
    Ok(synchsafe(size).map(|len| Header {
        version,
        flags,
        len: u64::from(len),
    }))
}

/// Four times seven bits (2.4 structure §6.2); `None` if a top bit is set.
fn synchsafe(bytes: [u8; 4]) -> Option<u32> {
    let ok = bytes.iter().all(|b| *b < 0x80);
    ok.then(|| bytes.iter().fold(0, |sum, b| (sum << 7) | u32::from(*b)))
}

fn frames(
    header: Header,
    body: &mut Reader<'_>,
    media: &mut Media,
    dates: &mut Dates,
) -> Result<(), Error> {
    if header.version == 2 && header.flags & EXTENDED != 0 {
        return Err(Error::Unsupported);
    }
    let whole = header.version < 4 && header.flags & UNSYNCHRONISED != 0;
    let mut bytes = Bytes {
        r: body.clone(),
        unsynchronised: whole,
        last: 0,
    };
    if header.version > 2 && header.flags & EXTENDED != 0 {
        skip_extended(header, &mut bytes)?;
    }
    while let Some(frame) = frame_header(header, &mut bytes)? {
        let as_it_is = !whole && !frame.opaque && !frame.packed && !frame.unsynchronised;
        if is_picture(frame.id) && as_it_is && frame.len <= bytes.r.remaining() {
            picture(header, &frame, &mut bytes, media)?;
        } else if is_rating(frame.id) && as_it_is {
            let content = bytes.take(frame.len)?;
            put(&mut media.rating, stars(&content));
        } else if wanted(frame.id) && !frame.opaque {
            let content = frame_text(&frame, &mut bytes)?;
            take(frame.id, &content, media, dates);
        } else {
            bytes.skip(frame.len)?;
        }
    }
    Ok(())
}

/// The extended header: its size counts itself in 2.4 (§3.2) and not in 2.3 (§3.2).
fn skip_extended(header: Header, bytes: &mut Bytes<'_>) -> Result<(), Error> {
    let size = bytes.array::<4>()?;
    let rest = if header.version == 4 {
        synchsafe(size).and_then(|n| n.checked_sub(4))
    } else {
        Some(u32::from_be_bytes(size))
    };
    bytes.skip(u64::from(
        rest.ok_or(Error::Malformed("ID3 extended header size"))?,
    ))
}

/// A tag's bytes with unsynchronisation undone: a 00 after FF was put there by the writer (2.4 structure §6.1).
struct Bytes<'a> {
    r: Reader<'a>,
    unsynchronised: bool,
    last: u8,
}

impl Bytes<'_> {
    fn byte(&mut self) -> Result<u8, Error> {
        let mut b = self.r.byte()?;
        if self.unsynchronised && self.last == 0xFF && b == 0 {
            b = self.r.byte()?;
        }
        self.last = b;
        Ok(b)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        if !self.unsynchronised {
            return self.r.array();
        }
        let mut out = [0; N];
        for b in &mut out {
            *b = self.byte()?;
        }
        Ok(out)
    }

    fn skip(&mut self, n: u64) -> Result<(), Error> {
        if !self.unsynchronised {
            return self.r.skip(n);
        }
        (0..n).try_for_each(|_| self.byte().map(drop))
    }

    /// The next `n` bytes, or the first [`TEXT_FRAME_BYTES`] of them; all are passed over.
    fn take(&mut self, n: u64) -> Result<Vec<u8>, Error> {
        let kept = n.min(TEXT_FRAME_BYTES);
        let out = if self.unsynchronised {
            (0..kept).map(|_| self.byte()).collect::<Result<_, _>>()?
        } else {
            self.r.bytes(kept)?
        };
        self.skip(n - kept)?;
        Ok(out)
    }
}

struct Frame {
    /// Four letters, or three and a blank in 2.2.
    id: [u8; 4],
    /// Bytes behind the frame's header.
    len: u64,
    /// Bytes in front of the content that belong to flags.
    prefix: u64,
    /// Encrypted: not read.
    opaque: bool,
    /// Compressed.
    packed: bool,
    /// 2.4: the content alone was unsynchronised.
    unsynchronised: bool,
}

/// The next frame's header; `None` at the padding or the end of the tag.
fn frame_header(header: Header, bytes: &mut Bytes<'_>) -> Result<Option<Frame>, Error> {
    let header_len = if header.version == 2 { 6 } else { 10 };
    if bytes.r.remaining() < header_len {
        return Ok(None);
    }
    if header.version == 2 {
        let [a, b, c] = bytes.array()?;
        let [high, middle, low] = bytes.array()?;
        let len = u64::from(u32::from_be_bytes([0, high, middle, low]));
        let frame = Frame {
            id: [a, b, c, b' '],
            len,
            prefix: 0,
            opaque: false,
            packed: false,
            unsynchronised: false,
        };
        return Ok(is_frame_id([a, b, c, b'0']).then_some(frame));
    }
    let id = bytes.array::<4>()?;
    let size = bytes.array::<4>()?;
    let [_, flags] = bytes.array::<2>()?;
    if !is_frame_id(id) {
        return Ok(None);
    }
    let frame = if header.version == 3 {
        let packed = flags & 0x80 != 0;
        let prefix = u64::from(flags & 0x20 != 0) + 4 * u64::from(packed);
        let len = u64::from(u32::from_be_bytes(size));
        Frame {
            id,
            len,
            prefix,
            opaque: flags & 0x40 != 0,
            packed,
            unsynchronised: false,
        }
    } else {
        let prefix = u64::from(flags & 0x40 != 0) + 4 * u64::from(flags & 0x01 != 0);
        let unsynchronised = flags & 0x02 != 0 || header.flags & UNSYNCHRONISED != 0;
        Frame {
            id,
            len: v24_len(size, bytes),
            prefix,
            opaque: flags & 0x04 != 0,
            packed: flags & 0x08 != 0,
            unsynchronised,
        }
    };
    Ok(Some(frame))
}

/// A 2.4 frame's size is synchsafe, but old iTunes wrote a plain number. Where both readings are possible, the one that
/// leads to another frame, to padding or to the end of the tag is right.
fn v24_len(size: [u8; 4], bytes: &Bytes<'_>) -> u64 {
    let plain = u64::from(u32::from_be_bytes(size));
    let Some(safe) = synchsafe(size).map(u64::from) else {
        return plain;
    };
    if safe == plain || leads_on(bytes, safe) || !leads_on(bytes, plain) {
        safe
    } else {
        plain
    }
}

fn leads_on(bytes: &Bytes<'_>, len: u64) -> bool {
    let mut ahead = bytes.r.clone();
    if ahead.skip(len).is_err() {
        return false;
    }
    ahead.remaining() < 10
        || ahead
            .array()
            .is_ok_and(|id| id == [0; 4] || is_frame_id(id))
}

fn is_frame_id(id: [u8; 4]) -> bool {
    id.iter()
        .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_picture(id: [u8; 4]) -> bool {
    matches!(&id, b"APIC" | b"PIC ")
}

/// Remembers where the picture lies. Damage in the frame costs the picture alone.
fn picture(
    header: Header,
    frame: &Frame,
    bytes: &mut Bytes<'_>,
    media: &mut Media,
) -> Result<(), Error> {
    let mut content = bytes.r.sub(frame.len)?;
    let located = content
        .skip(frame.prefix)
        .and_then(|()| art::id3_picture(&mut content, header.version == 2, &mut media.art));
    match located {
        Err(e @ (Error::Io(_) | Error::Limit)) => Err(e),
        _ => Ok(()),
    }
}

fn is_rating(id: [u8; 4]) -> bool {
    matches!(&id, b"POPM" | b"POP ")
}

/// Popularimeter (2.4 frames §4.17): somebody's address, a NUL, 0 for unknown or 1 to 255. The usual steps of players are
/// 1, 64, 128, 196 and 255.
fn stars(content: &[u8]) -> Option<u8> {
    let nul = content.iter().position(|b| *b == 0)?;
    match *content.get(nul + 1)? {
        0 => None,
        1..=31 => Some(1),
        32..=95 => Some(2),
        96..=159 => Some(3),
        160..=223 => Some(4),
        224..=255 => Some(5),
    }
}

fn frame_text(frame: &Frame, bytes: &mut Bytes<'_>) -> Result<String, Error> {
    let prefix = frame.prefix.min(frame.len);
    bytes.skip(prefix)?;
    let mut content = bytes.take(frame.len - prefix)?;
    if frame.unsynchronised {
        let mut last = 0;
        content.retain(|b| {
            let stuffed = last == 0xFF && *b == 0;
            last = *b;
            !stuffed
        });
    }
    if frame.packed {
        // Damage in the frame costs its text alone.
        content = inflated(&content, TEXT_FRAME_LEN).unwrap_or_default();
    }
    Ok(decode(&content))
}

/// The first value of a text frame (2.4 frames §4.2): an encoding byte, then values separated by a NUL of that encoding.
fn decode(content: &[u8]) -> String {
    let Some((encoding, rest)) = content.split_first() else {
        return String::new();
    };
    let order = match rest {
        // Without a mark the standard has no answer; the byte that is zero in Latin text gives it.
        [0, second, ..] if *second != 0 => ByteOrder::Big,
        _ => ByteOrder::Little,
    };
    let whole = match encoding {
        0 => declared_latin1(rest),
        1 => utf16(rest, order),
        2 => utf16(rest, ByteOrder::Big),
        3 => utf8(rest).into_owned(),
        _ => return String::new(),
    };
    let values = whole.trim_start_matches(['\0', '\u{FEFF}']);
    values.split('\0').next().unwrap_or_default().to_owned()
}

fn wanted(id: [u8; 4]) -> bool {
    const FRAMES: [&[u8; 4]; 24] = [
        b"TIT2", b"TT2 ", b"TPE1", b"TP1 ", b"TPE2", b"TP2 ", b"TALB", b"TAL ", b"TCON", b"TCO ",
        b"TCOM", b"TCM ", b"TRCK", b"TRK ", b"TPOS", b"TPA ", b"TDRC", b"TDRL", b"TYER", b"TYE ",
        b"TDAT", b"TDA ", b"TIME", b"TIM ",
    ];
    FRAMES.contains(&&id)
}

fn take(id: [u8; 4], value: &str, media: &mut Media, dates: &mut Dates) {
    match &id {
        b"TIT2" | b"TT2 " => put(&mut media.title, text(value)),
        b"TPE1" | b"TP1 " => put(&mut media.artist, text(value)),
        b"TPE2" | b"TP2 " => put(&mut media.album_artist, text(value)),
        b"TALB" | b"TAL " => put(&mut media.album, text(value)),
        b"TCON" | b"TCO " => put(&mut media.genre, genre_text(value)),
        b"TCOM" | b"TCM " => put(&mut media.composer, text(value)),
        b"TRCK" | b"TRK " => put(&mut media.track, number(value)),
        b"TPOS" | b"TPA " => put(&mut media.disc, number(value)),
        b"TDRC" => put(&mut dates.recorded, date(value)),
        b"TDRL" => put(&mut dates.released, date(value)),
        b"TYER" | b"TYE " => put(&mut dates.year, date(value)),
        b"TDAT" | b"TDA " => put(&mut dates.day_month, two_numbers(value)),
        b"TIME" | b"TIM " => put(&mut dates.hour_minute, two_numbers(value)),
        _ => {}
    }
}

/// What the several date frames said. 2.3 splits a moment over TYER, TDAT and TIME.
#[derive(Default)]
struct Dates {
    recorded: Option<Date>,
    released: Option<Date>,
    year: Option<Date>,
    day_month: Option<[u32; 2]>,
    hour_minute: Option<[u32; 2]>,
}

impl Dates {
    fn best(&self) -> Option<Date> {
        self.recorded
            .or_else(|| self.year_and_day())
            .or(self.released)
    }

    fn year_and_day(&self) -> Option<Date> {
        let stated = self.year?;
        let (Some([day, month]), super::Precision::Year) = (self.day_month, stated.precision)
        else {
            return Some(stated);
        };
        let year = time::OffsetDateTime::from_unix_timestamp(stated.unix_secs)
            .ok()?
            .year();
        let [hour, minute] = self.hour_minute.unwrap_or([u32::MAX; 2]);
        date_of(&[u32::try_from(year).ok()?, month, day, hour, minute])
    }
}

/// `DDMM` of TDAT and `HHMM` of TIME (2.3 §4.2.1).
fn two_numbers(value: &str) -> Option<[u32; 2]> {
    let value = value.trim();
    let number = |range: std::ops::Range<usize>| value.get(range).and_then(|n| n.parse().ok());
    (value.len() == 4).then_some([number(0..2)?, number(2..4)?])
}

/// `Rock`, `17`, `(17)`, `(17)Hard`, `((odd`, `(RX)` (2.3 §4.2.1, TCON). Words win over the number beside them.
fn genre_text(value: &str) -> Option<String> {
    let value = value.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if let Some(literal) = value.strip_prefix("((") {
        return text(&format!("({literal}"));
    }
    let (reference, words) = match value.strip_prefix('(').and_then(|v| v.split_once(')')) {
        Some((reference, words)) if reference_name(reference).is_some() => (reference, words),
        _ => (value, ""),
    };
    let words = text(words).filter(|w| !w.starts_with('('));
    words
        .or_else(|| reference_name(reference).map(str::to_owned))
        .or_else(|| text(value))
}

fn reference_name(reference: &str) -> Option<&'static str> {
    match reference {
        "RX" => Some("Remix"),
        "CR" => Some("Cover"),
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().and_then(genre::by_number)
        }
        _ => None,
    }
}

/// Reads the 128 bytes of a version 1 tag. Fields already known stay: version 2 says them at full length.
///
/// ```text
/// 0      3      33      63     93    97       125  126    127
/// | TAG  | title| artist| album| year| comment | 0 | track| genre |
/// ```
pub fn read_v1(tag: &[u8; 128], media: &mut Media) {
    let [b'T', b'A', b'G', rest @ ..] = tag else {
        return;
    };
    let (title, rest) = rest.split_at(30);
    let (artist, rest) = rest.split_at(30);
    let (album, rest) = rest.split_at(30);
    let (year, rest) = rest.split_at(4);
    let field = |bytes: &[u8]| declared_latin1(bytes.split(|b| *b == 0).next().unwrap_or_default());
    put(&mut media.title, text(&field(title)));
    put(&mut media.artist, text(&field(artist)));
    put(&mut media.album, text(&field(album)));
    put(&mut media.date, date(&field(year)));
    if let [.., marker, track, genre_number] = rest {
        let track = (*marker == 0 && *track > 0).then_some(u32::from(*track));
        put(&mut media.track, track);
        put(
            &mut media.genre,
            genre::by_number(u32::from(*genre_number)).map(str::to_owned),
        );
    }
}

#[cfg(test)]
#[path = "id3_tests.rs"]
mod tests;
