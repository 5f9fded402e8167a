use std::{net::IpAddr, time::Duration};

use super::*;
use crate::{
    limits,
    media::mime::Mime,
    service::{Now, Request},
    wire::{
        didl::{CaptionForms, CaptionInfo, PositionForm},
        http::request::{self, Parsed},
        protocol_info::{ProtocolInfo, Seek},
    },
};

/// What a device says in a request, and the row that it is.
const SAID: &[(Field, &str, &str)] = &[
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_[PC]LPC001/1.0",
        "samsung-allshare",
    ),
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_[BD]J5500/1.0",
        "samsung-bd-j5500",
    ),
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_BD-D5100/1.0",
        "samsung-bd",
    ),
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_[BD]ES6000/1.0",
        "samsung-bd",
    ),
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_[TV] Samsung Q7 Series (55)/1.0",
        "samsung-q",
    ),
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_Samsung QN90AA/1.0 UPnP/1.0",
        "samsung-q",
    ),
    (
        Field::Agent,
        "DLNADOC/1.50 SEC_HHP_[TV]UE40D6000/1.0",
        "samsung",
    ),
    (Field::Agent, "SEC HHP BD/1.0", "samsung"),
    (Field::Server, "SHP, UPnP/1.0, SEC_HHP_TV/1.0", "samsung"),
    (
        Field::Agent,
        "Linux/9.0 UPnP/1.0 PROTOTYPE/1.0",
        "samsung-tizen",
    ),
    (Field::Agent, "SamsungWiselinkPro/1.0", "samsung-a"),
    (Field::Model, "Samsung DTV DMR", "samsung-b"),
    (
        Field::Agent,
        "LGE_DLNA_SDK/1.6.0 DLNADOC/1.50",
        "lg-netcast",
    ),
    (
        Field::Agent,
        "UPnP/1.0 DLNADOC/1.50 LGE_DLNA_SDK/04.28.17",
        "lg-old",
    ),
    (
        Field::Agent,
        "Linux/4.4 UPnP/1.0 LG Electronics webOS TV/5.0",
        "lg",
    ),
    (
        Field::Agent,
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36",
        "lg",
    ),
    (Field::FriendlyName, "[LG] webOS TV OLED55C9PLA", "lg"),
    (
        Field::Client,
        "av=5.0; cn=\"Sony Corporation\"; mn=\"INTERNET TV NSX-40GT1\"; mv=\"0.1\";",
        "sony-internet-tv",
    ),
    (
        Field::Client,
        "av=5.0; cn=\"Sony Corporation\"; mn=\"BRAVIA KDL-40EX720\"; mv=\"1.7\";",
        "sony-bravia",
    ),
    (Field::Unit, "pa=\"BRAVIA KDL-46HX800\";", "sony-bravia"),
    (Field::Agent, "UPnP/1.0 DLNADOC/1.50 PLAYSTATION 3", "ps3"),
    (
        Field::Client,
        "av=5.0; cn=\"Sony Computer Entertainment Inc.\"; mn=\"PLAYSTATION 3\"; mv=\"1.0\";",
        "ps3",
    ),
    (
        Field::Client,
        "av=5.0; cn=\"Sony Corporation\"; mn=\"Blu-ray Disc Player\"; mv=\"2.0\"",
        "sony-bdp",
    ),
    (Field::Unit, "pa=\"BDP-S470\";", "sony-bdp"),
    (Field::Agent, "PlayStation 4/9.03", "ps4"),
    (Field::Agent, "PlayStation Vita 3.60", "ps4"),
    (
        Field::Agent,
        "NSPlayer/12.00.18362.0 WMFSDK/12.00.18362.0 XboxOne",
        "xbox-one",
    ),
    (Field::FriendlyName, "XboxOne", "xbox-one"),
    (Field::FriendlyName, "Xbox-SystemOS", "xbox-one"),
    (
        Field::Agent,
        "Xbox/2.0.17559.0 UPnP/1.0 Xbox/2.0.17559.0",
        "xbox-360",
    ),
    (Field::Agent, "Xenon", "xbox-360"),
    (
        Field::Agent,
        "Panasonic MIL DLNA CP UPnP/1.0 DLNADOC/1.50",
        "panasonic",
    ),
    (
        Field::Agent,
        "NetFront/3.4 IPI/1.0 UPnP/1.0 DLNADOC/1.50",
        "philips",
    ),
    (
        Field::Agent,
        "Linux UPnP/1.0 PhilipsIntelSDK/1.4",
        "philips",
    ),
    (Field::Agent, "Philips 55PUS6523", "philips"),
    (
        Field::Agent,
        "UPnP/1.0 DLNADOC/1.50 Intel_SDK_for_UPnP_devices/1.2",
        "toshiba",
    ),
    (Field::FriendlyName, "Sharp AQUOS", "sharp"),
    (Field::Agent, "DIRECTV JHUPnP/1.0", "directv"),
    (Field::Agent, "Zip_Hopper/1.0", "dish"),
    (Field::FriendlyName, "HYUNDAITV", "hyundai"),
    (Field::Agent, "O!Play Mini/1.0", "oplay"),
    (Field::Agent, "Linux/2.6 UPnP/1.0 SMP8634", "popcorn-hour"),
    (Field::Agent, "fbxupnpav/1.0", "freebox"),
    (Field::Agent, "Microsoft-IPTV-Client/1.6", "lifetab"),
    (Field::FriendlyName, "LIFETAB P9514", "lifetab"),
    (Field::Model, "SoundBridge M1001", "soundbridge"),
    (Field::Agent, "Roku/DVP-9.0", "roku"),
    (Field::Agent, "bridgeCo-DMP/3", "heos"),
    (Field::Agent, "LibreHEOS HEOS/1.0", "heos"),
    (Field::Server, "Linux UPnP/1.0 DigiOn DiXiM", "heos"),
    (Field::Agent, "KnOS/3.2 UPnP/1.0 DMP/3.5", "yamaha"),
    (
        Field::Agent,
        "Allegro-Software-WebClient/5.40b1 DLNADOC/1.00",
        "bose",
    ),
    (
        Field::Agent,
        "FSL DLNADOC/1.50 UPnP Stack/1.0",
        "frontier-silicon",
    ),
    (Field::Agent, "EC-IRADIO/1.0", "ir-radio"),
    (Field::Agent, "IR 500/1.0", "ir-radio"),
    (Field::Agent, "LinkPlay/WiiM", "streamer"),
    (Field::Agent, "Linn UPnP/1.1 Kazoo", "streamer"),
    (Field::Agent, "CrKey/1.54", "chromecast"),
    (Field::Agent, "Kodi/20.2 (Linux) UPnP/1.0", "kodi"),
    (
        Field::Agent,
        "UPnP/1.0 DLNADOC/1.50 Platinum/1.0.5.13",
        "kodi",
    ),
    (Field::Agent, "XBMC/12.3", "kodi"),
    (Field::Agent, "VLC/3.0.24 LibVLC/3.0.24", "vlc"),
    (Field::Agent, "Windows-Media-Player/12.0.7601.17514", "wmp"),
    (Field::Agent, "FDSSDP", "wmp"),
    (
        Field::Agent,
        "gupnp-av-cp GUPnP/1.6.3 DLNADOC/1.50",
        "gupnp",
    ),
    (Field::Agent, "BubbleUPnP UPnP/1.1", "bubbleupnp"),
    (Field::Agent, "Movian 5.0", "movian"),
    (
        Field::Agent,
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        "browser",
    ),
    (Field::Agent, "curl/8.5.0", "plain"),
    (Field::Agent, "samsung-agent/1.1", "plain"),
    (Field::Agent, "UPnP/1.0 DLNADOC/1.50", "plain"),
    (Field::Agent, "", "plain"),
];

