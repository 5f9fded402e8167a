//! How the server is, for `rill doctor`, in plain lines: as far as it needs it.

use std::{fmt::Write as _, net::IpAddr};

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
    told(Status::Ok, status.to_string())
}

/// Tells what the device at `address` and rill said to each other lately.
pub(in crate::service) fn exchanges(
    address: IpAddr,
    request: &Request<'_>,
    shared: &Shared,
) -> Response {
    let now = request.now.uptime;
    let devices = shared.devices.borrow();
    let Some(seen) = devices.find(address).filter(|s| s.exchanges().is_some()) else {
        let recorded = devices.seen().iter().filter(|s| s.exchanges().is_some());
        let recorded = recorded.map(|seen| format!("{} {}\n", seen.address, seen.device.name));
        let text = format!(
            "{}{address}. It is of:\n{}",
            status::NOTHING_RECORDED,
            recorded.collect::<String>()
        );
        return told(Status::NotFound, text);
    };
    let mut text = format!(
        "{}\nrill {}, {}: {} ({}), {} requests\n",
        status::EXCHANGES_MAGIC,
        env!("CARGO_PKG_VERSION"),
        seen.address,
        seen.device.name,
        seen.device.kind,
        seen.requests
    );
    if let Some(exchanges) = seen.exchanges() {
        let (kept, all) = exchanges.counts();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{kept} of {all} recorded requests are kept");
        exchanges.write(&mut text, now);
    }
    told(Status::Ok, text)
}

fn told(status: Status, text: String) -> Response {
    let mut head = Head::new(status);
    head.field("Content-Type", "text/plain; charset=utf-8");
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Cache-Control", "no-cache");
    Response {
        head,
        body: Body::Bytes(text.into_bytes()),
    }
}
