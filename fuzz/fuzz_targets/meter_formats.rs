//! What meters, utilities and hubs write, of any bytes: no panic, rows add up, and readings are in order, finite and
//! not negative; and the format is told from any beginning.
//!
//! The first byte chooses the format (or that it be told) and the kind.

#![no_main]

use knowatt_readings::{Input, Intake, Kind, Ledger, Options, formats};
use knowatt_score::{Calendar, DayClasses};
use libfuzzer_sys::fuzz_target;

const FORMATS: [&str; 5] = ["green-button", "nem12", "solaredge", "p1-telegram", "influx-line"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let calendar = Calendar::new("Europe/Paris", DayClasses::None).expect("a zone");
    let format = FORMATS.get(usize::from(choice % 6)).map(|name| name.parse().expect("a format"));
    let kind = [None, Some(Kind::Energy), Some(Kind::Power), Some(Kind::Register)][usize::from(choice / 6 & 3)];
    let options = Options { kind, ..Options::default() };
    let mut full = Vec::new();
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::writing_to(&mut full));
    let Ok(input) = Input::from_reader("fuzz", std::io::Cursor::new(file.to_vec())) else { return };
    if formats::read(input, format, &options, &mut intake).is_err() {
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
