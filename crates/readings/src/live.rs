//! Records one by one, as they come: what a stream reads by the rules that files are read by.
//!
//! A [`LiveDecoder`] takes a record's value (JSON, Avro, a bare number) or a row of a table, and gives the meter, the time and
//! the value that it holds, or why it holds none. It keeps nothing of a record but the schemas it has
//! asked for and, of wall-clock times, the last one of each meter, by which a repeated hour is told apart.
//!
//! ```
//! use knowatt_readings::{Kind, LiveDecoder, LiveRecord, Live, Options};
//!
//! let zone = knowatt_score::Calendar::new("Australia/Sydney", Default::default())?.zone().clone();
//! let mut decoder = LiveDecoder::new(&Options::default(), zone)?;
//! let record = LiveRecord { timestamp_ms: Some(1_536_343_200_000), key: None, value: Some(br#"{"hour": 4, "kwh": 1.5}"#) };
//! let Live::Sample(sample) = decoder.decode(&record) else { panic!() };
//! assert_eq!((sample.at_ms, sample.value, sample.kind, sample.is_hour), (1_536_343_200_000, 1500.0, Kind::Energy, true));
//! assert!(matches!(decoder.decode(&LiveRecord { value: Some(b"no JSON"), ..record }), Live::Poison(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{borrow::Cow, collections::HashMap};

use jiff::tz::TimeZone;

use crate::{
    clock::{Clock, Millis, TimeError},
    error::{Error, ErrorKind},
    message::show,
    number::{self, Number},
    options::Options,
    reading::{PLAUSIBLE_TIMES, Reading},
    record::{Decoder, Found, Outcome, Record, Value, When, schemas::Schemas},
    unit::Kind,
};

/// The most meters whose last wall-clock time is kept.
const MOST_METERS: usize = 100_000;

/// A record as it comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveRecord<'a> {
    /// When it was made or arrived, in ms since 1970.
    pub timestamp_ms: Option<i64>,
    /// What it is about; the meter's name, where no field names it.
    pub key: Option<&'a [u8]>,
    /// What it says; none deletes its key.
    pub value: Option<&'a [u8]>,
}

/// What a record holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Live<'d> {
    /// A value with its time.
    Sample(LiveSample<'d>),
    /// Nothing, as it should be: no value. In a word why.
    Nothing(&'static str),
    /// What cannot be read, and why.
    Poison(String),
    /// What cannot be read now: the schema registry does not answer. To be tried again.
    NotNow(String),
}

/// A meter's value at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveSample<'d> {
    /// The meter's name; empty where none is given.
    pub meter: Cow<'d, [u8]>,
    /// Its time, in ms since 1970: for energy the start of its interval.
    pub at_ms: i64,
    /// In Wh, or W for power: finite; below zero where energy was given back.
    pub value: f64,
    /// What it is.
    pub kind: Kind,
    /// Whether the record gave an hour of the day and no time: the energy of that whole hour.
    pub is_hour: bool,
}

/// Reads records one by one.
pub struct LiveDecoder {
    decoder: Decoder,
    only_named: bool,
    clock: Clock,
    last: HashMap<Box<[u8]>, Millis>,
}

impl LiveDecoder {
    /// A decoder for the wall clock of `zone`. Fails where the schema's file, or the registry's URL, is none.
    pub fn new(options: &Options, zone: TimeZone) -> Result<Self, Error> {
        let schemas = Schemas::kept_or_new(None, options)?;
        let decoder = Decoder::new(options.clone(), schemas, Some(zone.clone()));
        let only_named = options.only_named;
        Ok(Self { decoder, only_named, clock: Clock::new(zone), last: HashMap::new() })
    }

    /// The same without a zone: a time without an offset is refused, and so is an hour without a time.
    #[must_use]
    pub fn without_zone(mut self) -> Self {
        self.clock.has_zone = false;
        self.decoder.forget_zone();
        self
    }

    /// How the first record that was understood was, for the user.
    pub fn told(&self) -> Option<String> {
        self.decoder.told()
    }

    /// Forgets the times of before: what comes next is read anew.
    pub fn forget(&mut self) {
        self.last.clear();
    }

