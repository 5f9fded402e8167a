//! A file system in a file, mounted as a disk is: through the kernel's block devices.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::fs::{Advice, fadvise};

use super::{Disk, Library, have, mounts};

/// What [`Disk`] shows its image in.
const NAME: &str = "image";

/// A mounted file system whose blocks lie on a [`Disk`]; unmounted on drop, after that disk.
pub(crate) struct Image {
    place: PathBuf,
    file: PathBuf,
}

impl Image {
    /// Puts the files of the folder `name`, which `disk` shows, into one squashfs and mounts that read-only; in the folder
    /// they are replaced by it. That file system does not say what of a file is in memory. `None`, and a word on stderr,
    /// where that cannot be.
    pub(crate) fn mounted(library: &Library, name: &str, disk: &Disk) -> Option<Self> {
        if !have("mksquashfs") {
            return None;
        }
        let (source, made) = (library.beside(name), library.beside("made"));
        let mut make = Command::new("mksquashfs");
        make.arg(&source).arg(&made);
        super::run(make.args(["-quiet", "-no-progress", "-noD", "-noF", "-all-root"]));
        for entry in fs::read_dir(&source).unwrap() {
            fs::remove_file(entry.unwrap().path()).unwrap();
        }
        fs::rename(made, source.join(NAME)).unwrap();
        let place = library.beside(&format!("{name} image"));
        fs::create_dir_all(&place).unwrap();
        let file = disk.path().join(NAME);
        let mut mount = Command::new("mount");
        mount.args(["-t", "squashfs", "-o", "loop,ro"]);
        let is_mounted = mounts(
            mount.args([&file, &place]),
            "no loop device, or no squashfs",
        );
        is_mounted.then(|| Self { place, file })
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.place
    }

    /// Makes the kernel forget what it has of the file `name` in memory, and of the disk's blocks.
    pub(crate) fn forget(&self, name: &str) {
        for path in [&self.place.join(name), &self.file] {
            fadvise(File::open(path).unwrap(), 0, None, Advice::DontNeed).unwrap();
        }
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}
