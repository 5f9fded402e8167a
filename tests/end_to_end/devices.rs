//! Devices as they ask: the heads that each sends, and what it gets that others do not. Beside each stands a plain client at
//! another address, which must get the plain answer. Every document is read as the strictest of them does.

use crate::harness::device::{Device, SRT, is_subtitle, kinds, library, res, serve};
use crate::harness::{Browse, Element, FAR, NEAR, Page, Rill, Setup, envelope, wait_for};

const SAMSUNG: &str = "DLNADOC/1.50 SEC_HHP_[TV]UE40D6000/1.0";
const SAMSUNG_Q: &str = "DLNADOC/1.50 SEC_HHP_[TV] Samsung Q7 Series (55)/1.0";

#[test]
fn a_plain_client_gets_the_plain_answers() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let plain = Device::plain(&rill);
    let film = plain.item("film", ".mkv");
    assert_eq!(kinds(&film), ["video/x-matroska", "text/srt", "text/srt"]);
    assert!(film.element.find("CaptionInfoEx").is_some());
    assert!(film.res().attribute("pv:subtitleFileUri").is_some());
    assert_eq!(kinds(&plain.item("home", ".avi")), ["video/x-msvideo"]);
    assert_eq!(kinds(&plain.item("show", ".ts")), ["video/mpeg"]);
    let description = plain.document("/description.xml");
    assert!(!description.contains("sec:") && description.contains("<modelName>rill</modelName>"));
}

#[test]
fn samsung_televisions_get_their_names_capabilities_subtitles_and_seconds() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let (tv, plain) = (Device::agent(&rill, SAMSUNG), Device::plain(&rill));
    let description = tv.document("/description.xml");
    assert!(
        description.contains(">smi,DCM10,getMediaInfo.sec,getCaptionInfo.sec</sec:ProductCap>")
    );
    assert!(description.contains(">M-DMS-1.50<") && description.contains(">DMS-1.50<"));
    let film = tv.item("film", ".mkv");
    assert_eq!(kinds(&film), ["video/x-mkv", "text/srt"]);
    assert!(film.res().attribute("pv:subtitleFileUri").is_none());
    let caption = film
        .element
        .find("CaptionInfoEx")
        .expect("no CaptionInfoEx");
    assert!(is_subtitle(caption) && caption.text.starts_with("http://"));
    assert_eq!(caption.attribute("protocolInfo"), None);
    // The extras of photographs end at a thumbnail.
    let profiles: Vec<_> = res(&tv.item("photo", ".jpg"))
        .into_iter()
        .map(|res| res.1)
        .collect();
    assert_eq!(profiles, ["JPEG_MED", "JPEG_TN"]);

    // The file is fetched by another program of the television, and subtitles are asked for by HEAD.
    let fetch = Device::agent(&rill, "samsung-agent/1.1");
    let asked = [("getCaptionInfo.sec", "1"), ("getMediaInfo.sec", "1")];
    for method in ["GET", "HEAD"] {
        let reply = fetch.ask(method, film.target(), &asked, b"");
        assert_eq!(reply.field("Content-Type"), Some("video/x-mkv"), "{method}");
        assert_eq!(
            reply.field("CaptionInfo.sec"),
            Some(caption.text.as_str()),
            "{method}"
        );
        assert_eq!(
            reply.field("getCaptionInfo.sec"),
            Some(caption.text.as_str()),
            "{method}"
        );
    }
    let plainly = plain.get(film.target(), &[]);
    assert_eq!(plainly.field("Content-Type"), Some("video/x-matroska"));
    assert_eq!(plainly.field("CaptionInfo.sec"), None);
    let long = tv.item("Caf", ".mp4");
    assert_eq!(long.title, "Caf\u{e9}'s 10- a_b");
    let info = tv.ask("HEAD", long.target(), &asked, b"");
    assert_eq!(info.field("MediaInfo.sec"), Some("SEC_Duration=3725000;"));

    // Bookmarks: seconds here, milliseconds there, one position for all.
    let bookmark = |id: &str, position: u32| {
        vec![
            ("CategoryType", "2".to_owned()),
            ("RID", "0".to_owned()),
            ("ObjectID", id.to_owned()),
            ("PosSecond", position.to_string()),
        ]
    };
    tv.call("X_SetBookmark", &bookmark(&long.id, 754));
    let marked = |device: &Device<'_>| {
        let item = device.browse(&Browse::metadata(&long.id)).objects.remove(0);
        let text = item
            .element
            .text_of("dcmInfo")
            .expect("no dcmInfo")
            .to_owned();
        text.rsplit("BM=").next().unwrap().to_owned()
    };
    assert_eq!(marked(&tv), "754");
    let q = Device::agent(&rill, SAMSUNG_Q);
    assert_eq!(marked(&q), "754000");
    q.call("X_SetBookmark", &bookmark(&long.id, 60_000));
    assert_eq!((marked(&q), marked(&tv)), ("60000".into(), "60".into()));
    let caption = q.item("film", ".mkv");
    let caption = caption.element.find("CaptionInfoEx").unwrap();
    assert_eq!(
        caption.attribute("protocolInfo"),
        Some("http-get:*:text/srt:*")
    );
}

