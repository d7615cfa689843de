//! Enphase: the Enlighten report of a home with solar panels.
//!
//! Source: the CSV report of Enlighten: US dates, local wall-clock time, and Wh produced, consumed, exported and
//! imported. What the home consumed counts, from the panels and from the grid. The net is what was
//! imported less what was exported.

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
            let grid = ["imported from grid (wh)", "exported to grid (wh)"].map(|name| header.column(name));
            let (value, given, said) = match grid {
                [Some(imported), Some(exported)] if options.net => {
                    (imported, vec![exported], "energy imported less energy exported, per interval in Wh")
                }
                _ => (
                    consumed,
                    Vec::new(),
                    "energy consumed per interval in Wh; what is produced, exported and imported is not counted",
                ),
            };
            Ok(Plan {
                name: header.shown(value),
                given,
                said: said.to_owned(),
                ..Plan::new(0, TimeForm::Dated(order), value, Unit::Wh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.contains(&"date/time") && names.contains(&"energy consumed (wh)")
}
