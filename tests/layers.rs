//! The import law: each floor uses only what is below it (see the map in `src/lib.rs`).
//!
//! Reads the sources as text: paths that begin with `crate::` or climb there by `super::`, and words that belong
//! to one place only (`unsafe`, printing, sockets, clocks, the environment). Comments, string literals and test
//! modules are not looked at. A path inside a group may name several things: `use crate::{limits, wire::text}`.

#![allow(
    clippy::unwrap_used,
    reason = "a failed unwrap in a test is a failed test"
)]

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Module, and what it may name of the other modules: the module itself and everything below it.
const LAW: [(&str, &[&str]); 14] = [
    ("limits", &[]),
    ("sys", &["limits"]),
    ("wire", &["limits"]),
    ("media", &["limits", "wire::protocol_info"]),
    // Dates and protocolInfo are searched for as they are written.
    (
        "catalogue",
        &[
            "limits",
            "media",
            "sys",
            "wire::criteria",
            "wire::date",
            "wire::protocol_info",
        ],
    ),
    ("service", &["limits", "wire", "media", "catalogue"]),
    (
        "net",
        &[
            "limits",
            "sys",
            "wire::http",
            "wire::url",
            "catalogue",
            "service",
            "config",
            "identity",
        ],
    ),
    ("config", &["limits", "media", "service::devices"]),
    ("confinement", &["sys", "config"]),
    ("identity", &[]),
    ("json", &[]),
    ("cli", &["config", "control_point"]),
    // What a browser of multicast DNS finds is told as it is.
    (
        "control_point",
        &[
            "limits",
            "sys",
            "wire",
            "service::browser",
            "net",
            "config",
            "json",
        ],
    ),
    (
        "scan_report",
        &["media", "catalogue", "net", "config", "json", "wire::date"],
    ),
];

/// Words, and the modules that may not write them. `File` is not among them: files are handed down opened.
const WORDS: [(&[&str], &[&str]); 4] = [
    (
        &[
            "TcpListener",
            "TcpStream",
            "UdpSocket",
            "socket2",
            "async_io",
            "smol",
        ],
        &[
            "wire",
            "media",
            "catalogue",
            "service",
            "config",
            "identity",
            "cli",
            "limits",
        ],
    ),
    (
        &["SystemTime::now", "Instant::now", "UNIX_EPOCH.elapsed"],
        &[
            "wire", "media", "service", "config", "identity", "cli", "limits",
        ],
    ),
    (
        &[
            "OpenOptions",
            "File::open",
            "File::create",
            "fs::read",
            "fs::write",
            "read_dir",
        ],
        &["wire", "media", "service", "limits"],
    ),
    (
        &["libc", "memmap2"],
        &[
            "wire",
            "media",
            "catalogue",
            "service",
            "net",
            "config",
            "identity",
            "cli",
            "limits",
        ],
    ),
];

