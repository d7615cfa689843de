//! An hour as the page is told of it.

use knowatt_stream::anomaly::{Anomaly, AnomalyKind};
use serde::{Deserialize, Serialize};

/// An hour's reading, or what there is of it so far, with its score and what is normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hour {
    pub(crate) meter: String,
    /// In seconds since 1970.
    pub(crate) start_s: i64,
    pub(crate) wh: f64,
    pub(crate) low_wh: f64,
    pub(crate) high_wh: f64,
    pub(crate) score: f64,
    pub(crate) feature: String,
    /// Whether it has not ended.
    pub(crate) is_open: bool,
    /// When it was heard of, by the clock here.
    pub(crate) heard_s: i64,
}

impl Hour {
    /// The hour of a score.
    pub(crate) fn of(score: &Anomaly, heard_s: i64) -> Self {
        Self {
            meter: score.meter.clone(),
            start_s: score.timestamp.as_second(),
            wh: score.wh,
            low_wh: score.expected_low_wh,
            high_wh: score.expected_high_wh,
            score: score.score,
            feature: score.feature.clone(),
            is_open: matches!(score.kind, AnomalyKind::Open | AnomalyKind::Early),
            heard_s,
        }
    }
}
