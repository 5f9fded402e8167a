//! Which properties a listing shall have: `Filter` (ContentDirectory:1 §2.5.7).

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
    /// `upnp:searchClass`
    SearchClass,
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

    /// The same without one property.
    #[must_use]
    pub const fn without(self, property: Property) -> Self {
        Self(self.0 & !bit(property))
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
            "upnp:searchClass" | "upnp:searchClass@includeDerived" => P::SearchClass,
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
}
