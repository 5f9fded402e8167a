//! The machine against a simulated clock.

use std::sync::atomic::{AtomicU8, Ordering};

use super::*;
use crate::wire::{
    device::SERVICES,
    gena::Subscribe,
    http::request::{self, Parsed},
};

const PEER: [u8; 4] = [10, 0, 0, 5];
const HALF_SECOND: Duration = Duration::from_millis(500);

fn random() -> [u8; 16] {
    static NEXT: AtomicU8 = AtomicU8::new(0);
    static CARRY: AtomicU8 = AtomicU8::new(0);
    let low = NEXT.fetch_add(1, Ordering::SeqCst);
    if low == u8::MAX {
        CARRY.fetch_add(1, Ordering::SeqCst);
    }
    let mut bytes = [0; 16];
    (bytes[0], bytes[1]) = (low, CARRY.load(Ordering::SeqCst));
    bytes
}

fn service(name: ServiceName) -> &'static Service {
    SERVICES
        .iter()
        .find(|service| service.name == name)
        .unwrap()
}

fn container(number: u64) -> ObjectId {
    ObjectId::parse(&format!("{number:016x}")).unwrap()
}

/// Where `peer` listens, as its CALLBACK says.
fn callbacks(peer: [u8; 4], ports: &[u16]) -> Callbacks {
    let peer = SocketAddr::from((peer, 40000));
    let urls = ports
        .iter()
        .map(|port| format!("<http://{}:{port}/e>", peer.ip()));
    let urls = urls.collect::<Vec<_>>().concat();
    let text =
        format!("SUBSCRIBE /e HTTP/1.1\r\nHost: a\r\nNT: upnp:event\r\nCALLBACK: {urls}\r\n\r\n");
    let Ok(Parsed::Done { head, .. }) = request::parse(text.as_bytes()) else {
        panic!("{text}");
    };
    match Subscribe::parse(&head.fields, peer) {
        Ok(Subscribe::New { callbacks, .. }) => callbacks,
        other => panic!("{other:?}"),
    }
}

/// The machine and the time.
struct Wire {
    machine: Events,
    known: Known,
    time: Duration,
}

impl Wire {
    fn new() -> Self {
        Self {
            machine: Events::new(random, 7),
            known: Known::default(),
            time: Duration::from_secs(3),
        }
    }

    fn now(&self) -> Now {
        Now {
            uptime: self.time,
            unix_secs: 0,
        }
    }

    fn wait(&mut self, time: Duration) {
        self.time += time;
    }

    /// Subscribes and says nothing of the reply.
    fn ask(&mut self, name: ServiceName, peer: [u8; 4], ports: &[u16]) -> Option<Granted> {
        let now = self.now();
        let callbacks = callbacks(peer, ports);
        self.machine.subscribe(
            now,
            service(name),
            peer.into(),
            callbacks,
            None,
            &self.known,
        )
    }

    /// Subscribes, and the reply goes out.
    fn subscribe(&mut self, name: ServiceName, port: u16) -> Sid {
        let sid = self.ask(name, PEER, &[port]).unwrap().sid;
        self.machine.replied(self.now(), sid);
        sid
    }

    /// A subscriber to `ContentDirectory` who has had the first event.
    fn subscriber(&mut self, port: u16) -> Sid {
        let sid = self.subscribe(ServiceName::ContentDirectory, port);
        self.wait(FIRST_EVENT_DELAY);
        let first = self.machine.output(self.now()).unwrap();
        assert_eq!((first.sid, first.seq), (sid, 0));
        self.machine.delivered(self.now(), sid, Outcome::Delivered);
        self.wait(HALF_SECOND);
        sid
    }

    /// What is due now: whose, number, names and values. Each is taken by its subscriber at once.
    fn events(&mut self) -> Vec<(Sid, u32, String)> {
        let mut events = Vec::new();
        while let Some(delivery) = self.machine.output(self.now()) {
            events.push(told(&delivery));
            self.machine
                .delivered(self.now(), delivery.sid, Outcome::Delivered);
        }
        events
    }

    fn changed(&mut self, system_update_id: u32, containers: &[(u64, u32)]) {
        let containers: Vec<_> = containers
            .iter()
            .map(|&(number, id)| (container(number), id))
            .collect();
        self.machine
            .changed(self.now(), system_update_id, &containers);
    }
}

