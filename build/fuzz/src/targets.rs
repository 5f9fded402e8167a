//! The readers by the names of their targets.

mod catalogue;
mod media;
mod search;
mod wire;

/// What is done with an input.
pub(crate) enum Target {
    /// It is given to a reader.
    Reader(fn(&[u8])),
    /// It is probed as a file of this name.
    Probe(String),
}

impl Target {
    /// The target called `name`: a reader of messages or of small texts, or else a file extension.
    pub(crate) fn named(name: &str) -> Self {
        Self::Reader(match name {
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
            "captions" => media::captions,
            "picture" => media::picture,
            "status" => wire::status,
            "tags" => wire::tags,
            "journal" => catalogue::journal,
            "cover" => media::cover,
            "times" => media::times,
            "snapshot" => {
                catalogue::seed();
                catalogue::snapshot
            }
            extension => return Self::Probe(format!("Show S01E02.{extension}")),
        })
    }

    /// Does with `data` what is to be done.
    pub(crate) fn read(&self, data: &[u8]) {
        match self {
            Self::Reader(read) => read(data),
            Self::Probe(name) => media::probe(name, data),
        }
    }
}
