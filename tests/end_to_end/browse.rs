//! `ContentDirectory`: the tree as a control point walks it (CDS:1 §2.7).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use rustix::process::Signal;

use crate::harness::{
    Browse, Fault, Library, Rill, Setup, jpeg, mp3, mp3_titled, mp4, png, wait_for,
};

/// A film, three songs (one with tags), a photo; two folders.
fn mixed() -> Library {
    Library::empty()
        .with("Films/The Film.mp4", &mp4(61, 640, 360, b"film"))
        .with("Music/file 1.mp3", &mp3(20))
        .with("Music/file 2.mp3", &mp3(20))
        .with("Music/file 10.mp3", &mp3_titled("Ein Lied & mehr", 20))
        .with("photo.jpg", &jpeg(16, 8))
        .with("picture.png", &png(20, 10))
}

#[test]
fn the_root_holds_the_folders_then_the_files() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let page = rill.children("0");
    assert_eq!(page.titles(), ["Films", "Music", "photo", "picture"]);
    assert_eq!(page.total, 4);
    assert!(page.objects.iter().all(|object| object.parent == "0"));
    assert_eq!(page.objects[0].element.attribute("childCount"), Some("1"));
    assert!(
        page.objects[0].class.starts_with("object.container"),
        "{:?}",
        page.objects[0]
    );
    let music = rill.children(&page.titled("Music").id);
    assert!(
        music
            .objects
            .iter()
            .all(|object| object.parent == page.titled("Music").id)
    );
}

#[test]
fn ids_are_sixteen_hex_digits() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let objects = rill.walk();
    let ids: BTreeSet<_> = objects.iter().map(|object| object.id.as_str()).collect();
    assert_eq!(ids.len(), objects.len(), "an id is there twice");
    for id in ids {
        assert!(
            id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{id}"
        );
    }
}

#[test]
fn file_2_comes_before_file_10() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let music = rill.children(&rill.find("Music").id);
    assert_eq!(
        music.titles(),
        ["file 1", "file 2", "Ein Lied & mehr"],
        "the order of file names"
    );
}

#[test]
fn pages_laid_side_by_side_are_the_whole() {
    let mut library = Library::empty();
    for number in 0..23 {
        library.add(format!("song {number}.mp3"), &mp3(5));
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let whole = rill.children("0");
    assert_eq!(
        whole.titles(),
        (0..23)
            .map(|number| format!("song {number}"))
            .collect::<Vec<_>>()
    );
    for size in [1, 5, 23, 100] {
        let mut ids = Vec::new();
        while ids.len() < 23 {
            let start = u32::try_from(ids.len()).unwrap();
            let page = rill
                .browse(&Browse {
                    start,
                    count: size,
                    ..Browse::children("0")
                })
                .unwrap();
            assert_eq!(page.total, 23);
            assert!(!page.objects.is_empty(), "an empty page at {start}");
            ids.extend(page.objects.into_iter().map(|object| object.id));
        }
        assert!(
            ids.iter().eq(whole.objects.iter().map(|object| &object.id)),
            "pages of {size}"
        );
    }
    for start in [23, 24, u32::MAX] {
        let page = rill
            .browse(&Browse {
                start,
                count: 10,
                ..Browse::children("0")
            })
            .unwrap();
        assert_eq!((page.objects.len(), page.total), (0, 23), "from {start}");
    }
}

#[test]
fn metadata_is_the_object_as_its_parent_lists_it() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let root = rill.browse(&Browse::metadata("0")).unwrap();
    assert_eq!(root.objects[0].id, "0");
    assert_eq!(root.objects[0].parent, "-1");
    assert_eq!(root.objects[0].element.attribute("childCount"), Some("4"));
    for object in rill.walk() {
        let page = rill.browse(&Browse::metadata(&object.id)).unwrap();
        assert_eq!(page.total, 1);
        assert_eq!(format!("{:?}", page.objects[0]), format!("{object:?}"));
    }
}

