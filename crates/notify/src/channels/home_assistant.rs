//! Home Assistant over its REST API: a voice on a speaker, a notification, an event.
//!
//! - `home-assistant-speech` calls `tts.speak` with a `tts` entity, or an older service such as `tts.google_say`, as in the talk. At least once:
//!   a speaker cannot tell what it has said before.
//! - `home-assistant-notify` calls `notify.mobile_app_phone` and the like. `data.tag` is the message's key, so that a phone shows what comes
//!   again in the place of the first. These services fill in templates, so none is let through.
//! - `home-assistant-event` fires `knowatt_alert`, with the whole [`Message`] as its data, for automations.
//!
//! Source: Home Assistant's developer documentation, "REST API": `POST /api/services/<domain>/<service>`, `POST /api/events/<event_type>`,
//! `GET /api/states/<entity_id>`; "Authentication API", "Long-lived access tokens".

use knowatt_stream::{Error, config::Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Access,
    http::{self, Http, address, send},
};
use crate::{
    channel::{Channel, Failure},
    message::Message,
    secret::SecretSource,
};

/// `kind = "home-assistant-speech"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SpeechConfig {
    /// Where it is: `http://homeassistant.local:8123`.
    pub url: String,
    /// A long-lived access token.
    pub token: SecretSource,
    /// The entities of the speakers: `media_player.kitchen`.
    pub speakers: Vec<String>,
    /// The entity that makes speech (`tts.google_en_com`), for the service `tts.speak`.
    pub tts: Option<String>,
    /// `tts.speak`, unless it is an older one such as `tts.google_say`.
    pub service: Option<String>,
    /// The language, unless that of the entity or service.
    pub language: Option<String>,
}

/// `kind = "home-assistant-notify"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NotifyConfig {
    /// Where it is.
    pub url: String,
    /// A long-lived access token.
    pub token: SecretSource,
    /// The service: `notify.mobile_app_phone`.
    pub service: String,
}

/// `kind = "home-assistant-event"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct EventConfig {
    /// Where it is.
    pub url: String,
    /// A long-lived access token.
    pub token: SecretSource,
    /// The event's type; `knowatt_alert`, unless it is named.
    pub event_type: Option<String>,
}

/// A Home Assistant, and who we are there.
struct Hub {
    http: Http,
    url: String,
    authorization: String,
}

impl Hub {
    fn new(url: &str, token: &Secret, access: &Access) -> Result<Self, Error> {
        let (http, url) = (Http::new(access)?, address(url, "url")?);
        Ok(Self { http, url, authorization: format!("Bearer {}", token.reveal()) })
    }

    fn post(&self, path: &str, data: &Value) -> Result<String, Failure> {
        let request = self.http.post(&format!("{}/api/{path}", self.url));
        let request = request.header("Authorization", &self.authorization);
        let answer = send(request, &http::json(data)?).map_err(|failure| explained(failure, path))?;
        Ok(format!("answer {}", answer.status))
    }

    /// Whether there is such an entity: a service that is called for one that is not there answers 200 all the same.
    fn check(&self, entity: &str) -> Result<(), Failure> {
        let path = format!("states/{entity}");
        match self.http.get(&format!("{}/api/{path}", self.url), &self.authorization) {
            Ok(answer) if answer.text.contains("\"state\":\"unavailable\"") => {
                Err(Failure::again(format!("`{entity}` is unavailable")))
            }
            Ok(_) => Ok(()),
            Err(Failure { why, .. }) if why == "answer 404" => Err(Failure::never(format!(
                "Home Assistant has no `{entity}`; Developer tools, States lists what it has"
            ))),
            Err(failure) => Err(explained(failure, &path)),
        }
    }
}

/// What came back, and what to do.
fn explained(failure: Failure, path: &str) -> Failure {
    let why = failure.why.as_str();
    let more = if why == "answer 401" {
        "; the token is not valid: make a long-lived access token in Home Assistant, in your profile under Security"
    } else if why == "answer 400" && path.starts_with("services/") {
        "; is the service there, and does it take this? Developer tools, Services lists them"
    } else {
        ""
    };
    failure.with(more)
}

/// The path of a service's call.
fn service_path(service: &str, domain: &str) -> Result<String, Error> {
    let name = service.strip_prefix(domain).and_then(|rest| rest.strip_prefix('.'));
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let name = name.filter(is_name);
    let name = name.ok_or_else(|| {
        Error::change(format!("service = \"{service}\" is no service of {domain}, as {domain}.name"))
    })?;
    Ok(format!("services/{domain}/{name}"))
}

