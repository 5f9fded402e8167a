//! `discover`, `ls` and `doctor` where there is no IPv4, or nothing but addresses of one link.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv6Addr, SocketAddrV6, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use crate::commands::{Ended, answer, ask, command, doctor, said, small};
use crate::harness::{Library, NEAR, Network, Rill, Setup, wait_for};

/// A network without IPv4 on the near side, where each end has a link-local address, and others if they are named.
fn without_v4(server: Option<&str>, client: Option<&str>) -> Option<Network> {
    let network = Network::fresh()?;
    if !std::path::Path::new("/proc/net/if_inet6").exists() {
        crate::harness::skip("no IPv6 here");
        return None;
    }
    Network::ip(
        &network.server(),
        "addr flush dev lan1 scope global\nlink del lan2",
    );
    Network::ip(&network.client(NEAR), "addr flush dev lan0 scope global");
    let ends = [
        (network.server(), "lan1", server),
        (network.client(NEAR), "lan0", client),
    ];
    for (name, interface, address) in ends {
        if let Some(address) = address {
            Network::ip(
                &name,
                &format!("addr add {address}/64 dev {interface} nodad"),
            );
        }
    }
    Some(network)
}

/// The link-local address of an interface.
fn link_local(namespace: &str, interface: &str) -> Ipv6Addr {
    wait_for("a link-local address", 10, || {
        let output = Network::command(namespace, "ip")
            .args([
                "-6", "-o", "addr", "show", "dev", interface, "scope", "link",
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let address = text.split("inet6 ").nth(1)?.split('/').next()?;
        address.parse().ok()
    })
}

fn serving(library: &Library, network: Network) -> Rill {
    let mut rill = Setup::new(library).set("RILL_NAME", "Six").idle_on(network);
    rill.spawn();
    rill.wait_for_log("listed all", 1);
    rill.wait_for_log("serving http://[", 1);
    rill
}

#[test]
fn on_a_link_alone_everything_works_by_addresses_with_their_link() {
    let library = small();
    let Some(network) = without_v4(None, None) else {
        return;
    };
    let rill = serving(&library, network);
    let near = rill.network().client(NEAR);
    let own = link_local(&rill.network().server(), "lan1");
    let url = format!("http://[{own}%lan0]:8200/description.xml");

    let (json, errors, status) = ask(&near, &["discover", "--json", "--timeout", "4"]);
    assert_eq!((status, json.lines().count()), (0, 2), "{json}{errors}");
    let device = format!(
        "{{\"source\":\"ssdp\",\"address\":\"{own}%lan0\",\"location\":\"{url}\",\"name\":\"Six\""
    );
    assert!(json.starts_with(&device), "{json}");
    let page = format!(
        "\n{{\"source\":\"mdns\",\"address\":\"{own}%lan0\",\"name\":\"Six\",\"kind\":\"_http._tcp\""
    );
    assert!(json.contains(&page), "{json}");
    let (table, _, _) = ask(&near, &["discover", "--timeout", "4"]);
    assert!(
        table.contains(&format!("  {own}%lan0  "))
            && table.contains(&format!("  [{own}%lan0]:8200  ")),
        "{table}"
    );

    let encoded = url.replace('%', "%25");
    for server in ["six", &url, &encoded] {
        let (text, errors, status) = ask(&near, &["ls", server]);
        assert_eq!(status, 0, "{server}: {errors}");
        assert!(
            text.contains("  Films/  ") && text.contains("  Music/  "),
            "{text}"
        );
    }
    let (text, errors, _) = ask(&near, &["ls", &url, "/Films"]);
    assert!(
        text.contains(&format!("  film  http://[{own}]:8200/media/")),
        "{text}{errors}"
    );
    for (bad, why) in [
        (url.replace("%lan0", ""), "on which interface is that?"),
        (
            url.replace("lan0", "lan9"),
            "no interface here is called 'lan9'",
        ),
    ] {
        let (text, errors, status) = ask(&near, &["ls", &bad]);
        assert_eq!((&*text, status), ("", 1), "{bad}");
        assert!(errors.contains(why), "{errors}");
    }

    // The doctor beside the server, once it was searched for by the other machine.
    let (text, status) = doctor(rill.network(), &library, &[]);
    assert_eq!(status, 0, "{text}");
    let client = link_local(&near, "lan0");
    for line in [
        format!("ok       heard      lan1 ({own}): a search is answered by rill at {own}%lan1"),
        format!("ok       reachable  http://[{own}%lan1]:8200/description.xml is 'Six'"),
        format!("ok       searched   lan1: the last search came from {client}%lan1, "),
    ] {
        assert!(text.contains(&line), "{line:?} is not in:\n{text}");
    }
}

#[test]
fn a_unique_local_address_is_found_and_watched() {
    let library = small();
    let Some(network) = without_v4(Some("fd00:91:1::1"), Some("fd00:91:1::2")) else {
        return;
    };
    let near = network.client(NEAR);
    let path = library.beside("watched");
    let watching = command(&near, &["discover", "--watch"])
        .stdout(File::create(&path).unwrap())
        .spawn()
        .unwrap();
    let _watching = Ended(watching);
    let mut rill = serving(&library, network);
    let lines = || fs::read_to_string(&path).unwrap();
    let seen = |event: &str| {
        for row in [
            format!("{event}  Six  MediaServer:1"),
            format!("{event}  Six  _http._tcp"),
        ] {
            wait_for(&row, 20, || lines().contains(&row).then_some(()));
        }
    };
    seen("appeared");
    assert!(lines().contains("  fd00:91:1::1  "), "{}", lines());
    let (json, errors, status) = ask(&near, &["discover", "--json", "--wait", "six"]);
    assert_eq!(status, 0, "{errors}");
    assert!(
        json.contains("\"location\":\"http://[fd00:91:1::1]:8200/description.xml\"")
            || json.contains("\"host\":"),
        "{json}"
    );
    for server in ["Six", "http://[fd00:91:1::1]:8200/description.xml"] {
        let (text, errors, status) = ask(&near, &["ls", server, "-R"]);
        assert_eq!(status, 0, "{server}: {errors}");
        assert!(
            text.contains("  Music/A <song>  http://[fd00:91:1::1]:8200/"),
            "{text}"
        );
    }
    let (text, status) = doctor(rill.network(), &library, &[]);
    assert_eq!(status, 0, "{text}");
    assert!(
        text.contains(
            "ok       heard      lan1 (fd00:91:1::1): a search is answered by rill at fd00:91:1::1"
        ),
        "{text}"
    );
    rill.stop();
    seen("gone    ");
    assert_eq!(lines().lines().count(), 4, "{}", lines());
}

#[test]
fn where_ipv6_is_off_nothing_is_found_by_it() {
    let library = small();
    let Some(network) = without_v4(None, None) else {
        return;
    };
    let rill = serving(&library, network);
    let near = rill.network().client(NEAR);
    let mut off = command(&near, &["discover", "--timeout", "2"]);
    let (text, errors, status) = said(&off.env("RILL_IPV6", "off").output().unwrap());
    assert_eq!((&*text, status), ("", 1), "{errors}");
    assert!(errors.contains("no suitable network interface"), "{errors}");
}

/// Answers each search on the link with these texts, from the server's place; and counts who follows them to `port`.
fn lying(
    network: &Network,
    texts: Vec<String>,
    ports: &[u16],
) -> (Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (stop, followed) = (Arc::<AtomicBool>::default(), Arc::<AtomicUsize>::default());
    let index = network.inside_server(|| {
        let socket = UdpSocket::bind("[::]:0").unwrap();
        rustix::net::netdevice::name_to_index(&socket, "lan1").unwrap()
    });
    let socket = network.inside_server(|| {
        let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).unwrap();
        socket.set_only_v6(true).unwrap();
        socket.set_reuse_address(true).unwrap();
        let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 1900, 0, 0);
        socket.bind(&any.into()).unwrap();
        let group = "ff02::c".parse().unwrap();
        socket.join_multicast_v6(&group, index).unwrap();
        UdpSocket::from(socket)
    });
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    let stopped = Arc::clone(&stop);
    thread::spawn(move || {
        while !stopped.load(Ordering::Relaxed) {
            if let Ok((_, from)) = socket.recv_from(&mut [0; 2048]) {
                for text in &texts {
                    let _ = socket.send_to(text.as_bytes(), from);
                }
            }
        }
    });
    for port in ports {
        let listener = network.inside_server(|| TcpListener::bind(("::", *port)).unwrap());
        listener.set_nonblocking(true).unwrap();
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&followed));
        let honest = *port == 9000;
        thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let Ok((mut peer, _)) = listener.accept() else {
                    thread::sleep(Duration::from_millis(20));
                    continue;
                };
                peer.set_nonblocking(false).unwrap();
                let mut head = [0; 1024];
                let count = peer.read(&mut head).unwrap_or_default();
                let head = String::from_utf8_lossy(&head[..count]).into_owned();
                if honest {
                    let name = if head.contains('%') { "zone" } else { "honest" };
                    let _ = write!(
                        peer,
                        "HTTP/1.1 200 OK\r\n\r\n<root><device><friendlyName>{name}</friendlyName></device></root>"
                    );
                } else {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    (stop, followed)
}

