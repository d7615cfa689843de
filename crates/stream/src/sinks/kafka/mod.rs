//! Topics of Kafka: one for anomalies, one for what could not be read, one for events, one for the score of every hour.
//!
//! - **Exactly once**, the default where the source is a topic of the same brokers: anomalies, scores, dead letters and how far was read are one
//!   transaction, which is the group's own by its metadata (KIP-447). Who reads with `isolation.level=read_committed`
//!   sees each anomaly once, whatever is killed when. A transaction that fails in any way is given up, and
//!   all is read again from what was committed.
//! - Otherwise records are delivered **at least once**, in order (`enable.idempotence`), before the source commits; one that is
//!   written again has the same `alert_id`.
//! - An **anomaly** is keyed by its meter; its value is JSON, or Avro by a registry (see [`crate::encode`]). A **score** is the same.
//! - A **dead letter** has the key and the value as they came. Headers tell where from and why, in text:
//!   `__knowatt.errors.topic`, `….partition`, `….offset`, `….timestamp` (ms since 1970) and `….reason`. That is the custom of Kafka Connect
//!   (`__connect.errors.topic`, …, KIP-298) and Kafka Streams (`__streams.errors.topic`, …, KIP-1034); the prefix tells who could
//!   not read it, as a record may pass through several. The topic, `SOURCE-dead-letters`
//!   unless another is named, is made if it is not there when the first is written.
//! - An **event** is JSON, keyed by its meter. Without a topic for them, events are in the log only.
//!
//! Records are stamped with the time at which they are written, not that of the reading: a topic keeps records by their stamps,
//! and would drop what is found in old readings at once.

mod topics;

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher as _,
    sync::{Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use knowatt_readings::kafka::{Settings, Told, Topic};
use rdkafka::{
    client::ClientContext,
    config::{ClientConfig, RDKafkaLogLevel},
    error::{KafkaError, RDKafkaErrorCode},
    message::{DeliveryResult, Header, OwnedHeaders},
    producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext},
};
use tracing::{info, warn};

use crate::{
    anomaly::{Anomaly, DeadLetter, Event},
    config::SinkConfig,
    encode::{Encoder, Format},
    error::Error,
    kafka::{self, Member, PATIENCE},
    sink::{Delivered, Outgoing, Sink},
    source::{Group, Read},
};

/// How long is tried to deliver before all is begun again.
const DELIVERY_PATIENCE: Duration = Duration::from_secs(60);
/// How long a step of a transaction may take before it is looked at again.
const STEP: Duration = Duration::from_secs(5);
/// A transaction is open for a tenth of a second. One that was left open by a process that was killed holds up its topics' readers for no
/// longer than this, which is Kafka Streams' value too.
const TRANSACTION_TIMEOUT_MS: &str = "10000";

/// Settings that would break what is promised here.
const REFUSED: [(&str, &str); 7] = [
    ("bootstrap.servers", "the address names the brokers, kafka://broker:9092/topic"),
    ("transactional.id", "it is made of the source's group and `instance`"),
    ("enable.idempotence", "nothing is written twice"),
    ("acks", "what is not on all replicas is not delivered"),
    ("request.required.acks", "what is not on all replicas is not delivered"),
    ("max.in.flight", "records stay in order"),
    ("max.in.flight.requests.per.connection", "records stay in order"),
];

