//! THE table of formats, and the one function that asks it what a file is.
//!
//! Content wins over the name when its first bytes are sure; the name decides the rest. Adding a format is adding a file
//! under `container/` and a row here.

use super::container::{
    self, ac3, adts, aiff, amr, asf, au, avi, bmp, caf, dsd, dts, flac, flv, gif, jpeg, lossless,
    mkv, monkeys, mp3, mp4, mpegps, mpegts, musepack, ogg, png, real, tiff, wav, wavpack, webp,
};
use super::mime::Mime;
use super::reader::{Error, Reader};
use super::tag::{self, put};
use super::{Class, Media, art, episode};

/// What probes know: to be raised with each change by which files that were probed before would be told about otherwise. A
/// catalogue remembers it, and reads once again what an older rill has read. 0: written before there was this number.
pub const KNOWLEDGE: u32 = 1;

/// First bytes of a file that the table looks at.
const HEAD_BYTES: usize = 16;

type Read = fn(&mut Reader<'_>, &mut Media) -> Result<(), Error>;

/// One format that is read by content.
struct Format {
    /// For the log and the tests.
    name: &'static str,
    /// Types, by extension, whose files are tried with this format when no magic is sure. The first is what a file with
    /// sure magic is called when reading told nothing better.
    mimes: &'static [Mime],
    /// Offset and bytes; any one of them is enough. Only patterns that no other file starts with.
    magic: &'static [(usize, &'static [u8])],
    read: Read,
}

