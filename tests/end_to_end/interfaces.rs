//! The network as it really is: interfaces come, go and change while rill runs; IPv6; other servers; floods.
//!
//! What happens is watched from a second host, by a log of the datagrams that reach it.

use std::fs::{self, File};
use std::io::{IoSlice, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::net::{MMsgHdr, SendAncillaryBuffer, SendFlags, sendmmsg};

use crate::commands::{Ended, ask as ask_command};
use crate::harness::{
    Browse, Connection, FAR, Library, Listener, Message, NEAR, Network, Rill, Searcher, Setup,
    Side, clean, envelope, have, mp3, patience, program, wait_for,
};

const DEVICE: &str = "urn:schemas-upnp-org:device:MediaServer:1";
const FILM: u64 = 64 << 20;

fn library() -> Library {
    let mut library = Library::empty().with("song.mp3", &mp3(10));
    library.add_sparse("film.mp4", FILM, &[(FILM - 4, b"end!")]);
    library
}

fn at(address: &str) -> String {
    format!("http://{address}:8200/description.xml")
}

fn boot_id(message: &Message) -> u32 {
    message.field("BOOTID.UPNP.ORG").unwrap().parse().unwrap()
}

fn is<'m>(nts: &'m str, location: Option<&'m str>) -> impl Fn(&Message) -> bool + 'm {
    move |message| {
        let right = location.is_none_or(|wanted| message.field("LOCATION") == Some(wanted));
        message.field("NTS") == Some(nts) && right
    }
}

/// The log of a host until everything was said alive at `location`.
fn until_alive(listener: &Listener, location: &str) -> Vec<Message> {
    let heard = listener.log(patience(15), |heard| {
        heard
            .iter()
            .filter(|one| is("ssdp:alive", Some(location))(one))
            .count()
            >= 6
    });
    let alive = heard
        .iter()
        .filter(|one| is("ssdp:alive", Some(location))(one));
    assert!(
        alive.count() >= 6,
        "not all alive at {location}: {heard:#?}"
    );
    heard
}

fn count(heard: &[Message], nts: &str) -> usize {
    heard.iter().filter(|one| is(nts, None)(one)).count()
}

/// Every update before the first word of the BOOTID that it names; the last is the one in force. (A link that comes up may
/// flap, and be updated twice.)
fn must_be_updated(heard: &[Message]) {
    let updates: Vec<_> = heard
        .iter()
        .enumerate()
        .filter(|(_, one)| is("ssdp:update", None)(one))
        .collect();
    assert!(updates.len() >= 6, "{heard:#?}");
    let mut in_force = 0;
    for (place, update) in updates {
        let next = update.field("NEXTBOOTID.UPNP.ORG").unwrap();
        let next: u32 = next.parse().unwrap();
        in_force = next;
        assert!(boot_id(update) < next, "{update:?}");
        let before = heard[..place].iter();
        assert!(
            before.clone().all(|one| boot_id(one) < next),
            "an update after its BOOTID: {heard:#?}"
        );
    }
    let last = heard.last().unwrap();
    assert_eq!(boot_id(last), in_force, "{last:?}");
}

/// A film that is read bit by bit on the far side while things happen; the rest of it must come as it should.
struct Stream {
    connection: Connection,
    left: u64,
}

impl Stream {
    fn begin(rill: &Rill, side: Side) -> Self {
        let target = rill.find("film").target().to_owned();
        let mut connection = Connection::open(rill.network(), side, Rill::address(side));
        let fields = [("Host", format!("{}:8200", side.server))];
        let fields = fields
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        connection.send(&Rill::request_bytes("GET", &target, &fields, b""));
        let head = connection.head().unwrap();
        assert_eq!((head.status, head.length()), (200, Some(FILM)));
        let mut stream = Self {
            connection,
            left: FILM,
        };
        stream.take(1 << 20);
        stream
    }

    fn take(&mut self, count: u64) -> Vec<u8> {
        let bytes = self.connection.read(usize::try_from(count).unwrap());
        assert_eq!(bytes.len() as u64, count, "the stream broke");
        self.left -= count;
        bytes
    }

    fn must_end_well(mut self) {
        while self.left > 1 << 20 {
            assert!(self.take(1 << 20).iter().all(|&byte| byte == 0));
        }
        assert!(self.take(self.left).ends_with(b"end!"));
    }
}

/// gssdp-discover on a second host: a control point of another make, and what it tells.
struct Gssdp {
    told: PathBuf,
    _child: Ended,
}

impl Gssdp {
    /// Starts it; `None` where it is not installed.
    fn watch(network: &Network, side: Side, library: &Library) -> Option<Self> {
        if !have("gssdp-discover") {
            return None;
        }
        let told = library.beside(&format!("gssdp-{}", side.interface));
        let child = Network::command(&network.client(side), "gssdp-discover")
            .args([
                "--interface",
                "lan0",
                "--target",
                DEVICE,
                "--message-type",
                "all",
            ])
            .stdout(File::create(&told).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Some(Self {
            told,
            _child: Ended(child),
        })
    }

    /// What it has told so far: `+LOCATION` for what is there, `-` for what is gone.
    fn told(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.told).unwrap();
        let location = |line: &str| Some(format!("+{}", line.trim().strip_prefix("Location: ")?));
        let gone = |line: &str| line.contains("unavailable").then(|| "-".to_owned());
        let lines = text.lines();
        lines
            .filter_map(|line| location(line).or_else(|| gone(line)))
            .collect()
    }

    /// Waits until the last that it told is this.
    fn until(this: Option<&Self>, expected: &[&str]) {
        let Some(this) = this else { return };
        let end = Instant::now() + patience(20);
        while this.told() != expected && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = fs::read_to_string(&this.told).unwrap();
        assert_eq!(this.told(), expected, "gssdp-discover said: {text}");
    }
}

// ---- interfaces come and go --------------------------------------------------------------------

#[test]
fn a_start_without_any_network_is_announced_when_the_cable_is_in() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let server = network.server();
    Network::ip(&server, "link set lan1 down\nlink set lan2 down");
    let listener = Listener::open(&network, NEAR);
    let gssdp = Gssdp::watch(&network, NEAR, &library);
    let mut rill = Setup::new(&library).idle_on(network);
    rill.spawn();
    rill.wait_for_log("listed all", 1);
    assert!(!rill.log().contains("serving http"), "{}", rill.log());
    Network::ip(&server, "link set lan1 up");
    let heard = until_alive(&listener, &at("10.91.1.1"));
    assert_eq!(count(&heard, "ssdp:update"), 0, "nobody knew of it before");
    let there = format!("+{}", at("10.91.1.1"));
    Gssdp::until(gssdp.as_ref(), &[&there]);
    rill.must_answer("the cable was put in");
}

