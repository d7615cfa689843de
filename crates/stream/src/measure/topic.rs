//! The topic that readings are put on.
//!
//! In order and with nothing left out: `acks=all`, idempotent, and by `enable.gapless.guarantee` nothing that follows a record that
//! failed is written. A record that cannot be delivered now is tried as long as it takes; the client is made anew where it has given
//! up for good, and begins with the first record that was not confirmed. A record that the broker refuses for itself (its time is too far ahead for
//! `message.timestamp.after.max.ms`, say) is sent once more alone, to be sure, and then given up.
//!
//! The key is the meter's name, by which Java's clients would choose the same partition; without a name all goes to one partition. The
//! record's time is the reading's own. A broker or a registry that does not answer, or refuses us, ends nothing: it is said, at
//! first after [`SILENCE`], then every minute.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use knowatt_readings::{
    Kind,
    kafka::{Settings, Told, Topic, client},
};
use rdkafka::{
    client::ClientContext,
    config::{ClientConfig, RDKafkaLogLevel},
    error::{KafkaError, RDKafkaErrorCode},
    message::DeliveryResult,
    producer::{BaseProducer, BaseRecord, Producer as _, ProducerContext},
};
use tracing::{info, warn};

use super::{Outlet, Settled};
use crate::{
    buffer::Measured,
    config::KafkaConfig,
    encode::{Encoder, Format},
    error::Error,
    kafka,
    reading::{Quantity, Reading},
};

/// How long nothing may be delivered before it is said.
const SILENCE: Duration = Duration::from_secs(5);
/// How often it is said again.
const BETWEEN_WARNINGS: Duration = Duration::from_secs(60);
/// How long is waited before something that failed is tried again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// Settings that would break what is promised here.
const REFUSED: [(&str, &str); 9] = [
    ("bootstrap.servers", "the address names the brokers, kafka://broker:9092/topic"),
    ("transactional.id", "readings are written one by one"),
    ("enable.idempotence", "nothing is written twice"),
    ("enable.gapless.guarantee", "readings stay in order"),
    ("acks", "what is not on all replicas is not delivered"),
    ("request.required.acks", "what is not on all replicas is not delivered"),
    ("max.in.flight", "readings stay in order"),
    ("max.in.flight.requests.per.connection", "readings stay in order"),
    ("message.timeout.ms", "a reading is tried as long as it takes"),
];

/// A topic that readings are put on.
#[derive(Debug, Clone)]
pub struct TopicOptions {
    /// Its address.
    pub address: Topic,
    /// What readings are written in.
    pub format: Format,
    /// The registry that Avro's schemas are added to.
    pub schema_registry: Option<String>,
    /// Whether whole hours are written as the talk's records.
    pub hourly: bool,
    /// Settings of Kafka's client.
    pub kafka: KafkaConfig,
}

/// The topic.
pub struct ReadingTopic {
    topic: Topic,
    hourly: bool,
    settings: Settings,
    encoder: Encoder,
    producer: BaseProducer<Deliveries>,
    /// Those that the broker seems to refuse for themselves: each is sent alone.
    suspects: BTreeSet<u64>,
    /// Whether the client goes on after a record that failed: only while one is sent alone.
    is_careful: bool,
    /// What was taken and not told of: its number, and whether it is delivered. The numbers have no gap.
    taken: VecDeque<(u64, bool)>,
    /// What the client itself refused.
    too_long: Option<(u64, String)>,
    outage: Outage,
}

impl ReadingTopic {
    /// Opens the topic; nothing is asked yet, as the broker may be away.
    pub fn open(options: &TopicOptions) -> Result<Self, Error> {
        let topic = options.address.clone();
        let settings = kafka::settings(&options.kafka)?;
        kafka::refuse(&settings, &REFUSED)?;
        let encoder = Encoder::new(options.format, options.schema_registry.as_deref(), &topic)?;
        let producer = connect(&topic, &settings, false)?;
        Ok(Self {
            topic,
            hourly: options.hourly,
            settings,
            encoder,
            producer,
            suspects: BTreeSet::new(),
            is_careful: false,
            taken: VecDeque::new(),
            too_long: None,
            outage: Outage::new(),
        })
    }

    /// Makes the client anew; what it has not delivered is to be sent again.
    fn begin_anew(&mut self, is_careful: bool) -> Result<(), Error> {
        self.producer = connect(&self.topic, &self.settings, is_careful)?;
        self.is_careful = is_careful;
        self.taken.clear();
        self.too_long = None;
        Ok(())
    }

