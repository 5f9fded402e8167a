//! Which directory a change belongs to, and whether the media folders' disks are there.
//!
//! One row for each watched directory, sixteen bytes; the kernel's limit of watches bounds the table.

use std::{fs::File, os::unix::fs::MetadataExt as _, path::PathBuf, sync::Arc};

use std::os::unix::ffi::OsStrExt as _;

use crate::{
    catalogue::{
        object_id::ObjectId,
        prober::MediaProber,
        scan::{Prober as _, Seen},
        snapshot::{Object, Snapshot},
        walk::{self, Root},
        watch::{Event, Watcher},
    },
    limits,
    service::page::Watched,
    sys::{
        beneath,
        wait::Mounts,
        watch::{Change, Descriptor, Refused, Watches, What},
    },
};

/// Changes taken out of the queue in one turn.
const TURN: usize = 4096;

/// A watched directory. Two names of one directory (a link, a bind mount) are two rows of one watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    watch: Descriptor,
    is_unseen: bool,
    directory: ObjectId,
}

/// A directory watched because a media folder that is not there may appear in it.
#[derive(Debug)]
struct Guard {
    watch: Descriptor,
    /// The name that would appear; empty: any.
    name: Vec<u8>,
}

/// The watches, and what they mean.
#[derive(Debug)]
pub(super) struct Watching {
    watches: Option<Arc<Watches>>,
    table: Vec<Row>,
    guards: Vec<Guard>,
    mounts: Option<Mounts>,
    /// What is mounted in or above each media folder.
    mounted: Vec<u64>,
    /// Why some directory is not watched.
    refused: Option<Refused>,
    /// A file system whose changes are not all told.
    unseen: Option<&'static str>,
}

impl Watching {
    pub(super) fn new() -> Self {
        let watches = Watches::open().inspect_err(|error| {
            log::warn!(
                "changes of the media folders are not told: {error}. Raise the limit: sysctl fs.inotify.max_user_instances"
            );
        });
        Self {
            watches: watches.ok().map(Arc::new),
            table: Vec::new(),
            guards: Vec::new(),
            mounts: Mounts::open().ok(),
            mounted: Vec::new(),
            refused: None,
            unseen: None,
        }
    }

    pub(super) fn watches(&self) -> Option<&Arc<Watches>> {
        self.watches.as_ref()
    }

    pub(super) fn mounts(&self) -> Option<&Mounts> {
        self.mounts.as_ref()
    }

    /// Takes note of a pass: what it read is watched, and what is no more is forgotten.
    pub(super) fn learn(&mut self, seen: &[Seen], is_all: bool, snapshot: &Snapshot) {
        let before = std::mem::take(&mut self.table);
        if is_all {
            self.refused = None;
            self.unseen = None;
        }
        let read: std::collections::HashSet<_> = seen.iter().map(|seen| seen.directory).collect();
        for seen in seen {
            self.unseen = seen.unseen.or(self.unseen);
            match seen.watch {
                Ok(watch) => self.table.push(Row {
                    watch,
                    is_unseen: seen.unseen.is_some(),
                    directory: seen.directory,
                }),
                Err(refused) => self.refused = Some(refused),
            }
        }
        let stays = |row: &&Row| {
            !is_all && !read.contains(&row.directory) && snapshot.directory(row.directory).is_some()
        };
        self.table.extend(before.iter().filter(stays));
        self.table.sort_unstable();
        self.table.dedup();
        self.table.shrink_to_fit();
        let ended: Vec<_> = before.iter().map(|row| row.watch).collect();
        self.drop_unused(&ended);
    }

    /// Watches for the return of media folders that are not there.
    pub(super) fn guard(&mut self, roots: &[Root], snapshot: &Snapshot) {
        let before = std::mem::take(&mut self.guards);
        for root in roots {
            let is_there = snapshot
                .roots()
                .any(|known| known.path == root.bytes() && !known.is_offline);
            if !is_there {
                self.guards.extend(self.guards_of(root));
            }
        }
        let ended: Vec<_> = before.iter().map(|guard| guard.watch).collect();
        self.drop_unused(&ended);
    }

    /// Every folder on the way to it that is there, and itself if it is: a mount point without its disk.
    fn guards_of(&self, root: &Root) -> Vec<Guard> {
        let mut guards = Vec::new();
        let mut name = Vec::new();
        for there in root.path().ancestors() {
            let dir = self.watches.as_ref().zip(File::open(there).ok());
            if let Some(Ok(watch)) = dir.map(|(watches, dir)| watches.add(&dir)) {
                guards.push(Guard { watch, name });
            }
            name = there
                .file_name()
                .map_or_else(Vec::new, |name| name.as_bytes().to_vec());
        }
        guards
    }

