//! ASF, the container of WMA and WMV (Microsoft, "Advanced Systems Format Specification", revision 01.20.05): the header
//! object alone. Scripts, markers and licences are passed over.

pub(crate) mod seek;

use std::time::Duration;

use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{ByteOrder, date, number, put, text, utf16};
use crate::media::{AudioCodec, Class, Language, Media, VideoCodec, art, profile};

/// Objects, and descriptors of one object, that are looked at.
const OBJECTS: usize = 128;
const DESCRIPTORS: u16 = 512;
/// Streams, and languages: streams are numbered with seven bits (§3.3).
const STREAMS: usize = 127;
/// Bytes of a text that are looked at: a full property in UTF-16.
const TEXT_BYTES: u64 = 2 * crate::limits::TEXT_BYTES as u64 + 2;

/// Object and stream types (§10), in the order of their bytes.
type Guid = [u8; 16];
pub(crate) const HEADER: &Guid =
    b"\x30\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
const FILE_PROPERTIES: &Guid = b"\xA1\xDC\xAB\x8C\x47\xA9\xCF\x11\x8E\xE4\x00\xC0\x0C\x20\x53\x65";
const STREAM_PROPERTIES: &Guid =
    b"\x91\x07\xDC\xB7\xB7\xA9\xCF\x11\x8E\xE6\x00\xC0\x0C\x20\x53\x65";
const HEADER_EXTENSION: &Guid = b"\xB5\x03\xBF\x5F\x2E\xA9\xCF\x11\x8E\xE3\x00\xC0\x0C\x20\x53\x65";
const CONTENT_DESCRIPTION: &Guid =
    b"\x33\x26\xB2\x75\x8E\x66\xCF\x11\xA6\xD9\x00\xAA\x00\x62\xCE\x6C";
const EXTENDED_CONTENT_DESCRIPTION: &Guid =
    b"\x40\xA4\xD0\xD2\x07\xE3\xD2\x11\x97\xF0\x00\xA0\xC9\x5E\xA8\x50";
const METADATA_LIBRARY: &Guid = b"\x94\x1C\x23\x44\x98\x94\xD1\x49\xA1\x41\x1D\x13\x4E\x45\x70\x54";
const LANGUAGE_LIST: &Guid = b"\xA9\x46\x43\x7C\xE0\xEF\xFC\x4B\xB2\x29\x39\x3E\xDE\x41\x5C\x85";
const EXTENDED_STREAM_PROPERTIES: &Guid =
    b"\xCB\xA5\xE6\x14\x72\xC6\x32\x43\x83\x99\xA9\x69\x52\x06\x5B\x5A";
const AUDIO: &Guid = b"\x40\x9E\x69\xF8\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";
const VIDEO: &Guid = b"\xC0\xEF\x19\xBC\x4D\x5B\xCF\x11\xA8\xFD\x00\x80\x5F\x5C\x44\x2B";

/// What the header has told so far.
#[derive(Default)]
struct Asf {
    audio: Option<Audio>,
    /// The coding (four letters) of the first video stream.
    video: Option<[u8; 4]>,
    /// Its sequence header, of WMV 3 alone.
    sequence: Option<[u8; 4]>,
    /// Bits per second at most, of all streams; 0 if not said.
    max_bits_per_sec: u32,
    /// Streams of pictures.
    videos: usize,
    /// The numbers of the streams of sound.
    sounds: Vec<u8>,
    /// The languages of the list.
    languages: Vec<Language>,
    /// Streams, by number, and the places of their languages in the list.
    spoken: Vec<(u8, usize)>,
    /// The extended descriptors, which know more fields, and the library, whose values may be longer.
    extended: Media,
    library: Media,
}

#[derive(Clone, Copy)]
struct Audio {
    format_tag: u16,
    channels: u16,
    sample_rate: u32,
    bytes_per_sec: u32,
    bits: u16,
}

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without the header object; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    if &r.array()? != HEADER {
        return Err(Error::Malformed("ASF header"));
    }
    let len = r.le_u64()?;
    r.skip(4 + 2)?; // number of objects, reserved
    let mut header = r.sub(len.saturating_sub(30))?;
    let mut asf = Asf::default();
    let outcome = objects(&mut header, Depth::Header, &mut asf, media);
    asf.describe(media);
    outcome
}

/// Extensions do not nest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Header,
    Extension,
}

