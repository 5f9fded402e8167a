//! Reads PNG (ISO/IEC 15948) row by row, so that a large one needs no more memory than a small one. Of an animated one
//! the still picture is taken.

use std::io::BufReader;

use png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Reader, Transformations};

use super::input::{Input, io_error};
use super::shrink::Shrink;
use super::{Pixels, Size, on_white};
use crate::media::reader::Error;

/// Bytes that the decoder may take: two rows of 65535 pixels of 8 bytes, and as much again for chunks.
const MEMORY: usize = 2 * 1024 * 1024;

/// The passes of an interlaced picture (§8.2): first column, first row, step across, step down.
const PASSES: [[u32; 4]; 7] = [
    [0, 0, 8, 8],
    [4, 0, 8, 8],
    [0, 4, 4, 8],
    [2, 0, 4, 4],
    [0, 2, 2, 4],
    [1, 0, 2, 2],
    [0, 1, 1, 2],
];

/// Reads the PNG and makes of it what `fit` says of its size.
///
/// # Errors
/// [`Error::Limit`] if it is too large; [`Error::Truncated`]; [`Error::Malformed`].
pub(super) fn read(input: Input<'_>, fit: &dyn Fn(Size) -> Size) -> Result<Pixels, Error> {
    let limits = Limits { bytes: MEMORY };
    let input = BufReader::with_capacity(16 * 1024, input);
    let mut decoder = Decoder::new_with_limits(input, limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let header = decoder.read_header_info().map_err(|e| error(&e))?;
    let size = Size {
        width: header.width,
        height: header.height,
    };
    let to = fit(size.check()?);
    let mut reader = decoder.read_info().map_err(|e| error(&e))?;
    let (colour, depth) = reader.output_color_type();
    if depth != BitDepth::Eight {
        return Err(Error::Unsupported);
    }
    let mut shrink = Shrink::new(size, to);
    if reader.info().interlaced {
        for pass in PASSES {
            rows(&mut reader, colour, size, pass, &mut shrink)?;
        }
    } else {
        rows(&mut reader, colour, size, [0, 0, 1, 1], &mut shrink)?;
    }
    Ok(Pixels {
        size: to,
        rgb: shrink.finish(),
    })
}

/// Hands the rows of one pass to `shrink`.
fn rows(
    reader: &mut Reader<BufReader<Input<'_>>>,
    colour: ColorType,
    size: Size,
    [x, y, across, down]: [u32; 4],
    shrink: &mut Shrink,
) -> Result<(), Error> {
    // A narrow picture has no pixel in some passes, and then no row (§8.2).
    if x >= size.width {
        return Ok(());
    }
    let mut rgb = Vec::new();
    for y in (y..size.height).step_by(down as usize) {
        let row = reader.next_interlaced_row().map_err(|e| error(&e))?;
        let row = row.ok_or(Error::Truncated)?;
        rgb.clear();
        convert(row.data(), colour, &mut rgb)?;
        shrink.part(y, x, across, &rgb);
    }
    Ok(())
}

fn convert(row: &[u8], colour: ColorType, rgb: &mut Vec<u8>) -> Result<(), Error> {
    match colour {
        ColorType::Rgb => rgb.extend_from_slice(row),
        ColorType::Grayscale => rgb.extend(row.iter().flat_map(|v| [*v; 3])),
        ColorType::GrayscaleAlpha => {
            let pixels = row.as_chunks::<2>().0.iter();
            rgb.extend(pixels.flat_map(|[v, a]| [on_white(*v, *a); 3]));
        }
        ColorType::Rgba => {
            let pixels = row.as_chunks::<4>().0.iter();
            rgb.extend(pixels.flat_map(|[r, g, b, a]| [r, g, b].map(|v| on_white(*v, *a))));
        }
        // The decoder turns palettes into colours.
        ColorType::Indexed => return Err(Error::Unsupported),
    }
    Ok(())
}

fn error(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) => io_error(error),
        DecodingError::LimitsExceeded => Error::Limit,
        _ => Error::Malformed("PNG"),
    }
}
