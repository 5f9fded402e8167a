//! `rill ls`: what a server lists, any server's.

use std::{io::Write, net::IpAddr};

use super::{FIND_TIME, Outcome, discover, short_type, shown};
use crate::{
    config::Links,
    limits,
    net::fetch::{self, Call, Question},
    sys::addresses,
    wire::{
        device::read::Description,
        didl::read::{Object, objects},
        soap::reply::{Reply, call},
        text::parse_u32,
        url::absolute::{self, HttpUrl},
    },
};

mod tree;

use tree::{Flag, Page, Walk};

/// The service type without its version.
const CONTENT_DIRECTORY: &str = "urn:schemas-upnp-org:service:ContentDirectory:";
/// The object that everything is below (ContentDirectory:1 §2.8.3).
const ROOT: &str = "0";

/// What was typed behind `rill ls`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A friendly name, a UDN, or the URL of a description.
    pub server: String,
    /// An object id, or titles from the root on: `/Films/Old`. `None`: the root.
    pub object: Option<String>,
    /// `--json`: a line of JSON for each object.
    pub json: bool,
    /// `--recursive`: also what is in the containers.
    pub recursive: bool,
}

/// Runs the command; a reader of `out` that has gone ends it early.
///
/// # Errors
/// In words why the listing cannot be had.
pub fn run(options: &Options, links: &Links, out: &mut dyn Write) -> Result<Outcome, String> {
    let server = find(&options.server, links)?;
    let mut browse = |id: &str, flag: Flag, start: u32| server.browse(id, flag, start);
    let object = options.object.as_deref().unwrap_or(ROOT);
    let (object, path) = if object.starts_with('/') {
        let titles = object.trim_matches('/');
        (tree::resolve(titles, &mut browse)?, titles.to_owned())
    } else if object == ROOT {
        (tree::root(), String::new())
    } else {
        (tree::metadata(object, &mut browse)?, String::new())
    };
    let mut walk = Walk {
        browse: &mut browse,
        json: options.json,
        recursive: options.recursive,
        out,
        listed: 0,
    };
    walk.list(&object, path)
}

/// A `ContentDirectory` that can be called.
struct Server {
    service_type: String,
    control: HttpUrl,
}

fn find(server: &str, links: &Links) -> Result<Server, String> {
    if server.contains("://") {
        let location = location(server)?;
        let shown = shown(&location);
        let answer = fetch::fetch(&super::question(location.clone()));
        let description =
            super::description(answer).map_err(|error| format!("{shown}: {error}"))?;
        return Server::of(&location, &description).map_err(|error| format!("{shown}: {error}"));
    }
    let lists = |found: &super::table::Found| {
        let description = found.description.as_ref();
        description.is_ok_and(|description| Server::of(&found.location, description).is_ok())
    };
    match discover::find(server, links, FIND_TIME, lists)? {
        Some(found) => {
            let description = found.description?;
            Server::of(&found.location, &description).map_err(str::to_owned)
        }
        None => Err(format!(
            "no media server here is called '{server}'; rill discover lists what is there"
        )),
    }
}

/// The URL that the user wrote. A link-local address needs the name of its link: `[fe80::1%eth0]`, or as RFC 6874 has it
/// `[fe80::1%25eth0]`.
fn location(written: &str) -> Result<HttpUrl, String> {
    let location = HttpUrl::parse(written).map_err(|error| {
        format!(
            "{written}: {error}. Write the address in numbers: http://192.168.1.20:8200/description.xml"
        )
    })?;
    let Some(zone) = absolute::zone(written) else {
        let on_a_link = matches!(location.peer.ip(), IpAddr::V6(v6) if v6.is_unicast_link_local());
        if on_a_link {
            return Err(format!(
                "{written}: on which interface is that? Write http://[{}%eth0]:8200/description.xml",
                location.peer.ip()
            ));
        }
        return Ok(location);
    };
    let encoded = zone.strip_prefix("25").filter(|name| !name.is_empty());
    let mut names = [Some(zone), encoded].into_iter().flatten();
    let index = names.find_map(addresses::index_of);
    let index = index.ok_or_else(|| format!("{written}: no interface here is called '{zone}'"))?;
    Ok(location.on_link(index))
}

