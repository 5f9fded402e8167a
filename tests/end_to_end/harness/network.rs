//! Network namespaces: one for the server with two interfaces, one for a client on each. Nothing leaves them.
//!
//! ```text
//!   rill-<pid>-<n>-c  lan0 10.91.1.2 ──── 10.91.1.1 lan1 ┐
//!                                                        │ rill-<pid>-<n>-s
//!   rill-<pid>-<n>-d  lan0 10.91.2.2 ──── 10.91.2.1 lan2 ┘
//! ```
//! The interfaces are not called `veth…`, because the program leaves out interfaces of that name.

use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::skip;

/// One of the two networks, seen from its client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side {
    /// The client's own address.
    pub(crate) client: Ipv4Addr,
    /// The server's address here.
    pub(crate) server: Ipv4Addr,
    /// The server's interface here.
    pub(crate) interface: &'static str,
    suffix: &'static str,
}

/// The first network.
pub(crate) const NEAR: Side = Side {
    client: Ipv4Addr::new(10, 91, 1, 2),
    server: Ipv4Addr::new(10, 91, 1, 1),
    interface: "lan1",
    suffix: "c",
};

/// The second network.
pub(crate) const FAR: Side = Side {
    client: Ipv4Addr::new(10, 91, 2, 2),
    server: Ipv4Addr::new(10, 91, 2, 1),
    interface: "lan2",
    suffix: "d",
};

static MADE: AtomicU32 = AtomicU32::new(0);

/// Three namespaces of this test's own, removed on drop.
pub(crate) struct Network {
    prefix: String,
}

impl Network {
    /// Makes the namespaces; `None` (and a word on stderr) where that is not allowed.
    pub(crate) fn fresh() -> Option<Self> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let network = Self {
            prefix: format!("rill-{}-{number}", std::process::id()),
        };
        match network.build() {
            Ok(()) => Some(network),
            Err(why) => {
                skip(&format!(
                    "no network namespaces ({why}); run as root, or: unshare -Urnm sh -c 'mount -t tmpfs none /run && cargo test'"
                ));
                None
            }
        }
    }

    /// The server's namespace.
    pub(crate) fn server(&self) -> String {
        format!("{}-s", self.prefix)
    }

    /// The client's namespace on `side`.
    pub(crate) fn client(&self, side: Side) -> String {
        format!("{}-{}", self.prefix, side.suffix)
    }

    /// Runs `work` in a thread inside the client's namespace; the sockets it makes stay there for good.
    pub(crate) fn inside<T: Send>(&self, side: Side, work: impl FnOnce() -> T + Send) -> T {
        Self::enter(&self.client(side), work)
    }

    /// The number of the client's interface.
    pub(crate) fn client_index(&self, side: Side) -> u32 {
        self.inside(side, || {
            let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
            rustix::net::netdevice::name_to_index(&socket, "lan0").unwrap()
        })
    }

    /// Runs `work` in a thread inside the server's namespace.
    pub(crate) fn inside_server<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        Self::enter(&self.server(), work)
    }

    fn enter<T: Send>(name: &str, work: impl FnOnce() -> T + Send) -> T {
        let path = format!("/run/netns/{name}");
        thread::scope(|scope| {
            let entered = scope.spawn(move || {
                let link = File::open(&path).unwrap();
                move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
                work()
            });
            entered
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// `program`, to be run in the namespace called `name`.
    pub(crate) fn command(name: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command
            .args(["netns", "exec", name, program])
            .stdin(Stdio::null());
        command
    }

    /// Runs one `ip` command in a namespace.
    pub(crate) fn ip(name: &str, words: &str) {
        if let Err(why) = ip(&["-n", name], words) {
            panic!("ip -n {name} {words}: {why}");
        }
    }

    fn build(&self) -> Result<(), String> {
        let server = self.server();
        for name in [server.clone(), self.client(NEAR), self.client(FAR)] {
            ip(&[], &format!("netns add {name}"))?;
            ip(&["-n", &name], "link set lo up")?;
            // IPv6 addresses are good at once: a client that binds one (libupnp does) need not wait for the check
            // for duplicates. A kernel without IPv6 has no such file, and nothing to wait for.
            Self::enter(&name, || {
                for kind in ["all", "default"] {
                    let _ = fs::write(format!("/proc/sys/net/ipv6/conf/{kind}/accept_dad"), "0");
                }
            });
        }
        for side in [NEAR, FAR] {
            let Side {
                client,
                server: address,
                interface,
                ..
            } = side;
            let peer = self.client(side);
            ip(
                &[],
                &format!(
                    "link add {interface} netns {server} type veth peer name lan0 netns {peer}"
                ),
            )?;
            ip(
                &["-n", &server],
                &format!("addr add {address}/24 brd + dev {interface}\nlink set {interface} up"),
            )?;
            ip(
                &["-n", &peer],
                &format!(
                    "addr add {client}/24 brd + dev lan0\nlink set lan0 up\nroute add default via {address}"
                ),
            )?;
        }
        // The way back for sources that are on no subnet of ours: what must stay unanswered could be answered.
        ip(
            &["-n", &server],
            &format!("route add default via {}", NEAR.client),
        )
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        for name in [self.server(), self.client(NEAR), self.client(FAR)] {
            // Gone already, or never made: nothing to do about it here.
            let _ = ip(&[], &format!("netns del {name}"));
        }
    }
}

/// Feeds lines to `ip -batch`.
fn ip(options: &[&str], lines: &str) -> Result<(), String> {
    let mut child = Command::new("ip")
        .args(options)
        .args(["-batch", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("ip: {error}"))?;
    let mut input = child.stdin.take().expect("stdin is piped");
    input
        .write_all(lines.as_bytes())
        .and_then(|()| input.write_all(b"\n"))
        .map_err(|error| error.to_string())?;
    drop(input);
    let output = child
        .wait_with_output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
