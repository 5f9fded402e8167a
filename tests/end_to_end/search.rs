//! `Search` (CDS:1 §2.7.5) as control points use it.

use std::collections::BTreeSet;

use crate::harness::{
    Browse, Fault, Library, NEAR, Object, Page, Rill, Setup, envelope, jpeg, mp3, mp3_titled, mp4,
};

/// The arguments of a Search in the standard's order; what is not changed asks for everything below the root.
#[derive(Clone, Copy)]
pub(crate) struct Search<'a> {
    pub(crate) container: &'a str,
    pub(crate) criteria: &'a str,
    pub(crate) filter: &'a str,
    pub(crate) start: u32,
    pub(crate) count: u32,
    pub(crate) sort: &'a str,
}

pub(crate) const EVERYTHING: Search<'_> = Search {
    container: "0",
    criteria: "*",
    filter: "*",
    start: 0,
    count: 0,
    sort: "",
};

impl Search<'_> {
    fn arguments(&self) -> Vec<(&'static str, String)> {
        vec![
            ("ContainerID", self.container.to_owned()),
            ("SearchCriteria", self.criteria.to_owned()),
            ("Filter", self.filter.to_owned()),
            ("StartingIndex", self.start.to_string()),
            ("RequestedCount", self.count.to_string()),
            ("SortCriteria", self.sort.to_owned()),
        ]
    }

    pub(crate) fn of(&self, rill: &Rill) -> Result<Page, Fault> {
        let answer = rill.call("Search", &self.arguments());
        answer.map(|answer| Page::from_answer(&answer))
    }
}

pub(crate) fn find(rill: &Rill, criteria: &str) -> Page {
    let search = Search {
        criteria,
        ..EVERYTHING
    };
    let found = search.of(rill);
    found.unwrap_or_else(|fault| panic!("{criteria}: {fault:?}"))
}

/// The titles, sorted.
fn titles(page: &Page) -> Vec<&str> {
    let mut titles = page.titles();
    titles.sort_unstable();
    titles
}

/// A film, five songs in two folders, a playlist of some of them, a photograph.
fn serving() -> Option<(Library, Rill)> {
    let library = Library::empty()
        .with("Films/The Film.mp4", &mp4(61, 640, 360, b"film"))
        .with("Music/one.mp3", &mp3(20))
        .with("Music/two.mp3", &mp3(30))
        .with(
            "Music/deep/three.mp3",
            &mp3_titled("\u{c9}tude & \"more\"", 20),
        )
        .with("Other/four.mp3", &mp3(40))
        .with("Other/five.mp3", &mp3(50))
        .with(
            "Music/list.m3u",
            b"../Other/five.mp3\none.mp3\n../Other/five.mp3\n",
        )
        .with("photo.jpg", &jpeg(16, 8));
    // Seven files, and three entries in the playlist.
    let rill = Setup::new(&library)
        .set("RILL_LOG", "debug")
        .expecting(10)
        .start()?;
    Some((library, rill))
}

#[test]
fn the_root_finds_each_object_once_as_it_is_browsed() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let all = find(&rill, "*");
    assert_eq!(
        titles(&all),
        [
            "Films",
            "Music",
            "Other",
            "The Film",
            "deep",
            "five",
            "four",
            "list",
            "one",
            "photo",
            "two",
            "\u{c9}tude & \"more\"",
        ]
    );
    assert_eq!(all.total, 12);
    let root = rill.browse(&Browse::metadata("0")).unwrap();
    assert_eq!(all.update, root.update);
    for object in &all.objects {
        let alone = rill.browse(&Browse::metadata(&object.id)).unwrap();
        assert_eq!(format!("{:?}", alone.objects[0]), format!("{object:?}"));
        if object.is_container {
            assert_eq!(object.element.attribute("searchable"), Some("1"));
        }
    }
}

