//! Media types: what a file is called on the wire, the class it belongs to, and the extensions it goes by. One table.

use super::Class;

/// One row of the table; its number is stored in snapshots.
///
/// Two rows may have the same text (`video/mpeg` is both program and transport stream): a row is a kind of file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mime(u8);

struct Row {
    mime: Mime,
    class: Class,
    text: &'static str,
    /// Lower case, without the dot. The first is the one that URLs get.
    extensions: &'static [&'static str],
}

const fn row(
    mime: Mime,
    class: Class,
    text: &'static str,
    extensions: &'static [&'static str],
) -> Row {
    Row {
        mime,
        class,
        text,
        extensions,
    }
}

macro_rules! codes {
    ($($code:literal $name:ident)*) => {
        /// The rows by name.
        #[allow(missing_docs, reason = "the table below says what each row is")]
        impl Mime { $(pub const $name: Mime = Mime($code);)* }
    };
}

// A number once given keeps its meaning for ever; new rows take the next one. 0 is never given.
codes! {
    1 MP4 2 MATROSKA 3 AVI 4 MPEG_PS 5 MPEG_TS 6 M2TS 7 WMV 8 ASF 9 FLV 10 QUICKTIME 11 WEBM 12 OGV 13 VIDEO_3GPP
    14 VIDEO_3GPP2 15 REAL
    16 MPEG_AUDIO 17 M4A 18 ADTS 19 FLAC 20 OGG 21 OPUS 22 WAV 23 AIFF 24 WMA 25 APE 26 WAVPACK 27 MUSEPACK 28 DSF
    29 DFF 30 MKA 31 AC3 32 EAC3 33 DTS 34 AMR 35 AUDIO_3GPP 36 CAF 37 TTA 38 TAK 39 OPTIMFROG 40 SPEEX 41 MP2 42 AU
    43 JPEG 44 PNG 45 GIF 46 WEBP 47 BMP 48 TIFF 49 HEIC 50 HEIF 51 AVIF
    52 SRT 53 SSA 54 ASS 55 VTT 56 SUB 57 SMI
    58 AUDIO_WEBM
    59 M3U 60 PLS
    61 REAL_AUDIO
}

