//! A bell that rings when the machine's network changes (rtnetlink(7)).
//!
//! The messages themselves are not read: after any of them the caller asks `sys::addresses` anew. That is simple,
//! and it is right even when messages were lost.

use std::{
    io, mem,
    os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

/// The multicast groups of rtnetlink(7) that tell of links and of IPv4 and IPv6 addresses.
const GROUPS: i32 = libc::RTMGRP_LINK | libc::RTMGRP_IPV4_IFADDR | libc::RTMGRP_IPV6_IFADDR;

/// The bell.
#[derive(Debug)]
pub struct NetworkChanges(OwnedFd);

impl NetworkChanges {
    /// Opens the bell.
    ///
    /// # Errors
    /// What socket(2) and bind(2) say: a sandbox may forbid `AF_NETLINK`.
    pub fn open() -> io::Result<Self> {
        // SAFETY: socket(2) takes plain numbers.
        let fd = unsafe {
            libc::socket(
                libc::AF_NETLINK,
                libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK,
                libc::NETLINK_ROUTE,
            )
        };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was just made and belongs to nobody else.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        // SAFETY: an all-zero sockaddr_nl is a valid value.
        let mut address: libc::sockaddr_nl = unsafe { mem::zeroed() };
        address.nl_family = u16::try_from(libc::AF_NETLINK).unwrap_or_default();
        address.nl_groups = GROUPS.cast_unsigned();
        let len = u32::try_from(size_of_val(&address)).unwrap_or_default();
        // SAFETY: `address` is a live sockaddr_nl and `len` its size.
        let failed = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), len) };
        if failed != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self(fd))
    }

    /// Empties the bell after it rang. A receive buffer that overflowed counts as a ring too.
    ///
    /// # Errors
    /// `WouldBlock` when it had not rung.
    pub fn drain(&self) -> io::Result<()> {
        let mut scratch = [0; 4096];
        let mut rang = false;
        loop {
            match rustix::io::read(&self.0, &mut scratch) {
                Ok(_) | Err(rustix::io::Errno::NOBUFS) => rang = true,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) if rang => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for NetworkChanges {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
