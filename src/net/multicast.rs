//! The sockets of SSDP and multicast DNS: a port shared with other programs, one socket for each family, groups joined
//! on each interface.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket},
    os::fd::AsFd,
    task::Poll,
};

use async_io::Async;
use smol::future;
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockRef, Socket, Type};

use crate::{
    service::discovery::{Datagram, Input, Interface, Transmit},
    sys::{addresses::Address, pktinfo},
};

/// Two sockets: one for IPv4, one for IPv6. Either may be missing, and what is to go out by it is lost.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    pub(super) v4: Option<Async<UdpSocket>>,
    pub(super) v6: Option<Async<UdpSocket>>,
}

impl Sockets {
    /// Waits until a datagram may have come.
    pub(super) async fn readable(&self) {
        async fn one(socket: Option<&Async<UdpSocket>>) {
            match socket {
                Some(socket) => drop(socket.readable().await),
                None => future::pending().await,
            }
        }
        future::or(one(self.v4.as_ref()), one(self.v6.as_ref())).await;
    }

    /// Calls `take` with each of the datagrams that wait, at most `most` of each family.
    pub(super) fn receive(
        &self,
        buffer: &mut [u8],
        most: usize,
        mut take: impl FnMut(Datagram<'_>),
    ) {
        for socket in [&self.v4, &self.v6].into_iter().flatten() {
            receive(socket, buffer, most, &mut take);
        }
    }

    /// Sends one datagram.
    ///
    /// # Errors
    /// What sendmsg(2) says; `Unsupported` without a socket of that family.
    pub(super) fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let socket = self.of(transmit.to.ip());
        send(socket.ok_or(io::ErrorKind::Unsupported)?, transmit)
    }

    /// Joins `group` on the interface that has the address `at`, which is of the same family. Joined already: leaves and
    /// joins, so that the switches hear of it again; they forget a member that nobody asked for long.
    ///
    /// # Errors
    /// What setsockopt(2) says.
    pub(super) fn join(&self, group: IpAddr, at: &Address) -> io::Result<()> {
        let Some(socket) = self.of(group) else {
            return Ok(());
        };
        let socket = SockRef::from(socket);
        match group {
            IpAddr::V4(group) => {
                // Not a member so far.
                let _ = leave_v4(&socket, group, at);
                join_v4(&socket, group, at)
            }
            IpAddr::V6(group) => {
                // Not a member so far.
                let _ = socket.leave_multicast_v6(&group, at.index);
                socket.join_multicast_v6(&group, at.index)
            }
        }
    }

    fn of(&self, address: IpAddr) -> Option<&Async<UdpSocket>> {
        if address.is_ipv4() {
            self.v4.as_ref()
        } else {
            self.v6.as_ref()
        }
    }
}

/// Joins by the interface's number, or by the address where that is refused: qemu 7 hands on no number of a 64-bit program.
fn join_v4(socket: &SockRef<'_>, group: Ipv4Addr, at: &Address) -> io::Result<()> {
    let joined = socket.join_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(at.index));
    match (joined, at.address) {
        (Err(_), IpAddr::V4(address)) => socket.join_multicast_v4(&group, &address),
        (joined, _) => joined,
    }
}

/// Leaves what [`join_v4`] joined.
fn leave_v4(socket: &SockRef<'_>, group: Ipv4Addr, at: &Address) -> io::Result<()> {
    let left = socket.leave_multicast_v4_n(&group, &InterfaceIndexOrAddress::Index(at.index));
    match (left, at.address) {
        (Err(_), IpAddr::V4(address)) => socket.leave_multicast_v4(&group, &address),
        (left, _) => left,
    }
}

/// Sockets that hear what is sent to groups, and nothing that is sent to this machine alone: that stays with its
/// servers. Of IPv6 there is one for each link and group, since the address of such a group is none without its link.
#[derive(Debug)]
pub(super) struct Ears {
    port: u16,
    hops: u32,
    group_v4: Ipv4Addr,
    groups_v6: &'static [Ipv6Addr],
    v4: Option<Async<UdpSocket>>,
    v6: Vec<Ear>,
}

