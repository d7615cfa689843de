//! From what was configured to what runs.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use jiff::tz::TimeZone;
use knowatt_readings::{LiveDecoder, kafka::Topic};
use knowatt_score::{Calendar, DayClasses};

use super::{Counts, Intake, ReadingTopic, Settings, TopicOptions, Way, measure};
use crate::{
    buffer::Buffer,
    config::{Config, Size},
    database::digest,
    encode::Format,
    error::Error,
    open,
    sink::Sink,
    sinks::lines::Lines,
    state_folder::state_folder,
};

/// How much the buffer may hold, unless it is said.
const BUFFER_SIZE: Size = Size(100_000_000);

/// All that is opened before the source is.
pub struct Measure<'c> {
    config: &'c Config,
    intake: Intake,
    buffer: Buffer,
    topic: ReadingTopic,
    dead_letters: Option<Box<dyn Sink>>,
    path: PathBuf,
}

impl<'c> Measure<'c> {
    /// Opens the buffer, the topic and what takes the dead letters. The broker is not asked yet.
    pub fn open(config: &'c Config) -> Result<Self, Error> {
        let sink = &config.sink;
        let to = sink.to.as_deref().ok_or_else(|| {
            Error::change("it is not said where to: --to kafka://broker:9092/raw_power, or `to` in [sink]")
        })?;
        let address: Topic = to.parse().map_err(|what| Error::change(format!("{to}: {what}")))?;
        let (zone, decoders) = decoders(config)?;
        let settings = config.settings()?;
        let rules = config.measure.hourly.then_some(settings.rules);
        let topic = ReadingTopic::open(&TopicOptions {
            address,
            format: format(config)?,
            schema_registry: sink.schema_registry.clone(),
            hourly: config.measure.hourly,
            kafka: sink.kafka.clone(),
        })?;
        let from = config.source.from.as_deref().unwrap_or("-");
        let path = match &config.measure.buffer {
            Some(path) => path.clone(),
            None => default_path(from, to)?,
        };
        let size = config.measure.buffer_size.unwrap_or(BUFFER_SIZE);
        let buffer = Buffer::open(&path, from, size.0)?;
        let letters = sink.dead_letters.as_deref();
        let letters = letters.map(|file| Lines::open(Path::new(file))).transpose()?;
        let dead_letters = letters.map(|lines| Box::new(lines) as Box<dyn Sink>);
        let intake = Intake::new(decoders, zone, rules).with_future(settings.future);
        Ok(Self { config, intake, buffer, topic, dead_letters, path })
    }

    /// Where readings wait.
    pub fn buffer(&self) -> &Path {
        &self.path
    }

    /// Measures; see [`measure`].
    pub fn run(mut self, stop: &AtomicBool, tick: &mut dyn FnMut(&Counts)) -> Result<Counts, Error> {
        let way = Way { buffer: self.buffer, outlet: &mut self.topic, dead_letters: self.dead_letters };
        let mut open = |position: Option<&str>| open::source(self.config, position);
        measure(&mut open, &mut self.intake, way, &Settings::default(), stop, tick)
    }
}

/// The zone whose hours are made, and the decoders; without a zone, times need an offset.
fn decoders(config: &Config) -> Result<(TimeZone, Vec<LiveDecoder>), Error> {
    let Some(name) = &config.measure.tz else {
        if config.measure.hourly {
            return Err(Error::change(
                "hours are those of a time zone: name it with --tz Europe/Paris, or `tz` in [measure]",
            ));
        }
        let decoders = open::decoders(config, &TimeZone::UTC)?;
        return Ok((TimeZone::UTC, decoders.into_iter().map(LiveDecoder::without_zone).collect()));
    };
    let calendar = Calendar::new(name, DayClasses::None).map_err(|error| Error::change(error.to_string()))?;
    let zone = calendar.zone().clone();
    let decoders = open::decoders(config, &zone)?;
    Ok((zone, decoders))
}

fn format(config: &Config) -> Result<Format, Error> {
    match (config.sink.format.as_deref(), &config.sink.schema_registry) {
        (Some(name), _) => Format::named(name),
        (None, Some(_)) => Ok(Format::Avro),
        (None, None) => Ok(Format::Json),
    }
}

/// A file of its own for each source and topic.
fn default_path(from: &str, to: &str) -> Result<PathBuf, Error> {
    let id = digest(&[from.as_bytes(), to.as_bytes()]).cast_unsigned() >> 32;
    Ok(state_folder("--buffer FILE")?.join(format!("measure-{id:08x}.db")))
}
