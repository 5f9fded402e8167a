//! Reading a snapshot: open (cheap checks), verify (everything), read.
//!
//! After [`Snapshot::open`] every accessor is free of panics and endless loops whatever the bytes say: a flipped bit
//! may show a wrong text or hide an object, no more.

use std::{fmt, fs::File, io, ops::Range, path::Path, time::Duration};

use xxhash_rust::xxh3::xxh3_64;
use zerocopy::FromBytes as _;

use super::{
    layout::{self, Header},
    object_id::{ObjectId, Place},
    record::{
        self, CONTAINER, NO_PARENT, NO_ROOT, NOTE, PLAYLIST, RECORD_BYTES, Record, Tag, VIEW, flag,
    },
    views::Role,
};
use crate::{
    limits,
    media::{Class, Date, stream},
    sys::map::Map,
};

/// Containers of which one link is a child, at the very most: the one of all, the one by name, and room for later.
const SHOWN: u64 = 4;
/// Items of a container of which one may have a picture to stand for it.
const COVERS: u32 = 4;

/// One finished catalogue, read-only.
pub struct Snapshot {
    bytes: Bytes,
    header: Header,
    /// Records, links, index, roots, heap: each inside `bytes`.
    sections: [Range<usize>; 5],
}

/// Why a file is not a usable snapshot. The catalogue is a cache: the remedy is always to build it anew.
#[derive(Debug)]
pub enum OpenError {
    /// It cannot be read.
    Io(io::Error),
    /// It is no snapshot at all.
    Magic,
    /// It was written by another release.
    Version(u32),
    /// Its length or its sections are not what the header says.
    Length,
    /// Its bytes are not those that were written.
    Checksum,
    /// It refers to something it does not hold.
    Reference,
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(e) => write!(
                f,
                "cannot be read: {e}; check the state directory's owner and the disk"
            ),
            Self::Magic => f.write_str("is no catalogue; it is set aside and built anew"),
            Self::Version(v) => write!(
                f,
                "has layout version {v}, this rill reads {}; it is set aside and built anew",
                layout::VERSION
            ),
            Self::Length => f.write_str("was cut short; it is set aside and built anew"),
            Self::Checksum | Self::Reference => f.write_str(
                "is damaged; it is built anew. If this happens again, check the disk it lies on",
            ),
        }
    }
}

impl std::error::Error for OpenError {}

enum Bytes {
    Mapped(Map),
    Owned(Vec<u8>),
}

/// One of the folders the catalogue was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RootFolder<'a> {
    /// Canonical path, bytes as the kernel has them.
    pub path: &'a [u8],
    /// The only class listed below it.
    pub only: Option<Class>,
    /// Device id of the directory at the last scan that found it.
    pub device: u64,
    /// The disk was not there.
    pub is_offline: bool,
    pub(super) record: u32,
}

