//! Item bytes over HTTP: which file an answer needs, and what is said of it.

use std::{io, sync::Arc, time::Duration};

pub use super::entity::FileFacts;
use super::{
    Answer, Request, Response, Shared,
    devices::{Kind, Treatment},
    entity::{self, Bytes, Entity},
    tally::Tally,
};
use crate::{
    catalogue::{
        object_id::ObjectId,
        snapshot::{Object, Snapshot},
    },
    media::{
        Class,
        art::packed,
        charset::{self, Converter},
        mime::Mime,
        profile::Profile,
        reader::ReadAt,
        seek::{self, Stretch, Wish},
        webvtt,
    },
    wire::{http::response::Status, npt, protocol_info::ProtocolInfo},
};

/// A file that an answer needs.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where the item is listed.
    pub snapshot: Arc<Snapshot>,
    /// Its place there.
    pub index: u32,
    /// The item itself, or its cover.
    pub part: Part,
    /// The time from which it is wanted, where that is asked for.
    pub time: Option<TimeSeek>,
    /// What the device needs that asks.
    pub treatment: &'static Treatment,
}

/// A stretch of play time that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeSeek {
    /// What is asked for.
    pub wish: Wish,
    /// Play time of the whole.
    pub whole: Duration,
    /// The bytes that play it, once somebody who may wait for the disk has looked: [`Wanted::look_for_the_time`].
    pub found: Option<Stretch>,
}

/// Which bytes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Itself,
    /// Its cover, which may lie in another file.
    Art,
    /// Of a subtitle file, the text as browsers want it.
    Track,
}

impl Wanted {
    /// The object whose file holds the bytes, and where in it they lie: offset and length, or all of it.
    pub fn file(&self) -> Option<(Object<'_>, Option<(u64, u64)>)> {
        let object = self.snapshot.object(self.index)?;
        match self.part {
            Part::Itself | Part::Track => Some((object, None)),
            Part::Art => {
                let art = object.art()?;
                let span = art.span.map(|(offset, len)| (offset, u64::from(len)));
                Some((art.holder, span))
            }
        }
    }

    /// Finds the bytes of the wanted time in `file`, of `len` bytes; may wait for the disk.
    pub fn look_for_the_time(&mut self, file: &dyn ReadAt, len: u64) {
        let mime = self.snapshot.object(self.index).map(|object| object.mime());
        let (Some(time), Some(mime)) = (&mut self.time, mime) else {
            return;
        };
        match seek::find(mime, file, len, time.whole, time.wish) {
            Ok(found) => time.found = found,
            Err(error) => log::debug!("cannot find a time in a listed file: {error}"),
        }
    }

