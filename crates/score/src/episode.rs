//! Episodes: how many times a person would be told.
//!
//! Readings above 1.0 belong to one episode as long as the pauses between them are at most
//! [`PAUSE_HOURS`] hours. A person is told once an episode; that is an *alert*.

use jiff::{SignedDuration, Timestamp};

/// The longest pause, in hours, that does not end an episode.
pub const PAUSE_HOURS: i64 = 2;

/// The distance of two interval starts beyond which a new episode begins.
const REACH: SignedDuration = SignedDuration::from_hours(PAUSE_HOURS + 1);

/// Whether two readings above a level, the earlier first, belong to one episode if none lies between them.
pub fn is_one_episode(earlier: Timestamp, later: Timestamp) -> bool {
    later.duration_since(earlier) <= REACH
}

/// A run of readings above a level, with its highest one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// Start of the first reading above the level.
    pub first: Timestamp,
    /// Start of the last reading above the level.
    pub last: Timestamp,
    /// How many readings were above the level.
    pub readings: usize,
    /// Start of the reading that scored most (the first of equals).
    pub peak: Timestamp,
    /// Its score.
    pub peak_score: f64,
}

/// Collects [`Episode`]s from scored readings, in order of time.
///
/// ```
/// use knowatt_score::Episodes;
///
/// let mut episodes = Episodes::above(1.0);
/// for (start, score) in [("00", 1.2), ("01", 0.3), ("02", 0.4), ("03", 2.0), ("07", 1.5)] {
///     episodes.push(format!("2024-01-01T{start}:00:00Z").parse()?, score);
/// }
/// let found = episodes.finish();
/// assert_eq!(found.len(), 2); // 03:00 is two quiet hours after 00:00: the same episode
/// assert_eq!((found[0].readings, found[0].peak_score), (2, 2.0));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Episodes {
    level: f64,
    found: Vec<Episode>,
}

impl Episodes {
    /// Episodes of scores above (not equal to) `level`.
    pub fn above(level: f64) -> Self {
        Self { level, found: Vec::new() }
    }

    /// Takes the next reading; returns whether it begins a new episode.
    pub fn push(&mut self, start: Timestamp, score: f64) -> bool {
        if score <= self.level || score.is_nan() {
            return false;
        }
        match self.found.last_mut() {
            Some(open) if is_one_episode(open.last, start) => {
                open.last = start;
                open.readings += 1;
                if score > open.peak_score {
                    (open.peak, open.peak_score) = (start, score);
                }
                false
            }
            _ => {
                self.found.push(Episode {
                    first: start,
                    last: start,
                    readings: 1,
                    peak: start,
                    peak_score: score,
                });
                true
            }
        }
    }

    /// The episodes found.
    pub fn finish(self) -> Vec<Episode> {
        self.found
    }
}
