//! APE tags, versions 1 and 2: the tags of Monkey's Audio, Musepack, `WavPack`, `OptimFROG` and TAK, and of some MP3 files
//! (Hydrogenaudio Knowledgebase, "`APEv2` specification").
//!
//! Text is UTF-8; version 1 never said what it is, so what is not UTF-8 is Latin-1. Replay gain is not read.

use super::{date, number, put, text, utf8_or_latin1};
use crate::limits;
use crate::media::reader::{Error, Reader};
use crate::media::{Media, art};

/// Bytes of header and footer, which look alike.
const FOOTER_BYTES: u64 = 32;
/// Items that are looked at; the standard's own limit is 65536, real tags have some twenty.
const ITEMS: u32 = 512;
/// Bytes of a key (§"APE Item Key").
const KEY_BYTES: usize = 255;
/// Bytes of a text that are looked at.
const VALUE_BYTES: u64 = limits::TEXT_BYTES as u64 + 64;

/// Reads the tag whose footer ends at `end` (a position in `r`) and returns where the tag starts, header included.
///
/// ```text
/// footer  0          8         12                   16      20      24         32
///         | APETAGEX | version | items and footer   | count | flags | reserved |     flags bit 31: there is a header too
/// item    0      4       8
///         | size | flags | key, NUL, value |                                         flags bits 1, 2: text, binary, link
/// ```
///
/// # Errors
/// Of the reader, when an item lies; what came before is kept. `None` if there is no tag, or it is larger than the file.
pub(crate) fn read_before(
    r: &mut Reader<'_>,
    end: u64,
    media: &mut Media,
) -> Result<Option<u64>, Error> {
    r.seek(end.checked_sub(FOOTER_BYTES).ok_or(Error::Truncated)?)?;
    if &r.array()? != b"APETAGEX" {
        return Ok(None);
    }
    r.skip(4)?;
    let size = u64::from(r.le_u32()?);
    let (count, flags) = (r.le_u32()?, r.le_u32()?);
    let items = end.checked_sub(size);
    let (Some(first), Some(len)) = (items, size.checked_sub(FOOTER_BYTES)) else {
        return Ok(None);
    };
    r.seek(first)?;
    let mut body = r.sub(len)?;
    // Damage inside the tag costs its remaining items, not the sound in front of it.
    if let Err(e @ (Error::Io(_) | Error::Limit)) = items_of(&mut body, count, media) {
        return Err(e);
    }
    let header = if flags >> 31 == 1 { FOOTER_BYTES } else { 0 };
    Ok(first.checked_sub(header))
}

fn items_of(r: &mut Reader<'_>, count: u32, media: &mut Media) -> Result<(), Error> {
    for _ in 0..count.min(ITEMS) {
        let len = u64::from(r.le_u32()?);
        let kind = (r.le_u32()? >> 1) & 3;
        let key = key(r)?;
        if len > r.remaining() {
            return Err(Error::Truncated);
        }
        let mut value = r.sub(len)?;
        match kind {
            0 => {
                let bytes = value.bytes(len.min(VALUE_BYTES))?;
                take(&key, &utf8_or_latin1(&bytes), media);
            }
            1 => {
                // A picture that lies about itself costs nothing but itself.
                if let Err(e @ Error::Io(_)) = art::ape_picture(&key, &mut value, &mut media.art) {
                    return Err(e);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn key(r: &mut Reader<'_>) -> Result<Vec<u8>, Error> {
    let mut key = Vec::new();
    while key.len() <= KEY_BYTES {
        match r.byte()? {
            0 => return Ok(key),
            b => key.push(b),
        }
    }
    Err(Error::Malformed("APE item key"))
}

/// Keys have no case. Of several values, which a NUL separates, the first has been taken.
fn take(key: &[u8], value: &str, media: &mut Media) {
    match key.to_ascii_lowercase().as_slice() {
        b"title" => put(&mut media.title, text(value)),
        b"artist" => put(&mut media.artist, text(value)),
        b"album artist" | b"albumartist" | b"album_artist" => {
            put(&mut media.album_artist, text(value));
        }
        b"album" => put(&mut media.album, text(value)),
        b"genre" => put(&mut media.genre, text(value)),
        b"composer" => put(&mut media.composer, text(value)),
        b"track" | b"tracknumber" => put(&mut media.track, number(value)),
        b"disc" | b"discnumber" => put(&mut media.disc, number(value)),
        b"year" | b"record date" | b"date" => put(&mut media.date, date(value)),
        _ => {}
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::media::art::ArtKind;
    use crate::media::reader::Source;

    /// A tag of the given items: flags, key, value.
    pub(crate) fn tag(items: &[(u32, &str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (flags, key, value) in items {
            bytes.extend(u32::try_from(value.len()).unwrap().to_le_bytes());
            bytes.extend(flags.to_le_bytes());
            bytes.extend(key.as_bytes());
            bytes.push(0);
            bytes.extend(*value);
        }
        let frame = |flags: u32| {
            let mut frame = b"APETAGEX\xD0\x07\0\0".to_vec();
            frame.extend(u32::try_from(bytes.len() + 32).unwrap().to_le_bytes());
            frame.extend(u32::try_from(items.len()).unwrap().to_le_bytes());
            frame.extend(flags.to_le_bytes());
            frame.extend([0; 8]);
            frame
        };
        [frame(0xA000_0000), bytes.clone(), frame(0x8000_0000)].concat()
    }

    fn parse(bytes: &[u8]) -> (Media, Result<Option<u64>, Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read_before(&mut Reader::new(&source), bytes.len() as u64, &mut media);
        (media, outcome)
    }

    #[test]
    fn items_are_read_and_the_start_of_the_header_is_found() {
        let cover = b"c.jpg\0\xFF\xD8\xFF\xE0";
        let items: [(u32, &str, &[u8]); 5] = [
            (0, "TITLE", b"One\0Two"),
            (2, "Cover Art (Front)", cover),
            (0, "Artist", b"\xE9"),
            (0, "Track", b"3/9"),
            (4, "Album", b"http://not.a/name"),
        ];
        let bytes = [b"sound".as_slice(), &tag(&items)].concat();
        let (media, outcome) = parse(&bytes);
        assert_eq!(outcome, Ok(Some(5)));
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("One"), Some("é"))
        );
        assert_eq!((media.track, media.album), (Some(3), None));
        let art = media.art.unwrap();
        let at = usize::try_from(art.offset).unwrap();
        assert_eq!(&bytes[at..at + 4], b"\xFF\xD8\xFF\xE0");
        assert_eq!((art.len, art.kind), (4, ArtKind::Front));
    }

    #[test]
    fn damage_ends_and_never_moves_the_start_out_of_the_file() {
        let whole = tag(&[
            (0, "Title", b"One"),
            (2, "Cover Art (Front)", b"x\0\xFF\xD8"),
        ]);
        for n in 0..whole.len() {
            let _ = parse(&whole[..n]);
            let _ = parse(&whole[n..]);
            for value in [0, 0x7F, 0xFF] {
                let mut lying = whole.clone();
                lying[n] = value;
                let (_, outcome) = parse(&lying);
                assert!(
                    outcome
                        .ok()
                        .flatten()
                        .is_none_or(|start| start < lying.len() as u64)
                );
            }
        }
        assert_eq!(parse(b"").1, Err(Error::Truncated));
        assert_eq!(parse(&[0; 40]).1, Ok(None));
    }
}
