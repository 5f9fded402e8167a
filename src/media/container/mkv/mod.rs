//! Matroska and WebM (RFC 9559, over EBML, RFC 8794): what stands in front of the first cluster, and what the seek head
//! says is behind the last. Cues and chapters are passed over: nothing here needs them.

mod ebml;
pub(crate) mod seek;
mod tags;
mod tail;
mod track;

use std::time::Duration;

use self::ebml::{Element, each, float, next, text, unsigned};
use self::tags::Simple;
use self::tail::CLUSTER;
use self::track::{Kind, Track};
use crate::limits;
use crate::media::codec::Streams;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::put;
use crate::media::{
    ArtSpan, Class, Media,
    art::{self, ArtKind},
    tag,
};

const EBML: u32 = 0x1A45_DFA3;
const SEGMENT: u32 = 0x1853_8067;
const SEEK_HEAD: u32 = 0x114D_9B74;
const INFO: u32 = 0x1549_A966;
const TRACKS: u32 = 0x1654_AE6B;
const TAGS: u32 = 0x1254_C367;
const ATTACHMENTS: u32 = 0x1941_A469;
/// Elements of the segment that are passed one by one; clusters without a seek head in front of them are among them.
const ELEMENTS: usize = 64;
/// Entries of seek heads that are followed.
const SEEKS: usize = 32;
/// Ticks are milliseconds unless told (RFC 9559 §5.1.2.9).
const MILLISECOND: u64 = 1_000_000;

/// What has been found so far.
#[derive(Default)]
struct Film {
    webm: bool,
    tick_nanos: u64,
    /// Stated, in ticks.
    duration: Option<f64>,
    tracks: Vec<Track>,
    tags: Vec<Simple>,
    covers: Vec<Attachment>,
    /// Where elements of the segment are said to be, from its first byte.
    seeks: Vec<u64>,
    /// Where those already read were.
    seen: Vec<u64>,
    /// Timestamp of the first cluster, in ticks.
    first: Option<u64>,
}

/// An attached picture.
struct Attachment {
    name: String,
    cover: ArtSpan,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if it does not start with an EBML header or has no segment; the first damage found else. What could
/// be read is in `media` all the same.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut film = Film {
        tick_nanos: MILLISECOND,
        ..Film::default()
    };
    film.webm = doc_type(r)?;
    let mut body = loop {
        match next(r)? {
            Some(element) if element.id == SEGMENT => break element.body,
            Some(_) => {}
            None => return Err(Error::Malformed("Matroska file without segment")),
        }
    };
    let outcome = film.segment(&mut body, media);
    let outcome = outcome.and(film.follow(&body, media));
    film.describe(&body, media);
    outcome
}

/// The EBML header: whether the document type is WebM's.
fn doc_type(r: &mut Reader<'_>) -> Result<bool, Error> {
    let Some(mut header) = next(r)?.filter(|e| e.id == EBML && e.sized) else {
        return Err(Error::Malformed("EBML header"));
    };
    let mut webm = false;
    each(&mut header.body, |id, body| {
        if id == 0x4282 {
            webm = text(body, 16)? == "webm";
        }
        Ok(())
    })?;
    Ok(webm)
}

impl Film {
    /// Goes along the segment up to the first cluster, or further where no seek head tells what is behind.
    fn segment(&mut self, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
        let mut outcome = Ok(());
        for _ in 0..ELEMENTS {
            let at = r.position();
            let before = r.clone();
            let Some(element) = next(r)? else {
                break;
            };
            if element.id == CLUSTER {
                if self.first.is_none() {
                    self.first = tail::timestamp(&mut before.clone()).ok().flatten();
                }
                if !self.seeks.is_empty() || !element.sized {
                    break;
                }
                continue;
            }
            self.seen.push(at);
            match self.element(element, media) {
                Err(e @ (Error::Limit | Error::Io(_))) => return Err(e),
                result => outcome = outcome.and(result),
            }
        }
        outcome
    }

    /// Reads what the seek heads have pointed at and has not been read on the way.
    fn follow(&mut self, segment: &Reader<'_>, media: &mut Media) -> Result<(), Error> {
        let mut outcome = Ok(());
        let mut i = 0;
        while let Some(at) = self.seeks.get(i).copied() {
            i += 1;
            if self.seen.contains(&at) {
                continue;
            }
            self.seen.push(at);
            let mut r = segment.clone();
            // A file cut short has lost them: that is no damage to what is there.
            if r.seek(at).is_err() {
                continue;
            }
            let found = match next(&mut r) {
                Ok(Some(element)) if element.id != CLUSTER => self.element(element, media),
                Ok(_) => Ok(()),
                Err(e) => Err(e),
            };
            match found {
                Err(e @ (Error::Limit | Error::Io(_))) => return Err(e),
                result => outcome = outcome.and(result),
            }
        }
        outcome
    }

