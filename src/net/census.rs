//! Who is connected: a bound in total and for each peer, and a place kept for those who are at home here.
//!
//! Whoever takes all connections must not lock the television out: an address that has browsed or played before, and has few
//! connections at the moment, is let in by a reserve that nobody else may use, and one that has none before the others. So a
//! hundred strangers can fill the house, and each renderer in it is served.

use std::{cell::RefCell, collections::HashMap, fmt, net::IpAddr, rc::Rc};

use crate::{limits, service::known::Known};

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Open at once, the reserve among them.
    pub(super) total: usize,
    /// Of one peer.
    per_peer: usize,
    /// Kept for known peers.
    reserve: usize,
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in all, {} of one address", self.total, self.per_peer)
    }
}

impl Bounds {
    /// The bounds where the system allows `total` connections: in a small house everybody has a smaller share.
    pub(super) fn of(total: usize) -> Self {
        Self {
            total,
            per_peer: limits::CONNECTIONS_PER_PEER.min((total / 4).max(1)),
            reserve: (limits::KNOWN_PEERS * limits::KEPT_PER_KNOWN_PEER).min(total / 4),
        }
    }
}

/// Why a connection is turned away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Full {
    /// All are taken.
    Total,
    /// This peer has its share.
    Peer,
}

/// Counts open connections.
#[derive(Debug)]
pub(super) struct Census {
    bounds: Bounds,
    present: RefCell<Present>,
}

#[derive(Debug, Default)]
struct Present {
    /// Bounded by the limit in total: a peer without connections has no row.
    peers: HashMap<IpAddr, usize>,
    open: usize,
    /// Of them, those that were let in by the reserve.
    in_reserve: usize,
}

/// One counted connection; uncounted when dropped.
#[derive(Debug)]
pub(super) struct Place {
    census: Rc<Census>,
    peer: IpAddr,
    is_reserve: bool,
}

impl Census {
    pub(super) fn new(bounds: Bounds) -> Rc<Self> {
        Rc::new(Self {
            bounds,
            present: RefCell::default(),
        })
    }

    /// The bounds it keeps.
    pub(super) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Connections open now.
    pub(super) fn open(&self) -> usize {
        self.present.borrow().open
    }

    /// Counts a connection from `peer` in, if there is room for it; the `known` have a reserve.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn admit(self: &Rc<Self>, peer: IpAddr, known: &Known) -> Result<Place, Full> {
        let Bounds {
            total,
            per_peer,
            reserve,
        } = self.bounds;
        let mut present = self.present.borrow_mut();
        let count = present.peers.get(&peer).copied().unwrap_or(0);
        if count >= per_peer {
            return Err(Full::Peer);
        }
        let is_reserve = present.open - present.in_reserve >= total - reserve;
        let left = reserve.saturating_sub(present.in_reserve);
        let has_place = |known: IpAddr| present.peers.contains_key(&known);
        let kept = limits::KEPT_PER_KNOWN_PEER;
        if is_reserve && !known.may_use_reserve(peer, count, kept, left, has_place) {
            return Err(Full::Total);
        }
        present.open += 1;
        present.in_reserve += usize::from(is_reserve);
        *present.peers.entry(peer).or_insert(0) += 1;
        Ok(Place {
            census: Rc::clone(self),
            peer,
            is_reserve,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut present = self.census.present.borrow_mut();
        present.open -= 1;
        present.in_reserve -= usize::from(self.is_reserve);
        if let Some(count) = present.peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                present.peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    fn census(total: usize, per_peer: usize, reserve: usize) -> Rc<Census> {
        Census::new(Bounds {
            total,
            per_peer,
            reserve,
        })
    }

    #[test]
    fn both_bounds_hold_and_places_come_back() {
        let (census, known) = (census(3, 2, 0), Known::default());
        let first = census.admit(peer(1), &known).unwrap();
        let _second = census.admit(peer(1), &known).unwrap();
        assert_eq!(census.admit(peer(1), &known).unwrap_err(), Full::Peer);
        let _third = census.admit(peer(2), &known).unwrap();
        assert_eq!(census.admit(peer(2), &known).unwrap_err(), Full::Total);
        drop(first);
        assert_eq!(census.open(), 2);
        assert!(census.admit(peer(2), &known).is_ok());
        assert_eq!(census.present.borrow().peers.len(), 2);
    }

    #[test]
    fn the_reserve_is_for_known_peers_and_first_for_those_without_a_connection() {
        let census = census(7, 4, 3);
        let mut known = Known::default();
        for peer in [peer(1), peer(2), peer(1)] {
            known.remember(peer);
        }
        let strangers: Vec<_> = (0..4)
            .map(|_| census.admit(peer(9), &known).unwrap())
            .collect();
        assert_eq!(census.admit(peer(8), &known).unwrap_err(), Full::Total);
        let one = census.admit(peer(1), &known).unwrap();
        let second = census.admit(peer(1), &known).unwrap();
        assert_eq!(
            census.admit(peer(1), &known).unwrap_err(),
            Full::Total,
            "the other's"
        );
        let two = census.admit(peer(2), &known).unwrap();
        assert_eq!(census.open(), 7);
        drop(one);
        let again = census.admit(peer(1), &known).unwrap();
        drop((strangers, two, again, second));
        let present = census.present.borrow();
        assert_eq!((present.open, present.in_reserve), (0, 0));
        assert!(present.peers.is_empty());
    }

    #[test]
    fn a_small_house_has_smaller_shares() {
        let bounds = |total| {
            let bounds = Bounds::of(total);
            (bounds.per_peer, bounds.reserve)
        };
        assert_eq!(bounds(limits::CONNECTIONS), (256, 128));
        assert_eq!(bounds(80), (20, 20));
        assert_eq!(bounds(1), (1, 0));
    }
}