/// What the objects say; the first damage of one, when all are read.
fn objects(
    r: &mut Reader<'_>,
    depth: Depth,
    asf: &mut Asf,
    media: &mut Media,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    each(r, &mut |kind, body| {
        let result = match &kind {
            FILE_PROPERTIES => file_properties(body, asf, media),
            STREAM_PROPERTIES => stream_properties(body, asf, media),
            CONTENT_DESCRIPTION => content_description(body, media),
            EXTENDED_CONTENT_DESCRIPTION => extended_description(body, &mut asf.extended),
            LANGUAGE_LIST => language_list(body, asf),
            EXTENDED_STREAM_PROPERTIES => spoken(body, asf),
            METADATA_LIBRARY => library(body, &mut asf.library),
            HEADER_EXTENSION if depth == Depth::Header => body
                .skip(16 + 2 + 4)
                .and_then(|()| objects(body, Depth::Extension, asf, media)),
            _ => Ok(()),
        };
        match result {
            Err(e @ (Error::Io(_) | Error::Limit)) => Err(e),
            result => {
                outcome = std::mem::replace(&mut outcome, Ok(())).and(result);
                Ok(())
            }
        }
    })?;
    outcome
}

/// Shows each object: its type, and its content without the 64 bits of size, which count themselves and the type. Damage in one
/// does not hide its neighbours.
fn each<'a>(
    r: &mut Reader<'a>,
    visit: &mut dyn FnMut(Guid, &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    for _ in 0..OBJECTS {
        if r.remaining() < 24 {
            break;
        }
        let kind: Guid = r.array()?;
        let len = r.le_u64()?.checked_sub(24);
        let mut body = r.sub(len.ok_or(Error::Malformed("ASF object size"))?)?;
        if let Err(e @ (Error::Io(_) | Error::Limit)) = visit(kind, &mut body) {
            return Err(e);
        }
    }
    Ok(())
}

impl Asf {
    fn describe(self, media: &mut Media) {
        match (self.video, self.audio) {
            (Some(coding), _) => {
                media.class = Some(Class::Video);
                let windows_media = coding.starts_with(b"WM") || coding.starts_with(b"WVC");
                media.mime = Some(if windows_media { Mime::WMV } else { Mime::ASF });
            }
            (None, Some(_)) => {
                media.class = Some(Class::Audio);
                media.mime = Some(Mime::WMA);
            }
            (None, None) => {}
        }
        if let Some(audio) = self.audio {
            media.sample_rate = (audio.sample_rate > 0).then_some(audio.sample_rate);
            media.channels = u8::try_from(audio.channels).ok().filter(|n| *n > 0);
            media.bits_per_sample = u8::try_from(audio.bits)
                .ok()
                .filter(|n| (1..=32).contains(n));
            media.profile = self.audio_profile();
            media.audio_codec = AudioCodec::from_format_tag(audio.format_tag);
        }
        media.audio_tracks = self.sounds.iter().map(|s| self.language(*s)).collect();
        if self.video.is_some() {
            media.profile = self.video_profile(media);
        }
        media.video_codec = self.video.and_then(VideoCodec::from_fourcc);
        media.fill_from(self.extended);
        media.fill_from(self.library);
    }

    fn language(&self, stream: u8) -> Language {
        let place = self.spoken.iter().find(|(number, _)| *number == stream);
        let found = place.and_then(|(_, place)| self.languages.get(*place));
        found.copied().unwrap_or(Language::UNKNOWN)
    }

    /// Of a film with one stream each that says everything about itself.
    fn video_profile(&self, media: &Media) -> Option<profile::Profile> {
        const STANDARD: u16 = 0x0161;
        const PROFESSIONAL: u16 = 0x0162;
        const MP3: u16 = 0x0055;
        let is_one = self.videos == 1 && media.audio_tracks.len() == 1;
        let audio = self.audio.filter(|_| is_one)?;
        let sound_bits = u64::from(audio.bytes_per_sec) * 8;
        let sound = match audio.format_tag {
            STANDARD if audio.channels > 2 || audio.sample_rate > 48_000 => return None,
            STANDARD if sound_bits < 193_000 => profile::Wma::Base,
            STANDARD if sound_bits < 385_000 => profile::Wma::Full,
            PROFESSIONAL => profile::Wma::Pro,
            MP3 => profile::Wma::Mp3,
            _ => return None,
        };
        let all_bits = u64::from(self.max_bits_per_sec);
        let bits = all_bits.checked_sub(sound_bits).filter(|bits| *bits > 0)?;
        let film = profile::Wmv::new(self.sequence?, (media.width?, media.height?), bits)?;
        profile::advanced_systems(film, sound)
    }

