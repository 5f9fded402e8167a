use std::{
    fs,
    os::unix::{
        ffi::OsStrExt as _,
        fs::{MetadataExt as _, PermissionsExt as _, symlink},
    },
};

use super::*;
use crate::{
    catalogue::{
        object_id::ObjectId,
        record::Tag,
        report::Reason,
        snapshot::OpenError,
        testing::{LineProber, Tree, scan as scan_roots, snapshot, tree_of},
        writer,
    },
    limits,
    media::Class,
};

#[path = "beside_tests.rs"]
mod beside;
#[path = "change_tests.rs"]
mod change;
#[path = "identity_tests.rs"]
mod identity;

/// A library scanned again and again.
struct Library {
    roots: Vec<Root>,
    prober: Arc<LineProber>,
    snapshot: Option<Arc<Snapshot>>,
    report: Report,
    playlists: Playlists,
    is_unchanged: bool,
}

impl Library {
    fn new(roots: &[Root]) -> Self {
        Self {
            roots: roots.to_vec(),
            prober: Arc::default(),
            snapshot: None,
            report: Report::default(),
            playlists: Playlists::default(),
            is_unchanged: false,
        }
    }

    fn of(tree: &Tree) -> Self {
        Self::new(&[Root::new(&tree.path(""), None)])
    }

    /// Scans, and returns how many files were probed.
    fn scan(&mut self) -> u32 {
        self.pass(None)
    }

    /// Looks at these directories only, by their titles; returns how many files were probed.
    fn change(&mut self, directories: &[(&str, Depth)]) -> u32 {
        let id = |title: &str| match title {
            "" => ObjectId::ROOT,
            title => self.record(title).id(),
        };
        let directories = directories.iter().map(|(title, depth)| (id(title), *depth));
        let changes = Changes {
            directories: directories.collect(),
            report: self.report.clone(),
            playlists: self.playlists.clone(),
            ..Changes::default()
        };
        self.pass(Some(changes))
    }

    fn pass(&mut self, changes: Option<Changes>) -> u32 {
        let (roots, previous) = (self.roots.clone(), self.snapshot.clone());
        let job = Job {
            changes,
            ..Job::new(roots, previous, self.prober.clone())
        };
        let scanned = scan(&job).unwrap();
        let snapshot = scanned.built.to_snapshot().unwrap();
        snapshot.verify().unwrap();
        self.is_unchanged = scanned.built.is_unchanged();
        self.snapshot = Some(Arc::new(snapshot));
        self.report = scanned.report;
        self.playlists = scanned.playlists;
        self.prober.probes()
    }

    /// The record with this title, listed or not.
    fn record(&self, title: &str) -> crate::catalogue::snapshot::Object<'_> {
        let mut all = (0..self.now().records()).filter_map(|n| self.now().any(n));
        all.find(|o| o.title() == title).unwrap()
    }

    fn now(&self) -> &Snapshot {
        self.snapshot.as_ref().unwrap()
    }

    fn tree(&self) -> Vec<String> {
        tree_of(self.now())
    }

    /// The object with this title.
    fn object(&self, title: &str) -> crate::catalogue::snapshot::Object<'_> {
        let mut all = (0..self.now().records()).filter_map(|n| self.now().object(n));
        all.find(|o| o.title() == title).unwrap()
    }
}

#[test]
fn containers_come_first_and_names_in_natural_order() {
    let tree = Tree::new("order");
    for name in ["10.mp3", "2.mp3", "b/x.jpg", "A/y.jpg", "1.mp3"] {
        tree.file(name, b" ");
    }
    assert_eq!(
        tree_of(&snapshot(&tree)),
        ["A/", " y", "b/", " x", "1", "2", "10"]
    );
}

#[test]
fn an_empty_library_is_a_root_without_children() {
    let tree = Tree::new("empty");
    let mut library = Library::of(&tree);
    assert_eq!(library.scan(), 0);
    assert!(library.now().is_empty());
    assert_eq!(
        (library.now().len(), library.now().system_update_id()),
        (1, 1)
    );
    assert_eq!(library.report.to_string(), "listed all 0 files");
    let mut library = Library::new(&[]);
    library.scan();
    assert!(library.now().is_empty());
}

