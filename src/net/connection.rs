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
    sync::Arc,
    time::Duration,
};

use async_io::Async;

use super::{
    Context,
    files::{self, Errand, Kept, OpenFile, Opened},
    peer::{self, Peer},
    pictures::Refusal,
    readers,
    send::{self, Asked, Outflow, Source},
    turns::Pace,
    user_state,
};
use crate::{
    limits,
    service::{
        self, Answer, Body, Request, Response,
        content_directory::search::Search,
        devices::{Playing, Ring, Said},
        media::Wanted,
        page,
        tally::Tally,
    },
    wire::http::{
        body::Decoder,
        request::{self, Head, Method, Parsed, Version},
        response::{CONTINUE, Common, Status},
    },
};

/// Bytes of a buffer that are left when it grows for the next ones.
const READ_BYTES: usize = 4 * 1024;
/// Bytes thrown away after a refusal, so that the peer reads the answer before it sees the connection closed.
const LINGER_BYTES: usize = 256 * 1024;
/// Time given to that.
const LINGER_TIME: Duration = Duration::from_secs(2);

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
    pace: Pace,
    peer: SocketAddr,
    local: SocketAddr,
    context: Rc<Context>,
) -> CloseReason {
    let mut connection = Connection {
        peer: context.peers.add(stream, pace),
        address: peer,
        local,
        context,
        inbound: None,
        errand: None,
        answered: 0,
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
    peer: Rc<Peer>,
    address: SocketAddr,
    local: SocketAddr,
    context: Rc<Context>,
    /// What came and was not used yet; `None` while the connection is idle.
    inbound: Option<Vec<u8>>,
    /// What goes to the readers; made for the first file.
    errand: Option<Arc<Errand>>,
    /// Requests answered since the peer was waited for.
    answered: usize,
}

impl Connection {
    /// One request and its answer. `Ok` when another may follow.
    async fn exchange(&mut self) -> Result<(), CloseReason> {
        let mut inbound = match self.inbound.take() {
            Some(inbound) => inbound,
            None => self.wait_for_a_request().await?,
        };
        self.peer.may_be_silent_for(limits::HEAD_TIME);
        let (used, body, keep) = loop {
            match request::parse(&inbound) {
                Ok(Parsed::Done { head, used }) => {
                    let rest = inbound.get(used..).unwrap_or_default();
                    let body = self.receive_body(&head, rest).await?;
                    let raw = inbound.get(..used).unwrap_or_default();
                    self.answer(&head, raw, &body.bytes).await?;
                    break (used + body.used_of_rest, body, head.keep_alive);
                }
                Ok(Parsed::Incomplete) => {}
                Err(error) => {
                    let now = self.context.clock.uptime();
                    let asked = self.asked(now, Ring::Talk, &inbound, &[]);
                    let refused = self.refuse(error.status(), Version::Http11, Some(asked));
                    return Err(refused.await);
                }
            }
            if read_more(&self.peer.stream, &mut inbound).await? == 0 {
                return Err(self.silence().await);
            }
        };
        // Keep what belongs to the next request.
        inbound.drain(..used);
        inbound.extend_from_slice(&body.surplus);
        self.context.buffers.give(body.bytes);
        if inbound.is_empty() {
            self.context.buffers.give(inbound);
        } else {
            self.inbound = Some(inbound);
            self.answered += 1;
            // Whoever sends one request behind the other does not hold the loop.
            if self.answered.is_multiple_of(limits::REQUESTS_PER_TURN) {
                smol::future::yield_now().await;
            }
        }
        if keep {
            Ok(())
        } else {
            Err(CloseReason::Asked)
        }
    }

    /// Waits, without holding a buffer, until the peer says something.
    async fn wait_for_a_request(&mut self) -> Result<Vec<u8>, CloseReason> {
        self.answered = 0;
        self.peer.may_be_silent_for(limits::IDLE_TIME);
        self.peer.stream.readable().await?;
        let mut inbound = self.context.buffers.take();
        let received = read_more(&self.peer.stream, &mut inbound).await;
        if matches!(received, Ok(count) if count > 0) {
            return Ok(inbound);
        }
        self.context.buffers.give(inbound);
        received?;
        Err(if self.peer.is_late() {
            CloseReason::Idle
        } else {
            CloseReason::PeerLeft
        })
    }

    /// What the end of the peer's words in the middle of a request means.
    async fn silence(&self) -> CloseReason {
        if self.peer.is_late() {
            self.refuse(Status::RequestTimeout, Version::Http11, None)
                .await
        } else {
            CloseReason::PeerLeft
        }
    }

    /// Reads the request's body, of which `rest` has come already.
    async fn receive_body(&self, head: &Head<'_>, rest: &[u8]) -> Result<Inflow, CloseReason> {
        let mut body = Inflow {
            bytes: self.context.buffers.take(),
            used_of_rest: 0,
            surplus: Vec::new(),
        };
        let mut decoder = match Decoder::new(head.framing) {
            Ok(decoder) => decoder,
            Err(error) => return Err(self.refuse(error.status(), head.version, None).await),
        };
        let progress = match decoder.decode(rest, &mut body.bytes) {
            Ok(progress) => progress,
            Err(error) => return Err(self.refuse(error.status(), head.version, None).await),
        };
        body.used_of_rest = progress.used;
        if progress.done {
            return Ok(body);
        }
        if head.expects_continue {
            self.peer.may_take_nothing_for(limits::REPLY_STALL_TIME);
            send::write_all(&self.peer.stream, CONTINUE).await?;
        }
        self.peer.may_be_silent_for(limits::BODY_TIME);
        self.receive_more_body(head, &mut decoder, &mut body)
            .await?;
        Ok(body)
    }

    async fn receive_more_body(
        &self,
        head: &Head<'_>,
        decoder: &mut Decoder,
        body: &mut Inflow,
    ) -> Result<(), CloseReason> {
        let mut received = self.context.buffers.take();
        let mut turn = None;
        loop {
            received.clear();
            if read_more(&self.peer.stream, &mut received).await? == 0 {
                return Err(self.silence().await);
            }
            match decoder.decode(&received, &mut body.bytes) {
                Err(error) => return Err(self.refuse(error.status(), head.version, None).await),
                Ok(progress) if progress.done => {
                    body.surplus
                        .extend_from_slice(received.get(progress.used..).unwrap_or_default());
                    self.context.buffers.give(received);
                    return Ok(());
                }
                Ok(_) => {}
            }
            if body.bytes.len() > limits::SMALL_BODY_BYTES && turn.is_none() {
                turn = self.context.bodies.try_acquire();
                if turn.is_none() {
                    Tally::count(&self.context.shared.tally.bodies);
                    let refused = self.refuse(Status::ServiceUnavailable, head.version, None);
                    return Err(refused.await);
                }
            }
        }
    }

    async fn answer(
        &mut self,
        head: &Head<'_>,
        raw: &[u8],
        body: &[u8],
    ) -> Result<(), CloseReason> {
        // It may take long, and the peer is not to blame for it.
        self.peer.may_take_its_time();
        let request = Request {
            head,
            body,
            peer: self.address,
            local: self.local,
            now: self.context.clock.now(),
        };
        let answer = service::answer(&request, &self.context.shared);
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
                    Err(Refusal::Never) => service::art::unmade(&picture, &self.context.shared),
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
                let now = self.context.clock.now();
                let report = page::status::report(form, &self.context.shared, &facts, now);
                (report, None)
            }
            Answer::Rescan => {
                log::info!("{}: scanning again, as the page asks", self.address);
                self.context.scanner.rescan();
                (page::ordered(), None)
            }
            Answer::Open(wanted) => {
                let (response, file);
                (response, file, playing) = self.reply_with_file(&request, wanted).await;
                (response, file)
            }
        };
        log::trace!(
            "{}: {:?} {:?} -> {}",
            self.address,
            head.method,
            head.target,
            response.head.status().code()
        );
        if head.method == Method::Post || file.is_some() {
            let known = &self.context.shared.known;
            known.borrow_mut().remember(self.address.ip());
        }
        let source = file.zip(self.errand.as_ref());
        let source = source.map(|(open, errand)| Source {
            open,
            errand,
            playing: playing.as_deref(),
        });
        let ring = Ring::of(head.target.path);
        let asked = ring.map(|ring| self.asked(request.now.uptime, ring, raw, body));
        let reply = Reply {
            method: head.method,
            version: head.version,
            keep_alive: head.keep_alive,
            asked,
        };
        let sent = self.send(response, &reply, source).await;
        if let Some(playing) = playing {
            playing.ended(self.context.clock.now().uptime);
        }
        if let Some(sid) = subscribed {
            let mut events = self.context.shared.events.borrow_mut();
            match sent {
                Ok(()) => events.replied(self.context.clock.now(), sid),
                Err(_) => events.reply_lost(sid),
            }
        }
        if !matches!(head.method, Method::Get | Method::Head) {
            // What was asked may have changed what is due.
            self.context.bell.ring();
        }
        Ok(sent?)
    }

    /// The answer to a request for a file, the file, and how far it is, if it is played.
    async fn reply_with_file(
        &mut self,
        request: &Request<'_>,
        wanted: Wanted,
    ) -> (Response, Option<OpenFile>, Option<Rc<Playing>>) {
        let (opened, wanted) = match self.open(wanted).await {
            Ok(both) => both,
            Err(error) => {
                log::debug!("{}: cannot open a listed file: {error}", self.address);
                let refusal = service::media::not_opened(error.kind(), &self.context.shared);
                return (refusal, None, None);
            }
        };
        let facts = &opened.facts;
        let response = match opened.text {
            Some(text) => service::media::reply_text(request, &wanted, facts, text),
            None => service::media::reply(request, &wanted, facts),
        };
        let mut playing = None;
        if request.head.method == Method::Get {
            let mut devices = self.context.shared.devices.borrow_mut();
            playing = devices.play(request, &wanted);
        }
        (response, Some(opened.open), playing)
    }

    /// Opens what is wanted, and finds the time from which it is, if one is.
    async fn open(&mut self, wanted: Wanted) -> io::Result<(Opened, Wanted)> {
        let opened = self.open_file(&wanted).await?;
        if wanted.time.is_none() {
            return Ok((opened, wanted));
        }
        let errand = free(&mut self.errand);
        let wanted = files::find(&self.context.readers, errand, wanted, &opened).await?;
        Ok((opened, wanted))
    }

    /// Opens what is wanted, or takes what was sent last if that is the same.
    async fn open_file(&mut self, wanted: &Wanted) -> io::Result<Opened> {
        let now = self.context.clock.uptime();
        if let Some(kept) = &*self.peer.kept.borrow()
            && let Some(opened) = kept.again(wanted, now)
        {
            return Ok(opened);
        }
        let errand = free(&mut self.errand);
        let opened = files::open(&self.context.readers, errand, wanted.clone()).await?;
        let kept = Kept::new(wanted.clone(), &opened, now);
        self.peer.kept.replace(kept);
        Ok(opened)
    }

    /// Drives a search to its end, other work between its turns; a peer that leaves ends it.
    async fn search(&self, mut search: Box<Search>) -> Result<Response, CloseReason> {
        // The semaphore is never closed, so a turn always comes.
        let _turn = self.context.searches.acquire().await;
        while search.step() {
            smol::future::yield_now().await;
            if has_left(self.peer.stream.get_ref()) {
                return Err(CloseReason::PeerLeft);
            }
        }
        Ok(search.into_response())
    }

    /// Tells how things are until the peer leaves, and then that the connection ends.
    async fn follow(&self, version: Version) -> Result<(), CloseReason> {
        if !super::page::has_room(&self.context) {
            let response = page::status::too_many();
            self.send(response, &Reply::last(version, None), None)
                .await?;
            return Err(CloseReason::Asked);
        }
        let mut head = Vec::with_capacity(512);
        page::status::live_head().write(&mut head, &self.common(version, None, false));
        super::page::follow(&self.context, &self.peer.stream, head).await?;
        Err(CloseReason::Asked)
    }

    /// Tells the peer what is wrong; the connection ends after it.
    async fn refuse(
        &self,
        status: Status,
        version: Version,
        asked: Option<Asked<'_>>,
    ) -> CloseReason {
        log::debug!("{}: refused with {}", self.address, status.code());
        if status == Status::RequestTimeout {
            Tally::count(&self.context.shared.tally.slow);
        }
        let response = Response::text(status, "The request cannot be served.\n");
        match self
            .send(response, &Reply::last(version, asked), None)
            .await
        {
            Ok(()) => CloseReason::Refused(status),
            Err(error) => CloseReason::Io(error),
        }
    }

    async fn send(
        &self,
        response: Response,
        reply: &Reply<'_>,
        source: Option<Source<'_>>,
    ) -> io::Result<()> {
        let mut out = self.context.buffers.take();
        let status = response.head.status();
        let len = status.has_body().then(|| response.body.len());
        let common = self.common(reply.version, len, reply.keep_alive);
        response.head.write(&mut out, &common);
        let body = if reply.method == Method::Head {
            Body::Empty
        } else {
            response.body
        };
        let outflow = Outflow {
            context: &self.context,
            peer: &self.peer,
            asked: reply.asked,
        };
        let sent = outflow.send(&mut out, body, source).await;
        self.context.buffers.give(out);
        sent.map_err(|error| {
            if self.peer.is_late() {
                peer::late()
            } else {
                error
            }
        })
    }

    /// What was asked, for the record.
    fn asked<'r>(&self, uptime: Duration, ring: Ring, head: &'r [u8], body: &'r [u8]) -> Asked<'r> {
        Asked {
            address: self.address.ip(),
            uptime,
            ring,
            said: Said {
                head,
                body,
                body_len: body.len() as u64,
            },
        }
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
    async fn linger(&self) {
        if self
            .peer
            .stream
            .get_ref()
            .shutdown(Shutdown::Write)
            .is_err()
        {
            return;
        }
        let mut scratch = self.context.buffers.take();
        let draining = async {
            let mut thrown = 0;
            while thrown < LINGER_BYTES {
                scratch.clear();
                match read_more(&self.peer.stream, &mut scratch).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => thrown += n,
                }
            }
            Ok(())
        };
        // Whatever the outcome, the connection is dropped next.
        let _ = send::within(LINGER_TIME, draining).await;
        self.context.buffers.give(scratch);
    }
}

