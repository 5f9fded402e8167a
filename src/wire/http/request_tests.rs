//! `request.rs`: what control points send, what attackers send, and every prefix of both.

use std::net::Ipv4Addr;

use super::*;
use crate::wire::url::Host;

fn head(bytes: &[u8]) -> Head<'_> {
    match parse(bytes) {
        Ok(Parsed::Done { head, used }) => {
            assert_eq!(used, bytes.len());
            head
        }
        other => panic!("{}: {other:?}", String::from_utf8_lossy(bytes)),
    }
}

fn error(bytes: &[u8]) -> Error {
    match parse(bytes) {
        Err(error) => error,
        other => panic!("{}: {other:?}", String::from_utf8_lossy(bytes)),
    }
}

/// A GET with these field lines and a `Host`.
fn with(lines: &str) -> Vec<u8> {
    format!("GET /x HTTP/1.1\r\nHost: h\r\n{lines}\r\n").into_bytes()
}

const BROWSE: &[u8] = b"POST /ctl/ContentDir?a=1 HTTP/1.1\r\n\
    HOST: 192.168.1.20:8200\r\n\
    CONTENT-LENGTH: 438\r\n\
    Content-Type: text/xml; charset=\"utf-8\"\r\n\
    SoapAction:   \"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\" \t\r\n\
    X-Unknown: 1\r\n\
    EXPECT: 100-Continue\r\n\
    uSER-aGENT:\r\n\r\n";

#[test]
fn a_browse_is_read_whole() {
    let head = head(BROWSE);
    let host = Host::V4(Ipv4Addr::new(192, 168, 1, 20));
    let port = Some(8200);
    assert_eq!(
        head,
        Head {
            method: Method::Post,
            target: Target {
                path: "/ctl/ContentDir",
                query: Some("a=1"),
                authority: None
            },
            version: Version::Http11,
            authority: Some(Authority { host, port }),
            fields: Fields {
                host: Some(b"192.168.1.20:8200"),
                content_length: Some(b"438"),
                content_type: Some(b"text/xml; charset=\"utf-8\""),
                soapaction: Some(b"\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\""),
                expect: Some(b"100-Continue"),
                user_agent: Some(b""),
                ..Fields::default()
            },
            framing: Framing::Length(438),
            keep_alive: true,
            expects_continue: true,
        }
    );
}

#[test]
fn every_prefix_is_incomplete_and_what_follows_is_left_alone() {
    for good in [
        BROWSE,
        b"\r\n\n\r\nGET //a HTTP/1.0\n\n",
        &with("Range: bytes=0-\r\n"),
    ] {
        for cut in 0..good.len() {
            assert_eq!(parse(&good[..cut]), Ok(Parsed::Incomplete), "cut at {cut}");
        }
        let more = [good, b"\0\xff rubbish"].concat();
        assert!(matches!(parse(&more), Ok(Parsed::Done { used, .. }) if used == good.len()));
    }
}

#[test]
fn every_changed_byte_is_answered_not_feared() {
    for at in 0..BROWSE.len() {
        for byte in [0, b'\r', b'\n', b' ', b':', b'9', 0x7f, 0xff] {
            let mut bytes = BROWSE.to_vec();
            bytes[at] = byte;
            if let Ok(Parsed::Done { used, .. }) = parse(&bytes) {
                assert!(used <= bytes.len());
            }
        }
    }
}

#[test]
fn methods_are_told_apart_by_case() {
    for (name, method) in [
        ("GET", Method::Get),
        ("HEAD", Method::Head),
        ("OPTIONS", Method::Options),
        ("SUBSCRIBE", Method::Subscribe),
        ("UNSUBSCRIBE", Method::Unsubscribe),
        ("NOTIFY", Method::Notify),
        ("M-POST", Method::MPost),
        ("get", Method::Other("get")),
        ("DELETE", Method::Other("DELETE")),
    ] {
        let bytes = format!("{name} / HTTP/1.0\r\n\r\n");
        assert_eq!(head(bytes.as_bytes()).method, method);
        assert_eq!(method.as_str(), name);
    }
}

