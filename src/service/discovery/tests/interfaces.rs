//! Interfaces come, go and change.

use super::*;

#[test]
fn an_interface_that_goes_says_goodbye_at_once_and_comes_back_with_another_bootid() {
    let mut wire = Wire::settled(&[HOME]);
    let from = "192.168.1.9:5000";
    wire.ask(from, HOME, true, &msearch("ssdp:all", Mx::Seconds(5)));
    wire.handle(down(HOME));
    let begin = wire.time;
    let heard = wire.run(secs(3600));
    assert_eq!(targets(&heard), everything(1), "and no answer any more");
    for one in &heard {
        assert_eq!((one.saying, one.at), (Saying::Byebye, begin));
        assert_eq!((one.interface, one.source), (2, HOME.address));
    }
    assert_eq!(wire.machine.wake_at(), None);
    wire.handle(down(HOME));
    assert_eq!(wire.run(secs(3600)).len(), 0, "gone is gone");

    wire.handle(Input::InterfaceUp(HOME));
    let heard = wire.run(secs(60));
    assert_eq!(targets(&heard), everything(3));
    assert!(
        heard
            .iter()
            .all(|one| (one.saying, one.boot_id) == (Saying::Alive, 8))
    );
    assert_eq!(wire.machine.boot_id(), 8);
}

/// UDA 1.1 §1.2.4: an update for everything on the interfaces that stay, then all of it anew, everywhere.
#[test]
fn a_second_interface_is_told_by_an_update_on_the_first_and_then_by_alives_on_both() {
    let mut wire = Wire::settled(&[HOME]);
    let begin = wire.time;
    wire.handle(Input::InterfaceUp(GUESTS));
    let heard = wire.run(secs(60));
    let (updates, alives): (Vec<_>, Vec<_>) =
        heard.iter().partition(|one| one.saying == Saying::Update);
    assert_eq!(targets(updates.iter().copied()), everything(2));
    for one in &updates {
        assert_eq!((one.interface, one.source), (2, HOME.address));
        assert_eq!((one.boot_id, one.next_boot_id), (7, Some(8)));
        assert_eq!(one.location, "http://192.168.1.20:8200/description.xml");
    }
    let last_update = updates.iter().map(|one| one.at).max().unwrap();
    for interface in [HOME, GUESTS] {
        let here = alives.iter().filter(|one| one.interface == interface.index);
        let here: Vec<_> = here.copied().collect();
        assert_eq!(targets(here.iter().copied()), everything(3));
        assert!(
            here.iter()
                .all(|one| (one.saying, one.boot_id) == (Saying::Alive, 8))
        );
        assert!(here[0].at >= last_update);
        assert!(here[5].at <= begin + secs(2));
    }
    assert_eq!(wire.machine.boot_id(), 8);
}

#[test]
fn interfaces_that_come_up_together_at_the_start_are_one_start() {
    let mut wire = Wire::new(600, 1);
    wire.handle(Input::InterfaceUp(HOME));
    wire.handle(Input::InterfaceUp(GUESTS));
    let heard = wire.run(secs(60));
    assert_eq!(heard.len(), 36);
    assert!(
        heard
            .iter()
            .all(|one| (one.saying, one.boot_id) == (Saying::Alive, 7))
    );
}

#[test]
fn an_interface_lost_and_regained_is_told_to_the_others_by_an_update() {
    let mut wire = Wire::settled(&[HOME, GUESTS]);
    let boot = wire.machine.boot_id();
    wire.handle(down(HOME));
    let heard = wire.run(secs(300));
    assert_eq!(targets(&heard), everything(1));
    assert!(
        heard
            .iter()
            .all(|one| one.interface == 2 && one.saying == Saying::Byebye)
    );
    wire.handle(Input::InterfaceUp(HOME));
    let heard = wire.run(secs(60));
    let updates = heard.iter().filter(|one| one.saying == Saying::Update);
    let updates: Vec<_> = updates.collect();
    assert_eq!(targets(updates.iter().copied()), everything(2));
    for one in updates {
        assert_eq!(one.interface, GUESTS.index);
        assert_eq!((one.boot_id, one.next_boot_id), (boot, Some(boot + 1)));
    }
    let alives = heard.iter().filter(|one| one.saying == Saying::Alive);
    let alives: Vec<_> = alives.collect();
    assert_eq!(alives.len(), 36);
    assert!(alives.iter().all(|one| one.boot_id == boot + 1));
}

