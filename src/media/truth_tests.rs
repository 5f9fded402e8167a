//! Real files against the truth about them. The samples are not part of the project; without them these tests say so and
//! pass. The folder is `media-samples` in `$RILL_SHARED`, or in `../shared` beside the project.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::art::packed;
use super::mime::Mime;
use super::probe::{Probed, by_name, probe};
use super::reader::{ReadAt, Reader, Source};
use super::{Class, Date, Media, Precision, VideoCodec};

#[path = "../../tests/support/json.rs"]
mod json;
use json::Json;

/// Right fields per type, of the fields that exist now: at least so many per cent.
///
/// What is missing, and why:
/// * mp4: one AAC describes itself as mono in a box that says stereo. mov: a creation date that no other tool counts.
/// * avif: an animation that others call a film.
/// * opus: one file has no sound but what is to be skipped.
/// * ts: the last picture, which rill counts and two others do not; a file without a program map. flv: an AAC
///   that describes itself as mono where a tag says stereo.
const FLOORS: &[(&str, u32)] = &[
    ("mp4", 99),
    ("m4a", 100),
    ("m4b", 100),
    ("m4v", 100),
    ("mov", 94),
    ("3gp", 100),
    ("mp3", 100),
    ("mp2", 100),
    ("mp1", 100),
    ("flac", 100),
    ("wav", 100),
    ("jpg", 100),
    ("png", 100),
    ("gif", 100),
    ("heic", 100),
    ("heif", 100),
    ("avif", 73),
    ("mkv", 100),
    ("webm", 100),
    ("mka", 100),
    ("avi", 100),
    ("ts", 93),
    ("mts", 100),
    ("vob", 100),
    // One ends with pictures that have no time stamp, which no other tool counts.
    ("mpg", 87),
    ("mpeg", 100),
    ("flv", 91),
    ("aac", 100),
    ("ac3", 100),
    ("aif", 100),
    ("aiff", 100),
    ("ape", 100),
    ("wv", 100),
    ("mpc", 100),
    ("dsf", 100),
    ("dff", 100),
    ("tta", 100),
    ("tak", 100),
    ("ofr", 100),
    ("caf", 100),
    ("amr", 100),
    ("wma", 100),
    ("wmv", 100),
    ("ogg", 100),
    ("oga", 100),
    ("opus", 94),
    ("spx", 100),
    ("ogv", 100),
    ("webp", 100),
    ("bmp", 100),
    ("rm", 100),
    ("tif", 100),
    ("tiff", 100),
];

/// No probe may take longer, in a debug build on a busy machine. A healthy one takes well under a millisecond.
const LONGEST_PROBE: Duration = Duration::from_secs(5);

#[expect(
    clippy::print_stdout,
    reason = "what is missed is shown when the test fails"
)]
#[test]
fn real_files_are_read_as_others_agree_they_should_be() {
    let Some(samples) = samples() else { return };
    let mut scores: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    for (name, truth) in samples.truth.members() {
        let extension = name
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let scored = matches!(truth.at("cls").text(), "audio" | "video" | "image");
        if !scored || !FLOORS.iter().any(|(e, _)| *e == extension) {
            continue;
        }
        let bytes = std::fs::read(samples.folder.join(name)).unwrap();
        let probed = probed(name, &bytes);
        let score = scores.entry(extension).or_default();
        for (field, right, what) in compare(&probed.media, truth) {
            score.0 += u32::from(right);
            score.1 += 1;
            if !right {
                println!("{name}: {field}: {what} (trouble: {:?})", probed.trouble);
            }
        }
    }
    for (extension, (right, all)) in &scores {
        println!("{extension}: {right} of {all}");
    }
    for (extension, floor) in FLOORS {
        let (right, all) = scores.get(*extension).copied().unwrap_or_default();
        assert!(
            all == 0 || right * 100 >= floor * all,
            "{extension}: {right} of {all}, below {floor} %"
        );
    }
}

