//! rill on the other side of the wire: what a television or a player sees of the network, told to a shell.
//!
//! ```text
//!  net/search ─► table ─► lookout ─► discover    what is there
//!                            ├─────► ls          what a server lists
//!                            └─────► doctor      why a server is not seen
//! ```
//!
//! `table` is pure: datagrams and descriptions in, rows out, the time handed in. Nothing that a peer says is trusted:
//! it is followed to the peer's own address alone, counted against [`limits`], and shown by
//! [`plain`](crate::json::plain).

pub mod discover;
pub mod doctor;
mod lookout;
pub mod ls;
mod table;

use std::{fmt::Display, net::IpAddr, time::Duration};

use crate::{
    limits,
    net::fetch::{Answer, Error, Question},
    sys::addresses,
    wire::{device::read::Description, url::absolute::HttpUrl},
};

/// How a command ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// What was asked for is there: 0.
    Found,
    /// It is not, or not in time, or not well: 1.
    Missing,
}

/// How long a name is looked for before it counts as not there.
const FIND_TIME: Duration = Duration::from_secs(10);

/// The question for a description.
fn question(url: HttpUrl) -> Question {
    Question {
        url,
        call: None,
        body_bytes: limits::DESCRIPTION_BYTES,
        time: limits::DESCRIPTION_TIME,
    }
}

/// A description out of what came back, or in words why there is none.
fn description(answer: Result<Answer, Error>) -> Result<Description, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("HTTP status {}", answer.status));
    }
    Description::parse(&answer.body).map_err(|error| format!("no description: {error}"))
}

/// The last words of a device or service type: `MediaServer:1`.
fn short_type(whole: &str) -> &str {
    let cut = |mark| whole.split_once(mark).map(|(_, kind)| kind);
    cut(":device:").or(cut(":service:")).unwrap_or(whole)
}

/// A URL with the name of the link that a link-local address is on, as `rill ls` takes it.
fn shown(url: &HttpUrl) -> String {
    match url.scope() {
        Some(link) => format!(
            "http://[{}%{}]:{}{}",
            url.peer.ip(),
            addresses::name_of(link),
            url.peer.port(),
            url.target
        ),
        None => url.to_string(),
    }
}

/// An address with the name of the link that a link-local one is on.
fn shown_address(address: IpAddr, link: u32) -> String {
    match address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            format!("{address}%{}", addresses::name_of(link))
        }
        _ => address.to_string(),
    }
}

/// What the user reads when the network cannot be used at all.
fn no_network(error: impl Display) -> String {
    format!("no socket for searching: {error}")
}
