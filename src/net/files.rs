//! The readers lane: what may wait for a disk, off the loop.

use std::{
    fs::File,
    io::{self, Read as _},
    os::unix::fs::MetadataExt,
    sync::Arc,
};

use crate::{
    limits,
    service::media::{FileFacts, Wanted},
    sys::{beneath, warm},
};

/// Opens the file an answer needs, and asks what it is now.
///
/// # Errors
/// The file vanished, is no regular file any more, or now lies outside its root.
pub(super) async fn open(wanted: Wanted) -> io::Result<Opened> {
    blocking::unblock(move || {
        let (file, facts, _) = open_now(&wanted)?;
        let text = if wanted.is_caption() {
            converted(&wanted, &file, facts.len)?
        } else {
            None
        };
        Ok(Opened {
            file: Arc::new(file),
            facts,
            text,
        })
    })
    .await
}

/// An opened file.
pub(super) struct Opened {
    pub(super) file: Arc<File>,
    pub(super) facts: FileFacts,
    /// Its text in UTF-8, where it is a subtitle file in another encoding.
    pub(super) text: Option<Vec<u8>>,
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
pub(super) async fn bring(file: &Arc<File>, start: u64, len: u64) -> io::Result<()> {
    if len == 0 || warm::is_resident(file, start, len) {
        return Ok(());
    }
    let file = Arc::clone(file);
    blocking::unblock(move || warm::warm(&file, start, len)).await
}
