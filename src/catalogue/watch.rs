//! When to look at what, and when to write it down: the scanner's decisions, without a thread, a disk or a clock.
//!
//! Changes are gathered until nothing happens for a moment, so that copying ten thousand files does not cost ten thousand
//! passes; and never longer than a person waits. The first one after a calm time hardly waits at all. A pass that is dear
//! is made less often. The snapshot is published after each pass, and kept when the library has been quiet for a while, so
//! that an SD card is not worn.

use std::{collections::BTreeMap, time::Duration};

use super::{
    object_id::ObjectId,
    scan::{Depth, Unfinished},
};

/// Nothing may have happened for this long before a pass begins.
pub const QUIET: Duration = Duration::from_millis(30);
/// The same for the first change after a calm time: one file that somebody has put there, most often.
pub const QUIET_AT_FIRST: Duration = Duration::from_millis(3);
/// Time without a pass, after which it is calm.
const CALM: Duration = Duration::from_secs(1);
/// A pass begins this long after the first change at the latest, if passes are cheap.
pub const LONGEST: Duration = Duration::from_millis(400);
/// Of the time, passes take at most one part in this many and one.
const SHARE: u32 = 2;
/// The longest rest between two looks at everything: a first one of minutes is no measure for the next.
const REST_LONGEST: Duration = Duration::from_secs(60);
/// Directories remembered as changed. Beyond it: everything is looked at.
const DIRECTORIES: usize = 16_384;
/// Nothing may have changed for this long before the snapshot is written.
pub const WRITE_QUIET: Duration = Duration::from_secs(30);
/// While changes go on, the snapshot is written this often.
pub const WRITE_LONGEST: Duration = Duration::from_secs(300);
/// Time until a snapshot that could not be written is tried again.
pub const WRITE_AGAIN: Duration = Duration::from_secs(300);
/// Time after which a pass that a disk spoiled is made again; twice as long after each further one.
const SPOILED: Duration = Duration::from_millis(250);
/// The longest such time.
const SPOILED_LONGEST: Duration = Duration::from_secs(60);

/// What the scanner heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A file was made, and whoever made it will close it.
    Made(ObjectId, &'a [u8]),
    /// A child came whole, or went.
    Changed(ObjectId, &'a [u8]),
    /// A child's times or permissions changed.
    Attributes(ObjectId, &'a [u8]),
    /// Everything below may be different.
    Below(ObjectId),
    /// Changes were lost: anything may be different.
    Lost,
    /// The operator wants everything looked at.
    Ordered,
    /// A pass ended.
    Scanned(Scan),
    /// A pass was spoiled by a disk that came or went.
    Spoiled,
    /// The snapshot is on the disk.
    Written,
    /// It could not be written.
    NotWritten,
}

/// What a pass was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// What it took: CPU time if it was awaited, so that one which others kept from the CPU does not delay the next.
    pub cost: Duration,
    /// It looked at changes alone, and somebody waits for them.
    pub is_awaited: bool,
    /// It made another snapshot than there was.
    pub is_new: bool,
    /// Some directories tell nothing of their changes and must be asked.
    pub has_silent: bool,
}

/// What the scanner is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look at this.
    Scan(Scope),
    /// Write the snapshot.
    Write,
    /// Wait for something to happen, for this long at most.
    Wait(Option<Duration>),
}

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every directory.
    Everything,
    /// These, and those that tell nothing of their changes if `silent`.
    Changes {
        /// Directories of which changes were told.
        directories: BTreeMap<ObjectId, Depth>,
        /// The time has come to ask the silent ones.
        silent: bool,
    },
}

/// The machine. All times are those since some moment that stays the same.
#[derive(Debug)]
pub struct Watcher {
    /// How often silent directories are asked; `None`: never.
    rescan: Option<Duration>,
    everything: bool,
    directories: BTreeMap<ObjectId, Depth>,
    unfinished: Unfinished,
    /// First and last change that no pass has seen.
    changes: Option<(Duration, Duration)>,
    /// No pass before this.
    not_before: Duration,
    /// No look at everything before this.
    everything_not_before: Duration,
    /// Of the last pass that was awaited.
    cost: Duration,
    /// Changes from this on come after a calm time.
    calm_from: Duration,
    spoiled: u32,
    /// When silent directories are asked.
    ask_at: Option<Duration>,
    /// First and last change that is not on the disk.
    unwritten: Option<(Duration, Duration)>,
    /// No writing before this.
    write_not_before: Duration,
    write_at_once: bool,
}

impl Watcher {
    /// A machine that wants everything looked at, at once.
    pub fn new(rescan: Option<Duration>) -> Self {
        Self {
            rescan,
            everything: true,
            directories: BTreeMap::new(),
            unfinished: Unfinished::default(),
            changes: None,
            not_before: Duration::ZERO,
            everything_not_before: Duration::ZERO,
            cost: Duration::ZERO,
            calm_from: Duration::ZERO,
            spoiled: 0,
            ask_at: None,
            unwritten: None,
            write_not_before: Duration::ZERO,
            // The first scan is the dear one: it is kept as soon as it is done.
            write_at_once: true,
        }
    }

