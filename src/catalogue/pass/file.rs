//! One file: taken over from the previous catalogue if it is unchanged, else opened and probed; listed, or named with the
//! reason why not.

use std::{ffi::CStr, fs::File};

use rustix::fs::FileType;

use super::{Pass, Place, Stop, identity::Claim, join, reason_of};
use crate::{
    catalogue::{
        object_id::ObjectId,
        record::{self, Record, Stamp, Tag, flag},
        report::Reason,
        scan::Probed,
        snapshot::Object,
        walk::{self, Found, Kind},
    },
    media::{Class, Media, episode},
    sys::{beneath, beneath::Refused},
};

/// The time before which a system's clock has never been set: 2020-01-01, in seconds since 1970.
const CLOCK_IS_SET: u64 = 1_577_836_800;

impl<'a> Pass<'a> {
    /// Adds a file: from the previous catalogue if it is unchanged, were it elsewhere; else probed.
    pub(super) fn file(
        &mut self,
        place: Place<'_>,
        name: &CStr,
        found: &Found,
        kind: Kind,
    ) -> Result<(), Stop> {
        let known = self.known(name.to_bytes());
        let is_linked = found.is_link || place.is_linked;
        let (stamp, opened) = match self.look(place, name, found.is_link) {
            Ok(looked) => looked,
            Err(refused) => return self.refused(place, known, refused),
        };
        if stamp.size == 0 {
            self.skip(place.root, Reason::Empty, "");
            return Ok(());
        }
        let (source, claim) = self.descend(place, known, stamp);
        let source = source.filter(|source| self.tells_the_same(source, name.to_bytes(), kind));
        if let Some(source) = source {
            self.report.unchanged += 1;
            return self.keep(place, name.to_bytes(), &source, claim, is_linked);
        }
        let file = match opened.map_or_else(|| self.open(place, name, found.is_link), Ok) {
            Ok(file) => file,
            Err(refused) => return self.refused(place, known, refused),
        };
        let probed = self.job.prober.probe(name.to_bytes(), &file, stamp.size);
        self.report.probed += 1;
        let id = ObjectId::of(self.canonical[usize::from(place.root)], &self.path, 0);
        let mut record = Record {
            id: id.value().into(),
            parent: place.container.into(),
            root: place.root.into(),
            ..Record::default()
        };
        record.set(flag::LINKED, is_linked);
        record.added = self.first_seen(known, place.root, stamp.mtime_secs).into();
        self.claim(claim, &mut record)?;
        self.probed(record, name.to_bytes(), stamp, kind, probed)
    }

    /// What a file is like; and the file itself where nothing can be known of it yet, so that it is read in any case.
    fn look(
        &self,
        place: Place<'_>,
        name: &CStr,
        is_link: bool,
    ) -> Result<(Stamp, Option<File>), Refused> {
        if self.previous.is_none() && !is_link {
            let (file, stat) = beneath::open_in(place.dir, name)?;
            return Ok((walk::stamp(&stat), Some(file)));
        }
        match walk::stat(place.dir, name, is_link).map_err(Refused::System)? {
            (FileType::RegularFile, stamp) => Ok((stamp, None)),
            _ => Err(Refused::Kind),
        }
    }

    /// Opens the file at the current path, which is called `name` in the directory being walked.
    pub(super) fn open(
        &self,
        place: Place<'_>,
        name: &CStr,
        is_link: bool,
    ) -> Result<File, Refused> {
        if is_link {
            let absolute = self.absolute(place.root);
            return beneath::open_file(self.canonical.iter().copied(), &absolute);
        }
        beneath::open_in(place.dir, name).map(|(file, _)| file)
    }

    /// Says why a file was not opened.
    pub(super) fn refused(
        &mut self,
        place: Place<'_>,
        known: Option<Object<'a>>,
        refused: Refused,
    ) -> Result<(), Stop> {
        match refused {
            Refused::System(errno) => return self.not_read(place, known, errno),
            refused => self.skip(place.root, reason_of(refused), ""),
        }
        Ok(())
    }

    /// Makes a record of what the prober learned.
    fn probed(
        &mut self,
        mut record: Record,
        name: &[u8],
        stamp: Stamp,
        kind: Kind,
        mut probed: Probed,
    ) -> Result<(), Stop> {
        if probed.media.class.unwrap_or(kind.class) == Class::Video {
            self.number(&mut probed.media);
        }
        let Probed { media, trouble, .. } = &probed;
        let profile = probed.profile.unwrap_or(0);
        let mime = probed.mime.unwrap_or(kind.mime);
        record.stamp(stamp);
        record.describe(media, kind.class, mime, profile);
        record.content = probed.content.into();
        record.set(flag::REJECTED, trouble.is_some() && media.class.is_none());
        if !record.has(flag::REJECTED) && self.allows(&record) {
            let class = media.class.unwrap_or(kind.class);
            let path = self.absolute(record.root.get());
            let kind = Kind { class, mime };
            self.job.prober.listed(&path, kind, &probed);
        }
        let title = media.title.as_deref().map(str::trim).map(record::clip);
        let title = title.filter(|title| record::is_visible(title));
        record.set(flag::NAMED, title.is_none());
        let title = title.map_or_else(|| record::title_of(name, false), str::to_owned);
        let mut properties = Vec::new();
        record::write_properties(media, trouble.as_deref(), &mut properties);
        self.set_texts(&mut record, name, &title, &properties)?;
        self.add_item(record)
    }