    /// True if `other` is the same part of the same item, listed in the same snapshot.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.snapshot, &other.snapshot)
            && (self.index, self.part) == (other.index, other.part)
    }

    /// The kernel's number of the device (`st_dev`) that the file lay on when its folder was last looked at.
    pub fn disk(&self) -> Option<u64> {
        self.file()?.0.disk()
    }

    /// The text of a subtitle file as it is to go out; `None` where the file can go out as it is.
    pub fn in_utf8(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = self.converted(bytes);
        if self.part != Part::Track {
            return text;
        }
        let mime = self.snapshot.object(self.index)?.mime();
        Some(webvtt::convert(mime, text.as_deref().unwrap_or(bytes)))
    }

    fn converted(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let name = self.file().map(|(holder, _)| holder.name());
        let name = name.and_then(|name| std::str::from_utf8(name).ok());
        let charset = charset::detect(bytes, name.and_then(charset::language));
        if charset.is_unchanged() {
            return None;
        }
        let mut text = Vec::with_capacity(bytes.len() * 2);
        let mut put = |piece: &[u8]| text.extend_from_slice(piece);
        let mut converter = Converter::new(charset);
        converter.convert(bytes, &mut put);
        converter.finish(&mut put);
        Some(text)
    }

    /// The media type of the cover.
    pub(super) fn art_mime(&self) -> Mime {
        let object = self.snapshot.object(self.index);
        let art = object.as_ref().and_then(Object::art);
        art.and_then(|art| Mime::from_code(art.mime_code))
            .unwrap_or(Mime::JPEG)
    }

    /// True if it is a cover that does not lie in its file as it is.
    pub(super) fn is_packed(&self) -> bool {
        self.part == Part::Art
            && self
                .file()
                .is_some_and(|(holder, span)| span.is_some() && packed::is_packed(holder.mime()))
    }

    /// True if it is a subtitle file of the kind that can be turned into `WebVTT`.
    fn has_track(&self) -> bool {
        let object = self.snapshot.object(self.index);
        object.is_some_and(|object| webvtt::is_possible(object.mime()))
    }

    /// True if it is a subtitle file, whose text may have to be converted.
    pub fn is_caption(&self) -> bool {
        self.part != Part::Art
            && self
                .snapshot
                .object(self.index)
                .is_some_and(|object| object.class() == Some(Class::Caption))
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

/// How the URL of a subtitle file ends that is wanted as browsers want it.
pub(super) const TRACK_ENDING: &str = ".vtt";

/// Finds the subtitle file called `id` and turns it into `WebVTT`, if that is possible; else as [`find`].
pub(super) fn find_track(id: ObjectId, request: &Request<'_>, shared: &Shared) -> Answer {
    match find(id, request, shared) {
        Answer::Open(wanted) if wanted.has_track() => Answer::Open(Wanted {
            part: Part::Track,
            ..wanted
        }),
        answer => answer,
    }
}

/// Finds the item called `id`; only what the catalogue lists can be had.
pub(super) fn find(id: ObjectId, request: &Request<'_>, shared: &Shared) -> Answer {
    let snapshot = shared.snapshot();
    let found = snapshot
        .find(id)
        .filter(|object| !object.is_container() && !object.is_offline() && !object.is_stream())
        .map(|object| (object.number(), wanted_time(request, &object)));
    match found {
        Some((index, time)) => Answer::Open(Wanted {
            snapshot,
            index,
            part: Part::Itself,
            time,
            treatment: shared.treatment(request),
        }),
        None => Answer::Reply(Response::text(Status::NotFound, "There is no such item.\n")),
    }
}

/// What time is asked for, if that can be looked up. Where a `Range` stands beside it, that counts alone.
fn wanted_time(request: &Request<'_>, object: &Object<'_>) -> Option<TimeSeek> {
    let fields = &request.head.fields;
    let asked = fields.time_seek_range.filter(|_| fields.range.is_none())?;
    let npt::Range { start, end } = npt::Range::parse(asked)?;
    let whole = object.duration().filter(|whole| !whole.is_zero())?;
    seek::is_possible(object.mime()).then_some(TimeSeek {
        wish: Wish { start, end },
        whole,
        found: None,
    })
}

/// Answers a request for `wanted`, whose file was opened and is as `facts` say.
pub fn reply(request: &Request<'_>, wanted: &Wanted, facts: &FileFacts) -> Response {
    match wanted.part {
        Part::Itself | Part::Track => reply_itself(request, wanted, *facts, None),
        Part::Art => reply_art(request, wanted, *facts),
    }
}

/// The same for a caption whose text was converted to UTF-8.
pub fn reply_text(
    request: &Request<'_>,
    wanted: &Wanted,
    facts: &FileFacts,
    text: Vec<u8>,
) -> Response {
    let facts = FileFacts {
        len: text.len() as u64,
        ..*facts
    };
    reply_itself(request, wanted, facts, Some(text))
}

fn reply_itself(
    request: &Request<'_>,
    wanted: &Wanted,
    facts: FileFacts,
    text: Option<Vec<u8>>,
) -> Response {
    let Some(object) = wanted.snapshot.object(wanted.index) else {
        return gone();
    };
    let kind = match wanted.part {
        Part::Track if text.is_some() => Kind::from(Mime::VTT),
        _ => Kind::from(&object),
    };
    let asked = request.head.fields.get_caption_info == Some(b"1");
    let mut response = entity::send(
        request,
        Entity {
            class: object.class().unwrap_or(object.mime().class()),
            mime: wanted.treatment.reply_mime(kind),
            features: wanted
                .treatment
                .fetched(object.protocol_info(), kind)
                .features(),
            facts,
            bytes: text.map_or(Bytes::File(0), Bytes::Here),
            caption_url: asked.then(|| caption_url(request, &object)).flatten(),
            time: wanted.time,
            duration: object.duration(),
        },
    );
    if let Some(language) = language(&object) {
        response.head.field("Content-Language", language);
    }
    response
}

/// The language that the name of a subtitle file tells, if it has the form of one (RFC 5646 §2.1): `de`, `pt-BR`.
fn language<'o>(object: &Object<'o>) -> Option<&'o str> {
    if object.class() != Some(Class::Caption) {
        return None;
    }
    let word = std::str::from_utf8(object.name())
        .ok()
        .and_then(charset::language)?;
    let (main, region) = word.split_once('-').unwrap_or((word, ""));
    let is_letters = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let has_form = (2..=3).contains(&main.len()) && matches!(region.len(), 0 | 2..=4);
    (has_form && is_letters(main) && is_letters(region)).then_some(word)
}

fn reply_art(request: &Request<'_>, wanted: &Wanted, facts: FileFacts) -> Response {
    let object = wanted.snapshot.object(wanted.index);
    let Some(art) = object.as_ref().and_then(Object::art) else {
        return gone();
    };
    let (offset, len) = art
        .span
        .map_or((0, facts.len), |(offset, len)| (offset, len.into()));
    // The file may be shorter than it was when it was scanned.
    let len = len.min(facts.len.saturating_sub(offset));
    let mime = Mime::from_code(art.mime_code).unwrap_or(Mime::JPEG);
    let profile = art.profile_code.and_then(Profile::from_code);
    entity::send(
        request,
        Entity {
            class: Class::Image,
            mime: mime.as_str(),
            features: ProtocolInfo::image(mime.as_str(), profile.map(Profile::name)).features(),
            facts: FileFacts { len, ..facts },
            bytes: Bytes::File(offset),
            caption_url: None,
            time: None,
            duration: None,
        },
    )
}

/// The file could not be opened, for `why`: gone, or on a disk that does not give it now.
pub fn not_opened(why: io::ErrorKind, shared: &Shared) -> Response {
    let text = match why {
        io::ErrorKind::NotFound
        | io::ErrorKind::PermissionDenied
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::NotADirectory => return gone(),
        io::ErrorKind::TimedOut => {
            Tally::count(&shared.tally.disk);
            "The disk does not answer.\n"
        }
        _ => "The disk does not give the file.\n",
    };
    let mut response = Response::text(Status::ServiceUnavailable, text);
    response.head.field("Retry-After", "10");
    response
}

/// The file could not be opened any more.
pub fn gone() -> Response {
    Response::text(Status::NotFound, "The file is not there any more.\n")
}

/// Where the first `.srt` of an item is, by which Samsung televisions find subtitles: absolute, ending in `.srt`.
fn caption_url(request: &Request<'_>, object: &Object<'_>) -> Option<String> {
    let srt = object
        .captions()
        .find(|caption| caption.mime().extension() == "srt")?;
    Some(format!("http://{}/media/{}.srt", request.local, srt.id()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
