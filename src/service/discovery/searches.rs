//! Searches, whom rill answers, and the answers that wait for their moment (UDA 1.1 §1.3).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::link::GAP;
use super::{Datagram, Discovery, Interface, LastSearch, cut};
use crate::limits;
use crate::service::Now;
use crate::wire::date::HttpDate;
use crate::wire::ssdp::{self, MSearch, Mx, Reject, Target};

/// The last answer leaves so long before MX is over: time for the way back, and for a busy loop.
pub(super) const MX_MARGIN: Duration = Duration::from_millis(100);

/// Control points ask from ports that anybody may use. A lower one belongs to a service of the neighbour's, to which the
/// answers of a search with a forged source would go.
const LOWEST_PORT: u16 = 1024;

impl Discovery {
    pub(super) fn datagram(&mut self, now: Duration, datagram: Datagram<'_>) {
        let search = match MSearch::parse(datagram.bytes) {
            Ok(search) => search,
            Err(Reject::NotSearch) => return, // other devices, and rill's own announcements
            Err(_) => return self.seen.malformed += 1,
        };
        self.seen.searches += 1;
        let Some(source) = self.asked_at(&datagram) else {
            return self.seen.refused_off_subnet += 1;
        };
        if !self.is_own(datagram.from.ip()) {
            self.seen.keep(LastSearch {
                interface: datagram.interface,
                local: source,
                from: datagram.from,
                st: cut(search.st, limits::SHOWN_TARGET_BYTES)
                    .try_into()
                    .unwrap_or_default(),
                uptime: now,
            });
        }
        let wanted = ssdp::wanted(search.st, &self.settings.udn);
        if wanted.is_empty() {
            return;
        }
        if !self.sources.admit(datagram.from.ip(), now) {
            return self.seen.limited += 1;
        }
        let slot = slot(search.mx, datagram.multicast, wanted);
        let pending = Pending {
            due: now + self.chance.up_to(slot),
            slot_at: now,
            slot,
            left: wanted,
            to: datagram.from,
            interface: datagram.interface,
            source,
        };
        self.enqueue(pending);
    }

    /// Whether an address is one of this machine's.
    fn is_own(&self, address: IpAddr) -> bool {
        let links = self.links.iter().map(|link| link.interface.address);
        let mut all = links.chain(self.subnets.iter().map(|own| own.address));
        all.any(|own| own == address)
    }

    /// The address to answer from: one of that interface, announced, of the asker's family; best the one that was asked,
    /// then the one whose subnet holds the asker. `None`: the asker is no neighbour there.
    fn asked_at(&self, datagram: &Datagram<'_>) -> Option<IpAddr> {
        let asker = datagram.from.ip();
        if datagram.from.port() < LOWEST_PORT || !self.is_neighbour(datagram.interface, asker) {
            return None;
        }
        let links = self.links.iter().filter(|link| {
            let Interface { index, address, .. } = link.interface;
            let there = index == datagram.interface && address.is_ipv4() == asker.is_ipv4();
            there && link.serves()
        });
        // Not counts more than yes: the first of the best is wanted.
        let best = links.min_by_key(|link| {
            let asked = link.interface.address == datagram.local;
            (!link.interface.subnet_holds(asker), !asked)
        });
        best.map(|link| link.interface.address)
    }

    /// Whether `asker` is in a subnet of the interface. A link-local address is: it came from that link, and nothing
    /// else does (RFC 4291 §2.5.6).
    fn is_neighbour(&self, index: u32, asker: IpAddr) -> bool {
        let on_link = matches!(asker, IpAddr::V6(address) if address.is_unicast_link_local());
        let links = self.links.iter().filter(|link| link.serves());
        let mut subnets = self
            .subnets
            .iter()
            .copied()
            .chain(links.map(|link| link.interface));
        on_link || subnets.any(|own| own.index == index && own.subnet_holds(asker))
    }

    /// Control points ask two or three times over; a question whose answer still waits needs no second one.
    fn enqueue(&mut self, new: Pending) {
        if self.pending.iter().any(|old| old.serves(&new)) || self.pending.push(new).is_ok() {
            self.seen.answered += 1;
        } else {
            self.seen.dropped += 1;
        }
    }

    /// Writes the next of the answers at `at`: to whom, by which interface, from which address. `None`: all answers
    /// together have been enough for now, and this one is not sent.
    pub(super) fn answer(&mut self, at: usize, now: Now) -> Option<(SocketAddr, u32, IpAddr)> {
        let pending = self.pending.get_mut(at)?;
        let (&target, left) = pending.left.split_first()?;
        pending.left = left;
        pending.slot_at += pending.slot;
        pending.due = pending.slot_at + self.chance.up_to(pending.slot);
        let Pending {
            to,
            interface,
            source,
            ..
        } = *pending;
        if left.is_empty() {
            self.pending.swap_remove(at);
        }
        self.text.clear();
        let location = self.settings.location(source);
        let device = self
            .settings
            .device(self.search_ports[usize::from(source.is_ipv6())]);
        let written = device.answer(target, location, HttpDate(now.unix_secs), &mut self.text);
        debug_assert!(written.is_ok(), "the UDN or the path is absurdly long");
        written.ok()?;
        if !self.budget.spend(self.text.len(), now.uptime) {
            self.seen.over_budget += 1;
            return None;
        }
        self.boot_id_told = true;
        Some((to, interface, source))
    }
}

// ---- answers that wait -------------------------------------------------------------------------

/// The answers to one search, one in each slot of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pending {
    pub(super) due: Duration,
    slot_at: Duration,
    slot: Duration,
    left: &'static [Target],
    to: SocketAddr,
    pub(super) interface: u32,
    pub(super) source: IpAddr,
}

impl Pending {
    /// Whether this one's answers, none of them sent, are those of `new`, and not later than they may be.
    fn serves(&self, new: &Pending) -> bool {
        let same = (self.to, self.interface, self.source) == (new.to, new.interface, new.source);
        same && self.left == new.left && self.over_at() <= new.over_at()
    }

    /// The last answer leaves before.
    fn over_at(&self) -> Duration {
        let slots = u32::try_from(self.left.len()).unwrap_or(u32::MAX);
        self.slot_at + self.slot.saturating_mul(slots)
    }
}

/// The time for each answer: MX, less a margin, shared out among them (UDA 1.1 §1.3.3). Where no time was given, and
/// to unicast searches, which only one device answers, at once.
fn slot(mx: Mx, multicast: bool, wanted: &[Target]) -> Duration {
    match mx {
        Mx::Seconds(secs @ 1..) if multicast => {
            let spread = Duration::from_secs(secs.into()).saturating_sub(MX_MARGIN);
            let slots = u32::try_from(wanted.len()).unwrap_or(u32::MAX).max(1);
            spread / slots
        }
        _ if wanted.len() > 1 => GAP,
        _ => Duration::ZERO,
    }
}
