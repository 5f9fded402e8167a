//! What a device and rill said to each other lately, for people who want to report what a device does not like.
//!
//! Heads of both sides and the SOAP bodies, in two rings of bytes that are allocated once: a player that fetches one part of
//! a film after the other would otherwise push out what it browsed before. The oldest gives way, and nothing waits.

use std::{collections::VecDeque, fmt::Write as _, net::IpAddr, time::Duration};

use super::Device;
use crate::{json, limits, service::page, wire::status};

/// A request and the beginning of its answer, as they are on the wire.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'e> {
    /// Who asked.
    pub address: IpAddr,
    /// When.
    pub uptime: Duration,
    /// Where it is kept.
    pub ring: Ring,
    /// What was asked.
    pub request: Said<'e>,
    /// What was answered.
    pub reply: Said<'e>,
}

/// What one side said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Said<'e> {
    /// First line and fields, up to the empty line.
    pub head: &'e [u8],
    /// The SOAP body, or how it begins.
    pub body: &'e [u8],
    /// Bytes of it in all.
    pub body_len: u64,
}

/// Where an exchange is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// With all that is said to find and choose something.
    Talk,
    /// With what fetches films, music and pictures.
    Fetches,
}

impl Ring {
    /// Where a request for this path is kept; `None`: nowhere, people and `rill doctor` look how things are.
    pub fn of(path: &str) -> Option<Self> {
        if path.starts_with("/media/") || path.starts_with("/art/") {
            return Some(Self::Fetches);
        }
        let is_for_people = page::Door::find(path).is_some()
            || path == status::PATH
            || path.starts_with(status::EXCHANGES);
        (!is_for_people).then_some(Self::Talk)
    }
}

/// The last exchanges with one device.
#[derive(Clone, Debug)]
pub struct Exchanges {
    talk: Bytes,
    fetches: Bytes,
    /// Exchanges so far: tells which of two was first.
    count: u64,
}

/// Exchanges one behind the other, at most so many bytes.
#[derive(Clone, Debug)]
struct Bytes {
    all: VecDeque<u8>,
    entries: VecDeque<Entry>,
    most: usize,
}

/// What is known of one exchange; its bytes stand in [`Bytes`], part after part.
#[derive(Clone, Copy, Debug)]
struct Entry {
    number: u64,
    uptime: Duration,
    /// What it was served as.
    device: &'static Device,
    parts: [Part; 4],
}

/// Head or body of one side.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    kept: usize,
    /// Bytes that it had.
    len: u64,
}

/// Bytes kept of each part: request head and body, reply head and body.
const PART_BYTES: [usize; 4] = [
    limits::RECORDED_HEAD_BYTES,
    limits::RECORDED_REQUEST_BYTES,
    limits::RECORDED_HEAD_BYTES,
    limits::RECORDED_REPLY_BYTES,
];

impl Exchanges {
    pub(super) fn new() -> Self {
        Self {
            talk: Bytes::new(limits::RECORDED_TALK_BYTES),
            fetches: Bytes::new(limits::RECORDED_FETCH_BYTES),
            count: 0,
        }
    }

    /// Forgets everything; the memory is for another device.
    pub(super) fn clear(&mut self) {
        for ring in [&mut self.talk, &mut self.fetches] {
            ring.all.clear();
            ring.entries.clear();
        }
        self.count = 0;
    }

    /// Keeps one more, which was served as `device`.
    pub(super) fn add(&mut self, exchange: &Exchange<'_>, device: &'static Device) {
        self.count += 1;
        let ring = match exchange.ring {
            Ring::Talk => &mut self.talk,
            Ring::Fetches => &mut self.fetches,
        };
        ring.add(exchange, device, self.count);
    }

    /// How many are kept, and how many there were.
    pub fn counts(&self) -> (usize, u64) {
        let kept = self.talk.entries.len() + self.fetches.entries.len();
        (kept, self.count)
    }

    /// All that is kept, oldest first, for people: `>` before what the device said, `<` before what rill said. Characters
    /// that are not shown as themselves are told by their numbers.
    pub fn write(&self, out: &mut String, now: Duration) {
        let mut all: Vec<_> = [&self.talk, &self.fetches]
            .into_iter()
            .flat_map(|ring| ring.exchanges().map(move |(entry, at)| (entry, ring, at)))
            .collect();
        all.sort_unstable_by_key(|(entry, ..)| entry.number);
        for (entry, ring, start) in all {
            entry.write(out, now, ring, start);
        }
    }
}

