//! The mixture: a Gaussian mixture over hour, day class and √Wh together; raw is the normal quantile of the
//! upper tail of √Wh given the slot, z(x) = −Φ⁻¹(P(X > x)).
//!
//! Source: mixtures fitted by expectation maximisation (Dempster, Laird & Rubin 1977), by `linfa-clustering`,
//! which starts from k-means++; given the calendar, the law of the reading is again a mixture, whose weights,
//! means and variances follow from the components' covariances (Sung 2004, *Gaussian mixture regression and
//! classification*). So each cell's law is worked out once.
//!
//! - The hour is a point on a circle, the day class one on a line, √Wh is standardised. The components are
//!   kept from collapsing onto single hours or values by a variance added in every direction.
//! - The fit knows no weights: old readings are thinned out instead, as `recency` has it, which also more than
//!   halves the work.
//! - z is followed to a tail of 10⁻²⁰⁰; from there it goes on in a straight line, by 1 per standard
//!   deviation of the widest component.
//! - A fit that fails (a component lost its last reading, a singular covariance) is tried with half as many
//!   components, and in the end each cell has one Gaussian, that of the z-score.
//!
//! **The fit's last bits depend on the machine.** `ndarray` multiplies matrices with whatever instructions the
//! processor has (fused or not), and `linfa` takes exponentials from the system's library. Therefore the
//! fitted parameters, of order 1, are rounded to 10⁻⁶, a million times coarser than such differences, and all
//! after that is the same everywhere. Two machines agree on a model file unless a parameter lies that close
//! to the middle between two steps, or a step of the fit that close to where it ends: very unlikely, not
//! impossible.

use knowatt_score::{HOURS, Slot};
use linfa::{DatasetBase, traits::Fit};
use linfa_clustering::GaussianMixtureModel;
use ndarray::{Array2, ArrayView1, ArrayView2};
use rand_xoshiro::{Xoshiro256Plus, rand_core::SeedableRng};
use serde::{Deserialize, Serialize};

use super::{
    Fitted, Model, Parameters,
    moments::{LEAST_SPREAD, Moments, raw_low, root},
    recency, zscore,
};
use crate::{
    normal::{upper_quantile, upper_tail},
    training_set::TrainingSet,
};

/// Components at first; where the fit fails, half as many.
const COMPONENTS: usize = 8;
/// Radius of the circle of hours, where √Wh has standard deviation 1.
const HOUR_RADIUS: f64 = 5.0;
/// From the first day class to the last.
const DAY_WIDTH: f64 = 3.3;
/// Added to every variance: no component is narrower than a third of the readings' standard deviation.
const LEAST_VARIANCE: f64 = 0.11;
/// Steps to which the fitted parameters are rounded, in 1.
const GRID: f64 = 1e6;
/// A component that weighs less than this in a cell is left out of it.
const LEAST_WEIGHT: f64 = 1e-6;
/// z is a straight line where less than this lies above.
const LEAST_TAIL: f64 = 1e-200;
/// z is not followed lower than this.
const LOWEST_Z: f64 = -8.0;
/// The coordinates before the reading: sine and cosine of the hour, the day class.
const CALENDAR: usize = 3;
const ALL: usize = CALENDAR + 1;

/// A Gaussian mixture over the calendar and √Wh.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mixture;

/// One component's part in a cell, in √Wh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    weight: f64,
    mean: f64,
    spread: f64,
}

/// The law of √Wh in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Law {
    /// At least one; the weights add up to 1.
    parts: Vec<Part>,
    /// From this √Wh on z is a straight line …
    far: f64,
    /// … that rises by 1 over this.
    far_spread: f64,
}

/// A fitted [`Mixture`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedMixture {
    /// `cells[day · 24 + hour]`.
    cells: Vec<Law>,
}

impl Model for Mixture {
    fn fit(&self, set: &TrainingSet, seed: u64) -> Box<dyn Fitted> {
        Box::new(fitted(set, seed))
    }
}

impl FittedMixture {
    pub(super) fn is_sound(&self, cells: usize) -> bool {
        self.cells.len() == cells && self.cells.iter().all(Law::is_sound)
    }
}

impl Fitted for FittedMixture {
    fn parameters(&self) -> Parameters {
        Parameters::Mixture(self.clone())
    }

    fn raw(&self, slot: Slot, wh: f64) -> f64 {
        self.cells[slot.cell()].z(root(wh))
    }

