//! A record's time, where it is a number: since 1970, or the hour of a day.

use std::cell::Cell;

use jiff::{Timestamp, ToSpan, civil::Time, tz::TimeZone};

use crate::clock::{HOUR_MS, Millis};

const DAY_MS: Millis = 24 * HOUR_MS;

/// 2000 to 2199 in seconds since 1970. A thousand times as many are milliseconds, and so on: the ranges lie
/// far apart, so that a number says itself what it counts.
const SECONDS: std::ops::Range<i64> = 946_684_800..7_258_118_400;

/// A number of seconds, milli-, micro- or nanoseconds since 1970; none of them before 2000 or after 2199.
pub(crate) fn since_1970(number: i64) -> Option<Millis> {
    let is = |a_second: i64| SECONDS.contains(&number.div_euclid(a_second));
    if is(1) {
        Some(number * 1000)
    } else if is(1000) {
        Some(number)
    } else if is(1_000_000) {
        Some(number.div_euclid(1000))
    } else {
        is(1_000_000_000).then(|| number.div_euclid(1_000_000))
    }
}

/// The same with a fraction, as of `1700000000.25` seconds.
pub(crate) fn since_1970_fraction(number: f64) -> Option<Millis> {
    let is = |a_second: f64| (SECONDS.start as f64..SECONDS.end as f64).contains(&(number / a_second));
    let a_second = [1.0, 1e3, 1e6, 1e9].into_iter().find(|&a_second| is(a_second))?;
    // Far below 2^53, so it is exact.
    #[allow(clippy::cast_possible_truncation)]
    Some((number / a_second * 1000.0).round() as Millis)
}

/// Finds the latest hour of a number in a zone.
///
/// Records that follow one another are mostly of one day. As looking up the zone's rules is more than half the work of reading a
/// record, the day's start is remembered, if the clocks change neither on it nor on the day before.
pub(crate) struct LatestHour {
    zone: TimeZone,
    /// The start of a day that is such.
    midnight: Cell<Option<Millis>>,
}

impl LatestHour {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, midnight: Cell::new(None) }
    }

    /// The latest local hour of that number which does not start after `limit`.
    ///
    /// Where spring skips that hour, it is the day before's; where autumn repeats it, the later one if that has begun.
    pub(crate) fn find(&self, hour: i8, limit: Millis) -> Option<Millis> {
        let is_of_day = |midnight: &Millis| (*midnight..*midnight + DAY_MS).contains(&limit);
        let known = self.midnight.get().filter(is_of_day);
        let Some(midnight) = known.or_else(|| self.regular_midnight(limit)) else {
            return self.search(hour, limit);
        };
        self.midnight.set(Some(midnight));
        let at = midnight + Millis::from(hour) * HOUR_MS;
        Some(if at <= limit { at } else { at - DAY_MS })
    }

    /// The start of the local day, if no change of the clocks touches it or the day before.
    fn regular_midnight(&self, limit: Millis) -> Option<Millis> {
        let limit = Timestamp::from_millisecond(limit).ok()?;
        let offset = self.zone.to_offset(limit);
        let midnight = offset
            .to_timestamp(offset.to_datetime(limit).with().time(Time::midnight()).build().ok()?)
            .ok()?;
        let midnight = midnight.as_millisecond();
        let day_before = Timestamp::from_millisecond(midnight - DAY_MS).ok()?;
        let change = self.zone.following(day_before).next().map(|change| change.timestamp().as_millisecond());
        change.is_none_or(|change| change >= midnight + DAY_MS).then_some(midnight)
    }

    /// The same by the zone's rules alone.
    fn search(&self, hour: i8, limit: Millis) -> Option<Millis> {
        let today = self.zone.to_datetime(Timestamp::from_millisecond(limit).ok()?).date();
        (0..3).find_map(|days| {
            let local = today.checked_sub(i64::from(days).days()).ok()?.at(hour, 0, 0, 0);
            let at = self.zone.to_ambiguous_timestamp(local);
            if matches!(at.offset(), jiff::tz::AmbiguousOffset::Gap { .. }) {
                return None;
            }
            let candidates = [at.later(), at.earlier()];
            let starts = candidates.into_iter().flatten().map(Timestamp::as_millisecond);
            starts.into_iter().find(|start| *start <= limit)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn latest_hour(zone: &str) -> LatestHour {
        let calendar = knowatt_score::Calendar::new(zone, knowatt_score::DayClasses::None).unwrap();
        LatestHour::new(calendar.zone().clone())
    }

    #[test]
    fn the_magnitude_tells_what_a_number_counts() {
        let at = 1_700_000_000_123;
        assert_eq!(since_1970(1_700_000_000), Some(1_700_000_000_000));
        assert_eq!(since_1970(at), Some(at));
        assert_eq!(since_1970(at * 1000 + 999), Some(at));
        assert_eq!(since_1970(at * 1_000_000 + 999_999), Some(at));
        assert_eq!(since_1970_fraction(1_700_000_000.123), Some(at));
        assert_eq!(since_1970_fraction(1_700_000_000_123.4), Some(at));
        assert_eq!(since_1970(946_684_800), Some(946_684_800_000));
        assert_eq!(since_1970(7_258_118_399_999_999_999), Some(7_258_118_399_999));
        for number in [0, 23, 946_684_799, 20_240_131, -1_700_000_000, i64::MAX, i64::MIN] {
            assert_eq!(since_1970(number), None, "{number}");
        }
        for number in [f64::NAN, f64::INFINITY, 3.0, -1.7e9, 1e30] {
            assert_eq!(since_1970_fraction(number), None, "{number}");
        }
    }

    #[test]
    fn an_hour_is_the_latest_of_its_number_that_has_begun() {
        let paris = latest_hour("Europe/Paris");
        let latest = |hour, limit: &str| {
            let limit = limit.parse::<Timestamp>().unwrap().as_millisecond();
            let at = paris.find(hour, limit).unwrap();
            Timestamp::from_millisecond(at).unwrap().to_string()
        };
        assert_eq!(latest(18, "2024-01-31T18:00:00Z"), "2024-01-31T17:00:00Z");
        assert_eq!(latest(18, "2024-01-31T17:00:00Z"), "2024-01-31T17:00:00Z");
        assert_eq!(latest(18, "2024-01-31T16:59:59Z"), "2024-01-30T17:00:00Z");
        assert_eq!(latest(23, "2024-01-30T23:30:00Z"), "2024-01-30T22:00:00Z");
        // Spring skips 02:00 on the 31st; autumn repeats it on the 27th.
        assert_eq!(latest(2, "2024-03-31T10:00:00Z"), "2024-03-30T01:00:00Z");
        assert_eq!(latest(2, "2024-10-27T00:59:00Z"), "2024-10-27T00:00:00Z");
        assert_eq!(latest(2, "2024-10-27T01:00:00Z"), "2024-10-27T01:00:00Z");
        assert_eq!(paris.find(3, i64::MAX), None);
    }

    proptest! {
        #[test]
        fn remembering_the_day_changes_nothing(
            start in -100_000_000_000..6_000_000_000_000_i64,
            steps in prop::collection::vec((-100_000_000..200_000_000_i64, 0..24_i8), 1..60),
            zone in prop::sample::select(vec!["Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata", "UTC",
                "America/St_Johns", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo"]),
        ) {
            let latest = latest_hour(zone);
            let mut at = start;
            for (step, hour) in steps {
                at += step;
                prop_assert_eq!(latest.find(hour, at), latest.search(hour, at), "{} {}", hour, at);
            }
        }
    }
}
