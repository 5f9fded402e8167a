//! Times in AVI: the indexes of OpenDML, which cover all parts of a file, else `idx1`, which covers the first.

use std::time::Duration;

use super::{Film, each};
use crate::media::reader::{Error, Reader};
use crate::media::seek::{Around, Place, nanos};

/// Bytes of an entry: name, flags, offset, size.
const ENTRY_BYTES: u64 = 16;
/// `AVIIF_KEYFRAME`
const KEY: u32 = 0x10;

/// The places on both sides of `time`.
///
/// # Errors
/// [`Error::Malformed`] without the header; errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    _: Duration,
) -> Result<Option<Around>, Error> {
    if &r.array()? != b"RIFF" {
        return Err(Error::Malformed("AVI header"));
    }
    r.skip(8)?;
    let (mut film, mut streams, mut pictures) = (Film::default(), 0, None);
    let (mut movie, mut index, mut open) = (None, None, None);
    walk(r, &mut |kind, list, body| {
        match (&kind, &list) {
            (b"LIST", b"hdrl") => {
                film.headers(&mut body.clone())?;
                walk(body, &mut |kind, list, body| {
                    if (&kind, &list) == (b"LIST", b"strl") {
                        if pictures.is_none() && is_pictures(&mut body.clone())? {
                            pictures = Some(streams);
                            open = open_index(body)?;
                        }
                        streams += 1_u8;
                    }
                    Ok(())
                })?;
            }
            // The offsets of the index count from the list's name.
            (b"LIST", b"movi") => movie = movie.or(body.offset().checked_sub(4)),
            (b"idx1", _) => index = index.take().or(Some(body.clone())),
            _ => {}
        }
        Ok(())
    })?;
    let frame_nanos = match film.pictures {
        Some((_, scale, rate)) if scale > 0 && rate > 0 => {
            // Both have 32 bits.
            scale * 1_000_000_000 / rate
        }
        _ => u64::from(film.frame_micros) * 1000,
    };
    let Some(wanted) = nanos(time).checked_div(frame_nanos) else {
        return Ok(None);
    };
    let found = match (open, pictures, movie, index) {
        (Some(open), ..) => parts(r, open, wanted)?,
        (None, Some(stream), Some(movie), Some(index)) => key_frames(index, movie, stream, wanted)?,
        _ => return Ok(None),
    };
    let place = |(frame, offset): (u64, u64)| {
        let time = Duration::from_nanos(u64::saturating_mul(frame, frame_nanos));
        Place { offset, time }
    };
    Ok(found.0.map(|before| Around {
        before: place(before),
        after: found.1.map(place),
    }))
}

/// What is shown each chunk: name, list type, content.
type Visit<'v, 'a> = &'v mut dyn FnMut([u8; 4], [u8; 4], &mut Reader<'a>) -> Result<(), Error>;

/// [`each`], compiled once for the whole search.
fn walk<'a>(r: &mut Reader<'a>, visit: Visit<'_, 'a>) -> Result<(), Error> {
    each(r, visit)
}

/// Whether a stream's header says that it carries pictures.
fn is_pictures(r: &mut Reader<'_>) -> Result<bool, Error> {
    let mut found = false;
    walk(r, &mut |kind, _, body| {
        if &kind == b"strh" {
            found = &body.array()? == b"vids";
        }
        Ok(())
    })?;
    Ok(found)
}

/// The index of indexes of a stream (OpenDML §3.0 `indx`), on its entries, and their number; `None`: there is none.
fn open_index<'a>(r: &mut Reader<'a>) -> Result<Option<(Reader<'a>, u32)>, Error> {
    /// `AVI_INDEX_OF_INDEXES`
    const OF_INDEXES: u8 = 0;
    let mut found = None;
    walk(r, &mut |kind, _, body| {
        if &kind == b"indx" && found.is_none() {
            let (words, _, kind) = (body.le_u16()?, body.byte()?, body.byte()?);
            let count = body.le_u32()?;
            body.skip(4 + 12)?;
            let is_known = words == 4 && kind == OF_INDEXES && count > 0;
            found = is_known.then(|| (body.clone(), count));
        }
        Ok(())
    })?;
    Ok(found)
}

