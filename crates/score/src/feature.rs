//! What a score looks at: the hour itself, and what the hours before it add.
//!
//! A single hour does not show the heater that was left on; the *lowest* of the last hours does. So a
//! table has a set of curves for each of a few numbers made of a reading and the readings just before
//! it, each number in Wh, none falling as the reading rises. The score that alerts is the largest of
//! theirs. [`Recent`] holds the few hours that this takes.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::table::INTERVAL_S;

/// The distance of the starts of two readings that follow one another.
const INTERVAL: SignedDuration = SignedDuration::from_secs(INTERVAL_S as i64);

/// A number, in Wh, made of a reading and the hours before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// The reading itself.
    Level,
    /// The lowest of the last so many hours, this one included: what was drawn all the while.
    Floor {
        /// How many hours, 2 to [`Feature::MAX_HOURS`].
        hours: u8,
    },
    /// How much more than the hour before; 0 where it is less.
    Step,
}

impl Feature {
    /// The most hours that a floor looks at.
    pub const MAX_HOURS: u8 = 24;
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level => f.write_str("level"),
            Self::Floor { hours } => write!(f, "floor-{hours}h"),
            Self::Step => f.write_str("step"),
        }
    }
}

/// The last hours of one meter: all the state there is between one reading and the next.
///
/// ```
/// use knowatt_score::{Feature, Recent};
///
/// let mut recent = Recent::default();
/// for (start, wh) in [("01", 300.0), ("02", 900.0), ("03", 700.0)] {
///     recent.push(format!("2024-01-01T{start}:00:00Z").parse()?, wh);
/// }
/// assert_eq!(recent.value(Feature::Level), Some(700.0));
/// assert_eq!(recent.value(Feature::Floor { hours: 3 }), Some(300.0));
/// assert_eq!(recent.value(Feature::Floor { hours: 6 }), None); // only three hours are known
///
/// recent.push("2024-01-01T05:00:00Z".parse()?, 800.0); // 04:00 is missing: the rest is forgotten
/// assert_eq!(recent.value(Feature::Step), None);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Recent {
    /// Start of the newest reading.
    newest: Option<Timestamp>,
    /// Hours that follow one another without a gap, the newest first.
    wh: [f64; Feature::MAX_HOURS as usize],
    /// How many of them are known.
    known: usize,
}

impl Recent {
    /// Takes the next reading. Unless it starts one interval after the one before, that one and what was
    /// before it are forgotten.
    #[inline]
    pub fn push(&mut self, start: Timestamp, wh: f64) {
        let follows = self.newest.is_some_and(|newest| start.duration_since(newest) == INTERVAL);
        self.known = if follows { (self.known + 1).min(self.wh.len()) } else { 1 };
        self.wh.copy_within(0..self.known - 1, 1);
        self.wh[0] = wh;
        self.newest = Some(start);
    }

    /// The value of a feature at the newest reading, in Wh; none where it needs hours that are not known.
    #[inline]
    pub fn value(&self, feature: Feature) -> Option<f64> {
        let known = &self.wh[..self.known];
        match feature {
            Feature::Level => known.first().copied(),
            Feature::Floor { hours } => {
                known.get(..usize::from(hours)).map(|last| last.iter().copied().fold(f64::INFINITY, f64::min))
            }
            Feature::Step => known.get(..2).map(|last| (last[0] - last[1]).max(0.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn features_are_those_of_the_hours_without_a_gap_and_do_not_fall_as_the_reading_rises(
            hours in prop::collection::vec((1..30_i64, 0.0..5000.0_f64), 1..60),
            hours_of_floor in 2..=Feature::MAX_HOURS,
            more in 0.0..1000.0_f64,
        ) {
            let mut recent = Recent::default();
            let mut run: Vec<f64> = Vec::new();
            let mut hour = 0;
            for (apart, wh) in hours {
                let apart = if apart > 3 { 1 } else { apart }; // most hours follow one another
                let before = recent.clone();
                hour += apart;
                let start = Timestamp::from_second(hour * i64::from(INTERVAL_S)).unwrap();
                recent.push(start, wh);
                if apart > 1 {
                    run.clear();
                }
                run.push(wh);
                let floor = Feature::Floor { hours: hours_of_floor };
                let last = run.len().checked_sub(usize::from(hours_of_floor)).map(|from| &run[from..]);
                prop_assert_eq!(recent.value(floor), last.map(|last| last.iter().copied().fold(f64::MAX, f64::min)));
                let step = run.len().checked_sub(2).map(|from| (run[from + 1] - run[from]).max(0.0));
                prop_assert_eq!(recent.value(Feature::Step), step);
                let mut higher = before;
                higher.push(start, wh + more);
                for feature in [Feature::Level, floor, Feature::Step] {
                    prop_assert!(higher.value(feature) >= recent.value(feature));
                }
            }
        }
    }

    #[test]
    fn an_hour_given_again_or_too_early_begins_anew() {
        let mut recent = Recent::default();
        let hour = |h: i64| Timestamp::from_second(h * i64::from(INTERVAL_S)).unwrap();
        for h in [5, 6, 6, 5] {
            recent.push(hour(h), 1.0);
            let expected = (h == 6 && recent.known == 2).then_some(0.0);
            assert_eq!(recent.value(Feature::Step), expected);
        }
    }
}
