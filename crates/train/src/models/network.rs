//! A small feed-forward network: tanh layers, a linear last layer, trained by Adam.
//!
//! Plain backpropagation (Rumelhart, Hinton & Williams 1986, *Learning representations by back-propagating
//! errors*), Glorot & Bengio's 2010 initial weights and Adam (Kingma & Ba 2015, *Adam: a method for
//! stochastic optimization*) with a learning rate that falls linearly to nothing.
//!
//! The same bits on every machine:
//! - Products of matrices are sums of rows, in order. `ndarray`'s own product is not used: it chooses its
//!   kernel by the processor it finds, and with it the order and the rounding of the sums. So a batch holds
//!   a row for each unit, and a column for each example: a weight is then one multiplication of a long row.
//! - tanh is a quotient of polynomials (see [`tanh`]): additions, multiplications and a division, which
//!   IEEE 754 rounds the same everywhere, and which the compiler can do several at a time.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::random::Random;

/// How fast Adam forgets the mean of the gradient …
const MEAN_DECAY: f64 = 0.9;
/// … and that of its square.
const SQUARE_DECAY: f64 = 0.99;

/// A network: its weights and biases.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    /// Units of each layer, the input first.
    widths: Vec<usize>,
    /// Layer by layer, the weights (a row for each unit, a column for each unit before) and then the biases.
    parameters: Vec<f64>,
}

/// A layer of a network.
struct Layer<'a> {
    /// Unit by unit, a weight for each unit before.
    weights: &'a [f64],
    biases: &'a [f64],
    is_last: bool,
}

impl Network {
    /// A network with random weights.
    pub(super) fn new(widths: &[usize], random: &mut Random) -> Self {
        let mut parameters = Vec::new();
        for pair in widths.windows(2) {
            let limit = libm::sqrt(6.0 / (pair[0] + pair[1]) as f64);
            parameters.extend((0..pair[0] * pair[1]).map(|_| limit * (2.0 * random.uniform() - 1.0)));
            parameters.extend((0..pair[1]).map(|_| 0.0));
        }
        Self { widths: widths.to_vec(), parameters }
    }

    /// Whether the layers are so wide, and all parameters are there.
    pub(super) fn is_sound(&self, widths: &[usize]) -> bool {
        let parameters: usize = widths.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum();
        self.widths == widths
            && self.parameters.len() == parameters
            && self.parameters.iter().all(|parameter| parameter.is_finite())
    }

    fn layers(&self) -> Vec<Layer<'_>> {
        let mut rest = self.parameters.as_slice();
        let layer = |(place, pair): (usize, &[usize])| {
            let (weights, after) = rest.split_at(pair[0] * pair[1]);
            let (biases, after) = after.split_at(pair[1]);
            rest = after;
            Layer { weights, biases, is_last: place + 2 == self.widths.len() }
        };
        self.widths.windows(2).enumerate().map(layer).collect()
    }

    /// What the network makes of a batch: a column for each example.
    pub(super) fn output(&self, inputs: Array2<f64>) -> Array2<f64> {
        self.layers().iter().fold(inputs, |before, layer| layer.forward(&before))
    }

    /// The gradient of a loss by the parameters, where `loss` gives its gradient by the outputs.
    pub(super) fn gradient(
        &self,
        inputs: Array2<f64>,
        loss: impl FnOnce(&Array2<f64>) -> Array2<f64>,
    ) -> Vec<f64> {
        let layers = self.layers();
        let mut activations = vec![inputs];
        for layer in &layers {
            activations.push(layer.forward(&activations[activations.len() - 1]));
        }
        let mut gradient = vec![0.0; self.parameters.len()];
        let mut rest = gradient.as_mut_slice();
        let mut slope = loss(&activations[layers.len()]);
        for (layer, pair) in layers.iter().zip(activations.windows(2)).rev() {
            let (before, after) = (&pair[0], &pair[1]);
            if !layer.is_last {
                slope.zip_mut_with(after, |slope, tanh| *slope *= 1.0 - tanh * tanh);
            }
            let (others, by_biases) = rest.split_at_mut(rest.len() - layer.biases.len());
            let (others, by_weights) = others.split_at_mut(others.len() - layer.weights.len());
            rest = others;
            let mut slope_before = Array2::zeros(before.raw_dim());
            let units = slope.rows().into_iter().zip(layer.weights.chunks_exact(before.nrows()));
            let gradients = by_biases.iter_mut().zip(by_weights.chunks_exact_mut(before.nrows()));
            for ((slope, weights), (by_bias, by_weights)) in units.zip(gradients) {
                *by_bias = slope.sum();
                for (place, (weight, by_weight)) in weights.iter().zip(by_weights).enumerate() {
                    *by_weight = slope.dot(&before.row(place));
                    slope_before.row_mut(place).scaled_add(*weight, &slope);
                }
            }
            slope = slope_before;
        }
        gradient
    }
}

impl Layer<'_> {
    fn forward(&self, before: &Array2<f64>) -> Array2<f64> {
        let mut sums = Array2::zeros((self.biases.len(), before.ncols()));
        let units = self.weights.chunks_exact(before.nrows()).zip(self.biases);
        for (mut sum, (weights, &bias)) in sums.rows_mut().into_iter().zip(units) {
            sum.fill(bias);
            for (&weight, before) in weights.iter().zip(before.rows()) {
                sum.scaled_add(weight, &before);
            }
        }
        if !self.is_last {
            sums.mapv_inplace(tanh);
        }
        sums
    }
}

