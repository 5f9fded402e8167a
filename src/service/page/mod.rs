//! The page for people, and how the server is, for people and programs.
//!
//! ```text
//!  /              the page: texts, style and script beside it; it browses and searches as every control point does
//!  /live          how things are, as server-sent events, as long as somebody listens
//!  /status.json   how things are, once, each skipped file with its reason
//!  /metrics       the same for Prometheus
//!  /exchanges/…   what the device at that address and rill said to each other lately, as text
//!  /health        200, or 503 and what is wrong
//!  POST /rescan   looks at all folders again; from the page alone
//! ```
//!
//! Nothing here is worked out unless it is asked for. What waits for a disk or takes long is asked by `net/page`, off the
//! loop, and comes as [`Facts`].

mod assets;
pub(super) mod for_doctor;
mod health;
mod metrics;
pub mod status;

use std::{sync::Arc, time::Duration};

pub use health::readme_problems;
pub use metrics::readme_table;

use super::{Answer, Body, Request, Response};
use crate::{
    catalogue::{counts::Counts, report::Report},
    wire::{
        http::response::{Head, Status},
        url::Authority,
    },
};

/// What a path of this folder names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// A file of the page, by its place in the table.
    Asset(usize),
    /// How things are.
    Status(Form),
    /// The order to scan.
    Rescan,
}

/// In which form somebody wants to know how things are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As events, for as long as it listens.
    Live,
    /// Once, with every skipped file.
    Json,
    /// For Prometheus.
    Metrics,
    /// Whether anything is wrong.
    Health,
}

impl Door {
    /// The door at this path.
    pub fn find(path: &str) -> Option<Self> {
        Some(match path {
            "/live" => Self::Status(Form::Live),
            "/status.json" => Self::Status(Form::Json),
            "/metrics" => Self::Status(Form::Metrics),
            "/health" => Self::Status(Form::Health),
            "/rescan" => Self::Rescan,
            _ => Self::Asset(assets::find(path)?),
        })
    }
}

/// Answers a GET.
pub(super) fn open(door: Door, request: &Request<'_>) -> Answer {
    match door {
        Door::Asset(number) => Answer::Reply(assets::send(number, request)),
        Door::Status(form) => Answer::Status(form),
        Door::Rescan => Answer::Rescan,
    }
}

/// What a browser reads that asks for a change without saying that it shows our page.
const NOT_FROM_THE_PAGE: &str = "Only the page of this server may ask for that.\n";

/// Orders a scan, if it is our page that asks for it: a page from elsewhere can make a browser in the house post here too.
pub(super) fn rescan(request: &Request<'_>) -> Answer {
    if is_from_the_page(request) {
        return Answer::Rescan;
    }
    Answer::Reply(Response::text(Status::Forbidden, NOT_FROM_THE_PAGE))
}

/// The answer to an order.
pub fn ordered() -> Response {
    Response {
        head: Head::new(Status::NoContent),
        body: Body::Empty,
    }
}

/// Whether a browser says that our own page sends this (Fetch Metadata; RFC 6454 §7): the same name and the same port.
/// Whoever says nothing is no browser that could be trusted to say it.
fn is_from_the_page(request: &Request<'_>) -> bool {
    let fields = &request.head.fields;
    if let Some(site) = fields.sec_fetch_site
        && site != b"same-origin"
    {
        return false;
    }
    let Some(origin) = fields.origin else {
        return fields.sec_fetch_site.is_some();
    };
    let origin = origin.strip_prefix(b"http://").map(Authority::parse);
    matches!((origin, &request.head.authority), (Some(Ok(origin)), Some(host)) if origin == *host)
}

/// What the scanner last told.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// Everything is being looked at.
    pub is_running: bool,
    /// What the last pass found; the same report is in the scanner's hands.
    pub report: Arc<Report>,
    /// Passes finished; a listener knows by it that there is another report.
    pub passes: u32,
    /// How changes are seen.
    pub watched: Watched,
    /// The catalogue could not be written to the state directory.
    pub is_unwritten: bool,
    /// The scanner has ended before the server.
    pub has_ended: bool,
}

/// How changes of the media folders are seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// Directories that the system tells of.
    pub directories: u64,
    /// Directories that are looked at from time to time instead; for each media folder, in the order of the snapshot.
    pub polled: Vec<u32>,
}

/// What `net` has found out for one answer.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Wall clock at the start of the process, seconds since 1970. Does not tremble from one time to the next.
    pub started: u64,
    /// What is listed.
    pub counts: Counts,
    /// How far the pass under way is: files done and found.
    pub done: u32,
    /// Files found so far.
    pub found: u32,
    /// What is being read, as the kernel has it; empty between two passes.
    pub reading: Vec<u8>,
    /// What the process uses.
    pub usage: Usage,
    /// Connections open now.
    pub connections: u64,
    /// Connections that may be open.
    pub connection_limit: u64,
    /// Who listens to [`Form::Live`].
    pub listeners: u64,
    /// Resume positions cannot be kept.
    pub is_keeper_failing: bool,
}

/// What the process uses of what it may; 0: the system does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Bytes in memory, files mapped included.
    pub resident: u64,
    /// Bytes in memory of its own.
    pub anonymous: u64,
    /// Bytes it may have: of its control group, else of the machine.
    pub memory_limit: u64,
    /// Open descriptors.
    pub descriptors: u64,
    /// Descriptors it may open.
    pub descriptor_limit: u64,
    /// Directories that may be watched (`fs.inotify.max_user_watches`).
    pub watch_limit: u64,
}

/// Seconds since 1970 at `uptime`.
fn unix_secs(facts: &Facts, uptime: Duration) -> u64 {
    facts.started.saturating_add(uptime.as_secs())
}

#[cfg(test)]
mod tests;
