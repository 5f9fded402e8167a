//! The frame of a JPEG (ITU-T T.81 §B.2.2): its components, their blocks and what is kept of them.
//!
//! A picture that will be made smaller is decoded smaller at once. Of each block only the lowest frequencies are kept, as
//! many as samples are wanted of it; of a progressive picture also one bit per frequency, because later scans tell no more
//! than what to do with those that were not zero.

use super::idct::Idct;
use super::stream::Stream;
use crate::limits;
use crate::media::picture::Size;
use crate::media::reader::Error;

/// How scans tell the coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// All coefficients of a block at once (SOF0, SOF1).
    Sequential,
    /// By frequencies and by bits (SOF2).
    Progressive,
}

/// One colour component.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks in one MCU, across and down.
    pub(super) h: u32,
    pub(super) v: u32,
    /// Which quantization table it names.
    pub(super) quantization: u8,
    /// Its quantization table, in zigzag order, once a scan of it has begun.
    pub(super) table: Option<[u16; 64]>,
    /// Samples taken of a block in each direction: 1, 2, 4 or 8.
    pub(super) n: usize,
    /// Blocks across and down, whole MCUs.
    pub(super) across: u32,
    pub(super) down: u32,
    /// Blocks across and down in a scan of this component alone.
    pub(super) own: (u32, u32),
    /// The last DC value.
    pub(super) predictor: i32,
    pub(super) blocks: Blocks,
    /// Samples, row by row.
    pub(super) plane: Vec<u8>,
    idct: Idct,
}

/// The coefficients of a progressive picture, block by block; empty for others.
#[derive(Default)]
pub(super) struct Blocks {
    /// `n` × `n` of each block.
    pub(super) kept: Vec<i16>,
    /// Which of a block's 64 coefficients are not zero, by zigzag position; empty if the first alone is kept.
    pub(super) present: Vec<u64>,
}

/// A picture's frame header, and its planes.
pub(super) struct Frame {
    pub(super) process: Process,
    pub(super) size: Size,
    /// The size it is decoded to.
    pub(super) reduced: Size,
    pub(super) components: Vec<Component>,
    /// MCUs across and down.
    pub(super) mcus: (u32, u32),
    /// The most blocks in one MCU, across and down, and samples taken of a luminance block.
    most: (u32, u32),
    n: u32,
}

/// What the header says of a component.
struct Stated {
    id: u8,
    h: u32,
    v: u32,
    quantization: u8,
}

impl Frame {
    /// Reads the header behind its marker. `fit` tells the size that will be made of a size.
    ///
    /// # Errors
    /// [`Error::Limit`] above [`limits::PICTURE_PIXELS`]; [`Error::Unsupported`] for other than 8 bits and 1, 3 or 4
    /// components; [`Error::Malformed`].
    pub(super) fn read(
        stream: &mut Stream<'_>,
        process: Process,
        fit: &dyn Fn(Size) -> Size,
    ) -> Result<Self, Error> {
        let length = stream.word()?;
        let precision = stream.byte()?;
        let (height, width) = (stream.word()?, stream.word()?);
        let count = stream.byte()?;
        if precision != 8 || !matches!(count, 1 | 3 | 4) {
            return Err(Error::Unsupported);
        }
        // A height of 0 is told later (DNL); nobody makes such files.
        if width == 0 || height == 0 || u32::from(length) != 8 + 3 * u32::from(count) {
            return Err(Error::Malformed("frame header"));
        }
        let size = Size {
            width: u32::from(width),
            height: u32::from(height),
        };
        if size.pixels() > limits::PICTURE_PIXELS {
            return Err(Error::Limit);
        }
        let stated = (0..count)
            .map(|_| Stated::read(stream))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(process, size, &stated, fit(size)))
    }

    fn new(process: Process, size: Size, stated: &[Stated], aim: Size) -> Self {
        let most_h = stated.iter().map(|s| s.h).max().unwrap_or(1);
        let most_v = stated.iter().map(|s| s.v).max().unwrap_or(1);
        let n = samples_of_a_block(size, aim);
        let mcus = (
            size.width.div_ceil(8 * most_h),
            size.height.div_ceil(8 * most_v),
        );
        let mut frame = Self {
            process,
            size,
            reduced: reduce(size, n),
            components: Vec::new(),
            mcus,
            most: (most_h, most_v),
            n,
        };
        frame.components = stated.iter().map(|s| frame.component(s)).collect();
        frame
    }

    fn component(&self, stated: &Stated) -> Component {
        let (most_h, most_v) = self.most;
        // A component of fewer blocks gets more samples of each, so that colours are as sharp as the rest.
        let mut n = self.n;
        while n < 8 && 2 * n * stated.h <= most_h * self.n && 2 * n * stated.v <= most_v * self.n {
            n *= 2;
        }
        let n = n as usize;
        let (across, down) = (self.mcus.0 * stated.h, self.mcus.1 * stated.v);
        let own = |side: u32, blocks: u32, most: u32| (side * blocks).div_ceil(most).div_ceil(8);
        let count = across as usize * down as usize;
        let mut blocks = Blocks::default();
        if self.process == Process::Progressive {
            blocks.kept = vec![0; count * n * n];
            blocks.present = vec![0; if n > 1 { count } else { 0 }];
        }
        Component {
            id: stated.id,
            h: stated.h,
            v: stated.v,
            quantization: stated.quantization,
            table: None,
            n,
            across,
            down,
            own: (
                own(self.size.width, stated.h, most_h),
                own(self.size.height, stated.v, most_v),
            ),
            predictor: 0,
            blocks,
            plane: match self.process {
                Process::Sequential => vec![0; count * n * n],
                Process::Progressive => Vec::new(),
            },
            idct: Idct::new(n),
        }
    }

    /// For each column of the reduced picture, which column of a component's plane it shows; for rows alike.
    pub(super) fn columns(&self, component: &Component) -> Vec<u32> {
        (0..self.reduced.width)
            .map(|x| map(x, component.h, component.n, self.most.0, self.n))
            .collect()
    }

    /// Which row of a component's plane the reduced picture's row `y` shows.
    pub(super) fn row(&self, component: &Component, y: u32) -> u32 {
        map(y, component.v, component.n, self.most.1, self.n)
    }
}

