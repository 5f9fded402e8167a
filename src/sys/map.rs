//! Mapping files (mmap(2)).

use std::{fs::File, io, ops::Deref, os::fd::AsFd};

use rustix::net::SendFlags;

/// A whole file, mapped read-only.
#[derive(Debug)]
pub struct Map(memmap2::Mmap);

impl Map {
    /// Maps a snapshot, whole.
    ///
    /// Only for files that rill wrote itself and replaces by rename, never in place: a mapped file that is cut
    /// short kills its reader with SIGBUS. `catalogue::writer` keeps that promise.
    ///
    /// # Errors
    /// What mmap(2) says; an empty file is an error too.
    pub fn snapshot(file: &File) -> io::Result<Self> {
        // SAFETY: snapshots are written under a new name, synced and renamed (catalogue::writer); none is ever
        // opened for writing again, so the mapped bytes do not change.
        let map = unsafe { memmap2::Mmap::map(file) }?;
        Ok(Self(map))
    }
}

impl Deref for Map {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// A stretch of somebody else's file, mapped only to be handed to the kernel.
///
/// The bytes are never given out: the file may be cut short at any moment, and then touching them would be fatal,
/// while send(2) merely returns EFAULT.
#[derive(Debug)]
pub struct Window {
    map: memmap2::MmapRaw,
    start: u64,
}

impl Window {
    /// Maps `len` bytes of `file` from `start`, which need not be aligned.
    ///
    /// # Errors
    /// What mmap(2) says.
    pub fn map(file: &File, start: u64, len: usize) -> io::Result<Self> {
        let map = memmap2::MmapOptions::new()
            .offset(start)
            .len(len)
            .map_raw_read_only(file)?;
        Ok(Self { map, start })
    }

    /// Sends what lies at `offset` of the file, at most `count` bytes and at most to the window's end.
    ///
    /// # Errors
    /// What send(2) says: `WouldBlock`; EFAULT (`InvalidInput` of another kind) where the file is no longer that
    /// long; `UnexpectedEof` where `offset` lies outside the window.
    pub fn send(&self, socket: impl AsFd, offset: u64, count: usize) -> io::Result<usize> {
        let skip = offset
            .checked_sub(self.start)
            .and_then(|skip| usize::try_from(skip).ok())
            .filter(|skip| *skip < self.map.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let count = count.min(self.map.len() - skip);
        // SAFETY: `skip < len`, so the pointer stays inside the mapping, which lives as long as `self`.
        let first = unsafe { self.map.as_ptr().add(skip) };
        // SAFETY: `first` and `count` lie inside the mapping. The bytes are not read here: the kernel copies them
        // and reports EFAULT by itself where the file has become shorter.
        let sent = unsafe {
            libc::send(
                socket.as_fd().as_raw(),
                first.cast(),
                count,
                SendFlags::NOSIGNAL.bits().cast_signed(),
            )
        };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
}

/// The bare number of a descriptor, for a call that only libc has.
trait Raw {
    fn as_raw(&self) -> libc::c_int;
}

impl Raw for std::os::fd::BorrowedFd<'_> {
    fn as_raw(&self) -> libc::c_int {
        std::os::fd::AsRawFd::as_raw_fd(self)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        os::unix::net::UnixStream,
    };

    use super::*;

    fn scratch(bytes: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!(
            "rill-map-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(&path)
            .unwrap();
        file.write_all(bytes).unwrap();
        std::fs::remove_file(path).unwrap();
        file
    }

    #[test]
    fn window_sends_bytes_from_an_unaligned_offset() {
        let bytes: Vec<u8> = (0..20_000_u32).map(|n| (n % 251) as u8).collect();
        let file = scratch(&bytes);
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let window = Window::map(&file, 5000, 6000).unwrap();
        assert_eq!(window.send(&ours, 5001, 100_000).unwrap(), 5999);
        let mut got = vec![0; 5999];
        theirs.read_exact(&mut got).unwrap();
        assert_eq!(got, bytes[5001..11_000]);
        assert_eq!(
            window.send(&ours, 11_000, 1).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        assert_eq!(
            window.send(&ours, 4999, 1).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }

    #[test]
    fn window_over_a_file_cut_short_is_an_error_and_not_a_crash() {
        let file = scratch(&vec![7; 65_536]);
        let window = Window::map(&file, 0, 65_536).unwrap();
        file.set_len(10).unwrap();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let error = window.send(&ours, 32_768, 4096).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EFAULT));
    }
}
