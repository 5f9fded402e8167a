//! Makes containers of rows: each row is an item and where it belongs, and equal keys are one container.
//!
//! The items of a view are links in a row, sorted as the rows are. So what lies below any container of it is one range
//! of them, and the containers at the end show ranges and hold nothing.
//!
//! ```text
//!  rows   artist album item        links   ┌ Artists: all items ─────────────────────────┐
//!           0      0    t7                 ┌ artist 0 ──────────────┐┌ artist 1 ─────────┐
//!           0      0    t8                 ┌ album 0 ─┐┌ album 3 ───┐┌ loose ────────────┐
//!           0      3    t2                   t7    t8    t2               t5
//!           1     LOOSE t5         and behind them: [artist 0, artist 1] [album 0, album 3]
//! ```

use std::ops::Range;

use zerocopy::little_endian::U32;

use super::{
    names, newest_first,
    role::{Role, id_below, texts},
};
use crate::{
    catalogue::{
        builder::{Builder, Full, Text},
        object_id::ObjectId,
        record::{NO_ROOT, Record, VIEW, flag},
    },
    media::Date,
};

/// Most levels of containers below a view.
pub(super) const LEVELS: usize = 3;
/// The key of an item that stands beside the containers of its level, behind them.
pub(super) const LOOSE: u32 = u32::MAX;
/// The key of what is not known: its container is the last.
pub(super) const UNKNOWN: u32 = u32::MAX - 1;
/// What the ids of made containers are made of where no name is: above all numbers, and no name's hash in practice.
const ALL_KEY: u128 = 1 << 64;
/// For an initial, its letter is added.
const INITIAL_KEY: u128 = 2 << 64;
/// For what is [`UNKNOWN`].
pub(super) const UNKNOWN_KEY: u128 = 3 << 64;

/// An item, and where it belongs in a view. Sorted by what stands first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    /// For each level, its container's place in the order of that level; [`LOOSE`] or [`UNKNOWN`].
    pub(super) keys: [u32; LEVELS],
    /// Its place among the items of its container.
    pub(super) place: [u32; 3],
    /// Its record; ties stand in the order of the folders.
    pub(super) item: u32,
}

/// What a made container looks like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) title: Text,
    /// What tells it from its siblings, the same in every catalogue.
    pub(super) key: u128,
    pub(super) role: Role,
    /// See [`flag::COPY`].
    pub(super) is_copy: bool,
    pub(super) properties: Text,
    pub(super) date: Option<Date>,
}

impl Face {
    /// One without properties.
    pub(super) const fn new(title: Text, key: u128, role: Role) -> Self {
        Self {
            title,
            key,
            role,
            is_copy: false,
            properties: (0, 0),
            date: None,
        }
    }
}

/// One level of containers.
pub(super) struct Level<'p> {
    /// What the container of a key looks like.
    pub(super) face: &'p dyn Fn(&mut Builder, u32) -> Result<Face, Full>,
    /// They stand in the order of their titles, so they may be shelved by initials.
    pub(super) is_by_title: bool,
    /// If there are two or more, a container of this title with the items of all of them stands first.
    pub(super) all: Option<&'static str>,
}

/// How a view is made.
pub(super) struct Plan<'p> {
    pub(super) role: Role,
    /// At most [`LEVELS`].
    pub(super) levels: &'p [Level<'p>],
    /// Items stand in the order of their titles, so they may be shelved by initials.
    pub(super) is_by_title: bool,
}

/// Where views are made.
pub(super) struct Ground<'b> {
    pub(super) builder: &'b mut Builder,
    /// Most children of a container without initials; 0: any number.
    pub(super) initials: usize,
}

