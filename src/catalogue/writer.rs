//! From finished records to a file: written under another name, mapped and published, and when the library is quiet
//! synced, renamed, the directory synced.
//!
//! Between the two it is only in the system's cache of that file: it takes no memory that could not be had back, and where
//! the next one replaces it within half a minute, as while music is copied, most of it never reaches the disk. A kill or a
//! power cut at any moment leaves the old snapshot or the new one, and at most a temporary file that the next start
//! removes. A snapshot that cannot be used is set aside, never overwritten unseen.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;
use zerocopy::{IntoBytes as _, little_endian::U32};

use super::{
    builder::Builder,
    layout::{self, Header},
    signature::Signature,
    snapshot::{OpenError, Snapshot},
};
use crate::media::probe::KNOWLEDGE;

/// The snapshot's name in the state directory.
pub const FILE_NAME: &str = "catalogue";
/// What is being written; whatever is left of it is removed at the start.
const TEMPORARY_NAME: &str = "catalogue.new";
/// The name under which an unusable snapshot is kept for whoever wants to know why.
const DAMAGED_NAME: &str = "catalogue.damaged";

/// What was in the state directory at the start.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The snapshot, if there is a usable one.
    pub snapshot: Option<Snapshot>,
    /// What was wrong with the one that was there. If it could be moved, it now has the name `catalogue.damaged`.
    pub problem: Option<OpenError>,
}

/// Opens the snapshot in the state directory `dir`; sets an unusable one aside and removes what a kill left behind.
pub fn load(dir: &Path) -> Loaded {
    let _ = fs::remove_file(dir.join(TEMPORARY_NAME));
    match Snapshot::open(&dir.join(FILE_NAME)) {
        Ok(snapshot) => Loaded {
            snapshot: Some(snapshot),
            problem: None,
        },
        Err(OpenError::Io(e)) if e.kind() == io::ErrorKind::NotFound => Loaded::default(),
        Err(problem) => {
            // A file that cannot be read may be all right: it stays.
            if !matches!(problem, OpenError::Io(_)) {
                let _ = set_aside(dir);
            }
            Loaded {
                snapshot: None,
                problem: Some(problem),
            }
        }
    }
}

/// Renames the snapshot in `dir`, so that the next one does not overwrite the evidence. Returns its new path.
///
/// # Errors
/// Those of rename(2).
pub fn set_aside(dir: &Path) -> io::Result<PathBuf> {
    let aside = dir.join(DAMAGED_NAME);
    fs::rename(dir.join(FILE_NAME), &aside)?;
    Ok(aside)
}

/// Keeps a published snapshot in the state directory `dir`: syncs its file and gives it its name, or writes it, if it
/// lies in memory or its file is no longer there. Maps what is kept.
///
/// # Errors
/// Those of the file system; then the old snapshot is still there.
pub fn commit(snapshot: &Snapshot, dir: &Path) -> Result<Snapshot, OpenError> {
    let temporary = dir.join(TEMPORARY_NAME);
    let published = snapshot.unkept_file();
    if let Some(file) = published.filter(|file| is_at(file, &temporary)) {
        keep(file, dir)?;
    } else {
        let write = |file: &mut File| file.write_all(snapshot.bytes());
        let file = write_new(dir, write).map_err(OpenError::Io)?;
        keep(&file, dir)?;
    }
    Snapshot::open(&dir.join(FILE_NAME))
}

/// A copy in memory of a snapshot whose file cannot be kept: after an error the system may forget what it holds of it, and
/// who touched the mapped bytes then would be ended. `None`: it lies in no such file, or its bytes are lost already.
pub fn rescue(snapshot: &Snapshot) -> Option<Snapshot> {
    let file = snapshot.unkept_file()?;
    let mut bytes = vec![0; snapshot.bytes().len()];
    // Not by the mapping: a read that fails is an error and no signal.
    file.read_exact_at(&mut bytes, 0).ok()?;
    let copy = Snapshot::from_bytes(bytes).ok()?;
    (copy.checksum() == snapshot.checksum() && copy.verify().is_ok()).then_some(copy)
}

/// The file of this path is `file`.
fn is_at(file: &File, path: &Path) -> bool {
    let ours = file.metadata().map(|m| (m.dev(), m.ino()));
    let there = fs::symlink_metadata(path).map(|m| (m.dev(), m.ino()));
    matches!((ours, there), (Ok(ours), Ok(there)) if ours == there)
}

