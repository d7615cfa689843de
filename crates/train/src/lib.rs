//! From hourly readings to a score table: fit a model, calibrate it on weeks it has not seen, distil
//! it into curves.
//!
//! [`train`] does all three, for the reading itself and for what the hours before it add ([`FEATURES`]).
//! The steps stand alone: a [`models::Model`] is fitted to a [`TrainingSet`] and gives a raw score to any
//! value; [`calibrate`] finds the raw scores above which about as many alerts a month arise as were asked
//! for; [`distil`] makes curves of it.
//!
//! ```
//! use knowatt_readings::{Reading, Readings};
//! use knowatt_train::{Options, train};
//!
//! // Ten weeks of a home that uses 200 Wh an hour by night and about 900 Wh by day.
//! let start: jiff::Timestamp = "2024-01-01T00:00:00Z".parse()?;
//! let rows = (0..10 * 7 * 24_i64).map(|h| Reading {
//!     start: start + jiff::SignedDuration::from_hours(h),
//!     wh: if h % 24 < 7 { 200.0 } else { 900.0 } + (h * 37 % 101) as f64,
//! });
//! let trained = train(Readings { rows: rows.collect() }, "UTC", &Options::default())?;
//! let model = trained.model_file(2.0)?;
//!
//! let night = model.table.score_at("2024-04-01T04:00:00Z".parse()?, 1500.0)?;
//! let evening = model.table.score_at("2024-04-01T20:00:00Z".parse()?, 950.0)?;
//! assert!(night > 1.0 && evening < 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod backtest;
mod bounds;
mod calibrate;
mod distil;
mod edges;
mod error;
mod features;
mod fitted_model;
mod holidays;
mod judge;
mod mishaps;
pub mod models;
mod normal;
mod pipeline;
mod random;
mod trained;
mod trained_file;
mod training_set;
mod was_fine;

pub use backtest::{
    BacktestReport, Candidate, CandidateFigures, TooLittleHistory, Window, WindowFigures, backtest,
};
pub use bounds::{Bounds, BoundsError};
pub use calibrate::{HeldOut, RawScores, calibrate, hold_out, is_askable};
pub use distil::{Distilled, TOLERANCE, distil};
pub use edges::Edges;
pub use error::Error;
pub use features::{FEATURES, Shares};
pub use fitted_model::{FittedFeature, FittedModel};
pub use holidays::{Region, UnknownRegion, UnknownYears, YEARS_AHEAD};
pub use judge::Judgement;
pub use models::{AUTO, Choice, ModelName};
pub use pipeline::{Options, from_bounds, train, training_set};
pub use trained::Trained;
pub use training_set::{LEAST_DAYS, TrainingRow, TrainingSet};
pub use was_fine::WasFineError;
