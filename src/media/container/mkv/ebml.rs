//! EBML, the structure under Matroska (RFC 8794 §4 to §7): an identifier, a size, a payload; numbers as long as they need.

use crate::media::reader::{Error, Reader};

/// One element, its payload not read yet.
pub(super) struct Element<'a> {
    /// With its length marker, as the standard writes it.
    pub(super) id: u32,
    /// The payload; of one of unknown size, everything that is left.
    pub(super) body: Reader<'a>,
    /// Whether the size was stated.
    pub(super) sized: bool,
    /// Whether the file ends before the payload does.
    pub(super) cut: bool,
}

/// Reads one element header; `r` then stands behind the payload. `None` at the end. A size past the end is clipped: a
/// download or a recording in progress looks like that.
///
/// # Errors
/// [`Error::Malformed`] for an identifier or a size of more bytes than there may be; errors of the reader.
pub(super) fn next<'a>(r: &mut Reader<'a>) -> Result<Option<Element<'a>>, Error> {
    if r.remaining() == 0 {
        return Ok(None);
    }
    let id = identifier(r)?;
    let size = size(r)?;
    let cut = size.is_some_and(|size| size > r.remaining());
    let body = r.sub(size.unwrap_or(r.remaining()))?;
    Ok(Some(Element {
        id,
        body,
        cut,
        sized: size.is_some(),
    }))
}

/// Shows every element in `r` to `visit`. Damage in one does not hide its neighbours: the first error is kept.
///
/// # Errors
/// The first error of `visit` or of a header; at once when the reader can read no more.
pub(super) fn each<'a>(
    r: &mut Reader<'a>,
    mut visit: impl FnMut(u32, &mut Reader<'a>) -> Result<(), Error>,
) -> Result<(), Error> {
    /// A number has no more bytes: half of one is another number.
    const NUMBER_BYTES: u64 = 8;
    let mut outcome = Ok(());
    while let Some(mut element) = next(r)? {
        if element.cut && element.body.len() < NUMBER_BYTES {
            return outcome.and(Err(Error::Truncated));
        }
        match visit(element.id, &mut element.body) {
            Err(e @ (Error::Limit | Error::Io(_))) => return Err(e),
            result => outcome = outcome.and(result),
        }
    }
    outcome
}

fn identifier(r: &mut Reader<'_>) -> Result<u32, Error> {
    let first = r.byte()?;
    let more = first.leading_zeros();
    if more > 3 {
        return Err(Error::Malformed("EBML identifier"));
    }
    let mut id = u32::from(first);
    for _ in 0..more {
        id = (id << 8) | u32::from(r.byte()?);
    }
    Ok(id)
}

/// `None` when all bits are set: unknown.
fn size(r: &mut Reader<'_>) -> Result<Option<u64>, Error> {
    let first = r.byte()?;
    let more = first.leading_zeros();
    if more > 7 {
        return Err(Error::Malformed("EBML size"));
    }
    let mut size = u64::from(first) & (0x7F >> more);
    for _ in 0..more {
        size = (size << 8) | u64::from(r.byte()?);
    }
    Ok((size != (1 << (7 * (more + 1))) - 1).then_some(size))
}

/// The payload as an unsigned number of at most eight bytes; an empty one is 0.
pub(super) fn unsigned(r: &mut Reader<'_>) -> Result<u64, Error> {
    if r.remaining() > 8 {
        return Err(Error::Malformed("EBML number"));
    }
    let mut value = 0;
    while r.remaining() > 0 {
        value = (value << 8) | u64::from(r.byte()?);
    }
    Ok(value)
}

/// The payload as a floating-point number of four or eight bytes.
pub(super) fn float(r: &mut Reader<'_>) -> Result<f64, Error> {
    match r.remaining() {
        0 => Ok(0.0),
        4 => r.array().map(f32::from_be_bytes).map(f64::from),
        8 => r.array().map(f64::from_be_bytes),
        _ => Err(Error::Malformed("EBML number")),
    }
}

/// The start of the payload as text, at most `most` bytes; it ends at the first zero.
pub(super) fn text(r: &mut Reader<'_>, most: u64) -> Result<String, Error> {
    let bytes = r.bytes(r.remaining().min(most))?;
    let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
    let bytes = bytes.get(..end).unwrap_or_default();
    Ok(crate::media::tag::utf8(bytes).into_owned())
}
