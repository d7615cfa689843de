//! MQTT: what devices and hubs publish.
//!
//! - **Delivery** is at least once, for what is published with QoS 1 or 2: the session at the broker outlives us (for a
//!   week), and a message is acknowledged only when everything that follows from it is delivered and stored. What
//!   is published with QoS 0, as Tasmota, Shelly and `zigbee2mqtt` do unless told otherwise, is lost while nobody listens; a
//!   register tells afterwards what was used meanwhile, power does not. Mosquitto keeps 1000 messages for who is away
//!   (`max_queued_messages`), and over its own restart only with `persistence true`.
//! - **After a broken connection** the broker sends again what was not acknowledged. What is being worked on is known by its packet identifier
//!   and content, and not handed over twice; it is acknowledged on the new connection. If the broker has forgotten the session, nothing of
//!   the old one is acknowledged: its identifiers may be other messages' by then.
//! - **Too much**: the broker holds back what comes beyond [`RECEIVE_MAXIMUM`] unacknowledged messages. That is more than
//!   Mosquitto keeps for who is away (1000, unless told otherwise), for a reason: Mosquitto before 2.0.13 (Debian 12 has 2.0.11) sends new messages before those it
//!   holds back, so that a meter's readings come in disorder, and the older ones are late. Of QoS 0, which nothing holds back, [`MOST_WAITING`] messages
//!   wait, and then the connection is not read; where that lasts, further ones are left out and counted.
//! - **Retained** messages, which a broker gives to every new subscriber, hold what was measured before, nobody knows when: they are
//!   left out and counted, unless the payload has its time, by which they are then judged like any other. An old register stamped with the time of now
//!   would make hours of use a minute's.
//! - A payload of more than [`MAX_PAYLOAD_BYTES`] cannot be read; a packet of more than 1 MiB is not sent to us by the broker.
//! - What `knowatt` itself published (a user property says so) is left out, so that a filter such as `#` makes no circle.

mod inbox;
mod preset;
mod subscription;
#[cfg(test)]
mod tests;

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
    time::Duration,
};

use knowatt_readings::{LiveRecord, Options};
use rumqttc::v5::{
    Client, Event, Incoming as Packet,
    mqttbytes::{
        QoS,
        v5::{ConnAck, Filter, Publish, RetainForwardRule, SubAck, SubscribeReasonCode},
    },
};
use tracing::{info, warn};

pub use self::preset::Preset;
use self::{
    inbox::{Arrived, Inbox, Room},
    subscription::Reading,
};
use crate::{
    clock,
    config::{MqttConfig, Subscription},
    error::Error,
    mqtt::{
        MADE_BY,
        access::{Address, settings, user},
        link::{Link, Peer},
    },
    source::{Body, Incoming, Message, Place, Read, Repeats, Source},
};

/// The most messages that may come without having been acknowledged.
pub const RECEIVE_MAXIMUM: u16 = 4096;
/// The most messages that wait to be read.
pub const MOST_WAITING: usize = 8192;
/// The longest payload that is read; the same as of a Kafka record.
pub const MAX_PAYLOAD_BYTES: usize = 256 << 10;
/// How much is kept of one that is longer.
const KEPT_BYTES: usize = 64 << 10;
/// How long a session is kept for us while we are away.
const SESSION_S: u32 = 7 * 24 * 3600;

/// What each decoder has to know, by the number that records name. `base` has what was said for all sources.
pub fn decoders(from: &str, config: &MqttConfig, base: &Options) -> Result<Vec<Options>, Error> {
    let readings = readings(&Address::parse(from)?, config, base)?;
    Ok(readings.into_iter().map(|reading| reading.options).collect())
}

fn readings(address: &Address, config: &MqttConfig, base: &Options) -> Result<Vec<Reading>, Error> {
    let (topic, preset) = (address.topic.clone(), config.preset.clone());
    let is_named = topic.is_some() || preset.is_some();
    let own = Subscription { topic, preset, ..Subscription::default() };
    let all = is_named.then_some(&own).into_iter().chain(&config.subscriptions);
    let readings = all.map(|subscription| Reading::of(subscription, base)).collect::<Result<Vec<_>, _>>()?;
    if readings.is_empty() {
        return Err(Error::change(
            "nothing is subscribed to: name a topic in the address (mqtt://host/tele/+/SENSOR), a preset, or a table \
             [[source.mqtt.subscriptions]]",
        ));
    }
    Ok(readings)
}

