//! Subtitle files as `WebVTT` (W3C, "`WebVTT`: The Web Video Text Tracks Format"), which is all that browsers read.
//!
//! ```text
//!  1                                   WEBVTT
//!  00:00:01,500 --> 00:00:04,000
//!  <i>Good</i> day {\an8}& welcome     00:00:01.500 --> 00:00:04.000
//!                                      <i>Good</i> day &amp; welcome
//! ```
//! Italic, bold and underlined stay; other markup goes. Cues without a time, and times out of the rules, are left out: one
//! bad cue does not spoil the rest.

mod frames;
mod sami;
mod subrip;
mod substation;

use std::fmt::Write as _;

use super::mime::Mime;
use crate::limits;

/// What turns a text into cues.
type Reader = fn(&str, &mut Cues);

fn reader(mime: Mime) -> Option<Reader> {
    Some(match mime {
        Mime::SRT => subrip::read,
        Mime::SSA | Mime::ASS => substation::read,
        Mime::SMI => sami::read,
        Mime::SUB => frames::read,
        _ => return None,
    })
}

/// Whether files of this kind can be turned into `WebVTT`.
pub fn is_possible(mime: Mime) -> bool {
    reader(mime).is_some()
}

/// Converts all of `text`, which is UTF-8 but for what is damaged; with or without a byte order mark, any line ends.
/// `None`: files of this kind cannot be converted. At most [`limits::CUES`] cues, at most five times as long as `text`
/// and 32 bytes for each of them.
pub fn convert(mime: Mime, text: &[u8]) -> Option<Vec<u8>> {
    let read = reader(mime)?;
    let text = String::from_utf8_lossy(text);
    let mut cues = Cues::default();
    read(text.strip_prefix('\u{FEFF}').unwrap_or(&text), &mut cues);
    Some(cues.write())
}

/// Lines with any line ends, without the spaces around them.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.split(['\n', '\r']).map(str::trim)
}

/// A text and when it is shown, milliseconds.
#[derive(Debug)]
struct Cue {
    start: u64,
    end: u64,
    /// Escaped, each line with its end.
    text: String,
}

#[derive(Debug, Default)]
struct Cues(Vec<Cue>);

impl Cues {
    /// Begins a cue; its text follows. False if it cannot be: it ends before it begins, or there are too many.
    fn begin(&mut self, start: u64, end: u64) -> bool {
        let is_good = start <= end && self.0.len() < limits::CUES;
        if is_good {
            let text = String::new();
            self.0.push(Cue { start, end, text });
        }
        is_good
    }

    /// Adds a line to the cue that was begun last. An empty one would be its end.
    fn add_line(&mut self, line: &str) {
        if let Some(cue) = self.0.last_mut()
            && !line.trim().is_empty()
        {
            add_line(line.trim(), &mut cue.text);
        }
    }

    /// The document: cues with a text, in the order of their starts.
    fn write(mut self) -> Vec<u8> {
        self.0.sort_by_key(|cue| cue.start);
        let mut out = "WEBVTT\n".to_owned();
        for cue in self.0.iter().filter(|cue| !cue.text.is_empty()) {
            // Writing to a String cannot fail.
            let (start, end) = (Clock(cue.start), Clock(cue.end));
            let _ = write!(out, "\n{start} --> {end}\n{}", cue.text);
        }
        out.into_bytes()
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

    fn as_of(mime: Mime, text: &[u8]) -> String {
        String::from_utf8(convert(mime, text).unwrap()).unwrap()
    }

    fn converted(text: &[u8]) -> String {
        as_of(Mime::SRT, text)
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
    fn other_kinds_come_to_the_same() {
        let (one, two) = (
            "00:00:01.500 --> 00:00:04.000\n",
            "00:00:05.000 --> 00:00:06.000\n",
        );
        let good = format!("WEBVTT\n\n{one}<i>Good</i> day\nand welcome\n\n{two}Two &amp; 3\n");
        let plain = good.replace("<i>", "").replace("</i>", "");
        for (mime, text, expected) in [
            // The later one first, a comma in the text, a comment, a drawing, a line of another part.
            (
                Mime::ASS,
                "[Script Info]\r\nTitle: x\r\n[Events]\r\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, \
                 Effect, Text\r\nDialogue: 0,0:00:05.00,0:00:06.00,D,,0,0,0,,{\\an8\\fs20}Two & 3\r\nComment: 0,0:00:07.00,\
                 0:00:08.00,D,,0,0,0,,no\r\nDialogue: 0,0:00:01.50,0:00:04.00,D,,0,0,0,,{\\i1}Good{\\i0} day\\Nand welcome\r\n\
                 Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\p1}m 0 0 l 1 1{\\p0}\r\n[Fonts]\r\nDialogue: 0,0:00:09.00,\
                 0:00:10.00,D,,0,0,0,,no\r\n",
                good.as_str(),
            ),
            // Fields in another order.
            (
                Mime::SSA,
                "[events]\nformat: End,Start,Text\ndialogue: 0:00:04.00,0:00:01.50,{\\i1}Good{\\i0} day\\nand welcome\n\
                 Dialogue: 0:00:06.00,0:00:05.00,Two & 3",
                good.as_str(),
            ),
            // Two languages, and what nothing ends.
            (
                Mime::SMI,
                "<SAMI><HEAD><STYLE><!-- P { x } --></STYLE></HEAD><BODY>\n<SYNC Start=1500><P Class=ENCC><I>Good</I>\nday<br>and \
                 welcome\n<P Class=KRCC>no\n<SYNC Start=2000><P Class=KRCC>no\n<SYNC Start=\"4000\"><P Class=\"ENCC\">&nbsp;\n\
                 <SYNC Start=5000><P class=encc>Two &amp; 3<SYNC Start=6000><P Class=ENCC>&nbsp;</BODY>",
                good.as_str(),
            ),
            (
                Mime::SMI,
                "<sync start=1000>a",
                "WEBVTT\n\n00:00:01.000 --> 00:00:06.000\na\n",
            ),
            (
                Mime::SUB,
                "{1}{1}25.000\n{38}{100}{y:i}Good day|and welcome\n{125}{150}Two & 3\n",
                plain.replace("01.500", "01.520").as_str(),
            ),
            // How fast the frames are is not said.
            (Mime::SUB, "{38}{100}Good day\n", "WEBVTT\n"),
            (
                Mime::SUB,
                "[INFORMATION]\n[TITLE]x\n00:00:01.50,00:00:04.00\nGood day[br]and welcome\n\n00:00:05.00,00:00:06.00\nTwo & 3\n",
                plain.as_str(),
            ),
            (Mime::SUB, "\0\0\u{1}\u{BA}", "WEBVTT\n"),
        ] {
            assert_eq!(as_of(mime, text.as_bytes()), expected, "{mime:?} {text}");
            for end in 0..text.len() {
                assert!(as_of(mime, &text.as_bytes()[..end]).starts_with("WEBVTT\n"));
            }
        }
        assert_eq!(convert(Mime::VTT, b"WEBVTT\n"), None);
    }

    #[test]
    fn there_are_at_most_so_many_cues() {
        for (mime, text) in [
            (Mime::SRT, "0:1 --> 0:2\na\n"),
            (Mime::SMI, "<sync start=1><p>a"),
        ] {
            let many = text.repeat(3 * limits::CUES);
            let cues = as_of(mime, many.as_bytes()).matches(" --> ").count();
            assert_eq!(cues, limits::CUES);
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