    fn element(&mut self, element: Element<'_>, media: &mut Media) -> Result<(), Error> {
        let mut body = element.body;
        match element.id {
            SEEK_HEAD => each(&mut body, |id, body| {
                if id == 0x4DBB {
                    self.seek(body)
                } else {
                    Ok(())
                }
            }),
            INFO => self.info(&mut body, media),
            TRACKS => each(&mut body, |id, body| {
                if id == 0xAE && self.tracks.len() < Streams::MOST {
                    self.tracks.push(track::read(body)?);
                }
                Ok(())
            }),
            TAGS => tags::read(&mut body, &mut self.tags),
            ATTACHMENTS => each(&mut body, |id, body| {
                if id == 0x61A7 && self.covers.len() < Streams::MOST {
                    self.covers.extend(attachment(body)?);
                }
                Ok(())
            }),
            _ => Ok(()),
        }
    }

    /// One entry of a seek head: an element and where it is. Those that are read are remembered.
    fn seek(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let (mut id, mut at) = (0, None);
        each(r, |field, body| {
            match field {
                0x53AB => id = unsigned(body)?,
                0x53AC => at = Some(unsigned(body)?),
                _ => {}
            }
            Ok(())
        })?;
        let wanted =
            [SEEK_HEAD, INFO, TRACKS, TAGS, ATTACHMENTS].contains(&u32::try_from(id).unwrap_or(0));
        if wanted && self.seeks.len() < SEEKS {
            self.seeks.extend(at);
        }
        Ok(())
    }

    fn info(&mut self, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
        each(r, |id, body| {
            match id {
                0x2A_D7B1 => self.tick_nanos = unsigned(body)?,
                0x4489 => self.duration = Some(float(body)?),
                0x7BA9 => {
                    let title = text(body, limits::TEXT_BYTES as u64)?;
                    put(&mut media.title, tag::text(&title));
                }
                _ => {}
            }
            Ok(())
        })
    }

    fn describe(&self, segment: &Reader<'_>, media: &mut Media) {
        let of = |kind: Kind| self.tracks.iter().filter(move |t| t.kind == kind);
        let streams = Streams {
            video: of(Kind::Video).next().map(Track::pictures),
            sounds: of(Kind::Sound).map(Track::sound).collect(),
            captions: of(Kind::Caption).map(|t| t.language).collect(),
        };
        streams.describe(media);
        media.mime = match (media.class, self.webm) {
            (Some(Class::Audio), true) => Some(Mime::AUDIO_WEBM),
            (Some(Class::Audio), false) => Some(Mime::MKA),
            (Some(_), true) => Some(Mime::WEBM),
            (Some(_), false) => Some(Mime::MATROSKA),
            (None, _) => None,
        };
        media.duration = self.stated().or_else(|| self.measured(segment));
        if let Some(cover) = self.cover() {
            art::offer(&mut media.art, cover);
        }
        tags::apply(&self.tags, media);
    }

    fn stated(&self) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "ticks are far below 2^53 ns")]
        let nanos = self.duration? * self.tick_nanos as f64;
        Duration::try_from_secs_f64(nanos / 1e9)
            .ok()
            .filter(|d| !d.is_zero() && *d < LONGEST)
    }

    /// From the first cluster to the end of the last block.
    fn measured(&self, segment: &Reader<'_>) -> Option<Duration> {
        let first = self.first?;
        let end = tail::end(segment, self.tick_nanos, &self.tracks).ok()??;
        let nanos = end.checked_sub(first)?.checked_mul(self.tick_nanos)?;
        Some(Duration::from_nanos(nanos)).filter(|d| !d.is_zero() && *d < LONGEST)
    }

    /// The picture called `cover` (Matroska's attachment rules), else the first one; `small_cover` only if there is no other.
    fn cover(&self) -> Option<ArtSpan> {
        let rank = |name: &str| match name.split('.').next() {
            Some("cover") => 0,
            Some("cover_land") => 1,
            Some("small_cover" | "small_cover_land") => 3,
            _ => 2,
        };
        let best = self
            .covers
            .iter()
            .min_by_key(|a| rank(&a.name.to_ascii_lowercase()));
        best.map(|a| a.cover)
    }
}

/// No film is longer; a length beyond it is a damaged field.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// `AttachedFile` (RFC 9559 §5.1.6.1), if it is a picture that is wholly there.
fn attachment(r: &mut Reader<'_>) -> Result<Option<Attachment>, Error> {
    const NAME_BYTES: u64 = 256;
    let (mut name, mut mime, mut cover) = (String::new(), String::new(), None);
    while let Some(Element {
        id, mut body, cut, ..
    }) = next(r)?
    {
        match id {
            0x466E => name = text(&mut body, NAME_BYTES)?,
            0x4660 => mime = text(&mut body, NAME_BYTES)?,
            0x465C if !cut && !body.is_empty() => {
                cover = art::span(&body, body.len(), ArtKind::Front);
            }
            _ => {}
        }
    }
    let picture = matches!(mime.as_str(), "image/jpeg" | "image/png" | "image/jpg");
    Ok(cover
        .filter(|_| picture)
        .map(|cover| Attachment { name, cover }))
}

#[cfg(test)]
mod tests;
