//! The score table: one curve for each class of day and hour, for each feature.

use jiff::Timestamp;

use crate::{
    calendar::{Calendar, DayClass, HOURS, Slot},
    curve::Curve,
    feature::{Feature, Recent},
};

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

/// Curves that make no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// Curves and calendar do not fit.
    #[error(
        "the calendar needs {expected} curves for the {feature}, one for each day class and hour, not {found}"
    )]
    Cells {
        /// What the curves are for.
        feature: Feature,
        /// How many cells the calendar has.
        expected: usize,
        /// How many curves there are.
        found: usize,
    },
    /// The level is not first, a feature comes twice or out of order, or a floor has an impossible length.
    #[error(
        "the sets of curves must be the level, then floors over 2 to {max} hours, shortest first, then the step, then rises over 1 to {max} hours; the {0} is out of place",
        max = Feature::MAX_HOURS
    )]
    Order(Feature),
    /// There is no set of curves at all.
    #[error("there are no curves for the level")]
    NoLevel,
}

/// A reading's score and what would have been normal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// What alerts when above 1.0: the largest of level, floor, step and rise.
    pub score: f64,
    /// The feature whose score that is; of equals the first.
    pub feature: Feature,
    /// The score of the hour by itself.
    pub level: f64,
    /// The highest score of the floors; none without floors in the table, or without the hours before.
    pub floor: Option<f64>,
    /// The score of the step from the hour before; none likewise.
    pub step: Option<f64>,
    /// The highest score of the rises over the day before; none likewise.
    pub rise: Option<f64>,
    /// The low edge of normal in that slot, in Wh (score 0).
    pub expected_low_wh: f64,
    /// The high edge of normal in that slot, in Wh (score 1).
    pub expected_high_wh: f64,
}

/// The curves of one feature: `curves[day · 24 + hour]`.
#[derive(Debug, Clone, PartialEq)]
pub struct CurveSet {
    /// What the curves take.
    pub feature: Feature,
    /// Day class by day class, hour by hour.
    pub curves: Vec<Curve>,
}

/// What is normal: a curve from Wh to score for each class of day and hour of a [`Calendar`], for the
/// level and for any further [`Feature`]s.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreTable {
    calendar: Calendar,
    /// `level[day · 24 + hour]`.
    level: Box<[Curve]>,
    /// The Wh at the edges of normal, score 0 and score 1, likewise.
    normal_wh: Box<[(f64, f64)]>,
    /// The sets after the level, in the order of their features.
    further: Box<[CurveSet]>,
}

impl ScoreTable {
    /// A table of the level alone, from its curves in the order day class by day class, hour by hour.
    pub fn new(calendar: Calendar, level: Vec<Curve>) -> Result<Self, TableError> {
        Self::with_features(calendar, vec![CurveSet { feature: Feature::Level, curves: level }])
    }

    /// A table from its sets of curves, each feature once: the level, floors from the shortest to the
    /// longest, the step, rises from the shortest to the longest.
    pub fn with_features(calendar: Calendar, sets: Vec<CurveSet>) -> Result<Self, TableError> {
        let expected = calendar.day_classes().count() * HOURS;
        let mut before = None;
        for CurveSet { feature, curves } in &sets {
            let is_first = *feature == Feature::Level;
            if !feature.is_possible()
                || is_first != before.is_none()
                || before.is_some_and(|before| before >= *feature)
            {
                return Err(TableError::Order(*feature));
            }
            if curves.len() != expected {
                return Err(TableError::Cells { feature: *feature, expected, found: curves.len() });
            }
            before = Some(*feature);
        }
        let mut sets = sets.into_iter();
        let level = sets.next().ok_or(TableError::NoLevel)?.curves.into_boxed_slice();
        let normal_wh = level.iter().map(|curve| (curve.wh(0.0), curve.wh(1.0))).collect();
        Ok(Self { calendar, level, normal_wh, further: sets.collect() })
    }

    /// The calendar that finds an instant's slot.
    pub fn calendar(&self) -> &Calendar {
        &self.calendar
    }

