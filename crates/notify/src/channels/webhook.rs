//! A webhook: JSON, or what a template makes, to an address.
//!
//! The header `Idempotency-Key` is the message's key, so that whoever takes it can tell what comes again (draft-ietf-httpapi-idempotency-key-header).
//! Unless a template is given, the body is the whole [`Message`].

use std::collections::BTreeMap;

use knowatt_stream::{Error, config::Secret};
use minijinja::Environment;
use serde::Deserialize;

use super::{
    Access,
    http::{Http, address, json, send},
};
use crate::{
    channel::{Channel, Failure},
    locale::Locale,
    message::Message,
    secret::Text,
    words::{environment, example_message, values, wrong},
};

/// `kind = "webhook"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebhookConfig {
    /// Where to.
    pub url: Text,
    /// `POST`, unless it is `PUT`.
    pub method: Option<String>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Text>,
    /// A template of the body: `key`, `event`, `title`, `text`, `spoken` and `facts`; `tojson` quotes.
    pub body: Option<String>,
}

/// Posts messages.
pub struct Webhook {
    http: Http,
    url: Secret,
    is_put: bool,
    headers: Vec<(String, Secret)>,
    body: Option<Environment<'static>>,
}

const BODY: &str = "body";

impl Webhook {
    /// Nothing is asked yet.
    pub fn new(
        config: &WebhookConfig,
        url: Secret,
        headers: Vec<(String, Secret)>,
        locale: Locale,
        access: &Access,
    ) -> Result<Self, Error> {
        let is_put = match config.method.as_deref() {
            None | Some("POST") => false,
            Some("PUT") => true,
            Some(other) => {
                return Err(Error::change(format!("method = \"{other}\" is neither POST nor PUT")));
            }
        };
        for (name, value) in &headers {
            let is_header = ureq::http::HeaderName::try_from(name.as_str()).is_ok()
                && ureq::http::HeaderValue::try_from(value.reveal()).is_ok();
            if !is_header {
                return Err(Error::change(format!("`{name}` or its value cannot be a header of HTTP")));
            }
        }
        let address = address(url.reveal(), "url")?;
        // With the slash at its end, if it has one: it may matter there.
        let url =
            if url.reveal().ends_with('/') { Secret::from(format!("{address}/").as_str()) } else { url };
        let mut body = None;
        if let Some(template) = &config.body {
            let mut templates = environment(locale);
            templates.add_template_owned(BODY, template.clone()).map_err(|error| wrong(BODY, &error))?;
            body = Some(templates);
        }
        let webhook = Self { http: Http::new(access)?, url, is_put, headers, body };
        webhook.body(&example_message())?;
        Ok(webhook)
    }

    fn body(&self, message: &Message) -> Result<String, Error> {
        let Some(templates) = &self.body else {
            return json(message).map_err(|failure| Error::change(failure.why));
        };
        let rendered = templates.get_template(BODY).and_then(|template| template.render(values(message)));
        rendered.map_err(|error| wrong(BODY, &error))
    }
}

impl Channel for Webhook {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let body = self.body(message).map_err(|error| Failure::never(error.to_string()))?;
        let url = self.url.reveal();
        let mut request = if self.is_put { self.http.put(url) } else { self.http.post(url) };
        request = request.header("Idempotency-Key", &message.key);
        for (name, value) in &self.headers {
            request = request.header(name, value.reveal());
        }
        Ok(send(request, &body)?.told())
    }
}