    fn drop_unused(&self, descriptors: &[Descriptor]) {
        let Some(watches) = &self.watches else {
            return;
        };
        for descriptor in descriptors {
            let is_used = self.rows(*descriptor).next().is_some()
                || self.guards.iter().any(|guard| guard.watch == *descriptor);
            if !is_used {
                watches.remove(*descriptor);
            }
        }
    }

    fn rows(&self, watch: Descriptor) -> impl Iterator<Item = &Row> {
        let start = self.table.partition_point(|row| row.watch < watch);
        self.table[start..]
            .iter()
            .take_while(move |row| row.watch == watch)
    }

    /// Tells the machine what happened. Returns whether media folders may have come or gone.
    pub(super) fn hear(
        &mut self,
        watcher: &mut Watcher,
        now: std::time::Duration,
        snapshot: &Snapshot,
    ) -> bool {
        let Some(watches) = self.watches.clone() else {
            return false;
        };
        let mut roots_may_differ = false;
        let mut ended = Vec::new();
        watches.read(TURN, |change| {
            let guards = self.guards.iter().filter(|g| g.watch == change.directory);
            let mut names = guards.map(|guard| &guard.name[..]);
            roots_may_differ |= names.any(|name| name.is_empty() || name == change.name);
            match change.what {
                What::Lost => watcher.handle(now, Event::Lost),
                What::Moved => roots_may_differ = true,
                What::Ended => ended.push(change.directory),
                _ => {
                    for row in self.rows(change.directory) {
                        if let Some(directory) = snapshot.directory(row.directory) {
                            tell(watcher, now, &directory, change);
                        }
                    }
                }
            }
        });
        if !ended.is_empty() {
            ended.sort_unstable();
            let is_left = |watch: &Descriptor| ended.binary_search(watch).is_err();
            self.table.retain(|row| is_left(&row.watch));
            self.guards.retain(|guard| is_left(&guard.watch));
        }
        roots_may_differ
    }

    /// The media folders in, above or at which something was mounted or unmounted since the last call.
    pub(super) fn remounted<'r>(&mut self, roots: &'r [Root]) -> Vec<&'r Root> {
        let before = std::mem::take(&mut self.mounted);
        self.mounted = roots.iter().map(|_| 0).collect();
        let Some(mounts) = &mut self.mounts else {
            return Vec::new();
        };
        let mounted = &mut self.mounted;
        let read = mounts.read(|line| {
            // proc(5): mount id, parent, device, root of the mount, mount point, options ...
            let mut fields = line.split(|b| *b == b' ').take(5);
            let Some(point) = fields.nth(4).map(unescape) else {
                return;
            };
            let end = line.iter().enumerate().filter(|(_, b)| **b == b' ').nth(4);
            let what = &line[..end.map_or(line.len(), |(at, _)| at)];
            for (root, sum) in roots.iter().zip(mounted.iter_mut()) {
                let root = root.bytes();
                let matters = point == root
                    || beneath::is_beneath(&point, root)
                    || beneath::is_beneath(root, &point);
                if matters {
                    *sum = sum.wrapping_add(xxhash_rust::xxh3::xxh3_64(what));
                }
            }
        });
        if read.is_err() || before.len() != self.mounted.len() {
            return Vec::new();
        }
        let changed = roots.iter().zip(before.iter().zip(&self.mounted));
        changed
            .filter(|(_, (before, now))| before != now)
            .map(|(root, _)| root)
            .collect()
    }

    /// Directories that do not tell of their changes.
    pub(super) fn silent(&self, snapshot: &Snapshot) -> Vec<ObjectId> {
        let unseen = self.table.iter().filter(|row| row.is_unseen);
        let mut silent: Vec<_> = unseen.map(|row| row.directory).collect();
        if self.refused.is_some() || self.watches.is_none() {
            let mut watched: Vec<_> = self.table.iter().map(|row| row.directory).collect();
            watched.sort_unstable();
            let is_watched = |id: &ObjectId| watched.binary_search(id).is_ok();
            silent.extend(snapshot.directories().filter(|id| !is_watched(id)));
        }
        silent
    }

    /// How many directories tell of their changes, and how many of each media folder have to be looked at.
    pub(super) fn watched(&self, snapshot: &Snapshot) -> Watched {
        let mut polled = vec![0_u32; snapshot.roots().count()];
        let silent = self.silent(snapshot);
        for directory in silent.iter().filter_map(|id| snapshot.directory(*id)) {
            if let Some(count) = polled.get_mut(directory.root_number()) {
                *count += 1;
            }
        }
        let unseen = self.table.iter().filter(|row| row.is_unseen).count();
        Watched {
            directories: (self.table.len() - unseen) as u64,
            polled,
        }
    }

    /// What a person should know of it, `rescan` seconds being the time between two looks.
    pub(super) fn notes(
        &self,
        snapshot: &Snapshot,
        rescan: Option<std::time::Duration>,
    ) -> Vec<Box<str>> {
        let when = match rescan {
            Some(rescan) => format!("looked through every {} s only", rescan.as_secs()),
            None => "looked through only when asked (SIGHUP)".to_owned(),
        };
        let mut notes = Vec::new();
        let unseen = self.table.iter().filter(|row| row.is_unseen).count();
        if let Some(system) = self.unseen.filter(|_| unseen > 0) {
            notes.push(format!(
                "{unseen} folders are {when}: others may change them unseen ({system})"
            ));
        }
        if self.refused.is_some() || self.watches.is_none() {
            let silent = self.silent(snapshot).len() - unseen;
            let why = match self.refused {
                Some(Refused::System(errno)) => format!("the system does not watch them ({errno})"),
                None => "the system has no watches left (sysctl fs.inotify.max_user_instances)".to_owned(),
                Some(Refused::Limit) => "the limit of watches is reached; raise it with sysctl fs.inotify.max_user_watches".to_owned(),
            };
            if silent > 0 {
                notes.push(format!("{silent} folders are {when}: {why}"));
            }
        }
        notes.into_iter().map(Into::into).collect()
    }
}

