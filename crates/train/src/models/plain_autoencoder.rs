//! The plain autoencoder: the error with which a network rebuilds (day, hour, Wh); kept as a study's baseline.
//!
//! Source: the design of H2O's deep-learning autoencoder as the 2018 talk uses it: three plain columns,
//! standardised, through 16, 4 and 16 tanh units, and the squared error, averaged over the columns, as the
//! score of an anomaly (Hawkins, He, Williams & Baxter 2002, *Outlier detection using replicator neural
//! networks*). It is not a good model: the hour is a number, so that 23 and 0 are far apart, most of the
//! error is that of the columns that are not in question, and a network that may copy its input learns to.
//!
//! The error also rises as a reading falls below what is usual; here the score must not. So raw scores are
//! the highest error from the median up to the reading; and they are its root, which ranks readings alike, in
//! units of the root mean square error of the readings.

use knowatt_score::{HOURS, Slot};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::{
    Fitted, Model, Parameters,
    lattice::{ByCell, Lattice, rising},
    moments::{root, square},
    network::{Network, Schedule, learn},
};
use crate::{random::Random, training_set::TrainingSet};

const COLUMNS: usize = 3;
/// Units of each layer.
const WIDTHS: [usize; 5] = [COLUMNS, 16, 4, 16, COLUMNS];
const SCHEDULE: Schedule = Schedule { epochs: 15, batch: 32, learning_rate: 0.02 };
/// Points at which raw scores are tabulated.
const POINTS: usize = 64;
/// The last of them lies at this many times the root of the highest.
const BEYOND_HIGHEST: f64 = 1.5;
/// Raw scores rise by this much or more from each point to the next.
const LEAST_RISE: f64 = 1e-3;
/// The mean error is no less than this: else scores rise too fast for a thousandth of a Wh, the rounding of knots.
const LEAST_ERROR: f64 = 0.01;
/// The standard deviations of day, hour and Wh are no less than these: a column that does not vary is no measure.
const LEAST_DEVIATIONS: [f64; COLUMNS] = [0.1, 0.1, 10.0];

/// A plain autoencoder over day, hour and Wh.
#[derive(Debug, Clone, Copy, Default)]
pub struct PlainAutoencoder;

/// What a plain autoencoder has learned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlainAutoencoderParameters {
    network: Network,
    /// Mean of day, hour and Wh.
    means: [f64; COLUMNS],
    /// Their standard deviations.
    deviations: [f64; COLUMNS],
    /// The median Wh.
    median_wh: f64,
    /// The highest Wh.
    highest_wh: f64,
    /// The mean error of the readings.
    error: f64,
}

/// A fitted plain autoencoder.
#[derive(Debug, Clone)]
pub(super) struct FittedPlainAutoencoder {
    parameters: PlainAutoencoderParameters,
    /// In √Wh, from the median up.
    raw: ByCell,
}

/// The mean squared error of each column of a batch.
fn errors(network: &Network, batch: &Array2<f64>) -> Vec<f64> {
    let mut squares = vec![0.0; batch.ncols()];
    for (rebuilt, given) in network.output(batch.clone()).rows().into_iter().zip(batch.rows()) {
        for ((square, rebuilt), given) in squares.iter_mut().zip(rebuilt).zip(given) {
            *square += (rebuilt - given) * (rebuilt - given) / COLUMNS as f64;
        }
    }
    squares
}

impl Model for PlainAutoencoder {
    fn fit(&self, set: &TrainingSet, seed: u64) -> Box<dyn Fitted> {
        Box::new(learned(set, seed))
    }
}

