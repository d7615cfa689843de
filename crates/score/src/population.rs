//! Whether readings still look like those the model was made from: the population stability index.
//!
//! PSI = Σ (aᵢ − eᵢ) · ln(aᵢ / eᵢ) over bins, with eᵢ the share of the training readings in a bin and aᵢ
//! that of the readings at hand (Siddiqi 2006, *Credit Risk Scorecards*; it is the symmetrised
//! Kullback–Leibler divergence). The bins are tenths of the *level scores* of the training readings, so
//! hour and day are already allowed for: a month of evenings does not look like drift.

use serde::{Deserialize, Serialize};

/// From here on readings have drifted. (Customers of a bank are usually said to have changed from 0.25 on; homes differ
/// more from month to month: of 130 months that came right after training, 57 pass 0.25 and 39 pass 0.4, and those bring
/// half as many alerts again as the others.)
pub const DRIFT: f64 = 0.4;
/// Fewer hours than two weeks' vary by more than homes drift.
pub const DRIFT_LEAST_HOURS: usize = 14 * 24;
/// An empty bin counts as this share, or the index would be infinite.
const LEAST_SHARE: f64 = 1e-3;
/// In how many bins of equal share the training readings are divided.
const BINS: usize = 10;

/// How the level scores of the training readings were distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Population {
    /// The scores between the bins, rising.
    pub edges: Vec<f64>,
    /// The share of readings in each bin, one more than there are edges; their sum is 1.
    pub shares: Vec<f64>,
}

impl Population {
    /// The distribution of some scores, in tenths; none of no scores.
    pub fn of(scores: &[f64]) -> Option<Self> {
        let mut sorted = scores.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (&lowest, count) = (sorted.first()?, sorted.len());
        let mut edges: Vec<f64> = (1..BINS).map(|bin| sorted[count * bin / BINS]).collect();
        edges.dedup();
        edges.retain(|&edge| edge > lowest);
        let shares = shares(&edges, scores);
        Some(Self { edges, shares })
    }

    /// The score in the middle: the highest edge that at most half of them lie below; none where all are alike.
    ///
    /// ```
    /// use knowatt_score::Population;
    ///
    /// let scores: Vec<f64> = (0..100).map(f64::from).collect();
    /// assert_eq!(Population::of(&scores).unwrap().median(), Some(50.0));
    /// assert_eq!(Population::of(&[0.3; 50]).unwrap().median(), None);
    /// ```
    pub fn median(&self) -> Option<f64> {
        let mut below = 0.0;
        let last = self.edges.iter().zip(&self.shares).take_while(|(_, share)| {
            below += **share;
            below <= 0.5 + 1e-9
        });
        last.last().or(self.edges.first().zip(self.shares.first())).map(|(edge, _)| *edge)
    }

    /// Whether edges and shares are such as [`Population::of`] makes.
    pub(crate) fn is_sound(&self) -> bool {
        let Self { edges, shares } = self;
        shares.len() == edges.len() + 1
            && edges.len() < BINS
            && edges.is_sorted_by(|a, b| a < b)
            && shares.iter().all(|share| *share >= 0.0)
            && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-9
    }

    /// Whether other scores lie higher than these, on the whole: the mean share of these below one of them, counting
    /// half of its own bin, is above one half (ridit analysis: Bross 1958).
    pub fn is_lower_than(&self, scores: &[f64]) -> bool {
        let mut below = 0.0;
        let mut mean = 0.0;
        for (expected, actual) in self.shares.iter().zip(shares(&self.edges, scores)) {
            mean += actual * (below + expected / 2.0);
            below += expected;
        }
        mean > 0.5
    }

    /// The population stability index of other scores against these: 0 where they are distributed alike,
    /// [`DRIFT`] and more where they have drifted. 0 of no scores.
    ///
    /// ```
    /// use knowatt_score::{DRIFT, Population};
    ///
    /// let scores: Vec<f64> = (0..1000).map(|i| f64::from(i) / 1000.0).collect();
    /// let population = Population::of(&scores).unwrap();
    /// assert!(population.stability_index(&scores) < 1e-9);
    /// let higher: Vec<f64> = scores.iter().map(|score| score + 0.5).collect();
    /// assert!(population.stability_index(&higher) > DRIFT);
    /// ```
    pub fn stability_index(&self, scores: &[f64]) -> f64 {
        if scores.is_empty() {
            return 0.0;
        }
        let actual = shares(&self.edges, scores);
        self.shares
            .iter()
            .zip(actual)
            .map(|(expected, actual)| {
                let (expected, actual) = (expected.max(LEAST_SHARE), actual.max(LEAST_SHARE));
                (actual - expected) * (actual / expected).ln()
            })
            .sum()
    }
}

fn shares(edges: &[f64], scores: &[f64]) -> Vec<f64> {
    let mut counts = vec![0_u32; edges.len() + 1];
    for score in scores {
        counts[edges.partition_point(|edge| edge <= score)] += 1;
    }
    counts.into_iter().map(|count| f64::from(count) / scores.len() as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_that_of_a_worked_example() {
        // Half and half against 60 and 40 of a hundred: 0.1 · ln 1.2 − 0.1 · ln 0.8.
        let population = Population { edges: vec![0.5], shares: vec![0.5, 0.5] };
        let scores: Vec<f64> = (0..100).map(|i| if i < 60 { 0.1 } else { 0.9 }).collect();
        let expected = 0.1 * 1.2_f64.ln() - 0.1 * 0.8_f64.ln();
        assert!((population.stability_index(&scores) - expected).abs() < 1e-12);
        assert_eq!(population.stability_index(&[]), 0.0);
    }

    #[test]
    fn readings_all_alike_make_one_bin_and_no_drift() {
        let population = Population::of(&[0.3; 50]).unwrap();
        assert_eq!(population, Population { edges: vec![], shares: vec![1.0] });
        assert!(population.is_sound());
        assert_eq!(population.stability_index(&[0.9; 10]), 0.0);
        assert_eq!(Population::of(&[]), None);
    }

    #[test]
    fn more_is_more_however_the_shares_are() {
        // Nine tenths lie in the low bin: of ten scores two in the high one are more than was usual.
        let population = Population { edges: vec![1.0], shares: vec![0.9, 0.1] };
        let with_high = |high: usize| (0..10).map(|at| if at < high { 2.0 } else { 0.0 }).collect::<Vec<_>>();
        assert!(population.is_lower_than(&with_high(2)));
        assert!(!population.is_lower_than(&with_high(0)));
        assert!(!population.is_lower_than(&[]));
    }

    #[test]
    fn an_empty_bin_gives_a_finite_index() {
        let scores: Vec<f64> = (0..100).map(f64::from).collect();
        let population = Population::of(&scores).unwrap();
        assert!(population.is_sound());
        let index = population.stability_index(&[1000.0; 100]);
        assert!(index.is_finite() && index > 5.0, "{index}");
    }
}