    fn raw_low(&self) -> f64 {
        raw_low()
    }
}

impl Law {
    fn new(parts: Vec<Part>) -> Self {
        let far_spread = parts.iter().map(|part| part.spread).fold(LEAST_SPREAD, f64::max);
        let mut law = Self { parts, far: 0.0, far_spread };
        // The least tail is passed some 30 deviations out: halve the range in which that is.
        let reach = |part: &Part, deviations: f64| part.mean + deviations * part.spread;
        let mut low = law.parts.iter().map(|part| reach(part, 0.0)).fold(f64::INFINITY, f64::min);
        let mut high = law.parts.iter().map(|part| reach(part, 40.0)).fold(low, f64::max);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            *(if law.tail(middle) > LEAST_TAIL { &mut low } else { &mut high }) = middle;
        }
        law.far = low;
        law
    }

    fn is_sound(&self) -> bool {
        let is_sound = |part: &Part| {
            part.mean.is_finite()
                && part.spread.is_finite()
                && part.spread > 0.0
                && (0.0..=1.0).contains(&part.weight)
        };
        self.parts.iter().all(is_sound)
            && (self.parts.iter().map(|part| part.weight).sum::<f64>() - 1.0).abs() < 1e-9
            && self.far.is_finite()
            && self.tail(self.far) > 0.0
            && self.far_spread.is_finite()
            && self.far_spread > 0.0
    }

    /// P(X > x).
    fn tail(&self, x: f64) -> f64 {
        self.parts.iter().map(|part| part.weight * upper_tail((x - part.mean) / part.spread)).sum()
    }

    /// P(X < x).
    fn lower_tail(&self, x: f64) -> f64 {
        self.parts.iter().map(|part| part.weight * upper_tail((part.mean - x) / part.spread)).sum()
    }

    fn z(&self, x: f64) -> f64 {
        let near = x.min(self.far);
        let upper = self.tail(near);
        // Each tail is exact where it is the smaller one.
        let z = if upper < 0.5 { upper_quantile(upper) } else { -upper_quantile(self.lower_tail(near)) };
        z.max(LOWEST_Z) + (x - self.far).max(0.0) / self.far_spread
    }
}

fn fitted(set: &TrainingSet, seed: u64) -> FittedMixture {
    let halves = std::iter::successors(Some(COMPONENTS), |&components| Some(components / 2));
    let cells = halves.take_while(|&components| components > 0).find_map(|n| laws(set, n, seed));
    let one = |&Moments { mean, spread }: &Moments| Law::new(vec![Part { weight: 1.0, mean, spread }]);
    let cells = cells.unwrap_or_else(|| zscore::cell_moments(set).cells().iter().map(one).collect());
    FittedMixture { cells }
}

/// Each cell's law by a mixture of so many components, if that can be fitted.
fn laws(set: &TrainingSet, components: usize, seed: u64) -> Option<Vec<Law>> {
    let classes = set.calendar.day_classes();
    let rows = thinned(set);
    // `linfa` stops the program where there is nothing to start from.
    if rows.len() < components {
        return None;
    }
    let Moments { mean, spread } = Moments::of(rows.iter().map(|&(_, x)| x));
    let unit = spread.max(LEAST_SPREAD);
    let point = |&(slot, x): &(Slot, f64)| {
        let [sine, cosine, day] = place(slot, classes.count());
        [sine, cosine, day, (x - mean) / unit]
    };
    let points: Vec<[f64; ALL]> = rows.iter().map(point).collect();
    let points = DatasetBase::from(Array2::from(points));
    let mixture = GaussianMixtureModel::params_with_rng(components, Xoshiro256Plus::seed_from_u64(seed))
        .reg_covariance(LEAST_VARIANCE)
        .fit(&points)
        .ok()?;
    let round = |value: &f64| (value * GRID).round() / GRID;
    let weights = mixture.weights().map(round);
    let means = mixture.means().map(round);
    let covariances = mixture.covariances().map(round);
    let law = |slot: Slot| {
        let at = place(slot, classes.count());
        let parts = weights.iter().zip(means.outer_iter()).zip(covariances.outer_iter());
        let parts = parts.map(|((&weight, mean), covariance)| given(at, weight, mean, covariance));
        let in_wh = |part: Part| Part {
            mean: mean + unit * part.mean,
            spread: (unit * part.spread).max(LEAST_SPREAD),
            ..part
        };
        Some(Law::new(normed(parts.map(|part| part.map(in_wh)).collect::<Option<_>>()?)?))
    };
    let slots = classes.classes().flat_map(|day| (0..24).map(move |hour| Slot { day, hour }));
    slots.map(law).collect()
}