/// Reasons where the registries and the televisions disagree:
/// * 188-byte transport streams are `video/mpeg`, 192-byte ones `video/vnd.dlna.mpeg-tts` (DLNA's table of MPEG profiles).
/// * `audio/flac` is registered (RFC 9639 §9) and what renderers of the last ten years list; `x-flac` is only older.
/// * `audio/x-wav`, because the registered name `audio/vnd.wave` is known to no renderer and `audio/wav` to fewer.
/// * `video/x-matroska` and `video/x-msvideo`: the plain registered names; per-device spellings are quirks.
const TABLE: &[Row] = &[
    row(
        Mime::MP4,
        Class::Video,
        "video/mp4",
        &["mp4", "m4v", "mp4v", "f4v"],
    ),
    row(
        Mime::MATROSKA,
        Class::Video,
        "video/x-matroska",
        &["mkv", "mk3d"],
    ),
    row(
        Mime::AVI,
        Class::Video,
        "video/x-msvideo",
        &["avi", "divx", "xvid"],
    ),
    row(
        Mime::MPEG_PS,
        Class::Video,
        "video/mpeg",
        &["mpg", "mpeg", "mpe", "vob", "m1v", "m2v", "m2p", "vro"],
    ),
    row(
        Mime::MPEG_TS,
        Class::Video,
        "video/mpeg",
        &["ts", "m2t", "tp", "trp"],
    ),
    row(
        Mime::M2TS,
        Class::Video,
        "video/vnd.dlna.mpeg-tts",
        &["m2ts", "mts", "tts"],
    ),
    row(Mime::WMV, Class::Video, "video/x-ms-wmv", &["wmv"]),
    row(Mime::ASF, Class::Video, "video/x-ms-asf", &["asf"]),
    row(Mime::FLV, Class::Video, "video/x-flv", &["flv"]),
    row(
        Mime::QUICKTIME,
        Class::Video,
        "video/quicktime",
        &["mov", "qt"],
    ),
    row(Mime::WEBM, Class::Video, "video/webm", &["webm"]),
    row(Mime::OGV, Class::Video, "video/ogg", &["ogv", "ogm"]),
    row(
        Mime::VIDEO_3GPP,
        Class::Video,
        "video/3gpp",
        &["3gp", "3gpp"],
    ),
    row(
        Mime::VIDEO_3GPP2,
        Class::Video,
        "video/3gpp2",
        &["3g2", "3gp2"],
    ),
    row(
        Mime::REAL,
        Class::Video,
        "application/vnd.rn-realmedia",
        &["rm", "rmvb"],
    ),
    row(
        Mime::MPEG_AUDIO,
        Class::Audio,
        "audio/mpeg",
        &["mp3", "mpga", "mp1"],
    ),
    row(Mime::M4A, Class::Audio, "audio/mp4", &["m4a", "m4b", "m4r"]),
    row(
        Mime::ADTS,
        Class::Audio,
        "audio/vnd.dlna.adts",
        &["aac", "adts"],
    ),
    row(Mime::FLAC, Class::Audio, "audio/flac", &["flac"]),
    row(Mime::OGG, Class::Audio, "audio/ogg", &["ogg", "oga"]),
    row(Mime::OPUS, Class::Audio, "audio/ogg", &["opus"]),
    row(Mime::WAV, Class::Audio, "audio/x-wav", &["wav", "wave"]),
    row(
        Mime::AIFF,
        Class::Audio,
        "audio/x-aiff",
        &["aiff", "aif", "aifc"],
    ),
    row(Mime::WMA, Class::Audio, "audio/x-ms-wma", &["wma"]),
    row(Mime::APE, Class::Audio, "audio/x-ape", &["ape"]),
    row(Mime::WAVPACK, Class::Audio, "audio/x-wavpack", &["wv"]),
    row(
        Mime::MUSEPACK,
        Class::Audio,
        "audio/x-musepack",
        &["mpc", "mp+", "mpp"],
    ),
    row(Mime::DSF, Class::Audio, "audio/x-dsd", &["dsf"]),
    row(Mime::DFF, Class::Audio, "audio/x-dsd", &["dff"]),
    row(Mime::MKA, Class::Audio, "audio/x-matroska", &["mka"]),
    row(Mime::AC3, Class::Audio, "audio/vnd.dolby.dd-raw", &["ac3"]),
    row(Mime::EAC3, Class::Audio, "audio/eac3", &["eac3", "ec3"]),
    row(Mime::DTS, Class::Audio, "audio/vnd.dts", &["dts"]),
    row(Mime::AMR, Class::Audio, "audio/amr", &["amr", "awb"]),
    row(Mime::AUDIO_3GPP, Class::Audio, "audio/3gpp", &["3ga"]),
    row(Mime::CAF, Class::Audio, "audio/x-caf", &["caf"]),
    row(Mime::TTA, Class::Audio, "audio/x-tta", &["tta"]),
    row(Mime::TAK, Class::Audio, "audio/x-tak", &["tak"]),
    row(Mime::OPTIMFROG, Class::Audio, "audio/x-ofr", &["ofr"]),
    row(Mime::SPEEX, Class::Audio, "audio/ogg", &["spx"]),
    row(Mime::MP2, Class::Audio, "audio/mpeg", &["mp2"]),
    row(Mime::AU, Class::Audio, "audio/basic", &["au", "snd"]),
    row(
        Mime::JPEG,
        Class::Image,
        "image/jpeg",
        &["jpg", "jpeg", "jpe", "jfif"],
    ),
    row(Mime::PNG, Class::Image, "image/png", &["png"]),
    row(Mime::GIF, Class::Image, "image/gif", &["gif"]),
    row(Mime::WEBP, Class::Image, "image/webp", &["webp"]),
    row(Mime::BMP, Class::Image, "image/bmp", &["bmp", "dib"]),
    row(Mime::TIFF, Class::Image, "image/tiff", &["tiff", "tif"]),
    row(Mime::HEIC, Class::Image, "image/heic", &["heic", "hif"]),
    row(Mime::HEIF, Class::Image, "image/heif", &["heif"]),
    row(Mime::AVIF, Class::Image, "image/avif", &["avif"]),
    row(Mime::SRT, Class::Caption, "text/srt", &["srt"]),
    row(Mime::SSA, Class::Caption, "text/x-ssa", &["ssa"]),
    row(Mime::ASS, Class::Caption, "text/x-ass", &["ass"]),
    row(Mime::VTT, Class::Caption, "text/vtt", &["vtt"]),
    row(Mime::SUB, Class::Caption, "text/x-microdvd", &["sub"]),
    row(
        Mime::SMI,
        Class::Caption,
        "application/smil",
        &["smi", "sami"],
    ),
    row(Mime::AUDIO_WEBM, Class::Audio, "audio/webm", &["weba"]),
    row(
        Mime::M3U,
        Class::Playlist,
        "audio/x-mpegurl",
        &["m3u", "m3u8"],
    ),
    row(Mime::PLS, Class::Playlist, "audio/x-scpls", &["pls"]),
    row(
        Mime::REAL_AUDIO,
        Class::Audio,
        "audio/x-pn-realaudio",
        &["ra"],
    ),
];

/// Every extension as one number, because every name of every directory is looked up here.
static BY_EXTENSION: [(u64, Mime); extensions()] = by_extension();

/// An extension in lower case as one number, a byte each; `None` for an empty one and for one longer than any.
const fn packed(extension: &[u8]) -> Option<u64> {
    if extension.is_empty() || extension.len() > 7 {
        return None;
    }
    // The 1 in front tells apart those that begin with zeros.
    let (mut rest, mut number) = (extension, 1);
    while let [byte, others @ ..] = rest {
        number = number << 8 | byte.to_ascii_lowercase() as u64;
        rest = others;
    }
    Some(number)
}

/// How many extensions there are.
const fn extensions() -> usize {
    let (mut rows, mut sum) = (TABLE, 0);
    while let [row, others @ ..] = rows {
        sum += row.extensions.len();
        rows = others;
    }
    sum
}

