//! Faulty ground: a disk that does not answer, that fails in the middle of a film, that is pulled out. Whoever asks for
//! something else is served as ever; afterwards nothing is left of it.

use std::fs;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::Signal;

use crate::harness::{
    Connection, Disk, FAR, Image, Library, NEAR, Rill, Searcher, Setup, Trouble, mp3, mp4,
    patience, wait_for,
};

/// Large enough that no socket and no read-ahead holds it.
const SIZE: u32 = 32 << 20;

/// A film whose bytes after the head tell where they are.
fn film() -> Vec<u8> {
    let payload: Vec<u8> = (0..SIZE / 4).flat_map(u32::to_be_bytes).collect();
    mp4(60, 640, 360, &payload)
}

/// Two disks: a healthy one with `good.mp4` and `song.mp3`, a faulty one with `bad.mp4` and `fair.mp4`.
struct House {
    // Before rill: a test that fails leaves the disk as it is, and the kernel keeps whoever waits for it.
    disk: Disk,
    rill: Rill,
    image: Option<Image>,
    film: Vec<u8>,
    _library: Library,
}

impl House {
    /// The faulty disk is one of files.
    fn open() -> Option<Self> {
        Self::with(|_, _| Some(None))
    }

    /// The faulty disk has a file system of its own, as a stick has: it is a block device.
    fn with_block_device() -> Option<Self> {
        Self::with(|library, disk| Image::mounted(library, "stick", disk).map(Some))
    }

    fn with(image: impl FnOnce(&Library, &Disk) -> Option<Option<Image>>) -> Option<Self> {
        let film = film();
        let library = Library::empty()
            .with("song.mp3", &mp3(200))
            .with("good.mp4", &film);
        fs::create_dir(library.beside("stick")).unwrap();
        for name in ["bad.mp4", "fair.mp4"] {
            fs::write(library.beside("stick").join(name), &film).unwrap();
        }
        let disk = Disk::mounted(&library, "stick")?;
        let image = image(&library, &disk)?;
        let mut media = library.root().into_os_string();
        media.push(":");
        media.push(image.as_ref().map_or(disk.path(), Image::path));
        let rill = Setup::new(&library).media(media).expecting(4).start()?;
        Some(Self {
            disk,
            rill,
            image,
            film,
            _library: library,
        })
    }

    fn target(&self, title: &str) -> String {
        self.rill.find(title).target().to_owned()
    }

    /// Everybody else: a Browse, a search on the network, and a film from the healthy disk, each in `secs`.
    fn others_are_served(&self, when: &str, secs: u32) {
        let begin = Instant::now();
        let mut slowest = Duration::ZERO;
        for _ in 0..50 {
            let asked = Instant::now();
            assert!(self.rill.children("0").total > 0, "{when}");
            slowest = slowest.max(asked.elapsed());
        }
        let searcher = Searcher::open(self.rill.network(), NEAR);
        searcher.search("upnp:rootdevice");
        assert!(searcher.answer(patience(5)).is_some(), "M-SEARCH {when}");
        let good = self.rill.get(&self.target("good"), &[]);
        assert!(good.body == self.film, "another film {when}");
        let took = begin.elapsed();
        assert!(took < patience(secs), "{took:?} {when}");
        eprintln!("{when}: slowest of 50 Browses {slowest:?}, all of it {took:?}");
    }

    /// [`Self::begun`] streams of the faulty disk, which answers no more, are read as far as they come.
    fn others_are_served_while_these_go_on(&self, streams: &mut [Connection]) {
        std::thread::scope(|scope| {
            for stream in streams {
                scope.spawn(|| {
                    let rest = stream.read_for(self.film.len(), 60);
                    assert!(
                        self.film[1 << 20..].starts_with(&rest),
                        "what came is right"
                    );
                });
            }
            wait_for("readers wait for the disk", 20, || {
                (self.disk.stalled() > 0).then_some(())
            });
            for round in 0..5 {
                self.others_are_served(&format!("while the players go on, {round}"), 20);
            }
        });
    }

    /// A stream on a connection of its own, of which the first bytes have come.
    fn begun(&self, title: &str) -> Connection {
        let mut stream = self.rill.connect();
        stream.send(&Rill::request_bytes("GET", &self.target(title), &[], b""));
        assert_eq!(stream.head().unwrap().status, 200);
        assert!(stream.read(1 << 20) == self.film[..1 << 20]);
        stream
    }
}

