//! SolarEdge monitoring API: what its web service answers, saved as JSON.
//!
//! Source: SolarEdge, *Monitoring Server API* (2022): `energy` and `power` of a site, `energyDetails` and
//! `powerDetails` by meter, and `meterEnergyDetails`, the meters' counters.
//!
//! - **Meters**: `Consumption` is what the home used and is read; without it `Purchased`, what it took from the grid.
//!   `FeedIn` is export, and the others are other quantities; but each can be asked for by its name as the meter. The net is
//!   `Purchased` less `FeedIn`, of the meter `Purchased`.
//! - A plain `energy` or `power` names no meter: it is what the *plant produced*, which is said.
//! - **Time** is the start of the interval, `2024-10-01 00:00:00` on the site's wall clock, or with an offset behind it
//!   (`2024-10-01 00:00:00 CEST+0200`).
//! - **Unit** is the answer's: Wh, kWh, MWh, W, kW, MW. `null` is no value.
//!
//! In the ledger a value's line is its number, from 1, as such answers have no lines. Limits: [`MAX_BYTES`] and
//! [`MAX_VALUES`] (a year of quarter hours of five meters is 12 MB); nesting as deep as `serde_json` goes, 128.

use std::{
    fmt,
    io::{BufReader, Read},
    marker::PhantomData,
};

use jiff::{civil::DateTime, tz::Offset};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};

use super::{
    Format,
    sink::{self, Series, Sink, broken},
};
use crate::{
    clock::{HOUR_MS, MINUTE_MS, Millis},
    error::{Error, ErrorKind},
    input::Input,
    ledger::Rule,
    message::show,
    unit::{Flow, Kind},
};

pub(super) const FORMAT: Format = Format {
    name: "solaredge",
    about: "SolarEdge",
    is_fixed_table: false,
    detect: |head| detect(head.bytes()),
    read: |input, options, intake| {
        let asked = intake.chosen().map(|meter| String::from_utf8_lossy(meter).into_owned());
        sink::read_into(intake, input, |input, sink| read(input, asked.as_deref(), options.net, sink))
    },
};

const WHAT: &str = "SolarEdge answer";
/// The longest answer that is read.
pub(crate) const MAX_BYTES: u64 = 64 << 20;
/// The most values of a meter.
pub(crate) const MAX_VALUES: usize = 4_000_000;
const MAX_METERS: usize = 100;
const PURCHASED: &str = "Purchased";
const FEED_IN: &str = "FeedIn";

/// Whether it is such an answer.
pub(crate) fn detect(head: &[u8]) -> bool {
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    let roots: [&[u8]; 5] =
        [b"\"energy\"", b"\"power\"", b"\"energyDetails\"", b"\"powerDetails\"", b"\"meterEnergyDetails\""];
    head.trim_ascii_start().starts_with(b"{")
        && has(b"\"timeUnit\"")
        && has(b"\"values\"")
        && roots.into_iter().any(has)
}

