//! How things are for Prometheus (its text format 0.0.4). One table: what is sent, and what README.md says of it.

use std::fmt::Write as _;

use super::{Facts, health};
use crate::{limits, service::Shared};

/// One number, or one with several labels.
struct Metric {
    name: &'static str,
    /// `gauge` or `counter`.
    kind: &'static str,
    help: &'static str,
    read: fn(&View<'_>, &mut Samples<'_>),
}

/// What numbers are read from.
struct View<'v> {
    shared: &'v Shared,
    facts: &'v Facts,
}

/// Where numbers go.
struct Samples<'s> {
    out: &'s mut String,
    name: &'static str,
}

impl Samples<'_> {
    fn one(&mut self, number: u64) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "{} {number}", self.name);
    }

    /// `value` is one of ours and needs no quoting.
    fn labelled(&mut self, label: &str, value: &str, number: u64) {
        let _ = writeln!(self.out, "{}{{{label}=\"{value}\"}} {number}", self.name);
    }
}

const fn metric(
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    read: fn(&View<'_>, &mut Samples<'_>),
) -> Metric {
    Metric {
        name,
        kind,
        help,
        read,
    }
}

const GAUGE: &str = "gauge";
const COUNTER: &str = "counter";

#[rustfmt::skip]
const METRICS: &[Metric] = &[
    metric("rill_info", GAUGE, "1; the label is the version.", |_, out| {
        out.labelled("version", env!("CARGO_PKG_VERSION"), 1);
    }),
    metric("rill_healthy", GAUGE, "1 if nothing is wrong, 0 if /health says what.", |view, out| {
        out.one(health::problems(view.shared, view.facts).is_empty().into());
    }),
    metric("rill_items", GAUGE, "Items listed, by class.", |view, out| {
        let counts = &view.facts.counts;
        for (class, count) in [("audio", counts.audio), ("video", counts.video), ("image", counts.image)] {
            out.labelled("class", class, count.into());
        }
    }),
    metric("rill_offline_items", GAUGE, "Items listed whose disk is not there.", |view, out| out.one(view.facts.counts.offline.into())),
    metric("rill_folders", GAUGE, "Media folders (RILL_MEDIA), by whether they are there.", |view, out| {
        let snapshot = view.shared.snapshot();
        let count = |is_offline| snapshot.roots().filter(|root| root.is_offline == is_offline).count() as u64;
        out.labelled("state", "online", count(false));
        out.labelled("state", "offline", count(true));
    }),
    metric("rill_scan_running", GAUGE, "1 while everything is looked through.", |view, out| out.one(view.shared.scan.borrow().is_running.into())),
    metric("rill_scan_files_found", GAUGE, "Media files found by the present or last pass.", |view, out| out.one(view.facts.found.into())),
    metric("rill_scan_files_done", GAUGE, "Of those, files that are done with.", |view, out| out.one(view.facts.done.into())),
    metric("rill_scans_total", COUNTER, "Passes that have ended, over everything or over what changed.", |view, out| out.one(view.shared.scan.borrow().passes.into())),
    metric("rill_skipped_files", GAUGE, "Files that are not listed because something is wrong with them.", |view, out| out.one(view.shared.scan.borrow().report.skipped())),
    metric("rill_watched_directories", GAUGE, "Directories whose changes the system tells of.", |view, out| out.one(view.shared.scan.borrow().watched.directories)),
    metric("rill_polled_directories", GAUGE, "Directories that are looked at every RILL_RESCAN seconds instead.", |view, out| {
        out.one(view.shared.scan.borrow().watched.polled.iter().map(|count| u64::from(*count)).sum());
    }),
    metric("rill_connections", GAUGE, "Connections open.", |view, out| out.one(view.facts.connections)),
    metric("rill_connections_max", GAUGE, "Connections that may be open.", |view, out| out.one(view.facts.connection_limit)),
    metric("rill_streams", GAUGE, "Films and songs being sent.", |view, out| out.one(view.shared.devices.borrow().playing().count() as u64)),
    metric("rill_listeners", GAUGE, "Pages that follow /live.", |view, out| out.one(view.facts.listeners)),
    metric("rill_listeners_max", GAUGE, "Pages that may follow /live.", |_, out| out.one(limits::LISTENERS as u64)),
    metric("rill_sent_bytes_total", COUNTER, "Bytes of films and music sent.", |view, out| out.one(view.shared.devices.borrow().sent())),
    metric("rill_requests_total", COUNTER, "HTTP requests.", |view, out| out.one(view.shared.devices.borrow().requests())),
    metric("rill_searches_total", COUNTER, "SSDP searches heard.", |view, out| out.one(view.shared.searches.borrow().searches)),
    metric("rill_searches_answered_total", COUNTER, "SSDP searches answered.", |view, out| out.one(view.shared.searches.borrow().answered)),
    metric("rill_library_changes_total", COUNTER, "SystemUpdateID: changes of the library ever made, of resume positions too.", |view, out| out.one(view.shared.system_update_id().into())),
    metric("process_resident_memory_bytes", GAUGE, "Memory in use, mapped files included.", |view, out| out.one(view.facts.usage.resident)),
    metric("process_anonymous_memory_bytes", GAUGE, "Memory in use of its own.", |view, out| out.one(view.facts.usage.anonymous)),
    metric("process_open_fds", GAUGE, "Descriptors open.", |view, out| out.one(view.facts.usage.descriptors)),
    metric("process_max_fds", GAUGE, "Descriptors that may be open.", |view, out| out.one(view.facts.usage.descriptor_limit)),
    metric("process_start_time_seconds", GAUGE, "Start, seconds since 1970.", |view, out| out.one(view.facts.started)),
];

/// All of them.
pub(super) fn text(shared: &Shared, facts: &Facts) -> String {
    let view = View { shared, facts };
    let mut text = String::with_capacity(8 * 1024);
    for metric in METRICS {
        let Metric {
            name, kind, help, ..
        } = metric;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        let mut samples = Samples {
            out: &mut text,
            name,
        };
        (metric.read)(&view, &mut samples);
    }
    text
}

/// The table for README.md.
pub fn readme_table() -> String {
    let mut table = "| metric | kind | meaning |\n|---|---|---|\n".to_owned();
    for metric in METRICS {
        let Metric {
            name, kind, help, ..
        } = metric;
        let _ = writeln!(table, "| `{name}` | {kind} | {help} |");
    }
    table
}
