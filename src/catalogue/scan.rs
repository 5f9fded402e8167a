//! The whole pass: every root is walked, every new or changed file is probed, and a catalogue is built.
//!
//! A pass stops for nothing that a disk or a file does: what cannot be read is named in the [`Report`], and what was
//! known of a disk that is gone is kept, offline. The walk itself is in `pass`.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    fs::File,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
};

pub use super::walk::{Kind, Root};
use super::{
    object_id::ObjectId, pass::Pass, report::Report, snapshot::Snapshot, stream::Entry,
    views::Views, writer::Built,
};
use crate::{
    media::Media,
    sys::{
        priority,
        watch::{self, Watches},
    },
};

/// Understands files; `media` does. A trait, so that a pass can be tested without any real format.
pub trait Prober {
    /// What a file's name says; `None`: not media.
    fn by_name(&self, name: &[u8]) -> Option<Kind>;
    /// What its first bytes say. `len` is the file's length in bytes.
    fn probe(&self, name: &[u8], file: &File, len: u64) -> Probed;
    /// Told of each probed file that is listed, in the order of the walk: its absolute path, what it counts as, and
    /// all that is known of it, by the names of its folders too. Does nothing unless somebody wants to know.
    fn listed(&self, _path: &[u8], _kind: Kind, _probed: &Probed) {}
}

/// What was learned of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probed {
    /// All that may be known. A class of `None` with a trouble means that the file is not listed.
    pub media: Media,
    /// Number of the media type, by content; `None`: the name decides.
    pub mime: Option<u8>,
    /// Number of the DLNA profile; never 0.
    pub profile: Option<u16>,
    /// What its content is known by, wherever it lies and whatever it is called; 0: unknown.
    pub content: u64,
    /// What is wrong with it, in few words and without its name ("cut short"): files are counted by it.
    pub trouble: Option<String>,
}

/// How far a pass is, and the way to stop it. Shared between the scanner and whoever waits.
#[derive(Debug, Default)]
pub struct Progress {
    found: AtomicU32,
    done: AtomicU32,
    cancelled: AtomicBool,
    /// What is being read.
    reading: Mutex<Vec<u8>>,
}

impl Progress {
    /// Media files found so far.
    pub fn found(&self) -> u32 {
        self.found.load(Ordering::Relaxed)
    }

    /// Of those, how many are done with.
    pub fn done(&self) -> u32 {
        self.done.load(Ordering::Relaxed)
    }

    /// Absolute path of the file that is being read; empty between two passes.
    pub fn reading(&self) -> Vec<u8> {
        self.path().clone()
    }

    /// A pass begins: nothing is found yet.
    pub(super) fn begin(&self) {
        self.found.store(0, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
    }

    /// Takes note of what is being read: the file `path` below `root`.
    pub(super) fn read(&self, root: &[u8], path: &[u8]) {
        let mut reading = self.path();
        reading.clear();
        for piece in [root, b"/", path] {
            reading.extend_from_slice(piece);
        }
    }

    /// A pass has ended.
    pub(super) fn end(&self) {
        self.path().clear();
    }

    fn path(&self) -> MutexGuard<'_, Vec<u8>> {
        // Nothing panics while it is held.
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stops the pass before its next file.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(super) fn add_found(&self, files: u32) {
        self.found.fetch_add(files, Ordering::Relaxed);
    }

    pub(super) fn add_done(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// Why there is no new catalogue; the previous one stays good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody called [`Progress::cancel`].
    Cancelled,
    /// The disk of a root came or went while it was walked: scan again.
    RootChanged,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cancelled => "scan stopped",
            Self::RootChanged => "a disk was connected or removed during the scan",
        })
    }
}

/// What a pass needs.
#[derive(Clone)]
pub struct Job {
    /// The media folders, in the order in which they are shown.
    pub roots: Vec<Root>,
    /// The catalogue there is: unchanged files are taken from it. It is verified first, unless it was built a
    /// moment ago, and not used if damaged.
    pub previous: Option<Arc<Snapshot>>,
    /// Understands files.
    pub prober: Arc<dyn Prober + Send + Sync>,
    /// Told how far it is.
    pub progress: Arc<Progress>,
    /// What stands at the root.
    pub views: Views,
    /// The time, seconds since 1970, as far as the system knows it.
    pub now: u64,
    /// What is to be looked at; `None`: everything. The rest is taken from `previous` without asking the disk.
    pub changes: Option<Changes>,
    /// Every directory is watched from right before it is read; `None`: none is.
    pub watches: Option<Arc<Watches>>,
}