    /// Reads a record.
    pub fn decode<'d>(&'d mut self, record: &LiveRecord<'d>) -> Live<'d> {
        let LiveRecord { timestamp_ms, key, value } = *record;
        let record = Record { partition: 0, offset: 0, timestamp_ms, key, value };
        let outcome = self.decoder.decode(&record);
        if self.only_named && is_without_its_value(&outcome) {
            return Live::Nothing("it has not the field that is named");
        }
        settle(outcome, &mut self.clock, &mut self.last)
    }

    /// Reads a row of a table with these columns; `timestamp_ms` is when it came.
    pub fn decode_row<'d>(
        &'d mut self,
        columns: &[String],
        row: impl Iterator<Item = &'d str>,
        timestamp_ms: Option<i64>,
    ) -> Live<'d> {
        let outcome = self.decoder.decode_row(columns, row, timestamp_ms);
        settle(outcome, &mut self.clock, &mut self.last)
    }
}

/// Whether there is no field of the name that the value's was given.
fn is_without_its_value(outcome: &Outcome<'_>) -> bool {
    matches!(outcome, Outcome::Puzzle(ErrorKind::MissingColumn { flag: "--value-column", .. }))
}

fn settle<'d>(outcome: Outcome<'d>, clock: &mut Clock, last: &mut HashMap<Box<[u8]>, Millis>) -> Live<'d> {
    let Found { meter, column, when, value, is_hour } = match outcome {
        Outcome::Found(found) => found,
        Outcome::Tombstone => return Live::Nothing("no value: its key was deleted"),
        Outcome::Bad(what) => return Live::Poison(what),
        // No waiting gives it a zone.
        Outcome::Puzzle(kind) | Outcome::Stop(kind @ ErrorKind::NoZone(_)) => {
            return Live::Poison(kind.to_string());
        }
        Outcome::Stop(kind) => return Live::NotNow(kind.to_string()),
    };
    let number = match value {
        Value::Number(number) if number.is_finite() => Number::Finite(number),
        Value::Number(_) => Number::NotFinite,
        Value::Text(text) => number::parse(text.as_bytes()),
        Value::None => Number::Missing,
    };
    let value = match number {
        Number::Finite(number) => number * column.factor,
        Number::Missing => return Live::Nothing("no value"),
        Number::NotFinite => return Live::Poison(format!("`{}` is not a finite number", column.name)),
        Number::Bad => return Live::Poison(format!("`{}` is not a number", column.name)),
    };
    let at_ms = match when {
        When::At(at) => at,
        When::Text(text) => {
            let previous = last.get(&*meter).copied();
            match clock.instant(text.as_bytes(), previous, false) {
                Ok(at) => {
                    if last.len() < MOST_METERS || previous.is_some() {
                        last.insert(meter.as_ref().into(), at);
                    }
                    at
                }
                Err(TimeError::Skipped) => {
                    let text = show(text.as_bytes());
                    return Live::Poison(format!(
                        "{text} does not exist there: the clocks went forward over it"
                    ));
                }
                Err(TimeError::NoZone) => {
                    return Live::Poison(format!(
                        "`{}` has no offset (Z, +01:00), and no time zone is given",
                        show(text.as_bytes())
                    ));
                }
                Err(TimeError::Unreadable) => {
                    return Live::Poison(format!("`{}` is not a time", show(text.as_bytes())));
                }
            }
        }
    };
    checked(LiveSample { meter, at_ms, value, kind: column.kind, is_hour })
}

