//! One directory at a time: its names in natural order, what is a file and what a container, and which symbolic links
//! are followed. Nothing is opened here but directories; no FIFO, socket or device is ever touched.

use std::{
    ffi::CStr,
    fs::File,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RawDir, Stat},
    io::Errno,
};

use super::{order, record::Stamp, report::Reason};
use crate::{
    media::Class,
    sys::beneath::{self, Refused},
};

/// Bytes asked of getdents(2) at once.
const DIRECTORY_BYTES: usize = 32 * 1024;
/// A directory that holds a file of this name is not for media players (an Android convention).
const NO_MEDIA: &[u8] = b".nomedia";
/// How the names of Kodi's descriptions end; in any case.
const NOTE_EXTENSION: &[u8] = b".nfo";
/// Directories that systems leave on disks, beside every name with a leading dot.
const SYSTEM_NAMES: &[&[u8]] = &[
    b"@eaDir",                    // Synology: thumbnails and indices
    b"#recycle",                  // Synology
    b"@Recycle",                  // QNAP
    b"$RECYCLE.BIN",              // Windows
    b"System Volume Information", // Windows
    b"lost+found",                // ext4
];

/// A media folder as it is configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    path: PathBuf,
    /// The only class listed below it.
    pub only: Option<Class>,
}

impl Root {
    /// The folder at `path`, links resolved. One that is not there now keeps its path as it is: it may come back.
    pub fn new(path: &Path, only: Option<Class>) -> Self {
        let canonical = path.canonicalize().or_else(|_| std::path::absolute(path));
        let path = canonical.unwrap_or_else(|_| path.to_owned());
        // absolute() keeps a trailing slash; taking the path apart and together drops it.
        let path = path.components().collect();
        Self { path, only }
    }

    /// Canonical.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The path's bytes.
    pub fn bytes(&self) -> &[u8] {
        use std::os::unix::ffi::OsStrExt as _;
        self.path.as_os_str().as_bytes()
    }
}

/// What a name says about a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Class by extension; the content may say otherwise.
    pub class: Class,
    /// Media type by extension, as the prober's number.
    pub mime: u8,
}

/// What a child of a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Folder,
    Media(Kind),
    /// An `.nfo` file.
    Note,
}

/// One child of a directory.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    key_at: u32,
    /// Of the name and its end mark, at the end of the key.
    name_at: u32,
    end: u32,
    pub(super) is: Is,
    /// It is a symbolic link.
    pub(super) is_link: bool,
}

/// A directory's children: containers first, then files, both in natural order of their names. Kept and refilled, so
/// a scan allocates for its largest directory only.
#[derive(Debug, Default)]
pub(super) struct Listing {
    text: Vec<u8>,
    found: Vec<Found>,
    buffer: Vec<u8>,
    /// There was nothing in it at all, not even a hidden name.
    pub(super) is_bare: bool,
    /// It holds a `.nomedia`.
    pub(super) is_marked: bool,
}

impl Listing {
    /// Reads `dir`. `by_name` knows media files; `skip` is told what is left out, and why.
    ///
    /// # Errors
    /// That of getdents(2); what was read before is dropped.
    pub(super) fn fill(
        &mut self,
        dir: &File,
        roots: &[&[u8]],
        by_name: impl Fn(&[u8]) -> Option<Kind>,
        mut skip: impl FnMut(&[u8], Reason),
    ) -> Result<(), Errno> {
        self.text.clear();
        self.found.clear();
        self.is_bare = true;
        self.is_marked = false;
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.reserve(DIRECTORY_BYTES);
        let mut children = RawDir::new(dir, buffer.spare_capacity_mut());
        let mut result = Ok(());
        while let Some(child) = children.next() {
            let child = match child {
                Ok(child) => child,
                Err(e) => {
                    result = Err(e);
                    break;
                }
            };
            let name = child.file_name();
            if matches!(name.to_bytes(), b"." | b"..") {
                continue;
            }
            self.is_bare = false;
            self.is_marked |= name.to_bytes() == NO_MEDIA;
            match sort_out(dir, roots, name, child.file_type(), &by_name) {
                Ok((is, is_link)) => self.add(name, is, is_link),
                Err(reason) => skip(name.to_bytes(), reason),
            }
        }
        self.buffer = buffer;
        result?;
        let text = &self.text;
        self.found.sort_unstable_by_key(|f| {
            (f.is != Is::Folder, &text[f.key_at as usize..f.end as usize])
        });
        Ok(())
    }

    /// The children, in order.
    pub(super) fn found(&self) -> &[Found] {
        &self.found
    }

    /// A child's name.
    pub(super) fn name(&self, found: &Found) -> &CStr {
        let bytes = &self.text[found.name_at as usize..found.end as usize];
        CStr::from_bytes_until_nul(bytes).unwrap_or_default()
    }

