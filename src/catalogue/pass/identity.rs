//! Which record of the previous catalogue a file or folder is now: so it keeps its id, and what was read of it.
//!
//! | what is found | whose id it has |
//! |---|---|
//! | the same file under the same name | its own |
//! | another file under that name, the old one is gone | the old one's: an editor writes a new file and renames it |
//! | the file under another name, here or elsewhere on its disk, and gone from the old one | its own |
//! | a file where a moved one was | a new one, though the path is known |
//!
//! The old place of a moved file may be looked at long after the new one, so ids are settled when everything is known.

use std::collections::HashSet;

use super::{Origin, Pass, Place};
use crate::{
    catalogue::{
        builder::{Builder, Full},
        object_id::ObjectId,
        record::{CONTAINER, NO_PARENT, PLAYLIST, Record, Stamp, VIEW, flag},
        scan::Kind,
        snapshot::{Object, Snapshot},
    },
    media::{Class, episode},
};

use super::keep::children_of;

/// Names of one file that are tried. Beyond it, hard links get new ids when they are moved.
const NAMES: usize = 64;
/// Tries to find an id that was not used before.
const SALTS: u32 = 64;

/// What a record wants to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Claim {
    /// Nothing was known before: its id is that of its path.
    New,
    /// This one of the previous catalogue: it is where it was.
    Stays(u32),
    /// To be settled.
    Sought {
        /// What had this name in this folder.
        place: Option<u32>,
        /// What was the same file under another name.
        moved: Option<u32>,
    },
}

/// The previous catalogue's records, and who they are now.
#[derive(Debug)]
pub(super) struct Identity<'a> {
    previous: Option<&'a Snapshot>,
    /// Bit by bit: this record goes on.
    taken: Vec<u64>,
    /// Inodes and the records that have them, sorted; made when first asked for.
    by_inode: Option<Vec<(u64, u32)>>,
    /// Records of this catalogue, and what they want to be.
    sought: Vec<(u32, Option<u32>, Option<u32>)>,
    /// Containers that were found elsewhere, with a child of theirs in them: so no others that got the inode of one deleted.
    confirmed: HashSet<u32>,
}

impl<'a> Identity<'a> {
    pub(super) fn new(previous: Option<&'a Snapshot>) -> Self {
        let records = previous.map_or(0, Snapshot::records) as usize;
        Self {
            previous,
            taken: vec![0; records.div_ceil(64)],
            by_inode: None,
            sought: Vec::new(),
            confirmed: HashSet::new(),
        }
    }

    fn is_taken(&self, old: u32) -> bool {
        let word = self.taken.get(old as usize / 64);
        word.is_some_and(|word| word >> (old % 64) & 1 == 1)
    }

    /// Takes it, if nobody has.
    fn take(&mut self, old: u32) -> bool {
        let is_free = !self.is_taken(old);
        if let Some(word) = self.taken.get_mut(old as usize / 64) {
            *word |= 1 << (old % 64);
        }
        is_free
    }

    /// The records of an inode; no roots: those are found by their paths.
    fn of_inode(&mut self, inode: u64) -> Vec<u32> {
        let Some(previous) = self.previous.filter(|_| inode != 0) else {
            return Vec::new();
        };
        let by_inode = self.by_inode.get_or_insert_with(|| {
            let roots: HashSet<u32> = previous.roots().map(|root| root.record).collect();
            let mut by_inode: Vec<_> = (0..previous.records())
                .filter_map(|number| Some((number, previous.any(number)?)))
                .filter(|(_, o)| o.record.kind != VIEW && o.record.parent.get() != NO_PARENT)
                .map(|(number, object)| (object.record.inode.get(), number))
                .filter(|(inode, number)| *inode != 0 && !roots.contains(number))
                .collect();
            by_inode.sort_unstable();
            by_inode
        });
        let start = by_inode.partition_point(|(other, _)| *other < inode);
        let same = by_inode[start..].iter().take(NAMES);
        same.take_while(|(other, _)| *other == inode)
            .map(|(_, number)| *number)
            .collect()
    }