/// Whoever is known to need something, by the words of field-notes C, and the row; none: the table's own text says why not.
const KNOWN: &[(&str, &str)] = &[
    ("Samsung TV C/D/E/F/J", "samsung"),
    ("Samsung Q / QN / OLED", "samsung-q"),
    ("Samsung newer Tizen", "samsung-tizen"),
    ("Samsung media fetch", ""),
    ("Samsung 2012 models", ""),
    ("Samsung, any", ""),
    ("Samsung Series A", "samsung-a"),
    ("Samsung Series B", "samsung-b"),
    ("Samsung BD players", "samsung-bd"),
    ("Samsung AllShare on PC", "samsung-allshare"),
    ("LG NetCast/older", "lg-netcast"),
    ("LG webOS/OLED", "lg"),
    ("Sony BDP / SMP / home theatre", "sony-bdp"),
    ("Sony Bravia", "sony-bravia"),
    ("Sony Internet TV", "sony-internet-tv"),
    ("PS3", "ps3"),
    ("PS4 / Vita", "ps4"),
    ("PS5", ""),
    ("Xbox 360", "xbox-360"),
    ("Xbox One/Series", "xbox-one"),
    ("Panasonic Viera/BD", "panasonic"),
    ("Philips", "philips"),
    ("Toshiba", "toshiba"),
    ("Sharp, DirecTV, Dish", "dish"),
    ("Hyundai", "hyundai"),
    ("Asus O!Play", "oplay"),
    ("Popcorn Hour", "popcorn-hour"),
    ("Freebox", "freebox"),
    ("Roku players", "roku"),
    ("Denon/Marantz", "heos"),
    ("Yamaha", "yamaha"),
    ("Bose SoundTouch", "bose"),
    ("Frontier Silicon radios", "frontier-silicon"),
    ("Dual / Universum radios", "ir-radio"),
    ("Kodi", "kodi"),
    ("VLC", "vlc"),
    ("Windows Media Player 12", "wmp"),
    ("MediaRoom/EVA2000/LIFETAB", "lifetab"),
    ("BubbleUPnP", "bubbleupnp"),
    ("Chromecast via bridge", "chromecast"),
    ("Movian, NetFront", "movian"),
    ("Squeezebox/WiiM/Linn/Naim/Lumin", "streamer"),
    ("any with `Reciva`", ""),
    ("Control4 app", ""),
    ("Grilo, HEOS, BubbleUPnP", "gupnp"),
];

