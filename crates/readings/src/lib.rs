//! A meter's history as hourly readings, with a ledger of everything that was not used as read.
//!
//! An [`Intake`] takes inputs one after the other (so far CSV, see [`formats::csv`]), resamples them
//! to the local hours of a time zone, and gives [`Readings`]. Memory grows with the hours covered, not
//! with the size of the inputs.
//!
//! ```
//! use knowatt_readings::{Input, Intake, Ledger, formats::csv};
//!
//! let file = "timestamp,energy_kwh\n2024-01-01T00:00,0.2\n2024-01-01T01:00,0.3\n2024-01-01T02:00,?\n";
//! let zone = knowatt_score::Calendar::new("Europe/Paris", Default::default())?.zone().clone();
//! let mut intake = Intake::new(zone, Ledger::default());
//! csv::read(Input::from_reader("file.csv", file.as_bytes())?, &csv::Options::default(), &mut intake)?;
//! let (readings, ledger) = intake.finish();
//! let readings = readings?;
//!
//! assert_eq!(readings.rows.iter().map(|r| r.wh).collect::<Vec<_>>(), [200.0, 300.0]);
//! assert_eq!(readings.rows[0].start.to_string(), "2023-12-31T23:00:00Z");
//! assert_eq!(ledger.count(knowatt_readings::Rule::MissingValue), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod error;
pub mod formats;
mod input;
mod intake;
mod ledger;
mod moment;
mod number;
mod periods;
mod reading;
mod resample;
mod unit;

pub use error::{Error, ErrorKind};
pub use input::Input;
pub use intake::Intake;
pub use ledger::{Entry, Ledger, Rule};
pub use moment::{MomentError, moment};
pub use periods::{Excluded, Periods};
pub use reading::{Reading, Readings};
pub use unit::{Kind, Unit};
