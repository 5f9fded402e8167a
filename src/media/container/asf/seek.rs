//! Times in ASF: the presentation times of its packets, which all have one size (§5.2). The index is not needed.

use std::time::Duration;

use super::{FILE_PROPERTIES, Guid, HEADER, STREAM_PROPERTIES, VIDEO, each};
use crate::media::container::{
    pes::Stamp,
    stamped::{self, Picture},
};
use crate::media::reader::{Error, Reader};
use crate::media::seek::Around;

const DATA: &Guid = b"\x36\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
/// Bytes of the data object in front of the packets.
const DATA_BYTES: u64 = 50;
/// Bytes of a packet that are looked at: larger ones are of no writer that is known.
const PACKET_BYTES: u64 = 64 * 1024;
/// Payloads of one packet: their number has six bits.
const PAYLOADS: u8 = 63;

/// Where the packets are, and whose times count.
#[derive(Default)]
struct Film {
    /// Bytes of each packet; 0: they differ.
    packet: u64,
    /// The first stream of pictures, else the first one.
    stream: Option<u8>,
    has_pictures: bool,
    /// The first packet, and the end of the last.
    packets: (u64, u64),
}

/// The places on both sides of `time`.
///
/// # Errors
/// [`Error::Malformed`] without the header object; errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let film = Film::read(r)?;
    let (start, end) = film.packets;
    let Some(stream) = film.stream.filter(|_| film.packet > 0 && start < end) else {
        return Ok(None);
    };
    stamped::around(r.len(), time, whole, &mut |from, to, visit| {
        let first = from.max(start) - start;
        let first = start + first.div_ceil(film.packet) * film.packet;
        let mut at = first;
        while at < to.min(end) {
            let mut packet = r.clone();
            packet.seek(at)?;
            let mut packet = packet.sub(film.packet)?;
            let found = match first_start(&mut packet, stream, film.has_pictures) {
                Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
                // A packet that is damaged does not hide the others.
                found => found.ok().flatten(),
            };
            if let Some((millis, is_key)) = found {
                let picture = Picture {
                    at,
                    stamp: Stamp::at(Duration::from_millis(millis.into())),
                    is_key: is_key || !film.has_pictures,
                };
                if !visit(picture) {
                    break;
                }
            }
            at += film.packet;
        }
        Ok(())
    })
}

impl Film {
    fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        if &r.array()? != HEADER {
            return Err(Error::Malformed("ASF header"));
        }
        let len = r.le_u64()?;
        r.skip(4 + 2)?;
        let mut film = Self::default();
        let mut header = r.sub(len.saturating_sub(30))?;
        each(&mut header, &mut |kind, body| {
            match &kind {
                FILE_PROPERTIES => {
                    body.skip(16 + 6 * 8 + 4)?;
                    let (least, most) = (body.le_u32()?, body.le_u32()?);
                    let is_one = least == most && u64::from(most) <= PACKET_BYTES;
                    film.packet = if is_one { most.into() } else { 0 };
                }
                STREAM_PROPERTIES => {
                    let kind: Guid = body.array()?;
                    body.skip(16 + 8 + 4 + 4)?;
                    let number = body.byte()? & 127;
                    let is_pictures = &kind == VIDEO;
                    if film.stream.is_none() || is_pictures && !film.has_pictures {
                        film.stream = Some(number);
                        film.has_pictures = is_pictures;
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        each(r, &mut |kind, body| {
            if &kind == DATA && film.packets.0 == 0 {
                let start = body.offset();
                film.packets = (start + DATA_BYTES - 24, start + body.remaining());
            }
            Ok(())
        })?;
        Ok(film)
    }
}

/// The time in milliseconds of the first media object of `stream` that starts in a packet, of pictures the first key frame if
/// there is one, and whether it is one.
///
/// ```text
/// 1000 00ee  e bytes | 0 ss p l q m | pp rr oo nn | l q p: lengths | send time 4 | duration 2 | (m: number of payloads) | payloads
/// ```
fn first_start(
    r: &mut Reader<'_>,
    stream: u8,
    has_pictures: bool,
) -> Result<Option<(u32, bool)>, Error> {
    let mut flags = r.byte()?;
    // Error correction data, where there are some (§5.2.1).
    if flags & 0x80 != 0 {
        r.skip((flags & 15).into())?;
        flags = r.byte()?;
    }
    let properties = r.byte()?;
    sized(r, flags >> 5)?;
    sized(r, flags >> 1)?;
    let padding = sized(r, flags >> 3)?;
    r.skip(4 + 2)?;
    let has_several = flags & 1 != 0;
    let (mut count, mut lengths) = (1, 0);
    if has_several {
        let byte = r.byte()?;
        (count, lengths) = (byte & PAYLOADS, byte >> 6);
    }
    let mut found = None;
    for _ in 0..count {
        let number = r.byte()?;
        sized(r, properties >> 4)?;
        let place = sized(r, properties >> 2)?;
        let replicated = sized(r, properties)?;
        // Objects of one payload each, packed together: the place is their time.
        let is_packed = replicated == 1;
        let mut data = r.sub(replicated.into())?;
        let time = if is_packed {
            place
        } else {
            data.skip(4)?;
            data.le_u32()?
        };
        let is_start = is_packed || place == 0;
        if number & 127 == stream && is_start {
            let is_key = number & 128 != 0;
            if is_key || !has_pictures {
                return Ok(Some((time, is_key)));
            }
            found = found.or(Some((time, false)));
        }
        let len = if has_several {
            sized(r, lengths)?.into()
        } else {
            r.remaining().saturating_sub(padding.into())
        };
        r.skip(len)?;
    }
    Ok(found)
}

/// A number of no, one, two or four bytes, as the lowest two bits of `kind` say.
fn sized(r: &mut Reader<'_>, kind: u8) -> Result<u32, Error> {
    match kind & 3 {
        0 => Ok(0),
        1 => r.byte().map(u32::from),
        2 => r.le_u16().map(u32::from),
        _ => r.le_u32(),
    }
}
