//! The journal: user state on the disk, entry after entry, in the file `journal` of the state directory.
//!
//! It is no cache: what it holds is found nowhere else. So an entry is only acknowledged once it is synced; the file is
//! only appended to, or replaced whole by rename; and damage costs the damaged entries, no others. Little-endian:
//!
//! ```text
//!  Header                                Entry
//!   0  8  magic "rilljrn\0"               0  2  bytes of the body, 36; more in later releases of this version
//!   8  4  version                         2  8  xxh3 of the length and the body
//!  12  4  zero                           10  8  content, 0: unknown      18  8  object id
//!  16  8  xxh3 of the 16 bytes before    26  4  position, ms             30  4  play count
//!                                        34  8  last change, seconds since 1970
//!                                        42  4  number of the change
//! ```
//!
//! The later of two entries for one item counts. The header looks so in every version, so that a newer one is known.

use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use xxhash_rust::xxh3::{Xxh3, xxh3_64};

use super::{
    object_id::ObjectId,
    user_state::{Entry, State, UserStates},
};
use crate::limits;

/// The journal's name in the state directory.
pub const FILE_NAME: &str = "journal";
/// What is being written; whatever is left of it means nothing.
const TEMPORARY_NAME: &str = "journal.new";

const MAGIC: [u8; 8] = *b"rilljrn\0";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 24;
/// Bytes before the body of an entry.
const LEAD_BYTES: usize = 10;
/// Bytes of a body as it is written.
const BODY_BYTES: usize = 36;
/// Bytes of the longest body that is believed.
const LONGEST_BODY: usize = 256;
const ENTRY_BYTES: u64 = (LEAD_BYTES + BODY_BYTES) as u64;
/// Entries that may lie in the file unused, besides as many as four times the used ones, before it is written anew.
const SLACK: u64 = 1000;
/// Files of one name that are set aside before the last is overwritten.
const ASIDE: u32 = 100;

/// The open journal. Its methods wait for the disk.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    /// Open for writing; `None`: to be opened by the next entry.
    file: Option<File>,
    /// Bytes in use; what lies behind them is torn.
    len: u64,
    /// The file is not what it should be, or there is none: the next entry writes it anew.
    is_spoiled: bool,
    /// There is a file that could not be read or set aside. It is not written over.
    is_blocked: bool,
}

/// What was found at the start.
#[derive(Debug)]
pub struct Opened {
    /// The journal, to be written on.
    pub journal: Journal,
    /// What it held.
    pub states: UserStates,
    /// What was wrong, one sentence each, to be logged.
    pub warnings: Vec<String>,
}