#[test]
fn no_file_whole_or_cut_or_damaged_takes_long_or_panics() {
    let Some(samples) = samples() else { return };
    let mut seen = 0;
    for (name, _) in samples.truth.members() {
        let bytes = std::fs::read(samples.folder.join(name)).unwrap();
        let eighths = (1..8).map(|n| bytes.len() * n / 8);
        for len in [
            bytes.len(),
            bytes.len().saturating_sub(1),
            0,
            1,
            7,
            12,
            100,
            1000,
        ]
        .into_iter()
        .chain(eighths)
        {
            survives(name, &bytes[..len.min(bytes.len())]);
        }
        // Every reader on every content: names do not have to be honest.
        for other in [
            "x.mp3", "x.mp4", "x.jpg", "x.aac", "x.ac3", "x.bmp", "x.tif", "x.ogg", "x.wma",
            "x.aiff",
        ] {
            survives(other, &bytes);
        }
        for seed in 1..=4 {
            survives(name, &damaged(&bytes, seed));
        }
        seen += 1;
    }
    assert!(seen >= 100, "only {seen} samples");
}

#[expect(clippy::print_stdout, reason = "a figure to look at")]
#[test]
fn a_file_costs_a_handful_of_reads() {
    let Some(samples) = samples() else { return };
    let (mut files, mut reads, mut most) = (0, 0, 0);
    for (name, truth) in samples.truth.members() {
        if matches!(truth.at("cls").text(), "audio" | "video" | "image") {
            let counting = Counting {
                bytes: std::fs::read(samples.folder.join(name)).unwrap(),
                reads: Cell::new(0),
            };
            let source = Source::new(&counting, counting.bytes.len() as u64);
            probe(name.as_bytes(), &mut Reader::new(&source));
            // MPEG streams have no index: a part of the start and of the end is all there is to go by.
            let (_, mime) = by_name(name.as_bytes()).unwrap();
            if matches!(mime, Mime::MPEG_TS | Mime::M2TS | Mime::MPEG_PS) {
                assert!(
                    counting.reads.get() <= 110,
                    "{name}: {}",
                    counting.reads.get()
                );
                continue;
            }
            files += 1;
            reads += counting.reads.get();
            most = most.max(counting.reads.get());
        }
    }
    println!("{reads} reads of {files} files, at most {most}");
    assert!(reads <= 4 * files, "{reads} reads of {files} files");
}

struct Counting {
    bytes: Vec<u8>,
    reads: Cell<u32>,
}

impl ReadAt for Counting {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.reads.set(self.reads.get() + 1);
        self.bytes.as_slice().read_at(buf, offset)
    }
}

fn survives(name: &str, bytes: &[u8]) {
    let start = Instant::now();
    let media = probed(name, bytes).media;
    assert!(
        start.elapsed() < LONGEST_PROBE,
        "{name}, {} bytes: {:?}",
        bytes.len(),
        start.elapsed()
    );
    assert!(media.class.is_some() == media.mime.is_some(), "{name}");
    assert!(
        media.class.is_some() || by_name(name.as_bytes()).is_none(),
        "{name}"
    );
    let is_packed = media.mime.is_some_and(packed::is_packed);
    if let Some(span) = media.art.filter(|_| is_packed) {
        // Taken out when it is asked for; of a file that was cut, never more than was told.
        if let Ok(picture) = packed::unpack(&bytes, bytes.len() as u64, span.offset) {
            assert!(picture.len() as u64 <= span.len.into(), "{name}: {span:?}");
        }
    }
    let lying = media.art.filter(|_| !is_packed);
    for span in [lying, media.thumbnail].into_iter().flatten() {
        let start = usize::try_from(span.offset).unwrap();
        let picture = bytes.get(start..start + usize::try_from(span.len).unwrap());
        let picture = picture.unwrap_or_else(|| panic!("{name}: {span:?}"));
        let magic: &[u8] = if span.mime == Mime::PNG {
            b"\x89PNG"
        } else {
            b"\xFF\xD8\xFF"
        };
        assert!(picture.starts_with(magic), "{name}: {span:?}");
    }
    assert!(
        media.orientation.is_none_or(|o| (1..=8).contains(&o)),
        "{name}"
    );
    assert!(media.rating.is_none_or(|s| (1..=5).contains(&s)), "{name}");
    let texts = [
        &media.camera,
        &media.title,
        &media.artist,
        &media.album_artist,
        &media.album,
        &media.genre,
        &media.composer,
    ];
    for text in texts.into_iter().flatten() {
        assert!(
            !text.is_empty() && text.len() <= crate::limits::TEXT_BYTES,
            "{name}"
        );
        let forbidden = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
        assert!(!text.chars().any(forbidden), "{name}: {text:?}");
    }
}

