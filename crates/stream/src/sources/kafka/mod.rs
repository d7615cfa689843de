//! A topic of Kafka, read in a consumer group.
//!
//! - The partitions are shared among the members of the group by the cooperative protocol: what stays where it is goes on
//!   meanwhile. A partition that is wanted by another is given up after all that was read of it has been committed.
//! - With each committed offset stands, as its metadata, `state-from=OFFSET`: from there a partition is read again when it is
//!   assigned, to have the same state as before; what lies below the committed offset is marked ([`Message::is_committed`]).
//!   So the state is in the topic itself, and goes with a partition to whichever member reads it next. If
//!   the topic no longer reaches back that far, or the metadata is another's, the state begins with what is there.
//! - A group that has committed nothing begins at the topic's first record, or with `start = "latest"` behind its last.
//! - Only records of committed transactions are read. Offsets of a transaction that is still open are waited for.
//! - A broker that is away is waited for. A topic that is not there is an error, as in Kafka Streams: a stream that
//!   waits for a topic whose name was misspelt looks like one at which nothing happens.
//! - With an `instance` the member keeps its place in the group while it is restarted (KIP-345), so that it goes on at once. Two
//!   of the same name at a time cannot be: the newer one goes on.
//!
//! Source: librdkafka's `INTRODUCTION.md` and `CONFIGURATION.md`; KIP-429 (cooperative rebalancing), KIP-447
//! (transactions by the group's metadata).

mod beginning;
mod membership;

use std::time::{Duration, Instant};

use knowatt_kafka_batch::{BatchConsumer, BatchMessage};
use knowatt_readings::{
    LiveRecord,
    kafka::{Settings, Topic},
};
use rdkafka::{
    Offset, TopicPartitionList,
    config::ClientConfig,
    consumer::{BaseConsumer, CommitMode, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
};
use tracing::warn;

use self::{
    beginning::{Beginning, Loss},
    membership::{Change, Context},
};
use crate::{
    config::KafkaConfig,
    error::Error,
    kafka::{self, Member, Outage, PATIENCE, There},
    source::{Body, Group, Incoming, Message, Place, Read, Repeats, Source},
};

/// The consumer group, unless another is named.
const GROUP: &str = "knowatt";
/// How long a topic may be unknown: brokers learn of a new one one after the other.
const TOPIC_PATIENCE: Duration = Duration::from_secs(5);
/// So many messages are taken from the client at a time, at most: all are handed over before the group's changes are seen.
const MESSAGES_A_BATCH: usize = 500;
/// How long is tried to commit.
const COMMIT_PATIENCE: Duration = Duration::from_secs(60);
/// How long a pause is between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// Settings that would break what is promised here.
const REFUSED: [(&str, &str); 10] = [
    ("bootstrap.servers", "the address names the brokers, kafka://broker:9092/topic"),
    ("group.id", "it is the option `group`"),
    ("group.instance.id", "it is the option `instance`"),
    ("auto.offset.reset", "it is the option `start`"),
    ("enable.auto.commit", "what was read is committed after it has been delivered"),
    ("enable.auto.offset.store", "what was read is committed after it has been delivered"),
    ("isolation.level", "records of transactions that were given up are never read"),
    ("partition.assignment.strategy", "partitions are handed on by `cooperative-sticky`"),
    ("enable.partition.eof", "a topic has no end here"),
    (
        "group.protocol",
        "partitions are handed on by `cooperative-sticky`, which is of the `classic` protocol",
    ),
];

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// At the first record.
    Earliest,
    /// Behind the last.
    Latest,
}

/// What a sink needs that commits for the reader of a topic.
pub fn member(address: &str, config: &KafkaConfig) -> Result<Member, Error> {
    let group = config.group.clone().unwrap_or_else(|| GROUP.to_owned());
    Ok(Member { topic: kafka::topic(address)?, group, instance: config.instance.clone() })
}

