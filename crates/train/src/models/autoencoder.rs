//! The autoencoder: what a denoising autoencoder that knows the hour and the day class cannot rebuild of a
//! reading; raw = residual / spread of the residual in that cell.
//!
//! Source: Vincent, Larochelle, Bengio & Manzagol 2008, *Extracting and composing robust features with
//! denoising autoencoders*; the residual of a denoiser follows the slope of the log density (Alain & Bengio
//! 2014, *What regularized auto-encoders learn from the data-generating distribution*).
//!
//! - It sees x = √(Wh + 1), standardised, and the calendar: sine and cosine of the hour, of twice the hour
//!   and of the day class, as an angle. Only x is corrupted, and only x is rebuilt.
//! - Corruption is swap noise: most readings are replaced by one drawn from all of them. So the network
//!   learns to trust what it sees only where it fits the hour, and the more it does not fit, the more of
//!   the residual is left.
//! - Loss and spread weigh recent readings more, and the spread is borrowed from the cells around (see
//!   `neighbours`), both as for the z-score.
//! - Raw scores are tabulated, and made to rise with Wh.

use std::f64::consts::TAU;

use knowatt_score::{HOURS, Slot};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{
    Fitted, Model, Parameters,
    lattice::{ByCell, Lattice, rising},
    moments::{LEAST_FRACTION, raw_low, root, shrink},
    neighbours::borrowed,
    network::{Network, Schedule, learn},
    recency,
};
use crate::{random::Random, training_set::TrainingSet};

/// x, and sine and cosine of three angles.
const INPUTS: usize = 7;
/// Units of each layer.
const WIDTHS: [usize; 5] = [INPUTS, 16, 4, 16, 1];
/// The fraction of readings that are replaced by another.
const SWAPPED: f64 = 0.8;
const SCHEDULE: Schedule = Schedule { epochs: 15, batch: 32, learning_rate: 0.02 };
/// Bandwidth of the kernel over the hours, for the spread.
const BANDWIDTH_HOURS: f64 = 0.7;
/// No cell's spread is less than this, in √Wh, nor is that of x.
const LEAST_SPREAD: f64 = 0.05;
/// A cell that sees less than this, by weight, has not been seen.
const LEAST_SEEN: f64 = 0.5;
/// Points at which raw scores are tabulated.
const POINTS: usize = 64;
/// The last of them lies at this many times the highest x.
const BEYOND_HIGHEST: f64 = 1.5;
/// Raw scores rise at least this fast, against those of a network that rebuilds the same whatever it sees.
const LEAST_RISE: f64 = 0.1;

/// A denoising autoencoder conditioned on the calendar.
#[derive(Debug, Clone, Copy, Default)]
pub struct Autoencoder;

/// What an autoencoder has learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AutoencoderParameters {
    network: Network,
    /// Mean of x.
    mean: f64,
    /// Standard deviation of x.
    deviation: f64,
    /// The highest x.
    highest: f64,
    /// The spread of the residual in each cell, day · 24 + hour, of standardised x.
    spreads: Vec<f64>,
}

/// A fitted autoencoder.
#[derive(Debug, Clone)]
pub(super) struct FittedAutoencoder {
    parameters: AutoencoderParameters,
    /// In √Wh.
    raw: ByCell,
}

/// What the network is told of a cell.
fn calendar(cell: usize, days: usize) -> [f64; INPUTS - 1] {
    let hour = TAU * (cell % HOURS) as f64 / HOURS as f64;
    let day = TAU * (cell / HOURS) as f64 / days as f64;
    let [a, b, c] = [hour, 2.0 * hour, day].map(|angle| [libm::sin(angle), libm::cos(angle)]);
    [a[0], a[1], b[0], b[1], c[0], c[1]]
}

/// A batch: a column for each pair of standardised x and cell.
fn batch(
    calendar: &[[f64; INPUTS - 1]],
    columns: impl ExactSizeIterator<Item = (f64, usize)>,
) -> Array2<f64> {
    let mut batch = Array2::zeros((INPUTS, columns.len()));
    for (mut column, (x, cell)) in batch.columns_mut().into_iter().zip(columns) {
        column[0] = x;
        for (input, &told) in column.iter_mut().skip(1).zip(&calendar[cell]) {
            *input = told;
        }
    }
    batch
}

impl Model for Autoencoder {
    fn fit(&self, set: &TrainingSet, seed: u64) -> Box<dyn Fitted> {
        Box::new(learned(set, seed))
    }
}