/// The session's name: the same for the same subscriptions. Brokers have to take 23 letters and digits.
fn client_id(config: &MqttConfig, readings: &[Reading]) -> String {
    let made = || {
        let mut filters: Vec<_> = readings.iter().map(|reading| &*reading.filter).collect();
        filters.sort_unstable();
        let digest = crate::anomaly::alert_id(&filters.join("\n"), 0);
        format!("knowatt{}", &digest[..12])
    };
    config.client_id.clone().unwrap_or_else(made)
}

/// Messages of a broker.
pub struct Mqtt {
    inbox: Arc<Inbox>,
    current: Option<Arrived>,
    name: String,
    _link: Link,
}

impl Mqtt {
    /// Connects and subscribes. `base` as for [`decoders`].
    pub fn open(from: &str, config: &MqttConfig, base: &Options) -> Result<Self, Error> {
        let address = Address::parse(from)?;
        let readings = readings(&address, config, base)?;
        let client_id = client_id(config, &readings);
        let mut settings = settings(&address, config, &client_id)?;
        settings
            .set_clean_start(false)
            .set_manual_acks(true)
            .set_receive_maximum(Some(RECEIVE_MAXIMUM))
            .set_session_expiry_interval(Some(SESSION_S))
            .set_outgoing_inflight_upper_limit(16);
        let broker = address.broker();
        let name = match &*readings {
            [only] => format!("{broker}/{}", only.filter),
            all => format!("{broker}, {} subscriptions", all.len()),
        };
        let inbox = Arc::new(Inbox::new());
        let listener = Listener {
            inbox: Arc::clone(&inbox),
            readings,
            broker: broker.clone(),
            user: user(&address, config).unwrap_or_default(),
            takes_own: config.takes_own,
            is_subscribed: false,
            is_resumed: false,
            left_out: LeftOut::default(),
        };
        let link = Link::open(settings, broker, name.clone(), listener)?;
        info!(client_id, "listens to {name}");
        Ok(Self { inbox, current: None, name, _link: link })
    }
}

