//! Media over HTTP while things happen: slow readers, files that change under a stream, peers that leave.

use std::fs::{self, File};
use std::io::Write;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::harness::{Connection, Library, NEAR, Network, Rill, mp3, patience};

/// Large enough that socket buffers cannot hold it.
const SIZE: u64 = 256 << 20;

fn streaming() -> Option<(Library, Rill, String)> {
    let mut library = Library::empty().with("song.mp3", &mp3(200));
    library.add_sparse("film.mp4", SIZE, &[(SIZE - 3, b"end")]);
    let rill = Rill::serving(&library)?;
    let target = rill.find("film").target().to_owned();
    Some((library, rill, target))
}

/// A stream of `target` which has brought its head and a first few bytes, with a small receive buffer.
fn begun(rill: &Rill, target: &str) -> Connection {
    let mut stream = rill.connect();
    SockRef::from(stream.stream())
        .set_recv_buffer_size(16 << 10)
        .unwrap();
    stream.send(&Rill::request_bytes("GET", target, &[], b""));
    assert_eq!(stream.head().unwrap().status, 200);
    assert_eq!(stream.read(1000).len(), 1000);
    stream
}

/// Reads to the end of the connection; how many bytes came. Panics when it stays open.
fn drain(stream: &mut Connection) -> u64 {
    let end = Instant::now() + patience(20);
    let mut total = 1000;
    loop {
        let count = stream.read(1 << 20).len();
        total += u64::try_from(count).unwrap();
        if count < 1 << 20 {
            assert!(Instant::now() < end, "left open after {total} bytes");
            return total;
        }
    }
}

#[test]
fn slow_readers_do_not_disturb_another() {
    let Some((_library, rill, target)) = streaming() else {
        return;
    };
    let _slow = [begun(&rill, &target), begun(&rill, &target)];
    let reply = rill.get(&target, &[("Range", "bytes=1000000-68108863")]);
    assert_eq!(reply.body.len(), 67_108_864);
    assert_eq!(rill.children("0").total, 2);
}

#[test]
fn streams_at_once_are_each_exact() {
    let mut library = Library::empty();
    let content: Vec<u8> = [
        mp3(1),
        (0..500_000_u32).flat_map(u32::to_be_bytes).collect(),
    ]
    .concat();
    library.add("song.mp3", &content);
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let target = rill.find("song").target().to_owned();
    let mut streams: Vec<_> = (0..12).map(|_| rill.connect()).collect();
    for (number, stream) in streams.iter_mut().enumerate() {
        let range = format!("bytes={}-", number * 1001);
        stream.send(&Rill::request_bytes(
            "GET",
            &target,
            &[("Range", &range)],
            b"",
        ));
    }
    for (number, stream) in streams.iter_mut().enumerate() {
        assert!(
            stream.reply().unwrap().body == content[number * 1001..],
            "stream {number}"
        );
    }
}

#[test]
fn a_file_that_is_cut_short_ends_its_stream_and_nothing_else() {
    let Some((library, rill, target)) = streaming() else {
        return;
    };
    let mut stream = begun(&rill, &target);
    File::options()
        .write(true)
        .open(library.path("film.mp4"))
        .unwrap()
        .set_len(2000)
        .unwrap();
    let got = drain(&mut stream);
    assert!(got < SIZE, "{got} bytes of a file that has 2000");
    rill.must_answer("a file cut short");
    assert_eq!(
        rill.get(rill.find("song").target(), &[]).body.len(),
        200 * 417
    );
}

#[test]
fn a_file_cut_short_before_the_request_is_not_promised_whole() {
    let Some((library, rill, target)) = streaming() else {
        return;
    };
    File::options()
        .write(true)
        .open(library.path("film.mp4"))
        .unwrap()
        .set_len(2000)
        .unwrap();
    let reply = rill.get(&target, &[]);
    assert_eq!(
        reply.length(),
        Some(u64::try_from(reply.body.len()).unwrap()),
        "a length that is not kept"
    );
    assert!(reply.body.len() <= 2000);
}

