//! The topics that are written to: whether they are there, and the making of one that nobody thinks of before it is needed.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::{Duration, Instant},
};

use knowatt_readings::kafka::{Settings, Told, Topic, client};
use rdkafka::{
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    error::RDKafkaErrorCode,
    producer::{BaseProducer, Producer as _},
};
use tracing::info;

use super::Deliveries;
use crate::{
    error::Error,
    kafka::{self, PATIENCE, There},
};

const PAUSE: Duration = Duration::from_millis(100);

/// A topic of the same brokers.
pub(super) fn sibling(topic: &Topic, name: &str) -> Result<Topic, Error> {
    let no_name = || Error::change(format!("`{name}` is no name of a topic (letters, digits, . _ -)"));
    topic.sibling(name).ok_or_else(no_name)
}

/// The topic of scores, if one is named: none that anything else goes to.
pub(super) fn of_scores(
    anomalies: &Topic,
    others: [Option<&Topic>; 2],
    name: Option<&str>,
) -> Result<Option<Topic>, Error> {
    let Some(name) = name else { return Ok(None) };
    let scores = sibling(anomalies, name)?;
    if others.into_iter().flatten().chain([anomalies]).any(|other| other.name() == name) {
        return Err(Error::change(format!(
            "scores = \"{name}\": something else goes to that topic; the score of every hour needs one of its own"
        )));
    }
    Ok(Some(scores))
}

/// Waits until a topic is there: brokers that make topics by themselves need a moment. Gives false if there is none.
pub(super) fn is_there(producer: &BaseProducer<Deliveries>, topic: &Topic) -> Result<bool, Error> {
    let began = Instant::now();
    loop {
        let told = &producer.context().told;
        match producer.client().fetch_metadata(Some(topic.name()), PATIENCE) {
            Ok(metadata) => match There::of(&metadata) {
                There::Yes => {
                    told.forget();
                    return Ok(true);
                }
                There::No if began.elapsed() >= PATIENCE => return Ok(false),
                There::NotYet if began.elapsed() >= 2 * PATIENCE => return Ok(false),
                _ => {}
            },
            Err(error) => {
                // It is told while the client is polled.
                producer.poll(PAUSE);
                if told.refusal().is_some() || began.elapsed() >= PATIENCE {
                    return Err(kafka::failed(topic, told, &error));
                }
            }
        }
        thread::sleep(PAUSE);
    }
}

/// Whether a topic is there by now.
pub(super) fn is_known(producer: &BaseProducer<Deliveries>, topic: &Topic) -> Result<bool, Error> {
    match producer.client().fetch_metadata(Some(topic.name()), PATIENCE) {
        Ok(metadata) => Ok(There::of(&metadata) == There::Yes),
        Err(error) => Err(kafka::failed(topic, &producer.context().told, &error)),
    }
}

/// Makes a topic with the broker's own numbers of partitions and replicas.
pub(super) fn make(topic: &Topic, settings: &Settings) -> Result<(), Error> {
    let mut config = client(topic);
    settings.apply(&mut config);
    let admin: AdminClient<Told> = kafka::create(topic, &config, settings, Told::default())?;
    let new = NewTopic::new(topic.name(), -1, TopicReplication::Fixed(-1));
    let options = AdminOptions::new().request_timeout(Some(PATIENCE)).operation_timeout(Some(PATIENCE));
    let made = wait_for(admin.create_topics([&new], &options));
    let failed = |why: &dyn std::fmt::Display| {
        let (brokers, name) = (topic.brokers(), topic.name());
        Error::outside(format!(
            "{topic}: the topic for what cannot be read is not there, and could not be made: {why}; make it, kafka-topics.sh --bootstrap-server {brokers} --create --topic {name}, or name another: dead-letters = \"TOPIC\""
        ))
    };
    let results = made.map_err(|error| match error.rdkafka_error_code() {
        Some(code) if kafka::is_passing(code) => kafka::failed(topic, admin.inner().context(), &error),
        _ => failed(&error),
    })?;
    match results.into_iter().next() {
        None | Some(Ok(_)) => {
            info!(%topic, "made the topic for what cannot be read");
            Ok(())
        }
        Some(Err((_, RDKafkaErrorCode::TopicAlreadyExists))) => Ok(()),
        Some(Err((_, code))) => Err(failed(&code)),
    }
}

/// The client answers on a thread of its own; this one waits for it.
fn wait_for<T>(answer: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut answer = pin!(answer);
    loop {
        match answer.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(found) => return found,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_have_a_topic_of_their_own_or_none() {
        let topic = |name: &str| -> Topic { format!("kafka://broker:9092/{name}").parse().unwrap() };
        let (anomalies, events, letters) = (topic("found"), topic("events"), topic("letters"));
        let of = |name| of_scores(&anomalies, [Some(&events), Some(&letters)], name);
        assert!(of(None).unwrap().is_none());
        assert_eq!(of(Some("scores")).unwrap().unwrap().to_string(), "kafka://broker:9092/scores");
        for taken in ["found", "events", "letters"] {
            let said = of(Some(taken)).unwrap_err().to_string();
            assert!(said.contains("needs one of its own"), "{said}");
        }
        assert!(of(Some("every hour")).unwrap_err().to_string().contains("is no name of a topic"));
    }
}
