//! Films and music by time (DLNA Guidelines part 1-1, 7.4.40), on files as they are. What the bytes from the middle of a file
//! are worth is asked of ffmpeg: streams of packets and frames play by themselves, the others for whoever has read what
//! stands at their front, as a renderer has that knows how long they are.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::harness::{Library, Reply, Rill, have, mp4, run};

/// Seconds of every clip, and of its groups of pictures.
const LENGTH: f64 = 20.0;
const GROUP: f64 = 2.0;

/// What bytes from the middle need in front of them.
#[derive(Clone, Copy, PartialEq)]
enum Front {
    /// Nothing.
    None,
    /// The file's own start, up to the first picture or sound.
    Joined,
    /// All of it at its place: the index tells where things are.
    InPlace,
}

struct Clip {
    name: &'static str,
    front: Front,
    /// Codecs and container.
    words: &'static [&'static str],
}

const AVC: [&str; 10] = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "50",
    "-bf",
    "2",
    "-c:a",
    "aac",
];

const FILMS: [Clip; 14] = [
    Clip {
        name: "a.mp4",
        front: Front::InPlace,
        words: &[],
    },
    Clip {
        name: "front.mp4",
        front: Front::InPlace,
        words: &["-movflags", "faststart"],
    },
    Clip {
        name: "parts.mp4",
        front: Front::Joined,
        words: &["-movflags", "frag_keyframe+empty_moov+default_base_moof"],
    },
    // An index for each fragment, and one for all.
    Clip {
        name: "dash.mp4",
        front: Front::Joined,
        words: &[
            "-movflags",
            "frag_keyframe+empty_moov+default_base_moof+dash",
        ],
    },
    Clip {
        name: "index.mp4",
        front: Front::Joined,
        words: &[
            "-movflags",
            "frag_keyframe+empty_moov+default_base_moof+dash+global_sidx",
        ],
    },
    // Too many fragments to go along, and no index.
    Clip {
        name: "many.mp4",
        front: Front::Joined,
        words: &[
            "-movflags",
            "frag_every_frame+empty_moov+default_base_moof+skip_trailer",
        ],
    },
    // With a list of them that names those without a key frame too.
    Clip {
        name: "all.mp4",
        front: Front::Joined,
        words: &["-movflags", "frag_every_frame+empty_moov+default_base_moof"],
    },
    Clip {
        name: "k.avi",
        front: Front::Joined,
        words: &["-c:v", "mpeg4", "-bf", "0", "-c:a", "libmp3lame"],
    },
    Clip {
        name: "l.wmv",
        front: Front::Joined,
        words: &["-c:v", "wmv2", "-bf", "0", "-c:a", "wmav2"],
    },
    Clip {
        name: "b.mkv",
        front: Front::Joined,
        words: &[],
    },
    Clip {
        name: "c.ts",
        front: Front::None,
        words: &[],
    },
    Clip {
        name: "d.m2ts",
        front: Front::None,
        words: &[],
    },
    // The clock of 33 bits goes round after 12 seconds.
    Clip {
        name: "round.ts",
        front: Front::None,
        words: &["-output_ts_offset", "95431"],
    },
    Clip {
        name: "e.mpg",
        front: Front::None,
        words: &[
            "-c:v",
            "mpeg2video",
            "-bf",
            "0",
            "-b:v",
            "2M",
            "-minrate",
            "2M",
            "-maxrate",
            "2M",
            "-bufsize",
            "1M",
            "-c:a",
            "mp2",
            "-f",
            "vob",
        ],
    },
];

const SOUNDS: [Clip; 9] = [
    Clip {
        name: "f.mp3",
        front: Front::None,
        words: &["-c:a", "libmp3lame", "-q:a", "4"],
    },
    Clip {
        name: "g.mp3",
        front: Front::None,
        words: &["-c:a", "libmp3lame", "-b:a", "128k", "-write_xing", "0"],
    },
    Clip {
        name: "h.flac",
        front: Front::Joined,
        words: &["-c:a", "flac"],
    },
    Clip {
        name: "i.wav",
        front: Front::Joined,
        words: &["-c:a", "pcm_s16le"],
    },
    Clip {
        name: "m.ogg",
        front: Front::Joined,
        words: &["-c:a", "libvorbis"],
    },
    Clip {
        name: "n.opus",
        front: Front::Joined,
        words: &["-c:a", "libopus", "-page_duration", "200000"],
    },
    Clip {
        name: "o.ogg",
        front: Front::Joined,
        words: &["-c:a", "flac", "-f", "ogg"],
    },
    Clip {
        name: "p.wma",
        front: Front::Joined,
        words: &["-c:a", "wmav2"],
    },
    Clip {
        name: "j.aac",
        front: Front::None,
        words: &["-c:a", "aac"],
    },
];

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    command
}

