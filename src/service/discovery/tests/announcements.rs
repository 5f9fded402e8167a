//! What is announced, and how long it holds.

use super::*;

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