impl Ground<'_> {
    /// The container of `role`, without children yet.
    pub(super) fn fixed(&mut self, parent: u32, role: Role) -> Result<u32, Full> {
        let title = self.builder.text(role.title().as_bytes())?;
        self.push(parent, role.id(), &Face::new(title, 0, role))
    }

    /// Makes a view of `rows`, in any order; `None` if there are none.
    pub(super) fn view(
        &mut self,
        parent: u32,
        rows: &mut [Row],
        plan: &Plan<'_>,
    ) -> Result<Option<u32>, Full> {
        if rows.is_empty() {
            return Ok(None);
        }
        rows.sort_unstable();
        let view = self.fixed(parent, plan.role)?;
        let at = self.next_link()?;
        let items = rows.iter().map(|row| U32::new(row.item));
        self.builder.links.extend(items);
        self.fill(view, rows, at, 0, plan)?;
        Ok(Some(view))
    }

    /// Gives `container` what `rows` say; their items are the links from `at` on.
    fn fill(
        &mut self,
        container: u32,
        rows: &[Row],
        at: u32,
        depth: usize,
        plan: &Plan<'_>,
    ) -> Result<(), Full> {
        self.set_below(container, at, len(rows)?);
        let Some(level) = plan.levels.get(depth) else {
            return self.items(container, rows, at, plan.is_by_title);
        };
        let key = |row: &Row| row.keys.get(depth).copied().unwrap_or(LOOSE);
        let (grouped, loose) = rows.split_at(rows.partition_point(|row| key(row) != LOOSE));
        if grouped.is_empty() {
            return self.items(container, rows, at, plan.is_by_title);
        }
        let mut groups: Vec<Group> = Vec::new();
        let mut start = 0;
        for chunk in grouped.chunk_by(|a, b| key(a) == key(b)) {
            let key = key(&chunk[0]);
            let face = (level.face)(self.builder, key)?;
            let rows = start..start + chunk.len();
            start = rows.end;
            groups.push(Group { face, key, rows });
        }
        let mut children = Vec::new();
        if let Some(title) = level.all.filter(|_| groups.len() > 1) {
            children.push(self.all_of(container, rows, at, title)?);
        }
        let made = self.groups(container, &groups, at, level.is_by_title, &mut children)?;
        children.extend(loose.iter().map(|row| row.item));
        self.set_children(container, &children)?;
        drop(children);
        for (number, group) in made.into_iter().zip(groups) {
            let first = at + len(&rows[..group.rows.start])?;
            self.fill(number, &rows[group.rows], first, depth + 1, plan)?;
        }
        Ok(())
    }

    /// Adds a container for each group, on shelves by initials if they are many; notes the children of `container`, and
    /// returns the groups' records.
    fn groups(
        &mut self,
        container: u32,
        groups: &[Group],
        at: u32,
        is_by_title: bool,
        children: &mut Vec<u32>,
    ) -> Result<Vec<u32>, Full> {
        let id = self.id(container);
        let mut made = Vec::with_capacity(groups.len());
        let known = groups.partition_point(|group| group.key != UNKNOWN);
        let (shelved, others) = if is_by_title && self.are_many(known) {
            groups.split_at(known)
        } else {
            groups.split_at(0)
        };
        let mut level = Vec::new();
        let initials: Vec<Option<char>> = shelved
            .iter()
            .map(|group| names::initial(self.builder.at(group.face.title), &mut level))
            .collect();
        let mut shelf = shelved;
        for run in initials.chunk_by(|a, b| a == b) {
            let (here, rest) = shelf.split_at(run.len());
            shelf = rest;
            let number = self.shelf(container, run[0])?;
            children.push(number);
            let first = made.len();
            for group in here {
                made.push(self.push(number, id_below(id, group.face.key), &group.face)?);
            }
            let (start, end) = (here[0].rows.start, here[here.len() - 1].rows.end);
            let offset = u32::try_from(start).map_err(|_| Full)?;
            let count = u32::try_from(end - start).map_err(|_| Full)?;
            self.set_below(number, at + offset, count);
            self.set_children(number, &made[first..])?;
        }
        for group in others {
            let number = self.push(container, id_below(id, group.face.key), &group.face)?;
            made.push(number);
            children.push(number);
        }
        Ok(made)
    }

    /// Shows items in `container`, on shelves by initials if they are many.
    fn items(&mut self, container: u32, rows: &[Row], at: u32, by_title: bool) -> Result<(), Full> {
        if !by_title || !self.are_many(rows.len()) {
            self.show(container, at, len(rows)?);
            return Ok(());
        }
        let mut level = Vec::new();
        let initials: Vec<Option<char>> = rows
            .iter()
            .map(|row| {
                let record = &self.builder.records[row.item as usize];
                names::initial(self.builder.title(record), &mut level)
            })
            .collect();
        let mut children = Vec::new();
        let mut first = at;
        for run in initials.chunk_by(|a, b| a == b) {
            let number = self.shelf(container, run[0])?;
            let count = u32::try_from(run.len()).map_err(|_| Full)?;
            self.set_below(number, first, count);
            self.show(number, first, count);
            first += count;
            children.push(number);
        }
        self.set_children(container, &children)
    }

    /// The container of what begins with `initial`.
    fn shelf(&mut self, container: u32, initial: Option<char>) -> Result<u32, Full> {
        let mut buffer = [0; 4];
        let title = match initial {
            Some(initial) => initial.encode_utf8(&mut buffer),
            None => texts::OTHER_INITIALS,
        };
        let title = self.builder.text(title.as_bytes())?;
        let key = INITIAL_KEY + u128::from(initial.map_or(0, u32::from));
        let id = id_below(self.id(container), key);
        self.push(container, id, &Face::new(title, 0, Role::Group))
    }

    fn all_of(&mut self, parent: u32, rows: &[Row], at: u32, title: &str) -> Result<u32, Full> {
        let title = self.builder.text(title.as_bytes())?;
        let id = id_below(self.id(parent), ALL_KEY);
        let number = self.push(parent, id, &Face::new(title, 0, Role::AllOf))?;
        let count = len(rows)?;
        self.set_below(number, at, count);
        self.show(number, at, count);
        Ok(number)
    }

    /// Adds a container without children.
    pub(super) fn push(&mut self, parent: u32, id: ObjectId, face: &Face) -> Result<u32, Full> {
        let ((title_at, title_len), (properties_at, properties_len)) =
            (face.title, face.properties);
        let mut record = Record {
            id: id.value().into(),
            parent: parent.into(),
            root: NO_ROOT.into(),
            kind: VIEW,
            mime: face.role as u8,
            title_at: title_at.into(),
            title_len: title_len.into(),
            properties_at: properties_at.into(),
            properties_len: properties_len.into(),
            ..Record::default()
        };
        record.state(face.date);
        record.set(flag::COPY, face.is_copy || face.role == Role::AllOf);
        self.builder.push(record)
    }

    /// Makes `children` those of `container`, as links of their own.
    pub(super) fn set_children(&mut self, container: u32, children: &[u32]) -> Result<(), Full> {
        let at = self.next_link()?;
        let links = children.iter().copied().map(U32::new);
        self.builder.links.extend(links);
        self.show(
            container,
            at,
            u32::try_from(children.len()).map_err(|_| Full)?,
        );
        Ok(())
    }

    /// Notes which links are the items below `container`.
    pub(super) fn set_below(&mut self, container: u32, at: u32, count: u32) {
        let record = &mut self.builder.records[container as usize];
        record.thumbnail_at = at.into();
        record.thumbnail_len = count.into();
    }

    /// Notes for `container` that the items below `view` are all there are below it.
    pub(super) fn set_below_as(&mut self, container: u32, view: u32) {
        let Record {
            thumbnail_at: at,
            thumbnail_len: count,
            ..
        } = self.builder.records[view as usize];
        self.set_below(container, at.get(), count.get());
    }

    /// Makes links that are there already the children of `container`.
    pub(super) fn show(&mut self, container: u32, at: u32, count: u32) {
        let record = &mut self.builder.records[container as usize];
        record.links_at = at.into();
        record.links = count.into();
    }

    pub(super) fn next_link(&self) -> Result<u32, Full> {
        u32::try_from(self.builder.links.len()).map_err(|_| Full)
    }

    pub(super) fn id(&self, number: u32) -> ObjectId {
        ObjectId::from_value(self.builder.records[number as usize].id.get())
    }

    fn are_many(&self, children: usize) -> bool {
        self.initials > 0 && children > self.initials
    }
}

/// The container of a year, by its place among years.
pub(super) fn year_face(builder: &mut Builder, key: u32) -> Result<Face, Full> {
    // Turned over twice it is as it was.
    let year = newest_first(key);
    let title = builder.text(format!("{year:04}").as_bytes())?;
    Ok(Face::new(title, year.into(), Role::Group))
}

/// Rows of one key.
struct Group {
    face: Face,
    key: u32,
    rows: Range<usize>,
}

fn len(rows: &[Row]) -> Result<u32, Full> {
    u32::try_from(rows.len()).map_err(|_| Full)
}
