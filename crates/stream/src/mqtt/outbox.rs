//! What is to be published, and what of it the broker has.

use std::{
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

use super::{Letter, MADE_BY, MAX_PACKET_BYTES, link::Peer, topic::check_topic};
use crate::error::Error;

/// The most publications that are on the way at once.
pub(super) const WINDOW: u16 = 100;
/// What a packet has besides topic and payload, at most.
const OVERHEAD_BYTES: usize = 128;
/// How long the broker is waited for once all is to end.
const LAST_WAIT: Duration = Duration::from_secs(5);
/// How often it is looked whether all is to end.
const LOOK: Duration = Duration::from_millis(100);

/// Between the thread that publishes and the one that hears what is acknowledged.
#[derive(Default)]
pub(super) struct Outbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is published at each connection before anything else.
    births: Vec<Letter>,
    /// The next of them.
    next_birth: usize,
    /// Counts the times that letters were given: one of an earlier time may still be on the way.
    batch: u64,
    letters: Vec<Letter>,
    /// Those that the broker has.
    is_taken: Vec<bool>,
    taken: usize,
    /// The next to ask the client for.
    next: usize,
    /// Asked for, and not on the way yet, in order.
    asked: VecDeque<Piece>,
    /// On the way, by packet identifier.
    on_the_way: HashMap<u16, Piece>,
    /// None while there is no connection.
    client: Option<Client>,
    max_packet_bytes: usize,
    /// Why there will be no other connection.
    failure: Option<Error>,
}

/// One that is published.
struct Piece {
    topic: String,
    /// Of a letter its batch and its place in it; none of a birth, which nobody waits for.
    letter: Option<(u64, usize)>,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes these now, if there is a connection, and at every later one before anything else. One takes the place of an earlier
    /// one of the same topic.
    pub(super) fn announce(&self, letters: Vec<Letter>) {
        let mut state = self.lock();
        for letter in letters {
            let earlier = state.births.iter().position(|birth| birth.topic == letter.topic);
            if let Some(at) = earlier {
                state.births.remove(at);
                state.next_birth -= usize::from(at < state.next_birth);
            }
            state.births.push(letter);
        }
        state.ask();
    }

    /// Publishes all and waits until the broker has them, for so long at most.
    pub(super) fn deliver(
        &self,
        letters: Vec<Letter>,
        patience: Option<Duration>,
        stop: &AtomicBool,
    ) -> Result<(), Error> {
        let mut state = self.lock();
        state.begin(letters);
        let began = Instant::now();
        let mut ending = None;
        loop {
            if let Some(error) = &state.failure {
                return Err(error.clone());
            }
            state.ask();
            let left = state.letters.len() - state.taken;
            if left == 0 {
                state.begin(Vec::new());
                return Ok(());
            }
            if stop.load(Ordering::Relaxed) && ending.get_or_insert_with(Instant::now).elapsed() > LAST_WAIT {
                return Err(Error::outside(format!(
                    "ended while {left} messages were not acknowledged by the broker; what they are of is read again at the next start"
                )));
            }
            let patience_left = patience.map(|patience| patience.saturating_sub(began.elapsed()));
            if let Some(Duration::ZERO) = patience_left {
                state.begin(Vec::new());
                return Err(Error::again(format!(
                    "{left} messages were not acknowledged by the broker in time"
                )));
            }
            let look = patience_left.map_or(LOOK, |left| left.min(LOOK));
            state = self.changed.wait_timeout(state, look).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn begin(&mut self, letters: Vec<Letter>) {
        self.is_taken = vec![false; letters.len()];
        self.letters = letters;
        self.batch += 1;
        (self.taken, self.next) = (0, 0);
    }

    /// Asks the client for as many as may be on the way, births first.
    fn ask(&mut self) {
        let Some(client) = self.client.clone() else { return };
        while self.asked.len() + self.on_the_way.len() < usize::from(WINDOW) {
            let (letter, at) = match (self.births.get(self.next_birth), self.letters.get(self.next)) {
                (Some(birth), _) => (birth, None),
                (None, Some(letter)) => (letter, Some(self.next)),
                (None, None) => return,
            };
            let is_taken = at.is_some_and(|at| self.is_taken[at]);
            if !is_taken && is_fit(letter, self.max_packet_bytes) {
                if !publish(&client, letter) {
                    return;
                }
                let letter = Piece { topic: letter.topic.clone(), letter: at.map(|at| (self.batch, at)) };
                self.asked.push_back(letter);
            } else if let Some(at) = at {
                self.take(at);
            }
            match at {
                None => self.next_birth += 1,
                Some(_) => self.next += 1,
            }
        }
    }

    fn take(&mut self, at: usize) {
        if let Some(is_taken) = self.is_taken.get_mut(at) {
            self.taken += usize::from(!std::mem::replace(is_taken, true));
        }
    }
}

/// Whether the broker can take a letter; says so if not.
fn is_fit(letter: &Letter, max_packet_bytes: usize) -> bool {
    let Letter { topic, payload, .. } = letter;
    let bytes = topic.len() + payload.len() + OVERHEAD_BYTES;
    if bytes > max_packet_bytes {
        warn!(topic, bytes, "left out: the broker takes no packet of more than {max_packet_bytes} bytes");
        return false;
    }
    check_topic(topic).inspect_err(|error| warn!("left out: {error}")).is_ok()
}

/// Asks the client to publish a letter; whether it could be asked.
fn publish(client: &Client, letter: &Letter) -> bool {
    let Letter { topic, payload, is_retained } = letter;
    let properties = PublishProperties {
        payload_format_indicator: Some(1),
        content_type: payload.starts_with('{').then(|| "application/json".to_owned()),
        user_properties: vec![(MADE_BY.0.to_owned(), MADE_BY.1.to_owned())],
        ..PublishProperties::default()
    };
    let payload = payload.clone();
    client.try_publish_with_properties(&**topic, QoS::AtLeastOnce, *is_retained, payload, properties).is_ok()
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
        let Some(Piece { topic, letter }) = state.on_the_way.remove(&ack.pkid) else { return Ok(()) };
        if !matches!(ack.reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers) {
            return Err(Error::outside(format!(
                "the broker {} does not let `{}` publish to `{topic}`: {:?}; give the user the right to write it",
                self.broker, self.user, ack.reason
            )));
        }
        if let Some((_, at)) = letter.filter(|(batch, _)| *batch == state.batch) {
            state.take(at);
        }
        state.ask();
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
        state.ask();
        drop(state);
        self.outbox.changed.notify_all();
        Ok(())
    }

    fn heard(&mut self, event: Event) -> Result<bool, Error> {
        match event {
            Event::Outgoing(Sent::Publish(identifier)) => {
                let mut state = self.outbox.lock();
                if let Some(piece) = state.asked.pop_front() {
                    state.on_the_way.insert(identifier, piece);
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
        (state.next, state.next_birth) = (0, 0);
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
