//! What one record says: a meter, a time and a value, or why not.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::{
    AvroError, Record, avro,
    avro_schema::Schema,
    fields::Shape,
    layout::Layout,
    leaf::Leaf,
    schemas::Schemas,
    time::{self, LatestHour},
    values::{Unread, Values},
};
use crate::{clock::Millis, error::ErrorKind, message::show, moment, options::Options, series::Column};

/// The longest key that is taken for a meter's name, in bytes.
const MAX_KEY_BYTES: usize = 64;

/// What became of a record.
#[derive(Debug)]
pub(crate) enum Outcome<'d> {
    /// A reading.
    Found(Found<'d>),
    /// No value: the key was deleted.
    Tombstone,
    /// It cannot be read.
    Bad(String),
    /// It can be read, but not which field is what: the user has to say.
    Puzzle(ErrorKind),
    /// No record can be read.
    Stop(ErrorKind),
}

/// A reading as it stands in a record.
#[derive(Debug, PartialEq)]
pub(crate) struct Found<'d> {
    /// Empty where none is named.
    pub(crate) meter: Cow<'d, [u8]>,
    pub(crate) column: &'d Column,
    pub(crate) when: When<'d>,
    pub(crate) value: Value<'d>,
    /// Whether there is an hour of the day and no time.
    pub(crate) is_hour: bool,
}

/// A time, as an instant or as text that is still to be read.
#[derive(Debug, PartialEq)]
pub(crate) enum When<'d> {
    At(Millis),
    Text(Cow<'d, str>),
}

/// A value, likewise.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'d> {
    Number(f64),
    Text(&'d str),
    None,
}

/// Reads one record after the other.
pub(crate) struct Decoder {
    options: Options,
    values: Values,
    /// None where the zone of the home is not known.
    latest_hour: Option<LatestHour>,
    /// The shape last understood, which the next record most likely has too.
    known: Option<(Shape, Layout)>,
    /// How the first record that was understood was.
    told: Option<String>,
}

/// Why a record has no time.
enum Untimed {
    Bad(String),
    /// A time on the wall, and nobody said where.
    NoZone(String),
}

impl Decoder {
    /// A decoder for hours of this zone.
    pub(crate) fn new(options: Options, schemas: Schemas, zone: Option<TimeZone>) -> Self {
        let latest_hour = zone.map(LatestHour::new);
        Self { options, values: Values::new(schemas), latest_hour, known: None, told: None }
    }

    /// From now on the zone of the home is not known.
    pub(crate) fn forget_zone(&mut self) {
        self.latest_hour = None;
    }

    /// The schemas, for the next input.
    pub(crate) fn into_schemas(self) -> Schemas {
        self.values.schemas
    }

    /// How the first record that was understood was, for the user.
    pub(crate) fn told(&self) -> Option<String> {
        self.told.clone()
    }

    /// Reads a record.
    pub(crate) fn decode<'d>(&'d mut self, record: &Record<'d>) -> Outcome<'d> {
        let Some(value) = record.value else { return Outcome::Tombstone };
        match self.values.lay_flat(value) {
            Ok(()) => self.find(record.timestamp_ms, record.key),
            Err(Unread::Tombstone) => Outcome::Tombstone,
            Err(Unread::Bad(what)) => Outcome::Bad(what),
            Err(Unread::Puzzle(kind)) => Outcome::Puzzle(kind),
            Err(Unread::Stop(kind)) => Outcome::Stop(kind),
        }
    }

    /// Reads the Avro value at the start of `data`; gives what follows it too.
    pub(crate) fn decode_avro<'d, 'a>(
        &'d mut self,
        schema: &Schema,
        data: &'a [u8],
    ) -> Result<(&'a [u8], Outcome<'d>), AvroError> {
        let rest = avro::read_next(schema, data, &mut self.values.fields)?;
        Ok((rest, self.find(None, None)))
    }

