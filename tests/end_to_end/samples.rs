//! Real files as a control point sees them: each browsed, held against the truth about it, and fetched. The samples are
//! not part of the project: without them these tests say so and pass.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use json::Json;

use crate::art::{art, size, small};
use crate::harness::{Browse, Library, Object, Rill, Setup, clean, have, program, run, skip};

#[path = "../support/json.rs"]
pub(crate) mod json;

/// Where rill and the truth differ, and why.
const DIFFERENT: &[&str] = &[
    // It has no sound but what is to be skipped (RFC 7845 §4.5).
    "exiftool__Opus.opus: bitrate",
    "exiftool__Opus.opus: duration",
    // The last picture is played as long as the others.
    "gen__h264_aac.ts: duration",
    "media3__sample_h262_mpeg_audio.ts: bitrate",
    "media3__sample_h262_mpeg_audio.ts: duration",
    // Its last pictures have no time stamp: 24 of them, 24 a second, are played.
    "ums__action_success-512.mpg: bitrate",
    "ums__action_success-512.mpg: duration",
    // AAC that describes itself as mono in a tag that says stereo.
    "media3__sample.flv: channels",
    "media3__sample_fragmented_uuid.mp4: channels",
    // An animation is a picture.
    "mp4parse__loop_none.avif: bitrate",
    "mp4parse__loop_none.avif: class",
    "mp4parse__loop_none.avif: duration",
    // When it was filmed, which no other tool counts.
    "media3__dolbyVision-hdr.MOV: date",
];

/// The files that earn a DLNA profile, by the rules for codec, profile, level, size and rate; no other does. Each was held
/// against what ffprobe says of the file, but for half a dozen that it cannot read; `profiles` has the rules one by one.
const PROFILES: &[(&str, &[&str])] = &[
    (
        "AAC_ADTS_320",
        &[
            "atl__adts_CBR88_8s.aac",
            "gen__adts.aac",
            "lofty__junk_between_id3_and_adts.aac",
            "mutagen__empty.aac",
        ],
    ),
    (
        "AAC_ISO_320",
        &[
            "beets__full.m4a",
            "beets__t_time.m4a",
            "dhowden__sample.mp4",
            "gen__aac.m4a",
            "gen__he_48k_mono.m4b",
            "pymediainfo__mp4-with-audio.mp4",
            "taglib__ilst-is-last.m4a",
            "taglib__infloop.m4a",
            "taglibgit__ilst-is-last.m4a",
            "tinytag__classical.m4a",
        ],
    ),
    ("AC3", &["tika__testAC3.ac3"]),
    ("AVC_MP4_BL_CIF15_AAC_520", &["media3__sample_simple.mp4"]),
    ("AVC_MP4_BL_L3L_SD_AAC", &["taglib__blank_video.m4v"]),
    (
        "AVC_MP4_HP_HD_AAC",
        &[
            "gen__h264_aac.mp4",
            "gen__h264_aac_faststart.mp4",
            "gomp4__sample.mp4",
            "media3__sample_fragmented_sei.mp4",
            "media3__sample_fragmented_uuid.mp4",
            "media3__silent-black-10s.mp4",
            "mp4parse__metadata.mp4",
            "mp4parse__zero_empty_stsc.mp4",
        ],
    ),
    ("AVC_MP4_MP_HD_720p_AAC", &["gomp4__sample_fragmented.mp4"]),
    ("AVC_TS_HD_50_AC3_T", &["exiftool__M2TS.mts"]),
    (
        "GIF_LRG",
        &[
            "imagers__issue_1455_undersized.gif",
            "pymediainfo__empty.gif",
            "small__gif-transparent.gif",
            "taglibsharp__sample_exiftool_tangled3.gif",
        ],
    ),
    ("JPEG_LRG", &["taglibsharp__sample_unicode5.jpg"]),
    ("JPEG_MED", &["taglibsharp__sample_emptycomment.jpg"]),
    (
        "MP3",
        &[
            "atl__ID3v2.4-WXX-UnicodeMarkerWithoutDescription.mp3",
            "atl__id3v2.4_UTF8_extendedTag.mp3",
            "beets__image_unknown_type.mp3",
            "beets__space_time.mp3",
            "dhowden__sample.id3v11.mp3",
            "dhowden__sample.id3v24.mp3",
            "exiftool__MP3.mp3",
            "gen__id3v23_utf16.mp3",
            "gen__vbr_noxing.mp3",
            "gen__vbr_xing.mp3",
            "lofty__id3v1_202_genre_F.mp3",
            "mutagen__id3v1v2-combined.mp3",
            "taglibsharp__sample_v2_4_unsynch.mp3",
            "tika__testMP3id3v24.mp3",
            "tinytag__id3_xxx_lang.mp3",
        ],
    ),
    ("MP3X", &["gen__mpeg2_22k.mp3"]),
    (
        "PNG_LRG",
        &[
            "exifr__invalid-iCCP-missing-adler32-checksum.png",
            "exiv2__ReaganSmallPng.png",
        ],
    ),
    (
        "PNG_TN",
        &["exifr__png_with_exif_and_gps.png", "exiftool__PNG.png"],
    ),
    (
        "WMABASE",
        &[
            "beets__full.wma",
            "tika__testWMA.wma",
            "tinytag__grouping.wma",
        ],
    ),
];

