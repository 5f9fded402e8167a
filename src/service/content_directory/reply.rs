//! A listing on its way out: head, DIDL-Lite, tail.

use std::sync::Arc;

use crate::{
    catalogue::{
        object_id::{ObjectId, Place},
        query::{self, Page},
        search::Matches,
        snapshot::Snapshot,
    },
    limits,
    service::{
        Body, Document, in_progress,
        listing::{self, Look},
    },
    wire::{
        criteria::SortKey,
        didl,
        soap::{self, Call},
        xml::write::{Counter, Sink},
    },
};

/// Objects of a reply that is made whole before it is sent. More are counted first and then sent in pieces.
const SMALL_PAGE: u32 = 64;

/// Which of the children are wanted; a count of 0 is all.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) start: u32,
    pub(super) count: u32,
}

/// What a reply lists.
pub(super) enum Listing {
    /// One object: `BrowseMetadata`.
    One(Arc<Snapshot>, Place),
    /// The container of what is in progress: `BrowseMetadata`.
    InProgress,
    /// Children of a container, what is in progress before them if that stands there too.
    Page {
        /// The container of what is in progress stands among the children,
        is_longer: bool,
        /// and on this page.
        is_led: bool,
        /// Children in front of the page.
        start: u32,
        page: Page,
    },
    /// What a search has found.
    Matches(Matches),
}

impl Listing {
    /// An object where it is met; `None` if it is not met there.
    pub(super) fn one(snapshot: &Arc<Snapshot>, place: Place, look: &Look) -> Option<Self> {
        match place.within {
            None if place.object == in_progress::id() => {
                look.in_progress().map(|_| Self::InProgress)
            }
            Some(within) if within == in_progress::id() => {
                let shown = look.in_progress()?;
                let page = shown.one(snapshot, place.object)?;
                Some(Self::page(0, page))
            }
            _ => {
                snapshot.entry(place)?;
                Some(Self::One(Arc::clone(snapshot), place))
            }
        }
    }

    /// A page of a container's children.
    pub(super) fn children(
        snapshot: &Arc<Snapshot>,
        container: ObjectId,
        look: &Look,
        keys: &[SortKey],
        Range { start, count }: Range,
    ) -> Option<Self> {
        if container == in_progress::id() {
            let shown = look.in_progress()?;
            return Some(Self::page(start, shown.page(snapshot, keys, start, count)));
        }
        if look.in_progress_in(container).is_none() {
            let page = query::page(snapshot, container, keys, start, count)?;
            return Some(Self::page(start, page));
        }
        let is_led = start == 0;
        // It takes one place of the page; a page of nothing else begins past the end.
        let (start, count) = match (start, count) {
            (0, 1) => (u32::MAX, 1),
            (0, count) => (0, count.saturating_sub(1)),
            (start, count) => (start - 1, count),
        };
        Some(Self::Page {
            is_longer: true,
            is_led,
            start,
            page: query::page(snapshot, container, keys, start, count)?,
        })
    }

    fn page(start: u32, page: Page) -> Self {
        Self::Page {
            is_longer: false,
            is_led: false,
            start,
            page,
        }
    }

    fn len(&self) -> u32 {
        match self {
            Self::One(..) | Self::InProgress => 1,
            Self::Page { is_led, page, .. } => page.len() + u32::from(*is_led),
            Self::Matches(matches) => matches.len(),
        }
    }

    fn total_matches(&self) -> u32 {
        match self {
            Self::One(..) | Self::InProgress => 1,
            Self::Page {
                is_longer, page, ..
            } => page.total_matches() + u32::from(*is_longer),
            Self::Matches(matches) => matches.total_matches(),
        }
    }

    fn write(&self, number: u32, look: &Look, sink: &mut impl Sink) {
        let mut place = number;
        let entry = match self {
            Self::One(snapshot, place) => snapshot.entry(*place),
            Self::InProgress => return look.write_in_progress(sink),
            Self::Page {
                is_led,
                page,
                start,
                ..
            } => match number.checked_sub((*is_led).into()) {
                Some(number) => {
                    place = start.saturating_add(number);
                    page.entry(number)
                }
                None => return look.write_in_progress(sink),
            },
            Self::Matches(matches) => matches.entry(number),
        };
        if let Some(entry) = entry {
            // Found by a Search.
            if entry.object.id() == in_progress::id() {
                return look.write_in_progress(sink);
            }
            listing::write(&entry, place, look, sink);
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
    look: Look,
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
    pub(super) fn new(action: Action, listing: Listing, look: Look, update_id: u32) -> Self {
        Self {
            action,
            listing,
            look,
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
        let treatment = self.look.treatment;
        let (service_type, action) = (&self.action.service_type, &self.action.name);
        if treatment.declaration {
            soap::browse_head(sink, service_type, action);
        } else {
            let mut head = Vec::new();
            soap::browse_head(&mut head, service_type, action);
            sink.put(&treatment.document(head));
        }
        didl::open(sink, treatment.sec);
    }

    fn object(&self, number: u32, sink: &mut impl Sink) {
        self.listing.write(number, &self.look, sink);
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
