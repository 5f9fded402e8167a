//! Gathers records while a scan runs, and finishes them: ids made unique, empty containers hidden, children linked,
//! titles ranked, changes against the previous snapshot numbered.
//!
//! Children of one container are pushed together, so until [`Builder::finish`] a container's links are simply the
//! range of its children's records.

mod changes;

use std::{collections::HashMap, ops::Range};

use xxhash_rust::xxh3::xxh3_64;
use zerocopy::little_endian::U32;

use super::{
    layout::Root,
    object_id::ObjectId,
    order,
    record::{self, CONTAINER, NO_PARENT, NOTE, PLAYLIST, Record, flag},
    scan::Playlists,
    signature::Signature,
    snapshot::Snapshot,
    stream::{Entry, Times},
    views::{self, Views},
    writer::Built,
};
use crate::{limits, media::Class};

/// Texts remembered so that equal ones are stored once. Files of one album follow each other, so few are enough.
const RECENT: usize = 4096;
/// Tries to find an unused id. Two objects with the same hash are rare already.
const SALTS: u32 = 16;

/// The record of the container of all folders, where views stand beside it: the first below the root.
pub(super) const FOLDERS: u32 = 1;

/// A limit of the catalogue is reached: [`limits::OBJECTS`], or 4 GiB of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Full;

/// Where a text lies in the heap.
pub(super) type Text = (u32, u16);

