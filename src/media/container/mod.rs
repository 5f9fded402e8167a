//! Containers: one file each, all with the same door, and one row in `probe.rs`:
//!
//! ```text
//! pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error>
//! ```
//!
//! `read` writes down each fact as soon as it knows it, so that a file cut short keeps what came before the cut.

use std::time::Duration;

pub mod ac3;
pub mod adts;
pub mod aiff;
pub mod amr;
pub mod asf;
pub mod au;
pub mod avi;
pub mod bmp;
pub mod caf;
pub mod dsd;
pub mod dts;
pub mod flac;
pub mod flv;
mod frames;
pub mod gif;
pub mod jpeg;
pub mod lossless;
pub mod mkv;
pub mod monkeys;
pub mod mp3;
pub mod mp4;
pub mod mpegps;
pub mod mpegts;
pub mod musepack;
pub mod ogg;
mod pes;
pub mod png;
pub mod real;
mod stamped;
pub mod tiff;
pub mod wav;
pub mod wavpack;
pub mod webp;

/// Mean rate over `duration`; `None` if that is no time at all.
pub(crate) fn bytes_per_sec(len: u64, duration: Duration) -> Option<u64> {
    let nanos = duration.as_nanos();
    let rate = u128::from(len)
        .saturating_mul(1_000_000_000)
        .checked_div(nanos)?;
    u64::try_from(rate).ok()
}

/// Play time of so many samples per channel; `None` for no time at all, a rate of 0, and lengths nobody plays.
pub(crate) fn play_time(samples: u64, rate: u32) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);
    let nanos = (u128::from(samples) * 1_000_000_000).checked_div(u128::from(rate))?;
    u64::try_from(nanos)
        .ok()
        .map(Duration::from_nanos)
        .filter(|d| !d.is_zero() && *d < LONGEST)
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::media::Media;
    use crate::media::reader::{Error, Reader, Source};

    pub(crate) type Read = fn(&mut Reader<'_>, &mut Media) -> Result<(), Error>;

    /// What `read` makes of a file with this content.
    pub(crate) fn parse(read: Read, bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media, outcome)
    }

    /// Every beginning of `bytes`, and `bytes` with every byte in turn set to 00, 7F and FF: must end, and an empty file
    /// must be refused. Only the first KiB of a long file is treated so.
    pub(crate) fn survives(read: Read, bytes: &[u8]) {
        assert!(parse(read, b"").1.is_err());
        for n in 0..bytes.len().min(1024) {
            let _ = parse(read, bytes.get(..n).unwrap_or_default());
            for value in [0, 0x7F, 0xFF] {
                let mut lying = bytes.to_vec();
                if let Some(b) = lying.get_mut(n) {
                    *b = value;
                }
                let _ = parse(read, &lying);
            }
        }
    }
}
