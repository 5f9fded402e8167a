//! THE table of devices: how each is recognised, what it needs, and how that is known.
//!
//! Evidence: MD is minidlna's table of clients, GB Gerbera's, UMS the profiles of Universal Media Server, RY Rygel's hacks, JF
//! Jellyfin's profiles; `#` is an issue of that server. A row without anything in its treatment is here so that the device is
//! called by its name, and so that no row below it matches.
//!
//! Of these there is no row, and why:
//! * PS5, because it has no DLNA client. Control4's app, because what is wrong with its searches is not told anywhere.
//! * Samsung's media fetch (`samsung-agent`), because it is known by its address; the 2012 models and "Samsung, any", because
//!   what they need everybody gets.
//! * `Reciva`, `TwoPlayer`, `Mediabolic`, `Portable SDK`, `Darwin`, because they only cannot cope with versions above 1, and
//!   rill is `MediaServer:1` to everybody.
//! * `Android`, because half of all programs say so; Chromecasts are recognised by `CrKey`.
//! * What rill does for everybody: absolute URLs of subtitles that end in `.srt` (VLC), `Content-Length` on every document
//!   (Frontier Silicon), `res@bitrate` in bytes (`SoundBridge`, `MediaRoom`), dates without a zone (Frontier Silicon), 416 and 206
//!   at the last byte (Philips), URLs that begin with `//` and an empty `ObjectID` (Samsung), exact pages (Panasonic), ids that
//!   Kodi has encoded, `ContainerID` in Browse and `?albumArt=true` (Xbox 360), named entities and arguments in the order of
//!   the service description (Samsung).
//! * What is known of and not done, for want of a device to try it on: Sony's `aggregationFlags` and names by country, the album
//!   `[No Keywords]` of `MediaRoom`, object ids with a version for Linn.
//! * What only matters to servers that convert: PS3's and LG's seeking in transcoded streams, DTS for Chromecasts.

use super::{
    Art, Classes, Copies, Device, Disguise, Ending, Extra, Field, Letters, Mark, Profiles, Titles,
    Treatment,
};
use crate::{
    catalogue::views::Role,
    media::mime::Mime,
    wire::{
        didl::{CaptionForms, CaptionInfo, PositionForm},
        protocol_info::Seek,
    },
};

const PLAIN: Treatment = Treatment::PLAIN;

const fn says(field: Field, all: &'static [&'static str]) -> Mark {
    Mark { field, all }
}

/// A thing of its own, which has its address for itself.
const fn hardware(
    kind: &'static str,
    name: &'static str,
    marks: &'static [Mark],
    treatment: Treatment,
) -> Device {
    Device {
        kind,
        name,
        marks,
        remembered: true,
        treatment,
    }
}

/// A program beside others.
const fn program(
    kind: &'static str,
    name: &'static str,
    marks: &'static [Mark],
    treatment: Treatment,
) -> Device {
    Device {
        remembered: false,
        ..hardware(kind, name, marks, treatment)
    }
}

/// AVI as most devices that are not of this century's second decade call it.
const AVI: (Mime, &str) = (Mime::AVI, "video/avi");

/// MD: `video/x-mkv` in listing and reply; one subtitle file, told by `sec:CaptionInfoEx` (GB #3522: several upset some);
/// no copies of photographs above a thumbnail, and pictures of films as a res; the capabilities in the description. UMS: `/`
/// and `:` in titles are mapped away.
const SAMSUNG: Treatment = Treatment {
    mimes: &[(Mime::MATROSKA, "video/x-mkv")],
    art_as_res: true,
    copies: Copies::Thumbnail,
    captions: CaptionForms {
        uri: false,
        most: 1,
        ..CaptionForms::ALL
    },
    disguise: Disguise::Samsung { bookmarks: true },
    titles: Titles {
        replaced: &[('/', '-'), (':', '-')],
        ..Titles::OWN
    },
    ..PLAIN
};

/// MD: `DCM10` makes these show folders wrongly.
const SAMSUNG_WITHOUT_BOOKMARKS: Treatment = Treatment {
    disguise: Disguise::Samsung { bookmarks: false },
    ..SAMSUNG
};

/// The early ones play AVI, but only if it is called MPEG (MD).
const SAMSUNG_EARLY: Treatment = Treatment {
    mimes: &[(Mime::MATROSKA, "video/x-mkv"), (Mime::AVI, "video/mpeg")],
    ..SAMSUNG_WITHOUT_BOOKMARKS
};

