//! Fills a topic with hours of a thousand homes, in order of time.
//!
//!     fill BROKER TOPIC COUNT FORM HOURS.CSV [SCHEMA_ID]
//!
//! FORM is what a record's value is: `json` and `avro` are the talk's `{hour, kwh}`, `meters` is `{meter, timestamp, energy_wh}` in JSON; Avro
//! with Confluent's head. Keys are the homes' names, timestamps come 3.6 s after one another. The values are those of one home's history, each home
//! some weeks after the one before, so that weekdays and hours stay what they are; one in a thousand is 20 times as much.

use std::{error::Error, time::Duration};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use rdkafka::{
    config::ClientConfig,
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseProducer, BaseRecord, Producer},
};

const HOMES: usize = 1000;
const WEEK_H: usize = 7 * 24;
/// The first hour is of the same weekday as the history's: midnight in Paris on a Saturday.
const FIRST: &str = "2020-01-31T23:00:00Z";
const ZONE: &str = "Europe/Paris";
/// So that a history with a few alerts of its own has still fewer.
const SHARE: f64 = 0.8;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [broker, topic, count, form, history, more @ ..] = arguments.as_slice() else {
        return Err("fill BROKER TOPIC COUNT FORM HOURS.CSV [SCHEMA_ID]".into());
    };
    let schema: u32 = more.first().map_or(Ok(0), |id| id.parse())?;
    let mut history_wh = Vec::new();
    for row in csv::Reader::from_path(history)?.records() {
        history_wh.push(row?.get(1).unwrap_or_default().parse::<f64>()? * SHARE);
    }
    let (first, zone) = (FIRST.parse::<Timestamp>()?, TimeZone::get(ZONE)?);
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", broker)
        .set("linger.ms", "50")
        .set("batch.size", "1000000")
        .set("queue.buffering.max.messages", "1000000")
        // As Java's clients choose it, so that all of a home is in one partition whoever reads it.
        .set("partitioner", "murmur2_random")
        .create()?;
    let keys: Vec<String> = (0..HOMES).map(|home| format!("meter-{home:04}")).collect();
    let mut value = Vec::new();
    for number in 0..count.parse::<usize>()? {
        let (home, hour) = (number % HOMES, number / HOMES);
        let start = first + SignedDuration::from_hours(i64::try_from(hour)?);
        let at_ms = start.as_millisecond() + i64::try_from(home * 3_600_000 / HOMES)?;
        let factor = if number * 7919 % 1009 == 0 { 20.0 } else { 1.0 };
        let wh = (history_wh[(hour + home * WEEK_H) % history_wh.len()] * factor * 10.0).round() / 10.0;
        let local_hour = zone.to_datetime(start).hour();
        value.clear();
        match form.as_str() {
            "json" => value.extend(format!(r#"{{"hour":{local_hour},"kwh":{}}}"#, wh / 1000.0).bytes()),
            "avro" => {
                value.push(0);
                value.extend(schema.to_be_bytes());
                // The hour as Avro writes whole numbers, which is twice that.
                value.push(local_hour.unsigned_abs() * 2);
                value.extend((wh / 1000.0).to_le_bytes());
            }
            "meters" => {
                let (meter, start_ms) = (&keys[home], start.as_millisecond());
                value.extend(
                    format!(r#"{{"meter":"{meter}","timestamp":{start_ms},"energy_wh":{wh}}}"#).bytes(),
                );
            }
            form => return Err(format!("no form `{form}`").into()),
        }
        let mut record = BaseRecord::to(topic).key(&keys[home]).payload(&value).timestamp(at_ms);
        while let Err((error, again)) = producer.send(record) {
            if !matches!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) {
                return Err(error.into());
            }
            producer.poll(Duration::from_millis(50));
            record = again;
        }
        if number % 4096 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(120))?;
    Ok(())
}