/// Every clip, made by ffmpeg.
fn library() -> Option<Library> {
    if !(have("ffmpeg") && have("ffprobe")) {
        return None;
    }
    let mut library = Library::empty();
    let pictures = format!("testsrc2=size=320x240:rate=25:duration={LENGTH}");
    let sound = format!("aevalsrc=0.3*sin(440*2*PI*t)*(1+sin(t)):d={LENGTH}:s=44100");
    let sources = |command: &mut Command, films: bool| {
        if films {
            command.args(["-f", "lavfi", "-i", &pictures]);
        }
        command.args(["-f", "lavfi", "-i", &sound]);
    };
    for (clips, films) in [(&FILMS[..], true), (&SOUNDS[..], false)] {
        for clip in clips {
            let path = library.beside(clip.name);
            let mut command = ffmpeg();
            sources(&mut command, films);
            if films {
                command.args(AVC);
            }
            run(command.args(clip.words).arg(&path));
            library.add(clip.name, &fs::read(path).unwrap());
        }
    }
    // Without Cues: as a recorder leaves it that was cut off.
    let film = library.path("a.mp4");
    let piped = run(ffmpeg()
        .arg("-i")
        .arg(film)
        .args(["-c", "copy", "-f", "matroska", "-"]));
    library.add("cut.mkv", &piped.stdout);
    Some(library)
}

/// Start, end and whole of `npt`, first and last byte and length of `bytes`.
fn told(reply: &Reply) -> ([f64; 3], [u64; 3]) {
    let field = reply.field("TimeSeekRange.dlna.org");
    let field = field.unwrap_or_else(|| panic!("no TimeSeekRange: {reply:?}"));
    let (times, bytes) = field.split_once(' ').unwrap();
    let parts = |text: &str, unit: &str| -> Vec<String> {
        let text = text.strip_prefix(unit).unwrap_or_else(|| panic!("{field}"));
        text.split(['-', '/']).map(str::to_owned).collect()
    };
    let times = parts(times, "npt=")
        .iter()
        .map(|text| text.parse().unwrap())
        .collect::<Vec<f64>>();
    let bytes = parts(bytes, "bytes=")
        .iter()
        .map(|text| text.parse().unwrap())
        .collect::<Vec<u64>>();
    (times.try_into().unwrap(), bytes.try_into().unwrap())
}

/// Place and time of each key frame, counted from the first one's time, as ffprobe has them.
fn key_frames(path: &Path) -> Vec<(u64, f64)> {
    let output = run(Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            "packet=pts_time,pos,flags",
            "-of",
            "csv=p=0",
        ])
        .arg(path));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut keys: Vec<(u64, f64)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split(',');
            let (time, at, flags) = (words.next()?, words.next()?, words.next()?);
            flags
                .starts_with('K')
                .then(|| (at.parse().unwrap(), time.parse().unwrap()))
        })
        .collect();
    let zero = keys.first().expect("a key frame").1;
    for key in &mut keys {
        key.1 -= zero;
    }
    keys
}

/// A second of `bytes` as ffmpeg decodes it: a line with a checksum for each frame. `from`: after a seek.
fn decoded(bytes: &[u8], at: &Path, from: Option<f64>) -> Vec<String> {
    fs::write(at, bytes).unwrap();
    let mut command = ffmpeg();
    if let Some(secs) = from {
        command.args(["-ss", &secs.to_string()]);
    }
    command.arg("-i").arg(at);
    command.args(["-map", "0:v:0?", "-map", "0:a:0?", "-t", "1"]);
    let output = command.args(["-f", "framecrc", "-"]).output().unwrap();
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    let frames = lines.lines().filter(|line| !line.starts_with('#'));
    frames.map(str::to_owned).collect()
}

/// The checksums of the pictures among `frames`.
fn pictures(frames: &[String]) -> Vec<String> {
    let sums = frames.iter().filter(|line| line.starts_with("0,"));
    sums.map(|line| line.rsplit(',').next().unwrap().trim().to_owned())
        .collect()
}

