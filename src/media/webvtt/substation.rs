//! `SubStation` Alpha, also the Advanced one: `[Events]`, a line that names the fields, a line for each event.
//!
//! ```text
//!  Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
//!  Dialogue: 0,0:00:01.50,0:00:04.00,Default,,0,0,0,,{\i1}Good{\i0} day\Nand welcome
//! ```
//! Of the codes in braces italic, bold and underlined stay. What is drawn (`\p1`) is no text.

use super::{Cues, lines, time};

/// Where the fields are that count: of all before the text, which may have commas of its own.
struct Format {
    start: usize,
    end: usize,
    text: usize,
}

impl Format {
    /// As every version has it.
    const USUAL: Self = Self {
        start: 1,
        end: 2,
        text: 9,
    };

    /// `None`: a field that is needed is not there, or the text is not the last.
    fn parse(fields: &str) -> Option<Self> {
        let place = |name: &str| {
            let mut names = fields.split(',').map(str::trim);
            names.position(|field| field.eq_ignore_ascii_case(name))
        };
        let (start, end, text) = (place("Start")?, place("End")?, place("Text")?);
        let is_last = text + 1 == fields.split(',').count();
        is_last.then_some(Self { start, end, text })
    }
}

pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut format = Format::USUAL;
    let mut is_in_events = false;
    for line in lines(text) {
        if line.starts_with('[') {
            is_in_events = line.eq_ignore_ascii_case("[Events]");
        } else if !is_in_events {
        } else if let Some(fields) = value(line, "Format") {
            format = Format::parse(fields).unwrap_or(Format::USUAL);
        } else if let Some(fields) = value(line, "Dialogue") {
            event(fields, &format, cues);
        }
    }
}

/// What stands behind `name:`.
fn value<'l>(line: &'l str, name: &str) -> Option<&'l str> {
    let (key, value) = line.split_once(':')?;
    key.trim().eq_ignore_ascii_case(name).then_some(value)
}

fn event(fields: &str, format: &Format, cues: &mut Cues) {
    let field = |place| fields.splitn(format.text + 1, ',').nth(place);
    let at = |place| field(place).and_then(|text: &str| time(text.trim()));
    let (Some(start), Some(end), Some(text)) =
        (at(format.start), at(format.end), field(format.text))
    else {
        return;
    };
    if cues.begin(start, end) {
        for line in plain(text).split('\n') {
            cues.add_line(line);
        }
    }
}

/// The text with the tags of `WebVTT` in place of codes, and its lines apart.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_drawing = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        let next = tail.chars().next();
        rest = match (c, next) {
            ('{', _) if tail.contains('}') => {
                let (codes, behind) = tail.split_once('}').unwrap_or_default();
                for code in codes.split('\\').skip(1) {
                    is_drawing = drawing(code).unwrap_or(is_drawing);
                    out.push_str(tag(code));
                }
                behind
            }
            ('\\', Some(code @ ('N' | 'n' | 'h'))) => {
                out.push(if code == 'h' { '\u{A0}' } else { '\n' });
                tail.get(1..).unwrap_or_default()
            }
            _ => {
                if !is_drawing {
                    out.push(c);
                }
                tail
            }
        };
    }
    out
}

/// Whether what follows is drawn; `None`: the code does not say.
fn drawing(code: &str) -> Option<bool> {
    let scale = code.strip_prefix('p')?;
    Some(scale.parse::<u32>().ok()? > 0)
}

fn tag(code: &str) -> &'static str {
    match code {
        "i1" => "<i>",
        "i0" => "</i>",
        "b1" => "<b>",
        "b0" => "</b>",
        "u1" => "<u>",
        "u0" => "</u>",
        _ => "",
    }
}
