//! A list of periods of any bytes: refused, or periods that leave out what they say.

#![no_main]

use std::io::Cursor;

use knowatt_readings::{Input, Ledger, Periods, Reading, Readings};
use knowatt_score::{Calendar, DayClasses};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let calendar = Calendar::new("Europe/Paris", DayClasses::None).expect("a zone");
    let mut periods = Periods::default();
    let Ok(input) = Input::from_reader("fuzz", Cursor::new(bytes.to_vec())) else { return };
    if periods.add(input, calendar.zone()).is_err() {
        return;
    }
    // The clocks change on the last day of March.
    let hour = |hour| format!("2024-03-{:02}T{:02}:00:00Z", 28 + hour / 24, hour % 24);
    let starts = (0..96).map(|at| hour(at).parse().expect("an instant"));
    let readings = Readings { rows: starts.map(|start| Reading { start, wh: 1.0 }).collect() };
    let (left, excluded) = periods.exclude(&readings, &mut Ledger::default());
    let hours: u64 = excluded.iter().map(|excluded| excluded.hours).sum();
    assert_eq!(left.rows.len() as u64 + hours, 96);
});