/// As DHCP does it: the old address goes, the new one comes, at once or a second later.
#[test]
fn a_changed_address_says_goodbye_to_the_old_one_and_then_announces_the_new_one() {
    let new = interface(2, [192, 168, 1, 77], 24);
    for pause in [0, 1] {
        let mut wire = Wire::settled(&[HOME]);
        wire.handle(down(HOME));
        let mut heard = wire.run(secs(pause));
        wire.handle(Input::InterfaceUp(new));
        let begin = wire.time;
        heard.extend(wire.run(secs(60)));
        let (goodbyes, alives) = heard.split_at(6);
        assert_eq!(targets(goodbyes), everything(1));
        assert!(goodbyes.iter().all(|one| one.saying == Saying::Byebye));
        assert_eq!(targets(alives), everything(3));
        assert!(alives[5].at <= begin + secs(2));
        for one in alives {
            assert_eq!((one.saying, one.boot_id), (Saying::Alive, 8));
            assert_eq!(one.location, "http://192.168.1.77:8200/description.xml");
        }
    }
}

#[test]
fn goodbyes_then_updates_then_alives_even_when_the_loop_was_held_up() {
    let new = interface(2, [192, 168, 1, 77], 24);
    let mut wire = Wire::settled(&[HOME, GUESTS]);
    wire.handle(down(HOME));
    wire.handle(Input::InterfaceUp(new));
    wire.time += secs(30);
    let heard = wire.run(secs(60));
    let order = |saying| match saying {
        Saying::Byebye => 0,
        Saying::Update => 1,
        _ => 2,
    };
    assert!(heard.is_sorted_by_key(|one| order(one.saying)));
    assert_eq!(
        heard
            .iter()
            .filter(|one| one.saying == Saying::Byebye)
            .count(),
        6
    );
    assert_eq!(
        heard
            .iter()
            .filter(|one| one.saying == Saying::Update)
            .count(),
        12
    );
}

#[test]
fn bootid_stays_among_those_that_are_this_runs_own() {
    let mut wire = Wire::settled(&[HOME]);
    for _ in 0..20 {
        wire.handle(down(HOME));
        wire.run(secs(60));
        wire.handle(Input::InterfaceUp(HOME));
        let heard = wire.run(secs(60));
        assert_eq!(targets(&heard), everything(3));
    }
    assert_eq!(wire.machine.boot_id(), 11, "five of them: 7 to 11");
    wire.handle(Input::InterfaceUp(GUESTS));
    let heard = wire.run(secs(60));
    assert!(
        heard
            .iter()
            .all(|one| (one.saying, one.boot_id) == (Saying::Alive, 11))
    );
}

#[test]
fn an_interface_that_goes_while_it_is_updated_does_not_hold_up_the_others() {
    let third = interface(4, [10, 3, 0, 1], 24);
    let mut wire = Wire::settled(&[HOME, GUESTS]);
    wire.handle(Input::InterfaceUp(third));
    wire.run(millis(7));
    wire.handle(down(HOME));
    wire.handle(down(GUESTS));
    let heard = wire.run(secs(60));
    let alive = heard.iter().filter(|one| one.saying == Saying::Alive);
    let alive: Vec<_> = alive.collect();
    assert_eq!(targets(alive.iter().copied()), everything(3));
    assert!(alive.iter().all(|one| one.interface == 4));
    assert_eq!(
        heard
            .iter()
            .filter(|one| one.saying == Saying::Byebye)
            .count(),
        12
    );
}

#[test]
fn a_goodbye_never_follows_the_alive_of_an_address_that_came_back() {
    let mut wire = Wire::settled(&[HOME]);
    wire.handle(down(HOME));
    wire.handle(Input::InterfaceUp(HOME));
    let heard = wire.run(secs(60));
    assert_eq!(targets(&heard), everything(3));
    assert!(heard.iter().all(|one| one.saying == Saying::Alive));
}

/// A byebye names no address: on the same wire it would take the whole device away from its control points.
#[test]
fn an_address_that_goes_from_a_wire_with_another_moves_control_points_there() {
    let second = interface(2, [192, 168, 1, 21], 24);
    let mut wire = Wire::settled(&[HOME, second]);
    wire.handle(down(HOME));
    let heard = wire.run(secs(60));
    let (updates, alives) = heard.split_at(12);
    assert_eq!(targets(updates), everything(2));
    assert_eq!(targets(alives), everything(3));
    for (wanted, heard) in [(Saying::Update, updates), (Saying::Alive, alives)] {
        for one in heard {
            assert_eq!(one.saying, wanted);
            assert_eq!(one.location, "http://192.168.1.21:8200/description.xml");
        }
    }
}

