//! Datagrams with the interface and address they came in on, and may leave by (`IP_PKTINFO`, ip(7); `IPV6_PKTINFO`,
//! ipv6(7)).
//!
//! On a board with two networks an answer must leave where the question arrived, from the address it names.

use std::{
    io, mem,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6},
    os::fd::{AsRawFd, BorrowedFd},
};

/// Room for one control message of either family, aligned as cmsg(3) wants it.
#[repr(C, align(8))]
struct Control([u8; 64]);

/// Where a datagram came from, and by which door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// Bytes written to the buffer; a longer datagram was cut.
    pub len: usize,
    /// The sender.
    pub from: SocketAddr,
    /// Number of the interface it came in on.
    pub interface: u32,
    /// The address it was sent to: one of ours, or a multicast group.
    pub to: IpAddr,
}

/// Asks the kernel to tell of each datagram where it came in; `ipv6` is the family of the socket.
///
/// # Errors
/// What setsockopt(2) says.
pub fn enable(socket: BorrowedFd<'_>, ipv6: bool) -> io::Result<()> {
    let on: libc::c_int = 1;
    let (level, option) = if ipv6 {
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    } else {
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    };
    // SAFETY: `on` is a live int and its size is given.
    let failed = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            option,
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
    // SAFETY: an all-zero sockaddr_in6 is a valid value.
    let mut from: libc::sockaddr_in6 = unsafe { mem::zeroed() };
    let len = size_of_socklen::<libc::sockaddr_in6>();
    let mut message = message((&raw mut from).cast(), len, &mut part, &mut control);
    // SAFETY: `message` points at live buffers with their true sizes.
    let len = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, 0) };
    let len = usize::try_from(len).map_err(|_| io::Error::last_os_error())?;
    let (interface, to) = pktinfo(&message).ok_or(io::ErrorKind::InvalidData)?;
    let from = if to.is_ipv4() {
        // SAFETY: a sockaddr_in is shorter than a sockaddr_in6, is plain numbers, and is read unaligned; the family of
        // the control message says that the kernel wrote one.
        let from = unsafe {
            (&raw const from)
                .cast::<libc::sockaddr_in>()
                .read_unaligned()
        };
        let address = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
        SocketAddr::new(address.into(), u16::from_be(from.sin_port))
    } else {
        let address = Ipv6Addr::from(from.sin6_addr.s6_addr);
        SocketAddrV6::new(address, u16::from_be(from.sin6_port), 0, from.sin6_scope_id).into()
    };
    Ok(Received {
        len,
        from,
        interface,
        to,
    })
}

/// Sends one datagram by interface number `interface`, from the address `source`; an unspecified one lets the kernel
/// choose. Both addresses are of the socket's family.
///
/// # Errors
/// What sendmsg(2) says.
pub fn send(
    socket: BorrowedFd<'_>,
    bytes: &[u8],
    to: SocketAddr,
    interface: u32,
    source: IpAddr,
) -> io::Result<()> {
    let mut control = Control([0; 64]);
    let mut part = libc::iovec {
        iov_base: bytes.as_ptr().cast_mut().cast(),
        iov_len: bytes.len(),
    };
    // SAFETY: an all-zero sockaddr_in is a valid value.
    let mut v4: libc::sockaddr_in = unsafe { mem::zeroed() };
    // SAFETY: an all-zero sockaddr_in6 is a valid value.
    let mut v6: libc::sockaddr_in6 = unsafe { mem::zeroed() };
    let (name, len) = match to {
        SocketAddr::V4(to) => {
            v4.sin_family = u16::try_from(libc::AF_INET).unwrap_or_default();
            v4.sin_port = to.port().to_be();
            v4.sin_addr.s_addr = u32::from(*to.ip()).to_be();
            let len = size_of_socklen::<libc::sockaddr_in>();
            ((&raw mut v4).cast(), len)
        }
        SocketAddr::V6(to) => {
            v6.sin6_family = u16::try_from(libc::AF_INET6).unwrap_or_default();
            v6.sin6_port = to.port().to_be();
            v6.sin6_addr.s6_addr = to.ip().octets();
            // A link-local destination is on the link it is sent to.
            let on_link = to.ip().is_unicast_link_local() || to.ip().is_multicast();
            v6.sin6_scope_id = if on_link { interface } else { 0 };
            let len = size_of_socklen::<libc::sockaddr_in6>();
            ((&raw mut v6).cast(), len)
        }
    };
    let mut message = message(name, len, &mut part, &mut control);
    match source {
        IpAddr::V4(source) => {
            let info = libc::in_pktinfo {
                ipi_ifindex: i32::try_from(interface).unwrap_or_default(),
                ipi_spec_dst: libc::in_addr {
                    s_addr: u32::from(source).to_be(),
                },
                ipi_addr: libc::in_addr { s_addr: 0 },
            };
            put(&mut message, libc::IPPROTO_IP, libc::IP_PKTINFO, info);
        }
        IpAddr::V6(source) => {
            let info = libc::in6_pktinfo {
                ipi6_addr: libc::in6_addr {
                    s6_addr: source.octets(),
                },
                ipi6_ifindex: interface as _,
            };
            put(&mut message, libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, info);
        }
    }
    // SAFETY: `message` points at live buffers with their true sizes; sendmsg(2) does not write to them.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// A message header over the three buffers; their lengths are set, their lifetimes are the caller's care.
fn message(
    name: *mut libc::c_void,
    name_len: libc::socklen_t,
    part: &mut libc::iovec,
    control: &mut Control,
) -> libc::msghdr {
    // SAFETY: an all-zero msghdr is a valid value (the C libraries differ in their padding fields).
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_name = name;
    message.msg_namelen = name_len;
    message.msg_iov = part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = control.0.len() as _;
    message
}

/// The number of the interface, and the address the datagram was sent to.
fn pktinfo(message: &libc::msghdr) -> Option<(u32, IpAddr)> {
    // SAFETY: recvmsg(2) filled `message`, whose control buffer is live and aligned.
    let mut next = unsafe { libc::CMSG_FIRSTHDR(message) };
    while !next.is_null() {
        // SAFETY: CMSG_FIRSTHDR and CMSG_NXTHDR return null or a whole header inside the control buffer.
        let header = unsafe { next.read_unaligned() };
        // SAFETY: `next` is a whole header inside the buffer.
        let data = unsafe { libc::CMSG_DATA(next) };
        match (header.cmsg_level, header.cmsg_type) {
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                // SAFETY: the kernel puts a whole in_pktinfo there for this level and type.
                let info = unsafe { data.cast::<libc::in_pktinfo>().read_unaligned() };
                let to = Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr));
                return Some((
                    u32::try_from(info.ipi_ifindex).unwrap_or_default(),
                    to.into(),
                ));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                // SAFETY: the kernel puts a whole in6_pktinfo there for this level and type.
                let info = unsafe { data.cast::<libc::in6_pktinfo>().read_unaligned() };
                let to = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                return Some((info.ipi6_ifindex as _, to.into()));
            }
            _ => {}
        }
        // SAFETY: `next` is a header of `message`.
        next = unsafe { libc::CMSG_NXTHDR(message, next) };
    }
    None
}

