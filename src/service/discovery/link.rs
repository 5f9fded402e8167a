//! One address on which rill announces itself to one group, and the calendar of its announcements (UDA 1.1 §1.2).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::wire::ssdp::{self, Target};

/// How often everything is announced on an interface that came up: the datagrams are lost easily, and nobody knows.
const START_SETS: u8 = 3;
/// How often everything is announced each period.
const PERIODIC_SETS: u8 = 3;
/// How often everything is told that BOOTID changes.
const UPDATE_SETS: u8 = 2;
/// How often everything says goodbye at a stop.
const STOP_SETS: u8 = 2;
/// From the start of one alive set to the start of the next.
const ALIVE_SPACING: Duration = Duration::from_secs(1);
/// From the start of one byebye or update set to the start of the next.
const LAST_WORDS_SPACING: Duration = Duration::from_millis(100);
/// Between two datagrams of one set: a Wi-Fi receiver in power save drops what comes back to back.
pub(super) const GAP: Duration = Duration::from_millis(5);

const EVERYTHING: &[Target] = &Target::ALL;

/// One address of one network interface. An interface with two addresses comes as two of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's number of it.
    pub index: u32,
    /// The address control points on that link reach rill at.
    pub address: IpAddr,
    /// Bits of the subnet's prefix.
    pub prefix_len: u8,
}

impl Interface {
    /// Whether `other` is a host's address in the subnet of this one; its first and its last address belong to no
    /// host (RFC 1122 §3.2.1.3), except where the subnet has only one or two (RFC 3021). Of IPv6 that is true of the
    /// first one (RFC 4291 §2.6.1).
    pub(in crate::service) fn subnet_holds(&self, other: IpAddr) -> bool {
        let (own, other, width) = match (self.address, other) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        if self.prefix_len == 0 {
            return false; // a subnet of everybody protects nobody
        }
        let host_bits = width - u32::from(self.prefix_len).min(width);
        let hosts = (1_u128 << host_bits) - 1; // below 128: the prefix has a bit
        let host = other & hosts;
        let broadcast = width == 32 && host == hosts;
        (own ^ other) & !hosts == 0 && (host_bits < 2 || (host != 0 && !broadcast))
    }
}

/// How far an announcement goes (UDA 1.1 annex A.4.1). IPv4 has one group for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The link alone; with IPv4, as far as the hops reach.
    Link,
    /// The site.
    Site,
}

impl Scope {
    /// Where `address` is announced: a link-local one means nothing beyond its link.
    pub(super) fn of(address: IpAddr) -> &'static [Scope] {
        match address {
            IpAddr::V6(v6) if !v6.is_unicast_link_local() => &[Scope::Link, Scope::Site],
            _ => &[Scope::Link],
        }
    }
}

/// Whether a link announces rill or takes leave. In the order of urgency: see `Discovery::speaking`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// The address is gone: one set of goodbyes, at once.
    Gone,
    /// BOOTID will change: says so, then announces.
    Updating,
    /// Announcing, for good.
    Announcing,
    /// The server stops: goodbyes, spaced.
    Stopping,
}

/// One address and the series of sets it is in. A set is every target once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) interface: Interface,
    pub(super) scope: Scope,
    pub(super) phase: Phase,
    /// It has been announced.
    pub(super) told: bool,
    /// Sets of this series not yet complete.
    sets_left: u8,
    /// What of this set was not yet said. Empty only when the last goodbye is.
    pub(super) left: &'static [Target],
    /// When the first datagram of this series, of this set, was taken.
    series_at: Option<Duration>,
    set_at: Option<Duration>,
    pub(super) due: Duration,
}

impl Link {
    /// An address that announces everything from `due` on.
    pub(super) fn new(interface: Interface, scope: Scope, due: Duration) -> Self {
        Link {
            interface,
            scope,
            phase: Phase::Announcing,
            told: false,
            sets_left: START_SETS,
            left: EVERYTHING,
            series_at: None,
            set_at: None,
            due,
        }
    }

    /// Where its announcements go.
    pub(super) fn group(&self) -> SocketAddr {
        match self.scope {
            Scope::Link => ssdp::group(self.interface.address),
            Scope::Site => SocketAddr::new(ssdp::GROUP_V6_SITE.into(), ssdp::PORT),
        }
    }

    /// Whether the address is there.
    pub(super) fn serves(&self) -> bool {
        matches!(self.phase, Phase::Updating | Phase::Announcing)
    }

    /// Whether this is that address, and there.
    pub(super) fn is(&self, index: u32, address: IpAddr) -> bool {
        self.serves() && self.interface.index == index && self.interface.address == address
    }

    /// The same address in one of the two phases that end.
    pub(super) fn leaving(mut self, phase: Phase, now: Duration) -> Self {
        self.phase = phase;
        let sets = if phase == Phase::Stopping {
            STOP_SETS
        } else {
            1
        };
        self.begin(sets, now);
        self
    }

    /// Announces everything anew, as if the address had just come up.
    pub(super) fn start_over(&mut self, now: Duration) {
        self.begin(START_SETS, now);
    }

    /// Says that BOOTID will change, then announces everything anew.
    pub(super) fn update(&mut self, now: Duration) {
        self.phase = Phase::Updating;
        self.begin(UPDATE_SETS, now);
    }

    fn begin(&mut self, sets: u8, due: Duration) {
        (self.sets_left, self.left, self.due) = (sets, EVERYTHING, due);
        (self.series_at, self.set_at) = (None, None);
    }

    /// Takes what is to be said now, and sets the moment of what follows. All by the time at which it really was
    /// taken: a loop that was held up for an hour announces once, not for every period it missed.
    pub(super) fn take(&mut self, now: Duration, period: Duration) -> Option<Target> {
        let (&target, left) = self.left.split_first()?;
        let series_at = *self.series_at.get_or_insert(now);
        let set_at = *self.set_at.get_or_insert(now);
        let (gap, spacing) = match self.phase {
            Phase::Announcing => (GAP, ALIVE_SPACING),
            Phase::Gone => (Duration::ZERO, Duration::ZERO),
            Phase::Updating | Phase::Stopping => (GAP, LAST_WORDS_SPACING),
        };
        self.told |= self.phase == Phase::Announcing;
        self.left = left;
        self.due = now + gap;
        if !left.is_empty() {
            return Some(target);
        }
        self.sets_left = self.sets_left.saturating_sub(1);
        if self.sets_left > 0 {
            self.left = EVERYTHING;
            self.set_at = None;
            self.due = self.due.max(set_at + spacing);
        } else if self.phase == Phase::Updating {
            self.phase = Phase::Announcing;
            self.begin(START_SETS, self.due);
        } else if self.phase == Phase::Announcing {
            self.begin(PERIODIC_SETS, self.due.max(series_at + period));
        }
        Some(target)
    }
}
