//! Pictures that stand for items: covers as they lie in the files, and small JPEGs made on demand.
//!
//! ```text
//!  /art/<id>.jpg      the cover itself, out of the file by range
//!  /art/<id>-tn.jpg   JPEG_TN, at most 160 × 160
//!  /art/<id>-sm.jpg   JPEG_SM, at most 640 × 480
//! ```
//!
//! A cover that has one of these two profiles already is sent as it is under its name, too.

use std::{collections::VecDeque, io, ops::Range, sync::Arc};

use super::{
    Answer, Request, Response, Shared,
    devices::Treatment,
    entity::{self, Bytes, Entity, FileFacts},
    media::{Part, Wanted},
};
use crate::{
    catalogue::{
        facts::{is_decodable, small_profile, small_protocol_info},
        object_id::ObjectId,
        snapshot::Object,
    },
    limits,
    media::{
        Class, Error,
        art::packed,
        mime::Mime,
        picture::{self, Target},
        reader::ReadAt,
    },
    wire::{http::response::Status, protocol_info::ProtocolInfo},
};

/// A picture that an answer needs and that has to be made first.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Where its source lies.
    pub source: Wanted,
    /// How small; or whole, where it does not lie in its file as it is.
    pub form: Form,
    /// How the source is to be turned (EXIF, 1 to 8).
    pub orientation: u8,
}

/// In which form a picture is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As it lies in the file.
    Original,
    /// Made small.
    Scaled(Target),
}

/// Small pictures that were asked for and that nobody can make of what there is. They are listed no longer, until their file
/// changes.
#[derive(Clone, Debug, Default)]
pub struct Unmade(VecDeque<UnmadePicture>);

/// The item, what its file was, and how small.
type UnmadePicture = (ObjectId, (i64, u32), u64, Target);

impl Unmade {
    fn key(object: &Object<'_>, target: Target) -> Option<UnmadePicture> {
        let holder = match object.class() {
            Some(Class::Image) => *object,
            _ => object.art()?.holder,
        };
        Some((object.id(), holder.modified(), holder.size(), target))
    }

    /// That of `object` could not be made.
    pub(super) fn has(&self, object: &Object<'_>, target: Target) -> bool {
        !self.0.is_empty() && Self::key(object, target).is_some_and(|key| self.0.contains(&key))
    }

    /// Remembers that `picture` cannot be made, if it is a small one.
    fn add(&mut self, picture: &Picture) {
        let object = picture.source.snapshot.object(picture.source.index);
        let key = match (object, picture.form) {
            (Some(object), Form::Scaled(target)) => Self::key(&object, target),
            _ => None,
        };
        let Some(key) = key.filter(|key| !self.0.contains(key)) else {
            return;
        };
        if self.0.len() == limits::UNMADE_PICTURES {
            self.0.pop_front();
        }
        self.0.push_back(key);
    }
}

/// The answer to a request for `picture`, which cannot be made of what there is, nor ever: from now on it is not listed.
pub fn unmade(picture: &Picture, shared: &Shared) -> Response {
    Arc::make_mut(&mut shared.unmade.borrow_mut()).add(picture);
    none()
}

/// What the last part of an art URL asks for.
pub(super) fn parse(file: &str) -> Option<(ObjectId, Form)> {
    let (stem, extension) = file.split_once('.')?;
    if let Some(id) = stem.strip_suffix(suffix(Target::Thumbnail)) {
        return Some((ObjectId::parse(id)?, Form::Scaled(Target::Thumbnail)));
    }
    if let Some(id) = stem.strip_suffix(suffix(Target::Small)) {
        return Some((ObjectId::parse(id)?, Form::Scaled(Target::Small)));
    }
    matches!(extension, "jpg" | "png")
        .then(|| ObjectId::parse(stem))?
        .map(|id| (id, Form::Original))
}

/// What stands between id and extension in the URL of a small picture.
pub const fn suffix(target: Target) -> &'static str {
    match target {
        Target::Thumbnail => "-tn",
        Target::Small => "-sm",
    }
}

/// What a small picture of `object` is made of.
fn source(object: &Object<'_>) -> Option<(Mime, Part)> {
    if object.class() == Some(Class::Image) {
        return Some((object.mime(), Part::Itself));
    }
    Some((object.picture_mime()?, Part::Art))
}

/// Finds the picture of the object called `id`.
pub(super) fn find(id: ObjectId, form: Form, shared: &Shared) -> Answer {
    let snapshot = shared.snapshot();
    let found = snapshot
        .find(id)
        .filter(|object| !object.is_offline())
        .and_then(|object| {
            let (mime, part) = source(&object)?;
            let orientation = match part {
                Part::Itself => object.orientation(),
                Part::Art | Part::Track => 1,
            };
            let form = match form {
                Form::Scaled(to) if object.cover_profile() == Some(small_profile(to)) => {
                    Form::Original
                }
                form => form,
            };
            Some((object.number(), mime, part, orientation, form))
        });
    let Some((index, mime, part, orientation, form)) = found else {
        return Answer::Reply(none());
    };
    let source = Wanted {
        snapshot,
        index,
        part,
        time: None,
        treatment: &Treatment::PLAIN,
    };
    match form {
        Form::Original if source.is_packed() => {}
        Form::Original if part == Part::Art => return Answer::Open(source),
        Form::Original => return Answer::Reply(none()),
        Form::Scaled(_) => {}
    }
    if !is_decodable(mime) {
        return Answer::Reply(none());
    }
    Answer::Scale(Picture {
        source,
        form,
        orientation,
    })
}

