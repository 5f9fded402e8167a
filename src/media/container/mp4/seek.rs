//! Times in MP4: the sample tables (ISO/IEC 14496-12 §8.6, §8.7); of fragments, `sidx` (§8.16.3), `mfra` (§8.8.9), or the
//! fragments one by one.
//!
//! The bytes from such a place on are no file by themselves: they are for a renderer that has read `moov`, as every one has
//! that knows how long the film is.

mod fragments;
mod tables;

use std::time::Duration;

use self::tables::Tables;
use super::boxes::{FourCc, each_box, next_box, time_field, version_flags};
use super::track;
use crate::media::reader::{Error, Reader};
use crate::media::seek::{Around, Place};

/// Sound that is stored at most so far in front of the pictures it belongs to is sent with them.
const INTERLEAVED_BYTES: u64 = 8 * 1024 * 1024;
/// Boxes at the top of the file that are passed to find `moov`.
const BOXES: usize = 4096;

/// What is known of the whole file.
#[derive(Default)]
struct Film<'a> {
    /// Units per second of the edit lists.
    timescale: u32,
    tracks: Vec<Tables<'a>>,
    /// Payload of the first `sidx`, and what it counts its bytes from.
    sidx: Option<(Reader<'a>, u64)>,
    /// Where the first `moof` is.
    first_fragment: Option<u64>,
}

/// The places on both sides of `time`.
///
/// # Errors
/// Of the reader; [`Error::Malformed`] for tables that contradict one another.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let film = Film::read(r)?;
    let Some(lead) = film.lead() else {
        return Ok(None);
    };
    if !lead.has_samples() {
        return fragments::around(r, &film, lead, time, whole);
    }
    let found = lead.around(time, film.timescale)?;
    let Some((before, after)) = found else {
        return Ok(None);
    };
    Ok(Some(Around {
        before: film.with_sound(lead, before),
        after,
    }))
}

impl<'a> Film<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, Error> {
        let mut film = Self::default();
        for _ in 0..BOXES {
            let at = r.position();
            let Some((kind, mut body)) = next_box(r)? else {
                break;
            };
            match &kind {
                b"moov" => film.moov(&mut body)?,
                b"sidx" if film.sidx.is_none() => film.sidx = Some((body, r.position())),
                b"moof" => {
                    film.first_fragment = Some(at);
                    break;
                }
                _ => {}
            }
        }
        Ok(film)
    }

    fn moov(&mut self, r: &mut Reader<'a>) -> Result<(), Error> {
        walk(r, &mut |kind, body| {
            match &kind {
                b"mvhd" => {
                    let (version, _) = version_flags(body)?;
                    body.skip(if version == 0 { 8 } else { 16 })?;
                    self.timescale = body.be_u32()?;
                }
                b"trak" if self.tracks.len() < super::TRACKS => {
                    // Damage in one track does not hide the others.
                    let mut head = track::Track::default();
                    let _ = track::read(&mut body.clone(), &mut head);
                    self.tracks.push(Tables::read(body, &head));
                }
                b"mvex" => walk(body, &mut |kind, body| {
                    if &kind == b"trex" {
                        self.defaults(body)?;
                    }
                    Ok(())
                })?,
                _ => {}
            }
            Ok(())
        })
    }

    /// `trex`: what the samples of a track's fragments have where nothing else is said.
    fn defaults(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        r.skip(4)?;
        let id = r.be_u32()?;
        r.skip(12)?;
        let flags = r.be_u32()?;
        if let Some(track) = self.tracks.iter_mut().find(|track| track.id == id) {
            track.default_flags = flags;
        }
        Ok(())
    }

    /// The track whose key frames count: the first of pictures, else the first of sound.
    fn lead(&self) -> Option<&Tables<'a>> {
        let of = |handler: &[u8; 4]| self.tracks.iter().find(|t| &t.handler == handler);
        of(b"vide")
            .or_else(|| of(b"soun"))
            .filter(|t| t.timescale > 0)
    }

    /// The place from which the other tracks play too, where that is near.
    fn with_sound(&self, lead: &Tables<'_>, place: Place) -> Place {
        let sound = self
            .tracks
            .iter()
            .filter(|t| t.id != lead.id && &t.handler == b"soun");
        let starts = sound.filter_map(|track| {
            let found = track.around(place.time, self.timescale).ok().flatten()?;
            Some(found.0.offset)
        });
        let near = starts.filter(|at| place.offset.saturating_sub(*at) <= INTERLEAVED_BYTES);
        let offset = near.fold(place.offset, u64::min);
        Place { offset, ..place }
    }
}

/// [`each_box`], compiled once for the whole search.
fn walk<'a>(
    r: &mut Reader<'a>,
    visit: &mut dyn FnMut(FourCc, &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    each_box(r, visit)
}

/// Times of the edit list (§8.6.6): how long nothing is shown at first, in the film's units, and where in the track the
/// showing starts, in the track's.
fn edits(r: &mut Reader<'_>) -> Result<(u64, u64), Error> {
    /// Edits that are looked at: a pause at first, and then the track.
    const EDITS: u32 = 4;
    let (version, _) = version_flags(r)?;
    let count = r.be_u32()?;
    let mut pause = 0_u64;
    for _ in 0..count.min(EDITS) {
        let length = time_field(r, version)?.unwrap_or(0);
        // All bits set, which is -1: an empty edit.
        match time_field(r, version)? {
            None => pause = pause.saturating_add(length),
            Some(start) => return Ok((pause, start)),
        }
        r.skip(4)?;
    }
    Ok((pause, 0))
}
