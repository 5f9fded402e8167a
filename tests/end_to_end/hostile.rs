//! Bad input from the network. The one rule everywhere: a refusal or a closed connection, and the server still answers.

use std::net::SocketAddr;
use std::time::Duration;

use crate::harness::{Browse, Connection, Library, NEAR, Reply, Rill, Searcher, mp3, patience};

pub(crate) fn serving() -> Option<(Library, Rill)> {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let rill = Rill::serving(&library)?;
    Some((library, rill))
}

/// What came back for raw bytes: a final reply, or `None` when the connection was closed without one. The sending
/// side is shut afterwards, so that nobody waits for more.
fn insult(rill: &Rill, bytes: &[u8]) -> Option<Reply> {
    let mut connection = rill.connect();
    connection.send(bytes);
    let _ = connection.stream().shutdown(std::net::Shutdown::Write);
    connection.reply()
}

/// Fails unless the bytes were refused with one of `statuses` or by closing.
pub(crate) fn refused(rill: &Rill, name: &str, bytes: &[u8], statuses: &[u16]) {
    if let Some(reply) = insult(rill, bytes) {
        assert!(
            statuses.contains(&reply.status),
            "{name}: {} {:?}",
            reply.status,
            reply.fields
        );
    }
    rill.must_answer(name);
}

/// Bytes without meaning, always the same ones (xorshift).
fn noise(seed: u64, count: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(&mut next).take(count).collect()
}

fn host() -> SocketAddr {
    Rill::address(NEAR)
}

fn get(target: &str, more: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{more}\r\n", host()).into_bytes()
}

pub(crate) fn post(more: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /control/ContentDirectory HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml\r\n\
         SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"\r\n{more}\r\n",
        host()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn noise_on_the_http_port_is_refused() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    for seed in 0..40 {
        let bytes = noise(seed, 1 << (seed % 15));
        if let Some(reply) = insult(&rill, &bytes) {
            assert!((400..600).contains(&reply.status), "{}", reply.status);
        }
    }
    rill.must_answer("noise");
    // Each prefix of something good, and then the end of the connection.
    let good = get("/description.xml", "");
    for cut in (0..good.len()).step_by(3) {
        if let Some(reply) = insult(&rill, &good[..cut]) {
            assert!(
                (400..600).contains(&reply.status),
                "{} for {cut} bytes",
                reply.status
            );
        }
    }
    rill.must_answer("cut requests");
}

#[test]
fn noise_on_the_ssdp_port_is_dropped() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let searcher = Searcher::open(rill.network(), NEAR);
    for seed in 0..60 {
        searcher.multicast(&noise(seed, usize::try_from(seed * 24).unwrap()));
    }
    let good = b"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: nothing-of-ours\r\n\r\n";
    for cut in 0..good.len() {
        searcher.multicast(&good[..cut]);
    }
    let long = format!(
        "M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {}\r\n\r\n",
        "x".repeat(8000)
    );
    searcher.multicast(long.as_bytes());
    let many = format!("M-SEARCH * HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(300));
    searcher.multicast(many.as_bytes());
    searcher.multicast(&[0; 1400]);
    assert!(
        searcher.answers(Duration::from_secs(2)).is_empty(),
        "noise was answered"
    );
    rill.must_answer("noise on port 1900");
    let asks = Searcher::open(rill.network(), NEAR);
    asks.search("upnp:rootdevice");
    assert!(
        asks.answer(patience(8)).is_some(),
        "searches are no longer answered"
    );
}

#[test]
fn too_much_has_its_own_status() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let long_field = format!("X: {}\r\n", "y".repeat(9000));
    let many_fields = "A: b\r\n".repeat(100);
    let rows = [
        (
            "a target over 4 KiB",
            get(&format!("/{}", "a".repeat(5000)), ""),
            414,
        ),
        (
            "a field over 8 KiB",
            get("/description.xml", &long_field),
            431,
        ),
        ("100 fields", get("/description.xml", &many_fields), 431),
        (
            "a body over 64 KiB",
            post("Content-Length: 65537\r\n", &vec![b' '; 65537]),
            413,
        ),
        (
            "a body announced as 1 GiB",
            post("Content-Length: 1073741824\r\n", b"x"),
            413,
        ),
        (
            "a body of 2^64 - 1",
            post("Content-Length: 18446744073709551615\r\n", b"x"),
            413,
        ),
    ];
    for (name, bytes, status) in rows {
        let reply =
            insult(&rill, &bytes).unwrap_or_else(|| panic!("{name}: closed without a word"));
        assert_eq!(reply.status, status, "{name}");
        rill.must_answer(name);
    }
    refused(
        &rill,
        "a target of 1 MiB",
        &get(&format!("/{}", "a".repeat(1 << 20)), ""),
        &[414, 431, 400],
    );
    refused(
        &rill,
        "a head of 1 MiB",
        &get("/", &"X: y\r\n".repeat(170_000)),
        &[431, 400],
    );
    let chunks = [b"ffff\r\n".to_vec(), vec![b' '; 0xFFFF], b"\r\n".to_vec()]
        .concat()
        .repeat(4);
    refused(
        &rill,
        "256 KiB in chunks",
        &post("Transfer-Encoding: chunked\r\n", &chunks),
        &[413],
    );
}

