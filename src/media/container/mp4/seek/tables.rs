//! The sample tables of one track: which sample plays at a time, whether one can start with it, and where it is.

use std::time::Duration;

use super::super::boxes::version_flags;
use super::super::track::Track;
use super::walk;
use crate::media::reader::{Error, Reader};
use crate::media::seek::{self, Place};

/// One track's tables, none of them read yet.
#[derive(Default)]
pub(super) struct Tables<'a> {
    pub(super) id: u32,
    pub(super) handler: [u8; 4],
    /// Units per second.
    pub(super) timescale: u32,
    /// The edit list: pause in the film's units, start in the track's.
    edits: (u64, u64),
    /// `stts`, `ctts`, `stss`, `stsc`, each at its count.
    times: Option<Reader<'a>>,
    shifts: Option<Reader<'a>>,
    keys: Option<Reader<'a>>,
    chunks: Option<Reader<'a>>,
    /// `stsz`, at the size that all samples have.
    sizes: Option<Reader<'a>>,
    /// `stco`, or `co64` if true.
    offsets: Option<(Reader<'a>, bool)>,
    /// `trex`
    pub(super) default_flags: u32,
}

/// A sample by its number, from 0, and the time it is shown, in track units.
#[derive(Clone, Copy)]
struct Sample {
    number: u64,
    time: u64,
}

impl<'a> Tables<'a> {
    /// Finds the tables in the payload of `trak`, of which `head` is known.
    pub(super) fn read(r: &mut Reader<'a>, head: &Track) -> Self {
        let mut tables = Self {
            id: head.id,
            handler: head.handler,
            timescale: head.timescale,
            ..Self::default()
        };
        // What could be found is used; what is missing is missed when it is needed.
        let _ = tables.trak(r);
        tables
    }

    fn trak(&mut self, r: &mut Reader<'a>) -> Result<(), Error> {
        walk(r, &mut |kind, body| match &kind {
            b"mdia" | b"minf" | b"stbl" | b"edts" => self.trak(body),
            b"elst" => {
                self.edits = super::edits(body)?;
                Ok(())
            }
            b"stts" | b"ctts" | b"stss" | b"stsc" | b"stsz" | b"stco" | b"co64" => {
                version_flags(body)?;
                let table = Some(body.clone());
                match &kind {
                    b"stts" => self.times = table,
                    b"ctts" => self.shifts = table,
                    b"stss" => self.keys = table,
                    b"stsc" => self.chunks = table,
                    b"stsz" => self.sizes = table,
                    _ => self.offsets = table.map(|table| (table, &kind == b"co64")),
                }
                Ok(())
            }
            _ => Ok(()),
        })
    }

    /// Whether the film's header lists samples; else they are in fragments.
    pub(super) fn has_samples(&self) -> bool {
        let count = self.times.clone().map(|mut times| times.be_u32());
        matches!(count, Some(Ok(1..)))
    }

    /// A time of the film in this track's units, as its samples count it.
    pub(super) fn units(&self, time: Duration, film_timescale: u32) -> u64 {
        let (pause, start) = self.edits;
        let shown = time.saturating_sub(seek::time(pause, film_timescale));
        seek::units(shown, self.timescale).saturating_add(start)
    }

    /// The other way round.
    pub(super) fn time(&self, units: u64, film_timescale: u32) -> Duration {
        let (pause, start) = self.edits;
        let shown = seek::time(units.saturating_sub(start), self.timescale);
        shown.saturating_add(seek::time(pause, film_timescale))
    }

    /// The key frames on both sides of `time`; `None` without samples or without offsets.
    pub(super) fn around(
        &self,
        time: Duration,
        film_timescale: u32,
    ) -> Result<Option<(Place, Option<Place>)>, Error> {
        let wanted = self.units(time, film_timescale);
        let (before, after) = match &self.keys {
            Some(keys) => self.key_frames(keys.clone(), wanted)?,
            None => self.samples(wanted)?,
        };
        let place = |sample: Sample| -> Result<Option<Place>, Error> {
            let offset = self.offset(sample.number)?;
            let time = self.time(sample.time, film_timescale);
            Ok(offset.map(|offset| Place { offset, time }))
        };
        // In front of the first key frame there is nothing to go to but the start.
        let before = match before {
            Some(sample) => place(sample)?,
            None => Some(Place::START),
        };
        let after = after.map(place).transpose()?.flatten();
        Ok(before.map(|before| (before, after)))
    }

    /// By `stss`: the last one shown at or before `wanted`, and the next.
    fn key_frames(
        &self,
        mut keys: Reader<'_>,
        wanted: u64,
    ) -> Result<(Option<Sample>, Option<Sample>), Error> {
        let mut times = Runs::new(self.times.clone())?;
        let mut shifts = Runs::new(self.shifts.clone())?;
        let mut before = None;
        for _ in 0..keys.be_u32()? {
            if keys.remaining() < 4 {
                break;
            }
            let number = u64::from(keys.be_u32()?.saturating_sub(1));
            let Some(time) = times.sum(number)? else {
                break;
            };
            let sample = Sample {
                number,
                time: time.saturating_add_signed(shifts.value(number)?.into()),
            };
            if sample.time > wanted {
                return Ok((before, Some(sample)));
            }
            before = Some(sample);
        }
        Ok((before, None))
    }

    /// Where every sample is a key frame, as sound is: by `stts` alone.
    fn samples(&self, wanted: u64) -> Result<(Option<Sample>, Option<Sample>), Error> {
        let mut times = Runs::new(self.times.clone())?;
        let before = times.find(wanted)?;
        let after = match before {
            Some(Sample { number, .. }) => {
                let number = number.saturating_add(1);
                let time = times.sum(number)?;
                time.map(|time| Sample { number, time })
            }
            None => None,
        };
        Ok((before, after))
    }

