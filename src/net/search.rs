//! A control point's ears and voice: SSDP searches out of every interface, their answers, announcements, and the
//! descriptions that these point to, fetched a few at a time; and, where it is asked for, what `net/browse` finds.
//!
//! [`Search::next`] waits; what is heard is judged elsewhere (`control_point`).

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddrV4, UdpSocket},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use async_io::{Async, Timer};
use smol::{LocalExecutor, channel, future};
use socket2::{Domain, InterfaceIndexOrAddress, Protocol, SockRef, Socket, Type};

use super::{
    browse::Browse,
    fetch::{self, Answer, Question},
    interfaces,
};
use crate::{
    config::InterfacePattern,
    limits,
    service::browser,
    sys::{addresses::Address, pktinfo},
};

/// The group and port of SSDP (UDA 1.1 §1).
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 1900);
/// Hops a multicast may make (UDA 1.1 §1.2.2 asks for 2).
const HOPS: u32 = 2;

/// What [`Search::next`] waited for.
#[derive(Debug)]
pub enum Event {
    /// A datagram.
    Heard(Heard),
    /// The answer to the question of this number, or why there is none.
    Fetched(u64, Result<Answer, fetch::Error>),
    /// A service of multicast DNS has come or gone.
    Service(browser::Event),
    /// The time is over.
    Due,
}

/// What woke [`Search::next`].
enum Woken {
    By(Event),
    /// The browser has to hear.
    Browser,
}

/// A datagram.
#[derive(Clone, Debug)]
pub struct Heard {
    /// At most [`limits::DATAGRAM_BYTES`] of it.
    pub bytes: Vec<u8>,
    /// Who sent it.
    pub from: IpAddr,
    /// Number of the interface it came in on.
    pub interface: u32,
}

/// The sockets of one command.
#[derive(Debug)]
pub struct Search {
    start: Instant,
    patterns: Vec<InterfacePattern>,
    interfaces: Vec<Address>,
    /// Searches leave by it, their answers come back to it.
    voice: Async<UdpSocket>,
    /// Hears announcements; none where port 1900 is held by a program that does not share it.
    ears: Option<Async<UdpSocket>>,
    /// Browses multicast DNS too, once [`Search::browse`] has been called.
    browse: Option<Browse>,
    executor: LocalExecutor<'static>,
    waiting: VecDeque<(u64, Question)>,
    under_way: usize,
    report: channel::Sender<(u64, Result<Answer, fetch::Error>)>,
    reports: channel::Receiver<(u64, Result<Answer, fetch::Error>)>,
}

