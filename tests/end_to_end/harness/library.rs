//! A temporary tree of tiny media.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use super::bytes::mp4_sparse_head;

static MADE: AtomicU32 = AtomicU32::new(0);

/// A folder of media, removed on drop.
pub(crate) struct Library {
    folder: PathBuf,
    items: usize,
}

impl Library {
    /// An empty one, readable by everybody.
    pub(crate) fn empty() -> Self {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("rill-test-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("media")).unwrap();
        Self { folder, items: 0 }
    }

    /// Adds a media file which the server must list.
    pub(crate) fn with(mut self, name: impl AsRef<OsStr>, content: &[u8]) -> Self {
        self.add(name, content);
        self
    }

    /// Adds a media file which the server must list.
    pub(crate) fn add(&mut self, name: impl AsRef<OsStr>, content: &[u8]) {
        self.write(name, content);
        self.items += 1;
    }

    /// Writes a file which the server need not list.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A film of `size` bytes which takes no room: all zero but its head and `marks`, texts at given offsets.
    pub(crate) fn add_sparse(&mut self, name: &str, size: u64, marks: &[(u64, &[u8])]) {
        let path = self.write(name, &mp4_sparse_head(5400, size));
        let mut file = File::options().write(true).open(path).unwrap();
        file.set_len(size).unwrap();
        for (offset, text) in marks {
            file.seek(SeekFrom::Start(*offset)).unwrap();
            file.write_all(text).unwrap();
        }
        self.items += 1;
    }

    /// Where a file of this name is.
    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.root().join(name.as_ref())
    }

    /// The folder to serve.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.join("media")
    }

    /// A place beside the served folder, removed with it.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// How many items the server must list.
    pub(crate) fn items(&self) -> usize {
        self.items
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // A folder made unreadable by a test is removed all the same when we are root; else it stays in /tmp.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
