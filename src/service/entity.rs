//! Sending bytes that a renderer plays or shows: preconditions, ranges and the DLNA fields
//! (DLNA Guidelines part 1-1, §7.5.4.3), the same for films, covers and converted subtitles.

use std::{
    fmt::{Display, Write as _},
    time::Duration,
};

use super::{Body, ByteRanges, FileBody, Request, Response, media::TimeSeek};
use crate::{
    media::{Class, seek::Stretch},
    wire::{
        date::HttpDate,
        http::{
            precondition::{self, Etag, Outcome, Validators},
            range::{self, ContentRange, Selection, Span},
            request::Fields,
            response::{Head, Status},
        },
        npt::{self, Seconds},
    },
};

/// What is sent.
pub(super) struct Entity<F> {
    /// Decides the transfer mode.
    pub(super) class: Class,
    /// Its media type.
    pub(super) mime: &'static str,
    /// The fourth field of its protocolInfo.
    pub(super) features: F,
    /// Its length, and what makes it the same one as yesterday.
    pub(super) facts: FileFacts,
    /// Where its bytes are.
    pub(super) bytes: Bytes,
    /// Where its subtitles are, for who asks.
    pub(super) caption_url: Option<String>,
    /// The time from which it is wanted, where that is asked for and can be looked up.
    pub(super) time: Option<TimeSeek>,
    /// Its play time.
    pub(super) duration: Option<Duration>,
}

/// Where an entity's bytes are.
pub(super) enum Bytes {
    /// In the opened file, from this offset on.
    File(u64),
    /// Here.
    Here(Vec<u8>),
}

/// What fstat(2) said of the opened file. It, not the catalogue, decides lengths: the file may have changed since
/// it was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Bytes.
    pub len: u64,
    /// Modification time, seconds since 1970.
    pub modified_secs: u64,
    /// The rest of the modification time, nanoseconds.
    pub modified_nanos: u32,
    /// Inode number.
    pub inode: u64,
}

impl FileFacts {
    fn etag(&self) -> Etag {
        Etag {
            size_bytes: self.len,
            modified_unix_nanos: self
                .modified_secs
                .saturating_mul(1_000_000_000)
                .saturating_add(u64::from(self.modified_nanos)),
            inode: self.inode,
        }
    }
}

/// Answers `request` with `entity`, with a part of it, or with why not.
pub(super) fn send<F: Display>(request: &Request<'_>, entity: Entity<F>) -> Response {
    match check_dlna(&request.head.fields, entity.class, entity.time.as_ref()) {
        Ok(mode) => send_in(mode, request, entity),
        Err(status) => Response {
            head: Head::new(status),
            body: Body::Empty,
        },
    }
}

/// Checks the DLNA request fields; the transfer mode to answer in, or the refusal.
fn check_dlna(
    fields: &Fields<'_>,
    class: Class,
    seek: Option<&TimeSeek>,
) -> Result<&'static str, Status> {
    if fields
        .get_content_features
        .is_some_and(|value| value != b"1")
    {
        return Err(Status::BadRequest);
    }
    if let Some(time) = fields.time_seek_range {
        if npt::Range::parse(time).is_none() {
            return Err(Status::BadRequest);
        }
        // Where a Range stands beside it, that is honoured alone.
        match seek {
            _ if fields.range.is_some() => {}
            Some(seek) if seek.wish.start >= seek.whole => {
                return Err(Status::RangeNotSatisfiable);
            }
            Some(TimeSeek { found: Some(_), .. }) => {}
            // The file has no index, or none that is read.
            _ => return Err(Status::NotAcceptable),
        }
    }
    if fields
        .play_speed
        .is_some_and(|speed| !is_normal_speed(speed))
    {
        return Err(Status::NotAcceptable);
    }
    transfer_mode(fields.transfer_mode, class)
}

fn is_normal_speed(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"DLNA.ORG_PS=").unwrap_or(value);
    value == b"1" || value.eq_ignore_ascii_case(b"speed=1")
}

