//! What renderers say of themselves before they ask anything: their announcements point to a description, which names maker
//! and model where a request does not.
//!
//! A LOCATION is believed only if it names, by number, the address that the announcement came from: nobody can send rill
//! anywhere but to himself. Each address is asked seldom, and few are remembered.

use std::{net::IpAddr, time::Duration};

use super::Told;
use crate::{
    limits,
    service::Shared,
    wire::{
        device::read::Description,
        ssdp::{Notice, Saying},
        url::absolute::HttpUrl,
    },
};

/// A renderer whose description is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Renderer {
    /// Its address.
    pub address: IpAddr,
    /// Where its description is.
    pub location: HttpUrl,
    /// Its SERVER.
    server: String,
}

/// Whose description was asked for, and when.
#[derive(Clone, Debug, Default)]
pub struct Renderers {
    asked: Vec<(IpAddr, Duration)>,
}

impl Renderers {
    /// Hears a datagram from `from`; what it gives is to be asked for once.
    pub fn hear(&mut self, uptime: Duration, from: IpAddr, datagram: &[u8]) -> Option<Renderer> {
        let notice = Notice::parse(datagram).ok()?;
        let is_renderer =
            notice.saying == Saying::Alive && notice.target.contains(":device:MediaRenderer:");
        let location = HttpUrl::parse(notice.location.filter(|_| is_renderer)?).ok()?;
        if location.peer.ip() != from || !self.may_ask(uptime, from) {
            return None;
        }
        let server = notice.server.unwrap_or_default();
        Some(Renderer {
            address: from,
            location,
            server: server.to_owned(),
        })
    }

    /// One question to an address in [`limits::RENDERER_TIME`]; a full table waits until one of them has passed.
    fn may_ask(&mut self, uptime: Duration, from: IpAddr) -> bool {
        self.asked
            .retain(|(_, at)| uptime.saturating_sub(*at) < limits::RENDERER_TIME);
        let is_known = self.asked.iter().any(|(address, _)| *address == from);
        if is_known || self.asked.len() >= limits::RENDERERS {
            return false;
        }
        self.asked.push((from, uptime));
        true
    }
}

impl Renderer {
    /// Takes note of the description, which was read from [`Self::location`].
    pub fn describe(&self, document: &[u8], uptime: Duration, shared: &Shared) {
        let Ok(found) = Description::parse(document) else {
            return;
        };
        let told = Told::of_description(&self.server, &found.friendly_name, &found.model_name);
        shared
            .devices
            .borrow_mut()
            .learn(self.address, &told, uptime);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RENDERER: &str = "urn:schemas-upnp-org:device:MediaRenderer:1";

    fn alive(target: &str, location: &str) -> String {
        format!(
            "NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nNT: {target}\r\nNTS: ssdp:alive\r\n\
             USN: uuid:1::{target}\r\nLOCATION: {location}\r\nSERVER: Linux UPnP/1.0 TV/1\r\n\r\n"
        )
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn a_renderer_is_asked_once_in_a_while_and_at_its_own_address() {
        let mut renderers = Renderers::default();
        let mut hear = |secs, last, text: &str| {
            let uptime = Duration::from_secs(secs);
            let found = renderers.hear(uptime, address(last), text.as_bytes());
            found.map(|found| found.location.peer.to_string())
        };
        let own = "http://10.0.0.7:9197/dmr";
        assert_eq!(hear(0, 7, &alive("upnp:rootdevice", own)), None);
        assert_eq!(hear(0, 7, &alive(RENDERER, "http://10.0.0.8/")), None);
        assert_eq!(hear(0, 7, &alive(RENDERER, "http://tv.example/")), None);
        assert_eq!(hear(0, 7, &alive(RENDERER, "https://10.0.0.7/")), None);
        let bye = alive(RENDERER, own).replace("ssdp:alive", "ssdp:byebye");
        assert_eq!(hear(0, 7, &bye), None);
        assert_eq!(hear(0, 7, "M-SEARCH * HTTP/1.1\r\n\r\n"), None);
        assert_eq!(
            hear(0, 7, &alive(RENDERER, own)).as_deref(),
            Some("10.0.0.7:9197")
        );
        assert_eq!(hear(5, 7, &alive(RENDERER, own)), None);
        let later = limits::RENDERER_TIME.as_secs();
        assert!(hear(later, 7, &alive(RENDERER, own)).is_some());
    }

    #[test]
    fn the_table_is_bounded_and_comes_free_again() {
        let mut renderers = Renderers::default();
        let mut heard = |n: usize, uptime| {
            let last = u8::try_from(n).unwrap();
            let text = alive(RENDERER, &format!("http://10.0.0.{n}/"));
            renderers
                .hear(uptime, address(last), text.as_bytes())
                .is_some()
        };
        let early = (0..=limits::RENDERERS)
            .filter(|n| heard(*n, Duration::ZERO))
            .count();
        assert_eq!(early, limits::RENDERERS);
        assert!(heard(limits::RENDERERS, limits::RENDERER_TIME));
    }
}
