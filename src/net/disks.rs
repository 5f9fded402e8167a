//! Work that may wait for a disk: done by threads of the readers lane, of which one disk may hold a few.
//!
//! A disk that does not answer (a stick pulled out, a server on the network that is gone) keeps every thread that asks it,
//! and nothing can call them back. So each disk has at most [`limits::READERS_PER_DISK`] at once: the others stay free for
//! the other disks. Who waits longer than [`limits::DISK_TIME`] is told so, and the thread goes on waiting alone.
//! Closing is such work too.

use std::{
    cell::RefCell,
    fs::File,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use smol::lock::{Semaphore, SemaphoreGuardArc};

use super::send;
use crate::limits;

/// The kernel's number of the device that a file lies on (`st_dev`); 0: not known.
pub(super) type Disk = u64;

thread_local! {
    /// The disks that are being read. Of the loop's thread, which is the only one that asks.
    static LANES: RefCell<Vec<(Disk, Arc<Lane>)>> = const { RefCell::new(Vec::new()) };
}

/// What is to be done on one disk.
struct Lane {
    turns: Arc<Semaphore>,
    /// Files to be closed by whoever has a turn: as many as were open, and no more.
    done_with: Mutex<Vec<File>>,
}

impl Lane {
    /// Closes what is to be closed, and gives `turn` back.
    fn leave(&self, turn: SemaphoreGuardArc) {
        let mut turn = Some(turn);
        while turn.take().is_some() {
            while let Some(file) = self.next() {
                drop(file);
            }
            // What came since found no turn, or this one.
            if !self.files().is_empty() {
                turn = self.turns.try_acquire_arc();
            }
        }
    }

    /// Not held while a file is closed.
    fn next(&self) -> Option<File> {
        self.files().pop()
    }

    fn files(&self) -> MutexGuard<'_, Vec<File>> {
        // A panic ends the process, so a lock is never left poisoned.
        self.done_with
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Does `work`, which may wait for `disk`, on a thread of its own.
///
/// # Errors
/// Those of `work`; `TimedOut` when the disk did not answer within [`limits::DISK_TIME`].
pub(super) async fn ask<T: Send + 'static>(
    disk: Disk,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let lane = lane_of(disk);
    send::within(limits::DISK_TIME, async {
        let turn = lane.turns.acquire_arc().await;
        // Dropped with this future, it goes on until the disk answers, and keeps its turn.
        blocking::unblock(move || {
            let done = work();
            lane.leave(turn);
            done
        })
        .await
    })
    .await
}

/// Closes `file`, for which its `disk` may have to be waited for; nobody waits for that.
pub(super) fn close(disk: Disk, file: File) {
    let lane = lane_of(disk);
    lane.files().push(file);
    // Else those who have the turns close it.
    if let Some(turn) = lane.turns.try_acquire_arc() {
        blocking::unblock(move || lane.leave(turn)).detach();
    }
}

fn lane_of(disk: Disk) -> Arc<Lane> {
    LANES.with_borrow_mut(|lanes| {
        if let Some((_, known)) = lanes.iter().find(|(known, _)| *known == disk) {
            return Arc::clone(known);
        }
        lanes.retain(|(_, lane)| Arc::strong_count(lane) > 1 || !lane.files().is_empty());
        if let Some((_, shared)) = lanes.get(limits::DISKS - 1) {
            return Arc::clone(shared);
        }
        let new = Arc::new(Lane {
            turns: Arc::new(Semaphore::new(limits::READERS_PER_DISK)),
            done_with: Mutex::default(),
        });
        lanes.push((disk, Arc::clone(&new)));
        new
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use smol::{LocalExecutor, Timer, future};

    use super::*;

    #[test]
    fn a_disk_that_holds_its_readers_leaves_the_other_disks_theirs() {
        let executor = LocalExecutor::new();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let stuck: Vec<_> = (0..limits::READERS)
            .map(|_| {
                let held = Arc::clone(&held);
                executor.spawn(ask(1, move || {
                    held.lock().unwrap().recv().ok();
                    Ok(())
                }))
            })
            .collect();
        let other = executor.spawn(async {
            // The stuck ones have had their chance.
            Timer::after(Duration::from_millis(50)).await;
            ask(2, || Ok(7)).await
        });
        assert_eq!(future::block_on(executor.run(other)).unwrap(), 7);
        assert!(stuck.iter().all(|task| !task.is_finished()));
        drop(release);
        for task in stuck {
            future::block_on(executor.run(task)).unwrap();
        }
    }

    #[test]
    fn what_is_closed_while_all_turns_are_taken_is_closed_by_who_has_them() {
        let executor = LocalExecutor::new();
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let stuck: Vec<_> = (0..limits::READERS_PER_DISK)
            .map(|_| {
                let held = Arc::clone(&held);
                executor.spawn(ask(3, move || {
                    held.lock().unwrap().recv().ok();
                    Ok(())
                }))
            })
            .collect();
        while executor.try_tick() {}
        for _ in 0..100 {
            close(3, File::open("/dev/null").unwrap());
        }
        assert_eq!(lane_of(3).files().len(), 100);
        drop(release);
        for task in stuck {
            future::block_on(executor.run(task)).unwrap();
        }
        while !lane_of(3).files().is_empty() {
            std::thread::yield_now();
        }
        close(3, File::open("/dev/null").unwrap());
        while !lane_of(3).files().is_empty() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn idle_disks_are_forgotten_and_the_table_is_bounded() {
        for disk in 0..10_000 {
            drop(lane_of(disk));
        }
        LANES.with_borrow(|lanes| assert_eq!(lanes.len(), 1));
        let held: Vec<_> = (0..200).map(lane_of).collect();
        LANES.with_borrow(|lanes| assert_eq!(lanes.len(), limits::DISKS));
        drop(held);
    }
}
