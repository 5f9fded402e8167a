//! One fuzzer for every reader of rill; `RILL_FUZZ` names which: a reader of messages or of small texts, or else a file
//! extension, with which the input is probed as media. One binary, because building is what takes long here.
#![no_main]

// With its path, so that the modules in it lie beside it, as they do for tests/readers.rs.
#[path = "targets.rs"]
mod targets;

use std::{env, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;
use targets::Target;

static TARGET: OnceLock<Target> = OnceLock::new();

fn choose() -> Target {
    let name = env::var("RILL_FUZZ").unwrap_or_default();
    if name.is_empty() {
        eprintln!("RILL_FUZZ names no target");
        process::exit(2);
    }
    Target::named(&name)
}

fuzz_target!(|data: &[u8]| TARGET.get_or_init(choose).read(data));
