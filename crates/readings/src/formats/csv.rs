//! Comma-separated values: a header, then one row a reading, in order of time.
//!
//! Source: RFC 4180, as read by the `csv` crate. Columns are separated by commas, semicolons or tabs
//! (whichever the header has most of), rows end in LF or CRLF, decimals are written with a point.
//!
//! - The **time** column is found by its name ([`TIME_NAMES`]) or given; RFC 3339 or local wall-clock.
//! - The **value** column is the one whose name tells a unit (`wh`, `energy_kwh`, `Power [W]`), or given.
//!   A name that is nothing but a unit goes before one that has more to it.
//! - The **unit** stands in that name or is given; it is never guessed.
//! - A **meter** column ([`METER_NAMES`]) may hold one meter only, unless one is chosen.
//!
//! Limits: a row is at most [`MAX_ROW_BYTES`] long; the input is read as a stream, once.

use std::{
    fmt,
    io::{self, Cursor, Read},
};

use ::csv::{ByteRecord, ReaderBuilder};

use crate::{
    Error, ErrorKind, Input, Intake, Kind, Unit,
    intake::{Column, show},
};

/// Names of time columns, the first of which that is there is taken.
pub const TIME_NAMES: [&str; 17] = [
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
    "utc",
    "ts",
    "date",
];

/// Names of meter columns, likewise.
pub const METER_NAMES: [&str; 9] =
    ["meter", "meter_id", "meter id", "meterid", "device", "device_id", "entity_id", "statistic_id", "house"];

/// The longest row that is read, in bytes.
pub const MAX_ROW_BYTES: usize = 256 << 10;

/// What the columns are, where their names do not tell.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Name of the column with the time.
    pub time_column: Option<String>,
    /// Name of the column with the values.
    pub value_column: Option<String>,
    /// Unit of the values.
    pub unit: Option<Unit>,
    /// Whether they are energy per interval, power or a register.
    pub kind: Option<Kind>,
    /// Name of the column with the meter.
    pub meter_column: Option<String>,
    /// The meter whose rows are read; the others are left out.
    pub meter: Option<String>,
}

/// How a file's columns were understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    /// Name of the time column.
    pub time: String,
    /// Name of the value column.
    pub value: String,
    /// Unit of the values.
    pub unit: Unit,
    /// What they are.
    pub kind: Kind,
    width: usize,
    time_at: usize,
    value_at: usize,
    meter_at: Option<usize>,
    kind_given: bool,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "time in `{}`, {} in `{}` ({})", self.time, self.kind, self.value, self.unit)
    }
}

/// Reads one input into the intake.
pub fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<Layout, Error> {
    let Input { name, mut reader } = input;
    let failed = |error: io::Error| Error::new(&name, ErrorKind::Io(error));
    let start = first_line(&mut reader).map_err(failed)?;
    let mut rows = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(&start))
        .buffer_capacity(256 << 10)
        .from_reader(RowGuard { reader: Cursor::new(start).chain(reader), since_row: 0 });
    let mut row = ByteRecord::new();
    if !next(&name, &mut rows, &mut row)? {
        return Err(Error::new(&name, ErrorKind::Empty));
    }
    let layout = layout(&row, options, intake).map_err(|kind| Error::new(&name, kind).at(1))?;
    intake.begin(&name, layout.column());
    let header = row.clone();
    let mut meter = Meter::new(&layout, &header, options);
    while next(&name, &mut rows, &mut row)? {
        let line = row.position().map_or(0, ::csv::Position::line);
        if row.len() != layout.width {
            let ends = rows.position().line();
            intake.bad_row(line, || ragged(&row, &layout, line, ends));
            continue;
        }
        if !meter.is_chosen(&row).map_err(|kind| Error::new(&name, kind).at(line))? {
            intake.other_meter(line, &row[layout.meter_at.unwrap_or_default()]);
            continue;
        }
        intake.row(line, &row[layout.time_at], &row[layout.value_at])?;
    }
    meter.was_there().map_err(|kind| Error::new(&name, kind))?;
    intake.end()?;
    Ok(layout)
}

impl Layout {
    fn column(&self) -> Column {
        let factor = self.unit.factor();
        Column { name: self.value.clone(), kind: self.kind, kind_given: self.kind_given, factor }
    }
}

/// The next row, if there is one.
#[inline]
fn next<R: Read>(
    name: &str,
    rows: &mut ::csv::Reader<RowGuard<R>>,
    row: &mut ByteRecord,
) -> Result<bool, Error> {
    rows.get_mut().since_row = 0;
    let line = rows.position().line();
    rows.read_byte_record(row).map_err(|error| match error.into_kind() {
        ::csv::ErrorKind::Io(error) if error.get_ref().is_some_and(|inner| inner.is::<RowTooLong>()) => {
            Error::new(name, ErrorKind::RowTooLong(MAX_ROW_BYTES)).at(line)
        }
        ::csv::ErrorKind::Io(error) => Error::new(name, ErrorKind::Io(error)).at(line),
        other => Error::new(name, ErrorKind::Io(io::Error::other(format!("{other:?}")))).at(line),
    })
}

/// Reads as far as the first line feed (or as far as a row may go).
fn first_line(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    while start.len() < MAX_ROW_BYTES && !start.contains(&b'\n') {
        if reader.take(4096).read_to_end(&mut start)? == 0 {
            break;
        }
    }
    Ok(start)
}

fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let count = |delimiter: &u8| header.iter().filter(|byte| *byte == delimiter).count();
    // Of equals the last: a comma unless another is more frequent.
    b";\t,".iter().copied().max_by_key(count).unwrap_or(b',')
}

