//! What the tests of the routes share, and that they all give the same readings.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use std::{collections::BTreeMap, io::Cursor};

use super::{AvroError, Record, Schema, Sink, avro, fields::Fields};
use crate::{
    Input, Intake, Ledger,
    error::Error,
    formats::{self, Format},
    options::Options,
};

/// An input of these bytes.
pub(crate) fn input(bytes: &[u8]) -> Input {
    Input::from_reader("input", Cursor::new(bytes.to_vec())).unwrap()
}

/// Every record in a line: `line: partition/offset @timestamp key value`.
#[derive(Default)]
pub(crate) struct Listed(pub(crate) Vec<String>);

impl Sink for Listed {
    fn record(&mut self, line: u64, record: &Record<'_>) -> Result<(), Error> {
        let bytes = |bytes: Option<&[u8]>| match bytes {
            Some(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') && text.is_ascii() => format!("{text:?}"),
                _ => format!("\"{}\"", bytes.escape_ascii()),
            },
            None => "-".to_owned(),
        };
        let Record { partition, offset, timestamp_ms, key, value } = *record;
        let at = timestamp_ms.map_or("-".to_owned(), |at| at.to_string());
        self.0.push(format!("{line}: {partition}/{offset} @{at} {} {}", bytes(key), bytes(value)));
        Ok(())
    }

    fn avro<'a>(
        &mut self,
        line: u64,
        schema: &Schema,
        data: &'a [u8],
    ) -> Result<Result<&'a [u8], AvroError>, Error> {
        let mut fields = Fields::default();
        Ok(avro::read_next(schema, data, &mut fields).inspect(|_| {
            self.0.push(format!("{line}: {}", fields.listed().join(" ")));
        }))
    }

    fn bad(&mut self, line: u64, what: String) {
        self.0.push(format!("{line}: bad {what}"));
    }

    fn aborted(&mut self, line: u64) {
        self.0.push(format!("{line}: aborted"));
    }
}

/// Each meter's hours and Wh, and what is said of the input. The content tells the format.
pub(crate) fn readings(
    format: &Format,
    bytes: &[u8],
    options: &Options,
) -> (BTreeMap<String, Vec<(String, f64)>>, String) {
    let zone = knowatt_score::Calendar::new("Europe/Paris", knowatt_score::DayClasses::default())
        .unwrap()
        .zone()
        .clone();
    let mut intake = Intake::new(zone, Ledger::default());
    let understood = formats::read(input(bytes), None, options, &mut intake).unwrap();
    assert_eq!(understood.format, format);
    let (meters, _) = intake.finish();
    let of = |meter: crate::Meter| {
        let rows = meter.readings.rows.iter().map(|row| (row.start.to_string(), row.wh)).collect();
        (meter.name, rows)
    };
    (meters.unwrap().into_iter().map(of).collect(), understood.what)
}

/// A home's four days: hour by hour its Wh.
fn day() -> Vec<(i64, f64)> {
    (0..96)
        .map(|hour| (1_700_002_800_000 + 3_600_000 * hour, 100.5 + f64::from(hour as i32 * 37 % 90)))
        .collect()
}