/// The rows' slots and √Wh: of rows of weight w, every (1/w)-th.
fn thinned(set: &TrainingSet) -> Vec<(Slot, f64)> {
    let mut due = 0.0;
    let mut is_due = |weight: f64| {
        due += weight;
        let is_due = due >= 1.0;
        due -= f64::from(u8::from(is_due));
        is_due
    };
    let rows = set.rows.iter().zip(recency::weights(set));
    rows.filter(|&(_, weight)| is_due(weight)).map(|(row, _)| (row.slot, root(row.wh))).collect()
}

/// A slot's coordinates.
fn place(slot: Slot, day_classes: usize) -> [f64; CALENDAR] {
    let angle = std::f64::consts::TAU * f64::from(slot.hour) / HOURS as f64;
    let day = (slot.day.index() as f64 + 0.5) / day_classes as f64 - 0.5;
    let width = DAY_WIDTH * day_classes as f64 / day_classes.saturating_sub(1).max(1) as f64;
    [HOUR_RADIUS * libm::sin(angle), HOUR_RADIUS * libm::cos(angle), width * day]
}

/// What a component says of the reading at a place in the calendar; the weight is a logarithm, up to a constant.
///
/// By the Cholesky factor L of the covariance: with y = L⁻¹(place − mean) for the calendar's coordinates, the
/// reading's mean is moved by L's last row times y, and L's last diagonal element is what spread is left.
fn given(
    place: [f64; CALENDAR],
    weight: f64,
    mean: ArrayView1<f64>,
    covariance: ArrayView2<f64>,
) -> Option<Part> {
    let mut factor = [[0.0; ALL]; ALL];
    let mut y = [0.0; ALL];
    let mut log_weight = libm::log(weight);
    for row in 0..ALL {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = covariance[[row, column]] - known;
            factor[row][column] =
                if row == column { libm::sqrt(rest) } else { rest / factor[column][column] };
        }
        let explained: f64 = (0..row).map(|k| factor[row][k] * y[k]).sum();
        if row == CALENDAR {
            let part = Part { weight: log_weight, mean: mean[row] + explained, spread: factor[row][row] };
            return (part.mean.is_finite() && part.spread > 0.0 && !log_weight.is_nan()).then_some(part);
        }
        y[row] = (place[row] - mean[row] - explained) / factor[row][row];
        log_weight -= 0.5 * y[row] * y[row] + libm::log(factor[row][row]);
    }
    None
}

