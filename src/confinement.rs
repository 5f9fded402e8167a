//! What the server may touch once it runs: its media, to read; its state, to read and write; and nothing else of this
//! machine's files. Asked of the kernel itself (Landlock), so that it holds even where rill is wrong.

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::{config::Config, sys::landlock};

/// What the kernel tells of this process: its descriptors, mounts and addresses.
const OWN_PROCESS: &str = "/proc/self";
/// A disk that does not answer must not hold up the start; then rill starts unconfined.
const PATIENCE: Duration = Duration::from_secs(2);

/// Confines this thread and all that it starts; says in the log what became of it. To be called before any other thread
/// exists, with the state directory in place.
pub fn confine(config: &Config) {
    if !config.confine {
        return log::warn!("not confined to its folders, as RILL_CONFINE=off asks");
    }
    let media = config.media.iter().map(|root| root.path.clone()).collect();
    let Some(places) = within(PATIENCE, media, config.state_dir.clone()) else {
        return log::warn!(
            "a media folder does not answer; starting without being confined to the folders"
        );
    };
    let (read, opened): (Vec<_>, Vec<_>) = places.media.into_iter().unzip();
    let done = places
        .state
        .and_then(|state| landlock::confine(&opened, &state));
    let read: Vec<_> = read.iter().map(|path| path.display().to_string()).collect();
    match done {
        Ok(true) => log::info!(
            "confined: reads only below {}, writes only in {}",
            read.join(", "),
            config.state_dir.display()
        ),
        Ok(false) => log::debug!("this kernel has no Landlock; not confined to the folders"),
        Err(error) => log::warn!("cannot be confined to the folders: {error}"),
    }
}

struct Places {
    media: Vec<(PathBuf, OwnedFd)>,
    state: io::Result<Vec<OwnedFd>>,
}

/// Opens what may be used, on a thread that may wait for a disk; `None` when it takes too long.
fn within(time: Duration, media: Vec<PathBuf>, state: PathBuf) -> Option<Places> {
    let (outbox, inbox) = mpsc::channel();
    let opening = thread::spawn(move || {
        let media = media.iter().map(|path| reach(path));
        let media = media.chain([PathBuf::from(OWN_PROCESS)]);
        let media = media.filter_map(|path| landlock::place(&path).ok().map(|place| (path, place)));
        // Whoever asked has given up.
        let _ = outbox.send(Places {
            media: media.collect(),
            state: landlock::place(&state).map(|place| vec![place]),
        });
    });
    let places = inbox.recv_timeout(time).ok()?;
    // It has nothing left to do; after this there is one thread again.
    let _ = opening.join();
    Some(places)
}

/// The directory below which a media folder lies, now and later: itself; but where a disk is mounted, or waited for, what
/// is above, for the rights to a directory do not hold for what is mounted upon it. Of one that is missing, the nearest
/// directory that is there.
fn reach(path: &Path) -> PathBuf {
    let Ok(real) = path.canonicalize() else {
        return path.parent().map_or_else(|| path.into(), reach_above);
    };
    match real.parent() {
        Some(above) if landlock::is_mount_point(&real) || landlock::is_empty_directory(&real) => {
            above.into()
        }
        _ => real,
    }
}

fn reach_above(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent()) {
        (Err(_), Some(above)) => reach_above(above),
        (Ok(real), _) => real,
        (Err(_), None) => path.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_folder_is_reached_where_it_is_or_will_be() {
        let base = std::env::temp_dir().canonicalize().unwrap();
        let base = base.join(format!("rill-reach-{}", std::process::id()));
        fs::create_dir_all(base.join("full/sub")).unwrap();
        fs::create_dir_all(base.join("empty")).unwrap();
        std::os::unix::fs::symlink("full", base.join("link")).unwrap();
        for (folder, expected) in [
            ("full", "full"),
            ("link", "full"),
            ("full/sub", "full"),
            ("empty", ""),
            ("missing", ""),
            ("full/missing/deeper", "full"),
        ] {
            let expected = base.join(expected);
            assert_eq!(
                reach(&base.join(folder)),
                expected.components().collect::<PathBuf>(),
                "{folder}"
            );
        }
        assert_eq!(reach(Path::new("/proc")), Path::new("/"), "a mount point");
        fs::remove_dir_all(base).unwrap();
    }
}
