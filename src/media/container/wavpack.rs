//! `WavPack`: the header of the first block (`WavPack` 4 & 5 Binary File / Block Format), and APE tags.
//!
//! DSD inside is told as its own unpacker tells it: eight one-bit samples make one, at an eighth of the rate.

use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, tag};

/// Blocks that are looked at for the sound of one moment; 8 hold 16 channels.
const BLOCKS: usize = 16;
/// Sub-blocks of a block that are looked at.
const SUB_BLOCKS: usize = 64;

const MONO: u32 = 1 << 2;
const FINAL: u32 = 1 << 12;
const DSD: u32 = 1 << 31;

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without a block at the start; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut sound = tag::around(r, tag::Native::Ape, media)?;
    let (first, mut body) = block(&mut sound)?;
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::WAVPACK);
    let extra = extra(&mut body)?;
    let rate = match (first.table_rate(), extra.sample_rate) {
        (_, Some(rate)) => Some(rate),
        (Some(rate), None) => rate.checked_shl(u32::from(extra.dsd_shift.unwrap_or(0))),
        (None, None) => None,
    };
    media.sample_rate = rate;
    if first.flags & DSD == 0 {
        media.bits_per_sample = u8::try_from((first.flags & 3) * 8 + 8).ok();
    }
    media.channels = match extra.channels {
        Some(channels) => Some(channels),
        None => all_channels(&first, &mut sound)?,
    };
    media.duration = first.samples.and_then(|samples| play_time(samples, rate?));
    Ok(())
}

struct Block {
    samples: Option<u64>,
    flags: u32,
}

impl Block {
    fn table_rate(&self) -> Option<u32> {
        const RATES: [u32; 15] = [
            6000, 8000, 9600, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
            64_000, 88_200, 96_000, 192_000,
        ];
        let index = usize::try_from((self.flags >> 23) & 15).ok()?;
        RATES.get(index).copied()
    }

    fn channels(&self) -> u8 {
        if self.flags & MONO != 0 { 1 } else { 2 }
    }
}

/// ```text
/// 0      4      8         10           11             12        16      20        24      28    32
/// | wvpk | size | version | index high | samples high | samples | index | samples | flags | CRC | sub-blocks
/// ```
/// `size` counts from byte 8. The first `samples` are the file's, the second the block's.
fn block<'a>(r: &mut Reader<'a>) -> Result<(Block, Reader<'a>), Error> {
    if &r.array()? != b"wvpk" {
        return Err(Error::Malformed("WavPack block"));
    }
    let size = r.le_u32()?.checked_sub(24);
    let size = size.ok_or(Error::Malformed("WavPack block size"))?;
    r.skip(3)?;
    let high = u64::from(r.byte()?);
    let low = r.le_u32()?;
    r.skip(8)?;
    let flags = r.le_u32()?;
    r.skip(4)?;
    // All ones: unknown. The high byte then means nothing, and a full low word stands for one less.
    let samples = (low != u32::MAX).then(|| ((high << 32) + u64::from(low)).saturating_sub(high));
    let body = r.sub(u64::from(size))?;
    Ok((Block { samples, flags }, body))
}

#[derive(Default)]
struct Extra {
    sample_rate: Option<u32>,
    channels: Option<u8>,
    /// How many doublings the rate of the table takes.
    dsd_shift: Option<u8>,
}

/// Sub-blocks: a byte of kind (bit 7: large, bit 6: odd length), a length in words of one byte or three.
fn extra(r: &mut Reader<'_>) -> Result<Extra, Error> {
    const CHANNEL_INFO: u8 = 0x0D;
    const DSD_BLOCK: u8 = 0x0E;
    const SAMPLE_RATE: u8 = 0x27;
    let mut extra = Extra::default();
    for _ in 0..SUB_BLOCKS {
        if r.remaining() < 2 {
            break;
        }
        let kind = r.byte()?;
        let words = if kind & 0x80 != 0 {
            let [a, b, c] = r.array()?;
            u32::from_le_bytes([a, b, c, 0])
        } else {
            u32::from(r.byte()?)
        };
        let mut body = r.sub(u64::from(words) * 2)?;
        match kind & 0x3F {
            SAMPLE_RATE if body.remaining() >= 3 => {
                let [a, b, c] = body.array()?;
                extra.sample_rate = Some(u32::from_le_bytes([a, b, c, 0])).filter(|rate| *rate > 0);
            }
            // Five bytes of mask mean that the count goes beyond a byte: nothing has so many.
            CHANNEL_INFO if (2..=5).contains(&body.remaining()) => {
                extra.channels = Some(body.byte()?).filter(|n| *n > 0);
            }
            DSD_BLOCK if body.remaining() > 0 => {
                extra.dsd_shift = Some(body.byte()?).filter(|shift| *shift < 16);
            }
            _ => {}
        }
    }
    Ok(extra)
}

/// Several channels are spread over blocks of one or two; the last one is marked.
fn all_channels(first: &Block, r: &mut Reader<'_>) -> Result<Option<u8>, Error> {
    let mut channels = first.channels();
    let mut last = first.flags & FINAL != 0;
    for _ in 0..BLOCKS {
        if last {
            return Ok(Some(channels));
        }
        match block(r) {
            Ok((next, _)) => {
                channels = channels.saturating_add(next.channels());
                last = next.flags & FINAL != 0;
            }
            Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
            Err(_) => break,
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    /// Header of a block with these flags and sub-blocks; 8000 samples in all.
    fn header(flags: u32, sub_blocks: &[u8]) -> Vec<u8> {
        let mut bytes = b"wvpk".to_vec();
        let size = u32::try_from(sub_blocks.len()).unwrap() + 24;
        bytes.extend(size.to_le_bytes());
        bytes.extend(b"\x10\x04\0\0\x40\x1F\0\0\0\0\0\0\0\0\0\0");
        bytes.extend(flags.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(sub_blocks);
        bytes
    }

    #[test]
    fn the_first_block_tells_all() {
        let flags = (1 << 23) | FINAL | MONO | 1;
        let (media, outcome) = parse(read, &header(flags, b""));
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(1)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(8000), Some(1), Some(16))
        );
        survives(
            read,
            &header(flags, b"\x67\x02\x40\x1F\0\0\x0D\x01\x06\x3F"),
        );
    }

    #[test]
    fn odd_rates_and_channels_are_in_sub_blocks_or_further_blocks() {
        let (media, _) = parse(
            read,
            &header(15 << 23, b"\x67\x02\xA0\x0F\0\0\x0D\x01\x06\x3F"),
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.duration),
            (Some(4000), Some(6), Some(Duration::from_secs(2)))
        );
        let three = [header(1 << 23, b""), header(FINAL | MONO, b"")].concat();
        assert_eq!(parse(read, &three).0.channels, Some(3));
        assert_eq!(parse(read, &header(1 << 23, b"")).0.channels, None);
    }

    #[test]
    fn unknown_lengths_and_other_files_give_nothing() {
        let mut bytes = header((1 << 23) | FINAL, b"");
        bytes[12..16].fill(0xFF);
        assert_eq!(parse(read, &bytes).0.duration, None);
        bytes[4..8].fill(0);
        assert!(parse(read, &bytes).1.is_err());
    }
}
