//! The hands of `service/discovery`: a socket for each family on port 1900, the groups joined on each interface, the
//! bell of network changes.

use std::{
    io,
    net::{IpAddr, UdpSocket},
    rc::Rc,
    time::Duration,
};

use async_io::{Async, Timer};
use smol::{channel::Receiver, future};

use super::{
    Context, interfaces,
    multicast::{self, Sockets, down, interface},
};
use crate::{
    limits,
    service::discovery::{Discovery, GROUP_V4, GROUP_V6, GROUP_V6_SITE, Input, PORT},
    sys::{addresses::Address, netlink::NetworkChanges},
};

/// Hops a multicast may make (UDA 1.1 §1.2.2 asks for 2).
const HOPS: u32 = 2;
/// Datagrams of each family taken in one turn before the loop's other tasks have theirs.
const TURN: usize = 32;
/// After the bell of network changes has rung, so long until the interfaces are looked at: a change comes as many
/// messages, and a link that flaps within it has not changed.
const SETTLE: Duration = Duration::from_millis(100);
/// The groups are joined anew so often: a switch that follows memberships, without anybody who asks for them, forgets a
/// member after about four minutes (RFC 3376 §8.4: 260 s).
const REJOIN: Duration = Duration::from_secs(240);
/// Ports for those who may not have 1900 (UDA 1.1 §1.2.2, SEARCHPORT.UPNP.ORG).
const SEARCH_PORTS: std::ops::RangeInclusive<u16> = 49152..=49167;

