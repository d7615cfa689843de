//! Which columns hold what, by name or by flag.

use super::{Header, Options, Plan, TimeForm, UnitAt};
use crate::{
    error::ErrorKind,
    intake::Intake,
    message::show,
    options::{METER_NAMES, TIME_NAMES},
    unit::{Kind, Unit},
};

/// Words of what is no consumption.
const NOT_CONSUMPTION: [&str; 12] = [
    "export",
    "exported",
    "returned",
    "return",
    "injection",
    "injected",
    "produced",
    "production",
    "generation",
    "solar",
    "feed",
    "received",
];

/// Finds the columns in the header.
pub(super) fn plan(header: &Header, options: &Options, intake: &mut Intake<'_>) -> Result<Plan, ErrorKind> {
    let names = &header.names;
    if names.iter().any(|field| intake.is_time(field.as_bytes())) {
        return Err(ErrorKind::NoHeader(list(names)));
    }
    let time = match &options.time_column {
        Some(name) => vec![named(header, name, "--time-column")?],
        None => time_columns(names)?,
    };
    let value = match &options.value_column {
        Some(name) => named(header, name, "--value-column")?,
        None => value_column(names, &time)?,
    };
    let meter = match &options.meter_column {
        Some(name) => Some(named(header, name, "--meter-column")?),
        None => known(names, &METER_NAMES),
    };
    let unit = options
        .unit
        .or_else(|| Unit::in_name(&names[value]))
        .ok_or_else(|| ErrorKind::NoUnit(header.shown(value)))?;
    let kind = options.kind.unwrap_or(unit.kind());
    if (kind == Kind::Power) != (unit.kind() == Kind::Power) {
        return Err(ErrorKind::UnitOfKind { unit, kind });
    }
    let form = time_of(header, &time, options, intake)?;
    let decimal_comma = header.delimiter != b',' && header.samples(value).any(|field| field.contains(','));
    let shown: Vec<_> = time.iter().map(|&at| format!("`{}`", header.shown(at))).collect();
    let name = header.shown(value);
    let said = format!("time in {}, {kind} in `{name}` ({unit})", shown.join(" and "));
    Ok(Plan {
        time,
        form,
        values: vec![value],
        given: Vec::new(),
        unit: UnitAt::Known(unit),
        kind,
        kind_given: options.kind.is_some(),
        delay: 0,
        decimal_comma,
        meter,
        register: None,
        only: None,
        name,
        said,
    })
}

/// How the times of some columns are written.
fn time_of(
    header: &Header,
    time: &[usize],
    options: &Options,
    intake: &mut Intake<'_>,
) -> Result<TimeForm, ErrorKind> {
    let fields: Vec<String> = header
        .rows
        .iter()
        .map(|row| {
            time.iter().filter_map(|&at| row.get(at)).map(String::as_str).collect::<Vec<_>>().join(" ")
        })
        .filter(|field| !field.trim().is_empty())
        .collect();
    if fields.iter().any(|field| intake.is_time(field.as_bytes())) {
        return Ok(TimeForm::Iso);
    }
    let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
    let form = TimeForm::of(&fields, options.date_order).map_err(ErrorKind::DateOrder)?;
    Ok(form.unwrap_or(TimeForm::Iso))
}

/// The column known for the time; a date and a time are one.
fn time_columns(names: &[String]) -> Result<Vec<usize>, ErrorKind> {
    let time = known(names, &TIME_NAMES).ok_or_else(|| no_column("time", names, "--time-column NAME"))?;
    let (date, clock) = (known(names, &["date"]), known(names, &["time"]));
    match (date, clock) {
        (Some(date), Some(clock)) if [date, clock].contains(&time) => Ok(vec![date, clock]),
        _ => Ok(vec![time]),
    }
}

/// The one column whose name tells a unit, or of several the one whose name is a unit, or that tells of consumption.
fn value_column(names: &[String], time: &[usize]) -> Result<usize, ErrorKind> {
    let tells = |at: &usize| !time.contains(at) && Unit::in_name(&names[*at]).is_some();
    let candidates: Vec<usize> = (0..names.len()).filter(tells).collect();
    let bare: Vec<usize> =
        candidates.iter().copied().filter(|&at| names[at].parse::<Unit>().is_ok()).collect();
    let is_consumption = |at: &usize| {
        let lower = names[*at].to_lowercase();
        !lower.split(|c: char| !c.is_alphanumeric()).any(|word| NOT_CONSUMPTION.contains(&word))
    };
    let consumption: Vec<usize> = candidates.iter().copied().filter(is_consumption).collect();
    match (candidates.as_slice(), bare.as_slice(), consumption.as_slice()) {
        ([_, ..], [], []) => {
            Err(no_column("value (by their names none is of consumption)", names, "--value-column NAME"))
        }
        ([only], ..) | (_, [only], _) | (_, _, [only]) => Ok(*only),
        ([], ..) => {
            Err(no_column("value (its name tells no unit)", names, "--value-column NAME --unit UNIT"))
        }
        _ => {
            let names: Vec<_> = candidates.iter().map(|&at| names[at].clone()).collect();
            let candidates = list(&names);
            Err(ErrorKind::SeveralColumns { role: "value", candidates, flag: "--value-column NAME" })
        }
    }
}

/// The one column of that name; upper and lower case matter only where they tell columns apart.
pub(crate) fn named(header: &Header, name: &str, flag: &'static str) -> Result<usize, ErrorKind> {
    let (names, name) = (&header.names, name.trim());
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
