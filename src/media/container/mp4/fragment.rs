//! Fragments: `moof` with its runs of samples, and `sidx` which says their lengths beforehand
//! (ISO/IEC 14496-12 §8.8, §8.16.3).

use super::boxes::{each_box, version_flags};
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
            b"trun" => {
                let run = trun(body, sample)?;
                if let Some(track) = current.and_then(|i| tracks.get_mut(i)) {
                    track.fragments = track.fragments.saturating_add(run);
                }
            }
            _ => {}
        }
        Ok(())
    })
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
