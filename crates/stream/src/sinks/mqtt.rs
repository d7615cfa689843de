//! MQTT: anomalies, events and dead letters as JSON, each to a topic.
//!
//! - **Delivery** is at least once, with QoS 1: [`Sink::deliver`] returns when the broker has acknowledged everything. What it has not acknowledged when the
//!   connection breaks is published again, in order; what it has is not. So a subscriber sees something twice only if the broker took it and
//!   fell before it could say so; the `alert_id` and `kind` are the same then.
//! - A broker that is away is waited for, until the stream is to end and for five seconds more.
//! - **Topics** may hold `{meter}`: the meter's name, with `_` for what a topic's level cannot hold (`/`, `+`, `#`, control characters); a home
//!   without a name has the level left out. The default `knowatt/{meter}/anomaly` suits Home Assistant, where a sensor or a trigger has one topic;
//!   `knowatt/+/anomaly` is all of them.
//! - Nothing is retained: who subscribes later, as Home Assistant after a restart, is not told of an alert of yesterday.
//! - JSON as [`Anomaly`](crate::anomaly::Anomaly) and [`Event`](crate::anomaly::Event) say; a dead letter as
//!   `{"source", "partition", "offset", "timestamp_ms", "key", "value", "reason"}`, with `key_hex` and `value_hex` for what is not UTF-8, and of a value of more than
//!   64 KiB the beginning.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    fmt::Write as _,
    path::PathBuf,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rumqttc::{
    Outgoing as Sent,
    v5::{
        Client, Event, Incoming,
        mqttbytes::{
            QoS,
            v5::{ConnAck, PubAck, PubAckReason, PublishProperties},
        },
    },
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tracing::{info, warn};

use crate::{
    anomaly::DeadLetter,
    error::Error,
    mqtt::{
        MADE_BY, MAX_PACKET_BYTES,
        access::{Access, Address, Secret},
        link::{Link, Peer},
        topic::check_topic,
    },
    sink::{Delivered, Outgoing, Sink},
    source::{Group, Read},
};

/// The most publications that are on the way at once.
const WINDOW: u16 = 100;
/// So many are delivered without being asked for.
const MOST_WAITING: usize = 1000;
/// How much of a value a dead letter holds.
const KEPT_BYTES: usize = 64 << 10;
/// What a packet has besides topic and payload, at most.
const OVERHEAD_BYTES: usize = 128;
/// How long the broker is waited for once the stream is to end.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How often it is looked whether the stream is to end.
const LOOK: Duration = Duration::from_millis(100);

/// Options of the sink: a table with `to = "mqtt://…"`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct MqttSinkOptions {
    /// `mqtt://[user@]host[:port][/topic]`, or `mqtts://`.
    pub to: String,
    /// The topic of anomalies, unless the address has it: `knowatt/{meter}/anomaly`.
    pub topic: Option<String>,
    /// The topic of events: `knowatt/{meter}/event`.
    pub event_topic: Option<String>,
    /// The topic of what could not be read: `knowatt/dead-letter`.
    pub dead_letter_topic: Option<String>,
    /// Our name at the broker; unless given one that is new each time.
    pub client_id: Option<String>,
    /// The user, unless the address or `KNOWATT_MQTT_USER` names it.
    pub user: Option<String>,
    /// The password, unless `KNOWATT_MQTT_PASSWORD` has it.
    pub password: Option<Secret>,
    /// A file that holds the password and nothing else.
    pub password_file: Option<PathBuf>,
    /// The authority that the broker's certificate is from, in PEM; unless given, those that the machine trusts.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate in PEM, if the broker wants one.
    pub certificate_file: Option<PathBuf>,
    /// Its key.
    pub key_file: Option<PathBuf>,
}

/// Topics of a broker.
pub struct Mqtt {
    outbox: Arc<Outbox>,
    waiting: Vec<Letter>,
    topics: Topics,
    name: String,
    stop: Arc<AtomicBool>,
    _link: Link,
}

#[derive(Debug)]
struct Topics {
    anomalies: String,
    events: String,
    dead_letters: String,
}

/// What is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Letter {
    topic: String,
    payload: Vec<u8>,
}

