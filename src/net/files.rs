//! The readers lane: what may wait for a disk, off the loop.

use std::{
    fs::File,
    io::{self, Read as _},
    ops::Deref,
    os::unix::fs::MetadataExt,
    sync::Arc,
};

use super::disks::{self, Disk};
use crate::{
    limits,
    service::media::{FileFacts, Wanted},
    sys::{beneath, warm, watch::is_kept_elsewhere},
};

/// Opens the file an answer needs, and asks what it is now.
///
/// # Errors
/// The file vanished, is no regular file any more, or now lies outside its root.
pub(super) async fn open(wanted: Wanted) -> io::Result<Opened> {
    disks::ask(disk_of(&wanted), move || {
        let (file, facts, _) = open_now(&wanted)?;
        let text = if wanted.is_caption() {
            converted(&wanted, &file, facts.len)?
        } else {
            None
        };
        Ok(Opened {
            file: Arc::new(Held::new(file)),
            facts,
            text,
        })
    })
    .await
}

/// The disk that the file lay on when its folder was last looked at.
pub(super) fn disk_of(wanted: &Wanted) -> Disk {
    let holder = wanted.file().map(|(holder, _)| holder);
    let folder = holder.and_then(|holder| wanted.snapshot.find(holder.parent_id()?));
    folder.map_or(0, |folder| folder.directory_identity().0)
}

/// An opened file.
pub(super) struct Opened {
    pub(super) file: Arc<Held>,
    pub(super) facts: FileFacts,
    /// Its text in UTF-8, where it is a subtitle file in another encoding.
    pub(super) text: Option<Vec<u8>>,
}

/// A file that is closed where its disk may be waited for: close(2) of one that is kept elsewhere asks there, and the last
/// one of a file that was removed frees all its blocks.
pub(super) struct Held {
    /// `None` only while it is dropped.
    file: Option<File>,
    disk: Disk,
    is_elsewhere: bool,
}

impl Held {
    /// To be called in the readers lane.
    fn new(file: File) -> Self {
        Self {
            disk: file.metadata().map_or(0, |metadata| metadata.dev()),
            is_elsewhere: is_kept_elsewhere(&file),
            file: Some(file),
        }
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

/// Offset and length of what is wanted of a file; `None`: all of it.
type Stretch = Option<(u64, u64)>;

/// The same on this thread, which may wait for the disk.
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

/// The text of a subtitle file in UTF-8; `None` where the file can go out as it is.
fn converted(wanted: &Wanted, file: &File, len: u64) -> io::Result<Option<Vec<u8>>> {
    if len > limits::CAPTION_BYTES {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    file.take(limits::CAPTION_BYTES).read_to_end(&mut bytes)?;
    Ok(wanted.in_utf8(&bytes))
}

/// Makes sure that `start..start + len` of `file` is in memory. What is already there costs two system calls.
///
/// # Errors
/// The disk's.
pub(super) async fn bring(file: &Arc<Held>, start: u64, len: u64) -> io::Result<()> {
    if len == 0 || warm::is_resident(file, start, len) {
        return Ok(());
    }
    let file = Arc::clone(file);
    disks::ask(file.disk, move || warm::warm(&file, start, len)).await
}
