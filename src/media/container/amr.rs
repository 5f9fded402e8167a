//! AMR and AMR-WB files (RFC 4867 §5): a magic line and frames of 20 ms.

use super::frames::{self, Step};
use super::play_time;
use crate::media::mime::Mime;
use crate::media::reader::{Error, Reader};
use crate::media::{Class, Media};

/// Bytes of a frame by its type, header included (3GPP TS 26.101 §A, TS 26.201 §A); 0: not to be.
const NARROW: [u64; 16] = [13, 14, 16, 18, 20, 21, 27, 32, 6, 0, 0, 0, 0, 0, 0, 1];
const WIDE: [u64; 16] = [18, 24, 33, 37, 41, 47, 51, 59, 61, 6, 0, 0, 0, 0, 1, 1];

/// Reads a whole file; those of several channels are refused, nothing writes them.
///
/// # Errors
/// [`Error::Malformed`] without the magic line; errors of the reader.
pub fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    let mut line = [0; 9];
    let start = r.read_some(&mut line)?;
    let (sizes, rate, magic_bytes) = if start.starts_with(b"#!AMR\n") {
        (NARROW, 8_000, 6)
    } else if start == b"#!AMR-WB\n" {
        (WIDE, 16_000, 9)
    } else {
        return Err(Error::Malformed("AMR magic"));
    };
    media.class = Some(Class::Audio);
    media.mime = Some(Mime::AMR);
    (media.sample_rate, media.channels) = (Some(rate), Some(1));
    r.seek(magic_bytes)?;
    let look = |r: &mut Reader<'_>| {
        let kind = usize::from((r.byte()? >> 3) & 15);
        let len = sizes.get(kind).copied().unwrap_or_default();
        Ok((len > 0).then_some(Step {
            len,
            samples: rate / 50,
        }))
    };
    media.duration = play_time(frames::count(r, &look)?, rate);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};
    use std::time::Duration;

    #[test]
    fn frames_of_both_kinds_add_up() {
        let narrow = [b"#!AMR\n".as_slice(), &[0x7C; 100]].concat();
        let (media, outcome) = parse(read, &narrow);
        assert_eq!(
            (media.duration, media.sample_rate, outcome),
            (Some(Duration::from_secs(2)), Some(8000), Ok(()))
        );
        let wide = [b"#!AMR-WB\n".as_slice(), &[0x04; 180]].concat();
        let (media, _) = parse(read, &wide);
        assert_eq!(
            (media.duration, media.sample_rate),
            (Some(Duration::from_millis(200)), Some(16_000))
        );
        survives(read, &wide);
    }

    #[test]
    fn other_magic_is_refused() {
        assert!(parse(read, b"#!AMR_MC1.0\n").1.is_err());
        assert_eq!(parse(read, b"#!AMR\n").0.duration, None);
    }
}
