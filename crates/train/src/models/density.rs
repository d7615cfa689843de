//! The density: the conditional distribution of x = ln(Wh + 50) given hour and day class; raw is the
//! normal quantile of the upper tail, z(x) = −Φ⁻¹(P(X > x)).
//!
//! Source: kernel estimation of a conditional distribution, with a kernel in x, one in the hour and
//! one in the day class (Hall, Wolff & Yao 1999, *Methods for estimating a conditional distribution
//! function*; Racine & Li 2004 for the discrete kernel), computed on a lattice with linear binning
//! (Wand 1994, *Fast computation of multivariate kernel estimators*).
//!
//! - Hours around and other day classes lend a cell their readings (see `neighbours`).
//! - The kernel in x is normal. Its bandwidth is Silverman's 0.9·σ·n^(−1/5), with σ the spread of x
//!   within cells and n the readings that lend an hour weight.
//! - Beyond the highest reading the normal kernel's own tail goes on: z rises by 1 per bandwidth.
//!
//! 50 Wh, about what a home draws when nobody is there, keeps readings near zero from being spread
//! out by the logarithm.

use knowatt_score::{HOURS, Slot};
use serde::{Deserialize, Serialize};

use super::{
    Fitted, Model, Parameters,
    lattice::Lattice,
    neighbours::{borrowed, hours_seen},
};
use crate::{
    normal::{upper_quantile, upper_tail},
    training_set::TrainingSet,
};

/// Added to Wh before the logarithm is taken.
const OFFSET_WH: f64 = 50.0;
/// Bandwidth of the kernel over the hours.
const BANDWIDTH_HOURS: f64 = 1.0;
/// Lattice points per bandwidth.
const PER_BANDWIDTH: f64 = 6.0;
/// How far the kernel reaches, in bandwidths; what it leaves out is below 10⁻¹⁵.
const KERNEL_REACH: f64 = 8.0;
/// The low edge of normal: the fraction of readings below it.
const LOW_TAIL: f64 = 0.05;
/// A cell that sees fewer readings than this, by weight, has not been seen.
const LEAST_SEEN: f64 = 1.0;
/// Where less than this lies above, z rises by the bandwidth alone.
const LEAST_TAIL: f64 = 1e-13;
/// z is not followed lower than this.
const LOWEST_Z: f64 = -8.0;

/// The distribution of log Wh given hour and day class.
#[derive(Debug, Clone, Copy, Default)]
pub struct Density;

/// A fitted [`Density`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedDensity {
    lattice: Lattice,
    /// `z[(day · 24 + hour) · points + point]`.
    z: Vec<f64>,
}

fn log(wh: f64) -> f64 {
    libm::log(wh + OFFSET_WH)
}

impl Model for Density {
    fn fit(&self, set: &TrainingSet, _seed: u64) -> Box<dyn Fitted> {
        let cells = set.calendar.day_classes().count() * HOURS;
        let x: Vec<f64> = set.rows.iter().map(|row| log(row.wh)).collect();
        let cell_of: Vec<usize> = set.rows.iter().map(|row| row.slot.cell()).collect();
        let bandwidth = bandwidth(&x, &cell_of, cells);
        let lattice = lattice(&x, bandwidth);
        let masses = binned(&x, &cell_of, cells, lattice);
        let tails = kernel_tails(lattice.step / bandwidth);
        let z = mixed(&masses, lattice.points).iter().flat_map(|seen| quantiles(seen, &tails)).collect();
        Box::new(FittedDensity { lattice, z })
    }
}

impl FittedDensity {
    pub(super) fn is_sound(&self, cells: usize) -> bool {
        let Lattice { first, step, points } = self.lattice;
        first.is_finite()
            && step > 0.0
            && step.is_finite()
            && points >= 2
            && points.checked_mul(cells) == Some(self.z.len())
            && self.z.iter().all(|z| z.is_finite())
            && self.z.chunks(points).all(<[f64]>::is_sorted)
    }
}

