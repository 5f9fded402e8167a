//! Times in MPEG audio: by the table of a Xing header, else by the rate, which is that of the whole where it changes. Every
//! frame can be started with.

use std::time::Duration;

use super::{Frame, Media, find_stream, front_tags, stated_frames};
use crate::media::reader::{Error, Reader};
use crate::media::seek::{Around, Place, proportion, share};
use crate::media::tag;

/// Entries of the table: the part of the bytes, of 256, at each hundredth of the time.
const HUNDREDTHS: usize = 100;

/// The places on both sides of `time`.
///
/// # Errors
/// [`Error::Malformed`] if no frames are found; errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let mut tags = Media::default();
    front_tags(r, &mut tags)?;
    let front = r.position();
    let (start, first) = find_stream(r)?;
    let end = tag::behind(r, front, Media::default(), &mut tags)?;
    r.seek(start)?;
    let mut sound = r.sub(end.saturating_sub(start))?;
    let table = table(&sound, &first)?;
    let stated = stated_frames(&sound, &first)?.and_then(|frames| first.time_of(frames));
    let whole = stated.unwrap_or(whole);
    let offset = match table {
        Some(table) => by_table(&table, time, whole, sound.len()),
        None => proportion(time, whole, sound.len()),
    };
    // The frame in which the byte lies, and the next one.
    let mut frame_at = |offset: u64| -> Result<Option<u64>, Error> {
        sound.seek(offset.min(sound.len()))?;
        match find_stream(&mut sound) {
            Ok((at, frame)) => Ok(Some(at).filter(|_| frame.continues(&first))),
            Err(Error::Malformed(_)) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let Some(before) = frame_at(offset.saturating_sub(first.len))? else {
        return Ok(None);
    };
    let after = frame_at(before.saturating_add(1))?;
    let place = |at: u64| Place {
        offset: start.saturating_add(at),
        time,
    };
    Ok(Some(Around {
        before: place(before),
        after: after.map(place),
    }))
}

/// The table of a Xing or Info header: flag 4 says that it is there, behind the counts that flags 1 and 2 stand for.
fn table(sound: &Reader<'_>, first: &Frame) -> Result<Option<[u8; HUNDREDTHS]>, Error> {
    let side_info = match (first.mpeg1, first.channels) {
        (true, 2) => 32,
        (true, _) | (false, 2) => 17,
        (false, _) => 9,
    };
    let mut r = sound.clone();
    if r.seek(4 + side_info).is_err() || r.remaining() < 16 + HUNDREDTHS as u64 {
        return Ok(None);
    }
    let name: [u8; 4] = r.array()?;
    let flags = r.be_u32()?;
    if !matches!(&name, b"Xing" | b"Info") || flags & 4 == 0 {
        return Ok(None);
    }
    r.skip(4 * u64::from((flags & 3).count_ones()))?;
    let table: [u8; HUNDREDTHS] = r.array()?;
    Ok(Some(table).filter(|table| table.is_sorted() && table.last() > Some(&0)))
}

/// Between two entries of the table the rate is taken to be one.
fn by_table(table: &[u8; HUNDREDTHS], time: Duration, whole: Duration, len: u64) -> u64 {
    /// Parts of a hundredth.
    const FINE: u64 = 10_000;
    let place = proportion(time, whole, HUNDREDTHS as u64 * FINE);
    let entry = |n: u64| {
        let n = usize::try_from(n).unwrap_or(HUNDREDTHS);
        table.get(n).map_or(256, |part| u64::from(*part))
    };
    let (low, high) = (entry(place / FINE), entry(place / FINE + 1));
    let parts = low * FINE + high.saturating_sub(low) * (place % FINE);
    share(parts, 256 * FINE, len)
}