/// `JPEG_TN` goes by size alone, and most photographs among the samples are that small.
const THUMBNAIL_BOUNDS: (u64, u64) = (160, 160);

/// Bits per sample, where they are stored.
const BITS: &[(&str, u64)] = &[
    ("tinytag__24bit_pcm_extended.wav", 24),
    ("tinytag__32bit_float.wav", 32),
    ("taglibgit__rf64.wav", 16),
    ("gen__alac.m4a", 16),
    ("atl__empty.dff", 1),
];

/// The samples, the truth about them, and what a file's bytes are called.
struct Samples {
    folder: PathBuf,
    truth: Json,
    names: HashMap<Vec<u8>, String>,
}

impl Samples {
    fn find() -> Option<Self> {
        let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
        let shared = std::env::var_os("RILL_SHARED").map_or_else(beside, PathBuf::from);
        let folder = shared.join("media-samples");
        let Ok(text) = fs::read_to_string(folder.join("truth.json")) else {
            skip(&format!("there are no samples in {}", folder.display()));
            return None;
        };
        let truth = Json::parse(&text);
        let named = |(name, _): &(String, Json)| {
            let bytes = fs::read(folder.join(name)).ok()?;
            Some((bytes, name.clone()))
        };
        let names = truth.members().filter_map(named).collect();
        Some(Self {
            folder: folder.canonicalize().unwrap(),
            truth,
            names,
        })
    }

    fn serve(&self, library: &Library) -> Option<Rill> {
        Setup::new(library)
            .media(&self.folder)
            .expecting(self.names.len())
            .start()
    }
}

/// One sample as it is listed.
struct Listed<'s> {
    name: &'s str,
    truth: &'s Json,
    item: Object,
}

