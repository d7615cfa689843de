//! Home Assistant: the history of entities, as downloaded from the history page.
//!
//! Source: the CSV of the history panel: `entity_id,state,last_changed`, the state as text (`unavailable`, `unknown` where
//! there is none), times of UTC in RFC 3339. It names no unit: that is taken from the entity's name if it ends in one
//! (`sensor.p1_energy_kwh`; entities whose names do not are other quantities), and has to be given where none does. An energy sensor of Home Assistant is a register, so its states are
//! taken for one; those in W or kW are power, which stands until the next row. Each entity is a meter.

use super::{
    Format,
    csv::{self, Plan, TimeForm, UnitAt},
};
use crate::{
    error::ErrorKind,
    unit::{Kind, Unit},
};

pub(super) const FORMAT: Format = Format {
    name: "home-assistant-history",
    about: "Home Assistant history",
    is_fixed_table: true,
    detect: |head| csv::has_header(head, is),
    read: |input, options, intake| {
        csv::read_as(input, options, intake, "Home Assistant history", is, |header, options| {
            let at = |name: &str| header.column(name).unwrap_or_default();
            let in_name = || header.samples(at("entity_id")).find_map(Unit::in_name);
            let first = options.unit.or_else(in_name);
            let first = first.ok_or_else(|| ErrorKind::NoUnit(header.shown(at("state"))))?;
            let unit = options.unit.map_or(UnitAt::Named(at("entity_id")), UnitAt::Known);
            let is_power = options.unit.is_some_and(|unit| unit.kind() == Kind::Power);
            let kind = if is_power { Kind::Power } else { Kind::Register };
            Ok(Plan {
                kind,
                unit,
                meter: header.column("entity_id"),
                name: "state".to_owned(),
                said: format!(
                    "registers and power in `state` ({}), a meter for each entity",
                    if options.unit.is_some() { first.name() } else { "each entity's name tells the unit" }
                ),
                ..Plan::new(at("last_changed"), TimeForm::Iso, at("state"), first)
            })
        })
    },
};

fn is(names: &[&str]) -> bool {
    ["entity_id", "state", "last_changed"].iter().all(|name| names.contains(name))
}
