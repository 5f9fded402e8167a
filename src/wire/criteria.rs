//! What a control point asks of a listing: which properties (`Filter`, ContentDirectory:1 §2.5.7) and in which order
//! (`SortCriteria`, §2.5.8). Search criteria are not read here yet.

use std::fmt::{self, Display, Formatter};

use crate::limits;

/// An optional property that a [`Filter`] can bring. Required ones are always there and have no name here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Property {
    /// `dc:creator`
    Creator,
    /// `dc:date`
    Date,
    /// `upnp:artist`, with its roles: without them an album's artist would pass for the track's.
    Artist,
    /// `upnp:album`
    Album,
    /// `upnp:genre`
    Genre,
    /// `upnp:originalTrackNumber`
    TrackNumber,
    /// `upnp:originalDiscNumber`
    DiscNumber,
    /// `upnp:albumArtURI`, with its profile.
    AlbumArt,
    /// `upnp:seriesTitle`
    Series,
    /// `upnp:episodeSeason`
    Season,
    /// `upnp:episodeNumber`
    Episode,
    /// `upnp:rating`
    Rating,
    /// `sec:CaptionInfoEx`
    CaptionInfo,
    /// `res@pv:subtitleFileUri`, with its type.
    SubtitleFile,
    /// `res`, with its required attribute protocolInfo.
    Res,
    /// `res@size`
    Size,
    /// `res@duration`
    Duration,
    /// `res@bitrate`
    Bitrate,
    /// `res@resolution`
    Resolution,
    /// `res@sampleFrequency`
    SampleFrequency,
    /// `res@bitsPerSample`
    BitsPerSample,
    /// `res@nrAudioChannels`
    AudioChannels,
    /// `item@refID`
    RefId,
    /// `container@childCount`
    ChildCount,
    /// `container@searchable`
    Searchable,
    /// `upnp:lastPlaybackPosition`
    LastPlaybackPosition,
    /// `upnp:lastPlaybackTime`
    LastPlaybackTime,
    /// `upnp:playbackCount`
    PlaybackCount,
    /// `sec:dcmInfo`
    DcmInfo,
}

/// The optional properties that a reply shall have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter(u32);

impl Filter {
    /// `*`: everything.
    pub const ALL: Self = Self(u32::MAX);
    /// The required properties alone.
    pub const REQUIRED: Self = Self(0);

    /// Reads a Filter argument. Names are separated by commas; unknown ones, blanks and empty ones are passed over
    /// (ContentDirectory:1 §2.5.7), so this never fails. The work grows with the length of the text, no more.
    pub fn parse(text: &str) -> Self {
        let names = text.split(',').map(str::trim);
        names.fold(Self::REQUIRED, Self::with)
    }

    /// Whether the property was asked for.
    #[inline]
    pub const fn has(self, property: Property) -> bool {
        self.0 & bit(property) != 0
    }

    fn with(self, name: &str) -> Self {
        use Property as P;
        let property = match name {
            "*" => return Self::ALL,
            "dc:creator" => P::Creator,
            "dc:date" => P::Date,
            "upnp:artist" | "upnp:artist@role" => P::Artist,
            "upnp:album" => P::Album,
            "upnp:genre" => P::Genre,
            "upnp:originalTrackNumber" => P::TrackNumber,
            "upnp:originalDiscNumber" => P::DiscNumber,
            "upnp:albumArtURI" | "upnp:albumArtURI@dlna:profileID" => P::AlbumArt,
            "upnp:seriesTitle" => P::Series,
            "upnp:episodeSeason" => P::Season,
            "upnp:episodeNumber" => P::Episode,
            "upnp:rating" => P::Rating,
            "sec:CaptionInfoEx" | "sec:CaptionInfo" | "sec:CaptionInfoEx@sec:type" => {
                P::CaptionInfo
            }
            "upnp:lastPlaybackPosition" => P::LastPlaybackPosition,
            "upnp:lastPlaybackTime" => P::LastPlaybackTime,
            "upnp:playbackCount" => P::PlaybackCount,
            "sec:dcmInfo" => P::DcmInfo,
            "res" | "res@protocolInfo" => P::Res,
            "@refID" | "item@refID" => P::RefId,
            "@childCount" | "container@childCount" => P::ChildCount,
            "@searchable" | "container@searchable" => P::Searchable,
            _ => return self.with_res_attribute(name),
        };
        Self(self.0 | bit(property))
    }