#[test]
fn criteria_of_real_control_points_find_what_they_mean() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let songs = ["five", "four", "one", "two", "\u{c9}tude & \"more\""];
    for (criteria, wanted) in [
        (
            r#"upnp:class derivedfrom "object.item.audioItem" and @refID exists false"#,
            &songs[..],
        ),
        (
            r#"(upnp:class derivedfrom "object.item.videoItem" or upnp:class derivedfrom "object.item.imageItem")"#,
            &["The Film", "photo"],
        ),
        (
            r#"upnp:class = "object.container.playlistContainer""#,
            &["list"],
        ),
        (
            r#"upnp:class derivedfrom "object.container" and dc:title contains "e""#,
            &["Other", "deep"],
        ),
        (
            "dc:title contains \"\u{e9}TUDE\"",
            &["\u{c9}tude & \"more\""],
        ),
        (
            r#"dc:title contains "\"MORE\"""#,
            &["\u{c9}tude & \"more\""],
        ),
        (
            r#"upnp:artist = "an artist" and upnp:album startsWith "An""#,
            &["\u{c9}tude & \"more\""],
        ),
        (
            r#"dc:creator contains "nobody" or upnp:genre exists true and dc:title = "x""#,
            &[],
        ),
        (
            r#"res@duration >= "0:01:00" and res@resolution = "640x360""#,
            &["The Film"],
        ),
        (r#"res@protocolInfo contains "image/jpeg""#, &["photo"]),
        (
            r#"UPNP:CLASS DERIVEDFROM "object.item.audioItem" AND dc:title != "ONE" AND dc:title < "p""#,
            &["five", "four"],
        ),
        // Escaped once too often.
        (
            "upnp:class = &quot;object.item.imageItem.photo&quot;",
            &["photo"],
        ),
    ] {
        let found = find(&rill, criteria);
        assert_eq!(titles(&found), wanted, "{criteria}");
        assert_eq!(found.total, wanted.len(), "{criteria}");
    }
}

#[test]
fn a_folder_finds_what_is_below_it_and_a_playlist_what_it_shows() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let (music, list) = (rill.find("Music").id, rill.find("list").id);
    let below = |container: &str| {
        let search = Search {
            container,
            criteria: r#"upnp:class derivedfrom "object.item""#,
            ..EVERYTHING
        };
        search.of(&rill).unwrap()
    };
    let in_music = below(&music);
    assert_eq!(
        titles(&in_music),
        ["five", "one", "two", "\u{c9}tude & \"more\""]
    );
    let home = |object: &Object| object.element.attribute("refID").map(str::to_owned);
    assert!(
        in_music
            .objects
            .iter()
            .all(|object| home(object).is_some() == (object.title == "five"))
    );
    let shown = below(&list);
    assert_eq!(shown.titles(), ["five", "one"]);
    for object in &shown.objects {
        assert_eq!(object.parent, list);
        let alone = rill.browse(&Browse::metadata(&object.id)).unwrap();
        assert_eq!(alone.objects[0].title, object.title);
        let own = rill
            .browse(&Browse::metadata(&home(object).unwrap()))
            .unwrap();
        assert_eq!(own.objects[0].title, object.title);
        assert_ne!(own.objects[0].parent, list);
    }
    assert_eq!(below(&rill.find("Films").id).titles(), ["The Film"]);
}

