//! Notes: `.nfo` files. Each is a record of its own, which holds what it says; so it is read again only when it
//! changes, and the film beside it never for its sake. Which film that is decides `sidecar`.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read as _},
};

use rustix::fs::FileType;

use super::{Pass, Place, Stop};
use crate::{
    catalogue::{
        object_id::ObjectId,
        record::{self, NOTE, Record, flag},
        report::Reason,
        walk,
    },
    media::{
        Media,
        nfo::{self, Nfo},
    },
    sys::beneath::Refused,
};

impl Pass<'_> {
    /// Adds a note: from the previous catalogue if it is unchanged, else read.
    pub(super) fn note(
        &mut self,
        place: Place<'_>,
        name: &CStr,
        is_link: bool,
    ) -> Result<(), Stop> {
        let known = self.known(name.to_bytes());
        let known = known.filter(|known| known.record.kind == NOTE);
        let stamp = match walk::stat(place.dir, name, is_link) {
            Ok((FileType::RegularFile, stamp)) => stamp,
            Ok(_) => return Ok(()),
            Err(errno) => return self.not_read(place, known, errno),
        };
        let is_linked = is_link || place.is_linked;
        let (source, claim) = self.descend(place, known, stamp);
        if let Some(source) =
            source.filter(|source| source.record.kind == NOTE && !source.is_outdated())
        {
            let mut record = self.copy(place.container, place.root, &source)?;
            let (title, properties) = (source.own_text(), source.properties());
            self.set_texts(&mut record, name.to_bytes(), title, properties)?;
            record.set(flag::OFFLINE, false);
            record.set(flag::LINKED, is_linked);
            self.claim(claim, &mut record)?;
            self.builder.push(record)?;
            return Ok(());
        }
        let said = match self.open(place, name, is_link) {
            Ok(file) => read(&file),
            Err(Refused::System(errno)) => return self.not_read(place, known, errno),
            Err(_) => return Ok(()),
        };
        let said = said.unwrap_or_else(|error| {
            self.skip(place.root, Reason::Unreadable, &error.to_string());
            None
        });
        let id = ObjectId::of(self.canonical[usize::from(place.root)], &self.path, 0);
        let mut record = Record {
            id: id.value().into(),
            parent: place.container.into(),
            root: place.root.into(),
            kind: NOTE,
            ..Record::default()
        };
        record.set(flag::UNLISTED, true);
        record.set(flag::LINKED, is_linked);
        record.stamp(stamp);
        self.claim(claim, &mut record)?;
        self.noted(record, name.to_bytes(), said.unwrap_or_default())
    }

    /// Makes a record of what a note says.
    fn noted(&mut self, mut record: Record, name: &[u8], said: Nfo) -> Result<(), Stop> {
        record.number(said.season, said.episode);
        record.state(said.date);
        let title = said.title.as_deref().map(record::clip);
        let title = title.filter(|title| record::is_visible(title));
        let mut properties = Vec::new();
        let media = Media {
            series: said.series,
            genre: said.genre,
            ..Media::default()
        };
        record::write_properties(&media, None, &mut properties);
        self.set_texts(&mut record, name, title.unwrap_or_default(), &properties)?;
        self.builder.push(record)?;
        Ok(())
    }
}

/// What the note says of a film; `None` if it describes none.
fn read(file: &File) -> io::Result<Option<Nfo>> {
    let mut bytes = Vec::new();
    file.take(nfo::NFO_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(nfo::parse(&bytes).filter(|said| said.kind != nfo::Kind::Series))
}
