//! Dates as HTTP and DIDL-Lite write them. Nothing here asks the time.
//!
//! Parsing and printing are those of `httpdate` and `time`; this file keeps values they would panic on away from
//! them, and keeps the result off the heap.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use time::{Date, Month, OffsetDateTime};

/// 9999-12-31T23:59:59, the last second either notation can write.
const LAST_SECOND: u64 = 253_402_300_799;
/// The same, for the signed seconds of a [`DidlDate`].
const LAST_DIDL_SECOND: i64 = 253_402_300_799;
/// 0001-01-01T00:00:00, the first second of a calendar year that ISO 8601 writes without agreement of both sides.
const FIRST_DIDL_SECOND: i64 = -62_135_596_800;

/// A moment as HTTP writes it (RFC 9110 §5.6.7), in seconds since 1970.
///
/// `Display` writes the one form that may be sent, `Sun, 06 Nov 1994 08:49:37 GMT`; later than the year 9999 is
/// written as its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HttpDate(pub u64);

impl HttpDate {
    /// Reads any of the three forms of RFC 9110 §5.6.7. `None` for everything else, a day that is not in the
    /// calendar, a wrong weekday, and years before 1970.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = str::from_utf8(text).ok()?;
        let since_1970 = httpdate::parse_http_date(text)
            .ok()?
            .duration_since(UNIX_EPOCH)
            .ok()?;
        Some(Self(since_1970.as_secs()))
    }
}

impl fmt::Display for HttpDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let since_1970 = Duration::from_secs(self.0.min(LAST_SECOND));
        httpdate::HttpDate::from(UNIX_EPOCH + since_1970).fmt(f)
    }
}

/// A `dc:date`: `1994-11-06` or `1994-11-06T08:49:37`, no zone (CDS:1 §7.3.2, ISO 8601).
///
/// Outside the years 1 to 9999 the nearest second inside is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DidlDate {
    /// Seconds since 1970-01-01T00:00:00, in whatever zone is meant.
    pub unix_secs: i64,
    /// Write the day alone.
    pub day_only: bool,
}

impl DidlDate {
    /// Reads `1994-11-06` or `1994-11-06T08:49:37`, with a fraction, which is dropped, and a zone or without either. Without
    /// a zone it is taken for UTC. `None` for everything else and for days that are not in the calendar.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, time) = match text.split_once(['T', ' ']) {
            Some((day, time)) => (day, Some(time)),
            None => (text, None),
        };
        let [year, month, day] = numbers(day, '-', [4, 2, 2])?;
        let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
        let year = i32::try_from(year).ok()?;
        let day = Date::from_calendar_date(year, month, u8::try_from(day).ok()?).ok()?;
        let midnight = day.midnight().assume_utc().unix_timestamp();
        let Some(time) = time else {
            return Some(Self {
                unix_secs: midnight,
                day_only: true,
            });
        };
        let (time, zone) = match time.find(['Z', '+', '-']) {
            Some(at) => time.split_at_checked(at)?,
            None => (time, ""),
        };
        let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let is_fraction = fraction.bytes().all(|byte| byte.is_ascii_digit());
        if hour > 23 || minute > 59 || second > 60 || !is_fraction {
            return None;
        }
        let secs = i64::from(hour * 3600 + minute * 60 + second);
        Some(Self {
            unix_secs: midnight + secs - offset_secs(zone)?,
            day_only: false,
        })
    }
}

/// Seconds that a zone is before UTC: of `+02:00`, `-0530`, `Z` or nothing.
fn offset_secs(zone: &str) -> Option<i64> {
    let (sign, offset) = match zone.split_at_checked(1) {
        None => return zone.is_empty().then_some(0),
        Some(("Z", rest)) => return rest.is_empty().then_some(0),
        Some(("-", offset)) => (-1, offset),
        Some((_, offset)) => (1, offset),
    };
    let [hours, minutes] = match offset.split_at_checked(2) {
        Some((hours, minutes)) if minutes.len() == 2 => [
            *numbers(hours, ':', [2])?.first()?,
            *numbers(minutes, ':', [2])?.first()?,
        ],
        _ => numbers(offset, ':', [2, 2])?,
    };
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// Exactly these many digits, separated.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, digits) in numbers.iter_mut().zip(digits) {
        let part = parts.next().filter(|part| part.len() == digits)?;
        *number = super::text::parse_u32(part.as_bytes())?;
    }
    parts.next().is_none().then_some(numbers)
}

