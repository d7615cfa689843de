//! The z-score: how many standard deviations √Wh lies above the mean of its cell.
//!
//! Mean and variance are weighted moments, with a normal kernel over the hours around and a lower weight
//! for other day classes (see `neighbours`): local-constant regression of mean and variance (Nadaraya
//! 1964, Watson 1964; Fan & Yao 1998 for the variance). Recent readings count more (see `recency`).

use knowatt_score::HOURS;

use super::{
    Fitted, Model, Parameters,
    moments::{CellMoments, FittedMoments, Moments, root},
    neighbours::borrowed,
    recency,
};
use crate::training_set::TrainingSet;

/// Bandwidth of the kernel over the hours.
const BANDWIDTH_HOURS: f64 = 0.7;
/// A cell that sees less than this, by weight, has not been seen.
const LEAST_SEEN: f64 = 0.5;

/// Mean and standard deviation of √Wh in each cell.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZScore;

impl Model for ZScore {
    fn fit(&self, set: &TrainingSet, _seed: u64) -> Box<dyn Fitted> {
        let cells = cell_moments(set);
        Box::new(FittedMoments { cells, parameters: Parameters::ZScore })
    }
}

/// Each cell's moments, which are also what other models fall back on where their own fit fails.
pub(super) fn cell_moments(set: &TrainingSet) -> CellMoments {
    let mut sums = vec![0.0; set.calendar.day_classes().count() * HOURS * 3];
    for (row, weight) in set.rows.iter().zip(recency::weights(set)) {
        let x = root(row.wh);
        let at = row.slot.cell() * 3;
        for (sum, term) in sums[at..at + 3].iter_mut().zip([weight, weight * x, weight * x * x]) {
            *sum += term;
        }
    }
    let (seen, all) = borrowed(&sums, 3, BANDWIDTH_HOURS);
    let all_or = |sums: &Vec<f64>| Moments::of_sums(if sums[0] < LEAST_SEEN { &all } else { sums });
    CellMoments::new(seen.iter().map(all_or).collect(), Moments::of_sums(&all).spread)
}
