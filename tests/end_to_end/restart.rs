//! Snapshots: what was known is served before a disk is read; a damaged one is rebuilt; power may fail at any moment.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::harness::{Library, Rill, Setup, mp3, mp3_titled, skip, wait_for};

fn library(songs: usize) -> Library {
    let mut library = Library::empty();
    for number in 0..songs {
        library.add(
            format!("album {}/song {number}.mp3", number % 7),
            &mp3_titled(&format!("Song {number}"), 3),
        );
    }
    library
}

/// Titles and ids of every object.
fn listing(rill: &Rill) -> BTreeMap<String, String> {
    rill.walk()
        .into_iter()
        .map(|object| (object.title, object.id))
        .collect()
}

/// The files in the state directory, largest first; the snapshot is by far the largest.
fn state_files(rill: &Rill) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(rill.state())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    files.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    files
}

/// Waits until a snapshot of the whole library is on the disk: its content holds the last title.
fn wait_for_snapshot(rill: &Rill, title: &str) {
    wait_for("a snapshot is written", 20, || {
        let largest = state_files(rill).into_iter().next()?;
        let bytes = fs::read(largest).ok()?;
        bytes
            .windows(title.len())
            .any(|window| window == title.as_bytes())
            .then_some(())
    });
}

#[test]
fn the_first_answer_after_a_restart_lists_everything() {
    let library = library(3000);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    wait_for_snapshot(&rill, "Song 2999");
    // Several times, so that an answer before the scan has ended is as good as certain to be among them.
    for _ in 0..3 {
        rill.stop();
        rill.spawn();
        rill.wait_until_up();
        assert_eq!(listing(&rill), before, "the snapshot is not served at once");
    }
}

#[test]
fn what_an_older_rill_has_read_wrongly_is_read_again_under_the_same_id() {
    let library = Library::empty().with("a/song.mp3", &mp3_titled("Right Title", 30));
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let id = rill.find("Right Title").id;
    wait_for_snapshot(&rill, "Right Title");
    let path = rill.state().join("catalogue");
    // What the probes knew stands at 12, the checksum of all from 32 on at 24 (the drawing in `catalogue/layout`).
    rill.stop();
    let mut bytes = fs::read(&path).unwrap();
    let known: [u8; 4] = bytes[12..16].try_into().unwrap();
    let title = bytes.windows(11).position(|text| text == b"Right Title");
    let at = title.expect("the title lies in the catalogue");
    bytes[at..at + 5].copy_from_slice(b"Wrong");
    let checksum = xxhash_rust::xxh3::xxh3_64(&bytes[32..]);
    bytes[24..32].copy_from_slice(&checksum.to_le_bytes());
    fs::write(&path, &bytes).unwrap();
    // A rill that knows no more reads nothing again.
    rill.start();
    rill.wait_for_log("looked through", 2);
    assert_eq!(rill.find("Wrong Title").id, id);
    rill.stop();
    let mut bytes = fs::read(&path).unwrap();
    let older = u32::from_le_bytes(known) - 1;
    bytes[12..16].copy_from_slice(&older.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    rill.start();
    let found = rill.wait_for_title("Right Title");
    assert_eq!(found.id, id);
    rill.stop();
    assert_eq!(fs::read(&path).unwrap()[12..16], known);
}

#[test]
fn a_missing_disk_is_offline_and_comes_back_with_the_same_ids() {
    let library = library(30);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    wait_for_snapshot(&rill, "Song 29");
    rill.stop();
    let away = library.beside("unplugged");
    fs::rename(library.root(), &away).unwrap();
    rill.spawn();
    rill.wait_until_up();

    // A missing disk is offline, not deleted; and it comes back.
    std::thread::sleep(Duration::from_secs(1));
    rill.must_answer("a missing disk");
    fs::rename(&away, library.root()).unwrap();
    rill.signal(rustix::process::Signal::HUP);
    wait_for("the disk is back", 20, || {
        (listing(&rill) == before).then_some(())
    });
    let song = rill.find("Song 3");
    assert_eq!(rill.get(song.target(), &[]).status, 200);
}

#[test]
fn what_changed_while_it_was_off_is_found() {
    let library = library(10);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    wait_for_snapshot(&rill, "Song 9");
    rill.stop();
    library.write("album 0/new.mp3", &mp3_titled("Brand new", 4));
    fs::remove_file(library.path("album 1/song 1.mp3")).unwrap();
    rill.spawn();
    rill.wait_until_up();
    rill.wait_for_title("Brand new");
    wait_for("the removed song is gone", 20, || {
        (!listing(&rill).contains_key("Song 1")).then_some(())
    });
    let mut expected = before;
    expected.remove("Song 1");
    let mut after = listing(&rill);
    after.remove("Brand new");
    assert_eq!(after, expected, "ids changed");
}

#[test]
fn a_damaged_state_is_rebuilt() {
    let library = library(20);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    wait_for_snapshot(&rill, "Song 19");
    rill.stop();
    let snapshot = state_files(&rill).remove(0);
    let good = fs::read(&snapshot).unwrap();
    let flip = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        bytes
    };
    let rows = [
        ("an empty file", Vec::new()),
        ("half of it", good[..good.len() / 2].to_vec()),
        ("all but the last byte", good[..good.len() - 1].to_vec()),
        ("another magic", flip(0)),
        ("another length or version", flip(9)),
        ("a flipped bit in the middle", flip(good.len() / 2)),
        ("a flipped bit at the end", flip(good.len() - 1)),
        ("zeros", vec![0; good.len()]),
        ("ones", vec![0xFF; good.len()]),
        ("something longer", [&good[..], &[0; 4096]].concat()),
    ];
    for (name, bytes) in rows {
        fs::write(&snapshot, bytes).unwrap();
        rill.start();
        // What a flipped bit spoils may be seen until the scan that begins at once has found it out.
        wait_for(name, 20, || (listing(&rill) == before).then_some(()));
        rill.must_answer(name);
        rill.stop();
    }
}

