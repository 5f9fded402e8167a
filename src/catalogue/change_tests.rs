//! Passes that look only at what changed.

use super::*;
use Depth::{Below, Here};

#[test]
fn only_what_changed_is_looked_at() {
    let tree = Tree::new("changes");
    for name in ["a/1.mp3", "a/b/2.mp3", "c/3.mp3", "c/empty.mp3"] {
        tree.file(name, name.as_bytes());
    }
    tree.file("c/empty.mp3", b"");
    tree.file("a/b/wrong.mp3", b"?");
    let mut library = Library::of(&tree);
    library.scan();
    let (report, whole) = (library.report.to_string(), library.tree());
    assert_eq!(library.change(&[]), 0);
    assert!(library.is_unchanged);
    assert_eq!(library.report.to_string(), report);
    tree.file("a/4.mp3", b"four");
    tree.file("c/5.mp3", b"five");
    assert_eq!(library.change(&[("a", Here)]), 1);
    assert_eq!(
        library.tree(),
        [
            "a/",
            " b/",
            "  a/b/2.mp3",
            " a/1.mp3",
            " four",
            "c/",
            " c/3.mp3"
        ]
    );
    assert_eq!(library.report.probed, 1);
    assert!(library.report.is_partial);
    assert_eq!(
        library.report.to_string(),
        "skipped 2 of 6 files: 1 unknown format, 1 empty"
    );
    fs::remove_file(tree.path("c/empty.mp3")).unwrap();
    assert_eq!(library.change(&[("c", Here)]), 1);
    assert_eq!(
        library.report.to_string(),
        "skipped 1 of 6 files: 1 unknown format"
    );
    fs::remove_file(tree.path("c/5.mp3")).unwrap();
    fs::remove_file(tree.path("a/4.mp3")).unwrap();
    assert_eq!(library.change(&[("", Below)]), 0);
    assert_eq!(library.tree(), whole);
    // A pass over everything makes of it the very same.
    library.scan();
    assert!(library.is_unchanged);
}

#[test]
fn what_is_kept_unread_stays_in_its_order() {
    let tree = Tree::new("kept-order");
    for name in ["a/1.mp3", "b/x.txt", "c/1.mp3", "1.mp3", "2.mp3", "3.mp3"] {
        tree.file(name, b"-");
    }
    tree.file("2.mp3", b"?");
    let mut library = Library::of(&tree);
    library.scan();
    tree.file("b/2.mp3", b"-");
    assert_eq!(library.change(&[("b", Here)]), 1);
    assert_eq!(
        library.tree(),
        ["a/", " 1", "b/", " 2", "c/", " 1", "1", "3"]
    );
    library.scan();
    assert!(library.is_unchanged);
}

#[test]
fn a_new_folder_is_read_to_its_ground() {
    let tree = Tree::new("new-folder");
    tree.file("1.mp3", b"one");
    let mut library = Library::of(&tree);
    library.scan();
    tree.file("a/b/c/2.mp3", b"two");
    assert_eq!(library.change(&[("", Here)]), 1);
    assert_eq!(library.tree(), ["a/", " b/", "  c/", "   two", "one"]);
    let ids: Vec<_> = ["a", "b", "c", "two"]
        .map(|t| library.object(t).id())
        .into();
    fs::rename(tree.path("a"), tree.path("z")).unwrap();
    assert_eq!(library.change(&[("", Here)]), 0);
    let moved: Vec<_> = ["z", "b", "c", "two"]
        .map(|t| library.object(t).id())
        .into();
    assert_eq!(moved, ids);
}

#[test]
fn a_move_is_seen_if_both_ends_are_looked_at_and_else_is_a_second_file() {
    let tree = Tree::new("both-ends");
    tree.file("a/1.mp3", b"one");
    tree.file("b/2.mp3", b"two");
    let mut library = Library::of(&tree);
    library.scan();
    let id = library.object("one").id();
    fs::rename(tree.path("a/1.mp3"), tree.path("b/1.mp3")).unwrap();
    assert_eq!(library.change(&[("b", Here)]), 0);
    assert_eq!(library.tree(), ["a/", " one", "b/", " one", " two"]);
    assert_eq!(library.object("a").child(0).unwrap().id(), id);
    fs::rename(tree.path("b/1.mp3"), tree.path("a/3.mp3")).unwrap();
    library.change(&[("a", Here), ("b", Here)]);
    assert_eq!(library.tree(), ["a/", " one", "b/", " two"]);
}

