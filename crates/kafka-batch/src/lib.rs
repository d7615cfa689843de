//! Messages of rdkafka's consumer, many at a time.
//!
//! `rdkafka` asks librdkafka for one message after the other; each time locks, clocks and memory cost more than most of what is
//! done with a message (docs/decisions/0012-many-messages-at-a-time.md has figures). librdkafka also gives many at once, which `rdkafka`
//! does not reach; this crate does, and nothing else. It is the only one that is not free of `unsafe`.
//!
//! What the group decides must not come between messages: `rd_kafka_consume_batch_queue` answers a rebalance by itself, by giving everything up. So the
//! messages of each partition are forwarded to a queue of their own, and [`BaseConsumer::poll`] has all else.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use knowatt_kafka_batch::BatchConsumer;
//! use rdkafka::{Offset, TopicPartitionList, config::ClientConfig, consumer::DefaultConsumerContext};
//!
//! let consumer = ClientConfig::new().set("bootstrap.servers", "localhost:9092").set("group.id", "g").create()?;
//! let mut batches = BatchConsumer::<DefaultConsumerContext>::new(consumer, 500);
//! let mut partitions = TopicPartitionList::new();
//! partitions.add_partition_offset("raw_power", 0, Offset::Beginning)?;
//! batches.incremental_assign(&partitions)?;
//! loop {
//!     batches.consumer().poll(Duration::ZERO).transpose()?;
//!     match batches.advance(Duration::from_millis(100)) {
//!         None => {}
//!         Some(Err(error)) => return Err(error.into()),
//!         Some(Ok(())) => println!("{:?}", batches.message()),
//!     }
//! }
//! # #[allow(unreachable_code)]
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{ffi::CString, slice, time::Duration};

use rdkafka::{
    TopicPartitionList,
    bindings::{
        rd_kafka_consume_batch_queue, rd_kafka_message_destroy, rd_kafka_message_t,
        rd_kafka_message_timestamp, rd_kafka_queue_destroy, rd_kafka_queue_forward,
        rd_kafka_queue_get_partition, rd_kafka_queue_new, rd_kafka_queue_t, rd_kafka_timestamp_type_t,
    },
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::{KafkaError, KafkaResult, RDKafkaErrorCode},
    types::RDKafkaRespErr,
};

/// A consumer, whose partitions' messages come many at a time.
pub struct BatchConsumer<C: ConsumerContext + 'static> {
    // In this order they are dropped: librdkafka wants messages and queues back before the client ends.
    batch: Batch,
    queue: Queue,
    consumer: BaseConsumer<C>,
}

/// A message, as it lies in the client's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchMessage<'b> {
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Its time in ms since 1970, whoever set it.
    pub timestamp_ms: Option<i64>,
    /// The key.
    pub key: Option<&'b [u8]>,
    /// The value.
    pub value: Option<&'b [u8]>,
}

impl<C: ConsumerContext + 'static> BatchConsumer<C> {
    /// Takes at most `size` messages at a time.
    pub fn new(consumer: BaseConsumer<C>, size: usize) -> Self {
        // SAFETY: the client lives as long as `consumer`, which is dropped after the queue.
        let queue = Queue(unsafe { rd_kafka_queue_new(consumer.client().native_ptr()) });
        Self { batch: Batch::new(size), queue, consumer }
    }

    /// The consumer, for all but messages.
    pub fn consumer(&self) -> &BaseConsumer<C> {
        &self.consumer
    }

    /// Begins to read partitions; their messages come from [`Self::advance`] alone.
    pub fn incremental_assign(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        // Before, so that not one message goes where `poll` finds it; and after, as the end of an earlier assignment of the same partition,
        // which the client has got to by then, undoes it.
        self.forward(partitions)?;
        self.consumer.incremental_assign(partitions)?;
        self.forward(partitions)
    }

    fn forward(&self, partitions: &TopicPartitionList) -> KafkaResult<()> {
        for element in partitions.elements() {
            let unknown = || KafkaError::MessageConsumption(RDKafkaErrorCode::UnknownTopicOrPartition);
            let topic = CString::new(element.topic()).map_err(|_| unknown())?;
            let client = self.consumer.client().native_ptr();
            // SAFETY: the client lives, and the name is only read meanwhile.
            let queue = unsafe { rd_kafka_queue_get_partition(client, topic.as_ptr(), element.partition()) };
            if queue.is_null() {
                return Err(unknown());
            }
            let queue = Queue(queue);
            // SAFETY: both are queues of the same client, which counts who holds them.
            unsafe { rd_kafka_queue_forward(queue.0, self.queue.0) };
        }
        Ok(())
    }

    /// Whether the next message is to be waited for. Until then the client has nothing to say, either.
    pub fn is_empty(&self) -> bool {
        self.batch.behind.is_empty()
    }

    /// Goes on to the next message, for which at most `patience` is waited; the one before is given back.
    pub fn advance(&mut self, patience: Duration) -> Option<KafkaResult<()>> {
        self.batch.current = None;
        if self.is_empty() {
            self.batch.fill(&self.queue, patience);
        }
        let next = self.batch.behind.pop()?;
        if next.fields().err == RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR {
            self.batch.current = Some(next);
            return Some(Ok(()));
        }
        Some(Err(KafkaError::MessageConsumption(next.fields().err.into())))
    }

    /// The message that was advanced to; none where there was none.
    pub fn message(&self) -> Option<BatchMessage<'_>> {
        let held = self.batch.current.as_ref()?;
        let rd_kafka_message_t { partition, offset, .. } = held.fields();
        Some(BatchMessage {
            partition: *partition,
            offset: *offset,
            timestamp_ms: held.timestamp_ms(),
            key: held.key(),
            value: held.value(),
        })
    }

    /// Gives all messages back, those that were not seen yet too: before the consumer is closed.
    pub fn clear(&mut self) {
        self.batch.current = None;
        self.batch.behind.clear();
    }
}

