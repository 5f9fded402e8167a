//! The play time of a file that does not state it, as live recordings and pipes leave it: the last block's end.

use super::ebml::{each, next, unsigned};
use super::track::Track;
use crate::media::reader::{Error, Reader};

/// `Cluster`.
pub(super) const CLUSTER: u32 = 0x1F43_B675;
/// Bytes at the end that are searched for the last cluster, less first: a cluster is seldom larger than 5 MiB.
const SEARCHED: [u64; 3] = [64 * 1024, 512 * 1024, 5 * 1024 * 1024];
/// Bytes searched at a time.
const BLOCK: u64 = 64 * 1024;
/// Elements of the last cluster that are looked at.
const ELEMENTS: usize = 4096;

/// The end of the last block, in ticks of the file; `None` if no cluster is found. `r` is the segment.
///
/// # Errors
/// Errors of the reader.
pub(super) fn end(r: &Reader<'_>, tick_nanos: u64, tracks: &[Track]) -> Result<Option<u64>, Error> {
    let mut searched_to = r.len();
    for span in SEARCHED {
        let from = r.len().saturating_sub(span);
        if let Some(at) = last_cluster(r, from, searched_to)? {
            let mut r = r.clone();
            r.seek(at)?;
            return cluster_end(&mut r, tick_nanos, tracks);
        }
        if from == 0 {
            break;
        }
        searched_to = from;
    }
    Ok(None)
}

/// The last place between `from` and `to` where a cluster with a timestamp starts.
pub(super) fn last_cluster(r: &Reader<'_>, from: u64, to: u64) -> Result<Option<u64>, Error> {
    let mut end = to;
    while end > from {
        let start = end.saturating_sub(BLOCK).max(from);
        let mut block = r.clone();
        block.seek(start)?;
        // Three bytes more: the mark may lie across the border.
        let bytes = block.bytes((end - start + 3).min(block.remaining()))?;
        for (i, window) in bytes.windows(4).enumerate().rev() {
            if window != CLUSTER.to_be_bytes() {
                continue;
            }
            let at = start.saturating_add(i as u64);
            let mut cluster = r.clone();
            cluster.seek(at)?;
            if timestamp(&mut cluster).is_ok_and(|t| t.is_some()) {
                return Ok(Some(at));
            }
        }
        end = start;
    }
    Ok(None)
}

/// The timestamp of the cluster that starts here, in ticks.
pub(super) fn timestamp(r: &mut Reader<'_>) -> Result<Option<u64>, Error> {
    /// What may stand in front of the timestamp: a checksum, padding, position and size.
    const BEFORE: usize = 4;
    let Some(mut cluster) = next(r)?.filter(|e| e.id == CLUSTER) else {
        return Ok(None);
    };
    for _ in 0..BEFORE {
        match next(&mut cluster.body)? {
            Some(mut element) if element.id == 0xE7 => {
                return unsigned(&mut element.body).map(Some);
            }
            Some(element) if matches!(element.id, 0xBF | 0xEC | 0xA7 | 0xAB) => {}
            _ => return Ok(None),
        }
    }
    Ok(None)
}

fn cluster_end(
    r: &mut Reader<'_>,
    tick_nanos: u64,
    tracks: &[Track],
) -> Result<Option<u64>, Error> {
    let Some(start) = timestamp(&mut r.clone())? else {
        return Ok(None);
    };
    let Some(mut cluster) = next(r)? else {
        return Ok(None);
    };
    let mut last = start;
    for _ in 0..ELEMENTS {
        // What is cut off at the end of a recording counts as far as it goes.
        let Ok(Some(mut element)) = next(&mut cluster.body) else {
            break;
        };
        let block = match element.id {
            0xA3 => block(&mut element.body),
            0xA0 => group(&mut element.body),
            0xE7 | 0xA7 | 0xAB | 0xEC | 0xBF => continue,
            // The next element of the segment.
            _ => break,
        };
        let Ok((track, offset, stated)) = block else {
            break;
        };
        let frame = || {
            tracks
                .iter()
                .find(|t| t.number == track)?
                .frame_nanos?
                .checked_div(tick_nanos)
        };
        let length = stated.or_else(frame).unwrap_or(0);
        last = last.max(start.saturating_add_signed(offset).saturating_add(length));
    }
    Ok(Some(last))
}

/// `BlockGroup`: a block and perhaps its length in ticks.
fn group(r: &mut Reader<'_>) -> Result<(u64, i64, Option<u64>), Error> {
    let (mut found, mut length) = ((0, 0), None);
    each(r, |id, body| {
        match id {
            0xA1 => {
                let (track, offset, _) = block(body)?;
                found = (track, offset);
            }
            0x9B => length = Some(unsigned(body)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok((found.0, found.1, length))
}

/// The head of a block (RFC 9559 §10.1): track number, ticks after the cluster's timestamp.
pub(super) fn block(r: &mut Reader<'_>) -> Result<(u64, i64, Option<u64>), Error> {
    let first = r.byte()?;
    let track = if first & 0x80 != 0 {
        u64::from(first & 0x7F)
    } else {
        u64::from(first & 0x3F) << 8 | u64::from(r.byte()?)
    };
    let offset = i16::from_be_bytes(r.array()?);
    Ok((track, i64::from(offset), None))
}
