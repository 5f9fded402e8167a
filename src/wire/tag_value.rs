//! The lists of tags and values that `UpdateObject` takes (ContentDirectory:1 §2.7.8), and the values in them that rill
//! keeps.
//!
//! A list is fragments of DIDL-Lite separated by commas; an empty fragment stands for a property that is not there. A
//! comma inside a fragment has a backslash before it, and so has a backslash; control points forget it, so a comma
//! separates only outside of elements. Older Kodi puts two elements into one fragment.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};

use super::text;
use super::xml::read;
use crate::limits;

/// Why a list cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Not elements with text and commas between them.
    Malformed,
    /// More than [`limits::TAG_VALUES`] elements or fragments.
    TooMany,
}

impl Display for Error {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "not a list of elements",
            Self::TooMany => "too many elements",
        })
    }
}

impl std::error::Error for Error {}

/// One element: `<upnp:playbackCount>1</upnp:playbackCount>`. Its attributes are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name with the prefix as it stands; fragments declare no namespaces.
    pub name: String,
    /// Its text, decoded.
    pub text: String,
}

/// The elements of one fragment; none for an empty one.
pub type Fragment = Vec<Element>;

/// Reads a list. An empty one is one empty fragment. The time grows with its length, no more.
///
/// # Errors
/// Every [`Error`].
pub fn parse(list: &str) -> Result<Vec<Fragment>, Error> {
    let mut fragments = vec![Fragment::new()];
    let mut elements = 0;
    let mut rest = list.trim();
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix(',') {
            fragments.push(Fragment::new());
            rest = behind;
        } else {
            let (element, behind) = element(rest).ok_or(Error::Malformed)?;
            fragments.last_mut().ok_or(Error::Malformed)?.push(element);
            elements += 1;
            rest = behind;
        }
        if fragments.len().max(elements) > limits::TAG_VALUES {
            return Err(Error::TooMany);
        }
        rest = rest.trim_start();
    }
    Ok(fragments)
}

/// The element at the start, and what follows it.
fn element(text: &str) -> Option<(Element, &str)> {
    let tag = text.strip_prefix('<')?;
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, ':' | '_' | '-' | '.');
    let name_end = tag.find(|c| !is_name(c))?;
    let (name, tag) = tag.split_at_checked(name_end)?;
    if name.is_empty() {
        return None;
    }
    let (is_empty, rest) = after_attributes(tag)?;
    let element = |text: String| Element {
        name: name.to_owned(),
        text,
    };
    if is_empty {
        return Some((element(String::new()), rest));
    }
    let (text, end) = rest.split_at_checked(rest.find('<')?)?;
    let behind = end.strip_prefix("</")?.strip_prefix(name)?;
    let behind = behind.trim_start().strip_prefix('>')?;
    let text = without_backslashes(text);
    let text = read::unescape(&text)?.into_owned();
    Some((element(text), behind))
}

/// What follows the end of a start tag, and whether that was `/>`.
fn after_attributes(tag: &str) -> Option<(bool, &str)> {
    let mut quote = None;
    let mut before = '\0';
    for (at, c) in tag.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '>' => return Some((before == '/', tag.get(at + 1..)?)),
            None if c == '<' => return None,
            _ => {}
        }
        before = c;
    }
    None
}

/// Takes away the backslashes before commas and backslashes.
fn without_backslashes(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return text.into();
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let escaped = chars.next_if(|next| c == '\\' && matches!(next, ',' | '\\'));
        plain.push(escaped.unwrap_or(c));
    }
    plain.into()
}

/// Reads a position, `upnp:lastPlaybackPosition`: `H+:MM:SS` with a fraction behind it or not (ContentDirectory:1
/// appendix B, as `res@duration`), or the plain seconds that Kodi sends. In milliseconds; `None` for anything else, and
/// for what a `u32` does not hold.
pub fn position_ms(text: &str) -> Option<u32> {
    let text = text.trim();
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) => (whole, fraction_ms(fraction)?),
        None => (text, 0),
    };
    let mut parts = whole.split(':');
    let number = |part: &str| text::parse_u64(part.as_bytes());
    let secs = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(secs), None, ..) => number(secs)?,
        (Some(hours), Some(minutes), Some(secs), None) => {
            let (minutes, secs) = (number(minutes)?, number(secs)?);
            if minutes > 59 || secs > 59 {
                return None;
            }
            number(hours)?
                .checked_mul(3600)?
                .checked_add(minutes * 60 + secs)?
        }
        _ => return None,
    };
    secs.checked_mul(1000)?
        .checked_add(fraction)?
        .try_into()
        .ok()
}

