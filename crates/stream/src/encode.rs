//! Records as they are written to topics: JSON, or Avro in Confluent's wire format with the schema at a registry.
//!
//! Source: Confluent's "Wire format": a zero byte, the schema's number in four bytes, the highest first, then the value. The subject is
//! `TOPIC-value` (`TopicNameStrategy`, the default everywhere).

use knowatt_readings::{RegistryError, SchemaRegistry, kafka::Topic};

use crate::{
    anomaly::Anomaly,
    avro,
    error::Error,
    reading::{Quantity, Reading},
};

/// What a value is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, one object a record.
    Json,
    /// Avro, by a schema registry.
    Avro,
}

impl Format {
    /// The format of that name.
    pub(crate) fn named(name: &str) -> Result<Self, Error> {
        match name {
            "json" => Ok(Self::Json),
            "avro" => Ok(Self::Avro),
            other => Err(Error::change(format!("format = \"{other}\" is neither json nor avro"))),
        }
    }
}

/// Writes the values of a topic.
pub struct Encoder {
    /// Where schemas are; none for JSON.
    registry: Option<Registry>,
    value: Vec<u8>,
}

/// A registry, and the numbers that it gave.
struct Registry {
    client: SchemaRegistry,
    subject: String,
    known: Vec<(&'static str, u32)>,
}

impl Encoder {
    /// Writes to a topic. The registry is asked when the first record of a kind is written.
    pub fn new(format: Format, registry: Option<&str>, topic: &Topic) -> Result<Self, Error> {
        let registry = match (format, registry) {
            (Format::Json, _) => None,
            (Format::Avro, Some(url)) => Some(Registry {
                client: SchemaRegistry::new(url).map_err(|error| Error::change(error.to_string()))?,
                subject: format!("{}-value", topic.name()),
                known: Vec::new(),
            }),
            (Format::Avro, None) => {
                return Err(Error::change(
                    "format = \"avro\" needs a schema registry: schema-registry = \"http://HOST:8081\"",
                ));
            }
        };
        Ok(Self { registry, value: Vec::new() })
    }

    /// Asks the registry for the number of the schema of anomalies already now, to know that it can be had.
    pub fn prepare_for_anomalies(&mut self) -> Result<(), Error> {
        self.begin(avro::ANOMALY).map(|_| ())
    }

    /// An anomaly's value.
    pub fn anomaly(&mut self, anomaly: &Anomaly) -> Result<&[u8], Error> {
        if self.begin(avro::ANOMALY)? {
            avro::anomaly(anomaly, &mut self.value);
        } else {
            self.json(anomaly)?;
        }
        Ok(&self.value)
    }

    /// A reading's value. Fails where it is no finite number.
    pub fn reading(&mut self, reading: &Reading<'_>) -> Result<&[u8], Error> {
        let (field, schema) = (reading.quantity.field(), avro::schema_of(reading.quantity));
        if self.begin(schema)? {
            avro::reading(reading, &mut self.value);
        } else {
            let mut object = serde_json::Map::new();
            object.insert("timestamp".to_owned(), reading.timestamp_ms.into());
            object.insert("meter".to_owned(), reading.meter.into());
            object.insert(field.to_owned(), reading.quantity.value().into());
            if let (Quantity::EnergyWh(_) | Quantity::HourWh(_), Some(hour)) =
                (reading.quantity, reading.hour)
            {
                object.insert("hour".to_owned(), hour.into());
            }
            if let Quantity::HourWh(wh) = reading.quantity {
                object.insert("kwh".to_owned(), wh.into());
            }
            self.json(&object)?;
        }
        Ok(&self.value)
    }

    /// Begins a value; tells whether it is one of Avro.
    fn begin(&mut self, schema: &'static str) -> Result<bool, Error> {
        self.value.clear();
        let Some(registry) = &mut self.registry else { return Ok(false) };
        let known = registry.known.iter().find(|(known, _)| *known == schema);
        let id = if let Some((_, id)) = known {
            *id
        } else {
            let id = registry.client.register(&registry.subject, schema).map_err(|error| {
                let what = format!("the schema registry: {error}");
                match error {
                    RegistryError::Unusable(_) => Error::change(what),
                    RegistryError::Unreachable(_) => Error::again(what),
                }
            })?;
            registry.known.push((schema, id));
            id
        };
        self.value.push(0);
        self.value.extend_from_slice(&id.to_be_bytes());
        Ok(true)
    }

