//! `RealMedia` and `RealAudio` (the chunks of "`RealMedia` File Format", `RealNetworks` 1998; the headers of sound have no
//! description, so only what every known file agrees with is read).

use std::time::Duration;

use crate::limits;
use crate::media::codec::{Sound, Streams, Video};
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{put, text, utf8_or_latin1};
use crate::media::{Class, Media};

/// Chunks that are looked at; those that tell something stand in front of the data.
const CHUNKS: usize = 64;
/// What a header of sound starts with, alone or inside a stream's chunk.
const SOUND: &[u8; 4] = b".ra\xFD";

/// Reads a whole file.
///
/// # Errors
/// [`Error::Malformed`] without one of the magics; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut ahead = r.clone();
    match &ahead.array()? {
        b".RMF" => chunks(r, media),
        SOUND => {
            (media.class, media.mime) = (Some(Class::Audio), Some(Mime::REAL_AUDIO));
            let mut streams = Streams::default();
            streams.sounds.extend(sound(r, media)?);
            streams.describe(media);
            Ok(())
        }
        _ => Err(Error::Malformed("RealMedia magic")),
    }
}

/// Four letters, the size with these eight bytes, a version in 16 bits, content.
fn chunks(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut streams = Streams::default();
    let mut outcome = Ok(());
    for _ in 0..CHUNKS {
        if r.remaining() < 10 {
            break;
        }
        let kind: [u8; 4] = r.array()?;
        let len = u64::from(r.be_u32()?).saturating_sub(8);
        let mut body = r.sub(len.min(r.remaining()))?;
        if body.remaining() < 2 || &kind == b"DATA" {
            break;
        }
        body.skip(2)?;
        let read = match &kind {
            b"PROP" => properties(&mut body, media),
            b"MDPR" if streams.sounds.len() < Streams::MOST => {
                stream(&mut body, &mut streams, media)
            }
            b"CONT" => content(&mut body, media),
            _ => Ok(()),
        };
        match read {
            Err(e @ (Error::Io(_) | Error::Limit)) => return Err(e),
            read => outcome = outcome.and(read),
        }
    }
    streams.describe(media);
    if streams.video.is_none() && !streams.sounds.is_empty() {
        media.class = Some(Class::Audio);
        media.mime = Some(Mime::REAL_AUDIO);
    }
    outcome
}

/// Five rates and counts, then the length in milliseconds.
fn properties(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    r.skip(20)?;
    let millis = r.be_u32()?;
    media.duration = Some(Duration::from_millis(u64::from(millis))).filter(|d| !d.is_zero());
    Ok(())
}

/// Number, rates and times; name and type, each behind its length; what the type wants.
fn stream(r: &mut Reader<'_>, streams: &mut Streams, media: &mut Media) -> Result<(), Error> {
    r.skip(2 + 7 * 4)?;
    for _ in 0..2 {
        let len = r.byte()?;
        r.skip(u64::from(len))?;
    }
    let len = u64::from(r.be_u32()?);
    let mut body = r.sub(len.min(r.remaining()))?;
    let mut ahead = body.clone();
    let (Ok(start), Ok(name)) = (ahead.array(), ahead.array()) else {
        return Ok(());
    };
    if &start == SOUND {
        streams.sounds.extend(sound(&mut body, media)?);
    } else if &name == b"VIDO" && streams.video.is_none() {
        // Size, `VIDO`, coding; then the picture's size.
        body.skip(12)?;
        let known = |n: u16| Some(u32::from(n)).filter(|n| *n > 0);
        streams.video = Some(Video {
            width: known(body.be_u16()?),
            height: known(body.be_u16()?),
            ..Video::default()
        });
    }
    Ok(())
}

/// The header of sound, with its magic. Version 3 is of one rate; 4 and 5 state theirs, at different places.
///
/// ```text
/// 0        4         6                                     48      54      60
/// | .ra FD | version | sizes, versions, blocks             |               |
///                                           version 4:     | rate (16), 32 bits, channels (16), names
///                                           version 5:     | 48 bits       | rate (16), 32 bits, channels (16)
/// ```
fn sound(r: &mut Reader<'_>, media: &mut Media) -> Result<Option<Sound>, Error> {
    r.skip(4)?;
    let version = r.be_u16()?;
    let (rate, channels) = match version {
        3 => {
            let len = u64::from(r.be_u16()?);
            let mut names = r.sub(len.min(r.remaining()))?;
            names.skip(14)?;
            named(&mut names, media)?;
            (8_000, 1)
        }
        4 | 5 => {
            r.skip(if version == 4 { 42 } else { 48 })?;
            let rate = r.be_u16()?;
            r.skip(4)?;
            (u32::from(rate), r.be_u16()?)
        }
        _ => return Ok(None),
    };
    if version == 4 {
        // Two names of codings, each behind its length, and three bytes of nothing.
        for _ in 0..2 {
            let len = r.byte()?;
            r.skip(u64::from(len))?;
        }
        if r.remaining() > 3 {
            r.skip(3)?;
            named(r, media)?;
        }
    }
    Ok(Some(Sound {
        sample_rate: Some(rate).filter(|n| *n > 0),
        channels: u8::try_from(channels).ok().filter(|n| *n > 0),
        ..Sound::of(None)
    }))
}

