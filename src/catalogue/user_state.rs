//! What people did with items: how far they watched them, how often. In memory; [`super::journal`] keeps it on the disk.
//!
//! The state belongs to the content, so that a file keeps it when it is moved or renamed; where the content is unknown,
//! to the object.

use super::{
    object_id::ObjectId,
    snapshot::{Object, Snapshot},
};
use crate::limits;

/// A position from here on, in percent of the play time, is the end: credits are not watched.
const FINISHED_PERCENT: u64 = 95;

/// What is kept of one item.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Where to go on, milliseconds from the start; 0: at the start. The one unit in which positions are kept.
    pub position_ms: u32,
    /// How often it was played to its end.
    pub play_count: u32,
    /// When it was last played, seconds since 1970; 0: unknown.
    pub changed_secs: u64,
}

impl State {
    /// Begun, and not at its end.
    pub fn is_in_progress(&self, object: &Object<'_>) -> bool {
        let position = u64::from(self.position_ms);
        let is_finished = object.duration().is_some_and(|duration| {
            u128::from(position * 100) >= duration.as_millis() * u128::from(FINISHED_PERCENT)
        });
        position > 0 && !is_finished
    }
}

/// The state of one item, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What the item's content is known by ([`Object::content`]); 0: unknown.
    pub content: u64,
    /// The item, when it was last seen.
    pub object: ObjectId,
    /// The state.
    pub state: State,
    /// Number of the change that made it: each change has a larger one than all before it.
    pub change: u32,
}

impl Entry {
    /// The content, or else the object; the halves cannot be taken for each other.
    fn key(&self) -> (u64, u64) {
        key(self.content, self.object)
    }

    /// The item in `snapshot`, if it still is where it was.
    fn item<'s>(&self, snapshot: &'s Snapshot) -> Option<Object<'s>> {
        let is_it = |object: &Object<'_>| {
            !object.is_container() && (self.content == 0 || object.content() == self.content)
        };
        snapshot.find(self.object).filter(is_it)
    }
}

fn key(content: u64, object: ObjectId) -> (u64, u64) {
    (content, if content == 0 { object.value() } else { 0 })
}

/// The states of all items, at most [`limits::USER_STATES`].
#[derive(Clone, Debug, Default)]
pub struct UserStates {
    /// Sorted by their keys.
    entries: Vec<Entry>,
    /// Number of the last change.
    last: u32,
    /// The last change among the children of each container that has had any, sorted by its id.
    containers: Vec<(ObjectId, u32)>,
}

impl UserStates {
    /// The state of `object`.
    pub fn of(&self, object: &Object<'_>) -> Option<&State> {
        self.entry(object).map(|entry| &entry.state)
    }

    /// How many items have one.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// No item has one.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Changes that were ever made. Together with the catalogue's own number this is `SystemUpdateID`.
    pub fn changes(&self) -> u32 {
        self.last
    }

    /// Number of the last change to `object` if it is an item, to its items if it is a container; 0: none.
    pub fn last_change(&self, object: &Object<'_>) -> u32 {
        if !object.is_container() {
            return self.entry(object).map_or(0, |entry| entry.change);
        }
        let found = self
            .containers
            .binary_search_by_key(&object.id(), |(id, _)| *id);
        found.ok().map_or(0, |place| self.containers[place].1)
    }

    /// The entry that gives `object` another state: for the journal first, and then for [`Self::put`].
    pub fn next(&self, object: &Object<'_>, state: State) -> Entry {
        Entry {
            content: object.content(),
            object: object.id(),
            state,
            change: self.last.wrapping_add(1),
        }
    }

    /// Takes an entry over; the one of the same item goes, and if there are too many the one longest untouched.
    pub fn put(&mut self, entry: Entry) {
        self.last = self.last.max(entry.change);
        if entry.content != 0
            && let Ok(place) = self.place(key(0, entry.object))
        {
            // Kept while the content was unknown.
            self.entries.remove(place);
        }
        match self.place(entry.key()) {
            Ok(place) => self.entries[place] = entry,
            Err(place) => {
                self.entries.insert(place, entry);
                if self.entries.len() > limits::USER_STATES {
                    self.forget_one();
                }
            }
        }
    }

