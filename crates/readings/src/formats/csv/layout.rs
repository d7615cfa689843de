//! Which columns hold what, by name or by flag.

use std::fmt;

use super::{Options, rows::Row};
use crate::{
    error::ErrorKind,
    intake::{Column, Intake, show},
    unit::{Kind, Unit},
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
    /// Name of the meter column, if there is one.
    pub meter: Option<String>,
    pub(super) width: usize,
    pub(super) time_at: usize,
    pub(super) value_at: usize,
    pub(super) meter_at: Option<usize>,
    kind_given: bool,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "time in `{}`, {} in `{}` ({})", self.time, self.kind, self.value, self.unit)
    }
}

impl Layout {
    /// Finds the columns in the header.
    pub(super) fn new(header: &Row, options: &Options, intake: &mut Intake<'_>) -> Result<Self, ErrorKind> {
        let names: Vec<String> =
            header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect();
        if header.iter().any(|field| intake.is_time(field)) {
            return Err(ErrorKind::NoHeader(list(&names)));
        }
        let time_at = match &options.time_column {
            Some(name) => named(&names, name, "--time-column")?,
            None => {
                known(&names, &TIME_NAMES).ok_or_else(|| no_column("time", &names, "--time-column NAME"))?
            }
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
        let (time, value) = (shown(&names[time_at]), shown(&names[value_at]));
        let unit = options
            .unit
            .or_else(|| Unit::in_name(&names[value_at]))
            .ok_or_else(|| ErrorKind::NoUnit(value.clone()))?;
        let kind = options.kind.unwrap_or(unit.kind());
        if (kind == Kind::Power) != (unit.kind() == Kind::Power) {
            return Err(ErrorKind::UnitOfKind { unit, kind });
        }
        let kind_given = options.kind.is_some();
        let meter = meter_at.map(|at| shown(&names[at]));
        let width = names.len();
        Ok(Self { time, value, unit, kind, meter, width, time_at, value_at, meter_at, kind_given })
    }

    /// What the intake needs to know.
    pub(super) fn column(&self) -> Column {
        let factor = self.unit.factor();
        Column { name: self.value.clone(), kind: self.kind, kind_given: self.kind_given, factor }
    }
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
            let names: Vec<_> = candidates.iter().map(|&at| names[at].clone()).collect();
            let candidates = list(&names);
            Err(ErrorKind::SeveralColumns { role: "value", candidates, flag: "--value-column NAME" })
        }
    }
}

/// The one column of that name; upper and lower case matter only where they tell columns apart.
fn named(names: &[String], name: &str, flag: &'static str) -> Result<usize, ErrorKind> {
    let name = name.trim();
    let exact: Vec<usize> = (0..names.len()).filter(|&at| names[at] == name).collect();
    let alike: Vec<usize> = (0..names.len()).filter(|&at| names[at].eq_ignore_ascii_case(name)).collect();
    match (exact.as_slice(), alike.as_slice()) {
        ([only], _) | ([], [only]) => Ok(*only),
        ([], []) => Err(ErrorKind::MissingColumn { name: shown(name), columns: list(names), flag }),
        _ => Err(ErrorKind::SameNames(shown(name))),
    }
}

fn known(names: &[String], wanted: &[&str]) -> Option<usize> {
    wanted.iter().find_map(|known| names.iter().position(|name| name.eq_ignore_ascii_case(known)))
}

fn no_column(role: &'static str, names: &[String], flag: &'static str) -> ErrorKind {
    ErrorKind::NoColumn { role, columns: list(names), flag }
}

fn shown(name: &str) -> String {
    show(name.as_bytes())
}

fn list(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut shown: Vec<_> = names.iter().take(MOST).map(|name| format!("`{}`", shown(name))).collect();
    if names.len() > MOST {
        shown.push(format!("and {} more", names.len() - MOST));
    }
    shown.join(", ")
}
