//! FLAC: `STREAMINFO` the comments and where the cover lies (RFC 9639 §8).

pub(crate) mod seek;

use std::time::Duration;

use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::tag::{id3, vorbis};
use crate::media::{Class, Media, art};

/// Metadata blocks that are looked at.
const BLOCKS: usize = 128;

const STREAMINFO: u8 = 0;
const VORBIS_COMMENT: u8 = 4;
const PICTURE: u8 = 6;

/// Reads a whole file; an ID3 tag may stand in front, though the standard advises against it (RFC 9639 §D.1).
///
/// # Errors
/// [`Error::Malformed`] without the marker; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    // FLAC's own comments are the better ones: the ID3 tag fills what they leave open.
    let mut in_front = Media::default();
    id3::read(r, &mut in_front)?;
    if &r.array()? != b"fLaC" {
        return Err(Error::Malformed("FLAC marker"));
    }
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::FLAC);
    let outcome = blocks(r, media);
    media.fill_from(in_front);
    outcome
}

fn blocks(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut comments = Ok(());
    for _ in 0..BLOCKS {
        let [kind] = r.array()?;
        let len = r.be_u24()?;
        let mut block = r.sub(u64::from(len))?;
        match kind & 0x7F {
            STREAMINFO if media.sample_rate.is_none() => stream_info(&mut block, media)?,
            // A picture that lies about itself costs nothing but itself.
            PICTURE => {
                if let Err(e @ Error::Io(_)) = art::flac_picture(&mut block, &mut media.art) {
                    return Err(e);
                }
            }
            VORBIS_COMMENT => comments = vorbis::read(&mut block, media),
            _ => {}
        }
        if kind & 0x80 != 0 {
            return comments;
        }
    }
    Err(Error::Limit)
}

/// §8.2: 10 bytes of block and frame sizes, then 20 bits of rate, 3 of channels less one, 5 of bits less one, 36 of samples.
pub(in crate::media) fn stream_info(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    r.skip(10)?;
    let packed = r.be_u64()?;
    let field = |shift: u32, bits: u32| (packed >> shift) & ((1 << bits) - 1);
    let (rate, samples) = (field(44, 20), field(0, 36));
    if rate == 0 {
        return Err(Error::Malformed("FLAC sample rate"));
    }
    media.sample_rate = u32::try_from(rate).ok();
    media.channels = u8::try_from(field(41, 3) + 1).ok();
    media.bits_per_sample = u8::try_from(field(36, 5) + 1).ok();
    // 0 is "unknown". 36 bits times a billion does not fit 64.
    let nanos = u128::from(samples) * 1_000_000_000 / u128::from(rate);
    media.duration = u64::try_from(nanos)
        .ok()
        .filter(|n| *n > 0)
        .map(Duration::from_nanos);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn parse(bytes: &[u8]) -> (Media, Result<(), Error>) {
        let mut media = Media::default();
        let source = Source::new(&bytes, bytes.len() as u64);
        let outcome = read(&mut Reader::new(&source), &mut media);
        (media, outcome)
    }

    const SHORT: &[u8] = &[
        b'f', b'L', b'a', b'C', //
        0x00, 0, 0, 34, // STREAMINFO
        0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, // block and frame sizes
        0x0A, 0xC4, 0x42, 0xF0, 0, 0, 0xAC,
        0x44, // 44100 Hz, 2 channels, 16 bits, 44100 samples
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // MD5
        0x84, 0, 0, 21, // VORBIS_COMMENT, the last
        0, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, b'T', b'I', b'T', b'L', b'E', b'=', b'O', b'n', b'e',
    ];

    #[test]
    fn stream_and_comments_are_read() {
        let (media, outcome) = parse(SHORT);
        assert_eq!(
            (media.duration, outcome),
            (Some(Duration::from_secs(1)), Ok(()))
        );
        assert_eq!(
            (media.sample_rate, media.channels, media.bits_per_sample),
            (Some(44_100), Some(2), Some(16))
        );
        assert_eq!(
            (media.title.as_deref(), media.mime),
            (Some("One"), Some(Mime::FLAC))
        );
    }

    #[test]
    fn every_prefix_is_cut_short() {
        for n in 0..SHORT.len() {
            assert_eq!(parse(&SHORT[..n]).1, Err(Error::Truncated), "{n}");
        }
    }

    #[test]
    fn an_id3_tag_in_front_fills_what_the_comments_leave_open() {
        let front =
            b"ID3\x03\0\0\0\0\0\x20TALB\0\0\0\x06\0\0\0AlbumTIT2\0\0\0\x06\0\0\0Other".as_slice();
        let (media, outcome) = parse(&[front, SHORT].concat());
        assert_eq!(
            (media.title.as_deref(), media.album.as_deref(), outcome),
            (Some("One"), Some("Album"), Ok(()))
        );
    }

    #[test]
    fn the_cover_is_located() {
        let picture = b"\0\0\0\x03\0\0\0\0\0\0\0\0________________\0\0\0\x04\xFF\xD8\xFF\xE0";
        let block = [b"\x06\0\0\x24".as_slice(), picture].concat();
        let bytes = [&SHORT[..42], block.as_slice(), &SHORT[42..]].concat();
        let (media, outcome) = parse(&bytes);
        assert_eq!(
            (media.art.map(|a| (a.offset, a.len)), outcome),
            (Some((78, 4)), Ok(()))
        );
        assert_eq!(media.title.as_deref(), Some("One"));
    }

    #[test]
    fn impossible_streams_are_refused() {
        assert_eq!(parse(b"fLaX").1, Err(Error::Malformed("FLAC marker")));
        let mut bytes = SHORT.to_vec();
        bytes[18..21].fill(0);
        assert_eq!(parse(&bytes).1, Err(Error::Malformed("FLAC sample rate")));
        let endless = [b"fLaC".as_slice(), &[1, 0, 0, 0].repeat(1000)].concat();
        assert_eq!(parse(&endless).1, Err(Error::Limit));
    }
}