#[test]
fn a_state_directory_full_of_noise_is_survived() {
    let library = library(5);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    wait_for_snapshot(&rill, "Song 4");
    rill.stop();
    for file in state_files(&rill) {
        fs::write(file, b"\xFFnoise\0\n".repeat(500)).unwrap();
    }
    rill.start();
    assert_eq!(listing(&rill), before);
}

#[test]
fn kill_at_any_moment_loses_nothing() {
    let library = library(40);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = listing(&rill);
    let udn = |rill: &Rill| {
        rill.get("/description.xml", &[])
            .text()
            .split("UDN>")
            .nth(1)
            .unwrap()
            .to_owned()
    };
    let first = udn(&rill);
    // From "before main" to "the scan has ended"; the last rounds come after a SIGHUP with something to write.
    for round in 0..12_u64 {
        rill.kill();
        rill.spawn();
        std::thread::sleep(Duration::from_millis(round * round * 2));
        if round > 8 {
            rill.wait_until_up();
            library.write(
                format!("album 0/song {}.mp3", (round - 8) * 7),
                &mp3_titled("Changed", 3),
            );
            rill.signal(rustix::process::Signal::HUP);
        }
    }
    rill.kill();
    for number in (0..40).step_by(7) {
        library.write(
            format!("album 0/song {number}.mp3"),
            &mp3_titled(&format!("Song {number}"), 3),
        );
    }
    rill.spawn();
    rill.wait_until_up();
    wait_for("everything is listed again", 20, || {
        (listing(&rill) == before).then_some(())
    });
    assert_eq!(udn(&rill), first, "the UDN changed");
}

#[test]
fn a_state_directory_that_cannot_be_written_does_not_stop_the_service() {
    if !rustix::process::getuid().is_root() {
        return skip("only root can run the server as another user");
    }
    let library = Library::empty().with("song.mp3", &mp3(20));
    fs::write(library.beside("file"), b"").unwrap();
    // A path below a file can be neither made nor written.
    let state = library.beside("file/state");
    let Some(network) = crate::harness::Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library)
        .set("RILL_STATE_DIR", state)
        .expecting(0)
        .idle_on(network);
    rill.spawn();
    let refused = wait_for("it serves or says why not", 15, || {
        if rill.answers() {
            Some(false)
        } else {
            rill.has_ended().then_some(true)
        }
    });
    if refused {
        assert!(
            rill.log().contains("RILL_STATE_DIR") || rill.log().contains("file/state"),
            "{}",
            rill.log()
        );
    }
}
