//! Media over HTTP as a renderer fetches it (RFC 9110; DLNA Guidelines part 1-1 §7.4).

use std::fs;

use crate::harness::{
    Browse, Connection, FAR, Library, NEAR, Network, Reply, Rill, envelope, jpeg, mp3, mp4,
};

/// A film of 50,000 bytes in its `mdat`, each four of them different; the server; the film's target and bytes.
struct Played {
    film: Vec<u8>,
    target: String,
    rill: Rill,
    _library: Library,
}

impl Played {
    fn start() -> Option<Self> {
        let payload: Vec<u8> = (0..12_500_u32).flat_map(u32::to_be_bytes).collect();
        let film = mp4(60, 640, 360, &payload);
        let library = Library::empty()
            .with("film.mp4", &film)
            .with("photo.jpg", &jpeg(16, 16))
            .with("song.mp3", &mp3(20));
        let rill = Rill::serving(&library)?;
        let target = rill.find("film").target().to_owned();
        Some(Self {
            film,
            target,
            rill,
            _library: library,
        })
    }

    fn get(&self, fields: &[(&str, &str)]) -> Reply {
        self.rill.get(&self.target, fields)
    }

    fn range(&self, range: &str) -> Reply {
        self.get(&[("Range", range)])
    }

    fn whole(&self, reply: &Reply, what: &str) {
        assert_eq!(reply.status, 200, "{what}");
        assert!(
            reply.body == self.film,
            "{what}: {} of {} bytes",
            reply.body.len(),
            self.film.len()
        );
    }

    fn part(&self, reply: &Reply, first: usize, end: usize, what: &str) {
        assert_eq!(reply.status, 206, "{what}");
        assert!(
            reply.body == self.film[first..end],
            "{what}: {} other bytes",
            reply.body.len()
        );
        let range = format!("bytes {first}-{}/{}", end - 1, self.film.len());
        assert_eq!(reply.field("Content-Range"), Some(range.as_str()), "{what}");
    }
}

#[test]
fn the_whole_file_comes_with_what_a_renderer_needs_to_know() {
    let Some(played) = Played::start() else {
        return;
    };
    let reply = played.get(&[]);
    played.whole(&reply, "GET");
    assert_eq!(reply.field("Content-Type"), Some("video/mp4"));
    assert_eq!(reply.field("Accept-Ranges"), Some("bytes"));
    assert_eq!(reply.field("transferMode.dlna.org"), Some("Streaming"));
    assert!(
        reply
            .field("Date")
            .is_some_and(|date| date.ends_with(" GMT")),
        "{reply:?}"
    );
    assert!(
        reply
            .field("Server")
            .is_some_and(|server| server.contains("UPnP/1.")),
        "{reply:?}"
    );
    let item = played.rill.find("film");
    let protocol = item.res().attribute("protocolInfo").unwrap();
    let features = protocol.splitn(4, ':').nth(3);
    assert_eq!(
        reply.field("contentFeatures.dlna.org"),
        features,
        "the fourth field of protocolInfo"
    );
    for (title, kind) in [("photo", "image/jpeg"), ("song", "audio/mpeg")] {
        let reply = played.rill.get(played.rill.find(title).target(), &[]);
        assert_eq!(reply.field("Content-Type"), Some(kind));
    }
}

#[test]
fn every_form_of_one_range_brings_its_bytes() {
    let Some(played) = Played::start() else {
        return;
    };
    let length = played.film.len();
    let rows = [
        ("bytes=0-0".to_owned(), 0, 1),
        ("bytes=0-99".to_owned(), 0, 100),
        ("bytes=0-".to_owned(), 0, length),
        ("bytes=4096-".to_owned(), 4096, length),
        ("bytes=100-199".to_owned(), 100, 200),
        (format!("bytes={}-", length - 1), length - 1, length),
        (
            format!("bytes={}-{}", length - 10, length + 1000),
            length - 10,
            length,
        ),
        (format!("bytes=5-{}", u64::MAX), 5, length),
        ("bytes=7-99999999999999999999999".to_owned(), 7, length),
        ("bytes=-1".to_owned(), length - 1, length),
        ("bytes=-500".to_owned(), length - 500, length),
        (format!("bytes=-{}", length + 1), 0, length),
        ("BYTES=3-5".to_owned(), 3, 6),
    ];
    for (range, first, end) in rows {
        played.part(&played.range(&range), first, end, &range);
    }
}

