//! An object in the tree: what it is, who its parent and its children are, where its file lies.

use std::{fmt, ops::Range};

use super::{Role, RootFolder, Snapshot};
use crate::{
    catalogue::{
        object_id::{ObjectId, Place},
        record::{CONTAINER, NO_ROOT, PLAYLIST, Record, VIEW, flag},
    },
    limits,
};

/// An object where it is met: at home, or as an appearance in a container that shows others.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    /// The object.
    pub object: Object<'a>,
    /// The container it appears in; `None`: it is met at home.
    pub within: Option<ObjectId>,
}

impl<'a> Entry<'a> {
    /// What a control point calls it: `@id`.
    pub fn place(&self) -> Place {
        Place {
            object: self.object.id(),
            within: self.within,
        }
    }

    /// `@parentID`; `None` for the root container.
    pub fn parent_id(&self) -> Option<ObjectId> {
        match self.within {
            Some(container) => Some(container),
            None => self.object.parent_id(),
        }
    }

    /// The object at home.
    pub const fn at_home(object: Object<'a>) -> Self {
        Self {
            object,
            within: None,
        }
    }
}

/// One object of a snapshot.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) number: u32,
    pub(in crate::catalogue) record: &'a Record,
}

impl<'a> Object<'a> {
    /// `@id`
    pub fn id(&self) -> ObjectId {
        ObjectId::from_value(self.record.id.get())
    }

    /// `@parentID`; `None` for the root container, whose parent is written [`ObjectId::NO_PARENT`].
    pub fn parent_id(&self) -> Option<ObjectId> {
        self.parent().map(|parent| parent.id())
    }

    /// Its record's number, good in this snapshot only.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// It has children instead of a file.
    pub fn is_container(&self) -> bool {
        self.record.is_container()
    }

    /// It is a container, and its children are the entries of a playlist.
    pub fn is_playlist(&self) -> bool {
        self.record.kind == PLAYLIST
    }

    /// It is a container whose items are at home in other containers, which [`Self::parent_id`] of each names: a
    /// playlist or a view.
    pub fn shows_others(&self) -> bool {
        self.record.shows_others()
    }

    /// `other` is among its listed children. The time grows with their number.
    pub fn shows(&self, other: &Self) -> bool {
        let (start, count) = self.links();
        let links = 0..if self.is_container() { count } else { 0 };
        let link = |place| self.snapshot.link(start.checked_add(place)?);
        links
            .into_iter()
            .any(|place| link(place) == Some(other.number))
    }