#[test]
fn every_device_that_is_known_of_has_a_row_or_a_reason_why_not() {
    let table = include_str!("rows.rs");
    let reasons: String = table
        .lines()
        .take_while(|line| line.starts_with("//!"))
        .map(|line| line.trim_start_matches("//!"))
        .collect();
    for (name, kind) in KNOWN {
        let words = name.split([' ', ',', '`']).filter(|word| !word.is_empty());
        let distinct = words.filter(|word| !["any", "with", "app"].contains(word));
        match *kind {
            "" => {
                for word in distinct {
                    assert!(reasons.contains(word), "{name}: neither row nor reason");
                }
            }
            kind => assert!(by_kind(kind).is_some(), "{name}: no row {kind}"),
        }
    }
}

/// The notes lie beside the repository where it is worked on.
#[test]
fn the_list_of_known_devices_is_that_of_the_field_notes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/field-notes.md");
    let Ok(notes) = std::fs::read_to_string(path) else {
        eprintln!("SKIPPED: the field notes are not beside the repository");
        return;
    };
    let begin = notes.find("\n# C. Device quirks").unwrap();
    let rows = notes[begin..]
        .lines()
        .skip_while(|line| !line.starts_with("|---"));
    let rows = rows.skip(1).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let name = row.trim_start_matches("| ");
        let is_known = KNOWN.iter().any(|(known, _)| name.starts_with(known));
        assert!(is_known, "not in the list of known devices: {name}");
        count += 1;
    }
    assert_eq!(count, KNOWN.len());
}