fn told(delivery: &Delivery) -> (Sid, u32, String) {
    let body = String::from_utf8(delivery.body.clone()).unwrap();
    let properties = body.split("<e:property><").skip(1).map(|property| {
        let (name, rest) = property.split_once('>').unwrap();
        let (value, _) = rest.split_once("</").unwrap();
        format!("{name}={value}")
    });
    let text: Vec<_> = properties.collect();
    (delivery.sid, delivery.seq, text.join(" "))
}

// ---- the first event ---------------------------------------------------------------------------

#[test]
fn the_first_event_follows_the_reply_and_tells_everything() {
    let mut wire = Wire::new();
    let sid = wire
        .ask(ServiceName::ContentDirectory, PEER, &[4004])
        .unwrap()
        .sid;
    assert_eq!(wire.events(), [], "nothing before the reply");
    wire.wait(Duration::from_secs(1));
    assert_eq!(wire.events(), []);
    wire.machine.replied(wire.now(), sid);
    assert_eq!(wire.events(), []);
    assert_eq!(wire.machine.wake_at(), Some(wire.time + FIRST_EVENT_DELAY));
    wire.wait(FIRST_EVENT_DELAY);
    let text = "SystemUpdateID=7 ContainerUpdateIDs= TransferIDs=".to_owned();
    assert_eq!(wire.events(), [(sid, 0, text)]);
    wire.wait(Duration::from_secs(1000));
    assert_eq!(wire.events(), [], "once");
}

#[test]
fn the_first_event_leaves_even_if_nobody_tells_of_the_reply() {
    let mut wire = Wire::new();
    wire.ask(ServiceName::ContentDirectory, PEER, &[4004]);
    wire.wait(REPLY_TIME);
    assert_eq!(wire.events().len(), 1);
}

#[test]
fn a_subscription_nobody_knows_of_is_dropped() {
    let mut wire = Wire::new();
    let granted = wire.ask(ServiceName::ContentDirectory, PEER, &[4004]);
    wire.machine.reply_lost(granted.unwrap().sid);
    wire.wait(REPLY_TIME);
    assert_eq!((wire.events(), wire.machine.wake_at()), (vec![], None));
}

#[test]
fn the_other_services_tell_what_their_descriptions_promise() {
    let mut wire = Wire::new();
    wire.subscribe(ServiceName::ConnectionManager, 1);
    wire.subscribe(ServiceName::Registrar, 2);
    wire.wait(FIRST_EVENT_DELAY);
    let texts: Vec<_> = wire.events().into_iter().map(|(_, _, text)| text).collect();
    assert!(
        texts[0].starts_with("SourceProtocolInfo=http-get:*:")
            && texts[0].ends_with(":* SinkProtocolInfo= CurrentConnectionIDs=0"),
        "{texts:?}"
    );
    assert_eq!(
        texts[1],
        "AuthorizationGrantedUpdateID=0 AuthorizationDeniedUpdateID=0 \
         ValidationSucceededUpdateID=0 ValidationRevokedUpdateID=0"
    );
    // Nothing of theirs ever changes.
    wire.wait(Duration::from_secs(10));
    wire.changed(8, &[(1, 8)]);
    assert_eq!(wire.events(), []);
    assert!(!wire.machine.follows_containers());
}

#[test]
fn every_evented_variable_has_a_value() {
    let changes = Changes::default();
    let state = State {
        system_update_id: 1,
        changes: &changes,
    };
    for service in SERVICES {
        let evented: Vec<_> = service
            .scpd
            .variables
            .iter()
            .filter(|variable| variable.evented)
            .map(|variable| variable.name)
            .collect();
        let told = state.whole(service.scpd);
        let told: Vec<_> = told.iter().map(|(name, _)| *name).collect();
        assert_eq!(told, evented);
        assert!(!told.is_empty());
    }
}

// ---- changes -----------------------------------------------------------------------------------

