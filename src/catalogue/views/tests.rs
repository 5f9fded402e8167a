use std::{
    fs,
    sync::Arc,
    time::{Duration, SystemTime},
};

use super::*;
use crate::catalogue::{
    object_id::{ObjectId, Place},
    query,
    scan::{self, Job, Root},
    snapshot::{Object, Snapshot},
    testing::{LineProber, Tree, tree_of},
};

/// A time at which clocks are set.
const NOW: u64 = 1_800_000_000;

/// A tree scanned again and again, with views.
struct Library {
    tree: Tree,
    roots: Vec<&'static str>,
    views: Views,
    now: u64,
    prober: Arc<LineProber>,
    snapshot: Option<Arc<Snapshot>>,
    is_unchanged: bool,
}

impl Library {
    fn of(files: &[(&str, &str)]) -> Self {
        let tree = Tree::new("views");
        for (name, text) in files {
            tree.file(name, text.as_bytes());
        }
        let mut library = Self {
            tree,
            roots: vec![""],
            views: Views {
                shown: vec![View::Music, View::Video, View::Pictures, View::Folders],
                initials: 0,
            },
            now: NOW,
            prober: Arc::default(),
            snapshot: None,
            is_unchanged: false,
        };
        library.scan();
        library
    }

    /// Scans, and returns how many files were probed.
    fn scan(&mut self) -> u32 {
        let root = |below: &&str| Root::new(&self.tree.path(below), None);
        let roots = self.roots.iter().map(root).collect();
        let scanned = scan::scan(&Job {
            views: self.views.clone(),
            now: self.now,
            ..Job::new(roots, self.snapshot.clone(), self.prober.clone())
        })
        .unwrap();
        let snapshot = scanned.built.to_snapshot().unwrap();
        snapshot.verify().unwrap();
        self.is_unchanged = scanned.built.is_unchanged();
        self.snapshot = Some(Arc::new(snapshot));
        self.prober.probes()
    }

    fn now(&self) -> &Arc<Snapshot> {
        self.snapshot.as_ref().unwrap()
    }

    fn role(&self, role: Role) -> Object<'_> {
        self.now().role(role).unwrap()
    }

    /// What is below the container of a role, one line each, deeper ones after a blank.
    fn below(&self, role: Role) -> Vec<String> {
        fn add(object: &Object<'_>, depth: usize, out: &mut Vec<String>) {
            for child in object.children(0..u32::MAX) {
                let slash = if child.is_container() { "/" } else { "" };
                out.push(format!("{}{}{slash}", " ".repeat(depth), child.title()));
                add(&child, depth + 1, out);
            }
        }
        let mut out = Vec::new();
        add(&self.role(role), 0, &mut out);
        out
    }

    fn root(&self) -> Vec<&str> {
        titles(&self.now().root().unwrap())
    }
}

fn titles<'a>(object: &Object<'a>) -> Vec<&'a str> {
    object.children(0..u32::MAX).map(|o| o.title()).collect()
}

fn child<'a>(object: &Object<'a>, title: &str) -> Object<'a> {
    let mut children = object.children(0..u32::MAX);
    children.find(|child| child.title() == title).unwrap()
}

#[test]
fn artists_have_albums_and_what_is_of_no_album() {
    let library = Library::of(&[
        ("1/b.mp3", "Hunter\nartist=Björk\nalbum=Homogenic\ntrack=1"),
        ("1/a.mp3", "Joga\nartist=BJÖRK\nalbum=Homogenic\ntrack=2"),
        ("2/a.mp3", "Army of Me\nartist=Björk\nalbum=Post\ntrack=1"),
        ("c.mp3", "Demo 10\nartist=bjork"),
        ("d.mp3", "Demo 2\nartist=Björk"),
        ("e.mp3", "Single\nartist=Abba\nalbum=One"),
        ("f.mp3", "Noise\nartist="),
    ]);
    assert_eq!(
        library.below(Role::Artists),
        [
            "Abba/",
            " One/",
            "  Single",
            "Björk/",
            " All tracks/",
            "  Hunter",
            "  Joga",
            "  Army of Me",
            "  Demo 2",
            "  Demo 10",
            " Homogenic/",
            "  Hunter",
            "  Joga",
            " Post/",
            "  Army of Me",
            " Demo 2",
            " Demo 10",
            "Unknown artist/",
            " Noise",
        ]
    );
    let artists = library.role(Role::Artists);
    let bjork = child(&artists, "Björk");
    assert_eq!(bjork.role(), Some(Role::Artist));
    assert!(!bjork.is_copy());
    assert!(child(&bjork, "Post").is_copy() && child(&bjork, "All tracks").is_copy());
    assert_eq!(bjork.items_below_count(), 5);
    assert_eq!(artists.items_below(0..u32::MAX).count(), 7);
}

