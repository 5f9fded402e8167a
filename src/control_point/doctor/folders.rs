//! The media folders: may they be read, by us and by the service, and are they too many to be watched.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use super::{
    Finding,
    host::{Process, watch_limit},
};
use crate::config::Root;

/// Folders counted. Beyond it: it is said that there are more.
const COUNTED: u64 = 1_000_000;

/// Looks at each folder, and at their number.
pub(super) fn examine(roots: &[Root], servers: &[Process]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = roots
        .iter()
        .map(|root| judge(&root.path, servers.first()))
        .collect();
    if let (false, Some(limit)) = (roots.is_empty(), watch_limit()) {
        let most = COUNTED.min(limit.saturating_add(1));
        findings.push(judge_watches(count(roots, most), limit));
    }
    findings
}

fn judge(path: &Path, service: Option<&Process>) -> Finding {
    let (check, shown) = ("folder", path.display());
    let own = rustix::process::geteuid().as_raw();
    if let Err(error) = fs::read_dir(path) {
        let advice = match error.kind() {
            io::ErrorKind::NotFound => "is its disk mounted? rill lists it as soon as it is there",
            _ => {
                "let its group read it (chmod g+rX), and name that group: systemctl edit rill, \
                  [Service] SupplementaryGroups=media"
            }
        };
        let what = format!("{shown} cannot be read by user {own}: {error}");
        return Finding::problem(check, what, advice);
    }
    let Some(service) = service.filter(|service| service.uid != own) else {
        return Finding::ok(check, format!("{shown} can be read by user {own}"));
    };
    match barred(path, service) {
        None => Finding::ok(
            check,
            format!(
                "{shown} can be read by user {own} and by the service's user {}",
                service.user
            ),
        ),
        Some(at) => Finding::problem(
            check,
            format!(
                "{shown} cannot be read by the service's user {}: the mode of {} bars it",
                service.user,
                at.display()
            ),
            "chmod o+rX it, or name a group that may: systemctl edit rill, [Service] SupplementaryGroups=media",
        ),
    }
}

/// The first folder on the way to `path` whose mode keeps `who` out. Access lists are not looked at.
fn barred(path: &Path, who: &Process) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    let mut way: Vec<&Path> = path.ancestors().collect();
    way.reverse();
    let bars = |folder: &&Path| {
        // To go through takes x, to list r as well.
        let needed = if **folder == *path { 0o5 } else { 0o1 };
        fs::metadata(folder)
            .is_ok_and(|found| !permits((found.mode(), found.uid(), found.gid()), who, needed))
    };
    way.into_iter().find(bars).map(Path::to_owned)
}

/// Whether a mode, owner and group give `who` all of `needed`, as bits of `rwx` (`path_resolution(7)`).
fn permits((mode, uid, gid): (u32, u32, u32), who: &Process, needed: u32) -> bool {
    let granted = if who.uid == 0 {
        return true;
    } else if who.uid == uid {
        mode >> 6
    } else if who.gids.contains(&gid) {
        mode >> 3
    } else {
        mode
    };
    granted & needed == needed
}

/// How many folders there are, the roots included; counting stops at `most`.
fn count(roots: &[Root], most: u64) -> u64 {
    let mut waiting: Vec<PathBuf> = roots.iter().map(|root| root.path.clone()).collect();
    let mut found = 0;
    while let Some(folder) = waiting.pop() {
        found += 1;
        if found >= most {
            break;
        }
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        // Links are not followed.
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        waiting.extend(folders.map(|entry| entry.path()));
    }
    found
}

fn judge_watches(folders: u64, limit: u64) -> Finding {
    let check = "watches";
    if folders <= limit {
        return Finding::ok(
            check,
            format!("{folders} folders; the system lets a user watch {limit}"),
        );
    }
    Finding::problem(
        check,
        format!("there are more folders than the system lets a user watch, which is {limit}"),
        "echo fs.inotify.max_user_watches=524288 > /etc/sysctl.d/90-rill.conf; sysctl --system",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_point::doctor::Verdict;

    #[test]
    fn modes_are_read_as_the_kernel_reads_them() {
        let who = |uid, gids: &[u32]| Process {
            uid,
            gids: gids.to_vec(),
            ..Process::default()
        };
        for (mode, uid, gids, expected) in [
            (0o755, 5, &[][..], true),
            (0o750, 5, &[], false),
            (0o750, 5, &[20], true),
            (0o710, 5, &[20], false),
            // The owner has the owner's bits, even if everybody else may.
            (0o077, 10, &[20], false),
            (0o707, 5, &[20], false),
            (0o500, 10, &[], true),
            (0o000, 0, &[], true),
        ] {
            let found = permits((0o40000 | mode, 10, 20), &who(uid, gids), 0o5);
            assert_eq!(found, expected, "{mode:o} {uid} {gids:?}");
        }
    }

    #[test]
    fn more_folders_than_watches_are_a_problem() {
        assert_eq!(judge_watches(8192, 8192).verdict, Verdict::Ok);
        assert_eq!(judge_watches(8193, 8192).verdict, Verdict::Problem);
    }

    #[test]
    fn folders_are_counted_up_to_a_bound() {
        let folder = std::env::temp_dir().join(format!("rill-doctor-{}", std::process::id()));
        fs::create_dir_all(folder.join("a/b")).unwrap();
        fs::create_dir_all(folder.join("c")).unwrap();
        std::os::unix::fs::symlink(&folder, folder.join("loop")).unwrap();
        let roots = [Root {
            path: folder.clone(),
            only: None,
        }];
        assert_eq!((count(&roots, 100), count(&roots, 2)), (4, 2));
        fs::remove_dir_all(&folder).unwrap();
    }
}
