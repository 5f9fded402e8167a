//! `rill discover`: what is on this network.

use std::{fmt::Write as _, io::Write, time::Duration};

use super::{
    Outcome,
    lookout::Lookout,
    short_type,
    table::{Change, Found},
};
use crate::{
    config::InterfacePattern,
    json::{Object, plain},
};

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
/// Characters of a cell of the table.
const CELL_CHARS: usize = 40;
/// Columns of the table.
const COLUMNS: usize = 5;

/// What was typed behind `rill discover`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--json`: a line of JSON for each device, or each change.
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
    /// `--wait NAME`: print it as soon as a device of this friendly name, or of this UDN, is there.
    Wait(String),
}

/// Runs the command; a reader of `out` that has gone ends it early.
///
/// # Errors
/// In words why nothing can be searched for.
pub fn run(
    options: &Options,
    patterns: &[InterfacePattern],
    out: &mut dyn Write,
) -> Result<Outcome, String> {
    match &options.mode {
        Mode::List => {
            let mut lookout = Lookout::open(patterns, None)?;
            let end = options.timeout.unwrap_or(DISCOVER_TIME);
            while lookout.next(Some(end)).is_some() {}
            Ok(list(options.json, &lookout, out))
        }
        Mode::Watch => watch(options, patterns, out),
        Mode::Wait(name) => {
            let end = options.timeout.unwrap_or(WAIT_TIME);
            let found = find(name, patterns, end, |_| true)?;
            let Some(found) = found else {
                return Ok(Outcome::Missing);
            };
            let text = if options.json {
                to_json(None, &found)
            } else {
                table(&[&found])
            };
            let _ = out.write_all(text.as_bytes());
            Ok(Outcome::Found)
        }
    }
}

/// Prints all that is there.
fn list(json: bool, lookout: &Lookout, out: &mut dyn Write) -> Outcome {
    let mut rows: Vec<&Found> = lookout.table().rows().collect();
    rows.sort_by_key(|found| (name(found).to_lowercase(), found.address));
    let text = if json {
        rows.iter().map(|found| to_json(None, found)).collect()
    } else {
        table(&rows)
    };
    let _ = out.write_all(text.as_bytes());
    tell_ignored(lookout);
    if rows.is_empty() {
        if lookout.has_network() {
            log::warn!(
                "nothing answers; does a firewall let in what comes to and from UDP port 1900?"
            );
        } else {
            log::warn!("there is no suitable network interface; name one with RILL_INTERFACE");
        }
        return Outcome::Missing;
    }
    Outcome::Found
}

