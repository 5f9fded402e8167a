//! The table in motion: sends searches in rounds, feeds what is heard to the table, and gives out what has changed.

use std::{net::SocketAddr, time::Duration};

use super::{
    description, question,
    table::{Change, Sender, Table},
};
use crate::{
    config::Links,
    net::search::{Event, Search},
    wire::ssdp::{MSearch, Mx, Notice},
};

/// What is searched for in a round, and when in it. Root devices twice, for datagrams get lost; servers and renderers
/// by name, for some answer to nothing else.
const ROUND: [(Duration, &str); 4] = [
    (Duration::ZERO, "upnp:rootdevice"),
    (
        Duration::from_millis(100),
        "urn:schemas-upnp-org:device:MediaServer:1",
    ),
    (
        Duration::from_millis(200),
        "urn:schemas-upnp-org:device:MediaRenderer:1",
    ),
    (Duration::from_secs(1), "upnp:rootdevice"),
];
/// How long is waited before an interface is looked for again, where there is none.
const NO_NETWORK_TIME: Duration = Duration::from_millis(200);
/// Over how many seconds answers may be spread: short, for somebody waits, and few devices live in a house.
const MX_SECS: u32 = 1;

/// Sockets, table and the schedule of searches.
#[derive(Debug)]
pub(super) struct Lookout {
    search: Search,
    table: Table,
    /// When the present round began.
    round_at: Duration,
    /// Searches of it sent so far.
    sent: usize,
    /// From the begin of one round to that of the next; `None`: there is only one.
    period: Option<Duration>,
}

impl Lookout {
    /// Opens the sockets.
    ///
    /// # Errors
    /// In words what the user must know.
    pub(super) fn open(links: &Links, period: Option<Duration>) -> Result<Self, String> {
        Ok(Self {
            search: Search::open(links).map_err(super::no_network)?,
            table: Table::default(),
            round_at: Duration::ZERO,
            sent: 0,
            period,
        })
    }

    /// From now on browses multicast DNS too; where that cannot be, says so and goes on without.
    pub(super) fn browse(&mut self) {
        if let Err(error) = self.search.browse() {
            log::warn!("multicast DNS goes unheard, for UDP port 5353 cannot be had: {error}");
        }
    }

    /// Whether announcements can be heard.
    pub(super) fn hears_announcements(&self) -> bool {
        self.search.hears_announcements()
    }

    /// Whether there is an interface to search from.
    pub(super) fn has_network(&self) -> bool {
        !self.search.interfaces().is_empty()
    }

    /// What is there.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Waits for the next change; `None` when `end`, a time since the opening, has come.
    pub(super) fn next(&mut self, end: Option<Duration>) -> Option<Change> {
        loop {
            let now = self.search.now();
            if end.is_some_and(|end| now >= end) {
                return None;
            }
            self.table.expire(now);
            if let Some(change) = self.table.change() {
                return Some(change);
            }
            let search_at = self.send_what_is_due(now);
            while let Some((number, url)) = self.table.question() {
                self.search.ask(number, question(url));
            }
            let due = [end, search_at, self.table.wake_at()];
            match self.search.next(due.into_iter().flatten().min()) {
                Event::Heard(heard) => {
                    if let Ok(notice) = Notice::parse(&heard.bytes) {
                        let from = Sender {
                            address: heard.from,
                            interface: heard.interface,
                        };
                        self.table.hear(self.search.now(), from, &notice);
                    }
                }
                Event::Fetched(number, answer) => {
                    self.table.described(number, description(answer));
                }
                Event::Service(event) => self.table.browsed(event),
                Event::Due => {}
            }
        }
    }

    /// Sends the searches whose time has come; when the next one will.
    fn send_what_is_due(&mut self, now: Duration) -> Option<Duration> {
        loop {
            let Some((after, target)) = ROUND.get(self.sent) else {
                let next = self.round_at + self.period?;
                if now < next {
                    return Some(next);
                }
                (self.round_at, self.sent) = (now, 0);
                continue;
            };
            if now < self.round_at + *after {
                return Some(self.round_at + *after);
            }
            // An interface may have come since; without any the round waits for one.
            self.search.look_around();
            if !self.has_network() {
                self.round_at = now + NO_NETWORK_TIME;
                return Some(self.round_at);
            }
            self.search.send(|to| search(target, to));
            self.sent += 1;
        }
    }
}

/// The text of a search for `target` that is sent to the group `to`.
pub(super) fn search(target: &str, to: SocketAddr) -> String {
    let mut text = String::new();
    let search = MSearch {
        st: target,
        mx: Mx::Seconds(MX_SECS),
    };
    // Writing to a String cannot fail.
    let _ = search.write(to, &mut text);
    text
}