/// `5` is 500, and so is `1/2`.
fn fraction_ms(fraction: &str) -> Option<u64> {
    if let Some((part, whole)) = fraction.split_once('/') {
        let part = u64::from(text::parse_u32(part.as_bytes())?);
        let whole = u64::from(text::parse_u32(whole.as_bytes())?);
        return (part < whole).then(|| part * 1000 / whole);
    }
    if !text::is_digits(fraction.as_bytes()) {
        return None;
    }
    let digits = fraction.bytes().chain(*b"000").take(3);
    Some(digits.fold(0, |ms, digit| ms * 10 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(fragments: &[Fragment]) -> Vec<Vec<(&str, &str)>> {
        fragments
            .iter()
            .map(|fragment| {
                fragment
                    .iter()
                    .map(|element| (element.name.as_str(), element.text.as_str()))
                    .collect()
            })
            .collect()
    }

    #[test]
    fn lists_are_fragments_between_commas() {
        for (list, fragments) in [
            ("", vec![vec![]]),
            (",", vec![vec![], vec![]]),
            ("<a>1</a>", vec![vec![("a", "1")]]),
            (
                "<a>1</a>,,<b/>",
                vec![vec![("a", "1")], vec![], vec![("b", "")]],
            ),
            (
                " <a x=\"1>,\" y='/'>1</a > , <b />\n",
                vec![vec![("a", "1")], vec![("b", "")]],
            ),
            (
                "<dc:title>a\\, b\\\\c\\d</dc:title>",
                vec![vec![("dc:title", "a, b\\c\\d")]],
            ),
            (
                "<dc:title>a, b</dc:title>,<x>,</x>",
                vec![vec![("dc:title", "a, b")], vec![("x", ",")]],
            ),
            (
                "<t>R&amp;B &lt;live&gt; &#233;</t>",
                vec![vec![("t", "R&B <live> é")]],
            ),
        ] {
            assert_eq!(plain(&parse(list).unwrap()), fragments, "{list}");
        }
    }

    #[test]
    fn kodis_lists_are_understood() {
        // Kodi 18: two elements in one fragment. Kodi 21: one each.
        let old = "<upnp:lastPlaybackPosition>0</upnp:lastPlaybackPosition><xbmc:lastPlayerState></xbmc:lastPlayerState>,\
            <upnp:playCount>0</upnp:playCount>";
        assert_eq!(
            plain(&parse(old).unwrap()),
            [
                vec![
                    ("upnp:lastPlaybackPosition", "0"),
                    ("xbmc:lastPlayerState", "")
                ],
                vec![("upnp:playCount", "0")]
            ]
        );
        let new = "<upnp:lastPlaybackPosition>754</upnp:lastPlaybackPosition>,<upnp:playCount>1</upnp:playCount>,\
            <xbmc:lastPlayerState>&lt;s a=\"1,2\"/&gt;</xbmc:lastPlayerState>";
        assert_eq!(parse(new).unwrap().len(), 3);
        assert_eq!(parse(new).unwrap()[2][0].text, "<s a=\"1,2\"/>");
    }

    #[test]
    fn what_is_no_list_is_refused_and_every_prefix_is_harmless() {
        for list in [
            "1",
            "<a>",
            "<a>1",
            "<a>1</b>",
            "<a>1</a",
            "</a>",
            "<>1</>",
            "< a>1</a>",
            "<a><b/></a>",
            "<a>1</a>2",
            "<a &lt;",
            "<a>&nbsp;</a>",
            "<a>&#0;</a>",
            "<!-- --><a/>",
            "<a><![CDATA[1]]></a>",
            "<a x='>1</a>",
        ] {
            assert_eq!(parse(list), Err(Error::Malformed), "{list}");
        }
        let whole = "<a b='c,'>\\,&amp;\u{e9}</a>,,<c/>";
        assert!(parse(whole).is_ok());
        for (end, _) in whole.char_indices() {
            let _ = parse(&whole[..end]);
        }
        let many = |count| vec!["<a/>"; count].join(",");
        assert!(parse(&many(limits::TAG_VALUES)).is_ok());
        assert_eq!(parse(&many(limits::TAG_VALUES + 1)), Err(Error::TooMany));
        assert_eq!(parse(&"<a/>".repeat(100_000)), Err(Error::TooMany));
        assert_eq!(parse(&",".repeat(60_000)), Err(Error::TooMany));
    }

    #[test]
    fn positions_are_read_in_every_form() {
        for (text, ms) in [
            ("0", Some(0)),
            ("754", Some(754_000)),
            ("754.5", Some(754_500)),
            (" 0:12:34 ", Some(754_000)),
            ("0:12:34.567", Some(754_567)),
            ("0:12:34.5678", Some(754_567)),
            ("00:12:34.1/4", Some(754_250)),
            ("100:00:00", Some(360_000_000)),
            ("4294967.295", Some(u32::MAX)),
            ("4294967.296", None),
            ("99999999999999999999:00:00", None),
            ("5124095576030432:00:00", None),
            ("0:60:00", None),
            ("0:00:60", None),
            ("12:34", None),
            ("0:0:0:0", None),
            ("0:12:34.", None),
            ("0:12:34.4/4", None),
            ("0:12:34.1/0", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            (":", None),
            ("1e3", None),
            ("NaN", None),
        ] {
            assert_eq!(position_ms(text), ms, "{text}");
        }
    }
}
