//! rill on the other side: `discover`, `ls` and `doctor`, against rill, against other servers, and against liars.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, Protocol, Socket, Type};

use crate::clients::python;
use crate::harness::{
    FAR, Library, NEAR, Network, Rill, Searcher, Setup, clean, have, mp3, mp3_titled, mp4,
    patience, program, wait_for,
};

/// `rill` with these words, in the namespace of this name; ended after a while.
pub(crate) fn command(namespace: &str, words: &[&str]) -> Command {
    let (runner, binary) = program();
    let mut command = Network::command(namespace, "timeout");
    command.arg(patience(90).as_secs().to_string());
    command.args(runner).arg(binary).args(words);
    clean(&mut command);
    command
}

/// What it said, and its exit status.
pub(crate) fn ask(namespace: &str, words: &[&str]) -> (String, String, i32) {
    said(&command(namespace, words).output().unwrap())
}

pub(crate) fn said(output: &Output) -> (String, String, i32) {
    (
        String::from_utf8(output.stdout.clone()).unwrap(),
        String::from_utf8(output.stderr.clone()).unwrap(),
        output.status.code().expect("no signal"),
    )
}

pub(crate) fn small() -> Library {
    Library::empty()
        .with("Films/film.mp4", &mp4(60, 640, 360, &vec![7; 100_000]))
        .with("Music/song 1.mp3", &mp3_titled("A <song>", 40))
        .with("Music/song 2.mp3", &mp3(40))
}

fn named(library: &Library, name: &str) -> Option<Rill> {
    Setup::new(library).set("RILL_NAME", name).start()
}

/// A process that is ended with the test.
pub(crate) struct Ended(pub(crate) Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // `timeout` passes it on to the program, which it could not with SIGKILL.
        let pid = Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        let _ = kill_process(pid, Signal::TERM);
        let _ = self.0.wait();
    }
}

#[test]
fn discover_lists_the_server_for_people_and_for_scripts() {
    let library = small();
    let Some(rill) = named(&library, "The <server>") else {
        return;
    };
    let near = rill.network().client(NEAR);
    let (table, errors, status) = ask(&near, &["discover", "--timeout", "3"]);
    assert_eq!(status, 0, "{errors}");
    let row = table
        .lines()
        .find(|line| line.starts_with("The <server>"))
        .unwrap();
    for cell in ["MediaServer:1", "rill ", "10.91.1.1", "ContentDirectory:1"] {
        assert!(row.contains(cell), "{cell} is not in:\n{table}");
    }
    let (json, errors, status) = ask(&near, &["discover", "--timeout", "3", "--json"]);
    assert_eq!((status, json.lines().count()), (0, 2), "{json}{errors}");
    assert!(
        json.starts_with("{\"source\":\"ssdp\",\"address\":\"10.91.1.1\",\"location\":\"http://10.91.1.1:8200/description.xml\",\"name\":\"The <server>\""),
        "{json}"
    );
    assert!(
        json.lines()
            .next()
            .unwrap()
            .ends_with("%lan0]:8200/description.xml\"]}"),
        "the other address is told beside: {json}"
    );
    let page = json.lines().nth(1).unwrap();
    assert!(
        page.starts_with("{\"source\":\"mdns\",\"address\":\"10.91.1.1\",\"name\":\"The <server>\",\"kind\":\"_http._tcp\"")
            && page.contains("\"port\":8200,")
            && page.contains("\"path=/\""),
        "{page}"
    );
}

#[test]
fn discover_where_nobody_is_ends_with_1() {
    let Some(network) = Network::fresh() else {
        return;
    };
    wait_for("the link is up", 20, || {
        let (_, errors, _) = ask(&network.client(NEAR), &["discover", "--timeout", "1"]);
        (!errors.contains("no suitable network")).then_some(())
    });
    let (text, errors, status) = ask(&network.client(NEAR), &["discover", "--timeout", "1"]);
    assert_eq!((&*text, status), ("", 1), "{errors}");
    assert!(errors.contains("nothing answers"), "{errors}");
    let (text, _, status) = ask(
        &network.client(NEAR),
        &["discover", "--json", "--timeout", "1"],
    );
    assert_eq!((&*text, status), ("", 1));
}

