//! The page and the status under attack, as a browser sees it (`hostile_page.py`): names that are markup wherever a
//! stranger can put one, and a page from elsewhere that tries what pages can.

use std::fs;

use crate::clients::said;
use crate::harness::{
    Connection, FAR, Library, NEAR, Network, Rill, Searcher, Setup, mp3, mp3_tagged, patience,
    wait_for,
};
use crate::page::has_browser;

const URL: &str = "http://10.91.1.1:8200/";
const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/end_to_end/hostile_page.py"
);

/// What strangers write; `MARK` of `hostile_page.py`.
const MARK: &str = "</script><img src=x onerror=\"document.title='owned'\">&amp;";

/// The mark behind a word, as a name of a file.
fn file(word: &str) -> String {
    format!("{word}{}", MARK.replace('/', "\u{2215}"))
}

/// Runs one check of `hostile_page.py` near the server.
fn holds(rill: &Rill, check: &str) {
    let secs = patience(300).as_secs().to_string();
    let output = Network::command(&rill.network().client(NEAR), "timeout")
        .args([&secs, "python3", SCRIPT, check, URL])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}\n{}",
        said(&output),
        String::from_utf8_lossy(&output.stderr),
        rill.log()
    );
}

/// A library whose every name is markup.
fn marked() -> Library {
    let texts = [
        ("TIT2", "title"),
        ("TPE1", "artist"),
        ("TALB", "album"),
        ("TCON", "genre"),
    ];
    let texts = texts.map(|(frame, word)| (frame, format!("{word}{MARK}")));
    let tags: Vec<_> = texts
        .iter()
        .map(|(frame, text)| (*frame, text.as_str()))
        .collect();
    let radio = format!(
        "[playlist]\nNumberOfEntries=2\nFile1=http://10.91.1.2:9/radio.mp3\nTitle1=station{MARK}\n\
         File2=javascript:document.title='owned'\nTitle2=evil\n"
    );
    let root = file("root");
    let library = Library::empty().with(
        format!("{root}/{}/song.mp3", file("folder")),
        &mp3_tagged(&tags, 2_000),
    );
    library.write(format!("{root}/{}.mp4", file("skipped")), b"");
    library.write(format!("{root}/radio.pls"), radio.as_bytes());
    library
}

#[test]
fn names_that_are_markup_are_shown_as_they_are_written() {
    if !has_browser() {
        return;
    }
    let library = marked();
    let Some(rill) = Setup::new(&library)
        .media(library.path(file("root")))
        .set("RILL_NAME", format!("server{MARK}"))
        .set("RILL_VIEWS", "music,folders")
        .expecting(0)
        .start()
    else {
        return;
    };
    let song = rill.wait_for_title(&format!("title{MARK}"));
    // A device that plays it, says a name that is markup, and searches for what is.
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: 10.91.2.1:8200\r\nUser-Agent: agent{MARK}\r\nConnection: close\r\n\r\n",
        song.target()
    );
    let mut device = Connection::open(rill.network(), FAR, Rill::address(FAR));
    device.send(request.as_bytes());
    assert_eq!(device.reply().unwrap().status, 200);
    Searcher::open(rill.network(), FAR).search(&format!("ssdp:all{MARK}"));
    holds(&rill, "names");
    rill.must_answer("names that are markup");
}

#[test]
fn a_page_from_elsewhere_reads_nothing_and_changes_nothing() {
    if !has_browser() {
        return;
    }
    let library = Library::empty().with("song.mp3", &mp3(20));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    holds(&rill, "elsewhere");
    assert!(!rill.log().contains("as the page asks"), "{}", rill.log());
    // It is the server that refused, not the browser that never asked; and those who were refused hold no place.
    let status = rill.get("/status.json", &[]);
    for what in ["requests of foreign pages", "requests for another host"] {
        assert!(status.text().contains(what), "{}", status.text());
    }
    wait_for("nobody follows", 30, || {
        let metrics = rill.get("/metrics", &[]);
        metrics
            .text()
            .contains("\nrill_listeners 0\n")
            .then_some(())
    });
    assert_eq!(fs::read_dir(library.root()).unwrap().count(), 1);
}
