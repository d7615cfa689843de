//! What is written: anomalies, scores, events, dead letters.
//!
//! An anomaly as JSON, one object a record, keyed by the meter:
//!
//! | field | |
//! |---|---|
//! | `EVENT_TS` | start of the hour, in ms since 1970 (of a record that gives an hour and no time: the record's own time) |
//! | `HOUR` | the local hour, 0 to 23 |
//! | `KWH` | the energy in **Wh**, as in the talk, whose field had that name and that unit |
//! | `FN` | the talk's function: the score of the hour by itself |
//! | `timestamp` | start of the hour, RFC 3339, UTC |
//! | `meter` | the meter's name; empty where none is given |
//! | `wh` | the energy in Wh; of an hour that has not ended, so far |
//! | `expected_low_wh`, `expected_high_wh` | what is normal at that hour |
//! | `score` | what alerts above 1.0: the largest of the hour's own and those of the hours before it |
//! | `kind` | `level` (the hour's own score is the largest), `floor` (what the hours before it add), `early` (an hour that has not ended, and is above 1.0 already); of a score `open` (an hour that has not ended) |
//! | `feature` | which feature it is: `level`, `floor-3h`, `step`, `rise-6h`, … |
//! | `model_id` | the first 16 digits of the model file's digest |
//! | `alert_id` | the same for an hour's early word and its final score, the same after a restart |
//!
//! The score of every hour, where that is asked for, has the same fields.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use sha2::{Digest as _, Sha256};

/// A reading above 1.0; or, as the score of an hour, any.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Anomaly {
    /// In ms since 1970.
    #[serde(rename = "EVENT_TS")]
    pub event_ts: i64,
    /// The local hour.
    #[serde(rename = "HOUR")]
    pub hour: u8,
    /// In Wh.
    #[serde(rename = "KWH")]
    pub kwh: f64,
    /// The score of the hour by itself.
    #[serde(rename = "FN")]
    pub function: f64,
    /// Start of the hour.
    pub timestamp: Timestamp,
    /// The meter.
    pub meter: String,
    /// In Wh.
    pub wh: f64,
    /// The low edge of normal.
    pub expected_low_wh: f64,
    /// The high edge of normal.
    pub expected_high_wh: f64,
    /// What alerts above 1.0.
    pub score: f64,
    /// Why.
    pub kind: AnomalyKind,
    /// The feature of the largest score.
    pub feature: String,
    /// Of the model.
    pub model_id: String,
    /// Of the hour.
    pub alert_id: String,
}

/// Why a reading is an anomaly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnomalyKind {
    /// The hour by itself.
    Level,
    /// With the hours before it.
    Floor,
    /// The hour has not ended, and is above 1.0 already.
    Early,
    /// The hour has not ended. It is the kind of a score, and of no anomaly.
    Open,
}

impl AnomalyKind {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Level => "level",
            Self::Floor => "floor",
            Self::Early => "early",
            Self::Open => "open",
        }
    }
}

/// Names an hour of a meter: 128 bits of the SHA-256 of the meter's name, a zero byte and the hour's start in ms since 1970.
pub fn alert_id(meter: &str, start_ms: i64) -> String {
    let digest =
        Sha256::new().chain_update(meter).chain_update([0]).chain_update(start_ms.to_be_bytes()).finalize();
    hex(&digest[..16])
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// Something about a meter, or about the stream, that is no reading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub event: EventKind,
    /// When it was noticed.
    pub timestamp: Timestamp,
    /// The meter; empty for what is about the stream.
    pub meter: String,
    /// In words.
    pub what: String,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// The stream is alive.
    Heartbeat,
    /// A meter says nothing any more.
    Silent,
    /// A silent meter is back.
    Back,
    /// A meter has said the same for long.
    FlatLine,
}

/// A record that could not be read, to be kept as it came.
///
/// As JSON it has the fields `source`, `partition`, `offset`, `timestamp_ms`, `reason`, and what could not be read: `key` and `value` as text, or,
/// where they are no UTF-8, `key_hex` and `value_hex` in hexadecimal digits.
#[derive(Debug, Clone, PartialEq)]
pub struct DeadLetter<'a> {
    /// Where it came from.
    pub source: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time.
    pub timestamp_ms: Option<i64>,
    /// Its key.
    pub key: Option<&'a [u8]>,
    /// Its value.
    pub value: Option<&'a [u8]>,
    /// Why it could not be read.
    pub reason: &'a str,
}

impl Serialize for DeadLetter<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(None)?;
        fields.serialize_entry("source", self.source)?;
        fields.serialize_entry("partition", &self.partition)?;
        fields.serialize_entry("offset", &self.offset)?;
        fields.serialize_entry("timestamp_ms", &self.timestamp_ms)?;
        fields.serialize_entry("reason", self.reason)?;
        for (name, name_hex, bytes) in [("key", "key_hex", self.key), ("value", "value_hex", self.value)] {
            let Some(bytes) = bytes else { continue };
            match std::str::from_utf8(bytes) {
                Ok(text) => fields.serialize_entry(name, text)?,
                Err(_) => fields.serialize_entry(name_hex, &hex(bytes))?,
            }
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hours_id_is_the_same_every_time_and_anothers_is_another() {
        let id = alert_id("home", 1_536_343_200_000);
        assert_eq!(id, alert_id("home", 1_536_343_200_000));
        assert_eq!(id.len(), 32);
        assert_ne!(id, alert_id("home", 1_536_346_800_000));
        assert_ne!(id, alert_id("hom", 1_536_343_200_000));
    }
}
