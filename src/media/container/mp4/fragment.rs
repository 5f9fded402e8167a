//! Fragments: `moof` with its runs of samples, and `sidx` which says their lengths beforehand
//! (ISO/IEC 14496-12 §8.8, §8.16.3).

use super::boxes::{each_box, next_box, version_flags};
use super::track::Track;
use crate::media::reader::{Error, Reader};

/// Bytes of one reference in a segment index.
const ENTRY_BYTES: u64 = 12;

/// What a segment index covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// Track it counts for.
    pub(super) track: u32,
    /// Units per second.
    pub(super) timescale: u32,
    /// Play time in those units.
    pub(super) duration: u64,
    /// Bytes of the file behind the index that it speaks of.
    pub(super) span: u64,
}

/// Reads the payload of `sidx`.
pub(super) fn sidx(r: &mut Reader<'_>) -> Result<Index, Error> {
    let (version, _) = version_flags(r)?;
    let track = r.be_u32()?;
    let timescale = r.be_u32()?;
    r.skip(if version == 0 { 4 } else { 8 })?;
    let first_offset = if version == 0 {
        u64::from(r.be_u32()?)
    } else {
        r.be_u64()?
    };
    r.skip(2)?;
    let count = u64::from(r.be_u16()?).min(r.remaining() / ENTRY_BYTES);
    let mut index = Index {
        track,
        timescale,
        duration: 0,
        span: first_offset,
    };
    for _ in 0..count {
        // The top bit says whether it refers to another index; its length counts all the same.
        index.span = index
            .span
            .saturating_add(u64::from(r.be_u32()? & 0x7FFF_FFFF));
        index.duration = index.duration.saturating_add(u64::from(r.be_u32()?));
        r.skip(4)?;
    }
    Ok(index)
}