impl Listed<'_> {
    fn number(&self, attribute: &str) -> Option<u64> {
        let text = self.item.res().attribute(attribute)?;
        Some(text.parse().unwrap())
    }

    /// `resolution`, in pixels.
    fn sides(&self) -> Option<(u64, u64)> {
        let (w, h) = self.item.res().attribute("resolution")?.split_once('x')?;
        Some((w.parse().unwrap(), h.parse().unwrap()))
    }

    /// `duration` in milliseconds (H+:MM:SS.FFF).
    fn millis(&self) -> Option<u64> {
        let text = self.item.res().attribute("duration")?;
        let parts: Vec<u64> = text
            .split([':', '.'])
            .map(|part| part.parse().unwrap())
            .collect();
        let [h, m, s, ms] = parts[..] else {
            panic!("{text} is no duration with milliseconds")
        };
        assert!(m < 60 && s < 60 && ms < 1000, "{text}");
        Some(((h * 60 + m) * 60 + s) * 1000 + ms)
    }

    fn text(&self, element: &str) -> Option<&str> {
        let mut all = self.item.element.children.iter();
        let found = all.find(|child| child.name == element && child.attributes.is_empty());
        found.map(|child| child.text.as_str())
    }

    fn role(&self, role: &str) -> Option<&str> {
        let mut all = self.item.element.children.iter();
        let found = all.find(|child| child.attribute("role") == Some(role));
        found.map(|child| child.text.as_str())
    }

    /// What is shown of a field of the truth, and whether it is right; `None` where no control point sees the field.
    fn compare(&self, field: &str) -> Option<(bool, String)> {
        let about = self.truth.at("fields").at(field);
        let wanted = about.at("v");
        let words = |found: Option<&str>| {
            let same = |found: &str| {
                found
                    .split_whitespace()
                    .eq(wanted.text().split_whitespace())
                    || about.at("alts").items().any(|alt| alt.text() == found)
            };
            (found.is_some_and(same), format!("{found:?}"))
        };
        let number = |found: Option<u64>| (found == wanted.number(), format!("{found:?}"));
        let text = |element| self.text(element);
        Some(match field {
            "class" => {
                let class = self.item.class.split('.').nth(2);
                let same = class == Some(&format!("{}Item", wanted.text()));
                (same, self.item.class.clone())
            }
            "title" => words(Some(&self.item.title)),
            "artist" => words(text("artist")),
            "albumartist" => words(self.role("AlbumArtist").or_else(|| text("artist"))),
            "composer" => words(self.role("Composer")),
            "album" => words(text("album")),
            "genre" => words(text("genre")),
            "track" => number(text("originalTrackNumber").map(|n| n.parse().unwrap())),
            "disc" => number(text("originalDiscNumber").map(|n| n.parse().unwrap())),
            "samplerate" => number(self.number("sampleFrequency")),
            "channels" => number(self.number("nrAudioChannels")),
            "date" => self.compare_date(about),
            "resolution" => {
                let sides: Vec<_> = wanted.items().filter_map(Json::number).collect();
                let same =
                    |(w, h)| sides == [w, h] || about.at("swap_ok").is_true() && sides == [h, w];
                (
                    self.sides().is_some_and(same),
                    format!("{:?}", self.sides()),
                )
            }
            "duration" => {
                let near = |ms: u64| {
                    self.millis()
                        .is_some_and(|f| f.abs_diff(ms) <= 10 + ms / 500)
                };
                (self.lengths().any(near), format!("{:?}", self.millis()))
            }
            "bitrate" => {
                let found = self.number("bitrate");
                // It follows from the play time, which is rounded.
                let size = self.truth.at("size").number()? * 1000;
                let low = |ms: u64| size / (ms + 1);
                let high = |ms: u64| size.checked_div(ms - ms.min(1)).unwrap_or(u64::MAX / 2);
                let near = |low: u64, high: u64, found: u64| {
                    found + 2 + low / 30 >= low && found <= high + 2 + high / 30
                };
                let plain = wanted.number()? / 8;
                let right = |f| {
                    near(plain, plain, f) || self.lengths().any(|ms| near(low(ms), high(ms), f))
                };
                (found.is_some_and(right), format!("{found:?}"))
            }
            _ => return None,
        })
    }

    /// Every play time that somebody measured, in milliseconds.
    fn lengths(&self) -> impl Iterator<Item = u64> {
        let about = self.truth.at("fields").at("duration");
        let all = about.at("all").members().filter_map(|(_, v)| v.number());
        all.chain(about.at("v").number())
    }

    /// `dc:date` is a day at least (UPnP ContentDirectory:1 appendix B): what is not stated is the first.
    fn compare_date(&self, about: &Json) -> (bool, String) {
        let found = self.text("date");
        let wanted = about.at("v").text().trim_end_matches(" UTC");
        let wanted = wanted.replace(' ', "T").replace('/', "-");
        let is_words = !wanted.starts_with(|c: char| c.is_ascii_digit());
        let right = |found: &str| {
            let rest = found.strip_prefix(&*wanted);
            rest.is_some_and(|rest| matches!(rest, "" | "-01" | "-01-01" | ":00"))
                || is_words
                    && about
                        .at("alts")
                        .items()
                        .any(|alt| found.starts_with(alt.text()))
        };
        (found.is_some_and(right), format!("{found:?}"))
    }

    /// What all agree is not there, and is shown all the same.
    fn false_fields(&self) -> Vec<(&str, String)> {
        let stem = self.name.rsplit_once('.').unwrap().0;
        let shown = |field: &str| match field {
            "title" => Some(self.item.title.as_str()).filter(|title| *title != stem),
            "artist" => self.text("artist").or_else(|| self.text("creator")),
            "albumartist" => self.role("AlbumArtist"),
            "composer" => self.role("Composer"),
            "album" => self.text("album"),
            "genre" => self.text("genre"),
            "track" => self.text("originalTrackNumber"),
            "disc" => self.text("originalDiscNumber"),
            "date" => self.text("date"),
            _ => None,
        };
        let absent = self.truth.at("absent").items().map(Json::text);
        absent
            .filter_map(|field| Some((field, shown(field)?.to_owned())))
            .collect()
    }

    /// The profile that the file should have.
    fn profile(&self) -> Option<&'static str> {
        let row = PROFILES
            .iter()
            .find(|(_, files)| files.contains(&self.name));
        let is_small = || {
            let (w, h) = self.sides()?;
            let is_jpeg = self.name.to_ascii_lowercase().ends_with(".jpg");
            (is_jpeg && w <= THUMBNAIL_BOUNDS.0 && h <= THUMBNAIL_BOUNDS.1).then_some("JPEG_TN")
        };
        row.map(|(profile, _)| *profile).or_else(is_small)
    }
}

