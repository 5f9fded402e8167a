//! The hands of `service/events`: carries events to those who subscribed, each over a connection of its own.
//!
//! Every event is a task with bounds on its time, so a subscriber that is slow or gone holds back nobody else; how many
//! there may be at once, the machine decides. Answers are read as far as their status; redirections are not followed.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    rc::Rc,
};

use async_io::{Async, Timer};
use smol::{channel, future};

use super::{Context, send, turns::Turns};
use crate::{
    catalogue::{changes, object_id::ObjectId, snapshot::Snapshot},
    limits,
    service::events::{Delivery, Outcome},
    wire::http::status_line,
};

/// Records compared before the loop's other tasks have their turn: well below a millisecond of work.
const COMPARED_AT_ONCE: u32 = 1024;

/// Wakes the sender: something may be due earlier than it thought.
#[derive(Debug)]
pub(super) struct Bell {
    rope: channel::Sender<()>,
    sound: channel::Receiver<()>,
}

impl Bell {
    pub(super) fn new() -> Self {
        let (rope, sound) = channel::bounded(1);
        Self { rope, sound }
    }

    /// To be rung after the machine was told anything; cheap, and once is enough.
    pub(super) fn ring(&self) {
        // Full: it rings already.
        let _ = self.rope.try_send(());
    }
}

/// Sends what is due, for ever.
pub(super) async fn run(turns: Rc<Turns>, context: Rc<Context>) {
    loop {
        while let Some(delivery) = next(&context) {
            let context = Rc::clone(&context);
            turns
                .spawn(async move {
                    let outcome = deliver(&delivery).await;
                    let now = context.clock.now();
                    let mut events = context.shared.events.borrow_mut();
                    events.delivered(now, delivery.sid, outcome);
                    context.bell.ring();
                })
                .detach();
        }
        let wake_at = context.shared.events.borrow().wake_at();
        let due = async {
            match wake_at {
                Some(uptime) => drop(Timer::at(context.clock.instant(uptime)).await),
                None => future::pending().await,
            }
        };
        let rung = async {
            // It never closes: the context holds the rope.
            let _ = context.bell.sound.recv().await;
        };
        future::or(rung, due).await;
    }
}

/// Tells the machine what `new` brings, after it took the place of `old`.
pub(super) async fn tell_changes(context: &Context, old: &Snapshot, new: &Snapshot) {
    let same = old.system_update_id() == new.system_update_id();
    let anybody = context.shared.events.borrow().follows_containers();
    let mut changed = Vec::new();
    if anybody && !same {
        let mut next = 0;
        // One more than can be told is enough to know that they cannot be.
        while next < new.records() && changed.len() <= limits::CHANGED_CONTAINERS {
            let end = next.saturating_add(COMPARED_AT_ONCE);
            changed.extend(changes::containers(old, new, next..end.min(new.records())));
            next = end;
            future::yield_now().await;
        }
    }
    // What is told has the changes of user states in it too.
    for (container, update_id) in &mut changed {
        if let Some(container) = new.find(*container) {
            *update_id = context.shared.update_id(&container);
        }
    }
    tell(context, &changed);
}

/// Tells the subscribers that these containers have changed, each with its new update id.
pub(super) fn tell(context: &Context, changed: &[(ObjectId, u32)]) {
    let now = context.clock.now();
    let system_update_id = context.shared.system_update_id();
    let mut events = context.shared.events.borrow_mut();
    events.changed(now, system_update_id, changed);
    context.bell.ring();
}

fn next(context: &Context) -> Option<Delivery> {
    let now = context.clock.now();
    context.shared.events.borrow_mut().output(now)
}

/// Tries one URL after the other; each has its share of the time, so that one which never answers leaves some for the
/// rest.
async fn deliver(delivery: &Delivery) -> Outcome {
    let urls = u32::try_from(delivery.urls()).unwrap_or(u32::MAX);
    let share = limits::EVENT_TIME / urls.max(1);
    let mut outcome = Outcome::Failed;
    for (address, message) in delivery.messages() {
        match send::within(share, post(address, &message)).await {
            Ok(status) => outcome = Outcome::of_status(status),
            Err(error) => log::debug!("{address}: {} not told: {error}", delivery.sid),
        }
        if outcome == Outcome::Delivered {
            break;
        }
    }
    outcome
}

/// Sends one message and reads the status of the answer.
async fn post(address: SocketAddr, message: &[u8]) -> io::Result<u16> {
    let connecting = Async::<TcpStream>::connect(address);
    let stream = send::within(limits::EVENT_CONNECT_TIME, connecting).await?;
    send::write_all(&stream, message).await?;
    let mut answer = [0; limits::EVENT_ANSWER_BYTES];
    let mut filled = 0;
    loop {
        let room = answer.get_mut(filled..).unwrap_or_default();
        let received = stream
            .read_with(|socket| io::Read::read(&mut &*socket, room))
            .await?;
        filled += received;
        let seen = answer.get(..filled).unwrap_or_default();
        match status_line::parse(seen) {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if received > 0 => {}
            Ok(None) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Err(_) => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}