#[test]
fn a_cable_pulled_and_put_back_is_told_on_both_networks_and_disturbs_no_stream() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let [near, far] = [NEAR, FAR].map(|side| Listener::open(rill.network(), side));
    until_alive(&near, &at("10.91.1.1"));
    let first = until_alive(&far, &at("10.91.2.1"));
    let stream = Stream::begin(&rill, FAR);
    let client = rill.network().client(NEAR);
    Network::ip(&client, "link set lan0 down");
    rill.wait_for_log("10.91.1.1 is no longer served on lan1", 1);
    near.clear();
    far.clear();
    Network::ip(&client, "link set lan0 up");
    let heard = until_alive(&near, &at("10.91.1.1"));
    assert!(boot_id(heard.last().unwrap()) > boot_id(&first[0]));
    let updated = far.log(patience(10), |heard| {
        heard.last().is_some_and(is("ssdp:alive", None)) && count(heard, "ssdp:update") >= 12
    });
    must_be_updated(&updated);
    assert!(boot_id(updated.last().unwrap()) >= boot_id(heard.last().unwrap()));
    stream.must_end_well();
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search(DEVICE);
    assert!(
        searcher.answer(patience(5)).is_some(),
        "the group is joined"
    );
}

#[test]
fn a_new_address_by_dhcp_is_announced_after_a_byebye_of_the_old_one() {
    let library = library();
    let Some(rill) = Setup::new(&library).set("RILL_IPV6", "off").start() else {
        return;
    };
    let listener = Listener::open(rill.network(), NEAR);
    let gssdp = Gssdp::watch(rill.network(), NEAR, &library);
    let before = until_alive(&listener, &at("10.91.1.1"));
    let [old, new] = ["10.91.1.1", "10.91.1.77"].map(|address| format!("+{}", at(address)));
    Gssdp::until(gssdp.as_ref(), &[&old]);
    let stream = Stream::begin(&rill, FAR);
    listener.clear();
    Network::ip(
        &rill.network().server(),
        "addr del 10.91.1.1/24 dev lan1\naddr add 10.91.1.77/24 brd + dev lan1",
    );
    let heard = until_alive(&listener, &at("10.91.1.77"));
    let first_new = heard
        .iter()
        .position(|one| one.field("LOCATION") == Some(&at("10.91.1.77")));
    let goodbyes = &heard[..first_new.unwrap()];
    assert_eq!(count(goodbyes, "ssdp:byebye"), 6, "{heard:#?}");
    assert_eq!(count(&heard, "ssdp:byebye"), 6, "{heard:#?}");
    assert!(boot_id(heard.last().unwrap()) > boot_id(&before[0]));
    Gssdp::until(gssdp.as_ref(), &[&old, "-", &new]);
    stream.must_end_well();
    let new = SocketAddr::from(([10, 91, 1, 77], 8200));
    let mut connection = Connection::open(rill.network(), NEAR, new);
    let fields = [("Host", "10.91.1.77:8200")];
    connection.send(&Rill::request_bytes(
        "GET",
        "/description.xml",
        &fields,
        b"",
    ));
    assert_eq!(connection.reply().unwrap().status, 200);
}

