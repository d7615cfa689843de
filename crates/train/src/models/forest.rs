//! The forest: mean and variance of √Wh by hour and day class, each predicted by a random forest; raw is how
//! many standard deviations a reading lies above the mean (see `moments`).
//!
//! Source: random forests (Breiman 2001, *Random forests*), by `smartcore`. The second forest is fitted to
//! the squares of what the first left unexplained, out of bag: a tree is asked only about readings it was
//! not grown on (Fan & Yao 1998 for the variance as a regression of squared residuals).
//!
//! - A tree splits the hours and the day classes where the readings differ; a second column with the hours
//!   counted from noon lets midnight be the inside of a piece. What hours and days have in common is
//!   found by the trees, where the z-score uses a fixed kernel.
//! - Each tree is grown on readings drawn with replacement, recent ones more often (see `recency`).
//! - As only the calendar goes in, the forests are asked once for every cell and then forgotten.
//!
//! The trees add, multiply and compare, and their generator is seeded: the same bits on every machine of one
//! word size (`smartcore` takes a 32-bit generator where words have 32 bits).

use knowatt_score::HOURS;
use smartcore::{
    ensemble::random_forest_regressor::{RandomForestRegressor, RandomForestRegressorParameters},
    linalg::basic::matrix::DenseMatrix,
};

use super::{
    Fitted, Model, Parameters,
    moments::{CellMoments, FittedMoments, Moments, root},
    recency, zscore,
};
use crate::training_set::TrainingSet;

/// Trees in each of the two forests.
const TREES: usize = 20;
/// Splits from the root to a leaf, at most.
const DEPTH: u16 = 6;
/// Readings in a leaf, at least.
const LEAF: usize = 20;
/// How many of the three columns are tried at each split.
const COLUMNS_TRIED: usize = 2;

/// Mean and spread of √Wh by two random forests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Forest;

impl Model for Forest {
    fn fit(&self, set: &TrainingSet, seed: u64) -> Box<dyn Fitted> {
        let cells = grown(set, seed).unwrap_or_else(|| zscore::cell_moments(set));
        Box::new(FittedMoments { cells, parameters: Parameters::Forest })
    }
}

/// None if the forests cannot be grown: from no readings, say.
fn grown(set: &TrainingSet, seed: u64) -> Option<CellMoments> {
    let weights = recency::weights(set);
    let x: Vec<f64> = set.rows.iter().map(|row| root(row.wh)).collect();
    let seen = columns(set.rows.iter().map(|row| row.slot.cell()))?;
    let cells = columns(0..set.calendar.day_classes().count() * HOURS)?;
    let grow = |target: &Vec<f64>, seed: u64| {
        let parameters = RandomForestRegressorParameters::default()
            .with_n_trees(TREES)
            .with_max_depth(DEPTH)
            .with_min_samples_leaf(LEAF)
            .with_m(COLUMNS_TRIED)
            .with_keep_samples(true)
            .with_seed(seed);
        RandomForestRegressor::fit_with_weights(&seen, target, &weights, parameters).ok()
    };
    let forest = grow(&x, seed)?;
    // A reading that every tree was grown on has no prediction: the whole forest's has to do.
    let (expected, in_bag) = (forest.predict_oob(&seen).ok()?, forest.predict(&seen).ok()?);
    let expected =
        expected.iter().zip(&in_bag).map(|(&out, &of_all)| if out.is_finite() { out } else { of_all });
    let squares: Vec<f64> = x.iter().zip(expected).map(|(x, mean)| (x - mean) * (x - mean)).collect();
    // Seeds of trees count up from the forest's: the second forest's lie elsewhere.
    let variances = grow(&squares, seed ^ (1 << 63))?.predict(&cells).ok()?;
    let means = forest.predict(&cells).ok()?;
    let moments = means.into_iter().zip(variances);
    let moments: Vec<Moments> =
        moments.map(|(mean, variance)| Moments { mean, spread: libm::sqrt(variance) }).collect();
    let is_usable = moments.iter().all(|cell| cell.mean.is_finite() && cell.spread.is_finite());
    is_usable.then(|| CellMoments::new(moments, Moments::of(x.iter().copied()).spread))
}

/// What the trees see of a cell: the hour, the hour counted from noon, the day class.
fn columns(cells: impl Iterator<Item = usize>) -> Option<DenseMatrix<f64>> {
    let row = |cell: usize| {
        let (day, hour) = (cell / HOURS, cell % HOURS);
        vec![hour as f64, ((hour + HOURS / 2) % HOURS) as f64, day as f64]
    };
    DenseMatrix::from_2d_vec(&cells.map(row).collect()).ok()
}

#[cfg(test)]
mod tests {
    use knowatt_score::{Calendar, DayClasses, Slot};

    use super::*;
    use crate::TrainingRow;

    /// Ten weeks of 100 Wh by night and 900 Wh by day, whose √Wh lies 0.75 and 2 above and below by turns.
    fn home() -> TrainingSet {
        let calendar = Calendar::new("UTC", DayClasses::None).unwrap();
        let day = calendar.day_classes().classes().next().unwrap();
        let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let row = |at: u32| {
            let hour = u8::try_from(at % 24).unwrap();
            let (root, spread) = if (8..20).contains(&hour) { (30.0, 2.0) } else { (10.0, 0.75) };
            let sign = if (at / 24).is_multiple_of(2) { 1.0 } else { -1.0 };
            let root: f64 = root + sign * spread;
            TrainingRow {
                start: start + jiff::SignedDuration::from_hours(i64::from(at)),
                slot: Slot { day, hour },
                wh: root * root,
                week: at / 168,
            }
        };
        TrainingSet { rows: (0..70 * 24).map(row).collect(), calendar }
    }

    #[test]
    fn trees_find_the_hours_at_which_use_changes() {
        let grown = grown(&home(), 0).unwrap();
        for hour in 0..24 {
            let (mean, spread) = if (8..20).contains(&hour) { (30.0, 2.0) } else { (10.0, 0.75) };
            let cell = grown.cells()[hour];
            assert!((cell.mean - mean).abs() < 0.3, "{hour}: {cell:?}");
            // Each spread is moved a little towards that of all cells.
            assert!((cell.spread - spread).abs() < 0.2, "{hour}: {cell:?}");
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(grown(&home(), 7), grown(&home(), 7));
        assert_ne!(grown(&home(), 7), grown(&home(), 8));
    }

    #[test]
    fn no_readings_are_no_panic() {
        let set = TrainingSet { rows: Vec::new(), ..home() };
        let slot = home().rows[0].slot;
        assert!(Forest.fit(&set, 0).raw(slot, 100.0).is_finite());
    }
}
