//! The command line: what was typed becomes a [`Command`]; `--help`, the README's table and `systemd/rill.env`
//! are printed from the tables here and in [`config::VARIABLES`](VARIABLES).

use std::{
    ffi::OsString,
    fmt::{self, Write as _},
    io,
};

use lexopt::Arg;
use log::LevelFilter;
use simplelog::{ConfigBuilder, WriteLogger};

use crate::{
    config::{Default, VARIABLES},
    control_point::{discover, doctor, ls},
};

mod control_point;

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
    /// Print the version.
    Version,
    /// Print [`help_text`].
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

/// Commands and options as `--help` shows them: how to write it, what it does.
const USES: [(&str, &str); 11] = [
    (
        "rill [serve] [FOLDER…]",
        "serve the folders, or those of RILL_MEDIA",
    ),
    (
        "rill scan [FOLDER…]",
        "look through them and report what was skipped",
    ),
    (
        "rill scan --json [FOLDER…]",
        "print what is known of each file, keep nothing",
    ),
    (
        "rill discover [--json]",
        "say what is on the network, by UPnP and mDNS",
    ),
    (
        "rill discover --watch [--json]",
        "say it as they appear and go",
    ),
    (
        "rill discover --wait NAME",
        "wait for one; for all: [--timeout SECONDS]",
    ),
    (
        "rill ls NAME|URL [ID|/TITLE/…]",
        "list a server's objects [--json] [--recursive]",
    ),
    (
        "rill doctor [--json] [FOLDER…]",
        "say why televisions may not see rill",
    ),
    (
        "rill --check-config [FOLDER…]",
        "print the configuration and stop",
    ),
    ("rill --version", "print the version and stop"),
    ("rill --help", "print this and stop"),
];

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
    let _ = WriteLogger::init(level, form.build(), io::stderr());
}

/// The text of `--version`.
pub fn version_text() -> String {
    format!("rill {}\n", env!("CARGO_PKG_VERSION"))
}

/// The text of `--help`, at most 80 columns wide.
pub fn help_text() -> String {
    let mut text = String::from("rill: a DLNA / UPnP AV media server\n\n");
    for (usage, what) in USES {
        let _ = writeln!(text, "  {usage:<31}{what}");
    }
    text += "\nA folder named like a command is written ./scan. Settings are environment\n\
             variables; an empty one counts as unset:\n";
    for variable in &VARIABLES {
        let _ = write!(text, "\n  {} ({})\n", variable.name, variable.unit);
        text += &wrap(variable.help, "      ", 80);
        text += &wrap(&format!("Default: {}.", variable.default), "      ", 80);
    }
    text
}

/// The variables as a table for README.md (Markdown).
pub fn readme_table() -> String {
    let mut text = String::from("| variable | value | default | meaning |\n|---|---|---|---|\n");
    for variable in &VARIABLES {
        let default = match variable.default {
            Default::Value(value) => format!("`{value}`"),
            Default::Words(words) => angles(words),
        };
        let (unit, help) = (variable.unit, angles(variable.help));
        let _ = writeln!(
            text,
            "| `{}` | {unit} | {default} | {help} |",
            variable.name
        );
    }
    text
}

/// The whole of `systemd/rill.env` (systemd.exec(5), `EnvironmentFile`).
pub fn env_file() -> String {
    let mut text = String::from(
        "# Settings of rill, read by rill.service. After a change: systemctl restart rill\n\
         # An empty value counts as unset. `rill --check-config` shows what a setting means.\n",
    );
    for variable in &VARIABLES {
        let _ = write!(text, "\n# {} ({})\n", variable.name, variable.unit);
        text += &wrap(variable.help, "# ", 100);
        text += &wrap(&format!("Default: {}.", variable.default), "# ", 100);
        let (mark, value) = match (variable.service, variable.default) {
            (Some(value), _) => ("", value),
            (None, Default::Value(value)) => ("#", value),
            (None, Default::Words(_)) => ("#", ""),
        };
        let _ = writeln!(text, "{mark}{}={value}", variable.name);
    }
    text
}

/// Breaks `text` at blanks into lines of at most `width` characters that begin with `indent`.
fn wrap(text: &str, indent: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut line = indent.to_owned();
    for word in text.split(' ') {
        let begun = line.len() > indent.len();
        if begun && line.chars().count() + 1 + word.chars().count() > width {
            lines += &line;
            lines.push('\n');
            indent.clone_into(&mut line);
        } else if begun {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}

/// `<words>` would be taken for HTML.
fn angles(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;")
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

    #[test]
    fn every_printed_text_names_every_variable() {
        for variable in &VARIABLES {
            let row = format!("| `{}` | ", variable.name);
            assert_eq!(readme_table().matches(&row).count(), 1, "{row}");
            let head = format!("\n  {} (", variable.name);
            assert_eq!(help_text().matches(&head).count(), 1, "{head}");
            let setting = format!("{}=", variable.name);
            let lines = |line: &&str| line.trim_start_matches('#').starts_with(&setting);
            assert_eq!(env_file().lines().filter(lines).count(), 1, "{setting}");
        }
    }

    #[test]
    fn help_fits_a_terminal() {
        for line in help_text().lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn texts_are_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", "# ", 9), "# one two\n# three\n");
        assert_eq!(wrap("unbreakable x", "", 4), "unbreakable\nx\n");
        assert_eq!(wrap("", "# ", 9), "# \n");
    }
}
