//! Whether a snapshot is whole: once for each that was read from a disk, by the scan that builds upon it.

use xxhash_rust::xxh3::xxh3_64;

use super::{Object, OpenError, Snapshot};
use crate::{
    catalogue::{
        layout,
        record::{NO_PARENT, NOTE, VIEW, flag},
    },
    media::{Class, stream},
};

/// Containers of which one link is a child, at the very most: the one of all, the one by name, and room for later.
const SHOWN: u64 = 4;

impl Snapshot {
    /// Checks everything: the checksum, and that every reference is in range.
    ///
    /// # Errors
    /// [`OpenError::Checksum`], [`OpenError::Reference`].
    pub fn verify(&self) -> Result<(), OpenError> {
        let checked = self.bytes().get(layout::CHECKED_FROM..).unwrap_or_default();
        if xxh3_64(checked) != self.header.checksum.get() {
            return Err(OpenError::Checksum);
        }
        let good = (0..self.records()).all(|i| self.is_sound(i))
            && (0..self.header.links.get())
                .all(|i| self.link(i).is_some_and(|r| r < self.records()))
            && (0..self.records()).all(|i| {
                let id = self.indexed(i);
                id.is_some() && (i == 0 || self.indexed(i - 1) < id)
            })
            && self.roots().count() == self.header.roots.get() as usize
            && self.is_tree();
        good.then_some(()).ok_or(OpenError::Reference)
    }

    /// Containers are only ever children of earlier ones: there is no way round in circles.
    fn is_tree(&self) -> bool {
        // Ranges of views overlap, but each link is a child of few; more is a lie, and its looking through no end.
        let mut left = u64::from(self.header.links.get()) * SHOWN;
        (0..self.records()).all(|number| {
            let Some(container) = self.any(number).filter(Object::is_container) else {
                return true;
            };
            let (start, count) = container.links();
            let Some(rest) = left.checked_sub(count.into()) else {
                return false;
            };
            left = rest;
            (start..start + count).all(|place| {
                let child = self.link(place).and_then(|child| self.any(child));
                child.is_some_and(|child| !child.is_container() || number < child.number)
            })
        })
    }

    fn is_sound(&self, number: u32) -> bool {
        let Some(Object { record, .. }) = self.any(number) else {
            return false;
        };
        let heap_len = self.header.heap_len.get();
        let in_heap = |at: u32, len: u16| u64::from(at) + u64::from(len) <= heap_len;
        let title = self.heap(record.title_at.get(), record.title_len.get());
        let links = u64::from(record.links_at.get())
            + u64::from(record.links.get())
            + u64::from(record.more_links.get());
        let below = u64::from(record.thumbnail_at.get()) + u64::from(record.thumbnail_len.get());
        let name = self.heap(record.name_at.get(), record.name_len.get());
        let is_stream = || {
            let parent = self.any(record.parent.get());
            matches!(record.class(), Some(Class::Audio | Class::Video))
                && parent.is_some_and(|parent| parent.is_playlist())
                && stream::is_address(name)
        };
        (!record.has(flag::STREAM) || is_stream())
            && (record.parent.get() < number || number == 0 && record.parent.get() == NO_PARENT)
            && (record.is_container() || record.kind == NOTE || record.class().is_some())
            && [record.picture, record.note]
                .iter()
                .all(|other| other.get() < self.records())
            && in_heap(record.name_at.get(), record.name_len.get())
            && in_heap(record.title_at.get(), record.title_len.get())
            && in_heap(record.properties_at.get(), record.properties_len.get())
            && std::str::from_utf8(title).is_ok()
            && links <= u64::from(self.header.links.get())
            && (record.kind != VIEW || below <= u64::from(self.header.links.get()))
    }
}