#[test]
fn samsungs_own_ids_and_actions_lead_to_the_views() {
    let library = library();
    let Some(rill) = Setup::new(&library)
        .set("RILL_VIEWS", "music,video,pictures,folders")
        .expecting(0)
        .start()
    else {
        return;
    };
    let tv = Device::agent(&rill, SAMSUNG);
    let root = wait_for("the views are there", 20, || {
        let root = tv.children("0");
        (root.objects.len() == 4).then_some(root)
    });
    let id = |title: &str| root.titled(title).id.clone();
    let features = tv.call("X_GetFeatureList", &[]);
    let features = features.text_of("FeatureList").unwrap().to_owned();
    tv.strict(&features);
    let features = Element::parse(&features);
    assert_eq!(
        features.child("Feature").unwrap().attribute("name"),
        Some("samsung.com_BASICVIEW")
    );
    let containers: Vec<_> = features
        .all("container")
        .iter()
        .map(|c| {
            (
                c.attribute("type").unwrap().to_owned(),
                c.attribute("id").unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(
        containers,
        [
            ("object.item.audioItem".to_owned(), id("Music")),
            ("object.item.videoItem".to_owned(), id("Video")),
            ("object.item.imageItem".to_owned(), id("Pictures")),
        ]
    );
    for (own, title) in [
        ("A", "Music"),
        ("A_T", "Music"),
        ("V", "Video"),
        ("V_D", "Video"),
        ("I_T", "Pictures"),
    ] {
        assert_eq!(
            tv.children(own).titles(),
            tv.children(&id(title)).titles(),
            "{own}"
        );
    }
    let xbox = Device::agent(&rill, "Xbox/2.0.17559.0 UPnP/1.0 Xbox/2.0.17559.0");
    for (own, title) in [("15", "Video"), ("1", "Music"), ("16", "Pictures")] {
        let wanted = xbox.children(&id(title));
        assert_eq!(xbox.children(own).titles(), wanted.titles(), "{own}");
    }
    assert_eq!(tv.children("").titles(), root.titles());
    let shortcuts = tv.call("GetFeatureList", &[]);
    let shortcuts = Element::parse(shortcuts.text_of("FeatureList").unwrap());
    let of = |name: &str| {
        let all = shortcuts.all("shortcut");
        let found = all.iter().find(|s| s.text_of("name") == Some(name));
        found.map(|s| s.text_of("objectID").unwrap().to_owned())
    };
    assert_eq!(of("MUSIC"), Some(id("Music")));
    let all = of("VIDEOS_ALL").expect("no VIDEOS_ALL");
    let films = tv.children(&all);
    let index = |n: u32| [("CategoryType", "2".to_owned()), ("Index", n.to_string())];
    let first = tv.call("X_GetObjectIDfromIndex", &index(0));
    let first = first.text_of("ObjectID").unwrap().to_owned();
    assert_eq!(
        tv.browse(&Browse::metadata(&first)).titles()[0],
        films.titles()[0]
    );
    let rid = [("CategoryType", "2".to_owned()), ("RID", "1".to_owned())];
    assert_eq!(
        tv.call("X_GetIndexfromRID", &rid).text_of("Index"),
        Some("1")
    );
    assert_eq!(
        tv.call("GetSortExtensionCapabilities", &[])
            .text_of("SortExtensionCaps"),
        Some("+,-")
    );
    let past = envelope("ContentDirectory", "X_GetObjectIDfromIndex", &index(999));
    assert_eq!(
        tv.post("ContentDirectory", "X_GetObjectIDfromIndex", &past)
            .status,
        500
    );

    sony_and_players_of_sound_begin_elsewhere(&rill, &id);
}

fn sony_and_players_of_sound_begin_elsewhere(rill: &Rill, id: &dyn Fn(&str) -> String) {
    // Sony's words on the containers of the root; sound alone begins in the music.
    let bravia = Device::new(
        rill,
        &[(
            "X-AV-Client-Info",
            "av=5.0; cn=\"Sony Corporation\"; mn=\"BRAVIA KDL-40EX720\"; mv=\"1.7\";",
        )],
    );
    let root = bravia.children("0");
    assert_eq!(
        root.titled("Video").element.text_of("mediaClass"),
        Some("V")
    );
    assert!(root.titled("Folders").element.find("mediaClass").is_none());
    let wiim = Device::agent(rill, "LinkPlay/WiiM");
    assert_eq!(
        wiim.children("0").titles(),
        wiim.children(&id("Music")).titles()
    );
}

#[test]
fn state_variables_are_told_one_by_one() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let plain = Device::plain(&rill);
    let ask = |service: &str, name: &str| {
        let body = format!(
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>\
             <u:QueryStateVariable xmlns:u=\"urn:schemas-upnp-org:control-1-0\"><u:varName>{name}</u:varName>\
             </u:QueryStateVariable></s:Body></s:Envelope>"
        );
        let fields = [(
            "SOAPACTION",
            "\"urn:schemas-upnp-org:control-1-0#QueryStateVariable\"",
        )];
        let reply = plain.ask(
            "POST",
            &format!("/control/{service}"),
            &fields,
            body.as_bytes(),
        );
        plain.strict(reply.text());
        (reply.status, Element::parse(reply.text()))
    };
    let value = |service: &str, name: &str| {
        let (status, answer) = ask(service, name);
        assert_eq!(status, 200, "{name}");
        answer.find("return").unwrap().text.clone()
    };
    let id = plain.call("GetSystemUpdateID", &[]);
    assert_eq!(
        value("ContentDirectory", "SystemUpdateID"),
        id.text_of("Id").unwrap()
    );
    assert!(value("ContentDirectory", "SortCapabilities").contains("dc:title"));
    assert!(value("ConnectionManager", "SourceProtocolInfo").contains("http-get:*:video/mp4:*"));
    for unknown in ["A_ARG_TYPE_Index", "Nothing"] {
        let (status, answer) = ask("ContentDirectory", unknown);
        assert_eq!(
            (status, answer.find("errorCode").unwrap().text.as_str()),
            (500, "404")
        );
    }
}

#[test]
fn lg_televisions_get_other_types_rills_order_and_a_dot() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let plain = Device::plain(&rill);
    let old = Device::agent(&rill, "UPnP/1.0 DLNADOC/1.50 LGE_DLNA_SDK/04.28.17");
    let film = old.item("film", ".mkv");
    assert_eq!(film.title, "film.");
    assert_eq!(kinds(&film), ["video/x-matroska", "text/srt", "text/srt"]);
    assert!(film.element.find("CaptionInfoEx").is_none());
    let avi = old.item("home", ".avi");
    assert_eq!(
        (avi.title.as_str(), kinds(&avi)),
        ("home", vec!["video/avi".to_owned()])
    );
    assert_eq!(
        old.get(avi.target(), &[]).field("Content-Type"),
        Some("video/avi")
    );
    // The order that these ask for is not kept, that of others is.
    let backwards = Browse {
        sort: "-dc:title",
        ..Browse::children("0")
    };
    assert_eq!(old.browse(&backwards).titles(), old.children("0").titles());
    let mut reversed = plain
        .children("0")
        .titles()
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    reversed.reverse();
    assert_eq!(plain.browse(&backwards).titles()[0], reversed[0]);
    let webos = Device::agent(&rill, "Linux/4.4 UPnP/1.0 LG Electronics webOS TV/5.0");
    let film = webos.item("film", ".mkv");
    assert_eq!(film.title, "film");
    assert!(
        film.res()
            .attribute("protocolInfo")
            .unwrap()
            .contains("DLNA.ORG_OP=01")
    );
    let netcast = Device::agent(&rill, "LGE_DLNA_SDK/1.6.0");
    assert_eq!(netcast.item("film", ".mkv").title, "film");
}

#[test]
fn sony_players_are_shown_every_film_under_names_they_know() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let bdp = Device::new(
        &rill,
        &[
            ("User-Agent", "UPnP/1.0 DLNADOC/1.50"),
            (
                "X-AV-Client-Info",
                "av=5.0; cn=\"Sony Corporation\"; mn=\"Blu-ray Disc Player\"; mv=\"2.0\"",
            ),
        ],
    );
    let film = bdp.item("film", ".mkv");
    let films = res(&film);
    let named = |kind: &str, profile: &str| (kind.to_owned(), profile.to_owned());
    assert_eq!(
        films[..3],
        [
            named("video/x-matroska", ""),
            named("video/avi", "MPEG_PS_NTSC"),
            named("video/avi", "MPEG_PS_PAL")
        ]
    );
    let info = |n: usize| {
        film.element.all("res")[n]
            .attribute("protocolInfo")
            .unwrap()
            .to_owned()
    };
    // Times can be looked up only where there are any.
    let timed = bdp.item("Caf", ".mp4");
    let timed = timed.res().attribute("protocolInfo").unwrap();
    assert!(
        timed.contains("OP=11;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=81500000"),
        "{timed}"
    );
    assert!(
        info(0).contains("OP=01;DLNA.ORG_CI=0;DLNA.ORG_FLAGS=81500000"),
        "{}",
        info(0)
    );
    assert!(info(1).contains("DLNA.ORG_CI=1"), "{}", info(1));
    assert_eq!(
        res(&bdp.item("show", ".ts"))[1..],
        [
            named("video/mpeg", "MPEG_TS_SD_NA"),
            named("video/mpeg", "MPEG_TS_SD_EU")
        ]
    );
    assert_eq!(
        bdp.get(film.target(), &[]).field("Content-Type"),
        Some("video/divx")
    );
    assert!(
        bdp.document("/description.xml")
            .contains("<modelName>Windows Media Player Sharing</modelName>")
    );
    let ps3 = Device::new(
        &rill,
        &[(
            "X-AV-Client-Info",
            "av=5.0; cn=\"Sony Computer Entertainment Inc.\"; mn=\"PLAYSTATION 3\"; mv=\"1.0\";",
        )],
    );
    assert_eq!(kinds(&ps3.item("home", ".avi")), ["video/avi"]);
    assert_eq!(kinds(&ps3.item("song", ".wav")), ["audio/wav"]);
    assert_eq!(
        ps3.item("photo", ".jpg").element.all("albumArtURI").len(),
        1
    );
    let ps4 = Device::agent(&rill, "PlayStation 4/9.03");
    assert_eq!(res(&ps4.item("home", ".avi")), [named("video/divx", "AVI")]);
}