#[test]
fn versions_are_served_as_1_0_or_1_1_or_refused() {
    let line = |version: &str| format!("GET /x {version}\r\nHost: h\r\n\r\n");
    assert_eq!(head(line("HTTP/1.0").as_bytes()).version, Version::Http10);
    for version in ["HTTP/1.1", "HTTP/1.2", "HTTP/1.9"] {
        assert_eq!(head(line(version).as_bytes()).version, Version::Http11);
    }
    for version in ["HTTP/2.0", "HTTP/3.7", "HTTP/0.9"] {
        assert_eq!(error(line(version).as_bytes()), Error::Version);
    }
    for version in [
        "HTTP/11",
        "FOO/1.1",
        "http/1.1",
        "HTTP/1.1 ",
        "HTTP/1.x",
        "HTTP/1",
        "HTTP/1.10",
        "",
        " HTTP/1.1",
    ] {
        assert_eq!(
            error(line(version).as_bytes()),
            Error::RequestLine,
            "{version}"
        );
    }
    assert_eq!(error(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Error::Version);
    assert_eq!(error(b"GET /x\r\n"), Error::RequestLine); // HTTP/0.9
    assert_eq!(Error::Version.status(), Status::VersionNotSupported);
}

#[test]
fn rubbish_is_told_by_its_first_bytes() {
    for bad in [
        &b"\x16\x03\x01\x02\x00"[..], // a TLS greeting
        b"\0",
        b" GET /",
        b"\rGET",
        b"G\tT",
        b"\n\r\xff",
        b"{\"jsonrpc\"",
    ] {
        assert_eq!(error(bad), Error::RequestLine, "{bad:?}");
    }
}

#[test]
fn targets_are_paths_or_http_urls() {
    let bytes =
        |method: &str, target: &str| format!("{method} {target} HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(head(bytes("GET", "//x?y").as_bytes()).target.path, "/x");
    assert_eq!(head(bytes("OPTIONS", "*").as_bytes()).target.path, "*");
    assert_eq!(
        head(bytes("GET", "/caf\u{e9}").as_bytes()).target.path,
        "/caf\u{e9}"
    );
    for (method, target) in [
        ("GET", "*"),
        ("M-SEARCH", "*"),
        ("GET", "x"),
        ("CONNECT", "h:80"),
        ("GET", "https://h/"),
        ("GET", "/a\tb"),
        ("GET", "/a\x7f"),
        ("GET", "/a\rb"),
        ("GET", "http://a@b/x"),
    ] {
        assert_eq!(
            error(bytes(method, target).as_bytes()),
            Error::Target,
            "{method} {target}"
        );
    }
    assert_eq!(
        error(b"GET /\xff HTTP/1.1\r\nHost: h\r\n\r\n"),
        Error::Target
    );
    assert_eq!(error(bytes("GET", "/a b").as_bytes()), Error::RequestLine);
}

#[test]
fn an_absolute_target_takes_the_place_of_host() {
    let bytes = b"GET http://10.0.0.1:81/x HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    let host = Host::V4(Ipv4Addr::new(10, 0, 0, 1));
    assert_eq!(
        head(bytes).authority,
        Some(Authority {
            host,
            port: Some(81)
        })
    );
    assert_eq!(error(b"GET http://h/x HTTP/1.1\r\n\r\n"), Error::Host);
    assert_eq!(
        error(b"GET http://h/x HTTP/1.1\r\nHost: a b\r\n\r\n"),
        Error::Host
    );
}

#[test]
fn host_is_required_single_and_well_formed() {
    assert_eq!(head(b"GET / HTTP/1.0\r\n\r\n").authority, None);
    assert_eq!(error(b"GET / HTTP/1.1\r\n\r\n"), Error::Host);
    assert_eq!(error(b"GET / HTTP/1.1\r\nHost:\r\n\r\n"), Error::Host);
    assert_eq!(error(b"GET / HTTP/1.1\r\nHost: a b c\r\n\r\n"), Error::Host);
    assert_eq!(error(b"GET / HTTP/1.0\r\nHost: a@b\r\n\r\n"), Error::Host);
    assert_eq!(error(&with("Host: h\r\n")), Error::Repeated); // even the same
}

#[test]
fn field_lines_that_two_readers_could_read_differently_are_refused() {
    for bad in [
        "Range : bytes=0-1\r\n", // blank before the colon
        "Range\t: bytes=0-1\r\n",
        " Range: bytes=0-1\r\n", // folded onto the line before
        "A: 1\r\n folded\r\n",
        "A: 1\r\n\tfolded\r\n",
        ": no name\r\n",
        "no colon\r\n",
        "A: a\0b\r\n",
        "A: a\x08b\r\n",
        "A: a\x7fb\r\n",
        "A: a\rb\r\n", // a lone CR
        "A(b): 1\r\n",
        "Caf\u{e9}: 1\r\n",
    ] {
        assert_eq!(error(&with(bad)), Error::Field, "{bad:?}");
    }
    assert_eq!(Error::Field.status(), Status::BadRequest);
    assert_eq!(
        head(&with("User-Agent: caf\u{e9}\tx\r\n"))
            .fields
            .user_agent,
        Some("caf\u{e9}\tx".as_bytes())
    );
}

#[test]
fn bare_line_feeds_end_lines_too() {
    let head = head(b"\nGET /x HTTP/1.1\nHost: h\nRange:bytes=0-1\n\n");
    assert_eq!(head.fields.range, Some(&b"bytes=0-1"[..]));
}

#[test]
fn every_field_of_the_table_is_found_in_any_case() {
    for name in NAMES {
        let value = if *name == "host" { "h" } else { "1" };
        let mut line = format!("{}: {value}\r\n", name.to_uppercase());
        if matches!(*name, "expect" | "transfer-encoding") {
            continue; // have values of their own, see below
        }
        if *name != "host" {
            line.push_str("Host: h\r\n");
        }
        let bytes = format!("GET / HTTP/1.1\r\n{line}\r\n").into_bytes();
        let mut fields = head(&bytes).fields;
        let slot = fields.slot(name).map(|(slot, _)| *slot);
        assert_eq!(slot, Some(Some(value.as_bytes())), "{name}");
        assert_eq!(**name, name.to_lowercase());
    }
}

#[test]
fn repeated_fields_count_once_or_are_refused() {
    for bad in [
        "Range: bytes=0-1\r\nRange: bytes=0-1\r\n",
        "SID: a\r\nsid: b\r\n",
    ] {
        assert_eq!(error(&with(bad)), Error::Repeated, "{bad}");
    }
    let bytes = with("User-Agent: a\r\nUser-Agent: b\r\nSID: s\r\nSID: s\r\n");
    assert_eq!(head(&bytes).fields.user_agent, Some(&b"a"[..]));
}

#[test]
fn the_length_of_the_body_is_certain_or_refused() {
    for (lines, framing) in [
        ("", Framing::None),
        ("Content-Length: 0\r\n", Framing::Length(0)),
        ("Content-Length: 007\r\n", Framing::Length(7)),
        (
            "Content-Length: 18446744073709551615\r\n",
            Framing::Length(u64::MAX),
        ),
        (
            "Content-Length: 5\r\ncontent-length:5\r\n",
            Framing::Length(5),
        ),
        ("Transfer-Encoding: Chunked\r\n", Framing::Chunked),
    ] {
        assert_eq!(head(&with(lines)).framing, framing, "{lines}");
    }
    for (lines, why) in [
        ("Content-Length: -1\r\n", Error::Length),
        ("Content-Length: +1\r\n", Error::Length),
        ("Content-Length: 1 1\r\n", Error::Length),
        ("Content-Length: 0x1\r\n", Error::Length),
        ("Content-Length: 5, 5\r\n", Error::Length),
        ("Content-Length:\r\n", Error::Length),
        (
            "Content-Length: 18446744073709551616\r\n",
            Error::LengthTooLarge,
        ),
        (
            "Content-Length: 5\r\nContent-Length: 6\r\n",
            Error::Repeated,
        ),
        (
            "Content-Length: 5\r\nContent-Length: 05\r\n",
            Error::Repeated,
        ),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            Error::Repeated,
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            Error::Framing,
        ),
        (
            "Transfer-Encoding: gzip, chunked\r\n",
            Error::TransferCoding,
        ),
        ("Transfer-Encoding: identity\r\n", Error::TransferCoding),
        (
            "Transfer-Encoding: chunked, chunked\r\n",
            Error::TransferCoding,
        ),
        ("Transfer-Encoding: xchunked\r\n", Error::TransferCoding),
        ("Transfer-Encoding:\r\n", Error::TransferCoding),
    ] {
        assert_eq!(error(&with(lines)), why, "{lines}");
    }
    let http10 = b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(error(http10), Error::Framing);
    assert_eq!(Error::LengthTooLarge.status(), Status::ContentTooLarge);
    assert_eq!(Error::TransferCoding.status(), Status::NotImplemented);
}

#[test]
fn connections_are_kept_by_version_and_wish() {
    for (version, lines, kept) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: TE, Close\r\n", false),
        (
            "1.1",
            "Connection: keep-alive\r\nConnection: close\r\n",
            false,
        ),
        ("1.1", "Connection: Keep-Alive\r\n", true),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let bytes = format!("GET / HTTP/{version}\r\nHost: h\r\n{lines}\r\n");
        assert_eq!(head(bytes.as_bytes()).keep_alive, kept, "{version} {lines}");
    }
}

