//! A mean and a standard deviation of √Wh for each cell; raw is how many of the latter a reading lies above the
//! former.
//!
//! The square root makes the spread of a load nearly the same at every level of it, as for counts
//! (Bartlett 1936).

use knowatt_score::Slot;
use serde::{Deserialize, Serialize};

use super::{Fitted, Parameters};
use crate::normal::upper_quantile;

/// Each cell's spread is moved so far towards that of all cells.
const SHRINKAGE: f64 = 0.1;
/// No cell's spread is less than this fraction of that of all readings …
pub(super) const LEAST_FRACTION: f64 = 0.05;
/// … nor than this, in √Wh: 5 Wh at 100 Wh.
pub(super) const LEAST_SPREAD: f64 = 0.25;
/// Added to Wh before the root is taken, whose slope is endless at 0.
const OFFSET_WH: f64 = 1.0;
/// The low edge of normal: the fraction of readings below it, were they normal.
const LOW_TAIL: f64 = 0.05;

/// √Wh, as all of this uses it.
pub(super) fn root(wh: f64) -> f64 {
    libm::sqrt(wh + OFFSET_WH)
}

/// The Wh of a [`root`].
pub(super) fn square(root: f64) -> f64 {
    root * root - OFFSET_WH
}

/// A cell's mean and standard deviation, in √Wh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) spread: f64,
}

impl Moments {
    /// Of values that all weigh the same.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let sums = values.fold([0.0; 3], |[n, sum, squares], x| [n + 1.0, sum + x, squares + x * x]);
        Self::of_sums(&sums)
    }

    /// From the sums of weights, values and squares.
    pub(super) fn of_sums(sums: &[f64]) -> Self {
        let weight = sums[0].max(f64::MIN_POSITIVE);
        let mean = sums[1] / weight;
        Self { mean, spread: libm::sqrt((sums[2] / weight - mean * mean).max(0.0)) }
    }
}

/// The moments of each cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellMoments {
    /// `cells[day · 24 + hour]`.
    cells: Vec<Moments>,
}

impl CellMoments {
    /// Keeps each cell's standard deviation from being far too small by chance; `all` is that of all readings.
    pub(super) fn new(mut cells: Vec<Moments>, all: f64) -> Self {
        shrink(
            cells.iter_mut().map(|cell| &mut cell.spread).collect(),
            (LEAST_FRACTION * all).max(LEAST_SPREAD),
        );
        Self { cells }
    }

    pub(super) fn is_sound(&self, cells: usize) -> bool {
        let is_sound = |cell: &Moments| cell.mean.is_finite() && cell.spread.is_finite() && cell.spread > 0.0;
        self.cells.len() == cells && self.cells.iter().all(is_sound)
    }

    /// In the order day · 24 + hour.
    pub(super) fn cells(&self) -> &[Moments] {
        &self.cells
    }

    pub(super) fn raw(&self, slot: Slot, wh: f64) -> f64 {
        let Moments { mean, spread } = self.cells[slot.cell()];
        (root(wh) - mean) / spread
    }
}

/// Moves the cells' spreads towards their root mean square, and none below the least.
pub(super) fn shrink(spreads: Vec<&mut f64>, least: f64) {
    let squares: f64 = spreads.iter().map(|spread| **spread * **spread).sum();
    let typical = libm::sqrt(squares / spreads.len() as f64);
    for spread in spreads {
        *spread = ((1.0 - SHRINKAGE) * *spread + SHRINKAGE * typical).max(least);
    }
}

/// A fitted model that is nothing but the moments of each cell.
#[derive(Debug)]
pub(super) struct FittedMoments {
    pub(super) cells: CellMoments,
    /// Which model's parameters they are.
    pub(super) parameters: fn(CellMoments) -> Parameters,
}

impl Fitted for FittedMoments {
    fn parameters(&self) -> Parameters {
        (self.parameters)(self.cells.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        self.cells.raw(slot, wh)
    }

    fn raw_low(&self) -> f64 {
        raw_low()
    }
}

/// The raw score of the low edge of normal, where raw is in standard deviations.
pub(super) fn raw_low() -> f64 {
    -upper_quantile(LOW_TAIL)
}
