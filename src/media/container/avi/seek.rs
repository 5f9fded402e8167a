//! Times in AVI: the index `idx1`, of the first part of a file that has several.

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
    let (mut movie, mut index) = (None, None);
    walk(r, &mut |kind, list, body| {
        match (&kind, &list) {
            (b"LIST", b"hdrl") => {
                film.headers(&mut body.clone())?;
                walk(body, &mut |kind, list, body| {
                    if (&kind, &list) == (b"LIST", b"strl") {
                        pictures = pictures.or(is_pictures(body)?.then_some(streams));
                        streams += 1;
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
    let (Some(stream), Some(movie), Some(index)) = (pictures, movie, index) else {
        return Ok(None);
    };
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
    let found = key_frames(index, movie, stream, wanted)?;
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

/// A frame by its number, and where its chunk is.
type Frame = (u64, u64);

fn key_frames(
    mut index: Reader<'_>,
    movie: u64,
    stream: u8,
    wanted: u64,
) -> Result<(Option<Frame>, Option<Frame>), Error> {
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