impl Search {
    /// Opens the sockets for the interfaces that `patterns` name, or for all suitable ones.
    ///
    /// # Errors
    /// The system gives no socket.
    pub fn open(patterns: &[InterfacePattern]) -> io::Result<Self> {
        let voice = Async::new(socket(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))?)?;
        let (report, reports) = channel::unbounded();
        let mut search = Self {
            start: Instant::now(),
            patterns: patterns.to_vec(),
            interfaces: Vec::new(),
            voice,
            // The group's own address: unicast searches stay with the server on this machine.
            ears: socket(GROUP).and_then(Async::new).ok(),
            browse: None,
            executor: LocalExecutor::new(),
            waiting: VecDeque::new(),
            under_way: 0,
            report,
            reports,
        };
        search.look_around();
        Ok(search)
    }

    /// From now on browses multicast DNS too.
    ///
    /// # Errors
    /// Another program holds port 5353 and does not share it; all else goes on.
    pub fn browse(&mut self) -> io::Result<()> {
        let mut browse = Browse::open()?;
        browse.look_around(self.now(), &self.interfaces);
        self.browse = Some(browse);
        Ok(())
    }

    /// The time since the sockets were opened.
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Whether announcements can be heard.
    pub fn hears_announcements(&self) -> bool {
        self.ears.is_some()
    }

    /// The interfaces in use.
    pub fn interfaces(&self) -> &[Address] {
        &self.interfaces
    }

    /// Takes note of the interfaces as they are now, and joins the group on those that are new.
    pub fn look_around(&mut self) {
        let present = interfaces::suitable(&self.patterns, false);
        if let Some(ears) = &self.ears {
            for address in present.iter().filter(|new| !self.interfaces.contains(new)) {
                let interface = InterfaceIndexOrAddress::Index(address.index);
                // Joined before is fine; where it is refused the answers to searches still come.
                let _ = SockRef::from(ears).join_multicast_v4_n(GROUP.ip(), &interface);
            }
        }
        self.interfaces = present;
        let now = self.now();
        if let Some(browse) = &mut self.browse {
            browse.look_around(now, &self.interfaces);
        }
    }

    /// Sends `datagram` to the group out of every interface. One that refuses it is passed over: it may be going away.
    pub fn send(&self, datagram: &[u8]) {
        for address in &self.interfaces {
            let (source, index) = (address.address, address.index);
            let sent = pktinfo::send(self.voice.as_fd(), datagram, GROUP.into(), index, source);
            if let Err(error) = sent {
                log::debug!("a search on {} from {source}: {error}", address.name);
            }
        }
    }

    /// Asks `question` when its turn comes; [`Event::Fetched`] will carry `number`.
    pub fn ask(&mut self, number: u64, question: Question) {
        self.waiting.push_back((number, question));
    }

    /// Waits for the next event, at most until `due` has passed since the start.
    pub fn next(&mut self, due: Option<Duration>) -> Event {
        while self.under_way < limits::FETCHES
            && let Some((number, question)) = self.waiting.pop_front()
        {
            self.under_way += 1;
            let report = self.report.clone();
            let task = self.executor.spawn(async move {
                let answer = fetch::ask(&question).await;
                // The receiver lives as long as the executor.
                let _ = report.send((number, answer)).await;
            });
            task.detach();
        }
        loop {
            let now = self.now();
            let mut wake = due;
            if let Some(browse) = &mut self.browse {
                browse.send_what_is_due(now);
                if let Some(event) = browse.event(now) {
                    return Event::Service(event);
                }
                wake = [due, browse.wake_at()].into_iter().flatten().min();
            }
            let wake = wake.map(|wake| self.start + wake);
            match async_io::block_on(self.executor.run(self.wait(wake))) {
                Woken::By(Event::Due) if due.is_none_or(|due| self.now() < due) => {}
                Woken::By(event) => {
                    if matches!(event, Event::Fetched(..)) {
                        self.under_way -= 1;
                    }
                    return event;
                }
                Woken::Browser => {
                    let now = self.now();
                    if let Some(browse) = &mut self.browse {
                        browse.receive(now);
                    }
                    // Who floods us does not hold us here.
                    if due.is_some_and(|due| due <= now) {
                        return Event::Due;
                    }
                }
            }
        }
    }

    async fn wait(&self, due: Option<Instant>) -> Woken {
        let time = async {
            match due {
                Some(due) => drop(Timer::at(due).await),
                None => future::pending().await,
            }
            Event::Due
        };
        let services = async {
            match &self.browse {
                Some(browse) => browse.readable().await,
                None => future::pending().await,
            }
            Woken::Browser
        };
        let fetched = async {
            match self.reports.recv().await {
                Ok((number, answer)) => Event::Fetched(number, answer),
                Err(_) => future::pending().await,
            }
        };
        let answers = hear(&self.voice);
        let announcements = async {
            match &self.ears {
                Some(ears) => hear(ears).await,
                None => future::pending().await,
            }
        };
        // The time first: who floods us does not hold us.
        let ssdp = async {
            let heard = future::or(answers, announcements);
            Woken::By(future::or(time, future::or(fetched, heard)).await)
        };
        future::or(ssdp, services).await
    }
}

/// Whether port 1900 can be had by a program that shares it, on every address, as the server needs it.
///
/// # Errors
/// Why not.
pub fn try_ssdp_port() -> io::Result<()> {
    socket(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, GROUP.port())).map(drop)
}

async fn hear(socket: &Async<UdpSocket>) -> Event {
    let mut buffer = [0; limits::DATAGRAM_BYTES];
    loop {
        let received = match pktinfo::receive(socket.as_fd(), &mut buffer) {
            Ok(received) => received,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let _ = socket.readable().await;
                continue;
            }
            // Not for us, or an error that an earlier datagram of ours met on its way.
            Err(_) => {
                future::yield_now().await;
                continue;
            }
        };
        return Event::Heard(Heard {
            bytes: buffer.get(..received.len).unwrap_or_default().to_vec(),
            from: received.from.ip(),
            interface: received.interface,
        });
    }
}

fn socket(address: SocketAddrV4) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.set_multicast_ttl_v4(HOPS)?;
    let _ = socket.set_multicast_all_v4(false);
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    pktinfo::enable(socket.as_fd(), false)?;
    Ok(socket.into())
}
