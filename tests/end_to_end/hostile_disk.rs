//! Bad input from the disk: what lies in the folders is as little trusted as what comes over the network.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Signal, getuid};

use crate::harness::{Library, Rill, Setup, jpeg, mp3, mp3_titled, mp4, png, skip};

fn items(rill: &Rill) -> Vec<String> {
    rill.walk()
        .into_iter()
        .filter(|object| !object.is_container)
        .map(|object| object.title)
        .collect()
}

#[test]
fn empty_files_pipes_sockets_and_devices_do_no_harm() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    for name in [
        "empty.mp3",
        "empty.mp4",
        "empty.jpg",
        "empty.flac",
        "empty.mkv",
    ] {
        library.write(name, b"");
    }
    mknodat(
        CWD,
        library.path("pipe.mp3"),
        FileType::Fifo,
        Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(library.path("socket.mp3")).unwrap();
    symlink("/dev/zero", library.path("zero.mp3")).unwrap();
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_title("song");
    for item in rill.walk() {
        assert!(
            !["pipe", "socket", "zero"].contains(&item.title.as_str()),
            "{item:?}"
        );
        assert_eq!(rill.get(item.target(), &[]).status, 200, "{}", item.title);
    }
}

#[test]
fn broken_media_are_listed_by_name_or_left_out_and_the_rest_is_served() {
    let mut library = Library::empty().with("good.mp3", &mp3_titled("Good", 20));
    let film = mp4(60, 640, 360, b"payload");
    for (name, whole) in [
        ("film.mp4", &film),
        ("photo.jpg", &jpeg(64, 64)),
        ("picture.png", &png(9, 9)),
        ("tag.mp3", &mp3_titled("T", 3)),
    ] {
        let (stem, extension) = name.split_once('.').unwrap();
        for cut in (0..whole.len().min(600)).step_by(13) {
            library.write(format!("cut/{stem} {cut}.{extension}"), &whole[..cut]);
        }
        // Every size field in turn says 2^32 - 1.
        for at in (0..whole.len().min(600) - 4).step_by(9) {
            let mut lying = whole.clone();
            lying[at..at + 4].fill(0xFF);
            library.write(format!("lying/{stem} {at}.{extension}"), &lying);
        }
    }
    for (extension, magic) in [
        ("flac", &b"fLaC"[..]),
        ("mkv", b"\x1aE\xdf\xa3"),
        ("ogg", b"OggS"),
        ("avi", b"RIFF\xff\xff\xff\xffAVI "),
        ("ts", b"G"),
        ("wav", b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff"),
        ("m4a", b"\0\0\0\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff"),
    ] {
        library.write(format!("magic only.{extension}"), magic);
        library.write(
            format!("magic and ones.{extension}"),
            &[magic, &[0xFF; 5000]].concat(),
        );
        library.write(
            format!("magic and zeros.{extension}"),
            &[magic, &[0; 5000]].concat(),
        );
    }
    library.write("recursive.mp4", &b"\0\0\0\x08moov".repeat(50_000));
    library.add("last.mp3", &mp3(5));
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_title("Good");
    rill.wait_for_title("last");
    rill.must_answer("broken media");
}

#[test]
fn what_may_not_be_read_is_left_out_and_named() {
    if !getuid().is_root() {
        return skip("only root can run the server as another user");
    }
    let library = Library::empty().with("open/song.mp3", &mp3(20));
    library.write("closed folder/hidden.mp3", &mp3(20));
    let file = library.write("open/closed file.mp3", &mp3(20));
    fs::set_permissions(library.path("closed folder"), Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o000)).unwrap();
    let Some(rill) = Setup::new(&library).run_by_nobody().expecting(0).start() else {
        return;
    };
    rill.wait_for_title("song");
    assert!(!items(&rill).contains(&"hidden".to_owned()));
    for item in rill.walk().iter().filter(|object| !object.is_container) {
        let status = rill.get(item.target(), &[]).status;
        assert!(
            status == 200 || item.title == "closed file",
            "{}: {status}",
            item.title
        );
    }
    assert!(
        rill.log().contains("closed folder"),
        "the log does not name it:\n{}",
        rill.log()
    );
    fs::set_permissions(library.path("closed folder"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn links_in_a_circle_end() {
    let library = Library::empty().with("a/b/song.mp3", &mp3(20));
    symlink("..", library.path("a/b/up")).unwrap();
    symlink(library.root(), library.path("a/b/root")).unwrap();
    symlink("self", library.path("self")).unwrap();
    symlink("pong", library.path("ping")).unwrap();
    symlink("ping", library.path("pong")).unwrap();
    symlink("gone", library.path("dangling.mp3")).unwrap();
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_title("song");
    let count = rill.walk().len();
    assert!(count < 50, "{count} objects of one song");
}

#[test]
fn links_that_leave_the_folders_bring_nothing() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let secret = mp3_titled("Secret", 20);
    fs::create_dir(library.beside("private")).unwrap();
    fs::write(library.beside("private/secret.mp3"), &secret).unwrap();
    symlink(library.beside("private"), library.path("linked folder")).unwrap();
    symlink(
        library.beside("private/secret.mp3"),
        library.path("linked file.mp3"),
    )
    .unwrap();
    symlink("../private/secret.mp3", library.path("relative.mp3")).unwrap();
    symlink("/etc/passwd", library.path("passwd.mp3")).unwrap();
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_title("song");
    for object in rill.walk() {
        assert_ne!(object.title, "Secret");
        if !object.is_container {
            assert_ne!(rill.get(object.target(), &[]).body, secret, "{object:?}");
        }
    }

    // A listed file which is replaced by a link later: the content outside is not served either.
    let target = rill.find("song").target().to_owned();
    fs::remove_file(library.path("song.mp3")).unwrap();
    symlink(
        library.beside("private/secret.mp3"),
        library.path("song.mp3"),
    )
    .unwrap();
    let reply = rill.get(&target, &[]);
    assert!(
        reply.status >= 400 && reply.body != secret,
        "{}",
        reply.status
    );
}

#[test]
fn a_folder_that_becomes_a_link_is_not_followed() {
    let library = Library::empty().with("album/song.mp3", &mp3(20));
    fs::create_dir(library.beside("private")).unwrap();
    let secret = mp3(33);
    fs::write(library.beside("private/song.mp3"), &secret).unwrap();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let target = rill.find("song").target().to_owned();
    fs::rename(library.path("album"), library.beside("album")).unwrap();
    symlink(library.beside("private"), library.path("album")).unwrap();
    let reply = rill.get(&target, &[]);
    assert!(
        reply.status >= 400 && reply.body != secret,
        "{}",
        reply.status
    );
    rill.must_answer("a folder replaced by a link");
}

#[test]
fn deep_folders_and_long_paths_do_no_harm() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    library.write(format!("{}deep.mp3", "d/".repeat(300)), &mp3(5));
    library.write(
        format!("{}/{}/long.mp3", "x".repeat(250), "y".repeat(250)),
        &mp3(5),
    );
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_title("song");
    rill.wait_for_title("long");
    rill.must_answer("deep folders");
}

#[test]
fn files_that_come_and_go_during_scans_do_no_harm() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for round in 0..20 {
        let folder = library.path(format!("folder {}", round % 3));
        fs::create_dir_all(&folder).unwrap();
        for number in 0..10 {
            fs::write(folder.join(format!("{number}.mp3")), mp3(2)).unwrap();
        }
        rill.signal(Signal::HUP);
        File::create(library.path("half.mp4")).unwrap();
        rill.must_answer("a scan");
        fs::remove_dir_all(&folder).unwrap();
        fs::remove_file(library.path("half.mp4")).unwrap();
    }
    rill.signal(Signal::HUP);
    rill.wait_for_items(1);
}
