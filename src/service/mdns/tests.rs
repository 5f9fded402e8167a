//! Machines on a simulated link, against a simulated clock.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::*;
use crate::wire::dns::{Data, Header, NameBuf, Record, Section, Writer, kind};

const UDN: &str = "uuid:4d696e69-444c-164e-9d41-b6d47660363b";
const SERVICES: &str = "_services._dns-sd._udp.local";
const HTTP: &str = "_http._tcp.local";
const CINEMA: &str = "Cinema._http._tcp.local";
/// An asker's address, on every link.
const ASKER: &str = "192.168.1.77:5353";

/// One datagram on the link.
#[derive(Clone, Debug)]
struct Heard {
    at: Duration,
    from: SocketAddr,
    to: SocketAddr,
    interface: u32,
    bytes: Vec<u8>,
}

impl Heard {
    fn message(&self) -> Message<'_> {
        Message::parse(&self.bytes).expect("rill writes what it reads")
    }

    /// `section name type ttl flush`, sorted by nothing: as they stand.
    fn lines(&self) -> Vec<String> {
        let line = |(section, record): (Section, Record<'_>)| {
            let kind = match record.data.kind() {
                kind::A => "A",
                kind::AAAA => "AAAA",
                kind::PTR => "PTR",
                kind::SRV => "SRV",
                kind::TXT => "TXT",
                kind::NSEC => "NSEC",
                _ => "?",
            };
            let flush = if record.flush { " flush" } else { "" };
            format!(
                "{section:?} {} {kind} {}{flush}",
                record.name, record.ttl_secs
            )
        };
        self.message().records().map(line).collect()
    }

    fn is_response(&self) -> bool {
        self.message().is_response()
    }

    fn has(&self, kind: u16) -> bool {
        let mut records = self
            .message()
            .records()
            .map(|(_, record)| record)
            .collect::<Vec<_>>();
        records.retain(|record| record.data.kind() == kind);
        !records.is_empty()
    }
}

/// Machines on one link, the time, and all that was said.
struct Lan {
    nodes: Vec<(Responder, Vec<Interface>)>,
    time: Duration,
    /// Reads a node's datagram before it is delivered; false: it is lost.
    passes: fn(&Heard) -> bool,
}

impl Lan {
    fn new() -> Self {
        Lan {
            nodes: Vec::new(),
            time: Duration::from_secs(3),
            passes: |_| true,
        }
    }

    /// A machine that is called so, not yet on the link.
    fn node(&mut self, name: &str, host: &str, seed: u64) -> usize {
        let settings = Settings {
            name: name.to_owned(),
            host: host.to_owned(),
            http_port: 8200,
            udn: UDN.to_owned(),
            seed,
        };
        self.nodes.push((Responder::new(&settings), Vec::new()));
        self.nodes.len() - 1
    }

    fn now(&self) -> Now {
        Now {
            uptime: self.time,
            unix_secs: 0,
        }
    }

    fn up(&mut self, node: usize, interface: Interface) {
        let now = self.now();
        self.nodes[node].1.push(interface);
        self.nodes[node]
            .0
            .handle(now, Input::InterfaceUp(interface));
    }

    /// One machine called Cinema on `board`, announced and quiet.
    fn settled() -> Self {
        let mut lan = Lan::new();
        let node = lan.node("Cinema", "board", 1);
        lan.up(node, interface(2, [192, 168, 1, 20]));
        let heard = lan.run(secs(20));
        assert!(!heard.is_empty());
        lan
    }

    fn names(&self, node: usize) -> (String, String) {
        self.nodes[node].0.names()
    }

