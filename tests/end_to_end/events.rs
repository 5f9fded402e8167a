//! GENA: subscribing, events and their order, whom rill will not send to, subscribers that do not listen.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::harness::{
    Connection, Element, FAR, Library, NEAR, Network, Reply, Rill, Side, mp3, patience, wait_for,
};

const DIRECTORY: &str = "/event/ContentDirectory";
const SERVICES: [&str; 3] = [
    "ContentDirectory",
    "ConnectionManager",
    "X_MS_MediaReceiverRegistrar",
];

/// A control point's own little server, to which events are sent.
struct Subscriber {
    listener: TcpListener,
    address: SocketAddr,
}

/// One event, as it came.
#[derive(Debug)]
struct Event {
    line: String,
    fields: Vec<(String, String)>,
    /// Names and values, in order.
    properties: Vec<(String, String)>,
}

impl Subscriber {
    fn open(network: &Network, side: Side) -> Self {
        let listener = network.inside(side, || TcpListener::bind("0.0.0.0:0").unwrap());
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        Self {
            listener,
            address: (side.client, port).into(),
        }
    }

    fn callback(&self) -> String {
        format!("<http://{}/events?of=rill>", self.address)
    }

    /// The next event, which is taken with 200; panics when none comes in time.
    fn event(&self) -> Event {
        let mut stream = wait_for("an event comes", 20, || self.accept());
        let event = Event::read(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            .unwrap();
        event
    }

    /// Somebody who has connected.
    fn accept(&self) -> Option<TcpStream> {
        let (stream, from) = self.listener.accept().ok()?;
        assert!(
            [NEAR, FAR]
                .map(|side| IpAddr::from(side.server))
                .contains(&from.ip()),
            "an event from {from}"
        );
        stream.set_nonblocking(false).unwrap();
        stream.set_read_timeout(Some(patience(10))).unwrap();
        Some(stream)
    }

    /// Fails if anybody connects for a while.
    fn hears_nothing(&self) {
        let end = Instant::now() + Duration::from_secs(1);
        while Instant::now() < end {
            assert!(
                self.accept().is_none(),
                "something was sent to {}",
                self.address
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Event {
    fn read(stream: &mut TcpStream) -> Self {
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            bytes.extend(byte);
        }
        let head = String::from_utf8(bytes).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap().to_owned();
        let fields: Vec<_> = lines
            .map(|line| line.split_once(": ").unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let mut event = Self {
            line,
            fields,
            properties: Vec::new(),
        };
        let mut body = vec![0; event.field("CONTENT-LENGTH").parse().unwrap()];
        stream.read_exact(&mut body).unwrap();
        let set = Element::parse(std::str::from_utf8(&body).unwrap());
        assert_eq!(set.name, "propertyset");
        for property in &set.children {
            assert_eq!(property.name, "property");
            let [variable] = property.children.as_slice() else {
                panic!("not one variable in {property:?}");
            };
            event
                .properties
                .push((variable.name.clone(), variable.text.clone()));
        }
        event
    }

    fn field(&self, name: &str) -> &str {
        let mut values = self.fields.iter().filter(|(key, _)| key == name);
        let (_, value) = values
            .next()
            .unwrap_or_else(|| panic!("no {name} in {self:?}"));
        assert!(values.next().is_none(), "{name} twice in {self:?}");
        value
    }

    fn value(&self, name: &str) -> Option<&str> {
        let mut found = self.properties.iter().filter(|(key, _)| key == name);
        found.next().map(|(_, value)| value.as_str())
    }

    fn seq(&self) -> u32 {
        self.field("SEQ").parse().unwrap()
    }

    fn system_update_id(&self) -> u32 {
        self.value("SystemUpdateID").unwrap().parse().unwrap()
    }
}

fn library() -> Library {
    Library::empty()
        .with("album/one.mp3", &mp3(20))
        .with("other/two.mp3", &mp3(30))
}

/// SUBSCRIBE to `path`, from the near client.
fn subscribe(rill: &Rill, path: &str, callback: &str) -> Reply {
    let fields = [
        ("CALLBACK", callback),
        ("NT", "upnp:event"),
        ("TIMEOUT", "Second-1800"),
    ];
    rill.request("SUBSCRIBE", path, &fields, b"")
}

/// The SID of a subscription that was granted.
fn sid(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.length(), Some(0));
    let sid = reply.field("SID").unwrap();
    assert!(sid.starts_with("uuid:") && sid.len() == 41, "{sid}");
    sid.to_owned()
}

/// Adds a song, asks for a scan and waits until the song is listed.
fn change(rill: &Rill, library: &Library, name: &str) {
    library.write(format!("album/{name}.mp3"), &mp3(10));
    rill.signal(Signal::HUP);
    rill.wait_for_title(name);
}

#[test]
fn a_subscription_begins_with_everything_and_goes_on_with_changes() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let subscriber = Subscriber::open(rill.network(), NEAR);
    let reply = subscribe(&rill, DIRECTORY, &subscriber.callback());
    let sid = sid(&reply);
    assert_eq!(reply.field("TIMEOUT"), Some("Second-1800"));
    assert!(reply.field("Server").unwrap().contains("UPnP/1."));

    let first = subscriber.event();
    assert_eq!(first.line, "NOTIFY /events?of=rill HTTP/1.1");
    for (name, value) in [
        ("HOST", subscriber.address.to_string().as_str()),
        ("CONTENT-TYPE", "text/xml; charset=\"utf-8\""),
        ("NT", "upnp:event"),
        ("NTS", "upnp:propchange"),
        ("SID", &sid),
        ("SEQ", "0"),
    ] {
        assert_eq!(first.field(name), value);
    }
    let id = rill.call("GetSystemUpdateID", &[]).unwrap();
    assert_eq!(first.value("SystemUpdateID"), id.text_of("Id"));
    assert_eq!(first.value("ContainerUpdateIDs"), Some(""));
    assert_eq!(first.value("TransferIDs"), Some(""));

    change(&rill, &library, "three");
    let second = subscriber.event();
    assert_eq!((second.field("SID"), second.seq()), (sid.as_str(), 1));
    assert!(second.system_update_id() > first.system_update_id());
    let album = rill.find("album").id;
    let update = rill.children(&album).update;
    let containers = second.value("ContainerUpdateIDs").unwrap();
    let words: Vec<_> = containers.split(',').collect();
    let album_row = [album.as_str(), &update.to_string()];
    assert!(words.chunks(2).any(|row| row == album_row), "{containers}");
    let other = rill.find("other").id;
    assert!(!words.contains(&other.as_str()), "{containers}");

    let renew = || {
        let fields = [("SID", sid.as_str()), ("TIMEOUT", "Second-60")];
        rill.request("SUBSCRIBE", DIRECTORY, &fields, b"")
    };
    let renewed = renew();
    assert_eq!((renewed.status, renewed.length()), (200, Some(0)));
    assert_eq!(renewed.field("SID"), Some(sid.as_str()));
    assert_eq!(renewed.field("TIMEOUT"), Some("Second-300"));
    change(&rill, &library, "four");
    let third = subscriber.event();
    assert_eq!((third.seq(), third.value("TransferIDs")), (2, None));

    let unsubscribe = |path: &str| {
        rill.request("UNSUBSCRIBE", path, &[("SID", sid.as_str())], b"")
            .status
    };
    assert_eq!(unsubscribe("/event/ConnectionManager"), 412);
    assert_eq!(unsubscribe(DIRECTORY), 200);
    assert_eq!(unsubscribe(DIRECTORY), 412);
    assert_eq!(renew().status, 412);
    change(&rill, &library, "five");
    subscriber.hears_nothing();
}

#[test]
fn the_first_event_holds_what_the_service_description_promises() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for service in SERVICES {
        let scpd = rill.get(&format!("/scpd/{service}.xml"), &[]);
        let scpd = Element::parse(scpd.text());
        let promised: Vec<_> = scpd
            .all("stateVariable")
            .into_iter()
            .filter(|variable| variable.attribute("sendEvents") == Some("yes"))
            .map(|variable| variable.text_of("name").unwrap().to_owned())
            .collect();
        let subscriber = Subscriber::open(rill.network(), NEAR);
        let path = format!("/event/{service}");
        let sid = sid(&subscribe(&rill, &path, &subscriber.callback()));
        let event = subscriber.event();
        assert_eq!((event.field("SID"), event.seq()), (sid.as_str(), 0));
        let told: Vec<_> = event
            .properties
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        assert!(promised.len() >= 3, "{promised:?}");
        assert_eq!(told, promised, "{service}");
        if service == "ConnectionManager" {
            let source = event.value("SourceProtocolInfo").unwrap();
            assert!(source.contains("http-get:*:audio/mpeg:*"), "{source}");
            assert_eq!(event.value("SinkProtocolInfo"), Some(""));
            assert_eq!(event.value("CurrentConnectionIDs"), Some("0"));
        }
    }
}

#[test]
fn nothing_is_sent_to_anybody_but_the_subscriber() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let own = Subscriber::open(rill.network(), NEAR);
    let foreign = Subscriber::open(rill.network(), FAR);
    let port = own.address.port();
    let long = "x".repeat(2000);
    for callback in [
        foreign.callback(),
        format!("<http://127.0.0.1:{port}/>"),
        "<http://10.91.1.1:8200/>".to_owned(),
        format!("<http://localhost:{port}/>"),
        format!("<http://[::ffff:10.91.1.2]:{port}/>"),
        format!("<http://173736194:{port}/>"),
        format!("<http://0x0a.91.1.2:{port}/>"),
        format!("<http://010.91.1.2:{port}/>"),
        format!("<http://10.91.258:{port}/>"),
        format!("<http://10.91.1.2.evil.example:{port}/>"),
        format!("<http://0.0.0.0:{port}/>"),
        format!("<http://255.255.255.255:{port}/>"),
        format!("<http://239.255.255.250:{port}/>"),
        format!("<http://8.8.8.8:{port}/>"),
        format!("<http://169.254.169.254:{port}/>"),
        format!("<http://[::1]:{port}/>"),
        format!("<HTTPS://10.91.1.2:{port}/><ftp://10.91.1.2/><file:///etc/passwd>"),
        format!("<http://10.91.1.2:{port}@{}/>", foreign.address),
        format!("<https://10.91.1.2:{port}/>"),
        "<http://10.91.1.2:0/>".to_owned(),
        format!("<http://10.91.1.2:{port}/a b>"),
        format!("<http://10.91.1.2:{port}/{long}>"),
        format!("<http://10.91.1.2:{port}/"),
        format!("http://10.91.1.2:{port}/"),
        "<>".to_owned(),
        "<".repeat(3000),
    ] {
        let reply = subscribe(&rill, DIRECTORY, &callback);
        assert_eq!(reply.status, 412, "{callback}");
        assert_eq!(reply.field("SID"), None);
    }
    own.hears_nothing();
    foreign.hears_nothing();

    // Among others, its own is found.
    let mixed = format!(
        "{}<https://10.91.1.2/>{}",
        foreign.callback(),
        own.callback()
    );
    sid(&subscribe(&rill, DIRECTORY, &mixed));
    assert_eq!(own.event().seq(), 0);
    foreign.hears_nothing();
}

#[test]
fn a_request_that_makes_no_sense_has_its_own_status() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let callback = ("CALLBACK", "<http://10.91.1.2:9/>");
    let (nt, sid) = (
        ("NT", "upnp:event"),
        ("SID", "uuid:6a5e6bbd-4a2b-4f3e-9d5e-0123456789ab"),
    );
    for (method, path, fields, status) in [
        ("SUBSCRIBE", DIRECTORY, &[sid, callback][..], 400),
        ("SUBSCRIBE", DIRECTORY, &[sid, nt], 400),
        ("SUBSCRIBE", DIRECTORY, &[], 412),
        ("SUBSCRIBE", DIRECTORY, &[nt], 412),
        ("SUBSCRIBE", DIRECTORY, &[callback], 412),
        (
            "SUBSCRIBE",
            DIRECTORY,
            &[callback, ("NT", "upnp:propchange")],
            412,
        ),
        ("SUBSCRIBE", DIRECTORY, &[sid], 412),
        ("SUBSCRIBE", DIRECTORY, &[("SID", "uuid:")], 412),
        ("UNSUBSCRIBE", DIRECTORY, &[], 412),
        ("UNSUBSCRIBE", DIRECTORY, &[sid], 412),
        ("UNSUBSCRIBE", DIRECTORY, &[sid, nt], 400),
        ("SUBSCRIBE", "/event/", &[callback, nt], 404),
        ("SUBSCRIBE", "/event/AVTransport", &[callback, nt], 404),
        ("SUBSCRIBE", "/description.xml", &[callback, nt], 405),
        ("GET", DIRECTORY, &[], 405),
    ] {
        let reply = rill.request(method, path, fields, b"");
        assert_eq!(reply.status, status, "{method} {path} {fields:?}");
    }
    rill.must_answer("requests that make no sense");
}

