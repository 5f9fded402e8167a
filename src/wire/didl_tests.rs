use super::*;
use crate::wire::protocol_info::ProtocolInfo;
use crate::wire::xml::read::{Event, Reader};
use crate::wire::xml::write::Counter;
use quick_xml::escape::unescape;

const MP3: ProtocolInfo<'static> = ProtocolInfo::streamed("audio/mpeg", Some("MP3"));

const SONG_RES: Res<'static> = Res {
    protocol_info: MP3,
    size: Some(5_000_000_000),
    duration: Some(Duration::from_millis(205_250)),
    bitrate_bytes_per_sec: Some(24_000),
    resolution: None,
    sample_frequency: Some(44_100),
    bits_per_sample: Some(16),
    nr_audio_channels: Some(2),
    url: Url {
        base: "http://10.77.1.1:8200",
        path: &["/media/", "a1b2", ".mp3"],
    },
};

const SONG: Item<'static> = Item {
    caption_forms: CaptionForms::ALL,
    id: "a1b2$7",
    parent_id: "a1b2",
    ref_id: Some("7"),
    title: "It's R&B <live>",
    class: "object.item.audioItem.musicTrack",
    date: Some("2009-05-01"),
    creator: Some("The \"X\""),
    artist: Some("The \"X\""),
    album_artist: Some("Various"),
    composer: Some("Bach"),
    album: Some("Caf\u{e9}"),
    genre: Some("Rock"),
    track_number: Some(7),
    disc_number: Some(2),
    series: None,
    season: None,
    episode: None,
    rating: None,
    playback: None,
    album_art: &[],
    res: &[SONG_RES],
    captions: &[],
};

const fn url<'a>(path: &'a [&'a str]) -> Url<'a> {
    Url {
        base: "http://10.77.1.1:8200",
        path,
    }
}

#[test]
fn a_film_tells_its_pictures_its_episode_and_its_subtitles() {
    let film = Item {
        id: "1",
        parent_id: "0",
        title: "Pilot",
        class: "object.item.videoItem",
        series: Some("Show & tell"),
        season: Some(2),
        episode: Some(5),
        rating: Some(4),
        album_art: &[AlbumArt {
            profile: "JPEG_TN",
            url: url(&["/art/", "1", "-tn.jpg"]),
        }],
        captions: &[
            Caption {
                mime: "text/srt",
                kind: "srt",
                url: url(&["/media/", "2", ".srt"]),
            },
            Caption {
                mime: "text/x-ssa",
                kind: "ssa",
                url: url(&["/media/", "3", ".ssa"]),
            },
        ],
        res: &[Res {
            protocol_info: ProtocolInfo::streamed("video/mp4", None),
            size: Some(9),
            duration: None,
            bitrate_bytes_per_sec: None,
            sample_frequency: None,
            bits_per_sample: None,
            nr_audio_channels: None,
            ..SONG_RES
        }],
        ..Item::default()
    };
    assert_eq!(
        received(&film, "*"),
        "<item id=\"1\" parentID=\"0\" restricted=\"1\"><dc:title>Pilot</dc:title>\
         <upnp:class>object.item.videoItem</upnp:class><upnp:seriesTitle>Show &amp; tell</upnp:seriesTitle>\
         <upnp:episodeSeason>2</upnp:episodeSeason><upnp:episodeNumber>5</upnp:episodeNumber>\
         <upnp:rating>4</upnp:rating>\
         <upnp:albumArtURI dlna:profileID=\"JPEG_TN\">http://10.77.1.1:8200/art/1-tn.jpg</upnp:albumArtURI>\
         <sec:CaptionInfoEx sec:type=\"srt\">http://10.77.1.1:8200/media/2.srt</sec:CaptionInfoEx>\
         <res protocolInfo=\"http-get:*:video/mp4:DLNA.ORG_OP=01;DLNA.ORG_CI=0;\
         DLNA.ORG_FLAGS=01700000000000000000000000000000\" size=\"9\" pv:subtitleFileType=\"SRT\" \
         pv:subtitleFileUri=\"http://10.77.1.1:8200/media/2.srt\">http://10.77.1.1:8200/media/a1b2.mp3</res>\
         <res protocolInfo=\"http-get:*:text/srt:*\">http://10.77.1.1:8200/media/2.srt</res>\
         <res protocolInfo=\"http-get:*:text/x-ssa:*\">http://10.77.1.1:8200/media/3.ssa</res></item>"
    );
    let art_alone = received(&film, "upnp:albumArtURI");
    assert!(art_alone.contains("albumArtURI") && !art_alone.contains("<res"));
    assert!(!received(&film, "res").contains("subtitleFile"));
    assert!(received(&film, "res@pv:subtitleFileUri").contains("subtitleFileUri"));
}

const FOLDER: Container<'static> = Container {
    media_class: None,
    id: "0",
    parent_id: "-1",
    title: "rill & co",
    class: "object.container",
    child_count: 4,
    searchable: false,
    search_classes: &["object.item.audioItem"],
    date: None,
    artist: None,
    album_art: &[],
};