    /// Lets the time pass, jumping from one wake-up to the next; what was sent.
    fn run(&mut self, span: Duration) -> Vec<Heard> {
        let end = self.time + span;
        let mut heard = Vec::new();
        loop {
            let now = self.now();
            let mut turns = 0;
            for node in 0..self.nodes.len() {
                while let Some(sent) = self.nodes[node].0.output(now) {
                    turns += 1;
                    assert!(turns < 200, "one turn is bounded");
                    heard.push(Heard {
                        at: now.uptime,
                        from: SocketAddr::new(sent.source, 5353),
                        to: sent.to,
                        interface: sent.interface,
                        bytes: sent.bytes.to_vec(),
                    });
                    let last = heard.last().unwrap().clone();
                    if last.to.ip().is_multicast() && (self.passes)(&last) {
                        self.deliver(&last);
                    }
                }
            }
            let wake = self
                .nodes
                .iter()
                .filter_map(|(node, _)| node.wake_at())
                .min();
            match wake {
                Some(next) if next <= end => {
                    assert!(next > self.time || turns > 0, "nothing due is left behind");
                    self.time = self.time.max(next);
                }
                _ => break,
            }
        }
        self.time = end;
        heard
    }

    /// Gives a multicast datagram to everybody, its sender included.
    fn deliver(&mut self, sent: &Heard) {
        let now = self.now();
        for (node, interfaces) in &mut self.nodes {
            let mut told = Vec::new();
            for own in interfaces.iter() {
                if own.index == sent.interface && !told.contains(&own.index) {
                    told.push(own.index);
                    node.handle(
                        now,
                        Input::Datagram(Datagram {
                            bytes: &sent.bytes,
                            from: sent.from,
                            interface: own.index,
                            local: sent.to.ip(),
                            multicast: true,
                        }),
                    );
                }
            }
        }
    }

    /// Somebody says `bytes` to the group on interface 2.
    fn say(&mut self, from: &str, bytes: &[u8]) {
        let from: SocketAddr = from.parse().unwrap();
        let said = Heard {
            at: self.time,
            from,
            to: dns::group(from.ip()),
            interface: 2,
            bytes: bytes.to_vec(),
        };
        self.deliver(&said);
    }
}

