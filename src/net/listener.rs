//! Accepting connections, within bounds.

use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    rc::Rc,
    time::Duration,
};

use async_io::{Async, Timer};
use smol::LocalExecutor;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};

use super::{Context, StartError, census::Census, connection};
use crate::limits;

/// Connections the kernel may hold for us until we accept them.
const BACKLOG: i32 = 256;
/// Pause after accept(2) failed for want of descriptors or memory.
const BREATH: Duration = Duration::from_millis(100);
/// What one too many reads.
const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\nRetry-After: 5\r\n\r\n";

/// Opens the HTTP port.
///
/// # Errors
/// [`StartError::Port`] when it is taken or not ours to take.
pub(super) fn bind(port: u16) -> Result<(Async<TcpListener>, u16), StartError> {
    open(port).map_err(|error| StartError::Port { port, error })
}

fn open(port: u16) -> io::Result<(Async<TcpListener>, u16)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)).into())?;
    socket.listen(BACKLOG)?;
    let listener = TcpListener::from(socket);
    let port = listener.local_addr()?.port();
    Ok((Async::new(listener)?, port))
}

/// Accepts for ever.
pub(super) async fn run(
    listener: Async<TcpListener>,
    executor: Rc<LocalExecutor<'static>>,
    context: Rc<Context>,
) {
    let census = Rc::new(Census::default());
    let mut short_of_descriptors = false;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                short_of_descriptors = false;
                admit(stream, peer, &census, &executor, &context);
            }
            Err(error) if is_passing(&error) => {}
            Err(error) => {
                if !std::mem::replace(&mut short_of_descriptors, true) {
                    log::warn!("cannot accept connections for the moment: {error}");
                }
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

fn admit(
    stream: Async<TcpStream>,
    peer: SocketAddr,
    census: &Rc<Census>,
    executor: &Rc<LocalExecutor<'static>>,
    context: &Rc<Context>,
) {
    if !context.may_connect(peer.ip()) {
        log::debug!("{peer}: outside RILL_ALLOW and the interfaces' own networks");
        return;
    }
    let Some(place) = census.admit(peer.ip(), context.connections, limits::CONNECTIONS_PER_PEER)
    else {
        context.say_full(peer);
        // A full or closed socket is the peer's affair.
        let _ = stream.get_ref().write(FULL);
        return;
    };
    let Ok(local) = prepare(&stream) else {
        return;
    };
    let context = Rc::clone(context);
    executor
        .spawn(async move {
            let reason = connection::serve(stream, peer, local, context).await;
            log::debug!("{peer}: closed: {reason}");
            drop(place);
        })
        .detach();
}

/// Small replies leave at once; a peer that is gone without a word is noticed within about two minutes.
fn prepare(stream: &Async<TcpStream>) -> io::Result<SocketAddr> {
    let socket = SockRef::from(stream);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(Duration::from_secs(60))
            .with_interval(Duration::from_secs(15))
            .with_retries(4),
    )?;
    stream.get_ref().local_addr()
}
