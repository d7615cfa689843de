//! What a field of a record's value holds.

use std::ops::Range;

use crate::clock::Millis;

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// Any number, also NaN.
    Number(f64),
    /// An instant, where the schema says that it is one.
    Instant(Millis),
    /// Text, at this place of the fields' texts.
    Text(Range<usize>),
    /// True, false or bytes: neither a time nor a value.
    Other,
}
