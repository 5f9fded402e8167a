//! GIF: the size of the logical screen (GIF89a §18).

use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media, mime, profile};

/// Reads the ten bytes that matter.
///
/// # Errors
/// [`Error::Malformed`] for an empty screen; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    media.class = Some(Class::Image);
    media.mime = Some(mime::Mime::GIF);
    r.skip(6)?;
    let (width, height) = (u32::from(r.le_u16()?), u32::from(r.le_u16()?));
    if width == 0 || height == 0 {
        return Err(Error::Malformed("GIF screen size"));
    }
    (media.width, media.height) = (Some(width), Some(height));
    media.profile = profile::gif(width, height);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    #[test]
    fn the_screen_is_the_size() {
        let bytes: &[u8] = b"GIF89a\x0A\x00\x2C\x01";
        for n in 0..=bytes.len() {
            let mut media = Media::default();
            let cut = &bytes[..n];
            let source = Source::new(&cut, n as u64);
            let outcome = read(&mut Reader::new(&source), &mut media);
            assert_eq!(outcome.is_ok(), n == bytes.len());
            assert_eq!(
                media.width.zip(media.height),
                (n == bytes.len()).then_some((10, 300))
            );
        }
    }
}
