//! `SubRip` as `WebVTT` (W3C, "`WebVTT`: The Web Video Text Tracks Format"), which is all that browsers read.
//!
//! ```text
//!  1                                   WEBVTT
//!  00:00:01,500 --> 00:00:04,000
//!  <i>Good</i> day {\an8}& welcome     00:00:01.500 --> 00:00:04.000
//!                                      <i>Good</i> day &amp; welcome
//! ```
//! Italic, bold and underlined stay; other markup goes. Cues without a time, and times out of the rules, are left out: one
//! bad cue does not spoil the rest.

use std::fmt::Write as _;

/// Converts all of `text`, which is UTF-8 but for what is damaged; with or without a byte order mark, any line ends. At
/// most five times as long as `text`, and a little.
pub fn from_subrip(text: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    let mut out = "WEBVTT\n".to_owned();
    let mut is_in_cue = false;
    // A number alone on its line belongs to the next cue if a time follows, else to the text.
    let mut held: Option<&str> = None;
    for line in text.split(['\n', '\r']).map(str::trim) {
        if let Some((start, end)) = times(line) {
            held = None;
            is_in_cue = true;
            // Writing to a String cannot fail.
            let _ = write!(out, "\n{} --> {}\n", Clock(start), Clock(end));
            continue;
        }
        if !is_in_cue || line.is_empty() {
            continue;
        }
        if let Some(number) = held.take() {
            add_line(number, &mut out);
        }
        if line.bytes().all(|byte| byte.is_ascii_digit()) {
            held = Some(line);
        } else {
            add_line(line, &mut out);
        }
    }
    if let Some(number) = held.filter(|_| is_in_cue) {
        add_line(number, &mut out);
    }
    out.into_bytes()
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

/// Start and end of a cue, milliseconds; what stands behind the end (`SubRip`'s coordinates) does not matter.
fn times(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    let (start, end) = (time(start.trim())?, time(end)?);
    (start <= end).then_some((start, end))
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

/// Tags that mean the same in both.
const KEPT: [&str; 6] = ["<i>", "</i>", "<b>", "</b>", "<u>", "</u>"];

/// Adds a line of a cue's text, escaped.
fn add_line(line: &str, out: &mut String) {
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let tail = rest
            .split_at_checked(c.len_utf8())
            .map_or("", |(_, tail)| tail);
        rest = match c {
            '<' => match rest.split_once('>') {
                Some((tag, behind)) if is_tag(tag) => {
                    let lower = tag.to_ascii_lowercase() + ">";
                    if KEPT.contains(&lower.as_str()) {
                        *out += &lower;
                    }
                    behind
                }
                _ => {
                    *out += "&lt;";
                    tail
                }
            },
            // `{\an8}`: where SubStation would put it.
            '{' if tail.starts_with('\\') => rest.split_once('}').map_or("", |(_, behind)| behind),
            '&' => {
                *out += "&amp;";
                tail
            }
            '>' => {
                *out += "&gt;";
                tail
            }
            _ => {
                out.push(c);
                tail
            }
        };
    }
    out.push('\n');
}

/// `<i`, `</font`, `<font color="red"`: the beginning of a tag, and not "less than".
fn is_tag(text: &str) -> bool {
    let name = text.trim_start_matches(['<', '/']);
    name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() < 100
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(text: &[u8]) -> String {
        String::from_utf8(from_subrip(text)).unwrap()
    }

    #[test]
    fn cues_keep_their_times_and_texts() {
        let rows: [(&str, &str); 9] = [
            ("", "WEBVTT\n"),
            (
                "\u{FEFF}1\r\n00:00:01,500 --> 00:00:04,000\r\nGood day\r\n\r\n2\r\n00:00:05,000 --> 00:00:06,000\r\nTwo\r\nlines\r\n",
                "WEBVTT\n\n00:00:01.500 --> 00:00:04.000\nGood day\n\n00:00:05.000 --> 00:00:06.000\nTwo\nlines\n",
            ),
            // Old Macintosh line ends, one digit of a fraction, no hours, coordinates.
            (
                "1\r0:1,5 --> 01:02.25 X1:1 X2:2\rText",
                "WEBVTT\n\n00:00:01.500 --> 00:01:02.250\nText\n",
            ),
            // No empty line between two cues; a number that is text.
            (
                "00:01,000 --> 00:02,000\n1984\n2\n00:03,000 --> 00:04,000\n7",
                "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n1984\n\n00:00:03.000 --> 00:00:04.000\n7\n",
            ),
            (
                "00:01,000 --> 00:02,000\n<I>a</I> <font color=\"red\">b</font> {\\an8}c & d < e > f <3",
                "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<i>a</i> b c &amp; d &lt; e &gt; f &lt;3\n",
            ),
            // An arrow in the text could be taken for a time.
            (
                "00:01,000 --> 00:02,000\na --> b",
                "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\na --&gt; b\n",
            ),
            // Backwards, and no time at all: their texts go with the cue before, or nowhere.
            ("00:03,000 --> 00:02,000\nlost", "WEBVTT\n"),
            ("x:y --> 00:02,000\nlost", "WEBVTT\n"),
            (
                "100:00:00,000 --> 100:00:01,000\nlong",
                "WEBVTT\n\n100:00:00.000 --> 100:00:01.000\nlong\n",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(converted(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn every_prefix_and_every_byte_gives_a_document() {
        let good = b"\xEF\xBB\xBF1\r\n00:00:01,500 --> 00:00:04,000\r\n<i>Gr\xC3\xBC\xC3\x9Fe</i> {\\an8}& <\r\n\r\n";
        for end in 0..good.len() {
            assert!(converted(&good[..end]).starts_with("WEBVTT\n"));
        }
        for byte in 0..=255 {
            for at in 0..good.len() {
                let mut bad = good.to_vec();
                bad[at] = byte;
                let text = converted(&bad);
                assert!(text.len() < 5 * good.len() + 16, "{text}");
                assert!(!text.contains('\r'));
            }
        }
    }
}
