//! CSV of any bytes: no panic, rows add up, and readings are in order, finite and not negative.
//!
//! The first byte chooses zone, kind and whether the unit is given.

#![no_main]

use knowatt_readings::{Input, Intake, Kind, Ledger, Rule, Unit, formats::csv};
use knowatt_score::{Calendar, DayClasses};
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 4] = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let calendar = Calendar::new(ZONES[usize::from(choice & 3)], DayClasses::DayType).expect("a zone");
    let kind = [None, Some(Kind::Energy), Some(Kind::Power), Some(Kind::Register)][usize::from(choice >> 2 & 3)];
    let unit = (choice & 16 != 0).then_some(if kind == Some(Kind::Power) { Unit::KW } else { Unit::KWh });
    let options = csv::Options { kind, unit, ..csv::Options::default() };
    let mut full = Vec::new();
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::writing_to(&mut full));
    let Ok(input) = Input::from_reader("fuzz", std::io::Cursor::new(file.to_vec())) else { return };
    if csv::read(input, &options, &mut intake).is_err() {
        return;
    }
    let (Ok(readings), ledger) = intake.finish() else { return };
    let left_out: u64 = Rule::ALL.into_iter().filter(|rule| rule.is_row()).map(|rule| ledger.count(rule)).sum();
    assert_eq!(ledger.rows_read(), ledger.rows_used() + left_out);
    assert!(readings.rows.is_sorted_by(|a, b| a.start < b.start));
    assert!(readings.rows.iter().all(|reading| reading.wh.is_finite() && reading.wh >= 0.0));
});
