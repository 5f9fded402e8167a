//! The playlists that hold music, each with all it holds.

use std::ops::Range;

use super::{
    grow::{Face, Ground},
    role::{Role, id_below},
};
use crate::{
    catalogue::{
        builder::{Builder, Full},
        record::{PLAYLIST, Record, flag},
    },
    media::Class,
};

fn links(record: &Record) -> Range<usize> {
    let at = record.links_at.get() as usize;
    at..at + record.links.get() as usize
}

/// The playlists that hold music or stations, each behind the rank of its title, by which they are sorted.
pub(super) fn with_music(builder: &Builder) -> Vec<(u32, u32)> {
    let has_music = |record: &Record| {
        builder.links[links(record)]
            .iter()
            .any(|item| builder.records[item.get() as usize].class() == Some(Class::Audio))
    };
    let hidden = flag::UNLISTED | flag::OFFLINE | flag::BESIDE;
    let mut found: Vec<(u32, u32)> = (0..)
        .zip(&builder.records)
        .filter(|(_, r)| r.kind == PLAYLIST && !r.has(hidden) && has_music(r))
        .map(|(number, record)| (record.title_rank.get(), number))
        .collect();
    found.sort_unstable();
    found
}

/// Playlists, each with all it holds.
pub(super) fn playlists(
    ground: &mut Ground<'_>,
    top: u32,
    found: Vec<(u32, u32)>,
) -> Result<Option<u32>, Full> {
    if found.is_empty() {
        return Ok(None);
    }
    let view = ground.fixed(top, Role::Playlists)?;
    let first = ground.next_link()?;
    let mut children = Vec::with_capacity(found.len());
    for (_, number) in found {
        let record = ground.builder.records[number as usize];
        let title = (record.title_at.get(), record.title_len.get());
        let face = Face {
            is_copy: true,
            ..Face::new(title, 0, Role::Playlist)
        };
        let id = id_below(Role::Playlists.id(), record.id.get().into());
        let copy = ground.push(view, id, &face)?;
        let at = ground.next_link()?;
        ground.builder.links.extend_from_within(links(&record));
        ground.show(copy, at, record.links.get());
        ground.set_below(copy, at, record.links.get());
        children.push(copy);
    }
    ground.set_below(view, first, ground.next_link()? - first);
    ground.set_children(view, &children)?;
    Ok(Some(view))
}
