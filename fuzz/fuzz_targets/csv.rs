//! CSV of any bytes: no panic, rows add up, and readings are in order, finite and not negative.
//!
//! The first byte chooses zone, kind and whether the unit is given and the net asked for.

#![no_main]

mod shared;

use knowatt_readings::{Kind, Options, Unit, formats};
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 4] = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let kind = [None, Some(Kind::Energy), Some(Kind::Power), Some(Kind::Register)][usize::from(choice >> 2 & 3)];
    let unit = (choice & 16 != 0).then_some(if kind == Some(Kind::Power) { Unit::KW } else { Unit::KWh });
    let options = Options { kind, unit, net: choice & 32 != 0, ..Options::default() };
    shared::read(file, ZONES[usize::from(choice & 3)], Some(&formats::csv::FORMAT), &options);
});
