//! Which fields of a value hold what, by the rules that columns are found by, or by flag.
//!
//! A field within others is named by its dotted path (`after.energy_kwh`); its last part alone may be a
//! name of a time or a meter. `startTime` is `start_time`. Units are found as in columns' names, in the whole path.

use std::fmt;

use super::fields::Shape;
use crate::{
    error::ErrorKind,
    message::show,
    options::{METER_NAMES, Options, TIME_NAMES},
    series::Column,
    unit::{Flow, Kind, Unit},
};

/// How the values of a shape were understood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Layout {
    /// The fields' places in the shape.
    pub(crate) time: Option<usize>,
    pub(crate) hour: Option<usize>,
    pub(crate) meter: Option<usize>,
    pub(crate) value: usize,
    pub(crate) unit: Unit,
    pub(crate) column: Column,
}

impl Layout {
    /// Finds the fields.
    pub(crate) fn new(shape: &Shape, options: &Options) -> Result<Self, ErrorKind> {
        let time = match &options.time_column {
            Some(name) => Some(named(shape, name, "--time-column")?),
            None if options.only_named => None,
            None => known(shape, &TIME_NAMES),
        };
        let hour = if options.only_named { None } else { known(shape, &["hour"]) };
        let (time, hour) = if time == hour { (None, hour) } else { (time, hour) };
        let meter = match &options.meter_column {
            Some(name) => Some(named(shape, name, "--meter-column")?),
            None if options.only_named => None,
            None => known(shape, &METER_NAMES),
        };
        let value = match &options.value_column {
            Some(name) => named(shape, name, "--value-column")?,
            None if is_bare(shape) => 0,
            None => value(shape, [time, hour, meter])?,
        };
        let unit = options.unit.or_else(|| Unit::in_name(shape.path(value)));
        let unit = unit.ok_or_else(|| {
            if is_bare(shape) {
                ErrorKind::BareNumber
            } else {
                ErrorKind::NoUnit(show(shape.path(value).as_bytes()))
            }
        })?;
        let named = || Kind::in_name(last(shape.path(value))).filter(|_| unit.kind() == Kind::Energy);
        let said = options.kind.or_else(named);
        let kind = said.unwrap_or(unit.kind());
        if (kind == Kind::Power) != (unit.kind() == Kind::Power) {
            return Err(ErrorKind::UnitOfKind { unit, kind });
        }
        let name = show(shape.path(value).as_bytes());
        let kind_given = said.is_some();
        let column = Column { name, kind, kind_given, factor: unit.factor(), flow: Flow::Taken };
        Ok(Self { time, hour, meter, value, unit, column })
    }

    /// What is said of it to the user.
    pub(crate) fn told<'l>(&'l self, shape: &'l Shape) -> impl fmt::Display + 'l {
        Told { layout: self, shape }
    }
}

struct Told<'l> {
    layout: &'l Layout,
    shape: &'l Shape,
}

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layout { time, hour, meter, value, unit, column } = self.layout;
        let kind = column.kind;
        let name = |at: usize| show(self.shape.path(at).as_bytes());
        match (time, hour) {
            (Some(time), _) => write!(f, "time in `{}`", name(*time))?,
            (None, Some(hour)) => write!(f, "hour in `{}` before the record's timestamp", name(*hour))?,
            (None, None) => f.write_str("time of the record")?,
        }
        if is_bare(self.shape) {
            write!(f, ", {kind} in {unit}")?;
        } else {
            write!(f, ", {kind} in `{}` ({unit})", name(*value))?;
        }
        match meter {
            Some(meter) => write!(f, ", meter in `{}`", name(*meter)),
            None => Ok(()),
        }
    }
}

/// Whether the whole value is one number or text.
fn is_bare(shape: &Shape) -> bool {
    shape.len() == 1 && shape.path(0).is_empty()
}

/// The one field whose name tells a unit, or of several the one whose name is a unit.
fn value(shape: &Shape, others: [Option<usize>; 3]) -> Result<usize, ErrorKind> {
    let tells = |at: &usize| !others.contains(&Some(*at)) && Unit::in_name(shape.path(*at)).is_some();
    let candidates: Vec<usize> = (0..shape.len()).filter(tells).collect();
    let is_unit = |at: &usize| last(shape.path(*at)).parse::<Unit>().is_ok();
    let mut bare: Vec<usize> = candidates.iter().copied().filter(is_unit).collect();
    // The talk's `kwh` holds Wh: whoever writes both means the one that says so, and if he means kWh, they are the same.
    let is_wh = |at: &usize| last(shape.path(*at)).eq_ignore_ascii_case("wh");
    let is_energy = |at: &usize| is_wh(at) || last(shape.path(*at)).eq_ignore_ascii_case("kwh");
    if bare.iter().all(is_energy) && bare.iter().filter(|at| is_wh(at)).count() == 1 {
        bare.retain(is_wh);
    }
    match (candidates.as_slice(), bare.as_slice()) {
        ([only], _) | (_, [only]) => Ok(*only),
        ([], _) => Err(ErrorKind::NoColumn {
            role: "value (its name tells no unit)",
            columns: list(shape.paths()),
            flag: "--value-column NAME --unit UNIT",
        }),
        _ => {
            let candidates = list(candidates.iter().map(|&at| shape.path(at)));
            Err(ErrorKind::SeveralColumns { role: "value", candidates, flag: "--value-column NAME" })
        }
    }
}

