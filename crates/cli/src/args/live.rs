//! The flags of `knowatt watch`, and those that it shares with `knowatt measure`: each says what a key of knowatt.toml does.

use std::path::PathBuf;

use clap::ValueEnum;
use knowatt_readings::Unit;
use knowatt_stream::{Span, config::Config};

use super::input::KindArg;

/// Where readings come from, and what they mean.
#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "help shows addresses as they are typed")]
pub(crate) struct LiveInputArgs {
    /// A file with what the flags say, and more (see docs/live.md); a flag overrides it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Where readings come from: kafka://broker:9092/topic, mqtt://hub:1883/topic/filter, p1:///dev/ttyUSB0, p1://host:port,
    /// pulses:-, gpio://gpiochip0/17, a file that is followed as it grows, or `-`: rows or JSON lines on standard input
    #[arg(long, value_name = "ADDRESS", help_heading = "Input")]
    pub(crate) from: Option<String>,

    /// Column or field with the time [default: by name; else when it comes]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) time_column: Option<String>,

    /// Column or field with the values [default: the one whose name tells a unit]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) value_column: Option<String>,

    /// Unit of the values: Wh, kWh, W or kW [default: from the name]
    #[arg(long, value_name = "UNIT", help_heading = "Input")]
    pub(crate) unit: Option<Unit>,

    /// What the values are [default: energy for Wh and kWh, power for W and kW]
    #[arg(long, value_enum, help_heading = "Input")]
    pub(crate) kind: Option<KindArg>,

    /// Column or field with the meter's name [default: by name, else the record's key]
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) meter_column: Option<String>,

    /// Take what was given back to the grid off what was taken
    #[arg(long, help_heading = "Input")]
    pub(crate) net: bool,

    /// Of energy, how long a reading's interval is; of power and registers, how long nothing may come without a gap
    /// [default: 1h, 15m for power]
    #[arg(long, value_name = "TIME", help_heading = "Input")]
    pub(crate) interval: Option<Span>,

    /// How late a reading may come behind the newest one of its meter [default: not at all]
    #[arg(long, value_name = "TIME", help_heading = "Input")]
    pub(crate) lateness: Option<Span>,

    /// Of a meter that gives pulses, how many a kWh has: it is printed on it (imp/kWh)
    #[arg(long, value_name = "COUNT", help_heading = "Input")]
    pub(crate) pulses_per_kwh: Option<f64>,

    /// What devices of a broker send: tasmota, shelly-em, shelly-relay, shelly-gen2, shelly-gen2-em, zigbee2mqtt,
    /// zigbee2mqtt-power or home-assistant; their topics too, unless the address names one
    #[arg(long, value_name = "NAME", help_heading = "Input")]
    pub(crate) preset: Option<String>,

    /// Consumer group [default: knowatt; of serve: knowatt-serve]
    #[arg(long, value_name = "NAME", help_heading = "Kafka")]
    pub(crate) group: Option<String>,

    /// This process's name in its group, by which it takes up its place at once after a restart
    #[arg(long, value_name = "NAME", help_heading = "Kafka")]
    pub(crate) instance: Option<String>,

    /// Where a group that has read nothing yet begins: earliest or latest [default: earliest]
    #[arg(long, value_name = "WHERE", help_heading = "Kafka")]
    pub(crate) start: Option<String>,

    /// Settings of the Kafka client, a properties file as Kafka's own tools take (name=value)
    #[arg(long, value_name = "FILE", help_heading = "Kafka")]
    pub(crate) kafka_config: Option<PathBuf>,

    /// One of them; put a password into the file instead
    #[arg(short = 'X', long, value_name = "NAME=VALUE", value_parser = property, help_heading = "Kafka")]
    pub(crate) kafka_property: Vec<(String, String)>,

    /// The schema registry that Avro values' schemas are asked for
    #[arg(long, value_name = "URL", help_heading = "Kafka")]
    pub(crate) schema_registry: Option<String>,

    /// A file with the schema of Avro values, where no registry is asked
    #[arg(long, value_name = "FILE", conflicts_with = "schema_registry", help_heading = "Kafka")]
    pub(crate) avro_schema: Option<PathBuf>,

    /// How the log is written to standard error
    #[arg(long, value_enum, default_value_t, help_heading = "Log")]
    pub(crate) log_format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// A line to read
    #[default]
    Text,
    /// An object a line
    Json,
}

fn property(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl LiveInputArgs {
    /// The file's settings, with those of the flags before them.
    pub(crate) fn config(&self) -> Result<Config, knowatt_stream::Error> {
        let mut config = self.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        let source = &mut config.source;
        set(&mut source.from, self.from.as_ref());
        set(&mut source.time_column, self.time_column.as_ref());
        set(&mut source.value_column, self.value_column.as_ref());
        set(&mut source.unit, self.unit.as_ref());
        set(&mut source.kind, self.kind.map(Into::into).as_ref());
        set(&mut source.meter_column, self.meter_column.as_ref());
        set(&mut source.schema_registry, self.schema_registry.as_ref());
        set(&mut source.avro_schema, self.avro_schema.as_ref());
        set(&mut source.pulses.per_kwh, self.pulses_per_kwh.as_ref());
        set(&mut source.mqtt.preset, self.preset.as_ref());
        set(&mut source.kafka.group, self.group.as_ref());
        set(&mut source.kafka.instance, self.instance.as_ref());
        set(&mut source.kafka.start, self.start.as_ref());
        let sink = &mut config.sink;
        set(&mut sink.schema_registry, self.schema_registry.as_ref());
        for kafka in [&mut source.kafka, &mut sink.kafka] {
            set(&mut kafka.properties_file, self.kafka_config.as_ref());
            kafka.properties.extend(self.kafka_property.iter().cloned());
        }
        set(&mut config.hours.interval, self.interval.as_ref());
        set(&mut config.hours.lateness, self.lateness.as_ref());
        config.hours.net |= self.net;
        Ok(config)
    }
}

/// Puts what a flag says in the place of what the file says.
pub(super) fn set<T: Clone>(key: &mut Option<T>, flag: Option<&T>) {
    if flag.is_some() {
        *key = flag.cloned();
    }
}