#[test]
fn an_album_tells_of_itself_what_the_filter_asks_for() {
    let album = Container {
        class: "object.container.album.musicAlbum",
        search_classes: &[],
        date: Some("1997-01-01"),
        artist: Some("B & W"),
        album_art: &[AlbumArt {
            profile: "JPEG_TN",
            url: url(&["/art/", "1", "-tn.jpg"]),
        }],
        ..FOLDER
    };
    let text = |filter| {
        let mut bytes = Vec::new();
        album.write(&mut bytes, Filter::parse(filter));
        let text = String::from_utf8(bytes).unwrap();
        unescape(&text).unwrap().into_owned()
    };
    let start = "<container id=\"0\" parentID=\"-1\" restricted=\"1\"";
    let title = "<dc:title>rill &amp; co</dc:title>";
    let date = "<dc:date>1997-01-01</dc:date>";
    let class = "<upnp:class>object.container.album.musicAlbum</upnp:class>";
    let artist = "<upnp:artist>B &amp; W</upnp:artist>";
    let art = "<upnp:albumArtURI dlna:profileID=\"JPEG_TN\">http://10.77.1.1:8200/art/1-tn.jpg</upnp:albumArtURI>";
    let end = "</container>";
    for (filter, attributes, properties) in [
        (
            "*",
            " searchable=\"0\" childCount=\"4\"",
            [title, date, class, artist, art, end],
        ),
        ("", "", [title, "", class, "", "", end]),
        ("dc:date", "", [title, date, class, "", "", end]),
        ("upnp:artist", "", [title, "", class, artist, "", end]),
        ("upnp:albumArtURI", "", [title, "", class, "", art, end]),
    ] {
        let wanted = format!("{start}{attributes}>{}", properties.concat());
        assert_eq!(text(filter), wanted, "{filter}");
    }
}

/// As it travels.
fn travelling(item: &Item<'_>, filter: &str) -> String {
    let mut bytes = Vec::new();
    item.write(&mut bytes, Filter::parse(filter));
    String::from_utf8(bytes).unwrap()
}

/// As the control point sees it after SOAP.
fn received(item: &Item<'_>, filter: &str) -> String {
    unescape(&travelling(item, filter)).unwrap().into_owned()
}

#[test]
fn whole_item_has_this_text() {
    let wanted = "<item id=\"a1b2$7\" parentID=\"a1b2\" refID=\"7\" restricted=\"1\">\
        <dc:title>It's R&amp;B &lt;live&gt;</dc:title>\
        <dc:creator>The &quot;X&quot;</dc:creator>\
        <dc:date>2009-05-01</dc:date>\
        <upnp:class>object.item.audioItem.musicTrack</upnp:class>\
        <upnp:artist>The &quot;X&quot;</upnp:artist>\
        <upnp:artist role=\"AlbumArtist\">Various</upnp:artist>\
        <upnp:artist role=\"Composer\">Bach</upnp:artist>\
        <upnp:album>Caf\u{e9}</upnp:album>\
        <upnp:genre>Rock</upnp:genre>\
        <upnp:originalTrackNumber>7</upnp:originalTrackNumber>\
        <upnp:originalDiscNumber>2</upnp:originalDiscNumber>\
        <res protocolInfo=\"http-get:*:audio/mpeg:DLNA.ORG_PN=MP3;DLNA.ORG_OP=01;DLNA.ORG_CI=0;\
        DLNA.ORG_FLAGS=01700000000000000000000000000000\" size=\"5000000000\" duration=\"0:03:25.250\" \
        bitrate=\"24000\" sampleFrequency=\"44100\" bitsPerSample=\"16\" nrAudioChannels=\"2\">\
        http://10.77.1.1:8200/media/a1b2.mp3</res></item>";
    assert_eq!(received(&SONG, "*"), wanted);
}

#[test]
fn item_travels_escaped_twice() {
    let item = Item {
        title: "R&B \"<x>\"",
        creator: None,
        ..SONG
    };
    assert_eq!(
        travelling(&item, ""),
        "&lt;item id=\"a1b2$7\" parentID=\"a1b2\" restricted=\"1\"&gt;\
         &lt;dc:title&gt;R&amp;amp;B &amp;quot;&amp;lt;x&amp;gt;&amp;quot;&lt;/dc:title&gt;\
         &lt;upnp:class&gt;object.item.audioItem.musicTrack&lt;/upnp:class&gt;&lt;/item&gt;"
    );
}

