//! Remembers: what was found on the disks, in one mapped, read-only snapshot.
//!
//! ```text
//!  walk (one directory) ─► scan (the whole pass) ─► builder ─► writer ─► snapshot ─► query (a page)
//! ```
//! [`watch`] decides when to scan what, and when to write.

mod builder;
pub mod layout;
pub mod object_id;
pub mod order;
mod pass;
pub mod prober;
pub mod query;
pub mod record;
pub mod report;
pub mod scan;
mod sidecar;
pub mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
pub mod walk;
pub mod watch;
pub mod writer;
