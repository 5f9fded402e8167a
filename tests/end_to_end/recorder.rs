//! What a device and rill said to each other lately: `rill doctor --device`, and the text that the page leads to.

use crate::commands::doctor;
use crate::harness::device::{Device, library, serve};
use crate::harness::{Connection, FAR, NEAR, Rill, Setup};

/// As in the field: the heads of a Samsung that browses and fetches.
const SAMSUNG: &[(&str, &str)] = &[
    ("User-Agent", "DLNADOC/1.50 SEC_HHP_[TV]UE40D6000/1.0"),
    ("getcontentFeatures.dlna.org", "1"),
];

#[test]
fn the_doctor_prints_what_a_device_and_rill_said() {
    let Some((rill, library)) = serve() else {
        return;
    };
    let tv = Device::new(&rill, SAMSUNG);
    tv.document("/description.xml");
    let film = tv.item("film", ".mkv");
    for part in 0..40 {
        tv.get(film.target(), &[("Range", &format!("bytes=0-{part}"))]);
    }
    let device = NEAR.client.to_string();
    let (text, status) = doctor(rill.network(), &library, &["--device", &device]);
    assert_eq!(status, 0, "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[1].contains(&format!("{device}: Samsung television (samsung), ")));
    for line in [
        "> GET /description.xml HTTP/1.1",
        "> User-Agent: DLNADOC/1.50 SEC_HHP_[TV]UE40D6000/1.0",
        "> getcontentFeatures.dlna.org: 1",
        "> POST /control/ContentDirectory HTTP/1.1",
        "> SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"",
        "< HTTP/1.1 200 OK",
        "> Range: bytes=0-39",
        "< HTTP/1.1 206 Partial Content",
        "< Content-Type: video/x-mkv",
    ] {
        assert!(lines.contains(&line), "{line:?} is not in:\n{text}");
    }
    // The bodies of both sides, the reply's as far as it is kept.
    assert!(
        text.contains("<BrowseFlag>BrowseDirectChildren</BrowseFlag>"),
        "{text}"
    );
    assert!(
        text.contains("BrowseResponse") && text.contains("more bytes]"),
        "{text}"
    );
    // What was browsed is not pushed out by what was fetched, and of that the last is there.
    assert!(!lines.contains(&"> Range: bytes=0-1"), "{text}");
    assert!(text.contains("s ago, served as samsung"), "{text}");

    let (text, status) = doctor(rill.network(), &library, &["--device", "10.9.8.7"]);
    assert_eq!(status, 1, "{text}");
    assert_eq!(
        text,
        format!("Nothing is recorded of 10.9.8.7. It is of:\n{device} Samsung television\n")
    );
}

#[test]
fn what_a_stranger_sends_is_shown_as_text_and_what_is_refused_too() {
    let Some((rill, library)) = serve() else {
        return;
    };
    let mut connection = Connection::open(rill.network(), FAR, Rill::address(FAR));
    connection.send(b"GET /<script>\x1b[2J HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(connection.reply().unwrap().status, 400);
    let agent = "\u{1b}]0;owned\u{7}<b>\u{202e}";
    Device::new(&rill, &[("User-Agent", agent)]).get("/nothing", &[]);
    let (text, status) = doctor(
        rill.network(),
        &library,
        &["--device", &FAR.client.to_string()],
    );
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains("> GET /<script>\\u{1b}[2J HTTP/1.1"),
        "{text}"
    );
    assert!(text.contains("< HTTP/1.1 400 Bad Request"), "{text}");

    // The same for a browser: text and nothing else, to whoever may see the page.
    let page = Device::new(&rill, &[]);
    let target = format!("/exchanges/{}", NEAR.client);
    let reply = page.get(&target, &[]);
    assert_eq!(reply.status, 200);
    assert_eq!(
        reply.field("Content-Type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(reply.field("X-Content-Type-Options"), Some("nosniff"));
    let text = reply.text();
    assert!(
        text.chars().all(|c| c == '\n' || !c.is_control()),
        "{text:?}"
    );
    // Who looks is not recorded himself.
    assert!(!text.contains("/exchanges/"), "{text}");
    let foreign = page.ask("GET", &target, &[("Origin", "http://evil.example")], b"");
    assert_eq!(foreign.field("Access-Control-Allow-Origin"), None);
    let status = page.get("/status.json", &[]);
    assert!(
        status.text().contains("\"recorded\":true"),
        "{}",
        status.text()
    );
    assert_eq!(page.get("/exchanges/tv", &[]).status, 404);
}

#[test]
fn the_operator_can_have_nothing_recorded() {
    let library = library();
    let Some(rill) = Setup::new(&library).set("RILL_RECORD", "off").start() else {
        return;
    };
    Device::new(&rill, SAMSUNG).document("/description.xml");
    let device = NEAR.client.to_string();
    let (text, status) = doctor(rill.network(), &library, &["--device", &device]);
    assert_eq!(status, 1);
    assert_eq!(
        text,
        format!("Nothing is recorded of {device}. It is of:\n")
    );
}
