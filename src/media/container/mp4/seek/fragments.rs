//! Fragments by time: `sidx` in front of them, else `mfra` at the end, else their own decode times.

use std::time::Duration;

use super::super::boxes::{next_box, time_field, version_flags};
use super::{Film, tables::Tables, walk};
use crate::media::container::{
    pes::Stamp,
    stamped::{self, Picture},
};
use crate::media::reader::{Error, Reader};
use crate::media::seek::{self, Around, Place};

/// Indexes of indexes that are followed.
const LEVELS: u32 = 4;
/// Boxes that are gone along before the fragments are looked for here and there: 256 fragments, an eighth of what may be read.
const FRAGMENTS: usize = 512;
/// Bytes of a `moof`: of an hour in one fragment.
const MOOF_BYTES: u32 = 16 * 1024 * 1024;
/// `sample_is_non_sync_sample` (§8.8.3.1).
const NO_KEY: u32 = 1 << 16;

/// The last place at or before a time, and the first one behind it.
#[derive(Default)]
struct Found {
    before: Option<(u64, u64)>,
    after: Option<(u64, u64)>,
}

impl Found {
    /// Takes note of a place at `offset` that plays at `time`; false once there is nothing more to find.
    fn take(&mut self, wanted: u64, time: u64, offset: u64) -> bool {
        if time > wanted {
            self.after = self.after.or(Some((time, offset)));
            return false;
        }
        self.before = Some((time, offset));
        true
    }
}

/// The fragments on both sides of `time`.
pub(super) fn around(
    r: &Reader<'_>,
    film: &Film<'_>,
    lead: &Tables<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let Some(first) = film.first_fragment else {
        return Ok(None);
    };
    let units = |timescale: u32| seek::units(time, timescale);
    let (mut found, mut timescale) = (Found::default(), lead.timescale);
    if let Some((index, behind)) = &film.sidx {
        let mut index = index.clone();
        let covered;
        (timescale, covered) = sidx(r, &mut index, *behind, LEVELS, &units, &mut found)?;
        // One index for each fragment says nothing about those behind it.
        if found.after.is_none() && goes_on(r, covered) {
            found = Found::default();
        }
    }
    if found.before.is_none() {
        timescale = lead.timescale;
        found = Found::default();
        listed(r, lead, units(timescale), first, &mut found)?;
        // Some writers list every fragment, whatever it begins with.
        if !begins_with_key(r, lead, &found)? {
            found.before = None;
        }
    }
    if found.before.is_none() {
        found = Found::default();
        let is_over = one_by_one(r, lead, units(timescale), first, &mut found)?;
        if !is_over {
            return sampled(r, lead, first, time, whole);
        }
    }
    let place = |(units, offset): (u64, u64)| {
        let time = seek::time(units, timescale);
        Place { offset, time }
    };
    Ok(found.before.map(|before| Around {
        before: place(before),
        after: found.after.map(place),
    }))
}

/// A segment index: each entry is a stretch of bytes and its play time, counted from the first one's; gives its units per
/// second, and where the last stretch ends. Entries that do not start with a key frame are passed over (`starts_with_SAP`), unless none does.
fn sidx(
    r: &Reader<'_>,
    index: &mut Reader<'_>,
    behind: u64,
    levels: u32,
    units: &dyn Fn(u32) -> u64,
    found: &mut Found,
) -> Result<(u32, u64), Error> {
    let (version, _) = version_flags(index)?;
    index.skip(4)?;
    let timescale = index.be_u32()?;
    let wanted = units(timescale);
    let number = |index: &mut Reader<'_>| {
        if version == 0 {
            index.be_u32().map(u64::from)
        } else {
            index.be_u64()
        }
    };
    let mut time = 0_u64;
    number(index)?;
    let mut offset = behind.saturating_add(number(index)?);
    index.skip(2)?;
    for _ in 0..index.be_u16()? {
        if index.remaining() < 12 {
            break;
        }
        let (size, length, start) = (index.be_u32()?, index.be_u32()?, index.be_u32()?);
        let is_index = size >> 31 == 1;
        let end = time.saturating_add(length.into());
        if is_index && levels > 0 && wanted < end {
            let mut inner = r.clone();
            inner.seek(offset)?;
            let part = next_box(&mut inner)?;
            if let Some((kind, mut body)) = part
                && &kind == b"sidx"
            {
                // Its times count from its own start; so does what is looked for there.
                let shorter = |_: u32| wanted.saturating_sub(time);
                let mut below = Found::default();
                sidx(
                    r,
                    &mut body,
                    inner.position(),
                    levels - 1,
                    &shorter,
                    &mut below,
                )?;
                let shifted = |(at, offset)| (time.saturating_add(at), offset);
                found.before = below.before.map(shifted).or(found.before);
                found.after = found.after.or(below.after.map(shifted));
            }
            time = end;
            offset = offset.saturating_add((size & 0x7FFF_FFFF).into());
            if found.after.is_some() {
                break;
            }
            continue;
        }
        let starts_with_key = start >> 31 == 1 || found.before.is_none();
        if starts_with_key && !is_index && !found.take(wanted, time, offset) {
            break;
        }
        time = end;
        offset = offset.saturating_add((size & 0x7FFF_FFFF).into());
    }
    Ok((timescale, offset))
}

