//! One address on which rill announces itself, and the calendar of its announcements (UDA 1.1 §1.2).

use std::net::IpAddr;
use std::time::Duration;

use crate::wire::ssdp::Target;

/// How often everything is announced on an interface that came up: the datagrams are lost easily, and nobody knows.
const START_SETS: u8 = 3;
/// How often everything is announced each period.
const PERIODIC_SETS: u8 = 2;
/// How often everything says goodbye at a stop.
const STOP_SETS: u8 = 2;
/// From the start of one alive set to the start of the next.
const ALIVE_SPACING: Duration = Duration::from_secs(1);
/// From the start of one byebye set to the start of the next.
const BYEBYE_SPACING: Duration = Duration::from_millis(100);
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
    /// host (RFC 1122 §3.2.1.3), except where the subnet has only one or two (RFC 3021).
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
        (own ^ other) & !hosts == 0 && (host_bits < 2 || (host != 0 && host != hosts))
    }
}

/// Whether a link announces rill or takes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Announcing, for good.
    Announcing,
    /// The address is gone: one set of goodbyes, at once.
    Gone,
    /// The server stops: goodbyes, spaced.
    Stopping,
}

/// One address and the series of sets it is in. A set is every target once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) interface: Interface,
    pub(super) phase: Phase,
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
    pub(super) fn new(interface: Interface, due: Duration) -> Self {
        Link {
            interface,
            phase: Phase::Announcing,
            sets_left: START_SETS,
            left: EVERYTHING,
            series_at: None,
            set_at: None,
            due,
        }
    }

    /// Whether this is that address, and announced.
    pub(super) fn is(&self, index: u32, address: IpAddr) -> bool {
        self.phase == Phase::Announcing
            && self.interface.index == index
            && self.interface.address == address
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
            Phase::Stopping => (GAP, BYEBYE_SPACING),
        };
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
        } else if self.phase == Phase::Announcing {
            self.begin(PERIODIC_SETS, self.due.max(series_at + period));
        }
        Some(target)
    }
}
