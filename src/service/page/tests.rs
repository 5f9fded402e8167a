use std::{cell::RefCell, collections::BTreeSet};

use super::*;
use crate::{
    catalogue::{
        object_id::ObjectId,
        report::Reason,
        testing::{Tree, snapshot},
        views::Role,
    },
    media::reader::Error,
    service::{self, Answer, DeviceFacts, Now, Request, Shared, events::Events, tally::Tally},
    wire::http::request::{self, Parsed},
};

const SCRIPT: &str = include_str!("assets/page.js");
const HTML: &str = include_str!("assets/page.html");
const STYLE: &str = include_str!("assets/page.css");
const TEXTS: &str = include_str!("assets/texts.json");

const NOW: Now = Now {
    uptime: Duration::from_secs(60),
    unix_secs: 1_700_000_060,
};

fn facts() -> Facts {
    Facts {
        started: 1_700_000_000,
        connection_limit: 10,
        ..Facts::default()
    }
}

/// A server of one film, without sockets.
struct Server {
    tree: Tree,
    shared: Shared,
}

impl Server {
    fn new() -> Self {
        let tree = Tree::new("page");
        tree.file("film.mkv", b"Film");
        let shared = Shared {
            device: DeviceFacts {
                udn: "uuid:1".into(),
                friendly_name: "rill".into(),
                server: "Linux/6.1 UPnP/1.1 rill/0.1".into(),
                host_names: vec!["box".into()],
            },
            catalogue: RefCell::new(snapshot(&tree)),
            states: RefCell::default(),
            in_progress_parent: Some(ObjectId::ROOT),
            addresses: RefCell::default(),
            scan: RefCell::default(),
            tally: Tally::default(),
            unmade: RefCell::default(),
            known: RefCell::default(),
            devices: RefCell::default(),
            searches: RefCell::default(),
            events: RefCell::new(Events::new(|| [0; 16], 0)),
        };
        Self { tree, shared }
    }

    /// What a request comes to: a status, 0 where `net` has to do something, and the text.
    fn ask(&self, line: &str, fields: &str) -> (u16, String) {
        let bytes = format!("{line} HTTP/1.1\r\nHost: 10.77.1.1:8200\r\n{fields}\r\n");
        let Ok(Parsed::Done { head, .. }) = request::parse(bytes.as_bytes()) else {
            panic!("not a request: {bytes}");
        };
        let request = Request {
            head: &head,
            body: &[],
            peer: ([10, 77, 1, 2], 40_000).into(),
            local: ([10, 77, 1, 1], 8200).into(),
            now: NOW,
        };
        let response = match service::answer(&request, &self.shared) {
            Answer::Reply(response) => response,
            Answer::Status(form) => status::report(form, &self.shared, &facts(), NOW),
            Answer::Rescan => return (0, String::new()),
            _ => panic!("a file is wanted"),
        };
        let text = match &response.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        (response.head.status().code(), text)
    }
}

#[test]
fn only_the_page_itself_orders_a_scan() {
    let server = Server::new();
    for (fields, answer) in [
        ("Origin: http://10.77.1.1:8200\r\n", 0),
        ("Sec-Fetch-Site: same-origin\r\n", 0),
        (
            "Origin: http://10.77.1.1:8200\r\nSec-Fetch-Site: same-origin\r\n",
            0,
        ),
        ("", 403),
        ("Origin: null\r\n", 403),
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: https://10.77.1.1:8200\r\n", 403),
        // Another server on this machine.
        ("Origin: http://10.77.1.1:9000\r\n", 403),
        ("Origin: http://10.77.1.1\r\n", 403),
        ("Sec-Fetch-Site: same-site\r\n", 403),
        ("Sec-Fetch-Site: none\r\n", 403),
        (
            "Origin: http://10.77.1.1:8200\r\nSec-Fetch-Site: cross-site\r\n",
            403,
        ),
    ] {
        assert_eq!(server.ask("POST /rescan", fields).0, answer, "{fields:?}");
    }
    // A picture in a foreign page can make a GET.
    assert_eq!(server.ask("GET /rescan", "").0, 405);
}