    fn add(&mut self, name: &CStr, is: Is, is_link: bool) {
        let offset = |text: &Vec<u8>| u32::try_from(text.len()).ok();
        let start = self.text.len();
        order::key(name.to_bytes(), &mut self.text);
        self.text.push(0);
        let name_at = self.text.len() - name.count_bytes() - 1;
        let (Ok(key_at), Ok(name_at), Some(end)) = (
            u32::try_from(start),
            u32::try_from(name_at),
            offset(&self.text),
        ) else {
            // Names of 4 GiB in one directory: the rest is not seen.
            self.text.truncate(start);
            return;
        };
        self.found.push(Found {
            key_at,
            name_at,
            end,
            is,
            is_link,
        });
    }
}

/// What stat(2) says of a child of `dir`: its kind, and its stamp.
///
/// # Errors
/// That of fstatat(2).
pub(super) fn stat(dir: &File, name: &CStr, follow: bool) -> Result<(FileType, Stamp), Errno> {
    let flags = if follow {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    let stat = rustix::fs::statat(dir, name, flags)?;
    Ok((FileType::from_raw_mode(stat.st_mode), stamp(&stat)))
}

/// Device and inode of an open directory.
pub(super) fn identity(dir: &File) -> Result<(u64, u64), Errno> {
    let stat = rustix::fs::fstat(dir)?;
    Ok((number(stat.st_dev), number(stat.st_ino)))
}

/// The error says that the disk or its connection is gone, not that this one file is wrong.
pub(super) fn is_disk_gone(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::IO
            | Errno::NODEV
            | Errno::NXIO
            | Errno::STALE
            | Errno::NOTCONN
            | Errno::TIMEDOUT
            | Errno::HOSTDOWN
            | Errno::CONNABORTED
    )
}

/// What it is, and whether by a symbolic link; or why nothing.
fn sort_out(
    dir: &File,
    roots: &[&[u8]],
    name: &CStr,
    kind: FileType,
    by_name: &impl Fn(&[u8]) -> Option<Kind>,
) -> Result<(Is, bool), Reason> {
    let bytes = name.to_bytes();
    if bytes.starts_with(b".") || SYSTEM_NAMES.contains(&bytes) {
        return Err(Reason::Hidden);
    }
    let kind = match kind {
        FileType::Unknown => stat(dir, name, false).map_err(|_| Reason::Unreadable)?.0,
        kind => kind,
    };
    let (kind, is_link) = match kind {
        FileType::Symlink => (link_target(dir, roots, name)?, true),
        kind => (kind, false),
    };
    match kind {
        FileType::Directory => Ok((Is::Folder, is_link)),
        FileType::RegularFile if is_note(bytes) => Ok((Is::Note, is_link)),
        FileType::RegularFile => by_name(bytes)
            .map(|kind| (Is::Media(kind), is_link))
            .ok_or(Reason::NotMedia),
        _ => Err(Reason::Special),
    }
}

fn is_note(name: &[u8]) -> bool {
    let dot = name.len().saturating_sub(NOTE_EXTENSION.len());
    dot > 0 && name[dot..].eq_ignore_ascii_case(NOTE_EXTENSION)
}

/// What a symbolic link leads to, if that is inside the roots and, for a directory, does not contain `dir`.
fn link_target(dir: &File, roots: &[&[u8]], name: &CStr) -> Result<FileType, Reason> {
    // O_PATH opens nothing: no FIFO waits, no device wakes.
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let target = rustix::fs::openat(dir, name, flags, Mode::empty()).map_err(|e| match e {
        Errno::NOENT | Errno::LOOP | Errno::NOTDIR => Reason::LinkBroken,
        _ => Reason::Unreadable,
    })?;
    let stat = rustix::fs::fstat(&target).map_err(|_| Reason::Unreadable)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    let refused = |refused| match refused {
        Refused::Path => Reason::PathTooLong,
        _ => Reason::Unreadable,
    };
    beneath::real_path(&target, |target| {
        if !roots
            .iter()
            .any(|root| *root == target || beneath::is_beneath(root, target))
        {
            return Err(Reason::LinkOutside);
        }
        let contains = |dir: &[u8]| dir == target || beneath::is_beneath(target, dir);
        if kind == FileType::Directory && beneath::real_path(dir, contains).map_err(refused)? {
            return Err(Reason::LinkRepeated);
        }
        Ok(kind)
    })
    .map_err(refused)?
}

fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        size: number(stat.st_size),
        mtime_secs: number(stat.st_mtime),
        mtime_nanos: number(stat.st_mtime_nsec),
        inode: number(stat.st_ino),
    }
}

/// The fields of stat(2) are of another type on every architecture.
fn number<T: TryInto<N>, N: Default>(value: T) -> N {
    value.try_into().unwrap_or_default()
}