impl Bytes {
    fn new(most: usize) -> Self {
        Self {
            all: VecDeque::with_capacity(most),
            entries: VecDeque::with_capacity(limits::RECORDED_EXCHANGES),
            most,
        }
    }

    fn add(&mut self, exchange: &Exchange<'_>, device: &'static Device, number: u64) {
        let Exchange { request, reply, .. } = exchange;
        let texts = [request.head, request.body, reply.head, reply.body];
        let lens = [
            request.head.len() as u64,
            request.body_len,
            reply.head.len() as u64,
            reply.body_len,
        ];
        let mut entry = Entry {
            number,
            uptime: exchange.uptime,
            device,
            parts: [Part::default(); 4],
        };
        for (place, part) in entry.parts.iter_mut().enumerate() {
            part.kept = texts[place].len().min(PART_BYTES[place]);
            part.len = lens[place];
        }
        let needed = entry.kept();
        while self.entries.len() >= limits::RECORDED_EXCHANGES
            || self.all.len() + needed > self.most
        {
            // With nothing kept there is room: a part is smaller than a ring.
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.all.drain(..oldest.kept());
        }
        for (text, part) in texts.iter().zip(&entry.parts) {
            if part.kept > 0 {
                self.all.extend(&text[..part.kept]);
            }
        }
        self.entries.push_back(entry);
    }

    /// Each exchange, and where its bytes begin.
    fn exchanges(&self) -> impl Iterator<Item = (&Entry, usize)> {
        self.entries.iter().scan(0, |at, entry| {
            let start = *at;
            *at += entry.kept();
            Some((entry, start))
        })
    }
}

impl Entry {
    fn kept(&self) -> usize {
        self.parts.iter().map(|part| part.kept).sum()
    }

    fn write(&self, out: &mut String, now: Duration, ring: &Bytes, start: usize) {
        let ago = now.saturating_sub(self.uptime).as_secs();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "\n--- {ago} s ago, served as {}", self.device.kind);
        let mut at = start;
        for (place, part) in self.parts.iter().enumerate() {
            let mark = if place < 2 { '>' } else { '<' };
            let bytes: Vec<u8> = ring.all.range(at..at + part.kept).copied().collect();
            at += part.kept;
            if !bytes.is_empty() {
                write_lines(out, mark, &bytes);
            }
            let left = part.len.saturating_sub(part.kept as u64);
            if left > 0 && part.kept > 0 {
                let _ = writeln!(out, "{mark} [{left} more bytes]");
            }
        }
    }
}