impl Source for Mqtt {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        self.current = self.inbox.next(patience)?;
        let Some(arrived) = &self.current else { return Ok(Incoming::Nothing) };
        let body = match &arrived.unreadable {
            Some(why) => Body::Poison { bytes: &arrived.payload, why: why.clone() },
            None => Body::Record {
                decoder: arrived.reading,
                record: LiveRecord {
                    timestamp_ms: Some(arrived.at_ms),
                    key: Some(arrived.meter.as_bytes()),
                    value: Some(&arrived.payload),
                },
            },
        };
        let place = Place { partition: 0, offset: arrived.offset };
        Ok(Incoming::Message(Message { place, is_committed: false, body }))
    }

    fn commit(&mut self, read: &[Read]) -> Result<(), Error> {
        if let Some(read) = read.iter().find(|read| read.partition == 0) {
            self.inbox.acknowledge(read.next_offset);
        }
        Ok(())
    }

    fn waits(&self) -> bool {
        self.inbox.is_waited_for()
    }

    fn repeats(&self) -> Repeats {
        Repeats::Unacknowledged
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

/// Puts what comes in the inbox.
struct Listener {
    inbox: Arc<Inbox>,
    readings: Vec<Reading>,
    broker: String,
    user: String,
    /// Whether what knowatt has published is handed over.
    takes_own: bool,
    /// Whether the session at the broker has our subscriptions.
    is_subscribed: bool,
    /// Whether the connection goes on with the session of the one before.
    is_resumed: bool,
    left_out: LeftOut,
}

/// What was not handed over; each is said the first time, and then at each power of two.
#[derive(Debug, Default)]
struct LeftOut {
    retained: u64,
    unasked: u64,
    own: u64,
    flood: u64,
}

impl Listener {
    /// Asks for all topics, unless the session has them.
    fn subscribe(&self, client: &Client) -> Result<(), Error> {
        let filters = self.readings.iter().map(|reading| Filter {
            path: reading.filter.clone(),
            qos: QoS::AtLeastOnce,
            retain_forward_rule: RetainForwardRule::OnNewSubscribe,
            ..Filter::default()
        });
        client.try_subscribe_many(filters).map_err(|error| Error::again(format!("{}: {error}", self.broker)))
    }

    fn granted(&mut self, ack: &SubAck) -> Result<(), Error> {
        for (reading, code) in self.readings.iter().zip(&ack.return_codes) {
            let Reading { filter, .. } = reading;
            match code {
                SubscribeReasonCode::Success(QoS::AtMostOnce) => warn!(
                    "the broker {} gives `{filter}` with QoS 0 only: what comes while nobody listens is lost",
                    self.broker
                ),
                SubscribeReasonCode::Success(_) => {}
                code => {
                    return Err(Error::outside(format!(
                        "the broker {} does not let `{}` subscribe to `{filter}`: {code:?}; give the user the right to read it",
                        self.broker, self.user
                    )));
                }
            }
        }
        self.is_subscribed = true;
        Ok(())
    }

    fn take(&mut self, publish: &Publish) {
        let content = content(publish);
        if publish.qos != QoS::AtMostOnce
            && self.is_resumed
            && publish.dup
            && self.inbox.is_known(publish, content)
        {
            return;
        }
        let Some(mut arrived) = self.read(publish) else {
            self.inbox.leave_out(publish, content);
            return;
        };
        arrived.at_ms = clock::now_ms();
        if self.inbox.put(arrived, publish, content) == Room::None {
            said(&mut self.left_out.flood, "came faster than they could be read, with QoS 0");
        }
    }

    /// What a message is, or none if it is to be left out.
    fn read(&mut self, publish: &Publish) -> Option<Arrived> {
        let own = (MADE_BY.0.to_owned(), MADE_BY.1.to_owned());
        let is_own =
            publish.properties.as_ref().is_some_and(|properties| properties.user_properties.contains(&own));
        if is_own && !self.takes_own {
            said(&mut self.left_out.own, "were published by knowatt itself");
            return None;
        }
        let Ok(topic) = std::str::from_utf8(&publish.topic) else {
            let why = format!("its topic `{}` is not UTF-8", publish.topic.escape_ascii());
            return Some(Arrived::unreadable(publish, why));
        };
        let mut places = self.readings.iter().enumerate();
        let found = places.find_map(|(at, reading)| Some((at, reading, reading.meter(topic)?)));
        let Some((reading, Reading { has_time, .. }, meter)) = found else {
            said(&mut self.left_out.unasked, "are of topics that are no longer subscribed to");
            return None;
        };
        if publish.retain && !has_time {
            said(&mut self.left_out.retained, "were retained, and do not say when they were measured");
            return None;
        }
        if publish.payload.len() > MAX_PAYLOAD_BYTES {
            let bytes = publish.payload.len();
            let why =
                format!("`{topic}`: a payload of {bytes} bytes, longer than {} KiB", MAX_PAYLOAD_BYTES >> 10);
            return Some(Arrived::unreadable(publish, why));
        }
        Some(match meter {
            Ok(meter) => Arrived { reading, meter, payload: publish.payload.to_vec(), ..Arrived::default() },
            Err(why) => Arrived::unreadable(publish, why),
        })
    }
}

impl Arrived {
    fn unreadable(publish: &Publish, why: String) -> Self {
        let kept = publish.payload.len().min(KEPT_BYTES);
        Self { payload: publish.payload[..kept].to_vec(), unreadable: Some(why), ..Self::default() }
    }
}

/// Counts, and says it the first time and then at each power of two.
fn said(count: &mut u64, what: &str) {
    *count += 1;
    if count.is_power_of_two() {
        info!(count, "messages that {what} are left out");
    }
}

/// Tells one message from another.
fn content(publish: &Publish) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&publish.topic, &publish.payload).hash(&mut hasher);
    hasher.finish()
}

impl Peer for Listener {
    fn connected(&mut self, client: &Client, ack: &ConnAck) -> Result<(), Error> {
        // The first time always: the session may be of another configuration.
        self.is_resumed = ack.session_present;
        self.is_subscribed &= ack.session_present;
        self.inbox.connected(client.clone(), ack.session_present);
        if self.is_subscribed { Ok(()) } else { self.subscribe(client) }
    }

    fn heard(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Incoming(Packet::Publish(publish)) => self.take(&publish),
            Event::Incoming(Packet::SubAck(ack)) => self.granted(&ack)?,
            _ => {}
        }
        Ok(self.is_subscribed)
    }

    fn lost(&mut self) {
        self.inbox.lost();
    }

    fn failed(&mut self, error: Error) {
        self.inbox.fail(error);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.inbox.fail(Error::again("the MQTT client ended unexpectedly"));
    }
}
