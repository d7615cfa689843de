//! Kafka records as readings: what a record's value is written in, and which of its fields are what.
//!
//! Written once for every route that records come by, so that a topic gives the same readings by all of them.
//!
//! - The **value** is JSON (an object, or a bare number), Avro in Confluent's wire format, or plain Avro
//!   with a schema from a file. No value at all, as one that deletes a key, is a `tombstone`.
//! - The **fields** are found by the rules of columns (see [`layout`]): the talk's `{"hour": 20, "kwh": 0.4}`, or
//!   `{"timestamp": "2024-01-31T18:00:00+01:00", "meter": "a", "energy_wh": 400}`.
//! - The **time** is text as in a column, or a number since 1970 ([`time`]); with an `hour` and no time, the latest
//!   local hour of that number that does not start after the record's timestamp; without either, that timestamp.
//! - The **meter** is its field, else the record's key if that is a short text, else not named.

mod avro;
mod avro_schema;
pub(crate) mod bytes;
mod decoder;
mod field_reader;
mod fields;
mod json;
mod layout;
mod leaf;
mod registry;
pub(crate) mod schemas;
mod template;
mod time;
pub(crate) mod transactions;
pub(crate) mod unpack;
mod values;

pub(crate) use avro::AvroError;
#[cfg(test)]
pub(crate) use avro::tests as tests_of_avro;
pub(crate) use avro_schema::Schema;
pub(crate) use decoder::{Decoder, Found, Outcome, Value, When};
pub use field_reader::{FieldReader, NoFields};
#[cfg(feature = "kafka")]
pub use registry::{RegistryError, SchemaRegistry};

use self::schemas::Schemas;
use crate::{
    error::{Error, ErrorKind},
    intake::Intake,
    ledger::Rule,
    options::Options,
};

/// The longest value that is read, in bytes.
pub(crate) const MAX_VALUE_BYTES: usize = 256 << 10;

/// So many records without one that was understood are enough to stop.
const PATIENCE: u64 = 1000;

/// A record of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    /// Of the topic, where the route tells it.
    pub(crate) partition: i32,
    /// Its place in the partition.
    pub(crate) offset: i64,
    /// When it was made or appended, in ms since 1970.
    pub(crate) timestamp_ms: Option<i64>,
    /// What it is about.
    pub(crate) key: Option<&'a [u8]>,
    /// What it says.
    pub(crate) value: Option<&'a [u8]>,
}

/// Where the parser of a route passes on what it finds, with the line (or offset, or number) where it begins.
pub(crate) trait Sink {
    /// A record.
    fn record(&mut self, line: u64, record: &Record<'_>) -> Result<(), Error>;

    /// A value of a container, which begins `data`; gives what follows it.
    fn avro<'a>(
        &mut self,
        line: u64,
        schema: &Schema,
        data: &'a [u8],
    ) -> Result<Result<&'a [u8], AvroError>, Error>;

    /// What should be a record and cannot be read.
    fn bad(&mut self, line: u64, what: String);

    /// A record of a transaction that was given up.
    fn aborted(&mut self, line: u64);
}

/// Passes records on to the intake as readings.
pub(crate) struct Records<'i, 'w> {
    name: String,
    decoder: Decoder,
    intake: &'i mut Intake<'w>,
    understood: u64,
    /// The first record whose fields could not be told apart, while no other was understood.
    puzzle: Option<Error>,
    puzzles: u64,
}

impl<'i, 'w> Records<'i, 'w> {
    /// Begins an input.
    pub(crate) fn begin(name: &str, options: &Options, intake: &'i mut Intake<'w>) -> Result<Self, Error> {
        let schemas = Schemas::kept_or_new(intake.schemas.take(), options)?;
        let decoder = Decoder::new(options.clone(), schemas, intake.zone().cloned());
        intake.begin(name);
        let name = name.to_owned();
        Ok(Self { name, decoder, intake, understood: 0, puzzle: None, puzzles: 0 })
    }

    /// Ends it; `what` is what there is to say of its form.
    pub(crate) fn end(mut self, what: &str) -> Result<String, Error> {
        if self.understood == 0
            && let Some(puzzle) = self.puzzle.take()
        {
            return Err(puzzle);
        }
        self.intake.end()?;
        let parts = [self.decoder.told().unwrap_or_default(), what.to_owned()];
        // A segment of a partition after the other has the same ones.
        self.intake.schemas = Some(self.decoder.into_schemas());
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Ok(parts.join("; "))
    }

