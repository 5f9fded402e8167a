//! Conditional requests: has the peer already what it asks for, may it have it, is its range still of the same file
//! (RFC 9110 §13). And the entity tag of a file.

use std::fmt;

use super::request::Fields;
use crate::wire::date::HttpDate;
use crate::wire::text;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug)]
pub struct Validators<'a> {
    /// The entity tag with its quotes; a strong one: see [`Etag`].
    pub etag: &'a str,
    /// What goes out as `Last-Modified`, seconds since 1970.
    pub modified_unix_secs: u64,
}

/// What the preconditions of a request demand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Answer as if there were none.
    Proceed,
    /// 304, with `ETag` and `Last-Modified`, no body.
    NotModified,
    /// 412.
    Failed,
}

/// Evaluates the preconditions of a request for something that exists, in the order of RFC 9110 §13.2.2, all but
/// `If-Range`: for that see [`range_applies`].
///
/// `method_is_safe`: GET or HEAD. Dates that are none are ignored (§13.1.3, §13.1.4); a list of entity tags that is
/// none matches nothing, so it fails an `If-Match` and lets an `If-None-Match` through.
pub fn evaluate(fields: &Fields<'_>, method_is_safe: bool, validators: &Validators<'_>) -> Outcome {
    let may_have = match (fields.if_match, date(fields.if_unmodified_since)) {
        (Some(tags), _) => any_matches(tags, validators.etag, Comparison::Strong),
        (None, Some(HttpDate(date))) => validators.modified_unix_secs <= date,
        (None, None) => true,
    };
    if !may_have {
        return Outcome::Failed;
    }
    let has_already = match (fields.if_none_match, date(fields.if_modified_since)) {
        (Some(tags), _) => any_matches(tags, validators.etag, Comparison::Weak),
        (None, Some(HttpDate(date))) => method_is_safe && validators.modified_unix_secs <= date,
        (None, None) => false,
    };
    match (has_already, method_is_safe) {
        (false, _) => Outcome::Proceed,
        (true, true) => Outcome::NotModified,
        (true, false) => Outcome::Failed,
    }
}

/// Whether `Range` is to be honoured, judged by `If-Range` (RFC 9110 §13.1.5); if not, send the whole with 200.
///
/// An entity tag is compared strongly; a date must be the very `Last-Modified`, not merely later. (§8.8.2.2 also wants
/// the file not to have changed twice in that second, which nobody can tell afterwards; the entity tag, which
/// renderers prefer where they get one, counts nanoseconds.)
pub fn range_applies(if_range: Option<&[u8]>, validators: &Validators<'_>) -> bool {
    let Some(value) = if_range else {
        return true;
    };
    match EntityTag::parse(value) {
        Some((tag, [])) => tag.matches(validators.etag, Comparison::Strong),
        Some(_) => false,
        None => HttpDate::parse(value) == Some(HttpDate(validators.modified_unix_secs)),
    }
}

fn date(field: Option<&[u8]>) -> Option<HttpDate> {
    field.and_then(HttpDate::parse)
}

/// RFC 9110 §8.8.3.2.
#[derive(Clone, Copy)]
enum Comparison {
    /// Neither is weak, and they are equal.
    Strong,
    /// They are equal but for the `W/`.
    Weak,
}

/// Whether `*` or a list of entity tags names `etag`. A list that is malformed anywhere names nothing.
fn any_matches(list: &[u8], etag: &str, comparison: Comparison) -> bool {
    if list == b"*" {
        return true;
    }
    let mut matches = false;
    let mut rest = list;
    loop {
        // Empty members are to be ignored (RFC 9110 §5.6.1.2).
        while let [b',' | b' ' | b'\t', behind @ ..] = rest {
            rest = behind;
        }
        if rest.is_empty() {
            return matches;
        }
        let Some((tag, behind)) = EntityTag::parse(rest) else {
            return false;
        };
        matches |= tag.matches(etag, comparison);
        rest = text::trim_ows(behind);
        if !matches!(rest, [] | [b',', ..]) {
            return false;
        }
    }
}

/// One entity tag: `[ "W/" ] DQUOTE *etagc DQUOTE` (RFC 9110 §8.8.3).
struct EntityTag<'b> {
    weak: bool,
    /// With its quotes.
    opaque: &'b [u8],
}

impl<'b> EntityTag<'b> {
    /// The tag at the front, and what stands behind it.
    fn parse(list: &'b [u8]) -> Option<(Self, &'b [u8])> {
        let (weak, tag) = match list.strip_prefix(b"W/") {
            Some(tag) => (true, tag),
            None => (false, list),
        };
        let body = tag.strip_prefix(b"\"")?;
        let end = body.iter().position(|byte| *byte == b'"')?;
        // A comma may stand between the quotes, a blank may not.
        let legal = |byte: &u8| *byte > b' ' && *byte != 0x7f;
        if !body.get(..end)?.iter().all(legal) {
            return None;
        }
        let (opaque, rest) = tag.split_at_checked(end + 2)?;
        Some((Self { weak, opaque }, rest))
    }

    /// Against one of ours, which is strong.
    fn matches(&self, etag: &str, comparison: Comparison) -> bool {
        let comparable = match comparison {
            Comparison::Strong => !self.weak,
            Comparison::Weak => true,
        };
        comparable && self.opaque == etag.as_bytes()
    }
}

/// `Display` of a file's entity tag, quotes included: `"1f4-17d3a0c2b9e8f000-2a"`.
///
/// Strong as long as every change of a file changes its size or its time of modification, which holds wherever that
/// time is finer than the changes; another file under the same path differs by inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Etag {
    /// Size in bytes.
    pub size_bytes: u64,
    /// Time of modification, nanoseconds since 1970 (coarser where the file system is).
    pub modified_unix_nanos: u64,
    /// Inode number.
    pub inode: u64,
}

impl Etag {
    /// Bytes of the longest one: three numbers, two dashes, two quotes.
    pub const BYTES: usize = 3 * 16 + 2 + 2;
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, modified, inode) = (self.size_bytes, self.modified_unix_nanos, self.inode);
        write!(f, "\"{size:x}-{modified:x}-{inode:x}\"")
    }
}

#[cfg(test)]
#[path = "precondition_tests.rs"]
mod tests;
