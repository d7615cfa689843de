//! What a table's columns hold.

use super::time_form::TimeForm;
use crate::{
    clock::Millis,
    unit::{Kind, Unit},
};

/// What is to be read of each row.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The columns of the time, joined by a space.
    pub(crate) time: Vec<usize>,
    pub(crate) form: TimeForm,
    /// The columns of the values, added up.
    pub(crate) values: Vec<usize>,
    /// The columns of what was given back to the grid, where the net is asked for; added up as another register.
    pub(crate) given: Vec<usize>,
    pub(crate) unit: UnitAt,
    pub(crate) kind: Kind,
    /// Whether the kind is said, so that it need not be doubted.
    pub(crate) kind_given: bool,
    /// How long after the time of its row a value stands, in ms.
    pub(crate) delay: Millis,
    /// Whether decimals are written with a comma.
    pub(crate) decimal_comma: bool,
    /// The column of the meter.
    pub(crate) meter: Option<usize>,
    /// The column of the register, and what each of its names stands for.
    pub(crate) register: Option<Register>,
    /// Rows in which this column holds something else are of other quantities.
    pub(crate) only: Option<(usize, String)>,
    /// The name of the values, for messages.
    pub(crate) name: String,
    /// What is said of it all.
    pub(crate) said: String,
}

/// The column of the register, and what each of its names stands for.
pub(crate) type Register = (usize, fn(&str) -> Role);

/// Where the unit stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum UnitAt {
    Known(Unit),
    /// In a column of its own.
    Column(usize),
    /// In what a column names: `sensor.house_energy_kwh`.
    Named(usize),
}

/// What a register counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Consumption,
    Export,
    Other,
}

impl Plan {
    /// A plan for energy per interval in one column, with the time in another.
    pub(crate) fn new(time: usize, form: TimeForm, value: usize, unit: Unit) -> Self {
        Self {
            time: vec![time],
            form,
            values: vec![value],
            given: Vec::new(),
            unit: UnitAt::Known(unit),
            kind: unit.kind(),
            kind_given: true,
            delay: 0,
            decimal_comma: false,
            meter: None,
            register: None,
            only: None,
            name: String::new(),
            said: String::new(),
        }
    }
}

/// The names of a table's columns, and its first rows.
#[derive(Debug)]
pub(crate) struct Header {
    /// As they stand there, trimmed.
    pub(crate) names: Vec<String>,
    /// The fields of the first rows.
    pub(crate) rows: Vec<Vec<String>>,
    pub(crate) delimiter: u8,
    /// Where in the input the line of the names begins, and how many lines are before it.
    pub(crate) offset: usize,
    pub(crate) lines_before: u64,
}

/// Rows looked at to tell how times and numbers are written.
const ROWS: usize = 400;

impl Header {
    /// The first of the first lines whose names satisfy a condition, they being in lower case.
    pub(crate) fn find(head: &[u8], is: impl Fn(&[&str]) -> bool) -> Option<Self> {
        let NamesLine { names, delimiter, offset, end, lines_before, .. } =
            names_lines(head).find(|line| is(&line.lower()))?;
        let rows = fields(&head[end..], delimiter).take(ROWS).collect();
        Some(Self { names, rows, delimiter, offset, lines_before })
    }

    /// The first line with anything in it, whatever it is.
    pub(crate) fn first(head: &[u8], delimiter: u8) -> Option<Self> {
        let mut offset = 0;
        for (lines_before, line) in (0..).zip(head.split_inclusive(|&byte| byte == b'\n')) {
            if !line.trim_ascii().is_empty() {
                let names = fields(&head[offset..], delimiter).next()?;
                let rows = fields(&head[offset..], delimiter).skip(1).take(ROWS).collect();
                return Some(Self { names, rows, delimiter, offset, lines_before });
            }
            offset += line.len();
        }
        None
    }

    /// The column of a name, upper or lower case.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|other| other.eq_ignore_ascii_case(name))
    }

    /// The columns whose names satisfy a condition, they being in lower case.
    pub(crate) fn columns(&self, is: impl Fn(&str) -> bool) -> Vec<usize> {
        (0..self.names.len()).filter(|&at| is(&self.names[at].to_lowercase())).collect()
    }

    /// A column's fields in the first rows.
    pub(crate) fn samples(&self, at: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().filter_map(move |row| row.get(at).map(String::as_str))
    }

    /// A column's name for messages.
    pub(crate) fn shown(&self, at: usize) -> String {
        crate::message::show(self.names.get(at).map_or(&[][..], |name| name.as_bytes()))
    }
}

/// A line of the head, split in one of the ways in which it may hold names.
#[derive(Debug)]
pub(in crate::formats) struct NamesLine {
    names: Vec<String>,
    lower: Vec<String>,
    delimiter: u8,
    offset: usize,
    end: usize,
    lines_before: u64,
}

impl NamesLine {
    /// The names in lower case.
    pub(in crate::formats) fn lower(&self) -> Vec<&str> {
        self.lower.iter().map(String::as_str).collect()
    }
}

/// The first lines, in every way in which they may hold names.
pub(in crate::formats) fn names_lines(head: &[u8]) -> impl Iterator<Item = NamesLine> {
    const LINES: usize = 60;
    let lines = (0..).zip(head.split_inclusive(|&byte| byte == b'\n').take(LINES));
    let lines = lines.scan(0, |offset, (lines_before, line)| {
        let start = *offset;
        *offset += line.len();
        Some((start, lines_before, line))
    });
    lines.flat_map(|(offset, lines_before, line)| {
        [b',', b';', b'\t'].into_iter().filter_map(move |delimiter| {
            let names = fields(line, delimiter).next()?;
            let lower = names.iter().map(|name| name.to_lowercase()).collect();
            Some(NamesLine { names, lower, delimiter, offset, end: offset + line.len(), lines_before })
        })
    })
}

/// The rows of some text, field by field, as far as they can be read.
fn fields(text: &[u8], delimiter: u8) -> impl Iterator<Item = Vec<String>> {
    let mut builder = ::csv::ReaderBuilder::new();
    let reader = builder.has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let fields = |row: ::csv::ByteRecord| {
        row.iter().map(|field| String::from_utf8_lossy(field).trim().to_owned()).collect()
    };
    reader.into_byte_records().map_while(Result::ok).map(fields)
}
