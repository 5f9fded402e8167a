//! The hands of `service/browser`: a socket on port 5353, the group joined on each interface. IPv4 alone: who has IPv6
//! too tells its addresses here as well.

use std::{
    io,
    net::SocketAddr,
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    mdns::{GROUP_V4, HOPS, PORT, TURN},
    multicast::{self, Sockets},
};
use crate::{
    limits,
    service::{
        Now,
        browser::{Browser, Event, Wanted},
        discovery::Input,
    },
    sys::addresses::Address,
};

/// The machine, and what it hears and speaks by.
#[derive(Debug)]
pub(super) struct Browse {
    machine: Browser,
    sockets: Sockets,
    /// The addresses that the machine knows of.
    told: Vec<Address>,
    buffer: Box<[u8; limits::DNS_MESSAGE_BYTES]>,
}

impl Browse {
    /// Opens the socket; for every type of service.
    ///
    /// # Errors
    /// Port 5353 is held by a program that does not share it, or the system gives no socket.
    pub(super) fn open() -> io::Result<Self> {
        // The group's own address: what is sent to this machine alone stays with its responder.
        let group = SocketAddr::new(GROUP_V4.into(), PORT);
        let sockets = Sockets {
            v4: Some(multicast::bind_at(group, HOPS)?),
            v6: None,
        };
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH);
        let seed = nanos.map_or(0, |since| u64::from(since.subsec_nanos()));
        Ok(Self {
            machine: Browser::new(Wanted::Everything, (u64::from(process::id()) << 32) ^ seed),
            sockets,
            told: Vec::new(),
            buffer: Box::new([0; limits::DNS_MESSAGE_BYTES]),
        })
    }

    /// Compares the interfaces with those that the machine knows of, joins the group, and tells it.
    pub(super) fn look_around(&mut self, now: Duration, present: &[Address]) {
        let join = |new: &Address| {
            if let Err(error) = self.sockets.join(GROUP_V4.into(), new.index) {
                log::debug!("cannot join the group {GROUP_V4} on {}: {error}", new.name);
            }
        };
        let machine = &mut self.machine;
        multicast::compare(&mut self.told, present, join, |news| {
            machine.handle(moment(now), news);
        });
    }

    /// Sends the questions that are due.
    pub(super) fn send_what_is_due(&mut self, now: Duration) {
        while let Some(transmit) = self.machine.output(moment(now)) {
            if let Err(error) = self.sockets.send(&transmit) {
                // The interface may just be going away.
                log::debug!("a question from {}: {error}", transmit.source);
            }
        }
    }

    /// Waits until a datagram may have come.
    pub(super) async fn readable(&self) {
        self.sockets.readable().await;
    }

    /// Takes in what has come.
    pub(super) fn receive(&mut self, now: Duration) {
        let machine = &mut self.machine;
        self.sockets
            .receive(&mut self.buffer[..], TURN, |datagram| {
                machine.handle(moment(now), Input::Datagram(datagram));
            });
    }

    /// The next thing that has happened.
    pub(super) fn event(&mut self, now: Duration) -> Option<Event> {
        self.machine.event(moment(now))
    }

    /// When there is something to do, unless a datagram comes before.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        self.machine.wake_at()
    }
}

/// The machine does not look at the wall clock.
fn moment(uptime: Duration) -> Now {
    Now {
        uptime,
        unix_secs: 0,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn a_port_that_is_held_alone_is_refused() {
        // Every address, any port, not shared.
        let held = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let group = SocketAddr::new(IpAddr::V4(GROUP_V4), held.local_addr().unwrap().port());
        let refused = multicast::bind_at(group, HOPS).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }
}