#[test]
fn folders_without_media_are_not_listed() {
    let tree = Tree::new("prune");
    tree.file("a/b/readme.txt", b"x");
    tree.file("a/c/1.mp3", b"x");
    tree.file("d/clip.srt", b"x");
    let mut library = Library::of(&tree);
    library.scan();
    assert_eq!(library.tree(), ["a/", " c/", "  x"]);
    assert_eq!(library.report.count(Reason::NotMedia), 1);
    assert_eq!(library.report.skipped(), 0);
}

#[test]
fn unchanged_files_are_not_opened_again() {
    let tree = Tree::new("unchanged");
    tree.file("a/1.mp3", b"one");
    tree.file("a/2.mp3", b"!");
    tree.file("3.mkv", b"?");
    tree.file("3.srt", b"s");
    let mut library = Library::of(&tree);
    assert_eq!(library.scan(), 4);
    let first = library.report.to_string();
    assert_eq!(
        first,
        "skipped 1 of 3 files: 1 unknown format; 1 listed although cut short"
    );
    assert_eq!(library.scan(), 0);
    assert!(library.is_unchanged);
    assert_eq!(library.report.unchanged, 4);
    // What is wrong is said again, although nothing was read again.
    assert_eq!(library.report.to_string(), first);
    tree.file("a/1.mp3", b"once more");
    assert_eq!(library.scan(), 1);
    assert!(!library.is_unchanged);
}

#[test]
fn ids_and_update_ids_survive_what_does_not_concern_them() {
    let tree = Tree::new("ids");
    for name in ["a/1.mp3", "a/2.mp3", "b/3.mp3"] {
        tree.file(name, name.as_bytes());
    }
    let mut library = Library::of(&tree);
    library.scan();
    let ids = |library: &Library| ["a/1.mp3", "b/3.mp3", "a", "b"].map(|t| library.object(t).id());
    let before = ids(&library);
    fs::remove_file(tree.path("a/2.mp3")).unwrap();
    tree.file("a/0.mp3", b"another");
    assert_eq!(library.scan(), 1);
    assert_eq!(ids(&library), before);
    assert_eq!(library.now().system_update_id(), 2);
    assert_eq!(library.object("a").update_id(), 2);
    assert_eq!(library.object("b").update_id(), 1);
    assert_eq!(library.now().root().unwrap().update_id(), 1);
    // The snapshot is lost: the ids are not.
    library.snapshot = None;
    library.scan();
    assert_eq!(ids(&library), before);
    // A second root: ids of what lies in the first stay.
    let other = Tree::new("ids-other");
    other.file("x.mp3", b"x");
    library.roots.push(Root::new(&other.path(""), None));
    assert_eq!(library.scan(), 1);
    assert_eq!(ids(&library), before);
}

#[test]
fn several_roots_are_containers_told_apart() {
    let (a, b) = (Tree::new("roots"), Tree::new("roots"));
    for tree in [&a, &b] {
        tree.file("Music/1.mp3", b"one");
        tree.file("Films/1.mkv", b"one");
    }
    let root = |tree: &Tree, name| Root::new(&tree.path(name), None);
    let mut library = Library::new(&[root(&a, "Music"), root(&b, "Music"), root(&b, "Films")]);
    library.scan();
    let names = [&a, &b].map(|t| t.path("").file_name().unwrap().to_str().unwrap().to_owned());
    assert_eq!(
        library.tree(),
        [
            &format!("Music ({})/", names[0]),
            " one",
            &format!("Music ({})/", names[1]),
            " one",
            "Films/",
            " one"
        ]
    );
    let top = library.now().root().unwrap();
    assert_eq!((top.id(), top.parent_id()), (ObjectId::ROOT, None));
    let mut buffer = [0; limits::PATH_BYTES];
    assert_eq!(top.path(&mut buffer), None);
    let film = top.child(2).unwrap().child(0).unwrap();
    let (root, len) = film.path(&mut buffer).unwrap();
    assert_eq!(root.path, b.path("Films").as_os_str().as_bytes());
    assert_eq!(&buffer[..len], b.path("Films/1.mkv").as_os_str().as_bytes());
}

