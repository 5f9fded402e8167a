//! Making pictures that do not lie in a file as they are to be sent, small ones above all: one thread behind
//! those that send decodes and scales, a folder keeps what it made.
//!
//! What is kept is answered by a reader at once and never waits for a picture that is being made.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use smol::channel::{self, Receiver, Sender, TrySendError};

use super::{disks, files, send};
use crate::{
    limits,
    service::{art::Picture, media::FileFacts},
    sys::priority,
};

/// The folder in the state directory.
const FOLDER: &str = "art";
/// Beginning of the name of a file that is being written.
const UNFINISHED: &str = "new-";

/// Why there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// None can be made of what there is now.
    Impossible,
    /// Nor ever will be, until the file changes.
    Never,
    /// [`limits::PICTURES_WAITING`] are waiting to be made, or this one waited for too long.
    Busy,
}

/// The door to the thread.
#[derive(Debug)]
pub(super) struct Pictures {
    folder: Arc<Path>,
    jobs: Sender<Job>,
}

/// An opened file, what it is, and the stretch of it that is wanted.
type Source = (fs::File, FileFacts, Option<(u64, u64)>);

struct Job {
    picture: Picture,
    /// Its source, opened by a reader: a disk that does not answer most often does not even do that.
    source: Source,
    answer: Sender<Option<Vec<u8>>>,
}

impl Pictures {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread could be made.
    pub(super) fn start(state_dir: &Path) -> io::Result<Self> {
        let folder: Arc<Path> = state_dir.join(FOLDER).into();
        let (jobs, inbox) = channel::bounded(limits::PICTURES_WAITING);
        let keeper = Keeper {
            folder: folder.to_path_buf(),
            bytes: None,
        };
        thread::Builder::new()
            .name("pictures".into())
            .spawn(move || work(keeper, &inbox))?;
        Ok(Self { folder, jobs })
    }

    /// The finished picture: kept from before, or made now.
    pub(super) async fn get(&self, picture: Picture) -> Result<Vec<u8>, Refusal> {
        let name = picture.cache_name().ok_or(Refusal::Impossible)?;
        let path = self.folder.join(name);
        if let Ok(kept) = blocking::unblock(move || fs::read(path)).await {
            return finished(Some(kept));
        }
        let wanted = picture.source.clone();
        let opening = disks::ask(wanted.disk().unwrap_or(0), move || files::open_now(&wanted));
        let source = opening.await.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => Refusal::Busy,
            _ => Refusal::Impossible,
        })?;
        let (answer, reply) = channel::bounded(1);
        let job = Job {
            picture,
            source,
            answer,
        };
        match self.jobs.try_send(job) {
            Ok(()) => {
                let made = async { Ok(reply.recv().await.ok().flatten()) };
                match send::within(limits::PICTURE_TIME, made).await {
                    Ok(made) => finished(made),
                    Err(_) => Err(Refusal::Busy),
                }
            }
            Err(TrySendError::Full(_)) => Err(Refusal::Busy),
            Err(TrySendError::Closed(_)) => Err(Refusal::Impossible),
        }
    }
}

/// A kept file of no bytes says that no picture can be made of this source.
fn finished(bytes: Option<Vec<u8>>) -> Result<Vec<u8>, Refusal> {
    match bytes {
        Some(bytes) if bytes.is_empty() => Err(Refusal::Never),
        Some(bytes) => Ok(bytes),
        None => Err(Refusal::Impossible),
    }
}

fn work(mut keeper: Keeper, inbox: &Receiver<Job>) {
    // Somebody waits for it, in front of a screen: the lowest priority would let it starve on a busy board.
    priority::behind();
    while let Ok(job) = inbox.recv_blocking() {
        // Whoever asked may have gone meanwhile.
        let _ = job
            .answer
            .send_blocking(keeper.make(&job.picture, &job.source));
    }
}

/// Makes pictures and keeps them, within [`limits::ART_BYTES`].
struct Keeper {
    folder: PathBuf,
    /// Bytes kept; `None`: not counted yet.
    bytes: Option<u64>,
}

impl Keeper {
    fn make(&mut self, picture: &Picture, source: &Source) -> Option<Vec<u8>> {
        let path = self.folder.join(picture.cache_name()?);
        // The same picture may have been made while this one waited.
        if let Ok(kept) = fs::read(&path) {
            return Some(kept);
        }
        let (file, facts, span) = source;
        let made = picture.make(file, facts.len, *span).ok()?;
        if let Err(error) = self.keep(&path, &made) {
            log::debug!("cannot keep {}: {error}", path.display());
        }
        Some(made)
    }

    fn keep(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::create_dir_all(&self.folder)?;
        if self.bytes.is_none() {
            self.bytes = Some(self.make_room(u64::MAX)?);
        }
        let unfinished = self
            .folder
            .join(format!("{UNFINISHED}{}", std::process::id()));
        // Not synced: it is a cache, and a file cut short by a power failure is only a picture that fails to show.
        fs::File::create(&unfinished)?.write_all(bytes)?;
        fs::rename(&unfinished, path)?;
        let total = self.bytes.unwrap_or(0) + bytes.len() as u64;
        self.bytes = Some(if total > limits::ART_BYTES {
            self.make_room(limits::ART_BYTES / 4 * 3)?
        } else {
            total
        });
        Ok(())
    }

    /// Removes the oldest until at most `most` bytes are left; says how many are.
    fn make_room(&self, most: u64) -> io::Result<u64> {
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            if let Ok(metadata) = entry.metadata() {
                kept.push((metadata.modified()?, metadata.len(), entry.path()));
            }
        }
        kept.sort_unstable();
        let mut total = kept.iter().map(|(_, len, _)| len).sum();
        for (_, len, path) in kept {
            if total <= most {
                break;
            }
            fs::remove_file(path)?;
            total -= len;
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first_when_room_is_needed() {
        let folder = std::env::temp_dir().join(format!("rill-art-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        for (name, secs) in [("b", 200), ("a", 100), ("c", 300)] {
            let file = fs::File::create(folder.join(name)).unwrap();
            file.set_len(10).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(secs);
            file.set_modified(time).unwrap();
        }
        let keeper = Keeper {
            folder: folder.clone(),
            bytes: None,
        };
        assert_eq!(keeper.make_room(u64::MAX).unwrap(), 30);
        assert_eq!(keeper.make_room(25).unwrap(), 20);
        assert!(!folder.join("a").exists() && folder.join("b").exists());
        fs::remove_dir_all(folder).unwrap();
    }
}
