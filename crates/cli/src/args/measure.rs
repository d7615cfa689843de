//! The flags of `knowatt measure`.

use std::path::PathBuf;

use knowatt_stream::config::{Config, Size};

use super::{
    Zone,
    live::{LiveInputArgs, set},
    parse_zone,
};

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt measure --from p1:///dev/ttyUSB0 --to kafka://broker:9092/raw_power
  knowatt measure --from p1:///dev/ttyUSB0 --to kafka://broker:9092/raw_power --schema-registry http://broker:8081
  knowatt measure --from mqtt://hub:1883/tele/+/SENSOR --to kafka://broker:9092/raw_power --hourly --tz Europe/Paris
  knowatt measure --config knowatt.toml")]
pub(crate) struct MeasureArgs {
    /// The topic that readings are put on, `kafka://broker:9092/raw_power`
    #[arg(long, value_name = "ADDRESS", help_heading = "Output")]
    pub(crate) to: Option<String>,

    /// What readings are written in: avro or json [default: avro where there is a schema registry, else json]
    #[arg(long, value_name = "FORMAT", help_heading = "Output")]
    pub(crate) format: Option<String>,

    /// Put whole hours on the topic, as the talk did: hour, kwh (which holds Wh), and wh, timestamp, meter
    #[arg(long, help_heading = "Output")]
    pub(crate) hourly: bool,

    /// Time zone of the home: whose hours are meant, and the times that have no offset [default: UTC, and times need one]
    #[arg(long, value_name = "ZONE", value_parser = parse_zone, help_heading = "Output")]
    pub(crate) tz: Option<Zone>,

    /// A file for what cannot be read, or what the topic refuses, an object a line [default: only to the log]
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(crate) dead_letters: Option<String>,

    /// Where readings wait while the broker is away [default: a file in ~/.local/state/knowatt]
    #[arg(long, value_name = "FILE")]
    pub(crate) buffer: Option<PathBuf>,

    /// How much it may hold; then a source that can wait waits, of others the newest readings are dropped [default: 100MB]
    #[arg(long, value_name = "SIZE")]
    pub(crate) buffer_size: Option<Size>,

    #[command(flatten)]
    pub(crate) input: LiveInputArgs,
}

impl MeasureArgs {
    /// The file's settings, with those of the flags before them.
    pub(crate) fn config(&self) -> Result<Config, knowatt_stream::Error> {
        let mut config = self.input.config()?;
        set(&mut config.sink.to, self.to.as_ref());
        set(&mut config.sink.format, self.format.as_ref());
        set(&mut config.sink.dead_letters, self.dead_letters.as_ref());
        let measure = &mut config.measure;
        set(&mut measure.tz, self.tz.as_ref().map(|zone| zone.0.clone()).as_ref());
        set(&mut measure.buffer, self.buffer.as_ref());
        set(&mut measure.buffer_size, self.buffer_size.as_ref());
        measure.hourly |= self.hourly;
        Ok(config)
    }
}
