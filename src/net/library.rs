//! The scanner lane: one thread that walks the disks, follows their changes and sends finished snapshots to the loop.

use std::{
    io,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use smol::channel::{self, Receiver};

use super::clock::Clock;
use crate::{
    catalogue::{
        prober::{MediaProber, Telling},
        report::Report,
        scan::{self, Job, Kind, Probed, Progress, Scanned, Stopped},
        snapshot::Snapshot,
        views::{View, Views},
        walk::Root,
        writer,
    },
    config::{self, Config},
    service::page::Watched,
    sys::{lock, priority, wait::Bell},
};

mod lane;
mod watching;

use lane::Lane;

/// Messages that may wait for the loop.
const WAITING: usize = 4;

/// How often whoever waits for [`scan_once`] is told how far it is.
const WATCH_PERIOD: Duration = Duration::from_millis(200);

/// What the scanner tells the loop.
pub(super) enum News {
    /// A scan has begun.
    Started,
    /// This is what is listed from now on.
    Snapshot(Arc<Snapshot>),
    /// A scan has ended.
    Finished(Arc<Report>, Watched),
    /// What is listed could be written to the disk, or not.
    Kept(bool),
}

/// What the loop asks of the scanner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// To look at everything.
    Rescan,
    /// To write what is not written yet, and to end.
    Stop,
}

/// The loop's handle on the scanner.
#[derive(Debug)]
pub(super) struct Scanner {
    orders: mpsc::Sender<Order>,
    bell: Arc<Bell>,
    progress: Arc<Progress>,
}

impl Scanner {
    /// Asks for a scan of everything; several asked for while one runs become one.
    pub(super) fn rescan(&self) {
        self.order(Order::Rescan);
    }

    /// How far it is.
    pub(super) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Tells it to stop at the next file, to write what is not written yet, and to end: then the channel of its news is
    /// closed.
    pub(super) fn stop(&self) {
        self.progress.cancel();
        self.order(Order::Stop);
    }

    fn order(&self, order: Order) {
        // A scanner that ended has said why.
        let _ = self.orders.send(order);
        self.bell.ring();
    }
}

/// Starts the thread, which scans everything at once and then what changes. Also gives what is listed until that scan is done.
///
/// # Errors
/// No thread could be made.
pub(super) fn start(config: &Config) -> io::Result<(Scanner, Arc<Snapshot>, Receiver<News>)> {
    let stored = load(config);
    let listed = match &stored {
        Some(stored) if is_of(stored, &config.media) => Arc::clone(stored),
        // Folders that the operator took away must not be served any more, not even for the time of a scan.
        _ => Arc::new(empty().map_err(io::Error::other)?),
    };
    let (orders, inbox) = mpsc::channel();
    let (outbox, news) = channel::bounded(WAITING);
    let progress = Arc::new(Progress::default());
    let bell = Arc::new(Bell::new()?);
    let lane = Lane {
        media: config.media.clone(),
        views: views(config),
        clock: Clock::start(),
        state_dir: config.state_dir.clone(),
        rescan: config.rescan,
        previous: stored,
        progress: Arc::clone(&progress),
        inbox,
        bell: Arc::clone(&bell),
        outbox,
    };
    thread::Builder::new()
        .name("scanner".into())
        .spawn(move || lane.run())?;
    let scanner = Scanner {
        orders,
        bell,
        progress,
    };
    Ok((scanner, listed, news))
}

