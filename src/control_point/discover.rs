//! `rill discover`: what is on this network.

use std::{io::Write, time::Duration};

use super::{
    Outcome,
    lookout::Lookout,
    table::{Change, Found},
};
use crate::config::Links;

mod row;

use row::{Row, table};

/// How long is looked, where nothing else is said.
const DISCOVER_TIME: Duration = Duration::from_secs(5);
/// How long a name is waited for, where nothing else is said.
const WAIT_TIME: Duration = Duration::from_secs(30);
/// From one round of searches to the next while somebody waits.
const WAIT_PERIOD: Duration = Duration::from_secs(3);
/// The same while announcements tell most of it.
const WATCH_PERIOD: Duration = Duration::from_secs(120);
/// The same where announcements cannot be heard.
const DEAF_PERIOD: Duration = Duration::from_secs(20);

/// What was typed behind `rill discover`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--json`: a line of JSON for each device and service, or each change. All have `source`, `address`, `name` and
    /// `kind`; `ssdp` adds `location` and what the description says, or `trouble`, and `also`, its other locations; `mdns`
    /// adds `addresses`, `host`, `port` and `txt`.
    pub json: bool,
    /// What to do with what is found.
    pub mode: Mode,
    /// `--timeout`, where it was given.
    pub timeout: Option<Duration>,
}

/// What to do with what is found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Print it when the time is over.
    #[default]
    List,
    /// `--watch`: print what appears and goes as it happens; without a timeout, for ever.
    Watch,
    /// `--wait NAME`: print it as soon as a device of this friendly name, or of this UDN, or a service of this name is
    /// there.
    Wait(String),
}

/// Runs the command; a reader of `out` that has gone ends it early.
///
/// # Errors
/// In words why nothing can be searched for.
pub fn run(options: &Options, links: &Links, out: &mut dyn Write) -> Result<Outcome, String> {
    match &options.mode {
        Mode::List => {
            let mut lookout = Lookout::open(links, None)?;
            lookout.browse();
            let end = options.timeout.unwrap_or(DISCOVER_TIME);
            while lookout.next(Some(end)).is_some() {}
            Ok(list(options.json, &lookout, out))
        }
        Mode::Watch => watch(options, links, out),
        Mode::Wait(name) => {
            let end = options.timeout.unwrap_or(WAIT_TIME);
            let mut lookout = Lookout::open(links, Some(WAIT_PERIOD))?;
            lookout.browse();
            let Some(change) = wait(&mut lookout, name, end, |_| true) else {
                return Ok(Outcome::Missing);
            };
            let (_, row) = Row::of(&change);
            let text = if options.json {
                row.to_json(None)
            } else {
                table(&[row])
            };
            let _ = out.write_all(text.as_bytes());
            Ok(Outcome::Found)
        }
    }
}

/// Prints all that is there.
fn list(json: bool, lookout: &Lookout, out: &mut dyn Write) -> Outcome {
    let devices = lookout.table().rows();
    let devices = devices.iter().map(Row::Device);
    let services = lookout.table().services().map(Row::Service);
    let mut rows: Vec<Row<'_>> = devices.chain(services).collect();
    // Of one name the devices first.
    rows.sort_by_key(|row| (row.name().to_lowercase(), row.is_service(), row.address()));
    let text = if json {
        rows.iter().map(|row| row.to_json(None)).collect()
    } else {
        table(&rows)
    };
    let _ = out.write_all(text.as_bytes());
    tell_ignored(lookout);
    if rows.is_empty() {
        if lookout.has_network() {
            log::warn!(
                "nothing answers; does a firewall let in what comes to and from UDP ports 1900 and 5353?"
            );
        } else {
            log::warn!("there is no suitable network interface; name one with RILL_INTERFACE");
        }
        return Outcome::Missing;
    }
    Outcome::Found
}

fn watch(options: &Options, links: &Links, out: &mut dyn Write) -> Result<Outcome, String> {
    let mut lookout = Lookout::open(links, Some(WATCH_PERIOD))?;
    if !lookout.hears_announcements() {
        log::warn!(
            "another program holds UDP port 1900 and does not share it: announcements go unheard, only searches tell"
        );
        lookout = Lookout::open(links, Some(DEAF_PERIOD))?;
    }
    lookout.browse();
    let mut outcome = Outcome::Missing;
    while let Some(change) = lookout.next(options.timeout) {
        let (event, row) = Row::of(&change);
        outcome = Outcome::Found;
        let line = if options.json {
            row.to_json(Some(event))
        } else {
            let cells = row.cells().join("  ");
            format!("{event:<9} {}\n", cells.trim_end())
        };
        let written = out.write_all(line.as_bytes()).and_then(|()| out.flush());
        if written.is_err() {
            break;
        }
    }
    tell_ignored(&lookout);
    Ok(outcome)
}

/// Looks for a device by its friendly name, whose case does not count, or by its UDN; for at most `time`.
///
/// # Errors
/// In words why nothing can be searched for.
pub(super) fn find(
    wanted: &str,
    links: &Links,
    time: Duration,
    fits: impl Fn(&Found) -> bool,
) -> Result<Option<Found>, String> {
    let mut lookout = Lookout::open(links, Some(WAIT_PERIOD))?;
    match wait(&mut lookout, wanted, time, fits) {
        Some(Change::Appeared(found)) => Ok(Some(found)),
        // Nobody browses.
        _ => Ok(None),
    }
}

/// Waits for a device that fits and has this name or UDN, or for a service of this name.
fn wait(
    lookout: &mut Lookout,
    wanted: &str,
    time: Duration,
    fits: impl Fn(&Found) -> bool,
) -> Option<Change> {
    let wanted = wanted.trim().to_lowercase();
    let is_wanted = |name: &str| name.to_lowercase() == wanted;
    while let Some(change) = lookout.next(Some(time)) {
        let found = match &change {
            Change::Appeared(found) => found.description.as_ref().is_ok_and(|of| {
                (is_wanted(&of.friendly_name) || is_wanted(&of.udn)) && fits(found)
            }),
            Change::ServiceAppeared(service) => is_wanted(&service.name),
            Change::Gone(_) | Change::ServiceGone(_) => false,
        };
        if found {
            return Some(change);
        }
    }
    tell_ignored(lookout);
    None
}

fn tell_ignored(lookout: &Lookout) {
    if let Some(ignored) = lookout.table().ignored() {
        log::warn!("{ignored}; they were ignored");
    }
}