#[test]
fn bare_item_and_picture_have_this_text() {
    let bare = Item {
        id: "1",
        parent_id: "0",
        title: "x",
        class: "object.item",
        ..Item::default()
    };
    let wanted = "<item id=\"1\" parentID=\"0\" restricted=\"1\"><dc:title>x</dc:title>\
        <upnp:class>object.item</upnp:class></item>";
    assert_eq!(received(&bare, "*"), wanted);

    let res = Res {
        protocol_info: ProtocolInfo::image("image/png", None),
        size: Some(0),
        duration: None,
        bitrate_bytes_per_sec: None,
        resolution: Some((1920, 1080)),
        sample_frequency: None,
        bits_per_sample: None,
        nr_audio_channels: None,
        url: Url {
            base: "http://[fe80::1]:8200",
            path: &["/m?a=1&b=2"],
        },
    };
    let picture = Item {
        res: &[res],
        ..bare
    };
    let wanted = "<res protocolInfo=\"http-get:*:image/png:DLNA.ORG_OP=01;DLNA.ORG_CI=0;\
        DLNA.ORG_FLAGS=00F00000000000000000000000000000\" size=\"0\" resolution=\"1920x1080\">\
        http://[fe80::1]:8200/m?a=1&amp;b=2</res></item>";
    let text = received(&picture, "*");
    assert!(text.ends_with(wanted), "{text}");
}

#[test]
fn container_has_this_text() {
    let text = |filter| {
        let mut bytes = Vec::new();
        FOLDER.write(&mut bytes, Filter::parse(filter));
        unescape(&String::from_utf8(bytes).unwrap())
            .unwrap()
            .into_owned()
    };
    let head = "<container id=\"0\" parentID=\"-1\" restricted=\"1\"";
    let tail =
        "><dc:title>rill &amp; co</dc:title><upnp:class>object.container</upnp:class></container>";
    let class = "<upnp:searchClass includeDerived=\"1\">object.item.audioItem</upnp:searchClass>";
    let with_class = tail.replace("</container>", &format!("{class}</container>"));
    assert_eq!(
        text("*"),
        format!("{head} searchable=\"0\" childCount=\"4\"{with_class}")
    );
    assert_eq!(text("upnp:searchClass"), format!("{head}{with_class}"));
    assert_eq!(
        text("@childCount"),
        format!("{head} childCount=\"4\"{tail}")
    );
    assert_eq!(text(""), format!("{head}{tail}"));
}

#[test]
fn filter_brings_what_it_names() {
    let item = |filter| received(&SONG, filter);
    assert!(!item("dc:title,upnp:artist").contains("<res"));
    assert!(
        item("upnp:artist").contains("<upnp:artist role=\"AlbumArtist\">Various</upnp:artist>")
    );
    let res = |attributes| {
        format!(
            "<res protocolInfo=\"{MP3}\"{attributes}>http://10.77.1.1:8200/media/a1b2.mp3</res></item>"
        )
    };
    assert!(item("res").ends_with(&res("")));
    assert!(item("res@size").ends_with(&res(" size=\"5000000000\"")));
    assert!(item("res,res@duration").ends_with(&res(" duration=\"0:03:25.250\"")));
    assert!(item("@refID").contains(" refID=\"7\""));
    for (name, element) in [
        ("dc:creator", "dc:creator"),
        ("dc:date", "dc:date"),
        ("upnp:album", "upnp:album"),
        ("upnp:genre", "upnp:genre"),
        ("upnp:originalTrackNumber", "upnp:originalTrackNumber"),
        ("upnp:originalDiscNumber", "upnp:originalDiscNumber"),
    ] {
        let text = item(name);
        assert!(text.contains(&format!("<{element}>")), "{name}");
        assert_eq!(text.matches("</").count(), 4, "{name}");
    }
}

#[test]
fn markup_is_escaped_at_compile_time() {
    assert_eq!(&markup!("<a b=\"&\">")[..], b"&lt;a b=\"&amp;\"&gt;");
    assert_eq!(&markup!("")[..], b"");
}

#[test]
fn length_is_known_before_the_bytes() {
    let write = |sink: &mut Vec<u8>, counter: &mut Counter| {
        open(sink, true);
        open(counter, true);
        SONG.write(sink, Filter::ALL);
        SONG.write(counter, Filter::ALL);
        FOLDER.write(sink, Filter::ALL);
        FOLDER.write(counter, Filter::ALL);
        close(sink);
        close(counter);
    };
    let (mut bytes, mut counter) = (Vec::new(), Counter::default());
    write(&mut bytes, &mut counter);
    assert_eq!(counter.0, bytes.len() as u64);
}

