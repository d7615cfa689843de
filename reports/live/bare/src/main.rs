//! Reads a topic and counts messages and bytes: what Kafka's client takes by itself.
//!
//!     knowatt-live-bare BROKER TOPIC COUNT WARM_UP [COMMIT_MS]
//!
//! The client's settings are those of `knowatt watch`. Prints, as one line of CSV, the messages after the first WARM_UP, and the seconds, the
//! CPU seconds and the memory that they took. With COMMIT_MS it also makes a transaction so often that holds nothing but how far was read, and
//! prints on the error output how long each took.

use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};

use knowatt_live_bare::{Used, client};
use rdkafka::{
    Message, Offset, TopicPartitionList,
    config::ClientConfig,
    consumer::{BaseConsumer, Consumer},
    producer::{BaseProducer, Producer},
};

const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [broker, topic, count, warm_up, more @ ..] = arguments.as_slice() else {
        return Err("knowatt-live-bare BROKER TOPIC COUNT WARM_UP [COMMIT_MS]".into());
    };
    let (count, warm_up): (u64, u64) = (count.parse()?, warm_up.parse()?);
    let group = format!("bare-{}", std::process::id());
    let consumer: BaseConsumer = client(broker, &group).create()?;
    consumer.subscribe(&[topic])?;
    let mut commits = match more {
        [every_ms] => Some(Commits::new(broker, topic, &group, Duration::from_millis(every_ms.parse()?))?),
        _ => None,
    };
    let (mut messages, mut bytes) = (0, 0);
    let mut begin = None;
    while messages < count {
        // None comes when the group has changed, too.
        let Some(message) = consumer.poll(PATIENCE) else { continue };
        let message = message?;
        messages += 1;
        bytes += message.key().map_or(0, <[u8]>::len) + message.payload().map_or(0, <[u8]>::len);
        if messages == warm_up {
            begin = Some(Used::now()?);
        }
        if let Some(commits) = &mut commits {
            commits.read(&consumer, message.partition(), message.offset(), messages)?;
        }
    }
    begin.ok_or("WARM_UP is more than COUNT")?.tell(count - warm_up)?;
    eprintln!("{messages} messages, {bytes} bytes");
    if let Some(commits) = commits {
        commits.tell();
    }
    Ok(())
}

/// Transactions that commit how far was read.
struct Commits {
    producer: BaseProducer,
    topic: String,
    every: Duration,
    last: Instant,
    next_offsets: BTreeMap<i32, i64>,
    took: Vec<Duration>,
}

impl Commits {
    fn new(broker: &str, topic: &str, group: &str, every: Duration) -> Result<Self, Box<dyn Error>> {
        let producer: BaseProducer =
            ClientConfig::new().set("bootstrap.servers", broker).set("transactional.id", group).create()?;
        producer.init_transactions(PATIENCE)?;
        producer.begin_transaction()?;
        let (topic, next_offsets) = (topic.to_owned(), BTreeMap::new());
        Ok(Self { producer, topic, every, last: Instant::now(), next_offsets, took: Vec::new() })
    }

    fn read(
        &mut self,
        consumer: &BaseConsumer,
        partition: i32,
        offset: i64,
        messages: u64,
    ) -> Result<(), Box<dyn Error>> {
        self.next_offsets.insert(partition, offset + 1);
        if messages % 256 != 0 || self.last.elapsed() < self.every {
            return Ok(());
        }
        let began = Instant::now();
        let mut list = TopicPartitionList::new();
        for (partition, next_offset) in std::mem::take(&mut self.next_offsets) {
            list.add_partition_offset(&self.topic, partition, Offset::Offset(next_offset))?;
        }
        let group = consumer.group_metadata().ok_or("no group")?;
        self.producer.send_offsets_to_transaction(&list, &group, PATIENCE)?;
        self.producer.commit_transaction(PATIENCE)?;
        self.producer.begin_transaction()?;
        self.last = Instant::now();
        self.took.push(self.last - began);
        Ok(())
    }

    fn tell(mut self) {
        self.took.sort();
        let at = |part: usize| self.took.get(self.took.len() * part / 100).copied().unwrap_or_default();
        eprintln!(
            "{} transactions; half took up to {:?}, 90 of 100 up to {:?}",
            self.took.len(),
            at(50),
            at(90)
        );
    }
}
