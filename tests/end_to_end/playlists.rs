//! Playlists as a control point sees them: what they name below the folders, radio, and nothing from elsewhere.

use crate::harness::{Library, Setup, mp3_titled};

/// Where nobody may get by a playlist: a song beside the served folder.
const OUTSIDE: &str = "Secret";

fn library() -> Library {
    let library = Library::empty()
        .with("Songs/one.mp3", &mp3_titled("One", 40))
        .with("Songs/zw\u{f6}lf.mp3", &mp3_titled("Twelve", 40));
    let secret = library.beside("secret.mp3");
    std::fs::write(&secret, mp3_titled(OUTSIDE, 40)).unwrap();
    let secret = secret.to_str().unwrap().to_owned();
    let root = library.root().to_str().unwrap().to_owned();
    let lines = [
        "#EXTM3U",
        "#EXTINF:1,Called otherwise",
        "..\\Songs\\one.mp3",
        "../Songs/zw\u{f6}lf.mp3",
        "http://127.0.0.1:9/radio",
        "../../secret.mp3",
        &secret,
        "/etc/hostname",
        "file:///etc/passwd",
        "ftp://127.0.0.1/one.mp3",
        "gone.mp3",
        "../Songs",
        "",
    ];
    let text = lines.join("\r\n");
    let latin: Vec<u8> = text
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    library.write("Lists/old.m3u", &latin);
    library.write("Lists/new.m3u8", text.as_bytes());
    let pls = format!(
        "[playlist]\nNumberOfEntries=4\nFile2={root}/Songs/one.mp3\nTitle1=My radio\nFile1=http://127.0.0.1:9/radio\n\
         File3={secret}\nFile4=../Songs/zw\u{f6}lf.mp3\nVersion=2\n"
    );
    library.write("Lists/some.pls", pls.as_bytes());
    library
}

#[test]
fn files_below_the_folders_and_streams_are_items_in_the_playlists_order_and_nothing_else_is() {
    let library = library();
    // Two files; each of three lists holds both and a stream.
    let Some(rill) = Setup::new(&library).expecting(2 + 3 * 3).start() else {
        return;
    };
    let lists = rill.children(&rill.find("Lists").id);
    assert_eq!(lists.titles(), ["new", "old", "some"]);
    let expected = [
        ["One", "Twelve", "radio"],
        ["One", "Twelve", "radio"],
        ["My radio", "One", "Twelve"],
    ];
    for (list, titles) in lists.objects.iter().zip(expected) {
        assert_eq!(list.class, "object.container.playlistContainer", "{list:?}");
        let page = rill.children(&list.id);
        let shown: Vec<_> = page.titles();
        assert_eq!(shown.len(), titles.len(), "{}: {shown:?}", list.title);
        for (object, title) in page.objects.iter().zip(titles) {
            let info = object.res().attribute("protocolInfo").unwrap();
            if title.ends_with("radio") {
                assert!(object.title.ends_with("radio"), "{shown:?}");
                assert_eq!(object.res().text, "http://127.0.0.1:9/radio");
                assert_eq!(object.class, "object.item.audioItem.audioBroadcast");
                assert_eq!(object.res().attribute("size"), None);
            } else {
                assert_eq!(object.title, title, "{shown:?}");
                assert!(info.contains("audio/mpeg:DLNA.ORG_PN=MP3;"), "{info}");
                let reply = rill.get(object.target(), &[]);
                assert_eq!((reply.status, &reply.body), (200, &mp3_titled(title, 40)));
            }
        }
    }
    assert!(rill.walk().iter().all(|object| object.title != OUTSIDE));
}

#[test]
fn a_playlist_that_changes_or_goes_changes_what_is_listed() {
    let library = library();
    let Some(rill) = Setup::new(&library).expecting(11).start() else {
        return;
    };
    library.write(
        "Lists/some.pls",
        b"[playlist]\nFile1=../Songs/one.mp3\nNumberOfEntries=1\n",
    );
    rill.wait_for_items(9);
    std::fs::remove_file(library.path("Lists/old.m3u")).unwrap();
    rill.wait_for_items(6);
    assert_eq!(rill.children(&rill.find("some").id).titles(), ["One"]);
    rill.must_answer("playlists that changed");
}