static FORMATS: &[Format] = &[
    Format {
        name: "mp4",
        mimes: &[
            Mime::MP4,
            Mime::M4A,
            Mime::QUICKTIME,
            Mime::VIDEO_3GPP,
            Mime::VIDEO_3GPP2,
            Mime::AUDIO_3GPP,
            Mime::HEIC,
            Mime::HEIF,
            Mime::AVIF,
        ],
        magic: &[
            (4, b"ftyp"),
            (4, b"moov"),
            (4, b"mdat"),
            (4, b"wide"),
            (4, b"pnot"),
            (4, b"styp"),
            (4, b"moof"),
        ],
        read: mp4::read,
    },
    Format {
        name: "mkv",
        mimes: &[Mime::MATROSKA, Mime::WEBM, Mime::MKA, Mime::AUDIO_WEBM],
        magic: &[(0, b"\x1A\x45\xDF\xA3")],
        read: mkv::read,
    },
    Format {
        name: "avi",
        mimes: &[Mime::AVI],
        magic: &[(8, b"AVI LIST"), (8, b"AVI JUNK")],
        read: avi::read,
    },
    Format {
        name: "flv",
        mimes: &[Mime::FLV],
        magic: &[(0, b"FLV\x01")],
        read: flv::read,
    },
    // One byte in 188 is no magic: the name has to agree.
    Format {
        name: "mpegts",
        mimes: &[Mime::MPEG_TS, Mime::M2TS],
        magic: &[],
        read: mpegts::read,
    },
    Format {
        name: "mpegps",
        mimes: &[Mime::MPEG_PS],
        magic: &[(0, b"\x00\x00\x01\xBA")],
        read: mpegps::read,
    },
    // No magic of its own: ID3 may stand in front of other formats, and eleven set bits are no proof.
    Format {
        name: "mp3",
        mimes: &[Mime::MPEG_AUDIO, Mime::MP2],
        magic: &[],
        read: mp3::read,
    },
    Format {
        name: "flac",
        mimes: &[Mime::FLAC],
        magic: &[(0, b"fLaC")],
        read: flac::read,
    },
    Format {
        name: "ogg",
        mimes: &[Mime::OGG, Mime::OPUS, Mime::SPEEX, Mime::OGV],
        magic: &[(0, b"OggS\0")],
        read: ogg::read,
    },
    Format {
        name: "wav",
        mimes: &[Mime::WAV],
        magic: &[(8, b"WAVEfmt "), (8, b"WAVEJUNK"), (8, b"WAVEds64")],
        read: wav::read,
    },
    // Bare frames: two bytes at the start are no proof.
    Format {
        name: "adts",
        mimes: &[Mime::ADTS],
        magic: &[],
        read: adts::read,
    },
    Format {
        name: "ac3",
        mimes: &[Mime::AC3, Mime::EAC3],
        magic: &[],
        read: ac3::read,
    },
    Format {
        name: "dts",
        mimes: &[Mime::DTS],
        magic: &[(0, b"\x7F\xFE\x80\x01")],
        read: dts::read,
    },
    Format {
        name: "aiff",
        mimes: &[Mime::AIFF],
        magic: &[(8, b"AIFFCOMM"), (8, b"AIFCFVER"), (8, b"AIFCCOMM")],
        read: aiff::read,
    },
    Format {
        name: "asf",
        mimes: &[Mime::WMA, Mime::WMV, Mime::ASF],
        magic: &[(0, asf::HEADER)],
        read: asf::read,
    },
    Format {
        name: "monkeys",
        mimes: &[Mime::APE],
        magic: &[(0, b"MAC ")],
        read: monkeys::read,
    },
    Format {
        name: "wavpack",
        mimes: &[Mime::WAVPACK],
        magic: &[(0, b"wvpk")],
        read: wavpack::read,
    },
    Format {
        name: "musepack",
        mimes: &[Mime::MUSEPACK],
        magic: &[(0, b"MPCK"), (0, b"MP+\x07"), (0, b"MP+\x17")],
        read: musepack::read,
    },
    Format {
        name: "dsf",
        mimes: &[Mime::DSF],
        magic: &[(0, b"DSD \x1C")],
        read: dsd::read_dsf,
    },
    Format {
        name: "dff",
        mimes: &[Mime::DFF],
        magic: &[(0, b"FRM8\0\0\0")],
        read: dsd::read_dff,
    },
    Format {
        name: "tta",
        mimes: &[Mime::TTA],
        magic: &[(0, b"TTA1")],
        read: lossless::read_tta,
    },
    Format {
        name: "tak",
        mimes: &[Mime::TAK],
        magic: &[(0, b"tBaK")],
        read: lossless::read_tak,
    },
    Format {
        name: "optimfrog",
        mimes: &[Mime::OPTIMFROG],
        magic: &[(0, b"OFR ")],
        read: lossless::read_optimfrog,
    },
    Format {
        name: "caf",
        mimes: &[Mime::CAF],
        magic: &[(0, b"caff\0\x01")],
        read: caf::read,
    },
    Format {
        name: "amr",
        mimes: &[Mime::AMR],
        magic: &[(0, b"#!AMR\n"), (0, b"#!AMR-WB\n")],
        read: amr::read,
    },
    Format {
        name: "au",
        mimes: &[Mime::AU],
        magic: &[(0, b".snd\0\0")],
        read: au::read,
    },
    Format {
        name: "real",
        mimes: &[Mime::REAL, Mime::REAL_AUDIO],
        magic: &[(0, b".RMF\0\0"), (0, b".ra\xFD\0")],
        read: real::read,
    },
    Format {
        name: "jpeg",
        mimes: &[Mime::JPEG],
        magic: &[(0, b"\xFF\xD8\xFF")],
        read: jpeg::read,
    },
    Format {
        name: "png",
        mimes: &[Mime::PNG],
        magic: &[(0, png::SIGNATURE)],
        read: png::read,
    },
    Format {
        name: "gif",
        mimes: &[Mime::GIF],
        magic: &[(0, b"GIF87a"), (0, b"GIF89a")],
        read: gif::read,
    },
    Format {
        name: "webp",
        mimes: &[Mime::WEBP],
        magic: &[(8, b"WEBPVP8")],
        read: webp::read,
    },
    // Two letters, or four bytes that camera raw formats share, are no proof.
    Format {
        name: "bmp",
        mimes: &[Mime::BMP],
        magic: &[],
        read: bmp::read,
    },
    Format {
        name: "tiff",
        mimes: &[Mime::TIFF],
        magic: &[],
        read: tiff::read,
    },
];

/// What a probe found, and what kept it from finding more.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probed {
    /// Everything known. Class and type are always there unless neither name nor content is known.
    pub media: Media,
    /// Why reading stopped early: for the scan report. The file is served all the same.
    pub trouble: Option<Error>,
}

/// Class and type by the extension of a file name, in any ASCII case; the file is not opened.
pub fn by_name(name: &[u8]) -> Option<(Class, Mime)> {
    let dot = name
        .iter()
        .rposition(|b| *b == b'.')
        .filter(|dot| *dot > 0)?;
    let mime = Mime::from_extension(name.get(dot + 1..)?)?;
    Some((mime.class(), mime))
}