impl Snapshot {
    /// Maps the snapshot at `path`; checks magic, version, length and section bounds, not the checksum.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = File::open(path).map_err(OpenError::Io)?;
        if file.metadata().map_err(OpenError::Io)?.len() == 0 {
            return Err(OpenError::Length);
        }
        let map = Map::snapshot(&file).map_err(OpenError::Io)?;
        Self::check(Bytes::Mapped(map))
    }

    /// A snapshot in memory, to be published before it is written.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::check(Bytes::Owned(bytes))
    }

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

    /// `SystemUpdateID` (ContentDirectory:1 §2.5.11).
    pub fn system_update_id(&self) -> u32 {
        self.header.system_update_id.get()
    }

    /// What tells this catalogue's content from any other's.
    pub fn checksum(&self) -> u64 {
        self.header.checksum.get()
    }

    /// Objects that can be found, root container included and views left out, counted record by record.
    pub fn len(&self) -> u32 {
        let is_seen = |object: Object<'_>| object.record.kind != VIEW;
        let seen = (0..self.records()).filter(|i| self.object(*i).is_some_and(is_seen));
        u32::try_from(seen.count()).unwrap_or(u32::MAX)
    }

    /// There is no item at all.
    pub fn is_empty(&self) -> bool {
        self.root().is_none_or(|root| root.child_count() == 0)
    }

    /// Records, listed or not: the numbers [`Self::object`] knows are below this.
    pub fn records(&self) -> u32 {
        self.header.records.get()
    }

    /// The object with this id; captions and offline objects too.
    pub fn find(&self, id: ObjectId) -> Option<Object<'_>> {
        self.object(self.find_record(id)?)
    }

    /// The one container of `role`, such as [`Role::Albums`], if there is such a view. That of [`Role::InProgress`] has no
    /// children here, and is not among those of [`Role::Video`]: who knows what is in progress shows it.
    pub fn role(&self, role: Role) -> Option<Object<'_>> {
        self.find(role.id())
            .filter(|found| found.role() == Some(role))
    }

    /// The object that `place` names; `None` too if it does not appear there.
    pub fn entry(&self, place: Place) -> Option<Entry<'_>> {
        let object = self.find(place.object)?;
        let within = match place.within {
            Some(container) => {
                let container = self.find(container).filter(Object::shows_others)?;
                let is_there = !object.is_container() && container.shows(&object);
                Some(is_there.then(|| container.id())?)
            }
            None => None,
        };
        Some(Entry { object, within })
    }

    /// The root container.
    pub fn root(&self) -> Option<Object<'_>> {
        self.object(0)
    }

    /// The object in record `number`; `None` past the end, and for records that are no objects.
    pub fn object(&self, number: u32) -> Option<Object<'_>> {
        self.any(number)
            .filter(|object| !object.record.has(flag::UNLISTED))
    }

    /// The folders the catalogue was made of.
    pub fn roots(&self) -> impl Iterator<Item = RootFolder<'_>> {
        let bytes = self.section(3);
        bytes
            .chunks_exact(layout::ROOT_BYTES)
            .filter_map(|root| layout::Root::ref_from_bytes(root).ok())
            .map(|root| RootFolder {
                path: self.heap(root.path_at.get(), root.path_len.get()),
                only: record::class_of(root.only),
                device: root.device.get(),
                is_offline: root.flags & layout::ROOT_OFFLINE != 0,
                record: root.record.get(),
            })
    }

    /// The directories the catalogue was made of, listed or not, but for those whose disk was not there.
    pub fn directories(&self) -> impl Iterator<Item = ObjectId> {
        let all = (0..self.records()).filter_map(|number| self.any(number));
        all.filter(|object| object.record.kind == CONTAINER && !object.is_offline())
            .filter(|object| usize::from(object.record.root.get()) < self.roots().count())
            .map(|object| object.id())
    }

    /// The directory with this id, listed or not; `None` too if its disk was not there.
    pub fn directory(&self, id: ObjectId) -> Option<Object<'_>> {
        let object = self.any(self.find_record(id)?)?;
        (object.record.kind == CONTAINER && !object.is_offline()).then_some(object)
    }

    /// The container of a folder the catalogue was made of; there even while its disk is not.
    pub fn container_of(&self, root: &RootFolder<'_>) -> Option<Object<'_>> {
        self.any(root.record)
    }

    /// It lies in memory, and not in a file.
    pub fn is_in_memory(&self) -> bool {
        matches!(self.bytes, Bytes::Owned(_))
    }

    /// As [`Self::object`], records that are no objects too.
    pub(super) fn any(&self, number: u32) -> Option<Object<'_>> {
        let at = usize::try_from(number).ok()?.checked_mul(RECORD_BYTES)?;
        let bytes = self.section(0).get(at..)?.get(..RECORD_BYTES)?;
        Some(Object {
            snapshot: self,
            number,
            record: Record::ref_from_bytes(bytes).ok()?,
        })
    }

    /// The record with this id, object or not.
    pub(super) fn find_record(&self, id: ObjectId) -> Option<u32> {
        let (mut low, mut high) = (0, self.records());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.indexed(middle)?.cmp(&id.value()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return u32_at(self.section(2), middle),
            }
        }
        None
    }

    /// Link `number`: a record number.
    pub(super) fn link(&self, number: u32) -> Option<u32> {
        u32_at(self.section(1), number)
    }

    /// As much of the links `at..at + count` as there is: where it begins, and how many.
    fn clamped(&self, at: u32, count: u32) -> (u32, u32) {
        let all = self.header.links.get();
        let start = at.min(all);
        (start, count.min(all - start))
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        }
    }

    fn check(bytes: Bytes) -> Result<Self, OpenError> {
        let all: &[u8] = match &bytes {
            Bytes::Mapped(map) => map,
            Bytes::Owned(bytes) => bytes,
        };
        if !all.starts_with(&layout::MAGIC) {
            return Err(OpenError::Magic);
        }
        let (header, _) = Header::read_from_prefix(all).map_err(|_| OpenError::Length)?;
        if header.version.get() != layout::VERSION {
            return Err(OpenError::Version(header.version.get()));
        }
        let (starts, end) = layout::sections(
            header.records.get(),
            header.links.get(),
            header.roots.get(),
            header.heap_len.get(),
        )
        .ok_or(OpenError::Length)?;
        let stated = header.sections.map(zerocopy::little_endian::U64::get);
        if u64::try_from(all.len()) != Ok(end)
            || header.file_len.get() != end
            || stated != starts
            || header.records.get() == 0
        {
            return Err(OpenError::Length);
        }
        let at = |i: usize| usize::try_from(starts.get(i).copied().unwrap_or(end)).unwrap_or(0);
        let sections = std::array::from_fn(|i| at(i)..at(i + 1));
        Ok(Self {
            bytes,
            header,
            sections,
        })
    }

    fn section(&self, number: usize) -> &[u8] {
        self.bytes()
            .get(self.sections[number].clone())
            .unwrap_or_default()
    }

    /// The id of the record at place `place` of the index.
    fn indexed(&self, place: u32) -> Option<u64> {
        let number = u32_at(self.section(2), place)?;
        Some(self.any(number)?.record.id.get())
    }

    fn heap(&self, at: u32, len: u16) -> &[u8] {
        let Ok(at) = usize::try_from(at) else {
            return &[];
        };
        self.section(4)
            .get(at..)
            .and_then(|rest| rest.get(..usize::from(len)))
            .unwrap_or_default()
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

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Snapshot({} records, update {})",
            self.records(),
            self.system_update_id()
        )
    }
}

