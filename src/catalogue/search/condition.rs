//! Search criteria made ready: needles folded, numbers read, what is cheap asked first.

use std::{cell::Cell, cmp::Ordering, fmt::Write as _, time::Duration};

use super::{
    Live,
    range::{dates, duration},
    text::Needle,
};
use crate::{
    catalogue::{
        facts::small_protocol_info,
        object_id::{ObjectId, PLACE_BYTES, Place, TEXT_BYTES},
        record::Tag,
        signature::Signature,
        snapshot::Entry,
        user_state::State,
    },
    limits,
    media::{Precision, picture::Target},
    wire::{
        criteria::{
            Comparison, Expression, Operator, SearchCriteria, SearchProperty as Property, Term,
        },
        date::DidlDate,
    },
};

/// What an object must be like.
#[derive(Debug)]
pub(super) enum Condition {
    /// Nothing is asked.
    Always,
    /// One thing is asked.
    One(Test),
    /// All must hold, the cheaper first.
    All(Vec<Self>),
    /// One must hold, the cheaper first.
    Any(Vec<Self>),
}

/// A comparison of one property.
#[derive(Debug)]
pub(super) struct Test {
    /// `None`: no object has it.
    property: Option<Property>,
    wanted: Wanted,
}

#[derive(Debug)]
enum Wanted {
    Exists(bool),
    Value(Box<Value>),
}

/// A value as the property's own kind.
#[derive(Debug)]
struct Value {
    operator: Operator,
    needle: Needle,
    /// As a number: counts, bytes, milliseconds. For a date its first and its last second.
    range: Option<(i64, i64)>,
    /// The class that was compared last, and what came of it: most objects are of the class of the one before.
    last_class: Cell<Option<(&'static str, bool)>>,
}

impl Condition {
    pub(super) fn new(criteria: &SearchCriteria) -> Self {
        let expression = criteria.expression.as_ref();
        expression.map_or(Self::Always, Self::of)
    }

    fn of(expression: &Expression) -> Self {
        let list = |all: &[Expression]| {
            let mut all: Vec<_> = all.iter().map(Self::of).collect();
            all.sort_by_key(Self::cost);
            all
        };
        match expression {
            Expression::Term(term) => Self::One(Test::new(term)),
            Expression::And(all) => Self::All(list(all)),
            Expression::Or(all) => Self::Any(list(all)),
        }
    }

    /// Comparisons in all.
    pub(super) fn tests(&self) -> u32 {
        match self {
            Self::Always => 0,
            Self::One(_) => 1,
            Self::All(all) | Self::Any(all) => all.iter().map(Self::tests).sum(),
        }
    }

    /// Pairs of letters that are in the texts of all for which it holds.
    pub(super) fn signature(&self) -> Signature {
        let nothing = Signature::default();
        match self {
            Self::Always => nothing,
            Self::One(test) => test.signature(),
            Self::All(all) => all
                .iter()
                .map(Self::signature)
                .fold(nothing, Signature::and),
            Self::Any(all) => {
                let all = all.iter().map(Self::signature);
                all.reduce(Signature::or).unwrap_or_default()
            }
        }
    }

    fn cost(&self) -> u32 {
        match self {
            Self::Always => 0,
            Self::One(test) => test.cost(),
            Self::All(all) | Self::Any(all) => all.iter().map(Self::cost).sum(),
        }
    }

    /// Whether `entry` is so.
    pub(super) fn holds(&self, entry: &Entry<'_>, live: &Live) -> bool {
        match self {
            Self::Always => true,
            Self::One(test) => test.holds(entry, live),
            Self::All(all) => all.iter().all(|one| one.holds(entry, live)),
            Self::Any(all) => all.iter().any(|one| one.holds(entry, live)),
        }
    }
}

impl Test {
    fn new(term: &Term) -> Self {
        let wanted = match &term.comparison {
            Comparison::Exists(is) => Wanted::Exists(*is),
            Comparison::Value(operator, text) => {
                let range = term.property.and_then(|property| range(property, text));
                let needle = Needle::new(text, limits::TEXT_BYTES);
                let operator = *operator;
                Wanted::Value(Box::new(Value {
                    operator,
                    needle,
                    range,
                    last_class: Cell::new(None),
                }))
            }
        };
        let property = term.property;
        Self { property, wanted }
    }