/// Whatever the values: the envelope's text is one text, and the document in it has these elements and this title.
#[test]
fn listing_of_hostile_names_is_well_formed() {
    let names = [
        "]]>",
        "&amp;",
        "&#0;",
        "<!-- ",
        "a\0b\u{1F}c",
        "\u{FFFE}\u{FFFF}",
        "'\"<>&",
        "\u{202E}evil",
        "\u{FF0E}\u{FEFF}",
        "\t\r\n",
        "]]&gt;",
        "<item>",
        "%n%s",
    ];
    for name in names {
        let mut bytes = Vec::new();
        open(&mut bytes, true);
        let res = Res {
            protocol_info: ProtocolInfo::streamed(name, Some(name)),
            url: Url {
                base: name,
                path: &[name, name],
            },
            ..SONG_RES
        };
        let item = Item {
            id: name,
            parent_id: name,
            ref_id: Some(name),
            title: name,
            class: name,
            date: Some(name),
            creator: Some(name),
            artist: Some(name),
            album_artist: Some(name),
            composer: Some(name),
            album: Some(name),
            genre: Some(name),
            res: &[res],
            ..SONG
        };
        item.write(&mut bytes, Filter::ALL);
        Container {
            id: name,
            title: name,
            ..FOLDER
        }
        .write(&mut bytes, Filter::ALL);
        close(&mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(['<', '>']) && !text.contains("&#"), "{text}");
        check_titles(&unescape(&text).unwrap(), name);
    }
}

fn check_titles(document: &str, name: &str) {
    // A reader sees every line end as LF (XML 1.0 §2.11).
    let kept =
        |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    let wanted: String = name.replace("\r\n", "\n").chars().filter(kept).collect();
    let mut reader = Reader::new(document.as_bytes()).unwrap();
    let (mut elements, mut titles, mut text, mut in_title) = (0, Vec::new(), String::new(), false);
    while let Some(event) = reader.next_event().unwrap() {
        match event {
            Event::Start(found) => {
                elements += 1;
                in_title = found.is("http://purl.org/dc/elements/1.1/", "title");
            }
            Event::Text(piece) if in_title => text += &piece,
            Event::End if in_title => {
                titles.push(std::mem::take(&mut text));
                in_title = false;
            }
            Event::Text(_) | Event::End => {}
        }
    }
    assert_eq!(titles, [wanted.clone(), wanted]);
    assert_eq!(elements, 18);
}

#[test]
fn what_was_played_is_told_to_each_in_its_own_form() {
    let playback = Playback {
        position: Duration::from_millis(3_754_999),
        form: PositionForm::Clock,
        bookmark: 3754,
        count: 2,
        time: Some("2009-05-01T18:30:00Z"),
    };
    let film = Item {
        id: "1",
        parent_id: "0",
        title: "One, two & three",
        class: "object.item.videoItem",
        playback: Some(playback),
        ..Item::default()
    };
    let text = |item: &Item<'_>, filter: &str| {
        let mut escaped = Vec::new();
        item.write(&mut escaped, Filter::parse(filter));
        let mut counter = Counter::default();
        item.write(&mut counter, Filter::parse(filter));
        assert_eq!(counter.0, escaped.len() as u64);
        unescape(std::str::from_utf8(&escaped).unwrap())
            .unwrap()
            .into_owned()
    };
    let wanted = "<item id=\"1\" parentID=\"0\" restricted=\"1\"><dc:title>One, two &amp; three</dc:title>\
        <upnp:class>object.item.videoItem</upnp:class>\
        <upnp:lastPlaybackPosition>1:02:34</upnp:lastPlaybackPosition>\
        <upnp:lastPlaybackTime>2009-05-01T18:30:00Z</upnp:lastPlaybackTime>\
        <upnp:playbackCount>2</upnp:playbackCount>\
        <sec:dcmInfo>CREATIONDATE=0,FOLDER=One two &amp; three,BM=3754</sec:dcmInfo></item>";
    assert_eq!(text(&film, "*"), wanted);
    for name in ["lastPlaybackPosition", "lastPlaybackTime", "playbackCount"] {
        let told = text(&film, &format!("upnp:{name}"));
        assert!(told.contains(name) && !told.contains("sec:"), "{told}");
        assert_eq!(told.matches("layback").count(), 2, "{told}");
    }
    let told = text(&film, "sec:dcmInfo");
    assert!(
        told.contains("BM=3754") && !told.contains("layback"),
        "{told}"
    );
    let kodi = Item {
        playback: Some(Playback {
            form: PositionForm::Seconds,
            ..playback
        }),
        ..film
    };
    let told = text(&kodi, "upnp:lastPlaybackPosition");
    assert!(told.contains("Position>3754</upnp:"), "{told}");
    let nothing = Playback {
        position: Duration::ZERO,
        form: PositionForm::Seconds,
        bookmark: 0,
        count: 0,
        time: None,
    };
    let unplayed = Item {
        playback: Some(nothing),
        ..film
    };
    assert_eq!(text(&unplayed, "*"), text(&film, ""));
}
