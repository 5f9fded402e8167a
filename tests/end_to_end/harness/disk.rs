//! A disk that fails as disks do: a file system of the test's own, over /dev/fuse, which shows the files of one folder, and
//! stalls or fails where it is told to.
//!
//! It speaks the kernel's protocol itself (`linux/fuse.h`, 7.31), as little of it as reading needs. One thread answers; a
//! request that is to stall is put aside until [`Disk::heal`], or for ever.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::io::{Errno, FdFlags, fcntl_setfd};

use super::{Library, mounts, skip};

/// What the disk does instead of giving what was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Says nothing.
    Stall,
    /// Says that it cannot.
    Fail(Errno),
}

/// A mounted disk; taken away on drop.
pub(crate) struct Disk {
    place: PathBuf,
    device: Arc<File>,
    state: Arc<Mutex<State>>,
    answering: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    /// For everything, directories and all.
    everywhere: Option<Trouble>,
    /// For reading a file of this name, from this offset on.
    reading: HashMap<String, (u64, Trouble)>,
    /// Requests that nobody has answered.
    waiting: Vec<Vec<u8>>,
    /// Reads that are or were put aside.
    stalled: usize,
}

impl Disk {
    /// Mounts the files of `library`'s folder `name`, which is made if need be, beside what it serves; `None`, and a word on
    /// stderr, where that cannot be.
    pub(crate) fn mounted(library: &Library, name: &str) -> Option<Self> {
        let device = match File::options().read(true).write(true).open("/dev/fuse") {
            Ok(device) => device,
            Err(error) => {
                skip(&format!("no FUSE here: /dev/fuse: {error}"));
                return None;
            }
        };
        let (source, place) = (
            library.beside(name),
            library.beside(&format!("{name} mounted")),
        );
        fs::create_dir_all(&source).unwrap();
        fs::create_dir_all(&place).unwrap();
        let options = format!(
            "fd={},rootmode=40755,user_id=0,group_id=0,allow_other",
            device.as_raw_fd()
        );
        fcntl_setfd(&device, FdFlags::empty()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-i", "-t", "fuse", "-o", &options, "rill-test"]);
        let is_mounted = mounts(mount.arg(&place), "no FUSE here");
        fcntl_setfd(&device, FdFlags::CLOEXEC).unwrap();
        if !is_mounted {
            return None;
        }
        let (device, state) = (Arc::new(device), Arc::new(Mutex::default()));
        let answering = std::thread::spawn({
            let server = Server {
                source,
                device: Arc::clone(&device),
                state: Arc::clone(&state),
            };
            move || server.run()
        });
        Some(Self {
            place,
            device,
            state,
            answering: Some(answering),
        })
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.place
    }

    /// Everything stalls or fails from now on.
    pub(crate) fn break_down(&self, fault: Trouble) {
        self.state.lock().unwrap().everywhere = Some(fault);
    }

    /// Reading the file `name` stalls or fails from `offset` on.
    pub(crate) fn break_file(&self, name: &str, offset: u64, fault: Trouble) {
        let mut state = self.state.lock().unwrap();
        state.reading.insert(name.to_owned(), (offset, fault));
    }

    /// All is well again; what was put aside is answered.
    pub(crate) fn heal(&self) {
        let waiting = {
            let mut state = self.state.lock().unwrap();
            state.everywhere = None;
            state.reading.clear();
            std::mem::take(&mut state.waiting)
        };
        let server = Server {
            source: self.source(),
            device: Arc::clone(&self.device),
            state: Arc::clone(&self.state),
        };
        for request in waiting {
            server.handle(&request);
        }
    }

    /// How many requests have been put aside so far.
    pub(crate) fn stalled(&self) -> usize {
        self.state.lock().unwrap().stalled
    }

    fn source(&self) -> PathBuf {
        let name = self.place.to_str().unwrap();
        name.strip_suffix(" mounted").unwrap().into()
    }

    /// Takes the disk away, as it is: whatever waits for it fails.
    pub(crate) fn unplug(&mut self) {
        let Some(answering) = self.answering.take() else {
            return;
        };
        // By force: that ends the connection, in every namespace that has it.
        for options in ["-f", "-l"] {
            let _ = Command::new("umount")
                .arg(options)
                .arg(&self.place)
                .stderr(Stdio::null())
                .status();
        }
        answering.join().unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.unplug();
    }
}

const LOOKUP: u32 = 1;
const FORGET: u32 = 2;
const GETATTR: u32 = 3;
const OPEN: u32 = 14;
const READ: u32 = 15;
const STATFS: u32 = 17;
const RELEASE: u32 = 18;
const FLUSH: u32 = 25;
const INIT: u32 = 26;
const OPENDIR: u32 = 27;
const READDIR: u32 = 28;
const RELEASEDIR: u32 = 29;
const INTERRUPT: u32 = 36;
const BATCH_FORGET: u32 = 42;

/// Bytes of `fuse_in_header`.
const HEADER: usize = 40;
/// The folder itself; the files follow in the order of their names.
const ROOT: u64 = 1;
/// Seconds for which the kernel may believe what it was told.
const VALID: u64 = 3600;

struct Server {
    source: PathBuf,
    device: Arc<File>,
    state: Arc<Mutex<State>>,
}

impl Server {
    fn run(&self) {
        let mut buffer = vec![0; 1 << 20];
        loop {
            match (&*self.device).read(&mut buffer) {
                Ok(len) => self.handle(&buffer[..len]),
                Err(error) if error.raw_os_error() == Some(Errno::INTR.raw_os_error()) => {}
                Err(error) if error.raw_os_error() == Some(Errno::NOENT.raw_os_error()) => {}
                // ENODEV: unmounted.
                Err(_) => return,
            }
        }
    }

