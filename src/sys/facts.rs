//! What is known of an open file without asking its disk or server (statx(2)).

use std::{fs::File, io};

use rustix::fs::{AtFlags, StatxFlags};

/// What fstat(2) would say, as far as it is known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Bytes.
    pub len: u64,
    /// Modification time, seconds since 1970.
    pub modified_secs: u64,
    /// The rest of the modification time, nanoseconds.
    pub modified_nanos: u32,
    /// Inode number.
    pub inode: u64,
    /// Names it has. 0: it was removed, or another file took its place.
    pub links: u32,
}

/// What is known of `file`. Of one on another machine it may be some seconds old.
///
/// # Errors
/// What statx(2) says; before Linux 4.11 there is none.
pub fn known(file: &File) -> io::Result<Known> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_DONT_SYNC;
    let stat = rustix::fs::statx(file, c"", flags, StatxFlags::BASIC_STATS)?;
    Ok(Known {
        len: stat.stx_size,
        modified_secs: u64::try_from(stat.stx_mtime.tv_sec).unwrap_or(0),
        modified_nanos: stat.stx_mtime.tv_nsec,
        inode: stat.stx_ino,
        links: stat.stx_nlink,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    #[test]
    fn the_same_is_known_as_fstat_says_and_a_removed_file_has_no_name() {
        let name = format!("rill-facts-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, b"abc").unwrap();
        let file = File::open(&path).unwrap();
        let (first, stat) = (known(&file).unwrap(), file.metadata().unwrap());
        assert_eq!((first.len, first.links), (3, 1));
        assert_eq!(first.inode, stat.ino());
        assert_eq!(i64::try_from(first.modified_secs).unwrap(), stat.mtime());
        assert_eq!(i64::from(first.modified_nanos), stat.mtime_nsec());
        std::fs::remove_file(&path).unwrap();
        assert_eq!(known(&file).unwrap().links, 0);
    }
}
