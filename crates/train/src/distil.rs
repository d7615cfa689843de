//! A model's score as a monotone piecewise-linear curve, with the largest error it makes.
//!
//! The score is tabulated from 0 Wh to the highest knot on a grid in ln(Wh + 50), made finer wherever
//! it bends between two points, made monotone (the highest so far), and covered from left to right by
//! the longest chords that keep within the tolerance of every grid point between their ends (the cone
//! method of Williams 1978, *An efficient algorithm for the piecewise linear approximation of planar
//! curves*). One knot lies at the highest reading that scores no more than 1, so that a reading alerts by the curve if
//! and only if it does by the model: a load that runs every night at one power would else lie above 1.0 every night
//! for the sake of the tolerance. Knots are rounded to a thousandth of a Wh and a millionth of a score. The error is then
//! measured at every grid point and between each two.

use knowatt_score::{Curve, CurveError, Knot};

/// The largest error allowed, in score.
pub const TOLERANCE: f64 = 0.01;
/// What the chords may use of it; the rest is for rounding and for what lies between grid points.
const CHORD_TOLERANCE: f64 = 0.8 * TOLERANCE;
/// Grid intervals before any is made finer.
const GRID: u32 = 512;
/// How far a point may lie off the chord of a grid interval before the interval is divided.
const BEND: f64 = TOLERANCE / 10.0;
/// No interval is divided below this width, in Wh.
const FINEST_WH: f64 = 0.002;
/// No interval is divided once there are so many points: a score that bends everywhere is not distilled.
const MOST_POINTS: usize = 1 << 17;
/// A curve reaches at least this far.
const LEAST_HIGHEST_WH: f64 = 1.0;
/// Keeps the grid from crowding at 0 Wh.
const OFFSET_WH: f64 = 50.0;

/// A curve and how true it is.
#[derive(Debug, Clone)]
pub struct Distilled {
    /// The curve, or why the score has none.
    pub curve: Result<Curve, CurveError>,
    /// The largest difference from the model found between 0 Wh and the highest knot, in score.
    pub largest_error: f64,
}

/// Distils a score that does not fall as Wh rises, with the last knot at `highest_wh` (at least 1 Wh).
///
/// ```
/// let distilled = knowatt_train::distil(|wh| (wh / 100.0).ln_1p(), 5000.0);
/// let curve = distilled.curve?;
/// assert!(distilled.largest_error <= knowatt_train::TOLERANCE);
/// assert!((curve.score(1234.0) - 13.34_f64.ln()).abs() <= knowatt_train::TOLERANCE);
/// assert!(curve.knots().len() < 30);
/// # Ok::<(), knowatt_score::CurveError>(())
/// ```
pub fn distil(score: impl Fn(f64) -> f64, highest_wh: f64) -> Distilled {
    #[allow(clippy::manual_clamp, reason = "NaN becomes the least; `clamp` would keep it")]
    let highest_wh = highest_wh.max(LEAST_HIGHEST_WH).min(Curve::MAX_WH);
    let edge = edge(&score, highest_wh);
    let grid = grid(&score, highest_wh, edge);
    let mut highest = f64::NEG_INFINITY;
    let monotone = |knot: &Knot| {
        highest = highest.max(knot.score);
        Knot { wh: knot.wh, score: (highest * 1e6).round() / 1e6 }
    };
    let points: Vec<Knot> = grid.iter().map(monotone).collect();
    // No chord leads across the edge.
    let (below, above) = match points.iter().position(|point| Some(point.wh) == edge.map(|edge| edge.wh)) {
        Some(at) => points.split_at(at + 1),
        None => (&[][..], &points[..]),
    };
    let above: Vec<Knot> = below.last().into_iter().chain(above).copied().collect();
    let mut knots = chords(below);
    knots.pop();
    knots.extend(chords(&above));
    let curve = Curve::new(knots);
    let largest_error = curve.as_ref().map_or(f64::INFINITY, |curve| {
        let at_points = grid.iter().map(|point| (curve.score(point.wh) - point.score).abs());
        let between = grid.windows(2).map(|pair| {
            let wh = f64::midpoint(pair[0].wh, pair[1].wh);
            (curve.score(wh) - score(wh)).abs()
        });
        at_points.chain(between).fold(0.0, f64::max)
    });
    Distilled { curve, largest_error }
}

/// The highest reading, in thousandths of a Wh, that scores no more than 1; none where all do, or none does.
fn edge(score: &impl Fn(f64) -> f64, highest_wh: f64) -> Option<Knot> {
    let wh = |thousandths: u64| thousandths as f64 / 1e3;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 1e15")]
    let (mut below, mut above) = (0, (highest_wh * 1e3) as u64);
    if score(wh(below)) > 1.0 || score(wh(above)) <= 1.0 {
        return None;
    }
    while above - below > 1 {
        let middle = below.midpoint(above);
        if score(wh(middle)) > 1.0 { above = middle } else { below = middle }
    }
    let at_edge = score(wh(below));
    // Between this thousandth and the next the score is 1, unless it leaps there.
    let at_edge = if 1.0 - at_edge < BEND { 1.0 } else { at_edge };
    Some(Knot { wh: wh(below), score: at_edge })
}

