//! Judges scores as the person who gets the alerts would.
//!
//! - The *level* is the lowest at which at most [`FALSE_ALERTS`] episodes a month touch no mishap.
//! - *events*: the share of mishaps with at least one hour above the level.
//! - *average precision* of the score over the hours (the area under the precision–recall curve as a step
//!   function; Manning, Raghavan & Schütze 2008, section 8.4).

use jiff::Timestamp;
use knowatt_score::{MONTH_HOURS, is_one_episode};

/// False alerts a month that a person is taken to bear.
pub(crate) const FALSE_ALERTS: f64 = 4.0;

/// How well mishaps were found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judgement {
    /// Average precision over the hours.
    pub average_precision: f64,
    /// Share of the mishaps found.
    pub events: f64,
}

/// Judges scores of readings with mishaps in them; none if there is no mishap.
pub(crate) fn judge(starts: &[Timestamp], scores: &[f64], labels: &[Option<usize>]) -> Option<Judgement> {
    let mishaps = labels.iter().flatten().max()? + 1;
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    let level = level(starts, scores, labels, &order);
    let mut found = vec![false; mishaps];
    for (score, label) in scores.iter().zip(labels) {
        if let Some(mishap) = label {
            found[*mishap] |= *score > level;
        }
    }
    let found = found.iter().filter(|found| **found).count();
    Some(Judgement {
        average_precision: average_precision(scores, labels, &order),
        events: found as f64 / mishaps as f64,
    })
}

/// The lowest score with few enough false episodes above it; `order` is that of the scores, falling.
fn level(starts: &[Timestamp], scores: &[f64], labels: &[Option<usize>], order: &[usize]) -> f64 {
    let allowed = FALSE_ALERTS * scores.len() as f64 / MONTH_HOURS;
    let mut lowest = f64::INFINITY;
    for &place in order {
        if scores[place] < lowest && false_episodes(starts, scores, labels, scores[place]) as f64 > allowed {
            break;
        }
        lowest = lowest.min(scores[place]);
    }
    lowest
}

/// Episodes above a level that touch no mishap.
fn false_episodes(starts: &[Timestamp], scores: &[f64], labels: &[Option<usize>], level: f64) -> usize {
    let (mut count, mut touched, mut last) = (0, false, None);
    for row in (0..scores.len()).filter(|&row| scores[row] > level) {
        if !last.is_some_and(|last| is_one_episode(last, starts[row])) {
            count += usize::from(last.is_some() && !touched);
            touched = false;
        }
        touched |= labels[row].is_some();
        last = Some(starts[row]);
    }
    count + usize::from(last.is_some() && !touched)
}

/// Equal scores are one step.
fn average_precision(scores: &[f64], labels: &[Option<usize>], order: &[usize]) -> f64 {
    let positives = labels.iter().flatten().count() as f64;
    let (mut hits, mut seen, mut sum) = (0.0, 0.0, 0.0);
    for step in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let new = step.iter().filter(|&&row| labels[row].is_some()).count() as f64;
        hits += new;
        seen += step.len() as f64;
        sum += new / positives * (hits / seen);
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(hours: i64) -> Vec<Timestamp> {
        (0..hours).map(|hour| Timestamp::from_second(hour * 3600).unwrap()).collect()
    }

    #[test]
    fn average_precision_is_that_of_the_textbook() {
        // Relevant at ranks 1, 3 and 6: (1/1 + 2/3 + 3/6) / 3.
        let scores = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
        let labels = [Some(0), None, Some(0), None, None, Some(0)];
        let judged = judge(&starts(6), &scores, &labels).unwrap();
        assert!((judged.average_precision - (1.0 + 2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-12);
        // All equal: one step with the precision of the whole.
        let judged = judge(&starts(6), &[1.0; 6], &labels).unwrap();
        assert!((judged.average_precision - 0.5).abs() < 1e-12);
    }

    #[test]
    fn an_episode_that_touches_a_mishap_is_no_false_alert() {
        // A month: four lone hours of 9, 8, 7, 6 and a fifth of 5; a mishap of 5.5, and one of 4.
        let mut scores = vec![0.0; 720];
        let mut labels = vec![None; 720];
        for (place, score) in
            [(100, 9.0), (200, 8.0), (300, 7.0), (400, 6.0), (500, 5.0), (600, 5.5), (650, 4.0)]
        {
            scores[place] = score;
        }
        labels[600] = Some(0);
        labels[650] = Some(1);
        scores[602] = 5.2; // beside the mishap: the same episode
        let judged = judge(&starts(720), &scores, &labels).unwrap();
        assert_eq!(
            judged.events, 0.5,
            "four false alerts are allowed, the fifth would be needed to find the other"
        );
        assert_eq!(judge(&starts(720), &scores, &vec![None; 720]), None);
    }
}
