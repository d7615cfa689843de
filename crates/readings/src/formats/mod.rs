//! The formats that are read, each in a file of its own, told by their content.

pub(crate) mod avro_container;
pub(crate) mod console_consumer;
mod dsmr_reader;
pub(crate) mod dump_log;
mod enphase;
mod fluvius;
mod green_button;
mod home_assistant_database;
mod home_assistant_history;
mod home_assistant_statistics;
mod homewizard;
mod influx_csv;
mod influx_line;
pub(crate) mod kcat;
mod lines;
pub(crate) mod log_segment;
mod nem12;
mod octopus;
mod p1_telegram;
mod shelly;
mod sink;
mod solaredge;
mod united_power;

pub mod csv;

pub use p1_telegram::P1Telegrams;

use std::{cell::OnceCell, fmt, str::FromStr};

use self::csv::NamesLine;
use crate::{
    error::Error,
    input::Input,
    intake::Intake,
    options::{DateOrder, Options},
};

/// How an input was understood, in a line for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// The format.
    pub format: &'static Format,
    /// What was taken for what.
    pub what: String,
}

impl fmt::Display for Understood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self.format == csv::FORMAT {
            return f.write_str(&self.what);
        }
        write!(f, "{}: {}", self.format.about, self.what)
    }
}

/// A format.
#[derive(Debug)]
pub struct Format {
    /// Its name for `--format`.
    pub name: &'static str,
    /// What people call it.
    pub about: &'static str,
    /// Whether it is a table whose columns are known, so that columns named by the user make it another one.
    is_fixed_table: bool,
    /// Whether an input that begins so is of this format.
    detect: fn(&Head<'_>) -> bool,
    read: fn(Input, &Options, &mut Intake<'_>) -> Result<String, Error>,
}

impl PartialEq for Format {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Format {}

impl Format {
    /// Every format; of several that could be meant the first is.
    pub const ALL: &'static [&'static Self] = &[
        &dsmr_reader::FORMAT,
        &homewizard::FORMAT,
        &fluvius::FORMAT,
        &enphase::FORMAT,
        &shelly::FORMAT,
        &united_power::FORMAT,
        &octopus::FORMAT,
        &home_assistant_statistics::FORMAT,
        &home_assistant_history::FORMAT,
        &influx_csv::FORMAT,
        &home_assistant_database::FORMAT,
        &green_button::FORMAT,
        &solaredge::FORMAT,
        &nem12::FORMAT,
        &p1_telegram::FORMAT,
        &influx_line::FORMAT,
        &log_segment::FORMAT,
        &avro_container::FORMAT,
        &kcat::FORMAT,
        &dump_log::FORMAT,
        &console_consumer::FORMAT,
        &csv::FORMAT,
    ];
}

impl FromStr for &'static Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Format::ALL.iter().find(|format| format.name == name);
        found.copied().ok_or_else(|| format!("`{name}` is no format that is read"))
    }
}

/// The first bytes of an input, unpacked.
#[derive(Debug)]
pub(crate) struct Head<'a> {
    bytes: &'a [u8],
    /// Its first lines as lines of names, once some format has asked for them.
    names: OnceCell<Vec<NamesLine>>,
}

impl<'a> Head<'a> {
    /// So many bytes are looked at.
    pub(crate) const BYTES: usize = 64 << 10;

    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, names: OnceCell::new() }
    }

    /// The bytes, all of the input where it is shorter than [`Head::BYTES`].
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The names that each of the first lines may hold, in lower case.
    fn names(&self) -> impl Iterator<Item = Vec<&str>> {
        self.names.get_or_init(|| csv::names_lines(self.bytes).collect()).iter().map(NamesLine::lower)
    }
}

/// Reads one input into the intake, in a format or in the one that its content tells.
pub fn read(
    mut input: Input,
    format: Option<&'static Format>,
    options: &Options,
    intake: &mut Intake<'_>,
) -> Result<Understood, Error> {
    let bytes = input.head(Head::BYTES)?;
    let head = Head::new(&bytes);
    let names_columns = options.time_column.is_some() || options.value_column.is_some();
    let is_it = |format: &&Format| !(format.is_fixed_table && names_columns) && (format.detect)(&head);
    let detected = || Format::ALL.iter().copied().find(is_it);
    let format = format.or_else(detected).unwrap_or(&csv::FORMAT);
    intake.asked = options.asked();
    let what = (format.read)(input, options, intake)?;
    Ok(Understood { format, what })
}
