//! The hands of `service/discovery`: one socket on port 1900, the groups joined on each interface, the bell of
//! network changes.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket},
    os::fd::AsFd,
    rc::Rc,
};

use async_io::{Async, Timer};
use smol::{channel::Receiver, future};

use super::{Context, interfaces, multicast};
use crate::{
    limits,
    service::discovery::{Datagram, Discovery, Input, Interface},
    sys::{addresses::Address, netlink::NetworkChanges, pktinfo},
};

/// The group and port of SSDP (UDA 1.1 §1).
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 1900);
/// Hops a multicast may make (UDA 1.1 §1.2.2 asks for 2).
const HOPS: u32 = 2;
/// Datagrams taken in one turn before the loop's other tasks have theirs.
const TURN: usize = 32;

/// Runs SSDP until `stop` says so and the last byebye is out.
pub(super) async fn run(machine: Discovery, context: Rc<Context>, stop: Receiver<()>) {
    let mut hands = Hands {
        machine,
        socket: None,
        bell: open_bell(),
        served: Vec::new(),
        context,
    };
    hands.look_around();
    let mut stopping = false;
    while !(stopping && hands.machine.finished()) {
        hands.send_what_is_due();
        match hands.next_event(&stop, stopping).await {
            Event::Datagrams => hands.receive(),
            Event::NetworkChange => hands.look_around(),
            Event::Due => {}
            Event::Stop => {
                stopping = true;
                hands.machine.handle(hands.context.clock.now(), Input::Stop);
            }
        }
    }
}

enum Event {
    Datagrams,
    NetworkChange,
    Due,
    Stop,
}

struct Hands {
    machine: Discovery,
    socket: Option<Async<UdpSocket>>,
    bell: Option<Async<NetworkChanges>>,
    /// The addresses announced at present.
    served: Vec<Address>,
    context: Rc<Context>,
}

impl Hands {
    async fn next_event(&self, stop: &Receiver<()>, stopping: bool) -> Event {
        let datagrams = async {
            match &self.socket {
                Some(socket) => drop(socket.readable().await),
                None => future::pending().await,
            }
            Event::Datagrams
        };
        let change = async {
            match &self.bell {
                Some(bell) => drop(bell.readable().await),
                None => future::pending().await,
            }
            Event::NetworkChange
        };
        let due = async {
            match self.machine.wake_at() {
                Some(uptime) => drop(Timer::at(self.context.clock.instant(uptime)).await),
                None => future::pending().await,
            }
            Event::Due
        };
        let stop = async {
            if stopping {
                future::pending::<()>().await;
            }
            // A closed channel means that the program is ending too.
            let _ = stop.recv().await;
            Event::Stop
        };
        future::or(stop, future::or(due, future::or(change, datagrams))).await
    }

    fn send_what_is_due(&mut self) {
        while let Some(transmit) = self.machine.output(self.context.clock.now()) {
            // Without a socket what is due passes unsent: the machine must not stay overdue.
            let Some(socket) = &self.socket else { continue };
            let (SocketAddr::V4(to), IpAddr::V4(source)) = (transmit.to, transmit.source) else {
                continue;
            };
            let sent = pktinfo::send(
                socket.as_fd(),
                transmit.bytes,
                to,
                transmit.interface,
                source,
            );
            if let Err(error) = sent {
                // The interface may just be going away; SSDP repeats itself.
                log::debug!("SSDP to {to} from {source}: {error}");
            }
        }
    }

    fn receive(&mut self) {
        let Some(socket) = &self.socket else { return };
        let mut buffer = [0; limits::DATAGRAM_BYTES];
        for _ in 0..TURN {
            let received = match pktinfo::receive(socket.as_fd(), &mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
                Err(_) => return,
            };
            let input = Input::Datagram(Datagram {
                bytes: buffer.get(..received.len).unwrap_or_default(),
                from: received.from.into(),
                interface: received.interface,
                local: received.to.into(),
                multicast: received.to.is_multicast(),
            });
            self.machine.handle(self.context.clock.now(), input);
        }
    }

    /// Compares the machine's addresses with those served, joins groups, and tells the machine.
    fn look_around(&mut self) {
        if let Some(bell) = &self.bell {
            // Nothing to drain is fine: this is also called at the start.
            let _ = bell.get_ref().drain();
        }
        if self.socket.is_none() {
            self.socket = open_socket();
        }
        let present = interfaces::suitable(&self.context.interfaces);
        let now = self.context.clock.now();
        for gone in self.served.iter().filter(|old| !present.contains(old)) {
            log::info!("{} is no longer served on {}", gone.address, gone.name);
            self.machine.handle(
                now,
                Input::InterfaceDown {
                    index: gone.index,
                    address: gone.address,
                },
            );
        }
        for new in present.iter().filter(|new| !self.served.contains(new)) {
            log::info!(
                "serving http://{}:{}/ on {}",
                new.address,
                self.context.port,
                new.name
            );
            self.join(new);
            self.machine.handle(
                now,
                Input::InterfaceUp(Interface {
                    index: new.index,
                    address: new.address,
                    prefix_len: new.prefix_len,
                }),
            );
        }
        if present.is_empty() && !self.served.is_empty() {
            log::warn!("no network interface is left; waiting for one");
        }
        self.context.serve_addresses(&present);
        // A bell that rings already need not ring twice; nobody may be listening.
        let _ = self.context.addresses_changed.try_send(());
        self.served = present;
    }

    /// Joins the group on an interface; joined already is fine.
    fn join(&self, address: &Address) {
        let Some(socket) = &self.socket else { return };
        if let Err(error) = multicast::join(socket, *GROUP.ip(), address.index) {
            log::warn!(
                "cannot join the SSDP group on {}: {error}; searches on it go unheard",
                address.name
            );
        }
    }
}

/// Port 1900, shared with every other program that shares it. Where it is refused, some port: then searches go
/// unheard, but the announcements still reach everybody.
fn open_socket() -> Option<Async<UdpSocket>> {
    let bound = multicast::bind(GROUP.port(), HOPS).or_else(|error| {
        log::warn!(
            "cannot listen on UDP port 1900: {error}. Another program holds it and does not share it \
             (`ss -ulpn sport = 1900` names it). Announcing goes on; searches are not answered."
        );
        multicast::bind(0, HOPS)
    });
    let socket = bound.and_then(Async::new);
    socket
        .inspect_err(|error| log::error!("no socket for SSDP: {error}; rill will not be found"))
        .ok()
}

fn open_bell() -> Option<Async<NetworkChanges>> {
    NetworkChanges::open()
        .and_then(Async::new)
        .inspect_err(|error| {
            log::warn!("cannot follow network changes: {error}; restart rill after one");
        })
        .ok()
}
