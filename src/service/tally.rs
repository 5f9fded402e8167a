//! How many came, and how many were turned away, since the start: every bound that a peer or a disk can reach is counted
//! here, or in the machine that keeps it, and the page shows what was reached.

use std::{cell::Cell, fmt};

use super::Shared;
use crate::limits;

/// The counts that no machine of its own keeps.
#[derive(Debug, Default)]
pub struct Tally {
    /// Connections that there may be at once.
    most_connections: usize,
    connections: Cell<usize>,
    highest: Cell<usize>,
    /// Connections refused because all were taken.
    pub full: Cell<u64>,
    /// Connections refused because their peer had its share.
    pub share_used: Cell<u64>,
    /// Connections refused because their peer may not connect.
    pub outside: Cell<u64>,
    /// Times that no connection could be accepted for want of descriptors or memory.
    pub not_accepted: Cell<u64>,
    /// Requests under a name or an address that is not ours there.
    pub foreign_host: Cell<u64>,
    /// Requests of pages from elsewhere.
    pub foreign_origin: Cell<u64>,
    /// Heads and bodies that did not end in time.
    pub slow: Cell<u64>,
    /// Long bodies refused because too many were being received.
    pub bodies: Cell<u64>,
    /// Subscriptions refused.
    pub subscriptions: Cell<u64>,
    /// Times that a disk did not answer in time.
    pub disk: Cell<u64>,
}

impl Tally {
    /// Nobody came yet, and so many connections there may be at once.
    pub fn of(most_connections: usize) -> Self {
        Self {
            most_connections,
            ..Self::default()
        }
    }

    /// One more.
    pub fn count(what: &Cell<u64>) {
        what.set(what.get() + 1);
    }

    /// So many connections are open now.
    pub fn connected(&self, now: usize) {
        self.connections.set(now);
        self.highest.set(self.highest.get().max(now));
    }

    /// What is open now, in words.
    pub(super) fn present(&self, shared: &Shared) -> impl fmt::Display {
        let events = shared.events.borrow();
        format!(
            "{} connections of {}, {} at most so far; {} subscriptions of {}, {} of {} kept for known players",
            self.connections.get(),
            self.most_connections,
            self.highest.get(),
            events.subscriptions(),
            limits::SUBSCRIPTIONS,
            events.reserved(),
            limits::SUBSCRIPTIONS_RESERVED,
        )
    }

    /// What was turned away so far, and why; nothing that did not happen.
    pub(super) fn turned_away(&self, shared: &Shared) -> Vec<(u64, &'static str)> {
        let seen = shared.searches.borrow();
        let (devices, records) = shared.devices.borrow().forgotten();
        let rows = [
            (self.full.get(), "connections, all were taken"),
            (
                self.share_used.get(),
                "connections of a peer that had its share",
            ),
            (self.outside.get(), "connections from outside"),
            (self.not_accepted.get(), "times no descriptor was left"),
            (self.foreign_host.get(), "requests for another host"),
            (self.foreign_origin.get(), "requests of foreign pages"),
            (self.slow.get(), "requests that did not end"),
            (self.bodies.get(), "long requests, too many at once"),
            (self.subscriptions.get(), "subscriptions, too many"),
            (self.disk.get(), "times a disk did not answer"),
            (seen.refused_off_subnet, "searches from outside"),
            (seen.limited, "searches of a source that asks too often"),
            (seen.over_budget, "answers to searches, too many in all"),
            (seen.dropped, "searches, too many waited"),
            (devices, "devices, forgotten for others"),
            (records, "devices, what they said forgotten for others"),
        ];
        rows.into_iter().filter(|(count, _)| *count > 0).collect()
    }
}
