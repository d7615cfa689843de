//! The score table: one curve for each class of day and hour.

use jiff::Timestamp;

use crate::{
    calendar::{Calendar, DayClass, HOURS, Slot},
    curve::Curve,
};

/// The length of the interval that a reading covers, in seconds.
pub const INTERVAL_S: u32 = 3600;

/// Why a reading has no score.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScoreError {
    /// The table's calendar has no such class of day.
    #[error("there is no day class {0} in this table")]
    UnknownDay(u8),
    /// Hours are 0 to 23.
    #[error("there is no hour {0}: hours are 0 to 23")]
    UnknownHour(u8),
    /// NaN, infinite or negative.
    #[error("a reading is a finite number of Wh, 0 or more, not {0}")]
    NotEnergy(f64),
}

/// Why a whole column was not scored.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ColumnError {
    /// The columns differ in length.
    #[error("the columns differ in length")]
    Length,
    /// A row has no score; the rows before it were scored.
    #[error("row {row}: {error}")]
    Row {
        /// Index of the row.
        row: usize,
        /// What is wrong with it.
        error: ScoreError,
    },
}

/// Curves and calendar that do not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the calendar needs {expected} curves, one for each day class and hour, not {found}")]
pub struct TableError {
    expected: usize,
    found: usize,
}

/// A reading's score and what would have been normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// What alerts when above 1.0.
    pub score: f64,
    /// The score of the hour by itself.
    pub level: f64,
    /// The low edge of normal in that slot, in Wh (score 0).
    pub expected_low_wh: f64,
    /// The high edge of normal in that slot, in Wh (score 1).
    pub expected_high_wh: f64,
}

/// What is normal: a curve from Wh to score for each class of day and hour of a [`Calendar`].
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTable {
    calendar: Calendar,
    /// `level[day · 24 + hour]`.
    level: Box<[Curve]>,
}

impl ScoreTable {
    /// A table from its curves in the order day class by day class, hour by hour.
    pub fn new(calendar: Calendar, level: Vec<Curve>) -> Result<Self, TableError> {
        let expected = calendar.day_classes().count() * HOURS;
        if level.len() != expected {
            return Err(TableError { expected, found: level.len() });
        }
        Ok(Self { calendar, level: level.into_boxed_slice() })
    }

