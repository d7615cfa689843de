//! The file of a fitted model: everything training learned, to be inspected, distilled anew or trained on.
//!
//! # Format, version 1
//! A sealed document (see [`SealedKind`]) like the model file, with these parts:
//!
//! | key | value |
//! |---|---|
//! | `calendar` | `zone`, `day_classes`, `holidays`, as in the model file |
//! | `provenance` | see [`Provenance`] |
//! | `alerts_per_month` | how many were asked for |
//! | `shares` | the name of the [`Shares`] |
//! | `was_fine` | starts of hours that are normal whatever they score |
//! | `backtest` | see [`Backtest`], or null |
//! | `readings` | `start_s` (seconds since 1970, UTC, rising) and `wh` |
//! | `features` | for each feature its `name`, `highest_wh` (where its last knot lies), `low` (the raw score of the low edge), `held_out` (the raw score of each reading by a model that had not seen its week; null where it lacks the hours before) and `parameters` ([`Parameters`]) |
//!
//! The readings themselves are in it: keep it as you keep them.

use std::io::Read;

use jiff::Timestamp;
use knowatt_readings::{Reading, Readings};
use knowatt_score::{Backtest, Calendar, Provenance, SealedError, SealedKind, json};
use serde::{Deserialize, Serialize};

use crate::{
    calibrate::{HeldOut, is_askable},
    features::{FEATURES, Shares},
    fitted_model::{FittedFeature, FittedModel, raw_scores},
    models::Parameters,
    trained::Trained,
    training_set::TrainingSet,
};

