//! Programs people use, run in the client's namespace. What is not installed is skipped aloud.

use std::env;
use std::fs;
use std::mem::MaybeUninit;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use rustix::fs::inotify;

use crate::harness::{
    Library, NEAR, Network, Object, Rill, Searcher, clean, have, jpeg, mp3, mp3_titled, mp4,
    patience, run, skip, wait_for,
};

const DEVICE: &str = "urn:schemas-upnp-org:device:MediaServer:1";

/// A program in the near client's namespace, ended after a while.
pub(crate) fn near(network: &Network, program: &str) -> Command {
    let mut command = Network::command(&network.client(NEAR), "timeout");
    command.args([&patience(60).as_secs().to_string(), program]);
    clean(&mut command);
    command
}

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn small() -> Library {
    Library::empty()
        .with("Films/film.mp4", &mp4(60, 640, 360, &vec![7; 100_000]))
        .with("Music & more/song 1.mp3", &mp3_titled("A <song>", 40))
        .with("Music & more/song 2.mp3", &mp3(40))
        .with("photo.jpg", &jpeg(32, 32))
        .with("picture.jpg", &jpeg(40, 30))
}

/// Adds real films and songs made by ffmpeg, 3 seconds each; `None` where it is not installed.
fn encoded() -> Option<Library> {
    if !(have("ffmpeg") && have("ffprobe")) {
        return None;
    }
    let mut library = small();
    let sources = [
        "-f",
        "lavfi",
        "-i",
        "testsrc=size=320x240:rate=25:duration=3",
        "-f",
        "lavfi",
        "-i",
        "sine=frequency=440:sample_rate=44100:duration=3",
    ];
    let rows: [(&str, &[&str]); 10] = [
        (
            "c.mp4",
            &[
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-g",
                "10",
                "-c:a",
                "aac",
                "-shortest",
            ],
        ),
        (
            "c.mkv",
            &[
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-g",
                "10",
                "-c:a",
                "libmp3lame",
            ],
        ),
        (
            "c.avi",
            &["-c:v", "mpeg4", "-vtag", "XVID", "-c:a", "libmp3lame"],
        ),
        (
            "c.ts",
            &[
                "-c:v",
                "libx264",
                "-preset",
                "ultrafast",
                "-g",
                "10",
                "-c:a",
                "aac",
                "-f",
                "mpegts",
            ],
        ),
        ("c.mpg", &["-c:v", "mpeg2video", "-c:a", "mp2", "-f", "vob"]),
        ("c.mp3", &["-vn", "-c:a", "libmp3lame", "-b:a", "128k"]),
        ("c.flac", &["-vn", "-c:a", "flac"]),
        ("c.ogg", &["-vn", "-c:a", "libvorbis"]),
        ("c.m4a", &["-vn", "-c:a", "aac"]),
        ("c.wav", &["-vn", "-c:a", "pcm_s16le"]),
    ];
    for (name, codecs) in rows {
        let made = library.beside(name);
        run(Command::new("ffmpeg")
            .args(["-hide_banner", "-loglevel", "error", "-y", "-threads", "1"])
            .args(sources)
            .args(codecs)
            .arg(&made));
        let kind = Path::new(name).extension().unwrap().to_str().unwrap();
        library.add(
            format!("Encoded/clip {kind}.{kind}"),
            &fs::read(made).unwrap(),
        );
    }
    Some(library)
}

#[test]
fn gssdp_discover_finds_the_server() {
    if !have("gssdp-discover") {
        return;
    }
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let output =
        run(near(rill.network(), "gssdp-discover").args(["-i", "lan0", "-n", "3", "-t", DEVICE]));
    let said = said(&output);
    assert!(said.contains(&location(&rill)), "{said}");
    assert!(said.contains(DEVICE), "{said}");
}

#[test]
fn curl_fetches_resumes_and_validates() {
    if !have("curl") {
        return;
    }
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let film = rill.find("film");
    let url = &film.res().text;
    let original = fs::read(library.path("Films/film.mp4")).unwrap();
    let to = library.beside("fetched");
    let curl = |words: &[&str]| {
        run(near(rill.network(), "curl")
            .args(["--silent", "--show-error", "--fail", "--noproxy", "*"])
            .args(words)
            .arg(url))
    };
    curl(&["--output", to.to_str().unwrap()]);
    assert!(fs::read(&to).unwrap() == original);
    fs::write(&to, &original[..40_000]).unwrap();
    curl(&["--continue-at", "-", "--output", to.to_str().unwrap()]);
    assert!(fs::read(&to).unwrap() == original, "resumed");
    assert_eq!(curl(&["--range", "5-9"]).stdout, &original[5..10]);
    let head = said(&curl(&["--head"]));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let etag = rill
        .head(film.target(), &[])
        .field("ETag")
        .unwrap()
        .to_owned();
    let status = curl(&[
        "--header",
        &format!("If-None-Match: {etag}"),
        "--write-out",
        "%{http_code}",
        "--output",
        "/dev/null",
    ]);
    assert_eq!(said(&status), "304");
    assert_eq!(
        said(&curl(&[
            "--http1.0",
            "--write-out",
            "%{http_code}",
            "--output",
            "/dev/null"
        ])),
        "200"
    );
}

