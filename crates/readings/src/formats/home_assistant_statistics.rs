//! Home Assistant: long-term statistics as text.
//!
//! Source: the export and import of the `import_statistics` integration: columns `statistic_id`, `start`, `unit`, and `state`
//! and `sum` (a register as it stands at the *end* of the hour), `delta` (the energy of the hour) or `mean` (power); separated by tabs, with a decimal comma and
//! dates with the day first, or by commas; the newest row may be first. Each statistic is a meter; those in no unit of energy or
//! power are other quantities.

use super::{
    DateOrder, Format,
    csv::{self, Plan, TimeForm, UnitAt},
};
use crate::{
    clock::HOUR_MS,
    unit::{Kind, Unit},
};

pub(super) const FORMAT: Format = Format {
    name: "home-assistant-statistics",
    about: "Home Assistant statistics",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "Home Assistant statistics", is, |header, options| {
            let at = |name: &str| header.column(name).unwrap_or_default();
            let (value, kind, what) = match (header.column("sum"), header.column("delta")) {
                (Some(sum), _) => (sum, Kind::Register, "cumulative register in `sum`"),
                (None, Some(delta)) => (delta, Kind::Energy, "energy per hour in `delta`"),
                (None, None) => (at("mean"), Kind::Power, "mean power of the hour in `mean`"),
            };
            let dated = header
                .samples(at("start"))
                .all(|time| time.split(' ').next().is_some_and(|date| date.contains('.')));
            let order = options.date_order.unwrap_or(DateOrder::DayFirst);
            Ok(Plan {
                unit: UnitAt::Column(at("unit")),
                kind,
                delay: if kind == Kind::Register { HOUR_MS } else { 0 },
                decimal_comma: header.delimiter != b',',
                meter: header.column("statistic_id"),
                name: header.shown(value),
                said: format!("{what}, a meter for each statistic"),
                ..Plan::new(
                    at("start"),
                    if dated { TimeForm::Dated(order) } else { TimeForm::Iso },
                    value,
                    Unit::KWh,
                )
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    ["statistic_id", "start", "unit"].iter().all(|name| names.contains(name))
        && ["sum", "delta", "mean"].iter().any(|name| names.contains(name))
}
