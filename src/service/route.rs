//! THE table: method and path to handler.

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
    /// The page for people; `presentationURL`.
    Page,
    /// The server's state for `rill doctor`.
    Status,
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
    /// A picture of an item.
    Art(ObjectId, art::Form),
}

impl Resource {
    /// Finds what the decoded `path` names.
    pub fn find(path: &str) -> Option<Self> {
        if let Some(file) = path.strip_prefix("/media/") {
            return media::id_of(file).map(Self::Media);
        }
        if let Some(file) = path.strip_prefix("/art/") {
            return art::parse(file).map(|(id, form)| Self::Art(id, form));
        }
        if let Some(icon) = description::icon_at(path) {
            return Some(Self::Icon(icon));
        }
        match path {
            "/" | "/index.html" => return Some(Self::Page),
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
            Self::Control(_) => "POST, OPTIONS",
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
    let Some(resource) = Resource::find(&path) else {
        return reply(match method {
            Method::Other(_) | Method::MPost | Method::Notify => unknown_method(),
            _ => Response::text(Status::NotFound, "There is nothing here.\n"),
        });
    };
    match (method, resource) {
        (Method::Get | Method::Head, Resource::Page) => reply(page::show(request, shared)),
        (Method::Get | Method::Head, Resource::Status) => reply(page::status(request, shared)),
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
