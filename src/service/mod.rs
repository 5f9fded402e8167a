//! Answers: a request in, a response out. No sockets, no clock: the time is an argument.

use std::time::Duration;

pub mod discovery;

/// The moment at which something is handled; made by `net/clock` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the process started; never goes back.
    pub uptime: Duration,
    /// Wall clock, seconds since 1970; may jump. For `Date` only.
    pub unix_secs: u64,
}
