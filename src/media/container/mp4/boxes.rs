//! The box structure of ISO base media and QuickTime files (ISO/IEC 14496-12 §4.2).

use crate::media::reader::{Error, Reader};

/// A box type: four characters.
pub(crate) type FourCc = [u8; 4];

/// Reads one box header and hands out a reader of the payload; `r` then stands on the next box.
///
/// ```text
/// byte 0        4        8                16
///      | size   | type   | largesize      |     largesize only when size == 1
/// ```
/// `size` counts the header too, in bytes, big-endian; 0 means "to the end". `None` at the end, and at fewer than eight
/// bytes before it: QuickTime closes some lists with four zero bytes. A size past the end is *not* an error: a download in
/// progress looks like that, and so do files of careless writers; the payload is clipped.
///
/// # Errors
/// [`Error::Malformed`] if `size` is smaller than the header it counts; errors of the reader.
pub(crate) fn next_box<'a>(r: &mut Reader<'a>) -> Result<Option<(FourCc, Reader<'a>)>, Error> {
    if r.remaining() < 8 {
        return Ok(None);
    }
    let size = r.be_u32()?;
    let kind = r.array()?;
    let payload = match size {
        0 => Some(r.remaining()),
        1 => r.be_u64()?.checked_sub(16),
        _ => u64::from(size).checked_sub(8),
    };
    let payload = payload.ok_or(Error::Malformed("box size"))?;
    Ok(Some((kind, r.sub(payload)?)))
}

/// Shows every box in `r` to `visit`. Damage in one box does not hide its neighbours: the first error is kept until all
/// have been seen.
///
/// # Errors
/// The first error of `visit` or of a box header; at once when the reader can read no more.
pub(crate) fn each_box<'a>(
    r: &mut Reader<'a>,
    mut visit: impl FnMut(FourCc, &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut outcome = Ok(());
    while let Some((kind, mut body)) = next_box(r)? {
        match visit(kind, &mut body) {
            Err(e @ (Error::Limit | Error::Io(_))) => return Err(e),
            result => outcome = outcome.and(result),
        }
    }
    outcome
}

/// Version and flags in front of a full box (§4.2.2).
pub(super) fn version_flags(r: &mut Reader<'_>) -> Result<(u8, u32), Error> {
    Ok((r.byte()?, r.be_u24()?))
}

/// A field of 32 bits in version 0 and 64 in version 1, where all ones mean "unknown".
pub(super) fn time_field(r: &mut Reader<'_>, version: u8) -> Result<Option<u64>, Error> {
    if version == 0 {
        let value = r.be_u32()?;
        return Ok((value != u32::MAX).then_some(u64::from(value)));
    }
    let value = r.be_u64()?;
    Ok((value != u64::MAX).then_some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::reader::Source;

    fn kinds(bytes: &[u8]) -> (Vec<(FourCc, u64)>, Result<(), Error>) {
        let mut seen = Vec::new();
        let source = Source::new(&bytes, bytes.len() as u64);
        let result = each_box(&mut Reader::new(&source), |kind, body| {
            seen.push((kind, body.remaining()));
            Ok(())
        });
        (seen, result)
    }

    const THREE: &[u8] = &[
        0, 0, 0, 9, b'o', b'n', b'e', b' ', 0xAA, // 32-bit size, one byte of payload
        0, 0, 0, 1, b't', b'w', b'o', b' ', 0, 0, 0, 0, 0, 0, 0, 18, 0xBB,
        0xBB, // 64-bit size
        0, 0, 0, 0, b'e', b'n', b'd', b' ', 0xCC, 0xCC, 0xCC, // to the end
    ];

    #[test]
    fn all_three_forms_of_size_are_read() {
        assert_eq!(
            kinds(THREE),
            (vec![(*b"one ", 1), (*b"two ", 2), (*b"end ", 3)], Ok(()))
        );
    }

    #[test]
    fn every_prefix_ends() {
        for n in 0..THREE.len() {
            assert!(kinds(&THREE[..n]).0.len() <= 3);
        }
    }

    #[test]
    fn a_size_past_the_end_is_clipped_and_one_below_the_header_refused() {
        assert_eq!(kinds(b"\0\0\xFF\xFFbig ab"), (vec![(*b"big ", 2)], Ok(())));
        assert_eq!(
            kinds(b"\0\0\0\x07bad ab").1,
            Err(Error::Malformed("box size"))
        );
        assert_eq!(
            kinds(b"\0\0\0\x01bad \0\0\0\0\0\0\0\x0Fab").1,
            Err(Error::Malformed("box size"))
        );
        assert_eq!(
            kinds(b"\0\0\0\x01bad \xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFab").0,
            vec![(*b"bad ", 2)]
        );
    }

    #[test]
    fn a_closing_zero_is_not_a_box() {
        assert_eq!(
            kinds(&[0, 0, 0, 8, b'a', b'b', b'c', b'd', 0, 0, 0, 0]),
            (vec![(*b"abcd", 0)], Ok(()))
        );
    }
}
