//! One pass over all roots, record by record.
//!
//! Containers are records in the order in which they are found, and the walk simply goes through the records: nothing
//! is recursive, and the only queue is the result itself.

mod before;
mod file;
mod identity;
mod keep;
mod note;
mod offline;
mod playlist;
mod root;

use std::{
    collections::{HashMap, HashSet},
    ffi::CStr,
    fs::File,
    io,
};

use rustix::io::Errno;

use super::{
    builder::{self, Builder, Full},
    object_id::ObjectId,
    record::{self, CONTAINER, NO_ROOT, Record, flag},
    report::{Carried, Reason, Report},
    scan::{Job, Playlists, Seen, Stopped},
    sidecar,
    snapshot::{Object, Snapshot},
    walk::{self, Found, Is, Listing, Root},
};
use crate::{
    limits,
    media::Class,
    sys::{beneath, beneath::Refused, watch},
};
use before::Before;
use identity::Identity;

/// Why a pass ends early.
enum Stop {
    Full,
    Because(Stopped),
}

impl From<Full> for Stop {
    fn from(_: Full) -> Self {
        Self::Full
    }
}

/// A pass under way.
pub(super) struct Pass<'a> {
    job: &'a Job,
    previous: Option<&'a Snapshot>,
    roots: &'a [&'a Root],
    canonical: Vec<&'a [u8]>,
    builder: Builder,
    report: Report,
    /// Entries that the playlists so far have.
    entries: usize,
    /// Streams among them.
    streams: usize,
    /// Directories walked by way of a symbolic link, by device and inode: each once. So a directory is walked at most
    /// twice, by its own name and by a link, and links cannot multiply the library.
    followed: HashSet<(u64, u64)>,
    /// Path of what is looked at, below its root.
    path: Vec<u8>,
    identity: Identity<'a>,
    /// Roots of which anything was read.
    touched: Vec<bool>,
    /// Where the containers come from in the previous catalogue, by their numbers in this one.
    origins: HashMap<u32, Origin>,
    /// The children that the directory being walked had.
    before: Before,
    /// See [`Self::later_than_all`], once it was asked for.
    later_than_all: Option<u64>,
    /// What the last report named, if not everything is looked at.
    carried: Carried,
    /// What the last pass knew of playlists.
    playlists: Playlists,
    /// Directories that were read, by their records.
    seen: Vec<(
        u32,
        Result<watch::Descriptor, watch::Refused>,
        Option<&'static str>,
    )>,
}

/// What a container was in the previous catalogue.
#[derive(Clone, Copy, Debug)]
struct Origin {
    /// Its record there; `None`: it is new, and read only because of that.
    old: Option<u32>,
    /// It was elsewhere.
    is_moved: bool,
    /// It is to be read, whatever is known of it, and what is below it too.
    is_deep: bool,
}

/// What a pass made.
pub(super) struct Done {
    pub(super) builder: Builder,
    pub(super) report: Report,
    pub(super) seen: Vec<Seen>,
}

/// The directory being walked.
#[derive(Clone, Copy)]
struct Place<'d> {
    container: u32,
    root: u16,
    is_linked: bool,
    dir: &'d File,
    device: u64,
    origin: Option<Origin>,
}

