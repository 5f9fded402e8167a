//! Of which objects a listing shall be: `SearchCriteria` (ContentDirectory:1 §2.5.5, :2 §2.3.13.1).
//!
//! ```text
//!  criteria ::= '*' | either
//!  either   ::= both { 'or' both }
//!  both     ::= single { 'and' single }              so and binds tighter than or
//!  single   ::= '(' either ')' | property operator '"' value '"' | property 'exists' ( 'true' | 'false' )
//! ```
//!
//! White space may stand anywhere between words and signs. In a value `\"` is a quote and `\\` a backslash; any other
//! backslash stands for itself. More is understood than the standard says, because control points send it: words in any
//! case, names of properties in any case, a role in brackets (`upnp:artist[@role="AlbumArtist"]`), and a text that was
//! escaped once too often (`&quot;` where quotes belong).

use std::{
    borrow::Cow,
    fmt::{self, Display, Formatter},
};

use crate::limits;

/// A property that can be searched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the table below says each name")]
pub enum SearchProperty {
    Id,
    ParentId,
    RefId,
    Restricted,
    Searchable,
    ChildCount,
    Title,
    Creator,
    Date,
    Class,
    Artist,
    ArtistRole,
    AlbumArtist,
    Album,
    Genre,
    Composer,
    AuthorRole,
    TrackNumber,
    DiscNumber,
    Series,
    Season,
    Episode,
    Rating,
    LastPlaybackPosition,
    LastPlaybackTime,
    PlaybackCount,
    AlbumArt,
    Res,
    ProtocolInfo,
    Size,
    Duration,
    Bitrate,
    Resolution,
    SampleFrequency,
    BitsPerSample,
    AudioChannels,
}

/// All that can be searched for, as it is advertised.
const PROPERTIES: [(&str, SearchProperty); 35] = {
    use SearchProperty as P;
    [
        ("@id", P::Id),
        ("@parentID", P::ParentId),
        ("@refID", P::RefId),
        ("@restricted", P::Restricted),
        ("@searchable", P::Searchable),
        ("@childCount", P::ChildCount),
        ("dc:title", P::Title),
        ("dc:creator", P::Creator),
        ("dc:date", P::Date),
        ("upnp:class", P::Class),
        ("upnp:artist", P::Artist),
        ("upnp:artist@role", P::ArtistRole),
        ("upnp:album", P::Album),
        ("upnp:genre", P::Genre),
        ("upnp:author", P::Composer),
        ("upnp:author@role", P::AuthorRole),
        ("upnp:originalTrackNumber", P::TrackNumber),
        ("upnp:originalDiscNumber", P::DiscNumber),
        ("upnp:seriesTitle", P::Series),
        ("upnp:episodeSeason", P::Season),
        ("upnp:episodeNumber", P::Episode),
        ("upnp:rating", P::Rating),
        ("upnp:lastPlaybackPosition", P::LastPlaybackPosition),
        ("upnp:lastPlaybackTime", P::LastPlaybackTime),
        ("upnp:playbackCount", P::PlaybackCount),
        ("upnp:albumArtURI", P::AlbumArt),
        ("res", P::Res),
        ("res@protocolInfo", P::ProtocolInfo),
        ("res@size", P::Size),
        ("res@duration", P::Duration),
        ("res@bitrate", P::Bitrate),
        ("res@resolution", P::Resolution),
        ("res@sampleFrequency", P::SampleFrequency),
        ("res@bitsPerSample", P::BitsPerSample),
        ("res@nrAudioChannels", P::AudioChannels),
    ]
};

/// Other names that control points have for them.
const OTHER_NAMES: [(&str, SearchProperty); 18] = {
    use SearchProperty as P;
    [
        ("upnp:artist[@role=\"AlbumArtist\"]", P::AlbumArtist),
        ("upnp:artist[@role='AlbumArtist']", P::AlbumArtist),
        ("upnp:artist@role[AlbumArtist]", P::AlbumArtist),
        ("upnp:albumArtist", P::AlbumArtist),
        ("upnp:artist[@role=\"Composer\"]", P::Composer),
        ("upnp:artist[@role='Composer']", P::Composer),
        ("upnp:author[@role=\"Composer\"]", P::Composer),
        ("upnp:author[@role='Composer']", P::Composer),
        ("upnp:composer", P::Composer),
        ("item@id", P::Id),
        ("container@id", P::Id),
        ("item@parentID", P::ParentId),
        ("container@parentID", P::ParentId),
        ("item@refID", P::RefId),
        ("item@restricted", P::Restricted),
        ("container@restricted", P::Restricted),
        ("container@searchable", P::Searchable),
        ("container@childCount", P::ChildCount),
    ]
};

/// The reply to `GetSearchCapabilities` (ContentDirectory:1 §2.7.1): a comma-separated list.
pub fn search_capabilities() -> String {
    PROPERTIES.map(|(name, _)| name).join(",")
}