#[test]
fn a_second_interface_is_announced_there_and_told_by_an_update_on_the_first() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let server = network.server();
    Network::ip(&server, "link set lan2 down");
    let [near, far] = [NEAR, FAR].map(|side| Listener::open(&network, side));
    let gssdp = [NEAR, FAR].map(|side| Gssdp::watch(&network, side, &library));
    let there = ["10.91.1.1", "10.91.2.1"].map(|address| format!("+{}", at(address)));
    let rill = Setup::new(&library).start_on(network);
    until_alive(&near, &at("10.91.1.1"));
    Gssdp::until(gssdp[0].as_ref(), &[&there[0]]);
    Gssdp::until(gssdp[1].as_ref(), &[]);
    let stream = Stream::begin(&rill, NEAR);
    Network::ip(&server, "link set lan2 up");
    let heard = until_alive(&far, &at("10.91.2.1"));
    let updated = near.log(patience(10), |heard| {
        heard.last().is_some_and(is("ssdp:alive", None)) && count(heard, "ssdp:update") >= 12
    });
    must_be_updated(&updated);
    assert_eq!(boot_id(&heard[0]), boot_id(updated.last().unwrap()));
    Gssdp::until(gssdp[1].as_ref(), &[&there[1]]);
    Gssdp::until(gssdp[0].as_ref(), &[&there[0]]);
    stream.must_end_well();
}

#[test]
fn a_wireless_network_that_is_lost_and_found_is_announced_again_with_another_bootid() {
    let library = library();
    let Some(rill) = Setup::new(&library).set("RILL_IPV6", "off").start() else {
        return;
    };
    let listener = Listener::open(rill.network(), NEAR);
    let gssdp = Gssdp::watch(rill.network(), NEAR, &library);
    let before = until_alive(&listener, &at("10.91.1.1"));
    let there = format!("+{}", at("10.91.1.1"));
    Gssdp::until(gssdp.as_ref(), &[&there]);
    let stream = Stream::begin(&rill, FAR);
    let server = rill.network().server();
    for times in 1..=2 {
        Network::ip(&server, "link set lan1 down");
        rill.wait_for_log("10.91.1.1 is no longer served on lan1", times);
        listener.clear();
        Network::ip(&server, "link set lan1 up");
        let heard = until_alive(&listener, &at("10.91.1.1"));
        assert!(boot_id(heard.last().unwrap()) > boot_id(&before[0]));
    }
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search(DEVICE);
    assert!(
        searcher.answer(patience(5)).is_some(),
        "the group is joined"
    );
    // It never left the list: there was no way to say goodbye, and no need.
    Gssdp::until(gssdp.as_ref(), &[&there]);
    stream.must_end_well();
}

#[test]
fn an_interface_that_is_taken_out_leaves_the_other_one_served() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let near = Listener::open(rill.network(), NEAR);
    let gssdp = Gssdp::watch(rill.network(), NEAR, &library);
    let there = format!("+{}", at("10.91.1.1"));
    Gssdp::until(gssdp.as_ref(), &[&there]);
    let stream = Stream::begin(&rill, NEAR);
    Network::ip(&rill.network().server(), "link del lan2");
    rill.wait_for_log("10.91.2.1 is no longer served on lan2", 1);
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search(DEVICE);
    assert!(searcher.answer(patience(5)).is_some());
    stream.must_end_well();
    let heard = near.log(Duration::from_secs(1), |_| false);
    assert_eq!(count(&heard, "ssdp:byebye"), 0, "{heard:#?}");
    Gssdp::until(gssdp.as_ref(), &[&there]);
}