impl Fitted for FittedDensity {
    fn parameters(&self) -> Parameters {
        Parameters::Density(self.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        let at = slot.cell() * self.lattice.points;
        self.lattice.value(&self.z[at..at + self.lattice.points], log(wh))
    }

    fn raw_low(&self) -> f64 {
        -upper_quantile(LOW_TAIL)
    }
}

/// Silverman's rule for the readings that one cell sees.
fn bandwidth(x: &[f64], cell_of: &[usize], cells: usize) -> f64 {
    let mut sums = vec![(0.0, 0.0, 0.0); cells];
    for (&x, &cell) in x.iter().zip(cell_of) {
        let (n, sum, squares) = &mut sums[cell];
        *n += 1.0;
        *sum += x;
        *squares += x * x;
    }
    let within: f64 =
        sums.iter().filter(|(n, ..)| *n > 0.0).map(|(n, sum, squares)| squares - sum * sum / n).sum();
    let spread = libm::sqrt((within / (x.len().max(1) as f64)).max(0.0));
    let seen = x.len() as f64 / HOURS as f64 * hours_seen(BANDWIDTH_HOURS);
    (0.9 * spread * libm::pow(seen.max(1.0), -0.2)).clamp(0.05, 0.5)
}

/// From where 0 Wh lies to where the kernel of the highest reading ends.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred points")]
fn lattice(x: &[f64], bandwidth: f64) -> Lattice {
    let first = log(0.0);
    let last = x.iter().copied().fold(first, f64::max) + KERNEL_REACH * bandwidth;
    let step = bandwidth / PER_BANDWIDTH;
    Lattice { first, step, points: ((last - first) / step).ceil() as usize + 2 }
}

/// Each cell's readings on the lattice, each shared between the two points around it.
fn binned(x: &[f64], cell_of: &[usize], cells: usize, lattice: Lattice) -> Vec<f64> {
    let mut masses = vec![0.0; cells * lattice.points];
    for (&x, &cell) in x.iter().zip(cell_of) {
        let (left, share) = lattice.place(x);
        masses[cell * lattice.points + left] += 1.0 - share;
        masses[cell * lattice.points + left + 1] += share;
    }
    masses
}

/// The readings that each cell sees: its own, those of the hours around and of the other days, by weight.
///
/// A cell that sees next to nothing (no reading within reach of its hour, on any day) sees all there are.
fn mixed(masses: &[f64], points: usize) -> Vec<Vec<f64>> {
    let (mut seen, all) = borrowed(masses, points, BANDWIDTH_HOURS);
    for cell in &mut seen {
        if cell.iter().sum::<f64>() < LEAST_SEEN {
            cell.clone_from(&all);
        }
    }
    seen
}

/// How much of a reading k steps right of a point lies above the point, for k from −reach to +reach.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some dozens")]
fn kernel_tails(step: f64) -> Vec<f64> {
    let reach = (KERNEL_REACH / step).ceil() as usize;
    (0..=2 * reach).map(|k| upper_tail((reach as f64 - k as f64) * step)).collect()
}

/// z at each lattice point, from a cell's masses.
fn quantiles(masses: &[f64], tails: &[f64]) -> Vec<f64> {
    let reach = tails.len() / 2;
    // The mass at and right of each point: what lies further right than the kernel reaches counts whole.
    let mut from = vec![0.0; masses.len() + 1];
    for point in (0..masses.len()).rev() {
        from[point] = from[point + 1] + masses[point];
    }
    let mut z = LOWEST_Z;
    (0..masses.len())
        .map(|point| {
            let (first, end) = (point.saturating_sub(reach), masses.len().min(point + reach + 1));
            let lent = masses[first..end].iter().zip(&tails[reach + first - point..]);
            let tail = (from[end] + lent.map(|(mass, tail)| mass * tail).sum::<f64>()) / from[0];
            z = if tail < LEAST_TAIL { z + 1.0 / PER_BANDWIDTH } else { z.max(quantile_or_lowest(tail)) };
            z
        })
        .collect()
}

fn quantile_or_lowest(tail: f64) -> f64 {
    if tail < 1.0 { upper_quantile(tail).max(LOWEST_Z) } else { LOWEST_Z }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_reading_alone_has_the_kernels_own_tail() {
        // All mass at point 100 of a lattice with 6 points a bandwidth: z is the distance in bandwidths.
        let mut masses = vec![0.0; 200];
        masses[100] = 2.0;
        let z = quantiles(&masses, &kernel_tails(1.0 / 6.0));
        for point in [70, 100, 106, 112, 140] {
            let expected = (point as f64 - 100.0) / 6.0;
            assert!((z[point] - expected).abs() < 1e-6, "{point}: {} for {expected}", z[point]);
        }
    }

    #[test]
    fn many_readings_of_a_normal_law_give_its_quantiles() {
        // A thousand readings spread like a normal law of deviation 24 points, kernel of 6 points.
        let mut masses = vec![0.0; 400];
        for i in 0..1000 {
            let z = -upper_quantile((f64::from(i) + 0.5) / 1000.0);
            let apart = |point: usize| (point as f64 - 200.0 - 24.0 * z).abs();
            let nearest = (0..400).min_by(|&a, &b| apart(a).total_cmp(&apart(b))).unwrap();
            masses[nearest] += 1.0;
        }
        let z = quantiles(&masses, &kernel_tails(1.0 / 6.0));
        let wider = f64::hypot(24.0, 6.0);
        for point in [160, 200, 230, 250] {
            let expected = (point as f64 - 200.0) / wider;
            assert!((z[point] - expected).abs() < 0.05, "{point}: {} for {expected}", z[point]);
        }
    }
}
