//! Publishing to a broker, each message until it is acknowledged.
//!
//! With QoS 1: what the broker has not acknowledged when the connection breaks is published again, in order; what it has is not. So a
//! subscriber sees something twice only if the broker took it and fell before it could say so.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use rumqttc::v5::mqttbytes::{
    QoS,
    v5::{LastWill, LastWillProperties},
};
use tracing::info;

use super::{
    MADE_BY,
    access::{Address, settings, user},
    link::Link,
    outbox::{Clerk, Outbox, WINDOW},
    topic::check_topic,
};
use crate::{config::MqttConfig, error::Error};

/// How long the broker is waited for to take a farewell.
const FAREWELL: Duration = Duration::from_secs(2);

/// What is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Where to.
    pub topic: String,
    /// The message.
    pub payload: String,
    /// Whether the broker keeps it for who subscribes later.
    pub is_retained: bool,
}

/// Publishes to a broker. A connection that breaks is made again.
pub struct Publisher {
    outbox: Arc<Outbox>,
    will: Option<Letter>,
    stop: Arc<AtomicBool>,
    _link: Link,
}

impl Publisher {
    /// Connects to the broker of an address, whose topic is not looked at; fails if it is not there.
    ///
    /// The last will is published by the broker when a connection breaks, and by us when this is dropped. Once `stop` is set, what the
    /// broker does not acknowledge within five seconds is no longer waited for.
    pub fn open(
        address: &str,
        config: &MqttConfig,
        will: Option<Letter>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Error> {
        let address = Address::parse(address)?;
        Self::connect(&address, &address.broker(), config, will, stop)
    }

    /// The same; `name` is for messages.
    pub(crate) fn connect(
        address: &Address,
        name: &str,
        config: &MqttConfig,
        will: Option<Letter>,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Error> {
        if config.preset.is_some() || !config.subscriptions.is_empty() {
            return Err(Error::change(
                "what messages mean is for a source: `preset` and `subscriptions` are of [source.mqtt]",
            ));
        }
        // Nothing is kept at the broker for us, so that it may find a name itself.
        let mut settings = settings(address, config, config.client_id.as_deref().unwrap_or_default())?;
        settings.set_clean_start(true).set_outgoing_inflight_upper_limit(WINDOW);
        if let Some(will) = &will {
            check_topic(&will.topic)?;
            settings.set_last_will(last_will(will));
        }
        let outbox = Arc::new(Outbox::default());
        let user = user(address, config).unwrap_or_default();
        let clerk = Clerk::new(Arc::clone(&outbox), address.broker(), user);
        let link = Link::open(settings, address.broker(), name.to_owned(), clerk)?;
        info!("publishes to {name}");
        Ok(Self { outbox, will, stop, _link: link })
    }

    /// Publishes these now, and at every new connection before anything else; one takes the place of an earlier one of the same topic.
    ///
    /// Does not wait; what a broker refuses of it, the next [`Publisher::publish`] says. It is for what a broker should know as long as we
    /// are there: that we are, after it has published our last will, and what it has to retain, after it has forgotten it.
    pub fn announce(&mut self, letters: Vec<Letter>) {
        self.outbox.announce(letters);
    }

    /// Publishes these, and returns when the broker has acknowledged all.
    ///
    /// A broker that is away is waited for: for as long as `patience` is, if it is given. Then the error is one of
    /// [`Remedy::Again`](crate::Remedy::Again), and each letter may have been published or not, or be so yet. Letters that no broker takes, as
    /// they are too long or have no valid topic, are left out, which is logged.
    pub fn publish(&mut self, letters: Vec<Letter>, patience: Option<Duration>) -> Result<(), Error> {
        self.outbox.deliver(letters, patience, &self.stop)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // Of who says farewell the broker publishes no will.
        if let Some(will) = self.will.take() {
            _ = self.publish(vec![will], Some(FAREWELL));
        }
    }
}

fn last_will(letter: &Letter) -> LastWill {
    let properties = LastWillProperties {
        delay_interval: None,
        payload_format_indicator: Some(1),
        message_expiry_interval: None,
        content_type: None,
        response_topic: None,
        correlation_data: None,
        user_properties: vec![(MADE_BY.0.to_owned(), MADE_BY.1.to_owned())],
    };
    LastWill::new(&*letter.topic, &*letter.payload, QoS::AtLeastOnce, letter.is_retained, Some(properties))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Remedy,
        mqtt::fake_broker::{Broker, Connection, Packet},
    };

    fn letter(topic: &str, payload: &str, is_retained: bool) -> Letter {
        Letter { topic: topic.to_owned(), payload: payload.to_owned(), is_retained }
    }

    fn status(payload: &str) -> Letter {
        letter("home/status", payload, true)
    }

    /// Opens one, and lets it in.
    fn open(broker: &Broker, will: Option<Letter>) -> (Publisher, Connection) {
        let address = broker.address();
        let opening = std::thread::spawn(move || {
            Publisher::open(&address, &MqttConfig::default(), will, Arc::default()).unwrap()
        });
        let connection = broker.accept(false);
        (opening.join().unwrap(), connection)
    }

    /// The next message, acknowledged.
    fn take(connection: &mut Connection) -> Letter {
        let (letter, identifier) = read(connection);
        connection.acknowledge(identifier, 0);
        letter
    }

    fn read(connection: &mut Connection) -> (Letter, u16) {
        match connection.read() {
            Packet::Publish { topic, payload, identifier, is_retained, .. } => {
                (Letter { topic, payload, is_retained }, identifier)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_is_announced_is_published_at_each_connection_before_anything_else() {
        let broker = Broker::start();
        let (mut publisher, mut connection) = open(&broker, Some(status("offline")));
        assert_eq!(connection.will, Some(("home/status".to_owned(), "offline".to_owned(), true)));
        let found = letter("home/found", "{}", false);
        publisher.announce(vec![status("online"), letter("home/config", "1", true)]);
        publisher.announce(vec![letter("home/config", "2", true)]);
        let sent = found.clone();
        let publishing = std::thread::spawn(move || publisher.publish(vec![sent], None).map(|()| publisher));
        let config = |payload| letter("home/config", payload, true);
        let first: Vec<_> = (0..3).map(|_| take(&mut connection)).collect();
        assert_eq!(first, [status("online"), config("1"), config("2")]);
        // Before the letter itself is acknowledged, it breaks.
        assert_eq!(read(&mut connection).0, found);
        connection.close();
        let mut connection = broker.accept(false);
        let again: Vec<_> = (0..3).map(|_| take(&mut connection)).collect();
        assert_eq!(again, [status("online"), config("2"), found]);
        drop(publishing.join().unwrap().unwrap());
    }

    #[test]
    fn who_ends_in_order_publishes_the_will_and_says_farewell() {
        let broker = Broker::start();
        let (publisher, mut connection) = open(&broker, Some(status("offline")));
        let ending = std::thread::spawn(move || drop(publisher));
        assert_eq!(take(&mut connection), status("offline"));
        assert_eq!(connection.read(), Packet::Disconnect);
        connection.close();
        ending.join().unwrap();
    }

    #[test]
    fn a_broker_that_does_not_answer_is_given_up_after_a_while_and_tried_again() {
        let broker = Broker::start();
        let (mut publisher, mut connection) = open(&broker, None);
        let patience = Some(Duration::from_millis(50));
        let error =
            publisher.publish(vec![letter("a", "1", false), letter("b", "2", false)], patience).unwrap_err();
        assert_eq!(error.remedy(), Remedy::Again);
        assert_eq!(error.to_string(), "2 messages were not acknowledged by the broker in time");
        let ((_, first), (_, second)) = (read(&mut connection), read(&mut connection));
        let publishing = std::thread::spawn(move || publisher.publish(vec![letter("c", "3", false)], None));
        let (third, identifier) = read(&mut connection);
        assert_eq!(third.topic, "c");
        // What was acknowledged late is not taken for what is waited for now.
        connection.acknowledge(first, 0);
        connection.acknowledge(second, 0);
        std::thread::sleep(Duration::from_millis(50));
        assert!(!publishing.is_finished());
        connection.acknowledge(identifier, 0);
        publishing.join().unwrap().unwrap();
    }

    #[test]
    fn what_no_broker_takes_is_left_out_and_what_is_not_allowed_fails_each_time() {
        let broker = Broker::start();
        let (mut publisher, mut connection) = open(&broker, None);
        let long = "x".repeat(2 << 20);
        publisher.publish(vec![letter("a/+", "", false), letter("a", &long, false)], None).unwrap();
        let refusing = std::thread::spawn(move || {
            let (_, identifier) = read(&mut connection);
            connection.acknowledge(identifier, 0x87);
            connection
        });
        for _ in 0..2 {
            let error = publisher.publish(vec![letter("a", "", false)], None).unwrap_err();
            assert_eq!(error.remedy(), Remedy::Outside);
            assert!(error.to_string().contains("does not let `` publish to `a`: NotAuthorized"), "{error}");
        }
        drop(refusing.join().unwrap());
    }

    #[test]
    fn a_will_needs_a_topic_and_a_broker_has_to_be_there() {
        let open = |will| Publisher::open("mqtt://127.0.0.1:1", &MqttConfig::default(), will, Arc::default());
        let said = open(Some(letter("home/#", "", true))).err().unwrap().to_string();
        assert!(said.contains("is no topic to publish to"), "{said}");
        assert!(open(None).err().unwrap().to_string().starts_with("nobody answers at"));
    }
}