/// The sample, if a home can have given it.
pub(crate) fn checked(sample: LiveSample<'_>) -> Live<'_> {
    let value = sample.value;
    // A register may stand higher than what is used between two rows.
    let most = if sample.kind == Kind::Register { 1e3 * Reading::MAX_WH } else { Reading::MAX_WH };
    if !(-most..=most).contains(&value) {
        return Live::Poison(format!("{value} is more than a home can use"));
    }
    if !PLAUSIBLE_TIMES.contains(&sample.at_ms) {
        return Live::Poison("a time before 1970 or after 2199".to_owned());
    }
    Live::Sample(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoder(zone: &str, options: &Options) -> LiveDecoder {
        let calendar = knowatt_score::Calendar::new(zone, knowatt_score::DayClasses::None).unwrap();
        LiveDecoder::new(options, calendar.zone().clone()).unwrap()
    }

    fn told(live: Live<'_>) -> String {
        match live {
            Live::Sample(LiveSample { meter, at_ms, value, kind, is_hour }) => {
                let meter = String::from_utf8_lossy(&meter).into_owned();
                let at = jiff::Timestamp::from_millisecond(at_ms).unwrap();
                format!("{meter}|{at}|{value}|{kind}{}", if is_hour { "|hour" } else { "" })
            }
            Live::Nothing(why) => format!("nothing: {why}"),
            Live::Poison(why) => format!("poison: {why}"),
            Live::NotNow(why) => format!("not now: {why}"),
        }
    }

    #[test]
    fn a_record_is_a_sample_or_says_why_not() {
        let mut decoder = decoder("Europe/Paris", &Options::default());
        let mut said = |value: &str| {
            let timestamp_ms = Some(1_706_720_400_500); // 18:00 in Paris
            told(decoder.decode(&LiveRecord {
                timestamp_ms,
                key: Some(b"key"),
                value: Some(value.as_bytes()),
            }))
        };
        assert_eq!(said(r#"{"hour":18,"kwh":0.4}"#), "key|2024-01-31T17:00:00Z|400|energy per interval|hour");
        assert_eq!(said(r#"{"ts":"2024-01-31T18:30:00+01:00","w":5}"#), "key|2024-01-31T17:30:00Z|5|power");
        assert_eq!(said(r#"{"w":null}"#), "nothing: no value");
        assert_eq!(said(r#"{"w":"NaN"}"#), "poison: `w` is not a finite number");
        assert_eq!(said(r#"{"w":"many"}"#), "poison: `w` is not a number");
        assert_eq!(said(r#"{"w":1e12}"#), "poison: 1000000000000 is more than a home can use");
        assert!(
            said(r#"{"ts":"2024-03-31 02:30","w":5}"#).starts_with("poison: 2024-03-31 02:30 does not exist")
        );
        assert!(said("{").starts_with("poison: "));
    }

    #[test]
    fn where_fields_are_named_no_other_is_guessed() {
        let options = Options {
            value_column: Some("ENERGY.Total".to_owned()),
            unit: Some(crate::Unit::Wmin),
            only_named: true,
            ..Options::default()
        };
        let mut decoder = decoder("Europe/Paris", &options);
        let mut said = |value: &str| {
            let record =
                LiveRecord { timestamp_ms: Some(1_706_720_400_500), key: Some(b"plug"), value: None };
            told(decoder.decode(&LiveRecord { value: Some(value.as_bytes()), ..record }))
        };
        assert_eq!(
            said(r#"{"meter":"a","ts":5,"hour":3,"ENERGY":{"Total":120}}"#),
            "plug|2024-01-31T17:00:00.5Z|2|energy per interval"
        );
        assert_eq!(
            said(r#"{"DS18B20":{"Temperature":20.4}}"#),
            "nothing: it has not the field that is named"
        );
        assert_eq!(said(r#"{"ENERGY":{"Total":true}}"#), "poison: `ENERGY.Total` is not a number");
        assert!(said("ON").starts_with("poison: `ON` is not JSON"));
    }

    #[test]
    fn without_a_zone_a_time_needs_an_offset() {
        let mut decoder = decoder("Etc/UTC", &Options::default()).without_zone();
        let mut said = |value: &str| {
            let record = LiveRecord { timestamp_ms: Some(0), key: None, value: Some(value.as_bytes()) };
            told(decoder.decode(&record))
        };
        assert_eq!(said(r#"{"ts":"2024-01-31T18:30:00+01:00","w":5}"#), "|2024-01-31T17:30:00Z|5|power");
        assert_eq!(
            said(r#"{"ts":"2024-01-31T18:30:00","w":5}"#),
            "poison: `2024-01-31T18:30:00` has no offset (Z, +01:00), and no time zone is given"
        );
        assert!(said(r#"{"hour":18,"kwh":0.4}"#).starts_with("poison: "));
    }

    #[test]
    fn a_repeated_wall_clock_hour_is_told_apart_meter_by_meter() {
        let mut decoder = decoder("Europe/Paris", &Options::default());
        let columns = ["meter", "time", "w"].map(str::to_owned);
        let mut at = |meter, time| told(decoder.decode_row(&columns, [meter, time, "1"].into_iter(), None));
        assert_eq!(at("a", "2024-10-27 02:50"), "a|2024-10-27T00:50:00Z|1|power");
        assert_eq!(at("b", "2024-10-27 02:10"), "b|2024-10-27T00:10:00Z|1|power");
        assert_eq!(at("a", "2024-10-27 02:10"), "a|2024-10-27T01:10:00Z|1|power");
    }
}
