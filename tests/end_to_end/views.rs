//! Views: the containers made of what is known about the files.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Browse, Library, NEAR, Object, Rill, Setup, jpeg, mp3_tagged, mp4, wait_for};

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
