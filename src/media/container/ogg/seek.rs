//! Times in Ogg: the granules of the pages of the sound. A file of several links has none: its times begin anew in each.

use std::time::Duration;

use super::{Link, PAGE_BYTES, Page, file_end, seek_page, stream::Stream};
use crate::media::Media;
use crate::media::container::{
    pes::Stamp,
    stamped::{self, Picture},
};
use crate::media::reader::{Error, Reader};
use crate::media::seek::Around;

/// The places on both sides of `time`.
///
/// # Errors
/// Errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let link = Link::read(r, &mut Media::default())?;
    let (last, _) = file_end(r, link.streams.len())?;
    let is_one = last.is_some_and(|serial| link.serials.contains(&serial));
    let Some(stream) = link.leading().filter(|s| is_one && !s.coding.is_video()) else {
        return Ok(None);
    };
    let start = link.start(r, stream)?;
    stamped::around(r.len(), time, whole, &mut |from, to, visit| {
        pages(r, (&link, stream, start), (from, to), visit)
    })
}

/// Shows the pages of `stream` that begin between two places, each with the time from which it can be heard: where the page
/// before it ends, and a packet later, for the first one is cut off or only prepares the next.
fn pages(
    r: &Reader<'_>,
    (link, stream, start): (&Link, &Stream, u64),
    (from, to): (u64, u64),
    visit: &mut dyn FnMut(Picture) -> bool,
) -> Result<(), Error> {
    let mut r = r.clone();
    // The page before tells the time.
    let first = from.saturating_sub(PAGE_BYTES).max(link.behind_heads);
    r.seek(first.min(r.len()))?;
    let mut before = (first == link.behind_heads).then_some(0);
    while seek_page(&mut r, PAGE_BYTES)? {
        let at = r.position();
        if at >= to {
            break;
        }
        let page = Page::read(&mut r)?;
        if page.serial == stream.serial {
            if let Some(granule) = before.filter(|_| at >= from) {
                let stamp = Stamp::at(stream.heard_from(start, granule));
                let picture = Picture {
                    at,
                    stamp,
                    is_key: true,
                };
                if !visit(picture) {
                    break;
                }
            }
            before = page.granule.or(before);
        }
        if r.skip(page.body_len()).is_err() {
            break;
        }
    }
    Ok(())
}