impl<'a> Pass<'a> {
    /// Roots must be unique, and fewer than [`NO_ROOT`].
    pub(super) fn new(job: &'a Job, previous: Option<&'a Snapshot>, roots: &'a [&'a Root]) -> Self {
        let changes = job.changes.clone().unwrap_or_default();
        let mut carried = Carried::of(&changes.report);
        keep::forget_changed(&mut carried, &changes, previous);
        let mut report = Report::default();
        report.is_partial = job.changes.is_some();
        Self {
            job,
            previous,
            canonical: roots.iter().map(|root| root.bytes()).collect(),
            roots,
            builder: Builder::new(),
            report,
            entries: 0,
            streams: 0,
            followed: HashSet::new(),
            path: Vec::new(),
            identity: Identity::new(previous),
            touched: vec![false; roots.len()],
            origins: HashMap::new(),
            before: Before::default(),
            later_than_all: None,
            carried,
            playlists: changes.playlists,
            seen: Vec::new(),
        }
    }

    /// Walks everything.
    pub(super) fn run(mut self) -> Result<Done, Stopped> {
        match self.begin().map_err(Stop::from).and_then(|()| self.walk()) {
            Ok(()) => {}
            // A catalogue that is full is finished with what it holds.
            Err(Stop::Full) => self.report.skip(Reason::Full, Vec::new, ""),
            Err(Stop::Because(why)) => return Err(why),
        }
        let beside = sidecar::attach(&mut self.builder);
        self.report.listed = self.report.listed.saturating_sub(beside);
        self.check_roots()?;
        if let Some(changes) = &self.job.changes {
            self.report.carry_nameless(&changes.report);
        }
        self.identity.settle(&mut self.builder);
        let records = &self.builder.records;
        let seen = self.seen.into_iter().map(|(number, watch, unseen)| Seen {
            directory: ObjectId::from_value(records[number as usize].id.get()),
            watch,
            unseen,
        });
        Ok(Done {
            seen: seen.collect(),
            builder: self.builder,
            report: self.report,
        })
    }

    fn walk(&mut self) -> Result<(), Stop> {
        let mut listing = Listing::default();
        let mut number = 0;
        while let Some(record) = self.builder.records.get(number as usize).copied() {
            if record.kind == CONTAINER && record.root.get() != NO_ROOT {
                self.container(number, &record, &mut listing)?;
            }
            number += 1;
        }
        Ok(())
    }

    /// Walks one container, or keeps what was known of it.
    fn container(
        &mut self,
        number: u32,
        record: &Record,
        listing: &mut Listing,
    ) -> Result<(), Stop> {
        let root = record.root.get();
        let is_root = self.builder.roots[usize::from(root)].record.get() == number;
        let first = self.builder.next_number()?;
        let depth = self.builder.path_below(number, &mut self.path);
        let result = if record.has(flag::OFFLINE) {
            self.keep_offline(number, root)
        } else if let Some(old) = self.kept_unread(number) {
            self.keep_unread(number, root, is_root, &old)
        } else if depth > limits::DEPTH {
            self.skip(root, Reason::TooDeep, "");
            Ok(())
        } else {
            match self.directory(number, record, is_root, listing) {
                Err(Halt::Gone(detail)) => {
                    if is_root {
                        self.root_is_missing(root, detail);
                    } else {
                        self.skip(root, Reason::Unreadable, detail.as_str());
                    }
                    self.keep_offline(number, root)
                }
                Err(Halt::Stop(stop)) => Err(stop),
                Ok(()) => Ok(()),
            }
        };
        self.builder.close(number, first);
        result
    }

    /// Reads a directory and adds all its children.
    fn directory(
        &mut self,
        container: u32,
        record: &Record,
        is_root: bool,
        listing: &mut Listing,
    ) -> Result<(), Halt> {
        let root = record.root.get();
        self.touched[usize::from(root)] = true;
        let absolute = self.absolute(root);
        let dir = match beneath::open_directory(self.canonical.iter().copied(), &absolute) {
            Ok(dir) => dir,
            Err(refused) => return self.not_opened(root, is_root, refused),
        };
        let is_linked = record.has(flag::LINKED);
        let (device, inode) = walk::identity(&dir).map_err(gone)?;
        if is_linked && !self.followed.insert((device, inode)) {
            self.skip(root, Reason::LinkRepeated, "");
            return Ok(());
        }
        // Before the first name is read: what happens from now on is told.
        if let Some(watches) = &self.job.watches {
            let unseen = watch::unseen_file_system(&dir);
            self.seen.push((container, watches.add(&dir), unseen));
        }
        let (report, prober) = (&mut self.report, &self.job.prober);
        listing
            .fill(
                &dir,
                &self.canonical,
                |name| prober.by_name(name),
                |name, reason| report.skip(reason, || join(&absolute, name), ""),
            )
            .map_err(gone)?;
        if is_root {
            if listing.is_bare && self.is_other_disk(root, device) {
                return Err(Halt::Gone(NOT_MOUNTED.into()));
            }
            self.builder.roots[usize::from(root)].device = device.into();
        } else if listing.is_bare && self.was_mounted(container, device) {
            self.disk_is_missing(root);
            return self
                .keep_unmounted_folder(container, root)
                .map_err(Halt::Stop);
        } else if listing.is_marked {
            self.skip(root, Reason::Hidden, "");
            return Ok(());
        }
        let is_media = |found: &&Found| matches!(found.is, Is::Media(_));
        let files = listing.found().iter().filter(is_media).count();
        let files = u32::try_from(files).unwrap_or(u32::MAX);
        self.job.progress.add_found(files);
        self.builder.records[container as usize].identify((device, inode));
        let origin = self.origins.get(&container).copied();
        let place = Place {
            container,
            root,
            is_linked,
            dir: &dir,
            device,
            origin,
        };
        self.recall(origin);
        self.children(place, listing).map_err(Halt::Stop)?;
        self.keep_unmounted(place, listing).map_err(Halt::Stop)
    }

    fn children(&mut self, place: Place<'_>, listing: &Listing) -> Result<(), Stop> {
        let below = self.path.len();
        for found in listing.found() {
            if self.job.progress.is_cancelled() {
                return Err(Stop::Because(Stopped::Cancelled));
            }
            let name = listing.name(found);
            if self.is_unfinished(place, name.to_bytes()) {
                continue;
            }
            if below > 0 {
                self.path.push(b'/');
            }
            self.path.extend_from_slice(name.to_bytes());
            match found.is {
                Is::Folder => self.folder(place, name, found.is_link)?,
                Is::Note => self.note(place, name, found.is_link)?,
                Is::Media(kind) => {
                    let root = self.canonical[usize::from(place.root)];
                    self.job.progress.read(root, &self.path);
                    match kind.class {
                        Class::Playlist => self.playlist(place, name, found.is_link, kind.mime)?,
                        _ => self.file(place, name, found, kind)?,
                    }
                    self.job.progress.add_done();
                }
            }
            self.path.truncate(below);
        }
        Ok(())
    }

    fn folder(&mut self, place: Place<'_>, name: &CStr, is_link: bool) -> Result<(), Stop> {
        let id = ObjectId::of(self.canonical[usize::from(place.root)], &self.path, 0);
        let mut record = builder::container(id, place.container, place.root);
        // One that has gone meanwhile will not open either.
        let identity = walk::identity_of(place.dir, name, is_link).unwrap_or_default();
        record.identify(identity);
        record.set(flag::LINKED, is_link || place.is_linked);
        let name = name.to_bytes();
        self.set_texts(&mut record, name, &record::title_of(name, true), b"")?;
        self.descend_folder(place, name, identity, &mut record)?;
        self.builder.push(record)?;
        Ok(())
    }

    /// A record of the previous catalogue, at home in this one.
    fn copy(&mut self, parent: u32, root: u16, known: &Object<'_>) -> Result<Record, Full> {
        let mut record = Record {
            parent: parent.into(),
            root: root.into(),
            links_at: 0.into(),
            links: 0.into(),
            more_links: 0.into(),
            picture: 0.into(),
            note: 0.into(),
            update_id: 0.into(),
            ..*known.record
        };
        record.set(flag::BESIDE, false);
        record.set(flag::OUTDATED, known.is_outdated());
        self.set_texts(
            &mut record,
            known.name(),
            known.own_text(),
            known.properties(),
        )?;
        Ok(record)
    }

    /// Stores the texts of a record; a title that begins the name, as a stem does, is not stored twice.
    fn set_texts(
        &mut self,
        record: &mut Record,
        name: &[u8],
        title: &str,
        properties: &[u8],
    ) -> Result<(), Full> {
        let (name_at, name_len) = self.builder.text(name)?;
        let (title_at, title_len) = if name.starts_with(title.as_bytes()) {
            (name_at, u16::try_from(title.len()).map_err(|_| Full)?)
        } else {
            self.builder.text(title.as_bytes())?
        };
        let (properties_at, properties_len) = self.builder.text(properties)?;
        (record.name_at, record.name_len) = (name_at.into(), name_len.into());
        (record.title_at, record.title_len) = (title_at.into(), title_len.into());
        record.properties_at = properties_at.into();
        record.properties_len = properties_len.into();
        Ok(())
    }

    /// Reports what is at the current path.
    fn skip(&mut self, root: u16, reason: Reason, detail: &str) {
        let (root, below) = (self.canonical[usize::from(root)], &self.path);
        self.report.skip(reason, || join(root, below), detail);
    }

    /// The current path, absolute.
    fn absolute(&self, root: u16) -> Vec<u8> {
        join(self.canonical[usize::from(root)], &self.path)
    }
}

/// Said of a mount point without its disk.
const NOT_MOUNTED: &str = "the folder is empty, its disk is not mounted";

/// Why a directory was not walked to its end.
enum Halt {
    /// Its disk is gone.
    Gone(String),
    Stop(Stop),
}

fn gone(errno: Errno) -> Halt {
    Halt::Gone(io::Error::from(errno).to_string())
}

/// Why a file that the system would have opened is left out.
fn reason_of(refused: Refused) -> Reason {
    match refused {
        Refused::Path => Reason::PathTooLong,
        Refused::Kind => Reason::Special,
        _ => Reason::LinkOutside,
    }
}

fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let dir = dir.strip_suffix(b"/").unwrap_or(dir);
    let mut path = Vec::with_capacity(dir.len() + 1 + name.len());
    path.extend_from_slice(dir);
    if !name.is_empty() || dir.is_empty() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    path
}
