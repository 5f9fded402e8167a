//! Heap allocations of the running server, counted: the real loop over loopback, all of its threads.
//!
//! This is a program of its own, for it brings its own allocator and is one process with the server. Its client is a
//! thread that does not count itself.

#![allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; it only counts and passes on"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a test is a failed test"
)]
#![allow(clippy::print_stdout, reason = "a test of its own says what it found")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::Path,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use rill::{
    config::{Config, Surroundings},
    identity, net,
    sys::signal::Signals,
};

/// Turns of the loop that are counted together.
const ROUND: usize = 50;
/// Requests that come together, and so are answered in one turn: what another one takes is the difference.
const FEW: usize = 4;
/// The same.
const MANY: usize = 12;
/// Allocations of one turn of the reactor (async-io): the list of those it wakes, and a node of the tree of its timers.
/// They are freed in the same turn.
const TURN_ALLOCATIONS: usize = 4;
/// Allocations of a page of 30 by Browse. The reply itself, its SOAP call and what it refers to; the number of objects
/// and the length of their titles change nothing.
const PAGE_ALLOCATIONS: usize = 18;
/// Bytes that a reply may hold at once, however long it is.
const REPLY_BYTES: usize = 160 * 1024;
/// Items of the longest reply.
const ITEMS: usize = 5000;

/// Counts what all threads but the client's take from the heap.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static HELD: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static IS_CLIENT: Cell<bool> = const { Cell::new(false) };
}

fn counts() -> bool {
    !IS_CLIENT.try_with(Cell::get).unwrap_or(true)
}

fn took(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Relaxed);
    let held = HELD.fetch_add(bytes, Relaxed) + bytes;
    PEAK.fetch_max(held, Relaxed);
}

