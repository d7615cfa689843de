//! What has come and not been read, and what has been read and not been acknowledged.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rumqttc::v5::{
    Client,
    mqttbytes::{QoS, v5::Publish},
};

use super::MOST_WAITING;
use crate::error::Error;

/// The most bytes that wait to be read.
const MOST_BYTES: usize = 64 << 20;
/// How long the connection is not read while there is no room; well below the time after which a broker ends it.
const LONGEST_STOP: Duration = Duration::from_secs(10);
/// How long is waited for more while the broker may wait for an acknowledgement.
const SHORT: Duration = Duration::from_millis(20);

/// A message that has come.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    pub(super) offset: i64,
    pub(super) reading: usize,
    pub(super) meter: String,
    pub(super) at_ms: i64,
    pub(super) payload: Vec<u8>,
    /// Why it cannot be read.
    pub(super) unreadable: Option<String>,
}

/// A message of QoS 1 that the broker waits for.
#[derive(Debug)]
struct Unacknowledged {
    /// It is done with once this offset is.
    offset: i64,
    /// The connection that it came by.
    connection: u64,
    publish: Publish,
    content: u64,
}

/// Whether there was room.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    Some,
    None,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arrived>,
    bytes: usize,
    /// In the order in which they came.
    unacknowledged: VecDeque<Unacknowledged>,
    /// Done with, after the connection was lost that they came by: acknowledged as soon as the broker sends them again.
    done: Vec<Unacknowledged>,
    next_offset: i64,
    /// None while there is no connection.
    client: Option<Client>,
    /// Of the connection, counted.
    connection: u64,
    failure: Option<Error>,
    /// Whether nobody has made room for long.
    is_stuck: bool,
}

/// Between the thread that listens and the one that reads.
#[derive(Default)]
pub(super) struct Inbox {
    state: Mutex<State>,
    changed: Condvar,
}

impl Inbox {
    pub(super) fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection stands; `is_resumed` if with the session of before.
    pub(super) fn connected(&self, client: Client, is_resumed: bool) {
        let mut state = self.lock();
        state.connection += 1;
        state.client = Some(client);
        if !is_resumed {
            // What is still being worked on will never be asked for by those identifiers.
            state.unacknowledged.clear();
            state.done.clear();
        }
    }

    pub(super) fn lost(&self) {
        self.lock().client = None;
    }

    /// Nothing will come any more. The first error counts.
    pub(super) fn fail(&self, error: Error) {
        self.lock().failure.get_or_insert(error);
        self.changed.notify_all();
    }

    /// Whether that message, which the broker sends again, is here already; then it belongs to the new connection. While it is not
    /// acknowledged, its identifier cannot be another's.
    pub(super) fn is_known(&self, publish: &Publish, content: u64) -> bool {
        let mut state = self.lock();
        let connection = state.connection;
        let is = |known: &Unacknowledged| {
            known.connection < connection && known.publish.pkid == publish.pkid && known.content == content
        };
        if let Some(at) = state.done.iter().position(is) {
            let is_sent =
                state.client.as_ref().is_some_and(|client| client.try_ack(&state.done[at].publish).is_ok());
            if is_sent {
                state.done.swap_remove(at);
            }
            return true;
        }
        let Some(known) = state.unacknowledged.iter_mut().find(|known| is(known)) else { return false };
        known.connection = connection;
        true
    }

    /// Puts a message, and waits for room before: of QoS 1 only for bytes, as no more come than are acknowledged; of QoS 0 in vain, if
    /// nobody makes room for long.
    pub(super) fn put(&self, mut arrived: Arrived, publish: &Publish, content: u64) -> Room {
        let most = if publish.qos == QoS::AtMostOnce { MOST_WAITING } else { usize::MAX };
        let is_full = |state: &mut State| {
            state.failure.is_none() && (state.waiting.len() >= most || state.bytes >= MOST_BYTES)
        };
        let mut state = self.lock();
        if !state.is_stuck {
            let waited = self.changed.wait_timeout_while(state, LONGEST_STOP, is_full);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if publish.qos == QoS::AtMostOnce {
            state.is_stuck = is_full(&mut state);
            if state.is_stuck {
                return Room::None;
            }
        }
        arrived.offset = state.next_offset;
        state.next_offset += 1;
        state.bytes += arrived.payload.len();
        if publish.qos != QoS::AtMostOnce {
            let (offset, connection) = (arrived.offset, state.connection);
            let publish = identified(publish);
            state.unacknowledged.push_back(Unacknowledged { offset, connection, publish, content });
        }
        state.waiting.push_back(arrived);
        drop(state);
        self.changed.notify_all();
        Room::Some
    }

    /// Has a message acknowledged that is not to be read, in its turn.
    pub(super) fn leave_out(&self, publish: &Publish, content: u64) {
        if publish.qos == QoS::AtMostOnce {
            return;
        }
        let mut state = self.lock();
        let (offset, connection) = (state.next_offset - 1, state.connection);
        let publish = identified(publish);
        let is_next = state.unacknowledged.is_empty();
        state.unacknowledged.push_back(Unacknowledged { offset, connection, publish, content });
        if is_next {
            state.acknowledge(offset + 1);
        }
    }

    /// The next message, or none if there is none for a while.
    pub(super) fn next(&self, patience: Duration) -> Result<Option<Arrived>, Error> {
        let mut state = self.lock();
        let until =
            Instant::now() + if state.unacknowledged.is_empty() { patience } else { patience.min(SHORT) };
        loop {
            if let Some(arrived) = state.waiting.pop_front() {
                state.bytes -= arrived.payload.len();
                drop(state);
                self.changed.notify_all();
                return Ok(Some(arrived));
            }
            if let Some(error) = state.failure.take() {
                return Err(error);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether the broker may wait for acknowledgements before it sends more.
    pub(super) fn is_waited_for(&self) -> bool {
        let state = self.lock();
        state.waiting.is_empty() && !state.unacknowledged.is_empty()
    }

    /// Acknowledges all before that offset.
    pub(super) fn acknowledge(&self, next_offset: i64) {
        self.lock().acknowledge(next_offset);
    }
}

impl State {
    fn acknowledge(&mut self, next_offset: i64) {
        while let Some(first) = self.unacknowledged.front() {
            if first.offset >= next_offset {
                return;
            }
            let is_ours = first.connection == self.connection;
            match &self.client {
                Some(client) if is_ours => {
                    if client.try_ack(&first.publish).is_err() {
                        return; // too many at once: the rest with the next
                    }
                    self.unacknowledged.pop_front();
                }
                _ => self.done.extend(self.unacknowledged.pop_front()),
            }
        }
    }
}

/// What an acknowledgement needs of a message.
fn identified(publish: &Publish) -> Publish {
    Publish { qos: publish.qos, pkid: publish.pkid, ..Publish::default() }
}