#[test]
fn ffprobe_agrees_with_what_is_listed() {
    let Some(library) = encoded() else { return };
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let items: Vec<_> = rill
        .walk()
        .into_iter()
        .filter(|object| object.title.starts_with("clip "))
        .collect();
    assert_eq!(items.len(), 10);
    for item in &items {
        let output = run(near(rill.network(), "ffprobe")
            .args(["-v", "error", "-of", "default=nw=1"])
            .args([
                "-show_entries",
                "format=duration,size:stream=width,height",
                &item.res().text,
            ]));
        let said = said(&output);
        let value = |name: &str| {
            said.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(ToOwned::to_owned)
        };
        assert_eq!(
            item.res().attribute("size"),
            value("size=").as_deref(),
            "{}",
            item.title
        );
        let real: f64 = value("duration=").unwrap().parse().unwrap();
        let listed = seconds(item);
        assert!(
            (real - listed).abs() < 0.3,
            "{}: {listed} s listed, {real} s real",
            item.title
        );
        if let (Some(width), Some(height)) = (value("width="), value("height=")) {
            assert_eq!(
                item.res().attribute("resolution"),
                Some(format!("{width}x{height}").as_str()),
                "{}",
                item.title
            );
        }
    }
}

#[test]
fn ffmpeg_decodes_a_film_over_http_after_a_seek() {
    let Some(library) = encoded() else { return };
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for title in ["clip mkv", "clip mp4", "clip ts"] {
        let item = rill.find(title);
        let output = run(near(rill.network(), "ffmpeg").args([
            "-v",
            "error",
            "-ss",
            "2",
            "-i",
            &item.res().text,
            "-frames:v",
            "5",
            "-f",
            "framecrc",
            "-",
        ]));
        let frames = said(&output)
            .lines()
            .filter(|line| line.starts_with("0,"))
            .count();
        assert_eq!(frames, 5, "{title}");
    }
}

/// What VLC says while it plays a container for three seconds; `None` where it cannot.
fn vlc(rill: &Rill, library: &Library, container: &str) -> Option<String> {
    // VLC keeps its files in the user's home, and refuses to run as root.
    let home = library.beside("vlc");
    fs::create_dir(&home).unwrap();
    let mut command = near(rill.network(), "setpriv");
    if rustix::process::getuid().is_root() {
        std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
    } else {
        command.arg("--no-new-privs");
    }
    let options = [
        "cvlc",
        "-I",
        "dummy",
        "--no-color",
        "-vv",
        "--aout",
        "dummy",
        "--vout",
        "dummy",
        "--run-time",
        "3",
        "--play-and-exit",
    ];
    // VLC's address of a container: the control URL without its scheme, and the object.
    let control = "10.91.1.1:8200/control/ContentDirectory";
    let mrl = format!("upnp://{control}?ObjectID={container}");
    let output = command
        .args(options)
        .args([&mrl, "vlc://quit"])
        .env("HOME", &home)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    if !told.contains("upnp") {
        skip("VLC has no UPnP module (vlc-plugin-access-extra)");
        return None;
    }
    Some(told)
}

#[test]
fn vlc_browses_and_plays() {
    if !have("cvlc") {
        return;
    }
    let library = small();
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let song = rill.find("song 2");
    let opened = Opened::watch(&library.path("Music & more/song 2.mp3"));
    if let Some(told) = vlc(&rill, &library, &song.parent) {
        assert!(
            opened.yes(),
            "the server never opened the song for VLC:\n{told}"
        );
    }
}

#[test]
fn vlc_takes_the_subtitles_beside_a_film() {
    if !have("cvlc") {
        return;
    }
    let Some(mut library) = encoded() else {
        return;
    };
    let film = fs::read(library.beside("c.mp4")).unwrap();
    library.add("Shown/shown.mp4", &film);
    let subtitles = b"1\n00:00:00,000 --> 00:00:03,000\nShown\n";
    let subtitles = library.write("Shown/shown.srt", subtitles);
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let shown = rill.find("shown");
    let opened = Opened::watch(&subtitles);
    if let Some(told) = vlc(&rill, &library, &shown.parent) {
        let decoder = told
            .lines()
            .any(|line| line.contains("spu decoder") || line.contains("subtitle"));
        assert!(opened.yes() && decoder, "VLC shows no subtitles:\n{told}");
    }
}