/// Says what a change in a directory of the catalogue means.
fn tell(
    watcher: &mut Watcher,
    now: std::time::Duration,
    directory: &Object<'_>,
    change: &Change<'_>,
) {
    let id = directory.id();
    let name = change.name;
    let matters = walk::matters(name, |name| MediaProber.by_name(name));
    let event = match change.what {
        // Of the directory itself: who may read it.
        What::Attributes if name.is_empty() => Event::Changed(id, name),
        _ if walk::is_hidden(name) && !matters => return,
        What::Attributes if change.is_directory => {
            let child = directory.container_named(name);
            Event::Changed(child.map_or(id, |child| child.id()), name)
        }
        _ if change.is_directory => Event::Changed(id, name),
        What::Attributes if matters => Event::Attributes(id, name),
        What::Closed if matters => Event::Changed(id, name),
        What::Left if matters || directory.container_named(name).is_some() => {
            Event::Changed(id, name)
        }
        What::Created | What::Arrived => match kind_of(directory, name) {
            Some(Made::Link) => Event::Changed(id, name),
            Some(Made::File) if matters && change.what == What::Arrived => Event::Changed(id, name),
            Some(Made::Name) if matters => Event::Changed(id, name),
            // Gone already, or renamed together with its folder: what follows tells more.
            Some(Made::File) | None if matters => Event::Made(id, name),
            _ => return,
        },
        _ => return,
    };
    watcher.handle(now, event);
}

/// What appeared.
enum Made {
    /// A file that has one name: its maker has it open.
    File,
    /// A further name of a file.
    Name,
    /// A symbolic link, which may lead to a directory.
    Link,
}

fn kind_of(directory: &Object<'_>, name: &[u8]) -> Option<Made> {
    let mut buffer = [0; limits::PATH_BYTES];
    let (_, len) = directory.path(&mut buffer)?;
    let mut path = PathBuf::from(std::ffi::OsStr::from_bytes(&buffer[..len]));
    path.push(std::ffi::OsStr::from_bytes(name));
    let facts = path.symlink_metadata().ok()?;
    Some(if facts.is_symlink() {
        Made::Link
    } else if facts.nlink() > 1 {
        Made::Name
    } else {
        Made::File
    })
}

/// Spaces and the like are written as three octal digits after a backslash (proc(5)).
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, tail)) = rest.split_first() {
        let octal = tail.get(..3).filter(|_| *first == b'\\');
        let octal = octal.and_then(|digits| std::str::from_utf8(digits).ok());
        let octal = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(octal.unwrap_or(*first));
        rest = if octal.is_some() { &tail[3..] } else { tail };
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_mount_points_are_read_as_they_are() {
        for (field, plain) in [
            ("/srv/media", "/srv/media"),
            ("/mnt/My\\040Book", "/mnt/My Book"),
            ("/a\\134b\\011", "/a\\b\t"),
            ("/a\\", "/a\\"),
            ("/a\\9", "/a\\9"),
            ("/a\\777", "/a\\777"),
        ] {
            assert_eq!(unescape(field.as_bytes()), plain.as_bytes(), "{field}");
        }
    }
}