fn client(topic: &Topic, settings: &Settings, transactional_id: Option<&str>) -> ClientConfig {
    let mut config = knowatt_readings::kafka::client(topic);
    // A meter's anomalies, and its scores, are in the partition where Java's clients put them.
    config.set("partitioner", "murmur2_random");
    if let Some(id) = transactional_id {
        config.set("transactional.id", id).set("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS);
    }
    settings.apply(&mut config);
    config.set("enable.idempotence", "true");
    config
}

/// The longest key that goes along with a letter whose value is too long.
const MOST_KEY_BYTES: usize = 4096;

/// Waits until all is delivered.
fn flush(producer: &BaseProducer<Deliveries>, patience: Duration) -> Result<(), KafkaError> {
    /// The client's own waiting, `commit_transaction`'s too, goes on to the end of its slice of a tenth of a second even when all
    /// has been delivered long since; with a shorter slice it does not rest in between.
    const REST: Duration = Duration::from_micros(500);
    let began = Instant::now();
    loop {
        match producer.flush(Duration::ZERO) {
            Err(KafkaError::Flush(RDKafkaErrorCode::OperationTimedOut)) if began.elapsed() < patience => {
                producer.poll(Duration::ZERO);
                std::thread::sleep(REST);
            }
            ended => return ended,
        }
    }
}

/// Writes to topics.
pub struct KafkaSink {
    producer: BaseProducer<Deliveries>,
    is_transactional: bool,
    is_in_transaction: bool,
    topic: Topic,
    events: Option<Topic>,
    /// The topic of scores, and what writes them.
    scores: Option<(Topic, Encoder)>,
    dead_letters: Topic,
    /// Whether that is there.
    has_dead_letters: bool,
    settings: Settings,
    encoder: Encoder,
}

impl KafkaSink {
    /// Opens the topics; `reads` is the source, if that is Kafka too. A transaction that a process of the same name has left open is
    /// ended here, so open the sink before the source.
    pub fn open(address: &str, config: &SinkConfig, reads: Option<&Member>) -> Result<Self, Error> {
        let topic = kafka::topic(address)?;
        let settings = kafka::settings(&config.kafka)?;
        kafka::refuse(&settings, &REFUSED)?;
        let dead_letters = config.dead_letters.clone().unwrap_or_else(|| {
            format!("{}-dead-letters", reads.map_or(topic.name(), |member| member.topic.name()))
        });
        let dead_letters = topics::sibling(&topic, &dead_letters)?;
        let events = config.events.as_deref().map(|name| topics::sibling(&topic, name)).transpose()?;
        let format = config.format.as_deref().map_or(Ok(Format::Json), Format::named)?;
        let encoder = |topic: &Topic| Encoder::new(format, config.schema_registry.as_deref(), topic);
        let scores =
            topics::of_scores(&topic, [events.as_ref(), Some(&dead_letters)], config.scores.as_deref())?;
        let mut scores = scores.map(|topic| encoder(&topic).map(|encoder| (topic, encoder))).transpose()?;
        let mut encoder = encoder(&topic)?;
        let member = reads.filter(|_| config.exactly_once.unwrap_or(true));
        let id = member.filter(|member| is_one_cluster(&member.topic, &topic)).map(transactional_id);
        let config = client(&topic, &settings, id.as_deref());
        let producer: BaseProducer<Deliveries> =
            kafka::create(&topic, &config, &settings, Deliveries::default())?;
        let of_scores = scores.as_ref().map(|(topic, _)| topic);
        for topic in [Some(&topic), events.as_ref(), of_scores].into_iter().flatten() {
            if !topics::is_there(&producer, topic)? {
                return Err(kafka::no_topic(topic));
            }
        }
        encoder.prepare_for_anomalies()?;
        if let Some((_, encoder)) = &mut scores {
            encoder.prepare_for_anomalies()?;
        }
        let is_transactional = id.is_some();
        if is_transactional {
            let failed = |error| kafka::failed(&topic, &producer.context().told, &error);
            producer.init_transactions(2 * PATIENCE).map_err(failed)?;
        }
        Ok(Self {
            producer,
            is_transactional,
            is_in_transaction: false,
            topic,
            events,
            scores,
            dead_letters,
            has_dead_letters: false,
            settings,
            encoder,
        })
    }

    fn begin(&mut self) -> Result<(), Error> {
        if self.is_transactional && !self.is_in_transaction {
            self.producer.begin_transaction().map_err(|error| self.failed(&error))?;
            self.is_in_transaction = true;
        }
        Ok(())
    }

    /// Hands a record to the client, waiting while it has as many as it can hold.
    fn produce(
        producer: &BaseProducer<Deliveries>,
        record: BaseRecord<'_, [u8], [u8]>,
    ) -> Result<(), KafkaError> {
        let mut record = record;
        loop {
            match producer.send(record) {
                Ok(()) => {
                    producer.poll(Duration::ZERO);
                    return Ok(());
                }
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    producer.poll(Duration::from_millis(100));
                    record = back;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    fn anomaly(&mut self, anomaly: &Anomaly) -> Result<(), Error> {
        let sent = Self::hour(&self.producer, &self.topic, &mut self.encoder, anomaly)?;
        sent.map_err(|error| self.failed(&error))
    }

    fn score(&mut self, score: &Anomaly) -> Result<(), Error> {
        let Some((topic, encoder)) = &mut self.scores else { return Ok(()) };
        let sent = Self::hour(&self.producer, topic, encoder, score)?;
        sent.map_err(|error| self.failed(&error))
    }

    fn hour(
        producer: &BaseProducer<Deliveries>,
        topic: &Topic,
        encoder: &mut Encoder,
        hour: &Anomaly,
    ) -> Result<Result<(), KafkaError>, Error> {
        let value = encoder.anomaly(hour)?;
        let record = BaseRecord::to(topic.name()).key(hour.meter.as_bytes()).payload(value);
        let sent = Self::produce(producer, record);
        if let Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)) = sent {
            // It would be too long the next time, too.
            let (timestamp, bytes) = (hour.timestamp, hour.meter.len());
            warn!(%topic, %timestamp, bytes, "an hour is left out: its meter's name is too long for a record");
            return Ok(Ok(()));
        }
        Ok(sent)
    }

    fn event(&mut self, event: &Event) -> Result<(), Error> {
        let Some(topic) = &self.events else { return Ok(()) };
        let value = serde_json::to_vec(event).map_err(|error| Error::change(error.to_string()))?;
        let record = BaseRecord::to(topic.name()).key(event.meter.as_bytes()).payload(value.as_slice());
        Self::produce(&self.producer, record).map_err(|error| self.failed(&error))
    }

    fn dead_letter(&mut self, letter: &DeadLetter<'_>) -> Result<(), Error> {
        if !self.has_dead_letters {
            self.has_dead_letters = topics::is_known(&self.producer, &self.dead_letters)?;
        }
        if !self.has_dead_letters {
            topics::make(&self.dead_letters, &self.settings)?;
            self.has_dead_letters = topics::is_there(&self.producer, &self.dead_letters)?;
        }
        let reason = letter.reason;
        let whole = letter_record(&self.dead_letters, letter, letter.value, reason);
        match Self::produce(&self.producer, whole) {
            Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)) => {
                let bytes = letter.value.map_or(0, <[u8]>::len);
                let reason = format!("{reason}; its value of {bytes} bytes is too long to be kept here");
                // Nor may its key be: that it is without both is better than that the stream stands still.
                let key = letter.key.filter(|key| key.len() <= MOST_KEY_BYTES);
                let letter = DeadLetter { key, ..letter.clone() };
                let without = letter_record(&self.dead_letters, &letter, None, &reason);
                Self::produce(&self.producer, without)
            }
            sent => sent,
        }
        .map_err(|error| self.failed(&error))
    }

    /// Ends the transaction with how far was read; begins one for that alone, if nothing was written.
    fn commit(&mut self, read: &[Read], group: &Group) -> Result<(), Error> {
        if !read.is_empty() {
            self.begin()?;
            let offsets = kafka::offsets(&group.topic, read).map_err(|error| self.failed(&error))?;
            self.step(|producer| producer.send_offsets_to_transaction(&offsets, &group.metadata, STEP))?;
        }
        self.end()
    }

    fn end(&mut self) -> Result<(), Error> {
        if self.is_in_transaction {
            self.step(|producer| {
                flush(producer, STEP)?;
                producer.commit_transaction(STEP)
            })?;
            self.is_in_transaction = false;
        }
        Ok(())
    }

    /// A step of a transaction, tried as long as that may help. If it does not, the transaction is given up.
    fn step(
        &mut self,
        step: impl Fn(&BaseProducer<Deliveries>) -> Result<(), KafkaError>,
    ) -> Result<(), Error> {
        let began = Instant::now();
        loop {
            let Err(error) = step(&self.producer) else { return Ok(()) };
            let may_help = match &error {
                KafkaError::Transaction(error) => error.is_retriable() && !error.txn_requires_abort(),
                KafkaError::Flush(code) => *code == RDKafkaErrorCode::OperationTimedOut,
                _ => false,
            };
            if !may_help || began.elapsed() > DELIVERY_PATIENCE {
                let failed = self.failed(&error);
                self.give_up();
                return Err(failed);
            }
        }
    }

    /// Gives up a transaction, so that nobody waits for its end. If that fails, the broker does it after a while.
    fn give_up(&mut self) {
        if std::mem::take(&mut self.is_in_transaction)
            && self.producer.client().fatal_error().is_none()
            && let Err(error) = self.producer.abort_transaction(PATIENCE)
        {
            info!(topic = %self.topic, "a transaction is left for the broker to end: {error}");
        }
    }

    fn failed(&self, error: &KafkaError) -> Error {
        use RDKafkaErrorCode::{
            Fenced, IllegalGeneration, InvalidProducerEpoch, ProducerFenced, UnknownMemberId,
        };
        let topic = &self.topic;
        let code = match error {
            KafkaError::Transaction(error) => Some(error.code()),
            other => other.rdkafka_error_code(),
        };
        let fatal = self.producer.client().fatal_error();
        let code = fatal.as_ref().map_or(code, |(code, _)| Some(*code));
        if let Some(Fenced | ProducerFenced | InvalidProducerEpoch) = code {
            return Error::again(format!(
                "{topic}: the broker has ended the transaction: it was open for longer than {TRANSACTION_TIMEOUT_MS} ms, or another process writes under the same `instance`"
            ));
        }
        if let Some(IllegalGeneration | UnknownMemberId) = code {
            return Error::again(format!(
                "{topic}: the group was shared out anew while it was told how far was read"
            ));
        }
        if code.is_some_and(kafka::is_forbidden) {
            return Error::outside(format!(
                "{topic}: {error}; the broker's access control lists say who may"
            ));
        }
        match fatal {
            Some((_, why)) => Error::again(format!("{topic}: {why}")),
            None => match self.producer.context().told.refusal() {
                Some(refusal) => Error::outside(format!("{topic}: {refusal}")),
                None => Error::again(format!("{topic}: {error}")),
            },
        }
    }
}