fn interface(index: u32, [a, b, c, d]: [u8; 4]) -> Interface {
    Interface {
        index,
        address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        prefix_len: 24,
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// From `early` to `late`.
fn between(early: Duration, late: Duration) -> Duration {
    late.checked_sub(early).expect("time goes on")
}

fn name(text: &str) -> NameBuf {
    NameBuf::new(text.split('.').map(str::as_bytes)).unwrap()
}

type Known<'k> = (&'k str, u32, bool, Data<'k>);

fn message(
    header: Header,
    questions: &[(&str, u16, bool)],
    records: &[(Section, Known<'_>)],
) -> Vec<u8> {
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, header);
    for (asked, kind, unicast) in questions {
        writer
            .question(name(asked).view(), *kind, *unicast)
            .unwrap();
    }
    for (section, (owner, ttl, flush, data)) in records {
        writer
            .record(*section, name(owner).view(), *ttl, *flush, data)
            .unwrap();
    }
    writer.finish().to_vec()
}

const QUERY: Header = Header::Query {
    more_follows: false,
};

fn query(asked: &str, kind: u16) -> Vec<u8> {
    message(QUERY, &[(asked, kind, false)], &[])
}

fn response(owner: &str, ttl: u32, data: Data<'_>) -> Vec<u8> {
    message(
        Header::Response,
        &[],
        &[(Section::Answer, (owner, ttl, true, data))],
    )
}

fn srv(port: u16, target: &NameBuf) -> Data<'_> {
    Data::Srv {
        priority: 0,
        weight: 0,
        port,
        target: target.view(),
    }
}

const fn a(d: u8) -> Data<'static> {
    Data::A(Ipv4Addr::new(192, 168, 1, d))
}

// ---- probing and announcing --------------------------------------------------------------------

#[test]
fn a_start_probes_three_times_and_announces_three_times() {
    for seed in 0..50 {
        let mut lan = Lan::new();
        let node = lan.node("Cinema", "board", seed);
        lan.up(node, interface(2, [192, 168, 1, 20]));
        let begin = lan.time;
        let heard = lan.run(secs(3600));
        assert_eq!(heard.len(), 6, "{heard:#?}");
        assert!(heard[0].at <= begin + PROBE_JITTER);
        let since: Vec<_> = heard
            .iter()
            .map(|one| between(heard[0].at, one.at).as_millis())
            .collect();
        assert_eq!(since, [0, 250, 500, 750, 1750, 3750]);
        for probe in &heard[..3] {
            let asked: Vec<_> = probe.message().questions().collect();
            assert_eq!(asked.len(), 2);
            assert!(
                asked
                    .iter()
                    .all(|q| q.kind == kind::ANY && !q.unicast && q.class == 1)
            );
            assert_eq!(asked[0].name.to_string(), CINEMA);
            assert_eq!(asked[1].name.to_string(), "board.local");
            let lines = probe.lines();
            assert_eq!(
                lines,
                [
                    format!("Authority {CINEMA} SRV 120"),
                    format!("Authority {CINEMA} TXT 4500"),
                    "Authority board.local A 120".to_owned()
                ]
            );
        }
        for announcement in &heard[3..] {
            assert_eq!(
                announcement.lines(),
                [
                    format!("Answer {SERVICES} PTR 4500"),
                    format!("Answer {HTTP} PTR 4500"),
                    format!("Answer {CINEMA} SRV 120 flush"),
                    format!("Answer {CINEMA} TXT 4500 flush"),
                    "Answer board.local A 120 flush".to_owned(),
                    format!("Answer {CINEMA} NSEC 4500 flush"),
                    "Answer board.local NSEC 120 flush".to_owned(),
                ]
            );
            assert_eq!(announcement.to, "224.0.0.251:5353".parse().unwrap());
        }
        let seen = lan.nodes[node].0.seen();
        assert_eq!(
            (seen.conflicts, seen.malformed),
            (0, 0),
            "its own come back by the loop"
        );
    }
}

#[test]
fn txt_says_where_the_page_is() {
    let mut lan = Lan::settled();
    lan.say(ASKER, &query(CINEMA, kind::TXT));
    let heard = lan.run(secs(1));
    let message = heard[0].message();
    let (_, txt) = message.records().next().unwrap();
    let Data::Txt(raw) = txt.data else {
        panic!("{txt:?}")
    };
    let texts: Vec<_> = dns::texts(raw).map(String::from_utf8_lossy).collect();
    assert_eq!(
        texts,
        [
            "path=/",
            "description=DLNA media server",
            &format!("udn={UDN}")
        ]
    );
}

#[test]
fn two_with_the_same_names_end_with_two_names() {
    for seed in 0..30 {
        // Started together, or one long after the other.
        for apart in [0, 100, 400, 700, 60_000] {
            let mut lan = Lan::new();
            let first = lan.node("Cinema", "board", seed);
            let second = lan.node("Cinema", "board", seed + 1000);
            lan.up(first, interface(2, [192, 168, 1, 20]));
            lan.run(millis(apart));
            lan.up(second, interface(2, [192, 168, 1, 21]));
            lan.run(secs(60));
            let names = [lan.names(first), lan.names(second)];
            assert_ne!(names[0].0, names[1].0, "{seed} {apart}");
            assert_ne!(names[0].1, names[1].1, "{seed} {apart}");
            let mut hosts = [names[0].1.as_str(), names[1].1.as_str()];
            hosts.sort_unstable();
            assert_eq!(hosts, ["board-2.local", "board.local"], "{seed} {apart}");
            let mut instances = [names[0].0.as_str(), names[1].0.as_str()];
            instances.sort_unstable();
            // SRV names the host, so a tie of instances goes by the names of the hosts at that moment.
            assert_eq!(
                instances,
                ["Cinema (2)._http._tcp.local", CINEMA],
                "{seed} {apart}"
            );
            if apart == 60_000 {
                assert_eq!(names[0].0, CINEMA, "who came first keeps the name");
            }
            assert!(lan.run(secs(3600)).is_empty(), "and then there is peace");
        }
    }
}

#[test]
fn forty_with_the_same_names_end_with_forty_names() {
    let mut lan = Lan::new();
    for n in 0..40 {
        let node = lan.node("Cinema", "board", n);
        lan.up(
            node,
            interface(2, [192, 168, 1, 20 + u8::try_from(n).unwrap()]),
        );
    }
    lan.run(secs(3600));
    let mut names: Vec<_> = (0..40)
        .flat_map(|n| <[String; 2]>::from(lan.names(n)))
        .collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 80);
    assert!(lan.run(secs(3600)).is_empty());
}

