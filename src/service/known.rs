//! Who is at home here: the addresses that browsed or played before.
//!
//! Connections and subscriptions have a reserve for them, so that strangers who take all that there is do not lock the
//! television out.

use std::net::IpAddr;

use crate::limits;

/// Addresses that browsed or played, the latest last; at most [`limits::KNOWN_PEERS`].
#[derive(Debug, Default)]
pub struct Known(Vec<IpAddr>);

impl Known {
    /// `peer` browses or plays: it is at home here. The one that did so longest ago is forgotten for it.
    pub fn remember(&mut self, peer: IpAddr) {
        let peer = peer.to_canonical();
        if self.0.last() == Some(&peer) {
            return;
        }
        self.0.retain(|old| *old != peer);
        if self.0.len() >= limits::KNOWN_PEERS {
            self.0.remove(0);
        }
        self.0.push(peer);
    }

    /// Whether `peer`, which has `count` places, may have one more out of a reserve in which `left` are free: each known
    /// one up to `kept`, and those first that have none, of which `has_place` tells.
    pub fn may_use_reserve(
        &self,
        peer: IpAddr,
        count: usize,
        kept: usize,
        left: usize,
        has_place: impl Fn(IpAddr) -> bool,
    ) -> bool {
        let absent = || self.0.iter().filter(|known| !has_place(**known)).count();
        self.0.contains(&peer.to_canonical())
            && match count {
                0 => left > 0,
                few if few < kept => left > absent(),
                _ => false,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        [10, 0, 0, last].into()
    }

    #[test]
    fn the_known_are_bounded_and_the_longest_silent_is_forgotten() {
        let mut known = Known::default();
        for last in 0..=255 {
            known.remember(peer(last));
            known.remember(peer(7));
        }
        assert_eq!(known.0.len(), limits::KNOWN_PEERS);
        assert!(known.0.contains(&peer(7)) && known.0.contains(&peer(255)));
        assert!(!known.0.contains(&peer(1)));
    }

    #[test]
    fn an_address_is_known_in_both_its_forms() {
        let mut known = Known::default();
        known.remember("::ffff:10.0.0.1".parse().unwrap());
        assert!(known.may_use_reserve(peer(1), 0, 1, 1, |_| false));
        assert!(!known.may_use_reserve(peer(2), 0, 1, 1, |_| false));
    }
}