/// The media type of a file: by what is in it, which the first rows' names hide.
fn media_type(name: &str, class: &str) -> &'static str {
    let extension = name.rsplit('.').next().unwrap().to_ascii_lowercase();
    let is_video = class.starts_with("object.item.videoItem");
    match (name, &*extension) {
        ("small__heif.heif", _) => "image/heic",
        ("exiftool__Real.rm", _) => "audio/x-pn-realaudio",
        (_, "mp4" | "m4v") if is_video => "video/mp4",
        (_, "mp4" | "m4a" | "m4b") => "audio/mp4",
        (_, "mov") => "video/quicktime",
        (_, "3gp") if is_video => "video/3gpp",
        (_, "3gp") => "audio/3gpp",
        (_, "mkv") if is_video => "video/x-matroska",
        (_, "mkv" | "mka") => "audio/x-matroska",
        (_, "webm") if is_video => "video/webm",
        (_, "webm") => "audio/webm",
        (_, "avi") => "video/x-msvideo",
        (_, "ts" | "mpg" | "mpeg" | "vob") => "video/mpeg",
        (_, "mts") => "video/vnd.dlna.mpeg-tts",
        (_, "wmv") => "video/x-ms-asf",
        (_, "wma") => "audio/x-ms-wma",
        (_, "flv") => "video/x-flv",
        (_, "ogv") => "video/ogg",
        (_, "mp1" | "mp2" | "mp3") => "audio/mpeg",
        (_, "aac") => "audio/vnd.dlna.adts",
        (_, "ac3") => "audio/vnd.dolby.dd-raw",
        (_, "amr") => "audio/amr",
        (_, "flac") => "audio/flac",
        (_, "ogg" | "oga" | "opus" | "spx") => "audio/ogg",
        (_, "wav") => "audio/x-wav",
        (_, "aif" | "aiff") => "audio/x-aiff",
        (_, "ape") => "audio/x-ape",
        (_, "wv") => "audio/x-wavpack",
        (_, "mpc") => "audio/x-musepack",
        (_, "dsf" | "dff") => "audio/x-dsd",
        (_, "caf") => "audio/x-caf",
        (_, "tta") => "audio/x-tta",
        (_, "tak") => "audio/x-tak",
        (_, "ofr") => "audio/x-ofr",
        (_, "jpg") => "image/jpeg",
        (_, "png") => "image/png",
        (_, "gif") => "image/gif",
        (_, "webp") => "image/webp",
        (_, "bmp") => "image/bmp",
        (_, "tif" | "tiff") => "image/tiff",
        (_, "heic") => "image/heic",
        (_, "heif") => "image/heif",
        (_, "avif") => "image/avif",
        _ => panic!("{name}: which type?"),
    }
}

