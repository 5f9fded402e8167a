//! The readers lane: a few standing threads for what may wait for a disk.
//!
//! A connection has one [`Errand`], which it sends and waits for as often as it likes: nothing is allocated for it. Each
//! disk may keep a part of the readers waiting, so that one that does not answer leaves some for the others.

use std::{
    collections::VecDeque,
    fmt,
    future::poll_fn,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    thread,
};

use super::send;
use crate::limits;

/// What a reader does: with what it is given, it makes what is waited for.
pub(super) trait Job: Send + 'static {
    /// What comes of it.
    type Outcome: Send + 'static;

    /// Does it, and waits for the disk as long as that takes.
    fn run(self) -> Self::Outcome;

    /// The disk it may wait for.
    fn disk(&self) -> u64;
}

/// The place where the outcome of a job is waited for.
#[derive(Debug)]
pub(super) struct Errand<J: Job> {
    state: Mutex<State<J::Outcome>>,
}

#[derive(Debug)]
enum State<T> {
    Free,
    UnderWay(Option<Waker>),
    Done(T),
}

impl<J: Job> Errand<J> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::new(State::Free),
        })
    }

    /// Nothing is under way, nor waits to be taken.
    pub(super) fn is_free(&self) -> bool {
        matches!(*lock(&self.state), State::Free)
    }

    /// Waits for the outcome.
    async fn outcome(&self) -> J::Outcome {
        poll_fn(|task| {
            let mut state = lock(&self.state);
            match std::mem::replace(&mut *state, State::Free) {
                State::Done(outcome) => Poll::Ready(outcome),
                State::Free | State::UnderWay(_) => {
                    *state = State::UnderWay(Some(task.waker().clone()));
                    Poll::Pending
                }
            }
        })
        .await
    }

    fn is_done(&self, outcome: J::Outcome) {
        let before = std::mem::replace(&mut *lock(&self.state), State::Done(outcome));
        if let State::UnderWay(Some(waker)) = before {
            waker.wake();
        }
    }
}

/// The threads.
pub(super) struct Readers<J: Job> {
    shared: Arc<Shared<J>>,
}

impl<J: Job> fmt::Debug for Readers<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readers")
    }
}

struct Shared<J: Job> {
    work: Mutex<Work<J>>,
    /// Rings when there is something to do.
    bell: Condvar,
}

struct Work<J: Job> {
    waiting: VecDeque<(Arc<Errand<J>>, J)>,
    /// The disks that readers may be waiting for, one entry for each reader at work.
    disks: Vec<u64>,
    readers: usize,
    idle: usize,
}

impl<J: Job> Readers<J> {
    /// No thread begins before there is work for it.
    pub(super) fn new() -> Self {
        let work = Work {
            waiting: VecDeque::with_capacity(limits::READERS * 4),
            disks: Vec::with_capacity(limits::READERS),
            readers: 0,
            idle: 0,
        };
        let shared = Shared {
            work: Mutex::new(work),
            bell: Condvar::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Sends `errand` out with `job`. At most one can be under way for each errand, so there are never more than
    /// connections.
    ///
    /// # Errors
    /// There is no reader, and the system gives no thread.
    pub(super) fn send(&self, errand: &Arc<Errand<J>>, job: J) -> io::Result<()> {
        *lock(&errand.state) = State::UnderWay(None);
        let mut work = lock(&self.shared.work);
        if work.idle <= work.waiting.len() && work.readers < limits::READERS {
            let shared = Arc::clone(&self.shared);
            let reader = thread::Builder::new()
                .name("reader".to_owned())
                .stack_size(limits::READER_STACK_BYTES);
            match reader.spawn(move || shared.work_for_ever()) {
                Ok(_) => work.readers += 1,
                Err(error) if work.readers == 0 => return Err(error),
                Err(_) => {}
            }
        }
        work.waiting.push_back((Arc::clone(errand), job));
        drop(work);
        self.shared.bell.notify_one();
        Ok(())
    }

    /// Waits for what comes of `errand`.
    ///
    /// # Errors
    /// `TimedOut` when its disk did not answer within [`limits::DISK_TIME`]: no reader begins with it any more, and one
    /// that has begun goes on waiting alone.
    pub(super) async fn outcome(&self, errand: &Arc<Errand<J>>) -> io::Result<J::Outcome> {
        let outcome = send::within(limits::DISK_TIME, async { Ok(errand.outcome().await) }).await;
        if outcome.is_err() {
            let mut work = lock(&self.shared.work);
            work.waiting
                .retain(|(waiting, _)| !Arc::ptr_eq(waiting, errand));
        }
        outcome
    }
}

impl<J: Job> Shared<J> {
    fn work_for_ever(&self) {
        let mut work = lock(&self.work);
        loop {
            let Some((errand, job)) = work.next() else {
                work.idle += 1;
                work = self.bell.wait(work).unwrap_or_else(PoisonError::into_inner);
                work.idle -= 1;
                continue;
            };
            let disk = job.disk();
            work.disks.push(disk);
            drop(work);
            errand.is_done(job.run());
            drop(errand);
            work = lock(&self.work);
            if let Some(place) = work.disks.iter().position(|other| *other == disk) {
                work.disks.swap_remove(place);
            }
        }
    }
}

impl<J: Job> Work<J> {
    /// The first that waits for a disk which does not keep too many waiting already.
    fn next(&mut self) -> Option<(Arc<Errand<J>>, J)> {
        let place = self.waiting.iter().position(|(_, job)| {
            let disk = job.disk();
            let waiting = self.disks.iter().filter(|other| **other == disk);
            waiting.count() < limits::READERS_PER_DISK
        })?;
        self.waiting.remove(place)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    enum Act {
        Hang(u64, Arc<Mutex<mpsc::Receiver<()>>>),
        Give(u64),
    }

    impl Job for Act {
        type Outcome = u64;

        fn run(self) -> u64 {
            match self {
                Self::Hang(disk, end) => {
                    let _ = lock(&end).recv();
                    disk
                }
                Self::Give(disk) => disk,
            }
        }

        fn disk(&self) -> u64 {
            match self {
                Self::Hang(disk, _) | Self::Give(disk) => *disk,
            }
        }
    }

    #[test]
    fn a_disk_that_does_not_answer_leaves_readers_for_the_others() {
        let readers = Readers::new();
        let (end, ended) = mpsc::channel();
        let ended = Arc::new(Mutex::new(ended));
        let hanging: Vec<_> = (0..3 * limits::READERS)
            .map(|_| {
                let errand = Errand::new();
                let job = Act::Hang(1, Arc::clone(&ended));
                readers.send(&errand, job).unwrap();
                errand
            })
            .collect();
        let other = Errand::new();
        for _ in 0..100 {
            readers.send(&other, Act::Give(2)).unwrap();
            assert_eq!(async_io::block_on(readers.outcome(&other)).unwrap(), 2);
            assert!(other.is_free());
        }
        drop(end);
        for errand in hanging {
            assert_eq!(async_io::block_on(readers.outcome(&errand)).unwrap(), 1);
        }
    }
}
