//! Pushbullet: a note on all devices, on one, or to the subscribers of a channel.
//!
//! Exactly once: the `guid` is the message's key, and a push of the same `guid` is not made twice.
//!
//! Source: Pushbullet's "HTTP API": "Create Push", "Errors", "Ratelimiting" (headers `X-Ratelimit-Reset` and so on, status 429). A free
//! account has 500 pushes a month.

use knowatt_stream::{Error, config::Secret};
use serde::{Deserialize, Serialize};

use super::{
    Access,
    http::{Http, address, json, send},
};
use crate::{
    channel::{Channel, Failure},
    message::Message,
    secret::SecretSource,
};

/// What a free account has in a month.
pub const FREE_PUSHES_A_MONTH: u32 = 500;
const URL: &str = "https://api.pushbullet.com";

/// `kind = "pushbullet"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PushbulletConfig {
    /// The access token of the account.
    pub token: SecretSource,
    /// The device (`iden`); all, unless it is named.
    pub device: Option<String>,
    /// The tag of a channel of ours, instead.
    pub channel_tag: Option<String>,
    /// Another server with the same API.
    pub url: Option<String>,
}

/// Pushes notes.
pub struct Pushbullet {
    http: Http,
    url: String,
    token: Secret,
    device: Option<String>,
    channel_tag: Option<String>,
}

#[derive(Serialize)]
struct Push<'a> {
    r#type: &'a str,
    title: &'a str,
    body: &'a str,
    guid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_iden: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel_tag: Option<&'a str>,
}

impl Pushbullet {
    /// Nothing is asked yet.
    pub fn new(config: &PushbulletConfig, token: Secret, access: &Access) -> Result<Self, Error> {
        if config.device.is_some() && config.channel_tag.is_some() {
            return Err(Error::change("a push goes to a `device` or to a `channel-tag`, not to both"));
        }
        let url = address(config.url.as_deref().unwrap_or(URL), "url")?;
        let (device, channel_tag) = (config.device.clone(), config.channel_tag.clone());
        Ok(Self { http: Http::new(access)?, url, token, device, channel_tag })
    }
}

impl Channel for Pushbullet {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let push = Push {
            r#type: "note",
            title: &message.title,
            body: &message.text,
            guid: &message.key,
            device_iden: self.device.as_deref(),
            channel_tag: self.channel_tag.as_deref(),
        };
        let request = self.http.post(&format!("{}/v2/pushes", self.url));
        let request = request.header("Access-Token", self.token.reveal());
        let answer = send(request, &json(&push)?).map_err(|failure| {
            let more = if matches!(failure.why.as_str(), "answer 401" | "answer 403") {
                "; the access token is made in the account's settings"
            } else if failure.said.contains("pushbullet_pro_required") {
                "; a free account has 500 pushes a month, and they are used up: is another program using it, or is `budget` too high?"
            } else {
                ""
            };
            failure.with(more)
        })?;
        Ok(answer.told())
    }
}
