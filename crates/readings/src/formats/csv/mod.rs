//! Comma-separated values: a header, then one row a reading.
//!
//! Source: RFC 4180, as read by the `csv` crate. Columns are separated by commas, semicolons or tabs
//! (whichever the header has most of), rows end in LF or CRLF.
//!
//! - The **time** column is found by its name ([`TIME_NAMES`](crate::TIME_NAMES)) or given; a `date` and a `time` column are one. It is
//!   RFC 3339, local wall-clock time with the year first or last, or a number of seconds since 1970 (or ms, µs, ns).
//!   Of `03/04/2024` the first rows tell whether the day or the month is first; if they do not, that is asked.
//! - The **value** column is the one whose name tells a unit (`wh`, `energy_kwh`, `Power [W]`), or given.
//!   A name that is nothing but a unit goes before one that has more to it; what is exported, returned or produced
//!   is no consumption. Decimals are written with a point, or with a comma where columns are separated otherwise.
//! - The **unit** stands in that name or is given; it is never guessed.
//! - A **meter** column ([`METER_NAMES`](crate::METER_NAMES)) tells meters apart.
//!
//! Limits: a row is at most [`MAX_ROW_BYTES`] long; the input is read as a stream, once.

mod layout;
mod plan;
mod rows;
mod time_form;

pub use rows::MAX_ROW_BYTES;

pub(crate) use layout::named;
pub(crate) use plan::{Header, Plan, Role, UnitAt};
pub(super) use plan::{NamesLine, names_lines};
pub(crate) use time_form::TimeForm;

use self::{rows::Rows, time_form::Written};
use super::{Format, Head, Options};
use crate::{
    error::{Error, ErrorKind},
    input::Input,
    intake::{Intake, SeriesId},
    ledger::Rule,
    message::show,
    number::{self, Number},
    series::Column,
    unit::{Flow, Kind, Unit},
};

/// The format.
pub const FORMAT: Format =
    Format { name: "csv", about: "CSV", is_fixed_table: false, detect: |_| true, read };

fn read(mut input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let head = input.head(Head::BYTES)?;
    let name = input.name.clone();
    if let Some(what) = no_table(&head) {
        return Err(Error::new(&name, ErrorKind::NotText(what)));
    }
    let header = Header::first(&head, rows::delimiter(&head));
    let header = header.ok_or_else(|| Error::new(&name, ErrorKind::Empty))?;
    let line = header.lines_before + 1;
    let plan = layout::plan(&header, options, intake).map_err(|kind| Error::new(&name, kind).at(line))?;
    read_table(input, &header, &plan, intake)
}

/// What an input is that is no table, as far as it is to be seen.
fn no_table(head: &[u8]) -> Option<&'static str> {
    match head.trim_ascii_start() {
        [b'{' | b'[', ..] => Some("JSON in no form that is read; an object a line is"),
        [b'<', ..] => Some("XML in no form that is read; Green Button is"),
        _ if head.contains(&0) && std::str::from_utf8(head).is_err() => {
            Some("no text, and no format that is read")
        }
        _ => None,
    }
}

/// Reads a table of a known form, if its header satisfies `is` (its names in lower case).
pub(crate) fn read_as(
    mut input: Input,
    options: &Options,
    intake: &mut Intake<'_>,
    format: &'static str,
    is: fn(&[&str]) -> bool,
    plan: impl FnOnce(&Header, &Options) -> Result<Plan, ErrorKind>,
) -> Result<String, Error> {
    let head = input.head(Head::BYTES)?;
    let name = input.name.clone();
    let header = Header::find(&head, is).ok_or_else(|| {
        let what = "no line with the names of its columns is among the first lines".to_owned();
        Error::new(&name, ErrorKind::Broken { format, what })
    })?;
    let line = header.lines_before + 1;
    let mut plan = plan(&header, options).map_err(|kind| Error::new(&name, kind).at(line))?;
    if let Some(kind) = options.kind {
        plan.kind = kind;
    }
    read_table(input, &header, &plan, intake)
}

