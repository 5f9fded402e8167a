//! What did not open: left out and named, or, when its disk is gone, kept as it was known, offline.

use std::io;

use rustix::io::Errno;

use super::{Halt, NOT_MOUNTED, Pass, Place, Stop, gone, keep::children_of};
use crate::{
    catalogue::{
        layout,
        object_id::ObjectId,
        record::{CONTAINER, flag},
        report::{MissingRoot, Reason},
        snapshot::Object,
        walk::{self, Listing},
    },
    media::Class,
    sys::beneath::Refused,
};

impl<'a> Pass<'a> {
    /// A directory that did not open: its disk is gone, or it is left out.
    pub(super) fn not_opened(
        &mut self,
        root: u16,
        is_root: bool,
        refused: Refused,
    ) -> Result<(), Halt> {
        match refused {
            Refused::System(errno) if is_root || walk::is_disk_gone(errno) => Err(gone(errno)),
            _ if is_root => Err(Halt::Gone(refused.to_string())),
            // Gone since its name was read: as if it had never been.
            Refused::System(Errno::NOENT) => Ok(()),
            Refused::Path => {
                self.skip(root, Reason::PathTooLong, "");
                Ok(())
            }
            Refused::Outside => {
                self.skip(root, Reason::LinkOutside, "");
                Ok(())
            }
            _ => {
                self.skip(root, Reason::Unreadable, &refused.to_string());
                Ok(())
            }
        }
    }

    /// A file that did not open.
    pub(super) fn not_read(
        &mut self,
        place: Place<'_>,
        known: Option<Object<'a>>,
        errno: Errno,
    ) -> Result<(), Stop> {
        // Gone since its name was read: as if it had never been.
        if errno == Errno::NOENT {
            return Ok(());
        }
        self.skip(
            place.root,
            Reason::Unreadable,
            &io::Error::from(errno).to_string(),
        );
        match known.filter(|_| walk::is_disk_gone(errno)) {
            Some(known) => self.push_offline(place.container, place.root, &known),
            None => Ok(()),
        }
    }

    /// Copies the children that a container had, marked offline. Containers among them follow when it is their turn.
    pub(super) fn keep_offline(&mut self, container: u32, root: u16) -> Result<(), Stop> {
        let Some(known) = self.known_container(container, root) else {
            return Ok(());
        };
        for child in children_of(&known) {
            self.push_offline(container, root, &child)?;
        }
        Ok(())
    }

    pub(super) fn push_offline(
        &mut self,
        parent: u32,
        root: u16,
        known: &Object<'a>,
    ) -> Result<(), Stop> {
        let mut record = self.copy(parent, root, known)?;
        record.set(flag::OFFLINE, true);
        self.stays(parent, known)?;
        let is_item = !known.is_container() && known.class() != Some(Class::Caption);
        self.report.offline += u64::from(is_item && !record.has(flag::UNLISTED));
        self.builder.push(record)?;
        Ok(())
    }

    pub(super) fn root_is_missing(&mut self, root: u16, detail: String) {
        let path = self.canonical[usize::from(root)];
        self.report.missing.push(MissingRoot {
            path: path.into(),
            detail: detail.into(),
        });
        let device = self.previous_root(root).map_or(0, |(device, _)| device);
        let root = &mut self.builder.roots[usize::from(root)];
        root.flags |= layout::ROOT_OFFLINE;
        root.device = device.into();
        // The container of everything is always there; that of one root of several is not listed.
        if let Some(record) = self.builder.records.get_mut(root.record.get() as usize) {
            record.set(flag::OFFLINE, record.id.get() != ObjectId::ROOT.value());
        }
    }

    /// The root's folder lies on another device than last time, and then it was not empty: a mount point without
    /// its disk.
    pub(super) fn is_other_disk(&self, root: u16, device: u64) -> bool {
        self.previous_root(root)
            .is_some_and(|(old, object)| old != device && object.all_children().next().is_some())
    }

    /// Device and container of the same root in the previous catalogue.
    pub(super) fn previous_root(&self, root: u16) -> Option<(u64, Object<'a>)> {
        let previous = self.previous?;
        let path = self.canonical[usize::from(root)];
        let old = previous.roots().find(|old| old.path == path)?;
        Some((old.device, previous.any(old.record)?))
    }

    fn known_container(&self, container: u32, root: u16) -> Option<Object<'a>> {
        if self.builder.roots[usize::from(root)].record.get() == container {
            return self.previous_root(root).map(|(_, object)| object);
        }
        let old = self.origins.get(&container)?.old?;
        self.previous?.any(old).filter(Object::is_container)
    }

    /// A folder where a disk was mounted and none is now.
    pub(super) fn was_mounted(&self, container: u32, device: u64) -> bool {
        let parent = self.builder.records[container as usize].parent.get();
        let parent = self.builder.records.get(parent as usize);
        let old = self.origins.get(&container).and_then(|origin| origin.old);
        let old = old.and_then(|old| self.previous?.any(old));
        old.is_some_and(|old| self.was_mount_point(&old))
            && parent.is_some_and(|parent| parent.identity().0 == device)
    }

    /// A disk was mounted there, with something on it. Devices are compared within one catalogue only: after a restart of
    /// the machine each may have another number.
    fn was_mount_point(&self, old: &Object<'_>) -> bool {
        let parent = self.previous.and_then(|p| p.any(old.record.parent.get()));
        let parent = parent.map_or(0, |parent| parent.record.identity().0);
        let device = old.record.identity().0;
        old.record.kind == CONTAINER
            && !old.record.has(flag::LINKED)
            && ![0, device].contains(&parent)
            && device != 0
            && old.all_children().next().is_some()
    }

    /// Keeps what was in a mount point without its disk, and the disk's identity.
    pub(super) fn keep_unmounted_folder(&mut self, container: u32, root: u16) -> Result<(), Stop> {
        let old = self.known_container(container, root);
        let record = &mut self.builder.records[container as usize];
        record.set(flag::OFFLINE, true);
        if let Some(old) = old {
            record.identify(old.record.identity());
        }
        self.keep_offline(container, root)
    }

    /// The disk that is mounted at the current path is missing.
    pub(super) fn disk_is_missing(&mut self, root: u16) {
        let path = self.absolute(root).into();
        let detail = NOT_MOUNTED.into();
        self.report.missing.push(MissingRoot { path, detail });
    }

    /// Keeps mount points that went with their disks, as those of removable ones do.
    pub(super) fn keep_unmounted(
        &mut self,
        place: Place<'_>,
        listing: &Listing,
    ) -> Result<(), Stop> {
        let Some(previous) = self.previous else {
            return Ok(());
        };
        let before = self
            .before
            .children()
            .iter()
            .filter_map(|n| previous.any(*n));
        let mounted: Vec<_> = before.filter(|old| self.was_mount_point(old)).collect();
        for old in mounted {
            let mut found = listing.found().iter();
            if found.any(|found| listing.name(found).to_bytes() == old.name()) {
                continue;
            }
            let below = self.path.len();
            if below > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(old.name());
            self.disk_is_missing(place.root);
            self.path.truncate(below);
            self.push_offline(place.container, place.root, &old)?;
        }
        Ok(())
    }
}
