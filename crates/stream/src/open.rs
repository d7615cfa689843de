//! From what was configured to what is opened: the source, its decoders, the sinks, the store.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use jiff::tz::TimeZone;
use knowatt_readings::LiveDecoder;

use crate::{
    config::Config,
    error::Error,
    keep::Keep,
    outlets::{Outlets, Route},
    sink::Sink,
    sinks,
    source::Source,
    sources::{self, follow::Follow, p1::P1, pulses::Pulses},
    tables::Tables,
};

/// Where something comes from or goes to, by the form of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Address<'a> {
    /// `kafka://broker:9092/topic`
    Kafka(&'a str),
    /// `mqtt://hub:1883/topic/filter`, `mqtts://…`
    Mqtt(&'a str),
    /// `p1:///dev/ttyUSB0`, `p1://host:port`
    P1(&'a str),
    /// `pulses:-`
    Pulses,
    /// `gpio://gpiochip0/17`
    Gpio(&'a str),
    /// `-`
    Standard,
    /// A path.
    File(PathBuf),
}

impl<'a> Address<'a> {
    fn of(text: &'a str) -> Result<Self, Error> {
        Ok(match text.split_once(':').map(|(scheme, _)| scheme) {
            _ if text == "-" => Self::Standard,
            _ if text.is_empty() => return Err(Error::change("the address is empty")),
            Some("kafka") => Self::Kafka(text),
            Some("mqtt" | "mqtts") => Self::Mqtt(text),
            Some("p1") => Self::P1(text),
            _ if text == "pulses:-" => Self::Pulses,
            Some("gpio") => Self::Gpio(text),
            Some(scheme) if text[scheme.len()..].starts_with("://") => {
                return Err(Error::change(format!(
                    "{scheme}:// is no address that is known here: see --help"
                )));
            }
            _ => Self::File(PathBuf::from(text)),
        })
    }
}

/// What the configuration calls its source.
fn from(config: &Config) -> &str {
    config.source.from.as_deref().unwrap_or("-")
}

/// The models: of a file, a folder or a topic.
pub fn tables(config: &Config) -> Result<Tables, Error> {
    let model = config.model.as_deref().ok_or_else(|| {
        Error::change("no model: name one, or put `model` into the file that --config names")
    })?;
    let default = config.default_model.as_deref();
    #[cfg(feature = "kafka")]
    if let Some(address) = model.to_str().filter(|model| model.starts_with("kafka://")) {
        let topic = address.parse().map_err(|why| Error::change(format!("{address}: {why}")))?;
        let settings = crate::kafka::settings(&config.source.kafka)?;
        return Tables::open_topic(topic, &settings, default);
    }
    Tables::open(model, default)
}

/// The decoders of what the source hands over, for the wall clock of a zone.
pub fn decoders(config: &Config, zone: &TimeZone) -> Result<Vec<LiveDecoder>, Error> {
    let options = match Address::of(from(config))? {
        #[cfg(feature = "mqtt")]
        Address::Mqtt(address) => {
            crate::sources::mqtt::decoders(address, &config.source.mqtt, &config.columns())?
        }
        _ => vec![config.columns()],
    };
    let decoder =
        |options| LiveDecoder::new(options, zone.clone()).map_err(|error| Error::change(error.to_string()));
    options.iter().map(decoder).collect()
}

/// What keeps the state over a restart, if a file is named for it.
pub fn keep(config: &Config) -> Result<Option<Box<dyn Keep>>, Error> {
    let Some(path) = &config.state else { return Ok(None) };
    #[cfg(feature = "sqlite")]
    {
        Ok(Some(Box::new(crate::store::Store::open(path, from(config))?)))
    }
    #[cfg(not(feature = "sqlite"))]
    Err(Error::change(format!(
        "{}: this knowatt was built without SQLite; build it with --features sqlite",
        path.display()
    )))
}

/// Opens the source, at a position that was kept, and the sinks.
pub fn open(
    config: &Config,
    position: Option<&str>,
    stop: &Arc<AtomicBool>,
) -> Result<(Box<dyn Source>, Outlets), Error> {
    // The sink first: it ends the transaction that a process of the same name has left open.
    let outlets = outlets(config, stop)?;
    Ok((source(config, position)?, outlets))
}

/// Opens the source alone.
pub fn source(config: &Config, position: Option<&str>) -> Result<Box<dyn Source>, Error> {
    let from = from(config);
    match Address::of(from)? {
        #[cfg(feature = "kafka")]
        Address::Kafka(address) => {
            Ok(Box::new(sources::kafka::KafkaSource::open(address, &config.source.kafka)?))
        }
        #[cfg(feature = "mqtt")]
        Address::Mqtt(address) => {
            let source = crate::sources::mqtt::Mqtt::open(address, &config.source.mqtt, &config.columns())?;
            Ok(Box::new(source))
        }
        Address::P1(address) => {
            let port = address.strip_prefix("p1://").unwrap_or_default();
            Ok(Box::new(P1::open(port, &config.source.p1, config.source.kind, config.hours.net)?))
        }
        #[cfg(feature = "serial")]
        Address::Gpio(address) => {
            let line = address.strip_prefix("gpio://").unwrap_or_default();
            Ok(Box::new(crate::sources::gpio::Gpio::open(line, &config.source.pulses)?))
        }
        Address::Pulses => Ok(Box::new(Pulses::open(&config.source.pulses)?)),
        Address::Standard => Ok(Box::new(sources::lines::Lines::open())),
        Address::File(path) => Ok(Box::new(Follow::open(&path, position)?)),
        #[allow(unreachable_patterns, reason = "with every feature nothing is left")]
        _ => Err(not_built(from, "live")),
    }
}

/// Opens the sinks.
#[cfg_attr(not(feature = "mqtt"), allow(unused_variables, reason = "only a broker can be waited for"))]
fn outlets(config: &Config, stop: &Arc<AtomicBool>) -> Result<Outlets, Error> {
    let sink = &config.sink;
    let to = sink.to.as_deref().unwrap_or("-");
    let (dead_letters, events) = (sink.dead_letters.as_deref(), sink.events.as_deref());
    let scores = sink.scores.as_deref();
    #[cfg(feature = "kafka")]
    if let Address::Kafka(address) = Address::of(to)? {
        let member = match Address::of(from(config))? {
            Address::Kafka(read) => Some(sources::kafka::member(read, &config.source.kafka)?),
            _ => None,
        };
        let anomalies = Box::new(sinks::kafka::KafkaSink::open(address, sink, member.as_ref())?);
        // What cannot be read has a topic in any case; events have one if it is named.
        let outlets = Outlets::new(anomalies, Route::WithAnomalies, Route::WithAnomalies);
        return Ok(outlets.with_scores(scores.map(|_| Route::WithAnomalies)));
    }
    let (anomalies, has_topics): (Box<dyn Sink>, bool) = match Address::of(to)? {
        #[cfg(feature = "mqtt")]
        Address::Mqtt(address) => {
            let (settings, stop) = (&sink.mqtt, Arc::clone(stop));
            let besides = crate::sinks::mqtt::Besides { events, dead_letters, scores };
            (Box::new(crate::sinks::mqtt::Mqtt::open(address, besides, settings, stop)?), true)
        }
        Address::Standard | Address::File(_) => (lines(to)?, false),
        Address::P1(_) | Address::Pulses | Address::Gpio(_) => {
            return Err(Error::change(format!("{to}: nothing can be written there")));
        }
        _ => return Err(not_built(to, "live")),
    };
    if !has_topics && scores.is_some() && [Some(to), events, dead_letters].contains(&scores) {
        let scores = scores.unwrap_or_default();
        return Err(Error::change(format!(
            "scores = \"{scores}\": something else goes there; the score of every hour needs a place of its own"
        )));
    }
    let route = |to: Option<&str>| match to {
        None => Ok::<_, Error>(Route::Log),
        Some(_) if has_topics => Ok(Route::WithAnomalies),
        Some(file) => Ok(Route::Own(lines(file)?)),
    };
    let scores = scores.map(|scores| route(Some(scores))).transpose()?;
    Ok(Outlets::new(anomalies, route(dead_letters)?, route(events)?).with_scores(scores))
}

/// A file of lines, or standard output.
fn lines(path: &str) -> Result<Box<dyn Sink>, Error> {
    Ok(Box::new(sinks::lines::Lines::open(Path::new(path))?))
}

fn not_built(address: &str, feature: &str) -> Error {
    Error::change(format!(
        "{address}: this knowatt was built without that; build it with --features {feature}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(config: &str) -> String {
        source(&Config::parse(config).unwrap(), None).map(|source| source.name()).unwrap_err().to_string()
    }

    #[test]
    fn scores_go_to_a_place_of_their_own_if_anywhere() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let (found, other) = (path("found"), path("other"));
        let opened = |scores: &str| {
            let sink = format!("[sink]\nto = \"{found}\"\nevents = \"{other}\"\n{scores}");
            outlets(&Config::parse(&sink).unwrap(), &Arc::default())
        };
        assert!(opened("").unwrap().scores.is_none());
        for place in [path("scores"), "-".to_owned()] {
            let scores = opened(&format!("scores = \"{place}\"")).unwrap().scores;
            assert!(matches!(scores, Some(Route::Own(_))));
        }
        for taken in [&found, &other] {
            let said = opened(&format!("scores = \"{taken}\"")).err().unwrap().to_string();
            assert!(said.ends_with("needs a place of its own"), "{said}");
        }
    }

    #[test]
    fn an_address_near_the_meter_is_opened_or_says_why_not() {
        let options = "[source.p1]\nserial = \"9600-7e1\"\nevery = \"1s\"";
        let said = refused(&format!("[source]\nfrom = \"p1://127.0.0.1:1\"\n{options}"));
        assert!(said.contains("127.0.0.1:1 cannot be reached"), "{said}");
        let said = refused("[source]\nfrom = \"pulses:-\"");
        assert!(said.starts_with("how many pulses a kWh has must be said"), "{said}");
        let said = refused("[source]\nfrom = \"/no/such/file\"");
        assert!(said.contains("there is no such file"), "{said}");
        let unknown = refused("[source]\nfrom = \"amqp://user:secret@host/x\"");
        assert!(unknown.contains("amqp://") && !unknown.contains("secret"), "{unknown}");
        if cfg!(feature = "serial") {
            let options =
                "[source.pulses]\nper-kwh = 1000\nmeter = \"s0\"\ndebounce = \"20ms\"\npull = \"down\"";
            let said = refused(&format!("[source]\nfrom = \"gpio://gpiochip99/1\"\n{options}"));
            assert!(said.contains("/dev/gpiochip99 cannot be watched"), "{said}");
            let said = refused("[source]\nfrom = \"p1:///dev/ttyUSB99\"");
            assert!(said.contains("/dev/ttyUSB99 cannot be opened"), "{said}");
        }
    }
}
