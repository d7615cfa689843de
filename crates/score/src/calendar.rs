//! Which local hour, and which class of day, an instant belongs to.
//!
//! Promise: the same instant gives the same [`Slot`] on every machine. The time-zone database is the
//! one compiled into the program (IANA, by way of `jiff`); the machine's own is never consulted, and
//! loading a calendar opens no file.

use std::{fmt, ops::Range};

use jiff::{
    Timestamp,
    civil::{Date, DateTime, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

/// Hours in a local day as the table knows them: 0 to 23. The hour repeated in autumn is scored as
/// itself, twice; the one skipped in spring never occurs.
pub const HOURS: usize = 24;

/// How days are grouped: each class of day has its own 24 curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DayClasses {
    /// All days alike; the one class is called `any`.
    None,
    /// `working-day`, and `day-off` for Saturdays, Sundays and holidays.
    #[default]
    DayType,
    /// `monday` to `sunday`.
    DayOfWeek,
    /// `1` to `31`.
    DayOfMonth,
}

impl DayClasses {
    /// Every grouping, in the order of its number of classes.
    pub const ALL: [Self; 4] = [Self::None, Self::DayType, Self::DayOfWeek, Self::DayOfMonth];

    /// The name in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::DayType => "day-type",
            Self::DayOfWeek => "day-of-week",
            Self::DayOfMonth => "day-of-month",
        }
    }

    /// The names of the classes, in the order of their [`DayClass`] index.
    pub const fn class_names(self) -> &'static [&'static str] {
        match self {
            Self::None => &["any"],
            Self::DayType => &["working-day", "day-off"],
            Self::DayOfWeek => {
                &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
            }
            Self::DayOfMonth => &[
                "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "17",
                "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31",
            ],
        }
    }

    /// How many classes there are.
    pub const fn count(self) -> usize {
        self.class_names().len()
    }

    /// The classes themselves.
    pub fn classes(self) -> impl ExactSizeIterator<Item = DayClass> {
        (0..self.count()).map(DayClass::from_index)
    }

    /// The class of that name, if there is one.
    ///
    /// ```
    /// use knowatt_score::{DayClass, DayClasses};
    /// assert_eq!(DayClasses::DayType.class_named("day-off"), Some(DayClass(1)));
    /// assert_eq!(DayClasses::DayType.class_named("sunday"), None);
    /// ```
    pub fn class_named(self, name: &str) -> Option<DayClass> {
        self.class_names().iter().position(|&known| known == name).map(DayClass::from_index)
    }

    /// The name of a class, if this grouping has it.
    pub fn class_name(self, day: DayClass) -> Option<&'static str> {
        self.class_names().get(day.index()).copied()
    }
}