#[test]
fn strangers_texts_stay_texts() {
    let server = Server::new();
    let agent = "User-Agent: </script><img src=x onerror=\"alert(1)\">\\\t\r\n";
    server.ask("GET /", agent);
    let (status, text) = server.ask("GET /status.json", agent);
    assert_eq!(status, 200);
    let written = "\"agent\":\"</script><img src=x onerror=\\\"alert(1)\\\">\\\\\"";
    assert!(text.contains(written), "{text}");
    assert!(text.contains("\"kind\":\"\""), "{text}");
    assert!(!text.trim_end().contains('\n'));
    let event = String::from_utf8(status::event(&server.shared, &facts(), NOW)).unwrap();
    assert!(event.starts_with("data: {\"now\":1700000060,") && event.ends_with("}\n\n"));
    assert_eq!(event.matches('\n').count(), 2);
}

#[test]
fn a_device_has_the_name_that_it_is_recognised_by() {
    let server = Server::new();
    server.ask(
        "GET /",
        "User-Agent: Panasonic MIL DLNA CP UPnP/1.0 DLNADOC/1.50\r\n",
    );
    let (_, text) = server.ask("GET /status.json", "");
    assert!(text.contains("\"kind\":\"Panasonic"), "{text}");
}

#[test]
fn an_event_is_the_same_whenever_nothing_but_the_moment_differs() {
    let server = Server::new();
    let at = |secs, done| {
        let now = Now {
            uptime: Duration::from_secs(secs),
            ..NOW
        };
        let facts = Facts { done, ..facts() };
        status::event(&server.shared, &facts, now)
    };
    assert!(status::is_same(&at(60, 1), &at(99, 1)));
    assert!(!status::is_same(&at(60, 1), &at(60, 2)));
    assert!(!status::is_same(&at(60, 1), b""));
}

/// Something that goes wrong.
type Fault = fn(&Server, &mut Facts);

#[test]
fn health_says_what_is_wrong_in_the_words_of_the_readme() {
    let server = Server::new();
    assert_eq!(
        server.ask("GET /health", ""),
        (200, "All is well.\n".into())
    );
    // Folders that are not there are for the end-to-end tests.
    let faults: [(&str, Fault); 4] = [
        ("scanner", |server, _| {
            server.shared.scan.borrow_mut().has_ended = true;
        }),
        ("catalogue", |server, _| {
            server.shared.scan.borrow_mut().is_unwritten = true;
        }),
        ("Resume", |_, facts| facts.is_keeper_failing = true),
        ("connections", |_, facts| facts.connections = 10),
    ];
    let documented = readme_problems();
    let mut facts = facts();
    for (number, (word, go_wrong)) in faults.into_iter().enumerate() {
        go_wrong(&server, &mut facts);
        let response = status::report(Form::Health, &server.shared, &facts, NOW);
        let Body::Bytes(text) = response.body else {
            panic!("a text is wanted");
        };
        let text = String::from_utf8(text).unwrap();
        assert_eq!(response.head.status().code(), 503);
        assert_eq!(text.lines().count(), number + 1, "{text}");
        assert!(text.lines().any(|line| line.contains(word)), "{text}");
        for line in text.lines() {
            assert!(documented.contains(&format!("| {line} |")), "{line}");
        }
    }
    let metrics = server.ask("GET /metrics", "").1;
    assert!(metrics.contains("\nrill_healthy 0\n"));
    drop(server.tree);
}

#[test]
fn metrics_have_the_form_that_prometheus_reads() {
    let server = Server::new();
    let (status, text) = server.ask("GET /metrics", "");
    assert_eq!(status, 200);
    let mut names = BTreeSet::new();
    let mut last = "";
    for line in text.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next()) {
            (Some("#"), Some("HELP")) => {
                last = words.next().unwrap();
                assert!(names.insert(last), "{last} twice");
                assert!(words.next().unwrap().ends_with('.'));
            }
            (Some("#"), Some("TYPE")) => {
                assert_eq!(words.next(), Some(last));
                let kind = words.next().unwrap();
                assert_eq!(kind == "counter", last.ends_with("_total"), "{last}");
            }
            (Some(name), Some(value)) => {
                assert_eq!(name.split('{').next(), Some(last));
                assert!(value.parse::<u64>().is_ok(), "{line}");
            }
            _ => panic!("{line:?}"),
        }
    }
    assert!(names.len() > 20);
}

#[test]
fn the_script_is_for_old_browsers_and_writes_no_markup() {
    for word in [
        "=>",
        "`",
        "let ",
        "const ",
        "async ",
        "await ",
        "fetch(",
        "?.",
        // What strangers write must not become markup or script.
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "srcdoc",
        "setAttribute(\"style\"",
    ] {
        assert!(!SCRIPT.contains(word), "{word}");
    }
    for word in ["style=", "onclick=", "<style", "javascript:", "https://"] {
        assert!(!HTML.contains(word), "{word}");
    }
    assert_eq!(HTML.matches("<script").count(), 1);
}