/// How a request is answered.
struct Reply<'r> {
    method: Method<'r>,
    version: Version,
    keep_alive: bool,
    /// For the record; `None`: it is not kept.
    asked: Option<Asked<'r>>,
}

impl<'r> Reply<'r> {
    /// After which the connection ends.
    fn last(version: Version, asked: Option<Asked<'r>>) -> Self {
        Self {
            method: Method::Get,
            version,
            keep_alive: false,
            asked,
        }
    }
}

/// A request's body as it was received.
struct Inflow {
    /// A buffer.
    bytes: Vec<u8>,
    /// Bytes of it that had come with the head.
    used_of_rest: usize,
    /// Bytes that came behind it: the next request.
    surplus: Vec<u8>,
}

/// An errand to send, the connection's own if nothing is waited for by it.
fn free(errand: &mut Option<Arc<Errand>>) -> &Arc<Errand> {
    let errand = errand.get_or_insert_with(readers::Errand::new);
    if !errand.is_free() {
        // What it was sent for is not waited for any more.
        *errand = readers::Errand::new();
    }
    errand
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

/// Appends what has come, as much as there is room for; 0 when the peer has closed its side.
async fn read_more(stream: &Async<TcpStream>, buffer: &mut Vec<u8>) -> io::Result<usize> {
    if buffer.len() == buffer.capacity() {
        buffer.reserve(READ_BYTES);
    }
    stream
        .read_with(|socket| {
            Ok(rustix::io::read(
                socket,
                rustix::buffer::spare_capacity(buffer),
            )?)
        })
        .await
}
