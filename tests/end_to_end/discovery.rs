//! SSDP: what a control point asks and hears (UDA 1.1 §1).

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};

use crate::harness::{
    FAR, Library, Listener, Message, NEAR, Network, Rill, Searcher, Setup, Side, mp3, patience,
};

const DEVICE: &str = "urn:schemas-upnp-org:device:MediaServer:1";
const DIRECTORY: &str = "urn:schemas-upnp-org:service:ContentDirectory:1";
const CONNECTIONS: &str = "urn:schemas-upnp-org:service:ConnectionManager:1";

fn library() -> Library {
    Library::empty().with("song.mp3", &mp3(10))
}

fn udn(rill: &Rill) -> String {
    let description = crate::harness::Element::parse(rill.get("/description.xml", &[]).text());
    description.find("UDN").unwrap().text.clone()
}

/// Every legal target of a device with this UDN, and the USN that belongs to it.
fn targets(udn: &str) -> Vec<(String, String)> {
    let typed = ["upnp:rootdevice", DEVICE, DIRECTORY, CONNECTIONS];
    let mut targets: Vec<_> = typed
        .map(|target| (target.to_owned(), format!("{udn}::{target}")))
        .into();
    targets.push((udn.to_owned(), udn.to_owned()));
    targets
}

fn location(side: Side) -> String {
    format!("http://{}:8200/description.xml", side.server)
}

#[test]
fn each_search_target_is_answered_with_its_usn() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for (target, usn) in targets(&udn(&rill)) {
        let searcher = Searcher::open(rill.network(), NEAR);
        searcher.search(&target);
        let answer = searcher
            .answer(patience(5))
            .unwrap_or_else(|| panic!("no answer to {target}"));
        assert_eq!(answer.start, "HTTP/1.1 200 OK");
        assert_eq!(answer.field("ST"), Some(target.as_str()));
        assert_eq!(answer.field("USN"), Some(usn.as_str()));
        assert_eq!(answer.field("EXT"), Some(""));
        assert_eq!(answer.field("LOCATION"), Some(location(NEAR).as_str()));
        assert!(
            answer
                .field("SERVER")
                .is_some_and(|text| text.contains(" UPnP/1.")),
            "{answer:?}"
        );
        assert!(
            answer
                .field("CACHE-CONTROL")
                .is_some_and(|text| text.starts_with("max-age=")),
            "{answer:?}"
        );
    }
}

#[test]
fn ssdp_all_is_answered_with_every_target() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let expected = targets(&udn(&rill));
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search("ssdp:all");
    let mut missing: BTreeSet<_> = expected.into_iter().collect();
    while !missing.is_empty() {
        let answer = searcher
            .answer(patience(5))
            .unwrap_or_else(|| panic!("no answer for {missing:?}"));
        let field = |name| answer.field(name).unwrap().to_owned();
        missing.remove(&(field("ST"), field("USN")));
    }
}

#[test]
fn each_interface_has_its_own_location() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for side in [NEAR, FAR] {
        let searcher = Searcher::open(rill.network(), side);
        searcher.search(DEVICE);
        let answer = searcher
            .answer(patience(5))
            .unwrap_or_else(|| panic!("no answer on {}", side.interface));
        assert_eq!(answer.field("LOCATION"), Some(location(side).as_str()));
        assert_eq!(answer.source.ip(), side.server);
    }
}

#[test]
fn an_interface_left_out_by_rill_interface_is_silent() {
    let library = library();
    let Some(rill) = Setup::new(&library).set("RILL_INTERFACE", "lan1").start() else {
        return;
    };
    let (near, far) = (
        Searcher::open(rill.network(), NEAR),
        Searcher::open(rill.network(), FAR),
    );
    far.search(DEVICE);
    near.search(DEVICE);
    assert!(near.answer(patience(5)).is_some(), "lan1 is silent");
    assert!(
        far.answers(std::time::Duration::from_secs(2)).is_empty(),
        "lan2 answers"
    );
}

#[test]
fn the_start_announces_every_target_on_both_interfaces() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let listeners = [NEAR, FAR].map(|side| (side, Listener::open(&network, side)));
    let rill = Setup::new(&library).start_on(network);
    let expected = targets(&udn(&rill));
    for (side, listener) in listeners {
        let heard = listener.heard("ssdp:alive", patience(8), |heard| {
            names(heard).len() == expected.len()
        });
        let wanted: BTreeSet<_> = expected
            .iter()
            .map(|(nt, usn)| (nt.as_str(), usn.as_str()))
            .collect();
        assert_eq!(names(&heard), wanted, "on {}", side.interface);
        for alive in &heard {
            assert_eq!(alive.start, "NOTIFY * HTTP/1.1");
            assert_eq!(alive.field("HOST"), Some("239.255.255.250:1900"));
            assert_eq!(alive.field("LOCATION"), Some(location(side).as_str()));
            assert_eq!(alive.source.ip(), side.server);
        }
    }
}

#[test]
fn sigterm_says_byebye_for_every_target_and_ends_with_0() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let expected = targets(&udn(&rill));
    let listeners = [NEAR, FAR].map(|side| Listener::open(rill.network(), side));
    assert_eq!(rill.stop().code(), Some(0));
    for listener in listeners {
        let heard = listener.heard("ssdp:byebye", patience(3), |heard| {
            names(heard).len() == expected.len()
        });
        let wanted: BTreeSet<_> = expected
            .iter()
            .map(|(nt, usn)| (nt.as_str(), usn.as_str()))
            .collect();
        assert_eq!(names(&heard), wanted);
    }
}