#[test]
fn bridges_of_containers_and_their_pairs_are_left_alone() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let server = network.server();
    let links = "link add docker0 type bridge\nlink add vethab12 type veth peer name inner0\n\
                 link set vethab12 master docker0\naddr add 172.17.0.1/16 dev docker0\n\
                 addr add 10.93.0.1/24 dev vethab12\nlink set docker0 up\nlink set vethab12 up\n\
                 link set inner0 up\n\
                 link add br-0a1b2c3d4e5f type bridge\nlink add inner1 type veth peer name vethcd34\n\
                 link set vethcd34 master br-0a1b2c3d4e5f\naddr add 172.18.0.1/16 dev br-0a1b2c3d4e5f\n\
                 link set br-0a1b2c3d4e5f up\nlink set vethcd34 up\nlink set inner1 up\n\
                 link add br-lan type bridge\nlink add port0 type veth peer name vethef56\n\
                 link set vethef56 master br-lan\naddr add 10.94.0.1/24 dev br-lan\n\
                 link set br-lan up\nlink set vethef56 up\nlink set port0 up";
    Network::ip(&server, links);
    let rill = Setup::new(&library)
        .set("RILL_INTERFACE", "")
        .start_on(network);
    rill.wait_for_log("serving http://10.91.1.1:8200/ on lan1", 1);
    // A router's own bridge is the LAN.
    rill.wait_for_log("serving http://10.94.0.1:8200/ on br-lan", 1);
    let log = rill.log();
    let engine = [
        "on docker0",
        "on vethab12",
        "172.17.0.1",
        "10.93.0.1",
        "on br-0a1b",
        "172.18.0.1",
    ];
    for name in engine {
        assert!(!log.contains(name), "{log}");
    }
    let locations = found(rill.network(), NEAR, 1);
    assert_eq!(locations, [at("10.91.1.1")], "the bridges disturb nobody");
    // Nor does the other side search there.
    let (text, errors, status) = ask_command(&server, &["doctor"]);
    assert!(
        text.contains("heard      lan1 (10.91.1.1)"),
        "{status} {text}{errors}"
    );
    assert!(
        !text.contains("docker0") && !text.contains("br-0a1b"),
        "{text}"
    );
}

// ---- IPv6 --------------------------------------------------------------------------------------

const SERVER_V6: &str = "fd00:91:1::1";

/// A server without IPv4 on the near side, with a unique local address there.
fn ipv6_only(library: &Library) -> Option<Rill> {
    let network = Network::fresh()?;
    if !std::path::Path::new("/proc/net/if_inet6").exists() {
        crate::harness::skip("no IPv6 here");
        return None;
    }
    Network::ip(
        &network.server(),
        &format!("addr flush dev lan1\naddr add {SERVER_V6}/64 dev lan1 nodad\nlink del lan2"),
    );
    Network::ip(
        &network.client(NEAR),
        "addr flush dev lan0\naddr add fd00:91:1::2/64 dev lan0 nodad",
    );
    // Announcements come often enough to be heard by who listens late.
    let mut rill = Setup::new(library)
        .set("RILL_NOTIFY_INTERVAL", "5")
        .idle_on(network);
    rill.spawn();
    rill.wait_for_log("listed all", 1);
    rill.wait_for_log("serving http://[", 1);
    Some(rill)
}