fn told(field: Field, text: &str) -> Told<'_> {
    let mut told = Told::default();
    told.texts[field as usize] = text.as_bytes();
    told
}

#[test]
fn every_row_is_recognised_and_the_specific_ones_first() {
    for (field, text, kind) in SAID {
        let device = recognise(&told(*field, text)).unwrap_or(&UNKNOWN);
        assert_eq!(device.kind, *kind, "{text}");
    }
    for device in DEVICES.iter().filter(|device| !device.marks.is_empty()) {
        let said = SAID.iter().any(|(_, _, kind)| *kind == device.kind);
        assert!(said, "nothing says {}", device.kind);
    }
}

#[test]
fn kinds_are_names_and_no_mark_is_empty() {
    let mut kinds: Vec<_> = DEVICES.iter().map(|device| device.kind).collect();
    kinds.push(UNKNOWN.kind);
    let is_name = |kind: &str| {
        kind.bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    assert!(
        kinds
            .iter()
            .all(|kind| is_name(kind) && by_kind(kind).is_some())
    );
    let count = kinds.len();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), count);
    for mark in DEVICES.iter().flat_map(|device| device.marks) {
        assert!(!mark.all.is_empty() && mark.all.iter().all(|text| !text.is_empty()));
    }
    // The file itself, and two names more.
    for device in DEVICES {
        let most = |mime: &Mime| {
            device
                .treatment
                .extra
                .iter()
                .filter(|e| e.of.contains(mime))
                .count()
        };
        let mimes = device.treatment.extra.iter().flat_map(|extra| extra.of);
        assert!(mimes.map(most).all(|names| names <= 2), "{}", device.kind);
    }
}

/// What a treatment changes, in words.
fn changes(treatment: &Treatment) -> String {
    let plain = Treatment::PLAIN;
    let mut words = Vec::new();
    let file = |mime: Mime| mime.extension();
    words.extend(
        treatment
            .mimes
            .iter()
            .map(|(mime, name)| format!("{}={name}", file(*mime))),
    );
    words.extend(
        treatment
            .reply_mimes
            .iter()
            .map(|(mime, name)| format!("reply {}={name}", file(*mime))),
    );
    words.extend(
        treatment
            .pseudo_profiles
            .iter()
            .map(|(mime, name)| format!("{}:{name}", file(*mime))),
    );
    words.extend(
        treatment
            .extra
            .iter()
            .map(|extra| format!("+{}:{}", file(extra.of[0]), extra.profile)),
    );
    let mut word = |is: bool, word: String| {
        if is {
            words.push(word);
        }
    };
    word(
        treatment.divx.is_some(),
        format!("divx={}", treatment.divx.unwrap_or_default()),
    );
    word(
        treatment.profiles != plain.profiles,
        format!("{:?}", treatment.profiles),
    );
    word(treatment.seek != Seek::Byte, "OP=11".into());
    word(
        treatment.flags.is_some(),
        format!("{:08X}", treatment.flags.unwrap_or(0)),
    );
    word(treatment.art != Art::Both, "one picture".into());
    word(treatment.art_as_res, "art res".into());
    word(
        treatment.copies != Copies::Behind,
        format!("copies {:?}", treatment.copies),
    );
    let captions = treatment.captions;
    word(
        captions.info != CaptionInfo::Usual,
        format!("captions {:?}", captions.info),
    );
    word(captions.uri != CaptionForms::ALL.uri, "no uri".into());
    word(
        captions.most != CaptionForms::ALL.most,
        format!("{} caption", captions.most),
    );
    word(!treatment.sec, "no sec".into());
    word(
        treatment.bookmark_unit_ms != 1000,
        format!("{} ms", treatment.bookmark_unit_ms),
    );
    word(treatment.position != PositionForm::Clock, "seconds".into());
    word(
        treatment.disguise != Disguise::None,
        format!("{:?}", treatment.disguise),
    );
    word(treatment.own_order, "own order".into());
    word(
        treatment.titles != Titles::OWN,
        format!(
            "titles {} {:?} {} {}",
            treatment.titles.most,
            treatment.titles.ending,
            treatment.titles.replaced.len(),
            treatment.titles.numbered
        ),
    );
    word(!treatment.dates, "no dates".into());
    word(treatment.root.is_some(), format!("{:?}", treatment.root));
    word(
        treatment.classes != Classes::Exact,
        format!("{:?}", treatment.classes),
    );
    word(treatment.media_class, "media class".into());
    word(
        !treatment.letters.are_usual(),
        format!("{:?}", treatment.letters),
    );
    word(!treatment.declaration, "no declaration".into());
    word(treatment.whole_searches, "whole searches".into());
    words.join(", ")
}

