//! Ogg (RFC 3533): Vorbis, Opus, Speex, FLAC, Theora and VP8 streams, side by side and one behind the other.
//!
//! Streams that play together start together, in a row of first pages: a *link*. Files put one behind the other are a
//! *chain* of links whose play times add up. A length stands nowhere; it follows from the last page of each link, the
//! file's last by looking at its end, the others' by halving the file between a page of the link and one behind it.

mod page;
pub(crate) mod seek;
mod stream;

use std::time::Duration;

use self::page::{PAGE_BYTES, Packet, Page, seek_page};
use self::stream::{Coding, Stream};
use super::super::{AudioCodec, Class, Language, Media, VideoCodec};
use crate::media::reader::{Error, Reader};

/// Streams of one link that are looked at.
const STREAMS: usize = 16;
/// Links of a chain; a longer one, a radio programme, has no length.
const LINKS: usize = 32;
/// Pages behind the headers that are looked at for the start of a stream.
const START_PAGES: usize = 64;

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] if it does not start with a stream that is known; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let link = Link::read(r, media)?;
    let Some(kind) = link.leading() else {
        return Err(Error::Unsupported);
    };
    media.class = Some(if kind.coding.is_video() {
        Class::Video
    } else {
        Class::Audio
    });
    media.mime = Some(kind.coding.mime());
    link.tell_codings(media);
    let comments = link.comments(r, media);
    if let Err(e @ (Error::Io(_) | Error::Limit)) = comments {
        return Err(e);
    }
    media.duration = chain(r, link)?;
    comments
}

