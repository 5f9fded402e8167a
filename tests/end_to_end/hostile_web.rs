//! Web pages on the attacker's side: what a browser in the house can be made to send (DNS rebinding, forged calls), and
//! what comes back to be read or shown.

use crate::harness::{
    Browse, Connection, FAR, Library, Network, Reply, Rill, Setup, envelope, mp3, mp3_titled,
};

fn serving() -> Option<(Library, Rill)> {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let rill = Rill::serving(&library)?;
    Some((library, rill))
}

/// One request as it is written, from the near client.
fn raw(rill: &Rill, text: &str) -> Option<Reply> {
    let mut connection = rill.connect();
    connection.send(text.as_bytes());
    connection.reply()
}

#[test]
fn only_names_and_addresses_of_the_interface_that_was_asked_are_answered() {
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(network) = Network::fresh() else {
        return;
    };
    let server = network.server();
    // A second address on the first interface, and one of IPv6.
    Network::ip(
        &server,
        "addr add 10.91.1.5/24 dev lan1\naddr add fd00:91::1/64 dev lan1\naddr add fd00:92::1/64 dev lan2",
    );
    let rill = Setup::new(&library).start_on(network);
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .to_lowercase();
    let rows = [
        ("10.91.1.1".to_owned(), 200),
        ("10.91.1.1:8200".into(), 200),
        ("10.91.1.5".into(), 200),
        ("[fd00:91::1]:8200".into(), 200),
        ("[FD00:0091:0::1]".into(), 200),
        (host.clone(), 200),
        (format!("{host}.local:8200"), 200),
        (format!("{}.LOCAL.", host.to_uppercase()), 200),
        ("10.91.2.1".into(), 403),
        ("[fd00:92::1]".into(), 403),
        ("[::1]".into(), 403),
        ("127.0.0.1:8200".into(), 403),
        ("0.0.0.0:8200".into(), 403),
        ("localhost".into(), 403),
        ("[::ffff:10.91.1.1]".into(), 403),
        ("010.91.1.1".into(), 403),
        ("0x0a5b0101".into(), 403),
        ("173736193".into(), 403),
        ("10.91.257".into(), 403),
        ("10.91.1.1.".into(), 403),
        ("10.91.1.1.nip.example".into(), 403),
        (format!("{host}.evil.example"), 403),
        (format!("{host}.local.evil.example"), 403),
        ("evil.example".into(), 403),
        (String::new(), 403),
        ("10.91.1.1@evil.example".into(), 403),
        ("evil.example@10.91.1.1".into(), 403),
        ("10.91.1.1:8200:1".into(), 403),
        ("10.91.1.1, evil.example".into(), 403),
    ];
    for (name, status) in rows {
        let head =
            format!("GET /description.xml HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n");
        let reply = raw(&rill, &head).unwrap_or_else(|| panic!("no answer for {name:?}"));
        let refused = status == 403 && matches!(reply.status, 400 | 403);
        assert!(
            refused || reply.status == status,
            "{name:?}: {}",
            reply.status
        );
    }
    // The other network asks for the other address.
    let mut far = Connection::open(rill.network(), FAR, Rill::address(FAR));
    far.send(b"GET / HTTP/1.1\r\nHost: 10.91.1.1:8200\r\n\r\n");
    assert_eq!(far.reply().unwrap().status, 403);
    let page = rill.get("/", &[]);
    assert!(
        page.text().contains("requests for another host</dd>"),
        "{}",
        page.text()
    );
}