/// MD, GB: subtitles as a res; the server's order, forced; Ogg called application/ogg, AVI video/avi.
const LG: Treatment = Treatment {
    mimes: &[(Mime::OGG, "application/ogg"), AVI],
    own_order: true,
    captions: CaptionForms {
        info: CaptionInfo::None,
        ..CaptionForms::ALL
    },
    ..PLAIN
};

/// Audio alone, so the music is what they are shown.
const MUSIC: Treatment = Treatment {
    root: Some(Role::Music),
    ..PLAIN
};

/// All devices, specific ones first.
pub static DEVICES: &[Device] = &[
    // ---- Samsung -----------------------------------------------------------------------------
    program(
        "samsung-allshare",
        "Samsung AllShare",
        // MD: plain DLNA; Samsung's own extensions upset it.
        &[says(Field::Agent, &["SEC_HHP_[PC]"])],
        Treatment {
            sec: false,
            ..PLAIN
        },
    ),
    hardware(
        "samsung-bd-j5500",
        "Samsung BD-J5500",
        // UMS: refuses files by their profile, so none is told; subtitles as a res.
        &[says(Field::Agent, &["[BD]J5500"])],
        Treatment {
            profiles: Profiles::Unlisted,
            ..SAMSUNG_WITHOUT_BOOKMARKS
        },
    ),
    hardware(
        "samsung-bd",
        "Samsung Blu-ray player",
        &[
            says(Field::Agent, &["SEC_HHP_BD"]),
            says(Field::Agent, &["SEC_HHP_[BD]"]),
        ],
        SAMSUNG_WITHOUT_BOOKMARKS,
    ),
    hardware(
        "samsung-q",
        "Samsung television (Q, QN, OLED)",
        // MD, GB: bookmarks in milliseconds both ways; GB: CaptionInfoEx with a protocolInfo.
        &[
            says(Field::Agent, &["SEC_HHP_[TV] Samsung Q"]),
            says(Field::Agent, &["SEC_HHP_Samsung Q"]),
            says(Field::FriendlyName, &["[TV] Samsung Q"]),
        ],
        Treatment {
            bookmark_unit_ms: 1,
            captions: CaptionForms {
                info: CaptionInfo::WithProtocol,
                ..SAMSUNG.captions
            },
            ..SAMSUNG
        },
    ),
    hardware(
        "samsung",
        "Samsung television",
        &[
            says(Field::Agent, &["SEC_HHP_"]),
            says(Field::Agent, &["SEC HHP"]),
            says(Field::Server, &["SEC_HHP_"]),
        ],
        SAMSUNG,
    ),
    hardware(
        "samsung-tizen",
        "Samsung television (Tizen)",
        // Seen in GB: the newest name no maker; they browse A_T, V_D and so on.
        &[says(Field::Agent, &["UPnP/1.0", "PROTOTYPE/1.0"])],
        SAMSUNG,
    ),
    hardware(
        "samsung-a",
        "Samsung television (series A)",
        &[says(Field::Agent, &["SamsungWiselinkPro"])],
        SAMSUNG_EARLY,
    ),
    hardware(
        "samsung-b",
        "Samsung television (series B)",
        &[says(Field::Model, &["Samsung DTV DMR"])],
        SAMSUNG_EARLY,
    ),
    // ---- LG ----------------------------------------------------------------------------------
    hardware(
        "lg-netcast",
        "LG television (NetCast)",
        &[says(Field::Agent, &["LGE_DLNA_SDK/1.6.0"])],
        LG,
    ),
    hardware(
        "lg-old",
        "LG television",
        // MD: subtitles are used only if the title has a dot.
        &[says(Field::Agent, &["LGE_DLNA_SDK"])],
        Treatment {
            titles: Titles {
                ending: Ending::DotForCaptions,
                ..Titles::OWN
            },
            ..LG
        },
    ),
    hardware(
        "lg",
        "LG television (webOS)",
        // JF: time seek together with a profile made one refuse the file, so byte seek it stays.
        &[
            says(Field::Agent, &["LG", "webOS"]),
            says(Field::Agent, &["Web0S"]),
            says(Field::Agent, &["LG", "OLED"]),
            says(Field::FriendlyName, &["[LG]"]),
        ],
        LG,
    ),
    // ---- Sony --------------------------------------------------------------------------------
    hardware(
        "sony-internet-tv",
        "Sony Internet TV",
        // MD: plain DLNA.
        &[says(Field::Client, &["INTERNET TV"])],
        PLAIN,
    ),
    hardware(
        "sony-bravia",
        "Sony Bravia",
        // MD, JF: one profile for H.264 with AC-3; one JPEG_TN; RY: av:mediaClass on the root's containers.
        &[
            says(Field::Client, &["BRAVIA"]),
            says(Field::Client, &["KDL-"]),
            says(Field::Client, &["XBR-"]),
            says(Field::Unit, &["KDL-"]),
            says(Field::Unit, &["BRAVIA"]),
        ],
        Treatment {
            profiles: Profiles::BraviaNames,
            art: Art::Thumbnail,
            media_class: true,
            ..PLAIN
        },
    ),
    hardware(
        "ps3",
        "PlayStation 3",
        // MD: AVI as video/avi, as video/divx if DivX or Xvid made it; JPEG_TN; RY: wav as audio/wav.
        &[
            says(Field::Agent, &["PLAYSTATION 3"]),
            says(Field::Client, &["PLAYSTATION 3"]),
        ],
        Treatment {
            mimes: &[AVI, (Mime::WAV, "audio/wav")],
            divx: Some("video/divx"),
            art: Art::Thumbnail,
            ..PLAIN
        },
    ),
    hardware(
        "sony-bdp",
        "Sony Blu-ray player",
        // MD: lists only what bears one of four names. JF: for its sink OP=11 with the sender's pace, and it takes itself for
        // Windows Media Player; the reply calls mkv and MPEG video/divx.
        &[
            says(Field::Client, &["mv=\"2.0\""]),
            says(Field::Unit, &["BDP-"]),
            says(Field::Unit, &["SMP-"]),
        ],
        Treatment {
            extra: &[
                Extra {
                    of: &[Mime::MPEG_TS, Mime::M2TS],
                    mime: "video/mpeg",
                    profile: "MPEG_TS_SD_NA",
                },
                Extra {
                    of: &[Mime::MPEG_TS, Mime::M2TS],
                    mime: "video/mpeg",
                    profile: "MPEG_TS_SD_EU",
                },
                Extra {
                    of: &[Mime::MP4, Mime::MATROSKA, Mime::AVI, Mime::MPEG_PS],
                    mime: "video/avi",
                    profile: "MPEG_PS_NTSC",
                },
                Extra {
                    of: &[Mime::MP4, Mime::MATROSKA, Mime::AVI, Mime::MPEG_PS],
                    mime: "video/avi",
                    profile: "MPEG_PS_PAL",
                },
            ],
            reply_mimes: &[
                (Mime::MATROSKA, "video/divx"),
                (Mime::MPEG_PS, "video/divx"),
            ],
            seek: Seek::ByteAndTime,
            flags: Some(0x8150_0000),
            disguise: Disguise::MediaPlayer,
            ..PLAIN
        },
    ),
    hardware(
        "ps4",
        "PlayStation 4",
        // JF, GB: lists AVI only as video/divx with the profile AVI.
        &[
            says(Field::Agent, &["PlayStation 4"]),
            says(Field::Agent, &["PlayStation Vita"]),
        ],
        Treatment {
            mimes: &[(Mime::AVI, "video/divx")],
            pseudo_profiles: &[(Mime::AVI, "AVI")],
            ..PLAIN
        },
    ),
    // ---- Microsoft ---------------------------------------------------------------------------
    hardware(
        "xbox-one",
        "Xbox One or Series",
        &[
            says(Field::Agent, &["XboxOne"]),
            says(Field::Agent, &["Xbox-SystemOS"]),
            says(Field::FriendlyName, &["XboxOne"]),
            says(Field::FriendlyName, &["Xbox-SystemOS"]),
        ],
        Treatment {
            mimes: &[AVI],
            ..PLAIN
        },
    ),
    hardware(
        "xbox-360",
        "Xbox 360",
        // MD, UMS: shows only servers that look like Microsoft's; containers as folders; AVI as video/avi.
        &[
            says(Field::Agent, &["Xbox/"]),
            says(Field::Agent, &["Xenon"]),
            says(Field::Agent, &["XENON"]),
        ],
        Treatment {
            mimes: &[AVI],
            disguise: Disguise::Xbox,
            classes: Classes::Folders,
            ..PLAIN
        },
    ),
    // ---- other televisions and players ---------------------------------------------------------
    hardware(
        "panasonic",
        "Panasonic Viera",
        // MD: sends a SortCriteria that shuffles series, so the order is rill's; pictures as JPEG; subtitles by
        // pv:subtitleFileUri. UMS: no dates.
        &[says(Field::Agent, &["Panasonic MIL DLNA"])],
        Treatment {
            own_order: true,
            copies: Copies::InFront,
            dates: false,
            captions: CaptionForms {
                info: CaptionInfo::None,
                ..CaptionForms::ALL
            },
            ..PLAIN
        },
    ),
    hardware(
        "philips",
        "Philips or NetFront television",
        // MD, UMS: AVI as video/avi; subtitles as a res; their order is rill's.
        &[
            says(Field::Agent, &["IPI/1"]),
            says(Field::Agent, &["PhilipsIntelSDK"]),
            says(Field::Agent, &["Streamium"]),
            says(Field::Agent, &["Philips", "PUS"]),
            says(Field::Agent, &["PUS6"]),
            says(Field::Agent, &["PUS7"]),
            says(Field::Agent, &["PUS8"]),
        ],
        Treatment {
            mimes: &[AVI],
            own_order: true,
            ..PLAIN
        },
    ),
    hardware(
        "toshiba",
        "Toshiba television",
        // MD: H.264 in transport streams is listed only beside a res of this name.
        &[says(
            Field::Agent,
            &["UPnP/1.0 DLNADOC/1.50 Intel_SDK_for_UPnP_devices/1.2"],
        )],
        Treatment {
            extra: &[Extra {
                of: &[Mime::MPEG_TS, Mime::M2TS],
                mime: "video/mpeg",
                profile: "MPEG_PS_NTSC",
            }],
            ..PLAIN
        },
    ),
    hardware(
        "sharp",
        "Sharp television",
        // MD: plain folders and items.
        &[
            says(Field::Agent, &["Sharp"]),
            says(Field::FriendlyName, &["Sharp"]),
        ],
        Treatment {
            classes: Classes::Plain,
            ..PLAIN
        },
    ),
    hardware(
        "directv",
        "DirecTV",
        // MD: plain folders and items, and small pictures of photographs.
        &[says(Field::Agent, &["DIRECTV "])],
        Treatment {
            classes: Classes::Plain,
            copies: Copies::InFront,
            ..PLAIN
        },
    ),
    hardware(
        "dish",
        "Dish Hopper",
        // MD: takes Matroska and transport streams if they are called MP4.
        &[says(Field::Agent, &["Zip_"])],
        Treatment {
            mimes: &[
                (Mime::MATROSKA, "video/mp4"),
                (Mime::MPEG_TS, "video/mp4"),
                (Mime::M2TS, "video/mp4"),
            ],
            classes: Classes::Plain,
            ..PLAIN
        },
    ),
    hardware(
        "hyundai",
        "Hyundai television",
        // MD: a title must end in an extension.
        &[says(Field::FriendlyName, &["HYUNDAITV"])],
        Treatment {
            titles: Titles {
                ending: Ending::Extension,
                ..Titles::OWN
            },
            ..PLAIN
        },
    ),
    hardware(
        "oplay",
        "Asus O!Play",
        // MD: restarts at titles of more than 23 characters; AVI as video/avi.
        &[says(Field::Agent, &["O!Play"])],
        Treatment {
            mimes: &[AVI],
            titles: Titles {
                most: 23,
                ..Titles::OWN
            },
            ..PLAIN
        },
    ),
    hardware(
        "popcorn-hour",
        "Popcorn Hour",
        // MD: audio/flac, as rill says anyway.
        &[says(Field::Agent, &["SMP8634"])],
        PLAIN,
    ),
    hardware(
        "freebox",
        "Freebox",
        // GB, UMS: transport streams as video/mp2t; nothing converted.
        &[says(Field::Agent, &["fbxupnpav/"])],
        Treatment {
            mimes: &[(Mime::MPEG_TS, "video/mp2t")],
            copies: Copies::None,
            ..PLAIN
        },
    ),
    hardware(
        "lifetab",
        "MediaRoom, EVA2000 or Lifetab",
        &[
            says(Field::Agent, &["Microsoft-IPTV-Client"]),
            says(Field::Agent, &["Verismo,"]),
            says(Field::FriendlyName, &["LIFETAB"]),
        ],
        PLAIN,
    ),
    // ---- sound -------------------------------------------------------------------------------
    hardware(
        "soundbridge",
        "Roku SoundBridge",
        // MD: sound alone, in the order of tracks; wav as audio/wav.
        &[
            says(Field::Model, &["SoundBridge"]),
            says(Field::Agent, &["SoundBridge"]),
        ],
        Treatment {
            mimes: &[(Mime::WAV, "audio/wav")],
            own_order: true,
            ..MUSIC
        },
    ),
    hardware("roku", "Roku", &[says(Field::Agent, &["Roku/"])], PLAIN),
    hardware(
        "heos",
        "Denon, Marantz or HEOS",
        // MD: audio/wav. GB #1287: searches by class, and asks for the shortcuts that rill gives everybody.
        &[
            says(Field::Agent, &["bridgeCo-DMP/3"]),
            says(Field::Agent, &["HEOS"]),
            says(Field::FriendlyName, &["marantz DMP"]),
            says(Field::Server, &["DiXiM"]),
        ],
        Treatment {
            mimes: &[(Mime::WAV, "audio/wav")],
            ..PLAIN
        },
    ),
    hardware(
        "yamaha",
        "Yamaha",
        // GB: reads ASCII alone.
        &[says(Field::Agent, &["KnOS/3.2"])],
        Treatment {
            letters: Letters::Ascii,
            ..PLAIN
        },
    ),
    hardware(
        "bose",
        "Bose SoundTouch",
        // GB: apostrophes must be entities.
        &[says(Field::Agent, &["Allegro-Software-WebClient"])],
        Treatment {
            letters: Letters::Apostrophes,
            ..PLAIN
        },
    ),
    hardware(
        "frontier-silicon",
        "Frontier Silicon radio",
        &[says(Field::Agent, &["FSL DLNADOC/1.50"])],
        PLAIN,
    ),
    hardware(
        "ir-radio",
        "Dual or Universum radio",
        // GB: trip over the XML declaration and over Samsung's namespace.
        &[
            says(Field::Agent, &["EC-IRADIO/1.0"]),
            says(Field::Agent, &["IR 500/1.0"]),
        ],
        Treatment {
            declaration: false,
            sec: false,
            ..PLAIN
        },
    ),
    hardware(
        "streamer",
        "network player (Linn, Naim, WiiM, Lumin, Squeezebox)",
        // UMS: sound alone.
        &[
            says(Field::Agent, &["Linn"]),
            says(Field::Agent, &["Naim"]),
            says(Field::Agent, &["WiiM"]),
            says(Field::Agent, &["LinkPlay"]),
            says(Field::Agent, &["Lumin"]),
            says(Field::Agent, &["Squeeze"]),
            says(Field::Model, &["WiiM"]),
        ],
        MUSIC,
    ),
    hardware(
        "chromecast",
        "Chromecast",
        &[says(Field::Agent, &["CrKey"])],
        PLAIN,
    ),
    // ---- programs ----------------------------------------------------------------------------
    program(
        "kodi",
        "Kodi",
        // Its source: positions are whole seconds to it. RY: audio/mp4 as audio/aac.
        &[
            says(Field::Agent, &["Kodi"]),
            says(Field::Agent, &["XBMC/"]),
            says(Field::Agent, &["Platinum/"]),
        ],
        Treatment {
            mimes: &[(Mime::M4A, "audio/aac")],
            position: PositionForm::Seconds,
            ..PLAIN
        },
    ),
    program("vlc", "VLC", &[says(Field::Agent, &["LibVLC"])], PLAIN),
    program(
        "wmp",
        "Windows Media Player or Explorer",
        // RY: AVI as video/avi; a search gives all, for it asks for no more pages.
        &[
            says(Field::Agent, &["Windows-Media-Player/"]),
            says(Field::Agent, &["Microsoft-DLNA"]),
            says(Field::Agent, &["FDSSDP"]),
            says(Field::Agent, &["NSPlayer/12"]),
        ],
        Treatment {
            mimes: &[AVI],
            whole_searches: true,
            ..PLAIN
        },
    ),
    program(
        "gupnp",
        "GNOME (Grilo, GUPnP)",
        // Searches by class, as everybody may.
        &[says(Field::Agent, &["GUPnP/"])],
        PLAIN,
    ),
    // CONTAINER_SHORTCUTS, as everybody gets.
    program(
        "bubbleupnp",
        "BubbleUPnP",
        &[says(Field::Agent, &["BubbleUPnP"])],
        PLAIN,
    ),
    program(
        "movian",
        "Movian",
        // MD: its order is rill's.
        &[says(Field::Agent, &["Movian"])],
        Treatment {
            own_order: true,
            ..PLAIN
        },
    ),
    // Televisions have browsers too, but those that show videos from here say so above.
    program(
        "browser",
        "web browser",
        &[says(Field::Agent, &["Mozilla/"])],
        PLAIN,
    ),
    // ---- for RILL_DEVICES alone ----------------------------------------------------------------
    hardware(
        "numbered",
        "device that sorts by itself",
        // UMS has an option for them: each title begins with its number, so that their order is the one that was given.
        &[],
        Treatment {
            titles: Titles {
                numbered: true,
                ..Titles::OWN
            },
            ..PLAIN
        },
    ),
];