#[test]
fn what_a_file_says_is_listed() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let film = rill.find("The Film");
    assert_eq!(film.class, "object.item.videoItem");
    assert_eq!(film.res().attribute("duration"), Some("0:01:01.000"));
    assert_eq!(film.res().attribute("resolution"), Some("640x360"));
    let size = fs::metadata(library.path("Films/The Film.mp4"))
        .unwrap()
        .len();
    assert_eq!(
        film.res().attribute("size"),
        Some(size.to_string().as_str())
    );

    let song = rill.find("Ein Lied & mehr");
    assert_eq!(song.class, "object.item.audioItem.musicTrack");
    assert_eq!(song.element.text_of("artist"), Some("An Artist"));
    assert_eq!(song.element.text_of("album"), Some("An Album"));
    assert!(
        song.res()
            .attribute("protocolInfo")
            .unwrap()
            .starts_with("http-get:*:audio/mpeg:"),
        "{song:?}"
    );

    let photo = rill.find("photo");
    assert_eq!(photo.class, "object.item.imageItem.photo");
    assert_eq!(photo.res().attribute("resolution"), Some("16x8"));
    assert_eq!(
        rill.find("picture").res().attribute("resolution"),
        Some("20x10")
    );
}

#[test]
fn the_filter_leaves_out_what_was_not_asked_for() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let id = rill.find("Ein Lied & mehr").id;
    let with = |filter| {
        rill.browse(&Browse {
            filter,
            ..Browse::metadata(&id)
        })
        .unwrap()
        .objects
        .remove(0)
    };
    let bare = with("");
    assert!(
        bare.element.child("res").is_none() && bare.element.child("artist").is_none(),
        "{bare:?}"
    );
    assert_eq!(bare.element.attribute("restricted"), Some("1"));
    let artist = with("upnp:artist");
    assert_eq!(artist.element.text_of("artist"), Some("An Artist"));
    assert!(artist.element.child("res").is_none(), "{artist:?}");
    let sized = with("res@size");
    assert!(
        sized.res().attribute("size").is_some() && sized.res().attribute("duration").is_none(),
        "{sized:?}"
    );
    assert!(sized.res().attribute("protocolInfo").is_some(), "{sized:?}");
    let odd = with("foo:bar, res, dc:title ,,");
    assert!(odd.element.child("res").is_some(), "{odd:?}");
}

#[test]
fn sorting_by_title_uses_titles_not_file_names() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let music = rill.find("Music").id;
    let sorted = |sort| {
        rill.browse(&Browse {
            sort,
            ..Browse::children(&music)
        })
        .unwrap()
    };
    assert_eq!(
        sorted("+dc:title").titles(),
        ["Ein Lied & mehr", "file 1", "file 2"]
    );
    assert_eq!(
        sorted("-dc:title").titles(),
        ["file 2", "file 1", "Ein Lied & mehr"]
    );
    let page = rill
        .browse(&Browse {
            sort: "-dc:title",
            start: 1,
            count: 1,
            ..Browse::children(&music)
        })
        .unwrap();
    assert_eq!((page.titles(), page.total), (vec!["file 1"], 3));
}

#[test]
fn refusals_carry_the_standard_s_code() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let code = |browse: &Browse<'_>| rill.browse(browse).expect_err("it was accepted").code;
    for id in [
        "ffffffffffffffff",
        "no such object",
        "-1",
        "00",
        "0000000000000000000000000000000000",
        "0$1$2",
    ] {
        assert_eq!(code(&Browse::children(id)), 701, "children of {id:?}");
        assert_eq!(code(&Browse::metadata(id)), 701, "metadata of {id:?}");
    }
    for sort in ["+no:such", "dc:title", "+", "+dc:title,,", "*dc:title"] {
        assert_eq!(
            code(&Browse {
                sort,
                ..Browse::children("0")
            }),
            709,
            "sort {sort:?}"
        );
    }
    assert_eq!(
        code(&Browse {
            flag: "BrowseEverything",
            ..Browse::children("0")
        }),
        402
    );

    let arguments = Browse::children("0").arguments();
    for missing in 0..arguments.len() {
        let mut fewer = arguments.clone();
        let (name, _) = fewer.remove(missing);
        let fault = rill.call("Browse", &fewer).map(|_| ()).expect_err(name);
        assert_eq!(fault, Fault { code: 402 }, "without {name}");
    }
    for number in ["-1", "x", "4294967296", "99999999999999999999", "1.5", ""] {
        let mut wrong = arguments.clone();
        wrong[3].1 = number.to_owned();
        assert_eq!(
            rill.call("Browse", &wrong).map(|_| ()),
            Err(Fault { code: 402 }),
            "StartingIndex {number:?}"
        );
    }
    assert_eq!(
        rill.call("DestroyObject", &arguments).map(|_| ()),
        Err(Fault { code: 401 })
    );
}

