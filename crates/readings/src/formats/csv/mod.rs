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

mod layout;
mod meter;
mod rows;

pub use layout::{Layout, METER_NAMES, TIME_NAMES};
pub use rows::MAX_ROW_BYTES;

use self::{meter::Meter, rows::Rows};
use crate::{
    error::{Error, ErrorKind},
    input::Input,
    intake::Intake,
    unit::{Kind, Unit},
};

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

/// Reads one input into the intake.
pub fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<Layout, Error> {
    let name = input.name.clone();
    let mut rows = Rows::new(input)?;
    if !rows.next()? {
        return Err(Error::new(&name, ErrorKind::Empty));
    }
    let layout =
        Layout::new(rows.row(), options, intake).map_err(|kind| Error::new(&name, kind).at(rows.line()))?;
    let mut meter = Meter::new(&layout, options, intake.meter.take());
    intake.begin(&name, layout.column());
    while rows.next()? {
        take(&rows, &layout, &mut meter, intake)?;
    }
    intake.meter = meter.was_there().map_err(|kind| Error::new(&name, kind))?;
    intake.end()?;
    Ok(layout)
}

#[inline]
fn take(rows: &Rows, layout: &Layout, meter: &mut Meter, intake: &mut Intake<'_>) -> Result<(), Error> {
    let (row, line) = (rows.row(), rows.line());
    let runs_on = rows.line_feeds() > 0;
    if runs_on && rows.is_cut_off() {
        intake.bad_row(line, || {
            let ends = rows.last_line();
            format!("a quotation mark is never closed: all to line {ends}, the end, is one row; left out")
        });
        return Ok(());
    }
    if row.len() != layout.width {
        intake.bad_row(line, || ragged(rows, layout));
        return Ok(());
    }
    if runs_on {
        // A stray quotation mark makes one row of many: that is said, for it may be what was meant.
        intake.several_lines(line, || {
            let ends = rows.last_line();
            format!("one row to line {ends}; if a quotation mark is stray, rows are lost in it")
        });
    }
    if let Some(at) = layout.meter_at
        && !meter.is_chosen(row.field(at)).map_err(|kind| intake.error(kind).at(line))?
    {
        intake.other_meter(line, row.field(at));
        return Ok(());
    }
    intake.row(line, row.field(layout.time_at), row.field(layout.value_at))
}

fn ragged(rows: &Rows, layout: &Layout) -> String {
    let (fields, ends) = (rows.row().len(), rows.last_line());
    let spans = if ends > rows.line() { format!(" and runs to line {ends}") } else { String::new() };
    let plural = if fields == 1 { "" } else { "s" };
    format!("{fields} field{plural} where the header has {}{spans}; left out", layout.width)
}
