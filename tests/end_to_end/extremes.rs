//! Libraries, clocks and disks as nobody would have them: each is served, and says what it cannot do.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Browse, Library, Network, Rill, Setup, mp3, mp3_titled, run, skip, wait_for};

/// libfaketime of Debian, for the program under test: a time that is read anew with every question, and no other clock.
const FAKE_TIME: &str = "faketime/libfaketime.so.1";

/// Titles of all items.
fn items(rill: &Rill) -> Vec<String> {
    let all = rill.walk().into_iter();
    let items = all.filter(|object| !object.is_container);
    items.map(|item| item.title).collect()
}

fn emulated() -> bool {
    std::env::var_os("RILL_RUNNER").is_some()
}

/// Mounted in the server's own mount namespace, before it starts.
fn mounting(script: &str) -> Vec<String> {
    let script = format!("set -e; {script}; exec \"$@\"");
    let words = ["unshare", "-m", "sh", "-c", &script, "sh"];
    words.map(str::to_owned).to_vec()
}

fn through(setup: Setup, words: &[String]) -> Setup {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    setup.through(&words)
}

#[test]
fn a_clock_that_jumps_a_year_back_and_ten_forward_changes_nothing() {
    let libraries = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = libraries.map(|folder| folder.path().join(FAKE_TIME));
    let Some(fake) = found.find(|path| path.exists()).filter(|_| !emulated()) else {
        return skip("libfaketime is not installed, or cannot reach an emulated server");
    };
    let library = Library::empty().with("first.mp3", &mp3_titled("First", 9));
    let time = library.beside("time");
    let set_clock = |offset: &str| {
        // Renamed, so that no half of it is read.
        fs::write(time.with_extension("new"), offset).unwrap();
        fs::rename(time.with_extension("new"), &time).unwrap();
    };
    set_clock("+0");
    let Some(mut rill) = Setup::new(&library)
        .set("LD_PRELOAD", fake)
        .set("FAKETIME_TIMESTAMP_FILE", &time)
        // The library reads that file within the server, which may otherwise read its own folders alone.
        .set("RILL_CONFINE", "off")
        .set("FAKETIME_NO_CACHE", "1")
        .set("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .set("RILL_VIEWS", "music,video,folders")
        .expecting(0)
        .start()
    else {
        return;
    };
    let maps = fs::read_to_string(format!("/proc/{}/maps", rill.pid())).unwrap();
    if !maps.contains(FAKE_TIME) {
        return skip("libfaketime cannot reach a static server");
    }
    let year_now = year_of(&rill);
    rill.wait_for_title("First");
    let first = item(&rill, "First");
    let mut newest_first = vec!["First".to_owned()];
    for (jump, years, position) in [("-1y", -1, 10), ("+10y", 10, 20), ("+0", 0, 30)] {
        set_clock(jump);
        wait_for("the clock has jumped", 20, || {
            (year_of(&rill) == year_now + years).then_some(())
        });
        // Changes are seen, what is new is the newest, and the last position is the one that counts.
        let title = format!("After {jump}");
        library.write(format!("{years}.mp3"), &mp3_titled(&title, 5));
        rill.wait_for_title(&title);
        newest_first.insert(0, title);
        assert_eq!(recently_added(&rill), newest_first);
        set_position(&rill, &first, position);
        assert_eq!(position_of(&rill, &first), position);
        rill.must_answer("a clock that jumps");
    }
    // And back once more while it is off.
    rill.stop();
    set_clock("-1y");
    rill.spawn();
    rill.wait_until_up();
    rill.wait_for_title("After +0");
    assert_eq!(recently_added(&rill), newest_first);
    assert_eq!(position_of(&rill, &first), 30);
    set_position(&rill, &first, 40);
    assert_eq!(position_of(&rill, &first), 40);
}

/// The year that the server believes.
fn year_of(rill: &Rill) -> i32 {
    let reply = rill.get("/description.xml", &[]);
    let date = reply.field("date").expect("a Date").to_owned();
    // RFC 9110 §5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`
    date.split(' ').nth(3).unwrap().parse().unwrap()
}

/// The id of an item at home.
fn item(rill: &Rill, title: &str) -> String {
    let folder = rill.children("0").titled("Folders").id.clone();
    rill.children(&folder).titled(title).id.clone()
}

fn recently_added(rill: &Rill) -> Vec<String> {
    let music = rill.children("0").titled("Music").id.clone();
    let recent = rill.children(&music).titled("Recently added").id.clone();
    let recent = rill.children(&recent);
    recent.titles().into_iter().map(str::to_owned).collect()
}

fn set_position(rill: &Rill, id: &str, secs: u32) {
    let arguments = [
        ("CategoryType", "2".to_owned()),
        ("RID", "0".to_owned()),
        ("ObjectID", id.to_owned()),
        ("PosSecond", secs.to_string()),
    ];
    rill.call("X_SetBookmark", &arguments).unwrap();
}

fn position_of(rill: &Rill, id: &str) -> u32 {
    let object = rill
        .browse(&Browse::metadata(id))
        .unwrap()
        .objects
        .remove(0);
    let info = object.element.text_of("dcmInfo");
    info.map_or(0, |info| {
        info.rsplit("BM=").next().unwrap().parse().unwrap()
    })
}

#[test]
fn a_hundred_thousand_files_in_one_folder_are_paged_and_change() {
    // A thousand files, and further names of theirs: made quickly, and no file system counts so many links of one.
    let (originals, files) = if emulated() {
        (100, 5_000)
    } else {
        (1_000, 100_000)
    };
    let library = Library::empty();
    for number in 0..originals {
        library.write(format!("all/track {number}.mp3"), &mp3(2));
    }
    for number in originals..files {
        let original = library.path(format!("all/track {}.mp3", number % originals));
        let name = library.path(format!("all/track {number}.mp3"));
        if fs::hard_link(original, name).is_err() {
            return skip("no hard links here");
        }
    }
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    let folder = wait_for("the folder is listed", 120, || {
        let root = rill.children("0").objects.into_iter();
        Some(root.into_iter().find(|object| object.title == "all")?.id)
    });
    let page = |start: usize| {
        let browse = Browse {
            start: u32::try_from(start).unwrap(),
            count: 10,
            ..Browse::children(&folder)
        };
        rill.browse(&browse).unwrap()
    };
    let all = wait_for("all are listed", 120, || {
        let total = page(0).total;
        (total == files).then_some(total)
    });
    for start in [0, 99, all / 2, all - 10] {
        let titles: Vec<_> = (start..start + 10).map(|n| format!("track {n}")).collect();
        assert_eq!(page(start).titles(), titles);
    }
    assert_eq!(page(all).titles(), [""; 0]);
    let last = page(all - 1).objects.remove(0);
    assert_eq!(rill.get(last.target(), &[]).status, 200);
    // One comes and one goes.
    library.write("all/zebra.mp3", &mp3(3));
    fs::remove_file(library.path("all/track 0.mp3")).unwrap();
    wait_for("the last one is new", 120, || {
        let end = page(files - 1);
        (end.total == files && end.titles() == ["zebra"]).then_some(())
    });
    assert_eq!(page(0).titles()[0], "track 1");
}

#[test]
fn bind_mounts_show_a_folder_twice_and_never_without_end() {
    let library = Library::empty()
        .with("disk/album/one.mp3", &mp3_titled("One", 3))
        .with("disk/album/two.mp3", &mp3_titled("Two", 4));
    let again = fs::hard_link(
        library.path("disk/album/one.mp3"),
        library.path("disk/linked.mp3"),
    );
    if again.is_err() {
        return skip("no hard links here");
    }
    for folder in ["again", "disk/loop"] {
        fs::create_dir_all(library.path(folder)).unwrap();
    }
    // The same disk at two places, and the whole library inside itself.
    let root = library.root().display().to_string();
    let script = format!(
        "mount --bind '{root}/disk' '{root}/again'; mount --bind '{root}' '{root}/disk/loop'"
    );
    let setup = through(Setup::new(&library).expecting(0), &mounting(&script));
    let Some(rill) = setup.start() else {
        return;
    };
    // disk, again, disk/loop/disk: three names of an album, each with a file that has a further name.
    let expected = 9;
    rill.wait_for_items(expected);
    let all = rill.walk();
    let ids: BTreeSet<_> = all.iter().map(|object| &object.id).collect();
    assert_eq!(ids.len(), all.len(), "no two have one id");
    for item in all.iter().filter(|object| !object.is_container) {
        assert_eq!(rill.get(item.target(), &[]).status, 200, "{}", item.title);
    }
    // What changes under one name has changed under all.
    library.write("disk/album/two.mp3", &mp3_titled("Deux", 4));
    wait_for("all names of it are read again", 20, || {
        let items = items(&rill);
        (items.iter().filter(|title| *title == "Deux").count() == 3).then_some(())
    });
    let ids = |rill: &Rill| -> BTreeSet<String> {
        let all = rill.walk().into_iter();
        all.map(|object| object.id).collect()
    };
    let before = ids(&rill);
    rill.signal(Signal::HUP);
    rill.wait_for_log("looked through", 3);
    assert_eq!(ids(&rill), before);
    rill.must_answer("bind mounts");
}

#[test]
fn names_of_255_bytes_in_any_encoding_and_200_levels_are_survived() {
    let library = Library::empty();
    let names: [&[u8]; 6] = [
        // 251 bytes and ".mp3": Latin-1, UTF-8 that is cut in the middle, Shift-JIS, no text at all, blanks, controls.
        &[0xE9; 251],
        &[&"ä".repeat(125).into_bytes()[..], b"\xC3"].concat(),
        &[&[0x83, 0x65][..], &[0x83, 0x58].repeat(124), b"."].concat(),
        &[0xFF; 251],
        &[b' '; 251],
        &[b'\x01'; 251],
    ];
    let mut contents = BTreeSet::new();
    for (number, name) in names.iter().enumerate() {
        let name = [*name, b".mp3"].concat();
        assert_eq!(name.len(), 255);
        let content = mp3(3 + number);
        library.write(OsStr::from_bytes(&name), &content);
        contents.insert(content);
    }
    // As deep as is listed, and far deeper, of folders with the longest names that a path may have.
    let level = |depth: usize| "d/".repeat(depth);
    library.write(format!("{}near.mp3", level(64)), &mp3_titled("Near", 30));
    library.write(format!("{}far.mp3", level(200)), &mp3_titled("Far", 31));
    let long = "w".repeat(255);
    library.write(
        PathBuf::from_iter([long.as_str(); 14]).join("long.mp3"),
        &mp3_titled("Long", 32),
    );
    let Some(mut rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_items(names.len() + 2);
    let titles = items(&rill);
    assert!(titles.contains(&"Near".to_owned()) && titles.contains(&"Long".to_owned()));
    for item in rill.walk().iter().filter(|object| !object.is_container) {
        let reply = rill.get(item.target(), &[]);
        assert_eq!(reply.status, 200, "{:?}", item.title);
        contents.remove(&reply.body);
    }
    assert!(contents.is_empty(), "{} are not served", contents.len());
    assert!(rill.log().contains("deep"), "{}", rill.log());
    // The same after a restart, from the snapshot.
    let before = rill.walk().len();
    rill.stop();
    rill.start();
    rill.wait_for_items(names.len() + 2);
    assert_eq!(rill.walk().len(), before);
}

#[test]
fn a_library_that_changes_while_it_is_scanned_is_listed_as_it_is_in_the_end() {
    let library = Library::empty();
    for number in 0..1_000 {
        library.write(format!("{}/{number}.mp3", number % 20), &mp3(2));
    }
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library).expecting(0).idle_on(network);
    let is_over = AtomicBool::new(false);
    let (root, over) = (library.root(), &is_over);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for round in 0_usize.. {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                change(&root, round);
            }
        });
        rill.spawn();
        rill.wait_until_up();
        for _ in 0..5 {
            rill.signal(Signal::HUP);
            std::thread::sleep(Duration::from_millis(150));
            rill.must_answer("a scan of a changing library");
        }
        is_over.store(true, Ordering::Relaxed);
    });
    let mut there = BTreeSet::new();
    let mut folders = vec![library.root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else {
                there.insert(path.file_stem().unwrap().to_owned());
            }
        }
    }
    let there: Vec<_> = there.iter().map(|stem| stem.to_str().unwrap()).collect();
    wait_for("what is listed is what is there", 30, || {
        let mut listed = items(&rill);
        listed.sort();
        (listed == there).then_some(())
    });
}

