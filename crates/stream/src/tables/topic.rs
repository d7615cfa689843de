//! Models in a compacted topic: the key is the meter, the value its model file; a record without a value takes the model away. A
//! record with an empty key is the model of the meters that have none.
//!
//! The topic is read from its beginning to its end when the stream begins, and looked at every second from then on. No group is made of it. Partitions that
//! are added later are seen after a restart.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use knowatt_readings::kafka::{Settings, Told, Topic, client};
use rdkafka::{
    Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    message::BorrowedMessage,
    metadata::{MetadataPartition, MetadataTopic},
};

use crate::{
    error::Error,
    kafka::{self, PATIENCE},
};

/// How long the topic's end may take to come.
const LONGEST: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(200);

/// A topic of models.
pub(crate) struct ModelTopic {
    consumer: BaseConsumer<Told>,
    topic: Topic,
}

impl std::fmt::Debug for ModelTopic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.topic)
    }
}

/// What is said of a meter: its model file, or that it has none any more.
pub(crate) type Said<'s> = (&'s [u8], Option<&'s [u8]>);

impl ModelTopic {
    /// Opens the topic and reads it to its end.
    pub(crate) fn open(
        topic: Topic,
        settings: &Settings,
        mut take: impl FnMut(Said<'_>),
    ) -> Result<Self, Error> {
        let mut config = client(&topic);
        config
            // The client wants one; no group is made of it.
            .set("group.id", "knowatt-models")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "true");
        settings.apply(&mut config);
        config.set("isolation.level", "read_committed");
        let consumer: BaseConsumer<Told> = kafka::create(&topic, &config, settings, Told::default())?;
        let failed = |error: &KafkaError| kafka::failed(&topic, consumer.context(), error);
        let metadata =
            consumer.fetch_metadata(Some(topic.name()), PATIENCE).map_err(|error| failed(&error))?;
        let partitions = metadata.topics().first().map(MetadataTopic::partitions).unwrap_or_default();
        if partitions.is_empty() {
            return Err(kafka::no_topic(&topic));
        }
        let mut list = TopicPartitionList::new();
        for partition in partitions {
            let added = list.add_partition_offset(topic.name(), partition.id(), Offset::Beginning);
            added.map_err(|error| failed(&error))?;
        }
        consumer.assign(&list).map_err(|error| failed(&error))?;
        let mut left: BTreeSet<i32> = partitions.iter().map(MetadataPartition::id).collect();
        let began = Instant::now();
        while !left.is_empty() {
            match consumer.poll(POLL) {
                Some(Ok(message)) => take(said(&message)),
                Some(Err(KafkaError::PartitionEOF(partition))) => _ = left.remove(&partition),
                Some(Err(error)) if !is_passing(&error) => return Err(failed(&error)),
                Some(Err(_)) | None if began.elapsed() < LONGEST => {}
                Some(Err(_)) | None => {
                    return Err(Error::outside(format!(
                        "{topic}: its end did not come in {} s",
                        LONGEST.as_secs()
                    )));
                }
            }
        }
        Ok(Self { consumer, topic })
    }

    /// Reads what has come since.
    pub(crate) fn refresh(&self, mut take: impl FnMut(Said<'_>)) {
        // Errors pass, or are those of the source too; what is known of the meters stays.
        while let Some(polled) = self.consumer.poll(Duration::ZERO) {
            if let Ok(message) = polled {
                take(said(&message));
            }
        }
    }
}

fn said<'m>(message: &'m BorrowedMessage<'_>) -> Said<'m> {
    (message.key().unwrap_or_default(), message.payload())
}

fn is_passing(error: &KafkaError) -> bool {
    error
        .rdkafka_error_code()
        .is_none_or(|code| kafka::is_passing(code) || code == RDKafkaErrorCode::PartitionEOF)
}