#[test]
fn lengths_that_lie_or_contradict_are_refused() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let rows: [(&str, String, &[u8]); 16] = [
        (
            "two lengths",
            "Content-Length: 5\r\nContent-Length: 6\r\n".into(),
            b"hello",
        ),
        (
            "a list of lengths",
            "Content-Length: 5, 6\r\n".into(),
            b"hello",
        ),
        (
            "length and chunked",
            format!("Content-Length: 5\r\n{chunked}"),
            b"0\r\n\r\n",
        ),
        (
            "a negative length",
            "Content-Length: -5\r\n".into(),
            b"hello",
        ),
        (
            "a length with a sign",
            "Content-Length: +5\r\n".into(),
            b"hello",
        ),
        (
            "a length in hex",
            "Content-Length: 0x5\r\n".into(),
            b"hello",
        ),
        (
            "a length over 64 bits",
            "Content-Length: 18446744073709551616\r\n".into(),
            b"hello",
        ),
        ("an empty length", "Content-Length: \r\n".into(), b"hello"),
        (
            "an unknown coding",
            "Transfer-Encoding: gzip\r\n".into(),
            b"hello",
        ),
        (
            "chunked not last",
            "Transfer-Encoding: chunked, gzip\r\n".into(),
            b"0\r\n\r\n",
        ),
        (
            "a negative chunk",
            chunked.into(),
            b"-5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            "a chunk over 64 bits",
            chunked.into(),
            b"10000000000000000\r\nhello",
        ),
        (
            "a chunk of 2^64 - 1",
            chunked.into(),
            b"ffffffffffffffff\r\nhello",
        ),
        (
            "a chunk without a size",
            chunked.into(),
            b"\r\nhello\r\n0\r\n\r\n",
        ),
        (
            "a chunk that goes on",
            chunked.into(),
            b"2\r\nhello\r\n0\r\n\r\n",
        ),
        (
            "a chunk size without end",
            chunked.into(),
            &vec![b'0'; 20_000],
        ),
    ];
    for (name, fields, body) in rows {
        refused(&rill, name, &post(&fields, body), &[400, 411, 413, 501]);
    }
}

#[test]
fn what_follows_a_refused_length_is_not_taken_for_a_request() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let smuggled = get("/description.xml", "");
    let chunked_after = post(
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n",
        &[b"0\r\n\r\n", &smuggled[..]].concat(),
    );
    let mut connection = rill.connect();
    connection.send(&chunked_after);
    let first = connection.reply().expect("a refusal");
    assert!(first.status >= 400, "{}", first.status);
    assert!(
        connection.reply().is_none(),
        "a second request was found inside the first"
    );
}

#[test]
fn targets_that_climb_or_hide_bytes_bring_nothing() {
    let Some((library, rill)) = serving() else {
        return;
    };
    let secret = b"the secret beside the library";
    std::fs::write(library.beside("secret.mp3"), secret).unwrap();
    let id = rill.find("song").id;
    let climbs = [
        "..",
        "%2e%2e",
        ".%2e",
        "..%2f",
        "%2e%2e%2f",
        "..%5c",
        "..\\",
        "%252e%252e",
        "..%00",
        "..;",
        "%c0%ae%c0%ae",
        "..%c0%af",
    ];
    let mut targets: Vec<String> = Vec::new();
    for climb in climbs {
        targets.push(format!("/media/{climb}/secret.mp3"));
        targets.push(format!("/media/{id}/{climb}/{climb}/secret.mp3"));
        targets.push(format!("/{climb}/{climb}/{climb}/etc/passwd"));
        targets.push(format!("/media/{climb}/{climb}/{climb}/{climb}/etc/passwd"));
    }
    let path = library.beside("secret.mp3");
    for target in [
        "/etc/passwd",
        "//etc/passwd",
        "/media//etc/passwd",
        "/%",
        "/%4",
        "/%zz",
        "/media/%00",
        "?",
        "*",
        "/%0d%0aX: y",
        "/\u{e9}",
    ] {
        targets.push(target.to_owned());
    }
    targets.push(format!("/media/{}", path.display()));
    targets.push(format!("/media{}", path.display()));
    targets.push(format!("/media/{id}.mp3%00.jpg"));
    for target in targets {
        if let Some(reply) = insult(&rill, &get(&target, "Connection: close\r\n")) {
            let page = target == "?";
            assert!(
                (400..500).contains(&reply.status) || page,
                "{target}: {}",
                reply.status
            );
            assert!(
                !reply
                    .body
                    .windows(secret.len())
                    .any(|bytes| bytes == secret),
                "{target}"
            );
            assert!(
                !reply.body.windows(5).any(|bytes| bytes == b"root:"),
                "{target}"
            );
            assert!(reply.field("X").is_none(), "{target} wrote a field");
        }
    }
    for raw in [
        &b"GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"GET /a\rb HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET \x7f HTTP/1.1\r\n\r\n",
    ] {
        refused(
            &rill,
            "a control character in the target",
            raw,
            &[400, 403, 404],
        );
    }
    rill.must_answer("climbing targets");
}

