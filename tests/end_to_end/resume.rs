//! User state: where somebody stopped is told to every control point, and outlasts restarts, moves, kills and full disks.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::harness::{
    Browse, Library, Network, Object, Rill, Setup, envelope, mp3_titled, mp4, skip, wait_for,
};
use crate::search::{EVERYTHING, Search};

fn library() -> Library {
    Library::empty()
        .with("films/long.mp4", &mp4(5400, 640, 360, b"long"))
        .with("films/short.mp4", &mp4(60, 640, 360, b"short film"))
        .with("song.mp3", &mp3_titled("Song", 3))
}

/// The arguments that a Samsung television sends.
fn bookmark(id: &str, secs: u32) -> [(&'static str, String); 4] {
    [
        ("CategoryType", "2".to_owned()),
        ("RID", "0".to_owned()),
        ("ObjectID", id.to_owned()),
        ("PosSecond", secs.to_string()),
    ]
}

pub(crate) fn set_bookmark(rill: &Rill, id: &str, secs: u32) -> Result<(), u32> {
    let answer = rill.call("X_SetBookmark", &bookmark(id, secs));
    answer.map(|_| ()).map_err(|fault| fault.code)
}

pub(crate) fn update(rill: &Rill, id: &str, current: &str, new: &str) -> Result<(), u32> {
    let arguments = [
        ("ObjectID", id.to_owned()),
        ("CurrentTagValue", current.to_owned()),
        ("NewTagValue", new.to_owned()),
    ];
    let answer = rill.call("UpdateObject", &arguments);
    answer.map(|_| ()).map_err(|fault| fault.code)
}

/// An object as it is now.
fn now(rill: &Rill, id: &str) -> Object {
    rill.browse(&Browse::metadata(id))
        .unwrap()
        .objects
        .remove(0)
}

fn told<'o>(object: &'o Object, name: &str) -> Option<&'o str> {
    object.element.text_of(name)
}

/// `BM`, seconds.
fn bookmarked(rill: &Rill, id: &str) -> u32 {
    let object = now(rill, id);
    let info = told(&object, "dcmInfo").map(|info| info.rsplit("BM=").next().unwrap());
    info.map_or(0, |secs| secs.parse().unwrap())
}

fn system_update_id(rill: &Rill) -> u32 {
    let answer = rill.call("GetSystemUpdateID", &[]).unwrap();
    answer.text_of("Id").unwrap().parse().unwrap()
}

