//! `esds`: the MPEG-4 description of a stream, and AAC's own inside it (ISO/IEC 14496-1 §7.2.6, 14496-3 §1.6.2.1).

use super::boxes::version_flags;
use crate::media::codec::aac::{self, AudioConfig};
use crate::media::codec::{AudioCodec, Video, VideoCodec, mpeg4};
use crate::media::reader::{Error, Reader};

/// What `esds` describes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Described {
    /// AAC, with its own configuration.
    Aac(AudioConfig),
    /// Another coding of sound.
    Sound(AudioCodec),
    /// Vorbis, with the channels and the rate (Hz) of its own first header.
    Vorbis(u8, u32),
    /// Pictures.
    Video(Video),
}

const ES_DESCRIPTOR: u8 = 3;
const DECODER_CONFIG: u8 = 4;
const DECODER_SPECIFIC_INFO: u8 = 5;
/// Bytes of a decoder's own description that are looked at.
const SPECIFIC_BYTES: usize = 64;

/// Reads the payload of `esds`; `None` for codings that are not told apart.
pub(super) fn read(r: &mut Reader<'_>) -> Result<Option<Described>, Error> {
    version_flags(r)?;
    descriptor(r, ES_DESCRIPTOR)?;
    r.skip(2)?; // ES_ID
    let flags = r.byte()?;
    if flags & 0x80 != 0 {
        r.skip(2)?; // dependsOn_ES_ID
    }
    if flags & 0x40 != 0 {
        let url = r.byte()?;
        r.skip(u64::from(url))?;
    }
    if flags & 0x20 != 0 {
        r.skip(2)?; // OCR_ES_ID
    }
    descriptor(r, DECODER_CONFIG)?;
    let indication = r.byte()?;
    if let Some(found) = by_indication(indication) {
        return Ok(Some(found));
    }
    if !matches!(indication, 0x20 | 0x40 | 0x66..=0x68 | VORBIS) {
        return Ok(None);
    }
    r.skip(12)?; // stream type, buffer size, highest and mean rate
    let len = descriptor(r, DECODER_SPECIFIC_INFO)?;
    let mut bytes = [0; SPECIFIC_BYTES];
    let specific = r.sub(u64::from(len))?.read_some(&mut bytes)?.to_vec();
    Ok(match indication {
        0x20 => Some(Described::Video(mpeg4::configuration(&specific))),
        VORBIS => Some(vorbis(&specific).unwrap_or(Described::Sound(AudioCodec::Vorbis))),
        _ => aac::config(&specific).map(Described::Aac),
    })
}

/// Its three headers: how many and how long, then the first, whose numbers follow its name and version.
fn vorbis(specific: &[u8]) -> Option<Described> {
    const NAME: &[u8] = b"\x01vorbis\0\0\0\0";
    let at = specific.windows(NAME.len()).position(|w| w == NAME)?;
    let (channels, rate) = specific.get(at + NAME.len()..)?.split_first()?;
    let rate = u32::from_le_bytes(*rate.first_chunk()?);
    (*channels > 0 && rate > 0).then_some(Described::Vorbis(*channels, rate))
}

/// Not the standard's; what writers agree on.
const VORBIS: u8 = 0xDD;

/// Object type indications (14496-1 table 5) that need no description: 0x20 is MPEG-4 video, 0x40 and 0x66 to 0x68 are AAC.
fn by_indication(indication: u8) -> Option<Described> {
    Some(match indication {
        0x60..=0x65 => Described::Video(Video::of(Some(VideoCodec::Mpeg2))),
        0x6A => Described::Video(Video::of(Some(VideoCodec::Mpeg1))),
        0x6C => Described::Video(Video::of(Some(VideoCodec::MotionJpeg))),
        // Which of the three layers is not said; it is layer III in all but old recordings of broadcasts.
        0x69 | 0x6B => Described::Sound(AudioCodec::Mp3),
        0xA5 => Described::Sound(AudioCodec::Ac3),
        0xA6 => Described::Sound(AudioCodec::Eac3),
        0xA9 => Described::Sound(AudioCodec::Dts),
        _ => return None,
    })
}

/// A descriptor's tag and size; the size is one to four groups of seven bits (14496-1 §8.3.3).
fn descriptor(r: &mut Reader<'_>, tag: u8) -> Result<u32, Error> {
    if r.byte()? != tag {
        return Err(Error::Malformed("esds descriptor"));
    }
    let mut size = 0;
    for _ in 0..4 {
        let byte = r.byte()?;
        size = (size << 7) | u32::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn parse(bytes: &[u8]) -> Result<Option<Described>, Error> {
        let source = Source::new(&bytes, bytes.len() as u64);
        read(&mut Reader::new(&source))
    }

    const LC_44100_STEREO: &[u8] = &[
        0, 0, 0, 0, // version, flags
        3, 0x80, 0x80, 0x80, 0x22, 0, 1, 0, // ES_Descriptor: long size, ES_ID 1, no flags
        4, 0x80, 0x80, 0x80, 0x14, 0x40, 0x15, 0, 0, 0, 0, 1, 0xF4, 0, 0, 1, 0xF4,
        0, // DecoderConfig: AAC, rates
        5, 0x80, 0x80, 0x80, 0x02, 0x12, 0x10, // object type 2, index 4, two channels
    ];

    #[test]
    fn low_complexity_is_read() {
        let Ok(Some(Described::Aac(config))) = parse(LC_44100_STEREO) else {
            panic!("no AAC");
        };
        assert_eq!(
            (config.object_type, config.output_rate(), config.channels),
            (2, Some(44_100), Some(2))
        );
    }

    #[test]
    fn other_codings_are_named_by_their_number() {
        let of = |indication: u8| {
            let mut bytes = LC_44100_STEREO.to_vec();
            bytes[17] = indication;
            parse(&bytes).unwrap()
        };
        assert_eq!(of(0x6B), Some(Described::Sound(AudioCodec::Mp3)));
        assert_eq!(
            of(0x61),
            Some(Described::Video(Video::of(Some(VideoCodec::Mpeg2))))
        );
        assert_eq!(of(0xE1), None);
    }

    #[test]
    fn vorbis_tells_its_channels_in_its_own_header() {
        let mut bytes = LC_44100_STEREO.to_vec();
        bytes[17] = VORBIS;
        let end = bytes.len() - 3;
        bytes.truncate(end);
        bytes.push(19);
        bytes.extend(b"\x02\x1E\x5E\x01vorbis\0\0\0\0\x06\x80\xBB\0\0");
        assert_eq!(parse(&bytes), Ok(Some(Described::Vorbis(6, 48_000))));
        let of = |at: usize, value: u8| {
            let mut bytes = bytes.clone();
            bytes[at] = value;
            parse(&bytes)
        };
        let bare = Ok(Some(Described::Sound(AudioCodec::Vorbis)));
        assert_eq!(of(bytes.len() - 5, 0), bare);
        assert_eq!(of(bytes.len() - 10, b'x'), bare);
    }

    #[test]
    fn every_prefix_is_refused_quietly() {
        for n in 0..LC_44100_STEREO.len() - 2 {
            assert_eq!(
                parse(&LC_44100_STEREO[..n]).err(),
                Some(Error::Truncated),
                "{n}"
            );
        }
    }
}
