//! Curves as rows: for each day class and hour the stretches of Wh on which the score is one straight line.
//!
//! A row is `from_wh ≤ wh ≤ to_wh`, both finite and inclusive, so that one `BETWEEN` finds the one row of a reading and finds
//! none for NaN, infinity and what is negative; −0 equals 0 and is found. The score is
//! `least(score0 + (wh - wh0) * rise / run, most)`, where `rise` and `run` are the differences that `knowatt_score::Curve` takes.
//!
//! PostgreSQL ends a statement at a double that overflows or underflows to 0 (`float8_mul` and its like in `utils/adt/float.c`),
//! MySQL at one that overflows (*Out-of-Range and Overflow Handling* in its manual), and `knowatt_score` does neither. So a stretch
//! on which a step of the sum would is a row of its own with a `rise` of 0, whose score is the same to the bit without that step. Those for
//! underflow are PostgreSQL's alone: their ends are the smallest of doubles, which not every engine reads.

use knowatt_score::{Feature, Knot};

use crate::export::{Cell, Export};

/// What an engine does where a product or a quotient that is not 0 becomes 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Underflow {
    /// It ends the statement.
    Raises,
    /// It goes on with 0, as IEEE 754 says.
    IsZero,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Segment {
    pub(super) feature: Feature,
    pub(super) day: u8,
    pub(super) hour: u8,
    pub(super) line: Line,
}

/// A straight line from the lowest to the highest Wh that it is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Line {
    pub(super) from_wh: f64,
    pub(super) to_wh: f64,
    pub(super) wh0: f64,
    pub(super) score0: f64,
    pub(super) rise: f64,
    pub(super) run: f64,
    pub(super) most: f64,
}

impl Segment {
    /// The columns, numbers being spelled as the engine reads them exactly.
    pub(super) fn columns(&self, spell: fn(f64) -> String) -> String {
        let Self { feature, day, hour, line } = self;
        let numbers: Vec<_> = line.numbers().into_iter().map(spell).collect();
        format!("'{feature}', {day}, {hour}, {}", numbers.join(", "))
    }
}

/// All rows, in the order of features, days, hours and Wh.
pub(super) fn segments(export: &Export<'_>, underflow: Underflow) -> impl Iterator<Item = Segment> {
    export.features().iter().flat_map(move |curves| {
        curves.cells.iter().flat_map(move |cell| {
            let row =
                |line| Segment { feature: curves.feature, day: cell.slot.day.0, hour: cell.slot.hour, line };
            lines(cell, underflow).into_iter().map(row)
        })
    })
}

/// The lines of one curve, from 0 Wh to the largest double.
pub(super) fn lines(cell: &Cell<'_>, underflow: Underflow) -> Vec<Line> {
    let pairs = cell.knots().windows(2);
    let last = pairs.len() - 1;
    pairs
        .enumerate()
        .map(|(place, pair)| between(pair[0], pair[1], place == 0, place == last))
        .flat_map(|line| line.guarded(underflow))
        .collect()
}

fn between(left: Knot, right: Knot, is_first: bool, is_last: bool) -> Line {
    Line {
        from_wh: if is_first { 0.0 } else { left.wh },
        to_wh: if is_last { f64::MAX } else { right.wh.next_down() },
        wh0: left.wh,
        score0: left.score,
        rise: right.score - left.score,
        run: right.wh - left.wh,
        most: if is_last { f64::MAX } else { right.score },
    }
}

/// What a reading comes to on a line, in the order in which it rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    BelowAll,
    Less,
    Nothing,
    More,
    AboveAll,
}

impl Line {
    pub(super) fn numbers(&self) -> [f64; 7] {
        [self.from_wh, self.to_wh, self.wh0, self.score0, self.rise, self.run, self.most]
    }

    fn step(&self, wh: f64) -> Step {
        let step = (wh - self.wh0) * self.rise / self.run;
        match (self.score0 + step, step) {
            (f64::NEG_INFINITY, _) => Step::BelowAll,
            (f64::INFINITY, _) => Step::AboveAll,
            (_, 0.0) => Step::Nothing,
            (_, step) if step < 0.0 => Step::Less,
            _ => Step::More,
        }
    }

    /// The same scores in lines on which no step ends the statement.
    fn guarded(self, underflow: Underflow) -> Vec<Self> {
        let steps = [Step::BelowAll, Step::Less, Step::Nothing, Step::More, Step::AboveAll];
        // Doubles that are not negative are in the order of their bits.
        let (first, last) = (self.from_wh.to_bits(), self.to_wh.to_bits());
        let begin = |step| partition_point(first, last + 1, |bits| self.step(f64::from_bits(bits)) < step);
        let mut lines: Vec<Self> = Vec::new();
        for (place, step) in steps.into_iter().enumerate() {
            let end = steps.get(place + 1).map_or(last + 1, |next| begin(*next));
            let begin = begin(step);
            if begin < end {
                let part = Self { from_wh: f64::from_bits(begin), to_wh: f64::from_bits(end - 1), ..self };
                let part = part.level_where_it_must(step, underflow);
                match lines.last_mut() {
                    Some(before) if before.rise == part.rise && before.score0 == part.score0 => {
                        before.to_wh = part.to_wh;
                    }
                    _ => lines.push(part),
                }
            }
        }
        lines
    }