#[test]
fn one_stalled_film_holds_up_nobody_and_goes_on_when_the_disk_answers() {
    let Some(house) = House::open() else { return };
    let before = house.rill.descriptors();
    let mut stuck: Vec<_> = (0..8).map(|_| house.begun("bad")).collect();
    house.disk.break_file("bad.mp4", 20 << 20, Trouble::Stall);
    std::thread::scope(|scope| {
        // Read as far as they come: each waits in the middle of the film.
        let readers: Vec<_> = stuck
            .iter_mut()
            .map(|stream| scope.spawn(|| stream.read_for(house.film.len() - (1 << 20), 60)))
            .collect();
        wait_for("a reader waits for the disk", 20, || {
            (house.disk.stalled() > 0).then_some(())
        });
        house.others_are_served("beside eight stalled streams", 20);
        // The same disk, another file: there are readers left for it, or it waits its turn and comes.
        house.disk.heal();
        for reader in readers {
            assert!(
                reader.join().unwrap() == house.film[1 << 20..],
                "what came after the stall"
            );
        }
    });
    assert!(house.rill.get(&house.target("fair"), &[]).body == house.film);
    drop(stuck);
    house.rill.must_give_back_all_but(before);
}

/// What was brought into memory while the disk lived is no longer there when the players take it: to open a file of such a
/// disk once more makes the kernel forget what it had of it.
#[test]
fn players_that_go_on_after_the_disk_died_hold_up_nobody() {
    let Some(house) = House::open() else { return };
    let before = house.rill.descriptors();
    // Each has its sockets full and a window in memory.
    let mut streams: Vec<_> = (0..12).map(|_| house.begun("bad")).collect();
    std::thread::sleep(Duration::from_millis(300));
    let range = ("Range", "bytes=-1000");
    assert_eq!(house.rill.get(&house.target("bad"), &[range]).status, 206);
    house.disk.break_down(Trouble::Stall);
    house.others_are_served_while_these_go_on(&mut streams);
    drop(streams);
    house.disk.heal();
    assert!(house.rill.get(&house.target("fair"), &[]).body == house.film);
    house.rill.must_give_back_all_but(before);
}

/// The same of a file system that does not say what of a file is in memory, as FAT and exFAT do not: after a pause nothing is
/// believed to be there.
#[test]
fn players_that_go_on_after_a_pause_do_not_wait_for_a_disk_whose_file_system_tells_nothing() {
    let Some(house) = House::with_block_device() else {
        return;
    };
    let image = house.image.as_ref().unwrap();
    assert!(house.rill.get(&house.target("fair"), &[]).body == house.film);
    let before = house.rill.descriptors();
    let mut streams: Vec<_> = (0..12).map(|_| house.begun("bad")).collect();
    // Longer than what was brought is trusted.
    std::thread::sleep(Duration::from_secs(6));
    image.forget("bad.mp4");
    // What is forgotten comes again.
    let mut first = streams.pop().unwrap();
    assert!(first.read_for(house.film.len() - (1 << 20), 60) == house.film[1 << 20..]);
    image.forget("bad.mp4");
    house.disk.break_down(Trouble::Stall);
    house.others_are_served_while_these_go_on(&mut streams);
    drop((first, streams));
    house.disk.heal();
    assert!(house.rill.get(&house.target("fair"), &[]).body == house.film);
    house.rill.must_give_back_all_but(before);
}

#[test]
fn a_disk_that_is_dead_for_ever_costs_its_own_films_only() {
    let Some(mut house) = House::open() else {
        return;
    };
    let before = house.rill.descriptors();
    let mut stream = house.begun("bad");
    house.disk.break_down(Trouble::Stall);
    // Twice as many as there are readers of one disk, and more than there are readers at all.
    let mut asking: Vec<_> = (0..40)
        .map(|_| {
            let mut connection = house.rill.connect();
            connection.send(&Rill::request_bytes(
                "GET",
                &house.target("fair"),
                &[("Range", "bytes=30000000-")],
                b"",
            ));
            connection
        })
        .collect();
    wait_for("readers wait for the disk", 20, || {
        (house.disk.stalled() > 0).then_some(())
    });
    house.others_are_served("beside a dead disk", 20);
    // A scan gets stuck too; nobody but new files waits for it.
    house.rill.signal(Signal::HUP);
    house.others_are_served("while the scan is stuck", 20);
    // Whoever waits for the disk is told at last.
    let mut told = 0;
    for connection in &mut asking {
        told += usize::from(
            connection
                .status_within(60)
                .is_none_or(|status| status == 503),
        );
    }
    assert_eq!(told, asking.len(), "each is told, or its connection ends");
    assert!(stream.ends(60), "the stream from the dead disk ends");
    let page = house.rill.get("/status.json", &[]);
    assert!(
        page.text().contains("\"times a disk did not answer\""),
        "{}",
        page.text()
    );
    house.others_are_served("after the time for the disk is over", 20);
    drop((asking, stream));
    // SIGTERM does not wait for it: rill lets go of everything. The kernel keeps the process until the disk answers, as it
    // would after SIGKILL; the next one need not wait for that.
    house.rill.signal(Signal::TERM);
    let mut old = house.rill.abandon();
    wait_for("its main thread has ended", 20, || {
        let status = fs::read_to_string(format!("/proc/{}/status", old.id())).unwrap();
        status.contains("State:\tZ").then_some(())
    });
    assert!(
        old.try_wait().unwrap().is_none(),
        "the disk keeps the rest of it"
    );
    house.rill.start();
    house.rill.must_answer("a start beside a dead disk");
    let good = house.target("good");
    assert!(house.rill.get(&good, &[]).body == house.film);
    house.disk.heal();
    assert!(old.wait().unwrap().success(), "the old one has ended well");
    wait_for("the film is served again", 20, || {
        let fair = house.rill.get(&house.target("fair"), &[]);
        (fair.status == 200 && fair.body == house.film).then_some(())
    });
    house.rill.must_give_back_all_but(before);
}

