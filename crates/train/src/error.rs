//! Why nothing was trained.

use knowatt_readings::Reading;
use knowatt_score::{CalendarError, CurveError, Feature};

use crate::{distil::TOLERANCE, holidays::UnknownYears, training_set::LEAST_DAYS, was_fine::WasFineError};

/// Why nothing was trained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not enough history.
    #[error(
        "readings of {days} day{} ({hours} complete hour{}) are too few to learn from: at least {LEAST_DAYS} days are needed, and about 90 are good",
        if *days == 1 { "" } else { "s" },
        if *hours == 1 { "" } else { "s" }
    )]
    TooLittle {
        /// Local days with readings.
        days: usize,
        /// Complete hours.
        hours: usize,
    },
    /// Nothing but zeros.
    #[error(
        "all {0} hourly readings are 0 Wh: there is nothing to learn. Is it the right column, and a meter of consumption?"
    )]
    AllZero(usize),
    /// Rows that are no readings.
    #[error(
        "readings must be in order of time, each hour once, from 1970 to 2199, and each from 0 to {:e} Wh",
        Reading::MAX_WH
    )]
    NotReadings,
    /// An impossible number of alerts.
    #[error("{0} alerts a month cannot be asked for: more than 0 and at most 30, one a day")]
    AlertsPerMonth(f64),
    /// The zone is not known.
    #[error(transparent)]
    Zone(#[from] CalendarError),
    /// The holidays of those years are not known.
    #[error(transparent)]
    Holidays(#[from] UnknownYears),
    /// A reading that was fine is not there, or cannot be normal.
    #[error(transparent)]
    WasFine(#[from] WasFineError),
    /// The model's scores make no curve: a defect of the model.
    #[error(
        "the model gave no usable curve for the {feature} on {day}, hour {hour}: {error}. Please report this"
    )]
    Curve {
        /// What the curve was for.
        feature: Feature,
        /// The day class.
        day: &'static str,
        /// The hour.
        hour: u8,
        /// What is wrong with its knots.
        error: CurveError,
    },
    /// The curves do not fill the table: a defect of this program.
    #[error(transparent)]
    Table(#[from] knowatt_score::TableError),
    /// The curves are further from the model than they may be: a defect of the model.
    #[error(
        "the model could not be distilled to within {TOLERANCE}: the largest error is {0}. Please report this"
    )]
    Untrue(f64),
}
