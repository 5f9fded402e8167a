//! Whole `http` URLs with a literal address, and what a relative reference means beside one (RFC 3986 §5).
//!
//! Host names are refused: what a peer names must be followed to its own address and nowhere else, and a name could
//! lead anywhere.

use std::fmt::{self, Write as _};
use std::net::{IpAddr, SocketAddr};

use super::{Authority, Error, Host};

/// An absolute URL that can be asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpUrl {
    /// Where to connect. A link-local address says by its scope on which link, once [`HttpUrl::on_link`] was told.
    pub peer: SocketAddr,
    /// The request target: begins with `/`, printable ASCII without blanks.
    pub target: String,
}

impl HttpUrl {
    /// Reads an absolute URL; a fragment is dropped, and a zone, which means something to its writer only.
    ///
    /// # Errors
    /// [`Error::Form`] if it is of another scheme; [`Error::Authority`] if its host is not an address;
    /// [`Error::Control`].
    pub fn parse(text: &str) -> Result<Self, Error> {
        let (scheme, rest) = text.split_once("://").ok_or(Error::Form)?;
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(Error::Form);
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let Authority { host, port } = Authority::parse(authority.as_bytes())?;
        let address: IpAddr = match host {
            Host::V4(address) => address.into(),
            Host::V6(address) => address.into(),
            Host::Name(_) => return Err(Error::Authority),
        };
        Ok(Self {
            peer: SocketAddr::new(address, port.unwrap_or(80)),
            target: clean(target)?,
        })
    }

    /// The same, heard or meant on the interface of this number: a link-local address is one on that link.
    #[must_use]
    pub fn on_link(mut self, interface: u32) -> Self {
        if let SocketAddr::V6(peer) = &mut self.peer
            && peer.ip().is_unicast_link_local()
        {
            peer.set_scope_id(interface);
        }
        self
    }

    /// The number of the interface that a link-local address is on.
    pub fn scope(&self) -> Option<u32> {
        match self.peer {
            SocketAddr::V6(peer) if peer.scope_id() != 0 => Some(peer.scope_id()),
            _ => None,
        }
    }

    /// What stands in `Host`: address and port without a zone (RFC 6874 §4).
    pub fn authority(&self) -> SocketAddr {
        SocketAddr::new(self.peer.ip(), self.peer.port())
    }

    /// What `reference` means on a page that is at this URL; an address there is on the same link.
    ///
    /// # Errors
    /// As [`HttpUrl::parse`].
    pub fn join(&self, reference: &str) -> Result<Self, Error> {
        let scheme = reference.find([':', '/', '?', '#']);
        if scheme.is_some_and(|at| reference[at..].starts_with(':')) {
            return Ok(Self::parse(reference)?.on_link(self.scope().unwrap_or_default()));
        }
        if reference.starts_with("//") {
            return self.join(&format!("http:{reference}"));
        }
        let path = self.target.split('?').next().unwrap_or_default();
        let target = match reference.chars().next() {
            Some('/') => clean(reference)?,
            None | Some('#') => self.target.clone(),
            Some('?') => path.to_owned() + &clean(reference)?[1..],
            Some(_) => {
                let folder = path.rfind('/').map_or("/", |slash| &path[..=slash]);
                clean(&format!("{folder}{reference}"))?
            }
        };
        Ok(Self {
            peer: self.peer,
            target,
        })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.peer, self.target)
    }
}

/// The zone that somebody wrote into a URL: `eth0` of `http://[fe80::1%eth0]:8200/`.
pub fn zone(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://[")?;
    let (host, _) = rest.split_once(']')?;
    host.split_once('%').map(|(_, zone)| zone)
}