#[test]
fn a_range_beyond_the_end_is_416() {
    let Some(played) = Played::start() else {
        return;
    };
    let length = played.film.len();
    for range in [
        format!("bytes={length}-"),
        format!("bytes={}-{}", length + 5, length + 9),
        "bytes=-0".to_owned(),
        format!("bytes={}-", u64::MAX),
    ] {
        let reply = played.range(&range);
        assert_eq!(reply.status, 416, "{range}");
        assert_eq!(
            reply.field("Content-Range"),
            Some(format!("bytes */{length}").as_str()),
            "{range}"
        );
        assert!(reply.body.len() < 1000, "{range}");
    }
}

#[test]
fn a_range_that_is_none_is_ignored() {
    let Some(played) = Played::start() else {
        return;
    };
    for range in [
        "bytes=9-5",
        "bytes=a-b",
        "bytes",
        "bytes=",
        "items=0-5",
        "bytes=--5",
        "bytes=0x10-0x20",
        "bytes=-",
        "seconds=1-2",
        "bytes=1-2-3",
    ] {
        let reply = played.range(range);
        if reply.status != 400 {
            played.whole(&reply, range);
        }
    }
}

#[test]
fn several_ranges_come_as_multipart() {
    let Some(played) = Played::start() else {
        return;
    };
    let reply = played.range("bytes=0-9, 1000-1999,-5");
    assert_eq!(reply.status, 206);
    let kind = reply.field("Content-Type").unwrap();
    let boundary = kind
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap_or_else(|| panic!("{kind}"))
        .trim_matches('"');
    let length = played.film.len();
    let mut expected = Vec::new();
    for (first, end) in [(0, 10), (1000, 2000), (length - 5, length)] {
        let range = format!("bytes {first}-{}/{length}", end - 1);
        let part = part(&reply.body, boundary, &range).unwrap_or_else(|| panic!("no part {range}"));
        assert!(part.starts_with(&played.film[first..end]), "{range}");
        assert!(
            part[end - first..].starts_with(format!("\r\n--{boundary}").as_bytes()),
            "{range} is longer than it says"
        );
        expected.push(range);
    }
    assert!(
        reply
            .body
            .ends_with(format!("--{boundary}--\r\n").as_bytes())
            || reply.body.ends_with(format!("--{boundary}--").as_bytes())
    );

    let one = played.range(&format!("bytes=5-9, {}-", length + 7));
    played.part(&one, 5, 10, "one of two is satisfiable: no multipart");
}

#[test]
fn a_thousand_ranges_do_not_make_a_thousand_bodies() {
    let Some(played) = Played::start() else {
        return;
    };
    let range = format!("bytes={}", ["0-"; 1000].join(","));
    let reply = played.range(&range);
    assert!(
        reply.body.len() < 2 * played.film.len(),
        "{} bytes",
        reply.body.len()
    );
}

#[test]
fn validators_give_304_and_412() {
    let Some(played) = Played::start() else {
        return;
    };
    let reply = played.get(&[]);
    let etag = reply.field("ETag").unwrap().to_owned();
    let date = reply.field("Last-Modified").unwrap().to_owned();
    let old = "Thu, 01 Jan 1970 00:00:00 GMT";
    let listed = format!("\"other\", {etag}");
    let rows = [
        ("If-None-Match", etag.as_str(), 304),
        ("If-None-Match", listed.as_str(), 304),
        ("If-None-Match", "*", 304),
        ("If-None-Match", "\"other\"", 200),
        ("If-Modified-Since", date.as_str(), 304),
        ("If-Modified-Since", old, 200),
        ("If-Modified-Since", "yesterday", 200),
        ("If-Match", etag.as_str(), 200),
        ("If-Match", "*", 200),
        ("If-Match", "\"other\"", 412),
        ("If-Unmodified-Since", date.as_str(), 200),
        ("If-Unmodified-Since", old, 412),
    ];
    for (name, value, status) in rows {
        let reply = played.get(&[(name, value)]);
        assert_eq!(reply.status, status, "{name}: {value}");
        if status == 304 {
            assert_eq!(reply.field("ETag"), Some(etag.as_str()));
            assert_eq!(
                played.rill.head(&played.target, &[(name, value)]).status,
                304,
                "HEAD {name}"
            );
        }
    }
}

