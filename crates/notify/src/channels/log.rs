//! The log: standard error, and so the journal of a service.

use serde::Deserialize;
use tracing::warn;

use crate::{
    channel::{Channel, Failure},
    message::Message,
};

/// `kind = "log"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LogConfig {}

/// Writes to the log.
pub struct Log;

impl Channel for Log {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let Message { title, text, facts, .. } = message;
        warn!(title, meter = facts.meter, timestamp = facts.timestamp, score = facts.score, "{text}");
        Ok("written".to_owned())
    }
}
