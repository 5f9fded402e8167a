//! Opening files that must lie beneath one of the library's roots, whatever happens to the path meanwhile.
//!
//! A path is a promise that anybody with write access to the library can break between two system calls: a directory
//! is renamed, a symbolic link put in its place. So nothing is believed before the file is open; then the kernel is
//! asked what was opened (`/proc/self/fd`), and only a file beneath a root is handed out. openat2(2) with
//! `RESOLVE_BENEATH` says the same in one call, but not on kernels before 5.6 and not under every emulator.

use std::{ffi::CStr, fmt, fs::File, io, os::fd::AsFd};

use rustix::fs::{CWD, FileType, Mode, OFlags, Stat};

use crate::limits;

/// Room for a path and its end mark.
const BUFFER: usize = limits::PATH_BYTES + 1;

/// For reading, without waiting for a FIFO's other end and without taking a terminal.
const FLAGS: OFlags = OFlags::CLOEXEC
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// Why a file was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The path is longer than [`limits::PATH_BYTES`] or holds a NUL.
    Path,
    /// What was opened lies outside every root.
    Outside,
    /// Neither a regular file (for [`open_file`]) nor a directory (for [`open_directory`]).
    Kind,
    /// open(2), fstat(2) or readlink(2) failed.
    System(rustix::io::Errno),
}

impl Refused {
    /// The same, as an I/O error.
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Path => io::ErrorKind::InvalidFilename.into(),
            Self::Outside | Self::Kind => io::ErrorKind::PermissionDenied.into(),
            Self::System(errno) => errno.into(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path => f.write_str("path too long"),
            Self::Outside => f.write_str("outside the media folders"),
            Self::Kind => f.write_str("not a regular file"),
            Self::System(errno) => write!(f, "{errno}"),
        }
    }
}

/// Opens the regular file at `path` for reading, if it lies beneath one of `roots` (canonical, no trailing slash).
///
/// Never waits for a FIFO's other end and never takes a terminal. Allocates nothing.
///
/// # Errors
/// See [`Refused`].
pub fn open_file<'a>(
    roots: impl IntoIterator<Item = &'a [u8]>,
    path: &[u8],
) -> Result<File, Refused> {
    let file = open(path, OFlags::empty())?;
    regular(&file)?;
    real_path(&file, |real| {
        roots.into_iter().any(|root| is_beneath(root, real))
    })?
    .then_some(file)
    .ok_or(Refused::Outside)
}

/// Opens the regular file called `name` in `dir`, which [`open_directory`] has opened, and says what it is like. In a
/// library of many small files this is most of a scan, so it costs two system calls, and none asks for the whole path:
/// one name cannot lead out of its directory if it is no symbolic link.
///
/// # Errors
/// See [`Refused`]; a symbolic link is one of [`Refused::Kind`].
pub fn open_in(dir: &File, name: &CStr) -> Result<(File, Stat), Refused> {
    if name.to_bytes().contains(&b'/') {
        return Err(Refused::Path);
    }
    let file = rustix::fs::openat(dir, name, FLAGS | OFlags::NOFOLLOW, Mode::empty());
    let file = file.map(File::from).map_err(|errno| match errno {
        rustix::io::Errno::LOOP => Refused::Kind,
        errno => Refused::System(errno),
    })?;
    let stat = regular(&file)?;
    Ok((file, stat))
}

/// What a regular file is like.
fn regular(file: &File) -> Result<Stat, Refused> {
    let stat = rustix::fs::fstat(file).map_err(Refused::System)?;
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(stat),
        _ => Err(Refused::Kind),
    }
}

/// Opens the directory at `path`, if it is one of `roots` (canonical, no trailing slash) or lies beneath one.
///
/// # Errors
/// See [`Refused`].
pub fn open_directory<'a>(
    roots: impl IntoIterator<Item = &'a [u8]>,
    path: &[u8],
) -> Result<File, Refused> {
    let file = open(path, OFlags::DIRECTORY).map_err(|refused| match refused {
        Refused::System(rustix::io::Errno::NOTDIR) => Refused::Kind,
        other => other,
    })?;
    real_path(&file, |real| {
        roots
            .into_iter()
            .any(|root| root == real || is_beneath(root, real))
    })?
    .then_some(file)
    .ok_or(Refused::Outside)
}

/// Tells `see` the path under which the kernel knows an open file now.
///
/// # Errors
/// [`Refused::System`] if `/proc` does not say, [`Refused::Path`] if it is longer than [`limits::PATH_BYTES`].
pub fn real_path<T>(file: impl AsFd, see: impl FnOnce(&[u8]) -> T) -> Result<T, Refused> {
    use std::{io::Write as _, os::fd::AsRawFd as _};
    let mut name = [0; 32];
    let mut rest = &mut name[..];
    write!(rest, "/proc/self/fd/{}", file.as_fd().as_raw_fd()).map_err(|_| Refused::Path)?;
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| Refused::Path)?;
    let mut buffer = [0; BUFFER];
    let len = rustix::fs::readlinkat_raw(CWD, name, &mut buffer).map_err(Refused::System)?;
    if len >= BUFFER {
        return Err(Refused::Path);
    }
    Ok(see(&buffer[..len]))
}

