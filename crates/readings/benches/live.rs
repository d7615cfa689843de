//! Nanoseconds a record of a stream: what `knowatt watch` reads, in JSON and in Avro with Confluent's head.
//!
//! `cargo bench -p knowatt-readings`. A thousand homes take turns, so that time goes on by 3.6 s a record; and one home
//! alone, so that it goes on by an hour. Records are made beforehand.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "a benchmark ends where it fails")]
#![allow(clippy::struct_field_names, reason = "an hour has an hour")]

use std::io::Write as _;

use divan::{Bencher, black_box, counter::ItemsCount};
use knowatt_readings::{Live, LiveDecoder, LiveRecord, Options};
use knowatt_score::{Calendar, DayClasses};

const RECORDS: usize = 100_000;
/// 2026-01-01 in UTC.
const FIRST_MS: i64 = 1_767_225_600_000;
const HOUR_MS: i64 = 3_600_000;

/// The talk's record.
const TALK: &str = r#"{"type":"record","name":"Reading","fields":[
    {"name":"hour","type":"int"},{"name":"kwh","type":"double"}]}"#;
/// A record that names its meter and its time.
const METER: &str = r#"{"type":"record","name":"Reading","fields":[{"name":"meter","type":"string"},
    {"name":"timestamp","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"energy_wh","type":"double"}]}"#;

fn main() {
    divan::main();
}

/// The time of a record and what there is to say of it.
struct Hour {
    at_ms: i64,
    hour: i64,
    home: usize,
    wh: f64,
}

/// Each home's hours, in order of time.
fn hours(homes: usize) -> impl Iterator<Item = Hour> {
    (0..RECORDS).map(move |record| {
        let (home, hour) = (record % homes, i64::try_from(record / homes).unwrap());
        let within_ms = i64::try_from(home).unwrap() * HOUR_MS / i64::try_from(homes).unwrap();
        let wh = (record * 7919 % 9001) as f64 / 4.0;
        Hour { at_ms: FIRST_MS + hour * HOUR_MS + within_ms, hour: hour % 24, home, wh }
    })
}

/// A whole number as Avro writes it.
fn zigzag(number: i64) -> Vec<u8> {
    let mut left = (number << 1 ^ number >> 63).cast_unsigned();
    let mut bytes = Vec::new();
    while left > 127 {
        bytes.push(left.to_le_bytes()[0] | 128);
        left >>= 7;
    }
    bytes.push(left.to_le_bytes()[0]);
    bytes
}

const HEAD: &[u8] = &[0, 0, 0, 0, 1];

fn talk_json(of: &Hour) -> Vec<u8> {
    format!(r#"{{"hour":{},"kwh":{}}}"#, of.hour, of.wh / 1000.0).into_bytes()
}

fn talk_avro(of: &Hour) -> Vec<u8> {
    [HEAD, &zigzag(of.hour), &(of.wh / 1000.0).to_le_bytes()].concat()
}

fn meter_json(of: &Hour) -> Vec<u8> {
    let at = of.at_ms - of.at_ms % HOUR_MS;
    format!(r#"{{"meter":"meter-{:04}","timestamp":{at},"energy_wh":{}}}"#, of.home, of.wh).into_bytes()
}

fn meter_text_json(of: &Hour) -> Vec<u8> {
    let at = jiff::Timestamp::from_millisecond(of.at_ms - of.at_ms % HOUR_MS).unwrap();
    format!(r#"{{"meter":"meter-{:04}","timestamp":"{at}","energy_wh":{}}}"#, of.home, of.wh).into_bytes()
}

fn meter_avro(of: &Hour) -> Vec<u8> {
    let meter = format!("meter-{:04}", of.home);
    let at = of.at_ms - of.at_ms % HOUR_MS;
    [HEAD, &zigzag(i64::try_from(meter.len()).unwrap()), meter.as_bytes(), &zigzag(at), &of.wh.to_le_bytes()]
        .concat()
}

fn decode(bencher: Bencher, homes: usize, schema: Option<&str>, value: fn(&Hour) -> Vec<u8>) {
    let records: Vec<_> =
        hours(homes).map(|hour| (hour.at_ms, format!("meter-{:04}", hour.home), value(&hour))).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let mut options = Options::default();
    if let Some(schema) = schema {
        file.write_all(schema.as_bytes()).unwrap();
        options.avro_schema = Some(file.path().to_owned());
    }
    let calendar = Calendar::new("Europe/Paris", DayClasses::DayType).unwrap();
    let mut decoder = LiveDecoder::new(&options, calendar.zone().clone()).unwrap();
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        for (at_ms, key, value) in &records {
            let record =
                LiveRecord { timestamp_ms: Some(*at_ms), key: Some(key.as_bytes()), value: Some(value) };
            match black_box(decoder.decode(black_box(&record))) {
                Live::Sample(_) => {}
                other => panic!("{other:?}"),
            }
        }
    });
}

#[divan::bench(args = [1000, 1])]
fn the_talks_json(bencher: Bencher, homes: usize) {
    decode(bencher, homes, None, talk_json);
}

#[divan::bench(args = [1000, 1])]
fn the_talks_avro(bencher: Bencher, homes: usize) {
    decode(bencher, homes, Some(TALK), talk_avro);
}

#[divan::bench(args = [1000])]
fn meter_and_time_json(bencher: Bencher, homes: usize) {
    decode(bencher, homes, None, meter_json);
}

#[divan::bench(args = [1000])]
fn meter_and_written_time_json(bencher: Bencher, homes: usize) {
    decode(bencher, homes, None, meter_text_json);
}

#[divan::bench(args = [1000])]
fn meter_and_time_avro(bencher: Bencher, homes: usize) {
    decode(bencher, homes, Some(METER), meter_avro);
}
