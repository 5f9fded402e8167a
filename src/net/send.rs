//! Sending an answer: head, then body in bounded slices, so that no reply holds the loop.

use std::{
    future::Future,
    io::{self, IoSlice, Write as _},
    net::{IpAddr, TcpStream},
    os::fd::AsFd,
    sync::Arc,
    time::Duration,
};

use async_io::{Async, Timer};
use smol::future;
use socket2::SockRef;

use super::{
    Context,
    ahead::{Ahead, Copies},
    files::{Errand, OpenFile},
    peer::Peer,
};
use crate::{
    limits,
    service::{
        Body, ByteRanges, Document, FileBody,
        devices::{Exchange, Playing, Ring, Said},
    },
    sys::{map, sendfile},
    wire::http::range::Span,
};

/// What sending needs of its connection.
pub(super) struct Outflow<'c> {
    pub(super) context: &'c Context,
    pub(super) peer: &'c Peer,
    /// For the record.
    pub(super) asked: Option<Asked<'c>>,
}

/// What was asked, for the record of it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'c> {
    pub(super) address: IpAddr,
    /// When.
    pub(super) uptime: Duration,
    pub(super) ring: Ring,
    pub(super) said: Said<'c>,
}

/// The file of [`Body::File`], and who brings it into memory.
pub(super) struct Source<'c> {
    pub(super) open: OpenFile,
    pub(super) errand: &'c Arc<Errand>,
    /// Is told how far it is.
    pub(super) playing: Option<&'c Playing>,
}

impl Source<'_> {
    fn moved(&self, to: u64, sent: usize) {
        if let Some(playing) = self.playing {
            playing.moved(to, sent as u64);
        }
    }
}

