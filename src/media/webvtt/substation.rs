//! `SubStation` Alpha and Advanced `SubStation` Alpha (`.ssa`, `.ass`): lines of fields, of which `Format` says the order.
//! What says `Comment` is for authors; styles, places and movements go.

use super::{Cues, lines, time};

/// Places of the fields that matter, counted from 0. The text is the last field and may hold commas.
#[derive(Clone, Copy)]
struct Format {
    start: usize,
    end: usize,
    text: usize,
}

/// What nearly every file has, in both variants.
const USUAL: Format = Format {
    start: 1,
    end: 2,
    text: 9,
};
/// Fields that a line can have: none is known to have more than 10.
const MOST_FIELDS: usize = 32;

pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut format = USUAL;
    let mut is_in_events = false;
    for line in lines(text) {
        if line.starts_with('[') {
            is_in_events = line.eq_ignore_ascii_case("[events]");
            continue;
        }
        let Some((word, fields)) = line.split_once(':').filter(|_| is_in_events) else {
            continue;
        };
        if word.eq_ignore_ascii_case("format") {
            format = Format::read(fields).unwrap_or(USUAL);
        } else if word.eq_ignore_ascii_case("dialogue")
            && let Some((times, text)) = format.take(fields)
        {
            let plain = plain(text);
            cues.add(times, plain.split('\n'));
        }
    }
}

impl Format {
    /// `Layer, Start, End, Style, Name, …, Text`.
    fn read(names: &str) -> Option<Self> {
        let place = |wanted: &str| {
            let mut names = names.split(',').take(MOST_FIELDS);
            names.position(|name| name.trim().eq_ignore_ascii_case(wanted))
        };
        Some(Self {
            start: place("start")?,
            end: place("end")?,
            text: place("text")?,
        })
    }

    /// The times of a line of fields, in milliseconds, and its text.
    fn take(self, fields: &str) -> Option<((u64, u64), &str)> {
        let mut fields = fields.splitn(self.text + 1, ',');
        let (mut start, mut end) = (None, None);
        for place in 0..self.text {
            let field = fields.next()?.trim();
            if place == self.start {
                start = time(field);
            } else if place == self.end {
                end = time(field);
            }
        }
        let (start, end) = (start?, end?);
        (start <= end).then_some(((start, end), fields.next()?))
    }
}

/// The text without what stands in braces, its line breaks as such. Of the braces, italic, bold and underlined stay; a
/// drawing (`{\p1}m 0 0 l …`) goes.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_drawing = false;
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((braces, after)) = behind.split_once('}') else {
            break;
        };
        add(before, is_drawing, &mut out);
        for tag in braces.split('\\').skip(1) {
            match tag.trim() {
                "i1" => out += "<i>",
                "i0" => out += "</i>",
                "b1" => out += "<b>",
                "b0" => out += "</b>",
                "u1" => out += "<u>",
                "u0" => out += "</u>",
                tag => is_drawing = drawing(tag).unwrap_or(is_drawing),
            }
        }
        rest = after;
    }
    add(rest, is_drawing, &mut out);
    out
}

/// `p1` and above begins a drawing, `p0` ends it.
fn drawing(tag: &str) -> Option<bool> {
    let scale = tag.strip_prefix('p')?.parse::<u8>().ok()?;
    Some(scale > 0)
}

fn add(piece: &str, is_drawing: bool, out: &mut String) {
    if is_drawing {
        return;
    }
    let mut rest = piece;
    while let Some((before, behind)) = rest.split_once('\\') {
        *out += before;
        // A break, a break where the lines are not wrapped, a blank that is not wrapped.
        let (with, after) = match behind.chars().next() {
            Some('N') => ("\n", behind.get(1..)),
            Some('n') => (" ", behind.get(1..)),
            Some('h') => ("\u{a0}", behind.get(1..)),
            _ => ("\\", Some(behind)),
        };
        *out += with;
        rest = after.unwrap_or("");
    }
    *out += rest;
}
