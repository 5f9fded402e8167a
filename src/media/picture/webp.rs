//! Reads WebP (RFC 9649). It must be held whole, hence the limit by memory and not by pixels alone: 7 megapixels where
//! losses are allowed, 4 where not. Moving pictures are not read.

use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};

use image_webp::{DecodingError, WebPDecoder};

use super::input::{Input, io_error};
use super::shrink::Shrink;
use super::{Pixels, Size, on_white};
use crate::limits;
use crate::media::reader::Error;

/// Bytes per two pixels while reading: what the decoder holds, and what it gives.
const LOSSY: u64 = 2 * 3 + 3;
const LOSSY_WITH_ALPHA: u64 = 2 * (4 + 2) + 3;
const LOSSLESS: u64 = 2 * (4 + 4);

/// Reads the WebP and makes of it what `fit` says of its size.
///
/// # Errors
/// [`Error::Limit`] if it is too large; [`Error::Unsupported`] if it moves; [`Error::Truncated`]; [`Error::Malformed`].
pub(super) fn read(input: Input<'_>, fit: &dyn Fn(Size) -> Size) -> Result<Pixels, Error> {
    let stated = stated_sizes(input.clone())?;
    let input = BufReader::with_capacity(16 * 1024, input);
    let mut decoder = WebPDecoder::new(input).map_err(|e| error(&e))?;
    if decoder.is_animated() {
        return Err(Error::Unsupported);
    }
    let (width, height) = decoder.dimensions();
    let size = Size { width, height }.check()?;
    // The decoder believes the picture's own header before it compares it with the file's.
    if stated.iter().any(|s| *s != size) {
        return Err(Error::Malformed("WebP size"));
    }
    let cost = match (decoder.is_lossy(), decoder.has_alpha()) {
        (true, false) => LOSSY,
        (true, true) => LOSSY_WITH_ALPHA,
        (false, _) => LOSSLESS,
    };
    if size.pixels() * cost / 2 > limits::PICTURE_MEMORY {
        return Err(Error::Limit);
    }
    let length = decoder.output_buffer_size().ok_or(Error::Limit)?;
    let mut bytes = vec![0; length];
    decoder.read_image(&mut bytes).map_err(|e| error(&e))?;
    let alpha = decoder.has_alpha();
    drop(decoder);
    Ok(shrunk(&bytes, alpha, size, fit(size)))
}

fn shrunk(bytes: &[u8], alpha: bool, size: Size, to: Size) -> Pixels {
    let mut shrink = Shrink::new(size, to);
    let stride = size.width as usize * if alpha { 4 } else { 3 };
    let mut rgb = Vec::new();
    for (y, row) in (0..).zip(bytes.chunks_exact(stride)) {
        if !alpha {
            shrink.row(y, row);
            continue;
        }
        rgb.clear();
        let pixels = row.as_chunks::<4>().0.iter();
        rgb.extend(pixels.flat_map(|[r, g, b, a]| [r, g, b].map(|v| on_white(*v, *a))));
        shrink.row(y, &rgb);
    }
    Pixels {
        size: to,
        rgb: shrink.finish(),
    }
}

/// The sizes that all lossy pictures in the file state in their own headers (RFC 9649 §2.5; RFC 6386 §9.1).
fn stated_sizes(input: Input<'_>) -> Result<Vec<Size>, Error> {
    /// Chunks looked at: a file has ten at most.
    const CHUNKS: usize = 64;
    let mut input = BufReader::new(input);
    input.seek(SeekFrom::Start(12)).map_err(|e| io_error(&e))?;
    let mut sizes = Vec::new();
    for _ in 0..CHUNKS {
        if input.fill_buf().map_err(|e| io_error(&e))?.is_empty() {
            return Ok(sizes);
        }
        let mut head = [0; 8];
        if input.read_exact(&mut head).is_err() {
            return Ok(sizes);
        }
        let [a, b, c, d, length @ ..] = head;
        let length = u64::from(u32::from_le_bytes(length));
        if [a, b, c, d] == *b"ANMF" {
            return Err(Error::Unsupported);
        }
        let mut used = 0;
        if [a, b, c, d] == *b"VP8 " && length >= 10 {
            let mut frame = [0; 10];
            input.read_exact(&mut frame).map_err(|e| io_error(&e))?;
            let [.., w0, w1, h0, h1] = frame;
            // The upper two bits say how to enlarge it, which nobody does.
            let side = |a, b| u32::from(u16::from_le_bytes([a, b]) & 0x3FFF);
            sizes.push(Size {
                width: side(w0, w1),
                height: side(h0, h1),
            });
            used = 10;
        }
        let rest = i64::try_from(length + length % 2 - used).map_err(|_| Error::Limit)?;
        input.seek_relative(rest).map_err(|e| io_error(&e))?;
    }
    Err(Error::Limit)
}

fn error(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) => io_error(error),
        DecodingError::ImageTooLarge | DecodingError::MemoryLimitExceeded => Error::Limit,
        DecodingError::UnsupportedFeature(_) => Error::Unsupported,
        _ => Error::Malformed("WebP"),
    }
}
