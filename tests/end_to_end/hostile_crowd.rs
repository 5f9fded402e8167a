//! Too many, too slow, too often: whoever takes what there is takes it from himself.
//!
//! The attacker has as many addresses as he likes on the near network; the television is on the far one, and has browsed
//! before.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, SockRef, Socket, Type};

use crate::harness::{
    Browse, Connection, FAR, Library, NEAR, Network, Rill, Searcher, Setup, Side, envelope, mp3,
    patience, run, wait_for,
};

const SIZE: u64 = 256 << 20;

fn library() -> Library {
    let mut library = Library::empty().with("song.mp3", &mp3(200));
    library.add_sparse("film.mp4", SIZE, &[(SIZE - 3, b"end")]);
    library
}

/// Further addresses of the near client.
fn addresses(network: &Network, count: u8) -> Vec<Ipv4Addr> {
    let all: Vec<_> = (0..count)
        .map(|n| Ipv4Addr::new(10, 91, 1, 100 + n))
        .collect();
    let lines: Vec<_> = all
        .iter()
        .map(|a| format!("addr add {a}/32 dev lan0"))
        .collect();
    Network::ip(&network.client(NEAR), &lines.join("\n"));
    all
}

/// `each` connections from each of `addresses`; those that were not refused at once.
fn crowd(network: &Network, addresses: &[Ipv4Addr], each: usize) -> Vec<TcpStream> {
    // The other tests of this program have sockets, too.
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.map_or(16_384, |most| most.min(16_384));
    if limit.current.is_some_and(|current| current < wanted) {
        let raised = Rlimit {
            current: Some(wanted),
            maximum: limit.maximum,
        };
        setrlimit(Resource::Nofile, raised).unwrap();
    }
    network.inside(NEAR, || {
        let mut all = Vec::new();
        for address in addresses {
            for _ in 0..each {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket
                    .bind(&SocketAddr::from((*address, 0)).into())
                    .unwrap();
                let to = Rill::address(NEAR);
                if socket.connect_timeout(&to.into(), patience(5)).is_ok() {
                    all.push(TcpStream::from(socket));
                }
            }
        }
        all
    })
}

fn far(rill: &Rill) -> Option<Connection> {
    Connection::try_open(rill.network(), FAR, Rill::address(FAR)).ok()
}

/// A Browse from the far side on a connection of its own; the status.
fn browse_from(rill: &Rill, side: Side) -> Option<u16> {
    let mut connection = Connection::try_open(rill.network(), side, Rill::address(side)).ok()?;
    connection.send(&browse_bytes(side));
    connection.reply().map(|reply| reply.status)
}

fn browse_bytes(side: Side) -> Vec<u8> {
    let body = envelope(
        "ContentDirectory",
        "Browse",
        &Browse::children("0").arguments(),
    );
    format!(
        "POST /control/ContentDirectory HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml\r\n\
         SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        Rill::address(side),
        body.len()
    )
    .into_bytes()
}

/// What the television does meanwhile: a film streams, and it browses. Fails if any of it goes wrong.
fn television_goes_on(rill: &Rill, stream: &mut Connection, when: &str) {
    let mut times = Vec::new();
    for _ in 0..20 {
        let begin = Instant::now();
        assert_eq!(browse_from(rill, FAR), Some(200), "{when}");
        times.push(begin.elapsed());
        assert_eq!(stream.read(1 << 18).len(), 1 << 18, "the film stops {when}");
    }
    times.sort();
    eprintln!(
        "{when}: median Browse {:?}, slowest {:?}",
        times[times.len() / 2],
        times[times.len() - 1]
    );
    let searcher = Searcher::open(rill.network(), FAR);
    wait_for(&format!("an answer to a search {when}"), 10, || {
        searcher.search("upnp:rootdevice");
        searcher.answer(Duration::from_secs(2))
    });
}

/// A film on its way to the far side.
fn film(rill: &Rill) -> Connection {
    let target = rill.find("film").target().to_owned();
    let mut stream = far(rill).unwrap();
    SockRef::from(stream.stream())
        .set_recv_buffer_size(64 << 10)
        .unwrap();
    stream.send(
        format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\n\r\n",
            Rill::address(FAR)
        )
        .as_bytes(),
    );
    assert_eq!(stream.head().unwrap().status, 200);
    stream
}

