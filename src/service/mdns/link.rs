//! One interface and address family, and the calendar of what is said there (RFC 6762 §6, §8).

use std::net::IpAddr;
use std::time::Duration;

use super::records::{Own, Set};

/// From one probe to the next, and from the last to the announcement (RFC 6762 §8.1).
pub(super) const PROBE_SPACING: Duration = Duration::from_millis(250);
/// Probes that must stay unanswered (RFC 6762 §8.1).
pub(super) const PROBES: u8 = 3;
/// Announcements of a name that is ours; 1 and 2 s apart. Two are the least (RFC 6762 §8.3).
const ANNOUNCEMENTS: u8 = 3;
/// From the first announcement to the second; then twice as long each time (RFC 6762 §8.3).
const ANNOUNCE_SPACING: Duration = Duration::from_secs(1);
/// How often everything says goodbye.
const GOODBYES: u8 = 2;
/// From one goodbye to the next.
const GOODBYE_SPACING: Duration = Duration::from_millis(250);
/// No record is multicast again sooner (RFC 6762 §6).
pub(super) const MULTICAST_SPACING: Duration = Duration::from_secs(1);
/// Except to defend a name against a probe (RFC 6762 §6).
pub(super) const DEFENCE_SPACING: Duration = Duration::from_millis(250);

/// Where a link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Asks whether somebody has the names; answers nothing.
    Probing { sent: u8, due: Duration },
    /// Tells everything, and answers.
    Announcing {
        left: u8,
        spacing: Duration,
        due: Duration,
    },
    /// Answers.
    Settled,
    /// Says goodbye.
    Leaving { left: u8, due: Duration },
}

/// One interface and family.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) index: u32,
    /// Its first address of this family: where datagrams come from, and which group they go to.
    pub(super) source: IpAddr,
    pub(super) phase: Phase,
    /// When each record set is to be multicast.
    due: [Option<Duration>; Own::ALL.len()],
    /// When each was multicast last.
    sent: [Option<Duration>; Own::ALL.len()],
}

impl Link {
    /// A link that begins to probe at `due`.
    pub(super) fn new(index: u32, source: IpAddr, due: Duration) -> Self {
        Link {
            index,
            source,
            phase: Phase::Probing { sent: 0, due },
            due: [None; Own::ALL.len()],
            sent: [None; Own::ALL.len()],
        }
    }

    pub(super) fn is(&self, index: u32, address: IpAddr) -> bool {
        self.index == index && self.source.is_ipv4() == address.is_ipv4()
    }

    /// Whether the names are ours here.
    pub(super) fn answers(&self) -> bool {
        matches!(self.phase, Phase::Announcing { .. } | Phase::Settled)
    }

    /// Whether somebody was asked for the names, and may be answering. Before the first probe nothing counts: who has
    /// the names will say so when asked, and nobody makes rill rename itself faster than it probes.
    pub(super) fn is_probing(&self) -> bool {
        matches!(self.phase, Phase::Probing { sent: 1.., .. })
    }

    /// Begins to probe at `due`; what was to be said is forgotten.
    pub(super) fn probe(&mut self, due: Duration) {
        self.phase = Phase::Probing { sent: 0, due };
        self.due = [None; Own::ALL.len()];
    }

    /// Tells everything from `due` on, if the names are ours.
    pub(super) fn announce(&mut self, due: Duration) {
        if !matches!(self.phase, Phase::Leaving { .. }) {
            let last = self.sent.iter().flatten().max();
            let due = last.map_or(due, |last| due.max(*last + MULTICAST_SPACING));
            self.phase = Phase::Announcing {
                left: ANNOUNCEMENTS,
                spacing: ANNOUNCE_SPACING,
                due,
            };
        }
    }

    /// After one announcement at `now`.
    pub(super) fn announced(&mut self, now: Duration) {
        if let Phase::Announcing { left, spacing, .. } = self.phase {
            self.phase = match left.saturating_sub(1) {
                0 => Phase::Settled,
                left => Phase::Announcing {
                    left,
                    spacing: spacing * 2,
                    due: now + spacing,
                },
            };
        }
    }

    /// After one probe at `now`.
    pub(super) fn probed(&mut self, now: Duration) {
        if let Phase::Probing { sent, .. } = self.phase {
            self.phase = Phase::Probing {
                sent: sent + 1,
                due: now + PROBE_SPACING,
            };
        }
    }

    /// Begins to say goodbye; false if nothing was ever told.
    pub(super) fn leave(&mut self, now: Duration) -> bool {
        let told = self.answers() && self.sent.iter().any(Option::is_some);
        self.due = [None; Own::ALL.len()];
        self.phase = Phase::Leaving {
            left: GOODBYES,
            due: now,
        };
        told
    }

    /// After one goodbye at `now`; false if it was the last.
    pub(super) fn said_goodbye(&mut self, now: Duration) -> bool {
        if let Phase::Leaving { left, .. } = self.phase {
            self.phase = Phase::Leaving {
                left: left.saturating_sub(1),
                due: now + GOODBYE_SPACING,
            };
            return left > 1;
        }
        true
    }

    /// Has `set` multicast at `due`, or as soon after as `spacing` from the last time allows.
    pub(super) fn schedule(&mut self, set: Set, due: Duration, spacing: Duration) {
        for own in set.iter() {
            let at = own as usize;
            let due = self.sent[at].map_or(due, |sent| due.max(sent + spacing));
            self.due[at] = Some(self.due[at].map_or(due, |old| old.min(due)));
        }
    }

    /// Somebody else has just multicast the same: no need to (RFC 6762 §7.4).
    pub(super) fn told_by_another(&mut self, own: Own) {
        self.due[own as usize] = None;
    }

    /// Takes what is due.
    pub(super) fn take_due(&mut self, now: Duration) -> Set {
        let mut set = Set::NONE;
        for own in Own::ALL {
            if self.due[own as usize].is_some_and(|due| due <= now) {
                set = set.with(own);
                self.due[own as usize] = None;
            }
        }
        set
    }

    /// Notes that `set` is multicast at `now`.
    pub(super) fn multicast(&mut self, set: Set, now: Duration) {
        for own in set.iter() {
            self.sent[own as usize] = Some(now);
            self.due[own as usize] = None;
        }
    }

    /// Those of `set` that were multicast less than `span` ago, which depends on the set.
    pub(super) fn recent(&self, set: Set, now: Duration, span: impl Fn(Own) -> Duration) -> Set {
        let recent =
            |own: &Own| self.sent[*own as usize].is_some_and(|sent| now < sent + span(*own));
        set.iter().filter(recent).fold(Set::NONE, Set::with)
    }

    /// When something is due next.
    pub(super) fn wake_at(&self) -> Option<Duration> {
        let phase = match self.phase {
            Phase::Probing { due, .. }
            | Phase::Announcing { due, .. }
            | Phase::Leaving { due, .. } => Some(due),
            Phase::Settled => None,
        };
        self.due.iter().copied().flatten().chain(phase).min()
    }
}
