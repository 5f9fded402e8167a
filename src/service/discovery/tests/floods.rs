//! Too much, and what is no message at all.

use super::*;

/// As upnpclient and gssdp do: the same question two or three times, from one socket.
#[test]
fn a_question_asked_again_while_its_answer_waits_is_answered_once() {
    let mut wire = Wire::settled(&[HOME]);
    for _ in 0..3 {
        let search = msearch("ssdp:all", Mx::Seconds(3));
        wire.ask("192.168.1.9:5000", HOME, true, &search);
    }
    assert_eq!(targets(&wire.run(secs(4))), everything(1));
    assert_eq!(wire.machine.seen().answered, 3);

    wire.ask(
        "192.168.1.9:5000",
        HOME,
        true,
        &msearch("ssdp:all", Mx::Seconds(5)),
    );
    let asked = wire.time;
    wire.ask(
        "192.168.1.9:5000",
        HOME,
        true,
        &msearch("ssdp:all", Mx::Seconds(1)),
    );
    let heard = wire.run(secs(6));
    let in_time = heard.iter().filter(|one| one.at < asked + secs(1)).count();
    assert!(in_time >= 6, "a shorter MX is not served by a longer one");
}

#[test]
fn sixty_searches_in_a_second_do_not_stop_the_next_one() {
    let mut wire = Wire::settled(&[HOME]);
    for _ in 0..60 {
        let search = msearch("ssdp:all", Mx::Seconds(1));
        wire.ask("192.168.1.9:5000", HOME, true, &search);
        wire.run(millis(15));
    }
    wire.run(secs(2));
    let search = msearch("upnp:rootdevice", Mx::Seconds(1));
    wire.ask("192.168.1.9:5001", HOME, true, &search);
    assert_eq!(targets(&wire.run(secs(1))), ["upnp:rootdevice"]);
}

#[test]
fn a_hundred_searches_at_sixteen_a_second_are_all_answered() {
    let mut wire = Wire::settled(&[HOME]);
    let mut answers = 0;
    for port in 5000..5100 {
        let search = msearch("upnp:rootdevice", Mx::Seconds(1));
        wire.ask(&format!("192.168.1.9:{port}"), HOME, true, &search);
        answers += wire.run(millis(60)).len();
    }
    answers += wire.run(secs(2)).len();
    assert_eq!(answers, 100);
}

#[test]
fn a_source_gets_its_burst_then_its_rate_and_the_others_notice_nothing() {
    let mut wire = Wire::settled(&[HOME]);
    let search = msearch("upnp:rootdevice", Mx::Absent);
    let flood = |wire: &mut Wire, for_millis: u64| {
        let mut answers = 0;
        for _ in 0..for_millis * 2 {
            wire.ask("192.168.1.9:5000", HOME, true, &search);
            answers += wire.run(Duration::from_micros(500)).len();
        }
        answers
    };
    let burst = limits::SEARCH_BURST as usize;
    let rate = limits::SEARCHES_PER_SECOND as usize;
    let first = flood(&mut wire, 10_000);
    assert!(
        (burst + 10 * rate - 1..=burst + 10 * rate).contains(&first),
        "{first}"
    );
    let more = flood(&mut wire, 10_000);
    assert!((10 * rate - 1..=10 * rate + 1).contains(&more), "{more}");
    assert_eq!(
        wire.machine.seen().limited,
        40_000 - u64::try_from(first + more).unwrap()
    );
    wire.ask("192.168.1.10:5000", HOME, true, &search);
    assert_eq!(wire.run(secs(1)).len(), 1, "another source");
    wire.run(secs(4));
    let rested = flood(&mut wire, 1);
    assert_eq!(rested, 2, "patience is rewarded");
}

/// Ten thousand searches for everything in a second, each from another forged source: what they get back is bounded by
/// the clock, not by what they send.
#[test]
fn a_flood_with_forged_sources_gets_back_a_small_part_of_what_it_sends() {
    let mut wire = Wire::settled(&[GUESTS]);
    let search = msearch("ssdp:all", Mx::Absent);
    let (mut sent, mut got) = (0, 0);
    let begin = wire.time;
    let begun = wire.machine.seen().clone();
    for number in 0..100_000_u32 {
        let from = format!("10.77.{}.{}:5000", number / 250 % 250, 1 + number % 250);
        wire.ask(&from, GUESTS, false, &search);
        sent += search.len();
        wire.time += Duration::from_micros(100);
        let now = wire.now();
        while let Some(one) = wire.machine.output(now) {
            got += one.bytes.len();
        }
    }
    let seconds = usize::try_from(span(begin, wire.time).as_secs()).unwrap();
    let [burst, rate] = [limits::ANSWER_BURST_BYTES, limits::ANSWER_BYTES_PER_SECOND];
    let most = burst as usize + (seconds + 1) * rate as usize;
    // Announcements of that time are not answers; they are few.
    assert!(got <= most + 18 * limits::SSDP_MESSAGE_BYTES, "{got} bytes");
    assert!(got * 10 < sent, "{got} for {sent}");
    assert!(got > burst as usize, "and something is answered: {got}");
    assert!(wire.machine.seen().over_budget > begun.over_budget);

    wire.run(secs(10));
    wire.ask(
        "10.77.200.1:5000",
        GUESTS,
        true,
        &msearch("ssdp:all", Mx::Seconds(1)),
    );
    assert_eq!(
        targets(&wire.run(secs(2))),
        everything(1),
        "all is well again"
    );
}