#[test]
fn if_range_with_another_version_sends_the_whole() {
    let Some(played) = Played::start() else {
        return;
    };
    let etag = played.get(&[]).field("ETag").unwrap().to_owned();
    let asked = |value: &str| played.get(&[("Range", "bytes=0-9"), ("If-Range", value)]);
    played.part(&asked(&etag), 0, 10, "the ETag of now");
    played.whole(&asked("\"other\""), "another ETag");
    played.whole(&asked(&format!("W/{etag}")), "a weak one never matches");
    played.whole(&asked("Thu, 01 Jan 1970 00:00:00 GMT"), "another date");
}

#[test]
fn head_is_get_without_the_body() {
    let Some(played) = Played::start() else {
        return;
    };
    for fields in [
        &[][..],
        &[("getcontentFeatures.dlna.org", "1")],
        &[("transferMode.dlna.org", "Background")],
    ] {
        let steady = |reply: Reply| -> Vec<_> {
            let changing = ["date", "connection"];
            reply
                .fields
                .into_iter()
                .filter(|(name, _)| !changing.contains(&name.to_lowercase().as_str()))
                .collect()
        };
        let (get, head) = (played.get(fields), played.rill.head(&played.target, fields));
        assert_eq!(get.status, head.status);
        assert_eq!(steady(get), steady(head), "{fields:?}");
    }
}

#[test]
fn http_1_0_is_answered_and_closed() {
    let Some(played) = Played::start() else {
        return;
    };
    for (fields, status) in [("", 200), ("Range: bytes=10-19\r\n", 206)] {
        let mut connection = played.rill.connect();
        connection.send(format!("GET {} HTTP/1.0\r\n{fields}\r\n", played.target).as_bytes());
        let reply = connection.reply().unwrap();
        assert_eq!(reply.status, status);
        let expected = if status == 200 {
            &played.film[..]
        } else {
            &played.film[10..20]
        };
        assert!(reply.body == expected);
        assert!(connection.closes(5), "left open");
    }
}

#[test]
fn a_connection_is_kept_for_more_requests() {
    let Some(played) = Played::start() else {
        return;
    };
    let mut connection = played.rill.connect();
    for round in 0..3 {
        connection.send(&Rill::request_bytes("GET", &played.target, &[], b""));
        played.whole(&connection.reply().unwrap(), &format!("request {round}"));
        connection.send(&Rill::request_bytes("HEAD", &played.target, &[], b""));
        assert_eq!(connection.head().unwrap().status, 200);
        connection.send(&Rill::request_bytes("GET", "/nothing", &[], b""));
        assert_eq!(connection.reply().unwrap().status, 404);
    }
    connection.send(&Rill::request_bytes(
        "GET",
        &played.target,
        &[("Connection", "close")],
        b"",
    ));
    let last = connection.reply().unwrap();
    assert!(
        last.field("Connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close")),
        "{:?}",
        last.fields
    );
    assert!(connection.closes(5), "left open");
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let Some(played) = Played::start() else {
        return;
    };
    let mut connection = played.rill.connect();
    let ranges: Vec<_> = (0..8)
        .map(|number| format!("bytes={0}-{0}", number * 100))
        .collect();
    let requests: Vec<_> = ranges
        .iter()
        .map(|range| Rill::request_bytes("GET", &played.target, &[("Range", range)], b""))
        .collect();
    connection.send(&requests.concat());
    for (number, range) in ranges.iter().enumerate() {
        let reply = connection
            .reply()
            .unwrap_or_else(|| panic!("no answer to {range}"));
        played.part(&reply, number * 100, number * 100 + 1, range);
    }
}

#[test]
fn a_request_in_single_bytes_is_understood() {
    let Some(played) = Played::start() else {
        return;
    };
    let mut connection = played.rill.connect();
    for byte in Rill::request_bytes("GET", &played.target, &[("Range", "bytes=1-3")], b"") {
        assert!(connection.send(&[byte]));
    }
    played.part(&connection.reply().unwrap(), 1, 4, "one byte at a time");
}

