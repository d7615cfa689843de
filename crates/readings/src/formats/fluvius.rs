//! Fluvius: the quarter-hours of a Belgian digital meter.
//!
//! Source: the CSV of "Mijn Fluvius": columns separated by semicolons, dates with the day first, local wall-clock
//! times, a decimal comma, a row a quarter-hour and register (`Afname` is taken from the grid, `Injectie` given to it; `Dag`
//! and `Nacht` are tariffs, each written only while it counts), the EAN as the meter. A quarter-hour without a volume
//! (`Geen verbruik`: not read) is missing. Both tariffs are added up; injection is
//! only counted for the net.

use super::{
    DateOrder, Format,
    csv::{self, Plan, Role, TimeForm, UnitAt},
};
use crate::unit::Unit;

pub(super) const FORMAT: Format = Format {
    name: "fluvius",
    about: "Fluvius",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "Fluvius export", is, |header, options| {
            let at = |name: &str| header.column(name).unwrap_or_default();
            let counted = if options.net { "Injectie taken off" } else { "Injectie is not counted" };
            Ok(Plan {
                time: vec![at("van datum"), at("van tijdstip")],
                unit: UnitAt::Column(at("eenheid")),
                decimal_comma: true,
                meter: header.column("ean"),
                register: Some((at("register"), role)),
                name: "Volume".to_owned(),
                said: format!("energy per quarter-hour in kWh, both tariffs of Afname added up; {counted}"),
                ..Plan::new(0, TimeForm::Dated(DateOrder::DayFirst), at("volume"), Unit::KWh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    ["van datum", "van tijdstip", "register", "volume", "eenheid"].iter().all(|name| names.contains(name))
}

fn role(register: &str) -> Role {
    let register = register.to_lowercase();
    if register.starts_with("afname") {
        Role::Consumption
    } else if register.starts_with("injectie") {
        Role::Export
    } else {
        Role::Other
    }
}