impl Outflow<'_> {
    /// Sends `head` (already text) and then `body`; for `Body::File` out of `source`. `head` is a buffer: what it holds
    /// afterwards means nothing.
    ///
    /// # Errors
    /// What the socket or the disk says; the peer is late when he takes nothing of a reply that is not media;
    /// `UnexpectedEof` when the file became shorter meanwhile. The connection cannot be used after an error.
    pub(super) async fn send(
        &self,
        head: &mut Vec<u8>,
        body: Body,
        source: Option<Source<'_>>,
    ) -> io::Result<()> {
        match body {
            Body::Empty => self.send_bytes(head, &[]).await,
            Body::Static(bytes) => self.send_bytes(head, bytes).await,
            Body::Bytes(bytes) => self.send_bytes(head, &bytes).await,
            Body::Document(document) => self.send_document(head, document).await,
            Body::File(body) => {
                let source = source.ok_or(io::ErrorKind::NotFound)?;
                self.record(head, &[], 0);
                self.peer.may_take_its_time();
                self.peer.pace.be_patient(true);
                let sent = self.send_file_body(head, &body, &source).await;
                self.peer.pace.be_patient(false);
                sent
            }
        }
    }

    /// Keeps what was asked and is answered, if that is wanted; of bodies those of actions alone.
    fn record(&self, head: &[u8], body: &[u8], len: u64) {
        let Some(Asked {
            address,
            uptime,
            ring,
            said,
        }) = self.asked
        else {
            return;
        };
        let is_action = !said.body.is_empty();
        let reply = Said {
            head,
            body: if is_action { body } else { &[] },
            body_len: if is_action { len } else { 0 },
        };
        self.context.shared.devices.borrow_mut().record(&Exchange {
            address,
            uptime,
            ring,
            request: said,
            reply,
        });
    }

    async fn send_bytes(&self, head: &[u8], body: &[u8]) -> io::Result<()> {
        self.record(head, body, body.len() as u64);
        self.write_both(head, body).await
    }

    /// Writes head and body, in one segment where they fit.
    async fn write_both(&self, head: &[u8], body: &[u8]) -> io::Result<()> {
        self.peer.may_take_nothing_for(limits::REPLY_STALL_TIME);
        let mut pieces = [IoSlice::new(head), IoSlice::new(body)];
        let mut rest = &mut pieces[..];
        let mut left = head.len() + body.len();
        while left > 0 {
            let stream = &self.peer.stream;
            let sent = stream
                .write_with(|mut socket| socket.write_vectored(rest))
                .await?;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            left -= sent;
            IoSlice::advance_slices(&mut rest, sent);
        }
        Ok(())
    }

    async fn send_document(
        &self,
        out: &mut Vec<u8>,
        mut document: Box<dyn Document>,
    ) -> io::Result<()> {
        let (head_bytes, len) = (out.len(), document.len());
        let mut more = document.append_next(out);
        if let Some((head, body)) = out.split_at_checked(head_bytes) {
            self.record(head, body, len);
        }
        loop {
            self.write_both(out, &[]).await?;
            out.clear();
            if !more {
                return Ok(());
            }
            future::yield_now().await;
            more = document.append_next(out);
        }
    }

    async fn send_file_body(
        &self,
        head: &mut Vec<u8>,
        body: &FileBody,
        source: &Source<'_>,
    ) -> io::Result<()> {
        match body {
            FileBody::Span(span) => {
                self.write_all_of_more(head).await?;
                self.send_span(source, *span).await
            }
            FileBody::Multipart(parts) => self.send_multipart(head, parts, source).await,
        }
    }

    async fn send_multipart(
        &self,
        out: &mut Vec<u8>,
        parts: &ByteRanges,
        source: &Source<'_>,
    ) -> io::Result<()> {
        for (place, span) in parts.spans.iter().enumerate() {
            append(out, parts.texts().part(place));
            self.write_all_of_more(out).await?;
            out.clear();
            self.send_span(source, span.behind(parts.offset)).await?;
        }
        append(out, parts.texts().end());
        write_all(&self.peer.stream, out).await
    }

    /// Writes all of `bytes`, telling TCP that file bytes follow.
    async fn write_all_of_more(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let stream = &self.peer.stream;
            let sent = stream
                .write_with(|socket| sendfile::send_more(socket.as_fd(), rest))
                .await?;
            rest = rest.get(sent..).unwrap_or_default();
        }
        Ok(())
    }

    /// Sends `span` of a file, never from a disk that is not ready.
    async fn send_span(&self, source: &Source<'_>, span: Span) -> io::Result<()> {
        if source.open.file.is_elsewhere() {
            self.send_copies(source, span).await
        } else {
            self.send_from_memory(source, span).await
        }
    }

    /// A reader brings the next window while this one is sent.
    async fn send_from_memory(&self, source: &Source<'_>, span: Span) -> io::Result<()> {
        let mut ahead = Ahead::new(self.context, source, span);
        let mut cork = Cork::of(&self.peer.stream, span);
        let mut way = Way::Sendfile;
        let mut at = span.start;
        while at < span.end {
            ahead.look(at)?;
            if at >= ahead.ready() {
                ahead.wait().await?;
                continue;
            }
            let is_quiet = self.peer.pace.is_quiet();
            let mut count = slice(at, ahead.ready(), is_quiet);
            if !ahead.has(at, count) {
                ahead.bring_again(at).await?;
                count = slice(at, ahead.ready(), is_quiet);
            }
            cork.is_for(self.context.windows.streams());
            let file = &source.open.file;
            let stream = &self.peer.stream;
            let sent = stream
                .write_with(|socket| way.send(socket, file, at, count, span.end))
                .await?;
            if sent == 0 {
                return Err(became_shorter());
            }
            at += sent as u64;
            source.moved(at, sent);
            if at >= span.end {
                break;
            }
            if sent < count {
                // The socket is full.
                stream.writable().await?;
            } else {
                future::yield_now().await;
            }
        }
        Ok(())
    }

    /// As the kernel may have to ask whoever keeps the file even for what it has in memory, a reader asks, and what he brings
    /// is sent.
    async fn send_copies(&self, source: &Source<'_>, span: Span) -> io::Result<()> {
        let mut copies = Copies::new(self.context, source);
        let mut at = span.start;
        while at < span.end {
            let bytes = copies.next(at, span.end).await?;
            if bytes.is_empty() {
                return Err(became_shorter());
            }
            let mut rest = bytes;
            while !rest.is_empty() {
                let stream = &self.peer.stream;
                let sent = stream.write_with(|mut socket| socket.write(rest)).await?;
                at += sent as u64;
                source.moved(at, sent);
                rest = rest.get(sent..).unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// The file became shorter than it was when the head went out; the promise cannot be kept.
fn became_shorter() -> io::Error {
    io::ErrorKind::UnexpectedEof.into()
}

/// Writes all of `bytes`.
///
/// # Errors
/// What the socket says.
pub(super) async fn write_all(stream: &Async<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let sent = stream.write_with(|mut socket| socket.write(rest)).await?;
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Gives `work` this long, else `TimedOut`.
pub(super) async fn within<T>(
    time: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    future::or(work, async {
        Timer::after(time).await;
        Err(io::ErrorKind::TimedOut.into())
    })
    .await
}

fn append(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    // Writing to a Vec cannot fail.
    let _ = write!(out, "{text}");
}

/// Bytes of the next turn.
fn slice(at: u64, end: u64, is_quiet: bool) -> usize {
    let most = if is_quiet {
        limits::QUIET_SLICE_BYTES
    } else {
        limits::SEND_SLICE_BYTES
    };
    usize::try_from(end - at).unwrap_or(usize::MAX).min(most)
}

/// While it is set, TCP sends whole segments of a file only and lets the pieces of sendfile join (`TCP_CORK`, tcp(7)): a
/// peer that reads fast is woken less often. Where many send without end they wait for their turns anyway, and it costs. What
/// is left goes out when it is dropped.
struct Cork<'s> {
    socket: SockRef<'s>,
    /// Bytes.
    len: u64,
    is_set: bool,
}

impl<'s> Cork<'s> {
    fn of(stream: &'s Async<TcpStream>, span: Span) -> Self {
        Self {
            socket: SockRef::from(stream),
            len: span.end - span.start,
            is_set: false,
        }
    }

    /// Sets it, or not, as suits one of so many streams.
    fn is_for(&mut self, streams: u64) {
        let is_one_piece = self.len <= limits::SEND_SLICE_BYTES as u64;
        let is_part = self.len <= limits::WARM_WINDOW_BYTES;
        self.set(!is_one_piece && (is_part || streams <= limits::CORK_STREAMS));
    }

    fn set(&mut self, is_wanted: bool) {
        // A socket that refuses is asked at each turn, and does without.
        if is_wanted != self.is_set && self.socket.set_tcp_cork(is_wanted).is_ok() {
            self.is_set = is_wanted;
        }
    }
}

impl Drop for Cork<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}

/// How file bytes reach the socket.
enum Way {
    /// The usual way.
    Sendfile,
    /// Where the file system refuses it: a mapped window, handed to send(2) untouched.
    Mapped(Option<(map::Window, Span)>),
}

impl Way {
    fn send(
        &mut self,
        socket: &TcpStream,
        file: &std::fs::File,
        at: u64,
        count: usize,
        end: u64,
    ) -> io::Result<usize> {
        if let Self::Sendfile = self {
            match sendfile::sendfile(socket, file, at, count) {
                Err(error) if sendfile::is_refusal(&error) => *self = Self::Mapped(None),
                sent => return sent,
            }
        }
        self.send_mapped(socket, file, at, count, end)
    }

    fn send_mapped(
        &mut self,
        socket: &TcpStream,
        file: &std::fs::File,
        at: u64,
        count: usize,
        end: u64,
    ) -> io::Result<usize> {
        let Self::Mapped(window) = self else {
            return Ok(0);
        };
        if let Some((window, span)) = window
            && span.start <= at
            && at < span.end
        {
            return window.send(socket, at, count);
        }
        let len = usize::try_from(end - at)
            .unwrap_or(usize::MAX)
            .min(limits::MAP_WINDOW_BYTES);
        let span = Span {
            start: at,
            end: at + len as u64,
        };
        let (window, _) = window.insert((map::Window::map(file, at, len)?, span));
        window.send(socket, at, count)
    }
}