#[test]
fn the_xbox_sees_a_server_of_microsofts_and_asks_in_its_own_way() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let xbox = Device::agent(&rill, "Xbox/2.0.17559.0 UPnP/1.0 Xbox/2.0.17559.0");
    let description = xbox.document("/description.xml");
    assert!(description.contains(" : 1</friendlyName>"), "{description}");
    assert!(
        description
            .contains("<modelName>Windows Media Connect</modelName><modelNumber>1</modelNumber>")
    );
    assert!(description.contains("X_MS_MediaReceiverRegistrar"));
    assert_eq!(kinds(&xbox.item("home", ".avi")), ["video/avi"]);
    // ContainerID in Browse.
    let mut arguments = Browse::children("0").arguments();
    arguments[0].0 = "ContainerID";
    let answer = xbox.call("Browse", &arguments);
    assert_eq!(answer.text_of("TotalMatches"), Some("8"));
    let photo = xbox.item("photo", ".jpg");
    let art = xbox.get(&format!("{}?albumArt=true", photo.target()), &[]);
    assert!(
        matches!(art.status, 200 | 404),
        "a picture, or none can be made: {}",
        art.status
    );
    assert_ne!(art.body, xbox.get(photo.target(), &[]).body);
    let one = Device::agent(&rill, "NSPlayer/12.00.18362.0 WMFSDK/12.00.18362.0 XboxOne");
    assert!(
        one.document("/description.xml")
            .contains("<modelName>rill</modelName>")
    );
    assert_eq!(kinds(&one.item("home", ".avi")), ["video/avi"]);
    let wmp = Device::agent(&rill, "Windows-Media-Player/12.0.7601.17514");
    let search = [
        ("ContainerID", "0".to_owned()),
        (
            "SearchCriteria",
            "upnp:class derivedfrom \"object.item.videoItem\" and @refID exists false".to_owned(),
        ),
        ("Filter", "*".to_owned()),
        ("StartingIndex", "0".to_owned()),
        ("RequestedCount", "1".to_owned()),
        ("SortCriteria", String::new()),
    ];
    assert_eq!(
        wmp.call("Search", &search).text_of("NumberReturned"),
        Some("4")
    );
    assert_eq!(
        xbox.call("Search", &search).text_of("NumberReturned"),
        Some("1")
    );
}

