//! A model fitted to each feature, with the edges of normal: what is distilled into a table.

use knowatt_score::{
    Calendar, Calibration, CurveSet, Distillation, Feature, Population, Recent, ScoreTable, Slot,
};

use crate::{
    calibrate::{HeldOut, calibrate, hold_out},
    distil::{Distilled, TOLERANCE},
    edges::Edges,
    features::FeatureShare,
    models::{Fitted, Model},
    pipeline::Error,
    training_set::TrainingSet,
};

/// The highest knot lies at this many times the highest value.
const BEYOND_HIGHEST: f64 = 2.0;
/// And no lower than this.
const LEAST_HIGHEST_WH: f64 = 1000.0;

/// One feature, fitted and calibrated.
pub struct LearnedFeature {
    /// The feature.
    pub feature: Feature,
    /// The model of its values.
    pub fitted: Box<dyn Fitted>,
    /// Its edges of normal.
    pub edges: Edges,
    /// The last knot of its curves, in Wh.
    highest_wh: f64,
}

/// A calibrated model of a home.
pub struct Learned {
    /// The calendar.
    pub calendar: Calendar,
    /// The features, the level first.
    pub features: Vec<LearnedFeature>,
    /// How the edges were set.
    pub calibration: Calibration,
    /// How the level of readings held out scores.
    pub population: Option<Population>,
}

impl Learned {
    /// Fits and calibrates; features that no reading has (too many gaps for the longest floor, say) are left out.
    pub fn new(
        set: &TrainingSet,
        model: &dyn Model,
        shares: &[FeatureShare],
        alerts_per_month: f64,
        seed: u64,
    ) -> Self {
        let held_out: Vec<HeldOut> =
            shares.iter().filter_map(|&share| hold_out(model, set, share, seed)).collect();
        let (edges, calibration) = calibrate(set, &held_out, alerts_per_month);
        let features = held_out.iter().zip(edges).map(|(held_out, edges)| {
            let feature = held_out.share.feature;
            let set = set.of(feature);
            let highest_wh = set.rows.iter().map(|row| row.wh).fold(0.0, f64::max);
            let highest_wh = (BEYOND_HIGHEST * highest_wh).max(LEAST_HIGHEST_WH);
            LearnedFeature { feature, fitted: model.fit(&set, seed), edges, highest_wh }
        });
        let features: Vec<_> = features.collect();
        let population = held_out.first().zip(features.first()).and_then(|(level, learned)| {
            let scores: Vec<f64> = level.raw.iter().map(|&raw| learned.edges.score(raw)).collect();
            Population::of(&scores)
        });
        Self { calendar: set.calendar.clone(), features, calibration, population }
    }

    /// The largest score of the newest of a meter's hours, which lies in `slot`.
    pub fn score(&self, slot: Slot, recent: &Recent) -> f64 {
        let score = |learned: &LearnedFeature| {
            let value = recent.value(learned.feature)?;
            Some(learned.edges.score(learned.fitted.raw(slot, value)))
        };
        self.features.iter().filter_map(score).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The table, true to the model within the tolerance.
    pub fn table(&self) -> Result<(ScoreTable, Distillation), Error> {
        let classes = self.calendar.day_classes();
        let mut largest_error = 0.0_f64;
        let mut sets = Vec::new();
        for LearnedFeature { feature, fitted, edges, highest_wh } in &self.features {
            let mut curves = Vec::new();
            for day in classes.classes() {
                for hour in 0..24 {
                    let Distilled { curve, largest_error: error } =
                        fitted.curve(Slot { day, hour }, *edges, *highest_wh);
                    let day = classes.class_name(day).unwrap_or_default();
                    curves.push(curve.map_err(|error| Error::Curve {
                        feature: *feature,
                        day,
                        hour,
                        error,
                    })?);
                    largest_error = largest_error.max(error);
                }
            }
            sets.push(CurveSet { feature: *feature, curves });
        }
        if largest_error > TOLERANCE {
            return Err(Error::Untrue(largest_error));
        }
        let table = ScoreTable::with_features(self.calendar.clone(), sets)?;
        Ok((table, Distillation { tolerance: TOLERANCE, largest_error }))
    }
}
