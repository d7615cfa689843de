//! The fixed tables that hubs and utilities export, of any bytes: no panic, rows add up, and readings are in order, finite
//! and not negative.
//!
//! The first byte chooses the format and the kind, and whether the unit is given and the net asked for.

#![no_main]

mod shared;

use knowatt_readings::{Kind, Options, Unit};
use libfuzzer_sys::fuzz_target;

const FORMATS: [&str; 10] = [
    "dsmr-reader",
    "homewizard",
    "fluvius",
    "enphase",
    "shelly",
    "united-power",
    "octopus",
    "home-assistant-statistics",
    "home-assistant-history",
    "influx-csv",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let format = FORMATS[usize::from(choice) % FORMATS.len()];
    let choice = choice / 10;
    let kind = [None, Some(Kind::Energy), Some(Kind::Power), Some(Kind::Register)][usize::from(choice & 3)];
    let unit = (choice & 4 != 0).then_some(if kind == Some(Kind::Power) { Unit::KW } else { Unit::KWh });
    let options = Options { kind, unit, net: choice & 8 != 0, ..Options::default() };
    shared::read(file, "Europe/Paris", Some(format.parse().expect("a format")), &options);
});
