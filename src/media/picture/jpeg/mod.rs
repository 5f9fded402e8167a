//! Reads JPEG (ITU-T T.81): Huffman-coded, 8 bits, sequential and progressive; grey, `YCbCr`, RGB, CMYK and YCCK.
//!
//! Unlike a viewer's decoder this one knows from the start how small the picture will be (`frame`), needs memory by that
//! and not by the picture's own size, and starts no thread. It does not read arithmetic coding, lossless or hierarchical
//! files, nor colour profiles.

mod colour;
mod frame;
mod idct;
mod scan;
mod stream;

use super::input::Input;
use super::shrink::Shrink;
use super::{Pixels, Size};
use crate::limits;
use crate::media::reader::Error;

use colour::Colours;
use frame::{Frame, Process};
use scan::{Scan, Tables};
use stream::{Stream, Table};

/// Reads the JPEG and makes of it what `fit` says of its size.
///
/// # Errors
/// [`Error::Limit`] above [`limits::PICTURE_PIXELS`] or [`limits::JPEG_SCANS`]; [`Error::Unsupported`] for the kinds named
/// above; [`Error::Truncated`] if the file ends before each component has been told once; [`Error::Malformed`].
pub(super) fn read(input: Input<'_>, fit: &dyn Fn(Size) -> Size) -> Result<Pixels, Error> {
    let mut decoder = Decoder {
        stream: Stream::new(input),
        fit,
        frame: None,
        quantization: [None; 4],
        tables: Tables::default(),
        restart: 0,
        scans: 0,
        jfif: false,
        adobe: None,
    };
    decoder.segments()?;
    decoder.finish()
}

struct Decoder<'a> {
    stream: Stream<'a>,
    fit: &'a dyn Fn(Size) -> Size,
    frame: Option<Frame>,
    /// Quantization tables as last defined, in zigzag order.
    quantization: [Option<[u16; 64]>; 4],
    tables: Tables,
    /// MCUs between restarts; 0: none.
    restart: u32,
    scans: u32,
    jfif: bool,
    /// The transform that an Adobe segment names.
    adobe: Option<u8>,
}

