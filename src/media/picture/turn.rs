//! Turns pictures upright by their Exif orientation (Exif 2.3 §4.6.4 A, tag 274).
//!
//! ```text
//!   1        2       3      4         5            6           7          8
//! 888888  888888      88  88      8888888888  88                  88  8888888888
//! 88          88      88  88      88  88      88  88          88  88      88  88
//! 8888      8888    8888  8888    88          8888888888  8888888888          88
//! 88          88      88  88
//! 88          88  888888  888888
//! ```
//! So an F is stored; 1 is upright.

use super::{Pixels, Size};

/// The bounds that a stored picture must keep so that it keeps these when upright.
pub(super) fn bounds((width, height): (u32, u32), orientation: u8) -> (u32, u32) {
    if is_lying(orientation) {
        (height, width)
    } else {
        (width, height)
    }
}

/// The picture as its maker meant it.
pub(super) fn upright(pixels: Pixels, orientation: u8) -> Pixels {
    if !(2..=8).contains(&orientation) {
        return pixels;
    }
    let stored = pixels.size;
    let size = if is_lying(orientation) {
        Size {
            width: stored.height,
            height: stored.width,
        }
    } else {
        stored
    };
    let source = pixels.rgb.as_chunks::<3>().0;
    let mut rgb = Vec::with_capacity(pixels.rgb.len());
    for (x, y) in (0..size.height).flat_map(|y| (0..size.width).map(move |x| (x, y))) {
        let (from_x, from_y) = origin(x, y, stored, orientation);
        let at = from_y as usize * stored.width as usize + from_x as usize;
        rgb.extend_from_slice(source.get(at).unwrap_or(&[0; 3]));
    }
    Pixels { size, rgb }
}

/// Whether rows and columns change places.
fn is_lying(orientation: u8) -> bool {
    (5..=8).contains(&orientation)
}

/// Where the pixel shown at `x`, `y` is stored.
fn origin(x: u32, y: u32, stored: Size, orientation: u8) -> (u32, u32) {
    let from_right = |x: u32| stored.width.saturating_sub(1 + x);
    let from_bottom = |y: u32| stored.height.saturating_sub(1 + y);
    match orientation {
        2 => (from_right(x), y),
        3 => (from_right(x), from_bottom(y)),
        4 => (x, from_bottom(y)),
        5 => (y, x),
        6 => (y, from_bottom(x)),
        7 => (from_right(y), from_bottom(x)),
        8 => (from_right(y), x),
        _ => (x, y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Letters as pixels.
    fn picture(rows: &[&str]) -> Pixels {
        let count = |n: usize| u32::try_from(n).unwrap();
        Pixels {
            size: Size {
                width: count(rows[0].len()),
                height: count(rows.len()),
            },
            rgb: rows.concat().bytes().flat_map(|b| [b, b, b]).collect(),
        }
    }

    #[test]
    fn every_orientation_is_shown_upright() {
        let upright_one = picture(&["ab", "cd", "ef"]);
        for (orientation, stored) in [
            (0, &["ab", "cd", "ef"] as &[&str]),
            (1, &["ab", "cd", "ef"]),
            (2, &["ba", "dc", "fe"]),
            (3, &["fe", "dc", "ba"]),
            (4, &["ef", "cd", "ab"]),
            // Stored rows are columns: row 0 is the left side, its beginning the top.
            (5, &["ace", "bdf"]),
            // Row 0 is the right side, column 0 the top.
            (6, &["bdf", "ace"]),
            // Row 0 is the right side, column 0 the bottom.
            (7, &["fdb", "eca"]),
            // Row 0 is the left side, column 0 the bottom.
            (8, &["eca", "fdb"]),
            (9, &["ab", "cd", "ef"]),
        ] {
            assert_eq!(
                upright(picture(stored), orientation),
                upright_one,
                "{orientation}"
            );
        }
    }
}
