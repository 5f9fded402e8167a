//! A browser and responders on a simulated link, against a simulated clock.

use std::net::Ipv4Addr;

use super::*;
use crate::service::mdns::{Responder, Settings};

const HTTP: &str = "_http._tcp.local";

struct Lan {
    browser: Browser,
    boards: Vec<(Responder, Interface)>,
    time: Duration,
    events: Vec<(Duration, Event)>,
    /// Datagrams that the browser sent.
    asked: usize,
}

const OWN: Interface = interface(2);

const fn interface(d: u8) -> Interface {
    Interface {
        index: 2,
        address: IpAddr::V4(Ipv4Addr::new(192, 168, 1, d)),
        prefix_len: 24,
    }
}

impl Lan {
    fn browsing(wanted: Wanted<'_>) -> Self {
        let mut lan = Lan {
            browser: Browser::new(wanted, 7),
            boards: Vec::new(),
            time: Duration::from_secs(3),
            events: Vec::new(),
            asked: 0,
        };
        lan.browser.handle(lan.now(), Input::InterfaceUp(OWN));
        lan
    }

    fn now(&self) -> Now {
        Now {
            uptime: self.time,
            unix_secs: 0,
        }
    }

    fn board(&mut self, name: &str, d: u8) {
        let mut board = Responder::new(&Settings {
            name: name.to_owned(),
            host: format!("board{d}"),
            http_port: 8200,
            udn: "uuid:1".to_owned(),
            seed: d.into(),
        });
        board.handle(self.now(), Input::InterfaceUp(interface(d)));
        self.boards.push((board, interface(d)));
    }

    fn run(&mut self, span: Duration) -> Vec<Event> {
        let end = self.time + span;
        let mut quiet = 0;
        loop {
            let now = self.now();
            let mut sent = Vec::new();
            while let Some(query) = self.browser.output(now) {
                self.asked += 1;
                sent.push((SocketAddr::new(query.source, 5353), query.bytes.to_vec()));
            }
            for (board, _) in &mut self.boards {
                while let Some(told) = board.output(now) {
                    sent.push((SocketAddr::new(told.source, 5353), told.bytes.to_vec()));
                }
            }
            quiet = if sent.is_empty() { quiet + 1 } else { 0 };
            assert!(quiet < 1000, "wakes for nothing");
            for (from, bytes) in &sent {
                self.hear(*from, bytes);
            }
            while let Some(event) = self.browser.event(now) {
                self.events.push((self.time, event));
                quiet = 0;
            }
            let wakes = self.boards.iter().filter_map(|(board, _)| board.wake_at());
            match wakes.chain(self.browser.wake_at()).min() {
                Some(next) if next <= end => self.time = self.time.max(next),
                _ => break,
            }
        }
        self.time = end;
        self.events.drain(..).map(|(_, event)| event).collect()
    }

