//! `MicroDVD` (`{start}{end}text|text`, counted in pictures) and `SubViewer` (`start,end` on a line, text below), which
//! share the extension `.sub`. Bitmaps (`VobSub`) are there as well: no cues.

use super::{Cues, lines, time};

/// Thousandths of pictures a second where the file does not say: those of films. It says so by `{1}{1}25.000` at its start.
const USUAL_RATE: u64 = 23_976;
/// The rates that can be meant: others are a text.
const RATES: std::ops::RangeInclusive<u64> = 1_000..=240_000;

pub(super) fn read(text: &str, cues: &mut Cues) {
    let mut rate = USUAL_RATE;
    // Of SubViewer: the times of the lines to come.
    let mut held: Option<(u64, u64)> = None;
    for line in lines(text) {
        if let Some((start, end, text)) = frames(line) {
            if let Some(said) = said_rate(text).filter(|_| start <= 1 && end <= 1) {
                rate = said;
            } else if let Some(times) = during(start, end, rate) {
                cues.add(times, pieces(text, "|"));
            }
        } else if let Some(times) = times(line) {
            held = Some(times);
        } else if line.is_empty() || line.starts_with('[') && line.ends_with(']') {
            // Facts about the file: [TITLE], [END INFORMATION].
        } else if let Some(times) = held.take() {
            cues.add(times, line.split("[br]"));
        }
    }
}

/// `{36}{96}text`. Nine digits are 400 days.
fn frames(line: &str) -> Option<(u64, u64, &str)> {
    let (start, rest) = line.strip_prefix('{')?.split_once('}')?;
    let (end, text) = rest.strip_prefix('{')?.split_once('}')?;
    let number = |digits: &str| digits.parse::<u32>().ok().map(u64::from);
    Some((number(start)?, number(end)?, text))
}

/// Milliseconds of these pictures.
fn during(start: u64, end: u64, rate: u64) -> Option<(u64, u64)> {
    let millis = |frames: u64| (frames * 1_000_000).checked_div(rate);
    (start <= end).then_some((millis(start)?, millis(end)?))
}

/// `25`, `23.976`, `23,976` as thousandths.
fn said_rate(text: &str) -> Option<u64> {
    let (whole, fraction) = text.trim().split_once(['.', ',']).unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    let thousandths = whole.trim().parse::<u64>().ok()?.checked_mul(1000)?;
    let rate = thousandths.checked_add(digits.parse().ok()?)?;
    RATES.contains(&rate).then_some(rate)
}

/// `00:00:01.50,00:00:04.00`
fn times(line: &str) -> Option<(u64, u64)> {
    let (start, end) = line.split_once(',')?;
    let (start, end) = (time(start)?, time(end)?);
    (start <= end).then_some((start, end))
}

/// The lines of a text; `{y:i}`, `{c:$0000ff}` and the like before each are left out, and a slash that says italic.
fn pieces<'t>(text: &'t str, between: &'t str) -> impl Iterator<Item = &'t str> {
    text.split(between).map(|line| {
        let mut line = line.trim();
        while let Some((code, rest)) = line.strip_prefix('{').and_then(|rest| rest.split_once('}'))
        {
            if !code.contains(':') {
                break;
            }
            line = rest.trim_start();
        }
        line.strip_prefix('/').unwrap_or(line)
    })
}
