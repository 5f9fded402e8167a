//! Multicast DNS: what a browser for services sees, beside another responder too (RFC 6762, RFC 6763).

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Instant;

use crate::clients::{near, python, said};
use crate::harness::{
    FAR, Library, NEAR, Network, Setup, Side, have, mp3, patience, run, wait_for,
};

const HTTP: &str = "_http._tcp.local.";
/// A private bus in the server's namespace: abstract names belong to the network namespace.
const BUS: &str = "unix:abstract=/rill-test-bus";

fn library() -> Library {
    Library::empty().with("song.mp3", &mp3(10))
}

fn cinema(library: &Library) -> Setup {
    Setup::new(library).set("RILL_NAME", "Kino & süß")
}

/// The first label of the machine's name, as rill and Avahi use it.
fn host() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_str().unwrap().to_lowercase();
    name.split('.').next().unwrap().to_owned()
}

/// Browses on the near side with python-zeroconf and prints a line for each thing that happens.
const BROWSER: &str = r#"
import sys
from zeroconf import IPVersion, ServiceBrowser, Zeroconf
zc = Zeroconf(interfaces=["10.91.1.2"], ip_version=IPVersion.V4Only)
class Listener:
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name, 10000)
        if info is None:
            print("unresolved", name, flush=True)
            return
        texts = ";".join(f"{k.decode()}={(v or b'').decode()}" for k, v in sorted(info.properties.items()))
        print("added", name, info.server, info.port, ",".join(info.parsed_addresses()), texts, sep="|", flush=True)
    def update_service(self, zc, kind, name):
        pass
    def remove_service(self, zc, kind, name):
        print("removed", name, sep="|", flush=True)
browser = ServiceBrowser(zc, sys.argv[1].split(","), Listener())
sys.stdin.read()
zc.close()
"#;

