//! The z-score: how many standard deviations √Wh lies above the mean of its cell.
//!
//! Mean and variance are weighted moments, with a normal kernel over the hours around and a lower weight
//! for other day classes (see `neighbours`): local-constant regression of mean and variance (Nadaraya
//! 1964, Watson 1964; Fan & Yao 1998 for the variance). The square root makes the spread of a load nearly
//! the same at every level of it, as for counts (Bartlett 1936). Recent readings count more, for homes
//! drift: a reading's weight halves every month.

use knowatt_score::{HOURS, Slot};
use serde::{Deserialize, Serialize};

use super::{Fitted, Model, Parameters, neighbours::borrowed};
use crate::{normal::upper_quantile, training_set::TrainingSet};

/// Bandwidth of the kernel over the hours.
const BANDWIDTH_HOURS: f64 = 0.7;
/// A reading's weight halves in so many days.
const HALF_LIFE_DAYS: f64 = 30.0;
/// Each cell's standard deviation is moved so far towards that of all cells.
const SHRINKAGE: f64 = 0.1;
/// No cell's standard deviation is less than this fraction of that of all readings …
const LEAST_FRACTION: f64 = 0.05;
/// … nor than this, in √Wh: 5 Wh at 100 Wh.
const LEAST_SPREAD: f64 = 0.25;
/// Added to Wh before the root is taken, whose slope is endless at 0.
const OFFSET_WH: f64 = 1.0;
/// The low edge of normal: the fraction of readings below it, were they normal.
const LOW_TAIL: f64 = 0.05;
/// A cell that sees less than this, by weight, has not been seen.
const LEAST_SEEN: f64 = 0.5;

/// Mean and standard deviation of √Wh in each cell.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZScore;

/// A cell's mean and standard deviation, in √Wh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Moments {
    mean: f64,
    spread: f64,
}

/// A fitted [`ZScore`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedZScore {
    /// `cells[day · 24 + hour]`.
    cells: Vec<Moments>,
}

impl Model for ZScore {
    fn fit(&self, set: &TrainingSet, _seed: u64) -> Box<dyn Fitted> {
        let cells = set.calendar.day_classes().count() * HOURS;
        let newest = set.rows.last().map(|row| row.start);
        let mut sums = vec![0.0; cells * 3];
        for row in &set.rows {
            let age = newest.map_or(0.0, |newest| newest.duration_since(row.start).as_secs_f64() / 86_400.0);
            let weight = libm::exp2(-age / HALF_LIFE_DAYS);
            let x = root(row.wh);
            let at = (row.slot.day.index() * HOURS + usize::from(row.slot.hour)) * 3;
            for (sum, term) in sums[at..at + 3].iter_mut().zip([weight, weight * x, weight * x * x]) {
                *sum += term;
            }
        }
        let (seen, all) = borrowed(&sums, 3, BANDWIDTH_HOURS);
        let least = (LEAST_FRACTION * moments(&all).spread).max(LEAST_SPREAD);
        let mut cells: Vec<Moments> =
            seen.iter().map(|sums| moments(if sums[0] < LEAST_SEEN { &all } else { sums })).collect();
        let typical =
            libm::sqrt(cells.iter().map(|cell| cell.spread * cell.spread).sum::<f64>() / cells.len() as f64);
        for cell in &mut cells {
            cell.spread = ((1.0 - SHRINKAGE) * cell.spread + SHRINKAGE * typical).max(least);
        }
        Box::new(FittedZScore { cells })
    }
}

fn root(wh: f64) -> f64 {
    libm::sqrt(wh + OFFSET_WH)
}

/// Mean and standard deviation from the sums of weights, values and squares.
fn moments(sums: &[f64]) -> Moments {
    let weight = sums[0].max(f64::MIN_POSITIVE);
    let mean = sums[1] / weight;
    Moments { mean, spread: libm::sqrt((sums[2] / weight - mean * mean).max(0.0)) }
}

impl FittedZScore {
    pub(super) fn is_sound(&self, cells: usize) -> bool {
        let is_sound = |cell: &Moments| cell.mean.is_finite() && cell.spread.is_finite() && cell.spread > 0.0;
        self.cells.len() == cells && self.cells.iter().all(is_sound)
    }
}

impl Fitted for FittedZScore {
    fn parameters(&self) -> Parameters {
        Parameters::ZScore(self.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        let Moments { mean, spread } = self.cells[slot.day.index() * HOURS + usize::from(slot.hour)];
        (root(wh) - mean) / spread
    }

    fn raw_low(&self) -> f64 {
        -upper_quantile(LOW_TAIL)
    }
}
