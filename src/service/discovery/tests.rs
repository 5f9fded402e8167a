//! The machine against a simulated link and clock: hours of protocol in milliseconds, the same way each time.

use std::net::Ipv4Addr;

use super::link::GAP;
use super::searches::MX_MARGIN;
use super::*;
use crate::wire::ssdp::{self, MSearch, Mx, Notice, Saying, Target};

mod announcements;
mod floods;
mod interfaces;
mod searches;

const UDN: &str = "uuid:4d696e69-444c-164e-9d41-b6d47660363b";
const HOME: Interface = interface(2, [192, 168, 1, 20], 24);
const GUESTS: Interface = interface(3, [10, 77, 0, 1], 16);

const fn interface(index: u32, [a, b, c, d]: [u8; 4], prefix_len: u8) -> Interface {
    Interface {
        index,
        address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        prefix_len,
    }
}

/// One datagram that rill sent, read by an independent control point.
#[derive(Clone, Debug)]
struct Heard {
    at: Duration,
    to: SocketAddr,
    interface: u32,
    source: IpAddr,
    saying: Saying,
    target: String,
    usn: String,
    location: String,
    max_age_secs: u32,
    boot_id: u32,
    next_boot_id: Option<u32>,
    search_port: Option<u16>,
}

impl Heard {
    fn new(at: Duration, sent: Transmit<'_>) -> Self {
        let notice = Notice::parse(sent.bytes).expect("rill writes what SSDP reads");
        Heard {
            at,
            to: sent.to,
            interface: sent.interface,
            source: sent.source,
            saying: notice.saying,
            target: notice.target.to_owned(),
            usn: notice.usn.to_owned(),
            location: notice.location.unwrap_or_default().to_owned(),
            max_age_secs: notice.max_age_secs.unwrap_or_default(),
            boot_id: notice.boot_id.expect("BOOTID in every message"),
            next_boot_id: notice.next_boot_id,
            search_port: notice.search_port,
        }
    }
}

/// The machine, the time, and the loop that `net` runs.
struct Wire {
    machine: Discovery,
    time: Duration,
}

impl Wire {
    fn new(notify_interval_secs: u64, seed: u64) -> Self {
        let settings = Settings {
            udn: UDN.to_owned(),
            http_port: 8200,
            server: "Linux/6.1 UPnP/1.1 rill/0.1.0".to_owned(),
            boot_id: 7,
            boot_ids: 5,
            config_id: 42,
            notify_interval: Duration::from_secs(notify_interval_secs),
            description_path: "/description.xml",
            seed,
        };
        Wire {
            machine: Discovery::new(settings),
            time: Duration::from_secs(3),
        }
    }

    /// A machine past the start bursts on `interfaces`.
    fn settled(interfaces: &[Interface]) -> Self {
        let mut wire = Wire::new(600, 1);
        for &interface in interfaces {
            wire.handle(Input::InterfaceUp(interface));
        }
        wire.run(secs(10));
        wire
    }

    fn now(&self) -> Now {
        Now {
            uptime: self.time,
            unix_secs: 1_795_226_875 + self.time.as_secs(),
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(self.now(), input);
    }

    /// Lets the time pass, jumping from one wake-up to the next; what was sent.
    fn run(&mut self, span: Duration) -> Vec<Heard> {
        let end = self.time + span;
        let mut heard = Vec::new();
        loop {
            let mut turns = 0;
            while let Some(sent) = self.machine.output(Now {
                uptime: self.time,
                unix_secs: 0,
            }) {
                heard.push(Heard::new(self.time, sent));
                turns += 1;
                assert!(turns < 1000, "one turn is bounded");
            }
            match self.machine.wake_at() {
                Some(next) if next <= end => {
                    assert!(next > self.time, "nothing due is left behind");
                    self.time = next;
                }
                _ => break,
            }
        }
        self.time = end;
        heard
    }

    fn ask(&mut self, from: &str, interface: Interface, multicast: bool, bytes: &[u8]) {
        let local = if multicast {
            GROUP_V4.into()
        } else {
            interface.address
        };
        self.handle(Input::Datagram(Datagram {
            bytes,
            from: from.parse().unwrap(),
            interface: interface.index,
            local,
            multicast,
        }));
    }
}

fn down(interface: Interface) -> Input<'static> {
    Input::InterfaceDown {
        index: interface.index,
        address: interface.address,
    }
}

fn msearch(st: &str, mx: Mx) -> Vec<u8> {
    let mut text = String::new();
    MSearch { st, mx }
        .write(ssdp::group(HOME.address), &mut text)
        .unwrap();
    text.into_bytes()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// From `early` to `late`.
fn span(early: Duration, late: Duration) -> Duration {
    late.checked_sub(early).expect("time goes on")
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn targets<'h>(heard: impl IntoIterator<Item = &'h Heard>) -> Vec<String> {
    heard.into_iter().map(|one| one.target.clone()).collect()
}

/// The six of them in order, `times` over.
fn everything(times: usize) -> Vec<String> {
    let all = Target::ALL.repeat(times).into_iter();
    all.map(|target| target.nt(UDN).to_owned()).collect()
}

fn interface_v6(index: u32, text: &str) -> Interface {
    Interface {
        index,
        address: text.parse().unwrap(),
        prefix_len: 64,
    }
}