/// Streaming is for audio and video alone, Interactive for pictures and text alone, Background for all
/// (DLNA Guidelines part 1-1, 7.4.49).
fn transfer_mode(asked: Option<&[u8]>, class: Class) -> Result<&'static str, Status> {
    let usual = match class {
        Class::Audio | Class::Video => "Streaming",
        Class::Image | Class::Caption | Class::Playlist => "Interactive",
    };
    let Some(asked) = asked else {
        return Ok(usual);
    };
    let is = |mode: &str| asked.eq_ignore_ascii_case(mode.as_bytes());
    if is(usual) {
        Ok(usual)
    } else if is("Background") {
        Ok("Background")
    } else if is("Streaming") || is("Interactive") {
        Err(Status::NotAcceptable)
    } else {
        Err(Status::BadRequest)
    }
}

fn send_in<F: Display>(mode: &str, request: &Request<'_>, entity: Entity<F>) -> Response {
    let facts = entity.facts;
    let mut etag = heapless::String::<{ Etag::BYTES }>::new();
    // It always fits: that is how the capacity is defined.
    let _ = write!(etag, "{}", facts.etag());
    let validators = Validators {
        etag: &etag,
        modified_unix_secs: facts.modified_secs,
    };
    let fields = &request.head.fields;
    let (status, selection) = match precondition::evaluate(fields, true, &validators) {
        Outcome::Failed => (Status::PreconditionFailed, None),
        Outcome::NotModified => (Status::NotModified, None),
        Outcome::Proceed => match entity.time.and_then(|time| time.found) {
            Some(stretch) => by_time(&stretch, facts.len),
            None => selected(fields, &validators, facts.len),
        },
    };
    let mut head = Head::new(status);
    head.field("ETag", &etag);
    head.field("Last-Modified", HttpDate(facts.modified_secs));
    head.field("Accept-Ranges", "bytes");
    head.field("X-Content-Type-Options", "nosniff");
    let Some(selection) = selection else {
        return Response {
            head,
            body: Body::Empty,
        };
    };
    head.field("transferMode.dlna.org", mode);
    head.field("contentFeatures.dlna.org", &entity.features);
    if fields.real_time_info.is_some() {
        head.field("realTimeInfo.dlna.org", "DLNA.ORG_TLAG=*");
    }
    if let Some(url) = &entity.caption_url {
        head.field("CaptionInfo.sec", url);
        // Some televisions look for their own question.
        head.field("getCaptionInfo.sec", url);
    }
    if let Some(duration) = entity.duration {
        times(&mut head, fields, &entity, duration);
    }
    with_body(head, entity, selection)
}

/// What is told of the play time to who asks for it.
fn times<F>(head: &mut Head, fields: &Fields<'_>, entity: &Entity<F>, duration: Duration) {
    let len = entity.facts.len;
    if fields.get_media_info == Some(b"1") {
        let value = format_args!("SEC_Duration={};", duration.as_millis());
        head.field("MediaInfo.sec", value);
    }
    if fields.get_available_seek_range == Some(b"1") && len > 0 {
        // Mode 1: both ends stand still.
        let (end, last) = (Seconds(duration), len - 1);
        let value = format_args!("1 npt=0.000-{end} bytes=0-{last}");
        head.field("availableSeekRange.dlna.org", value);
    }
    let found = entity.time.and_then(|time| time.found);
    if let Some(Stretch {
        start,
        end,
        from,
        to,
    }) = found
        && start < end.min(len)
    {
        let (from, to, whole) = (Seconds(from), Seconds(to), Seconds(duration));
        let last = end.min(len) - 1;
        let value = format_args!("npt={from}-{to}/{whole} bytes={start}-{last}/{len}");
        head.field("TimeSeekRange.dlna.org", value);
    }
}

/// The bytes of a play time: 206 as for `Range`, with the same words, so that every receiver knows which bytes come.
fn by_time(stretch: &Stretch, len: u64) -> (Status, Option<Selection>) {
    let (start, end) = (stretch.start, stretch.end.min(len));
    if (start, end) == (0, len) {
        return (Status::Ok, Some(Selection::Whole));
    }
    if start >= end {
        // The file has become shorter.
        return (Status::RangeNotSatisfiable, Some(Selection::Unsatisfiable));
    }
    let span = Span { start, end };
    (Status::PartialContent, Some(Selection::One(span)))
}