/// A queue, given back when it is dropped.
struct Queue(*mut rd_kafka_queue_t);

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: it came from librdkafka, is given back once, and its client still lives.
        unsafe { rd_kafka_queue_destroy(self.0) };
    }
}

/// A message, given back when it is dropped.
#[repr(transparent)]
struct Held(*mut rd_kafka_message_t);

impl Held {
    fn fields(&self) -> &rd_kafka_message_t {
        // SAFETY: it came from librdkafka, is not null, and is given back by `drop` alone.
        unsafe { &*self.0 }
    }

    fn timestamp_ms(&self) -> Option<i64> {
        let mut kind = rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: as in `fields`; `kind` is written to.
        let timestamp_ms = unsafe { rd_kafka_message_timestamp(self.0, &raw mut kind) };
        (kind != rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE).then_some(timestamp_ms)
    }

    fn key(&self) -> Option<&[u8]> {
        let rd_kafka_message_t { key, key_len, .. } = self.fields();
        // SAFETY: so many bytes are there for as long as the message is held.
        (!key.is_null()).then(|| unsafe { slice::from_raw_parts(key.cast(), *key_len) })
    }

    fn value(&self) -> Option<&[u8]> {
        let rd_kafka_message_t { payload, len, .. } = self.fields();
        // SAFETY: so many bytes are there for as long as the message is held; with an error they are its text.
        (!payload.is_null()).then(|| unsafe { slice::from_raw_parts(payload.cast(), *len) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: as in `fields`; what borrowed from it borrowed `self`.
        unsafe { rd_kafka_message_destroy(self.0) };
    }
}

/// Messages that came together.
struct Batch {
    current: Option<Held>,
    /// Those behind it, the next one last.
    behind: Vec<Held>,
}

impl Batch {
    fn new(size: usize) -> Self {
        Self { current: None, behind: Vec::with_capacity(size.max(1)) }
    }

    /// Takes what there is; if that is nothing, waits for one.
    fn fill(&mut self, queue: &Queue, patience: Duration) {
        let patience_ms = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // With a patience librdkafka would wait until all the room is filled.
        self.take(queue, 0, self.behind.capacity());
        if self.behind.is_empty() && patience_ms > 0 {
            self.take(queue, patience_ms, 1);
        }
    }

    fn take(&mut self, queue: &Queue, patience_ms: i32, most: usize) {
        self.behind.clear();
        let room = self.behind.spare_capacity_mut();
        let most = most.min(room.len());
        // SAFETY: the queue lives; there is room for so many pointers, and one is all that a `Held` is.
        let count =
            unsafe { rd_kafka_consume_batch_queue(queue.0, patience_ms, room.as_mut_ptr().cast(), most) };
        // Below zero it is an error, and nothing was taken.
        let count = usize::try_from(count).unwrap_or(0);
        // SAFETY: so many were written, to the beginning of a vector that was empty.
        unsafe { self.behind.set_len(count) };
        self.behind.reverse();
    }
}

#[cfg(test)]
mod tests;
