//! Records as Avro: the schemas, and their binary encoding.
//!
//! Source: Apache Avro 1.12, "Binary encoding": a long is a zigzag varint, a double eight bytes, the lowest first, a string its length and
//! its bytes, a record its fields one after the other, a union the number of its branch and then the value.
//!
//! The four schemas of a reading have one name, and their values are optional with a default: each can be read as each other
//! one, so that a registry takes all of them for one topic, whatever compatibility it asks for.

use crate::{
    anomaly::Anomaly,
    reading::{Quantity, Reading},
};

/// The schema of an [`Anomaly`].
pub const ANOMALY: &str = include_str!("../schemas/anomaly.avsc");
/// The schema of a [`Reading`] of [`Quantity::EnergyWh`].
pub const READING_ENERGY: &str = include_str!("../schemas/reading-energy.avsc");
/// The schema of a [`Reading`] of [`Quantity::PowerW`].
pub const READING_POWER: &str = include_str!("../schemas/reading-power.avsc");
/// The schema of a [`Reading`] of [`Quantity::RegisterWh`].
pub const READING_REGISTER: &str = include_str!("../schemas/reading-register.avsc");
/// The schema of a [`Reading`] of [`Quantity::HourWh`].
pub const READING_HOUR: &str = include_str!("../schemas/reading-hour.avsc");

/// The branch of a union of null and another type that is the other type.
const SOME: i64 = 1;

/// Adds an anomaly, as [`ANOMALY`] has it.
pub(crate) fn anomaly(anomaly: &Anomaly, into: &mut Vec<u8>) {
    long(anomaly.event_ts, into);
    long(i64::from(anomaly.hour), into);
    double(anomaly.kwh, into);
    double(anomaly.function, into);
    long(anomaly.timestamp.as_millisecond(), into);
    string(&anomaly.meter, into);
    for number in [anomaly.wh, anomaly.expected_low_wh, anomaly.expected_high_wh, anomaly.score] {
        double(number, into);
    }
    for text in [anomaly.kind.name(), &anomaly.feature, &anomaly.model_id, &anomaly.alert_id] {
        string(text, into);
    }
}

/// The schema of a reading of that quantity.
pub(crate) fn schema_of(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::EnergyWh(_) => READING_ENERGY,
        Quantity::PowerW(_) => READING_POWER,
        Quantity::RegisterWh(_) => READING_REGISTER,
        Quantity::HourWh(_) => READING_HOUR,
    }
}

/// Adds a reading, as the schema of its quantity has it.
pub(crate) fn reading(reading: &Reading<'_>, into: &mut Vec<u8>) {
    long(reading.timestamp_ms, into);
    string(reading.meter, into);
    match (reading.quantity, reading.hour) {
        (Quantity::PowerW(value) | Quantity::RegisterWh(value), _) => some(value, into),
        (Quantity::EnergyWh(value), hour) => {
            some(value, into);
            optional(hour, into);
        }
        (Quantity::HourWh(value), hour) => {
            optional(hour, into);
            // `kwh`, and `wh`.
            some(value, into);
            some(value, into);
        }
    }
}

fn some(value: f64, into: &mut Vec<u8>) {
    long(SOME, into);
    double(value, into);
}

fn optional(hour: Option<u8>, into: &mut Vec<u8>) {
    long(if hour.is_some() { SOME } else { 0 }, into);
    if let Some(hour) = hour {
        long(i64::from(hour), into);
    }
}

fn long(number: i64, into: &mut Vec<u8>) {
    let mut rest = (number << 1 ^ number >> 63).cast_unsigned();
    while rest > 0x7f {
        into.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    into.push(rest.to_le_bytes()[0]);
}

fn double(number: f64, into: &mut Vec<u8>) {
    into.extend_from_slice(&number.to_le_bytes());
}

fn string(text: &str, into: &mut Vec<u8>) {
    // No text is longer than a long can say.
    long(i64::try_from(text.len()).unwrap_or(i64::MAX), into);
    into.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_is_a_zigzag_varint() {
        // Those of Avro's specification, and the ends.
        for (number, bytes) in [
            (0, &b"\x00"[..]),
            (-1, b"\x01"),
            (1, b"\x02"),
            (-2, b"\x03"),
            (-64, b"\x7f"),
            (64, b"\x80\x01"),
            (i64::MAX, b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            (i64::MIN, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ] {
            let mut into = Vec::new();
            long(number, &mut into);
            assert_eq!(into, bytes, "{number}");
        }
    }
}
