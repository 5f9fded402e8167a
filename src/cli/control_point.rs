//! The words behind `discover`, `ls` and `doctor`.

use std::{ffi::OsString, net::IpAddr, time::Duration};

use lexopt::{Arg, Error, Parser, ValueExt as _};

use super::Command;
use crate::control_point::{
    discover::{self, Mode},
    doctor, ls,
};

/// Longest `--timeout`, seconds: a day.
const TIMEOUT_SECS: u64 = 86_400;

pub(super) fn discover(parser: &mut Parser) -> Result<Command, Error> {
    let mut options = discover::Options::default();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("json") => options.json = true,
            Arg::Long("watch") if options.mode == Mode::List => options.mode = Mode::Watch,
            Arg::Long("wait") if options.mode == Mode::List => {
                options.mode = Mode::Wait(parser.value()?.string()?);
            }
            Arg::Long("watch" | "wait") => {
                return Err("--watch and --wait exclude each other".into());
            }
            Arg::Long("timeout") => options.timeout = Some(timeout(parser)?),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Discover(options))
}

pub(super) fn ls(parser: &mut Parser) -> Result<Command, Error> {
    let mut options = ls::Options::default();
    let mut words: Vec<String> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("json") => options.json = true,
            Arg::Long("recursive") | Arg::Short('R') => options.recursive = true,
            Arg::Value(word) if words.len() < 2 => words.push(word.string()?),
            other => return Err(other.unexpected()),
        }
    }
    let mut words = words.into_iter();
    options.server = words
        .next()
        .ok_or("ls needs the name of a server or the URL of its description")?;
    options.object = words.next();
    Ok(Command::Ls(options))
}

pub(super) fn doctor(parser: &mut Parser) -> Result<Command, Error> {
    let mut options = doctor::Options::default();
    let mut folders: Vec<OsString> = Vec::new();
    while let Some(arg) = parser.next()? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Long("json") => options.json = true,
            Arg::Long("device") => options.device = Some(address(parser)?),
            Arg::Value(folder) => folders.push(folder),
            other => return Err(other.unexpected()),
        }
    }
    if options.json && options.device.is_some() {
        return Err("--device prints text alone: not with --json".into());
    }
    Ok(Command::Doctor(options, folders))
}

fn address(parser: &mut Parser) -> Result<IpAddr, Error> {
    let value = parser.value()?.string()?;
    let address = value.parse();
    address.map_err(|_| format!("--device is an IP address, as 192.168.1.20, not '{value}'").into())
}

fn timeout(parser: &mut Parser) -> Result<Duration, Error> {
    let value = parser.value()?.string()?;
    let secs = value
        .parse()
        .ok()
        .filter(|secs| (1..=TIMEOUT_SECS).contains(secs));
    secs.map(Duration::from_secs).ok_or_else(|| {
        format!("--timeout is a number of seconds from 1 to {TIMEOUT_SECS}, not '{value}'").into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::parse;

    fn run(line: &str) -> Result<Command, String> {
        let words = line.split_whitespace().map(OsString::from);
        parse(words).map_err(|error| error.to_string())
    }

    fn discover(json: bool, mode: Mode, timeout: Option<u64>) -> Command {
        Command::Discover(discover::Options {
            json,
            mode,
            timeout: timeout.map(Duration::from_secs),
        })
    }

    #[test]
    fn the_words_of_discover_ls_and_doctor_are_understood() {
        let ls = |server: &str, object: Option<&str>, json, recursive| {
            Command::Ls(ls::Options {
                server: server.into(),
                object: object.map(str::to_owned),
                json,
                recursive,
            })
        };
        for (line, expected) in [
            ("discover", discover(false, Mode::List, None)),
            (
                "discover --timeout 7 --json",
                discover(true, Mode::List, Some(7)),
            ),
            (
                "discover --watch --timeout=1",
                discover(false, Mode::Watch, Some(1)),
            ),
            (
                "discover --wait --watch",
                discover(false, Mode::Wait("--watch".into()), None),
            ),
            ("ls NAS", ls("NAS", None, false, false)),
            ("ls --json NAS -R /a/b", ls("NAS", Some("/a/b"), true, true)),
            (
                "ls --recursive -- NAS -1",
                ls("NAS", Some("-1"), false, true),
            ),
            (
                "doctor",
                Command::Doctor(doctor::Options::default(), vec![]),
            ),
            (
                "doctor --device 10.0.0.9",
                Command::Doctor(
                    doctor::Options {
                        device: Some([10, 0, 0, 9].into()),
                        ..doctor::Options::default()
                    },
                    vec![],
                ),
            ),
            (
                "doctor --json /m",
                Command::Doctor(
                    doctor::Options {
                        json: true,
                        device: None,
                    },
                    vec!["/m".into()],
                ),
            ),
            ("discover -h", Command::Help),
            ("ls --help", Command::Help),
        ] {
            assert_eq!(run(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "discover NAS",
            "discover --watch --wait x",
            "discover --watch --watch",
            "discover --wait",
            "discover --timeout",
            "discover --timeout 0",
            "discover --timeout 86401",
            "discover --timeout 1.5",
            "discover --recursive",
            "ls",
            "ls --json",
            "ls a b c",
            "ls --watch a",
            "doctor --watch",
            "doctor --device",
            "doctor --device tv",
            "doctor --json --device 10.0.0.9",
        ] {
            assert!(run(line).is_err(), "{line}");
        }
    }
}
