//! Playlists: M3U, M3U8 and PLS. Neither has a standard; this reads what Winamp, VLC, foobar2000 and their like write.
//!
//! Nothing is opened here: an entry says where something *may* be, and whoever resolves it keeps it inside the library.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stream;
use super::tag::{ByteOrder, text, utf8_or_latin1, utf16};
use crate::limits;

/// Entries of one playlist; the rest is left out.
pub const ENTRIES: usize = 10_000;
/// Bytes of a playlist that are looked at.
pub const BYTES: usize = 4 * 1024 * 1024;

/// The two families.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A line for each entry; `.m3u8` is the same with a stated encoding.
    M3u,
    /// `File1=` and so on, in the manner of INI files.
    Pls,
}

/// Where an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A path with `/` between its parts, relative to the playlist's folder unless it starts with `/`. May hold `..`.
    Path(String),
    /// `http` or `https`.
    Url(String),
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where it is.
    pub target: Target,
    /// What the playlist calls it.
    pub title: Option<String>,
    /// How long the playlist says it is; radio has none.
    pub duration: Option<Duration>,
    /// The playlist says that it is radio, or of a group of that name.
    pub is_radio: bool,
}

/// A whole playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Playlist {
    /// `#PLAYLIST`, rarely there.
    pub title: Option<String>,
    /// In order, at most [`ENTRIES`].
    pub entries: Vec<Entry>,
}

/// Reads a playlist: any line ends, with or without a mark of byte order, each line in UTF-8 or else in Latin-1.
///
/// What makes no sense is left out. A segment list of HTTP Live Streaming (RFC 8216), which goes by the same name, is not a
/// playlist of pieces anybody wants to see: it has no entries.
pub fn parse(kind: Kind, bytes: &[u8]) -> Playlist {
    let bytes = bytes.get(..BYTES).unwrap_or(bytes);
    let widened;
    let bytes = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => {
            widened = utf16(bytes, ByteOrder::Little);
            widened.as_bytes()
        }
        _ => bytes,
    };
    let lines = bytes
        .split(|b| matches!(b, b'\n' | b'\r'))
        .filter(|line| line.len() <= limits::PATH_BYTES)
        .map(utf8_or_latin1);
    match kind {
        Kind::M3u => m3u(lines),
        Kind::Pls => pls(lines),
    }
}

fn m3u(lines: impl Iterator<Item = String>) -> Playlist {
    let mut playlist = Playlist::default();
    let mut about = About::default();
    for line in lines {
        let line = line.trim();
        if let Some(directive) = line.strip_prefix('#') {
            match directive.split_once(':') {
                Some(("EXTINF", rest)) => about = extinf(rest),
                Some(("PLAYLIST", title)) => playlist.title = text(title),
                Some(("EXT-X-TARGETDURATION" | "EXT-X-STREAM-INF", _)) => {
                    return Playlist::default();
                }
                _ => {}
            }
        } else if !line.is_empty() {
            let about = std::mem::take(&mut about);
            if let Some(target) = target(line) {
                playlist.entries.push(Entry {
                    target,
                    title: about.title,
                    duration: about.duration,
                    is_radio: about.is_radio,
                });
            }
            if playlist.entries.len() >= ENTRIES {
                break;
            }
        }
    }
    playlist
}

/// What a directive says of the entry behind it.
#[derive(Default)]
struct About {
    title: Option<String>,
    duration: Option<Duration>,
    is_radio: bool,
}