fn client(member: &Member, settings: &Settings) -> ClientConfig {
    let mut config = knowatt_readings::kafka::client(&member.topic);
    config
        .set("allow.auto.create.topics", "false")
        // Its default, a second, makes reading eight times slower.
        .set("fetch.queue.backoff.ms", "10")
        // A fifth and a quarter of their defaults: what has come is still in the processor's cache when it is read, and less memory is taken.
        .set("queued.min.messages", "20000")
        .set("queued.max.messages.kbytes", "32768")
        .set("fetch.message.max.bytes", "262144");
    settings.apply(&mut config);
    config
        .set("group.id", &member.group)
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("isolation.level", "read_committed")
        // Where to begin is decided here, and said.
        .set("auto.offset.reset", "error");
    if let Some(instance) = &member.instance {
        config.set("group.instance.id", instance);
    }
    config
}

/// Reads a topic.
pub struct KafkaSource {
    messages: BatchConsumer<Context>,
    topic: Topic,
    start: Start,
    /// By partition: what was committed when it was assigned.
    committed: Vec<i64>,
    outage: Outage,
    /// Since when the topic is unknown.
    missing: Option<Instant>,
}

impl KafkaSource {
    /// Joins the group; nothing is waited for yet.
    pub fn open(address: &str, config: &KafkaConfig) -> Result<Self, Error> {
        let member = member(address, config)?;
        let start = match config.start.as_deref() {
            None | Some("earliest") => Start::Earliest,
            Some("latest") => Start::Latest,
            Some(other) => {
                return Err(Error::change(format!("start = \"{other}\" is neither earliest nor latest")));
            }
        };
        let settings = kafka::settings(config)?;
        kafka::refuse(&settings, &REFUSED)?;
        let config = client(&member, &settings);
        let topic = member.topic;
        let consumer: BaseConsumer<Context> = kafka::create(&topic, &config, &settings, Context::default())?;
        consumer.subscribe(&[topic.name()]).map_err(|error| Error::outside(format!("{topic}: {error}")))?;
        Ok(Self {
            messages: BatchConsumer::new(consumer, MESSAGES_A_BATCH),
            topic,
            start,
            committed: Vec::new(),
            outage: Outage::default(),
            missing: None,
        })
    }

    fn consumer(&self) -> &BaseConsumer<Context> {
        self.messages.consumer()
    }

    fn failed(&self, error: &KafkaError) -> Error {
        kafka::failed(&self.topic, &self.consumer().context().told, error)
    }

    /// What the client says instead of a message.
    fn trouble(&mut self, error: &KafkaError) -> Result<(), Error> {
        use RDKafkaErrorCode::{AutoOffsetReset, PollExceeded, UnknownTopic, UnknownTopicOrPartition};
        let topic = &self.topic;
        if let Some((code, why)) = self.consumer().client().fatal_error() {
            return Err(if code == RDKafkaErrorCode::FencedInstanceId {
                Error::change(format!(
                    "{topic}: another process has joined the group under the same `instance` and goes on in its place; give each its own"
                ))
            } else {
                Error::again(format!("{topic}: {why}"))
            });
        }
        match error.rdkafka_error_code() {
            Some(UnknownTopic | UnknownTopicOrPartition) => {
                self.missing.get_or_insert_with(Instant::now);
                Ok(())
            }
            Some(AutoOffsetReset) => Err(Error::again(format!(
                "{topic}: what was to be read next is no longer there, or the topic was made anew"
            ))),
            Some(PollExceeded) => {
                warn!(%topic, "nothing was read for longer than max.poll.interval.ms; the group has gone on without us");
                Ok(())
            }
            Some(code) if kafka::is_passing(code) && self.consumer().context().told.refusal().is_none() => {
                let why = self.consumer().context().told.most_telling();
                self.outage.begin(topic, &why.unwrap_or_else(|| error.to_string()));
                Ok(())
            }
            _ => Err(self.failed(error)),
        }
    }

    /// While something is wrong and nothing comes: asks whether it still is.
    fn ask(&mut self) -> Result<(), Error> {
        if !self.outage.is_time() {
            return Ok(());
        }
        let there = match self.consumer().fetch_metadata(Some(self.topic.name()), PAUSE) {
            Ok(metadata) => There::of(&metadata),
            Err(error) => return self.trouble(&error),
        };
        self.answered();
        match (there, self.missing) {
            (There::Yes, _) => self.missing = None,
            (There::No, Some(since)) if since.elapsed() >= TOPIC_PATIENCE => {
                return Err(kafka::no_topic(&self.topic));
            }
            _ => {}
        }
        Ok(())
    }