#[test]
fn every_file_is_listed_as_the_truth_says_and_sent_whole() {
    let Some(samples) = Samples::find() else {
        return;
    };
    let library = Library::empty();
    let Some(rill) = samples.serve(&library) else {
        return;
    };
    let mut faults = Vec::new();
    let mut compared = 0;
    let mut seen = BTreeMap::new();
    for listed in rill.children("0").objects {
        let page = rill.browse(&Browse::metadata(&listed.id)).unwrap();
        let [item] = &page.objects[..] else {
            panic!("{page:?}")
        };
        assert_eq!(
            format!("{:?}", item.element),
            format!("{:?}", listed.element)
        );
        let fields = [("getcontentFeatures.dlna.org", "1")];
        let reply = rill.get(item.target(), &fields);
        assert_eq!(reply.status, 200, "{item:?}");
        let name = samples.names.get(&reply.body);
        let name = name.unwrap_or_else(|| panic!("no file has these bytes: {item:?}"));
        let info = item.res().attribute("protocolInfo").unwrap();
        let parts: Vec<_> = info.split(':').collect();
        assert_eq!(parts[..2], ["http-get", "*"], "{name}");
        assert_eq!(reply.field("Content-Type"), Some(parts[2]), "{name}");
        assert_eq!(
            reply.field("contentFeatures.dlna.org"),
            Some(parts[3]),
            "{name}"
        );
        let listed = Listed {
            name,
            truth: samples.truth.at(name),
            item: item.clone(),
        };
        let size = u64::try_from(reply.body.len()).unwrap();
        assert_eq!(listed.number("size"), Some(size), "{name}");
        if parts[2] != media_type(name, &item.class) {
            faults.push(format!("{name}: type: {}", parts[2]));
        }
        let profile = parts[3]
            .split(';')
            .find_map(|part| part.strip_prefix("DLNA.ORG_PN="));
        if profile != listed.profile() {
            faults.push(format!("{name}: profile: {profile:?}"));
        }
        let bits = BITS.iter().find(|(file, _)| file == name);
        if bits.is_some_and(|(_, bits)| listed.number("bitsPerSample") != Some(*bits)) {
            faults.push(format!(
                "{name}: bits: {:?}",
                listed.number("bitsPerSample")
            ));
        }
        if matches!(listed.truth.at("cls").text(), "audio" | "video" | "image") {
            for (field, _) in listed.truth.at("fields").members() {
                if let Some((right, found)) = listed.compare(field) {
                    compared += 1;
                    if !right {
                        faults.push(format!("{name}: {field}: {found}"));
                    }
                }
            }
            for (field, found) in listed.false_fields() {
                faults.push(format!("{name}: {field}: {found:?}, which is not there"));
            }
        }
        assert_eq!(
            seen.insert(name.clone(), item.id.clone()),
            None,
            "{name} is listed twice"
        );
    }
    assert_eq!(seen.len(), samples.names.len());
    let is_known = |fault: &String| {
        DIFFERENT.iter().any(|known| {
            fault
                .strip_prefix(known)
                .is_some_and(|rest| rest.starts_with(':'))
        })
    };
    faults.retain(|fault| !is_known(fault));
    assert!(faults.is_empty(), "of {compared}:\n{}", faults.join("\n"));
    assert!(compared > 1000, "only {compared} fields were compared");
}

/// Photographs whose pixels were taken out: nothing can be made of them but what the camera's own thumbnail shows.
const HOLLOW: &[&str] = &[
    "taglibsharp__sample_emptycomment.jpg",
    "taglibsharp__sample_unicode5.jpg",
];

#[test]
fn every_picture_offered_is_a_jpeg_that_decodes_upright_and_no_larger_than_its_source() {
    let Some(samples) = Samples::find() else {
        return;
    };
    let library = Library::empty();
    let Some(rill) = samples.serve(&library) else {
        return;
    };
    let decode = have("ffmpeg");
    let mut made = 0;
    let mut faults = Vec::new();
    for item in rill.children("0").objects {
        let offered = art(&item);
        if offered.is_empty() {
            continue;
        }
        let original = rill.get(item.target(), &[]).body;
        let name = &samples.names[&original];
        let fields = samples.truth.at(name).at("fields");
        let turned = fields
            .at("orientation")
            .at("v")
            .number()
            .is_some_and(|o| o > 4);
        let sides = if item.class.starts_with("object.item.imageItem") {
            fields.at("resolution").at("v")
        } else {
            fields.at("cover").at("v").at("dims")
        };
        let sides: Vec<_> = sides.items().filter_map(Json::number).collect();
        let is_hollow = HOLLOW.contains(&name.as_str());
        if is_hollow {
            let profiles: Vec<_> = offered.iter().map(|(profile, _)| &**profile).collect();
            assert_eq!(profiles, ["JPEG_TN"], "{name}");
        }
        let offered = if is_hollow { offered } else { small(offered) };
        for ((profile, path), most) in offered.iter().zip([(160, 160), (640, 480)]) {
            let reply = rill.get(path, &[]);
            if reply.status != 200 {
                faults.push(format!("{name}: {profile}: {}", reply.status));
                continue;
            }
            assert_eq!(reply.field("Content-Type"), Some("image/jpeg"), "{name}");
            let (w, h) = size(&reply.body);
            let (w, h) = (u64::from(w), u64::from(h));
            if w > most.0 || h > most.1 {
                faults.push(format!("{name}: {profile}: {w}x{h} is too large"));
            }
            if let [mut wide, mut high] = sides[..] {
                if turned {
                    (wide, high) = (high, wide);
                }
                let is_same_shape = (w * high).abs_diff(h * wide) <= wide.max(high);
                if w > wide || h > high || !is_same_shape {
                    faults.push(format!("{name}: {profile}: {w}x{h} of {wide}x{high}"));
                }
            }
            if decode {
                let file = library.beside("made.jpg");
                fs::write(&file, &reply.body).unwrap();
                let mut ffmpeg = Command::new("ffmpeg");
                ffmpeg
                    .args(["-nostdin", "-v", "error", "-xerror", "-i"])
                    .arg(&file);
                let said = run(ffmpeg.args(["-f", "null", "-"])).stderr;
                assert_eq!(String::from_utf8_lossy(&said), "", "{name}: {profile}");
            }
            made += 1;
        }
    }
    assert!(faults.is_empty(), "of {made}:\n{}", faults.join("\n"));
    assert!(made > 60, "only {made} pictures were made");
}