#[test]
fn two_thousand_half_open_connections_leave_the_television_alone() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let before = (rill.descriptors(), rill.anonymous_kib());
    let mut stream = film(&rill);
    assert_eq!(browse_from(&rill, FAR), Some(200));
    let many = addresses(rill.network(), 10);
    let mut half = crowd(rill.network(), &many, 220);
    assert!(half.len() >= 2000, "{} connections", half.len());
    for (number, connection) in half.iter_mut().enumerate() {
        let said: &[u8] = match number % 4 {
            0 => b"",
            1 => b"GET /description.xml HTTP/1.1\r\nHost: 10.91.1.1\r\nX: ",
            2 => b"POST /control/ContentDirectory HTTP/1.1\r\nHost: 10.91.1.1\r\nContent-Length: 4000\r\n\r\n<s:Env",
            _ => b"\r\n",
        };
        // Those that were turned away may be gone.
        let _ = connection.write_all(said);
    }
    television_goes_on(&rill, &mut stream, "beside 2,000 half-open connections");
    let held = rill.anonymous_kib();
    // Of the attackers' own addresses, none is let in by the reserve; of the television's, one more is.
    assert_eq!(browse_from(&rill, FAR), Some(200), "a second connection");
    let status = status_of(&rill);
    assert!(status.contains(" connections of "), "{status}");
    eprintln!(
        "{} KiB before, {held} KiB beside {} connections",
        before.1,
        half.len()
    );
    // They are given up: a head has 10 seconds, silence 30.
    wait_for("the crowd is sent away", 60, || {
        (rill.descriptors() <= before.0 + 4).then_some(())
    });
    drop(half);
    drop(stream);
    rill.must_give_back_all_but(before.0);
    assert!(status_of(&rill).contains("requests that did not end\""));
}

fn status_of(rill: &Rill) -> String {
    let mut connection = far(rill).unwrap();
    connection.send(
        format!(
            "GET /status.json HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            Rill::address(FAR)
        )
        .as_bytes(),
    );
    connection.reply().unwrap().text().to_owned()
}

#[test]
fn a_known_television_gets_in_where_every_place_is_taken() {
    let library = library();
    // As on a router that gives a process 256 descriptors: 80 connections.
    let Some(network) = Network::fresh() else {
        return;
    };
    let rill = Setup::new(&library)
        .through(&["prlimit", "--nofile=256:256"])
        .start_on(network);
    assert_eq!(
        browse_from(&rill, FAR),
        Some(200),
        "the television makes itself known"
    );
    let many = addresses(rill.network(), 20);
    let crowd = crowd(rill.network(), &many, 20);
    wait_for("all places are taken", 20, || {
        rill.log()
            .contains("all connections are taken")
            .then_some(())
    });
    for _ in 0..10 {
        assert_eq!(browse_from(&rill, FAR), Some(200), "a known television");
    }
    let mut stream = film(&rill);
    assert_eq!(stream.read(8 << 20).len(), 8 << 20, "it plays, too");
    let searcher = Searcher::open(rill.network(), FAR);
    searcher.search("upnp:rootdevice");
    assert!(searcher.answer(patience(8)).is_some(), "and finds rill");
    // A stranger is told so.
    let network = rill.network();
    Network::ip(&network.client(FAR), "addr add 10.91.2.77/32 dev lan0");
    let stranger = network.inside(FAR, || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket
            .bind(&SocketAddr::from(([10, 91, 2, 77], 0)).into())
            .unwrap();
        socket
            .connect_timeout(&Rill::address(FAR).into(), patience(5))
            .unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(patience(5))).unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    assert!(stranger.starts_with("HTTP/1.1 503 "), "{stranger:?}");
    assert!(rill.descriptors() <= 256);
    drop((crowd, stream));
    wait_for("strangers are let in again", 40, || {
        (browse_from(&rill, NEAR) == Some(200)).then_some(())
    });
    let status = status_of(&rill);
    assert!(status.contains("connections, all were taken\""), "{status}");
}