    /// As [`Condition::signature`]: what is asked of a text that [`Signature`]s are made of.
    fn signature(&self) -> Signature {
        use Operator as O;
        use Property as P;
        match (&self.wanted, self.property) {
            (
                Wanted::Value(value),
                Some(
                    P::Title
                    | P::Creator
                    | P::Artist
                    | P::AlbumArtist
                    | P::Composer
                    | P::Album
                    | P::Genre
                    | P::Series,
                ),
            ) if matches!(value.operator, O::Contains | O::StartsWith | O::Equal) => {
                value.needle.signature()
            }
            _ => Signature::default(),
        }
    }

    /// Roughly how long it takes.
    fn cost(&self) -> u32 {
        let Some(property) = self.property else {
            return 0;
        };
        match kind(property) {
            Kind::Number | Kind::Date | Kind::Duration => 1,
            Kind::Text => match property {
                Property::Class => 1,
                Property::Title => 4,
                Property::ProtocolInfo => 16,
                _ => 8,
            },
        }
    }

    fn holds(&self, entry: &Entry<'_>, live: &Live) -> bool {
        let value = match &self.wanted {
            Wanted::Exists(wanted) => return exists(entry, self.property, live) == *wanted,
            Wanted::Value(value) => value,
        };
        // Without the property nothing said of its value is true; of several values one is enough.
        let Some(property) = self.property else {
            return false;
        };
        if property == Property::Class {
            return value.suits_class(entry.object.upnp_class());
        }
        match kind(property) {
            Kind::Text => any_text(entry, property, |text| value.suits_text(text)),
            Kind::Number | Kind::Duration | Kind::Date => number(entry, property, live)
                .is_some_and(|number| value.suits(number, entry, property)),
        }
    }
}

impl Value {
    fn suits(&self, number: i64, entry: &Entry<'_>, property: Property) -> bool {
        use Operator as O;
        if matches!(
            self.operator,
            O::Contains | O::DoesNotContain | O::StartsWith | O::DerivedFrom
        ) {
            return self.suits_text(&written(number, entry, property));
        }
        // What cannot be read as a number is another value, neither more nor less.
        let Some((first, last)) = self.range else {
            return self.operator == O::NotEqual;
        };
        match self.operator {
            O::Equal => (first..=last).contains(&number),
            O::NotEqual => !(first..=last).contains(&number),
            O::Less => number < first,
            O::LessOrEqual => number <= last,
            O::Greater => number > last,
            _ => number >= first,
        }
    }

    fn suits_class(&self, class: &'static str) -> bool {
        if let Some((last, suits)) = self.last_class.get()
            && std::ptr::eq(last, class)
        {
            return suits;
        }
        let suits = self.suits_text(class);
        self.last_class.set(Some((class, suits)));
        suits
    }

    #[inline]
    fn suits_text(&self, text: &str) -> bool {
        let is = |wanted: fn(Ordering) -> bool| wanted(self.needle.compare(text));
        match self.operator {
            Operator::Equal => is(Ordering::is_eq),
            Operator::NotEqual => is(Ordering::is_ne),
            Operator::Less => is(Ordering::is_lt),
            Operator::LessOrEqual => is(Ordering::is_le),
            Operator::Greater => is(Ordering::is_gt),
            Operator::GreaterOrEqual => is(Ordering::is_ge),
            Operator::Contains => self.needle.is_in(text),
            Operator::DoesNotContain => !self.needle.is_in(text),
            Operator::StartsWith => self.needle.begins(text),
            Operator::DerivedFrom => self.needle.is_base_of(text),
        }
    }
}

/// How a property's values stand to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Date,
    Duration,
}

