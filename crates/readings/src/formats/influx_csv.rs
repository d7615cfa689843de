//! InfluxDB: annotated CSV, the answer of a Flux query.
//!
//! Source: the annotated CSV of InfluxDB 2: lines that begin with `#` (the types of the columns), a header with `_time`,
//! `_value`, `_field` and `_measurement` and a column a tag, then the rows; tables are parted by an empty line and may repeat the
//! header, whose line is then no reading. The unit is that of the first `_field` or `_measurement` that tells one, or is
//! given; the meter is in `entity_id`, or in the column that is named.

use super::{
    Format,
    csv::{self, Plan, TimeForm},
};
use crate::{error::ErrorKind, unit::Unit};

pub(super) const FORMAT: Format = Format {
    name: "influx-csv",
    about: "InfluxDB annotated CSV",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "annotated CSV of InfluxDB", is, |header, options| {
            let at = |name: &str| header.column(name).unwrap_or_default();
            let value = at("_value");
            // The first field, or measurement, whose name tells a unit; with a unit given, the first field.
            let columns = || ["_field", "_measurement"].iter().filter_map(|name| header.column(name));
            let names = || columns().flat_map(|at| header.samples(at).map(move |name| (at, name.to_owned())));
            let told = names().find_map(|(at, name)| Unit::in_name(&name).map(|unit| ((at, name), unit)));
            let (only, unit) = match (options.unit, told) {
                (Some(unit), told) => (told.map(|told| told.0).or_else(|| names().next()), unit),
                (None, Some((only, unit))) => (Some(only), unit),
                (None, None) => return Err(ErrorKind::NoUnit("_value".to_owned())),
            };
            let meter = match &options.meter_column {
                Some(name) => Some(csv::named(header, name, "--meter-column")?),
                None => ["entity_id", "meter", "device"].iter().find_map(|name| header.column(name)),
            };
            Ok(Plan {
                kind: options.kind.unwrap_or(unit.kind()),
                kind_given: options.kind.is_some(),
                meter,
                only,
                name: "_value".to_owned(),
                said: format!("{} in `_value` ({unit})", options.kind.unwrap_or(unit.kind())),
                ..Plan::new(at("_time"), TimeForm::Iso, value, unit)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.contains(&"_time") && names.contains(&"_value")
}
