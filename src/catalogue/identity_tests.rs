//! What keeps its id, and what does not.

use super::*;

/// Ids by titles.
fn ids<const N: usize>(library: &Library, titles: [&str; N]) -> [ObjectId; N] {
    titles.map(|title| library.object(title).id())
}

fn rename(tree: &Tree, from: &str, to: &str) {
    fs::rename(tree.path(from), tree.path(to)).unwrap();
}

#[test]
fn a_renamed_file_keeps_its_id_and_is_not_read_again() {
    let tree = Tree::new("rename");
    tree.file("a/1.mp3", b"tagged");
    tree.file("a/2.mp3", b"-");
    let mut library = Library::of(&tree);
    library.scan();
    let before = ids(&library, ["tagged", "2"]);
    rename(&tree, "a/1.mp3", "a/7.mp3");
    rename(&tree, "a/2.mp3", "a/8.mp3");
    assert_eq!(library.scan(), 0);
    // A title that was made of the name changes with it.
    assert_eq!(ids(&library, ["tagged", "8"]), before);
    assert_eq!(library.object("tagged").name(), b"7.mp3");
    assert_eq!(library.now().system_update_id(), 2);
    // The ids are those of the old paths only as long as the snapshot remembers.
    library.snapshot = None;
    library.scan();
    assert_ne!(ids(&library, ["tagged", "8"]), before);
}

#[test]
fn another_extension_or_episode_is_read_again_under_the_same_id() {
    let tree = Tree::new("rename-kind");
    tree.file("Show S01E01.mkv", b"first");
    tree.file("b.mp3", b"sound");
    let mut library = Library::of(&tree);
    library.scan();
    let before = ids(&library, ["first", "sound"]);
    assert_eq!(library.object("first").episode(), Some(1));
    rename(&tree, "Show S01E01.mkv", "Show S01E04.mkv");
    rename(&tree, "b.mp3", "b.mkv");
    assert_eq!(library.scan(), 2);
    assert_eq!(ids(&library, ["first", "sound"]), before);
    assert_eq!(library.object("first").episode(), Some(4));
}

#[test]
fn a_moved_folder_keeps_all_ids_below_it() {
    let (tree, other) = (Tree::new("folder"), Tree::new("folder-other"));
    for name in ["a/b/1.mp3", "a/b/2.mkv", "a/b/2.srt", "a/3.mp3"] {
        tree.file(name, name.as_bytes());
    }
    other.file("x.mp3", b"x");
    let roots = [tree.path(""), other.path("")].map(|path| Root::new(&path, None));
    let mut library = Library::new(&roots);
    library.scan();
    let titles = ["a/b/1.mp3", "a/b/2.mkv", "a/b/2.srt", "a/3.mp3", "b"];
    let before = ids(&library, titles);
    let folder = library.object("a").id();
    rename(&tree, "a", "new name");
    assert_eq!(library.scan(), 0);
    assert_eq!(ids(&library, titles), before);
    assert_eq!(library.object("new name").id(), folder);
    // To another root of the same disk, without its folder.
    fs::rename(tree.path("new name/b"), other.path("c")).unwrap();
    assert_eq!(library.scan(), 0);
    assert_eq!(
        ids(&library, ["a/b/1.mp3", "a/b/2.mkv", "c"]),
        [before[0], before[1], before[4]]
    );
    assert_eq!(library.object("new name").id(), folder);
    assert_eq!(library.object("a/b/2.mkv").captions().count(), 1);
}

#[test]
fn two_files_that_swap_their_names_swap_nothing_else() {
    let tree = Tree::new("swap");
    for name in ["a/1.mp3", "b/2.mp3"] {
        tree.file(name, name.as_bytes());
    }
    let mut library = Library::of(&tree);
    library.scan();
    let before = ids(&library, ["a/1.mp3", "b/2.mp3", "a", "b"]);
    rename(&tree, "a/1.mp3", "t");
    rename(&tree, "b/2.mp3", "a/1.mp3");
    rename(&tree, "t", "b/2.mp3");
    assert_eq!(library.scan(), 0);
    assert_eq!(ids(&library, ["a/1.mp3", "b/2.mp3", "a", "b"]), before);
    rename(&tree, "a", "t");
    rename(&tree, "b", "a");
    rename(&tree, "t", "b");
    assert_eq!(library.scan(), 0);
    assert_eq!(ids(&library, ["a/1.mp3", "b/2.mp3", "b", "a"]), before);
}