/// Reads what a file says about itself. `name` is its file name, `r` stands at its start.
///
/// Never fails: damage, limits and unreadable files are [`Probed::trouble`], beside whatever could be read. Captions and
/// playlists are not looked into. Costs at most [`crate::limits::PROBE_BYTES`] of reading.
pub fn probe(name: &[u8], r: &mut Reader<'_>) -> Probed {
    let named = by_name(name);
    if let Some((class @ (Class::Caption | Class::Playlist), mime)) = named {
        let media = Media {
            class: Some(class),
            mime: Some(mime),
            ..Media::default()
        };
        return Probed {
            media,
            trouble: None,
        };
    }
    let mut probed = Probed::default();
    let format = match format_of(named.map(|(_, mime)| mime), r) {
        Ok(format) => format,
        Err(e) => {
            probed.trouble = Some(e);
            None
        }
    };
    if let Some(format) = format {
        probed.trouble = (format.read)(r, &mut probed.media).err();
        log::trace!("{}: {:?}", format.name, probed.trouble);
        let is_packed = probed.media.mime.is_some_and(art::packed::is_packed);
        let pictures = [&mut probed.media.art, &mut probed.media.thumbnail];
        for art in pictures.into_iter().flatten().filter(|_| !is_packed) {
            let described = art::describe(r, art);
            probed.trouble = probed.trouble.or(described.err());
        }
    }
    complete(&mut probed, named, format, r.file_len());
    number(&mut probed.media, name);
    probed
}

/// Series, season and episode of a film by its name, where tags are silent. Names of folders are the caller's to ask.
fn number(media: &mut Media, name: &[u8]) {
    let silent = media.season.is_none() && media.episode.is_none();
    if media.class != Some(Class::Video) || !silent {
        return;
    }
    if let Some(found) = episode::from_name(&tag::utf8(name)) {
        put(&mut media.series, found.series);
        media.season = Some(found.season);
        media.episode = Some(found.episode);
    }
}