#[test]
fn every_row_has_just_this_treatment() {
    let samsung = |disguise: &str, mimes: &str, more: &str| {
        format!(
            "mkv=video/x-mkv{mimes}, art res, copies Thumbnail, {more}no uri, 1 caption, Samsung {{ bookmarks: {disguise} }}, titles 0 Own 2 false"
        )
    };
    let rows: &[(&str, &str)] = &[
        ("samsung-allshare", "no sec"),
        (
            "samsung-bd-j5500",
            "mkv=video/x-mkv, Unlisted, art res, copies Thumbnail, no uri, 1 caption, Samsung { bookmarks: false }, titles 0 Own 2 false",
        ),
        ("samsung-bd", &samsung("false", "", "")),
        (
            "samsung-q",
            "mkv=video/x-mkv, art res, copies Thumbnail, captions WithProtocol, no uri, 1 caption, 1 ms, Samsung { bookmarks: true }, titles 0 Own 2 false",
        ),
        ("samsung", &samsung("true", "", "")),
        ("samsung-tizen", &samsung("true", "", "")),
        ("samsung-a", &samsung("false", ", avi=video/mpeg", "")),
        ("samsung-b", &samsung("false", ", avi=video/mpeg", "")),
        (
            "lg-netcast",
            "ogg=application/ogg, avi=video/avi, captions None, own order",
        ),
        (
            "lg-old",
            "ogg=application/ogg, avi=video/avi, captions None, own order, titles 0 DotForCaptions 0 false",
        ),
        (
            "lg",
            "ogg=application/ogg, avi=video/avi, captions None, own order",
        ),
        ("sony-internet-tv", ""),
        ("sony-bravia", "BraviaNames, one picture, media class"),
        (
            "ps3",
            "avi=video/avi, wav=audio/wav, divx=video/divx, one picture",
        ),
        (
            "sony-bdp",
            "reply mkv=video/divx, reply mpg=video/divx, +ts:MPEG_TS_SD_NA, +ts:MPEG_TS_SD_EU, +mp4:MPEG_PS_NTSC, +mp4:MPEG_PS_PAL, OP=11, 81500000, MediaPlayer",
        ),
        ("ps4", "avi=video/divx, avi:AVI"),
        ("xbox-one", "avi=video/avi"),
        ("xbox-360", "avi=video/avi, Xbox, Folders"),
        (
            "panasonic",
            "copies InFront, captions None, own order, no dates",
        ),
        ("philips", "avi=video/avi, own order"),
        ("toshiba", "+ts:MPEG_PS_NTSC"),
        ("sharp", "Plain"),
        ("directv", "copies InFront, Plain"),
        ("dish", "mkv=video/mp4, ts=video/mp4, m2ts=video/mp4, Plain"),
        ("hyundai", "titles 0 Extension 0 false"),
        ("oplay", "avi=video/avi, titles 23 Own 0 false"),
        ("popcorn-hour", ""),
        ("freebox", "ts=video/mp2t, copies None"),
        ("lifetab", ""),
        ("soundbridge", "wav=audio/wav, own order, Some(Music)"),
        ("roku", ""),
        ("heos", "wav=audio/wav"),
        ("yamaha", "Ascii"),
        ("bose", "Apostrophes"),
        ("frontier-silicon", ""),
        ("ir-radio", "no sec, no declaration"),
        ("streamer", "Some(Music)"),
        ("chromecast", ""),
        ("kodi", "m4a=audio/aac, seconds"),
        ("vlc", ""),
        ("wmp", "avi=video/avi, whole searches"),
        ("gupnp", ""),
        ("bubbleupnp", ""),
        ("movian", "own order"),
        ("browser", ""),
        ("numbered", "titles 0 Own 0 true"),
    ];
    for (kind, wanted) in rows {
        assert_eq!(
            changes(&by_kind(kind).unwrap().treatment),
            *wanted,
            "{kind}"
        );
    }
    assert_eq!(rows.len(), DEVICES.len());
}