#[test]
fn each_floor_uses_only_what_is_below_it() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some((floor, allowed)) = LAW.iter().find(|(name, _)| *name == source.floor()) else {
            // lib.rs only lists the modules; main.rs is the front door and comes in through the library.
            assert!(source.floor().is_empty(), "{} is not in LAW", source.path);
            continue;
        };
        for (line, path) in source.paths() {
            let own = starts_with_path(&path, floor);
            if !own
                && !allowed
                    .iter()
                    .any(|allowed| starts_with_path(&path, allowed))
            {
                broken.push(format!(
                    "{}:{line}: {floor} may not use {path}",
                    source.path
                ));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn sockets_clocks_and_files_stay_on_their_floors() {
    expect_nowhere(|source| {
        WORDS
            .iter()
            .filter(|(_, floors)| floors.contains(&source.floor()))
            .flat_map(|(words, _)| words.iter().copied())
            .collect()
    });
}

#[test]
fn unsafe_stays_in_the_cellar() {
    expect_nowhere(|source| match source.floor() {
        "sys" => vec![],
        _ => vec!["unsafe"],
    });
}

#[test]
fn only_the_front_door_prints_and_reads_the_environment() {
    let words = [
        "println!",
        "print!",
        "eprintln!",
        "eprint!",
        "dbg!",
        "env::var",
        "env::var_os",
        "env::args_os",
    ];
    expect_nowhere(|source| match source.path.as_str() {
        "src/main.rs" => vec![],
        _ => words.to_vec(),
    });
}

#[test]
fn the_reader_of_this_test_sees_what_it_should() {
    let source = Source {
        path: "src/wire/http/range.rs".to_owned(),
        code: strip(
            "use crate::{\n    limits,\n    media::{mime, tag::id3},\n};\n\
             fn f<'a>() { super::super::text::g('\"', '\\'', \"crate::net\"); crate::service::h() } // crate::net\n\
             /* crate::net /* unsafe */ */ use super::super::super::sys;\nlet r = r#\"crate::net\"#;\n\
             #[cfg(test)]\n#[path = \"x\"]\nmod tests;\n#[cfg(test)]\nmod t { mod u { use crate::net; } }\n\
             use crate::media::mime;",
        ),
    };
    let paths: Vec<_> = source.paths().into_iter().collect();
    let expected = [
        (1, "limits"),
        (1, "media::mime"),
        (1, "media::tag::id3"),
        (5, "service::h"),
        (5, "wire::text::g"),
        (6, "sys"),
        (13, "media::mime"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(n, p)| (*n, (*p).to_owned()))
        .collect();
    assert_eq!(paths, expected);
    assert!(has_word("a(unsafe{})", "unsafe") && !has_word("unsafe_code", "unsafe"));
    assert!(has_word("x println!(", "println!") && !has_word("eprintln!(", "println!"));
    assert!(sources().len() > 20, "the sources were not found");
}

/// Fails if a source contains, as a whole word, one of the words that `forbidden` names for it.
fn expect_nowhere(forbidden: impl Fn(&Source) -> Vec<&'static str>) {
    let mut broken = Vec::new();
    for source in sources() {
        for word in forbidden(&source) {
            let lines = source.code.lines().enumerate();
            for (n, _) in lines.filter(|(_, line)| has_word(line, word)) {
                broken.push(format!(
                    "{}:{}: {word} does not belong here",
                    source.path,
                    n + 1
                ));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

struct Source {
    /// From the package's folder on, `src/wire/text.rs`.
    path: String,
    /// Without comments, literals and test modules; as many lines as the file.
    code: String,
}

impl Source {
    /// `wire` for everything in `src/wire/`, `config` for `src/config.rs` too; empty for lib.rs and main.rs.
    fn floor(&self) -> &str {
        match self.modules().first() {
            Some(&("lib" | "main")) | None => "",
            Some(floor) => floor,
        }
    }

    /// The module's own path: `["wire", "http", "range"]`.
    fn modules(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut modules: Vec<_> = path.split('/').collect();
        modules.pop_if(|last| *last == "mod");
        modules
    }

    /// Every path that leads to the crate's root and down again, with its line, sorted.
    fn paths(&self) -> Vec<(usize, String)> {
        let mut found = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            if !ends_in_word(&self.code[..at]) {
                expand("", &self.code[at + 7..], &mut |path| {
                    found.push((self.line(at), path));
                });
            }
        }
        for (at, _) in self.code.match_indices("super::") {
            if ends_in_word(&self.code[..at]) || self.code[..at].ends_with("super::") {
                continue;
            }
            let mut rest = &self.code[at..];
            let mut modules = self.modules();
            while let Some(after) = rest.strip_prefix("super::") {
                rest = after;
                modules.pop();
            }
            let prefix = modules.iter().flat_map(|m| [m, "::"]).collect::<String>();
            expand(&prefix, rest, &mut |path| found.push((self.line(at), path)));
        }
        found.sort();
        found
    }

    fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }
}

/// Calls `found` with each path that `text` begins with: one, or several if there is a group in braces.
fn expand(prefix: &str, text: &str, found: &mut dyn FnMut(String)) {
    let name_end = text.find(|c: char| !is_word(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(name_end);
    if let Some(below) = rest.strip_prefix("::").filter(|_| !name.is_empty()) {
        expand(&format!("{prefix}{name}::"), below, found);
    } else if let Some(group) = rest.strip_prefix('{').filter(|_| name.is_empty()) {
        for member in members(group) {
            expand(prefix, member.trim_start(), found);
        }
    } else {
        // `use super::*` and `crate::wire::{self}` name the module before.
        let name = if name == "self" { "" } else { name };
        found(format!("{prefix}{name}").trim_end_matches("::").to_owned());
    }
}

/// The comma-separated members of a group, up to its closing brace.
fn members(group: &str) -> Vec<&str> {
    let (mut members, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                members.push(&group[start..at]);
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    members.retain(|member| !member.trim().is_empty());
    members
}

fn starts_with_path(path: &str, prefix: &str) -> bool {
    // The crate's root itself (`use super::*` of a top module) names nothing.
    let rest = path.strip_prefix(prefix);
    path.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn has_word(line: &str, word: &str) -> bool {
    let ends = |after: &str| word.ends_with('!') || !after.starts_with(is_word);
    line.match_indices(word)
        .any(|(at, _)| !ends_in_word(&line[..at]) && ends(&line[at + word.len()..]))
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(is_word)
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn sources() -> Vec<Source> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    walk(&package.join("src"), &mut paths);
    paths.sort();
    let is_test = |path: &PathBuf| {
        let stem = path.file_stem().unwrap().to_str().unwrap();
        stem == "tests"
            || stem.ends_with("_tests")
            || path.components().any(|c| c.as_os_str() == "tests")
    };
    paths.retain(|path| !is_test(path));
    let read = |path: &PathBuf| Source {
        path: path
            .strip_prefix(package)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned(),
        code: strip(&fs::read_to_string(path).unwrap()),
    };
    paths.iter().map(read).collect()
}

fn walk(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            into.push(path);
        }
    }
}

/// The code alone: comments, what stands in quotes, and test modules become nothing; line ends stay.
fn strip(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = skipped_bytes(rest, &code);
        let taken = if skipped == 0 { c.len_utf8() } else { skipped };
        if skipped == 0 {
            code.push(c);
        } else {
            code.extend(rest[..taken].chars().filter(|c| *c == '\n'));
        }
        rest = &rest[taken..];
    }
    while let Some((start, end)) = test_module(&code) {
        let lines = "\n".repeat(code[start..end].matches('\n').count());
        code.replace_range(start..end, &lines);
    }
    code
}

/// Where the first module marked `#[cfg(test)]` begins and ends: its body in braces, or its semicolon.
fn test_module(code: &str) -> Option<(usize, usize)> {
    for (start, mark) in code.match_indices("#[cfg(test)]") {
        let mut at = start + mark.len();
        loop {
            let rest = code[at..].trim_start();
            at = code.len() - rest.len();
            // Other attributes may stand between: `#[path = …]`.
            match rest.find(']').filter(|_| rest.starts_with("#[")) {
                Some(end) => at += end + 1,
                None => break,
            }
        }
        if !code[at..].starts_with("mod ") {
            continue;
        }
        let head = at + code[at..].find(['{', ';'])?;
        let mut depth = 0_usize;
        for (n, c) in code[head..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth == 0 {
                return Some((start, head + n + 1));
            }
        }
    }
    None
}

/// Bytes of the comment or literal that `rest` begins with; 0: it begins with code, which follows `before`.
fn skipped_bytes(rest: &str, before: &str) -> usize {
    let to = |end: Option<usize>| end.unwrap_or(rest.len());
    if rest.starts_with("//") {
        return to(rest.find('\n'));
    }
    if rest.starts_with("/*") {
        return block_comment(rest);
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    if rest.starts_with("r\"") || rest.starts_with("r#") && !ends_in_word(before) {
        let hashes = rest[1..].bytes().take_while(|b| *b == b'#').count();
        if rest[1 + hashes..].starts_with('"') {
            let close = format!("\"{}", "#".repeat(hashes));
            return to(rest[2 + hashes..]
                .find(&close)
                .map(|at| at + 2 + hashes + close.len()));
        }
    }
    if let Some(after) = rest.strip_prefix('\'') {
        // A character, not a lifetime: closed after one character or an escape.
        let mut chars = after.chars();
        let first = chars.next();
        if first == Some('\\') || chars.next() == Some('\'') {
            return quoted(rest, '\'');
        }
    }
    0
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let bytes = &rest.as_bytes()[at..];
        let (step, now) = match bytes {
            [b'/', b'*', ..] => (2, depth + 1),
            [b'*', b'/', ..] => (2, depth - 1),
            _ => (1, depth),
        };
        at += step;
        depth = now;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Bytes of a literal that begins and ends with `quote`.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