impl SearchProperty {
    fn parse(name: &str) -> Option<Self> {
        let mut known = PROPERTIES.iter().chain(&OTHER_NAMES);
        known
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, property)| *property)
    }
}

/// How a value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `contains`
    Contains,
    /// `doesNotContain`
    DoesNotContain,
    /// `startsWith` (ContentDirectory:3)
    StartsWith,
    /// `derivedfrom`: the class or one below it.
    DerivedFrom,
}

/// The signs, the longer first.
const SIGNS: [(&str, Operator); 6] = [
    ("!=", Operator::NotEqual),
    ("<=", Operator::LessOrEqual),
    (">=", Operator::GreaterOrEqual),
    ("=", Operator::Equal),
    ("<", Operator::Less),
    (">", Operator::Greater),
];

/// The words.
const WORDS: [(&str, Operator); 4] = [
    ("contains", Operator::Contains),
    ("doesNotContain", Operator::DoesNotContain),
    ("startsWith", Operator::StartsWith),
    ("derivedfrom", Operator::DerivedFrom),
];

/// What is asked of a property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The object has it, or has it not.
    Exists(bool),
    /// One of its values compares so with this one, unescaped.
    Value(Operator, String),
}

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// `None`: a property that no object of ours has. That is no error (ContentDirectory:1 §2.5.5): it does not exist,
    /// and nothing said of its value is true.
    pub property: Option<SearchProperty>,
    /// What is asked of it.
    pub comparison: Comparison,
}

/// Comparisons joined together; at most [`limits::SEARCH_TERMS`] of them, [`limits::SEARCH_DEPTH`] deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// One alone.
    Term(Term),
    /// True if all are; two or more.
    And(Vec<Self>),
    /// True if one is; two or more.
    Or(Vec<Self>),
}

/// A `SearchCriteria`, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchCriteria {
    /// `None`: `*`, everything.
    pub expression: Option<Expression>,
}

/// What is wrong with a text that is no `SearchCriteria`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A property's name should stand here.
    NoProperty,
    /// An operator should stand here.
    NoOperator,
    /// A value in quotes should stand here.
    NoValue,
    /// `true` or `false` should stand here.
    NoTruth,
    /// The quote here is never closed.
    OpenQuote,
    /// The parenthesis here is never closed.
    OpenParenthesis,
    /// Here it should end, or go on with `and` or `or`.
    NoEnd,
    /// More than [`limits::SEARCH_TERMS`] comparisons.
    TooManyTerms,
    /// More than [`limits::SEARCH_DEPTH`] parentheses within each other.
    TooDeep,
}

/// Why a text is no `SearchCriteria`: UPnP error 708.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SearchError {
    /// What is wrong.
    pub problem: Problem,
    /// Where, in bytes from the beginning of the text.
    pub at: usize,
}

impl Display for SearchError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let what = match self.problem {
            Problem::NoProperty => "a property was expected",
            Problem::NoOperator => "an operator was expected",
            Problem::NoValue => "a value in quotes was expected",
            Problem::NoTruth => "true or false was expected",
            Problem::OpenQuote => "a quote that is never closed",
            Problem::OpenParenthesis => "a parenthesis that is never closed",
            Problem::NoEnd => "and, or, or the end was expected",
            Problem::TooManyTerms => "too many comparisons",
            Problem::TooDeep => "too many parentheses within each other",
        };
        write!(f, "{what} at byte {}", self.at)
    }
}

impl std::error::Error for SearchError {}

impl SearchCriteria {
    /// Everything.
    pub const ALL: Self = Self { expression: None };

    /// Reads a `SearchCriteria` argument.
    ///
    /// # Errors
    /// Every [`Problem`], and where it is.
    pub fn parse(text: &str) -> Result<Self, SearchError> {
        let text = unescaped(text);
        let mut parser = Parser {
            text: &text,
            at: 0,
            terms: 0,
        };
        parser.skip_blanks();
        if parser.rest().trim_end_matches(is_blank) == "*" {
            return Ok(Self::ALL);
        }
        let expression = parser.either(0)?;
        if parser.at < text.len() {
            return Err(parser.error(Problem::NoEnd));
        }
        let expression = Some(expression);
        Ok(Self { expression })
    }
}

/// The text itself; where it was escaped once too often, so that there is no quote in it, what was meant.
fn unescaped(text: &str) -> Cow<'_, str> {
    if text.contains('"') || !text.contains("&quot;") {
        return Cow::Borrowed(text);
    }
    let entities = [
        ("&quot;", "\""),
        ("&apos;", "'"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ];
    let replace = |text: String, (entity, sign)| text.replace(entity, sign);
    Cow::Owned(entities.into_iter().fold(text.to_owned(), replace))
}

/// `wChar` (ContentDirectory:1 §2.5.5.1).
fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\u{b}' | '\u{c}' | '\r')
}

struct Parser<'t> {
    text: &'t str,
    /// The next byte; always the beginning of a character.
    at: usize,
    /// Comparisons by now.
    terms: usize,
}