/// A request target out of what stands behind the authority: a slash in front, no fragment, no dot segments in the path,
/// blanks and what is not ASCII percent-encoded.
fn clean(text: &str) -> Result<String, Error> {
    if text.chars().any(char::is_control) {
        return Err(Error::Control);
    }
    let text = text.split('#').next().unwrap_or_default();
    let (path, query) = text.split_at(text.find('?').unwrap_or(text.len()));
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // `/a/..` names a folder, with its slash.
                if last {
                    kept.push("");
                }
            }
            _ => kept.push(segment),
        }
    }
    let mut target = String::with_capacity(text.len() + 1);
    for part in kept
        .iter()
        .flat_map(|segment| ["/", segment])
        .chain([query])
    {
        for byte in part.bytes() {
            if byte.is_ascii_graphic() {
                target.push(byte.into());
            } else {
                let _ = write!(target, "%{byte:02X}");
            }
        }
    }
    Ok(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_an_address_and_a_target() {
        for (text, expected) in [
            ("http://10.0.0.1:8200/d.xml", "http://10.0.0.1:8200/d.xml"),
            ("HTTP://10.0.0.1", "http://10.0.0.1:80/"),
            ("http://10.0.0.1?a=b#c", "http://10.0.0.1:80/?a=b"),
            (
                "http://[fe80::1]:1/x y\u{e9}",
                "http://[fe80::1]:1/x%20y%C3%A9",
            ),
            ("http://10.0.0.1/a/./b/../../../c/..", "http://10.0.0.1:80/"),
            ("http://10.0.0.1/a/b/..", "http://10.0.0.1:80/a/"),
            ("http://10.0.0.1//a", "http://10.0.0.1:80//a"),
        ] {
            let url = HttpUrl::parse(text).map(|url| url.to_string());
            assert_eq!(url.as_deref(), Ok(expected), "{text}");
        }
        for (bad, error) in [
            ("", Error::Form),
            ("10.0.0.1/", Error::Form),
            ("https://10.0.0.1/", Error::Form),
            ("file:///etc/passwd", Error::Form),
            ("http:///x", Error::Authority),
            ("http://nas/x", Error::Authority),
            ("http://127.1/", Error::Authority),
            ("http://a@10.0.0.1/", Error::Authority),
            ("http://10.0.0.1:99999/", Error::Authority),
            ("http://10.0.0.1/a\r\nHost: b", Error::Control),
            ("http://10.0.0.1/\u{9b}", Error::Control),
        ] {
            assert_eq!(HttpUrl::parse(bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn a_link_local_address_is_on_a_link_and_host_does_not_say_which() {
        let there = HttpUrl::parse("http://[fe80::1%eth7]:82/d").unwrap();
        assert_eq!(
            (there.scope(), there.to_string().as_str()),
            (None, "http://[fe80::1]:82/d")
        );
        let there = there.on_link(3);
        assert_eq!(
            (there.scope(), there.to_string().as_str()),
            (Some(3), "http://[fe80::1%3]:82/d")
        );
        assert_eq!(there.authority().to_string(), "[fe80::1]:82");
        for (reference, expected) in [
            ("/c", "http://[fe80::1%3]:82/c"),
            ("http://[fe80::1]/c", "http://[fe80::1%3]:80/c"),
            ("//[fe80::2]/c", "http://[fe80::2%3]:80/c"),
            ("http://[fd00::1]/c", "http://[fd00::1]:80/c"),
        ] {
            let url = there.join(reference).unwrap();
            assert_eq!(url.to_string(), expected, "{reference}");
        }
        let elsewhere = HttpUrl::parse("http://[fd00::1]/").unwrap().on_link(3);
        assert_eq!(elsewhere.scope(), None);
        for (url, expected) in [
            ("http://[fe80::1%eth0]:8200/x%20y", Some("eth0")),
            ("http://[fe80::1%25eth0]/", Some("25eth0")),
            ("http://[fe80::1]/%25", None),
            ("http://10.0.0.1/[a%b]", None),
            ("http://[fe80::1%", None),
            ("", None),
        ] {
            assert_eq!(zone(url), expected, "{url}");
        }
    }

    #[test]
    fn references_are_resolved_beside_their_page() {
        let base = HttpUrl::parse("http://10.0.0.1:8200/a/d.xml?q").unwrap();
        for (reference, expected) in [
            ("/c", "http://10.0.0.1:8200/c"),
            ("c", "http://10.0.0.1:8200/a/c"),
            ("./c/./d", "http://10.0.0.1:8200/a/c/d"),
            ("../c", "http://10.0.0.1:8200/c"),
            ("../../../c", "http://10.0.0.1:8200/c"),
            ("?x=y", "http://10.0.0.1:8200/a/d.xml?x=y"),
            ("", "http://10.0.0.1:8200/a/d.xml?q"),
            ("//10.0.0.2/x", "http://10.0.0.2:80/x"),
            ("http://10.0.0.2/x", "http://10.0.0.2:80/x"),
            ("c?u=http://x", "http://10.0.0.1:8200/a/c?u=http://x"),
            ("/c:d", "http://10.0.0.1:8200/c:d"),
        ] {
            let url = base.join(reference).map(|url| url.to_string());
            assert_eq!(url.as_deref(), Ok(expected), "{reference}");
        }
        for bad in ["ftp://10.0.0.1/", "file:x", "//name/x", "a\nb", "c:d"] {
            assert!(base.join(bad).is_err(), "{bad}");
        }
    }
}