fn learned(set: &TrainingSet, seed: u64) -> FittedPlainAutoencoder {
    let rows: Vec<[f64; COLUMNS]> =
        set.rows.iter().map(|row| [row.slot.day.index() as f64, f64::from(row.slot.hour), row.wh]).collect();
    let count = rows.len().max(1) as f64;
    let means = [0, 1, 2].map(|column| rows.iter().map(|row| row[column]).sum::<f64>() / count);
    let deviations = [0, 1, 2].map(|column| {
        let squares = rows.iter().map(|row| (row[column] - means[column]) * (row[column] - means[column]));
        libm::sqrt(squares.sum::<f64>() / count).max(LEAST_DEVIATIONS[column])
    });
    let all = Array2::from_shape_fn((COLUMNS, rows.len()), |(column, row)| {
        (rows[row][column] - means[column]) / deviations[column]
    });

    let mut random = Random::new(seed);
    let mut network = Network::new(&WIDTHS, &mut random);
    learn(&mut network, SCHEDULE, rows.len(), &mut random, |network, rows, _| {
        let batch =
            Array2::from_shape_fn((COLUMNS, rows.len()), |(column, place)| all[[column, rows[place]]]);
        network.gradient(batch.clone(), |rebuilt| rebuilt - &batch)
    });

    let error = (errors(&network, &all).iter().sum::<f64>() / count).max(LEAST_ERROR);
    let mut wh: Vec<f64> = rows.iter().map(|row| row[2]).collect();
    wh.sort_by(f64::total_cmp);
    let median_wh = wh.get(wh.len() / 2).copied().unwrap_or(0.0);
    let highest_wh = wh.last().copied().unwrap_or(0.0);
    let parameters = PlainAutoencoderParameters { network, means, deviations, median_wh, highest_wh, error };
    FittedPlainAutoencoder::new(parameters, set.calendar.day_classes().count())
}

impl FittedPlainAutoencoder {
    /// The model for so many day classes, unless the parameters are not those of one.
    pub(super) fn from_parameters(parameters: PlainAutoencoderParameters, days: usize) -> Option<Self> {
        let PlainAutoencoderParameters { network, means, deviations, median_wh, highest_wh, error } =
            &parameters;
        let is_sound = network.is_sound(&WIDTHS)
            && means.iter().chain([highest_wh]).all(|x| x.is_finite())
            && (0.0..=*highest_wh).contains(median_wh)
            && deviations.iter().chain([error]).all(|x| x.is_finite() && *x > 0.0);
        let fitted = is_sound.then(|| Self::new(parameters, days))?;
        fitted.raw.is_finite().then_some(fitted)
    }

    fn new(parameters: PlainAutoencoderParameters, days: usize) -> Self {
        let PlainAutoencoderParameters { network, means, deviations, median_wh, highest_wh, error } =
            &parameters;
        let last = BEYOND_HIGHEST * root(*highest_wh) + 1.0;
        let lattice = Lattice::spanning(root(*median_wh), last, POINTS);
        let wh: Vec<f64> = lattice.xs().map(square).collect();
        let raw = |cell: usize| {
            let batch = Array2::from_shape_fn((COLUMNS, POINTS), |(column, point)| {
                let value = [(cell / HOURS) as f64, (cell % HOURS) as f64, wh[point]][column];
                (value - means[column]) / deviations[column]
            });
            rising(errors(network, &batch).into_iter().map(|square| libm::sqrt(square / error)), LEAST_RISE)
        };
        let values = (0..days * HOURS).flat_map(raw).collect();
        Self { parameters, raw: ByCell { lattice, values } }
    }
}

impl Fitted for FittedPlainAutoencoder {
    fn parameters(&self) -> Parameters {
        Parameters::PlainAutoencoder(self.parameters.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        self.raw.value(slot, root(wh))
    }

    fn raw_low(&self) -> f64 {
        0.0
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
        let again = FittedPlainAutoencoder::from_parameters(parameters.clone(), 2).unwrap();
        assert_eq!(again.raw, fitted.raw);
        let wrong = PlainAutoencoderParameters { median_wh: f64::NAN, ..parameters };
        assert!(FittedPlainAutoencoder::from_parameters(wrong, 2).is_none());
    }

    #[test]
    fn below_the_median_nothing_is_unusual() {
        let fitted = learned(&made_up(), 1);
        let slot = made_up().rows[30].slot;
        let median_wh = fitted.parameters.median_wh;
        assert_eq!(fitted.raw(slot, 0.0), fitted.raw(slot, median_wh));
        assert!(fitted.raw(slot, 20.0 * median_wh) > 3.0 * fitted.raw(slot, median_wh));
    }
}
