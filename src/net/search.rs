//! A control point's ears and voice: SSDP searches out of every interface, their answers, announcements, and the
//! descriptions that these point to, fetched a few at a time; and, where it is asked for, what `net/browse` finds.
//!
//! [`Search::next`] waits; what is heard is judged elsewhere (`control_point`).

use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::{Duration, Instant},
};

use async_io::Timer;
use smol::{LocalExecutor, channel, future};

use super::{
    browse::Browse,
    fetch::{self, Answer, Question},
    interfaces,
    multicast::{self, Ears, Sockets},
};
use crate::{
    config::Links,
    limits,
    service::{
        browser,
        discovery::{Datagram, GROUP_V4, GROUP_V6, GROUP_V6_SITE, PORT, Transmit},
    },
    sys::addresses::Address,
};

/// Hops a multicast may make (UDA 1.1 §1.2.2 asks for 2).
const HOPS: u32 = 2;
/// Where announcements are heard by IPv6.
const GROUPS_V6: [Ipv6Addr; 2] = [GROUP_V6, GROUP_V6_SITE];
/// Datagrams of each socket taken in one turn.
const TURN: usize = 32;

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
    /// There may be datagrams of SSDP.
    Ssdp,
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
    /// The address it was sent to: a group, or the one of ours that searched.
    pub to: IpAddr,
}

/// The sockets of one command.
#[derive(Debug)]
pub struct Search {
    start: Instant,
    links: Links,
    interfaces: Vec<Address>,
    /// Searches leave by them, their answers come back to them.
    voice: Sockets,
    /// Hear announcements; none where port 1900 is held by a program that does not share it.
    ears: Option<Ears>,
    heard: VecDeque<Heard>,
    /// Browses multicast DNS too, once [`Search::browse`] has been called.
    browse: Option<Browse>,
    executor: LocalExecutor<'static>,
    waiting: VecDeque<(u64, Question)>,
    under_way: usize,
    report: channel::Sender<(u64, Result<Answer, fetch::Error>)>,
    reports: channel::Receiver<(u64, Result<Answer, fetch::Error>)>,
}

impl Search {
    /// Opens the sockets for these links.
    ///
    /// # Errors
    /// The system gives no socket.
    pub fn open(links: &Links) -> io::Result<Self> {
        let voice = Sockets {
            v4: Some(multicast::bind(0, HOPS, false)?),
            // A machine may have none.
            v6: links
                .ipv6
                .then(|| multicast::bind(0, HOPS, true).ok())
                .flatten(),
        };
        let (report, reports) = channel::unbounded();
        let mut search = Self {
            start: Instant::now(),
            links: links.clone(),
            interfaces: Vec::new(),
            voice,
            ears: Ears::open(PORT, HOPS, GROUP_V4, &GROUPS_V6).ok(),
            heard: VecDeque::new(),
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

    /// The addresses in use.
    pub fn interfaces(&self) -> &[Address] {
        &self.interfaces
    }

    /// Of those, the ones that a server would announce: all of IPv4, of IPv6 the best on each interface.
    pub fn announced(&self) -> Vec<Address> {
        interfaces::announced(&self.interfaces)
    }

    /// Takes note of the interfaces as they are now, and joins the group on those that are new.
    pub fn look_around(&mut self) {
        let present = interfaces::suitable(&self.links.interfaces, self.links.ipv6);
        if let Some(ears) = &mut self.ears {
            ears.look_around(&self.interfaces, &present);
        }
        self.interfaces = present;
        let now = self.now();
        if let Some(browse) = &mut self.browse {
            browse.look_around(now, &self.interfaces);
        }
    }

    /// Sends what `text` makes for each group, out of every interface. One that refuses it is passed over: it may be
    /// going away.
    pub fn send(&self, text: impl Fn(SocketAddr) -> String) {
        let announced = self.announced();
        for own in &self.interfaces {
            for group in self.groups(own, &announced) {
                let to = SocketAddr::new(*group, PORT);
                let sent = self.voice.send(&Transmit {
                    to,
                    interface: own.index,
                    source: own.address,
                    bytes: text(to).as_bytes(),
                });
                if let Err(error) = sent {
                    log::debug!("a search to {to} from {}: {error}", own.address);
                }
            }
        }
    }

    /// Where is searched from an address: from a link-local one on the link, from a better one in the site (UDA 1.1
    /// annex A.4). From one more there would come the same answers again.
    fn groups(&self, own: &Address, announced: &[Address]) -> &'static [IpAddr] {
        const V4: &[IpAddr] = &[IpAddr::V4(GROUP_V4)];
        const LINK: &[IpAddr] = &[IpAddr::V6(GROUP_V6)];
        const SITE: &[IpAddr] = &[IpAddr::V6(GROUP_V6_SITE)];
        const BOTH: &[IpAddr] = &[IpAddr::V6(GROUP_V6), IpAddr::V6(GROUP_V6_SITE)];
        let is_link_local =
            |of: &Address| matches!(of.address, IpAddr::V6(v6) if v6.is_unicast_link_local());
        if own.address.is_ipv4() {
            return V4;
        }
        if is_link_local(own) {
            return LINK;
        }
        if !announced.contains(own) {
            return &[];
        }
        let mut same = self.interfaces.iter().filter(|of| of.index == own.index);
        if same.any(is_link_local) { SITE } else { BOTH }
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
            if let Some(heard) = self.heard.pop_front() {
                return Event::Heard(heard);
            }
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
                Woken::Ssdp => self.receive(),
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

    /// Takes in what has come: few at a time, and nothing else is done before they are told.
    fn receive(&mut self) {
        let mut buffer = [0; limits::DATAGRAM_BYTES];
        let heard = &mut self.heard;
        let mut take = |datagram: Datagram<'_>| {
            heard.push_back(Heard {
                bytes: datagram.bytes.to_vec(),
                from: datagram.from.ip(),
                interface: datagram.interface,
                to: datagram.local,
            });
        };
        self.voice.receive(&mut buffer, TURN, &mut take);
        if let Some(ears) = &self.ears {
            ears.receive(&mut buffer, TURN, &mut take);
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
        let announcements = async {
            match &self.ears {
                Some(ears) => ears.readable().await,
                None => future::pending().await,
            }
        };
        let heard = async {
            future::or(self.voice.readable(), announcements).await;
            Woken::Ssdp
        };
        // The time first: who floods us does not hold us.
        let ours = async { Woken::By(future::or(time, fetched).await) };
        future::or(ours, future::or(heard, services)).await
    }
}

/// Whether port 1900 can be had by a program that shares it, on every address, as the server needs it.
///
/// # Errors
/// Why not.
pub fn try_ssdp_port() -> io::Result<()> {
    multicast::bind(PORT, HOPS, false).map(drop)
}
