//! What came in so far, for the status page.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::limits;

/// Counts since the start, and the last search on each interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Well-formed searches from anywhere, for anything.
    pub searches: u64,
    /// Searches to which an answer was scheduled, or was waiting already.
    pub answered: u64,
    /// Searches from outside the subnets of their interface, or from a port below 1024.
    pub refused_off_subnet: u64,
    /// Searches for something of ours, refused because their source asks too often.
    pub limited: u64,
    /// Answers not sent because all of them together were more than [`limits::ANSWER_BYTES_PER_SECOND`].
    pub over_budget: u64,
    /// Searches dropped because [`limits::PENDING_ANSWERS`] others were waiting.
    pub dropped: u64,
    /// Datagrams that are no message of SSDP, or a search against the rules.
    pub malformed: u64,
    /// The last search on each interface from inside a subnet, answered or not; of the interfaces searched last. Those of
    /// this machine itself say nothing about the network, and are not kept.
    last_searches: heapless::Vec<LastSearch, { limits::SHOWN_SEARCHES }>,
}

/// The last search seen on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSearch {
    /// Number of the interface.
    pub interface: u32,
    /// The address of ours that answers there.
    pub local: IpAddr,
    /// Who asked.
    pub from: SocketAddr,
    /// What for; a stranger's text, cut at [`limits::SHOWN_TARGET_BYTES`].
    pub st: heapless::String<{ limits::SHOWN_TARGET_BYTES }>,
    /// When.
    pub uptime: Duration,
}

impl Seen {
    /// The last search on each interface, in no order.
    pub fn last_searches(&self) -> &[LastSearch] {
        &self.last_searches
    }

    /// Takes note of a search; one on an interface without an earlier one takes the place of the oldest.
    pub(super) fn keep(&mut self, search: LastSearch) {
        let all = &mut self.last_searches;
        let same = all.iter().position(|old| old.interface == search.interface);
        let oldest = || {
            let ages = all.iter().enumerate();
            ages.min_by_key(|(_, old)| old.uptime).map(|(at, _)| at)
        };
        let at = same.or_else(|| all.is_full().then(oldest).flatten());
        match at.and_then(|at| all.get_mut(at)) {
            Some(place) => *place = search,
            // There is room: none is the oldest of a full table.
            None => drop(all.push(search)),
        }
    }
}
