//! Kafka records of any bytes, by any route: no panic, rows add up, and readings are finite and in order.
//!
//! The first byte chooses the route and whether unit and kind are given.

#![no_main]

use knowatt_readings::{Input, Intake, Kind, Ledger, Options, Unit, formats};
use knowatt_score::{Calendar, DayClasses};
use libfuzzer_sys::fuzz_target;

const ROUTES: [&str; 5] = ["kcat", "console-consumer", "dump-log", "log-segment", "avro"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let route = ROUTES[usize::from(choice & 7) % ROUTES.len()];
    let given = choice & 8 != 0;
    let options = Options {
        kind: given.then_some(Kind::Register),
        unit: given.then_some(Unit::KWh),
        ..Options::default()
    };
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).expect("a zone");
    let mut full = Vec::new();
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::writing_to(&mut full));
    let Ok(input) = Input::from_reader("fuzz", std::io::Cursor::new(file.to_vec())) else { return };
    if formats::read(input, Some(route.parse().expect("a format")), &options, &mut intake).is_err() {
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
