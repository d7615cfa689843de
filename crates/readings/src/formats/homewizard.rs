//! HomeWizard P1 meter: the energy app's export.
//!
//! Source: the HomeWizard Energy app's CSV: local wall-clock time, and what the registers show, in kWh, of two tariffs
//! imported and two exported (`Import T1 kWh`, …). The imported ones are added up to one register.

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
        csv::read_as(input, options, intake, "HomeWizard export", is, |header, _| {
            Ok(Plan {
                values: header.columns(|name| name.starts_with("import t")),
                kind: Kind::Register,
                name: "Import T1 and T2".to_owned(),
                said:
                    "cumulative registers in kWh, imported tariffs added up; what is exported is not counted"
                        .to_owned(),
                ..Plan::new(0, TimeForm::Iso, 1, Unit::KWh)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    names.first() == Some(&"time") && names.contains(&"import t1 kwh")
}
