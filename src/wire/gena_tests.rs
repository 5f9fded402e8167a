use super::*;
use crate::wire::http::request::{self, Parsed};

const UUID: &str = "uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab";

fn peer() -> SocketAddr {
    SocketAddr::from(([10, 0, 0, 5], 51234))
}

fn sid() -> Sid {
    Sid::parse(UUID.as_bytes()).unwrap()
}

/// A request with these lines, read as it would be from a socket.
fn with_fields<T>(lines: &str, read: impl FnOnce(&Fields<'_>) -> T) -> T {
    let text = format!("SUBSCRIBE /e HTTP/1.1\r\nHost: 10.0.0.1:8200\r\n{lines}\r\n");
    let Ok(Parsed::Done { head, .. }) = request::parse(text.as_bytes()) else {
        panic!("{text}");
    };
    read(&head.fields)
}

fn subscribe(lines: &str) -> Result<Subscribe, Error> {
    with_fields(lines, |fields| Subscribe::parse(fields, peer()))
}

/// The URLs that are kept of a CALLBACK, or `None` if it is refused.
fn kept(list: &str, peer: SocketAddr) -> Option<Vec<String>> {
    let callbacks = parse_callbacks(list.as_bytes(), peer).filter(|kept| !kept.is_empty())?;
    let urls = callbacks.iter();
    Some(
        urls.map(|url| format!("{}{}", url.address, url.target))
            .collect(),
    )
}

// ---- SUBSCRIBE and UNSUBSCRIBE -------------------------------------------------------------------

#[test]
fn a_new_subscription_has_callbacks_and_a_time() {
    let callbacks: Callbacks = [Callback {
        address: SocketAddr::from(([10, 0, 0, 5], 4004)),
        target: "/a?b=c".into(),
    }]
    .into_iter()
    .collect();
    for (timeout, secs) in [
        ("TIMEOUT: Second-1800\r\n", Some(1800)),
        ("Timeout: second-0\r\n", Some(0)),
        ("TIMEOUT: Second-infinite\r\n", None),
        ("TIMEOUT: infinite\r\n", None),
        ("TIMEOUT: Second-\r\n", None),
        ("TIMEOUT: Second--1\r\n", None),
        ("TIMEOUT: Second-99999999999999999999999\r\n", None),
        ("TIMEOUT: 1800\r\n", None),
        ("TIMEOUT:\r\n", None),
        ("", None),
    ] {
        let lines =
            format!("CALLBACK: <http://10.0.0.5:4004/a?b=c>\r\nNT: upnp:event\r\n{timeout}");
        let callbacks = callbacks.clone();
        assert_eq!(
            subscribe(&lines),
            Ok(Subscribe::New { callbacks, secs }),
            "{lines}"
        );
    }
}

#[test]
fn a_renewal_has_a_sid_alone() {
    for (sid_line, timeout, secs) in [
        (UUID.to_owned(), "TIMEOUT: Second-300\r\n", Some(300)),
        (UUID.to_uppercase(), "", None),
    ] {
        let wanted = Subscribe::Renewal { sid: sid(), secs };
        assert_eq!(
            subscribe(&format!("SID: {sid_line}\r\n{timeout}")),
            Ok(wanted)
        );
    }
}

#[test]
fn contradictions_and_gaps_are_refused_as_the_table_says() {
    let callback = "CALLBACK: <http://10.0.0.5/>\r\n";
    let sid = format!("SID: {UUID}\r\n");
    for (lines, error, status) in [
        (format!("{sid}{callback}"), Error::Contradiction, 400),
        (
            format!("{sid}NT: upnp:event\r\n"),
            Error::Contradiction,
            400,
        ),
        (format!("SID: x\r\n{callback}"), Error::Contradiction, 400),
        (String::new(), Error::NotificationType, 412),
        (callback.to_owned(), Error::NotificationType, 412),
        (
            format!("{callback}NT: upnp:events\r\n"),
            Error::NotificationType,
            412,
        ),
        (format!("{callback}NT:\r\n"), Error::NotificationType, 412),
        ("NT: upnp:event\r\n".to_owned(), Error::Callback, 412),
        (
            "NT: upnp:event\r\nCALLBACK:\r\n".to_owned(),
            Error::Callback,
            412,
        ),
        (
            "NT: upnp:event\r\nCALLBACK: <>\r\n".to_owned(),
            Error::Callback,
            412,
        ),
        ("SID: uuid:1\r\n".to_owned(), Error::Sid, 412),
        (format!("SID: {}\r\n", &UUID[5..]), Error::Sid, 412),
        (
            "SID: uuid:{6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab}\r\n".to_owned(),
            Error::Sid,
            412,
        ),
        (
            "SID: uuid:6a5e6bbd4a2b4f3e9d5e0123456789ab\r\n".to_owned(),
            Error::Sid,
            412,
        ),
        (
            "SID: uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ax\r\n".to_owned(),
            Error::Sid,
            412,
        ),
    ] {
        assert_eq!(subscribe(&lines), Err(error), "{lines}");
        assert_eq!(error.status().code(), status);
        assert!(error.reason().ends_with(".\n"));
    }
}

#[test]
fn an_unsubscription_has_a_sid_alone() {
    let read = |lines: &str| with_fields(lines, parse_unsubscribe);
    assert_eq!(read(&format!("SID: {UUID}\r\n")), Ok(sid()));
    assert_eq!(read(""), Err(Error::Sid));
    assert_eq!(read("SID: uuid:\r\n"), Err(Error::Sid));
    assert_eq!(
        read(&format!("SID: {UUID}\r\nNT: upnp:event\r\n")),
        Err(Error::Contradiction)
    );
    assert_eq!(
        read("CALLBACK: <http://10.0.0.5/>\r\n"),
        Err(Error::Contradiction)
    );
}

#[test]
fn a_sid_is_a_random_uuid_and_comes_back() {
    let sid = Sid::from_random([0xff; 16]);
    let text = sid.to_string();
    assert_eq!(text, "uuid:ffffffff-ffff-4fff-bfff-ffffffffffff");
    assert_eq!(Sid::parse(text.as_bytes()), Some(sid));
    for end in 0..text.len() {
        assert_eq!(Sid::parse(&text.as_bytes()[..end]), None, "{end} bytes");
    }
}

// ---- CALLBACK ------------------------------------------------------------------------------------

#[test]
fn callbacks_are_kept_in_their_order() {
    for (list, urls) in [
        ("<http://10.0.0.5:4004/>", &["10.0.0.5:4004/"][..]),
        ("<http://10.0.0.5>", &["10.0.0.5:80/"]),
        ("<HTTP://10.0.0.5:65535?x=%0d>", &["10.0.0.5:65535/?x=%0d"]),
        ("<http://10.0.0.5:1//a//b?c?d>", &["10.0.0.5:1//a//b?c?d"]),
        (
            "<http://10.0.0.5:1/a><http://10.0.0.5:2/b>",
            &["10.0.0.5:1/a", "10.0.0.5:2/b"],
        ),
        (
            "\t<http://10.0.0.5:1/a> \t <http://10.0.0.5:2/b> ",
            &["10.0.0.5:1/a", "10.0.0.5:2/b"],
        ),
        // Those that rill would not send to are passed over.
        (
            "<http://[fe80::1]:1/a><https://10.0.0.5/><http://10.0.0.5:2/b>",
            &["10.0.0.5:2/b"],
        ),
    ] {
        assert_eq!(kept(list, peer()).unwrap(), urls, "{list}");
    }
}

#[test]
fn nobody_but_the_subscriber_is_sent_anything() {
    for bad in [
        "http://10.0.0.6:4004/",        // a neighbour
        "http://8.8.8.8/",              // anybody
        "http://127.0.0.1:8200/",       // this machine
        "http://localhost/",            // a name
        "http://10.0.0.5.example.org/", // a name
        "http://10.5/",                 // ways to write an address that some resolvers take
        "http://167772165/",
        "http://0x0a000005/",
        "http://0x0a.0.0.5/",
        "http://012.0.0.5/",
        "http://10.0.0.05/",
        "http://[::ffff:10.0.0.5]/",
        "http://[::ffff:a00:5]:4004/",
        "http://10.0.0.6@10.0.0.5/", // user information, either way round
        "http://10.0.0.5@10.0.0.6/",
        "http://10.0.0.5:4004@10.0.0.6/",
        "http://10.0.0.5:0/", // no port
        "http://10.0.0.5:65536/",
        "http://10.0.0.5:80:80/",
        "http://10.0.0.5:+80/",
        "http://10.0.0.5:4004\\@10.0.0.6/",
        "http://10.0.0.5:4004#@10.0.0.6/",
        "http:///path",
        "http://",
        "http:10.0.0.5/",
        "//10.0.0.5/",
        "https://10.0.0.5/",
        "ftp://10.0.0.5/",
        "file:///etc/passwd",
        "",
    ] {
        assert_eq!(kept(&format!("<{bad}>"), peer()), None, "{bad}");
        let with_good = format!("<{bad}><http://10.0.0.5:1/>");
        assert_eq!(
            kept(&with_good, peer()),
            Some(vec!["10.0.0.5:1/".to_owned()]),
            "{bad}"
        );
    }
}

#[test]
fn a_path_cannot_end_its_line() {
    for bad in [
        "/a b",
        "/a\tb",
        "/a\rb",
        "/a\nb",
        "/a\r\nX: y",
        "/a\0",
        "/\u{7f}",
        "/\u{e9}",
        "/a\u{2028}b",
    ] {
        assert_eq!(
            kept(&format!("<http://10.0.0.5{bad}>"), peer()),
            None,
            "{bad:?}"
        );
    }
}

#[test]
fn half_a_list_is_no_list() {
    let whole = "<http://10.0.0.5:1/a> <http://10.0.0.5:2/b>";
    for end in 0..whole.len() {
        let kept = kept(&whole[..end], peer());
        // Good where a bracket has just closed, and in the blank behind it.
        assert_eq!(
            kept.is_some(),
            (21..=22).contains(&end),
            "{}",
            &whole[..end]
        );
    }
    for bad in [
        "http://10.0.0.5:1/a",
        "<http://10.0.0.5:1/a>,<http://10.0.0.5:2/b>",
        "<http://10.0.0.5:1/a>x",
        "x<http://10.0.0.5:1/a>",
        "<http://10.0.0.5:1/a>>",
        "<<http://10.0.0.5:1/a>",
        "<http://10.0.0.5:1/a><",
        "<http://10.0.0.5:1/<a>",
    ] {
        assert_eq!(kept(bad, peer()), None, "{bad}");
    }
}

#[test]
fn urls_are_bounded_in_number_and_length() {
    let many: Vec<_> = (1..1000)
        .map(|port| format!("<http://10.0.0.5:{port}/>"))
        .collect();
    let first: Vec<_> = (1..=limits::CALLBACKS)
        .map(|port| format!("10.0.0.5:{port}/"))
        .collect();
    assert_eq!(kept(&many.concat(), peer()), Some(first));
    let long = |bytes: usize| {
        let head = "http://10.0.0.5/";
        format!("<{head}{}>", "x".repeat(bytes - head.len()))
    };
    assert!(kept(&long(limits::CALLBACK_URL_BYTES), peer()).is_some());
    assert!(kept(&long(limits::CALLBACK_URL_BYTES + 1), peer()).is_none());
}

#[test]
fn ipv6_subscribers_are_reached_on_their_link() {
    let peer = SocketAddr::V6(SocketAddrV6::new("fe80::5".parse().unwrap(), 51234, 0, 3));
    for list in [
        "<http://[fe80::5]:4004/a>",
        "<http://[fe80::5%eth0]:4004/a>",
        "<http://[FE80:0::5]:4004/a>",
    ] {
        let callbacks = parse_callbacks(list.as_bytes(), peer).unwrap();
        let [callback] = callbacks.as_slice() else {
            panic!("{list}");
        };
        let to = SocketAddrV6::new("fe80::5".parse().unwrap(), 4004, 0, 3);
        assert_eq!(callback.address(), SocketAddr::V6(to));
        let head = notify(callback);
        assert!(head.contains("\r\nHOST: [fe80::5]:4004\r\n"), "{head}");
    }
    for bad in ["<http://[fe80::6]:4004/a>", "<http://10.0.0.5:4004/a>"] {
        assert_eq!(kept(bad, peer), None);
    }
    // A peer of a socket for both families.
    let mapped = SocketAddr::new("::ffff:10.0.0.5".parse().unwrap(), 51234);
    let plain = kept("<http://10.0.0.5:4004/a>", mapped);
    assert_eq!(plain, Some(vec!["10.0.0.5:4004/a".to_owned()]));
    assert_eq!(kept("<http://[::ffff:10.0.0.5]:4004/a>", mapped), None);
}

// ---- NOTIFY --------------------------------------------------------------------------------------

fn notify(callback: &Callback) -> String {
    Notify {
        callback,
        sid: sid(),
        seq: 7,
        content_length: 123,
    }
    .to_string()
}

#[test]
fn an_event_has_this_head() {
    let callback = Callback::parse("http://10.0.0.5:4004/a?b", peer()).unwrap();
    assert_eq!(
        notify(&callback),
        "NOTIFY /a?b HTTP/1.1\r\n\
         HOST: 10.0.0.5:4004\r\n\
         CONTENT-TYPE: text/xml; charset=\"utf-8\"\r\n\
         CONTENT-LENGTH: 123\r\n\
         NT: upnp:event\r\n\
         NTS: upnp:propchange\r\n\
         SID: uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab\r\n\
         SEQ: 7\r\n\
         CONNECTION: close\r\n\
         \r\n"
    );
}

#[test]
fn an_event_has_this_body() {
    let body = property_set(&[
        ("SystemUpdateID", "5".to_owned()),
        ("Sink", String::new()),
        ("Odd", "<a> & \"b\"\u{1}".to_owned()),
    ]);
    assert_eq!(
        String::from_utf8(body).unwrap(),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <e:propertyset xmlns:e=\"urn:schemas-upnp-org:event-1-0\">\
         <e:property><SystemUpdateID>5</SystemUpdateID></e:property>\
         <e:property><Sink></Sink></e:property>\
         <e:property><Odd>&lt;a&gt; &amp; &quot;b&quot;</Odd></e:property>\
         </e:propertyset>"
    );
}

#[test]
fn numbers_of_events_go_past_zero_once_only() {
    assert_eq!(next_seq(0), 1);
    assert_eq!(next_seq(u32::MAX - 1), u32::MAX);
    assert_eq!(next_seq(u32::MAX), 1);
}
