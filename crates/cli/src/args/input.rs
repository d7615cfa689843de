//! The flags about inputs, for every command that reads some.

use std::path::PathBuf;

use clap::{
    ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use knowatt_readings::{DateOrder, Kind, Unit, formats::Format};

/// Inputs that have to be there.
#[derive(clap::Args)]
pub(crate) struct InputArgs {
    /// Files in any format that is read (see --format), plain, gzip or zstd; `-` is standard input; `kafka://broker:9092/topic`
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// The format of the inputs [default: told by their content]
    #[arg(long, value_name = "FORMAT", requires = "inputs", value_parser = format_parser(), help_heading = "Input")]
    pub(crate) format: Option<&'static Format>,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
}

/// How an input's columns are found, and what is not used of it.
#[derive(clap::Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct ColumnArgs {
    /// Column with the time (RFC 3339, or wall-clock time of the home) [default: by name]
    #[arg(long, value_name = "NAME", requires = "inputs")]
    pub(crate) time_column: Option<String>,

    /// Column with the values [default: the one whose name tells a unit]
    #[arg(long, value_name = "NAME", requires = "inputs")]
    pub(crate) value_column: Option<String>,

    /// Unit of the values: Wh, kWh, W, kW or Wmin (watt-minutes) [default: from the column's name]
    #[arg(long, value_name = "UNIT", requires = "inputs")]
    pub(crate) unit: Option<Unit>,

    /// What the values are [default: energy for Wh and kWh, power for W and kW]
    #[arg(long, value_enum, requires = "inputs")]
    pub(crate) kind: Option<KindArg>,

    /// Column with the meter's name [default: by name]
    #[arg(long, value_name = "NAME", requires = "inputs")]
    pub(crate) meter_column: Option<String>,

    /// The meter to read, where there are several
    #[arg(long, value_name = "NAME", requires = "inputs")]
    pub(crate) meter: Option<String>,

    /// Take what was given back to the grid off what was taken; an hour in which more was given counts as 0
    #[arg(long, requires = "inputs")]
    pub(crate) net: bool,

    /// Which of day and month comes first in dates such as 03/04/2024 [default: as the first rows tell]
    #[arg(long, value_enum, requires = "inputs")]
    pub(crate) date_order: Option<DateOrderArg>,

    /// Settings of the Kafka client, a properties file as Kafka's own tools take (name=value)
    #[arg(long, value_name = "FILE", requires = "inputs", help_heading = "Kafka")]
    pub(crate) kafka_config: Option<PathBuf>,

    /// One of them; put a password into the file instead
    #[arg(short = 'X', long, value_name = "NAME=VALUE", requires = "inputs", help_heading = "Kafka")]
    pub(crate) kafka_property: Vec<String>,

    /// The schema registry that Avro values' schemas are asked for, `https://user:password@host`
    #[arg(long, value_name = "URL", requires = "inputs", help_heading = "Kafka")]
    pub(crate) schema_registry: Option<String>,

    /// A file with the schema of Avro values, where no registry is asked
    #[arg(
        long,
        value_name = "FILE",
        requires = "inputs",
        conflicts_with = "schema_registry",
        help_heading = "Kafka"
    )]
    pub(crate) avro_schema: Option<PathBuf>,

    /// Write everything that was not used as read, as CSV: input,line,rule,timestamp,what
    #[arg(long, value_name = "FILE", requires = "inputs")]
    pub(crate) ledger: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum KindArg {
    /// The energy used in the interval that starts at the row's time
    Energy,
    /// The power at the row's time
    Power,
    /// A counter that only rises
    Register,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum DateOrderArg {
    /// 31/12/2024
    DayFirst,
    /// 12/31/2024
    MonthFirst,
}

impl From<DateOrderArg> for DateOrder {
    fn from(order: DateOrderArg) -> Self {
        match order {
            DateOrderArg::DayFirst => Self::DayFirst,
            DateOrderArg::MonthFirst => Self::MonthFirst,
        }
    }
}

impl From<KindArg> for Kind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Energy => Self::Energy,
            KindArg::Power => Self::Power,
            KindArg::Register => Self::Register,
        }
    }
}

pub(super) fn format_parser() -> impl TypedValueParser<Value = &'static Format> {
    let names = Format::ALL.iter().map(|format| PossibleValue::new(format.name).help(format.about));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<&'static Format>())
}