/// Reads an answer, of it the meter asked for if one is, and says in a line what it holds.
pub(crate) fn read(
    input: Input,
    asked: Option<&str>,
    net: bool,
    sink: &mut dyn Sink,
) -> Result<String, Error> {
    let Input { name, reader, .. } = input;
    let mut limited = BufReader::new(reader).take(MAX_BYTES);
    let parsed = serde_json::from_reader::<_, Answer>(&mut limited);
    let answer = parsed.map_err(|error| {
        if limited.limit() == 0 {
            return broken(&name, WHAT, format!("it is longer than {} MiB", MAX_BYTES >> 20));
        }
        if error.is_io() {
            return Error::new(&name, ErrorKind::Io(error.into()));
        }
        let line = error.line() as u64;
        broken(&name, WHAT, error.to_string()).at(line)
    })?;
    let tables = [
        (answer.energy, Kind::Energy),
        (answer.energy_details, Kind::Energy),
        (answer.meter_energy_details, Kind::Register),
        (answer.power, Kind::Power),
        (answer.power_details, Kind::Power),
    ];
    // Energy goes before power, as it need not be averaged.
    let table = tables.into_iter().find_map(|(table, kind)| Some((table?, kind)));
    let (table, kind) = table.ok_or_else(|| broken(&name, WHAT, "it holds neither energy nor power"))?;
    let unit = table.unit.as_deref().unwrap_or(if kind == Kind::Power { "W" } else { "Wh" });
    let factor = factor(unit, kind).ok_or_else(|| broken(&name, WHAT, format!("its unit is `{unit}`")))?;
    let cadence = table.time_unit.as_deref().and_then(cadence).filter(|_| kind != Kind::Register);
    let mut values = Values { next: 1, kind, cadence, factor, sink };
    let interval = table.time_unit.as_deref().unwrap_or("unknown interval").to_lowercase().replace('_', " ");
    if table.meters.0.is_empty() {
        values.hand_over(b"", Flow::Taken, &table.values.0)?;
        let what = if kind == Kind::Power { "power" } else { "energy" };
        return Ok(format!(
            "{what} by the {interval} in {unit}: with SolarEdge that is what the plant produced, not what the home used"
        ));
    }
    let of_name = |name: &str| table.meters.0.iter().any(|meter| meter.name().eq_ignore_ascii_case(name));
    let net = net && of_name(PURCHASED) && of_name(FEED_IN);
    let net = net && asked.is_none_or(|asked| asked.eq_ignore_ascii_case(PURCHASED));
    let chosen = chosen(&table.meters.0, asked.or(net.then_some(PURCHASED)));
    for meter in &table.meters.0 {
        let name = meter.name();
        if let (true, Some(chosen)) = (net && name.eq_ignore_ascii_case(FEED_IN), chosen) {
            values.hand_over(chosen.as_bytes(), Flow::Given, &meter.values.0)?;
        } else if asked.is_some() || Some(name) == chosen {
            values.hand_over(name.as_bytes(), Flow::Taken, &meter.values.0)?;
        } else {
            values.leave_out(name, meter.values.0.len());
        }
    }
    let what = match chosen {
        Some(_) if net => "what was taken from the grid less what was given to it (Purchased, FeedIn)",
        Some(chosen) => meaning(chosen),
        None => "no meter of what the home used",
    };
    let names: Vec<String> = table.meters.0.iter().map(|meter| show(meter.name().as_bytes())).collect();
    Ok(format!("{what} by the {interval} in {unit}, of the meters {}", names.join(", ")))
}

/// The meter that tells what the home used, or the one asked for.
fn chosen<'a>(meters: &'a [Meter], asked: Option<&str>) -> Option<&'a str> {
    let of_name = |name: &str| meters.iter().map(Meter::name).find(|meter| meter.eq_ignore_ascii_case(name));
    match asked {
        Some(asked) => of_name(asked),
        None => of_name("Consumption").or_else(|| of_name(PURCHASED)),
    }
}

fn meaning(meter: &str) -> &'static str {
    match meter.to_lowercase().as_str() {
        "consumption" => "what the home used (Consumption)",
        "purchased" => "what was taken from the grid (Purchased)",
        "production" => "what the plant produced (Production)",
        "feedin" => "what was given to the grid (FeedIn)",
        "selfconsumption" => "what was used of the plant's own (SelfConsumption)",
        _ => "the meter asked for",
    }
}

fn factor(unit: &str, kind: Kind) -> Option<f64> {
    let scale = match (kind == Kind::Power, unit.to_lowercase().as_str()) {
        (false, "wh") | (true, "w") => 1.0,
        (false, "kwh") | (true, "kw") => 1e3,
        (false, "mwh") | (true, "mw") => 1e6,
        _ => return None,
    };
    Some(scale)
}

fn cadence(time_unit: &str) -> Option<Millis> {
    let days = match time_unit {
        "QUARTER_OF_AN_HOUR" => return Some(15 * MINUTE_MS),
        "HOUR" => return Some(HOUR_MS),
        "DAY" => 1,
        "WEEK" => 7,
        "MONTH" => 30,
        "YEAR" => 365,
        _ => return None,
    };
    Some(days * 24 * HOUR_MS)
}

/// Hands values over, each with its number.
struct Values<'s> {
    next: u64,
    kind: Kind,
    cadence: Option<Millis>,
    factor: f64,
    sink: &'s mut dyn Sink,
}

