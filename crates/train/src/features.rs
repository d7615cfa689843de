//! Which features a table has curves for, and how the alerts are shared among them.
//!
//! A share says how many of the alerts asked for the feature may bring by itself; as the alerts of the
//! features coincide in part, calibration then moves all edges together until the largest score brings as
//! many as were asked for.
//!
//! Above 1.0 the scores of floors and of the step rise more slowly than that of the level: the lowest of
//! many hours lies far out in standard deviations as soon as a home's standing load has changed a little,
//! and an hour of 3 kWh at night should still be ranked above that.

use knowatt_score::Feature;

/// One feature's part in the score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureShare {
    /// The feature.
    pub feature: Feature,
    /// Its share of the alerts, against the others.
    pub share: f64,
}

impl FeatureShare {
    /// How fast the feature's score rises above 1.0, against below.
    pub fn steepness(self) -> f64 {
        if self.feature == Feature::Level { 1.0 } else { 0.5 }
    }
}

const fn floor(hours: u8, share: f64) -> FeatureShare {
    FeatureShare { feature: Feature::Floor { hours }, share }
}

const fn rise(hours: u8, share: f64) -> FeatureShare {
    FeatureShare { feature: Feature::Rise { hours }, share }
}

/// The features with their shares, the level first; chosen on nineteen homes (`reports/models`).
pub const FEATURES: [FeatureShare; 9] = [
    FeatureShare { feature: Feature::Level, share: 0.6 },
    floor(2, 0.5),
    floor(3, 0.5),
    floor(6, 0.5),
    floor(12, 0.1),
    FeatureShare { feature: Feature::Step, share: 0.25 },
    rise(1, 0.25),
    rise(3, 0.5),
    rise(6, 0.5),
];
