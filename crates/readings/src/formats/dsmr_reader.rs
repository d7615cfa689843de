//! DSMR-reader: the hourly export of a Dutch smart meter's hub.
//!
//! Source: the "export" of [DSMR-reader](https://github.com/dsmrreader/dsmr-reader): one row an hour with its start in
//! RFC 3339, kWh delivered in two tariffs, kWh returned in two, and gas. The two tariffs are added up; what is returned
//! is only looked at for the net, and gas never. An export by the day is too coarse.

use super::{
    Format,
    csv::{self, Plan, TimeForm},
};
use crate::unit::Unit;

pub(super) const FORMAT: Format = Format {
    name: "dsmr-reader",
    about: "DSMR-reader",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "DSMR-reader export", is, |header, options| {
            let tariffs = |returned: bool| {
                header
                    .columns(|name| name.starts_with("electricity") && name.contains("returned") == returned)
            };
            let (given, counted) = if options.net {
                (tariffs(true), "what is returned is taken off; gas is not counted")
            } else {
                (Vec::new(), "what is returned, and gas, is not counted")
            };
            Ok(Plan {
                values: tariffs(false),
                given,
                name: "Electricity 1 and 2".to_owned(),
                said: format!("energy per hour in kWh, both tariffs added up; {counted}"),
                ..Plan::new(0, TimeForm::Iso, 1, Unit::KWh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.first().is_some_and(|name| name.ends_with("start"))
        && names.iter().any(|name| name.starts_with("electricity 1 ("))
        && names.iter().any(|name| name.starts_with("electricity 1 returned"))
}