/// `123,Artist - Title`; some put `name="value"` behind the seconds, and commas into the values.
fn extinf(rest: &str) -> About {
    let mut quoted = false;
    let comma = rest.find(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    let (head, title) = comma
        .and_then(|at| rest.split_at_checked(at))
        .unwrap_or((rest, ""));
    let title = text(title.strip_prefix(',').unwrap_or(title));
    let secs = head.split_whitespace().next().unwrap_or_default();
    About {
        title,
        duration: seconds(secs),
        is_radio: is_radio(head),
    }
}

/// Lists that mix television and radio mark the latter: `radio="true"`, or a group that is called so.
fn is_radio(attributes: &str) -> bool {
    let attributes = attributes.to_ascii_lowercase();
    let value = |name: &str| {
        let (_, rest) = attributes.split_once(name)?;
        rest.split('"').next()
    };
    match value("radio=\"") {
        Some(stated) => stated == "true" || stated == "1",
        None => value("group-title=\"").is_some_and(stream::speaks_of_radio),
    }
}

/// Whole or broken seconds; 0 and less mean unknown, and so does more than a year.
fn seconds(stated: &str) -> Option<Duration> {
    const LONGEST: f64 = 366.0 * 86_400.0;
    let secs: f64 = stated.trim().parse().ok()?;
    (secs > 0.0 && secs < LONGEST).then(|| Duration::from_secs_f64(secs))
}

fn pls(lines: impl Iterator<Item = String>) -> Playlist {
    #[derive(Default)]
    struct Stated {
        file: Option<Target>,
        title: Option<String>,
        length: Option<Duration>,
    }
    let mut entries: BTreeMap<u32, Stated> = BTreeMap::new();
    for line in lines {
        let Some((key, value)) = line.split_once('=') else {
            continue;
        };
        let key = key.trim().to_ascii_lowercase();
        let digits = key.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let (Some(name), Ok(number)) = (key.strip_suffix(digits), digits.parse()) else {
            continue;
        };
        if !matches!(name, "file" | "title" | "length")
            || (entries.len() >= ENTRIES && !entries.contains_key(&number))
        {
            continue;
        }
        let entry = entries.entry(number).or_default();
        match name {
            "file" => entry.file = target(value.trim()),
            "title" => entry.title = text(value),
            _ => entry.length = seconds(value),
        }
    }
    let whole = |stated: Stated| {
        Some(Entry {
            target: stated.file?,
            title: stated.title,
            is_radio: false,
            duration: stated.length,
        })
    };
    Playlist {
        title: None,
        entries: entries.into_values().filter_map(whole).collect(),
    }
}

/// `None` for what cannot be here: other schemes, drives and shares of Windows, names with control characters.
fn target(line: &str) -> Option<Target> {
    if line.is_empty() || line.chars().any(char::is_control) {
        return None;
    }
    if let Some((scheme, rest)) = line.split_once("://") {
        return match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" if !rest.is_empty() && !line.contains(' ') => {
                Some(Target::Url(line.to_owned()))
            }
            "file" => {
                let path = rest.strip_prefix("localhost").unwrap_or(rest);
                let path = percent_decoded(path).filter(|p| p.starts_with('/'))?;
                Some(Target::Path(path))
            }
            _ => None,
        };
    }
    // Windows: a drive, a share, and parts with `\` between them. A name of ours may hold one `\` beside a `/`.
    let has_drive = matches!(line.as_bytes(), [drive, b':', ..] if drive.is_ascii_alphabetic());
    if has_drive || line.starts_with(r"\\") {
        return None;
    }
    let path = if line.contains('/') {
        line.to_owned()
    } else {
        line.replace('\\', "/")
    };
    Some(Target::Path(path))
}

