//! What a record says of a meter's hour, and how it is read.
//!
//! The fields are those of [`Anomaly`], as JSON or Avro; of a record like the talk's, which has only some of them, these do:
//!
//! | of | first of | otherwise |
//! |---|---|---|
//! | start of the hour | `timestamp`, `EVENT_TS` | the record's own time |
//! | local hour | `HOUR` | the start's, in the configured zone |
//! | energy in Wh | `wh`, `KWH` (which holds Wh) | unreadable |
//! | score | `score`, `FN` | unreadable |
//! | meter | `meter` | the record's key |
//! | name of the hour | `alert_id`, of at most 32 letters, digits, `-` and `_` | made of meter and start, as `knowatt watch` makes it |

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use knowatt_readings::FieldReader;
use knowatt_stream::anomaly::{Anomaly, AnomalyKind, alert_id};
use serde::{Deserialize, Serialize};

/// The longest text that is taken from a record, in bytes.
const MAX_TEXT_BYTES: usize = 256;

/// The longest `alert_id` that is taken as it is, in bytes: with what is added to it, it still fits into the 64 of a message's key.
const MAX_ID_BYTES: usize = 32;

/// How far ahead of the clock an hour may begin.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// A meter's hour with its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredHour {
    /// The same for all that is said of the hour.
    pub id: String,
    /// The meter's name; empty where none is given.
    pub meter: String,
    /// When the hour begins.
    pub start: Timestamp,
    /// The local hour, 0 to 23.
    pub hour: u8,
    /// Energy in Wh; so far, if the hour has not ended.
    pub wh: f64,
    /// Above 1.0 it is an anomaly.
    pub score: f64,
    /// Whether the hour itself is unusual, or with those before it; or has not ended.
    pub kind: AnomalyKind,
    /// The feature of the largest score.
    pub feature: String,
    /// What is normal at that hour, where it is known.
    pub normal: Option<Normal>,
}

/// What is normal, in Wh.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Normal {
    /// The low edge.
    pub low_wh: f64,
    /// The high edge.
    pub high_wh: f64,
}

/// A record as it comes.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// When it came.
    pub now: Timestamp,
    /// Its own time, in ms since 1970.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Where local hours are, if a record does not tell its own.
    pub zone: Option<&'a TimeZone>,
}

impl ScoredHour {
    /// Whether a person may want to know. What is said of an open hour by the minute is no alert, as it may not stay: an early word is.
    pub fn is_anomaly(&self) -> bool {
        self.score > 1.0 && self.kind != AnomalyKind::Open
    }

    /// Whether the hour has ended.
    pub fn is_final(&self) -> bool {
        matches!(self.kind, AnomalyKind::Level | AnomalyKind::Floor)
    }

    /// How much more energy it is than usual: than the middle of what is normal, in Wh. None where that is not known.
    pub fn extra_wh(&self) -> Option<f64> {
        let Normal { low_wh, high_wh } = self.normal?;
        Some((self.wh - f64::midpoint(low_wh, high_wh)).max(0.0))
    }

