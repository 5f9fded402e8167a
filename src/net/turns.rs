//! Whose turn it is: the tasks of the loop, in two lines.
//!
//! Those in the prompt line go first; those that send media wait in the patient line, and one of them has its slice when the
//! prompt ones have had theirs. Between two slices the sockets are asked what is new. So whoever browses waits for one slice
//! of one stream, however many there are. While nobody but the streams has had a turn for some time, their slices may be
//! longer.
//!
//! (smol's own executor knows one line, asks the sockets after 200 turns, and allocates a block of its queue with every 31.)

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use async_task::Runnable;
use smol::Task;

/// Prompt turns after which a patient task has its own, whoever else is waiting.
const PROMPT_TURNS: usize = 32;
/// Patient turns without a prompt one between them, from which on it is quiet.
const QUIET_TURNS: u32 = 64;

/// The tasks of one thread.
#[derive(Debug, Default)]
pub(super) struct Turns {
    lines: Arc<Lines>,
}

/// In which line a task waits; it may change its mind between two turns.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    is_patient: Arc<AtomicBool>,
    lines: Arc<Lines>,
}

impl Pace {
    /// As [`Turns::spawn`], for a task that waits in the line that this says.
    pub(super) fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Task<T> {
        let pace = self.clone();
        let schedule = move |task| {
            let is_patient = pace.is_patient.load(Ordering::Relaxed);
            pace.lines.push(task, is_patient);
        };
        let (task, handle) = async_task::spawn_local(future, schedule);
        task.schedule();
        handle
    }

    /// From the next turn on, the task lets the others go first, or not.
    pub(super) fn be_patient(&self, is_patient: bool) {
        self.is_patient.store(is_patient, Ordering::Relaxed);
    }

    /// Only patient tasks had turns for some time: a longer one keeps nobody waiting.
    pub(super) fn is_quiet(&self) -> bool {
        self.lines.patient_turns.load(Ordering::Relaxed) >= QUIET_TURNS
    }
}

#[derive(Debug, Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    /// The main future has something to do.
    main_is_due: AtomicBool,
    /// Turns of the patient line since the last one of the prompt line.
    patient_turns: AtomicU32,
}

#[derive(Debug, Default)]
struct Waiting {
    prompt: VecDeque<Runnable>,
    patient: VecDeque<Runnable>,
    /// Wakes the thread.
    thread: Option<Waker>,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: Runnable, is_patient: bool) {
        let thread = {
            let mut waiting = self.lock();
            if is_patient {
                waiting.patient.push_back(task);
            } else {
                waiting.prompt.push_back(task);
            }
            waiting.thread.take()
        };
        if let Some(thread) = thread {
            thread.wake();
        }
    }

    /// Gives each line its turns; true if there is more to do.
    fn take_turns(&self) -> bool {
        for _ in 0..PROMPT_TURNS {
            // Not in the loop's head: the lock would be held while the task runs.
            let next = self.lock().prompt.pop_front();
            let Some(task) = next else {
                break;
            };
            self.patient_turns.store(0, Ordering::Relaxed);
            task.run();
        }
        let next = self.lock().patient.pop_front();
        if let Some(task) = next {
            let turns = self.patient_turns.load(Ordering::Relaxed);
            self.patient_turns
                .store(turns.saturating_add(1), Ordering::Relaxed);
            task.run();
        }
        let waiting = self.lock();
        !waiting.prompt.is_empty() || !waiting.patient.is_empty()
    }
}

/// Wakes the main future.
impl Wake for Lines {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.main_is_due.store(true, Ordering::Release);
        let thread = self.lock().thread.take();
        if let Some(thread) = thread {
            thread.wake();
        }
    }
}

impl Turns {
    /// Begins a task in the prompt line. It ends early when what is returned is dropped, unless that is detached.
    pub(super) fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Task<T> {
        self.pace().spawn(future)
    }

    /// For a task that will be spawned here; in the prompt line to begin with.
    pub(super) fn pace(&self) -> Pace {
        Pace {
            is_patient: Arc::default(),
            lines: Arc::clone(&self.lines),
        }
    }

