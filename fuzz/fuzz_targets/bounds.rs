//! A file of bounds of any bytes: refused, or a table.

#![no_main]

use knowatt_train::Bounds;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(bounds) = Bounds::read(bytes) {
        bounds.table("UTC").expect("bounds that were read give a table");
    }
});