#[test]
fn a_disk_that_fails_in_mid_film_ends_that_stream_alone() {
    let Some(house) = House::open() else { return };
    let before = house.rill.descriptors();
    house
        .disk
        .break_file("bad.mp4", 16 << 20, Trouble::Fail(Errno::IO));
    let mut stream = house.begun("bad");
    let rest = stream.read_for(house.film.len(), 30);
    assert!(
        rest.len() < house.film.len() - (1 << 20),
        "{} bytes",
        rest.len()
    );
    assert!(
        house.film[1 << 20..].starts_with(&rest),
        "what came is right"
    );
    assert!(
        stream.ends(20),
        "the connection ends, so that nobody waits for more"
    );
    house.others_are_served("beside a disk with a bad block", 20);
    assert!(
        house.rill.get(&house.target("fair"), &[]).body == house.film,
        "the rest of that disk"
    );
    // Before the bad block and behind it.
    let head = house
        .rill
        .get(&house.target("bad"), &[("Range", "bytes=0-999999")]);
    assert!(head.body == house.film[..1_000_000]);
    house.disk.heal();
    assert!(
        house.rill.get(&house.target("bad"), &[]).body == house.film,
        "once it reads again"
    );
    house.rill.must_give_back_all_but(before);
}

#[test]
fn a_disk_that_is_pulled_out_ends_its_streams_and_nothing_else() {
    let Some(mut house) = House::open() else {
        return;
    };
    let before = house.rill.descriptors();
    let (mut one, mut two) = (house.begun("bad"), house.begun("fair"));
    house.disk.unplug();
    for stream in [&mut one, &mut two] {
        let rest = stream.read_for(house.film.len(), 30);
        assert!(
            house.film[1 << 20..].starts_with(&rest),
            "what came is right"
        );
        assert!(
            rest.len() < house.film.len() - (1 << 20) && stream.ends(20),
            "{} bytes",
            rest.len()
        );
    }
    house.others_are_served("after a disk was pulled out", 20);
    let mut other = Connection::open(house.rill.network(), FAR, Rill::address(FAR));
    other.send(
        format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\n\r\n",
            house.target("song"),
            Rill::address(FAR)
        )
        .as_bytes(),
    );
    assert_eq!(other.reply().unwrap().body.len(), 200 * 417);
    drop((one, two, other));
    house.rill.must_give_back_all_but(before);
    house.rill.must_answer("a disk that was pulled out");
}

#[test]
fn memory_and_descriptors_are_back_after_a_hundred_failures() {
    let Some(house) = House::open() else { return };
    let once = |house: &House| {
        house
            .disk
            .break_file("bad.mp4", 4 << 20, Trouble::Fail(Errno::IO));
        let mut stream = house.begun("bad");
        stream.read_for(house.film.len(), 20);
        house.disk.heal();
    };
    for _ in 0..20 {
        once(&house);
    }
    let (memory, descriptors) = (house.rill.anonymous_kib(), house.rill.descriptors());
    for _ in 0..100 {
        once(&house);
    }
    house.rill.must_give_back_all_but(descriptors);
    let after = house.rill.anonymous_kib();
    assert!(
        after <= memory + memory / 5 + 256,
        "{memory} KiB before, {after} KiB after"
    );
}