// SAFETY: everything is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if counts() {
            took(layout.size());
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if counts() {
            HELD.fetch_sub(layout.size(), Relaxed);
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if counts() {
            HELD.fetch_sub(layout.size(), Relaxed);
            took(size);
        }
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn main() {
    let folder = std::env::temp_dir().join(format!("rill-allocations-{}", std::process::id()));
    make_library(&folder.join("media"));
    let port = free_port();
    let config = config(&folder, port);
    let identity = identity::open(&config.state_dir, None, &[], 0);
    // Held back in this thread and so in the client's too: the server alone is to hear of them.
    let _held_back = Signals::take().unwrap();
    let state = config.state_dir.clone();
    let client = thread::spawn(move || {
        IS_CLIENT.set(true);
        let outcome = std::panic::catch_unwind(|| judge(port, &state));
        let own = rustix::process::getpid();
        rustix::process::kill_process(own, rustix::process::Signal::TERM).unwrap();
        outcome
    });
    net::run(config, &identity).unwrap();
    let outcome = client.join().unwrap();
    fs::remove_dir_all(folder).unwrap();
    if outcome.is_err() {
        std::process::exit(101);
    }
}

/// A folder of songs; each is a header and some silence.
fn make_library(media: &Path) {
    fs::create_dir_all(media).unwrap();
    for number in 0..ITEMS {
        let path = media.join(format!("song {number:04}.wav"));
        fs::write(path, [&WAV[..], &[0; 64]].concat()).unwrap();
    }
}

const WAV: [u8; 44] = *b"RIFF\x64\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x40\0\0\0";

fn free_port() -> u16 {
    let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.local_addr().unwrap().port()
}

/// The server alone, without timers of its own that would be counted with a request.
fn config(folder: &Path, port: u16) -> Config {
    let variable = |name: &str| {
        let value = match name {
            "RILL_MEDIA" => folder.join("media").into_os_string(),
            "RILL_STATE_DIR" => folder.join("state").into_os_string(),
            "RILL_PORT" => port.to_string().into(),
            "RILL_INTERFACE" => "lo".into(),
            "RILL_MDNS" | "RILL_IPV6" => "off".into(),
            "RILL_VIEWS" => "folders".into(),
            "RILL_NOTIFY_INTERVAL" => "86400".into(),
            "RILL_RESCAN" => "0".into(),
            _ => return None,
        };
        Some(value)
    };
    Config::from(&Surroundings {
        variable: &variable,
        folders: &[],
        directory: folder,
        hostname: "test",
    })
    .unwrap()
}

/// Looks at one kind of request after the other.
fn judge(port: u16, state: &Path) {
    let mut client = Client::open(port);
    let media = client.wait_for_songs();
    settle(state);
    let mut client = Client::open(port);

    let get = format!("GET {media} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
    let part = get.replace("\r\n\r\n", "\r\nRange: bytes=10-19\r\n\r\n");
    let page = browse(port, "0", "BrowseDirectChildren", 1000, 30);
    let whole = browse(port, "0", "BrowseDirectChildren", 0, 0);
    let metadata = browse(port, "0", "BrowseMetadata", 0, 0);

    for (name, request) in [("media, whole", &get), ("media, a part", &part)] {
        let (few, many) = (
            client.allocations_of(request, FEW),
            client.allocations_of(request, MANY),
        );
        let more = many.saturating_sub(few);
        println!(
            "{name}: {few} allocations in {ROUND} turns with {FEW} requests, {many} with {MANY}"
        );
        // They may take another turn of the reactor; an allocation for each of them would be four times as many.
        assert!(
            more < ROUND * (MANY - FEW) / 4,
            "{name}: {more} allocations more"
        );
        assert!(
            few <= ROUND * TURN_ALLOCATIONS,
            "{name}: {few} allocations in {ROUND} turns"
        );
    }
    for (name, request) in [
        ("Browse, a page of 30", &page),
        ("BrowseMetadata", &metadata),
    ] {
        let taken = client.allocations_of(request, 1).div_ceil(ROUND);
        println!("{name}: {taken} allocations");
        assert!(
            taken <= PAGE_ALLOCATIONS,
            "{name}: {taken}, at most {PAGE_ALLOCATIONS}"
        );
    }

    let (short, long) = (client.peak_of(&page), client.peak_of(&whole));
    println!("bytes held at once: {short} for 30 objects, {long} for {ITEMS}");
    assert!(long <= REPLY_BYTES, "{long} bytes for {ITEMS} objects");
}

/// Until the catalogue is on the disk and the announcements are sent.
fn settle(state: &Path) {
    let end = Instant::now() + Duration::from_secs(120);
    while !state.join("catalogue").exists() {
        assert!(Instant::now() < end, "the catalogue is not written");
        thread::sleep(Duration::from_millis(100));
    }
    thread::sleep(Duration::from_secs(3));
}

struct Client {
    port: u16,
    stream: TcpStream,
    reply: Vec<u8>,
}

impl Client {
    fn open(port: u16) -> Self {
        let end = Instant::now() + Duration::from_secs(60);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        loop {
            if let Ok(stream) = TcpStream::connect(address) {
                let reply = Vec::new();
                return Self {
                    port,
                    stream,
                    reply,
                };
            }
            assert!(Instant::now() < end, "nobody listens");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// One request and its whole reply.
    fn ask(&mut self, request: &str) {
        self.ask_all(request, 1);
    }

    /// Requests sent together, and all their replies; the last one stays.
    fn ask_all(&mut self, requests: &str, count: usize) {
        self.stream.write_all(requests.as_bytes()).unwrap();
        let mut piece = [0; 16384];
        self.reply.clear();
        for number in 1..=count {
            let end = loop {
                if let Some(end) = end_of_reply(&self.reply) {
                    break end;
                }
                let got = self.stream.read(&mut piece).unwrap();
                assert!(got > 0, "closed");
                self.reply.extend_from_slice(&piece[..got]);
            };
            if number < count {
                self.reply.drain(..end);
            }
        }
    }

    /// Until all songs are listed; the path of one.
    fn wait_for_songs(&mut self) -> String {
        let request = browse(self.port, "0", "BrowseDirectChildren", 0, 1);
        let end = Instant::now() + Duration::from_secs(120);
        loop {
            self.ask(&request);
            let text = String::from_utf8_lossy(&self.reply);
            if text.contains(&format!("<TotalMatches>{ITEMS}<")) {
                let url = text.split("/media/").nth(1).unwrap();
                return format!("/media/{}", url.split('&').next().unwrap());
            }
            assert!(Instant::now() < end, "the songs are not listed: {text}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Allocations of [`ROUND`] turns of the loop, with so many such requests in each, on a connection that has served some.
    /// Of several rounds the least counts: other work of the server may fall into one of them, such as a look at what was
    /// mounted.
    fn allocations_of(&mut self, request: &str, together: usize) -> usize {
        let requests = request.repeat(together);
        let mut least = usize::MAX;
        for _ in 0..10 {
            for _ in 0..3 {
                self.ask_all(&requests, together);
            }
            let before = ALLOCATIONS.load(Relaxed);
            for _ in 0..ROUND {
                self.ask_all(&requests, together);
            }
            // What follows a reply is counted with it.
            thread::sleep(Duration::from_millis(20));
            least = least.min(ALLOCATIONS.load(Relaxed) - before);
        }
        least
    }

    /// Bytes that the server holds at once for such a reply, beside what it holds anyhow.
    fn peak_of(&mut self, request: &str) -> usize {
        self.ask(request);
        thread::sleep(Duration::from_millis(20));
        let before = HELD.load(Relaxed);
        PEAK.store(before, Relaxed);
        self.ask(request);
        PEAK.load(Relaxed) - before
    }
}

/// Bytes of the first reply, once it is whole.
fn end_of_reply(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    assert!(head.starts_with("HTTP/1.1 20"), "{head}");
    let length = head.split("Content-Length: ").nth(1).unwrap();
    let length: usize = length.lines().next().unwrap().parse().unwrap();
    Some(end + length).filter(|end| *end <= bytes.len())
}

fn browse(port: u16, object: &str, flag: &str, start: u32, count: u32) -> String {
    let body = format!(
        "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" \
         s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body><u:Browse \
         xmlns:u=\"urn:schemas-upnp-org:service:ContentDirectory:1\"><ObjectID>{object}</ObjectID>\
         <BrowseFlag>{flag}</BrowseFlag><Filter>*</Filter><StartingIndex>{start}</StartingIndex>\
         <RequestedCount>{count}</RequestedCount><SortCriteria></SortCriteria></u:Browse></s:Body></s:Envelope>"
    );
    format!(
        "POST /control/ContentDirectory HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         Content-Type: text/xml; charset=\"utf-8\"\r\nContent-Length: {}\r\n\
         SOAPACTION: \"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"\r\n\r\n{body}",
        body.len()
    )
}
