//! The hands of `service/mdns`: a socket for each family on port 5353, the group joined on each interface. Which addresses
//! are served is heard from `net/discovery`.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    rc::Rc,
};

use async_io::Timer;
use smol::{channel::Receiver, future};

use super::{
    Context,
    multicast::{self, Sockets},
};
use crate::{
    limits,
    service::{discovery::Input, mdns::Responder},
    sys::addresses::Address,
};

/// The groups and the port (RFC 6762 §3).
pub(super) const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
pub(super) const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
pub(super) const PORT: u16 = 5353;
/// Old receivers took a lower TTL for a datagram from elsewhere (RFC 6762 §11).
pub(super) const HOPS: u32 = 255;
/// Datagrams taken in one turn before the loop's other tasks have theirs.
pub(super) const TURN: usize = 32;

/// Runs the responder until `stop` says so and the last goodbye is out. `changed` rings when the served addresses
/// have changed.
pub(super) async fn run(
    machine: Responder,
    context: Rc<Context>,
    changed: Receiver<()>,
    stop: Receiver<()>,
) {
    let open = |ipv6: bool| {
        let socket = multicast::bind(PORT, HOPS, ipv6);
        let complain = |error: &std::io::Error| {
            // From another port nothing may be announced.
            log::warn!(
                "cannot listen on UDP port {PORT}: {error}. Another program holds it and does not share it \
                 (`ss -ulpn sport = {PORT}` names it). rill is not told by multicast DNS over {}.",
                if ipv6 { "IPv6" } else { "IPv4" }
            );
        };
        socket.inspect_err(complain).ok()
    };
    let sockets = Sockets {
        v4: open(false),
        v6: context.ipv6.then(|| open(true)).flatten(),
    };
    if sockets.v4.is_none() && sockets.v6.is_none() {
        return;
    }
    let mut hands = Hands {
        machine,
        sockets,
        told: Vec::new(),
        context,
    };
    hands.look_around();
    let mut stopping = false;
    while !(stopping && hands.machine.finished()) {
        hands.send_what_is_due();
        match hands.next_event(&changed, &stop, stopping).await {
            Event::Datagrams => hands.receive(),
            Event::AddressesChanged => hands.look_around(),
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
    AddressesChanged,
    Due,
    Stop,
}

struct Hands {
    machine: Responder,
    sockets: Sockets,
    /// The addresses that the machine knows of.
    told: Vec<Address>,
    context: Rc<Context>,
}

impl Hands {
    async fn next_event(
        &self,
        changed: &Receiver<()>,
        stop: &Receiver<()>,
        stopping: bool,
    ) -> Event {
        let datagrams = async {
            self.sockets.readable().await;
            Event::Datagrams
        };
        let change = async {
            if changed.recv().await.is_err() {
                future::pending::<()>().await;
            }
            Event::AddressesChanged
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
            if let Err(error) = self.sockets.send(&transmit) {
                // The interface may just be going away; the machine hears of it.
                let (to, source) = (transmit.to, transmit.source);
                log::debug!("multicast DNS to {to} from {source}: {error}");
            }
        }
    }

    fn receive(&mut self) {
        let mut buffer = [0; limits::DNS_MESSAGE_BYTES];
        self.sockets.receive(&mut buffer, TURN, |datagram| {
            let now = self.context.clock.now();
            self.machine.handle(now, Input::Datagram(datagram));
        });
    }

    /// Compares the addresses served with those that the machine knows of, joins groups, and tells it.
    fn look_around(&mut self) {
        let present = self.context.present.borrow();
        let now = self.context.clock.now();
        let join = |new: &Address| {
            let group: IpAddr = match new.address {
                IpAddr::V4(_) => GROUP_V4.into(),
                IpAddr::V6(_) => GROUP_V6.into(),
            };
            if let Err(error) = self.sockets.join(group, new) {
                log::warn!(
                    "cannot join the multicast DNS group on {}: {error}; questions on it go unheard",
                    new.name
                );
            }
        };
        let machine = &mut self.machine;
        multicast::compare(&mut self.told, &present, join, |news| {
            machine.handle(now, news);
        });
    }
}
