//! Shelly EM and 3EM: the meter's own history.
//!
//! Source: the CSV that a Shelly EM serves (`/emeter/0/em_data.csv`): times of UTC, Wh of ten minutes (or one), and Wh
//! returned, the phase in brackets. What is returned is only counted for the net. The device's buffer goes round: later rows may be
//! the older ones, and are sorted in.

use super::{
    Format,
    csv::{self, Plan, TimeForm},
};
use crate::unit::Unit;

pub(super) const FORMAT: Format = Format {
    name: "shelly",
    about: "Shelly EM",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "Shelly history", is, |header, options| {
            let (given, counted) = if options.net {
                (
                    header.columns(|name| name.starts_with("returned energy wh")),
                    "what is returned is taken off",
                )
            } else {
                (Vec::new(), "what is returned is not counted")
            };
            Ok(Plan {
                values: header.columns(|name| name.starts_with("active energy wh")),
                given,
                name: "Active energy".to_owned(),
                said: format!("active energy per interval in Wh, times of UTC; {counted}"),
                ..Plan::new(0, TimeForm::Utc, 1, Unit::Wh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.first() == Some(&"date/time utc") && names.iter().any(|name| name.starts_with("active energy wh"))
}