#[test]
fn a_body_is_waited_for_only_where_there_is_one() {
    for (version, lines, waits) in [
        ("1.1", "Content-Length: 5\r\n", true),
        ("1.1", "Transfer-Encoding: chunked\r\n", true),
        ("1.1", "Content-Length: 0\r\n", false),
        ("1.1", "", false),
        ("1.0", "Content-Length: 5\r\n", false),
    ] {
        let bytes =
            format!("POST / HTTP/{version}\r\nHost: h\r\nExpect: 100-continue\r\n{lines}\r\n");
        assert_eq!(
            head(bytes.as_bytes()).expects_continue,
            waits,
            "{version} {lines}"
        );
    }
    assert_eq!(error(&with("Expect: the worst\r\n")), Error::Expectation);
    assert_eq!(Error::Expectation.status(), Status::ExpectationFailed);
}

#[test]
fn a_target_too_long_is_told_before_its_end() {
    let target = |bytes| format!("GET /{}", "a".repeat(bytes - 1));
    let fits = target(limits::TARGET_BYTES);
    assert_eq!(parse(fits.as_bytes()), Ok(Parsed::Incomplete));
    let whole = format!("{fits} HTTP/1.0\r\n\r\n");
    assert_eq!(
        head(whole.as_bytes()).target.path.len(),
        limits::TARGET_BYTES
    );
    for bytes in [limits::TARGET_BYTES + 1, limits::HEAD_BYTES, 65536] {
        assert_eq!(error(target(bytes).as_bytes()), Error::TargetTooLong);
    }
    assert_eq!(Error::TargetTooLong.status(), Status::UriTooLong);
}