#[test]
fn a_file_that_is_being_written_waits_for_its_end() {
    let tree = Tree::new("unfinished");
    tree.file("a/1.mp3", b"one");
    let mut library = Library::of(&tree);
    library.scan();
    tree.file("a/2.mp3", b"tw");
    let mut changes = Changes {
        directories: [(library.object("a").id(), Here)].into(),
        report: library.report.clone(),
        ..Changes::default()
    };
    changes.unfinished.begin(library.object("a").id(), b"2.mp3");
    assert_eq!(library.pass(Some(changes.clone())), 0);
    assert_eq!(library.tree(), ["a/", " one"]);
    changes.unfinished.end(library.object("a").id(), b"2.mp3");
    tree.file("a/2.mp3", b"two");
    assert_eq!(library.pass(Some(changes)), 1);
    assert_eq!(library.tree(), ["a/", " one", " two"]);
}

#[test]
fn playlists_are_followed_without_being_read() {
    let tree = Tree::new("list-kept");
    tree.file("lists/all.m3u", b"../a/1.mp3\n../a/2.mp3\n");
    tree.file("a/1.mp3", b"one");
    let mut library = Library::of(&tree);
    library.scan();
    for _ in 0..2 {
        tree.file("a/2.mp3", b"two");
        library.change(&[("a", Here)]);
        assert_eq!(library.object("all").child_count(), 2);
        fs::remove_file(tree.path("a/2.mp3")).unwrap();
        library.change(&[("a", Here)]);
        assert_eq!(library.object("all").child_count(), 1);
    }
}

#[test]
fn an_offline_root_stays_offline_while_others_change() {
    let (disk, rest) = (Tree::new("away"), Tree::new("here"));
    disk.file("mount/1.mp3", b"one");
    rest.file("a/2.mp3", b"two");
    let roots = [disk.path("mount"), rest.path("")].map(|path| Root::new(&path, None));
    let mut library = Library::new(&roots);
    library.scan();
    let id = library.object("one").id();
    fs::rename(disk.path("mount"), disk.path("gone")).unwrap();
    library.change(&[("mount", Below)]);
    let report = library.report.to_string();
    assert!(report.contains("offline"), "{report}");
    rest.file("a/3.mp3", b"three");
    assert_eq!(library.change(&[("a", Here)]), 1);
    assert!(library.now().find(id).unwrap().is_offline());
    assert_eq!(library.report.missing.len(), 1);
    fs::rename(disk.path("gone"), disk.path("mount")).unwrap();
    assert_eq!(library.change(&[("mount", Below)]), 0);
    assert!(!library.now().find(id).unwrap().is_offline());
    assert!(library.report.missing.is_empty());
}

#[test]
fn a_link_is_followed_once_however_little_is_looked_at() {
    let tree = Tree::new("link-kept");
    tree.file("a/1.mp3", b"one");
    tree.file("b/2.mp3", b"two");
    symlink(tree.path("a"), tree.path("y")).unwrap();
    symlink(tree.path("a"), tree.path("z")).unwrap();
    let mut library = Library::of(&tree);
    library.scan();
    let whole = library.tree();
    assert_eq!(whole, ["a/", " one", "b/", " two", "y/", " one"]);
    for title in ["", "b", "y", "z", "a"] {
        assert_eq!(library.change(&[(title, Here)]), 0);
        assert_eq!(library.tree(), whole, "{title}");
        assert_eq!(library.report.count(Reason::LinkRepeated), 1, "{title}");
    }
}

#[test]
fn every_directory_that_is_read_is_watched_before() {
    let tree = Tree::new("watched");
    tree.file("a/b/1.mp3", b"one");
    tree.file("c/2.mp3", b"two");
    let watches = Arc::new(Watches::open().unwrap());
    let job = Job {
        watches: Some(Arc::clone(&watches)),
        ..Job::new(
            vec![Root::new(&tree.path(""), None)],
            None,
            Arc::new(LineProber::default()),
        )
    };
    let scanned = scan(&job).unwrap();
    let snapshot = scanned.built.to_snapshot().unwrap();
    let seen: Vec<_> = scanned
        .seen
        .iter()
        .map(|seen| (seen.directory, seen.watch.unwrap()))
        .collect();
    assert_eq!(seen.len(), 4);
    tree.file("a/b/3.mp3", b"three");
    let mut told = Vec::new();
    watches.read(100, |change| told.push(change.directory));
    let told = seen.iter().find(|(_, watch)| *watch == told[0]).unwrap().0;
    assert_eq!(snapshot.find(told).unwrap().title(), "b");
}
