//! `trak`: one track's header, time scale, kind and first sample description (ISO/IEC 14496-12 §8.3 to §8.5).

use super::boxes::{FourCc, each_box, time_field, version_flags};
use super::sample_entry::{self, SampleEntry};
use crate::media::codec::Language;
use crate::media::reader::{Error, Reader};

/// What one track tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Track {
    /// `track_ID`.
    pub(super) id: u32,
    /// Units per second of the track's own times; 0 when not told.
    pub(super) timescale: u32,
    /// Length in those units.
    pub(super) duration: Option<u64>,
    /// `vide`, `soun`, `text` ...
    pub(super) handler: FourCc,
    /// The picture is shown turned by a quarter.
    pub(super) quarter_turned: bool,
    /// The language spoken or written.
    pub(super) language: Language,
    /// One sample's time in track units, when all have the same.
    pub(super) sample: Option<u32>,
    /// The film's header lists samples of its own, before those of fragments.
    pub(super) has_samples: bool,
    /// Where in the file the first samples lie.
    pub(super) first_chunk: Option<u64>,
    /// First sample description.
    pub(super) entry: SampleEntry,
    /// Sum of the fragments' runs, in track units.
    pub(super) fragments: u64,
    /// Decode time of the first fragment seen, in track units.
    pub(super) first_time: Option<u64>,
    /// Where the last fragment seen ends, likewise.
    pub(super) end_time: Option<u64>,
    /// `default_sample_duration` of `trex`.
    pub(super) fragment_sample: u32,
}

impl Track {
    /// What the fragments add up to, with the samples before them; `None` without fragments.
    pub(super) fn whole(&self) -> Option<u64> {
        let before = self.duration.filter(|_| self.has_samples).unwrap_or(0);
        let fragments = Some(self.fragments).filter(|units| *units > 0)?;
        Some(fragments.saturating_add(before))
    }
}

/// Reads the payload of `trak` into `track`, as far as it goes.
pub(super) fn read(r: &mut Reader<'_>, track: &mut Track) -> Result<(), Error> {
    each_box(r, |kind, body| match &kind {
        b"tkhd" => tkhd(body, track),
        b"mdia" => mdia(body, track),
        _ => Ok(()),
    })
}

/// Track header (§8.3.2).
///
/// ```text
/// version 0: 4 version+flags | 4 created | 4 modified | 4 track_ID | 4 reserved | 4 duration
/// version 1: 4               | 8         | 8          | 4          | 4          | 8
/// then:      8 reserved | 2 layer | 2 group | 2 volume | 2 reserved | 36 matrix | 4 width | 4 height
/// ```
fn tkhd(r: &mut Reader<'_>, track: &mut Track) -> Result<(), Error> {
    let (version, _) = version_flags(r)?;
    r.skip(if version == 0 { 8 } else { 16 })?;
    track.id = r.be_u32()?;
    r.skip(if version == 0 { 8 } else { 12 })?;
    r.skip(16)?;
    // a b u / c d v / x y w (§6.2.2): with a and d zero, x and y change places.
    let first = r.be_u32()?;
    let across = [r.be_u32()?, r.be_u32()?, r.be_u32()?];
    let last = r.be_u32()?;
    let [from_y, _, from_x] = across;
    track.quarter_turned = first == 0 && last == 0 && from_y != 0 && from_x != 0;
    Ok(())
}

fn mdia(r: &mut Reader<'_>, track: &mut Track) -> Result<(), Error> {
    each_box(r, |kind, body| match &kind {
        b"mdhd" => mdhd(body, track),
        b"hdlr" => hdlr(body, track),
        b"minf" => each_box(body, |kind, body| match &kind {
            b"stbl" => stbl(body, track),
            _ => Ok(()),
        }),
        _ => Ok(()),
    })
}

/// Media header (§8.4.2).
fn mdhd(r: &mut Reader<'_>, track: &mut Track) -> Result<(), Error> {
    let (version, _) = version_flags(r)?;
    r.skip(if version == 0 { 8 } else { 16 })?;
    track.timescale = r.be_u32()?;
    track.duration = time_field(r, version)?;
    let language = r.be_u16()?;
    // QuickTime numbers its languages below 0x400; they come out as unknown.
    track.language = Language::from_packed(language);
    Ok(())
}

/// Handler (§8.4.3). QuickTime puts `mhlr` where ISO has zeros.
fn hdlr(r: &mut Reader<'_>, track: &mut Track) -> Result<(), Error> {
    r.skip(8)?;
    track.handler = r.array()?;
    Ok(())
}

fn stbl(r: &mut Reader<'_>, track: &mut Track) -> Result<(), Error> {
    let handler = track.handler;
    each_box(r, |kind, body| match &kind {
        b"stsd" => sample_entry::read(body, handler, &mut track.entry),
        b"stts" => {
            let mut runs = body.clone();
            runs.skip(4)?;
            track.has_samples = runs.be_u32()? > 0;
            if &handler == b"vide" {
                track.sample = stts(body)?;
            }
            Ok(())
        }
        b"stco" | b"co64" => {
            track.first_chunk = first_chunk(body, &kind == b"co64")?;
            Ok(())
        }
        _ => Ok(()),
    })
}

/// Chunk offsets (§8.7.5): the first.
fn first_chunk(r: &mut Reader<'_>, is_wide: bool) -> Result<Option<u64>, Error> {
    version_flags(r)?;
    if r.be_u32()? == 0 {
        return Ok(None);
    }
    let offset = if is_wide {
        r.be_u64()?
    } else {
        r.be_u32()?.into()
    };
    Ok(Some(offset))
}

/// Time to sample (§8.6.1.2): the time of one, if it is the same for all but the last ones.
fn stts(r: &mut Reader<'_>) -> Result<Option<u32>, Error> {
    version_flags(r)?;
    let runs = r.be_u32()?;
    if !(1..=2).contains(&runs) || r.remaining() < 8 {
        return Ok(None);
    }
    let (count, time) = (r.be_u32()?, r.be_u32()?);
    let others = if runs == 2 && r.remaining() >= 8 {
        r.be_u32()?
    } else {
        0
    };
    Ok((time > 0 && count > 1 && others <= count / 20 + 1).then_some(time))
}
