//! In which order a listing shall stand: `SortCriteria` (ContentDirectory:1 §2.5.8).

use std::fmt::{self, Display, Formatter};

use crate::limits;

/// A property that listings can be sorted by. What an object does not have comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortProperty {
    /// `dc:title`, in natural order.
    Title,
    /// `dc:date`
    Date,
    /// `upnp:class`, which puts containers, audio, image and video in this order.
    Class,
    /// `res@size`, of the first res; containers have none.
    Size,
    /// `res@duration`
    Duration,
    /// `res@bitrate`
    Bitrate,
    /// `dc:creator`, in natural order.
    Creator,
    /// `upnp:artist`, of the track itself, in natural order.
    Artist,
    /// `upnp:album`, in natural order.
    Album,
    /// `upnp:genre`, in natural order.
    Genre,
    /// `upnp:originalTrackNumber`
    TrackNumber,
    /// `upnp:originalDiscNumber`
    DiscNumber,
    /// `upnp:seriesTitle`, in natural order.
    Series,
    /// `upnp:episodeSeason`
    Season,
    /// `upnp:episodeNumber`
    Episode,
    /// `upnp:rating`
    Rating,
}

/// All that listings can be sorted by, as they are named.
const SORT_PROPERTIES: [(&str, SortProperty); 16] = [
    ("dc:title", SortProperty::Title),
    ("dc:date", SortProperty::Date),
    ("upnp:class", SortProperty::Class),
    ("res@size", SortProperty::Size),
    ("res@duration", SortProperty::Duration),
    ("res@bitrate", SortProperty::Bitrate),
    ("dc:creator", SortProperty::Creator),
    ("upnp:artist", SortProperty::Artist),
    ("upnp:album", SortProperty::Album),
    ("upnp:genre", SortProperty::Genre),
    ("upnp:originalTrackNumber", SortProperty::TrackNumber),
    ("upnp:originalDiscNumber", SortProperty::DiscNumber),
    ("upnp:seriesTitle", SortProperty::Series),
    ("upnp:episodeSeason", SortProperty::Season),
    ("upnp:episodeNumber", SortProperty::Episode),
    ("upnp:rating", SortProperty::Rating),
];

/// A key for every property: a control point may name all that it is told of.
const _: () = assert!(SORT_PROPERTIES.len() <= limits::SORT_KEYS);

/// The reply to `GetSortCapabilities` (ContentDirectory:1 §2.7.2): a comma-separated list.
pub fn sort_capabilities() -> String {
    SORT_PROPERTIES.map(|(name, _)| name).join(",")
}

/// One key of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SortKey {
    /// What to compare.
    pub property: SortProperty,
    /// `-` instead of `+`.
    pub descending: bool,
}

/// A `SortCriteria` that is not understood: UPnP error 709.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortError {
    /// An element without `+` or `-`, or an empty one.
    Malformed,
    /// A property that listings cannot be sorted by.
    UnknownProperty,
    /// More than [`limits::SORT_KEYS`] keys.
    TooManyKeys,
}

impl Display for SortError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "a sort key that is not + or - and a property",
            Self::UnknownProperty => "a property that cannot be sorted by",
            Self::TooManyKeys => "too many sort keys",
        })
    }
}

impl std::error::Error for SortError {}

/// An order of objects, the first key first. No key: the listing's own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SortCriteria {
    /// The keys.
    pub keys: heapless::Vec<SortKey, { limits::SORT_KEYS }>,
}

impl SortCriteria {
    /// Reads a `SortCriteria` argument such as `+dc:title,-dc:date` (ContentDirectory:1 §2.5.8). Blanks around a key
    /// are passed over; nothing but blanks is the default order.
    ///
    /// # Errors
    /// Every [`SortError`].
    pub fn parse(text: &str) -> Result<Self, SortError> {
        let mut criteria = Self::default();
        if text.trim().is_empty() {
            return Ok(criteria);
        }
        for element in text.split(',') {
            let key = SortKey::parse(element.trim())?;
            criteria
                .keys
                .push(key)
                .map_err(|_| SortError::TooManyKeys)?;
        }
        Ok(criteria)
    }
}

impl SortKey {
    fn parse(element: &str) -> Result<Self, SortError> {
        let (name, descending) = match (element.strip_prefix('+'), element.strip_prefix('-')) {
            (Some(name), _) => (name, false),
            (_, Some(name)) => (name, true),
            _ => return Err(SortError::Malformed),
        };
        let known = SORT_PROPERTIES.iter().find(|(known, _)| *known == name);
        match known {
            Some(&(_, property)) => Ok(Self {
                property,
                descending,
            }),
            None if name.is_empty() => Err(SortError::Malformed),
            None => Err(SortError::UnknownProperty),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sort_keys_are_read_in_order() {
        let key = |property, descending| SortKey {
            property,
            descending,
        };
        let cases: [(&str, &[SortKey]); 5] = [
            ("", &[]),
            ("  ", &[]),
            ("+dc:title", &[key(SortProperty::Title, false)]),
            (
                "+upnp:class,-dc:title",
                &[
                    key(SortProperty::Class, false),
                    key(SortProperty::Title, true),
                ],
            ),
            (
                " -dc:date , +res@size",
                &[
                    key(SortProperty::Date, true),
                    key(SortProperty::Size, false),
                ],
            ),
        ];
        for (text, wanted) in cases {
            assert_eq!(
                SortCriteria::parse(text).unwrap().keys.as_slice(),
                wanted,
                "{text}"
            );
        }
    }

    #[test]
    fn malformed_or_unknown_sort_keys_are_refused() {
        let cases = [
            ("dc:title", SortError::Malformed),
            ("+dc:title,,", SortError::Malformed),
            ("+dc:title,", SortError::Malformed),
            (",+dc:title", SortError::Malformed),
            ("+", SortError::Malformed),
            ("*", SortError::Malformed),
            ("*dc:title", SortError::Malformed),
            ("+*", SortError::UnknownProperty),
            ("+foo:bar", SortError::UnknownProperty),
            ("+DC:TITLE", SortError::UnknownProperty),
            ("++dc:title", SortError::UnknownProperty),
            ("+dc:title;-dc:date", SortError::UnknownProperty),
            ("+dc:title -dc:date", SortError::UnknownProperty),
        ];
        for (text, wanted) in cases {
            assert_eq!(SortCriteria::parse(text), Err(wanted), "{text}");
        }
        let keys = |count| vec!["+dc:title"; count].join(",");
        assert!(SortCriteria::parse(&keys(limits::SORT_KEYS)).is_ok());
        assert_eq!(
            SortCriteria::parse(&keys(limits::SORT_KEYS + 1)),
            Err(SortError::TooManyKeys)
        );
        assert_eq!(
            SortCriteria::parse(&keys(10_000)),
            Err(SortError::TooManyKeys)
        );
    }

    #[test]
    fn everything_advertised_can_be_sorted_by() {
        assert!(sort_capabilities().starts_with("dc:title,dc:date,upnp:class,res@size,"));
        let all = format!("+{}", sort_capabilities().replace(',', ",+"));
        assert!(SortCriteria::parse(&all).is_ok());
        for name in sort_capabilities().split(',') {
            assert!(SortCriteria::parse(&format!("+{name}")).is_ok(), "{name}");
            assert!(SortCriteria::parse(&format!("-{name}")).is_ok(), "{name}");
        }
    }
}