impl<'t> Parser<'t> {
    fn either(&mut self, depth: usize) -> Result<Expression, SearchError> {
        let first = self.both(depth)?;
        let mut all = vec![first];
        while self.word("or") {
            all.push(self.both(depth)?);
        }
        Ok(joined(all, Expression::Or))
    }

    fn both(&mut self, depth: usize) -> Result<Expression, SearchError> {
        let first = self.single(depth)?;
        let mut all = vec![first];
        while self.word("and") {
            all.push(self.single(depth)?);
        }
        Ok(joined(all, Expression::And))
    }

    fn single(&mut self, depth: usize) -> Result<Expression, SearchError> {
        let open = self.at;
        if !self.sign("(") {
            return Ok(Expression::Term(self.term()?));
        }
        let at = |problem| SearchError { problem, at: open };
        if depth == limits::SEARCH_DEPTH {
            return Err(at(Problem::TooDeep));
        }
        let inner = self.either(depth + 1)?;
        if self.sign(")") {
            Ok(inner)
        } else if self.rest().is_empty() {
            Err(at(Problem::OpenParenthesis))
        } else {
            Err(self.error(Problem::NoEnd))
        }
    }

    fn term(&mut self) -> Result<Term, SearchError> {
        let name = self.name();
        if name.is_empty() {
            return Err(self.error(Problem::NoProperty));
        }
        let property = SearchProperty::parse(name);
        self.skip_blanks();
        let comparison = if self.word("exists") {
            Comparison::Exists(self.truth()?)
        } else {
            let operator = self.operator()?;
            Comparison::Value(operator, self.value()?)
        };
        self.terms += 1;
        if self.terms > limits::SEARCH_TERMS {
            return Err(self.error(Problem::TooManyTerms));
        }
        Ok(Term {
            property,
            comparison,
        })
    }

    /// The name of a property; brackets may hold what elsewhere ends a name.
    fn name(&mut self) -> &'t str {
        let mut is_within = false;
        let ends = |c: char| {
            match c {
                '[' => is_within = true,
                ']' => is_within = false,
                _ => {}
            }
            !is_within && is_end_of_word(c)
        };
        self.take_until(ends)
    }

    fn operator(&mut self) -> Result<Operator, SearchError> {
        if let Some((_, operator)) = SIGNS.iter().find(|(sign, _)| self.sign(sign)) {
            return Ok(*operator);
        }
        let word = WORDS.iter().find(|(word, _)| self.word(word));
        word.map(|(_, operator)| *operator)
            .ok_or(self.error(Problem::NoOperator))
    }

    fn truth(&mut self) -> Result<bool, SearchError> {
        if self.word("true") {
            Ok(true)
        } else if self.word("false") {
            Ok(false)
        } else {
            Err(self.error(Problem::NoTruth))
        }
    }

    fn value(&mut self) -> Result<String, SearchError> {
        let rest = self.rest();
        let Some(quoted) = rest.strip_prefix('"') else {
            return Err(self.error(Problem::NoValue));
        };
        let mut value = String::new();
        let mut signs = quoted.char_indices();
        while let Some((at, sign)) = signs.next() {
            match sign {
                '"' => {
                    self.at += 1 + at + 1;
                    self.skip_blanks();
                    return Ok(value);
                }
                '\\' => {
                    let mut ahead = signs.clone();
                    if let Some((_, escaped @ ('"' | '\\'))) = ahead.next() {
                        value.push(escaped);
                        signs = ahead;
                    } else {
                        value.push(sign);
                    }
                }
                _ => value.push(sign),
            }
        }
        Err(self.error(Problem::OpenQuote))
    }

    /// Takes `sign`, and the blanks behind it, if it stands here.
    fn sign(&mut self, sign: &str) -> bool {
        let is_here = self.rest().starts_with(sign);
        if is_here {
            self.at += sign.len();
            self.skip_blanks();
        }
        is_here
    }

    /// Takes `word`, in any case and as a whole, and the blanks behind it, if it stands here.
    fn word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let end = rest.find(is_end_of_word).unwrap_or(rest.len());
        let is_here = rest
            .get(..end)
            .is_some_and(|found| found.eq_ignore_ascii_case(word));
        if is_here {
            self.at += end;
            self.skip_blanks();
        }
        is_here
    }

    fn skip_blanks(&mut self) {
        self.take_until(|c| !is_blank(c));
    }

    fn take_until(&mut self, ends: impl FnMut(char) -> bool) -> &'t str {
        let rest = self.rest();
        let end = rest.find(ends).unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, problem: Problem) -> SearchError {
        let at = self.at;
        SearchError { problem, at }
    }
}

fn is_end_of_word(c: char) -> bool {
    is_blank(c) || matches!(c, '(' | ')' | '"' | '=' | '!' | '<' | '>')
}

fn joined(mut all: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match all.pop() {
        Some(only) if all.is_empty() => only,
        Some(last) => {
            all.push(last);
            join(all)
        }
        // There is always a first one.
        None => join(all),
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
