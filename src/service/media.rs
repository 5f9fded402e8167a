//! Item bytes over HTTP: preconditions, ranges and the DLNA fields (DLNA Guidelines part 1-1, §7.5.4.3).

use std::{fmt::Write as _, sync::Arc};

use super::{Answer, Body, ByteRanges, FileBody, Request, Response, Shared};
use crate::{
    catalogue::{
        object_id::ObjectId,
        snapshot::{Object, Snapshot},
    },
    media::{Class, mime::Mime, profile::Profile},
    wire::{
        http::{
            precondition::{self, Etag, Outcome, Validators},
            range::{self, ContentRange, Selection, Span},
            request::Fields,
            response::{Head, Status},
        },
        protocol_info::ProtocolInfo,
    },
};

/// A file that an answer needs: one object of one snapshot.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where it is listed.
    pub snapshot: Arc<Snapshot>,
    /// Its place there.
    pub index: u32,
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

/// The object id in the last part of a media URL, `0123456789abcdef.mp4`. The extension is for the renderer's eyes
/// only.
pub(super) fn id_of(file: &str) -> Option<ObjectId> {
    let (id, extension) = file.split_once('.')?;
    if extension.is_empty() || !extension.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    ObjectId::parse(id)
}

/// Finds the item called `id`; only what the catalogue lists can be had.
pub(super) fn find(id: ObjectId, shared: &Shared) -> Answer {
    let snapshot = shared.snapshot();
    let index = snapshot
        .find(id)
        .filter(|object| !object.is_container() && !object.is_offline())
        .map(|object| object.number());
    match index {
        Some(index) => Answer::Open(Wanted { snapshot, index }),
        None => Answer::Reply(Response::text(Status::NotFound, "There is no such item.\n")),
    }
}

/// Answers a request for `wanted`, which was opened and is as `facts` say.
pub fn reply(request: &Request<'_>, wanted: &Wanted, facts: &FileFacts) -> Response {
    let Some(object) = wanted.snapshot.object(wanted.index) else {
        return Response::text(Status::NotFound, "There is no such item.\n");
    };
    let item = Item::of(&object);
    let fields = &request.head.fields;
    match check_dlna(fields, item.class) {
        Ok(mode) => send(request, &object, &item, mode, facts),
        Err(status) => Response {
            head: Head::new(status),
            body: Body::Empty,
        },
    }
}

/// The file could not be opened any more.
pub fn gone() -> Response {
    Response::text(Status::NotFound, "The file is not there any more.\n")
}

/// What decides the fields of a media reply.
struct Item {
    class: Class,
    mime: Mime,
    features: heapless::String<160>,
}

impl Item {
    fn of(object: &Object<'_>) -> Self {
        let mime = mime_of(object);
        let class = object.class().unwrap_or(mime.class());
        let mut features = heapless::String::new();
        // A text that does not fit stays cut; the longest possible is 130 bytes.
        let _ = write!(features, "{}", protocol_info(object).features());
        Self {
            class,
            mime,
            features,
        }
    }
}