/// One byte in about fifty replaced; the same every time.
fn damaged(bytes: &[u8], seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let hit = |b: &u8| {
        if next().is_multiple_of(50) {
            next().to_le_bytes()[0]
        } else {
            *b
        }
    };
    bytes.iter().map(hit).collect()
}

fn probed(name: &str, bytes: &[u8]) -> Probed {
    let source = Source::new(&bytes, bytes.len() as u64);
    probe(name.as_bytes(), &mut Reader::new(&source))
}

/// Field, whether it is right, and what was found for what was expected.
fn compare<'t>(media: &Media, truth: &'t Json) -> Vec<(&'t str, bool, String)> {
    let fields = truth.at("fields").members();
    let mut rows: Vec<_> = fields
        .filter_map(|(field, _)| {
            compare_field(media, field, truth).map(|(ok, what)| (field.as_str(), ok, what))
        })
        .collect();
    // What all agree is not there must not be found either.
    for field in truth.at("absent").items().map(Json::text) {
        let found = match field {
            "title" => media.title.clone(),
            "artist" => media.artist.clone(),
            "album" => media.album.clone(),
            "albumartist" => media.album_artist.clone(),
            "genre" => media.genre.clone(),
            "composer" => media.composer.clone(),
            "track" => media.track.map(|n| n.to_string()),
            "disc" => media.disc.map(|n| n.to_string()),
            "date" => media.date.map(shown_date),
            "cover" => media.art.map(|art| art.mime.as_str().to_owned()),
            _ => continue,
        };
        if let Some(found) = found {
            rows.push((field, false, format!("found {found}, should be absent")));
        }
    }
    rows
}