    /// Where a sample is in the file: its chunk's offset, and the samples in front of it there.
    fn offset(&self, number: u64) -> Result<Option<u64>, Error> {
        let (Some(chunks), Some((offsets, wide))) = (&self.chunks, &self.offsets) else {
            return Ok(None);
        };
        let Some((chunk, first)) = chunk_of(chunks.clone(), number)? else {
            return Ok(None);
        };
        let mut offsets = offsets.clone();
        let count = u64::from(offsets.be_u32()?);
        if chunk >= count {
            return Ok(None);
        }
        offsets.skip(chunk.saturating_mul(if *wide { 8 } else { 4 }))?;
        let offset = if *wide {
            offsets.be_u64()?
        } else {
            u64::from(offsets.be_u32()?)
        };
        Ok(Some(offset.saturating_add(self.bytes(first, number)?)))
    }

    /// Bytes of the samples from `first` up to, but without, `end`.
    fn bytes(&self, first: u64, end: u64) -> Result<u64, Error> {
        let Some(mut sizes) = self.sizes.clone() else {
            return Ok(0);
        };
        let every = u64::from(sizes.be_u32()?);
        if every > 0 {
            return Ok(every.saturating_mul(end.saturating_sub(first)));
        }
        sizes.skip(4)?;
        sizes.skip(first.saturating_mul(4))?;
        let mut sum = 0_u64;
        for _ in first..end {
            sum = sum.saturating_add(sizes.be_u32()?.into());
        }
        Ok(sum)
    }
}

/// By `stsc` (§8.7.4): the chunk of a sample, from 0, and the chunk's first sample.
fn chunk_of(mut r: Reader<'_>, number: u64) -> Result<Option<(u64, u64)>, Error> {
    let entries = r.be_u32()?;
    let mut sample = 0_u64;
    let mut entry: Option<(u64, u64)> = None;
    for _ in 0..entries {
        if r.remaining() < 12 {
            break;
        }
        let (first, each) = (u64::from(r.be_u32()?), u64::from(r.be_u32()?));
        r.skip(4)?;
        if let Some((from, each)) = entry {
            let chunks = first.saturating_sub(from);
            let samples = chunks.saturating_mul(each);
            if number < sample.saturating_add(samples) {
                break;
            }
            sample = sample.saturating_add(samples);
        }
        entry = Some((first, each));
    }
    let Some((first, each)) = entry else {
        return Ok(None);
    };
    let whole = number.saturating_sub(sample).checked_div(each);
    let whole = whole.ok_or(Error::Malformed("stsc: empty chunk"))?;
    let chunk = first.saturating_sub(1).saturating_add(whole);
    Ok(Some((
        chunk,
        sample.saturating_add(whole.saturating_mul(each)),
    )))
}

/// A table of runs, `count` samples with one `value` each, gone along once.
struct Runs<'a> {
    r: Option<Reader<'a>>,
    /// Entries behind this one.
    left: u32,
    /// The first sample of this run, and the sum of the values before it.
    first: u64,
    sum: u64,
    count: u64,
    value: u32,
}

impl<'a> Runs<'a> {
    fn new(mut r: Option<Reader<'a>>) -> Result<Self, Error> {
        let left = r.as_mut().map_or(Ok(0), Reader::be_u32)?;
        Ok(Self {
            r,
            left,
            first: 0,
            sum: 0,
            count: 0,
            value: 0,
        })
    }

    /// The next run; false at the end.
    fn next(&mut self) -> Result<bool, Error> {
        let Some(r) = self
            .r
            .as_mut()
            .filter(|r| self.left > 0 && r.remaining() >= 8)
        else {
            return Ok(false);
        };
        self.left -= 1;
        self.sum = self
            .sum
            .saturating_add(self.count.saturating_mul(self.value.into()));
        self.first = self.first.saturating_add(self.count);
        (self.count, self.value) = (r.be_u32()?.into(), r.be_u32()?);
        Ok(true)
    }

    /// Goes on to the run that has the sample; false behind the last one. Samples are asked for in rising order.
    fn go_to(&mut self, number: u64) -> Result<bool, Error> {
        while number >= self.first.saturating_add(self.count) {
            if !self.next()? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The sum of the values of all samples in front of `number`: the time at which that one starts.
    fn sum(&mut self, number: u64) -> Result<Option<u64>, Error> {
        if !self.go_to(number)? {
            return Ok(None);
        }
        let samples = number.saturating_sub(self.first);
        Ok(Some(
            self.sum
                .saturating_add(samples.saturating_mul(self.value.into())),
        ))
    }

    /// The sample's own value as a signed one, as writers of both versions of `ctts` mean it; 0 without a table.
    fn value(&mut self, number: u64) -> Result<i32, Error> {
        Ok(if self.go_to(number)? {
            self.value.cast_signed()
        } else {
            0
        })
    }

    /// The last sample that starts at or before `wanted`.
    fn find(&mut self, wanted: u64) -> Result<Option<Sample>, Error> {
        let mut last = None;
        while self.next()? {
            if self.count == 0 {
                continue;
            }
            if self.sum > wanted {
                break;
            }
            let into = wanted
                .saturating_sub(self.sum)
                .checked_div(self.value.into());
            let into = into.unwrap_or(0).min(self.count - 1);
            last = Some(Sample {
                number: self.first.saturating_add(into),
                time: self
                    .sum
                    .saturating_add(into.saturating_mul(self.value.into())),
            });
            if wanted
                < self
                    .sum
                    .saturating_add(self.count.saturating_mul(self.value.into()))
            {
                break;
            }
        }
        Ok(last)
    }
}