/// Reads the journal in the state directory `dir`. Nothing is fatal: what cannot be used is set aside and named.
pub fn open(dir: &Path) -> Opened {
    let mut opened = Opened {
        journal: Journal {
            dir: dir.to_owned(),
            file: None,
            len: 0,
            is_spoiled: true,
            is_blocked: false,
        },
        states: UserStates::default(),
        warnings: Vec::new(),
    };
    let path = dir.join(FILE_NAME);
    let read = File::open(&path).and_then(|file| {
        let mut bytes = Vec::new();
        file.take(limits::JOURNAL_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    match read {
        Ok(bytes) => opened.take(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => {
            let shown = path.display();
            opened.warnings.push(format!(
                "cannot read {shown}: {error}; resume positions are not known"
            ));
            opened.set_aside("unreadable");
        }
    }
    opened
}

impl Opened {
    /// Takes over what the file's bytes say.
    fn take(&mut self, bytes: &[u8]) {
        let path = self.journal.dir.join(FILE_NAME);
        let shown = path.display();
        if let Header::Newer(version) = Header::read(bytes) {
            self.warnings.push(format!(
                "{shown} was written by a newer rill (version {version}, this one reads {VERSION}): resume positions \
                 begin anew"
            ));
            self.set_aside("newer");
            return;
        }
        let replayed = replay(bytes, |entry| self.states.put(entry));
        let is_damaged = replayed.skipped > 0 || Header::read(bytes) == Header::Damaged;
        self.journal.len = replayed.end as u64;
        if is_damaged {
            self.warnings.push(format!(
                "{shown} was damaged: {} resume positions could be read, {} bytes could not. If this happens again, check \
                 the disk it lies on",
                self.states.len(),
                replayed.skipped
            ));
            // The evidence is a copy: at no moment is there no journal.
            let copy = free_name(&self.journal.dir, "damaged");
            match fs::copy(&path, &copy).and_then(|_| self.journal.rewrite(&self.states)) {
                Ok(()) => self
                    .warnings
                    .push(format!("it is kept as {}", copy.display())),
                Err(error) => self
                    .warnings
                    .push(format!("{shown} cannot be mended: {error}")),
            }
            return;
        }
        self.journal.is_spoiled = false;
        if replayed.end < bytes.len() {
            let cut = |file: File| {
                file.set_len(replayed.end as u64)?;
                file.sync_data()
            };
            let is_cut = File::options().write(true).open(&path).and_then(cut);
            self.journal.is_spoiled = is_cut.is_err();
        }
    }

    fn set_aside(&mut self, why: &str) {
        match self.journal.set_aside(why) {
            Ok(aside) => self
                .warnings
                .push(format!("it is kept as {}", aside.display())),
            Err(error) => {
                self.journal.is_blocked = true;
                self.warnings.push(format!(
                    "it cannot be renamed either: {error}; new resume positions cannot be kept"
                ));
            }
        }
    }
}

impl Journal {
    /// Keeps `entry`: when this returns, it outlasts a power cut. `states` are those before it; the file is written anew
    /// from them when most of it is no longer of use.
    ///
    /// # Errors
    /// The disk's; then the entry is not kept, and the next one tries with a fresh file.
    pub fn keep(&mut self, entry: &Entry, states: &UserStates) -> io::Result<()> {
        if self.is_blocked {
            self.set_aside("unreadable")?;
            self.is_blocked = false;
        }
        let used = states.len() as u64 * ENTRY_BYTES;
        let is_grown = self.len > used.saturating_mul(5) + SLACK * ENTRY_BYTES;
        if !self.is_spoiled && !is_grown {
            let appended = self.append(entry);
            // A failed sync may have thrown away what was written before: only a fresh file is known to be whole.
            self.is_spoiled = appended.is_err();
            if appended.is_ok() {
                return Ok(());
            }
        }
        let mut states = states.clone();
        states.put(*entry);
        self.rewrite(&states)
    }

    fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) => file,
            None => File::options().write(true).open(self.dir.join(FILE_NAME))?,
        };
        let metadata = file.metadata()?;
        if metadata.nlink() == 0 || metadata.len() != self.len {
            return Err(io::Error::other("somebody else has changed the journal"));
        }
        file.write_all_at(&to_bytes(entry), self.len)?;
        file.sync_data()?;
        self.len += ENTRY_BYTES;
        self.file = Some(file);
        Ok(())
    }

    /// Writes the whole under another name, syncs it, renames it, syncs the directory.
    fn rewrite(&mut self, states: &UserStates) -> io::Result<()> {
        self.file = None;
        self.is_spoiled = true;
        let mut bytes = Header::bytes().to_vec();
        for entry in states.in_order() {
            bytes.extend_from_slice(&to_bytes(&entry));
        }
        fs::create_dir_all(&self.dir)?;
        let new = self.dir.join(TEMPORARY_NAME);
        let written = File::create(&new).and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()?;
            fs::rename(&new, self.dir.join(FILE_NAME))?;
            File::open(&self.dir)?.sync_all()?;
            Ok(file)
        });
        if written.is_err() {
            // Half a file on a full disk would keep it full.
            let _ = fs::remove_file(&new);
        }
        self.file = Some(written?);
        self.len = bytes.len() as u64;
        self.is_spoiled = false;
        Ok(())
    }

    /// Renames the file, so that it is not written over; never over another that was set aside.
    fn set_aside(&self, why: &str) -> io::Result<PathBuf> {
        let aside = free_name(&self.dir, why);
        match fs::rename(self.dir.join(FILE_NAME), &aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(aside),
        }
    }
}

