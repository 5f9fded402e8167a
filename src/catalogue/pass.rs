//! One pass over all roots, record by record.
//!
//! Containers are records in the order in which they are found, and the walk simply goes through the records: nothing
//! is recursive, and the only queue is the result itself.

mod identity;
mod keep;
mod note;
mod offline;
mod playlist;

use std::{
    collections::{HashMap, HashSet},
    ffi::CStr,
    fs::File,
    io,
};

use rustix::{fs::FileType, io::Errno};

use super::{
    builder::{self, Builder, FOLDERS, Full},
    layout,
    object_id::ObjectId,
    record::{self, CONTAINER, NO_PARENT, NO_ROOT, Record, Stamp, Tag, flag},
    report::{Carried, Reason, Report},
    scan::{Job, Playlists, Probed, Seen, Stopped},
    sidecar,
    snapshot::{Object, Snapshot},
    views::{self, role::texts},
    walk::{self, Found, Is, Kind, Listing, Root},
};
use crate::{
    limits,
    media::{Class, Media, episode},
    sys::{beneath, beneath::Refused, watch},
};
use identity::{Claim, Identity};

/// The time before which a system's clock has never been set: 2020-01-01, in seconds since 1970.
const CLOCK_IS_SET: u64 = 1_577_836_800;

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
    /// The children that the directory being walked had, sorted by name.
    before: Vec<u32>,
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
            before: Vec::new(),
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

    /// The root container, that of all folders if there are views as well, and those of the roots if there are several.
    fn begin(&mut self) -> Result<(), Full> {
        let many = self.roots.len() != 1;
        let has_views = self.job.views.are_wanted();
        let is_root = |is: bool| if is { 0 } else { NO_ROOT };
        let mut top = builder::container(ObjectId::ROOT, NO_PARENT, is_root(!many && !has_views));
        let title = match self.roots {
            [root] if !has_views => record::title_of(root_title(root, &[]).as_bytes(), true),
            _ => "root".to_owned(),
        };
        self.set_texts(&mut top, b"", &title, b"")?;
        let mut top = self.builder.push(top)?;
        if has_views {
            let id = match self.roots {
                [root] => ObjectId::of(root.bytes(), b"", 0),
                _ => views::role::id_of(texts::FOLDERS_WORD),
            };
            let mut folders = builder::container(id, top, is_root(!many));
            folders.set(flag::BESIDE, !self.job.views.show_folders());
            self.set_texts(&mut folders, b"", texts::FOLDERS, b"")?;
            top = self.builder.push(folders)?;
            debug_assert_eq!(top, FOLDERS, "the place that views look at");
            self.builder.close(0, top);
        }
        for (number, root) in (0..).zip(self.roots) {
            let mut record = top;
            if many {
                let id = ObjectId::of(root.bytes(), b"", 0);
                let mut container = builder::container(id, top, number);
                let title = root_title(root, self.roots);
                self.set_texts(&mut container, title.as_bytes(), &title, b"")?;
                record = self.builder.push(container)?;
            }
            self.root_stays(number, record);
            let (path_at, path_len) = self.builder.text(root.bytes())?;
            self.builder.roots.push(layout::Root {
                record: record.into(),
                path_at: path_at.into(),
                path_len: path_len.into(),
                only: root.only.map_or(0, |class| class as u8),
                ..layout::Root::default()
            });
        }
        if many {
            self.builder.close(top, top + 1);
        }
        Ok(())
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

    /// Adds a file: from the previous catalogue if it is unchanged, were it elsewhere; else probed.
    fn file(
        &mut self,
        place: Place<'_>,
        name: &CStr,
        found: &Found,
        kind: Kind,
    ) -> Result<(), Stop> {
        let known = self.known(name.to_bytes());
        let stamp = match walk::stat(place.dir, name, found.is_link) {
            Ok((FileType::RegularFile, stamp)) => stamp,
            Ok(_) => {
                self.skip(place.root, Reason::Special, "");
                return Ok(());
            }
            Err(errno) => return self.not_read(place, known, errno),
        };
        if stamp.size == 0 {
            self.skip(place.root, Reason::Empty, "");
            return Ok(());
        }
        let is_linked = found.is_link || place.is_linked;
        let (source, claim) = self.descend(place, known, stamp);
        let source = source.filter(|source| self.tells_the_same(source, name.to_bytes(), kind));
        if let Some(source) = source {
            self.report.unchanged += 1;
            return self.keep(place, name.to_bytes(), &source, claim, is_linked);
        }
        let absolute = self.absolute(place.root);
        match beneath::open_file(self.canonical.iter().copied(), &absolute) {
            Ok(file) => {
                let probed = self.job.prober.probe(name.to_bytes(), &file, stamp.size);
                self.report.probed += 1;
                let id = ObjectId::of(self.canonical[usize::from(place.root)], &self.path, 0);
                let mut record = Record {
                    id: id.value().into(),
                    parent: place.container.into(),
                    root: place.root.into(),
                    ..Record::default()
                };
                record.set(flag::LINKED, is_linked);
                record.added = self.first_seen(known, place.root, stamp.mtime_secs).into();
                self.claim(claim, &mut record)?;
                self.probed(record, name.to_bytes(), stamp, kind, probed)
            }
            Err(Refused::System(errno)) => self.not_read(place, known, errno),
            Err(refused) => {
                self.skip(place.root, reason_of(refused), "");
                Ok(())
            }
        }
    }

    /// Makes a record of what the prober learned.
    fn probed(
        &mut self,
        mut record: Record,
        name: &[u8],
        stamp: Stamp,
        kind: Kind,
        mut probed: Probed,
    ) -> Result<(), Stop> {
        if probed.media.class.unwrap_or(kind.class) == Class::Video {
            self.number(&mut probed.media);
        }
        let Probed { media, trouble, .. } = &probed;
        let profile = probed.profile.unwrap_or(0);
        let mime = probed.mime.unwrap_or(kind.mime);
        record.stamp(stamp);
        record.describe(media, kind.class, mime, profile);
        record.content = probed.content.into();
        record.set(flag::REJECTED, trouble.is_some() && media.class.is_none());
        if !record.has(flag::REJECTED) && self.allows(&record) {
            let class = media.class.unwrap_or(kind.class);
            let path = self.absolute(record.root.get());
            let kind = Kind { class, mime };
            self.job.prober.listed(&path, kind, &probed);
        }
        let title = media.title.as_deref().map(str::trim).map(record::clip);
        let title = title.filter(|title| record::is_visible(title));
        record.set(flag::NAMED, title.is_none());
        let title = title.map_or_else(|| record::title_of(name, false), str::to_owned);
        let mut properties = Vec::new();
        record::write_properties(media, trouble.as_deref(), &mut properties);
        self.set_texts(&mut record, name, &title, &properties)?;
        self.add_item(record)
    }

    /// Series, season and episode of a film by the names of its folders, where neither its tags nor its own name tell.
    fn number(&self, media: &mut Media) {
        let path = String::from_utf8_lossy(&self.path);
        let mut names = path.rsplit('/');
        let Some(found) = names
            .next()
            .and_then(|name| episode::from_path(name, names))
        else {
            return;
        };
        let own = (media.season, media.episode);
        if own == (None, None) {
            (media.season, media.episode) = (Some(found.season), Some(found.episode));
        } else if own != (Some(found.season), Some(found.episode)) {
            // The tags count otherwise; so the names may mean another series as well.
            return;
        }
        if media.series.is_none() {
            media.series = found.series;
        }
    }

    /// Takes an unchanged file over, under the name it has now.
    fn keep(
        &mut self,
        place: Place<'_>,
        name: &[u8],
        known: &Object<'a>,
        claim: Claim,
        is_linked: bool,
    ) -> Result<(), Stop> {
        let mut record = self.copy(place.container, place.root, known)?;
        if name != known.name() {
            let title = if record.has(flag::NAMED) {
                record::title_of(name, false)
            } else {
                known.own_text().to_owned()
            };
            self.set_texts(&mut record, name, &title, known.properties())?;
        }
        record.set(flag::OFFLINE, false);
        record.set(flag::LINKED, is_linked);
        self.claim(claim, &mut record)?;
        self.add_item(record)
    }

    /// Adds the record of a file that is there: decides whether it is listed, and says why not.
    fn add_item(&mut self, mut record: Record) -> Result<(), Stop> {
        let root = record.root.get();
        let allows = self.allows(&record);
        let is_rejected = record.has(flag::REJECTED);
        record.set(flag::UNLISTED, is_rejected || !allows);
        let list = (record.properties_at.get(), record.properties_len.get());
        let trouble = record::property(self.builder.at(list), Tag::Trouble).map(str::to_owned);
        match trouble {
            _ if !allows => self.skip(root, Reason::Restricted, ""),
            Some(trouble) if is_rejected => self.skip(root, Reason::Content, &trouble),
            Some(trouble) => {
                let (root, below) = (self.canonical[usize::from(root)], &self.path);
                self.report.trouble(|| join(root, below), &trouble);
            }
            None => {}
        }
        if !record.has(flag::UNLISTED) {
            let is_caption = record.kind == Class::Caption as u8;
            self.report.captions += u64::from(is_caption);
            self.report.listed += u64::from(!is_caption);
        }
        self.builder.push(record)?;
        Ok(())
    }

    /// Whether the root of a file is for its class.
    fn allows(&self, record: &Record) -> bool {
        let only = self.roots[usize::from(record.root.get())].only;
        match (only, record.class()) {
            (Some(Class::Video), Some(Class::Caption)) | (None, _) => true,
            (only, class) => only == class,
        }
    }

    /// When a file was first seen, seconds since 1970: what is known of that, else now. At the first scan of its root
    /// all are new, and by a clock that was never set nobody can tell; then its last change says more.
    fn first_seen(&self, known: Option<Object<'_>>, root: u16, mtime_secs: i64) -> u32 {
        let known = known.map_or(0, |known| known.record.added.get());
        if known != 0 {
            return known;
        }
        let is_set = self.job.now >= CLOCK_IS_SET;
        let changed = u64::try_from(mtime_secs).unwrap_or(0);
        let added = match (is_set, self.previous_root(root)) {
            (false, _) => changed,
            (true, None) => changed.min(self.job.now),
            (true, Some(_)) => self.job.now,
        };
        u32::try_from(added).unwrap_or(u32::MAX).max(1)
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

    /// A disk that went away in the middle leaves half a catalogue, which is worse than yesterday's.
    fn check_roots(&self) -> Result<(), Stopped> {
        for ((root, at), touched) in self
            .roots
            .iter()
            .zip(&self.builder.roots)
            .zip(&self.touched)
        {
            if at.flags & layout::ROOT_OFFLINE != 0 || !touched {
                continue;
            }
            let now = File::open(root.path())
                .ok()
                .and_then(|dir| walk::identity(&dir).ok());
            if now.is_none_or(|(device, _)| device != at.device.get()) {
                return Err(Stopped::RootChanged);
            }
        }
        Ok(())
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

/// The last name of a root's path; with the name before it where another root is called the same.
fn root_title(root: &Root, all: &[&Root]) -> String {
    let names = |root: &Root| -> Vec<String> {
        let names = root
            .path()
            .iter()
            .rev()
            .map(|n| n.to_string_lossy().into_owned());
        names.collect()
    };
    let own = names(root);
    let others = || all.iter().filter(|other| other.path() != root.path());
    let title = own.first().cloned().unwrap_or_default();
    if !others().any(|other| names(other).first() == own.first()) {
        return title;
    }
    if others().any(|other| names(other).get(..2) == own.get(..2)) {
        return root.path().to_string_lossy().into_owned();
    }
    match own.get(1) {
        Some(parent) => format!("{title} ({parent})"),
        None => title,
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
