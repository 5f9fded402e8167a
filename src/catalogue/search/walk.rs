//! The objects below a container, each once, one at a time.

use super::Listed;
use crate::{
    catalogue::{
        record::flag,
        signature::Signature,
        snapshot::{Entry, Object, Snapshot},
    },
    limits,
    media::Class,
};

/// Containers within each other: folders, then what a playlist or a view adds to them. Deeper ones, of which there are
/// none but in a damaged snapshot, are left out.
const DEPTH: usize = limits::DEPTH + 16;

/// Where a search stands.
#[derive(Debug)]
pub(super) enum Walk {
    /// Going through all records; the next one's number.
    Everything(u32),
    /// Going down from a container.
    Below(Below),
    /// Going through the items of the container whose items are listed at run time; the next one's place.
    Listed(usize),
    /// Nothing is left.
    Ended,
}

#[derive(Debug)]
pub(super) struct Below {
    top: u32,
    /// The containers on the way down, and the place of each one's next child.
    way: Vec<(u32, u32)>,
    seen: Seen,
}

/// What one look has brought.
pub(super) enum Turn<'a> {
    /// An object.
    Met(Entry<'a>),
    /// Nothing to be found.
    Nothing,
    /// It was the last.
    End,
}

impl Walk {
    pub(super) fn below(container: &Object<'_>, listed: Option<&Listed>) -> Self {
        match container.number() {
            _ if listed.is_some_and(|it| it.container == container.id()) => Self::Listed(0),
            0 => Self::Everything(1),
            top => Self::Below(Below {
                top,
                way: vec![(top, 0)],
                seen: Seen::default(),
            }),
        }
    }

    /// Passes over what cannot hold `wanted`, `most` records at the most; returns how many.
    pub(super) fn skip(&mut self, snapshot: &Snapshot, wanted: Signature, most: u32) -> u32 {
        let Self::Everything(next) = self else {
            return 0;
        };
        if wanted.is_empty() {
            return 0;
        }
        let most = most.min(snapshot.records().saturating_sub(*next));
        let mut rest = snapshot.signatures(*next).take(most as usize);
        let candidate = rest.position(|signature| signature.may_hold(wanted));
        let skipped = candidate.and_then(|at| u32::try_from(at).ok());
        let skipped = skipped.unwrap_or(most);
        *next += skipped;
        skipped
    }

    pub(super) fn next<'a>(&mut self, snapshot: &'a Snapshot, listed: Option<&Listed>) -> Turn<'a> {
        match self {
            Self::Everything(next) if *next < snapshot.records() => {
                let is_listed = |object: &Object<'_>| listed.is_some_and(|it| it.shows(object));
                let object = snapshot.object(*next);
                let object = object.filter(|object| is_found(object) || is_listed(object));
                *next += 1;
                object.map_or(Turn::Nothing, |object| Turn::Met(Entry::at_home(object)))
            }
            Self::Below(below) => below.next(snapshot, listed),
            Self::Listed(next) => {
                let Some((listed, record)) =
                    listed.and_then(|it| Some((it, *it.records.get(*next)?)))
                else {
                    return Turn::End;
                };
                *next += 1;
                let object = snapshot.object(record).filter(is_found);
                let within = Some(listed.container);
                object.map_or(Turn::Nothing, |object| Turn::Met(Entry { object, within }))
            }
            Self::Everything(_) | Self::Ended => Turn::End,
        }
    }
}

impl Below {
    fn next<'a>(&mut self, snapshot: &'a Snapshot, listed: Option<&Listed>) -> Turn<'a> {
        let Some((number, place)) = self.way.last_mut() else {
            return Turn::End;
        };
        let container = snapshot.object(*number);
        let at = *place;
        *place = place.saturating_add(1);
        let Some(container) = container.filter(|container| at < container.child_count()) else {
            self.way.pop();
            // After its other children comes the one that is listed at run time.
            let last = container.and_then(|above| listed?.child_of(&above, snapshot));
            return last.map_or(Turn::Nothing, |last| Turn::Met(Entry::at_home(last)));
        };
        let Some(child) = container.child(at) else {
            return Turn::Nothing;
        };
        // An item that is at home below is met there, whatever else shows it.
        let entry = container.entry(child);
        let is_elsewhere = entry.within.is_none() || !child.is_below(self.top);
        if !is_elsewhere || !self.seen.insert(child.number(), snapshot.records()) {
            return Turn::Nothing;
        }
        if child.is_container() && self.way.len() < DEPTH {
            self.way.push((child.number(), 0));
        }
        if is_found(&child) {
            Turn::Met(entry)
        } else {
            Turn::Nothing
        }
    }
}

/// It is found where it is met: no file that only belongs to others, no container that a view shows twice, and nothing on
/// a disk that is away.
fn is_found(object: &Object<'_>) -> bool {
    !object.record.has(flag::OFFLINE | flag::BESIDE | flag::COPY)
        && object.class() != Some(Class::Caption)
}

/// Records that were met, a bit each.
#[derive(Debug, Default)]
struct Seen(Vec<u32>);

impl Seen {
    /// False if it was there already.
    fn insert(&mut self, number: u32, records: u32) -> bool {
        if self.0.is_empty() {
            self.0.resize(records.div_ceil(32) as usize, 0);
        }
        let bit = 1 << (number % 32);
        match self.0.get_mut((number / 32) as usize) {
            Some(word) if *word & bit == 0 => {
                *word |= bit;
                true
            }
            _ => false,
        }
    }
}
