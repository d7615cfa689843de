//! The flags of `knowatt watch`.

use std::path::PathBuf;

use knowatt_stream::config::Config;

use super::live::{LiveInputArgs, set};

#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "help shows addresses as they are typed")]
#[command(after_help = "\
Examples:
  knowatt watch model.json --from kafka://broker:9092/raw_power --to kafka://broker:9092/anomoly_power --unit Wh
  knowatt watch model.json --from p1:///dev/ttyUSB0 --state home.db --to mqtt://hub:1883
  tail -F meter.csv | knowatt watch model.json --from -
  knowatt watch --config knowatt.toml")]
pub(crate) struct WatchArgs {
    /// The model file, or a folder with one for each meter, METER.json, or a compacted topic of them, kafka://broker:9092/models
    #[arg(value_name = "MODEL")]
    pub(crate) model: Option<PathBuf>,

    /// With a folder or a topic, the model of the meters that have none in it
    #[arg(long, value_name = "FILE")]
    pub(crate) default_model: Option<PathBuf>,

    /// Where anomalies go: kafka://broker:9092/topic, mqtt://hub:1883, a file, or `-`, standard output [default: -]
    #[arg(long, value_name = "ADDRESS", help_heading = "Output")]
    pub(crate) to: Option<String>,

    /// What anomalies are written in to a topic: json or avro [default: json]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<String>,

    /// Where records go that cannot be read: a topic of the same Kafka or MQTT, or a file [default: with --to kafka://…, the topic
    /// SOURCE-dead-letters; else only to the log]
    #[arg(long, value_name = "TOPIC", help_heading = "Output")]
    pub(crate) dead_letters: Option<String>,

    /// Where is said that a meter is silent or stuck, likewise [default: only to the log]
    #[arg(long, value_name = "TOPIC", help_heading = "Output")]
    pub(crate) events: Option<String>,

    /// Where the score of every hour goes, those of 1.0 and below too, and once a minute how the open hour stands; likewise [default: nowhere]
    #[arg(long, value_name = "TOPIC", help_heading = "Output")]
    pub(crate) scores: Option<String>,

    /// Tell people too, by the channels under `notify` in the file, as `knowatt notify` does (see docs/notify.md)
    #[arg(long, requires = "config", help_heading = "Output")]
    pub(crate) notify: bool,

    /// Where open hours are kept over a restart, for sources other than Kafka [default: nowhere]
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,

    /// Serve metrics and health over HTTP, at 127.0.0.1:9464, say
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<String>,

    #[command(flatten)]
    pub(crate) input: LiveInputArgs,
}

impl WatchArgs {
    /// The file's settings, with those of the flags before them.
    pub(crate) fn config(&self) -> Result<Config, knowatt_stream::Error> {
        let mut config = self.input.config()?;
        set(&mut config.model, self.model.as_ref());
        set(&mut config.default_model, self.default_model.as_ref());
        set(&mut config.state, self.state.as_ref());
        set(&mut config.sink.to, self.to.as_ref());
        set(&mut config.sink.format, self.format.as_ref());
        set(&mut config.sink.dead_letters, self.dead_letters.as_ref());
        set(&mut config.sink.events, self.events.as_ref());
        set(&mut config.sink.scores, self.scores.as_ref());
        set(&mut config.watch.metrics, self.metrics.as_ref());
        Ok(config)
    }
}