#[test]
fn a_name_that_is_ours_is_defended_and_the_newcomer_gives_way() {
    let mut lan = Lan::settled();
    let host = name("other.local");
    let probe = message(
        QUERY,
        &[(CINEMA, kind::ANY, true)],
        &[(Section::Authority, (CINEMA, 120, false, srv(80, &host)))],
    );
    lan.say(ASKER, &probe);
    let heard = lan.run(secs(1));
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(heard[0].is_response() && heard[0].has(kind::SRV));
    assert_eq!(lan.names(0).0, CINEMA);
}

#[test]
fn a_conflict_is_asked_about_again_before_the_name_is_given_up() {
    let mut lan = Lan::settled();
    let host = name("other.local");
    lan.say(ASKER, &response(CINEMA, 120, srv(80, &host)));
    let heard = lan.run(secs(20));
    assert!(!heard[0].is_response(), "it probes again");
    assert_eq!(lan.names(0).0, CINEMA, "nobody insisted");
    // Now somebody does.
    lan.say(ASKER, &response(CINEMA, 120, srv(80, &host)));
    lan.run(millis(300));
    lan.say(ASKER, &response(CINEMA, 120, srv(80, &host)));
    let heard = lan.run(secs(20));
    assert_eq!(lan.names(0).0, "Cinema (2)._http._tcp.local");
    assert!(
        heard
            .last()
            .unwrap()
            .lines()
            .iter()
            .any(|line| line.contains("(2)"))
    );
    assert_eq!(lan.names(0).1, "board.local", "the host keeps its name");
}

#[test]
fn endless_conflicts_are_answered_seldom() {
    let mut lan = Lan::new();
    let node = lan.node("Cinema", "board", 1);
    lan.up(node, interface(2, [192, 168, 1, 20]));
    let host = name("other.local");
    let mut probes = 0;
    for _ in 0..6000 {
        let (instance, _) = lan.names(node);
        lan.say(ASKER, &response(&instance, 120, srv(80, &host)));
        probes += lan.run(millis(100)).len();
    }
    let seen = lan.nodes[node].0.seen();
    // Ten minutes: fifteen at first, then one in five seconds.
    assert!((60..=200).contains(&seen.conflicts), "{seen:?}");
    assert!(probes < 400, "{probes}");
}

#[test]
fn names_are_cut_at_a_character_and_numbered_within_63_bytes() {
    let long = "ä".repeat(40);
    let mut lan = Lan::new();
    for n in 0..2 {
        let node = lan.node(&long, &"b".repeat(70), n);
        lan.up(
            node,
            interface(2, [192, 168, 1, 20 + u8::try_from(n).unwrap()]),
        );
    }
    lan.run(secs(60));
    let mut names = [lan.names(0).0, lan.names(1).0];
    names.sort_by_key(String::len);
    let plain = format!("{}._http._tcp.local", "ä".repeat(31));
    let numbered = format!("{} (2)._http._tcp.local", "ä".repeat(29));
    assert!(
        names.contains(&plain) && names.contains(&numbered),
        "{names:?}"
    );
    let mut hosts = [lan.names(0).1, lan.names(1).1];
    hosts.sort();
    assert_eq!(
        hosts,
        [
            format!("{}-2.local", "b".repeat(61)),
            format!("{}.local", "b".repeat(63))
        ]
    );
}

// ---- answers -----------------------------------------------------------------------------------

