//! Search (ContentDirectory:1 §2.7.5): what matches below a container. It goes through the catalogue in bounded turns, and
//! `net` does other work between them.

use super::{
    names, object_id,
    reply::{Action, Listing, Reply},
};
use crate::{
    catalogue::search,
    service::{
        Request, Response, Shared, control,
        in_progress::{self, InProgress},
        listing::Look,
    },
    wire::{
        criteria::{SearchCriteria, SortCriteria},
        soap::{Call, UpnpError},
    },
};

/// A Search under way: [`Search::step`] until there is nothing left to do, then [`Search::into_response`].
pub struct Search {
    under_way: search::Search,
    action: Action,
    look: Look,
    update_id: u32,
}

/// Understands the call; nothing is looked at yet.
pub(in crate::service) fn begin(
    call: &Call<'_>,
    request: &Request<'_>,
    shared: &Shared,
) -> Result<Search, UpnpError> {
    let id = object_id(call, ["ContainerID", "ObjectID"])?;
    let criteria = call.required("SearchCriteria")?;
    let filter = call.required("Filter")?;
    let start = call.ui4("StartingIndex")?;
    let count = call.ui4("RequestedCount")?;
    let sort = call.required("SortCriteria")?;
    let criteria = SearchCriteria::parse(criteria).map_err(|error| {
        log::debug!("{}: search criteria refused: {error}", request.peer);
        UpnpError::SearchCriteria
    })?;
    let sort = SortCriteria::parse(sort).map_err(|_| UpnpError::SortCriteria)?;

    let snapshot = shared.snapshot();
    let treatment = shared.treatment(request);
    // An appearance is an item, and an item is no container.
    let container = names::place(id, treatment, &snapshot).filter(|place| place.within.is_none());
    let container = container.and_then(|place| snapshot.find(place.object));
    let container = container.ok_or(UpnpError::NoSuchContainer)?;
    let count = if treatment.whole_searches { 0 } else { count };
    let keys: &[_] = if treatment.own_order { &[] } else { &sort.keys };
    let look = Look::new(request, filter, &snapshot, shared);
    let query = search::Query {
        container: container.id(),
        criteria: &criteria,
        states: &shared.states(),
        listed: look.in_progress().map(InProgress::listed),
        keys,
        start,
        count,
    };
    let is_of_states = container.id() == in_progress::id();
    let update_id = if container.parent_id().is_none() || is_of_states {
        shared.system_update_id()
    } else {
        shared.update_id(&container)
    };
    Ok(Search {
        under_way: search::Search::new(&snapshot, &query).ok_or(UpnpError::NoSuchContainer)?,
        action: call.into(),
        look,
        update_id,
    })
}

impl Search {
    /// Goes on for a bounded time; false when there is nothing left to do.
    pub fn step(&mut self) -> bool {
        self.under_way.step()
    }

    /// The answer, once [`Self::step`] has nothing left to do.
    pub fn into_response(self) -> Response {
        let listing = Listing::Matches(self.under_way.into_matches());
        let reply = Reply::new(self.action, listing, self.look, self.update_id);
        control::success(reply.into_body())
    }
}
