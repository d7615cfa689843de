//! `knowatt notify`, from its configuration to its end.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use knowatt_readings::Options;
use knowatt_stream::{
    Error,
    config::{Config, KafkaConfig},
    open, state_folder,
};

use crate::{
    config::NotifyConfig,
    feed::feed,
    notifier::{Counts, GIVE_UP_AFTER, Notifier},
    open::{Sender, rules},
    outbox::Outbox,
    secret::check_password,
};

/// The consumer group, unless another is named.
const GROUP: &str = "knowatt-notify";
/// How long what waits is tried when the process is to end.
pub const FAREWELL: Duration = Duration::from_secs(2);
/// How long what waits is tried when the source has ended.
const LAST_TRIES: Duration = Duration::from_secs(10);
/// What `knowatt watch` publishes to, unless its address has a topic.
const ANOMALIES: &str = "knowatt/+/anomaly";

/// Reads anomalies, and tells people.
pub struct Notify {
    source: Config,
    from: String,
    notifier: Notifier,
    options: Options,
    zone: Option<jiff::tz::TimeZone>,
    is_dry: bool,
}

impl Notify {
    /// Opens all but the source. With `dry` nothing is kept and nothing is committed, and the senders are to be such as send nothing.
    pub fn open(
        config: &Config,
        notify: &NotifyConfig,
        senders: Vec<Sender>,
        is_dry: bool,
    ) -> Result<Self, Error> {
        notify.check_somebody(&senders)?;
        check_password(&notify.mqtt, "notify.mqtt")?;
        let from = notify.source(config)?;
        let mut source = Config::default();
        source.source.kafka = notify.kafka(config);
        if is_dry {
            let group = source.source.kafka.group.take().unwrap_or_default();
            source.source.kafka.group = Some(format!("{group}-dry-run"));
            source.source.kafka.instance = None;
        }
        source.source.mqtt = notify.mqtt.clone();
        source.source.from = Some(from.clone());
        let options = Options {
            schema_registry: notify.schema_registry.clone().or_else(|| config.sink.schema_registry.clone()),
            ..Options::default()
        };
        let notifier =
            if is_dry { notify.start_with(Outbox::in_memory()?, senders)? } else { notify.start(senders)? };
        let zone = rules(notify)?.setting.zone;
        Ok(Self { source, from, notifier, options, zone, is_dry })
    }

    /// Runs until the source ends or `stop` is set; what waits then is tried for some seconds more.
    pub fn run(self, stop: &AtomicBool, tick: &mut dyn FnMut(&Counts)) -> Result<Counts, Error> {
        let mut open = |position: Option<&str>| open::source(&self.source, position);
        let reading = crate::feed::Reading {
            name: &self.from,
            options: &self.options,
            zone: self.zone.as_ref(),
            commits: !self.is_dry,
        };
        let ended = feed(&mut open, &reading, &self.notifier, stop, tick);
        let counts =
            self.notifier.finish(if stop.load(Ordering::Relaxed) { FAREWELL } else { LAST_TRIES })?;
        ended.map(|()| counts)
    }
}

impl NotifyConfig {
    /// The file in which messages wait.
    pub fn outbox_path(&self) -> Result<PathBuf, Error> {
        match &self.outbox {
            Some(path) => Ok(path.clone()),
            None => Ok(state_folder("`outbox` in [notify]")?.join("notify.db")),
        }
    }

    /// Opens the outbox and begins to empty it; and shows the home as a device, if that is wanted.
    pub fn start(&self, senders: Vec<Sender>) -> Result<Notifier, Error> {
        self.check_somebody(&senders)?;
        let notifier = self.start_with(Outbox::open(&self.outbox_path()?)?, senders)?;
        #[cfg(feature = "mqtt")]
        if let Some(sensors) = &self.sensors {
            notifier.show(sensors)?;
        }
        Ok(notifier)
    }

    /// Whether every hour's score is of use, and not only what is above 1.0.
    pub fn wants_scores(&self) -> bool {
        #[cfg(feature = "mqtt")]
        return self.sensors.is_some();
        #[cfg(not(feature = "mqtt"))]
        false
    }

    fn start_with(&self, outbox: Outbox, senders: Vec<Sender>) -> Result<Notifier, Error> {
        let give_up_after = self.give_up_after.map_or(GIVE_UP_AFTER, |span| span.0);
        Notifier::start(outbox, rules(self)?, senders, give_up_after)
    }

    fn check_somebody(&self, senders: &[Sender]) -> Result<(), Error> {
        if senders.is_empty() && !self.wants_scores() {
            return Err(Error::change(
                "there is nobody to tell: name a channel, as [notify.channels.phone] in the file that --config names (docs/notify.md has them all)",
            ));
        }
        Ok(())
    }

    /// Where anomalies come from: what is said, or else where `knowatt watch` sends them by the same file.
    fn source(&self, config: &Config) -> Result<String, Error> {
        let is_broker = |to: &&String| to.contains("://");
        let from = self.from.as_ref().or_else(|| config.sink.to.as_ref().filter(is_broker));
        let from = from.ok_or_else(|| {
            Error::change("it is not said where anomalies come from: --from kafka://broker:9092/anomoly_power, or `from` in [notify]")
        })?;
        let is_mqtt = from.starts_with("mqtt://") || from.starts_with("mqtts://");
        let has_topic = from
            .split_once("://")
            .is_some_and(|(_, rest)| rest.split_once('/').is_some_and(|(_, topic)| !topic.is_empty()));
        Ok(match (is_mqtt, has_topic) {
            (true, false) => format!("{}/{ANOMALIES}", from.trim_end_matches('/')),
            (true, true) => from.replace("{meter}", "+"),
            (false, _) => from.clone(),
        })
    }

    /// Of a topic: with the sink's settings, unless there are others.
    fn kafka(&self, config: &Config) -> KafkaConfig {
        let mut kafka = self.kafka.clone();
        if kafka.properties_file.is_none() && kafka.properties.is_empty() {
            kafka.properties_file.clone_from(&config.sink.kafka.properties_file);
            kafka.properties.clone_from(&config.sink.kafka.properties);
        }
        kafka.group.get_or_insert_with(|| GROUP.to_owned());
        kafka
    }
}
