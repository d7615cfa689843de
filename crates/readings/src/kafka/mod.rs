//! A live topic, read from its beginning to its end as of now.
//!
//! `kafka://broker:9092,other:9092/topic`, by librdkafka (`rdkafka`). What is written to the topic after reading began is
//! not read. Nothing is committed: the topic is as it was. Only records of transactions that were committed are read,
//! unless the settings say otherwise.
//!
//! [`client`] and [`Told`] are what every client of ours begins with, those of streams too.

mod settings;
mod told;

use std::{
    collections::BTreeMap,
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

use rdkafka::{
    Offset, TopicPartitionList,
    config::{ClientConfig, RDKafkaLogLevel},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::{BorrowedMessage, Message, Timestamp},
    metadata::MetadataTopic,
};

pub use self::{
    settings::{Settings, SettingsError},
    told::Told,
};
use crate::{
    error::{Error, ErrorKind},
    intake::Intake,
    options::Options,
    record::{Record, Records, Sink},
};

/// How long a broker may be silent.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often it is looked whether there is a reason not to wait for that long.
const SLICE: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(200);

/// Which topic, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// `host:port`, separated by commas.
    brokers: String,
    topic: String,
}

impl Topic {
    /// What every topic's address begins with.
    pub const SCHEME: &'static str = "kafka://";

    /// The brokers, `host:port` separated by commas.
    pub fn brokers(&self) -> &str {
        &self.brokers
    }

    /// The topic's name.
    pub fn name(&self) -> &str {
        &self.topic
    }

    /// Another topic of the same brokers; none if that is no name of a topic.
    pub fn sibling(&self, name: &str) -> Option<Self> {
        is_topic(name).then(|| Self { brokers: self.brokers.clone(), topic: name.to_owned() })
    }
}

/// Whether a topic may have that name.
fn is_topic(name: &str) -> bool {
    is_name(name) && !matches!(name, "" | "." | "..") && name.len() <= 249
}

fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}/{}", Self::SCHEME, self.brokers, self.topic)
    }
}

impl FromStr for Topic {
    type Err = String;

    fn from_str(address: &str) -> Result<Self, String> {
        let expected =
            || "expected kafka://broker:9092/topic (several brokers separated by commas)".to_owned();
        let rest = address.strip_prefix(Self::SCHEME).ok_or_else(expected)?;
        let (brokers, topic) = rest.split_once('/').ok_or_else(expected)?;
        let is_broker = |broker: &str| {
            let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
            // An address of IPv6 stands in brackets, with colons of its own.
            let (host, port) = match broker.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
                _ => (broker, None),
            };
            !host.is_empty() && port.is_none_or(is_port) && !broker.contains(['@', '/', ' '])
        };
        if !is_topic(topic) || !brokers.split(',').all(is_broker) {
            return Err(expected());
        }
        Ok(Self { brokers: brokers.to_owned(), topic: topic.to_owned() })
    }
}

/// What every client of ours begins with: nothing is asked yet. [`Settings::apply`] comes after what is the client's own.
pub fn client(topic: &Topic) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &topic.brokers)
        .set("client.id", "knowatt")
        // The certificates of the machine.
        .set("ssl.ca.location", "probe")
        .set("socket.connection.setup.timeout.ms", "5000")
        // As in Java: a broker that is back is found within a second.
        .set("reconnect.backoff.max.ms", "1000");
    config.set_log_level(RDKafkaLogLevel::Critical);
    config
}

/// Reads a topic into the intake; gives how it was understood.
pub fn read(
    topic: &Topic,
    settings: &Settings,
    options: &Options,
    intake: &mut Intake<'_>,
) -> Result<String, Error> {
    let name = topic.to_string();
    let failed = |kind| Error::new(&name, kind);
    let consumer = connect(topic, settings).map_err(failed)?;
    let mut left = ends(&consumer, topic).map_err(failed)?;
    intake.asked = options.asked();
    let mut records = Records::begin(&name, options, intake)?;
    let partitions = left.len();
    assign(&consumer, topic, left.keys().copied()).map_err(failed)?;
    let mut heard = Instant::now();
    while !left.is_empty() {
        match consumer.poll(POLL) {
            Some(Ok(message)) => {
                heard = Instant::now();
                let (partition, offset) = (message.partition(), message.offset());
                let Some(&end) = left.get(&partition) else { continue };
                if offset < end {
                    take(&message, &mut records)?;
                }
                if offset >= end - 1 {
                    left.remove(&partition);
                    pause(&consumer, topic, partition);
                }
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                heard = Instant::now();
                left.remove(&partition);
            }
            Some(Err(error)) if !is_passing(&error) => {
                return Err(failed(ErrorKind::Kafka(reason(&consumer, &error))));
            }
            Some(Err(_)) | None => {}
        }
        if heard.elapsed() > PATIENCE {
            let silent = KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut);
            return Err(failed(ErrorKind::Kafka(reason(&consumer, &silent))));
        }
    }
    let plural = if partitions == 1 { "" } else { "s" };
    records.end(&format!("{partitions} partition{plural} with records, to their end"))
}

