//! A model fitted to each feature of a home: all that training learns, before it is known how many alerts are wanted.

use jiff::Timestamp;
use knowatt_score::{
    Calendar, Calibration, CurveSet, Distillation, Feature, Population, Recent, ScoreTable, Slot,
};

use crate::{
    calibrate::{HeldOut, calibrate, hold_out},
    distil::{Distilled, TOLERANCE},
    edges::Edges,
    error::Error,
    features::{FEATURES, Shares},
    models::{Fitted, Model},
    training_set::TrainingSet,
};

/// The highest knot lies at this many times the highest value.
const BEYOND_HIGHEST: f64 = 2.0;
/// And no lower than this.
const LEAST_HIGHEST_WH: f64 = 1000.0;

/// One feature, fitted.
#[derive(Debug)]
pub struct FittedFeature {
    /// The feature.
    pub feature: Feature,
    /// The model of its values.
    pub fitted: Box<dyn Fitted>,
    /// How readings scored that the model had not seen.
    pub held_out: HeldOut,
    /// The last knot of its curves, in Wh.
    pub highest_wh: f64,
}

/// A model fitted to each feature of a home.
#[derive(Debug)]
pub struct FittedModel {
    /// The calendar.
    pub calendar: Calendar,
    /// Starts of the readings.
    pub starts: Vec<Timestamp>,
    /// How many weeks have readings.
    pub weeks: u32,
    /// The features, the level first; without those that no reading has (too many gaps for the longest floor, say).
    pub features: Vec<FittedFeature>,
}

impl FittedModel {
    /// Fits a model to each feature.
    pub fn fit(set: &TrainingSet, model: &dyn Model, seed: u64) -> Self {
        let fit = |feature| {
            let held_out = hold_out(model, set, feature, seed)?;
            let set = set.of(feature);
            let highest_wh = set.rows.iter().map(|row| row.wh).fold(0.0, f64::max);
            let highest_wh = (BEYOND_HIGHEST * highest_wh).max(LEAST_HIGHEST_WH);
            Some(FittedFeature { feature, fitted: model.fit(&set, seed), held_out, highest_wh })
        };
        Self {
            calendar: set.calendar.clone(),
            starts: set.rows.iter().map(|row| row.start).collect(),
            weeks: set.rows.last().map_or(0, |row| row.week + 1),
            features: FEATURES.into_iter().filter_map(fit).collect(),
        }
    }

    /// Finds the edges of each feature at which about so many alerts a month arise.
    pub fn calibrate(&self, shares: &Shares, alerts_per_month: f64) -> (Vec<Edges>, Calibration) {
        let features: Vec<_> = self.features.iter().map(|part| (part.feature, &part.held_out)).collect();
        calibrate(&self.starts, self.weeks, &features, shares, alerts_per_month)
    }

    /// The largest score of the newest of a meter's hours, which lies in `slot`.
    pub fn score(&self, edges: &[Edges], slot: Slot, recent: &Recent) -> f64 {
        let score = |(part, edges): (&FittedFeature, &Edges)| {
            Some(edges.score(part.fitted.raw(slot, recent.value(part.feature)?)))
        };
        self.features.iter().zip(edges).filter_map(score).fold(f64::NEG_INFINITY, f64::max)
    }

    /// How the level of the readings scored that the model had not seen.
    pub fn population(&self, edges: &[Edges]) -> Option<Population> {
        let (level, edges) = self.features.first().zip(edges.first())?;
        let scores: Vec<f64> = level.held_out.raw.iter().map(|&raw| edges.score(raw)).collect();
        Population::of(&scores)
    }

    /// The table, true to the model within the tolerance.
    pub fn table(&self, edges: &[Edges]) -> Result<(ScoreTable, Distillation), Error> {
        let classes = self.calendar.day_classes();
        let mut largest_error = 0.0_f64;
        let mut sets = Vec::new();
        for (FittedFeature { feature, fitted, highest_wh, .. }, edges) in self.features.iter().zip(edges) {
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
