//! The cage: what the process gives up by itself, what the service manager is told, and what happens where memory is short.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use socket2::SockRef;

use crate::harness::{
    Library, Listener, NEAR, Network, Rill, Searcher, Setup, have, jpeg, mp3, mp3_titled, patience,
    skip, wait_for,
};

/// Whether this kernel can confine; says so when it cannot.
fn has_landlock(rill: &Rill) -> bool {
    let found = rill.log().contains("confined: reads only below");
    if !found {
        assert!(!rill.log().contains("cannot be confined"), "{}", rill.log());
        skip("no Landlock here, or an emulator that does not pass it on");
    }
    found
}

fn status(rill: &Rill, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", rill.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn it_gives_up_its_rights_to_everything_but_its_folders_and_all_of_it_still_works() {
    let library = Library::empty()
        .with("music/song.mp3", &mp3_titled("Song", 20))
        .with("photo.jpg", &jpeg(640, 480));
    let Some(mut rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    rill.wait_for_title("photo");
    if !has_landlock(&rill) {
        return;
    }
    let log = rill.log();
    let line = log
        .lines()
        .find(|line| line.contains("confined: "))
        .unwrap();
    for folder in [library.root(), rill.state()] {
        let folder = folder.canonicalize().unwrap();
        assert!(line.contains(folder.to_str().unwrap()), "{line}");
    }
    assert_eq!(status(&rill, "NoNewPrivs"), "1");
    // Every thread of it: what one of them may, all may.
    for thread in fs::read_dir(format!("/proc/{}/task", rill.pid())).unwrap() {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        let given_up = status
            .lines()
            .any(|line| line.starts_with("NoNewPrivs:") && line.ends_with('1'));
        assert!(given_up, "{status}");
    }
    // Playing, small pictures that are kept, changes that are seen, state that is written.
    assert_eq!(rill.get(rill.find("Song").target(), &[]).status, 200);
    let id = rill.find("photo").id;
    let small = rill.get(&format!("/art/{id}-tn.jpg"), &[]);
    assert_eq!(small.status, 200);
    assert_eq!(fs::read_dir(rill.state().join("art")).unwrap().count(), 1);
    library.write("music/new.mp3", &mp3_titled("New", 20));
    rill.wait_for_title("New");
    fs::create_dir(library.path("later")).unwrap();
    library.write("later/also.mp3", &mp3_titled("Also", 20));
    rill.wait_for_title("Also");
    assert!(rill.stop().success());
    rill.start();
    rill.wait_for_title("Also");
}

#[test]
fn a_confined_server_cannot_be_led_out_of_its_folders_by_links_or_mounts() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    fs::create_dir(library.beside("private")).unwrap();
    fs::write(
        library.beside("private/secret.mp3"),
        mp3_titled("Secret", 20),
    )
    .unwrap();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let target = rill.find("song").target().to_owned();
    if !has_landlock(&rill) {
        return;
    }
    // The listed file becomes a link out, over and over, while it is asked for.
    for round in 0..40 {
        fs::remove_file(library.path("song.mp3")).unwrap();
        if round % 2 == 0 {
            std::os::unix::fs::symlink(
                library.beside("private/secret.mp3"),
                library.path("song.mp3"),
            )
            .unwrap();
        } else {
            fs::write(library.path("song.mp3"), mp3(20)).unwrap();
        }
        let reply = rill.get(&target, &[]);
        assert!(
            reply.status == 404 || reply.body == mp3(20),
            "{} {} bytes",
            reply.status,
            reply.body.len()
        );
    }
    rill.must_answer("links in and out");
}

#[test]
fn without_confinement_it_says_so() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(rill) = Setup::new(&library).set("RILL_CONFINE", "off").start() else {
        return;
    };
    assert!(rill.log().contains("RILL_CONFINE=off"), "{}", rill.log());
    assert_eq!(status(&rill, "NoNewPrivs"), "0");
}

/// The system calls that the filter of the unit allows, by the groups of the systemd that is installed; `None` where
/// there is none.
fn allowed_calls() -> Option<BTreeSet<String>> {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/rill.service");
    let unit = fs::read_to_string(unit).unwrap();
    let lines = unit
        .lines()
        .filter_map(|line| line.strip_prefix("SystemCallFilter="));
    let mut allowed = BTreeSet::new();
    for line in lines {
        let (words, denied) = match line.strip_prefix('~') {
            Some(words) => (words, true),
            None => (line, false),
        };
        for call in words.split_whitespace().map(calls_of) {
            for call in call? {
                if denied {
                    allowed.remove(&call);
                } else {
                    allowed.insert(call);
                }
            }
        }
    }
    // systemd itself always allows these.
    allowed.extend(calls_of("@default")?);
    Some(allowed)
}

