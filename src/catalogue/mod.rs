//! Remembers: what was found on the disks, in one mapped, read-only snapshot; what people did with it, in a journal.
//!
//! ```text
//!  walk (one directory) ─► scan (the whole pass) ─► builder ─► writer ─► snapshot ─► query (a page), search (what matches)
//! ```
//! [`watch`] decides when to scan what, and when to write.

mod builder;
pub mod changes;
pub mod counts;
pub mod facts;
pub mod journal;
pub mod layout;
pub mod object_id;
pub mod order;
mod pass;
pub mod prober;
pub mod query;
pub mod record;
pub mod report;
pub mod scan;
pub mod search;
mod sidecar;
mod signature;
pub mod snapshot;
mod sort;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
pub mod user_state;
pub mod views;
pub mod walk;
pub mod watch;
pub mod writer;
