//! The scanner's hands: it waits, scans, publishes and writes as `catalogue::watch` decides.

use std::{
    path::PathBuf,
    sync::{Arc, mpsc},
    time::{Duration, Instant},
};

use smol::channel::Sender;

use super::{News, Order, roots, watching::Watching};
use crate::{
    catalogue::{
        prober::MediaProber,
        report::Report,
        scan::{self, Changes, Depth, Job, Playlists, Progress, Scanned, Stopped},
        snapshot::Snapshot,
        views::Views,
        walk::{self, Root},
        watch::{Event, Next, Scan, Scope, Watcher},
        writer::{self, Built},
    },
    config,
    net::clock::Clock,
    service::page::Watched,
    sys::{
        priority,
        wait::{self, Bell},
    },
};

/// The scanner's thread.
pub(super) struct Lane {
    pub(super) media: Vec<config::Root>,
    pub(super) views: Views,
    pub(super) clock: Clock,
    pub(super) state_dir: PathBuf,
    pub(super) rescan: Option<Duration>,
    /// What was published last; before the first scan, what the last run left.
    pub(super) previous: Option<Arc<Snapshot>>,
    pub(super) progress: Arc<Progress>,
    pub(super) inbox: mpsc::Receiver<Order>,
    pub(super) bell: Arc<Bell>,
    pub(super) outbox: Sender<News>,
}

/// The thread at work.
struct Work {
    lane: Lane,
    start: Instant,
    watcher: Watcher,
    watching: Watching,
    roots: Vec<Root>,
    report: Arc<Report>,
    playlists: Playlists,
    /// It was said that some folders do not tell of their changes.
    said_notes: bool,
    /// It was said that the snapshot cannot be written.
    said_unwritten: bool,
    is_stopping: bool,
}

impl Lane {
    /// Works until it is told to stop, or nobody listens any more.
    pub(super) fn run(self) {
        priority::behind();
        let mut work = Work {
            watcher: Watcher::new(self.rescan),
            watching: Watching::new(),
            start: Instant::now(),
            roots: roots(&self.media),
            report: Arc::default(),
            playlists: Playlists::default(),
            said_notes: false,
            said_unwritten: false,
            is_stopping: false,
            lane: self,
        };
        let _ = work.watching.remounted(&work.roots);
        work.run();
    }
}

impl Work {
    fn run(&mut self) {
        loop {
            self.hear();
            if self.is_stopping {
                break;
            }
            match self.watcher.next(self.start.elapsed()) {
                Next::Scan(scope) => self.scan(scope),
                Next::Write => self.write(),
                Next::Wait(time) => self.wait(time),
            }
        }
        if self.lane.previous.as_ref().is_some_and(|s| !s.is_kept()) {
            self.write();
        }
    }

    fn wait(&mut self, time: Option<Duration>) {
        // Changes that come one after the other are taken together, when it is time.
        let is_quiet = self.watcher.is_quiet();
        let queue = self.watching.watches().filter(|_| is_quiet);
        let queue = queue.map(std::os::fd::AsFd::as_fd);
        if wait::wait(&self.lane.bell, queue, self.watching.mounts(), time) {
            self.mounts_changed();
        }
    }

    /// Takes in orders and changes.
    fn hear(&mut self) {
        self.lane.bell.hear();
        let now = self.start.elapsed();
        loop {
            match self.lane.inbox.try_recv() {
                Ok(Order::Rescan) => self.watcher.handle(now, Event::Ordered),
                Ok(Order::Stop) | Err(mpsc::TryRecvError::Disconnected) => {
                    self.is_stopping = true;
                    return;
                }
                Err(mpsc::TryRecvError::Empty) => break,
            }
        }
        let Some(snapshot) = self.lane.previous.clone() else {
            return;
        };
        if self.watching.hear(&mut self.watcher, now, &snapshot) {
            self.look_for_roots();
        }
    }