fn calls_of(word: &str) -> Option<Vec<String>> {
    if !word.starts_with('@') {
        return Some(vec![word.to_owned()]);
    }
    let said = Command::new("systemd-analyze")
        .args(["syscall-filter", word])
        .output()
        .ok()?;
    let text = String::from_utf8(said.stdout).unwrap();
    let words = text
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut calls = Vec::new();
    for word in words {
        calls.extend(calls_of(word)?);
    }
    Some(calls)
}

#[test]
fn it_makes_no_system_call_that_the_service_forbids() {
    if !have("strace") || !have("systemd-analyze") || std::env::var_os("RILL_RUNNER").is_some() {
        return;
    }
    let library = Library::empty()
        .with("song.mp3", &mp3(20))
        .with("photo.jpg", &jpeg(640, 480));
    let Some(network) = Network::fresh() else {
        return;
    };
    let told = library.beside("calls");
    let out = told.to_str().unwrap();
    // In the background: the process that is started becomes the server.
    let mut rill = Setup::new(&library)
        .through(&["strace", "-D", "-f", "-c", "-U", "name", "-o", out])
        .start_on(network);
    rill.get(rill.find("song").target(), &[("Range", "bytes=5-9, 20-30")]);
    rill.get(&format!("/art/{}-tn.jpg", rill.find("photo").id), &[]);
    library.write("new.mp3", &mp3_titled("New", 20));
    rill.wait_for_title("New");
    Network::ip(&rill.network().server(), "addr add 10.91.1.9/24 dev lan1");
    let callback = ("CALLBACK", "<http://10.91.1.2:9/>");
    rill.request(
        "SUBSCRIBE",
        "/event/ContentDirectory",
        &[callback, ("NT", "upnp:event")],
        b"",
    );
    rill.signal(Signal::HUP);
    rill.must_answer("all of it");
    rill.signal(Signal::TERM);
    rill.ended("it ends", 20);
    let made = wait_for("strace tells", 20, || {
        fs::read_to_string(&told)
            .ok()
            .filter(|text| text.contains("sendfile"))
    });
    let Some(allowed) = allowed_calls() else {
        return skip("no systemd-analyze");
    };
    let made: Vec<_> = made
        .lines()
        .skip(1)
        .map(str::trim)
        .filter(|name| name.starts_with(char::is_alphabetic))
        .collect();
    assert!(made.len() > 20, "{made:?}");
    // What strace sees of the way here, before it is rill; and refused without harm.
    let before = ["execve", "total", "syscall"];
    let forbidden: Vec<_> = made
        .iter()
        .filter(|name| !allowed.contains(**name) && !before.contains(name))
        .collect();
    assert!(forbidden.is_empty(), "{forbidden:?} of {made:?}");
}

/// A service manager as far as rill sees one.
struct Manager {
    path: PathBuf,
    socket: UnixDatagram,
}

impl Manager {
    fn open(library: &Library) -> Self {
        let path = library.beside("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        Self { path, socket }
    }

    /// What comes within this time, one after the other.
    fn hears(&self, time: Duration) -> Vec<String> {
        let end = Instant::now() + time;
        let mut heard = Vec::new();
        let mut bytes = [0; 1024];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return heard;
            }
            self.socket.set_read_timeout(Some(left)).unwrap();
            if let Ok(count) = self.socket.recv(&mut bytes) {
                heard.push(String::from_utf8_lossy(&bytes[..count]).into_owned());
            }
        }
    }

    fn waits_for(&self, word: &str) {
        let end = Instant::now() + patience(20);
        while !self
            .hears(Duration::from_millis(100))
            .iter()
            .any(|said| said.contains(word))
        {
            assert!(Instant::now() < end, "no {word}");
        }
    }
}

/// A control group that holds one thread still.
struct Freezer(PathBuf);

