//! THE table: method and path to handler.

use std::net::IpAddr;

use super::{
    Answer, Body, Request, Response, Shared, art, control, description, events, media, page,
};
use crate::{
    catalogue::object_id::ObjectId,
    media::picture::Target,
    wire::{
        device::{self, Service},
        http::{
            request::Method,
            response::{Head, Status},
        },
        status, url,
    },
};

/// What a path names.
#[derive(Clone, Copy, Debug)]
pub enum Resource {
    /// A part of the page for people; `presentationURL` is the first.
    Page(page::Door),
    /// The server's state for `rill doctor`.
    Status,
    /// What a device and rill said to each other lately.
    Exchanges(IpAddr),
    /// The device description; `LOCATION`.
    Description,
    /// A service's description.
    Scpd(&'static Service),
    /// Where a service's actions are posted.
    Control(&'static Service),
    /// Where a service's events are subscribed to.
    Event(&'static Service),
    /// One of the icons, by its place in [`device::ICONS`].
    Icon(usize),
    /// An item's bytes.
    Media(ObjectId),
    /// A subtitle file as browsers want it.
    Track(ObjectId),
    /// A picture of an item.
    Art(ObjectId, art::Form),
}

impl Resource {
    /// Finds what the decoded `path` names.
    pub fn find(path: &str) -> Option<Self> {
        if let Some(file) = path.strip_prefix("/media/") {
            let id = media::id_of(file)?;
            let is_track = file.ends_with(media::TRACK_ENDING);
            return Some(if is_track {
                Self::Track(id)
            } else {
                Self::Media(id)
            });
        }
        if let Some(file) = path.strip_prefix("/art/") {
            return art::parse(file).map(|(id, form)| Self::Art(id, form));
        }
        if let Some(icon) = description::icon_at(path) {
            return Some(Self::Icon(icon));
        }
        if let Some(door) = page::Door::find(path) {
            return Some(Self::Page(door));
        }
        if let Some(address) = path.strip_prefix(status::EXCHANGES) {
            return address.parse().ok().map(Self::Exchanges);
        }
        match path {
            device::DESCRIPTION_PATH => return Some(Self::Description),
            status::PATH => return Some(Self::Status),
            _ => {}
        }
        device::SERVICES.iter().find_map(|service| match path {
            _ if path == service.scpd_path => Some(Self::Scpd(service)),
            _ if path == service.control_path => Some(Self::Control(service)),
            _ if path == service.event_path => Some(Self::Event(service)),
            _ => None,
        })
    }

    /// The methods it takes, as `Allow` lists them.
    fn methods(self) -> &'static str {
        match self {
            Self::Control(_) | Self::Page(page::Door::Rescan) => "POST, OPTIONS",
            Self::Event(_) => "SUBSCRIBE, UNSUBSCRIBE, OPTIONS",
            _ => "GET, HEAD, OPTIONS",
        }
    }
}

/// Hands `request` to the handler its method and path ask for.
pub(super) fn dispatch(request: &Request<'_>, shared: &Shared) -> Answer {
    let Ok(path) = url::decode(request.head.target.path) else {
        return reply(Response::text(
            Status::BadRequest,
            "The path is not well encoded.\n",
        ));
    };
    let method = request.head.method;
    let found = Resource::find(&path);
    shared.devices.borrow_mut().note(request, found);
    let Some(resource) = found else {
        return reply(match method {
            Method::Other(_) | Method::MPost | Method::Notify => unknown_method(),
            _ => Response::text(Status::NotFound, "There is nothing here.\n"),
        });
    };
    match (method, resource) {
        (Method::Post, Resource::Page(page::Door::Rescan)) => page::rescan(request),
        (Method::Get | Method::Head, Resource::Page(door)) if door != page::Door::Rescan => {
            page::open(door, request)
        }
        (Method::Get | Method::Head, Resource::Status) => {
            reply(page::for_doctor::status(request, shared))
        }
        (Method::Get | Method::Head, Resource::Exchanges(address)) => {
            reply(page::for_doctor::exchanges(address, request, shared))
        }
        (Method::Get | Method::Head, Resource::Description) => {
            let treatment = shared.treatment(request);
            reply(description::device(&shared.device, treatment))
        }
        (Method::Get | Method::Head, Resource::Scpd(service)) => {
            reply(description::scpd(service, shared.treatment(request)))
        }
        (Method::Get | Method::Head, Resource::Icon(icon)) => reply(description::icon(icon)),
        (Method::Get | Method::Head, Resource::Media(id)) => {
            // The Xbox 360 asks so for the picture of an item that it plays.
            if request.head.target.query == Some("albumArt=true") {
                return art::find(id, art::Form::Scaled(Target::Thumbnail), shared);
            }
            media::find(id, request, shared)
        }
        (Method::Get | Method::Head, Resource::Track(id)) => media::find_track(id, request, shared),
        (Method::Get | Method::Head, Resource::Art(id, form)) => art::find(id, form, shared),
        (Method::Post, Resource::Control(service)) => control::call(service, request, shared),
        (Method::Subscribe | Method::Unsubscribe, Resource::Event(service)) => {
            events::answer(service, request, shared)
        }
        (Method::Options, resource) => reply(allowed_methods(Status::NoContent, resource)),
        (Method::Other(_) | Method::MPost | Method::Notify, _) => reply(unknown_method()),
        (_, resource) => reply(allowed_methods(Status::MethodNotAllowed, resource)),
    }
}

fn reply(response: Response) -> Answer {
    Answer::Reply(response)
}

fn unknown_method() -> Response {
    Response::text(Status::NotImplemented, "This method is not known here.\n")
}

fn allowed_methods(status: Status, resource: Resource) -> Response {
    let mut head = Head::new(status);
    head.field("Allow", resource.methods());
    Response {
        head,
        body: Body::Empty,
    }
}