    /// An attribute brings the res that carries it.
    fn with_res_attribute(self, name: &str) -> Self {
        let property = match name {
            "res@size" => Property::Size,
            "res@duration" => Property::Duration,
            "res@bitrate" => Property::Bitrate,
            "res@resolution" => Property::Resolution,
            "res@sampleFrequency" => Property::SampleFrequency,
            "res@bitsPerSample" => Property::BitsPerSample,
            "res@nrAudioChannels" => Property::AudioChannels,
            "pv:subtitleFileUri"
            | "pv:subtitleFileType"
            | "res@pv:subtitleFileUri"
            | "res@pv:subtitleFileType" => Property::SubtitleFile,
            _ => return self,
        };
        Self(self.0 | bit(Property::Res) | bit(property))
    }
}

const fn bit(property: Property) -> u32 {
    1 << property as u8
}

/// A property that listings can be sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SortProperty {
    /// `dc:title`, in natural order.
    Title,
    /// `dc:date`
    Date,
    /// `upnp:class`
    Class,
    /// `res@size`, of the first res.
    Size,
}

/// All that listings can be sorted by, as they are named.
const SORT_PROPERTIES: [(&str, SortProperty); 4] = [
    ("dc:title", SortProperty::Title),
    ("dc:date", SortProperty::Date),
    ("upnp:class", SortProperty::Class),
    ("res@size", SortProperty::Size),
];

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

    fn asked(text: &str, properties: &[Property]) {
        let wanted = properties
            .iter()
            .fold(0, |bits, &property| bits | bit(property));
        assert_eq!(Filter::parse(text), Filter(wanted), "{text}");
    }

    #[test]
    fn filter_star_is_everything_and_empty_is_the_required() {
        assert_eq!(Filter::parse("*"), Filter::ALL);
        assert_eq!(Filter::parse("*,res"), Filter::ALL);
        assert_eq!(Filter::parse("dc:title, * ,"), Filter::ALL);
        assert_eq!(Filter::parse(""), Filter::REQUIRED);
        assert!(Filter::ALL.has(Property::Searchable) && !Filter::REQUIRED.has(Property::Creator));
    }

    #[test]
    fn filter_names_are_understood() {
        asked("res", &[Property::Res]);
        asked("res@size", &[Property::Res, Property::Size]);
        asked("res,res@duration", &[Property::Res, Property::Duration]);
        asked("@childCount", &[Property::ChildCount]);
        asked("container@childCount", &[Property::ChildCount]);
        asked("item@refID", &[Property::RefId]);
        asked("dc:title,upnp:artist", &[Property::Artist]);
        asked("upnp:artist@role", &[Property::Artist]);
        asked(
            "upnp:lastPlaybackPosition,upnp:lastPlaybackTime,upnp:playbackCount,sec:dcmInfo",
            &[
                Property::LastPlaybackPosition,
                Property::LastPlaybackTime,
                Property::PlaybackCount,
                Property::DcmInfo,
            ],
        );
    }

    #[test]
    fn odd_filters_are_tolerated() {
        asked("res, dc:date ,,", &[Property::Res, Property::Date]);
        asked(
            "@id,@parentID,dc:title,upnp:class,res,res@foo",
            &[Property::Res],
        );
        asked("foo:bar", &[]);
        asked("RES", &[]);
        asked(&"x".repeat(4000), &[]);
        asked(&",".repeat(60_000), &[]);
        asked("\u{97f3}\u{0},\"'<&>", &[]);
    }

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
        assert_eq!(sort_capabilities(), "dc:title,dc:date,upnp:class,res@size");
        for name in sort_capabilities().split(',') {
            assert!(SortCriteria::parse(&format!("+{name}")).is_ok(), "{name}");
            assert!(SortCriteria::parse(&format!("-{name}")).is_ok(), "{name}");
        }
    }
}
