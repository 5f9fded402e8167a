//! What real clients sent, as it was captured, in their order and to the byte but for addresses, paths and ids. The captures
//! lie beside the repository where it is worked on; elsewhere this is skipped.

use std::collections::HashMap;
use std::path::Path;

use crate::harness::device::{Device, serve};
use crate::harness::{
    Connection, Element, NEAR, Reply, Rill, Searcher, patience, skip, target, wait_for,
};

/// Where they lie.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/captures");
/// The server's address when they were made, and the client's.
const SERVER: &str = "10.77.1.1:8200";
const CLIENT: &str = "10.77.1.2";

#[test]
fn what_was_captured_is_answered() {
    if !Path::new(FOLDER).is_dir() {
        skip("the captures are not beside the repository");
        return;
    }
    let Some((rill, _library)) = serve() else {
        return;
    };
    let mut files: Vec<_> = std::fs::read_dir(FOLDER)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let (mut requests, mut searches) = (0, 0);
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let mut replay = Replay::new(&rill, file.file_stem().unwrap().to_str().unwrap());
        for message in messages(&bytes) {
            match message {
                Message::Search(datagram) => replay.search(datagram),
                Message::Request(request) => replay.request(request),
            }
        }
        requests += replay.requests;
        searches += replay.searches;
        rill.must_answer(&replay.name);
    }
    assert!(
        requests > 50 && searches >= 6,
        "{requests} requests, {searches} searches"
    );
}

/// What a client sent.
enum Message<'b> {
    Search(&'b [u8]),
    Request(&'b [u8]),
}

fn messages(bytes: &[u8]) -> Vec<Message<'_>> {
    let mut starts: Vec<_> = (0..bytes.len())
        .filter(|at| bytes[*at..].starts_with(b"### ") && (*at == 0 || bytes[at - 1] == b'\n'))
        .collect();
    starts.push(bytes.len());
    let blocks = starts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
    let told = blocks.filter_map(|block| {
        let end = block.iter().position(|byte| *byte == b'\n')?;
        let (title, content) = (&block[..end], &block[end + 1..]);
        if title.starts_with(b"### TCP client") {
            Some(Message::Request(content))
        } else if title.starts_with(b"### UDP client") && content.starts_with(b"M-SEARCH") {
            let len = content.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
            Some(Message::Search(&content[..len]))
        } else {
            None
        }
    });
    told.collect()
}

/// One client.
struct Replay<'r> {
    name: String,
    rill: &'r Rill,
    strict: Device<'r>,
    /// Where things are here.
    icon: String,
    media: HashMap<String, String>,
    /// Subscriptions, by the path of their service.
    sids: HashMap<String, String>,
    requests: usize,
    searches: usize,
}

impl<'r> Replay<'r> {
    fn new(rill: &'r Rill, name: &str) -> Self {
        let strict = Device::new(rill, &[]);
        let description = Element::parse(&strict.document("/description.xml"));
        let icon = description.all("icon")[0]
            .text_of("url")
            .unwrap()
            .to_owned();
        let page = strict.children("0");
        let media = page.objects.iter().filter(|object| !object.is_container);
        let media = media.map(|object| {
            let target = target(&object.res().text).to_owned();
            (target.rsplit('.').next().unwrap().to_owned(), target)
        });
        Self {
            name: name.to_owned(),
            rill,
            icon,
            media: media.collect(),
            strict,
            sids: HashMap::new(),
            requests: 0,
            searches: 0,
        }
    }

    fn search(&mut self, datagram: &[u8]) {
        self.searches += 1;
        let text = str::from_utf8(datagram).unwrap();
        let wanted = text
            .lines()
            .find_map(|line| line.strip_prefix("ST:"))
            .unwrap()
            .trim();
        // Some look for renderers alone, and hear nothing.
        if wanted.contains(":MediaRenderer:") {
            return;
        }
        let searcher = Searcher::open(self.rill.network(), NEAR);
        searcher.multicast(datagram);
        let answer = wait_for(&format!("{}: an answer", self.name), 10, || {
            searcher.answer(patience(1))
        });
        let found = answer.field("ST").unwrap();
        assert!(
            wanted == "ssdp:all" || found == wanted,
            "{}: {found}",
            self.name
        );
    }