/// Puts one control message into a message; `T` is what the kernel wants for that level and type.
fn put<T>(message: &mut libc::msghdr, level: libc::c_int, kind: libc::c_int, info: T) {
    // Header, padding and either structure are below 64 bytes.
    const { assert!(size_of::<T>() <= 32) };
    let size = size_of_socklen::<T>();
    // SAFETY: CMSG_SPACE only computes.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(size) } as _;
    // SAFETY: `message` has a live, aligned control buffer of 64 bytes, more than CMSG_SPACE asked for.
    let first = unsafe { libc::CMSG_FIRSTHDR(message) };
    // SAFETY: CMSG_LEN only computes.
    let len = unsafe { libc::CMSG_LEN(size) };
    // SAFETY: an all-zero header is a valid value.
    let mut header: libc::cmsghdr = unsafe { mem::zeroed() };
    header.cmsg_level = level;
    header.cmsg_type = kind;
    header.cmsg_len = len as _;
    // SAFETY: `first` is the start of the control buffer, which has room for a header.
    unsafe { first.write_unaligned(header) };
    // SAFETY: `first` is a header inside the buffer.
    let data = unsafe { libc::CMSG_DATA(first) }.cast::<T>();
    // SAFETY: CMSG_SPACE left room for one `T` behind the header.
    unsafe { data.write_unaligned(info) };
}

fn size_of_socklen<T>() -> libc::socklen_t {
    libc::socklen_t::try_from(size_of::<T>()).unwrap_or(libc::socklen_t::MAX)
}

#[cfg(test)]
mod tests {
    use std::{net::UdpSocket, os::fd::AsFd};

    use super::*;

    #[test]
    fn a_datagram_tells_its_door_and_leaves_from_the_address_asked_for() {
        let Ok(receiver) = UdpSocket::bind("127.0.0.1:0") else {
            eprintln!("SKIPPED: loopback is down here");
            return;
        };
        let sender = UdpSocket::bind("0.0.0.0:0").unwrap();
        enable(receiver.as_fd(), false).unwrap();
        let to = receiver.local_addr().unwrap();
        let source = IpAddr::from([127, 0, 0, 9]);
        send(sender.as_fd(), b"hello", to, 1, source).unwrap();
        let mut buffer = [0; 16];
        let got = receive(receiver.as_fd(), &mut buffer).unwrap();
        assert_eq!(&buffer[..got.len], b"hello");
        assert_eq!((got.from.ip(), got.interface), (source, 1));
        assert_eq!(got.from.port(), sender.local_addr().unwrap().port());
        assert_eq!(got.to, IpAddr::V4(Ipv4Addr::LOCALHOST));
    }

    #[test]
    fn a_datagram_of_ipv6_tells_its_door_too() {
        let Ok(receiver) = UdpSocket::bind("[::1]:0") else {
            eprintln!("SKIPPED: there is no IPv6 here");
            return;
        };
        let sender = UdpSocket::bind("[::]:0").unwrap();
        enable(receiver.as_fd(), true).unwrap();
        let to = receiver.local_addr().unwrap();
        let own = IpAddr::V6(Ipv6Addr::LOCALHOST);
        for source in [own, IpAddr::V6(Ipv6Addr::UNSPECIFIED)] {
            send(sender.as_fd(), b"hello", to, 1, source).unwrap();
            let mut buffer = [0; 16];
            let got = receive(receiver.as_fd(), &mut buffer).unwrap();
            assert_eq!(&buffer[..got.len], b"hello");
            assert_eq!((got.from.ip(), got.to, got.interface), (own, own, 1));
            assert_eq!(got.from.port(), sender.local_addr().unwrap().port());
        }
    }
}
