//! One peer's socket, and until when it may keep us waiting.
//!
//! A timer of its own for each wait would cost three system calls a request. So waits only note until when they may last,
//! and a sweeper looks at all of them once a second: who is late has his socket shut, and whoever waits for it goes on.

use std::{
    cell::{Cell, RefCell},
    io,
    net::{Shutdown, TcpStream},
    rc::{Rc, Weak},
    time::Duration,
};

use async_io::{Async, Timer};
use smol::channel;

use super::{clock::Clock, files::Kept, turns::Pace};
use crate::limits;

/// A connected peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) stream: Async<TcpStream>,
    /// The line in which its task waits for its turn.
    pub(super) pace: Pace,
    /// The file it was sent last.
    pub(super) kept: RefCell<Option<Kept>>,
    clock: Clock,
    due: Cell<Option<Due>>,
    is_late: Cell<bool>,
}

/// Until when something may last, and what is shut then.
#[derive(Clone, Copy, Debug)]
struct Due {
    uptime: Duration,
    side: Shutdown,
}

impl Peer {
    /// From now on, the peer has this long to say something. What comes too late reads as the end, and an answer can
    /// still be sent.
    pub(super) fn may_be_silent_for(&self, time: Duration) {
        self.expect(time, Shutdown::Read);
    }

    /// From now on, the peer has this long to take something.
    pub(super) fn may_take_nothing_for(&self, time: Duration) {
        self.expect(time, Shutdown::Both);
    }

    /// From now on, the peer has all the time in the world.
    pub(super) fn may_take_its_time(&self) {
        self.due.set(None);
    }

    /// Its time was over.
    pub(super) fn is_late(&self) -> bool {
        self.is_late.get()
    }

    fn expect(&self, time: Duration, side: Shutdown) {
        let uptime = self.clock.uptime() + time;
        self.due.set(Some(Due { uptime, side }));
    }

    fn judge(&self, now: Duration) {
        let mut kept = self.kept.borrow_mut();
        if kept.as_ref().is_some_and(|kept| !kept.is_fresh(now)) {
            *kept = None;
        }
        if let Some(due) = self.due.get().filter(|due| due.uptime <= now) {
            self.due.set(None);
            self.is_late.set(true);
            // It fails where the connection is broken; then whoever waits for it hears of that.
            let _ = self.stream.get_ref().shutdown(due.side);
        }
    }
}

/// All connected peers.
#[derive(Debug)]
pub(super) struct Peers {
    clock: Clock,
    all: RefCell<Vec<Weak<Peer>>>,
    /// Rings when there are peers again.
    arrived: (channel::Sender<()>, channel::Receiver<()>),
}

impl Peers {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            all: RefCell::default(),
            arrived: channel::bounded(1),
        }
    }

    /// Takes note of one.
    pub(super) fn add(&self, stream: Async<TcpStream>, pace: Pace) -> Rc<Peer> {
        let peer = Rc::new(Peer {
            stream,
            pace,
            kept: RefCell::default(),
            clock: self.clock,
            due: Cell::default(),
            is_late: Cell::default(),
        });
        let mut all = self.all.borrow_mut();
        if all.len() == all.capacity() {
            all.retain(|peer| peer.strong_count() > 0);
        }
        all.push(Rc::downgrade(&peer));
        // Full: it rings already.
        let _ = self.arrived.0.try_send(());
        peer
    }

    /// Looks for late ones, for ever; sleeps while there is nobody.
    pub(super) async fn sweep(&self) {
        // The sender lives as long as this.
        while self.arrived.1.recv().await.is_ok() {
            while !self.all.borrow().is_empty() {
                Timer::after(limits::SWEEP_TIME).await;
                let now = self.clock.uptime();
                self.all
                    .borrow_mut()
                    .retain(|peer| peer.upgrade().inspect(|peer| peer.judge(now)).is_some());
            }
        }
    }
}

/// The end of a wait as an error, where there is one.
pub(super) fn late() -> io::Error {
    io::ErrorKind::TimedOut.into()
}
