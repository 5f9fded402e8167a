//! Eventing: who is subscribed to what, and which event is to be sent when (UDA 1.0 §4, UDA 1.1 §4).
//!
//! A machine without sockets and without a clock. [`Events::subscribe`], [`Events::renew`] and [`Events::unsubscribe`]
//! answer requests; [`Events::replied`], [`Events::changed`] and [`Events::delivered`] tell it what happened;
//! [`Events::output`] gives the next event that is due, and [`Events::wake_at`] says when to come back. The messages
//! themselves are in `wire/gena`.
//!
//! ```text
//!  subscribe ─► (the reply leaves) ─► replied ─► event 0: every variable
//!                                     changed ─► event 1, 2, ...: what changed, at most one each half second
//!  at most one event of a subscription is under way; expired, unsubscribed or failed too often: dropped
//! ```

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use super::{Now, Shared, known::Known};
use crate::{
    catalogue::object_id::ObjectId,
    limits,
    wire::{
        device::{Service, ServiceName},
        gena::{self, Callbacks, Notify, Sid},
    },
};

mod answer;
mod state;
#[cfg(test)]
mod tests;

pub(super) use answer::answer;
use state::{Changes, State};

/// The value of an evented variable, for who asks for it alone; `None`: there is no such one.
pub(super) fn value(name: &str, shared: &Shared) -> Option<String> {
    let state = State {
        system_update_id: shared.system_update_id(),
        changes: &Changes::default(),
    };
    state.value(name)
}

/// The first event waits so long behind the reply: it goes another way, and must not arrive before the subscriber has
/// read its SID (UDA 1.1 §4.1.2 wants the reply to be complete first).
const FIRST_EVENT_DELAY: Duration = Duration::from_millis(100);
/// The first event leaves after this even if nobody said that the reply went out: no reply takes longer.
const REPLY_TIME: Duration = limits::REPLY_STALL_TIME.saturating_add(FIRST_EVENT_DELAY);
/// Time between two events of one subscription: `SystemUpdateID` and `ContainerUpdateIDs` are moderated
/// (ContentDirectory:1 §2.6), and no other variable of ours ever changes.
const MODERATION: Duration = Duration::from_millis(500);

/// What a subscriber is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The name of its subscription.
    pub sid: Sid,
    /// How long it holds, seconds.
    pub secs: u64,
}

/// How an event fared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Delivered,
    /// The subscriber has no subscription of that name (UDA 1.1 §4.3.2: 412).
    Unknown,
    /// No URL took it.
    Failed,
}

impl Outcome {
    /// What a subscriber's status code means.
    pub const fn of_status(status: u16) -> Self {
        match status {
            200..=299 => Self::Delivered,
            412 => Self::Unknown,
            _ => Self::Failed,
        }
    }
}

/// One event to send now. What became of it must be told to [`Events::delivered`].
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Whose it is.
    pub sid: Sid,
    callbacks: Callbacks,
    seq: u32,
    body: Vec<u8>,
}

impl Delivery {
    /// How many URLs there are; at least one.
    pub fn urls(&self) -> usize {
        self.callbacks.len()
    }

    /// Address and whole message for each of the URLs, which are to be tried in this order until one takes it.
    pub fn messages(&self) -> impl Iterator<Item = (SocketAddr, Vec<u8>)> {
        self.callbacks.iter().map(|callback| {
            let head = Notify {
                callback,
                sid: self.sid,
                seq: self.seq,
                content_length: self.body.len(),
            };
            let message = [head.to_string().as_bytes(), &self.body].concat();
            (callback.address(), message)
        })
    }
}

/// The machine. At most [`limits::SUBSCRIPTIONS`], each with its callbacks and the containers it is to be told of.
#[derive(Debug)]
pub struct Events {
    /// Gives 16 random bytes: nobody is to guess a SID.
    random: fn() -> [u8; 16],
    /// The oldest first.
    subscriptions: Vec<Subscription>,
    /// Counted by themselves: a subscription may be gone while its last event is still on the way.
    under_way: heapless::Vec<UnderWay, { limits::EVENTS_UNDER_WAY }>,
    system_update_id: u32,
}

#[derive(Debug)]
struct Subscription {
    sid: Sid,
    service: &'static Service,
    peer: IpAddr,
    callbacks: Callbacks,
    /// Uptime.
    expires: Duration,
    /// Number of the next event; 0 as long as the first one is owed.
    seq: u32,
    /// Uptime before which no event may leave.
    next_at: Duration,
    changes: Changes,
    /// Events failed one after the other.
    failures: u8,
    /// It has a place out of the reserve.
    is_reserved: bool,
}

impl Subscription {
    /// Uptime at which its next event may leave; `None` while there is none.
    fn due(&self) -> Option<Duration> {
        (self.seq == 0 || self.changes.any()).then_some(self.next_at)
    }

    fn is(&self, name: ServiceName, peer: IpAddr, sid: Sid) -> bool {
        self.sid == sid && self.service.name == name && self.peer == peer
    }
}