impl Freezer {
    fn make() -> Option<Self> {
        let folder =
            Path::new("/sys/fs/cgroup/freezer").join(format!("rill-test-{}", std::process::id()));
        if let Err(error) = fs::create_dir(&folder) {
            skip(&format!(
                "no control group to freeze a thread in: {}: {error}",
                folder.display()
            ));
            return None;
        }
        Some(Self(folder))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }
}

impl Drop for Freezer {
    fn drop(&mut self) {
        let _ = fs::write(self.0.join("freezer.state"), "THAWED");
        let _ = fs::copy(self.0.join("tasks"), "/sys/fs/cgroup/freezer/tasks");
        // Whoever was in it has been ended by now, or is on its way out.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn the_watchdog_is_told_by_the_loop_and_by_nobody_else() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(network) = Network::fresh() else {
        return;
    };
    let manager = Manager::open(&library);
    let mut rill = Setup::new(&library)
        .set("NOTIFY_SOCKET", &manager.path)
        .set("WATCHDOG_USEC", "1500000")
        .idle_on(network);
    rill.spawn();
    manager.waits_for("READY=1");
    rill.wait_until_up();
    let pings = |heard: &[String]| {
        heard
            .iter()
            .filter(|said| said.contains("WATCHDOG=1"))
            .count()
    };
    assert!(pings(&manager.hears(patience(3))) >= 2, "alive");
    // The loop's thread alone is held still; the scanner, the readers and all others run on.
    if let Some(freezer) = Freezer::make() {
        freezer.write("tasks", &rill.pid().to_string());
        freezer.write("freezer.state", "FROZEN");
        wait_for("it is frozen", 5, || {
            let state = fs::read_to_string(freezer.0.join("freezer.state")).unwrap();
            (state.trim() == "FROZEN").then_some(())
        });
        manager.hears(Duration::from_millis(200));
        library.write("new.mp3", &mp3(20));
        assert_eq!(
            pings(&manager.hears(Duration::from_secs(3))),
            0,
            "a loop that hangs is silent"
        );
        freezer.write("freezer.state", "THAWED");
        manager.waits_for("WATCHDOG=1");
    }
    rill.must_answer("a loop that hung for a while");
    assert!(rill.stop().success());
    assert!(
        manager
            .hears(Duration::from_millis(300))
            .iter()
            .any(|said| said.contains("STOPPING=1"))
    );
}

/// A control group with 32 MiB for whoever is in it.
struct Pen(PathBuf);

impl Pen {
    fn of(bytes: u64) -> Option<Self> {
        let name = format!("rill-test-{}", std::process::id());
        for (base, limit) in [
            ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            ("/sys/fs/cgroup", "memory.max"),
        ] {
            let folder = Path::new(base).join(&name);
            if fs::create_dir(&folder).is_err() {
                continue;
            }
            let pen = Self(folder);
            if fs::write(pen.0.join(limit), bytes.to_string()).is_ok() {
                return Some(pen);
            }
        }
        skip("no control group to bound memory in");
        None
    }
}