#[test]
fn a_subscriber_that_sends_events_elsewhere_is_not_followed() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let own = Subscriber::open(rill.network(), NEAR);
    let victim = Subscriber::open(rill.network(), FAR);
    sid(&subscribe(&rill, DIRECTORY, &own.callback()));
    let mut first = wait_for("an event comes", 20, || own.accept());
    assert_eq!(Event::read(&mut first).seq(), 0);
    let moved = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n",
        victim.address
    );
    first.write_all(moved.as_bytes()).unwrap();
    drop(first);
    change(&rill, &library, "more");
    // The next one comes to the old place.
    assert_eq!(own.event().seq(), 1);
    victim.hears_nothing();
}

#[test]
fn a_dead_subscriber_is_dropped_while_others_are_told() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let dead = {
        // Nobody listens there any more.
        let gone = Subscriber::open(rill.network(), NEAR);
        sid(&subscribe(&rill, DIRECTORY, &gone.callback()))
    };
    // Takes every connection, as the kernel does for it, and never answers.
    let silent = Subscriber::open(rill.network(), NEAR);
    let silent_sid = sid(&subscribe(&rill, DIRECTORY, &silent.callback()));
    let alive = Subscriber::open(rill.network(), NEAR);
    let alive_sid = sid(&subscribe(&rill, DIRECTORY, &alive.callback()));
    assert_eq!(alive.event().seq(), 0);
    let mut last = 0;
    for round in 1..=3 {
        change(&rill, &library, &format!("round {round}"));
        let event = alive.event();
        assert_eq!(event.seq(), round);
        assert!(event.system_update_id() > last);
        last = event.system_update_id();
    }
    let renew = |sid: &str| {
        rill.request("SUBSCRIBE", DIRECTORY, &[("SID", sid)], b"")
            .status
    };
    wait_for("the dead one is dropped", 10, || {
        (renew(&dead) == 412).then_some(())
    });
    assert_eq!((renew(&alive_sid), renew(&silent_sid)), (200, 200));
}

