//! Enphase: the Enlighten report of a home with solar panels.
//!
//! Source: the CSV report of Enlighten: US dates, local wall-clock time, and Wh produced, consumed, exported and
//! imported. What the home consumed counts, from the panels and from the grid.

use super::{
    DateOrder, Format,
    csv::{self, Plan, TimeForm},
};
use crate::unit::Unit;

pub(super) const FORMAT: Format = Format {
    name: "enphase",
    about: "Enphase",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "Enphase report", is, |header, options| {
            let order = options.date_order.unwrap_or(DateOrder::MonthFirst);
            let consumed = header.column("energy consumed (wh)").unwrap_or_default();
            Ok(Plan {
                name: header.shown(consumed),
                said: "energy consumed per interval in Wh; what is produced, exported and imported is not counted".to_owned(),
                ..Plan::new(0, TimeForm::Dated(order), consumed, Unit::Wh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.contains(&"date/time") && names.contains(&"energy consumed (wh)")
}
