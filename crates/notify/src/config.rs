//! `[notify]` of `knowatt.toml`.
//!
//! ```toml
//! [notify]
//! from = "kafka://localhost:9092/anomoly_power"   # unless given, what [sink] writes to
//! outbox = "notify.db"
//! tz = "Europe/Paris"              # for quiet hours, digests, days and months
//! locale = "fr_FR"                 # of numbers, hours and days
//! tariff = 0.25                    # of a kWh
//! currency = "€"
//! give-up-after = "168h"           # a message that could not be delivered for so long is given up
//!
//! [notify.kafka]
//! group = "knowatt-notify"
//!
//! [notify.manners]                 # of all channels
//! quiet-hours = "22:00-07:00"
//!
//! [notify.channels.phone]
//! kind = "pushbullet"
//! token = { env = "PUSHBULLET_TOKEN" }
//!
//! [notify.channels.kitchen]
//! kind = "home-assistant-speech"
//! url = "http://homeassistant.local:8123"
//! token = { file = "/etc/knowatt/home-assistant-token" }
//! service = "tts.google_say"
//! speakers = ["media_player.kitchen"]
//!
//! [notify.channels.kitchen.manners]
//! hours = "7-21"
//! ```

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use knowatt_stream::{
    Error, Span,
    config::{self, KafkaConfig, MqttConfig, without_value},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};

use crate::{
    channels::{command, home_assistant, log, mail, ntfy, pushbullet, webhook},
    manners::MannersConfig,
    secret::{SecretSource, Text},
    words::WordsConfig,
};

/// `[notify]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct NotifyConfig {
    /// Where anomalies come from: a topic of Kafka or MQTT, a file that grows, or `-`.
    pub from: Option<String>,
    /// The registry that has the schemas of Avro values.
    pub schema_registry: Option<String>,
    /// Of a topic of Kafka.
    pub kafka: KafkaConfig,
    /// Of a broker of MQTT.
    pub mqtt: MqttConfig,
    /// The file in which messages wait.
    pub outbox: Option<PathBuf>,
    /// Where people live.
    pub tz: Option<String>,
    /// How numbers and times are written.
    pub locale: Option<String>,
    /// What a kWh costs.
    pub tariff: Option<f64>,
    /// In this currency.
    pub currency: Option<String>,
    /// How long it is tried to deliver a message.
    pub give_up_after: Option<Span>,
    /// Where metrics and health are served.
    pub metrics: Option<String>,
    /// When all channels are told.
    pub manners: MannersConfig,
    /// In which words.
    pub words: WordsConfig,
    /// The channels, by name.
    pub channels: BTreeMap<String, ChannelConfig>,
    /// The home as a device of Home Assistant.
    #[cfg(feature = "mqtt")]
    pub sensors: Option<crate::sensors::SensorsConfig>,
}

/// `[notify.channels.NAME]`.
#[derive(Debug, Clone)]
pub struct ChannelConfig {
    /// What it is.
    pub kind: Kind,
    /// When it is told.
    pub manners: MannersConfig,
    /// In which words.
    pub words: WordsConfig,
    /// How long an answer may take.
    pub timeout: Option<Span>,
    /// Whom to trust, instead of those whom the machine trusts.
    pub ca_file: Option<PathBuf>,
}

/// What a channel is.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each has the name of what it holds, which is documented")]
pub enum Kind {
    Pushbullet(pushbullet::PushbulletConfig),
    HomeAssistantSpeech(home_assistant::SpeechConfig),
    HomeAssistantNotify(home_assistant::NotifyConfig),
    HomeAssistantEvent(home_assistant::EventConfig),
    Ntfy(ntfy::NtfyConfig),
    Webhook(webhook::WebhookConfig),
    Mail(mail::MailConfig),
    Command(command::CommandConfig),
    Log(log::LogConfig),
}

/// Takes a key out of a table.
fn taken<T: Default + DeserializeOwned>(table: &mut toml::Table, key: &str) -> Result<T, toml::de::Error> {
    table.remove(key).map_or_else(|| Ok(T::default()), toml::Value::try_into)
}

