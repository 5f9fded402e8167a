//! Sending an answer: head, then body in bounded slices, so that no reply holds the loop.

use std::{fs::File, future::Future, io, net::TcpStream, os::fd::AsFd, sync::Arc, time::Duration};

use async_io::{Async, Timer};
use smol::future;

use super::files::{self, Held};
use crate::{
    limits,
    service::{Body, ByteRanges, Document, FileBody, page::Playing},
    sys::{map::Window, sendfile},
    wire::http::range::Span,
};

/// Sends `head` (already text) and then `body`; for `Body::File` out of `file`. `playing` is told how far it is.
///
/// # Errors
/// What the socket or the disk says; `TimedOut` when the peer takes nothing of a reply that is not media;
/// `UnexpectedEof` when the file became shorter meanwhile. The connection cannot be used after an error.
pub(super) async fn send(
    stream: &Async<TcpStream>,
    mut head: Vec<u8>,
    body: Body,
    file: Option<&Arc<Held>>,
    playing: Option<&Playing>,
) -> io::Result<Vec<u8>> {
    match body {
        Body::Empty => patiently(write_all(stream, &head)).await?,
        Body::Static(bytes) => {
            head.extend_from_slice(bytes);
            patiently(write_all(stream, &head)).await?;
        }
        Body::Bytes(bytes) => {
            head.extend_from_slice(&bytes);
            patiently(write_all(stream, &head)).await?;
        }
        Body::Document(document) => send_document(stream, &mut head, document).await?,
        Body::File(body) => {
            let file = file.ok_or(io::ErrorKind::NotFound)?;
            send_file_body(stream, &mut head, &body, file, playing).await?;
        }
    }
    Ok(head)
}

/// Writes all of `bytes`.
///
/// # Errors
/// What the socket says.
pub(super) async fn write_all(stream: &Async<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let sent = stream
            .write_with(|socket| io::Write::write(&mut &*socket, rest))
            .await?;
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Gives `work` as long as a peer may take for a reply that is not media.
pub(super) async fn patiently<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    within(limits::REPLY_STALL_TIME, work).await
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

async fn send_document(
    stream: &Async<TcpStream>,
    out: &mut Vec<u8>,
    mut document: Box<dyn Document>,
) -> io::Result<()> {
    loop {
        let more = document.append_next(out);
        patiently(write_all(stream, out)).await?;
        out.clear();
        if !more {
            return Ok(());
        }
        future::yield_now().await;
    }
}

async fn send_file_body(
    stream: &Async<TcpStream>,
    head: &mut Vec<u8>,
    body: &FileBody,
    file: &Arc<Held>,
    playing: Option<&Playing>,
) -> io::Result<()> {
    match body {
        FileBody::Span(span) => {
            write_all_of_more(stream, head).await?;
            send_span(stream, file, *span, playing).await
        }
        FileBody::Multipart(parts) => send_multipart(stream, head, parts, file, playing).await,
    }
}

async fn send_multipart(
    stream: &Async<TcpStream>,
    out: &mut Vec<u8>,
    parts: &ByteRanges,
    file: &Arc<Held>,
    playing: Option<&Playing>,
) -> io::Result<()> {
    for (place, span) in parts.spans.iter().enumerate() {
        append(out, parts.texts().part(place));
        write_all_of_more(stream, out).await?;
        out.clear();
        send_span(stream, file, span.behind(parts.offset), playing).await?;
    }
    append(out, parts.texts().end());
    write_all(stream, out).await
}

fn append(out: &mut Vec<u8>, text: impl std::fmt::Display) {
    // Writing to a Vec cannot fail.
    let _ = io::Write::write_fmt(out, format_args!("{text}"));
}

/// Writes all of `bytes`, telling TCP that file bytes follow.
async fn write_all_of_more(stream: &Async<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let sent = stream
            .write_with(|socket| sendfile::send_more(socket.as_fd(), rest))
            .await?;
        rest = rest.get(sent..).unwrap_or_default();
    }
    Ok(())
}

/// Sends `span` of `file`, never from a disk that is not ready: a reader brings the next window first.
async fn send_span(
    stream: &Async<TcpStream>,
    file: &Arc<Held>,
    span: Span,
    playing: Option<&Playing>,
) -> io::Result<()> {
    let mut at = span.start;
    let mut warm_until = at;
    let mut way = Way::Sendfile;
    while at < span.end {
        if at >= warm_until {
            let len = (span.end - at).min(limits::WARM_WINDOW_BYTES);
            files::bring(file, at, len).await?;
            warm_until = at + len;
        }
        let count = slice(at, span.end.min(warm_until));
        let sent = stream
            .write_with(|socket| way.send(socket, file, at, count, span.end))
            .await?;
        if sent == 0 {
            // The file became shorter than it was when the head went out; the promise cannot be kept.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        at += sent as u64;
        if let Some(playing) = playing {
            playing.moved(at, sent as u64);
        }
        future::yield_now().await;
    }
    Ok(())
}

/// Bytes of the next turn.
fn slice(at: u64, end: u64) -> usize {
    usize::try_from(end - at)
        .unwrap_or(usize::MAX)
        .min(limits::SEND_SLICE_BYTES)
}

/// How file bytes reach the socket.
enum Way {
    /// The usual way.
    Sendfile,
    /// Where the file system refuses it: a mapped window, handed to send(2) untouched.
    Mapped(Option<(Window, Span)>),
}

impl Way {
    fn send(
        &mut self,
        socket: &TcpStream,
        file: &File,
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
        file: &File,
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
        let (window, _) = window.insert((Window::map(file, at, len)?, span));
        window.send(socket, at, count)
    }
}