/// Whether some line among the first is a header that satisfies `is`.
pub(crate) fn has_header(head: &Head<'_>, is: fn(&[&str]) -> bool) -> bool {
    head.names().any(|names| is(&names))
}

fn read_table(input: Input, header: &Header, plan: &Plan, intake: &mut Intake<'_>) -> Result<String, Error> {
    let name = input.name.clone();
    let mut rows = Rows::new(input, header)?;
    rows.next()?; // the names
    intake.begin(&name);
    let mut table = Table {
        plan,
        width: header.names.len(),
        time_name: &header.names[plan.time[0]],
        latest: [None; 2],
        scratch: Vec::new(),
        joined: Vec::new(),
    };
    while rows.next()? {
        table.take(&rows, intake)?;
    }
    intake.end()?;
    Ok(plan.said.clone())
}

struct Table<'p> {
    plan: &'p Plan,
    width: usize,
    /// The name of the (first) column of the time.
    time_name: &'p str,
    /// The series of the row before, of what was taken and of what was given, where all rows are of one.
    latest: [Option<(SeriesId, f64)>; 2],
    scratch: Vec<u8>,
    joined: Vec<u8>,
}

impl Table<'_> {
    #[inline]
    fn take(&mut self, rows: &Rows, intake: &mut Intake<'_>) -> Result<(), Error> {
        let (row, line) = (rows.row(), rows.line());
        let runs_on = rows.line_feeds() > 0;
        if runs_on && rows.is_cut_off() {
            intake.bad_row(line, || {
                let ends = rows.last_line();
                format!("a quotation mark is never closed: all to line {ends}, the end, is one row; left out")
            });
            return Ok(());
        }
        // Trailing empty fields are nobody's.
        let extra = (self.width..row.len()).any(|at| !row.field(at).trim_ascii().is_empty());
        if row.len() < self.width || extra {
            intake.bad_row(line, || ragged(rows, self.width));
            return Ok(());
        }
        if runs_on {
            // A stray quotation mark makes one row of many: that is said, for it may be what was meant.
            intake.several_lines(line, || {
                let ends = rows.last_line();
                format!("one row to line {ends}; if a quotation mark is stray, rows are lost in it")
            });
        }
        if let Some((at, only)) = &self.plan.only {
            // Tables may follow one another, each with its header.
            let is_header =
                row.field(0).starts_with(b"#") || row.field(self.plan.time[0]) == self.time_name.as_bytes();
            if is_header {
                return Ok(());
            }
            if row.field(*at) != only.as_bytes() {
                let found = show(row.field(*at));
                intake.ignored(Rule::OtherQuantity, line, || format!("`{found}`, where `{only}` is read"));
                return Ok(());
            }
        }
        self.hand_over(row, line, Flow::Taken, &self.plan.values, intake)?;
        if self.plan.given.is_empty() {
            return Ok(());
        }
        self.hand_over(row, line, Flow::Given, &self.plan.given, intake)
    }

    /// Hands over what some of a row's columns add up to.
    #[inline]
    fn hand_over(
        &mut self,
        row: &rows::Row,
        line: u64,
        flow: Flow,
        values: &[usize],
        intake: &mut Intake<'_>,
    ) -> Result<(), Error> {
        let Some((id, factor)) = self.series(row, line, flow, intake)? else { return Ok(()) };
        let time = match *self.plan.time.as_slice() {
            [at] => row.field(at),
            ref several => {
                self.joined.clear();
                for &at in several {
                    if !self.joined.is_empty() {
                        self.joined.push(b' ');
                    }
                    self.joined.extend_from_slice(row.field(at).trim_ascii());
                }
                &self.joined
            }
        };
        if let ([value], TimeForm::Iso, false, 0) =
            (values, self.plan.form, self.plan.decimal_comma, self.plan.delay)
        {
            return intake.text(id, line, time, row.field(*value), factor);
        }
        let at = match self.plan.form.written(time, &mut self.scratch) {
            Written::Instant(at) => at,
            Written::Text(text) => match intake.instant(id, line, text)? {
                Some(at) => at,
                None => return Ok(()),
            },
        };
        let at = at.saturating_add(self.plan.delay);
        let mut sum = 0.0;
        for &value in values {
            let field = row.field(value);
            match number(field, self.plan.decimal_comma) {
                Number::Finite(number) => sum += number,
                _ => return intake.no_number(id, line, at, field),
            }
        }
        intake.reading(id, line, at, sum * factor)
    }

    /// The series of a row with the Wh or W of its unit; none if the row is not looked for, which is noted.
    #[inline]
    fn series(
        &mut self,
        row: &rows::Row,
        line: u64,
        mut flow: Flow,
        intake: &mut Intake<'_>,
    ) -> Result<Option<(SeriesId, f64)>, Error> {
        let plan = self.plan;
        let is_one = plan.meter.is_none() && plan.register.is_none() && matches!(plan.unit, UnitAt::Known(_));
        let latest = flow as usize;
        if is_one && self.latest[latest].is_some() {
            return Ok(self.latest[latest]);
        }
        let meter = plan.meter.map_or(&[][..], |at| unquoted(row.field(at)));
        let register = plan.register.map_or(&[][..], |(at, _)| row.field(at).trim_ascii());
        if let Some((_, role)) = plan.register {
            let text = String::from_utf8_lossy(register);
            let rule = match role(&text) {
                Role::Consumption => None,
                Role::Export if intake.asked.net => {
                    flow = Flow::Given;
                    None
                }
                Role::Export => Some(Rule::Export),
                Role::Other => Some(Rule::OtherQuantity),
            };
            if let Some(rule) = rule {
                intake.ignored(rule, line, || format!("register `{}`; not consumption", show(register)));
                return Ok(None);
            }
        }
        let unit = match plan.unit {
            UnitAt::Known(unit) => unit,
            UnitAt::Column(at) => {
                let text = std::str::from_utf8(row.field(at)).unwrap_or_default().trim();
                let Ok(unit) = text.parse::<Unit>() else {
                    let found = show(row.field(at));
                    intake.ignored(Rule::OtherQuantity, line, || {
                        format!("in `{found}`, which is no energy or power")
                    });
                    return Ok(None);
                };
                unit
            }
            UnitAt::Named(at) => {
                let Some(unit) = Unit::in_name(&String::from_utf8_lossy(row.field(at))) else {
                    let found = show(row.field(at));
                    intake.ignored(Rule::OtherQuantity, line, || {
                        format!("`{found}` names no unit of energy or power")
                    });
                    return Ok(None);
                };
                unit
            }
        };
        let kind =
            if unit.kind() == Kind::Power || plan.kind == Kind::Power { unit.kind() } else { plan.kind };
        let (name, kind_given, factor) = (plan.name.clone(), plan.kind_given, unit.factor());
        let column = Column { name, kind, kind_given, factor, flow };
        let Some(id) = intake.series(meter, register, &column)? else {
            intake.other_meter(line, meter);
            return Ok(None);
        };
        self.latest[latest] = Some((id, factor));
        Ok(self.latest[latest])
    }
}

/// A number, also one with a decimal comma and points between thousands.
fn number(field: &[u8], decimal_comma: bool) -> Number {
    if !decimal_comma || !field.contains(&b',') {
        return number::parse(field);
    }
    let with_point =
        field.iter().filter(|byte| **byte != b'.').map(|byte| if *byte == b',' { b'.' } else { *byte });
    number::parse(&with_point.collect::<Vec<u8>>())
}

/// A name as spreadsheets are made to keep it as text: `="54144"`.
fn unquoted(field: &[u8]) -> &[u8] {
    let field = field.trim_ascii();
    field.strip_prefix(b"=\"").and_then(|field| field.strip_suffix(b"\"")).unwrap_or(field)
}

fn ragged(rows: &Rows, width: usize) -> String {
    let (fields, ends) = (rows.row().len(), rows.last_line());
    let spans = if ends > rows.line() { format!(" and runs to line {ends}") } else { String::new() };
    let plural = if fields == 1 { "" } else { "s" };
    format!("{fields} field{plural} where the header has {width}{spans}; left out")
}
