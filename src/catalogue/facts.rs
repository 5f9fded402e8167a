//! What a listing says of an object, as far as it follows from its record.

use super::snapshot::Object;
use crate::{
    media::{Class, mime::Mime, picture::Target, profile::Profile},
    wire::protocol_info::ProtocolInfo,
};

impl Object<'_> {
    /// `upnp:class`
    pub fn upnp_class(&self) -> &'static str {
        if let Some(role) = self.role() {
            role.upnp_class()
        } else if self.is_playlist() {
            Class::Playlist.upnp_class()
        } else if self.is_folder() {
            "object.container.storageFolder"
        } else if self.is_container() {
            "object.container"
        } else if self.is_stream() {
            match self.class() {
                Some(Class::Video) => "object.item.videoItem.videoBroadcast",
                _ => "object.item.audioItem.audioBroadcast",
            }
        } else {
            self.class().unwrap_or(self.mime().class()).upnp_class()
        }
    }

    /// The media type of an item. A code that this version does not know can only come from a damaged snapshot.
    pub fn mime(&self) -> Mime {
        Mime::from_code(self.mime_code()).unwrap_or(Mime::MP4)
    }

    /// `res@protocolInfo` of an item's own bytes; the same in DIDL-Lite and in `contentFeatures.dlna.org`.
    pub fn protocol_info(&self) -> ProtocolInfo<'static> {
        let mime = self.mime();
        if self.is_stream() {
            return ProtocolInfo::broadcast(mime.as_str());
        }
        let profile = self.profile_code().and_then(Profile::from_code);
        let profile = profile.map(Profile::name);
        match self.class().unwrap_or(mime.class()) {
            Class::Image | Class::Caption | Class::Playlist => {
                ProtocolInfo::image(mime.as_str(), profile)
            }
            Class::Audio | Class::Video => ProtocolInfo::streamed(mime.as_str(), profile),
        }
    }

    /// The media type of the picture to be shown for it: its own bytes, or its cover. `None`: there is none, or one
    /// that does not even tell its size: of that nothing can be made.
    pub fn picture_mime(&self) -> Option<Mime> {
        if self.class() == Some(Class::Image) {
            return self.resolution().map(|_| self.mime());
        }
        Mime::from_code(self.art()?.mime_code)
    }

    /// Whether a small picture can be made of it: it is a picture, or has a cover, that rill can decode; or its camera has made
    /// one.
    pub fn has_small(&self, target: Target) -> bool {
        let holder = match self.class() {
            Some(Class::Image) => Some(*self),
            _ => self
                .art()
                .filter(|art| art.span.is_none())
                .map(|art| art.holder),
        };
        let is_there = holder.is_none_or(|holder| {
            let has_thumbnail = || target == Target::Thumbnail && holder.thumbnail().is_some();
            !holder.is_hollow() || has_thumbnail()
        });
        is_there && self.picture_mime().is_some_and(is_decodable)
    }

    /// Whether any small picture can be made of it.
    pub fn has_small_picture(&self) -> bool {
        self.has_small(Target::Thumbnail)
    }

    /// The DLNA profile of its cover as it lies in its file, where its header earns one.
    pub fn cover_profile(&self) -> Option<&'static str> {
        let code = self.art()?.profile_code?;
        Profile::from_code(code).map(Profile::name)
    }

    /// Whether a smaller copy of a photograph is listed beside it: one that can be made and has fewer pixels.
    pub fn has_copy(&self, target: Target) -> bool {
        let (most_wide, most_high) = target.bounds();
        let is_smaller = |(width, height)| width > most_wide || height > most_high;
        self.class() == Some(Class::Image)
            && self.has_small(target)
            && self.resolution().is_some_and(is_smaller)
    }

    /// Whether `upnp:albumArtURI` is listed: a small picture can be made of it, or of an item of an album.
    pub fn has_album_art(&self) -> bool {
        if self.is_container() {
            self.cover(Self::has_small_picture).is_some()
        } else {
            self.has_small_picture()
        }
    }
}

/// The DLNA profile of a small picture.
pub const fn small_profile(target: Target) -> &'static str {
    match target {
        Target::Thumbnail => "JPEG_TN",
        Target::Small => "JPEG_SM",
    }
}

/// The protocolInfo of a small picture: converted (CI=1), as every copy that is not the original.
pub const fn small_protocol_info(target: Target) -> ProtocolInfo<'static> {
    let mut info = ProtocolInfo::image("image/jpeg", Some(small_profile(target)));
    info.converted = true;
    info
}

/// A small picture can be made of such a file.
pub fn is_decodable(mime: Mime) -> bool {
    mime == Mime::JPEG || mime == Mime::PNG || mime == Mime::WEBP
}
