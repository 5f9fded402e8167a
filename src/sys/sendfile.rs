//! sendfile(2): file bytes to a socket without passing through rill.

use std::{
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// Sends at most `count` bytes of `file` from `offset` (64-bit on every board) and says how many went out.
/// 0 means that the file ends at or before `offset`.
///
/// # Errors
/// What sendfile(2) says: `WouldBlock` when the socket is full; `InvalidInput` or `Unsupported` when this file
/// system has no sendfile (see [`is_refusal`]).
pub fn sendfile(socket: impl AsFd, file: &File, offset: u64, count: usize) -> io::Result<usize> {
    let mut offset = offset;
    Ok(rustix::fs::sendfile(
        socket,
        file,
        Some(&mut offset),
        count,
    )?)
}

/// True where `error` says "not with this file", and the mapped window should be used instead.
pub fn is_refusal(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EINVAL | libc::ENOSYS | libc::EOPNOTSUPP)
    )
}

/// Sends `bytes`, telling TCP that more follows at once, so that a reply's head and its first media bytes leave in
/// one segment.
///
/// # Errors
/// What send(2) says.
pub fn send_more(socket: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    use rustix::net::SendFlags;
    Ok(rustix::net::send(
        socket,
        bytes,
        SendFlags::MORE | SendFlags::NOSIGNAL,
    )?)
}