#[test]
fn the_service_is_answered_with_all_that_is_needed_beside() {
    for seed in 0..20 {
        let mut lan = Lan::new();
        let node = lan.node("Cinema", "board", seed);
        lan.up(node, interface(2, [192, 168, 1, 20]));
        lan.run(secs(20));
        let asked_at = lan.time;
        lan.say(ASKER, &query("_HTTP._tcp.local", kind::PTR));
        let heard = lan.run(secs(5));
        assert_eq!(heard.len(), 1);
        let waited = between(asked_at, heard[0].at);
        assert!((millis(20)..=millis(120)).contains(&waited), "{waited:?}");
        assert_eq!(
            heard[0].lines(),
            [
                format!("Answer {HTTP} PTR 4500"),
                format!("Additional {CINEMA} SRV 120 flush"),
                format!("Additional {CINEMA} TXT 4500 flush"),
                "Additional board.local A 120 flush".to_owned(),
                format!("Additional {CINEMA} NSEC 4500 flush"),
                "Additional board.local NSEC 120 flush".to_owned(),
            ][..]
                .to_vec()
        );
    }
}

#[test]
fn unique_records_are_answered_at_once_and_absent_ones_denied() {
    for (asked, kind, answer) in [
        (CINEMA, kind::SRV, format!("Answer {CINEMA} SRV 120 flush")),
        (
            CINEMA,
            kind::AAAA,
            format!("Answer {CINEMA} NSEC 4500 flush"),
        ),
        (
            "BOARD.local",
            kind::A,
            "Answer board.local A 120 flush".to_owned(),
        ),
        (
            "board.local",
            kind::AAAA,
            "Answer board.local NSEC 120 flush".to_owned(),
        ),
        (
            "board.local",
            kind::ANY,
            "Answer board.local A 120 flush".to_owned(),
        ),
    ] {
        let mut lan = Lan::settled();
        let asked_at = lan.time;
        lan.say(ASKER, &query(asked, kind));
        let heard = lan.run(secs(5));
        assert_eq!(heard.len(), 1, "{asked} {kind}");
        assert_eq!(heard[0].at, asked_at);
        assert_eq!(heard[0].lines()[0], answer);
    }
}

#[test]
fn what_is_not_ours_is_not_answered() {
    let mut lan = Lan::settled();
    for (asked, kind) in [
        ("_ipp._tcp.local", kind::PTR),
        ("other.local", kind::A),
        (HTTP, kind::SRV),
        ("Other._http._tcp.local", kind::SRV),
        ("local", kind::ANY),
    ] {
        lan.say(ASKER, &query(asked, kind));
    }
    for from in ["10.0.0.1:5353", "192.168.1.255:5353", "192.168.1.77:0"] {
        lan.say(from, &query(HTTP, kind::PTR));
    }
    assert!(lan.run(secs(10)).is_empty());
    assert_eq!(lan.nodes[0].0.seen().refused_off_subnet, 3);
}

#[test]
fn a_record_is_multicast_at_most_once_a_second() {
    let mut lan = Lan::settled();
    let mut times = Vec::new();
    for n in 0..200 {
        lan.say(
            &format!("192.168.1.{}:5353", 30 + n),
            &query(HTTP, kind::PTR),
        );
        lan.say(ASKER, &query("board.local", kind::A));
        let heard = lan.run(millis(50));
        times.extend(
            heard
                .into_iter()
                .filter(|one| one.has(kind::PTR))
                .map(|one| one.at),
        );
    }
    assert!((8..=11).contains(&times.len()), "{times:?}");
    assert!(
        times
            .windows(2)
            .all(|pair| between(pair[0], pair[1]) >= secs(1)),
        "{times:?}"
    );
}

#[test]
fn what_the_asker_knows_is_not_told() {
    let cinema = name(CINEMA);
    let known = |ttl| {
        (
            Section::Answer,
            (HTTP, ttl, false, Data::Ptr(cinema.view())),
        )
    };
    for (ttl, told) in [(4500, 0), (2250, 0), (2249, 1), (0, 1)] {
        let mut lan = Lan::settled();
        lan.say(
            ASKER,
            &message(QUERY, &[(HTTP, kind::PTR, false)], &[known(ttl)]),
        );
        assert_eq!(lan.run(secs(5)).len(), told, "{ttl} s left");
    }
    let mut lan = Lan::settled();
    let other = name("Other._http._tcp.local");
    let others = (
        Section::Answer,
        (HTTP, 4500, false, Data::Ptr(other.view())),
    );
    lan.say(
        ASKER,
        &message(QUERY, &[(HTTP, kind::PTR, false)], &[others]),
    );
    assert_eq!(lan.run(secs(5)).len(), 1, "knows another's");
}