/// Title and author of an audio header, each behind one byte of length.
fn named(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    for field in [&mut media.title, &mut media.artist] {
        let len = r.byte()?;
        let bytes = r.bytes(u64::from(len))?;
        put(field, text(&utf8_or_latin1(&bytes)));
    }
    Ok(())
}

/// Title and author of a file, each behind 16 bits of length; copyright and a comment follow.
fn content(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    for field in [&mut media.title, &mut media.artist] {
        let len = u64::from(r.be_u16()?);
        let mut value = r.sub(len)?;
        let bytes = value.bytes(value.remaining().min(limits::TEXT_BYTES as u64))?;
        put(field, text(&utf8_or_latin1(&bytes)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};

    fn chunk(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
        let len = u32::try_from(body.len() + 10).unwrap();
        [kind.as_slice(), &len.to_be_bytes(), &[0, 0], body].concat()
    }

    fn stream_of(specific: &[u8]) -> Vec<u8> {
        let len = u32::try_from(specific.len()).unwrap().to_be_bytes();
        let body = [&[0; 30], b"\x01n\x02mt".as_slice(), &len, specific].concat();
        chunk(*b"MDPR", &body)
    }

    fn header_5() -> Vec<u8> {
        let mut bytes = [SOUND.as_slice(), &[0, 5]].concat();
        bytes.resize(54, 0);
        bytes.extend(b"\xAC\x44\0\0\0\x10\0\x02genrcook");
        bytes
    }

    fn file(streams: &[Vec<u8>]) -> Vec<u8> {
        let mut properties = vec![0; 40];
        properties[20..24].copy_from_slice(&2_500_u32.to_be_bytes());
        [
            chunk(*b".RMF", &[0; 8]),
            chunk(*b"PROP", &properties),
            streams.concat(),
            chunk(*b"CONT", b"\0\x05Title\0\x03Me!\0\0\0\0"),
            chunk(*b"DATA", &[0; 40]),
        ]
        .concat()
    }

    #[test]
    fn chunks_tell_length_streams_and_names() {
        let video = stream_of(b"\0\0\0\x22VIDORV40\x01\x40\0\xF0\0\0");
        let (media, outcome) = parse(read, &file(&[video, stream_of(&header_5())]));
        assert_eq!(outcome, Ok(()));
        assert_eq!(
            (media.class, media.width, media.height),
            (Some(Class::Video), Some(320), Some(240))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.duration),
            (Some(44_100), Some(2), Some(Duration::from_millis(2_500)))
        );
        assert_eq!(
            (media.title.as_deref(), media.artist.as_deref()),
            (Some("Title"), Some("Me!"))
        );
    }

    #[test]
    fn sound_alone_is_audio() {
        let (media, _) = parse(read, &file(&[stream_of(&header_5())]));
        assert_eq!(
            (media.class, media.mime),
            (Some(Class::Audio), Some(Mime::REAL_AUDIO))
        );
    }

    #[test]
    fn the_older_files_are_a_header_of_sound_and_nothing_around() {
        let mut four = [SOUND.as_slice(), &[0, 4]].concat();
        four.resize(48, 0);
        four.extend(b"\x1F\x40\0\0\0\x10\0\x01\x04Int4\x0428_8\0\0\0\x05Title\x03Me!\0\0");
        let mut three = [SOUND.as_slice(), &[0, 3, 0, 30]].concat();
        three.resize(22, 0);
        three.extend(b"\x05Title\x03Me!\0\0__________");
        for bytes in [four, three] {
            let (media, outcome) = parse(read, &bytes);
            assert_eq!(outcome, Ok(()));
            assert_eq!((media.sample_rate, media.channels), (Some(8_000), Some(1)));
            assert_eq!(
                (media.title.as_deref(), media.artist.as_deref()),
                (Some("Title"), Some("Me!"))
            );
            survives(read, &bytes);
        }
    }

    #[test]
    fn damage_is_survived() {
        survives(read, &file(&[stream_of(&header_5())]));
        assert_eq!(
            parse(read, b"RIFF").1,
            Err(Error::Malformed("RealMedia magic"))
        );
    }
}