impl fmt::Display for DayClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The index of a class of days within its [`DayClasses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DayClass(pub u8);

impl DayClass {
    /// The index as a number to index with.
    pub const fn index(self) -> usize {
        self.0 as usize
    }

    /// At most 31 classes exist, so the index always fits.
    #[allow(clippy::cast_possible_truncation, reason = "indices come from a list of at most 31 names")]
    const fn from_index(index: usize) -> Self {
        Self(index as u8)
    }
}

/// One cell of the table: a class of day and a local hour, 0 to 23.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The class of the local day.
    pub day: DayClass,
    /// The local wall-clock hour, 0 to 23.
    pub hour: u8,
}

impl Slot {
    /// Its place among a table's cells, which go day class by day class, hour by hour: day · 24 + hour.
    #[inline]
    pub fn cell(self) -> usize {
        self.day.index() * HOURS + usize::from(self.hour)
    }
}

/// A zone name that is not in the IANA database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the time zone `{zone}` is not in the IANA database (a name such as Europe/Paris or Australia/Sydney is expected)"
)]
pub struct CalendarError {
    zone: String,
}

/// A calendar as files hold it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CalendarPart {
    zone: String,
    day_classes: DayClasses,
    holidays: Vec<Date>,
}

impl From<Calendar> for CalendarPart {
    fn from(calendar: Calendar) -> Self {
        let Calendar { zone: _, zone_name, day_classes, holidays } = calendar;
        Self { zone: zone_name, day_classes, holidays }
    }
}

impl TryFrom<CalendarPart> for Calendar {
    type Error = String;

    /// Refuses what the same calendar would not have been written as.
    fn try_from(part: CalendarPart) -> Result<Self, String> {
        let CalendarPart { zone, day_classes, holidays } = part;
        if !holidays.is_sorted_by(|a, b| a < b) {
            return Err("the holidays are not in order".to_owned());
        }
        let calendar = Self::new(&zone, day_classes).map_err(|error| error.to_string())?;
        if calendar.zone_name != zone {
            return Err(format!("the zone is called {}", calendar.zone_name));
        }
        Ok(calendar.with_holidays(holidays))
    }
}

/// A time zone, the way days are grouped in it, and which days are holidays.
///
/// ```
/// use knowatt_score::{Calendar, DayClasses};
///
/// let calendar = Calendar::new("Europe/Paris", DayClasses::DayType)?;
/// // 2008-10-26 is a Sunday of 25 hours: 02:00 comes twice, an hour apart, and is hour 2 both times.
/// let first = calendar.slot("2008-10-26T00:00:00Z".parse()?);
/// let second = calendar.slot("2008-10-26T01:00:00Z".parse()?);
/// assert_eq!((first.hour, second.hour), (2, 2));
/// assert_eq!(DayClasses::DayType.class_name(first.day), Some("day-off"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "CalendarPart", into = "CalendarPart")]
pub struct Calendar {
    zone: TimeZone,
    zone_name: String,
    day_classes: DayClasses,
    /// Sorted, without duplicates.
    holidays: Vec<Date>,
}

impl Calendar {
    /// A calendar without holidays in an IANA zone.
    #[allow(clippy::disallowed_methods, reason = "the one place where a zone is looked up")]
    pub fn new(zone: &str, day_classes: DayClasses) -> Result<Self, CalendarError> {
        let unknown = || CalendarError { zone: zone.escape_debug().to_string() };
        let found = TimeZone::get(zone).map_err(|_| unknown())?;
        let zone_name = found.iana_name().ok_or_else(unknown)?.to_owned();
        Ok(Self { zone: found, zone_name, day_classes, holidays: Vec::new() })
    }

    /// The same calendar with these local dates counted as days off (in [`DayClasses::DayType`]).
    #[must_use]
    pub fn with_holidays(mut self, holidays: impl IntoIterator<Item = Date>) -> Self {
        self.holidays = holidays.into_iter().collect();
        self.holidays.sort_unstable();
        self.holidays.dedup();
        self
    }

    /// The zone's rules.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The zone's IANA name.
    pub fn zone_name(&self) -> &str {
        &self.zone_name
    }

    /// How days are grouped.
    pub fn day_classes(&self) -> DayClasses {
        self.day_classes
    }

    /// The holidays, sorted.
    pub fn holidays(&self) -> &[Date] {
        &self.holidays
    }

    /// The local wall-clock time of an instant.
    pub fn local(&self, instant: Timestamp) -> DateTime {
        self.zone.to_datetime(instant)
    }

    /// The local months of rising instants: the first day of each, and which of the instants lie in it.
    ///
    /// ```
    /// use knowatt_score::{Calendar, DayClasses};
    ///
    /// let calendar = Calendar::new("Europe/Paris", DayClasses::None)?;
    /// let instants = ["2024-01-31T22:00:00Z", "2024-01-31T23:00:00Z", "2024-02-01T00:00:00Z"];
    /// let months = calendar.months(instants.map(|instant| instant.parse().unwrap()));
    /// assert_eq!(months, [("2024-01-01".parse()?, 0..1), ("2024-02-01".parse()?, 1..3)]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn months(&self, instants: impl IntoIterator<Item = Timestamp>) -> Vec<(Date, Range<usize>)> {
        let mut months: Vec<(Date, Range<usize>)> = Vec::new();
        for (at, instant) in instants.into_iter().enumerate() {
            let first_day = self.local(instant).date().first_of_month();
            match months.last_mut() {
                // Clocks that go back over the first midnight (St. John's, 2009) begin no month twice.
                Some((month, within)) if *month >= first_day => within.end = at + 1,
                _ => months.push((first_day, at..at + 1)),
            }
        }
        months
    }

    /// The class of day and the local hour of an instant.
    #[inline]
    pub fn slot(&self, instant: Timestamp) -> Slot {
        let local = self.local(instant);
        Slot { day: self.day_class(local.date()), hour: local.hour().unsigned_abs() }
    }

    /// The class of a local date.
    #[inline]
    pub fn day_class(&self, date: Date) -> DayClass {
        DayClass(match self.day_classes {
            DayClasses::None => 0,
            DayClasses::DayType => {
                let weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
                u8::from(weekend || self.holidays.binary_search(&date).is_ok())
            }
            DayClasses::DayOfWeek => date.weekday().to_monday_zero_offset().unsigned_abs(),
            DayClasses::DayOfMonth => date.day().unsigned_abs() - 1,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours_of(zone: &str, first: &str, count: i64) -> Vec<u8> {
        let calendar = Calendar::new(zone, DayClasses::None).unwrap();
        let first: Timestamp = first.parse().unwrap();
        (0..count).map(|hour| calendar.slot(first + jiff::SignedDuration::from_hours(hour)).hour).collect()
    }

    #[test]
    fn a_spring_day_has_23_hours_and_no_hour_two() {
        let hours = hours_of("Europe/Paris", "2008-03-30T00:00:00+01:00", 23);
        assert_eq!(hours[..4], [0, 1, 3, 4]);
        assert_eq!(hours[22], 23);
    }

    #[test]
    fn an_autumn_day_has_25_hours_and_hour_two_comes_twice() {
        let hours = hours_of("Europe/Paris", "2008-10-26T00:00:00+02:00", 25);
        assert_eq!(hours[..5], [0, 1, 2, 2, 3]);
        assert_eq!(hours[24], 23);
    }

    #[test]
    fn a_half_hour_zone_counts_its_own_hours() {
        assert_eq!(hours_of("Asia/Kolkata", "2024-01-01T00:00:00+05:30", 3), [0, 1, 2]);
        // The hour of an instant between the half hours is the local one.
        assert_eq!(hours_of("Asia/Kolkata", "2024-01-01T00:00:00Z", 1), [5]);
        // Lord Howe moves by half an hour: at 02:00 the clock goes back to 01:30.
        assert_eq!(hours_of("Australia/Lord_Howe", "2024-04-06T14:59:59Z", 1), [1]);
        assert_eq!(hours_of("Australia/Lord_Howe", "2024-04-06T15:00:00Z", 1), [1]);
        assert_eq!(hours_of("Australia/Lord_Howe", "2024-04-06T15:30:00Z", 1), [2]);
    }

    #[test]
    fn a_zone_that_changed_its_rules_is_read_by_the_rules_of_the_day() {
        // Moscow: UTC+4 all year from 2011, UTC+3 from 26 October 2014.
        assert_eq!(hours_of("Europe/Moscow", "2014-07-01T00:00:00Z", 1), [4]);
        assert_eq!(hours_of("Europe/Moscow", "2015-07-01T00:00:00Z", 1), [3]);
        // Samoa skipped 30 December 2011.
        let samoa = Calendar::new("Pacific/Apia", DayClasses::DayOfMonth).unwrap();
        let before = samoa.local("2011-12-30T09:59:59Z".parse().unwrap()).date();
        let after = samoa.local("2011-12-30T10:00:00Z".parse().unwrap()).date();
        assert_eq!((before.day(), after.day()), (29, 31));
    }

    #[test]
    fn holidays_are_days_off_only_where_days_have_types() {
        let day = jiff::civil::date(2024, 5, 1); // a Wednesday
        let typed = Calendar::new("Europe/Paris", DayClasses::DayType).unwrap().with_holidays([day, day]);
        assert_eq!(typed.holidays().len(), 1);
        assert_eq!(typed.day_class(day), DayClass(1));
        assert_eq!(typed.day_class(day.tomorrow().unwrap()), DayClass(0));
        let weekly = Calendar::new("Europe/Paris", DayClasses::DayOfWeek).unwrap().with_holidays([day]);
        assert_eq!(DayClasses::DayOfWeek.class_name(weekly.day_class(day)), Some("wednesday"));
        let monthly = Calendar::new("Europe/Paris", DayClasses::DayOfMonth).unwrap();
        assert_eq!(DayClasses::DayOfMonth.class_name(monthly.day_class(day)), Some("1"));
    }

    #[test]
    fn an_unknown_zone_is_refused_by_name() {
        for zone in ["Europe/Atlantis", "", "../../etc/passwd", "Europe/Paris\u{1b}[2J"] {
            let message = Calendar::new(zone, DayClasses::None).unwrap_err().to_string();
            assert!(message.contains(&zone.escape_debug().to_string()), "{message}");
            assert!(!message.contains('\u{1b}'), "{message}");
        }
        assert_eq!(Calendar::new("europe/paris", DayClasses::None).unwrap().zone_name(), "Europe/Paris");
    }

    #[test]
    fn every_class_of_every_grouping_has_a_name_that_finds_it() {
        for classes in DayClasses::ALL {
            assert_eq!(classes.classes().len(), classes.count());
            for day in classes.classes() {
                let name = classes.class_name(day).unwrap();
                assert_eq!(classes.class_named(name), Some(day));
            }
        }
    }
}
