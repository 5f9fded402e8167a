//! What a scan did and what it left out, for the log, `rill scan` and the status page.

use std::{collections::HashMap, fmt};

use super::scan::Depth;
use crate::{limits, sys::beneath};

/// Different texts of trouble that are counted apart; more are counted together.
const TROUBLES: usize = 32;

/// Why something was not listed. In the order of the summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Reason {
    /// A media file by its name, but not by its content; the text says more.
    Content,
    /// No bytes in it.
    Empty,
    /// The system refused: permissions, or a disk error.
    Unreadable,
    /// A symbolic link whose target is outside every media folder.
    LinkOutside,
    /// A symbolic link whose target does not exist.
    LinkBroken,
    /// A symbolic link to a folder that contains it, or that was listed through another link.
    LinkRepeated,
    /// Neither file nor directory: FIFO, socket, device. Never opened.
    Special,
    /// More than [`limits::DEPTH`] directories below its root.
    TooDeep,
    /// A path longer than [`limits::PATH_BYTES`].
    PathTooLong,
    /// More than [`limits::OBJECTS`] objects.
    Full,
    /// Of another class than its root is restricted to. Not part of the summary.
    Restricted,
    /// A hidden name, a system folder, or a folder marked with `.nomedia`. Not part of the summary.
    Hidden,
    /// No media file by its name. Not part of the summary.
    NotMedia,
}

/// Number of [`Reason`]s.
const REASONS: usize = Reason::NotMedia as usize + 1;

impl Reason {
    /// Each of them.
    pub const ALL: [Self; REASONS] = [
        Self::Content,
        Self::Empty,
        Self::Unreadable,
        Self::LinkOutside,
        Self::LinkBroken,
        Self::LinkRepeated,
        Self::Special,
        Self::TooDeep,
        Self::PathTooLong,
        Self::Full,
        Self::Restricted,
        Self::Hidden,
        Self::NotMedia,
    ];

    /// What a person expects not to see: counted, never named.
    pub fn is_quiet(self) -> bool {
        self >= Self::Restricted
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content => "not understood",
            Self::Empty => "empty",
            Self::Unreadable => "not readable",
            Self::LinkOutside => "links out of the media folders",
            Self::LinkBroken => "broken links",
            Self::LinkRepeated => "links to folders listed elsewhere",
            Self::Special => "neither file nor folder",
            Self::TooDeep => "too deep",
            Self::PathTooLong => "path too long",
            Self::Full => "beyond the largest catalogue",
            Self::Restricted => "of another class than their folder is for",
            Self::Hidden => "hidden",
            Self::NotMedia => "not media",
        })
    }
}

/// One thing that was not listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skip {
    /// Absolute path, as the kernel has it.
    pub path: Box<[u8]>,
    /// Why.
    pub reason: Reason,
    /// What exactly: the prober's words, or the system's.
    pub detail: Box<str>,
}

impl fmt::Display for Skip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = String::from_utf8_lossy(&self.path);
        if self.detail.is_empty() {
            write!(f, "{}: {}", path.escape_debug(), self.reason)
        } else {
            write!(f, "{}: {}", path.escape_debug(), self.detail)
        }
    }
}

/// A media folder that could not be walked; what was known of it is kept, offline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingRoot {
    /// Its path.
    pub path: Box<[u8]>,
    /// Why.
    pub detail: Box<str>,
}

/// What a scan did. `Display` is one line for the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Items listed.
    pub listed: u64,
    /// Of the files looked at, those that had not changed and were not opened.
    pub unchanged: u64,
    /// Files opened and read.
    pub probed: u64,
    /// Subtitle files found.
    pub captions: u64,
    /// Items kept although their disk was not there.
    pub offline: u64,
    /// The first [`limits::REPORTED_SKIPS`] that were skipped, in the order of the walk.
    pub skips: Vec<Skip>,
    /// Files that are listed although something is wrong with them, the first [`limits::REPORTED_SKIPS`].
    pub troubles: Vec<Skip>,
    /// Folders that were not there.
    pub missing: Vec<MissingRoot>,
    /// Only what changed was looked at; the rest is as the report before said.
    pub is_partial: bool,
    /// What else a person should know, a sentence each.
    pub notes: Vec<Box<str>>,
    counts: [u64; REASONS],
    /// What the prober said of files that were skipped, and how often.
    skipped_for: Vec<(Box<str>, u64)>,
    /// What the prober said of files that are listed, and how often.
    troubled_for: Vec<(Box<str>, u64)>,
}

