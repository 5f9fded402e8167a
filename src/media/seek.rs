//! Where a time of a film lies in its file: the container's own index, or a search by its time stamps.
//!
//! What is found is a place from which a decoder that knows the file's headers can start: a key frame of a film, any frame of
//! sound. Nothing is kept: the index is read when somebody asks, within [`limits::SEEK_BYTES`].

use std::time::Duration;

use super::container::{adts, asf, avi, flac, mkv, mp3, mp4, mpegps, mpegts, ogg, wav};
use super::mime::Mime;
use super::reader::{Error, ReadAt, Reader, Source};
use crate::limits;

/// A stretch of play time that somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// From here,
    pub start: Duration,
    /// to here; `None`: to the end.
    pub end: Option<Duration>,
}

/// The bytes that play a [`Wish`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The first byte.
    pub start: u64,
    /// The byte behind the last one.
    pub end: u64,
    /// The time that the first byte plays: that of a key frame, at or before the one that was asked for.
    pub from: Duration,
    /// The time that the last byte plays; at or behind the one that was asked for, or that of the whole file.
    pub to: Duration,
}

/// A place in a file where a decoder can start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Bytes from the start of the file.
    pub(crate) offset: u64,
    /// The time that plays there.
    pub(crate) time: Duration,
}

impl Place {
    /// The first byte of the file.
    pub(crate) const START: Self = Self {
        offset: 0,
        time: Duration::ZERO,
    };
}

/// The places on both sides of a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Around {
    /// The last one at or before it.
    pub(crate) before: Place,
    /// The first one behind it; `None`: the end of the file.
    pub(crate) after: Option<Place>,
}

/// Looks for both sides of a time in a file whose whole play time is the second one. `None`: the file has no index that is
/// read.
type Look = fn(&mut Reader<'_>, Duration, Duration) -> Result<Option<Around>, Error>;

static LOOKS: &[(&[Mime], Look)] = &[
    (
        &[
            Mime::MP4,
            Mime::M4A,
            Mime::QUICKTIME,
            Mime::VIDEO_3GPP,
            Mime::VIDEO_3GPP2,
            Mime::AUDIO_3GPP,
        ],
        mp4::seek::around,
    ),
    (
        &[Mime::MATROSKA, Mime::WEBM, Mime::MKA, Mime::AUDIO_WEBM],
        mkv::seek::around,
    ),
    (&[Mime::MPEG_TS, Mime::M2TS], mpegts::seek::around),
    (&[Mime::MPEG_PS], mpegps::seek::around),
    (&[Mime::AVI], avi::seek::around),
    (&[Mime::MPEG_AUDIO, Mime::MP2], mp3::seek::around),
    (&[Mime::FLAC], flac::seek::around),
    (&[Mime::WAV], wav::around),
    (&[Mime::ADTS], adts::around),
    (&[Mime::OGG, Mime::OPUS, Mime::SPEEX], ogg::seek::around),
    (&[Mime::WMA, Mime::WMV, Mime::ASF], asf::seek::around),
];

/// Whether files of this kind can be looked into by time.
pub fn is_possible(mime: Mime) -> bool {
    LOOKS.iter().any(|(mimes, _)| mimes.contains(&mime))
}

/// Finds the bytes of `file`, of `len` bytes and `whole` play time, that play `wish`. `None`: the file has no index, or none
/// that is read, or the wish lies behind its end.
///
/// # Errors
/// The file is damaged where its index is, or reading it would cost more than [`limits::SEEK_BYTES`].
pub fn find(
    mime: Mime,
    file: &dyn ReadAt,
    len: u64,
    whole: Duration,
    wish: Wish,
) -> Result<Option<Stretch>, Error> {
    let Some((_, look)) = LOOKS.iter().find(|(mimes, _)| mimes.contains(&mime)) else {
        return Ok(None);
    };
    let around = |time: Duration| {
        let source = Source::with_budget(file, len, limits::SEEK_BYTES);
        look(&mut Reader::new(&source), time, whole)
    };
    let from = if wish.start.is_zero() {
        Place::START
    } else {
        match around(wish.start)? {
            Some(found) => found.before,
            None => return Ok(None),
        }
    };
    let to = match wish.end.filter(|end| *end < whole) {
        Some(end) => match around(end)? {
            Some(found) => found.after,
            None => return Ok(None),
        },
        None => None,
    };
    // A key frame that stands behind the next one, or behind the end, is no place to go to.
    let to = to.filter(|to| to.offset > from.offset && to.offset < len);
    let stretch = Stretch {
        start: from.offset,
        end: to.map_or(len, |to| to.offset),
        from: from.time.min(wish.start),
        to: to.map_or(whole, |to| {
            to.time.max(wish.end.unwrap_or_default()).min(whole)
        }),
    };
    Ok(Some(stretch).filter(|stretch| stretch.start < stretch.end))
}

// The arithmetic stands here once, for boards pay dearly for it.

/// A time in units of which `rate` make a second, at most 2^32; of a unit that has begun, none.
#[inline(never)]
pub(crate) fn units(time: Duration, rate: u32) -> u64 {
    let rate = u64::from(rate);
    let begun = u64::from(time.subsec_nanos()) * rate / 1_000_000_000;
    time.as_secs().saturating_mul(rate).saturating_add(begun)
}

/// So many units as a time; none where the rate is zero.
#[inline(never)]
pub(crate) fn time(units: u64, rate: u32) -> Duration {
    let rate = u64::from(rate);
    let (Some(secs), Some(rest)) = (units.checked_div(rate), units.checked_rem(rate)) else {
        return Duration::ZERO;
    };
    // Below a second: the number fits 32 bits.
    let nanos = u32::try_from(rest * 1_000_000_000 / rate).unwrap_or(0);
    Duration::new(secs, nanos)
}

/// `part` of `whole`, as the same part of `span`.
#[inline(never)]
pub(crate) fn share(part: u64, whole: u64, span: u64) -> u64 {
    let share = (u128::from(part) * u128::from(span)).checked_div(u128::from(whole));
    let share = share.and_then(|share| u64::try_from(share).ok());
    share.unwrap_or(0).min(span)
}

/// The same of times.
pub(crate) fn proportion(part: Duration, whole: Duration, span: u64) -> u64 {
    share(nanos(part), nanos(whole), span)
}

/// Nanoseconds; no film has more than fit.
pub(crate) fn nanos(time: Duration) -> u64 {
    let nanos = time.as_secs().saturating_mul(1_000_000_000);
    nanos.saturating_add(time.subsec_nanos().into())
}

#[cfg(test)]
#[path = "seek_tests.rs"]
mod tests;