/// The name of an entity, which is part of an address.
fn entity(name: &str, domain: &str) -> Result<String, Error> {
    service_path(name, domain)
        .map(|_| name.to_owned())
        .map_err(|_| Error::change(format!("`{name}` is no entity as {domain}.name")))
}

/// A voice.
pub struct Speech {
    hub: Hub,
    path: String,
    speakers: Vec<String>,
    tts: Option<String>,
    language: Option<String>,
}

impl Speech {
    /// Nothing is asked yet.
    pub fn new(config: &SpeechConfig, token: &Secret, access: &Access) -> Result<Self, Error> {
        let service = config.service.as_deref().unwrap_or("tts.speak");
        let path = service_path(service, "tts")?;
        let tts = config.tts.as_deref().map(|tts| entity(tts, "tts")).transpose()?;
        if (service == "tts.speak") != tts.is_some() {
            return Err(Error::change(
                "the service tts.speak needs a `tts` entity, as tts.google_en_com, and an older one such as tts.google_say has none",
            ));
        }
        if config.speakers.is_empty() {
            return Err(Error::change("no `speakers`: name one, as media_player.kitchen"));
        }
        let speakers = config.speakers.iter().map(|speaker| entity(speaker, "media_player"));
        let (speakers, language) = (speakers.collect::<Result<_, _>>()?, config.language.clone());
        Ok(Self { hub: Hub::new(&config.url, token, access)?, path, speakers, tts, language })
    }
}

impl Channel for Speech {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let mut data = match &self.tts {
            Some(tts) => {
                json!({ "entity_id": tts, "media_player_entity_id": self.speakers, "message": message.spoken })
            }
            None => json!({ "entity_id": self.speakers, "message": message.spoken }),
        };
        if let Some(language) = &self.language {
            data["language"] = json!(language);
        }
        self.hub.post(&self.path, &data)
    }

    fn check(&mut self) -> Result<(), Failure> {
        let mut entities = self.tts.iter().chain(&self.speakers);
        entities.try_for_each(|entity| self.hub.check(entity))
    }
}

/// A text in which there is no template: the services of `notify` would fill in what a meter is called.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if plain.ends_with('{') && matches!(letter, '{' | '%' | '#') {
            plain.push(' ');
        }
        plain.push(letter);
    }
    plain
}

/// A notification.
pub struct Notification {
    hub: Hub,
    path: String,
}

impl Notification {
    /// Nothing is asked yet.
    pub fn new(config: &NotifyConfig, token: &Secret, access: &Access) -> Result<Self, Error> {
        let path = service_path(&config.service, "notify")?;
        Ok(Self { hub: Hub::new(&config.url, token, access)?, path })
    }
}

impl Channel for Notification {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let Message { key, title, text, .. } = message;
        let (title, text) = (plain(title), plain(text));
        self.hub.post(&self.path, &json!({ "title": title, "message": text, "data": { "tag": key } }))
    }
}

/// An event.
pub struct HubEvent {
    hub: Hub,
    path: String,
}

impl HubEvent {
    /// Nothing is asked yet.
    pub fn new(config: &EventConfig, token: &Secret, access: &Access) -> Result<Self, Error> {
        let name = config.event_type.as_deref().unwrap_or("knowatt_alert");
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err(Error::change(format!(
                "event-type = \"{name}\" is no name of letters, digits and _"
            )));
        }
        Ok(Self { hub: Hub::new(&config.url, token, access)?, path: format!("events/{name}") })
    }
}

impl Channel for HubEvent {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let data = serde_json::to_value(message);
        let data = data.map_err(|error| Failure::never(format!("no JSON can be made of it: {error}")))?;
        self.hub.post(&self.path, &data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_template_is_left_in_a_text() {
        for text in ["{{ x }}", "{{{ x }}", "{% x %}", "{{% x", "{#{{"] {
            let plain = plain(text);
            assert!(!["{{", "{%", "{#"].iter().any(|begin| plain.contains(begin)), "{plain}");
        }
        assert_eq!(plain("{ x } 5 %"), "{ x } 5 %");
    }

    #[test]
    fn what_is_no_service_and_no_entity_is_refused() {
        assert_eq!(service_path("tts.google_say", "tts").unwrap(), "services/tts/google_say");
        for wrong in ["google_say", "tts.", "notify.x", "tts.a/b", "tts.a b"] {
            assert!(service_path(wrong, "tts").is_err(), "{wrong}");
        }
        assert!(entity("media_player.kitchen", "media_player").is_ok());
        assert!(entity("kitchen", "media_player").unwrap_err().to_string().contains("media_player.name"));
    }
}
