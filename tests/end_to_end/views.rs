//! Views: the containers made of what is known about the files.

use std::fs;

use rustix::process::Signal;

use crate::harness::{
    Browse, Library, NEAR, Object, Rill, Setup, jpeg, jpeg_taken, mp3_tagged, mp4, wait_for,
};

fn track(title: &str, artist: &str, album: &str, number: &str) -> Vec<u8> {
    let tags = [
        ("TIT2", title),
        ("TPE1", artist),
        ("TALB", album),
        ("TRCK", number),
        ("TYER", "1995"),
    ];
    mp3_tagged(&tags, 30)
}

fn library() -> Library {
    Library::empty()
        .with("post/1.mp3", &track("Army of Me", "Bjork", "Post", "1"))
        .with("post/2.mp3", &track("Hyperballad", "BJORK", "Post", "2"))
        .with("mix/1.mp3", &track("First", "Bjork", "Mix", "1"))
        .with("mix/2.mp3", &track("Second", "Tricky", "Mix", "2"))
        .with("Show/Show S01E02.mp4", &mp4(61, 640, 360, b"film"))
        .with("photo.jpg", &jpeg(16, 8))
}

/// Served with the variables at their defaults.
fn serving(library: &Library) -> Option<Rill> {
    let setup = Setup::new(library).expecting(0).set("RILL_VIEWS", "");
    let rill = setup.start()?;
    wait_for("the folders are listed", 20, || {
        let root = rill.children("0");
        root.titles().contains(&"Folders").then_some(())
    });
    Some(rill)
}

/// The container at the end of a path of titles.
fn at(rill: &Rill, titles: &[&str]) -> Object {
    let mut id = "0".to_owned();
    let mut object = None;
    for title in titles {
        let found = rill.children(&id).titled(title).clone();
        id.clone_from(&found.id);
        object = Some(found);
    }
    object.unwrap()
}

fn text(object: &Object, name: &str) -> Vec<String> {
    let children = object.element.children.iter();
    children
        .filter(|child| child.name == name)
        .map(|child| child.text.clone())
        .collect()
}

#[test]
fn an_album_is_found_by_its_artist_and_plays_under_the_items_own_address() {
    let library = library();
    library.write("post/cover.jpg", &jpeg(32, 32));
    let Some(rill) = serving(&library) else {
        return;
    };
    let root = rill.children("0");
    assert_eq!(root.titles(), ["Music", "Video", "Pictures", "Folders"]);
    let artist = at(&rill, &["Music", "Artists", "Bjork"]);
    assert_eq!(artist.class, "object.container.person.musicArtist");
    let shown = rill.children(&artist.id);
    assert_eq!(shown.titles(), ["All tracks", "Mix", "Post"]);

    let album = at(&rill, &["Music", "Albums", "Post"]);
    assert_eq!(album.class, "object.container.album.musicAlbum");
    assert_eq!(text(&album, "artist"), ["Bjork"]);
    assert_eq!(text(&album, "date"), ["1995-01-01"]);
    let art = text(&album, "albumArtURI");
    assert_eq!(art.len(), 2);
    let host = format!("http://{}", Rill::address(NEAR));
    let reply = rill.get(art[0].strip_prefix(&host).unwrap(), &[]);
    assert_eq!(reply.status, 200);
    let mix = at(&rill, &["Music", "Albums", "Mix"]);
    assert_eq!(text(&mix, "artist"), ["Various artists"]);
    assert_eq!(text(&mix, "albumArtURI").len(), 0);

    let tracks = rill.children(&album.id);
    assert_eq!(tracks.titles(), ["Army of Me", "Hyperballad"]);
    let track = &tracks.objects[0];
    assert_eq!(track.parent, album.id);
    let home = track.element.attribute("refID").unwrap().to_owned();
    assert_eq!(track.id, format!("{home}.{}", album.id));
    let url = text(track, "res")[0].clone();
    assert!(url.contains(&home) && !url.contains(&album.id), "{url}");
    let again = rill.browse(&Browse::metadata(&track.id)).unwrap();
    assert_eq!(again.objects[0].id, track.id);
    let own = rill.browse(&Browse::metadata(&home)).unwrap();
    assert_eq!(own.objects[0].element.attribute("refID"), None);
    let folder = at(&rill, &["Folders", "post"]);
    assert_eq!(own.objects[0].parent, folder.id);
    assert_eq!(folder.class, "object.container.storageFolder");
}