/// The one field of that path; upper and lower case matter only where they tell fields apart.
fn named(shape: &Shape, name: &str, flag: &'static str) -> Result<usize, ErrorKind> {
    let name = name.trim();
    let places = |is: &dyn Fn(&str) -> bool| -> Vec<usize> {
        shape.paths().enumerate().filter(|(_, path)| is(path)).map(|(at, _)| at).collect()
    };
    let exact = places(&|path| path == name);
    let alike = places(&|path| path.eq_ignore_ascii_case(name));
    let shown = show(name.as_bytes());
    match (exact.as_slice(), alike.as_slice()) {
        ([only], _) | ([], [only]) => Ok(*only),
        ([], []) => Err(ErrorKind::MissingColumn { name: shown, columns: list(shape.paths()), flag }),
        _ => Err(ErrorKind::SameNames(shown)),
    }
}

/// The first field of the first of these names, the least nested before others.
fn known(shape: &Shape, wanted: &[&str]) -> Option<usize> {
    let depth = |at: &usize| shape.path(*at).matches('.').count();
    let is = |at: usize, wanted: &str| is_called(last(shape.path(at)), wanted);
    let of = |wanted: &&str| (0..shape.len()).filter(|at| is(*at, wanted)).min_by_key(depth);
    wanted.iter().filter_map(of).min_by_key(depth)
}

fn last(path: &str) -> &str {
    path.rsplit('.').next().unwrap_or_default()
}

/// Whether a name is that one, written in any case or as `startTime` for `start_time`.
fn is_called(name: &str, wanted: &str) -> bool {
    let mut wanted = wanted.chars();
    let mut is_after_small = false;
    for letter in name.chars() {
        if is_after_small && letter.is_ascii_uppercase() && wanted.as_str().starts_with('_') {
            wanted.next();
        }
        if wanted.next() != Some(letter.to_ascii_lowercase()) {
            return false;
        }
        is_after_small = letter.is_ascii_lowercase();
    }
    wanted.as_str().is_empty()
}

fn list<'s>(names: impl Iterator<Item = &'s str>) -> String {
    const MOST: usize = 20;
    let mut names = names.map(|name| format!("`{}`", show(name.as_bytes())));
    let mut shown: Vec<_> = names.by_ref().take(MOST).collect();
    match names.count() {
        0 => {}
        more => shown.push(format!("and {more} more")),
    }
    if shown.is_empty() { "none".to_owned() } else { shown.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{fields::Fields, json};

    fn told(value: &str, options: &Options) -> String {
        let mut fields = Fields::default();
        json::read(value.as_bytes(), &mut fields).unwrap();
        match Layout::new(fields.shape(), options) {
            Ok(layout) => layout.told(fields.shape()).to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn fields_are_found_as_columns_are() {
        for (value, expected) in [
            (
                r#"{"hour":3,"kwh":0.2}"#,
                "hour in `hour` before the record's timestamp, energy per interval in `kwh` (kWh)",
            ),
            (
                r#"{"timestamp":1,"power_w":2,"meter":"a"}"#,
                "time in `timestamp`, power in `power_w` (W), meter in `meter`",
            ),
            (
                r#"{"a":{"b_wh":1},"after":{"startTime":2},"ts":3}"#,
                "time in `ts`, energy per interval in `a.b_wh` (Wh)",
            ),
            (
                r#"{"timestamp":1,"register_wh":2}"#,
                "time in `timestamp`, cumulative register in `register_wh` (Wh)",
            ),
            (r#"{"wh":1,"kwh_total":2}"#, "time of the record, energy per interval in `wh` (Wh)"),
            (
                r#"{"deviceId":"a","data":{"kW":2}}"#,
                "time of the record, power in `data.kW` (kW), meter in `deviceId`",
            ),
            (
                r#"{"energy_kwh":{"value":1,"ts":2}}"#,
                "time in `energy_kwh.ts`, energy per interval in `energy_kwh.value` (kWh)",
            ),
            (
                r#"{"hour":4,"kwh":310,"wh":310}"#,
                "hour in `hour` before the record's timestamp, energy per interval in `wh` (Wh)",
            ),
            (r#"{"wh":1,"w":2}"#, "`wh`, `w` could each be the value; choose with --value-column NAME"),
            (
                r#"{"usage":1}"#,
                "no column is known as the value (its name tells no unit). The columns are `usage`; name it with --value-column NAME --unit UNIT",
            ),
            (
                r#"{"price_eur_per_kwh":1}"#,
                "no column is known as the value (its name tells no unit). The columns are `price_eur_per_kwh`; name it with --value-column NAME --unit UNIT",
            ),
            (
                "{}",
                "no column is known as the value (its name tells no unit). The columns are none; name it with --value-column NAME --unit UNIT",
            ),
            ("12", "each value is a bare number, which tells no unit; give it with --unit Wh, kWh, W or kW"),
        ] {
            assert_eq!(told(value, &Options::default()), expected, "{value}");
        }
    }

    #[test]
    fn flags_name_fields_by_their_path() {
        let named = |time: Option<&str>, value: Option<&str>, unit| Options {
            time_column: time.map(str::to_owned),
            value_column: value.map(str::to_owned),
            unit,
            ..Options::default()
        };
        let value = r#"{"a":{"b":1,"c":{"D":2}},"kwh":3,"hour":4}"#;
        assert_eq!(
            told(value, &named(Some("a.b"), Some("A.c.d"), Some(Unit::W))),
            "time in `a.b`, power in `a.c.D` (W)"
        );
        assert_eq!(
            told(value, &named(Some("hour"), None, Some(Unit::Wh))),
            "hour in `hour` before the record's timestamp, energy per interval in `kwh` (Wh)"
        );
        assert!(told(value, &named(Some("b"), None, None)).contains("there is no column `b`"));
        assert!(told(value, &named(None, Some("a.b"), None)).contains("does not tell its unit"));
        assert_eq!(
            told("3", &named(None, None, Some(Unit::Wh))),
            "time of the record, energy per interval in Wh"
        );
    }
}
