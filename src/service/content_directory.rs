//! ContentDirectory:1: the tree, page by page.

use std::sync::Arc;

use super::{Body, Document, Request, Shared, control::Outcome, listing};
use crate::{
    catalogue::{
        object_id::{ObjectId, Place},
        query::{self, Direction, Page, SortBy, SortKey},
        snapshot::{Entry, Snapshot},
    },
    limits,
    wire::{
        criteria::{self, Filter, SortCriteria, SortProperty},
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
            let id = shared.snapshot().system_update_id();
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
    let filter = Filter::parse(call.required("Filter")?);
    let start = call.ui4("StartingIndex")?;
    let count = call.ui4("RequestedCount")?;
    let sort =
        SortCriteria::parse(call.required("SortCriteria")?).map_err(|_| UpnpError::SortCriteria)?;

    let snapshot = shared.snapshot();
    let place = place(id).ok_or(UpnpError::NoSuchObject)?;
    let entry = snapshot.entry(place).ok_or(UpnpError::NoSuchObject)?;
    let update_id = entry.object.update_id();
    let listing = match flag {
        BrowseFlag::Metadata => Listing::One(Arc::clone(&snapshot), place),
        // An item has no children; 701 says that there is no such container.
        BrowseFlag::DirectChildren => {
            query::page(&snapshot, place.object, &sort_keys(&sort), start, count)
                .map(Listing::Page)
                .ok_or(UpnpError::NoSuchObject)?
        }
    };
    Ok(Reply::new(call, listing, filter, request.local, update_id).into_body())
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

/// What a reply lists.
enum Listing {
    /// One object: `BrowseMetadata`.
    One(Arc<Snapshot>, Place),
    /// Children of a container.
    Page(Page),
}

impl Listing {
    fn len(&self) -> u32 {
        match self {
            Self::One(..) => 1,
            Self::Page(page) => page.len(),
        }
    }

    fn total_matches(&self) -> u32 {
        match self {
            Self::One(..) => 1,
            Self::Page(page) => page.total_matches(),
        }
    }

    fn entry(&self, number: u32) -> Option<Entry<'_>> {
        match self {
            Self::One(snapshot, place) => snapshot.entry(*place),
            Self::Page(page) => page.entry(number),
        }
    }
}

/// A page of objects on its way out, as the reply to Browse.
struct Reply {
    call: (String, String),
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
    fn new(
        call: &Call<'_>,
        listing: Listing,
        filter: Filter,
        local: std::net::SocketAddr,
        update_id: u32,
    ) -> Self {
        Self {
            call: (call.service_type.to_string(), call.action.to_string()),
            listing,
            filter,
            base: format!("http://{local}"),
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
        if let Some(entry) = self.listing.entry(number) {
            listing::write(&entry, &self.base, self.filter, sink);
        }
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
