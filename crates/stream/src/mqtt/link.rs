//! A connection to a broker that is made again when it breaks, in a thread of its own.
//!
//! The client (`rumqttc`) would make it again itself, and send again what it had on the way. It also keeps requests meant for
//! the connection before: an acknowledgement by packet identifier, which after a broker's restart may be another
//! message's; and it forgets publications when the broker has forgotten the session. So each connection here is a new client, whose
//! requests end with it, and what is to be said again is said by the [`Peer`].

use std::{
    io::ErrorKind,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use rumqttc::{
    Outgoing,
    v5::{
        Client, Connection, ConnectionError, Event, Incoming, MqttOptions, RecvTimeoutError, StateError,
        mqttbytes::{
            self,
            v5::{ConnAck, ConnectReturnCode, DisconnectReasonCode},
        },
    },
};
use tracing::{info, warn};

use crate::{error::Error, pause::jittered};

/// The most requests that wait to be sent.
pub(crate) const MOST_REQUESTS: usize = 8192;
/// A connection of which nothing is heard for so long, not even an answer to a ping, is no more.
const SILENCE: Duration = Duration::from_secs(75);
/// The shortest and the longest pause before a connection is made again.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(30)];
/// How long is waited for the broker to end a connection that we are done with.
const LAST_WORD: Duration = Duration::from_secs(1);
/// How long is waited for the thread to end: as long as a connection takes that is being made.
const FAREWELL: Duration = Duration::from_secs(6);

/// Who talks to the broker.
pub(crate) trait Peer: Send + 'static {
    /// A new connection stands.
    fn connected(&mut self, client: &Client, ack: &ConnAck) -> Result<(), Error>;

    /// Something came, or was sent. Whether now all is ready that is needed.
    fn heard(&mut self, event: Event) -> Result<bool, Error>;

    /// The connection is no more, and with it all that was asked of its client.
    fn lost(&mut self);

    /// There will be no other.
    fn failed(&mut self, error: Error);
}

