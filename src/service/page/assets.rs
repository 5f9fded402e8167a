//! The files of the page, part of the program. Packed by `build/page`, which `tests/documents.rs` watches over; whoever
//! cannot unpack (curl does not by itself) gets them unpacked.

use crate::{
    media,
    service::{Body, Request, Response},
    wire::http::{
        precondition::{self, Outcome, Validators},
        response::{Head, Status},
    },
};

/// A file.
struct Asset {
    path: &'static str,
    mime: &'static str,
    /// As zlib packs it (RFC 1950), which HTTP calls `deflate` (RFC 9110 §8.4.1.2).
    packed: &'static [u8],
}

macro_rules! asset {
    ($path:literal, $file:literal, $mime:literal) => {
        Asset {
            path: $path,
            mime: $mime,
            packed: include_bytes!(concat!("assets/", $file, ".z")),
        }
    };
}

const ASSETS: [Asset; 4] = [
    asset!("/", "page.html", "text/html; charset=utf-8"),
    asset!("/page/page.css", "page.css", "text/css; charset=utf-8"),
    asset!("/page/page.js", "page.js", "text/javascript; charset=utf-8"),
    asset!("/page/texts.json", "texts.json", "application/json"),
];

/// Bytes of an unpacked file. All of ours stay far below.
const MOST_BYTES: usize = 256 * 1024;

/// Nothing from elsewhere, nothing written into the page itself, and nobody may put it into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The number of the file at this path.
pub(super) fn find(path: &str) -> Option<usize> {
    let path = if path == "/index.html" { "/" } else { path };
    ASSETS.iter().position(|asset| asset.path == path)
}

/// Sends a file.
pub(super) fn send(number: usize, request: &Request<'_>) -> Response {
    let Some(asset) = ASSETS.get(number) else {
        return Response::text(Status::NotFound, "There is nothing here.\n");
    };
    let fields = &request.head.fields;
    let is_packed = fields.accept_encoding.is_some_and(takes_deflate);
    let etag = etag(asset.packed, is_packed);
    let validators = Validators {
        etag: &etag,
        modified_unix_secs: 0,
    };
    let has_already = fields.if_none_match.is_some()
        && precondition::evaluate(fields, true, &validators) == Outcome::NotModified;
    let mut head = Head::new(if has_already {
        Status::NotModified
    } else {
        Status::Ok
    });
    head.field("ETag", &etag);
    head.field("Cache-Control", "no-cache");
    head.field("Vary", "Accept-Encoding");
    let body = if has_already {
        Body::Empty
    } else if is_packed {
        head.field("Content-Encoding", "deflate");
        Body::Static(asset.packed)
    } else {
        // What the program is made of is sound.
        Body::Bytes(media::tag::inflated(asset.packed, MOST_BYTES).unwrap_or_default())
    };
    if !has_already {
        head.field("Content-Type", asset.mime);
    }
    head.field("Content-Security-Policy", POLICY);
    head.field("X-Content-Type-Options", "nosniff");
    head.field("Referrer-Policy", "no-referrer");
    Response { head, body }
}

/// Whether `Accept-Encoding` names deflate with a weight above nothing (RFC 9110 §12.5.3).
fn takes_deflate(field: &[u8]) -> bool {
    field.split(|byte| *byte == b',').any(|coding| {
        let mut parts = coding.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        let is_it = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(b"deflate"));
        let weight = parts.find_map(|part| part.strip_prefix(b"q="));
        is_it && !weight.is_some_and(|q| q.iter().all(|byte| matches!(byte, b'0' | b'.')))
    })
}

/// A strong tag: another one for other bytes. zlib ends with a sum of what is packed.
fn etag(packed: &[u8], is_packed: bool) -> heapless::String<32> {
    use std::fmt::Write as _;
    let mut tag = heapless::String::new();
    let sum = packed
        .last_chunk::<4>()
        .copied()
        .map_or(0, u32::from_be_bytes);
    // 2 + 8 + 1 + 16 characters always fit.
    let form = if is_packed { 'z' } else { 'p' };
    let _ = write!(tag, "\"{sum:x}-{:x}{form}\"", packed.len());
    tag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings_are_taken_by_name_and_weight() {
        for (field, taken) in [
            ("gzip, deflate", true),
            ("gzip, DEFLATE;q=0.5, br", true),
            ("deflate;q=0", false),
            ("deflate ; q=0.000", false),
            ("gzip", false),
            ("deflated", false),
            ("", false),
        ] {
            assert_eq!(takes_deflate(field.as_bytes()), taken, "{field}");
        }
    }

    #[test]
    fn every_file_unpacks() {
        for asset in &ASSETS {
            assert!(
                !media::tag::inflated(asset.packed, MOST_BYTES)
                    .unwrap()
                    .is_empty()
            );
        }
        let packed: usize = ASSETS.iter().map(|asset| asset.packed.len()).sum();
        assert!(packed < 60 * 1024, "{packed} bytes packed");
    }
}