#[test]
fn odd_request_lines_and_fields_are_refused() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let with_line = |line: &str| {
        format!("{line}\r\nHost: {}\r\nConnection: close\r\n\r\n", host()).into_bytes()
    };
    let rows: [(&str, Vec<u8>, &[u16]); 16] = [
        (
            "an unknown method",
            with_line("FROB / HTTP/1.1"),
            &[405, 501],
        ),
        (
            "PUT",
            with_line("PUT /media/x.mp3 HTTP/1.1"),
            &[404, 405, 411, 501],
        ),
        (
            "DELETE",
            with_line("DELETE /description.xml HTTP/1.1"),
            &[405, 501],
        ),
        ("TRACE", with_line("TRACE / HTTP/1.1"), &[405, 501]),
        (
            "CONNECT",
            with_line("CONNECT 10.91.1.2:80 HTTP/1.1"),
            &[400, 404, 405, 501],
        ),
        (
            "a method of 4000 letters",
            with_line(&format!("{} / HTTP/1.1", "G".repeat(4000))),
            &[400, 405, 501],
        ),
        ("HTTP/2.0", with_line("GET / HTTP/2.0"), &[400, 505]),
        ("HTTP/9.9", with_line("GET / HTTP/9.9"), &[400, 505]),
        ("another protocol", with_line("GET / FTP/1.1"), &[400, 505]),
        ("no version", b"GET /\r\n\r\n".to_vec(), &[400, 505]),
        (
            "the preface of HTTP/2",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            &[400, 405, 501, 505],
        ),
        (
            "TLS",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            &[400],
        ),
        (
            "no Host",
            b"GET /description.xml HTTP/1.1\r\n\r\n".to_vec(),
            &[400, 403],
        ),
        (
            "two Hosts",
            get("/description.xml", "Host: other\r\n"),
            &[400, 403],
        ),
        (
            "a space before the colon",
            get("/description.xml", "Range : bytes=0-1\r\n"),
            &[400],
        ),
        (
            "a folded field",
            get("/description.xml", "X: a\r\n b\r\n"),
            &[400],
        ),
    ];
    for (name, bytes, statuses) in rows {
        refused(&rill, name, &bytes, statuses);
    }
    let allowed = insult(&rill, &with_line("DELETE /description.xml HTTP/1.1")).expect("a reply");
    assert!(
        allowed.status != 405 || allowed.field("Allow").is_some(),
        "405 without Allow"
    );
}

#[test]
fn a_foreign_host_is_403() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let song = rill.find("song");
    for target in ["/description.xml", "/", song.target()] {
        for name in [
            "evil.example",
            "evil.example:8200",
            "10.91.1.1.evil.example",
            "10.91.1.77:8200",
            "10.91.2.1:8200", // ours, but not where it was asked
            "localhost.evil",
            "[::1]:8200",
        ] {
            assert_eq!(
                rill.get(target, &[("Host", name)]).status,
                403,
                "{target} for {name}"
            );
        }
        for name in ["10.91.1.1", "10.91.1.1:8200", "10.91.1.1:80"] {
            assert_eq!(
                rill.get(target, &[("Host", name)]).status,
                200,
                "{target} for {name}"
            );
        }
    }
    let body = crate::harness::envelope(
        "ContentDirectory",
        "Browse",
        &Browse::children("0").arguments(),
    );
    let action = "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"";
    let fields = [
        ("Host", "evil.example"),
        ("SOAPACTION", action),
        ("Content-Type", "text/xml"),
    ];
    assert_eq!(
        rill.request(
            "POST",
            "/control/ContentDirectory",
            &fields,
            body.as_bytes()
        )
        .status,
        403
    );
}

#[test]
fn names_of_rill_hosts_are_answered() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(rill) = crate::harness::Setup::new(&library)
        .set("RILL_HOSTS", "media.example")
        .start()
    else {
        return;
    };
    assert_eq!(rill.get("/", &[("Host", "media.example:8200")]).status, 200);
    assert_eq!(rill.get("/", &[("Host", "other.example:8200")]).status, 403);
}

