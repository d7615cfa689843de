//! An Avro schema of any bytes and values of any bytes: no panic, and an end.
//!
//! They are put into a container: the schema up to the first zero, then one block of values.

#![no_main]

use knowatt_readings::{Input, Intake, Ledger, Options, formats};
use knowatt_score::{Calendar, DayClasses};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (schema, values) = bytes.split_at(end);
    let Some((&count, values)) = values.get(1..).unwrap_or_default().split_first() else { return };
    let sized = |bytes: &[u8]| [number(bytes.len()), bytes.to_vec()].concat();
    let marker = [7; 16];
    let file = [
        b"Obj\x01\x02".to_vec(),
        sized(b"avro.schema"),
        sized(schema),
        vec![0],
        marker.to_vec(),
        number(count.into()),
        sized(values),
        marker.to_vec(),
    ];
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).expect("a zone");
    let mut intake = Intake::new(calendar.zone().clone(), Ledger::default());
    let input = Input::from_reader("fuzz", std::io::Cursor::new(file.concat())).expect("bytes");
    let options = Options::default();
    if formats::read(input, Some("avro".parse().expect("a format")), &options, &mut intake).is_ok() {
        let (_, ledger) = intake.finish();
        assert_eq!(ledger.rows().read, u64::from(count));
    }
});

/// A number as Avro writes it.
fn number(number: usize) -> Vec<u8> {
    let (mut left, mut bytes) = (number << 1, Vec::new());
    while left > 127 {
        bytes.push((left & 127) as u8 | 128);
        left >>= 7;
    }
    bytes.push(left as u8);
    bytes
}