/// On a wire with both families each hears of its own: the other one's control points only that BOOTID changes.
#[test]
fn a_family_that_goes_from_a_wire_says_goodbye_there_and_updates_the_other() {
    let new = interface(2, [192, 168, 1, 77], 24);
    let mut wire = Wire::settled(&[HOME, interface_v6(2, "fe80::2")]);
    wire.handle(down(HOME));
    wire.handle(Input::InterfaceUp(new));
    let heard = wire.run(secs(60));
    let of = |ipv4: bool, saying: Saying| {
        let those = heard
            .iter()
            .filter(|one| one.to.is_ipv4() == ipv4 && one.saying == saying);
        those.cloned().collect::<Vec<_>>()
    };
    assert_eq!(targets(&of(true, Saying::Byebye)), everything(1));
    assert_eq!(targets(&of(false, Saying::Update)), everything(2));
    for ipv4 in [true, false] {
        let alive = of(ipv4, Saying::Alive);
        assert_eq!(targets(&alive), everything(3));
        assert!(alive.iter().all(|one| one.boot_id == 8));
    }
    assert_eq!(heard.len(), 6 + 12 + 36);
}

#[test]
fn a_better_address_of_the_same_group_needs_no_goodbye() {
    let mut wire = Wire::settled(&[interface_v6(2, "fe80::2")]);
    wire.handle(Input::InterfaceUp(interface_v6(2, "fd00::2")));
    wire.handle(down(interface_v6(2, "fe80::2")));
    let heard = wire.run(secs(60));
    assert_eq!(heard.len(), 36, "alive to the link and to the site");
    for one in heard {
        assert_eq!((one.saying, one.boot_id), (Saying::Alive, 8));
        assert_eq!(one.location, "http://[fd00::2]:8200/description.xml");
    }
}

// ---- IPv6 --------------------------------------------------------------------------------------

#[test]
fn an_address_that_is_good_beyond_the_link_is_announced_to_the_link_and_to_the_site() {
    let mut wire = Wire::new(600, 1);
    wire.handle(Input::InterfaceUp(interface_v6(2, "fd00::1")));
    wire.handle(Input::InterfaceUp(interface_v6(3, "fe80::3")));
    let heard = wire.run(secs(60));
    for (to, index, location) in [
        ("[ff02::c]:1900", 2, "http://[fd00::1]:8200/description.xml"),
        ("[ff05::c]:1900", 2, "http://[fd00::1]:8200/description.xml"),
        ("[ff02::c]:1900", 3, "http://[fe80::3]:8200/description.xml"),
    ] {
        let to: SocketAddr = to.parse().unwrap();
        let here = heard
            .iter()
            .filter(|one| one.to == to && one.interface == index);
        let here: Vec<_> = here.collect();
        assert_eq!(targets(here.iter().copied()), everything(3), "{to}");
        assert!(here.iter().all(|one| one.location == location));
    }
    assert_eq!(heard.len(), 3 * 18, "nothing link-local goes to the site");

    wire.handle(down(interface_v6(2, "fd00::1")));
    let heard = wire.run(secs(60));
    assert_eq!(heard.len(), 12);
    assert!(
        heard
            .iter()
            .all(|one| one.saying == Saying::Byebye && one.interface == 2)
    );
}

#[test]
fn the_other_family_on_a_served_interface_is_announced_and_disturbs_nobody() {
    let mut wire = Wire::settled(&[HOME]);
    wire.handle(Input::InterfaceUp(interface_v6(2, "fe80::2")));
    let heard = wire.run(secs(60));
    assert_eq!(targets(&heard), everything(3));
    assert!(heard.iter().all(|one| one.to.is_ipv6() && one.boot_id == 7));
}

#[test]
fn a_neighbour_on_ipv6_is_answered_from_the_announced_address_of_the_link() {
    let own = interface_v6(2, "fd00::1");
    let mut wire = Wire::settled(&[HOME, own, interface_v6(3, "fe80::3")]);
    wire.handle(Input::Subnets(&[own, interface_v6(2, "2001:db8::1")]));
    let search = msearch("upnp:rootdevice", Mx::Absent);
    for (from, index, answered) in [
        (
            "[fd00::9]:5000",
            2,
            Some("http://[fd00::1]:8200/description.xml"),
        ),
        (
            "[fe80::9%2]:5000",
            2,
            Some("http://[fd00::1]:8200/description.xml"),
        ),
        (
            "[2001:db8::9]:5000",
            2,
            Some("http://[fd00::1]:8200/description.xml"),
        ),
        (
            "[fe80::9%3]:5000",
            3,
            Some("http://[fe80::3]:8200/description.xml"),
        ),
        ("[2001:db8::9]:5000", 3, None),
        ("[2001:db8:1::9]:5000", 2, None),
        ("[fd00::9]:5000", 3, None),
        ("[fe80::9%9]:5000", 9, None),
    ] {
        let door = Interface { index, ..own };
        wire.ask(from, door, true, &search);
        let heard = wire.run(secs(1));
        let locations: Vec<_> = heard.iter().map(|one| one.location.as_str()).collect();
        assert_eq!(locations, Vec::from_iter(answered), "{from} on {index}");
    }
    assert_eq!(wire.machine.seen().refused_off_subnet, 4);
}

