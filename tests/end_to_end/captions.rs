//! Subtitles beside films as a control point sees them: every kind, wherever it lies, in UTF-8, in the words of each maker
//! of televisions.

use crate::harness::{Browse, Element, Library, Object, Page, Rill, envelope, mp4, target};

/// What is said in each of them; not ASCII, and in Windows-1252.
const SAID: &str = "Ärger im Büro für Zoë";

/// Where each lies, its type, and what stands around what is said.
const KINDS: &[(&str, &str, &str, &str)] = &[
    (
        "film.srt",
        "text/srt",
        "1\r\n00:00:00,500 --> 00:00:01,500\r\n",
        "\r\n",
    ),
    (
        "film.de.srt",
        "text/srt",
        "1\n00:00:00,500 --> 00:00:01,500\n",
        "\n",
    ),
    (
        "film.ass",
        "text/x-ass",
        "[Script Info]\nScriptType: v4.00+\n[Events]\nDialogue: 0,0:00:00.50,0:00:01.50,,,0,0,0,,",
        "\n",
    ),
    (
        "film.ssa",
        "text/x-ssa",
        "[Script Info]\nScriptType: v4.00\n[Events]\nDialogue: Marked=0,0:00:00.50,0:00:01.50,,,0,0,0,,",
        "\n",
    ),
    (
        "film.vtt",
        "text/vtt",
        "WEBVTT\n\n00:00.500 --> 00:01.500\n",
        "\n",
    ),
    ("film.sub", "text/x-microdvd", "{1}{1}25\n{12}{37}", "\n"),
    (
        "film.smi",
        "application/smil",
        "<SAMI><BODY><SYNC Start=500><P>",
        "</SAMI>\n",
    ),
    (
        "Subs/film.fr.srt",
        "text/srt",
        "1\n00:00:00,500 --> 00:00:01,500\nDans le dossier: ",
        "\n",
    ),
];

/// Each a film of its own with its subtitles, so that no limit hides one; then one film with two.
fn library() -> Library {
    let mut library = Library::empty();
    for (number, (name, _, before, after)) in KINDS.iter().enumerate() {
        library.add(
            format!("{number}/film.mp4"),
            &mp4(60, 640, 360, &[u8::try_from(number).unwrap()]),
        );
        library.write(
            format!("{number}/{name}"),
            &windows_1252(&format!("{before}{SAID}{after}")),
        );
    }
    library.add("two/both.mp4", &mp4(60, 640, 360, b"both"));
    library.write("two/both.srt", b"1\n00:00:00,500 --> 00:00:01,500\nHello\n");
    library.write(
        "two/both.de.srt",
        b"1\n00:00:00,500 --> 00:00:01,500\nHallo\n",
    );
    library.write(
        "two/bother.srt",
        b"1\n00:00:00,500 --> 00:00:01,500\nNot for it\n",
    );
    library
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect()
}

/// What a Bravia says of itself.
const SONY: &str = "av=5.0; cn=\"Sony Corporation\"; mn=\"BRAVIA KDL-46HX750\"; mv=\"1.7\";";

/// The `res` that are subtitles.
fn captions(item: &Object) -> Vec<(String, String)> {
    let told = |res: &&Element| {
        let info = res.attribute("protocolInfo")?;
        let kind = info.split(':').nth(2)?;
        let is_film = kind.starts_with("video/");
        (!is_film).then(|| (kind.to_owned(), res.text.clone()))
    };
    item.element.all("res").iter().filter_map(told).collect()
}

/// Browses as somebody who says this of itself.
fn children(rill: &Rill, says: (&str, &str), id: &str) -> Page {
    let body = envelope(
        "ContentDirectory",
        "Browse",
        &Browse::children(id).arguments(),
    );
    let fields = [
        says,
        ("Content-Type", "text/xml; charset=\"utf-8\""),
        (
            "SOAPACTION",
            "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"",
        ),
    ];
    let reply = rill.request(
        "POST",
        "/control/ContentDirectory",
        &fields,
        body.as_bytes(),
    );
    let answer = Element::parse(reply.text());
    Page::from_answer(answer.find("BrowseResponse").unwrap())
}

