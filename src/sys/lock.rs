//! One process at a time (flock(2)).

use std::{fs::File, io, path::Path};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

/// The lock's name in its directory.
const FILE_NAME: &str = "lock";

/// A directory held by this process until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Locks the directory `dir`; `None`: another process holds it.
///
/// # Errors
/// The lock's file can be neither made nor opened, or its file system has no locks.
pub fn lock(dir: &Path) -> io::Result<Option<Lock>> {
    std::fs::create_dir_all(dir)?;
    let path = dir.join(FILE_NAME);
    let file = File::options()
        .create(true)
        .append(true)
        .open(&path)
        .or_else(|error| File::open(&path).map_err(|_| error))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(errno) => Err(errno.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_held_once_until_it_is_let_go() {
        let dir = std::env::temp_dir().join(format!("rill-lock-{}", std::process::id()));
        let held = lock(&dir).unwrap();
        assert!(held.is_some());
        assert!(lock(&dir).unwrap().is_none());
        drop(held);
        assert!(lock(&dir).unwrap().is_some());
        std::fs::remove_dir_all(&dir).unwrap();
        assert!(lock(Path::new("/proc/none")).is_err());
    }
}