#[test]
fn a_restricted_root_lists_one_class_and_its_captions() {
    let tree = Tree::new("restricted");
    for name in ["1.mp3", "2.mkv", "2.srt", "3.jpg"] {
        tree.file(name, name.as_bytes());
    }
    let mut library = Library::new(&[Root::new(&tree.path(""), Some(Class::Video))]);
    library.scan();
    assert_eq!(library.tree(), ["2.mkv"]);
    assert_eq!(library.object("2.mkv").captions().count(), 1);
    assert_eq!(library.report.count(Reason::Restricted), 2);
    library.roots = vec![Root::new(&tree.path(""), Some(Class::Audio))];
    assert_eq!(library.scan(), 0);
    assert_eq!(library.tree(), ["1.mp3"]);
}

#[test]
fn the_prober_is_told_of_each_new_file_that_is_listed() {
    let tree = Tree::new("told");
    tree.file("Show/Season 2/Show S02E03.mkv", b"-");
    tree.file("Show/song.mp3", b"?"); // no media: not listed
    tree.file("Show/photo.jpg", b"x"); // the root is not for it
    let root = Root::new(&tree.path(""), Some(Class::Video));
    let mut library = Library::new(std::slice::from_ref(&root));
    library.scan();
    let [(path, kind, probed)] = &library.prober.listed()[..] else {
        panic!("one film is listed");
    };
    assert_eq!(
        *path,
        [root.bytes(), b"/Show/Season 2/Show S02E03.mkv"].concat()
    );
    assert_eq!((kind.class, kind.mime), (Class::Video, 3));
    let numbers = (probed.media.season, probed.media.episode);
    assert_eq!(numbers, (Some(2), Some(3)));
    library.scan();
    assert_eq!(library.prober.listed(), [], "nothing was probed again");
}

#[test]
fn captions_belong_to_the_video_with_the_longest_stem() {
    let tree = Tree::new("captions");
    for name in [
        "clip.mkv",
        "clip.mp4",
        "clip.srt",
        "clip.en.srt",
        "clip.part2.mkv",
        "clip.part2.de.srt",
        "clipping.srt",
    ] {
        tree.file(name, name.as_bytes());
    }
    let mut library = Library::of(&tree);
    library.scan();
    let captions = |title: &str| -> Vec<String> {
        let video = library.object(title);
        video.captions().map(|c| c.title().to_owned()).collect()
    };
    assert_eq!(captions("clip.mkv"), ["clip.srt", "clip.en.srt"]);
    assert_eq!(captions("clip.mp4"), ["clip.srt", "clip.en.srt"]);
    assert_eq!(captions("clip.part2.mkv"), ["clip.part2.de.srt"]);
    assert_eq!(library.tree(), ["clip.mkv", "clip.mp4", "clip.part2.mkv"]);
    let caption = library.object("clip.srt");
    assert_eq!(caption.class(), Some(Class::Caption));
    assert_eq!(
        library.now().find(caption.id()).unwrap().title(),
        "clip.srt"
    );
}

#[test]
fn links_are_followed_inside_the_roots_and_never_in_circles() {
    let (tree, other) = (Tree::new("links"), Tree::new("links-out"));
    tree.file("a/b/1.mp3", b"one");
    other.file("secret.mp3", b"secret");
    let link = |target: std::path::PathBuf, name: &str| symlink(target, tree.path(name)).unwrap();
    link(tree.path("a"), "z");
    link(tree.path("a"), "z again");
    link(tree.path(""), "a/up");
    link(tree.path("a/b"), "a/b/self");
    link(tree.path("a/b/1.mp3"), "file.mp3");
    link(other.path(""), "out");
    link(other.path("secret.mp3"), "out.mp3");
    link("/dev/null".into(), "null.mp3");
    link(tree.path("none"), "dangling.mp3");
    link("loop.mp3".into(), "loop.mp3");
    let mut library = Library::of(&tree);
    library.scan();
    assert_eq!(
        library.tree(),
        ["a/", " b/", "  one", "z/", " b/", "  one", "one"]
    );
    let counts = [
        Reason::LinkOutside,
        Reason::LinkBroken,
        Reason::LinkRepeated,
    ];
    let counts = counts.map(|reason| library.report.count(reason));
    // Up and self by each of the two ways, and the second z.
    assert_eq!(counts, [3, 2, 5]);
}

