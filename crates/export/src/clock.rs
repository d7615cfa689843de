//! The time zone as plain numbers: which local day class and hour an instant belongs to, with no time-zone database at hand.
//!
//! Engines bring databases of other ages, or none. So the offsets themselves are exported, from 1970 to 2099; outside
//! these years an exported function has no score. The rule, which every target writes in its own language:
//!
//! 1. `offset` = that of the last [`Span`] that begins at or before the instant;
//! 2. `local` = instant + offset, in seconds, rounded down;
//! 3. `hour` = `local` mod 86,400 div 3,600; `date` = `local` div 86,400, the days since 1970-01-01;
//! 4. the day class is by `date`: for `day-type` 1 if (date + 3) mod 7 is 5 or 6, which are Saturday and Sunday, or `date`
//!    is a holiday, else 0; for `day-of-week` (date + 3) mod 7; for `day-of-month` the day of the month less 1
//!    (H. Hinnant, *chrono-Compatible Low-Level Date Algorithms*, `civil_from_days`).

use jiff::{Timestamp, civil::Date};
use knowatt_score::{Calendar, DayClass, DayClasses, Slot};

/// An offset from UTC, from an instant until the next span begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Seconds since 1970, UTC.
    pub from_s: i64,
    /// Seconds that local time is ahead of UTC.
    pub offset_s: i32,
}

/// A [`Calendar`] as plain numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    /// The first begins at [`Clock::BEGIN_S`]; neighbours differ in their offset.
    pub spans: Vec<Span>,
    /// How days are grouped.
    pub day_classes: DayClasses,
    /// Days since 1970-01-01, rising, of the years known; empty where holidays are no class of days.
    pub holidays: Vec<i64>,
}

impl Clock {
    /// 1970-01-01T00:00Z, the first instant, in seconds since 1970.
    pub const BEGIN_S: i64 = 0;
    /// 2100-01-01T00:00Z, which is no longer known.
    pub const END_S: i64 = 4_102_444_800;

    /// The numbers of a calendar.
    pub fn new(calendar: &Calendar) -> Self {
        let zone = calendar.zone();
        let offset = |instant| zone.to_offset(instant).seconds();
        let begin = Timestamp::UNIX_EPOCH;
        let mut spans = vec![Span { from_s: Self::BEGIN_S, offset_s: offset(begin) }];
        let transitions = zone.following(begin).map(|transition| transition.timestamp());
        for instant in transitions.take_while(|instant| instant.as_second() < Self::END_S) {
            let offset_s = offset(instant);
            if spans.last().is_some_and(|before| before.offset_s != offset_s) {
                spans.push(Span { from_s: instant.as_second(), offset_s });
            }
        }
        let day_classes = calendar.day_classes();
        let dates = calendar.holidays().iter().filter(|_| day_classes == DayClasses::DayType);
        // Local dates may lie a day beside those of UTC.
        let known = -1..=Self::END_S / 86_400;
        let holidays = dates.map(|date| days_since_1970(*date)).filter(|date| known.contains(date)).collect();
        Self { spans, day_classes, holidays }
    }

    /// The class of day and the hour of an instant, in milliseconds since 1970; none outside the years known.
    pub fn slot(&self, instant_ms: i64) -> Option<Slot> {
        let instant_s = instant_ms.div_euclid(1000);
        if !(Self::BEGIN_S..Self::END_S).contains(&instant_s) {
            return None;
        }
        let span = self.spans.partition_point(|span| span.from_s <= instant_s) - 1;
        let local = instant_s + i64::from(self.spans[span].offset_s);
        let (date, second) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let weekday = (date + 3).rem_euclid(7);
        let day = match self.day_classes {
            DayClasses::None => 0,
            DayClasses::DayType => i64::from(weekday >= 5 || self.holidays.binary_search(&date).is_ok()),
            DayClasses::DayOfWeek => weekday,
            DayClasses::DayOfMonth => day_of_month(date) - 1,
        };
        let small = |number: i64| u8::try_from(number).ok();
        Some(Slot { day: DayClass(small(day)?), hour: small(second / 3600)? })
    }
}

fn days_since_1970(date: Date) -> i64 {
    date.duration_since(Date::constant(1970, 1, 1)).as_hours() / 24
}

/// The day of the month, 1 to 31, of so many days since 1970-01-01.
fn day_of_month(date: i64) -> i64 {
    // Days since 0000-03-01, within 400 years, and within a year that begins in March.
    let day_of_era = (date + 719_468).rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    day_of_year - (153 * month + 2) / 5 + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ZONES: [&str; 8] = [
        "UTC",
        "Europe/Paris",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Europe/Moscow",
        "Pacific/Apia",
        "Africa/Casablanca",
    ];

    fn same(calendar: &Calendar, instant_ms: i64) {
        let instant = Timestamp::from_millisecond(instant_ms).unwrap();
        assert_eq!(
            Clock::new(calendar).slot(instant_ms),
            Some(calendar.slot(instant)),
            "{instant} {}",
            calendar.zone_name()
        );
    }

    #[test]
    fn around_every_change_of_the_clocks_the_slot_is_the_calendars() {
        for zone in ZONES {
            let calendar = Calendar::new(zone, DayClasses::DayOfMonth).unwrap();
            let clock = Clock::new(&calendar);
            for span in &clock.spans {
                for ms in [-3_600_000, -1, 0, 1, 3_599_999, 3_600_000] {
                    let instant_ms = (span.from_s * 1000 + ms).max(0);
                    let instant = Timestamp::from_millisecond(instant_ms).unwrap();
                    assert_eq!(clock.slot(instant_ms), Some(calendar.slot(instant)), "{instant} in {zone}");
                }
            }
        }
    }

    #[test]
    fn outside_1970_to_2099_no_slot_is_known() {
        let clock = Clock::new(&Calendar::new("UTC", DayClasses::None).unwrap());
        let known = |ms| clock.slot(ms).is_some();
        assert_eq!(
            [-1, 0, Clock::END_S * 1000 - 1, Clock::END_S * 1000].map(known),
            [false, true, true, false]
        );
        assert_eq!([i64::MIN, i64::MAX].map(known), [false, false]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_instant_has_the_calendars_slot(instant_s in 0..Clock::END_S, zone in 0..ZONES.len(), classes in 0..4_usize) {
            let holidays = [Date::constant(1970, 1, 1), Date::constant(2024, 12, 25), Date::constant(2099, 12, 31)];
            let calendar = Calendar::new(ZONES[zone], DayClasses::ALL[classes]).unwrap().with_holidays(holidays);
            same(&calendar, instant_s * 1000 + 999);
            same(&calendar, 1_735_084_800_000 + instant_s % 86_400_000);
        }
    }
}