    /// Reads a row of a table.
    pub(crate) fn decode_row<'d>(
        &'d mut self,
        columns: &[String],
        row: impl Iterator<Item = &'d str>,
        timestamp_ms: Option<Millis>,
    ) -> Outcome<'d> {
        self.values.fields.clear();
        for (column, field) in columns.iter().zip(row) {
            let entered = self.values.fields.enter(column);
            if self.values.fields.take_text(field).is_err() {
                return Outcome::Bad("too many fields".to_owned());
            }
            self.values.fields.leave(entered);
        }
        self.find(timestamp_ms, None)
    }

    /// What the fields that were laid flat say.
    fn find<'d>(&'d mut self, timestamp: Option<Millis>, key: Option<&'d [u8]>) -> Outcome<'d> {
        if !self.values.fields.is_known()
            && self.known.as_ref().is_none_or(|(shape, _)| shape != self.values.fields.shape())
        {
            match Layout::new(self.values.fields.shape(), &self.options) {
                Ok(layout) => {
                    let told = || layout.told(self.values.fields.shape()).to_string();
                    self.told.get_or_insert_with(told);
                    self.known = Some((self.values.fields.shape().clone(), layout));
                }
                Err(kind) => return Outcome::Puzzle(kind),
            }
        }
        self.values.fields.know_shape();
        let Some((_, layout)) = &self.known else { return Outcome::Bad(String::new()) };
        let value = match self.values.fields.leaf(layout.value) {
            Leaf::Integer(number) => Value::Number(*number as f64),
            Leaf::Number(number) => Value::Number(*number),
            Leaf::Text(range) => Value::Text(self.values.fields.text(range)),
            Leaf::Null => Value::None,
            Leaf::Instant(_) | Leaf::Other => {
                let path = show(self.values.fields.shape().path(layout.value).as_bytes());
                return Outcome::Bad(format!("`{path}` is not a number"));
            }
        };
        let meter = match layout.meter.map(|at| self.values.fields.leaf(at)) {
            Some(Leaf::Text(range)) => Cow::Borrowed(self.values.fields.text(range).trim().as_bytes()),
            Some(Leaf::Integer(number)) => Cow::Owned(number.to_string().into_bytes()),
            Some(Leaf::Number(number)) => Cow::Owned(number.to_string().into_bytes()),
            _ => key.map_or(Cow::Borrowed(&b""[..]), name_of_key),
        };
        match self.when(layout, timestamp) {
            Ok(when) => {
                let is_hour = layout.time.is_none() && layout.hour.is_some();
                Outcome::Found(Found { meter, column: &layout.column, when, value, is_hour })
            }
            Err(Untimed::NoZone(time)) => Outcome::Stop(ErrorKind::NoZone(time)),
            Err(Untimed::Bad(what)) => Outcome::Bad(what),
        }
    }

    fn when(&self, layout: &Layout, timestamp: Option<Millis>) -> Result<When<'_>, Untimed> {
        let hour = || layout.hour.map(|at| self.hour(at));
        let Some(at) = layout.time else {
            return match (hour(), timestamp.filter(|at| *at >= 0)) {
                (Some(hour), timestamp) => self.latest_hour(hour?, timestamp),
                (None, Some(timestamp)) => Ok(When::At(timestamp)),
                (None, None) => Err(Untimed::Bad("neither a time nor a timestamp".to_owned())),
            };
        };
        let no_time = |text: &str| {
            let path = show(self.values.fields.shape().path(at).as_bytes());
            Untimed::Bad(format!("`{}` in `{path}` is not a time", show(text.as_bytes())))
        };
        match self.values.fields.leaf(at) {
            Leaf::Instant(at) => Ok(When::At(*at)),
            Leaf::Integer(number) => {
                time::since_1970(*number).map(When::At).ok_or_else(|| no_time(&number.to_string()))
            }
            Leaf::Number(number) => {
                time::since_1970_fraction(*number).map(When::At).ok_or_else(|| no_time(&number.to_string()))
            }
            Leaf::Text(range) => {
                let text = self.values.fields.text(range).trim();
                // As a whole number where it is one: a double has not the digits of nanoseconds.
                let whole = text.parse().ok().and_then(time::since_1970);
                let number = whole.or_else(|| text.parse().ok().and_then(time::since_1970_fraction));
                match (number, hour()) {
                    (Some(at), _) => Ok(When::At(at)),
                    (None, Some(hour)) if moment::is_date(text.as_bytes()) => {
                        Ok(When::Text(format!("{text}T{:02}:00", hour?).into()))
                    }
                    _ => Ok(When::Text(text.into())),
                }
            }
            Leaf::Null => Err(no_time("null")),
            Leaf::Other => Err(no_time("…")),
        }
    }

    /// The latest hour of that number before the record was made.
    fn latest_hour(&self, hour: i8, timestamp: Option<Millis>) -> Result<When<'_>, Untimed> {
        let timestamp = timestamp
            .ok_or_else(|| Untimed::Bad("an hour, but no timestamp that tells its day".to_owned()))?;
        let latest = self.latest_hour.as_ref().ok_or_else(|| Untimed::NoZone(format!("hour {hour}")))?;
        let at = latest.find(hour, timestamp);
        at.map(When::At).ok_or_else(|| Untimed::Bad(format!("no hour {hour} before {timestamp}")))
    }

    fn hour(&self, at: usize) -> Result<i8, Untimed> {
        let found = match self.values.fields.leaf(at) {
            Leaf::Integer(number) => i8::try_from(*number).ok(),
            Leaf::Number(number) => (0..24).find(|hour| f64::from(*hour) == *number),
            Leaf::Text(range) => self.values.fields.text(range).trim().parse().ok(),
            _ => None,
        };
        let hour = found.filter(|hour| (0..24).contains(hour));
        hour.ok_or_else(|| {
            let path = show(self.values.fields.shape().path(at).as_bytes());
            Untimed::Bad(format!("`{path}` is not an hour from 0 to 23"))
        })
    }
}

