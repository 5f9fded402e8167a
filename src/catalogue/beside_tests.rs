//! What lies beside what, found by whole scans.

use super::*;
use crate::{
    catalogue::{object_id::Place, snapshot::Object},
    media::mime::Mime,
};

/// The file that is shown for the object with this title, by name; `*` if it is the object's own.
fn art(library: &Library, title: &str) -> Option<String> {
    let object = library.object(title);
    let art = object.art()?;
    if art.holder.id() == object.id() {
        return Some("*".into());
    }
    assert_eq!((art.span, art.mime_code), (None, 2));
    // A control point asks for it by its id.
    let found = library.now().find(art.holder.id()).unwrap();
    Some(name(&found))
}

fn name(object: &Object<'_>) -> String {
    String::from_utf8(object.name().to_vec()).unwrap()
}

fn captions(library: &Library, title: &str) -> Vec<String> {
    let captions = library.object(title).captions();
    captions.map(|caption| name(&caption)).collect()
}

fn library(files: &[(&str, &str)]) -> (Tree, Library) {
    let tree = Tree::new("beside");
    for (name, text) in files {
        tree.file(name, text.as_bytes());
    }
    let mut library = Library::of(&tree);
    library.scan();
    (tree, library)
}

#[test]
fn a_picture_inside_the_file_comes_first_then_its_sidecar_then_the_folders() {
    let (_tree, library) = library(&[
        ("m/1.mp3", "#one"),
        ("m/2.mp3", "two"),
        ("m/2.png", "p2"),
        ("m/3.mp3", "three"),
        ("m/4.mkv", "four"),
        ("m/4-POSTER.jpg", "p4"),
        ("m/5.mkv", "five"),
        ("m/5-thumb.png", "p5"),
        ("m/Folder.JPG", "f"),
        ("m/COVER.png", "c"),
        ("n/6.mp3", "six"),
        ("n/other.jpg", "o"),
    ]);
    for (title, shown) in [
        ("#one", Some("*")),
        ("two", Some("2.png")),
        ("three", Some("COVER.png")),
        ("four", Some("4-POSTER.jpg")),
        ("five", Some("5-thumb.png")),
        ("m", Some("COVER.png")),
        ("six", None),
        ("n", None),
        ("o", None),
        ("p2", None),
    ] {
        assert_eq!(art(&library, title).as_deref(), shown, "{title}");
    }
    let inside = library.object("#one").art().unwrap();
    assert_eq!(inside.span, Some((10, 20)));
    assert_eq!(inside.mime_code, Mime::PNG.code());
    assert_eq!(inside.profile_code, None);
    // Pictures of the folder are no photographs; the others are.
    let mut listed = library.tree();
    listed.sort_unstable();
    let mut expected = [
        "m/", "n/", " #one", " two", " three", " four", " five", " six",
    ]
    .to_vec();
    expected.extend([" p2", " p4", " p5", " o"]);
    expected.sort_unstable();
    assert_eq!(listed, expected);
    let images = expected
        .iter()
        .filter(|name| name.starts_with(" p") || **name == " o");
    assert_eq!(library.now().counts().image as usize, images.count());
}

#[test]
fn the_best_name_of_a_folders_picture_wins() {
    let best_first = [
        "cover.jpg",
        "FOLDER.png",
        "front.jpg",
        "poster.jpg",
        "album.jpg",
        "AlbumArt.jpg",
        "AlbumArt_{1-2}_Large.jpg",
        "AlbumArtSmall.jpg",
    ];
    for count in 1..best_first.len() {
        let tree = Tree::new("best");
        tree.file("1.mp3", b"one");
        for name in &best_first[count - 1..] {
            tree.file(name, b"-");
        }
        let mut library = Library::of(&tree);
        library.scan();
        assert_eq!(art(&library, "one").as_deref(), Some(best_first[count - 1]));
        assert_eq!(library.tree(), ["one"]);
        assert_eq!(library.report.listed, 1);
    }
}