    /// The calendar that finds an instant's slot.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Every slot with its curve, in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = (Slot, &Curve)> {
        self.level.iter().enumerate().map(|(index, curve)| {
            #[allow(clippy::cast_possible_truncation, reason = "at most 31 classes of 24 hours")]
            let slot = Slot { day: DayClass((index / HOURS) as u8), hour: (index % HOURS) as u8 };
            (slot, curve)
        })
    }

    /// The curve of a slot.
    #[inline]
    pub fn curve(&self, slot: Slot) -> Result<&Curve, ScoreError> {
        if usize::from(slot.hour) >= HOURS {
            return Err(ScoreError::UnknownHour(slot.hour));
        }
        self.level
            .get(slot.day.index() * HOURS + usize::from(slot.hour))
            .ok_or(ScoreError::UnknownDay(slot.day.0))
    }

    /// The score of a reading of `wh` in a slot: the talk's function.
    ///
    /// ```
    /// # use knowatt_score::*;
    /// # let knots = vec![Knot { wh: 108.0, score: 0.0 }, Knot { wh: 363.0, score: 1.0 }];
    /// # let calendar = Calendar::new("UTC", DayClasses::None)?;
    /// # let table = ScoreTable::new(calendar, vec![Curve::new(knots)?; 24])?;
    /// let at_four = Slot { day: DayClass(0), hour: 4 };
    /// assert_eq!(format!("{:.4}", table.score(at_four, 1500.0)?), "5.4588");
    /// assert!(table.score(at_four, f64::NAN).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn score(&self, slot: Slot, wh: f64) -> Result<f64, ScoreError> {
        let curve = self.curve(slot)?;
        if !(0.0..=f64::MAX).contains(&wh) {
            return Err(ScoreError::NotEnergy(wh));
        }
        Ok(curve.score(wh))
    }

    /// The score of a reading of `wh` in the hour that holds `instant`.
    #[inline]
    pub fn score_at(&self, instant: Timestamp, wh: f64) -> Result<f64, ScoreError> {
        self.score(self.calendar.slot(instant), wh)
    }

    /// The score of a reading with the range that would have been normal.
    pub fn assess(&self, instant: Timestamp, wh: f64) -> Result<Scored, ScoreError> {
        let slot = self.calendar.slot(instant);
        let level = self.score(slot, wh)?;
        let curve = self.curve(slot)?;
        Ok(Scored { score: level, level, expected_low_wh: curve.wh(0.0), expected_high_wh: curve.wh(1.0) })
    }

    /// Scores columns of day class, hour and Wh, row by row, into `scores`.
    ///
    /// All four have the same length. Stops at the first row without a score.
    pub fn score_columns(
        &self,
        days: &[DayClass],
        hours: &[u8],
        wh: &[f64],
        scores: &mut [f64],
    ) -> Result<(), ColumnError> {
        if [days.len(), hours.len(), wh.len()] != [scores.len(); 3] {
            return Err(ColumnError::Length);
        }
        let rows = days.iter().zip(hours).zip(wh).zip(scores).enumerate();
        for (row, (((&day, &hour), &wh), score)) in rows {
            *score = self.score(Slot { day, hour }, wh).map_err(|error| ColumnError::Row { row, error })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DayClasses, Knot};

    /// A table in which every cell is another: the high edge of class d, hour h is 1000·(d + 1) + h.
    fn table(zone: &str, classes: DayClasses) -> ScoreTable {
        let calendar = Calendar::new(zone, classes).unwrap();
        let level = (0..classes.count() * HOURS)
            .map(|cell| {
                let high = (1000 * (cell / HOURS + 1) + cell % HOURS) as f64;
                Curve::new(vec![Knot { wh: 0.0, score: 0.0 }, Knot { wh: high, score: 1.0 }]).unwrap()
            })
            .collect();
        ScoreTable::new(calendar, level).unwrap()
    }

    #[test]
    fn the_repeated_autumn_hour_is_scored_twice_in_its_own_hour() {
        let table = table("Europe/Paris", DayClasses::DayType);
        let high = |instant: &str| table.assess(instant.parse().unwrap(), 1.0).unwrap().expected_high_wh;
        assert_eq!(high("2008-10-26T00:00:00Z"), 2002.0);
        assert_eq!(high("2008-10-26T01:00:00Z"), 2002.0);
        assert_eq!(high("2008-10-26T02:00:00Z"), 2003.0);
        assert_eq!(high("2008-10-27T02:00:00Z"), 1003.0); // Monday, a working day
    }

    #[test]
    fn what_is_no_reading_has_no_score() {
        let table = table("UTC", DayClasses::DayType);
        let slot = |day, hour| Slot { day: DayClass(day), hour };
        assert_eq!(table.score(slot(2, 0), 1.0), Err(ScoreError::UnknownDay(2)));
        assert_eq!(table.score(slot(255, 23), 1.0), Err(ScoreError::UnknownDay(255)));
        assert_eq!(table.score(slot(0, 24), 1.0), Err(ScoreError::UnknownHour(24)));
        for wh in [-1.0, f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
            assert!(matches!(table.score(slot(0, 0), wh), Err(ScoreError::NotEnergy(_))), "{wh}");
        }
        assert_eq!(table.score(slot(0, 0), -0.0), Ok(0.0));
        assert!(table.score(slot(1, 23), f64::MAX).unwrap().is_finite());
    }

    #[test]
    fn a_column_gives_what_single_readings_give_and_names_the_row_that_fails() {
        let table = table("UTC", DayClasses::DayType);
        let days = [0, 1, 1].map(DayClass);
        let (hours, wh) = ([0, 5, 23], [10.0, 2e3, 1e6]);
        let mut scores = [f64::NAN; 3];
        table.score_columns(&days, &hours, &wh, &mut scores).unwrap();
        for row in 0..3 {
            assert_eq!(Ok(scores[row]), table.score(Slot { day: days[row], hour: hours[row] }, wh[row]));
        }
        let error = table.score_columns(&days, &[0, 5, 24], &wh, &mut scores).unwrap_err();
        assert_eq!(error, ColumnError::Row { row: 2, error: ScoreError::UnknownHour(24) });
        assert_eq!(table.score_columns(&days, &hours[..2], &wh, &mut scores), Err(ColumnError::Length));
    }

    #[test]
    fn a_table_without_a_curve_for_each_cell_is_refused() {
        let calendar = Calendar::new("UTC", DayClasses::DayType).unwrap();
        let curve = Curve::new(vec![Knot { wh: 0.0, score: 0.0 }, Knot { wh: 1.0, score: 1.0 }]).unwrap();
        let message = ScoreTable::new(calendar, vec![curve; 24]).unwrap_err().to_string();
        assert_eq!(message, "the calendar needs 48 curves, one for each day class and hour, not 24");
    }
}
