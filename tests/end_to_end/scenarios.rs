//! Every row of the table of devices, as it asks: what it is told that a plain client is not, and what not, to the word.
//!
//! A row without a scenario fails the test. Every reply of every scenario is read as the strictest device does.

use std::collections::BTreeSet;

use rill::service::devices::DEVICES;

use crate::harness::device::{Device, SRT, is_subtitle, packets};
use crate::harness::{Browse, Element, Library, NEAR, Object, Setup, jpeg, mp3_titled, mp4, png};

/// One row.
struct Scenario {
    kind: &'static str,
    /// What each of its requests says.
    fields: &'static [(&'static str, &'static str)],
    /// What it is told and a plain client is not.
    more: &'static [&'static str],
    /// What a plain client is told and it is not.
    less: &'static [&'static str],
}

const fn agent<'a>(agent: &'static str) -> (&'a str, &'static str) {
    ("User-Agent", agent)
}

#[test]
fn every_row_of_the_table_has_a_scenario() {
    let said: BTreeSet<_> = SCENARIOS.iter().map(|scenario| scenario.kind).collect();
    let recognised = DEVICES.iter().filter(|device| {
        // What no request says is shown by others: learned from a description, given by the operator.
        !["samsung-b", "numbered"].contains(&device.kind)
    });
    let all: BTreeSet<_> = recognised.map(|device| device.kind).collect();
    assert_eq!(said, all);
    assert_eq!(said.len(), SCENARIOS.len());
}

