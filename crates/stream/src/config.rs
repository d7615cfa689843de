//! `knowatt.toml`: everything that a stream can be told, and the flags that say the same.
//!
//! ```toml
//! model = "model.json"             # or a folder of METER.json, with default-model for the others
//! state = "knowatt-state.db"       # what is kept over a restart, for sources other than Kafka
//!
//! [source]
//! from = "kafka://localhost:9092/raw_power"
//! schema-registry = "http://localhost:8081"
//! unit = "Wh"                      # of the values, where their name does not tell it; likewise kind, value-column, …
//!
//! [source.kafka]
//! group = "knowatt"
//! instance = "a"                   # a name for this process in its group, so that it takes up its place after a restart
//! properties-file = "client.properties"
//!
//! [sink]
//! to = "kafka://localhost:9092/anomoly_power"
//! dead-letters = "raw_power-dead-letters"
//! scores = "power-scores"          # the score of every hour; else only those above 1.0 go out
//!
//! [hours]
//! interval = "15m"
//! lateness = "5m"
//!
//! [measure]                        # of `knowatt measure`, whose topic is that of [sink]
//! hourly = false
//! buffer = "readings.db"
//! buffer-size = "100MB"
//!
//! [watch]
//! silent-after = "6h"
//! metrics = "127.0.0.1:9464"
//! ```
//!
//! Unknown keys are refused. Paths are those of the process, not of the file.

mod measure;
mod mqtt;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use knowatt_readings::{Kind, Options, Unit};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _, IgnoredAny},
};

pub use self::{
    measure::{MeasureConfig, Size},
    mqtt::{MqttConfig, Secret, Subscription},
};
use crate::{
    error::Error,
    hours::Rules,
    settings::Settings,
    sources::{p1::P1Options, pulses::PulsesOptions},
    span::Span,
};

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// The model's file, or a folder with one for each meter.
    pub model: Option<PathBuf>,
    /// With a folder, the model of meters that have none in it.
    pub default_model: Option<PathBuf>,
    /// The file of what is kept over a restart.
    pub state: Option<PathBuf>,
    /// Where readings come from.
    pub source: SourceConfig,
    /// Where anomalies go to.
    pub sink: SinkConfig,
    /// How hours are made of samples.
    pub hours: HoursConfig,
    /// The rest of what `watch` is told.
    pub watch: WatchConfig,
    /// The rest of what `measure` is told.
    pub measure: MeasureConfig,
    /// What `notify` is told, which reads it for itself.
    pub notify: IgnoredAny,
}

/// `[source]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SourceConfig {
    /// Its address.
    pub from: Option<String>,
    /// Column, or field, with the time.
    pub time_column: Option<String>,
    /// Column, or field, with the values.
    pub value_column: Option<String>,
    /// Unit of the values.
    #[serde(deserialize_with = "parsed")]
    pub unit: Option<Unit>,
    /// What the values are.
    #[serde(deserialize_with = "parsed")]
    pub kind: Option<Kind>,
    /// Column, or field, with the meter's name.
    pub meter_column: Option<String>,
    /// The registry that has the schemas of Avro values.
    pub schema_registry: Option<String>,
    /// A file with that schema.
    pub avro_schema: Option<PathBuf>,
    /// Of a topic.
    pub kafka: KafkaConfig,
    /// Of a broker of MQTT.
    pub mqtt: MqttConfig,
    /// Of a P1 port.
    pub p1: P1Options,
    /// Of a meter that gives pulses.
    pub pulses: PulsesOptions,
}

/// `[source.kafka]`, and of it what holds for `[sink.kafka]` too.
#[derive(Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct KafkaConfig {
    /// The consumer group.
    pub group: Option<String>,
    /// This process's name in the group.
    pub instance: Option<String>,
    /// Where a group that has not read yet begins: `earliest` or `latest`.
    pub start: Option<String>,
    /// Settings of the client, as Kafka's own tools take them.
    pub properties_file: Option<PathBuf>,
    /// Settings that go before those of the file.
    pub properties: BTreeMap<String, String>,
}

impl std::fmt::Debug for KafkaConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaConfig")
            .field("group", &self.group)
            .field("instance", &self.instance)
            .field("properties_file", &self.properties_file)
            .field("properties", &self.properties.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// `[sink]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct SinkConfig {
    /// Its address.
    pub to: Option<String>,
    /// `json` or `avro`.
    pub format: Option<String>,
    /// Where Avro schemas are registered.
    pub schema_registry: Option<String>,
    /// Whether anomalies and positions are committed in one transaction [default: where source and sink are Kafka].
    pub exactly_once: Option<bool>,
    /// Where what cannot be read goes: a topic, of the same Kafka or MQTT, or a file.
    pub dead_letters: Option<String>,
    /// Where events go, likewise.
    pub events: Option<String>,
    /// Where the score of every hour goes, likewise.
    pub scores: Option<String>,
    /// Of a topic.
    pub kafka: KafkaConfig,
    /// Of a broker of MQTT.
    pub mqtt: MqttConfig,
}

/// `[hours]`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct HoursConfig {
    /// For energy the length of its interval; for power and registers the longest time between two samples that is no gap.
    pub interval: Option<Span>,
    /// How late a sample may come.
    pub lateness: Option<Span>,
    /// How far a sample's time may be ahead of the clock.
    pub future: Option<Span>,
    /// Whether what was given back to the grid is taken off.
    pub net: bool,
}