#[test]
fn sigint_ends_with_0_even_while_a_stream_runs() {
    let mut library = library();
    library.add_sparse("film.mp4", 1 << 30, &[]);
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let target = rill.find("film").target().to_owned();
    let mut stream = rill.connect();
    stream.send(&Rill::request_bytes("GET", &target, &[], b""));
    assert_eq!(stream.head().unwrap().status, 200);
    rill.signal(rustix::process::Signal::INT);
    assert_eq!(rill.ended("it ends after SIGINT", 8).code(), Some(0));
}

#[test]
fn port_1900_is_shared_with_another_program() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    // Both options, as another media server on the same board would set them.
    let _other = network_server_socket(&network);
    let rill = Setup::new(&library).start_on(network);
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search(DEVICE);
    assert!(
        searcher.answer(patience(5)).is_some(),
        "silent beside another program:\n{}",
        rill.log()
    );
}

#[test]
fn the_udn_is_kept_over_a_restart() {
    let library = library();
    let Some(mut rill) = Rill::serving(&library) else {
        return;
    };
    let before = udn(&rill);
    assert_eq!(
        before.len(),
        "uuid:00000000-0000-0000-0000-000000000000".len(),
        "{before}"
    );
    rill.stop();
    rill.start();
    assert_eq!(udn(&rill), before);
}

#[test]
fn a_search_without_mx_or_with_bare_lf_is_answered() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let without_mx = format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nST: {DEVICE}\r\n\r\n"
    );
    let with_mx = without_mx.replace("\r\nST:", "\r\nMX: 1\r\nST:");
    let lower = with_mx
        .replace("MAN:", "man:")
        .replace("MX: ", "mx:")
        .replace("ST:", "st:");
    for text in [without_mx, with_mx.replace("\r\n", "\n"), lower] {
        let searcher = Searcher::open(rill.network(), NEAR);
        searcher.multicast(text.as_bytes());
        assert!(
            searcher.answer(patience(5)).is_some(),
            "no answer to {text:?}"
        );
    }
}

#[test]
fn a_unicast_search_is_answered() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let searcher = Searcher::open(rill.network(), NEAR);
    let text = format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 10.91.1.1:1900\r\nMAN: \"ssdp:discover\"\r\nST: {DEVICE}\r\n\r\n"
    );
    searcher.unicast(text.as_bytes(), SocketAddr::from((NEAR.server, 1900)));
    assert!(searcher.answer(patience(5)).is_some());
}

#[test]
fn a_source_outside_the_subnet_gets_no_answer() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let foreign = Ipv4Addr::new(10, 99, 0, 2);
    Network::ip(
        &rill.network().client(NEAR),
        &format!("addr add {foreign}/32 dev lo"),
    );
    let outside = Searcher::open_from(rill.network(), NEAR, foreign);
    let inside = Searcher::open(rill.network(), NEAR);
    outside.search(DEVICE);
    outside.unicast(
        b"M-SEARCH * HTTP/1.1\r\nMAN: \"ssdp:discover\"\r\nST: ssdp:all\r\n\r\n",
        SocketAddr::from((NEAR.server, 1900)),
    );
    inside.search(DEVICE);
    assert!(
        inside.answer(patience(5)).is_some(),
        "the search from inside is not answered either"
    );
    assert!(
        outside
            .answers(std::time::Duration::from_secs(2))
            .is_empty(),
        "answers leave the subnet"
    );
}

#[test]
fn what_is_not_ours_is_not_answered() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let searcher = Searcher::open(rill.network(), NEAR);
    for target in [
        "urn:schemas-upnp-org:device:MediaRenderer:1",
        "upnp:rootdevicex",
        "uuid:0",
        "",
        "urn:schemas-upnp-org:device:MediaServer:9",
    ] {
        searcher.search(target);
    }
    searcher.multicast(b"NOTIFY * HTTP/1.1\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\n\r\n");
    assert!(
        searcher
            .answers(std::time::Duration::from_secs(2))
            .is_empty()
    );
    searcher.search("upnp:rootdevice");
    assert!(searcher.answer(patience(5)).is_some());
}

#[test]
fn announcements_are_repeated() {
    let library = library();
    let Some(rill) = Setup::new(&library)
        .set("RILL_NOTIFY_INTERVAL", "5")
        .start()
    else {
        return;
    };
    // The bursts of the start are over when nothing was heard for a while; what comes then is the repetition.
    let listener = Listener::open(rill.network(), NEAR);
    let heard = listener.heard("ssdp:alive", patience(15), |heard| {
        heard
            .iter()
            .filter(|alive| alive.field("NT") == Some("upnp:rootdevice"))
            .count()
            >= 3
    });
    let roots = heard
        .iter()
        .filter(|alive| alive.field("NT") == Some("upnp:rootdevice"));
    assert!(roots.count() >= 3, "{heard:?}");
}

/// The (NT, USN) pairs heard.
fn names(heard: &[Message]) -> BTreeSet<(&str, &str)> {
    heard
        .iter()
        .map(|message| (message.field("NT").unwrap(), message.field("USN").unwrap()))
        .collect()
}

/// Another program on the server's port 1900.
fn network_server_socket(network: &Network) -> socket2::Socket {
    network.inside_server(|| {
        let socket =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.set_reuse_port(true).unwrap();
        socket
            .bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 1900)).into())
            .unwrap();
        socket
    })
}