    /// Series, season and episode of a film by the names of its folders, where neither its tags nor its own name tell.
    fn number(&self, media: &mut Media) {
        let path = String::from_utf8_lossy(&self.path);
        let mut names = path.rsplit('/');
        let Some(found) = names
            .next()
            .and_then(|name| episode::from_path(name, names))
        else {
            return;
        };
        let own = (media.season, media.episode);
        if own == (None, None) {
            (media.season, media.episode) = (Some(found.season), Some(found.episode));
        } else if own != (Some(found.season), Some(found.episode)) {
            // The tags count otherwise; so the names may mean another series as well.
            return;
        }
        if media.series.is_none() {
            media.series = found.series;
        }
    }

    /// Takes an unchanged file over, under the name it has now.
    pub(super) fn keep(
        &mut self,
        place: Place<'_>,
        name: &[u8],
        known: &Object<'a>,
        claim: Claim,
        is_linked: bool,
    ) -> Result<(), Stop> {
        let mut record = self.copy(place.container, place.root, known)?;
        if name != known.name() {
            let title = if record.has(flag::NAMED) {
                record::title_of(name, false)
            } else {
                known.own_text().to_owned()
            };
            self.set_texts(&mut record, name, &title, known.properties())?;
        }
        record.set(flag::OFFLINE, false);
        record.set(flag::LINKED, is_linked);
        self.claim(claim, &mut record)?;
        self.add_item(record)
    }

    /// Adds the record of a file that is there: decides whether it is listed, and says why not.
    pub(super) fn add_item(&mut self, mut record: Record) -> Result<(), Stop> {
        let root = record.root.get();
        let allows = self.allows(&record);
        let is_rejected = record.has(flag::REJECTED);
        record.set(flag::UNLISTED, is_rejected || !allows);
        let list = (record.properties_at.get(), record.properties_len.get());
        let trouble = record::property(self.builder.at(list), Tag::Trouble).map(str::to_owned);
        match trouble {
            _ if !allows => self.skip(root, Reason::Restricted, ""),
            Some(trouble) if is_rejected => self.skip(root, Reason::Content, &trouble),
            Some(trouble) => {
                let (root, below) = (self.canonical[usize::from(root)], &self.path);
                self.report.trouble(|| join(root, below), &trouble);
            }
            None => {}
        }
        if !record.has(flag::UNLISTED) {
            let is_caption = record.kind == Class::Caption as u8;
            self.report.captions += u64::from(is_caption);
            self.report.listed += u64::from(!is_caption);
        }
        self.builder.push(record)?;
        Ok(())
    }

    /// Whether the root of a file is for its class.
    fn allows(&self, record: &Record) -> bool {
        let only = self.roots[usize::from(record.root.get())].only;
        match (only, record.class()) {
            (Some(Class::Video), Some(Class::Caption)) | (None, _) => true,
            (only, class) => only == class,
        }
    }

    /// When a file was first seen, seconds since 1970: what is known of that, else now. At the first scan of its root
    /// all are new, and by a clock that was never set nobody can tell; then its last change says more.
    ///
    /// Where the clock was set back, what is new is still later than all that is known: it counts on from there.
    fn first_seen(&mut self, known: Option<Object<'_>>, root: u16, mtime_secs: i64) -> u32 {
        let known = known.map_or(0, |known| known.record.added.get());
        if known != 0 {
            return known;
        }
        let is_set = self.job.now >= CLOCK_IS_SET;
        let changed = u64::try_from(mtime_secs).unwrap_or(0);
        let added = match (is_set, self.previous_root(root)) {
            (false, _) => changed,
            (true, None) => changed.min(self.job.now),
            (true, Some(_)) => self.job.now.max(self.later_than_all()),
        };
        u32::try_from(added).unwrap_or(u32::MAX).max(1)
    }

    /// One second after the latest file of the previous catalogue was first seen.
    fn later_than_all(&mut self) -> u64 {
        *self.later_than_all.get_or_insert_with(|| {
            let all = self.previous.into_iter();
            let all = all.flat_map(|old| (0..old.records()).filter_map(|number| old.any(number)));
            let latest = all.map(|object| object.record.added.get()).max();
            u64::from(latest.unwrap_or(0)) + 1
        })
    }
}