#[test]
fn dlna_fields_are_obeyed() {
    let Some(played) = Played::start() else {
        return;
    };
    let photo = played.rill.find("photo").target().to_owned();
    let rows = [
        (&played.target, "transferMode.dlna.org", "Streaming", 200),
        (&played.target, "transferMode.dlna.org", "Background", 200),
        (&photo, "transferMode.dlna.org", "Interactive", 200),
        (&photo, "transferMode.dlna.org", "Background", 200),
        (&photo, "transferMode.dlna.org", "Streaming", 406),
        (&played.target, "transferMode.dlna.org", "Interactive", 406),
        (&played.target, "transferMode.dlna.org", "Fast", 400),
        (&played.target, "getcontentFeatures.dlna.org", "1", 200),
        (&played.target, "getcontentFeatures.dlna.org", "0", 400),
        (&played.target, "getcontentFeatures.dlna.org", "yes", 400),
        (
            &played.target,
            "realTimeInfo.dlna.org",
            "DLNA.ORG_TLAG=*",
            200,
        ),
    ];
    for (target, name, value, status) in rows {
        let reply = played.rill.head(target, &[(name, value)]);
        assert_eq!(reply.status, status, "{target} {name}: {value}");
        if name.starts_with("transfer") && status == 200 {
            assert_eq!(reply.field("transferMode.dlna.org"), Some(value));
        }
    }
    let default = played.rill.head(&photo, &[]);
    assert_eq!(default.field("transferMode.dlna.org"), Some("Interactive"));
}

#[test]
fn the_far_network_gets_the_same_file_by_its_own_address() {
    let Some(played) = Played::start() else {
        return;
    };
    let host = Rill::address(FAR);
    let mut connection = Connection::open(played.rill.network(), FAR, host);
    connection.send(format!("GET {} HTTP/1.1\r\nHost: {host}\r\n\r\n", played.target).as_bytes());
    played.whole(&connection.reply().unwrap(), "from the far side");
}

/// Segments with data that the server sent on this connection, as the kernel counts them.
fn segments_sent(rill: &Rill, connection: &Connection) -> u32 {
    let port = connection.stream().local_addr().unwrap().port();
    let output = Network::command(&rill.network().server(), "ss")
        .args(["-tinH", "dport", "=", &format!(":{port}")])
        .output()
        .unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    let count = told.split("data_segs_out:").nth(1);
    count.map_or(0, |rest| {
        rest.split_whitespace().next().unwrap().parse().unwrap()
    })
}

#[test]
fn a_small_reply_leaves_in_one_segment() {
    let Some(played) = Played::start() else {
        return;
    };
    let rill = &played.rill;
    let get =
        |target: &str, fields: &[(&str, &str)]| Rill::request_bytes("GET", target, fields, b"");
    let id = rill.find("film").id;
    let browse = envelope(
        "ContentDirectory",
        "Browse",
        &Browse::metadata(&id).arguments(),
    );
    let action = "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"";
    let fields = [("Content-Type", "text/xml"), ("SOAPACTION", action)];
    let browse = Rill::request_bytes(
        "POST",
        "/control/ContentDirectory",
        &fields,
        browse.as_bytes(),
    );
    let target = played.target.as_str();
    for (what, request, status) in [
        ("health", get("/health", &[]), 200),
        ("nothing", get("/none", &[]), 404),
        (
            "a part of a file",
            get(target, &[("Range", "bytes=100-599")]),
            206,
        ),
        ("an object", browse, 200),
    ] {
        let mut connection = Connection::open(rill.network(), NEAR, Rill::address(NEAR));
        // A loaded machine may send a segment twice: of several tries one is what the server does.
        let tries = (0..4).map(|_| {
            let before = segments_sent(rill, &connection);
            connection.send(&request);
            let reply = connection.reply().unwrap();
            assert_eq!(reply.status, status, "{what}");
            assert!(reply.body.len() < 1200, "{what}: {}", reply.body.len());
            segments_sent(rill, &connection) - before
        });
        assert_eq!(tries.min(), Some(1), "{what}");
    }
}