impl fmt::Display for DidlDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.unix_secs.clamp(FIRST_DIDL_SECOND, LAST_DIDL_SECOND);
        let at = OffsetDateTime::from_unix_timestamp(secs).unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
        write!(f, "{year:04}-{month:02}-{day:02}")?;
        if self.day_only {
            return Ok(());
        }
        let (hour, minute, second) = at.to_hms();
        write!(f, "T{hour:02}:{minute:02}:{second:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_of_an_http_date_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(
                HttpDate::parse(text.as_bytes()),
                Some(HttpDate(784_111_777)),
                "{text}"
            );
            for cut in 0..text.len() {
                assert_eq!(
                    HttpDate::parse(&text.as_bytes()[..cut]),
                    None,
                    "{text} cut at {cut}"
                );
            }
        }
    }

    #[test]
    fn dates_that_are_none_are_refused() {
        for bad in [
            &b"Sun, 31 Feb 1994 08:49:37 GMT"[..],
            b"Mon, 06 Nov 1994 08:49:37 GMT", // it was a Sunday
            b"Sun, 06 Nov 1994 24:00:00 GMT",
            b"Sun, 06 Nov 1994 08:49:37 CET",
            b"Sun, 06 Nov 0000 08:49:37 GMT",
            b"Wed, 31 Dec 1969 23:59:59 GMT",
            b"Sun, 06 Nov 99999 08:49:37 GMT",
            b"784111777",
            b"Sun, 06 Nov 1994 08:49:37 GM\xff",
            b"\"an etag\"",
        ] {
            assert_eq!(
                HttpDate::parse(bad),
                None,
                "{}",
                String::from_utf8_lossy(bad)
            );
        }
    }

    #[test]
    fn http_dates_survive_both_ways_up_to_the_last_second() {
        for (secs, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (4_294_967_296, "Sun, 07 Feb 2106 06:28:16 GMT"), // past 32 bits
            (LAST_SECOND, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(HttpDate(secs).to_string(), text);
            assert_eq!(HttpDate::parse(text.as_bytes()), Some(HttpDate(secs)));
        }
        assert_eq!(
            HttpDate(u64::MAX).to_string(),
            HttpDate(LAST_SECOND).to_string()
        );
    }

    #[test]
    fn didl_dates_have_a_day_or_a_second_and_stay_in_four_digits() {
        for (unix_secs, day_only, text) in [
            (0, true, "1970-01-01"),
            (784_111_777, false, "1994-11-06T08:49:37"),
            (784_111_777, true, "1994-11-06"),
            (-1, false, "1969-12-31T23:59:59"),
            (i64::MIN, false, "0001-01-01T00:00:00"),
            (i64::MAX, false, "9999-12-31T23:59:59"),
        ] {
            assert_eq!(
                DidlDate {
                    unix_secs,
                    day_only
                }
                .to_string(),
                text
            );
        }
    }

    #[test]
    fn a_date_with_time_and_zone_is_read() {
        for (text, secs) in [
            ("1994-11-06T08:49:37", Some(784_111_777)),
            ("1994-11-06 08:49:37", Some(784_111_777)),
            ("1994-11-06T08:49:37Z", Some(784_111_777)),
            ("1994-11-06T10:49:37.25+02:00", Some(784_111_777)),
            ("1994-11-06T03:19:37-0530", Some(784_111_777)),
            ("1994-11-06", Some(784_080_000)),
            ("1960-01-01", Some(-315_619_200)),
            ("1994-02-30", None),
            ("1994-13-01", None),
            ("1994-11-6", None),
            ("94-11-06", None),
            ("1994-11-06T", None),
            ("1994-11-06T24:00:00", None),
            ("1994-11-06T08:49", None),
            ("1994-11-06T08:49:37X", None),
            ("1994-11-06T08:49:37ZZ", None),
            ("1994-11-06T08:49:37+2", None),
            ("1994-11-06T08:49:37+02:00:00", None),
            ("1994-11-06T08:49:37+\u{e9}\u{e9}", None),
            ("-994-11-06", None),
            ("", None),
        ] {
            let read = DidlDate::parse(text);
            assert_eq!(read.map(|date| date.unix_secs), secs, "{text}");
            for (end, _) in text.char_indices() {
                let _ = DidlDate::parse(&text[..end]);
            }
        }
    }
}