#[test]
fn a_folder_of_photographs_shows_its_cover_too_and_an_artists_folder_does_not() {
    let (_tree, library) = library(&[
        ("photos/cover.jpg", "-"),
        ("photos/x.jpg", "-"),
        ("artist/album/1.mp3", "one"),
        ("artist/folder.jpg", "-"),
    ]);
    let listed = ["artist/", " album/", "  one", "photos/", " cover", " x"];
    assert_eq!(library.tree(), listed);
    assert_eq!(art(&library, "artist").as_deref(), Some("folder.jpg"));
    assert_eq!(art(&library, "photos").as_deref(), Some("cover.jpg"));
    assert_eq!(art(&library, "album"), None);
    assert_eq!(library.report.listed, 3);
}

#[test]
fn a_root_of_films_has_pictures_that_it_does_not_list() {
    let tree = Tree::new("beside-only");
    for name in ["film.mkv", "film.jpg", "folder.jpg", "holiday.jpg"] {
        tree.file(name, b"-");
    }
    let mut library = Library::new(&[Root::new(&tree.path(""), Some(Class::Video))]);
    // Kept pictures are found again as well.
    for _ in 0..2 {
        library.scan();
        assert_eq!(library.tree(), ["film"]);
        assert_eq!(library.report.listed, 1);
        let film = library.now().root().unwrap().child(0).unwrap();
        assert_eq!(name(&film.art().unwrap().holder), "film.jpg");
        let root = library.now().root().unwrap();
        assert_eq!(name(&root.art().unwrap().holder), "folder.jpg");
        let id =
            |name: &str| ObjectId::of(tree.path("").as_os_str().as_bytes(), name.as_bytes(), 0);
        assert!(library.now().find(id("folder.jpg")).is_some());
        assert!(library.now().find(id("holiday.jpg")).is_none());
    }
    assert!(library.is_unchanged);
}

#[test]
fn another_cover_is_a_change_of_what_it_is_shown_for() {
    let (tree, mut library) = library(&[("a/1.mp3", "one"), ("b/2.mp3", "two")]);
    library.scan();
    assert!(library.is_unchanged);
    tree.file("a/cover.jpg", b"first");
    library.scan();
    assert_eq!(library.now().system_update_id(), 2);
    tree.file("a/cover.jpg", b"the second");
    assert_eq!(library.scan(), 1);
    assert_eq!(library.now().system_update_id(), 3);
    let ids = ["one", "a", "two", "b"].map(|title| library.object(title).update_id());
    assert_eq!(ids, [3, 3, 1, 1]);
}

#[test]
fn captions_are_found_beside_the_film_exact_names_first() {
    let (_tree, library) = library(&[
        ("film.mkv", "Film"),
        ("film.de.srt", "-"),
        ("film.srt", "-"),
        ("film.pt-BR.forced.ass", "-"),
        ("film 2.mkv", "Film 2"),
        ("film 2.srt", "-"),
        ("films.srt", "-"),
        ("Subs/film.fr.srt", "-"),
        ("Subs/film 2/1_English.srt", "-"),
        ("Subs/any.srt", "-"),
    ]);
    assert_eq!(
        captions(&library, "Film"),
        [
            "film.srt",
            "film.de.srt",
            "film.pt-BR.forced.ass",
            "film.fr.srt"
        ]
    );
    assert_eq!(
        captions(&library, "Film 2"),
        ["film 2.srt", "1_English.srt"]
    );
    assert_eq!(library.tree(), ["Film 2", "Film"]);
}