impl Mqtt {
    /// Connects. Once `stop` is set, what the broker does not acknowledge is no longer waited for.
    pub fn open(options: &MqttSinkOptions, stop: Arc<AtomicBool>) -> Result<Self, Error> {
        let address = Address::parse(&options.to)?;
        let topics = Topics::new(options, address.topic.as_deref())?;
        let access = Access {
            user: options.user.clone(),
            password: options.password.clone(),
            password_file: options.password_file.clone(),
            ca_file: options.ca_file.clone(),
            certificate_file: options.certificate_file.clone(),
            key_file: options.key_file.clone(),
        };
        // Nothing is kept at the broker for us, so that an empty name does, which the broker fills in.
        let client_id = options.client_id.clone().unwrap_or_default();
        let mut settings = access.options(&address, &client_id)?;
        settings.set_clean_start(true).set_outgoing_inflight_upper_limit(WINDOW);
        let broker = address.broker();
        let outbox = Arc::new(Outbox::default());
        let clerk = Clerk {
            outbox: Arc::clone(&outbox),
            broker: broker.clone(),
            user: access.user(&address).unwrap_or_default(),
        };
        let name = format!("{broker}/{}", topics.anomalies);
        let link = Link::open(settings, broker, clerk)?;
        info!("publishes to {name}");
        Ok(Self { outbox, waiting: Vec::new(), topics, name, stop, _link: link })
    }

