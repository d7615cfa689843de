//! What training gives: a fitted model of a home with where it came from, from which model files are made.

use jiff::Timestamp;
use knowatt_readings::Readings;
use knowatt_score::{Backtest, ModelFile, Population, Provenance, ScoreTable};

use crate::{
    backtest::TooLittleHistory, calibrate::is_askable, error::Error, features::Shares,
    fitted_model::FittedModel, training_set::TrainingSet, was_fine::hold_normal,
};

/// A fitted model with where it came from.
#[derive(Debug)]
pub struct Trained {
    /// The model.
    pub model: FittedModel,
    /// The readings it was fitted to.
    pub readings: Readings,
    /// Where it came from; how many alerts are wanted is added by [`Trained::model_file`].
    pub provenance: Provenance,
    /// How the alerts are shared among the features.
    pub shares: Shares,
    /// Starts of hours whose readings are normal, although they may have alerted.
    pub was_fine: Vec<Timestamp>,
    /// How the choice did on the home's own history.
    pub backtest: Option<Backtest>,
    /// Alerts (episodes) wanted in a month of 30 days.
    pub alerts_per_month: f64,
    /// Why there was no choice, where one was asked for.
    pub skipped: Option<TooLittleHistory>,
}

impl Trained {
    /// Calibrates for so many alerts a month, above 0 and at most 30, and distils.
    pub fn model_file(&self, alerts_per_month: f64) -> Result<ModelFile, Error> {
        if !is_askable(alerts_per_month) {
            return Err(Error::AlertsPerMonth(alerts_per_month));
        }
        let (edges, calibration) = self.model.calibrate(&self.shares, alerts_per_month);
        let (table, distillation) = self.model.table(&edges)?;
        let set = TrainingSet::new(&self.readings, self.model.calendar.clone());
        let table = hold_normal(table, &set, &self.was_fine)?;
        let mut provenance = self.provenance.clone();
        provenance.options.insert("alerts_per_month".to_owned(), alerts_per_month.to_string());
        Ok(ModelFile {
            provenance,
            calibration: Some(calibration),
            distillation: Some(distillation),
            backtest: self.backtest.clone(),
            population: population(&table, &set),
            table,
        })
    }
}

/// How the readings that were learned score by themselves, as `score` will score others.
fn population(table: &ScoreTable, set: &TrainingSet) -> Option<Population> {
    let scores: Vec<f64> = set.rows.iter().filter_map(|row| table.score(row.slot, row.wh).ok()).collect();
    Population::of(&scores)
}
