//! Reading a snapshot: open (cheap checks), verify (everything), read.
//!
//! After [`Snapshot::open`] every accessor is free of panics and endless loops whatever the bytes say: a flipped bit
//! may show a wrong text or hide an object, no more.

mod object;
mod told;
mod verify;

use std::{fmt, fs::File, io, ops::Range, path::Path};

use zerocopy::FromBytes as _;

pub use object::{Entry, Object};
pub use told::Art;

use super::{
    layout::{self, Header},
    object_id::{ObjectId, Place},
    record::{self, CONTAINER, RECORD_BYTES, Record, VIEW, flag},
    signature::Signature,
    views::Role,
};
use crate::{media::Class, sys::map::Map};

/// One finished catalogue, read-only.
pub struct Snapshot {
    bytes: Bytes,
    /// The file it lies in, if that is not synced and does not have its name yet.
    unkept: Option<File>,
    /// It was made by this process, and not read from a disk.
    is_own: bool,
    header: Header,
    /// Records, links, index, signatures, roots, heap: each inside `bytes`.
    sections: [Range<usize>; layout::SECTIONS],
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

    /// Maps a snapshot that was just written to `file`, which nobody will write to any more; it is published from there
    /// before it is kept.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub(super) fn unkept(file: File) -> Result<Self, OpenError> {
        let map = Map::snapshot(&file).map_err(OpenError::Io)?;
        let mut snapshot = Self::check(Bytes::Mapped(map))?;
        snapshot.unkept = Some(file);
        Ok(snapshot)
    }

    /// A snapshot in memory, to be published where it cannot be written.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, OpenError> {
        Self::check(Bytes::Owned(bytes))
    }

    /// The same, known to be what was built.
    pub(super) fn own(self) -> Self {
        Self {
            is_own: true,
            ..self
        }
    }

    /// It need not be verified: it was built by this process.
    pub(super) fn is_own(&self) -> bool {
        self.is_own
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
        let bytes = self.section(4);
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

    /// It is the file that the next start will find.
    pub fn is_kept(&self) -> bool {
        matches!(self.bytes, Bytes::Mapped(_)) && self.unkept.is_none()
    }

    /// The file it lies in, if it is not kept yet; `None` too if it lies in memory.
    pub(super) fn unkept_file(&self) -> Option<&File> {
        self.unkept.as_ref()
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

    /// What the texts of the records from `number` on may hold, in their order.
    pub(super) fn signatures(&self, number: u32) -> impl Iterator<Item = Signature> {
        let at = usize::try_from(number).ok();
        let at = at.and_then(|at| at.checked_mul(Signature::BYTES));
        let rest = at.and_then(|at| self.section(3).get(at..));
        let (stored, _) = rest.unwrap_or_default().as_chunks();
        stored.iter().copied().map(Signature::from_bytes)
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
            unkept: None,
            is_own: false,
            header,
            sections,
        })
    }

    /// What the probes knew by which this was made ([`crate::media::probe::KNOWLEDGE`]).
    pub fn knowledge(&self) -> u32 {
        self.header.knowledge.get()
    }

    /// The same, as if a rill had written it that knew this.
    #[cfg(test)]
    pub(super) fn knowing(mut self, knowledge: u32) -> Self {
        self.header.knowledge = knowledge.into();
        self
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
        self.section(5)
            .get(at..)
            .and_then(|rest| rest.get(..usize::from(len)))
            .unwrap_or_default()
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

fn u32_at(section: &[u8], place: u32) -> Option<u32> {
    let at = usize::try_from(place).ok()?.checked_mul(4)?;
    let bytes = section.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