fn ask(
    rill: &Rill,
    to: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> crate::harness::Reply {
    let mut connection = Connection::open(rill.network(), NEAR, to);
    connection.send(&Rill::request_bytes(method, target, fields, body));
    connection.reply().unwrap()
}

#[test]
fn a_network_of_ipv6_alone_is_served_in_full() {
    let library = library();
    let Some(rill) = ipv6_only(&library) else {
        return;
    };
    let listener = Listener::open_v6(rill.network(), NEAR);
    let location = at(&format!("[{SERVER_V6}]"));
    for (site, group) in [(false, "ff02::c"), (true, "ff05::c")] {
        let searcher = Searcher::open_v6(rill.network(), NEAR);
        searcher.search_v6(DEVICE, site);
        let answer = searcher.answer(patience(5));
        let answer = answer.unwrap_or_else(|| panic!("silent at {group}: {}", rill.log()));
        assert_eq!(answer.field("LOCATION"), Some(location.as_str()));
        let host = format!("[{group}]:1900");
        let heard = listener.heard("ssdp:alive", patience(15), |heard| {
            heard.iter().any(|one| one.field("HOST") == Some(&host))
        });
        assert!(
            heard
                .iter()
                .all(|one| one.field("LOCATION") == Some(&location)),
            "{heard:#?}"
        );
        let last = heard.last().and_then(|one| one.field("HOST"));
        assert_eq!(last, Some(host.as_str()), "no announcement to {group}");
    }

    let to: SocketAddr = format!("[{SERVER_V6}]:8200").parse().unwrap();
    let own = format!("[{SERVER_V6}]:8200");
    let host = [("Host", own.as_str())];
    assert_eq!(
        ask(&rill, to, "GET", "/description.xml", &host, b"").status,
        200
    );
    let foreign = [("Host", "[fd00::bad]:8200")];
    assert_eq!(
        ask(&rill, to, "GET", "/description.xml", &foreign, b"").status,
        403
    );
    let zone = [("Host", "[fd00:91:1::1%25lan0]:8200")];
    assert_ne!(
        ask(&rill, to, "GET", "/description.xml", &zone, b"").status,
        403
    );

    let body = envelope(
        "ContentDirectory",
        "Browse",
        &Browse::children("0").arguments(),
    );
    let action = "\"urn:schemas-upnp-org:service:ContentDirectory:1#Browse\"";
    let fields = [
        host[0],
        ("Content-Type", "text/xml; charset=\"utf-8\""),
        ("SOAPACTION", action),
    ];
    let reply = ask(
        &rill,
        to,
        "POST",
        "/control/ContentDirectory",
        &fields,
        body.as_bytes(),
    );
    assert_eq!(reply.status, 200);
    let text = reply.text();
    let res = text
        .split(&format!("http://{own}/media/"))
        .nth(1)
        .expect(text);
    let end = res
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '/')
        .unwrap();
    let media = ask(
        &rill,
        to,
        "GET",
        &format!("/media/{}", &res[..end]),
        &[host[0], ("Range", "bytes=0-9")],
        b"",
    );
    assert_eq!((media.status, media.body.len()), (206, 10));
}

