//! Times in program streams, by the time stamps of the pictures. What is found begins with a pack.

use std::time::Duration;

use super::{BLOCK, END, PACK, PES_HEADER_BYTES, next_code};
use crate::media::codec::VideoCodec;
use crate::media::container::pes::{self, seek::starts_with_key};
use crate::media::container::stamped::{self, Picture};
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
    let len = r.len();
    // The stream that counts: the first of pictures, or of sound where there are none near the start.
    let mut streams = [None, None];
    let head = 2 * super::TRACKS_BYTES;
    packets(r, (0, head), &mut |_, code, _| {
        if let Some(place) = streams.get_mut(usize::from(code < 0xE0)) {
            place.get_or_insert(code);
        }
        streams.first() == Some(&None)
    })?;
    let [pictures, sound] = streams;
    let Some(stream) = pictures.or(sound) else {
        return Ok(None);
    };
    stamped::around(len, time, whole, &mut |from, to, visit| {
        packets(r, (from, to), &mut |at, code, bytes| {
            let header = pes::header(bytes).filter(|_| code == stream);
            let Some((header, stamp)) = header.and_then(|h| Some((h, h.stamp?))) else {
                return true;
            };
            let es = bytes.get(header.len..).unwrap_or_default();
            visit(Picture {
                at,
                stamp,
                is_key: stream < 0xE0 || starts_with_key(VideoCodec::Mpeg2, es),
            })
        })
    })
}

/// Shows the packets of pictures and sound from the first pack between two places on: where their pack begins, their number,
/// their first bytes; until `visit` says false.
fn packets(
    r: &mut Reader<'_>,
    (from, to): (u64, u64),
    visit: &mut dyn FnMut(u64, u8, &[u8]) -> bool,
) -> Result<(), Error> {
    let to = to.min(r.len());
    let mut pack = None;
    r.seek(from.min(r.len()))?;
    while let Some(code) = next_code(r, to)? {
        let at = r.position();
        r.skip(4)?;
        if code == PACK {
            pack = Some(at);
        }
        let (Some(start), true) = (pack, code > PACK) else {
            if code == END {
                pack = None;
            }
            continue;
        };
        if r.remaining() < 2 {
            break;
        }
        let len = u64::from(r.be_u16()?);
        if matches!(code, 0xC0..=0xEF) {
            let mut first = r.clone();
            first.seek(at)?;
            let mut bytes = [0; PES_HEADER_BYTES + BLOCK];
            let mut packet = first.sub(6 + len)?;
            if !visit(start, code, packet.read_some(&mut bytes)?) {
                break;
            }
        }
        r.skip(len.min(r.remaining()))?;
    }
    Ok(())
}