/// The protocolInfo of an item's own bytes; the same in DIDL-Lite and in `contentFeatures.dlna.org`.
pub(super) fn protocol_info(object: &Object<'_>) -> ProtocolInfo<'static> {
    let mime = mime_of(object);
    let profile = object.profile_code().and_then(Profile::from_code);
    let profile = profile.map(Profile::name);
    match object.class().unwrap_or(mime.class()) {
        Class::Image | Class::Caption | Class::Playlist => {
            ProtocolInfo::image(mime.as_str(), profile)
        }
        Class::Audio | Class::Video => ProtocolInfo::streamed(mime.as_str(), profile),
    }
}

/// The media type of an item. A code that this version does not know can only come from a damaged snapshot.
pub(super) fn mime_of(object: &Object<'_>) -> Mime {
    Mime::from_code(object.mime_code()).unwrap_or(Mime::MP4)
}

/// Checks the DLNA request fields; the transfer mode to answer in, or the refusal.
fn check_dlna(fields: &Fields<'_>, class: Class) -> Result<&'static str, Status> {
    if fields
        .get_content_features
        .is_some_and(|value| value != b"1")
    {
        return Err(Status::BadRequest);
    }
    if let Some(time) = fields.time_seek_range {
        // Time seek is not offered (OP=01). Where a Range stands beside it, that is honoured alone.
        if !is_npt(time) {
            return Err(Status::BadRequest);
        }
        if fields.range.is_none() {
            return Err(Status::NotAcceptable);
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

/// `npt=10.5-`, `npt=0:10:00.5-0:20:00`: only its form is judged.
fn is_npt(value: &[u8]) -> bool {
    let Some((unit, range)) = value.split_at_checked(4) else {
        return false;
    };
    unit.eq_ignore_ascii_case(b"npt=")
        && range.first().is_some_and(u8::is_ascii_digit)
        && range.split(|byte| *byte == b'-').count() == 2
        && range
            .iter()
            .all(|byte| byte.is_ascii_digit() || b".:-".contains(byte))
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

fn send(
    request: &Request<'_>,
    object: &Object<'_>,
    item: &Item,
    mode: &'static str,
    facts: &FileFacts,
) -> Response {
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
        Outcome::Proceed => selected(fields, &validators, facts.len),
    };
    let mut head = Head::new(status);
    head.field("ETag", &etag);
    head.field(
        "Last-Modified",
        crate::wire::date::HttpDate(facts.modified_secs),
    );
    head.field("Accept-Ranges", "bytes");
    let Some(selection) = selection else {
        return Response {
            head,
            body: Body::Empty,
        };
    };
    head.field("transferMode.dlna.org", mode);
    head.field("contentFeatures.dlna.org", &item.features);
    if fields.real_time_info.is_some() {
        head.field("realTimeInfo.dlna.org", "DLNA.ORG_TLAG=*");
    }
    if fields.get_caption_info.is_some_and(|value| value == b"1") {
        caption_field(&mut head, request, object);
    }
    with_body(head, item, selection, facts)
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

fn with_body(mut head: Head, item: &Item, selection: Selection, facts: &FileFacts) -> Response {
    let len = facts.len;
    let mime = item.mime.as_str();
    let body = match selection {
        Selection::Whole => {
            head.field("Content-Type", mime);
            FileBody::Span(Span { start: 0, end: len })
        }
        Selection::One(span) => {
            head.field("Content-Type", mime);
            head.field(
                "Content-Range",
                ContentRange {
                    span: Some(span),
                    len,
                },
            );
            FileBody::Span(span)
        }
        Selection::Many(spans) => {
            let parts = ByteRanges {
                boundary: boundary(facts),
                mime,
                spans,
                len,
            };
            head.field("Content-Type", parts.texts().content_type());
            FileBody::Multipart(Box::new(parts))
        }
        Selection::Unsatisfiable => {
            head.field("Content-Range", ContentRange { span: None, len });
            return Response {
                head,
                body: Body::Empty,
            };
        }
    };
    Response {
        head,
        body: Body::File(body),
    }
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

/// `CaptionInfo.sec`, by which Samsung televisions find subtitles: the absolute URL of the first `.srt`.
fn caption_field(head: &mut Head, request: &Request<'_>, object: &Object<'_>) {
    let srt = object
        .captions()
        .find(|caption| mime_of(caption).extension() == "srt");
    if let Some(caption) = srt {
        head.field(
            "CaptionInfo.sec",
            format_args!("http://{}/media/{}.srt", request.local, caption.id()),
        );
    }
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
    fn npt_is_judged_by_its_form() {
        for good in ["npt=1.0-", "npt=0:10:00.5-0:20:00", "NPT=3-4"] {
            assert!(is_npt(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "npt",
            "npt=",
            "npt=banana",
            "npt=-",
            "npt=1",
            "npt=1-2-3",
            "1-2",
        ] {
            assert!(!is_npt(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn media_urls_carry_an_id_and_an_extension() {
        assert!(id_of("0123456789abcdef.mp4").is_some());
        for bad in [
            "0123456789abcdef",
            "0123456789abcdef.",
            ".mp4",
            "x.mp4",
            "0123456789abcdef.m/4",
            "0123456789abcdef.mp4.x",
        ] {
            assert!(id_of(bad).is_none(), "{bad}");
        }
    }
}
