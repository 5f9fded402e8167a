//! A control point's two SSDP sockets: one that asks, one that listens on port 1900.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};

use super::{Network, Side};

const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(239, 255, 255, 250), 1900);

/// The link-local and the site-local group of IPv6.
const GROUPS_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xc),
    Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 0, 0xc),
];

/// One datagram, read.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Who sent it.
    pub(crate) source: SocketAddr,
    /// The first line.
    pub(crate) start: String,
    fields: Vec<(String, String)>,
}

impl Message {
    /// The value of a field, its name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let found = self
            .fields
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    fn parse(bytes: &[u8], source: SocketAddr) -> Self {
        let text = std::str::from_utf8(bytes).expect("a datagram of UTF-8");
        assert!(
            text.ends_with("\r\n\r\n"),
            "no empty line at the end: {text:?}"
        );
        let mut lines = text.split("\r\n");
        let start = lines.next().unwrap().to_owned();
        let fields = lines.filter_map(|line| line.split_once(':'));
        Self {
            source,
            start,
            fields: fields
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
        }
    }
}

/// Sends searches and gathers the answers.
pub(crate) struct Searcher {
    socket: UdpSocket,
}

impl Searcher {
    /// On the client's own address.
    pub(crate) fn open(network: &Network, side: Side) -> Self {
        Self::open_from(network, side, side.client)
    }

    /// On another address of the client.
    pub(crate) fn open_from(network: &Network, side: Side, source: Ipv4Addr) -> Self {
        let socket = network.inside(side, || {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
            socket.set_multicast_if_v4(&side.client).unwrap();
            socket.bind(&SocketAddrV4::new(source, 0).into()).unwrap();
            socket
        });
        Self {
            socket: socket.into(),
        }
    }

    /// On IPv6; searches go to the link-local group.
    pub(crate) fn open_v6(network: &Network, side: Side) -> Self {
        let index = network.client_index(side);
        let socket = network.inside(side, || {
            let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).unwrap();
            socket.set_only_v6(true).unwrap();
            socket.set_multicast_if_v6(index).unwrap();
            let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0);
            socket.bind(&any.into()).unwrap();
            socket
        });
        Self {
            socket: socket.into(),
        }
    }

    /// Asks for `target` by IPv6, at the group of the link or at that of the site.
    pub(crate) fn search_v6(&self, target: &str, site: bool) {
        let group = GROUPS_V6[usize::from(site)];
        let to = SocketAddr::new(group.into(), 1900);
        let text = search(target).replace("239.255.255.250:1900", &to.to_string());
        self.unicast(text.as_bytes(), to);
    }

    /// Sends bytes to the group.
    pub(crate) fn multicast(&self, datagram: &[u8]) {
        self.unicast(datagram, GROUP.into());
    }

    /// Sends bytes to one address.
    pub(crate) fn unicast(&self, datagram: &[u8], to: SocketAddr) {
        self.socket.send_to(datagram, to).unwrap();
    }

    /// Asks for `target` with MX 1.
    pub(crate) fn search(&self, target: &str) {
        self.multicast(search(target).as_bytes());
    }

    /// The next answer, when one comes in time.
    pub(crate) fn answer(&self, within: Duration) -> Option<Message> {
        receive(&self.socket, Instant::now() + within)
    }

    /// All answers of some time.
    pub(crate) fn answers(&self, within: Duration) -> Vec<Message> {
        let end = Instant::now() + within;
        std::iter::from_fn(|| receive(&self.socket, end)).collect()
    }
}

/// The text of a search with MX 1 (UDA 1.1 §1.3.2).
pub(crate) fn search(target: &str) -> String {
    format!(
        "M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: {target}\r\n\r\n"
    )
}

/// Hears announcements on port 1900, which it shares.
pub(crate) struct Listener {
    socket: UdpSocket,
}

impl Listener {
    /// In the client's namespace.
    pub(crate) fn open(network: &Network, side: Side) -> Self {
        let socket = network.inside(side, || {
            let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
            socket.set_reuse_address(true).unwrap();
            socket
                .bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 1900).into())
                .unwrap();
            socket.join_multicast_v4(GROUP.ip(), &side.client).unwrap();
            socket
        });
        Self {
            socket: socket.into(),
        }
    }

    /// In the client's namespace, on both groups of IPv6.
    pub(crate) fn open_v6(network: &Network, side: Side) -> Self {
        let index = network.client_index(side);
        let socket = network.inside(side, || {
            let socket = Socket::new(Domain::IPV6, Type::DGRAM, Some(Protocol::UDP)).unwrap();
            socket.set_only_v6(true).unwrap();
            socket.set_reuse_address(true).unwrap();
            let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 1900, 0, 0);
            socket.bind(&any.into()).unwrap();
            for group in GROUPS_V6 {
                socket.join_multicast_v6(&group, index).unwrap();
            }
            socket
        });
        Self {
            socket: socket.into(),
        }
    }

    /// Everything that devices say, in order, until `enough` says that it suffices or the time is over. (Searches of
    /// other programs on this host are heard too, and left out.)
    pub(crate) fn log(
        &self,
        within: Duration,
        enough: impl Fn(&[Message]) -> bool,
    ) -> Vec<Message> {
        let end = Instant::now() + within;
        let mut heard = Vec::new();
        while !enough(&heard) {
            match receive(&self.socket, end) {
                Some(message) if message.start.starts_with("M-SEARCH") => {}
                Some(message) => heard.push(message),
                None => break,
            }
        }
        heard
    }

    /// Forgets what has come until now.
    pub(crate) fn clear(&self) {
        self.socket.set_nonblocking(true).unwrap();
        while self.socket.recv_from(&mut [0; 2048]).is_ok() {}
        self.socket.set_nonblocking(false).unwrap();
    }

    /// Announcements with this NTS, until `enough` says that they suffice or the time is over.
    pub(crate) fn heard(
        &self,
        nts: &str,
        within: Duration,
        enough: impl Fn(&[Message]) -> bool,
    ) -> Vec<Message> {
        let end = Instant::now() + within;
        let mut heard = Vec::new();
        while !enough(&heard) {
            match receive(&self.socket, end) {
                Some(message) if message.field("NTS") == Some(nts) => heard.push(message),
                Some(_) => {}
                None => break,
            }
        }
        heard
    }
}

fn receive(socket: &UdpSocket, end: Instant) -> Option<Message> {
    let left = end.checked_duration_since(Instant::now())?;
    socket
        .set_read_timeout(Some(left.max(Duration::from_millis(1))))
        .unwrap();
    let mut bytes = [0; 2048];
    let (count, source) = socket.recv_from(&mut bytes).ok()?;
    Some(Message::parse(&bytes[..count], source))
}