#[test]
fn other_televisions_and_radios_get_what_they_can_read() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let panasonic = Device::agent(&rill, "Panasonic MIL DLNA CP UPnP/1.0 DLNADOC/1.50");
    let sorted = Browse {
        sort: "+dc:date,+nonsense",
        ..Browse::children("0")
    };
    assert_eq!(
        panasonic.browse(&sorted).titles(),
        panasonic.children("0").titles()
    );
    assert!(
        panasonic
            .item("film", ".mkv")
            .res()
            .attribute("pv:subtitleFileUri")
            .is_some()
    );
    assert!(
        panasonic
            .children("0")
            .objects
            .iter()
            .all(|o| o.element.find("date").is_none())
    );
    let drawing = panasonic.item("drawing", ".png");
    assert_eq!(
        kinds(&drawing).last().map(String::as_str),
        Some("image/png")
    );

    let mut yamaha = Device::agent(&rill, "KnOS/3.2 UPnP/1.0 DMP/3.5");
    yamaha.ascii = true;
    let reply = yamaha.post(
        "ContentDirectory",
        "Browse",
        &envelope(
            "ContentDirectory",
            "Browse",
            &Browse::children("0").arguments(),
        ),
    );
    assert!(reply.body.is_ascii() && reply.text().contains("Caf&amp;#233;'s"));
    assert_eq!(reply.length(), Some(reply.body.len() as u64));
    yamaha.item("Caf\u{e9}'s", ".mp4");
    let bose = Device::agent(&rill, "Allegro-Software-WebClient/5.40b1 DLNADOC/1.00");
    let reply = bose.post(
        "ContentDirectory",
        "Browse",
        &envelope(
            "ContentDirectory",
            "Browse",
            &Browse::children("0").arguments(),
        ),
    );
    assert!(reply.text().contains("Caf\u{e9}&amp;apos;s"));
    bose.item("Caf\u{e9}'s", ".mp4");

    radios_and_boxes(&rill);
}

