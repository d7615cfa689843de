//! What the group decides, noted while the client is polled and acted on by who polls it.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use knowatt_readings::kafka::Told;
use rdkafka::{
    TopicPartitionList,
    client::ClientContext,
    config::RDKafkaLogLevel,
    consumer::{BaseConsumer, Consumer, ConsumerContext},
    error::KafkaError,
    topic_partition_list::TopicPartitionListElem,
    types::RDKafkaRespErr,
};

/// What the group has decided: all of it is to be answered, with an assignment or the end of one.
#[derive(Debug)]
pub(super) enum Change {
    /// These partitions are ours.
    Assigned(Vec<i32>),
    /// These are to be given up.
    Revoked(Vec<i32>),
    /// These were ours, until the group went on without us.
    Lost(Vec<i32>),
}

/// What is noted of a client.
#[derive(Default)]
pub(super) struct Context {
    pub(super) told: Told,
    changes: Mutex<VecDeque<Change>>,
    /// Whether there are any, without a lock.
    has_changes: AtomicBool,
    is_closing: AtomicBool,
}

impl Context {
    pub(super) fn has_changes(&self) -> bool {
        self.has_changes.load(Ordering::Acquire)
    }

    /// The first change that was not acted on yet.
    pub(super) fn next(&self) -> Option<Change> {
        let mut changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        let first = changes.pop_front();
        self.has_changes.store(!changes.is_empty(), Ordering::Release);
        first
    }

    /// It could not be acted on yet.
    pub(super) fn put_back(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_front(change);
        self.has_changes.store(true, Ordering::Release);
    }

    /// From now on every change is answered at once: nothing is ours any more.
    pub(super) fn close(&self) {
        self.is_closing.store(true, Ordering::Release);
    }
}

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        self.told.error(error, reason);
    }

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn stats_raw(&self, _: &[u8]) {}
}

impl ConsumerContext for Context {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        what: RDKafkaRespErr,
        partitions: &mut TopicPartitionList,
    ) {
        if self.is_closing.load(Ordering::Acquire) {
            // What cannot be unassigned any more is not assigned any more.
            _ = consumer.unassign();
            return;
        }
        let partitions = partitions.elements().iter().map(TopicPartitionListElem::partition).collect();
        let change = match what {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => Change::Assigned(partitions),
            _ if consumer.assignment_lost() => Change::Lost(partitions),
            _ => Change::Revoked(partitions),
        };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
        self.has_changes.store(true, Ordering::Release);
    }
}
