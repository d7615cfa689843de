//! What holds of every input, whatever its bytes and its format.

use knowatt_readings::{
    Input, Intake, Ledger, Options,
    formats::{self, Format},
};
use knowatt_score::{Calendar, DayClasses};

/// Reads a file, for a home in a zone: rows add up, and readings are in order, finite and not negative.
pub fn read(file: &[u8], zone: &str, format: Option<&'static Format>, options: &Options) {
    let calendar = Calendar::new(zone, DayClasses::None).expect("a zone");
    let mut full = Vec::new();
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::writing_to(&mut full));
    let Ok(input) = Input::from_reader("fuzz", std::io::Cursor::new(file.to_vec())) else { return };
    if formats::read(input, format, options, &mut intake).is_err() {
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
}
