//! Covers inside media files: located, never copied, so that a cover is sent as a range of the file it stands in.
//!
//! Only JPEG and PNG count, told by their first bytes and not by what the tag claims. A picture that does not lie in the
//! file as one piece and byte by byte as it is has no span and is left out: ID3 with unsynchronisation or compression. The
//! base64 of Ogg comments is the exception, see [`packed`].

pub mod packed;

use super::Media;
use super::container::{jpeg, png};
use super::mime::Mime;
use super::profile::Profile;
use super::reader::{Error, Reader};
use super::tag::utf8;

/// Where a picture lies in a file, whole and as it is; or where it is [`packed`], and how long it is when taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtSpan {
    /// Bytes from the start of the file.
    pub offset: u64,
    /// Bytes. Inside the file when it was probed.
    pub len: u32,
    /// [`Mime::JPEG`] or [`Mime::PNG`].
    pub mime: Mime,
    /// What it shows.
    pub kind: ArtKind,
    /// Its own DLNA profile, when its header was read and earns one.
    pub profile: Option<Profile>,
}

/// What an embedded picture shows (the picture types of ID3 2.4 frames §4.14, which FLAC and ASF share).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArtKind {
    /// The front cover.
    Front,
    /// A small icon: taken only where there is nothing else.
    Icon,
    /// Anything else.
    Other,
}

impl ArtKind {
    /// From the number that ID3, FLAC and ASF use.
    pub(crate) fn from_number(number: u32) -> Self {
        match number {
            3 => Self::Front,
            1 | 2 => Self::Icon,
            _ => Self::Other,
        }
    }

    fn rank(self) -> u8 {
        match self {
            Self::Front => 2,
            Self::Other => 1,
            Self::Icon => 0,
        }
    }
}

/// Takes `found` unless there is one already that is as good.
pub(crate) fn offer(art: &mut Option<ArtSpan>, found: ArtSpan) {
    if art.is_none_or(|known| known.kind.rank() < found.kind.rank()) {
        *art = Some(found);
    }
}

/// The picture that fills `len` bytes from `r` on; `None` if it is neither JPEG nor PNG, or goes on behind the span.
/// `r` does not move.
pub(crate) fn span(r: &Reader<'_>, len: u64, kind: ArtKind) -> Option<ArtSpan> {
    let mut ahead = r.clone();
    if len > ahead.remaining() {
        return None;
    }
    ahead = ahead.sub(len).ok()?;
    let mime = mime(ahead.array().ok()?)?;
    Some(ArtSpan {
        offset: r.offset(),
        len: u32::try_from(len).ok()?,
        mime,
        kind,
        profile: None,
    })
}

/// JPEG or PNG, by the first bytes.
fn mime(start: [u8; 4]) -> Option<Mime> {
    match start {
        [0xFF, 0xD8, 0xFF, _] => Some(Mime::JPEG),
        [0x89, b'P', b'N', b'G'] => Some(Mime::PNG),
        _ => None,
    }
}

/// Fills in the profile from the picture's own header. `file` is the whole file.
///
/// # Errors
/// [`Error::Io`] alone: damage leaves the picture without a profile.
pub(crate) fn describe(file: &Reader<'_>, art: &mut ArtSpan) -> Result<(), Error> {
    let mut there = file.clone();
    let read = there
        .seek(art.offset)
        .and_then(|()| there.sub(u64::from(art.len)))
        .and_then(|mut picture| profile(&mut picture, art.mime));
    match read {
        Ok(profile) => {
            art.profile = profile;
            Ok(())
        }
        Err(e @ Error::Io(_)) => Err(e),
        Err(_) => Ok(()),
    }
}

/// The profile that the header of a picture earns it; `None` also where the header is damaged or not all there.
///
/// # Errors
/// [`Error::Io`] alone.
fn profile(picture: &mut Reader<'_>, mime: Mime) -> Result<Option<Profile>, Error> {
    let mut about = Media::default();
    let read = match mime {
        Mime::PNG => png::read(picture, &mut about),
        _ => jpeg::read(picture, &mut about),
    };
    match read {
        Err(e @ Error::Io(_)) => Err(e),
        _ => Ok(about.profile),
    }
}

/// FLAC's picture block (RFC 9639 §8.8): [`block_header`], then the picture.
///
/// # Errors
/// Of the reader, when a length lies.
pub(crate) fn flac_picture(r: &mut Reader<'_>, art: &mut Option<ArtSpan>) -> Result<(), Error> {
    let (kind, len) = block_header(r)?;
    if let Some(found) = span(r, len, kind) {
        offer(art, found);
    }
    Ok(())
}

/// What comes before the picture in FLAC's block: type, media type, description, four numbers, length. Type and length are
/// what counts.
fn block_header(r: &mut Reader<'_>) -> Result<(ArtKind, u64), Error> {
    let kind = ArtKind::from_number(r.be_u32()?);
    for _ in 0..2 {
        let len = r.be_u32()?;
        r.skip(u64::from(len))?;
    }
    r.skip(16)?;
    Ok((kind, r.be_u32()?.into()))
}

/// ID3's `APIC` and `PIC` behind the frame header (2.4 frames §4.14; 2.2 §4.15): encoding, media type up to a NUL (three
/// letters in 2.2), type, description up to a NUL of the encoding, picture up to the end of the span.
///
/// # Errors
/// Of the reader.
pub(crate) fn id3_picture(
    r: &mut Reader<'_>,
    three_letters: bool,
    art: &mut Option<ArtSpan>,
) -> Result<(), Error> {
    let wide = matches!(r.byte()?, 1 | 2);
    if three_letters {
        r.skip(3)?;
    } else {
        past_nul(r, false)?;
    }
    let kind = ArtKind::from_number(u32::from(r.byte()?));
    past_nul(r, wide)?;
    if let Some(found) = span(r, r.remaining(), kind) {
        offer(art, found);
    }
    Ok(())
}

