//! MQTT: anomalies, scores, events and dead letters as JSON, each to a topic.
//!
//! - **Delivery** is at least once, with QoS 1: [`Sink::deliver`] returns when the broker has acknowledged everything. What it has not acknowledged when the
//!   connection breaks is published again, in order; what it has is not. So a subscriber sees something twice only if the broker took it and
//!   fell before it could say so; the `alert_id` and `kind` are the same then.
//! - A broker that is away is waited for, until the stream is to end and for five seconds more.
//! - **Topics** may hold `{meter}`: the meter's name, with `_` for what a topic's level cannot hold (`/`, `+`, `#`, control characters); a home
//!   without a name has the level left out. The default `knowatt/{meter}/anomaly` suits Home Assistant, where a sensor or a trigger has one topic;
//!   `knowatt/+/anomaly` is all of them.
//! - Nothing is retained: who subscribes later, as Home Assistant after a restart, is not told of an alert of yesterday.
//! - JSON as [`Anomaly`](crate::anomaly::Anomaly), [`Event`](crate::anomaly::Event) and [`DeadLetter`] say; of a dead letter's value of more than 64 KiB
//!   the beginning.

use std::sync::{Arc, atomic::AtomicBool};

use crate::{
    anomaly::DeadLetter,
    config::MqttConfig,
    error::Error,
    mqtt::{Letter, Publisher, access::Address, topic::check_topic},
    sink::{Delivered, Outgoing, Sink},
    source::{Group, Read},
};

/// So many are delivered without being asked for.
const MOST_WAITING: usize = 1000;
/// How much of a value a dead letter holds.
const KEPT_BYTES: usize = 64 << 10;

/// Topics of a broker.
pub struct Mqtt {
    publisher: Publisher,
    waiting: Vec<Letter>,
    topics: Topics,
    name: String,
}

/// The topics of what goes out besides anomalies; each has a default.
#[derive(Debug, Clone, Copy, Default)]
pub struct Besides<'b> {
    /// What is no reading.
    pub events: Option<&'b str>,
    /// What could not be read.
    pub dead_letters: Option<&'b str>,
    /// The score of every hour.
    pub scores: Option<&'b str>,
}

#[derive(Debug)]
struct Topics {
    anomalies: String,
    scores: String,
    events: String,
    dead_letters: String,
}

