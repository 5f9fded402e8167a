//! A server's tree, page by page, whatever the server says of it: a listing ends when a page brings nothing new, a
//! container is entered once. No sockets: the server is a function.

use std::{collections::HashSet, io::Write, time::Duration, vec};

use super::{ROOT, short_class};
use crate::{
    control_point::Outcome,
    json::{self, plain},
    limits,
    wire::didl::read::{Object, Resource},
};

/// Characters of a title on one line.
const TITLE_CHARS: usize = 400;
/// Characters of a URL or an id on one line.
const URL_CHARS: usize = 1000;

/// What to browse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flag {
    /// `BrowseMetadata`: the object itself.
    Metadata,
    /// `BrowseDirectChildren`
    DirectChildren,
}

/// What came back.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// In the server's order. Their number is believed, not `NumberReturned`.
    pub(super) objects: Vec<Object>,
    /// `TotalMatches`; 0 where it is unknown (ContentDirectory:1 §2.7.4.2).
    pub(super) total: u32,
}

/// The server: object id, what of it, and at which child to begin.
pub(super) type Browse<'a> = &'a mut dyn FnMut(&str, Flag, u32) -> Result<Page, String>;

/// The root, which every server has.
pub(super) fn root() -> Object {
    Object {
        id: ROOT.into(),
        is_container: true,
        ..Object::default()
    }
}

/// The object of this id.
pub(super) fn metadata(id: &str, browse: Browse<'_>) -> Result<Object, String> {
    let page = browse(id, Flag::Metadata, 0)?;
    let first = page.objects.into_iter().next();
    first.ok_or_else(|| format!("the server knows no object {}", plain(id, URL_CHARS)))
}

/// The object that is reached by these titles from the root on, `Films/Old`. Where a title holds a slash itself, the
/// longest one that fits is taken.
pub(super) fn resolve(titles: &str, browse: Browse<'_>) -> Result<Object, String> {
    let mut object = root();
    let mut rest = titles;
    while !rest.is_empty() {
        let mut listing = Listing::of(&object.id);
        let mut best: Option<Object> = None;
        while let Some(page) = listing.page(browse)? {
            for child in page {
                let longer = best
                    .as_ref()
                    .is_none_or(|best| child.title.len() > best.title.len());
                if longer && behind(&child.title, rest).is_some() {
                    best = Some(child);
                }
            }
        }
        let Some(child) = best.filter(|child| !child.title.is_empty()) else {
            let title = rest.split('/').next().unwrap_or_default();
            return Err(format!("there is no '{title}' in it"));
        };
        rest = behind(&child.title, rest).unwrap_or_default();
        object = child;
    }
    Ok(object)
}

/// What is left of `titles` behind `title`.
fn behind<'t>(title: &str, titles: &'t str) -> Option<&'t str> {
    let rest = titles.strip_prefix(title)?;
    if rest.is_empty() {
        return Some(rest);
    }
    rest.strip_prefix('/')
}

/// A container being listed.
#[derive(Debug)]
struct Listing {
    id: String,
    start: u32,
    total: u32,
    seen: HashSet<String>,
    done: bool,
}

impl Listing {
    fn of(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            start: 0,
            total: 0,
            seen: HashSet::new(),
            done: false,
        }
    }

    /// The objects of the next page that were not there before; `None` at the end. A server that forgets where to begin
    /// gives the same page again, which has nothing new; one that counts too few is asked for more until nothing
    /// comes; one that counts too many gives an empty page.
    fn page(&mut self, browse: Browse<'_>) -> Result<Option<Vec<Object>>, String> {
        if self.done || self.seen.len() >= limits::LISTED_OBJECTS {
            return Ok(None);
        }
        let Page { mut objects, total } = browse(&self.id, Flag::DirectChildren, self.start)?;
        let count = u32::try_from(objects.len()).unwrap_or(u32::MAX);
        self.start = self.start.saturating_add(count);
        self.total = total;
        objects.retain(|object| self.seen.insert(object.id.clone()));
        // The usual end needs no further question.
        self.done = objects.is_empty() || self.start == self.total;
        Ok(Some(objects).filter(|objects| !objects.is_empty()))
    }
}

/// A listing on its way to the reader.
pub(super) struct Walk<'a> {
    pub(super) browse: Browse<'a>,
    pub(super) json: bool,
    pub(super) recursive: bool,
    pub(super) out: &'a mut dyn Write,
    /// Objects printed so far.
    pub(super) listed: usize,
}

/// One level of the walk.
struct Level {
    listing: Listing,
    page: vec::IntoIter<Object>,
    /// Titles from the root to here.
    path: String,
}

