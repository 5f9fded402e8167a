//! What is as it was in the previous catalogue, and what therefore gets the next `SystemUpdateID`.

use zerocopy::little_endian::U32;

use super::Builder;
use crate::catalogue::{
    object_id::ObjectId,
    record::{CONTAINER, NO_PARENT, Record, VIEW, flag},
    snapshot::{Object, Snapshot},
};

impl Builder {
    /// For each record the one of `previous` that shows the same, or [`NO_PARENT`].
    pub(super) fn unchanged(&self, previous: &Snapshot) -> Vec<u32> {
        let same = |record: &Record| {
            let number = previous.find_record(ObjectId::from_value(record.id.get()))?;
            let object = previous.any(number)?;
            self.is_same(record, &object).then_some(number)
        };
        let records = self.records.iter();
        records.map(|r| same(r).unwrap_or(NO_PARENT)).collect()
    }

    /// Gives what changed since the previous catalogue the next `SystemUpdateID`, and everything else the number it had.
    /// `known`: that catalogue, and what is as it was there ([`Self::unchanged`]).
    pub(super) fn number_changes(&mut self, known: Option<(&Snapshot, &[u32])>) -> u32 {
        let Some((previous, before)) = known else {
            for record in &mut self.records {
                record.update_id = 1.into();
            }
            return 1;
        };
        let next = previous.system_update_id().wrapping_add(1);
        let mut changed = false;
        for number in 0..self.records.len() {
            let old = previous.any(before[number]);
            let keeps = old.filter(|old| {
                !self.records[number].is_container() || self.has_same_children(number, old, before)
            });
            changed |= keeps.is_none() && !self.records[number].has(flag::UNLISTED);
            let id = keeps.map_or(next, |old| old.update_id());
            self.records[number].update_id = id.into();
        }
        if changed {
            next
        } else {
            previous.system_update_id()
        }
    }

    /// All that a control point sees of the object itself is as it was.
    fn is_same(&self, new: &Record, old: &Object<'_>) -> bool {
        let facts = |r: &Record| Record {
            inode: 0.into(),
            // Of a directory its device.
            art_at: if r.is_container() { 0.into() } else { r.art_at },
            parent: 0.into(),
            name_at: 0.into(),
            name_len: 0.into(),
            title_at: 0.into(),
            properties_at: 0.into(),
            links_at: 0.into(),
            more_links: 0.into(),
            picture: 0.into(),
            note: 0.into(),
            title_rank: 0.into(),
            update_id: 0.into(),
            root: 0.into(),
            content: 0.into(),
            flags: (r.flags.get() & !flag::OUTDATED).into(),
            // Where a view's items lie, and how many are below its children, is nothing of its own.
            thumbnail_at: if r.kind == VIEW {
                0.into()
            } else {
                r.thumbnail_at
            },
            thumbnail_len: if r.kind == VIEW {
                0.into()
            } else {
                r.thumbnail_len
            },
            ..*r
        };
        zerocopy::IntoBytes::as_bytes(&facts(new))
            == zerocopy::IntoBytes::as_bytes(&facts(old.record))
            && self.own_title(new) == old.own_text().as_bytes()
            && self.parent_id(new) == old.parent_id()
            && self.is_same_other(new.picture, old.picture())
            && self.is_same_other(new.note, old.note())
            && self.properties(new) == old.properties()
            && (new.is_container() || self.has_same_captions(new, old))
    }

    /// What is shown or told of an object, but lies in a file beside it, is as it was.
    fn is_same_other(&self, new: U32, old: Option<Object<'_>>) -> bool {
        let new = self.records.get(new.get() as usize);
        let new = new.filter(|new| new.kind != CONTAINER);
        let facts = |r: &Record| (r.id, r.size, r.mtime_secs, r.mtime_nanos);
        new.map(facts) == old.map(|old| facts(old.record))
    }

    fn has_same_captions(&self, new: &Record, old: &Object<'_>) -> bool {
        let ids = self.links_of(new).iter().map(|n| self.id(*n));
        ids.eq(old.captions().map(|caption| caption.id().value()))
    }

    fn has_same_children(&self, number: usize, old: &Object<'_>, before: &[u32]) -> bool {
        let children = self.links_of(&self.records[number]);
        children
            .iter()
            .all(|n| before[n.get() as usize] != NO_PARENT)
            && children
                .iter()
                .map(|n| self.id(*n))
                .eq(old.children(0..u32::MAX).map(|child| child.id().value()))
    }
}