/// Status and bytes by `Range` and `If-Range`.
fn selected(
    fields: &Fields<'_>,
    validators: &Validators<'_>,
    len: u64,
) -> (Status, Option<Selection>) {
    let selection = match fields.range {
        Some(header) if precondition::range_applies(fields.if_range, validators) => {
            range::resolve(header, len)
        }
        _ => Selection::Whole,
    };
    let status = match selection {
        Selection::Whole => Status::Ok,
        Selection::One(_) | Selection::Many(_) => Status::PartialContent,
        Selection::Unsatisfiable => Status::RangeNotSatisfiable,
    };
    (status, Some(selection))
}

fn with_body<F>(mut head: Head, entity: Entity<F>, selection: Selection) -> Response {
    let len = entity.facts.len;
    let mime = entity.mime;
    let span = match selection {
        Selection::Whole => Span { start: 0, end: len },
        Selection::One(span) => {
            let range = ContentRange {
                span: Some(span),
                len,
            };
            head.field("Content-Range", range);
            span
        }
        Selection::Many(spans) => return multipart(head, entity, spans),
        Selection::Unsatisfiable => {
            head.field("Content-Range", ContentRange { span: None, len });
            return Response {
                head,
                body: Body::Empty,
            };
        }
    };
    head.field("Content-Type", mime);
    let body = match entity.bytes {
        Bytes::File(offset) => Body::File(FileBody::Span(span.behind(offset))),
        Bytes::Here(bytes) => cut(bytes, span.start, span.end),
    };
    Response { head, body }
}

/// The body of a reply whose bytes are at hand, or of a part of them.
fn cut(mut bytes: Vec<u8>, start: u64, end: u64) -> Body {
    let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
    let (start, end) = (place(start), place(end));
    bytes.truncate(end);
    bytes.drain(..start.min(end));
    Body::Bytes(bytes)
}

fn multipart<F>(
    mut head: Head,
    entity: Entity<F>,
    spans: heapless::Vec<Span, { crate::limits::RANGES }>,
) -> Response {
    let parts = ByteRanges {
        boundary: boundary(&entity.facts),
        mime: entity.mime,
        spans,
        len: entity.facts.len,
        offset: match entity.bytes {
            Bytes::File(offset) => offset,
            Bytes::Here(_) => 0,
        },
    };
    head.field("Content-Type", parts.texts().content_type());
    let body = match entity.bytes {
        Bytes::File(_) => Body::File(FileBody::Multipart(Box::new(parts))),
        Bytes::Here(bytes) => Body::Bytes(parts.gather(&bytes)),
    };
    Response { head, body }
}

/// Separates the parts of a multipart reply. Made from what the file is, so that a repeated request gets the same
/// bytes; a file that holds this very line can only confuse whoever asks for ranges around it.
fn boundary(facts: &FileFacts) -> heapless::String<32> {
    let mut text = heapless::String::new();
    let mix = facts.etag().modified_unix_nanos ^ facts.inode.rotate_left(32) ^ facts.len;
    // 5 + 16 bytes always fit.
    let _ = write!(text, "rill-{mix:016x}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfer_modes_fit_their_class() {
        let mode = |asked: &str, class| transfer_mode(Some(asked.as_bytes()), class);
        assert_eq!(transfer_mode(None, Class::Video), Ok("Streaming"));
        assert_eq!(transfer_mode(None, Class::Image), Ok("Interactive"));
        assert_eq!(mode("streaming", Class::Audio), Ok("Streaming"));
        assert_eq!(mode("Background", Class::Image), Ok("Background"));
        assert_eq!(
            mode("Interactive", Class::Video),
            Err(Status::NotAcceptable)
        );
        assert_eq!(mode("Streaming", Class::Image), Err(Status::NotAcceptable));
        assert_eq!(mode("Fast", Class::Video), Err(Status::BadRequest));
        assert_eq!(mode("", Class::Video), Err(Status::BadRequest));
    }

    #[test]
    fn a_cut_stays_inside() {
        let bytes = |body| match body {
            Body::Bytes(bytes) => bytes,
            _ => panic!("bytes were asked for"),
        };
        assert_eq!(bytes(cut(vec![0, 1, 2, 3], 1, 3)), [1, 2]);
        assert_eq!(bytes(cut(vec![0, 1], 0, 99)), [0, 1]);
        assert_eq!(bytes(cut(vec![0, 1], 5, 9)), [0; 0]);
    }
}