#[test]
fn a_new_file_where_a_moved_one_was_gets_an_id_of_its_own() {
    let tree = Tree::new("reused");
    tree.file("a.mp3", b"old");
    let mut library = Library::of(&tree);
    library.scan();
    let [old] = ids(&library, ["old"]);
    rename(&tree, "a.mp3", "b.mp3");
    tree.file("a.mp3", b"newcomer");
    assert_eq!(library.scan(), 1);
    let [moved, new] = ids(&library, ["old", "newcomer"]);
    assert_eq!(moved, old);
    assert_ne!(new, old);
    // Given once, kept for good.
    assert_eq!(library.scan(), 0);
    assert_eq!(ids(&library, ["old", "newcomer"]), [moved, new]);
    fs::remove_file(tree.path("b.mp3")).unwrap();
    library.scan();
    assert_eq!(ids(&library, ["newcomer"]), [new]);
}

#[test]
fn a_file_that_is_replaced_keeps_the_id_of_its_name() {
    let tree = Tree::new("replaced");
    tree.file("a.mp3", b"draft");
    tree.file("b.mp3", b"other");
    let mut library = Library::of(&tree);
    library.scan();
    let [a, b] = ids(&library, ["draft", "other"]);
    // As editors do it.
    tree.file(".a.tmp", b"final");
    rename(&tree, ".a.tmp", "a.mp3");
    assert_eq!(library.scan(), 1);
    assert_eq!(ids(&library, ["final", "other"]), [a, b]);
    // In place.
    tree.file("a.mp3", b"and again");
    assert_eq!(library.scan(), 1);
    assert_eq!(ids(&library, ["and again"]), [a]);
    // By another that was listed: the name stays what it was, the content is known.
    rename(&tree, "b.mp3", "a.mp3");
    assert_eq!(library.scan(), 0);
    assert_eq!(ids(&library, ["other"]), [a]);
    assert!(library.now().find(b).is_none());
}

#[test]
fn hard_links_are_objects_of_their_own() {
    let tree = Tree::new("hard");
    tree.file("a.mp3", b"-");
    let mut library = Library::of(&tree);
    library.scan();
    let [a] = ids(&library, ["a"]);
    fs::hard_link(tree.path("a.mp3"), tree.path("0.mp3")).unwrap();
    assert_eq!(library.scan(), 0, "the content is known");
    let [zero, again] = ids(&library, ["0", "a"]);
    assert_eq!(again, a);
    assert_ne!(zero, a);
    rename(&tree, "0.mp3", "z.mp3");
    library.scan();
    assert_eq!(ids(&library, ["z", "a"]), [zero, a]);
}

#[test]
fn a_folder_with_the_inode_of_a_deleted_one_is_another() {
    let tree = Tree::new("inode");
    tree.file("a/1.mp3", b"one");
    let mut library = Library::of(&tree);
    library.scan();
    let [a] = ids(&library, ["a"]);
    // As if the file system gave its inode to the next folder: the same folder, but nothing in it is known.
    fs::remove_file(tree.path("a/1.mp3")).unwrap();
    rename(&tree, "a", "b");
    tree.file("b/2.mp3", b"two");
    assert_eq!(library.scan(), 1);
    assert_ne!(ids(&library, ["b"]), [a]);
}

#[test]
fn entries_of_playlists_are_found_by_path_whatever_the_ids_are() {
    let tree = Tree::new("playlist-move");
    tree.file("a.mp3", b"one");
    tree.file("list.m3u", b"b.mp3\n");
    let mut library = Library::of(&tree);
    library.scan();
    assert_eq!(library.tree(), ["one"]);
    rename(&tree, "a.mp3", "b.mp3");
    library.scan();
    assert_eq!(library.tree(), ["one", "list/", " one"]);
    let list = library.object("list").id();
    rename(&tree, "list.m3u", "tops.m3u");
    library.scan();
    assert_eq!(library.object("tops").id(), list);
}
