//! A page of a container's children (ContentDirectory:1 §2.7.4, Browse).

use std::{cmp::Ordering, sync::Arc};

use super::{
    object_id::ObjectId,
    snapshot::{Entry, Object, Snapshot},
    sort,
};
use crate::wire::criteria::SortKey;

/// Some children of one container, in order. Owns what it needs, so a reply can keep it while it waits.
pub struct Page {
    snapshot: Arc<Snapshot>,
    container: u32,
    /// The container that a list given at run time appears in.
    within: Option<ObjectId>,
    /// First place of the page in the default order; without meaning for a sorted page.
    start: u32,
    len: u32,
    total: u32,
    /// The page's records, where the order is not the default one.
    sorted: Option<Vec<u32>>,
}

/// The children `start..start + count` of `container`, sorted by `keys`; a `count` of 0 means all from `start` on.
///
/// Without keys nothing is allocated. With keys one number per child is, and the time is that of finding the page and
/// sorting it, not of sorting the whole. `None`: there is no such container (an item is none).
pub fn page(
    snapshot: &Arc<Snapshot>,
    container: ObjectId,
    keys: &[SortKey],
    start: u32,
    count: u32,
) -> Option<Page> {
    let object = snapshot.find(container).filter(Object::is_container)?;
    let total = object.child_count();
    let start = start.min(total);
    let rest = total - start;
    let len = if count == 0 { rest } else { count.min(rest) };
    let sorted = (!keys.is_empty()).then(|| sort(&object, keys, start, len));
    Some(Page {
        snapshot: Arc::clone(snapshot),
        container: object.number(),
        within: None,
        start,
        len,
        total,
        sorted,
    })
}

/// The same of a list of items given at run time, their `records`, which is also the default order; they appear in
/// `within`, which need not be in the snapshot.
pub fn listed(
    snapshot: &Arc<Snapshot>,
    within: ObjectId,
    mut records: Vec<u32>,
    keys: &[SortKey],
    start: u32,
    count: u32,
) -> Page {
    let object = |number: &u32| snapshot.object(*number);
    records.retain(|number| object(number).is_some());
    // Stable: the default order decides ties.
    records.sort_by(|a, b| match (object(a), object(b)) {
        (Some(x), Some(y)) => sort::compare(&x, &y, keys),
        _ => Ordering::Equal,
    });
    let total = u32::try_from(records.len()).unwrap_or(u32::MAX);
    records.drain(..records.len().min(start as usize));
    if count > 0 {
        records.truncate(count as usize);
    }
    Page {
        snapshot: Arc::clone(snapshot),
        container: 0,
        within: Some(within),
        start: 0,
        len: u32::try_from(records.len()).unwrap_or(u32::MAX),
        total,
        sorted: Some(records),
    }
}

impl Page {
    /// `NumberReturned`.
    pub fn len(&self) -> u32 {
        self.len
    }

    /// There is nothing on it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `TotalMatches`: the container's listed children.
    pub fn total_matches(&self) -> u32 {
        self.total
    }

    /// What stands at `place` of the page, `0..len()`.
    pub fn entry(&self, place: u32) -> Option<Entry<'_>> {
        if place >= self.len {
            return None;
        }
        let container = self.snapshot.object(self.container)?;
        let object = match &self.sorted {
            Some(sorted) => {
                let number = *sorted.get(usize::try_from(place).ok()?)?;
                self.snapshot.object(number)?
            }
            None => container.child(self.start.checked_add(place)?)?,
        };
        Some(match self.within {
            Some(within) => Entry {
                object,
                within: Some(within),
            },
            None => container.entry(object),
        })
    }

    /// All of the page.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        (0..self.len).filter_map(|place| self.entry(place))
    }

    /// The snapshot it was taken from.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }
}

