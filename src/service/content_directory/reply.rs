//! A listing on its way out: head, DIDL-Lite, tail.

use std::sync::Arc;

use crate::{
    catalogue::{
        object_id::Place,
        query::Page,
        search::Matches,
        snapshot::{Entry, Snapshot},
    },
    limits,
    service::{Body, Document, listing},
    wire::{
        criteria::Filter,
        didl,
        soap::{self, Call},
        xml::write::{Counter, Sink},
    },
};

/// Objects of a reply that is made whole before it is sent. More are counted first and then sent in pieces.
const SMALL_PAGE: u32 = 64;

/// What a reply lists.
pub(super) enum Listing {
    /// One object: `BrowseMetadata`.
    One(Arc<Snapshot>, Place),
    /// Children of a container.
    Page(Page),
    /// What a search has found.
    Matches(Matches),
}

impl Listing {
    fn len(&self) -> u32 {
        match self {
            Self::One(..) => 1,
            Self::Page(page) => page.len(),
            Self::Matches(matches) => matches.len(),
        }
    }

    fn total_matches(&self) -> u32 {
        match self {
            Self::One(..) => 1,
            Self::Page(page) => page.total_matches(),
            Self::Matches(matches) => matches.total_matches(),
        }
    }

    fn entry(&self, number: u32) -> Option<Entry<'_>> {
        match self {
            Self::One(snapshot, place) => snapshot.entry(*place),
            Self::Page(page) => page.entry(number),
            Self::Matches(matches) => matches.entry(number),
        }
    }
}

/// The action that is answered.
pub(super) struct Action {
    service_type: String,
    name: String,
}

impl From<&Call<'_>> for Action {
    fn from(call: &Call<'_>) -> Self {
        Self {
            service_type: call.service_type.to_string(),
            name: call.action.to_string(),
        }
    }
}

/// A page of objects on its way out, as the reply to Browse or Search.
pub(super) struct Reply {
    action: Action,
    listing: Listing,
    filter: Filter,
    /// `http://10.0.0.1:8200`: what URLs begin with.
    base: String,
    update_id: u32,
    len: u64,
    next: Next,
}

/// What [`Document::append_next`] gives next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Head,
    Object(u32),
    Done,
}

impl Reply {
    pub(super) fn new(
        action: Action,
        listing: Listing,
        filter: Filter,
        local: std::net::SocketAddr,
        update_id: u32,
    ) -> Self {
        Self {
            action,
            listing,
            filter,
            base: format!("http://{local}"),
            update_id,
            len: 0,
            next: Next::Head,
        }
    }

    pub(super) fn into_body(mut self) -> Body {
        if self.listing.len() <= SMALL_PAGE {
            let mut bytes = Vec::with_capacity(2048 + 1024 * self.listing.len() as usize);
            self.write(&mut bytes);
            return Body::Bytes(bytes);
        }
        let mut counter = Counter::default();
        self.write(&mut counter);
        self.len = counter.0;
        Body::Document(Box::new(self))
    }

    fn write(&self, sink: &mut impl Sink) {
        self.head(sink);
        for place in 0..self.listing.len() {
            self.object(place, sink);
        }
        self.tail(sink);
    }

    fn head(&self, sink: &mut impl Sink) {
        soap::browse_head(sink, &self.action.service_type, &self.action.name);
        didl::open(sink);
    }

    fn object(&self, number: u32, sink: &mut impl Sink) {
        if let Some(entry) = self.listing.entry(number) {
            listing::write(&entry, &self.base, self.filter, sink);
        }
    }

    fn tail(&self, sink: &mut impl Sink) {
        didl::close(sink);
        soap::browse_tail(
            sink,
            &self.action.name,
            self.listing.len(),
            self.listing.total_matches(),
            self.update_id,
        );
    }
}

impl Document for Reply {
    fn len(&self) -> u64 {
        self.len
    }

    fn append_next(&mut self, out: &mut Vec<u8>) -> bool {
        let full = out.len() + limits::XML_CHUNK_BYTES;
        while out.len() < full {
            self.next = match self.next {
                Next::Head => {
                    self.head(out);
                    Next::Object(0)
                }
                Next::Object(number) if number < self.listing.len() => {
                    self.object(number, out);
                    Next::Object(number + 1)
                }
                Next::Object(_) => {
                    self.tail(out);
                    Next::Done
                }
                Next::Done => return false,
            };
        }
        true
    }
}
