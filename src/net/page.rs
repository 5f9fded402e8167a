//! The hands of `service/page`: looks how things are, off the loop where that takes time, and sends it on to those who
//! follow.
//!
//! ```text
//!  nobody follows: [run] sleeps, nothing is looked at
//!  somebody does:  once a second: look ─► an event, if anything is different ─► each listener's box, which holds the last one
//!                  a listener that takes nothing for a while is dropped; it has held back nobody
//! ```

use std::{
    cell::{Cell, RefCell},
    io,
    net::TcpStream,
    rc::Rc,
    sync::{Arc, Weak},
};

use async_io::{Async, Timer};
use smol::{channel, future};

use super::{Context, send};
use crate::{
    catalogue::{counts::Counts, snapshot::Snapshot},
    limits,
    service::page::{Facts, Usage, status},
    sys::usage,
};

/// One event, the same for all.
type Event = Rc<[u8]>;

/// Those who follow.
#[derive(Debug)]
pub(super) struct Listeners {
    boxes: RefCell<Vec<channel::Sender<Event>>>,
    /// The last event, for whoever comes next.
    last: RefCell<Option<Event>>,
    /// Rings when the first one comes.
    rope: channel::Sender<()>,
    sound: channel::Receiver<()>,
    /// What was counted, and of which catalogue.
    counted: RefCell<(Weak<Snapshot>, Counts)>,
    /// Wall clock at the start.
    started: Cell<u64>,
}

impl Listeners {
    pub(super) fn new() -> Self {
        let (rope, sound) = channel::bounded(1);
        Self {
            boxes: RefCell::default(),
            last: RefCell::default(),
            rope,
            sound,
            counted: RefCell::default(),
            started: Cell::new(0),
        }
    }

    /// One more; `None`: [`limits::LISTENERS`] follow already.
    fn add(&self) -> Option<channel::Receiver<Event>> {
        let mut boxes = self.boxes.borrow_mut();
        boxes.retain(|listener| !listener.is_closed());
        if boxes.len() >= limits::LISTENERS {
            return None;
        }
        let (sender, receiver) = channel::bounded(1);
        if let Some(last) = self.last.borrow().clone() {
            // There is room: it is new.
            let _ = sender.force_send(last);
        }
        boxes.push(sender);
        // Full: it rings already.
        let _ = self.rope.try_send(());
        Some(receiver)
    }

    fn len(&self) -> usize {
        let boxes = self.boxes.borrow();
        boxes
            .iter()
            .filter(|listener| !listener.is_closed())
            .count()
    }

    /// Puts an event into each box, in place of one that was not taken yet.
    fn tell(&self, event: Vec<u8>) {
        let event: Event = event.into();
        for listener in self.boxes.borrow().iter() {
            // Closed: it has gone, and is taken out next time.
            let _ = listener.force_send(Rc::clone(&event));
        }
        self.last.replace(Some(event));
    }
}

/// Looks and tells, for ever.
pub(super) async fn run(context: Rc<Context>) {
    let listeners = &context.listeners;
    // The channel lives as long as the context.
    while listeners.sound.recv().await.is_ok() {
        let mut before = Vec::new();
        while listeners.len() > 0 {
            let facts = look(&context).await;
            let event = status::event(&context.shared, &facts, context.clock.now());
            if !status::is_same(&event, &before) {
                listeners.tell(event.clone());
                before = event;
            }
            Timer::after(limits::LOOK_PERIOD).await;
        }
        listeners.last.replace(None);
        listeners.boxes.replace(Vec::new());
    }
}

/// How things are.
pub(super) async fn look(context: &Context) -> Facts {
    let (snapshot, listeners) = (context.shared.snapshot(), &context.listeners);
    let known = {
        let counted = listeners.counted.borrow();
        let is_it = Weak::ptr_eq(&counted.0, &Arc::downgrade(&snapshot));
        is_it.then_some(counted.1)
    };
    let (counts, usage) = blocking::unblock({
        let snapshot = Arc::clone(&snapshot);
        move || (known.unwrap_or_else(|| snapshot.counts()), usage())
    })
    .await;
    listeners
        .counted
        .replace((Arc::downgrade(&snapshot), counts));
    let progress = context.scanner.progress();
    Facts {
        started: started(context),
        counts,
        done: progress.done(),
        found: progress.found(),
        reading: progress.reading(),
        usage,
        connections: context.census.open() as u64,
        connection_limit: context.census.bounds().total as u64,
        listeners: listeners.len() as u64,
        is_keeper_failing: context.keeper.is_failing(),
    }
}

fn usage() -> Usage {
    let (resident, anonymous) = usage::memory();
    let (descriptors, descriptor_limit) = usage::descriptors();
    Usage {
        resident,
        anonymous,
        memory_limit: usage::memory_limit(),
        descriptors,
        descriptor_limit,
        watch_limit: usage::watch_limit(),
    }
}

/// Wall clock at the start of the process. It is not told anew for a second's difference, which rounding makes; a board
/// learns the time only after its start.
fn started(context: &Context) -> u64 {
    let now = context.clock.now();
    let new = now.unix_secs.saturating_sub(now.uptime.as_secs());
    let known = &context.listeners.started;
    if known.get().abs_diff(new) > 1 {
        known.set(new);
    }
    known.get()
}

/// Sends event after event until the peer leaves or takes none. `head` is the answer's head, already text.
///
/// # Errors
/// Why it ended.
pub(super) async fn follow(
    context: &Context,
    stream: &Async<TcpStream>,
    mut head: Vec<u8>,
) -> io::Result<()> {
    let Some(events) = context.listeners.add() else {
        return Err(io::ErrorKind::QuotaExceeded.into());
    };
    // How long a page waits before it connects anew, milliseconds.
    head.extend_from_slice(b"retry: 3000\n\n");
    write(stream, &head).await?;
    drop(head);
    loop {
        let event = async {
            let event = events.recv().await;
            event.map_err(|_| io::ErrorKind::ConnectionAborted.into())
        };
        let sign_of_life = async {
            Timer::after(limits::LISTENER_SIGN_OF_LIFE).await;
            Ok(Event::from(&b":\n\n"[..]))
        };
        // A peer that listens says nothing more; what it says is its leave.
        let left = async {
            stream.readable().await?;
            Err(io::ErrorKind::ConnectionAborted.into())
        };
        let next: io::Result<Event> = future::or(left, future::or(event, sign_of_life)).await;
        write(stream, &next?).await?;
    }
}

async fn write(stream: &Async<TcpStream>, bytes: &[u8]) -> io::Result<()> {
    send::within(limits::LISTENER_STALL_TIME, send::write_all(stream, bytes)).await
}

/// Whether one more may follow.
pub(super) fn has_room(context: &Context) -> bool {
    context.listeners.len() < limits::LISTENERS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_listener_finds_the_last_event_and_holds_back_nobody() {
        let listeners = Listeners::new();
        let slow = listeners.add().unwrap();
        for number in 0..100_u8 {
            listeners.tell(vec![number]);
        }
        assert_eq!(&*slow.try_recv().unwrap(), [99]);
        assert!(slow.try_recv().is_err());
        // Whoever comes later is told at once.
        assert_eq!(&*listeners.add().unwrap().try_recv().unwrap(), [99]);
    }

    #[test]
    fn listeners_are_bounded_and_places_come_back() {
        let listeners = Listeners::new();
        let all: Vec<_> = std::iter::from_fn(|| listeners.add()).collect();
        assert_eq!(all.len(), limits::LISTENERS);
        drop(all);
        assert_eq!(listeners.len(), 0);
        assert!(listeners.add().is_some());
    }
}
