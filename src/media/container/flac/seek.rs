//! Times in FLAC: the seek table (RFC 9639 §8.5), and between its points the numbers that the frames bear (§9.1.5).

use std::time::Duration;

use super::{BLOCKS, STREAMINFO};
use crate::media::reader::{Error, Reader};
use crate::media::seek::{self, Around, Place};
use crate::media::{Media, tag::id3};

const SEEKTABLE: u8 = 3;
/// Bytes of a point: sample, offset, samples.
const POINT_BYTES: u64 = 18;
/// Halvings of the stretch in which the frame is.
const HALVINGS: u32 = 40;
/// Bytes searched for a frame: more than the largest has, of 8 channels of 32 bits.
const FRAME_BYTES: u64 = 2 * 1024 * 1024;
/// Bytes looked at together, and of the longest frame header.
const WINDOW: usize = 4096;
const HEADER_BYTES: usize = 16;

/// What the metadata tell.
#[derive(Default)]
struct Stream {
    /// Samples of every block but the last, where they all have as many.
    block: u64,
    rate: u32,
    /// The first frame.
    start: u64,
}

/// A frame's first sample, and where it is.
#[derive(Clone, Copy)]
struct Frame {
    sample: u64,
    at: u64,
}

/// The places on both sides of `time`.
///
/// # Errors
/// Errors of the reader.
pub(crate) fn around(
    r: &mut Reader<'_>,
    time: Duration,
    _: Duration,
) -> Result<Option<Around>, Error> {
    id3::read(r, &mut Media::default())?;
    if &r.array()? != b"fLaC" {
        return Err(Error::Malformed("FLAC marker"));
    }
    let mut points = None;
    let Some(stream) = Stream::read(r, &mut points)? else {
        return Ok(None);
    };
    let wanted = seek::units(time, stream.rate);
    let mut low = Frame {
        sample: 0,
        at: stream.start,
    };
    let mut high = r.len();
    if let Some(points) = points {
        stream.narrow(points, wanted, (&mut low, &mut high))?;
    }
    stream.search(r, wanted, &mut low, high)?;
    let after = stream.frame(r, low.at + 1, r.len())?;
    let place = |frame: Frame| Place {
        offset: frame.at,
        time: seek::time(frame.sample, stream.rate),
    };
    Ok(Some(Around {
        before: place(low),
        after: after.map(place),
    }))
}

impl Stream {
    /// Goes through the metadata; the reader then stands on the first frame.
    fn read<'a>(
        r: &mut Reader<'a>,
        points: &mut Option<Reader<'a>>,
    ) -> Result<Option<Self>, Error> {
        let mut stream = Self::default();
        for _ in 0..BLOCKS {
            let [kind] = r.array()?;
            let len = r.be_u24()?;
            let mut body = r.sub(u64::from(len))?;
            match kind & 0x7F {
                STREAMINFO => {
                    let (least, most) = (body.be_u16()?, body.be_u16()?);
                    stream.block = if least == most { u64::from(most) } else { 0 };
                    body.skip(6)?;
                    stream.rate = body.be_u24()? >> 4;
                }
                SEEKTABLE => *points = Some(body),
                _ => {}
            }
            if kind & 0x80 != 0 {
                stream.start = r.position();
                return Ok(Some(stream).filter(|stream| stream.rate > 0));
            }
        }
        Ok(None)
    }

    /// The points on both sides; those that lie about their place are found out by the search.
    fn narrow(
        &self,
        mut points: Reader<'_>,
        wanted: u64,
        (low, high): (&mut Frame, &mut u64),
    ) -> Result<(), Error> {
        /// A point without meaning.
        const PLACEHOLDER: u64 = u64::MAX;
        while points.remaining() >= POINT_BYTES {
            let (sample, offset) = (points.be_u64()?, points.be_u64()?);
            points.skip(2)?;
            let at = self.start.saturating_add(offset);
            if sample == PLACEHOLDER || at < low.at || at >= *high {
                continue;
            }
            if sample <= wanted {
                *low = Frame { sample, at };
            } else {
                *high = at;
                break;
            }
        }
        Ok(())
    }

    /// Halves the stretch until the frame is found.
    fn search(
        &self,
        r: &mut Reader<'_>,
        wanted: u64,
        low: &mut Frame,
        mut high: u64,
    ) -> Result<(), Error> {
        for _ in 0..HALVINGS {
            if high.saturating_sub(low.at) <= WINDOW as u64 {
                break;
            }
            let middle = low.at + (high - low.at) / 2;
            match self.frame(r, middle, high)? {
                Some(frame) if frame.sample <= wanted && frame.sample >= low.sample => *low = frame,
                _ => high = middle,
            }
        }
        // What is left is gone along.
        while let Some(frame) = self.frame(r, low.at + 1, high)? {
            if frame.sample > wanted {
                break;
            }
            *low = frame;
        }
        Ok(())
    }

    /// The first frame that starts between `from` and `to`.
    fn frame(&self, r: &mut Reader<'_>, from: u64, to: u64) -> Result<Option<Frame>, Error> {
        let to = to.min(r.len()).min(from.saturating_add(FRAME_BYTES));
        let mut at = from;
        let mut bytes = [0; WINDOW + HEADER_BYTES];
        while at < to {
            r.seek(at)?;
            let block = r.read_some(&mut bytes)?;
            for (place, start) in (at..to).zip(0..WINDOW.min(block.len())) {
                let sample = block.get(start..).and_then(|header| self.sample(header));
                if let Some(sample) = sample {
                    return Ok(Some(Frame { sample, at: place }));
                }
            }
            at += WINDOW as u64;
        }
        Ok(None)
    }

    /// The first sample of the frame whose header `bytes` begin with; `None` if they do not.
    ///
    /// ```text
    /// 1111 1111 1111 100v bbbb rrrr cccc ddd0 | number, 1 to 7 bytes | size of block | rate | CRC-8
    /// ```
    fn sample(&self, bytes: &[u8]) -> Option<u64> {
        let &[0xFF, sync, sizes, coding, ref rest @ ..] = bytes else {
            return None;
        };
        let (block, rate) = (sizes >> 4, sizes & 15);
        if sync & 0xFE != 0xF8 || block == 0 || rate == 15 || coding >> 4 > 10 || coding & 1 != 0 {
            return None;
        }
        let (number, used) = number(rest)?;
        let behind = match block {
            6 => 1,
            7 => 2,
            _ => 0,
        } + match rate {
            12 => 1,
            13 | 14 => 2,
            _ => 0,
        };
        let len = 4 + used + behind;
        if crc8(bytes.get(..len)?) != *bytes.get(len)? {
            return None;
        }
        // Bit 0: numbered by samples, else by frames of one size.
        if sync & 1 == 1 {
            return Some(number);
        }
        number.checked_mul(self.block).filter(|_| self.block > 0)
    }
}

/// A number in the form of UTF-8, which goes up to 36 bits here, and its bytes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let ones = first.leading_ones() as usize;
    let len = match ones {
        0 => return Some((first.into(), 1)),
        2..=7 => ones,
        _ => return None,
    };
    let start = u64::from(first) & (0x7F_u64 >> ones);
    let more = bytes.get(1..len)?;
    let value = more.iter().try_fold(start, |value, byte| {
        (byte & 0xC0 == 0x80).then_some(value << 6 | u64::from(byte & 0x3F))
    });
    Some((value?, len))
}

/// x^8 + x^2 + x + 1 (§9.1.8).
fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ byte, |crc, _| {
            if crc & 0x80 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 7
            }
        })
    })
}