    fn answered(&mut self) {
        self.outage.end(&self.topic);
        self.consumer().context().told.forget();
    }

    /// Acts on what the group has decided.
    fn rebalanced(&mut self) -> Result<Incoming<'static>, Error> {
        let Some(change) = self.consumer().context().next() else { return Ok(Incoming::Nothing) };
        match change {
            Change::Assigned(partitions) => match self.begin(&partitions) {
                Ok(()) if partitions.is_empty() => Ok(Incoming::Nothing),
                Ok(()) => Ok(Incoming::Assigned(partitions)),
                Err(error) if error.rdkafka_error_code().is_some_and(kafka::is_passing) => {
                    self.consumer().context().put_back(Change::Assigned(partitions));
                    self.trouble(&error)?;
                    std::thread::sleep(PAUSE);
                    Ok(Incoming::Nothing)
                }
                Err(error) => Err(self.failed(&error)),
            },
            Change::Revoked(partitions) if partitions.is_empty() => {
                self.give_up(&partitions)?;
                Ok(Incoming::Nothing)
            }
            Change::Revoked(partitions) => Ok(Incoming::Revoked(partitions)),
            Change::Lost(partitions) => {
                self.give_up(&partitions)?;
                Ok(Incoming::Lost(partitions))
            }
        }
    }

    /// Begins to read partitions where their state begins.
    fn begin(&mut self, partitions: &[i32]) -> Result<(), KafkaError> {
        let mut begun = TopicPartitionList::with_capacity(partitions.len());
        if !partitions.is_empty() {
            let committed = self.consumer().committed_offsets(self.list(partitions), PATIENCE)?;
            for element in committed.elements() {
                element.error()?;
                let partition = element.partition();
                let offset = match element.offset() {
                    Offset::Offset(offset) => Some(offset),
                    _ => None,
                };
                // The broker gives valid UTF-8, whatever was written there.
                let state_from = kafka::state_from(element.metadata());
                let beginning = self.beginning(partition, offset, state_from)?;
                beginning.tell(&self.topic, partition);
                let at = usize::try_from(partition).unwrap_or_default();
                if self.committed.len() <= at {
                    self.committed.resize(at + 1, 0);
                }
                self.committed[at] = beginning.committed;
                let from = Offset::Offset(beginning.from);
                begun.add_partition_offset(self.topic.name(), partition, from)?;
            }
            self.answered();
        }
        self.messages.incremental_assign(&begun)
    }

    fn beginning(
        &self,
        partition: i32,
        committed: Option<i64>,
        state_from: Option<i64>,
    ) -> Result<Beginning, KafkaError> {
        /// A broker that has just begun may not know the end yet.
        const TRIES: u32 = 10;
        let mut tries = 1;
        loop {
            let (low, high) = self.consumer().fetch_watermarks(self.topic.name(), partition, PATIENCE)?;
            let beginning = Beginning::of(committed, state_from, low, high, self.start);
            if beginning.loss != Some(Loss::MadeAnew) || tries == TRIES {
                return Ok(beginning);
            }
            tries += 1;
            std::thread::sleep(PAUSE);
        }
    }

    fn list(&self, partitions: &[i32]) -> TopicPartitionList {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for partition in partitions {
            list.add_partition(self.topic.name(), *partition);
        }
        list
    }
}

