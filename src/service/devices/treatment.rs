//! What a device can need that others do not: one plain value, which the handlers that make listings, descriptions and media
//! replies are handed. None of them knows a device by name.

use crate::{
    catalogue::{snapshot::Object, views::Role},
    media::{VideoCodec, mime::Mime, seek},
    wire::{
        didl::{CaptionForms, PositionForm},
        protocol_info::{ProtocolInfo, Seek},
    },
};

/// How one kind of device is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether a device needs one thing, and none has to do with another"
)]
pub struct Treatment {
    /// Media types by other names, in listings and in media replies.
    pub mimes: &'static [(Mime, &'static str)],
    /// The same in media replies alone; asked first.
    pub reply_mimes: &'static [(Mime, &'static str)],
    /// AVI with MPEG-4 part 2 by another name than other AVI.
    pub divx: Option<&'static str>,
    /// What becomes of DLNA profiles.
    pub profiles: Profiles,
    /// Profiles for files that have none.
    pub pseudo_profiles: &'static [(Mime, &'static str)],
    /// The same bytes listed once more under another name.
    pub extra: &'static [Extra],
    /// `DLNA.ORG_OP` of films and sound.
    pub seek: Seek,
    /// `DLNA.ORG_FLAGS` of films and sound, where they are to be others.
    pub flags: Option<u32>,
    /// Pictures of an item.
    pub art: Art,
    /// Small pictures of films also as a res of their own.
    pub art_as_res: bool,
    /// Smaller copies of photographs.
    pub copies: Copies,
    /// How subtitles are told.
    pub captions: CaptionForms,
    /// Whether Samsung's own names may stand in a listing at all.
    pub sec: bool,
    /// Milliseconds of one unit of Samsung's bookmarks.
    pub bookmark_unit_ms: u32,
    /// How a position is written.
    pub position: PositionForm,
    /// What the device description says.
    pub disguise: Disguise,
    /// Listings stand in rill's own order, whatever is asked for: folders first, names as people count, an album by discs
    /// and tracks, a series by seasons and episodes.
    pub own_order: bool,
    /// What becomes of titles.
    pub titles: Titles,
    /// Whether dates are told.
    pub dates: bool,
    /// The container that is shown as the root.
    pub root: Option<Role>,
    /// Classes of objects.
    pub classes: Classes,
    /// Sony's `av:mediaClass` on the containers of the root.
    pub media_class: bool,
    /// What of a text must be escaped.
    pub letters: Letters,
    /// Whether documents begin with `<?xml …?>`.
    pub declaration: bool,
    /// A search gives all it finds, whatever number is asked for.
    pub whole_searches: bool,
}

/// What the name of a file depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    pub(super) mime: Mime,
    /// AVI with MPEG-4 part 2: what `DivX` and Xvid make.
    pub(super) is_divx: bool,
    /// Times can be looked up in it.
    pub(super) has_times: bool,
}

impl From<Mime> for Kind {
    fn from(mime: Mime) -> Self {
        Self {
            mime,
            is_divx: false,
            has_times: seek::is_possible(mime),
        }
    }
}

impl From<&Object<'_>> for Kind {
    fn from(object: &Object<'_>) -> Self {
        let mime = object.mime();
        let is_mpeg4 = || object.video_codec_code() == Some(VideoCodec::Mpeg4 as u8);
        Self {
            mime,
            is_divx: mime == Mime::AVI && is_mpeg4(),
            has_times: object.duration().is_some() && seek::is_possible(mime),
        }
    }
}

/// What becomes of DLNA profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profiles {
    /// Nothing.
    Kept,
    /// None is told in listings.
    Unlisted,
    /// Those of transport streams with H.264 and AC-3 are all called `AVC_TS_HD_50_AC3`.
    BraviaNames,
}

/// The same bytes under another name: some devices list only what they believe to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extra {
    /// Of which files.
    pub of: &'static [Mime],
    /// What they are called.
    pub mime: &'static str,
    /// Under which profile.
    pub profile: &'static str,
}

/// Pictures of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Art {
    /// `JPEG_TN`, then `JPEG_SM`.
    Both,
    /// `JPEG_TN` alone.
    Thumbnail,
}

/// Smaller copies of photographs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Behind the photograph.
    Behind,
    /// In front of one that is no JPEG.
    InFront,
    /// `JPEG_TN` alone.
    Thumbnail,
    /// None.
    None,
}

/// What the device description says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disguise {
    /// The truth.
    None,
    /// The truth, and what Samsung asks for: whether bookmarks are among it.
    Samsung {
        /// `DCM10`
        bookmarks: bool,
    },
    /// Windows Media Connect, and a name with a number.
    Xbox,
    /// Windows Media Player.
    MediaPlayer,
}

