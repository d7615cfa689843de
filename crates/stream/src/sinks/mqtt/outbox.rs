//! What is to be published, and what of it the broker has.

use std::{
    borrow::Cow,
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use rumqttc::{
    Outgoing as Sent,
    v5::{
        Client, Event, Incoming,
        mqttbytes::{
            QoS,
            v5::{ConnAck, PubAck, PubAckReason, PublishProperties},
        },
    },
};
use tracing::warn;

use crate::{
    error::Error,
    mqtt::{MADE_BY, MAX_PACKET_BYTES, link::Peer},
};

/// The most publications that are on the way at once.
pub(super) const WINDOW: u16 = 100;
/// What a packet has besides topic and payload, at most.
const OVERHEAD_BYTES: usize = 128;
/// How long the broker is waited for once the stream is to end.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How often it is looked whether the stream is to end.
const LOOK: Duration = Duration::from_millis(100);

/// What is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) topic: String,
    pub(super) payload: Vec<u8>,
}

/// Between the thread that delivers and the one that hears what is acknowledged.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    letters: Vec<Letter>,
    /// Those that the broker has.
    is_taken: Vec<bool>,
    taken: usize,
    /// The next to ask the client for.
    next: usize,
    /// Asked for, and not on the way yet, in order.
    asked: VecDeque<usize>,
    /// On the way, by packet identifier.
    on_the_way: HashMap<u16, usize>,
    /// None while there is no connection.
    client: Option<Client>,
    max_packet_bytes: usize,
    failure: Option<Error>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes all and waits until the broker has them.
    pub(super) fn deliver(&self, letters: Vec<Letter>, stop: &AtomicBool) -> Result<(), Error> {
        let mut state = self.lock();
        state.begin(letters);
        let mut ending = None;
        loop {
            if let Some(error) = state.failure.take() {
                return Err(error);
            }
            state.ask();
            if state.taken == state.letters.len() {
                state.begin(Vec::new());
                return Ok(());
            }
            if stop.load(Ordering::Relaxed) && ending.get_or_insert_with(Instant::now).elapsed() > LAST_WAIT {
                let left = state.letters.len() - state.taken;
                return Err(Error::outside(format!(
                    "ended while {left} messages were not acknowledged by the broker; what they are of is read again at the next start"
                )));
            }
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn begin(&mut self, letters: Vec<Letter>) {
        self.is_taken = vec![false; letters.len()];
        self.letters = letters;
        (self.taken, self.next) = (0, 0);
    }

    /// Asks the client for as many as may be on the way.
    fn ask(&mut self) {
        let Some(client) = self.client.clone() else { return };
        while self.next < self.letters.len() && self.asked.len() + self.on_the_way.len() < usize::from(WINDOW)
        {
            let at = self.next;
            self.next += 1;
            if self.is_taken[at] {
                continue;
            }
            let Letter { topic, payload } = &self.letters[at];
            let bytes = topic.len() + payload.len() + OVERHEAD_BYTES;
            if bytes > self.max_packet_bytes {
                warn!(
                    topic,
                    bytes,
                    "left out: the broker takes no packet of more than {} bytes",
                    self.max_packet_bytes
                );
                self.take(at);
                continue;
            }
            if client
                .try_publish_with_properties(&**topic, QoS::AtLeastOnce, false, payload.clone(), properties())
                .is_err()
            {
                self.next = at;
                return;
            }
            self.asked.push_back(at);
        }
    }

    fn take(&mut self, at: usize) {
        if let Some(is_taken) = self.is_taken.get_mut(at) {
            self.taken += usize::from(!std::mem::replace(is_taken, true));
        }
    }
}

fn properties() -> PublishProperties {
    PublishProperties {
        payload_format_indicator: Some(1),
        content_type: Some("application/json".to_owned()),
        user_properties: vec![(MADE_BY.0.to_owned(), MADE_BY.1.to_owned())],
        ..PublishProperties::default()
    }
}

/// Notes what the broker has.
pub(super) struct Clerk {
    outbox: Arc<Outbox>,
    broker: String,
    user: String,
}

impl Clerk {
    pub(super) fn new(outbox: Arc<Outbox>, broker: String, user: String) -> Self {
        Self { outbox, broker, user }
    }

    fn acknowledged(&self, ack: &PubAck) -> Result<(), Error> {
        let mut state = self.outbox.lock();
        let Some(at) = state.on_the_way.remove(&ack.pkid) else { return Ok(()) };
        if !matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers) {
            let topic = state.letters.get(at).map_or(Cow::Borrowed(""), |letter| letter.topic.clone().into());
            return Err(Error::outside(format!(
                "the broker {} does not let `{}` publish to `{topic}`: {:?}; give the user the right to write it",
                self.broker, self.user, ack.reason
            )));
        }
        state.take(at);
        drop(state);
        self.outbox.changed.notify_all();
        Ok(())
    }
}

impl Peer for Clerk {
    fn connected(&mut self, client: &Client, ack: &ConnAck) -> Result<(), Error> {
        let mut state = self.outbox.lock();
        state.client = Some(client.clone());
        let theirs = ack.properties.as_ref().and_then(|properties| properties.max_packet_size);
        state.max_packet_bytes =
            theirs.map_or(MAX_PACKET_BYTES, |bytes| bytes.min(MAX_PACKET_BYTES)) as usize;
        drop(state);
        self.outbox.changed.notify_all();
        Ok(())
    }

    fn heard(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Outgoing(Sent::Publish(identifier)) => {
                let mut state = self.outbox.lock();
                if let Some(at) = state.asked.pop_front() {
                    state.on_the_way.insert(identifier, at);
                }
            }
            Event::Incoming(Incoming::PubAck(ack)) => self.acknowledged(&ack)?,
            _ => {}
        }
        Ok(true)
    }

    fn lost(&mut self) {
        let mut state = self.outbox.lock();
        state.client = None;
        state.asked.clear();
        state.on_the_way.clear();
        state.next = 0;
    }

    fn failed(&mut self, error: Error) {
        self.outbox.lock().failure.get_or_insert(error);
        self.outbox.changed.notify_all();
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.failed(Error::again("the MQTT client ended unexpectedly"));
    }
}