#[test]
fn watch_tells_what_appears_and_what_goes() {
    let library = small();
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library)
        .set("RILL_NAME", "Here I am")
        .idle_on(network);
    let path = library.beside("watched");
    let out = File::create(&path).unwrap();
    let near = rill.network().client(NEAR);
    let watching = command(&near, &["discover", "--watch"])
        .stdout(out)
        .spawn()
        .unwrap();
    let _watching = Ended(watching);
    let lines = || fs::read_to_string(&path).unwrap();
    rill.start();
    for event in ["appeared  Here I am", "gone      Here I am"] {
        for kind in ["MediaServer:1", "_http._tcp"] {
            wait_for(event, 20, || {
                lines().contains(&format!("{event}  {kind}")).then_some(())
            });
        }
        if event.starts_with("appeared") {
            rill.stop();
        }
    }
    assert_eq!(lines().lines().count(), 4, "{}", lines());
}

/// Registers a service on the server's side with python-zeroconf; takes it back at the end of the input.
const REGISTER: &str = r#"
import socket, sys
from zeroconf import IPVersion, ServiceInfo, Zeroconf
zc = Zeroconf(interfaces=["10.91.1.1"], ip_version=IPVersion.V4Only)
info = ServiceInfo("_rill-test._tcp.local.", "Lamp <1>._rill-test._tcp.local.", port=4711, server="lamp.local.",
    addresses=[socket.inet_aton("10.91.1.1")], properties={"md": "Bright\x1b[2J", "id": "7"})
zc.register_service(info)
sys.stdin.read()
zc.unregister_service(info)
zc.close()
"#;