#[test]
fn an_asker_who_knows_more_is_waited_for() {
    let cinema = name(CINEMA);
    let more = Header::Query { more_follows: true };
    let known = [(
        Section::Answer,
        (HTTP, 4500, false, Data::Ptr(cinema.view())),
    )];
    for knows in [false, true] {
        let mut lan = Lan::settled();
        let asked_at = lan.time;
        lan.say(ASKER, &message(more, &[(HTTP, kind::PTR, false)], &[]));
        assert!(lan.run(millis(300)).is_empty());
        // The first part of the rest announces another one.
        lan.say(ASKER, &message(more, &[], &[]));
        assert!(lan.run(millis(300)).is_empty());
        let last = if knows { &known[..] } else { &[] };
        lan.say(ASKER, &message(QUERY, &[], last));
        // Another asker does not speak for this one.
        lan.say("192.168.1.78:5353", &message(QUERY, &[], &known));
        let heard = lan.run(secs(5));
        assert_eq!(heard.len(), usize::from(!knows));
        assert!(heard.iter().all(|one| one.at >= asked_at + millis(700)));
    }
}

#[test]
fn a_question_for_unicast_is_answered_so_once_all_have_heard() {
    let mut lan = Lan::settled();
    lan.say(ASKER, &message(QUERY, &[(HTTP, kind::PTR, true)], &[]));
    let heard = lan.run(secs(5));
    assert_eq!(heard[0].to, ASKER.parse().unwrap());
    assert!(
        heard[0]
            .lines()
            .contains(&format!("Additional {CINEMA} SRV 120 flush"))
    );
    assert_eq!(heard.len(), 1);
    // After a quarter of its time a record is told to all again.
    lan.run(secs(31));
    lan.say(
        ASKER,
        &message(QUERY, &[("board.local", kind::A, true)], &[]),
    );
    let heard = lan.run(secs(5));
    assert_eq!(heard.len(), 1);
    assert!(heard[0].to.ip().is_multicast());
}

#[test]
fn a_legacy_asker_gets_its_own_question_back_and_short_times() {
    let mut lan = Lan::settled();
    let mut asked = message(QUERY, &[("BoArD.LoCaL", kind::A, false)], &[]);
    asked[..2].copy_from_slice(&[0xab, 0xcd]);
    lan.say("192.168.1.77:40000", &asked);
    let heard = lan.run(secs(5));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].to, "192.168.1.77:40000".parse().unwrap());
    let message = heard[0].message();
    assert_eq!(message.id, 0xabcd);
    let question = message.questions().next().unwrap();
    assert_eq!(
        (question.name.to_string().as_str(), question.kind),
        ("BoArD.LoCaL", kind::A)
    );
    assert_eq!(heard[0].lines(), ["Answer board.local A 10"]);
    // What is not there is not denied to one who would take it for DNSSEC.
    lan.say("192.168.1.77:40000", &query("board.local", kind::AAAA));
    assert!(lan.run(secs(5)).is_empty());
}

#[test]
fn one_source_cannot_have_itself_flooded() {
    let mut lan = Lan::settled();
    let mut told = 0;
    for _ in 0..1000 {
        lan.say("192.168.1.77:40000", &query("board.local", kind::A));
        told += lan.run(millis(1)).len();
    }
    let most = limits::SEARCH_BURST + limits::SEARCHES_PER_SECOND + 1;
    assert!(
        told > 50 && told <= usize::try_from(most).unwrap(),
        "{told}"
    );
    assert!(lan.nodes[0].0.seen().limited > 800);
}