/// The table by extension, in its own order.
const fn by_extension() -> [(u64, Mime); extensions()] {
    let mut all = [(0, Mime::MP4); extensions()];
    let (mut rows, mut filled) = (TABLE, 0);
    while let [row, other_rows @ ..] = rows {
        let mut names = row.extensions;
        while let [name, other_names @ ..] = names {
            let (_, unfilled) = all.split_at_mut(filled);
            if let ([first, ..], Some(number)) = (unfilled, packed(name.as_bytes())) {
                *first = (number, row.mime);
            }
            filled += 1;
            names = other_names;
        }
        rows = other_rows;
    }
    all
}

impl Mime {
    /// The stable number, never 0.
    pub const fn code(self) -> u8 {
        self.0
    }

    /// The row with that number.
    pub fn from_code(code: u8) -> Option<Self> {
        TABLE
            .get(usize::from(code).checked_sub(1)?)
            .map(|row| row.mime)
    }

    /// The row that files with this extension (no dot, any ASCII case) belong to.
    pub fn from_extension(extension: &[u8]) -> Option<Self> {
        let wanted = packed(extension)?;
        let (_, mime) = BY_EXTENSION.iter().find(|(packed, _)| *packed == wanted)?;
        Some(*mime)
    }

    /// Type and subtype, as in `Content-Type` and `protocolInfo`.
    pub fn as_str(self) -> &'static str {
        self.row().text
    }

    /// The usual extension, lower case, no dot: the end of a `res` URL.
    pub fn extension(self) -> &'static str {
        self.row().extensions.first().copied().unwrap_or_default()
    }

    /// Audio, image, video, caption or playlist.
    pub fn class(self) -> Class {
        self.row().class
    }

    /// The text of every type that can be served, each once: `SourceProtocolInfo` (ConnectionManager:1 §2.2.1).
    pub fn all_served() -> impl Iterator<Item = &'static str> {
        let earlier = |i: usize, text: &str| TABLE.iter().take(i).any(|row| row.text == text);
        let media = TABLE
            .iter()
            .enumerate()
            .filter(|(_, row)| row.class != Class::Playlist);
        media
            .filter(move |(i, row)| !earlier(*i, row.text))
            .map(|(_, row)| row.text)
    }

    fn row(self) -> &'static Row {
        const NONE: &Row = &row(Mime(0), Class::Video, "application/octet-stream", &["bin"]);
        // Mimes are made by `from_code` and the constants alone, so the row is always there.
        usize::from(self.0)
            .checked_sub(1)
            .and_then(|i| TABLE.get(i))
            .unwrap_or(NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_finds_its_own_row() {
        for (i, row) in TABLE.iter().enumerate() {
            assert_eq!(usize::from(row.mime.code()), i + 1, "{}", row.text);
            assert_eq!(Mime::from_code(row.mime.code()), Some(row.mime));
        }
        assert_eq!(Mime::from_code(0), None);
        assert_eq!(
            Mime::from_code(u8::try_from(TABLE.len() + 1).unwrap()),
            None
        );
    }

    #[test]
    fn stored_codes_keep_their_meaning() {
        let stored = [
            (1, "video/mp4"),
            (16, "audio/mpeg"),
            (43, "image/jpeg"),
            (51, "image/avif"),
            (52, "text/srt"),
            (59, "audio/x-mpegurl"),
            (61, "audio/x-pn-realaudio"),
        ];
        for (code, text) in stored {
            assert_eq!(Mime::from_code(code).unwrap().as_str(), text);
        }
    }

    #[test]
    fn an_extension_stands_in_one_row_only_and_in_lower_case() {
        let all: Vec<&str> = TABLE
            .iter()
            .flat_map(|row| row.extensions)
            .copied()
            .collect();
        for (i, e) in all.iter().enumerate() {
            assert!(!all[..i].contains(e), "{e} twice");
            assert_eq!(e.to_ascii_lowercase(), *e);
        }
    }

    #[test]
    fn extensions_are_found_in_any_case_and_urls_get_the_first() {
        let jpeg = Mime::from_extension(b"JPeG").unwrap();
        assert_eq!(
            (jpeg, jpeg.extension(), jpeg.class()),
            (Mime::JPEG, "jpg", Class::Image)
        );
        assert_eq!(Mime::from_extension(b""), None);
        assert_eq!(Mime::from_extension(b"txt"), None);
        assert_eq!(Mime::from_extension(b"flac-flac"), None);
        assert_eq!(Mime::from_extension(b"\0\0\0\0mp3"), None);
        for row in TABLE {
            for extension in row.extensions {
                assert_eq!(Mime::from_extension(extension.as_bytes()), Some(row.mime));
            }
        }
    }

    #[test]
    fn served_types_are_listed_once_and_without_playlists() {
        let all: Vec<_> = Mime::all_served().collect();
        assert_eq!(all.iter().filter(|t| **t == "video/mpeg").count(), 1);
        assert!(all.contains(&"image/avif") && all.contains(&"text/srt"));
        assert!(!all.contains(&"audio/x-mpegurl"));
    }
}
