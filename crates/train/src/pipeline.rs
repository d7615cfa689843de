//! All of training: readings in, model file out.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use knowatt_readings::{Reading, Readings};
use knowatt_score::{Calendar, DayClasses, INTERVAL_S, ModelFile, Provenance, Source, sha256_hex};

use crate::{
    backtest::{Candidate, backtest},
    bounds::{Bounds, BoundsError},
    calibrate::is_askable,
    error::Error,
    features::Shares,
    fitted_model::FittedModel,
    holidays::{self, Region},
    models::{AUTO, Choice, ModelName},
    trained::Trained,
    training_set::{LEAST_DAYS, TrainingSet},
    was_fine,
};

/// What training can be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The model, or how it is chosen.
    pub model: Choice,
    /// How days are grouped.
    pub day_classes: DayClasses,
    /// Alerts (episodes above 1.0) wanted per month of 30 days.
    pub alerts_per_month: f64,
    /// The seed of every random choice.
    pub seed: u64,
    /// The places whose public holidays are days off.
    pub holidays: Vec<Region>,
    /// Starts of hours whose readings are normal, although they may have alerted.
    pub was_fine: Vec<Timestamp>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            model: Choice::Auto,
            day_classes: DayClasses::default(),
            alerts_per_month: 2.0,
            seed: 0,
            holidays: Vec::new(),
            was_fine: Vec::new(),
        }
    }
}

/// Chooses a model if that is left open, and fits it.
pub fn train(readings: Readings, zone: &str, options: &Options) -> Result<Trained, Error> {
    if !is_askable(options.alerts_per_month) {
        return Err(Error::AlertsPerMonth(options.alerts_per_month));
    }
    let set = training_set(&readings, zone, options)?;
    was_fine::check(&set, &options.was_fine)?;
    let usual = Candidate { model: AUTO[0], shares: Shares::BALANCED };
    let (candidate, backtest, skipped) = match options.model {
        Choice::Model(model) => (Candidate { model, ..usual }, None, None),
        Choice::Auto => match backtest(&set, &AUTO, options.alerts_per_month, options.seed) {
            Ok(report) => (report.candidates[report.chosen].candidate, Some(report.nested), None),
            Err(too_short) => (usual, None, Some(too_short)),
        },
    };
    Ok(Trained {
        model: FittedModel::fit(&set, &*candidate.model.model(), options.seed),
        provenance: provenance(&readings, options, candidate),
        readings,
        shares: candidate.shares,
        was_fine: options.was_fine.clone(),
        alerts_per_month: options.alerts_per_month,
        backtest,
        skipped,
    })
}

/// Places readings in the home's calendar, once it is known that they are enough to learn from.
pub fn training_set(readings: &Readings, zone: &str, options: &Options) -> Result<TrainingSet, Error> {
    let is_fit = readings.rows.iter().all(Reading::is_possible)
        && readings.rows.is_sorted_by(|a, b| a.start < b.start);
    if !is_fit {
        return Err(Error::NotReadings);
    }
    let calendar = Calendar::new(zone, options.day_classes)?;
    let calendar = holidays::observed(calendar, &options.holidays, &readings.rows)?;
    let set = TrainingSet::new(readings, calendar);
    let (days, hours) = (set.days(), set.rows.len());
    if days < LEAST_DAYS || hours < LEAST_DAYS * 24 / 2 {
        return Err(Error::TooLittle { days, hours });
    }
    if set.rows.iter().all(|row| row.wh == 0.0) {
        return Err(Error::AllZero(hours));
    }
    Ok(set)
}

/// The model of given bounds: nothing is learned or calibrated.
///
/// ```
/// use knowatt_train::{Bounds, from_bounds};
///
/// let hours: String = (0..24).map(|hour| format!("{hour},108,363\n")).collect();
/// let bounds = Bounds::read(format!("hour,min_wh,max_wh\n{hours}").as_bytes())?;
/// let model = from_bounds(&bounds, "Australia/Sydney")?;
/// let score = model.table.score_at("2018-09-08T04:00:00+10:00".parse()?, 1500.0)?;
/// assert_eq!(format!("{score:.4}"), "5.4588");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn from_bounds(bounds: &Bounds, zone: &str) -> Result<ModelFile, BoundsError> {
    let provenance = Provenance {
        source: Source::Bounds,
        sha256: bounds.sha256(),
        rows: bounds.rows() as u64,
        first: None,
        end: None,
        model: ModelName::Envelope.name().to_owned(),
        options: BTreeMap::new(),
        seed: 0,
        tool: tool(),
    };
    let table = bounds.table(zone)?;
    Ok(ModelFile {
        provenance,
        calibration: None,
        distillation: None,
        backtest: None,
        population: None,
        table,
    })
}

fn provenance(readings: &Readings, options: &Options, fitted: Candidate) -> Provenance {
    let rows = &readings.rows;
    let bytes = rows.iter().flat_map(|reading| {
        reading.start.as_nanosecond().to_le_bytes().into_iter().chain(reading.wh.to_le_bytes())
    });
    let interval = SignedDuration::from_secs(i64::from(INTERVAL_S));
    Provenance {
        source: Source::Readings,
        sha256: sha256_hex(&bytes.collect::<Vec<_>>()),
        rows: rows.len() as u64,
        first: rows.first().map(|reading| reading.start),
        end: rows.last().and_then(|reading| reading.start.checked_add(interval).ok()),
        model: fitted.model.name().to_owned(),
        options: [
            ("model".to_owned(), options.model.name().to_owned()),
            ("shares".to_owned(), fitted.shares.name.to_owned()),
            ("day_classes".to_owned(), options.day_classes.name().to_owned()),
        ]
        .into_iter()
        .chain(holidays::option(&options.holidays))
        .chain(was_fine::option(&options.was_fine))
        .collect(),
        seed: options.seed,
        tool: tool(),
    }
}

fn tool() -> String {
    concat!("knowatt ", env!("CARGO_PKG_VERSION")).to_owned()
}

#[cfg(test)]
pub(crate) mod tests;
