//! Files called `.sub`: `MicroDVD`, which counts frames, and `SubViewer`, which tells times.
//!
//! ```text
//!  {1}{1}25.000                      00:00:01.50,00:00:04.00
//!  {38}{100}Good day|and welcome     Good day[br]and welcome
//! ```
//! How fast the frames follow stands in the first line of `MicroDVD`. Where it does not, its times are not known, and there
//! are no cues: wrong ones are worse.

use super::{Cues, lines, time};

pub(super) fn read(text: &str, cues: &mut Cues) {
    let Some(first) = lines(text).find(|line| !line.is_empty()) else {
        return;
    };
    if first.starts_with('{') {
        microdvd(text, first, cues);
    } else {
        subviewer(text, cues);
    }
}

fn microdvd(text: &str, first: &str, cues: &mut Cues) {
    let rate = frames(first).and_then(|(_, _, text)| text.trim().replace(',', ".").parse().ok());
    let Some(rate) = rate.filter(|rate| (1.0..=240.0).contains(rate)) else {
        return;
    };
    let at = |frame: u32| millis(frame, rate);
    for (start, end, text) in lines(text)
        .skip_while(|line| line.is_empty())
        .skip(1)
        .filter_map(frames)
    {
        if cues.begin(at(start), at(end)) {
            text.split('|').for_each(|line| cues.add_line(styled(line)));
        }
    }
}

/// Milliseconds until a frame at `rate` frames a second.
fn millis(frame: u32, rate: f64) -> u64 {
    let rate_millis = (rate * 1000.0).round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 1,000 and 240,000"
    )]
    let rate_millis = rate_millis as u64;
    u64::from(frame) * 1_000_000 / rate_millis.max(1)
}

/// Both frames of a line, and its text.
fn frames(line: &str) -> Option<(u32, u32, &str)> {
    let (start, rest) = line.strip_prefix('{')?.split_once('}')?;
    let (end, text) = rest.strip_prefix('{')?.split_once('}')?;
    Some((start.parse().ok()?, end.parse().ok()?, text))
}

/// A line without the codes before it: `{y:i}`.
fn styled(line: &str) -> &str {
    let mut rest = line;
    while let Some((code, text)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        if !code.contains(':') {
            break;
        }
        rest = text;
    }
    rest
}

fn subviewer(text: &str, cues: &mut Cues) {
    let mut is_in_cue = false;
    for line in lines(text) {
        if let Some((start, end)) = times(line) {
            is_in_cue = cues.begin(start, end);
        } else if is_in_cue && !line.is_empty() {
            line.replace("[BR]", "[br]")
                .split("[br]")
                .for_each(|line| cues.add_line(line));
        } else {
            is_in_cue = false;
        }
    }
}

fn times(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_once(',')?;
    Some((time(start.trim())?, time(end.trim())?))
}