fn layout(header: &ByteRecord, options: &Options, intake: &mut Intake<'_>) -> Result<Layout, ErrorKind> {
    let names: Vec<String> = header.iter().map(show).collect();
    if header.iter().any(|field| intake.is_time(field)) {
        return Err(ErrorKind::NoHeader(names.join(", ")));
    }
    let time_at = match &options.time_column {
        Some(name) => named(&names, name, "--time-column")?,
        None => known(&names, &TIME_NAMES).ok_or_else(|| no_column("time", &names, "--time-column NAME"))?,
    };
    let value_at = match &options.value_column {
        Some(name) => named(&names, name, "--value-column")?,
        None => value_column(&names, time_at)?,
    };
    let meter_at = match &options.meter_column {
        Some(name) => Some(named(&names, name, "--meter-column")?),
        None => known(&names, &METER_NAMES),
    };
    if options.meter.is_some() && meter_at.is_none() {
        return Err(no_column("meter", &names, "--meter-column NAME"));
    }
    let (time, value) = (names[time_at].clone(), names[value_at].clone());
    let unit =
        options.unit.or_else(|| Unit::in_name(&value)).ok_or_else(|| ErrorKind::NoUnit(value.clone()))?;
    let kind = options.kind.unwrap_or(unit.kind());
    if (kind == Kind::Power) != (unit.kind() == Kind::Power) {
        return Err(ErrorKind::UnitOfKind { unit, kind });
    }
    let kind_given = options.kind.is_some();
    Ok(Layout { time, value, unit, kind, width: names.len(), time_at, value_at, meter_at, kind_given })
}

/// The one column whose name tells a unit, or of several the one whose name is a unit.
fn value_column(names: &[String], time_at: usize) -> Result<usize, ErrorKind> {
    let tells = |at: &usize| *at != time_at && Unit::in_name(&names[*at]).is_some();
    let candidates: Vec<usize> = (0..names.len()).filter(tells).collect();
    let bare: Vec<usize> =
        candidates.iter().copied().filter(|&at| names[at].parse::<Unit>().is_ok()).collect();
    match (candidates.as_slice(), bare.as_slice()) {
        ([only], _) | (_, [only]) => Ok(*only),
        ([], _) => Err(no_column("value (its name tells no unit)", names, "--value-column NAME --unit UNIT")),
        _ => {
            let candidates: Vec<_> = candidates.iter().map(|&at| format!("`{}`", names[at])).collect();
            let candidates = candidates.join(", ");
            Err(ErrorKind::SeveralColumns { role: "value", candidates, flag: "--value-column NAME" })
        }
    }
}

fn named(names: &[String], name: &str, flag: &'static str) -> Result<usize, ErrorKind> {
    let exact = names.iter().position(|column| column == name);
    let found = exact.or_else(|| names.iter().position(|column| column.eq_ignore_ascii_case(name)));
    found.ok_or_else(|| ErrorKind::MissingColumn { name: name.to_owned(), columns: list(names), flag })
}

fn known(names: &[String], wanted: &[&str]) -> Option<usize> {
    wanted.iter().find_map(|known| names.iter().position(|name| name.eq_ignore_ascii_case(known)))
}

fn no_column(role: &'static str, names: &[String], flag: &'static str) -> ErrorKind {
    ErrorKind::NoColumn { role, columns: list(names), flag }
}

fn list(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut shown: Vec<_> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    shown.join(", ")
}

fn ragged(row: &ByteRecord, layout: &Layout, line: u64, ends: u64) -> String {
    let fields = row.len();
    let spans = if ends > line + 1 {
        format!(" and runs to line {}, as after a quotation mark that is never closed", ends - 1)
    } else {
        String::new()
    };
    format!("{fields} fields where the header has {}{spans}; left out", layout.width)
}

/// Sees to it that one meter's rows are read, not several meters' as one.
struct Meter {
    column: String,
    at: Option<usize>,
    chosen: Option<Vec<u8>>,
    asked_for: bool,
    found: bool,
    other: Option<String>,
}

impl Meter {
    fn new(layout: &Layout, header: &ByteRecord, options: &Options) -> Self {
        Self {
            column: layout.meter_at.map(|at| show(&header[at])).unwrap_or_default(),
            at: layout.meter_at,
            chosen: options.meter.as_ref().map(|name| name.as_bytes().to_vec()),
            asked_for: options.meter.is_some(),
            found: false,
            other: None,
        }
    }

    /// Whether the row is the chosen meter's: the one asked for, or the first one if it is the only one.
    #[inline]
    fn is_chosen(&mut self, row: &ByteRecord) -> Result<bool, ErrorKind> {
        let Some(at) = self.at else { return Ok(true) };
        let meter = &row[at];
        let chosen = self.chosen.get_or_insert_with(|| meter.to_vec());
        if chosen == meter {
            self.found = true;
            return Ok(true);
        }
        if !self.asked_for {
            let (column, first, second) = (self.column.clone(), show(chosen), show(meter));
            return Err(ErrorKind::SeveralMeters { column, first, second });
        }
        self.other.get_or_insert_with(|| show(meter));
        Ok(false)
    }

    fn was_there(self) -> Result<(), ErrorKind> {
        match (self.asked_for && !self.found, self.chosen, self.other) {
            (true, Some(chosen), Some(found)) => {
                Err(ErrorKind::NoSuchMeter { column: self.column, name: show(&chosen), found })
            }
            _ => Ok(()),
        }
    }
}

/// Ends the reading of a row that does not end, before it fills the memory.
struct RowGuard<R> {
    reader: R,
    since_row: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("the row is too long")]
struct RowTooLong;

impl<R: Read> Read for RowGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row > MAX_ROW_BYTES {
            return Err(io::Error::other(RowTooLong));
        }
        let count = self.reader.read(buffer)?;
        self.since_row += count;
        Ok(count)
    }
}