impl Source for KafkaSource {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        if self.messages.is_empty() {
            // Between two batches, so that what was read is the group's as long as it is handed over.
            match self.consumer().poll(Duration::ZERO) {
                Some(Err(error)) => self.trouble(&error)?,
                Some(Ok(_)) => {
                    return Err(Error::again(format!("{}: a message came out of its turn", self.topic)));
                }
                None => {}
            }
            if self.consumer().context().has_changes() {
                return self.rebalanced();
            }
        }
        match self.messages.advance(patience) {
            Some(Ok(())) if self.outage.is_on() => self.outage.end(&self.topic),
            Some(Err(error)) => self.trouble(&error)?,
            None if self.outage.is_on() || self.missing.is_some() => self.ask()?,
            Some(Ok(())) | None => {}
        }
        let Some(message) = self.messages.message() else { return Ok(Incoming::Nothing) };
        let BatchMessage { partition, offset, timestamp_ms, key, value } = message;
        let committed = usize::try_from(partition).ok().and_then(|at| self.committed.get(at));
        let is_committed = committed.is_some_and(|committed| offset < *committed);
        let body = Body::Record { decoder: 0, record: LiveRecord { timestamp_ms, key, value } };
        Ok(Incoming::Message(Message { place: Place { partition, offset }, is_committed, body }))
    }

    fn commit(&mut self, read: &[Read]) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            let list = kafka::offsets(self.topic.name(), read).map_err(|error| self.failed(&error))?;
            let Err(error) = self.consumer().commit(&list, CommitMode::Sync) else { return Ok(()) };
            let code = error.rdkafka_error_code();
            // The members are just coming together again, and our partitions are still ours.
            let is_gathering = code == Some(RDKafkaErrorCode::RebalanceInProgress);
            if !(is_gathering || code.is_some_and(kafka::is_passing)) || began.elapsed() > COMMIT_PATIENCE {
                return Err(self.failed(&error));
            }
            if !is_gathering {
                self.outage.begin(&self.topic, &error.to_string());
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn give_up(&mut self, partitions: &[i32]) -> Result<(), Error> {
        self.consumer().incremental_unassign(&self.list(partitions)).map_err(|error| self.failed(&error))
    }

    fn group(&self) -> Option<Group> {
        let metadata = self.consumer().group_metadata()?;
        Some(Group { topic: self.topic.name().to_owned(), metadata })
    }

    fn repeats(&self) -> Repeats {
        Repeats::Log
    }

    fn name(&self) -> String {
        self.topic.to_string()
    }
}

/// Leaves the group in order, so that the others go on at once; a member that keeps its place only stops.
impl Drop for KafkaSource {
    fn drop(&mut self) {
        self.messages.clear();
        self.consumer().context().close();
        if self.consumer().close_queue().is_ok() {
            // What the group has decided and was not answered yet would be waited for.
            _ = self.consumer().unassign();
            while !self.consumer().closed() {
                _ = self.consumer().poll(PAUSE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(properties: &[(&str, &str)]) -> Result<KafkaSource, Error> {
        let properties = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let config = KafkaConfig { properties: properties.collect(), ..KafkaConfig::default() };
        KafkaSource::open("kafka://127.0.0.1:1/raw_power", &config)
    }

    fn refused(properties: &[(&str, &str)]) -> String {
        opened(properties).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn settings_that_would_lose_something_are_refused() {
        assert_eq!(
            refused(&[("enable.auto.commit", "true")]),
            "the Kafka setting enable.auto.commit is not yours to set: what was read is committed after it has been delivered"
        );
        assert!(refused(&[("group.id", "mine")]).contains("it is the option `group`"));
        assert!(refused(&[("isolation.level", "read_uncommitted")]).contains("never read"));
    }

    #[test]
    fn a_setting_that_is_none_is_said_without_secrets() {
        let said = refused(&[("sasl.password", "hunter2"), ("session.timeout.ms", "hunter2")]);
        assert!(said.contains("session.timeout.ms") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn a_broker_that_is_away_is_waited_for() {
        let mut source = opened(&[]).unwrap();
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(30) && !source.outage.is_on() {
            assert!(matches!(source.next(PAUSE).unwrap(), Incoming::Nothing));
        }
        assert!(source.outage.is_on());
        assert_eq!(source.name(), "kafka://127.0.0.1:1/raw_power");
    }

    #[test]
    fn an_address_or_a_start_that_is_none_is_said() {
        let said = |address: &str, start: Option<&str>| {
            let config = KafkaConfig { start: start.map(str::to_owned), ..KafkaConfig::default() };
            KafkaSource::open(address, &config).err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(said("kafka://127.0.0.1:1/t", Some("latest")), "");
        assert!(said("kafka://127.0.0.1:1/t", Some("now")).contains("neither earliest nor latest"));
        assert!(said("kafka://127.0.0.1:1", None).contains("expected kafka://broker:9092/topic"));
    }
}
