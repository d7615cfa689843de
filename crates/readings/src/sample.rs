//! One row of a series, as it goes from its format to its hour.

use crate::clock::Millis;

/// One row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) line: u64,
    pub(crate) at: Millis,
    /// In Wh or W; NaN where the row has a time but no usable value.
    pub(crate) value: f64,
    /// Whether a rule has changed it.
    pub(crate) is_repaired: bool,
    /// Whether a register cannot have counted from the row before to this one.
    pub(crate) is_break: bool,
}

impl Sample {
    /// A row as it is given.
    pub(crate) fn new(line: u64, at: Millis, value: f64) -> Self {
        Self { line, at, value, is_repaired: false, is_break: false }
    }

    /// The same row without a usable value.
    pub(crate) fn unknown(self) -> Self {
        Self { value: f64::NAN, ..self }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.value.is_nan()
    }
}