fn watch(
    options: &Options,
    patterns: &[InterfacePattern],
    out: &mut dyn Write,
) -> Result<Outcome, String> {
    let mut lookout = Lookout::open(patterns, Some(WATCH_PERIOD))?;
    if !lookout.hears_announcements() {
        log::warn!(
            "another program holds UDP port 1900 and does not share it: announcements go unheard, only searches tell"
        );
        lookout = Lookout::open(patterns, Some(DEAF_PERIOD))?;
    }
    let mut outcome = Outcome::Missing;
    while let Some(change) = lookout.next(options.timeout) {
        let (event, found) = match &change {
            Change::Appeared(found) => ("appeared", found),
            Change::Gone(found) => ("gone", found),
        };
        outcome = Outcome::Found;
        let line = if options.json {
            to_json(Some(event), found)
        } else {
            let cells = cells(found).join("  ");
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
    patterns: &[InterfacePattern],
    time: Duration,
    fits: impl Fn(&Found) -> bool,
) -> Result<Option<Found>, String> {
    let mut lookout = Lookout::open(patterns, Some(WAIT_PERIOD))?;
    let wanted = wanted.trim().to_lowercase();
    while let Some(change) = lookout.next(Some(time)) {
        if let Change::Appeared(found) = change
            && let Ok(description) = &found.description
            && [&description.friendly_name, &description.udn]
                .iter()
                .any(|name| name.to_lowercase() == wanted)
            && fits(&found)
        {
            return Ok(Some(found));
        }
    }
    tell_ignored(&lookout);
    Ok(None)
}

fn tell_ignored(lookout: &Lookout) {
    if let Some(ignored) = lookout.table().ignored() {
        log::warn!("{ignored}; they were ignored");
    }
}

/// The friendly name as the device wrote it; empty where there is no description.
fn name(found: &Found) -> &str {
    match &found.description {
        Ok(description) => &description.friendly_name,
        Err(_) => "",
    }
}

/// A row for people: name, kind, model, address, services. What has no description says why in the place of its model.
fn cells(found: &Found) -> [String; COLUMNS] {
    let cell = |text: &str| plain(text, CELL_CHARS);
    let address = found.address.to_string();
    match &found.description {
        Ok(of) => {
            let services = of.services.iter().map(|s| short_type(&s.service_type));
            let model = format!("{} {}", of.model_name, of.model_number);
            [
                cell(&of.friendly_name),
                cell(short_type(&of.device_type)),
                cell(model.trim()),
                address,
                plain(&services.collect::<Vec<_>>().join(" "), 4 * CELL_CHARS),
            ]
        }
        Err(trouble) => [
            "?".into(),
            "?".into(),
            cell(trouble),
            address,
            String::new(),
        ],
    }
}

/// Rows under their headings, as wide as needed.
fn table(rows: &[&Found]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads = ["NAME", "KIND", "MODEL", "ADDRESS", "SERVICES"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(heads)
        .chain(rows.iter().map(|found| cells(found)))
        .collect();
    columns(&lines)
}

/// Lines of cells, all but the last of a line padded to the widest of their column.
pub(super) fn columns<const N: usize>(lines: &[[String; N]]) -> String {
    let mut widths = [0; N];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut text = String::new();
    for line in lines {
        let mut whole = String::new();
        for (width, cell) in widths.iter().zip(line) {
            // Writing to a String cannot fail.
            let _ = write!(whole, "{cell:<width$}  ");
        }
        text += whole.trim_end();
        text.push('\n');
    }
    text
}

/// A line of JSON.
fn to_json(event: Option<&str>, found: &Found) -> String {
    let mut line = Object::new();
    if let Some(event) = event {
        line.text("event", event);
    }
    line.text("source", found.source.name());
    line.text("address", &found.address.to_string());
    line.text("location", &found.location.to_string());
    match &found.description {
        Ok(of) => {
            line.text("name", &of.friendly_name);
            line.text("kind", short_type(&of.device_type));
            line.text("type", &of.device_type);
            line.text("manufacturer", &of.manufacturer);
            line.text("model", &of.model_name);
            line.text("model_number", &of.model_number);
            line.text("udn", &of.udn);
            line.texts(
                "services",
                of.services.iter().map(|service| &*service.service_type),
            );
        }
        Err(trouble) => line.text("trouble", trouble),
    }
    line.finish() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        control_point::table::Source,
        wire::{
            device::read::{Description, Service},
            url::absolute::HttpUrl,
        },
    };

    fn found(description: Result<Description, String>) -> Found {
        Found {
            source: Source::Ssdp,
            address: "10.0.0.7".parse().unwrap(),
            location: HttpUrl::parse("http://10.0.0.7:8200/d").unwrap(),
            description,
        }
    }

    fn television() -> Found {
        found(Ok(Description {
            udn: "uuid:1".into(),
            device_type: "urn:schemas-upnp-org:device:MediaRenderer:1".into(),
            friendly_name: "TV\u{1b}[2J \"1\"".into(),
            model_name: "M".into(),
            services: vec![Service {
                service_type: "urn:schemas-upnp-org:service:AVTransport:1".into(),
                control_url: String::new(),
            }],
            ..Description::default()
        }))
    }

    #[test]
    fn rows_stand_under_their_headings_and_obey_no_terminal() {
        let silent = found(Err("HTTP status 404".into()));
        assert_eq!(
            table(&[&television(), &silent]),
            "NAME        KIND             MODEL            ADDRESS   SERVICES\n\
             TV\u{fffd}[2J \"1\"  MediaRenderer:1  M                10.0.0.7  AVTransport:1\n\
             ?           ?                HTTP status 404  10.0.0.7\n"
        );
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn lines_of_json_tell_all_that_is_known() {
        assert_eq!(
            to_json(Some("appeared"), &television()),
            "{\"event\":\"appeared\",\"source\":\"ssdp\",\"address\":\"10.0.0.7\",\"location\":\"http://10.0.0.7:8200/d\",\
             \"name\":\"TV\\u001b[2J \\\"1\\\"\",\"kind\":\"MediaRenderer:1\",\
             \"type\":\"urn:schemas-upnp-org:device:MediaRenderer:1\",\"manufacturer\":\"\",\"model\":\"M\",\
             \"model_number\":\"\",\"udn\":\"uuid:1\",\"services\":[\"urn:schemas-upnp-org:service:AVTransport:1\"]}\n"
        );
        assert_eq!(
            to_json(None, &found(Err("slow".into()))),
            "{\"source\":\"ssdp\",\"address\":\"10.0.0.7\",\"location\":\"http://10.0.0.7:8200/d\",\"trouble\":\"slow\"}\n"
        );
    }
}