    /// Every slot with its curve for the level, in order.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = (Slot, &Curve)> {
        cells(&self.level)
    }

    /// Every feature with its cells, the level first.
    pub fn features(&self) -> impl Iterator<Item = (Feature, impl ExactSizeIterator<Item = (Slot, &Curve)>)> {
        let level = std::iter::once((Feature::Level, &*self.level));
        let further = self.further.iter().map(|set| (set.feature, &*set.curves));
        level.chain(further).map(|(feature, curves)| (feature, cells(curves)))
    }

    /// The curve of a slot, for the level.
    #[inline]
    pub fn curve(&self, slot: Slot) -> Result<&Curve, ScoreError> {
        if usize::from(slot.hour) >= HOURS {
            return Err(ScoreError::UnknownHour(slot.hour));
        }
        self.level.get(slot.cell()).ok_or(ScoreError::UnknownDay(slot.day.0))
    }

    /// The score of a reading of `wh` in a slot, by itself: the level, which is the talk's function.
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

    /// The score of a reading of `wh` in the hour that holds `instant`, by itself.
    #[inline]
    pub fn score_at(&self, instant: Timestamp, wh: f64) -> Result<f64, ScoreError> {
        self.score(self.calendar.slot(instant), wh)
    }

    /// The score of the next reading of a meter, whose last hours are `recent`; the reading becomes the
    /// newest of them. One that has no score is not taken.
    ///
    /// ```
    /// # use knowatt_score::*;
    /// # let curve = |high| Curve::new(vec![Knot { wh: 0.0, score: 0.0 }, Knot { wh: high, score: 1.0 }]).unwrap();
    /// # let calendar = Calendar::new("UTC", DayClasses::None)?;
    /// # let sets = [(Feature::Level, 1000.0), (Feature::Floor { hours: 3 }, 400.0)]
    /// #     .map(|(feature, high)| CurveSet { feature, curves: vec![curve(high); 24] });
    /// # let table = ScoreTable::with_features(calendar, sets.to_vec())?;
    /// // Up to 1000 Wh in an hour is normal here, but no more than 400 Wh in each of three on end.
    /// let mut recent = Recent::default();
    /// let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse()?;
    /// let hour = jiff::SignedDuration::from_hours(1);
    /// assert_eq!(table.assess(start, 800.0, &mut recent)?.score, 0.8);
    /// assert_eq!(table.assess(start + hour, 800.0, &mut recent)?.score, 0.8);
    /// assert_eq!(table.assess(start + hour * 2, 800.0, &mut recent)?.score, 2.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn assess(&self, start: Timestamp, wh: f64, recent: &mut Recent) -> Result<Scored, ScoreError> {
        let slot = self.calendar.slot(start);
        let level = self.score(slot, wh)?;
        let cell = slot.cell();
        recent.push(start, wh);
        let (mut floor, mut step, mut rise) = (None, None, None);
        let (mut score, mut feature) = (level, Feature::Level);
        for set in &self.further {
            let Some(value) = recent.value(set.feature) else { continue };
            let of_set = set.curves[cell].score(value);
            let kind = match set.feature {
                Feature::Level | Feature::Floor { .. } => &mut floor,
                Feature::Step => &mut step,
                Feature::Rise { .. } => &mut rise,
            };
            *kind = Some(kind.map_or(of_set, |highest: f64| highest.max(of_set)));
            if of_set > score {
                (score, feature) = (of_set, set.feature);
            }
        }
        let (expected_low_wh, expected_high_wh) = self.normal_wh[cell];
        Ok(Scored { score, feature, level, floor, step, rise, expected_low_wh, expected_high_wh })
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

/// Each of a set's curves with its slot.
fn cells(curves: &[Curve]) -> impl ExactSizeIterator<Item = (Slot, &Curve)> {
    curves.iter().enumerate().map(|(index, curve)| {
        #[allow(clippy::cast_possible_truncation, reason = "at most 31 classes of 24 hours")]
        let slot = Slot { day: DayClass((index / HOURS) as u8), hour: (index % HOURS) as u8 };
        (slot, curve)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DayClasses, INTERVAL_S, Knot};

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
        let high = |instant: &str| {
            table.assess(instant.parse().unwrap(), 1.0, &mut Recent::default()).unwrap().expected_high_wh
        };
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
        assert_eq!(
            message,
            "the calendar needs 48 curves for the level, one for each day class and hour, not 24"
        );
    }

    /// A table with one curve from 0 to `high` Wh for all cells of each feature.
    fn featured(highs: &[(Feature, f64)]) -> Result<ScoreTable, TableError> {
        let sets = highs.iter().map(|&(feature, high)| {
            let knots = vec![Knot { wh: 0.0, score: 0.0 }, Knot { wh: high, score: 1.0 }];
            CurveSet { feature, curves: vec![Curve::new(knots).unwrap(); HOURS] }
        });
        ScoreTable::with_features(Calendar::new("UTC", DayClasses::None).unwrap(), sets.collect())
    }

    const FLOOR: Feature = Feature::Floor { hours: 2 };

    #[test]
    fn the_score_is_the_largest_of_level_floor_and_step_and_says_each() {
        let table = featured(&[(Feature::Level, 1000.0), (FLOOR, 100.0), (Feature::Step, 50.0)]).unwrap();
        let mut recent = Recent::default();
        let mut assess = |hour: i64, wh: f64| {
            let start = Timestamp::from_second(hour * i64::from(INTERVAL_S)).unwrap();
            let Scored { score, level, floor, step, .. } = table.assess(start, wh, &mut recent).unwrap();
            (score, level, floor, step)
        };
        assert_eq!(assess(0, 500.0), (0.5, 0.5, None, None));
        assert_eq!(assess(1, 300.0), (3.0, 0.3, Some(3.0), Some(0.0)));
        assert_eq!(assess(2, 500.0), (4.0, 0.5, Some(3.0), Some(4.0)));
        assert_eq!(assess(4, 500.0), (0.5, 0.5, None, None), "03:00 is missing");
    }

    #[test]
    fn a_reading_that_has_no_score_is_not_remembered() {
        let table = featured(&[(Feature::Level, 1000.0), (FLOOR, 100.0)]).unwrap();
        let mut recent = Recent::default();
        table.assess(Timestamp::UNIX_EPOCH, 500.0, &mut recent).unwrap();
        let before = recent.clone();
        let next = Timestamp::from_second(i64::from(INTERVAL_S)).unwrap();
        assert!(table.assess(next, f64::NAN, &mut recent).is_err());
        assert_eq!(recent, before);
    }

    #[test]
    fn features_out_of_order_are_refused() {
        let level = (Feature::Level, 1.0);
        let floor = |hours| (Feature::Floor { hours }, 1.0);
        let rise = |hours| (Feature::Rise { hours }, 1.0);
        for sets in [
            &[][..],
            &[floor(3)],
            &[level, level],
            &[floor(3), level],
            &[level, floor(6), floor(3)],
            &[level, floor(3), floor(3)],
            &[level, (Feature::Step, 1.0), floor(3)],
            &[level, rise(0)],
            &[level, rise(25)],
            &[level, rise(1), (Feature::Step, 1.0)],
            &[level, floor(1)],
            &[level, floor(25)],
        ] {
            assert!(featured(sets).is_err(), "{sets:?}");
        }
        assert!(featured(&[level, floor(2), floor(24), (Feature::Step, 1.0), rise(1), rise(24)]).is_ok());
    }
}
