//! The page for people, at `/`: what this is, what it serves, how it is. And the same for `rill doctor`, in plain lines.

use std::io::Write as _;

use super::{Body, Request, Response, Shared};
use crate::wire::{
    http::response::{Head, Status},
    status,
    xml::write::{Sink, text_once},
};

/// Everything before the name.
const HEAD: &[u8] = b"<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width\"><link rel=\"icon\" href=\"/icon/48.png\">\
<style>body{font:1.1em/1.5 system-ui,sans-serif;max-width:40em;margin:3em auto;padding:0 1em}\
dt{font-weight:bold}</style><title>";

/// Shows it.
pub(super) fn show(request: &Request<'_>, shared: &Shared) -> Response {
    let name = &shared.device.friendly_name;
    let mut page = Vec::with_capacity(2048);
    page.put(HEAD);
    text_once(&mut page, name);
    page.put(b"</title></head>\n<body><h1><img src=\"/icon/48.png\" alt=\"\" width=\"48\" height=\"48\"> ");
    text_once(&mut page, name);
    page.put(
        b"</h1>\n<p>A DLNA media server. Televisions, consoles and phones in this network find it \
          by that name.</p>\n<dl><dt>Last scan</dt><dd>",
    );
    text_once(&mut page, &shared.scan_state.borrow());
    page.put(b"</dd>");
    for search in shared.searches.borrow().last_searches() {
        let ago = request.now.uptime.saturating_sub(search.uptime).as_secs();
        // Writing to a Vec cannot fail.
        let _ = write!(
            page,
            "<dt>Last search at {}</dt><dd>{ago} s ago by {}, for ",
            search.local,
            search.from.ip()
        );
        text_once(&mut page, &search.st);
        page.put(b"</dd>");
    }
    // Writing to a Vec cannot fail.
    let _ = write!(
        page,
        "<dt>Open</dt><dd>{}</dd>",
        shared.tally.present(shared)
    );
    let turned_away = shared.tally.turned_away(shared);
    if !turned_away.is_empty() {
        page.put(b"<dt>Turned away</dt>");
    }
    for (count, what) in turned_away {
        let _ = write!(page, "<dd>{count} {what}</dd>");
    }
    let _ = writeln!(
        page,
        "<dt>Listed</dt><dd>{} objects</dd><dt>Description</dt>\
         <dd><a href=\"/description.xml\">http://{}/description.xml</a></dd>\
         <dt>Version</dt><dd>rill {}</dd></dl></body></html>",
        shared.snapshot().len(),
        request.local,
        env!("CARGO_PKG_VERSION"),
    );
    let mut head = Head::new(Status::Ok);
    head.field("Content-Type", "text/html; charset=utf-8");
    head.field(
        "Content-Security-Policy",
        "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
    );
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Cache-Control", "no-cache");
    Response {
        head,
        body: Body::Bytes(page),
    }
}

/// The same for `rill doctor`, as far as it needs it.
pub(super) fn status(request: &Request<'_>, shared: &Shared) -> Response {
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
