//! Waiting for several things at once (poll(2)): for the one lane that waits outside the loop.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

/// A bell that one thread rings and another hears (eventfd(2)).
#[derive(Debug)]
pub struct Bell(OwnedFd);

impl Bell {
    /// A bell that has not rung.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<Self> {
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        Ok(Self(eventfd(0, flags)?))
    }

    /// Rings it. Rung again before it was heard, it has rung once.
    pub fn ring(&self) {
        // It can only fail because it is ringing already.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Silences it.
    pub fn hear(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// The mounts of this process (proc(5), `/proc/self/mountinfo`): it says when something is mounted or unmounted.
#[derive(Debug)]
pub struct Mounts(File);

impl Mounts {
    /// Opens the table.
    ///
    /// # Errors
    /// There is no `/proc`.
    pub fn open() -> io::Result<Self> {
        File::open("/proc/self/mountinfo").map(Self)
    }

    /// Tells `see` of each line of the table as it is now.
    ///
    /// # Errors
    /// Those of reading.
    pub fn read(&mut self, mut see: impl FnMut(&[u8])) -> io::Result<()> {
        use io::{BufRead as _, Seek as _};
        self.0.rewind()?;
        let mut lines = io::BufReader::new(&self.0);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            see(line.strip_suffix(b"\n").unwrap_or(&line));
            line.clear();
        }
        Ok(())
    }
}

/// Waits until `bell` rings, `queue` has something to read, the table of `mounts` changed, or `time` has passed (`None`:
/// however long it takes). Returns whether the table changed.
pub fn wait(
    bell: &Bell,
    queue: Option<BorrowedFd<'_>>,
    mounts: Option<&Mounts>,
    time: Option<Duration>,
) -> bool {
    let mut waiting = vec![PollFd::new(bell, PollFlags::IN)];
    // proc(5): a change of the table is an exceptional condition, told once to each descriptor.
    waiting.extend(mounts.map(|mounts| PollFd::new(&mounts.0, PollFlags::PRI)));
    waiting.extend(queue.map(|queue| PollFd::from_borrowed_fd(queue, PollFlags::IN)));
    let time = time.and_then(|time| Timespec::try_from(time).ok());
    // A signal or a lack of memory ends the waiting early; then the caller finds nothing to do and waits again.
    if poll(&mut waiting, time.as_ref()).is_err() {
        return false;
    }
    mounts.is_some()
        && waiting[1]
            .revents()
            .intersects(PollFlags::PRI | PollFlags::ERR)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_is_heard_once() {
        let bell = Bell::new().unwrap();
        bell.ring();
        bell.ring();
        assert!(!wait(&bell, None, None, None));
        bell.hear();
        bell.hear();
        assert!(!wait(&bell, None, None, Some(Duration::from_millis(1))));
    }

    #[test]
    fn the_table_of_mounts_has_the_root_in_it() {
        let mut mounts = Mounts::open().unwrap();
        for _ in 0..2 {
            let mut has_root = false;
            mounts
                .read(|line| has_root |= line.split(|b| *b == b' ').nth(4) == Some(b"/"))
                .unwrap();
            assert!(has_root);
        }
    }
}