/// The key frames on both sides, in the index of each part of the file that may have one of them.
fn parts(
    r: &Reader<'_>,
    (mut index, count): (Reader<'_>, u32),
    wanted: u64,
) -> Result<Sides, Error> {
    let mut first = 0_u64;
    let mut before: Option<(u64, u64)> = None;
    for left in (0..count).rev() {
        if index.remaining() < ENTRY_BYTES {
            break;
        }
        let (at, _, frames) = (index.le_u64()?, index.le_u32()?, index.le_u32()?);
        let (start, end) = (first, first.saturating_add(frames.into()));
        first = end;
        if end <= wanted {
            before = Some((at, start));
            continue;
        }
        let mut sides = chunks(r, at, start, wanted)?;
        if let (None, Some((at, start))) = (sides.0, before) {
            sides.0 = chunks(r, at, start, wanted)?.0;
        }
        // Behind the last one of this part comes the first one of the next.
        if sides.1.is_none() && left > 0 {
            sides.1 = chunks(r, index.le_u64()?, end, wanted)?.1;
        }
        return Ok(sides);
    }
    Ok((None, None))
}

/// The key frames on both sides in the index of one part (OpenDML §3.0 `ix##`), whose first frame has the number `first`.
fn chunks(r: &Reader<'_>, at: u64, first: u64, wanted: u64) -> Result<Sides, Error> {
    /// `AVI_INDEX_OF_CHUNKS`
    const OF_CHUNKS: u8 = 1;
    /// The bit of a size that says that a frame is no key frame.
    const DELTA: u32 = 1 << 31;
    let mut r = r.clone();
    r.seek(at)?;
    r.skip(4)?;
    let len = r.le_u32()?;
    let mut index = r.sub(len.into())?;
    let (words, _, kind) = (index.le_u16()?, index.byte()?, index.byte()?);
    let count = index.le_u32()?;
    index.skip(4)?;
    let base = index.le_u64()?;
    index.skip(4)?;
    if words != 2 || kind != OF_CHUNKS {
        return Err(Error::Malformed("OpenDML index"));
    }
    let mut before = None;
    for frame in (first..).take(usize::try_from(count).unwrap_or(usize::MAX)) {
        if index.remaining() < 8 {
            break;
        }
        let (offset, size) = (index.le_u32()?, index.le_u32()?);
        if size & DELTA != 0 {
            continue;
        }
        // It counts to the picture; in front of that stand its name and size.
        let key = (frame, base.saturating_add(offset.into()).saturating_sub(8));
        if frame > wanted {
            return Ok((before, Some(key)));
        }
        before = Some(key);
    }
    Ok((before, None))
}

/// A frame by its number, and where its chunk is.
type Frame = (u64, u64);
/// The key frames on both sides of a time.
type Sides = (Option<Frame>, Option<Frame>);

fn key_frames(mut index: Reader<'_>, movie: u64, stream: u8, wanted: u64) -> Result<Sides, Error> {
    let digits = [b'0' + stream / 10 % 10, b'0' + stream % 10];
    let mut start = None;
    let (mut frame, mut before) = (0, None);
    while index.remaining() >= ENTRY_BYTES {
        let name: [u8; 4] = index.array()?;
        let (flags, offset) = (index.le_u32()?, u64::from(index.le_u32()?));
        index.skip(4)?;
        // Some writers count from the start of the file: the first chunk tells.
        let start = *start.get_or_insert(if offset >= movie { 0 } else { movie });
        if !name.starts_with(&digits) || !matches!(name, [_, _, b'd', b'b' | b'c']) {
            continue;
        }
        if flags & KEY != 0 {
            let key = (frame, start.saturating_add(offset));
            if frame > wanted {
                return Ok((before, Some(key)));
            }
            before = Some(key);
        }
        frame += 1;
    }
    // A part of a file that goes on elsewhere says nothing about what is behind it.
    Ok((before.filter(|_| frame > wanted), None))
}