    fn publish(&mut self, topic: String, payload: Vec<u8>) -> Result<(), Error> {
        self.waiting.push(Letter { topic, payload });
        if self.waiting.len() < MOST_WAITING { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> Result<(), Error> {
        self.outbox.deliver(std::mem::take(&mut self.waiting), &self.stop)
    }
}

impl Sink for Mqtt {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        let (topic, payload) = match what {
            Outgoing::Anomaly(anomaly) => {
                (filled(&self.topics.anomalies, &anomaly.meter), serde_json::to_vec(anomaly))
            }
            Outgoing::Event(event) => (filled(&self.topics.events, &event.meter), serde_json::to_vec(event)),
            Outgoing::DeadLetter(letter) => {
                (self.topics.dead_letters.clone(), serde_json::to_vec(&letter_as_json(letter)))
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
    fn new(options: &MqttSinkOptions, of_address: Option<&str>) -> Result<Self, Error> {
        let given = |topic: Option<&str>, default: &str| {
            let topic = topic.unwrap_or(default);
            check_topic(topic).map(|()| topic.to_owned())
        };
        if let (Some(one), Some(other)) = (of_address, &options.topic)
            && one != other
        {
            return Err(Error::change(format!(
                "two topics for anomalies: `{one}` in the address, and `{other}`"
            )));
        }
        Ok(Self {
            anomalies: given(of_address.or(options.topic.as_deref()), "knowatt/{meter}/anomaly")?,
            events: given(options.event_topic.as_deref(), "knowatt/{meter}/event")?,
            dead_letters: given(options.dead_letter_topic.as_deref(), "knowatt/dead-letter")?,
        })
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

fn letter_as_json(letter: &DeadLetter<'_>) -> Value {
    let DeadLetter { source, partition, offset, timestamp_ms, key, value, reason } = letter;
    let value = value.map(|value| &value[..value.len().min(KEPT_BYTES)]);
    let mut fields = Map::new();
    fields.insert("source".to_owned(), json!(source));
    fields.insert("partition".to_owned(), json!(partition));
    fields.insert("offset".to_owned(), json!(offset));
    fields.insert("timestamp_ms".to_owned(), json!(timestamp_ms));
    for (name, bytes) in [("key", *key), ("value", value)] {
        let Some(bytes) = bytes else { continue };
        match std::str::from_utf8(bytes) {
            Ok(text) => fields.insert(name.to_owned(), json!(text)),
            Err(_) => fields.insert(format!("{name}_hex"), json!(hex(bytes))),
        };
    }
    fields.insert("reason".to_owned(), json!(reason));
    Value::Object(fields)
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        _ = write!(text, "{byte:02x}");
    }
    text
}

/// Between the thread that delivers and the one that hears what is acknowledged.
#[derive(Default)]
struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    letters: Vec<Letter>,
    /// Those that the broker has.
    is_taken: Vec<bool>,
    taken: usize,
    /// The next to ask the client for.
    next: usize,
    /// Asked for, and not on the way yet, in order.
    asked: VecDeque<usize>,
    /// On the way, by packet identifier.
    on_the_way: HashMap<u16, usize>,
    /// None while there is no connection.
    client: Option<Client>,
    max_packet_bytes: usize,
    failure: Option<Error>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes all and waits until the broker has them.
    fn deliver(&self, letters: Vec<Letter>, stop: &AtomicBool) -> Result<(), Error> {
        let mut state = self.lock();
        state.begin(letters);
        let mut ending = None;
        loop {
            if let Some(error) = state.failure.take() {
                return Err(error);
            }
            state.ask();
            if state.taken == state.letters.len() {
                state.begin(Vec::new());
                return Ok(());
            }
            if stop.load(Ordering::Relaxed) && ending.get_or_insert_with(Instant::now).elapsed() > LAST_WAIT {
                let left = state.letters.len() - state.taken;
                return Err(Error::outside(format!(
                    "ended while {left} messages were not acknowledged by the broker; what they are of is read again at the next start"
                )));
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn begin(&mut self, letters: Vec<Letter>) {
        self.is_taken = vec![false; letters.len()];
        self.letters = letters;
        (self.taken, self.next) = (0, 0);
    }

    /// Asks the client for as many as may be on the way.
    fn ask(&mut self) {
        let Some(client) = self.client.clone() else { return };
        while self.next < self.letters.len() && self.asked.len() + self.on_the_way.len() < usize::from(WINDOW)
        {
            let at = self.next;
            self.next += 1;
            if self.is_taken[at] {
                continue;
            }
            let Letter { topic, payload } = &self.letters[at];
            let bytes = topic.len() + payload.len() + OVERHEAD_BYTES;
            if bytes > self.max_packet_bytes {
                warn!(
                    topic,
                    bytes,
                    "left out: the broker takes no packet of more than {} bytes",
                    self.max_packet_bytes
                );
                self.take(at);
                continue;
            }
            if client
                .try_publish_with_properties(&**topic, QoS::AtLeastOnce, false, payload.clone(), properties())
                .is_err()
            {
                self.next = at;
                return;
            }
            self.asked.push_back(at);
        }
    }

    fn take(&mut self, at: usize) {
        if let Some(is_taken) = self.is_taken.get_mut(at) {
            self.taken += usize::from(!std::mem::replace(is_taken, true));
        }
    }
}

fn properties() -> PublishProperties {
    PublishProperties {
        payload_format_indicator: Some(1),
        content_type: Some("application/json".to_owned()),
        user_properties: vec![(MADE_BY.0.to_owned(), MADE_BY.1.to_owned())],
        ..PublishProperties::default()
    }
}

/// Notes what the broker has.
struct Clerk {
    outbox: Arc<Outbox>,
    broker: String,
    user: String,
}

impl Clerk {
    fn acknowledged(&self, ack: &PubAck) -> Result<(), Error> {
        let mut state = self.outbox.lock();
        let Some(at) = state.on_the_way.remove(&ack.pkid) else { return Ok(()) };
        if !matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers) {
            let topic = state.letters.get(at).map_or(Cow::Borrowed(""), |letter| letter.topic.clone().into());
            return Err(Error::outside(format!(
                "the broker {} does not let `{}` publish to `{topic}`: {:?}; give the user the right to write it",
                self.broker, self.user, ack.reason
            )));
        }
        state.take(at);
        drop(state);
        self.outbox.changed.notify_all();
        Ok(())
    }
}

impl Peer for Clerk {
    fn connected(&mut self, client: &Client, ack: &ConnAck) -> Result<(), Error> {
        let mut state = self.outbox.lock();
        state.client = Some(client.clone());
        let theirs = ack.properties.as_ref().and_then(|properties| properties.max_packet_size);
        state.max_packet_bytes =
            theirs.map_or(MAX_PACKET_BYTES, |bytes| bytes.min(MAX_PACKET_BYTES)) as usize;
        drop(state);
        self.outbox.changed.notify_all();
        Ok(())
    }

    fn heard(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Outgoing(Sent::Publish(identifier)) => {
                let mut state = self.outbox.lock();
                if let Some(at) = state.asked.pop_front() {
                    state.on_the_way.insert(identifier, at);
                }
            }
            Event::Incoming(Incoming::PubAck(ack)) => self.acknowledged(&ack)?,
            _ => {}
        }
        Ok(true)
    }

    fn lost(&mut self) {
        let mut state = self.outbox.lock();
        state.client = None;
        state.asked.clear();
        state.on_the_way.clear();
        state.next = 0;
    }

    fn failed(&mut self, error: Error) {
        self.outbox.lock().failure.get_or_insert(error);
        self.outbox.changed.notify_all();
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.failed(Error::again("the MQTT client ended unexpectedly"));
    }
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
        let options = MqttSinkOptions { to: address.to_owned(), ..MqttSinkOptions::default() };
        Mqtt::open(&options, Arc::default()).unwrap()
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
    fn a_dead_letter_holds_what_could_not_be_read() {
        let letter = DeadLetter {
            source: "mqtt://hub/a",
            partition: 0,
            offset: 7,
            timestamp_ms: Some(5),
            key: Some(b"plug"),
            value: Some(b"\xff\x00"),
            reason: "no JSON",
        };
        let expected = r#"{"source":"mqtt://hub/a","partition":0,"offset":7,"timestamp_ms":5,"key":"plug","value_hex":"ff00","reason":"no JSON"}"#;
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(letter_as_json(&letter), expected);
    }

    #[test]
    fn what_is_acknowledged_is_delivered_and_says_who_made_it() {
        let broker = Broker::start();
        let delivering = std::thread::spawn({
            let address = format!("{}/alerts", broker.address());
            move || deliver(open(&address), &["a"]).join().unwrap()
        });
        let mut connection = broker.accept(false);
        let Packet::Publish { topic, payload, identifier, properties } = connection.read() else { panic!() };
        assert_eq!(topic, "knowatt/a/event");
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