#[test]
fn a_film_that_was_begun_stands_in_progress_until_it_is_seen() {
    let library = library();
    let Some(rill) = Setup::new(&library)
        .set("RILL_VIEWS", "video,folders")
        .expecting(0)
        .start()
    else {
        return;
    };
    rill.wait_for_title("long");
    let below = |container: &str, title: &str| rill.children(container).titled(title).id.clone();
    let id = ["Folders", "films", "long"]
        .iter()
        .fold("0".to_owned(), |at, title| below(&at, title));
    let video = below("0", "Video");
    let in_progress = || {
        let views = rill.children(&video);
        let titles = views.titles();
        assert!(titles.contains(&"Films"), "{titles:?}");
        if !titles.contains(&"In progress") {
            return Vec::new();
        }
        let begun = rill.children(&views.titled("In progress").id);
        let begun = begun.objects.iter();
        begun
            .map(|item| {
                (
                    item.title.clone(),
                    item.element.attribute("refID").map(str::to_owned),
                )
            })
            .collect()
    };
    assert_eq!(in_progress(), [], "an empty view does not show");
    assert_eq!(set_bookmark(&rill, &id, 754), Ok(()));
    assert_eq!(in_progress(), [("long".to_owned(), Some(id.clone()))]);
    // It is searched like any other container, and is found itself.
    let begun = rill.children(&video).titled("In progress").id.clone();
    let search = |container: &str, criteria: &str| {
        let search = Search {
            container,
            criteria,
            ..EVERYTHING
        };
        let page = search.of(&rill).unwrap();
        let told = |o: &Object| {
            let children = o.element.attribute("childCount").map(str::to_owned);
            (o.title.clone(), o.parent.clone(), children)
        };
        page.objects.iter().map(told).collect::<Vec<_>>()
    };
    let long = ("long".to_owned(), begun.clone(), None);
    assert_eq!(search(&begun, "*"), std::slice::from_ref(&long));
    assert_eq!(search(&begun, r#"dc:title contains "ON""#), [long]);
    assert_eq!(search(&begun, r#"dc:title contains "short""#), []);
    let itself = (
        "In progress".to_owned(),
        video.clone(),
        Some("1".to_owned()),
    );
    for above in [video.as_str(), "0"] {
        let found = search(above, r#"dc:title = "in progress" and @childCount = "1""#);
        assert_eq!(found, std::slice::from_ref(&itself));
    }
    // The codes of CDS:1 §2.7.12: a value that is not there, one that cannot be, a tag that may not go.
    let position =
        |text: &str| format!("<upnp:lastPlaybackPosition>{text}</upnp:lastPlaybackPosition>");
    assert_eq!(
        update(&rill, &id, &position("0:00:01"), &position("0:00:02")),
        Err(702)
    );
    assert_eq!(
        update(&rill, &id, &position("0:12:34"), &position("tomorrow")),
        Err(703)
    );
    let title = "<dc:title>long</dc:title>";
    assert_eq!(update(&rill, &id, title, ""), Err(704));
    assert_eq!(set_bookmark(&rill, &id, 0), Ok(()));
    assert_eq!(in_progress(), []);
    assert_eq!(search(&begun, "*"), []);
    assert_eq!(search("0", r#"dc:title = "In progress""#), []);
}

#[test]
fn control_points_see_each_others_positions_and_a_restart_keeps_them() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let id = rill.find("long").id;
    let films = rill.find("films").id;
    let before = (system_update_id(&rill), rill.children(&films).update);
    assert_eq!(set_bookmark(&rill, &id, 754), Ok(()));
    let film = now(&rill, &id);
    assert_eq!(told(&film, "lastPlaybackPosition"), Some("0:12:34"));
    let by_kodi = rill.browse(&Browse {
        filter: "upnp:lastPlaybackPosition,upnp:lastPlaybackTime,upnp:playbackCount,xbmc:lastPlayerState",
        ..Browse::metadata(&id)
    });
    assert_eq!(
        told(&by_kodi.unwrap().objects[0], "lastPlaybackPosition"),
        Some("754")
    );
    let after = (system_update_id(&rill), rill.children(&films).update);
    assert!(
        after.0 > before.0 && after.1 > before.1,
        "{before:?} {after:?}"
    );

    // Kodi: the id percent-encoded with a slash, seconds, its own name for the count, two elements in one fragment.
    let kodi = |position: u32, count: u32| {
        format!(
            "<upnp:lastPlaybackPosition>{position}</upnp:lastPlaybackPosition><xbmc:lastPlayerState></xbmc:lastPlayerState>,\
             <upnp:playCount>{count}</upnp:playCount>"
        )
    };
    let encoded: Vec<_> = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let encoded = encoded.concat();
    assert_eq!(
        update(&rill, &format!("{encoded}/"), &kodi(754, 0), &kodi(1200, 1)),
        Ok(())
    );
    assert_eq!(bookmarked(&rill, &id), 1200);
    let film = now(&rill, &id);
    assert_eq!(told(&film, "playbackCount"), Some("1"));
    assert!(told(&film, "lastPlaybackTime").unwrap().starts_with("20"));

    // The standard's form, held to what is so.
    let count = |n: u32| format!("<upnp:playbackCount>{n}</upnp:playbackCount>");
    assert_eq!(update(&rill, &id, &count(0), &count(5)), Err(702));
    assert_eq!(update(&rill, &id, &count(1), &count(5)), Ok(()));

    let element = |rill: &Rill| format!("{:?}", now(rill, &id).element);
    let listed = element(&rill);
    let ids = (system_update_id(&rill), rill.children(&films).update);
    assert_eq!(rill.stop().code(), Some(0));
    rill.start();
    assert_eq!(element(&rill), listed);
    assert_eq!((system_update_id(&rill), rill.children(&films).update), ids);
    assert_eq!(
        told(&now(&rill, &rill.find("short").id), "playbackCount"),
        None
    );
}

#[test]
fn the_description_says_what_the_actions_take() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let scpd = rill.get("/scpd/ContentDirectory.xml", &[]);
    let text = scpd.text();
    for (action, arguments) in [
        (
            "UpdateObject",
            &["ObjectID", "CurrentTagValue", "NewTagValue"][..],
        ),
        (
            "X_SetBookmark",
            &["CategoryType", "RID", "ObjectID", "PosSecond"],
        ),
    ] {
        let part = text
            .split(&format!("<name>{action}</name>"))
            .nth(1)
            .unwrap();
        let part = part.split("</action>").next().unwrap();
        let names: Vec<_> = part
            .split("<argument><name>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap())
            .collect();
        assert_eq!(names, arguments);
    }
}

#[test]
fn a_moved_and_renamed_file_keeps_its_position() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let id = rill.find("long").id;
    assert_eq!(set_bookmark(&rill, &id, 754), Ok(()));
    fs::create_dir_all(library.path("elsewhere/deep")).unwrap();
    // As if to another disk: only what is in it tells that it is the same.
    let renamed = library.path("elsewhere/deep/renamed.mp4");
    fs::copy(library.path("films/long.mp4"), renamed).unwrap();
    fs::remove_file(library.path("films/long.mp4")).unwrap();
    rill.signal(rustix::process::Signal::HUP);
    let moved = rill.wait_for_title("renamed");
    assert_ne!(moved.id, id);
    assert_eq!(bookmarked(&rill, &moved.id), 754);
    assert_eq!(set_bookmark(&rill, &id, 1), Err(701));
    // Also if it happened while the server was off.
    rill.stop();
    fs::rename(
        library.path("elsewhere/deep/renamed.mp4"),
        library.path("back.mp4"),
    )
    .unwrap();
    rill.start();
    let moved = rill.wait_for_title("back");
    assert_eq!(bookmarked(&rill, &moved.id), 754);
    // Another file under the old name has nothing.
    library.write(
        "films/long.mp4",
        &mp4(5400, 640, 360, b"quite another film"),
    );
    rill.signal(rustix::process::Signal::HUP);
    let other = rill.wait_for_title("long");
    assert_eq!((other.id == id, bookmarked(&rill, &other.id)), (true, 0));
}

#[test]
fn no_kill_loses_an_acknowledged_position() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let ids = ["long", "short", "Song"].map(|title| rill.find(title).id);
    let (mut sent, mut total) = ([0; 3], 0);
    let rounds: u32 = std::env::var("RILL_KILLS").map_or(25, |text| text.parse().unwrap());
    for round in 0..rounds {
        let mut connection = rill.connect();
        let acknowledged = [(); 3].map(|()| AtomicU32::new(0));
        let (ids, told) = (&ids, &acknowledged);
        std::thread::scope(|scope| {
            let writer = scope.spawn(move || {
                let mut sent = sent;
                loop {
                    for place in 0..3 {
                        sent[place] += 1;
                        let body = envelope(
                            "ContentDirectory",
                            "X_SetBookmark",
                            &bookmark(&ids[place], sent[place]),
                        );
                        let request = Rill::request_bytes(
                            "POST",
                            "/control/ContentDirectory",
                            &[("Content-Type", "text/xml; charset=\"utf-8\"")],
                            body.as_bytes(),
                        );
                        if !connection.send(&request) {
                            return sent;
                        }
                        match connection.reply() {
                            Some(reply) => assert_eq!(reply.status, 200, "{reply:?}"),
                            None => return sent,
                        }
                        told[place].store(sent[place], Ordering::Relaxed);
                    }
                }
            });
            std::thread::sleep(Duration::from_millis(10 + u64::from(round) * 7 % 60));
            rill.kill();
            sent = writer.join().unwrap();
        });
        // The catalogue may not have been on the disk yet: until everything is listed.
        rill.start();
        for place in 0..3 {
            let kept = bookmarked(&rill, &ids[place]);
            let acknowledged = acknowledged[place].load(Ordering::Relaxed);
            assert!(
                kept >= acknowledged && kept <= sent[place],
                "round {round}: {kept} is kept, {acknowledged} was acknowledged; the log:\n{}",
                rill.log()
            );
            sent[place] = kept;
            total += acknowledged;
        }
    }
    assert!(total > 100, "next to nothing was written");
    assert!(!rill.log().contains("was damaged"), "{}", rill.log());
}

#[test]
fn a_torn_or_damaged_journal_costs_no_more_than_it_must() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let ids = ["long", "short", "Song"].map(|title| rill.find(title).id);
    for (id, secs) in ids.iter().zip(1..) {
        assert_eq!(set_bookmark(&rill, id, secs * 10), Ok(()));
    }
    rill.stop();
    let journal = rill.state().join("journal");
    let good = fs::read(&journal).unwrap();
    let entry = (good.len() - 24) / 3;
    let mut flipped = good.clone();
    flipped[24 + entry + 20] ^= 1;
    for (name, bytes, positions) in [
        ("whole", good.clone(), [10, 20, 30]),
        ("torn", good[..good.len() - 1].to_vec(), [10, 20, 0]),
        ("damaged in the middle", flipped, [10, 0, 30]),
        ("noise", b"\xffnoise\0".repeat(500), [0, 0, 0]),
        ("empty", Vec::new(), [0, 0, 0]),
    ] {
        fs::write(&journal, bytes).unwrap();
        rill.start();
        let found = [&ids[0], &ids[1], &ids[2]].map(|id| bookmarked(&rill, id));
        assert_eq!(found, positions, "{name}");
        assert_eq!(set_bookmark(&rill, &ids[2], 40), Ok(()));
        assert_eq!(bookmarked(&rill, &ids[2]), 40);
        rill.stop();
    }
    assert!(rill.state().join("journal.damaged").exists());
}

#[test]
fn a_full_state_directory_is_said_once_and_recovers() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library).idle_on(network);
    let state = rill.state();
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=512k", "none"])
        .arg(&state)
        .status();
    if !mount.is_ok_and(|status| status.success()) {
        return skip("a small file system cannot be mounted here");
    }
    let _mounted = Mounted(&state);
    rill.start();
    let id = rill.find("long").id;
    assert_eq!(set_bookmark(&rill, &id, 100), Ok(()));
    // The journal may still go on in the page that it has already.
    let filler = state.join("filler");
    assert!(fs::write(&filler, vec![1; 1024 * 1024]).is_err());
    let refused = wait_for("the disk is full", 20, || {
        match set_bookmark(&rill, &id, 200) {
            Err(501) => Some(bookmarked(&rill, &id)),
            Err(code) => panic!("{code}"),
            Ok(()) => None,
        }
    });
    for secs in 300..310 {
        assert_eq!(set_bookmark(&rill, &id, secs), Err(501));
    }
    assert_eq!(bookmarked(&rill, &id), refused, "told, but not kept");
    assert_eq!(
        rill.log().matches("cannot keep a resume position").count(),
        1,
        "{}",
        rill.log()
    );
    rill.must_answer("a full disk");
    fs::remove_file(&filler).unwrap();
    assert_eq!(set_bookmark(&rill, &id, 400), Ok(()));
    assert!(rill.log().contains("kept again"));
    rill.kill();
    rill.start();
    assert_eq!(bookmarked(&rill, &id), 400);
    rill.kill();
}

/// Unmounted at the end.
struct Mounted<'p>(&'p std::path::Path);

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}
