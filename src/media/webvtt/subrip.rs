//! `SubRip` (`.srt`): a number, a line of times, lines of text, an empty line.

use super::{Cues, lines, time};

pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut is_in_cue = false;
    // A number alone on its line belongs to the next cue if a time follows, else to the text.
    let mut held: Option<&str> = None;
    for line in lines(text) {
        if let Some((start, end)) = times(line) {
            held = None;
            is_in_cue = true;
            cues.begin(start, end);
            continue;
        }
        if !is_in_cue || line.is_empty() {
            continue;
        }
        if let Some(number) = held.take() {
            cues.line(number);
        }
        if line.bytes().all(|byte| byte.is_ascii_digit()) {
            held = Some(line);
        } else {
            cues.line(line);
        }
    }
    if let Some(number) = held.filter(|_| is_in_cue) {
        cues.line(number);
    }
}

/// Start and end of a cue, milliseconds; what stands behind the end (`SubRip`'s coordinates) does not matter.
fn times(line: &str) -> Option<(u64, u64)> {
    let (start, rest) = line.split_once("-->")?;
    let end = rest.split_whitespace().next()?;
    let (start, end) = (time(start.trim())?, time(end)?);
    (start <= end).then_some((start, end))
}