#[test]
fn watch_and_wait_see_a_service_of_another_responder_come_and_go() {
    let Some(network) = Network::fresh() else {
        return;
    };
    let Some(python) = python() else {
        return;
    };
    wait_for_link(&network);
    let library = Library::empty();
    let path = library.beside("watched");
    let near = network.client(NEAR);
    let watching = command(&near, &["discover", "--watch", "--json"])
        .stdout(File::create(&path).unwrap())
        .spawn()
        .unwrap();
    let _watching = Ended(watching);
    let lines = || fs::read_to_string(&path).unwrap();
    let name = "lamp <1>";
    let waiting = command(&near, &["discover", "--wait", name, "--timeout", "60"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lamp = Network::command(&network.server(), "timeout");
    lamp.arg(patience(60).as_secs().to_string());
    lamp.arg(python)
        .args(["-c", REGISTER])
        .stdin(Stdio::piped());
    clean(&mut lamp);
    let mut lamp = Ended(lamp.spawn().unwrap());
    let (row, errors, status) = said(&waiting.wait_with_output().unwrap());
    assert_eq!(status, 0, "{errors}");
    assert!(
        row.contains("Lamp <1>  _rill-test._tcp  Bright\u{fffd}[2J  10.91.1.1:4711"),
        "{row}"
    );
    let told = "\"source\":\"mdns\",\"address\":\"10.91.1.1\",\"name\":\"Lamp <1>\",\"kind\":\"_rill-test._tcp\",\
                \"host\":\"lamp.local\",\"port\":4711,\"addresses\":[\"10.91.1.1\"],";
    wait_for("the service appears", 20, || {
        lines()
            .contains(&format!("{{\"event\":\"appeared\",{told}"))
            .then_some(())
    });
    drop(lamp.0.stdin.take());
    wait_for("the service goes", 20, || {
        lines()
            .contains(&format!("{{\"event\":\"gone\",{told}"))
            .then_some(())
    });
    assert_eq!(lines().lines().count(), 2, "{}", lines());
}

/// What a responder multicasts of one service, `Torch` on port 4712 of 10.91.1.1: PTR, SRV, TXT and A, good for some
/// seconds (RFC 6762 §10, RFC 6763 §4).
fn announcement(ttl_secs: u8) -> Vec<u8> {
    let name = |labels: &[&str]| {
        let mut bytes: Vec<u8> = Vec::new();
        for label in labels {
            bytes.push(u8::try_from(label.len()).unwrap());
            bytes.extend(label.as_bytes());
        }
        bytes.push(0);
        bytes
    };
    let (kind, host) = (["_rill-test", "_tcp", "local"], name(&["torch", "local"]));
    let instance = name(&[&["Torch"][..], &kind].concat());
    let srv = [&[0, 0, 0, 0][..], &4712_u16.to_be_bytes(), &host].concat();
    let records = [
        (name(&kind), 12, instance.clone()),
        (instance.clone(), 33, srv),
        (instance, 16, vec![4, b'i', b'd', b'=', b'8']),
        (host, 1, vec![10, 91, 1, 1]),
    ];
    let types = (
        name(&["_services", "_dns-sd", "_udp", "local"]),
        12,
        name(&kind),
    );
    // An answer with authority; five records.
    let mut bytes = vec![0, 0, 0x84, 0, 0, 0, 0, 5, 0, 0, 0, 0];
    for (owner, kind, data) in std::iter::once(types).chain(records) {
        bytes.extend(owner);
        bytes.extend([0, kind, 0, 1, 0, 0, 0, ttl_secs]);
        bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(data);
    }
    bytes
}

#[test]
fn watch_tells_that_a_service_is_gone_whose_owner_vanished_without_a_word() {
    let Some(network) = Network::fresh() else {
        return;
    };
    wait_for_link(&network);
    let library = Library::empty();
    let path = library.beside("watched");
    let watching = command(&network.client(NEAR), &["discover", "--watch"])
        .stdout(File::create(&path).unwrap())
        .spawn()
        .unwrap();
    let _watching = Ended(watching);
    let lines = || fs::read_to_string(&path).unwrap();
    let socket = network.inside_server(|| UdpSocket::bind((NEAR.server, 5353)).unwrap());
    let row = "Torch  _rill-test._tcp    10.91.1.1:4712  id=8";
    let mut told_at = Instant::now();
    wait_for("the service appears", 20, || {
        let group = (Ipv4Addr::new(224, 0, 0, 251), 5353);
        told_at = Instant::now();
        socket.send_to(&announcement(4), group).unwrap();
        thread::sleep(Duration::from_millis(300));
        lines().contains(&format!("appeared  {row}")).then_some(())
    });
    wait_for("the service goes", 30, || {
        lines().contains(&format!("gone      {row}")).then_some(())
    });
    let secs = told_at.elapsed().as_secs();
    assert!(secs >= 4, "gone after {secs} s, too soon");
    assert_eq!(lines().lines().count(), 2, "{}", lines());
}

#[test]
fn where_port_5353_is_held_alone_ssdp_goes_on_and_it_is_said_once() {
    let library = small();
    let Some(rill) = named(&library, "Still here") else {
        return;
    };
    let near = rill.network().client(NEAR);
    let _held = rill.network().inside(NEAR, || {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 5353)).unwrap()
    });
    let (json, errors, status) = ask(&near, &["discover", "--json", "--timeout", "3"]);
    assert_eq!((status, json.lines().count()), (0, 1), "{json}{errors}");
    assert!(json.starts_with("{\"source\":\"ssdp\""), "{json}");
    assert_eq!(errors.matches("5353").count(), 1, "{errors}");
}

#[test]
fn waiting_for_a_name_ends_when_it_is_there() {
    let library = small();
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut rill = Setup::new(&library)
        .set("RILL_NAME", "Späte Box")
        .idle_on(network);
    let near = rill.network().client(NEAR);
    let waiting = command(
        &near,
        &[
            "discover",
            "--json",
            "--wait",
            "späte box",
            "--timeout",
            "60",
        ],
    )
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .unwrap();
    rill.start();
    let (json, errors, status) = said(&waiting.wait_with_output().unwrap());
    assert_eq!(status, 0, "{errors}");
    assert!(json.contains("\"name\":\"Späte Box\""), "{json}");
    let (text, _, status) = ask(&near, &["discover", "--wait", "nobody", "--timeout", "2"]);
    assert_eq!((&*text, status), ("", 1));
    for wrong in [
        &["discover", "--wait"][..],
        &["discover", "--wait", "x", "--watch"],
        &["discover", "--timeout", "0"],
        &["ls"],
        &["doctor", "--all"],
    ] {
        let (_, errors, status) = ask(&near, wrong);
        assert_eq!(status, 2, "{wrong:?} {errors}");
        assert!(errors.contains("rill --help"), "{errors}");
    }
}

