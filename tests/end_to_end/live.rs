//! A library that changes while it is served, and disks that come and go: without a signal, without a restart.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{Library, Network, Rill, Setup, mp3, mp3_titled, run, skip, wait_for};

fn song(title: &str) -> Vec<u8> {
    mp3_titled(title, 3)
}

/// Titles and ids of every object.
fn listing(rill: &Rill) -> BTreeMap<String, String> {
    let objects = rill.walk().into_iter();
    objects.map(|object| (object.title, object.id)).collect()
}

fn wait_until_gone(rill: &Rill, title: &str) {
    wait_for(&format!("{title:?} is gone"), 20, || {
        (!listing(rill).contains_key(title)).then_some(())
    });
}

fn update_id(rill: &Rill) -> u32 {
    let answer = rill.call("GetSystemUpdateID", &[]).unwrap();
    answer.text_of("Id").unwrap().parse().unwrap()
}

/// A command in the mount namespace of the server alone.
fn in_mounts_of(rill: &Rill, words: &[&str]) -> Command {
    let pid = rill.pid().to_string();
    let mut command = Command::new("nsenter");
    command.args(["--mount", "--target", &pid]).args(words);
    command
}

fn mount(rill: &Rill, words: &[&str]) {
    run(in_mounts_of(rill, &["mount"]).args(words));
}

/// Unmounts as a person does: while the server still has a file open the kernel says "busy", and one tries again.
/// A file that was sent is closed a moment after its last byte; one that stays open fails the test.
fn unmount(rill: &Rill, point: &str) {
    wait_for(&format!("{point} is free"), 5, || {
        let output = in_mounts_of(rill, &["umount", point]).output().unwrap();
        let words = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() || words.contains("busy"),
            "umount: {words}"
        );
        output.status.success().then_some(())
    });
}