#[test]
fn files_with_hostile_names_are_listed_and_served_byte_for_byte() {
    let names: [&[u8]; 20] = [
        b"quote\"s and 'ticks'",
        b"rock & roll &amp; <more>",
        b"x]]>y",
        b"bell\x07 and \x1b[31m",
        b"new\nline\r\n",
        b"not \xff\xfe UTF-8",
        "nonchar \u{FFFE}".as_bytes(),
        b"100%25 sure %2e%2e",
        b"track #1?a=b",
        b"semi;colon, comma+plus=",
        b"back\\slash",
        b" leading and trailing ",
        b"dots...",
        "umläut \u{1F389} 音楽".as_bytes(),
        "cafe\u{301}".as_bytes(),
        "\u{202E}rtl".as_bytes(),
        b"~$(id)`id`",
        b"{{7*7}} ${x} %s%n",
        b"tab\tand \x7f",
        &[b'L'; 240],
    ];
    let mut library = Library::empty();
    let mut contents = BTreeSet::new();
    for (number, stem) in names.iter().enumerate() {
        let mut content = mp3(10);
        content.extend(format!("content {number}").into_bytes());
        // The bytes that tell them apart; sizes differ too, where two digits make the tail longer.
        let name = OsStr::from_bytes(&[b"folder & <dir>/", *stem, b".mp3"].concat()).to_owned();
        library.add(name, &content);
        contents.insert(content);
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let items: Vec<_> = rill
        .walk()
        .into_iter()
        .filter(|object| !object.is_container)
        .collect();
    assert!(
        items
            .iter()
            .any(|item| item.title == "rock & roll &amp; <more>"),
        "{items:?}"
    );
    assert!(items.iter().any(|item| item.title == "x]]>y"), "{items:?}");
    for item in &items {
        assert!(!item.title.is_empty(), "{item:?}");
        let reply = rill.get(item.target(), &[]);
        assert_eq!(reply.status, 200, "{:?}", item.title);
        assert!(
            contents.remove(&reply.body),
            "{:?} brings other bytes",
            item.title
        );
    }
    assert!(
        contents.is_empty(),
        "{} files are not served",
        contents.len()
    );
}

#[test]
fn several_folders_are_one_container_each_and_a_missing_one_is_named() {
    let library = mixed();
    let missing = library.path("Gone");
    let mut media = OsString::new();
    for name in ["Music", "Films"] {
        media.push(library.path(name));
        media.push(":");
    }
    media.push(&missing);
    let Some(rill) = Setup::new(&library).media(media).expecting(4).start() else {
        return;
    };
    let roots = rill.children("0");
    assert!(
        roots.objects.iter().all(|object| object.is_container),
        "{roots:?}"
    );
    assert_eq!(rill.children(&roots.titled("Music").id).total, 3);
    assert_eq!(rill.children(&roots.titled("Films").id).total, 1);
    assert!(
        rill.log().contains(missing.to_str().unwrap()),
        "the log does not name it:\n{}",
        rill.log()
    );
}

#[test]
fn a_folder_may_be_restricted_to_one_kind() {
    let library = mixed();
    let mut media = OsString::from("image=");
    media.push(library.root());
    let Some(rill) = Setup::new(&library).media(media).expecting(2).start() else {
        return;
    };
    let items: Vec<_> = rill
        .walk()
        .into_iter()
        .filter(|object| !object.is_container)
        .collect();
    assert!(
        items
            .iter()
            .all(|item| item.class == "object.item.imageItem.photo"),
        "{items:?}"
    );
}

#[test]
fn ids_stay_over_a_restart_a_rescan_and_new_neighbours() {
    let mut library = mixed();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let ids = |rill: &Rill| -> BTreeMap<_, _> {
        rill.walk()
            .into_iter()
            .map(|object| (object.title, object.id))
            .collect()
    };
    let before = ids(&rill);
    rill.stop();
    rill.start();
    assert_eq!(ids(&rill), before, "after a restart");

    library.add("Music/a new first one.mp3", &mp3(7));
    rill.signal(Signal::HUP);
    rill.wait_for_title("a new first one");
    let mut after = ids(&rill);
    after.remove("a new first one");
    assert_eq!(after, before, "after a re-scan");
}

#[test]
fn sighup_shows_new_files_and_drops_removed_ones() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let update = rill.children("0").update;
    let photo = rill.find("photo");
    library.write("New/new.mp3", &mp3(9));
    fs::remove_file(library.path("photo.jpg")).unwrap();
    rill.signal(Signal::HUP);
    rill.wait_for_title("new");
    wait_for("the removed file is gone", 10, || {
        rill.walk()
            .iter()
            .all(|object| object.title != "photo")
            .then_some(())
    });
    assert_eq!(
        rill.browse(&Browse::metadata(&photo.id)).map(|_| ()),
        Err(Fault { code: 701 })
    );
    assert_eq!(rill.get(photo.target(), &[]).status, 404);
    assert_ne!(rill.children("0").update, update, "UpdateID");
}

