//! Whether anything is wrong that a person must put right. One table: what is sent, and what README.md says of it.

use std::fmt::Write as _;

use super::Facts;
use crate::service::Shared;

/// Something that can be wrong.
struct Problem {
    /// What is sent: what is wrong, and what to do or look for.
    line: &'static str,
    /// When it is, for README.md.
    when: &'static str,
    holds: fn(&Shared, &Facts) -> bool,
}

#[rustfmt::skip]
const PROBLEMS: &[Problem] = &[
    Problem {
        line: "The scanner ended: new files are not seen. Restart rill.",
        when: "a fault in rill itself; what was found is served on",
        holds: |shared, _| shared.scan.borrow().has_ended,
    },
    Problem {
        line: "No media folder is there: is the disk connected?",
        when: "none of the folders of `RILL_MEDIA` can be read; one that is there is enough",
        holds: |shared, _| {
            let snapshot = shared.snapshot();
            let mut roots = snapshot.roots().peekable();
            roots.peek().is_some() && roots.all(|root| root.is_offline)
        },
    },
    Problem {
        line: "The catalogue cannot be written: is the state folder full or read-only?",
        when: "everything is served, and read anew after the next start",
        holds: |shared, _| shared.scan.borrow().is_unwritten,
    },
    Problem {
        line: "Resume positions cannot be kept: is the state folder full or read-only?",
        when: "the last one could not be written, and who sent it was told so; those from before are still there",
        holds: |_, facts| facts.is_keeper_failing,
    },
    Problem {
        line: "All connections are taken: new ones are refused.",
        when: "as many are open as may be",
        holds: |_, facts| facts.connections >= facts.connection_limit,
    },
];

/// What is wrong, a sentence each; nothing: all is well.
pub(super) fn problems(shared: &Shared, facts: &Facts) -> Vec<&'static str> {
    let held = PROBLEMS
        .iter()
        .filter(|problem| (problem.holds)(shared, facts));
    held.map(|problem| problem.line).collect()
}

/// The table for README.md.
pub fn readme_problems() -> String {
    let mut table = "| line of `/health` | when |\n|---|---|\n".to_owned();
    for Problem { line, when, .. } in PROBLEMS {
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {line} | {when} |");
    }
    table
}