#[test]
fn a_burst_of_changes_is_two_events_a_second_and_the_last_tells_where_it_ended() {
    const FILES: usize = 150;
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let subscriber = Subscriber::open(rill.network(), NEAR);
    sid(&subscribe(&rill, DIRECTORY, &subscriber.callback()));
    let first = subscriber.event();
    assert_eq!(first.seq(), 0);
    let album = rill.find("album").id;
    let begin = Instant::now();
    let mut events = vec![first];
    std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            for number in 0..FILES {
                library.write(format!("album/more {number}.mp3"), &mp3(10));
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        // Each is taken as soon as it comes, so that nothing but rill itself keeps them apart.
        let all_came = |events: &[Event]| {
            writing.is_finished()
                && rill.children(&album).total == FILES + 1
                && events.last().unwrap().system_update_id().to_string()
                    == *rill
                        .call("GetSystemUpdateID", &[])
                        .unwrap()
                        .text_of("Id")
                        .unwrap()
        };
        while !all_came(&events) {
            events.push(subscriber.event());
        }
    });
    let most = begin.elapsed().as_millis() / 500 + 2;
    assert!(
        events.len() as u128 <= most,
        "{} events, {most} at most",
        events.len()
    );
    assert!(
        events.len() >= 3,
        "{} events in three seconds of changes",
        events.len()
    );
    for (number, event) in events.iter().enumerate().skip(1) {
        assert_eq!(event.seq() as usize, number);
        assert!(event.system_update_id() > events[number - 1].system_update_id());
        let containers = event.value("ContainerUpdateIDs").unwrap();
        assert!(
            containers.split(',').any(|word| word == album),
            "{containers}"
        );
    }
}

