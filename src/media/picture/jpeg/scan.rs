//! The scans of a JPEG: from bits to coefficients (ITU-T T.81 §B.2.3, annexes F.2 and G.2).

use super::frame::{Component, Frame, Process, place, set};
use super::stream::{Stream, Table};
use crate::media::reader::Error;

/// Huffman tables as last defined, DC and AC.
#[derive(Default)]
pub(super) struct Tables {
    pub(super) dc: [Option<Table>; 4],
    pub(super) ac: [Option<Table>; 4],
}

/// What a scan header says.
pub(super) struct Scan {
    parts: Vec<Part>,
    /// Zigzag positions, first and last.
    first: usize,
    last: usize,
    /// The lowest bit told before, 0 if none was; and now.
    high: u8,
    low: u8,
}

/// One component in a scan: its index in the frame, and its tables.
struct Part {
    component: usize,
    dc: usize,
    ac: usize,
}

/// Where in the picture a block is: its component, column and row.
struct At {
    x: u32,
    y: u32,
}

impl Scan {
    /// Reads a scan header behind its marker.
    ///
    /// # Errors
    /// [`Error::Malformed`] if the standard forbids it in this frame.
    pub(super) fn read(stream: &mut Stream<'_>, frame: &Frame) -> Result<Self, Error> {
        const BAD: Error = Error::Malformed("scan header");
        let length = stream.word()?;
        let count = stream.byte()?;
        if !(1..=4).contains(&count) || u32::from(length) != 6 + 2 * u32::from(count) {
            return Err(BAD);
        }
        let mut parts: Vec<Part> = Vec::with_capacity(4);
        for _ in 0..count {
            let id = stream.byte()?;
            let tables = stream.byte()?;
            let found = frame.components.iter().position(|c| c.id == id);
            let component = found.ok_or(BAD)?;
            if parts.iter().any(|p| p.component == component) {
                return Err(BAD);
            }
            parts.push(Part {
                component,
                dc: usize::from(tables >> 4),
                ac: usize::from(tables & 15),
            });
        }
        let (first, last) = (usize::from(stream.byte()?), usize::from(stream.byte()?));
        let bits = stream.byte()?;
        let scan = Self {
            parts,
            first,
            last,
            high: bits >> 4,
            low: bits & 15,
        };
        match frame.process {
            // These four say nothing here, and some encoders leave them so.
            Process::Sequential => Ok(Self {
                first: 0,
                last: 63,
                high: 0,
                low: 0,
                ..scan
            }),
            Process::Progressive if scan.is_legal() => Ok(scan),
            Process::Progressive => Err(BAD),
        }
    }

    /// T.81 §G.1.1.1: DC by itself, AC of one component.
    fn is_legal(&self) -> bool {
        let frequencies = if self.first == 0 {
            self.last == 0
        } else {
            self.first <= self.last && self.last < 64 && self.parts.len() == 1
        };
        frequencies && self.low <= 13 && (self.high == 0 || self.high == self.low + 1)
    }

    /// Whether it tells nothing that is kept, so that its bits need not be read.
    fn is_needless(&self, frame: &Frame) -> bool {
        let n_is_1 = |p: &Part| frame.components.get(p.component).is_some_and(|c| c.n == 1);
        self.first > 0 && self.parts.iter().all(n_is_1)
    }

    /// Gives its components the quantization tables they name, as they are now (§B.2.4.1).
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is no such table.
    pub(super) fn begin(
        &self,
        frame: &mut Frame,
        tables: &[Option<[u16; 64]>; 4],
    ) -> Result<(), Error> {
        for part in &self.parts {
            if let Some(component) = frame.components.get_mut(part.component)
                && component.table.is_none()
            {
                let table = tables.get(usize::from(component.quantization));
                component.table = table.copied().flatten();
                component.table.ok_or(Error::Malformed("scan header"))?;
            }
        }
        Ok(())
    }