#[test]
fn an_album_is_told_by_its_artist_or_its_folder() {
    let library = Library::of(&[
        (
            "q/1.mp3",
            "Q1\nartist=Queen\nalbum=Greatest Hits\nalbumartist=Queen",
        ),
        (
            "a/1.mp3",
            "A1\nartist=Abba\nalbum=Greatest hits\nalbumartist=ABBA",
        ),
        ("mix/1.mp3", "M1\nartist=One\nalbum=Mix\ntrack=2\ndate=1980"),
        ("mix/2.mp3", "M2\nartist=Two\nalbum=mix\ntrack=1\ndate=1999"),
        ("other/1.mp3", "M3\nartist=One\nalbum=Mix"),
        ("box/CD1/1.mp3", "B1\nartist=Bob\nalbum=Box\ntrack=1"),
        ("box/CD1/2.mp3", "B2\nartist=Bob\nalbum=Box\ntrack=2"),
        ("box/CD 2/1.mp3", "B3\nartist=Bob\nalbum=Box\ntrack=1"),
        ("box/CD 2/2.mp3", "B4\nartist=Bob\nalbum=Box\ntrack=10"),
        ("box/CD 2/3.mp3", "B5\nartist=Bob\nalbum=Box\ntrack=9"),
        ("loose.mp3", "Loose"),
    ]);
    let albums = library.role(Role::Albums);
    let shown: Vec<String> = albums
        .children(0..u32::MAX)
        .map(|album| {
            let artist = album.property(Tag::Artist).unwrap_or("-");
            format!(
                "{} by {artist}: {}",
                album.title(),
                titles(&album).join(" ")
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            "Box by Bob: B1 B2 B3 B5 B4",
            "Greatest hits by Abba: A1",
            "Greatest Hits by Queen: Q1",
            "Mix by One: M3",
            "Mix by Various artists: M2 M1",
        ]
    );
    let all: Vec<_> = albums.children(0..u32::MAX).collect();
    assert!(
        all.iter()
            .all(|a| a.role() == Some(Role::Album) && !a.is_copy())
    );
    assert_eq!(year(all[4].date().unwrap()), Some(1999));
    assert_eq!(
        library.below(Role::AlbumArtists),
        [
            "Abba/",
            " Greatest hits/",
            "  A1",
            "Bob/",
            " Box/",
            "  B1",
            "  B2",
            "  B3",
            "  B5",
            "  B4",
            "One/",
            " Mix/",
            "  M3",
            "Queen/",
            " Greatest Hits/",
            "  Q1",
            "Various artists/",
            " Mix/",
            "  M2",
            "  M1",
        ]
    );
    assert_eq!(
        library.below(Role::MusicYears),
        ["1999/", " Mix/", "  M2", "  M1"]
    );
}

#[test]
fn tracks_without_an_album_artist_are_of_the_album_beside_them() {
    let library = Library::of(&[
        // Some of them name the album artist, on two discs.
        ("post/CD1/1.mp3", "P1\nartist=Björk\nalbum=Post\ntrack=1"),
        (
            "post/CD1/2.mp3",
            "P2\nartist=Bjork feat. X\nalbum=POST\nalbumartist=Björk\ntrack=2",
        ),
        ("post/CD2/1.mp3", "P3\nartist=Y\nalbum=Post"),
        // Another folder is another album.
        ("other/1.mp3", "O1\nartist=Björk\nalbum=Post"),
        // All in one folder: two artists with an album of one name, and one whose it is nobody says.
        (
            "all/1.mp3",
            "A1\nartist=Queen\nalbum=Hits\nalbumartist=Queen\ntrack=1",
        ),
        (
            "all/2.mp3",
            "A2\nartist=Abba\nalbum=Hits\nalbumartist=Abba\ntrack=1",
        ),
        ("all/3.mp3", "A3\nartist=ABBA\nalbum=Hits\ntrack=2"),
        ("all/4.mp3", "A4\nartist=queen\nalbum=hits\ntrack=2"),
        ("all/5.mp3", "A5\nartist=Zappa\nalbum=Hits\ntrack=3"),
    ]);
    let albums = library.role(Role::Albums);
    let mut shown: Vec<String> = albums
        .children(0..u32::MAX)
        .map(|album| {
            let artist = album.property(Tag::Artist).unwrap_or("-");
            let tracks = titles(&album).join(" ");
            format!("{} by {artist}: {tracks}", album.title())
        })
        .collect();
    // Of two with one name and one artist either may be the first.
    shown.sort();
    assert_eq!(
        shown,
        [
            "Hits by Abba: A2 A3",
            "Hits by Queen: A1 A4",
            "Hits by Zappa: A5",
            "Post by Björk: O1",
            "Post by Björk: P1 P2 P3",
        ]
    );
}

#[test]
fn genres_composers_and_playlists_are_shown_where_something_is_known() {
    let mut library = Library::of(&[
        ("1.mp3", "One\nartist=A\ngenre=Jazz"),
        ("2.mp3", "Two\nartist=B\ngenre=JAZZ"),
        ("3.mp3", "Three\nartist=B"),
        ("4.mp3", "Four\nartist=B\ncomposer=Bach"),
        ("best.m3u", "3.mp3\n1.mp3\n3.mp3\n"),
        ("films.m3u", "film.mkv\n"),
        ("film.mkv", "Film"),
    ]);
    assert_eq!(
        library.below(Role::Genres),
        [
            "Jazz/",
            " All tracks/",
            "  One",
            "  Two",
            " A/",
            "  One",
            " B/",
            "  Two",
            "Unknown genre/",
            " B/",
            "  Four",
            "  Three",
        ]
    );
    assert_eq!(library.below(Role::Composers), ["Bach/", " Four"]);
    assert_eq!(
        library.below(Role::Playlists),
        ["best/", " Three", " One", " Three"]
    );
    assert_eq!(
        library.below(Role::AllTracks),
        ["Four", "One", "Three", "Two"]
    );
    let music = library.role(Role::Music);
    assert_eq!(
        titles(&music),
        [
            "Artists",
            "Genres",
            "Composers",
            "All tracks",
            "Playlists",
            "Recently added"
        ]
    );
    assert_eq!(music.items_below_count(), 4);
    assert_eq!(library.role(Role::Playlists).items_below_count(), 3);

    for (name, text) in [("1.mp3", "One\nartist="), ("2.mp3", "Two\nartist=")] {
        library.tree.file(name, text.as_bytes());
    }
    for name in ["3.mp3", "4.mp3"] {
        fs::remove_file(library.tree.path(name)).unwrap();
    }
    library.scan();
    let music = library.role(Role::Music);
    assert_eq!(
        titles(&music),
        ["All tracks", "Playlists", "Recently added"]
    );
}

#[test]
fn films_and_series_are_told_apart() {
    let library = Library::of(&[
        ("The Wire/Season 1/The Wire S01E10.mkv", "Ten"),
        ("The Wire/Season 1/The Wire S01E02.mkv", "Two"),
        ("The Wire/Season 2/The Wire S02E01.mkv", "Next"),
        ("The Wire/Specials/The Wire S00E01.mkv", "Extra"),
        ("Alien.mkv", "Alien\ndate=1979"),
        ("Zulu.mkv", "Zulu\ndate=1964-01-22"),
        ("Home.mkv", "Home 10"),
        ("Home2.mkv", "Home 9"),
        ("a.srt", "-"),
    ]);
    assert_eq!(
        library.below(Role::Series),
        [
            "The Wire/",
            " Season 1/",
            "  Two",
            "  Ten",
            " Season 2/",
            "  Next",
            " Specials/",
            "  Extra",
        ]
    );
    assert_eq!(
        library.below(Role::Films),
        ["Alien", "Home 9", "Home 10", "Zulu"]
    );
    assert_eq!(
        library.below(Role::VideoYears),
        ["1979/", " Alien", "1964/", " Zulu"]
    );
    assert_eq!(library.role(Role::AllVideos).child_count(), 8);
    assert_eq!(library.root(), ["Video", "Folders"]);
}

#[test]
fn in_progress_is_found_but_not_shown() {
    let library = Library::of(&[("a.mkv", "A")]);
    let progress = library.role(Role::InProgress);
    assert_eq!(progress.parent_id(), Some(Role::Video.id()));
    assert_eq!(
        (progress.child_count(), progress.title()),
        (0, "In progress")
    );
    let shown = titles(&library.role(Role::Video));
    assert_eq!(shown, ["Recently added", "Films", "All videos"]);
    assert!(
        Library::of(&[("a.mp3", "A")])
            .now()
            .role(Role::InProgress)
            .is_none()
    );
}

#[test]
fn pictures_are_shelved_by_the_calendar_camera_and_folder() {
    let library = Library::of(&[
        ("trip/b.jpg", "B\ndate=2009-05-17 10:00:00\ncamera=Canon"),
        ("trip/a.jpg", "A\ndate=2009-05-17 12:00:00\ncamera=CANON"),
        ("trip/c.jpg", "C\ndate=2009-12-01"),
        ("x/trip/d.jpg", "D\ndate=2011"),
        ("e.jpg", "E"),
        ("music/cover.jpg", "Cover\ndate=2000"),
        ("music/1.mp3", "Song"),
    ]);
    assert_eq!(
        library.below(Role::Dates),
        [
            "2011/",
            " D",
            "2009/",
            " 2009-05 May/",
            "  2009-05-17/",
            "   B",
            "   A",
            " 2009-12 December/",
            "  2009-12-01/",
            "   C",
            "Unknown date/",
            " E",
        ]
    );
    assert_eq!(library.below(Role::Cameras), ["CANON/", " B", " A"]);
    let albums = library.role(Role::PhotoAlbums);
    let own = library
        .tree
        .path("")
        .file_name()
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert_eq!(titles(&albums), [own.as_str(), "trip", "trip"]);
    assert_eq!(
        titles(&albums.child(1).unwrap()).len() + titles(&albums.child(2).unwrap()).len(),
        4
    );
    assert_eq!(library.below(Role::AllPictures), ["D", "C", "A", "B", "E"]);
    // A cover is no photograph.
    assert_eq!(library.role(Role::Pictures).items_below_count(), 5);
}

#[test]
fn an_appearance_refers_to_the_item_at_home() {
    let library = Library::of(&[("1.mp3", "One\nartist=A\nalbum=B")]);
    let album = library.role(Role::Albums).child(0).unwrap();
    let page = query::page(library.now(), album.id(), &[], 0, 0).unwrap();
    let entry = page.entry(0).unwrap();
    assert_eq!(entry.parent_id(), Some(album.id()));
    let place = Place::parse(&entry.place().to_string()).unwrap();
    let found = library.now().entry(place).unwrap();
    let folders = child(&library.now().root().unwrap(), "Folders");
    assert_eq!(found.object.parent_id(), Some(folders.id()));
    let elsewhere = Place {
        within: Some(library.role(Role::Artists).id()),
        ..place
    };
    assert!(library.now().entry(elsewhere).is_none());
}

#[test]
fn ids_and_update_ids_change_only_with_what_they_name() {
    let mut library = Library::of(&[
        ("1.mp3", "One\nartist=A\nalbum=X\ngenre=Jazz"),
        ("2.mp3", "Two\nartist=B\nalbum=Y"),
        ("p.jpg", "Photo\ndate=2009"),
    ]);
    let all = |library: &Library| -> Vec<(ObjectId, u32, String)> {
        let objects = (0..library.now().records()).filter_map(|n| library.now().object(n));
        let mut all: Vec<_> = objects
            .map(|o| (o.id(), o.update_id(), o.title().to_owned()))
            .collect();
        all.sort_unstable();
        all
    };
    let first = all(&library);
    library.scan();
    assert!(library.is_unchanged);
    // Without the snapshot ids are made anew, and are the same.
    library.snapshot = None;
    library.scan();
    assert_eq!(all(&library), first);

    library.tree.file("3.mp3", b"Three\nartist=a\nalbum=Z");
    library.scan();
    let second = all(&library);
    let update = library.now().system_update_id();
    assert_eq!(update, 2);
    let changed: Vec<&str> = second
        .iter()
        .filter(|(_, id, _)| *id == update)
        .map(|(.., title)| title.as_str())
        .collect();
    // New: Three, album Z, thrice, All tracks of A. Their parents: A, twice, with the number of its children, so also
    // its parents; and so up to Music, whose children have other numbers of children.
    for title in [
        "Three",
        "Z",
        "A",
        "Artists",
        "Albums",
        "Music",
        "All tracks",
        "Recently added",
    ] {
        assert!(changed.contains(&title), "{title} in {changed:?}");
    }
    for title in ["Pictures", "Dates", "2009", "X", "Y", "B", "One", "Jazz"] {
        assert!(!changed.contains(&title), "{title} in {changed:?}");
    }
    for (id, _, title) in &first {
        assert!(second.iter().any(|o| o.0 == *id), "{title} keeps its id");
    }

    fs::remove_file(library.tree.path("3.mp3")).unwrap();
    library.scan();
    let ids = |all: &[(ObjectId, u32, String)]| all.iter().map(|o| o.0).collect::<Vec<_>>();
    assert_eq!(ids(&all(&library)), ids(&first));
}

#[test]
fn what_is_offline_is_in_no_view_and_comes_back() {
    let mut library = Library::of(&[
        ("a/1.mp3", "One\nartist=A\nalbum=X"),
        ("b/2.mp3", "Two\nartist=B\nalbum=Y"),
        ("b/3.jpg", "Three\ndate=2001"),
    ]);
    library.roots = vec!["a", "b"];
    library.snapshot = None;
    library.scan();
    assert_eq!(library.root(), ["Music", "Pictures", "Folders"]);
    let before = tree_of(library.now());
    fs::rename(library.tree.path("b"), library.tree.path("away")).unwrap();
    library.scan();
    assert_eq!(library.root(), ["Music", "Folders"]);
    assert_eq!(titles(&library.role(Role::Artists)), ["A"]);
    assert_eq!(library.below(Role::AllTracks), ["One"]);
    assert!(library.now().role(Role::Dates).is_none());
    fs::rename(library.tree.path("away"), library.tree.path("b")).unwrap();
    assert_eq!(library.scan(), 0);
    assert_eq!(tree_of(library.now()), before);
}

#[test]
fn the_root_is_what_was_chosen_and_a_change_reads_no_file() {
    let mut library = Library::of(&[("d/1.mp3", "One"), ("2.jpg", "Two"), ("3.mkv", "Three")]);
    let item = child(&library.role(Role::AllTracks), "One").id();
    for (shown, root) in [
        (&[View::Folders][..], &["d", "Two", "Three"][..]),
        (&[View::Folders, View::Video], &["Folders", "Video"]),
        (&[View::Pictures, View::Music], &["Pictures", "Music"]),
        (&[View::Folders], &["d", "Two", "Three"]),
    ] {
        library.views.shown = shown.to_vec();
        assert_eq!(library.scan(), 0);
        assert_eq!(library.root(), root);
        // An item is at home and can be fetched whether folders are shown or not.
        let item = library.now().find(item).unwrap();
        let mut buffer = [0; crate::limits::PATH_BYTES];
        assert!(item.path(&mut buffer).is_some());
        assert!(library.now().find(item.parent_id().unwrap()).is_some());
        assert_eq!(
            library.now().role(Role::Music).is_some(),
            shown.contains(&View::Music)
        );
    }
    assert!(Library::of(&[]).root().is_empty());
}

#[test]
fn many_names_stand_on_shelves_by_initials() {
    let mut library = Library::of(&[
        ("1.mp3", "Élan\nartist=Élan\nalbum=X"),
        ("2.mp3", "echo\nartist=echo"),
        ("3.mp3", "2 Fast\nartist=2 Fast"),
        ("4.mp3", "...\nartist=..."),
        ("5.mp3", "zoo\nartist="),
    ]);
    let id = child(&library.role(Role::Artists), "echo").id();
    library.views.initials = 3;
    library.scan();
    assert_eq!(
        library.below(Role::Artists),
        [
            "#/",
            " .../",
            "  ...",
            " 2 Fast/",
            "  2 Fast",
            "E/",
            " echo/",
            "  echo",
            " Élan/",
            "  X/",
            "   Élan",
            "Unknown artist/",
            " zoo",
        ]
    );
    assert_eq!(
        library.below(Role::AllTracks),
        [
            "#/", " ...", " 2 Fast", "E/", " echo", " Élan", "Z/", " zoo"
        ]
    );
    // An artist keeps its id when it moves onto a shelf.
    let echo = library.now().find(id).unwrap();
    assert_eq!((echo.title(), echo.is_copy()), ("echo", false));
    let shelf = library.now().find(echo.parent_id().unwrap()).unwrap();
    assert_eq!((shelf.title(), shelf.items_below_count()), ("E", 2));
    library.views.initials = 4;
    library.scan();
    assert_eq!(titles(&library.role(Role::Artists)).len(), 5);
    assert_eq!(titles(&library.role(Role::AllTracks)), ["#", "E", "Z"]);
}

#[test]
fn the_newest_stand_first_and_are_not_without_end() {
    let mut library = Library::of(&[("old.mp3", "Old")]);
    let changed = |library: &Library, name: &str, secs: u64| {
        let file = fs::File::options()
            .write(true)
            .open(library.tree.path(name))
            .unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(secs))
            .unwrap();
    };
    let added = |library: &Library, title: &str| {
        let object = child(&library.role(Role::AllTracks), title);
        object.record.added.get()
    };
    changed(&library, "old.mp3", 1_600_000_000);
    library.tree.file("future.mp3", b"Future");
    changed(&library, "future.mp3", NOW + 1000);
    library.snapshot = None;
    library.scan();
    // The first scan of a root: the last change, but not the future.
    assert_eq!(added(&library, "Old"), 1_600_000_000);
    assert_eq!(u64::from(added(&library, "Future")), NOW);

    // Later ones: the time of the scan; kept when the file changes.
    library.now = NOW + 60;
    library.tree.file("new.mp3", b"New");
    changed(&library, "new.mp3", 1_500_000_000);
    changed(&library, "old.mp3", 1_700_000_000);
    assert_eq!(library.scan(), 2);
    assert_eq!(u64::from(added(&library, "New")), NOW + 60);
    assert_eq!(added(&library, "Old"), 1_600_000_000);
    assert_eq!(library.below(Role::RecentTracks), ["New", "Future", "Old"]);

    // A clock that was never set tells nothing.
    library.now = 100;
    library.tree.file("lost.mp3", b"Lost");
    changed(&library, "lost.mp3", 1_650_000_000);
    library.scan();
    assert_eq!(added(&library, "Lost"), 1_650_000_000);
    assert_eq!(
        library.below(Role::RecentTracks),
        ["New", "Future", "Lost", "Old"]
    );

    library.now = NOW + 120;
    for i in 0..RECENT {
        library.tree.file(format!("more/{i}.mp3"), b"More");
    }
    library.scan();
    let recent = library.role(Role::RecentTracks);
    assert_eq!(
        (
            recent.child_count() as usize,
            recent.items_below_count() as usize
        ),
        (RECENT, RECENT)
    );
    assert!(titles(&recent).iter().all(|title| *title == "More"));
}