/// What becomes of titles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Titles {
    /// Characters; 0: any number.
    pub most: u16,
    /// How titles of items end.
    pub ending: Ending,
    /// Characters that are replaced.
    pub replaced: &'static [(char, char)],
    /// Whether they begin with their number in the listing, for devices that sort by themselves.
    pub numbered: bool,
}

/// How titles of items end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// As they do.
    Own,
    /// In a dot, if there are subtitles.
    DotForCaptions,
    /// In the extension of the file.
    Extension,
}

/// Classes of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classes {
    /// As exact as they are known.
    Exact,
    /// Every container is a folder.
    Folders,
    /// That, and an item is no more than audio, video or image.
    Plain,
}

/// What of a text must be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// Markup.
    Usual,
    /// Markup and apostrophes.
    Apostrophes,
    /// Markup and all that is not ASCII.
    Ascii,
}

impl Treatment {
    /// That of a device of which nothing is known, and of those that need nothing.
    pub const PLAIN: Self = Self {
        mimes: &[],
        reply_mimes: &[],
        divx: None,
        profiles: Profiles::Kept,
        pseudo_profiles: &[],
        extra: &[],
        seek: Seek::Byte,
        flags: None,
        art: Art::Both,
        art_as_res: false,
        copies: Copies::Behind,
        captions: CaptionForms::ALL,
        sec: true,
        bookmark_unit_ms: 1000,
        position: PositionForm::Clock,
        disguise: Disguise::None,
        own_order: false,
        titles: Titles::OWN,
        dates: true,
        root: None,
        classes: Classes::Exact,
        media_class: false,
        letters: Letters::Usual,
        declaration: true,
        whole_searches: false,
    };

    /// The media type of a file in a listing.
    fn mime(&self, kind: Kind) -> &'static str {
        let divx = self.divx.filter(|_| kind.is_divx);
        divx.or_else(|| named(self.mimes, kind.mime))
            .unwrap_or(kind.mime.as_str())
    }

    /// The media type of a file in a media reply.
    pub fn reply_mime(&self, kind: Kind) -> &'static str {
        named(self.reply_mimes, kind.mime).unwrap_or_else(|| self.mime(kind))
    }

    /// How a file is listed, if `info` is what is true of it.
    pub fn listed<'a>(&self, info: ProtocolInfo<'a>, kind: Kind) -> ProtocolInfo<'a> {
        let told = self.told(info, kind, self.mime(kind));
        if self.profiles == Profiles::Unlisted {
            return ProtocolInfo {
                profile: None,
                ..told
            };
        }
        told
    }

    /// How a file is described where it is fetched.
    pub fn fetched<'a>(&self, info: ProtocolInfo<'a>, kind: Kind) -> ProtocolInfo<'a> {
        self.told(info, kind, self.reply_mime(kind))
    }

    fn told<'a>(&self, info: ProtocolInfo<'a>, kind: Kind, name: &'a str) -> ProtocolInfo<'a> {
        let pseudo = || named(self.pseudo_profiles, kind.mime);
        let profile = info.profile.or_else(pseudo);
        let profile = match self.profiles {
            Profiles::BraviaNames => profile.map(bravia_name),
            Profiles::Kept | Profiles::Unlisted => profile,
        };
        let streamed = info.flags == crate::wire::protocol_info::flags::STREAMED;
        ProtocolInfo {
            mime: name,
            profile,
            seek: if streamed && kind.has_times {
                self.seek
            } else {
                info.seek
            },
            flags: self.flags.filter(|_| streamed).unwrap_or(info.flags),
            ..info
        }
    }
}

impl Letters {
    /// Nothing is escaped but markup.
    pub fn are_usual(self) -> bool {
        self == Self::Usual
    }
}

impl Titles {
    /// Nothing becomes of them.
    pub const OWN: Self = Self {
        most: 0,
        ending: Ending::Own,
        replaced: &[],
        numbered: false,
    };
}

fn named(names: &'static [(Mime, &'static str)], mime: Mime) -> Option<&'static str> {
    let mut found = names.iter().filter(|(known, _)| *known == mime);
    found.next().map(|(_, name)| *name)
}

/// The one name that Bravia televisions play H.264 with AC-3 under; the suffix tells the kind of packets and stays.
fn bravia_name(profile: &str) -> &str {
    if !(profile.starts_with("AVC_TS_") && profile.contains("_AC3")) {
        return profile;
    }
    if profile.ends_with("_ISO") {
        "AVC_TS_HD_50_AC3_ISO"
    } else if profile.ends_with("_T") {
        "AVC_TS_HD_50_AC3_T"
    } else {
        "AVC_TS_HD_50_AC3"
    }
}