impl Values<'_> {
    fn hand_over(&mut self, meter: &[u8], flow: Flow, values: &[Value]) -> Result<(), Error> {
        let Self { kind, factor, cadence, .. } = *self;
        let series = Series { meter, register: b"", flow, kind, kind_given: true, factor, cadence };
        for (number, value) in (self.next..).zip(values) {
            match (value.at, value.value) {
                (When::Unreadable, _) => {
                    let what = || "its date is not like 2024-10-01 00:00:00; left out".to_owned();
                    self.sink.bad_row(number, &what);
                }
                (When::Instant(at), Some(value)) => {
                    self.sink.reading(series, number, at, value * self.factor)?;
                }
                (When::Instant(at), None) => {
                    self.sink.missing(series, number, at, &|| "no value (`null`); left out".to_owned())?;
                }
                (When::Wall(second), value) => {
                    let time = wall(second);
                    let value = value.map_or_else(|| "null".to_owned(), |value| value.to_string());
                    self.sink.text(series, number, time.as_bytes(), value.as_bytes())?;
                }
            }
        }
        self.next += values.len() as u64;
        Ok(())
    }

    fn leave_out(&mut self, meter: &str, count: usize) {
        let is_export = meter.eq_ignore_ascii_case(FEED_IN);
        let rule = if is_export { Rule::Export } else { Rule::OtherQuantity };
        for number in (self.next..).take(count) {
            self.sink
                .ignored(rule, number, &|| format!("of the meter `{}`; left out", show(meter.as_bytes())));
        }
        self.next += count as u64;
    }
}

/// What the service answers: one of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    energy: Option<Table>,
    power: Option<Table>,
    energy_details: Option<Table>,
    power_details: Option<Table>,
    meter_energy_details: Option<Table>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Table {
    time_unit: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    values: Bounded<Value, MAX_VALUES>,
    #[serde(default)]
    meters: Bounded<Meter, MAX_METERS>,
}

#[derive(Deserialize)]
struct Meter {
    #[serde(rename = "type", alias = "meterType")]
    meter_type: Option<String>,
    #[serde(default)]
    values: Bounded<Value, MAX_VALUES>,
}

impl Meter {
    fn name(&self) -> &str {
        self.meter_type.as_deref().unwrap_or_default()
    }
}

/// A value, in three words.
struct Value {
    at: When,
    value: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum When {
    /// Milliseconds since 1970.
    Instant(Millis),
    /// Seconds since 1970 on the wall clock, which knows no offset.
    Wall(i64),
    Unreadable,
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            date: String,
            value: Option<f64>,
        }
        let written = Written::deserialize(deserializer)?;
        Ok(Self { at: when(&written.date), value: written.value })
    }
}

/// `2024-10-01 00:00:00`, perhaps followed by a zone's letters and an offset.
fn when(text: &str) -> When {
    let parse = || {
        let (wall, zone) = text.trim().split_at_checked(19)?;
        let wall: DateTime = wall.parse().ok()?;
        let zone = zone.trim().trim_start_matches(|letter: char| letter.is_ascii_alphabetic());
        let utc = Offset::UTC.to_timestamp(wall).ok()?;
        if zone.is_empty() {
            return Some(When::Wall(utc.as_second()));
        }
        let (sign, digits) = match zone.split_at_checked(1)? {
            ("+", digits) => (1, digits.replace(':', "")),
            ("-", digits) => (-1, digits.replace(':', "")),
            _ => return None,
        };
        let (hours, minutes) = digits.split_at_checked(2).filter(|(_, minutes)| minutes.len() == 2)?;
        let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
        let ahead = sign * (hours * HOUR_MS + minutes * MINUTE_MS);
        Some(When::Instant(utc.as_millisecond() - ahead))
    };
    parse().unwrap_or(When::Unreadable)
}

/// The wall-clock time of [`When::Wall`].
fn wall(second: i64) -> String {
    let at = jiff::Timestamp::from_second(second).unwrap_or_default();
    Offset::UTC.to_datetime(at).to_string()
}

/// A list of at most so many.
struct Bounded<T, const MOST: usize>(Vec<T>);

