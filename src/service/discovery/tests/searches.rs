//! Who is answered, when, and from where.

use super::*;

#[test]
fn each_target_is_answered_once_from_the_address_that_location_names() {
    let mut wire = Wire::settled(&[HOME, GUESTS]);
    for target in Target::ALL {
        for (interface, from) in [(HOME, "192.168.1.9:5000"), (GUESTS, "10.77.200.3:6000")] {
            let search = msearch(target.nt(UDN), Mx::Seconds(1));
            wire.ask(from, interface, true, &search);
            let heard = wire.run(secs(10));
            assert_eq!(heard.len(), 1);
            let one = &heard[0];
            assert_eq!(one.saying, Saying::Answer);
            assert_eq!(one.target, target.nt(UDN));
            assert_eq!(one.usn, target.usn(UDN).to_string());
            assert_eq!(one.to, from.parse().unwrap());
            assert_eq!(
                (one.interface, one.source),
                (interface.index, interface.address)
            );
            let location = format!("http://{}:8200/description.xml", interface.address);
            assert_eq!((&one.location, one.max_age_secs), (&location, 3000));
        }
    }
    assert_eq!(wire.machine.seen().answered, 12);
}

#[test]
fn an_answer_carries_the_wall_clock() {
    let mut wire = Wire::settled(&[HOME]);
    let search = msearch("upnp:rootdevice", Mx::Absent);
    wire.ask("192.168.1.9:5000", HOME, true, &search);
    let now = Now {
        uptime: wire.time,
        unix_secs: 1_795_226_875,
    };
    let sent = wire.machine.output(now).expect("at once");
    let text = std::str::from_utf8(sent.bytes).unwrap();
    assert!(
        text.contains("\r\nDATE: Sat, 21 Nov 2026 02:07:55 GMT\r\n"),
        "{text}"
    );
    wire.ask("192.168.1.9:5000", HOME, true, &search);
    let now = Now {
        unix_secs: u64::MAX,
        ..now
    };
    let sent = wire.machine.output(now).expect("at once");
    let text = std::str::from_utf8(sent.bytes).unwrap();
    assert!(text.contains(" 31 Dec 9999 23:59:59 GMT\r\n"), "{text}");
}

#[test]
fn answers_are_spread_over_mx_and_end_before_it() {
    let mut wire = Wire::settled(&[HOME]);
    for mx in 1..=limits::MX_SECS {
        let bound = span(MX_MARGIN, secs(mx.into()));
        let mut delays = Vec::new();
        for round in 0..200 {
            let all = round % 2 == 0;
            let st = if all { "ssdp:all" } else { "upnp:rootdevice" };
            let asked = wire.time;
            wire.ask(
                "192.168.1.9:5000",
                HOME,
                true,
                &msearch(st, Mx::Seconds(mx)),
            );
            let heard: Vec<_> = wire.run(secs(6));
            let answers: Vec<_> = heard
                .iter()
                .filter(|one| one.saying == Saying::Answer)
                .collect();
            if all {
                assert_eq!(targets(answers.iter().copied()), everything(1));
            } else {
                assert_eq!(answers.len(), 1);
                delays.push(span(asked, answers[0].at));
            }
            assert!(answers.iter().all(|one| span(asked, one.at) <= bound));
        }
        assert!(
            *delays.iter().min().unwrap() < bound / 10,
            "used from its start"
        );
        assert!(*delays.iter().max().unwrap() > bound / 10 * 9, "to its end");
    }
}

#[test]
fn without_mx_with_mx_0_and_to_unicast_the_answer_comes_at_once() {
    let mut wire = Wire::settled(&[HOME]);
    for (mx, multicast) in [
        (Mx::Absent, true),
        (Mx::Seconds(0), true),
        (Mx::Absent, false),
        (Mx::Seconds(5), false),
    ] {
        let asked = wire.time;
        let from = "192.168.1.9:5000";
        wire.ask(from, HOME, multicast, &msearch("upnp:rootdevice", mx));
        let heard = wire.run(secs(1));
        assert_eq!((heard.len(), heard[0].at), (1, asked));

        let asked = wire.time;
        wire.ask(from, HOME, multicast, &msearch("ssdp:all", mx));
        let heard = wire.run(secs(1));
        assert_eq!(targets(&heard), everything(1));
        assert!(span(asked, heard[5].at) <= millis(100));
    }
}