/// `journal.damaged`, or `journal.damaged.2` if there is one ...
fn free_name(dir: &Path, why: &str) -> PathBuf {
    let first = dir.join(format!("{FILE_NAME}.{why}"));
    let others = (2..ASIDE).map(|number| dir.join(format!("{FILE_NAME}.{why}.{number}")));
    let mut names = std::iter::once(first).chain(others);
    let free = names.find(|name| fs::symlink_metadata(name).is_err());
    free.unwrap_or_else(|| dir.join(format!("{FILE_NAME}.{why}.{ASIDE}")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Good,
    /// It is of this version.
    Newer(u32),
    Damaged,
}

impl Header {
    fn read(bytes: &[u8]) -> Self {
        let Some((stated, _)) = bytes.split_first_chunk::<16>() else {
            return Self::Damaged;
        };
        let checksum = u64_at(bytes, 16);
        if !stated.starts_with(&MAGIC) || checksum != Some(xxh3_64(stated)) {
            return Self::Damaged;
        }
        match u32_at(stated, 8) {
            Some(VERSION) => Self::Good,
            Some(version) if version > VERSION => Self::Newer(version),
            _ => Self::Damaged,
        }
    }

    fn bytes() -> [u8; HEADER_BYTES] {
        let mut header = [0; HEADER_BYTES];
        header[..8].copy_from_slice(&MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        let checksum = xxh3_64(&header[..16]);
        header[16..].copy_from_slice(&checksum.to_le_bytes());
        header
    }
}

/// How much of a journal could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Bytes between readable entries that are none.
    pub skipped: usize,
    /// End of the last readable entry. What follows is an entry that was being written.
    pub end: usize,
}

/// Gives `put` every readable entry of a journal, in order. Behind damage it goes on at the next byte where an entry
/// begins.
pub fn replay(bytes: &[u8], mut put: impl FnMut(Entry)) -> Replayed {
    let mut replayed = Replayed {
        skipped: 0,
        end: HEADER_BYTES.min(bytes.len()),
    };
    let mut at = replayed.end;
    while at < bytes.len() {
        if let Some((entry, len)) = bytes.get(at..).and_then(from_bytes) {
            put(entry);
            replayed.skipped += at - replayed.end;
            at += len;
            replayed.end = at;
        } else {
            at += 1;
        }
    }
    let rest = bytes.get(replayed.end..).unwrap_or_default();
    // Longer than one torn entry, and not the zeros of a file that grew before its bytes arrived: damage.
    if rest.len() > LEAD_BYTES + BODY_BYTES && rest.iter().any(|b| *b != 0) {
        replayed.skipped += rest.len();
    }
    replayed
}

/// The entry at the start of `bytes`, and its length.
fn from_bytes(bytes: &[u8]) -> Option<(Entry, usize)> {
    let (len, rest) = bytes.split_first_chunk::<2>()?;
    let body_len = usize::from(u16::from_le_bytes(*len));
    if !(BODY_BYTES..=LONGEST_BODY).contains(&body_len) {
        return None;
    }
    let (checksum, rest) = rest.split_first_chunk::<8>()?;
    let body = rest.get(..body_len)?;
    if u64::from_le_bytes(*checksum) != checksum_of(*len, body) {
        return None;
    }
    let entry = Entry {
        content: u64_at(body, 0)?,
        object: ObjectId::from_value(u64_at(body, 8)?),
        state: State {
            position_ms: u32_at(body, 16)?,
            play_count: u32_at(body, 20)?,
            changed_secs: u64_at(body, 24)?,
        },
        change: u32_at(body, 32)?,
    };
    Some((entry, LEAD_BYTES + body_len))
}

fn to_bytes(entry: &Entry) -> Vec<u8> {
    let State {
        position_ms,
        play_count,
        changed_secs,
    } = entry.state;
    let mut body = Vec::with_capacity(BODY_BYTES);
    body.extend_from_slice(&entry.content.to_le_bytes());
    body.extend_from_slice(&entry.object.value().to_le_bytes());
    body.extend_from_slice(&position_ms.to_le_bytes());
    body.extend_from_slice(&play_count.to_le_bytes());
    body.extend_from_slice(&changed_secs.to_le_bytes());
    body.extend_from_slice(&entry.change.to_le_bytes());
    let len = u16::try_from(body.len()).unwrap_or(0).to_le_bytes();
    let mut bytes = Vec::with_capacity(LEAD_BYTES + BODY_BYTES);
    bytes.extend_from_slice(&len);
    bytes.extend_from_slice(&checksum_of(len, &body).to_le_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

fn checksum_of(len: [u8; 2], body: &[u8]) -> u64 {
    let mut hash = Xxh3::new();
    hash.update(&len);
    hash.update(body);
    hash.digest()
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u64::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..)?
        .first_chunk()
        .copied()
        .map(u32::from_le_bytes)
}

#[cfg(test)]
#[path = "journal_tests.rs"]
mod tests;
