//! The machine against a simulated link and clock: hours of protocol in milliseconds, the same way each time.

use std::net::Ipv4Addr;

use super::link::GAP;
use super::searches::MX_MARGIN;
use super::*;
use crate::wire::ssdp::{self, MSearch, Mx, Notice, Saying, Target};

const UDN: &str = "uuid:4d696e69-444c-164e-9d41-b6d47660363b";
const HOME: Interface = interface(2, [192, 168, 1, 20], 24);
const GUESTS: Interface = interface(3, [10, 77, 0, 1], 16);

const fn interface(index: u32, [a, b, c, d]: [u8; 4], prefix_len: u8) -> Interface {
    Interface {
        index,
        address: IpAddr::V4(Ipv4Addr::new(a, b, c, d)),
        prefix_len,
    }
}

/// One datagram that rill sent, read by an independent control point.
#[derive(Clone, Debug)]
struct Heard {
    at: Duration,
    to: SocketAddr,
    interface: u32,
    source: IpAddr,
    saying: Saying,
    target: String,
    usn: String,
    location: String,
    max_age_secs: u32,
    boot_id: u32,
    next_boot_id: Option<u32>,
    search_port: Option<u16>,
}

impl Heard {
    fn new(at: Duration, sent: Transmit<'_>) -> Self {
        let notice = Notice::parse(sent.bytes).expect("rill writes what SSDP reads");
        Heard {
            at,
            to: sent.to,
            interface: sent.interface,
            source: sent.source,
            saying: notice.saying,
            target: notice.target.to_owned(),
            usn: notice.usn.to_owned(),
            location: notice.location.unwrap_or_default().to_owned(),
            max_age_secs: notice.max_age_secs.unwrap_or_default(),
            boot_id: notice.boot_id.expect("BOOTID in every message"),
            next_boot_id: notice.next_boot_id,
            search_port: notice.search_port,
        }
    }
}

/// The machine, the time, and the loop that `net` runs.
struct Wire {
    machine: Discovery,
    time: Duration,
}

impl Wire {
    fn new(notify_interval_secs: u64, seed: u64) -> Self {
        let settings = Settings {
            udn: UDN.to_owned(),
            http_port: 8200,
            server: "Linux/6.1 UPnP/1.1 rill/0.1.0".to_owned(),
            boot_id: 7,
            boot_ids: 5,
            config_id: 42,
            notify_interval: Duration::from_secs(notify_interval_secs),
            description_path: "/description.xml",
            seed,
        };
        Wire {
            machine: Discovery::new(settings),
            time: Duration::from_secs(3),
        }
    }

    /// A machine past the start bursts on `interfaces`.
    fn settled(interfaces: &[Interface]) -> Self {
        let mut wire = Wire::new(600, 1);
        for &interface in interfaces {
            wire.handle(Input::InterfaceUp(interface));
        }
        wire.run(secs(10));
        wire
    }

    fn now(&self) -> Now {
        Now {
            uptime: self.time,
            unix_secs: 1_795_226_875 + self.time.as_secs(),
        }
    }

    fn handle(&mut self, input: Input<'_>) {
        self.machine.handle(self.now(), input);
    }

    /// Lets the time pass, jumping from one wake-up to the next; what was sent.
    fn run(&mut self, span: Duration) -> Vec<Heard> {
        let end = self.time + span;
        let mut heard = Vec::new();
        loop {
            let mut turns = 0;
            while let Some(sent) = self.machine.output(Now {
                uptime: self.time,
                unix_secs: 0,
            }) {
                heard.push(Heard::new(self.time, sent));
                turns += 1;
                assert!(turns < 1000, "one turn is bounded");
            }
            match self.machine.wake_at() {
                Some(next) if next <= end => {
                    assert!(next > self.time, "nothing due is left behind");
                    self.time = next;
                }
                _ => break,
            }
        }
        self.time = end;
        heard
    }

