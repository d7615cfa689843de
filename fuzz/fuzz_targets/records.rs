//! Kafka records of any bytes, by any route: no panic, rows add up, and readings are finite and in order.
//!
//! The first byte chooses the route and whether unit and kind are given.

#![no_main]

mod shared;

use knowatt_readings::{Kind, Options, Unit};
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
    shared::read(file, "Europe/Paris", Some(route.parse().expect("a format")), &options);
});