    /// `child`, one of its children, as it is met here. A container is at home wherever it is met, and a stream in its
    /// playlist.
    pub fn entry(&self, child: Self) -> Entry<'a> {
        let is_at_home = child.is_container() || child.record.parent.get() == self.number;
        let is_appearance = self.shows_others() && !is_at_home;
        Entry {
            object: child,
            within: is_appearance.then(|| self.id()),
        }
    }

    /// What it stands for, if it is a container of a view.
    pub fn role(&self) -> Option<Role> {
        if self.record.kind != VIEW {
            return None;
        }
        Role::from_number(self.record.mime)
    }

    /// It is a container of a view, and shows again what another one of its class is made for (the album of an artist: the
    /// one among all albums), or what its siblings hold.
    pub fn is_copy(&self) -> bool {
        self.record.kind == VIEW && self.record.has(flag::COPY)
    }

    /// It is a picture that stands for its folder, and so is listed nowhere itself.
    pub fn is_beside(&self) -> bool {
        self.record.has(flag::BESIDE)
    }

    /// The place of its media folder among [`Snapshot::roots`]; of an object in none, beyond them.
    pub fn root_number(&self) -> usize {
        self.record.root.get().into()
    }

    /// It is a directory, or the root folder itself.
    pub fn is_folder(&self) -> bool {
        self.record.kind == CONTAINER && self.record.root.get() != NO_ROOT
    }

    /// All items below a container of a view, at any depth, each once unless playlists repeat it; nothing for any other
    /// object. By their places: `0..items_below_count()`.
    pub fn items_below(&self, places: Range<u32>) -> impl Iterator<Item = Object<'a>> + use<'a> {
        let (snapshot, (start, count)) = (self.snapshot, self.below());
        let end = places.end.min(count);
        (places.start..end)
            .filter_map(move |place| linked(snapshot, start, place))
            .filter(|item| !item.is_container())
    }

    /// How many items are below a container of a view.
    pub fn items_below_count(&self) -> u32 {
        self.below().1
    }

    fn below(&self) -> (u32, u32) {
        if self.record.kind != VIEW {
            return (0, 0);
        }
        let (at, count) = (self.record.thumbnail_at, self.record.thumbnail_len);
        self.snapshot.clamped(at.get(), count.get())
    }

    /// File or directory name, as the kernel has it; empty for the root container; of a stream its URL.
    pub fn name(&self) -> &'a [u8] {
        self.snapshot
            .heap(self.record.name_at.get(), self.record.name_len.get())
    }

    /// `@childCount`: children that are listed.
    pub fn child_count(&self) -> u32 {
        if self.is_container() {
            self.links().1
        } else {
            0
        }
    }

    /// Listed children in the default order, by their places: `0..child_count()`. Places past the end are left out.
    pub fn children(&self, places: Range<u32>) -> impl Iterator<Item = Object<'a>> + use<'a> {
        let (snapshot, (start, _), number) = (self.snapshot, self.links(), self.number);
        let end = places.end.min(self.child_count());
        (places.start..end)
            .filter_map(move |place| linked(snapshot, start, place))
            .filter(move |child| child.comes_after(number))
    }

    /// The listed child at `place` in the default order.
    pub fn child(&self, place: u32) -> Option<Object<'a>> {
        let child =
            (place < self.child_count()).then(|| linked(self.snapshot, self.links().0, place))?;
        child.filter(|child| child.comes_after(self.number))
    }

    /// A container that comes before its parent is a lie, by which one could go round in circles.
    fn comes_after(&self, parent: u32) -> bool {
        !self.is_container() || parent < self.number
    }

    /// The folder of [`Snapshot::roots`] below which it lies.
    pub fn root(&self) -> Option<RootFolder<'a>> {
        let number = usize::from(self.record.root.get());
        self.snapshot.roots().nth(number)
    }

    /// Writes the absolute path into `buffer`; returns its root folder and its length.
    ///
    /// `None` if it has none (the container above several roots, a stream), if it is too long, or if the snapshot is damaged.
    /// The path is only a place to look: open it with [`crate::sys::beneath::open_file`].
    pub fn path(&self, buffer: &mut [u8; limits::PATH_BYTES]) -> Option<(RootFolder<'a>, usize)> {
        if self.is_stream() {
            return None;
        }
        let root = self.root()?;
        let mut start = buffer.len();
        let mut object = *self;
        let mut steps = 0;
        while object.number != root.record {
            let name = object.name();
            if !is_file_name(name) || steps > limits::DEPTH {
                return None;
            }
            start = prepend(buffer, start, name)?;
            start = prepend(buffer, start, b"/")?;
            steps += 1;
            object = object.parent()?;
        }
        // The root "/" brings its own slash.
        let path = root.path.strip_suffix(b"/").unwrap_or(root.path);
        start = prepend(buffer, start, path)?;
        let len = buffer.len() - start;
        buffer.copy_within(start.., 0);
        Some((root, len))
    }

    /// All children, those not listed too.
    pub(in crate::catalogue) fn all_children(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        let (snapshot, start) = (self.snapshot, self.record.links_at.get());
        let count = self
            .record
            .links
            .get()
            .saturating_add(self.record.more_links.get());
        let count = if self.is_container() { count } else { 0 };
        // A lying number ends with the links there are.
        (0..count).map_while(move |place| snapshot.any(snapshot.link(start.checked_add(place)?)?))
    }

    /// The child that is a container, a directory or a playlist, of this file name; listed or not.
    pub fn container_named(&self, name: &[u8]) -> Option<Object<'a>> {
        self.all_children()
            .find(|child| child.is_container() && child.name() == name)
    }

    /// Device and inode of a directory; zeros: not known.
    pub fn directory_identity(&self) -> (u64, u64) {
        self.record.identity()
    }

    /// The device on which its folder was; the folder need not be listed, as one of subtitles alone is not.
    pub fn disk(&self) -> Option<u64> {
        self.parent().map(|folder| folder.directory_identity().0)
    }

    /// It is at home below the container in record `top`.
    pub(in crate::catalogue) fn is_below(&self, top: u32) -> bool {
        let mut object = *self;
        // A parent always comes before its children; a damaged snapshot ends the way up.
        while let Some(parent) = object
            .parent()
            .filter(|parent| parent.number < object.number)
        {
            if parent.number <= top {
                return parent.number == top;
            }
            object = parent;
        }
        false
    }

    /// First link and number of links, children or captions; a lying number ends with the links there are, so that
    /// nobody counts to four thousand million.
    pub(super) fn links(&self) -> (u32, u32) {
        let (at, count) = (self.record.links_at, self.record.links);
        self.snapshot.clamped(at.get(), count.get())
    }

    pub(super) fn parent(&self) -> Option<Object<'a>> {
        self.snapshot.any(self.record.parent.get())
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.id(), self.title())
    }
}

pub(super) fn linked(snapshot: &Snapshot, start: u32, place: u32) -> Option<Object<'_>> {
    snapshot.object(snapshot.link(start.checked_add(place)?)?)
}

fn is_file_name(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/') && !name.contains(&0)
}

/// Puts `bytes` before `start`; `None` if there is no room.
fn prepend(buffer: &mut [u8], start: usize, bytes: &[u8]) -> Option<usize> {
    let at = start.checked_sub(bytes.len())?;
    buffer.get_mut(at..start)?.copy_from_slice(bytes);
    Some(at)
}