/// The records of the page, in order: the page is found first, then only it is sorted.
fn sort(container: &Object<'_>, keys: &[SortKey], start: u32, len: u32) -> Vec<u32> {
    let all = 0..container.child_count();
    // Places first: they are the default order, which decides ties.
    let mut places: Vec<u32> = all.collect();
    let (start, len) = (start as usize, len as usize);
    let order = |a: &u32, b: &u32| compare(container, keys, *a, *b);
    let mut end = places.len();
    if start + len < end {
        places.select_nth_unstable_by(start + len, order);
        end = start + len;
    }
    places.truncate(end);
    if start > 0 && start < end {
        places.select_nth_unstable_by(start, order);
    }
    places.drain(..start.min(end));
    places.sort_unstable_by(order);
    for place in &mut places {
        *place = container
            .child(*place)
            .map_or(u32::MAX, |child| child.number());
    }
    places.shrink_to_fit();
    places
}

fn compare(container: &Object<'_>, keys: &[SortKey], a: u32, b: u32) -> Ordering {
    let (Some(x), Some(y)) = (container.child(a), container.child(b)) else {
        return a.cmp(&b);
    };
    sort::compare(&x, &y, keys).then(a.cmp(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::testing::{Tree, snapshot},
        wire::criteria::SortProperty,
    };

    const UP: bool = false;
    const DOWN: bool = true;

    fn key(property: SortProperty, descending: bool) -> SortKey {
        SortKey {
            property,
            descending,
        }
    }

    fn titles(page: &Page) -> Vec<String> {
        page.entries()
            .map(|e| e.object.title().to_owned())
            .collect()
    }

    #[test]
    fn pages_put_together_are_the_sorted_whole() {
        let tree = Tree::new("query");
        tree.file("sub/x.mp3", b"in sub");
        for i in 0..40 {
            // Titles run against the names, and some are equal.
            tree.file(
                format!("{i}.mp3"),
                format!("Title {}", (40 - i) / 2).as_bytes(),
            );
        }
        let snapshot = snapshot(&tree);
        for keys in [
            &[][..],
            &[key(SortProperty::Title, UP)],
            &[key(SortProperty::Title, DOWN)],
            &[key(SortProperty::Class, DOWN), key(SortProperty::Size, UP)],
            &[key(SortProperty::Date, UP)],
        ] {
            let whole = page(&snapshot, ObjectId::ROOT, keys, 0, 0).unwrap();
            assert_eq!((whole.len(), whole.total_matches()), (41, 41));
            let whole = titles(&whole);
            for size in [1, 2, 3, 7, 40, 41, 100] {
                let mut together = Vec::new();
                for start in (0..41).step_by(size as usize) {
                    let page = page(&snapshot, ObjectId::ROOT, keys, start, size).unwrap();
                    assert_eq!(page.total_matches(), 41);
                    together.extend(titles(&page));
                }
                assert_eq!(together, whole, "{keys:?} by {size}");
            }
        }
        let up = [key(SortProperty::Title, UP)];
        let up = page(&snapshot, ObjectId::ROOT, &up, 0, 6).unwrap();
        assert_eq!(
            titles(&up),
            [
                "sub", "Title 0", "Title 1", "Title 1", "Title 10", "Title 10"
            ]
        );
    }

    #[test]
    fn a_page_past_the_end_is_empty_and_an_item_has_none() {
        let tree = Tree::new("query-end");
        tree.file("a.mp3", b"a");
        let snapshot = snapshot(&tree);
        let keys = [key(SortProperty::Title, UP)];
        for keys in [&[][..], &keys] {
            for (start, count) in [(1, 0), (5, 5), (u32::MAX, u32::MAX)] {
                let page = page(&snapshot, ObjectId::ROOT, keys, start, count).unwrap();
                assert!(page.is_empty() && page.entries().next().is_none());
            }
        }
        let item = snapshot.root().unwrap().child(0).unwrap().id();
        assert!(page(&snapshot, item, &[], 0, 0).is_none());
        assert!(page(&snapshot, ObjectId::of(b"x", b"y", 0), &[], 0, 0).is_none());
    }
}
