//! Giving up rights over files for good (landlock(7)): after [`confine`], this process reads and writes below the named
//! directories and nowhere else, whatever it is made to try.

use std::{
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd},
    path::Path,
};

use rustix::fs::{Mode, OFlags};

// The kernel's numbers, the same on every architecture (linux/landlock.h, asm-generic/unistd.h).
const CREATE_RULESET: libc::c_long = 444;
const ADD_RULE: libc::c_long = 445;
const RESTRICT_SELF: libc::c_long = 446;
const ASK_VERSION: u32 = 1;
const PATH_BENEATH: libc::c_int = 1;

const READ_FILE: u64 = 1 << 2;
const READ_DIR: u64 = 1 << 3;
/// The first version knows bits 0 to 12, the second adds moving between directories, the third truncating, the fifth
/// ioctl(2) on devices.
const KNOWN: [u64; 5] = [0x1fff, 0x3fff, 0x7fff, 0x7fff, 0xffff];

/// `struct landlock_ruleset_attr`, as far as files go.
#[repr(C)]
struct Ruleset {
    handled: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct PathBeneath {
    allowed: u64,
    parent: i32,
}

/// Opens a directory for [`confine`]. May wait for its disk.
///
/// # Errors
/// What open(2) says.
pub fn place(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Lets this thread, and every one that it starts later, read files and directories below `read`, do everything below
/// `write`, and nothing to any other file. What is open stays open. A mount below one of the places belongs to it, one upon
/// it does not. Gives `false` where the kernel has no Landlock.
///
/// # Errors
/// The kernel has it, and refuses.
pub fn confine(read: &[OwnedFd], write: &[OwnedFd]) -> io::Result<bool> {
    let Some(handled) = handled() else {
        return Ok(false);
    };
    let rules = create(&Ruleset { handled })?;
    for place in read {
        allow(&rules, place, READ_FILE | READ_DIR)?;
    }
    for place in write {
        allow(&rules, place, handled)?;
    }
    rustix::thread::set_no_new_privs(true)?;
    restrict(&rules)?;
    Ok(true)
}

/// What this kernel can forbid; `None` without Landlock.
fn handled() -> Option<u64> {
    let no_rules = std::ptr::null::<Ruleset>();
    // SAFETY: with this flag the kernel looks at no memory, and answers a number.
    let version = unsafe { libc::syscall(CREATE_RULESET, no_rules, 0_usize, ASK_VERSION) };
    let version = usize::try_from(version).ok()?.checked_sub(1)?;
    KNOWN.get(version.min(KNOWN.len() - 1)).copied()
}

fn create(rules: &Ruleset) -> io::Result<OwnedFd> {
    let len = size_of::<Ruleset>();
    // SAFETY: the kernel reads `len` bytes of `rules`, which lives through the call.
    let fd = unsafe { libc::syscall(CREATE_RULESET, std::ptr::from_ref(rules), len, 0_u32) };
    let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn allow(rules: &OwnedFd, place: &OwnedFd, allowed: u64) -> io::Result<()> {
    let rule = PathBeneath {
        allowed,
        parent: place.as_raw_fd(),
    };
    let (rules, rule) = (rules.as_raw_fd(), std::ptr::from_ref(&rule));
    // SAFETY: the kernel reads one `PathBeneath`, which lives through the call.
    let result = unsafe { libc::syscall(ADD_RULE, rules, PATH_BENEATH, rule, 0_u32) };
    succeeded(result)
}

fn restrict(rules: &OwnedFd) -> io::Result<()> {
    // SAFETY: two integers; no memory of ours is touched.
    succeeded(unsafe { libc::syscall(RESTRICT_SELF, rules.as_raw_fd(), 0_u32) })
}

fn succeeded(result: libc::c_long) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Whether a directory has nothing in it: most likely a disk is to be mounted there.
pub fn is_empty_directory(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}

/// Whether `path` and what is above it lie on different file systems: a disk is mounted there.
pub fn is_mount_point(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| std::fs::metadata(path).map(|m| m.dev()).ok();
    path.parent()
        .is_some_and(|above| device(above) != device(path))
}

#[cfg(test)]
mod tests {
    use std::{fs, thread};

    use super::*;

    #[test]
    fn a_confined_thread_reads_and_writes_where_it_may_and_nowhere_else() {
        let folder = std::env::temp_dir().join(format!("rill-landlock-{}", std::process::id()));
        for name in ["media", "state", "private"] {
            fs::create_dir_all(folder.join(name)).unwrap();
            fs::write(folder.join(name).join("file"), "x").unwrap();
        }
        let inside = folder.clone();
        let confined = thread::spawn(move || {
            let file = |name: &str| inside.join(name).join("file");
            let (media, state) = (inside.join("media"), inside.join("state"));
            assert!(place(&inside.join("missing")).is_err());
            let places = [&media, &state].map(|path| [place(path).unwrap()]);
            let done = confine(&places[0], &places[1]).unwrap();
            if !done {
                return eprintln!("SKIPPED: this kernel has no Landlock");
            }
            assert_eq!(fs::read(file("media")).unwrap(), b"x");
            assert_eq!(fs::read_dir(&media).unwrap().count(), 1);
            assert!(fs::write(file("media"), "y").is_err());
            assert!(fs::remove_file(file("media")).is_err());
            fs::write(file("state"), "y").unwrap();
            fs::rename(file("state"), inside.join("state/moved")).unwrap();
            assert!(fs::read(file("private")).is_err());
            assert!(fs::read_dir(inside.join("private")).is_err());
            assert!(fs::read("/etc/passwd").is_err());
            assert!(rustix::thread::no_new_privs().unwrap());
            // What it starts is confined too.
            let private = file("private");
            let below = thread::spawn(move || fs::read(private).is_err());
            assert!(below.join().unwrap());
        });
        confined.join().unwrap();
        assert_eq!(
            fs::read(folder.join("private/file")).unwrap(),
            b"x",
            "others are not"
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn mount_points_and_empty_directories_are_known() {
        assert!(is_mount_point(Path::new("/proc")));
        assert!(!is_mount_point(Path::new("/")) && !is_mount_point(Path::new("/proc/self")));
        assert!(!is_empty_directory(Path::new("/proc")) && !is_empty_directory(Path::new("/none")));
    }
}