impl Decoder<'_> {
    /// Reads all segments up to the end of the image. A file that ends between two scans is taken as ended there.
    fn segments(&mut self) -> Result<(), Error> {
        if self.stream.word()? != 0xFFD8 {
            return Err(Error::Unsupported);
        }
        loop {
            let marker = match self.stream.next_marker() {
                Err(Error::Truncated) if self.is_told() => return Ok(()),
                marker => marker?,
            };
            match marker {
                0xD9 => return Ok(()),
                0xC0 | 0xC1 => self.frame(Process::Sequential)?,
                0xC2 => self.frame(Process::Progressive)?,
                0xC4 => self.huffman()?,
                // Lossless, differential and arithmetic (§B.1.1.3), number of lines, hierarchical.
                0xC3 | 0xC5..=0xCF | 0xDC | 0xDE | 0xDF => return Err(Error::Unsupported),
                0xDA => self.scan()?,
                0xDB => self.quantization()?,
                0xDD => self.restart_interval()?,
                0xE0 | 0xEE => self.application(marker)?,
                // Restart markers behind a scan, and those that stand alone.
                0xD0..=0xD8 | 0x01 => {}
                _ => self.pass_over()?,
            }
        }
    }

    /// Whether each component has had a scan.
    fn is_told(&self) -> bool {
        let frame = self.frame.as_ref();
        frame.is_some_and(|f| f.components.iter().all(|c| c.table.is_some()))
    }

    fn frame(&mut self, process: Process) -> Result<(), Error> {
        if self.frame.is_some() {
            return Err(Error::Malformed("second frame"));
        }
        self.frame = Some(Frame::read(&mut self.stream, process, self.fit)?);
        Ok(())
    }

    fn scan(&mut self) -> Result<(), Error> {
        self.scans += 1;
        if self.scans > limits::JPEG_SCANS {
            return Err(Error::Limit);
        }
        let no_frame = Error::Malformed("scan before frame");
        let frame = self.frame.as_mut().ok_or(no_frame)?;
        let scan = Scan::read(&mut self.stream, frame)?;
        scan.begin(frame, &self.quantization)?;
        scan.decode(&mut self.stream, frame, &self.tables, self.restart)
    }

    /// §B.2.4.1
    fn quantization(&mut self) -> Result<(), Error> {
        let mut left = self.length()?;
        while left > 0 {
            let head = self.stream.byte()?;
            let wide = match head >> 4 {
                0 => 0,
                1 => 1,
                _ => return Err(Error::Malformed("quantization table")),
            };
            let mut table = [0; 64];
            for factor in &mut table {
                *factor = match wide {
                    0 => u16::from(self.stream.byte()?),
                    _ => self.stream.word()?,
                };
            }
            let slot = self.quantization.get_mut(usize::from(head & 15));
            *slot.ok_or(Error::Malformed("quantization table"))? = Some(table);
            let used = left.checked_sub(1 + 64 * (1 + wide));
            left = used.ok_or(Error::Malformed("quantization table"))?;
        }
        Ok(())
    }

    /// §B.2.4.2
    fn huffman(&mut self) -> Result<(), Error> {
        const BAD: Error = Error::Malformed("Huffman table");
        let mut left = self.length()?;
        while left > 0 {
            let head = self.stream.byte()?;
            let table = Table::read(&mut self.stream)?;
            left = left.checked_sub(table.length() + 1).ok_or(BAD)?;
            let class = match head >> 4 {
                0 => &mut self.tables.dc,
                1 => &mut self.tables.ac,
                _ => return Err(BAD),
            };
            *class.get_mut(usize::from(head & 15)).ok_or(BAD)? = Some(table);
        }
        Ok(())
    }

    /// §B.2.4.4
    fn restart_interval(&mut self) -> Result<(), Error> {
        if self.length()? != 2 {
            return Err(Error::Malformed("restart interval"));
        }
        self.restart = u32::from(self.stream.word()?);
        Ok(())
    }

    /// JFIF and Adobe segments tell how colours are coded.
    fn application(&mut self, marker: u8) -> Result<(), Error> {
        let length = self.length()?;
        let mut head = [0; 12];
        let taken = length.min(12);
        for byte in head.iter_mut().take(usize::from(taken)) {
            *byte = self.stream.byte()?;
        }
        match (marker, &head) {
            (0xE0, [b'J', b'F', b'I', b'F', 0, ..]) => self.jfif = true,
            // "Adobe", version, flags, flags, transform.
            (0xEE, [b'A', b'd', b'o', b'b', b'e', .., transform]) if taken == 12 => {
                self.adobe = Some(*transform);
            }
            _ => {}
        }
        self.stream.skip(length - taken)
    }

    fn pass_over(&mut self) -> Result<(), Error> {
        let length = self.length()?;
        self.stream.skip(length)
    }

    /// Bytes of a segment behind its length.
    fn length(&mut self) -> Result<u16, Error> {
        let length = self.stream.word()?;
        length.checked_sub(2).ok_or(Error::Malformed("segment"))
    }

    fn finish(self) -> Result<Pixels, Error> {
        if !self.is_told() {
            return Err(Error::Truncated);
        }
        let mut frame = self.frame.ok_or(Error::Truncated)?;
        if frame.process == Process::Progressive {
            frame
                .components
                .iter_mut()
                .for_each(frame::Component::finish);
        }
        let colours = Colours::of(&frame.components, self.jfif, self.adobe);
        let to = (self.fit)(frame.size);
        let mut shrink = Shrink::new(frame.reduced, to);
        colour::rows(&frame, colours, &mut shrink);
        Ok(Pixels {
            size: to,
            rgb: shrink.finish(),
        })
    }
}

#[cfg(test)]
mod tests;