fn take(message: &BorrowedMessage<'_>, records: &mut Records<'_, '_>) -> Result<(), Error> {
    let timestamp_ms = match message.timestamp() {
        Timestamp::CreateTime(at) | Timestamp::LogAppendTime(at) => Some(at),
        Timestamp::NotAvailable => None,
    };
    let (partition, offset) = (message.partition(), message.offset());
    let record = Record { partition, offset, timestamp_ms, key: message.key(), value: message.payload() };
    records.record(u64::try_from(offset).unwrap_or_default(), &record)
}

/// A consumer; nothing is asked yet.
fn connect(topic: &Topic, settings: &Settings) -> Result<BaseConsumer<Told>, ErrorKind> {
    let mut config = client(topic);
    config
        // The client wants one; no group is made of it.
        .set("group.id", "knowatt")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "earliest")
        .set("allow.auto.create.topics", "false")
        .set("isolation.level", "read_committed")
        // Its default, a second, makes reading eight times slower.
        .set("fetch.queue.backoff.ms", "10")
        .set("queued.max.messages.kbytes", "32768");
    settings.apply(&mut config);
    config.set("enable.partition.eof", "true");
    config
        .create_with_context(Told::default())
        .map_err(|error| ErrorKind::KafkaSettings(settings.redacted(&error.to_string())))
}

/// Where each partition that has records ends now.
fn ends(consumer: &BaseConsumer<Told>, topic: &Topic) -> Result<BTreeMap<i32, i64>, ErrorKind> {
    let began = Instant::now();
    let metadata = loop {
        match consumer.fetch_metadata(Some(&topic.topic), SLICE) {
            Ok(metadata) => break metadata,
            Err(error) => {
                let why = reason(consumer, &error);
                if began.elapsed() >= PATIENCE || consumer.context().is_hopeless() {
                    return Err(ErrorKind::Kafka(why));
                }
            }
        }
    };
    let of_topic = metadata.topics().first();
    if let Some(error) = of_topic.and_then(MetadataTopic::error) {
        let code = RDKafkaErrorCode::from(error);
        return Err(ErrorKind::Kafka(format!(
            "{code}; `kafka-topics.sh --list` shows which topics there are"
        )));
    }
    let mut ends = BTreeMap::new();
    for partition in of_topic.map(MetadataTopic::partitions).unwrap_or_default() {
        let edges = consumer.fetch_watermarks(&topic.topic, partition.id(), PATIENCE);
        let (low, high) = edges.map_err(|error| ErrorKind::Kafka(reason(consumer, &error)))?;
        if low < high {
            ends.insert(partition.id(), high);
        }
    }
    Ok(ends)
}

fn assign(
    consumer: &BaseConsumer<Told>,
    topic: &Topic,
    partitions: impl Iterator<Item = i32>,
) -> Result<(), ErrorKind> {
    let failed = |error: KafkaError| ErrorKind::Kafka(reason(consumer, &error));
    let mut list = TopicPartitionList::new();
    for partition in partitions {
        list.add_partition_offset(&topic.topic, partition, Offset::Beginning).map_err(failed)?;
    }
    consumer.assign(&list).map_err(failed)
}

/// No more is wanted of a partition. If the client goes on fetching, that is a waste and no error.
fn pause(consumer: &BaseConsumer<Told>, topic: &Topic, partition: i32) {
    let mut list = TopicPartitionList::new();
    list.add_partition(&topic.topic, partition);
    _ = consumer.pause(&list);
}

/// Whether the client goes on trying after it.
fn is_passing(error: &KafkaError) -> bool {
    use RDKafkaErrorCode::{AllBrokersDown, BrokerTransportFailure, OperationTimedOut, Resolve};
    matches!(
        error.rdkafka_error_code(),
        Some(AllBrokersDown | BrokerTransportFailure | OperationTimedOut | Resolve)
    )
}

/// Why something failed: what the client said on the way, if it did.
fn reason(consumer: &BaseConsumer<Told>, error: &KafkaError) -> String {
    // It says so while it is polled.
    while consumer.poll(Duration::ZERO).is_some() {}
    let told = consumer.context().most_telling();
    match told {
        Some(told) if told.ends_with("brokers are down") => {
            format!("{told}; if the broker wants a password or TLS, set security.protocol and the like")
        }
        Some(told) => told,
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_brokers_and_a_topic() {
        let topic: Topic = "kafka://one:9092,[::1]:9093/raw_power".parse().unwrap();
        assert_eq!((topic.brokers.as_str(), topic.topic.as_str()), ("one:9092,[::1]:9093", "raw_power"));
        assert_eq!(topic.to_string(), "kafka://one:9092,[::1]:9093/raw_power");
        for wrong in [
            "kafka://one:9092",
            "kafka:///t",
            "kafka://one/",
            "kafka://u:p@one/t",
            "kafka://one/a/b",
            "kafka://h:99999/t",
            "kafka://h:abc/t",
            "one/t",
        ] {
            assert!(wrong.parse::<Topic>().is_err(), "{wrong}");
        }
    }
}
