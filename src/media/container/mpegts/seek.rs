//! Times in transport streams, by the time stamps of one stream. What is found begins with the program's tables where they
//! stand close in front of the key frame, as writers put them.

use std::time::Duration;

use super::tables::{self, Entry, Kind, Section};
use super::{HEAD_BYTES, Layout, PACKET_BYTES, SYNC, layout, packet};
use crate::media::container::pes::{self, seek::starts_with_key};
use crate::media::container::stamped::{self, Picture};
use crate::media::reader::{Error, Reader};
use crate::media::seek::Around;

/// Bytes in front of a key frame in which tables are looked for.
const TABLES_BYTES: u64 = 64 * 1024;

/// The places on both sides of `time`.
///
/// # Errors
/// [`Error::Malformed`] if there are no packets; errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let layout = layout(r)?;
    let Some(clock) = clock(r, layout)? else {
        return Ok(None);
    };
    let len = r.len();
    stamped::around(len, time, whole, &mut |from, to, visit| {
        scan(r, layout, clock, (from, to), visit)
    })
}

/// The stream whose stamps count: the first of pictures, else the first of sound.
fn clock(r: &mut Reader<'_>, layout: Layout) -> Result<Option<Entry>, Error> {
    let (mut association, mut map, mut map_pid) = (Section::default(), Section::default(), None);
    let mut entries = None;
    packets(r, layout, (layout.first, HEAD_BYTES), &mut |_, bytes| {
        if let Some((pid, starts, payload)) = packet(bytes) {
            if pid == 0 && map_pid.is_none() {
                map_pid = association
                    .add(payload, starts)
                    .and_then(tables::association);
            } else if Some(pid) == map_pid {
                entries = map.add(payload, starts).and_then(tables::map);
            }
        }
        entries.is_none()
    })?;
    let entries = entries.unwrap_or_default();
    let mut pictures = entries.iter().filter(|e| matches!(e.kind, Kind::Video(_)));
    let mut sounds = entries.iter().filter(|e| e.kind != Kind::Caption);
    Ok(pictures.next().or_else(|| sounds.next()).copied())
}

/// Shows each packet between two places, and where it is, until `visit` says false. Where the marks are lost they are looked
/// for.
fn packets(
    r: &mut Reader<'_>,
    layout: Layout,
    (from, to): (u64, u64),
    visit: &mut dyn FnMut(u64, &[u8; PACKET_BYTES]) -> bool,
) -> Result<(), Error> {
    let from = from.max(layout.first);
    let before = (from - layout.first).div_ceil(layout.stride);
    let mut at = layout.first + before * layout.stride;
    while at < to && r.len().saturating_sub(at) >= PACKET_BYTES as u64 {
        r.seek(at)?;
        let bytes = r.array()?;
        if bytes.first() != Some(&SYNC) {
            at += 1;
            continue;
        }
        if !visit(at, &bytes) {
            return Ok(());
        }
        at += layout.stride;
    }
    Ok(())
}

fn scan(
    r: &mut Reader<'_>,
    layout: Layout,
    clock: Entry,
    (from, to): (u64, u64),
    visit: &mut dyn FnMut(Picture) -> bool,
) -> Result<(), Error> {
    // The time stamp in front of a packet of 192 bytes belongs to it.
    let in_front = if layout.stride == 192 { 4 } else { 0 };
    let mut tables_at = None;
    let earlier = from.saturating_sub(TABLES_BYTES);
    packets(r, layout, (earlier, to), &mut |at, bytes| {
        let Some((pid, true, payload)) = packet(bytes) else {
            return true;
        };
        if pid == 0 {
            tables_at = Some(at);
        }
        if pid != clock.pid || at < from {
            return true;
        }
        let Some((header, stamp)) = pes::header(payload).and_then(|h| Some((h, h.stamp?))) else {
            return true;
        };
        let es = payload.get(header.len..).unwrap_or_default();
        let is_key = match clock.kind {
            Kind::Video(codec) => random_access(bytes) || starts_with_key(codec, es),
            _ => true,
        };
        let near = tables_at
            .take()
            .filter(|tables| is_key && at - tables <= TABLES_BYTES);
        visit(Picture {
            at: near.unwrap_or(at).saturating_sub(in_front),
            stamp,
            is_key,
        })
    })
}

/// `random_access_indicator` (§2.4.3.5).
fn random_access(bytes: &[u8; PACKET_BYTES]) -> bool {
    matches!(bytes, [_, _, _, flags, length, bits, ..] if flags & 0x20 != 0 && *length > 0 && bits & 0x40 != 0)
}
