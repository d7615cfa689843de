//! What an input itself may not tell: which of its columns or fields hold what, and in which unit.

use std::path::PathBuf;

use crate::{
    series::Asked,
    unit::{Kind, Unit},
};

/// What is not to be found out from the input itself.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the column, or path of the field, with the time.
    pub time_column: Option<String>,
    /// Name of the column or field with the values.
    pub value_column: Option<String>,
    /// Unit of the values.
    pub unit: Option<Unit>,
    /// Whether they are energy per interval, power or a register.
    pub kind: Option<Kind>,
    /// Whether what was given back to the grid is taken off what was taken from it.
    pub net: bool,
    /// Name of the column or field with the meter.
    pub meter_column: Option<String>,
    /// Which of day and month comes first in dates such as 03/04/2024.
    pub date_order: Option<DateOrder>,
    /// A file with the schema that Avro values were written with.
    pub avro_schema: Option<PathBuf>,
    /// The URL of the registry that has those schemas by number.
    pub schema_registry: Option<String>,
    /// Whether no field is guessed by its name: the time is the record's and the meter its key, unless their fields are named.
    /// A value that is named and not there is none, as many devices may speak in one place.
    pub only_named: bool,
}

impl Options {
    /// What they say of an input that would be doubted or left out otherwise.
    pub(crate) fn asked(&self) -> Asked {
        Asked { unit: self.unit.is_some(), net: self.net }
    }
}

/// Which of day and month comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateOrder {
    /// 31/12/2024.
    DayFirst,
    /// 12/31/2024.
    MonthFirst,
}

/// Names of time columns, the first of which that is there is taken.
pub const TIME_NAMES: [&str; 19] = [
    "timestamp",
    "datetime",
    "date_time",
    "date time",
    "date/time",
    "start",
    "start_time",
    "start time",
    "interval_start",
    "interval start",
    "hour start",
    "period_start",
    "from",
    "time",
    "last_changed",
    "_time",
    "utc",
    "ts",
    "date",
];

/// Names of meter columns, likewise.
pub const METER_NAMES: [&str; 9] =
    ["meter", "meter_id", "meter id", "meterid", "device", "device_id", "entity_id", "statistic_id", "house"];
