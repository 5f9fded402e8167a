//! Subtitles as `WebVTT` (W3C, "`WebVTT`: The Web Video Text Tracks Format"), which is all that browsers read.
//!
//! ```text
//!  SubRip:     1 / 00:00:01,500 --> 00:00:04,000 / <i>Good</i> day {\an8}& welcome
//!  SubStation: Dialogue: 0,0:00:01.50,0:00:04.00,Default,,0,0,0,,{\i1}Good{\i0} day & welcome
//!  SAMI:       <SYNC Start=1500><P Class=ENCC><i>Good</i> day &amp; welcome<SYNC Start=4000><P Class=ENCC>&nbsp;
//!  MicroDVD:   {36}{96}{y:i}Good day & welcome
//!
//!  WebVTT:     00:00:01.500 --> 00:00:04.000 / <i>Good</i> day &amp; welcome
//! ```
//! Italic, bold and underlined stay; other markup, places and drawings go. Cues without a time, and times out of the rules, are left
//! out: one bad cue does not spoil the rest.

mod microdvd;
mod sami;
mod subrip;
mod substation;

use std::fmt::Write as _;

use super::mime::Mime;

/// What turns a text of one kind into cues.
type Reader = fn(&str, &mut Cues);

fn reader(mime: Mime) -> Option<Reader> {
    Some(match mime {
        Mime::SRT => subrip::read,
        Mime::ASS | Mime::SSA => substation::read,
        Mime::SMI => sami::read,
        Mime::SUB => microdvd::read,
        _ => return None,
    })
}

/// Whether subtitles of this kind can be converted.
pub fn is_possible(mime: Mime) -> bool {
    reader(mime).is_some()
}

/// Converts all of `text`, subtitles of the kind `mime`, which is UTF-8 but for what is damaged; with or without a byte order
/// mark, any line ends. At most five times as long as `text`, and a little. No cues where the kind cannot be converted.
pub fn convert(mime: Mime, text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut cues = Cues {
        out: "WEBVTT\n".to_owned(),
    };
    if let Some(read) = reader(mime) {
        read(text, &mut cues);
    }
    cues.out.into_bytes()
}

/// The lines of a text with any line ends, without the blanks around them; some are empty that are none.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r']).map(str::trim)
}

/// The document that grows.
struct Cues {
    out: String,
}

impl Cues {
    /// Begins a cue, `start` and `end` in milliseconds.
    fn begin(&mut self, start: u64, end: u64) {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "\n{} --> {}\n", Clock(start), Clock(end));
    }

    /// A whole cue of `lines`, if there is anything in them. An empty line would be its end: left out.
    fn add<'l>(&mut self, (start, end): (u64, u64), lines: impl Iterator<Item = &'l str>) {
        let mut lines = lines.map(str::trim).filter(|line| !line.is_empty());
        let Some(first) = lines.next() else {
            return;
        };
        self.begin(start, end);
        self.line(first);
        lines.for_each(|line| self.line(line));
    }

    /// Adds a line of a cue's text, escaped. Tags that both know stay, the others go.
    fn line(&mut self, line: &str) {
        let before = self.out.len();
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let tail = rest
                .split_at_checked(c.len_utf8())
                .map_or("", |(_, tail)| tail);
            rest = match c {
                '<' => match closed(rest, b'>') {
                    Some((tag, behind)) if is_tag(tag) => {
                        let lower = tag.to_ascii_lowercase() + ">";
                        if KEPT.contains(&lower.as_str()) {
                            self.out += &lower;
                        }
                        behind
                    }
                    _ => {
                        self.out += "&lt;";
                        tail
                    }
                },
                // `{\an8}`: where SubStation would put it.
                '{' if tail.starts_with('\\') => {
                    closed(rest, b'}').map_or("", |(_, behind)| behind)
                }
                '&' => {
                    self.out += "&amp;";
                    tail
                }
                '>' => {
                    self.out += "&gt;";
                    tail
                }
                _ => {
                    self.out.push(c);
                    tail
                }
            };
        }
        // Tags alone: an empty line would be the end of the cue.
        if self
            .out
            .get(before..)
            .is_none_or(|added| added.trim().is_empty())
        {
            self.out.truncate(before);
        } else {
            self.out.push('\n');
        }
    }
}

/// Milliseconds, written as a time.
struct Clock(u64);

impl std::fmt::Display for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (secs, ms) = (self.0 / 1000, self.0 % 1000);
        let (hours, minutes) = (secs / 3600, secs / 60 % 60);
        write!(f, "{hours:02}:{minutes:02}:{:02}.{ms:03}", secs % 60)
    }
}

/// `1:02:03,4`, `02:03.456`: the last part may have a fraction, behind a comma or a point.
fn time(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once([',', '.']).unwrap_or((text, "0"));
    let number = |digits: &str, most: usize| {
        let is_number =
            (1..=most).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|_| is_number)
    };
    let mut secs = 0;
    let mut parts = 0;
    for part in whole.split(':') {
        secs = secs * 60 + number(part, 4)?;
        parts += 1;
    }
    let scale = match fraction.len() {
        1 => 100,
        2 => 10,
        _ => 1,
    };
    (2..=3)
        .contains(&parts)
        .then(|| Some(secs * 1000 + number(fraction, 3)? * scale))?
}

/// Tags that mean the same in all.
const KEPT: [&str; 6] = ["<i>", "</i>", "<b>", "</b>", "<u>", "</u>"];

/// `<i`, `</font`, `<font color="red"`: the beginning of a tag, and not "less than".
fn is_tag(text: &str) -> bool {
    let name = text.trim_start_matches(['<', '/']);
    name.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// What stands before and behind the first `end`, if that is near: nobody writes a longer tag, and to look for each to the end of
/// a large text would take its square.
fn closed(text: &str, end: u8) -> Option<(&str, &str)> {
    let at = text.bytes().take(TAG_BYTES).position(|byte| byte == end)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Bytes of a tag, braces or an entity.
const TAG_BYTES: usize = 256;

#[cfg(test)]
mod tests;
