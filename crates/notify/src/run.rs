//! `knowatt notify`, from its configuration to its end.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use knowatt_readings::Options;
use knowatt_stream::{
    Error,
    config::{Config, KafkaConfig, MqttConfig, SourceConfig, Subscription},
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
const ANOMALIES: &str = "knowatt/{meter}/anomaly";
/// What stands for a meter's name in a topic.
const METER: &str = "{meter}";

/// Reads anomalies, and tells people.
pub struct Notify {
    source: Config,
    from: String,
    notifier: Notifier,
    options: Options,
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
        source.source.kafka = notify.kafka(config, &from);
        let (from_broker, mqtt) = notify.mqtt(config, &from);
        source.source.mqtt = mqtt;
        source.source.from = Some(from_broker);
        if is_dry {
            // Else it would take the place of the one that runs.
            let SourceConfig { kafka, mqtt, .. } = &mut source.source;
            kafka.group = kafka.group.take().map(|group| format!("{group}-dry-run"));
            kafka.instance = None;
            mqtt.client_id = Some(format!("knowatt-dry-{}", std::process::id()));
        }
        let options = Options {
            schema_registry: notify.schema_registry.clone().or_else(|| config.sink.schema_registry.clone()),
            ..Options::default()
        };
        let notifier =
            if is_dry { notify.start_with(Outbox::in_memory()?, senders)? } else { notify.start(senders)? };
        Ok(Self { source, from, notifier, options, is_dry })
    }

    /// Runs until the source ends or `stop` is set; what waits then is tried for some seconds more.
    pub fn run(self, stop: &AtomicBool, tick: &mut dyn FnMut(&Counts)) -> Result<Counts, Error> {
        let mut open = |position: Option<&str>| open::source(&self.source, position);
        let reading = crate::feed::Reading {
            name: &self.from,
            options: &self.options,
            zone: self.notifier.zone(),
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
        Ok(from.clone())
    }

    /// Of a broker of MQTT, which has a topic for each meter, and one without for a home that has no name.
    fn mqtt(&self, config: &Config, from: &str) -> (String, MqttConfig) {
        let mut mqtt = self.mqtt.clone();
        let is_said = mqtt.user.is_some()
            || mqtt.password_file.is_some()
            || mqtt.ca_file.is_some()
            || mqtt.certificate_file.is_some();
        if !is_said && is_sinks(config, from) {
            mqtt = MqttConfig { client_id: mqtt.client_id, ..config.sink.mqtt.clone() };
        }
        // What `watch` publishes is what is wanted here.
        mqtt.takes_own = true;
        let Some((scheme, rest)) =
            from.split_once("://").filter(|(scheme, _)| matches!(*scheme, "mqtt" | "mqtts"))
        else {
            return (from.to_owned(), mqtt);
        };
        let (broker, topic) = rest.split_once('/').unwrap_or((rest, ""));
        let topic = if topic.is_empty() { ANOMALIES } else { topic };
        if !topic.contains(METER) {
            return (from.to_owned(), mqtt);
        }
        let with = topic.split('/').map(|level| if level.contains(METER) { "+" } else { level });
        let without = topic.split('/').filter(|level| *level != METER).map(|level| level.replace(METER, ""));
        let topics = [with.collect::<Vec<_>>().join("/"), without.collect::<Vec<_>>().join("/")];
        let subscription = |topic| Subscription { topic: Some(topic), ..Subscription::default() };
        mqtt.subscriptions = topics.map(subscription).into();
        (format!("{scheme}://{broker}"), mqtt)
    }

    /// Of a topic: with the sink's settings if it is the sink's broker, unless there are others.
    fn kafka(&self, config: &Config, from: &str) -> KafkaConfig {
        let mut kafka = self.kafka.clone();
        if kafka.properties_file.is_none() && kafka.properties.is_empty() && is_sinks(config, from) {
            kafka.properties_file.clone_from(&config.sink.kafka.properties_file);
            kafka.properties.clone_from(&config.sink.kafka.properties);
        }
        kafka.group.get_or_insert_with(|| GROUP.to_owned());
        kafka
    }
}

/// Whether an address is one of the broker that `[sink]` writes to, which is to be given what is given to that one.
fn is_sinks(config: &Config, from: &str) -> bool {
    let broker = |address: &str| {
        let (scheme, rest) = address.split_once("://")?;
        Some((scheme.to_owned(), rest.split('/').next()?.to_owned()))
    };
    config.sink.to.as_deref().is_some_and(|to| broker(to).is_some() && broker(to) == broker(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(text: &str) -> (String, Vec<String>) {
        let (config, notify) = (Config::parse(text).unwrap(), NotifyConfig::parse(text).unwrap());
        let from = notify.source(&config).unwrap();
        let (from, mqtt) = notify.mqtt(&config, &from);
        (from, mqtt.subscriptions.into_iter().filter_map(|subscription| subscription.topic).collect())
    }

    #[test]
    fn anomalies_are_read_where_they_are_sent_unless_it_is_said() {
        let topic = "kafka://broker/anomoly_power";
        assert_eq!(from(&format!("[sink]\nto = \"{topic}\"")), (topic.to_owned(), vec![]));
        assert_eq!(from(&format!("[sink]\nto = \"x.jsonl\"\n[notify]\nfrom = \"{topic}\"")).0, topic);
        let nowhere = Config::parse("[sink]\nto = \"x.jsonl\"").unwrap();
        assert!(
            NotifyConfig::default().source(&nowhere).unwrap_err().to_string().contains("`from` in [notify]")
        );
    }

    #[test]
    fn who_we_are_at_the_sink_is_told_to_no_other_broker() {
        let user = |from: &str| {
            let text = format!(
                "[sink]\nto = \"mqtt://hub:1883\"\n[sink.mqtt]\nuser = \"home\"\n[notify]\nfrom = \"{from}\""
            );
            let config = Config::parse(&text).unwrap();
            NotifyConfig::parse(&text).unwrap().mqtt(&config, from).1.user
        };
        assert_eq!(user("mqtt://hub:1883/x").as_deref(), Some("home"));
        assert_eq!(user("mqtt://other:1883/x"), None);
    }

    #[test]
    fn of_a_broker_a_home_without_a_name_is_heard_too() {
        let broker = "mqtt://hub:1883".to_owned();
        let both = ["knowatt/+/anomaly", "knowatt/anomaly"].map(ToOwned::to_owned).to_vec();
        assert_eq!(from("[sink]\nto = \"mqtt://hub:1883\""), (broker.clone(), both));
        let other = ["a/+/b", "a/alerts-/b"].map(ToOwned::to_owned).to_vec();
        assert_eq!(from("[sink]\nto = \"mqtt://hub:1883/a/alerts-{meter}/b\""), (broker, other));
        assert_eq!(from("[notify]\nfrom = \"mqtt://hub/all\""), ("mqtt://hub/all".to_owned(), vec![]));
    }
}
