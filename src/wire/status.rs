//! What a running server tells `rill doctor` of itself: a line for each fact, the first one saying what follows.
//!
//! ```text
//! rill status 1
//! uptime 4711
//! search 3 2 10.0.0.1 10.0.0.9 upnp:rootdevice
//! ```
//! `uptime` in seconds. `search`: of an interface the last one that another machine sent: seconds ago, number of the
//! interface, the server's address there, who asked, and for what. Lines that are not known are passed over.

use std::fmt;
use std::net::IpAddr;

use super::text::{parse_u32, parse_u64};
use crate::limits;

/// Path of the document.
pub const PATH: &str = "/status";
/// Where the path begins under which the last exchanges with a device are told, for people; its address follows.
pub const EXCHANGES: &str = "/exchanges/";
/// The first line of that text.
pub const EXCHANGES_MAGIC: &str = "rill exchanges 1";
/// How the answer begins if there is none.
pub const NOTHING_RECORDED: &str = "Nothing is recorded of ";
const MAGIC: &str = "rill status 1";

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Seconds since the start.
    pub uptime_secs: u64,
    /// The last search on each interface, at most [`limits::SHOWN_SEARCHES`].
    pub searches: Vec<Search>,
}

/// The last search on an interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search {
    /// How long ago, seconds.
    pub ago_secs: u64,
    /// Number of the interface.
    pub interface: u32,
    /// The server's address there.
    pub local: IpAddr,
    /// Who asked.
    pub from: IpAddr,
    /// What for: a stranger's text, without control characters.
    pub target: String,
}

/// The document is of something else, or cut short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no status of rill")
    }
}

impl std::error::Error for Error {}

impl fmt::Display for Status {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{MAGIC}\nuptime {}", self.uptime_secs)?;
        for search in &self.searches {
            let Search {
                ago_secs,
                interface,
                local,
                from,
                target,
            } = search;
            writeln!(out, "search {ago_secs} {interface} {local} {from} {target}")?;
        }
        Ok(())
    }
}

impl Status {
    /// Reads the document.
    ///
    /// # Errors
    /// It is not UTF-8, does not begin as it must, or does not say the uptime.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let text = str::from_utf8(bytes).map_err(|_| Error)?;
        let mut lines = text.lines();
        if lines.next() != Some(MAGIC) {
            return Err(Error);
        }
        let mut uptime = None;
        let mut searches = Vec::new();
        for line in lines {
            match line.split_once(' ') {
                Some(("uptime", secs)) => uptime = parse_u64(secs.as_bytes()),
                Some(("search", rest)) if searches.len() < limits::SHOWN_SEARCHES => {
                    searches.extend(search(rest));
                }
                _ => {}
            }
        }
        Ok(Self {
            uptime_secs: uptime.ok_or(Error)?,
            searches,
        })
    }
}

/// `None` too where the text could move the cursor of a terminal: the server leaves no such characters in it.
fn search(line: &str) -> Option<Search> {
    if line.contains(char::is_control) {
        return None;
    }
    let mut words = line.splitn(5, ' ');
    Some(Search {
        ago_secs: parse_u64(words.next()?.as_bytes())?,
        interface: parse_u32(words.next()?.as_bytes())?,
        local: words.next()?.parse().ok()?,
        from: words.next()?.parse().ok()?,
        target: words.next()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole() -> Status {
        let search = |interface, local: &str, from: &str, target: &str| Search {
            ago_secs: 3,
            interface,
            local: local.parse().unwrap(),
            from: from.parse().unwrap(),
            target: target.into(),
        };
        Status {
            uptime_secs: 4711,
            searches: vec![
                search(2, "10.0.0.1", "10.0.0.9", "upnp:rootdevice"),
                search(3, "fd00::1", "fe80::9", "a b  c\u{e9}"),
            ],
        }
    }

    #[test]
    fn it_reads_exactly_so_and_is_read_back() {
        let text = whole().to_string();
        assert_eq!(
            text,
            "rill status 1\nuptime 4711\nsearch 3 2 10.0.0.1 10.0.0.9 upnp:rootdevice\n\
             search 3 3 fd00::1 fe80::9 a b  c\u{e9}\n"
        );
        assert_eq!(Status::parse(text.as_bytes()), Ok(whole()));
    }

    #[test]
    fn every_prefix_is_whole_or_refused() {
        let text = whole().to_string();
        for end in 0..text.len() {
            let read = Status::parse(&text.as_bytes()[..end]);
            assert_eq!(
                read.is_ok(),
                end > "rill status 1\nuptime ".len() && text.is_char_boundary(end),
                "{end}"
            );
        }
    }

    #[test]
    fn what_is_something_else_is_refused_and_what_is_new_passed_over() {
        for bad in [
            &b"<html>"[..],
            b"rill status 2\nuptime 1\n",
            b"rill status 1\n",
            b"rill status 1\nuptime -1\n",
            b"\xff",
        ] {
            assert_eq!(Status::parse(bad), Err(Error), "{bad:?}");
        }
        let odd = "rill status 1\nuptime 1\nnews 2\nsearch\nsearch 1 2 3\nsearch 1 2 x 10.0.0.9 y\n\
                   search 1 4294967296 10.0.0.1 10.0.0.9 y\nsearch 1 2 10.0.0.1 10.0.0.9 y\u{1b}[2J\n";
        let read = Status::parse(odd.as_bytes()).unwrap();
        assert_eq!((read.uptime_secs, read.searches.len()), (1, 0));
        let many = format!(
            "rill status 1\nuptime 1\n{}",
            "search 1 2 10.0.0.1 10.0.0.9 y\n".repeat(100)
        );
        assert_eq!(
            Status::parse(many.as_bytes()).unwrap().searches.len(),
            limits::SHOWN_SEARCHES
        );
    }
}
