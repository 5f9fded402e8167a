//! What is printed from a table stays printed from it: the variables and the metrics in README.md, `systemd/rill.env`, the man
//! page and the options of OpenWrt. And the page goes into the program as it stands in `src/service/page/assets`.
//!
//! `RILL_BLESS=1 cargo test --test documents` rewrites them.

#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a test is a failed test"
)]

use std::{
    env, fs,
    io::Write as _,
    path::Path,
    process::Command,
    sync::{Mutex, PoisonError},
};

use rill::{cli::printed, media::tag, service::page};

const BEGIN: &str = "<!-- variables: printed from src/config.rs by tests/documents.rs -->\n";
const END: &str = "<!-- end of variables -->\n";
const OPTIONS: &str = "# options: printed from src/config.rs by tests/documents.rs\n";
const END_OF_OPTIONS: &str = "# end of options\n";

const METRICS_BEGIN: &str =
    "<!-- metrics: printed from src/service/page/metrics.rs by tests/documents.rs -->\n";
const METRICS_END: &str = "<!-- end of metrics -->\n";

const PROBLEMS_BEGIN: &str =
    "<!-- problems: printed from src/service/page/health.rs by tests/documents.rs -->\n";
const PROBLEMS_END: &str = "<!-- end of problems -->\n";

#[test]
fn the_readme_lists_the_variables_of_the_table() {
    let table = printed::readme_table();
    agree_between("README.md", BEGIN, &table, END);
}

#[test]
fn the_readme_lists_the_metrics_of_the_table() {
    let table = page::readme_table();
    agree_between("README.md", METRICS_BEGIN, &table, METRICS_END);
}

#[test]
fn the_readme_lists_what_health_can_say() {
    let table = page::readme_problems();
    agree_between("README.md", PROBLEMS_BEGIN, &table, PROBLEMS_END);
}

#[test]
fn the_man_page_lists_the_commands_and_variables_of_the_tables() {
    agree(
        "systemd/rill.1",
        &read("systemd/rill.1"),
        &printed::man_page(),
    );
}

#[test]
fn openwrt_has_an_option_for_every_variable() {
    let config = "build/openwrt/files/rill.config";
    agree(config, &read(config), &printed::openwrt_config());
    let options = printed::openwrt_options();
    agree_between(
        "build/openwrt/files/rill.init",
        OPTIONS,
        &options,
        END_OF_OPTIONS,
    );
}

#[test]
fn the_page_is_packed_as_it_stands() {
    for name in ["page.html", "page.css", "page.js", "texts.json"] {
        let path = format!("src/service/page/assets/{name}");
        // As build/page does it.
        let is_left_out = |line: &&str| {
            let is_comment =
                line.starts_with("//") || line.starts_with("/*") && line.ends_with("*/");
            line.is_empty() || is_comment
        };
        let source = read(&path);
        let lines = source.lines().map(str::trim_start);
        let plain: String = lines
            .filter(|line| !is_left_out(line))
            .flat_map(|line| [line, "\n"])
            .collect();
        let packed = fs::read(package().join(path + ".z")).unwrap();
        let unpacked = tag::inflated(&packed, 1 << 20).unwrap();
        assert!(
            unpacked == plain.as_bytes(),
            "{name} is not packed as it stands: run build/page"
        );
    }
}

#[test]
fn the_service_environment_file_lists_the_variables_of_the_table() {
    agree(
        "systemd/rill.env",
        &read("systemd/rill.env"),
        &printed::environment_file(),
    );
}

#[test]
fn the_readme_names_every_command() {
    let readme = read("README.md");
    for usage in printed::help()
        .lines()
        .filter_map(|line| line.strip_prefix("  rill --"))
    {
        let option = format!("--{}", usage.split_whitespace().next().unwrap());
        assert!(readme.contains(&option), "README.md does not name {option}");
    }
}

/// The part of a file between two markers is `expected`.
fn agree_between(name: &str, begin: &str, expected: &str, end: &str) {
    // Several tables stand in one file: rewriting one must not lose another.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let found = read(name);
    let parts = found.split_once(begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(end)?;
        Some((before, after))
    });
    let (before, after) = parts.unwrap_or_else(|| panic!("{name} has lost a marker"));
    agree(
        name,
        &found,
        &format!("{before}{begin}{expected}{end}{after}"),
    );
}

/// What `systemd-analyze security` says of the service: 0 is shut in altogether, 10 is free.
#[test]
fn the_service_is_caged() {
    let unit = package().join("systemd/rill.service");
    let said = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(&unit)
        .output();
    let said = match said {
        Ok(said) if said.status.success() => String::from_utf8_lossy(&said.stdout).into_owned(),
        other => {
            return skip(&format!(
                "systemd-analyze does not judge a file here: {other:?}"
            ));
        }
    };
    let level = said
        .lines()
        .find_map(|line| line.split_once("Overall exposure level"))
        .and_then(|(_, rest)| rest.split_once(": ")?.1.split(' ').next()?.parse().ok());
    let level: f64 = level.unwrap_or_else(|| panic!("no level in:\n{said}"));
    assert!(level <= 1.2, "exposure {level}:\n{said}");
}

/// Past the capture of output, which hides what passing tests say.
fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

fn agree(name: &str, found: &str, expected: &str) {
    if found == expected {
        return;
    }
    if env::var_os("RILL_BLESS").is_some() {
        // The other tests read the old or the new one.
        let new = package().join(format!("{name}.new"));
        fs::write(&new, expected).unwrap();
        fs::rename(new, package().join(name)).unwrap();
        return;
    }
    let differ = found
        .lines()
        .zip(expected.lines())
        .position(|(a, b)| a != b);
    let line = differ.unwrap_or_else(|| found.lines().count().min(expected.lines().count())) + 1;
    panic!(
        "{name} differs from the tables at line {line}; RILL_BLESS=1 cargo test --test documents rewrites it"
    );
}

fn read(name: &str) -> String {
    fs::read_to_string(package().join(name)).unwrap_or_default()
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
