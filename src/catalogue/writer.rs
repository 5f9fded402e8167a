//! From finished records to a file: written under another name, synced, renamed, the directory synced, mapped.
//!
//! A kill or a power cut at any moment leaves the old snapshot or the new one, and at most a temporary file that the
//! next start removes. A snapshot that cannot be used is set aside, never overwritten unseen.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::Xxh3;
use zerocopy::{IntoBytes as _, little_endian::U32};

use super::{
    builder::Builder,
    layout::{self, Header},
    snapshot::{OpenError, Snapshot},
};

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

/// Writes a snapshot that was published from memory into the state directory `dir` and maps it.
///
/// # Errors
/// Those of the file system; then the old snapshot is still there.
pub fn commit(snapshot: &Snapshot, dir: &Path) -> Result<Snapshot, OpenError> {
    replace(dir, |file| file.write_all(snapshot.bytes()))
}

fn replace(
    dir: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<Snapshot, OpenError> {
    let (temporary, path) = (dir.join(TEMPORARY_NAME), dir.join(FILE_NAME));
    let written = fs::create_dir_all(dir).and_then(|()| write_file(&temporary, &path, dir, write));
    written.map_err(|e| {
        let _ = fs::remove_file(&temporary);
        OpenError::Io(e)
    })?;
    Snapshot::open(&path)
}

fn write_file(
    temporary: &Path,
    path: &Path,
    dir: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    // A file of this name may be mapped by nobody, but it may be a link: never written through.
    match fs::remove_file(temporary) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = File::create_new(temporary)?;
    write(&mut file)?;
    file.sync_all()?;
    fs::rename(temporary, path)?;
    File::open(dir)?.sync_all()
}

/// A finished catalogue, not yet written.
#[derive(Debug)]
pub struct Built {
    header: Header,
    parts: Builder,
    index: Vec<U32>,
    is_unchanged: bool,
}

impl Built {
    pub(super) fn new(
        parts: Builder,
        index: Vec<U32>,
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
            reserved: 0.into(),
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
            is_unchanged: false,
        };
        built.header.checksum = built.checksum().into();
        let checksum = built.header.checksum.get();
        built.is_unchanged = previous.is_some_and(|old| old.checksum() == checksum);
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

    /// A snapshot in memory, for the time until it is written.
    ///
    /// # Errors
    /// None that a built catalogue can have, short of one that is too long for the address space.
    pub fn to_snapshot(&self) -> Result<Snapshot, OpenError> {
        let len = usize::try_from(self.file_len()).map_err(|_| OpenError::Length)?;
        let mut bytes = Vec::with_capacity(len);
        self.write(&mut bytes).map_err(OpenError::Io)?;
        Snapshot::from_bytes(bytes)
    }

    /// Writes it into the state directory `dir` and maps it.
    ///
    /// # Errors
    /// Those of the file system; then the old snapshot is still there.
    pub fn commit(&self, dir: &Path) -> Result<Snapshot, OpenError> {
        replace(dir, |file| self.write(file))
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

    fn sections(&self) -> [&[u8]; 5] {
        [
            self.parts.records.as_bytes(),
            self.parts.links.as_bytes(),
            self.index.as_bytes(),
            self.parts.roots.as_bytes(),
            &self.parts.heap,
        ]
    }
}