/// The picture in the comments of the first link that [`read`] found at `at` of the file.
///
/// # Errors
/// [`Error::Malformed`] if there is none; errors of the reader.
pub(crate) fn picture(r: &Reader<'_>, at: u64) -> Result<Vec<u8>, Error> {
    let link = Link::read(&mut r.clone(), &mut Media::default())?;
    let mut outcome = Err(Error::Malformed("picture"));
    for stream in &link.streams {
        let mut behind = r.clone();
        behind.seek(link.behind_heads)?;
        outcome = Packet::open(&mut behind, stream.serial)
            .and_then(|mut packet| stream.picture(&mut packet, at));
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Streams that play together.
struct Link {
    /// Those that are understood.
    streams: Vec<Stream>,
    /// Of all.
    serials: Vec<u32>,
    /// Behind the first pages, as a position in the file.
    behind_heads: u64,
}

impl Link {
    /// Reads the row of first pages at `r` and leaves `r` behind them.
    fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<Self, Error> {
        let mut link = Self {
            streams: Vec::new(),
            serials: Vec::new(),
            behind_heads: 0,
        };
        while link.serials.len() < STREAMS {
            let before = r.position();
            let page = match Page::read(r) {
                Err(Error::Truncated | Error::Malformed(_)) if !link.serials.is_empty() => {
                    r.seek(before)?;
                    break;
                }
                page => page?,
            };
            if !page.begins() {
                r.seek(before)?;
                break;
            }
            let mut body = r.sub(page.body_len())?;
            link.serials.push(page.serial);
            match Stream::read(page.serial, &mut body, media) {
                Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
                // A stream that is damaged, or of a kind that is not known, does not hide the others.
                found => link.streams.extend(found.unwrap_or_default()),
            }
        }
        link.behind_heads = r.position();
        if link.serials.is_empty() {
            return Err(Error::Malformed("Ogg stream without a start"));
        }
        Ok(link)
    }

    /// The stream that says what the file is: the first with pictures, else the first.
    fn leading(&self) -> Option<&Stream> {
        let film = self.streams.iter().find(|s| s.coding.is_video());
        film.or_else(|| self.streams.first())
    }

    fn tell_codings(&self, media: &mut Media) {
        let film = self.streams.iter().find(|s| s.coding.is_video());
        media.video_codec = film.and_then(|s| match s.coding {
            Coding::Theora => Some(VideoCodec::Theora),
            Coding::Vp8 => Some(VideoCodec::Vp8),
            _ => None,
        });
        let sound = self.streams.iter().filter(|s| !s.coding.is_video());
        media.audio_tracks = sound.clone().map(|_| Language::UNKNOWN).collect();
        media.audio_codec = sound.clone().next().and_then(|s| match s.coding {
            Coding::Vorbis => Some(AudioCodec::Vorbis),
            Coding::Opus => Some(AudioCodec::Opus),
            Coding::Speex => Some(AudioCodec::Speex),
            Coding::Flac => Some(AudioCodec::Flac),
            Coding::Theora | Coding::Vp8 | Coding::Ogm => None,
        });
    }

    /// The comments of all streams; the first to speak counts.
    fn comments(&self, r: &Reader<'_>, media: &mut Media) -> Result<(), Error> {
        let mut outcome = Ok(());
        for stream in &self.streams {
            let mut behind = r.clone();
            behind.seek(self.behind_heads)?;
            let read = Packet::open(&mut behind, stream.serial)
                .and_then(|mut packet| stream.comments(&mut packet, media));
            match read {
                Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
                // The comments of films are a gift, and mostly in the sound as well.
                Err(_) if stream.coding.is_video() => {}
                result => outcome = outcome.and(result),
            }
        }
        outcome
    }

    /// The longest play time of its streams, by their last granules.
    fn play_time(&self, r: &Reader<'_>, ends: &Ends) -> Result<Option<Duration>, Error> {
        let mut longest = None;
        for stream in &self.streams {
            let Some(end) = ends.of(stream.serial) else {
                continue;
            };
            let start = self.start(r, stream)?;
            longest = longest.max(stream.play_time(start, end));
        }
        Ok(longest)
    }

    fn start(&self, r: &Reader<'_>, stream: &Stream) -> Result<u64, Error> {
        let mut r = r.clone();
        r.seek(self.behind_heads)?;
        let mut looked_at = 0;
        while looked_at < START_PAGES {
            let page = match Page::read(&mut r) {
                Ok(page) => page,
                Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
                Err(_) => break,
            };
            // Headers are at 0; those that carry a picture go on for many pages, on which no packet ends.
            if let Some(granule) = page.granule.filter(|g| *g > 0)
                && page.serial == stream.serial
            {
                return Ok(stream.start(granule, page.packets()));
            }
            looked_at += usize::from(page.granule.is_some_and(|g| g > 0));
            if r.skip(page.body_len()).is_err() {
                break;
            }
        }
        Ok(0)
    }
}

/// The last granule seen of each stream.
#[derive(Default)]
struct Ends(Vec<(u32, u64)>);

impl Ends {
    fn of(&self, serial: u32) -> Option<u64> {
        let found = self.0.iter().find(|(s, _)| *s == serial);
        found.map(|(_, granule)| *granule)
    }

    fn see(&mut self, page: &Page) {
        let Some(granule) = page.granule else { return };
        let room = self.0.len() < 2 * STREAMS;
        match self.0.iter_mut().find(|(s, _)| *s == page.serial) {
            Some((_, last)) => *last = granule,
            None if room => self.0.push((page.serial, granule)),
            None => {}
        }
    }
}

/// The play time of `first` and all links behind it; `None` if that of one of them is not known.
fn chain(r: &Reader<'_>, first: Link) -> Result<Option<Duration>, Error> {
    let (last_serial, ends) = file_end(r, first.streams.len())?;
    let mut link = first;
    let mut sum = Duration::ZERO;
    for _ in 0..LINKS {
        let is_last = last_serial.is_none_or(|s| link.serials.contains(&s));
        if is_last {
            let last = link.play_time(r, &ends)?;
            return Ok(last.map(|time| sum.saturating_add(time)));
        }
        let mut ends_here = Ends::default();
        let Some(next) = next_link(r, &link, &mut ends_here)? else {
            return Ok(None);
        };
        let Some(time) = link.play_time(r, &ends_here)? else {
            return Ok(None);
        };
        sum = sum.saturating_add(time);
        let mut there = r.clone();
        there.seek(next)?;
        link = match Link::read(&mut there, &mut Media::default()) {
            Ok(link) => link,
            Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
            Err(_) => return Ok(None),
        };
    }
    Ok(None)
}

/// The stream of the last page, and the last granules of the streams near the end, if need be of so many.
fn file_end(r: &Reader<'_>, streams: usize) -> Result<(Option<u32>, Ends), Error> {
    const LOOKS: [u64; 3] = [8 * 1024, PAGE_BYTES + 8 * 1024, 8 * PAGE_BYTES];
    let mut found = (None, Ends::default());
    for bytes in LOOKS {
        let mut tail = r.clone();
        tail.seek(r.len().saturating_sub(bytes))?;
        found = pages_to_end(&mut tail, |_| true)?;
        let last_known = found.0.is_some_and(|serial| found.1.of(serial).is_some());
        if last_known && found.1.0.len() >= streams || bytes >= r.len() {
            break;
        }
    }
    Ok(found)
}

/// Goes from page to page, over damage too, while `within` says so.
fn pages_to_end(
    r: &mut Reader<'_>,
    mut within: impl FnMut(&Page) -> bool,
) -> Result<(Option<u32>, Ends), Error> {
    let mut ends = Ends::default();
    let mut last = None;
    while seek_page(r, PAGE_BYTES)? {
        let before = r.position();
        let page = Page::read(r)?;
        if !within(&page) {
            r.seek(before)?;
            break;
        }
        // A page whose body is cut off says where its packets end, but they do not.
        if r.skip(page.body_len()).is_err() {
            break;
        }
        ends.see(&page);
        last = Some(page.serial);
    }
    Ok((last, ends))
}

/// Where the link behind `link` starts; the last granules of `link` go into `ends`.
fn next_link(r: &Reader<'_>, link: &Link, ends: &mut Ends) -> Result<Option<u64>, Error> {
    // A page at or behind `low` is of the link, and the first one at or behind `high` is not.
    let (mut low, mut high) = (link.behind_heads, r.len());
    while high.saturating_sub(low) > 2 * PAGE_BYTES {
        let middle = low + (high - low) / 2;
        let mut there = r.clone();
        there.seek(middle)?;
        let found = seek_page(&mut there, PAGE_BYTES)?;
        let own = found
            && link
                .serials
                .contains(&Page::read(&mut there.clone())?.serial);
        if own && there.position() < high {
            low = there.position();
        } else {
            high = middle;
        }
    }
    let mut there = r.clone();
    // The last granules of all streams are near, if not on the very last page.
    there.seek(low.saturating_sub(PAGE_BYTES).max(link.behind_heads))?;
    let (_, seen) = pages_to_end(&mut there, |page| link.serials.contains(&page.serial))?;
    *ends = seen;
    Ok((there.remaining() >= 27).then_some(there.position()))
}

#[cfg(test)]
mod tests;
