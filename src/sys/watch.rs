//! Watching directories (inotify(7)), and which file systems can be watched at all (statfs(2)).

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Write as _},
    mem::MaybeUninit,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd},
};

use rustix::{
    fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags},
    io::Errno,
};

/// Bytes read from the queue at once: some hundred events.
const BUFFER: usize = 16 * 1024;

/// What inotify(7) calls a watch descriptor.
pub type Descriptor = i32;

/// A queue of changes in watched directories.
#[derive(Debug)]
pub struct Watches(OwnedFd);

/// Why a directory is not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `fs.inotify.max_user_watches` is reached.
    Limit,
    /// Something else, by its error number.
    System(Errno),
}

/// One change.
#[derive(Debug)]
pub struct Change<'a> {
    /// Of which directory; -1 with [`What::Lost`].
    pub directory: Descriptor,
    /// What happened.
    pub what: What,
    /// The child it happened to; empty if it happened to the directory itself.
    pub name: &'a [u8],
    /// The child is a directory.
    pub is_directory: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The child was made; if it is a file, most likely somebody writes it.
    Created,
    /// The child was open for writing and was closed.
    Closed,
    /// The child came under this name from elsewhere.
    Arrived,
    /// The child went: deleted, or renamed.
    Left,
    /// The child's permissions, times or number of links changed.
    Attributes,
    /// The directory itself was deleted or renamed, or its disk unmounted.
    Moved,
    /// The watch is no more.
    Ended,
    /// The queue overflowed: anything may have happened.
    Lost,
}

impl Watches {
    /// Opens the queue.
    ///
    /// # Errors
    /// What `inotify_init1(2)` says: `fs.inotify.max_user_instances` may be reached.
    pub fn open() -> io::Result<Self> {
        let flags = CreateFlags::CLOEXEC | CreateFlags::NONBLOCK;
        Ok(Self(inotify::init(flags)?))
    }

    /// Watches the directory that was opened, whatever its path leads to now. One that is watched already keeps its
    /// descriptor.
    ///
    /// # Errors
    /// See [`Refused`].
    pub fn add(&self, dir: &File) -> Result<Descriptor, Refused> {
        let mut path = [0; 32];
        let mut rest = &mut path[..];
        // "/proc/self/fd/" and ten digits always fit.
        let _ = write!(rest, "/proc/self/fd/{}", dir.as_raw_fd());
        let path = CStr::from_bytes_until_nul(&path).unwrap_or_default();
        let flags = WatchFlags::CREATE
            | WatchFlags::CLOSE_WRITE
            | WatchFlags::MOVE
            | WatchFlags::DELETE
            | WatchFlags::ATTRIB
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE_SELF
            | WatchFlags::EXCL_UNLINK
            | WatchFlags::ONLYDIR;
        inotify::add_watch(&self.0, path, flags).map_err(|errno| match errno {
            Errno::NOSPC => Refused::Limit,
            errno => Refused::System(errno),
        })
    }

    /// Forgets a directory; [`What::Ended`] follows. One that is not watched any more is all right.
    pub fn remove(&self, directory: Descriptor) {
        let _ = inotify::remove_watch(&self.0, directory);
    }

