//! Evenly spaced points, and the straight line between two of them.

use knowatt_score::Slot;
use serde::{Deserialize, Serialize};

/// Evenly spaced points in x, two or more.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lattice {
    pub(super) first: f64,
    pub(super) step: f64,
    pub(super) points: usize,
}

impl Lattice {
    /// So many points, two or more, from `first` to `last`.
    pub(super) fn spanning(first: f64, last: f64, points: usize) -> Self {
        Self { first, step: (last - first) / (points - 1) as f64, points }
    }

    /// The points.
    pub(super) fn xs(self) -> impl Iterator<Item = f64> {
        (0..self.points).map(move |point| self.first + point as f64 * self.step)
    }

    /// The point at or left of x, kept within all but the last, and how many steps x lies right of it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the lattice")]
    pub(super) fn place(self, x: f64) -> (usize, f64) {
        let steps = (x - self.first) / self.step;
        let left = steps.clamp(0.0, (self.points - 2) as f64) as usize;
        (left, steps - left as f64)
    }

    /// The value at x of a function known at the points: straight between two, right of the lattice as over
    /// its last step, left of it as at its first point.
    pub(super) fn value(self, values: &[f64], x: f64) -> f64 {
        let (left, steps) = self.place(x);
        let (a, b) = (values[left], values[left + 1]);
        if steps < 0.0 { a } else { a + steps * (b - a) }
    }
}

/// Values at the points of a lattice, for each cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ByCell {
    pub(super) lattice: Lattice,
    /// `values[(day · 24 + hour) · points + point]`.
    pub(super) values: Vec<f64>,
}

impl ByCell {
    /// The value at x in a slot's cell.
    pub(super) fn value(&self, slot: Slot, x: f64) -> f64 {
        let at = slot.cell() * self.lattice.points;
        self.lattice.value(&self.values[at..at + self.lattice.points], x)
    }

    pub(super) fn is_finite(&self) -> bool {
        self.values.iter().all(|value| value.is_finite())
    }
}

/// The running maximum, made to rise by `least` or more at each point.
///
/// A model that cannot tell two high readings apart still ranks the higher one above; beyond the lattice too.
pub(super) fn rising(values: impl Iterator<Item = f64>, least: f64) -> Vec<f64> {
    let mut highest = f64::NEG_INFINITY;
    values
        .map(|value| {
            highest = value.max(highest + least);
            highest
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_straight_between_points_and_go_on_to_the_right() {
        let lattice = Lattice::spanning(1.0, 3.0, 3);
        assert_eq!(lattice.xs().collect::<Vec<_>>(), [1.0, 2.0, 3.0]);
        let value = |x| lattice.value(&[0.0, 1.0, 5.0], x);
        assert_eq!([0.5, 1.0, 1.5, 2.5, 4.0].map(value), [0.0, 0.0, 0.5, 3.0, 9.0]);
    }

    #[test]
    fn what_falls_is_made_to_rise() {
        let values = [0.0, 2.0, 1.0, 3.0].into_iter();
        assert_eq!(rising(values, 0.5), [0.0, 2.0, 2.5, 3.0]);
    }
}