#[test]
fn every_container_is_a_child_of_its_parent_and_holds_what_it_says() {
    let mut library = Library::of(&[
        (
            "a/1.mp3",
            "One\nartist=A\nalbum=X\ngenre=G\ncomposer=C\ndate=1999",
        ),
        (
            "a/2.mp3",
            "Two\nartist=B\nalbum=X\ngenre=G\ncomposer=C\ndate=1999",
        ),
        (
            "a/3.mp3",
            "Three\nartist=B\nalbum=Y\ngenre=H\ncomposer=C\ndate=1998",
        ),
        ("list.m3u", "a/1.mp3\na/2.mp3\n"),
        ("s/Show S01E01.mkv", "Pilot"),
        ("film.mkv", "Film\ndate=2000"),
        ("p/1.jpg", "P\ndate=2009-05-17\ncamera=K"),
    ]);
    for initials in [0, 1] {
        library.views.initials = initials;
        library.scan();
        let snapshot = library.now();
        let views = (0..snapshot.records())
            .filter_map(|n| snapshot.object(n))
            .filter(|o| o.role().is_some_and(|role| role != Role::InProgress));
        let mut seen = 0;
        for view in views {
            seen += 1;
            let parent = snapshot.find(view.parent_id().unwrap()).unwrap();
            assert!(parent.shows(&view), "{view:?} below {parent:?}");
            assert!(
                view.child_count() > 0 && view.items_below_count() > 0,
                "{view:?}"
            );
            // What lies below its containers that are no copies of the rest, and its own items, is what it counts.
            let mut below = Vec::new();
            let mut next = vec![view];
            while let Some(container) = next.pop() {
                for child in container.children(0..u32::MAX) {
                    match (child.is_container(), child.role()) {
                        (false, _) => below.push(child.number()),
                        (true, Some(Role::AllOf)) => {}
                        (true, _) => next.push(child),
                    }
                }
            }
            let mut counted: Vec<u32> = view.items_below(0..u32::MAX).map(|o| o.number()).collect();
            for list in [&mut below, &mut counted] {
                list.sort_unstable();
                if matches!(
                    view.role(),
                    Some(Role::Music | Role::Video | Role::Pictures)
                ) {
                    list.dedup();
                }
            }
            assert_eq!(below, counted, "{view:?}");
        }
        assert!(seen > 40, "{seen}");
    }
}