#[expect(clippy::too_many_lines, reason = "one table: an arm for every field")]
fn compare_field(media: &Media, field: &str, file: &Json) -> Option<(bool, String)> {
    let truth = file.at("fields").at(field);
    let expected = truth.at("v");
    let size = file.at("size").number()?;
    let lengths = file
        .at("fields")
        .at("duration")
        .at("all")
        .members()
        .filter_map(|(_, v)| v.number());
    let number = |found: Option<u64>| {
        (
            found == expected.number(),
            format!("{found:?} for {expected:?}"),
        )
    };
    let words = |found: &Option<String>| {
        // The other tools fold blanks.
        let wanted = expected.text().split_whitespace();
        let same = found
            .as_ref()
            .is_some_and(|f| f.split_whitespace().eq(wanted));
        let alternatives = truth
            .at("alts")
            .items()
            .any(|a| Some(a.text()) == found.as_deref());
        (same || alternatives, format!("{found:?} for {expected:?}"))
    };
    Some(match field {
        "class" => {
            let found = media.class.map(|class| match class {
                Class::Audio => "audio",
                Class::Image => "image",
                Class::Video => "video",
                Class::Caption => "caption",
                Class::Playlist => "playlist",
            });
            (
                found == Some(expected.text()),
                format!("{found:?} for {expected:?}"),
            )
        }
        "duration" => {
            let found = media
                .duration
                .map(|d| u64::try_from(d.as_millis()).unwrap());
            let exact = expected.number()?;
            let near = |wanted: u64| found.is_some_and(|f| f.abs_diff(wanted) <= 10 + wanted / 500);
            (
                lengths.chain([exact]).any(near),
                format!("{found:?} for {exact}"),
            )
        }
        "bitrate" => {
            let found = media.bitrate_bytes_per_sec.map(|rate| u64::from(rate) * 8);
            let exact = expected.number()?;
            // The rate follows from the play time, so every play time that counts as right gives a right rate;
            // they are rounded to milliseconds.
            let of_length = |ms: u64| (size * 8_000).checked_div(ms).unwrap_or(u64::MAX / 2);
            let between = |low: u64, high: u64| {
                found.is_some_and(|f| f + 16 + low / 30 >= low && f <= high + 16 + high / 30)
            };
            let mut spans = lengths.map(|ms| (of_length(ms + 1), of_length(ms.saturating_sub(1))));
            let right = between(exact, exact) || spans.any(|(low, high)| between(low, high));
            (right, format!("{found:?} for {exact}"))
        }
        "resolution" => {
            let sides: Vec<_> = expected.items().filter_map(Json::number).collect();
            let found = [media.width.map(u64::from), media.height.map(u64::from)];
            let same = |a: usize, b: usize| found == [sides.get(a).copied(), sides.get(b).copied()];
            let swapped = truth.at("swap_ok").is_true() && same(1, 0);
            (same(0, 1) || swapped, format!("{found:?} for {sides:?}"))
        }
        "vcodec" => {
            let found = media.video_codec.map(VideoCodec::name);
            (
                found == Some(expected.text()),
                format!("{found:?} for {expected:?}"),
            )
        }
        "audio_tracks" => number(u64::try_from(media.audio_tracks.len()).ok()),
        "subtitle_tracks" => number(u64::try_from(media.subtitle_tracks.len()).ok()),
        "samplerate" => number(media.sample_rate.map(u64::from)),
        "channels" => number(media.channels.map(u64::from)),
        "track" => number(media.track.map(u64::from)),
        "disc" => number(media.disc.map(u64::from)),
        "title" => words(&media.title),
        "artist" => words(&media.artist),
        "album" => words(&media.album),
        "albumartist" => words(&media.album_artist),
        "genre" => words(&media.genre),
        "composer" => words(&media.composer),
        "orientation" => number(media.orientation.map(u64::from)),
        "rating" => number(media.rating.map(u64::from)),
        "camera" => {
            // The truth is the model alone.
            let found = media.camera.as_deref().unwrap_or_default();
            let right = found.ends_with(expected.text());
            (right, format!("{found:?} for {expected:?}"))
        }
        "cover" => {
            let found = media.art.map(|art| art.mime.as_str());
            let wanted = expected.at("mime").text();
            (found == Some(wanted), format!("{found:?} for {wanted}"))
        }
        "date" => {
            let found = media.date.map(shown_date);
            let wanted = expected
                .text()
                .trim_end_matches(" UTC")
                .replace(' ', "T")
                .replace('/', "-");
            // Words that do not start with a year say one all the same: the alternatives.
            let words = !wanted.starts_with(|c: char| c.is_ascii_digit());
            let alternatives = truth.at("alts").items().filter(|_| words);
            // To the second where the truth says seconds, and to the minute where it says minutes.
            let right = found.as_ref().is_some_and(|f| {
                *f == wanted
                    || *f == format!("{wanted}:00")
                    || alternatives.into_iter().any(|a| a.text() == *f)
            });
            (right, format!("{found:?} for {wanted}"))
        }
        _ => return None,
    })
}

fn shown_date(date: Date) -> String {
    let stamp = time::OffsetDateTime::from_unix_timestamp(date.unix_secs).unwrap();
    let (year, month, day) = (stamp.year(), u8::from(stamp.month()), stamp.day());
    match date.precision {
        Precision::Year => format!("{year:04}"),
        Precision::Month => format!("{year:04}-{month:02}"),
        Precision::Day => format!("{year:04}-{month:02}-{day:02}"),
        Precision::Second => {
            let (h, m, s) = stamp.to_hms();
            format!("{year:04}-{month:02}-{day:02}T{h:02}:{m:02}:{s:02}")
        }
    }
}

struct Samples {
    folder: PathBuf,
    truth: Json,
}

fn samples() -> Option<Samples> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    let folder = std::env::var_os("RILL_SHARED")
        .map_or_else(beside, PathBuf::from)
        .join("media-samples");
    let Ok(text) = std::fs::read_to_string(folder.join("truth.json")) else {
        eprintln!("skipped: no samples in {}", folder.display());
        return None;
    };
    let truth = Json::parse(&text);
    Some(Samples { folder, truth })
}