impl Report {
    /// The line for the log, then each file that was skipped or is in trouble, a line each.
    pub fn in_full(&self) -> String {
        use fmt::Write as _;
        let mut text = format!("{self}\n");
        for skip in self.skips.iter().chain(&self.troubles) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {skip}");
        }
        text
    }

    /// How many were skipped for this reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.counts[reason as usize]
    }

    /// How many were skipped, those a person expects not to see left out.
    pub fn skipped(&self) -> u64 {
        Reason::ALL
            .into_iter()
            .filter(|reason| !reason.is_quiet())
            .map(|reason| self.count(reason))
            .sum()
    }

    /// Counts, and names unless quiet.
    pub(super) fn skip(&mut self, reason: Reason, path: impl FnOnce() -> Vec<u8>, detail: &str) {
        self.counts[reason as usize] += 1;
        if reason == Reason::Content {
            tally(&mut self.skipped_for, detail);
        }
        if !reason.is_quiet() {
            remember(&mut self.skips, reason, path, detail);
        }
    }

    /// Takes over what the report before this one said of a directory which was not looked at again: of its children, and
    /// of itself. What records tell is not taken: they are asked again.
    pub(super) fn carry(&mut self, before: &mut Carried, directory: &[u8]) {
        for skip in before.of_directory(directory) {
            let Skip {
                path,
                reason,
                detail,
            } = skip;
            self.skip(reason, || path.into_vec(), &detail);
        }
    }

    /// Of what the report before this one had no room to name nobody can say where it is: it keeps its number.
    pub(super) fn carry_nameless(&mut self, before: &Self) {
        for reason in Reason::ALL.into_iter().filter(|r| is_of_the_disk(*r)) {
            let named = before.skips.iter().filter(|skip| skip.reason == reason);
            let count = before.count(reason);
            if count > u64::try_from(named.count()).unwrap_or(u64::MAX) {
                self.counts[reason as usize] = count;
            }
        }
    }

    /// Counts and names a file that is listed nevertheless.
    pub(super) fn trouble(&mut self, path: impl FnOnce() -> Vec<u8>, detail: &str) {
        tally(&mut self.troubled_for, detail);
        remember(&mut self.troubles, Reason::Content, path, detail);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let skipped = self.skipped();
        let all = self.listed + skipped;
        if skipped == 0 {
            write!(f, "listed all {all} files")?;
        } else {
            write!(f, "skipped {skipped} of {all} files: ")?;
            let mut separator = "";
            for (what, count) in &self.skipped_for {
                write!(f, "{separator}{count} {what}")?;
                separator = ", ";
            }
            for reason in Reason::ALL {
                let count = self.count(reason);
                if count > 0 && !reason.is_quiet() && reason != Reason::Content {
                    write!(f, "{separator}{count} {reason}")?;
                    separator = ", ";
                }
            }
        }
        for (what, count) in &self.troubled_for {
            write!(f, "; {count} listed although {what}")?;
        }
        for root in &self.missing {
            let path = String::from_utf8_lossy(&root.path);
            write!(f, "; {} is offline: {}", path.escape_debug(), root.detail)?;
        }
        for note in &self.notes {
            write!(f, "; {note}")?;
        }
        Ok(())
    }
}

/// What a report named, by the directory it lies in.
#[derive(Debug, Default)]
pub(super) struct Carried(HashMap<Box<[u8]>, Vec<Skip>>);

impl Carried {
    pub(super) fn of(report: &Report) -> Self {
        let mut by_directory: HashMap<Box<[u8]>, Vec<Skip>> = HashMap::new();
        for skip in report.skips.iter().filter(|s| is_of_the_disk(s.reason)) {
            let skips = by_directory.entry(parent(&skip.path).into());
            skips.or_default().push(skip.clone());
        }
        Self(by_directory)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes out what was said of the children of a directory, and of itself.
    fn of_directory(&mut self, directory: &[u8]) -> Vec<Skip> {
        let mut skips = self.0.remove(directory).unwrap_or_default();
        if let Some(beside) = self.0.get_mut(parent(directory)) {
            let own = beside.iter().position(|skip| *skip.path == *directory);
            skips.extend(own.map(|own| beside.remove(own)));
        }
        skips
    }

    /// A directory is looked at again: what was said of it itself is out of date, and of what lies below it too if
    /// that is looked at as well.
    pub(super) fn forget(&mut self, directory: &[u8], depth: Depth) {
        let below = |path: &[u8]| depth == Depth::Below && beneath::is_beneath(directory, path);
        for skips in self.0.values_mut() {
            skips.retain(|skip| *skip.path != *directory && !below(&skip.path));
        }
    }
}

fn parent(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|b| *b == b'/').unwrap_or(0);
    &path[..end]
}

/// Only the disk can tell it again; everything else is in the records.
fn is_of_the_disk(reason: Reason) -> bool {
    !reason.is_quiet() && !matches!(reason, Reason::Content | Reason::Full)
}

fn remember(list: &mut Vec<Skip>, reason: Reason, path: impl FnOnce() -> Vec<u8>, detail: &str) {
    if list.len() < limits::REPORTED_SKIPS {
        list.push(Skip {
            path: path().into(),
            reason,
            detail: detail.into(),
        });
    }
}

fn tally(counts: &mut Vec<(Box<str>, u64)>, what: &str) {
    let what = if counts.len() < TROUBLES || counts.iter().any(|(w, _)| **w == *what) {
        what
    } else {
        "otherwise wrong"
    };
    match counts.iter_mut().find(|(w, _)| **w == *what) {
        Some((_, count)) => *count += 1,
        None => counts.push((what.into(), 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_one_line() {
        let mut report = Report {
            listed: 1808,
            ..Report::default()
        };
        assert_eq!(report.to_string(), "listed all 1808 files");
        for (reason, detail) in [
            (Reason::Content, "cut short"),
            (Reason::Content, "cut short"),
            (Reason::Content, "unknown format"),
            (Reason::Empty, ""),
            (Reason::NotMedia, ""),
        ] {
            report.skip(reason, || b"/a".to_vec(), detail);
        }
        assert_eq!(
            report.to_string(),
            "skipped 4 of 1812 files: 2 cut short, 1 unknown format, 1 empty"
        );
        assert_eq!(report.skips.len(), 4);
        assert_eq!(report.skips[0].to_string(), "/a: cut short");
    }

    #[test]
    fn names_and_texts_are_bounded_and_counts_are_not() {
        let mut report = Report::default();
        for i in 0..2000 {
            report.skip(Reason::Content, || b"/a".to_vec(), &format!("trouble {i}"));
        }
        assert_eq!(report.skips.len(), limits::REPORTED_SKIPS);
        assert_eq!(report.skipped_for.len(), TROUBLES + 1);
        assert_eq!(report.skipped(), 2000);
    }
}