impl Sink for KafkaSink {
    fn send(&mut self, what: &Outgoing<'_>) -> Result<(), Error> {
        if matches!(what, Outgoing::Event(_)) && self.events.is_none() {
            return Ok(());
        }
        self.begin()?;
        match what {
            Outgoing::Anomaly(anomaly) => self.anomaly(anomaly),
            Outgoing::Score(score) => self.score(score),
            Outgoing::DeadLetter(letter) => self.dead_letter(letter),
            Outgoing::Event(event) => self.event(event),
        }
    }

    fn deliver(&mut self, read: &[Read], group: Option<Group>) -> Result<Delivered, Error> {
        match group {
            Some(group) if self.is_transactional => {
                self.commit(read, &group)?;
                return Ok(Delivered::WithPositions);
            }
            _ if self.is_transactional => self.end()?,
            _ => {}
        }
        if self.producer.in_flight_count() > 0 {
            flush(&self.producer, DELIVERY_PATIENCE).map_err(|error| self.failed(&error))?;
        }
        match self.producer.context().failure() {
            None => Ok(Delivered::Alone),
            Some(error) => Err(self.failed(&error)),
        }
    }

    fn name(&self) -> String {
        self.topic.to_string()
    }
}

impl Drop for KafkaSink {
    fn drop(&mut self) {
        self.give_up();
    }
}