/// `path` is inside the directory `root`, not `root` itself. Both canonical; by whole names.
pub fn is_beneath(root: &[u8], path: &[u8]) -> bool {
    let root = root.strip_suffix(b"/").unwrap_or(root);
    path.strip_prefix(root)
        .is_some_and(|rest| rest.len() > 1 && rest[0] == b'/')
}

fn open(path: &[u8], more: OFlags) -> Result<File, Refused> {
    let mut buffer = [0; BUFFER];
    if path.len() > limits::PATH_BYTES || path.contains(&0) {
        return Err(Refused::Path);
    }
    buffer[..path.len()].copy_from_slice(path);
    let path = CStr::from_bytes_until_nul(&buffer).map_err(|_| Refused::Path)?;
    rustix::fs::openat(CWD, path, FLAGS | more, Mode::empty())
        .map(File::from)
        .map_err(Refused::System)
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::{ffi::OsStrExt as _, fs::symlink},
        path::PathBuf,
    };

    use rustix::io::Errno;

    use super::*;

    /// A directory of its own, removed at the end.
    struct Tree(PathBuf);

    impl Tree {
        fn new(name: &str) -> Self {
            let name = format!("rill-beneath-{name}-{}", std::process::id());
            let path = std::env::temp_dir().canonicalize().unwrap().join(name);
            fs::create_dir_all(path.join("root/sub")).unwrap();
            fs::create_dir_all(path.join("out")).unwrap();
            fs::write(path.join("root/good.mp3"), "x").unwrap();
            fs::write(path.join("out/secret"), "x").unwrap();
            symlink(path.join("out"), path.join("root/link")).unwrap();
            Self(path)
        }

        fn bytes(&self, below: &str) -> Vec<u8> {
            self.0.join(below).as_os_str().as_bytes().to_vec()
        }

        fn open(&self, below: &str) -> Result<(), Refused> {
            let root = self.bytes("root");
            open_file([&root[..]], &self.bytes(below)).map(drop)
        }

        fn list(&self, below: &str) -> Result<(), Refused> {
            let root = self.bytes("root");
            open_directory([&root[..]], &self.bytes(below)).map(drop)
        }
    }

    impl Drop for Tree {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn beneath_is_by_whole_names() {
        assert!(is_beneath(b"/srv/a", b"/srv/a/b"));
        assert!(is_beneath(b"/", b"/srv"));
        assert!(!is_beneath(b"/srv/a", b"/srv/a"));
        assert!(!is_beneath(b"/srv/a", b"/srv/a/"));
        assert!(!is_beneath(b"/srv/a", b"/srv/ab/c"));
        assert!(!is_beneath(b"/srv/a", b"/srv"));
    }

    #[test]
    fn what_lies_outside_the_root_is_refused_after_opening() {
        let tree = Tree::new("outside");
        assert_eq!(tree.open("root/good.mp3"), Ok(()));
        assert_eq!(tree.open("root/link/secret"), Err(Refused::Outside));
        assert_eq!(tree.open("root/../out/secret"), Err(Refused::Outside));
        assert_eq!(tree.open("root"), Err(Refused::Kind));
        assert_eq!(tree.open("root/none"), Err(Refused::System(Errno::NOENT)));
        assert_eq!(tree.open("root/a\0b"), Err(Refused::Path));
        assert_eq!(tree.open(&"d/".repeat(2100)), Err(Refused::Path));
        assert_eq!(tree.list("root"), Ok(()));
        assert_eq!(tree.list("root/sub"), Ok(()));
        assert_eq!(tree.list("root/link"), Err(Refused::Outside));
        assert_eq!(tree.list("root/.."), Err(Refused::Outside));
        assert_eq!(tree.list("root/good.mp3"), Err(Refused::Kind));
    }

    #[test]
    fn a_name_is_opened_in_its_directory_and_nowhere_else() {
        let tree = Tree::new("name");
        let (root, at) = (tree.bytes("root"), tree.bytes("root"));
        symlink("good.mp3", tree.0.join("root/again.mp3")).unwrap();
        let dir = open_directory([&root[..]], &at).unwrap();
        let open = |name: &CStr| open_in(&dir, name).map(|(_, stat)| stat.st_size);
        assert_eq!(open(c"good.mp3"), Ok(1));
        assert_eq!(open(c"again.mp3"), Err(Refused::Kind));
        assert_eq!(open(c"sub"), Err(Refused::Kind));
        assert_eq!(open(c"../out/secret"), Err(Refused::Path));
        assert_eq!(open(c"none"), Err(Refused::System(Errno::NOENT)));
        assert_eq!(open(c""), Err(Refused::System(Errno::NOENT)));
    }

    #[test]
    fn a_fifo_is_refused_and_not_waited_for() {
        let tree = Tree::new("fifo");
        let pipe = tree.bytes("root/pipe.mp3");
        let mode = Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(CWD, &pipe[..], FileType::Fifo, mode, 0).unwrap();
        assert_eq!(tree.open("root/pipe.mp3"), Err(Refused::Kind));
    }
}