#[test]
fn a_head_may_fill_its_limit_and_no_more() {
    let bytes = |total: usize| {
        let fixed = with("X: \r\n").len();
        with(&format!("X: {}\r\n", "y".repeat(total - fixed)))
    };
    head(&bytes(limits::HEAD_BYTES));
    assert_eq!(error(&bytes(limits::HEAD_BYTES + 1)), Error::HeadTooLong);
    // before it is complete, and however much has arrived at once
    let endless = bytes(limits::HEAD_BYTES * 2);
    assert_eq!(
        parse(&endless[..limits::HEAD_BYTES - 1]),
        Ok(Parsed::Incomplete)
    );
    assert_eq!(error(&endless[..limits::HEAD_BYTES]), Error::HeadTooLong);
    assert_eq!(error(&endless), Error::HeadTooLong);
    // a method without an end, and nothing but empty lines
    assert_eq!(error(&vec![b'A'; limits::HEAD_BYTES]), Error::HeadTooLong);
    assert_eq!(
        error(&b"\r\n".repeat(limits::HEAD_BYTES)),
        Error::HeadTooLong
    );
    assert_eq!(Error::HeadTooLong.status(), Status::HeaderFieldsTooLarge);
}

#[test]
fn header_fields_are_counted() {
    let lines = |count: usize| with(&"X: y\r\n".repeat(count - 1));
    head(&lines(limits::HEADER_FIELDS));
    let over = lines(limits::HEADER_FIELDS + 1);
    assert_eq!(error(&over), Error::TooManyFields);
    assert_eq!(error(&over[..over.len() - 2]), Error::TooManyFields); // not yet complete
}

#[test]
fn a_head_stays_small_enough_to_live_in_a_connection() {
    assert!(
        size_of::<Head<'_>>() <= 672,
        "{} bytes",
        size_of::<Head<'_>>()
    );
}