    /// Takes note that the last change was among the items of `container`.
    pub fn touch(&mut self, container: ObjectId) {
        let last = self.last;
        match self
            .containers
            .binary_search_by_key(&container, |(id, _)| *id)
        {
            Ok(place) => self.containers[place].1 = last,
            Err(place) => self.containers.insert(place, (container, last)),
        }
    }

    /// All entries, the longest untouched first.
    pub fn in_order(&self) -> Vec<Entry> {
        let mut entries = self.entries.clone();
        entries.sort_unstable_by_key(|entry| entry.change);
        entries
    }

    /// The records in `snapshot` of the items that were begun and not finished, the newest first; at most
    /// [`limits::IN_PROGRESS`].
    pub fn in_progress(&self, snapshot: &Snapshot) -> Vec<u32> {
        let begun = self.entries.iter().filter(|e| e.state.position_ms > 0);
        let mut begun: Vec<_> = begun.collect();
        begun.sort_unstable_by_key(|entry| std::cmp::Reverse(entry.change));
        let numbers = begun.into_iter().filter_map(|entry| {
            let item = entry.item(snapshot)?;
            entry.state.is_in_progress(&item).then(|| item.number())
        });
        numbers.take(limits::IN_PROGRESS).collect()
    }

    /// Looks for every item in another snapshot: where moved files are now, and in which containers the items lie. Takes
    /// the time to read the whole snapshot if files are missing; to be done off the loop.
    pub fn look_up(&self, snapshot: &Snapshot) -> Found {
        let mut found = Found {
            last: self.last,
            ..Found::default()
        };
        let mut missing = Vec::new();
        for entry in &self.entries {
            match entry.item(snapshot) {
                Some(item) => found.met(&item, entry.change),
                None if entry.content != 0 => missing.push(entry),
                None => {}
            }
        }
        let numbers = 0..if missing.is_empty() {
            0
        } else {
            snapshot.records()
        };
        for object in numbers.filter_map(|number| snapshot.object(number)) {
            let content = object.content();
            if content == 0 || object.is_container() {
                continue;
            }
            // `missing` is in the order of the entries, which with a known content is that of their contents.
            if let Ok(place) = missing.binary_search_by_key(&content, |entry| entry.content) {
                found.moved.push((content, object.id()));
                found.met(&object, missing[place].change);
            }
        }
        found.containers.sort_unstable();
        found
    }

    /// Takes over what [`Self::look_up`] found. Changes made meanwhile stay as they are.
    pub fn settle(&mut self, found: Found) {
        for (content, object) in found.moved {
            if let Ok(place) = self.place((content, 0))
                && self.entries[place].change <= found.last
            {
                self.entries[place].object = object;
            }
        }
        let newer = self.containers.iter().filter(|(_, at)| *at > found.last);
        let mut containers = found.containers;
        containers.extend(newer);
        // The last change of each: ascending, so that the last of equal ids is the one to keep.
        containers.sort_unstable();
        containers.reverse();
        containers.dedup_by_key(|(id, _)| *id);
        containers.reverse();
        self.containers = containers;
    }

    fn entry(&self, object: &Object<'_>) -> Option<&Entry> {
        let known = self.place(key(object.content(), object.id()));
        let place = known.or_else(|_| self.place(key(0, object.id())));
        place.ok().map(|place| &self.entries[place])
    }

    fn place(&self, key: (u64, u64)) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&key, Entry::key)
    }

    fn forget_one(&mut self) {
        let oldest = (0..self.entries.len()).min_by_key(|place| self.entries[*place].change);
        if let Some(oldest) = oldest {
            self.entries.remove(oldest);
        }
    }
}

/// Where items are in a snapshot.
#[derive(Debug, Default)]
pub struct Found {
    /// Number of the last change that was looked at.
    last: u32,
    /// Contents that are at other objects now.
    moved: Vec<(u64, ObjectId)>,
    /// Containers, and changes among their items.
    containers: Vec<(ObjectId, u32)>,
}

