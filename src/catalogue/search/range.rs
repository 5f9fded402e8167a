//! Dates and durations as control points write them, as the numbers they stand for.

use time::{Date as Day, Month, PrimitiveDateTime, Time};

/// The seconds that a date stands for: `2009`, `2009-05`, `2009-05-01`, `2009-05-01T18:30` or `2009-05-01T18:30:00`. What
/// follows, a fraction or a zone, is passed over: our dates have neither.
pub(super) fn dates(text: &str) -> Option<(i64, i64)> {
    let (day, clock) = match text.split_once(['T', 't', ' ']) {
        Some((day, clock)) => (day, Some(clock)),
        None => (text, None),
    };
    let mut parts = day.splitn(3, '-').map(digits);
    let year = i32::try_from(parts.next()??)
        .ok()
        .filter(|year| *year <= 9999)?;
    let (month, day) = (parts.next(), parts.next());
    let at = |month: u32, day: u32, (hour, minute, second): (u32, u32, u32)| {
        let small = |n: u32| u8::try_from(n).ok();
        let month = Month::try_from(small(month)?).ok()?;
        let day = Day::from_calendar_date(year, month, small(day)?).ok()?;
        let time = Time::from_hms(small(hour)?, small(minute)?, small(second)?).ok()?;
        Some(
            PrimitiveDateTime::new(day, time)
                .assume_utc()
                .unix_timestamp(),
        )
    };
    let (midnight, last_second) = ((0, 0, 0), (23, 59, 59));
    let Some(month) = month else {
        return Some((at(1, 1, midnight)?, at(12, 31, last_second)?));
    };
    let month = month?;
    let Some(day) = day else {
        let last = Month::try_from(u8::try_from(month).ok()?)
            .ok()?
            .length(year);
        return Some((
            at(month, 1, midnight)?,
            at(month, last.into(), last_second)?,
        ));
    };
    let day = day?;
    let Some(clock) = clock else {
        return Some((at(month, day, midnight)?, at(month, day, last_second)?));
    };
    let clock = clock
        .split(['Z', 'z', '+', '-', '.'])
        .next()
        .unwrap_or(clock);
    let mut parts = clock.split(':').map(digits);
    let (hour, minute) = (parts.next()??, parts.next()??);
    match parts.next() {
        Some(second) => {
            let moment = at(month, day, (hour, minute, second?))?;
            Some((moment, moment))
        }
        None => Some((
            at(month, day, (hour, minute, 0))?,
            at(month, day, (hour, minute, 59))?,
        )),
    }
}

fn digits(text: &str) -> Option<u32> {
    let all = text.bytes().all(|byte| byte.is_ascii_digit());
    all.then(|| text.parse().ok())?
}

/// `H+:MM:SS[.F+]` (ContentDirectory:1 appendix B), `MM:SS` or `SS`, in milliseconds.
pub(super) fn duration(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut secs: i64 = 0;
    let parts = whole.split(':');
    if parts.clone().count() > 3 {
        return None;
    }
    for part in parts {
        secs = secs.checked_mul(60)?.checked_add(digits(part)?.into())?;
    }
    // Three digits are kept.
    let mut fraction = fraction.bytes().chain(*b"000").take(3);
    let millis = fraction.try_fold(0, |sum: i64, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        Some(sum * 10 + i64::from(digit))
    })?;
    secs.checked_mul(1000)?.checked_add(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;

    #[test]
    fn a_date_stands_for_all_that_it_leaves_open() {
        for (text, range) in [
            ("1970", Some((0, 365 * DAY - 1))),
            ("1970-02", Some((31 * DAY, 59 * DAY - 1))),
            ("1972-02", Some((761 * DAY, 790 * DAY - 1))),
            ("1970-01-02", Some((DAY, 2 * DAY - 1))),
            ("1970-01-02T00:01", Some((DAY + 60, DAY + 119))),
            ("1970-01-02T00:01:02", Some((DAY + 62, DAY + 62))),
            ("1970-01-02 00:01:02.5Z", Some((DAY + 62, DAY + 62))),
            ("1970-01-02T00:01:02+02:00", Some((DAY + 62, DAY + 62))),
            ("1970-13", None),
            ("1970-00-01", None),
            ("1971-02-29", None),
            ("1970-01-02T24:00:00", None),
            ("1970-01-02T", None),
            ("1970-", None),
            ("", None),
            ("-1970", None),
            ("12345", None),
            ("99999999999999999999", None),
            ("1970-01-01-01", None),
            ("may", None),
        ] {
            assert_eq!(dates(text), range, "{text}");
        }
    }

    #[test]
    fn durations_are_read_as_they_are_written_and_shorter() {
        for (text, millis) in [
            ("0:00:00.000", Some(0)),
            ("1:02:03.456", Some(3_723_456)),
            ("1:02:03", Some(3_723_000)),
            ("00100:00:00", Some(360_000_000)),
            ("2:03.5", Some(123_500)),
            ("90", Some(90_000)),
            ("0:00:01.23456", Some(1234)),
            ("1:2:3:4", None),
            ("a", None),
            ("", None),
            ("0:00:-1", None),
            ("0:00:01.x", None),
            ("4294967295:00:00", Some(15_461_882_262_000_000)),
            ("99999999999:00:00", None),
        ] {
            assert_eq!(duration(text), millis, "{text}");
        }
    }
}