/// Answers a request for a picture that was made with its bytes.
pub fn reply(request: &Request<'_>, picture: &Picture, bytes: Vec<u8>) -> Response {
    let holder = picture.source.file().map(|(holder, _)| holder);
    let (secs, nanos) = holder.map_or((0, 0), |holder| holder.modified());
    let (mime, info) = match picture.form {
        Form::Scaled(target) => (Mime::JPEG, small_protocol_info(target)),
        Form::Original => {
            let object = picture.source.snapshot.object(picture.source.index);
            let profile = object.and_then(|object| object.cover_profile());
            let mime = picture.source.art_mime();
            (mime, ProtocolInfo::image(mime.as_str(), profile))
        }
    };
    entity::send(
        request,
        Entity {
            class: Class::Image,
            mime: mime.as_str(),
            features: info.features(),
            facts: FileFacts {
                len: bytes.len() as u64,
                modified_secs: u64::try_from(secs).unwrap_or(0),
                modified_nanos: nanos,
                inode: holder.map_or(0, |holder| holder.inode()),
            },
            bytes: Bytes::Here(bytes),
            caption_url: None,
            time: None,
            duration: None,
        },
    )
}

/// There is no such picture, or none can be made of what there is.
pub fn none() -> Response {
    Response::text(Status::NotFound, "There is no such picture.\n")
}

/// Too many pictures are being made.
pub fn busy() -> Response {
    let mut response = Response::text(
        Status::ServiceUnavailable,
        "Too many pictures are being made.\n",
    );
    response.head.field("Retry-After", "2");
    response
}

impl Picture {
    /// Makes the picture out of the stretch `span` (offset and length, or all) of the opened `file` of `len` bytes; no
    /// bytes where what is wrong with the source will stay so.
    ///
    /// # Errors
    /// The disk's; it may answer better another time.
    pub fn make(
        &self,
        file: &dyn ReadAt,
        len: u64,
        span: Option<(u64, u64)>,
    ) -> io::Result<Vec<u8>> {
        let made = match span {
            Some((at, _)) if self.source.is_packed() => {
                packed::unpack(file, len, at).and_then(|whole| match self.form {
                    Form::Original => Ok(whole),
                    Form::Scaled(_) => self.scale(&whole.as_slice(), 0..whole.len() as u64),
                })
            }
            Some((at, len)) => self.scale(file, at..at.saturating_add(len)),
            None => match self.of_thumbnail(file) {
                Some(made) => Ok(made),
                None => self.scale(file, 0..len),
            },
        };
        match made {
            Ok(bytes) => Ok(bytes),
            Err(Error::Io(kind)) => Err(kind.into()),
            Err(error) => {
                log::debug!("no small picture can be made: {error}");
                Ok(Vec::new())
            }
        }
    }

    /// Of a photograph, made from the small picture of the camera: no television shows more of it at this size, and it
    /// takes a hundredth of the time.
    fn of_thumbnail(&self, file: &dyn ReadAt) -> Option<Vec<u8>> {
        let target = match self.form {
            Form::Scaled(Target::Thumbnail) => Target::Thumbnail,
            _ => return None,
        };
        let (holder, _) = self.source.file()?;
        let (at, len) = holder.thumbnail()?;
        let span = at..at.saturating_add(len.into());
        let turned = self.orientation;
        picture::scale_thumbnail(file, span, holder.resolution()?, target, turned)
    }

    fn scale(&self, file: &dyn ReadAt, span: Range<u64>) -> Result<Vec<u8>, Error> {
        match self.form {
            Form::Scaled(target) => picture::scale(file, span, target, self.orientation),
            Form::Original => Err(Error::Unsupported),
        }
    }

    /// The name under which the finished picture is kept: the item, what its file was, and how small it is.
    pub fn cache_name(&self) -> Option<String> {
        let item = self.source.snapshot.object(self.source.index)?;
        let (holder, span) = self.source.file()?;
        let (secs, nanos) = holder.modified();
        Some(format!(
            "{}-{secs:x}.{nanos:x}-{:x}-{:x}{}.jpg",
            item.id(),
            holder.size(),
            span.map_or(0, |(offset, _)| offset),
            match self.form {
                Form::Original => "",
                Form::Scaled(target) => suffix(target),
            }
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn art_urls_tell_object_and_form() {
        let id = ObjectId::parse("0123456789abcdef").unwrap();
        let rows = [
            ("0123456789abcdef.jpg", Some((id, Form::Original))),
            ("0123456789abcdef.png", Some((id, Form::Original))),
            (
                "0123456789abcdef-tn.jpg",
                Some((id, Form::Scaled(Target::Thumbnail))),
            ),
            (
                "0123456789abcdef-sm.jpg",
                Some((id, Form::Scaled(Target::Small))),
            ),
            ("0123456789abcdef.exe", None),
            ("0123456789abcdef", None),
            ("-tn.jpg", None),
            ("../0123456789abcdef.jpg", None),
        ];
        for (file, expected) in rows {
            assert_eq!(parse(file), expected, "{file}");
        }
    }
}
