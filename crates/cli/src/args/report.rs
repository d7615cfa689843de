//! The flags of `knowatt report`.

use std::path::PathBuf;

use knowatt_readings::formats::Format;
use knowatt_report::Price;

use super::input::{ColumnArgs, format_parser};

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt report model.json december.csv -o report.html
  knowatt report model.json year.csv --price-per-kwh '0.25 EUR' -o report.html
  knowatt report model.json kafka://broker:9092/raw_power -o report.html")]
pub(crate) struct ReportArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// Readings to show, with what was unusual among them: files in any format that is read (see --format), plain, gzip or zstd; `-` is standard input; `kafka://broker:9092/topic`
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Where to write the page; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// What a kWh costs, to tell what unusual use has cost: 0.25, or '0.25 EUR'
    #[arg(long, value_name = "PRICE", requires = "inputs")]
    pub(crate) price_per_kwh: Option<Price>,

    /// The format of the inputs [default: told by their content]
    #[arg(long, value_name = "FORMAT", requires = "inputs", value_parser = format_parser(), help_heading = "Input")]
    pub(crate) format: Option<&'static Format>,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
}
