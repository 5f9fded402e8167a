//! Answers: a request in, a response out. No sockets, no clock: the time is an argument.
//!
//! ```text
//!  Request ─► host ─► route ─► description · content_directory · connection_manager · registrar · page ─► Response
//!                        ├───► events ─► Response; what is due later: Events::output ─► Delivery ─► (net sends it)
//!                        └───► media::find ─► Wanted ─► (net opens the file) ─► media::reply ─► Response
//! ```

use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use crate::{
    catalogue::{
        object_id::ObjectId,
        snapshot::{Object, Snapshot},
        user_state::{Entry, UserStates},
    },
    wire::{
        gena::Sid,
        http::{
            range::{Multipart, Span},
            request::Head as RequestHead,
            response::{Head, Status},
        },
    },
};
use devices::{Devices, Treatment};
use events::Events;
use known::Known;
use tally::Tally;

/// Path of the device description, the target of `LOCATION`.
pub use crate::wire::device::DESCRIPTION_PATH;

pub mod art;
pub mod browser;
pub mod connection_manager;
pub mod content_directory;
pub mod control;
pub mod description;
pub mod devices;
pub mod discovery;
mod entity;
pub mod events;
pub mod host;
pub mod in_progress;
pub mod known;
mod listing;
pub mod mdns;
pub mod media;
pub mod page;
pub mod registrar;
pub mod route;
pub mod tally;
pub mod user_state;

/// The moment at which something is handled; made by `net/clock` alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the process started; never goes back.
    pub uptime: Duration,
    /// Wall clock, seconds since 1970; may jump. For `Date` only.
    pub unix_secs: u64,
}

/// A request, read whole.
#[derive(Debug)]
pub struct Request<'r> {
    /// Request line and fields.
    pub head: &'r RequestHead<'r>,
    /// The decoded body, at most [`crate::limits::SOAP_BODY_BYTES`].
    pub body: &'r [u8],
    /// Who asks.
    pub peer: SocketAddr,
    /// The address of ours that was asked; URLs in the answer begin with it.
    pub local: SocketAddr,
    /// When.
    pub now: Now,
}

/// What handlers may see.
#[derive(Debug)]
pub struct Shared {
    /// What the device says about itself.
    pub device: DeviceFacts,
    /// The present snapshot; replaced whole when a scan ends.
    pub catalogue: RefCell<Arc<Snapshot>>,
    /// What people did with items; replaced as a whole, so that an answer under way keeps what it began with.
    pub states: RefCell<Arc<UserStates>>,
    /// The container that shows what is in progress; `None`: nothing does.
    pub in_progress_parent: Option<ObjectId>,
    /// The server's addresses at this moment, kept by `net/interfaces`.
    pub addresses: RefCell<Vec<OwnAddress>>,
    /// What SSDP has seen so far, kept by `net/discovery`.
    pub searches: RefCell<discovery::Seen>,
    /// What the scanner last told, kept by `net`.
    pub scan: RefCell<page::Scan>,
    /// Small pictures that cannot be made; replaced as a whole, so that an answer under way keeps what it began with.
    pub unmade: RefCell<Arc<art::Unmade>>,
    /// Who is at home here.
    pub known: RefCell<Known>,
    /// How many came, and how many were turned away.
    pub tally: Tally,
    /// Who is subscribed to what.
    pub events: RefCell<Events>,
    /// Which devices have been here, what for, and what is being played.
    pub devices: RefCell<Devices>,
}

