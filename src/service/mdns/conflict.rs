//! What others tell: our own records, and that our names are theirs (RFC 6762 §8.2, §9).

use std::net::IpAddr;
use std::time::Duration;

use super::records::{self, Addresses, Own, Set, Unique};
use super::{PROBE_JITTER, Responder, answer, link};
use crate::limits;
use crate::service::discovery::Datagram;
use crate::wire::dns::{self, Message, Section};

/// One who loses a tie probes again after so long (RFC 6762 §8.2).
const TIE_LOST_WAIT: Duration = Duration::from_secs(1);
/// So many conflicts …
pub(super) const CONFLICTS: usize = 15;
/// … within this time …
const CONFLICT_SPAN: Duration = Duration::from_secs(10);
/// … and each further probing waits so long (RFC 6762 §8.1).
const CONFLICT_WAIT: Duration = Duration::from_secs(5);
/// … until so long after the last conflict.
const CONFLICT_PEACE: Duration = Duration::from_secs(60);
/// Records of a probe that are compared with ours; real ones have under 8.
const TIE_RECORDS: usize = 32;

impl Responder {
    /// What others tell: conflicts with our names, and our own records told by others.
    pub(super) fn response(
        &mut self,
        now: Duration,
        at: usize,
        datagram: &Datagram<'_>,
        message: &Message<'_>,
    ) {
        let from_here = self.is_own_address(datagram.from.ip());
        let all = self.all_addresses();
        let mut conflict = None;
        let Some(link) = self.links.get_mut(at) else {
            return;
        };
        let here: heapless::Vec<IpAddr, { limits::INTERFACES }> = self
            .interfaces
            .iter()
            .filter(|own| own.index == link.index)
            .map(|own| own.address)
            .collect();
        for (_, record) in message.records().take(limits::DNS_RECORDS) {
            if record.class != dns::CLASS_IN {
                continue;
            }
            let claim = self.records.claims(&record, &all);
            if from_here && matches!(claim, Some((Unique::Host, _))) {
                self.records.host_shared = record.ttl_secs > 0;
            }
            if let Some(own) = self.records.same(&record, &here) {
                // Another's view of our record, or a record shared by all.
                let full = own.ttl_secs();
                let whole_set = !matches!(own, Own::A | Own::Aaaa) || here.len() == 1;
                if record.ttl_secs < full / 2 && link.answers() {
                    let due = now + answer::shared_delay(&mut self.chance);
                    link.schedule(Set::of(&[own]), due, link::MULTICAST_SPACING);
                } else if record.ttl_secs >= full && datagram.multicast && whole_set {
                    link.told_by_another(own);
                }
                continue;
            }
            if self.records.same(&record, &all).is_some() {
                continue; // our address on another interface, told by a reflector or a bridge
            }
            match claim {
                Some((Unique::Host, _)) if from_here => {}
                Some((which, true)) if record.ttl_secs > 0 => conflict = Some(which),
                _ => {}
            }
        }
        if let Some(which) = conflict {
            self.conflict(now, at, which);
        }
    }

    /// Another device has one of our names (RFC 6762 §9): where it is ours already, ask again; where we have just
    /// asked, take another.
    fn conflict(&mut self, now: Duration, at: usize, which: Unique) {
        let Some(link) = self.links.get(at) else {
            return;
        };
        let (ours, in_doubt) = (link.answers(), link.is_probing());
        if !ours && !in_doubt {
            return;
        }
        self.seen.conflicts += 1;
        let due = self.after_conflict(now);
        if ours {
            return self
                .links
                .iter_mut()
                .skip(at)
                .take(1)
                .for_each(|link| link.probe(due));
        }
        let before = self.names();
        self.records.rename(which);
        let after = self.names();
        match which {
            Unique::Instance => log::warn!("{} is taken; this is {} now", before.0, after.0),
            Unique::Host => log::warn!("{} is taken; this host is {} now", before.1, after.1),
        }
        self.records.host_shared &= which == Unique::Instance;
        self.pending.clear();
        for link in &mut self.links {
            link.probe(due);
        }
    }

    /// When to probe after a conflict.
    fn after_conflict(&mut self, now: Duration) -> Duration {
        let last = self.conflicts.back().copied();
        self.troubled &= last.is_some_and(|last| now < last + CONFLICT_PEACE);
        if self.conflicts.is_full() {
            let oldest = self.conflicts.pop_front().unwrap_or_default();
            self.troubled |= now < oldest + CONFLICT_SPAN;
        }
        let mut wait = self.chance.up_to(PROBE_JITTER);
        if self.troubled {
            wait += CONFLICT_WAIT;
        }
        // There is room: the oldest has just left.
        let _ = self.conflicts.push_back(now);
        now + wait
    }

    /// Somebody probes for one of our names while we do too: the later in the order of data wins, and equal ones are
    /// the same (RFC 6762 §8.2).
    pub(super) fn tie(&mut self, now: Duration, at: usize, message: &Message<'_>, from_here: bool) {
        let Some(link) = self.links.get_mut(at) else {
            return;
        };
        let index = link.index;
        let addresses: Addresses = self
            .interfaces
            .iter()
            .filter(|own| own.index == index)
            .take(limits::DNS_ADDRESSES)
            .map(|own| own.address)
            .collect();
        for which in [Unique::Instance, Unique::Host] {
            if which == Unique::Host && from_here {
                continue;
            }
            let name = match which {
                Unique::Instance => self.records.instance.view(),
                Unique::Host => self.records.host.view(),
            };
            let mut theirs: Vec<_> = message
                .records()
                .filter(|(section, record)| *section == Section::Authority && record.name.is(name))
                .take(TIE_RECORDS)
                .map(|(_, record)| records::Spelled::new(record.class, &record.data))
                .collect();
            theirs.sort();
            if !theirs.is_empty() && self.records.proposed(which, &addresses) < theirs {
                self.seen.conflicts += 1;
                link.probe(now + TIE_LOST_WAIT);
            }
        }
    }
}