/// Scans once, keeps the result and says what was found: the command `rill scan`. Meanwhile `watch` is shown how far
/// it is, five times a second.
///
/// # Errors
/// The scan was spoiled by a disk that came or went, or its result could not be kept.
pub fn scan_once(config: &Config, watch: impl Fn(&Progress)) -> Result<Report, String> {
    let progress = Arc::new(Progress::default());
    let job = Job {
        progress: Arc::clone(&progress),
        views: views(config),
        now: Clock::start().now().unix_secs,
        ..Job::new(roots(&config.media), load(config), Arc::new(MediaProber))
    };
    let (outbox, inbox) = mpsc::channel();
    scan::spawn(job, move |result| {
        // The receiver waits below.
        let _ = outbox.send(result);
    })
    .map_err(|error| error.to_string())?;
    let result = loop {
        match inbox.recv_timeout(WATCH_PERIOD) {
            Ok(result) => break result,
            Err(mpsc::RecvTimeoutError::Timeout) => watch(&progress),
            Err(error) => return Err(error.to_string()),
        }
    };
    let Scanned { built, report, .. } = result.map_err(|stopped| stopped.to_string())?;
    // A server that runs on this state directory keeps what it finds itself.
    let is_served = matches!(lock::lock(&config.state_dir), Ok(None));
    if !built.is_unchanged() && !is_served {
        built.commit(&config.state_dir).map_err(|error| {
            let dir = config.state_dir.display();
            format!("cannot keep the catalogue in {dir}: {error}")
        })?;
    }
    Ok(report)
}

/// Reads every file anew and tells `each` of those that are listed: absolute path, what it counts as, what is known of
/// it. Keeps nothing. `each` answers whether anybody still listens; if not, the scan stops and there is no report.
///
/// # Errors
/// The scan was spoiled by a disk that came or went.
pub fn scan_each(
    config: &Config,
    each: impl Fn(&[u8], Kind, &Probed) -> bool + Send + Sync + 'static,
) -> Result<Option<Report>, String> {
    priority::lowest();
    let progress = Arc::new(Progress::default());
    let stop = Arc::clone(&progress);
    let tell = move |path: &[u8], kind: Kind, probed: &Probed| {
        if !each(path, kind, probed) {
            stop.cancel();
        }
    };
    let job = Job {
        progress,
        ..Job::new(roots(&config.media), None, Arc::new(Telling(tell)))
    };
    match scan::scan(&job) {
        Ok(scanned) => Ok(Some(scanned.report)),
        Err(Stopped::Cancelled) => Ok(None),
        Err(stopped) => Err(stopped.to_string()),
    }
}

/// The snapshot of the last run, if there is a usable one.
fn load(config: &Config) -> Option<Arc<Snapshot>> {
    let loaded = writer::load(&config.state_dir);
    if let Some(problem) = loaded.problem {
        let dir = config.state_dir.display();
        log::warn!("the catalogue in {dir} is not used, all files are read anew: {problem}");
    }
    loaded.snapshot.map(Arc::new)
}

/// True if `snapshot` is of just these folders.
fn is_of(snapshot: &Snapshot, media: &[config::Root]) -> bool {
    use std::os::unix::ffi::OsStrExt as _;
    let known = |path: &[u8]| snapshot.roots().any(|root| root.path == path);
    snapshot.roots().count() == media.len()
        && media.iter().all(|root| {
            // Usually the path is canonical as it stands; only else the disk is asked.
            known(root.path.as_os_str().as_bytes())
                || known(Root::new(&root.path, root.only).bytes())
        })
}

/// The catalogue of no folders.
fn empty() -> Result<Snapshot, String> {
    let job = Job::new(Vec::new(), None, Arc::new(MediaProber));
    let scanned = scan::scan(&job).map_err(|stopped| stopped.to_string())?;
    scanned
        .built
        .to_snapshot()
        .map_err(|error| error.to_string())
}

/// Views as the catalogue wants them.
fn views(config: &Config) -> Views {
    let view = |view: &config::View| match view {
        config::View::Music => View::Music,
        config::View::Video => View::Video,
        config::View::Pictures => View::Pictures,
        config::View::Folders => View::Folders,
    };
    Views {
        shown: config.views.iter().map(view).collect(),
        initials: config.initials,
    }
}

/// Folders as the walk wants them. Asks the disk.
fn roots(media: &[config::Root]) -> Vec<Root> {
    media
        .iter()
        .map(|root| Root::new(&root.path, root.only))
        .collect()
}
