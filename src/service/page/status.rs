//! How things are, as JSON (RFC 8259). Field names stay; new ones may come. Sizes are bytes, moments seconds since 1970.

use std::rc::Rc;

use super::{Facts, Form, Usage, health, metrics, unix_secs};
use crate::{
    catalogue::{
        report::{Report, Skip},
        snapshot::Snapshot,
    },
    json::Object,
    limits,
    media::Class,
    service::{
        Body, Now, Response, Shared,
        devices::{Playing, Seen, UNKNOWN},
    },
    wire::http::response::{Head, Status},
};

/// Answers with how things are, in any form but the live one.
pub fn report(form: Form, shared: &Shared, facts: &Facts, now: Now) -> Response {
    let (status, mime, text) = match form {
        Form::Live | Form::Json => {
            let mut all = whole(shared, facts, now);
            let report = std::sync::Arc::clone(&shared.scan.borrow().report);
            all.objects("skipped_files", report.skips.iter().map(skip));
            all.objects("troubled_files", report.troubles.iter().map(skip));
            (Status::Ok, "application/json", all.finish())
        }
        Form::Metrics => {
            let text = metrics::text(shared, facts);
            (Status::Ok, "text/plain; version=0.0.4; charset=utf-8", text)
        }
        Form::Health => {
            let problems = health::problems(shared, facts);
            let status = if problems.is_empty() {
                Status::Ok
            } else {
                Status::ServiceUnavailable
            };
            let said = if problems.is_empty() {
                "All is well.".to_owned()
            } else {
                problems.join("\n")
            };
            (status, "text/plain; charset=utf-8", said + "\n")
        }
    };
    let mut head = Head::new(status);
    head.field("Content-Type", mime);
    head.field("Cache-Control", "no-store");
    head.field("X-Content-Type-Options", "nosniff");
    Response {
        head,
        body: Body::Bytes(text.into_bytes()),
    }
}

/// The head of the answer to somebody who listens. Its body ends with the connection.
pub fn live_head() -> Head {
    let mut head = Head::new(Status::Ok);
    head.field("Content-Type", "text/event-stream");
    head.field("Cache-Control", "no-store");
    head.field("X-Content-Type-Options", "nosniff");
    head
}

/// Too many listen already.
pub fn too_many() -> Response {
    Response::text(
        Status::ServiceUnavailable,
        "Too many pages are open; ask for /status.json instead.\n",
    )
}

/// One event (HTML, server-sent events): what is different from the last one is for the listener to see.
pub fn event(shared: &Shared, facts: &Facts, now: Now) -> Vec<u8> {
    // A line of JSON has no line end inside.
    format!("data: {}\n\n", whole(shared, facts, now).finish()).into_bytes()
}

/// What an event says, its moment left out: two that differ in nothing else need not both be sent.
pub fn is_same(event: &[u8], before: &[u8]) -> bool {
    let behind_the_moment = |event: &'_ [u8]| {
        let comma = event.iter().position(|byte| *byte == b',');
        comma.map_or(0, |at| at + 1)
    };
    event.get(behind_the_moment(event)..) == before.get(behind_the_moment(before)..)
}

fn whole(shared: &Shared, facts: &Facts, now: Now) -> Object {
    let snapshot = shared.snapshot();
    let mut all = Object::new();
    // First: `is_same` counts on it.
    all.number("now", facts.started + now.uptime.as_secs());
    all.text("name", &shared.device.friendly_name);
    all.text("version", env!("CARGO_PKG_VERSION"));
    all.number("started", facts.started);
    all.number("update", shared.system_update_id());
    let problems = health::problems(shared, facts);
    all.texts("problems", problems);
    all.object("scan", scan(shared, facts));
    all.object("library", library(facts));
    all.objects("roots", roots(shared, &snapshot));
    all.object("watches", watches(shared, facts));
    add_devices(&mut all, shared, facts, &snapshot);
    all.objects("searches", searches(shared, facts));
    add_usage(&mut all, facts);
    let turned_away = shared.tally.turned_away(shared);
    all.text("open", &shared.tally.present(shared).to_string());
    all.objects("turned_away", turned_away.into_iter().map(turned_away_row));
    all
}

