//! Playlists: containers whose children are at home elsewhere in the roots. They are read whenever their directory is;
//! what their entries lead to is asked at every pass, because it may have come or gone since the last one.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read as _},
    sync::Arc,
};

use rustix::fs::FileType;

use super::{Pass, Place, Stop, join};
use crate::{
    catalogue::{
        object_id::ObjectId,
        record::{self, PLAYLIST, Record, flag},
        report::Reason,
        stream::{Entry, Stream},
        walk,
    },
    limits,
    media::playlist::{self, Kind, Playlist, Target},
    sys::beneath,
};

impl Pass<'_> {
    /// Adds a playlist, and notes where its entries lead.
    pub(super) fn playlist(
        &mut self,
        place: Place<'_>,
        name: &CStr,
        is_link: bool,
        mime: u8,
    ) -> Result<(), Stop> {
        let stamp = match walk::stat(place.dir, name, is_link) {
            Ok((FileType::RegularFile, stamp)) => stamp,
            Ok(_) => {
                self.skip(place.root, Reason::Special, "");
                return Ok(());
            }
            Err(errno) => return self.not_read(place, None, errno),
        };
        let list = match self.open(place, name, is_link) {
            Ok(file) => read(&file, name.to_bytes()),
            Err(refused) => return self.refused(place, None, refused),
        };
        let list = match list {
            Ok(list) => list,
            Err(error) => {
                self.skip(place.root, Reason::Unreadable, &error.to_string());
                return Ok(());
            }
        };
        if list.entries.len() > limits::PLAYLIST_ENTRIES - self.entries {
            self.skip(place.root, Reason::Full, "");
            return Ok(());
        }
        self.entries += list.entries.len();
        let id = ObjectId::of(self.canonical[usize::from(place.root)], &self.path, 0);
        let mut record = Record {
            id: id.value().into(),
            parent: place.container.into(),
            root: place.root.into(),
            kind: PLAYLIST,
            mime,
            ..Record::default()
        };
        record.set(flag::LINKED, is_link || place.is_linked);
        record.stamp(stamp);
        let known = self.known_playlist(name.to_bytes());
        let (_, claim) = self.descend(place, known, stamp);
        self.claim(claim, &mut record)?;
        self.listed(record, name.to_bytes(), &list)
    }

    fn listed(&mut self, mut record: Record, name: &[u8], list: &Playlist) -> Result<(), Stop> {
        let root = record.root.get();
        let title = list.title.as_deref().map(record::clip);
        let title = match title.filter(|title| record::is_visible(title)) {
            Some(title) => title.to_owned(),
            None => record::title_of(name, false),
        };
        self.set_texts(&mut record, name, &title, b"")?;
        let mut entries = Vec::with_capacity(list.entries.len());
        let mut trouble = None;
        for entry in &list.entries {
            match &entry.target {
                Target::Path(path) => {
                    entries.extend(self.led_to(root, path.as_bytes()).map(Entry::Path));
                }
                Target::Url(url) => match self.stream(root, url, entry) {
                    Ok(stream) => entries.extend(stream.map(Entry::Stream)),
                    Err(why) => trouble = Some(why),
                },
            }
        }
        if let Some(detail) = trouble {
            let (root, below) = (self.canonical[usize::from(root)], &self.path);
            self.report.trouble(|| join(root, below), detail);
        }
        let number = self.builder.push(record)?;
        self.builder.playlists.push((number, entries));
        Ok(())
    }

    /// The stream at `url`; `Ok(None)`: its root is for another class. Nothing is opened.
    fn stream(
        &mut self,
        root: u16,
        url: &str,
        entry: &playlist::Entry,
    ) -> Result<Option<Arc<Stream>>, &'static str> {
        if self.streams >= limits::STREAMS {
            return Err("there are too many streams in playlists");
        }
        let stream = Stream::new(url, entry.title.as_deref(), entry.is_radio)
            .ok_or("some of its URLs cannot be told to players")?;
        let only = self.roots[usize::from(root)].only;
        if only.is_some_and(|only| only != stream.class()) {
            return Ok(None);
        }
        self.streams += 1;
        Ok(Some(Arc::new(stream)))
    }

    /// The id of what lies where an entry of the current playlist leads, if that is inside the roots. Whether anything
    /// does lie there is not asked; nothing is opened.
    fn led_to(&self, root: u16, entry: &[u8]) -> Option<ObjectId> {
        let own = self.canonical[usize::from(root)];
        let path = if entry.starts_with(b"/") {
            plain(entry)?
        } else {
            let folder = self.path.iter().rposition(|b| *b == b'/').unwrap_or(0);
            let folder = join(own, &self.path[..folder]);
            plain(&join(&folder, entry))?
        };
        let mut roots = std::iter::once(&own).chain(&self.canonical);
        let root = roots.find(|root| beneath::is_beneath(root, &path))?;
        let below = path.strip_prefix(*root)?;
        let below = below.strip_prefix(b"/").unwrap_or(below);
        Some(ObjectId::of(root, below, 0))
    }
}

/// An absolute path without `.`, `..` and empty names; `None` if it is too long.
fn plain(path: &[u8]) -> Option<Vec<u8>> {
    if path.len() > limits::PATH_BYTES {
        return None;
    }
    let mut plain = Vec::with_capacity(path.len());
    for name in path.split(|b| *b == b'/') {
        match name {
            b"" | b"." => {}
            b".." => plain.truncate(plain.iter().rposition(|b| *b == b'/').unwrap_or(0)),
            name => {
                plain.push(b'/');
                plain.extend_from_slice(name);
            }
        }
    }
    Some(plain)
}

fn read(file: &File, name: &[u8]) -> io::Result<Playlist> {
    let mut bytes = Vec::new();
    file.take(playlist::BYTES as u64).read_to_end(&mut bytes)?;
    let is_pls = name.to_ascii_lowercase().ends_with(b".pls");
    let kind = if is_pls { Kind::Pls } else { Kind::M3u };
    Ok(playlist::parse(kind, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_plain_as_text() {
        for (path, expected) in [
            ("/a/b", "/a/b"),
            ("/a/./b//c/", "/a/b/c"),
            ("/a/../b", "/b"),
            ("/a/b/../../../../c", "/c"),
            ("/..", ""),
            ("/a/...", "/a/..."),
        ] {
            let plain = plain(path.as_bytes()).unwrap();
            assert_eq!(plain, expected.as_bytes(), "{path}");
        }
        assert_eq!(plain(&[b'a'; limits::PATH_BYTES + 1]), None);
    }
}
