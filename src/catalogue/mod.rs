//! Remembers: what was found on the disks, in one mapped, read-only snapshot.
pub mod layout;
pub mod object_id;
pub mod order;
pub mod query;
pub mod record;
pub mod scan;
pub mod snapshot;
pub mod walk;
pub mod writer;