    /// A record of the file with this stamp on this device, one that nobody has taken if there is one.
    fn file(&mut self, device: u64, stamp: Stamp) -> Option<Object<'a>> {
        let previous = self.previous?;
        let is_it = |object: &Object<'_>| {
            let record = object.record;
            let parent = previous.any(record.parent.get());
            record.kind != CONTAINER
                && record.stamped() == stamp
                && parent.is_some_and(|parent| parent.record.identity().0 == device)
        };
        self.first_free(stamp.inode, is_it)
    }

    /// A record of this directory, one that nobody has taken if there is one.
    fn folder(&mut self, identity: (u64, u64)) -> Option<Object<'a>> {
        let is_it = |object: &Object<'_>| {
            object.record.kind == CONTAINER && object.record.identity() == identity
        };
        self.first_free(identity.1, is_it)
    }

    fn first_free(
        &mut self,
        inode: u64,
        is_it: impl Fn(&Object<'_>) -> bool,
    ) -> Option<Object<'a>> {
        let previous = self.previous?;
        let numbers = self.of_inode(inode);
        let mut found: Vec<_> = numbers
            .into_iter()
            .filter_map(|n| previous.any(n))
            .collect();
        found.retain(is_it);
        let free = found.iter().find(|object| !self.is_taken(object.number()));
        free.or(found.first()).copied()
    }

    /// The same file or folder as `old`, if nobody has taken it.
    fn free_like(&mut self, old: u32) -> Option<u32> {
        if !self.is_taken(old) {
            return Some(old);
        }
        let previous = self.previous?;
        let old = previous.any(old)?;
        let same = if old.record.kind == CONTAINER {
            self.folder(old.record.identity())
        } else {
            let parent = previous.any(old.record.parent.get())?;
            self.file(parent.record.identity().0, old.record.stamped())
        };
        same.map(|same| same.number())
            .filter(|number| !self.is_taken(*number))
    }

    /// Gives every record its id.
    pub(super) fn settle(&mut self, builder: &mut Builder) {
        let Some(previous) = self.previous else {
            return;
        };
        let mut sought = std::mem::take(&mut self.sought);
        let is_folder = |number: u32| builder.records[number as usize].kind == CONTAINER;
        for (number, _, moved) in &mut sought {
            let is_other =
                moved.is_some() && is_folder(*number) && !self.confirmed.contains(number);
            if is_other && !is_empty(previous, *moved) {
                *moved = None;
            }
        }
        // New names first: what they were is nowhere else.
        self.give(builder, &mut sought, |identity, (_, place, moved)| {
            place.is_none().then_some(())?;
            identity.free_like(moved?)
        });
        // Then known names, unless the file that had the name is elsewhere.
        let elsewhere: HashSet<u32> = sought.iter().filter_map(|(.., moved)| *moved).collect();
        self.give(builder, &mut sought, |identity, (_, place, _)| {
            place.filter(|old| !elsewhere.contains(old) && !identity.is_taken(*old))
        });
        // Swapped names.
        self.give(builder, &mut sought, |identity, (_, _, moved)| {
            identity.free_like(moved?)
        });
        self.give(builder, &mut sought, |identity, (_, place, _)| {
            place.filter(|old| !identity.is_taken(*old))
        });
        let mut path = Vec::new();
        for (number, ..) in sought {
            let unused = (0..SALTS).map(|salt| builder.id_by_path(number, salt, &mut path));
            let mut unused = unused.filter(|id| previous.find_record(*id).is_none());
            if let Some(id) = unused.next() {
                builder.records[number as usize].id = id.value().into();
            }
        }
    }

    /// Gives those for whom `wanted` knows one the id of a previous record; the rest stay in `sought`.
    fn give(
        &mut self,
        builder: &mut Builder,
        sought: &mut Vec<(u32, Option<u32>, Option<u32>)>,
        wanted: impl Fn(&mut Self, (u32, Option<u32>, Option<u32>)) -> Option<u32>,
    ) {
        sought.retain(|claim| {
            let Some(old) = wanted(self, *claim).filter(|old| self.take(*old)) else {
                return true;
            };
            let id = self.previous.and_then(|previous| previous.any(old));
            if let Some(old) = id {
                builder.records[claim.0 as usize].id = old.record.id;
            }
            false
        });
    }
}