/// The client's link-local address and the number of its interface.
fn link_local(network: &Network) -> (Ipv6Addr, u32) {
    let index = network.client_index(NEAR);
    let address = wait_for("a link-local address", 10, || {
        let output = Network::command(&network.client(NEAR), "ip")
            .args(["-6", "-o", "addr", "show", "dev", "lan0", "scope", "link"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let address = text.split("inet6 ").nth(1)?.split('/').next()?;
        address.parse().ok()
    });
    (address, index)
}

#[test]
fn a_link_local_address_alone_is_enough_also_for_events() {
    let library = library();
    let Some(rill) = Setup::new(&library).start() else {
        return;
    };
    let (own, index) = link_local(rill.network());
    let searcher = Searcher::open_v6(rill.network(), NEAR);
    searcher.search_v6(DEVICE, false);
    let answer = searcher.answer(patience(5)).expect("an answer by IPv6");
    let location = answer.field("LOCATION").unwrap();
    let server = location
        .strip_prefix("http://[")
        .and_then(|rest| rest.split_once("]:8200/"));
    let server: Ipv6Addr = server.expect(location).0.parse().expect("without a zone");
    assert!(server.is_unicast_link_local());
    let to = SocketAddr::from(SocketAddrV6::new(server, 8200, 0, index));
    let host = format!("[{server}]:8200");
    let reply = ask(
        &rill,
        to,
        "GET",
        "/description.xml",
        &[("Host", &host)],
        b"",
    );
    assert_eq!(reply.status, 200);

    let listener = rill
        .network()
        .inside(NEAR, || TcpListener::bind("[::]:0").unwrap());
    let port = listener.local_addr().unwrap().port();
    let callback = format!("<http://[{own}]:{port}/events>");
    let fields = [
        ("Host", host.as_str()),
        ("CALLBACK", &callback),
        ("NT", "upnp:event"),
        ("TIMEOUT", "Second-300"),
    ];
    let reply = ask(
        &rill,
        to,
        "SUBSCRIBE",
        "/event/ContentDirectory",
        &fields,
        b"",
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    listener.set_nonblocking(true).unwrap();
    let mut event = wait_for("an event over the link", 15, || listener.accept().ok()).0;
    event.set_nonblocking(false).unwrap();
    let mut text = [0; 6];
    event.read_exact(&mut text).unwrap();
    assert_eq!(&text, b"NOTIFY");
    event
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
}

#[test]
fn a_better_address_of_ipv6_takes_the_place_of_the_link_local_one_without_a_byebye() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    rill.wait_for_log("serving http://[fe80::", 2);
    let listener = Listener::open_v6(rill.network(), NEAR);
    let server = rill.network().server();
    Network::ip(&server, &format!("addr add {SERVER_V6}/64 dev lan1 nodad"));
    let heard = until_alive(&listener, &at(&format!("[{SERVER_V6}]")));
    assert_eq!(count(&heard, "ssdp:byebye"), 0, "{heard:#?}");
    Network::ip(&server, &format!("addr del {SERVER_V6}/64 dev lan1"));
    rill.wait_for_log("serving http://[fe80::", 3);
    let heard = listener.heard("ssdp:alive", patience(10), |heard| {
        heard
            .last()
            .and_then(|one| one.field("LOCATION"))
            .is_some_and(|text| text.contains("fe80::"))
    });
    let last = heard.last().unwrap().field("LOCATION").unwrap();
    assert!(last.starts_with("http://[fe80::"), "{last}");
}

#[test]
fn without_ipv6_nothing_of_it_is_open_or_announced() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let listener = Listener::open_v6(&network, NEAR);
    let rill = Setup::new(&library)
        .set("RILL_IPV6", "off")
        .start_on(network);
    let heard = Listener::open(rill.network(), NEAR).log(patience(5), |heard| heard.len() >= 6);
    assert!(heard.len() >= 6, "IPv4 is announced");
    assert_eq!(listener.log(Duration::from_secs(1), |_| false).len(), 0);
    let sockets = rill
        .network()
        .inside_server(|| fs::read_to_string("/proc/thread-self/net/tcp6"));
    assert!(
        !sockets.unwrap_or_default().contains(":2008 "),
        "port 8200 is open for IPv6"
    );
}

// ---- presence ----------------------------------------------------------------------------------

#[test]
fn bootid_grows_with_each_start_and_configid_with_the_description_alone() {
    let library = library();
    let uuid = "0b3e2f4c-1111-4222-8333-444455556666";
    let mut told = Vec::new();
    for name in ["Attic", "Cellar"] {
        let Some(network) = Network::fresh() else {
            return;
        };
        let mut rill = Setup::new(&library)
            .set("RILL_NAME", name)
            .set("RILL_UUID", uuid)
            .start_on(network);
        for _ in 0..2 {
            let listener = Listener::open(rill.network(), NEAR);
            let heard = until_alive(&listener, &at("10.91.1.1"));
            let alive = heard
                .iter()
                .find(|one| is("ssdp:alive", None)(one))
                .unwrap();
            let config: u32 = alive.field("CONFIGID.UPNP.ORG").unwrap().parse().unwrap();
            assert!(config < 1 << 24);
            assert_eq!(alive.field("SEARCHPORT.UPNP.ORG"), None);
            told.push((boot_id(alive), config));
            rill.stop();
            rill.start();
        }
    }
    let [first, again, other, other_again] = told[..] else {
        panic!("{told:?}")
    };
    assert!(
        again.0 > first.0 && other.0 > again.0 && other_again.0 > other.0,
        "{told:?}"
    );
    assert_eq!((first.1, other.1), (again.1, other_again.1));
    assert_ne!(first.1, other.1, "another name");
}

#[test]
fn where_port_1900_cannot_be_had_the_port_for_searches_is_told_and_answers() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let _selfish = network.inside_server(|| UdpSocket::bind("0.0.0.0:1900").unwrap());
    let listener = Listener::open(&network, NEAR);
    let rill = Setup::new(&library).start_on(network);
    let heard = until_alive(&listener, &at("10.91.1.1"));
    let port: u16 = heard[0]
        .field("SEARCHPORT.UPNP.ORG")
        .expect("SEARCHPORT")
        .parse()
        .unwrap();
    assert!(port >= 49152, "{port}");
    let searcher = Searcher::open(rill.network(), NEAR);
    let text = format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 10.91.1.1:{port}\r\nMAN: \"ssdp:discover\"\r\nST: {DEVICE}\r\n\r\n"
    );
    searcher.unicast(text.as_bytes(), (NEAR.server, port).into());
    let answer = searcher
        .answer(patience(5))
        .expect("an answer from the other port");
    assert_eq!(
        answer.field("SEARCHPORT.UPNP.ORG"),
        Some(port.to_string().as_str())
    );
}

#[test]
fn the_status_tells_who_searched_last() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search(DEVICE);
    assert!(searcher.answer(patience(5)).is_some());
    let page = rill.get("/status.json", &[]);
    let text = page.text();
    let search = format!("{{\"at\":\"10.91.1.1\",\"from\":\"10.91.1.2\",\"target\":\"{DEVICE}\",");
    assert!(text.contains(&search), "{text}");
}

// ---- company -----------------------------------------------------------------------------------

