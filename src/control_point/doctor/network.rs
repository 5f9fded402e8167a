//! What a television on the same network would hear.

use std::{collections::HashSet, net::IpAddr, time::Duration};

use super::{Finding, Report, host::Process};
use crate::{
    control_point::{description, lookout::search, question, shown, shown_address},
    net::{
        fetch,
        search::{Event, Heard as Datagram, Search},
    },
    sys::addresses::Address,
    wire::{
        ssdp::{Notice, Saying},
        url::absolute::HttpUrl,
    },
};

/// How long is listened.
const LISTEN_TIME: Duration = Duration::from_secs(3);
/// When searches are sent: twice, for datagrams get lost.
const SEARCHES: [Duration; 2] = [Duration::ZERO, Duration::from_secs(1)];
const MEDIA_SERVER: &str = "urn:schemas-upnp-org:device:MediaServer:1";
/// Other devices counted; more are as good as these.
const OTHERS: usize = 256;

/// What was heard on one interface by one family of addresses.
#[derive(Debug)]
struct Heard {
    /// The address that a server would announce there.
    own: Address,
    /// Where rill says that its description is: on this machine, or else on another one.
    location: Option<HttpUrl>,
    is_own: bool,
    /// An announcement of a rill was heard.
    announced: bool,
    /// Other devices.
    others: HashSet<IpAddr>,
}

/// Searches out of every interface and says what came; where this machine's rill answers, and whether it was heard
/// everywhere.
pub(super) fn examine(
    search: Search,
    servers: &[Process],
    report: &mut Report<'_>,
) -> (Vec<HttpUrl>, bool) {
    if search.interfaces().is_empty() {
        report.add(&Finding::problem(
            "network",
            "no interface is fit for serving: none is up, has an address and can multicast".into(),
            "is the cable in, is the Wi-Fi joined (ip address)? An interface that is left out is named by RILL_INTERFACE",
        ));
        return (Vec::new(), false);
    }
    let mut own = Vec::new();
    let mut all = true;
    for heard in listen(search) {
        all &= heard.location.is_some();
        for finding in judge(&heard, servers) {
            report.add(&finding);
        }
        if let Some(location) = heard.location {
            report.add(&reach(location.clone()));
            if heard.is_own {
                own.push(location);
            }
        }
    }
    (own, all)
}

/// Searches as a television does, and gathers what comes on each interface.
fn listen(mut searching: Search) -> Vec<Heard> {
    let addresses: Vec<IpAddr> = searching.interfaces().iter().map(|of| of.address).collect();
    let announced = searching.announced();
    let mut all: Vec<_> = announced.into_iter().map(Heard::nothing).collect();
    let mut searches = SEARCHES.into_iter().peekable();
    loop {
        let now = searching.now();
        if now >= LISTEN_TIME {
            return all;
        }
        if searches.next_if(|at| now >= *at).is_some() {
            searching.send(|to| search(MEDIA_SERVER, to));
        }
        let due = searches.peek().copied().unwrap_or(LISTEN_TIME);
        if let Event::Heard(datagram) = searching.next(Some(due))
            && let Ok(notice) = Notice::parse(&datagram.bytes)
        {
            let here = |heard: &&mut Heard| heard.is_where(&datagram);
            if let Some(heard) = all.iter_mut().find(here) {
                let is_own = addresses.contains(&datagram.from);
                heard.take(datagram.from, is_own, &notice);
            }
        }
    }
}

impl Heard {
    fn nothing(own: Address) -> Self {
        Self {
            own,
            location: None,
            is_own: false,
            announced: false,
            others: HashSet::new(),
        }
    }

    /// Whether a datagram came here. An answer of IPv4 from this machine comes by the loop, but to the address that asked.
    fn is_where(&self, datagram: &Datagram) -> bool {
        let own = &self.own;
        if own.address.is_ipv4() && !datagram.to.is_multicast() {
            return datagram.to == own.address;
        }
        datagram.from.is_ipv4() == own.address.is_ipv4() && datagram.interface == own.index
    }

    fn take(&mut self, from: IpAddr, is_own: bool, notice: &Notice<'_>) {
        let is_rill = notice.server.is_some_and(|server| server.contains("rill/"));
        if !is_own && self.others.len() < OTHERS {
            self.others.insert(from);
        }
        if !is_rill {
            return;
        }
        self.announced |= notice.saying == Saying::Alive;
        let location = notice.location.and_then(|text| HttpUrl::parse(text).ok());
        let location = location.filter(|location| location.peer.ip() == from);
        let better = self.location.is_none() || !self.is_own && is_own;
        if notice.saying == Saying::Answer && location.is_some() && better {
            self.location = location.map(|location| location.on_link(self.own.index));
            self.is_own = is_own;
        }
    }
}

