//! Where 1.0 lies: on weeks that the model has not seen.
//!
//! The weeks are held out in turn, some weeks on end at a time; the model is fitted to the others and
//! scores those held out. The raw scores so gathered stand in for those of the months to come
//! (cross-conformal prediction: Vovk 2015, *Cross-conformal predictors*; whole weeks are exchanged, not
//! hours, because hours that follow one another are alike, and weeks on end, because a home drifts and
//! the month to come has no neighbours in the training set either).
//!
//! Over a period of n months the k-th highest episode is the level that about k episodes of the next n
//! months pass, for the next one is as likely as any to rank anywhere among them. So for one feature the
//! level of k alerts is the peak of episode number k, found by lowering a threshold until that many
//! episodes have appeared; between two ranks it is interpolated, and above the first it follows the
//! exponential law that the spacings of the highest ones suggest (Weissman 1978, *Estimation of
//! parameters and large quantiles*; from the highest episode, where he goes on from the k-th, so that the levels
//! join). A month is 720 hourly readings: the hours that a meter does not give bring no alerts. Several features together bring fewer episodes than their sum, as
//! they see the same hours; so each is given its share of a common number of alerts, and that number is
//! raised until the largest score brings as many as were asked for. How they coincide is counted where there are
//! enough episodes to count, and taken to hold for fewer.

use std::ops::Range;

use jiff::{Timestamp, civil::Date};
use knowatt_score::{
    Calendar, Calibration, CalibrationMonth, Episodes, Feature, MONTH_HOURS, is_one_episode,
};

use crate::{
    edges::Edges,
    features::{Shares, steepness},
    models::Model,
    normal::upper_quantile,
    training_set::TrainingSet,
};

/// More alerts a month than one a day are no alerts.
const MOST_ALERTS: f64 = 30.0;
/// So many weeks on end are held out together, or more where that would make more than [`FOLDS`] groups.
const WEEKS_HELD_OUT: u32 = 2;
/// The most groups into which the weeks are divided.
const FOLDS: u32 = 16;
/// The edges are at least this far apart, on the model's scale, even in a home that never varies.
const LEAST_RANGE: f64 = 0.5;
/// How far, as a fraction of the number asked for, homes drift from it: the standard deviation over the homes of `reports/models`.
const DRIFT_SPREAD: f64 = 0.7;
/// How many of the highest episodes tell how the tail goes on.
const TAIL_EPISODES: usize = 10;
/// How the features coincide is counted on at least so many alerts, and taken to hold for fewer.
const LEAST_COUNTED: f64 = 12.0;
const HALF_A_RANK: f64 = 0.5;
/// The common number of alerts is tried in steps of this ratio, this many below and above the number asked for.
const STEP: f64 = 1.02;
const STEPS: i32 = 150;

/// Whether so many alerts a month can be asked for: more than 0 and at most 30.
pub fn is_askable(alerts_per_month: f64) -> bool {
    alerts_per_month > 0.0 && alerts_per_month <= MOST_ALERTS
}

/// A feature's raw scores of readings held out.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// One for each reading; below all others where the feature has no value.
    pub raw: Vec<f64>,
    /// The raw score of the low edge of normal.
    pub low: f64,
}

/// Scores every reading's feature by a model that has not seen its week; none if no reading has the feature, whose
/// values are those of [`TrainingSet::of`].
pub fn hold_out(model: &dyn Model, set: &TrainingSet, values: &TrainingSet, seed: u64) -> Option<HeldOut> {
    let weeks = set.rows.last()?.week + 1;
    let folds = (weeks / WEEKS_HELD_OUT).clamp(2, FOLDS);
    let fold_of = |week: u32| week * folds / weeks;
    let mut raw = vec![f64::NEG_INFINITY; set.rows.len()];
    let mut low = None;
    for fold in 0..folds {
        let (held_out, shown): (Vec<_>, Vec<_>) =
            values.rows.iter().partition(|row| fold_of(row.week) == fold);
        if held_out.is_empty() || shown.is_empty() {
            continue;
        }
        let fitted = model.fit(&TrainingSet { calendar: set.calendar.clone(), rows: shown }, seed);
        // Rows keep the order of time, so each is found right of the one before.
        let mut at = 0;
        for row in held_out {
            at += set.rows[at..].iter().position(|other| other.start == row.start)?;
            raw[at] = fitted.raw(row.slot, row.wh);
        }
        low = Some(fitted.raw_low());
    }
    Some(HeldOut { raw, low: low? })
}

