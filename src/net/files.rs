//! The readers lane: what may wait for a disk, off the loop.

use std::{fs::File, io, os::unix::fs::MetadataExt, sync::Arc};

use crate::{
    limits,
    service::media::{FileFacts, Wanted},
    sys::{beneath, warm},
};

/// Opens the file an answer needs, and asks what it is now.
///
/// # Errors
/// The file vanished, is no regular file any more, or now lies outside its root.
pub(super) async fn open(wanted: Wanted) -> io::Result<(Arc<File>, FileFacts)> {
    blocking::unblock(move || {
        let mut path = [0; limits::PATH_BYTES];
        let (_, len) = wanted
            .snapshot
            .object(wanted.index)
            .and_then(|object| object.path(&mut path))
            .ok_or(io::ErrorKind::NotFound)?;
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
        Ok((Arc::new(file), facts))
    })
    .await
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