const KIND: SealedKind = SealedKind {
    format: "knowatt-fitted-model",
    version: 1,
    most_bytes: 256 << 20,
    called: "a fitted knowatt model",
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadingsPart {
    start_s: Vec<i64>,
    wh: Vec<f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FeaturePart {
    name: String,
    highest_wh: f64,
    low: f64,
    held_out: Vec<Option<f64>>,
    parameters: Parameters,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u32,
    calendar: Calendar,
    provenance: Provenance,
    alerts_per_month: f64,
    shares: String,
    was_fine: Vec<Timestamp>,
    backtest: Option<Backtest>,
    readings: ReadingsPart,
    features: Vec<FeaturePart>,
    #[serde(rename = "sha256")]
    _sha256: String,
}

impl Trained {
    /// The file's bytes: the same for the same model, always.
    pub fn to_bytes(&self) -> Vec<u8> {
        let rows = &self.readings.rows;
        let (start_s, wh) = rows.iter().map(|row| (row.start.as_second(), row.wh)).unzip();
        let features: Vec<String> = self
            .model
            .features
            .iter()
            .map(|part| {
                let held_out = part.held_out.raw.iter().map(|raw| raw.is_finite().then_some(*raw)).collect();
                let part = FeaturePart {
                    name: part.feature.to_string(),
                    highest_wh: part.highest_wh,
                    low: part.held_out.low,
                    held_out,
                    parameters: part.fitted.parameters(),
                };
                format!("    {}", json(&part))
            })
            .collect();
        KIND.seal(&[
            ("calendar", json(&self.model.calendar)),
            ("provenance", json(&self.provenance)),
            ("alerts_per_month", json(&self.alerts_per_month)),
            ("shares", json(&self.shares.name)),
            ("was_fine", json(&self.was_fine)),
            ("backtest", json(&self.backtest)),
            ("readings", json(&ReadingsPart { start_s, wh })),
            ("features", format!("[\n{}\n  ]", features.join(",\n"))),
        ])
    }

    /// Whether some bytes begin as such a file does.
    pub fn begins(bytes: &[u8]) -> bool {
        KIND.begins(bytes)
    }

    /// Reads a whole file.
    pub fn read(source: impl Read) -> Result<Self, SealedError> {
        KIND.read(source, Self::from_bytes)
    }

    /// Reads the bytes of a file, and refuses what was changed since it was written, or breaks a rule of the format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealedError> {
        KIND.open::<Document>(bytes)?.into_trained()
    }
}

impl Document {
    fn into_trained(self) -> Result<Trained, SealedError> {
        let content = |what: String| SealedError::content(what);
        self.provenance.check()?;
        self.backtest.as_ref().map_or(Ok(()), Backtest::check)?;
        let readings = self.readings.into_readings()?;
        if !is_askable(self.alerts_per_month) {
            return Err(content("the number of alerts a month is not above 0 and at most 30".to_owned()));
        }
        let shares = Shares::ALL.into_iter().find(|shares| shares.name == self.shares);
        let shares = shares.ok_or_else(|| content(format!("there are no shares called {}", self.shares)))?;
        let set = TrainingSet::new(&readings, self.calendar.clone());
        if self.was_fine.iter().any(|at| set.rows.binary_search_by_key(at, |row| row.start).is_err()) {
            return Err(content("a reading that was fine is not among the readings".to_owned()));
        }
        let features: Vec<FittedFeature> =
            self.features.into_iter().map(|part| part.into_feature(&set)).collect::<Result<_, _>>()?;
        let place = |part: &FittedFeature| FEATURES.iter().position(|feature| *feature == part.feature);
        if features.first().and_then(place) != Some(0) || !features.is_sorted_by(|a, b| place(a) < place(b)) {
            return Err(content("the features are not in order, the level first".to_owned()));
        }
        let weeks = set.rows.last().map_or(0, |row| row.week + 1);
        let starts = set.rows.iter().map(|row| row.start).collect();
        Ok(Trained {
            model: FittedModel { calendar: self.calendar, starts, weeks, features },
            readings,
            provenance: self.provenance,
            shares,
            was_fine: self.was_fine,
            backtest: self.backtest,
            alerts_per_month: self.alerts_per_month,
            skipped: None,
        })
    }
}

impl ReadingsPart {
    fn into_readings(self) -> Result<Readings, SealedError> {
        let Self { start_s, wh } = self;
        if start_s.len() != wh.len() || start_s.is_empty() || !start_s.is_sorted_by(|a, b| a < b) {
            return Err(SealedError::content("the readings are not in order of time, each with its Wh"));
        }
        let row = |(start_s, wh): (i64, f64)| {
            let start = Timestamp::from_second(start_s).ok()?;
            Some(Reading { start, wh }).filter(Reading::is_possible)
        };
        let rows = start_s.into_iter().zip(wh).map(row).collect::<Option<_>>();
        let rows = rows.ok_or_else(|| SealedError::content("a reading is none"))?;
        Ok(Readings { rows })
    }
}

impl FeaturePart {
    fn into_feature(self, set: &TrainingSet) -> Result<FittedFeature, SealedError> {
        let Self { name, highest_wh, low, held_out, parameters } = self;
        let broken = |what: &str| SealedError::content(format!("{what} of the feature {name}"));
        let feature = FEATURES.into_iter().find(|feature| feature.to_string() == name);
        let feature = feature.ok_or_else(|| broken("nothing is known"))?;
        if held_out.len() != set.rows.len() {
            return Err(broken("there is not a raw score a reading"));
        }
        if !(highest_wh > 0.0 && highest_wh <= knowatt_score::Curve::MAX_WH) {
            return Err(broken("the last knot has no place"));
        }
        let fitted = parameters
            .restore(set.calendar.day_classes().count())
            .map_err(|error| SealedError::content(format!("feature {name}: {error}")))?;
        let raw = held_out.into_iter().map(|raw| raw.unwrap_or(f64::NEG_INFINITY)).collect();
        let seen = raw_scores(&*fitted, set, feature);
        Ok(FittedFeature { feature, fitted, held_out: HeldOut { raw, low }, seen, highest_wh })
    }
}

#[cfg(test)]
mod tests;