/// A picture to be shown for an object.
#[derive(Clone, Copy, Debug)]
pub struct Art<'a> {
    /// The object whose file holds it: the object itself, or a picture beside it.
    pub holder: Object<'a>,
    /// Offset and length in that file, bytes; `None`: the whole file.
    pub span: Option<(u64, u32)>,
    /// Media type, as the prober's number.
    pub mime_code: u8,
    /// DLNA profile, as the prober's number.
    pub profile_code: Option<u16>,
}

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
    snapshot: &'a Snapshot,
    number: u32,
    pub(super) record: &'a Record,
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

    /// The item whose picture stands for a container of a view that is an album: the first that has one, of the first few.
    pub fn cover(&self, has_picture: impl Fn(&Self) -> bool) -> Option<Self> {
        if !matches!(self.role(), Some(Role::Album | Role::PhotoAlbum)) {
            return None;
        }
        self.items_below(0..COVERS).find(has_picture)
    }

    /// What kind of item; `None` for a container.
    pub fn class(&self) -> Option<Class> {
        self.record.class()
    }

    /// It lies on the Internet: there is no file of it here.
    pub fn is_stream(&self) -> bool {
        self.record.has(flag::STREAM) && !self.is_container()
    }

    /// Where a stream is: an absolute `http` or `https` URL of printable ASCII. Never to be opened by rill: whoever can
    /// write a playlist could make it ask anybody anything.
    pub fn stream_url(&self) -> Option<&'a str> {
        let url = Some(self.name()).filter(|url| self.is_stream() && stream::is_address(url))?;
        std::str::from_utf8(url).ok()
    }

    /// Media type, as the prober's number.
    pub fn mime_code(&self) -> u8 {
        self.record.mime
    }

    /// DLNA profile, as the prober's number.
    pub fn profile_code(&self) -> Option<u16> {
        some(self.record.profile.get())
    }

    /// `dc:title`: the note's beside a video, else the tag's, else the file's stem; a container's name. May hold
    /// characters that XML forbids.
    pub fn title(&self) -> &'a str {
        let noted = self.note().map(|note| note.own_text());
        let noted = noted.filter(|title| !title.is_empty());
        match noted.unwrap_or_else(|| self.own_text()) {
            "" => "untitled",
            title => title,
        }
    }

    /// The stored title, whatever a note says; a note's may be empty.
    pub(super) fn own_text(&self) -> &'a str {
        let (at, len) = (self.record.title_at.get(), self.record.title_len.get());
        record::valid_start(self.snapshot.heap(at, len))
    }

    /// File or directory name, as the kernel has it; empty for the root container; of a stream its URL.
    pub fn name(&self) -> &'a [u8] {
        self.snapshot
            .heap(self.record.name_at.get(), self.record.name_len.get())
    }

    /// Place of the title among all titles of the catalogue, in natural order; equal titles have equal ranks.
    pub fn title_rank(&self) -> u32 {
        self.record.title_rank.get()
    }

    /// A text property: the note's beside a video, else the file's own.
    pub fn property(&self, tag: Tag) -> Option<&'a str> {
        let noted = self
            .note()
            .and_then(|n| record::property(n.properties(), tag));
        noted.or_else(|| record::property(self.properties(), tag))
    }

    /// The series that a video is a part of.
    pub fn series(&self) -> Option<&'a str> {
        self.property(Tag::Series)
    }

    /// Season of the series; 0 holds the specials.
    pub fn season(&self) -> Option<u16> {
        self.told(|record| record.season.get().checked_sub(1))
    }

    /// Episode of the season; 0 for a pilot.
    pub fn episode(&self) -> Option<u16> {
        self.told(|record| record.episode.get().checked_sub(1))
    }

    /// Maker and model of the camera.
    pub fn camera(&self) -> Option<&'a str> {
        self.property(Tag::Camera)
    }

    /// Stars, 1 to 5.
    pub fn rating(&self) -> Option<u8> {
        some(self.record.rating)
    }

    /// How a photograph is to be turned, 1 to 8 (Exif 2.32 §4.6.4); 1, not at all, when the file does not say.
    pub fn orientation(&self) -> u8 {
        match self.record.orientation {
            turned @ 1..=8 => turned,
            _ => 1,
        }
    }

    /// The picture to be shown for this: the one in the file itself, else the file beside it, else the folder's. A
    /// photograph has none but itself.
    pub fn art(&self) -> Option<Art<'a>> {
        if matches!(self.class(), Some(Class::Image | Class::Caption)) {
            return None;
        }
        if let Some(len) = some(self.record.art_len.get()) {
            return Some(Art {
                holder: *self,
                span: Some((self.record.art_at.get(), len)),
                mime_code: self.record.art_mime,
                profile_code: some(self.record.art_profile.get()),
            });
        }
        let holder = self.picture()?;
        Some(Art {
            holder,
            span: None,
            mime_code: holder.mime_code(),
            profile_code: holder.profile_code(),
        })
    }

    /// Offset and length of the small JPEG that a camera put into a photograph, bytes.
    pub fn thumbnail(&self) -> Option<(u64, u32)> {
        self.class()?;
        let len = some(self.record.thumbnail_len.get())?;
        Some((self.record.thumbnail_at.get().into(), len))
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

    /// Subtitle files of a video: those with its very stem first, then in the order of their names.
    pub fn captions(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
        let (snapshot, (start, count)) = (self.snapshot, self.links());
        let count = if self.is_container() { 0 } else { count };
        (0..count).filter_map(move |place| linked(snapshot, start, place))
    }

    /// File size in bytes.
    pub fn size(&self) -> u64 {
        self.record.size.get()
    }

    /// Last change of the file: seconds since 1970, nanoseconds of the second.
    pub fn modified(&self) -> (i64, u32) {
        (self.record.mtime_secs.get(), self.record.mtime_nanos.get())
    }

    /// Inode number of the file.
    pub fn inode(&self) -> u64 {
        self.record.inode.get()
    }

    /// What its content is known by, wherever the file lies; 0: unknown.
    pub fn content(&self) -> u64 {
        self.record.content.get()
    }

    /// The date the file states; not its last change.
    pub fn date(&self) -> Option<Date> {
        self.told(Record::date)
    }

    /// Play time.
    pub fn duration(&self) -> Option<Duration> {
        some(self.record.duration_ms.get()).map(|ms| Duration::from_millis(ms.into()))
    }

    /// Bytes per second.
    pub fn bitrate_bytes_per_sec(&self) -> Option<u32> {
        some(self.record.bitrate.get())
    }

    /// Width and height in pixels.
    pub fn resolution(&self) -> Option<(u32, u32)> {
        some(self.record.width.get()).zip(some(self.record.height.get()))
    }

    /// Hz.
    pub fn sample_rate(&self) -> Option<u32> {
        some(self.record.sample_rate.get())
    }

    /// Audio channels.
    pub fn channels(&self) -> Option<u8> {
        some(self.record.channels)
    }

    /// Bits per audio sample.
    pub fn bits_per_sample(&self) -> Option<u8> {
        some(self.record.bits_per_sample)
    }

    /// Coding of the pictures: [`crate::media::VideoCodec`] as a number.
    pub fn video_codec_code(&self) -> Option<u8> {
        some(self.record.video_codec)
    }

    /// Coding of the sound: [`crate::media::AudioCodec`] as a number.
    pub fn audio_codec_code(&self) -> Option<u8> {
        some(self.record.audio_codec)
    }

    /// Track number.
    pub fn track(&self) -> Option<u16> {
        some(self.record.track.get())
    }

    /// Disc number.
    pub fn disc(&self) -> Option<u16> {
        some(self.record.disc.get())
    }

    /// `ContainerUpdateID` (ContentDirectory:1 §2.5.12): the `SystemUpdateID` of the last change of this container's
    /// children; of an item, of its own last change.
    pub fn update_id(&self) -> u32 {
        self.record.update_id.get()
    }

    /// Its disk was not there at the last scan: keep it, do not play it.
    pub fn is_offline(&self) -> bool {
        self.record.has(flag::OFFLINE)
    }

    /// Writes the absolute path into `buffer`; returns its root folder and its length.
    ///
    /// `None` if it has none (the container above several roots, a stream), if it is too long, or if the snapshot is damaged.
    /// The path is only a place to look: open it with [`crate::sys::beneath::open_file`].
    pub fn path(&self, buffer: &mut [u8; limits::PATH_BYTES]) -> Option<(RootFolder<'a>, usize)> {
        if self.is_stream() {
            return None;
        }
        let root = self
            .snapshot
            .roots()
            .nth(usize::from(self.record.root.get()))?;
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
    pub(super) fn all_children(&self) -> impl Iterator<Item = Object<'a>> + use<'a> {
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

    /// The picture beside it that is shown for it.
    pub(super) fn picture(&self) -> Option<Object<'a>> {
        let picture = self.snapshot.object(some(self.record.picture.get())?)?;
        (picture.class() == Some(Class::Image)).then_some(picture)
    }

    /// The note beside it.
    pub(super) fn note(&self) -> Option<Object<'a>> {
        let note = self.snapshot.any(some(self.record.note.get())?)?;
        (note.record.kind == NOTE).then_some(note)
    }

    /// A fact of the note's, else of its own.
    fn told<T>(&self, fact: impl Fn(&Record) -> Option<T>) -> Option<T> {
        let noted = self.note().and_then(|note| fact(note.record));
        noted.or_else(|| fact(self.record))
    }

    /// The property list's bytes, whatever a note says.
    pub(super) fn properties(&self) -> &'a [u8] {
        let (at, len) = (&self.record.properties_at, &self.record.properties_len);
        self.snapshot.heap(at.get(), len.get())
    }

    /// It is at home below the container in record `top`.
    pub(super) fn is_below(&self, top: u32) -> bool {
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
    fn links(&self) -> (u32, u32) {
        let (at, count) = (self.record.links_at, self.record.links);
        self.snapshot.clamped(at.get(), count.get())
    }

    fn parent(&self) -> Option<Object<'a>> {
        self.snapshot.any(self.record.parent.get())
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.id(), self.title())
    }
}

fn linked(snapshot: &Snapshot, start: u32, place: u32) -> Option<Object<'_>> {
    snapshot.object(snapshot.link(start.checked_add(place)?)?)
}

fn some<T: Default + PartialEq>(value: T) -> Option<T> {
    (value != T::default()).then_some(value)
}

fn u32_at(section: &[u8], place: u32) -> Option<u32> {
    let at = usize::try_from(place).ok()?.checked_mul(4)?;
    let bytes = section.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
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

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
