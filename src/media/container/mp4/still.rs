//! The size and turn of a HEIC or AVIF picture: its primary item's properties (ISO/IEC 23008-12 §6.5.3, §6.5.10, §6.5.12;
//! 14496-12 §8.11). Date and camera are in its Exif item (23008-12 §A.2.1).

use super::boxes::{each_box, next_box, version_flags};
use crate::media::Media;
use crate::media::reader::{Error, Reader};
use crate::media::tag::exif::{self, Dates};

/// Properties remembered; associations beyond them are not followed.
const PROPERTIES: usize = 256;

/// What a property says, if it says something about the size.
#[derive(Clone, Copy)]
enum Property {
    Extent {
        width: u32,
        height: u32,
    },
    /// `irot`: quarter turns to the left, 0 to 3.
    Turn(u8),
    /// `imir`: top and bottom change places (0), or left and right (1).
    Mirror(u8),
    Other,
}

/// What the boxes of `meta` have told.
#[derive(Default)]
struct Items {
    primary: Option<u32>,
    properties: Vec<Property>,
    /// Properties of the primary item, counted from 1, in the order in which they apply.
    associations: Vec<usize>,
    /// The item of type `Exif`.
    exif: Option<u32>,
    exif_place: Option<Place>,
    /// Where `idat`'s payload starts in the file.
    idat_offset: Option<u64>,
}

/// Where an item lies: in the file, or in `idat`.
#[derive(Clone, Copy)]
struct Place {
    in_idat: bool,
    offset: u64,
    len: u64,
}

/// Reads the payload of the file's `meta`; `file` is the file it stands in.
pub(super) fn read(file: &Reader<'_>, r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    version_flags(r)?;
    let mut items = Items::default();
    let mut places = None;
    let outcome = each_box(r, |kind, body| match &kind {
        b"pitm" => pitm(body).map(|id| items.primary = Some(id)),
        b"iinf" => iinf(body).map(|id| items.exif = id),
        b"iloc" => {
            places = Some(body.clone());
            Ok(())
        }
        b"idat" => {
            items.idat_offset = Some(body.offset());
            Ok(())
        }
        b"iprp" => each_box(body, |kind, body| match &kind {
            b"ipco" => ipco(body, &mut items.properties),
            b"ipma" => ipma(body, items.primary, &mut items.associations),
            _ => Ok(()),
        }),
        _ => Ok(()),
    });
    items.describe(media);
    // What EXIF says is a gift: damage there is no trouble.
    if let (Some(mut places), Some(id)) = (places, items.exif) {
        items.exif_place = iloc(&mut places, id).unwrap_or_default();
        if let Err(e @ Error::Io(_)) = items.exif(file, media) {
            return Err(e);
        }
    }
    outcome
}

impl Items {
    fn describe(&self, media: &mut Media) {
        let own = self
            .associations
            .iter()
            .filter_map(|i| self.properties.get(i.checked_sub(1)?));
        let mut orientation = None;
        for property in own {
            match *property {
                Property::Extent { width, height } => {
                    (media.width, media.height) = (Some(width), Some(height));
                }
                Property::Turn(turns) => {
                    let turned = (0..turns).fold(orientation.unwrap_or(1), |o, _| turned_left(o));
                    orientation = Some(turned);
                }
                Property::Mirror(axis) => {
                    orientation = Some(mirrored(orientation.unwrap_or(1), axis));
                }
                Property::Other => {}
            }
        }
        media.orientation = orientation;
    }

    /// Four bytes say how much stands in front of the TIFF header, mostly `Exif` and two zeros.
    fn exif(&self, file: &Reader<'_>, media: &mut Media) -> Result<(), Error> {
        let Some(place) = self.exif_place else {
            return Ok(());
        };
        let base = if place.in_idat {
            self.idat_offset
                .ok_or(Error::Malformed("item in no idat"))?
        } else {
            0
        };
        let mut there = file.clone();
        there.seek(base.saturating_add(place.offset))?;
        let mut item = there.sub(place.len)?;
        let before = item.be_u32()?;
        item.skip(u64::from(before))?;
        let mut tiff = item.sub(item.remaining())?;
        // Where the properties turn the picture, what EXIF says has been applied already (§A.2.1); where none does, some
        // cameras and converters have left the turn to EXIF.
        let known = media.orientation;
        let mut dates = Dates::default();
        let outcome = exif::read(&mut tiff, media, &mut dates);
        dates.settle(media);
        media.orientation = known.or(media.orientation);
        outcome
    }
}

