//! The files that answers are made of: opened and brought into memory by the readers lane, so that the loop never waits for
//! a disk.

use std::{
    fs::File,
    io::{self, Read as _},
    ops::Deref,
    os::unix::fs::{FileExt, MetadataExt},
    sync::Arc,
    time::Duration,
};

use super::{
    disks::{self, Disk},
    readers::{self, Job},
};
use crate::{
    limits,
    service::media::{FileFacts, Wanted},
    sys::{beneath, facts, warm, watch::is_kept_elsewhere},
};

/// What a connection sends to the readers.
pub(super) type Errand = readers::Errand<FileJob>;
/// The threads that do it.
pub(super) type Readers = readers::Readers<FileJob>;

/// What may have to wait for a disk.
pub(super) enum FileJob {
    /// Open the file an answer needs, and ask what it is now.
    Open(Wanted, Disk),
    /// Bring this stretch into memory: offset and length.
    Warm(OpenFile, u64, u64),
    /// Fill this buffer from an offset on; the file may end before.
    Read(OpenFile, u64, Vec<u8>),
    /// Find the time from which it is wanted in this file of so many bytes.
    Find(OpenFile, Wanted, u64),
}

/// What came of it.
pub(super) enum Outcome {
    Opened(io::Result<Opened>),
    Warmed(io::Result<()>),
    Read(io::Result<Vec<u8>>),
    Found(Wanted),
}

impl Job for FileJob {
    type Outcome = Outcome;

    fn run(self) -> Outcome {
        match self {
            Self::Open(wanted, _) => Outcome::Opened(open_here(&wanted)),
            Self::Warm(open, start, len) => Outcome::Warmed(warm::warm(&open.file, start, len)),
            Self::Read(open, at, buffer) => Outcome::Read(filled(open.file.file(), at, buffer)),
            Self::Find(open, mut wanted, len) => {
                wanted.look_for_the_time(open.file.file(), len);
                Outcome::Found(wanted)
            }
        }
    }

    fn disk(&self) -> Disk {
        match self {
            Self::Open(_, disk) => *disk,
            Self::Warm(open, ..) | Self::Read(open, ..) | Self::Find(open, ..) => open.file.disk,
        }
    }
}

/// An open file.
#[derive(Clone, Debug)]
pub(super) struct OpenFile {
    pub(super) file: Arc<Held>,
}

/// An opened file.
pub(super) struct Opened {
    pub(super) open: OpenFile,
    pub(super) facts: FileFacts,
    /// Its text in UTF-8, where it is a subtitle file in another encoding.
    pub(super) text: Option<Vec<u8>>,
}

/// A file that is closed where its disk may be waited for: close(2) of one that is kept elsewhere asks there, and the last
/// one of a file that was removed frees all its blocks.
#[derive(Debug)]
pub(super) struct Held {
    /// `None` only while it is dropped.
    file: Option<File>,
    disk: Disk,
    is_elsewhere: bool,
}

impl Held {
    /// To be called by a reader.
    fn new(file: File) -> Self {
        let is_elsewhere = is_kept_elsewhere(&file);
        if !is_elsewhere {
            warm::read_nothing_ahead(&file);
        }
        Self {
            disk: file.metadata().map_or(0, |metadata| metadata.dev()),
            is_elsewhere,
            file: Some(file),
        }
    }

    /// It is kept by somebody else, who may have to be asked even for what the kernel has in memory.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// The file itself.
    fn file(&self) -> &File {
        // It is taken by `drop` alone.
        self.file.as_ref().unwrap_or_else(|| unreachable!())
    }
}

impl Deref for Held {
    type Target = File;

    fn deref(&self) -> &File {
        self.file()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(file) = self.file.take() else { return };
        if self.is_elsewhere || file.metadata().is_ok_and(|metadata| metadata.nlink() == 0) {
            disks::close(self.disk, file);
        }
    }
}

/// The file that a connection was sent last. Players ask for one part after the other.
#[derive(Debug)]
pub(super) struct Kept {
    wanted: Wanted,
    open: OpenFile,
    /// When it was opened.
    uptime: Duration,
}

impl Kept {
    /// What was opened at `uptime` for `wanted`, if it may be kept: a caption is read anew each time.
    pub(super) fn new(wanted: Wanted, opened: &Opened, uptime: Duration) -> Option<Self> {
        let open = opened.open.clone();
        (!wanted.is_caption()).then_some(Self {
            wanted,
            open,
            uptime,
        })
    }