#[test]
fn ls_lists_the_tree_of_rill() {
    let library = small();
    let Some(rill) = named(&library, "Tree") else {
        return;
    };
    let near = rill.network().client(NEAR);
    let url = "http://10.91.1.1:8200/description.xml";
    for server in ["tree", url] {
        let (text, errors, status) = ask(&near, &["ls", server]);
        assert_eq!(status, 0, "{errors}");
        assert!(
            text.contains("  Films/  ") && text.contains("  Music/  "),
            "{text}"
        );
        assert!(text.contains("2 in it"), "{text}");
    }
    let (text, _, _) = ask(&near, &["ls", url, "/Films/"]);
    let film = rill.find("film");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains("0:01:00  videoItem"), "{text}");
    assert!(
        text.ends_with(&format!("  film  {}\n", film.res().text)),
        "{text}"
    );
    let (item, _, _) = ask(&near, &["ls", url, &film.id]);
    assert_eq!(item, text);
    let (text, _, status) = ask(&near, &["ls", url, "-R"]);
    assert_eq!(status, 0);
    assert!(
        text.contains("  Music/A <song>  http://10.91.1.1:8200/"),
        "{text}"
    );
    let (json, _, _) = ask(&near, &["ls", url, "--recursive", "--json"]);
    assert_eq!(json.lines().count(), rill.walk().len(), "{json}");
    assert!(json.contains("\"path\":\"Music/A <song>\""), "{json}");
    for (words, expected) in [
        (&["ls", url, "/Films/none"][..], "there is no 'none'"),
        (&["ls", url, "no-such-id"], "701"),
        (&["ls", "nobody"], "no media server here is called 'nobody'"),
        (&["ls", "http://10.91.1.1:8201/"], "no connection"),
        (
            &["ls", "http://localhost:8200/"],
            "Write the address in numbers",
        ),
        (
            &["ls", "http://10.91.1.1:8200/icon/48.png"],
            "no description",
        ),
    ] {
        let (text, errors, status) = ask(&near, words);
        assert_eq!((&*text, status), ("", 1), "{words:?}");
        assert!(errors.contains(expected), "{words:?} {errors}");
    }
}

/// Waits until the link is up, which a server of another make may not do.
fn wait_for_link(network: &Network) {
    wait_for("the link is up", 20, || {
        let (_, errors, _) = ask(&network.server(), &["discover", "--timeout", "1"]);
        (!errors.contains("no suitable network")).then_some(())
    });
}

/// Waits until `rill ls -R` of a server of another make lists `title`; then how it lists it.
fn listed_by(near: &str, server: &str, title: &str) -> String {
    let (_, errors, status) = ask(near, &["discover", "--wait", server, "--timeout", "60"]);
    assert_eq!(status, 0, "{server} is not found: {errors}");
    wait_for("the server lists the film", 60, || {
        let (text, _, _) = ask(near, &["ls", server, "--recursive"]);
        let mut lines = text.lines().map(str::to_owned);
        lines.find(|line| line.contains(title))
    })
}