/// A feature's raw scores, one for each reading.
#[derive(Debug, Clone, Copy)]
pub struct RawScores<'a> {
    /// What was scored.
    pub feature: Feature,
    /// By models that had not seen the reading's week.
    pub held_out: &'a HeldOut,
    /// By the model that is calibrated, which has seen it; likewise below all others where there is no value.
    pub seen: &'a [f64],
}

/// Finds the edges of each feature; `alerts_per_month` is positive and finite.
///
/// An edge is never so low that the readings learned from would themselves bring more alerts than their share. That
/// hardly ever matters, but where many readings are equal (a load that runs every night at one power), all of them lie
/// on one side of an edge, and which one may differ between the models.
pub fn calibrate(
    calendar: &Calendar,
    starts: &[Timestamp],
    weeks: u32,
    features: &[RawScores<'_>],
    shares: &Shares,
    alerts_per_month: f64,
) -> (Vec<Edges>, Calibration) {
    let months = starts.len() as f64 / MONTH_HOURS;
    let wanted = alerts_per_month * months;
    let counted = wanted.max(LEAST_COUNTED);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, some hundreds")]
    let most = (4.0 * counted) as usize + TAIL_EPISODES;
    let peaks: Vec<[Vec<f64>; 2]> = features
        .iter()
        .map(|RawScores { held_out, seen, .. }| {
            [&held_out.raw, *seen].map(|raw| episode_peaks(starts, raw, most))
        })
        .collect();
    // The edges at which each feature by itself brings its share of `common` alerts, and `more` by rank.
    let edges = |common: f64, more: f64| -> Vec<Edges> {
        let edge = |(&RawScores { feature, held_out, .. }, peaks): (&RawScores<'_>, &[Vec<f64>; 2])| {
            let wanted = common * shares.of(feature) + more;
            let [high, least] = peaks.each_ref().map(|peaks| threshold(peaks, wanted));
            let high = high.max(least).max(held_out.low + LEAST_RANGE);
            Edges { low: held_out.low, high, steepness: steepness(feature) }
        };
        features.iter().zip(&peaks).map(edge).collect()
    };
    let alerts = |edges: &[Edges]| -> Vec<Timestamp> {
        let mut found = Episodes::above(0.0);
        let excess = |row: usize| {
            let excesses =
                features.iter().zip(edges).map(|(scores, edges)| scores.held_out.raw[row] - edges.high);
            excesses.fold(f64::NEG_INFINITY, f64::max)
        };
        (0..starts.len()).filter(|&row| found.push(starts[row], excess(row))).map(|row| starts[row]).collect()
    };
    // A threshold at the peak of rank k has k − 1 episodes above it, one between the ranks k and k + 1 has k: on
    // average a rank has half an episode less above it than its number, and so each feature is given that more.
    let brings = |common: f64| alerts(&edges(common, HALF_A_RANK)).len() as f64;
    let tried = (-STEPS..=STEPS).map(|step| counted * libm::pow(STEP, f64::from(step)));
    let (mut common, mut most_brought) = (counted, 0.0);
    let mut before = counted;
    for next in tried {
        let brought = brings(next);
        if brought > counted {
            common = before;
            break;
        }
        // Where so many cannot be had, lower edges only make episodes run together: then the first of the most.
        if brought > most_brought {
            (common, most_brought) = (next, brought);
        }
        before = next;
    }
    let common = common * wanted / counted;
    let edges = edges(common, 0.0);
    let found = alerts(&edges);
    let (likely_fewest, likely_most) = likely(alerts_per_month, months);
    let calibration = Calibration {
        alerts_per_month,
        likely_fewest,
        likely_most,
        weeks,
        readings: starts.len() as u64,
        episodes: found.len() as u64,
        months: by_month(calendar, starts, &found),
    };
    (edges, calibration)
}

/// The local months that have readings, with their number and that of the alerts that began in them.
fn by_month(calendar: &Calendar, starts: &[Timestamp], alerts: &[Timestamp]) -> Vec<CalibrationMonth> {
    let month = |(first_day, rows): (Date, Range<usize>)| {
        let episodes =
            starts[rows.clone()].iter().filter(|start| alerts.binary_search(start).is_ok()).count();
        CalibrationMonth { first_day, readings: rows.len() as u64, episodes: episodes as u64 }
    };
    calendar.months(starts.iter().copied()).into_iter().map(month).collect()
}

/// For n = 1, 2, …: the highest level at which, counted reading by reading from the highest down, n episodes
/// had begun that no reading between them had joined; as far as there are such levels, and `most` of them.
fn episode_peaks(starts: &[Timestamp], raw: &[f64], most: usize) -> Vec<f64> {
    let mut order: Vec<usize> = (0..raw.len()).filter(|&row| raw[row].is_finite()).collect();
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
            if peaks.len() == most {
                break;
            }
        }
    }
    peaks
}