#[test]
fn films_play_from_the_key_frame_before_the_time() {
    let Some(library) = library() else {
        return;
    };
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let clips = FILMS.iter().map(|clip| (clip.name, clip.front));
    for (name, front) in clips.chain([("cut.mkv", Front::Joined)]) {
        let path = library.path(name);
        let file = fs::read(&path).unwrap();
        let keys = key_frames(&path);
        let whole_film = pictures(&decoded_whole(&path));
        let title = target_of(&rill, name);
        for asked in [0.5, 7.3, 11.99, 15.0, 19.9] {
            let wish = format!("npt={asked}-");
            let reply = rill.get(&title, &[("TimeSeekRange.dlna.org", &wish)]);
            let ([from, to, whole], [first, last, len]) = told(&reply);
            let status = if first == 0 { 200 } else { 206 };
            assert_eq!(reply.status, status, "{name} {asked}");
            assert_eq!((last + 1, len), (file.len() as u64, file.len() as u64));
            assert!(
                (to - whole).abs() < 0.001 && (whole - LENGTH).abs() < 0.2,
                "{name}: {whole}"
            );
            assert!(
                reply.body == file[usize::try_from(first).unwrap()..],
                "{name}"
            );
            // The key frame is the last one at or before the time, and nothing of the group before it is sent.
            let at = keys.iter().rposition(|key| key.1 <= asked + 0.001).unwrap();
            let (place, time) = keys[at];
            assert!(
                first <= place,
                "{name} {asked}: {first} is behind the key frame at {place}"
            );
            assert!(
                asked - time <= GROUP && from <= asked,
                "{name} {asked}: {time}"
            );
            // Sound may stand in front of the pictures that it belongs to; clusters begin with either.
            assert!(
                (from - time).abs() < 0.3,
                "{name} {asked}: {from} is told, {time} is true"
            );
            if let Some(before) = at.checked_sub(1) {
                assert!(
                    first > keys[before].0,
                    "{name} {asked}: a whole group too early"
                );
            }
            play(&library, name, front, &file, &whole_film, (first, asked));
        }
    }
}

/// Has ffmpeg decode what a renderer has after a seek; it must see the pictures that are there in the whole file.
fn play(
    library: &Library,
    name: &str,
    front: Front,
    file: &[u8],
    film: &[String],
    (first, asked): (u64, f64),
) {
    let at = library.beside(&format!("played-{name}"));
    let start = usize::try_from(first).unwrap();
    if front == Front::InPlace {
        // Everything between the index and the place is lost; what is behind is found by the index alone.
        let mut bytes = file.to_vec();
        let mdat = file.windows(4).position(|w| w == b"mdat").unwrap() + 4;
        bytes[mdat..start].fill(0);
        let (part, whole) = (
            decoded(&bytes, &at, Some(asked)),
            decoded(file, &at, Some(asked)),
        );
        assert!(
            !pictures(&whole).is_empty() && part == whole,
            "{name} {asked}: {part:?}"
        );
        return;
    }
    let front = match front {
        Front::Joined => &file[..front_bytes(name, file)],
        _ => &[],
    };
    let part = pictures(&decoded(&[front, &file[start..]].concat(), &at, None));
    // The first picture is the key frame, which is in the whole file too; a damaged one is like no other. In a packet of ASF
    // another picture may stand in front of it, which a decoder passes over or shows as it can.
    let first = part.iter().take(if name.contains(".w") { 2 } else { 1 });
    let there = first.into_iter().any(|first| film.contains(first));
    assert!(
        there,
        "{name} {asked}: {} pictures, none of the film's",
        part.len()
    );
}

