//! Whether anything is wrong that a person must put right.

use super::Facts;
use crate::service::Shared;

/// What is wrong, a sentence each; nothing: all is well.
pub(super) fn problems(shared: &Shared, facts: &Facts) -> Vec<&'static str> {
    let scan = shared.scan.borrow();
    let snapshot = shared.snapshot();
    let mut roots = snapshot.roots().peekable();
    let has_roots = roots.peek().is_some();
    let nothing_there = has_roots && roots.all(|root| root.is_offline);
    let rows = [
        (
            scan.has_ended,
            "The scanner ended: new files are not seen. Restart rill.",
        ),
        (
            nothing_there,
            "No media folder is there: is the disk connected?",
        ),
        (
            scan.is_unwritten,
            "The catalogue cannot be written: is the state folder full or read-only?",
        ),
        (
            facts.is_keeper_failing,
            "Resume positions cannot be kept: is the state folder full or read-only?",
        ),
        (
            facts.connections >= facts.connection_limit,
            "All connections are taken: new ones are refused.",
        ),
    ];
    rows.into_iter()
        .filter_map(|(is_wrong, what)| is_wrong.then_some(what))
        .collect()
}
