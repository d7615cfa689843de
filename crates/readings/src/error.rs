//! Why an input gave no readings. What merely lost a row is in the ledger instead.

use std::fmt;

use crate::{
    ledger::Rule,
    unit::{Kind, Unit},
};

/// Why reading stopped: the input, the line, what was found and the way out. Nothing was kept of it.
#[derive(Debug)]
pub struct Error {
    pub(crate) input: String,
    pub(crate) line: Option<u64>,
    pub(crate) kind: Box<ErrorKind>,
}

impl Error {
    pub(crate) fn new(input: &str, kind: ErrorKind) -> Self {
        Self { input: input.to_owned(), line: None, kind: Box::new(kind) }
    }

    pub(crate) fn at(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// What went wrong.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Whether it lies outside: a broker or a registry that does not answer or refuses.
    pub fn is_outside(&self) -> bool {
        matches!(*self.kind, ErrorKind::Kafka(_) | ErrorKind::Registry { .. })
    }

    /// The line it went wrong on, counted from 1.
    pub fn line(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.input, self.kind),
            None => write!(f, "{}: {}", self.input, self.kind),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &*self.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Opening, reading or unpacking failed.
    #[error("cannot be read")]
    Io(#[source] std::io::Error),
    /// A directory.
    #[error("is a directory; name the files in it")]
    Directory,
    /// Nothing in it.
    #[error("is empty: a line with the columns' names is expected first, then one row a reading")]
    Empty,
    /// Not text this reader knows.
    #[error("is {0}")]
    NotText(&'static str),
    /// No column for the time or the value.
    #[error("no column is known as the {role}. The columns are {columns}; name it with {flag}")]
    NoColumn {
        /// `time` or `value`.
        role: &'static str,
        /// The columns' names.
        columns: String,
        /// The flag that names the column.
        flag: &'static str,
    },
    /// The column asked for is not there.
    #[error("there is no column `{name}`, asked for with {flag}. The columns are {columns}")]
    MissingColumn {
        /// The name asked for.
        name: String,
        /// The columns' names.
        columns: String,
        /// The flag that asked for it.
        flag: &'static str,
    },
    /// Columns of the same name.
    #[error("several columns are called `{0}`; give them different names")]
    SameNames(String),
    /// More than one column could be meant.
    #[error("{candidates} could each be the {role}; choose with {flag}")]
    SeveralColumns {
        /// `time` or `value`.
        role: &'static str,
        /// The candidates.
        candidates: String,
        /// The flag that chooses.
        flag: &'static str,
    },
    /// The first line holds data.
    #[error(
        "the first line looks like a reading, not like the columns' names: {0}. Put a line such as timestamp,wh before it"
    )]
    NoHeader(String),
    /// No unit in the name and none given.
    #[error("the name of column `{0}` does not tell its unit; give it with --unit Wh, kWh, W or kW")]
    NoUnit(String),
    /// A value that is a number and nothing else.
    #[error("each value is a bare number, which tells no unit; give it with --unit Wh, kWh, W or kW")]
    BareNumber,
    /// A value that names a schema, and none is there.
    #[error(
        "the value is Avro, written with schema {0}; name it with --schema-registry URL or --avro-schema FILE"
    )]
    NoSchema(u32),
    /// A schema registry that does not answer as it should.
    #[error("the schema registry cannot be asked: {0}")]
    Registry(String),
    /// A schema registry's URL that is none.
    #[error("its URL is not of the form http://HOST:PORT or https://USER:PASSWORD@HOST/PATH")]
    RegistryUrl,
    /// A build that asks no registries.
    #[error(
        "this knowatt was built without Kafka: build it with --features kafka, or give --avro-schema FILE"
    )]
    WithoutKafka,
    /// The unit does not fit the kind.
    #[error("{unit} cannot be the unit of a column of kind {kind}")]
    UnitOfKind {
        /// The unit.
        unit: Unit,
        /// The kind it was said to be.
        kind: Kind,
    },
    /// The meter asked for is not there.
    #[error("holds no meter `{name}`; it holds {found}")]
    NoSuchMeter {
        /// The meter asked for.
        name: String,
        /// The first of those found.
        found: String,
    },
    /// More meters than one history may have.
    #[error(
        "holds more than {0} meters or registers. Is the column of the meter the right one (--meter-column)?"
    )]
    TooManyMeters(usize),
    /// Not what its beginning, or `--format`, says it is.
    #[error("is no well-formed {format}: {what}")]
    Broken {
        /// What it should be.
        format: &'static str,
        /// What is wrong, what was expected, what to do.
        what: String,
    },
    /// Dates that could be read in two ways.
    #[error(
        "dates such as `{0}` could have the day or the month first; say --date-order day-first or --date-order month-first"
    )]
    DateOrder(String),
    /// A row that does not end.
    #[error("the row that begins here is longer than {} KiB: probably a quotation mark that is never closed", .0 >> 10)]
    RowTooLong(usize),
    /// A wall-clock time, and no zone.
    #[error(
        "the time `{0}` has no offset; name the time zone of the home with --tz, such as --tz Europe/Paris"
    )]
    NoZone(String),
    /// A broker that does not answer, or refuses.
    #[error("cannot be read: {0}")]
    Kafka(String),
    /// Settings that a Kafka client does not take.
    #[error("the settings of the client are not right: {0}")]
    KafkaSettings(String),
    /// Intervals longer than an hour.
    #[error(
        "the rows are mostly {0} apart; a reading an hour or finer is needed, for the hour is what the model learns"
    )]
    TooCoarse(String),
    /// Values that only rise, not said to be a register.
    #[error(
        "the {0} values of `{1}` hardly ever fall, as a meter's counter does; say --kind register (or --kind energy if they are the energy of each interval)"
    )]
    LooksLikeRegister(u64, String),
    /// Values that are a thousand times what they were, for good.
    #[error(
        "before line {0} the values become a thousand times what they were, for over 48 rows. If the unit changes there, cut the file in two and name the unit of each with --unit; if that is true use, --unit says so too"
    )]
    UnitChanges(u64),
    /// More rows out of order than are sorted.
    #[error("more than {0} rows come after one that is later; sort it by time")]
    TooManyOutOfOrder(usize),
    /// A second value for one time, too often.
    #[error(
        "{conflicts} of {rows} rows give another value for a time that was given before, first at {first}. If two meters are in one file, name the column that tells them apart (--meter-column)"
    )]
    Conflicts {
        /// Rows with a second value for one time.
        conflicts: u64,
        /// All rows.
        rows: u64,
        /// The first of them.
        first: String,
    },
    /// More rows unusable than used.
    #[error(
        "{unusable} of {rows} rows could not be used, most of them as {rule}, first at {first}; --ledger FILE lists all"
    )]
    MostlyUnusable {
        /// Rows not used.
        unusable: u64,
        /// All rows.
        rows: u64,
        /// The most frequent reason.
        rule: Rule,
        /// The first of them.
        first: String,
    },
    /// The net asked for, where nothing tells of energy given.
    #[error(
        "--net takes off what was given back to the grid, and nothing that is read tells of any: no register of it, and no value below zero. Without --net what was taken is read"
    )]
    NoExport,
    /// Rows, but no complete hour.
    #[error("holds no complete hour in its {0} usable rows; a reading needs the whole hour")]
    NoHour(u64),
    /// A list of periods without its columns.
    #[error("a line start,end (or start,end,why) is expected first, then a period a line")]
    NoPeriods,
    /// A period's start or end that is none.
    #[error("{column} is `{found}`; expected {expected}")]
    Period {
        /// `start` or `end`.
        column: &'static str,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// A period whose end is not after its start.
    #[error(
        "the period ends before it starts: {start} to {end}. Dates include the end's day, times end before it"
    )]
    PeriodReversed {
        /// Its start.
        start: String,
        /// Its end.
        end: String,
    },
}