#[derive(Debug)]
struct Ear {
    group: Ipv6Addr,
    interface: u32,
    socket: Async<UdpSocket>,
}

impl Ears {
    /// Opens the socket of IPv4; those of IPv6 come with their links. What is sent by them makes at most `hops` hops.
    ///
    /// # Errors
    /// The port is held by a program that does not share it, or the system gives no socket.
    pub(super) fn open(
        port: u16,
        hops: u32,
        group_v4: Ipv4Addr,
        groups_v6: &'static [Ipv6Addr],
    ) -> io::Result<Self> {
        Ok(Self {
            v4: Some(bind_at(SocketAddr::new(group_v4.into(), port), hops)?),
            port,
            hops,
            group_v4,
            groups_v6,
            v6: Vec::new(),
        })
    }

    /// Hears on the interfaces of these addresses, and no longer on others of IPv6.
    pub(super) fn look_around(&mut self, told: &[Address], present: &[Address]) {
        for new in present.iter().filter(|new| !told.contains(new)) {
            if let (IpAddr::V4(_), Some(socket)) = (new.address, &self.v4) {
                // Joined before is fine; where it is refused the answers to questions may still come.
                let _ = join_v4(&SockRef::from(socket), self.group_v4, new);
            }
        }
        let there = |index: u32| {
            let mut all = present.iter();
            all.any(|of| of.index == index && of.address.is_ipv6())
        };
        self.v6.retain(|ear| there(ear.interface));
        for of in present.iter().filter(|of| of.address.is_ipv6()) {
            for group in self.groups_v6 {
                let known = |ear: &Ear| ear.interface == of.index && ear.group == *group;
                if self.v6.iter().any(known) {
                    continue;
                }
                match self.ear(*group, of.index) {
                    Ok(ear) => self.v6.push(ear),
                    Err(error) => log::debug!("cannot hear {group} on {}: {error}", of.name),
                }
            }
        }
    }

    fn ear(&self, group: Ipv6Addr, interface: u32) -> io::Result<Ear> {
        let at = SocketAddrV6::new(group, self.port, 0, interface);
        let socket = bind_at(at.into(), self.hops)?;
        SockRef::from(&socket).join_multicast_v6(&group, interface)?;
        Ok(Ear {
            group,
            interface,
            socket,
        })
    }

    /// Waits until a datagram may have come.
    pub(super) async fn readable(&self) {
        let ears = self.v6.iter().map(|ear| &ear.socket);
        let all: Vec<_> = self.v4.iter().chain(ears).collect();
        future::poll_fn(|context| {
            let mut ready = Poll::Pending;
            for socket in &all {
                // An error is told by receiving.
                if socket.poll_readable(context).is_ready() {
                    ready = Poll::Ready(());
                }
            }
            ready
        })
        .await;
    }

    /// Calls `take` with each of the datagrams that wait, at most `most` of each socket.
    pub(super) fn receive(
        &self,
        buffer: &mut [u8],
        most: usize,
        mut take: impl FnMut(Datagram<'_>),
    ) {
        if let Some(socket) = &self.v4 {
            receive(socket, buffer, most, &mut take);
        }
        for ear in &self.v6 {
            // A group beyond the link is heard by the sockets of all of them.
            receive(&ear.socket, buffer, most, &mut |datagram: Datagram<'_>| {
                if datagram.interface == ear.interface {
                    take(datagram);
                }
            });
        }
    }

    /// Sends one datagram to a group.
    ///
    /// # Errors
    /// What sendmsg(2) says; `Unsupported` without a socket for it.
    pub(super) fn send(&self, transmit: &Transmit<'_>) -> io::Result<()> {
        let socket = match transmit.to.ip() {
            IpAddr::V4(_) => self.v4.as_ref(),
            IpAddr::V6(_) => {
                let mut ears = self.v6.iter();
                let ear = ears.find(|ear| ear.interface == transmit.interface);
                ear.map(|ear| &ear.socket)
            }
        };
        send(socket.ok_or(io::ErrorKind::Unsupported)?, transmit)
    }
}

