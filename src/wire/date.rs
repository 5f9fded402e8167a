//! Dates as HTTP and DIDL-Lite write them. Nothing here asks the time.
//!
//! Parsing and printing are those of `httpdate` and `time`; this file keeps values they would panic on away from
//! them, and keeps the result off the heap.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use time::OffsetDateTime;

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
}
