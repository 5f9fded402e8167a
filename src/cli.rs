//! The command line: what was typed becomes a [`Command`]; `--help` and all other texts about it are [`printed`].

use std::{ffi::OsString, fmt, io};

use lexopt::Arg;
use log::LevelFilter;
use simplelog::{ConfigBuilder, WriteLogger};

use crate::control_point::{discover, doctor, ls};

mod control_point;
pub mod printed;

/// What to do. The folders of a command win over `RILL_MEDIA`; they are read by
/// [`Config::from`](crate::config::Config::from).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Serve the library until a signal.
    Serve(Vec<OsString>),
    /// Look through the folders, write the catalogue and report.
    Scan(Vec<OsString>),
    /// Look through the folders and print all that is known of each file, as JSON; keep nothing.
    ScanJson(Vec<OsString>),
    /// Say what is on the network.
    Discover(discover::Options),
    /// List what a server lists.
    Ls(ls::Options),
    /// Say why televisions may not see this server.
    Doctor(doctor::Options, Vec<OsString>),
    /// Print the resolved configuration.
    CheckConfig(Vec<OsString>),
    /// Print [`printed::version`].
    Version,
    /// Print [`printed::help`].
    Help,
}

/// A command line that cannot be obeyed; its text ends with a pointer to `--help`.
#[derive(Debug)]
pub struct Error(lexopt::Error);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. rill --help lists what there is", self.0)
    }
}

impl std::error::Error for Error {}

/// Reads the arguments that follow the program's name.
///
/// `--help` and `--version` win over whatever stands beside them. After `--` everything is a folder.
///
/// # Errors
/// An option that does not exist, or one with a value.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Command, Error> {
    let mut parser = lexopt::Parser::from_args(args.into_iter().collect::<Vec<_>>());
    let mut command: fn(Vec<OsString>) -> Command = Command::Serve;
    let mut folders = Vec::new();
    let mut first = true;
    let mut is_scan = false;
    while let Some(arg) = parser.next().map_err(Error)? {
        match arg {
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            Arg::Short('V') | Arg::Long("version") => return Ok(Command::Version),
            Arg::Long("check-config") => {
                command = Command::CheckConfig;
                is_scan = false;
            }
            Arg::Value(word) if first && word == "serve" => first = false,
            Arg::Value(word) if first && word == "discover" => {
                return control_point::discover(&mut parser).map_err(Error);
            }
            Arg::Value(word) if first && word == "ls" => {
                return control_point::ls(&mut parser).map_err(Error);
            }
            Arg::Value(word) if first && word == "doctor" => {
                return control_point::doctor(&mut parser).map_err(Error);
            }
            Arg::Value(word) if first && word == "scan" => {
                command = Command::Scan;
                (first, is_scan) = (false, true);
            }
            Arg::Long("json") if is_scan => command = Command::ScanJson,
            Arg::Value(folder) => {
                folders.push(folder);
                first = false;
            }
            other => return Err(Error(other.unexpected())),
        }
    }
    Ok(command(folders))
}

/// Sends log lines up to `level` to standard error; without a time of their own if the journal adds one.
///
/// Only the first call in a process has an effect.
pub fn open_log(level: LevelFilter, journal: bool) {
    let mut form = ConfigBuilder::new();
    form.set_thread_level(LevelFilter::Off);
    form.set_location_level(LevelFilter::Off);
    form.set_target_level(LevelFilter::Off);
    if journal {
        form.set_time_level(LevelFilter::Off);
    } else {
        form.set_time_format_rfc3339();
    }
    // A line goes out whole: in one call instead of twenty, and never mixed with another's.
    let lines = io::LineWriter::new(io::stderr());
    let _ = WriteLogger::init(level, form.build(), lines);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Command, String> {
        parse(args.iter().map(OsString::from)).map_err(|error| error.to_string())
    }

    fn folders(names: &[&str]) -> Vec<OsString> {
        names.iter().map(OsString::from).collect()
    }

    #[test]
    fn commands_and_options_are_told_apart() {
        for (args, expected) in [
            (&[][..], Command::Serve(vec![])),
            (&["/a", "b c"], Command::Serve(folders(&["/a", "b c"]))),
            (&["serve", "/a"], Command::Serve(folders(&["/a"]))),
            (&["serve", "scan"], Command::Serve(folders(&["scan"]))),
            (&["scan"], Command::Scan(vec![])),
            (&["scan", "/a"], Command::Scan(folders(&["/a"]))),
            (&["scan", "--json"], Command::ScanJson(vec![])),
            (
                &["scan", "/a", "--json", "/b"],
                Command::ScanJson(folders(&["/a", "/b"])),
            ),
            (&["./scan"], Command::Serve(folders(&["./scan"]))),
            (&["--", "--odd"], Command::Serve(folders(&["--odd"]))),
            (
                &["--check-config", "/a"],
                Command::CheckConfig(folders(&["/a"])),
            ),
            (&["serve", "--check-config"], Command::CheckConfig(vec![])),
            (&["/a", "--version"], Command::Version),
            (&["-V"], Command::Version),
            (&["scan", "-h"], Command::Help),
            (
                &["serve", "discover"],
                Command::Serve(folders(&["discover"])),
            ),
        ] {
            assert_eq!(run(args), Ok(expected), "{args:?}");
        }
    }

    #[test]
    fn unknown_options_point_to_help() {
        let expected = "invalid option '--prot'. rill --help lists what there is";
        assert_eq!(run(&["--prot", "1"]), Err(expected.to_owned()));
        assert!(run(&["-x"]).is_err());
        for args in [&["--json"][..], &["--json", "scan"], &["serve", "--json"]] {
            assert!(run(args).is_err(), "{args:?}");
        }
        assert!(run(&["scan", "--json=all"]).is_err());
        assert!(run(&["--check-config=yes"]).is_err());
    }
}
