//! `rill doctor`: what could keep televisions from seeing this server, looked at from the machine it runs on.
//!
//! It searches as a television does, from each interface, and looks at the machine: the port, the folders, the limits, the
//! clock. What it cannot see from here (a switch, a Wi-Fi) it does not judge.

use std::{fmt::Write as _, io::Write, net::IpAddr};

use super::Outcome;
use crate::{
    config::{Config, Links},
    json::{Object, plain},
    net::search::Search,
};

mod device;
mod folders;
mod host;
mod network;
mod searches;

/// Characters of what is found, on one line.
const LINE_CHARS: usize = 500;
/// 2024-01-01: no rill is older than that.
const EARLIEST: u64 = 1_704_067_200;
/// 2100-01-01.
const LATEST: u64 = 4_102_444_800;

/// What was typed behind `rill doctor`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `--json`: a line of JSON for each finding.
    pub json: bool,
    /// `--device ADDRESS`: nothing is looked at; what that device and rill said lately is printed.
    pub device: Option<IpAddr>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// As it should be.
    Ok,
    /// Not as it should be.
    Problem,
    /// Cannot be seen from here, or not with these rights.
    Unknown,
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
            Self::Unknown => "unknown",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Finding {
    /// What was looked at: a word for scripts.
    check: &'static str,
    verdict: Verdict,
    /// What was found, a clause.
    what: String,
    /// What to do about it; empty if nothing.
    advice: String,
}

impl Finding {
    fn ok(check: &'static str, what: String) -> Self {
        Self {
            check,
            verdict: Verdict::Ok,
            what,
            advice: String::new(),
        }
    }

    fn problem(check: &'static str, what: String, advice: impl Into<String>) -> Self {
        Self {
            check,
            verdict: Verdict::Problem,
            what,
            advice: advice.into(),
        }
    }

    fn unknown(check: &'static str, what: String, advice: impl Into<String>) -> Self {
        Self {
            verdict: Verdict::Unknown,
            ..Self::problem(check, what, advice)
        }
    }

    fn to_line(&self, json: bool) -> String {
        if json {
            let mut line = Object::new();
            line.text("check", self.check);
            line.text("verdict", self.verdict.name());
            line.text("what", &self.what);
            if !self.advice.is_empty() {
                line.text("do", &self.advice);
            }
            return line.finish() + "\n";
        }
        let what = plain(&self.what, LINE_CHARS);
        let mut text = format!("{:<8} {:<10} {what}\n", self.verdict.name(), self.check);
        for advice in self.advice.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{:19} -> {}", "", plain(advice, LINE_CHARS));
        }
        text
    }
}

/// Where findings go, one by one: some take seconds.
struct Report<'a> {
    json: bool,
    out: &'a mut dyn Write,
    problems: usize,
}

impl Report<'_> {
    fn add(&mut self, finding: &Finding) {
        if finding.verdict == Verdict::Problem {
            self.problems += 1;
        }
        // A reader that has gone still gets the exit status.
        let _ = self.out.write_all(finding.to_line(self.json).as_bytes());
        let _ = self.out.flush();
    }
}

/// Looks at everything. `config` is the configuration, or what is wrong with it; [`Outcome::Found`]: no problem.
pub fn run(
    options: &Options,
    config: Result<Config, String>,
    unix_secs: u64,
    out: &mut dyn Write,
) -> Outcome {
    if let (Some(device), Ok(config)) = (options.device, &config) {
        return device::print(device, config, out);
    }
    let mut report = Report {
        json: options.json,
        out,
        problems: 0,
    };
    report.add(&clock(unix_secs));
    let (links, port, media) = match config {
        Ok(config) => {
            report.add(&Finding::ok(
                "settings",
                "the configuration makes sense".into(),
            ));
            (config.links(), config.port, config.media)
        }
        Err(error) => {
            let advice = "settings of the service are in /etc/rill.env: set -a; . /etc/rill.env; rill doctor";
            let everywhere = Links {
                interfaces: Vec::new(),
                ipv6: true,
            };
            report.add(&Finding::problem(
                "settings",
                error.replace('\n', " "),
                advice,
            ));
            (everywhere, 0, Vec::new())
        }
    };
    let servers = host::servers();
    report.add(&host::ssdp_port());
    match Search::open(&links) {
        Ok(search) => {
            report.add(&host::container(search.interfaces()));
            let announced = search.announced();
            let (own, heard) = network::examine(search, &servers, &mut report);
            for finding in searches::examine(&announced, own, port, !servers.is_empty()) {
                report.add(&finding);
            }
            report.add(&host::firewall(heard));
        }
        Err(error) => report.add(&Finding::problem(
            "network",
            super::no_network(error),
            "is another security module in the way? try as root",
        )),
    }
    for finding in folders::examine(&media, &servers) {
        report.add(&finding);
    }
    match report.problems {
        0 => Outcome::Found,
        _ => Outcome::Missing,
    }
}

fn clock(unix_secs: u64) -> Finding {
    if (EARLIEST..LATEST).contains(&unix_secs) {
        return Finding::ok("clock", "the clock may be right".into());
    }
    Finding::problem(
        "clock",
        format!("the clock says {unix_secs} seconds since 1970, which is not now"),
        "set it, or let systemd-timesyncd or chrony do so: a board without a battery forgets it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_neither_in_1970_nor_in_2200() {
        for (secs, verdict) in [
            (0, Verdict::Problem),
            (EARLIEST, Verdict::Ok),
            (LATEST, Verdict::Problem),
            (u64::MAX, Verdict::Problem),
        ] {
            assert_eq!(clock(secs).verdict, verdict, "{secs}");
        }
    }

    #[test]
    fn a_finding_is_a_line_and_what_to_do_follows_it() {
        let finding = Finding::problem("port-1900", "held by x\u{1b}".into(), "stop it\nor move");
        assert_eq!(
            finding.to_line(false),
            "problem  port-1900  held by x\u{fffd}\n                    -> stop it\n                    -> or move\n"
        );
        assert_eq!(
            finding.to_line(true),
            "{\"check\":\"port-1900\",\"verdict\":\"problem\",\"what\":\"held by x\\u001b\",\"do\":\"stop it\\nor move\"}\n"
        );
        assert_eq!(
            Finding::ok("clock", "fine".into()).to_line(false),
            "ok       clock      fine\n"
        );
    }
}
