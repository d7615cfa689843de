//! The edges of normal, and the score between and beyond them.

/// The raw scores at the edges of normal: score 0 and score 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edges {
    /// The raw score that becomes 0.
    pub low: f64,
    /// The raw score that becomes 1.
    pub high: f64,
}

impl Edges {
    /// The score of a raw score.
    pub fn score(self, raw: f64) -> f64 {
        (raw - self.low) / (self.high - self.low)
    }
}
