//! Times in Matroska: `Cues` (RFC 9559 §5.1.5), else the time stamps of the clusters, which are searched for.
//!
//! A place is the start of a cluster: it plays for whoever has read what stands in front of the first one.

use std::time::Duration;

use super::ebml::{Element, each, next, unsigned};
use super::tail::{self, CLUSTER};
use super::track::{self, Kind, Track};
use super::{INFO, MILLISECOND, SEEK_HEAD, SEGMENT, TRACKS};
use crate::media::codec::Streams;
use crate::media::reader::{Error, Reader};
use crate::media::seek::{Around, Place, nanos, proportion, share};

const CUES: u32 = 0x1C53_BB6B;
/// Elements in front of the first cluster.
const ELEMENTS: usize = 64;
/// Bytes searched at a time for the start of a cluster, and in all; few clusters are larger.
const BLOCK: u64 = 64 * 1024;
const SEARCHED_BYTES: u64 = 6 * 1024 * 1024;
/// Guesses at the place of a time. Each leaves a small part of the file.
const GUESSES: usize = 12;
/// Clusters gone back over until one starts with a key frame.
const BACK: usize = 64;
/// Clusters gone along from the last guess.
const STEPS: usize = 256;

/// What stands in front of the first cluster.
struct Head<'a> {
    segment: Reader<'a>,
    tick_nanos: u64,
    /// The track whose key frames count: the first of pictures, else the first of sound.
    track: Option<u64>,
    /// Where the cues are said to be, from the segment's first byte.
    cues: Option<u64>,
    first_cluster: Option<u64>,
}

/// A cluster: its place in the segment, and its time stamp in ticks.
#[derive(Clone, Copy)]
struct Cluster {
    at: u64,
    ticks: u64,
}

/// The places on both sides of `time`.
///
/// # Errors
/// Of the reader, or of the elements' form.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    whole: Duration,
) -> Result<Option<Around>, Error> {
    let Some(head) = Head::read(r)? else {
        return Ok(None);
    };
    let Some(first) = head.first_cluster else {
        return Ok(None);
    };
    let zero = head.stamp(first)?.unwrap_or(0);
    // A start that is late by an hour is a clock, not a pause.
    let ticks = nanos(time) / head.tick_nanos;
    let wanted = zero.saturating_add(ticks);
    let found = match head.cued(wanted) {
        Ok(Some(found)) => Some(found),
        // Damaged cues are as good as none.
        Ok(None) | Err(_) => head.searched(wanted, zero, first, time, whole)?,
    };
    let place = |cluster: Cluster| {
        let nanos = cluster
            .ticks
            .saturating_sub(zero)
            .saturating_mul(head.tick_nanos);
        Place {
            offset: head.origin().saturating_add(cluster.at),
            time: Duration::from_nanos(nanos),
        }
    };
    Ok(found.map(|(before, after)| Around {
        before: before.map_or(Place::START, place),
        after: after.map(place),
    }))
}

/// The last cluster at or before a time, and the first one behind it.
type Sides = (Option<Cluster>, Option<Cluster>);