#[test]
fn a_known_television_subscribes_where_strangers_took_every_place() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    assert_eq!(browse_from(&rill, FAR), Some(200), "it makes itself known");
    // Eleven addresses by 24 are more than the 256 that there are; 192 of these are for everybody.
    let many = addresses(rill.network(), 11);
    let mut granted = 0;
    for (mut stream, own) in crowd(rill.network(), &many, 1).into_iter().zip(&many) {
        stream.set_read_timeout(Some(patience(10))).unwrap();
        let callback = SocketAddr::from((*own, 9));
        let status = |service| subscribe(&mut stream, Rill::address(NEAR), callback, service);
        granted += ["ContentDirectory"; 24]
            .map(status)
            .iter()
            .filter(|s| **s == 200)
            .count();
    }
    assert_eq!(granted, 192);
    let mut television = far(&rill).unwrap().stream().try_clone().unwrap();
    television.set_read_timeout(Some(patience(10))).unwrap();
    let callback = SocketAddr::from((FAR.client, 9));
    let mut ask = |service| subscribe(&mut television, Rill::address(FAR), callback, service);
    let services = [
        "ContentDirectory",
        "ConnectionManager",
        "X_MS_MediaReceiverRegistrar",
    ];
    assert_eq!(services.map(&mut ask), [200; 3]);
    let status = status_of(&rill);
    for told in [
        "195 subscriptions of 256, 3 of 64 kept for known players",
        "subscriptions, too many",
    ] {
        assert!(status.contains(told), "{status}");
    }
}

/// The status of a SUBSCRIBE over a connection that stays open.
fn subscribe(stream: &mut TcpStream, host: SocketAddr, callback: SocketAddr, service: &str) -> u16 {
    let request = format!(
        "SUBSCRIBE /event/{service} HTTP/1.1\r\nHost: {host}\r\nCALLBACK: <http://{callback}/>\r\n\
         NT: upnp:event\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split_once("content-length: ").unwrap().1;
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    stream.read_exact(&mut vec![0; length]).unwrap();
    head[9..12].parse().unwrap()
}

#[test]
fn without_a_descriptor_left_the_loop_rests_and_comes_back() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let mut stream = film(&rill);
    let now = rill.descriptors();
    let pid = rill.pid().to_string();
    let limit = |most: usize| {
        run(Command::new("prlimit").args(["--pid", &pid, &format!("--nofile={most}:4096")]));
    };
    limit(now);
    let waiting: Vec<_> = (0..20).map(|_| rill.connect()).collect();
    wait_for("it says that nobody can be accepted", 10, || {
        rill.log()
            .contains("cannot accept connections for the moment")
            .then_some(())
    });
    let begin = (Instant::now(), rill.cpu_ticks());
    assert_eq!(stream.read(4 << 20).len(), 4 << 20, "the film goes on");
    std::thread::sleep(Duration::from_secs(3));
    let (wall, ticks) = (begin.0.elapsed(), rill.cpu_ticks() - begin.1);
    assert!(
        u128::from(ticks) * 10 < wall.as_millis() / 3,
        "{ticks} ticks of 10 ms in {wall:?}: it spins"
    );
    assert_eq!(
        rill.log().matches("cannot accept connections").count(),
        1,
        "said once"
    );
    limit(1024);
    rill.must_answer("descriptors are there again");
    drop(waiting);
    assert!(
        rill.get("/status.json", &[])
            .text()
            .contains("\"times no descriptor was left\"")
    );
}

#[test]
fn slow_readers_of_listings_are_sent_away_and_hold_no_listing() {
    let mut library = Library::empty();
    library.add_sparse("film.mp4", SIZE, &[]);
    for number in 0..3000 {
        library.add(
            format!("a song with a long name so that a listing is long, number {number}.mp3"),
            &mp3(1),
        );
    }
    let Some(rill) = Setup::new(&library).expecting(0).start() else {
        return;
    };
    wait_for("the songs are listed", 30, || {
        (rill.children("0").total == 3001).then_some(())
    });
    let (before, descriptors) = (rill.anonymous_kib(), rill.descriptors());
    let mut stream = film(&rill);
    let browse = browse_bytes(NEAR);
    let slow: Vec<_> = (0..100)
        .map(|_| {
            let mut connection = rill.connect();
            SockRef::from(connection.stream())
                .set_recv_buffer_size(4096)
                .unwrap();
            connection.send(&browse);
            connection
        })
        .collect();
    television_goes_on(
        &rill,
        &mut stream,
        "beside 100 who do not read their listing",
    );
    let held = rill.anonymous_kib();
    assert!(
        held < before + 100 * 200,
        "{before} KiB before, {held} KiB beside 100 listings of a megabyte"
    );
    drop(stream);
    wait_for("they are sent away", 90, || {
        (rill.descriptors() < descriptors + 10).then_some(())
    });
    drop(slow);
}

