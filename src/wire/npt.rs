//! Play times as DLNA writes them: `TimeSeekRange.dlna.org` (DLNA Guidelines part 1-1, 7.4.40), after the normal play time of
//! RFC 2326 §3.6.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

/// `npt=10.5-`, `npt=0:10:00.5-0:20:00`: from one time on, to another or to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub start: Duration,
    /// The last one; never before the first.
    pub end: Option<Duration>,
}

impl Range {
    /// Reads the field's value. `None` if it has another form; a range in bytes behind it is passed over.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?.trim();
        let (unit, range) = text.split_at_checked(4)?;
        if !unit.eq_ignore_ascii_case("npt=") {
            return None;
        }
        let range = range.split(' ').next()?;
        let (start, end) = range.split_once('-')?;
        let start = time(start)?;
        let end = match end {
            "" => None,
            end => Some(time(end)?),
        };
        let in_order = end.is_none_or(|end| end >= start);
        in_order.then_some(Self { start, end })
    }
}

/// `12.345` or `H+:MM:SS.345`.
fn time(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let mut secs = 0;
    let mut parts = 0;
    for part in whole.split(':') {
        let number = number(part)?;
        if parts == 3 || parts > 0 && number > 59 {
            return None;
        }
        secs = secs * 60 + u64::from(number);
        parts += 1;
    }
    let is_digits = fraction.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(parts, 1 | 3) || !is_digits {
        return None;
    }
    let digits = fraction.get(..fraction.len().min(9))?;
    let places = u32::try_from(9 - digits.len()).ok()?;
    let nanos = number(digits).unwrap_or(0) * 10_u32.pow(places);
    Some(Duration::new(secs, nanos))
}

/// At most nine digits: beyond them there is no film.
fn number(text: &str) -> Option<u32> {
    let is_number = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_number)
}

/// A play time in seconds to the millisecond, as every receiver reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seconds(pub Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0.as_secs(), self.0.subsec_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(u64, Option<u64>)> {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap();
        let range = Range::parse(text.as_bytes())?;
        Some((millis(range.start), range.end.map(millis)))
    }

    #[test]
    fn both_forms_of_time_are_read() {
        for (text, wanted) in [
            ("npt=10.5-", (10_500, None)),
            ("npt=0-", (0, None)),
            ("NPT=3-4", (3000, Some(4000))),
            ("npt=0:10:00.5-0:20:00", (600_500, Some(1_200_000))),
            ("npt=335.11-336.08", (335_110, Some(336_080))),
            ("npt=12:00:00.123456789123-", (43_200_123, None)),
            ("npt=5- bytes=0-100", (5000, None)),
            (" npt=1.- ", (1000, None)),
        ] {
            assert_eq!(read(text), Some(wanted), "{text}");
        }
        assert_eq!(
            Seconds(Duration::from_micros(335_110_700)).to_string(),
            "335.110"
        );
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "npt",
            "npt=",
            "npt=banana",
            "npt=-",
            "npt=-5",
            "npt=1",
            "npt=1-2-3",
            "1-2",
            "npt=5-4",
            "npt=1:2-",
            "npt=0:60:00-",
            "npt=0:00:60-",
            "npt=1.x-",
            "npt=+1-",
            "npt=99999999999-",
            "npt=1:2:3:4-",
            "npt=9:9:9:9:9:9:9:9:9:9:9:9:9:9:9:9:9:9-",
            "npt=\u{e9}-",
            "bytes=0-1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let long = "npt=0:10:00.5-0:20:00";
        for end in 0..long.len() {
            let _ = read(&long[..end]);
        }
    }
}
