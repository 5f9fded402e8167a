//! What is not looked at again because nothing happened there: taken over from the previous catalogue without asking the
//! disk.

use super::{Pass, Stop};
use crate::catalogue::{
    object_id::ObjectId,
    record::{CONTAINER, NOTE, PLAYLIST, VIEW, flag},
    report::Carried,
    scan::{Changes, Depth},
    snapshot::{Object, Snapshot},
    stream::Entry,
};

impl<'a> Pass<'a> {
    /// What container `number` was, if it need not be read.
    pub(super) fn kept_unread(&mut self, number: u32) -> Option<Object<'a>> {
        let changes = self.job.changes.as_ref()?;
        let origin = self.origins.get_mut(&number)?;
        let old = self.previous?.any(origin.old?)?;
        let change = changes.directories.get(&old.id());
        origin.is_deep |= change == Some(&Depth::Below);
        (change.is_none() && !origin.is_deep).then_some(old)
    }

    /// Keeps the children that container `number` had.
    pub(super) fn keep_unread(
        &mut self,
        number: u32,
        root: u16,
        is_root: bool,
        old: &Object<'a>,
    ) -> Result<(), Stop> {
        if is_root {
            let missing = self.missing_before(root);
            if let Some(detail) = missing {
                self.root_is_missing(root, detail);
                return self.keep_offline(number, root);
            }
            let device = self.previous_root(root).map_or(0, |(device, _)| device);
            self.builder.roots[usize::from(root)].device = device.into();
        }
        let identity = old.record.identity();
        let record = &mut self.builder.records[number as usize];
        record.identify(identity);
        let children = children_of(old);
        if record.has(flag::LINKED) && !children.is_empty() {
            self.followed.insert(identity);
        }
        if !self.carried.is_empty() {
            let path = self.absolute(root);
            self.report.carry(&mut self.carried, &path);
        }
        let below = self.path.len();
        for child in children {
            if below > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(child.name());
            self.keep_child(number, root, &child)?;
            self.path.truncate(below);
        }
        Ok(())
    }

    fn keep_child(&mut self, parent: u32, root: u16, child: &Object<'a>) -> Result<(), Stop> {
        let is_folder = child.record.kind == CONTAINER;
        let is_changed = || {
            let changes = self.job.changes.as_ref();
            changes.is_some_and(|changes| changes.directories.contains_key(&child.id()))
        };
        if child.is_offline() && !(is_folder && is_changed()) {
            if is_folder {
                self.disk_is_missing(root);
            }
            return self.push_offline(parent, root, child);
        }
        let mut record = self.copy(parent, root, child)?;
        record.set(flag::OFFLINE, false);
        self.stays(parent, child)?;
        match record.kind {
            CONTAINER | NOTE => {
                self.builder.push(record)?;
                Ok(())
            }
            PLAYLIST => {
                let number = self.builder.push(record)?;
                let entries = self.playlists.0.remove(&child.id()).unwrap_or_default();
                self.entries += entries.len();
                let streams = entries.iter().filter(|e| matches!(e, Entry::Stream(_)));
                self.streams += streams.count();
                self.builder.playlists.push((number, entries));
                Ok(())
            }
            _ => self.add_item(record),
        }
    }

    /// Why a root was missing at the last pass, if it was.
    fn missing_before(&self, root: u16) -> Option<String> {
        let path = self.canonical[usize::from(root)];
        let mut roots = self.previous?.roots();
        roots.find(|old| old.path == path && old.is_offline)?;
        let report = &self.job.changes.as_ref()?.report;
        let said = report.missing.iter().find(|missing| *missing.path == *path);
        Some(said.map_or_else(String::new, |missing| missing.detail.to_string()))
    }

    /// Somebody is writing the file of this name.
    pub(super) fn is_unfinished(&self, place: super::Place<'_>, name: &[u8]) -> bool {
        let Some(changes) = &self.job.changes else {
            return false;
        };
        let old = place
            .origin
            .and_then(|origin| self.previous?.any(origin.old?));
        old.is_some_and(|old| changes.unfinished.has(old.id(), name))
    }
}

/// The children of a directory, in the order in which they were found; no views.
pub(super) fn children_of<'a>(directory: &Object<'a>) -> Vec<Object<'a>> {
    let mut children: Vec<_> = directory
        .all_children()
        .filter(|child| child.record.kind != VIEW)
        .collect();
    children.sort_unstable_by_key(Object::number);
    children
}

/// Takes out of what was said the directories that are looked at again.
pub(super) fn forget_changed(
    carried: &mut Carried,
    changes: &Changes,
    previous: Option<&Snapshot>,
) {
    let Some(previous) = previous.filter(|_| !carried.is_empty()) else {
        return;
    };
    let mut buffer = [0; crate::limits::PATH_BYTES];
    for (id, depth) in &changes.directories {
        let id: ObjectId = *id;
        let number = previous.find_record(id);
        let object = number.and_then(|number| previous.any(number));
        if let Some((_, len)) = object.and_then(|object| object.path(&mut buffer)) {
            carried.forget(&buffer[..len], *depth);
        }
    }
}
