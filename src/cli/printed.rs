//! What is printed from one table: `--help`, the README's variables, `systemd/rill.env`, the man page and the files of
//! OpenWrt. The commands stand here, the variables in [`config::VARIABLES`](VARIABLES); `tests/documents.rs` keeps the
//! files.

use std::fmt::Write as _;

use crate::config::{Default, VARIABLES};

/// Commands and options as `--help` shows them: how to write it, what it does.
const USES: [(&str, &str); 12] = [
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
        "rill doctor --device ADDRESS",
        "print what a device and rill said lately",
    ),
    (
        "rill --check-config [FOLDER…]",
        "print the configuration and stop",
    ),
    ("rill --version", "print the version and stop"),
    ("rill --help", "print this and stop"),
];

/// The text of `--version`.
pub fn version() -> String {
    format!("rill {}\n", env!("CARGO_PKG_VERSION"))
}

/// The text of `--help`, at most 80 columns wide.
pub fn help() -> String {
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
pub fn environment_file() -> String {
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

/// What OpenWrt sets where neither the default nor the value of the systemd service suits it: disks are mounted below
/// `/mnt`, and what is below `/var` is kept in memory.
const OPENWRT: [(&str, &str); 2] = [("RILL_MEDIA", "/mnt"), ("RILL_STATE_DIR", "/var/lib/rill")];

/// The whole of the man page, rill(1) (man(7)).
pub fn man_page() -> String {
    let mut text = format!(
        ".\\\" Printed by src/cli/printed.rs.\n\
         .TH RILL 1 \"\" \"rill {}\" \"User Commands\"\n\
         .SH NAME\n\
         rill \\- DLNA / UPnP AV media server\n\
         .SH SYNOPSIS\n",
        env!("CARGO_PKG_VERSION")
    );
    let synopses: Vec<_> = USES
        .iter()
        .map(|(usage, _)| {
            format!(
                ".B rill\n{}\n",
                roff(usage.strip_prefix("rill ").unwrap_or(usage))
            )
        })
        .collect();
    text += &synopses.join(".br\n");
    text += ".SH DESCRIPTION\n\
             .B rill\n\
             shows the films, music and photos below some folders to every television and player in the house.\n\
             It needs no configuration file and never changes the media.\n";
    for (usage, what) in USES {
        let _ = write!(text, ".TP\n.B {}\n{}.\n", roff(usage), roff(what));
    }
    text += ".P\nA folder named like a command is written with its path, such as ./scan.\n\
             .SH ENVIRONMENT\n\
             Everything is set by these variables; an empty one counts as unset.\n";
    for variable in &VARIABLES {
        let (name, unit) = (roff(variable.name), roff(variable.unit));
        let _ = write!(text, ".TP\n.BR {name} \" (\" \"{unit}\" )\n");
        text += &wrap(&roff(variable.help), "", 100);
        let _ = writeln!(text, "Default: {}.", roff(&variable.default.to_string()));
    }
    text + MAN_END
}

/// What follows the variables in the man page.
const MAN_END: &str = "\
.SH SIGNALS
.TP
.BR SIGTERM \", \" SIGINT
Say goodbye to the network, end open streams and stop.
.TP
.B SIGHUP
Look through all folders again.
.SH EXIT STATUS
.TP
.B 0
All is well; what discover, ls or doctor was asked for is there.
.TP
.B 1
What discover, ls or doctor was asked for is not there.
.TP
.B 2
A wrong word or a wrong value; the last line says what to write instead.
.SH FILES
.TP
.I /etc/rill.env
The variables of the service, where it was installed as one.
.TP
.I /var/lib/rill
The identity, the catalogue and small pictures of the service.
";

/// The whole of OpenWrt's `/etc/config/rill` (UCI).
pub fn openwrt_config() -> String {
    let mut text = String::from(
        "# Settings of rill. After a change: /etc/init.d/rill reload\n\
         # An option that is not set, or empty, has its default.\n\n\
         config rill 'main'\n\
         \toption enabled '1'\n",
    );
    for variable in &VARIABLES {
        let _ = write!(text, "\n\t# {} ({})\n", variable.name, variable.unit);
        text += &wrap(variable.help, "\t# ", 100);
        text += &wrap(&format!("Default: {}.", variable.default), "\t# ", 100);
        let own = OPENWRT.iter().find(|(name, _)| *name == variable.name);
        let (mark, value) = match (own, variable.default) {
            (Some((_, value)), _) => ("", *value),
            (None, Default::Value(value)) => ("#", value),
            (None, Default::Words(_)) => ("#", ""),
        };
        let _ = writeln!(text, "\t{mark}option {} '{value}'", option(variable.name));
    }
    text
}

/// The assignment in OpenWrt's `/etc/init.d/rill` that names every option.
pub fn openwrt_options() -> String {
    let names: Vec<_> = VARIABLES
        .iter()
        .map(|variable| option(variable.name))
        .collect();
    let lines = wrap(&names.join(" "), "\t", 100);
    format!("OPTIONS='\n{lines}'\n")
}

/// The UCI option of a variable: its name in small letters, without `RILL_`.
fn option(variable: &str) -> String {
    variable.trim_start_matches("RILL_").to_lowercase()
}

/// `text` inside a line of a man page: every hyphen one that can be copied, no backslash, no request at a line's start.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
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

    #[test]
    fn every_printed_text_names_every_variable() {
        for variable in &VARIABLES {
            let row = format!("| `{}` | ", variable.name);
            assert_eq!(readme_table().matches(&row).count(), 1, "{row}");
            let head = format!("\n  {} (", variable.name);
            assert_eq!(help().matches(&head).count(), 1, "{head}");
            let setting = format!("{}=", variable.name);
            let lines = |line: &&str| line.trim_start_matches('#').starts_with(&setting);
            assert_eq!(
                environment_file().lines().filter(lines).count(),
                1,
                "{setting}"
            );
        }
    }

    #[test]
    fn help_fits_a_terminal() {
        for line in help().lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn texts_are_wrapped_at_blanks() {
        assert_eq!(wrap("one two three", "# ", 9), "# one two\n# three\n");
        assert_eq!(wrap("unbreakable x", "", 4), "unbreakable\nx\n");
        assert_eq!(wrap("", "# ", 9), "# \n");
    }

    #[test]
    fn a_man_page_line_is_no_request() {
        for line in man_page().lines() {
            let is_request = line.starts_with('.') || line.starts_with('\'');
            let known = [
                ".\\\"", ".TH ", ".SH ", ".TP", ".B ", ".BR ", ".I ", ".br", ".P",
            ];
            assert!(
                !is_request || known.iter().any(|known| line.starts_with(known)),
                "{line}"
            );
        }
        assert_eq!(roff("a-b \\ c"), "a\\-b \\e c");
        assert_eq!(roff(".x"), "\\&.x");
    }
}