/// Reads the payload of `mvex`: the whole length from `mehd`, if told, in the film's units; defaults from `trex`.
pub(super) fn mvex(
    r: &mut Reader<'_>,
    defaults: &mut Vec<(u32, u32)>,
) -> Result<Option<u64>, Error> {
    let mut whole = None;
    each_box(r, |kind, body| {
        match &kind {
            b"mehd" => {
                let (version, _) = version_flags(body)?;
                whole = super::boxes::time_field(body, version)?.filter(|d| *d > 0);
            }
            b"trex" if defaults.len() < super::TRACKS => {
                body.skip(4)?;
                let track = body.be_u32()?;
                body.skip(4)?; // sample description
                defaults.push((track, body.be_u32()?));
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(whole)
}

/// Reads the payload of `moof` and adds its runs to the tracks they belong to.
pub(super) fn moof(r: &mut Reader<'_>, tracks: &mut [Track]) -> Result<(), Error> {
    each_box(r, |kind, body| match &kind {
        b"traf" => traf(body, tracks),
        _ => Ok(()),
    })
}

fn traf(r: &mut Reader<'_>, tracks: &mut [Track]) -> Result<(), Error> {
    let mut current = None;
    let mut sample = 0;
    each_box(r, |kind, body| {
        match &kind {
            b"tfhd" => {
                let (id, stated) = tfhd(body)?;
                current = tracks.iter().position(|t| t.id == id);
                sample = stated
                    .or(current
                        .and_then(|i| tracks.get(i))
                        .map(|t| t.fragment_sample))
                    .unwrap_or(0);
            }
            b"tfdt" => {
                // Decode time of the first sample (§8.8.12).
                let (version, _) = version_flags(body)?;
                let time = if version == 0 {
                    u64::from(body.be_u32()?)
                } else {
                    body.be_u64()?
                };
                if let Some(track) = current.and_then(|i| tracks.get_mut(i)) {
                    track.first_time = track.first_time.or(Some(time));
                    track.end_time = Some(time);
                }
            }
            b"trun" => {
                let run = trun(body, sample)?;
                if let Some(track) = current.and_then(|i| tracks.get_mut(i)) {
                    track.fragments = track.fragments.saturating_add(run);
                    track.end_time = track.end_time.map(|end| end.saturating_add(run));
                }
            }
            _ => {}
        }
        Ok(())
    })
}

/// Fragments that are added up one by one; of more, the last ones tell the length by their decode times.
pub(super) const COUNTED: u32 = 32;
/// Fragments behind the last one that the index lists.
const UNLISTED: usize = 64;
/// Bytes at the end that are searched for the last fragment where there is no index, and searched at a time.
const SEARCHED_BYTES: u64 = 4 * 1024 * 1024;
const BLOCK: u64 = 64 * 1024;

/// Replaces the sums of the tracks by the time from their first fragment, which has been read, to the end of their last one.
/// `false` if the fragments have no decode times, or the last one is not found: the sums then stay.
pub(super) fn from_the_end(r: &Reader<'_>, tracks: &mut [Track]) -> Result<bool, Error> {
    if tracks.iter().all(|t| t.first_time.is_none()) {
        return Ok(false);
    }
    let listed = last_listed(r).unwrap_or(None);
    let Some(at) = listed.map_or_else(|| last_found(r), |at| Ok(Some(at)))? else {
        return Ok(false);
    };
    let mut r = r.clone();
    r.seek(at)?;
    let mut ends = tracks.to_vec();
    for track in &mut ends {
        track.end_time = None;
    }
    for _ in 0..2 * UNLISTED {
        match next_box(&mut r)? {
            Some((kind, mut body)) if &kind == b"moof" => moof(&mut body, &mut ends)?,
            Some(_) => {}
            None => break,
        }
    }
    if r.remaining() >= 8 || ends.iter().all(|t| t.end_time.is_none()) {
        return Ok(false);
    }
    for (track, seen) in tracks.iter_mut().zip(ends) {
        let span = seen.end_time.zip(seen.first_time);
        track.fragments = span.map_or(0, |(end, first)| end.saturating_sub(first));
    }
    Ok(true)
}

/// The last fragment in `mfra` (§8.8.9 to §8.8.11), the index at the end, whose last four bytes are its length.
fn last_listed(r: &Reader<'_>) -> Result<Option<u64>, Error> {
    let mut r = r.clone();
    let Some(end) = r.len().checked_sub(4) else {
        return Ok(None);
    };
    r.seek(end)?;
    let len = u64::from(r.be_u32()?);
    let Some(start) = r.len().checked_sub(len) else {
        return Ok(None);
    };
    r.seek(start)?;
    let Some((kind, mut index)) = next_box(&mut r)? else {
        return Ok(None);
    };
    let mut last = None;
    if &kind == b"mfra" {
        each_box(&mut index, |kind, body| {
            if &kind == b"tfra" {
                last = last.max(tfra(body)?);
            }
            Ok(())
        })?;
    }
    Ok(last)
}

/// Where the last entry points: 4 version, 4 track, 4 sizes of three numbers, 4 count, then time, offset, the three numbers.
fn tfra(r: &mut Reader<'_>) -> Result<Option<u64>, Error> {
    let (version, _) = version_flags(r)?;
    r.skip(4)?;
    let sizes = r.be_u32()?;
    let count = u64::from(r.be_u32()?);
    let wide = if version == 0 { 4 } else { 8 };
    let numbers = [4, 2, 0].map(|shift| u64::from((sizes >> shift) & 3) + 1);
    let entry = 2 * wide + numbers.iter().sum::<u64>();
    let Some(before) = count.checked_sub(1) else {
        return Ok(None);
    };
    r.skip(before.saturating_mul(entry).saturating_add(wide))?;
    let offset = if version == 0 {
        u64::from(r.be_u32()?)
    } else {
        r.be_u64()?
    };
    Ok(Some(offset))
}

/// The last place that looks like `moof` with `mfhd` in it, from the end backwards.
fn last_found(r: &Reader<'_>) -> Result<Option<u64>, Error> {
    const MARK_BYTES: u64 = 16;
    let from = r.len().saturating_sub(SEARCHED_BYTES);
    let mut end = r.len();
    while end > from {
        let start = end.saturating_sub(BLOCK).max(from);
        let mut block = r.clone();
        block.seek(start)?;
        let bytes = block.bytes((end - start + MARK_BYTES).min(block.remaining()))?;
        let found = bytes
            .windows(16)
            .rposition(|w| w.get(4..8) == Some(b"moof") && w.get(8..16) == Some(b"\0\0\0\x10mfhd"));
        if let Some(i) = found {
            return Ok(Some(start.saturating_add(i as u64)));
        }
        end = start;
    }
    Ok(None)
}

/// Track fragment header (§8.8.7): the track, and the length of a sample if it is stated here.
fn tfhd(r: &mut Reader<'_>) -> Result<(u32, Option<u32>), Error> {
    let (_, flags) = version_flags(r)?;
    let id = r.be_u32()?;
    r.skip(if flags & 0x01 != 0 { 8 } else { 0 })?; // base data offset
    r.skip(if flags & 0x02 != 0 { 4 } else { 0 })?; // sample description
    let sample = if flags & 0x08 != 0 {
        Some(r.be_u32()?)
    } else {
        None
    };
    Ok((id, sample))
}

/// Track run (§8.8.8): its length in the track's units.
fn trun(r: &mut Reader<'_>, default_sample: u32) -> Result<u64, Error> {
    let (_, flags) = version_flags(r)?;
    let count = u64::from(r.be_u32()?);
    r.skip(4 * u64::from(flags & 0x01 != 0))?; // data offset
    r.skip(4 * u64::from(flags & 0x04 != 0))?; // flags of the first sample
    if flags & 0x100 == 0 {
        return Ok(count.saturating_mul(u64::from(default_sample)));
    }
    let others = 4 * u64::from((flags & 0xE00).count_ones()); // size, flags, composition offset
    let count = count.min(r.remaining() / (4 + others));
    let mut sum = 0_u64;
    for _ in 0..count {
        sum = sum.saturating_add(u64::from(r.be_u32()?));
        r.skip(others)?;
    }
    Ok(sum)
}