    fn ask(&mut self, from: &str, interface: Interface, multicast: bool, bytes: &[u8]) {
        let local = if multicast {
            GROUP_V4.into()
        } else {
            interface.address
        };
        self.handle(Input::Datagram(Datagram {
            bytes,
            from: from.parse().unwrap(),
            interface: interface.index,
            local,
            multicast,
        }));
    }
}

fn down(interface: Interface) -> Input<'static> {
    Input::InterfaceDown {
        index: interface.index,
        address: interface.address,
    }
}

fn msearch(st: &str, mx: Mx) -> Vec<u8> {
    let mut text = String::new();
    MSearch { st, mx }
        .write(ssdp::group(HOME.address), &mut text)
        .unwrap();
    text.into_bytes()
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

/// From `early` to `late`.
fn span(early: Duration, late: Duration) -> Duration {
    late.checked_sub(early).expect("time goes on")
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn targets<'h>(heard: impl IntoIterator<Item = &'h Heard>) -> Vec<String> {
    heard.into_iter().map(|one| one.target.clone()).collect()
}

/// The six of them in order, `times` over.
fn everything(times: usize) -> Vec<String> {
    let all = Target::ALL.repeat(times).into_iter();
    all.map(|target| target.nt(UDN).to_owned()).collect()
}

// ---- announcements -----------------------------------------------------------------------------

#[test]
fn a_start_announces_everything_three_times_in_three_seconds() {
    let mut wire = Wire::new(600, 1);
    assert_eq!(wire.machine.wake_at(), None);
    wire.handle(Input::InterfaceUp(HOME));
    let begin = wire.time;
    let heard = wire.run(secs(60));
    assert_eq!(targets(&heard), everything(3));
    for (one, target) in heard.iter().zip(Target::ALL.repeat(3)) {
        assert_eq!(one.saying, Saying::Alive);
        assert_eq!(one.to, "239.255.255.250:1900".parse().unwrap());
        assert_eq!((one.interface, one.source), (2, HOME.address));
        assert_eq!(one.usn, target.usn(UDN).to_string());
        assert_eq!(one.location, "http://192.168.1.20:8200/description.xml");
        assert_eq!((one.max_age_secs, one.boot_id), (3000, 7));
    }
    assert!(heard[0].at <= begin + millis(100));
    assert!(heard[17].at < begin + secs(3));
    let gaps = heard.windows(2).map(|pair| span(pair[0].at, pair[1].at));
    assert!(gaps.min().unwrap() >= GAP, "spaced for slow receivers");
}

#[test]
fn an_interface_told_of_twice_is_announced_once() {
    let mut wire = Wire::new(600, 1);
    wire.handle(Input::InterfaceUp(HOME));
    wire.handle(Input::InterfaceUp(HOME));
    assert_eq!(wire.run(secs(60)).len(), 18);
    wire.handle(Input::InterfaceUp(HOME));
    assert_eq!(wire.run(secs(60)).len(), 0);
}

/// Half of max-age is the standard's bound, a fifth is ours, so that lost periods do no harm.
#[test]
fn thirty_days_long_everything_is_announced_well_before_it_expires() {
    let mut wire = Wire::new(900, 5);
    wire.handle(Input::InterfaceUp(HOME));
    wire.handle(Input::InterfaceUp(GUESTS));
    let heard = wire.run(secs(30 * 86_400));
    let end = wire.time;
    for interface in [HOME, GUESTS] {
        for target in Target::ALL {
            let series: Vec<_> = heard
                .iter()
                .filter(|one| one.interface == interface.index && one.target == target.nt(UDN))
                .collect();
            let location = format!("http://{}:8200/description.xml", interface.address);
            for one in &series {
                assert_eq!(one.location, location);
                assert_eq!(one.usn, target.usn(UDN).to_string());
                assert_eq!((one.max_age_secs, one.saying), (4500, Saying::Alive));
            }
            let mut moments: Vec<_> = series.iter().map(|one| one.at).collect();
            moments.push(end);
            let longest = moments.windows(2).map(|pair| span(pair[0], pair[1])).max();
            assert!(longest.unwrap() <= secs(4500 / 5), "{longest:?}");
            // 2880 periods of at most 900 s, at least 810 s, each three times.
            assert!((8640..=9603).contains(&series.len()), "{}", series.len());
        }
    }
}

/// A control point that forgets each of the six by itself, at the end of its own max-age, behind a link that loses three
/// datagrams of ten.
#[test]
fn thirty_days_on_a_link_that_loses_a_third_rill_never_expires() {
    for seed in [3, 24] {
        let mut wire = Wire::new(600, seed);
        let mut luck = Chance::new(seed + 1000); // not the machine's own series
        wire.handle(Input::InterfaceUp(HOME));
        let heard = wire.run(secs(30 * 86_400));
        let mut known = std::collections::BTreeMap::new();
        let mut lost = 0;
        for one in &heard {
            if luck.up_to(Duration::from_micros(9)) < Duration::from_micros(3) {
                lost += 1;
                continue;
            }
            let valid = secs(one.max_age_secs.into());
            let end = known.insert((&one.usn, &one.location), one.at + valid);
            assert!(end.is_none_or(|end| one.at < end), "expired: {one:?}");
        }
        assert_eq!(known.len(), 6, "one LOCATION, six names, for ever");
        assert!(known.values().all(|&end| end > wire.time));
        let part = lost * 100 / heard.len();
        assert!((29..=30).contains(&part), "{part} % were lost");
    }
}

#[test]
fn periods_differ_so_that_boards_do_not_stay_in_step() {
    let mut wire = Wire::new(600, 9);
    wire.handle(Input::InterfaceUp(HOME));
    let heard = wire.run(secs(86_400));
    let roots: Vec<_> = heard
        .iter()
        .filter(|one| one.target == "upnp:rootdevice")
        .collect();
    let long: std::collections::BTreeSet<_> = roots
        .windows(2)
        .map(|pair| span(pair[0].at, pair[1].at).as_secs())
        .filter(|&gap| gap > 2)
        .collect();
    assert!(long.len() > 20, "{long:?}");
    assert!(long.iter().all(|&gap| (536..600).contains(&gap)));
}

#[test]
fn max_age_follows_the_interval_and_absurd_intervals_are_bounded() {
    for (interval, max_age) in [
        (0, 1800),
        (6, 1800),
        (360, 1800),
        (600, 3000),
        (u64::MAX, 0x7fff_ffff / 5 * 5),
    ] {
        let mut wire = Wire::new(interval, 1);
        wire.handle(Input::InterfaceUp(HOME));
        let heard = wire.run(secs(60));
        assert_eq!(heard[0].max_age_secs, max_age, "{interval}");
        // 60 s hold at most 14 periods of 4.5 s, of three sets of six, and the start.
        assert!(heard.len() <= 15 * 18, "{interval}: {}", heard.len());
    }
}

#[test]
fn a_loop_held_up_for_a_day_announces_once_and_not_for_every_period_missed() {
    let mut wire = Wire::settled(&[HOME]);
    wire.time += secs(86_400);
    let heard = wire.run(secs(60));
    assert_eq!(targets(&heard), everything(3));
}

// ---- interfaces --------------------------------------------------------------------------------

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

// ---- IPv6 --------------------------------------------------------------------------------------

fn interface_v6(index: u32, text: &str) -> Interface {
    Interface {
        index,
        address: text.parse().unwrap(),
        prefix_len: 64,
    }
}

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
    // Those three hosts say enough of who may ask: IPv4 is not answered by IPv6.
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

// ---- answers -----------------------------------------------------------------------------------

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
        "0.0.0.0:5000",
        "[fe80::1]:5000",
    ] {
        wire.ask(from, HOME, true, &search);
        wire.ask(from, HOME, false, &search);
    }
    wire.ask("192.168.1.9:5000", interface(9, [0; 4], 0), true, &search);
    assert_eq!(wire.run(secs(6)).len(), 0);
    let seen = wire.machine.seen();
    assert_eq!((seen.searches, seen.refused_off_subnet), (13, 13));
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
}

// ---- floods ------------------------------------------------------------------------------------

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
