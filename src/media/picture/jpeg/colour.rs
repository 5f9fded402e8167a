//! From the planes of a JPEG to rows of red, green and blue (JFIF 1.02, ITU-T T.871 §7; T.872 §6.5.3 for Adobe's segment).

use super::frame::{Component, Frame};
use crate::media::picture::shrink::Shrink;

/// How a JPEG's components make a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    YCbCr,
    Rgb,
    /// Ink: 255 is full.
    Cmyk,
    /// Ink as Adobe's programs write it: 0 is full.
    InvertedCmyk,
    /// `YCbCr` of the complements of inverted ink, then black.
    Ycck,
}

impl Colours {
    /// By the number of components, their names, and the JFIF and Adobe segments, as others agree.
    pub(super) fn of(components: &[Component], jfif: bool, adobe: Option<u8>) -> Self {
        match components {
            [_] => Self::Grey,
            [_, _, _, _] => match adobe {
                Some(2) => Self::Ycck,
                Some(_) => Self::InvertedCmyk,
                None => Self::Cmyk,
            },
            [a, b, c] if !jfif => match (adobe, [a.id, b.id, c.id]) {
                (Some(0), _) | (None, [b'R', b'G', b'B']) => Self::Rgb,
                _ => Self::YCbCr,
            },
            _ => Self::YCbCr,
        }
    }
}

/// Hands all rows of the reduced picture to `shrink`.
pub(super) fn rows(frame: &Frame, colours: Colours, shrink: &mut Shrink) {
    let columns: Vec<Vec<u32>> = frame.components.iter().map(|c| frame.columns(c)).collect();
    let width = frame.reduced.width as usize;
    let mut samples = vec![[0; 4]; width];
    let mut rgb = vec![0; width * 3];
    for y in 0..frame.reduced.height {
        for (at, (component, columns)) in frame.components.iter().zip(&columns).enumerate() {
            let row = plane_row(component, frame.row(component, y));
            for (pixel, x) in samples.iter_mut().zip(columns) {
                if let (Some(slot), Some(sample)) = (pixel.get_mut(at), row.get(*x as usize)) {
                    *slot = *sample;
                }
            }
        }
        for (pixel, out) in samples.iter().zip(rgb.as_chunks_mut::<3>().0) {
            *out = convert(*pixel, colours);
        }
        shrink.row(y, &rgb);
    }
}

fn plane_row(component: &Component, y: u32) -> &[u8] {
    let stride = component.across as usize * component.n;
    let start = stride * y as usize;
    component
        .plane
        .get(start..start + stride)
        .unwrap_or_default()
}

fn convert(pixel: [u8; 4], colours: Colours) -> [u8; 3] {
    let [a, b, c, k] = pixel;
    let through = |k: u8| move |colour: u8| scale(colour, k);
    match colours {
        Colours::Grey => [a; 3],
        Colours::Rgb => [a, b, c],
        Colours::YCbCr => ycbcr(a, b, c),
        Colours::Cmyk => [255 - a, 255 - b, 255 - c].map(through(255 - k)),
        Colours::InvertedCmyk => [a, b, c].map(through(k)),
        Colours::Ycck => ycbcr(a, b, c).map(|v| 255 - v).map(through(k)),
    }
}

/// `a · b / 255`, rounded.
fn scale(a: u8, b: u8) -> u8 {
    u8::try_from((u32::from(a) * u32::from(b) + 127) / 255).unwrap_or(u8::MAX)
}

/// T.871 §7, in 1/65536.
fn ycbcr(y: u8, cb: u8, cr: u8) -> [u8; 3] {
    let (y, cb, cr) = (i32::from(y), i32::from(cb) - 128, i32::from(cr) - 128);
    let add = |part: i32| {
        let level = y + ((part + 32_768) >> 16);
        u8::try_from(level.clamp(0, 255)).unwrap_or(0)
    };
    [
        add(91_881 * cr),
        add(-22_554 * cb - 46_802 * cr),
        add(116_130 * cb),
    ]
}