/// A key as a meter's name, if it is a short text; without the quotation marks that JSON puts around it.
fn name_of_key(key: &[u8]) -> Cow<'_, [u8]> {
    // As most keys are; what follows takes three times as long.
    if key.len() <= MAX_KEY_BYTES && key.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'"') {
        return Cow::Borrowed(key);
    }
    let text = std::str::from_utf8(key).unwrap_or_default().trim();
    let text = match text.strip_prefix('"') {
        Some(_) => serde_json::from_str::<String>(text).map_or(Cow::Borrowed(text), Cow::Owned),
        None => Cow::Borrowed(text),
    };
    if text.len() > MAX_KEY_BYTES || text.chars().any(char::is_control) {
        return Cow::Borrowed(b"");
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{record::avro::tests as encode, unit::Unit};

    fn zone() -> TimeZone {
        knowatt_score::Calendar::new("Europe/Paris", knowatt_score::DayClasses::default())
            .unwrap()
            .zone()
            .clone()
    }

    /// What a record says, in a line.
    fn said_with(schemas: Schemas, options: &Options, key: Option<&[u8]>, value: Option<&[u8]>) -> String {
        let mut decoder = Decoder::new(options.clone(), schemas, Some(zone()));
        let timestamp_ms = Some(1_706_720_400_500); // 2024-01-31T17:00:00.5Z, 18:00 in Paris
        let record = Record { partition: 0, offset: 0, timestamp_ms, key, value };
        match decoder.decode(&record) {
            Outcome::Found(Found { meter, column: Column { kind, factor, .. }, when, value, .. }) => {
                let meter = String::from_utf8_lossy(&meter).into_owned();
                let value = match value {
                    Value::Number(number) => format!("{}", number * factor),
                    Value::Text(text) => format!("{text:?}*{factor}"),
                    Value::None => "none".to_owned(),
                };
                let when = match when {
                    When::At(at) => jiff::Timestamp::from_millisecond(at).unwrap().to_string(),
                    When::Text(text) => text.into_owned(),
                };
                format!("{meter}|{when}|{value}|{kind}")
            }
            Outcome::Tombstone => "tombstone".to_owned(),
            Outcome::Bad(what) => format!("bad: {what}"),
            Outcome::Puzzle(kind) => format!("puzzle: {kind}"),
            Outcome::Stop(kind) => format!("stop: {kind}"),
        }
    }

    fn said(value: &str) -> String {
        said_with(Schemas::None, &Options::default(), Some(b"key"), Some(value.as_bytes()))
    }

    #[test]
    fn the_talks_record_is_the_latest_hour_of_its_number() {
        let expected = "key|2024-01-31T17:00:00Z|400|energy per interval";
        assert_eq!(said(r#"{"hour": 18, "kwh": 0.4}"#), expected);
        assert_eq!(said(r#"{"hour": "18", "kwh": "0.4"}"#), expected.replace("|400|", "|\"0.4\"*1000|"));
        assert_eq!(said(r#"{"hour": 19.0, "wh": 400}"#), "key|2024-01-30T18:00:00Z|400|energy per interval");
        assert_eq!(said(r#"{"hour": 24, "wh": 1}"#), "bad: `hour` is not an hour from 0 to 23");
        assert_eq!(said(r#"{"hour": null, "wh": 1}"#), "bad: `hour` is not an hour from 0 to 23");
        // The talk's field says kWh and holds Wh.
        let wh = Options { unit: Some(Unit::Wh), ..Options::default() };
        let value = br#"{"hour": 18, "kwh": 400}"#;
        assert_eq!(said_with(Schemas::None, &wh, Some(b"key"), Some(value)), expected);
    }

    #[test]
    fn a_time_may_be_text_or_a_number() {
        for (time, expected) in [
            ("1706720400", "2024-01-31T17:00:00Z"),
            ("1706720400000", "2024-01-31T17:00:00Z"),
            ("1706720400000000", "2024-01-31T17:00:00Z"),
            ("1706720400000000000", "2024-01-31T17:00:00Z"),
            ("1706720400.5", "2024-01-31T17:00:00.5Z"),
            ("\"1706720400\"", "2024-01-31T17:00:00Z"),
            ("\"1706720400123456789\"", "2024-01-31T17:00:00.123Z"),
            ("\"2024-01-31T18:00:00+01:00\"", "2024-01-31T18:00:00+01:00"),
            ("\" 2024-01-31 18:00\"", "2024-01-31 18:00"),
        ] {
            let value = format!(r#"{{"ts": {time}, "w": 5}}"#);
            assert_eq!(said(&value), format!("key|{expected}|5|power"), "{time}");
        }
        assert_eq!(said(r#"{"ts": 20240131, "w": 5}"#), "bad: `20240131` in `ts` is not a time");
        assert_eq!(said(r#"{"ts": null, "w": 5}"#), "bad: `null` in `ts` is not a time");
        assert_eq!(said(r#"{"ts": true, "w": 5}"#), "bad: `…` in `ts` is not a time");
        assert_eq!(said(r#"{"date": "2024-01-31", "hour": 7, "w": 5}"#), "key|2024-01-31T07:00|5|power");
    }

    #[test]
    fn the_meter_is_a_field_or_a_short_key() {
        let of = |key: &[u8], value: &str| {
            let said = said_with(Schemas::None, &Options::default(), Some(key), Some(value.as_bytes()));
            said.split('|').next().unwrap_or_default().to_owned()
        };
        assert_eq!(of(b"key", r#"{"meter": "a", "wh": 1}"#), "a");
        assert_eq!(of(b"key", r#"{"meter_id": 7, "wh": 1}"#), "7");
        assert_eq!(of(b"key", r#"{"meter": null, "wh": 1}"#), "key");
        assert_eq!(of(b"\"k\\u0065y\"", r#"{"wh": 1}"#), "key");
        for key in [&b"\0\0\0\0\x01\x06key"[..], b"", b"\xff", &[b'k'; 65]] {
            assert_eq!(of(key, r#"{"wh": 1}"#), "", "{key:?}");
        }
    }

    #[test]
    fn what_is_no_reading_says_why() {
        let with = |value| said_with(Schemas::None, &Options::default(), None, value);
        assert_eq!(with(None), "tombstone");
        assert_eq!(said(" null "), "tombstone");
        assert_eq!(said(""), "bad: an empty value");
        assert!(said("hello").starts_with("bad: `hello` is not JSON"));
        assert!(said("[1]").starts_with("puzzle: no column is known as the value"));
        assert!(said("12").starts_with("puzzle: each value is a bare number"));
        assert_eq!(said(r#"{"wh": true}"#), "bad: `wh` is not a number");
        assert_eq!(said(r#"{"wh": null}"#), "key|2024-01-31T17:00:00.5Z|none|energy per interval");
        assert!(said(&"1".repeat(300_000)).starts_with("bad: a value longer than 256 KiB"));
        let framed = with(Some(b"\0\0\0\0\x07abc"));
        assert!(framed.starts_with("puzzle: ") && framed.contains("schema 7"), "{framed}");
    }

    #[test]
    fn a_bare_number_is_a_value_once_its_unit_is_given() {
        let options = Options { unit: Some(Unit::KW), ..Options::default() };
        let with = |value: &[u8]| said_with(Schemas::None, &options, None, Some(value));
        assert_eq!(with(b"0.5"), "|2024-01-31T17:00:00.5Z|500|power");
        assert_eq!(with(b" 5e-1\n"), with(b"0.5"));
        assert_eq!(with(b"\"0.5\""), "|2024-01-31T17:00:00.5Z|\"0.5\"*1000|power");
        assert_eq!(with(b"unavailable"), "|2024-01-31T17:00:00.5Z|none|power");
    }

    #[test]
    fn avro_is_read_framed_or_plain_and_json_beside_it() {
        let schema = r#"{"type":"record","name":"R","fields":[{"name":"meter","type":"string"},
            {"name":"timestamp","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"wh","type":"double"}]}"#;
        let datum =
            [encode::sized(b"m1"), encode::zigzag(1_706_720_400_000), 200.5_f64.to_le_bytes().to_vec()]
                .concat();
        let framed = [b"\0\0\0\0\x07", datum.as_slice()].concat();
        let with = |value: &[u8]| {
            let schemas = Schemas::One(Schema::parse(schema).unwrap());
            said_with(schemas, &Options::default(), Some(b"key"), Some(value))
        };
        let expected = "m1|2024-01-31T17:00:00Z|200.5|energy per interval";
        assert_eq!(with(&datum), expected);
        assert_eq!(with(&framed), expected);
        assert_eq!(with(br#"{"meter":"m1","timestamp":1706720400000,"wh":200.5}"#), expected);
        assert_eq!(said("\0\0\0\0\u{7}{\"meter\":\"m1\",\"ts\":1706720400,\"wh\":200.5}"), expected);
        assert!(with(&framed[..20]).starts_with("bad: not a value of Avro schema 7: it ends within"));
        assert!(with(&datum[..9]).starts_with("bad: "));
    }
}