/// A connection that is made again, until this is dropped.
pub(crate) struct Link {
    shared: Arc<Shared>,
    ended: mpsc::Receiver<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_over: bool,
    client: Option<Client>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Link {
    /// Connects, and waits until the peer is ready. `broker` and `name` are for messages.
    pub(crate) fn open(
        options: MqttOptions,
        broker: String,
        name: String,
        peer: impl Peer,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let (ready, is_ready) = mpsc::sync_channel(1);
        let (end, ended) = mpsc::sync_channel(1);
        let thread = Thread { options, broker, name, peer, shared: Arc::clone(&shared), ready: Some(ready) };
        std::thread::Builder::new()
            .name("mqtt".to_owned())
            .spawn(move || {
                thread.run();
                _ = end.send(());
            })
            .map_err(|error| Error::outside(format!("no thread can be started: {error}")))?;
        let link = Self { shared, ended };
        match is_ready.recv() {
            Ok(Ok(())) => Ok(link),
            Ok(Err(error)) => Err(error),
            Err(mpsc::RecvError) => Err(Error::again("the MQTT client ended unexpectedly")),
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        // What was asked before is sent before.
        if let Some(client) = &state.client {
            _ = client.try_disconnect();
        }
        drop(state);
        self.shared.changed.notify_all();
        _ = self.ended.recv_timeout(FAREWELL);
    }
}

struct Thread<P> {
    options: MqttOptions,
    broker: String,
    name: String,
    peer: P,
    shared: Arc<Shared>,
    /// Where it is said that all is ready; none once it is.
    ready: Option<mpsc::SyncSender<Result<(), Error>>>,
}

/// How a connection ended.
enum End {
    /// We said farewell.
    Farewell,
    /// It broke, or could not be made. Whether it had stood before.
    Broken { why: String, has_stood: bool },
    /// Another would be no better.
    Final(Error),
}

impl<P: Peer> Thread<P> {
    fn run(mut self) {
        let mut pause = PAUSES[0];
        let mut is_lost = false;
        loop {
            let (client, mut connection) = Client::new(self.options.clone(), MOST_REQUESTS);
            {
                let mut state = self.shared.lock();
                if state.is_over {
                    return;
                }
                state.client = Some(client.clone());
            }
            let end = self.converse(&client, &mut connection, &mut is_lost);
            self.peer.lost();
            self.shared.lock().client = None;
            let (why, has_stood) = match end {
                End::Farewell => return,
                End::Broken { why, has_stood } => (why, has_stood),
                End::Final(error) => return self.give_up(error),
            };
            if self.ready.is_some() {
                return self.give_up(Error::outside(why));
            }
            if has_stood {
                pause = PAUSES[0];
            }
            if !std::mem::replace(&mut is_lost, true) {
                warn!("{why}; {} is tried again until it is back", self.name);
            }
            if self.wait(jittered(pause)) {
                return;
            }
            pause = (pause * 2).min(PAUSES[1]);
        }
    }

    /// Follows a connection to its end.
    fn converse(&mut self, client: &Client, connection: &mut Connection, is_lost: &mut bool) -> End {
        let mut has_stood = false;
        loop {
            let why = match connection.recv_timeout(SILENCE) {
                Ok(Ok(Event::Outgoing(Outgoing::Disconnect))) | Err(RecvTimeoutError::Disconnected) => {
                    // Until the broker ends it: an end with something unread may take with it what was just sent.
                    while let Ok(Ok(_)) = connection.recv_timeout(LAST_WORD) {}
                    return End::Farewell;
                }
                Ok(Ok(event)) => {
                    if let Err(error) = self.pass_on(client, event, &mut has_stood, is_lost) {
                        return End::Final(error);
                    }
                    continue;
                }
                Ok(Err(error)) => {
                    // What had come before it broke has come.
                    while let Some(event) = connection.eventloop.state.events.pop_front() {
                        if let Err(error) = self.pass_on(client, event, &mut has_stood, is_lost) {
                            return End::Final(error);
                        }
                    }
                    if let Some(error) = is_final(&error, &self.broker, &self.options.client_id()) {
                        return End::Final(error);
                    }
                    self.in_words(&error, has_stood)
                }
                Err(RecvTimeoutError::Timeout) => {
                    format!("the broker {} no longer answers", self.broker)
                }
            };
            return End::Broken { why, has_stood };
        }
    }

    fn pass_on(
        &mut self,
        client: &Client,
        event: Event,
        has_stood: &mut bool,
        is_lost: &mut bool,
    ) -> Result<(), Error> {
        if let Event::Incoming(Incoming::ConnAck(ack)) = &event {
            *has_stood = true;
            if std::mem::replace(is_lost, false) {
                info!("the broker {} is back for {}", self.broker, self.name);
            }
            self.peer.connected(client, ack)?;
        }
        if self.peer.heard(event)?
            && let Some(ready) = self.ready.take()
        {
            _ = ready.send(Ok(()));
        }
        Ok(())
    }

    fn give_up(&mut self, error: Error) {
        match self.ready.take() {
            Some(ready) => _ = ready.send(Err(error)),
            None => self.peer.failed(error),
        }
    }

    /// Waits before the next connection; whether it is over meanwhile.
    fn wait(&self, pause: Duration) -> bool {
        let state = self.shared.lock();
        let waited = self.shared.changed.wait_timeout_while(state, pause, |state| !state.is_over);
        waited.unwrap_or_else(PoisonError::into_inner).0.is_over
    }

    /// What broke, and the way out.
    fn in_words(&self, error: &ConnectionError, has_stood: bool) -> String {
        let broker = &self.broker;
        let user = self.options.credentials().map(|login| login.username);
        match error {
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized,
            ) => match user {
                Some(user) => format!(
                    "the broker {broker} does not let `{user}` in: user or password are wrong; the password is taken from KNOWATT_MQTT_PASSWORD, \
                     `password-file` or `password`"
                ),
                None => format!(
                    "the broker {broker} lets nobody in without a user and a password: give them with KNOWATT_MQTT_USER and \
                     KNOWATT_MQTT_PASSWORD, or in the configuration"
                ),
            },
            ConnectionError::ConnectionRefused(
                ConnectReturnCode::UnsupportedProtocolVersion | ConnectReturnCode::RefusedProtocolVersion,
            ) => format!(
                "the broker {broker} does not speak MQTT 5, which is needed (Mosquitto speaks it from version 1.6)"
            ),
            ConnectionError::ConnectionRefused(code) => format!("the broker {broker} refuses us: {code:?}"),
            // What `openssl req -x509` makes is an authority, and many brokers at home have just that.
            ConnectionError::Tls(error) if error.to_string().contains("CaUsedAsEndEntity") => format!(
                "TLS with {broker} failed: the broker shows the certificate of an authority as its own; make it one that is signed by \
                 that authority (and name the authority's with `ca-file`)"
            ),
            ConnectionError::Tls(error) => format!(
                "TLS with {broker} failed: {error}; the certificate of an authority of one's own is named with `ca-file`"
            ),
            ConnectionError::Timeout(_) => format!("the broker {broker} does not answer"),
            ConnectionError::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
                format!("nobody answers at {broker}: {error}; is the broker running, and is that its port?")
            }
            ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) => {
                format!("the broker {broker} ended the connection: {reason_code:?}")
            }
            ConnectionError::MqttState(
                StateError::ConnectionAborted | StateError::Deserialization(mqttbytes::Error::Io(_)),
            ) if has_stood => format!("the broker {broker} is gone"),
            error if has_stood => format!("the connection to the broker {broker} broke: {error}"),
            error => format!(
                "the broker {broker} cannot be reached: {error}; if something answers there, does it speak MQTT 5, and is TLS (mqtts://) wanted?"
            ),
        }
    }
}

/// What would happen again and again.
fn is_final(error: &ConnectionError, broker: &str, client_id: &str) -> Option<Error> {
    let ConnectionError::MqttState(StateError::ServerDisconnect { reason_code, .. }) = error else {
        return None;
    };
    (*reason_code == DisconnectReasonCode::SessionTakenOver).then(|| {
        Error::outside(format!(
            "another client took over the session `{client_id}` at {broker}: is a second one running? Give each a `client-id` of its own"
        ))
    })
}