impl Shared {
    /// The present snapshot, to be held as long as an answer needs it.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.catalogue.borrow())
    }

    /// What the device needs that asks.
    pub fn treatment(&self, request: &Request<'_>) -> &'static Treatment {
        &self.devices.borrow().of(request.peer.ip()).treatment
    }

    /// The present user states, to be held as long as an answer needs them.
    pub fn states(&self) -> Arc<UserStates> {
        Arc::clone(&self.states.borrow())
    }

    /// `SystemUpdateID` (ContentDirectory:1 §2.5.11), wherever it is told: changes of the catalogue and of user states
    /// together. Both are kept, so it does not go back at a restart.
    pub fn system_update_id(&self) -> u32 {
        let changes = self.states.borrow().changes();
        self.snapshot().system_update_id().wrapping_add(changes)
    }

    /// The update id of `object`, wherever it is told (ContentDirectory:1 §2.5.12): it has another one after each change to
    /// the object or, if it is a container, to the user state of one of its items.
    pub fn update_id(&self, object: &Object<'_>) -> u32 {
        let states = self.states.borrow();
        // What is in progress may have come to stand there, or gone.
        let change = if self.in_progress_parent == Some(object.id()) {
            states.changes()
        } else {
            states.last_change(object)
        };
        object.update_id().wrapping_add(change)
    }

    /// An item's user state has changed, and the change is on the disk: from here on it is told. Gives the containers that
    /// list the item, with their new update ids: what subscribers are to hear, besides [`Self::system_update_id`].
    pub fn keep(&self, entry: Entry) -> Vec<(ObjectId, u32)> {
        let snapshot = self.snapshot();
        let home = snapshot
            .find(entry.object)
            .and_then(|item| item.parent_id());
        {
            let mut states = self.states.borrow_mut();
            let states = Arc::make_mut(&mut states);
            states.put(entry);
            if let Some(home) = home {
                states.touch(home);
            }
        }
        let above = self.in_progress_parent.filter(|above| home != Some(*above));
        let containers = home.into_iter().chain(above);
        let containers = containers.filter_map(|id| snapshot.find(id));
        let mut changed: Vec<_> = containers.map(|c| (c.id(), self.update_id(&c))).collect();
        if self.in_progress_parent.is_some() {
            changed.push((in_progress::id(), self.system_update_id()));
        }
        changed
    }
}

/// One of the server's own addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnAddress {
    /// The address.
    pub address: IpAddr,
    /// The number of the interface that has it.
    pub interface: u32,
}

/// What the device says about itself; fixed while it runs.
#[derive(Clone, Debug)]
pub struct DeviceFacts {
    /// `uuid:…`
    pub udn: String,
    /// The name people see.
    pub friendly_name: String,
    /// The `Server` of every answer: `Linux/6.1 UPnP/1.0 rill/0.1`.
    pub server: String,
    /// Host names under which the server may be addressed, lower case.
    pub host_names: Vec<String>,
}

/// An answer, or what is needed to give one.
// It lives for one exchange, on the stack; a box would be an allocation for every request.
pub enum Answer {
    /// The answer.
    Reply(Response),
    /// The answer to a new subscription: once it is sent, [`Events::replied`] has to hear of it.
    Subscribed(Response, Sid),
    /// Open this file, then ask [`media::reply`], or [`media::reply_text`] for a caption that had to be converted.
    Open(media::Wanted),
    /// Make this small picture, then ask [`art::reply`].
    Scale(art::Picture),
    /// Keep what [`user_state::Change::entry`] gives, then ask [`user_state::Change::reply`].
    Keep(Box<user_state::Change>),
    /// Drive this search to its end, then ask [`content_directory::search::Search::into_response`].
    Search(Box<content_directory::search::Search>),
    /// Look how things are, then ask [`page::status::report`]; or send it for as long as the peer listens.
    Status(page::Form),
    /// Have everything scanned again, then give [`page::ordered`].
    Rescan,
}

/// Status, fields and body of an answer. `Date`, `Server`, `Content-Length` and `Connection` are added by `net`.
pub struct Response {
    /// Status and fields.
    pub head: Head,
    /// What follows.
    pub body: Body,
}

