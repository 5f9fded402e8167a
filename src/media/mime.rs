//! Media types: extension, MIME, class. One table.

/// One row of the table; its number is stored in snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mime(u8);
