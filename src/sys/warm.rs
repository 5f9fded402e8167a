//! Is this stretch of a file in memory, and if not: bring it there. Never both at once: asking is for the loop,
//! bringing for a reader thread.

use std::{
    fs::File,
    io::{self, IoSliceMut},
    os::unix::fs::FileExt,
};

use rustix::{fs::Advice, io::ReadWriteFlags};

/// True if the bytes at both ends of `start..start + len` can be had without waiting for a disk.
///
/// Asks preadv2(2) with `RWF_NOWAIT`. A kernel or file system that does not know it (before 4.14) answers
/// `false`: the caller then warms, which is slower but right.
pub fn is_resident(file: &File, start: u64, len: u64) -> bool {
    let last = start + len.saturating_sub(1);
    byte_is_resident(file, last) && byte_is_resident(file, start)
}

fn byte_is_resident(file: &File, at: u64) -> bool {
    let mut byte = [0];
    // At the end of the file nothing is read, and nothing needs to be waited for.
    rustix::io::preadv2(
        file,
        &mut [IoSliceMut::new(&mut byte)],
        at,
        ReadWriteFlags::NOWAIT,
    )
    .is_ok()
}

/// Reads `start..start + len` through, so that the page cache has it; waits for the disk as long as that takes.
/// Stops quietly at the end of the file.
///
/// # Errors
/// What read(2) says: a failing disk is an error here and nowhere else.
pub fn warm(file: &File, start: u64, len: u64) -> io::Result<()> {
    // One large request for the disk first; it is only advice, so its failure does not matter.
    let _ = rustix::fs::fadvise(
        file,
        start,
        std::num::NonZeroU64::new(len),
        Advice::WillNeed,
    );
    let mut scratch = [0; 16 * 1024];
    let end = start.saturating_add(len);
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
        warm(&file, 0, len + 1_000_000).unwrap();
        assert!(is_resident(&file, 0, len.min(100_000)));
        assert!(is_resident(&file, len + 10, 10));
    }
}