fn decoded_whole(file: &Path) -> Vec<String> {
    let output = run(ffmpeg()
        .arg("-i")
        .arg(file)
        .args(["-map", "0:v:0", "-f", "framecrc", "-"]));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    lines
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

/// Bytes in front of the first picture or sound.
fn front_bytes(name: &str, file: &[u8]) -> usize {
    let find = |mark: &[u8]| {
        file.windows(mark.len())
            .position(|window| window == mark)
            .unwrap()
    };
    match name.rsplit('.').next().unwrap() {
        "mp4" => find(b"moof") - 4,
        "mkv" => find(&[0x1F, 0x43, 0xB6, 0x75]),
        "wav" => find(b"data") + 8,
        "avi" => find(b"movi") + 4,
        // Behind the start of the data object.
        "wmv" | "wma" => {
            find(b"\x36\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C") + 50
        }
        // The first page that tells a time.
        "ogg" | "opus" => (0..file.len())
            .find(|at| {
                let page = &file[*at..];
                page.starts_with(b"OggS") && page[6..14] != [0; 8] && page[6..14] != [0xFF; 8]
            })
            .unwrap(),
        "flac" => {
            let mut at = 4;
            loop {
                let len = u32::from_be_bytes([0, file[at + 1], file[at + 2], file[at + 3]]);
                let last = file[at] & 0x80 != 0;
                at += 4 + len as usize;
                if last {
                    break at;
                }
            }
        }
        other => panic!("{other} has no front"),
    }
}

fn target_of(rill: &Rill, name: &str) -> String {
    let stem = name.split('.').next().unwrap();
    let mut items = rill.walk();
    let extension = format!(".{}", name.rsplit('.').next().unwrap());
    items.retain(|item| item.title == stem && item.target().ends_with(&extension));
    assert_eq!(items.len(), 1, "{name}");
    items[0].target().to_owned()
}

#[test]
fn sound_plays_from_the_frame_of_the_time() {
    let Some(library) = library() else {
        return;
    };
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    for clip in &SOUNDS {
        let file = fs::read(library.path(clip.name)).unwrap();
        let target = target_of(&rill, clip.name);
        for asked in [1.0, 9.7] {
            let wish = format!("npt={asked}-{}", asked + 4.0);
            let reply = rill.get(&target, &[("TimeSeekRange.dlna.org", &wish)]);
            let name = clip.name;
            assert_eq!(reply.status, 206, "{name} {asked}: {reply:?}");
            let ([from, to, whole], [first, last, _]) = told(&reply);
            // A page of Ogg has up to a second, and is entered at its start alone.
            let early = if clip.name.contains(".o") { 1.2 } else { 0.2 };
            assert!(
                asked - from < early && from <= asked && to >= asked + 4.0 && to < whole,
                "{name}: {from}-{to}"
            );
            let part = usize::try_from(first).unwrap()..usize::try_from(last + 1).unwrap();
            assert!(reply.body == file[part], "{name}");
            // Four seconds, and a frame more on either side; a table of hundredths is not finer than they are.
            let share = 100 * reply.body.len() / file.len();
            assert!(
                (15..30).contains(&share),
                "{name} {asked}: {share} % of the file"
            );
            let bytes = match clip.front {
                Front::None => reply.body.clone(),
                _ => [&file[..front_bytes(name, &file)], &reply.body].concat(),
            };
            let frames = decoded(&bytes, &library.beside(name), None);
            assert!(frames.len() > 5, "{name} {asked}: {frames:?}");
        }
    }
}

#[test]
fn refusals_and_fields_are_those_of_the_guidelines() {
    let Some(library) = library() else {
        return;
    };
    let mut library = library;
    let mut blind = mp4(60, 640, 360, b"without offsets of chunks");
    let table = blind.windows(4).position(|w| w == b"stco").unwrap();
    blind[table..table + 4].copy_from_slice(b"free");
    library.add("blind.mp4", &blind);
    library.add("old.wmv", b"not looked into");
    let Some(rill) = Rill::serving(&library) else {
        return;
    };
    let film = target_of(&rill, "b.mkv");
    let seek = |target: &str, value: &str| {
        rill.get(target, &[("TimeSeekRange.dlna.org", value)])
            .status
    };
    for (value, status) in [
        ("npt=0:00:05.5-0:00:07", 206),
        ("npt=0-", 200),
        ("npt=19.999-", 206),
        ("npt=21-", 416),
        ("npt=5-4", 400),
        ("npt=x-", 400),
        ("bytes=0-", 400),
    ] {
        assert_eq!(seek(&film, value), status, "{value}");
    }
    for unseekable in ["blind", "old"] {
        let target = rill.find(unseekable).target().to_owned();
        assert_eq!(seek(&target, "npt=1-"), 406, "{unseekable}");
        assert_eq!(seek(&target, "npt=-"), 400, "{unseekable}");
    }
    // Range wins.
    let both = rill.get(
        &film,
        &[("TimeSeekRange.dlna.org", "npt=5-"), ("Range", "bytes=3-9")],
    );
    assert_eq!((both.status, both.body.len()), (206, 7));
    assert_eq!(both.field("TimeSeekRange.dlna.org"), None);
    // HEAD says the same as GET.
    let fields = [
        ("TimeSeekRange.dlna.org", "npt=5-9"),
        ("getAvailableSeekRange.dlna.org", "1"),
        ("getMediaInfo.sec", "1"),
    ];
    let (get, head) = (rill.get(&film, &fields), rill.head(&film, &fields));
    assert_eq!(get.status, 206);
    let same = |reply: &Reply| {
        let mut fields = reply.fields.clone();
        fields.retain(|(name, _)| name != "Date");
        (reply.status, fields)
    };
    assert_eq!(same(&get), same(&head));
    let (times, [first, last, len]) = told(&get);
    assert_eq!(
        get.field("Content-Range"),
        Some(format!("bytes {first}-{last}/{len}").as_str())
    );
    let whole = times[2];
    let available = format!("1 npt=0.000-{whole:.3} bytes=0-{}", len - 1);
    assert_eq!(
        get.field("availableSeekRange.dlna.org"),
        Some(available.as_str())
    );
    let info = format!("SEC_Duration={};", (whole * 1000.0).round());
    assert_eq!(get.field("MediaInfo.sec"), Some(info.as_str()));
    let plain = rill.get(&film, &[]);
    for name in [
        "TimeSeekRange.dlna.org",
        "availableSeekRange.dlna.org",
        "MediaInfo.sec",
    ] {
        assert_eq!(plain.field(name), None, "{name} was not asked for");
    }
}
