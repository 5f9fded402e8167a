//! The page for people: in headless Chromium (`page.py`), and with every request that page or nuisance can make.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::clients::{near, said, with_python};
use crate::harness::{
    Connection, Library, NEAR, Network, Reply, Rill, Searcher, Setup, have, mp3, mp3_titled, mp4,
    patience, run, skip, wait_for,
};

use crate::samples::json::Json;

const URL: &str = "http://10.91.1.1:8200/";
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/end_to_end/page.py");

// ---- in a browser ------------------------------------------------------------------------------

#[test]
fn a_browser_shows_searches_plays_and_follows() {
    let Some(library) = for_eyes() else {
        return;
    };
    let Some(rill) = Setup::new(&library)
        .set("RILL_NAME", "rill in the house")
        .set("RILL_VIEWS", "music,video,pictures,folders")
        // Posters and covers are no items of their own.
        .expecting(0)
        .start()
    else {
        return;
    };
    let pictures = library.beside("pictures");
    fs::create_dir_all(&pictures).unwrap();
    let output = browser(&rill, &["all", URL, pictures.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}\n{}", said(&output), rill.log());
    // What was watched in the browser is told to televisions.
    let all = rill.walk();
    let film = all.iter().filter(|object| object.title == "Metropolis");
    let told = film.filter_map(|film| film.element.text_of("lastPlaybackPosition"));
    let told: Vec<_> = told.collect();
    assert!(
        told.iter().any(|position| *position >= "0:02:00"),
        "{told:?}"
    );
    for name in ["library.webp", "status.webp", "phone.webp"] {
        let made = fs::read(pictures.join(name)).unwrap();
        assert!((5_000..150_000).contains(&made.len()), "{name}");
        if std::env::var_os("RILL_BLESS").is_some() {
            let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/pictures");
            fs::create_dir_all(&kept).unwrap();
            fs::write(kept.join(name), made).unwrap();
        }
    }
}

#[test]
fn the_bar_moves_while_a_scan_runs() {
    if !has_browser() {
        return;
    }
    // So many that the browser is there before the scan ends: each is read far before it is given up.
    let library = Library::empty();
    let packet = [&b"\x47\x1f\xff\x10"[..], &[0xff; 184]].concat();
    let first = library.write("many/0.ts", &packet.repeat(50_000));
    for number in 1..30_000 {
        fs::hard_link(&first, library.path(format!("many/{number}.ts"))).unwrap();
    }
    let Some(mut rill) = Setup::new(&library).start() else {
        return;
    };
    rill.kill();
    fs::remove_dir_all(rill.state()).unwrap();
    let mut browser = browser(&rill, &["progress", URL])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(browser.stdout.take().unwrap());
    let mut ready = String::new();
    told.read_line(&mut ready).unwrap();
    assert_eq!(ready, "ready\n");
    rill.spawn();
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    assert!(browser.wait().unwrap().success(), "{rest}\n{}", rill.log());
}

#[test]
fn the_page_asks_now_and_then_where_too_many_follow_already() {
    if !has_browser() {
        return;
    }
    let library = small();
    for number in 0..150 {
        library.write(format!("broken/{number}.mp4"), b"");
    }
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let followers: Vec<_> = (0..64).map(|_| follow(&rill)).collect();
    assert!(followers.iter().all(|(_, head)| head.status == 200));
    let mut browser = browser(&rill, &["polls", URL])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(browser.stdout.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    let mut rest = String::new();
    if line == "ready\n" {
        library.write("new.mp3", &mp3(4));
    }
    told.read_to_string(&mut rest).unwrap();
    assert!(
        browser.wait().unwrap().success(),
        "{line}{rest}\n{}",
        rill.log()
    );
}

/// The browser in the client's namespace, ended after a while.
fn browser(rill: &Rill, words: &[&str]) -> Command {
    let client = rill.network().client(NEAR);
    let mut command = Network::command(&client, "timeout");
    let secs = patience(300).as_secs().to_string();
    command.args([&secs, "python3", SCRIPT]).args(words);
    command
}

pub(crate) fn has_browser() -> bool {
    if std::env::var_os("RILL_RUNNER").is_some() {
        skip(
            "the browser looks at the program itself, not at an emulated one: the page is the same",
        );
        return false;
    }
    have("chromium") && have("python3")
}

/// A library that is fit to be seen; `None`, aloud, where it cannot be made or seen.
fn for_eyes() -> Option<Library> {
    if !has_browser() || !have("ffmpeg") {
        return None;
    }
    let mut library = Library::empty();
    for (number, (title, year, dark, bright)) in FILMS.into_iter().enumerate() {
        // So long that no busy machine comes to its end.
        let secs = if number == 0 { 240 } else { 1 };
        let colours = format!("c0={dark}:c1={bright}:seed={}", number + 1);
        let film = format!("Films/{title} ({year})/{title}.mp4");
        make(
            &mut library,
            &film,
            &[
                &format!("gradients=s=320x180:r=2:{colours}:d={secs}"),
                &format!("sine=frequency=220:sample_rate=16000:duration={secs}"),
            ],
            &[
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-pix_fmt",
                "yuv420p",
                "-g",
                "10",
                "-c:a",
                "aac",
                "-aac_coder",
                "fast",
                "-shortest",
                "-movflags",
                "+faststart",
            ],
        );
        let poster = format!("gradients=s=300x450:nb_colors=3:{colours}:c2=0x101820");
        let name = film.replace(".mp4", ".jpg");
        make(&mut library, &name, &[&poster], &["-frames:v", "1"]);
    }
    let subtitles = b"1\r\n00:00:00,000 --> 00:04:00,000\r\nDer Mittler zwischen Hirn und H\xe4nden muss das Herz sein.\r\n";
    library.write("Films/Metropolis (1927)/Metropolis.de.srt", subtitles);
    let subtitles = b"[Events]\nDialogue: 0,0:00:00.00,0:04:00.00,Default,,0,0,0,,The mediator, {\\i1}between{\\i0} head and hands\\Nmust be the heart.\n";
    library.write("Films/Metropolis (1927)/Metropolis.en.ass", subtitles);
    for (number, made) in ALBUMS.into_iter().enumerate() {
        let ([artist, album, genre], [dark, bright]) = (made.tags, made.colours);
        let folder = format!("Music/{artist}/{album}");
        let cover = format!(
            "gradients=s=300x300:nb_colors=2:c0={dark}:c1={bright}:seed={}",
            number + 31
        );
        make(
            &mut library,
            &format!("{folder}/cover.jpg"),
            &[&cover],
            &["-frames:v", "1"],
        );
        for (number, title) in made.songs.iter().enumerate() {
            let track = (number + 1).to_string();
            let tags = [
                ("title", *title),
                ("artist", artist),
                ("album", album),
                ("track", &track),
                ("genre", genre),
            ];
            let tags = tags.map(|(name, value)| format!("{name}={value}"));
            let mut options = vec![
                "-c:a",
                "libmp3lame",
                "-b:a",
                "32k",
                "-compression_level",
                "9",
            ];
            options.extend(tags.iter().flat_map(|tag| ["-metadata", tag]));
            let tone = format!(
                "sine=frequency={}:sample_rate=16000:duration={}",
                220 + 40 * number,
                100 + 37 * number
            );
            make(
                &mut library,
                &format!("{folder}/{track} {number}.mp3"),
                &[&tone],
                &options,
            );
        }
    }
    for number in 0..6 {
        let photo = format!("gradients=s=480x360:nb_colors=4:seed={}", 7 * number + 3);
        make(
            &mut library,
            &format!("Photos/Lake/IMG_{number}.jpg"),
            &[&photo],
            &["-frames:v", "1"],
        );
    }
    add_odd(&mut library);
    Some(library)
}

/// Adds what is listed badly or not at all, and a name that would be markup.
fn add_odd(library: &mut Library) {
    let name = "</script><img src=x onerror=\"document.title='owned'\">&amp;\n";
    library.add(
        format!("odd/{}.mp3", name.replace('/', "\u{2215}")),
        &mp3_titled(name, 2),
    );
    library.add("odd/old.mp4", &mp4(60, 320, 240, b"no picture in here"));
    library.add("odd/scan.tif", b"II*\0\x08\0\0\0\0\0");
    library.write("odd/damaged.mp4", b"");
}

/// Title, year, two colours of the poster.
const FILMS: [(&str, &str, &str, &str); 6] = [
    ("Metropolis", "1927", "0x203a43", "0xd9a441"),
    ("Nosferatu", "1922", "0x1d1f2a", "0x8a5cf6"),
    ("The General", "1926", "0x14532d", "0xfacc15"),
    ("A Trip to the Moon", "1902", "0x0b1d51", "0xe8e6df"),
    ("Safety Last!", "1923", "0x7f1d1d", "0xfca5a5"),
    ("The Phantom Carriage", "1921", "0x0f766e", "0xa7f3d0"),
];

/// An album that is heard, and seen by the two colours of its cover.
struct Album {
    tags: [&'static str; 3],
    colours: [&'static str; 2],
    songs: &'static [&'static str],
}

/// Artist, album, genre; colours; songs.
const ALBUMS: [Album; 4] = [
    Album {
        tags: ["Johann Sebastian Bach", "Goldberg Variations", "Baroque"],
        colours: ["0x134e4a", "0x99f6e4"],
        songs: &[
            "Aria",
            "Variation 1",
            "Variation 2",
            "Variation 3",
            "Variation 4",
        ],
    },
    Album {
        tags: ["Antonio Vivaldi", "The Four Seasons", "Baroque"],
        colours: ["0x365314", "0xfde047"],
        songs: &[
            "Spring: Allegro",
            "Summer: Presto",
            "Autumn: Allegro",
            "Winter: Largo",
        ],
    },
    Album {
        tags: ["Claude Debussy", "Children's Corner", "Impressionism"],
        colours: ["0x1e3a8a", "0xf9a8d4"],
        songs: &["Doctor Gradus ad Parnassum", "Jimbo's Lullaby"],
    },
    Album {
        tags: ["Erik Satie", "Gymnop\u{e9}dies", "Modernism"],
        colours: ["0x3f3f46", "0xe7e5e4"],
        songs: &[
            "Gymnop\u{e9}die No. 1",
            "Gymnop\u{e9}die No. 2",
            "Gymnop\u{e9}die No. 3",
        ],
    },
];

/// Adds what ffmpeg makes of `sources`.
fn make(library: &mut Library, name: &str, sources: &[&str], options: &[&str]) {
    let kind = name.rsplit('.').next().unwrap();
    let made = library.beside(&format!("made.{kind}"));
    let inputs = sources
        .iter()
        .flat_map(|source| ["-f", "lavfi", "-i", source]);
    run(Command::new("ffmpeg")
        .args(["-hide_banner", "-loglevel", "error", "-y", "-threads", "1"])
        .args(inputs)
        .args(options)
        .arg(&made));
    library.add(name, &fs::read(made).unwrap());
}

// ---- its files ---------------------------------------------------------------------------------

fn small() -> Library {
    Library::empty()
        .with("film.mp4", &mp4(60, 640, 360, b"film"))
        .with("song.mp3", &mp3_titled("Song", 3))
}

#[test]
fn the_files_of_the_page_are_packed_for_those_who_unpack_and_known_again() {
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for (path, mime, word) in [
        ("/", "text/html; charset=utf-8", "<!doctype html>"),
        ("/page/page.css", "text/css; charset=utf-8", ":root"),
        (
            "/page/page.js",
            "text/javascript; charset=utf-8",
            "use strict",
        ),
        ("/page/texts.json", "application/json", "languages"),
    ] {
        let plain = rill.get(path, &[]);
        assert_eq!(plain.field("Content-Type"), Some(mime));
        assert_eq!(plain.field("Content-Encoding"), None);
        assert!(plain.text().contains(word), "{path}");
        let accept = ("Accept-Encoding", "gzip, deflate");
        let packed = rill.get(path, &[accept]);
        assert_eq!(packed.field("Content-Encoding"), Some("deflate"));
        assert_eq!(packed.field("Vary"), Some("Accept-Encoding"));
        assert!(packed.body.len() < plain.body.len() / 2, "{path}");
        let policy = packed.field("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self';"));
        assert!(!policy.contains("unsafe"));
        let tag = packed.field("ETag").unwrap();
        assert_ne!(Some(tag), plain.field("ETag"));
        let known = rill.get(path, &[accept, ("If-None-Match", tag)]);
        assert_eq!((known.status, known.body.len()), (304, 0));
    }
}

#[test]
fn nobody_but_the_page_orders_a_scan_and_foreign_names_are_refused() {
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for fields in [
        &[][..],
        &[("Origin", "http://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "http://10.91.1.1:9000")],
        &[("Sec-Fetch-Site", "cross-site")],
    ] {
        assert_eq!(
            rill.request("POST", "/rescan", fields, b"").status,
            403,
            "{fields:?}"
        );
    }
    assert!(!rill.log().contains("as the page asks"));
    let own = [("Origin", "http://10.91.1.1:8200")];
    assert_eq!(rill.request("POST", "/rescan", &own, b"").status, 204);
    rill.wait_for_log("as the page asks", 1);
    for path in [
        "/",
        "/page/page.js",
        "/live",
        "/status.json",
        "/metrics",
        "/health",
    ] {
        let foreign = rill.get(path, &[("Host", "evil.example:8200")]);
        assert_eq!(foreign.status, 403, "{path}");
        assert_eq!(rill.request("POST", path, &own, b"").status, 405, "{path}");
    }
}

#[test]
fn hostile_names_stay_texts_in_every_answer() {
    use std::os::unix::ffi::OsStringExt as _;
    let mut library = small();
    let name = b"\"},{\\<script><img onerror=x>\r\n\x1b[2J\xff.mp4".to_vec();
    library.write(std::ffi::OsString::from_vec(name), b"");
    library.add("title.mp3", &mp3_titled("\"},{\u{2028}</script>", 2));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let agent = "\"},{\\</script><img src=x onerror=alert(1)> \u{202e}";
    let song = rill.find("\"},{\u{2028}</script>");
    assert_eq!(
        rill.get(song.target(), &[("User-Agent", agent)]).status,
        200
    );
    let status = rill.get("/status.json", &[("User-Agent", agent)]);
    assert_eq!(status.field("X-Content-Type-Options"), Some("nosniff"));
    let text = status.text();
    assert!(
        text.contains(r#""agent":"\"},{\\</script><img src=x onerror=alert(1)> \u202e""#),
        "{text}"
    );
    assert!(
        text.contains(r#"/\"},{\\<script><img onerror=x>\r\n\u001b[2J"#),
        "{text}"
    );
    assert!(text.contains(r#""title":"\"},{\u2028</script>""#), "{text}");
    if have("python3") {
        let output = near(rill.network(), "python3")
            .args(["-c", "import json, sys, urllib.request as u; d = json.load(u.urlopen(sys.argv[1])); print(d['scan']['skipped'], len(d['skipped_files']))"])
            .arg(format!("{URL}status.json"))
            .output()
            .unwrap();
        assert_eq!(said(&output), "1 1\n");
    }
    let metrics = rill.get("/metrics", &[]);
    assert!(metrics.text().contains("\nrill_skipped_files 1\n"));
    assert!(metrics.text().contains("\nrill_items{class=\"audio\"} 2\n"));
}

// ---- following ---------------------------------------------------------------------------------

fn follow(rill: &Rill) -> (Connection, Reply) {
    let mut connection = rill.connect();
    connection.send(&Rill::request_bytes("GET", "/live", &[], b""));
    let head = connection.head().unwrap();
    (connection, head)
}

/// Reads until an event says this.
fn told(connection: &mut Connection, what: &str) -> bool {
    let end = std::time::Instant::now() + patience(20);
    let mut text = Vec::new();
    while std::time::Instant::now() < end {
        let byte = connection.read(1);
        if byte.is_empty() {
            return false;
        }
        text.extend(byte);
        if text.ends_with(b"\n\n") {
            if String::from_utf8_lossy(&text).contains(what) {
                return true;
            }
            text.clear();
        }
    }
    false
}

#[test]
fn those_who_follow_are_told_and_those_who_do_not_listen_hold_back_nobody() {
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let (mut listener, head) = follow(&rill);
    assert_eq!(head.field("Content-Type"), Some("text/event-stream"));
    assert_eq!(head.field("Connection"), Some("close"));
    assert!(told(&mut listener, "\"audio\":1,"));
    // The others never read.
    let others: Vec<_> = (1..64).map(|_| follow(&rill)).collect();
    assert!(others.iter().all(|(_, head)| head.status == 200));
    assert_eq!(follow(&rill).1.status, 503);
    library.write("new.mp3", &mp3(4));
    assert!(told(&mut listener, "\"audio\":2,"));
    rill.must_answer("64 listeners");
    // Places come back when they have gone.
    drop(others);
    wait_for("a place", 20, || {
        (follow(&rill).1.status == 200).then_some(())
    });
    assert!(told(&mut listener, "\"listeners\":{\"used\":"));
}

#[test]
fn nothing_is_looked_at_while_nobody_follows() {
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let (listener, _) = follow(&rill);
    drop(listener);
    wait_for("nobody is counted", 20, || {
        let text = rill.get("/metrics", &[]).text().to_owned();
        text.contains("\nrill_listeners 0\n").then_some(())
    });
    // A look each second would be three in this time, and more with what it does. Announcements come and go.
    let wakes = || {
        let status = fs::read_to_string(format!("/proc/{}/status", rill.pid())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
        line.unwrap().trim().parse::<u64>().unwrap()
    };
    wait_for("it sleeps", 60, || {
        let before = wakes();
        std::thread::sleep(std::time::Duration::from_secs(3));
        (wakes() - before < 3).then_some(())
    });
}

// ---- for programs ------------------------------------------------------------------------------------

/// Every field as README.md calls it, of lists those of each object.
fn add_fields(json: &Json, name: &str, fields: &mut BTreeSet<String>) {
    match json {
        Json::Map(_) => {
            for (key, value) in json.members() {
                let dot = if name.is_empty() { "" } else { "." };
                add_fields(value, &format!("{name}{dot}{key}"), fields);
            }
        }
        Json::List(items) if matches!(items.first(), Some(Json::Map(_))) => {
            for item in items {
                add_fields(item, name, fields);
            }
        }
        _ => {
            fields.insert(name.to_owned());
        }
    }
}

#[test]
fn the_fields_of_the_status_are_those_that_the_readme_tells_of() {
    let mut library = small();
    library.write("broken.mp4", b"");
    library.add("damaged.mp3", b"ID3 and nothing else");
    library.add("long.mp4", &mp4(60, 640, 360, &vec![7; 8 << 20]));
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    // Something of each: a stream under way, a search, a request that is refused.
    let mut player = rill.connect();
    let film = rill.find("long");
    player.send(&Rill::request_bytes("GET", film.target(), &[], b""));
    assert_eq!(player.head().unwrap().status, 200);
    let searcher = Searcher::open(rill.network(), NEAR);
    let foreign = rill.get("/", &[("Host", "evil.example")]);
    assert_eq!(foreign.status, 403);
    let all = wait_for("something of each", 30, || {
        searcher.search("ssdp:all");
        let all = Json::parse(rill.get("/status.json", &[]).text());
        let lists = [
            "roots",
            "devices",
            "streams",
            "searches",
            "turned_away",
            "skipped_files",
            "troubled_files",
        ];
        let is_there = |name: &&str| all.at(name).items().next().is_some();
        lists.iter().all(is_there).then_some(all)
    });
    let mut served = BTreeSet::new();
    add_fields(&all, "", &mut served);
    let readme = include_str!("../../README.md");
    let (_, table) = readme.split_once("Every field of `/status.json`").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| line.split('|').nth(1));
    let told: BTreeSet<_> = rows
        .flat_map(|fields| fields.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect();
    let untold: Vec<_> = served.difference(&told).collect();
    let missing: Vec<_> = told.difference(&served).collect();
    assert!(untold.is_empty(), "README.md is silent on {untold:?}");
    assert!(missing.is_empty(), "nobody serves {missing:?}");
}

#[test]
fn the_metrics_are_what_prometheus_reads() {
    let Some((rill, python)) = with_python(&small()) else {
        return;
    };
    let script = "import sys, urllib.request as u\n\
        from prometheus_client.parser import text_string_to_metric_families as read\n\
        reply = u.urlopen(sys.argv[1])\n\
        assert reply.headers['Content-Type'].startswith('text/plain; version=0.0.4'), reply.headers\n\
        families = {f.name: f for f in read(reply.read().decode())}\n\
        assert len(families) > 20 and all(f.documentation and f.samples for f in families.values())\n\
        assert {f.type for f in families.values()} == {'gauge', 'counter'}\n\
        audio = [int(s.value) for s in families['rill_items'].samples if s.labels == {'class': 'audio'}]\n\
        print(audio, families['rill_requests'].samples[0].name)";
    let output = near(rill.network(), python.to_str().unwrap())
        .args(["-c", script])
        .arg(format!("{URL}metrics"))
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said(&output), "[1] rill_requests_total\n", "{errors}");
}

// ---- health, subtitles ---------------------------------------------------------------------------

#[test]
fn health_tells_of_folders_that_are_not_there() {
    let library = small();
    let Some(rill) = Setup::new(&library)
        .media(library.beside("missing"))
        .expecting(0)
        .start()
    else {
        return;
    };
    let health = wait_for("it says so", 20, || {
        let health = rill.get("/health", &[]);
        (health.status == 503).then_some(health)
    });
    assert_eq!(
        health.text(),
        "No media folder is there: is the disk connected?\n"
    );
    fs::create_dir(library.beside("missing")).unwrap();
    fs::copy(library.path("song.mp3"), library.beside("missing/song.mp3")).unwrap();
    wait_for("all is well again", 20, || {
        (rill.get("/health", &[]).status == 200).then_some(())
    });
}

#[test]
fn subtitles_become_webvtt_for_browsers_alone() {
    let library = Library::empty().with("film.mp4", &mp4(60, 640, 360, b"film"));
    let text = b"1\r\n00:00:01,500 --> 00:00:04,000\r\n<i>\xc4rger</i> & <font color=\"red\">Gr\xfc\xdfe</font> aus der Stra\xdfe f\xfcr die s\xfc\xdfen M\xe4dchen\r\n";
    library.write("film.de.srt", text);
    library.write(
        "film.en.ass",
        b"[Events]\r\nDialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(1,2)}Gr\xc3\xbc\xc3\x9fe\\Nzwei\r\n",
    );
    library.write(
        "film.fr.smi",
        b"<SAMI><BODY><SYNC Start=1000><P Class=A>Gr\xfc\xdfe<br>zwei<SYNC Start=2000><P Class=A>&nbsp;</BODY></SAMI>",
    );
    library.write("film.hu.sub", b"{1}{1}25\r\n{25}{50}Gr\xfc\xdfe|zwei\r\n");
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let film = rill.find("film");
    let urls = film.element.all("res");
    let mut urls = urls.iter().map(|res| res.text.as_str());
    let srt = urls
        .find(|url| url.split('.').next_back() == Some("srt"))
        .unwrap();
    let path = srt.split_once("8200").unwrap().1;
    let track = path.replace(".srt", ".vtt");
    let expected = "WEBVTT\n\n00:00:01.500 --> 00:00:04.000\n<i>\u{c4}rger</i> &amp; Gr\u{fc}\u{df}e aus der Stra\u{df}e f\u{fc}r die s\u{fc}\u{df}en M\u{e4}dchen\n";
    let whole = rill.get(&track, &[]);
    assert_eq!(whole.field("Content-Type"), Some("text/vtt"));
    assert_eq!(whole.field("Content-Language"), Some("de"));
    assert_eq!(whole.text(), expected);
    let head = rill.head(&track, &[]);
    assert_eq!(head.length(), Some(expected.len() as u64));
    let part = rill.get(&track, &[("Range", "bytes=0-5")]);
    assert_eq!((part.status, part.text()), (206, "WEBVTT"));
    // The other kinds say the same in their own ways.
    for ending in ["ass", "smi", "sub"] {
        let urls = film.element.all("res");
        let url = urls.iter().find(|res| res.text.ends_with(ending)).unwrap();
        let path = url.text.split_once("8200").unwrap().1;
        let track = rill.get(&path.replace(ending, "vtt"), &[]);
        assert_eq!(track.field("Content-Type"), Some("text/vtt"), "{ending}");
        assert_eq!(
            track.text(),
            "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\nGr\u{fc}\u{df}e\nzwei\n",
            "{ending}"
        );
    }
    // Televisions get what they asked for.
    let srt = rill.get(path, &[]);
    assert_eq!(srt.field("Content-Type"), Some("text/srt"));
    assert!(srt.text().starts_with("1\r\n00:00:01,500 -->"));
    // A film under that name is still a film.
    let film = film.target().replace(".mp4", ".vtt");
    assert_eq!(
        rill.get(&film, &[]).field("Content-Type"),
        Some("video/mp4")
    );
}
