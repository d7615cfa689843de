//! What the source and the sink of Kafka share: their settings, and what is said of a broker that does not answer.

use std::time::{Duration, Instant};

use knowatt_readings::kafka::{Settings, Told, Topic};
use rdkafka::{
    TopicPartitionList,
    config::{ClientConfig, FromClientConfigAndContext},
    error::{KafkaError, RDKafkaErrorCode},
    metadata::Metadata,
};
use tracing::{info, warn};

use crate::{config::KafkaConfig, error::Error, source::Read};

/// How long a broker may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How often a broker that does not answer is asked.
const BETWEEN_QUESTIONS: Duration = Duration::from_secs(1);
/// What a committed offset's metadata begins with.
const STATE_FROM: &str = "state-from=";

/// A reader of a topic, as a writer needs it that commits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The topic that is read.
    pub topic: Topic,
    /// Its consumer group.
    pub group: String,
    /// Its place in the group, if it keeps one.
    pub instance: Option<String>,
}

/// The topic of an address.
pub(crate) fn topic(address: &str) -> Result<Topic, Error> {
    address.parse().map_err(|expected| Error::change(format!("`{address}` is no topic: {expected}")))
}

/// The settings of a file, and those that go before them.
pub(crate) fn settings(config: &KafkaConfig) -> Result<Settings, Error> {
    let mut settings = Settings::default();
    if let Some(path) = &config.properties_file {
        let failed = |what: String| Error::change(format!("{}: {what}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        settings = Settings::from_properties(&text).map_err(|error| failed(error.to_string()))?;
    }
    for (name, value) in &config.properties {
        settings.set(name, value).map_err(|error| Error::change(error.to_string()))?;
    }
    Ok(settings)
}

/// Refuses settings that would break what is promised, each with what to do instead.
pub(crate) fn refuse(settings: &Settings, refused: &[(&str, &str)]) -> Result<(), Error> {
    for (name, instead) in refused {
        if settings.get(name).is_some() {
            return Err(Error::change(format!("the Kafka setting {name} is not yours to set: {instead}")));
        }
    }
    Ok(())
}

/// Makes a client; nothing is asked yet.
pub(crate) fn create<C, T: FromClientConfigAndContext<C>>(
    topic: &Topic,
    config: &ClientConfig,
    settings: &Settings,
    context: C,
) -> Result<T, Error>
where
    C: rdkafka::ClientContext,
{
    config.create_with_context(context).map_err(|error| {
        let why = settings.redacted(&error.to_string());
        Error::change(format!("{topic}: a setting of Kafka's client is wrong: {why}"))
    })
}

/// How far was read, as it is committed.
pub(crate) fn offsets(topic: &str, read: &[Read]) -> Result<TopicPartitionList, KafkaError> {
    let mut list = TopicPartitionList::with_capacity(read.len());
    for Read { partition, next_offset, state_from } in read {
        let mut element = list.add_partition(topic, *partition);
        element.set_offset(rdkafka::Offset::Offset(*next_offset))?;
        element.set_metadata(format!("{STATE_FROM}{state_from}"));
    }
    Ok(list)
}

/// The offset that a committed offset's metadata names.
pub(crate) fn state_from(metadata: &str) -> Option<i64> {
    metadata.strip_prefix(STATE_FROM)?.parse().ok()
}

/// Whether the client goes on trying after it.
pub(crate) fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::Resolve
            | Code::SSL
            | Code::WaitingForCoordinator
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::NotLeaderForPartition
            | Code::LeaderNotAvailable
            | Code::OffsetNotAvailable
            | Code::RequestTimedOut
            | Code::NetworkException
            | Code::UnstableOffsetCommit
            | Code::Retry
    )
}

/// Whether the cluster does not allow it.
pub(crate) fn is_forbidden(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
    )
}

/// An error that lies at the broker: waiting helps, or it does not.
pub(crate) fn failed(topic: &Topic, told: &Told, error: &KafkaError) -> Error {
    let code = error.rdkafka_error_code();
    if let Some(refusal) = told.refusal() {
        return Error::outside(format!("{topic}: {refusal}"));
    }
    if code.is_some_and(is_forbidden) {
        return Error::outside(format!("{topic}: {error}; the broker's access control lists say who may"));
    }
    let why = told.most_telling().unwrap_or_else(|| error.to_string());
    Error::again(format!("{topic}: {why}"))
}

/// What is known of a topic that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum There {
    Yes,
    No,
    /// It is being made, or a broker is changing.
    NotYet,
}

impl There {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let Some(topic) = metadata.topics().first() else { return Self::No };
        match topic.error().map(RDKafkaErrorCode::from) {
            None if topic.partitions().is_empty() => Self::NotYet,
            None => Self::Yes,
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Self::No,
            Some(_) => Self::NotYet,
        }
    }
}

/// That a topic is not there, with what makes it.
pub(crate) fn no_topic(topic: &Topic) -> Error {
    let (brokers, name) = (topic.brokers(), topic.name());
    Error::outside(format!(
        "{topic}: there is no such topic; make it: kafka-topics.sh --bootstrap-server {brokers} --create --topic {name}"
    ))
}

/// A time without a broker: said once when it begins, and once when it is over.
#[derive(Debug, Default)]
pub(crate) struct Outage {
    since: Option<Instant>,
    asked: Option<Instant>,
}

impl Outage {
    pub(crate) fn is_on(&self) -> bool {
        self.since.is_some()
    }

    pub(crate) fn begin(&mut self, topic: &Topic, why: &str) {
        if self.since.is_none() {
            warn!(%topic, "no broker answers, waiting for one: {why}");
            self.since = Some(Instant::now());
        }
    }

    pub(crate) fn end(&mut self, topic: &Topic) {
        if let Some(since) = self.since.take() {
            info!(%topic, "a broker answers again, after {} s", since.elapsed().as_secs());
        }
    }

    /// Whether it is time to ask again.
    pub(crate) fn is_time(&mut self) -> bool {
        let is_time = self.asked.is_none_or(|asked| asked.elapsed() >= BETWEEN_QUESTIONS);
        if is_time {
            self.asked = Some(Instant::now());
        }
        is_time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_committed_tells_where_the_state_begins() {
        let read = [Read { partition: 3, next_offset: 100, state_from: 42 }];
        let list = offsets("topic", &read).unwrap();
        let found = list.find_partition("topic", 3).unwrap();
        assert_eq!(found.offset(), rdkafka::Offset::Offset(100));
        assert_eq!(state_from(found.metadata()), Some(42));
        for other in ["", "42", "state-from=", "state-from=x"] {
            assert_eq!(state_from(other), None, "{other}");
        }
    }
}