impl Server {
    /// The `ContentDirectory` of a device. Its control URL must be at the device's own address.
    fn of(location: &HttpUrl, description: &Description) -> Result<Self, &'static str> {
        let service = description.services.iter().find(|service| {
            // It goes into a header field, so it must be just what it seems to be.
            let version = service.service_type.strip_prefix(CONTENT_DIRECTORY);
            version.is_some_and(|version| parse_u32(version.as_bytes()).is_some())
        });
        let service = service.ok_or("it has no ContentDirectory, so it lists nothing")?;
        // An absolute URL too: it is on the link of the description.
        let base = Some(&description.url_base).filter(|base| !base.is_empty());
        let base = base.and_then(|base| HttpUrl::parse(base).ok());
        let base = base.map(|base| base.on_link(location.scope().unwrap_or_default()));
        let base = base
            .filter(|base| base.peer.ip() == location.peer.ip())
            .unwrap_or_else(|| location.clone());
        let control = base.join(&service.control_url).ok();
        let own = |control: &HttpUrl| control.peer.ip() == location.peer.ip();
        Ok(Self {
            service_type: service.service_type.clone(),
            control: control
                .filter(own)
                .ok_or("its control URL is none, or leads to another machine")?,
        })
    }

    /// One call of Browse (ContentDirectory:1 §2.7.4).
    fn browse(&self, id: &str, flag: Flag, start: u32) -> Result<Page, String> {
        let (flag, count) = match flag {
            Flag::Metadata => ("BrowseMetadata", 0),
            Flag::DirectChildren => ("BrowseDirectChildren", limits::BROWSE_PAGE),
        };
        let envelope = call(
            &self.service_type,
            "Browse",
            &[
                ("ObjectID", id),
                ("BrowseFlag", flag),
                ("Filter", "*"),
                ("StartingIndex", &start.to_string()),
                ("RequestedCount", &count.to_string()),
                ("SortCriteria", ""),
            ],
        );
        let answer = fetch::fetch(&Question {
            url: self.control.clone(),
            call: Some(Call {
                action: format!("{}#Browse", self.service_type),
                envelope,
            }),
            body_bytes: limits::BROWSE_BYTES,
            time: limits::BROWSE_TIME,
        })
        .map_err(|error| error.to_string())?;
        let reply = match Reply::parse(&answer.body, "Browse") {
            Ok(reply) => reply,
            // A fault comes with 500; any other status says more than a page that is no SOAP.
            Err(crate::wire::soap::reply::Refusal::Unreadable(_)) if answer.status != 200 => {
                return Err(format!("HTTP status {}", answer.status));
            }
            Err(refusal) => return Err(refusal.to_string()),
        };
        let result = reply.argument("Result").unwrap_or_default();
        let objects = match result.trim() {
            "" => Vec::new(),
            didl => objects(didl.as_bytes()).map_err(|error| format!("its listing is {error}"))?,
        };
        let total = reply.argument("TotalMatches").unwrap_or_default();
        Ok(Page {
            objects,
            total: parse_u32(total.trim().as_bytes()).unwrap_or(0),
        })
    }
}

/// The last words of a class: `videoItem.movie`, `container.storageFolder`.
fn short_class(object: &Object) -> &str {
    let class = short_type(&object.class);
    let class = class.strip_prefix("object.").unwrap_or(class);
    class.strip_prefix("item.").unwrap_or(class)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::device::read::Service;

    fn control(url_base: &str, control_url: &str, version: &str) -> Result<String, &'static str> {
        let location = HttpUrl::parse("http://10.0.0.7:8200/a/d.xml").unwrap();
        control_of(&location, url_base, control_url, version)
    }

    fn control_of(
        location: &HttpUrl,
        url_base: &str,
        control_url: &str,
        version: &str,
    ) -> Result<String, &'static str> {
        let description = Description {
            url_base: url_base.into(),
            services: vec![Service {
                service_type: format!("{CONTENT_DIRECTORY}{version}"),
                control_url: control_url.into(),
            }],
            ..Description::default()
        };
        Server::of(location, &description).map(|server| server.control.to_string())
    }

    #[test]
    fn on_a_link_the_control_url_is_on_the_same_link() {
        let location = HttpUrl::parse("http://[fe80::7]:82/d").unwrap().on_link(4);
        for base in ["", "http://[fe80::7]:82/", "http://[fe80::7%eth0]:82/"] {
            for url in ["/ctl", "http://[fe80::7]:82/ctl"] {
                let control = control_of(&location, base, url, "1");
                assert_eq!(
                    control.as_deref(),
                    Ok("http://[fe80::7%4]:82/ctl"),
                    "{base} {url}"
                );
            }
        }
        assert!(control_of(&location, "", "http://[fe80::8]:82/ctl", "1").is_err());
    }

    #[test]
    fn a_link_local_address_of_the_user_needs_a_link_that_is_there() {
        let expected = Ok("http://[fd00::7]:82/d".to_owned());
        assert_eq!(
            location("http://[fd00::7]:82/d").map(|url| url.to_string()),
            expected
        );
        for (url, why) in [
            ("http://[fe80::7]:82/d", "on which interface is that?"),
            (
                "http://[fe80::7%no-such]/d",
                "no interface here is called 'no-such'",
            ),
            ("http://[fe80::7%25]/d", "no interface here is called '25'"),
        ] {
            assert!(location(url).unwrap_err().contains(why), "{url}");
        }
    }

    #[test]
    fn the_control_url_is_found_beside_the_description_or_the_base() {
        for (base, url, expected) in [
            ("", "/ctl", "http://10.0.0.7:8200/ctl"),
            ("", "ctl", "http://10.0.0.7:8200/a/ctl"),
            ("", "http://10.0.0.7:9/ctl", "http://10.0.0.7:9/ctl"),
            ("http://10.0.0.7:9/b/", "ctl", "http://10.0.0.7:9/b/ctl"),
            // A base elsewhere is not believed.
            ("http://10.0.0.8/b/", "ctl", "http://10.0.0.7:8200/a/ctl"),
            ("nonsense", "/ctl", "http://10.0.0.7:8200/ctl"),
        ] {
            assert_eq!(
                control(base, url, "1").as_deref(),
                Ok(expected),
                "{base} {url}"
            );
        }
        for bad in [
            "http://10.0.0.8/ctl",
            "//10.0.0.8/ctl",
            "http://localhost/ctl",
        ] {
            assert!(control("", bad, "1").is_err(), "{bad}");
        }
        for bad in ["", "1\"\r\nX: y", "+1", "1 "] {
            assert!(control("", "/ctl", bad).is_err(), "{bad}");
        }
    }
}