#[test]
fn every_kind_is_a_res_of_its_film_and_comes_in_utf_8() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for (number, (name, kind, before, after)) in KINDS.iter().enumerate() {
        let page = rill.children(&rill.find(&number.to_string()).id);
        assert_eq!(
            page.titles(),
            ["film"],
            "{name}: neither it nor its folder is listed"
        );
        let found = captions(&page.objects[0]);
        let [(told, url)] = &found[..] else {
            panic!("{name}: {found:?}")
        };
        assert_eq!(told, kind, "{name}");
        assert_eq!(
            url.rsplit('.').next(),
            name.rsplit('.').next(),
            "televisions look at the end"
        );
        // As browsers read it; one that is so already comes as it is.
        let path = target(url).rsplit_once('.').unwrap().0;
        let track = rill.get(&format!("{path}.vtt"), &[]);
        assert_eq!(track.field("Content-Type"), Some("text/vtt"), "{name}");
        let (head, cue) = track.text().split_once(" --> ").unwrap();
        assert!(
            head.starts_with("WEBVTT\n\n") && cue.contains(SAID),
            "{name}: {}",
            track.text()
        );
        let reply = rill.get(target(url), &[]);
        assert_eq!(reply.status, 200, "{name}");
        let sent = reply.field("Content-Type").unwrap().split(';').next();
        assert_eq!(sent, Some(*kind), "{name}");
        assert_eq!(reply.text(), format!("{before}{SAID}{after}"), "{name}");
        let head = rill.head(target(url), &[]);
        assert_eq!(head.length(), Some(reply.body.len() as u64), "{name}");
        let part = rill.get(target(url), &[("Range", "bytes=2-5")]);
        assert_eq!(
            (part.status, &part.body[..]),
            (206, &reply.body[2..6]),
            "{name}"
        );
    }
}

#[test]
fn each_maker_is_told_in_its_own_words() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    // Who, how many res, whether sec:CaptionInfoEx and pv:subtitleFileUri.
    // Who is not recognised comes first: what an address was taken for is remembered.
    let rows = [
        ("User-Agent", "somebody/1.0", 2, true, true),
        ("User-Agent", "VLC/3.0.24 LibVLC/3.0.24", 2, true, true),
        (
            "User-Agent",
            "Portable SDK for UPnP devices/1.8.4",
            2,
            true,
            true,
        ),
        ("User-Agent", "SEC_HHP_[TV]UE40D6000/1.0", 1, true, false),
        ("User-Agent", "LGE_DLNA_SDK/04.28.17", 2, false, true),
        (
            "User-Agent",
            "Linux/3.10 UPnP/1.0 LG webOS TV",
            2,
            false,
            true,
        ),
        ("X-AV-Client-Info", SONY, 2, true, true),
        ("User-Agent", "Panasonic MIL DLNA CP/1.0", 2, false, true),
    ];
    let folder = rill.find("two").id;
    for (field, agent, res, info, uri) in rows {
        let page = children(&rill, (field, agent), &folder);
        let item = &page.objects[0];
        let found = captions(item);
        assert_eq!(found.len(), res, "{agent}: {item:?}");
        // The one without a language first: televisions that show one show that.
        let (kind, url) = &found[0];
        assert_eq!(kind, "text/srt", "{agent}");
        let reply = rill.get(target(url), &[(field, agent)]);
        assert!(reply.text().contains("Hello"), "{agent}: {}", reply.text());
        let samsung = item.element.find("CaptionInfoEx");
        assert_eq!(samsung.is_some(), info, "{agent}");
        if let Some(samsung) = samsung {
            assert_eq!(samsung.attribute("sec:type"), Some("srt"), "{agent}");
            assert_eq!(&samsung.text, url, "{agent}");
        }
        let panasonic = item.res().attribute("pv:subtitleFileUri");
        assert_eq!(panasonic, uri.then_some(url.as_str()), "{agent}");
        let file_type = item.res().attribute("pv:subtitleFileType");
        assert_eq!(file_type, uri.then_some("SRT"), "{agent}");
        let asked = [(field, agent), ("getCaptionInfo.sec", "1")];
        let film = rill.get(item.target(), &asked);
        assert_eq!(film.field("CaptionInfo.sec"), Some(url.as_str()), "{agent}");
    }
}
