//! Is this stretch of a file in memory, and if not: bring it there. Never both at once: asking is for the loop,
//! bringing for a reader thread.

use std::{
    fs::File,
    io::{self, IoSliceMut},
    num::NonZeroU64,
    os::unix::fs::FileExt,
};

use rustix::{
    fs::Advice,
    io::{Errno, ReadWriteFlags},
};

/// Bytes between two places that are asked for: what a kernel reads or forgets at once is seldom less.
const STEP: u64 = 128 * 1024;

/// Whether the bytes of `start..start + len` can be had without waiting for a disk: both ends and each 128 KiB between them
/// are asked for.
///
/// Asks preadv2(2) with `RWF_NOWAIT`. `None`: this file system (FAT, exFAT, those on the network) or this kernel (before
/// 4.14) does not say.
pub fn is_resident(file: &File, start: u64, len: u64) -> Option<bool> {
    let last = start + len.saturating_sub(1);
    let mut at = last;
    loop {
        if !byte_is_resident(file, at)? {
            return Some(false);
        }
        if at == start {
            return Some(true);
        }
        at = at.saturating_sub(STEP).max(start);
    }
}

/// The same, of both ends alone: for a stretch that was in memory not long ago.
pub fn ends_are_resident(file: &File, start: u64, len: u64) -> Option<bool> {
    let last = start + len.saturating_sub(1);
    Some(byte_is_resident(file, last)? && byte_is_resident(file, start)?)
}

fn byte_is_resident(file: &File, at: u64) -> Option<bool> {
    let mut byte = [0];
    let read = rustix::io::preadv2(
        file,
        &mut [IoSliceMut::new(&mut byte)],
        at,
        ReadWriteFlags::NOWAIT,
    );
    match read {
        // At the end of the file nothing is read, and nothing needs to be waited for.
        Ok(_) => Some(true),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => None,
        Err(_) => Some(false),
    }
}

/// Tells the kernel that `file` is read in pieces which [`warm`] brings, so that it never reads on by itself: whoever sends
/// what is in memory would have to wait for that.
pub fn read_nothing_ahead(file: &File) {
    // Only advice, so its failure does not matter.
    let _ = rustix::fs::fadvise(file, 0, None, Advice::Random);
}

/// Reads `start..start + len` through, so that the page cache has it; waits for the disk as long as that takes.
/// Stops quietly at the end of the file.
///
/// # Errors
/// What read(2) says: a failing disk is an error here and nowhere else.
pub fn warm(file: &File, start: u64, len: u64) -> io::Result<()> {
    let end = start.saturating_add(len);
    // All requests for the disk first, each of a length that kernels take at once. Only advice, so its failure does not
    // matter.
    let mut at = start;
    while at < end {
        let next = at.saturating_add(STEP).min(end);
        let _ = rustix::fs::fadvise(file, at, NonZeroU64::new(next - at), Advice::WillNeed);
        at = next;
    }
    let mut scratch = [0; 16 * 1024];
    let mut at = start;
    while at < end {
        match file.read_at(&mut scratch, at) {
            Ok(0) => break,
            Ok(n) => at += n as u64,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_just_read_is_resident_and_warming_past_the_end_stops() {
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        let len = file.metadata().unwrap().len();
        read_nothing_ahead(&file);
        warm(&file, 0, len + 1_000_000).unwrap();
        for (start, len) in [(0, len), (0, 1), (STEP, STEP), (len - 1, 1), (len + 10, 10)] {
            // A file system that does not say is no fault of ours.
            assert_ne!(is_resident(&file, start, len), Some(false), "{start}+{len}");
        }
    }

    #[test]
    fn a_hole_in_the_middle_is_seen() {
        let path = std::env::temp_dir().join(format!("rill-warm-{}", std::process::id()));
        std::fs::write(&path, vec![1; 8 << 17]).unwrap();
        let file = File::open(&path).unwrap();
        file.sync_all().unwrap();
        std::fs::remove_file(&path).unwrap();
        // Whole pages inside this stretch are forgotten, where the file system has a disk.
        let forgotten = NonZeroU64::new(2 * STEP);
        rustix::fs::fadvise(&file, 3 * STEP, forgotten, Advice::DontNeed).unwrap();
        if is_resident(&file, 4 * STEP, 1) == Some(false) {
            assert_eq!(is_resident(&file, 0, 8 * STEP), Some(false));
            assert_eq!(is_resident(&file, 0, 2 * STEP), Some(true));
            warm(&file, 3 * STEP, 2 * STEP).unwrap();
            assert_eq!(is_resident(&file, 0, 8 * STEP), Some(true));
        }
    }
}