/// Whether there is more of the film at `at`, behind what an index covers.
fn goes_on(r: &Reader<'_>, at: u64) -> bool {
    let mut r = r.clone();
    let next = r.seek(at).and_then(|()| next_box(&mut r));
    matches!(
        next,
        Ok(Some((kind, _))) if matches!(&kind, b"moof" | b"sidx" | b"styp" | b"emsg" | b"prft")
    )
}

/// `mfra` at the end, whose last four bytes are its length: `tfra` has a time and a fragment for every key frame.
fn listed(
    r: &Reader<'_>,
    lead: &Tables<'_>,
    wanted: u64,
    first: u64,
    found: &mut Found,
) -> Result<(), Error> {
    let mut r = r.clone();
    let Some(end) = r.len().checked_sub(4) else {
        return Ok(());
    };
    r.seek(end)?;
    let Some(start) = r.len().checked_sub(r.be_u32()?.into()) else {
        return Ok(());
    };
    r.seek(start)?;
    let Ok(Some((kind, mut index))) = next_box(&mut r) else {
        return Ok(());
    };
    if &kind != b"mfra" {
        return Ok(());
    }
    walk(&mut index, &mut |kind, body| {
        if &kind != b"tfra" {
            return Ok(());
        }
        let (version, _) = version_flags(body)?;
        if body.be_u32()? != lead.id {
            return Ok(());
        }
        let sizes = body.be_u32()?;
        let numbers = [4, 2, 0].map(|shift| u64::from((sizes >> shift) & 3) + 1);
        let mut zero = None;
        for _ in 0..body.be_u32()? {
            let time = time_field(body, version)?.unwrap_or(0);
            let offset = time_field(body, version)?.unwrap_or(0);
            body.skip(numbers.iter().sum())?;
            // Times count from that of the first fragment.
            let zero = *zero.get_or_insert(time);
            if offset < first || !found.take(wanted, time.saturating_sub(zero), offset) {
                break;
            }
        }
        Ok(())
    })
}

/// Whether the place before begins with a key frame, as its own header has it.
fn begins_with_key(r: &Reader<'_>, lead: &Tables<'_>, found: &Found) -> Result<bool, Error> {
    let Some((_, offset)) = found.before else {
        return Ok(false);
    };
    let mut r = r.clone();
    if r.seek(offset).is_err() {
        return Ok(false);
    }
    match next_box(&mut r) {
        Ok(Some((kind, mut body))) if &kind == b"moof" => {
            let told = fragment(&mut body, lead)?;
            Ok(told.is_some_and(|(_, is_key)| is_key))
        }
        _ => Ok(false),
    }
}