    fn mounts_changed(&mut self) {
        let now = self.start.elapsed();
        for root in self.watching.remounted(&self.roots) {
            log::info!(
                "something was mounted or unmounted at {}",
                root.path().display()
            );
            match container_of(self.lane.previous.as_deref(), root) {
                Some(container) => self.watcher.handle(now, Event::Below(container)),
                None => self.watcher.handle(now, Event::Lost),
            }
        }
        self.look_for_roots();
    }

    /// Asks of each media folder whether it is the one it was.
    fn look_for_roots(&mut self) {
        let Some(snapshot) = self.lane.previous.clone() else {
            return;
        };
        let now = self.start.elapsed();
        let present = roots(&self.lane.media);
        if present != self.roots {
            // A link leads elsewhere.
            self.roots = present;
            return self.watcher.handle(now, Event::Lost);
        }
        for root in &self.roots {
            let known = snapshot.roots().find(|known| known.path == root.bytes());
            let identity = std::fs::File::open(root.path());
            let identity = identity.ok().and_then(|dir| walk::identity(&dir).ok());
            let container = known.and_then(|known| snapshot.container_of(&known));
            let before = container.map(|container| container.directory_identity());
            let is_offline = known.is_none_or(|known| known.is_offline);
            if is_offline && identity.is_none() || !is_offline && identity == before {
                continue;
            }
            match container {
                Some(container) => self.watcher.handle(now, Event::Below(container.id())),
                None => self.watcher.handle(now, Event::Lost),
            }
        }
        // The way to a missing one may have come nearer.
        self.watching.guard(&self.roots, &snapshot);
    }

    fn scan(&mut self, scope: Scope) {
        let begin = self.start.elapsed();
        // Somebody waits for what was just put there; nobody for a look through thousands of folders.
        let is_awaited = matches!(scope, Scope::Changes { silent: false, .. });
        let changes = match scope {
            Scope::Everything => {
                self.tell(News::Started);
                self.roots = roots(&self.lane.media);
                None
            }
            Scope::Changes {
                mut directories,
                silent,
            } => {
                if silent {
                    // A server on the network comes back without a word.
                    self.look_for_roots();
                }
                let snapshot = self.lane.previous.as_deref().filter(|_| silent);
                for silent in snapshot
                    .map(|s| self.watching.silent(s))
                    .into_iter()
                    .flatten()
                {
                    directories.entry(silent).or_insert(Depth::Here);
                }
                Some(Changes {
                    directories,
                    unfinished: self.watcher.unfinished().clone(),
                    report: Arc::unwrap_or_clone(std::mem::take(&mut self.report)),
                    playlists: std::mem::take(&mut self.playlists),
                })
            }
        };
        let is_all = changes.is_none();
        let job = Job {
            roots: self.roots.clone(),
            previous: self.lane.previous.clone(),
            prober: Arc::new(MediaProber),
            progress: Arc::clone(&self.lane.progress),
            views: self.lane.views.clone(),
            now: self.lane.clock.now().unix_secs,
            changes,
            watches: self.watching.watches().cloned(),
        };
        let cpu = priority::cpu_time();
        let done = if is_awaited {
            scan::scan(&job)
        } else {
            priority::at_lowest(|| scan::scan(&job))
        };
        // Of the other thread nothing is known, but that nobody waits for it.
        let cpu = is_awaited.then(|| priority::cpu_time().saturating_sub(cpu));
        match done {
            Ok(scanned) => self.scanned((begin, cpu), is_all, scanned),
            Err(Stopped::Cancelled) => self.is_stopping = true,
            Err(Stopped::RootChanged) => {
                log::info!("{}; scanning again", Stopped::RootChanged);
                self.watcher.handle(self.start.elapsed(), Event::Spoiled);
            }
        }
    }

