//! Datagrams with the interface and address they came in on, and may leave by (`IP_PKTINFO`, ip(7)).
//!
//! On a board with two networks an answer must leave where the question arrived, from the address it names.

use std::{
    io, mem,
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::{AsRawFd, BorrowedFd},
};

/// Room for one `IP_PKTINFO` control message, aligned as cmsg(3) wants it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Where a datagram came from, and by which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes written to the buffer; a longer datagram was cut.
    pub len: usize,
    /// The sender.
    pub from: SocketAddrV4,
    /// Number of the interface it came in on.
    pub interface: u32,
    /// The address it was sent to: one of ours, or a multicast group.
    pub to: Ipv4Addr,
}

/// Asks the kernel to tell of each datagram where it came in.
///
/// # Errors
/// What setsockopt(2) says.
pub fn enable(socket: BorrowedFd<'_>) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: `on` is a live int and its size is given.
    let failed = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_PKTINFO,
            (&raw const on).cast(),
            size_of_socklen::<libc::c_int>(),
        )
    };
    if failed == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Receives one datagram into `buffer`.
///
/// # Errors
/// `WouldBlock` when none waits; `InvalidData` when the kernel did not say where it came in.
pub fn receive(socket: BorrowedFd<'_>, buffer: &mut [u8]) -> io::Result<Received> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec {
        iov_base: buffer.as_mut_ptr().cast(),
        iov_len: buffer.len(),
    };
    // SAFETY: an all-zero sockaddr_in is a valid value.
    let mut from: libc::sockaddr_in = unsafe { mem::zeroed() };
    let mut message = message(&mut from, &mut part, &mut control);
    // SAFETY: `message` points at live buffers with their true sizes.
    let len = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) };
    let len = usize::try_from(len).map_err(|_| io::Error::last_os_error())?;
    let info = pktinfo(&message).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Received {
        len,
        from: SocketAddrV4::new(
            Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr)),
            u16::from_be(from.sin_port),
        ),
        interface: u32::try_from(info.ipi_ifindex).unwrap_or_default(),
        to: Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr)),
    })
}

/// Sends one datagram by interface number `interface`, from the address `source`.
///
/// # Errors
/// What sendmsg(2) says.
pub fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    to: SocketAddrV4,
    interface: u32,
    source: Ipv4Addr,
) -> io::Result<()> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: an all-zero sockaddr_in is a valid value.
    let mut address: libc::sockaddr_in = unsafe { mem::zeroed() };
    address.sin_family = u16::try_from(libc::AF_INET).unwrap_or_default();
    address.sin_port = to.port().to_be();
    address.sin_addr.s_addr = u32::from(*to.ip()).to_be();
    let mut message = message(&mut address, &mut part, &mut control);
    let info = libc::in_pktinfo {
        ipi_ifindex: i32::try_from(interface).unwrap_or_default(),
        ipi_spec_dst: libc::in_addr {
            s_addr: u32::from(source).to_be(),
        },
        ipi_addr: libc::in_addr { s_addr: 0 },
    };
    put_pktinfo(&mut message, info);
    // SAFETY: `message` points at live buffers with their true sizes; sendmsg(2) does not write to them.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A message header over the three buffers; their lengths are set, their lifetimes are the caller's care.
fn message(
    address: &mut libc::sockaddr_in,
    part: &mut libc::iovec,
    control: &mut Control,
) -> libc::msghdr {
    // SAFETY: an all-zero msghdr is a valid value (the C libraries differ in their padding fields).
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_name = (&raw mut *address).cast();
    message.msg_namelen = size_of_socklen::<libc::sockaddr_in>();
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    message
}

#[expect(clippy::cast_ptr_alignment, reason = "read by read_unaligned")]
fn pktinfo(message: &libc::msghdr) -> Option<libc::in_pktinfo> {
    // SAFETY: recvmsg(2) filled `message`, whose control buffer is live and aligned.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !next.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a whole header inside the control buffer.
        let header = unsafe { next.read_unaligned() };
        if header.cmsg_level == libc::IPPROTO_IP && header.cmsg_type == libc::IP_PKTINFO {
            // SAFETY: `next` is a whole header inside the buffer.
            let data = unsafe { libc::CMSG_DATA(next) }.cast::<libc::in_pktinfo>();
            // SAFETY: the kernel puts a whole in_pktinfo there for this level and type.
            return Some(unsafe { data.read_unaligned() });
        }
        // SAFETY: `next` is a header of `message`.
        next = unsafe { libc::CMSG_NXTHDR(message, next) };
    }
    None
}

#[expect(clippy::cast_ptr_alignment, reason = "written by write_unaligned")]
fn put_pktinfo(message: &mut libc::msghdr, info: libc::in_pktinfo) {
    let size = size_of_socklen::<libc::in_pktinfo>();
    // SAFETY: CMSG_SPACE only computes.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size) } as _;
    // SAFETY: `message` has a live, aligned control buffer of 64 bytes, more than CMSG_SPACE asked for.
    let first = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: CMSG_LEN only computes.
    let len = unsafe { libc::CMSG_LEN(size) };
    // SAFETY: an all-zero header is a valid value.
    let mut header: libc::cmsghdr = unsafe { mem::zeroed() };
    header.cmsg_level = libc::IPPROTO_IP;
    header.cmsg_type = libc::IP_PKTINFO;
    header.cmsg_len = len as _;
    // SAFETY: `first` is the start of the control buffer, which has room for a header.
    unsafe { first.write_unaligned(header) };
    // SAFETY: `first` is a header inside the buffer.
    let data = unsafe { libc::CMSG_DATA(first) }.cast::<libc::in_pktinfo>();
    // SAFETY: CMSG_SPACE left room for one in_pktinfo behind the header.
    unsafe { data.write_unaligned(info) };
}

fn size_of_socklen<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        net::{SocketAddr, UdpSocket},
        os::fd::AsFd,
    };

    use super::*;

    #[test]
    fn a_datagram_tells_its_door_and_leaves_from_the_address_asked_for() {
        let Ok(receiver) = UdpSocket::bind("127.0.0.1:0") else {
            eprintln!("SKIPPED: loopback is down here");
            return;
        };
        let sender = UdpSocket::bind("0.0.0.0:0").unwrap();
        enable(receiver.as_fd()).unwrap();
        let SocketAddr::V4(to) = receiver.local_addr().unwrap() else {
            panic!("asked for IPv4")
        };
        let source = Ipv4Addr::new(127, 0, 0, 9);
        send(sender.as_fd(), b"hello", to, 1, source).unwrap();
        let mut buffer = [0; 16];
        let got = receive(receiver.as_fd(), &mut buffer).unwrap();
        assert_eq!(&buffer[..got.len], b"hello");
        assert_eq!(*got.from.ip(), source);
        assert_eq!(got.to, Ipv4Addr::LOCALHOST);
        assert_eq!(got.interface, 1);
    }
}
