//! What training gives: a fitted model of a home with where it came from, from which model files are made.

use jiff::Timestamp;
use knowatt_readings::Readings;
use knowatt_score::{Backtest, ModelFile, Provenance};

use crate::{
    backtest::TooShort, error::Error, features::Shares, fitted_model::FittedModel, training_set::TrainingSet,
    was_fine::hold_normal,
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
    pub skipped: Option<TooShort>,
}

impl Trained {
    /// Calibrates for so many alerts a month, above 0 and at most 100, and distils.
    pub fn model_file(&self, alerts_per_month: f64) -> Result<ModelFile, Error> {
        if !(alerts_per_month > 0.0 && alerts_per_month <= 100.0) {
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
            population: self.model.population(&edges),
            table,
        })
    }
}
