//! The size of a HEIC or AVIF picture: its primary item's properties (ISO/IEC 23008-12 §6.5.3, §6.5.10; 14496-12 §8.11).

use super::boxes::{each_box, version_flags};
use crate::media::Media;
use crate::media::reader::{Error, Reader};

/// Properties remembered; associations beyond them are not followed.
const PROPERTIES: usize = 256;

/// What a property says, if it says something about the size.
#[derive(Clone, Copy)]
enum Property {
    Extent {
        width: u32,
        height: u32,
    },
    /// `irot` by 90 or 270 degrees.
    QuarterTurn,
    Other,
}

/// Reads the payload of the file's `meta`.
pub(super) fn read(r: &mut Reader<'_>, media: &mut Media) -> Result<(), Error> {
    version_flags(r)?;
    let mut primary = None;
    let mut properties = Vec::new();
    let mut associations = Vec::new();
    let outcome = each_box(r, |kind, body| match &kind {
        b"pitm" => pitm(body).map(|id| primary = Some(id)),
        b"iprp" => each_box(body, |kind, body| match &kind {
            b"ipco" => ipco(body, &mut properties),
            b"ipma" => ipma(body, primary, &mut associations),
            _ => Ok(()),
        }),
        _ => Ok(()),
    });
    let own = associations
        .iter()
        .filter_map(|i: &usize| properties.get(i.checked_sub(1)?));
    let (mut size, mut turned) = (None, false);
    for property in own {
        match *property {
            Property::Extent { width, height } => size = Some((width, height)),
            Property::QuarterTurn => turned = !turned,
            Property::Other => {}
        }
    }
    if let Some((width, height)) = size {
        (media.width, media.height) = if turned {
            (Some(height), Some(width))
        } else {
            (Some(width), Some(height))
        };
    }
    outcome
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
            b"irot" if body.byte()? & 1 == 1 => Property::QuarterTurn,
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