#[test]
fn long_bodies_in_pieces_have_a_bound_together() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let mut stream = film(&rill);
    assert_eq!(browse_from(&rill, FAR), Some(200));
    let before = rill.anonymous_kib();
    let many = addresses(rill.network(), 2);
    let mut slow = crowd(rill.network(), &many, 200);
    let head = "POST /control/ContentDirectory HTTP/1.1\r\nHost: 10.91.1.1\r\nContent-Length: 65000\r\n\r\n";
    let piece = [head.as_bytes(), &vec![b' '; 60_000]].concat();
    for connection in &mut slow {
        connection.set_nonblocking(true).unwrap();
        let _ = connection.write(&piece);
    }
    television_goes_on(&rill, &mut stream, "beside 400 bodies that do not end");
    let held = rill.anonymous_kib();
    assert!(
        held < before + 16 * 1024,
        "{before} KiB before, {held} KiB beside 400 bodies of 60,000 bytes"
    );
    assert!(status_of(&rill).contains("long requests, too many at once\""));
    drop(slow);
}

#[test]
fn thirty_two_streams_at_full_speed_leave_browsing_quick() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let target = rill.find("film").target().to_owned();
    let (over, bytes) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut streams: Vec<_> = (0..32).map(|_| rill.connect()).collect();
    std::thread::scope(|scope| {
        for stream in &mut streams {
            scope.spawn(|| {
                stream.send(&Rill::request_bytes("GET", &target, &[], b""));
                let mut room = vec![0; 1 << 18];
                while !over.load(Ordering::Relaxed) {
                    match stream.stream().read(&mut room) {
                        Ok(0) | Err(_) => break,
                        Ok(count) => bytes.fetch_add(count, Ordering::Relaxed),
                    };
                }
            });
        }
        let mut times: Vec<_> = (0..100)
            .map(|_| {
                let begin = Instant::now();
                assert_eq!(browse_from(&rill, FAR), Some(200));
                begin.elapsed()
            })
            .collect();
        over.store(true, Ordering::Relaxed);
        times.sort();
        eprintln!(
            "beside 32 streams at full speed ({} MiB): median Browse {:?}, p99 {:?}",
            bytes.load(Ordering::Relaxed) >> 20,
            times[50],
            times[98]
        );
    });
    drop(streams);
    rill.must_answer("32 streams");
}

#[test]
fn a_flood_of_subscriptions_and_requests_is_bounded() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let mut stream = film(&rill);
    let before = (rill.descriptors(), rill.anonymous_kib());
    let many = addresses(rill.network(), 30);
    let mut granted = 0;
    for address in &many {
        let all = crowd(rill.network(), &[*address], 1);
        for mut connection in all {
            for port in 1..=40 {
                let request = format!(
                    "SUBSCRIBE /event/ContentDirectory HTTP/1.1\r\nHost: 10.91.1.1\r\nNT: upnp:event\r\n\
                     CALLBACK: <http://{address}:{port}/>\r\n\r\n"
                );
                connection.write_all(request.as_bytes()).unwrap();
                let mut reply = [0; 1024];
                let count = connection.read(&mut reply).unwrap();
                granted += usize::from(reply[..count].starts_with(b"HTTP/1.1 200"));
            }
        }
    }
    assert_eq!(
        granted, 192,
        "as many as strangers may have: the rest is kept for known players"
    );
    television_goes_on(&rill, &mut stream, "beside 1,200 subscriptions");
    let status = status_of(&rill);
    assert!(status.contains("subscriptions, too many\""), "{status}");
    wait_for("subscribers where nobody listens are dropped", 60, || {
        library.write(
            format!("song {}.mp3", Instant::now().elapsed().as_nanos()),
            &mp3(2),
        );
        rill.signal(rustix::process::Signal::HUP);
        std::thread::sleep(Duration::from_millis(700));
        status_of(&rill)
            .contains("; 0 subscriptions of 256")
            .then_some(())
    });
    drop(stream);
    rill.must_give_back_all_but(before.0);
    let after = rill.anonymous_kib();
    assert!(
        after <= before.1 + 2048,
        "{} KiB before, {after} KiB after",
        before.1
    );
}