#[test]
fn names_and_profiles_change_where_they_are_told() {
    let of = |kind: &str| &by_kind(kind).unwrap().treatment;
    let film = |mime: Mime, profile| ProtocolInfo::streamed(mime.as_str(), profile);
    let avc = film(Mime::M2TS, Some("AVC_TS_MP_HD_AC3_T"));
    assert_eq!(
        of("sony-bravia").listed(avc, Mime::M2TS.into()).profile,
        Some("AVC_TS_HD_50_AC3_T")
    );
    let iso = film(Mime::MPEG_TS, Some("AVC_TS_MP_SD_AC3_ISO"));
    assert_eq!(
        of("sony-bravia").fetched(iso, Mime::MPEG_TS.into()).profile,
        Some("AVC_TS_HD_50_AC3_ISO")
    );
    let other = film(Mime::MPEG_TS, Some("AVC_TS_MP_HD_AAC_MULT5"));
    assert_eq!(of("sony-bravia").listed(other, Mime::MPEG_TS.into()), other);
    let mp4 = film(Mime::MP4, Some("AVC_MP4_MP_SD_AAC_MULT5"));
    assert_eq!(
        of("samsung-bd-j5500").listed(mp4, Mime::MP4.into()).profile,
        None
    );
    assert_eq!(of("samsung-bd-j5500").fetched(mp4, Mime::MP4.into()), mp4);
    let mkv = film(Mime::MATROSKA, None);
    assert_eq!(
        of("sony-bdp").listed(mkv, Mime::MATROSKA.into()).mime,
        "video/x-matroska"
    );
    let fetched = of("sony-bdp").fetched(mkv, Mime::MATROSKA.into());
    assert_eq!(
        (fetched.mime, fetched.seek, fetched.flags),
        ("video/divx", Seek::ByteAndTime, 0x8150_0000)
    );
    // What times cannot be looked up in is not offered by time.
    let real = of("sony-bdp").listed(film(Mime::REAL, None), Mime::REAL.into());
    assert_eq!(real.seek, Seek::Byte);
    let photo = ProtocolInfo::image("image/jpeg", Some("JPEG_LRG"));
    assert_eq!(of("sony-bdp").listed(photo, Mime::JPEG.into()), photo);
    let divx = Kind {
        is_divx: true,
        ..Kind::from(Mime::AVI)
    };
    let avi = film(Mime::AVI, None);
    assert_eq!(of("ps3").listed(avi, Mime::AVI.into()).mime, "video/avi");
    assert_eq!(of("ps3").listed(avi, divx).mime, "video/divx");
    assert_eq!(of("ps3").fetched(avi, divx).mime, "video/divx");
    assert_eq!(Treatment::PLAIN.listed(avi, divx).mime, "video/x-msvideo");
    let avi = of("ps4").listed(film(Mime::AVI, None), Mime::AVI.into());
    assert_eq!((avi.mime, avi.profile), ("video/divx", Some("AVI")));
    for mime in [Mime::MP4, Mime::AVI, Mime::WAV] {
        let info = film(mime, None);
        assert_eq!(Treatment::PLAIN.listed(info, mime.into()), info);
    }
}