#[test]
fn every_view_lists_as_many_children_as_it_says_and_each_names_it_as_its_parent() {
    let library = library();
    let Some(rill) = serving(&library) else {
        return;
    };
    let mut next = vec!["0".to_owned()];
    let mut seen = Vec::new();
    while let Some(id) = next.pop() {
        let page = rill.children(&id);
        let itself = rill.browse(&Browse::metadata(&id)).unwrap();
        let said = itself.objects[0].element.attribute("childCount");
        assert_eq!(said, Some(page.objects.len().to_string().as_str()));
        for object in page.objects {
            assert_eq!(object.parent, id, "{}", object.title);
            assert!(!seen.contains(&object.id), "{} is there twice", object.id);
            seen.push(object.id.clone());
            if object.is_container {
                next.push(object.id);
            }
        }
    }
    let episode = at(&rill, &["Video", "Series", "Show", "Season 1"]);
    assert_eq!(rill.children(&episode.id).titles(), ["Show S01E02"]);
    // Films are none, and nothing is in progress.
    let video = rill.children(&at(&rill, &["Video"]).id);
    assert_eq!(video.titles(), ["Recently added", "Series", "All videos"]);
}

/// Every view's path of titles in the order of the listing, items in it after a colon.
fn tree(rill: &Rill, id: &str, path: &str, rows: &mut Vec<String>) {
    let children = rill.children(id).objects;
    let items: Vec<_> = children.iter().filter(|o| !o.is_container).collect();
    // Every appearance tells where the item is at home, and what stands there is that item.
    for item in &items {
        let home = item.element.attribute("refID").unwrap();
        let own = rill.browse(&Browse::metadata(home)).unwrap();
        assert_eq!(
            (&own.objects[0].title, own.objects[0].id.as_str()),
            (&item.title, home)
        );
        assert_ne!(item.id, home);
    }
    if !items.is_empty() {
        let mut titles: Vec<_> = items.iter().map(|item| item.title.as_str()).collect();
        // The test may have written its files within one second or two.
        if path.ends_with("Recently added") {
            titles.sort_unstable();
        }
        rows.push(format!("{path}: {}", titles.join(", ")));
    }
    for container in children.iter().filter(|object| object.is_container) {
        tree(
            rill,
            &container.id,
            &format!("{path}/{}", container.title),
            rows,
        );
    }
}