#[test]
fn a_change_by_another_content_of_the_same_name_is_seen() {
    let library = Library::empty().with("song.mp3", &mp3_titled("Before", 5));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let id = rill.find("Before").id;
    library.write("song.mp3", &mp3_titled("Afterwards", 9));
    rill.signal(Signal::HUP);
    assert_eq!(
        rill.wait_for_title("Afterwards").id,
        id,
        "the id is the file's, not the content's"
    );
}

#[test]
fn hundreds_and_thousands_of_files_come_in_one_reply() {
    let mut library = Library::empty();
    for (folder, count) in [("few", 300), ("many", 5000)] {
        for number in 0..count {
            library.add(format!("{folder}/track {number}.mp3"), &mp3(1));
        }
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let root = rill.children("0");
    for (folder, count) in [("few", 300), ("many", 5000)] {
        let id = &root.titled(folder).id;
        // As VLC and upnpy ask.
        let page = rill
            .browse(&Browse {
                count: 5000,
                ..Browse::children(id)
            })
            .unwrap();
        assert_eq!((page.objects.len(), page.total), (count, count));
        let titles: Vec<_> = (0..count).map(|number| format!("track {number}")).collect();
        assert_eq!(page.titles(), titles);
    }
}

#[test]
fn the_other_actions_answer() {
    let library = mixed();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let search = rill.call("GetSearchCapabilities", &[]).unwrap();
    assert!(search.text_of("SearchCaps").is_some());
    let sort = rill.call("GetSortCapabilities", &[]).unwrap();
    assert!(sort.text_of("SortCaps").unwrap().contains("dc:title"));
    let id = rill.call("GetSystemUpdateID", &[]).unwrap();
    assert_eq!(
        id.text_of("Id").unwrap().parse(),
        Ok(rill.children("0").update)
    );
}

#[test]
fn internet_radio_in_a_playlist_is_told_and_never_fetched() {
    let library = Library::empty().with("Music/one.mp3", &mp3(20)).with(
        "Music/list.m3u",
        b"#EXTINF:-1,Radio <1> & more\nhttp://radio.example:8000/live?a=1&b=%20\none.mp3\n\
          https://tv.example/news.ts\n",
    );
    let Some(rill) = Setup::new(&library)
        .set("RILL_LOG", "debug")
        .expecting(4)
        .start()
    else {
        return;
    };
    let list = rill.find("list");
    let page = rill.children(&list.id);
    assert_eq!(
        page.titles(),
        ["Radio <1> & more", "one", "tv.example/news.ts"]
    );
    assert_eq!(list.element.attribute("childCount"), Some("3"));
    let radio = page.titled("Radio <1> & more");
    assert_eq!(radio.class, "object.item.audioItem.audioBroadcast");
    assert_eq!(radio.parent, list.id);
    assert_eq!(radio.element.attribute("refID"), None);
    let res = radio.res();
    assert_eq!(res.text, "http://radio.example:8000/live?a=1&b=%20");
    assert_eq!(
        res.attribute("protocolInfo"),
        Some(
            "http-get:*:audio/mpeg:DLNA.ORG_OP=00;DLNA.ORG_CI=0;\
             DLNA.ORG_FLAGS=01100000000000000000000000000000"
        )
    );
    assert_eq!(
        (res.attribute("size"), res.attribute("duration")),
        (None, None)
    );
    let tv = page.titled("tv.example/news.ts");
    assert_eq!(tv.class, "object.item.videoItem.videoBroadcast");
    assert_eq!(tv.res().text, "https://tv.example/news.ts");
    let alone = rill.browse(&Browse::metadata(&radio.id)).unwrap();
    assert_eq!(alone.objects[0].res().text, res.text);
    assert_eq!(alone.objects[0].parent, list.id);
    for target in [
        format!("/media/{}.mp3", radio.id),
        format!("/media/{}.ts", tv.id),
        format!("/art/{}.jpg", radio.id),
    ] {
        assert_eq!(rill.get(&target, &[]).status, 404, "{target}");
    }
    let log = rill.log();
    assert!(!log.contains("WARN") && !log.contains("ERROR"), "{log}");
}
