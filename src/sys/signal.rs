//! Signals as a readable descriptor (signalfd(2)).

use std::{
    io, mem,
    os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// What an operator may ask of the running server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: scan again.
    Rescan,
    /// SIGTERM or SIGINT: say byebye and end.
    Stop,
}

/// The signals rill listens to, blocked for every thread and waiting in a descriptor.
#[derive(Debug)]
pub struct Signals(OwnedFd);

impl Signals {
    /// Blocks SIGTERM, SIGINT and SIGHUP in this thread and in all it starts later, and opens the descriptor that
    /// tells of them. To be called before any other thread exists, else that thread would die of them.
    ///
    /// # Errors
    /// What the system says; not to be expected on Linux.
    pub fn take() -> io::Result<Self> {
        // SAFETY: an all-zero sigset_t is a valid value; sigemptyset sets it properly right after.
        let mut set: libc::sigset_t = unsafe { mem::zeroed() };
        // SAFETY: `set` is a live, writable sigset_t.
        unsafe { libc::sigemptyset(&raw mut set) };
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
            // SAFETY: `set` is initialised and the number is a valid signal.
            unsafe { libc::sigaddset(&raw mut set, signal) };
        }
        // SAFETY: `set` is initialised; the old mask is not wanted.
        let failed =
            unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) };
        if failed != 0 {
            return Err(io::Error::from_raw_os_error(failed));
        }
        // SAFETY: `set` is initialised; -1 asks for a new descriptor.
        let fd =
            unsafe { libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next signal that came.
    ///
    /// # Errors
    /// `WouldBlock` when none waits.
    pub fn next(&self) -> io::Result<Signal> {
        let mut info = [0_u8; size_of::<libc::signalfd_siginfo>()];
        rustix::io::read(&self.0, &mut info)?;
        // The first field, ssi_signo, is a native u32 (signalfd(2)).
        let [a, b, c, d, ..] = info;
        let number = u32::from_ne_bytes([a, b, c, d]);
        Ok(if number == libc::SIGHUP.cast_unsigned() {
            Signal::Rescan
        } else {
            Signal::Stop
        })
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
