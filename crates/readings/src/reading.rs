//! What every input becomes: energy by the hour.

use crate::clock::Millis;

/// Times before 1970 or from 2200 on are no readings.
pub(crate) const PLAUSIBLE_TIMES: std::ops::Range<Millis> = 0..7_258_118_400_000;

/// The energy used in one hour.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// The instant the hour starts.
    pub start: jiff::Timestamp,
    /// Energy in Wh: finite, not negative, rounded to a millionth of a Wh.
    pub wh: f64,
}

impl Reading {
    /// No home uses more in an hour, in Wh.
    pub const MAX_WH: f64 = 1e9;

    /// Whether a meter can have given it: 0 to [`Reading::MAX_WH`] Wh, from 1970 to 2199.
    pub fn is_possible(&self) -> bool {
        (0.0..=Self::MAX_WH).contains(&self.wh) && PLAUSIBLE_TIMES.contains(&self.start.as_millisecond())
    }
}

/// One meter's hourly readings: complete local hours, in order of time, each at most once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Readings {
    /// The rows.
    pub rows: Vec<Reading>,
}