/// The parts that matter, with weights that add up to 1 in place of their logarithms.
fn normed(mut parts: Vec<Part>) -> Option<Vec<Part>> {
    let greatest = parts.iter().map(|part| part.weight).fold(f64::NEG_INFINITY, f64::max);
    for part in &mut parts {
        part.weight = libm::exp(part.weight - greatest);
    }
    for least in [LEAST_WEIGHT, 0.0] {
        let sum: f64 = parts.iter().map(|part| part.weight).sum();
        for part in &mut parts {
            part.weight /= sum;
        }
        parts.retain(|part| part.weight > least);
    }
    (!parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use knowatt_score::{Calendar, DayClasses};

    use super::*;
    use crate::TrainingRow;

    /// Hours of a home, one a value.
    fn home(wh: impl Iterator<Item = f64>) -> TrainingSet {
        let calendar = Calendar::new("UTC", DayClasses::DayType).unwrap();
        let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse().unwrap();
        let row = |(at, wh): (u32, f64)| {
            let start = start + jiff::SignedDuration::from_hours(i64::from(at));
            TrainingRow { start, slot: calendar.slot(start), wh, week: at / 168 }
        };
        let rows = (0..).zip(wh).map(row).collect();
        TrainingSet { calendar, rows }
    }

    fn slot(set: &TrainingSet, hour: u8) -> Slot {
        Slot { day: set.calendar.day_classes().classes().next().unwrap(), hour }
    }

    /// About 100 Wh by night and 900 Wh by day.
    fn usual() -> TrainingSet {
        home((0..70 * 24_u32).map(|at| {
            let level = if (8..20).contains(&(at % 24)) { 900.0 } else { 100.0 };
            level * (0.8 + f64::from(at * 37 % 41) / 100.0)
        }))
    }

    #[test]
    fn one_part_has_its_own_z_and_goes_on_straight() {
        let law = Law::new(vec![Part { weight: 1.0, mean: 20.0, spread: 2.0 }]);
        for z in [-7.0, -1.0, 0.0, 3.0, 20.0, 31.0, 100.0, 1e6] {
            assert!(
                (law.z(20.0 + 2.0 * z) - z).abs() < 1e-6 * z.abs().max(1.0),
                "{z}: {}",
                law.z(20.0 + 2.0 * z)
            );
        }
        assert_eq!(law.z(-1e6), LOWEST_Z);
    }

    #[test]
    fn two_parts_have_the_quantiles_of_their_mixture() {
        let part = |weight, mean| Part { weight, mean, spread: 1.0 };
        let law = Law::new(vec![part(0.75, 10.0), part(0.25, 30.0)]);
        // Between them lies a quarter of all: the upper quartile.
        assert!((law.z(20.0) - 0.674_489_75).abs() < 1e-6);
        // Far above them z follows the upper one.
        assert!((law.z(60.0) - 30.0).abs() < 0.1);
    }

    #[test]
    fn a_component_says_of_the_reading_what_it_has_to_do_with_the_calendar() {
        // Only the first coordinate bears on the reading, with correlation 0.6.
        let mut covariance = Array2::eye(ALL);
        covariance[[0, CALENDAR]] = 0.6;
        covariance[[CALENDAR, 0]] = 0.6;
        let mean = ndarray::array![1.0, 0.0, 0.0, 5.0];
        let part = given([3.0, 0.0, 0.0], 0.5, mean.view(), covariance.view()).unwrap();
        assert!((part.mean - 6.2).abs() < 1e-12 && (part.spread - 0.8).abs() < 1e-12, "{part:?}");
        assert!((part.weight - (0.5_f64.ln() - 2.0)).abs() < 1e-12, "{part:?}");
    }

    #[test]
    fn a_component_without_a_proper_covariance_is_refused() {
        let mean = Array2::zeros((1, ALL));
        for value in [f64::NAN, 0.0, -1.0] {
            let covariance = Array2::from_elem((ALL, ALL), value);
            assert_eq!(given([0.0; CALENDAR], 0.5, mean.row(0), covariance.view()), None, "{value}");
        }
    }

    #[test]
    fn day_and_night_are_told_apart() {
        let set = usual();
        let fitted = fitted(&set, 0);
        assert!(fitted.cells.iter().any(|law| law.parts.len() > 1));
        assert!(fitted.raw(slot(&set, 3), 900.0) > 4.0, "{}", fitted.raw(slot(&set, 3), 900.0));
        assert!(fitted.raw(slot(&set, 13), 900.0).abs() < 1.0, "{}", fitted.raw(slot(&set, 13), 900.0));
    }

    #[test]
    fn raw_never_falls() {
        let set = usual();
        let fitted = fitted(&set, 0);
        for hour in 0..24 {
            let raw: Vec<f64> = (0..20_000).map(|wh| fitted.raw(slot(&set, hour), f64::from(wh))).collect();
            assert!(raw.windows(2).all(|pair| pair[0] <= pair[1]), "{hour}");
        }
        assert!(fitted.raw(slot(&set, 3), 1e9) > fitted.raw(slot(&set, 3), 1e8));
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(fitted(&usual(), 7), fitted(&usual(), 7));
    }

    #[test]
    fn few_constant_and_extreme_readings_have_a_law() {
        let homes: [Vec<f64>; 6] = [
            vec![],
            vec![5.0],
            vec![5.0; 3],
            vec![0.0; 600],
            (0..600).map(|at| if at % 7 == 3 { 1e9 } else { 1.0 }).collect(),
            (0..600).map(|at| if at == 99 { 1e9 } else { 0.0 }).collect(),
        ];
        for wh in homes {
            let set = home(wh.iter().copied());
            let fitted = fitted(&set, 0);
            for hour in 0..24 {
                let raw = [0.0, 5.0, 1e3, 1e9].map(|wh| fitted.raw(slot(&set, hour), wh));
                assert!(
                    raw.iter().all(|raw| raw.is_finite()) && raw.is_sorted(),
                    "{} readings: {raw:?}",
                    wh.len()
                );
            }
        }
    }
}
