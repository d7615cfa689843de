//! HomeWizard P1 meter: the energy app's export.
//!
//! Source: the HomeWizard Energy app's CSV: local wall-clock time, and what the registers show, in kWh, of two tariffs
//! imported and two exported (`Import T1 kWh`, …). The imported ones are added up to one register, and for the net the exported ones to another.

use super::{
    Format,
    csv::{self, Plan, TimeForm},
};
use crate::unit::{Kind, Unit};

pub(super) const FORMAT: Format = Format {
    name: "homewizard",
    about: "HomeWizard P1",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "HomeWizard export", is, |header, options| {
            let (given, counted) = if options.net {
                (header.columns(|name| name.starts_with("export t")), "exported ones taken off")
            } else {
                (Vec::new(), "what is exported is not counted")
            };
            Ok(Plan {
                values: header.columns(|name| name.starts_with("import t")),
                given,
                kind: Kind::Register,
                name: "Import T1 and T2".to_owned(),
                said: format!("cumulative registers in kWh, imported tariffs added up; {counted}"),
                ..Plan::new(0, TimeForm::Iso, 1, Unit::KWh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.first() == Some(&"time") && names.contains(&"import t1 kwh")
}
