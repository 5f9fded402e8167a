//! What a television on the same network would hear.

use std::{collections::HashSet, net::IpAddr, time::Duration};

use super::{Finding, Report, host::Process};
use crate::{
    config::InterfacePattern,
    control_point::{description, lookout::search, question},
    net::{
        fetch,
        search::{Event, Search},
    },
    sys::addresses::Address,
    wire::{
        ssdp::{Notice, Saying},
        url::absolute::HttpUrl,
    },
};

/// How long each interface is listened to.
const LISTEN_TIME: Duration = Duration::from_secs(3);
/// When searches are sent: twice, for datagrams get lost.
const SEARCHES: [Duration; 2] = [Duration::ZERO, Duration::from_secs(1)];
const MEDIA_SERVER: &str = "urn:schemas-upnp-org:device:MediaServer:1";
/// Other devices counted; more are as good as these.
const OTHERS: usize = 256;

/// What one interface brought.
#[derive(Debug, Default)]
struct Heard {
    /// Where rill says that its description is: on this interface's own address, or else on another machine's.
    location: Option<HttpUrl>,
    is_own: bool,
    /// An announcement of a rill was heard.
    announced: bool,
    /// Other devices.
    others: HashSet<IpAddr>,
}

/// Looks at every interface; whether rill was heard on all of them.
pub(super) fn examine(
    interfaces: &[Address],
    servers: &[Process],
    report: &mut Report<'_>,
) -> bool {
    if interfaces.is_empty() {
        report.add(&Finding::problem(
            "network",
            "no interface is fit for serving: none is up, has an IPv4 address and can multicast".into(),
            "is the cable in, is the Wi-Fi joined (ip address)? An interface that is left out is named by RILL_INTERFACE",
        ));
        return false;
    }
    let mut all = true;
    for interface in interfaces {
        let heard = match listen(interface) {
            Ok(heard) => heard,
            Err(error) => {
                let what = format!("{}: cannot search from it: {error}", interface.name);
                report.add(&Finding::problem("heard", what, ""));
                all = false;
                continue;
            }
        };
        all &= heard.location.is_some();
        for finding in judge(interface, &heard, servers) {
            report.add(&finding);
        }
        if let Some(location) = heard.location {
            report.add(&reach(location));
        }
    }
    all
}

/// Searches out of one interface and gathers what comes.
fn listen(interface: &Address) -> std::io::Result<Heard> {
    let mut search_out = Search::open(&[InterfacePattern::Address(interface.address)])?;
    let mut heard = Heard::default();
    let mut searches = SEARCHES.into_iter().peekable();
    loop {
        let now = search_out.now();
        if now >= LISTEN_TIME {
            return Ok(heard);
        }
        if searches.next_if(|at| now >= *at).is_some() {
            search_out.send(search(MEDIA_SERVER).as_bytes());
        }
        let due = searches.peek().copied().unwrap_or(LISTEN_TIME);
        if let Event::Heard(datagram) = search_out.next(Some(due))
            && let Ok(notice) = Notice::parse(&datagram.bytes)
        {
            heard.take(interface.address, datagram.from, &notice);
        }
    }
}

impl Heard {
    fn take(&mut self, own: IpAddr, from: IpAddr, notice: &Notice<'_>) {
        let is_rill = notice.server.is_some_and(|server| server.contains("rill/"));
        if from != own && self.others.len() < OTHERS {
            self.others.insert(from);
        }
        if !is_rill {
            return;
        }
        self.announced |= notice.saying == Saying::Alive;
        let location = notice.location.and_then(|text| HttpUrl::parse(text).ok());
        let location = location.filter(|location| location.peer.ip() == from);
        let better = self.location.is_none() || !self.is_own && from == own;
        if notice.saying == Saying::Answer && location.is_some() && better {
            self.location = location;
            self.is_own = from == own;
        }
    }
}

fn judge(interface: &Address, heard: &Heard, servers: &[Process]) -> Vec<Finding> {
    let on = format!("{} ({})", interface.name, interface.address);
    let answer = match (&heard.location, servers.first()) {
        (Some(location), _) => Finding::ok(
            "heard",
            format!(
                "{on}: a search is answered by rill at {}",
                location.peer.ip()
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
        count => Finding::ok(
            "others",
            format!("{on}: {count} other addresses speak SSDP"),
        ),
    };
    let mut findings = vec![answer, others];
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
    let shown = location.to_string();
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
        heard.take("10.0.0.1".parse().unwrap(), from.parse().unwrap(), &notice);
    }

    #[test]
    fn the_own_rill_is_preferred_and_a_location_elsewhere_is_none() {
        let mut heard = Heard::default();
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
        let nobody = judge(&interface(), &Heard::default(), &[]);
        assert_eq!(nobody[0].verdict, Verdict::Problem);
        assert!(nobody[0].what.contains("none runs"), "{nobody:?}");
        let server = Process {
            pid: 7,
            user: "rill".into(),
            ..Process::default()
        };
        let running = judge(&interface(), &Heard::default(), &[server]);
        assert!(
            running[0].what.contains("process 7, user rill"),
            "{running:?}"
        );
        let mut heard = Heard::default();
        take(&mut heard, "10.0.0.1", "rill/1", "http://10.0.0.1/d");
        let fine = judge(&interface(), &heard, &[]);
        assert!(
            fine.iter()
                .all(|finding| finding.verdict != Verdict::Problem),
            "{fine:?}"
        );
    }
}
