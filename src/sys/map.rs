//! Mapping files (mmap(2)).

use std::{fs::File, io, ops::Deref};

/// A whole file, mapped read-only.
#[derive(Debug)]
pub struct Map(memmap2::Mmap);

impl Map {
    /// Maps a snapshot, whole.
    ///
    /// Only for files that rill wrote itself and replaces by rename, never in place: a mapped file that is cut
    /// short kills its reader with SIGBUS. `catalogue::writer` keeps that promise.
    ///
    /// # Errors
    /// What mmap(2) says; an empty file is an error too.
    pub fn snapshot(file: &File) -> io::Result<Self> {
        // SAFETY: snapshots are written under a new name, synced and renamed (catalogue::writer); none is ever
        // opened for writing again, so the mapped bytes do not change.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Self(map))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}
