//! Where 1.0 lies: on weeks that the model has not seen.
//!
//! The weeks are held out in turn, in at most [`FOLDS`] groups of whole weeks; the model is fitted to
//! the others and scores those held out. The raw scores so gathered stand in for those of the months
//! to come (cross-conformal prediction: Vovk 2015, *Cross-conformal predictors*; whole weeks are
//! exchanged, not hours, because hours that follow one another are alike). Over a period of n months
//! the k-th highest episode is the level that about k episodes of the next n months pass, for the next
//! one is as likely as any to rank anywhere among them. So 1.0 is the peak of episode number
//! `alerts_per_month · n`, found by lowering a threshold until that many episodes have appeared;
//! between two ranks it is interpolated, and above the first it follows the exponential law that the
//! spacings of the highest ones suggest (Weissman 1978, *Estimation of parameters and large
//! quantiles*).

use jiff::Timestamp;
use knowatt_score::{Calibration, MONTH_HOURS, is_one_episode};

use crate::{edges::Edges, models::Model, training_set::TrainingSet};

/// The most groups into which the weeks are divided.
const FOLDS: u32 = 16;
/// The edges are at least this far apart, on the model's scale, even in a home that never varies.
const LEAST_RANGE: f64 = 0.1;
/// How many of the highest episodes tell how the tail goes on.
const TAIL_EPISODES: usize = 10;

/// Holds out whole weeks in turn and finds the edges; `alerts_per_month` is positive and finite.
pub fn calibrate(
    model: &dyn Model,
    set: &TrainingSet,
    alerts_per_month: f64,
    seed: u64,
) -> (Edges, Calibration) {
    let weeks = set.rows.last().map_or(0, |row| row.week + 1);
    let folds = weeks.clamp(2, FOLDS);
    let mut raw = vec![0.0; set.rows.len()];
    let mut low = 0.0;
    for fold in 0..folds {
        let fitted = model.fit(&set.filtered(|row| row.week % folds != fold), seed);
        for (row, raw) in set.rows.iter().zip(&mut raw).filter(|(row, _)| row.week % folds == fold) {
            *raw = fitted.raw(row.slot, row.wh);
        }
        low = fitted.raw_low();
    }
    let starts: Vec<Timestamp> = set.rows.iter().map(|row| row.start).collect();
    let wanted = alerts_per_month * raw.len() as f64 / MONTH_HOURS;
    let high = threshold(&episode_peaks(&starts, &raw), wanted).max(low + LEAST_RANGE);
    let edges = Edges { low, high };
    let mut found = knowatt_score::Episodes::above(high);
    let episodes = starts.iter().zip(&raw).filter(|&(&start, &raw)| found.push(start, raw)).count();
    let calibration = Calibration {
        alerts_per_month,
        weeks,
        readings: raw.len() as u64,
        episodes: episodes as u64,
        raw_low: low,
        raw_high: high,
    };
    (edges, calibration)
}

/// For n = 1, 2, …: the highest level at which, counted reading by reading from the highest down, n episodes
/// had begun that no reading between them had joined; as far as there are such levels.
fn episode_peaks(starts: &[Timestamp], raw: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..raw.len()).collect();
    order.sort_by(|&a, &b| raw[b].total_cmp(&raw[a]).then(a.cmp(&b)));
    let mut above = std::collections::BTreeSet::new();
    let mut peaks = Vec::new();
    let mut episodes = 0_usize;
    let near = |a: usize, b: usize| is_one_episode(starts[a], starts[b]);
    for place in order {
        let before = above.range(..place).next_back().copied().filter(|&other| near(other, place));
        let after = above.range(place + 1..).next().copied().filter(|&other| near(place, other));
        match (before, after) {
            (None, None) => episodes += 1,
            // Two neighbours that were apart until now become one.
            (Some(before), Some(after)) if !near(before, after) => episodes -= 1,
            _ => {}
        }
        above.insert(place);
        if episodes > peaks.len() {
            peaks.push(raw[place]);
        }
    }
    peaks
}

/// The level that `wanted` episodes reach, by rank.
fn threshold(peaks: &[f64], wanted: f64) -> f64 {
    let (Some(&highest), Some(&lowest)) = (peaks.first(), peaks.last()) else { return 0.0 };
    if wanted.is_nan() || wanted < 1.0 {
        let tail = &peaks[..peaks.len().min(TAIL_EPISODES)];
        let mean_excess =
            tail.iter().map(|peak| peak - tail[tail.len() - 1]).sum::<f64>() / tail.len() as f64;
        return highest - mean_excess * libm::log(wanted);
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at least 1, and `get` checks"
    )]
    let rank = wanted.floor() as usize;
    let at = |rank: usize| peaks.get(rank - 1).copied().unwrap_or(lowest);
    let (here, next) = (at(rank), at(rank + 1));
    here + (wanted - wanted.floor()) * (next - here)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hour(h: i64) -> Timestamp {
        Timestamp::from_second(h * 3600).unwrap()
    }

    #[test]
    fn the_threshold_of_n_alerts_is_passed_by_the_episodes_above_it() {
        // Peaks of 9, 8, 7, 6 and 5, six hours apart, with a shoulder beside each that makes no new one.
        let (mut starts, mut raw) = (Vec::new(), Vec::new());
        for (n, peak) in (0..).zip([9.0, 8.0, 7.0, 6.0, 5.0]) {
            starts.extend([hour(6 * n), hour(6 * n + 1)]);
            raw.extend([peak, peak - 0.1]);
        }
        let peaks = episode_peaks(&starts, &raw);
        assert_eq!(peaks, [9.0, 8.0, 7.0, 6.0, 5.0]);
        assert_eq!(threshold(&peaks, 3.0), 7.0);
        assert_eq!(threshold(&peaks, 3.5), 6.5);
        assert_eq!(threshold(&peaks, 99.0), 5.0);
        assert!(threshold(&peaks, 0.1) > 9.0);
    }

    proptest! {
        #[test]
        fn fewer_episodes_lie_above_a_level_than_its_rank(values in prop::collection::vec((1..5_i64, 0..40_u8), 1..120)) {
            let mut at = 0;
            let (starts, raw): (Vec<_>, Vec<_>) = values.iter().map(|&(gap, value)| { at += gap; (hour(at), f64::from(value)) }).unzip();
            for (index, &peak) in episode_peaks(&starts, &raw).iter().enumerate() {
                let mut above = knowatt_score::Episodes::above(peak);
                let count = starts.iter().zip(&raw).filter(|&(&start, &raw)| above.push(start, raw)).count();
                prop_assert!(count <= index, "{} episodes above level {} of rank {}", count, peak, index + 1);
            }
        }
    }
}
