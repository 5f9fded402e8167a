//! Who is connected: a bound in total and per peer.

use std::{cell::RefCell, collections::HashMap, net::IpAddr, rc::Rc};

/// Counts open connections.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// Bounded by the limit in total: a peer without connections has no row.
    peers: RefCell<HashMap<IpAddr, usize>>,
}

/// One counted connection; uncounted when dropped.
#[derive(Debug)]
pub(super) struct Place {
    census: Rc<Census>,
    peer: IpAddr,
}

impl Census {
    /// Connections open now.
    pub(super) fn open(&self) -> usize {
        self.peers.borrow().values().sum()
    }

    /// Counts a connection from `peer` in, unless `total` are open already, or `per_peer` from this one.
    pub(super) fn admit(
        self: &Rc<Self>,
        peer: IpAddr,
        total: usize,
        per_peer: usize,
    ) -> Option<Place> {
        let mut peers = self.peers.borrow_mut();
        if peers.values().sum::<usize>() >= total {
            return None;
        }
        let count = peers.entry(peer).or_insert(0);
        if *count >= per_peer {
            return None;
        }
        *count += 1;
        Some(Place {
            census: Rc::clone(self),
            peer,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut peers = self.census.peers.borrow_mut();
        if let Some(count) = peers.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                peers.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bounds_hold_and_places_come_back() {
        let census = Rc::new(Census::default());
        let (a, b) = ("10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap());
        let first = census.admit(a, 3, 2).unwrap();
        let _second = census.admit(a, 3, 2).unwrap();
        assert!(census.admit(a, 3, 2).is_none(), "per peer");
        let _third = census.admit(b, 3, 2).unwrap();
        assert!(census.admit(b, 3, 2).is_none(), "in total");
        drop(first);
        assert!(census.admit(b, 3, 2).is_some());
        assert_eq!(census.peers.borrow().len(), 2);
    }
}
