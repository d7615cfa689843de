//! United Power: a Green Button "CSV" of tables with prose between them.
//!
//! Source: the file that the cooperative's portal gives for "Green Button": lines of prose, then a line
//! `Energy consumption time period,Usage(Real energy in kilowatt-hours),Events occurred` and an hour a line
//! (`2025-10-19 00:00 to 2025-10-19 01:00,0.970,,`, local wall-clock time); and again for the next of the meter's
//! registers, which the prose does not tell apart. Their signs do: what was given to the grid is never above zero, what was
//! taken from it never below, and the net of both is both. What was taken counts; what was given is taken off it
//! where the net is asked for. Where there is a net table only, its hours above zero count, and the others are left out: how
//! much was used in them is not known; but asked for the net it is that.
//!
//! Limit: [`MOST_BYTES`], as all tables must be seen before one is read.

use std::{collections::HashSet, io::Read as _};

use super::{Format, Options, csv};
use crate::{
    error::{Error, ErrorKind},
    input::Input,
    intake::Intake,
    ledger::Rule,
    number::{self, Number},
    series::Column,
    unit::{Flow, Kind},
};

pub(super) const FORMAT: Format = Format {
    name: "united-power",
    about: "United Power (Green Button CSV)",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read,
};

/// The longest file, in bytes: some thirty years of hours.
const MOST_BYTES: u64 = 64 << 20;
const WH_PER_KWH: f64 = 1000.0;

fn is(names: &[&str]) -> bool {
    matches!(names, ["energy consumption time period", usage, ..] if usage.contains("kilowatt-hours"))
}

/// A row: its line, time and value as they stand there.
type Row<'a> = (u64, &'a str, &'a str);

fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let Input { name, reader, .. } = input;
    let mut bytes = Vec::new();
    let read = reader.take(MOST_BYTES + 1).read_to_end(&mut bytes);
    read.map_err(|error| Error::new(&name, ErrorKind::Io(error)))?;
    if bytes.len() as u64 > MOST_BYTES {
        let what = "it is longer than 64 MiB".to_owned();
        return Err(Error::new(&name, ErrorKind::Broken { format: "United Power file", what }));
    }
    let text = String::from_utf8_lossy(&bytes);
    let tables = tables(&text);
    intake.begin(&name);
    let column = |flow| Column {
        name: "Usage".to_owned(),
        kind: Kind::Energy,
        kind_given: true,
        factor: WH_PER_KWH,
        flow,
    };
    let net = options.net;
    let mut seen = HashSet::new();
    let taken = tables.iter().any(|table| sign(table) == Sign::Taken);
    for (place, table) in tables.iter().enumerate() {
        // What was given is written below zero.
        let (is_read, flow, factor) = match sign(table) {
            // With nothing given, the net of both is what was taken once more.
            Sign::Taken if !seen.insert(values(table)) => (false, Flow::Taken, WH_PER_KWH),
            Sign::Taken => (true, Flow::Taken, WH_PER_KWH),
            Sign::Given => (net && taken, Flow::Given, -WH_PER_KWH),
            Sign::Net => (!taken, Flow::Taken, WH_PER_KWH),
        };
        let register = if taken { format!("table {}", place + 1) } else { String::new() };
        for &(line, time, value) in table {
            if !is_read {
                intake.ignored(Rule::Export, line, || {
                    "energy given to the grid, or the net of it; not counted".to_owned()
                });
            } else if let Some(id) = intake.series(b"", register.as_bytes(), &column(flow))? {
                let start = time.split(" to ").next().unwrap_or(time);
                intake.text(id, line, start.as_bytes(), value.as_bytes(), factor)?;
            }
        }
    }
    intake.end()?;
    let what = match (taken, net) {
        (true, false) => "energy taken from the grid",
        (true, true) => "energy taken from the grid less energy given to it",
        (false, false) => "net energy, where it is above zero",
        (false, true) => "net energy",
    };
    Ok(format!("{what}, per hour in kWh"))
}

/// The rows of each table.
fn tables(text: &str) -> Vec<Vec<Row<'_>>> {
    let mut tables: Vec<Vec<Row<'_>>> = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let mut fields = row.split(',').map(str::trim);
        let (Some(time), value) = (fields.next(), fields.next().unwrap_or_default()) else { continue };
        if is(&[&time.to_lowercase(), &value.to_lowercase()]) {
            tables.push(Vec::new());
        } else if let (Some(table), true) = (tables.last_mut(), time.contains(" to ")) {
            table.push((line, time, value));
        }
    }
    tables
}

/// A table's times and values.
fn values<'a>(table: &[Row<'a>]) -> Vec<(&'a str, &'a str)> {
    table.iter().map(|&(_, time, value)| (time, value)).collect()
}

/// What a table's values are, by their signs.
#[derive(PartialEq)]
enum Sign {
    Taken,
    Given,
    Net,
}

fn sign(table: &[Row<'_>]) -> Sign {
    let numbers = || {
        table.iter().filter_map(|(_, _, value)| match number::parse(value.as_bytes()) {
            Number::Finite(number) => Some(number),
            _ => None,
        })
    };
    match (numbers().any(|number| number > 0.0), numbers().any(|number| number < 0.0)) {
        (_, false) => Sign::Taken,
        (false, true) => Sign::Given,
        (true, true) => Sign::Net,
    }
}
