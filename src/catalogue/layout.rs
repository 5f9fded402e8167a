//! The snapshot file, drawn byte by byte. Everything is little-endian and unaligned.
//!
//! ```text
//!        0 ┌──────────────────────────────────────────────┐
//!          │ Header                            104 bytes  │
//!      104 ├──────────────────────────────────────────────┤
//!          │ records        records × 172 bytes           │  number 0 is the root container; a parent always
//!          │                                              │  comes before its children
//!          ├──────────────────────────────────────────────┤
//!          │ links          links × u32                   │  record numbers: the children of containers,
//!          │                                              │  the captions of videos
//!          ├──────────────────────────────────────────────┤
//!          │ index          records × u32                 │  record numbers, sorted by object id
//!          ├──────────────────────────────────────────────┤
//!          │ signatures     records × 16 bytes            │  which words each record's texts may hold
//!          ├──────────────────────────────────────────────┤
//!          │ roots          roots × 32 bytes              │
//!          ├──────────────────────────────────────────────┤
//!          │ heap           names, titles, property lists │  to the end of the file
//!          └──────────────────────────────────────────────┘
//!
//!  Header
//!   0  8  magic "rillcat\0"
//!   8  4  version                     12  4  what the probes knew
//!  16  8  bytes of the whole file
//!  24  8  xxh3 of everything from byte 32 to the end
//!  32  4  SystemUpdateID
//!  36  4  records
//!  40  4  links
//!  44  4  roots
//!  48  8  bytes of the heap
//!  56  8  first byte of the records, then of the links, index, signatures, roots, heap (6 × 8)
//!
//!  Root
//!   0  8  device id of the directory, by which a missing disk is told from an emptied one
//!   8  4  its record
//!  12  4  heap: the canonical path     16  2  its length
//!  18  1  class restriction, 0: none   19  1  bit 0: offline   20  12  zero
//!
//!  Property list (heap): entries one after the other
//!   0  1  tag ([`super::record::Tag`])     1  2  length     3  …  UTF-8
//! ```
//!
//! [`super::record::Record`] draws the record.

use zerocopy::{
    FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned,
    byteorder::little_endian::{U16, U32, U64},
};

use super::{record::RECORD_BYTES, signature::Signature};

/// The first bytes of every snapshot.
pub const MAGIC: [u8; 8] = *b"rillcat\0";
/// Raised with every change of the layout or of the meaning of a stored number; older snapshots are rebuilt.
pub const VERSION: u32 = 4;
/// Bytes of the header.
pub const HEADER_BYTES: usize = 104;
/// Sections behind the header.
pub const SECTIONS: usize = 6;
/// Bytes of one root.
pub const ROOT_BYTES: usize = 32;
/// The checksum covers everything from here on.
pub const CHECKED_FROM: usize = 32;
/// Bit of [`Root::flags`]: the disk was not there.
pub const ROOT_OFFLINE: u8 = 1;

/// The header; see the drawing above.
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// [`VERSION`].
    pub version: U32,
    /// [`crate::media::probe::KNOWLEDGE`] of the rill that wrote it. It stands outside of what is checked, because nothing that is stored means
    /// another thing by it.
    pub knowledge: U32,
    /// Bytes of the whole file.
    pub file_len: U64,
    /// xxh3 of everything from [`CHECKED_FROM`] on.
    pub checksum: U64,
    /// `SystemUpdateID` (ContentDirectory:1 §2.5.11).
    pub system_update_id: U32,
    /// Number of records.
    pub records: U32,
    /// Number of links.
    pub links: U32,
    /// Number of roots.
    pub roots: U32,
    /// Bytes of the heap.
    pub heap_len: U64,
    /// First byte of each section: records, links, index, signatures, roots, heap.
    pub sections: [U64; SECTIONS],
}

/// One root; see the drawing above.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
pub struct Root {
    /// Device id of the directory.
    pub device: U64,
    /// The record of its container.
    pub record: U32,
    /// Heap offset of the canonical path.
    pub path_at: U32,
    /// Bytes of the path.
    pub path_len: U16,
    /// The only class listed below it ([`crate::media::Class`] as a number); 0: all.
    pub only: u8,
    /// [`ROOT_OFFLINE`].
    pub flags: u8,
    /// Zero.
    pub reserved: [u8; 12],
}

const _: () = assert!(size_of::<Header>() == HEADER_BYTES);
const _: () = assert!(size_of::<Root>() == ROOT_BYTES);

/// Where each section begins, and the length of the whole, for these counts. `None`: longer than a u64 can say.
pub(super) fn sections(
    records: u32,
    links: u32,
    roots: u32,
    heap_len: u64,
) -> Option<([u64; SECTIONS], u64)> {
    let records_at = HEADER_BYTES as u64;
    let links_at = records_at + u64::from(records) * RECORD_BYTES as u64;
    let index_at = links_at + u64::from(links) * 4;
    let signatures_at = index_at + u64::from(records) * 4;
    let roots_at = signatures_at + u64::from(records) * Signature::BYTES as u64;
    let heap_at = roots_at + u64::from(roots) * ROOT_BYTES as u64;
    let end = heap_at.checked_add(heap_len)?;
    let starts = [
        records_at,
        links_at,
        index_at,
        signatures_at,
        roots_at,
        heap_at,
    ];
    Some((starts, end))
}
