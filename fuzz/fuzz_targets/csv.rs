//! CSV of any bytes: no panic, rows add up, and readings are in order, finite and not negative.
//!
//! The first byte chooses zone, kind and whether the unit is given.

#![no_main]

use knowatt_readings::{Input, Intake, Kind, Ledger, Options, Unit, formats};
use knowatt_score::{Calendar, DayClasses};
use libfuzzer_sys::fuzz_target;

const ZONES: [&str; 4] = ["UTC", "Europe/Paris", "Australia/Lord_Howe", "Asia/Kolkata"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let calendar = Calendar::new(ZONES[usize::from(choice & 3)], DayClasses::DayType).expect("a zone");
    let kind = [None, Some(Kind::Energy), Some(Kind::Power), Some(Kind::Register)][usize::from(choice >> 2 & 3)];
    let unit = (choice & 16 != 0).then_some(if kind == Some(Kind::Power) { Unit::KW } else { Unit::KWh });
    let options = Options { kind, unit, ..Options::default() };
    let mut full = Vec::new();
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::writing_to(&mut full));
    let Ok(input) = Input::from_reader("fuzz", std::io::Cursor::new(file.to_vec())) else { return };
    if formats::read(input, Some(&formats::csv::FORMAT), &options, &mut intake).is_err() {
        return;
    }
    let (meters, ledger) = intake.finish();
    let rows = ledger.rows();
    assert_eq!(rows.read, rows.used + rows.repaired + rows.quarantined + rows.ignored);
    for meter in meters.into_iter().flatten() {
        let rows = meter.readings.rows;
        assert!(rows.is_sorted_by(|a, b| a.start < b.start));
        assert!(rows.iter().all(|reading| reading.wh.is_finite() && reading.wh >= 0.0));
    }
});