    fn hear(&mut self, from: SocketAddr, bytes: &[u8]) {
        let now = self.now();
        let input = Input::Datagram(Datagram {
            bytes,
            from,
            interface: 2,
            local: dns::GROUP_V4.into(),
            multicast: true,
        });
        self.browser.handle(now, input);
        for (board, own) in &mut self.boards {
            // Who said it hears it too, by the loop.
            let _ = own;
            board.handle(now, input);
        }
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn names(events: &[Event]) -> Vec<String> {
    let mut names: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Appeared(service) => format!("+{}", service.name),
            Event::Gone { name, .. } => format!("-{name}"),
        })
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_there_appears_once_with_all_that_is_needed() {
    for wanted in [Wanted::Everything, Wanted::Types(&["_http._tcp"])] {
        let mut lan = Lan::browsing(wanted);
        lan.board("Kino & süß", 20);
        let events = lan.run(secs(60));
        let [Event::Appeared(service)] = &events[..] else {
            panic!("{events:?}")
        };
        let expected = Service {
            name: "Kino & süß".to_owned(),
            kind: HTTP.to_owned(),
            host: "board20.local".to_owned(),
            port: 8200,
            interface: 2,
            addresses: vec![IpAddr::V4(Ipv4Addr::new(192, 168, 1, 20))],
            txt: ["path=/", "description=DLNA media server", "udn=uuid:1"]
                .map(ToOwned::to_owned)
                .into(),
        };
        assert_eq!(service, &expected);
    }
}

#[test]
fn who_was_there_before_is_found_within_seconds() {
    let mut lan = Lan::browsing(Wanted::Types(&[]));
    lan.board("A", 20);
    lan.board("B", 21);
    assert!(lan.run(secs(600)).is_empty(), "nothing was wanted");
    lan.browser = Browser::new(Wanted::Everything, 1);
    lan.browser.handle(lan.now(), Input::InterfaceUp(OWN));
    assert_eq!(names(&lan.run(secs(3))), ["+A", "+B"]);
}

#[test]
fn thirty_days_bring_one_appearance_and_few_questions() {
    let mut lan = Lan::browsing(Wanted::Everything);
    lan.board("A", 20);
    lan.board("B", 21);
    assert_eq!(names(&lan.run(secs(60))), ["+A", "+B"]);
    lan.asked = 0;
    assert_eq!(lan.run(secs(30 * 86_400)), []);
    // SRV and A are good for two minutes each, and are asked for before.
    assert!((20_000..200_000).contains(&lan.asked), "{}", lan.asked);
}

#[test]
fn a_goodbye_and_a_silent_end_are_both_noticed() {
    let mut lan = Lan::browsing(Wanted::Everything);
    lan.board("Polite", 20);
    lan.board("Cut off", 21);
    lan.run(secs(60));
    let now = lan.now();
    lan.boards[0].0.handle(now, Input::Stop);
    assert_eq!(names(&lan.run(secs(2))), ["-Polite"]);
    lan.boards.pop();
    assert_eq!(lan.run(secs(10)), []);
    assert_eq!(names(&lan.run(secs(130))), ["-Cut off"]);
    lan.board("Cut off", 22);
    assert_eq!(names(&lan.run(secs(60))), ["+Cut off"]);
}

#[test]
fn a_changed_address_is_told_and_an_interface_that_goes_takes_all_with_it() {
    let mut lan = Lan::browsing(Wanted::Everything);
    lan.board("A", 20);
    lan.run(secs(60));
    let now = lan.now();
    lan.boards[0]
        .0
        .handle(now, Input::InterfaceUp(interface(30)));
    let (index, address) = (2, interface(20).address);
    lan.boards[0]
        .0
        .handle(now, Input::InterfaceDown { index, address });
    let events = lan.run(secs(60));
    let Some(Event::Appeared(last)) = events.last() else {
        panic!("{events:?}")
    };
    assert_eq!(last.addresses, [interface(30).address]);
    let (now, address) = (lan.now(), OWN.address);
    lan.browser
        .handle(now, Input::InterfaceDown { index, address });
    assert_eq!(names(&lan.run(secs(1))), ["-A"]);
}

#[test]
fn a_link_that_keeps_another_address_is_asked_on_from_that_one() {
    let mut lan = Lan::browsing(Wanted::Everything);
    lan.browser
        .handle(lan.now(), Input::InterfaceUp(interface(3)));
    let down = |own: Interface| Input::InterfaceDown {
        index: own.index,
        address: own.address,
    };
    lan.browser.handle(lan.now(), down(OWN));
    lan.time += secs(1);
    let now = lan.now();
    let sent = lan.browser.output(now).map(|sent| sent.source);
    assert_eq!(sent, Some(interface(3).address));
    lan.browser.handle(now, down(interface(3)));
    assert_eq!(
        (lan.browser.wake_at(), lan.browser.output(now)),
        (None, None)
    );
}

/// A response with these records, all of 120 s.
fn response(records: &[(&NameBuf, Data<'_>)]) -> Vec<u8> {
    let mut buffer = [0; 1400];
    let mut writer = Writer::new(&mut buffer, Header::Response);
    for (name, data) in records {
        writer
            .record(Section::Answer, name.view(), 120, false, data)
            .unwrap();
    }
    writer.finish().to_vec()
}

fn name(labels: &[&str]) -> NameBuf {
    NameBuf::new(labels.iter().map(|label| label.as_bytes())).unwrap()
}

#[test]
fn records_may_come_in_pieces_and_in_any_order() {
    let mut lan = Lan::browsing(Wanted::Types(&["_ipp._tcp.local."]));
    let kind = name(&["_ipp", "_tcp", "local"]);
    let printer = name(&["P. 1", "_ipp", "_tcp", "local"]);
    let host = name(&["p1", "local"]);
    let from = "192.168.1.9:5353".parse().unwrap();
    let a = Data::A(Ipv4Addr::new(192, 168, 1, 9));
    let srv = Data::Srv {
        priority: 0,
        weight: 0,
        port: 631,
        target: host.view(),
    };
    // Nothing leads to these.
    lan.hear(from, &response(&[(&host, a), (&printer, srv)]));
    assert!(lan.browser.cache.records.is_empty());
    lan.hear(from, &response(&[(&kind, Data::Ptr(printer.view()))]));
    assert_eq!(lan.run(secs(3)), []);
    assert!(lan.asked > 2, "it asks for the rest");
    lan.hear(from, &response(&[(&host, a), (&printer, srv)]));
    let events = lan.run(secs(1));
    assert_eq!(names(&events), ["+P. 1"]);
    // What does not come is not asked for without end.
    let other = name(&["P2", "_ipp", "_tcp", "local"]);
    lan.hear(from, &response(&[(&kind, Data::Ptr(other.view()))]));
    lan.asked = 0;
    lan.run(secs(60));
    assert!(lan.asked < 20, "{}", lan.asked);
}

#[test]
fn strangers_and_queries_are_not_believed() {
    let mut lan = Lan::browsing(Wanted::Types(&["_ipp._tcp"]));
    let kind = name(&["_ipp", "_tcp", "local"]);
    let printer = name(&["P1", "_ipp", "_tcp", "local"]);
    let told = response(&[(&kind, Data::Ptr(printer.view()))]);
    for from in ["10.0.0.1:5353", "192.168.1.9:5354"] {
        lan.hear(from.parse().unwrap(), &told);
    }
    let mut query = told.clone();
    query[2] = 0;
    lan.hear("192.168.1.9:5353".parse().unwrap(), &query);
    assert!(lan.browser.cache.records.is_empty());
    lan.hear("192.168.1.9:5353".parse().unwrap(), &told);
    assert_eq!(lan.browser.cache.records.len(), 1);
}

#[test]
fn five_thousand_services_do_not_fill_the_memory() {
    let mut lan = Lan::browsing(Wanted::Everything);
    let meta = name(&["_services", "_dns-sd", "_udp", "local"]);
    let from = "192.168.1.9:5353".parse().unwrap();
    for n in 0..5_000_u32 {
        let kind = name(&[&format!("_t{}", n % 1000), "_tcp", "local"]);
        let one = name(&[&n.to_string(), &format!("_t{}", n % 1000), "_tcp", "local"]);
        let told = response(&[
            (&meta, Data::Ptr(kind.view())),
            (&kind, Data::Ptr(one.view())),
        ]);
        lan.hear(from, &told);
    }
    assert_eq!(lan.browser.types.len(), limits::BROWSED_TYPES);
    assert_eq!(lan.browser.cache.records.len(), limits::BROWSED_RECORDS);
    lan.run(secs(300));
    assert!(lan.browser.cache.records.is_empty(), "they expire");
    lan.board("A", 20);
    lan.browser = Browser::new(Wanted::Everything, 1);
    lan.browser.handle(lan.now(), Input::InterfaceUp(OWN));
    assert_eq!(names(&lan.run(secs(10))), ["+A"]);
}