/// An event on its way.
#[derive(Clone, Copy, Debug)]
struct UnderWay {
    sid: Sid,
    peer: IpAddr,
    seq: u32,
}

impl Events {
    /// A machine with no subscription. `random` gives bytes that nobody can guess.
    pub fn new(random: fn() -> [u8; 16], system_update_id: u32) -> Self {
        Self {
            random,
            subscriptions: Vec::new(),
            under_way: heapless::Vec::new(),
            system_update_id,
        }
    }

    /// How many there are.
    pub fn subscriptions(&self) -> usize {
        self.subscriptions.len()
    }

    /// Of them, those that have a place out of the reserve.
    pub fn reserved(&self) -> usize {
        let reserved = self.subscriptions.iter().filter(|one| one.is_reserved);
        reserved.count()
    }

    // ---- requests ------------------------------------------------------------------------------

    /// Makes a subscription, whose first event waits for [`Events::replied`]. `secs` is what was asked for, `None` as
    /// long as possible.
    ///
    /// A subscriber may have several: one computer runs several control points. But a television that subscribes anew
    /// each time it wakes is not to use up its share, so where there is no room, the oldest of the same peer, service
    /// and callbacks gives way. The last places are for the `known`, as with connections. `None`: there is none such.
    pub fn subscribe(
        &mut self,
        now: Now,
        service: &'static Service,
        peer: IpAddr,
        callbacks: Callbacks,
        secs: Option<u64>,
        known: &Known,
    ) -> Option<Granted> {
        self.forget_expired(now);
        let is_reserved = if let Some(is_reserved) = self.room(peer, known) {
            is_reserved
        } else {
            let same = |old: &Subscription| {
                (old.peer, old.service.name) == (peer, service.name) && old.callbacks == callbacks
            };
            let oldest = self.subscriptions.iter().position(same)?;
            self.subscriptions.remove(oldest).is_reserved
        };
        let sid = Sid::from_random((self.random)());
        let secs = granted(secs);
        log::debug!(
            "{peer}: {sid} follows {} for {secs} s",
            service.service_type
        );
        self.subscriptions.push(Subscription {
            sid,
            service,
            peer,
            callbacks,
            expires: now.uptime + Duration::from_secs(secs),
            seq: 0,
            next_at: now.uptime + REPLY_TIME,
            changes: Changes::default(),
            failures: 0,
            is_reserved,
        });
        Some(Granted { sid, secs })
    }

    /// Whether a new subscription of `peer` would have a place out of the reserve; `None`: there is no room for it.
    fn room(&self, peer: IpAddr, known: &Known) -> Option<bool> {
        let of = |peer| {
            self.subscriptions
                .iter()
                .filter(move |one| one.peer == peer)
        };
        let count = of(peer).count();
        if count >= limits::SUBSCRIPTIONS_PER_PEER {
            return None;
        }
        let (all, reserved) = (self.subscriptions.len(), self.reserved());
        let (total, reserve) = (limits::SUBSCRIPTIONS, limits::SUBSCRIPTIONS_RESERVED);
        if all - reserved < total - reserve {
            return Some(false);
        }
        let left = reserve.saturating_sub(reserved);
        let kept = limits::KEPT_SUBSCRIPTIONS_PER_KNOWN_PEER;
        let has_place = |known| of(known).next().is_some();
        let may = known.may_use_reserve(peer, count, kept, left, has_place);
        may.then_some(true)
    }

    /// Gives a subscription more time, and says how many seconds. `None`: `peer` has none of that name to that service.
    pub fn renew(
        &mut self,
        now: Now,
        name: ServiceName,
        peer: IpAddr,
        sid: Sid,
        secs: Option<u64>,
    ) -> Option<u64> {
        self.forget_expired(now);
        let mut all = self.subscriptions.iter_mut();
        let subscription = all.find(|subscription| subscription.is(name, peer, sid))?;
        let secs = granted(secs);
        subscription.expires = now.uptime + Duration::from_secs(secs);
        Some(secs)
    }

    /// Ends a subscription; false if `peer` has none of that name to that service.
    pub fn unsubscribe(&mut self, now: Now, name: ServiceName, peer: IpAddr, sid: Sid) -> bool {
        self.forget_expired(now);
        let before = self.subscriptions.len();
        self.subscriptions
            .retain(|subscription| !subscription.is(name, peer, sid));
        self.subscriptions.len() < before
    }

    // ---- what happens --------------------------------------------------------------------------

    /// The reply to a SUBSCRIBE has gone out: now its first event may follow.
    pub fn replied(&mut self, now: Now, sid: Sid) {
        let mut all = self.subscriptions.iter_mut();
        if let Some(new) = all.find(|subscription| subscription.sid == sid)
            && new.seq == 0
        {
            new.next_at = now.uptime + FIRST_EVENT_DELAY;
        }
    }

    /// The reply to a SUBSCRIBE could not be sent: nobody knows of that subscription.
    pub fn reply_lost(&mut self, sid: Sid) {
        self.subscriptions
            .retain(|subscription| subscription.sid != sid);
    }