#[test]
fn ls_lists_the_tree_of_minidlna() {
    let Some(network) = Network::fresh().filter(|_| have("minidlnad")) else {
        return;
    };
    let library = small();
    let state = library.beside("mini");
    fs::create_dir_all(&state).unwrap();
    let config = library.beside("minidlna.conf");
    fs::write(
        &config,
        format!(
            "port=8202\nnetwork_interface=lan1\nfriendly_name=Mini box\nmedia_dir={}\ndb_dir={}\nlog_dir={}\ninotify=no\n",
            library.root().display(),
            state.display(),
            state.display()
        ),
    )
    .unwrap();
    wait_for_link(&network);
    let server = Network::command(&network.server(), "minidlnad")
        .args(["-S", "-f", config.to_str().unwrap(), "-P"])
        .arg(state.join("pid"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Ended(server);
    let line = listed_by(&network.client(NEAR), "Mini box", "A <song>");
    assert!(line.contains("http://10.91.1.1:8202/"), "{line}");
    let (json, _, _) = ask(&network.client(NEAR), &["ls", "Mini box", "64", "--json"]);
    assert!(
        json.contains("\"title\":\"Films\"") && json.contains("\"children\":"),
        "{json}"
    );
}

#[test]
fn ls_lists_the_tree_of_gerbera() {
    let Some(network) = Network::fresh().filter(|_| have("gerbera")) else {
        return;
    };
    let library = small();
    let home = library.beside("gerbera");
    fs::create_dir_all(&home).unwrap();
    wait_for_link(&network);
    let mut server = Network::command(&network.server(), "gerbera");
    server
        .args(["--interface", "lan1", "--port", "49494", "--home"])
        .arg(&home);
    server.arg("--add").arg(library.root());
    // Version 1.1 makes its own; later ones want to be handed one.
    let mut making = Command::new("gerbera");
    let made = making
        .args(["--create-config", "--home"])
        .arg(&home)
        .output()
        .unwrap();
    if made.status.success() {
        let config = home.join("config.xml");
        fs::write(&config, made.stdout).unwrap();
        server.arg("--config").arg(config);
    }
    let server = server
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Ended(server);
    let line = listed_by(&network.client(NEAR), "Gerbera", "film");
    assert!(line.contains("http://10.91.1.1:49494/"), "{line}");
}

/// Somebody in the server's place who answers every search with whatever it likes, until dropped.
struct Liar {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Liar {
    /// Answers each search with all of `datagrams`.
    fn answering(network: &Network, datagrams: Vec<String>) -> Self {
        let socket = network.inside_server(|| {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
            socket.set_reuse_address(true).unwrap();
            socket
                .bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 1900).into())
                .unwrap();
            let group = Ipv4Addr::new(239, 255, 255, 250);
            socket.join_multicast_v4(&group, &NEAR.server).unwrap();
            UdpSocket::from(socket)
        });
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .unwrap();
        let mut liar = Self {
            stop: Arc::default(),
            threads: vec![],
        };
        let stop = Arc::clone(&liar.stop);
        liar.threads.push(thread::spawn(move || {
            let mut bytes = [0; 2048];
            while !stop.load(Ordering::Relaxed) {
                let Ok((_, from)) = socket.recv_from(&mut bytes) else {
                    continue;
                };
                for datagram in &datagrams {
                    let _ = socket.send_to(datagram.as_bytes(), from);
                }
            }
        }));
        liar
    }

    /// Serves each connection to `port` by `serve`; counts them.
    fn serving(
        &mut self,
        network: &Network,
        address: SocketAddrV4,
        serve: impl Fn(TcpStream, &AtomicBool) + Send + 'static,
    ) -> Arc<AtomicUsize> {
        let listener = network.inside_server(|| TcpListener::bind(address).unwrap());
        listener.set_nonblocking(true).unwrap();
        let count = Arc::<AtomicUsize>::default();
        let (stop, counted) = (Arc::clone(&self.stop), Arc::clone(&count));
        self.threads.push(thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((mut peer, _)) => {
                        counted.fetch_add(1, Ordering::Relaxed);
                        peer.set_nonblocking(false).unwrap();
                        let _ = peer.read(&mut [0; 1024]);
                        serve(peer, &stop);
                    }
                    Err(_) => thread::sleep(Duration::from_millis(20)),
                }
            }
        }));
        count
    }
}

impl Drop for Liar {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

pub(crate) fn answer(uuid: &str, location: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:{uuid}::upnp:rootdevice\r\nLOCATION: {location}\r\n\r\n"
    )
}

fn at(port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(NEAR.server, port)
}

