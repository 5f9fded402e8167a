//! `url.rs`: targets, encodings, hosts, and what pretends to be one.

use super::*;

fn split(target: &str) -> Result<(&str, Option<&str>), Error> {
    Target::parse(target).map(|target| (target.path, target.query))
}

#[test]
fn targets_split_at_the_first_question_mark() {
    assert_eq!(split("/x"), Ok(("/x", None)));
    assert_eq!(split("/x?y=1?z"), Ok(("/x", Some("y=1?z"))));
    assert_eq!(split("/?"), Ok(("/", Some(""))));
    assert_eq!(split("*"), Ok(("*", None)));
}

#[test]
fn leading_slashes_of_2012_samsungs_are_one() {
    assert_eq!(split("//x//y"), Ok(("/x//y", None)));
    assert_eq!(split("///"), Ok(("/", None)));
    assert_eq!(split("//evil.example/x"), Ok(("/evil.example/x", None)));
}

#[test]
fn absolute_targets_bring_their_authority() {
    let target = Target::parse("HTTP://192.168.1.20:8200//m/1.mp4?a").unwrap();
    assert_eq!((target.path, target.query), ("/m/1.mp4", Some("a")));
    let host = Host::V4(Ipv4Addr::new(192, 168, 1, 20));
    assert_eq!(
        target.authority,
        Some(Authority {
            host,
            port: Some(8200)
        })
    );
    assert_eq!(split("http://h"), Ok(("/", None)));
    assert_eq!(split("http://h?q"), Ok(("/", Some("q"))));
    assert_eq!(
        split("http://h/a?u=http://b"),
        Ok(("/a", Some("u=http://b")))
    );
}

#[test]
fn other_targets_are_refused() {
    for bad in [
        "",
        "x",
        "**",
        "h:80",
        "https://h/x",
        "ftp://h/x",
        "\\x",
        "://h/x",
    ] {
        assert_eq!(Target::parse(bad), Err(Error::Form), "{bad}");
    }
    for bad in [
        "http://",
        "http:///x",
        "http://a@h/x",
        "http://h:99999/x",
        "http://h h/",
    ] {
        assert_eq!(Target::parse(bad), Err(Error::Authority), "{bad}");
    }
}

#[test]
fn decoding_borrows_where_nothing_is_encoded() {
    assert!(matches!(
        decode("/media/12.mp4"),
        Ok(Cow::Borrowed("/media/12.mp4"))
    ));
    assert!(matches!(decode(""), Ok(Cow::Borrowed(""))));
    assert_eq!(decode("/%6d%6D/a+b%20%C3%A9").unwrap(), "/mm/a+b \u{e9}");
    assert_eq!(decode("%2525").unwrap(), "%25"); // once, not twice
}

#[test]
fn broken_or_dangerous_encodings_are_refused() {
    for (bad, why) in [
        ("/%", Error::PercentEncoding),
        ("/%0", Error::PercentEncoding),
        ("/%zz", Error::PercentEncoding),
        ("/%%41", Error::PercentEncoding),
        ("/%+1", Error::PercentEncoding),
        ("/%4\u{e9}", Error::PercentEncoding),
        ("/a%00.jpg", Error::Control),
        ("/a%0d%0aX", Error::Control),
        ("/a%7f", Error::Control),
        ("/a\tb", Error::Control),
        ("/%ff", Error::Utf8),
        ("/%c0%af", Error::Utf8), // an overlong slash
    ] {
        assert_eq!(decode(bad), Err(why), "{bad}");
    }
}

#[test]
fn authorities_are_addresses_or_names_with_a_port() {
    let v4 = Host::V4(Ipv4Addr::LOCALHOST);
    let v6 = Host::V6("fe80::1".parse().unwrap());
    for (text, host, port) in [
        ("127.0.0.1", v4, None),
        ("127.0.0.1:8200", v4, Some(8200)),
        ("127.0.0.1:", v4, None), // an empty port is legal, RFC 3986 §3.2.3
        ("[fe80::1]", v6, None),
        ("[fe80::1]:80", v6, Some(80)),
        ("[fe80::1%25eth0]:80", v6, Some(80)),
        ("[fe80::1%2]", v6, None),
        ("rill.local:65535", Host::Name("rill.local"), Some(65535)),
        ("Living_Room-1.", Host::Name("Living_Room-1"), None),
        ("4k.tv", Host::Name("4k.tv"), None),
    ] {
        assert_eq!(
            Authority::parse(text.as_bytes()),
            Ok(Authority { host, port }),
            "{text}"
        );
    }
}

#[test]
fn doubtful_authorities_are_refused() {
    let long_label = "a".repeat(64);
    let long_name = "a.".repeat(129);
    for bad in [
        "",
        ":80",
        ".",
        "a b c",
        " a",
        "a ",
        "a\t",
        "a@b",
        "user:pw@b",
        "a/b",
        "a,b",
        "a..b",
        ".a",
        "a..",
        "%61",
        "caf\u{e9}",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.0x1",
        "1.2.3.4.5",
        "1.2.3.4.",
        "1.2.3.256",
        "01.2.3.4",
        "fe80::1",
        "[fe80::1",
        "fe80::1]",
        "[]",
        "[fe80::1]x",
        "[1.2.3.4]",
        "[::1%]",
        "[::1%a b]",
        "h:99999",
        "h:-1",
        "h:+1",
        "h: 80",
        "h:80:80",
        "h:0x50",
        "a\0",
        &long_label,
        &long_name,
    ] {
        assert_eq!(
            Authority::parse(bad.as_bytes()),
            Err(Error::Authority),
            "{bad:?}"
        );
    }
    assert_eq!(Authority::parse(b"\xff"), Err(Error::Authority));
}
