//! `Tags` (RFC 9559 §5.1.8; Matroska's tag names of draft-ietf-cellar-tags): which level a tag speaks of decides its meaning.

use super::ebml::{each, text, unsigned};
use crate::limits;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{date, number, put};
use crate::media::{Media, tag};

/// Tags that are kept; films have some dozens, most of them statistics of tracks, which are not kept.
const TAGS: usize = 256;
/// Bytes of a name that are looked at.
const NAME_BYTES: u64 = 64;

/// `TargetTypeValue`s: a song or scene, an album or film or episode, a season, a series.
const PART: u64 = 30;
const WHOLE: u64 = 50;
const SEASON: u64 = 60;
const SERIES: u64 = 70;

/// One tag of the whole file.
#[derive(Debug)]
pub(super) struct Simple {
    level: u64,
    name: String,
    value: String,
}

/// Reads the payload of `Tags`. What speaks of a single track, chapter or attachment is left out.
pub(super) fn read(r: &mut Reader<'_>, tags: &mut Vec<Simple>) -> Result<(), Error> {
    each(r, |id, tag| {
        if id != 0x7373 {
            return Ok(());
        }
        let (mut level, mut narrow, first) = (WHOLE, false, tags.len());
        let outcome = each(tag, |id, body| match id {
            0x63C0 => each(body, |id, body| {
                match id {
                    0x68CA => level = unsigned(body)?,
                    0x63C5 | 0x63C4 | 0x63C6 | 0x63C9 => narrow |= unsigned(body)? != 0,
                    _ => {}
                }
                Ok(())
            }),
            0x67C8 if tags.len() < TAGS => simple(body).map(|tag| tags.extend(tag)),
            _ => Ok(()),
        });
        if narrow {
            tags.truncate(first);
        }
        tags.iter_mut().skip(first).for_each(|t| t.level = level);
        outcome
    })
}

fn simple(r: &mut Reader<'_>) -> Result<Option<Simple>, Error> {
    let (mut name, mut value) = (String::new(), String::new());
    each(r, |id, body| {
        match id {
            0x45A3 => name = text(body, NAME_BYTES)?.to_ascii_uppercase(),
            0x4487 => value = text(body, limits::TEXT_BYTES as u64)?,
            _ => {}
        }
        Ok(())
    })?;
    let level = WHOLE;
    Ok((!name.is_empty() && !value.is_empty()).then_some(Simple { level, name, value }))
}

/// Writes down what the tags say. In an album of songs the tags of the whole speak of the album; where tags of a season or a
/// series are, the number of the whole is that of an episode.
pub(super) fn apply(tags: &[Simple], media: &mut Media) {
    let at = |level: u64, names: &[&str]| {
        let named = |name: &&str| tags.iter().find(|t| t.level == level && t.name == **name);
        names.iter().find_map(named).map(|t| t.value.as_str())
    };
    let any = |names: &[&str]| at(PART, names).or_else(|| at(WHOLE, names));
    let words = |value: Option<&str>| value.and_then(tag::text);
    let count = |value: Option<&str>| value.and_then(number);
    let episodic = tags.iter().any(|t| matches!(t.level, SEASON | SERIES));
    let in_album = at(PART, &["TITLE"]).is_some();
    put(&mut media.title, words(any(&["TITLE"])));
    put(&mut media.album, words(any(&["ALBUM"])));
    if in_album {
        put(&mut media.album, words(at(WHOLE, &["TITLE"])));
    }
    let artists = ["ARTIST", "LEAD_PERFORMER"];
    put(&mut media.artist, words(any(&artists)));
    put(
        &mut media.album_artist,
        words(any(&["ALBUM_ARTIST", "ALBUMARTIST"])),
    );
    if at(PART, &artists).is_some() {
        put(&mut media.album_artist, words(at(WHOLE, &artists)));
    }
    put(&mut media.genre, words(any(&["GENRE"])));
    put(&mut media.composer, words(any(&["COMPOSER"])));
    put(&mut media.disc, count(any(&["DISC", "DISCNUMBER"])));
    put(&mut media.track, count(any(&["TRACK", "TRACKNUMBER"])));
    put(&mut media.track, count(at(PART, &["PART_NUMBER"])));
    let part = count(at(WHOLE, &["PART_NUMBER"]));
    if episodic {
        put(&mut media.episode, part);
    } else if !in_album {
        put(&mut media.track, part);
    }
    let dates = [
        "DATE_RELEASED",
        "DATE_RECORDED",
        "DATE",
        "YEAR",
        "ORIGINALYEAR",
    ];
    put(&mut media.date, any(&dates).and_then(date));
    put(&mut media.series, words(at(SERIES, &["TITLE"])));
    put(&mut media.series, words(any(&["SHOW", "SERIES"])));
    put(&mut media.season, count(at(SEASON, &["PART_NUMBER"])));
    put(&mut media.season, count(any(&["SEASON_NUMBER", "SEASON"])));
    put(&mut media.episode, count(any(&["EPISODE_SORT", "EPISODE"])));
}
