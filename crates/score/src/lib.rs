//! The score table: what is normal for a home, hour by hour, and scoring a reading against it.
//!
//! A model of any kind is *distilled* into a [`ScoreTable`]: for every day class and hour of the
//! day one [`Curve`], a monotone piecewise-linear function from energy (Wh in that hour) to score.
//! A score of 0 is the low edge of normal, **1.0 is the most that is normal**; above it someone
//! should look. Scoring needs nothing of the model it came from, and this crate knows nothing of
//! training: it reads a [`ModelFile`], finds the local hour of an instant with its [`Calendar`], and
//! evaluates a curve.
//!
//! ```
//! use knowatt_score::{Calendar, Curve, DayClasses, Knot, ScoreTable};
//!
//! // One curve for each hour: 100 Wh is the low edge, 500 Wh the most that is normal.
//! let calendar = Calendar::new("Australia/Sydney", DayClasses::None)?;
//! let curve = Curve::new(vec![Knot { wh: 100.0, score: 0.0 }, Knot { wh: 500.0, score: 1.0 }])?;
//! let table = ScoreTable::new(calendar, vec![curve; 24])?;
//!
//! let reading_start = "2018-09-08T04:00:00+10:00".parse()?;
//! assert_eq!(table.score_at(reading_start, 1500.0)?, 3.5);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What no single hour shows, a load that stays on, the hours before it do: a table may hold further
//! sets of curves, one for each [`Feature`] of the last hours, and [`ScoreTable::assess`] takes the
//! largest score. Its only state is [`Recent`], the last hours of that meter.
//!
//! Nothing here panics on data, opens a file other than the one named, or runs code from one.

mod calendar;
mod curve;
mod episode;
mod feature;
mod model_file;
mod population;
mod sealed;
mod table;

pub use calendar::{Calendar, CalendarError, DayClass, DayClasses, HOURS, Slot};
pub use curve::{Curve, CurveError, Knot};
pub use episode::{Episode, Episodes, PAUSE_HOURS, is_one_episode};
pub use feature::{Feature, INTERVAL_S, Recent};
pub use model_file::{
    Backtest, Calibration, CalibrationMonth, Distillation, Figure, MAX_FILE_BYTES, MONTH_HOURS, ModelFile,
    Provenance, Source, VERSION,
};
pub use population::{DRIFT, DRIFT_LEAST_HOURS, Population};
pub use sealed::{SealedError, SealedKind, json, sha256_hex};
pub use table::{ColumnError, CurveSet, ScoreError, ScoreTable, Scored, TableError};