#[test]
fn the_last_search_of_each_interface_is_kept_and_of_many_the_latest() {
    let most = u8::try_from(limits::SHOWN_SEARCHES).unwrap();
    let all: Vec<_> = (1..=most + 1)
        .map(|n| interface(n.into(), [10, n, 0, 1], 24))
        .collect();
    let mut wire = Wire::settled(&all);
    let search = msearch("ssdp:all", Mx::Seconds(1));
    for (number, one) in all.iter().enumerate() {
        for host in [8, 9] {
            wire.ask(
                &format!("10.{}.0.{host}:5000", number + 1),
                *one,
                true,
                &search,
            );
            wire.time += secs(1);
        }
    }
    let mut seen: Vec<_> = wire.machine.seen().last_searches().iter().collect();
    seen.sort_by_key(|last| last.interface);
    assert_eq!(seen.len(), limits::SHOWN_SEARCHES);
    for (last, own) in seen.iter().zip(&all[1..]) {
        assert_eq!((last.interface, last.local), (own.index, own.address));
        assert!(last.from.to_string().ends_with(".0.9:5000"));
    }
}

#[test]
fn a_long_silence_earns_no_more_than_a_burst() {
    let mut sources = Sources::default();
    let mut burst_at = |now| {
        let admitted = (0..1000).filter(|_| sources.admit(HOME.address, now));
        u32::try_from(admitted.count()).unwrap()
    };
    assert_eq!(burst_at(secs(1)), limits::SEARCH_BURST);
    assert_eq!(burst_at(secs(2)), limits::SEARCHES_PER_SECOND);
    assert_eq!(burst_at(secs(1_000_000)), limits::SEARCH_BURST);
    assert_eq!(burst_at(secs(5)), 0, "a clock that goes back earns nothing");
}

#[test]
fn the_table_of_sources_forgets_the_one_longest_silent() {
    let mut sources = Sources::default();
    let address = |last: u32| IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + last));
    let exhaust = |sources: &mut Sources, last| {
        while sources.admit(address(last), secs(1)) {}
    };
    exhaust(&mut sources, 0);
    exhaust(&mut sources, 1);
    assert!(!sources.admit(address(0), millis(1001)));
    for (last, at) in (2..=u32::try_from(limits::SEARCH_SOURCES).unwrap()).zip(1002..) {
        assert!(sources.admit(address(last), millis(at)));
    }
    assert!(!sources.admit(address(0), millis(1001)), "still known");
    assert!(sources.admit(address(1), millis(1001)), "forgotten");
}

#[test]
fn waiting_answers_are_bounded_and_what_does_not_fit_is_dropped_whole() {
    let mut wire = Wire::settled(&[GUESTS]);
    let asked = wire.time;
    for host in 0..100 {
        let search = msearch("ssdp:all", Mx::Seconds(5));
        wire.ask(&format!("10.77.1.{host}:5000"), GUESTS, true, &search);
    }
    let heard = wire.run(secs(6));
    assert_eq!(heard.len(), limits::PENDING_ANSWERS * 6);
    for host in 0..limits::PENDING_ANSWERS {
        let to = format!("10.77.1.{host}:5000").parse().unwrap();
        let answers = heard.iter().filter(|one| one.to == to);
        assert_eq!(targets(answers), everything(1));
    }
    assert!(heard.iter().all(|one| span(asked, one.at) <= secs(5)));
    let dropped = 100 - limits::PENDING_ANSWERS;
    assert_eq!(wire.machine.seen().dropped, u64::try_from(dropped).unwrap());
}

#[test]
fn the_machine_is_small_and_of_fixed_size() {
    let bytes = size_of::<Discovery>();
    assert!(bytes <= 24 * 1024, "{bytes}");
}

// ---- garbage -----------------------------------------------------------------------------------

#[test]
fn thousands_of_garbage_datagrams_change_nothing() {
    let mut wire = Wire::settled(&[GUESTS]);
    let mut chance = Chance::new(4);
    let mut below = |most: usize| {
        let most = u64::try_from(most - 1).unwrap();
        usize::try_from(chance.up_to(Duration::from_micros(most)).as_micros()).unwrap()
    };
    let good = msearch("upnp:rootdevice", Mx::Seconds(1));
    for round in 0..6000 {
        let mut bytes = if round % 2 == 0 {
            good.clone()
        } else {
            vec![0; 1 + below(3000)]
        };
        let changes = if round % 2 == 0 {
            1 + below(12)
        } else {
            bytes.len()
        };
        for _ in 0..changes {
            let at = below(bytes.len());
            bytes[at] = u8::try_from(below(256)).unwrap();
        }
        let length = below(bytes.len() + 1);
        let from = format!("10.77.1.{}:{}", 1 + below(250), 1 + below(60_000));
        wire.ask(&from, GUESTS, below(2) == 0, &bytes[..length]);
        wire.run(millis(20));
    }
    wire.run(secs(6));
    assert!(wire.machine.seen().malformed > 4000);
    wire.ask("10.77.1.9:5000", GUESTS, true, &good);
    assert_eq!(targets(&wire.run(secs(1))), ["upnp:rootdevice"]);
}

#[test]
fn announcements_of_others_are_neither_searches_nor_mistakes() {
    let mut wire = Wire::new(600, 1);
    wire.handle(Input::InterfaceUp(HOME));
    wire.run(millis(50));
    let mut own = Vec::new();
    while own.is_empty() {
        let now = wire.now();
        if let Some(sent) = wire.machine.output(now) {
            own = sent.bytes.to_vec();
        }
        wire.time += millis(1);
    }
    wire.ask("192.168.1.20:1900", HOME, true, &own);
    assert_eq!(*wire.machine.seen(), Seen::default());
}