    /// Reads the scan's bits into the frame. `restart` is the restart interval in MCUs, 0 for none.
    ///
    /// # Errors
    /// [`Error::Truncated`] if the file ends inside; [`Error::Malformed`].
    pub(super) fn decode(
        &self,
        stream: &mut Stream<'_>,
        frame: &mut Frame,
        tables: &Tables,
        restart: u32,
    ) -> Result<(), Error> {
        if self.is_needless(frame) {
            return Ok(());
        }
        let single = match self.parts.as_slice() {
            [only] => frame.components.get(only.component),
            _ => None,
        };
        // Alone, a component has MCUs of one block, and none beyond the picture (§A.2.2).
        let (across, down) = single.map_or(frame.mcus, |c| c.own);
        let is_single = single.is_some();
        let mut run = 0;
        let mut left = restart;
        reset(frame);
        for (x, y) in (0..down).flat_map(|y| (0..across).map(move |x| (x, y))) {
            if restart > 0 && left == 0 {
                stream.restart()?;
                reset(frame);
                (run, left) = (0, restart);
            }
            left = left.saturating_sub(1);
            for part in &self.parts {
                let component = frame.components.get_mut(part.component);
                let component = component.ok_or(Error::Malformed("scan header"))?;
                let dc = tables.dc.get(part.dc).and_then(Option::as_ref);
                let ac = tables.ac.get(part.ac).and_then(Option::as_ref);
                let mut reader = BlockReader {
                    scan: self,
                    stream,
                    dc,
                    ac,
                    run: &mut run,
                };
                reader.mcu(component, &At { x, y }, is_single)?;
            }
        }
        Ok(())
    }
}

/// At the start of a scan and after a restart, DC values begin at 0 again (§F.1.1.5.1).
fn reset(frame: &mut Frame) {
    frame.components.iter_mut().for_each(|c| c.predictor = 0);
}

/// Reads the blocks of one component in one MCU.
struct BlockReader<'s, 'a> {
    scan: &'s Scan,
    stream: &'s mut Stream<'a>,
    dc: Option<&'s Table>,
    ac: Option<&'s Table>,
    /// Blocks to come that tell nothing more (EOBRUN).
    run: &'s mut u32,
}

impl BlockReader<'_, '_> {
    fn mcu(&mut self, component: &mut Component, mcu: &At, single: bool) -> Result<(), Error> {
        if single {
            return self.block(component, mcu);
        }
        for v in 0..component.v {
            for h in 0..component.h {
                let x = mcu.x * component.h + h;
                let y = mcu.y * component.v + v;
                self.block(component, &At { x, y })?;
            }
        }
        Ok(())
    }

    fn block(&mut self, component: &mut Component, at: &At) -> Result<(), Error> {
        if component.blocks.kept.is_empty() {
            return self.sequential(component, at);
        }
        let index = at.y as usize * component.across as usize + at.x as usize;
        if self.scan.first == 0 {
            return self.dc_only(component, index);
        }
        let n = component.n;
        let area = n * n;
        let kept = component.blocks.kept.chunks_exact_mut(area).nth(index);
        let present = component.blocks.present.get_mut(index);
        let (Some(values), Some(present)) = (kept, present) else {
            return Err(Error::Malformed("scan"));
        };
        let mut kept = Kept { values, present, n };
        if self.scan.high == 0 {
            self.ac_first(&mut kept)
        } else {
            self.ac_refine(&mut kept)
        }
    }

    /// A whole block (§F.2.2).
    fn sequential(&mut self, component: &mut Component, at: &At) -> Result<(), Error> {
        let table = component.table.ok_or(Error::Malformed("scan header"))?;
        let factor = |position: usize| table.get(position).copied().unwrap_or(0);
        let mut block = [0; 64];
        let value = self.dc_value(component)?;
        set(&mut block, 0, 0, value, factor(0));
        let ac = self.ac.ok_or(Error::Malformed("scan header"))?;
        let mut position = 1;
        while position < 64 {
            let symbol = self.stream.symbol(ac)?;
            let (zeros, bits) = (usize::from(symbol >> 4), symbol & 15);
            if bits == 0 && zeros < 15 {
                break;
            }
            position += zeros;
            let value = self.stream.value(bits)?;
            if position > 63 {
                return Err(Error::Malformed("scan"));
            }
            if let Some((row, column)) = place(position, component.n) {
                set(&mut block, row, column, value, factor(position));
            }
            position += 1;
        }
        component.put(at.x, at.y, &block);
        Ok(())
    }

    /// The next DC value (§F.2.2.1).
    fn dc_value(&mut self, component: &mut Component) -> Result<i32, Error> {
        let dc = self.dc.ok_or(Error::Malformed("scan header"))?;
        let bits = self.stream.symbol(dc)?;
        if bits > 11 {
            return Err(Error::Malformed("scan"));
        }
        let difference = self.stream.value(bits)?;
        // A hostile sum stays in 16 bits; a true one has 12.
        component.predictor = (component.predictor + difference).clamp(-32_768, 32_767);
        Ok(component.predictor)
    }