fn receive(
    socket: &Async<UdpSocket>,
    buffer: &mut [u8],
    most: usize,
    take: &mut impl FnMut(Datagram<'_>),
) {
    for _ in 0..most {
        match pktinfo::receive(socket.as_fd(), buffer) {
            Ok(received) => take(Datagram {
                bytes: buffer.get(..received.len).unwrap_or_default(),
                from: received.from,
                interface: received.interface,
                local: received.to,
                multicast: received.to.is_multicast(),
            }),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // Not told where it came in, or an error that an earlier datagram of ours met on its way.
            Err(_) => {}
        }
    }
}

fn send(socket: &Async<UdpSocket>, transmit: &Transmit<'_>) -> io::Result<()> {
    let Transmit {
        to,
        interface,
        source,
        bytes,
    } = *transmit;
    let sent = pktinfo::send(socket.as_fd(), bytes, to, interface, source);
    match sent {
        // The address has gone, but the interface may have another: a byebye names none.
        Err(_) if to.ip().is_multicast() => {
            let any: IpAddr = match source {
                IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            };
            pktinfo::send(socket.as_fd(), bytes, to, interface, any)
        }
        sent => sent,
    }
}

/// An address as the machines know it.
pub(super) fn interface(address: &Address) -> Interface {
    Interface {
        index: address.index,
        address: address.address,
        prefix_len: address.prefix_len,
    }
}

/// The news that an address is gone.
pub(super) fn down(address: &Address) -> Input<'static> {
    Input::InterfaceDown {
        index: address.index,
        address: address.address,
    }
}

/// Compares the addresses `present` with those that a machine was `told` of, and tells it: what is gone first. Before it
/// hears of a new one `join` is called with it.
pub(super) fn compare(
    told: &mut Vec<Address>,
    present: &[Address],
    join: impl Fn(&Address),
    mut tell: impl FnMut(Input<'_>),
) {
    for gone in told.iter().filter(|old| !present.contains(old)) {
        tell(down(gone));
    }
    for new in present.iter().filter(|new| !told.contains(new)) {
        join(new);
        tell(Input::InterfaceUp(interface(new)));
    }
    *told = present.to_vec();
}

/// A socket on `port`, shared with every other program that shares it; what it multicasts makes at most `hops` hops,
/// and reaches the other programs of this machine too.
///
/// # Errors
/// What socket(2), setsockopt(2) and bind(2) say.
pub(super) fn bind(port: u16, hops: u32, ipv6: bool) -> io::Result<Async<UdpSocket>> {
    let any: IpAddr = if ipv6 {
        Ipv6Addr::UNSPECIFIED.into()
    } else {
        Ipv4Addr::UNSPECIFIED.into()
    };
    bind_at(SocketAddr::new(any, port), hops)
}

/// The same, which hears only what is sent to this address; a group's is fine.
///
/// # Errors
/// As [`bind`].
pub(super) fn bind_at(address: SocketAddr, hops: u32) -> io::Result<Async<UdpSocket>> {
    let ipv6 = address.is_ipv6();
    let domain = if ipv6 { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    // A port of the system's own choice is nobody else's.
    if address.port() != 0 {
        socket.set_reuse_address(true)?;
        // Kernels before 3.9 do not know it.
        let _ = socket.set_reuse_port(true);
    }
    // "All": only what was joined here, not what any other program on this machine joined. The machine sorts the rest
    // out by interface, so a system that does not know the option (an emulator) is served too.
    if ipv6 {
        socket.set_only_v6(true)?;
        socket.set_multicast_hops_v6(hops)?;
        socket.set_multicast_loop_v6(true)?;
        let _ = socket.set_multicast_all_v6(false);
    } else {
        socket.set_multicast_ttl_v4(hops)?;
        socket.set_multicast_loop_v4(true)?;
        let _ = socket.set_multicast_all_v4(false);
    }
    socket.bind(&address.into())?;
    pktinfo::enable(socket.as_fd(), ipv6)?;
    Async::new(socket.into())
}