#[test]
fn peers_outside_rill_allow_are_refused() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(rill) = crate::harness::Setup::new(&library)
        .set("RILL_ALLOW", "10.91.1.0/24")
        .start()
    else {
        return;
    };
    let far = crate::harness::FAR;
    let mut connection = Connection::open(rill.network(), far, Rill::address(far));
    connection.send(
        format!(
            "GET /description.xml HTTP/1.1\r\nHost: {}\r\n\r\n",
            Rill::address(far)
        )
        .as_bytes(),
    );
    let reply = connection.reply();
    assert!(
        reply.as_ref().is_none_or(|reply| reply.status == 403),
        "{reply:?}"
    );
    rill.must_answer("a peer that may not connect");
}

#[test]
fn a_head_that_never_ends_is_given_up() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let mut slow = rill.connect();
    slow.send(b"GET /description.xml HTTP/1.1\r\nHost: ");
    let mut silent = rill.connect();
    let mut body = rill.connect();
    body.send(&post("Content-Length: 100\r\n", b"<s:Envelope"));
    rill.must_answer("three slow peers");
    // 10 seconds for a head or a body, 30 of silence; the deadline leaves room.
    for (name, connection) in [("head", &mut slow), ("body", &mut body)] {
        if let Some(reply) = connection.reply() {
            assert_eq!(reply.status, 408, "{name}");
        }
        assert!(
            connection.closes(5),
            "an unfinished {name} keeps its connection"
        );
    }
    silent.send(&get("/description.xml", "Connection: close\r\n"));
    assert_eq!(
        silent.reply().map(|reply| reply.status),
        Some(200),
        "a peer may think before its first byte"
    );
}

#[test]
fn a_head_and_a_body_that_come_byte_by_byte_are_given_up() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let head = get("/description.xml", &format!("X: {}\r\n", "y".repeat(4000)));
    let body = post("Content-Length: 4000\r\n", &vec![b' '; 4000]);
    let start = body.len() - 4000;
    std::thread::scope(|scope| {
        for (name, bytes, at) in [("head", head, 0), ("body", body, start)] {
            let rill = &rill;
            scope.spawn(move || {
                let mut connection = rill.connect();
                connection.send(&bytes[..at]);
                let end = std::time::Instant::now() + patience(30);
                // Never silent for longer than this, and never done.
                for byte in &bytes[at..] {
                    if !connection.send(&[*byte]) {
                        return;
                    }
                    assert!(
                        std::time::Instant::now() < end,
                        "a {name} may take for ever"
                    );
                    std::thread::sleep(Duration::from_millis(200));
                }
            });
        }
        rill.must_answer("a head and a body that drip");
    });
    rill.must_answer("their end");
}

#[test]
fn searches_with_monstrous_targets_are_dropped() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let searcher = Searcher::open(rill.network(), NEAR);
    let long = "A".repeat(4000);
    for st in [
        format!("uuid:{long}::urn:schemas-upnp-org:device:MediaServer:1"),
        format!("uuid:12345678-1234-1234-1234-123456789abc::urn:schemas-upnp-org:device:{long}:1"),
        format!("urn:{long}:device:MediaServer:1"),
        format!(
            "urn:schemas-upnp-org:device:MediaServer:{}",
            "9".repeat(1000)
        ),
        format!("urn:schemas-upnp-org:service:{}:1", "A".repeat(1200)),
        "urn:schemas-upnp-org:device:".to_owned(),
        "uuid:".to_owned(),
        ":::::::::".to_owned(),
        "%n%s%x%n".to_owned(),
    ] {
        searcher.search(&st);
    }
    for mx in [
        "0",
        "-1",
        "99999999999999999999",
        "abc",
        "",
        "1e3",
        "0x5",
        "1.5",
    ] {
        let search = format!(
            "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: {mx}\r\nST: nobody\r\n\r\n"
        );
        searcher.multicast(search.as_bytes());
    }
    assert!(searcher.answers(Duration::from_secs(2)).is_empty());
    searcher.search("upnp:rootdevice");
    assert!(searcher.answer(patience(8)).is_some());
    rill.must_answer("monstrous targets");
}

#[test]
fn a_flood_of_searches_does_not_stop_the_server() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let flood = Searcher::open(rill.network(), NEAR);
    for _ in 0..3000 {
        flood.search("ssdp:all");
    }
    rill.must_answer("3,000 searches");
    let far = Searcher::open(rill.network(), crate::harness::FAR);
    // The queue of answers may be full for the moment; it drains within MX.
    let answered = (0..8).any(|_| {
        far.search("upnp:rootdevice");
        far.answer(patience(2)).is_some()
    });
    assert!(answered, "another control point is never answered");
}
