//! From what was configured to what decides and what sends.

use knowatt_score::{Calendar, DayClasses};
use knowatt_stream::{Error, config::Secret};

use crate::{
    channel::Channel,
    channels::{
        Access,
        command::Run,
        home_assistant::{HubEvent, Notification, Speech},
        log::Log,
        mail::Mail,
        ntfy::Ntfy,
        pushbullet::{self, Pushbullet},
        webhook::Webhook,
    },
    config::{ChannelConfig, Kind, NotifyConfig},
    locale::Locale,
    manners::Manners,
    outbox::{ChannelRules, Rules},
    secret::{parts_of_address, shown},
    words::{Setting, Tariff, Words, WordsConfig},
};

/// How long an answer may take, unless it is said.
const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// The longest name of a channel: it is part of a message's key.
const MAX_NAME: usize = 24;

/// A channel that can be sent to.
pub struct Sender {
    /// Its name.
    pub name: String,
    /// The way.
    pub channel: Box<dyn Channel>,
    /// What is not to be shown of what comes back.
    pub secrets: Vec<Secret>,
}

impl Sender {
    /// What came back, as it may be shown.
    pub fn shown(&self, text: &str) -> String {
        shown(text, &self.secrets)
    }
}

/// What decides; nothing secret is needed for it.
pub fn rules(config: &NotifyConfig) -> Result<Rules, Error> {
    let locale = locale(config)?;
    let zone = config.tz.as_deref().map(|name| Calendar::new(name, DayClasses::None)).transpose();
    let zone =
        zone.map_err(|error| Error::change(format!("tz: {error}")))?.map(|calendar| calendar.zone().clone());
    if config.tariff.is_some_and(|tariff| !tariff.is_finite()) {
        return Err(Error::change("tariff is not what a kWh costs"));
    }
    let tariff = Tariff { a_kwh: config.tariff, currency: config.currency.clone().unwrap_or_default() };
    let channel = |(name, channel): (&String, &ChannelConfig)| {
        let rules = || -> Result<ChannelRules, Error> {
            check_name(name)?;
            let budget = match channel.kind {
                Kind::Pushbullet(_) => Some(pushbullet::FREE_PUSHES_A_MONTH),
                _ => None,
            };
            let manners = Manners::new(&channel.manners, &config.manners, budget)?;
            if manners.needs_zone() && zone.is_none() {
                return Err(Error::change(
                    "quiet hours and digests are those of a time zone: name it, as `tz = \"Europe/Paris\"` in [notify]",
                ));
            }
            let words = Words::new(&channel.words, &config.words, locale)?;
            Ok(ChannelRules { name: name.clone(), manners, words })
        };
        rules().map_err(|error| of_channel(name, &error))
    };
    let channels = config.channels.iter().map(channel).collect::<Result<_, _>>()?;
    let none = WordsConfig::default();
    let usual = Words::new(&none, &none, locale)?;
    Ok(Rules { channels, setting: Setting { zone, locale, tariff }, usual })
}

/// How numbers and times are written.
fn locale(config: &NotifyConfig) -> Result<Locale, Error> {
    let named = config.locale.as_deref().map_or_else(|| Ok(Locale::default()), Locale::named);
    named.map_err(Error::change)
}

/// What sends.
pub fn senders(config: &NotifyConfig) -> Result<Vec<Sender>, Error> {
    let locale = locale(config)?;
    let secret_variables = config.secret_variables();
    let sender = |(name, channel): (&String, &ChannelConfig)| {
        sender(name, channel, locale, &secret_variables).map_err(|error| of_channel(name, &error))
    };
    config.channels.iter().map(sender).collect()
}

fn sender(
    name: &str,
    config: &ChannelConfig,
    locale: Locale,
    secret_variables: &[String],
) -> Result<Sender, Error> {
    let access =
        Access { timeout: config.timeout.map_or(TIMEOUT, |span| span.0), ca_file: config.ca_file.clone() };
    if access.timeout.is_zero() {
        return Err(Error::change("timeout = \"0s\" leaves no time to answer"));
    }
    let mut secrets = Vec::new();
    let mut keep = |secret: Secret| {
        secrets.push(secret.clone());
        secret
    };
    let channel: Box<dyn Channel> = match &config.kind {
        Kind::Pushbullet(config) => {
            Box::new(Pushbullet::new(config, keep(config.token.get("token")?), &access)?)
        }
        Kind::HomeAssistantSpeech(config) => {
            Box::new(Speech::new(config, &keep(config.token.get("token")?), &access)?)
        }
        Kind::HomeAssistantNotify(config) => {
            Box::new(Notification::new(config, &keep(config.token.get("token")?), &access)?)
        }
        Kind::HomeAssistantEvent(config) => {
            Box::new(HubEvent::new(config, &keep(config.token.get("token")?), &access)?)
        }
        Kind::Ntfy(config) => {
            let token = config.token.as_ref().map(|token| token.get("token")).transpose()?.map(&mut keep);
            let topic = config.topic.get("topic")?;
            if config.topic.is_secret() {
                keep(topic.clone());
            }
            Box::new(Ntfy::new(config, topic, token, &access)?)
        }
        Kind::Webhook(config) => {
            let url = config.url.get("url")?;
            if config.url.is_secret() {
                for part in parts_of_address(&url) {
                    keep(part);
                }
            }
            let headers = config.headers.iter().map(|(name, value)| {
                let text = value.get(name)?;
                Ok((name.clone(), if value.is_secret() { keep(text) } else { text }))
            });
            let headers = headers.collect::<Result<_, Error>>()?;
            Box::new(Webhook::new(config, url, headers, locale, &access)?)
        }
        Kind::Mail(config) => {
            let password =
                config.password.as_ref().map(|password| password.get("password")).transpose()?.map(&mut keep);
            Box::new(Mail::new(config, password.as_ref(), &access)?)
        }
        Kind::Command(config) => Box::new(Run::new(config, locale, access.timeout, secret_variables)?),
        Kind::Log(_) => Box::new(Log),
    };
    Ok(Sender { name: name.to_owned(), channel, secrets })
}

fn check_name(name: &str) -> Result<(), Error> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_name = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(is_fit);
    is_name
        .then_some(())
        .ok_or_else(|| Error::change(format!("its name is not at most {MAX_NAME} letters, digits, - and _")))
}

fn of_channel(name: &str, error: &Error) -> Error {
    let what = format!("channel `{name}`: {error}");
    match error.remedy() {
        knowatt_stream::Remedy::Change => Error::change(what),
        _ => Error::outside(what),
    }
}