#[test]
fn urls_are_tried_in_their_order_until_one_takes_the_event() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let gone = Subscriber::open(rill.network(), NEAR).callback();
    let (second, third) = (
        Subscriber::open(rill.network(), NEAR),
        Subscriber::open(rill.network(), NEAR),
    );
    let list = format!("{gone} {}{}", second.callback(), third.callback());
    sid(&subscribe(&rill, DIRECTORY, &list));
    assert_eq!(second.event().seq(), 0);
    change(&rill, &library, "more");
    // This time the second one refuses.
    let mut refused = wait_for("an event comes", 20, || second.accept());
    assert_eq!(Event::read(&mut refused).seq(), 1);
    refused
        .write_all(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    let event = third.event();
    assert_eq!(
        (event.seq(), event.field("HOST")),
        (1, third.address.to_string().as_str())
    );
}

#[test]
fn a_peer_that_wants_every_place_gets_its_share() {
    let library = library();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let mut granted = 0;
    for port in 1..=100 {
        let reply = subscribe(&rill, DIRECTORY, &format!("<http://10.91.1.2:{port}/>"));
        match reply.status {
            200 => granted += 1,
            503 => {}
            other => panic!("{other}"),
        }
    }
    assert_eq!(granted, 24);
    rill.must_answer("a hundred subscriptions");
    // Another peer has its own.
    let far = Subscriber::open(rill.network(), FAR);
    let mut connection = Connection::open(rill.network(), FAR, Rill::address(FAR));
    let request = format!(
        "SUBSCRIBE {DIRECTORY} HTTP/1.1\r\nHost: {}\r\nCALLBACK: {}\r\nNT: upnp:event\r\n\r\n",
        Rill::address(FAR),
        far.callback()
    );
    connection.send(request.as_bytes());
    sid(&connection.reply().unwrap());
    assert_eq!(far.event().seq(), 0);
}

