//! A byte-exact HTTP/1.1 client: it sends what it is told and reports what came back.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::{Network, Side, patience};

/// One TCP connection.
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// One final reply.
#[derive(Debug)]
pub(crate) struct Reply {
    /// `200`
    pub(crate) status: u16,
    /// Names as they came.
    pub(crate) fields: Vec<(String, String)>,
    /// Of the length that was promised, or what came until the connection ended.
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The value of a field, its name in any case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self
            .fields
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(
            values.next().is_none(),
            "{name} came twice: {:?}",
            self.fields
        );
        value
    }

    /// The length that the head promises.
    pub(crate) fn length(&self) -> Option<u64> {
        self.field("Content-Length")
            .map(|text| text.parse().unwrap())
    }

    /// The body as text.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }

    fn parse(head: &[u8]) -> Self {
        let text = std::str::from_utf8(head).expect("the head is UTF-8");
        let (line, rest) = text.split_once("\r\n").unwrap_or((text, ""));
        let mut words = line.splitn(3, ' ');
        let version = words.next().unwrap_or("");
        assert!(
            version.starts_with("HTTP/1."),
            "malformed status line {line:?}"
        );
        let status = words.next().unwrap_or("").parse();
        let fields = rest
            .split("\r\n")
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (name, value) = line
                    .split_once(':')
                    .unwrap_or_else(|| panic!("no colon in {line:?}"));
                assert!(
                    !name.ends_with(' ') && !line.contains('\n'),
                    "malformed field {line:?}"
                );
                (name.to_owned(), value.trim().to_owned())
            });
        Self {
            status: status.unwrap_or_else(|_| panic!("malformed status line {line:?}")),
            fields: fields.collect(),
            body: Vec::new(),
        }
    }
}

impl Connection {
    /// Connects from the client on `side`; panics when nobody listens.
    pub(crate) fn open(network: &Network, side: Side, to: SocketAddr) -> Self {
        Self::try_open(network, side, to)
            .unwrap_or_else(|error| panic!("cannot connect to {to}: {error}"))
    }

    /// Connects from the client on `side`.
    pub(crate) fn try_open(network: &Network, side: Side, to: SocketAddr) -> std::io::Result<Self> {
        let stream = network.inside(side, || TcpStream::connect_timeout(&to, patience(5)))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// The socket itself.
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Sends bytes; `false` when the peer has closed.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.set_write_timeout(Some(patience(10))).unwrap();
        self.stream.write_all(bytes).is_ok()
    }

    /// The next final reply to anything but HEAD; `None` when the connection ends before one, or none comes in time.
    pub(crate) fn reply(&mut self) -> Option<Reply> {
        let mut reply = self.head()?;
        let length = match reply.status {
            204 | 304 => 0,
            _ => usize::try_from(reply.length()?).unwrap(),
        };
        let end = Instant::now() + patience(20);
        while self.received.len() < length && self.receive(end) {}
        let have = self.received.len().min(length);
        reply.body = self.received.drain(..have).collect();
        Some(reply)
    }

    /// The next final head alone; what follows stays to be read with [`Connection::read`].
    pub(crate) fn head(&mut self) -> Option<Reply> {
        let end = Instant::now() + patience(20);
        loop {
            if let Some(at) = self
                .received
                .windows(4)
                .position(|bytes| bytes == b"\r\n\r\n")
            {
                let head: Vec<u8> = self.received.drain(..at + 4).collect();
                let reply = Reply::parse(&head[..at]);
                assert!(
                    reply.field("Transfer-Encoding").is_none(),
                    "chunked: {reply:?}"
                );
                if reply.status >= 200 {
                    return Some(reply);
                }
            } else if !self.receive(end) {
                return None;
            }
        }
    }

    /// Up to `count` bytes of a body; fewer when the connection ends.
    pub(crate) fn read(&mut self, count: usize) -> Vec<u8> {
        let end = Instant::now() + patience(20);
        while self.received.len() < count && self.receive(end) {}
        let have = self.received.len().min(count);
        self.received.drain(..have).collect()
    }

    /// Up to `count` bytes of a body, for at most `secs`; fewer when the connection ends.
    pub(crate) fn read_for(&mut self, count: usize, secs: u32) -> Vec<u8> {
        let end = Instant::now() + patience(secs);
        while self.received.len() < count && self.receive(end) {}
        let have = self.received.len().min(count);
        self.received.drain(..have).collect()
    }

    /// Whether the connection ends within `secs`, whatever still comes.
    pub(crate) fn ends(&mut self, secs: u32) -> bool {
        let end = Instant::now() + patience(secs);
        while self.receive(end) {
            self.received.clear();
        }
        Instant::now() < end
    }

    /// The status of the next reply, its body thrown away; `None` when the connection ends before one. Panics when
    /// neither happens within `secs`.
    pub(crate) fn status_within(&mut self, secs: u32) -> Option<u16> {
        let end = Instant::now() + patience(secs);
        while !self.received.windows(4).any(|four| four == b"\r\n\r\n") {
            if !self.receive(end) {
                assert!(Instant::now() < end, "no word in {secs} s");
                return None;
            }
        }
        self.head().map(|head| head.status)
    }

    /// Everything until the connection ends; panics when it does not end in `secs`.
    pub(crate) fn read_to_end(&mut self, secs: u32) -> Vec<u8> {
        let end = Instant::now() + patience(secs);
        while self.receive(end) {}
        assert!(Instant::now() < end, "the connection was left open");
        std::mem::take(&mut self.received)
    }

    /// Whether the peer closes without another byte in `secs`.
    pub(crate) fn closes(&mut self, secs: u32) -> bool {
        let end = Instant::now() + patience(secs);
        !self.receive(end) && Instant::now() < end && self.received.is_empty()
    }

    /// `false` when the connection has ended or `end` has come.
    fn receive(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return false;
        }
        self.stream
            .set_read_timeout(Some(left.max(Duration::from_millis(1))))
            .unwrap();
        let mut bytes = vec![0; 65536];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(count) => {
                    self.received.extend(&bytes[..count]);
                    return count > 0;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
    }
}

/// A request with `Host` and, with a body, its length.
pub(crate) fn request(
    host: SocketAddr,
    method: &str,
    target: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Vec<u8> {
    let named = fields
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case("host"));
    let host = (!named).then(|| format!("Host: {host}\r\n"));
    let length = (!body.is_empty() || method == "POST")
        .then(|| format!("Content-Length: {}\r\n", body.len()));
    let mut lines = vec![format!("{method} {target} HTTP/1.1\r\n")];
    lines.extend(host);
    lines.extend(
        fields
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n")),
    );
    lines.extend(length);
    lines.push("\r\n".to_owned());
    let mut bytes = lines.concat().into_bytes();
    bytes.extend(body);
    bytes
}
