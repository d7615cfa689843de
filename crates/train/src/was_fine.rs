//! Readings that alerted and were fine: the table holds them normal from now on.
//!
//! Such a reading is learned like any other. Then, for each feature whose curve gives it more than 1.0,
//! the part of its slot's curve above the low edge of normal is drawn out in Wh, evenly, just so far that
//! 1.0 comes to lie at the reading. What was between the edges stays between them, and what lies beyond the
//! reading still alerts. As the Wh alone move, the curve is as true to the model drawn out likewise as it
//! was to the model: the error of distillation holds. Other slots keep their curves; why is in
//! `docs/decisions/0005-an-alert-that-was-fine.md`.

use jiff::Timestamp;
use knowatt_score::{Curve, CurveError, CurveSet, Feature, Knot, ScoreTable, TableError};

use crate::training_set::TrainingSet;

/// Why a reading could not be held normal.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WasFineError {
    /// It is not among the readings.
    #[error(
        "no hour that is learned starts at {at}, which is to be normal; the nearest starts at {nearest}. Give the times that `knowatt score` prints, and inputs that hold them"
    )]
    NoReading {
        /// The instant given.
        at: Timestamp,
        /// The start of the nearest hour.
        nearest: Timestamp,
    },
    /// Its curve cannot be drawn out so far.
    #[error(
        "the reading of {at} cannot be made normal: its hour's curve for the {feature} would not be one ({error}). Leave it out, or ask for fewer alerts"
    )]
    Curve {
        /// Start of the reading's hour.
        at: Timestamp,
        /// What the curve is for.
        feature: Feature,
        /// What is wrong with it.
        error: CurveError,
    },
    /// The curves do not fill the table: a defect of this program.
    #[error(transparent)]
    Table(#[from] TableError),
}

/// Sees to it that each instant is the start of a reading's hour; the set is not empty.
pub(crate) fn check(set: &TrainingSet, starts: &[Timestamp]) -> Result<(), WasFineError> {
    for &at in starts {
        let distance = |start: Timestamp| at.duration_since(start).abs();
        let nearest = set.rows.iter().map(|row| row.start).min_by_key(|&start| distance(start));
        if let Some(nearest) = nearest.filter(|&nearest| nearest != at) {
            return Err(WasFineError::NoReading { at, nearest });
        }
    }
    Ok(())
}

/// The table in which the readings that start then score no more than 1.0, by any feature they have.
pub(crate) fn hold_normal(
    table: ScoreTable,
    set: &TrainingSet,
    starts: &[Timestamp],
) -> Result<ScoreTable, WasFineError> {
    if starts.is_empty() {
        return Ok(table);
    }
    let mut sets = Vec::new();
    for (feature, cells) in table.features() {
        let (slots, mut curves): (Vec<_>, Vec<_>) = cells.map(|(slot, curve)| (slot, curve.clone())).unzip();
        let values = set.of(feature);
        for &at in starts {
            // A feature may be missing, for want of the hours before.
            let Ok(row) = values.rows.binary_search_by_key(&at, |row| row.start) else { continue };
            let row = values.rows[row];
            for (_, curve) in slots.iter().zip(&mut curves).filter(|(slot, _)| **slot == row.slot) {
                *curve =
                    drawn_out(curve, row.wh).map_err(|error| WasFineError::Curve { at, feature, error })?;
            }
        }
        sets.push(CurveSet { feature, curves });
    }
    Ok(ScoreTable::with_features(table.calendar().clone(), sets)?)
}

/// The curve with 1.0 at `value`, if that scores more now.
fn drawn_out(curve: &Curve, value: f64) -> Result<Curve, CurveError> {
    if curve.score(value) <= 1.0 {
        return Ok(curve.clone());
    }
    let (low, high) = (curve.wh(0.0), curve.wh(1.0));
    let factor = (value - low) / (high - low);
    // Where the line bends from now on, and a knot on each side lest it bend beyond the knots there are.
    let added = [0.0, low, high, 2.0 * high].map(|wh| Knot { wh, score: curve.score(wh) });
    let mut knots: Vec<Knot> = curve.knots().iter().copied().chain(added).collect();
    knots.sort_by(|a, b| a.wh.total_cmp(&b.wh));
    for knot in &mut knots {
        if knot.wh == high {
            *knot = Knot { wh: value, score: 1.0 };
        } else if knot.wh > low {
            knot.wh = low + (knot.wh - low) * factor;
        }
    }
    knots.dedup_by_key(|knot| knot.wh);
    Curve::new(knots)
}

/// What the model file says of it.
pub(crate) fn option(starts: &[Timestamp]) -> Option<(String, String)> {
    let starts: Vec<_> = starts.iter().map(Timestamp::to_string).collect();
    (!starts.is_empty()).then(|| ("was_fine".to_owned(), starts.join(",")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        Curve::new(points.iter().map(|&(wh, score)| Knot { wh, score }).collect()).unwrap()
    }

    #[test]
    fn what_is_above_the_low_edge_is_drawn_out_evenly() {
        let old = curve(&[(0.0, -1.0), (200.0, 0.0), (400.0, 0.8), (500.0, 1.0), (1000.0, 3.0)]);
        let new = drawn_out(&old, 800.0).unwrap();
        for (wh, before) in [(100.0, 100.0), (200.0, 200.0), (600.0, 400.0), (800.0, 500.0), (1400.0, 800.0)]
        {
            assert!((new.score(wh) - old.score(before)).abs() < 1e-12, "{wh}");
        }
        assert_eq!(new.score(800.0), 1.0);
        assert_eq!(drawn_out(&old, 500.0).unwrap(), old, "normal already");
    }

    #[test]
    fn an_hour_in_which_nothing_at_all_is_normal_cannot_be_drawn_out() {
        assert!(drawn_out(&curve(&[(0.0, 1.5), (10.0, 2.0)]), 5.0).is_err());
        assert!(drawn_out(&curve(&[(0.0, 0.0), (1e-9, 1.0), (10.0, 2.0)]), 1e9).is_err());
    }

    proptest! {
        #[test]
        fn the_reading_scores_1_what_is_below_the_low_edge_as_before_and_nothing_more(
            start in 0.0..500.0_f64,
            lowest in -3.0..0.9_f64,
            steps in prop::collection::vec((0.01..900.0_f64, 0.0..0.7_f64), 1..12),
            end in (0.01..900.0_f64, 0.001..0.7_f64),
            beyond in 0.001..5000.0_f64,
            others in prop::collection::vec(0.0..9000.0_f64, 40),
        ) {
            let mut points = vec![(start, lowest)];
            for (wh, score) in steps.into_iter().chain([end]) {
                let last = points[points.len() - 1];
                points.push((last.0 + wh, last.1 + score));
            }
            let old = curve(&points);
            prop_assume!(old.wh(1.0) > old.wh(0.0));
            let value = old.wh(1.0) + beyond;
            let new = drawn_out(&old, value).unwrap();
            prop_assert_eq!(new.score(value), 1.0);
            prop_assert!(new.score(1.5 * value) > 1.0);
            for wh in others {
                prop_assert!(new.score(wh) <= old.score(wh) + 1e-9);
                if wh <= old.wh(0.0) {
                    prop_assert!((new.score(wh) - old.score(wh)).abs() < 1e-9);
                }
            }
        }
    }
}
