//! Pictures in the comments of Ogg streams: `METADATA_BLOCK_PICTURE`, a picture block of FLAC (RFC 9639 §8.8) in base64
//! (RFC 4648 §4), and the older `COVERART`, a picture in base64 and nothing else. Ogg FLAC has such blocks as packets of
//! their own, without base64.
//!
//! Such a picture does not lie in the file as it is: base64 is a third longer, and pages of 64 KiB cut it up. A probe looks
//! at its beginning alone; it is taken out when somebody asks for it.

use super::{ArtKind, ArtSpan};
use crate::limits;
use crate::media::mime::Mime;
use crate::media::reader::{Error, ReadAt, Reader, Source};

/// How a picture is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A picture block of FLAC in base64.
    Base64Block,
    /// The picture in base64.
    Base64,
    /// A picture block of FLAC.
    Block,
}

impl Packing {
    /// By the name of a comment, in capitals.
    pub(crate) fn of_comment(name: &str) -> Option<Self> {
        match name {
            "METADATA_BLOCK_PICTURE" => Some(Self::Base64Block),
            "COVERART" => Some(Self::Base64),
            _ => None,
        }
    }

    /// What the picture is that starts with `head` as it stands in the file, of `len` bytes there, of which `padding` are
    /// `=`. Its place in the file is `at`.
    pub(crate) fn look(self, head: &[u8], len: u64, padding: u64, at: u64) -> Option<ArtSpan> {
        let mut start = Vec::new();
        let whole = if self == Self::Block {
            start.extend(head);
            len
        } else {
            // A cut inside a letter of four is no error here.
            let _ = Decoder::default().decode(head, &mut start);
            len.saturating_sub(padding) * 3 / 4
        };
        let (kind, offset, picture) = self.picture(&start, whole).ok()?;
        let beginning = start.get(offset..)?;
        let mime = mime(beginning)?;
        // Where the frame header lies further behind, there is no profile.
        let source = Source::new(&beginning, beginning.len() as u64);
        let profile = super::profile(&mut Reader::new(&source), mime);
        Some(ArtSpan {
            offset: at,
            len: u32::try_from(picture).ok()?,
            mime,
            kind,
            profile: profile.ok().flatten(),
        })
        .filter(|_| whole <= limits::PACKED_ART_BYTES)
    }

    /// The picture out of all that is packed.
    ///
    /// # Errors
    /// [`Error::Malformed`] if there is none.
    pub(crate) fn unpack(self, mut unpacked: Vec<u8>) -> Result<Vec<u8>, Error> {
        let (_, offset, len) = self.picture(&unpacked, unpacked.len() as u64)?;
        let len = usize::try_from(len).map_err(|_| Error::Limit)?;
        unpacked.drain(..offset.min(unpacked.len()));
        unpacked.truncate(len);
        mime(&unpacked).ok_or(Error::Unsupported)?;
        Ok(unpacked)
    }

    /// What the picture shows, where it starts in what is unpacked, of which `start` is the beginning and `whole` the
    /// length, and its own length.
    fn picture(self, start: &[u8], whole: u64) -> Result<(ArtKind, usize, u64), Error> {
        if self == Self::Base64 {
            return Ok((ArtKind::Front, 0, whole));
        }
        let source = Source::new(&start, start.len() as u64);
        let mut r = Reader::new(&source);
        let (kind, len) = super::block_header(&mut r)?;
        if r.position().saturating_add(len) > whole {
            return Err(Error::Truncated);
        }
        let offset = usize::try_from(r.position()).map_err(|_| Error::Limit)?;
        Ok((kind, offset, len))
    }
}

/// Takes out the picture that a probe found at `at` of `file`, of `len` bytes. At most [`limits::PACKED_ART_BYTES`].
///
/// # Errors
/// Any: the file may have changed since.
pub fn unpack(file: &dyn ReadAt, len: u64, at: u64) -> Result<Vec<u8>, Error> {
    let source = Source::new(file, len);
    crate::media::container::ogg::picture(&Reader::new(&source), at)
}

/// Whether the pictures in files of this kind are packed. In no other kind are they.
pub fn is_packed(holder: Mime) -> bool {
    [Mime::OGG, Mime::OPUS, Mime::SPEEX, Mime::OGV].contains(&holder)
}

fn mime(picture: &[u8]) -> Option<Mime> {
    super::mime(*picture.first_chunk()?)
}

/// Base64, piece by piece.
#[derive(Default)]
pub(crate) struct Decoder {
    bits: u32,
    count: u32,
}

impl Decoder {
    /// Appends what `text` stands for to `out`. Blanks and line ends are passed over, as is the padding.
    ///
    /// # Errors
    /// [`Error::Malformed`] at any other character; what stands before it is in `out`.
    pub(crate) fn decode(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Error> {
        for &letter in text {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                b'=' | b' ' | b'\r' | b'\n' => continue,
                _ => return Err(Error::Malformed("base64")),
            };
            self.bits = self.bits << 6 | u32::from(value);
            self.count += 6;
            if self.count >= 8 {
                self.count -= 8;
                let [.., byte] = (self.bits >> self.count).to_be_bytes();
                out.push(byte);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        let mut decoder = Decoder::default();
        for piece in text.as_bytes().chunks(3) {
            decoder.decode(piece, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn base64_is_read_as_the_rfc_shows_it() {
        let rows = [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            ("Zm9v\r\nYmE=", "fooba"),
            ("Zm9vYmFy", "foobar"),
        ];
        for (text, bytes) in rows {
            assert_eq!(decoded(text), bytes.as_bytes(), "{text}");
        }
        assert_eq!(decoded("+/+/"), [0xFB, 0xFF, 0xBF]);
        let mut out = Vec::new();
        let outcome = Decoder::default().decode(b"Zm9v-Zm9v", &mut out);
        assert_eq!((out.as_slice(), outcome.is_err()), (&b"foo"[..], true));
    }

    #[test]
    fn a_bare_picture_is_as_long_as_its_letters_say() {
        // 89 50 4E 47 0D 0A 1A
        let head = b"iVBORw0KGg==";
        let found = Packing::Base64.look(head, 12, 2, 77).unwrap();
        assert_eq!((found.offset, found.len, found.mime), (77, 7, Mime::PNG));
        assert_eq!(Packing::Base64.look(b"R0lGODlh", 8, 0, 0), None);
        assert_eq!(Packing::Base64.look(b"", 0, 0, 0), None);
        let long = limits::PACKED_ART_BYTES / 3 * 4 + 8;
        assert_eq!(Packing::Base64.look(head, long, 0, 0), None);
    }

    #[test]
    fn no_prefix_of_a_block_gives_a_wrong_picture() {
        let mut block = b"\0\0\0\x03\0\0\0\x09image/png\0\0\0\x01d".to_vec();
        block.extend([0; 16]);
        block.extend(6_u32.to_be_bytes());
        block.extend(b"\x89PNG\r\n");
        let whole = block.len() as u64;
        let found = Packing::Block.look(&block, whole, 0, 5).unwrap();
        assert_eq!((found.len, found.kind), (6, ArtKind::Front));
        assert_eq!(Packing::Block.look(&block, whole - 1, 0, 5), None);
        for n in 0..block.len() {
            let cut = block[..n].to_vec();
            assert!(Packing::Block.unpack(cut).is_err(), "{n}");
        }
        assert_eq!(Packing::Block.unpack(block).unwrap(), b"\x89PNG\r\n");
    }
}
