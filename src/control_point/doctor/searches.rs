//! Whether searches of other machines reach the server that runs here: it is asked itself.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::Finding;
use crate::{
    control_point::{shown, shown_address},
    limits,
    net::fetch::{self, Question},
    sys::addresses::Address,
    wire::{
        status::{self, Status},
        url::absolute::HttpUrl,
    },
};

/// Time for the answer: it comes from this machine.
const ASK_TIME: Duration = Duration::from_secs(2);
/// So long after its start nobody may have searched yet; most televisions search every few minutes.
const EARLY_SECS: u64 = 600;
/// The word for scripts.
const CHECK: &str = "searched";

/// A finding for each interface. `own`: LOCATIONs that were heard from this machine; `port`: where the server should be
/// besides, if that is known. Nothing where none runs.
pub(super) fn examine(
    announced: &[Address],
    own: Vec<HttpUrl>,
    port: u16,
    runs: bool,
) -> Vec<Finding> {
    let mut refused = None;
    for mut url in own.into_iter().chain(guessed(announced, port)) {
        status::PATH.clone_into(&mut url.target);
        match ask(&url) {
            Ok(status) => return judge(announced, &status),
            Err(error) => refused = refused.or(Some(format!("{}: {error}", shown(&url)))),
        }
    }
    let unasked = refused.filter(|_| runs).map(|error| {
        let what = format!("the rill that runs cannot be asked for the last searches: {error}");
        Finding::unknown(
            CHECK,
            what,
            "is it of another version? is RILL_PORT here as it is there?",
        )
    });
    unasked.into_iter().collect()
}

/// Where the server of this machine is, if `port` is the one that it has; 0: nobody knows.
pub(super) fn guessed(announced: &[Address], port: u16) -> impl Iterator<Item = HttpUrl> {
    let here = announced.iter().map(|of| (of.address, of.index));
    let here = here.chain([(IpAddr::from([127, 0, 0, 1]), 0)]);
    here.filter(move |_| port != 0)
        .filter_map(move |(address, index)| {
            let at = SocketAddr::new(address, port);
            Some(HttpUrl::parse(&format!("http://{at}")).ok()?.on_link(index))
        })
}

fn ask(url: &HttpUrl) -> Result<Status, String> {
    let answer = fetch::fetch(&Question {
        url: url.clone(),
        call: None,
        body_bytes: limits::STATUS_BYTES,
        time: ASK_TIME,
    });
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("HTTP status {}", answer.status));
    }
    Status::parse(&answer.body).map_err(|error| error.to_string())
}

fn judge(announced: &[Address], status: &Status) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut seen: Vec<u32> = Vec::new();
    for own in announced {
        if seen.contains(&own.index) {
            continue;
        }
        seen.push(own.index);
        let mut searches = status.searches.iter();
        let Some(last) = searches.find(|search| search.interface == own.index) else {
            findings.push(silence(own, status.uptime_secs));
            continue;
        };
        let what = format!(
            "{}: the last search came from {}, {} ago, for {}",
            own.name,
            shown_address(last.from, own.index),
            span(last.ago_secs),
            last.target
        );
        findings.push(Finding::ok(CHECK, what));
    }
    findings
}

fn silence(own: &Address, uptime_secs: u64) -> Finding {
    let what = format!(
        "{}: no search of another machine has reached rill since its start {} ago",
        own.name,
        span(uptime_secs)
    );
    let advice = if uptime_secs < EARLY_SECS {
        "switch a television on, or run rill discover on another machine, and look again"
    } else {
        "run rill discover on another machine and look again. If none comes then, multicast does not reach this one: \
         a firewall (UDP port 1900), or \"IGMP snooping\", \"multicast filter\" or \"client isolation\" in the router"
    };
    Finding::unknown(CHECK, what, advice)
}

/// A time as people say it.
fn span(secs: u64) -> String {
    match secs {
        0..120 => format!("{secs} s"),
        120..7_200 => format!("{} min", secs / 60),
        7_200..172_800 => format!("{} h", secs / 3_600),
        _ => format!("{} days", secs / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control_point::doctor::Verdict;

    fn address(name: &str, index: u32, address: &str) -> Address {
        Address {
            name: name.into(),
            index,
            address: address.parse().unwrap(),
            prefix_len: 24,
            running: true,
            multicast: true,
            loopback: false,
            point_to_point: false,
            lasting: true,
        }
    }

    #[test]
    fn each_interface_is_told_once_with_who_asked_there_or_that_nobody_did() {
        let all = [
            address("eth0", 2, "10.0.0.1"),
            address("eth0", 2, "fd00::1"),
            address("wlan0", 3, "10.0.1.1"),
        ];
        let text = b"rill status 1\nuptime 7300\nsearch 200 2 10.0.0.1 10.0.0.9 upnp:rootdevice\n";
        let status = Status::parse(text).unwrap();
        let found = judge(&all, &status);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(
            (found[0].verdict, &*found[0].what),
            (
                Verdict::Ok,
                "eth0: the last search came from 10.0.0.9, 3 min ago, for upnp:rootdevice"
            )
        );
        assert_eq!(
            (found[1].verdict, &*found[1].what),
            (
                Verdict::Unknown,
                "wlan0: no search of another machine has reached rill since its start 2 h ago"
            )
        );
        assert!(found[1].advice.contains("IGMP snooping"));
        let young = judge(&all, &Status::default());
        assert!(
            young[0].advice.starts_with("switch a television on"),
            "{young:?}"
        );
    }

    #[test]
    fn times_are_told_in_one_unit() {
        for (secs, text) in [
            (0, "0 s"),
            (119, "119 s"),
            (120, "2 min"),
            (7_200, "2 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(span(secs), text);
        }
    }
}