    /// §G.1.2.1: the first bits of the DC value, or one more.
    fn dc_only(&mut self, component: &mut Component, index: usize) -> Result<(), Error> {
        let low = u32::from(self.scan.low);
        let area = component.n * component.n;
        let told = if self.scan.high == 0 {
            self.dc_value(component)? << low
        } else {
            i32::from(self.stream.bit()?) << low
        };
        let slot = component.blocks.kept.get_mut(index * area);
        let slot = slot.ok_or(Error::Malformed("scan"))?;
        *slot = if self.scan.high == 0 {
            narrow(told)
        } else {
            *slot | narrow(told)
        };
        Ok(())
    }

    /// §G.1.2.2: the first bits of some AC values.
    fn ac_first(&mut self, kept: &mut Kept<'_>) -> Result<(), Error> {
        if *self.run > 0 {
            *self.run -= 1;
            return Ok(());
        }
        let ac = self.ac.ok_or(Error::Malformed("scan header"))?;
        let mut position = self.scan.first;
        while position <= self.scan.last {
            let symbol = self.stream.symbol(ac)?;
            let (zeros, bits) = (symbol >> 4, symbol & 15);
            if bits == 0 && zeros < 15 {
                *self.run = self.end_run(zeros)?;
                break;
            }
            position += usize::from(zeros);
            let value = self.stream.value(bits)?;
            if bits > 0 {
                kept.put(position, value << self.scan.low);
            }
            position += 1;
        }
        Ok(())
    }

    /// How many further blocks tell nothing.
    fn end_run(&mut self, bits: u8) -> Result<u32, Error> {
        Ok((1 << bits) - 1 + self.stream.bits(u32::from(bits))?)
    }

    /// §G.1.2.3: one more bit of the AC values that are not zero, and new ones.
    fn ac_refine(&mut self, kept: &mut Kept<'_>) -> Result<(), Error> {
        let mut position = self.scan.first;
        if *self.run > 0 {
            *self.run -= 1;
            return self.refine_until(kept, &mut position, None);
        }
        let ac = self.ac.ok_or(Error::Malformed("scan header"))?;
        while position <= self.scan.last {
            let symbol = self.stream.symbol(ac)?;
            let (zeros, bits) = (symbol >> 4, symbol & 15);
            if bits == 0 && zeros < 15 {
                *self.run = self.end_run(zeros)?;
                return self.refine_until(kept, &mut position, None);
            }
            let value = match bits {
                0 => None,
                1 if self.stream.bit()? => Some(1 << self.scan.low),
                1 => Some(-(1 << self.scan.low)),
                _ => return Err(Error::Malformed("scan")),
            };
            self.refine_until(kept, &mut position, Some(zeros))?;
            if let Some(value) = value {
                kept.put(position, value);
            }
            position += 1;
        }
        Ok(())
    }

    /// Reads a bit for each value present, from `position` on, until so many zeros are passed and one more is reached,
    /// or the end of the scan's frequencies.
    fn refine_until(
        &mut self,
        kept: &mut Kept<'_>,
        position: &mut usize,
        zeros: Option<u8>,
    ) -> Result<(), Error> {
        let mut left = zeros;
        while *position <= self.scan.last {
            if zeros.is_none() && *kept.present >> *position == 0 {
                break;
            }
            if *kept.present >> *position & 1 == 1 {
                if self.stream.bit()? {
                    kept.refine(*position, 1 << self.scan.low);
                }
            } else if left == Some(0) {
                break;
            } else {
                left = left.map(|n| n - 1);
            }
            *position += 1;
        }
        Ok(())
    }
}

/// What is kept of one block.
struct Kept<'k> {
    values: &'k mut [i16],
    present: &'k mut u64,
    n: usize,
}

impl Kept<'_> {
    fn put(&mut self, position: usize, value: i32) {
        if position < 64 {
            *self.present |= 1 << position;
        }
        if let Some(slot) = self.slot(position) {
            *slot = narrow(value);
        }
    }

    /// Adds a bit to a value, away from zero.
    fn refine(&mut self, position: usize, bit: i16) {
        if let Some(slot) = self.slot(position) {
            *slot = slot.saturating_add(if *slot < 0 { -bit } else { bit });
        }
    }

    fn slot(&mut self, position: usize) -> Option<&mut i16> {
        let (row, column) = place(position, self.n)?;
        self.values.get_mut(row * self.n + column)
    }
}

/// Coefficients have 16 bits at most; beyond is hostile, and cut.
fn narrow(value: i32) -> i16 {
    i16::try_from(value.clamp(-32_768, 32_767)).unwrap_or(0)
}