/// Makes the temporary file and writes it; it is not synced. Half a file on a full disk would keep it full.
fn write_new(dir: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<File> {
    let temporary = dir.join(TEMPORARY_NAME);
    let make = || {
        fs::create_dir_all(dir)?;
        // The one before it may still be mapped, and goes when it is not. A link is never written through.
        match fs::remove_file(&temporary) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        File::options()
            .read(true)
            .write(true)
            .create_new(true)
            .open(&temporary)
    };
    let mut file = make()?;
    if let Err(error) = write(&mut file) {
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    Ok(file)
}

/// Syncs the temporary file, gives it its name, and syncs the directory.
fn keep(file: &File, dir: &Path) -> Result<(), OpenError> {
    let temporary = dir.join(TEMPORARY_NAME);
    let kept = || {
        file.sync_all()?;
        fs::rename(&temporary, dir.join(FILE_NAME))?;
        File::open(dir)?.sync_all()
    };
    kept().map_err(|error| {
        let _ = fs::remove_file(&temporary);
        OpenError::Io(error)
    })
}

/// A finished catalogue, not yet written.
#[derive(Debug)]
pub struct Built {
    header: Header,
    parts: Builder,
    index: Vec<U32>,
    signatures: Vec<[u8; Signature::BYTES]>,
    is_unchanged: bool,
}

impl Built {
    pub(super) fn new(
        parts: Builder,
        index: Vec<U32>,
        signatures: Vec<[u8; Signature::BYTES]>,
        system_update_id: u32,
        previous: Option<&Snapshot>,
    ) -> Self {
        let number = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
        let (records, links, roots) = (
            number(parts.records.len()),
            number(parts.links.len()),
            number(parts.roots.len()),
        );
        let heap_len = parts.heap.len() as u64;
        // The heap is at most 4 GiB and each count a u32: the sum always fits.
        let (sections, file_len) =
            layout::sections(records, links, roots, heap_len).unwrap_or_default();
        let header = Header {
            magic: layout::MAGIC,
            version: layout::VERSION.into(),
            knowledge: KNOWLEDGE.into(),
            file_len: file_len.into(),
            checksum: 0.into(),
            system_update_id: system_update_id.into(),
            records: records.into(),
            links: links.into(),
            roots: roots.into(),
            heap_len: heap_len.into(),
            sections: sections.map(Into::into),
        };
        let mut built = Self {
            header,
            parts,
            index,
            signatures,
            is_unchanged: false,
        };
        built.header.checksum = built.checksum().into();
        let checksum = built.header.checksum.get();
        built.is_unchanged =
            previous.is_some_and(|old| old.checksum() == checksum && old.knowledge() == KNOWLEDGE);
        built
    }

    /// It is the previous snapshot byte for byte: there is nothing to publish and nothing to write.
    pub fn is_unchanged(&self) -> bool {
        self.is_unchanged
    }

    /// `SystemUpdateID` of this catalogue; that of the previous one if nothing visible changed.
    pub fn system_update_id(&self) -> u32 {
        self.header.system_update_id.get()
    }

    /// Bytes of the file.
    pub fn file_len(&self) -> u64 {
        self.header.file_len.get()
    }

    /// Shows it from a file in the state directory `dir` that is not kept yet, or, where none can be written, from memory.
    ///
    /// # Errors
    /// As [`Self::to_snapshot`].
    pub fn publish(&self, dir: &Path) -> Result<Snapshot, OpenError> {
        let written = write_new(dir, |file| self.write(file)).map_err(OpenError::Io);
        match written.and_then(Snapshot::unkept) {
            Ok(snapshot) => Ok(snapshot.own()),
            Err(_) => self.to_snapshot().map(Snapshot::own),
        }
    }

    /// A snapshot in memory.
    ///
    /// # Errors
    /// None that a built catalogue can have, short of one that is too long for the address space.
    pub fn to_snapshot(&self) -> Result<Snapshot, OpenError> {
        let len = usize::try_from(self.file_len()).map_err(|_| OpenError::Length)?;
        let mut bytes = Vec::with_capacity(len);
        self.write(&mut bytes).map_err(OpenError::Io)?;
        Snapshot::from_bytes(bytes)
    }

    /// Keeps it in the state directory `dir` and maps it.
    ///
    /// # Errors
    /// Those of the file system; then the old snapshot is still there.
    pub fn commit(&self, dir: &Path) -> Result<Snapshot, OpenError> {
        let file = write_new(dir, |file| self.write(file)).map_err(OpenError::Io)?;
        keep(&file, dir)?;
        Snapshot::open(&dir.join(FILE_NAME))
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        out.write_all(self.header.as_bytes())?;
        self.sections()
            .into_iter()
            .try_for_each(|s| out.write_all(s))
    }

    fn checksum(&self) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&self.header.as_bytes()[layout::CHECKED_FROM..]);
        for section in self.sections() {
            hash.update(section);
        }
        hash.digest()
    }

    fn sections(&self) -> [&[u8]; layout::SECTIONS] {
        [
            self.parts.records.as_bytes(),
            self.parts.links.as_bytes(),
            self.index.as_bytes(),
            self.signatures.as_flattened(),
            self.parts.roots.as_bytes(),
            &self.parts.heap,
        ]
    }
}
