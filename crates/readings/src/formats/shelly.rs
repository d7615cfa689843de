//! Shelly EM and 3EM: the meter's own history.
//!
//! Source: the CSV that a Shelly EM serves (`/emeter/0/em_data.csv`): times of UTC, Wh of ten minutes (or one), and Wh
//! returned, the phase in brackets. What is returned is not counted. The device's buffer goes round: later rows may be
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
        csv::read_as(input, options, intake, "Shelly history", is, |header, _| {
            Ok(Plan {
                values: header.columns(|name| name.starts_with("active energy wh")),
                name: "Active energy".to_owned(),
                said: "active energy per interval in Wh, times of UTC; what is returned is not counted"
                    .to_owned(),
                ..Plan::new(0, TimeForm::Utc, 1, Unit::Wh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.first() == Some(&"date/time utc") && names.iter().any(|name| name.starts_with("active energy wh"))
}
