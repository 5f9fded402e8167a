//! What matches below a container (ContentDirectory:1 §2.7.5, Search), looked for in bounded turns.
//!
//! ```text
//!  criteria ─► Condition ─┐
//!  container ─► Walk ─► entry ─► holds? ─► counted, and kept if it can be on the page ─► (sorted) ─► Matches
//! ```
//!
//! Each object is found once. Below the root everything is met at home, so its records are simply gone through. Below
//! another container an item that is at home there is met there; what a playlist or a view shows from elsewhere is met as
//! an appearance, in the first container that shows it.

mod condition;
mod range;
pub(super) mod text;
mod walk;

use std::{cmp::Ordering, sync::Arc};

use self::{
    condition::Condition,
    walk::{Turn, Walk},
};
use super::{
    object_id::ObjectId,
    snapshot::{Entry, Object, Snapshot},
    sort,
    user_state::UserStates,
};
use crate::{
    limits,
    wire::criteria::{SearchCriteria, SortKey},
};

/// Comparisons in one turn, about: some milliseconds on a small board.
const TESTS_PER_TURN: u32 = 4096;
/// Objects looked at in one turn.
const OBJECTS_PER_TURN: u32 = 2048;
/// Objects passed over by their signatures in the time of looking at one, about.
const SKIPPED_FOR_ONE: u32 = 16;
/// Matches that are sorted at once; longer lists are put together from sorted ones, one pair in each turn.
const RUN: usize = 1024;

/// What is to be found, and which part of it is wanted.
#[derive(Debug)]
pub struct Query<'q> {
    /// The container to search below.
    pub container: ObjectId,
    /// What to find.
    pub criteria: &'q SearchCriteria,
    /// What people did with the items, which can be searched for, too.
    pub states: &'q Arc<UserStates>,
    /// The order; none: containers before what is in them.
    pub keys: &'q [SortKey],
    /// The container whose items are known at run time only, if one is shown.
    pub listed: Option<&'q Listed>,
    /// Matches to leave out at the beginning.
    pub start: u32,
    /// Matches wanted; 0: all. Never more than [`limits::SEARCH_PAGE`].
    pub count: u32,
}

/// A container whose items are known at run time only: a snapshot has its record, without children, and not among those of
/// its parent.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its id.
    pub container: ObjectId,
    /// The container that shows it while it is not empty.
    pub parent: ObjectId,
    /// Its items: records of the snapshot that is searched.
    pub records: Vec<u32>,
}

impl Listed {
    /// `object` is it, and it stands somewhere.
    fn shows(&self, object: &Object<'_>) -> bool {
        self.container == object.id() && !self.records.is_empty()
    }

    /// It itself, if it stands in `above`.
    fn child_of<'s>(&self, above: &Object<'_>, snapshot: &'s Snapshot) -> Option<Object<'s>> {
        let itself = snapshot.find(self.container)?;
        (self.parent == above.id() && self.shows(&itself)).then_some(itself)
    }
}

/// What a snapshot does not know.
#[derive(Debug)]
struct Live {
    states: Arc<UserStates>,
    listed: Option<Listed>,
}

impl Live {
    /// `@childCount`, as it is listed.
    fn child_count(&self, container: &Object<'_>) -> u32 {
        match &self.listed {
            Some(listed) if listed.container == container.id() => {
                u32::try_from(listed.records.len()).unwrap_or(u32::MAX)
            }
            Some(listed) if listed.parent == container.id() => {
                container.child_count() + u32::from(!listed.records.is_empty())
            }
            _ => container.child_count(),
        }
    }
}

/// A search under way.
#[derive(Debug)]
pub struct Search {
    snapshot: Arc<Snapshot>,
    live: Live,
    criteria: SearchCriteria,
    /// The criteria made ready: with the first turn, because it takes memory, and those who wait for a turn are many.
    condition: Option<Condition>,
    walk: Walk,
    keys: heapless::Vec<SortKey, { limits::SORT_KEYS }>,
    /// The page is `start..end` of the matches.
    start: usize,
    end: usize,
    total: u32,
    found: Vec<Found>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Walking,
    /// Every `width / 2` of what was found are sorted, and from `from` on they are being put together.
    Sorting {
        width: usize,
        from: usize,
    },
    Done,
}

/// Where a match was met: its record, and that of the container which shows it, or [`AT_HOME`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    object: u32,
    within: u32,
}

const AT_HOME: u32 = u32::MAX;

impl Search {
    /// Makes ready what `query` asks; nothing is looked at yet. `None`: there is no such container (an item is none).
    pub fn new(snapshot: &Arc<Snapshot>, query: &Query<'_>) -> Option<Self> {
        let container = snapshot
            .find(query.container)
            .filter(Object::is_container)?;
        let count = match query.count {
            0 => limits::SEARCH_PAGE,
            count => count.min(limits::SEARCH_PAGE),
        };
        Some(Self {
            snapshot: Arc::clone(snapshot),
            walk: Walk::below(&container, query.listed),
            live: Live {
                states: Arc::clone(query.states),
                listed: query.listed.cloned(),
            },
            keys: query.keys.iter().copied().take(limits::SORT_KEYS).collect(),
            criteria: query.criteria.clone(),
            condition: None,
            start: query.start as usize,
            end: (query.start as usize).saturating_add(count as usize),
            total: 0,
            found: Vec::new(),
            state: State::Walking,
        })
    }

