use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

const A: ObjectId = ObjectId::from_value(1);
const B: ObjectId = ObjectId::from_value(2);

/// A machine and its simulated clock. Every pass takes `cost` and finds something new; writing succeeds.
struct Simulation {
    watcher: Watcher,
    now: Duration,
    cost: Duration,
    has_silent: bool,
    can_write: bool,
    scans: Vec<(Duration, Scope)>,
    writes: Vec<Duration>,
}

impl Simulation {
    /// After the first scan, at 1 s.
    fn new(rescan: Option<Duration>) -> Self {
        let mut simulation = Self {
            watcher: Watcher::new(rescan),
            now: Duration::ZERO,
            cost: ms(10),
            has_silent: false,
            can_write: true,
            scans: Vec::new(),
            writes: Vec::new(),
        };
        simulation.run_until(ms(1000));
        simulation
    }

    fn run_until(&mut self, end: Duration) {
        for _ in 0..100_000 {
            match self.watcher.next(self.now) {
                Next::Scan(scope) => {
                    let is_awaited = matches!(scope, Scope::Changes { silent: false, .. });
                    self.scans.push((self.now, scope));
                    self.now += self.cost;
                    self.watcher.handle(
                        self.now,
                        Event::Scanned(Scan {
                            cost: self.cost,
                            is_awaited,
                            is_new: true,
                            has_silent: self.has_silent,
                        }),
                    );
                }
                Next::Write => {
                    self.writes.push(self.now);
                    let told = if self.can_write {
                        Event::Written
                    } else {
                        Event::NotWritten
                    };
                    self.watcher.handle(self.now, told);
                }
                Next::Wait(time) => match time {
                    Some(time) if self.now + time <= end => {
                        assert!(!time.is_zero(), "waits for nothing");
                        self.now += time;
                    }
                    _ => {
                        self.now = self.now.max(end);
                        return;
                    }
                },
            }
        }
        panic!("never rests");
    }

    fn tell(&mut self, at: Duration, event: Event<'_>) {
        self.run_until(at);
        self.watcher.handle(self.now, event);
    }

    fn scans(&mut self) -> Vec<(Duration, Scope)> {
        std::mem::take(&mut self.scans)
    }
}

fn changes(directories: &[(ObjectId, Depth)]) -> Scope {
    Scope::Changes {
        directories: directories.iter().copied().collect(),
        silent: false,
    }
}

#[test]
fn everything_is_looked_at_and_written_first() {
    let mut simulation = Simulation::new(None);
    assert_eq!(simulation.scans(), [(ms(0), Scope::Everything)]);
    assert_eq!(simulation.writes, [ms(10)]);
    simulation.run_until(Duration::from_secs(86400));
    assert_eq!(simulation.scans(), []);
    assert_eq!(simulation.writes.len(), 1);
    assert_eq!(simulation.watcher.next(simulation.now), Next::Wait(None));
}

#[test]
fn one_change_is_seen_after_a_moment() {
    let mut simulation = Simulation::new(None);
    simulation.scans();
    simulation.tell(ms(2000), Event::Changed(A, b"1.mp3"));
    assert!(!simulation.watcher.is_quiet());
    simulation.tell(ms(2002), Event::Changed(A, b"2.mp3"));
    simulation.tell(ms(2004), Event::Below(B));
    simulation.run_until(ms(2100));
    let scope = changes(&[(A, Depth::Here), (B, Depth::Below)]);
    assert_eq!(simulation.scans(), [(ms(2004) + QUIET_AT_FIRST, scope)]);
    assert!(simulation.watcher.is_quiet());
    // More of them soon after are waited for a little longer, and after a second without any no more.
    simulation.tell(ms(2100), Event::Changed(A, b"3.mp3"));
    simulation.tell(ms(2120), Event::Changed(A, b"4.mp3"));
    simulation.tell(ms(4000), Event::Changed(A, b"5.mp3"));
    simulation.run_until(ms(5000));
    let scope = || changes(&[(A, Depth::Here)]);
    assert_eq!(
        simulation.scans(),
        [
            (ms(2120) + QUIET, scope()),
            (ms(4000) + QUIET_AT_FIRST, scope())
        ]
    );
}

#[test]
fn a_burst_costs_few_passes() {
    let mut simulation = Simulation::new(None);
    simulation.scans();
    // Ten thousand files in ten seconds.
    for n in 0..10_000 {
        simulation.tell(ms(2000 + n), Event::Changed(A, b"x.mp3"));
    }
    simulation.run_until(ms(20_000));
    let scans = simulation.scans();
    assert!((20..30).contains(&scans.len()), "{}", scans.len());
    // And fewer where a pass is dear.
    simulation.cost = ms(1000);
    for n in 0..10_000 {
        simulation.tell(ms(30_000 + n), Event::Changed(A, b"x.mp3"));
    }
    simulation.run_until(ms(60_000));
    let scans = simulation.scans();
    assert!((3..7).contains(&scans.len()), "{}", scans.len());
}

#[test]
fn a_long_look_at_everything_does_not_delay_what_changes_next() {
    let mut simulation = Simulation::new(None);
    simulation.cost = ms(900_000);
    simulation.tell(ms(2000), Event::Ordered);
    simulation.run_until(ms(2000));
    simulation.cost = ms(10);
    simulation.scans();
    simulation.tell(ms(910_000), Event::Changed(A, b"x.mp3"));
    simulation.run_until(ms(911_000));
    let seen = (ms(910_000) + QUIET_AT_FIRST, changes(&[(A, Depth::Here)]));
    assert_eq!(simulation.scans(), [seen]);
    // But another look at everything waits a while.
    simulation.tell(ms(912_000), Event::Lost);
    simulation.run_until(ms(1_000_000));
    let again = ms(902_000) + REST_LONGEST;
    assert_eq!(simulation.scans(), [(again, Scope::Everything)]);
}