#[test]
fn what_happens_in_the_library_is_seen() {
    let mut library = Library::empty();
    for number in 0..8 {
        library.add(format!("a/{number}.mp3"), &song(&format!("Song {number}")));
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    let id = |title: &str| before[title].clone();

    library.write("a/new.mp3", &song("New"));
    rill.wait_for_title("New");
    // A file: renamed, moved to a folder that is made for it, deleted.
    fs::rename(library.path("a/0.mp3"), library.path("a/zero.mp3")).unwrap();
    fs::create_dir_all(library.path("b/c/d")).unwrap();
    fs::rename(library.path("a/1.mp3"), library.path("b/c/d/1.mp3")).unwrap();
    fs::remove_file(library.path("a/2.mp3")).unwrap();
    wait_until_gone(&rill, "Song 2");
    wait_for("the moved song is in its new folder", 20, || {
        let folder = rill.walk().into_iter().find(|object| object.title == "d")?;
        let song = rill.children(&folder.id).objects.into_iter().next()?;
        assert_eq!((song.title.as_str(), song.id), ("Song 1", id("Song 1")));
        Some(())
    });
    assert_eq!(rill.find("Song 0").id, id("Song 0"));
    assert_eq!(rill.get(rill.find("Song 0").target(), &[]).status, 200);
    // A folder: renamed, moved out, moved in.
    fs::rename(library.path("a"), library.path("z")).unwrap();
    rill.wait_for_title("z");
    assert_eq!(rill.find("z").id, id("a"));
    assert_eq!(rill.find("Song 5").id, id("Song 5"));
    fs::rename(library.path("z"), library.beside("outside")).unwrap();
    wait_until_gone(&rill, "Song 5");
    fs::rename(library.beside("outside"), library.path("back")).unwrap();
    rill.wait_for_title("Song 5");
    library.write("back/deep/er/still.mp3", &song("Deep"));
    rill.wait_for_title("Deep");
    // Two files swap their names; an editor replaces one.
    let pair = ["Song 3", "Song 4"].map(|title| rill.find(title).id);
    fs::rename(library.path("back/3.mp3"), library.path("t")).unwrap();
    fs::rename(library.path("back/4.mp3"), library.path("back/3.mp3")).unwrap();
    fs::rename(library.path("t"), library.path("back/4.mp3")).unwrap();
    library.write("back/.6.mp3.tmp", &song("Six"));
    let six = rill.find("Song 6").id;
    fs::rename(library.path("back/.6.mp3.tmp"), library.path("back/6.mp3")).unwrap();
    assert_eq!(rill.wait_for_title("Six").id, six);
    assert_eq!(["Song 3", "Song 4"].map(|title| rill.find(title).id), pair);
    // Links come whole.
    fs::hard_link(library.path("back/7.mp3"), library.path("hard.mp3")).unwrap();
    symlink(library.path("b"), library.path("soft")).unwrap();
    wait_for("both links are listed", 20, || {
        let all = rill.walk();
        let count = |title| all.iter().filter(|object| object.title == title).count();
        (count("Song 7") == 2 && count("Song 1") == 2).then_some(())
    });
}

#[test]
fn a_file_is_listed_when_it_is_closed() {
    let library = Library::empty().with("a/first.mp3", &song("First"));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let bytes = song("Slow");
    let mut slow = File::create(library.path("a/slow.mp3")).unwrap();
    slow.write_all(&bytes[..bytes.len() / 2]).unwrap();
    library.write("a/quick.mp3", &song("Quick"));
    rill.wait_for_title("Quick");
    assert!(!listing(&rill).contains_key("Slow"), "half of it is listed");
    slow.write_all(&bytes[bytes.len() / 2..]).unwrap();
    library.write("a/other.mp3", &song("Other"));
    rill.wait_for_title("Other");
    assert!(!listing(&rill).contains_key("Slow"), "it is still open");
    drop(slow);
    rill.wait_for_title("Slow");
}

#[test]
fn a_burst_of_files_is_few_updates() {
    let library = Library::empty().with("first.mp3", &song("First"));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let before = update_id(&rill);
    for number in 0..2000 {
        library.write(format!("{}/{number}.mp3", number % 10), &mp3(2));
    }
    rill.wait_for_items(2001);
    let updates = update_id(&rill) - before;
    assert!((1..200).contains(&updates), "{updates} updates");
}

#[test]
fn a_new_file_is_seen_quickly_in_ten_thousand() {
    let mut library = Library::empty();
    for number in 0..10_000 {
        library.add(format!("f{}/{number}.mp3", number % 100), &mp3(2));
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let container = rill.find("f7").id;
    let mut times = Vec::new();
    for number in 0..10 {
        std::thread::sleep(Duration::from_millis(700));
        let before = rill.children(&container).objects.len();
        let begin = Instant::now();
        library.write(format!("f7/new {number}.mp3"), &mp3(2));
        while rill.children(&container).objects.len() == before {
            assert!(begin.elapsed() < Duration::from_secs(20), "it is not seen");
            std::thread::sleep(Duration::from_millis(2));
        }
        times.push(begin.elapsed());
    }
    times.sort();
    eprintln!("closed to listed, 10,000 files: {times:?}");
}

#[test]
fn a_disk_is_unmounted_and_mounted_again() {
    let mut library = Library::empty();
    fs::create_dir_all(library.beside("disk")).unwrap();
    library.write("own.mp3", &song("Own"));
    let disk = library.beside("disk");
    let Some(network) = Network::fresh() else {
        return;
    };
    let roots = format!("{}:{}", library.root().display(), disk.display());
    let mut rill = Setup::new(&library)
        .media(&roots)
        .expecting(1)
        .idle_on(network);
    rill.start();
    let store = library.beside("store");
    fs::create_dir_all(&store).unwrap();
    let (disk, store) = (disk.to_str().unwrap(), store.to_str().unwrap());
    mount(&rill, &["-t", "tmpfs", "none", store]);
    let inside = format!("/proc/{}/root{store}", rill.pid());
    for number in 0..5 {
        let path = format!("{inside}/Album/{number}.mp3");
        fs::create_dir_all(Path::new(&path).parent().unwrap()).unwrap();
        fs::write(path, song(&format!("Song {number}"))).unwrap();
    }
    // Started before the disk came; then it goes and comes several times.
    let mut known = None;
    for round in 0..3 {
        mount(&rill, &["--bind", store, disk]);
        rill.wait_for_items(6);
        let listed = listing(&rill);
        assert_eq!(
            *known.get_or_insert(listed.clone()),
            listed,
            "round {round}"
        );
        let song = rill.find("Song 3");
        assert_eq!(rill.get(song.target(), &[]).status, 200);
        unmount(&rill, disk);
        rill.wait_for_items(1);
        wait_for("the page says so", 20, || {
            rill.get("/status.json", &[])
                .text()
                .contains("is offline")
                .then_some(())
        });
    }
    // The same inside a media folder, where a mount point may go with its disk.
    let point = library.path("usb");
    let usb = point.to_str().unwrap();
    for round in 0..2 {
        fs::create_dir_all(&point).unwrap();
        mount(&rill, &["--bind", store, usb]);
        rill.wait_for_items(6);
        let folder = rill.wait_for_title("usb").id;
        let song = rill.find("Song 2").id;
        unmount(&rill, usb);
        if round == 1 {
            fs::remove_dir(&point).unwrap();
        }
        rill.wait_for_items(1);
        library.write(format!("round {round}.txt"), b"");
        fs::create_dir_all(&point).unwrap();
        mount(&rill, &["--bind", store, usb]);
        rill.wait_for_items(6);
        assert_eq!(rill.find("usb").id, folder);
        assert_eq!(rill.find("Song 2").id, song, "round {round}");
        unmount(&rill, usb);
        rill.wait_for_items(1);
    }
    library.add("late.mp3", &song("Late"));
    rill.wait_for_items(2);
}

#[test]
fn a_folder_that_is_not_there_yet_is_waited_for() {
    let library = Library::empty();
    let root = library.path("mnt/usb/films");
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library)
        .media(&root)
        .expecting(0)
        .idle_on(network);
    rill.spawn();
    rill.wait_until_up();
    library.write("mnt/usb/films/1.mp3", &song("First"));
    let first = rill.wait_for_title("First");
    // The whole way to it goes, and another comes.
    let away = library.beside("away");
    fs::rename(&root, &away).unwrap();
    wait_until_gone(&rill, "First");
    fs::rename(library.path("mnt"), library.beside("unplugged")).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    fs::create_dir_all(library.path("mnt/usb")).unwrap();
    fs::rename(&away, &root).unwrap();
    assert_eq!(rill.wait_for_title("First").id, first.id);
    library.write("mnt/usb/films/2.mp3", &song("Second"));
    rill.wait_for_title("Second");
}

#[test]
fn folders_beyond_the_limit_of_watches_are_looked_through() {
    let mut library = Library::empty();
    for number in 0..6 {
        library.add(
            format!("{number}/song.mp3"),
            &song(&format!("Song {number}")),
        );
    }
    let may_limit = Command::new("unshare")
        .args([
            "-Ur",
            "sh",
            "-c",
            "echo 3 > /proc/sys/user/max_inotify_watches",
        ])
        .output();
    if !may_limit.is_ok_and(|output| output.status.success()) {
        return skip("no user namespaces, whose limit of watches could be lowered");
    }
    let words = ["unshare", "-Ur", "sh", "-c"];
    let script = "echo 3 > /proc/sys/user/max_inotify_watches; exec \"$@\"";
    let Some(rill) = Setup::new(&library)
        .through(&[&words[..], &[script, "sh"]].concat())
        .set("RILL_RESCAN", "10")
        .start()
    else {
        return;
    };
    let said = wait_for("the page says it", 20, || {
        let page = rill.get("/status.json", &[]).text().to_owned();
        page.contains("max_user_watches").then_some(page)
    });
    assert!(
        said.contains("4 folders are looked through every 10 s only"),
        "{said}"
    );
    assert!(rill.log().contains("max_user_watches"));
    for number in 0..6 {
        library.write(format!("{number}/new.mp3"), &song(&format!("New {number}")));
    }
    rill.wait_for_items(12);
}

#[test]
fn a_second_server_on_the_same_state_stops_and_says_so() {
    let library = Library::empty().with("song.mp3", &song("Song"));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let Some(network) = Network::fresh() else {
        return;
    };
    let identity = fs::read(rill.state().join("identity")).unwrap();
    let mut second = Setup::new(&library).idle_on(network);
    second.spawn();
    assert_eq!(second.ended("the second one ends", 10).code(), Some(2));
    assert!(
        second.log().contains("another rill is running"),
        "{}",
        second.log()
    );
    assert_eq!(fs::read(rill.state().join("identity")).unwrap(), identity);
    rill.must_answer("a second server");
}

#[test]
fn a_full_state_directory_is_said_once_and_used_again() {
    let mut library = Library::empty();
    for number in 0..3000 {
        library.add(format!("{}/{number}.mp3", number % 30), &mp3(2));
    }
    let state = library.beside("small");
    fs::create_dir_all(&state).unwrap();
    let path = state.to_str().unwrap().to_owned();
    let script = "mount -t tmpfs -o size=128k none \"$1\"; shift; exec \"$@\"";
    let Some(rill) = Setup::new(&library)
        .set("RILL_STATE_DIR", &path)
        .through(&["unshare", "-m", "sh", "-c", script, "sh", &path])
        .start()
    else {
        return;
    };
    wait_for("it says that it cannot keep the catalogue", 20, || {
        rill.log()
            .contains("cannot keep the catalogue")
            .then_some(())
    });
    library.write("0/new.mp3", &song("New"));
    rill.wait_for_title("New");
    mount(&rill, &["-o", "remount,size=16m", &path]);
    rill.signal(rustix::process::Signal::HUP);
    wait_for("it is kept again", 20, || {
        rill.log().contains("is kept in").then_some(())
    });
    assert_eq!(rill.log().matches("cannot keep the catalogue").count(), 1);
    in_mounts_of(&rill, &["test", "-s", &format!("{path}/catalogue")]);
}

#[test]
fn what_was_not_written_yet_is_written_at_the_end() {
    let library = Library::empty().with("song.mp3", &song("Song"));
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    library.write("late.mp3", &song("Late"));
    let late = rill.wait_for_title("Late");
    rill.stop();
    let catalogue = fs::read(rill.state().join("catalogue")).unwrap();
    assert!(catalogue.windows(4).any(|bytes| bytes == b"Late"));
    fs::rename(library.root(), library.beside("away")).unwrap();
    rill.spawn();
    rill.wait_until_up();
    fs::rename(library.beside("away"), library.root()).unwrap();
    assert_eq!(rill.wait_for_title("Late").id, late.id);
}

#[test]
fn killed_at_any_moment_it_starts_with_a_whole_catalogue() {
    let mut library = Library::empty();
    for number in 0..300 {
        library.add(format!("{}/{number}.mp3", number % 10), &mp3(2));
    }
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let rounds = std::env::var("RILL_KILLS").map_or(50, |text| text.parse().unwrap());
    let before = listing(&rill);
    // Moments that differ from run to run and are spread over scan and writing.
    let mut seed = u64::from(std::process::id());
    for round in 0..rounds {
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        library.write("0/changing.mp3", &mp3(3 + round % 7));
        if round % 3 == 0 {
            rill.signal(rustix::process::Signal::HUP);
        }
        if round % 5 == 0 {
            rill.signal(rustix::process::Signal::TERM);
        }
        std::thread::sleep(Duration::from_micros((seed >> 33) % 60_000));
        rill.kill();
        rill.spawn();
        if round % 10 == 9 {
            rill.wait_until_up();
            rill.wait_for_items(301);
            let mut now = listing(&rill);
            now.remove("changing");
            assert_eq!(now, before, "round {round}");
        }
    }
    assert!(!rill.log().contains("is not used"), "{}", rill.log());
}
