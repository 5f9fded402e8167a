//! DLNA profiles.

/// One profile of the table; its number is stored in snapshots. 0 is never one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile(u16);