/// python-zeroconf in the near client's namespace, ended on drop.
struct Browser {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Browser {
    fn start(network: &Network, kinds: &str) -> Option<Self> {
        let python = python()?;
        let mut child = near(network, python.to_str().unwrap())
            .args(["-c", BROWSER, kinds])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, lines })
    }

    /// Waits for a line that begins with these fields. `near` ends the browser after a while, and so this.
    fn line(&mut self, begin: &str) -> Vec<String> {
        let mut seen = String::new();
        loop {
            let mut line = String::new();
            assert!(
                self.lines.read_line(&mut line).unwrap() > 0,
                "no line begins with {begin:?} in:\n{seen}"
            );
            if line.starts_with(begin) {
                return line.trim_end().split('|').map(ToOwned::to_owned).collect();
            }
            seen.push_str(&line);
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends at the end of its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn python_zeroconf_sees_the_page_come_and_go() {
    let library = library();
    let Some(network) = Network::fresh() else {
        return;
    };
    let Some(mut browser) = Browser::start(&network, HTTP) else {
        return;
    };
    let mut rill = cinema(&library).start_on(network);
    let added = browser.line("added|");
    let name = format!("Kino & süß.{HTTP}");
    assert_eq!(&added[1..4], [&name, &format!("{}.local.", host()), "8200"]);
    let (v4, v6) = added[4].split_once(',').expect("an address of each family");
    assert_eq!(v4, "10.91.1.1");
    assert!(v6.starts_with("fe80::"), "{v6}");
    assert!(
        added[5].starts_with("description=DLNA media server;path=/;udn=uuid:"),
        "{added:?}"
    );
    rill.stop();
    assert_eq!(browser.line("removed|")[1], name);
}

#[test]
fn who_asks_later_is_answered_and_a_kill_leaves_no_goodbye() {
    let library = library();
    let Some(mut rill) = cinema(&library).start() else {
        return;
    };
    // The announcements of the start are over.
    let name = format!("{}.local", host());
    wait_for("the page answers by its name", 10, || {
        ask(rill.network(), NEAR, &name, 1)
    });
    let Some(mut browser) = Browser::start(rill.network(), HTTP) else {
        return;
    };
    browser.line("added|Kino & süß.");
    rill.kill();
    rill.start();
    // Who stops before its names are sure has told nothing, and takes nothing back.
    wait_for("it answers again", 10, || {
        ask(rill.network(), NEAR, &name, 1)
    });
    rill.stop();
    browser.line("removed|Kino & süß.");
}

#[test]
fn each_interface_is_told_its_own_address() {
    let library = library();
    let Some(rill) = cinema(&library).start() else {
        return;
    };
    for side in [NEAR, FAR] {
        let answer = wait_for("an answer for the host", 10, || {
            ask(rill.network(), side, &format!("{}.local", host()), 1)
        });
        // A legacy answer: our id, our question, and one A record of at most 10 seconds, named by a pointer to it.
        assert_eq!(answer[..8], [0xab, 0xcd, 0x84, 0, 0, 1, 0, 1], "{answer:?}");
        let question = 12 + host().len() + "local".len() + 3 + 4;
        let record = &answer[question..];
        assert_eq!(
            record[..6],
            [0xc0, 12, 0, 1, 0, 1],
            "an A record: {answer:?}"
        );
        assert_eq!(record[6..12], [0, 0, 0, 10, 0, 4], "TTL");
        assert_eq!(record[12..16], side.server.octets());
    }
}

#[test]
fn off_is_off() {
    let library = library();
    let Some(rill) = cinema(&library).set("RILL_MDNS", "off").start() else {
        return;
    };
    assert_eq!(
        ask(rill.network(), NEAR, &format!("{}.local", host()), 1),
        None
    );
    rill.must_answer("a question by multicast DNS");
}

#[test]
fn noise_on_port_5353_does_no_harm() {
    let library = library();
    let Some(rill) = cinema(&library).start() else {
        return;
    };
    let name = format!("{}.local", host());
    wait_for("an answer before", 10, || {
        ask(rill.network(), NEAR, &name, 1)
    });
    rill.network().inside(NEAR, || {
        let socket = std::net::UdpSocket::bind((NEAR.client, 5353)).unwrap();
        let mut good = question("_http._tcp.local", 12);
        let to = SocketAddr::from((Ipv4Addr::new(224, 0, 0, 251), 5353));
        for n in 0..3000_usize {
            let at = n % good.len();
            good[at] = good[at].wrapping_add(u8::try_from(n % 251).unwrap());
            // A full queue on the way is no failure of this test.
            let _ = socket.send_to(&good[..n % (good.len() + 1)], to);
            let _ = socket.send_to(&good, to);
        }
    });
    rill.must_answer("noise on port 5353");
    // The source may be in disgrace for a moment.
    wait_for("an answer after", 20, || {
        ask(rill.network(), NEAR, &name, 1)
    });
}

#[test]
fn beside_avahi_both_keep_answering() {
    let Some((network, mut avahi)) = Avahi::start() else {
        return;
    };
    let library = library();
    let mut rill = cinema(&library).start_on(network);
    let host = format!("{}.local.", host());
    if let Some(mut browser) =
        Browser::start(rill.network(), &format!("{HTTP},_sftp-ssh._tcp.local."))
    {
        let (mut ours, mut theirs) = (None, None);
        while ours.is_none() || theirs.is_none() {
            let added = browser.line("added|");
            match added[1].as_str() {
                "Files._sftp-ssh._tcp.local." => theirs = Some(added),
                _ => ours = Some(added),
            }
        }
        let ours = ours.unwrap();
        assert_eq!(ours[1], format!("Kino & süß.{HTTP}"));
        assert_eq!(ours[2..4], [host.clone(), "8200".to_owned()]);
        assert!(ours[4].split(',').any(|address| address == "10.91.1.1"));
        assert_eq!(theirs.unwrap()[2..4], [host.clone(), "22".to_owned()]);
        let seen = Avahi::browse(rill.network(), "_http._tcp");
        assert!(
            seen.contains("8200") && seen.contains("10.91.1.1"),
            "{seen}"
        );
        rill.stop();
        browser.line("removed|Kino & süß.");
        // A goodbye counts after a second (RFC 6762 §10.1).
        wait_for("Avahi has heard the goodbye", 10, || {
            let seen = Avahi::browse(rill.network(), "_http._tcp");
            (!seen.contains("8200")).then_some(())
        });
    }
    // The other one still answers for the host, and nobody was renamed.
    wait_for("Avahi answers for the host", 10, || {
        ask(rill.network(), NEAR, host.trim_end_matches('.'), 1)
    });
    let log = rill.log();
    assert!(!log.contains("is taken"), "{log}");
    let log = avahi.end();
    assert!(!log.to_lowercase().contains("conflict"), "{log}");
}

/// avahi-daemon and a bus of its own in the server's namespace, ended on drop.
struct Avahi {
    child: Child,
    log: std::path::PathBuf,
    _folder: Library,
}

impl Avahi {
    /// Starts them in a fresh network, and waits until the host's name is taken.
    fn start() -> Option<(Network, Self)> {
        if !(have("avahi-daemon") && have("avahi-browse") && have("dbus-daemon")) {
            return None;
        }
        if !rustix::process::getuid().is_root() {
            crate::harness::skip("avahi-daemon needs root");
            return None;
        }
        let network = Network::fresh()?;
        let folder = Library::empty();
        let log = folder.beside("avahi.log");
        // `ip netns exec` gives a mount namespace of its own: the folders are empty for these two alone.
        let script = format!(
            r#"
set -e
mount -t tmpfs none /run
mount -t tmpfs none /etc/avahi/services
mkdir /run/avahi-daemon
echo '<service-group><name>Files</name><service><type>_sftp-ssh._tcp</type><port>22</port></service></service-group>' \
    > /etc/avahi/services/files.service
echo '<busconfig><type>session</type><listen>{BUS}</listen><policy context="default"><allow user="*"/><allow own="*"/>
    <allow send_destination="*"/><allow eavesdrop="true"/></policy></busconfig>' > /run/bus.conf
setpriv --pdeathsig KILL dbus-daemon --config-file=/run/bus.conf --nofork --nopidfile &
sleep 0.5
export DBUS_SYSTEM_BUS_ADDRESS={BUS}
exec avahi-daemon --no-drop-root --no-chroot --no-rlimits --debug
"#
        );
        let output = std::fs::File::create(&log).unwrap();
        let child = Network::command(&network.server(), "sh")
            .args(["-c", &script])
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let avahi = Self {
            child,
            log,
            _folder: folder,
        };
        wait_for("Avahi has started", 20, || {
            avahi
                .text()
                .contains("Server startup complete")
                .then_some(())
        });
        Some((network, avahi))
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap()).into_owned()
    }

    /// What avahi-browse resolves of one type.
    fn browse(network: &Network, kind: &str) -> String {
        let mut command = Network::command(&network.server(), "timeout");
        command
            .args(["20", "avahi-browse", "-rpt", kind])
            .env("DBUS_SYSTEM_BUS_ADDRESS", BUS);
        said(&run(&mut command))
    }

    /// Ends it; all that it said.
    fn end(&mut self) -> String {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.text()
    }
}

impl Drop for Avahi {
    fn drop(&mut self) {
        self.end();
    }
}

/// A query as DNS always was, id `ab cd`.
fn question(name: &str, kind: u8) -> Vec<u8> {
    let mut bytes = vec![0xab, 0xcd, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.extend([0, 0, kind, 0, 1]);
    bytes
}

/// Asks from a port of its own, as programs do that do not speak multicast DNS; the answer within two seconds.
fn ask(network: &Network, side: Side, name: &str, kind: u8) -> Option<Vec<u8>> {
    let asked = question(name, kind);
    network.inside(side, || {
        let socket = std::net::UdpSocket::bind((side.client, 0)).unwrap();
        let end = Instant::now() + patience(2);
        socket.set_read_timeout(Some(patience(2))).unwrap();
        socket
            .send_to(&asked, (Ipv4Addr::new(224, 0, 0, 251), 5353))
            .unwrap();
        let mut buffer = [0; 1500];
        while Instant::now() < end {
            let Ok((len, from)) = socket.recv_from(&mut buffer) else {
                break;
            };
            if from == SocketAddr::from((side.server, 5353)) {
                return Some(buffer[..len].to_vec());
            }
        }
        None
    })
}
