use std::{
    fs::{self, File},
    io,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::catalogue::testing::Tree;
use crate::config::Surroundings;
use crate::media::{FrameRate, art::ArtKind};

const FILM: Kind = Kind {
    class: Class::Video,
    mime: Mime::MATROSKA.code(),
};

fn span(offset: u64, mime: Mime) -> ArtSpan {
    ArtSpan {
        offset,
        len: 20,
        mime,
        kind: ArtKind::Front,
        profile: None,
    }
}

#[test]
fn a_line_names_all_that_is_known() {
    let text = |text: &str| Some(text.to_owned());
    let probed = Probed {
        media: Media {
            class: Some(Class::Video),
            mime: Some(Mime::MP4),
            duration: Some(Duration::from_millis(5_400_001)),
            bitrate_bytes_per_sec: Some(1000),
            width: Some(1920),
            height: Some(1080),
            sample_rate: Some(48_000),
            bits_per_sample: Some(16),
            channels: Some(6),
            video_codec: Some(VideoCodec::H264),
            video_profile: Some(100),
            video_level: Some(41),
            frame_rate: FrameRate::new(30_000, 1001),
            interlaced: Some(false),
            audio_codec: Some(AudioCodec::Aac),
            audio_tracks: vec![Language::new(b"eng"), Language::UNKNOWN],
            subtitle_tracks: vec![],
            title: text("A \"B\"\n"),
            artist: text("C"),
            album_artist: text("D"),
            album: text("E"),
            genre: text("F"),
            composer: text("G"),
            track: Some(1),
            disc: Some(2),
            date: Some(Date {
                unix_secs: 784_111_777,
                precision: Precision::Second,
            }),
            series: text("H"),
            season: Some(0),
            episode: Some(3),
            orientation: Some(6),
            camera: text("I"),
            rating: Some(5),
            art: Some(span(u64::from(u32::MAX) + 1, Mime::PNG)),
            is_hollow: false,
            thumbnail: Some(span(7, Mime::JPEG)),
            profile: None,
        },
        mime: None,
        profile: Profile::from_code(1).map(Profile::code),
        trouble: text("cut short"),
        content: 0,
    };
    let profile = Profile::from_code(1).unwrap().name();
    let expected = String::new()
        + r#"{"path":"/m/a.mkv","class":"video","mime":"video/mp4","profile":""#
        + profile
        + r#"","duration_ms":5400001,"bitrate":1000,"width":1920,"height":1080,"frame_rate":"30000/1001","#
        + r#""interlaced":false,"video_codec":"h264","video_profile":100,"video_level":41,"audio_codec":"aac","#
        + r#""sample_rate":48000,"bits":16,"channels":6,"audio_tracks":["eng","und"],"#
        + r#""title":"A \"B\"\n","artist":"C","album_artist":"D","album":"E","genre":"F","composer":"G","#
        + r#""track":1,"disc":2,"date":"1994-11-06T08:49:37","orientation":6,"camera":"I","rating":5,"#
        + r#""series":"H","season":0,"episode":3,"art":{"offset":4294967296,"len":20,"mime":"image/png"},"#
        + r#""thumbnail":{"offset":7,"len":20,"mime":"image/jpeg"},"trouble":"cut short"}"#
        + "\n";
    assert_eq!(listed(b"/m/a.mkv", FILM, &probed), expected);
}

#[test]
fn what_is_not_known_has_no_member_and_the_name_decides_the_type() {
    let kind = Kind {
        class: Class::Audio,
        mime: Mime::MPEG_AUDIO.code(),
    };
    assert_eq!(
        listed(b"/a.mp3", kind, &Probed::default()),
        "{\"path\":\"/a.mp3\",\"class\":\"audio\",\"mime\":\"audio/mpeg\"}\n"
    );
}

#[test]
fn a_path_that_is_no_text_is_given_in_bytes_too() {
    let mut line = Object::new();
    add_path(&mut line, b"/\xFF\"a\n");
    assert_eq!(
        line.finish(),
        "{\"path\":\"/\u{FFFD}\\\"a\\n\",\"path_bytes\":\"2fff22610a\"}"
    );
}

#[test]
fn what_is_left_out_is_named_with_its_reason() {
    use crate::catalogue::report::Reason;
    let skip = |path: &[u8], reason, detail: &str| Skip {
        path: path.into(),
        reason,
        detail: detail.into(),
    };
    let mut report = Report::default();
    report.skips = vec![
        skip(b"/m/a.mp3", Reason::Content, "cut short"),
        skip(b"/m/b.mp3", Reason::Empty, ""),
    ];
    report.missing = vec![MissingRoot {
        path: b"/n"[..].into(),
        detail: "gone".into(),
    }];
    assert_eq!(
        left_out(&report),
        "{\"path\":\"/m/a.mp3\",\"skipped\":\"cut short\"}\n\
         {\"path\":\"/m/b.mp3\",\"skipped\":\"empty\"}\n\
         {\"path\":\"/n\",\"skipped\":\"gone\"}\n"
    );
}

#[test]
fn dates_say_no_more_than_was_stated() {
    for (precision, expected) in [
        (Precision::Year, "1994"),
        (Precision::Month, "1994-11"),
        (Precision::Day, "1994-11-06"),
        (Precision::Second, "1994-11-06T08:49:37"),
    ] {
        let unix_secs = 784_111_777;
        let date = Date {
            unix_secs,
            precision,
        };
        assert_eq!(iso(date), expected);
    }
}

/// A GIF of two by one pixels, without any picture data.
const GIF: &[u8] = b"GIF89a\x02\0\x01\0\0\0\0;";

fn config(tree: &Tree) -> Config {
    let state = tree.path("state").into_os_string();
    Config::from(&Surroundings {
        variable: &|name| (name == "RILL_STATE_DIR").then(|| state.clone()),
        folders: &[tree.path("media").into_os_string()],
        directory: &tree.path(""),
        hostname: "h",
    })
    .unwrap()
}

#[test]
fn a_scan_writes_listed_files_first_and_keeps_nothing() {
    let tree = Tree::new("scan-json");
    tree.file("media/empty.mp3", b"");
    tree.file("media/Show/S02/Show - 2x03.mkv", b"not a film");
    tree.file("media/z.gif", GIF);
    tree.file("media/notes.txt", b"x");
    let out = tree.path("out");
    as_json(&config(&tree), File::create(&out).unwrap()).unwrap();
    let text = fs::read_to_string(out).unwrap();
    let media = fs::canonicalize(tree.path("media")).unwrap();
    let media = media.display();
    let lines: Vec<_> = text.lines().collect();
    let start = [
        format!(r#"{{"path":"{media}/z.gif","class":"image","mime":"image/gif""#),
        format!(r#"{{"path":"{media}/empty.mp3","skipped":"empty"}}"#),
    ];
    let listed = lines.iter().find(|line| line.starts_with(&start[0]));
    assert!(
        listed.is_some_and(|line| line.contains(r#","width":2,"height":1"#)),
        "{text}"
    );
    assert!(lines.contains(&start[1].as_str()), "{text}");
    let film = lines.iter().filter(|line| line.contains("2x03.mkv"));
    assert_eq!(film.count(), 1, "{text}");
    let is_skip = |line: &&str| line.contains(r#""skipped":"#);
    let first = lines.iter().position(is_skip).unwrap();
    assert!(lines.iter().skip(first).all(is_skip), "{text}");
    assert_eq!(lines.len(), 3, "{text}");
    assert!(!tree.path("state").exists());
}

/// A pipe whose reader has gone; counts what is written nevertheless.
struct Gone(Arc<AtomicU32>);

impl Write for &Gone {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_that_has_gone_ends_the_scan() {
    let tree = Tree::new("scan-json-gone");
    for name in ["media/1.gif", "media/2.gif", "media/3.gif"] {
        tree.file(name, GIF);
    }
    let written = Arc::<AtomicU32>::default();
    let out = Gone(Arc::clone(&written));
    assert_eq!(as_json(&config(&tree), out), Ok(()));
    assert_eq!(written.load(Ordering::Relaxed), 1);
}