#[test]
fn async_upnp_client_subscribes_is_told_and_renews() {
    let library = library();
    let Some((rill, python)) = crate::clients::with_python(&library) else {
        return;
    };
    let script = r#"
import asyncio, sys
from async_upnp_client.aiohttp import AiohttpNotifyServer, AiohttpRequester
from async_upnp_client.client_factory import UpnpFactory

async def main():
    requester = AiohttpRequester()
    device = await UpnpFactory(requester).async_create_device(sys.argv[1])
    server = AiohttpNotifyServer(requester, source=("10.91.1.2", 0))
    await server.async_start_server()
    handler = server.event_handler
    changed = asyncio.Event()
    told = {}
    def on_event(service, variables):
        name = service.service_type.split(":")[-2]
        for variable in variables:
            print(name, variable.name, repr(variable.value), flush=True)
        told[name] = told.get(name, 0) + 1
        if told.get("ContentDirectory", 0) > 1:
            changed.set()
    services = list(device.services.values())
    for service in services:
        service.on_event = on_event
        sid, timeout = await handler.async_subscribe(service)
        print("subscribed", sid, timeout.total_seconds())
    while len(told) < len(services):
        await asyncio.sleep(0.05)
    for service in services:
        sid, timeout = await handler.async_resubscribe(service)
        print("renewed", sid, timeout.total_seconds())
    print("waiting", flush=True)
    await changed.wait()
    for service in services:
        await handler.async_unsubscribe(service)
    print("unsubscribed")
    await server.async_stop_server()

asyncio.run(asyncio.wait_for(main(), 50))
"#;
    let said_to = library.beside("said");
    let said = || std::fs::read_to_string(&said_to).unwrap_or_default();
    let output = std::fs::File::create(&said_to).unwrap();
    let mut client = crate::clients::near(rill.network(), python.to_str().unwrap())
        .args(["-c", script, "http://10.91.1.1:8200/description.xml"])
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("the client waits for a change", 60, || {
        let ended = client.try_wait().unwrap();
        assert!(ended.is_none(), "{}", said());
        said().contains("waiting").then_some(())
    });
    let before = said();
    change(&rill, &library, "three");
    let ended = client.wait().unwrap();
    let said = said();
    assert!(
        ended.success() && said.ends_with("unsubscribed\n"),
        "{said}"
    );
    for line in ["subscribed uuid:", "renewed uuid:"] {
        assert_eq!(said.matches(line).count(), 3, "{said}");
    }
    assert!(
        said.contains("ConnectionManager SourceProtocolInfo 'http-get:"),
        "{said}"
    );
    assert!(
        said.contains("X_MS_MediaReceiverRegistrar ValidationRevokedUpdateID 0"),
        "{said}"
    );
    let told = said.strip_prefix(&before).unwrap();
    let album = rill.find("album").id;
    assert!(told.contains("ContentDirectory SystemUpdateID "), "{said}");
    assert!(
        told.contains("ContentDirectory ContainerUpdateIDs '") && told.contains(&album),
        "{said}"
    );
}