/// Runs SSDP until `stop` says so and the last byebye is out.
pub(super) async fn run(machine: Discovery, context: Rc<Context>, stop: Receiver<()>) {
    let mut hands = Hands {
        machine,
        sockets: Sockets::default(),
        bell: open_bell(),
        look_at: None,
        rejoin_at: context.clock.now().uptime + REJOIN,
        served: Vec::new(),
        context,
    };
    hands.open_sockets();
    hands.look_around();
    let mut stopping = false;
    while !(stopping && hands.machine.finished()) {
        hands.send_what_is_due();
        match hands.next_event(&stop, stopping).await {
            Event::Datagrams => hands.receive(),
            Event::NetworkChange => hands.ringing(),
            Event::Due => hands.do_what_is_due(),
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
    sockets: Sockets,
    bell: Option<Async<NetworkChanges>>,
    /// When to look at the interfaces, as uptime: the bell has rung.
    look_at: Option<Duration>,
    /// When to join the groups anew.
    rejoin_at: Duration,
    /// The addresses announced at present.
    served: Vec<Address>,
    context: Rc<Context>,
}

impl Hands {
    async fn next_event(&self, stop: &Receiver<()>, stopping: bool) -> Event {
        let datagrams = async {
            self.sockets.readable().await;
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
            let moments = [self.machine.wake_at(), self.look_at, Some(self.rejoin_at)];
            let first = moments.into_iter().flatten().min();
            let first = first.unwrap_or(self.rejoin_at);
            Timer::at(self.context.clock.instant(first)).await;
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
            if let Err(error) = self.sockets.send(&transmit) {
                // The interface may just be going away; SSDP repeats itself.
                let (to, source) = (transmit.to, transmit.source);
                log::debug!("SSDP to {to} from {source}: {error}");
            }
        }
    }

    fn receive(&mut self) {
        let mut buffer = [0; limits::DATAGRAM_BYTES];
        let before = self.machine.seen().searches;
        self.sockets.receive(&mut buffer, TURN, |datagram| {
            let now = self.context.clock.now();
            self.context.hear(now.uptime, datagram.from, datagram.bytes);
            self.machine.handle(now, Input::Datagram(datagram));
        });
        let seen = self.machine.seen();
        if seen.searches != before {
            self.context.shared.searches.borrow_mut().clone_from(seen);
        }
    }

    /// The bell rings: the interfaces are looked at when it has been quiet for a moment, or rings on.
    fn ringing(&mut self) {
        if let Some(bell) = &self.bell {
            // Nothing to drain is fine.
            let _ = bell.get_ref().drain();
        }
        let soon = self.context.clock.now().uptime + SETTLE;
        self.look_at.get_or_insert(soon);
    }

    fn do_what_is_due(&mut self) {
        let now = self.context.clock.now().uptime;
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at = None;
            self.look_around();
        }
        if self.rejoin_at <= now {
            self.rejoin_at = now + REJOIN;
            for address in &self.served {
                self.join(address);
            }
        }
    }

    /// Compares the machine's addresses with those served, joins groups, and tells the machine.
    fn look_around(&mut self) {
        let all = interfaces::suitable(&self.context.interfaces, self.context.ipv6);
        let present = interfaces::announced(&all);
        let now = self.context.clock.now();
        let subnets: Vec<_> = all.iter().map(interface).collect();
        self.machine.handle(now, Input::Subnets(&subnets));
        // An address that is there but no longer the best goes after the better one has come: no byebye is needed.
        let gone = self.served.iter().filter(|old| !present.contains(old));
        let (replaced, gone): (Vec<_>, Vec<_>) = gone.partition(|old| all.contains(old));
        for old in gone {
            log::info!("{} is no longer served on {}", old.address, old.name);
            self.machine.handle(now, down(old));
        }
        for new in present.iter().filter(|new| !self.served.contains(new)) {
            let at = std::net::SocketAddr::new(new.address, self.context.port);
            log::info!("serving http://{at}/ on {}", new.name);
            self.join(new);
            let input = Input::InterfaceUp(interface(new));
            self.machine.handle(now, input);
        }
        for old in replaced {
            log::info!("{} is no longer announced on {}", old.address, old.name);
            self.machine.handle(now, down(old));
        }
        if present.is_empty() && !self.served.is_empty() {
            log::warn!("no network interface is left; waiting for one");
        }
        self.context.serve_addresses(&all);
        // A bell that rings already need not ring twice; nobody may be listening.
        let _ = self.context.addresses_changed.try_send(());
        self.served = present;
    }

    /// Joins the groups of an address on its interface.
    fn join(&self, address: &Address) {
        let groups: &[IpAddr] = match address.address {
            IpAddr::V4(_) => &[IpAddr::V4(GROUP_V4)],
            IpAddr::V6(_) => &[IpAddr::V6(GROUP_V6), IpAddr::V6(GROUP_V6_SITE)],
        };
        for group in groups {
            if let Err(error) = self.sockets.join(*group, address) {
                log::warn!(
                    "cannot join the SSDP group {group} on {}: {error}; searches on it go unheard",
                    address.name
                );
            }
        }
    }

    fn open_sockets(&mut self) {
        let families = [(false, true), (true, self.context.ipv6)];
        for (ipv6, _) in families.into_iter().filter(|(_, wanted)| *wanted) {
            let (socket, port) = open_socket(ipv6);
            let now = self.context.clock.now();
            self.machine.handle(now, Input::SearchPort { ipv6, port });
            if ipv6 {
                self.sockets.v6 = socket;
            } else {
                self.sockets.v4 = socket;
            }
        }
    }
}

/// Port 1900, shared with every other program that shares it. Where it is refused, another one, which is told: then
/// searches for everybody go unheard, but the announcements still reach everybody.
fn open_socket(ipv6: bool) -> (Option<Async<UdpSocket>>, Option<u16>) {
    let refused = match multicast::bind(PORT, HOPS, ipv6) {
        Ok(socket) => return (Some(socket), None),
        Err(error) => error,
    };
    let mut others = SEARCH_PORTS.filter_map(|port| Some((alone(port, ipv6).ok()?, Some(port))));
    let other = others
        .next()
        .or_else(|| Some((multicast::bind(0, HOPS, ipv6).ok()?, None)));
    let Some((socket, port)) = other else {
        log::error!("no socket for SSDP: {refused}; rill will not be found");
        return (None, None);
    };
    log::warn!(
        "cannot listen on UDP port {PORT}: {refused}. Another program holds it and does not share it \
         (`ss -ulpn sport = {PORT}` names it). Announcing goes on; searches are answered only at port {}.",
        port.unwrap_or_default()
    );
    (Some(socket), port)
}

/// A port that no other program has: nobody else is to take our searches.
fn alone(port: u16, ipv6: bool) -> io::Result<Async<UdpSocket>> {
    let any = if ipv6 { "::" } else { "0.0.0.0" };
    drop(UdpSocket::bind((any, port))?);
    multicast::bind(port, HOPS, ipv6)
}

fn open_bell() -> Option<Async<NetworkChanges>> {
    NetworkChanges::open()
        .and_then(Async::new)
        .inspect_err(|error| {
            log::warn!("cannot follow network changes: {error}; restart rill after one");
        })
        .ok()
}