impl<T, const MOST: usize> Default for Bounded<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for Bounded<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for List<T, MOST> {
            type Value = Bounded<T, MOST>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {MOST}")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(element) = sequence.next_element()? {
                    if list.len() == MOST {
                        return Err(A::Error::invalid_length(MOST + 1, &self));
                    }
                    list.push(element);
                }
                Ok(Bounded(list))
            }
        }
        deserializer.deserialize_seq(List(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sink::Found, *};

    fn found(text: &str, asked: Option<&str>) -> (Result<String, Error>, Vec<String>) {
        let mut found = Found::default();
        let input =
            Input::from_reader("answer.json", std::io::Cursor::new(text.as_bytes().to_vec())).unwrap();
        (read(input, asked, false, &mut found), found.0)
    }

    const ENERGY: &str = r#"{"energy":{"timeUnit":"HOUR","unit":"Wh","values":[
        {"date":"2024-10-27 02:00:00 CEST+0200","value":8.5},
        {"date":"2024-10-27 02:00:00 CET+0100","value":null},
        {"date":"2024-10-27 03:00:00","value":3},
        {"date":"2024-10-27 04:00:00"},
        {"date":"today","value":3}]}}"#;

    const DETAILS: &str = r#"{"energyDetails":{"meters":[
        {"type":"FeedIn","values":[{"date":"2024-10-01 00:00:00","value":1.0}]},
        {"type":"Purchased","values":[{"date":"2024-10-01 00:00:00","value":2.0}]},
        {"type":"Consumption","values":[{"date":"2024-10-01 00:00:00","value":3.0}]},
        {"type":"Production","values":[{"date":"2024-10-01 00:00:00","value":4.0}]}],
        "unit":"kWh","timeUnit":"QUARTER_OF_AN_HOUR"}}"#;

    #[test]
    fn plain_energy_is_what_the_plant_produced_and_that_is_said() {
        let (what, found) = found(ENERGY, None);
        let expected = "energy by the hour in Wh: with SolarEdge that is what the plant produced, not what the home used";
        assert_eq!(what.unwrap(), expected);
        let expected = [
            "1 / energy 3600s 2024-10-27T00:00:00Z = 8.5",
            "2 / energy 3600s 2024-10-27T01:00:00Z missing: no value (`null`); left out",
            "3 / energy 3600s 2024-10-27T03:00:00 = 3 * 1",
            "4 / energy 3600s 2024-10-27T04:00:00 = null * 1",
            "5 bad-row: its date is not like 2024-10-01 00:00:00; left out",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn of_several_meters_what_the_home_used_is_read() {
        let (what, found) = found(DETAILS, None);
        assert!(
            what.unwrap().starts_with("what the home used (Consumption) by the quarter of an hour in kWh")
        );
        let expected = [
            "1 export: of the meter `FeedIn`; left out",
            "2 other-quantity: of the meter `Purchased`; left out",
            "3 Consumption/ energy 900s 2024-10-01T00:00:00 = 3 * 1000",
            "4 other-quantity: of the meter `Production`; left out",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_meter_can_be_asked_for() {
        let (what, found) = found(DETAILS, Some("Production"));
        assert!(what.unwrap().starts_with("what the plant produced (Production)"));
        assert_eq!(found[3], "4 Production/ energy 900s 2024-10-01T00:00:00 = 4 * 1000");
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn power_and_counters_are_told_apart() {
        let power = r#"{"power":{"timeUnit":"QUARTER_OF_AN_HOUR","unit":"W","values":[{"date":"2024-10-01 00:00:00 UTC+0000","value":7}]}}"#;
        assert_eq!(found(power, None).1, ["1 / power 900s 2024-10-01T00:00:00Z = 7"]);
        let counters = r#"{"meterEnergyDetails":{"timeUnit":"HOUR","unit":"Wh","meters":[
            {"meterSerialNumber":"1","meterType":"Consumption","values":[{"date":"2024-10-01 00:00:16","value":1.5E7}]}]}}"#;
        let (_, found) = found(counters, None);
        assert_eq!(found, ["1 Consumption/ register 2024-10-01T00:00:16 = 15000000 * 1"]);
    }

    #[test]
    fn broken_answers_are_errors_with_their_line() {
        let deep = format!("{{\"energy\":{}", "[".repeat(1 << 20));
        let deep_elsewhere = format!("{{\"other\":{}", "[".repeat(1 << 20));
        let meters = format!("{{\"energy\":{{\"meters\":[{}{{}}]}}}}", "{},".repeat(100));
        let cut = &ENERGY[..300];
        for text in
            [cut, "{}", "[]", "", &deep, &deep_elsewhere, &meters, r#"{"energy":{"unit":"EUR","values":[]}}"#]
        {
            let error = found(text, None).0.unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Broken { .. }), "{error}");
        }
        assert_eq!(found(cut, None).0.unwrap_err().line(), Some(cut.lines().count() as u64));
    }

    #[test]
    fn it_is_known_by_its_names() {
        assert!(detect(ENERGY.as_bytes()) && detect(DETAILS.as_bytes()));
        assert!(!detect(br#"{"time":"2024-10-01","energy":1}"#));
    }
}