    fn level_where_it_must(self, step: Step, underflow: Underflow) -> Self {
        match step {
            Step::BelowAll => Self { score0: f64::MIN, rise: 0.0, ..self },
            Step::AboveAll => Self { score0: f64::MAX, rise: 0.0, ..self },
            Step::Nothing
                if underflow == Underflow::Raises && [self.from_wh, self.to_wh] != [self.wh0; 2] =>
            {
                Self { rise: 0.0, ..self }
            }
            Step::Nothing | Step::Less | Step::More => self,
        }
    }
}

/// The first from `low` to before `high` for which it does not hold, or `high`.
fn partition_point(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use knowatt_score::{Curve, DayClass, Slot};
    use proptest::prelude::*;

    use super::*;

    fn curve(points: &[(f64, f64)]) -> Curve {
        Curve::new(points.iter().map(|&(wh, score)| Knot { wh, score }).collect()).unwrap()
    }

    fn lines_of(curve: &Curve) -> Vec<Line> {
        lines(&Cell { slot: Slot { day: DayClass(0), hour: 0 }, curve }, Underflow::Raises)
    }

    /// What PostgreSQL does: the score, or none where it would end the statement.
    fn checked(line: &Line, wh: f64) -> Option<f64> {
        let product = (wh - line.wh0) * line.rise;
        let quotient = product / line.run;
        let sum = line.score0 + quotient;
        let underflows =
            (product == 0.0 && wh != line.wh0 && line.rise != 0.0) || (quotient == 0.0 && product != 0.0);
        (sum.is_finite() && quotient.is_finite() && product.is_finite() && !underflows)
            .then(|| sum.min(line.most))
    }

    fn same(curve: &Curve, wh: f64) {
        let lines = lines_of(curve);
        let of_it: Vec<_> = lines.iter().filter(|line| line.from_wh <= wh && wh <= line.to_wh).collect();
        assert_eq!(of_it.len(), 1, "{wh} in {lines:?}");
        let score = checked(of_it[0], wh);
        assert_eq!(score.map(f64::to_bits), Some(curve.score(wh).to_bits()), "{wh} in {lines:?}");
    }

    fn same_at_all_edges(curve: &Curve) {
        for line in lines_of(curve) {
            for wh in [line.from_wh, line.to_wh, line.wh0] {
                for wh in [wh.next_down(), wh, wh.next_up()].into_iter().filter(|wh| *wh <= f64::MAX) {
                    same(curve, if wh < 0.0 { -0.0 } else { wh });
                }
            }
        }
    }

    #[test]
    fn an_ordinary_curve_has_a_line_between_each_two_knots() {
        let lines = lines_of(&curve(&[(100.0, 0.0), (200.0, 0.25), (600.0, 1.0)]));
        assert_eq!(
            lines.iter().map(Line::numbers).collect::<Vec<_>>(),
            [
                [0.0, 200_f64.next_down(), 100.0, 0.0, 0.25, 100.0, 0.25],
                [200.0, f64::MAX, 200.0, 0.25, 0.75, 400.0, f64::MAX],
            ]
        );
    }

    #[test]
    fn what_would_overflow_or_underflow_is_a_level_line_with_the_same_score() {
        let steep = curve(&[(1.0, 0.0), (1.0 + f64::EPSILON, 1e9)]);
        assert_eq!(lines_of(&steep)[1].numbers()[3..5], [f64::MAX, 0.0]);
        let from_nothing = curve(&[(0.0, 0.5), (10.0, 0.75)]);
        assert_eq!(lines_of(&from_nothing)[0].numbers()[3..5], [0.5, 0.0]);
        let cell = Cell { slot: Slot { day: DayClass(0), hour: 0 }, curve: &from_nothing };
        assert_eq!(
            lines(&cell, Underflow::IsZero).iter().map(Line::numbers).collect::<Vec<_>>(),
            [[0.0, f64::MAX, 0.0, 0.5, 0.25, 10.0, f64::MAX]]
        );
        let both_ways = curve(&[(1e12_f64.next_down(), -1e9), (1e12, 1e9)]);
        let tiny = curve(&[(0.0, 0.0), (1.0, 5e-324), (5.0, 1e-310), (6.0, 1.0)]);
        let denormal = curve(&[(5e-324, -1e9), (1e-323, 1e9)]);
        let left_of_a_denormal = curve(&[(1e12 - 1.0, -1e9), (1e12, 1e9)]);
        for curve in [steep, from_nothing, both_ways, tiny, denormal, left_of_a_denormal] {
            same_at_all_edges(&curve);
        }
    }

    proptest! {
        #[test]
        fn the_lines_have_every_score_of_the_curve(
            start in prop_oneof![Just(0.0), 0.0..1e4_f64], low in -5.0..1.0_f64,
            steps in prop::collection::vec((1e-6..5e3_f64, prop_oneof![Just(0.0), 0.0..2.0_f64]), 0..6),
            end in (1e-9..5e3_f64, 1e-9..2.0_f64), bits in 0..=f64::MAX.to_bits(), share in 0.0..1.2_f64,
        ) {
            let mut points = vec![(start, low)];
            for (wh, score) in steps.into_iter().chain([end]) {
                let last = points[points.len() - 1];
                points.push((last.0 + wh, last.1 + score));
            }
            let last = points[points.len() - 1].0;
            let curve = curve(&points);
            same(&curve, f64::from_bits(bits));
            same(&curve, last * share);
            same_at_all_edges(&curve);
        }
    }
}