    fn audio_profile(&self) -> Option<profile::Profile> {
        const STANDARD: u16 = 0x0161;
        let audio = self.audio.filter(|a| a.format_tag == STANDARD)?;
        if self.video.is_some() {
            return None;
        }
        profile::wma(
            audio.sample_rate,
            u8::try_from(audio.channels).ok()?,
            u64::from(audio.bytes_per_sec) * 8,
        )
    }
}

/// §3.2: file id, size, date, packets; then play time in 100 ns, send time, preroll in milliseconds, flags, two sizes of
/// packets, bits per second at most.
fn file_properties(r: &mut Reader<'_>, asf: &mut Asf, media: &mut Media) -> Result<(), Error> {
    const BROADCAST: u32 = 1;
    r.skip(16 + 8 + 8 + 8)?;
    let play = r.le_u64()?;
    r.skip(8)?;
    let preroll = r.le_u64()?;
    // Of a live stream, nothing here is valid.
    if r.le_u32()? & BROADCAST == 0 {
        let shown = u128::from(play) * 100;
        let shown = shown.saturating_sub(u128::from(preroll) * 1_000_000);
        media.duration = u64::try_from(shown)
            .ok()
            .filter(|nanos| *nanos > 0)
            .map(Duration::from_nanos)
            .filter(|d| *d < Duration::from_secs(10 * 365 * 86_400));
    }
    r.skip(8)?;
    asf.max_bits_per_sec = r.le_u32()?;
    Ok(())
}

/// §3.3: stream type, error correction type, offset, two lengths, flags, reserved; then what the type asks for. The first
/// stream of each kind is the one that plays.
fn stream_properties(r: &mut Reader<'_>, asf: &mut Asf, media: &mut Media) -> Result<(), Error> {
    let kind: Guid = r.array()?;
    r.skip(16 + 8 + 4 + 4)?;
    let [number, _] = r.array()?;
    r.skip(4)?;
    if &kind == AUDIO && asf.sounds.len() < STREAMS {
        asf.sounds.push(number & 127);
    }
    match &kind {
        AUDIO if asf.audio.is_none() => {
            let (format_tag, channels) = (r.le_u16()?, r.le_u16()?);
            let (sample_rate, bytes_per_sec) = (r.le_u32()?, r.le_u32()?);
            r.skip(2)?;
            asf.audio = Some(Audio {
                format_tag,
                channels,
                sample_rate,
                bytes_per_sec,
                bits: r.le_u16()?,
            });
        }
        VIDEO if asf.video.is_some() => asf.videos += 1,
        VIDEO => {
            asf.videos += 1;
            let (width, height) = (r.le_u32()?, r.le_u32()?);
            if (1..=0xFFFF).contains(&width) && (1..=0xFFFF).contains(&height) {
                (media.width, media.height) = (Some(width), Some(height));
            }
            asf.video = Some([0; 4]);
            r.skip(1 + 2 + 16)?; // flags, bytes of BITMAPINFOHEADER, that up to biCompression
            let coding = r.array()?;
            asf.video = Some(coding);
            // Behind the rest of the BITMAPINFOHEADER: size of the picture, four numbers.
            if &coding == b"WMV3" && r.remaining() >= 4 + 16 + 4 {
                r.skip(4 + 16)?;
                asf.sequence = Some(r.array()?);
            }
        }
        _ => {}
    }
    Ok(())
}

/// §4.6: a count; then length and text of each, such as `en-us`.
fn language_list(r: &mut Reader<'_>, asf: &mut Asf) -> Result<(), Error> {
    let count = usize::from(r.le_u16()?).min(STREAMS);
    for _ in asf.languages.len()..count {
        let len = r.byte()?;
        let tag = wide(&mut r.sub(u64::from(len))?)?;
        asf.languages.push(Language::new(tag.as_bytes()));
    }
    Ok(())
}

/// §4.1: two times, seven numbers and flags; then the number of the stream and the place of its language in the list.
fn spoken(r: &mut Reader<'_>, asf: &mut Asf) -> Result<(), Error> {
    r.skip(2 * 8 + 8 * 4)?;
    let (number, place) = (r.le_u16()?, r.le_u16()?);
    if let (Ok(number), true) = (u8::try_from(number), asf.spoken.len() < STREAMS) {
        asf.spoken.push((number, usize::from(place)));
    }
    Ok(())
}

