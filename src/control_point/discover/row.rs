//! A row of what is on the network, for people and for scripts.

use std::{fmt::Write as _, net::IpAddr};

use super::super::{
    short_type, shown, shown_address,
    table::{Change, Found, Source},
};
use crate::{
    json::{Object, plain},
    service::browser::Service,
};

/// Characters of a cell of the table.
const CELL_CHARS: usize = 40;
/// Columns of the table.
const COLUMNS: usize = 5;

/// A row of either source.
#[derive(Clone, Copy, Debug)]
pub(super) enum Row<'t> {
    Device(&'t Found),
    Service(&'t Service),
}

impl<'t> Row<'t> {
    /// What has happened, in a word, and to whom.
    pub(super) fn of(change: &'t Change) -> (&'static str, Self) {
        match change {
            Change::Appeared(found) => ("appeared", Self::Device(found)),
            Change::Gone(found) => ("gone", Self::Device(found)),
            Change::ServiceAppeared(service) => ("appeared", Self::Service(service)),
            Change::ServiceGone(service) => ("gone", Self::Service(service)),
        }
    }

    /// The name as its owner wrote it; empty where there is no description.
    pub(super) fn name(self) -> &'t str {
        match self {
            Self::Device(found) => match &found.description {
                Ok(description) => &description.friendly_name,
                Err(_) => "",
            },
            Self::Service(service) => &service.name,
        }
    }

    pub(super) fn is_service(self) -> bool {
        matches!(self, Self::Service(_))
    }

    pub(super) fn address(self) -> Option<IpAddr> {
        match self {
            Self::Device(found) => Some(found.address()),
            Self::Service(service) => service.addresses.first().copied(),
        }
    }

    pub(super) fn cells(self) -> [String; COLUMNS] {
        match self {
            Self::Device(found) => cells(found),
            Self::Service(service) => service_cells(service),
        }
    }

    pub(super) fn to_json(self, event: Option<&str>) -> String {
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
        address.map_or_else(String::new, |address| at(*address, service)),
        plain(&service.txt.join(" "), 4 * CELL_CHARS),
    ]
}

/// An address of a service, with its port.
fn at(address: IpAddr, service: &Service) -> String {
    let shown = shown_address(address, service.interface);
    match address {
        IpAddr::V4(_) => format!("{shown}:{}", service.port),
        IpAddr::V6(_) => format!("[{shown}]:{}", service.port),
    }
}

/// `_http._tcp` of `_http._tcp.local`.
fn short_kind(kind: &str) -> &str {
    kind.strip_suffix(".local").unwrap_or(kind)
}

fn service_to_json(line: &mut Object, service: &Service) {
    let shown = |address: &IpAddr| shown_address(*address, service.interface);
    let addresses: Vec<_> = service.addresses.iter().map(shown).collect();
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
    let address = device_address(found);
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
pub(super) fn table(rows: &[Row<'_>]) -> String {
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
fn columns<const N: usize>(lines: &[[String; N]]) -> String {
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

fn device_address(found: &Found) -> String {
    shown_address(found.address(), found.location.scope().unwrap_or_default())
}

fn device_to_json(line: &mut Object, found: &Found) {
    line.text("source", found.source.name());
    line.text("address", &device_address(found));
    line.text("location", &shown(&found.location));
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
    if !found.also.is_empty() {
        let also: Vec<String> = found.also.iter().map(shown).collect();
        line.texts("also", also.iter().map(String::as_str));
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
            also: Vec::new(),
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
            interface: 1,
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