#[test]
fn a_topic_gives_the_same_readings_by_every_route() {
    use crate::{
        formats::{avro_container, console_consumer, dump_log, kcat, log_segment},
        record::unpack::Packing,
    };

    let value = |at: i64, wh: f64| format!(r#"{{"meter": "m", "timestamp": {at}, "wh": {wh:?}}}"#);
    let union = |at: i64, wh: f64| format!(r#"{{"meter":"m","timestamp":{at},"wh":{{"double":{wh:?}}}}}"#);
    let values: Vec<Vec<u8>> = day().iter().map(|(at, wh)| value(*at, *wh).into_bytes()).collect();
    let lines = |line: &dyn Fn(usize, i64, f64) -> String| -> Vec<u8> {
        let lines = day().into_iter().enumerate().map(|(offset, (at, wh))| line(offset, at, wh) + "\n");
        lines.collect::<String>().into_bytes()
    };
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let by_kcat = lines(&|offset, at, wh| {
        let value = quoted(&value(at, wh));
        format!(
            r#"{{"topic":"t","partition":0,"offset":{offset},"tstype":"create","ts":1,"key":"k","payload":{value}}}"#
        )
    });
    let by_console = lines(&|offset, at, wh| format!("CreateTime:1\tOffset:{offset}\tk\t{}", value(at, wh)));
    let as_json = lines(&|_, at, wh| union(at, wh));
    let by_dump = lines(&|offset, at, wh| {
        let value = value(at, wh);
        let size = value.len();
        format!(
            "| offset: {offset} CreateTime: 1 keySize: 1 valueSize: {size} sequence: -1 headerKeys: [] key: k payload: {value}"
        )
    });
    let mut in_segment = log_segment::tests::segment(Packing::Zstd, b"k", &values[..50]);
    in_segment.extend(log_segment::tests::segment(Packing::Snappy, b"k", &values[50..]));
    let in_container = avro_container::tests::of_readings("m", &day());

    let options = Options::default();
    let (expected, told) = readings(&kcat::FORMAT, &by_kcat, &options);
    assert_eq!(told, "time in `timestamp`, energy per interval in `wh` (Wh), meter in `meter`");
    assert_eq!(expected["m"].len(), 96);
    for (format, bytes) in [
        (&console_consumer::FORMAT, by_console),
        (&console_consumer::FORMAT, as_json),
        (&dump_log::FORMAT, by_dump),
        (&log_segment::FORMAT, in_segment),
        (&avro_container::FORMAT, in_container),
    ] {
        assert_eq!(readings(format, &bytes, &options), (expected.clone(), told.clone()), "{}", format.name);
    }
}

#[test]
fn fields_that_are_not_understood_stop_the_reading_with_the_way_out() {
    let read = |lines: &str, options: &Options| {
        let zone =
            knowatt_score::Calendar::new("UTC", knowatt_score::DayClasses::default()).unwrap().zone().clone();
        let mut intake = Intake::new(zone, Ledger::default());
        let read = formats::read(input(lines.as_bytes()), None, options, &mut intake);
        (read.map_or_else(|error| error.to_string(), |_| String::new()), intake.finish().1)
    };
    let (error, _) = read(&"{\"usage\":1,\"ts\":1700002800}\n".repeat(5000), &Options::default());
    assert!(error.starts_with("input:1: no column is known as the value"), "{error}");
    let (error, _) = read("{\"ts\":1}\n{\"usage\":1}\n", &Options::default());
    assert!(error.starts_with("input:1: no column is known as the value"), "{error}");
    // Another kind of record among those that are understood is only left out.
    let lines = "{\"event\":\"boot\"}\n{\"wh\":1,\"ts\":1700002800}\nnull\n{\"wh\":1,\"ts\":1700006400}\n{\"wh\":1,\"ts\":1700010000}\n";
    let (error, ledger) = read(lines, &Options::default());
    assert_eq!(error, "");
    assert_eq!((ledger.rows().used, ledger.rows().quarantined, ledger.rows().ignored), (3, 1, 1));
    assert_eq!(ledger.count(crate::Rule::Tombstone), 1);
}

#[test]
fn a_registry_is_asked_once_for_each_schema_and_its_silence_stops_the_reading() {
    use std::{cell::Cell, rc::Rc};

    use super::{
        decoder::{Decoder, Outcome},
        registry::{Registry, RegistryError},
        schemas::Schemas,
    };

    struct Counting(Rc<Cell<u32>>);

    impl Registry for Counting {
        fn schema(&self, id: u32) -> Result<Schema, RegistryError> {
            self.0.set(self.0.get() + 1);
            match id {
                1 => Schema::parse(r#"{"type":"record","name":"R","fields":[{"name":"wh","type":"long"}]}"#)
                    .map_err(RegistryError::Unusable),
                2 => Err(RegistryError::Unusable("of type PROTOBUF".to_owned())),
                _ => Err(RegistryError::Unreachable("refused".to_owned())),
            }
        }
    }

    let asked = Rc::new(Cell::new(0));
    let options = Options::default();
    let schemas = Schemas::from_registry("http://registry", Box::new(Counting(Rc::clone(&asked))));
    let mut decoder = Decoder::new(options.clone(), schemas, None);
    let mut decode = |value: &[u8]| {
        let record = Record { partition: 0, offset: 0, timestamp_ms: Some(1), key: None, value: Some(value) };
        match decoder.decode(&record) {
            Outcome::Found(found) => format!("{:?}", found.value),
            Outcome::Stop(kind) => format!("stop: {kind}"),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(decode(b"\0\0\0\0\x01\x06"), "Number(3.0)");
    assert_eq!(decode(b"\0\0\0\0\x01\x08"), "Number(4.0)");
    assert_eq!(decode(b"\0\0\0\0\x02\x08"), r#"Bad("schema 2: of type PROTOBUF")"#);
    assert_eq!(decode(b"\0\0\0\0\x02\x08"), r#"Bad("schema 2: of type PROTOBUF")"#);
    assert_eq!(asked.get(), 2);
    assert_eq!(decode(b"\0\0\0\0\x03\x08"), "stop: the schema registry cannot be asked: refused");
    // JSON behind a JSON schema's number needs no schema.
    assert_eq!(decode(b"\0\0\0\0\x03{\"wh\": 5}"), "Number(5.0)");
    assert_eq!(asked.get(), 3);
    // What it answered is kept for the next input.
    let schemas = decoder.into_schemas();
    let options = Options { schema_registry: Some("http://registry".to_owned()), ..options };
    let mut schemas = Schemas::kept_or_new(Some(schemas), &options).unwrap();
    assert!(schemas.get(1).is_ok());
    assert_eq!(asked.get(), 3);
}