fn is_empty(previous: &Snapshot, number: Option<u32>) -> bool {
    let object = number.and_then(|number| previous.any(number));
    object.is_none_or(|object| object.all_children().next().is_none())
}

impl<'a> Pass<'a> {
    /// The container of a root is what it was, by its path.
    pub(super) fn root_stays(&mut self, root: u16, number: u32) {
        let Some((_, old)) = self.previous_root(root) else {
            return;
        };
        self.identity.take(old.number());
        let origin = Origin {
            old: Some(old.number()),
            is_moved: false,
            is_deep: false,
        };
        self.origins.insert(number, origin);
    }

    /// Makes what was in the folder known by name.
    pub(super) fn recall(&mut self, origin: Option<Origin>) {
        let previous = self.previous;
        let old = origin.and_then(|origin| previous?.any(origin.old?));
        let children = old.iter().flat_map(children_of);
        self.before.fill(children.map(|child| child.number()));
    }

    /// The file that had this name in this folder.
    pub(super) fn known(&mut self, name: &[u8]) -> Option<Object<'a>> {
        self.named(name).filter(|known| !known.is_container())
    }

    /// The playlist that had this name in this folder.
    pub(super) fn known_playlist(&mut self, name: &[u8]) -> Option<Object<'a>> {
        self.named(name)
            .filter(|known| known.record.kind == PLAYLIST)
    }

    fn named(&mut self, name: &[u8]) -> Option<Object<'a>> {
        let previous = self.previous?;
        let name_of = |number| previous.any(number).map_or(&[][..], |object| object.name());
        previous.any(self.before.named(name, name_of)?)
    }

    /// Who the file with this stamp was, and what was known of its content, if that is still so. `known` had its name.
    pub(super) fn descend(
        &mut self,
        place: Place<'_>,
        known: Option<Object<'a>>,
        stamp: Stamp,
    ) -> (Option<Object<'a>>, Claim) {
        if self.previous.is_none() {
            return (None, Claim::New);
        }
        let same = known.filter(|known| known.record.inode.get() == stamp.inode);
        if let Some(same) = same {
            let source = same.record.stamped() == stamp;
            let claim = self.same(place, &same);
            return (source.then_some(same), claim);
        }
        let moved = self.identity.file(place.device, stamp);
        let claim = Claim::Sought {
            place: known.map(|known| known.number()),
            moved: moved.map(|moved| moved.number()),
        };
        (moved, claim)
    }

    /// The same as [`Self::descend`] for a folder, whose record is then ready to be pushed.
    pub(super) fn descend_folder(
        &mut self,
        place: Place<'_>,
        name: &[u8],
        identity: (u64, u64),
        record: &mut Record,
    ) -> Result<(), Full> {
        if self.previous.is_none() {
            return Ok(());
        }
        let known = self
            .named(name)
            .filter(|known| known.record.kind == CONTAINER);
        let before = known.map(|known| known.record.identity());
        let is_same = before.is_some_and(|b| b == identity || b.1 == 0 || identity.1 == 0);
        let is_deep = place.origin.is_some_and(|origin| origin.is_deep);
        let (origin, claim) = if let Some(known) = known.filter(|_| is_same) {
            let origin = Origin {
                old: Some(known.number()),
                is_moved: place.origin.is_some_and(|origin| origin.is_moved),
                is_deep: is_deep || known.record.has(flag::OFFLINE),
            };
            (origin, self.same(place, &known))
        } else {
            let place = known.map(|known| known.number());
            let moved = self.identity.folder(identity).map(|moved| moved.number());
            let origin = Origin {
                old: moved.or(place),
                is_moved: moved.is_some(),
                is_deep: true,
            };
            (origin, Claim::Sought { place, moved })
        };
        let number = self.builder.next_number()?;
        self.origins.insert(number, origin);
        self.claim(claim, record)
    }

    /// What `known` is, when it was found in its folder again.
    fn same(&mut self, place: Place<'_>, known: &Object<'_>) -> Claim {
        if place.origin.is_some_and(|origin| origin.is_moved) {
            self.identity.confirmed.insert(place.container);
            return Claim::Sought {
                place: None,
                moved: Some(known.number()),
            };
        }
        Claim::Stays(known.number())
    }

    /// `known` goes on as a child of `parent` without having been looked at; its record is pushed next.
    pub(super) fn stays(&mut self, parent: u32, known: &Object<'_>) -> Result<(), Full> {
        let number = self.builder.next_number()?;
        let is_moved = self
            .origins
            .get(&parent)
            .is_some_and(|origin| origin.is_moved);
        if is_moved {
            let moved = Some(known.number());
            self.identity.sought.push((number, None, moved));
        } else {
            self.identity.take(known.number());
        }
        if known.record.kind == CONTAINER {
            self.identity.confirmed.insert(number);
            let origin = Origin {
                old: Some(known.number()),
                is_moved,
                is_deep: false,
            };
            self.origins.insert(number, origin);
        }
        Ok(())
    }

    /// Notes what a record wants to be, which is pushed next.
    pub(super) fn claim(&mut self, claim: Claim, record: &mut Record) -> Result<(), Full> {
        match claim {
            Claim::New => {}
            Claim::Stays(old) => {
                self.identity.take(old);
                if let Some(old) = self.previous.and_then(|previous| previous.any(old)) {
                    record.id = old.record.id;
                }
            }
            Claim::Sought { place, moved } => {
                let number = self.builder.next_number()?;
                self.identity.sought.push((number, place, moved));
            }
        }
        Ok(())
    }

    /// What was read of `known` is what would be read of it under the name it has now.
    pub(super) fn tells_the_same(&self, known: &Object<'_>, name: &[u8], kind: Kind) -> bool {
        let is_called_so = known.name() == name;
        if known.is_outdated()
            || !is_called_so && self.job.prober.by_name(known.name()) != Some(kind)
        {
            return false;
        }
        if known.class() != Some(Class::Video) {
            return true;
        }
        let mut buffer = [0; crate::limits::PATH_BYTES];
        let Some((root, len)) = known.path(&mut buffer) else {
            return false;
        };
        let below = buffer[..len].strip_prefix(root.path).unwrap_or_default();
        let below = below.strip_prefix(b"/").unwrap_or(below);
        debug_assert!(
            self.path.ends_with(name),
            "the current path is that of the name"
        );
        below == self.path || episode_of(below) == episode_of(&self.path)
    }
}

/// What the names of a file and its folders say about it.
fn episode_of(path: &[u8]) -> Option<(u32, u32, Option<String>)> {
    let path = String::from_utf8_lossy(path);
    let mut names = path.rsplit('/');
    let found = names
        .next()
        .and_then(|name| episode::from_path(name, names))?;
    Some((found.season, found.episode, found.series))
}

impl Builder {
    /// The id of record `number` by its path, which is written to `path`.
    pub(in crate::catalogue) fn id_by_path(
        &self,
        number: u32,
        salt: u32,
        path: &mut Vec<u8>,
    ) -> ObjectId {
        self.path_below(number, path);
        let root = usize::from(self.records[number as usize].root.get());
        let root = self.roots.get(root).copied().unwrap_or_default();
        ObjectId::of(
            self.at((root.path_at.get(), root.path_len.get())),
            path,
            salt,
        )
    }
}