    /// Tells `see` of at most about `most` changes that wait, in their order. Never waits. Returns false if more may wait.
    pub fn read(&self, most: usize, mut see: impl FnMut(&Change<'_>)) -> bool {
        let mut buffer = [MaybeUninit::uninit(); BUFFER];
        let mut reader = inotify::Reader::new(&self.0, &mut buffer);
        let mut seen = 0;
        loop {
            // What was taken out of the queue is never left in the buffer.
            if seen >= most && reader.is_buffer_empty() {
                return false;
            }
            match reader.next() {
                Ok(event) => {
                    seen += 1;
                    if let Some(what) = what(event.events()) {
                        see(&Change {
                            directory: event.wd(),
                            what,
                            name: event.file_name().map(CStr::to_bytes).unwrap_or_default(),
                            is_directory: event.events().contains(ReadFlags::ISDIR),
                        });
                    }
                }
                Err(Errno::INTR) => {}
                Err(_) => return true,
            }
        }
    }
}

impl AsFd for Watches {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn what(events: ReadFlags) -> Option<What> {
    [
        (ReadFlags::QUEUE_OVERFLOW, What::Lost),
        (ReadFlags::IGNORED, What::Ended),
        (ReadFlags::UNMOUNT, What::Moved),
        (ReadFlags::DELETE_SELF, What::Moved),
        (ReadFlags::MOVE_SELF, What::Moved),
        (ReadFlags::MOVED_TO, What::Arrived),
        (ReadFlags::MOVED_FROM, What::Left),
        (ReadFlags::DELETE, What::Left),
        (ReadFlags::CLOSE_WRITE, What::Closed),
        (ReadFlags::CREATE, What::Created),
        (ReadFlags::ATTRIB, What::Attributes),
    ]
    .into_iter()
    .find(|(flag, _)| events.contains(*flag))
    .map(|(_, what)| what)
}

/// File systems on which others than this kernel may change something: `f_type` of statfs(2), and the name.
const SHARED: [(u64, &str); 14] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9p"),
    (0x6573_5546, "FUSE"),
    (0x6a65_6a63, "virtiofs"),
    (0x00c3_6400, "Ceph"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x7461_636f, "OCFS2"),
    (0x0bd0_0bd0, "Lustre"),
    (0x786f_4256, "vboxsf"),
];
const FUSE: u64 = 0x6573_5546;

/// The name of the file system in which `dir` lies, if others may change it without any event here: network file systems,
/// and FUSE unless it works on a disk of this machine (ntfs-3g, exfat-fuse), of which nobody else has hold.
pub fn unseen_file_system(dir: &File) -> Option<&'static str> {
    let (kind, name) = shared(dir)?;
    if kind == FUSE {
        let device = rustix::fs::fstat(dir).ok()?.st_dev;
        // Major 0: a device without a disk (makedev(3)).
        if rustix::fs::major(device) != 0 {
            return None;
        }
    }
    Some(name)
}

/// Whether somebody other than this kernel keeps the file system of `file`, and has to be asked even to close it: a server
/// on the network, or a program on this machine. This question too may have to wait for him.
pub fn is_kept_elsewhere(file: &File) -> bool {
    shared(file).is_some()
}

fn shared(file: &File) -> Option<(u64, &'static str)> {
    let kind = rustix::fs::fstatfs(file).ok()?.f_type;
    // The field is of another type on every architecture; all these numbers fit into 32 bits.
    let bits = kind.to_le_bytes();
    let kind = u64::from(u32::from_le_bytes(*bits.first_chunk()?));
    SHARED.iter().copied().find(|(known, _)| *known == kind)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let name = format!("rill-watch-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn seen(watches: &Watches) -> Vec<(What, String)> {
        let mut seen = Vec::new();
        watches.read(1000, |change| {
            seen.push((
                change.what,
                String::from_utf8_lossy(change.name).into_owned(),
            ));
        });
        seen
    }

    #[test]
    fn what_happens_in_a_watched_folder_is_told() {
        let folder = Folder::new("told");
        let watches = Watches::open().unwrap();
        let dir = File::open(&folder.0).unwrap();
        let first = watches.add(&dir).unwrap();
        assert_eq!(watches.add(&dir), Ok(first), "the same descriptor");
        assert_eq!(seen(&watches), []);
        let file = folder.0.join("a");
        let open = File::create(&file).unwrap();
        assert_eq!(seen(&watches), [(What::Created, "a".into())]);
        drop(open);
        assert_eq!(seen(&watches), [(What::Closed, "a".into())]);
        fs::rename(&file, folder.0.join("b")).unwrap();
        assert_eq!(
            seen(&watches),
            [(What::Left, "a".into()), (What::Arrived, "b".into())]
        );
        fs::remove_file(folder.0.join("b")).unwrap();
        assert_eq!(seen(&watches), [(What::Left, "b".into())]);
        fs::rename(&folder.0, folder.0.with_extension("away")).unwrap();
        assert_eq!(seen(&watches), [(What::Moved, String::new())]);
        watches.remove(first);
        assert_eq!(seen(&watches), [(What::Ended, String::new())]);
        watches.remove(first);
        fs::rename(folder.0.with_extension("away"), &folder.0).unwrap();
    }

    #[test]
    fn a_turn_is_bounded_and_nothing_is_left_out() {
        let folder = Folder::new("turn");
        let watches = Watches::open().unwrap();
        watches.add(&File::open(&folder.0).unwrap()).unwrap();
        for number in 0..2000 {
            File::create(folder.0.join(format!("a file with a long name {number}"))).unwrap();
        }
        let (mut turns, mut told) = (1, 0);
        while !watches.read(100, |_| told += 1) {
            turns += 1;
        }
        assert_eq!(told, 4000);
        assert!(turns > 4, "{turns} turns");
    }

    #[test]
    fn a_disk_of_this_machine_is_seen() {
        let dir = File::open(std::env::temp_dir()).unwrap();
        assert_eq!(unseen_file_system(&dir), None);
    }
}
