//! Makes a picture smaller by area: each new pixel is the mean of all that it covers, parts of pixels included.

use super::Size;

/// Colours of a pixel: red, green, blue.
const COLOURS: usize = 3;

/// A picture being made smaller. Takes rows in any order, whole or in parts, and holds 12 bytes per new pixel and per
/// column of the source.
pub(super) struct Shrink {
    from: Size,
    to: Size,
    /// 2³² / `from.width`: sums of a row become means, in 1/256 of a colour value.
    per_width: u64,
    /// Where each column of the source falls.
    columns: Vec<Fall>,
    /// What each new pixel has gathered, in 1/256 of a colour value times rows. Not above 255 · 256 · 65535 < 2³².
    sums: Vec<u32>,
    /// The row at hand: colour values times columns.
    row: Vec<u32>,
}

/// Where a source pixel falls: its first new pixel, its share in that one, and in the next. Shares are in units of
/// which one source pixel has as many as there are new pixels, and one new pixel as many as there are source pixels.
struct Fall {
    first: u32,
    share: u32,
    next_share: u32,
}

impl Shrink {
    /// From one size to another that is not larger in either direction.
    pub(super) fn new(from: Size, to: Size) -> Self {
        let to = Size {
            width: to.width.min(from.width),
            height: to.height.min(from.height),
        };
        let row = to.width as usize * COLOURS;
        Self {
            from,
            to,
            per_width: (1 << 32) / u64::from(from.width.max(1)),
            columns: (0..from.width)
                .map(|x| fall(x, from.width, to.width))
                .collect(),
            sums: vec![0; row * to.height as usize],
            row: vec![0; row],
        }
    }

    /// Adds row `y` in whole: `from.width` pixels of red, green and blue.
    pub(super) fn row(&mut self, y: u32, rgb: &[u8]) {
        self.part(y, 0, 1, rgb);
    }

    /// Adds the pixels of row `y` that stand at `x`, `x + step`, `x + 2 step` …
    pub(super) fn part(&mut self, y: u32, x: u32, step: u32, rgb: &[u8]) {
        self.row.fill(0);
        let columns = self.columns.iter().skip(x as usize);
        let columns = columns.step_by(step.max(1) as usize);
        for (fall, pixel) in columns.zip(rgb.chunks_exact(COLOURS)) {
            add(&mut self.row, fall.first, fall.share, pixel);
            if fall.next_share > 0 {
                add(
                    &mut self.row,
                    fall.first.saturating_add(1),
                    fall.next_share,
                    pixel,
                );
            }
        }
        let fall = fall(y, self.from.height, self.to.height);
        self.gather(fall.first, fall.share);
        if fall.next_share > 0 {
            self.gather(fall.first.saturating_add(1), fall.next_share);
        }
    }

    /// Adds the row at hand to new row `y`.
    fn gather(&mut self, y: u32, share: u32) {
        let start = (y as usize).saturating_mul(self.row.len());
        let sums = self.sums.get_mut(start..).unwrap_or_default();
        for (sum, value) in sums.iter_mut().zip(&self.row) {
            let mean = (u64::from(*value) * self.per_width) >> 24;
            *sum = sum.wrapping_add(u32::try_from(mean).unwrap_or(0).wrapping_mul(share));
        }
    }

    /// The new picture's pixels, row by row.
    pub(super) fn finish(self) -> Vec<u8> {
        let rows = self.from.height.max(1);
        let mean = |sum: u32| u8::try_from((sum / rows + 128) >> 8).unwrap_or(u8::MAX);
        self.sums.into_iter().map(mean).collect()
    }
}

/// Where the `at`-th of `from` falls among `to`, which are not more.
fn fall(at: u32, from: u32, to: u32) -> Fall {
    let start = u64::from(at) * u64::from(to);
    let from = u64::from(from.max(1));
    let first = start / from;
    let inside = (from - start % from).min(u64::from(to));
    Fall {
        first: u32::try_from(first).unwrap_or(u32::MAX),
        share: u32::try_from(inside).unwrap_or(0),
        next_share: u32::try_from(u64::from(to) - inside).unwrap_or(0),
    }
}