/// Writes each line behind `mark`.
fn write_lines(out: &mut String, mark: char, bytes: &[u8]) {
    let bytes = bytes.strip_suffix(b"\r\n\r\n").unwrap_or(bytes);
    for line in bytes.split(|byte| *byte == b'\n') {
        let _ = write!(out, "{mark} ");
        for chunk in line.strip_suffix(b"\r").unwrap_or(line).utf8_chunks() {
            for c in chunk.valid().chars() {
                if json::is_plain(c) {
                    out.push(c);
                } else {
                    let _ = write!(out, "{}", c.escape_default());
                }
            }
            for byte in chunk.invalid() {
                let _ = write!(out, "\\x{byte:02x}");
            }
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::devices::UNKNOWN;

    const TALK: Ring = Ring::Talk;

    fn exchange<'e>(ring: Ring, request: &'e [u8], reply: Said<'e>) -> Exchange<'e> {
        let request = Said {
            head: request,
            ..Said::default()
        };
        Exchange {
            address: [10, 0, 0, 1].into(),
            uptime: Duration::from_secs(5),
            ring,
            request,
            reply,
        }
    }

    fn text(exchanges: &Exchanges) -> String {
        let mut out = String::new();
        exchanges.write(&mut out, Duration::from_secs(8));
        out
    }

    #[test]
    fn both_sides_are_told_line_by_line_with_what_was_left_out() {
        let mut exchanges = Exchanges::new();
        let reply = Said {
            head: b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n",
            body: b"<?xml?>\n<a/>",
            body_len: 9000,
        };
        let request = Said {
            head: b"POST /control/ContentDirectory HTTP/1.1\r\nHost: x\r\n\r\n",
            body: b"<s:Envelope/>",
            body_len: 13,
        };
        let both = Exchange {
            request,
            ..exchange(TALK, b"", reply)
        };
        exchanges.add(&both, &UNKNOWN);
        assert_eq!(
            text(&exchanges),
            "\n--- 3 s ago, served as plain\n> POST /control/ContentDirectory HTTP/1.1\n> Host: x\n> <s:Envelope/>\n\
             < HTTP/1.1 200 OK\n< Content-Length: 9000\n< <?xml?>\n< <a/>\n< [8988 more bytes]\n"
        );
    }

    #[test]
    fn what_a_stranger_sends_stays_text() {
        let mut exchanges = Exchanges::new();
        let bytes = b"GET /\x1b[2J\xff\xe2\x80\xae\t HTTP/1.1\r\nX: \xc3\xa9<script>\r\n\r\n";
        exchanges.add(&exchange(TALK, bytes, Said::default()), &UNKNOWN);
        assert_eq!(
            text(&exchanges),
            "\n--- 3 s ago, served as plain\n> GET /\\u{1b}[2J\\xff\\u{202e}\\t HTTP/1.1\n> X: \u{e9}<script>\n"
        );
    }

    #[test]
    fn a_ring_is_bounded_in_bytes_and_in_number_and_keeps_the_last() {
        let mut exchanges = Exchanges::new();
        let before = (
            exchanges.talk.all.capacity(),
            exchanges.talk.entries.capacity(),
        );
        for number in 0..500 {
            let head = format!("GET /{number} HTTP/1.1\r\n\r\n{}", "x".repeat(number * 9));
            let body = vec![b'y'; number * 20];
            let reply = Said {
                head: head.as_bytes(),
                body: &body,
                body_len: body.len() as u64,
            };
            exchanges.add(&exchange(TALK, head.as_bytes(), reply), &UNKNOWN);
            assert!(exchanges.talk.all.len() <= limits::RECORDED_TALK_BYTES);
            assert!(exchanges.talk.entries.len() <= limits::RECORDED_EXCHANGES);
        }
        let after = (
            exchanges.talk.all.capacity(),
            exchanges.talk.entries.capacity(),
        );
        assert_eq!(before, after, "nothing is allocated later");
        let text = text(&exchanges);
        assert!(text.contains("> GET /499 HTTP/1.1") && !text.contains("> GET /1 HTTP/1.1"));
        assert!(text.len() <= limits::EXCHANGES_BYTES);
    }

    #[test]
    fn a_film_does_not_push_out_what_was_browsed() {
        let mut exchanges = Exchanges::new();
        exchanges.add(
            &exchange(TALK, b"POST /first\r\n", Said::default()),
            &UNKNOWN,
        );
        let part = [b'x'; limits::RECORDED_HEAD_BYTES];
        for _ in 0..100 {
            let fetch = exchange(Ring::Fetches, &part, Said::default());
            exchanges.add(&fetch, &UNKNOWN);
        }
        exchanges.add(
            &exchange(TALK, b"POST /last\r\n", Said::default()),
            &UNKNOWN,
        );
        let text = text(&exchanges);
        let first = text.find("POST /first").unwrap();
        assert!(first < text.find("xxx").unwrap() && text.rfind("xxx") < text.find("POST /last"));
    }

    #[test]
    fn the_worst_text_is_read_whole() {
        let mut exchanges = Exchanges::new();
        let bytes = [0x01; 4096];
        for ring in [TALK, Ring::Fetches] {
            for _ in 0..100 {
                let said = Said {
                    head: &bytes,
                    body: &bytes,
                    body_len: u64::MAX,
                };
                let worst = Exchange {
                    request: said,
                    ..exchange(ring, &[], said)
                };
                exchanges.add(&worst, &UNKNOWN);
            }
        }
        assert!(text(&exchanges).len() < limits::EXCHANGES_BYTES);
    }

    #[test]
    fn what_people_look_at_is_not_kept() {
        for path in [
            "/",
            "/live",
            "/status.json",
            "/status",
            "/exchanges/10.0.0.1",
        ] {
            assert_eq!(Ring::of(path), None, "{path}");
        }
        assert_eq!(Ring::of("/description.xml"), Some(Ring::Talk));
        assert_eq!(Ring::of("/control/ContentDirectory"), Some(Ring::Talk));
        assert_eq!(Ring::of("/media/1.mkv"), Some(Ring::Fetches));
        assert_eq!(Ring::of("/art/1"), Some(Ring::Fetches));
        assert_eq!(Ring::of("/nothing"), Some(Ring::Talk));
    }
}