impl Drop for Pen {
    fn drop(&mut self) {
        for _ in 0..200 {
            if fs::remove_dir(&self.0).is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn in_32_mib_it_scans_streams_and_takes_a_crowd() {
    if std::env::var_os("RILL_RUNNER").is_some() {
        return skip("an emulator needs more than 32 MiB for itself");
    }
    let Some(pen) = Pen::of(32 << 20) else { return };
    let mut library = Library::empty();
    library.add_sparse("film.mp4", 512 << 20, &[((512 << 20) - 3, b"end")]);
    for number in 0..2000 {
        library.add(
            format!("folder {}/song {number}.mp3", number % 40),
            &mp3_titled(&format!("Song {number}"), 3),
        );
    }
    library.add("photo.jpg", &jpeg(1200, 900));
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library).expecting(0).idle_on(network);
    rill.spawn();
    fs::write(pen.0.join("cgroup.procs"), rill.pid().to_string()).unwrap();
    rill.wait_until_up();
    wait_for("all of it is listed", 60, || {
        let folders = rill.children("0").objects;
        let songs: usize = folders
            .iter()
            .filter(|o| o.is_container)
            .map(|o| rill.children(&o.id).total)
            .sum();
        (songs == 2000).then_some(())
    });
    let film = rill.find("film").target().to_owned();
    let mut stream = rill.connect();
    // The client is on this machine: pages of the film that wait for it in its own buffer would count as the server's.
    SockRef::from(stream.stream())
        .set_recv_buffer_size(64 << 10)
        .unwrap();
    stream.send(&Rill::request_bytes("GET", &film, &[], b""));
    assert_eq!(stream.head().unwrap().status, 200);
    // Everybody that one address may have, each in the middle of a long body.
    let piece = [Rill::request_bytes(
        "POST",
        "/control/ContentDirectory",
        &[("X", "y")],
        &vec![b' '; 60_000],
    )]
    .concat();
    let crowd: Vec<_> = (0..250)
        .map(|_| {
            let connection = rill.connect();
            connection.stream().set_nonblocking(true).unwrap();
            let _ = std::io::Write::write(&mut connection.stream(), &piece[..50_000]);
            connection.stream().set_nonblocking(false).unwrap();
            connection
        })
        .collect();
    assert_eq!(
        stream.read(256 << 20).len(),
        256 << 20,
        "more than the pen holds"
    );
    let id = rill.find("photo").id;
    assert_eq!(rill.get(&format!("/art/{id}-sm.jpg"), &[]).status, 200);
    assert_eq!(rill.get(&film, &[("Range", "bytes=-3")]).body, b"end");
    drop(crowd);
    assert!(!rill.has_ended(), "{}", rill.log());
    rill.must_answer("a crowd in 32 MiB");
    eprintln!("anonymous memory in the pen: {} KiB", rill.anonymous_kib());
    drop(stream);
    rill.kill();
}

/// Where Debian keeps the library that gives a program another time.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

#[test]
fn a_clock_that_jumps_years_disturbs_nobody() {
    if std::env::var_os("RILL_RUNNER").is_some() || !Path::new(FAKETIME).exists() {
        return skip("no libfaketime for this program");
    }
    let mut library = Library::empty().with("song.mp3", &mp3(20));
    library.add_sparse("film.mp4", 64 << 20, &[]);
    let Some(network) = Network::fresh() else {
        return;
    };
    // Where it may read once it is confined.
    let clock = library.beside("state/clock");
    fs::create_dir_all(library.beside("state")).unwrap();
    fs::write(&clock, "+0").unwrap();
    let rill = Setup::new(&library)
        .set("LD_PRELOAD", FAKETIME)
        .set("FAKETIME_TIMESTAMP_FILE", &clock)
        .set("FAKETIME_NO_CACHE", "1")
        .set("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .set("RILL_NOTIFY_INTERVAL", "5")
        .start_on(network);
    let date = |rill: &Rill| {
        rill.get("/description.xml", &[])
            .field("Date")
            .unwrap()
            .to_owned()
    };
    let before = date(&rill);
    let mut stream = rill.connect();
    let film = rill.find("film").target().to_owned();
    stream.send(&Rill::request_bytes("GET", &film, &[], b""));
    assert_eq!(stream.head().unwrap().status, 200);
    let callback = ("CALLBACK", "<http://10.91.1.2:9/>");
    let fields = [callback, ("NT", "upnp:event")];
    let sid = rill.request("SUBSCRIBE", "/event/ConnectionManager", &fields, b"");
    let sid = sid.field("SID").unwrap().to_owned();
    for jump in ["+3650d", "-7300d", "-20000d", "+0"] {
        fs::write(&clock, jump).unwrap();
        let now = date(&rill);
        if jump != "+0" && now[..16] == before[..16] {
            return skip("this program does not take its time from libfaketime");
        }
        assert_eq!(
            stream.read(8 << 20).len(),
            8 << 20,
            "the film stops at {now}"
        );
        library.write(
            format!("at {jump}.mp3"),
            &mp3_titled(&format!("At {jump}"), 20),
        );
        rill.wait_for_title(&format!("At {jump}"));
        let renewed = rill.request(
            "SUBSCRIBE",
            "/event/ConnectionManager",
            &[("SID", &sid)],
            b"",
        );
        assert_eq!(renewed.status, 200, "the subscription is lost at {now}");
        let listener = Listener::open(rill.network(), NEAR);
        let heard = listener.heard("ssdp:alive", patience(20), |heard| !heard.is_empty());
        assert!(!heard.is_empty(), "no announcement at {now}");
        let searcher = Searcher::open(rill.network(), NEAR);
        searcher.search("upnp:rootdevice");
        assert!(searcher.answer(patience(8)).is_some(), "no answer at {now}");
    }
}