fn kind(property: Property) -> Kind {
    use Property as P;
    match property {
        P::Date | P::LastPlaybackTime => Kind::Date,
        P::Duration | P::LastPlaybackPosition => Kind::Duration,
        P::Restricted
        | P::Searchable
        | P::ChildCount
        | P::TrackNumber
        | P::DiscNumber
        | P::Season
        | P::Episode
        | P::Rating
        | P::PlaybackCount
        | P::Size
        | P::Bitrate
        | P::SampleFrequency
        | P::BitsPerSample
        | P::AudioChannels => Kind::Number,
        P::Id
        | P::ParentId
        | P::RefId
        | P::Title
        | P::Creator
        | P::Class
        | P::Artist
        | P::ArtistRole
        | P::AlbumArtist
        | P::Album
        | P::Genre
        | P::Composer
        | P::AuthorRole
        | P::Series
        | P::AlbumArt
        | P::Res
        | P::ProtocolInfo
        | P::Resolution => Kind::Text,
    }
}

fn exists(entry: &Entry<'_>, property: Option<Property>, live: &Live) -> bool {
    let is_item = !entry.object.is_container();
    match property {
        None => false,
        Some(Property::Res) => is_item,
        Some(Property::AlbumArt) => entry.object.has_album_art(),
        Some(property) if kind(property) == Kind::Text => any_text(entry, property, |_| true),
        Some(property) => number(entry, property, live).is_some(),
    }
}

/// Whether one of the texts of a property suits. URLs suit nothing: they are ours to change.
#[inline]
fn any_text(entry: &Entry<'_>, property: Property, mut suits: impl FnMut(&str) -> bool) -> bool {
    use Property as P;
    let object = &entry.object;
    // What a listing tells of items alone.
    let of_item = |tag| {
        let item = Some(object).filter(|object| !object.is_container());
        item.and_then(|item| item.property(tag))
    };
    match property {
        P::Title => suits(object.title()),
        P::Class => suits(object.upnp_class()),
        P::Id => suits(entry.place().write(&mut [0; PLACE_BYTES])),
        P::ParentId => match entry.parent_id() {
            Some(parent) => suits(parent.write(&mut [0; TEXT_BYTES])),
            None => suits(ObjectId::NO_PARENT),
        },
        P::RefId => {
            entry.within.is_some() && {
                let home = Place {
                    object: object.id(),
                    within: None,
                };
                suits(home.write(&mut [0; PLACE_BYTES]))
            }
        }
        P::Creator => of_item(Tag::Artist).is_some_and(suits),
        // A container's is that of an album.
        P::Artist if object.is_container() => object.property(Tag::Artist).is_some_and(suits),
        P::Artist => [Tag::Artist, Tag::AlbumArtist, Tag::Composer]
            .into_iter()
            .any(|tag| of_item(tag).is_some_and(&mut suits)),
        P::AlbumArtist => of_item(Tag::AlbumArtist).is_some_and(suits),
        P::Composer => of_item(Tag::Composer).is_some_and(suits),
        P::ArtistRole => [
            (Tag::AlbumArtist, "AlbumArtist"),
            (Tag::Composer, "Composer"),
        ]
        .into_iter()
        .any(|(tag, role)| of_item(tag).is_some() && suits(role)),
        P::AuthorRole => of_item(Tag::Composer).is_some() && suits("Composer"),
        P::Album => of_item(Tag::Album).is_some_and(suits),
        P::Genre => of_item(Tag::Genre).is_some_and(suits),
        P::Series => of_item(Tag::Series).is_some_and(suits),
        P::Resolution => object
            .resolution()
            .is_some_and(|(width, height)| suits(&short(format_args!("{width}x{height}")))),
        P::ProtocolInfo => !object.is_container() && any_protocol_info(entry, suits),
        _ => false,
    }
}

/// Those of the item itself, of its smaller copies and of its subtitles.
fn any_protocol_info(entry: &Entry<'_>, mut suits: impl FnMut(&str) -> bool) -> bool {
    let mut text = String::new();
    let mut is = |info: std::fmt::Arguments<'_>| {
        text.clear();
        // Writing to a String cannot fail.
        let _ = text.write_fmt(info);
        suits(&text)
    };
    let object = &entry.object;
    is(format_args!("{}", object.protocol_info()))
        || [Target::Thumbnail, Target::Small]
            .into_iter()
            .filter(|target| object.has_copy(*target))
            .any(|target| is(format_args!("{}", small_protocol_info(target))))
        || object.captions().take(limits::CAPTIONS).any(|caption| {
            let mime = caption.mime().as_str();
            is(format_args!("http-get:*:{mime}:*"))
        })
}