    /// `begin`: when it began; `cpu`: what it took of the CPU, if it was awaited.
    fn scanned(
        &mut self,
        (begin, cpu): (Duration, Option<Duration>),
        is_all: bool,
        scanned: Scanned,
    ) {
        let Scanned {
            built,
            mut report,
            playlists,
            seen,
        } = scanned;
        let is_new = !built.is_unchanged();
        self.publish(&built, is_all);
        drop(built);
        let now = self.start.elapsed();
        let (mut has_silent, mut watched) = (false, Watched::default());
        if let Some(snapshot) = self.lane.previous.clone() {
            self.watching.learn(&seen, is_all, &snapshot);
            self.watching.guard(&self.roots, &snapshot);
            report.notes = self.watching.notes(&snapshot, self.lane.rescan);
            watched = self.watching.watched(&snapshot);
            has_silent = snapshot.roots().any(|root| root.is_offline)
                || watched.polled.iter().any(|count| *count > 0);
        }
        let was_said = std::mem::replace(&mut self.said_notes, !report.notes.is_empty());
        for note in report.notes.iter().filter(|_| !was_said) {
            log::warn!("{note}");
        }
        let time = now.saturating_sub(begin);
        log::debug!(
            "looked through {} folders in {} ms",
            seen.len(),
            time.as_millis()
        );
        self.watcher.handle(
            now,
            Event::Scanned(Scan {
                cost: cpu.unwrap_or(time),
                is_awaited: cpu.is_some(),
                is_new,
                has_silent,
            }),
        );
        self.report = Arc::new(report);
        self.playlists = playlists;
        self.tell(News::Finished(Arc::clone(&self.report), watched));
    }

    /// Shows the new catalogue at once, before it is kept.
    fn publish(&mut self, built: &Built, is_all: bool) {
        if built.is_unchanged() {
            // The same bytes, but it may not be listed yet: the folders may have been others.
            if let Some(previous) = self.lane.previous.clone().filter(|_| is_all) {
                self.tell(News::Snapshot(previous));
            }
            return;
        }
        match built.publish(&self.lane.state_dir) {
            Ok(snapshot) => self.list(Arc::new(snapshot)),
            Err(error) => log::error!("the new catalogue cannot be used: {error}"),
        }
    }

    /// Keeps what was published, and shows it from where it is kept.
    fn write(&mut self) {
        let Some(snapshot) = self.lane.previous.clone() else {
            return;
        };
        let dir = self.lane.state_dir.clone();
        let told = match writer::commit(&snapshot, &dir) {
            Ok(written) => {
                self.list(Arc::new(written));
                self.tell(News::Kept(true));
                if std::mem::take(&mut self.said_unwritten) {
                    log::info!("the catalogue is kept in {} again", dir.display());
                }
                Event::Written
            }
            Err(error) => {
                self.tell(News::Kept(false));
                if !std::mem::replace(&mut self.said_unwritten, true) {
                    log::warn!(
                        "cannot keep the catalogue in {}: {error}. It is served from memory, and tried again from time to \
                         time; until then all files are read again at the next start",
                        dir.display()
                    );
                }
                if let Some(copy) = writer::rescue(&snapshot) {
                    self.list(Arc::new(copy));
                }
                Event::NotWritten
            }
        };
        self.watcher.handle(self.start.elapsed(), told);
    }

    fn list(&mut self, snapshot: Arc<Snapshot>) {
        self.lane.previous = Some(Arc::clone(&snapshot));
        self.tell(News::Snapshot(snapshot));
    }

    fn tell(&self, news: News) {
        // A closed channel means that rill is stopping.
        let _ = self.lane.outbox.send_blocking(news);
    }
}

/// The container of a media folder.
fn container_of(
    snapshot: Option<&Snapshot>,
    root: &Root,
) -> Option<crate::catalogue::object_id::ObjectId> {
    let snapshot = snapshot?;
    let known = snapshot.roots().find(|known| known.path == root.bytes())?;
    Some(snapshot.container_of(&known)?.id())
}
