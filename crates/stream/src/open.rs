//! From what was configured to what is opened: the source, its decoders, the sinks, the store.

use std::{path::PathBuf, sync::Arc, sync::atomic::AtomicBool};

use jiff::tz::TimeZone;
use knowatt_readings::LiveDecoder;

use crate::{config::Config, error::Error, keep::Keep, outlets::Outlets, source::Source};

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
            Some("pulses") => Self::Pulses,
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

/// The decoders of what the source hands over, for the wall clock of a zone.
pub fn decoders(config: &Config, zone: &TimeZone) -> Result<Vec<LiveDecoder>, Error> {
    let options = [config.columns()];
    let decoder =
        |options| LiveDecoder::new(options, zone.clone()).map_err(|error| Error::change(error.to_string()));
    options.iter().map(decoder).collect()
}

/// What keeps the state over a restart, if a file is named for it.
pub fn keep(config: &Config) -> Result<Option<Box<dyn Keep>>, Error> {
    let Some(path) = &config.state else { return Ok(None) };
    #[cfg(feature = "sqlite")]
    {
        let stream = config.source.from.as_deref().unwrap_or("-");
        Ok(Some(Box::new(crate::store::Store::open(path, stream)?)))
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
    _ = (config, position, stop);
    let from = config.source.from.as_deref().unwrap_or("-");
    _ = Address::of(from)?;
    Err(Error::change(format!("{from}: not yet")))
}