/// Between how many alerts four months in five lie.
///
/// Alerts of one month are Poisson; the number that calibration promises is itself uncertain, as it was set
/// on few episodes and as homes drift ([`DRIFT_SPREAD`]). The range is that of a gamma-mixed Poisson law (a
/// negative binomial), by its normal approximation on the square-root scale.
fn likely(alerts_per_month: f64, months: f64) -> (f64, f64) {
    let promise = DRIFT_SPREAD * alerts_per_month;
    let variance = alerts_per_month * (1.0 + 1.0 / months.max(1.0)) + promise * promise;
    let spread = libm::sqrt(variance / alerts_per_month) / 2.0;
    let z = upper_quantile(0.1);
    let at = |deviation: f64| {
        let root = (libm::sqrt(alerts_per_month) + deviation * spread).max(0.0);
        (root * root * 10.0).round() / 10.0
    };
    (at(-z), at(z))
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
        let peaks = episode_peaks(&starts, &raw, 9);
        assert_eq!(peaks, [9.0, 8.0, 7.0, 6.0, 5.0]);
        assert_eq!(threshold(&peaks, 3.0), 7.0);
        assert_eq!(threshold(&peaks, 3.5), 6.5);
        assert_eq!(threshold(&peaks, 99.0), 5.0);
        assert!(threshold(&peaks, 0.1) > 9.0);
    }

    #[test]
    fn months_are_local_and_begin_once_where_clocks_go_back_over_midnight() {
        let calendar = Calendar::new("America/St_Johns", knowatt_score::DayClasses::None).unwrap();
        // 23:00, 23:30, 00:00; at 00:01 on the first they went back to 23:01; 23:30, 00:00.
        let begin: Timestamp = "2009-11-01T01:30:00Z".parse().unwrap();
        let starts: Vec<Timestamp> =
            (0..5).map(|n| begin + jiff::SignedDuration::from_mins(30 * n)).collect();
        let months = by_month(&calendar, &starts, &[starts[0], starts[3]]);
        let found: Vec<_> =
            months.iter().map(|m| (m.first_day.to_string(), m.readings, m.episodes)).collect();
        assert_eq!(found, [("2009-10-01".to_owned(), 2, 1), ("2009-11-01".to_owned(), 3, 1)]);
    }

    proptest! {
        #[test]
        fn fewer_episodes_lie_above_a_level_than_its_rank(values in prop::collection::vec((1..5_i64, 0..40_u8), 1..120)) {
            let mut at = 0;
            let (starts, raw): (Vec<_>, Vec<_>) = values.iter().map(|&(gap, value)| { at += gap; (hour(at), f64::from(value)) }).unzip();
            for (index, &peak) in episode_peaks(&starts, &raw, 99).iter().enumerate() {
                let mut above = knowatt_score::Episodes::above(peak);
                let count = starts.iter().zip(&raw).filter(|&(&start, &raw)| above.push(start, raw)).count();
                prop_assert!(count <= index, "{} episodes above level {} of rank {}", count, peak, index + 1);
            }
        }
    }
}
