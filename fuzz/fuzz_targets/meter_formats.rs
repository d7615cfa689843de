//! What meters, utilities and hubs write, of any bytes: no panic, rows add up, and readings are in order, finite and
//! not negative; and the format is told from any beginning.
//!
//! The first byte chooses the format (or that it be told), the kind, and whether the net is asked for.

#![no_main]

mod shared;

use knowatt_readings::{Kind, Options};
use libfuzzer_sys::fuzz_target;

const FORMATS: [&str; 5] = ["green-button", "nem12", "solaredge", "p1-telegram", "influx-line"];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, file)) = bytes.split_first() else { return };
    let format = FORMATS.get(usize::from(choice % 6)).map(|name| name.parse().expect("a format"));
    let kind = [None, Some(Kind::Energy), Some(Kind::Power), Some(Kind::Register)][usize::from(choice / 6 & 3)];
    let options = Options { kind, net: choice / 24 & 1 != 0, ..Options::default() };
    shared::read(file, "Europe/Paris", format, &options);
});