#[test]
fn a_film_alone_has_every_caption_of_its_folders_for_captions() {
    let (_tree, library) = library(&[
        ("a/film.mkv", "Film"),
        ("a/SUBTITLES/10.srt", "-"),
        ("a/SUBTITLES/2.srt", "-"),
        ("a/SUBTITLES/film.srt", "-"),
        ("a/Extras/film.srt", "-"),
        ("b/film.mkv", "Other"),
    ]);
    assert_eq!(captions(&library, "Film"), ["film.srt", "2.srt", "10.srt"]);
    assert!(captions(&library, "Other").is_empty());
    assert_eq!(library.tree(), ["a/", " Film", "b/", " Other"]);
    let caption = library.object("Film").captions().next().unwrap();
    let mut buffer = [0; limits::PATH_BYTES];
    let (_, len) = caption.path(&mut buffer).unwrap();
    assert!(buffer[..len].ends_with(b"/a/SUBTITLES/film.srt"));
}

fn episode(library: &Library, title: &str) -> (Option<String>, Option<u16>, Option<u16>) {
    let object = library.object(title);
    let series = object.series().map(str::to_owned);
    (series, object.season(), object.episode())
}

#[test]
fn folders_tell_series_and_season() {
    let (_tree, library) = library(&[
        ("Show/Season 2/05 - Title.mkv", "by folder"),
        ("Show/Season 1/S03E04.mkv", "by name"),
        ("Show/Specials/01.mkv", "special"),
        ("Show/Season 2/05 - Song.mp3", "song"),
        ("film.mkv", "film"),
    ]);
    let show = || Some("Show".to_owned());
    assert_eq!(episode(&library, "by folder"), (show(), Some(2), Some(5)));
    assert_eq!(episode(&library, "by name"), (show(), Some(3), Some(4)));
    assert_eq!(episode(&library, "special"), (show(), Some(0), Some(1)));
    assert_eq!(episode(&library, "song"), (None, None, None));
    assert_eq!(episode(&library, "film"), (None, None, None));
}

#[test]
fn a_note_wins_over_the_film_and_is_followed_without_reading_the_film_again() {
    let (tree, mut library) = library(&[
        ("a/1.mkv", "One"),
        ("a/2.mkv", "Two"),
        ("a/Season 1/S01E02 x.mkv", "Three"),
        ("a/movie.nfo", "<movie><title>Of nobody</title></movie>"),
        (
            "a/1.nfo",
            "<episodedetails><title>Noted</title><showtitle>Show</showtitle><season>0</season>\
             <episode>7</episode><aired>2001-02-03</aired></episodedetails>",
        ),
    ]);
    let listed = ["a/", " Season 1/", "  Three", " Noted", " Two"];
    assert_eq!(library.tree(), listed);
    let seven = (Some("Show".to_owned()), Some(0), Some(7));
    assert_eq!(episode(&library, "Noted"), seven);
    let day = library.object("Noted").date().unwrap();
    assert_eq!(day.unix_secs, 981_158_400);
    assert_eq!(
        library.object("Noted").property(Tag::Artist),
        Some("Somebody")
    );
    assert_eq!(library.report.listed, 3);
    // Kept as it is.
    assert_eq!(library.scan(), 0);
    assert!(library.is_unchanged);
    assert_eq!(library.tree(), listed);
    // Changed, and sorted by what it says now.
    tree.file("a/1.nfo", b"<movie><title>Zero</title></movie>");
    assert_eq!(library.scan(), 0);
    assert_eq!(library.now().system_update_id(), 2);
    assert!(library.object("Zero").title_rank() > library.object("Two").title_rank());
    assert_eq!(library.object("Zero").update_id(), 2);
    assert_eq!(library.object("Two").update_id(), 1);
    assert_eq!(episode(&library, "Zero"), (None, None, None));
    // New.
    tree.file("a/2.NFO", b"<movie><title>Second</title></movie>");
    assert_eq!(library.scan(), 0);
    assert_eq!(library.object("Second").update_id(), 3);
    // Gone: the film says again what it always said.
    fs::remove_file(tree.path("a/1.nfo")).unwrap();
    tree.file("a/2.NFO", b"no note at all, but a drawing of letters");
    assert_eq!(library.scan(), 0);
    assert_eq!(
        library.tree(),
        ["a/", " Season 1/", "  Three", " One", " Two"]
    );
    assert_eq!(library.report.skipped(), 0);
}