#[test]
fn every_view_there_is_shows_what_belongs_to_it_in_natural_order() {
    let song = |title, artist, band, album, genre, composer, year| {
        let tags = [
            ("TIT2", title),
            ("TPE1", artist),
            ("TPE2", band),
            ("TALB", album),
            ("TCON", genre),
            ("TCOM", composer),
            ("TYER", year),
        ];
        mp3_tagged(&tags, 30)
    };
    let library = Library::empty()
        .with(
            "m/a.mp3",
            &song("Song 10", "Zoe", "The Band", "Live", "Rock", "Bach", "1999"),
        )
        .with(
            "m/b.mp3",
            &song(
                "Song 9",
                "\u{e9}mile",
                "The Band",
                "Live",
                "Jazz",
                "Bach",
                "2001",
            ),
        )
        .with("m/mix.m3u", b"b.mp3\n")
        .with("v/Show/Show S01E10.mp4", &mp4(61, 640, 360, b"ten"))
        .with("v/Show/Show S01E09.mp4", &mp4(61, 640, 360, b"nine"))
        .with("v/Show/Show S02E01.mp4", &mp4(61, 640, 360, b"two"))
        .with("v/The Film (2010).mp4", &mp4(61, 640, 360, b"film"))
        .with(
            "v/The Film (2010).nfo",
            b"<movie><title>The Film</title><year>2010</year></movie>",
        )
        .with(
            "p/Trip/one.jpg",
            &jpeg_taken("Canon EOS 5D", "2020:05:17 10:00:00"),
        )
        .with(
            "p/Trip/two.jpg",
            &jpeg_taken("Nikon D50", "2021:12:01 11:00:00"),
        );
    let Some(rill) = serving(&library) else {
        return;
    };
    wait_for("all are listed", 20, || {
        let all = rill.children(&at(&rill, &["Pictures", "All pictures"]).id);
        (all.total == 2).then_some(())
    });
    let mut rows = Vec::new();
    for view in ["Music", "Video", "Pictures"] {
        tree(&rill, &at(&rill, &[view]).id, view, &mut rows);
    }
    let wanted = [
        "Music/Artists/\u{e9}mile/Live: Song 9",
        "Music/Artists/Zoe/Live: Song 10",
        "Music/Album artists/The Band/Live: Song 10, Song 9",
        "Music/Albums/Live: Song 10, Song 9",
        "Music/Genres/Jazz/\u{e9}mile: Song 9",
        "Music/Genres/Rock/Zoe: Song 10",
        "Music/Composers/Bach/Live: Song 10, Song 9",
        "Music/Years/2001/Live: Song 10, Song 9",
        "Music/All tracks: Song 9, Song 10",
        "Music/Playlists/mix: Song 9",
        "Music/Recently added: Song 10, Song 9",
        "Video/Recently added: Show S01E09, Show S01E10, Show S02E01, The Film",
        "Video/Series/Show/Season 1: Show S01E09, Show S01E10",
        "Video/Series/Show/Season 2: Show S02E01",
        "Video/Films: The Film",
        "Video/Years/2010: The Film",
        "Video/All videos: Show S01E09, Show S01E10, Show S02E01, The Film",
        "Pictures/Dates/2021/2021-12 December/2021-12-01: two",
        "Pictures/Dates/2020/2020-05 May/2020-05-17: one",
        "Pictures/Cameras/Canon EOS 5D: one",
        "Pictures/Cameras/Nikon D50: two",
        "Pictures/Albums/Trip: one, two",
        "Pictures/All pictures: two, one",
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn ids_outlive_a_restart_and_updates_tell_which_views_changed() {
    let mut library = library();
    let Some(mut rill) = serving(&library) else {
        return;
    };
    let ids = |rill: &Rill| {
        let mut ids: Vec<_> = rill.walk().into_iter().map(|o| (o.id, o.title)).collect();
        ids.sort();
        ids
    };
    let update = |rill: &Rill, titles: &[&str]| rill.children(&at(rill, titles).id).update;
    let before = ids(&rill);
    rill.stop();
    fs::remove_file(rill.state().join("catalogue")).unwrap();
    rill.start();
    wait_for("the views are there again", 20, || {
        (ids(&rill) == before).then_some(())
    });

    let (tracks, cameras) = (["Music", "All tracks"], ["Pictures", "All pictures"]);
    let old = (update(&rill, &tracks), update(&rill, &cameras));
    library.add("new.mp3", &track("New", "Nobody", "None", "1"));
    rill.signal(Signal::HUP);
    wait_for("the new song is listed", 20, || {
        let all = rill.children(&at(&rill, &tracks).id);
        all.titles().contains(&"New").then_some(())
    });
    let new = (update(&rill, &tracks), update(&rill, &cameras));
    assert_ne!(new.0, old.0);
    assert_eq!(new.1, old.1);
    fs::remove_file(library.path("new.mp3")).unwrap();
    rill.signal(Signal::HUP);
    wait_for("its views are gone", 20, || {
        (ids(&rill) == before).then_some(())
    });
}

#[test]
fn another_choice_of_views_is_another_root() {
    let library = library();
    for (chosen, root) in [
        ("pictures,music", &["Pictures", "Music"][..]),
        ("folders", &["mix", "post", "Show", "photo"]),
    ] {
        let setup = Setup::new(&library).expecting(0);
        let Some(rill) = setup.set("RILL_VIEWS", chosen).start() else {
            return;
        };
        wait_for("the root is as chosen", 20, || {
            (rill.children("0").titles() == root).then_some(())
        });
    }
}

#[test]
fn many_names_stand_behind_their_initials_on_request() {
    let library = library();
    let setup = Setup::new(&library).expecting(0).set("RILL_VIEWS", "music");
    let Some(rill) = setup.set("RILL_INITIALS", "1").start() else {
        return;
    };
    wait_for("the music is listed", 20, || {
        (rill.children("0").titles() == ["Music"]).then_some(())
    });
    let initials = rill.children(&at(&rill, &["Music", "Artists"]).id);
    assert_eq!(initials.titles(), ["B", "T"]);
    let artist = at(&rill, &["Music", "Artists", "B", "Bjork"]);
    assert_eq!(artist.class, "object.container.person.musicArtist");
}