/// The fragments in their order, by their headers; false: there are too many.
fn one_by_one(
    r: &Reader<'_>,
    lead: &Tables<'_>,
    wanted: u64,
    first: u64,
    found: &mut Found,
) -> Result<bool, Error> {
    let mut r = r.clone();
    r.seek(first)?;
    let mut zero = None;
    for _ in 0..FRAGMENTS {
        let at = r.position();
        let Some((kind, mut body)) = next_box(&mut r)? else {
            return Ok(true);
        };
        if &kind != b"moof" {
            continue;
        }
        let Some((time, is_key)) = fragment(&mut body, lead)? else {
            continue;
        };
        let zero = *zero.get_or_insert(time);
        if is_key && !found.take(wanted, time.saturating_sub(zero), at) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Fragments here and there, each found by its name, until those on both sides are known.
fn sampled(
    r: &Reader<'_>,
    lead: &Tables<'_>,
    first: u64,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    stamped::around(r.len(), time, whole, &mut |from, to, visit| {
        let mut r = r.clone();
        let mut at = from.max(first);
        while let Some(start) = next_fragment(&mut r, at, to)? {
            r.seek(start)?;
            let Ok(Some((_, mut body))) = next_box(&mut r) else {
                at = start + 1;
                continue;
            };
            at = r.position().max(start + 8);
            match fragment(&mut body, lead) {
                Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
                Ok(Some((time, is_key))) => {
                    let stamp = Stamp::at(seek::time(time, lead.timescale));
                    let picture = Picture {
                        at: start,
                        stamp,
                        is_key,
                    };
                    if !visit(picture) {
                        break;
                    }
                }
                // Bytes that only look like one.
                _ => at = start + 1,
            }
        }
        Ok(())
    })
}

/// Where the next `moof` begins between two places, by its name and a size that can be.
fn next_fragment(r: &mut Reader<'_>, from: u64, to: u64) -> Result<Option<u64>, Error> {
    const BLOCK: usize = 4096;
    let to = to.min(r.len());
    let mut at = from;
    let mut block = [0; BLOCK];
    while at < to {
        r.seek(at)?;
        let bytes = r.read_some(&mut block)?;
        if bytes.len() < 8 {
            break;
        }
        let sizes = bytes.windows(8).zip(at..to);
        let mut fragments = sizes.filter_map(|(window, at)| {
            let (size, kind) = window.split_first_chunk()?;
            let size = u32::from_be_bytes(*size);
            (kind == b"moof" && (16..MOOF_BYTES).contains(&size)).then_some(at)
        });
        if let Some(found) = fragments.next() {
            return Ok(Some(found));
        }
        // The last seven bytes may start one that goes on in the next block.
        at += bytes.len() as u64 - 7;
    }
    Ok(None)
}

/// Decode time of the track's first sample in a fragment, and whether it is a key frame.
fn fragment(r: &mut Reader<'_>, lead: &Tables<'_>) -> Result<Option<(u64, bool)>, Error> {
    let mut found = None;
    walk(r, &mut |kind, body| {
        if &kind == b"traf" && found.is_none() {
            found = traf(body, lead)?;
        }
        Ok(())
    })?;
    Ok(found)
}

fn traf(r: &mut Reader<'_>, lead: &Tables<'_>) -> Result<Option<(u64, bool)>, Error> {
    let (mut is_ours, mut time, mut sample_flags) = (false, None, lead.default_flags);
    let mut has_run = false;
    walk(r, &mut |kind, body| {
        match &kind {
            b"tfhd" => {
                let (_, flags) = version_flags(body)?;
                is_ours = body.be_u32()? == lead.id;
                // Base offset, description, duration and size stand in front of the flags (§8.8.7).
                let skipped = [(0x01, 8), (0x02, 4), (0x08, 4), (0x10, 4)];
                for (bit, bytes) in skipped {
                    body.skip(if flags & bit != 0 { bytes } else { 0 })?;
                }
                if flags & 0x20 != 0 {
                    sample_flags = body.be_u32()?;
                }
            }
            b"tfdt" => {
                let (version, _) = version_flags(body)?;
                time = time_field(body, version)?;
            }
            b"trun" if !has_run => {
                has_run = true;
                let (_, flags) = version_flags(body)?;
                body.skip(4)?;
                body.skip(if flags & 0x01 != 0 { 4 } else { 0 })?;
                if flags & 0x04 != 0 {
                    sample_flags = body.be_u32()?;
                } else if flags & 0x400 != 0 {
                    body.skip(if flags & 0x100 != 0 { 4 } else { 0 })?;
                    body.skip(if flags & 0x200 != 0 { 4 } else { 0 })?;
                    sample_flags = body.be_u32()?;
                }
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(time
        .filter(|_| is_ours)
        .map(|time| (time, sample_flags & NO_KEY == 0)))
}