#[test]
fn movie_nfo_is_for_a_film_alone_and_its_own_note_comes_first() {
    let (_tree, library) = library(&[
        ("a/1.mkv", "One"),
        ("a/Movie.nfo", "<movie><title>Noted</title></movie>"),
        ("b/2.mkv", "Two"),
        ("b/movie.nfo", "<movie><title>Less</title></movie>"),
        ("b/2.nfo", "<movie><title>More</title></movie>"),
        ("c/3.mkv", "Three"),
        ("c/3.nfo", "<tvshow><title>A series</title></tvshow>"),
        ("d/alone.nfo", "<movie><title>Nothing</title></movie>"),
    ]);
    let listed = ["a/", " Noted", "b/", " More", "c/", " Three"];
    assert_eq!(library.tree(), listed);
}

#[test]
fn a_ts_file_that_is_no_transport_stream_is_not_listed() {
    let tree = Tree::new("typescript");
    tree.file("main.ts", b"export const answer = 42;\n");
    tree.file("cut.mkv", b"\x1A\x45\xDF\xA3");
    let roots = vec![Root::new(&tree.path(""), None)];
    let prober = Arc::new(crate::catalogue::prober::MediaProber);
    let scanned = scan(&Job::new(roots, None, prober)).unwrap();
    assert_eq!(tree_of(&scanned.built.to_snapshot().unwrap()), ["cut"]);
    assert_eq!(scanned.report.count(Reason::Content), 1);
}

#[test]
fn a_playlist_is_a_container_of_what_is_listed_elsewhere() {
    let (tree, mut library) = library(&[
        ("a/1.mp3", "one"),
        ("a/2.mp3", "two"),
        ("b/3.mkv", "three"),
        ("b/bad.mp3", "?"),
        ("b/3.srt", "-"),
    ]);
    let absolute = tree.path("b/3.mkv");
    let text = format!(
        "#PLAYLIST:Mine\n../a/2.mp3\n{}\n../a/1.mp3\n../a/2.mp3\n../a/none.mp3\n../b/bad.mp3\n\
         ../b/3.srt\n../../../../etc/passwd\n..\nmine.m3u\nhttp://radio.example/x\n",
        absolute.display()
    );
    tree.file("p/mine.m3u", text.as_bytes());
    tree.file(
        "p/PLS.pls",
        b"[playlist]\nFile2=../a/1.mp3\nFile1=..\\a\\2.mp3\n",
    );
    tree.file("p/empty.m3u", b"none.mp3\n");
    library.scan();
    let listed = [
        "a/",
        " one",
        " two",
        "b/",
        " three",
        "p/",
        " Mine/",
        "  two",
        "  three",
        "  one",
        "  two",
        "  radio.example/x",
        " PLS/",
        "  two",
        "  one",
    ];
    assert_eq!(library.tree(), listed);
    let mine = library.object("Mine");
    assert!(mine.is_container() && mine.is_playlist() && mine.class().is_none());
    assert_eq!(mine.child_count(), 5);
    assert!(!library.object("p").is_playlist());
    // Its entries are met under names of their own, and only what it lists is.
    let (two, bad) = (library.object("two"), library.object("p"));
    let met = mine.entry(two);
    assert_eq!(met.parent_id(), Some(mine.id()));
    assert_eq!(
        met.place().to_string(),
        format!("{}.{}", two.id(), mine.id())
    );
    let found = library.now().entry(met.place()).unwrap();
    assert_eq!(
        (found.object.id(), found.parent_id()),
        (two.id(), Some(mine.id()))
    );
    for (object, within) in [
        (bad.id(), mine.id()),
        (two.id(), bad.id()),
        (mine.id(), mine.id()),
    ] {
        let within = Some(within);
        assert!(library.now().entry(Place { object, within }).is_none());
    }
    assert_eq!(library.report.listed, 3);
    let before = library.now().system_update_id();
    library.scan();
    assert!(library.is_unchanged);
    // What an entry leads to is gone, and comes.
    fs::rename(tree.path("a/1.mp3"), tree.path("p/none.mp3")).unwrap();
    library.scan();
    assert_eq!(library.now().system_update_id(), before + 1);
    assert_eq!(library.object("Mine").child_count(), 4);
    assert_eq!(library.object("Mine").update_id(), before + 1);
    assert_eq!(library.object("empty").child(0).unwrap().title(), "one");
}