#[test]
fn a_target_that_names_another_host_is_refused_whatever_host_says() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    for (line, host, expected) in [
        (
            "GET http://10.91.1.1:8200/description.xml HTTP/1.1",
            "10.91.1.1:8200",
            &[200][..],
        ),
        (
            "GET http://evil.example/description.xml HTTP/1.1",
            "10.91.1.1:8200",
            &[400, 403],
        ),
        (
            "GET http://evil.example/description.xml HTTP/1.1",
            "evil.example",
            &[400, 403],
        ),
        (
            "GET http://10.91.1.1@evil.example/description.xml HTTP/1.1",
            "10.91.1.1",
            &[400, 403],
        ),
        (
            "GET https://10.91.1.1:8200/description.xml HTTP/1.1",
            "10.91.1.1",
            &[200, 400, 403],
        ),
        (
            "GET //evil.example/description.xml HTTP/1.1",
            "10.91.1.1",
            &[400, 403, 404],
        ),
        (
            "GET ftp://10.91.1.1/description.xml HTTP/1.1",
            "10.91.1.1",
            &[400, 403, 404],
        ),
    ] {
        let reply = raw(
            &rill,
            &format!("{line}\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        )
        .unwrap();
        assert!(
            expected.contains(&reply.status),
            "{line} for {host}: {}",
            reply.status
        );
    }
    for two in [
        "Host: 10.91.1.1\r\nHost: evil.example",
        "Host: evil.example\r\nHost: 10.91.1.1",
        "Host: 10.91.1.1\r\nHost: 10.91.1.1",
        "Host: 10.91.1.1\r\n evil.example",
        "Host : 10.91.1.1",
        "X: y",
    ] {
        let reply = raw(
            &rill,
            &format!("GET /description.xml HTTP/1.1\r\n{two}\r\n\r\n"),
        );
        assert!(
            reply.is_none_or(|reply| matches!(reply.status, 400 | 403)),
            "{two}"
        );
    }
    rill.must_answer("odd hosts");
}

#[test]
fn no_page_from_elsewhere_can_post_or_subscribe() {
    let Some((_library, rill)) = serving() else {
        return;
    };
    let id = rill.find("song").id;
    let browse = envelope(
        "ContentDirectory",
        "Browse",
        &Browse::children("0").arguments(),
    );
    let bookmark = envelope(
        "ContentDirectory",
        "X_SetBookmark",
        &[
            ("CategoryType", "0".to_owned()),
            ("RID", "0".to_owned()),
            ("ObjectID", id.clone()),
            ("PosSecond", "77".to_owned()),
        ],
    );
    let urn = "urn:schemas-upnp-org:service:ContentDirectory:1";
    let calls = [("Browse", &browse), ("X_SetBookmark", &bookmark)];
    let own = "http://10.91.1.1:8200";
    for origin in [
        "http://evil.example",
        "null",
        "file://",
        "https://10.91.1.1:8200",
        "http://10.91.2.1:8200",
        "http://10.91.1.1.evil.example",
        "http://localhost:8200",
        "",
        own,
    ] {
        let expected = if origin == own { 200 } else { 403 };
        for (action, body) in calls {
            let soapaction = format!("\"{urn}#{action}\"");
            // What a page may send without asking first, and what it may not.
            for kind in ["text/plain", "text/xml; charset=\"utf-8\""] {
                let fields = [
                    ("Origin", origin),
                    ("SOAPACTION", &soapaction),
                    ("Content-Type", kind),
                ];
                let reply = rill.request(
                    "POST",
                    "/control/ContentDirectory",
                    &fields,
                    body.as_bytes(),
                );
                assert_eq!(reply.status, expected, "{action} from {origin:?} as {kind}");
                assert!(reply.field("Access-Control-Allow-Origin").is_none());
            }
        }
        let callback = ("CALLBACK", "<http://10.91.1.2:9/>");
        for (method, fields) in [
            (
                "SUBSCRIBE",
                &[("Origin", origin), callback, ("NT", "upnp:event")][..],
            ),
            ("UNSUBSCRIBE", &[("Origin", origin), ("SID", "uuid:1")]),
        ] {
            let status = rill
                .request(method, "/event/ContentDirectory", fields, b"")
                .status;
            assert_eq!(
                status == 403,
                origin != own,
                "{method} from {origin:?}: {status}"
            );
        }
        // Reading is no change; what is read, a foreign page's script is not given.
        let reply = rill.get("/description.xml", &[("Origin", origin)]);
        assert_eq!(reply.status, 200, "{origin:?}");
        assert!(
            !reply
                .fields
                .iter()
                .any(|(name, _)| name.to_lowercase().starts_with("access-control"))
        );
        let preflight = rill.request(
            "OPTIONS",
            "/control/ContentDirectory",
            &[
                ("Origin", origin),
                ("Access-Control-Request-Method", "POST"),
            ],
            b"",
        );
        assert!(
            !preflight
                .fields
                .iter()
                .any(|(name, _)| name.to_lowercase().starts_with("access-control"))
        );
    }
    assert!(
        rill.get("/", &[])
            .text()
            .contains("requests of foreign pages</dd>")
    );
}

#[test]
fn nothing_is_given_back_as_it_came_and_no_browser_guesses() {
    let evil = "<script>alert(1)</script>";
    let library = Library::empty()
        .with("song.mp3", &mp3_titled(evil, 20))
        .with(
            "song.srt",
            b"1\n00:00:00,000 --> 00:00:01,000\n<html><script>alert(1)</script>\n",
        );
    let Some(rill) = Setup::new(&library)
        .set("RILL_NAME", evil)
        .expecting(0)
        .start()
    else {
        return;
    };
    rill.wait_for_title(evil);
    let encoded = "%3Cscript%3Ealert(1)%3C/script%3E";
    for target in [
        format!("/{encoded}"),
        format!("/?q={encoded}"),
        format!("/media/{encoded}.mp3"),
        format!("/art/{encoded}.jpg"),
        format!("/{evil}"),
        "/".to_owned(),
        "/description.xml".to_owned(),
        "/nothing".to_owned(),
    ] {
        let line = format!(
            "GET {target} HTTP/1.1\r\nHost: 10.91.1.1\r\nUser-Agent: {evil}\r\nReferer: {evil}\r\nX-Y: {evil}\r\nConnection: close\r\n\r\n"
        );
        let Some(reply) = raw(&rill, &line) else {
            continue;
        };
        let text = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(!text.contains("<script"), "{target}: {text}");
        assert_eq!(
            reply.field("X-Content-Type-Options"),
            Some("nosniff"),
            "{target} {}",
            reply.status
        );
        if reply
            .field("Content-Type")
            .is_some_and(|kind| kind.starts_with("text/html"))
        {
            let policy = reply.field("Content-Security-Policy").expect("a policy");
            for part in [
                "default-src 'none'",
                "frame-ancestors 'none'",
                "form-action 'none'",
                "base-uri 'none'",
            ] {
                assert!(policy.contains(part), "{policy}");
            }
            assert!(
                !policy.contains("script-src") && !policy.contains('*'),
                "{policy}"
            );
        }
    }
    let odd = raw(
        &rill,
        &format!("{evil} / HTTP/1.1\r\nHost: 10.91.1.1\r\n\r\n"),
    );
    assert!(odd.is_none_or(|reply| !String::from_utf8_lossy(&reply.body).contains("<script")));
    let soap = rill.request(
        "POST",
        "/control/ContentDirectory",
        &[("SOAPACTION", evil), ("Content-Type", "text/xml")],
        envelope(
            "ContentDirectory",
            "Browse",
            &[("ObjectID", evil.replace('<', "&lt;"))],
        )
        .as_bytes(),
    );
    assert!(!soap.text().contains("<script"), "{}", soap.text());
    // Media and subtitles are never guessed to be a page.
    for item in rill
        .walk()
        .into_iter()
        .filter(|object| !object.is_container)
    {
        let reply = rill.get(item.target(), &[]);
        assert_eq!(reply.field("X-Content-Type-Options"), Some("nosniff"));
        assert_ne!(reply.field("Content-Type"), Some("text/html"));
    }
}

#[test]
fn nothing_is_written_or_run_by_request() {
    let Some((library, rill)) = serving() else {
        return;
    };
    let id = rill.find("song").id;
    let before = std::fs::read_dir(library.root()).unwrap().count();
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "MKCOL", "MOVE", "COPY", "PROPFIND", "LOCK",
    ] {
        for target in [
            "/",
            "/description.xml",
            "/icon/48.png",
            "/evil.mp3",
            "/media/evil.mp3",
            "/event/ContentDirectory",
            &format!("/media/{id}.mp3"),
            &format!("/art/{id}.jpg"),
        ] {
            let reply = rill.request(method, target, &[], b"evil bytes");
            assert!(
                matches!(reply.status, 400 | 404 | 405 | 411 | 501),
                "{method} {target}: {}",
                reply.status
            );
        }
    }
    // Doors for developers that other servers left open.
    for target in [
        "/debug/pprof/",
        "/debug/vars",
        "/admin",
        "/api",
        "/.git/config",
        "/server-status",
    ] {
        assert_eq!(rill.get(target, &[]).status, 404, "{target}");
    }
    assert_eq!(std::fs::read_dir(library.root()).unwrap().count(), before);
    rill.must_answer("writing methods");
}