#[test]
fn changes_are_moderated_and_the_last_state_wins() {
    let mut wire = Wire::new();
    let sid = wire.subscriber(4004);
    wire.changed(8, &[(1, 8)]);
    let text = "SystemUpdateID=8 ContainerUpdateIDs=0000000000000001,8".to_owned();
    assert_eq!(wire.events(), [(sid, 1, text)], "the first one at once");
    let sent_at = wire.time;
    for (step, update) in (9..=12).enumerate() {
        wire.wait(Duration::from_millis(100));
        wire.changed(update, &[(1, update), (2 + step as u64 % 2, update)]);
        assert_eq!(wire.events(), [], "too early");
    }
    assert_eq!(wire.machine.wake_at(), Some(sent_at + HALF_SECOND));
    wire.wait(Duration::from_millis(99));
    assert_eq!(wire.events(), []);
    wire.wait(Duration::from_millis(1));
    let text = "SystemUpdateID=12 ContainerUpdateIDs=\
                0000000000000001,12,0000000000000002,11,0000000000000003,12";
    assert_eq!(wire.events(), [(sid, 2, text.to_owned())]);
    // What was told is not told again.
    wire.wait(HALF_SECOND);
    wire.changed(13, &[]);
    assert_eq!(wire.events(), [(sid, 3, "SystemUpdateID=13".to_owned())]);
    wire.wait(HALF_SECOND);
    wire.changed(13, &[]);
    assert_eq!(wire.events(), [], "nothing has changed");
}

#[test]
fn what_changes_before_the_first_event_is_in_it() {
    let mut wire = Wire::new();
    let sid = wire.subscribe(ServiceName::ContentDirectory, 4004);
    wire.changed(8, &[(5, 8)]);
    wire.wait(FIRST_EVENT_DELAY);
    let text = "SystemUpdateID=8 ContainerUpdateIDs=0000000000000005,8 TransferIDs=".to_owned();
    assert_eq!(wire.events(), [(sid, 0, text)]);
}

#[test]
fn what_changes_while_an_event_is_under_way_comes_in_the_next_one() {
    let mut wire = Wire::new();
    let sid = wire.subscriber(4004);
    wire.changed(8, &[]);
    let slow = wire.machine.output(wire.now()).unwrap();
    wire.changed(9, &[(1, 9)]);
    wire.wait(Duration::from_secs(5));
    assert!(wire.machine.output(wire.now()).is_none(), "one at a time");
    assert!(wire.machine.wake_at().unwrap() > wire.time, "it may sleep");
    wire.machine
        .delivered(wire.now(), slow.sid, Outcome::Delivered);
    let text = "SystemUpdateID=9 ContainerUpdateIDs=0000000000000001,9".to_owned();
    assert_eq!(wire.events(), [(sid, 2, text)]);
}

#[test]
fn too_many_containers_are_not_named() {
    let most = limits::CHANGED_CONTAINERS as u64;
    let all: Vec<_> = (0..=most).map(|number| (number + 1, 8)).collect();
    let mut wire = Wire::new();
    wire.subscriber(4004);
    wire.changed(8, &all[1..]);
    let told = wire.events().remove(0).2;
    assert_eq!(told.matches(',').count(), all.len() * 2 - 3, "{told}");
    for parts in [&[&all[..]][..], &[&all[..10], &all[10..]]] {
        wire.wait(HALF_SECOND);
        for part in parts {
            wire.changed(9, part);
        }
        // Named again: still too many.
        wire.changed(9, &all[..1]);
        assert_eq!(wire.events().remove(0).2, "SystemUpdateID=9");
        wire.machine.system_update_id = 8;
    }
    wire.wait(HALF_SECOND);
    wire.changed(10, &all[..1]);
    let told = wire.events().remove(0).2;
    assert!(
        told.contains("ContainerUpdateIDs=0000000000000001,8"),
        "{told}"
    );
}

#[test]
fn numbers_wrap_to_one() {
    let mut wire = Wire::new();
    wire.subscriber(4004);
    wire.machine.subscriptions[0].seq = u32::MAX;
    let mut numbers = Vec::new();
    for update in 8..11 {
        wire.changed(update, &[]);
        numbers.extend(wire.events().into_iter().map(|(_, seq, _)| seq));
        wire.wait(HALF_SECOND);
    }
    assert_eq!(numbers, [u32::MAX, 1, 2]);
}

// ---- time --------------------------------------------------------------------------------------

#[test]
fn granted_times_are_bounded() {
    for (asked, secs) in [
        (None, 1800),
        (Some(0), 300),
        (Some(299), 300),
        (Some(301), 301),
        (Some(1800), 1800),
        (Some(u64::MAX), 1800),
    ] {
        assert_eq!(granted(asked), secs);
    }
}