/// §3.10: five lengths, then title, author, copyright, description, rating.
fn content_description(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let (title, author) = (r.le_u16()?, r.le_u16()?);
    r.skip(6)?;
    put(&mut media.title, wide_text(&mut r.sub(u64::from(title))?)?);
    put(
        &mut media.artist,
        wide_text(&mut r.sub(u64::from(author))?)?,
    );
    Ok(())
}

/// The whole of `r` as UTF-16 up to the first NUL.
fn wide(r: &mut Reader<'_>) -> Result<String, Error> {
    let bytes = r.bytes(r.remaining().min(TEXT_BYTES))?;
    let value = utf16(&bytes, ByteOrder::Little);
    Ok(value.split('\0').next().unwrap_or_default().to_owned())
}

fn wide_text(r: &mut Reader<'_>) -> Result<Option<String>, Error> {
    Ok(text(&wide(r)?))
}

/// §3.11: a count; then length of the name, name, type, length of the value, value.
fn extended_description(r: &mut Reader<'_>, tags: &mut Media) -> Result<(), Error> {
    let count = r.le_u16()?.min(DESCRIPTORS);
    for _ in 0..count {
        let name_len = r.le_u16()?;
        let name = wide(&mut r.sub(u64::from(name_len))?)?;
        let kind = r.le_u16()?;
        let len = u64::from(r.le_u16()?);
        if len > r.remaining() {
            return Err(Error::Truncated);
        }
        descriptor(&name, kind, &mut r.sub(len)?, tags)?;
    }
    Ok(())
}

/// §4.8: a count; then language, stream, length of the name, type, length of the value, name, value.
fn library(r: &mut Reader<'_>, tags: &mut Media) -> Result<(), Error> {
    let count = r.le_u16()?.min(DESCRIPTORS);
    for _ in 0..count {
        r.skip(4)?;
        let name_len = r.le_u16()?;
        let kind = r.le_u16()?;
        let len = u64::from(r.le_u32()?);
        let name = wide(&mut r.sub(u64::from(name_len))?)?;
        if len > r.remaining() {
            return Err(Error::Truncated);
        }
        descriptor(&name, kind, &mut r.sub(len)?, tags)?;
    }
    Ok(())
}

/// Takes a value that counts; of several of one name the first. What lies about itself costs nothing but itself.
fn descriptor(name: &str, kind: u16, r: &mut Reader<'_>, tags: &mut Media) -> Result<(), Error> {
    if name == "WM/Picture" {
        return match art::asf_picture(r, &mut tags.art) {
            Err(e @ Error::Io(_)) => Err(e),
            _ => Ok(()),
        };
    }
    match value(kind, r) {
        Ok(value) => take(name, &value, tags),
        Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
        Err(_) => {}
    }
    Ok(())
}

/// §3.11: 0 is text, 3 and 5 are numbers of 32 and 16 bits, 4 of 64; the rest is nothing that is wanted as text.
fn value(kind: u16, r: &mut Reader<'_>) -> Result<String, Error> {
    match kind {
        0 => wide(r),
        3 => Ok(r.le_u32()?.to_string()),
        4 => Ok(r.le_u64()?.to_string()),
        5 => Ok(r.le_u16()?.to_string()),
        _ => Ok(String::new()),
    }
}

fn take(name: &str, value: &str, tags: &mut Media) {
    match name {
        "WM/AlbumTitle" => put(&mut tags.album, text(value)),
        "WM/AlbumArtist" => put(&mut tags.album_artist, text(value)),
        "WM/Genre" => put(&mut tags.genre, text(value)),
        "WM/Composer" => put(&mut tags.composer, text(value)),
        "WM/TrackNumber" => tags.track = number(value).or(tags.track),
        // The older name, counted from 0, beside which the newer one counts.
        "WM/Track" => put(
            &mut tags.track,
            value.parse().ok().and_then(|n: u32| n.checked_add(1)),
        ),
        "WM/PartOfSet" => put(&mut tags.disc, number(value)),
        "WM/Year" => tags.date = date(value).or(tags.date),
        // What FFmpeg writes.
        "date" => put(&mut tags.date, date(value)),
        "WM/SharedUserRating" => put(&mut tags.rating, number(value).and_then(stars)),
        "Title" => put(&mut tags.title, text(value)),
        "Author" | "WM/Author" => put(&mut tags.artist, text(value)),
        _ => {}
    }
}