    /// Takes what the fields of a record say, or says what it lacks.
    pub fn read(fields: &FieldReader, origin: Origin<'_>) -> Result<Self, String> {
        let time = |name: &str| {
            let instant = fields.integer(name).and_then(|ms| Timestamp::from_millisecond(ms).ok());
            instant.or_else(|| fields.text(name)?.parse().ok())
        };
        let own = || origin.timestamp_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let start = time("timestamp").or_else(|| time("EVENT_TS")).or_else(own);
        let start = start.ok_or("it has no time: `timestamp` or `EVENT_TS`")?;
        if start.duration_since(origin.now) > AHEAD {
            return Err(format!("its time, {start}, is ahead of the clock here"));
        }
        let local = || origin.zone.map(|zone| zone.to_datetime(start).hour().unsigned_abs());
        let hour = match fields.integer("HOUR") {
            Some(hour) => u8::try_from(hour).ok().filter(|hour| *hour < 24),
            None => {
                Some(local().ok_or("it has no `HOUR`, and no time zone is configured (`tz` in [notify])")?)
            }
        };
        let hour = hour.ok_or("its `HOUR` is not one of 0 to 23")?;
        let wh = fields.number("wh").or_else(|| fields.number("KWH")).filter(|wh| *wh >= 0.0);
        let wh = wh.ok_or("it has no energy: `wh`, or `KWH`, in Wh")?;
        let score = fields.number("score").or_else(|| fields.number("FN"));
        let score = score.ok_or("it has no score: `score`, or `FN`")?;
        let key = || origin.key.and_then(|key| std::str::from_utf8(key).ok()).unwrap_or_default();
        let meter = short(fields.text("meter").unwrap_or_else(key));
        let kind = match fields.text("kind") {
            None | Some("level") => AnomalyKind::Level,
            Some("floor") => AnomalyKind::Floor,
            Some("early") => AnomalyKind::Early,
            Some("open") => AnomalyKind::Open,
            Some(other) => return Err(format!("its kind `{}` is none that is known", short(other))),
        };
        let normal = match (fields.number("expected_low_wh"), fields.number("expected_high_wh")) {
            (Some(low_wh), Some(high_wh)) => Some(Normal { low_wh, high_wh }),
            _ => None,
        };
        let made = || alert_id(&meter, start.as_millisecond());
        let id = fields.text("alert_id").filter(|id| is_name(id)).map_or_else(made, ToOwned::to_owned);
        let feature = short(fields.text("feature").unwrap_or("level"));
        Ok(Self { id, meter, start, hour, wh, score, kind, feature, normal })
    }
}

impl From<&Anomaly> for ScoredHour {
    fn from(anomaly: &Anomaly) -> Self {
        Self {
            id: anomaly.alert_id.clone(),
            meter: short(&anomaly.meter),
            start: anomaly.timestamp,
            hour: anomaly.hour,
            wh: anomaly.wh,
            score: anomaly.score,
            kind: anomaly.kind,
            feature: anomaly.feature.clone(),
            normal: Some(Normal { low_wh: anomaly.expected_low_wh, high_wh: anomaly.expected_high_wh }),
        }
    }
}