#[test]
fn the_same_told_by_another_need_not_be_told() {
    let mut lan = Lan::settled();
    let http = name(HTTP);
    lan.say(ASKER, &query(SERVICES, kind::PTR));
    lan.say(
        "192.168.1.9:5353",
        &response(SERVICES, 4500, Data::Ptr(http.view())),
    );
    assert!(lan.run(secs(5)).is_empty());
    // And what another takes back is told again, for it is still true here.
    lan.say(
        "192.168.1.9:5353",
        &response(SERVICES, 0, Data::Ptr(http.view())),
    );
    let heard = lan.run(secs(5));
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].lines()[0], format!("Answer {SERVICES} PTR 4500"));
}

// ---- another responder on the same machine -----------------------------------------------------

#[test]
fn a_responder_beside_us_is_no_conflict() {
    let mut lan = Lan::new();
    let node = lan.node("Cinema", "board", 1);
    lan.up(node, interface(2, [192, 168, 1, 20]));
    lan.run(millis(400)); // probing
    let own = "192.168.1.20:5353";
    let v6 = Data::Aaaa(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1));
    for data in [a(20), v6, a(99)] {
        lan.say(own, &response("board.local", 120, data));
    }
    let heard = lan.run(secs(60));
    assert_eq!(lan.names(node).1, "board.local");
    assert_eq!(lan.nodes[node].0.seen().conflicts, 0);
    let last = heard.last().unwrap().lines();
    assert!(
        last.contains(&"Answer board.local A 120".to_owned()),
        "no flush: {last:?}"
    );
    assert!(
        !last.iter().any(|line| line.contains("board.local NSEC")),
        "{last:?}"
    );
    lan.say(ASKER, &query("board.local", kind::AAAA));
    assert!(lan.run(secs(5)).is_empty(), "the other one answers that");
    let now = lan.now();
    lan.nodes[node].0.handle(now, Input::Stop);
    let goodbyes = lan.run(secs(5));
    assert!(
        goodbyes
            .iter()
            .all(|one| !one.has(kind::A) && one.has(kind::SRV))
    );
}

#[test]
fn our_address_told_by_a_reflector_is_no_conflict() {
    let mut lan = Lan::new();
    let node = lan.node("Cinema", "board", 1);
    lan.up(node, interface(2, [192, 168, 1, 20]));
    lan.up(node, interface(3, [192, 168, 2, 20]));
    for _ in 0..50 {
        lan.say(
            "192.168.1.1:5353",
            &response("board.local", 120, Data::A(Ipv4Addr::new(192, 168, 2, 20))),
        );
        lan.run(millis(50));
    }
    assert_eq!(lan.nodes[node].0.seen().conflicts, 0);
    // But another machine's address is one.
    lan.say("192.168.1.1:5353", &response("board.local", 120, a(99)));
    lan.run(millis(400));
    lan.say("192.168.1.1:5353", &response("board.local", 120, a(99)));
    lan.run(secs(5));
    assert_eq!(lan.names(node).1, "board-2.local");
}

// ---- interfaces and the end --------------------------------------------------------------------

#[test]
fn each_interface_tells_its_own_addresses() {
    let mut lan = Lan::settled();
    lan.up(0, interface(3, [10, 77, 0, 1]));
    let heard = lan.run(secs(20));
    assert!(
        heard.iter().all(|one| one.interface == 3),
        "the first is not disturbed"
    );
    assert_eq!(
        heard.iter().filter(|one| !one.is_response()).count(),
        3,
        "probed there"
    );
    for one in &heard {
        let message = one.message();
        let mut addresses = message
            .records()
            .filter_map(|(_, record)| match record.data {
                Data::A(address) => Some(address),
                _ => None,
            });
        assert!(addresses.all(|address| address == Ipv4Addr::new(10, 77, 0, 1)));
    }
}

