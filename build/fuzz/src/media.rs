//! Readers of files.

use std::{io, time::Duration};

use rill::limits;
use rill::media::{
    ArtSpan,
    art::packed,
    charset::{Converter, detect},
    mime::Mime,
    nfo as nfo_reader,
    picture::{Target, scale},
    playlist::{self as playlist_reader, Kind},
    probe as prober,
    reader::{ReadAt, Reader, Source},
    seek::{self, Wish},
    webvtt,
};

/// Probes, looks for the middle of what can be played, and scales the pictures which were found, as a server would.
pub(super) fn probe(name: &str, data: &[u8]) {
    let source = Source::new(&data, data.len() as u64);
    let media = prober::probe(name.as_bytes(), &mut Reader::new(&source)).media;
    let named = prober::by_name(name.as_bytes()).map(|(_, mime)| mime);
    if let Some(mime) = media.mime.or(named) {
        let whole = media.duration.unwrap_or(Duration::from_secs(10));
        let len = data.len() as u64;
        let (start, end) = (whole / 2, Some(whole / 4 * 3));
        if let Ok(Some(found)) = seek::find(mime, &data, len, whole, Wish { start, end }) {
            assert!(found.start < found.end && found.end <= len && found.from <= start);
        }
    }
    for span in [media.art, media.thumbnail].into_iter().flatten() {
        let ArtSpan { offset, len, .. } = span;
        // What `ArtSpan::len` promises.
        let end = offset.checked_add(u64::from(len)).expect("a span ends");
        assert!(end <= data.len() as u64);
        let _ = scale(&data, offset..end, Target::Thumbnail, 1);
    }
}

/// A file that goes on and on: once its front, then the rest again and again.
struct Long<'d> {
    front: &'d [u8],
    again: &'d [u8],
}

/// Bytes of it: more than any search goes along without guessing.
const LONG_BYTES: u64 = 32 * 1024 * 1024;

impl ReadAt for Long<'_> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let at = usize::try_from(offset).map_err(io::Error::other)?;
        let rest = self
            .again
            .iter()
            .cycle()
            .skip(at.saturating_sub(self.front.len()) % self.again.len());
        let bytes = self.front.iter().skip(at).chain(rest);
        for (to, from) in buf.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(buf.len())
    }
}

/// Looks for a time in a long file. The first byte says of which kind it is, the second which time, the third how much of
/// the file is its front.
pub(super) fn times(data: &[u8]) {
    const KINDS: [&str; 10] = [
        "a.mp4", "a.avi", "a.ogg", "a.wma", "a.ts", "a.mpg", "a.mkv", "a.mp3", "a.flac", "a.opus",
    ];
    let [kind, time, share, file @ ..] = data else {
        return;
    };
    let name = KINDS[usize::from(*kind) % KINDS.len()];
    let Some((_, mime)) = prober::by_name(name.as_bytes()) else {
        return;
    };
    let (front, again) = file.split_at(file.len() * usize::from(*share) / 256);
    if again.is_empty() {
        return;
    }
    let long = Long { front, again };
    let whole = Duration::from_secs(3600);
    let start = whole * u32::from(*time) / 256;
    let wish = Wish {
        start,
        end: Some(start * 2),
    };
    if let Ok(Some(found)) = seek::find(mime, &long, LONG_BYTES, whole, wish) {
        assert!(found.start < found.end && found.end <= LONG_BYTES && found.from <= start);
    }
}

/// Takes out the cover that a probe of Ogg finds, and what lies at a place that the last bytes name: a file may have
/// changed since it was probed.
pub(super) fn cover(data: &[u8]) {
    let len = data.len() as u64;
    let source = Source::new(&data, len);
    let media = prober::probe(b"a.ogg", &mut Reader::new(&source)).media;
    let found = media
        .art
        .filter(|_| media.mime.is_some_and(packed::is_packed));
    let elsewhere = data
        .last_chunk()
        .map(|last| u64::from(u16::from_le_bytes(*last)));
    for at in found.map(|span| span.offset).into_iter().chain(elsewhere) {
        if let Ok(picture) = packed::unpack(&data, len, at) {
            let length = picture.len() as u64;
            assert!(length <= limits::PACKED_ART_BYTES);
            let _ = scale(&picture.as_slice(), 0..length, Target::Thumbnail, 1);
        }
    }
}

pub(super) fn picture(data: &[u8]) {
    let [choice, data @ ..] = data else { return };
    let to = if choice & 8 == 0 {
        Target::Thumbnail
    } else {
        Target::Small
    };
    if let Ok(made) = scale(&data, 0..data.len() as u64, to, choice & 7) {
        assert!(made.starts_with(b"\xFF\xD8"));
    }
}

pub(super) fn nfo(data: &[u8]) {
    let _ = nfo_reader::parse(data);
}

pub(super) fn playlist(data: &[u8]) {
    playlist_reader::parse(Kind::M3u, data);
    playlist_reader::parse(Kind::Pls, data);
}

/// Whatever the kind, the document is UTF-8, not much longer, and begins as one.
pub(super) fn captions(data: &[u8]) {
    for mime in [Mime::SRT, Mime::ASS, Mime::SMI, Mime::SUB] {
        let text = webvtt::convert(mime, data);
        assert!(text.starts_with(b"WEBVTT\n") && text.len() <= 5 * data.len() + 64);
        assert!(std::str::from_utf8(&text).is_ok());
    }
}

/// Whatever the pieces, the text is the same, and it is UTF-8 if it was converted at all.
pub(super) fn charset(data: &[u8]) {
    let [cut, data @ ..] = data else { return };
    let charset = detect(
        data,
        [None, Some("ru"), Some("pl"), Some("zh")][usize::from(cut & 3)],
    );
    let convert = |pieces: &[&[u8]]| {
        let (mut converter, mut out) = (Converter::new(charset), Vec::new());
        for piece in pieces {
            converter.convert(piece, &mut |bytes| out.extend_from_slice(bytes));
        }
        converter.finish(&mut |bytes| out.extend_from_slice(bytes));
        out
    };
    let whole = convert(&[data]);
    let (left, right) = data.split_at(usize::from(*cut).min(data.len()));
    assert_eq!(convert(&[left, right]), whole);
    assert!(charset.is_unchanged() || std::str::from_utf8(&whole).is_ok());
}