/// What a line of `rill scan --json` must tell, else why it does not.
fn is_whole(line: &Json) -> bool {
    let has = |name: &str| line.at(name).number().is_some();
    match line.at("class").text() {
        "audio" => has("duration_ms") && has("sample_rate") && has("channels"),
        "video" => has("duration_ms") && has("width") && has("height"),
        "image" => has("width") && has("height"),
        class => panic!("{class:?} of {line:?}"),
    }
}

#[test]
fn each_file_that_is_not_wholly_understood_has_its_reason_in_both_reports() {
    let Some(samples) = Samples::find() else {
        return;
    };
    let library = Library::empty();
    library.write("empty.mp3", b"");
    library.write("lost.mkv", b"no film");
    library.write("notes.txt", b"not media");
    library.write("film.srt", b"1");
    std::os::unix::fs::symlink("/etc/hostname", library.path("away.mp3")).unwrap();
    let roots = [samples.folder.clone(), library.root()];
    let scan = |words: &[&str]| {
        let (runner, binary) = program();
        let words = words.iter().map(|word| (*word).into());
        let mut all = runner.into_iter().chain([binary.into()]).chain(words);
        let mut command = Command::new(all.next().unwrap());
        clean(&mut command);
        command
            .args(all)
            .args(&roots)
            .env("RILL_STATE_DIR", library.beside("scanned"))
            .env("RILL_LOG", "debug");
        String::from_utf8(run(&mut command).stdout).unwrap()
    };
    let lines: Vec<_> = scan(&["scan", "--json"]).lines().map(Json::parse).collect();
    let mut paths: Vec<_> = lines.iter().map(|line| line.at("path").text()).collect();
    paths.sort_unstable();
    assert!(paths.is_sorted_by(|a, b| a < b), "two lines of one file");
    for name in samples.names.values() {
        let path = samples.folder.join(name);
        assert!(
            paths.binary_search(&path.to_str().unwrap()).is_ok(),
            "{name} has no line"
        );
    }

    let words = scan(&["scan"]);
    let reported: BTreeMap<_, _> = words
        .lines()
        .filter_map(|line| line.strip_prefix("  /")?.split_once(": "))
        .map(|(path, why)| (format!("/{path}"), why))
        .collect();
    let (mut skipped, mut troubled) = (0, 0);
    for line in &lines {
        let reason = [line.at("skipped").text(), line.at("trouble").text()].concat();
        let path = line.at("path").text();
        let told = reported.get(path).copied();
        assert_eq!(
            told.unwrap_or_default(),
            reason,
            "{path} in the two reports"
        );
        if line.at("class").text().is_empty() {
            skipped += 1;
            assert_ne!(reason, "", "{path} is skipped in silence");
        } else if line.at("class").text() != "caption" {
            assert!(
                is_whole(line) || !reason.is_empty(),
                "{path} is half understood in silence"
            );
            troubled += usize::from(!reason.is_empty());
        }
    }
    assert_eq!(reported.len(), skipped + troubled, "{words}");
    let summary = words.lines().next().unwrap();
    let listed = lines
        .iter()
        .filter(|line| !line.at("class").text().is_empty())
        .count();
    assert!(
        skipped >= 2 && troubled > 15,
        "{skipped} {troubled} {listed}: {summary}"
    );
    let numbers = |after: &str| -> usize {
        summary
            .split("; ")
            .filter(|part| part.contains(after))
            .map(|part| {
                part.split_whitespace()
                    .next()
                    .unwrap()
                    .parse::<usize>()
                    .unwrap()
            })
            .sum()
    };
    assert_eq!(numbers("listed although"), troubled, "{summary}");
}