/// The score at points so close that it is nearly straight between them.
fn grid(score: &impl Fn(f64) -> f64, highest_wh: f64, edge: Option<Knot>) -> Vec<Knot> {
    let (low, high) = (libm::log(OFFSET_WH), libm::log(highest_wh + OFFSET_WH));
    let at = |wh: f64| {
        let wh = (wh.clamp(0.0, highest_wh) * 1e3).round() / 1e3;
        Knot { wh, score: score(wh) }
    };
    let even = (0..=GRID)
        .map(|place| at(libm::exp(low + (high - low) * f64::from(place) / f64::from(GRID)) - OFFSET_WH));
    let mut even: Vec<Knot> = edge.into_iter().chain(even).collect();
    even.sort_by(|a, b| a.wh.total_cmp(&b.wh)); // of equals the edge stays first, and the other is not taken
    let mut points: Vec<Knot> = Vec::new();
    for end in even {
        // Intervals still to be looked at, the leftmost last.
        let mut ends = vec![end];
        while let Some(&end) = ends.last() {
            let start = points.last().copied().unwrap_or(Knot { wh: -1.0, ..end });
            if start.wh >= 0.0 && points.len() < MOST_POINTS && is_bent(start, end, &at) {
                ends.push(at(f64::midpoint(start.wh, end.wh)));
                continue;
            }
            ends.pop();
            if end.wh > start.wh {
                points.push(end);
            }
        }
    }
    points
}

/// Whether the score between two points leaves their chord; probed off the middle, lest a step in it hide.
fn is_bent(start: Knot, end: Knot, at: &impl Fn(f64) -> Knot) -> bool {
    let (width, rise) = (end.wh - start.wh, end.score - start.score);
    width > FINEST_WH
        && rise.abs() > BEND
        && [0.37, 0.73].into_iter().any(|share| {
            let probe = at(start.wh + share * width);
            (probe.score - start.score - rise * (probe.wh - start.wh) / width).abs() > BEND
        })
}

/// The ends of the longest chords within the tolerance, from left to right.
fn chords(points: &[Knot]) -> Vec<Knot> {
    let mut knots: Vec<Knot> = points.first().copied().into_iter().collect();
    let mut start = 0;
    while start + 1 < points.len() {
        let from = points[start];
        let (mut least, mut most) = (f64::NEG_INFINITY, f64::INFINITY);
        let mut end = start + 1;
        for (place, to) in points.iter().enumerate().skip(start + 1) {
            let run = to.wh - from.wh;
            let rise = to.score - from.score;
            if (least * run..=most * run).contains(&rise) {
                end = place;
            }
            least = least.max((rise - CHORD_TOLERANCE) / run);
            most = most.min((rise + CHORD_TOLERANCE) / run);
            if least > most {
                break;
            }
        }
        knots.push(points[end]);
        start = end;
    }
    knots
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_straight_line_needs_its_ends_and_its_edge() {
        let knots = |score: &dyn Fn(f64) -> f64| {
            let distilled = distil(score, 5000.0);
            assert!(distilled.largest_error < 1e-6);
            distilled.curve.unwrap().knots().len()
        };
        assert_eq!(knots(&|wh| wh / 1000.0 - 0.2), 3);
        assert_eq!(knots(&|wh| wh / 6000.0), 2);
    }

    #[test]
    fn what_scores_no_more_than_1_never_alerts() {
        let (edge, steep) = (999.0, 3.0);
        let score = |wh: f64| (wh / edge).powf(steep);
        let curve = distil(score, 5000.0).curve.unwrap();
        for thousandths in -50_000..50_000 {
            let wh = edge + f64::from(thousandths) / 1e3;
            assert_eq!(curve.score(wh) > 1.0, thousandths > 0, "{wh}");
        }
    }

    #[test]
    fn an_odd_highest_knot_is_no_panic() {
        for highest_wh in [f64::NAN, -5.0, 0.0] {
            assert!(distil(|wh| wh / 100.0, highest_wh).curve.is_ok(), "{highest_wh}");
        }
        // As far as a curve may reach, this score is beyond what a knot may have.
        assert!(matches!(distil(|wh| wh / 100.0, f64::INFINITY).curve, Err(CurveError::Range(_))));
    }

    #[test]
    fn a_score_that_falls_somewhere_gives_a_curve_that_does_not() {
        let distilled = distil(|wh| (wh / 300.0).sin() + wh / 2000.0, 5000.0);
        let curve = distilled.curve.unwrap();
        assert!(curve.knots().windows(2).all(|pair| pair[0].score <= pair[1].score));
    }

    proptest! {
        #[test]
        fn curves_keep_within_the_tolerance(
            bends in prop::collection::vec((0.0..6000.0_f64, 1.0..400.0_f64, 0.0..2.0_f64), 1..6),
            slope in 1e-4..1e-2_f64,
        ) {
            let score = |wh: f64| {
                let steps: f64 = bends.iter().map(|(at, width, height)| height / (1.0 + (-(wh - at) / width).exp())).sum();
                steps + slope * wh
            };
            // Some scores pass 1, some begin above it, some never reach it.
            let distilled = distil(score, 6000.0);
            prop_assert!(distilled.largest_error <= TOLERANCE, "{}", distilled.largest_error);
            let curve = distilled.curve.unwrap();
            for step in 0..5000 {
                let wh = f64::from(step) * 1.2;
                prop_assert!((curve.score(wh) - score(wh)).abs() <= TOLERANCE, "at {} Wh", wh);
                let is_at_edge = (score(wh) - 1.0).abs() < 1e-3;
                prop_assert!(is_at_edge || (curve.score(wh) > 1.0) == (score(wh) > 1.0), "at {} Wh", wh);
            }
        }
    }
}
