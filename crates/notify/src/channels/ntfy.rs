//! ntfy: a message to the subscribers of a topic, at ntfy.sh or a server of one's own.
//!
//! At least once; since version 2.16 what comes again is shown in the place of the first, as its `sequence_id` is the message's key.
//!
//! Source: ntfy's documentation, "Publishing": "Publish as JSON", "Access tokens", "Updating + deleting notifications"; status 429 has no
//! `Retry-After` there.

use knowatt_stream::{Error, config::Secret};
use serde::{Deserialize, Serialize};

use super::{
    Access,
    http::{Http, address, json, send},
};
use crate::{
    channel::{Channel, Failure},
    message::{Message, MessageEvent},
    secret::{SecretSource, Text},
};

const URL: &str = "https://ntfy.sh";

/// `kind = "ntfy"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NtfyConfig {
    /// The topic: whoever knows its name can read it, unless the server asks for a token.
    pub topic: Text,
    /// The server.
    pub url: Option<String>,
    /// An access token.
    pub token: Option<SecretSource>,
    /// From 1, lowest, to 5, which breaks through a phone's do not disturb.
    pub priority: Option<u8>,
    /// Tags, of which some are shown as pictures.
    pub tags: Option<Vec<String>>,
}

/// Publishes to a topic.
pub struct Ntfy {
    http: Http,
    url: String,
    topic: Secret,
    token: Option<Secret>,
    priority: Option<u8>,
    tags: Vec<String>,
}

#[derive(Serialize)]
struct Publication<'a> {
    topic: &'a str,
    title: &'a str,
    message: &'a str,
    sequence_id: &'a str,
    tags: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<u8>,
}

impl Ntfy {
    /// Nothing is asked yet.
    pub fn new(
        config: &NtfyConfig,
        topic: Secret,
        token: Option<Secret>,
        access: &Access,
    ) -> Result<Self, Error> {
        if config.priority.is_some_and(|priority| !(1..=5).contains(&priority)) {
            return Err(Error::change("priority is from 1 to 5"));
        }
        let url = address(config.url.as_deref().unwrap_or(URL), "url")?;
        let tags = config.tags.clone().unwrap_or_else(|| vec!["zap".to_owned()]);
        Ok(Self { http: Http::new(access)?, url, topic, token, priority: config.priority, tags })
    }
}

impl Channel for Ntfy {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let publication = Publication {
            topic: self.topic.reveal(),
            title: &message.title,
            message: &message.text,
            sequence_id: &message.key,
            tags: &self.tags,
            priority: self.priority.filter(|_| message.event == MessageEvent::Alert),
        };
        let mut request = self.http.post(&self.url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {}", token.reveal()));
        }
        Ok(send(request, &json(&publication)?)?.told())
    }
}
