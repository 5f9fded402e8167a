//! The inverse cosine transform of a block (ITU-T T.81 §A.3.3), also to fewer samples than 8 × 8: then the lowest
//! frequencies alone are used, which gives the picture in 1/2, 1/4 or 1/8 of its size at a fraction of the work.

/// Bits behind the point of [`COSINES`].
const POINT: u32 = 12;
/// cos(m π / 16) / 2 for m = 0 … 8, times 2¹².
const COSINES: [i32; 9] = [2048, 2009, 1892, 1703, 1448, 1138, 784, 400, 0];
/// Coefficients of 8-bit samples stay within ± 1024 and a rounding; larger ones are cut, so that no sum overflows.
const LARGEST: i32 = 2047;

/// Transforms blocks to `n` × `n` samples.
pub(super) struct Idct {
    /// By sample, then by frequency: how much of the frequency the sample has.
    basis: [[i32; 8]; 8],
    n: usize,
}

impl Idct {
    /// `n` is 1, 2, 4 or 8.
    pub(super) fn new(n: usize) -> Self {
        let mut basis = [[0; 8]; 8];
        for (i, row) in basis.iter_mut().enumerate().take(n) {
            for (k, weight) in row.iter_mut().enumerate().take(n) {
                *weight = if k == 0 {
                    cosine(4) // sqrt(1 / 8)
                } else {
                    cosine((2 * i + 1) * k * 8 / n.max(1))
                };
            }
        }
        Self { basis, n }
    }

    /// Writes the samples of a block at the start of `out`, whose rows are `stride` apart. `block` holds 8 coefficients
    /// per row, of which the first `n` of the first `n` rows are used.
    pub(super) fn write(&self, block: &[i32; 64], out: &mut [u8], stride: usize) {
        // Down the columns first, with 3 more bits than samples have.
        let mut columns = [[0_i32; 8]; 8];
        let rows = || block.chunks_exact(8).take(self.n);
        for (weights, row) in self.basis.iter().zip(&mut columns).take(self.n) {
            for (weight, coefficients) in weights.iter().zip(rows()) {
                for (sum, c) in row.iter_mut().zip(coefficients).take(self.n) {
                    *sum += weight * (*c).clamp(-LARGEST, LARGEST);
                }
            }
            for sum in row.iter_mut().take(self.n) {
                *sum = (*sum + (1 << (POINT - 4))) >> (POINT - 3);
            }
        }
        for (row, line) in columns.iter().take(self.n).zip(out.chunks_mut(stride)) {
            for (weights, sample) in self.basis.iter().take(self.n).zip(line) {
                let terms = weights.iter().zip(row).take(self.n);
                let sum: i32 = terms.map(|(w, c)| w * c).sum();
                *sample = to_sample((sum + (1 << (POINT + 2))) >> (POINT + 3));
            }
        }
    }
}

fn to_sample(level: i32) -> u8 {
    u8::try_from((level + 128).clamp(0, 255)).unwrap_or(0)
}

/// cos(m π / 16) / 2, times 2¹².
fn cosine(m: usize) -> i32 {
    let at = |i: usize| COSINES.get(i).copied().unwrap_or(0);
    match m % 32 {
        m @ 0..=8 => at(m),
        m @ 9..=16 => -at(16 - m),
        m @ 17..=24 => -at(m - 16),
        m => at(32 - m),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(n: usize, block: &[i32; 64]) -> Vec<u8> {
        let mut out = vec![0; n * n];
        Idct::new(n).write(block, &mut out, n);
        out
    }

    #[test]
    fn a_block_of_one_level_has_that_level_at_every_size() {
        for level in [-128, -127, -5, 0, 1, 90, 127] {
            let mut block = [0; 64];
            block[0] = level * 8;
            for n in [1, 2, 4, 8] {
                let want = u8::try_from(level + 128).unwrap();
                assert!(samples(n, &block).iter().all(|s| *s == want), "{level} {n}");
            }
        }
    }

    #[test]
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the definition, in floating point"
    )]
    fn samples_are_those_of_the_definition() {
        let mut seed = 1_u32;
        let mut random = move || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            i32::try_from(seed >> 24).unwrap() - 128
        };
        for _ in 0..200 {
            let block: [i32; 64] = std::array::from_fn(|i| if i % 3 == 0 { random() } else { 0 });
            let got = samples(8, &block);
            for (at, got) in got.iter().enumerate() {
                let (y, x) = ((at / 8) as f64, (at % 8) as f64);
                let mut sum = 0.0;
                for (f, c) in block.iter().enumerate() {
                    let (v, u) = ((f / 8) as f64, (f % 8) as f64);
                    let norm = |k: f64| if k == 0.0 { 0.5_f64.sqrt() } else { 1.0 };
                    let wave =
                        |p: f64, k: f64| ((2.0 * p + 1.0) * k * std::f64::consts::PI / 16.0).cos();
                    sum += norm(u) * norm(v) / 4.0 * f64::from(*c) * wave(x, u) * wave(y, v);
                }
                let want = (sum.round() + 128.0).clamp(0.0, 255.0) as i32;
                assert!((i32::from(*got) - want).abs() <= 1, "{at}: {got} {want}");
            }
        }
    }

    #[test]
    fn the_largest_coefficients_overflow_nothing() {
        for value in [i32::MIN, i32::MAX] {
            for n in [1, 2, 4, 8] {
                assert_eq!(samples(n, &[value; 64]).len(), n * n);
            }
        }
    }

    #[test]
    fn a_slope_keeps_its_direction_in_small() {
        let mut block = [0; 64];
        block[1] = -200; // darker at the left
        for n in [2, 4, 8] {
            let row = samples(n, &block);
            assert!(row[0] < row[n - 1], "{n}: {row:?}");
        }
    }
}