/// The number that a property comes to; dates in seconds, durations in milliseconds.
fn number(entry: &Entry<'_>, property: Property, live: &Live) -> Option<i64> {
    use Property as P;
    let object = &entry.object;
    if object.is_container() {
        return match property {
            P::Restricted | P::Searchable => Some(1),
            P::ChildCount => Some(live.child_count(object).into()),
            P::Date => object.date().map(|date| date.unix_secs),
            _ => None,
        };
    }
    match property {
        P::Restricted => Some(1),
        P::Date => object.date().map(|date| date.unix_secs),
        P::Duration => object.duration().and_then(millis),
        P::TrackNumber => object.track().map(i64::from),
        P::DiscNumber => object.disc().map(i64::from),
        P::Season => object.season().map(i64::from),
        P::Episode => object.episode().map(i64::from),
        P::Rating => object.rating().map(i64::from),
        P::Size if object.is_stream() => None,
        P::Size => i64::try_from(object.size()).ok(),
        P::Bitrate => object.bitrate_bytes_per_sec().map(i64::from),
        P::SampleFrequency => object.sample_rate().map(i64::from),
        P::BitsPerSample => object.bits_per_sample().map(i64::from),
        P::AudioChannels => object.channels().map(i64::from),
        P::LastPlaybackPosition | P::LastPlaybackTime | P::PlaybackCount => live
            .states
            .of(object)
            .and_then(|state| played(state, property)),
        _ => None,
    }
}

/// What a listing tells of a state: a position in whole seconds, and nothing that is zero.
fn played(state: &State, property: Property) -> Option<i64> {
    let number = match property {
        Property::LastPlaybackTime => i64::try_from(state.changed_secs).ok()?,
        Property::PlaybackCount => state.play_count.into(),
        _ if state.position_ms == 0 => return None,
        _ => return Some(i64::from(state.position_ms / 1000) * 1000),
    };
    Some(number).filter(|number| *number > 0)
}

fn millis(duration: Duration) -> Option<i64> {
    i64::try_from(duration.as_millis()).ok()
}

type Short = heapless::String<32>;

fn short(text: std::fmt::Arguments<'_>) -> Short {
    let mut out = Short::new();
    // The longest, two numbers of 32 bits and a sign, has 21 bytes.
    let _ = out.write_fmt(text);
    out
}

/// As a listing writes it.
fn written(number: i64, entry: &Entry<'_>, property: Property) -> Short {
    match kind(property) {
        Kind::Date => {
            let is_played = property == Property::LastPlaybackTime;
            let precision = entry.object.date().map(|date| date.precision);
            let date = DidlDate {
                unix_secs: number,
                day_only: !is_played && precision != Some(Precision::Second),
            };
            short(format_args!("{date}{}", if is_played { "Z" } else { "" }))
        }
        Kind::Duration => {
            let (secs, millis) = (number / 1000, number % 1000);
            let (hours, minutes, secs) = (secs / 3600, secs / 60 % 60, secs % 60);
            if property == Property::LastPlaybackPosition {
                return short(format_args!("{hours}:{minutes:02}:{secs:02}"));
            }
            short(format_args!("{hours}:{minutes:02}:{secs:02}.{millis:03}"))
        }
        Kind::Number | Kind::Text => short(format_args!("{number}")),
    }
}

/// A value as a range of numbers; `None` if it is none, or if the property has texts.
fn range(property: Property, text: &str) -> Option<(i64, i64)> {
    let text = text.trim();
    let one = |number| (number, number);
    match kind(property) {
        Kind::Text => None,
        Kind::Date => dates(text),
        Kind::Duration => duration(text).map(one),
        Kind::Number => match (property, text) {
            (Property::Restricted | Property::Searchable, "true" | "yes") => Some(one(1)),
            (Property::Restricted | Property::Searchable, "false" | "no") => Some(one(0)),
            _ => text.parse().ok().map(one),
        },
    }
}