#[test]
fn what_is_neither_file_nor_folder_is_never_opened() {
    let tree = Tree::new("special");
    tree.fifo("pipe.mp3");
    tree.fifo("pipe");
    let _socket = std::os::unix::net::UnixListener::bind(tree.path("socket.mp3")).unwrap();
    tree.file("empty.mp3", b"");
    let mut library = Library::of(&tree);
    assert_eq!(library.scan(), 0);
    assert_eq!(library.report.count(Reason::Special), 3);
    assert_eq!(library.report.count(Reason::Empty), 1);
}

#[test]
fn hidden_and_marked_folders_are_left_out() {
    let tree = Tree::new("hidden");
    for name in [
        ".x/1.mp3",
        "@eaDir/1.mp3",
        "lost+found/1.mp3",
        "$RECYCLE.BIN/1.mp3",
        "System Volume Information/1.mp3",
        "marked/.nomedia",
        "marked/sub/1.mp3",
        ".hidden.mp3",
        "film.mkv.part",
        "good/1.mp3",
    ] {
        tree.file(name, b"x");
    }
    // A mark in a folder that the operator named himself is not obeyed.
    tree.file(".nomedia", b"");
    let mut library = Library::of(&tree);
    library.scan();
    assert_eq!(library.tree(), ["good/", " x"]);
}