#[test]
fn async_upnp_client_browses() {
    let library = small();
    let Some((rill, python)) = with_python(&library) else {
        return;
    };
    let script = r#"
import asyncio, sys
from async_upnp_client.aiohttp import AiohttpRequester
from async_upnp_client.client_factory import UpnpFactory
from async_upnp_client.profiles.dlna import DmsDevice
from async_upnp_client.search import async_search

async def main():
    found = []
    async def on_response(headers):
        found.append(headers["location"])
    await async_search(async_callback=on_response, timeout=3, search_target=sys.argv[1], source=("10.91.1.2", 0))
    device = await UpnpFactory(AiohttpRequester()).async_create_device(found[0])
    server = DmsDevice(device, None)
    async def walk(object_id, depth):
        result = await server.async_browse_direct_children(object_id)
        assert result.number_returned == result.total_matches
        for child in result.result:
            print("  " * depth + child.title)
            if child.upnp_class.startswith("object.container"):
                await walk(child.id, depth + 1)
            else:
                print("  " * depth + "= " + child.res[0].uri + " " + child.res[0].protocol_info)
    print(found[0], device.friendly_name, device.udn)
    await walk("0", 0)

asyncio.run(main())
"#;
    let output = run(near(rill.network(), python.to_str().unwrap()).args(["-c", script, DEVICE]));
    let said = said(&output);
    for line in [
        "Films",
        "  film",
        "Music & more",
        "  A <song>",
        "  song 2",
        "photo",
        "picture",
    ] {
        assert!(
            said.lines().any(|other| other == line),
            "{line:?} is not in:\n{said}"
        );
    }
    let film = format!("= {}", rill.find("film").res().text);
    assert!(said.contains(&film), "{film} is not in:\n{said}");
}

#[test]
fn upnpy_discovers_and_browses() {
    let library = small();
    let Some((rill, python)) = with_python(&library) else {
        return;
    };
    let script = r#"
import sys, upnpy
upnp = upnpy.UPnP()
devices = upnp.discover(delay=3)
device = next(d for d in devices if sys.argv[1] in str(d.type_) or "MediaServer" in str(d.type_) or "MediaServer" in d.response)
print(device.friendly_name)
directory = device["ContentDirectory"]
answer = directory.Browse(ObjectID=0, BrowseFlag="BrowseDirectChildren", Filter="*", StartingIndex=0, RequestedCount=5000, SortCriteria="")
print(answer["TotalMatches"])
print(answer["Result"])
"#;
    let output = run(near(rill.network(), python.to_str().unwrap()).args(["-c", script, DEVICE]));
    let said = said(&output);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines[1], "4", "{said}");
    let didl = crate::harness::Element::parse(&lines[2..].join("\n"));
    let titles: Vec<_> = didl
        .children
        .iter()
        .map(|object| object.text_of("title").unwrap())
        .collect();
    assert_eq!(titles, ["Films", "Music & more", "photo", "picture"]);
}

/// The description's URL, as a search tells it.
fn location(rill: &Rill) -> String {
    let searcher = Searcher::open(rill.network(), NEAR);
    let answer = wait_for("a search is answered", 10, || {
        searcher.search(DEVICE);
        searcher.answer(patience(2))
    });
    answer.field("LOCATION").unwrap().to_owned()
}

/// Whether a file is opened by anybody.
struct Opened(std::os::fd::OwnedFd);

impl Opened {
    /// From now on.
    fn watch(path: &Path) -> Self {
        let queue = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&queue, path, inotify::WatchFlags::OPEN).unwrap();
        Self(queue)
    }

    /// Until now.
    fn yes(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); 512];
        inotify::Reader::new(&self.0, &mut buffer).next().is_ok()
    }
}

/// The server, and the Python that has the libraries; `None` where there is none.
pub(crate) fn with_python(library: &Library) -> Option<(Rill, PathBuf)> {
    let python = python()?;
    let rill = Rill::serving(library)?;
    Some((rill, python))
}

/// The Python that has the libraries; `None`, aloud, where there is none.
pub(crate) fn python() -> Option<PathBuf> {
    let local = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/venv/bin/python");
    let python = env::var_os("RILL_VENV").map_or(local, PathBuf::from);
    // RILL_VENV may name the folder or the interpreter in it.
    let python = if python.is_dir() {
        python.join("bin/python")
    } else {
        python
    };
    if !python.exists() {
        skip(&format!(
            "{} is missing: python3 -m venv target/venv && target/venv/bin/pip install -r tests/requirements.txt",
            python.display()
        ));
        return None;
    }
    Some(python)
}

/// `res@duration` in seconds.
fn seconds(item: &Object) -> f64 {
    let text = item
        .res()
        .attribute("duration")
        .unwrap_or_else(|| panic!("{} has no duration", item.title));
    text.split(':')
        .fold(0.0, |sum, part| sum * 60.0 + part.parse::<f64>().unwrap())
}
