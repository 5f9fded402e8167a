//! ContentDirectory:1: the tree, page by page.

use std::sync::Arc;

use super::{
    Body, Document, Request, Shared,
    control::Outcome,
    in_progress,
    listing::{self, Look},
};
use crate::{
    catalogue::{
        object_id::{ObjectId, Place},
        query::{self, Direction, Page, SortBy, SortKey},
        snapshot::Snapshot,
    },
    limits,
    wire::{
        criteria::{self, SortCriteria, SortProperty},
        didl,
        soap::{self, Call, UpnpError},
        xml::write::{Counter, Sink},
    },
};

/// Objects of a reply that is made whole before it is sent. More are counted first and then sent in pieces.
const SMALL_PAGE: u32 = 64;

/// Answers one action.
pub(super) fn run(call: &Call<'_>, request: &Request<'_>, shared: &Shared) -> Outcome {
    let reply = |name: &str, value: &str| {
        let arguments = [(name, value)];
        Body::Bytes(soap::reply(&call.service_type, call.action, &arguments))
    };
    match call.action {
        "Browse" => browse(call, request, shared),
        // Nothing can be searched for as long as there is no Search.
        "GetSearchCapabilities" => Ok(reply("SearchCaps", "")),
        "GetSortCapabilities" => Ok(reply("SortCaps", &criteria::sort_capabilities())),
        "GetSystemUpdateID" => {
            let id = shared.system_update_id();
            Ok(reply("Id", &id.to_string()))
        }
        _ => Err(UpnpError::InvalidAction),
    }
}

/// `BrowseFlag` (CDS:1 §2.5.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BrowseFlag {
    Metadata,
    DirectChildren,
}

impl BrowseFlag {
    fn parse(text: &str) -> Result<Self, UpnpError> {
        match text {
            "BrowseMetadata" => Ok(Self::Metadata),
            "BrowseDirectChildren" => Ok(Self::DirectChildren),
            _ => Err(UpnpError::InvalidArgs),
        }
    }
}

/// Browse (CDS:1 §2.7.4).
fn browse(call: &Call<'_>, request: &Request<'_>, shared: &Shared) -> Outcome {
    let flag = BrowseFlag::parse(call.required("BrowseFlag")?)?;
    let id = call.required("ObjectID")?;
    let filter = call.required("Filter")?;
    let start = call.ui4("StartingIndex")?;
    let count = call.ui4("RequestedCount")?;
    let sort =
        SortCriteria::parse(call.required("SortCriteria")?).map_err(|_| UpnpError::SortCriteria)?;

    let snapshot = shared.snapshot();
    let place = place(id).ok_or(UpnpError::NoSuchObject)?;
    let look = Look::new(request, filter, &snapshot, shared);
    let is_in_progress = place.within.is_none() && place.object == in_progress::id();
    let update_id = if is_in_progress {
        shared.system_update_id()
    } else {
        let object = snapshot.find(place.object);
        shared.update_id(&object.ok_or(UpnpError::NoSuchObject)?)
    };
    let keys = sort_keys(&sort);
    let page = Range { start, count };
    let listing = match flag {
        BrowseFlag::Metadata => Listing::one(&snapshot, place, &look),
        BrowseFlag::DirectChildren => {
            Listing::children(&snapshot, place.object, &look, &keys, page)
        }
    };
    // An item has no children; 701 says that there is no such container.
    let listing = listing.ok_or(UpnpError::NoSuchObject)?;
    Ok(Reply::new(call, listing, look, update_id).into_body())
}

/// An empty id means the root: some Samsung televisions ask so.
fn place(text: &str) -> Option<Place> {
    let root = Place {
        object: ObjectId::ROOT,
        within: None,
    };
    if text.is_empty() {
        Some(root)
    } else {
        Place::parse(text)
    }
}

fn sort_keys(criteria: &SortCriteria) -> heapless::Vec<SortKey, { limits::SORT_KEYS }> {
    let key = |key: &criteria::SortKey| SortKey {
        by: match key.property {
            SortProperty::Title => SortBy::Title,
            SortProperty::Date => SortBy::Date,
            SortProperty::Class => SortBy::Class,
            SortProperty::Size => SortBy::Size,
        },
        direction: if key.descending {
            Direction::Descending
        } else {
            Direction::Ascending
        },
    };
    criteria.keys.iter().map(key).collect()
}

/// Which of the children are wanted; a count of 0 is all.
#[derive(Clone, Copy)]
struct Range {
    start: u32,
    count: u32,
}

/// What a reply lists.
enum Listing {
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
        page: Page,
    },
}

impl Listing {
    /// An object where it is met; `None` if it is not met there.
    fn one(snapshot: &Arc<Snapshot>, place: Place, look: &Look) -> Option<Self> {
        match place.within {
            None if place.object == in_progress::id() => {
                look.in_progress().map(|_| Self::InProgress)
            }
            Some(within) if within == in_progress::id() => {
                let shown = look.in_progress()?;
                shown.one(snapshot, place.object).map(Self::page)
            }
            _ => {
                snapshot.entry(place)?;
                Some(Self::One(Arc::clone(snapshot), place))
            }
        }
    }

    /// A page of a container's children.
    fn children(
        snapshot: &Arc<Snapshot>,
        container: ObjectId,
        look: &Look,
        keys: &[SortKey],
        Range { start, count }: Range,
    ) -> Option<Self> {
        if container == in_progress::id() {
            let shown = look.in_progress()?;
            return Some(Self::page(shown.page(snapshot, keys, start, count)));
        }
        if look.in_progress_in(container).is_none() {
            return query::page(snapshot, container, keys, start, count).map(Self::page);
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
            page: query::page(snapshot, container, keys, start, count)?,
        })
    }

    fn page(page: Page) -> Self {
        Self::Page {
            is_longer: false,
            is_led: false,
            page,
        }
    }

    fn len(&self) -> u32 {
        match self {
            Self::One(..) | Self::InProgress => 1,
            Self::Page { is_led, page, .. } => page.len() + u32::from(*is_led),
        }
    }

    fn total_matches(&self) -> u32 {
        match self {
            Self::One(..) | Self::InProgress => 1,
            Self::Page {
                is_longer, page, ..
            } => page.total_matches() + u32::from(*is_longer),
        }
    }

    fn write(&self, number: u32, look: &Look, sink: &mut impl Sink) {
        let entry = match self {
            Self::One(snapshot, place) => snapshot.entry(*place),
            Self::InProgress => return look.write_in_progress(sink),
            Self::Page { is_led, page, .. } => match number.checked_sub((*is_led).into()) {
                Some(number) => page.entry(number),
                None => return look.write_in_progress(sink),
            },
        };
        if let Some(entry) = entry {
            listing::write(&entry, look, sink);
        }
    }
}

/// A page of objects on its way out, as the reply to Browse.
struct Reply {
    call: (String, String),
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
    fn new(call: &Call<'_>, listing: Listing, look: Look, update_id: u32) -> Self {
        Self {
            call: (call.service_type.to_string(), call.action.to_string()),
            listing,
            look,
            update_id,
            len: 0,
            next: Next::Head,
        }
    }

    fn into_body(mut self) -> Body {
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
        soap::browse_head(sink, &self.call.0, &self.call.1);
        didl::open(sink);
    }

    fn object(&self, number: u32, sink: &mut impl Sink) {
        self.listing.write(number, &self.look, sink);
    }

    fn tail(&self, sink: &mut impl Sink) {
        didl::close(sink);
        soap::browse_tail(
            sink,
            &self.call.1,
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