#[test]
fn each_device_is_told_exactly_what_it_needs_and_a_plain_client_the_plain_answers() {
    let library = library();
    let views = Setup::new(&library)
        .set("RILL_VIEWS", "music,video,pictures,folders")
        .set("RILL_NAME", "Board");
    let Some(rill) = views.expecting(0).start() else {
        return;
    };
    let plain = Device::plain(&rill);
    let folders = crate::harness::wait_for("the views are there", 20, || {
        let root = plain.children("0");
        (root.objects.len() == 4).then(|| root.titled("Folders").id.clone())
    });
    let plainly = facts(&plain, &folders);
    let mut wrong = String::new();
    for scenario in SCENARIOS {
        let mut device = Device::new(&rill, scenario.fields);
        device.ascii = scenario.kind == "yamaha";
        let told = facts(&device, &folders);
        let name = DEVICES
            .iter()
            .find(|row| row.kind == scenario.kind)
            .unwrap()
            .name;
        let status = plain.get("/status.json", &[]);
        let row = format!("\"address\":\"{}\",\"kind\":\"{name}\"", NEAR.client);
        assert!(
            status.text().contains(&row),
            "{}: {}",
            scenario.kind,
            status.text()
        );
        let more: Vec<_> = told.difference(&plainly).map(String::as_str).collect();
        let less: Vec<_> = plainly.difference(&told).map(String::as_str).collect();
        if more != scenario.more || less != scenario.less {
            use std::fmt::Write as _;
            writeln!(
                wrong,
                "{}:\n  more: {more:#?}\n  less: {less:#?}",
                scenario.kind
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert_eq!(facts(&plain, &folders), plainly, "afterwards");
}

#[test]
fn heos_and_bubbleupnp_find_their_shortcuts() {
    let library = library();
    let views = Setup::new(&library).set("RILL_VIEWS", "music,video,pictures,folders");
    let Some(rill) = views.expecting(0).start() else {
        return;
    };
    crate::harness::wait_for("the views are there", 20, || {
        (Device::plain(&rill).children("0").objects.len() == 4).then_some(())
    });
    for who in ["bridgeCo-DMP/3", "BubbleUPnP UPnP/1.1"] {
        let device = Device::agent(&rill, who);
        let list = device.call("GetFeatureList", &[]);
        let list = list.text_of("FeatureList").unwrap().to_owned();
        device.strict(&list);
        let features = Element::parse(&list);
        let feature = features.all("Feature");
        let shortcuts = feature
            .iter()
            .find(|feature| feature.attribute("name") == Some("CONTAINER_SHORTCUTS"))
            .unwrap_or_else(|| panic!("{who}: {list}"));
        assert_eq!(shortcuts.attribute("version"), Some("1"));
        let mut names = Vec::new();
        for shortcut in shortcuts.all("shortcut") {
            let name = shortcut.text_of("name").unwrap();
            let id = shortcut.text_of("objectID").unwrap();
            let object = device.browse(&Browse::metadata(id)).objects.remove(0);
            assert!(object.is_container, "{name}");
            names.push(name.to_owned());
        }
        assert!(names.iter().any(|name| name == "MUSIC"), "{who}: {names:?}");
        assert!(
            names.iter().any(|name| name == "VIDEOS"),
            "{who}: {names:?}"
        );
    }
}

/// One file of each kind that any row is particular about.
fn library() -> Library {
    let library = Library::empty()
        .with("film.mkv", b"not looked into")
        .with("home.avi", b"not looked into")
        .with("xvid.divx", &xvid())
        .with("show.ts", &packets())
        .with("card.m2ts", b"not looked into")
        .with("disc.mpg", b"not looked into")
        .with(
            "It's 10: na\u{ef}vely long title.mp4",
            &mp4(3725, 640, 360, b"film"),
        )
        .with("song.wav", b"not looked into")
        .with("song.m4a", b"not looked into")
        .with("song.ogg", b"not looked into")
        .with("tune.mp3", &mp3_titled("Tune", 40))
        .with("photo.jpg", &jpeg(1024, 768))
        .with("drawing.png", &png(200, 200));
    library.write("film.srt", SRT);
    library.write("film.de.srt", SRT);
    library
}

/// AVI with the head of an Xvid film.
fn xvid() -> Vec<u8> {
    fn chunk(name: [u8; 4], body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len()).unwrap().to_le_bytes();
        [name.as_slice(), &len, body].concat()
    }
    let mut header = b"vidsXVID".to_vec();
    header.extend([0; 12]);
    header.extend([1_u32, 25, 0, 250, 0, 0, 0].map(u32::to_le_bytes).concat());
    let mut format = [40_u32, 64, 64].map(u32::to_le_bytes).concat();
    format.extend(b"\x01\0\x18\0XVID");
    format.extend([0; 20]);
    let stream = [
        b"strl".to_vec(),
        chunk(*b"strh", &header),
        chunk(*b"strf", &format),
    ]
    .concat();
    let main = [40_000_u32, 0, 0, 0, 250, 0, 1, 0, 64, 64, 0, 0, 0, 0];
    let main = chunk(*b"avih", &main.map(u32::to_le_bytes).concat());
    let list = chunk(
        *b"LIST",
        &[b"hdrl".to_vec(), main, chunk(*b"LIST", &stream)].concat(),
    );
    let movie = chunk(*b"LIST", b"movi");
    chunk(*b"RIFF", &[b"AVI ".to_vec(), list, movie].concat())
}

/// All that is told to `device`, a line for each thing that may differ.
fn facts(device: &Device<'_>, folders: &str) -> BTreeSet<String> {
    let mut facts = BTreeSet::new();
    let root = device.children("0");
    facts.insert(format!("root: {}", root.titles().join(", ")));
    for container in &root.objects {
        let classes = container.element.all("mediaClass");
        for class in classes {
            facts.insert(format!(
                "root: {} of media class {}",
                container.title, class.text
            ));
        }
        facts.insert(format!("root: {}", container.class));
    }
    let page = device.children(folders);
    let order: Vec<_> = page.objects.iter().map(name).collect();
    facts.insert(format!("order: {}", order.join(" ")));
    let sorted = Browse {
        sort: "-dc:title",
        ..Browse::children(folders)
    };
    let order: Vec<_> = device.browse(&sorted).objects.iter().map(name).collect();
    facts.insert(format!("order backwards: {}", order.join(" ")));
    for object in &page.objects {
        about(device, object, &mut facts);
        let alone = device
            .browse(&Browse::metadata(&object.id))
            .objects
            .remove(0);
        assert_eq!(name(&alone), name(object), "BrowseMetadata");
    }
    about_documents(device, folders, &mut facts);
    facts
}

/// What a file is called here: its extension.
fn name(object: &Object) -> String {
    let res = object.element.all("res");
    let own = res.iter().find(|res| res.text.contains("/media/"));
    let own = own.map_or("?", |res| res.text.rsplit('.').next().unwrap());
    own.to_owned()
}

fn about(device: &Device<'_>, object: &Object, facts: &mut BTreeSet<String>) {
    // The picture may stand first; the file itself is the one with this id.
    let own = format!("/media/{}.", object.id);
    let res = object.element.all("res");
    let file = res.iter().find(|res| res.text.contains(&own)).unwrap();
    let extension = file.text.rsplit('.').next().unwrap();
    let name = if object.title.starts_with("xvid") {
        "xvid"
    } else {
        extension
    };
    let mut fact = |text: String| facts.insert(format!("{name}: {text}"));
    fact(format!("title {:?}", object.title));
    fact(format!("class {}", object.class));
    let listed: Vec<_> = res
        .iter()
        .map(|res| short(res.attribute("protocolInfo").unwrap()))
        .collect();
    fact(format!("res {}", listed.join(", ")));
    if let Some(uri) = file.attribute("pv:subtitleFileUri") {
        fact(format!(
            "pv:subtitleFileUri .{}",
            uri.rsplit('.').next().unwrap()
        ));
    }
    for caption in object.element.all("CaptionInfoEx") {
        fact(format!(
            "CaptionInfoEx {:?}",
            caption.attribute("protocolInfo")
        ));
    }
    let captions =
        object.element.all("CaptionInfoEx").len() + object.element.all("CaptionInfo").len();
    let subtitles = res.iter().filter(|res| is_subtitle(res)).count();
    fact(format!("{captions} captions, {subtitles} subtitles"));
    let arts = object.element.all("albumArtURI");
    let arts: Vec<_> = arts
        .iter()
        .map(|art| art.attribute("dlna:profileID").unwrap_or("none"))
        .collect();
    fact(format!("art {arts:?}"));
    fact(format!("date {}", object.element.find("date").is_some()));
    let target = crate::harness::target(&file.text);
    let reply = device.ask("HEAD", target, &[("getcontentFeatures.dlna.org", "1")], b"");
    assert_eq!(reply.status, 200, "{target}");
    let field = |name| reply.field(name).unwrap_or("none").to_owned();
    fact(format!(
        "sent as {} {}",
        field("Content-Type"),
        short_features(&field("contentFeatures.dlna.org"))
    ));
}

/// `type profile OP FLAGS` of a protocolInfo.
fn short(info: &str) -> String {
    let mut parts = info.splitn(4, ':').skip(2);
    let (mime, features) = (parts.next().unwrap(), parts.next().unwrap());
    format!("{mime} {}", short_features(features))
}

fn short_features(features: &str) -> String {
    let word = |name: &str| {
        let found = features.split(';').find_map(|pair| pair.strip_prefix(name));
        found.unwrap_or("-").to_owned()
    };
    let flags = word("DLNA.ORG_FLAGS=");
    format!(
        "{} {} {}",
        word("DLNA.ORG_PN="),
        word("DLNA.ORG_OP="),
        &flags[..flags.len().min(8)]
    )
}

fn about_documents(device: &Device<'_>, folders: &str, facts: &mut BTreeSet<String>) {
    let description = device.document("/description.xml");
    let described = Element::parse(&description);
    for name in [
        "modelName",
        "modelNumber",
        "friendlyName",
        "manufacturer",
        "ProductCap",
        "X_ProductCap",
    ] {
        for element in described.all(name) {
            facts.insert(format!(
                "description: {name} {}",
                element.text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
            ));
        }
    }
    for service in described.all("service") {
        device.document(service.text_of("SCPDURL").unwrap());
    }
    let browse = device.ask_for(
        "ContentDirectory",
        "Browse",
        &Browse::children(folders).arguments(),
    );
    let text = browse.text();
    facts.insert(format!("XML declaration: {}", text.starts_with("<?xml")));
    facts.insert(format!("namespace sec: {}", text.contains("xmlns:sec")));
    facts.insert(format!("all ASCII: {}", text.is_ascii()));
    facts.insert(format!("apostrophes: {}", text.contains("&amp;apos;")));
    for action in [
        "GetSearchCapabilities",
        "GetSortCapabilities",
        "GetSortExtensionCapabilities",
        "GetFeatureList",
        "X_GetFeatureList",
        "GetSystemUpdateID",
    ] {
        device.call(action, &[]);
    }
    for action in ["GetProtocolInfo", "GetCurrentConnectionIDs"] {
        device.act("ConnectionManager", action, &[]);
    }
    let registration = [("DeviceID", String::new())];
    device.act("X_MS_MediaReceiverRegistrar", "IsAuthorized", &registration);
    let search = [
        ("ContainerID", "0".to_owned()),
        (
            "SearchCriteria",
            "upnp:class derivedfrom \"object.item.videoItem\"".to_owned(),
        ),
        ("Filter", "*".to_owned()),
        ("StartingIndex", "0".to_owned()),
        ("RequestedCount", "1".to_owned()),
        ("SortCriteria", String::new()),
    ];
    let found = device.call("Search", &search);
    device.strict(found.text_of("Result").unwrap());
    facts.insert(format!(
        "search for one: {}",
        found.text_of("NumberReturned").unwrap()
    ));
    // Errors are read by the same strict parsers.
    let fault = device.ask_for(
        "ContentDirectory",
        "Browse",
        &Browse::children("nothing").arguments(),
    );
    assert_eq!(fault.status, 500);
    device.strict(fault.text());
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        kind: "samsung-allshare",
        fields: &[agent("DLNADOC/1.50 SEC_HHP_[PC]LPC001/1.0")],
        more: &["mkv: 0 captions, 2 subtitles", "namespace sec: false"],
        less: &[
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "namespace sec: true",
        ],
    },
    Scenario {
        kind: "samsung-bd-j5500",
        fields: &[agent("DLNADOC/1.50 SEC_HHP_[BD]J5500/1.0")],
        more: &[
            "description: ProductCap smi,getMediaInfo.sec,getCaptionInfo.sec",
            "description: X_ProductCap smi,getMediaInfo.sec,getCaptionInfo.sec",
            "jpg: res image/jpeg - 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "mkv: 1 captions, 1 subtitles",
            "mkv: res video/x-mkv - 01 01700000, text/srt - - -",
            "mkv: sent as video/x-mkv - 01 01700000",
            "mp3: res audio/mpeg - 01 01700000",
            "mp4: title \"It's 10- naïvely long title\"",
            "png: res image/png - 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
        ],
        less: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: pv:subtitleFileUri .srt",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp3: res audio/mpeg MP3 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
            "png: res image/png PNG_LRG 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
        ],
    },
    Scenario {
        kind: "samsung-bd",
        fields: &[agent("DLNADOC/1.50 SEC_HHP_BD-D5100/1.0")],
        more: &[
            "description: ProductCap smi,getMediaInfo.sec,getCaptionInfo.sec",
            "description: X_ProductCap smi,getMediaInfo.sec,getCaptionInfo.sec",
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "mkv: 1 captions, 1 subtitles",
            "mkv: res video/x-mkv - 01 01700000, text/srt - - -",
            "mkv: sent as video/x-mkv - 01 01700000",
            "mp4: title \"It's 10- naïvely long title\"",
        ],
        less: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: pv:subtitleFileUri .srt",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
        ],
    },
    Scenario {
        kind: "samsung-q",
        fields: &[agent(
            "DLNADOC/1.50 SEC_HHP_[TV] Samsung Q7 Series (55)/1.0",
        )],
        more: &[
            "description: ProductCap smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec",
            "description: X_ProductCap smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec",
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "mkv: 1 captions, 1 subtitles",
            "mkv: CaptionInfoEx Some(\"http-get:*:text/srt:*\")",
            "mkv: res video/x-mkv - 01 01700000, text/srt - - -",
            "mkv: sent as video/x-mkv - 01 01700000",
            "mp4: title \"It's 10- naïvely long title\"",
        ],
        less: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "mkv: pv:subtitleFileUri .srt",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
        ],
    },
    Scenario {
        kind: "samsung",
        fields: &[agent("DLNADOC/1.50 SEC_HHP_[TV]UE40D6000/1.0")],
        more: &[
            "description: ProductCap smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec",
            "description: X_ProductCap smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec",
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "mkv: 1 captions, 1 subtitles",
            "mkv: res video/x-mkv - 01 01700000, text/srt - - -",
            "mkv: sent as video/x-mkv - 01 01700000",
            "mp4: title \"It's 10- naïvely long title\"",
        ],
        less: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: pv:subtitleFileUri .srt",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
        ],
    },
    Scenario {
        kind: "samsung-tizen",
        fields: &[agent("Linux/9.0 UPnP/1.0 PROTOTYPE/1.0")],
        more: &[
            "description: ProductCap smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec",
            "description: X_ProductCap smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec",
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "mkv: 1 captions, 1 subtitles",
            "mkv: res video/x-mkv - 01 01700000, text/srt - - -",
            "mkv: sent as video/x-mkv - 01 01700000",
            "mp4: title \"It's 10- naïvely long title\"",
        ],
        less: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: pv:subtitleFileUri .srt",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
        ],
    },
    Scenario {
        kind: "samsung-a",
        fields: &[agent("SamsungWiselinkPro/1.0")],
        more: &[
            "avi: res video/mpeg - 01 01700000",
            "avi: sent as video/mpeg - 01 01700000",
            "description: ProductCap smi,getMediaInfo.sec,getCaptionInfo.sec",
            "description: X_ProductCap smi,getMediaInfo.sec,getCaptionInfo.sec",
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "mkv: 1 captions, 1 subtitles",
            "mkv: res video/x-mkv - 01 01700000, text/srt - - -",
            "mkv: sent as video/x-mkv - 01 01700000",
            "mp4: title \"It's 10- naïvely long title\"",
            "xvid: res video/mpeg - 01 01700000",
            "xvid: sent as video/mpeg - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: pv:subtitleFileUri .srt",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "lg-netcast",
        fields: &[agent("LGE_DLNA_SDK/1.6.0 DLNADOC/1.50")],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "mkv: 0 captions, 2 subtitles",
            "ogg: res application/ogg - 01 01700000",
            "ogg: sent as application/ogg - 01 01700000",
            "order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "ogg: res audio/ogg - 01 01700000",
            "ogg: sent as audio/ogg - 01 01700000",
            "order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "lg-old",
        fields: &[agent(
            "Linux/2.6.31-1.0 UPnP/1.0 DLNADOC/1.50 INTEL_NMPR/2.0 LGE_DLNA_SDK/1.5.0",
        )],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "mkv: 0 captions, 2 subtitles",
            "mkv: title \"film.\"",
            "ogg: res application/ogg - 01 01700000",
            "ogg: sent as application/ogg - 01 01700000",
            "order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "mkv: title \"film\"",
            "ogg: res audio/ogg - 01 01700000",
            "ogg: sent as audio/ogg - 01 01700000",
            "order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "lg",
        fields: &[agent(
            "Linux/3.0 UPnP/1.0 LGE WebOS TV LGE_DLNA/1.0 LG webOS TV",
        )],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "mkv: 0 captions, 2 subtitles",
            "ogg: res application/ogg - 01 01700000",
            "ogg: sent as application/ogg - 01 01700000",
            "order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "ogg: res audio/ogg - 01 01700000",
            "ogg: sent as audio/ogg - 01 01700000",
            "order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "sony-internet-tv",
        fields: &[(
            "X-AV-Client-Info",
            "av=5.0; cn=\"Sony Corporation\"; mn=\"INTERNET TV\"; mv=\"1.0\";",
        )],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "sony-bravia",
        fields: &[(
            "X-AV-Client-Info",
            "av=5.0; cn=\"Sony Corporation\"; mn=\"BRAVIA KDL-40EX720\"; mv=\"1.7\";",
        )],
        more: &[
            "jpg: art [\"JPEG_TN\"]",
            "png: art [\"JPEG_TN\"]",
            "root: Music of media class M",
            "root: Pictures of media class P",
            "root: Video of media class V",
        ],
        less: &[
            "jpg: art [\"JPEG_TN\", \"JPEG_SM\"]",
            "png: art [\"JPEG_TN\", \"JPEG_SM\"]",
        ],
    },
    Scenario {
        kind: "ps3",
        fields: &[(
            "X-AV-Client-Info",
            "av=5.0; cn=\"Sony Computer Entertainment Inc.\"; mn=\"PLAYSTATION 3\"; mv=\"1.0\";",
        )],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "jpg: art [\"JPEG_TN\"]",
            "png: art [\"JPEG_TN\"]",
            "wav: res audio/wav - 01 01700000",
            "wav: sent as audio/wav - 01 01700000",
            "xvid: res video/divx - 01 01700000",
            "xvid: sent as video/divx - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "jpg: art [\"JPEG_TN\", \"JPEG_SM\"]",
            "png: art [\"JPEG_TN\", \"JPEG_SM\"]",
            "wav: res audio/x-wav - 01 01700000",
            "wav: sent as audio/x-wav - 01 01700000",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "sony-bdp",
        fields: &[(
            "X-AV-Client-Info",
            "av=5.0; cn=\"Sony Corporation\"; mn=\"Blu-ray Disc Player\"; mv=\"2.0\"",
        )],
        more: &[
            "avi: res video/x-msvideo - 01 81500000, video/avi MPEG_PS_NTSC 01 81500000, video/avi MPEG_PS_PAL 01 81500000",
            "avi: sent as video/x-msvideo - 01 81500000",
            "description: manufacturer Microsoft Corporation",
            "description: modelName Windows Media Player Sharing",
            "description: modelNumber 12.0",
            "m2ts: res video/vnd.dlna.mpeg-tts - 01 81500000, video/mpeg MPEG_TS_SD_NA 01 81500000, video/mpeg MPEG_TS_SD_EU 01 81500000",
            "m2ts: sent as video/vnd.dlna.mpeg-tts - 01 81500000",
            "m4a: res audio/mp4 - 01 81500000",
            "m4a: sent as audio/mp4 - 01 81500000",
            "mkv: res video/x-matroska - 01 81500000, video/avi MPEG_PS_NTSC 01 81500000, video/avi MPEG_PS_PAL 01 81500000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/divx - 01 81500000",
            "mp3: res audio/mpeg MP3 11 81500000",
            "mp3: sent as audio/mpeg MP3 11 81500000",
            "mp4: res video/mp4 - 11 81500000, video/avi MPEG_PS_NTSC 11 81500000, video/avi MPEG_PS_PAL 11 81500000",
            "mp4: sent as video/mp4 - 11 81500000",
            "mpg: res video/mpeg - 01 81500000, video/avi MPEG_PS_NTSC 01 81500000, video/avi MPEG_PS_PAL 01 81500000",
            "mpg: sent as video/divx - 01 81500000",
            "ogg: res audio/ogg - 01 81500000",
            "ogg: sent as audio/ogg - 01 81500000",
            "ts: res video/mpeg - 01 81500000, video/mpeg MPEG_TS_SD_NA 01 81500000, video/mpeg MPEG_TS_SD_EU 01 81500000",
            "ts: sent as video/mpeg - 01 81500000",
            "wav: res audio/x-wav - 01 81500000",
            "wav: sent as audio/x-wav - 01 81500000",
            "xvid: res video/x-msvideo - 11 81500000, video/avi MPEG_PS_NTSC 11 81500000, video/avi MPEG_PS_PAL 11 81500000",
            "xvid: sent as video/x-msvideo - 11 81500000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "description: manufacturer rill",
            "description: modelName rill",
            "description: modelNumber VERSION",
            "m2ts: res video/vnd.dlna.mpeg-tts - 01 01700000",
            "m2ts: sent as video/vnd.dlna.mpeg-tts - 01 01700000",
            "m4a: res audio/mp4 - 01 01700000",
            "m4a: sent as audio/mp4 - 01 01700000",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp3: res audio/mpeg MP3 01 01700000",
            "mp3: sent as audio/mpeg MP3 01 01700000",
            "mp4: res video/mp4 - 01 01700000",
            "mp4: sent as video/mp4 - 01 01700000",
            "mpg: res video/mpeg - 01 01700000",
            "mpg: sent as video/mpeg - 01 01700000",
            "ogg: res audio/ogg - 01 01700000",
            "ogg: sent as audio/ogg - 01 01700000",
            "ts: res video/mpeg - 01 01700000",
            "ts: sent as video/mpeg - 01 01700000",
            "wav: res audio/x-wav - 01 01700000",
            "wav: sent as audio/x-wav - 01 01700000",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "ps4",
        fields: &[agent("PlayStation 4/9.03")],
        more: &[
            "avi: res video/divx AVI 01 01700000",
            "avi: sent as video/divx AVI 01 01700000",
            "xvid: res video/divx AVI 01 01700000",
            "xvid: sent as video/divx AVI 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "xbox-one",
        fields: &[agent("NSPlayer/12.00.18362.0 WMFSDK/12.00.18362.0 XboxOne")],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "xbox-360",
        fields: &[agent("Xbox/2.0.17559.0 UPnP/1.0 Xbox/2.0.17559.0")],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "description: friendlyName Board : 1",
            "description: modelName Windows Media Connect",
            "description: modelNumber 1",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "description: friendlyName Board",
            "description: modelName rill",
            "description: modelNumber VERSION",
            "root: object.container",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "panasonic",
        fields: &[agent("Panasonic MIL DLNA CP UPnP/1.0 DLNADOC/1.50")],
        more: &[
            "mkv: 0 captions, 2 subtitles",
            "order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi",
            "png: res image/jpeg JPEG_TN 01 00F00000, image/png PNG_LRG 01 00F00000",
        ],
        less: &[
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts",
            "png: res image/png PNG_LRG 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
        ],
    },
    Scenario {
        kind: "philips",
        fields: &[agent("NetFront/3.4 IPI/1.0 UPnP/1.0 DLNADOC/1.50")],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "toshiba",
        fields: &[agent(
            "UPnP/1.0 DLNADOC/1.50 Intel_SDK_for_UPnP_devices/1.2",
        )],
        more: &[
            "m2ts: res video/vnd.dlna.mpeg-tts - 01 01700000, video/mpeg MPEG_PS_NTSC 01 01700000",
            "ts: res video/mpeg - 01 01700000, video/mpeg MPEG_PS_NTSC 01 01700000",
        ],
        less: &[
            "m2ts: res video/vnd.dlna.mpeg-tts - 01 01700000",
            "ts: res video/mpeg - 01 01700000",
        ],
    },
    Scenario {
        kind: "sharp",
        fields: &[("FriendlyName.DLNA.ORG", "Sharp AQUOS")],
        more: &[
            "jpg: class object.item.imageItem",
            "m4a: class object.item.audioItem",
            "mp3: class object.item.audioItem",
            "ogg: class object.item.audioItem",
            "png: class object.item.imageItem",
            "wav: class object.item.audioItem",
        ],
        less: &[
            "jpg: class object.item.imageItem.photo",
            "m4a: class object.item.audioItem.musicTrack",
            "mp3: class object.item.audioItem.musicTrack",
            "ogg: class object.item.audioItem.musicTrack",
            "png: class object.item.imageItem.photo",
            "root: object.container",
            "wav: class object.item.audioItem.musicTrack",
        ],
    },
    Scenario {
        kind: "directv",
        fields: &[agent("DIRECTV JHUPnP/1.0")],
        more: &[
            "jpg: class object.item.imageItem",
            "m4a: class object.item.audioItem",
            "mp3: class object.item.audioItem",
            "ogg: class object.item.audioItem",
            "png: class object.item.imageItem",
            "png: res image/jpeg JPEG_TN 01 00F00000, image/png PNG_LRG 01 00F00000",
            "wav: class object.item.audioItem",
        ],
        less: &[
            "jpg: class object.item.imageItem.photo",
            "m4a: class object.item.audioItem.musicTrack",
            "mp3: class object.item.audioItem.musicTrack",
            "ogg: class object.item.audioItem.musicTrack",
            "png: class object.item.imageItem.photo",
            "png: res image/png PNG_LRG 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "root: object.container",
            "wav: class object.item.audioItem.musicTrack",
        ],
    },
    Scenario {
        kind: "dish",
        fields: &[agent("Zip_Hopper/1.0")],
        more: &[
            "jpg: class object.item.imageItem",
            "m2ts: res video/mp4 - 01 01700000",
            "m2ts: sent as video/mp4 - 01 01700000",
            "m4a: class object.item.audioItem",
            "mkv: res video/mp4 - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/mp4 - 01 01700000",
            "mp3: class object.item.audioItem",
            "ogg: class object.item.audioItem",
            "png: class object.item.imageItem",
            "ts: res video/mp4 - 01 01700000",
            "ts: sent as video/mp4 - 01 01700000",
            "wav: class object.item.audioItem",
        ],
        less: &[
            "jpg: class object.item.imageItem.photo",
            "m2ts: res video/vnd.dlna.mpeg-tts - 01 01700000",
            "m2ts: sent as video/vnd.dlna.mpeg-tts - 01 01700000",
            "m4a: class object.item.audioItem.musicTrack",
            "mkv: res video/x-matroska - 01 01700000, text/srt - - -, text/srt - - -",
            "mkv: sent as video/x-matroska - 01 01700000",
            "mp3: class object.item.audioItem.musicTrack",
            "ogg: class object.item.audioItem.musicTrack",
            "png: class object.item.imageItem.photo",
            "root: object.container",
            "ts: res video/mpeg - 01 01700000",
            "ts: sent as video/mpeg - 01 01700000",
            "wav: class object.item.audioItem.musicTrack",
        ],
    },
    Scenario {
        kind: "hyundai",
        fields: &[("FriendlyName.DLNA.ORG", "HYUNDAITV")],
        more: &[
            "avi: title \"home.avi\"",
            "jpg: title \"photo.jpg\"",
            "m2ts: title \"card.m2ts\"",
            "m4a: title \"song.m4a\"",
            "mkv: title \"film.mkv\"",
            "mp3: title \"Tune.mp3\"",
            "mp4: title \"It's 10: naïvely long title.mp4\"",
            "mpg: title \"disc.mpg\"",
            "ogg: title \"song.ogg\"",
            "png: title \"drawing.png\"",
            "ts: title \"show.ts\"",
            "wav: title \"song.wav\"",
            "xvid: title \"xvid.avi\"",
        ],
        less: &[
            "avi: title \"home\"",
            "jpg: title \"photo\"",
            "m2ts: title \"card\"",
            "m4a: title \"song\"",
            "mkv: title \"film\"",
            "mp3: title \"Tune\"",
            "mp4: title \"It's 10: naïvely long title\"",
            "mpg: title \"disc\"",
            "ogg: title \"song\"",
            "png: title \"drawing\"",
            "ts: title \"show\"",
            "wav: title \"song\"",
            "xvid: title \"xvid\"",
        ],
    },
    Scenario {
        kind: "oplay",
        fields: &[agent("O!Play Mini/1.0")],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "mp4: title \"It's 10: naïvely long t\"",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "mp4: title \"It's 10: naïvely long title\"",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "popcorn-hour",
        fields: &[agent("Linux/2.6 UPnP/1.0 SMP8634")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "freebox",
        fields: &[agent("fbxupnpav/1.0")],
        more: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000",
            "png: res image/png PNG_LRG 01 00F00000",
            "ts: res video/mp2t - 01 01700000",
            "ts: sent as video/mp2t - 01 01700000",
        ],
        less: &[
            "jpg: res image/jpeg JPEG_MED 01 00F00000, image/jpeg JPEG_TN 01 00F00000, image/jpeg JPEG_SM 01 00F00000",
            "png: res image/png PNG_LRG 01 00F00000, image/jpeg JPEG_TN 01 00F00000",
            "ts: res video/mpeg - 01 01700000",
            "ts: sent as video/mpeg - 01 01700000",
        ],
    },
    Scenario {
        kind: "lifetab",
        fields: &[agent("Microsoft-IPTV-Client/1.6")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "soundbridge",
        fields: &[agent("Roku SoundBridge/3.0")],
        more: &[
            "order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi",
            "root: Artists, Album artists, Albums, All tracks, Recently added",
            "wav: res audio/wav - 01 01700000",
            "wav: sent as audio/wav - 01 01700000",
        ],
        less: &[
            "order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts",
            "root: Music, Video, Pictures, Folders",
            "root: object.container.storageFolder",
            "wav: res audio/x-wav - 01 01700000",
            "wav: sent as audio/x-wav - 01 01700000",
        ],
    },
    Scenario {
        kind: "roku",
        fields: &[agent("Roku/DVP-9.0")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "heos",
        fields: &[agent("bridgeCo-DMP/3")],
        more: &[
            "wav: res audio/wav - 01 01700000",
            "wav: sent as audio/wav - 01 01700000",
        ],
        less: &[
            "wav: res audio/x-wav - 01 01700000",
            "wav: sent as audio/x-wav - 01 01700000",
        ],
    },
    Scenario {
        kind: "yamaha",
        fields: &[agent("KnOS/3.2 UPnP/1.0 DMP/3.5")],
        more: &["all ASCII: true"],
        less: &["all ASCII: false"],
    },
    Scenario {
        kind: "bose",
        fields: &[agent("Allegro-Software-WebClient/5.40b1 DLNADOC/1.00")],
        more: &["apostrophes: true"],
        less: &["apostrophes: false"],
    },
    Scenario {
        kind: "frontier-silicon",
        fields: &[agent("FSL DLNADOC/1.50 UPnP Stack/1.0")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "ir-radio",
        fields: &[agent("EC-IRADIO/1.0")],
        more: &[
            "XML declaration: false",
            "mkv: 0 captions, 2 subtitles",
            "namespace sec: false",
        ],
        less: &[
            "XML declaration: true",
            "mkv: 1 captions, 2 subtitles",
            "mkv: CaptionInfoEx None",
            "namespace sec: true",
        ],
    },
    Scenario {
        kind: "streamer",
        fields: &[agent("Linn UPnP/1.1 Kazoo")],
        more: &["root: Artists, Album artists, Albums, All tracks, Recently added"],
        less: &[
            "root: Music, Video, Pictures, Folders",
            "root: object.container.storageFolder",
        ],
    },
    Scenario {
        kind: "chromecast",
        fields: &[agent("CrKey/1.54")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "kodi",
        fields: &[agent("UPnP/1.0 DLNADOC/1.50 Platinum/1.0.5.13")],
        more: &[
            "m4a: res audio/aac - 01 01700000",
            "m4a: sent as audio/aac - 01 01700000",
        ],
        less: &[
            "m4a: res audio/mp4 - 01 01700000",
            "m4a: sent as audio/mp4 - 01 01700000",
        ],
    },
    Scenario {
        kind: "vlc",
        fields: &[agent("VLC/3.0.24 LibVLC/3.0.24")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "wmp",
        fields: &[agent("Windows-Media-Player/12.0.7601.17514")],
        more: &[
            "avi: res video/avi - 01 01700000",
            "avi: sent as video/avi - 01 01700000",
            "search for one: 7",
            "xvid: res video/avi - 01 01700000",
            "xvid: sent as video/avi - 01 01700000",
        ],
        less: &[
            "avi: res video/x-msvideo - 01 01700000",
            "avi: sent as video/x-msvideo - 01 01700000",
            "search for one: 1",
            "xvid: res video/x-msvideo - 01 01700000",
            "xvid: sent as video/x-msvideo - 01 01700000",
        ],
    },
    Scenario {
        kind: "gupnp",
        fields: &[agent("gupnp-av-cp GUPnP/1.6.3 DLNADOC/1.50")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "bubbleupnp",
        fields: &[agent("BubbleUPnP UPnP/1.1")],
        more: &[],
        less: &[],
    },
    Scenario {
        kind: "movian",
        fields: &[agent("Movian 5.0")],
        more: &["order backwards: m2ts mpg png mkv avi mp4 jpg ts m4a ogg wav mp3 avi"],
        less: &["order backwards: avi mp3 m4a ogg wav ts jpg mp4 avi mkv png mpg m2ts"],
    },
    Scenario {
        kind: "browser",
        fields: &[agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")],
        more: &[],
        less: &[],
    },
];