/// Makes, rewrites, renames and removes files and folders; each name stays unique.
fn change(root: &Path, round: usize) {
    let folder = root.join(format!("{}", round % 20));
    let name = |what: &str| folder.join(format!("{what} {round}.mp3"));
    let _ = fs::create_dir_all(&folder);
    let _ = fs::write(name("new"), mp3(2 + round % 3));
    let _ = fs::remove_file(root.join(format!("{}/{}.mp3", round % 20, round % 1_000)));
    if round.is_multiple_of(3) {
        let _ = fs::rename(name("new"), root.join(format!("moved {round}.mp3")));
    }
    if round.is_multiple_of(7) {
        let _ = fs::rename(&folder, root.join(format!("folder {round}")));
    }
    if round.is_multiple_of(31) {
        let _ = fs::remove_dir_all(root.join(format!("folder {}", round / 2)));
    }
}

#[test]
fn a_file_that_is_written_over_in_place_is_right_when_it_is_closed() {
    let library = Library::empty()
        .with("a/song.mp3", &mp3_titled("Old title", 3))
        .with("a/other.mp3", &mp3_titled("Other", 3));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let id = rill.find("Old title").id;
    let bytes = mp3_titled("New title", 40);
    let mut file = File::create(library.path("a/song.mp3")).unwrap();
    // Half of it is there while something else happens in its folder.
    for (number, part) in bytes.chunks(bytes.len() / 3).enumerate() {
        file.write_all(part).unwrap();
        let title = format!("Beside {number}");
        library.write(format!("a/{number}.mp3"), &mp3_titled(&title, 2));
        rill.wait_for_title(&title);
        rill.must_answer("half a file");
    }
    drop(file);
    let song = rill.wait_for_title("New title");
    assert_eq!(song.id, id);
    wait_for("its size is that of the whole", 20, || {
        let song = rill.find("New title");
        (song.res().attribute("size") == Some(&bytes.len().to_string())).then_some(())
    });
    assert_eq!(rill.get(song.target(), &[]).body, bytes);
}

