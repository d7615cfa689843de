//! On the broker that librdkafka brings with it for tests: what matters here is the client alone.

use std::collections::BTreeMap;

use rdkafka::{
    Offset,
    config::ClientConfig,
    consumer::DefaultConsumerContext,
    mocking::MockCluster,
    producer::{BaseRecord, DefaultProducerContext, Producer as _, ThreadedProducer},
};

use super::*;

const PARTITIONS: i32 = 4;
const MESSAGES: i64 = 5_000;
const TOPIC: &str = "raw_power";

fn cluster() -> MockCluster<'static, DefaultProducerContext> {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, PARTITIONS, 1).unwrap();
    let producer: ThreadedProducer<DefaultProducerContext> =
        ClientConfig::new().set("bootstrap.servers", cluster.bootstrap_servers()).create().unwrap();
    for number in 0..MESSAGES {
        for partition in 0..PARTITIONS {
            let (key, value) = (format!("{partition}"), format!("{number}"));
            let record = BaseRecord::to(TOPIC).partition(partition).timestamp(number + 1);
            let record = record.key(&key).payload(&value);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
    }
    producer.flush(Duration::from_secs(30)).unwrap();
    cluster
}

fn consumer(servers: &str, size: usize) -> BatchConsumer<DefaultConsumerContext> {
    let consumer = ClientConfig::new()
        .set("bootstrap.servers", servers)
        .set("group.id", "test")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    BatchConsumer::new(consumer, size)
}

fn list(partitions: &[(i32, i64)]) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (partition, offset) in partitions {
        list.add_partition_offset(TOPIC, *partition, Offset::Offset(*offset)).unwrap();
    }
    list
}

/// What came is the next of its partition, whole.
fn check(message: BatchMessage<'_>, next: &mut BTreeMap<i32, i64>) {
    let expected = next.get_mut(&message.partition).unwrap();
    assert_eq!(message.offset, *expected, "partition {}", message.partition);
    assert_eq!(message.timestamp_ms, Some(*expected + 1));
    assert_eq!(message.key, Some(message.partition.to_string().as_bytes()));
    assert_eq!(message.value, Some(expected.to_string().as_bytes()));
    *expected += 1;
}

#[test]
fn every_message_comes_once_and_in_order_and_none_to_who_polls() {
    let cluster = cluster();
    for size in [1, 7, 1000] {
        let mut consumer = consumer(&cluster.bootstrap_servers(), size);
        let mut next: BTreeMap<i32, i64> = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
        consumer.incremental_assign(&list(&[(0, 0), (1, 0), (2, 0), (3, 0)])).unwrap();
        while next.values().any(|next| *next < MESSAGES) {
            assert!(consumer.consumer().poll(Duration::ZERO).is_none());
            if let Some(come) = consumer.advance(Duration::from_millis(100)) {
                come.unwrap();
                check(consumer.message().unwrap(), &mut next);
            }
        }
        assert!(consumer.advance(Duration::from_millis(10)).is_none());
        assert_eq!((consumer.is_empty(), consumer.message()), (true, None));
    }
}

#[test]
fn a_partition_that_is_given_up_and_taken_again_at_once_goes_on_where_it_is_told_to() {
    let cluster = cluster();
    let mut consumer = consumer(&cluster.bootstrap_servers(), 100);
    let mut next: BTreeMap<i32, i64> = [(1, 0), (2, 0)].into();
    consumer.incremental_assign(&list(&[(1, 0), (2, 0)])).unwrap();
    let mut taken = 0;
    while next.values().any(|next| *next < MESSAGES) {
        assert!(consumer.consumer().poll(Duration::ZERO).is_none());
        let came = consumer.advance(Duration::from_secs(20));
        assert!(came.is_some(), "nothing comes any more: {next:?}");
        if came.transpose().unwrap().is_some() {
            check(consumer.message().unwrap(), &mut next);
        }
        taken += 1;
        if taken % 250 == 0 {
            while !consumer.is_empty() {
                consumer.advance(Duration::ZERO).unwrap().unwrap();
                check(consumer.message().unwrap(), &mut next);
            }
            let again = list(&[(1, next[&1])]);
            consumer.consumer().incremental_unassign(&again).unwrap();
            consumer.incremental_assign(&again).unwrap();
        }
    }
}

#[test]
fn messages_that_were_not_seen_do_not_hold_up_the_end() {
    let cluster = cluster();
    let mut consumer = consumer(&cluster.bootstrap_servers(), 1000);
    consumer.incremental_assign(&list(&[(0, 0)])).unwrap();
    assert!(consumer.advance(Duration::from_secs(10)).unwrap().is_ok());
    drop(consumer);
}

#[test]
fn what_is_read_beyond_the_end_is_an_error_and_not_a_message() {
    let cluster = cluster();
    let consumer = ClientConfig::new()
        .set("bootstrap.servers", cluster.bootstrap_servers())
        .set("group.id", "test")
        .set("auto.offset.reset", "error")
        .create::<BaseConsumer>()
        .unwrap();
    let mut consumer = BatchConsumer::new(consumer, 10);
    consumer.incremental_assign(&list(&[(0, MESSAGES + 1)])).unwrap();
    let error = consumer.advance(Duration::from_secs(10)).unwrap().unwrap_err();
    assert_eq!(error.rdkafka_error_code(), Some(RDKafkaErrorCode::AutoOffsetReset));
    assert_eq!(consumer.message(), None);
}