#[test]
fn pages_laid_side_by_side_are_the_whole_in_every_order() {
    let mut library = Library::empty();
    // More than what is made whole before it is sent.
    for number in 0..90 {
        library.add(
            format!("{}/song {number}.mp3", number % 7),
            &mp3(5 + number % 3),
        );
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for sort in [
        "",
        "+dc:title",
        "-res@size,+dc:title",
        "+upnp:class,-dc:title",
    ] {
        let whole = Search { sort, ..EVERYTHING };
        let whole = whole.of(&rill).unwrap();
        assert_eq!((whole.objects.len(), whole.total), (97, 97));
        let ids = |page: &Page| -> Vec<String> {
            page.objects
                .iter()
                .map(|object| object.id.clone())
                .collect()
        };
        let mut together = Vec::new();
        while together.len() < 97 {
            let page = Search {
                sort,
                start: u32::try_from(together.len()).unwrap(),
                count: 20,
                ..EVERYTHING
            };
            let page = page.of(&rill).unwrap();
            assert_eq!(page.total, 97);
            assert!(!page.objects.is_empty());
            together.extend(ids(&page));
        }
        assert_eq!(together, ids(&whole), "{sort}");
        let distinct: BTreeSet<_> = together.iter().collect();
        assert_eq!(distinct.len(), 97);
    }
    let by_title = Search {
        criteria: r#"upnp:class derivedfrom "object.item""#,
        filter: "dc:title",
        sort: "-dc:title",
        count: 3,
        ..EVERYTHING
    };
    let last = by_title.of(&rill).unwrap();
    assert_eq!(last.titles(), ["song 9", "song 89", "song 88"]);
    assert!(
        last.objects
            .iter()
            .all(|object| object.element.child("res").is_none())
    );
}

#[test]
fn refusals_carry_the_standard_s_code() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let code = |search: Search<'_>| search.of(&rill).expect_err("it was accepted").code;
    for criteria in [
        "",
        "dc:title",
        "dc:title is \"x\"",
        "dc:title = x",
        "dc:title = \"x",
        "(dc:title = \"x\"",
        "dc:title = \"x\" xor dc:date exists true",
        "dc:title exists perhaps",
        &"(".repeat(20_000),
        &["@id = \"1\""; 500].join(" or "),
    ] {
        let search = Search {
            criteria,
            ..EVERYTHING
        };
        assert_eq!(code(search), 708, "{criteria:.40}");
    }
    assert!(rill.log().contains("an operator was expected at byte 9"));
    let item = rill.find("The Film").id;
    let appearance = rill.children(&rill.find("list").id).objects[0].id.clone();
    for container in [
        "nothing",
        "-1",
        "1",
        "0 ",
        "ffffffffffffffff",
        &item,
        &appearance,
    ] {
        let search = Search {
            container,
            ..EVERYTHING
        };
        assert_eq!(code(search), 710, "{container:?}");
    }
    let sort = "+upnp:nothing";
    assert_eq!(code(Search { sort, ..EVERYTHING }), 709);
    for left_out in 0..6 {
        let mut arguments = EVERYTHING.arguments();
        let (name, _) = arguments.remove(left_out);
        let fault = rill
            .call("Search", &arguments)
            .expect_err("it was accepted");
        assert_eq!(fault, Fault { code: 402 }, "without {name}");
    }
}

#[test]
fn the_xbox_s_mixed_names_and_samsung_s_empty_id_are_understood() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let mut search = EVERYTHING.arguments();
    search[0].0 = "ObjectID";
    let found = rill.call("Search", &search).unwrap();
    assert_eq!(Page::from_answer(&found).total, 12);
    let mut browse = Browse::children("0").arguments();
    browse[0].0 = "ContainerID";
    let listed = rill.call("Browse", &browse).unwrap();
    assert_eq!(Page::from_answer(&listed).total, rill.children("0").total);
    let container = "";
    let found = Search {
        container,
        ..EVERYTHING
    };
    assert_eq!(found.of(&rill).unwrap().total, 12);
}

#[test]
fn everything_advertised_is_accepted() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let list = |action: &str, name: &str| -> Vec<String> {
        let answer = rill.call(action, &[]).unwrap();
        answer
            .text_of(name)
            .unwrap()
            .split(',')
            .map(str::to_owned)
            .collect()
    };
    let searchable = list("GetSearchCapabilities", "SearchCaps");
    assert!(searchable.len() > 20, "{searchable:?}");
    for name in searchable {
        let with = find(&rill, &format!("{name} exists true"));
        let without = find(&rill, &format!("{name} exists false"));
        assert_eq!(with.total + without.total, 12, "{name}");
    }
    let sortable = list("GetSortCapabilities", "SortCaps");
    let all = format!("-{}", sortable.join(",+"));
    for sort in sortable.iter().map(|name| format!("+{name}")).chain([all]) {
        let search = Search {
            sort: &sort,
            ..EVERYTHING
        };
        assert_eq!(search.of(&rill).unwrap().objects.len(), 12, "{sort}");
    }
    let scpd = rill.get("/scpd/ContentDirectory.xml", &[]);
    assert!(scpd.text().contains("<name>Search</name>"));
    let root = rill.browse(&Browse::metadata("0")).unwrap();
    assert_eq!(
        root.objects[0].element.text_of("searchClass"),
        Some("object.item.audioItem")
    );
}

#[test]
fn peers_that_leave_take_their_searches_with_them() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let body = envelope("ContentDirectory", "Search", &EVERYTHING.arguments());
    let head = format!(
        "POST /control/ContentDirectory HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        Rill::address(NEAR),
        body.len()
    );
    for _ in 0..200 {
        let mut connection = rill.connect();
        assert!(connection.send(format!("{head}{body}").as_bytes()));
    }
    rill.must_answer("200 peers that left");
    // Nobody's turn was lost with them.
    for _ in 0..20 {
        assert_eq!(find(&rill, "*").total, 12);
    }
}
