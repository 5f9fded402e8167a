//! One fuzzer for every reader of rill; `RILL_FUZZ` names which: a reader of messages or of small texts, or else a file
//! extension, with which the input is probed as media. One binary, because building is what takes long here.
#![no_main]

mod catalogue;
mod media;
mod search;
mod wire;

use std::{env, process, sync::OnceLock};

use libfuzzer_sys::fuzz_target;

enum Target {
    Reader(fn(&[u8])),
    Probe(String),
}

static TARGET: OnceLock<Target> = OnceLock::new();

fn choose() -> Target {
    let name = env::var("RILL_FUZZ").unwrap_or_default();
    Target::Reader(match name.as_str() {
        "" => {
            eprintln!("RILL_FUZZ names no target");
            process::exit(2);
        }
        "http" => wire::http,
        "chunked" => wire::chunked,
        "range" => wire::range,
        "ssdp" => wire::ssdp,
        "dns" => wire::dns,
        "soap" => wire::soap,
        "description" => wire::description,
        "didl" => wire::didl,
        "url" => wire::url,
        "criteria" => wire::criteria,
        "gena" => wire::gena,
        "search" => search::search,
        "nfo" => media::nfo,
        "playlist" => media::playlist,
        "charset" => media::charset,
        "picture" => media::picture,
        "tags" => wire::tags,
        "journal" => catalogue::journal,
        "cover" => media::cover,
        "times" => media::times,
        "snapshot" => {
            catalogue::seed();
            catalogue::snapshot
        }
        extension => return Target::Probe(format!("Show S01E02.{extension}")),
    })
}

fuzz_target!(|data: &[u8]| {
    match TARGET.get_or_init(choose) {
        Target::Reader(read) => read(data),
        Target::Probe(name) => media::probe(name, data),
    }
});