/// 1, 25, 50, 75 and 99 are one to five stars.
fn stars(rating: u32) -> Option<u8> {
    match rating {
        1..=12 => Some(1),
        13..=37 => Some(2),
        38..=62 => Some(3),
        63..=86 => Some(4),
        87..=99 => Some(5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};

    fn object(kind: &Guid, body: &[u8]) -> Vec<u8> {
        let len = u64::try_from(body.len() + 24).unwrap();
        [kind, len.to_le_bytes().as_slice(), body].concat()
    }

    fn utf16_of(text: &str) -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    }

    fn item(name: &str, kind: u16, value: &[u8]) -> Vec<u8> {
        let name = utf16_of(name);
        let len = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
        [
            len(name.len()).as_slice(),
            &name,
            &kind.to_le_bytes(),
            &len(value.len()),
            value,
        ]
        .concat()
    }

    fn stream(kind: &Guid, data: &[u8]) -> Vec<u8> {
        object(
            STREAM_PROPERTIES,
            &[kind.as_slice(), &[0; 38], data].concat(),
        )
    }

    fn audio() -> Vec<u8> {
        stream(
            AUDIO,
            b"\x61\x01\x02\0\x44\xAC\0\0\x80\x3E\0\0\x04\0\x10\0\0\0",
        )
    }

    /// Two seconds behind half a second of preroll.
    fn file(streams: &[Vec<u8>]) -> Vec<u8> {
        let mut properties = vec![0; 40];
        properties.extend(25_000_000_u64.to_le_bytes());
        properties.extend([0; 8]);
        properties.extend(500_u64.to_le_bytes());
        properties.extend([0; 12]);
        properties.extend(1_500_000_u32.to_le_bytes());
        let title = utf16_of("Tïtle");
        let mut content = vec![12, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        content.extend(&title);
        let picture = [
            b"\x03\x04\0\0\0".as_slice(),
            &utf16_of("image/png"),
            &utf16_of(""),
            b"\x89PNG",
        ]
        .concat();
        let items = [
            item("WM/Genre", 0, &utf16_of("One")),
            item("WM/Genre", 0, &utf16_of("Two")),
            item("WM/Track", 3, &[3, 0, 0, 0]),
            item("WM/TrackNumber", 3, &[7, 0, 0, 0]),
            item("WM/Picture", 1, &picture),
            item("WM/Year", 0, &utf16_of("1970")),
        ];
        let extended = [&[6, 0], items.concat().as_slice()].concat();
        let album = utf16_of("Album");
        let name = utf16_of("WM/AlbumTitle");
        let library = [
            b"\x01\0\0\0\0\0\x1C\0\0\0\x0C\0\0\0".as_slice(),
            &name,
            &album,
        ]
        .concat();
        let extension = [vec![0; 22], object(METADATA_LIBRARY, &library)].concat();
        let objects = [
            object(FILE_PROPERTIES, &properties),
            streams.concat(),
            object(CONTENT_DESCRIPTION, &content),
            object(EXTENDED_CONTENT_DESCRIPTION, &extended),
            object(HEADER_EXTENSION, &extension),
        ]
        .concat();
        object(
            HEADER,
            &[b"\x05\0\0\0\x01\x02".as_slice(), &objects].concat(),
        )
    }

    #[test]
    fn sound_alone_is_wma_with_all_its_tags() {
        let bytes = file(&[audio()]);
        let (media, outcome) = parse(read, &bytes);
        assert_eq!(
            (media.duration, media.mime, outcome),
            (Some(Duration::from_secs(2)), Some(Mime::WMA), Ok(()))
        );
        assert_eq!((media.sample_rate, media.channels), (Some(44_100), Some(2)));
        assert_eq!(media.profile, Some(profile::Profile::WMABASE));
        assert_eq!(
            (media.title.as_deref(), media.genre.as_deref()),
            (Some("Tïtle"), Some("One"))
        );
        assert_eq!(
            (media.album.as_deref(), media.track),
            (Some("Album"), Some(7))
        );
        assert_eq!(media.date.map(|d| d.unix_secs), Some(0));
        let art = media.art.unwrap();
        let at = usize::try_from(art.offset).unwrap();
        assert_eq!((&bytes[at..at + 4], art.len), (b"\x89PNG".as_slice(), 4));
    }

    #[test]
    fn a_picture_stream_makes_it_a_film() {
        let mut data = b"\x40\x01\0\0\xC8\0\0\0\x02\x28\0".to_vec();
        data.extend([0; 16]);
        data.extend(b"WMV3");
        let (media, _) = parse(read, &file(&[audio(), stream(VIDEO, &data)]));
        assert_eq!(
            (media.class, media.mime, media.profile),
            (Some(Class::Video), Some(Mime::WMV), None)
        );
        assert_eq!((media.width, media.height), (Some(320), Some(200)));
        survives(read, &file(&[audio(), stream(VIDEO, &data)]));
    }

    #[test]
    fn a_film_of_wmv_3_earns_its_profile_by_its_sequence_header() {
        let film = |coding: &[u8; 4], sequence: &[u8]| {
            let mut data = b"\x40\x01\0\0\xC8\0\0\0\x02\x2C\0".to_vec();
            data.extend([0; 16]);
            data.extend(coding);
            data.extend([0; 20]);
            data.extend(sequence);
            stream(VIDEO, &data)
        };
        let named = |streams: &[Vec<u8>]| {
            let (media, outcome) = parse(read, &file(streams));
            assert_eq!(outcome, Ok(()));
            media.profile.map(profile::Profile::name)
        };
        let main = film(b"WMV3", b"\x4F\xF1\x80\x01");
        assert_eq!(named(&[audio(), main.clone()]), Some("WMVMED_BASE"));
        // No sound, two of a kind, no sequence header, the advanced profile, and the complex one.
        assert_eq!(named(std::slice::from_ref(&main)), None);
        assert_eq!(named(&[audio(), audio(), main.clone()]), None);
        assert_eq!(named(&[audio(), main.clone(), main]), None);
        assert_eq!(named(&[audio(), film(b"WMV3", b"\x4F\xF1")]), None);
        assert_eq!(named(&[audio(), film(b"WVC1", b"\x4F\xF1\x80\x01")]), None);
        assert_eq!(named(&[audio(), film(b"WMV3", b"\x8F\xF1\x80\x01")]), None);
    }

    #[test]
    fn languages_are_told_in_the_extension() {
        let list = [
            b"\x02\0".as_slice(),
            b"\x06",
            &utf16_of("de"),
            b"\x0C",
            &utf16_of("en-us"),
        ];
        let of = |number: u8, place: u8| {
            let body = [vec![0; 48], vec![number, 0, place, 0], vec![0; 12]].concat();
            object(EXTENDED_STREAM_PROPERTIES, &body)
        };
        let sound = |number: u8| {
            let mut bytes = audio();
            bytes[24 + 48] = number;
            bytes
        };
        let extension = [
            vec![0; 22],
            object(LANGUAGE_LIST, &list.concat()),
            of(3, 1),
            of(2, 0),
            of(4, 9),
        ];
        let extension = object(HEADER_EXTENSION, &extension.concat());
        let bytes = file(&[extension, sound(2), sound(3), sound(4), sound(5)]);
        let (media, outcome) = parse(read, &bytes);
        let told: Vec<&str> = media.audio_tracks.iter().map(Language::as_str).collect();
        assert_eq!((told, outcome), (vec!["de", "en", "und", "und"], Ok(())));
        survives(read, &bytes);
    }

    #[test]
    fn the_date_that_ffmpeg_writes_counts_beside_no_other() {
        let of = |items: &[Vec<u8>]| {
            let count = u8::try_from(items.len()).unwrap();
            let body = [&[count, 0], items.concat().as_slice()].concat();
            let head = object(EXTENDED_CONTENT_DESCRIPTION, &body);
            let bytes = object(HEADER, &[b"\x01\0\0\0\x01\x02".as_slice(), &head].concat());
            parse(read, &bytes).0.date.map(|d| d.unix_secs)
        };
        let own = item("date", 0, &utf16_of("1970"));
        let known = item("WM/Year", 0, &utf16_of("1971"));
        assert_eq!(of(std::slice::from_ref(&own)), Some(0));
        assert_eq!(of(&[own.clone(), known.clone()]), Some(365 * 86_400));
        assert_eq!(of(&[known, own]), Some(365 * 86_400));
    }

    #[test]
    fn a_live_stream_has_no_length_and_other_files_are_refused() {
        let mut bytes = file(&[audio()]);
        bytes[30 + 24 + 64] = 1;
        assert_eq!(parse(read, &bytes).0.duration, None);
        assert!(parse(read, &[0x30; 100]).1.is_err());
        let nested = object(HEADER_EXTENSION, &[0; 22]);
        let outer = object(HEADER_EXTENSION, &[vec![0; 22], nested].concat());
        let whole = object(HEADER, &[vec![0; 6], outer].concat());
        assert_eq!(parse(read, &whole).1, Ok(()));
    }
}