fn map(at: u32, blocks: u32, samples: usize, most: u32, n: u32) -> u32 {
    let samples = u32::try_from(samples).unwrap_or(8);
    at * (blocks * samples) / (most * n)
}

impl Stated {
    fn read(stream: &mut Stream<'_>) -> Result<Self, Error> {
        let id = stream.byte()?;
        let factors = stream.byte()?;
        let quantization = stream.byte()?;
        let (h, v) = (u32::from(factors >> 4), u32::from(factors & 15));
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) || quantization > 3 {
            return Err(Error::Malformed("frame header"));
        }
        Ok(Self {
            id,
            h,
            v,
            quantization,
        })
    }
}

impl Component {
    /// Transforms one block's coefficients, multiplied out, in rows of 8, to its place in the plane.
    pub(super) fn put(&mut self, x: u32, y: u32, block: &[i32; 64]) {
        let stride = self.across as usize * self.n;
        let start = y as usize * self.n * stride + x as usize * self.n;
        if let Some(out) = self.plane.get_mut(start..) {
            self.idct.write(block, out, stride);
        }
    }

    /// Turns the coefficients of all blocks into the plane.
    pub(super) fn finish(&mut self) {
        let Some(table) = self.table else { return };
        let blocks = std::mem::take(&mut self.blocks);
        let area = self.n * self.n;
        self.plane = vec![0; blocks.kept.len()];
        let (across, down) = (self.across, self.down);
        let places = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
        for ((x, y), kept) in places.zip(blocks.kept.chunks_exact(area)) {
            let mut block = [0; 64];
            for (position, factor) in (0..).zip(table) {
                if let Some((row, column)) = place(position, self.n) {
                    let value = kept.get(row * self.n + column).copied().unwrap_or(0);
                    set(&mut block, row, column, i32::from(value), factor);
                }
            }
            self.put(x, y, &block);
        }
    }
}

/// Puts a coefficient, multiplied by its quantization factor, into a block.
pub(super) fn set(block: &mut [i32; 64], row: usize, column: usize, value: i32, factor: u16) {
    if let Some(slot) = block.get_mut(row * 8 + column) {
        *slot = value.saturating_mul(i32::from(factor));
    }
}

/// The row and column of a zigzag position (T.81 figure 5), if they are among the first `n`.
pub(super) fn place(position: usize, n: usize) -> Option<(usize, usize)> {
    let at = usize::from(*ZIGZAG.get(position)?);
    let (row, column) = (at / 8, at % 8);
    (row < n && column < n).then_some((row, column))
}

/// Zigzag position to row · 8 + column (T.81 figure 5).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// The fewest samples of a block that still give `aim` or more.
fn samples_of_a_block(size: Size, aim: Size) -> u32 {
    let enough = |n: &u32| {
        let reduced = reduce(size, *n);
        reduced.width >= aim.width && reduced.height >= aim.height
    };
    [1, 2, 4].into_iter().find(enough).unwrap_or(8)
}

fn reduce(size: Size, n: u32) -> Size {
    Size {
        width: (size.width * n).div_ceil(8),
        height: (size.height * n).div_ceil(8),
    }
}