    fn request(&mut self, request: &[u8]) {
        self.requests += 1;
        let text = str::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let (line, fields) = head.split_once("\r\n").unwrap();
        let mut words = line.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let here = self.path(path);
        let length = field(fields, "Content-Length").map_or(0, |text| text.parse().unwrap());
        let body = ids(&body[..length]);
        let fields: Vec<_> = fields
            .split("\r\n")
            .map(|line| self.field(line, &here, &body))
            .collect();
        let bytes = format!(
            "{method} {here} HTTP/1.1\r\n{}\r\n\r\n{body}",
            fields.join("\r\n")
        );
        let mut connection = Connection::open(self.rill.network(), NEAR, Rill::address(NEAR));
        connection.send(bytes.as_bytes());
        let reply = connection.reply();
        let reply = reply.unwrap_or_else(|| panic!("{}: no reply to {bytes}", self.name));
        self.judge(method, &here, &bytes, &reply);
    }

    /// The path of the same thing here.
    fn path(&self, path: &str) -> String {
        let service = |name: &str| match name.trim_end_matches(".xml") {
            "ContentDir" => "ContentDirectory",
            "ConnectionMgr" => "ConnectionManager",
            "X_MS_MediaReceiverRegistrar" => "X_MS_MediaReceiverRegistrar",
            other => panic!("{}: {other}", self.name),
        };
        if path == "/rootDesc.xml" {
            return "/description.xml".to_owned();
        }
        if path.starts_with("/icons/") {
            return self.icon.clone();
        }
        if let Some(file) = path.strip_prefix("/MediaItems/") {
            // There is a film of each kind that was played, but for one.
            let extension = file.rsplit('.').next().unwrap().replace("mpg", "ts");
            return self.media[&extension].clone();
        }
        if let Some(name) = path.strip_prefix("/ctl/") {
            return format!("/control/{}", service(name));
        }
        if let Some(name) = path.strip_prefix("/evt/") {
            return format!("/event/{}", service(name));
        }
        format!("/scpd/{}.xml", service(&path[1..]))
    }

    /// A field as the same client would send it here.
    fn field(&self, line: &str, path: &str, body: &str) -> String {
        let (name, value) = line.split_once(':').unwrap();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => format!("{name}: {}", body.len()),
            "sid" => format!("{name}: {}", self.sids[path]),
            _ => format!("{name}:{value}")
                .replace(SERVER, &Rill::address(NEAR).to_string())
                .replace(CLIENT, &NEAR.client.to_string()),
        }
    }

    fn judge(&mut self, method: &str, path: &str, request: &str, reply: &Reply) {
        let why = format!("{}: {request} -> {reply:?}", self.name);
        match method {
            "SUBSCRIBE" => {
                assert_eq!(reply.status, 200, "{why}");
                assert!(reply.field("TIMEOUT").is_some(), "{why}");
                let sid = reply.field("SID").unwrap().to_owned();
                self.sids.insert(path.to_owned(), sid);
            }
            "POST" => {
                assert_eq!(reply.status, 200, "{why}");
                self.strict.strict(reply.text());
                let answer = Element::parse(reply.text());
                let answer = answer.child("Body").unwrap().children[0].clone();
                let action = answer.name.strip_suffix("Response").unwrap().to_owned();
                assert!(request.contains(&format!("#{action}")), "{why}");
                let given: Vec<_> = answer.children.iter().map(|c| c.name.clone()).collect();
                let service = path.rsplit('/').next().unwrap();
                assert_eq!(given, self.strict.out_arguments(service, &action), "{why}");
                if let Some(result) = answer.text_of("Result") {
                    self.strict.strict(result);
                }
            }
            "GET" if path.starts_with("/media/") => judge_media(request, reply, &why),
            _ => {
                assert_eq!(reply.status, 200, "{why}");
                assert_eq!(reply.length(), Some(reply.body.len() as u64), "{why}");
                if path.starts_with("/scpd/") || path == "/description.xml" {
                    self.strict.strict(reply.text());
                }
            }
        }
    }
}

/// Films here are shorter than those that were played: a part behind the end is refused as the standard says.
fn judge_media(request: &str, reply: &Reply, why: &str) {
    let start = field(request, "Range").map(|range| {
        let start = range.strip_prefix("bytes=").unwrap();
        let (start, _) = start.split_once('-').unwrap();
        start.parse::<u64>().unwrap_or_else(|_| panic!("{why}"))
    });
    let wanted = match start {
        None => 200,
        Some(0) => 206,
        Some(_) => 416,
    };
    assert_eq!(reply.status, wanted, "{why}");
    assert_eq!(reply.field("Accept-Ranges"), Some("bytes"), "{why}");
}

/// The value of a field.
fn field<'t>(fields: &'t str, name: &str) -> Option<&'t str> {
    fields.lines().find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

/// A body in which every id is one that is known here.
fn ids(body: &str) -> String {
    let Some((before, rest)) = body.split_once("<ObjectID>") else {
        return body.to_owned();
    };
    let (_, behind) = rest.split_once("</ObjectID>").unwrap();
    format!("{before}<ObjectID>0</ObjectID>{behind}")
}