/// tanh, to within 10⁻⁴: Lambert's continued fraction, cut off where it reaches 1.
fn tanh(x: f64) -> f64 {
    let x = x.clamp(-4.97, 4.97);
    let s = x * x;
    let above = 135_135.0 + s * (17_325.0 + s * (378.0 + s));
    x * above / (135_135.0 + s * (62_370.0 + s * (3_150.0 + s * 28.0)))
}

/// How long and how fast a network learns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    /// How often every row is shown.
    pub(super) epochs: usize,
    /// Rows a step.
    pub(super) batch: usize,
    /// The learning rate of the first step; the last has next to none.
    pub(super) learning_rate: f64,
}

/// Shows a network all of `rows` rows, batch by batch in random order, and takes a step of Adam after each.
///
/// `gradient` gives the gradient of the loss for the rows whose numbers it is told.
pub(super) fn learn(
    network: &mut Network,
    schedule: Schedule,
    rows: usize,
    random: &mut Random,
    mut gradient: impl FnMut(&Network, &[usize], &mut Random) -> Vec<f64>,
) {
    let mut order: Vec<usize> = (0..rows).collect();
    let steps = schedule.epochs * rows.div_ceil(schedule.batch);
    let mut moments = vec![(0.0, 0.0); network.parameters.len()];
    let (mut mean_decay, mut square_decay) = (1.0, 1.0);
    let mut step = 0_u32;
    for _ in 0..schedule.epochs {
        random.shuffle(&mut order);
        for batch in order.chunks(schedule.batch) {
            let gradient = gradient(network, batch, random);
            mean_decay *= MEAN_DECAY;
            square_decay *= SQUARE_DECAY;
            let left = 1.0 - f64::from(step) / steps as f64;
            step += 1;
            let rate = schedule.learning_rate * left / (1.0 - mean_decay);
            let unbiased = 1.0 / libm::sqrt(1.0 - square_decay);
            let parameters = network.parameters.iter_mut().zip(&gradient);
            for ((parameter, slope), (mean, square)) in parameters.zip(&mut moments) {
                *mean += (1.0 - MEAN_DECAY) * (slope - *mean);
                *square += (1.0 - SQUARE_DECAY) * (slope * slope - *square);
                *parameter -= rate * *mean / (libm::sqrt(*square) * unbiased + 1e-8);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(units: usize, examples: usize, random: &mut Random) -> Array2<f64> {
        Array2::from_shape_fn((units, examples), |_| 2.0 * random.uniform() - 1.0)
    }

    #[test]
    fn the_gradient_is_that_of_finite_differences() {
        let mut random = Random::new(3);
        let mut network = Network::new(&[3, 5, 2, 5, 2], &mut random);
        let (inputs, targets) = (batch(3, 9, &mut random), batch(2, 9, &mut random));
        let loss = |network: &Network| {
            let errors = network.output(inputs.clone()) - &targets;
            0.5 * errors.iter().map(|error| error * error).sum::<f64>()
        };
        let gradient = network.gradient(inputs.clone(), |outputs| outputs - &targets);
        let step = 1e-5;
        for (place, slope) in gradient.into_iter().enumerate() {
            let here = network.parameters[place];
            let mut at = |parameter: f64| {
                network.parameters[place] = parameter;
                loss(&network)
            };
            let difference = (at(here + step) - at(here - step)) / (2.0 * step);
            at(here);
            // The slope taken is that of tanh, not of the quotient.
            assert!((slope - difference).abs() < 2e-3, "{place}: {slope} for {difference}");
        }
    }

    #[test]
    fn the_quotient_is_nearly_tanh() {
        for step in -1000..=1000 {
            let x = f64::from(step) / 100.0;
            assert!((tanh(x) - x.tanh()).abs() < 1e-4, "{x}: {}", tanh(x));
        }
    }

    #[test]
    fn a_network_learns_a_product() {
        let mut random = Random::new(1);
        let mut network = Network::new(&[2, 8, 1], &mut random);
        let inputs = batch(2, 400, &mut random);
        let product = |column: usize| inputs[[0, column]] * inputs[[1, column]];
        let schedule = Schedule { epochs: 60, batch: 20, learning_rate: 0.03 };
        learn(&mut network, schedule, 400, &mut random, |network, batch, _| {
            let shown = Array2::from_shape_fn((2, batch.len()), |(unit, place)| inputs[[unit, batch[place]]]);
            network.gradient(shown, |outputs| {
                Array2::from_shape_fn(outputs.raw_dim(), |at| {
                    (outputs[at] - product(batch[at.1])) / batch.len() as f64
                })
            })
        });
        let outputs = network.output(inputs.clone());
        let errors = (0..400).map(|column| outputs[[0, column]] - product(column));
        let mean_square = errors.map(|error| error * error).sum::<f64>() / 400.0;
        // A network that learned nothing is off by the variance of a product, 1/9.
        assert!(mean_square < 0.002, "{mean_square}");
    }
}