    /// Something happened.
    pub fn handle(&mut self, now: Duration, event: Event<'_>) {
        match event {
            Event::Made(directory, name) => self.unfinished.begin(directory, name),
            Event::Changed(directory, name) => {
                self.unfinished.end(directory, name);
                self.change(now, directory, Depth::Here);
            }
            Event::Attributes(directory, name) => {
                if !self.unfinished.has(directory, name) {
                    self.change(now, directory, Depth::Here);
                }
            }
            Event::Below(directory) => self.change(now, directory, Depth::Below),
            Event::Lost => {
                self.everything = true;
                self.touch(now);
            }
            Event::Ordered => {
                self.everything = true;
                self.changes = None;
                self.not_before = now;
                self.everything_not_before = now;
                self.write_not_before = now;
                // What could not be written is tried again as well.
                self.write_at_once |= self.unwritten.is_some();
            }
            Event::Scanned(scan) => self.scanned(now, scan),
            Event::Spoiled => {
                self.everything = true;
                let wait = SPOILED.saturating_mul(1 << self.spoiled.min(16));
                self.not_before = now + wait.min(SPOILED_LONGEST);
                self.spoiled += 1;
            }
            Event::Written => {
                self.unwritten = None;
                self.write_at_once = false;
            }
            Event::NotWritten => {
                self.write_at_once = false;
                self.write_not_before = now + WRITE_AGAIN;
            }
        }
    }

    /// What to do now. A scan is handed out once: what happens from then on is for the next.
    pub fn next(&mut self, now: Duration) -> Next {
        let scan_at = self.scan_at();
        if scan_at.is_some_and(|at| at <= now) {
            return Next::Scan(self.begin(now));
        }
        let write_at = self.write_at();
        if write_at.is_some_and(|at| at <= now) {
            return Next::Write;
        }
        let wake_at = scan_at.into_iter().chain(write_at).min();
        Next::Wait(wake_at.map(|at| at.saturating_sub(now)))
    }

    /// Nothing has changed that no pass has seen.
    pub fn is_quiet(&self) -> bool {
        self.changes.is_none() && !self.everything
    }

    /// Files that are being written.
    pub fn unfinished(&self) -> &Unfinished {
        &self.unfinished
    }

    fn scan_at(&self) -> Option<Duration> {
        let changed = match self.changes {
            Some((first, last)) => {
                let longest = LONGEST.max(self.cost.saturating_mul(SHARE));
                let is_calm = first >= self.calm_from;
                let quiet = if is_calm { QUIET_AT_FIRST } else { QUIET };
                Some((last + quiet).min(first + longest))
            }
            None => self.everything.then_some(Duration::ZERO),
        };
        let at = changed.into_iter().chain(self.ask_at).min()?;
        let everything = self.everything.then_some(self.everything_not_before);
        Some(at.max(self.not_before).max(everything.unwrap_or_default()))
    }

    fn write_at(&self) -> Option<Duration> {
        let (first, last) = self.unwritten?;
        let at = if self.write_at_once {
            Duration::ZERO
        } else {
            (last + WRITE_QUIET).min(first + WRITE_LONGEST)
        };
        Some(at.max(self.write_not_before))
    }

    fn begin(&mut self, now: Duration) -> Scope {
        self.changes = None;
        let silent = self.ask_at.is_some_and(|at| at <= now);
        let directories = std::mem::take(&mut self.directories);
        if std::mem::take(&mut self.everything) {
            self.unfinished.clear();
            return Scope::Everything;
        }
        if silent {
            self.ask_at = None;
        }
        Scope::Changes {
            directories,
            silent,
        }
    }

    fn scanned(&mut self, now: Duration, scan: Scan) {
        self.spoiled = 0;
        let rest = scan.cost.saturating_mul(SHARE);
        if scan.is_awaited {
            self.cost = scan.cost;
            self.not_before = now + rest;
        } else {
            // What changes is seen at once even after a first scan of half an hour.
            self.not_before = now;
            self.everything_not_before = now + rest.min(REST_LONGEST);
        }
        self.calm_from = now + CALM;
        if !scan.has_silent {
            self.ask_at = None;
        } else if self.ask_at.is_none_or(|at| at <= now) {
            self.ask_at = self.rescan.map(|rescan| now + rescan);
        }
        if scan.is_new {
            let first = self.unwritten.map_or(now, |(first, _)| first);
            self.unwritten = Some((first, now));
        }
        // Only the first one is written for its own sake.
        self.write_at_once &= self.unwritten.is_some();
    }

    fn change(&mut self, now: Duration, directory: ObjectId, depth: Depth) {
        if self.directories.len() < DIRECTORIES || self.directories.contains_key(&directory) {
            let known = self.directories.entry(directory).or_insert(depth);
            *known = depth.max(*known);
        } else {
            self.everything = true;
        }
        self.touch(now);
    }

    fn touch(&mut self, now: Duration) {
        let first = self.changes.map_or(now, |(first, _)| first);
        self.changes = Some((first, now));
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