#[test]
fn a_subscription_ends_unless_it_is_renewed() {
    let mut wire = Wire::new();
    let start = wire.time;
    let sid = wire.subscribe(ServiceName::ContentDirectory, 4004);
    let lost = wire.subscribe(ServiceName::ContentDirectory, 4005);
    wire.wait(FIRST_EVENT_DELAY);
    assert_eq!(wire.events().len(), 2);
    let name = ServiceName::ContentDirectory;
    wire.time = start + Duration::from_secs(1799);
    let now = wire.now();
    let renewed = wire.machine.renew(now, name, PEER.into(), sid, Some(400));
    assert_eq!(renewed, Some(400));
    assert_eq!(
        wire.machine.wake_at(),
        Some(start + Duration::from_secs(1800))
    );
    wire.wait(Duration::from_secs(1));
    wire.changed(8, &[]);
    let told: Vec<_> = wire
        .events()
        .into_iter()
        .map(|(sid, seq, _)| (sid, seq))
        .collect();
    assert_eq!(told, [(sid, 1)]);
    let now = wire.now();
    let too_late = wire.machine.renew(now, name, PEER.into(), lost, None);
    assert_eq!(too_late, None);
    wire.wait(Duration::from_secs(399));
    assert_eq!((wire.events(), wire.machine.wake_at()), (vec![], None));
    assert!(!wire.machine.follows_containers());
}

#[test]
fn a_subscription_is_its_subscribers_and_its_services_own() {
    let mut wire = Wire::new();
    let sid = wire.subscriber(4004);
    let now = wire.now();
    let (right, wrong) = (
        ServiceName::ContentDirectory,
        ServiceName::ConnectionManager,
    );
    let stranger = IpAddr::from([10, 0, 0, 6]);
    let machine = &mut wire.machine;
    for (name, peer) in [(wrong, PEER.into()), (right, stranger)] {
        assert_eq!(machine.renew(now, name, peer, sid, None), None);
        assert!(!machine.unsubscribe(now, name, peer, sid));
    }
    assert!(machine.unsubscribe(now, right, PEER.into(), sid));
    assert!(!machine.unsubscribe(now, right, PEER.into(), sid));
    wire.changed(8, &[]);
    assert_eq!(wire.events(), []);
}

// ---- subscribers that do not listen ------------------------------------------------------------

#[test]
fn a_dead_subscriber_is_dropped_and_the_others_are_told() {
    let mut wire = Wire::new();
    let (dead, alive) = (wire.subscriber(1), wire.subscriber(2));
    let mut tries = 0;
    let mut heard = Vec::new();
    for update in 8..18 {
        wire.changed(update, &[]);
        while let Some(delivery) = wire.machine.output(wire.now()) {
            let outcome = if delivery.sid == dead {
                tries += 1;
                Outcome::Failed
            } else {
                heard.push(delivery.seq);
                Outcome::Delivered
            };
            wire.machine.delivered(wire.now(), delivery.sid, outcome);
        }
        wire.wait(HALF_SECOND);
    }
    assert_eq!(tries, limits::EVENT_FAILURES);
    assert_eq!(heard, (1..=10).collect::<Vec<_>>());
    let now = wire.now();
    let name = ServiceName::ContentDirectory;
    let machine = &mut wire.machine;
    assert_eq!(machine.renew(now, name, PEER.into(), dead, None), None);
    assert!(machine.renew(now, name, PEER.into(), alive, None).is_some());
}

#[test]
fn one_event_taken_forgives_those_before() {
    let mut wire = Wire::new();
    let sid = wire.subscriber(1);
    for update in 8..40 {
        wire.changed(update, &[]);
        let delivery = wire.machine.output(wire.now()).unwrap();
        let outcome = match update % u32::from(limits::EVENT_FAILURES) {
            0 => Outcome::Delivered,
            _ => Outcome::Failed,
        };
        // The gap in the numbers tells of the lost ones.
        assert_eq!(delivery.seq, update - 7);
        wire.machine.delivered(wire.now(), sid, outcome);
        wire.wait(HALF_SECOND);
    }
}

