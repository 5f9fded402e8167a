//! The container of what was begun and not finished, the newest first. A snapshot knows its place, no more: what is in it is
//! made of the user states each time it is looked at, and it is hidden while it is empty.

use std::sync::Arc;

use crate::{
    catalogue::{
        object_id::ObjectId,
        query::{self, Page},
        search::Listed,
        snapshot::Snapshot,
        user_state::UserStates,
        views::Role,
    },
    wire::{
        criteria::{Filter, SortKey},
        didl::Container,
        xml::write::Sink,
    },
};

/// Its id, the same in every release and library.
pub fn id() -> ObjectId {
    Role::InProgress.id()
}

/// The container as it is at one moment.
#[derive(Clone, Debug)]
pub(super) struct InProgress(Listed);

impl InProgress {
    /// `None` where there is no such container: nothing shows it (`parent`), or what should is not in `snapshot`.
    pub(super) fn of(
        snapshot: &Snapshot,
        states: &UserStates,
        parent: Option<ObjectId>,
    ) -> Option<Self> {
        let parent = snapshot.find(parent?)?.id();
        let records = states.in_progress(snapshot);
        Some(Self(Listed {
            container: id(),
            parent,
            records,
        }))
    }

    /// It stands in `container`, that is: it is shown there.
    pub(super) fn is_in(&self, container: ObjectId) -> bool {
        self.0.parent == container && !self.0.records.is_empty()
    }

    /// What a Search has to know of it.
    pub(super) fn listed(&self) -> &Listed {
        &self.0
    }

    /// A page of its items.
    pub(super) fn page(
        &self,
        snapshot: &Arc<Snapshot>,
        keys: &[SortKey],
        start: u32,
        count: u32,
    ) -> Page {
        query::listed(snapshot, id(), self.0.records.clone(), keys, start, count)
    }

    /// One of its items, as it is met here.
    pub(super) fn one(&self, snapshot: &Arc<Snapshot>, item: ObjectId) -> Option<Page> {
        let is_it = |number: &u32| snapshot.object(*number).is_some_and(|o| o.id() == item);
        let record = self.0.records.iter().copied().find(is_it)?;
        Some(query::listed(snapshot, id(), vec![record], &[], 0, 0))
    }

    /// Writes the container itself.
    pub(super) fn write(&self, filter: Filter, sink: &mut impl Sink) {
        Container {
            id: &id().to_string(),
            parent_id: &self.0.parent.to_string(),
            title: Role::InProgress.title(),
            class: Role::InProgress.upnp_class(),
            searchable: true,
            child_count: u32::try_from(self.0.records.len()).unwrap_or(u32::MAX),
            ..Container::default()
        }
        .write(sink, filter);
    }
}