fn add(row: &mut [u32], at: u32, share: u32, pixel: &[u8]) {
    let start = (at as usize).saturating_mul(COLOURS);
    for (sum, value) in row.iter_mut().skip(start).zip(pixel) {
        *sum = sum.wrapping_add(u32::from(*value).wrapping_mul(share));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(width: u32, height: u32) -> Size {
        Size { width, height }
    }

    /// Grey values as pixels.
    fn grey(values: &[u8]) -> Vec<u8> {
        values.iter().flat_map(|v| [*v; 3]).collect()
    }

    #[test]
    fn a_picture_of_the_same_size_is_unchanged() {
        let mut shrink = Shrink::new(size(3, 2), size(3, 2));
        shrink.row(0, &[0, 1, 2, 3, 4, 5, 6, 7, 8]);
        shrink.row(1, &[255, 254, 253, 128, 127, 126, 99, 98, 97]);
        let all = [
            0, 1, 2, 3, 4, 5, 6, 7, 8, 255, 254, 253, 128, 127, 126, 99, 98, 97,
        ];
        assert_eq!(shrink.finish(), all);
    }

    #[test]
    fn a_new_pixel_is_the_mean_of_what_it_covers() {
        let mut shrink = Shrink::new(size(4, 2), size(2, 1));
        shrink.row(0, &grey(&[10, 20, 100, 100]));
        shrink.row(1, &grey(&[30, 40, 200, 200]));
        assert_eq!(shrink.finish(), grey(&[25, 150]));
    }

    #[test]
    fn parts_of_pixels_count_by_their_share() {
        // Three into two: the middle one is shared.
        let mut shrink = Shrink::new(size(3, 1), size(2, 1));
        shrink.row(0, &grey(&[0, 90, 240]));
        assert_eq!(shrink.finish(), grey(&[30, 190]));
    }

    #[test]
    fn white_stays_white_and_black_black_at_any_size() {
        for (w, h) in [
            (1, 1),
            (7, 5),
            (640, 480),
            (641, 3),
            (65_535, 2),
            (2, 65_535),
        ] {
            for (value, to) in [(255, size(2, 2)), (0, size(3, 1)), (255, size(160, 160))] {
                let mut shrink = Shrink::new(size(w, h), to);
                let row = vec![value; w as usize * 3];
                (0..h).for_each(|y| shrink.row(y, &row));
                assert!(shrink.finish().iter().all(|v| *v == value), "{w} x {h}");
            }
        }
    }

    #[test]
    fn rows_may_come_in_parts_and_in_any_order() {
        let rows = [grey(&[1, 50, 100, 200, 7]), grey(&[90, 80, 70, 60, 50])];
        let mut whole = Shrink::new(size(5, 2), size(2, 1));
        whole.row(0, &rows[0]);
        whole.row(1, &rows[1]);
        let mut parts = Shrink::new(size(5, 2), size(2, 1));
        for (y, row) in rows.iter().enumerate().rev() {
            let pick = |from: usize| {
                let odd = row.chunks(3).skip(from).step_by(2);
                odd.flatten().copied().collect::<Vec<u8>>()
            };
            let y = u32::try_from(y).unwrap();
            parts.part(y, 1, 2, &pick(1));
            parts.part(y, 0, 2, &pick(0));
        }
        let (whole, parts) = (whole.finish(), parts.finish());
        assert!(whole.iter().zip(&parts).all(|(a, b)| a.abs_diff(*b) <= 1));
    }

    #[test]
    fn short_and_surplus_rows_do_no_harm() {
        let mut shrink = Shrink::new(size(4, 4), size(2, 2));
        shrink.row(0, &[1]);
        shrink.row(0, &[200; 300]);
        shrink.row(4_000_000, &[200; 12]);
        assert_eq!(shrink.finish().len(), 12);
    }
}
