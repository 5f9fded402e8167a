//! `rill discover`: what is on this network.

use std::{
    fmt::Write as _,
    io::Write,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{
    Outcome,
    lookout::Lookout,
    short_type,
    table::{Change, Found, Source},
};
use crate::{
    config::InterfacePattern,
    json::{Object, plain},
    service::browser::Service,
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
    /// `--json`: a line of JSON for each device and service, or each change. All have `source`, `address`, `name` and
    /// `kind`; `ssdp` adds `location` and what the description says, or `trouble`; `mdns` adds `addresses`, `host`, `port`
    /// and `txt`.
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
pub fn run(
    options: &Options,
    patterns: &[InterfacePattern],
    out: &mut dyn Write,
) -> Result<Outcome, String> {
    match &options.mode {
        Mode::List => {
            let mut lookout = Lookout::open(patterns, None)?;
            lookout.browse();
            let end = options.timeout.unwrap_or(DISCOVER_TIME);
            while lookout.next(Some(end)).is_some() {}
            Ok(list(options.json, &lookout, out))
        }
        Mode::Watch => watch(options, patterns, out),
        Mode::Wait(name) => {
            let end = options.timeout.unwrap_or(WAIT_TIME);
            let mut lookout = Lookout::open(patterns, Some(WAIT_PERIOD))?;
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
    let devices = lookout.table().rows().map(Row::Device);
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
    patterns: &[InterfacePattern],
    time: Duration,
    fits: impl Fn(&Found) -> bool,
) -> Result<Option<Found>, String> {
    let mut lookout = Lookout::open(patterns, Some(WAIT_PERIOD))?;
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

/// A row of either source.
#[derive(Clone, Copy, Debug)]
enum Row<'t> {
    Device(&'t Found),
    Service(&'t Service),
}

impl<'t> Row<'t> {
    /// What has happened, in a word, and to whom.
    fn of(change: &'t Change) -> (&'static str, Self) {
        match change {
            Change::Appeared(found) => ("appeared", Self::Device(found)),
            Change::Gone(found) => ("gone", Self::Device(found)),
            Change::ServiceAppeared(service) => ("appeared", Self::Service(service)),
            Change::ServiceGone(service) => ("gone", Self::Service(service)),
        }
    }

    /// The name as its owner wrote it; empty where there is no description.
    fn name(self) -> &'t str {
        match self {
            Self::Device(found) => match &found.description {
                Ok(description) => &description.friendly_name,
                Err(_) => "",
            },
            Self::Service(service) => &service.name,
        }
    }

    fn is_service(self) -> bool {
        matches!(self, Self::Service(_))
    }

    fn address(self) -> Option<IpAddr> {
        match self {
            Self::Device(found) => Some(found.address),
            Self::Service(service) => service.addresses.first().copied(),
        }
    }

    fn cells(self) -> [String; COLUMNS] {
        match self {
            Self::Device(found) => cells(found),
            Self::Service(service) => service_cells(service),
        }
    }

    fn to_json(self, event: Option<&str>) -> String {
        let mut line = Object::new();
        if let Some(event) = event {
            line.text("event", event);
        }
        match self {
            Self::Device(found) => device_to_json(&mut line, found),
            Self::Service(service) => service_to_json(&mut line, service),
        }
        line.finish() + "\n"
    }
}

/// Keys of TXT that name a model, the best first: of Google Cast, of `AirPlay`, of printers.
const MODEL_KEYS: [&str; 4] = ["md", "model", "am", "ty"];

/// A row for people: name, kind, model, address with port, texts. A terminal is told no more texts than fit.
fn service_cells(service: &Service) -> [String; COLUMNS] {
    // Keys have no case (RFC 6763 §6.4).
    let value = |wanted: &&str| {
        let mut pairs = service.txt.iter().filter_map(|text| text.split_once('='));
        pairs.find_map(|(key, value)| key.eq_ignore_ascii_case(wanted).then_some(value))
    };
    let model = MODEL_KEYS.iter().find_map(value).unwrap_or_default();
    let address = service.addresses.first();
    [
        plain(&service.name, CELL_CHARS),
        plain(short_kind(&service.kind), CELL_CHARS),
        plain(model, CELL_CHARS),
        address.map_or_else(String::new, |address| {
            SocketAddr::new(*address, service.port).to_string()
        }),
        plain(&service.txt.join(" "), 4 * CELL_CHARS),
    ]
}

/// `_http._tcp` of `_http._tcp.local`.
fn short_kind(kind: &str) -> &str {
    kind.strip_suffix(".local").unwrap_or(kind)
}

fn service_to_json(line: &mut Object, service: &Service) {
    let addresses: Vec<_> = service.addresses.iter().map(IpAddr::to_string).collect();
    line.text("source", Source::Mdns.name());
    line.text("address", addresses.first().map_or("", String::as_str));
    line.text("name", &service.name);
    line.text("kind", short_kind(&service.kind));
    line.text("host", &service.host);
    line.number("port", service.port);
    line.texts("addresses", addresses.iter().map(String::as_str));
    line.texts("txt", service.txt.iter().map(String::as_str));
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
fn table(rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let heads = ["NAME", "KIND", "MODEL", "ADDRESS", "SERVICES"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(heads)
        .chain(rows.iter().map(|row| row.cells()))
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

fn device_to_json(line: &mut Object, found: &Found) {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{
        device::read::{self, Description},
        url::absolute::HttpUrl,
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
            services: vec![read::Service {
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
            table(&[Row::Device(&television()), Row::Device(&silent)]),
            "NAME        KIND             MODEL            ADDRESS   SERVICES\n\
             TV\u{fffd}[2J \"1\"  MediaRenderer:1  M                10.0.0.7  AVTransport:1\n\
             ?           ?                HTTP status 404  10.0.0.7\n"
        );
        assert_eq!(table(&[]), "");
    }

    #[test]
    fn lines_of_json_tell_all_that_is_known() {
        assert_eq!(
            Row::Device(&television()).to_json(Some("appeared")),
            "{\"event\":\"appeared\",\"source\":\"ssdp\",\"address\":\"10.0.0.7\",\"location\":\"http://10.0.0.7:8200/d\",\
             \"name\":\"TV\\u001b[2J \\\"1\\\"\",\"kind\":\"MediaRenderer:1\",\
             \"type\":\"urn:schemas-upnp-org:device:MediaRenderer:1\",\"manufacturer\":\"\",\"model\":\"M\",\
             \"model_number\":\"\",\"udn\":\"uuid:1\",\"services\":[\"urn:schemas-upnp-org:service:AVTransport:1\"]}\n"
        );
        assert_eq!(
            Row::Device(&found(Err("slow".into()))).to_json(None),
            "{\"source\":\"ssdp\",\"address\":\"10.0.0.7\",\"location\":\"http://10.0.0.7:8200/d\",\"trouble\":\"slow\"}\n"
        );
    }

    #[test]
    fn services_of_multicast_dns_are_told_in_the_same_columns_and_obey_no_terminal() {
        let service = Service {
            name: "Cast\u{1b}[2J".into(),
            kind: "_googlecast._tcp.local".into(),
            host: "cast.local".into(),
            port: 8009,
            addresses: vec!["10.0.0.8".parse().unwrap(), "fd00::8".parse().unwrap()],
            txt: vec!["id=1\u{7}".into(), "MD=Stick".into(), "alone".into()],
        };
        assert_eq!(
            table(&[Row::Service(&service)]),
            "NAME      KIND              MODEL  ADDRESS        SERVICES\n\
             Cast\u{fffd}[2J  _googlecast._tcp  Stick  10.0.0.8:8009  id=1\u{fffd} MD=Stick alone\n"
        );
        assert_eq!(
            Row::Service(&service).to_json(Some("gone")),
            "{\"event\":\"gone\",\"source\":\"mdns\",\"address\":\"10.0.0.8\",\"name\":\"Cast\\u001b[2J\",\
             \"kind\":\"_googlecast._tcp\",\"host\":\"cast.local\",\"port\":8009,\
             \"addresses\":[\"10.0.0.8\",\"fd00::8\"],\"txt\":[\"id=1\\u0007\",\"MD=Stick\",\"alone\"]}\n"
        );
    }
}
