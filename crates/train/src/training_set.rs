//! Readings with their place in the calendar.

use jiff::Timestamp;
use knowatt_readings::Readings;
use knowatt_score::{Calendar, Feature, Recent, Slot};

/// The fewest days with readings that a model is trained on: three weeks, of which some can be held out and some
/// are left.
pub const LEAST_DAYS: usize = 21;

/// A reading with the cell of the table it belongs to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrainingRow {
    /// Start of the hour.
    pub start: Timestamp,
    /// Its day class and local hour.
    pub slot: Slot,
    /// Energy in Wh: the reading, or a feature of it and the hours before.
    pub wh: f64,
    /// Which seven local days, counted from the first reading's day, it belongs to: the weeks that have
    /// readings are numbered from 0, without gaps.
    pub week: u32,
}

/// Rows in order of time, with the calendar that placed them.
#[derive(Debug, Clone)]
pub struct TrainingSet {
    /// The calendar.
    pub calendar: Calendar,
    /// The rows.
    pub rows: Vec<TrainingRow>,
}

impl TrainingSet {
    /// Places readings in a calendar.
    pub fn new(readings: &Readings, calendar: Calendar) -> Self {
        let first = readings.rows.first().map(|reading| calendar.local(reading.start).date());
        let (mut weeks, mut last) = (0, None);
        let row = |reading: &knowatt_readings::Reading| {
            let date = calendar.local(reading.start).date();
            let week = first.map_or(0, |first| date.duration_since(first).as_hours() / (24 * 7));
            if last.replace(week) != Some(week) {
                weeks += 1;
            }
            TrainingRow {
                start: reading.start,
                slot: calendar.slot(reading.start),
                wh: reading.wh,
                week: weeks - 1,
            }
        };
        let rows = readings.rows.iter().map(row).collect();
        Self { calendar, rows }
    }

    /// The same rows with a feature's value in place of the reading, where there is one.
    #[must_use]
    pub fn of(&self, feature: Feature) -> Self {
        let mut recent = Recent::default();
        let value = |row: &TrainingRow| {
            recent.push(row.start, row.wh);
            Some(TrainingRow { wh: recent.value(feature)?, ..*row })
        };
        Self { calendar: self.calendar.clone(), rows: self.rows.iter().filter_map(value).collect() }
    }

    /// The rows that satisfy a condition, with the same calendar.
    #[must_use]
    pub fn filtered(&self, keep: impl Fn(&TrainingRow) -> bool) -> Self {
        let rows = self.rows.iter().filter(|row| keep(row)).copied().collect();
        Self { calendar: self.calendar.clone(), rows }
    }

    /// How many different local days have readings.
    pub fn days(&self) -> usize {
        let mut days: Vec<_> = self.rows.iter().map(|row| self.calendar.local(row.start).date()).collect();
        days.dedup();
        days.len()
    }
}