fn judge(heard: &Heard, servers: &[Process]) -> Vec<Finding> {
    let own = &heard.own;
    let on = format!("{} ({})", own.name, own.address);
    let answer = match (&heard.location, servers.first()) {
        (Some(location), _) => Finding::ok(
            "heard",
            format!(
                "{on}: a search is answered by rill at {}",
                shown_address(location.peer.ip(), own.index)
            ),
        ),
        (None, Some(server)) => Finding::problem(
            "heard",
            format!(
                "{on}: rill runs (process {}, user {}) and does not answer a search",
                server.pid, server.user
            ),
            "is this interface among RILL_INTERFACE? does a firewall drop UDP port 1900?",
        ),
        (None, None) => Finding::problem(
            "heard",
            format!("{on}: no rill answers a search, and none runs on this machine"),
            "systemctl start rill, or: rill FOLDER",
        ),
    };
    let others = match heard.others.len() {
        0 => Finding::unknown(
            "others",
            format!("{on}: nobody else answers a search"),
            "if there are televisions: are they on, and in the same network? \
             a guest Wi-Fi or \"client isolation\" keeps them apart",
        ),
        1 => Finding::ok("others", format!("{on}: one other address speaks SSDP")),
        count => Finding::ok(
            "others",
            format!("{on}: {count} other addresses speak SSDP"),
        ),
    };
    // Hardly any television speaks IPv6; that none does is no news.
    let known = own.address.is_ipv4() || !heard.others.is_empty();
    let mut findings = vec![answer];
    findings.extend(known.then_some(others));
    if heard.location.is_some() {
        let secs = LISTEN_TIME.as_secs();
        findings.push(if heard.announced {
            Finding::ok("announced", format!("{on}: an announcement of rill was heard"))
        } else {
            Finding::unknown(
                "announced",
                format!(
                    "{on}: no announcement of rill in {secs} s, which is usual: they come every RILL_NOTIFY_INTERVAL seconds"
                ),
                "",
            )
        });
    }
    findings
}

/// Fetches the description as a television would.
fn reach(location: HttpUrl) -> Finding {
    let shown = shown(&location);
    match description(fetch::fetch(&question(location))) {
        Ok(of) => Finding::ok("reachable", format!("{shown} is '{}'", of.friendly_name)),
        Err(error) => Finding::problem(
            "reachable",
            format!("{shown}: {error}"),
            "does a firewall drop this TCP port? is this address among RILL_ALLOW?",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_point::doctor::Verdict;

    fn interface() -> Address {
        Address {
            name: "eth0".into(),
            index: 2,
            address: "10.0.0.1".parse().unwrap(),
            prefix_len: 24,
            running: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
            lasting: true,
        }
    }

    fn take(heard: &mut Heard, from: &str, server: &str, location: &str) {
        let text = format!(
            "HTTP/1.1 200 OK\r\nST: x\r\nUSN: uuid:1\r\nSERVER: {server}\r\nLOCATION: {location}\r\n\r\n"
        );
        let notice = Notice::parse(text.as_bytes()).unwrap();
        let is_own = from == "10.0.0.1";
        heard.take(from.parse().unwrap(), is_own, &notice);
    }

    #[test]
    fn the_own_rill_is_preferred_and_a_location_elsewhere_is_none() {
        let mut heard = Heard::nothing(interface());
        take(
            &mut heard,
            "10.0.0.9",
            "Linux UPnP/1.1 rill/1",
            "http://10.0.0.8/d",
        );
        take(
            &mut heard,
            "10.0.0.9",
            "Linux UPnP/1.1 other/1",
            "http://10.0.0.9/d",
        );
        assert_eq!((&heard.location, heard.others.len()), (&None, 1));
        take(
            &mut heard,
            "10.0.0.9",
            "Linux UPnP/1.1 rill/1",
            "http://10.0.0.9/d",
        );
        take(
            &mut heard,
            "10.0.0.1",
            "Linux UPnP/1.1 rill/1",
            "http://10.0.0.1/d",
        );
        take(
            &mut heard,
            "10.0.0.9",
            "Linux UPnP/1.1 rill/1",
            "http://10.0.0.9/e",
        );
        assert_eq!(heard.location.unwrap().to_string(), "http://10.0.0.1:80/d");
    }

    #[test]
    fn silence_is_a_problem_of_its_own_where_rill_runs() {
        let nobody = judge(&Heard::nothing(interface()), &[]);
        assert_eq!(nobody[0].verdict, Verdict::Problem);
        assert!(nobody[0].what.contains("none runs"), "{nobody:?}");
        let server = Process {
            pid: 7,
            user: "rill".into(),
            ..Process::default()
        };
        let running = judge(&Heard::nothing(interface()), &[server]);
        assert!(
            running[0].what.contains("process 7, user rill"),
            "{running:?}"
        );
        let mut heard = Heard::nothing(interface());
        take(&mut heard, "10.0.0.1", "rill/1", "http://10.0.0.1/d");
        let fine = judge(&heard, &[]);
        assert!(
            fine.iter()
                .all(|finding| finding.verdict != Verdict::Problem),
            "{fine:?}"
        );
    }

    #[test]
    fn datagrams_are_told_apart_by_the_interface_or_the_address_that_asked() {
        let on = |index: u32, address: &str| {
            Heard::nothing(Address {
                index,
                address: address.parse().unwrap(),
                ..interface()
            })
        };
        let (v4, v6) = (on(2, "10.0.0.1"), on(2, "fd00::1"));
        let other = on(3, "10.0.1.1");
        for (from, interface, to, expected) in [
            ("10.0.0.9", 2, "239.255.255.250", [true, false, false]),
            ("10.0.1.9", 3, "239.255.255.250", [false, false, true]),
            ("10.0.0.9", 2, "10.0.0.1", [true, false, false]),
            // From this machine, by the loop.
            ("10.0.0.1", 1, "10.0.0.1", [true, false, false]),
            ("10.0.1.1", 1, "10.0.1.1", [false, false, true]),
            ("fe80::9", 2, "ff02::c", [false, true, false]),
            ("fe80::9", 2, "fe80::1", [false, true, false]),
            ("fe80::9", 3, "fe80::1", [false; 3]),
        ] {
            let datagram = Datagram {
                bytes: vec![],
                from: from.parse().unwrap(),
                interface,
                to: to.parse().unwrap(),
            };
            let found = [&v4, &v6, &other].map(|heard| heard.is_where(&datagram));
            assert_eq!(found, expected, "{from} {interface} {to}");
        }
    }
}