/// The EXIF number of a picture that is shown by `orientation` and then turned a quarter to the left.
fn turned_left(orientation: u8) -> u8 {
    match orientation {
        1 => 8,
        8 => 3,
        3 => 6,
        2 => 5,
        5 => 4,
        4 => 7,
        7 => 2,
        _ => 1,
    }
}

/// The same with top and bottom (0) or left and right (1) exchanged.
fn mirrored(orientation: u8, axis: u8) -> u8 {
    let across = match orientation {
        1 => 2,
        2 => 1,
        3 => 4,
        4 => 3,
        5 => 6,
        6 => 5,
        7 => 8,
        _ => 7,
    };
    if axis == 1 {
        return across;
    }
    // Top and bottom: left and right, and half a turn.
    turned_left(turned_left(across))
}

/// The first item of type `Exif` (14496-12 §8.11.6).
fn iinf(r: &mut Reader<'_>) -> Result<Option<u32>, Error> {
    let (version, _) = version_flags(r)?;
    r.skip(if version == 0 { 2 } else { 4 })?;
    while let Some((kind, mut entry)) = next_box(r)? {
        if &kind != b"infe" {
            continue;
        }
        let (version, _) = version_flags(&mut entry)?;
        let id = match version {
            2 => u32::from(entry.be_u16()?),
            3 => entry.be_u32()?,
            _ => continue,
        };
        entry.skip(2)?;
        if &entry.array()? == b"Exif" {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Where `wanted` lies (14496-12 §8.11.3); an item in several pieces is left alone.
fn iloc(r: &mut Reader<'_>, wanted: u32) -> Result<Option<Place>, Error> {
    let (version, _) = version_flags(r)?;
    let sizes = r.be_u16()?;
    let nibble = |shift: u32| u64::from((sizes >> shift) & 15);
    let (offset_bytes, length_bytes, base_bytes) = (nibble(12), nibble(8), nibble(4));
    let index_bytes = if version == 0 { 0 } else { nibble(0) };
    let narrow = version < 2;
    let count = if narrow {
        u32::from(r.be_u16()?)
    } else {
        r.be_u32()?
    };
    for _ in 0..count {
        let id = if narrow {
            u32::from(r.be_u16()?)
        } else {
            r.be_u32()?
        };
        let method = if version == 0 { 0 } else { r.be_u16()? & 15 };
        let elsewhere = r.be_u16()?; // 0: in this file
        let base = sized(r, base_bytes)?;
        let extents = r.be_u16()?;
        let mut place = None;
        for _ in 0..extents {
            r.skip(index_bytes)?;
            let (offset, len) = (sized(r, offset_bytes)?, sized(r, length_bytes)?);
            place = Some(Place {
                in_idat: method == 1,
                offset: base.saturating_add(offset),
                len,
            });
        }
        if id == wanted {
            return Ok(place.filter(|_| extents == 1 && elsewhere == 0 && method < 2));
        }
    }
    Ok(None)
}

/// A number of 0, 4 or 8 bytes.
fn sized(r: &mut Reader<'_>, bytes: u64) -> Result<u64, Error> {
    match bytes {
        0 => Ok(0),
        4 => r.be_u32().map(u64::from),
        8 => r.be_u64(),
        _ => Err(Error::Malformed("item location field size")),
    }
}

fn pitm(r: &mut Reader<'_>) -> Result<u32, Error> {
    let (version, _) = version_flags(r)?;
    if version == 0 {
        r.be_u16().map(u32::from)
    } else {
        r.be_u32()
    }
}

fn ipco(r: &mut Reader<'_>, properties: &mut Vec<Property>) -> Result<(), Error> {
    each_box(r, |kind, body| {
        let property = match &kind {
            b"ispe" => {
                version_flags(body)?;
                Property::Extent {
                    width: body.be_u32()?,
                    height: body.be_u32()?,
                }
            }
            b"irot" => Property::Turn(body.byte()? & 3),
            b"imir" => Property::Mirror(body.byte()? & 1),
            _ => Property::Other,
        };
        if properties.len() < PROPERTIES {
            properties.push(property);
        }
        Ok(())
    })
}

/// Which properties, counted from 1, belong to the primary item.
fn ipma(r: &mut Reader<'_>, primary: Option<u32>, own: &mut Vec<usize>) -> Result<(), Error> {
    let (version, flags) = version_flags(r)?;
    let items = r.be_u32()?;
    for _ in 0..items {
        let id = if version == 0 {
            u32::from(r.be_u16()?)
        } else {
            r.be_u32()?
        };
        let count = r.byte()?;
        for _ in 0..count {
            // The top bit marks what a reader must understand.
            let index = if flags & 1 == 1 {
                r.be_u16()? & 0x7FFF
            } else {
                u16::from(r.byte()? & 0x7F)
            };
            if Some(id) == primary && own.len() < PROPERTIES {
                own.push(usize::from(index));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::container::testing::{parse, survives};

    fn boxed(kind: &[u8], payload: &[u8]) -> Vec<u8> {
        let len = u32::try_from(payload.len() + 8).unwrap();
        [&len.to_be_bytes(), kind, payload].concat()
    }

    /// 320 x 200, turned by `turns`; the Exif item in `idat` says orientation 3 and model `X1`.
    fn file(turns: u8) -> Vec<u8> {
        let mut exif = b"\0\0\0\x06Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
        exif.extend(b"\x01\x10\0\x02\0\0\0\x03X1\0\0\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0");
        let len = u8::try_from(exif.len()).unwrap();
        let infe = boxed(b"infe", b"\x02\0\0\0\0\x02\0\0Exif\0");
        let ipco = [
            boxed(b"ispe", &[0, 0, 0, 0, 0, 0, 1, 64, 0, 0, 0, 200]),
            boxed(b"irot", &[turns]),
        ];
        let ipma = boxed(b"ipma", &[0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 2, 0x81, 0x82]);
        let meta = [
            vec![0; 4],
            boxed(b"pitm", &[0, 0, 0, 0, 0, 1]),
            boxed(b"iinf", &[&[0, 0, 0, 0, 0, 1], infe.as_slice()].concat()),
            // Version 1, 4-byte offsets and lengths, one item: number 2, in idat, one piece.
            boxed(
                b"iloc",
                &[
                    1, 0, 0, 0, 0x44, 0, 0, 1, 0, 2, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, len,
                ],
            ),
            boxed(b"idat", &exif),
            boxed(b"iprp", &[boxed(b"ipco", &ipco.concat()), ipma].concat()),
        ];
        let ftyp = boxed(b"ftyp", b"heic\0\0\0\0mif1heic");
        [ftyp, boxed(b"meta", &meta.concat())].concat()
    }

    #[test]
    fn the_size_is_as_stored_and_the_turn_told_apart() {
        for (turns, orientation) in [(0, 1), (1, 8), (2, 3), (3, 6)] {
            let (media, outcome) = parse(super::super::read, &file(turns));
            assert_eq!(
                (media.width, media.height, media.orientation, outcome),
                (Some(320), Some(200), Some(orientation), Ok(()))
            );
            assert_eq!(media.camera.as_deref(), Some("X1"));
        }
    }

    #[test]
    fn turns_and_mirrors_are_those_of_exif() {
        for from in 1..=8 {
            assert_eq!((0..4).fold(from, |o, _| turned_left(o)), from);
            assert_eq!(mirrored(mirrored(from, 1), 1), from);
            assert_eq!(mirrored(mirrored(from, 0), 0), from);
        }
        assert_eq!((mirrored(1, 1), mirrored(1, 0)), (2, 4));
    }

    #[test]
    fn damage_ends() {
        survives(super::super::read, &file(1));
    }
}