    /// Runs the tasks until `main` has come to its end. To be driven by a `block_on` that asks the sockets between two
    /// polls.
    pub(super) async fn run<T>(&self, main: impl Future<Output = T>) -> T {
        let mut main = pin!(main);
        let main_waker = Waker::from(Arc::clone(&self.lines));
        self.lines.main_is_due.store(true, Ordering::Release);
        poll_fn(move |thread| {
            if self.lines.main_is_due.swap(false, Ordering::AcqRel)
                && let Poll::Ready(end) = main.as_mut().poll(&mut Context::from_waker(&main_waker))
            {
                return Poll::Ready(end);
            }
            // Whatever becomes ready from here on wakes the thread.
            self.lines.lock().thread = Some(thread.waker().clone());
            if self.lines.take_turns() || self.lines.main_is_due.load(Ordering::Acquire) {
                thread.waker().wake_by_ref();
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use smol::future;

    use super::*;

    #[test]
    fn prompt_tasks_go_first_and_patient_ones_are_not_forgotten() {
        let turns = Turns::default();
        let order = Rc::new(RefCell::new(String::new()));
        let task = |letter, times, is_patient| {
            let order = Rc::clone(&order);
            let pace = turns.pace();
            pace.be_patient(is_patient);
            pace.spawn(async move {
                for _ in 0..times {
                    order.borrow_mut().push(letter);
                    future::yield_now().await;
                }
            })
        };
        let tasks = [task('s', 3, true), task('t', 3, true), task('b', 40, false)];
        async_io::block_on(turns.run(async {
            for task in tasks {
                task.await;
            }
        }));
        let order = order.borrow();
        // 32 turns of the prompt one before the first slice; after it has ended, slices one after the other.
        assert_eq!(order.find('s'), Some(PROMPT_TURNS), "{order}");
        assert_eq!(order.find('t'), Some(40 + 1), "{order}");
        assert_eq!(order.len(), 3 + 3 + 40, "{order}");
    }

    #[test]
    fn it_is_quiet_while_only_patient_tasks_have_turns() {
        let turns = Turns::default();
        let (pace, seen) = (turns.pace(), Rc::new(RefCell::new(Vec::new())));
        pace.be_patient(true);
        let (own, told) = (pace.clone(), Rc::clone(&seen));
        let streams = pace.spawn(async move {
            for _ in 0..2 * QUIET_TURNS + 10 {
                told.borrow_mut().push(own.is_quiet());
                future::yield_now().await;
            }
        });
        let told = Rc::clone(&seen);
        async_io::block_on(turns.run(async {
            while told.borrow().len() < QUIET_TURNS as usize + 5 {
                future::yield_now().await;
            }
            turns.spawn(async {}).await;
            streams.await;
        }));
        let seen = seen.borrow();
        let quiet = seen.iter().filter(|is_quiet| **is_quiet).count();
        // Not in its first turns, and not after the prompt one.
        assert_eq!(
            seen.iter().position(|is| *is),
            Some(QUIET_TURNS as usize - 1)
        );
        assert!(
            seen.ends_with(&[true; 5]) && quiet < 30,
            "{quiet} of {seen:?}"
        );
    }

    #[test]
    fn what_another_thread_wakes_has_its_turn() {
        let turns = Turns::default();
        let (send, receive) = smol::channel::bounded(1);
        let task = turns.spawn(async move { receive.recv().await.unwrap() });
        let other = std::thread::spawn(move || {
            std::thread::sleep(std::time::Duration::from_millis(20));
            send.send_blocking(7).unwrap();
        });
        assert_eq!(async_io::block_on(turns.run(task)), 7);
        other.join().unwrap();
    }

    #[test]
    fn a_dropped_task_ends() {
        let turns = Turns::default();
        let alive = Rc::new(());
        let held = Rc::clone(&alive);
        let task = turns.spawn(async move {
            future::pending::<()>().await;
            drop(held);
        });
        async_io::block_on(turns.run(future::yield_now()));
        drop(task);
        async_io::block_on(turns.run(future::yield_now()));
        assert_eq!(Rc::strong_count(&alive), 1);
    }
}