/// `[watch]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct WatchConfig {
    /// How often all is delivered and committed.
    pub commit_interval: Option<Span>,
    /// After how long a meter of which nothing comes is silent; 0 for never.
    pub silent_after: Option<Span>,
    /// How often an event says that the stream is alive.
    pub heartbeat: Option<Span>,
    /// Where metrics and health are served.
    pub metrics: Option<String>,
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3600);
/// A transaction is given up by the broker after ten seconds.
const LONGEST_COMMIT: Duration = Duration::from_secs(5);

/// Refuses lengths of time that cannot be meant.
fn within(name: &str, span: Option<Span>, least: Duration, most: Duration) -> Result<(), Error> {
    match span {
        Some(Span(span)) if !(least..=most).contains(&span) => {
            Err(Error::change(format!("{name}: {span:?} is not between {least:?} and {most:?}")))
        }
        _ => Ok(()),
    }
}

/// A message of the reader of TOML, without the value that it found to be of a wrong type.
pub fn without_value(message: &str) -> String {
    match (message.split_once(": "), message.rsplit_once(", expected ")) {
        (Some((kind @ ("invalid type" | "invalid value"), _)), Some((_, expected))) => {
            format!("{kind}, expected {expected}")
        }
        _ => message.to_owned(),
    }
}

/// What is written as text.
pub fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err = String>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

/// Reads a file of TOML.
pub fn read<T: DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let failed = |what: String| Error::change(format!("{}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    parse(&text).map_err(failed)
}

/// Reads TOML. What is wrong is said with its line, but not with what stands there: it may be secret.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| 1 + text[..span.start].matches('\n').count());
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("{line}{}", without_value(error.message()))
    })
}

impl Config {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        read(path)
    }

    /// Reads its text; see [`parse`].
    pub fn parse(text: &str) -> Result<Self, String> {
        parse(text)
    }

    /// What is said of the values.
    pub fn columns(&self) -> Options {
        let source = &self.source;
        Options {
            time_column: source.time_column.clone(),
            value_column: source.value_column.clone(),
            unit: source.unit,
            kind: source.kind,
            net: self.hours.net,
            meter_column: source.meter_column.clone(),
            avro_schema: source.avro_schema.clone(),
            schema_registry: source.schema_registry.clone(),
            ..Options::default()
        }
    }

    /// What is said of the loop.
    pub fn settings(&self) -> Result<Settings, Error> {
        let HoursConfig { interval, lateness, future, net } = self.hours;
        let default = Settings::default();
        within("interval", interval, SECOND, DAY)?;
        within("lateness", lateness, Duration::ZERO, 7 * DAY)?;
        within("future", future, Duration::ZERO, 366 * DAY)?;
        within("commit-interval", self.watch.commit_interval, Duration::ZERO, LONGEST_COMMIT)?;
        let rules = Rules {
            lateness_ms: lateness.map_or(0, Span::millis),
            interval_ms: interval.map(Span::millis),
            net,
        };
        Ok(Settings {
            rules,
            future: future.map_or(default.future, |span| span.0),
            commit_interval: self.watch.commit_interval.map(|span| span.0),
            silent_after: self
                .watch
                .silent_after
                .map_or(default.silent_after, |span| Some(span.0).filter(|span| !span.is_zero())),
            heartbeat: self.watch.heartbeat.map(|span| span.0),
            ..default
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_read() {
        let example: String = include_str!("config.rs")
            .lines()
            .skip_while(|line| !line.contains("```toml"))
            .skip(1)
            .take_while(|line| !line.contains("```"))
            .map(|line| line.trim_start_matches("//!").to_owned() + "\n")
            .collect();
        let config = Config::parse(&example).unwrap();
        assert_eq!(config.source.from.as_deref(), Some("kafka://localhost:9092/raw_power"));
        assert_eq!(config.source.unit, Some(Unit::Wh));
        assert_eq!(config.sink.scores.as_deref(), Some("power-scores"));
        let settings = config.settings().unwrap();
        assert_eq!((settings.rules.interval_ms, settings.rules.lateness_ms), (Some(900_000), 300_000));
        assert_eq!(settings.silent_after, Some(Duration::from_secs(6 * 3600)));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_secrets() {
        let said = |text: &str| Config::parse(text).unwrap_err();
        assert!(said("[source]\nform = 1").starts_with("line 2: unknown field `form`, expected"));
        assert_eq!(
            said("[hours]\n\ninterval = \"soon\""),
            "line 3: `soon` is not a length of time such as 90s, 15m or 1h30m"
        );
        assert_eq!(said("[source]\nunit = \"MWh\""), "line 2: `MWh` is none of Wh, kWh, W, kW, Wmin");
        let secret = said("[source.kafka.properties]\n\"sasl.password\" = hunter2");
        assert!(secret.starts_with("line 2: ") && !secret.contains("hunter2"), "{secret}");
        let secret = said("[source.kafka.properties]\n\"sasl.password\" = 987654");
        assert_eq!(secret, "line 2: invalid type, expected a string");
    }

    #[test]
    fn lengths_of_time_that_cannot_be_meant_are_refused() {
        for hours in ["interval = \"0s\"", "interval = \"1000000h\"", "lateness = \"400h\""] {
            let config = Config::parse(&format!("[hours]\n{hours}")).unwrap();
            assert!(config.settings().unwrap_err().to_string().contains("is not between"), "{hours}");
        }
    }
}