#[test]
fn a_state_directory_that_becomes_read_only_is_served_from_and_used_again() {
    let library = Library::empty().with("first.mp3", &mp3_titled("First", 3));
    let state = library.beside("small");
    fs::create_dir_all(&state).unwrap();
    let path = state.to_str().unwrap().to_owned();
    let script = format!("mount -t tmpfs -o size=4m none '{path}'");
    let setup = Setup::new(&library).set("RILL_STATE_DIR", &path);
    let Some(rill) = through(setup, &mounting(&script)).start() else {
        return;
    };
    let inside = |script: String| {
        let pid = rill.pid().to_string();
        let mut command = Command::new("nsenter");
        run(command.args(["--mount", "--target", &pid, "sh", "-e", "-c", &script]))
    };
    // Over it: what is open for writing, its lock, keeps the thing itself from becoming so.
    inside(format!(
        "mount --bind '{path}' '{path}'; mount -o remount,bind,ro '{path}'"
    ));
    library.write("second.mp3", &mp3_titled("Second", 3));
    rill.wait_for_title("Second");
    rill.signal(Signal::HUP);
    rill.wait_for_log("cannot keep the catalogue", 1);
    inside(format!("umount '{path}'"));
    rill.signal(Signal::HUP);
    rill.wait_for_log("is kept in", 1);
    assert_eq!(rill.log().matches("cannot keep the catalogue").count(), 1);
}