fn learned(set: &TrainingSet, seed: u64) -> FittedAutoencoder {
    let days = set.calendar.day_classes().count();
    let calendar: Vec<_> = (0..days * HOURS).map(|cell| calendar(cell, days)).collect();
    let weights = recency::weights(set);
    let cells: Vec<usize> = set.rows.iter().map(|row| row.slot.cell()).collect();
    let roots: Vec<f64> = set.rows.iter().map(|row| root(row.wh)).collect();
    let total: f64 = weights.iter().sum();
    let weighted = |value: &dyn Fn(f64) -> f64| {
        weights.iter().zip(&roots).map(|(weight, &x)| weight * value(x)).sum::<f64>() / total
    };
    let mean = weighted(&|x| x);
    let deviation = libm::sqrt(weighted(&|x| (x - mean) * (x - mean))).max(LEAST_SPREAD);
    let x: Vec<f64> = roots.iter().map(|x| (x - mean) / deviation).collect();

    let mut random = Random::new(seed);
    let mut network = Network::new(&WIDTHS, &mut random);
    learn(&mut network, SCHEDULE, x.len(), &mut random, |network, rows, random| {
        let corrupted = rows.iter().map(|&row| {
            let shown = if random.uniform() < SWAPPED { random.below(x.len()) } else { row };
            (x[shown], cells[row])
        });
        // The loss is half the weighted mean square; its scale does not matter to Adam.
        network.gradient(batch(&calendar, corrupted), |rebuilt| {
            Array2::from_shape_fn(rebuilt.raw_dim(), |at| weights[rows[at.1]] * (rebuilt[at] - x[rows[at.1]]))
        })
    });

    let rebuilt = network.output(batch(&calendar, x.iter().copied().zip(cells.iter().copied())));
    let mut sums = vec![0.0; calendar.len() * 2];
    for (((x, rebuilt), cell), weight) in x.iter().zip(&rebuilt).zip(&cells).zip(&weights) {
        sums[cell * 2] += weight;
        sums[cell * 2 + 1] += weight * (x - rebuilt) * (x - rebuilt);
    }
    let spreads = spreads(&sums, LEAST_FRACTION.max(LEAST_SPREAD / deviation));
    let highest = roots.iter().copied().fold(0.0, f64::max);
    FittedAutoencoder::new(AutoencoderParameters { network, mean, deviation, highest, spreads })
}

/// The root mean square residual of each cell, from the sums of weights and squares.
fn spreads(sums: &[f64], least: f64) -> Vec<f64> {
    let (seen, all) = borrowed(sums, 2, BANDWIDTH_HOURS);
    let mut spreads: Vec<f64> = seen
        .iter()
        .map(|sums| if sums[0] < LEAST_SEEN { &all } else { sums })
        .map(|sums| libm::sqrt(sums[1] / sums[0].max(f64::MIN_POSITIVE)))
        .collect();
    shrink(spreads.iter_mut().collect(), least);
    spreads
}

impl FittedAutoencoder {
    /// The model for so many day classes, unless the parameters are not those of one.
    pub(super) fn from_parameters(parameters: AutoencoderParameters, days: usize) -> Option<Self> {
        let AutoencoderParameters { network, mean, deviation, highest, spreads } = &parameters;
        let is_sound = network.is_sound(&WIDTHS)
            && [mean, highest].into_iter().all(|x| x.is_finite() && *x >= 0.0)
            && spreads.iter().chain([deviation]).all(|spread| spread.is_finite() && *spread > 0.0)
            && spreads.len() == days * HOURS;
        let fitted = is_sound.then(|| Self::new(parameters))?;
        fitted.raw.is_finite().then_some(fitted)
    }

    fn new(parameters: AutoencoderParameters) -> Self {
        let AutoencoderParameters { network, mean, deviation, highest, spreads } = &parameters;
        let days = spreads.len() / HOURS;
        let calendar: Vec<_> = (0..spreads.len()).map(|cell| calendar(cell, days)).collect();
        let first = root(0.0);
        let lattice = Lattice::spanning(first, BEYOND_HIGHEST * highest + first, POINTS);
        let x: Vec<f64> = lattice.xs().map(|x| (x - mean) / deviation).collect();
        let raw = |(cell, spread): (usize, &f64)| {
            let rebuilt = network.output(batch(&calendar, x.iter().map(|&x| (x, cell))));
            let residuals = x.iter().zip(&rebuilt).map(|(x, rebuilt)| (x - rebuilt) / spread);
            rising(residuals, LEAST_RISE * lattice.step / deviation / spread)
        };
        let values = spreads.iter().enumerate().flat_map(raw).collect();
        Self { parameters, raw: ByCell { lattice, values } }
    }
}

impl Fitted for FittedAutoencoder {
    fn parameters(&self) -> Parameters {
        Parameters::Autoencoder(self.parameters.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        self.raw.value(slot, root(wh))
    }

    fn raw_low(&self) -> f64 {
        raw_low()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::tests::{made_up, same_after_json};

    #[test]
    fn what_is_read_back_is_the_same_model() {
        let fitted = learned(&made_up(), 1);
        let parameters = same_after_json(&fitted.parameters);
        let again = FittedAutoencoder::from_parameters(parameters.clone(), 2).unwrap();
        assert_eq!(again.raw, fitted.raw);
        assert!(FittedAutoencoder::from_parameters(parameters.clone(), 7).is_none());
        let wrong = AutoencoderParameters { deviation: 0.0, ..parameters };
        assert!(FittedAutoencoder::from_parameters(wrong, 2).is_none());
    }

    #[test]
    fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
        let raw = |seed| learned(&made_up(), seed).raw;
        assert_eq!(raw(1), raw(1));
        assert_ne!(raw(1), raw(2));
    }

    #[test]
    fn what_is_usual_by_day_is_unusual_by_night() {
        let set = made_up();
        let fitted = learned(&set, 1);
        let raw = |row: usize, wh| fitted.raw(set.rows[row].slot, wh);
        // At four 200 Wh are usual, at noon 900.
        assert!(raw(4, 200.0).abs() < 2.5 && raw(12, 900.0).abs() < 2.5);
        assert!(raw(4, 900.0) > 6.0, "{}", raw(4, 900.0));
    }
}