impl<'de> Deserialize<'de> for ChannelConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // What all channels have is taken out, and the rest is the kind's.
        let mut table = toml::Table::deserialize(deserializer)?;
        let kind = table.get("kind").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let failed = |error: toml::de::Error| {
            let name = if kind.is_empty() { String::new() } else { format!(" of kind {kind}") };
            D::Error::custom(format!("a channel{name}: {}", without_value(error.message())))
        };
        let manners = taken(&mut table, "manners").map_err(failed)?;
        let words = taken(&mut table, "words").map_err(failed)?;
        let timeout = taken(&mut table, "timeout").map_err(failed)?;
        let ca_file = taken(&mut table, "ca-file").map_err(failed)?;
        let kind = table.try_into().map_err(failed)?;
        Ok(Self { kind, manners, words, timeout, ca_file })
    }
}

/// The file, as far as it is read here.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    notify: NotifyConfig,
}

impl NotifyConfig {
    /// Reads it from a file.
    pub fn read(path: &Path) -> Result<Self, Error> {
        config::read::<File>(path).map(|file| file.notify)
    }

    /// The variables of the environment that hold secrets.
    pub(crate) fn secret_variables(&self) -> Vec<String> {
        let text = |text: &Text| match text {
            Text::Secret(source) => Some(source.clone()),
            Text::Plain(_) => None,
        };
        let sources = self.channels.values().flat_map(|channel| match &channel.kind {
            Kind::Pushbullet(config) => vec![config.token.clone()],
            Kind::HomeAssistantSpeech(config) => vec![config.token.clone()],
            Kind::HomeAssistantNotify(config) => vec![config.token.clone()],
            Kind::HomeAssistantEvent(config) => vec![config.token.clone()],
            Kind::Ntfy(config) => text(&config.topic).into_iter().chain(config.token.clone()).collect(),
            Kind::Webhook(config) => {
                text(&config.url).into_iter().chain(config.headers.values().filter_map(text)).collect()
            }
            Kind::Mail(config) => config.password.iter().cloned().collect(),
            Kind::Command(_) | Kind::Log(_) => Vec::new(),
        });
        let named = sources.filter_map(|source| match source {
            SecretSource::Env(name) => Some(name),
            SecretSource::File(_) => None,
        });
        named.chain(["KNOWATT_MQTT_PASSWORD".to_owned()]).collect()
    }

    /// Reads it from the text of one.
    pub fn parse(text: &str) -> Result<Self, String> {
        config::parse::<File>(text).map(|file| file.notify)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_is_read_and_the_stream_reads_it_too() {
        let example: String = include_str!("config.rs")
            .lines()
            .skip_while(|line| !line.contains("```toml"))
            .skip(1)
            .take_while(|line| !line.contains("```"))
            .map(|line| line.trim_start_matches("//!").to_owned() + "\n")
            .collect();
        let config = NotifyConfig::parse(&example).unwrap();
        assert_eq!(config.channels.keys().collect::<Vec<_>>(), ["kitchen", "phone"]);
        assert!(
            matches!(&config.channels["kitchen"].kind, Kind::HomeAssistantSpeech(speech) if speech.speakers.len() == 1)
        );
        assert!(config::Config::parse(&example).is_ok());
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_secrets() {
        let said = |text: &str| NotifyConfig::parse(text).unwrap_err();
        assert!(said("[notify]\nform = 1").starts_with("line 2: unknown field `form`"));
        let unknown = said("\n[notify.channels.phone]\nkind = \"pushbulet\"");
        assert!(
            unknown.starts_with("line 2: ")
                && unknown.contains("pushbulet")
                && unknown.contains("`pushbullet`"),
            "{unknown}"
        );
        let key =
            said("[notify.channels.phone]\nkind = \"pushbullet\"\ntoken = { env = \"X\" }\ndevise = \"x\"");
        assert!(key.contains("kind pushbullet: unknown field `devise`"), "{key}");
        let secret = said("[notify.channels.phone]\nkind = \"pushbullet\"\ntoken = \"hunter2\"");
        assert!(!secret.contains("hunter2") && secret.contains("a channel of kind pushbullet: "), "{secret}");
        let secret = said("[notify.channels.phone]\nkind = \"pushbullet\"\ntoken = 1234567");
        assert!(!secret.contains("1234567"), "{secret}");
        let none = said("[notify.channels.phone]\ndevice = \"x\"");
        assert!(none.contains("missing field `kind`"), "{none}");
        let manners = said("[notify.channels.log]\nkind = \"log\"\nmanners = { quiet-hours = \"x\" }");
        assert!(manners.contains("22:00-07:00"), "{manners}");
    }
}