#[test]
fn liars_on_a_link_are_followed_to_their_own_address_alone() {
    let Some(network) = without_v4(Some("fd00:91:1::1"), None) else {
        return;
    };
    let near = network.client(NEAR);
    let [own, client] = [
        link_local(&network.server(), "lan1"),
        link_local(&near, "lan0"),
    ];
    // A zone in a LOCATION means something to its sender only.
    let texts = vec![
        answer("good", &format!("http://[{own}%eth7]:9000/")),
        answer("global", "http://[fd00:91:1::1]:9001/"),
        answer("client", &format!("http://[{client}]:9001/")),
        answer("loop", "http://[::1]:9001/"),
        answer("mapped", "http://[::ffff:10.91.1.1]:9001/"),
        answer("open", &format!("http://[{own}")),
    ];
    let (stop, followed) = lying(&network, texts, &[9000, 9001]);
    let wrong = network.inside(NEAR, || TcpListener::bind("[::]:9001").unwrap());
    wrong.set_nonblocking(true).unwrap();
    let (json, errors, status) = ask(&near, &["discover", "--json", "--timeout", "4"]);
    stop.store(true, Ordering::Relaxed);
    assert_eq!((status, json.lines().count()), (0, 1), "{json}{errors}");
    assert!(
        json.contains(&format!(
            "\"location\":\"http://[{own}%lan0]:9000/\",\"name\":\"honest\""
        )),
        "{json}"
    );
    assert!(errors.contains("pointed to another address"), "{errors}");
    assert_eq!(followed.load(Ordering::Relaxed), 0);
    assert!(
        wrong.accept().is_err(),
        "nobody is sent to the searcher itself"
    );
}