/// A catalogue in the making.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) records: Vec<Record>,
    pub(super) links: Vec<U32>,
    pub(super) roots: Vec<Root>,
    pub(super) heap: Vec<u8>,
    /// Playlists by their record, and where their entries lead.
    pub(super) playlists: Vec<(u32, Vec<Entry>)>,
    recent: Vec<Text>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            records: Vec::new(),
            links: Vec::new(),
            roots: Vec::new(),
            heap: Vec::new(),
            playlists: Vec::new(),
            recent: vec![(0, 0); RECENT],
        }
    }

    /// Adds a record, and returns its number.
    pub(super) fn push(&mut self, record: Record) -> Result<u32, Full> {
        if self.records.len() >= limits::OBJECTS {
            return Err(Full);
        }
        let number = self.next_number()?;
        self.records.push(record);
        Ok(number)
    }

    /// The number of the next record pushed.
    pub(super) fn next_number(&self) -> Result<u32, Full> {
        u32::try_from(self.records.len()).map_err(|_| Full)
    }

    /// Stores a text, once if it was stored lately.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<Text, Full> {
        let len = u16::try_from(text.len()).map_err(|_| Full)?;
        if text.is_empty() {
            return Ok((0, 0));
        }
        let slot = xxh3_64(text).to_le_bytes();
        let slot = usize::from(u16::from_le_bytes([slot[0], slot[1]])) % RECENT;
        if self.at(self.recent[slot]) == text {
            return Ok(self.recent[slot]);
        }
        let at = u32::try_from(self.heap.len()).map_err(|_| Full)?;
        self.heap.extend_from_slice(text);
        self.recent[slot] = (at, len);
        Ok((at, len))
    }

    /// A stored text.
    pub(super) fn at(&self, (at, len): Text) -> &[u8] {
        self.heap
            .get(at as usize..)
            .and_then(|rest| rest.get(..usize::from(len)))
            .unwrap_or_default()
    }

    pub(super) fn name(&self, record: &Record) -> &[u8] {
        self.at((record.name_at.get(), record.name_len.get()))
    }

    /// The path of record `number` below its root, and its depth; names joined by slashes, empty for the root itself.
    pub(super) fn path_below(&self, number: u32, out: &mut Vec<u8>) -> usize {
        let mut names = [0; limits::DEPTH + 2];
        let mut depth = 0;
        let mut at = number;
        while let Some(record) = self.records.get(at as usize) {
            let root = self.roots.get(usize::from(record.root.get()));
            if root.is_none_or(|root| root.record.get() == at) || depth == names.len() {
                break;
            }
            names[depth] = at;
            depth += 1;
            at = record.parent.get();
        }
        out.clear();
        for (i, number) in names[..depth].iter().rev().enumerate() {
            if i > 0 {
                out.push(b'/');
            }
            out.extend_from_slice(self.name(&self.records[*number as usize]));
        }
        depth
    }

    /// Says that all records from `first` on are the children of `container`.
    pub(super) fn close(&mut self, container: u32, first: u32) {
        let count = self.records.len() - first as usize;
        let record = &mut self.records[container as usize];
        record.links_at = first.into();
        record.links = u32::try_from(count).unwrap_or(0).into();
    }

    /// What the next pass should know of the playlists, if it does not read them.
    pub(super) fn playlists(&self) -> Playlists {
        let id = |number: u32| ObjectId::from_value(self.records[number as usize].id.get());
        let playlists = self.playlists.iter();
        Playlists(playlists.map(|(n, ids)| (id(*n), ids.clone())).collect())
    }

    /// Makes the catalogue complete.
    pub(super) fn finish(mut self, previous: Option<&Snapshot>, views: &Views) -> Built {
        let mut index = self.settle_ids();
        if self.link_playlists() {
            index = self.settle_ids();
        }
        self.hide_empty_containers();
        self.link_children();
        self.rank_titles();
        if views.are_wanted() {
            // Made in the order of titles. Nothing asks for that of their own.
            drop(index);
            views::add(&mut self, views, FOLDERS);
            index = self.settle_ids();
        }
        self.recent = Vec::new();
        let before = previous.map(|previous| self.unchanged(previous));
        let known = previous.zip(before.as_deref());
        let update_id = self.number_changes(known);
        let signatures = self.signatures(known);
        Built::new(self, index, signatures, update_id, previous)
    }

    /// The record numbers by id; where two objects have the same hash, the later one gets another.
    fn settle_ids(&mut self) -> Vec<U32> {
        let count = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let mut index: Vec<U32> = (0..count).map(U32::new).collect();
        let mut path = Vec::new();
        for salt in 1..=SALTS {
            let records = &self.records;
            index.sort_unstable_by_key(|n| (records[n.get() as usize].id.get(), n.get()));
            let twice: Vec<u32> = index
                .windows(2)
                .filter(|w| records[w[0].get() as usize].id == records[w[1].get() as usize].id)
                .map(|w| w[1].get())
                .collect();
            if twice.is_empty() {
                break;
            }
            for number in twice {
                self.path_below(number, &mut path);
                let root = usize::from(self.records[number as usize].root.get());
                let root = self.roots.get(root).copied().unwrap_or_default();
                let root = self.at((root.path_at.get(), root.path_len.get()));
                let id = ObjectId::of(root, &path, salt);
                self.records[number as usize].id = id.value().into();
            }
        }
        index
    }

    /// Links each playlist with its entries, in its order. What is not listed is left out, and so is every container:
    /// a playlist in a playlist could go round in circles. Streams become items here, behind all that was found on the
    /// disks; true if there are any.
    fn link_playlists(&mut self) -> bool {
        let records = self.records.len();
        let by_path = self.by_path();
        for (playlist, entries) in std::mem::take(&mut self.playlists) {
            let at = self.links.len();
            let mut times = Times::default();
            for entry in &entries {
                let number = match entry {
                    Entry::Path(id) => by_path.get(id).copied().flatten(),
                    // A full catalogue holds what it holds.
                    Entry::Stream(stream) => self.stream(playlist, stream, &mut times).ok(),
                };
                let Some(number) = number else {
                    continue;
                };
                let item = &self.records[number.get() as usize];
                let is_listed = !item.has(flag::UNLISTED | flag::OFFLINE)
                    && item.class().is_some_and(|class| class != Class::Caption);
                if is_listed {
                    self.links.push(number);
                }
            }
            let count = self.links.len() - at;
            let record = &mut self.records[playlist as usize];
            record.links_at = u32::try_from(at).unwrap_or(u32::MAX).into();
            record.links = u32::try_from(count).unwrap_or(0).into();
        }
        self.records.len() > records
    }

    /// What lies where the entries of playlists lead.
    fn by_path(&self) -> HashMap<ObjectId, Option<U32>> {
        let entries = self.playlists.iter().flat_map(|(_, entries)| entries);
        let ids = entries.filter_map(|entry| match entry {
            Entry::Path(id) => Some(*id),
            Entry::Stream(_) => None,
        });
        let mut by_path: HashMap<_, _> = ids.map(|id| (id, None)).collect();
        if by_path.is_empty() {
            return by_path;
        }
        let mut path = Vec::new();
        let mut parent = None;
        let mut folder_len = 0;
        for (number, record) in (0..).zip(&self.records) {
            let Some(root) = self.roots.get(usize::from(record.root.get())) else {
                continue;
            };
            // Children of one container follow each other.
            if parent != Some(record.parent) {
                parent = Some(record.parent);
                self.path_below(record.parent.get(), &mut path);
                folder_len = path.len();
            }
            path.truncate(folder_len);
            if folder_len > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(self.name(record));
            let id = ObjectId::of(self.at((root.path_at.get(), root.path_len.get())), &path, 0);
            if let Some(found) = by_path.get_mut(&id) {
                *found = Some(U32::new(number));
            }
        }
        by_path
    }

    /// A folder in which nothing plays is litter on a television.
    fn hide_empty_containers(&mut self) {
        let mut occupied = vec![false; self.records.len()];
        for number in (1..self.records.len()).rev() {
            let record = &mut self.records[number];
            let is_container = record.is_container();
            if is_container {
                // What a playlist held is not remembered while its disk is away.
                let is_kept = record.kind == PLAYLIST
                    && (record.links.get() > 0 || record.has(flag::OFFLINE));
                let is_occupied = occupied[number] || is_kept;
                record.set(flag::UNLISTED, !is_occupied);
            }
            let counts = is_container || record.kind != Class::Caption as u8;
            if counts && !record.has(flag::UNLISTED | flag::BESIDE) {
                occupied[record.parent.get() as usize] = true;
            }
        }
    }

    /// Writes each container's children: the listed ones first, the others behind them.
    fn link_children(&mut self) {
        for number in 0..self.records.len() {
            let record = &self.records[number];
            if record.kind != CONTAINER {
                continue;
            }
            let first = record.links_at.get();
            let children = first..first + record.links.get();
            let at = u32::try_from(self.links.len()).unwrap_or(u32::MAX);
            let records = &self.records;
            let is_listed = |n: &u32| {
                let child = &records[*n as usize];
                !child.has(flag::UNLISTED | flag::OFFLINE | flag::BESIDE)
                    && child.kind != Class::Caption as u8
            };
            let before = self.links.len();
            self.links
                .extend(children.clone().filter(is_listed).map(U32::new));
            let listed = u32::try_from(self.links.len() - before).unwrap_or(0);
            self.links
                .extend(children.clone().filter(|n| !is_listed(n)).map(U32::new));
            let record = &mut self.records[number];
            record.links_at = at.into();
            record.links = listed.into();
            record.more_links = (count(&children) - listed).into();
        }
    }

    fn rank_titles(&mut self) {
        let mut keys = Vec::new();
        let mut titles: Vec<(u32, u32, u32)> = Vec::with_capacity(self.records.len());
        for (number, record) in (0..).zip(&self.records) {
            let start = u32::try_from(keys.len()).unwrap_or(u32::MAX);
            order::level(self.title(record), &mut keys);
            let end = u32::try_from(keys.len()).unwrap_or(u32::MAX);
            titles.push((start, end, number));
        }
        // The level first; equal levels by the title's own bytes.
        let key = |t: &(u32, u32, u32)| {
            let level = keys.get(t.0 as usize..t.1 as usize).unwrap_or_default();
            (level, self.title(&self.records[t.2 as usize]))
        };
        titles.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut rank = 0;
        let mut last = titles.first().copied().unwrap_or_default();
        for title in &mut titles {
            if key(title) != key(&last) {
                rank += 1;
            }
            last = *title;
            title.0 = rank;
        }
        drop(keys);
        for (rank, _, number) in titles {
            self.records[number as usize].title_rank = rank.into();
        }
    }

    /// Which words the texts of each record may hold; taken over for what is as it was.
    fn signatures(&self, known: Option<(&Snapshot, &[u32])>) -> Vec<[u8; Signature::BYTES]> {
        let signature = |(number, record): (usize, &Record)| {
            let old = known.and_then(|(previous, before)| {
                let number = before.get(number).filter(|n| **n != NO_PARENT)?;
                previous.signatures(*number).next()
            });
            old.unwrap_or_else(|| self.signature(record)).to_bytes()
        };
        self.records.iter().enumerate().map(signature).collect()
    }

    /// Of every text that is searched for words.
    fn signature(&self, record: &Record) -> Signature {
        let mut signature = Signature::default();
        let title = record::valid_start(self.title(record));
        signature.add(if title.is_empty() {
            record::UNTITLED
        } else {
            title
        });
        let note = self.records.get(record.note.get() as usize);
        let note = note.filter(|note| note.kind == NOTE);
        for record in note.into_iter().chain([record]) {
            let list = self.properties(record);
            let texts = record::SEARCHED.into_iter();
            texts
                .filter_map(|tag| record::property(list, tag))
                .for_each(|text| signature.add(text));
        }
        signature
    }

    fn links_of(&self, record: &Record) -> &[U32] {
        let start = record.links_at.get() as usize;
        self.links
            .get(start..start + record.links.get() as usize)
            .unwrap_or_default()
    }

    fn parent_id(&self, record: &Record) -> Option<ObjectId> {
        let parent = self.records.get(record.parent.get() as usize)?;
        Some(ObjectId::from_value(parent.id.get()))
    }

    fn id(&self, number: U32) -> u64 {
        self.records[number.get() as usize].id.get()
    }

    /// As [`Object::title`].
    pub(super) fn title(&self, record: &Record) -> &[u8] {
        let note = self.records.get(record.note.get() as usize);
        match note.filter(|note| note.kind == NOTE && note.title_len.get() > 0) {
            Some(note) => self.own_title(note),
            None => self.own_title(record),
        }
    }

    fn own_title(&self, record: &Record) -> &[u8] {
        self.at((record.title_at.get(), record.title_len.get()))
    }

    pub(super) fn properties(&self, record: &Record) -> &[u8] {
        self.at((record.properties_at.get(), record.properties_len.get()))
    }
}

/// A container's record, not yet pushed.
pub(super) fn container(id: ObjectId, parent: u32, root: u16) -> Record {
    debug_assert!(
        parent != NO_PARENT || id == ObjectId::ROOT,
        "one root container"
    );
    Record {
        id: id.value().into(),
        parent: parent.into(),
        root: root.into(),
        kind: CONTAINER,
        ..Record::default()
    }
}

fn count(range: &Range<u32>) -> u32 {
    range.end - range.start
}