#[test]
fn a_file_being_written_waits_and_is_no_change() {
    let mut simulation = Simulation::new(None);
    simulation.scans();
    simulation.tell(ms(2000), Event::Made(A, b"1.mp3"));
    simulation.tell(ms(2001), Event::Attributes(A, b"1.mp3"));
    simulation.run_until(ms(9000));
    assert_eq!(simulation.scans(), []);
    assert!(simulation.watcher.unfinished().has(A, b"1.mp3"));
    assert!(!simulation.watcher.unfinished().has(B, b"1.mp3"));
    simulation.tell(ms(9000), Event::Changed(A, b"1.mp3"));
    assert!(!simulation.watcher.unfinished().has(A, b"1.mp3"));
    simulation.run_until(ms(9500));
    assert_eq!(simulation.scans().len(), 1);
    simulation.tell(ms(9600), Event::Attributes(A, b"1.mp3"));
    simulation.run_until(ms(9800));
    assert_eq!(simulation.scans().len(), 1);
    // Whoever asks for everything gets it as far as it is written.
    simulation.tell(ms(9900), Event::Made(A, b"1.mp3"));
    simulation.tell(ms(9900), Event::Ordered);
    simulation.run_until(ms(9950));
    assert_eq!(simulation.scans(), [(ms(9900), Scope::Everything)]);
    assert!(!simulation.watcher.unfinished().has(A, b"1.mp3"));
}

#[test]
fn what_was_lost_is_looked_for_everywhere() {
    let mut simulation = Simulation::new(None);
    simulation.scans();
    simulation.tell(ms(2000), Event::Lost);
    simulation.run_until(ms(3000));
    assert_eq!(
        simulation.scans(),
        [(ms(2000) + QUIET_AT_FIRST, Scope::Everything)]
    );
    for number in 0..=DIRECTORIES as u64 {
        simulation.tell(ms(4000), Event::Changed(ObjectId::from_value(number), b""));
    }
    simulation.run_until(ms(5000));
    assert_eq!(simulation.scans()[0].1, Scope::Everything);
}

#[test]
fn silent_directories_are_asked_now_and_then() {
    let mut simulation = Simulation::new(Some(Duration::from_secs(300)));
    simulation.run_until(Duration::from_secs(3600));
    assert_eq!(simulation.scans().len(), 1, "all are told of");
    simulation.has_silent = true;
    simulation.tell(simulation.now, Event::Ordered);
    simulation.run_until(Duration::from_secs(7200));
    let scans = simulation.scans();
    assert!((11..=13).contains(&scans.len()), "{}", scans.len());
    let silent = Scope::Changes {
        directories: BTreeMap::new(),
        silent: true,
    };
    assert_eq!(scans[1].1, silent);
    // Other changes do not put it off.
    for n in 0..3600 {
        simulation.tell(Duration::from_secs(7200 + n), Event::Changed(A, b""));
    }
    let asked = simulation.scans().into_iter();
    let asked = asked.filter(|(_, s)| matches!(s, Scope::Changes { silent: true, .. }));
    assert!((11..=13).contains(&asked.count()));
    let mut never = Simulation::new(None);
    never.has_silent = true;
    never.tell(never.now, Event::Ordered);
    never.run_until(Duration::from_secs(7200));
    assert_eq!(never.scans().len(), 2);
}

#[test]
fn the_snapshot_is_written_when_the_library_is_quiet() {
    let mut simulation = Simulation::new(None);
    simulation.writes.clear();
    simulation.tell(ms(2000), Event::Changed(A, b""));
    simulation.tell(ms(12_000), Event::Changed(A, b""));
    simulation.run_until(Duration::from_secs(3600));
    assert_eq!(
        simulation.writes,
        [ms(12_000) + QUIET_AT_FIRST + ms(10) + WRITE_QUIET]
    );
    simulation.writes.clear();
    // Never quiet: every five minutes.
    for n in 0..3600 {
        simulation.tell(Duration::from_secs(3600 + n), Event::Changed(A, b""));
    }
    assert!(
        (11..=12).contains(&simulation.writes.len()),
        "{:?}",
        simulation.writes
    );
}

#[test]
fn a_disk_that_does_not_take_it_is_tried_again() {
    let mut simulation = Simulation::new(None);
    simulation.writes.clear();
    simulation.can_write = false;
    simulation.tell(ms(2000), Event::Changed(A, b""));
    simulation.run_until(Duration::from_secs(1260));
    assert_eq!(simulation.writes.len(), 5, "{:?}", simulation.writes);
    simulation.can_write = true;
    simulation.writes.clear();
    simulation.tell(simulation.now, Event::Ordered);
    simulation.run_until(simulation.now + ms(1));
    assert_eq!(simulation.writes.len(), 1);
    simulation.run_until(Duration::from_secs(10800));
    assert!(simulation.writes.len() <= 2, "{:?}", simulation.writes);
}

#[test]
fn a_pass_that_is_spoiled_again_and_again_is_made_less_often() {
    let mut watcher = Watcher::new(None);
    let mut now = Duration::ZERO;
    let mut passes = 0;
    while now < Duration::from_secs(3600) {
        match watcher.next(now) {
            Next::Scan(scope) => {
                assert_eq!(scope, Scope::Everything);
                passes += 1;
                watcher.handle(now, Event::Spoiled);
            }
            Next::Wait(Some(time)) => now += time,
            next => panic!("{next:?}"),
        }
    }
    assert!((60..80).contains(&passes), "{passes}");
}