// ---- memory -----------------------------------------------------------------------------------

/// Devices, and a clock.
#[derive(Default)]
struct House {
    devices: Devices,
    now: Duration,
}

impl House {
    /// A request with these fields; what it is served as.
    fn ask(&mut self, last: u8, lines: &str) -> &'static str {
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{lines}\r\n");
        let Ok(Parsed::Done { head, .. }) = request::parse(head.as_bytes()) else {
            panic!("not a request: {lines}");
        };
        note(&mut self.devices, address(last), &head, self.now);
        self.devices.of(address(last)).kind
    }
}

fn record(devices: &mut Devices, address: IpAddr, now: Duration) {
    let request = Said {
        head: b"GET / HTTP/1.1\r\n\r\n",
        ..Said::default()
    };
    devices.record(&Exchange {
        address,
        uptime: now,
        ring: Ring::Talk,
        request,
        reply: Said::default(),
    });
}

fn note(devices: &mut Devices, address: IpAddr, head: &request::Head<'_>, now: Duration) {
    let request = Request {
        head,
        body: &[],
        peer: (address, 40_000).into(),
        local: ([10, 0, 0, 200], 8200).into(),
        now: Now {
            uptime: now,
            unix_secs: 0,
        },
    };
    devices.note(&request, None);
}

fn address(last: u8) -> IpAddr {
    IpAddr::from([10, 0, 0, last])
}

const TV: &str = "User-Agent: DLNADOC/1.50 SEC_HHP_[TV]UE40D6000/1.0\r\n";
const FETCH: &str = "User-Agent: samsung-agent/1.1\r\n";
const KODI: &str = "User-Agent: UPnP/1.0 DLNADOC/1.50 Kodi\r\n";

#[test]
fn a_television_is_remembered_by_its_address_and_a_program_says_who_it_is() {
    let mut house = House::default();
    assert_eq!(house.ask(1, FETCH), "plain");
    assert_eq!(house.ask(1, TV), "samsung");
    assert_eq!(house.ask(1, FETCH), "samsung");
    assert_eq!(house.ask(2, FETCH), "plain");
    // On the same address, but it says so.
    assert_eq!(house.ask(1, KODI), "kodi");
    assert_eq!(house.ask(1, FETCH), "samsung");
    // A program is no reason to take others for it.
    assert_eq!(house.ask(3, KODI), "kodi");
    assert_eq!(house.ask(3, ""), "plain");
    // Sony's header is more than its User-Agent.
    let bravia =
        "User-Agent: UPnP/1.0\r\nX-AV-Client-Info: av=5.0; mn=\"BRAVIA KDL-40\"; mv=\"1.7\"\r\n";
    assert_eq!(house.ask(4, bravia), "sony-bravia");
    assert_eq!(house.ask(4, "User-Agent: UPnP/1.0\r\n"), "sony-bravia");
}

#[test]
fn memory_ends_and_a_full_table_forgets_the_oldest() {
    let mut house = House::default();
    house.ask(1, TV);
    house.now = limits::DEVICE_MEMORY;
    assert_eq!(house.ask(1, FETCH), "samsung");
    house.now += limits::DEVICE_MEMORY + Duration::from_secs(1);
    assert_eq!(house.ask(1, FETCH), "plain");

    let mut house = House::default();
    for n in 0..=limits::DEVICES_SEEN {
        let mut last = [10, 1, 0, 0];
        last[2..].copy_from_slice(&u16::try_from(n).unwrap().to_be_bytes());
        house.now += Duration::from_secs(1);
        let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{TV}\r\n");
        let Ok(Parsed::Done { head, .. }) = request::parse(head.as_bytes()) else {
            panic!("not a request");
        };
        note(&mut house.devices, last.into(), &head, house.now);
    }
    assert_eq!(house.devices.seen().len(), limits::DEVICES_SEEN);
    assert_eq!(house.devices.forgotten().0, 1);
    assert_eq!(house.devices.of([10, 1, 0, 0].into()).kind, "plain");
    assert_eq!(house.devices.of([10, 1, 0, 1].into()).kind, "samsung");
}

