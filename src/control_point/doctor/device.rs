//! What a device and the server that runs here said to each other lately, asked of that server: `rill doctor --device`.

use std::{
    io::{self, Write},
    net::IpAddr,
    time::Duration,
};

use super::{Report, host, network, searches};
use crate::{
    config::Config,
    control_point::Outcome,
    json::plain,
    limits,
    net::{
        fetch::{self, Question},
        search::Search,
    },
    wire::{status, url::absolute::HttpUrl},
};

/// Time for the answer: it comes from this machine.
const ASK_TIME: Duration = Duration::from_secs(5);
/// Characters of one line: a SOAP body may be a single one.
const LINE_CHARS: usize = limits::EXCHANGES_BYTES;

/// Prints it, as text that can be put into a report as it is. [`Outcome::Missing`]: nothing is recorded of that device, or
/// no server answers.
pub(super) fn print(device: IpAddr, config: &Config, out: &mut dyn Write) -> Outcome {
    let mut refused = None;
    let search = Search::open(&config.links()).ok();
    let announced = search.as_ref().map(Search::announced).unwrap_or_default();
    // Where it says that it is takes seconds to hear, so that comes last.
    let heard = std::iter::once_with(|| search.map(heard).unwrap_or_default());
    for mut url in searches::guessed(&announced, config.port).chain(heard.flatten()) {
        url.target = format!("{}{device}", status::EXCHANGES);
        match ask(&url) {
            Ok((is_there, text)) => {
                for line in text.lines() {
                    // A reader that has gone still gets the exit status.
                    let _ = writeln!(out, "{}", plain(line, LINE_CHARS));
                }
                return if is_there {
                    Outcome::Found
                } else {
                    Outcome::Missing
                };
            }
            Err(error) => refused = Some(error),
        }
    }
    let why = refused.map_or_else(String::new, |error| format!(": {error}"));
    let _ = writeln!(
        out,
        "The rill that runs here cannot be asked{why}.\nIs it running, and of this version? Is RILL_PORT here as it is there?"
    );
    Outcome::Missing
}

/// Where servers of this machine say that they are.
fn heard(search: Search) -> Vec<HttpUrl> {
    let mut nowhere = io::sink();
    let mut report = Report {
        json: false,
        out: &mut nowhere,
        problems: 0,
    };
    network::examine(search, &host::servers(), &mut report).0
}

/// The text, and whether it is of that device.
fn ask(url: &HttpUrl) -> Result<(bool, String), String> {
    let answer = fetch::fetch(&Question {
        url: url.clone(),
        call: None,
        body_bytes: limits::EXCHANGES_BYTES,
        time: ASK_TIME,
    });
    let answer = answer.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    match answer.status {
        200 if text.starts_with(status::EXCHANGES_MAGIC) => Ok((true, text)),
        404 if text.starts_with(status::NOTHING_RECORDED) => Ok((false, text)),
        _ => Err(format!("HTTP status {}", answer.status)),
    }
}
