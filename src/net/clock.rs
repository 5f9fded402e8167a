//! The one place that reads the time.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::service::Now;

/// Counts from the start of the process.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts to count.
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    /// The present moment. A wall clock before 1970 (a board without one) counts as 1970.
    pub(super) fn now(&self) -> Now {
        Now {
            uptime: self.start.elapsed(),
            unix_secs: SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        }
    }

    /// Time since the start.
    pub(super) fn uptime(&self) -> std::time::Duration {
        self.start.elapsed()
    }

    /// The instant at which `uptime` will have passed.
    pub(super) fn instant(&self, uptime: std::time::Duration) -> Instant {
        self.start + uptime
    }
}