impl Found {
    fn met(&mut self, item: &Object<'_>, change: u32) {
        if let Some(parent) = item.parent_id() {
            self.containers.push((parent, change));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::testing::{Tree, snapshot};

    fn state(position_ms: u32) -> State {
        State {
            position_ms,
            play_count: 1,
            changed_secs: 1_700_000_000,
        }
    }

    fn titled<'s>(snapshot: &'s Snapshot, title: &str) -> Object<'s> {
        let mut objects = (0..snapshot.records()).filter_map(|number| snapshot.object(number));
        objects.find(|object| object.title() == title).unwrap()
    }

    #[test]
    fn a_moved_file_keeps_its_state_and_a_changed_one_does_not() {
        let tree = Tree::new("moved");
        tree.file("old/film.mkv", b"Film");
        tree.file("old/other.mkv", b"Other");
        let before = snapshot(&tree);
        let mut states = UserStates::default();
        let film = titled(&before, "Film");
        states.put(states.next(&film, state(5000)));
        states.touch(film.parent_id().unwrap());

        std::fs::create_dir_all(tree.path("new")).unwrap();
        std::fs::rename(tree.path("old/film.mkv"), tree.path("new/renamed.mkv")).unwrap();
        tree.file("old/film.mkv", b"Not the film");
        let after = snapshot(&tree);
        let film = titled(&after, "Film");
        assert_eq!(states.of(&film), Some(&state(5000)));
        assert_eq!(states.of(&titled(&after, "Not the film")), None);
        // Its old place holds another file: it is found once it was looked for.
        assert_eq!(states.in_progress(&after), []);
        states.settle(states.look_up(&after));
        assert_eq!(states.in_progress(&after), [film.number()]);
        assert_eq!(states.last_change(&titled(&after, "new")), 1);
        assert_eq!(states.last_change(&titled(&after, "old")), 0);
    }

    #[test]
    fn what_changes_while_items_are_looked_for_stays() {
        let tree = Tree::new("meanwhile");
        tree.file("a/film.mkv", b"Film");
        let snapshot = snapshot(&tree);
        let film = titled(&snapshot, "Film");
        let mut states = UserStates::default();
        states.put(states.next(&film, state(1)));
        states.touch(film.parent_id().unwrap());
        let found = states.look_up(&snapshot);
        states.put(states.next(&film, state(2)));
        states.touch(film.parent_id().unwrap());
        states.settle(found);
        let parent = snapshot.find(film.parent_id().unwrap()).unwrap();
        assert_eq!(states.last_change(&parent), 2);
        assert_eq!(states.containers.len(), 1);
        assert_eq!((states.last_change(&film), states.changes()), (2, 2));
    }

    #[test]
    fn the_longest_untouched_goes_first() {
        let mut states = UserStates::default();
        let entry = |content, change| Entry {
            content,
            object: ObjectId::ROOT,
            state: state(1),
            change,
        };
        let most = u32::try_from(limits::USER_STATES).unwrap();
        for number in 1..=most {
            states.put(entry(number.into(), number));
        }
        states.put(entry(1, most + 1));
        states.put(entry(u64::MAX, most + 2));
        assert_eq!(states.len(), limits::USER_STATES);
        let order = states.in_order();
        assert_eq!(order.first().unwrap().content, 3);
        let last: Vec<_> = order.iter().rev().take(2).map(|e| e.content).collect();
        assert_eq!(last, [u64::MAX, 1]);
    }

    #[test]
    fn a_state_kept_without_content_passes_to_the_content() {
        let tree = Tree::new("unknown");
        tree.file("film.mkv", b"Film");
        let snapshot = snapshot(&tree);
        let film = titled(&snapshot, "Film");
        let mut states = UserStates::default();
        let mut entry = states.next(&film, state(1));
        assert_ne!(entry.content, 0);
        entry.content = 0;
        states.put(entry);
        assert_eq!(states.of(&film), Some(&state(1)));
        assert_eq!(states.in_progress(&snapshot), [film.number()]);
        states.put(states.next(&film, state(2)));
        assert_eq!((states.len(), states.of(&film)), (1, Some(&state(2))));
    }
}
