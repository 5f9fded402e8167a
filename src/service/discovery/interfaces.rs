//! Interfaces come and go, and what the control points are told of it (UDA 1.1 §1.2).
//!
//! BOOTID says that a device may have forgotten its subscribers. It grows when an interface comes up or an address
//! changes, though rill forgets nothing then: control points that hear `ssdp:update` first, on the interfaces that stay,
//! need not ask anew. An address of the other family on an interface that is served already changes nothing for
//! anybody, so it is announced and no more.
//!
//! | what happens | is said |
//! |---|---|
//! | an interface comes up | update on the others, then alive everywhere with the next BOOTID |
//! | it was the only one | alive with the next BOOTID |
//! | an address goes, the group has another one there | update everywhere, then alive with the next BOOTID |
//! | an address goes, the group has none there | byebye on it, then as above where the device is still on that wire |
//! | an address comes back before its byebye was said | alive alone |

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::link::{Link, Phase, Scope};
use super::{Discovery, Interface, first_due};
use crate::limits;

/// The first set of a start burst waits at most so long, so that boards powered up together do not speak together.
const START_JITTER: Duration = Duration::from_millis(100);

impl Discovery {
    pub(super) fn interface_up(&mut self, now: Duration, interface: Interface) {
        let Interface { index, address, .. } = interface;
        let mut known = false;
        for link in self.links.iter_mut().filter(|link| link.is(index, address)) {
            link.interface = interface; // the kernel tells of renewed addresses too
            known = true;
        }
        if known {
            return;
        }
        let serving = || self.links.iter().filter(|link| link.serves());
        if serving().filter(|link| link.scope == Scope::Link).count() >= limits::INTERFACES {
            let most = limits::INTERFACES;
            log::warn!("not announced on {address}: rill serves at most {most} addresses");
            return;
        }
        let served_already = serving().any(|link| link.interface.index == index);
        if std::mem::take(&mut self.lost) || !served_already {
            self.count_boot(now);
        }
        // The same LOCATION again: nobody need hear that it was away.
        let same = |link: &Link| (link.interface.index, link.interface.address) == (index, address);
        self.links.retain(|link| !same(link));
        let due = now + self.chance.up_to(START_JITTER);
        for scope in Scope::of(address) {
            // Room fails only where many goodbyes wait; the address is then found by searches alone.
            let _ = self.links.push(Link::new(interface, *scope, due));
        }
    }

    pub(super) fn interface_down(&mut self, now: Duration, index: u32, address: IpAddr) {
        self.pending
            .retain(|pending| pending.interface != index || pending.source != address);
        let mut gone = heapless::Vec::<Link, 2>::new();
        self.links.retain(|link| {
            let is = link.is(index, address);
            if is {
                // An address has one link for each scope, which are two.
                let _ = gone.push(*link);
            }
            !is
        });
        if gone.is_empty() {
            return;
        }
        let mut stays = false;
        for link in gone {
            let mates = self.links.iter().filter(|mate| mate.serves());
            let mut mates = mates.filter(|mate| mate.interface.index == index);
            stays |= mates.clone().next().is_some();
            // A byebye names no address: it would remove the device whole. A new alive moves the control points to the
            // LOCATION that is left.
            if link.told && !mates.any(|mate| mate.group() == link.group()) {
                // There is room: its place has just been left.
                let _ = self.links.push(link.leaving(Phase::Gone, now));
            }
        }
        if stays {
            self.count_boot(now);
        } else {
            self.lost = true;
        }
        self.end_updates();
    }

    pub(super) fn stop(&mut self, now: Duration) {
        self.stopping = true;
        self.pending.clear();
        self.next_boot_id = None;
        for link in &mut self.links {
            if link.serves() {
                *link = link.leaving(Phase::Stopping, now);
            }
        }
    }

    // ---- BOOTID --------------------------------------------------------------------------------

    /// Goes on to the next BOOTID: at once where nobody is left who knows the present one, or else behind the updates.
    fn count_boot(&mut self, now: Duration) {
        let present = self.settings.boot_id;
        if !self.boot_id_told || self.next_boot_id.is_some() {
            return; // nobody has heard of this one, or of the next
        }
        let next = present.saturating_add(1).min(self.last_boot_id);
        let mut told = false;
        for link in &mut self.links {
            if link.phase == Phase::Announcing && link.told {
                if next == present {
                    link.start_over(now);
                } else {
                    link.update(now);
                }
                told = true;
            }
        }
        if next == present {
            log::debug!("BOOTID stays {present}: the next one belongs to the next start");
        } else if told {
            self.next_boot_id = Some(next);
        } else {
            self.settings.boot_id = next;
            self.boot_id_told = false;
        }
    }

    /// Once nobody waits for an update any more, the next BOOTID is the present one.
    fn end_updates(&mut self) {
        let updating = self.links.iter().any(|link| link.phase == Phase::Updating);
        if !updating && let Some(next) = self.next_boot_id.take() {
            self.settings.boot_id = next;
            self.boot_id_told = false;
        }
    }

    // ---- announcements -------------------------------------------------------------------------

    /// The links that may speak now: every goodbye before every update, and those before anything that carries the next
    /// BOOTID (UDA 1.1 §1.2.4).
    pub(super) fn speaking(&self) -> impl Iterator<Item = (usize, &Link)> {
        let first = self.links.iter().map(|link| link.phase).min();
        let links = self.links.iter().enumerate();
        links.filter(move |(_, link)| Some(link.phase) == first)
    }

    pub(super) fn due_link(&self, now: Duration) -> Option<usize> {
        let at = first_due(self.speaking().map(|(_, link)| link.due), now)?;
        self.speaking().nth(at).map(|(at, _)| at)
    }

    /// Writes the next announcement of the link at `at`: to which group, by which interface, from which address.
    pub(super) fn announce(
        &mut self,
        at: usize,
        now: Duration,
    ) -> Option<(SocketAddr, u32, IpAddr)> {
        // Never longer than the interval, which is well below max-age.
        let interval = self.settings.notify_interval;
        let period = interval.saturating_sub(self.chance.up_to(interval / 10));
        let link = self.links.get_mut(at)?;
        let (interface, phase, to) = (link.interface, link.phase, link.group());
        let target = link.take(now, period)?;
        if link.left.is_empty() {
            self.links.swap_remove(at);
        }
        self.text.clear();
        let address = interface.address;
        let search_port = self.search_ports[usize::from(address.is_ipv6())];
        let device = self.settings.device(search_port);
        let location = self.settings.location(address);
        let text = &mut self.text;
        let written = match (phase, self.next_boot_id) {
            (Phase::Updating, Some(next)) => device.update(target, location, to, next, text),
            (Phase::Updating | Phase::Announcing, _) => {
                self.boot_id_told = true;
                device.alive(target, location, to, text)
            }
            (Phase::Gone | Phase::Stopping, _) => device.byebye(target, to, text),
        };
        debug_assert!(written.is_ok(), "the UDN or the path is absurdly long");
        self.end_updates();
        written.ok()?;
        Some((to, interface.index, address))
    }
}