#[test]
fn a_removed_file_is_played_to_its_end_or_ends() {
    let Some((library, rill, target)) = streaming() else {
        return;
    };
    let mut stream = begun(&rill, &target);
    fs::remove_file(library.path("film.mp4")).unwrap();
    assert_eq!(
        stream.read(usize::try_from(SIZE).unwrap() - 1000).len() + 1000,
        usize::try_from(SIZE).unwrap()
    );
    assert_eq!(rill.get(&target, &[]).status, 404, "a file that is gone");
    rill.must_answer("a removed file");
}

#[test]
fn a_replaced_file_never_mixes_with_the_old_one() {
    let Some((library, rill, target)) = streaming() else {
        return;
    };
    let etag = rill.head(&target, &[]).field("ETag").unwrap().to_owned();
    let mut stream = begun(&rill, &target);
    let new = library.beside("new");
    let mut file = File::create(&new).unwrap();
    file.write_all(&vec![b'N'; 1 << 20]).unwrap();
    fs::rename(&new, library.path("film.mp4")).unwrap();
    let rest = stream.read(usize::try_from(SIZE).unwrap() - 1000);
    assert!(
        !rest.contains(&b'N'),
        "bytes of the new file in the stream of the old one"
    );
    let after = rill.get(&target, &[("If-Range", &etag), ("Range", "bytes=0-9")]);
    assert_ne!(
        after.status, 206,
        "another file under the old ETag: {:?}",
        after.fields
    );
    rill.must_answer("a replaced file");
}

#[test]
fn peers_that_leave_in_mid_stream_do_no_harm() {
    let Some((_library, rill, target)) = streaming() else {
        return;
    };
    for round in 0..20 {
        let stream = begun(&rill, &target);
        if round % 2 == 0 {
            // A reset instead of an end.
            SockRef::from(stream.stream())
                .set_linger(Some(Duration::ZERO))
                .unwrap();
        }
    }
    rill.must_answer("20 peers that left");
}

#[test]
fn two_hundred_half_open_connections_do_not_stop_a_stream() {
    let Some((_library, rill, target)) = streaming() else {
        return;
    };
    let mut stream = begun(&rill, &target);
    let half: Vec<_> = (0..200)
        .map(|number| {
            let mut connection = rill.connect();
            if number % 2 == 0 {
                connection.send(b"GET /description.xml HTT");
            }
            connection
        })
        .collect();
    rill.must_answer("200 half-open connections");
    assert_eq!(
        stream.read(64 << 20).len(),
        64 << 20,
        "the stream stops beside half-open connections"
    );
    drop(half);
    rill.must_answer("their end");
}

#[test]
fn one_peer_cannot_take_every_connection() {
    let Some((_library, rill, _)) = streaming() else {
        return;
    };
    // Far more than one peer is allowed; some may be refused, by a status or a close.
    let _many: Vec<_> = (0..400)
        .filter_map(|_| Connection::try_open(rill.network(), NEAR, Rill::address(NEAR)).ok())
        .collect();
    let far = crate::harness::FAR;
    let mut other = Connection::open(rill.network(), far, Rill::address(far));
    other.send(
        format!(
            "GET /description.xml HTTP/1.1\r\nHost: {}\r\n\r\n",
            Rill::address(far)
        )
        .as_bytes(),
    );
    assert_eq!(other.reply().expect("another peer is served").status, 200);
}

#[test]
fn the_loss_of_an_interface_does_not_end_the_server() {
    let Some((_library, rill, _)) = streaming() else {
        return;
    };
    let server = rill.network().server();
    Network::ip(&server, "link set lan2 down");
    rill.must_answer("lan2 going down");
    Network::ip(
        &server,
        "link set lan2 up\naddr del 10.91.2.1/24 dev lan2\naddr add 10.91.2.1/24 brd + dev lan2",
    );
    rill.must_answer("lan2 coming back");
}