/// ASF's `WM/Picture` (Windows Media Format SDK): type, length, media type and description in UTF-16, picture.
///
/// # Errors
/// Of the reader.
pub(crate) fn asf_picture(r: &mut Reader<'_>, art: &mut Option<ArtSpan>) -> Result<(), Error> {
    let kind = ArtKind::from_number(u32::from(r.byte()?));
    let len = u64::from(r.le_u32()?);
    past_nul(r, true)?;
    past_nul(r, true)?;
    if let Some(found) = span(r, len, kind) {
        offer(art, found);
    }
    Ok(())
}

/// APE's binary items (`APEv2` specification, "Cover Art"): a file name, a NUL, the picture. `key` tells what it shows.
///
/// # Errors
/// Of the reader.
pub(crate) fn ape_picture(
    key: &[u8],
    r: &mut Reader<'_>,
    art: &mut Option<ArtSpan>,
) -> Result<(), Error> {
    let key = utf8(key).to_ascii_lowercase();
    let kind = match key.strip_prefix("cover art (") {
        Some("front)") => ArtKind::Front,
        Some("icon)" | "other icon)" | "png icon)") => ArtKind::Icon,
        Some(_) => ArtKind::Other,
        None => return Ok(()),
    };
    past_nul(r, false)?;
    if let Some(found) = span(r, r.remaining(), kind) {
        offer(art, found);
    }
    Ok(())
}

/// Goes behind a text that ends with a NUL, one byte or two.
fn past_nul(r: &mut Reader<'_>, wide: bool) -> Result<(), Error> {
    const TEXT_BYTES: usize = 1024;
    for _ in 0..TEXT_BYTES {
        let first = r.byte()?;
        let second = if wide { r.byte()? } else { 0 };
        if (first, second) == (0, 0) {
            return Ok(());
        }
    }
    Err(Error::Malformed("picture description"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    type Parse = fn(&mut Reader<'_>, &mut Option<ArtSpan>) -> Result<(), Error>;

    fn found(parse: Parse, bytes: &[u8]) -> Option<ArtSpan> {
        let source = Source::new(&bytes, bytes.len() as u64);
        let mut art = None;
        let _ = parse(&mut Reader::new(&source), &mut art);
        art
    }

    fn id3_long(r: &mut Reader<'_>, art: &mut Option<ArtSpan>) -> Result<(), Error> {
        id3_picture(r, false, art)
    }

    fn id3_short(r: &mut Reader<'_>, art: &mut Option<ArtSpan>) -> Result<(), Error> {
        id3_picture(r, true, art)
    }

    fn ape_front(r: &mut Reader<'_>, art: &mut Option<ArtSpan>) -> Result<(), Error> {
        ape_picture(b"COVER ART (front)", r, art)
    }

    const PNG: &[u8] = b"\x89PNG\r\n";

    #[test]
    fn every_frame_leads_to_its_picture_and_no_prefix_to_a_wrong_one() {
        let frames: [(Parse, Vec<u8>); 5] = [
            (id3_long, b"\x00image/png\0\x03cover\0".to_vec()),
            (id3_long, b"\x01image/png\0\x03\xFF\xFEc\0\0\0".to_vec()),
            (id3_short, b"\x00PNG\x03\0".to_vec()),
            (asf_picture, b"\x03\x06\0\0\0i\0\0\0\0\0".to_vec()),
            (ape_front, b"a.png\0".to_vec()),
        ];
        for (parse, head) in frames {
            let whole = [head.as_slice(), PNG].concat();
            let art = found(parse, &whole).unwrap();
            assert_eq!((art.offset, art.len), (head.len() as u64, 6));
            assert_eq!((art.mime, art.kind), (Mime::PNG, ArtKind::Front));
            for n in 0..head.len() + 4 {
                assert_eq!(found(parse, &whole[..n]), None, "{n}");
            }
            assert_eq!(found(parse, &[head.as_slice(), b"BM____"].concat()), None);
        }
    }

    #[test]
    fn a_flac_picture_must_lie_in_its_block() {
        let mut block = b"\0\0\0\x03\0\0\0\x09image/png\0\0\0\x01d".to_vec();
        block.extend([0; 16]);
        block.extend(6_u32.to_be_bytes());
        let at = block.len();
        block.extend(PNG);
        let art = found(flac_picture, &block).unwrap();
        assert_eq!((art.offset, art.len), (at as u64, 6));
        for n in 0..block.len() {
            assert_eq!(found(flac_picture, &block[..n]), None, "{n}");
        }
        block[at - 1] = 7;
        assert_eq!(found(flac_picture, &block), None);
        assert_eq!(found(flac_picture, &[0xFF; 60]), None);
        // Shorter than what its first bytes claim it to be.
        block[at - 1] = 3;
        assert_eq!(found(flac_picture, &block), None);
    }

    #[test]
    fn the_front_cover_wins_and_then_the_first() {
        let of = |offset, kind| ArtSpan {
            offset,
            len: 1,
            mime: Mime::PNG,
            kind,
            profile: None,
        };
        let mut art = None;
        for (offset, kind) in [
            (1, ArtKind::Icon),
            (2, ArtKind::Other),
            (3, ArtKind::Other),
            (4, ArtKind::Front),
            (5, ArtKind::Front),
            (6, ArtKind::Icon),
        ] {
            offer(&mut art, of(offset, kind));
        }
        assert_eq!(art.map(|a| a.offset), Some(4));
    }
}