#[test]
fn a_way_round_in_circles_is_found_and_never_walked() {
    let library = Library::of(&[
        ("1.mp3", "One\nartist=A\nalbum=X\ngenre=G"),
        ("2.mp3", "Two\nartist=B\nalbum=Y\ngenre=G"),
    ]);
    let good = library.now().bytes().to_vec();
    let links_at = u64::from_le_bytes(good[64..72].try_into().unwrap());
    let links_at = usize::try_from(links_at).unwrap();
    let links = u32::from_le_bytes(good[40..44].try_into().unwrap());
    let artists = library.role(Role::Artists);
    let mut refused = 0;
    for link in 0..links as usize {
        for target in [0, library.role(Role::Music).number(), artists.number()] {
            let mut bad = good.clone();
            let at = links_at + 4 * link;
            bad[at..at + 4].copy_from_slice(&target.to_le_bytes());
            let checksum = xxhash_rust::xxh3::xxh3_64(&bad[32..]);
            bad[24..32].copy_from_slice(&checksum.to_le_bytes());
            let snapshot = Snapshot::from_bytes(bad).unwrap();
            refused += u32::from(snapshot.verify().is_err());
            // Whoever walks it comes to an end.
            let mut next: Vec<_> = snapshot.root().into_iter().collect();
            let mut steps = 0;
            while let Some(container) = next.pop() {
                steps += 1;
                assert!(steps < 1000, "link {link} to {target}");
                let _ = container.items_below(0..u32::MAX).count();
                let children = container.children(0..u32::MAX);
                next.extend(children.filter(Object::is_container));
            }
        }
    }
    // All but those that lead from an earlier container to a later one.
    assert!(refused > links * 2, "{refused} of {}", links * 3);
}