/// Whether it may name a message at every other side, as a header or in an address.
fn is_name(id: &str) -> bool {
    (1..=MAX_ID_BYTES).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A text from outside: not too long, and without what would move a terminal's cursor or break a header.
fn short(text: &str) -> String {
    let end = (0..=text.len().min(MAX_TEXT_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or_default()]
        .chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use knowatt_readings::Options;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// An hour of 2018-09-08 in Sydney, as the talk's matrix has it, of that score.
    pub(crate) fn at(hour: u8, score: f64) -> ScoredHour {
        let start: Timestamp = "2018-09-07T14:00:00Z".parse().unwrap();
        let start = start + jiff::SignedDuration::from_hours(i64::from(hour));
        let normal = Some(Normal { low_wh: 108.0, high_wh: 363.0 });
        let (meter, feature) = ("home".to_owned(), "level".to_owned());
        let id = alert_id(&meter, start.as_millisecond());
        let kind = AnomalyKind::Level;
        ScoredHour {
            id,
            meter,
            start,
            hour: hour % 24,
            wh: 108.0 + 255.0 * score,
            score,
            kind,
            feature,
            normal,
        }
    }

    fn read(value: &str, zone: Option<&TimeZone>) -> Result<ScoredHour, String> {
        let mut fields = FieldReader::new(&Options::default()).unwrap();
        fields.read(value.as_bytes()).unwrap();
        let now = "2024-01-01T00:00:00Z".parse().unwrap();
        ScoredHour::read(
            &fields,
            Origin { now, timestamp_ms: Some(1_536_343_200_000), key: Some(b"home"), zone },
        )
    }

    #[test]
    fn the_talks_record_is_enough() {
        let hour =
            read(r#"{"EVENT_TS": 1536343200000, "HOUR": 4, "KWH": 1500, "FN": 5.4588}"#, None).unwrap();
        assert_eq!((hour.meter.as_str(), hour.hour, hour.wh, hour.score), ("home", 4, 1500.0, 5.4588));
        assert_eq!((hour.start.to_string().as_str(), hour.is_final()), ("2018-09-07T18:00:00Z", true));
        assert_eq!(hour.id, alert_id("home", 1_536_343_200_000));
        assert_eq!(hour.extra_wh(), None);
    }

    #[test]
    fn what_watch_writes_is_read_as_it_was() {
        let hour = ScoredHour { kind: AnomalyKind::Early, feature: "floor-3h".to_owned(), ..at(4, 5.0) };
        let anomaly = Anomaly {
            event_ts: 1,
            hour: 4,
            kwh: 1.0,
            function: 2.0,
            timestamp: hour.start,
            meter: "home".to_owned(),
            wh: hour.wh,
            expected_low_wh: 108.0,
            expected_high_wh: 363.0,
            score: 5.0,
            kind: AnomalyKind::Early,
            feature: "floor-3h".to_owned(),
            model_id: String::new(),
            alert_id: hour.id.clone(),
        };
        assert_eq!(read(&serde_json::to_string(&anomaly).unwrap(), None).unwrap(), hour);
        assert_eq!(ScoredHour::from(&anomaly), hour);
    }

    #[test]
    fn what_a_record_lacks_is_said() {
        let zone = TimeZone::UTC;
        assert!(read(r#"{"KWH": 1500, "FN": 5}"#, None).unwrap_err().contains("`tz` in [notify]"));
        assert_eq!(read(r#"{"KWH": 1500, "FN": 5}"#, Some(&zone)).unwrap().hour, 18);
        let future = r#"{"timestamp": "2030-01-01T00:00:00Z", "HOUR": 4, "KWH": 1500, "FN": 5}"#;
        assert!(read(future, None).unwrap_err().contains("ahead of the clock"));
        assert!(read(r#"{"HOUR": 24, "KWH": 1500, "FN": 5}"#, None).unwrap_err().contains("0 to 23"));
        assert!(read(r#"{"HOUR": 4, "FN": 5}"#, None).unwrap_err().contains("no energy"));
        assert!(read(r#"{"HOUR": 4, "KWH": 1500}"#, None).unwrap_err().contains("no score"));
        assert!(read(r#"{"HOUR": 4, "KWH": 15, "FN": 5, "kind": "x"}"#, None).unwrap_err().contains("`x`"));
    }

    proptest! {
        #[test]
        fn whatever_a_record_holds_is_an_hour_or_is_said(
            fields in prop::collection::vec((0_usize..12, prop_oneof![
                Just(json!(null)), any::<f64>().prop_map(|number| json!(number)), any::<i64>().prop_map(|number| json!(number)),
                ".{0,30}".prop_map(|text| json!(text)), (-400_i64..400).prop_map(|number| json!(number)), Just(json!(["x"])), Just(json!({"a": 1})),
                Just(json!("level")), Just(json!("2018-09-08T04:00:00+10:00")),
            ]), 0..12),
        ) {
            const NAMES: [&str; 12] = ["timestamp", "EVENT_TS", "HOUR", "wh", "KWH", "score", "FN", "meter", "kind", "expected_low_wh", "expected_high_wh", "alert_id"];
            let record: serde_json::Map<_, _> = fields.into_iter().map(|(name, value)| (NAMES[name].to_owned(), value)).collect();
            if let Ok(hour) = read(&serde_json::Value::Object(record).to_string(), Some(&TimeZone::UTC)) {
                prop_assert!(hour.hour < 24 && hour.wh >= 0.0 && hour.wh.is_finite() && hour.score.is_finite());
                prop_assert!(is_name(&hour.id) && !hour.meter.contains(char::is_control));
                prop_assert!(hour.extra_wh().is_none_or(|wh| wh >= 0.0));
            }
        }
    }

    #[test]
    fn a_hostile_name_is_cut_and_has_no_control_characters() {
        let hour =
            read(&format!(r#"{{"HOUR": 4, "KWH": 1, "FN": 5, "meter": "a\nb{}"}}"#, "ü".repeat(500)), None);
        let meter = hour.unwrap().meter;
        assert!(meter.starts_with("a bü") && meter.len() <= MAX_TEXT_BYTES);
    }
}
