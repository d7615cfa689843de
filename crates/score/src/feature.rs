//! What a score looks at: the hour itself, and what the hours before it add.
//!
//! A single hour does not show the heater that was left on; the *lowest* of the last hours does. So a
//! table has a set of curves for each of a few numbers made of a reading and the readings just before
//! it, each number in Wh, none falling as the reading rises. The score that alerts is the largest of
//! theirs. [`Recent`] holds the few hours that this takes.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// The length of the interval that a reading covers, in seconds.
pub const INTERVAL_S: u32 = 3600;
/// The distance of the starts of two readings that follow one another.
const INTERVAL: SignedDuration = SignedDuration::from_secs(INTERVAL_S as i64);

/// How many hours before a rise looks.
const DAY: usize = 24;
/// What the longest rise needs.
const HOURS_KEPT: usize = DAY + Feature::MAX_HOURS as usize;

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
    /// How much higher the lowest of the last so many hours is than that of the same hours a day (24 h) before; 0
    /// where it is lower. A home that has changed for good rises for a day, no longer.
    Rise {
        /// How many hours, 1 to [`Feature::MAX_HOURS`]; of 1 it is the reading itself against the day before.
        hours: u8,
    },
}

impl Feature {
    /// The longest floor and the longest rise, in hours.
    pub const MAX_HOURS: u8 = 24;

    /// Whether its length is a possible one.
    pub(crate) fn is_possible(self) -> bool {
        match self {
            Self::Level | Self::Step => true,
            Self::Floor { hours } => (2..=Self::MAX_HOURS).contains(&hours),
            Self::Rise { hours } => (1..=Self::MAX_HOURS).contains(&hours),
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Level => f.write_str("level"),
            Self::Floor { hours } => write!(f, "floor-{hours}h"),
            Self::Step => f.write_str("step"),
            Self::Rise { hours } => write!(f, "rise-{hours}h"),
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
#[derive(Debug, Clone, PartialEq)]
pub struct Recent {
    /// Start of the newest reading.
    newest: Option<Timestamp>,
    /// Hours that follow one another without a gap, the newest first.
    wh: [f64; HOURS_KEPT],
    /// How many of them are known.
    known: usize,
}

impl Default for Recent {
    /// No hour is known.
    fn default() -> Self {
        Self { newest: None, wh: [0.0; HOURS_KEPT], known: 0 }
    }
}

impl Recent {
    /// How many hours, the newest included, are looked at.
    pub const HOURS: usize = HOURS_KEPT;

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

    /// Start of the newest reading.
    pub fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    /// The hours known without a gap, in Wh, the newest first.
    pub fn hours(&self) -> &[f64] {
        &self.wh[..self.known]
    }

    /// The value of a feature at the newest reading, in Wh; none where it needs hours that are not known.
    #[inline]
    pub fn value(&self, feature: Feature) -> Option<f64> {
        let known = self.hours();
        match feature {
            Feature::Level => known.first().copied(),
            Feature::Floor { hours } => known.get(..usize::from(hours)).map(lowest),
            Feature::Step => known.get(1).map(|before| (known[0] - before).max(0.0)),
            Feature::Rise { hours } => {
                let the_day_before = known.get(DAY..DAY + usize::from(hours))?;
                Some((lowest(&known[..usize::from(hours)]) - lowest(the_day_before)).max(0.0))
            }
        }
    }
}

fn lowest(wh: &[f64]) -> f64 {
    // Readings are numbers: what `f64::min` does for NaN takes twice the time.
    wh.iter().copied().fold(f64::INFINITY, |lowest, wh| if wh < lowest { wh } else { lowest })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn features_are_those_of_the_hours_without_a_gap_and_do_not_fall_as_the_reading_rises(
            hours in prop::collection::vec((1..90_i64, 0.0..5000.0_f64), 1..120),
            hours_looked_at in 2..=Feature::MAX_HOURS,
            more in 0.0..1000.0_f64,
        ) {
            let mut recent = Recent::default();
            let mut run: Vec<f64> = Vec::new();
            let mut hour = 0;
            for (apart, wh) in hours {
                let apart = if apart > 3 { 1 } else { apart }; // most hours follow one another
                let earlier = recent.clone();
                hour += apart;
                let start = Timestamp::from_second(hour * i64::from(INTERVAL_S)).unwrap();
                recent.push(start, wh);
                if apart > 1 {
                    run.clear();
                }
                run.push(wh);
                let floor = Feature::Floor { hours: hours_looked_at };
                let last = |count: usize, before: usize| {
                    let from = run.len().checked_sub(count + before)?;
                    Some(run[from..from + count].iter().copied().fold(f64::MAX, f64::min))
                };
                let count = usize::from(hours_looked_at);
                prop_assert_eq!(recent.value(floor), last(count, 0));
                prop_assert_eq!(recent.value(Feature::Step), last(1, 1).map(|before| (wh - before).max(0.0)));
                let rise = Feature::Rise { hours: hours_looked_at };
                let risen = last(count, DAY).zip(last(count, 0)).map(|(before, now)| (now - before).max(0.0));
                prop_assert_eq!(recent.value(rise), risen);
                let mut higher = earlier;
                higher.push(start, wh + more);
                for feature in [Feature::Level, floor, Feature::Step, rise] {
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
