//! One connection: receive a head, receive a body, answer, and again or close.
//!
//! ```text
//!  idle ─► receive head ─► receive body ─► service::answer ─► (open the file) ─► send ─┐
//!   ▲                                                                                  │
//!   └────────────────────────────── keep-alive ────────────────────────────────────────┴─► close
//! ```

use std::{
    fmt, io,
    net::{Shutdown, SocketAddr, TcpStream},
    rc::Rc,
};

use async_io::Async;

use super::{Context, files, pictures::Refusal, send, user_state};
use crate::{
    limits,
    service::{
        self, Answer, Body, Request, Response, content_directory::search::Search, page,
        tally::Tally,
    },
    wire::http::{
        body::Decoder,
        request::{self, Head, Method, Parsed, Version},
        response::{CONTINUE, Common, Status},
    },
};

/// Bytes read at once.
const READ_BYTES: usize = 4 * 1024;
/// Bytes thrown away after a refusal, so that the peer reads the answer before it sees the connection closed.
const LINGER_BYTES: usize = 256 * 1024;
/// Time given to that.
const LINGER_TIME: std::time::Duration = std::time::Duration::from_secs(2);

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum CloseReason {
    /// The peer closed it between two requests.
    PeerLeft,
    /// Nothing came for [`limits::IDLE_TIME`].
    Idle,
    /// One side asked for it.
    Asked,
    /// A request was refused, and where the next one begins is not known.
    Refused(Status),
    /// The socket or the disk failed.
    Io(io::Error),
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PeerLeft => f.write_str("the peer left"),
            Self::Idle => f.write_str("idle for too long"),
            Self::Asked => f.write_str("asked for"),
            Self::Refused(status) => write!(f, "refused with {}", status.code()),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

impl From<io::Error> for CloseReason {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Serves one connection to its end.
pub(super) async fn serve(
    stream: Async<TcpStream>,
    peer: SocketAddr,
    local: SocketAddr,
    context: Rc<Context>,
) -> CloseReason {
    let mut connection = Connection {
        stream,
        peer,
        local,
        context,
        inbound: Vec::new(),
    };
    loop {
        match connection.exchange().await {
            Ok(()) => {}
            Err(reason) => {
                if let CloseReason::Refused(_) = reason {
                    connection.linger().await;
                }
                return reason;
            }
        }
    }
}

struct Connection {
    stream: Async<TcpStream>,
    peer: SocketAddr,
    local: SocketAddr,
    context: Rc<Context>,
    /// What came and was not used yet. Holds no memory while the connection is idle.
    inbound: Vec<u8>,
}

impl Connection {
    /// One request and its answer. `Ok` when another may follow.
    async fn exchange(&mut self) -> Result<(), CloseReason> {
        if let Err(status) = self.receive_head().await? {
            return Err(self.refuse(status, Version::Http11).await);
        }
        let mut inbound = std::mem::take(&mut self.inbound);
        // The head is whole: `receive_head` has seen it parsed.
        let Ok(Parsed::Done { head, used }) = request::parse(&inbound) else {
            return Err(CloseReason::PeerLeft);
        };
        let mut body = Inflow::default();
        let rest = inbound.get(used..).unwrap_or_default();
        if let Err(refusal) = self.receive_body(&head, rest, &mut body).await? {
            return Err(self.refuse(refusal, head.version).await);
        }
        let keep = head.keep_alive;
        self.answer(&head, &body.bytes).await?;
        // Keep what belongs to the next request.
        inbound.drain(..used + body.used_of_rest);
        inbound.extend_from_slice(&body.surplus);
        if !inbound.is_empty() {
            self.inbound = inbound;
        }
        if keep {
            Ok(())
        } else {
            Err(CloseReason::Asked)
        }
    }

    /// Reads until a whole head is in `inbound`. The inner error is the peer's and is to be answered.
    async fn receive_head(&mut self) -> Result<Result<(), Status>, CloseReason> {
        if self.inbound.is_empty() {
            self.wait_for_a_request().await?;
        }
        let deadline = async_io::Timer::after(limits::HEAD_TIME);
        let receiving = async {
            loop {
                match request::parse(&self.inbound) {
                    Ok(Parsed::Done { .. }) => return Ok(Ok(())),
                    Ok(Parsed::Incomplete) => {}
                    Err(error) => return Ok(Err(error.status())),
                }
                if read_more(&self.stream, &mut self.inbound).await? == 0 {
                    return Err(CloseReason::PeerLeft);
                }
            }
        };
        smol::future::or(receiving, async {
            deadline.await;
            Ok(Err(Status::RequestTimeout))
        })
        .await
    }

    /// Waits, without holding a buffer, until the peer says something.
    async fn wait_for_a_request(&mut self) -> Result<(), CloseReason> {
        let readable = async { self.stream.readable().await.map_err(CloseReason::Io) };
        smol::future::or(readable, async {
            async_io::Timer::after(limits::IDLE_TIME).await;
            Err(CloseReason::Idle)
        })
        .await?;
        if read_more(&self.stream, &mut self.inbound).await? == 0 {
            return Err(CloseReason::PeerLeft);
        }
        Ok(())
    }

    /// Reads the request's body, of which `rest` has come already. The inner error is a status to refuse with.
    async fn receive_body(
        &self,
        head: &Head<'_>,
        rest: &[u8],
        body: &mut Inflow,
    ) -> Result<Result<(), Status>, CloseReason> {
        let mut decoder = match Decoder::new(head.framing) {
            Ok(decoder) => decoder,
            Err(error) => return Ok(Err(error.status())),
        };
        let progress = match decoder.decode(rest, &mut body.bytes) {
            Ok(progress) => progress,
            Err(error) => return Ok(Err(error.status())),
        };
        body.used_of_rest = progress.used;
        if progress.done {
            return Ok(Ok(()));
        }
        if head.expects_continue {
            send::patiently(send::write_all(&self.stream, CONTINUE)).await?;
        }
        let receiving = self.receive_more_body(&mut decoder, body);
        smol::future::or(receiving, async {
            async_io::Timer::after(limits::BODY_TIME).await;
            Ok(Err(Status::RequestTimeout))
        })
        .await
    }

    async fn receive_more_body(
        &self,
        decoder: &mut Decoder,
        body: &mut Inflow,
    ) -> Result<Result<(), Status>, CloseReason> {
        let mut turn = None;
        loop {
            let mut received = Vec::new();
            if read_more(&self.stream, &mut received).await? == 0 {
                return Err(CloseReason::PeerLeft);
            }
            match decoder.decode(&received, &mut body.bytes) {
                Err(error) => return Ok(Err(error.status())),
                Ok(progress) if progress.done => {
                    received.drain(..progress.used);
                    body.surplus = received;
                    return Ok(Ok(()));
                }
                Ok(_) => {}
            }
            if body.bytes.len() > limits::SMALL_BODY_BYTES && turn.is_none() {
                turn = self.context.bodies.try_acquire();
                if turn.is_none() {
                    Tally::count(&self.context.shared.tally.bodies);
                    return Ok(Err(Status::ServiceUnavailable));
                }
            }
        }
    }

    async fn answer(&self, head: &Head<'_>, body: &[u8]) -> Result<(), CloseReason> {
        let request = Request {
            head,
            body,
            peer: self.peer,
            local: self.local,
            now: self.context.clock.now(),
        };
        let shared = &self.context.shared;
        let answer = service::answer(&request, shared);
        let mut subscribed = None;
        let mut playing = None;
        let (response, file) = match answer {
            Answer::Reply(response) => (response, None),
            Answer::Subscribed(response, sid) => {
                subscribed = Some(sid);
                (response, None)
            }
            Answer::Scale(picture) => {
                let made = self.context.pictures.get(picture.clone()).await;
                let response = match made {
                    Ok(bytes) => service::art::reply(&request, &picture, bytes),
                    Err(Refusal::Impossible) => service::art::none(),
                    Err(Refusal::Busy) => service::art::busy(),
                };
                (response, None)
            }
            Answer::Keep(change) => (user_state::keep(&self.context, &change).await, None),
            Answer::Search(search) => (self.search(search).await?, None),
            Answer::Status(page::Form::Live) if head.method == Method::Get => {
                return self.follow(head.version).await;
            }
            Answer::Status(form) => {
                let facts = super::page::look(&self.context).await;
                (
                    page::status::report(form, shared, &facts, self.context.clock.now()),
                    None,
                )
            }
            Answer::Rescan => {
                log::info!("{}: scanning again, as the page asks", self.peer);
                self.context.scanner.rescan();
                (page::ordered(), None)
            }
            Answer::Open(wanted) => match files::open(wanted.clone()).await {
                Ok(opened) => {
                    let facts = &opened.facts;
                    let response = match opened.text {
                        Some(text) => service::media::reply_text(&request, &wanted, facts, text),
                        None => service::media::reply(&request, &wanted, facts),
                    };
                    if head.method == Method::Get {
                        playing = shared.guests.borrow_mut().play(&request, &wanted);
                    }
                    (response, Some(opened.file))
                }
                Err(error) => {
                    log::debug!("{}: cannot open a listed file: {error}", self.peer);
                    (service::media::not_opened(error.kind(), shared), None)
                }
            },
        };
        log::trace!(
            "{}: {:?} {:?} -> {}",
            self.peer,
            head.method,
            head.target,
            response.head.status().code()
        );
        if head.method == Method::Post || file.is_some() {
            self.context.census.remember(self.peer.ip());
        }
        let head_text = self.head_text(&response, head.version, head.keep_alive);
        let body = if head.method == Method::Head {
            Body::Empty
        } else {
            response.body
        };
        let sent = send::send(
            &self.stream,
            head_text,
            body,
            file.as_ref(),
            playing.as_deref(),
        )
        .await;
        if let Some(playing) = playing {
            playing.ended(self.context.clock.now().uptime);
        }
        if let Some(sid) = subscribed {
            let mut events = shared.events.borrow_mut();
            match sent {
                Ok(_) => events.replied(self.context.clock.now(), sid),
                Err(_) => events.reply_lost(sid),
            }
        }
        if !matches!(head.method, Method::Get | Method::Head) {
            // What was asked may have changed what is due.
            self.context.bell.ring();
        }
        sent?;
        Ok(())
    }

    /// Drives a search to its end, other work between its turns; a peer that leaves ends it.
    async fn search(&self, mut search: Box<Search>) -> Result<Response, CloseReason> {
        // The semaphore is never closed, so a turn always comes.
        let _turn = self.context.searches.acquire().await;
        while search.step() {
            smol::future::yield_now().await;
            if has_left(self.stream.get_ref()) {
                return Err(CloseReason::PeerLeft);
            }
        }
        Ok(search.into_response())
    }

    /// Tells how things are until the peer leaves, and then that the connection ends.
    async fn follow(&self, version: Version) -> Result<(), CloseReason> {
        if !super::page::has_room(&self.context) {
            let response = page::status::too_many();
            let head = self.head_text(&response, version, false);
            send::send(&self.stream, head, response.body, None, None).await?;
            return Err(CloseReason::Asked);
        }
        let mut head = Vec::with_capacity(512);
        page::status::live_head().write(&mut head, &self.common(version, None, false));
        super::page::follow(&self.context, &self.stream, head).await?;
        Err(CloseReason::Asked)
    }

    /// Tells the peer what is wrong; the connection ends after it.
    async fn refuse(&self, status: Status, version: Version) -> CloseReason {
        log::debug!("{}: refused with {}", self.peer, status.code());
        if status == Status::RequestTimeout {
            Tally::count(&self.context.shared.tally.slow);
        }
        let response = Response::text(status, "The request cannot be served.\n");
        let head = self.head_text(&response, version, false);
        match send::send(&self.stream, head, response.body, None, None).await {
            Ok(_) => CloseReason::Refused(status),
            Err(error) => CloseReason::Io(error),
        }
    }

    fn head_text(&self, response: &Response, version: Version, keep_alive: bool) -> Vec<u8> {
        let status = response.head.status();
        let mut out = Vec::with_capacity(1024);
        let len = status.has_body().then(|| response.body.len());
        let common = self.common(version, len, keep_alive);
        response.head.write(&mut out, &common);
        out
    }

    fn common(
        &self,
        version: Version,
        content_length: Option<u64>,
        keep_alive: bool,
    ) -> Common<'_> {
        Common {
            unix_secs: self.context.clock.now().unix_secs,
            server: &self.context.shared.device.server,
            content_length,
            keep_alive,
            http10: version == Version::Http10,
        }
    }

    /// Closes our side and throws away what the peer still sends, within bounds: closing with bytes unread would
    /// reset the connection, and the peer might lose the answer.
    async fn linger(&mut self) {
        if self.stream.get_ref().shutdown(Shutdown::Write).is_err() {
            return;
        }
        let draining = async {
            let mut thrown = 0;
            let mut scratch = Vec::new();
            while thrown < LINGER_BYTES {
                scratch.clear();
                match read_more(&self.stream, &mut scratch).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => thrown += n,
                }
            }
            Ok(())
        };
        // Whatever the outcome, the connection is dropped next.
        let _ = send::within(LINGER_TIME, draining).await;
    }
}

/// A request's body as it is received.
#[derive(Default)]
struct Inflow {
    bytes: Vec<u8>,
    /// Bytes of it that had come with the head.
    used_of_rest: usize,
    /// Bytes that came behind it: the next request.
    surplus: Vec<u8>,
}

/// The peer has closed its side, or the connection is broken.
fn has_left(stream: &TcpStream) -> bool {
    match stream.peek(&mut [0]) {
        Ok(count) => count == 0,
        Err(error) => !matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
        ),
    }
}

/// Appends what has come, at most [`READ_BYTES`]; 0 when the peer has closed its side.
async fn read_more(stream: &Async<TcpStream>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let filled = buffer.len();
    buffer.resize(filled + READ_BYTES, 0);
    let result = stream
        .read_with(|socket| {
            io::Read::read(&mut &*socket, buffer.get_mut(filled..).unwrap_or_default())
        })
        .await;
    buffer.truncate(filled + *result.as_ref().unwrap_or(&0));
    result
}