    /// Notes what became of a record.
    fn note(&mut self, line: u64, became: Became) -> Result<(), Error> {
        match became {
            Became::Reading => self.understood += 1,
            Became::LeftOut => {}
            Became::Puzzle(kind) => {
                self.intake.bad_row(line, || format!("{kind}; left out"));
                let puzzle = self.puzzle.get_or_insert_with(|| Error::new(&self.name, kind).at(line));
                self.puzzles += 1;
                if self.understood == 0 && self.puzzles == PATIENCE {
                    let kind = std::mem::replace(&mut *puzzle.kind, ErrorKind::Empty);
                    return Err(Error::new(&self.name, kind).at(puzzle.line.unwrap_or(line)));
                }
            }
        }
        Ok(())
    }
}

impl Sink for Records<'_, '_> {
    fn record(&mut self, line: u64, record: &Record<'_>) -> Result<(), Error> {
        let outcome = self.decoder.decode(record);
        let became = pass_on(line, outcome, self.intake).map_err(|error| error.or_at(&self.name, line))?;
        self.note(line, became)
    }

    fn avro<'a>(
        &mut self,
        line: u64,
        schema: &Schema,
        data: &'a [u8],
    ) -> Result<Result<&'a [u8], AvroError>, Error> {
        let (rest, outcome) = match self.decoder.decode_avro(schema, data) {
            Ok(decoded) => decoded,
            Err(error) => return Ok(Err(error)),
        };
        let became = pass_on(line, outcome, self.intake).map_err(|error| error.or_at(&self.name, line))?;
        self.note(line, became)?;
        Ok(Ok(rest))
    }

    fn bad(&mut self, line: u64, what: String) {
        self.intake.bad_row(line, || what);
    }

    fn aborted(&mut self, line: u64) {
        self.intake.ignored(Rule::Aborted, line, || "of a transaction that was given up; ignored".to_owned());
    }
}

/// What became of a record.
enum Became {
    Reading,
    LeftOut,
    /// Its fields could not be told apart.
    Puzzle(ErrorKind),
}

/// Why reading stops at a record.
enum Stop {
    Intake(Error),
    Kind(ErrorKind),
}

impl Stop {
    fn or_at(self, input: &str, line: u64) -> Error {
        match self {
            Self::Intake(error) => error,
            Self::Kind(kind) => Error::new(input, kind).at(line),
        }
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Intake(error)
    }
}

fn pass_on(line: u64, outcome: Outcome<'_>, intake: &mut Intake<'_>) -> Result<Became, Stop> {
    let Found { meter, column, when, value, .. } = match outcome {
        Outcome::Found(found) => found,
        Outcome::Tombstone => {
            intake.ignored(Rule::Tombstone, line, || "no value: its key was deleted; ignored".to_owned());
            return Ok(Became::LeftOut);
        }
        Outcome::Bad(what) => {
            intake.bad_row(line, || format!("{what}; left out"));
            return Ok(Became::LeftOut);
        }
        Outcome::Puzzle(kind) => return Ok(Became::Puzzle(kind)),
        Outcome::Stop(kind) => return Err(Stop::Kind(kind)),
    };
    let Some(id) = intake.series(&meter, b"", column)? else {
        intake.other_meter(line, &meter);
        return Ok(Became::Reading);
    };
    match (when, value) {
        (When::At(at), Value::Number(number)) => intake.reading(id, line, at, number * column.factor)?,
        (When::At(at), Value::Text(text)) => intake.field(id, line, at, text.as_bytes(), column.factor)?,
        (When::At(at), Value::None) => {
            intake.missing(id, line, at, || "no value (`null`); left out".to_owned())?;
        }
        (When::Text(time), value) => {
            let text = match value {
                Value::Number(number) => number.to_string(),
                Value::Text(text) => text.to_owned(),
                Value::None => String::new(),
            };
            intake.text(id, line, time.as_bytes(), text.as_bytes(), column.factor)?;
        }
    }
    Ok(Became::Reading)
}

#[cfg(test)]
pub(crate) mod tests;