#[test]
fn a_playlist_reaches_other_roots_and_nothing_outside() {
    let (music, other, outside) = (Tree::new("pl"), Tree::new("pl"), Tree::new("pl"));
    for tree in [&music, &other, &outside] {
        tree.file("1.mp3", tree.path("").to_str().unwrap().as_bytes());
    }
    let entry = |tree: &Tree| tree.path("1.mp3").display().to_string();
    let text = [&outside, &other, &music].map(entry).join("\n");
    music.file("list.m3u", text.as_bytes());
    let roots = [&music, &other].map(|tree| Root::new(&tree.path(""), None));
    let mut library = Library::new(&roots);
    library.scan();
    let list = library.object("list");
    let found: Vec<&str> = list.children(0..9).map(|child| child.title()).collect();
    let expected = [&other, &music].map(|tree| tree.path("").display().to_string());
    assert_eq!(found, expected);
    // A disk that is away takes its entries with it, and brings them back.
    fs::rename(other.path(""), outside.path("away")).unwrap();
    library.scan();
    assert_eq!(library.object("list").child_count(), 1);
    fs::rename(outside.path("away"), other.path("")).unwrap();
    library.scan();
    assert_eq!(library.object("list").child_count(), 2);
    fs::rename(music.path(""), outside.path("away")).unwrap();
    library.scan();
    assert!(library.object("list").is_offline());
    fs::rename(outside.path("away"), music.path("")).unwrap();
}

/// Titles and URLs of what a playlist lists.
fn streams(library: &Library, title: &str) -> Vec<(String, Option<String>)> {
    let list = library.object(title);
    let entry = |child: Object<'_>| {
        let url = child.stream_url().map(str::to_owned);
        (child.title().to_owned(), url)
    };
    list.children(0..99).map(entry).collect()
}