#[test]
fn a_subscriber_that_knows_of_nothing_is_dropped_but_not_at_its_first_event() {
    let mut wire = Wire::new();
    let sid = wire.subscribe(ServiceName::ContentDirectory, 1);
    for (seq, is_left) in [(0, true), (1, false)] {
        wire.wait(HALF_SECOND);
        wire.changed(8 + seq, &[]);
        let delivery = wire.machine.output(wire.now()).unwrap();
        assert_eq!(delivery.seq, seq);
        wire.machine
            .delivered(wire.now(), sid, Outcome::of_status(412));
        assert_eq!(wire.machine.follows_containers(), is_left);
    }
    for (status, outcome) in [
        (200, Outcome::Delivered),
        (204, Outcome::Delivered),
        (100, Outcome::Failed),
        (302, Outcome::Failed),
        (404, Outcome::Failed),
        (503, Outcome::Failed),
    ] {
        assert_eq!(Outcome::of_status(status), outcome);
    }
}

#[test]
fn urls_are_given_in_their_order_with_the_same_event() {
    let mut wire = Wire::new();
    let granted = wire.ask(ServiceName::Registrar, PEER, &[1, 2, 3]).unwrap();
    wire.machine.replied(wire.now(), granted.sid);
    wire.wait(FIRST_EVENT_DELAY);
    let delivery = wire.machine.output(wire.now()).unwrap();
    for ((address, message), port) in delivery.messages().zip([1, 2, 3]) {
        assert_eq!(address, SocketAddr::from((PEER, port)));
        let message = String::from_utf8(message).unwrap();
        let (head, body) = message.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("\r\nHOST: 10.0.0.5:{port}\r\n")),
            "{head}"
        );
        assert!(
            head.contains(&format!("\r\nSID: {}\r\nSEQ: 0\r\n", granted.sid)),
            "{head}"
        );
        assert!(
            head.contains(&format!("\r\nCONTENT-LENGTH: {}\r\n", body.len())),
            "{head}"
        );
        assert!(body.ends_with("</e:propertyset>"), "{body}");
    }
    assert_eq!((delivery.messages().count(), delivery.urls()), (3, 3));
}

// ---- bounds ------------------------------------------------------------------------------------

#[test]
fn a_peer_has_its_share_and_no_more() {
    let mut wire = Wire::new();
    let name = ServiceName::ContentDirectory;
    let share = u16::try_from(limits::SUBSCRIPTIONS_PER_PEER).unwrap();
    let sids: Vec<_> = (1..=share)
        .map(|port| wire.ask(name, PEER, &[port]).unwrap().sid)
        .collect();
    assert_eq!(wire.ask(name, PEER, &[share + 1]), None);
    // The same callback for another service, or from another peer, is another subscription.
    assert_eq!(wire.ask(ServiceName::Registrar, PEER, &[1]), None);
    assert!(wire.ask(name, [10, 0, 0, 6], &[1]).is_some());
    // One that has forgotten to unsubscribe gets its place anew.
    assert!(wire.ask(name, PEER, &[1]).is_some());
    let now = wire.now();
    let machine = &mut wire.machine;
    assert!(!machine.unsubscribe(now, name, PEER.into(), sids[0]));
    assert!(machine.unsubscribe(now, name, PEER.into(), sids[1]));
    assert!(wire.ask(name, PEER, &[share + 1]).is_some());
}

#[test]
fn places_are_bounded_in_total_and_come_back_with_time() {
    let mut wire = Wire::new();
    let name = ServiceName::ContentDirectory;
    let ask = |wire: &mut Wire, number: usize| {
        let [_, _, high, low] = u32::try_from(number).unwrap().to_be_bytes();
        wire.ask(name, [10, 1, high, low], &[1])
    };
    let strangers = limits::SUBSCRIPTIONS - limits::SUBSCRIPTIONS_RESERVED;
    for number in 0..strangers {
        assert!(ask(&mut wire, number).is_some());
    }
    assert_eq!(ask(&mut wire, limits::SUBSCRIPTIONS), None);
    assert_eq!(wire.machine.reserved(), 0);
    wire.wait(Duration::from_secs(1800));
    assert!(ask(&mut wire, limits::SUBSCRIPTIONS).is_some());
    assert_eq!(wire.machine.subscriptions.len(), 1);
}