    fn deliveries(&self) -> Vec<Delivery> {
        let mut deliveries =
            self.producer.context().deliveries.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *deliveries)
    }

    /// Takes note that one is delivered.
    fn delivered(&mut self, id: u64) {
        let first = self.taken.front().map_or(id, |(first, _)| *first);
        let place = id.checked_sub(first).and_then(|place| usize::try_from(place).ok());
        if let Some((_, is_delivered)) = place.and_then(|place| self.taken.get_mut(place)) {
            *is_delivered = true;
        }
    }

    /// Tells of those that are delivered with all before them.
    fn tell_delivered(&mut self, tell: &mut dyn FnMut(Settled)) {
        let mut last = None;
        while let Some((id, true)) = self.taken.front() {
            last = Some(*id);
            self.taken.pop_front();
        }
        if let Some(last) = last {
            self.producer.context().told.forget();
            self.outage.end(&self.topic);
            tell(Settled::Delivered(last));
        }
    }

    /// Some failed; those before the first of them that are delivered are told of.
    fn failed(&mut self, failures: &[(u64, KafkaError)], tell: &mut dyn FnMut(Settled)) -> Result<(), Error> {
        let Some((id, error)) = failures.first() else { return Ok(()) };
        let of_record =
            |(_, error): &&(u64, KafkaError)| error.rdkafka_error_code().is_some_and(is_of_record);
        if self.is_careful && failures.iter().any(|failure| of_record(&failure)) {
            self.suspects.remove(id);
            self.taken.clear();
            self.outage.end(&self.topic);
            tell(Settled::Refused(*id, format!("the broker refuses it: {error}")));
            return Ok(());
        }
        self.suspects.extend(failures.iter().filter(of_record).map(|(id, _)| *id));
        let is_with_another = |(_, error): &(u64, KafkaError)| {
            error.rdkafka_error_code() == Some(RDKafkaErrorCode::InvalidDifferentRecord)
        };
        if !failures.iter().any(|failure| of_record(&failure) || is_with_another(failure)) {
            let fatal = self.producer.client().fatal_error().map(|(_, why)| why);
            let why = self.producer.context().told.most_telling().or(fatal);
            self.outage.failed(&self.topic, &why.unwrap_or_else(|| error.to_string()));
        }
        self.begin_anew(false)?;
        tell(Settled::Lost);
        Ok(())
    }

    /// Whether another may be taken now.
    fn has_room(&mut self, id: u64) -> bool {
        if self.too_long.is_some() || self.outage.is_pausing() {
            return false;
        }
        let is_alone = self.suspects.contains(&id);
        if (is_alone || self.is_careful) && !self.taken.is_empty() {
            return false;
        }
        if is_alone != self.is_careful
            && let Err(error) = self.begin_anew(is_alone)
        {
            self.outage.failed(&self.topic, &error.to_string());
            return false;
        }
        true
    }
}

impl Outlet for ReadingTopic {
    fn send(&mut self, id: u64, reading: &Measured) -> bool {
        if !self.has_room(id) {
            return false;
        }
        let Measured { meter, at_ms, value, kind, hour } = reading;
        let name = String::from_utf8_lossy(meter);
        let quantity = match (kind, self.hourly) {
            (Kind::Energy, true) => Quantity::HourWh(*value),
            (Kind::Energy, false) => Quantity::EnergyWh(*value),
            (Kind::Power, _) => Quantity::PowerW(*value),
            (Kind::Register, _) => Quantity::RegisterWh(*value),
        };
        let reading = Reading { timestamp_ms: *at_ms, meter: &name, quantity, hour: *hour };
        let payload = match self.encoder.reading(&reading) {
            Ok(payload) => payload,
            Err(error) => {
                self.outage.failed(&self.topic, &error.to_string());
                return false;
            }
        };
        // Numbers are counted from 1, and far below what an address can hold.
        let opaque = usize::try_from(id).unwrap_or_default();
        let record = BaseRecord::with_opaque_to(self.topic.name(), opaque).payload(payload).timestamp(*at_ms);
        let record = if meter.is_empty() { record } else { record.key(meter.as_slice()) };
        match self.producer.send(record) {
            Ok(()) => {
                self.taken.push_back((id, false));
                true
            }
            Err((error, _)) => {
                match error.rdkafka_error_code() {
                    Some(RDKafkaErrorCode::QueueFull) => {}
                    Some(RDKafkaErrorCode::MessageSizeTooLarge) => {
                        self.too_long = Some((id, format!("it is too long for a record: {error}")));
                    }
                    _ => self.outage.failed(&self.topic, &error.to_string()),
                }
                false
            }
        }
    }