#[test]
fn the_shelves_are_containers_of_every_library() {
    for role in [Role::InProgress, Role::RecentVideos, Role::RecentTracks] {
        let id = format!("\"{}\"", role.id());
        assert!(SCRIPT.contains(&id), "{role:?} is {id}");
    }
}

#[test]
fn every_text_is_there_in_every_language() {
    let mut rows = TEXTS.lines().filter(|line| line.starts_with('"'));
    let languages = rows.next().unwrap().matches('"').count() / 2 - 1;
    assert_eq!(languages, 5);
    let mut known = BTreeSet::new();
    for row in rows {
        let (name, texts) = row[1..].split_once("\": [\"").expect(row);
        let texts = texts.trim_end_matches(',').strip_suffix("\"]").expect(row);
        let texts: Vec<_> = texts.split("\", \"").collect();
        assert_eq!(texts.len(), languages, "{name}");
        assert!(!texts.iter().any(|text| text.trim().is_empty()), "{name}");
        for place in ["{0}", "{1}"] {
            let has = |text: &&str| text.contains(place);
            assert!(texts.iter().all(has) || !texts.iter().any(has), "{name}");
        }
        assert!(known.insert(name), "{name} twice");
    }
    let mut used = BTreeSet::new();
    for (begin, text) in [
        (" t(\"", SCRIPT),
        ("(t(\"", SCRIPT),
        ("data-text=\"", HTML),
        ("data-label=\"", HTML),
    ] {
        used.extend(
            text.split(begin)
                .skip(1)
                .filter_map(|rest| rest.split('"').next()),
        );
    }
    assert!(used.len() > 60);
    // Put together with a name that a container has.
    used.remove("title:");
    let missing: Vec<_> = used.difference(&known).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn what_is_said_of_files_and_problems_is_there_in_every_language() {
    let row = |name: &str| TEXTS.contains(&format!("\n\"{name}\": ["));
    for line in readme_problems().lines().skip(2) {
        let problem = line.split(" | ").next().unwrap().trim_start_matches("| ");
        assert!(row(&format!("problem:{problem}")), "{problem}");
    }
    let mut told = Vec::new();
    for reason in Reason::ALL.iter().filter(|reason| !reason.is_quiet()) {
        told.push(reason.to_string());
    }
    for error in [Error::Truncated, Error::Unsupported, Error::Limit] {
        told.push(error.to_string());
    }
    for why in told {
        assert!(row(&format!("why:{why}")), "{why}");
    }
    // Said of something: the script knows these by how they begin and end.
    for (name, error) in [
        ("malformed", Error::Malformed("(.+)")),
        ("silent", Error::Silent("(.+)")),
    ] {
        assert!(row(name) && SCRIPT.contains(&format!("[\"{name}\", /^{error}$/]")));
    }
    let unread = Error::Io(std::io::ErrorKind::NotFound).to_string();
    let known = "cannot be read: ";
    assert!(unread.starts_with(known) && SCRIPT.contains(&format!("/^{known}(.+)$/")));
    assert!(row("unread"));
}

/// Relative luminance of `#rrggbb` (WCAG 2.1).
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let value = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
        let value = f64::from(value) / 255.0;
        if value <= 0.03928 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

#[test]
fn texts_stand_out_from_what_they_are_written_on() {
    let blocks = STYLE.split(":root {").skip(1);
    let blocks = blocks.filter_map(|block| block.split('}').next());
    let themes: Vec<_> = blocks.filter(|block| block.contains("--ground:")).collect();
    assert_eq!(themes.len(), 2, "light and dark");
    for theme in themes {
        let colour = |name: &str| {
            let (_, rest) = theme.split_once(&format!("--{name}: ")).expect(name);
            rest.split(';').next().unwrap()
        };
        // Nothing is written in the accent's colour on what is sunk.
        let pairs = ["text", "quiet", "accent", "bad", "good"]
            .into_iter()
            .flat_map(|front| ["ground", "raised", "sunk"].map(|back| (front, back)))
            .filter(|pair| *pair != ("accent", "sunk"))
            .chain([("on-accent", "accent")]);
        for (front, back) in pairs {
            let (one, other) = (luminance(colour(front)), luminance(colour(back)));
            let ratio = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            // WCAG 2.1, 1.4.3, for texts of any size.
            assert!(ratio >= 4.5, "{front} on {back}: {ratio:.2}");
        }
    }
}
