//! What every test stands on. Two words: a [`Library`] is a temporary tree of tiny media, a [`Rill`] the running
//! program in namespaces of its own. Around them: byte-exact HTTP, SSDP and SOAP clients.

mod bytes;
pub(crate) mod device;
mod disk;
mod http;
mod image;
mod library;
mod network;
mod rill;
mod setup;
mod soap;
mod ssdp;
mod xml;

pub(crate) use bytes::{jpeg, jpeg_taken, mp3, mp3_tagged, mp3_titled, mp4, png};
pub(crate) use disk::{Disk, Trouble};
pub(crate) use http::{Connection, Reply};
pub(crate) use image::Image;
pub(crate) use library::Library;
pub(crate) use network::{FAR, NEAR, Network, Side};
pub(crate) use rill::Rill;
pub(crate) use setup::{Setup, clean, program};
pub(crate) use soap::{Browse, Fault, Object, Page, envelope, target};
pub(crate) use ssdp::{Listener, Message, Searcher};
pub(crate) use xml::Element;

use std::env;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A deadline of `secs` on a PC; longer where the program runs in an emulator or `RILL_SLOW` says so.
pub(crate) fn patience(secs: u32) -> Duration {
    let factor = env::var("RILL_SLOW")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(if env::var_os("RILL_RUNNER").is_some() {
            10
        } else {
            1
        });
    Duration::from_secs(u64::from(secs)) * factor
}

/// Asks `question` until it has an answer; panics with `what` when it has none in `secs`.
pub(crate) fn wait_for<T>(what: &str, secs: u32, mut question: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + patience(secs);
    loop {
        if let Some(answer) = question() {
            return answer;
        }
        assert!(Instant::now() < end, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Says on stderr why a test does not run here; past the capture of output, which hides what passing tests say.
pub(crate) fn skip(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// Whether `program` is on the search path; says so when it is not.
pub(crate) fn have(program: &str) -> bool {
    let found = env::var_os("PATH")
        .is_some_and(|path| env::split_paths(&path).any(|folder| folder.join(program).is_file()));
    if !found {
        skip(&format!("{program} is not installed"));
    }
    found
}

/// Runs a mount(8), and says why not if it fails: `wanting` is what may not be here.
pub(crate) fn mounts(command: &mut Command, wanting: &str) -> bool {
    let output = command.stdin(Stdio::null()).output().unwrap();
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        skip(&format!("{wanting}: {}", why.trim()));
    }
    output.status.success()
}

/// Runs a command to its end and returns what it said; panics when it fails.
pub(crate) fn run(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    output
}