fn radios_and_boxes(rill: &Rill) {
    let radio = Device::agent(rill, "EC-IRADIO/1.0");
    let reply = radio.post(
        "ContentDirectory",
        "Browse",
        &envelope(
            "ContentDirectory",
            "Browse",
            &Browse::children("0").arguments(),
        ),
    );
    assert!(
        reply.text().starts_with("<s:Envelope") && !reply.text().contains("sec"),
        "{}",
        reply.text()
    );
    assert!(radio.document("/description.xml").starts_with("<root"));
    let shop = Device::agent(rill, "DLNADOC/1.50 SEC_HHP_[PC]LPC001/1.0");
    assert!(
        shop.item("film", ".mkv")
            .element
            .find("CaptionInfoEx")
            .is_none()
    );
    let heos = Device::agent(rill, "bridgeCo-DMP/3");
    assert_eq!(kinds(&heos.item("song", ".wav")), ["audio/wav"]);
    let roku = Device::agent(rill, "Roku/DVP-9.0");
    assert_eq!(kinds(&roku.item("film", ".mkv"))[0], "video/x-matroska");
    let freebox = Device::agent(rill, "fbxupnpav/1.0");
    assert_eq!(kinds(&freebox.item("show", ".ts")), ["video/mp2t"]);
    assert_eq!(kinds(&freebox.item("photo", ".jpg")), ["image/jpeg"]);
    let oplay = Device::agent(rill, "O!Play Mini/1.0");
    assert!(
        oplay
            .children("0")
            .titles()
            .iter()
            .all(|title| title.chars().count() <= 23)
    );
    let hyundai = Device::new(rill, &[("FriendlyName.DLNA.ORG", "HYUNDAITV")]);
    assert_eq!(hyundai.item("film", ".mkv").title, "film.mkv");
    let toshiba = Device::agent(rill, "UPnP/1.0 DLNADOC/1.50 Intel_SDK_for_UPnP_devices/1.2");
    assert_eq!(res(&toshiba.item("show", ".ts"))[1].1, "MPEG_PS_NTSC");
    let directv = Device::agent(rill, "DIRECTV JHUPnP/1.0");
    assert_eq!(directv.item("Tune", ".mp3").class, "object.item.audioItem");
}