#[test]
fn stations_are_shown_in_playlists_alone() {
    let list = "http://h/radio\n1.mp3\nhttp://h/tv.ts\n";
    let mut library = Library::of(&[
        ("1.mp3", "One\nartist=A"),
        ("mixed.m3u", list),
        ("radio.m3u", "http://h/radio\n"),
        ("tv.m3u", "http://h/tv.ts\n"),
    ]);
    assert_eq!(
        library.below(Role::Playlists),
        [
            "mixed/", " h/radio", " One", " h/tv.ts", "radio/", " h/radio"
        ]
    );
    assert_eq!(library.below(Role::AllTracks), ["One"]);
    assert_eq!(library.below(Role::RecentTracks), ["One"]);
    assert!(library.now().role(Role::Video).is_none());
    library.scan();
    library.now().verify().unwrap();
    // Without any track, music is what the stations are.
    let library = Library::of(&[("radio.m3u", "http://h/radio\n")]);
    let music = library.role(Role::Music);
    assert_eq!(titles(&music), ["Playlists"]);
    assert_eq!(music.items_below_count(), 1);
    assert_eq!(library.below(Role::Playlists), ["radio/", " h/radio"]);
}

#[test]
fn what_is_new_stays_first_whatever_the_clock_says() {
    const DAY: u64 = 24 * 60 * 60;
    let mut library = Library::of(&[("old.mp3", "Old")]);
    // Forward ten years, back eleven, and to where it was.
    let times = [NOW, NOW + 3650 * DAY, NOW - 365 * DAY, NOW + DAY, NOW];
    let mut newest_first = vec!["Old".to_owned()];
    for (number, time) in times.into_iter().enumerate() {
        let title = format!("New {number}");
        library.tree.file(format!("{number}.mp3"), title.as_bytes());
        library.now = time;
        library.scan();
        newest_first.insert(0, title);
        assert_eq!(library.below(Role::RecentTracks), newest_first, "{time}");
    }
}