// ---- the port of searches ----------------------------------------------------------------------

#[test]
fn a_port_other_than_1900_is_told_in_its_family_alone() {
    let mut wire = Wire::new(600, 1);
    wire.handle(Input::SearchPort {
        ipv6: false,
        port: Some(49_153),
    });
    wire.handle(Input::InterfaceUp(HOME));
    wire.handle(Input::InterfaceUp(interface_v6(2, "fe80::2")));
    let mut heard = wire.run(secs(60));
    wire.ask(
        "192.168.1.9:5000",
        HOME,
        false,
        &msearch("upnp:rootdevice", Mx::Absent),
    );
    heard.extend(wire.run(secs(1)));
    assert_eq!(heard.len(), 37);
    for one in heard {
        assert_eq!(one.search_port, one.to.is_ipv4().then_some(49_153));
    }
}

#[test]
fn more_interfaces_than_the_limit_are_left_out() {
    let mut wire = Wire::new(600, 1);
    for index in 1..=40_u8 {
        wire.handle(Input::InterfaceUp(interface(
            index.into(),
            [10, index, 0, 1],
            16,
        )));
    }
    let heard = wire.run(secs(60));
    assert_eq!(heard.len(), limits::INTERFACES * 18);
}

#[test]
fn a_subnet_holds_its_hosts_and_nobody_else() {
    let table = [
        (HOME, "192.168.1.1", true),
        (HOME, "192.168.1.254", true),
        (HOME, "192.168.1.0", false),
        (HOME, "192.168.1.255", false),
        (HOME, "192.168.2.1", false),
        (HOME, "::1", false),
        (GUESTS, "10.77.255.1", true),
        (GUESTS, "10.78.0.1", false),
        (interface(1, [127, 0, 0, 1], 8), "127.0.0.1", true),
        (interface(1, [127, 0, 0, 1], 8), "128.0.0.1", false),
        (interface(4, [10, 0, 0, 0], 31), "10.0.0.1", true),
        (interface(4, [10, 0, 0, 7], 32), "10.0.0.7", true),
        (interface(4, [10, 0, 0, 7], 32), "10.0.0.6", false),
        (interface(4, [10, 0, 0, 7], 255), "10.0.0.6", false),
        (interface(4, [10, 0, 0, 7], 0), "10.0.0.6", false),
    ];
    for (interface, other, holds) in table {
        let found = interface.subnet_holds(other.parse().unwrap());
        assert_eq!(found, holds, "{interface:?} {other}");
    }
    let six = Interface {
        index: 1,
        address: "fd00::1".parse().unwrap(),
        prefix_len: 64,
    };
    assert!(six.subnet_holds("fd00::2".parse().unwrap()));
    assert!(!six.subnet_holds("fd00:0:0:1::2".parse().unwrap()));
    assert!(!six.subnet_holds("10.0.0.1".parse().unwrap()));
}

// ---- the end -----------------------------------------------------------------------------------

#[test]
fn a_stop_says_goodbye_twice_everywhere_within_300_milliseconds() {
    let mut wire = Wire::settled(&[HOME, GUESTS]);
    let from = "192.168.1.9:5000";
    wire.ask(from, HOME, true, &msearch("ssdp:all", Mx::Seconds(5)));
    assert!(!wire.machine.finished());
    wire.handle(Input::Stop);
    assert!(!wire.machine.finished());
    let begin = wire.time;
    wire.handle(Input::Stop); // an impatient person
    wire.handle(Input::InterfaceUp(interface(4, [10, 0, 0, 1], 8)));
    wire.ask(from, HOME, true, &msearch("ssdp:all", Mx::Absent));
    let heard = wire.run(secs(3600));
    for interface in [HOME, GUESTS] {
        let here: Vec<_> = heard
            .iter()
            .filter(|one| one.interface == interface.index)
            .collect();
        assert_eq!(targets(here.iter().copied()), everything(2));
        for one in here {
            assert_eq!(
                (one.saying, one.source),
                (Saying::Byebye, interface.address)
            );
            assert_eq!(one.to, "239.255.255.250:1900".parse().unwrap());
            assert!(span(begin, one.at) < millis(300));
        }
    }
    assert_eq!(heard.len(), 24, "and nothing else");
    assert!(wire.machine.finished());
    assert_eq!(wire.machine.wake_at(), None);
}

#[test]
fn a_stop_without_a_network_is_finished_at_once() {
    let mut wire = Wire::new(600, 1);
    wire.handle(Input::Tick);
    wire.handle(Input::Stop);
    assert!(wire.machine.finished());
    assert_eq!(wire.run(secs(1)).len(), 0);
}