/// As captured, but for the ids: VLC browses with libupnp's heads, and fetches with its own.
#[test]
fn vlc_and_kodi_ask_as_they_do() {
    let Some((rill, _library)) = serve() else {
        return;
    };
    let libupnp = Device::new(
        &rill,
        &[
            (
                "User-Agent",
                "Linux/6.1.0, UPnP/1.0, Portable SDK for UPnP devices/1.8.4",
            ),
            ("Accept-Ranges", "bytes"),
        ],
    );
    let body = "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\">\n\
        <s:Body><u:Browse xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\">\n<ObjectID>0</ObjectID>\n\
        <BrowseFlag>BrowseDirectChildren</BrowseFlag>\n<Filter>*</Filter>\n<StartingIndex>0</StartingIndex>\n\
        <RequestedCount>5000</RequestedCount>\n<SortCriteria></SortCriteria>\n</u:Browse>\n</s:Body>\n</s:Envelope>\n\n";
    let reply = libupnp.post("ContentDirectory", "Browse", body);
    libupnp.strict(reply.text());
    let answer = Element::parse(reply.text());
    let page = Page::from_answer(answer.find("BrowseResponse").unwrap());
    let film = page.titled("film").clone();
    let captions: Vec<_> = film
        .element
        .all("res")
        .into_iter()
        .filter(|res| is_subtitle(res))
        .collect();
    assert_eq!(captions.len(), 2);
    let vlc = Device::new(
        &rill,
        &[
            ("Accept", "*/*"),
            ("Accept-Language", "en_US"),
            ("User-Agent", "VLC/3.0.24 LibVLC/3.0.24"),
        ],
    );
    let reply = vlc.get(film.target(), &[("Range", "bytes=0-")]);
    assert_eq!(reply.status, 206);
    let len = reply.body.len();
    assert_eq!(
        vlc.get(film.target(), &[("Range", &format!("bytes={len}-"))])
            .status,
        416
    );
    let subtitle = vlc.get(crate::harness::target(&captions[0].text), &[]);
    assert_eq!(subtitle.body, SRT);

    let kodi = Device::agent(&rill, "UPnP/1.0 DLNADOC/1.50 Platinum/1.0.5.13");
    let long = kodi.item("Caf", ".mp4");
    let encoded: Vec<_> = long.id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = encoded.concat();
    let kodi_says = |position: u32, count: u32| {
        format!(
            "<upnp:lastPlaybackPosition>{position}</upnp:lastPlaybackPosition><xbmc:lastPlayerState></xbmc:lastPlayerState>,\
             <upnp:playCount>{count}</upnp:playCount>"
        )
    };
    let update = [
        ("ObjectID", format!("{encoded}/")),
        ("CurrentTagValue", kodi_says(0, 0)),
        ("NewTagValue", kodi_says(1200, 0)),
    ];
    kodi.call("UpdateObject", &update);
    let position = |device: &Device<'_>, name: &str| {
        let item = device.browse(&Browse::metadata(&long.id)).objects.remove(0);
        item.element.text_of(name).map(str::to_owned)
    };
    assert_eq!(
        position(&kodi, "lastPlaybackPosition").as_deref(),
        Some("1200")
    );
    assert_eq!(
        position(&Device::plain(&rill), "lastPlaybackPosition").as_deref(),
        Some("0:20:00")
    );
    let tv = Device::agent(&rill, SAMSUNG_Q);
    assert!(position(&tv, "dcmInfo").unwrap().ends_with("BM=1200000"));
}