impl Response {
    /// A plain-text answer that says what `status` means here.
    pub fn text(status: Status, why: &'static str) -> Self {
        let mut head = Head::new(status);
        head.field("Content-Type", "text/plain; charset=utf-8");
        head.field("X-Content-Type-Options", "nosniff");
        Self {
            head,
            body: Body::Static(why.as_bytes()),
        }
    }

    /// An XML document, in the content type that UDA 1.0 §2.7 and §3.2.2 ask for.
    pub fn xml(status: Status, body: Body) -> Self {
        let mut head = Head::new(status);
        head.field("Content-Type", "text/xml; charset=\"utf-8\"");
        head.field("X-Content-Type-Options", "nosniff");
        Self { head, body }
    }
}

/// The body of an answer.
pub enum Body {
    /// None.
    Empty,
    /// Part of the program.
    Static(&'static [u8]),
    /// Made for this answer, small.
    Bytes(Vec<u8>),
    /// Made piece by piece while it is sent.
    Document(Box<dyn Document>),
    /// Bytes of the opened file.
    File(FileBody),
}

impl Body {
    /// Bytes in all: `Content-Length`.
    pub fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Static(bytes) => bytes.len() as u64,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Document(document) => document.len(),
            Self::File(file) => file.len(),
        }
    }

    /// True for a body of no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A body that is never held whole.
pub trait Document {
    /// Bytes in all; the same as [`Document::append_next`] will give.
    fn len(&self) -> u64;

    /// True for a document of no bytes.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends the next piece, about [`crate::limits::XML_CHUNK_BYTES`]; false when nothing was left.
    fn append_next(&mut self, out: &mut Vec<u8>) -> bool;
}

/// Which bytes of the opened file to send, and how.
#[derive(Debug)]
pub enum FileBody {
    /// One stretch, or the whole.
    Span(Span),
    /// Several, as multipart/byteranges.
    Multipart(Box<ByteRanges>),
}

/// Several stretches of a file, and what stands between them.
#[derive(Clone, Debug)]
pub struct ByteRanges {
    /// Separates the parts.
    pub boundary: heapless::String<32>,
    /// Media type of the file.
    pub mime: &'static str,
    /// The stretches.
    pub spans: heapless::Vec<Span, { crate::limits::RANGES }>,
    /// Bytes of the whole body.
    pub len: u64,
    /// Where the whole body begins in the file.
    pub offset: u64,
}

impl ByteRanges {
    /// The whole reply, where the body is at hand.
    fn gather(&self, body: &[u8]) -> Vec<u8> {
        use std::io::Write as _;
        let mut whole = Vec::new();
        for (place, span) in self.spans.iter().enumerate() {
            let place_of = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(body.len());
            // Writing to a Vec cannot fail.
            let _ = write!(whole, "{}", self.texts().part(place));
            whole.extend_from_slice(&body[place_of(span.start)..place_of(span.end)]);
        }
        let _ = write!(whole, "{}", self.texts().end());
        whole
    }

    /// The texts around the stretches.
    pub fn texts(&self) -> Multipart<'_> {
        Multipart {
            boundary: &self.boundary,
            mime: self.mime,
            spans: &self.spans,
            len: self.len,
        }
    }
}

impl FileBody {
    fn len(&self) -> u64 {
        match self {
            Self::Span(span) => span.len(),
            Self::Multipart(parts) => parts.texts().content_length(),
        }
    }
}

/// Answers `request`, or says which file that takes.
pub fn answer(request: &Request<'_>, shared: &Shared) -> Answer {
    if !host::allowed(request, shared) {
        Tally::count(&shared.tally.foreign_host);
        return Answer::Reply(Response::text(Status::Forbidden, host::REFUSAL));
    }
    if !request.head.method.is_safe() && !host::is_own_origin(request, shared) {
        Tally::count(&shared.tally.foreign_origin);
        return Answer::Reply(Response::text(Status::Forbidden, host::FOREIGN_ORIGIN));
    }
    route::dispatch(request, shared)
}