/// The LOCATIONs that answer a search on `side`, until there are as many.
fn found(network: &Network, side: Side, many: usize) -> Vec<String> {
    let searcher = Searcher::open(network, side);
    let mut locations = Vec::new();
    let end = Instant::now() + patience(20);
    while locations.len() < many && Instant::now() < end {
        searcher.search(DEVICE);
        for answer in searcher.answers(Duration::from_millis(1500)) {
            locations.push(answer.field("LOCATION").unwrap().to_owned());
        }
        locations.sort();
        locations.dedup();
    }
    locations
}

#[test]
fn two_servers_on_one_machine_are_found_by_three_clients_at_once() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let (runner, binary) = program();
    let state = library.beside("second");
    fs::create_dir_all(&state).unwrap();
    let words = runner.into_iter().chain([binary.into_os_string()]);
    let mut command = std::process::Command::new("ip");
    command
        .args(["netns", "exec", &rill.network().server()])
        .args(words);
    clean(&mut command);
    command
        .env("RILL_MEDIA", library.root())
        .env("RILL_STATE_DIR", &state)
        .env("RILL_PORT", "8300")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let _second = Ended(command.spawn().unwrap());
    std::thread::scope(|scope| {
        for side in [NEAR, NEAR, FAR] {
            let network = rill.network();
            scope.spawn(move || {
                let own = |port| format!("http://{}:{port}/description.xml", side.server);
                assert_eq!(found(network, side, 2), [own(8200), own(8300)]);
            });
        }
    });
}

