//! Pages, and packets spread over them (RFC 3533 §6). Checksums are not verified: a page is known by its place behind
//! another, or by a header that makes sense.

use crate::media::reader::{Error, Reader};
use crate::media::tag::vorbis::Bytes;

/// What every page starts with.
pub(super) const CAPTURE: &[u8; 4] = b"OggS";
/// Bytes of a page at most: 27 of header, 255 of table, 255 times 255 of body.
pub(super) const PAGE_BYTES: u64 = 27 + 255 + 255 * 255;

/// One page's header.
///
/// ```text
/// 0      4         5       6         14       18         22    26       27
/// | OggS | version | flags | granule | serial | sequence | CRC | count | table: a length for each segment
/// ```
#[derive(Clone)]
pub(super) struct Page {
    flags: u8,
    /// Where the last packet that ends here is in time; its meaning is the codec's. `None`: none ends here.
    pub(super) granule: Option<u64>,
    pub(super) serial: u32,
    table: [u8; 255],
    segments: usize,
}

impl Page {
    /// Reads the header at `r` and leaves `r` at the body.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none; errors of the reader.
    pub(super) fn read(r: &mut Reader<'_>) -> Result<Self, Error> {
        let [capture @ .., version, flags] = r.array::<6>()?;
        if &capture != CAPTURE || version != 0 || flags > 7 {
            return Err(Error::Malformed("Ogg page"));
        }
        let granule = r.le_u64()?;
        let serial = r.le_u32()?;
        r.skip(8)?;
        let segments = usize::from(r.byte()?);
        let mut table = [0; 255];
        if let Some(used) = table.get_mut(..segments) {
            r.read_exact(used)?;
        }
        Ok(Self {
            flags,
            granule: (granule != u64::MAX).then_some(granule),
            serial,
            table,
            segments,
        })
    }

    fn lengths(&self) -> &[u8] {
        self.table.get(..self.segments).unwrap_or_default()
    }

    /// The first of its stream.
    pub(super) fn begins(&self) -> bool {
        self.flags & 2 != 0
    }

    /// Starts with the rest of a packet.
    fn continues(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Bytes of the body.
    pub(super) fn body_len(&self) -> u64 {
        self.lengths().iter().map(|l| u64::from(*l)).sum()
    }

    /// Packets that end here.
    pub(super) fn packets(&self) -> u64 {
        self.lengths().iter().map(|l| u64::from(*l < 255)).sum()
    }
}

/// Goes to the next page that starts at `r` or behind it, within `bytes`; `false` if there is none.
///
/// # Errors
/// Of the reader.
pub(super) fn seek_page(r: &mut Reader<'_>, bytes: u64) -> Result<bool, Error> {
    const BLOCK: usize = 2048;
    let last = r.position().saturating_add(bytes);
    let mut block = [0; BLOCK];
    while r.remaining() >= 27 && r.position() < last {
        let at = r.position();
        let read = r.read_some(&mut block)?;
        for (position, window) in (at..).zip(read.windows(4)) {
            if window != CAPTURE {
                continue;
            }
            r.seek(position)?;
            match Page::read(&mut r.clone()) {
                Ok(_) => return Ok(true),
                Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
                Err(_) => {}
            }
        }
        // The last three bytes may start a page that goes on in the next block.
        let len = u64::try_from(read.len()).unwrap_or(0);
        r.seek(at + len.saturating_sub(3).max(1))?;
    }
    Ok(false)
}

/// One packet of one stream; pages of other streams in between are passed over.
pub(super) struct Packet<'r, 'a> {
    r: &'r mut Reader<'a>,
    page: Page,
    /// Segments of `page` that have been taken.
    taken: usize,
    /// Bytes from here on that belong to the packet.
    left: u64,
    /// No more will follow.
    complete: bool,
}

impl<'r, 'a> Packet<'r, 'a> {
    /// The packet that starts the first page of stream `serial` at or behind `r`.
    ///
    /// # Errors
    /// [`Error::Malformed`] if it is only the rest of a packet; errors of the reader.
    pub(super) fn open(r: &'r mut Reader<'a>, serial: u32) -> Result<Self, Error> {
        let page = page_of(r, serial)?;
        if page.continues() {
            return Err(Error::Malformed("Ogg packet"));
        }
        let mut packet = Self {
            r,
            page,
            taken: 0,
            left: 0,
            complete: false,
        };
        packet.take_segments();
        Ok(packet)
    }

    /// Goes to the packet behind this one.
    ///
    /// # Errors
    /// As [`Packet::open`].
    pub(super) fn next(&mut self) -> Result<(), Error> {
        while self.left > 0 || !self.complete {
            let left = self.available()?;
            self.r.skip(left)?;
            self.left = 0;
        }
        self.complete = false;
        if self.taken == self.page.segments {
            self.page = page_of(self.r, self.page.serial)?;
            if self.page.continues() {
                return Err(Error::Malformed("Ogg packet"));
            }
            self.taken = 0;
        }
        self.take_segments();
        Ok(())
    }

    /// The segments up to the end of the packet or of the page.
    fn take_segments(&mut self) {
        for len in self.page.lengths().iter().skip(self.taken) {
            self.taken += 1;
            self.left += u64::from(*len);
            if *len < 255 {
                self.complete = true;
                break;
            }
        }
    }

    /// Bytes that can be had from this page, at least one.
    fn available(&mut self) -> Result<u64, Error> {
        while self.left == 0 {
            if self.complete {
                return Err(Error::Truncated);
            }
            self.page = page_of(self.r, self.page.serial)?;
            if !self.page.continues() {
                return Err(Error::Malformed("Ogg packet"));
            }
            self.taken = 0;
            self.take_segments();
        }
        Ok(self.left)
    }
}

impl Bytes for Packet<'_, '_> {
    fn read_exact(&mut self, mut out: &mut [u8]) -> Result<(), Error> {
        while !out.is_empty() {
            let left = usize::try_from(self.available()?).unwrap_or(usize::MAX);
            let (now, later) = out.split_at_mut(left.min(out.len()));
            self.r.read_exact(now)?;
            self.left -= u64::try_from(now.len()).unwrap_or(self.left);
            out = later;
        }
        Ok(())
    }

    fn place(&mut self) -> Option<u64> {
        self.available().ok()?;
        Some(self.r.offset())
    }

    fn skip(&mut self, mut n: u64) -> Result<(), Error> {
        while n > 0 {
            let now = self.available()?.min(n);
            self.r.skip(now)?;
            self.left -= now;
            n -= now;
        }
        Ok(())
    }
}

/// The next page of stream `serial`.
fn page_of(r: &mut Reader<'_>, serial: u32) -> Result<Page, Error> {
    loop {
        let page = Page::read(r)?;
        if page.serial == serial {
            return Ok(page);
        }
        r.skip(page.body_len())?;
    }
}