impl Job {
    /// A pass over everything, which watches nothing and makes no views, at a time that nobody knows.
    pub fn new(
        roots: Vec<Root>,
        previous: Option<Arc<Snapshot>>,
        prober: Arc<dyn Prober + Send + Sync>,
    ) -> Self {
        Self {
            roots,
            previous,
            prober,
            progress: Arc::default(),
            views: Views::default(),
            now: 0,
            changes: None,
            watches: None,
        }
    }
}

/// What changed since a pass, and what that pass left behind.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Directories that are not as they were.
    pub directories: BTreeMap<ObjectId, Depth>,
    /// Files among them that somebody is writing: not listed yet.
    pub unfinished: Unfinished,
    /// The last pass's report.
    pub report: Report,
    /// The last pass's playlists.
    pub playlists: Playlists,
}

/// How far down a change reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// The directory's own children.
    Here,
    /// Everything below it.
    Below,
}

/// Where the entries of playlists lead, by the playlist's id; so a playlist is read again only with its directory.
#[derive(Clone, Debug, Default)]
pub struct Playlists(pub(super) HashMap<ObjectId, Vec<Entry>>);

/// Files that were made and are still open for writing.
#[derive(Clone, Debug, Default)]
pub struct Unfinished(std::collections::BTreeSet<u64>);

impl Unfinished {
    /// How many are remembered. Beyond it a file is listed as far as it is written, and read again when it is closed.
    const MOST: usize = 65_536;

    /// `name` in `directory` was made.
    pub fn begin(&mut self, directory: ObjectId, name: &[u8]) {
        if self.0.len() < Self::MOST {
            self.0.insert(Self::key(directory, name));
        }
    }

    /// It was closed, or it is gone.
    pub fn end(&mut self, directory: ObjectId, name: &[u8]) {
        self.0.remove(&Self::key(directory, name));
    }

    /// Somebody is writing it.
    pub fn has(&self, directory: ObjectId, name: &[u8]) -> bool {
        !self.0.is_empty() && self.0.contains(&Self::key(directory, name))
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    fn key(directory: ObjectId, name: &[u8]) -> u64 {
        xxhash_rust::xxh3::xxh3_64_with_seed(name, directory.value())
    }
}

/// A directory that was read.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Its id.
    pub directory: ObjectId,
    /// By which its changes are told; or why they are not.
    pub watch: Result<watch::Descriptor, watch::Refused>,
    /// Its file system, if others may change it unseen.
    pub unseen: Option<&'static str>,
}

/// What a pass made.
#[derive(Debug)]
pub struct Scanned {
    /// To be published ([`Built::publish`]) and kept ([`super::writer::commit`]).
    pub built: Built,
    /// What was done and left out.
    pub report: Report,
    /// For the next pass.
    pub playlists: Playlists,
    /// The directories that were read, if they were to be watched.
    pub seen: Vec<Seen>,
}

/// Scans on a thread of its own, of the lowest CPU and I/O priority, and gives the result to `then` on that thread.
///
/// # Errors
/// The system has no thread left.
pub fn spawn(
    job: Job,
    then: impl FnOnce(Result<Scanned, Stopped>) + Send + 'static,
) -> io::Result<JoinHandle<()>> {
    thread::Builder::new()
        .name("scanner".to_owned())
        .spawn(move || {
            priority::lowest();
            then(scan(&job));
        })
}

/// Scans on the calling thread.
///
/// # Errors
/// See [`Stopped`].
pub fn scan(job: &Job) -> Result<Scanned, Stopped> {
    // What was just built is looked through again only when everything is.
    let is_trusted = |old: &&Snapshot| job.changes.is_some() && old.is_own();
    let previous = job.previous.as_deref();
    let previous = previous.filter(|old| is_trusted(old) || old.verify().is_ok());
    let mut roots: Vec<&Root> = Vec::new();
    for root in &job.roots {
        if !roots.iter().any(|other| other.path() == root.path()) {
            roots.push(root);
        }
    }
    // More roots than a u16 counts cannot be configured by a person.
    roots.truncate(usize::from(u16::MAX));
    job.progress.begin();
    let done = Pass::new(job, previous, &roots).run();
    job.progress.end();
    let done = done?;
    Ok(Scanned {
        report: done.report,
        playlists: done.builder.playlists(),
        seen: done.seen,
        built: done.builder.finish(previous, &job.views),
    })
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