    /// Another file may lie there after a while, and nobody shall wait long to take his disk away.
    pub(super) fn is_fresh(&self, now: Duration) -> bool {
        now.saturating_sub(self.uptime) < limits::KEPT_FILE_TIME
    }

    /// The file as it is at `now`, if it is the one that is wanted and lies where it did. Waits for no disk.
    pub(super) fn again(&self, wanted: &Wanted, now: Duration) -> Option<Opened> {
        if !self.is_fresh(now) || !self.wanted.is_same(wanted) {
            return None;
        }
        let known = facts::known(&self.open.file)
            .ok()
            .filter(|known| known.links > 0)?;
        let facts = FileFacts {
            len: known.len,
            modified_secs: known.modified_secs,
            modified_nanos: known.modified_nanos,
            inode: known.inode,
        };
        Some(Opened {
            open: self.open.clone(),
            facts,
            text: None,
        })
    }
}

/// Opens the file an answer needs, and asks what it is now.
///
/// # Errors
/// The file vanished, is no regular file any more, or now lies outside its root; `TimedOut` when its disk did not answer
/// within [`limits::DISK_TIME`].
pub(super) async fn open(
    readers: &Readers,
    errand: &Arc<Errand>,
    wanted: Wanted,
) -> io::Result<Opened> {
    let disk = wanted.disk().ok_or(io::ErrorKind::NotFound)?;
    readers.send(errand, FileJob::Open(wanted, disk))?;
    match readers.outcome(errand).await? {
        Outcome::Opened(opened) => opened,
        _ => Err(io::ErrorKind::Other.into()),
    }
}

/// Finds the bytes of the time from which `wanted` is, in the file that was opened for it; none if it has no index.
///
/// # Errors
/// `TimedOut` when the disk did not answer within [`limits::DISK_TIME`].
pub(super) async fn find(
    readers: &Readers,
    errand: &Arc<Errand>,
    wanted: Wanted,
    opened: &Opened,
) -> io::Result<Wanted> {
    let open = opened.open.clone();
    readers.send(errand, FileJob::Find(open, wanted, opened.facts.len))?;
    match readers.outcome(errand).await? {
        Outcome::Found(wanted) => Ok(wanted),
        _ => Err(io::ErrorKind::Other.into()),
    }
}

fn open_here(wanted: &Wanted) -> io::Result<Opened> {
    let (file, facts, _) = open_now(wanted)?;
    let text = if wanted.is_caption() {
        converted(wanted, &file, facts.len)?
    } else {
        None
    };
    let file = Arc::new(Held::new(file));
    Ok(Opened {
        open: OpenFile { file },
        facts,
        text,
    })
}

/// Offset and length of what is wanted of a file; `None`: all of it.
type Stretch = Option<(u64, u64)>;

/// Opens it on this thread, which may wait for the disk.
///
/// # Errors
/// Those of [`open`].
pub(super) fn open_now(wanted: &Wanted) -> io::Result<(File, FileFacts, Stretch)> {
    let mut path = [0; limits::PATH_BYTES];
    let (holder, span) = wanted.file().ok_or(io::ErrorKind::NotFound)?;
    let (_, len) = holder.path(&mut path).ok_or(io::ErrorKind::NotFound)?;
    let roots = wanted.snapshot.roots().map(|root| root.path);
    let file = beneath::open_file(roots, path.get(..len).unwrap_or_default())
        .map_err(beneath::Refused::into_io)?;
    let metadata = file.metadata()?;
    let facts = FileFacts {
        len: metadata.len(),
        modified_secs: u64::try_from(metadata.mtime()).unwrap_or(0),
        modified_nanos: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
        inode: metadata.ino(),
    };
    Ok((file, facts, span))
}

/// As many bytes of `buffer` as the file has from `at` on.
fn filled(file: &File, at: u64, mut buffer: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut len = 0;
    while let Some(rest) = buffer.get_mut(len..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, at + len as u64) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(len);
    Ok(buffer)
}

/// The text of a subtitle file in UTF-8; `None` where the file can go out as it is.
fn converted(wanted: &Wanted, file: &File, len: u64) -> io::Result<Option<Vec<u8>>> {
    if len > limits::CAPTION_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(limits::CAPTION_BYTES).read_to_end(&mut bytes)?;
    Ok(wanted.in_utf8(&bytes))
}