#[test]
fn streams_are_at_home_in_their_playlist_in_its_order() {
    let (tree, mut library) = library(&[
        ("m/1.mp3", "one"),
        (
            "m/list.m3u",
            "#EXTINF:-1,Station <&> \u{e9}\nhttp://radio.example/a?x=1&y=2\n1.mp3\n\
             HTTPS://tv.example/live.ts\nhttp://radio.example/a?x=1&y=2\n1.mp3\n\
             http://radio.example/<b>\n",
        ),
        (
            "m/only.pls",
            "[playlist]\nFile1=http://radio.example/a?x=1&y=2\nTitle1=Other\n",
        ),
        ("m/none.m3u", "http://\nrtsp://radio.example/x\n"),
    ]);
    let radio = Some("http://radio.example/a?x=1&y=2".to_owned());
    let entries = |first: &str| {
        [
            (first.to_owned(), radio.clone()),
            ("one".to_owned(), None),
            (
                "tv.example/live.ts".to_owned(),
                Some("https://tv.example/live.ts".to_owned()),
            ),
            ("radio.example/a".to_owned(), radio.clone()),
            ("one".to_owned(), None),
        ]
    };
    assert_eq!(streams(&library, "list"), entries("Station <&> \u{e9}"));
    assert_eq!(
        streams(&library, "only"),
        [("Other".to_owned(), radio.clone())]
    );
    assert_eq!(library.report.listed, 1);
    assert!(library.report.to_string().contains("cannot be told"));
    let list = library.object("list");
    let all: Vec<Object<'_>> = list.children(0..9).collect();
    let mut buffer = [0; limits::PATH_BYTES];
    for stream in [all[0], all[2], all[3]] {
        assert_eq!(stream.parent_id(), Some(list.id()));
        assert_eq!(list.entry(stream).within, None);
        assert_eq!(
            library.now().find(stream.id()).unwrap().number(),
            stream.number()
        );
        assert!(stream.path(&mut buffer).is_none() && stream.art().is_none());
        assert_eq!((stream.size(), stream.duration()), (0, None));
    }
    assert_ne!(all[0].id(), all[3].id());
    assert_ne!(all[0].id(), library.object("Other").id());
    let audio = "object.item.audioItem.audioBroadcast";
    assert_eq!(all[0].upnp_class(), audio);
    assert_eq!(all[2].upnp_class(), "object.item.videoItem.videoBroadcast");
    assert_eq!(all[1].upnp_class(), "object.item.audioItem.musicTrack");
    let (id, other) = (all[0].id(), all[2].id());
    library.now().verify().unwrap();
    library.scan();
    assert!(library.is_unchanged);
    // Another title is a change of that entry, and it stays who it is.
    let before = library.now().system_update_id();
    let text = fs::read_to_string(tree.path("m/list.m3u")).unwrap();
    tree.file("m/list.m3u", text.replace("Station <&>", "New").as_bytes());
    library.scan();
    assert_eq!(streams(&library, "list"), entries("New \u{e9}"));
    assert_eq!(library.now().find(id).unwrap().update_id(), before + 1);
    assert_eq!(library.object("list").update_id(), before + 1);
    assert_eq!(library.now().find(other).unwrap().update_id(), before);
    // One that is taken out is gone.
    tree.file("m/list.m3u", b"HTTPS://tv.example/live.ts\n");
    library.scan();
    assert_eq!(library.object("list").child_count(), 1);
    assert!(library.now().find(id).is_none() && library.now().find(other).is_some());
    library.now().verify().unwrap();
}

#[test]
fn streams_stay_while_their_playlist_is_not_read_and_go_with_its_disk() {
    let (tree, mut library) = library(&[
        ("a/1.mp3", "one"),
        ("a/list.m3u", "http://radio.example/x\n1.mp3\n"),
        ("b/2.mp3", "two"),
    ]);
    let before = streams(&library, "list");
    let id = library.object("radio.example/x").id();
    tree.file("b/3.mp3", b"three");
    library.change(&[("b", Depth::Here)]);
    assert_eq!(streams(&library, "list"), before);
    assert_eq!(library.object("list").update_id(), 1);
    assert_eq!(library.object("radio.example/x").id(), id);
    library.change(&[("b", Depth::Here)]);
    assert!(library.is_unchanged);
    // Renamed, the playlist and its streams stay who they are.
    fs::rename(tree.path("a/list.m3u"), tree.path("b/new.m3u")).unwrap();
    library.scan();
    assert_eq!(library.now().find(id).unwrap().title(), "radio.example/x");
    let away = Tree::new("away");
    fs::rename(tree.path(""), away.path("x")).unwrap();
    library.scan();
    assert!(library.object("new").is_offline());
    assert!(library.now().find(id).is_none());
    fs::rename(away.path("x"), tree.path("")).unwrap();
    library.scan();
    assert_eq!(library.now().find(id).unwrap().title(), "radio.example/x");
}

#[test]
fn a_root_of_music_has_no_television_and_one_of_films_no_radio() {
    let tree = Tree::new("streams-only");
    tree.file("list.m3u", b"http://h/radio\nhttp://h/tv.ts\n");
    for (only, shown) in [(Class::Audio, "h/radio"), (Class::Video, "h/tv.ts")] {
        let mut library = Library::new(&[Root::new(&tree.path(""), Some(only))]);
        library.scan();
        assert_eq!(library.tree(), ["list/".to_owned(), format!(" {shown}")]);
    }
}
