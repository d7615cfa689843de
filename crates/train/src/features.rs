//! Which features a table has curves for, and how the alerts are shared among them.
//!
//! A share says how many of the alerts asked for the feature may bring by itself; as the alerts of the
//! features coincide in part, calibration then moves all edges together until the largest score brings as
//! many as were asked for.
//!
//! Above 1.0 the scores of all but the level rise more slowly than that of the level: the lowest of many
//! hours lies far out in standard deviations as soon as a home's standing load has changed a little, and an
//! hour of 3 kWh at night should still be ranked above that.

use knowatt_score::Feature;

/// The features of a table, the level first.
pub const FEATURES: [Feature; 9] = [
    Feature::Level,
    Feature::Floor { hours: 2 },
    Feature::Floor { hours: 3 },
    Feature::Floor { hours: 6 },
    Feature::Floor { hours: 12 },
    Feature::Step,
    Feature::Rise { hours: 1 },
    Feature::Rise { hours: 3 },
    Feature::Rise { hours: 6 },
];

/// The alerts of each of [`FEATURES`], against one another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// What they are called.
    pub name: &'static str,
    of: [f64; FEATURES.len()],
}

impl Shares {
    /// Chosen on nineteen homes (`reports/models`).
    pub const BALANCED: Self = Self { name: "balanced", of: [0.6, 0.5, 0.5, 0.5, 0.1, 0.25, 0.25, 0.5, 0.5] };
    /// For a home whose standing load changes often: fewer alerts for what lasts.
    pub const SHORT: Self = Self { name: "short", of: [0.75, 0.5, 0.5, 0.25, 0.05, 0.25, 0.25, 0.5, 0.25] };
    /// For a home whose standing load is steady: more alerts for what lasts.
    pub const LONG: Self = Self { name: "long", of: [0.5, 0.5, 0.5, 0.75, 0.5, 0.25, 0.25, 0.5, 0.75] };
    /// What a backtest chooses from, the usual first.
    pub const ALL: [Self; 3] = [Self::BALANCED, Self::SHORT, Self::LONG];

    /// The share of a feature; 0 of one that no table has.
    pub fn of(&self, feature: Feature) -> f64 {
        FEATURES.iter().zip(self.of).find(|(known, _)| **known == feature).map_or(0.0, |(_, share)| share)
    }
}

/// How fast a feature's score rises above 1.0, against below.
pub(crate) fn steepness(feature: Feature) -> f64 {
    if feature == Feature::Level { 1.0 } else { 0.5 }
}