#[test]
fn offsets_beyond_4_gib_are_exact() {
    const SIZE: u64 = 5 << 30;
    let mut library = Library::empty();
    library.add_sparse(
        "big.mp4",
        SIZE,
        &[
            ((1 << 32) - 4, b"straddle"),
            ((1 << 31) - 2, b"half"),
            (SIZE - 3, b"end"),
        ],
    );
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let item = rill.find("big");
    assert_eq!(item.res().attribute("size"), Some("5368709120"));
    let target = item.target();
    assert_eq!(rill.head(target, &[]).length(), Some(SIZE));
    let rows = [
        (
            "bytes=4294967292-4294967299",
            &b"straddle"[..],
            "bytes 4294967292-4294967299/5368709120",
        ),
        (
            "bytes=2147483646-2147483649",
            b"half",
            "bytes 2147483646-2147483649/5368709120",
        ),
        (
            "bytes=5368709117-",
            b"end",
            "bytes 5368709117-5368709119/5368709120",
        ),
        ("bytes=-3", b"end", "bytes 5368709117-5368709119/5368709120"),
    ];
    for (range, bytes, content_range) in rows {
        let reply = rill.get(target, &[("Range", range)]);
        assert_eq!((reply.status, &reply.body[..]), (206, bytes), "{range}");
        assert_eq!(reply.field("Content-Range"), Some(content_range));
    }
    assert_eq!(
        rill.get(target, &[("Range", "bytes=5368709120-")]).status,
        416
    );
    // Much more than one slice, over the boundary.
    let reply = rill.get(target, &[("Range", "bytes=4290772992-4299161599")]);
    assert_eq!(reply.body.len(), 8 << 20);
    assert_eq!(&reply.body[(4 << 20) - 4..(4 << 20) + 4], b"straddle");
}

#[test]
fn captions_beside_a_film_are_told_and_served() {
    let library = Library::empty().with("film.mp4", &mp4(60, 640, 360, b"x"));
    let text = b"1\n00:00:00,500 --> 00:00:01,500\nHello\n";
    library.write("film.srt", text);
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let film = rill.find("film");
    let reply = rill.get(
        film.target(),
        &[("getCaptionInfo.sec", "1"), ("Range", "bytes=0-0")],
    );
    let url = reply
        .field("CaptionInfo.sec")
        .expect("CaptionInfo.sec")
        .to_owned();
    let path = url
        .strip_prefix(&format!("http://{}", Rill::address(NEAR)))
        .unwrap_or_else(|| panic!("{url}"));
    let caption = rill.get(path, &[]);
    assert_eq!((caption.status, &caption.body[..]), (200, &text[..]));
    assert_eq!(rill.children("0").total, 1, "a caption is no item");
}

#[test]
fn what_is_not_there_is_404_and_icons_are() {
    let Some(played) = Played::start() else {
        return;
    };
    for target in [
        "/nothing",
        "/media/ffffffffffffffff.mp4",
        "/media/",
        "/media/0.mp4",
        "/icon/1.png",
        "/scpd/Nothing.xml",
    ] {
        assert_eq!(played.rill.get(target, &[]).status, 404, "{target}");
    }
    let icon = played.rill.get("/icon/48.png", &[]);
    assert_eq!(
        (icon.status, icon.field("Content-Type")),
        (200, Some("image/png"))
    );
    assert!(icon.body.starts_with(b"\x89PNG"));
    for service in ["ContentDirectory", "ConnectionManager"] {
        assert!(
            played
                .rill
                .get(&format!("/scpd/{service}.xml"), &[])
                .text()
                .contains("<scpd")
        );
    }
    let page = played.rill.get("/", &[]);
    assert_eq!(page.status, 200);
    assert!(
        page.field("Content-Type")
            .is_some_and(|kind| kind.starts_with("text/html")),
        "{:?}",
        page.fields
    );
}

#[test]
fn a_file_s_date_is_its_modification_time() {
    let library = Library::empty().with("song.mp3", &mp3(5));
    let file = fs::File::options()
        .write(true)
        .open(library.path("song.mp3"))
        .unwrap();
    // 1994-11-06T08:49:37Z, the date of RFC 9110's examples.
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(784_111_777))
        .unwrap();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let reply = rill.head(rill.find("song").target(), &[]);
    assert_eq!(
        reply.field("Last-Modified"),
        Some("Sun, 06 Nov 1994 08:49:37 GMT")
    );
}

/// What follows the head of the part with this Content-Range.
fn part<'a>(body: &'a [u8], boundary: &str, range: &str) -> Option<&'a [u8]> {
    let find = |bytes: &[u8], text: &str| {
        bytes
            .windows(text.len())
            .position(|window| window == text.as_bytes())
    };
    let field = find(body, &format!("Content-Range: {range}\r\n"))
        .or_else(|| find(body, &format!("content-range: {range}\r\n")))?;
    find(&body[..field], &format!("--{boundary}\r\n"))?;
    let head = &body[field..];
    Some(&head[find(head, "\r\n\r\n")? + 4..])
}