    /// Goes on for a bounded time; false when there is nothing left to do.
    pub fn step(&mut self) -> bool {
        match self.state {
            State::Walking => self.look(),
            State::Sorting { width, from } => self.merge(width, from),
            State::Done => {}
        }
        self.state != State::Done
    }

    /// What was found, once [`Self::step`] has nothing left to do.
    pub fn into_matches(mut self) -> Matches {
        debug_assert_eq!(self.state, State::Done, "the search has come to its end");
        self.found.shrink_to_fit();
        Matches {
            snapshot: self.snapshot,
            found: self.found,
            total: self.total,
        }
    }

    fn look(&mut self) {
        let snapshot = Arc::clone(&self.snapshot);
        let condition = self.condition.take();
        let condition = condition.unwrap_or_else(|| Condition::new(&self.criteria));
        let wanted = condition.signature();
        let objects = TESTS_PER_TURN / condition.tests().max(1);
        let mut left = objects.clamp(1, OBJECTS_PER_TURN) * SKIPPED_FOR_ONE;
        while left > 0 {
            let skipped = self.walk.skip(&snapshot, wanted, left);
            left = left.saturating_sub(skipped + SKIPPED_FOR_ONE);
            match self.walk.next(&snapshot, self.live.listed.as_ref()) {
                Turn::Met(entry) if condition.holds(&entry, &self.live) => self.keep(&entry),
                Turn::Met(_) | Turn::Nothing => {}
                Turn::End => return self.settle(),
            }
        }
        self.condition = Some(condition);
    }

    fn keep(&mut self, entry: &Entry<'_>) {
        let place = self.total as usize;
        self.total = self.total.saturating_add(1);
        let is_sorted = !self.keys.is_empty();
        if !is_sorted && !(self.start..self.end).contains(&place) {
            return;
        }
        self.found.push(Found::of(entry, &self.snapshot));
        // What comes behind the page is dropped now and then, and not at every match.
        let is_full = self.found.len() / 2 >= self.end.max(RUN);
        if is_sorted && is_full {
            self.cut_behind_the_page();
        }
    }

    /// All is found: what is not on the page goes, and the rest is sorted.
    fn settle(&mut self) {
        self.walk = Walk::Ended;
        if self.keys.is_empty() {
            self.state = State::Done;
            return;
        }
        self.cut_behind_the_page();
        let before = self.start.min(self.found.len());
        if before > 0 && before < self.found.len() {
            let order = order(&self.snapshot, &self.keys);
            self.found.select_nth_unstable_by(before, order);
        }
        self.found.drain(..before);
        let (width, from) = (RUN, 0);
        self.state = State::Sorting { width, from };
    }

    fn cut_behind_the_page(&mut self) {
        if self.end < self.found.len() {
            let order = order(&self.snapshot, &self.keys);
            self.found.select_nth_unstable_by(self.end, order);
            self.found.truncate(self.end);
        }
    }

    /// Sorts one stretch of `width`, whose halves are sorted already: the sort sees that, and its time grows with the
    /// length alone.
    fn merge(&mut self, width: usize, from: usize) {
        let len = self.found.len();
        let to = from.saturating_add(width).min(len);
        let order = order(&self.snapshot, &self.keys);
        self.found[from..to].sort_by(order);
        self.state = if to < len {
            State::Sorting { width, from: to }
        } else if width < len {
            let width = width * 2;
            State::Sorting { width, from: 0 }
        } else {
            State::Done
        };
    }
}

/// Ties are decided by the records' order.
fn order<'s>(
    snapshot: &'s Snapshot,
    keys: &'s [SortKey],
) -> impl Fn(&Found, &Found) -> Ordering + 's {
    move |a, b| match (snapshot.object(a.object), snapshot.object(b.object)) {
        (Some(x), Some(y)) => sort::compare(&x, &y, keys).then(a.cmp(b)),
        _ => a.cmp(b),
    }
}

impl Found {
    fn of(entry: &Entry<'_>, snapshot: &Snapshot) -> Self {
        let container = entry.within.and_then(|id| snapshot.find_record(id));
        Self {
            object: entry.object.number(),
            within: container.unwrap_or(AT_HOME),
        }
    }
}

/// One page of what a search has found. Owns what it needs, so a reply can keep it while it waits.
#[derive(Debug)]
pub struct Matches {
    snapshot: Arc<Snapshot>,
    found: Vec<Found>,
    total: u32,
}

impl Matches {
    /// `NumberReturned`.
    pub fn len(&self) -> u32 {
        u32::try_from(self.found.len()).unwrap_or(u32::MAX)
    }

    /// There is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// `TotalMatches`
    pub fn total_matches(&self) -> u32 {
        self.total
    }

    /// What stands at `place` of the page, `0..len()`.
    pub fn entry(&self, place: u32) -> Option<Entry<'_>> {
        let found = self.found.get(usize::try_from(place).ok()?)?;
        let object = self.snapshot.object(found.object)?;
        let within = match found.within {
            AT_HOME => None,
            container => Some(self.snapshot.object(container)?.id()),
        };
        Some(Entry { object, within })
    }

    /// All of the page.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.len()).filter_map(|place| self.entry(place))
    }
}

#[cfg(test)]
mod tests;