#[test]
fn what_is_not_here_is_met_with_silence() {
    let mut wire = Wire::settled(&[HOME]);
    for st in [
        "urn:schemas-upnp-org:device:InternetGatewayDevice:1",
        "urn:schemas-upnp-org:device:MediaServer:2",
        "ssdp:allx",
    ] {
        wire.ask("192.168.1.9:5000", HOME, true, &msearch(st, Mx::Absent));
    }
    assert_eq!(wire.run(secs(6)).len(), 0);
    assert_eq!(wire.machine.seen().searches, 3);
    assert_eq!(wire.machine.seen().answered, 0);
}

#[test]
fn a_source_off_the_subnet_of_its_interface_is_met_with_silence() {
    let mut wire = Wire::settled(&[HOME, GUESTS]);
    let search = msearch("ssdp:all", Mx::Seconds(1));
    for from in [
        "10.77.0.9:5000",   // of the other interface
        "8.8.8.8:53",       // of the world
        "192.168.1.255:80", // everybody on the link
        "192.168.1.9:0",    // nobody
        "192.168.1.9:53",   // a service of a neighbour
        "192.168.1.9:1023",
        "0.0.0.0:5000",
        "[fe80::1]:5000",
    ] {
        wire.ask(from, HOME, true, &search);
        wire.ask(from, HOME, false, &search);
    }
    wire.ask("192.168.1.9:5000", interface(9, [0; 4], 0), true, &search);
    assert_eq!(wire.run(secs(6)).len(), 0);
    let seen = wire.machine.seen();
    assert_eq!((seen.searches, seen.refused_off_subnet), (17, 17));
    assert_eq!(seen.last_searches(), [], "a stranger's words are not shown");
}

#[test]
fn of_several_addresses_the_one_answers_whose_subnet_holds_the_asker() {
    let other_net = interface(2, [10, 0, 0, 1], 24);
    let same_net = interface(2, [192, 168, 1, 21], 24);
    let mut wire = Wire::settled(&[HOME, other_net, same_net]);
    let search = msearch("upnp:rootdevice", Mx::Absent);
    for (from, asked, multicast, answers) in [
        ("192.168.1.9:5000", HOME, true, HOME),
        ("10.0.0.9:5000", HOME, true, other_net),
        ("192.168.1.9:5000", same_net, false, same_net),
        ("10.0.0.9:5000", HOME, false, other_net),
    ] {
        wire.ask(from, asked, multicast, &search);
        let heard = wire.run(secs(1));
        assert_eq!(heard.len(), 1);
        assert_eq!(heard[0].source, answers.address);
        let location = format!("http://{}:8200/description.xml", answers.address);
        assert_eq!(heard[0].location, location);
    }
}

#[test]
fn the_last_search_is_kept_for_the_status_page_and_cut_at_a_character() {
    let mut wire = Wire::settled(&[HOME]);
    let long = format!("{}é", "x".repeat(limits::SHOWN_TARGET_BYTES - 1));
    wire.ask("192.168.1.9:5000", HOME, true, &msearch(&long, Mx::Absent));
    let last = wire.machine.seen().last_searches()[0].clone();
    assert_eq!((last.interface, last.local), (HOME.index, HOME.address));
    assert_eq!(*last.st, *"x".repeat(limits::SHOWN_TARGET_BYTES - 1));
    assert_eq!(last.from, "192.168.1.9:5000".parse().unwrap());
    assert_eq!(last.uptime, wire.time);
    wire.time += secs(1);
    let own = format!("{}:5000", HOME.address);
    wire.ask(&own, HOME, true, &msearch("ssdp:all", Mx::Absent));
    assert_eq!(
        wire.machine.seen().last_searches(),
        [last],
        "not that of this machine itself"
    );
}
