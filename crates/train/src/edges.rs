//! The edges of normal, and the score between and beyond them.

/// The raw scores at the edges of normal, score 0 and score 1, and how fast the score rises above 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Edges {
    /// The raw score that becomes 0.
    pub low: f64,
    /// The raw score that becomes 1.
    pub high: f64,
    /// The slope above 1, against that below.
    pub steepness: f64,
}

impl Edges {
    /// The score of a raw score.
    pub fn score(self, raw: f64) -> f64 {
        let score = (raw - self.low) / (self.high - self.low);
        if score > 1.0 { 1.0 + self.steepness * (score - 1.0) } else { score }
    }
}
