//! How the server is, for `rill doctor`, in plain lines: as far as it needs it.

use crate::{
    service::{Body, Request, Response, Shared},
    wire::{
        http::response::{Head, Status},
        status,
    },
};

/// Tells it.
pub(in crate::service) fn status(request: &Request<'_>, shared: &Shared) -> Response {
    let now = request.now.uptime;
    let seen = shared.searches.borrow();
    let searches = seen.last_searches().iter().map(|last| status::Search {
        ago_secs: now.saturating_sub(last.uptime).as_secs(),
        interface: last.interface,
        local: last.local,
        from: last.from.ip(),
        target: last.st.as_str().to_owned(),
    });
    let status = status::Status {
        uptime_secs: now.as_secs(),
        searches: searches.collect(),
    };
    let mut head = Head::new(Status::Ok);
    head.field("Content-Type", "text/plain; charset=utf-8");
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Cache-Control", "no-cache");
    Response {
        head,
        body: Body::Bytes(status.to_string().into_bytes()),
    }
}