    /// `SystemUpdateID` is this now, and these are the containers that changed, each with its new update id (CDS:1
    /// §2.5). More than [`limits::CHANGED_CONTAINERS`] are as good as "any": the caller need not name more.
    pub fn changed(&mut self, now: Now, system_update_id: u32, containers: &[(ObjectId, u32)]) {
        if system_update_id == self.system_update_id && containers.is_empty() {
            return;
        }
        self.system_update_id = system_update_id;
        self.forget_expired(now);
        for subscription in &mut self.subscriptions {
            if subscription.service.name == ServiceName::ContentDirectory {
                subscription.changes.add(containers);
            }
        }
    }

    /// Whether anybody is to be told of changed containers; if not, they need not be looked for.
    pub fn follows_containers(&self) -> bool {
        let mut all = self.subscriptions.iter();
        all.any(|subscription| subscription.service.name == ServiceName::ContentDirectory)
    }

    /// What became of an event. A lost one is not sent again: the gap in SEQ tells the subscriber (UDA 1.1 §4.3.2).
    pub fn delivered(&mut self, now: Now, sid: Sid, outcome: Outcome) {
        let Some(place) = self.under_way.iter().position(|event| event.sid == sid) else {
            return;
        };
        let UnderWay { peer, seq, .. } = self.under_way.swap_remove(place);
        let all = &mut self.subscriptions;
        let Some(at) = all.iter().position(|subscription| subscription.sid == sid) else {
            return;
        };
        let Some(subscription) = all.get_mut(at) else {
            return;
        };
        subscription.failures = match outcome {
            Outcome::Delivered => 0,
            // A subscriber that answers so to the first one may just not have read its SID yet.
            Outcome::Unknown if seq > 0 => limits::EVENT_FAILURES,
            Outcome::Unknown | Outcome::Failed => subscription.failures.saturating_add(1),
        };
        if subscription.failures >= limits::EVENT_FAILURES {
            log::debug!("{peer}: {sid} takes no events ({outcome:?}); it is dropped");
            all.remove(at);
        }
        self.forget_expired(now);
    }

    // ---- events --------------------------------------------------------------------------------

    /// The next event that is due, or `None`. Call it until then.
    pub fn output(&mut self, now: Now) -> Option<Delivery> {
        self.forget_expired(now);
        let (_, at) = self.next_due().filter(|&(due, _)| due <= now.uptime)?;
        let subscription = self.subscriptions.get_mut(at)?;
        let event = UnderWay {
            sid: subscription.sid,
            peer: subscription.peer,
            seq: subscription.seq,
        };
        let changes = std::mem::take(&mut subscription.changes);
        let state = State {
            system_update_id: self.system_update_id,
            changes: &changes,
        };
        let properties = match event.seq {
            0 => state.whole(subscription.service.scpd),
            _ => state.changed(subscription.service.scpd),
        };
        subscription.seq = gena::next_seq(event.seq);
        subscription.next_at = now.uptime + MODERATION;
        let delivery = Delivery {
            sid: event.sid,
            callbacks: subscription.callbacks.clone(),
            seq: event.seq,
            body: gena::property_set(&properties),
        };
        // There is room: `next_due` has looked.
        let _ = self.under_way.push(event);
        Some(delivery)
    }

    /// The uptime at which [`Events::output`] may have something, or a subscription ends; `None` until something
    /// happens.
    pub fn wake_at(&self) -> Option<Duration> {
        let expiries = self.subscriptions.iter().map(|old| old.expires);
        let due = self.next_due().map(|(due, _)| due);
        expiries.chain(due).min()
    }

    /// The subscription whose event may leave first, and when.
    fn next_due(&self) -> Option<(Duration, usize)> {
        if self.under_way.is_full() {
            return None;
        }
        let all = self.subscriptions.iter().enumerate();
        all.filter_map(|(at, subscription)| Some((subscription.due()?, at)))
            .filter(|&(_, at)| self.may_leave(at))
            .min()
    }

    /// Whether neither its own last event nor too many others of its peer are still under way.
    fn may_leave(&self, at: usize) -> bool {
        self.subscriptions.get(at).is_some_and(|subscription| {
            let of_peer = |event: &&UnderWay| event.peer == subscription.peer;
            self.under_way.iter().filter(of_peer).count() < limits::EVENTS_UNDER_WAY_PER_PEER
                && self.under_way.iter().all(|e| e.sid != subscription.sid)
        })
    }

    fn forget_expired(&mut self, now: Now) {
        self.subscriptions
            .retain(|subscription| subscription.expires > now.uptime);
    }
}

/// The time that is granted to whoever asks for `asked` seconds.
fn granted(asked: Option<u64>) -> u64 {
    let longest = limits::LONGEST_SUBSCRIPTION_SECS;
    asked.map_or(longest, |secs| {
        secs.clamp(limits::SHORTEST_SUBSCRIPTION_SECS, longest)
    })
}
