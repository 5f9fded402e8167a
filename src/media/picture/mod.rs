//! Makes the small pictures that television sets show in their lists: from JPEG, PNG or WebP to the DLNA profiles `JPEG_TN`
//! and `JPEG_SM` (DLNA Guidelines, media format profiles, image class).
//!
//! ```text
//! bytes ─► jpeg · png · webp ─► shrink ─► turn ─► encode
//! ```
//!
//! What comes out is baseline JPEG with a JFIF header, the standard's own Huffman tables and 4:2:0 colours, which every
//! renderer reads. The aspect is kept; nothing is made larger. What is transparent becomes white, as on paper and in
//! browsers, for which such pictures are drawn. Colour profiles are not applied. Of a moving picture nothing is made.
//!
//! Time and memory are bounded by [`limits`], whatever the bytes say: a JPEG or PNG of 12 megapixels takes
//! less than 12 MiB.

use std::cell::Cell;
use std::ops::Range;

use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::reader::{Error, ReadAt};
use crate::limits;
use input::Input;

mod input;
mod jpeg;
mod png;
mod shrink;
mod turn;
mod webp;

/// Quality of what is written, of 100: at this size, losses cannot be seen from a sofa.
const QUALITY: u8 = 85;

/// What a picture is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// DLNA profile `JPEG_TN`: 160 × 160 pixels at most.
    Thumbnail,
    /// DLNA profile `JPEG_SM`: 640 × 480 pixels at most.
    Small,
}

impl Target {
    /// The largest width and height in pixels, both allowed.
    pub fn bounds(self) -> (u32, u32) {
        match self {
            Self::Thumbnail => (160, 160),
            Self::Small => (640, 480),
        }
    }
}

/// Makes a small JPEG of the picture in `span` (bytes) of `source`, turned upright.
///
/// `orientation` is what its Exif data say (Exif 2.3 §4.6.4 A, 1 to 8); any other value counts as 1.
///
/// # Errors
/// [`Error::Unsupported`] if it is none of JPEG, PNG, WebP, or of a rare kind of those; [`Error::Limit`] above
/// [`limits::PICTURE_BYTES`], [`limits::PICTURE_PIXELS`], [`limits::PICTURE_MEMORY`] or [`limits::JPEG_SCANS`];
/// [`Error::Truncated`], [`Error::Malformed`] and [`Error::Io`] as they say.
pub fn scale(
    source: &dyn ReadAt,
    span: Range<u64>,
    to: Target,
    orientation: u8,
) -> Result<Vec<u8>, Error> {
    if span.end.saturating_sub(span.start) > limits::PICTURE_BYTES {
        return Err(Error::Limit);
    }
    let bounds = turn::bounds(to.bounds(), orientation);
    let pixels = read(&Input::new(source, span), &|size| size.fit(bounds))?;
    encode(&turn::upright(pixels, orientation))
}

/// The same of a photograph of `whole` (width and height as stored), made from the small picture in `span` that the
/// camera has put into it. `None` where that would have to be made larger, or is not the same picture: many cameras put
/// photographs of 3:2 between black bars into thumbnails of 4:3.
pub fn scale_thumbnail(
    source: &dyn ReadAt,
    span: Range<u64>,
    whole: (u32, u32),
    to: Target,
    orientation: u8,
) -> Option<Vec<u8>> {
    let (width, height) = whole;
    let whole = Size { width, height }.check().ok()?;
    let bounds = turn::bounds(to.bounds(), orientation);
    let wanted = whole.fit(bounds);
    let suits = |size: Size| {
        // The side that follows from the other one and the aspect of the photograph, to the nearest.
        let height = u64::from(size.width) * u64::from(whole.height);
        let height = (2 * height + u64::from(whole.width)) / (2 * u64::from(whole.width));
        size.width >= wanted.width
            && size.height >= wanted.height
            && u64::from(size.height).abs_diff(height) <= 1
    };
    let found = Cell::new(false);
    let pixels = read(&Input::new(source, span), &|size| {
        found.set(suits(size));
        size.fit((wanted.width, wanted.height))
    });
    let pixels = pixels.ok().filter(|_| found.get())?;
    encode(&turn::upright(pixels, orientation)).ok()
}

/// Reads by what the first bytes are, whatever the name or a tag calls it: many are called wrongly.
fn read(input: &Input<'_>, fit: &dyn Fn(Size) -> Size) -> Result<Pixels, Error> {
    match input.head()? {
        [0xFF, 0xD8, 0xFF, ..] => jpeg::read(input.clone(), fit),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => png::read(input.clone(), fit),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P'] => {
            webp::read(input.clone(), fit)
        }
        _ => Err(Error::Unsupported),
    }
}

fn encode(pixels: &Pixels) -> Result<Vec<u8>, Error> {
    let side = |n: u32| u16::try_from(n).map_err(|_| Error::Limit);
    let (width, height) = (side(pixels.size.width)?, side(pixels.size.height)?);
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::R_4_2_0);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder
        .encode(&pixels.rgb, width, height, ColorType::Rgb)
        .map_err(|_| Error::Malformed("picture"))?;
    Ok(out)
}

/// Width and height in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    width: u32,
    height: u32,
}

impl Size {
    fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Refuses what no picture for people has, and what would cost too much.
    fn check(self) -> Result<Self, Error> {
        if self.width == 0 || self.height == 0 {
            return Err(Error::Malformed("picture size"));
        }
        if self.width.max(self.height) > u32::from(u16::MAX)
            || self.pixels() > limits::PICTURE_PIXELS
        {
            return Err(Error::Limit);
        }
        Ok(self)
    }

    /// The largest size of the same aspect inside `bounds`, but not above this one; at least one pixel each way.
    fn fit(self, (width, height): (u32, u32)) -> Self {
        let (w, h) = (u64::from(self.width), u64::from(self.height));
        if self.width <= width && self.height <= height {
            return self;
        }
        // A side by the other one's ratio, to the nearest.
        let side = |own: u64, bound: u32, other: u64| {
            let exact = (2 * own * u64::from(bound) + other) / (2 * other.max(1));
            u32::try_from(exact).unwrap_or(1).max(1)
        };
        if w * u64::from(height) >= h * u64::from(width) {
            Self {
                width,
                height: side(h, width, w).min(height),
            }
        } else {
            Self {
                width: side(w, height, h).min(width),
                height,
            }
        }
    }
}

/// A picture in memory: red, green and blue of each pixel, row by row.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pixels {
    size: Size,
    rgb: Vec<u8>,
}

/// A colour of so much opacity, laid on white.
fn on_white(colour: u8, opacity: u8) -> u8 {
    let (colour, opacity) = (u32::from(colour), u32::from(opacity));
    let sum = colour * opacity + 255 * (255 - opacity);
    u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests;
