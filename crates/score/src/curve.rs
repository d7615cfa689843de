//! One monotone piecewise-linear curve from Wh to score.
//!
//! The arithmetic is part of the format: every export computes it in the same order, in IEEE 754
//! double precision, and so gives the same bits. For knots `(wh[0], score[0]) … (wh[n-1], score[n-1])`
//! and a reading `x`:
//!
//! 1. `i` = the number of knots with `wh ≤ x`, kept between 1 and n − 1;
//! 2. `s = score[i-1] + (x − wh[i-1]) · (score[i] − score[i-1]) / (wh[i] − wh[i-1])`;
//! 3. unless `i` = n − 1, `s` is at most `score[i]`;
//! 4. `s` is kept within the finite doubles.
//!
//! So the curve goes on in a straight line before its first and after its last knot, never falls, and
//! with the two knots `(min, 0)` and `(max, 1)` is exactly `(x − min) / (max − min)`.

use serde::Serialize;

/// A point of a [`Curve`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Knot {
    /// Energy in the interval, in Wh.
    pub wh: f64,
    /// The score there.
    pub score: f64,
}

/// Why knots do not make a curve.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurveError {
    /// Fewer than 2 or more than [`Curve::MAX_KNOTS`].
    #[error("a curve has 2 to {max} knots, not {0}", max = Curve::MAX_KNOTS)]
    Count(usize),
    /// Not finite, or beyond what a meter could read.
    #[error("knot {0} is not a finite number of Wh from 0 to {max:e} with a finite score within ±{score:e}", max = Curve::MAX_WH, score = Curve::MAX_SCORE)]
    Range(usize),
    /// The Wh do not rise, or the score falls.
    #[error("knot {0} does not lie right of and no lower than the one before it")]
    NotMonotone(usize),
    /// The last segment is level, so that no reading would ever be unusual.
    #[error("the last segment does not rise")]
    LevelEnd,
}

/// A monotone piecewise-linear curve from energy (Wh in the interval) to score.
///
/// ```
/// use knowatt_score::{Curve, Knot};
///
/// let curve = Curve::new(vec![
///     Knot { wh: 100.0, score: 0.0 },
///     Knot { wh: 200.0, score: 0.5 },
///     Knot { wh: 600.0, score: 1.0 },
/// ])?;
/// assert_eq!(curve.score(150.0), 0.25);
/// assert_eq!(curve.score(1400.0), 2.0);
/// assert_eq!(curve.wh(2.0), 1400.0);
/// # Ok::<(), knowatt_score::CurveError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    knots: Box<[Knot]>,
    /// The Wh of the knots between the first and the last: as many as lie at or left of a reading, so
    /// many segments does it lie right of.
    inner_wh: Box<[f64]>,
    /// What lies between each two knots, ready to be evaluated.
    segments: Box<[Segment]>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Segment {
    left: Knot,
    /// `score[i] − score[i-1]`.
    rise: f64,
    /// `wh[i] − wh[i-1]`.
    run: f64,
    /// The right knot's score; none for the last segment, which goes on.
    most: f64,
}

impl Curve {
    /// The most knots a curve may have.
    pub const MAX_KNOTS: usize = 4096;
    /// The highest Wh a knot may have.
    pub const MAX_WH: f64 = 1e12;
    /// The largest absolute score a knot may have.
    pub const MAX_SCORE: f64 = 1e9;

    /// Checks the knots: finite, Wh rising, score not falling, and rising in the last segment.
    ///
    /// A zero is taken without its sign, so that no score is −0, which engines do not all tell from 0.
    pub fn new(mut knots: Vec<Knot>) -> Result<Self, CurveError> {
        for knot in &mut knots {
            *knot = Knot { wh: knot.wh + 0.0, score: knot.score + 0.0 }; // −0 + 0 is 0
        }
        if !(2..=Self::MAX_KNOTS).contains(&knots.len()) {
            return Err(CurveError::Count(knots.len()));
        }
        let in_range =
            |knot: &Knot| (0.0..=Self::MAX_WH).contains(&knot.wh) && knot.score.abs() <= Self::MAX_SCORE;
        if let Some(bad) = knots.iter().position(|knot| !in_range(knot)) {
            return Err(CurveError::Range(bad));
        }
        let rises = |pair: &[Knot]| pair[0].wh < pair[1].wh && pair[0].score <= pair[1].score;
        if let Some(bad) = knots.windows(2).position(|pair| !rises(pair)) {
            return Err(CurveError::NotMonotone(bad + 1));
        }
        if knots[knots.len() - 2].score == knots[knots.len() - 1].score {
            return Err(CurveError::LevelEnd);
        }
        let last = knots.len() - 1;
        let segment = |(left, pair): (usize, &[Knot])| Segment {
            left: pair[0],
            rise: pair[1].score - pair[0].score,
            run: pair[1].wh - pair[0].wh,
            most: if left + 1 == last { f64::MAX } else { pair[1].score },
        };
        let segments = knots.windows(2).enumerate().map(segment).collect();
        let inner_wh = knots[1..last].iter().map(|knot| knot.wh).collect();
        Ok(Self { knots: knots.into_boxed_slice(), inner_wh, segments })
    }

    /// The knots, from left to right.
    pub fn knots(&self) -> &[Knot] {
        &self.knots
    }