#[test]
fn a_disk_that_fails_under_the_state_directory_stops_nothing() {
    let library = Library::empty().with("first.mp3", &mp3_titled("First", 3));
    let (below, state) = (library.beside("below"), library.beside("state disk"));
    for folder in [&below, &state] {
        fs::create_dir_all(folder).unwrap();
    }
    let (below, path) = (below.display(), state.display());
    // A disk of 32 MiB of which only what was written so far exists: when its own storage is full, every further write
    // comes back as an I/O error.
    let script = format!(
        "mount -t tmpfs -o size=8m none '{below}'; truncate -s 32M '{below}/image'; \
         mkfs.ext4 -q -E lazy_itable_init=1 -O ^has_journal '{below}/image'; mount -o loop '{below}/image' '{path}'"
    );
    let tried = format!("{script}; umount '{path}'");
    let words = mounting(&tried);
    let try_it = Command::new(&words[0])
        .args(&words[1..])
        .arg("true")
        .output();
    if emulated() || !try_it.is_ok_and(|output| output.status.success()) {
        return skip("no loop device, or no mkfs.ext4");
    }
    let setup = Setup::new(&library).set("RILL_STATE_DIR", &state);
    let Some(rill) = through(setup, &mounting(&script)).start() else {
        return;
    };
    let inside = |script: String| {
        let pid = rill.pid().to_string();
        let mut command = Command::new("nsenter");
        run(command.args(["--mount", "--target", &pid, "sh", "-c", &script]))
    };
    wait_for("it is on the disk", 20, || {
        let there = inside(format!(
            "sync; test -s '{path}/catalogue' && echo yes || true"
        ));
        (there.stdout == b"yes\n").then_some(())
    });
    inside(format!(
        "dd if=/dev/zero of='{below}/filler' bs=64k 2>/dev/null || true"
    ));
    for number in 0..300 {
        let title = format!("{} {number}", "A long title ".repeat(12));
        library.write(format!("{number}.mp3"), &mp3_titled(&title, 2));
    }
    rill.wait_for_items(301);
    rill.signal(Signal::HUP);
    rill.wait_for_log("cannot keep the catalogue", 1);
    assert_eq!(items(&rill).len(), 301);
    rill.must_answer("a disk that fails");
    // It is another disk's turn.
    inside(format!("rm '{below}/filler'"));
    rill.signal(Signal::HUP);
    rill.wait_for_log("is kept in", 1);
    assert_eq!(items(&rill).len(), 301);
}