    fn json(&mut self, what: &impl serde::Serialize) -> Result<(), Error> {
        serde_json::to_writer(&mut self.value, what).map_err(|error| Error::change(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use knowatt_readings::{Kind, Live, LiveDecoder, LiveRecord, LiveSample, Options};

    use super::*;
    use crate::anomaly::AnomalyKind;

    fn encoder() -> Encoder {
        let topic: Topic = "kafka://broker:9092/raw_power".parse().unwrap();
        Encoder::new(Format::Json, None, &topic).unwrap()
    }

    /// What the decoder of our own streams makes of a value.
    fn decoded(value: &[u8], options: &Options) -> (String, i64, f64, Kind) {
        let mut decoder = LiveDecoder::new(options, jiff::tz::TimeZone::UTC).unwrap();
        let record = LiveRecord { timestamp_ms: None, key: None, value: Some(value) };
        match decoder.decode(&record) {
            Live::Sample(LiveSample { meter, at_ms, value, kind, .. }) => {
                (String::from_utf8_lossy(&meter).into_owned(), at_ms, value, kind)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reading_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        for (quantity, hour, json) in [
            (
                Quantity::EnergyWh(0.1),
                Some(4),
                r#"{"energy_wh":0.1,"hour":4,"meter":"wärme","timestamp":1536343200000}"#,
            ),
            (
                Quantity::EnergyWh(250.5),
                None,
                r#"{"energy_wh":250.5,"meter":"wärme","timestamp":1536343200000}"#,
            ),
            (Quantity::PowerW(-3.0), None, r#"{"meter":"wärme","power_w":-3.0,"timestamp":1536343200000}"#),
            (
                Quantity::RegisterWh(1e9),
                None,
                r#"{"meter":"wärme","register_wh":1000000000.0,"timestamp":1536343200000}"#,
            ),
            (
                Quantity::HourWh(310.5),
                Some(4),
                r#"{"hour":4,"kwh":310.5,"meter":"wärme","timestamp":1536343200000,"wh":310.5}"#,
            ),
        ] {
            let reading = Reading { timestamp_ms: 1_536_343_200_000, meter: "wärme", quantity, hour };
            let mut encoder = encoder();
            let value = encoder.reading(&reading).unwrap();
            assert_eq!(std::str::from_utf8(value).unwrap(), json);
            let kind = match quantity {
                Quantity::EnergyWh(_) | Quantity::HourWh(_) => Kind::Energy,
                Quantity::PowerW(_) => Kind::Power,
                Quantity::RegisterWh(_) => Kind::Register,
            };
            let options = Options::default();
            let expected = ("wärme".to_owned(), reading.timestamp_ms, quantity.value(), kind);
            assert_eq!(decoded(value, &options), expected);

            let schema = folder.path().join("reading.avsc");
            #[allow(clippy::disallowed_methods, reason = "a folder of its own, and no program is killed")]
            std::fs::write(&schema, avro::schema_of(quantity)).unwrap();
            let mut value = vec![0, 0, 0, 0, 7];
            avro::reading(&reading, &mut value);
            assert_eq!(decoded(&value, &Options { avro_schema: Some(schema), ..options }), expected);
        }
    }

    #[test]
    fn an_anomaly_is_written_by_its_schema_field_by_field() {
        let anomaly = Anomaly {
            event_ts: 1_536_343_200_000,
            hour: 4,
            kwh: 3000.0,
            function: 11.5,
            timestamp: Timestamp::from_millisecond(1_536_343_200_000).unwrap(),
            meter: "home".to_owned(),
            wh: 3000.0,
            expected_low_wh: 110.0,
            expected_high_wh: 364.5,
            score: 12.25,
            kind: AnomalyKind::Floor,
            feature: "floor-3h".to_owned(),
            model_id: "0123456789abcdef".to_owned(),
            alert_id: "ab".to_owned(),
        };
        let mut value = Vec::new();
        avro::anomaly(&anomaly, &mut value);
        let schema: serde_json::Value = serde_json::from_str(avro::ANOMALY).unwrap();
        let json = serde_json::to_value(&anomaly).unwrap();
        let mut rest = value.as_slice();
        for field in schema["fields"].as_array().unwrap() {
            let (name, of) = (field["name"].as_str().unwrap(), &field["type"]);
            let of = of.as_str().unwrap_or_else(|| of["type"].as_str().unwrap());
            let found = match of {
                "int" | "long" => long(&mut rest).into(),
                "double" => {
                    let (bytes, after) = rest.split_first_chunk().unwrap();
                    rest = after;
                    serde_json::Value::from(f64::from_le_bytes(*bytes))
                }
                _ => {
                    let length = usize::try_from(long(&mut rest)).unwrap();
                    let (bytes, after) = rest.split_at(length);
                    rest = after;
                    std::str::from_utf8(bytes).unwrap().into()
                }
            };
            let expected = if name == "timestamp" { json["EVENT_TS"].clone() } else { json[name].clone() };
            assert_eq!(found, expected, "{name}");
        }
        assert!(rest.is_empty());
        assert_eq!(json.as_object().unwrap().len(), schema["fields"].as_array().unwrap().len());
    }

    fn long(rest: &mut &[u8]) -> i64 {
        let mut number = 0_u64;
        for place in (0..).step_by(7) {
            let (first, after) = rest.split_first().unwrap();
            *rest = after;
            number |= u64::from(first & 0x7f) << place;
            if *first < 0x80 {
                break;
            }
        }
        (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
    }

    #[test]
    fn avro_wants_a_registry() {
        let topic: Topic = "kafka://broker:9092/raw_power".parse().unwrap();
        let said = |registry: Option<&str>| match Encoder::new(Format::Avro, registry, &topic) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        };
        assert!(said(None).contains("schema-registry = "));
        assert!(said(Some("not a url")).contains("schema registry"));
        assert_eq!(said(Some("http://127.0.0.1:1")), "");
    }
}