impl<'a> Head<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Option<Self>, Error> {
        let segment = loop {
            match next(r)? {
                Some(element) if element.id == SEGMENT => break element.body,
                Some(_) => {}
                None => return Ok(None),
            }
        };
        let mut head = Self {
            segment: segment.clone(),
            tick_nanos: MILLISECOND,
            track: None,
            cues: None,
            first_cluster: None,
        };
        let mut r = segment;
        for _ in 0..ELEMENTS {
            let at = r.position();
            let Some(Element { id, mut body, .. }) = next(&mut r)? else {
                break;
            };
            match id {
                CLUSTER => {
                    head.first_cluster = Some(at);
                    break;
                }
                CUES => head.cues = Some(at),
                SEEK_HEAD => walk(&mut body, &mut |id, body| match id {
                    0x4DBB => head.seek(body),
                    _ => Ok(()),
                })?,
                INFO => walk(&mut body, &mut |id, body| {
                    if id == 0x2A_D7B1 {
                        head.tick_nanos = unsigned(body)?.max(1);
                    }
                    Ok(())
                })?,
                TRACKS => head.track = lead(&mut body)?,
                _ => {}
            }
        }
        Ok(Some(head))
    }

    /// One entry of a seek head.
    fn seek(&mut self, r: &mut Reader<'_>) -> Result<(), Error> {
        let (mut id, mut at) = (0, None);
        walk(r, &mut |field, body| {
            match field {
                0x53AB => id = unsigned(body)?,
                0x53AC => at = Some(unsigned(body)?),
                _ => {}
            }
            Ok(())
        })?;
        if id == u64::from(CUES) {
            self.cues = self.cues.or(at);
        }
        Ok(())
    }

    /// Where the segment's first byte is in the file.
    fn origin(&self) -> u64 {
        self.segment
            .offset()
            .saturating_sub(self.segment.position())
    }

    /// The time stamp of the cluster at `at`; `None` if there is none.
    fn stamp(&self, at: u64) -> Result<Option<u64>, Error> {
        let mut r = self.segment.clone();
        r.seek(at)?;
        match tail::timestamp(&mut r) {
            Err(Error::Malformed(_)) => Ok(None),
            stamp => stamp,
        }
    }

    /// By the cues; `None` if there are none for the track, or if they point at no cluster.
    fn cued(&self, wanted: u64) -> Result<Option<Sides>, Error> {
        let Some(at) = self.cues else {
            return Ok(None);
        };
        let mut r = self.segment.clone();
        r.seek(at)?;
        let Some(mut cues) = next(&mut r)?.filter(|e| e.id == CUES) else {
            return Ok(None);
        };
        let (mut before, mut after): Sides = (None, None);
        while after.is_none() {
            let Some(mut point) = next(&mut cues.body)? else {
                break;
            };
            if point.id != 0xBB {
                continue;
            }
            let Some(cluster) = self.point(&mut point.body)? else {
                continue;
            };
            if cluster.ticks > wanted {
                after = Some(cluster);
            } else {
                before = Some(cluster);
            }
        }
        let Some(sure) = before.or(after) else {
            return Ok(None);
        };
        Ok(self.stamp(sure.at)?.map(|_| (before, after)))
    }

    /// `CuePoint`: its time and the cluster in which the track has it.
    fn point(&self, r: &mut Reader<'_>) -> Result<Option<Cluster>, Error> {
        let (mut ticks, mut at) = (0, None);
        walk(r, &mut |id, body| {
            match id {
                0xB3 => ticks = unsigned(body)?,
                0xB7 => {
                    let (mut track, mut cluster) = (0, None);
                    walk(body, &mut |id, body| {
                        match id {
                            0xF7 => track = unsigned(body)?,
                            0xF1 => cluster = Some(unsigned(body)?),
                            _ => {}
                        }
                        Ok(())
                    })?;
                    if self.track.is_none_or(|wanted| wanted == track) {
                        at = at.or(cluster);
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(at.map(|at| Cluster { at, ticks }))
    }

    /// By guesses at the place, each of which tells on which side of it the time is. When the budget ends, what is known by
    /// then counts.
    fn searched(
        &self,
        wanted: u64,
        zero: u64,
        first: u64,
        time: Duration,
        whole: Duration,
    ) -> Result<Option<Sides>, Error> {
        let mut low = Cluster {
            at: first,
            ticks: zero,
        };
        let mut high: Option<Cluster> = None;
        // No cluster that is looked for starts from here on.
        let mut top = self.segment.len();
        let mut guess = first.saturating_add(proportion(time, whole, top.saturating_sub(first)));
        for _ in 0..GUESSES {
            if top.saturating_sub(low.at) <= BLOCK {
                break;
            }
            let from = guess.clamp(low.at + 1, top - 1);
            match self.next_cluster(from, top) {
                Ok(Some(cluster)) if cluster.ticks <= wanted => low = cluster,
                Ok(Some(cluster)) => (high, top) = (Some(cluster), from),
                Ok(None) => top = from,
                Err(Error::Limit) => break,
                Err(error) => return Err(error),
            }
            guess = low.at + top.saturating_sub(low.at) / 2;
            if let Some(high) = high {
                let span = high.ticks.saturating_sub(low.ticks);
                let part = wanted.saturating_sub(low.ticks);
                // A little early, so that what is found is more likely in front.
                let near = share(part, span, high.at.saturating_sub(low.at)) / 8 * 7;
                guess = low.at.saturating_add(near);
            }
        }
        let mut after = high;
        for _ in 0..STEPS {
            match self.next_cluster(low.at + 1, self.segment.len()) {
                Ok(Some(cluster)) if cluster.ticks <= wanted => low = cluster,
                Ok(Some(cluster)) => {
                    after = Some(cluster);
                    break;
                }
                Ok(None) | Err(Error::Limit) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(Some((
            Some(self.key_at_or_before(low, first, wanted)),
            after,
        )))
    }

    /// The first cluster that starts between `from` and `to`.
    fn next_cluster(&self, from: u64, to: u64) -> Result<Option<Cluster>, Error> {
        let mut at = from;
        let to = to.min(from.saturating_add(SEARCHED_BYTES));
        while at < to {
            let mut block = self.segment.clone();
            block.seek(at)?;
            // Three bytes more: the mark may lie across the border.
            let bytes = block.bytes((BLOCK + 3).min(block.remaining()))?;
            for (place, _) in (at..to)
                .zip(bytes.windows(4))
                .filter(|(_, window)| *window == CLUSTER.to_be_bytes())
            {
                if let Some(ticks) = self.stamp(place)? {
                    return Ok(Some(Cluster { at: place, ticks }));
                }
            }
            at = at.saturating_add(BLOCK);
        }
        Ok(None)
    }

    /// Goes back until a cluster starts with a key frame that is shown at or before a time; if none near does, the one it
    /// came from.
    fn key_at_or_before(&self, from: Cluster, first: u64, wanted: u64) -> Cluster {
        let mut cluster = from;
        for _ in 0..BACK {
            match self.first_picture(cluster) {
                Ok(Some((ticks, true))) if ticks <= wanted => return Cluster { ticks, ..cluster },
                Ok(_) if cluster.at > first => {}
                _ => break,
            }
            let before = tail::last_cluster(
                &self.segment,
                first.max(cluster.at.saturating_sub(SEARCHED_BYTES)),
                cluster.at,
            );
            let Ok(Some(at)) = before else {
                break;
            };
            let Ok(Some(ticks)) = self.stamp(at) else {
                break;
            };
            cluster = Cluster { at, ticks };
        }
        from
    }

    /// The time of the track's first block in a cluster, and whether it is a key frame: `SimpleBlock` says so, a block in a
    /// group is one if it refers to no other (§10.1).
    fn first_picture(&self, cluster: Cluster) -> Result<Option<(u64, bool)>, Error> {
        let mut r = self.segment.clone();
        r.seek(cluster.at)?;
        let Some(mut blocks) = next(&mut r)? else {
            return Ok(None);
        };
        for _ in 0..ELEMENTS {
            let Some(mut element) = next(&mut blocks.body)? else {
                break;
            };
            let (track, offset, is_key) = match element.id {
                0xA3 => {
                    let (track, offset, _) = tail::block(&mut element.body)?;
                    (track, offset, element.body.byte()? & 0x80 != 0)
                }
                0xA0 => {
                    let (mut track, mut offset, mut is_key) = (0, 0, true);
                    walk(&mut element.body, &mut |id, body| {
                        match id {
                            0xA1 => (track, offset, _) = tail::block(body)?,
                            0xFB => is_key = false,
                            _ => {}
                        }
                        Ok(())
                    })?;
                    (track, offset, is_key)
                }
                CLUSTER => break,
                _ => continue,
            };
            if self.track.is_none_or(|wanted| wanted == track) {
                return Ok(Some((cluster.ticks.saturating_add_signed(offset), is_key)));
            }
        }
        Ok(None)
    }
}

/// [`each`], compiled once for the whole search.
fn walk<'a>(
    r: &mut Reader<'a>,
    visit: &mut dyn FnMut(u32, &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    each(r, visit)
}

/// The number of the track whose key frames count.
fn lead(r: &mut Reader<'_>) -> Result<Option<u64>, Error> {
    let mut tracks: Vec<Track> = Vec::new();
    walk(r, &mut |id, body| {
        if id == 0xAE && tracks.len() < Streams::MOST {
            tracks.push(track::read(body)?);
        }
        Ok(())
    })?;
    let of = |kind: Kind| tracks.iter().find(|track| track.kind == kind);
    Ok(of(Kind::Video)
        .or_else(|| of(Kind::Sound))
        .map(|track| track.number))
}