    fn handle(&self, request: &[u8]) {
        let (opcode, node) = (u32_at(request, 4), u64_at(request, 16));
        let body = &request[HEADER..];
        if matches!(opcode, FORGET | BATCH_FORGET | INTERRUPT) {
            return;
        }
        let result = match self.fault(opcode, node, body) {
            Some(Trouble::Stall) => {
                let mut state = self.state.lock().unwrap();
                state.stalled += 1;
                return state.waiting.push(request.to_vec());
            }
            Some(Trouble::Fail(errno)) => Err(errno),
            None => self.answer(opcode, node, body),
        };
        let (error, payload) = match result {
            Ok(payload) => (0, payload),
            Err(errno) => (-errno.raw_os_error(), Vec::new()),
        };
        let len = u32::try_from(16 + payload.len()).unwrap();
        let reply = [
            &len.to_ne_bytes()[..],
            &error.to_ne_bytes(),
            &request[8..16],
            &payload,
        ]
        .concat();
        // Whoever asked may have been ended meanwhile.
        let _ = (&*self.device).write(&reply);
    }

    fn fault(&self, opcode: u32, node: u64, body: &[u8]) -> Option<Trouble> {
        let state = self.state.lock().unwrap();
        if opcode == INIT {
            return None;
        }
        if state.everywhere.is_some() {
            return state.everywhere;
        }
        let path = (opcode == READ).then(|| self.file(node)).flatten()?;
        let (offset, fault) = *state.reading.get(path.file_name()?.to_str()?)?;
        (u64_at(body, 8) + u64::from(u32_at(body, 16)) > offset).then_some(fault)
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.source).into_iter().flatten().flatten();
        let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
        files.sort();
        files
    }

    fn file(&self, node: u64) -> Option<PathBuf> {
        let at = usize::try_from(node.checked_sub(ROOT + 1)?).ok()?;
        self.files().into_iter().nth(at)
    }

    fn answer(&self, opcode: u32, node: u64, body: &[u8]) -> Result<Vec<u8>, Errno> {
        match opcode {
            INIT => Ok(words(&[
                7,
                31,
                1 << 20,
                0,
                900 * 0x1_0000 + 1000,
                1 << 17,
                1,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
                0,
            ])),
            LOOKUP => {
                let name = body.split(|byte| *byte == 0).next().unwrap_or_default();
                let files = self.files();
                let named = |path: &PathBuf| path.file_name().unwrap().as_encoded_bytes() == name;
                let at = files.iter().position(named).ok_or(Errno::NOENT)?;
                let node = ROOT + 1 + at as u64;
                Ok([longs(&[node, 0, VALID, VALID, 0]), self.attributes(node)?].concat())
            }
            GETATTR => Ok([longs(&[VALID, 0]), self.attributes(node)?].concat()),
            OPEN | OPENDIR => Ok(longs(&[0, 0])),
            READ => {
                let file =
                    File::open(self.file(node).ok_or(Errno::NOENT)?).map_err(|_| Errno::IO)?;
                let mut bytes = vec![0; u32_at(body, 16) as usize];
                let count = file.read_at(&mut bytes, u64_at(body, 8));
                bytes.truncate(count.map_err(|_| Errno::IO)?);
                Ok(bytes)
            }
            READDIR => Ok(self.entries(u64_at(body, 8), u32_at(body, 16) as usize)),
            STATFS => Ok([
                longs(&[1000, 0, 0, 1000, 0]),
                words(&[4096, 255, 4096, 0, 0, 0, 0, 0, 0, 0]),
            ]
            .concat()),
            RELEASE | RELEASEDIR | FLUSH => Ok(Vec::new()),
            _ => Err(Errno::NOSYS),
        }
    }

    /// `fuse_attr`.
    fn attributes(&self, node: u64) -> Result<Vec<u8>, Errno> {
        const DIRECTORY: u32 = 0o040_755;
        const REGULAR: u32 = 0o100_644;
        let (size, mode) = match self.file(node) {
            None if node == ROOT => (0, DIRECTORY),
            None => return Err(Errno::NOENT),
            Some(path) => (fs::metadata(path).map_err(|_| Errno::NOENT)?.len(), REGULAR),
        };
        let time = 1_700_000_000;
        let long = longs(&[node, size, size.div_ceil(512), time, time, time]);
        Ok([long, words(&[0, 0, 0, mode, 1, 0, 0, 0, 4096, 0])].concat())
    }

    /// `fuse_dirent`, as many as fit.
    fn entries(&self, from: u64, room: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for (at, path) in self
            .files()
            .iter()
            .enumerate()
            .skip(usize::try_from(from).unwrap())
        {
            const REGULAR: u32 = 8;
            let name = path.file_name().unwrap().as_encoded_bytes();
            let next = at as u64 + 1;
            let len = u32::try_from(name.len()).unwrap();
            let mut entry = [
                longs(&[ROOT + next, next]),
                words(&[len, REGULAR]),
                name.to_vec(),
            ]
            .concat();
            entry.resize(entry.len().next_multiple_of(8), 0);
            if out.len() + entry.len() > room {
                break;
            }
            out.extend(entry);
        }
        out
    }
}

fn words(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect()
}

fn longs(values: &[u64]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_ne_bytes())
        .collect()
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap())
}