/// The row whose magic the file starts with, else the row of its extension.
fn format_of(named: Option<Mime>, r: &mut Reader<'_>) -> Result<Option<&'static Format>, Error> {
    if r.is_empty() {
        return Err(Error::Truncated);
    }
    let mut bytes = [0; HEAD_BYTES];
    let head = r.read_some(&mut bytes)?;
    let sure = FORMATS.iter().find(|f| f.starts(head));
    r.seek(0)?;
    Ok(sure.or_else(|| {
        FORMATS
            .iter()
            .find(|f| named.is_some_and(|mime| f.mimes.contains(&mime)))
    }))
}

impl Format {
    fn starts(&self, head: &[u8]) -> bool {
        // The first byte alone settles nearly all.
        self.magic.iter().any(|(at, bytes)| {
            head.get(*at) == bytes.first() && head.get(*at..).is_some_and(|h| h.starts_with(bytes))
        })
    }
}

/// Fills in what follows from the rest: class and type by name where the content left them open, and the mean rate.
fn complete(
    probed: &mut Probed,
    named: Option<(Class, Mime)>,
    format: Option<&Format>,
    file_len: u64,
) {
    let media = &mut probed.media;
    if media.mime.is_none() {
        let fits = |mime: &Mime| format.is_none_or(|f| f.mimes.contains(mime));
        let by_format = || format.and_then(|f| f.mimes.first()).copied();
        media.mime = named.map(|(_, mime)| mime).filter(fits).or_else(by_format);
    }
    media.class = media.class.or(media.mime.map(Mime::class));
    if media.mime.is_none() {
        probed.trouble = probed.trouble.or(Some(Error::Unsupported));
    }
    probed.trouble = probed.trouble.or_else(|| lacking(media));
    if let Some(duration) = media.duration {
        let rate = container::bytes_per_sec(file_len, duration);
        media.bitrate_bytes_per_sec = rate.and_then(|r| u32::try_from(r).ok()).filter(|r| *r > 0);
    }
}

/// What a file that was read without trouble should have told: a renderer that is not told it may not play the file, and
/// nobody should have to guess why.
fn lacking(media: &Media) -> Option<Error> {
    let picture = media.width.is_some() && media.height.is_some();
    let sound = media.sample_rate.is_some() && media.channels.is_some();
    match media.class? {
        Class::Image | Class::Video if !picture => Some(Error::Silent("size of a picture")),
        Class::Audio if !sound => Some(Error::Silent("rate and channels of a sound")),
        Class::Audio | Class::Video if media.duration.is_none() => Some(Error::Silent("play time")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn probed(name: &str, bytes: &[u8]) -> Probed {
        let source = Source::new(&bytes, bytes.len() as u64);
        probe(name.as_bytes(), &mut Reader::new(&source))
    }

    #[test]
    fn names_are_known_by_their_last_extension() {
        assert_eq!(by_name(b"a.tar.MKV"), Some((Class::Video, Mime::MATROSKA)));
        assert_eq!(by_name(b"film.en.SRT"), Some((Class::Caption, Mime::SRT)));
        for unknown in ["", ".", ".mp3", "mp3", "a.", "a.txt", "a.mp3~"] {
            assert_eq!(by_name(unknown.as_bytes()), None, "{unknown}");
        }
    }

    #[test]
    fn sure_content_wins_over_the_name() {
        let found = probed("photo.jpg", b"GIF89a\x0A\x00\x2C\x01");
        assert_eq!(
            (found.media.mime, found.media.width),
            (Some(Mime::GIF), Some(10))
        );
        assert_eq!(
            probed("photo.jpg", b"\x89PNG\r\n\x1A\n").media.mime,
            Some(Mime::PNG)
        );
    }

    #[test]
    fn unreadable_content_leaves_the_name_and_says_why() {
        let found = probed("song.mp3", b"not a frame at all");
        assert_eq!(
            (found.media.class, found.media.mime),
            (Some(Class::Audio), Some(Mime::MPEG_AUDIO))
        );
        assert_eq!(
            found.trouble,
            Some(Error::Malformed("MPEG audio: no frames"))
        );
        let empty = probed("film.mov", b"");
        assert_eq!(
            (empty.media.mime, empty.trouble),
            (Some(Mime::QUICKTIME), Some(Error::Truncated))
        );
    }

    #[test]
    fn what_nobody_knows_is_unsupported() {
        assert_eq!(
            probed("notes.txt", b"hello"),
            Probed {
                trouble: Some(Error::Unsupported),
                ..Probed::default()
            }
        );
    }

    #[test]
    fn episodes_are_told_by_name_of_films_alone() {
        let film = probed("Show S02E05.rm", b".RMF").media;
        assert_eq!(
            (film.series.as_deref(), film.season, film.episode),
            (Some("Show"), Some(2), Some(5))
        );
        let song = probed("Show S02E05.gif", b"GIF89a\x0A\x00\x2C\x01").media;
        assert_eq!((song.series, song.season), (None, None));
    }

    #[test]
    fn what_a_whole_file_does_not_tell_is_named() {
        // A stream of 44,100 Hz and two channels without a count of samples.
        let mut flac = b"fLaC\x80\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0A\xC4\x42\xF0\0\0\0\0".to_vec();
        flac.resize(42, 0);
        let rows: [(&str, &[u8], _); 5] = [
            ("a.flac", &flac, Some("no play time in it")),
            (
                "a.mkv",
                b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x80",
                Some("no size of a picture in it"),
            ),
            (
                "a.mka",
                b"\x1A\x45\xDF\xA3\x80\x18\x53\x80\x67\x80",
                Some("no rate and channels of a sound in it"),
            ),
            ("a.gif", b"GIF89a\x0A\0\x2C\x01", None),
            ("a.srt", b"1", None),
        ];
        for (name, bytes, expected) in rows {
            let trouble = probed(name, bytes)
                .trouble
                .map(|trouble| trouble.to_string());
            assert_eq!(trouble.as_deref(), expected, "{name}");
        }
        flac[25] = 0x11; // so many samples
        assert_eq!(probed("a.flac", &flac).trouble, None);
    }

    #[test]
    fn captions_are_not_looked_into() {
        let found = probed("film.srt", b"GIF89a");
        assert_eq!(
            (found.media.class, found.trouble),
            (Some(Class::Caption), None)
        );
    }

    #[test]
    fn a_cover_earns_its_own_profile() {
        let mut jpeg = b"\xFF\xD8\xFF\xC0\0\x11\x08\0\xA0\0\xA0\x03".to_vec();
        jpeg.resize(40, 0);
        let mut bytes =
            b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\0\0\0\0\x0A\xC4\x42\xF0\0\0\xAC\x44".to_vec();
        bytes.resize(42, 0);
        bytes.extend(b"\x86\0\0\x48\0\0\0\x03\0\0\0\0\0\0\0\0");
        bytes.resize(bytes.len() + 16, 0);
        bytes.extend([0, 0, 0, 40]);
        bytes.extend(&jpeg);
        let name = |bytes: &[u8]| {
            let art = probed("song.flac", bytes).media.art.unwrap();
            art.profile.map(super::super::profile::Profile::name)
        };
        assert_eq!(name(&bytes), Some("JPEG_TN"));
        let frame = bytes.len() - 40 + 3;
        bytes[frame] = 0xC2; // progressive
        assert_eq!(name(&bytes), None);
    }
}
