//! A model fitted to each feature of a home: all that training learns, before it is known how many alerts are wanted.

use jiff::Timestamp;
use knowatt_score::{Calendar, Calibration, CurveSet, Distillation, Feature, Recent, ScoreTable, Slot};

use crate::{
    calibrate::{HeldOut, RawScores, calibrate, hold_out},
    distil::{Distilled, TOLERANCE},
    edges::Edges,
    error::Error,
    features::{FEATURES, Shares},
    models::{Fitted, Model},
    training_set::{TrainingRow, TrainingSet},
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
    /// How they score by the model itself, which has seen them; likewise below all others where there is no value.
    pub seen: Vec<f64>,
    /// The last knot of its curves, in Wh.
    pub highest_wh: f64,
}

impl FittedFeature {
    fn raw_scores(&self) -> RawScores<'_> {
        RawScores { feature: self.feature, held_out: &self.held_out, seen: &self.seen }
    }
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
            let values = set.of(feature);
            let held_out = hold_out(model, set, &values, seed)?;
            let highest_wh = values.rows.iter().map(|row| row.wh).fold(0.0, f64::max);
            let highest_wh = (BEYOND_HIGHEST * highest_wh).max(LEAST_HIGHEST_WH);
            let fitted = model.fit(&values, seed);
            let seen = raw_scores(&*fitted, set, feature);
            Some(FittedFeature { feature, fitted, held_out, seen, highest_wh })
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
        let features: Vec<_> = self.features.iter().map(FittedFeature::raw_scores).collect();
        calibrate(&self.calendar, &self.starts, self.weeks, &features, shares, alerts_per_month)
    }

    /// The largest score of the newest of a meter's hours, which lies in `slot`.
    pub fn score(&self, edges: &[Edges], slot: Slot, recent: &Recent) -> f64 {
        let score = |(part, edges): (&FittedFeature, &Edges)| {
            Some(edges.score(part.fitted.raw(slot, recent.value(part.feature)?)))
        };
        self.features.iter().zip(edges).filter_map(score).fold(f64::NEG_INFINITY, f64::max)
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

/// A feature's raw score of each reading by a model that was fitted to it.
pub(crate) fn raw_scores(fitted: &dyn Fitted, set: &TrainingSet, feature: Feature) -> Vec<f64> {
    let mut recent = Recent::default();
    let score = |row: &TrainingRow| {
        recent.push(row.start, row.wh);
        recent.value(feature).map_or(f64::NEG_INFINITY, |value| fitted.raw(row.slot, value))
    };
    set.rows.iter().map(score).collect()
}
