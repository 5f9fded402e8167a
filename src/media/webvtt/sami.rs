//! SAMI: HTML in which `<SYNC Start=ms>` says from when on a text is shown; the next one of its class ends it.
//!
//! ```text
//!  <SYNC Start=1500><P Class=ENCC>Good day<br>and welcome
//!  <SYNC Start=4000><P Class=ENCC>&nbsp;
//! ```
//! A file may hold several languages, each a class of paragraphs: the first one that says something is taken.

use super::Cues;
use crate::limits;

/// How long the last text is shown, milliseconds: nothing ends it.
const LAST: u64 = 5000;

/// What is shown from a moment on, perhaps nothing.
struct Moment {
    at: u64,
    /// In small letters; empty: none is named.
    class: String,
    text: String,
}

pub(super) fn read(text: &str, cues: &mut Cues) {
    let moments = moments(text);
    let speaks = |moment: &&Moment| !moment.text.trim().is_empty();
    let Some(class) = moments.iter().find(speaks).map(|first| &first.class) else {
        return;
    };
    let is_taken = |moment: &&Moment| moment.class.is_empty() || moment.class == *class;
    let mut taken = moments.iter().filter(is_taken).peekable();
    while let Some(moment) = taken.next() {
        let end = taken
            .peek()
            .map_or(moment.at.saturating_add(LAST), |next| next.at);
        if speaks(&moment) && cues.begin(moment.at, end) {
            for line in moment.text.split('\n') {
                cues.add_line(line);
            }
        }
    }
}

/// All of them, as they follow each other. Twice as many as there can be cues: between two a text is taken away.
fn moments(text: &str) -> Vec<Moment> {
    let mut moments: Vec<Moment> = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        add(before, moments.last_mut());
        // A tag without an end: there is no text behind it that could be trusted.
        let Some((tag, behind)) = behind.split_once('>') else {
            return moments;
        };
        rest = behind;
        let name = tag.split_ascii_whitespace().next().unwrap_or_default();
        match name.trim_end_matches('/').to_ascii_lowercase().as_str() {
            "sync" if moments.len() < 2 * limits::CUES => {
                let at = attribute(tag, "start").and_then(|text| text.parse().ok());
                moments.extend(at.map(|at| Moment {
                    at,
                    class: String::new(),
                    text: String::new(),
                }));
            }
            "sync" => return moments,
            "p" => paragraph(attribute(tag, "class").unwrap_or_default(), &mut moments),
            "br" => add_as_it_is("\n", moments.last_mut()),
            "i" | "b" | "u" | "/i" | "/b" | "/u" => {
                for piece in ["<", name, ">"] {
                    add_as_it_is(piece, moments.last_mut());
                }
            }
            _ => {}
        }
    }
    add(rest, moments.last_mut());
    moments
}

/// A paragraph of the moment that began last. One of another class beside the first is a moment of its own.
fn paragraph(class: &str, moments: &mut Vec<Moment>) {
    let class = class.to_ascii_lowercase();
    let is_full = moments.len() >= 2 * limits::CUES;
    match moments.last_mut() {
        Some(last) if last.class.is_empty() && last.text.trim().is_empty() => last.class = class,
        Some(last) if last.class != class && !is_full => {
            let (at, text) = (last.at, String::new());
            moments.push(Moment { at, class, text });
        }
        Some(last) => last.text.push('\n'),
        None => {}
    }
}

/// Adds text as it stands in the file, where line ends are spaces.
fn add(text: &str, moment: Option<&mut Moment>) {
    let text = text.replace(['\n', '\r', '\t'], " ");
    let text = text.replace("&nbsp;", " ").replace("&NBSP;", " ");
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    add_as_it_is(&text.replace("&quot;", "\"").replace("&amp;", "&"), moment);
}

fn add_as_it_is(text: &str, moment: Option<&mut Moment>) {
    if let Some(moment) = moment {
        moment.text.push_str(text);
    }
}

/// The value of an attribute, with or without quotes.
fn attribute<'t>(tag: &'t str, name: &str) -> Option<&'t str> {
    tag.split_ascii_whitespace().find_map(|word| {
        let (key, value) = word.split_once('=')?;
        let value = value.trim_matches(['"', '\'', ';']);
        key.eq_ignore_ascii_case(name).then_some(value)
    })
}
