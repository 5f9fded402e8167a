//! The sockets of SSDP and multicast DNS: a port shared with other programs, groups joined on each interface.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    os::fd::AsFd,
};

use async_io::Async;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockRef, Socket, Type};

use crate::sys::pktinfo;

/// A socket on `port`, shared with every other program that shares it; what it multicasts makes at most `hops` hops,
/// and reaches the other programs of this machine too.
///
/// # Errors
/// What socket(2), setsockopt(2) and bind(2) say.
pub(super) fn bind(port: u16, hops: u32) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    // Kernels before 3.9 do not know it.
    let _ = socket.set_reuse_port(true);
    socket.set_multicast_ttl_v4(hops)?;
    socket.set_multicast_loop_v4(true)?;
    // Only what was joined here, not what any other program on this machine joined. The machine sorts the rest out
    // by interface, so a system that does not know the option (an emulator) is served too.
    let _ = socket.set_multicast_all_v4(false);
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    pktinfo::enable(socket.as_fd())?;
    Ok(socket.into())
}

/// Joins `group` on an interface; joined already is fine.
///
/// # Errors
/// What setsockopt(2) says.
pub(super) fn join(socket: &Async<UdpSocket>, group: Ipv4Addr, interface: u32) -> io::Result<()> {
    let interface = InterfaceIndexOrAddress::Index(interface);
    match SockRef::from(socket).join_multicast_v4_n(&group, &interface) {
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => Err(error),
        _ => Ok(()),
    }
}
