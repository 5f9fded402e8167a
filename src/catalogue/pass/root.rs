//! The media folders: the containers that a pass begins with, and whether their disks stayed until its end.

use std::fs::File;

use super::{Pass, Stopped};
use crate::catalogue::{
    builder::{self, FOLDERS, Full},
    layout,
    object_id::ObjectId,
    record::{self, NO_PARENT, NO_ROOT, flag},
    views::{self, role::texts},
    walk::{self, Root},
};

impl Pass<'_> {
    /// The root container, that of all folders if there are views as well, and those of the roots if there are several.
    pub(super) fn begin(&mut self) -> Result<(), Full> {
        let many = self.roots.len() != 1;
        let has_views = self.job.views.are_wanted();
        let is_root = |is: bool| if is { 0 } else { NO_ROOT };
        let mut top = builder::container(ObjectId::ROOT, NO_PARENT, is_root(!many && !has_views));
        let title = match self.roots {
            [root] if !has_views => record::title_of(root_title(root, &[]).as_bytes(), true),
            _ => "root".to_owned(),
        };
        self.set_texts(&mut top, b"", &title, b"")?;
        let mut top = self.builder.push(top)?;
        if has_views {
            let id = match self.roots {
                [root] => ObjectId::of(root.bytes(), b"", 0),
                _ => views::role::id_of(texts::FOLDERS_WORD),
            };
            let mut folders = builder::container(id, top, is_root(!many));
            folders.set(flag::BESIDE, !self.job.views.show_folders());
            self.set_texts(&mut folders, b"", texts::FOLDERS, b"")?;
            top = self.builder.push(folders)?;
            debug_assert_eq!(top, FOLDERS, "the place that views look at");
            self.builder.close(0, top);
        }
        for (number, root) in (0..).zip(self.roots) {
            let mut record = top;
            if many {
                let id = ObjectId::of(root.bytes(), b"", 0);
                let mut container = builder::container(id, top, number);
                let title = root_title(root, self.roots);
                self.set_texts(&mut container, title.as_bytes(), &title, b"")?;
                record = self.builder.push(container)?;
            }
            self.root_stays(number, record);
            let (path_at, path_len) = self.builder.text(root.bytes())?;
            self.builder.roots.push(layout::Root {
                record: record.into(),
                path_at: path_at.into(),
                path_len: path_len.into(),
                only: root.only.map_or(0, |class| class as u8),
                ..layout::Root::default()
            });
        }
        if many {
            self.builder.close(top, top + 1);
        }
        Ok(())
    }

    /// A disk that went away in the middle leaves half a catalogue, which is worse than yesterday's.
    pub(super) fn check_roots(&self) -> Result<(), Stopped> {
        for ((root, at), touched) in self
            .roots
            .iter()
            .zip(&self.builder.roots)
            .zip(&self.touched)
        {
            if at.flags & layout::ROOT_OFFLINE != 0 || !touched {
                continue;
            }
            let now = File::open(root.path())
                .ok()
                .and_then(|dir| walk::identity(&dir).ok());
            if now.is_none_or(|(device, _)| device != at.device.get()) {
                return Err(Stopped::RootChanged);
            }
        }
        Ok(())
    }
}

/// The last name of a root's path; with the name before it where another root is called the same.
fn root_title(root: &Root, all: &[&Root]) -> String {
    let names = |root: &Root| -> Vec<String> {
        let names = root
            .path()
            .iter()
            .rev()
            .map(|n| n.to_string_lossy().into_owned());
        names.collect()
    };
    let own = names(root);
    let others = || all.iter().filter(|other| other.path() != root.path());
    let title = own.first().cloned().unwrap_or_default();
    if !others().any(|other| names(other).first() == own.first()) {
        return title;
    }
    if others().any(|other| names(other).get(..2) == own.get(..2)) {
        return root.path().to_string_lossy().into_owned();
    }
    match own.get(1) {
        Some(parent) => format!("{title} ({parent})"),
        None => title,
    }
}