    /// The score of a reading of `wh`, as the module's documentation defines it.
    ///
    /// Finite for every finite `wh`; NaN gives NaN ([`crate::ScoreTable::score`] refuses it).
    #[inline]
    pub fn score(&self, wh: f64) -> f64 {
        let segment = &self.segments[self.inner_wh.partition_point(|&knot| knot <= wh)];
        let Segment { left, rise, run, most } = segment;
        (left.score + (wh - left.wh) * rise / run).clamp(f64::MIN, *most)
    }

    /// The highest reading, in Wh, that scores no more than `score`, to within rounding; 0 where even 0 Wh
    /// scores more, NaN for NaN.
    pub fn wh(&self, score: f64) -> f64 {
        let last = self.knots.len() - 1;
        let right = self.knots.partition_point(|knot| knot.score <= score).clamp(1, last);
        let (a, b) = (self.knots[right - 1], self.knots[right]);
        if b.score == a.score {
            return 0.0; // level before the first knot: everything there scores more
        }
        (a.wh + (score - a.score) * (b.wh - a.wh) / (b.score - a.score)).clamp(0.0, f64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(points: &[(f64, f64)]) -> Result<Curve, CurveError> {
        Curve::new(points.iter().map(|&(wh, score)| Knot { wh, score }).collect())
    }

    #[test]
    fn two_knots_are_the_talks_function_to_the_last_bit() {
        // The full-precision results in the notes of the talk's repository.
        let hours = [
            ((108.0, 363.0), 1500.0, 5.458_823_529_411_765),
            ((111.0, 2120.0), 1500.0, 0.691_388_750_622_200_1),
        ];
        for ((min, max), wh, expected) in hours {
            let score = curve(&[(min, 0.0), (max, 1.0)]).unwrap().score(wh);
            assert_eq!(score.to_bits(), f64::to_bits(expected));
        }
    }

    #[test]
    fn knots_that_make_no_curve_are_refused_with_their_place() {
        let refused = [
            (curve(&[(1.0, 0.0)]), CurveError::Count(1)),
            (curve(&[(1.0, 0.0), (1.0, 1.0)]), CurveError::NotMonotone(1)),
            (curve(&[(1.0, 0.0), (2.0, 1.0), (3.0, 0.9)]), CurveError::NotMonotone(2)),
            (curve(&[(1.0, 0.0), (2.0, 0.0)]), CurveError::LevelEnd),
            (curve(&[(1.0, 0.0), (f64::NAN, 1.0)]), CurveError::Range(1)),
            (curve(&[(1.0, 0.0), (f64::INFINITY, 1.0)]), CurveError::Range(1)),
            (curve(&[(1.0, f64::NAN), (2.0, 1.0)]), CurveError::Range(0)),
            (curve(&[(-1.0, 0.0), (2.0, 1.0)]), CurveError::Range(0)),
        ];
        for (result, expected) in refused {
            assert_eq!(result.unwrap_err(), expected);
        }
    }

    #[test]
    fn the_inverse_of_a_level_stretch_is_its_upper_end() {
        let curve = curve(&[(10.0, 0.0), (20.0, 1.0), (30.0, 1.0), (40.0, 2.0)]).unwrap();
        assert_eq!(curve.wh(1.0), 30.0);
        assert_eq!(curve.wh(-5.0), 0.0);
        assert_eq!(curve.wh(3.0), 50.0);
    }

    prop_compose! {
        fn any_curve()(start in 0.0..1e4_f64, low in -5.0..1.0_f64,
                       steps in prop::collection::vec((1e-6..5e3_f64, 0.0..2.0_f64), 1..20),
                       end in (1e-3..5e3_f64, 1e-6..2.0_f64)) -> Curve {
            let mut knots = vec![Knot { wh: start, score: low }];
            for (wh, score) in steps.into_iter().chain([end]) {
                let last = knots[knots.len() - 1];
                knots.push(Knot { wh: last.wh + wh, score: last.score + score });
            }
            Curve::new(knots).unwrap()
        }
    }

    proptest! {
        #[test]
        fn a_curve_never_falls(curve in any_curve(), mut x in prop::collection::vec(0.0..1e5_f64, 2..50)) {
            x.extend(curve.knots().iter().flat_map(|k| [k.wh.next_down().max(0.0), k.wh, k.wh.next_up()]));
            x.sort_by(f64::total_cmp);
            for pair in x.windows(2) {
                prop_assert!(curve.score(pair[0]) <= curve.score(pair[1]), "{pair:?}");
            }
        }

        #[test]
        fn a_curve_is_finite_for_every_finite_reading(curve in any_curve(), x in prop::num::f64::POSITIVE | prop::num::f64::ZERO) {
            prop_assert!(curve.score(x).is_finite());
        }

        #[test]
        fn a_curve_goes_through_its_knots(curve in any_curve()) {
            for knot in curve.knots() {
                prop_assert!((curve.score(knot.wh) - knot.score).abs() <= 1e-12 * knot.score.abs().max(1.0));
            }
        }

        #[test]
        fn the_inverse_scores_what_was_asked(curve in any_curve(), score in -2.0..8.0_f64) {
            let wh = curve.wh(score);
            if wh > 0.0 {
                prop_assert!((curve.score(wh) - score).abs() < 1e-6);
            } else {
                prop_assert!(curve.score(0.0) >= score - 1e-9);
            }
        }
    }
}