#[test]
fn a_changed_address_is_announced_and_the_last_one_ends_the_link() {
    let mut lan = Lan::settled();
    lan.up(0, interface(2, [192, 168, 1, 21]));
    let heard = lan.run(secs(20));
    assert_eq!(heard.len(), 3);
    let both = heard[0].lines();
    assert_eq!(
        both.iter()
            .filter(|line| line.contains("board.local A 120 flush"))
            .count(),
        2
    );
    let now = lan.now();
    let down = |d| Input::InterfaceDown {
        index: 2,
        address: IpAddr::V4(Ipv4Addr::new(192, 168, 1, d)),
    };
    lan.nodes[0].0.handle(now, down(20));
    let heard = lan.run(secs(20));
    assert_eq!(heard.len(), 3);
    assert!(
        heard
            .iter()
            .all(|one| one.from.ip() == IpAddr::V4(Ipv4Addr::new(192, 168, 1, 21)))
    );
    let now = lan.now();
    lan.nodes[0].0.handle(now, down(21));
    lan.say(ASKER, &query(HTTP, kind::PTR));
    assert!(lan.run(secs(20)).is_empty());
    assert_eq!(lan.nodes[0].0.wake_at(), None);
}

#[test]
fn addresses_of_both_families_are_told_to_both_groups() {
    let mut lan = Lan::settled();
    let v6 = Interface {
        index: 2,
        address: "fd12::20".parse().unwrap(),
        prefix_len: 64,
    };
    lan.up(0, v6);
    let heard = lan.run(secs(20));
    for group in ["224.0.0.251:5353", "[ff02::fb]:5353"] {
        let to = |one: &&Heard| one.to == group.parse().unwrap() && one.is_response();
        let last = heard.iter().rfind(to).unwrap_or_else(|| panic!("{group}"));
        assert!(last.has(kind::A) && last.has(kind::AAAA), "{group}");
    }
    lan.say("[fe80::77]:5353", &query("board.local", kind::AAAA));
    let heard = lan.run(secs(5));
    assert_eq!(heard[0].lines()[0], "Answer board.local AAAA 120 flush");
    assert!(heard[0].to.is_ipv6());
}

#[test]
fn a_stop_takes_everything_back_and_nothing_shared_by_all() {
    let mut lan = Lan::settled();
    let now = lan.now();
    lan.nodes[0].0.handle(now, Input::Stop);
    assert!(!lan.nodes[0].0.finished());
    let heard = lan.run(millis(300));
    assert!(lan.nodes[0].0.finished());
    assert_eq!(heard.len(), 2);
    for goodbye in &heard {
        assert_eq!(
            goodbye.lines(),
            [
                format!("Answer {HTTP} PTR 0"),
                format!("Answer {CINEMA} SRV 0 flush"),
                format!("Answer {CINEMA} TXT 0 flush"),
                "Answer board.local A 0 flush".to_owned(),
            ]
        );
    }
    // Who was never announced has nothing to take back.
    let mut lan = Lan::new();
    let node = lan.node("Cinema", "board", 1);
    lan.up(node, interface(2, [192, 168, 1, 20]));
    lan.run(millis(300));
    let now = lan.now();
    lan.nodes[node].0.handle(now, Input::Stop);
    assert!(lan.nodes[node].0.finished() && lan.run(secs(5)).is_empty());
}

#[test]
fn thirty_days_of_the_same_questions_change_nothing() {
    let mut lan = Lan::settled();
    for hour in 0..30 * 24 {
        lan.run(secs(3599));
        lan.say(ASKER, &query(HTTP, kind::PTR));
        let heard = lan.run(secs(1));
        assert_eq!(heard.len(), 1, "hour {hour}");
        assert_eq!(heard[0].lines().len(), 6);
    }
    assert_eq!(lan.names(0), (CINEMA.to_owned(), "board.local".to_owned()));
}

#[test]
fn noise_is_counted_and_dropped() {
    let mut lan = Lan::settled();
    let mut chance = Chance::new(9);
    let good = query(HTTP, kind::PTR);
    for _ in 0..20_000 {
        let mut bytes = good.clone();
        for _ in 0..3 {
            let at = usize::try_from(chance.up_to(Duration::from_millis(1)).as_micros()).unwrap();
            let place = at % bytes.len();
            bytes[place] = u8::try_from(at % 256).unwrap();
        }
        lan.say(ASKER, &bytes);
    }
    lan.run(secs(5));
    lan.say(ASKER, &good);
    assert_eq!(lan.run(secs(5)).len(), 1);
}
