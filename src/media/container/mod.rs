//! Containers: one file each, all with the same door, and one row in `probe.rs`:
//!
//! ```text
//! pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error>
//! ```
//!
//! `read` writes down each fact as soon as it knows it, so that a file cut short keeps what came before the cut.

use std::time::Duration;

pub mod avi;
pub mod flac;
pub mod flv;
pub mod gif;
pub mod jpeg;
pub mod mkv;
pub mod mp3;
pub mod mp4;
pub mod mpegps;
pub mod mpegts;
mod pes;
pub mod png;
pub mod wav;

/// Mean rate over `duration`; `None` if that is no time at all.
pub(crate) fn bytes_per_sec(len: u64, duration: Duration) -> Option<u64> {
    let nanos = duration.as_nanos();
    let rate = u128::from(len)
        .saturating_mul(1_000_000_000)
        .checked_div(nanos)?;
    u64::try_from(rate).ok()
}
