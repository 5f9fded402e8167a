//! Keeping user state: one change after the other, each on the disk before it is answered, off the loop.

use std::{
    cell::Cell,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use smol::lock;

use super::{Context, outbound};
use crate::{
    catalogue::{
        journal::{self, Journal},
        user_state::UserStates,
    },
    service::{Response, user_state::Change},
};

/// The journal, and whose turn it is to write on it.
#[derive(Debug)]
pub(super) struct Keeper {
    /// Held while a change is decided, written and published: the next one sees it.
    turn: lock::Mutex<()>,
    /// Locked in the readers lane only, by whoever has the turn; so nobody ever waits for it.
    journal: Arc<Mutex<Journal>>,
    is_failing: Cell<bool>,
}

impl Keeper {
    /// Opens the journal in `state_dir`, and says what was wrong with it. To be called before the loop runs.
    pub(super) fn open(state_dir: &Path) -> (Self, UserStates) {
        let opened = journal::open(state_dir);
        for warning in &opened.warnings {
            log::warn!("{warning}");
        }
        let keeper = Self {
            turn: lock::Mutex::new(()),
            journal: Arc::new(Mutex::new(opened.journal)),
            is_failing: Cell::new(false),
        };
        (keeper, opened.states)
    }

    /// Nothing can be kept at present.
    pub(super) fn is_failing(&self) -> bool {
        self.is_failing.get()
    }

    /// Says once that nothing can be kept, and once that it can be again.
    fn say(&self, outcome: Result<(), &std::io::Error>) {
        let was_failing = self.is_failing.replace(outcome.is_err());
        match outcome {
            Err(error) if !was_failing => log::warn!(
                "cannot keep a resume position: {error}. Control points are told so until the state directory can be \
                 written again"
            ),
            Ok(()) if was_failing => log::info!("resume positions are kept again"),
            _ => {}
        }
    }
}

/// Keeps `change` and answers it.
pub(super) async fn keep(context: &Context, change: &Change) -> Response {
    let (keeper, shared) = (&context.keeper, &context.shared);
    let _turn = keeper.turn.lock().await;
    let entry = match change.entry(shared, context.clock.now()) {
        Ok(Some(entry)) => entry,
        Ok(None) => return change.reply(Ok(())),
        Err(error) => return change.reply(Err(error)),
    };
    let states = shared.states();
    let journal = Arc::clone(&keeper.journal);
    let kept = blocking::unblock(move || {
        // A panic ends the process, so a lock is never left poisoned.
        let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.keep(&entry, &states)
    })
    .await;
    keeper.say(kept.as_ref().copied());
    if kept.is_err() {
        return change.failed();
    }
    outbound::tell(context, &shared.keep(entry));
    change.reply(Ok(()))
}

/// Follows items to where they are in the present snapshot. Reads all of it where files are missing, off the loop.
pub(super) async fn settle(context: &Context) {
    let (snapshot, states) = (context.shared.snapshot(), context.shared.states());
    if states.is_empty() {
        return;
    }
    let found = blocking::unblock(move || states.look_up(&snapshot)).await;
    let mut states = context.shared.states.borrow_mut();
    Arc::make_mut(&mut states).settle(found);
}
