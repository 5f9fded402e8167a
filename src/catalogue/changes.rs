//! What differs between two snapshots, as far as a control point is told (`ContainerUpdateIDs`, ContentDirectory:1 §2.5).

use std::ops::Range;

use super::{
    object_id::ObjectId,
    snapshot::{Object, Snapshot},
};

/// The containers among the records `numbers` of `new` that have changed since `old`, each with its new update id.
///
/// Only those that were there in `old`: nobody can have read another, and the one that holds it has changed too. One
/// that is gone is told of by the one that held it.
pub fn containers<'a>(
    old: &'a Snapshot,
    new: &'a Snapshot,
    numbers: Range<u32>,
) -> impl Iterator<Item = (ObjectId, u32)> + 'a {
    let objects = numbers.filter_map(|number| new.object(number));
    objects
        .filter(Object::is_container)
        .filter(|container| {
            let before = old.find(container.id());
            before.is_some_and(|before| before.update_id() != container.update_id())
        })
        .map(|container| (container.id(), container.update_id()))
}

#[cfg(test)]
mod tests {
    use std::{fs, sync::Arc};

    use super::*;
    use crate::catalogue::{
        testing::{Tree, scan, snapshot},
        walk::Root,
    };

    /// Titles of the containers that have changed.
    fn changed(old: &Snapshot, new: &Snapshot) -> Vec<String> {
        let title = |(id, update_id)| {
            let container = new.find(id).unwrap();
            assert_eq!(container.update_id(), update_id);
            container.title().to_owned()
        };
        let whole: Vec<_> = containers(old, new, 0..new.records()).map(title).collect();
        let parts = (0..=new.records()).flat_map(|number| containers(old, new, number..number + 1));
        assert_eq!(parts.map(title).collect::<Vec<_>>(), whole);
        whole
    }

    #[test]
    fn containers_whose_children_changed_are_named_and_no_others() {
        let tree = Tree::new("changes");
        for name in ["a/1.mp3", "b/2.mp3", "b/c/3.mp3", "d/4.mp3"] {
            tree.file(name, name.as_bytes());
        }
        let first = snapshot(&tree);
        assert_eq!(changed(&first, &first), [""; 0]);
        tree.file("b/c/more.mp3", b"more");
        let again = |previous: &Arc<Snapshot>| {
            let root = Root::new(&tree.path(""), None);
            let scanned = scan(vec![root], Some(previous), &Arc::default());
            Arc::new(scanned.built.to_snapshot().unwrap())
        };
        let second = again(&first);
        // What "b" shows of "c", the number of its children, is another too.
        assert_eq!(changed(&first, &second), ["b", "c"]);
        // A new one and a lost one are told of by those that hold them.
        tree.file("a/new/5.mp3", b"five");
        fs::remove_dir_all(tree.path("b/c")).unwrap();
        let third = again(&second);
        let root = third.root().unwrap().title();
        assert_eq!(changed(&second, &third), [root, "a", "b"]);
        assert_eq!(changed(&third, &again(&third)), [""; 0]);
    }
}
