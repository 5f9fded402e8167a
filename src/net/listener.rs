//! Accepting connections, within bounds.

use std::{
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    rc::Rc,
    time::Duration,
};

use async_io::{Async, Timer};
use smol::future;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::{Context, StartError, census::Full, connection, turns::Turns};
use crate::service::tally::Tally;

/// Connections the kernel may hold for us until we accept them.
const BACKLOG: i32 = 256;
/// Pause after accept(2) failed for want of descriptors or memory.
const BREATH: Duration = Duration::from_millis(100);
/// What one too many reads.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 5\r\n\r\n";

/// The HTTP port, on every address there is or will be. Two sockets, not one for both families: so the addresses of IPv4
/// stay what they are, and a kernel without IPv6 differs in nothing else.
#[derive(Debug)]
pub(super) struct Listeners {
    pub(super) port: u16,
    v4: Async<TcpListener>,
    v6: Option<Async<TcpListener>>,
}

impl Listeners {
    /// Opens the port; for IPv6 too if `ipv6`, where it can be had.
    ///
    /// # Errors
    /// [`StartError::Port`] when it is taken or not ours to take.
    pub(super) fn bind(port: u16, ipv6: bool) -> Result<Self, StartError> {
        let any = Ipv4Addr::UNSPECIFIED.into();
        let v4 = open(any, port).map_err(|error| StartError::Port { port, error })?;
        let local = v4.get_ref().local_addr();
        let port = local
            .map_err(|error| StartError::Port { port, error })?
            .port();
        let v6 = ipv6.then(|| open(Ipv6Addr::UNSPECIFIED.into(), port));
        let v6 = v6.and_then(|opened| {
            let complain = |error: &io::Error| match error.kind() {
                io::ErrorKind::AddrInUse => log::warn!(
                    "port {port} is taken for IPv6 by another program; rill is served over IPv4 alone"
                ),
                _ => log::info!("there is no IPv6 here: {error}"),
            };
            opened.inspect_err(complain).ok()
        });
        Ok(Self { port, v4, v6 })
    }

    /// Whether IPv6 is served.
    pub(super) fn ipv6(&self) -> bool {
        self.v6.is_some()
    }

    /// Accepts for ever.
    pub(super) async fn run(self, turns: Rc<Turns>, context: Rc<Context>) {
        let v4 = accept(self.v4, &turns, &context);
        let v6 = async {
            match self.v6 {
                Some(listener) => accept(listener, &turns, &context).await,
                None => future::pending().await,
            }
        };
        future::zip(v4, v6).await;
    }
}

fn open(any: IpAddr, port: u16) -> io::Result<Async<TcpListener>> {
    let at = SocketAddr::new(any, port);
    let socket = Socket::new(Domain::for_address(at), Type::STREAM, Some(Protocol::TCP))?;
    if any.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.bind(&at.into())?;
    socket.listen(BACKLOG)?;
    Async::new(TcpListener::from(socket))
}

async fn accept(listener: Async<TcpListener>, turns: &Rc<Turns>, context: &Rc<Context>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                admit(stream, peer, turns, context);
                // Whoever connects without a pause must not hold the loop.
                future::yield_now().await;
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                context.say_short(&error);
                Tally::count(&context.shared.tally.not_accepted);
                Timer::after(BREATH).await;
            }
        }
    }
}

/// The connection failed before it was accepted; the next one may be well.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

fn admit(stream: Async<TcpStream>, peer: SocketAddr, turns: &Rc<Turns>, context: &Rc<Context>) {
    let tally = &context.shared.tally;
    if !context.may_connect(peer) {
        log::debug!("{peer}: outside RILL_ALLOW and the interfaces' own networks");
        Tally::count(&tally.outside);
        return;
    }
    let admitted = {
        let known = context.shared.known.borrow();
        context.census.admit(peer.ip(), &known)
    };
    let place = match admitted {
        Ok(place) => place,
        Err(full) => {
            context.say_full(peer);
            Tally::count(match full {
                Full::Total => &tally.full,
                Full::Peer => &tally.share_used,
            });
            // A full or closed socket is the peer's affair.
            let _ = stream.get_ref().write(FULL);
            return;
        }
    };
    tally.connected(context.census.open());
    let Ok(local) = prepare(&stream) else {
        return;
    };
    let context = Rc::clone(context);
    let pace = turns.pace();
    pace.clone()
        .spawn(async move {
            let reason = connection::serve(stream, pace, peer, local, Rc::clone(&context)).await;
            log::debug!("{peer}: closed: {reason}");
            drop(place);
            context.shared.tally.connected(context.census.open());
        })
        .detach();
}

/// Small replies leave at once; a peer that is gone without a word is noticed within about two minutes. The address is
/// ours as it stands in URLs, without a zone.
fn prepare(stream: &Async<TcpStream>) -> io::Result<SocketAddr> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(Duration::from_secs(60))
            .with_interval(Duration::from_secs(15))
            .with_retries(4),
    )?;
    let local = stream.get_ref().local_addr()?;
    Ok(SocketAddr::new(local.ip(), local.port()))
}