#[test]
fn so_many_devices_are_recorded_and_the_one_that_was_here_least_lately_gives_way() {
    let mut house = House::default();
    for last in 0..=u8::MAX {
        house.now += Duration::from_secs(1);
        house.ask(last, FETCH);
        record(&mut house.devices, address(last), house.now);
        house.ask(0, TV);
        record(&mut house.devices, address(0), house.now);
    }
    let seen = house.devices.seen();
    let recorded = seen.iter().filter(|seen| seen.exchanges().is_some());
    assert_eq!(recorded.count(), limits::RECORDED_DEVICES);
    let is_recorded = |last| {
        let seen = house.devices.find(address(last));
        seen.is_some_and(|seen| seen.exchanges().is_some())
    };
    assert!(is_recorded(0) && is_recorded(255) && !is_recorded(1));
    assert_eq!(house.devices.forgotten(), (0, 240));
    // What one leaves behind is not told of another.
    let mut text = String::new();
    let last = house.devices.find(address(255)).unwrap();
    last.exchanges().unwrap().write(&mut text, house.now);
    assert_eq!(text.matches("GET / HTTP/1.1").count(), 1, "{text}");

    let mut deaf = Devices::new(Vec::new(), false);
    record(&mut deaf, address(1), Duration::ZERO);
    assert!(deaf.seen().is_empty());
}

#[test]
fn an_address_is_the_same_in_both_its_forms() {
    let mut house = House::default();
    house.ask(1, TV);
    let mapped = "::ffff:10.0.0.1".parse().unwrap();
    assert_eq!(house.devices.of(mapped).kind, "samsung");
}

#[test]
fn what_is_learned_counts_less_than_what_is_said() {
    let mut house = House::default();
    let description = Told::of_description("UPnP/1.0", "Living room", "Samsung DTV DMR");
    house.devices.learn(address(1), &description, house.now);
    assert_eq!(house.devices.of(address(1)).kind, "samsung-b");
    assert_eq!(house.ask(1, FETCH), "samsung-b");
    assert_eq!(house.ask(1, TV), "samsung");
    house.devices.learn(address(1), &description, house.now);
    assert_eq!(house.ask(1, FETCH), "samsung");
    house.ask(2, "");
    house
        .devices
        .learn(address(2), &Told::of_description("", "?", "?"), house.now);
    assert_eq!(house.ask(2, ""), "plain");
}

#[test]
fn the_operator_has_the_last_word() {
    let given = |text: &str| Given::parse(text).unwrap();
    let rows = vec![
        given("10.0.0.1=plain"),
        given("MyPlayer/2 = samsung-q"),
        given("SEC_HHP=lg"),
    ];
    assert_eq!(rows[1].to_string(), "MyPlayer/2=samsung-q");
    assert_eq!(rows[0].to_string(), "10.0.0.1=plain");
    let mut house = House {
        devices: Devices::new(rows, true),
        now: Duration::ZERO,
    };
    assert_eq!(house.ask(1, TV), "plain");
    assert_eq!(house.ask(2, TV), "lg");
    assert_eq!(house.ask(3, "User-Agent: MyPlayer/2.1\r\n"), "samsung-q");
    assert_eq!(house.ask(3, "User-Agent: MyPlayer/3\r\n"), "plain");
    assert_eq!(Given::parse("x"), Err(BadRow::NoKind));
    assert_eq!(Given::parse("=lg"), Err(BadRow::NoKind));
    assert_eq!(Given::parse("x="), Err(BadRow::NoKind));
    assert_eq!(Given::parse("x=telly"), Err(BadRow::UnknownKind));
    assert_eq!(
        given("fe80::1=lg").who,
        Who::Address("fe80::1".parse().unwrap())
    );
    assert_eq!(given("a=b=lg").who, Who::Says("a=b".into()));
}