/// Whether a transaction can hold both: what is written here and how far was read there.
fn is_one_cluster(read: &Topic, written: &Topic) -> bool {
    let is_one = read.brokers() == written.brokers();
    if !is_one {
        warn!(
            "{read} and {written} have other brokers, so there is no transaction over both, and anomalies are delivered at least once; if it is one cluster, give the same brokers in both"
        );
    }
    is_one
}

/// The name by which the broker knows that an earlier process has ended.
fn transactional_id(member: &Member) -> String {
    /// Of a process that has no name, for as long as it runs.
    static UNIQUE: OnceLock<u64> = OnceLock::new();
    let Member { group, instance, .. } = member;
    if let Some(instance) = instance {
        return format!("knowatt-{group}-{instance}");
    }
    let unique = UNIQUE.get_or_init(|| RandomState::new().hash_one(std::process::id()));
    format!("knowatt-{group}-{unique:016x}")
}

fn letter_record<'l>(
    topic: &'l Topic,
    letter: &DeadLetter<'l>,
    value: Option<&'l [u8]>,
    reason: &str,
) -> BaseRecord<'l, [u8], [u8]> {
    let from: Option<Topic> = letter.source.parse().ok();
    let from = from.as_ref().map_or(letter.source, Topic::name);
    let (partition, offset) = (letter.partition.to_string(), letter.offset.to_string());
    let timestamp = letter.timestamp_ms.map(|at| at.to_string());
    let headers = [
        ("topic", Some(from)),
        ("partition", Some(&partition)),
        ("offset", Some(&offset)),
        ("timestamp", timestamp.as_deref()),
        ("reason", Some(reason)),
    ];
    let headers = headers.into_iter().fold(OwnedHeaders::new(), |headers, (name, value)| match value {
        Some(value) => {
            headers.insert(Header { key: &format!("__knowatt.errors.{name}"), value: Some(value) })
        }
        None => headers,
    });
    let record = BaseRecord { key: letter.key, payload: value, ..BaseRecord::to(topic.name()) };
    record.headers(headers)
}

/// What became of the records that were handed to the client.
#[derive(Default)]
pub(crate) struct Deliveries {
    told: Told,
    /// The first that was not delivered.
    failure: Mutex<Option<KafkaError>>,
}

impl Deliveries {
    fn failure(&self) -> Option<KafkaError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        self.told.error(error, reason);
    }

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn stats_raw(&self, _: &[u8]) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| error.clone());
        }
    }
}
