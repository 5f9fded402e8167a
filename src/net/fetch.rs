//! One question to another server: a GET or a SOAP call, bounded in time and bytes, on a connection of its own.
//!
//! Redirects are answers like any other: they are not followed.

use std::{fmt, io, net::TcpStream, time::Duration};

use async_io::{Async, Timer};
use smol::{
    future,
    io::{AsyncReadExt, AsyncWriteExt},
};

use crate::{
    limits,
    wire::{
        http::{
            body::{self, Decoder},
            reply::{self, Framing, Head, Parsed},
        },
        url::absolute::HttpUrl,
    },
};

/// Bytes taken from the socket at once.
const PIECE_BYTES: usize = 4096;

/// What to ask, and how long and how much to listen.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where.
    pub url: HttpUrl,
    /// The call, for POST; without one it is GET.
    pub call: Option<Call>,
    /// Bytes of the answer's body. Beyond it: refused.
    pub body_bytes: usize,
    /// Time for all of it. Beyond it: given up.
    pub time: Duration,
}

/// A SOAP call.
#[derive(Clone, Debug)]
pub struct Call {
    /// `SOAPACTION` without its quotes: printable ASCII, for it stands in a header field.
    pub action: String,
    /// The envelope.
    pub envelope: Vec<u8>,
}

/// What came back, whatever its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, decoded.
    pub body: Vec<u8>,
}

/// Why nothing useful came back.
#[derive(Debug)]
pub enum Error {
    /// No connection.
    Connect(io::Error),
    /// The connection broke.
    Broken(io::Error),
    /// It took longer than allowed.
    TooSlow,
    /// The body is longer than allowed.
    TooLarge,
    /// The connection ended in the middle of the answer.
    CutShort,
    /// The answer's head is none.
    Head(reply::Error),
    /// The answer's chunks are none.
    Body(body::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Broken(error) => write!(f, "the connection broke: {error}"),
            Self::TooSlow => f.write_str("it did not answer in time"),
            Self::TooLarge => f.write_str("its answer has no end"),
            Self::CutShort => f.write_str("it hung up in the middle of its answer"),
            Self::Head(error) => error.fmt(f),
            Self::Body(_) => f.write_str("the chunks of its answer are malformed"),
        }
    }
}

impl std::error::Error for Error {}

/// Asks and waits, in this thread.
///
/// # Errors
/// See [`Error`].
pub fn fetch(question: &Question) -> Result<Answer, Error> {
    async_io::block_on(ask(question))
}

/// Asks.
///
/// # Errors
/// See [`Error`].
pub(super) async fn ask(question: &Question) -> Result<Answer, Error> {
    let late = async {
        Timer::after(question.time).await;
        Err(Error::TooSlow)
    };
    future::or(exchange(question), late).await
}

async fn exchange(question: &Question) -> Result<Answer, Error> {
    let mut socket = connect(question).await?;
    socket
        .write_all(&request(question))
        .await
        .map_err(Error::Broken)?;
    let mut read = Vec::new();
    let head = loop {
        match reply::parse(&read).map_err(Error::Head)? {
            Parsed::Done(Head { status, framing }, used) => {
                read.drain(..used);
                // Interim answers, 100 Continue, are followed by the real one.
                if status >= 200 {
                    break Head { status, framing };
                }
            }
            Parsed::Incomplete => {
                if more(&mut socket, &mut read).await? == 0 {
                    return Err(Error::CutShort);
                }
            }
        }
    };
    let body = match head.framing {
        Framing::Stated(framing) => {
            let decoder = Decoder::with_room(framing, question.body_bytes).map_err(broken_body)?;
            stated(&mut socket, read, decoder).await?
        }
        Framing::UntilClose => {
            while read.len() <= question.body_bytes {
                if more(&mut socket, &mut read).await? == 0 {
                    let status = head.status;
                    return Ok(Answer { status, body: read });
                }
            }
            return Err(Error::TooLarge);
        }
    };
    let status = head.status;
    Ok(Answer { status, body })
}

async fn connect(question: &Question) -> Result<Async<TcpStream>, Error> {
    let late = async {
        Timer::after(limits::FETCH_CONNECT_TIME).await;
        Err(io::ErrorKind::TimedOut.into())
    };
    future::or(Async::<TcpStream>::connect(question.url.peer), late)
        .await
        .map_err(Error::Connect)
}

/// The whole request.
fn request(question: &Question) -> Vec<u8> {
    let (host, target) = (question.url.authority(), &question.url.target);
    let method = if question.call.is_some() {
        "POST"
    } else {
        "GET"
    };
    let head = format!(
        "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         User-Agent: Linux UPnP/1.1 rill/{}\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let Some(Call { action, envelope }) = &question.call else {
        return (head + "\r\n").into_bytes();
    };
    let fields = format!(
        "Content-Type: text/xml; charset=\"utf-8\"\r\nSOAPACTION: \"{action}\"\r\nContent-Length: {}\r\n\r\n",
        envelope.len()
    );
    [head.as_bytes(), fields.as_bytes(), envelope].concat()
}

/// Decodes a body whose first bytes are `read`.
async fn stated(
    socket: &mut Async<TcpStream>,
    mut read: Vec<u8>,
    mut decoder: Decoder,
) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    while !decoder.decode(&read, &mut body).map_err(broken_body)?.done {
        read.clear();
        if more(socket, &mut read).await? == 0 {
            return Err(Error::CutShort);
        }
    }
    Ok(body)
}

/// Appends what has arrived; how many bytes, 0 at the end.
async fn more(socket: &mut Async<TcpStream>, read: &mut Vec<u8>) -> Result<usize, Error> {
    let mut piece = [0; PIECE_BYTES];
    let count = socket.read(&mut piece).await.map_err(Error::Broken)?;
    read.extend_from_slice(piece.get(..count).unwrap_or_default());
    Ok(count)
}

fn broken_body(error: body::Error) -> Error {
    match error {
        body::Error::TooLarge => Error::TooLarge,
        other => Error::Body(other),
    }
}

#[cfg(test)]
#[path = "fetch_tests.rs"]
mod tests;