impl Mqtt {
    /// Connects. Anomalies go to the topic of the address, or to `knowatt/{meter}/anomaly`. Once `stop` is set, what the broker does not acknowledge is no longer waited for.
    pub fn open(
        to: &str,
        besides: Besides<'_>,
        config: &MqttConfig,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Error> {
        let address = Address::parse(to)?;
        let topics = Topics::new(address.topic.as_deref(), besides)?;
        let name = format!("{}/{}", address.broker(), topics.anomalies);
        let publisher = Publisher::connect(&address, &name, config, None, stop)?;
        Ok(Self { publisher, waiting: Vec::new(), topics, name })
    }

    fn publish(&mut self, topic: String, payload: String) -> Result<(), Error> {
        self.waiting.push(Letter { topic, payload, is_retained: false });
        if self.waiting.len() < MOST_WAITING { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.publisher.publish(std::mem::take(&mut self.waiting), None)
    }
}

impl Sink for Mqtt {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        let (topic, payload) = match what {
            Outgoing::Anomaly(anomaly) => {
                (filled(&self.topics.anomalies, &anomaly.meter), serde_json::to_string(anomaly))
            }
            Outgoing::Score(score) => {
                (filled(&self.topics.scores, &score.meter), serde_json::to_string(score))
            }
            Outgoing::Event(event) => {
                (filled(&self.topics.events, &event.meter), serde_json::to_string(event))
            }
            Outgoing::DeadLetter(letter) => {
                let value = letter.value.map(|value| &value[..value.len().min(KEPT_BYTES)]);
                let kept = DeadLetter { value, ..(*letter).clone() };
                (self.topics.dead_letters.clone(), serde_json::to_string(&kept))
            }
        };
        let payload = payload.map_err(|error| Error::again(format!("no JSON can be made of it: {error}")))?;
        self.publish(topic, payload)
    }

    fn deliver(&mut self, _: &[Read], _: Option<Group>) -> Result<Delivered, Error> {
        self.flush()?;
        Ok(Delivered::Alone)
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl Topics {
    fn new(anomalies: Option<&str>, besides: Besides<'_>) -> Result<Self, Error> {
        let Besides { events, dead_letters, scores } = besides;
        let checked = |topic: Option<&str>, default: &str| {
            let topic = topic.unwrap_or(default);
            check_topic(topic).map(|()| topic.to_owned())
        };
        let topics = Self {
            anomalies: checked(anomalies, "knowatt/{meter}/anomaly")?,
            scores: checked(scores, "knowatt/{meter}/score")?,
            events: checked(events, "knowatt/{meter}/event")?,
            dead_letters: checked(dead_letters, "knowatt/dead-letter")?,
        };
        if scores.is_some()
            && [&topics.anomalies, &topics.events, &topics.dead_letters].contains(&&topics.scores)
        {
            return Err(Error::change(format!(
                "scores = \"{}\": something else goes to that topic; the score of every hour needs one of its own",
                topics.scores
            )));
        }
        Ok(topics)
    }
}

/// A topic with the meter's name in it, as one level.
fn filled(topic: &str, meter: &str) -> String {
    if !topic.contains("{meter}") {
        return topic.to_owned();
    }
    if meter.is_empty() {
        let levels: Vec<_> = topic.split('/').filter(|level| *level != "{meter}").collect();
        return levels.join("/").replace("{meter}", "");
    }
    let is_unfit = |letter: char| matches!(letter, '/' | '+' | '#') || letter.is_control();
    topic.replace("{meter}", &meter.replace(is_unfit, "_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        anomaly::EventKind,
        mqtt::fake_broker::{Broker, Packet},
    };

    fn event(meter: &str) -> crate::anomaly::Event {
        let timestamp = "2024-01-31T17:00:00Z".parse().unwrap();
        crate::anomaly::Event {
            event: EventKind::Silent,
            timestamp,
            meter: meter.to_owned(),
            what: "quiet".to_owned(),
        }
    }

    fn open(address: &str) -> Mqtt {
        Mqtt::open(address, Besides::default(), &MqttConfig::default(), Arc::default()).unwrap()
    }

    /// Sends events of these meters and delivers them, in a thread.
    fn deliver(
        mut sink: Mqtt,
        meters: &'static [&'static str],
    ) -> std::thread::JoinHandle<Result<Mqtt, Error>> {
        std::thread::spawn(move || {
            for meter in meters {
                sink.send(&Outgoing::Event(&event(meter)))?;
            }
            sink.deliver(&[], None).map(|_| sink)
        })
    }

    #[test]
    fn a_meter_is_one_level_of_its_topic_whatever_its_name() {
        let topic = "knowatt/{meter}/anomaly";
        assert_eq!(filled(topic, "kitchen"), "knowatt/kitchen/anomaly");
        assert_eq!(filled(topic, "em-1/0 +#\u{0}"), "knowatt/em-1_0 ___/anomaly");
        assert_eq!(filled(topic, ""), "knowatt/anomaly");
        assert_eq!(filled("alerts-{meter}", ""), "alerts-");
        assert_eq!(filled("alerts", "kitchen"), "alerts");
    }

    #[test]
    fn scores_have_a_topic_of_their_own() {
        let scores_to = |scores| Topics::new(None, Besides { scores, ..Besides::default() });
        assert!(Topics::new(Some("knowatt/{meter}/score"), Besides::default()).is_ok());
        assert_eq!(scores_to(None).unwrap().scores, "knowatt/{meter}/score");
        assert_eq!(scores_to(Some("power/{meter}")).unwrap().scores, "power/{meter}");
        for taken in ["knowatt/{meter}/anomaly", "knowatt/{meter}/event", "knowatt/dead-letter", "#"] {
            assert!(scores_to(Some(taken)).is_err(), "{taken}");
        }
    }

    #[test]
    fn what_is_acknowledged_is_delivered_and_says_who_made_it() {
        let broker = Broker::start();
        let delivering = std::thread::spawn({
            let address = format!("{}/alerts", broker.address());
            move || deliver(open(&address), &["a"]).join().unwrap()
        });
        let mut connection = broker.accept(false);
        let Packet::Publish { topic, payload, identifier, properties, is_retained } = connection.read()
        else {
            panic!()
        };
        assert_eq!((&*topic, is_retained), ("knowatt/a/event", false));
        assert!(payload.starts_with(r#"{"event":"silent","timestamp":"2024-01-31T17:00:00Z","meter":"a""#));
        assert!(properties.contains("made-by") && properties.contains("knowatt"));
        connection.acknowledge(identifier, 0);
        assert_eq!(delivering.join().unwrap().unwrap().name(), format!("{}/alerts", broker.address()));
    }

    #[test]
    fn after_a_broken_connection_only_what_was_not_acknowledged_is_published_again() {
        let broker = Broker::start();
        let opening = std::thread::spawn({
            let address = broker.address();
            move || open(&address)
        });
        let mut connection = broker.accept(false);
        let delivering = deliver(opening.join().unwrap(), &["a", "b", "c"]);
        let topics =
            |connection: &mut crate::mqtt::fake_broker::Connection, count: usize| -> Vec<(String, u16)> {
                let read = |_| match connection.read() {
                    Packet::Publish { topic, identifier, .. } => (topic, identifier),
                    other => panic!("{other:?}"),
                };
                (0..count).map(read).collect()
            };
        let first = topics(&mut connection, 3);
        connection.acknowledge(first[1].1, 0);
        connection.close();
        let mut connection = broker.accept(false);
        let again = topics(&mut connection, 2);
        assert_eq!(
            again.iter().map(|(topic, _)| &**topic).collect::<Vec<_>>(),
            ["knowatt/a/event", "knowatt/c/event"]
        );
        for (_, identifier) in again {
            connection.acknowledge(identifier, 0);
        }
        delivering.join().unwrap().unwrap();
    }

    #[test]
    fn a_broker_that_does_not_allow_it_is_said_and_is_the_end() {
        let broker = Broker::start();
        let opening = std::thread::spawn({
            let address = broker.address();
            move || deliver(open(&address), &["a"]).join().unwrap().err().unwrap().to_string()
        });
        let mut connection = broker.accept(false);
        let Packet::Publish { identifier, .. } = connection.read() else { panic!() };
        connection.acknowledge(identifier, 0x87);
        let said = opening.join().unwrap();
        assert!(said.contains("does not let `` publish to `knowatt/a/event`: NotAuthorized"), "{said}");
    }
}
