//! A meter's history as hourly readings, with a ledger of everything that was not used as read.
//!
//! An [`Intake`] takes inputs one after the other (see [`formats`]), resamples each meter's rows to the local hours of
//! a time zone, and gives [`Readings`]. Memory grows with the hours covered, not with the size of the inputs, unless
//! these are out of order.
//!
//! ```
//! use knowatt_readings::{Input, Intake, Ledger, Options, formats};
//!
//! let file = "timestamp,energy_kwh\n2024-01-01T00:00,0.2\n2024-01-01T01:00,0.3\n2024-01-01T02:00,?\n";
//! let zone = knowatt_score::Calendar::new("Europe/Paris", Default::default())?.zone().clone();
//! let mut intake = Intake::new(zone, Ledger::default());
//! formats::read(Input::from_reader("file.csv", file.as_bytes())?, None, &Options::default(), &mut intake)?;
//! let (meters, ledger) = intake.finish();
//! let rows = &meters?[0].readings.rows;
//!
//! assert_eq!(rows.iter().map(|r| r.wh).collect::<Vec<_>>(), [200.0, 300.0]);
//! assert_eq!(rows[0].start.to_string(), "2023-12-31T23:00:00Z");
//! assert_eq!(ledger.count(knowatt_readings::Rule::MissingValue), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod doubt;
mod error;
pub mod formats;
mod input;
mod intake;
#[cfg(feature = "kafka")]
pub mod kafka;
mod ledger;
mod live;
mod message;
mod moment;
mod number;
mod options;
mod order;
mod periods;
mod reading;
mod record;
mod resample;
mod sample;
mod series;
mod unit;

pub use error::{Error, ErrorKind};
pub use formats::P1Telegrams;
pub use input::Input;
pub use intake::{Intake, Meter};
pub use ledger::{Entry, Fate, Ledger, Rows, Rule};
pub use live::{Live, LiveDecoder, LiveRecord, LiveSample};
pub use moment::{MomentError, moment};
pub use options::{DateOrder, METER_NAMES, Options, TIME_NAMES};
pub use periods::{Excluded, Periods};
pub use reading::{Reading, Readings};
pub use record::{FieldReader, NoFields};
#[cfg(feature = "kafka")]
pub use record::{RegistryError, SchemaRegistry};
pub use unit::{Kind, Unit};