#[test]
fn the_last_places_are_for_those_who_are_known() {
    let mut wire = Wire::new();
    let name = ServiceName::ContentDirectory;
    let ask = |wire: &mut Wire, peer: [u8; 4], port| wire.ask(name, peer, &[port]);
    let own = |number: usize| [10, 0, 0, u8::try_from(number).unwrap()];
    for number in 0..limits::KNOWN_PEERS {
        wire.known.remember(own(number).into());
    }
    // Eleven strangers want all that there is.
    let mut granted = 0;
    for stranger in 0..11 {
        for port in 1..=24 {
            granted += usize::from(ask(&mut wire, [10, 9, 9, stranger], port).is_some());
        }
    }
    let reserve = limits::SUBSCRIPTIONS_RESERVED;
    assert_eq!(granted, limits::SUBSCRIPTIONS - reserve);
    // The first of the known may have no more than its part, and each of the others still finds a place.
    let kept = u16::try_from(limits::KEPT_SUBSCRIPTIONS_PER_KNOWN_PEER).unwrap();
    let first = (1..=24).filter(|port| ask(&mut wire, own(0), *port).is_some());
    assert_eq!(first.count(), usize::from(kept));
    for number in 1..limits::KNOWN_PEERS {
        assert!(ask(&mut wire, own(number), 1).is_some(), "{number}");
    }
    let again = (1..limits::KNOWN_PEERS).filter(|number| ask(&mut wire, own(*number), 2).is_some());
    assert_eq!(again.count(), reserve - limits::KNOWN_PEERS - 2);
    assert_eq!(wire.machine.reserved(), reserve);
    assert_eq!(wire.machine.subscriptions(), limits::SUBSCRIPTIONS);
    // One that subscribes anew keeps its place, and one that leaves gives it back.
    let sid = ask(&mut wire, own(0), 1).unwrap().sid;
    assert_eq!(wire.machine.reserved(), reserve);
    let now = wire.now();
    assert!(wire.machine.unsubscribe(now, name, own(0).into(), sid));
    assert_eq!(wire.machine.reserved(), reserve - 1);
    assert!(ask(&mut wire, [10, 9, 9, 99], 1).is_none());
}

#[test]
fn slow_subscribers_hold_back_nobody_else() {
    let mut wire = Wire::new();
    let name = ServiceName::ContentDirectory;
    let subscribe = |wire: &mut Wire, peer, port| {
        let sid = wire.ask(name, peer, &[port]).unwrap().sid;
        wire.machine.replied(wire.now(), sid);
        sid
    };
    for port in 1..=10 {
        subscribe(&mut wire, PEER, port);
    }
    let other = subscribe(&mut wire, [10, 0, 0, 6], 1);
    wire.wait(FIRST_EVENT_DELAY);
    let mut sent = Vec::new();
    while let Some(delivery) = wire.machine.output(wire.now()) {
        sent.push(delivery.sid);
    }
    // Its share of the slow one, and all of the other.
    assert_eq!(sent.len(), limits::EVENTS_UNDER_WAY_PER_PEER + 1);
    assert_eq!(sent.last(), Some(&other));
    assert!(wire.machine.wake_at().unwrap() > wire.time, "it may sleep");
    // The place of one that has ended is the next one's, also after its subscription is gone.
    let now = wire.now();
    assert!(wire.machine.unsubscribe(now, name, PEER.into(), sent[0]));
    assert!(wire.machine.output(now).is_none(), "still under way");
    wire.machine.delivered(now, sent[0], Outcome::Failed);
    assert!(wire.machine.output(now).is_some());
    assert!(wire.machine.output(now).is_none());
}

#[test]
fn events_under_way_are_bounded() {
    let mut wire = Wire::new();
    for number in 0..u8::try_from(limits::EVENTS_UNDER_WAY).unwrap() + 5 {
        let granted = wire.ask(ServiceName::Registrar, [10, 0, 1, number], &[1]);
        wire.machine.replied(wire.now(), granted.unwrap().sid);
    }
    wire.wait(FIRST_EVENT_DELAY);
    let now = wire.now();
    let sent: Vec<_> = std::iter::from_fn(|| wire.machine.output(now)).collect();
    assert_eq!(sent.len(), limits::EVENTS_UNDER_WAY);
    for delivery in &sent {
        wire.machine
            .delivered(now, delivery.sid, Outcome::Delivered);
        // Told twice: once is enough.
        wire.machine.delivered(now, delivery.sid, Outcome::Failed);
    }
    assert_eq!(wire.events().len(), 5);
}