impl Walk<'_> {
    /// Prints an item, or what is in a container.
    ///
    /// # Errors
    /// In words why it cannot be listed. Trouble with a container further down is logged, and the walk goes on.
    pub(super) fn list(&mut self, object: &Object, path: String) -> Result<Outcome, String> {
        if !object.is_container {
            self.print(object, &path, 0);
            return Ok(Outcome::Found);
        }
        let mut entered = HashSet::from([object.id.clone()]);
        let mut levels = vec![Level::of(&object.id, path)];
        loop {
            let depth = levels.len();
            let Some(level) = levels.last_mut() else {
                break;
            };
            let Some(object) = level.page.next() else {
                match level.listing.page(self.browse) {
                    Ok(Some(page)) => level.page = page.into_iter(),
                    Ok(None) => drop(levels.pop()),
                    Err(error) if depth == 1 => return Err(error),
                    Err(error) => {
                        log::warn!("{}: {error}", plain(&level.path, TITLE_CHARS));
                        levels.pop();
                    }
                }
                continue;
            };
            let path = match &*level.path {
                "" => object.title.clone(),
                above => format!("{above}/{}", object.title),
            };
            if self.listed >= limits::LISTED_OBJECTS {
                log::warn!("more than {} objects: the rest is left out", self.listed);
                break;
            }
            if !self.print(&object, &path, depth - 1) {
                break;
            }
            if self.recursive && object.is_container {
                if depth >= limits::LISTED_DEPTH {
                    log::warn!("{}: too deep", plain(&path, TITLE_CHARS));
                } else if entered.insert(object.id.clone()) {
                    levels.push(Level::of(&object.id, path));
                }
            }
        }
        Ok(Outcome::Found)
    }

    /// Prints a line; whether anybody still reads.
    fn print(&mut self, object: &Object, path: &str, depth: usize) -> bool {
        self.listed += 1;
        let line = if self.json {
            to_json(object, path, depth)
        } else {
            // In a listing of one container its titles are enough.
            let shown = if self.recursive { path } else { &object.title };
            to_line(object, shown)
        };
        self.out.write_all(line.as_bytes()).is_ok()
    }
}

impl Level {
    fn of(id: &str, path: String) -> Self {
        Self {
            listing: Listing::of(id),
            page: Vec::new().into_iter(),
            path,
        }
    }
}

/// Size or number of children, duration, class, title, and a URL or the id of a container.
fn to_line(object: &Object, title: &str) -> String {
    let res = object.res.first();
    let size = match object.child_count.filter(|_| object.is_container) {
        Some(count) => format!("{count} in it"),
        None => res.and_then(|res| res.size).map_or(String::new(), bytes),
    };
    let duration = res.and_then(|res| res.duration).map(clock);
    let (slash, place) = match res {
        _ if object.is_container => ("/", &*object.id),
        Some(res) => ("", &*res.url),
        None => ("", ""),
    };
    let line = format!(
        "{size:>11} {:>9}  {:<24}  {}{slash}  {}",
        duration.unwrap_or_default(),
        plain(short_class(object), 40),
        plain(title, TITLE_CHARS),
        plain(place, URL_CHARS),
    );
    line.trim_end().to_owned() + "\n"
}

fn to_json(object: &Object, path: &str, depth: usize) -> String {
    let mut line = json::Object::new();
    line.text("id", &object.id);
    line.text("path", path);
    line.text("title", &object.title);
    line.text("class", &object.class);
    line.truth("container", object.is_container);
    line.number("depth", u64::try_from(depth).unwrap_or_default());
    if let Some(count) = object.child_count {
        line.number("children", count);
    }
    if !object.is_container {
        line.objects("res", object.res.iter().map(res_to_json));
    }
    line.finish() + "\n"
}

fn res_to_json(res: &Resource) -> json::Object {
    let mut object = json::Object::new();
    object.text("url", &res.url);
    object.text("protocol_info", &res.protocol_info);
    if let Some(size) = res.size {
        object.number("size", size);
    }
    let millis = res.duration.map(|duration| duration.as_millis());
    if let Some(millis) = millis.and_then(|millis| u64::try_from(millis).ok()) {
        object.number("duration_ms", millis);
    }
    object
}

/// `1.5 GiB`, with one digit behind the point below 10.
fn bytes(count: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    let mut tenths = u128::from(count) * 10;
    while tenths >= 10_240 && unit + 1 < units.len() {
        tenths /= 1024;
        unit += 1;
    }
    let name = units.get(unit).unwrap_or(&"B");
    if unit == 0 || tenths >= 100 {
        format!("{} {name}", tenths / 10)
    } else {
        format!("{}.{} {name}", tenths / 10, tenths % 10)
    }
}

/// `1:02:03`
fn clock(duration: Duration) -> String {
    let secs = duration.as_secs();
    format!("{}:{:02}:{:02}", secs / 3600, secs / 60 % 60, secs % 60)
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
