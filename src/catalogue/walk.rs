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
    /// The folder at `path`, links resolved. Of one that is not there now the links are resolved as far as they lead: it
    /// may come back, and then it has the same path.
    pub fn new(path: &Path, only: Option<Class>) -> Self {
        let path = path.canonicalize().unwrap_or_else(|_| resolved(path));
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

/// Symbolic links that are followed to a folder which is not there; as many as the kernel follows.
const LINKS: u32 = 40;

/// A path whose end is not there, with the links that are.
fn resolved(path: &Path) -> PathBuf {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for _ in 0..LINKS {
        let mut there = path.as_path();
        // The longest beginning that is something, were it a link to nothing.
        while there.symlink_metadata().is_err() {
            let Some(parent) = there.parent() else {
                return path;
            };
            there = parent;
        }
        let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
        let next = match (there.canonicalize(), there.read_link(), there.parent()) {
            (Ok(real), ..) => return real.join(rest),
            (_, Ok(target), Some(parent)) => parent.join(target).join(rest),
            _ => return path,
        };
        path = next;
    }
    path
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
///
/// # Errors
/// That of fstat(2).
pub fn identity(dir: &File) -> Result<(u64, u64), Errno> {
    let stat = rustix::fs::fstat(dir)?;
    Ok((number(stat.st_dev), number(stat.st_ino)))
}

/// Device and inode of the directory called `name` in `dir`; of what is mounted there, if something is.
pub(super) fn identity_of(dir: &File, name: &CStr, follow: bool) -> Result<(u64, u64), Errno> {
    let flags = if follow {
        AtFlags::empty()
    } else {
        AtFlags::SYMLINK_NOFOLLOW
    };
    let stat = rustix::fs::statat(dir, name, flags)?;
    Ok((number(stat.st_dev), number(stat.st_ino)))
}

/// A child of this name may matter: it is a file of a kind that is listed or told of, or says that its folder is not
/// for media players.
pub fn matters(name: &[u8], by_name: impl Fn(&[u8]) -> Option<Kind>) -> bool {
    name == NO_MEDIA || !is_hidden(name) && (is_note(name) || by_name(name).is_some())
}

/// A name that systems give to what nobody is meant to see.
pub fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".") || SYSTEM_NAMES.contains(&name)
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
    if is_hidden(bytes) {
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

/// What tells whether a file has changed.
pub(super) fn stamp(stat: &Stat) -> Stamp {
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::catalogue::testing::Tree;

    #[test]
    fn a_folder_that_is_not_there_has_the_path_it_will_have() {
        let tree = Tree::new("resolved");
        symlink(tree.path("disk/media"), tree.path("link")).unwrap();
        symlink("link", tree.path("again")).unwrap();
        symlink("circle", tree.path("circle")).unwrap();
        let root = |name: &str| Root::new(&tree.path(name), None).path().to_owned();
        let names = ["disk/media/a", "link/a", "again/a", "again/./a/"];
        let missing = names.map(root);
        assert_eq!(
            missing,
            [const { "disk/media/a" }; 4].map(|name| tree.path(name))
        );
        assert_eq!(root("circle/a"), tree.path("circle/a"));
        std::fs::create_dir_all(tree.path("disk/media/a")).unwrap();
        assert_eq!(names.map(root), missing);
    }
}