#[test]
fn kodis_bookmark_survives_a_restart_and_appears_to_a_samsung_in_its_unit() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let id = {
        let kodi = Device::agent(&rill, "Kodi/20.2 (Linux) UPnP/1.0");
        let id = kodi.item("Caf", ".mp4").id;
        let tag =
            |secs: u32| format!("<upnp:lastPlaybackPosition>{secs}</upnp:lastPlaybackPosition>");
        let update = [
            ("ObjectID", id.clone()),
            ("CurrentTagValue", tag(0)),
            ("NewTagValue", tag(1234)),
        ];
        kodi.call("UpdateObject", &update);
        id
    };
    assert_eq!(rill.stop().code(), Some(0));
    rill.start();
    for (agent, wanted) in [(SAMSUNG, "BM=1234"), (SAMSUNG_Q, "BM=1234000")] {
        let tv = Device::agent(&rill, agent);
        let item = tv.browse(&Browse::metadata(&id)).objects.remove(0);
        let info = item.element.text_of("dcmInfo").unwrap().to_owned();
        assert!(info.ends_with(wanted), "{info}");
    }
}

#[test]
fn the_operator_says_who_is_who() {
    let library = library();
    let near = NEAR.client.to_string();
    let Some(rill) = Setup::new(&library)
        .set("RILL_DEVICES", format!("{near}=ps4,MyPlayer/2=numbered"))
        .start()
    else {
        return;
    };
    assert_eq!(
        kinds(&Device::agent(&rill, SAMSUNG).item("home", ".avi")),
        ["video/divx"]
    );
    let mut player = Device::agent(&rill, "MyPlayer/2.1");
    player.side = FAR;
    let titles = player
        .children("0")
        .titles()
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    assert!(
        titles[0].starts_with("0001 ") && titles[7].starts_with("0008 "),
        "{titles:?}"
    );
    let second = player.browse(&Browse {
        start: 1,
        count: 1,
        ..Browse::children("0")
    });
    assert_eq!(second.titles(), [titles[1].as_str()]);
}

/// A television whose requests say nothing is known by what it announces, and only if that leads back to itself.
#[test]
fn a_renderer_is_recognised_by_its_own_description() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, UdpSocket};

    let Some((rill, _library)) = serve() else {
        return;
    };
    let own = (NEAR.client, 0);
    let (listener, voice) = rill.network().inside(NEAR, || {
        (
            TcpListener::bind(own).unwrap(),
            UdpSocket::bind(own).unwrap(),
        )
    });
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 2048]);
            let body = "<?xml version=\"1.0\"?><root xmlns=\"urn:schemas-upnp-org:device-1-0\"><device>\
                <friendlyName>TV</friendlyName><modelName>Samsung DTV DMR</modelName></device></root>";
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(&[head.as_bytes(), body.as_bytes()].concat());
        }
    });
    let nobody = Device::new(&rill, &[("User-Agent", "UPnP/1.0 DLNADOC/1.50")]);
    assert_eq!(kinds(&nobody.item("home", ".avi")), ["video/x-msvideo"]);
    let target = "urn:schemas-upnp-org:device:MediaRenderer:1";
    wait_for("it is recognised", 20, || {
        let alive = format!(
            "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\nNT: {target}\r\n\
             NTS: ssdp:alive\r\nUSN: uuid:2d696e69-444c-164e-9d41-b6d47660363b::{target}\r\n\
             LOCATION: http://{}:{port}/dmr\r\nSERVER: Linux UPnP/1.0\r\n\r\n",
            NEAR.client
        );
        voice
            .send_to(alive.as_bytes(), "239.255.255.250:1900")
            .unwrap();
        (kinds(&nobody.item("home", ".avi")) == ["video/mpeg"]).then_some(())
    });
    assert_eq!(
        kinds(&Device::plain(&rill).item("home", ".avi")),
        ["video/x-msvideo"]
    );
}