/// RFC 3986 §2.1; `None` for what is no UTF-8 or has a NUL in it.
fn percent_decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.bytes();
    while let Some(b) = rest.next() {
        let digit = |b: Option<u8>| {
            char::from(b?)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        bytes.push(match b {
            b'%' => digit(rest.next())? << 4 | digit(rest.next())?,
            b => b,
        });
    }
    let path = String::from_utf8(bytes).ok()?;
    (!path.chars().any(char::is_control)).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> Target {
        Target::Path(path.to_owned())
    }

    fn targets(kind: Kind, bytes: &[u8]) -> Vec<Target> {
        let entries = parse(kind, bytes).entries;
        entries.into_iter().map(|e| e.target).collect()
    }

    const M3U: &[u8] = b"\xEF\xBB\xBF#EXTM3U\r\n#PLAYLIST: Mine \r\n#EXTINF:123,Some One - Song\r\na/b.mp3\r\n\r\n\
        # a remark\r\n#EXTINF:-1 tvg-name=\"x, y\",Radio\r\nhttp://radio.example/live\r\nc.flac";

    #[test]
    fn lines_are_entries_and_directives_speak_of_the_next() {
        let playlist = parse(Kind::M3u, M3U);
        assert_eq!(playlist.title.as_deref(), Some("Mine"));
        let expected = [
            Entry {
                target: path("a/b.mp3"),
                title: Some("Some One - Song".to_owned()),
                duration: Some(Duration::from_secs(123)),
                is_radio: false,
            },
            Entry {
                target: Target::Url("http://radio.example/live".to_owned()),
                title: Some("Radio".to_owned()),
                duration: None,
                is_radio: false,
            },
            Entry {
                target: path("c.flac"),
                title: None,
                duration: None,
                is_radio: false,
            },
        ];
        assert_eq!(playlist.entries, expected);
    }

    #[test]
    fn radio_is_told_by_its_attribute_or_its_group() {
        let told = |attributes: &str| {
            let list =
                format!("#EXTINF:-1 {attributes},A\nhttp://a.example/x.m3u8\nhttp://b.example/");
            let entries = parse(Kind::M3u, list.as_bytes()).entries;
            assert!(!entries[1].is_radio, "it speaks of the next alone");
            entries[0].is_radio
        };
        assert!(told(r#"tvg-id="a" radio="true""#));
        assert!(told(
            r#"group-title="Schweiz; Radio" tvg-logo="http://a/b""#
        ));
        assert!(!told(r#"radio="false" group-title="Radio""#));
        assert!(!told(r#"group-title="Radiology" tvg-name="Radio 1""#));
        assert!(!told("radio="));
        assert!(!told(""));
    }

    #[test]
    fn all_line_ends_and_encodings_are_read() {
        let expected = [path("ä.mp3"), path("b.mp3")];
        assert_eq!(targets(Kind::M3u, b"\xE4.mp3\rb.mp3\r"), expected);
        assert_eq!(targets(Kind::M3u, "ä.mp3\nb.mp3".as_bytes()), expected);
        let wide: Vec<u8> = "\u{FEFF}ä.mp3\r\nb.mp3"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(targets(Kind::M3u, &wide), expected);
    }

    #[test]
    fn pls_entries_come_by_number_whatever_their_order() {
        let bytes =
            b"[playlist]\nFile2=two.mp3\nTitle2=Two\nLength2=61\nfile1 = http://a.example/\n\
            Title3=no file\nLength1=-1\nNumberOfEntries=3\nVersion=2\nFile4294967296=far\n";
        let playlist = parse(Kind::Pls, bytes);
        let expected = [
            Entry {
                target: Target::Url("http://a.example/".to_owned()),
                title: None,
                duration: None,
                is_radio: false,
            },
            Entry {
                target: path("two.mp3"),
                title: Some("Two".to_owned()),
                duration: Some(Duration::from_secs(61)),
                is_radio: false,
            },
        ];
        assert_eq!(playlist.entries, expected);
    }

    #[test]
    fn paths_of_other_systems_are_turned_or_left_out() {
        let known = |line: &str| target(line);
        assert_eq!(known(r"Album\01.mp3"), Some(path("Album/01.mp3")));
        assert_eq!(known(r"a/odd\name.mp3"), Some(path(r"a/odd\name.mp3")));
        assert_eq!(known("/music/a%20b.mp3"), Some(path("/music/a%20b.mp3")));
        assert_eq!(known("file:///m/a%20b.mp3"), Some(path("/m/a b.mp3")));
        let unknown = [
            r"C:\Music\a.mp3",
            r"\\nas\a.mp3",
            "rtsp://a/b",
            "http://",
            "file://nas/a.mp3",
            "file:///a%00b",
            "file:///a%F",
            "file:///a%FF",
            "a\tb",
            "",
        ];
        for line in unknown {
            assert_eq!(known(line), None, "{line}");
        }
    }

    #[test]
    fn lengths_are_seconds_or_nothing() {
        assert_eq!(seconds("1.5"), Some(Duration::from_millis(1500)));
        for odd in ["0", "-1", "nan", "inf", "1e300", "", "x"] {
            assert_eq!(seconds(odd), None, "{odd}");
        }
    }

    #[test]
    fn segment_lists_are_no_playlists() {
        let hls = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\ns1.ts\n";
        assert_eq!(parse(Kind::M3u, hls), Playlist::default());
    }

    #[test]
    fn every_prefix_and_any_bytes_end_within_the_bounds() {
        for n in 0..M3U.len() {
            assert!(parse(Kind::M3u, &M3U[..n]).entries.len() <= 3);
            let _ = parse(Kind::Pls, &M3U[..n]);
        }
        let long = b"x\n".repeat(ENTRIES + 5);
        assert_eq!(parse(Kind::M3u, &long).entries.len(), ENTRIES);
        let lines: Vec<_> = (0..ENTRIES + 5).map(|n| format!("File{n}=x")).collect();
        assert_eq!(
            parse(Kind::Pls, lines.join("\n").as_bytes()).entries.len(),
            ENTRIES
        );
        assert_eq!(parse(Kind::M3u, &vec![b'x'; 100_000]), Playlist::default());
        assert_eq!(parse(Kind::M3u, b""), Playlist::default());
    }
}