#[test]
fn unreadable_folders_are_named_in_the_report() {
    let tree = Tree::new("unreadable");
    tree.file("shut/1.mp3", b"one");
    tree.file("shut.mp3", b"two");
    let close = |name, mode| {
        fs::set_permissions(tree.path(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    close("shut", 0);
    close("shut.mp3", 0);
    if fs::read_dir(tree.path("shut")).is_ok() {
        eprintln!("skipped: running as root, for whom nothing is unreadable");
        return close("shut", 0o755);
    }
    let mut library = Library::of(&tree);
    library.scan();
    close("shut", 0o755);
    let names: Vec<_> = library
        .report
        .skips
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(names.len(), 2);
    assert!(
        names[0].ends_with("shut.mp3: Permission denied (os error 13)"),
        "{names:?}"
    );
    assert!(
        names[1].ends_with("shut: Permission denied (os error 13)"),
        "{names:?}"
    );
    assert!(library.report.missing.is_empty());
}

#[test]
fn hostile_names_are_shown_and_opened_by_their_bytes() {
    let tree = Tree::new("names");
    let names: &[&[u8]] = &[
        b"\xff\xfe.mp3",
        b"\x01.mp3",
        b" .mp3",
        b"a\nb.mp3",
        b"<&>\"'.mp3",
        b"-rf.mp3",
        b"%s%n.mp3",
        "\u{202e}gpj.mp3".as_bytes(),
        &[b"a".repeat(251), b".mp3".to_vec()].concat(),
    ];
    for name in names {
        tree.file(std::ffi::OsStr::from_bytes(name), b" ");
    }
    let mut library = Library::of(&tree);
    library.scan();
    let root = library.now().root().unwrap();
    assert_eq!(root.child_count() as usize, names.len());
    let mut buffer = [0; limits::PATH_BYTES];
    for item in root.children(0..u32::MAX) {
        assert!(!item.title().trim().is_empty());
        let (root, len) = item.path(&mut buffer).unwrap();
        crate::sys::beneath::open_file([root.path], &buffer[..len]).unwrap();
        assert!(names.contains(&item.name()));
    }
}

#[test]
fn ten_thousand_files_in_one_folder_are_quick() {
    let tree = Tree::new("many");
    for i in 0..10_000 {
        tree.file(format!("{i}.mp3"), b"x");
    }
    let mut library = Library::of(&tree);
    assert_eq!(library.scan(), 10_000);
    let started = std::time::Instant::now();
    assert_eq!(library.scan(), 0);
    // Quadratic work would take minutes here.
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
    assert_eq!(library.now().root().unwrap().child_count(), 10_000);
    assert_eq!(
        library.now().root().unwrap().child(9_999).unwrap().name(),
        b"9999.mp3"
    );
}

#[test]
fn folders_deeper_than_the_limit_are_named() {
    let tree = Tree::new("deep");
    let mut path = String::new();
    for _ in 0..limits::DEPTH + 3 {
        path.push_str("d/");
    }
    tree.file(format!("{path}1.mp3"), b"deep");
    tree.file("d/d/2.mp3", b"shallow");
    let mut library = Library::of(&tree);
    library.scan();
    assert_eq!(library.tree(), ["d/", " d/", "  shallow"]);
    assert_eq!(library.report.count(Reason::TooDeep), 1);
}

impl Library {
    /// As if an older rill had made what is there.
    fn upgraded(&mut self) {
        let snapshot = Arc::into_inner(self.snapshot.take().unwrap()).unwrap();
        self.snapshot = Some(Arc::new(snapshot.knowing(0)));
    }

    /// Ids, and when each was first seen.
    fn known(&self) -> Vec<(ObjectId, u32)> {
        let all = (0..self.now().records()).filter_map(|number| self.now().any(number));
        let mut all: Vec<_> = all.map(|o| (o.id(), o.record.added.get())).collect();
        all.sort_unstable();
        all
    }
}

#[test]
fn what_an_older_rill_has_read_is_read_once_again_and_stays_what_it_was() {
    let tree = Tree::new("upgraded");
    tree.file("a.mp3", b"A song");
    tree.file("b/c.mkv", b"A film");
    tree.file("b/c.srt", b"1");
    tree.file("b/c.nfo", b"<movie><title>Called so</title></movie>");
    tree.file("b/bad.mkv", b"!cut short");
    let mut library = Library::of(&tree);
    let all = library.scan();
    assert!(all >= 4);
    assert_eq!((library.scan(), library.is_unchanged), (0, true));
    let (known, told) = (library.known(), library.tree());
    let update_id = library.now().system_update_id();

    library.upgraded();
    assert_eq!((library.scan(), library.is_unchanged), (all, false));
    assert_eq!((library.known(), library.tree()), (known.clone(), told));
    assert_eq!(library.now().system_update_id(), update_id);
    assert_eq!((library.scan(), library.is_unchanged), (0, true));

    // One folder changes first: the rest is read with the next look at everything.
    library.upgraded();
    let below = library.change(&[("b", Depth::Below)]);
    assert_eq!(below, all - 1);
    assert_eq!(library.now().system_update_id(), update_id);
    assert_eq!(library.scan(), 1);
    assert_eq!((library.scan(), library.is_unchanged), (0, true));
    assert_eq!(library.known(), known);
}

#[test]
fn a_disk_that_was_away_at_the_upgrade_is_read_when_it_is_back() {
    let (here, away) = (Tree::new("upgraded-here"), Tree::new("upgraded-away"));
    here.file("a.mp3", b"A song");
    away.file("b.mp3", b"Another");
    let roots = [&here, &away].map(|tree| Root::new(&tree.path(""), None));
    let mut library = Library::new(&roots);
    assert_eq!(library.scan(), 2);
    let known = library.known();
    library.upgraded();
    let aside = away.path("").with_extension("aside");
    fs::rename(away.path(""), &aside).unwrap();
    assert_eq!(library.scan(), 1);
    // Nothing is read again and again meanwhile.
    assert_eq!(library.scan(), 0);
    fs::rename(&aside, away.path("")).unwrap();
    assert_eq!(library.scan(), 1);
    assert_eq!(library.scan(), 0);
    assert_eq!(library.known(), known);
}

#[test]
fn a_root_that_is_missing_is_offline_and_comes_back_unread() {
    let (disk, rest) = (Tree::new("disk"), Tree::new("rest"));
    disk.file("mount/a/film.mkv", b"film");
    disk.file("mount/a/film.srt", b"words");
    disk.file("mount/b.mp3", b"song");
    rest.file("c.mp3", b"other");
    let roots = [disk.path("mount"), rest.path("")].map(|path| Root::new(&path, None));
    let mut library = Library::new(&roots);
    library.scan();
    let (tree, id) = (library.tree(), library.object("film").id());

    fs::rename(disk.path("mount"), disk.path("away")).unwrap();
    for _ in 0..2 {
        library.scan();
        let rest = rest.path("");
        let rest = rest.file_name().unwrap().to_str().unwrap();
        assert_eq!(library.tree(), [format!("{rest}/"), " other".into()]);
        assert_eq!(library.now().system_update_id(), 2);
        let film = library.now().find(id).unwrap();
        assert!(film.is_offline() && film.captions().count() == 1);
        assert_eq!(film.property(Tag::Artist), Some("Somebody"));
        assert_eq!(
            (library.report.missing.len(), library.report.offline),
            (1, 2)
        );
        assert!(library.now().roots().next().unwrap().is_offline);
    }
    assert!(library.is_unchanged);

    fs::rename(disk.path("away"), disk.path("mount")).unwrap();
    assert_eq!(library.scan(), 0);
    assert_eq!(library.tree(), tree);
    assert!(!library.now().find(id).unwrap().is_offline());
    assert_eq!(library.now().system_update_id(), 3);
}

#[test]
fn the_only_root_missing_leaves_an_empty_root_container() {
    let tree = Tree::new("only");
    tree.file("mount/b.mp3", b"song");
    let mut library = Library::new(&[Root::new(&tree.path("mount"), None)]);
    library.scan();
    let id = library.object("song").id();
    fs::rename(tree.path("mount"), tree.path("away")).unwrap();
    library.scan();
    assert!(library.now().is_empty());
    assert!(library.now().find(id).unwrap().is_offline());
    assert!(!library.now().root().unwrap().is_offline());
    fs::rename(tree.path("away"), tree.path("mount")).unwrap();
    assert_eq!(library.scan(), 0);
    assert_eq!(library.tree(), ["song"]);
}

#[test]
fn a_damaged_previous_catalogue_is_not_used() {
    let tree = Tree::new("damaged");
    tree.file("a.mp3", b"song");
    let mut library = Library::of(&tree);
    library.scan();
    let mut bytes = library.now().bytes().to_vec();
    *bytes.last_mut().unwrap() ^= 1;
    library.snapshot = Some(Arc::new(Snapshot::from_bytes(bytes).unwrap()));
    assert_eq!(library.scan(), 1);
}

#[test]
fn a_cancelled_pass_ends_without_a_catalogue() {
    let tree = Tree::new("cancel");
    tree.file("a.mp3", b"song");
    let progress = Arc::new(Progress::default());
    progress.cancel();
    let roots = vec![Root::new(&tree.path(""), None)];
    let job = Job {
        progress,
        ..Job::new(roots, None, Arc::new(LineProber::default()))
    };
    let (send, receive) = std::sync::mpsc::channel();
    spawn(job, move |result| send.send(result.map(|_| ())).unwrap()).unwrap();
    assert_eq!(receive.recv().unwrap(), Err(Stopped::Cancelled));
}

#[test]
fn a_written_catalogue_is_the_one_that_is_loaded() {
    let (tree, state) = (Tree::new("write"), Tree::new("state"));
    tree.file("a.mp3", b"song");
    let dir = state.path("");
    assert!(matches!(
        writer::load(&dir),
        writer::Loaded {
            snapshot: None,
            problem: None
        }
    ));
    let built = scan_roots(vec![Root::new(&tree.path(""), None)], None, &Arc::default()).built;
    let written = built.commit(&dir).unwrap();
    assert_eq!(built.to_snapshot().unwrap().bytes(), written.bytes());
    assert_eq!(
        built.file_len(),
        fs::metadata(dir.join(writer::FILE_NAME)).unwrap().len()
    );

    // Killed between write and rename: the old one stays, the rest is removed.
    state.file("catalogue.new", b"half");
    let loaded = writer::load(&dir).snapshot.unwrap();
    loaded.verify().unwrap();
    assert_eq!(loaded.bytes(), written.bytes());
    assert!(!dir.join("catalogue.new").exists());

    // Cut short: named, set aside, never opened again.
    // (By another file: the mapped one must never be written to.)
    state.file("cut", &written.bytes()[..200]);
    fs::rename(dir.join("cut"), dir.join(writer::FILE_NAME)).unwrap();
    let loaded = writer::load(&dir);
    assert!(matches!(loaded.problem, Some(OpenError::Length)));
    assert!(dir.join("catalogue.damaged").exists());
    assert!(writer::load(&dir).problem.is_none());
    built.commit(&dir).unwrap().verify().unwrap();
}

#[test]
fn what_is_published_is_kept_by_giving_its_file_the_name() {
    let (tree, state) = (Tree::new("publish"), Tree::new("state"));
    tree.file("a.mp3", b"song");
    let dir = state.path("");
    let scan = || scan_roots(vec![Root::new(&tree.path(""), None)], None, &Arc::default()).built;
    let inode = |name: &str| fs::metadata(dir.join(name)).map(|m| m.ino()).ok();
    let first = scan().publish(&dir).unwrap();
    assert!(!first.is_kept() && inode(writer::FILE_NAME).is_none());
    // Killed now, there is nothing to be found but what is removed.
    let (written, bytes) = (inode("catalogue.new"), first.bytes().to_vec());

    let kept = writer::commit(&first, &dir).unwrap();
    assert!(kept.is_kept() && kept.bytes() == bytes);
    assert_eq!(
        inode(writer::FILE_NAME),
        written,
        "it is not written a second time"
    );
    assert_eq!(inode("catalogue.new"), None);

    // The next one takes the place of one that is still shown, and that one stays whole.
    tree.file("b.mp3", b"another");
    let second = scan().publish(&dir).unwrap();
    tree.file("c.mp3", b"a third");
    let third = scan().publish(&dir).unwrap();
    second.verify().unwrap();
    // Whose file has gone is written anew; it is not the file that has its name now.
    let kept = writer::commit(&second, &dir).unwrap();
    assert_eq!(kept.bytes(), second.bytes());
    assert_ne!(kept.bytes(), third.bytes());
    fs::remove_dir_all(&dir).unwrap();
    let kept = writer::commit(&third, &dir).unwrap();
    assert_eq!(kept.bytes(), third.bytes());
    assert_eq!(writer::load(&dir).snapshot.unwrap().bytes(), third.bytes());
}

#[test]
fn what_cannot_be_written_is_published_from_memory() {
    let (tree, state) = (Tree::new("memory"), Tree::new("state"));
    tree.file("a.mp3", b"song");
    let built = scan_roots(vec![Root::new(&tree.path(""), None)], None, &Arc::default()).built;
    state.file("file", b"");
    let dir = state.path("file/below");
    let shown = built.publish(&dir).unwrap();
    assert!(!shown.is_kept() && writer::commit(&shown, &dir).is_err());
    assert!(
        writer::rescue(&shown).is_none(),
        "it is in memory as it stands"
    );

    // Where the file is lost later, its bytes are brought to memory.
    let dir = state.path("");
    let shown = built.publish(&dir).unwrap();
    fs::create_dir(dir.join(writer::FILE_NAME)).unwrap();
    assert!(writer::commit(&shown, &dir).is_err());
    let copy = writer::rescue(&shown).unwrap();
    assert_eq!(copy.bytes(), built.to_snapshot().unwrap().bytes());
    assert!(!dir.join("catalogue.new").exists());
}