#[test]
fn minidlna_on_the_same_port_1900_is_found_beside_rill() {
    let Some(network) = Network::fresh().filter(|_| have("minidlnad")) else {
        return;
    };
    let library = library();
    let state = library.beside("mini");
    fs::create_dir_all(&state).unwrap();
    let config = library.beside("minidlna.conf");
    let folders =
        [library.root(), state.clone(), state.clone()].map(|path| path.display().to_string());
    let [media, db, log] = folders;
    fs::write(&config, format!("port=8202\nnetwork_interface=lan1\nmedia_dir={media}\ndb_dir={db}\nlog_dir={log}\ninotify=no\n")).unwrap();
    let rill = Setup::new(&library).start_on(network);
    let server = Network::command(&rill.network().server(), "minidlnad")
        .args(["-S", "-f", config.to_str().unwrap(), "-P"])
        .arg(state.join("pid"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Ended(server);
    let locations = found(rill.network(), NEAR, 2);
    assert_eq!(locations.len(), 2, "{locations:?}");
    assert_eq!(locations[0], at("10.91.1.1"));
    assert!(
        locations[1].starts_with("http://10.91.1.1:8202/"),
        "{locations:?}"
    );
}

// ---- floods ------------------------------------------------------------------------------------

/// Datagrams a second that are aimed at, and how many in all.
const FLOOD_RATE: u32 = 10_000;
const FLOOD: u32 = 4 * FLOOD_RATE;
/// Datagrams of one call: a socket each in turn.
const BATCH: u32 = 50;
/// Sources of the flood, each an address of the near client.
const FLOOD_SOURCES: u8 = 32;

/// The first bytes of the flood's datagrams: searches for everything, in turn with what is none.
const NOISE: [&[u8]; 4] = [
    b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: ssdp:all\r\nX: 1\r\n\r\n",
    b"NOTIFY * HTTP/1.1\r\nNT: x\r\nNTS: ssdp:alive\r\nUSN: x\r\n\r\n",
    b"\xff\x00\x01 what is this",
    b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: ssdp:all\r\nX: 2\r\n\r\n",
];

/// Sends `count` datagrams by one call, as many as the way takes; their bytes.
fn send_batch(socket: &UdpSocket, count: u32) -> usize {
    let parts: Vec<_> = (0..count as usize)
        .map(|n| [IoSlice::new(NOISE[n % NOISE.len()])])
        .collect();
    let mut none: Vec<_> = parts
        .iter()
        .map(|_| SendAncillaryBuffer::default())
        .collect();
    let parts = parts.iter().zip(&mut none);
    let mut messages: Vec<_> = parts.map(|(part, none)| MMsgHdr::new(part, none)).collect();
    // A full queue loses some: as on any wire.
    let sent = sendmmsg(socket, &mut messages, SendFlags::empty()).unwrap_or_default();
    messages.iter().take(sent).map(MMsgHdr::bytes_sent).sum()
}

/// The whole flood at its rate, or slower where the machine does not give more; bytes, and how long it took.
fn flood(sockets: &[UdpSocket]) -> (usize, Duration) {
    let begin = Instant::now();
    let (mut bytes, mut number) = (0, 0);
    while number < FLOOD {
        let socket = &sockets[(number / BATCH) as usize % sockets.len()];
        bytes += send_batch(socket, BATCH);
        number += BATCH;
        let due = begin + Duration::from_secs(1) / FLOOD_RATE * number;
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    (bytes, begin.elapsed())
}

/// Bytes that come back, until the flood is over and nothing came for a while.
fn count_answers(sockets: &[UdpSocket], over: &AtomicBool) -> usize {
    for socket in sockets {
        socket.set_nonblocking(true).unwrap();
    }
    let (mut got, mut quiet) = (0, 0);
    while quiet < 20 {
        let before = got;
        for socket in sockets {
            while let Ok(count) = socket.recv(&mut [0; 2048]) {
                got += count;
            }
        }
        let idle = over.load(Ordering::Relaxed) && before == got;
        quiet = if idle { quiet + 1 } else { 0 };
        std::thread::sleep(Duration::from_millis(20));
    }
    got
}

/// UDP datagrams that reached a socket in the server's namespace, and those that found it full.
fn received(network: &Network) -> (u64, u64) {
    let text = network.inside_server(|| fs::read_to_string("/proc/thread-self/net/snmp").unwrap());
    let line = text.lines().filter(|line| line.starts_with("Udp: ")).nth(1);
    let number = |at: usize| {
        let mut words = line.unwrap().split_whitespace();
        words.nth(at).unwrap().parse().unwrap()
    };
    (number(1), number(5))
}

/// How long Browse of the root takes, until `enough`: the median and the longest.
fn browse_times(rill: &Rill, mut enough: impl FnMut(usize) -> bool) -> (usize, Duration, Duration) {
    let mut times = Vec::new();
    while !enough(times.len()) {
        let begin = Instant::now();
        assert_eq!(rill.children("0").objects.len(), 2, "a Browse went wrong");
        times.push(begin.elapsed());
    }
    times.sort();
    (times.len(), times[times.len() / 2], times[times.len() - 1])
}

#[test]
fn a_flood_of_searches_is_answered_little_and_hurts_nobody_else() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let near = rill.network().client(NEAR);
    let lines: Vec<_> = (0..FLOOD_SOURCES)
        .map(|n| format!("addr add 10.91.1.{}/32 dev lan0", 100 + n))
        .collect();
    Network::ip(&near, &lines.join("\n"));
    let sockets: Vec<_> = rill.network().inside(NEAR, || {
        (0..FLOOD_SOURCES)
            .map(|n| {
                let socket = UdpSocket::bind((Ipv4Addr::new(10, 91, 1, 100 + n), 0)).unwrap();
                socket.connect((NEAR.server, 1900)).unwrap();
                socket
            })
            .collect()
    });
    let before = browse_times(&rill, |count| count == 200);
    let (reached, lost) = received(rill.network());
    let over = AtomicBool::new(false);
    let ((sent, took), got, during, streamed) = std::thread::scope(|scope| {
        let flooding = scope.spawn(|| {
            let sent = flood(&sockets);
            over.store(true, Ordering::Relaxed);
            sent
        });
        let counting = scope.spawn(|| count_answers(&sockets, &over));
        let streaming = scope.spawn(|| {
            let mut stream = Stream::begin(&rill, FAR);
            while stream.left > 1 << 21 && !over.load(Ordering::Relaxed) {
                assert!(stream.take(1 << 19).iter().all(|&byte| byte == 0));
                std::thread::sleep(Duration::from_millis(10));
            }
            let streamed = FILM - stream.left;
            stream.must_end_well();
            streamed
        });
        let during = browse_times(&rill, |count| count > 0 && over.load(Ordering::Relaxed));
        (
            flooding.join().unwrap(),
            counting.join().unwrap(),
            during,
            streaming.join().unwrap(),
        )
    });
    let (reached, lost) = {
        let after = received(rill.network());
        (after.0 - reached, after.1 - lost)
    };
    eprintln!(
        "flood: {FLOOD} datagrams in {took:?}, {reached} reached rill, {lost} found its queue full; {sent} bytes in, {got} out; \
         Browse: count, median, longest: before {before:?}, during {during:?}; streamed beside it: {streamed} bytes"
    );
    assert!(got > 0, "some searches are answered");
    // What limits.rs allows in that time: the burst, and the rate for the flood and two seconds more.
    let most = (256 + 32 * (usize::try_from(took.as_secs()).unwrap() + 3)) * 1024;
    assert!(got <= most, "{got} bytes of answers to {sent}");
    let searcher = Searcher::open(rill.network(), NEAR);
    wait_for("rill answers after the flood", 10, || {
        searcher.search("upnp:rootdevice");
        searcher.answer(Duration::from_secs(2))
    });
}