#[test]
fn liars_are_harmless() {
    let Some(network) = Network::fresh() else {
        return;
    };
    let mut datagrams: Vec<_> = [
        ("good", 9000),
        ("endless", 9001),
        ("slow", 9002),
        ("bomb", 9003),
        ("moved", 9004),
    ]
    .iter()
    .map(|(uuid, port)| answer(uuid, &format!("http://10.91.1.1:{port}/{uuid}")))
    .collect();
    datagrams.push(answer("other", "http://10.91.2.1:9005/"));
    datagrams.push(answer("client", "http://10.91.1.2:9005/"));
    datagrams.push(answer("file", "file:///etc/passwd"));
    datagrams.push("HTTP/1.1 200 OK\r\nST: \u{1b}[2J\r\n\r\n".into());
    datagrams.push("\0".repeat(2000));
    let mut liar = Liar::answering(&network, datagrams);
    let good = "HTTP/1.1 200 OK\r\n\r\n<root><device><friendlyName>evil&#x9b;31m&#x202e;</friendlyName></device></root>";
    liar.serving(&network, at(9000), move |mut peer, _| {
        drop(peer.write_all(good.as_bytes()));
    });
    liar.serving(&network, at(9001), |mut peer, stop| {
        let _ = peer.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while !stop.load(Ordering::Relaxed) && peer.write_all(&[b' '; 4096]).is_ok() {}
    });
    liar.serving(&network, at(9002), |mut peer, stop| {
        let _ = peer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while !stop.load(Ordering::Relaxed) && peer.write_all(b" ").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    let bomb = "HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE a [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><root><device>&b;</device></root>";
    liar.serving(&network, at(9003), move |mut peer, _| {
        drop(peer.write_all(bomb.as_bytes()));
    });
    let elsewhere = SocketAddrV4::new(FAR.server, 9005);
    let followed = liar.serving(&network, elsewhere, |_, _| {});
    liar.serving(&network, at(9004), |mut peer, _| {
        let moved =
            "HTTP/1.1 302 Found\r\nLocation: http://10.91.2.1:9005/\r\nContent-Length: 0\r\n\r\n";
        drop(peer.write_all(moved.as_bytes()));
    });
    let near = network.client(NEAR);
    let (json, errors, status) = ask(&near, &["discover", "--json", "--timeout", "6"]);
    assert_eq!(status, 0, "{errors}");
    assert_eq!(json.lines().count(), 5, "{json}");
    for (port, trouble) in [
        (9001, "its answer has no end"),
        (9002, "it did not answer in time"),
        (9003, "a document type declaration"),
        (9004, "HTTP status 302"),
    ] {
        let line = json
            .lines()
            .find(|line| line.contains(&format!(":{port}/")))
            .unwrap();
        assert!(line.contains(trouble), "{line}");
    }
    assert!(
        json.contains("\"name\":\"evil\\u009b31m\\u202e\""),
        "{json}"
    );
    let (table, _, status) = ask(&near, &["discover", "--timeout", "5"]);
    assert_eq!(status, 0);
    let obeyed = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
    assert!(!table.contains(obeyed), "{table:?}");
    assert!(table.contains("evil\u{fffd}31m\u{fffd}"), "{table}");
    assert!(errors.contains("pointed to another address"), "{errors}");
    assert_eq!(followed.load(Ordering::Relaxed), 0);
}

#[test]
fn ten_thousand_devices_of_one_sender_are_a_few() {
    let Some(network) = Network::fresh() else {
        return;
    };
    let datagrams = (0..10_000)
        .map(|n| answer(&n.to_string(), &format!("http://10.91.1.1:9000/{n}")))
        .collect();
    let mut liar = Liar::answering(&network, datagrams);
    let asked = liar.serving(&network, at(9000), |_, _| {});
    let (json, errors, status) = ask(
        &network.client(NEAR),
        &["discover", "--json", "--timeout", "5"],
    );
    assert_eq!((status, json.lines().count()), (0, 16), "{json}{errors}");
    assert!(errors.contains("more devices than fit"), "{errors}");
    // Each is asked once, and perhaps once more.
    assert!(asked.load(Ordering::Relaxed) <= 32);
}

/// `rill doctor` beside the server, its lines by their check and verdict.
pub(crate) fn doctor(network: &Network, library: &Library, words: &[&str]) -> (String, i32) {
    let mut all = vec!["doctor"];
    all.extend(words);
    let mut command = command(&network.server(), &all);
    command
        .env("RILL_MEDIA", library.root())
        .env("RILL_STATE_DIR", library.beside("state"));
    let (text, errors, status) = said(&command.output().unwrap());
    (text + &errors, status)
}

#[test]
fn doctor_finds_nothing_wrong_with_a_healthy_server() {
    let library = small();
    let Some(rill) = named(&library, "Healthy") else {
        return;
    };
    let (text, status) = doctor(rill.network(), &library, &[]);
    assert_eq!(status, 0, "{text}");
    // In an emulator the process has the emulator's name.
    let program = std::env::var("RILL_RUNNER").unwrap_or("rill".to_owned());
    let shared = format!("ok       port-1900  UDP port 1900 is shared by {program} (process ");
    let young =
        "unknown  searched   lan2: no search of another machine has reached rill since its start ";
    for line in [
        "ok       clock",
        "ok       settings",
        shared.as_str(),
        "ok       heard      lan1 (fe80::",
        "ok       reachable  http://[fe80::",
        young,
        "ok       heard      lan1 (10.91.1.1): a search is answered by rill at 10.91.1.1",
        "ok       heard      lan2 (10.91.2.1): a search is answered by rill at 10.91.2.1",
        "ok       reachable  http://10.91.1.1:8200/description.xml is 'Healthy'",
        "ok       folder     ",
    ] {
        assert!(text.contains(line), "{line:?} is not in:\n{text}");
    }
    let searcher = Searcher::open(rill.network(), NEAR);
    searcher.search("urn:schemas-upnp-org:device:MediaServer:1");
    assert!(searcher.answer(patience(5)).is_some());
    let (text, status) = doctor(rill.network(), &library, &[]);
    assert_eq!(status, 0, "{text}");
    let line = text
        .lines()
        .find(|line| line.contains("lan1: the last search"));
    let line = line.unwrap_or_else(|| panic!("nobody has searched:\n{text}"));
    assert!(
        line.starts_with("ok       searched   lan1: the last search came from 10.91.1.2, ")
            && line.ends_with(" ago, for urn:schemas-upnp-org:device:MediaServer:1"),
        "{line}"
    );
    assert!(text.contains(young), "{text}");
    let (json, status) = doctor(rill.network(), &library, &["--json"]);
    assert_eq!(status, 0, "{json}");
    assert!(
        json.contains("{\"check\":\"heard\",\"verdict\":\"ok\",\"what\":\"lan1"),
        "{json}"
    );
    rill.must_answer("the doctor");
}

#[test]
fn doctor_names_what_is_wrong() {
    let library = small();
    let Some(network) = Network::fresh() else {
        return;
    };
    // Nobody there. A new link takes a moment to be up.
    let (text, status) = wait_for("the link is up", 20, || {
        let (text, status) = doctor(&network, &library, &[]);
        text.contains("lan1 (10.91.1.1)").then_some((text, status))
    });
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("problem  heard      lan1 (10.91.1.1): no rill answers"),
        "{text}"
    );
    assert!(
        text.contains("ok       port-1900  nobody listens"),
        "{text}"
    );
    // The port is held by somebody who does not share it: by this test.
    let holder = network
        .inside_server(|| UdpSocket::bind(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 1900)).unwrap());
    let (text, status) = doctor(&network, &library, &[]);
    assert_eq!(status, 1, "{text}");
    let held = format!("(process {}) and not shared", std::process::id());
    assert!(
        text.contains("problem  port-1900") && text.contains(&held),
        "{text}"
    );
    drop(holder);
    // A folder that is not there, and settings that make no sense.
    let gone = library.path("gone");
    let (text, status) = doctor(&network, &library, &[gone.to_str().unwrap()]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("problem  folder") && text.contains("is its disk mounted?"),
        "{text}"
    );
    let mut command = command(&network.server(), &["doctor"]);
    command.env("RILL_MEDIA", library.root());
    let output = command.env("RILL_PORT", "eight").output().unwrap();
    let (text, _, status) = said(&output);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("problem  settings   RILL_PORT is 'eight'"),
        "{text}"
    );
    // No interface at all.
    for side in [NEAR, FAR] {
        Network::ip(
            &network.server(),
            &format!("link set {} down", side.interface),
        );
    }
    let (text, status) = doctor(&network, &library, &[]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("problem  network    no interface is fit"),
        "{text}"
    );
}

#[test]
fn doctor_sees_what_the_service_may_not_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let library = small();
    if !rustix::process::getuid().is_root() {
        crate::harness::skip("only root may run the server as another user");
        return;
    }
    if std::env::var_os("RILL_RUNNER").is_some() {
        // The service's process has the emulator's name there, and is not known by it.
        return;
    }
    let Some(rill) = Setup::new(&library).run_by_nobody().start() else {
        return;
    };
    let (text, status) = doctor(rill.network(), &library, &[]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains("and by the service's user nobody"), "{text}");
    fs::set_permissions(library.root(), fs::Permissions::from_mode(0o700)).unwrap();
    let (text, status) = doctor(rill.network(), &library, &[]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("cannot be read by the service's user nobody: the mode of"),
        "{text}"
    );
}
