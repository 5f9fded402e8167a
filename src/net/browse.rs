//! The hands of `service/browser`: sockets on port 5353, the groups joined on each interface.

use std::{
    io, process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use super::{
    mdns::{GROUP_V4, GROUP_V6, HOPS, PORT, TURN},
    multicast::{self, Ears},
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
    ears: Ears,
    /// The addresses that the machine knows of.
    told: Vec<Address>,
    buffer: Box<[u8; limits::DNS_MESSAGE_BYTES]>,
}

impl Browse {
    /// Opens the sockets; for every type of service.
    ///
    /// # Errors
    /// Port 5353 is held by a program that does not share it, or the system gives no socket.
    pub(super) fn open() -> io::Result<Self> {
        let ears = Ears::open(PORT, HOPS, GROUP_V4, &[GROUP_V6])?;
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH);
        let seed = nanos.map_or(0, |since| u64::from(since.subsec_nanos()));
        Ok(Self {
            machine: Browser::new(Wanted::Everything, (u64::from(process::id()) << 32) ^ seed),
            ears,
            told: Vec::new(),
            buffer: Box::new([0; limits::DNS_MESSAGE_BYTES]),
        })
    }

    /// Compares the interfaces with those that the machine knows of, joins the group, and tells it.
    pub(super) fn look_around(&mut self, now: Duration, present: &[Address]) {
        self.ears.look_around(&self.told, present);
        let machine = &mut self.machine;
        multicast::compare(
            &mut self.told,
            present,
            |_| {},
            |news| {
                machine.handle(moment(now), news);
            },
        );
    }

    /// Sends the questions that are due.
    pub(super) fn send_what_is_due(&mut self, now: Duration) {
        while let Some(transmit) = self.machine.output(moment(now)) {
            if let Err(error) = self.ears.send(&transmit) {
                // The interface may just be going away.
                log::debug!("a question from {}: {error}", transmit.source);
            }
        }
    }

    /// Waits until a datagram may have come.
    pub(super) async fn readable(&self) {
        self.ears.readable().await;
    }

    /// Takes in what has come.
    pub(super) fn receive(&mut self, now: Duration) {
        let machine = &mut self.machine;
        self.ears.receive(&mut self.buffer[..], TURN, |datagram| {
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
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_port_that_is_held_alone_is_refused() {
        // Every address, any port, not shared.
        let held = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let refused = Ears::open(port, HOPS, GROUP_V4, &[]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }
}
