//! Reads a topic as the bare loop does, but as `knowatt watch` takes it from the client: many messages at a time, and with its allocator.
//!
//!     batches BROKER TOPIC COUNT WARM_UP

use std::{error::Error, time::Duration};

use knowatt_kafka_batch::BatchConsumer;
use knowatt_live_bare::{Used, client};
use rdkafka::{
    Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer, DefaultConsumerContext},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [broker, topic, count, warm_up] = arguments.as_slice() else {
        return Err("batches BROKER TOPIC COUNT WARM_UP".into());
    };
    let (count, warm_up): (u64, u64) = (count.parse()?, warm_up.parse()?);
    let consumer: BaseConsumer = client(broker, &format!("batches-{}", std::process::id())).create()?;
    let metadata = consumer.fetch_metadata(Some(topic), PATIENCE)?;
    let mut partitions = TopicPartitionList::new();
    for partition in metadata.topics().iter().flat_map(|topic| topic.partitions()) {
        partitions.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    let mut consumer: BatchConsumer<DefaultConsumerContext> = BatchConsumer::new(consumer, 500);
    consumer.incremental_assign(&partitions)?;
    let (mut messages, mut bytes) = (0, 0);
    let mut begin = None;
    while messages < count {
        consumer.advance(PATIENCE).transpose()?;
        let Some(message) = consumer.message() else { continue };
        messages += 1;
        bytes += message.key.map_or(0, <[u8]>::len) + message.value.map_or(0, <[u8]>::len);
        if messages == warm_up {
            begin = Some(Used::now()?);
        }
    }
    begin.ok_or("WARM_UP is more than COUNT")?.tell(count - warm_up)?;
    eprintln!("{messages} messages, {bytes} bytes");
    Ok(())
}