    fn settle(&mut self, patience: Duration, tell: &mut dyn FnMut(Settled)) -> Result<(), Error> {
        if self.taken.is_empty() && !patience.is_zero() {
            thread::sleep(patience);
        }
        self.producer.poll(if self.taken.is_empty() { Duration::ZERO } else { patience });
        let mut failures = Vec::new();
        for Delivery { id, failure } in self.deliveries() {
            match failure {
                None => self.delivered(id),
                Some(error) => failures.push((id, error)),
            }
        }
        self.tell_delivered(tell);
        self.failed(&failures, tell)?;
        if self.taken.is_empty()
            && let Some((id, why)) = self.too_long.take()
        {
            tell(Settled::Refused(id, why));
        }
        if !self.taken.is_empty() {
            let told = &self.producer.context().told;
            self.outage.waits(&self.topic, || told.most_telling());
        }
        Ok(())
    }

    fn name(&self) -> String {
        self.topic.to_string()
    }
}

fn connect(topic: &Topic, settings: &Settings, is_careful: bool) -> Result<BaseProducer<Deliveries>, Error> {
    let mut config: ClientConfig = client(topic);
    config.set("partitioner", "murmur2");
    settings.apply(&mut config);
    config
        .set("enable.idempotence", "true")
        .set("message.timeout.ms", "0")
        .set("enable.gapless.guarantee", if is_careful { "false" } else { "true" });
    kafka::create(topic, &config, settings, Deliveries::default())
}

/// Whether the record itself is refused, and always will be.
fn is_of_record(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode::{InvalidMessage, InvalidRecord, InvalidTimestamp, MessageSizeTooLarge};
    matches!(code, InvalidMessage | InvalidRecord | InvalidTimestamp | MessageSizeTooLarge)
}

/// What the client tells.
#[derive(Default)]
struct Deliveries {
    told: Told,
    deliveries: Mutex<Vec<Delivery>>,
}

/// That a record is delivered, or why not.
struct Delivery {
    id: u64,
    failure: Option<KafkaError>,
}

impl ClientContext for Deliveries {
    fn error(&self, error: KafkaError, reason: &str) {
        self.told.error(error, reason);
    }

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, id: usize) {
        let failure = result.as_ref().err().map(|(error, _)| error.clone());
        let delivery = Delivery { id: id as u64, failure };
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).push(delivery);
    }
}

/// A time in which nothing is delivered.
struct Outage {
    /// Since when something waits.
    since: Option<Instant>,
    said: Option<Instant>,
    pause: Duration,
    until: Option<Instant>,
}

impl Outage {
    fn new() -> Self {
        Self { since: None, said: None, pause: PAUSES.0, until: None }
    }

    /// Something waits to be delivered.
    fn waits(&mut self, topic: &Topic, why: impl Fn() -> Option<String>) {
        let since = *self.since.get_or_insert_with(Instant::now);
        if since.elapsed() >= SILENCE {
            self.say(topic, &why().unwrap_or_else(|| "the broker does not answer".to_owned()));
        }
    }

    /// Something failed, and is to be tried again after a pause.
    fn failed(&mut self, topic: &Topic, why: &str) {
        self.since.get_or_insert_with(Instant::now);
        self.say(topic, why);
        self.until = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(PAUSES.1);
    }

    fn is_pausing(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }

    fn say(&mut self, topic: &Topic, why: &str) {
        if self.said.is_none_or(|said| said.elapsed() >= BETWEEN_WARNINGS) {
            warn!(%topic, "nothing can be delivered, readings wait: {why}");
            self.said = Some(Instant::now());
        }
    }

    /// Something is delivered.
    fn end(&mut self, topic: &Topic) {
        let since = self.since.take();
        if self.said.is_some() {
            let seconds = since.map_or(0, |since| since.elapsed().as_secs());
            info!(%topic, seconds, "readings are delivered again");
        }
        *self = Self::new();
    }
}
