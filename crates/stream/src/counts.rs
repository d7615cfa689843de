//! What a stream has done, in numbers.

use crate::hours::LeftOut;

/// Counts since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages read, those read again for the state not included.
    pub messages: u64,
    /// Messages read again after a restart, for the state alone.
    pub replayed: u64,
    /// Messages without a value, as they should be.
    pub nothing: u64,
    /// Messages that could not be read.
    pub dead_letters: u64,
    /// Samples whose time is ahead of the clock.
    pub future: u64,
    /// Samples of meters that have no model.
    pub unknown_meter: u64,
    /// Samples and hours left out, by why.
    pub left_out: LeftOutCounts,
    /// Hours scored.
    pub hours: u64,
    /// Anomalies: of the hour itself, of the hours before it, early words.
    pub anomalies: [u64; 3],
    /// Times that all was delivered and committed.
    pub commits: u64,
    /// Meters known.
    pub meters: u64,
    /// Meters that are silent.
    pub silent: u64,
    /// The newest time of a sample, in ms since 1970.
    pub newest_ms: Option<i64>,
}

impl Counts {
    /// All anomalies.
    pub fn all_anomalies(&self) -> u64 {
        self.anomalies.iter().sum()
    }
}

/// How often something was left out, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOutCounts([u64; LeftOut::ALL.len()]);

impl LeftOutCounts {
    /// Counts one more, and tells how many those are.
    pub(crate) fn add(&mut self, why: LeftOut) -> u64 {
        let count = &mut self.0[why as usize];
        *count += 1;
        *count
    }

    /// Each reason to leave something out, and how often there was.
    pub fn iter(&self) -> impl Iterator<Item = (LeftOut, u64)> {
        LeftOut::ALL.into_iter().zip(self.0)
    }
}
