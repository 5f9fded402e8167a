//! What is being played, and how far it is.

use std::{
    cell::Cell,
    net::IpAddr,
    rc::{Rc, Weak},
    time::Duration,
};

use crate::{
    catalogue::object_id::ObjectId,
    media::Class,
    service::media::{Part, Wanted},
};

/// The bytes of one item on their way to one device.
#[derive(Debug)]
pub struct Playing {
    pub(in crate::service) address: IpAddr,
    pub(in crate::service) item: ObjectId,
    /// Uptime of its start.
    pub(in crate::service) since: Duration,
    /// Where in the file it is.
    pub(in crate::service) at: Cell<u64>,
    pub(in crate::service) sent: Cell<u64>,
    /// Its number of sent bytes goes here in the end.
    total: Rc<Cell<u64>>,
    /// Uptime of its end.
    pub(in crate::service) ended: Cell<Option<Duration>>,
}

impl Playing {
    /// The bytes up to `at` have been handed to the system, `count` of them just now.
    pub fn moved(&self, at: u64, count: u64) {
        self.at.set(at);
        self.sent.set(self.sent.get().saturating_add(count));
    }

    /// No more bytes follow.
    pub fn ended(&self, uptime: Duration) {
        self.ended.set(Some(uptime));
        self.total
            .set(self.total.get().saturating_add(self.sent.get()));
    }
}

/// All that is being played: one for each connection that sends media, so bounded as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    playing: Vec<Weak<Playing>>,
    /// Bytes of media that were sent and are no longer in `playing`.
    sent: Rc<Cell<u64>>,
}

impl Streams {
    /// One more begins. `place`: what its device played last, from now on this.
    pub(super) fn begin(
        &mut self,
        place: &mut Option<Rc<Playing>>,
        address: IpAddr,
        item: ObjectId,
        uptime: Duration,
    ) -> Option<Rc<Playing>> {
        self.playing
            .retain(|playing| playing.strong_count() > 0 && !has_ended(playing));
        let new = Playing {
            address,
            item,
            since: uptime,
            at: Cell::new(0),
            sent: Cell::new(0),
            total: Rc::clone(&self.sent),
            ended: Cell::new(None),
        };
        // A player asks for one part after the other: what nobody else holds is used again.
        match place.as_mut().and_then(Rc::get_mut) {
            Some(old) => *old = new,
            None => *place = Some(Rc::new(new)),
        }
        let playing = place.clone()?;
        self.playing.push(Rc::downgrade(&playing));
        Some(playing)
    }

    pub(super) fn playing(&self) -> impl Iterator<Item = Rc<Playing>> {
        let all = self.playing.iter().filter_map(Weak::upgrade);
        all.filter(|playing| playing.ended.get().is_none())
    }

    pub(super) fn sent(&self) -> u64 {
        let under_way: u64 = self.playing().map(|playing| playing.sent.get()).sum();
        self.sent.get().saturating_add(under_way)
    }
}

fn has_ended(playing: &Weak<Playing>) -> bool {
    playing
        .upgrade()
        .is_none_or(|playing| playing.ended.get().is_some())
}

impl Wanted {
    /// The item, if these are the bytes of something that is played.
    pub(super) fn played(&self) -> Option<ObjectId> {
        let is_itself = self.part == Part::Itself;
        let object = self.snapshot.object(self.index).filter(|_| is_itself)?;
        matches!(object.class(), Some(Class::Audio | Class::Video)).then(|| object.id())
    }
}