fn turned_away_row((count, what): (u64, &'static str)) -> Object {
    let mut object = Object::new();
    object.number("count", count);
    object.text("what", what);
    object
}

fn scan(shared: &Shared, facts: &Facts) -> Object {
    let scan = shared.scan.borrow();
    let report = &scan.report;
    let mut object = Object::new();
    let is_first = scan.passes == 0;
    object.truth("running", scan.is_running || is_first && !scan.has_ended);
    object.number("done", facts.done);
    object.number("found", facts.found);
    object.text("reading", &String::from_utf8_lossy(&facts.reading));
    object.number("passes", scan.passes);
    object.text("report", &report_text(report, is_first));
    object.number("listed", report.listed);
    object.number("skipped", report.skipped());
    object.texts("notes", report.notes.iter().map(|note| &**note));
    object
}

fn report_text(report: &Report, is_first: bool) -> String {
    if is_first {
        return String::new();
    }
    report.to_string()
}

fn library(facts: &Facts) -> Object {
    let counts = &facts.counts;
    let mut object = Object::new();
    for (name, count) in [
        ("audio", counts.audio),
        ("video", counts.video),
        ("image", counts.image),
        ("captions", counts.captions),
        ("streams", counts.streams),
        ("folders", counts.folders),
        ("playlists", counts.playlists),
        ("offline", counts.offline),
    ] {
        object.number(name, count);
    }
    object
}

fn roots(shared: &Shared, snapshot: &Snapshot) -> Vec<Object> {
    let scan = shared.scan.borrow();
    let row = |(number, root): (usize, crate::catalogue::snapshot::RootFolder<'_>)| {
        let mut object = Object::new();
        object.text("path", &String::from_utf8_lossy(root.path));
        object.text("only", root.only.map_or("", class_name));
        object.truth("online", !root.is_offline);
        let polled = scan.watched.polled.get(number).copied();
        object.number("polled_folders", polled.unwrap_or(0));
        object
    };
    snapshot.roots().enumerate().map(row).collect()
}

fn class_name(class: Class) -> &'static str {
    match class {
        Class::Audio => "audio",
        Class::Image => "image",
        Class::Video => "video",
        Class::Caption | Class::Playlist => "",
    }
}

fn watches(shared: &Shared, facts: &Facts) -> Object {
    let mut object = Object::new();
    object.number("used", shared.scan.borrow().watched.directories);
    object.number("limit", facts.usage.watch_limit);
    object
}

fn add_devices(all: &mut Object, shared: &Shared, facts: &Facts, snapshot: &Snapshot) {
    let table = shared.devices.borrow();
    let asked = table.seen().iter().filter(|device| device.requests > 0);
    let mut devices: Vec<_> = asked.collect();
    devices.sort_unstable_by_key(|device| (std::cmp::Reverse(device.uptime), device.address));
    devices.truncate(limits::SHOWN_DEVICES);
    let device = |device: &Seen| {
        let mut object = Object::new();
        object.text("address", &device.address.to_string());
        let is_known = device.device.kind != UNKNOWN.kind;
        object.text("kind", if is_known { device.device.name } else { "" });
        object.text("agent", &device.agent);
        object.number("last", unix_secs(facts, device.uptime));
        object.text("what", device.what);
        object.number("requests", device.requests);
        object.truth("recorded", device.exchanges().is_some());
        if let Some(playing) = &device.playing {
            object.object("playing", item(playing, facts, snapshot));
        }
        object
    };
    all.objects("devices", devices.into_iter().map(device));
    let streams = table.playing().take(limits::SHOWN_STREAMS);
    let stream = |playing: Rc<Playing>| {
        let mut object = item(&playing, facts, snapshot);
        object.text("address", &playing.address.to_string());
        object
    };
    all.objects("streams", streams.map(stream));
    all.number("sent", table.sent());
    all.number("requests", table.requests());
}

/// An item that is played, and how far it is.
fn item(playing: &Playing, facts: &Facts, snapshot: &Snapshot) -> Object {
    let mut object = Object::new();
    object.text("id", &playing.item.to_string());
    let found = snapshot.find(playing.item);
    object.text("title", found.map_or("", |item| item.title()));
    object.number("size", found.map_or(0, |item| item.size()));
    let duration = found.and_then(|item| item.duration());
    object.number(
        "duration",
        duration.map_or(0, |duration| duration.as_secs()),
    );
    object.number("at", playing.at.get());
    object.number("sent", playing.sent.get());
    object.number("since", unix_secs(facts, playing.since));
    object.truth("running", playing.ended.get().is_none());
    object
}

fn searches(shared: &Shared, facts: &Facts) -> Vec<Object> {
    let seen = shared.searches.borrow();
    let row = |search: &crate::service::discovery::LastSearch| {
        let mut object = Object::new();
        object.text("at", &search.local.to_string());
        object.text("from", &search.from.ip().to_string());
        object.text("target", &search.st);
        object.number("last", unix_secs(facts, search.uptime));
        object
    };
    seen.last_searches().iter().map(row).collect()
}

fn add_usage(all: &mut Object, facts: &Facts) {
    let Usage {
        resident,
        anonymous,
        memory_limit,
        descriptors,
        descriptor_limit,
        watch_limit: _,
    } = facts.usage;
    let pairs = [
        ("memory", resident, memory_limit),
        ("descriptors", descriptors, descriptor_limit),
        ("connections", facts.connections, facts.connection_limit),
        ("listeners", facts.listeners, limits::LISTENERS as u64),
    ];
    for (name, used, limit) in pairs {
        let mut object = Object::new();
        object.number("used", used);
        object.number("limit", limit);
        all.object(name, object);
    }
    all.number("own_memory", anonymous);
}

fn skip(skip: &Skip) -> Object {
    let mut object = Object::new();
    object.text("path", &String::from_utf8_lossy(&skip.path));
    let reason = skip.reason.to_string();
    let why = if skip.detail.is_empty() {
        &reason
    } else {
        &*skip.detail
    };
    object.text("why", why);
    object
}
