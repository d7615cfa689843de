//! Octopus Energy: the half-hours of a British smart meter.
//!
//! Source: the CSV of the account's page: `Consumption (kwh)` (also with an estimated cost and a standing charge), `Start` and
//! `End` in RFC 3339 with an offset.

use super::{
    Format,
    csv::{self, Plan, TimeForm},
};
use crate::unit::Unit;

pub(super) const FORMAT: Format = Format {
    name: "octopus",
    about: "Octopus Energy",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "Octopus export", is, |header, _| {
            let at = |name: &str| header.column(name).unwrap_or_default();
            let value = header
                .columns(|name| name.starts_with("consumption (kwh)"))
                .first()
                .copied()
                .unwrap_or_default();
            Ok(Plan {
                name: header.shown(value),
                said: "energy per interval in kWh".to_owned(),
                ..Plan::new(at("start"), TimeForm::Iso, value, Unit::KWh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.iter().any(|name| name.starts_with("consumption (kwh)"))
        && names.contains(&"start")
        && names.contains(&"end")
}
