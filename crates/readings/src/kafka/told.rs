//! What a client says of its troubles.

use std::sync::{Mutex, PoisonError};

use rdkafka::{
    client::ClientContext,
    config::RDKafkaLogLevel,
    consumer::ConsumerContext,
    error::{KafkaError, RDKafkaErrorCode},
};

/// What the client says of its troubles: of many the first, and the last.
#[derive(Default)]
pub struct Told(Mutex<Vec<Trouble>>);

/// Its code and what is said of it.
type Trouble = (Option<RDKafkaErrorCode>, String);

impl Told {
    fn with<T>(&self, look: impl FnOnce(&mut Vec<Trouble>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether it is of no use to wait for something better, while the user waits.
    pub(super) fn is_hopeless(&self) -> bool {
        self.with(|told| told.iter().any(is_hopeless))
    }

    /// What tells most: a refusal before a silence, of those the last.
    pub fn most_telling(&self) -> Option<String> {
        self.with(|told| {
            let last = |is: &dyn Fn(&Trouble) -> bool| told.iter().rev().find(|said| is(said)).cloned();
            let other = |said: &Trouble| said.0 != Some(RDKafkaErrorCode::AllBrokersDown);
            last(&is_hopeless).or_else(|| last(&other)).or_else(|| told.last().cloned()).map(|(_, what)| what)
        })
    }

    /// What no waiting will change: a password or a certificate that is not accepted.
    pub fn refusal(&self) -> Option<String> {
        self.with(|told| told.iter().rev().find(|said| is_refusal(said)).map(|(_, what)| what.clone()))
    }

    /// It is over.
    pub fn forget(&self) {
        self.with(Vec::clear);
    }
}

fn is_hopeless(trouble: &Trouble) -> bool {
    let (code, what) = trouble;
    is_refusal(trouble)
        || *code == Some(RDKafkaErrorCode::Resolve)
        // A broker that is just stopping breaks off, too.
        || what.contains("SSL handshake failed")
}

fn is_refusal((code, what): &Trouble) -> bool {
    use RDKafkaErrorCode::{Authentication, SaslAuthenticationFailed};
    matches!(code, Some(Authentication | SaslAuthenticationFailed))
        || what.contains("certificate verify failed")
}

impl ClientContext for Told {
    fn error(&self, error: KafkaError, reason: &str) {
        /// The first and the last of many are enough.
        const MOST: usize = 64;
        self.with(|told| {
            if told.len() == MOST {
                told.pop();
            }
            told.push((error.rdkafka_error_code(), reason.to_owned()));
        });
    }

    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
}

impl ConsumerContext for Told {}
