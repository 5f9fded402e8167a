//! The order of two objects by the properties that a control point names (`SortCriteria`, ContentDirectory:1 §2.5.8).

use std::cmp::Ordering;

use super::{order, record::Tag, snapshot::Object};
use crate::wire::criteria::{SortKey, SortProperty};

/// How `x` and `y` stand to each other; the first key that tells them apart decides. What an object does not have comes
/// before what it has.
pub(super) fn compare(x: &Object<'_>, y: &Object<'_>, keys: &[SortKey]) -> Ordering {
    keys.iter()
        .map(|key| {
            let order = by(x, y, key.property);
            if key.descending {
                order.reverse()
            } else {
                order
            }
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn by(x: &Object<'_>, y: &Object<'_>, property: SortProperty) -> Ordering {
    let text = |tag| natural(x.property(tag), y.property(tag));
    match property {
        // Whoever asks for this order gets the one of the standard's texts, character by character; the natural one is
        // that of listings for which nothing is asked.
        SortProperty::Title => order::compare_characters(x.title(), y.title()),
        SortProperty::Date => x.date().cmp(&y.date()),
        SortProperty::Class => x.upnp_class().cmp(y.upnp_class()),
        SortProperty::Size => x.size().cmp(&y.size()),
        SortProperty::Duration => x.duration().cmp(&y.duration()),
        SortProperty::Bitrate => x.bitrate_bytes_per_sec().cmp(&y.bitrate_bytes_per_sec()),
        SortProperty::Artist => text(Tag::Artist),
        SortProperty::Creator => natural(creator(x), creator(y)),
        SortProperty::Album => text(Tag::Album),
        SortProperty::Genre => text(Tag::Genre),
        SortProperty::Series => text(Tag::Series),
        SortProperty::TrackNumber => x.track().cmp(&y.track()),
        SortProperty::DiscNumber => x.disc().cmp(&y.disc()),
        SortProperty::Season => x.season().cmp(&y.season()),
        SortProperty::Episode => x.episode().cmp(&y.episode()),
        SortProperty::Rating => x.rating().cmp(&y.rating()),
    }
}

/// What is listed as the creator: an item's artist.
fn creator<'a>(object: &Object<'a>) -> Option<&'a str> {
    let item = Some(object).filter(|object| !object.is_container());
    item.and_then(|item| item.property(Tag::Artist))
}

fn natural(x: Option<&str>, y: Option<&str>) -> Ordering {
    match (x, y) {
        (Some(x), Some(y)) => order::compare(x, y),
        _ => x.is_some().cmp(&y.is_some()),
    }
}
