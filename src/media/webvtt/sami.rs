//! SAMI (`.smi`): HTML of a kind. `<SYNC Start=ms>` begins what is seen from then on, `<P Class=…>` a text of one language; a
//! text of blanks alone ends the one before. Of several languages the first is taken.

use super::{Cues, closed};

/// Tags that `WebVTT` has as well.
const KEPT: [&str; 6] = ["i", "/i", "b", "/b", "u", "/u"];

/// Milliseconds that the last text stays if nothing says its end.
const LAST_STAYS: u64 = 5_000;

pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut reading = Reading::default();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        reading.words(before);
        if let Some(comment) = behind.strip_prefix("!--") {
            // The styles stand in one.
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let is_tag = behind.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
        let Some((tag, after)) = closed(behind, b'>').filter(|_| is_tag) else {
            reading.words("<");
            rest = behind;
            continue;
        };
        reading.tag(tag, cues);
        rest = after;
    }
    reading.words(rest);
    reading.end(None, cues);
}

#[derive(Default)]
struct Reading<'t> {
    /// The moment that the last SYNC said, milliseconds.
    now: Option<u64>,
    /// The language that is taken.
    class: Option<&'t str>,
    /// True while a text of that language is read.
    is_ours: bool,
    /// Since when `text` is seen.
    since: u64,
    text: String,
}

impl<'t> Reading<'t> {
    fn tag(&mut self, tag: &'t str, cues: &mut Cues) {
        let name = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or("");
        if name.eq_ignore_ascii_case("sync") {
            self.now = attribute(tag, "start")
                .and_then(|ms| ms.parse::<u32>().ok())
                .map(u64::from);
            self.is_ours = false;
        } else if name.eq_ignore_ascii_case("p") {
            self.paragraph(attribute(tag, "class").unwrap_or(""), cues);
        } else if name.eq_ignore_ascii_case("br") {
            if self.is_ours {
                self.text.push('\n');
            }
        } else if self.is_ours && KEPT.contains(&tag.to_ascii_lowercase().as_str()) {
            self.text.push('<');
            self.text += tag;
            self.text.push('>');
        }
    }

    /// A text begins, which ends the one before.
    fn paragraph(&mut self, class: &'t str, cues: &mut Cues) {
        let Some(now) = self.now else {
            return;
        };
        let ours = *self.class.get_or_insert(class);
        self.is_ours = ours.eq_ignore_ascii_case(class);
        // A second paragraph of the same moment goes on with the first.
        if self.is_ours && (self.text.is_empty() || now != self.since) {
            self.end(Some(now), cues);
            self.since = now;
        } else if self.is_ours {
            self.text.push('\n');
        }
    }

    fn end(&mut self, now: Option<u64>, cues: &mut Cues) {
        let end = now.unwrap_or(self.since.saturating_add(LAST_STAYS));
        if self.since <= end {
            cues.add((self.since, end), self.text.split('\n'));
        }
        self.text.clear();
    }

    /// Words between two tags; line ends are blanks, as in HTML.
    fn words(&mut self, words: &str) {
        if !self.is_ours {
            return;
        }
        let mut rest = words;
        while let Some(c) = rest.chars().next() {
            let (c, after) = match c {
                '&' => entity(rest).unwrap_or(('&', rest.get(1..).unwrap_or(""))),
                _ => (c, rest.get(c.len_utf8()..).unwrap_or("")),
            };
            self.text.push(if matches!(c, '\n' | '\r' | '\t') {
                ' '
            } else {
                c
            });
            rest = after;
        }
    }
}

/// The value of an attribute, quoted or not.
fn attribute<'t>(tag: &'t str, wanted: &str) -> Option<&'t str> {
    let mut rest = tag;
    while let Some((before, behind)) = rest.split_once('=') {
        let name = before.trim_end();
        let name = name
            .rsplit([' ', '\t', '\r', '\n', '"', '\''])
            .next()
            .unwrap_or("");
        let behind = behind.trim_start();
        let (value, after) = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => behind.get(1..)?.split_once(quote)?,
            _ => behind
                .split_once([' ', '\t', '\r', '\n'])
                .unwrap_or((behind, "")),
        };
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value.trim());
        }
        rest = after;
    }
    None
}

/// The character of an entity at the start of `text`, and what stands behind it. A semicolon may be missing only behind the
/// names.
fn entity(text: &str) -> Option<(char, &str)> {
    let behind = text.strip_prefix('&')?;
    if let Some(number) = behind.strip_prefix('#') {
        let (digits, after) = closed(number, b';')?;
        let code = match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => digits.parse().ok()?,
        };
        // Control characters have no place in a text.
        return char::from_u32(code)
            .filter(|c| !c.is_control())
            .map(|c| (c, after));
    }
    [
        ("nbsp", ' '),
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
        ("apos", '\''),
    ]
    .into_iter()
    .find_map(|(name, c)| {
        let after = behind.strip_prefix(name)?;
        Some((c, after.strip_prefix(';').unwrap_or(after)))
    })
}
